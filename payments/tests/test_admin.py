"""Money in the back office: who sees which, what stands there, and what can be done; no gateway is needed for it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import give_platform_role
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory, log_in, member
from core.audit.models import AuditEvent
from payments import services
from payments.masked_body import MASK, masked
from payments.models import Payment, Refund, WebhookEvent
from payments.states import JournalState, PaymentState, RefundReason, RefundState, RequestState, Review
from payments.tests.factories import a_dispute, a_payment, a_refund, a_request, a_webhook
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2,))


@pytest.fixture
def amala() -> Restaurant:
    return house(name="Amala Place", slug="amala-place", tables=(2,))


def signed_in(person: User) -> Client:
    client = Client()
    log_in(client, person)
    return client


@pytest.fixture
def manager(suya: Restaurant) -> Client:
    return signed_in(member(suya.pk, Role.MANAGER))


@pytest.fixture
def platform() -> Client:
    person = UserFactory()
    give_platform_role(user=person, role=PlatformRole.ADMIN)
    return signed_in(person)


def page_of(row: Any, way: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{way}", args=[row.pk])


def listed(client: Client, model: str = "payment", **asked: Any) -> str:
    answer = client.get(reverse(f"admin:payments_{model}_changelist"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(client: Client, row: Any) -> str:
    answer = client.get(page_of(row))
    assert answer.status_code == 200
    return answer.content.decode()


def refund_form(payment: Payment, naira: str = "5000", **more: Any) -> dict[str, Any]:
    return {
        "amount_kobo": naira,
        "reason": "goodwill",
        "note": "",
        "request_key": uuid.uuid4(),
        "seen_left_kobo": payment.left_kobo,
        **more,
    }


class TestWhoSees:
    @pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
    def test_managers_and_owners_see_their_houses_money_and_no_other(self, role, suya, amala) -> None:
        ours, theirs = a_payment(suya), a_payment(amala)
        client = signed_in(member(suya.pk, role))

        page = listed(client)

        assert ours.reference in page
        assert theirs.reference not in page
        assert client.get(page_of(theirs)).status_code == 404

    def test_hosts_see_none(self, suya) -> None:
        payment = a_payment(suya)
        client = signed_in(member(suya.pk, Role.HOST))

        assert client.get(reverse("admin:payments_payment_changelist")).status_code == 403
        assert client.get(reverse("admin:payments_payment_figures")).status_code == 403
        assert client.get(page_of(payment)).status_code in (403, 404)

    def test_every_act_on_another_houses_money_is_not_found(self, manager, amala) -> None:
        payment = a_payment(amala)
        refund = a_refund(payment)
        before = Refund.objects.count()
        acts = [page_of(payment, act) for act in ("ask", "give_back", "let_through", "refuse")]

        for where in (*acts, page_of(refund), page_of(refund, "ask"), page_of(a_dispute(payment))):
            assert manager.get(where).status_code == 404
            assert manager.post(where, refund_form(payment)).status_code in (403, 404), where

        assert Refund.objects.count() == before

    def test_the_platform_sees_all(self, platform, suya, amala) -> None:
        page, payments = "", [a_payment(suya), a_payment(amala)]
        page = listed(platform)

        assert all(payment.reference in page for payment in payments)

    def test_webhooks_are_the_platforms(self, manager, platform, suya) -> None:
        event = a_webhook(a_payment(suya))

        assert manager.get(reverse("admin:payments_webhookevent_changelist")).status_code == 403
        assert manager.post(page_of(event, "replay")).status_code == 404
        assert platform.get(page_of(event)).status_code == 200

    def test_nobody_edits(self, platform, suya) -> None:
        payment = a_payment(suya)
        rows = (payment, a_refund(payment), a_dispute(payment), a_webhook(payment))
        for row in rows:
            for way in ("change", "delete"):
                assert platform.post(page_of(row, way), {"state": "failed", "post": "yes"}).status_code == 403
            assert platform.get(reverse(f"admin:payments_{row._meta.model_name}_add")).status_code == 403
            assert type(row).objects.filter(pk=row.pk).exists()


class TestTheList:
    def test_is_searched_by_reference_last_digits_and_the_payers_address(self, manager, suya) -> None:
        wanted = a_payment(suya, card_last4="9995", email="Chi@Example.com")
        other = a_payment(suya)

        for term in (wanted.reference, f" {wanted.reference} ", "9995", "chi@example.com", wanted.gateway_id):
            page = listed(manager, q=term)
            assert wanted.reference in page, term
            assert other.reference not in page, term
        assert wanted.reference not in listed(manager, q="0000")

    def test_a_search_finds_nothing_of_another_house(self, manager, amala) -> None:
        theirs = a_payment(amala, card_last4="9995", email="chi@example.com")

        for term in ("9995", "chi@example.com", theirs.gateway_id):
            assert theirs.reference not in listed(manager, q=term)

    @pytest.mark.parametrize(
        "narrowed",
        [
            {"state__exact": "failed"},
            {"review__exact": "held"},
            {"gateway": "flutterwave"},
            {"request__kind__exact": "tickets"},
        ],
    )
    def test_is_narrowed(self, manager, suya, narrowed: dict[str, str]) -> None:
        other = a_payment(suya)
        wanted = a_payment(suya, state=PaymentState.FAILED, review=Review.HELD, gateway="flutterwave", kind="tickets")

        page = listed(manager, **narrowed)

        assert wanted.reference in page
        assert other.reference not in page

    def test_costs_as_many_queries_however_many_there_are(self, platform, suya, django_assert_num_queries) -> None:
        def count() -> int:
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(connection) as captured:
                for model in ("payment", "refund", "dispute", "webhookevent"):
                    listed(platform, model)
            return len(captured)

        def some(number: int) -> None:
            for _each in range(number):
                payment = a_payment(suya)
                a_refund(payment)
                a_dispute(payment)
                a_webhook(payment)

        some(2)
        listed(platform)
        few = count()
        some(10)

        assert count() == few

    def test_opens_no_addresses(self, manager, suya) -> None:
        a_payment(suya, email="chi@example.com")

        assert "chi@example.com" not in listed(manager)


class TestOnePayment:
    def test_shows_all_that_hangs_on_it(self, manager, suya) -> None:
        payment = a_payment(suya, email="chi@example.com")
        refund = a_refund(payment, expected_at=timezone.now() + timedelta(days=3))
        dispute = a_dispute(payment)
        a_webhook(payment, note="it is succeeded")

        page = shown(manager, payment)

        for said in ("₦20,000", "₦5,000", "₦3,000", "chi@example.com", "4081", "it is succeeded", "On its way"):
            assert said in page, said
        assert page_of(refund) in page
        assert page_of(dispute) in page

    def test_shows_what_stands_in_the_books(self, manager, suya) -> None:
        page = shown(manager, a_payment(suya, 2_000_000, fee_kobo=12_300))

        for said in ("Money came in", "With the gateway", "Deposits held", "₦19,877", "₦123"):
            assert said in page, said

    def test_shows_how_its_row_changed(self, manager, suya) -> None:
        payment = a_payment(suya, state=PaymentState.PENDING)
        Payment.objects.filter(pk=payment.pk).update(state=PaymentState.FAILED)

        page = shown(manager, payment)

        assert "Waiting for the payer" in page
        assert "Failed" in page

    def test_the_network_address_is_for_the_platform(self, manager, platform, suya) -> None:
        payment = a_payment(suya, address="197.0.2.77")

        assert "197.0.2.77" not in shown(manager, payment)
        assert "197.0.2.77" in shown(platform, payment)

    def test_looking_stands_in_the_trail(self, manager, suya) -> None:
        payment = a_payment(suya)
        shown(manager, payment)

        assert AuditEvent.objects.filter(action="data.viewed", target_id=str(payment.public_id)).exists()


class TestGivingBack:
    def test_a_part_is_asked_for_after_a_page_that_says_what_it_means(self, manager, suya) -> None:
        payment = a_payment(suya)

        page = manager.get(page_of(payment, "give_back")).content.decode()
        assert "₦20,000" in page
        assert not Refund.objects.exists()
        answer = manager.post(page_of(payment, "give_back"), refund_form(payment, "5,000.50", note="Cold soup"))

        assert answer.status_code == 302
        refund = Refund.objects.get()
        assert (refund.amount_kobo, refund.reason, refund.note) == (500_050, RefundReason.GOODWILL, "Cold soup")
        assert refund.asked_by is not None
        payment.refresh_from_db()
        assert payment.refunded_kobo == 500_050
        event = AuditEvent.objects.get(action="payments.refund_asked")
        assert event.restaurant_id == suya.public_id

    def test_sent_twice_it_gives_back_once(self, manager, suya) -> None:
        payment = a_payment(suya)
        sent = refund_form(payment)

        answers = [manager.post(page_of(payment, "give_back"), sent) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert Refund.objects.count() == 1

    def test_who_comes_second_is_told_what_is_left_and_may_go_on(self, manager, suya) -> None:
        payment = a_payment(suya)
        sent = refund_form(payment)
        a_refund(payment, 1_800_000)

        answer = manager.post(page_of(payment, "give_back"), sent)

        assert answer.status_code == 409
        assert Refund.objects.count() == 1
        page = answer.content.decode()
        assert "Meanwhile somebody else" in page
        assert 'name="seen_left_kobo" value="200000"' in page
        again = manager.post(page_of(payment, "give_back"), {**sent, "amount_kobo": "2000", "seen_left_kobo": 200_000})
        assert again.status_code == 302

    @pytest.mark.parametrize("naira", ["20,000.01", "0", "-5", "soup", ""])
    def test_not_more_than_is_left_and_not_nothing(self, manager, suya, naira: str) -> None:
        payment = a_payment(suya)

        answer = manager.post(page_of(payment, "give_back"), refund_form(payment, naira))

        assert answer.status_code in (409, 422)
        assert not Refund.objects.exists()

    def test_nothing_of_what_never_came(self, manager, suya) -> None:
        payment = a_payment(suya, state=PaymentState.FAILED)

        answer = manager.post(page_of(payment, "give_back"), refund_form(payment))

        assert answer.status_code == 409
        assert not Refund.objects.exists()
        assert page_of(payment, "give_back") not in shown(manager, payment)


class TestGivingBackByTheApi:
    def asked(self, client: Client, payment: Payment) -> int:
        answer = client.post(
            f"/api/payments/{payment.public_id}/refunds",
            {"amount": "5000"},
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        return answer.status_code

    def test_asks_for_the_same_ability(self, manager, suya, amala) -> None:
        payment = a_payment(suya)
        host, elsewhere = (
            signed_in(member(place.pk, role)) for place, role in ((suya, Role.HOST), (amala, Role.OWNER))
        )

        assert self.asked(host, payment) == 403
        assert self.asked(elsewhere, payment) == 404
        assert not Refund.objects.exists()
        assert self.asked(manager, payment) == 201
        assert Refund.objects.get().amount_kobo == 500_000


class TestReview:
    @pytest.fixture
    def held(self, suya) -> Payment:
        return a_payment(suya, review=Review.HELD, credited_at=None, reason="differs: currency")

    def test_the_platform_lets_through(self, platform, held) -> None:
        assert "differs: currency" in shown(platform, held)

        answer = platform.post(page_of(held, "let_through"))

        held.refresh_from_db()
        assert answer.status_code == 302
        assert held.review == Review.RELEASED
        assert AuditEvent.objects.filter(action="payments.released").exists()

    def test_letting_through_twice_tells_once(self, platform, held) -> None:
        for _ in range(2):
            assert platform.post(page_of(held, "let_through")).status_code == 302

        assert AuditEvent.objects.filter(action="payments.released").count() == 1

    def test_the_platform_gives_back(self, platform, held) -> None:
        for _ in range(2):
            assert platform.post(page_of(held, "refuse")).status_code == 302

        held.refresh_from_db()
        refund = Refund.objects.get()
        assert held.review == Review.REFUSED
        assert (refund.amount_kobo, refund.reason) == (2_000_000, RefundReason.REVIEWED)

    def test_what_has_not_come_is_not_let_through(self, platform, suya) -> None:
        payment = a_payment(suya, state=PaymentState.CHECKING, review=Review.HELD)

        answer = platform.post(page_of(payment, "let_through"))

        payment.refresh_from_db()
        assert answer.status_code == 409
        assert payment.review == Review.HELD

    @pytest.mark.parametrize("act", ["let_through", "refuse"])
    def test_a_house_does_neither(self, manager, held, act: str) -> None:
        assert page_of(held, act) not in shown(manager, held)
        assert manager.get(page_of(held, act)).status_code == 404
        assert manager.post(page_of(held, act)).status_code == 404
        held.refresh_from_db()
        assert held.review == Review.HELD


class TestRefundsAndDisputes:
    def test_a_refund_says_how_it_stands_and_when_it_is_due(self, manager, suya) -> None:
        payment = a_payment(suya)
        a_refund(payment, expected_at=timezone.now() - timedelta(days=1))
        a_refund(payment, 100_000, state=RefundState.NEEDS_ATTENTION)

        page = listed(manager, "refund")

        assert "it has not arrived" in page
        assert "Needs bank details" in page

    def test_a_dispute_says_where_it_is_answered_until_when_and_with_what(self, manager, suya) -> None:
        row = a_dispute(a_payment(suya), word="awaiting-merchant-feedback", category="chargeback")

        page = manager.get(reverse("admin:payments_dispute_change", args=[row.pk])).content.decode()

        assert "The people of Buka answer at Paystack’s dashboard" in page
        assert "Without an answer the money is lost." in page
        assert reverse("admin:payments_payment_change", args=[row.payment_id]) in page
        assert "awaiting-merchant-feedback" not in page
        assert "The card&#x27;s holder wants the money back" in page

    def test_an_ended_dispute_asks_for_nothing(self, manager, suya) -> None:
        row = a_dispute(a_payment(suya), state="lost", word="a word of theirs")

        page = manager.get(reverse("admin:payments_dispute_change", args=[row.pk])).content.decode()

        assert "What helps:" not in page
        assert "a word of theirs" in page

    def test_one_payment_is_told_in_words(self, manager, suya) -> None:
        payment = a_payment(suya)

        page = manager.get(reverse("admin:payments_payment_change", args=[payment.pk])).content.decode()

        assert 'Paystack · <bdi dir="ltr">Visa ••••' in page
        assert ">NONE<" not in listed(manager, "payment").upper().replace(" ", "").replace("\n", "")

    def test_disputes_to_be_answered_come_first_the_soonest_on_top(self, manager, suya) -> None:
        now = timezone.now()
        later, sooner, won = (
            a_payment(suya),
            a_payment(suya),
            a_payment(suya),
        )
        a_dispute(won, state="won", due_at=now - timedelta(days=9))
        a_dispute(later, due_at=now + timedelta(days=5))
        a_dispute(sooner, due_at=now - timedelta(hours=1))

        page = listed(manager, "dispute")

        places = [page.index(payment.reference) for payment in (sooner, later, won)]
        assert places == sorted(places)
        assert "which has passed" in page


class TestWebhooks:
    def test_parked_ones_come_first(self, platform, suya) -> None:
        parked, done = a_payment(suya), a_payment(suya)
        a_webhook(parked, state=JournalState.PARKED)
        a_webhook(done)

        page = listed(platform, "webhookevent")

        assert page.index(parked.reference) < page.index(done.reference)

    def test_replaying_has_it_worked_off_once_more(self, platform, suya) -> None:
        event = a_webhook(a_payment(suya), state=JournalState.PARKED, attempts=12, done_at=timezone.now())
        assert platform.get(page_of(event, "replay")).status_code == 200
        event.refresh_from_db()
        assert event.state == JournalState.PARKED

        answer = platform.post(page_of(event, "replay"))

        event.refresh_from_db()
        assert answer.status_code == 302
        assert (event.state, event.attempts) == (JournalState.WAITING, 0)
        assert AuditEvent.objects.filter(action="payments.webhook_replayed").exists()

    def test_the_body_is_shown_without_what_opens_a_card(self, platform, suya) -> None:
        body = (
            '{"event": "charge.success", "data": {"reference": "buka-1", "amount": 5, "authorization": {'
            '"authorization_code": "AUTH_demo1", "bin": "408408", "last4": "4081", "signature": "SIG_demo1"},'
            '"customer": {"email": "chi@example.com", "first_name": "Chi"}}}'
        )
        page = shown(platform, a_webhook(a_payment(suya), body=body))

        for secret in ("AUTH_demo1", "408408", "SIG_demo1", "chi@example.com", "Chi&quot;"):
            assert secret not in page, secret
        assert "buka-1" in page
        assert "charge.success" in page


class TestMasking:
    @pytest.mark.parametrize(
        ("body", "kept", "gone"),
        [
            ('{"card": {"first_6digits": "539999", "token": "flw-t1-demo", "type": "VISA"}}', "VISA", "539999"),
            ('{"note": "card 5399 8383 8383 8381 it was"}', "8381 it was", "5399"),
            ('{"number": 5399838383838381}', "number", "5399838383838381"),
            ('{"when": "2026-01-22 09:15:02", "id": 4099260516}', "2026-01-22 09:15:02", "no such thing"),
            ('{"data": [{"Account-Number": "0690000031"}]}', "data", "0690000031"),
            ('{"bank": {"name": "Test Bank"}, "customer": {"name": "Chi Demo"}}', "Test Bank", "Chi Demo"),
            ("not json: 5399838383838381", MASK, "5399"),
        ],
    )
    def test_hides_cards_accounts_people_and_secrets(self, body: str, kept: str, gone: str) -> None:
        told = masked(body)

        assert kept in told
        assert gone not in told

    def test_goes_as_deep_as_is_needed_and_no_deeper(self) -> None:
        assert MASK in masked("[" * 60 + "1" + "]" * 60)


class TestExport:
    def test_holds_what_is_filtered_and_no_address(self, manager, suya, amala) -> None:
        mine = a_payment(suya, email="chi@example.com", card_brand="=cmd()")
        failed = a_payment(suya, state=PaymentState.FAILED)
        theirs = a_payment(amala)
        where = reverse("admin:payments_payment_changelist")
        sent = {"action": "export_csv", "_selected_action": [mine.pk], "select_across": "1"}

        answer = manager.post(f"{where}?state__exact=succeeded", sent)

        assert answer["Content-Type"].startswith("text/csv")
        text = b"".join(answer.streaming_content).decode()
        assert mine.reference in text
        assert "20000.00" in text
        assert failed.reference not in text
        assert theirs.reference not in text
        assert "chi@example.com" not in text
        assert ",=cmd" not in text
        assert AuditEvent.objects.filter(action="admin.exported").exists()


def test_what_was_asked_for_is_shown_with_its_shares(manager, suya) -> None:
    subject = uuid.uuid4()
    payment = a_payment(suya, subject_id=subject, is_share=True, label="Share 1")
    a_request(suya, 700_000, subject_id=subject, is_share=True, label="Share 2", state=RequestState.OPEN)

    page = shown(manager, payment)

    assert "Share 1" in page
    assert "Share 2" in page
    assert "₦7,000" in page


def test_the_same_key_of_a_form_finds_its_refund(suya) -> None:
    payment = a_payment(suya)
    person = UserFactory()
    asked: dict[str, Any] = {
        "payment": payment,
        "reason": RefundReason.TWICE,
        "request_key": uuid.uuid4(),
        "seen_left_kobo": payment.left_kobo,
        "by": person,
    }

    first = services.refund_at_desk(amount_kobo=100, **asked)
    again = services.refund_at_desk(amount_kobo=100, **asked)

    assert first.pk == again.pk
    assert WebhookEvent.objects.count() == 0
