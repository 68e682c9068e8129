"""Partner apps at events with tickets: selling for guests, the door, what they are told, and what they are not."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.partners import sending, services
from accounts.partners.models import PartnerApp, PartnerGrant
from accounts.partners.states import EventType, Scope
from accounts.partners.tests.factories import a_webhook, an_app, bearing, fetch_token, receiving
from accounts.tests.factories import UserFactory
from bookings import services as bookings
from bookings import tasks
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor
from bookings.states import OrderStatus, PaidWhen, TicketDeed, TicketState
from bookings.tests.factories import at
from bookings.tests.ticket_factories import event_at, order, staff_of
from core.outbox import declared_events
from core.testing import work_off_outbox
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
JSON = "application/json"
Headers = dict[str, str]


def later(**span: Any) -> datetime:
    return timezone.now() + timedelta(**span)


@pytest.fixture
def place() -> Restaurant:
    return house()


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place)


@pytest.fixture
def elsewhere() -> TicketedEvent:
    return event_at(house(), name="Elsewhere")


@pytest.fixture
def credentials() -> tuple[PartnerApp, str]:
    return an_app()


@pytest.fixture
def app(credentials: tuple[PartnerApp, str], place: Restaurant) -> PartnerApp:
    """An app that the restaurant lets in."""
    app, _secret = credentials
    services.grant_access(app=app, restaurant_id=place.pk, scopes=[Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE], by=None)
    return app


@pytest.fixture
def headers(app: PartnerApp, credentials: tuple[PartnerApp, str]) -> Headers:
    return bearing(fetch_token(*credentials))


def wish(event: TicketedEvent, count: int = 2, **other: Any) -> dict[str, Any]:
    kind = TicketKind.objects.get(event=event, name="Ticket")
    return {
        "tickets": [{"kind": str(kind.public_id), "count": count}],
        "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567"},
        **other,
    }


def sell(client: Client, event: TicketedEvent, headers: Headers, **asked: Any) -> Any:
    return client.post(
        f"/api/events/{event.public_id}/orders", wish(event, **asked), content_type=JSON, headers=headers
    )


def post(client: Client, path: str, headers: Headers, body: Any = None) -> Any:
    return client.post(path, {} if body is None else body, content_type=JSON, headers=headers)


class TestSelling:
    def test_an_order_from_beginning_to_end(self, client, event, app, headers):
        made = sell(client, event, headers)
        assert made.status_code == 201, made.content
        path = made["Location"]
        body = client.get(path, headers=headers).json()
        assert [each["code"] for each in body["tickets"]] == list(
            Ticket.objects.order_by("pk").values_list("code", flat=True)
        )
        assert "staff" not in body
        first, second = (f"/api/tickets/{each['id']}" for each in body["tickets"])
        assert post(client, f"{first}/transfer", headers, {"name": "Bola", "email": "b@example.com"}).status_code == 200
        assert client.get(path, headers=headers).json()["tickets"][0]["code"] is None
        assert post(client, f"{second}/return", headers).json()["tickets"][1]["state"] == "void"
        assert client.delete(path, headers=headers).json()["status"] == "cancelled"
        assert {(line.actor_kind, line.partner, line.channel) for line in TicketHistory.objects.all()} == {
            ("partner", app, "api")
        }

    def test_gives_the_guest_what_opens_the_order(self, client, event, headers):
        body = sell(client, event, headers).json()
        theirs = client.get(f"/api/ticket-orders/{body['id']}", headers={"X-Booking-Token": body["token"]})
        assert theirs.status_code == 200

    def test_the_rules_for_buyers_apply(self, client, event, headers, credentials):
        assert sell(client, event, headers, count=9).json()["code"] == "tickets_too_many"
        made = sell(client, event, headers)
        with time_machine.travel(at("13:00"), tick=True):
            late = client.delete(made["Location"], headers=bearing(fetch_token(*credentials)))
        assert (late.status_code, late.json()["code"]) == (409, "tickets_too_late_to_give_back")
        assert TicketOrder.objects.get().status == OrderStatus.CONFIRMED

    def test_the_same_key_sells_once(self, client, event, headers):
        held = {**headers, "idempotency-key": str(uuid4())}
        first, second = (sell(client, event, held) for _ in range(2))
        assert second["Idempotency-Replayed"] == "true"
        assert first.json()["id"] == second.json()["id"]

    def test_no_answer_comes_again_once_the_leave_has_ended(self, client, event, app, headers):
        held = {**headers, "idempotency-key": str(uuid4())}
        made = sell(client, event, held).json()
        path = f"/api/tickets/{made['tickets'][0]['id']}/transfer"
        assert post(client, path, held, {"name": "Bola"}).status_code == 200
        services.revoke_access(grant=PartnerGrant.objects.get(app=app), by=UserFactory())
        for answer in (sell(client, event, held), post(client, path, held, {"name": "Bola"})):
            assert answer.status_code == 404, answer.content
            assert "Idempotency-Replayed" not in answer

    def test_codes_only_of_what_it_sold_itself(self, client, place, event, headers):
        order(event, Ticket=1)
        sell(client, event, headers, count=1)
        listed = client.get(f"/api/ticket-orders?restaurant={place.public_id}", headers=headers).json()["results"]
        assert [each["tickets"][0]["code"] is None for each in listed] == [True, False]
        assert client.get(f"/api/ticket-orders/{listed[0]['id']}", headers=headers).json()["tickets"][0]["code"] is None

    def test_what_others_sold_stays_as_it_is(self, client, event, headers):
        ticket = order(event, Ticket=1).tickets.get()
        for path, body in (("transfer", {"name": "Thief"}), ("return", None)):
            assert post(client, f"/api/tickets/{ticket.public_id}/{path}", headers, body).status_code == 404
        same = Ticket.objects.get()
        assert (same.public_id, same.state) == (ticket.public_id, "valid")

    def test_the_house_s_own_till_sells_as_the_desk_does(self, client, place, event):
        till = bearing(fetch_token(*an_app(restaurant_id=place.pk)))
        answer = sell(client, event, till, count=9, channel="phone")
        assert (answer.status_code, answer.json()["channel"]) == (201, "phone")

    @pytest.mark.parametrize("count", [1, 9])
    def test_an_app_of_many_restaurants_does_not_sell_at_the_desk(self, client, event, headers, count):
        answer = sell(client, event, headers, count=count, channel="phone")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert not TicketOrder.objects.exists()


class TestTheDoor:
    def test_a_scanner_lets_in_and_takes_back(self, client, event, headers, credentials):
        passed = bookings.pass_on(
            ticket=order(event, Ticket=1).tickets.get(), name="Bola", email="b@example.com", by=Actor.diner(None)
        )
        with time_machine.travel(at("18:05"), tick=True):
            fresh = bearing(fetch_token(*credentials))
            answer = post(client, f"/api/events/{event.public_id}/check-in", fresh, {"code": passed.code})
            assert answer.json()["holder"] == {"name": "Bola"}
            assert answer.json()["code"] is None
            back = post(client, f"/api/tickets/{answer.json()['id']}/undo-check-in", fresh, {"reason": "Twice."})
        assert back.json()["state"] == "valid"
        assert list(TicketHistory.objects.order_by("-pk").values_list("deed", "actor_kind")[:2]) == [
            (TicketDeed.ADMISSION_UNDONE, "partner"),
            (TicketDeed.ADMITTED, "partner"),
        ]


class TestNothingBeyondTheGrant:
    def test_another_houses_are_not_there(self, client, elsewhere, app, headers):
        theirs = order(elsewhere, Ticket=1)
        ticket = theirs.tickets.get()
        for answer in (
            sell(client, elsewhere, headers),
            client.get(f"/api/ticket-orders/{theirs.public_id}", headers=headers),
            client.delete(f"/api/ticket-orders/{theirs.public_id}", headers=headers),
            client.get(f"/api/ticket-orders?event={elsewhere.public_id}", headers=headers),
            client.get(f"/api/ticket-orders?restaurant={elsewhere.restaurant.public_id}", headers=headers),
            client.get(f"/api/ticket-orders?event={uuid4()}", headers=headers),
            post(client, f"/api/tickets/{ticket.public_id}/transfer", headers, {"name": "Bola"}),
            post(client, f"/api/tickets/{ticket.public_id}/return", headers),
            post(client, f"/api/tickets/{ticket.public_id}/undo-check-in", headers),
            post(client, f"/api/events/{elsewhere.public_id}/check-in", headers, {"code": ticket.code}),
        ):
            assert answer.status_code == 404, answer.content
        assert client.get("/api/ticket-orders", headers=headers).json()["results"] == []
        assert Ticket.objects.get().state == TicketState.VALID

    def test_a_ticket_that_was_passed_on_is_not_its_to_handle(self, client, event, headers):
        passed = bookings.pass_on(ticket=order(event, Ticket=1).tickets.get(), name="Bola", by=Actor.diner(None))
        for what in ("transfer", "return"):
            answer = post(
                client, f"/api/tickets/{passed.public_id}/{what}", headers, {"name": "Me"} if what[0] == "t" else {}
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "ticket_not_found")

    def test_nor_the_houses_money(self, client, event, headers):
        made = order(event, Ticket=1)
        for what in ("payments", "refunds"):
            answer = post(client, f"/api/ticket-orders/{made.public_id}/{what}", headers, {"amount": "1.00"})
            assert answer.status_code == 401
        made.refresh_from_db()
        assert made.paid_kobo == 0

    @pytest.mark.parametrize(
        ("scope", "method", "path"),
        [
            (Scope.BOOKINGS_WRITE, "get", "/api/ticket-orders"),
            (Scope.BOOKINGS_WRITE, "get", "/api/ticket-orders/{order}"),
            (Scope.BOOKINGS_READ, "delete", "/api/ticket-orders/{order}"),
            (Scope.BOOKINGS_READ, "post", "/api/events/{event}/orders"),
            (Scope.BOOKINGS_READ, "post", "/api/events/{event}/check-in"),
            (Scope.BOOKINGS_READ, "post", "/api/tickets/{ticket}/transfer"),
            (Scope.BOOKINGS_READ, "post", "/api/tickets/{ticket}/return"),
            (Scope.BOOKINGS_READ, "post", "/api/tickets/{ticket}/undo-check-in"),
            (Scope.BOOKINGS_READ, "get", "/api/events"),
            (Scope.BOOKINGS_READ, "get", "/api/events/{event}"),
            (Scope.BOOKINGS_READ, "get", "/api/restaurants/{house}/events"),
        ],
    )
    def test_nor_beyond_the_tokens_scope(self, client, place, event, app, credentials, scope, method, path):
        made = order(event, Ticket=1)
        headers = bearing(fetch_token(*credentials, scope))
        address = path.format(
            order=made.public_id, ticket=made.tickets.get().public_id, event=event.public_id, house=place.public_id
        )
        answer = client.generic(method.upper(), address, b"{}", content_type=JSON, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "partner_scope_missing")

    def test_nor_beyond_what_the_house_granted(self, client, place, event, app, headers):
        made = order(event, Ticket=1)
        services.grant_access(app=app, restaurant_id=place.pk, scopes=[Scope.BOOKINGS_READ], by=None)
        assert client.get(f"/api/ticket-orders/{made.public_id}", headers=headers).status_code == 200
        assert client.delete(f"/api/ticket-orders/{made.public_id}", headers=headers).status_code == 403
        assert sell(client, event, headers).status_code == 404
        refused = post(client, f"/api/events/{event.public_id}/check-in", headers, {"code": "X"})
        assert refused.status_code == 403

    def test_an_orders_own_token_opens_it_no_further(self, client, elsewhere, headers):
        from bookings import access

        theirs = order(elsewhere, Ticket=1)
        path = f"/api/ticket-orders/{theirs.public_id}?token={access.token_for(theirs)}"
        assert client.get(path, headers=headers).status_code == 404

    def test_what_is_public_stays_public(self, client, place, event, headers):
        for path in ("/api/events", f"/api/events/{event.public_id}", f"/api/restaurants/{place.public_id}/events"):
            assert client.get(path).status_code == 200
            known = client.get(path, headers=headers)
            assert (known.status_code, known["RateLimit-Limit"]) == (200, "60")
            assert client.get(path, headers=bearing("bpt_nonsense")).status_code == 401


class TestTelling:
    def test_what_happens_to_tickets_of_a_house_that_lets_it_see(self, place, elsewhere, app):
        event = event_at(place, paid_when=PaidWhen.BEFORE)
        by = staff_of(place)
        with receiving() as receiver:
            a_webhook(app, receiver)
            order(elsewhere, Ticket=1)
            made = order(event, Ticket=3)
            bookings.receive_payment(order=made, amount_kobo=1_500_000, reference="T", by=by)
            first, second, third = made.tickets.order_by("pk")
            passed = bookings.pass_on(ticket=first, name="Bola", by=Actor.diner(None))
            bookings.give_back(ticket=second, by=Actor.diner(None))
            late = order(event, Ticket=1, number=2)
            with time_machine.travel(later(hours=1), tick=True):
                tasks.release_unpaid_tickets()
            bookings.move_event(
                event=event, starts_at=at("18:30"), ends_at=at("23:00"), reason="The band is late.", by=by
            )
            with time_machine.travel(at("18:40"), tick=True):
                bookings.admit(event=event, code=third.code, by=by)
            work_off_outbox()
            sending.send_due()
        told = {message["type"]: message["data"] for message in receiver.got}
        where = {"restaurant_id": str(place.public_id)}
        assert sorted(receiver.types) == sorted(
            ["tickets.ordered"] * 2
            + ["tickets.confirmed", "ticket.passed_on", "tickets.given_back", "tickets.expired", "event.moved"]
            + ["ticket.admitted"]
        )
        assert told["tickets.confirmed"] == {"order_id": str(made.public_id), **where}
        assert told["tickets.expired"] == {"order_id": str(late.public_id), **where}
        assert told["ticket.passed_on"] == {"ticket_id": str(passed.public_id), **where}
        assert told["ticket.admitted"] == {"ticket_id": str(third.public_id), **where}
        assert told["event.moved"] == {"event_id": str(event.public_id), **where}

    def test_every_event_an_app_may_ask_for_is_told(self):
        from config.subscriptions import SUBSCRIPTIONS

        told = {name for name, heard in SUBSCRIPTIONS.items() if "accounts.partners.subscribers.tell_partners" in heard}
        assert told == set(EventType.values)
        assert told <= set(declared_events())


class TestTheBeat:
    def test_releases_what_was_not_paid_each_half_minute(self, place):
        made = order(event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=40), Ticket=1)
        tasks.release_unpaid_tickets()
        made.refresh_from_db()
        assert made.status == OrderStatus.HELD
        with time_machine.travel(later(minutes=41), tick=True):
            tasks.release_unpaid_tickets()
        made.refresh_from_db()
        assert made.status == OrderStatus.EXPIRED

    def test_reminds_a_day_before(self, event):
        made = order(event, Ticket=1)
        TicketOrder.objects.update(created_at=later(days=-2))
        with time_machine.travel(at("18:00") - timedelta(hours=20), tick=True):
            tasks.send_event_reminders()
        made.refresh_from_db()
        assert made.reminded_at is not None

    @pytest.mark.parametrize(
        ("task", "seconds"), [("bookings.release_unpaid_tickets", 30.0), ("bookings.send_event_reminders", 300.0)]
    )
    def test_is_told_when(self, task, seconds):
        [entry] = [each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == task]
        assert (entry["schedule"], entry["options"]) == (seconds, {"expires": seconds})
