"""Webhooks over real HTTP to a receiver on this machine, which checks each signature as partners do."""

import base64
import hmac
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.translation import override, trans_real
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.partners import sending, services, webhooks
from accounts.partners.errors import (
    AppNotActive,
    DeliveryNotFound,
    EndpointExists,
    EndpointNotActive,
    EndpointNotFound,
    SecretJustMade,
    TooManyEndpoints,
)
from accounts.partners.models import Delivery, Endpoint
from accounts.partners.states import DeliveryStatus, DisabledBy, EndpointStatus, EventType, Scope
from accounts.partners.tests.factories import a_webhook, an_app, bearing, fetch_token, receiving
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from core.errors import InvalidInput, TooManyAttempts
from core.limits import Limit
from core.redis import client as redis_client
from core.redis import key
from notifications.models import Message

pytestmark = pytest.mark.django_db
PATH = "/api/partners/webhooks"


NEVER_ASKED = [
    "http://partner.example/",
    "https://partner.example:8443/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://10.0.0.8/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:192.168.0.1]/",
    "https://[2002:a00:1::]/",
    "https://[64:ff9b::a00:1]/",
    "https://localhost/",
]


@pytest.fixture
def app():
    return an_app()[0]


def later(delivery, **when):
    """Let the time of the next try come."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    Endpoint.objects.filter(pk=delivery.endpoint_id).update(quiet_until=None)


class TestProveAnAddress:
    def test_by_sending_the_challenge_back(self, app):
        with receiving() as receiver:
            endpoint, _secret = webhooks.add_endpoint(
                app=app, url=receiver.url, event_types=[EventType.BOOKING_CONFIRMED], by=app
            )
            assert endpoint.status == EndpointStatus.UNVERIFIED

            sending.send_due()

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.ACTIVE
        assert endpoint.verified_at is not None
        assert receiver.types == ["webhook.verification"]

    @pytest.mark.parametrize(
        "answer",
        [
            (200, b""),
            (200, b"ok"),
            (200, b'{"challenge": "another"}'),
            (200, b'{"challenge": ["x"]}'),
            (200, b"[1]"),
            (200, b"[" * 4096),
            (200, b'{"challenge": "\xff"}'),
            (302, b'{"challenge": "x"}'),
            (500, b""),
        ],
    )
    def test_anything_else_proves_nothing(self, app, answer):
        with receiving(echoes=False, answers=lambda message: answer) as receiver:
            endpoint, _secret = webhooks.add_endpoint(
                app=app, url=receiver.url, event_types=[EventType.BOOKING_CONFIRMED], by=app
            )
            sending.send_due()

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.UNVERIFIED
        assert endpoint.deliveries.get().status == DeliveryStatus.WAITING
        with pytest.raises(EndpointNotActive):
            webhooks.send_test(endpoint=endpoint)

    def test_an_echo_without_success_proves_nothing(self, app):
        def echo(message):
            return 400, json.dumps({"challenge": message["data"]["challenge"]}).encode()

        with receiving(echoes=False, answers=echo) as receiver:
            endpoint, _secret = webhooks.add_endpoint(
                app=app, url=receiver.url, event_types=[EventType.BOOKING_CONFIRMED], by=app
            )
            sending.send_due()

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.UNVERIFIED

    def test_another_address_is_proven_anew(self, app):
        with receiving() as receiver, receiving(path="/new") as new:
            endpoint = a_webhook(app, receiver)
            new.secret = receiver.secret

            webhooks.change_endpoint(endpoint=endpoint, by=app, url=new.url)

            endpoint.refresh_from_db()
            assert endpoint.status == EndpointStatus.UNVERIFIED
            sending.send_due()

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.ACTIVE
        assert new.types == ["webhook.verification"]
        assert receiver.got == []

    def test_an_answer_from_the_address_before_proves_nothing(self, app):
        with receiving() as receiver:
            endpoint, _secret = webhooks.add_endpoint(
                app=app, url=receiver.url, event_types=[EventType.BOOKING_CONFIRMED], by=app
            )
            delivery = sending.claim()
            outcome = sending._ask(delivery.endpoint.url, delivery.body, sending._headers(delivery))
            webhooks.change_endpoint(endpoint=endpoint, by=app, url=receiver.url + "/elsewhere")

            sending.settle(delivery, outcome)

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.UNVERIFIED


class TestRefuse:
    @pytest.mark.parametrize("url", ["ftp://partner.example/", "https://u:p@partner.example/", "nonsense"])
    def test_an_address_that_is_never_asked(self, app, url):
        with pytest.raises(InvalidInput) as refusal:
            webhooks.add_endpoint(app=app, url=url, event_types=[EventType.BOOKING_CONFIRMED], by=app)

        assert "url" in refusal.value.errors
        assert not Endpoint.objects.exists()

    @pytest.mark.parametrize("url", NEVER_ASKED)
    def test_what_only_development_may_ask(self, app, url, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = False
        events = [EventType.BOOKING_CONFIRMED]
        endpoint, _secret = webhooks.add_endpoint(app=app, url="https://partner.example/", event_types=events, by=app)

        with pytest.raises(InvalidInput) as added:
            webhooks.add_endpoint(app=app, url=url, event_types=events, by=app)
        with pytest.raises(InvalidInput) as changed:
            webhooks.change_endpoint(endpoint=endpoint, by=app, url=url)

        assert [*added.value.errors, *changed.value.errors] == ["url", "url"]
        assert list(Endpoint.objects.values_list("url", flat=True)) == ["https://partner.example/"]
        assert Delivery.objects.count() == 1

    def test_an_address_of_our_own_network_is_never_connected_to(self, app, settings):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            settings.WEBHOOKS_ALLOW_PRIVATE = False

            sending.send_due()

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.WAITING
        assert receiver.got == []
        assert delivery.last_error == "not_https"

    def test_the_same_address_twice(self, app):
        given = {"url": "https://partner.example/hook", "event_types": [EventType.BOOKING_CONFIRMED], "by": app}
        webhooks.add_endpoint(app=app, **given)

        with pytest.raises(EndpointExists):
            webhooks.add_endpoint(app=app, **given)

    def test_more_than_ten(self, app):
        for number in range(10):
            webhooks.add_endpoint(
                app=app, url=f"https://partner.example/{number}", event_types=[EventType.BOOKING_CONFIRMED], by=app
            )

        with pytest.raises(TooManyEndpoints):
            webhooks.add_endpoint(
                app=app, url="https://partner.example/10", event_types=[EventType.BOOKING_CONFIRMED], by=app
            )

    @pytest.mark.parametrize("events", [[], ["booking.reminder_due"], ["webhook.test"]])
    def test_events_there_are_none_of(self, app, events):
        with pytest.raises(InvalidInput):
            webhooks.add_endpoint(app=app, url="https://partner.example/", event_types=events, by=app)


class TestSend:
    def test_a_signed_message(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)

            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED
        [message], [headers] = receiver.got, receiver.headers
        assert message["type"] == "webhook.test"
        assert set(message) == {"type", "timestamp", "data"}
        assert headers["webhook-id"] == delivery.webhook_id
        assert len(headers["webhook-signature"].split()) == 1
        with pytest.raises(WebhookVerificationError):
            Webhook(webhooks.new_secret()).verify(delivery.body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(receiver.secret).verify(delivery.body.replace("test", "tset"), headers)

    def test_as_the_specification_says_without_anybodys_library(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()

        [headers] = receiver.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{delivery.body}".encode()
        secret = base64.b64decode(receiver.secret.removeprefix("whsec_"))
        assert 24 <= len(secret) <= 64
        expected = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
        assert headers["content-type"] == "application/json"

    def test_with_two_signatures_while_the_secret_is_replaced(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            old = receiver.secret
            new = webhooks.rotate_endpoint_secret(endpoint=endpoint, by=app)
            endpoint.refresh_from_db()

            # The receiver still knows the old one only.
            webhooks.send_test(endpoint=endpoint)
            sending.send_due()
            receiver.secret = new
            webhooks.send_test(endpoint=endpoint)
            sending.send_due()
            Endpoint.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
            webhooks.send_test(endpoint=endpoint)
            sending.send_due()

        assert len(receiver.got) == 3
        assert [len(each["webhook-signature"].split()) for each in receiver.headers] == [2, 2, 1]
        last = Delivery.objects.order_by("-pk").first()
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(last.body, receiver.headers[-1])

    def test_a_button_pressed_twice_does_not_end_the_secret_in_use(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            webhooks.rotate_endpoint_secret(endpoint=endpoint, by=app)

            with pytest.raises(SecretJustMade):
                webhooks.rotate_endpoint_secret(endpoint=endpoint, by=app)

            # The receiver, which knows the first one, verifies this as it comes.
            webhooks.send_test(endpoint=endpoint)
            assert sending.send_due() == 1
        endpoint.refresh_from_db()
        assert endpoint.previous_secret == receiver.secret

    def test_secrets_are_not_stored_as_they_are(self, app):
        endpoint, secret = webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=[EventType.BOOKING_CONFIRMED], by=app
        )

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM partners_endpoint WHERE id = %s", [endpoint.pk])
            [stored] = cursor.fetchone()

        assert secret not in stored
        assert stored.startswith("ae1:")

    def test_a_failure_is_tried_again_with_the_same_id(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            receiver.answers = lambda message: (500, b"secret of an inner server")
            delivery = webhooks.send_test(endpoint=endpoint)

            sending.send_due()
            delivery.refresh_from_db()
            assert delivery.status == DeliveryStatus.WAITING
            assert sending.send_due() == 0
            later(delivery)
            receiver.answers = lambda message: (200, b"")
            sending.send_due()

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED
        assert delivery.attempts == 2
        assert [each["status"] for each in delivery.tries] == [500, 200]
        assert len({each["webhook-id"] for each in receiver.headers}) == 1
        endpoint.refresh_from_db()
        assert (endpoint.failing_since, endpoint.failures) == (None, 0)

    def test_waits_as_was_promised_and_then_parks(self, app):
        promised = [5, 300, 1800, 7200, 18000, 36000, 50400]
        waited = []
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            receiver.answers = lambda message: (503, b"")
            delivery = webhooks.send_test(endpoint=endpoint)
            for _number in range(8):
                before = timezone.now()
                sending.send_due()
                delivery.refresh_from_db()
                waited.append((delivery.next_attempt_at - before).total_seconds())
                later(delivery)
            sending.send_due()

        assert delivery.status == DeliveryStatus.PARKED
        assert len(receiver.got) == 8
        for wait, promise in zip(waited, promised, strict=False):
            assert promise <= wait <= promise * 1.1 + 2

    def test_an_address_that_fails_is_left_in_peace(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            receiver.answers = lambda message: (500, b"")
            webhooks.send_test(endpoint=endpoint)
            webhooks.send_test(endpoint=endpoint)

            sending.send_due()

        assert len(receiver.got) == 1
        endpoint.refresh_from_db()
        assert endpoint.quiet_until > timezone.now()

    def test_slow_and_dead_addresses_hold_nobody_up(self, app):
        release = threading.Event()
        with receiving() as slow, receiving(path="/quick") as quick:
            slow_endpoint, quick_endpoint = a_webhook(app, slow), a_webhook(app, quick)
            slow.answers = lambda message: (release.wait(5), (200, b""))[1]
            quick.answers = lambda message: (release.set() if len(quick.got) == 3 else None, (200, b""))[1]
            webhooks.send_test(endpoint=slow_endpoint)
            for _number in range(3):
                webhooks.send_test(endpoint=quick_endpoint)

            # The slow one answers only when the quick one has got all three.
            assert sending.send_due() == 4

    def test_only_one_worker_sends_at_a_time(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            webhooks.send_test(endpoint=endpoint)
            redis_client().set(key("webhooks", "sender"), "another", ex=60)
            try:
                assert sending.send_due() == 0
            finally:
                redis_client().delete(key("webhooks", "sender"))

            assert sending.send_due() == 1

    def test_what_a_dead_worker_left_is_taken_up_when_its_lease_is_over(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            claimed = sending.claim()
            assert claimed.pk == delivery.pk

            assert sending.send_due() == 0
            later(delivery)
            assert sending.send_due() == 1

            # It wakes up late, after all: what arrived stays arrived.
            sending.settle(claimed, sending.Outcome(None, "late", 1))

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED

    def test_a_worker_that_dies_at_every_try_parks_it(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            for _number in range(sending.TRIES):
                assert sending.claim() is not None
                later(delivery)

            assert sending.claim() is None

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.PARKED

    def test_nothing_for_an_app_that_is_shut_out(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            services.suspend_app(app=app, by=UserFactory())

            sending.send_due()

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.PARKED
        assert receiver.got == []


class TestOneThatCannotBeSettled:
    """Whatever befalls one delivery, the others are sent and written down."""

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("answer", [200, 500, 410])
    def test_as_its_address_is_removed_meanwhile(self, app, answer):
        removed = threading.Event()

        def remove_and_answer(message):
            try:
                webhooks.remove_endpoint(endpoint=going, by=app)
            finally:
                connection.close()
                removed.set()
            return answer, b""

        with receiving() as slow, receiving(path="/quick") as quick:
            going, staying = a_webhook(app, slow), a_webhook(app, quick)
            slow.answers = remove_and_answer
            quick.answers = lambda message: (removed.wait(5), (200, b""))[1]
            webhooks.send_test(endpoint=going)
            others = [webhooks.send_test(endpoint=staying) for _number in range(3)]

            sending.send_due()

        assert removed.is_set()
        assert list(Endpoint.objects.all()) == [staying]
        for delivery in others:
            delivery.refresh_from_db()
            assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 1)

    def test_as_its_secret_does_not_decrypt(self, app):
        with receiving() as locked, receiving(path="/quick") as quick:
            unreadable, readable = a_webhook(app, locked), a_webhook(app, quick)
            first, second = webhooks.send_test(endpoint=unreadable), webhooks.send_test(endpoint=readable)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE partners_endpoint SET secret = 'ae1:lost:AAAA' WHERE id = %s", [unreadable.pk])

            assert sending.send_due() == 1

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, first.last_error) == (DeliveryStatus.WAITING, "not_signed")
        assert second.status == DeliveryStatus.DELIVERED
        assert locked.got == []

    def test_as_its_log_is_spoilt(self, app):
        with receiving() as one, receiving(path="/quick") as quick:
            spoilt, sound = a_webhook(app, one), a_webhook(app, quick)
            first, second = webhooks.send_test(endpoint=spoilt), webhooks.send_test(endpoint=sound)
            Delivery.objects.filter(pk=first.pk).update(tries=5)

            assert sending.send_due() == 1

        first.refresh_from_db()
        second.refresh_from_db()
        # Its lease runs out, and it is sent again.
        assert first.status == DeliveryStatus.SENDING
        assert second.status == DeliveryStatus.DELIVERED


class TestASecretThatDoesNotDecrypt:
    """Its key was lost: that stops one address, and can be mended without a programmer."""

    @pytest.fixture
    def unreadable(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE partners_endpoint SET secret = 'ae1:lost:AAAA' WHERE id = %s", [endpoint.pk])
        return Endpoint.objects.get()

    def test_it_is_listed_replaced_and_removed(self, client, unreadable):
        app, secret = an_app(name="By API")
        Endpoint.objects.update(app=app)
        headers = bearing(fetch_token(app, secret, Scope.WEBHOOKS_MANAGE))
        path = f"{PATH}/{unreadable.public_id}"

        assert client.get(PATH, headers=headers).json()["results"][0]["id"] == str(unreadable.public_id)
        assert client.get(f"{path}/deliveries", headers=headers).status_code == 200
        assert client.post(f"{path}/test", headers=headers).status_code == 202
        rotated = client.post(
            f"{path}/rotate-secret", {"keep_old": False}, content_type="application/json", headers=headers
        )
        assert rotated.status_code == 200
        assert Endpoint.objects.get().secret == rotated.json()["secret"]
        assert client.delete(path, headers=headers).status_code == 204

    def test_its_app_can_be_revoked(self, app, unreadable):
        services.revoke_app(app=app, by=UserFactory())

        assert Endpoint.objects.get().disabled_by == DisabledBy.APP


class TestAskOthersOnlySoOften:
    """Whatever the door: the services count what makes this server ask somebody else's."""

    @pytest.fixture
    def endpoint(self, monkeypatch):
        app, _secret = an_app()
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            webhooks.send_test(endpoint=endpoint)
            sending.send_due()
        monkeypatch.setattr(webhooks, "ON_REQUEST", Limit("test.on_request", most=1, seconds=60))
        webhooks.ON_REQUEST.take(str(app.pk))
        return endpoint

    def test_a_test(self, endpoint):
        with pytest.raises(TooManyAttempts):
            webhooks.send_test(endpoint=endpoint)

        assert endpoint.deliveries.count() == 2

    def test_a_repeat(self, endpoint):
        delivery = endpoint.deliveries.get(event_type="webhook.test")

        with pytest.raises(TooManyAttempts):
            webhooks.send_again(delivery=delivery, by=endpoint.app)

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED

    def test_a_new_address(self, endpoint):
        with pytest.raises(TooManyAttempts):
            webhooks.add_endpoint(
                app=endpoint.app, url="https://partner.example/", event_types=["booking.confirmed"], by=endpoint.app
            )

        assert Endpoint.objects.count() == 1

    def test_another_address_in_its_place(self, endpoint):
        with pytest.raises(TooManyAttempts):
            webhooks.change_endpoint(endpoint=endpoint, url="https://partner.example/", by=endpoint.app)

        was, status = endpoint.url, endpoint.status
        endpoint.refresh_from_db()
        assert (endpoint.url, endpoint.status) == (was, status)

    def test_a_new_challenge(self, endpoint):
        Endpoint.objects.update(status=EndpointStatus.UNVERIFIED)

        with pytest.raises(TooManyAttempts):
            webhooks.verify_again(endpoint=endpoint)

        assert endpoint.deliveries.filter(event_type="webhook.verification").count() == 1

    def test_what_asks_nobody_is_not_counted(self, endpoint):
        webhooks.change_endpoint(endpoint=endpoint, by=endpoint.app, description="Ours", enabled=False)

        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.description) == (EndpointStatus.DISABLED, "Ours")


class TestErrors:
    def test_are_read_in_the_readers_language_not_the_workers(self, client, monkeypatch):
        words = {"Answered %(status)s.": "A répondu %(status)s.", "A new challenge was sent.": "Un nouveau défi."}
        for english, french in words.items():
            monkeypatch.setitem(trans_real.translation("fr")._catalog._catalogs[0], english, french)
        app, secret = an_app(name="Errors")
        headers = bearing(fetch_token(app, secret, Scope.WEBHOOKS_MANAGE))
        with receiving(echoes=False, answers=lambda message: (503, b"")) as receiver, override("fr"):
            endpoint, _secret = webhooks.add_endpoint(
                app=app, url=receiver.url, event_types=[EventType.BOOKING_CONFIRMED], by=app
            )
            sending.send_due()
            delivery = endpoint.deliveries.get()
            assert (delivery.last_error, delivery.tries[0]["error"]) == ("bad_status", "bad_status")
            webhooks.verify_again(endpoint=endpoint)

        def told(language):
            path = f"{PATH}/{endpoint.public_id}/deliveries"
            answer = client.get(path, headers=headers | {"accept-language": language}).json()["results"][-1]
            return answer["error"], answer["tries"][0]["error"]

        assert told("en") == ("A new challenge was sent.", "Answered 503.")
        assert told("fr") == ("Un nouveau défi.", "A répondu 503.")

    def test_of_the_time_before_codes_are_shown_as_they_were_written(self):
        assert Delivery(last_error="Answered 500.", answer_status=500).last_error_text == "Answered 500."


class TestSwitchOff:
    def test_after_five_days_of_failure_with_a_mail(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            receiver.answers = lambda message: (500, b"")
            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()
            endpoint.refresh_from_db()
            assert endpoint.status == EndpointStatus.ACTIVE
            Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=5, minutes=1))
            later(delivery)

            sending.send_due()

        endpoint.refresh_from_db()
        delivery.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.FAILURES)
        assert delivery.status == DeliveryStatus.PARKED
        message = Message.objects.get(kind="webhook.disabled")
        assert message.recipient == "demo-partner@example.com"
        assert receiver.url in message.body_text

    def test_at_once_when_it_says_that_it_is_gone(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            receiver.answers = lambda message: (410, b"")
            webhooks.send_test(endpoint=endpoint)
            sending.send_due()

        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.GONE)
        assert Message.objects.filter(kind="webhook.disabled").count() == 1

    def test_and_on_again_by_proving_it(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            webhooks.change_endpoint(endpoint=endpoint, by=app, enabled=False)
            endpoint.refresh_from_db()
            assert (endpoint.status, endpoint.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.PARTNER)

            webhooks.change_endpoint(endpoint=endpoint, by=app, enabled=True)
            sending.send_due()

        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.ACTIVE
        assert not Message.objects.filter(kind="webhook.disabled").exists()

    def test_revoking_the_app_ends_them_all(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            webhooks.send_test(endpoint=endpoint)

            services.revoke_app(app=app, by=UserFactory())
            sending.send_due()

        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_by) == (EndpointStatus.DISABLED, DisabledBy.APP)
        assert receiver.got == []


class TestSendAgain:
    def test_with_all_its_tries_and_the_same_id(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()

            webhooks.send_again(delivery=delivery, by=app)
            sending.send_due()

        assert len(receiver.got) == 2
        assert len({each["webhook-id"] for each in receiver.headers}) == 1

    def test_not_for_an_app_that_is_shut_out(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()
            services.suspend_app(app=app, by=UserFactory())

            for ask in (
                lambda: webhooks.send_again(delivery=delivery, by=app),
                lambda: webhooks.send_test(endpoint=endpoint),
                lambda: webhooks.verify_again(endpoint=endpoint),
            ):
                with pytest.raises(AppNotActive):
                    ask()

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED
        assert Delivery.objects.count() == 2

    def test_nothing_to_what_was_just_removed(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
        delivery = webhooks.send_test(endpoint=endpoint)
        Delivery.objects.all().delete()

        with pytest.raises(DeliveryNotFound):
            webhooks.send_again(delivery=delivery, by=app)
        webhooks.remove_endpoint(endpoint=Endpoint.objects.get(), by=app)
        for ask in (
            lambda: webhooks.send_test(endpoint=endpoint),
            lambda: webhooks.verify_again(endpoint=endpoint),
            lambda: webhooks.change_endpoint(endpoint=endpoint, by=app, enabled=False),
            lambda: webhooks.rotate_endpoint_secret(endpoint=endpoint, by=app),
            lambda: webhooks.remove_endpoint(endpoint=endpoint, by=app),
        ):
            with pytest.raises(EndpointNotFound):
                ask()
        assert AuditEvent.objects.filter(action="webhook.removed").count() == 1

    def test_not_to_a_disabled_address(self, app):
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            delivery = webhooks.send_test(endpoint=endpoint)
            sending.send_due()
            webhooks.change_endpoint(endpoint=endpoint, by=app, enabled=False)

            with pytest.raises(EndpointNotActive):
                webhooks.send_again(delivery=delivery, by=app)


class TestByAPI:
    @pytest.fixture
    def headers(self, app, request):
        app, secret = an_app(name="By API")
        request.node.app = app
        return bearing(fetch_token(app, secret, Scope.WEBHOOKS_MANAGE))

    def test_the_whole_life_of_one(self, client, headers):
        with receiving() as receiver:
            asked = {"url": receiver.url, "event_types": ["booking.confirmed"], "description": "Ours"}
            made = client.post(PATH, asked, content_type="application/json", headers=headers)
            assert made.status_code == 201, made.content
            body = made.json()
            receiver.secret = body["secret"]
            path = made["Location"]
            assert path == f"{PATH}/{body['id']}"
            assert body["status"] == "unverified"
            sending.send_due()

            seen = client.get(path, headers=headers).json()
            assert seen["status"] == "active"
            assert "secret" not in seen
            receiver.answers = lambda message: (500, b"the inside of somebody's server")
            test = client.post(f"{path}/test", headers=headers)
            assert test.status_code == 202
            sending.send_due()

            page = client.get(f"{path}/deliveries", headers=headers)
            latest = page.json()["results"][0]
            assert (latest["event_type"], latest["answer_status"]) == ("webhook.test", 500)
            assert latest["tries"][0]["status"] == 500
            assert b"inside of somebody" not in page.content

            receiver.answers = lambda message: (200, b"")
            again = client.post(f"{path}/deliveries/{latest['id']}/resend", headers=headers)
            assert again.status_code == 202, again.content
            sending.send_due()
            assert client.get(f"{path}/deliveries", headers=headers).json()["results"][0]["status"] == "delivered"

            rotated = client.post(f"{path}/rotate-secret", content_type="application/json", headers=headers)
            assert rotated.json()["secret"].startswith("whsec_")
            assert rotated.json()["previous_secret_until"]

            changed = client.patch(path, {"enabled": False}, content_type="application/json", headers=headers)
            assert changed.json()["status"] == "disabled"
            refused = client.post(f"{path}/test", headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (409, "webhook_not_active")
            assert client.delete(path, headers=headers).status_code == 204
            assert client.get(path, headers=headers).status_code == 404

    def test_anothers_is_not_there(self, client, headers):
        other, _secret = an_app(name="Other")
        with receiving() as receiver:
            endpoint = a_webhook(other, receiver)
            delivery = endpoint.deliveries.get()

        path = f"{PATH}/{endpoint.public_id}"
        assert client.get(PATH, headers=headers).json()["results"] == []
        for answer in (
            client.get(path, headers=headers),
            client.patch(path, {"enabled": False}, content_type="application/json", headers=headers),
            client.delete(path, headers=headers),
            client.post(f"{path}/test", headers=headers),
            client.post(f"{path}/verify", headers=headers),
            client.post(f"{path}/rotate-secret", headers=headers),
            client.get(f"{path}/deliveries", headers=headers),
            client.post(f"{path}/deliveries/{delivery.public_id}/resend", headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "webhook_not_found")
        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.ACTIVE

    def test_anothers_delivery_is_not_sent_again_through_ones_own_address(self, client, headers, request):
        other, _secret = an_app(name="Other")
        with receiving() as receiver, receiving(path="/mine") as mine:
            theirs = a_webhook(other, receiver).deliveries.get()
            endpoint = a_webhook(request.node.app, mine)
            path = f"{PATH}/{endpoint.public_id}/deliveries/{theirs.public_id}/resend"

            answer = client.post(path, headers=headers)
            sending.send_due()

        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_delivery_not_found")
        assert receiver.got == mine.got == []
        theirs.refresh_from_db()
        assert theirs.status == DeliveryStatus.DELIVERED

    @pytest.mark.parametrize("url", NEVER_ASKED)
    def test_refuses_what_is_never_asked(self, client, headers, settings, url):
        settings.WEBHOOKS_ALLOW_PRIVATE = False
        asked = {"url": "https://partner.example/", "event_types": ["booking.confirmed"]}
        made = client.post(PATH, asked, content_type="application/json", headers=headers)

        for answer in (
            client.post(PATH, {**asked, "url": url}, content_type="application/json", headers=headers),
            client.patch(made["Location"], {"url": url}, content_type="application/json", headers=headers),
        ):
            assert answer.status_code == 400
            assert [error["pointer"] for error in answer.json()["errors"]] == ["#/url"]
        assert Endpoint.objects.get().url == "https://partner.example/"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"event_types": ["booking.confirmed"]}, "#/url"),
            ({"url": "https://partner.example/", "event_types": []}, "#/event_types"),
            ({"url": "https://partner.example/", "event_types": ["nonsense"]}, "#/event_types/0"),
            ({"url": "https://u:p@partner.example/", "event_types": ["booking.confirmed"]}, "#/url"),
            ({"url": "nul\0", "event_types": ["booking.confirmed"]}, "#/url"),
            ({"url": "https://partner.example/", "event_types": "booking.confirmed"}, "#/event_types"),
            ({"url": [5], "event_types": ["booking.confirmed"]}, "#/url"),
        ],
    )
    def test_says_what_is_wrong(self, client, headers, body, pointer):
        answer = client.post(PATH, body, content_type="application/json", headers=headers)

        assert answer.status_code == 400, answer.content
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]

    def test_nobody_is_bothered_through_it(self, client, headers, monkeypatch):
        monkeypatch.setattr(webhooks, "ON_REQUEST", Limit("test.on_request", most=1, seconds=60))
        asked = {"url": "https://partner.example/", "event_types": ["booking.confirmed"]}

        made = client.post(PATH, asked, content_type="application/json", headers=headers)
        second = client.post(f"{made['Location']}/verify", headers=headers)

        assert made.status_code == 201
        assert second.status_code == 429
