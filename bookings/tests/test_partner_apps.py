"""Partner apps at restaurants that let them in, and at those that did not: by API, by webhook, and who decides."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.partners import sending, services, webhooks
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import DeliveryStatus, Scope
from accounts.partners.tests.factories import a_webhook, an_app, bearing, fetch_token, receiving
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import services as booking
from bookings.models import Booking, BookingHistory
from bookings.selectors import service_day_of
from bookings.services import Actor
from bookings.tests.factories import at, book, tomorrow
from core.audit.models import AuditEvent
from core.testing import work_off_outbox
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
APPS = "/api/partners/apps"
WEBHOOKS = "/api/partners/webhooks"
JSON = "application/json"


@pytest.fixture
def restaurant():
    return house()


@pytest.fixture
def elsewhere():
    return house()


@pytest.fixture
def credentials():
    return an_app()


@pytest.fixture
def app(credentials, restaurant):
    """An app that the restaurant lets in."""
    app, _secret = credentials
    services.grant_access(
        app=app, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE], by=None
    )
    return app


@pytest.fixture
def headers(app, credentials):
    return bearing(fetch_token(*credentials))


def wish(restaurant, **other):
    return {
        "restaurant": str(restaurant.public_id),
        "starts_at": at("19:00").isoformat(),
        "party_size": 2,
        "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567"},
        **other,
    }


class TestBookThroughAnApp:
    def test_a_booking_from_beginning_to_end(self, client, restaurant, app, headers):
        made = client.post("/api/bookings", wish(restaurant), content_type=JSON, headers=headers)
        assert made.status_code == 201, made.content
        path = made["Location"]
        assert made["RateLimit-Limit"] == "60"

        assert client.get(path, headers=headers).json()["guest"]["name"] == "Adaeze Okafor"
        assert "staff" not in client.get(path, headers=headers).json()
        listed = client.get(f"/api/bookings?restaurant={restaurant.public_id}", headers=headers).json()
        assert [each["id"] for each in listed["results"]] == [made.json()["id"]]
        changed = client.patch(path, {"party_size": 3}, content_type=JSON, headers=headers)
        assert changed.json()["party_size"] == 3
        cancelled = client.delete(path, headers=headers)
        assert cancelled.json()["status"] == "cancelled"

        history = BookingHistory.objects.order_by("pk")
        assert {(entry.actor_kind, entry.partner, entry.actor, entry.channel) for entry in history} == {
            ("partner", app, None, "api")
        }

    def test_a_house_may_have_it_run_the_evening(self, client, restaurant, headers):
        table = book(restaurant)
        Booking.objects.update(service_day=service_day_of(restaurant.pk))

        answer = client.post(f"/api/bookings/{table.public_id}/check-in", headers=headers)

        assert answer.json()["status"] == "arrived"
        assert BookingHistory.objects.order_by("-pk").first().partner is not None

    def test_the_rules_for_diners_apply(self, client, restaurant, headers):
        answer = client.post("/api/bookings", wish(restaurant, party_size=21), content_type=JSON, headers=headers)

        assert answer.json()["code"] == "booking_party_size"

    def test_the_same_key_makes_it_once_and_is_no_persons_key(self, client, restaurant, app, headers):
        key = {"idempotency-key": str(uuid4())}
        first = client.post("/api/bookings", wish(restaurant), content_type=JSON, headers={**headers, **key})
        second = client.post("/api/bookings", wish(restaurant), content_type=JSON, headers={**headers, **key})

        # A person with the same number in another table.
        twin = UserFactory(pk=app.pk)
        browser = Client()
        log_in(browser, twin)
        theirs = browser.post("/api/bookings", wish(restaurant), content_type=JSON, headers=key)

        assert second["Idempotency-Replayed"] == "true"
        assert second.json()["id"] == first.json()["id"]
        assert "Idempotency-Replayed" not in theirs


class TestAKeyAfterTheGrantEnded:
    """What was answered once is not answered to an app that the house has sent away."""

    @pytest.mark.parametrize("scopes", [None, [Scope.BOOKINGS_READ]])
    def test_no_answer_is_given_again(self, client, restaurant, app, headers, scopes):
        held = {**headers, "idempotency-key": str(uuid4())}
        table, asked = book(restaurant), wish(restaurant)
        Booking.objects.update(service_day=service_day_of(restaurant.pk))
        moved = f"/api/bookings/{table.public_id}/check-in"
        for path, body in ((moved, {}), ("/api/bookings", asked)):
            assert client.post(path, body, content_type=JSON, headers=held).status_code in (200, 201)
            assert client.post(path, body, content_type=JSON, headers=held)["Idempotency-Replayed"] == "true"
        count = Booking.objects.count()

        services.revoke_access(grant=PartnerGrant.objects.get(app=app), by=UserFactory())
        if scopes:
            services.grant_access(app=app, restaurant_id=restaurant.pk, scopes=scopes, by=None)

        for path, body in ((moved, {}), ("/api/bookings", asked)):
            answer = client.post(path, body, content_type=JSON, headers=held)
            assert answer.status_code in (400, 403, 404), answer.content
            assert "Idempotency-Replayed" not in answer
            assert b"Adaeze" not in answer.content and b"Demo diner" not in answer.content
        assert Booking.objects.count() == count


class TestNothingBeyondTheGrant:
    def test_another_houses_bookings_are_not_there(self, client, elsewhere, app, headers):
        theirs = book(elsewhere)
        path = f"/api/bookings/{theirs.public_id}"

        for answer in (
            client.get(path, headers=headers),
            client.patch(path, {"party_size": 3}, content_type=JSON, headers=headers),
            client.delete(path, headers=headers),
            client.post(f"{path}/check-in", headers=headers),
            client.get(f"/api/bookings?restaurant={elsewhere.public_id}", headers=headers),
        ):
            assert answer.status_code == 404, answer.content
        refused = client.post("/api/bookings", wish(elsewhere, party_size=4), content_type=JSON, headers=headers)
        assert refused.status_code == 400
        assert client.get("/api/bookings", headers=headers).json()["results"] == []
        theirs.refresh_from_db()
        assert (theirs.status, theirs.party_size, Booking.objects.count()) == ("confirmed", 2, 1)

    def test_a_bookings_own_link_opens_it_no_further(self, client, elsewhere, headers):
        from bookings import access

        theirs = book(elsewhere)
        token = access.token_for(theirs)

        assert client.get(f"/api/bookings/{theirs.public_id}?token={token}", headers=headers).status_code == 404

    @pytest.mark.parametrize(
        ("scope", "method", "path"),
        [
            (Scope.BOOKINGS_WRITE, "get", "/api/bookings"),
            (Scope.BOOKINGS_READ, "post", "/api/bookings"),
            (Scope.BOOKINGS_READ, "patch", "/api/bookings/{id}"),
            (Scope.BOOKINGS_READ, "delete", "/api/bookings/{id}"),
            (Scope.BOOKINGS_READ, "post", "/api/bookings/{id}/confirm"),
            (Scope.BOOKINGS_READ, "get", "/api/restaurants/{house}/menu"),
            (Scope.BOOKINGS_READ, "get", "/api/restaurants/{house}/availability"),
        ],
    )
    def test_nor_beyond_the_tokens_scope(self, client, restaurant, app, credentials, scope, method, path):
        table = book(restaurant)
        headers = bearing(fetch_token(*credentials, scope))
        address = path.format(id=table.public_id, house=restaurant.public_id)

        answer = client.generic(method.upper(), address, b"{}", content_type=JSON, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (403, "partner_scope_missing")
        table.refresh_from_db()
        assert table.status == "confirmed"

    def test_nor_beyond_what_the_house_granted(self, client, restaurant, app, headers):
        table = book(restaurant)
        services.grant_access(app=app, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ], by=None)

        seen = client.get(f"/api/bookings/{table.public_id}", headers=headers)
        refused = client.post(f"/api/bookings/{table.public_id}/check-in", headers=headers)

        assert seen.status_code == 200
        assert refused.status_code == 403

    def test_taken_back_it_is_over_at_once(self, client, restaurant, app, headers):
        table = book(restaurant)
        services.revoke_access(grant=PartnerGrant.objects.get(), by=UserFactory())

        assert client.get(f"/api/bookings/{table.public_id}", headers=headers).status_code == 404

    def test_other_doors_do_not_know_its_token(self, client, restaurant, headers):
        table = book(restaurant)

        for path in ("/api/bookings/holds", f"/api/bookings/{table.public_id}/calendar.ics"):
            assert client.get(path, headers=headers).status_code == 401

    def test_what_is_public_stays_public(self, client, restaurant, headers):
        menu = f"/api/restaurants/{restaurant.public_id}/menu"
        times = f"/api/restaurants/{restaurant.public_id}/availability?party_size=2&date={tomorrow()}"

        for path in (menu, times):
            assert client.get(path).status_code == 200
            known = client.get(path, headers=headers)
            assert (known.status_code, known["RateLimit-Limit"]) == (200, "60")
            assert client.get(path, headers=bearing("bpt_nonsense")).status_code == 401


class TestTellAnApp:
    def test_what_happens_at_a_house_that_lets_it_see(self, restaurant, elsewhere, app):
        with receiving() as receiver:
            a_webhook(app, receiver)
            table = book(restaurant)
            book(elsewhere, party_size=3)
            booking.cancel_booking(booking=table, by=Actor.diner(None))

            work_off_outbox()
            sending.send_due()

        assert sorted(receiver.types) == ["booking.cancelled", "booking.confirmed"]
        message = next(each for each in receiver.got if each["type"] == "booking.confirmed")
        assert message["data"] == {
            "booking_id": str(table.public_id),
            "restaurant_id": str(restaurant.public_id),
        }

    def test_only_of_what_it_asked_for(self, restaurant, app):
        with receiving() as receiver:
            a_webhook(app, receiver, event_types=["booking.cancelled"])
            book(restaurant)
            work_off_outbox()
            sending.send_due()

        assert receiver.got == []

    def test_each_event_once_however_often_it_is_heard(self, restaurant, app):
        from core import outbox
        from core.models import EventDelivery

        with receiving() as receiver:
            a_webhook(app, receiver)
            book(restaurant)
            work_off_outbox()
            heard = EventDelivery.objects.filter(handler__endswith="tell_partners")
            heard.update(status=EventDelivery.Status.WAITING, done_at=None)
            for delivery in heard:
                outbox.attempt(delivery.pk)
            sending.send_due()

        assert receiver.types == ["booking.confirmed"]

    def test_also_when_anothers_signing_secret_cannot_be_read(self, restaurant, app):
        broken, _secret = an_app(name="Broken")
        services.grant_access(app=broken, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ], by=None)
        with receiving() as receiver, receiving(path="/broken") as other:
            a_webhook(app, receiver)
            unreadable = a_webhook(broken, other)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE partners_endpoint SET secret = 'ae1:lost:AAAA' WHERE id = %s", [unreadable.pk])
            book(restaurant)
            work_off_outbox()
            sending.send_due()

        assert receiver.types == ["booking.confirmed"]
        assert other.got == []

    def test_nothing_that_waits_when_the_house_takes_its_leave_back(self, restaurant, app):
        with receiving() as receiver:
            a_webhook(app, receiver)
            book(restaurant)
            work_off_outbox()
            services.revoke_access(grant=PartnerGrant.objects.get(), by=UserFactory())

            sending.send_due()

        assert receiver.got == []
        assert Delivery.objects.get(event_type="booking.confirmed").status == DeliveryStatus.PARKED

    def test_nothing_to_an_app_that_may_only_write(self, restaurant):
        app, _secret = an_app()
        services.grant_access(app=app, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_WRITE], by=None)
        with receiving() as receiver:
            a_webhook(app, receiver)
            book(restaurant)
            work_off_outbox()
            sending.send_due()

        assert receiver.got == []


class TestOwnersDecide:
    @pytest.fixture
    def owner(self, restaurant):
        return member(restaurant.pk, Role.OWNER)

    @pytest.fixture
    def browser(self, owner):
        browser = Client()
        log_in(browser, owner)
        return browser

    def test_they_let_an_app_in_by_its_client_id_and_put_it_out(self, browser, restaurant, credentials):
        app, _secret = credentials
        assert browser.get(APPS).json()["results"] == []
        [found] = browser.get(f"{APPS}?client_id={app.client_id}").json()["results"]
        assert (found["name"], found["contact_email"], found["is_manager"]) == ("Table Talk", None, False)

        asked = {"restaurant": str(restaurant.public_id), "scopes": ["bookings:read"]}
        granted = browser.post(f"{APPS}/{found['id']}/grants", asked, content_type=JSON)

        assert granted.status_code == 200, granted.content
        assert [each["id"] for each in browser.get(APPS).json()["results"]] == [found["id"]]
        [grant] = browser.get(f"{APPS}/{found['id']}/grants").json()["results"]
        assert grant["scopes"] == ["bookings:read"]
        assert browser.delete(f"{APPS}/{found['id']}/grants/{grant['id']}").status_code == 204
        assert not PartnerGrant.objects.standing().exists()
        actions = list(AuditEvent.objects.filter(action__startswith="partner.access").values_list("action", flat=True))
        assert sorted(actions) == ["partner.access_ended", "partner.access_granted"]

    def test_a_limit_that_is_none_is_refused_beside_a_client_id_too(self, browser, credentials):
        app, _secret = credentials

        answer = browser.get(f"{APPS}?client_id={app.client_id}&limit=null")

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")

    def test_they_cannot_change_anybodys_app(self, browser, restaurant, app):
        path = f"{APPS}/{app.public_id}"

        for answer in (
            browser.patch(path, {"name": "Mine"}, content_type=JSON),
            browser.delete(path),
            browser.post(f"{path}/rotate-secret", {}, content_type=JSON),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "partner_app_not_found")
        refused = browser.post(
            "/api/partners/webhooks",
            {"app": str(app.public_id), "url": "https://mine.example/", "event_types": ["booking.confirmed"]},
            content_type=JSON,
        )
        assert refused.status_code == 400
        app.refresh_from_db()
        assert (app.name, app.status) == ("Table Talk", "active")

    def test_nor_let_it_into_anothers_house(self, browser, elsewhere, credentials):
        app, _secret = credentials
        asked = {"restaurant": str(elsewhere.public_id), "scopes": ["bookings:read"]}

        answer = browser.post(f"{APPS}/{app.public_id}/grants", asked, content_type=JSON)

        assert answer.status_code == 400
        assert not PartnerGrant.objects.exists()

    def test_nor_put_it_out_there(self, browser, restaurant, elsewhere, app):
        grant = services.grant_access(app=app, restaurant_id=elsewhere.pk, scopes=[Scope.BOOKINGS_READ], by=None)

        answer = browser.delete(f"{APPS}/{app.public_id}/grants/{grant.public_id}")

        assert (answer.status_code, answer.json()["code"]) == (404, "partner_grant_not_found")
        grant.refresh_from_db()
        assert grant.is_standing

    def test_not_for_more_than_the_app_is_registered_for(self, browser, restaurant):
        app, _secret = an_app(scopes=[Scope.BOOKINGS_READ])
        asked = {"restaurant": str(restaurant.public_id), "scopes": ["bookings:read", "bookings:write"]}

        answer = browser.post(f"{APPS}/{app.public_id}/grants", asked, content_type=JSON)

        assert (answer.status_code, answer.json()["code"]) == (422, "partner_scopes_not_allowed")

    def test_they_register_an_app_of_their_own_house(self, browser, client, restaurant):
        asked = {
            "name": "Our till",
            "organisation": "House",
            "contact_email": "demo-owner@example.com",
            "scopes": ["bookings:read", "webhooks:manage"],
        }
        assert browser.post(APPS, asked, content_type=JSON).status_code == 400

        made = browser.post(APPS, {**asked, "restaurant": str(restaurant.public_id)}, content_type=JSON)

        assert made.status_code == 201, made.content
        app = PartnerApp.objects.get()
        token = fetch_token(app, made.json()["client_secret"])
        assert client.get(f"/api/bookings?restaurant={restaurant.public_id}", headers=bearing(token)).status_code == 200
        rotated = browser.post(f"{made['Location']}/rotate-secret", {"keep_old": False}, content_type=JSON)
        assert rotated.status_code == 200
        assert client.get("/api/bookings", headers=bearing(token)).status_code == 401
        assert browser.delete(made["Location"]).status_code == 204
        assert browser.get(made["Location"]).json()["status"] == "revoked"

    def test_another_house_can_never_let_that_in(self, restaurant, elsewhere):
        app, _secret = an_app(restaurant_id=restaurant.pk)
        browser = Client()
        log_in(browser, member(elsewhere.pk, Role.OWNER))
        asked = {"restaurant": str(elsewhere.public_id), "scopes": ["bookings:read"]}

        answer = browser.post(f"{APPS}/{app.public_id}/grants", asked, content_type=JSON)

        assert answer.status_code == 404

    def test_nor_know_of_it(self, browser, elsewhere):
        theirs, _secret = an_app(restaurant_id=elsewhere.pk)

        found = browser.get(APPS, {"client_id": theirs.client_id})

        assert found.json()["results"] == []

    def test_plan_and_status_are_the_platforms(self, browser, restaurant):
        app, _secret = an_app(restaurant_id=restaurant.pk)

        for change in ({"plan": "volume"}, {"status": "suspended"}):
            assert browser.patch(f"{APPS}/{app.public_id}", change, content_type=JSON).status_code == 403

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.HOST])
    def test_others_of_the_house_have_no_business_here(self, restaurant, app, role):
        browser = Client()
        log_in(browser, member(restaurant.pk, role))

        assert browser.get(APPS).status_code == 403
        assert browser.get(f"{APPS}/{app.public_id}").status_code == 403

    def test_nobody_without_the_second_factor(self, owner, app):
        browser = Client()
        log_in(browser, owner, second_factor=False)

        answer = browser.get(APPS)

        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")

    def test_secrets_are_given_only_to_who_has_just_shown_who_they_are(self, browser, restaurant):
        app, _secret = an_app(restaurant_id=restaurant.pk)
        endpoint, _secret = webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
        )
        session = browser.session
        session["account_authentication_methods"] = [
            {**record, "at": record["at"] - 3600} for record in session["account_authentication_methods"]
        ]
        session.save()

        asked = {"app": str(app.public_id), "url": "https://partner.example/2", "event_types": ["booking.confirmed"]}
        for answer in (
            browser.post(f"{APPS}/{app.public_id}/rotate-secret", {}, content_type=JSON),
            browser.post(WEBHOOKS, asked, content_type=JSON),
            browser.post(f"{WEBHOOKS}/{endpoint.public_id}/rotate-secret", {}, content_type=JSON),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        assert endpoint.secret == Endpoint.objects.get().secret

    def test_the_platforms_people_do_it_all(self, elsewhere, app):
        browser = Client()
        log_in(browser, UserFactory(is_superuser=True, is_staff=True))
        path = f"{APPS}/{app.public_id}"

        changed = browser.patch(path, {"plan": "volume", "status": "suspended"}, content_type=JSON)
        assert (changed.json()["requests_per_minute"], changed.json()["status"]) == (1500, "suspended")
        refused = browser.patch(path, {"status": "active", "scopes": ["no:such"]}, content_type=JSON)
        assert (refused.status_code, PartnerApp.objects.get(pk=app.pk).status) == (400, "suspended")
        assert browser.patch(path, {"status": "active"}, content_type=JSON).json()["status"] == "active"
        made = browser.post(
            APPS,
            {
                "name": "Another",
                "organisation": "Another Ltd",
                "contact_email": "demo-other@example.com",
                "scopes": ["menu:read"],
            },
            content_type=JSON,
        )
        assert made.status_code == 201, made.content
        assert len(browser.get(APPS).json()["results"]) == 2
