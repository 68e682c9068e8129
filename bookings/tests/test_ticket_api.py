"""Ticketed events for machines: what is on, ordering, giving back, passing on, the door, the money; who may what."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, services
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor
from bookings.states import EventRoom, OrderStatus, PaidWhen, TicketDeed, TicketState
from bookings.tests.factories import at, guest, tomorrow
from bookings.tests.test_api import Api, pointers, problem, signed_in
from bookings.tests.test_api_schema import check
from bookings.tests.ticket_factories import event_at, order, staff_of
from core.audit.models import AuditEvent
from core.limits import Limit
from core.testing import with_second_factor
from restaurants.models import Restaurant
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db
WRONG_LINE = {"reason": "The wrong line was pressed."}
GUEST = {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"}


@pytest.fixture(scope="module")
def schema() -> Any:
    return Client().get("/api/schema").json()


@pytest.fixture
def api() -> Api:
    return Api(raise_request_exception=False)


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place)


@pytest.fixture
def paid_before(place: Restaurant) -> TicketedEvent:
    return event_at(
        place,
        paid_when=PaidWhen.BEFORE,
        hold_minutes=40,
        room=EventRoom.NONE,
        name="Owambe",
        payment_instructions="Demo Bank 0000000000",
    )


@pytest.fixture
def host(place: Restaurant) -> Api:
    return signed_in(member(place.pk, Role.HOST))


def kind(event: TicketedEvent, name: str = "Ticket") -> str:
    return str(TicketKind.objects.get(event=event, name=name).public_id)


def wish(event: TicketedEvent, count: int = 2, **other: Any) -> dict[str, Any]:
    return {"tickets": [{"kind": kind(event), "count": count}], "guest": GUEST, **other}


def buy(api: Api, event: TicketedEvent, count: int = 2, **other: Any) -> dict[str, Any]:
    answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event, count, **other))
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def bought(event: TicketedEvent, count: int = 2, **more: Any) -> TicketOrder:
    return order(event, Ticket=count, **more)


def path_of(made: TicketOrder, *rest: str) -> str:
    return "/".join(["/api/ticket-orders", str(made.public_id), *rest])


def token_of(row: Any) -> str:
    return access.token_for(row)


def one_of(made: TicketOrder) -> Ticket:
    return made.tickets.order_by("place", "pk")[0]


class TestWhatIsOn:
    def test_a_house_tells_its_events_with_prices_terms_and_what_is_left(self, schema, api, place, event):
        bought(event, 3)
        answer = api.send("GET", f"/api/restaurants/{place.public_id}/events")

        [found] = check(schema, answer, "/api/restaurants/{id}/events")["results"]
        assert found["id"] == str(event.public_id)
        assert [(each["name"], each["guests"], each["price"]["amount"], each["left"]) for each in found["kinds"]] == [
            ("Ticket", 1, "5000.00", 7),
            ("Table", 4, "18000.00", 1),
        ]
        assert (found["guests_left"], found["sale"]["open"]) == (7, True)
        assert found["terms"]["returnable_until"] == (at("18:00") - timedelta(hours=6)).isoformat()
        assert found["starts_at"] == at("18:00").isoformat()

    def test_everybodys_by_city_and_days(self, schema, api, event):
        elsewhere = house(name="Elsewhere")
        later = event_at(
            elsewhere, name="Later", starts_at=at("18:00") + timedelta(days=7), ends_at=at("23:00") + timedelta(days=7)
        )

        def found(**asked: Any) -> list[str]:
            body = check(schema, api.get("/api/events", asked), "/api/events")
            return [each["id"] for each in body["results"]]

        assert found() == [str(event.public_id), str(later.public_id)]
        assert found(city=elsewhere.city.slug) == [
            str(each.public_id) for each in (event, later) if each.restaurant.city == elsewhere.city
        ]
        assert found(city="nowhere") == []
        day = tomorrow()
        assert found(**{"from": day, "to": day}) == [str(event.public_id)]
        assert found(**{"from": day + timedelta(days=1)}) == [str(later.public_id)]
        assert found(to=day - timedelta(days=1)) == []
        assert found(**{"from": "0001-01-01", "to": "0001-01-02"}) == []
        assert found(**{"from": "0001-01-01"}) == [str(event.public_id), str(later.public_id)]

    @pytest.mark.parametrize(
        "asked",
        ["from=9999-12-31", "to=9999-12-31", "from=soon", "from=2030-02-30", "city=Lagos!", "limit=0", "cursor=x"],
    )
    def test_what_makes_no_sense_is_named(self, schema, api, asked):
        answer = api.send("GET", f"/api/events?{asked}")
        assert answer.status_code == 400
        check(schema, answer, "/api/events")
        assert pointers(answer) == [f"#/{asked.partition('=')[0]}"]

    def test_days_the_wrong_way_round(self, api):
        day = tomorrow()
        answer = api.send("GET", f"/api/events?from={day}&to={day - timedelta(days=1)}")
        assert pointers(answer) == ["#/to"]

    def test_pages_follow_each_other(self, api, place):
        names = [f"Evening {number}" for number in range(5)]
        for number, name in enumerate(names):
            event_at(place, name=name, room=EventRoom.NONE, ends_at=at("23:00") + timedelta(minutes=number))
        address, seen = f"/api/restaurants/{place.public_id}/events?limit=2", []
        while address:
            page = api.send("GET", address).json()
            seen += [each["name"] for each in page["results"]]
            address = page["next"]
        assert seen == names

    def test_one_by_itself(self, schema, api, event):
        answer = api.send("GET", f"/api/events/{event.public_id}")
        assert check(schema, answer, "/api/events/{id}")["name"] == event.name

    def test_one_in_an_area_names_it(self, schema, api, place):
        terrace = AreaFactory(restaurant=place, name="Terrace")
        TableFactory(restaurant=place, area=terrace, name="X1")
        event = event_at(place, room=EventRoom.AREA, area=terrace)
        assert check(schema, api.send("GET", f"/api/events/{event.public_id}"), "/api/events/{id}")["area"] == {
            "id": str(terrace.public_id),
            "name": "Terrace",
        }

    def test_drafts_and_what_is_not_there_are_not_found(self, schema, api, place):
        draft = event_at(place, on_sale=False)
        for public_id in (draft.public_id, uuid4()):
            answer = api.send("GET", f"/api/events/{public_id}")
            assert (answer.status_code, problem(answer)["code"]) == (404, "event_not_found")
            check(schema, answer, "/api/events/{id}")
        assert api.send("GET", "/api/events").json()["results"] == []
        assert api.send("GET", f"/api/restaurants/{uuid4()}/events").status_code == 404

    def test_called_off_it_says_so_and_is_in_no_list(self, api, place, event):
        services.call_off_event(event=event, reason="Rain", by=staff_of(place))
        body = api.send("GET", f"/api/events/{event.public_id}").json()
        assert (body["status"], body["sale"]["open"]) == ("called_off", False)
        assert api.send("GET", "/api/events").json()["results"] == []

    def test_a_house_that_is_not_shown_shows_no_event(self, api, place, event):
        Restaurant.objects.filter(pk=place.pk).update(status=RestaurantStatus.CLOSED)
        assert api.send("GET", f"/api/events/{event.public_id}").status_code == 404
        assert api.send("GET", "/api/events").json()["results"] == []
        assert api.send("POST", f"/api/events/{event.public_id}/orders", wish(event)).status_code == 404

    def test_a_kind_that_is_not_on_sale_is_not_told(self, api, event):
        TicketKind.objects.filter(event=event, name="Table").update(is_on_sale=False)
        body = api.send("GET", f"/api/events/{event.public_id}").json()
        assert [each["name"] for each in body["kinds"]] == ["Ticket"]

    @pytest.mark.parametrize("path", ["/api/events", "/api/events/{event}", "/api/restaurants/{house}/events"])
    def test_is_not_sent_twice_until_somebody_buys(self, api, place, event, path):
        address = path.format(event=event.public_id, house=place.public_id)
        first = api.send("GET", address)
        assert api.send("GET", address, **{"If-None-Match": first["ETag"]}).status_code == 304
        bought(event, 1)
        assert api.send("GET", address, **{"If-None-Match": first["ETag"]}).status_code == 200

    @pytest.mark.parametrize("path", ["/api/events", "/api/restaurants/{house}/events"])
    def test_asks_the_same_queries_however_many_there_are(self, api, place, event, path):
        address = path.format(house=place.public_id)
        api.send("GET", address)
        with CaptureQueriesContext(
            connection,
        ) as few:
            api.send("GET", address)
        for number in range(4):
            bought(event_at(place, name=f"More {number}", room=EventRoom.NONE), 1, number=number)
        with CaptureQueriesContext(connection) as many:
            assert len(api.send("GET", address).json()["results"]) == 5
        assert len(many) == len(few) <= 4

    def test_is_held_back_when_asked_too_often(self, api, event, monkeypatch):
        monkeypatch.setattr("bookings.limits.LOOK", Limit("look.test", most=1, seconds=60))
        assert [api.send("GET", "/api/events").status_code for _ in range(2)] == [200, 429]


class TestOrdering:
    def test_without_an_account(self, schema, api, event):
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event, 2, amount="10000.00"))

        body = check(schema, answer, "/api/events/{id}/orders", "post")
        made = TicketOrder.objects.get()
        assert answer["Location"] == path_of(made)
        assert (body["status"], body["code"], body["channel"]) == ("confirmed", made.code, "api")
        assert [each["code"] for each in body["tickets"]] == [each.code for each in made.tickets.order_by("pk")]
        assert body["money"]["due"] == {"amount": "10000.00", "currency": "NGN"}
        assert access.opens(body["token"], made.public_id)
        assert body["manage_url"].endswith(f"{body['token']}")
        assert made.guest_phone == "+2348031234567"
        assert TicketHistory.objects.get().actor_kind == "diner"

    def test_signed_in_the_account_says_who_buys(self, event):
        diner = UserFactory(name="Bola Ade", phone="+2348039876543")
        asked = wish(event)
        del asked["guest"]
        body = signed_in(diner).send("POST", f"/api/events/{event.public_id}/orders", asked).json()
        assert (body["guest"]["name"], body["token"]) == ("Bola Ade", None)
        assert TicketOrder.objects.get().diner == diner

    def test_paid_before_it_is_held_and_says_how_to_pay(self, schema, api, paid_before):
        answer = api.send("POST", f"/api/events/{paid_before.public_id}/orders", wish(paid_before))
        body = check(schema, answer, "/api/events/{id}/orders", "post")
        assert (body["status"], body["payment_instructions"]) == ("held", "Demo Bank 0000000000")
        assert body["money"]["outstanding"]["amount"] == "10000.00"
        with time_machine.travel(timezone.now() + timedelta(minutes=41), tick=True):
            late = api.send("GET", f"/api/ticket-orders/{body['id']}", token=body["token"]).json()
        assert (late["status"], late["payment_instructions"], late["hold_expires_at"]) == ("expired", None, None)
        assert late["money"]["outstanding"]["amount"] == "0.00"

    def test_the_same_kind_twice_is_their_sum(self, api, event):
        asked = {**wish(event), "tickets": [{"kind": kind(event), "count": 1}] * 3}
        assert len(api.send("POST", f"/api/events/{event.public_id}/orders", asked).json()["tickets"]) == 3

    def test_the_same_key_orders_once(self, api, event):
        key = {"Idempotency-Key": str(uuid4())}
        path = f"/api/events/{event.public_id}/orders"
        first, second = (api.send("POST", path, wish(event), **key) for _ in range(2))
        assert second["Idempotency-Replayed"] == "true"
        assert first.json()["id"] == second.json()["id"]
        assert TicketOrder.objects.count() == 1
        assert api.send("POST", path, wish(event, 3), **key).status_code == 422

    def test_sold_out_says_what_is_left(self, schema, api, event):
        bought(event, 8)
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event, 3))
        assert answer.status_code == 409
        assert check(schema, answer, "/api/events/{id}/orders", "post")["left"] == {
            kind(event): 2,
            kind(event, "Table"): 0,
        }
        assert TicketOrder.objects.count() == 1

    def test_another_price_is_said_in_naira(self, schema, api, event):
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event, 2, amount="9000"))
        body = check(schema, answer, "/api/events/{id}/orders", "post")
        assert (answer.status_code, body["code"]) == (409, "tickets_price_changed")
        assert body["amount"] == {"amount": "10000.00", "currency": "NGN"}

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"tickets": []}, 422, "tickets_none_chosen"),
            ({"tickets": [{"kind": "{kind}", "count": 9}]}, 422, "tickets_too_many"),
            ({"tickets": [{"kind": str(uuid4()), "count": 1}]}, 422, "tickets_unknown_kind"),
            ({"guest": {"name": "Ada"}}, 422, "booking_contact_missing"),
        ],
    )
    def test_what_the_event_does_not_sell(self, schema, api, event, changes, status, code):
        asked = wish(event) | changes
        for each in asked["tickets"]:
            each["kind"] = each["kind"].replace("{kind}", kind(event))
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", asked)
        assert (answer.status_code, check(schema, answer, "/api/events/{id}/orders", "post")["code"]) == (status, code)
        assert not TicketOrder.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"tickets": None}, "#/tickets"),
            ({"tickets": "two"}, "#/tickets"),
            ({"tickets": [{"kind": "x", "count": 1}]}, "#/tickets/0/kind"),
            ({"tickets": [{"kind": "{kind}", "count": 0}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": -1}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": 10**30}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": "2"}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": True}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": 1.5}]}, "#/tickets/0/count"),
            ({"tickets": [{"kind": "{kind}", "count": 1}] * 41}, "#/tickets"),
            ({"amount": 10000}, "#/amount"),
            ({"amount": "1e9"}, "#/amount"),
            ({"amount": "9" * 41}, "#/amount"),
            ({"amount": "٣٠٠"}, "#/amount"),
            ({"guest": {"name": ""}}, "#/guest/name"),
            ({"guest": {"name": "Ada", "email": "nowhere"}}, "#/guest/email"),
            ({"channel": "web"}, "#/channel"),
        ],
    )
    def test_what_makes_no_sense_is_named(self, schema, api, event, changes, pointer):
        asked = wish(event) | changes
        if isinstance(asked["tickets"], list):
            asked["tickets"] = [
                {**each, "kind": each["kind"].replace("{kind}", kind(event))} for each in asked["tickets"]
            ]
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", asked)
        assert answer.status_code == 400, answer.content
        check(schema, answer, "/api/events/{id}/orders", "post")
        assert pointer in pointers(answer)
        assert not TicketOrder.objects.exists()

    def test_a_name_in_any_letters(self, api, event):
        name = "Ọlá́ 日本 عائشة 🎉"
        body = buy(api, event, guest={**GUEST, "name": name})
        assert body["guest"]["name"].startswith("Ọ")
        assert body["tickets"][0]["holder"]["name"] == body["guest"]["name"]

    def test_drafts_are_not_there_and_what_is_over_is_not_on_sale(self, api, place, event):
        draft = event_at(place, on_sale=False, name="Draft")
        assert api.send("POST", f"/api/events/{draft.public_id}/orders", wish(draft)).status_code == 404
        with time_machine.travel(at("18:30"), tick=True):
            answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event))
        assert (answer.status_code, problem(answer)["code"]) == (409, "tickets_not_on_sale")

    def test_a_house_that_is_paused_sells_nothing_online(self, api, host, place, event):
        Restaurant.objects.filter(pk=place.pk).update(status=RestaurantStatus.PAUSED)
        answer = api.send("POST", f"/api/events/{event.public_id}/orders", wish(event))
        assert (answer.status_code, problem(answer)["code"]) == (409, "tickets_not_on_sale")
        assert buy(host, event, channel="phone")["status"] == "confirmed"

    def test_staff_sell_by_telephone_what_nobody_may_yet_buy(self, host, event):
        TicketedEvent.objects.update(sale_from=timezone.now() + timedelta(hours=1))
        body = buy(host, event, 9, channel="phone", guest={"name": "Ada"})
        assert (body["channel"], len(body["tickets"]), body["staff"]) == ("phone", 9, {"has_account": False})
        assert TicketOrder.objects.get().diner is None

    def test_nobody_else_sells_for_the_house(self, api, event):
        elsewhere = member(house(name="Elsewhere").pk, Role.OWNER)
        for asker in (api, signed_in(UserFactory()), signed_in(elsewhere)):
            answer = asker.send("POST", f"/api/events/{event.public_id}/orders", wish(event, channel="phone"))
            assert (answer.status_code, problem(answer)["code"]) == (403, "not_allowed")
        assert not TicketOrder.objects.exists()

    def test_of_staff_who_left_no_answer_comes_again(self, host, place, event):
        key = {"Idempotency-Key": str(uuid4())}
        path, asked = f"/api/events/{event.public_id}/orders", wish(event, channel="phone")
        assert host.send("POST", path, asked, **key).status_code == 201
        Membership.objects.filter(restaurant=place, role=Role.HOST).delete()
        assert host.send("POST", path, asked, **key).status_code == 403

    def test_is_held_back_when_tried_too_often(self, api, event, monkeypatch):
        monkeypatch.setattr("bookings.limits.TICKETS_BY_ADDRESS", Limit("tickets.test", most=1, seconds=60))
        path = f"/api/events/{event.public_id}/orders"
        assert [api.send("POST", path, wish(event)).status_code for _ in range(2)] == [201, 429]

    def test_asks_the_same_queries_however_many_tickets(self, api, event):
        buy(api, event, 1)
        with CaptureQueriesContext(connection) as few:
            buy(api, event, 1)
        with CaptureQueriesContext(connection) as many:
            buy(api, event, 6)
        assert len(many) == len(few)


class TestReading:
    def test_mine_the_latest_first(self, schema, event, paid_before):
        diner = UserFactory()
        first, second = (bought(each, 1, diner=diner, by=Actor.diner(diner)) for each in (event, paid_before))
        bought(event, 1, number=2)
        client = signed_in(diner)

        def found(**asked: Any) -> list[str]:
            body = check(schema, client.get("/api/ticket-orders", asked), "/api/ticket-orders")
            return [each["id"] for each in body["results"]]

        assert found() == [str(second.public_id), str(first.public_id)]
        assert found(status="held") == [str(second.public_id)]
        assert found(event=event.public_id) == [str(first.public_id)]
        assert found(restaurant=event.restaurant.public_id) == [str(second.public_id), str(first.public_id)]
        assert found(event=uuid4()) == []

    def test_a_houses_for_its_staff_in_their_order(self, schema, host, event, place):
        rows = [bought(event, 1, number=number) for number in range(3)]
        elsewhere = bought(event_at(house(name="Elsewhere")), 1)
        for asked in ({"restaurant": place.public_id}, {"event": event.public_id}):
            body = check(schema, host.get("/api/ticket-orders", asked), "/api/ticket-orders")
            assert [each["id"] for each in body["results"]] == [str(each.public_id) for each in rows]
            assert body["results"][0]["staff"] == {"has_account": False}
        assert host.get("/api/ticket-orders", {"event": elsewhere.event.public_id}).json()["results"] == []
        assert AuditEvent.objects.filter(action="tickets.listed").exists()

    def test_nobody_in_particular_has_none(self, api):
        assert api.send("GET", "/api/ticket-orders").status_code == 401

    @pytest.mark.parametrize("asked", ["event=x", "restaurant=x", "status=nonsense", "limit=101", "cursor=nonsense"])
    def test_what_makes_no_sense_is_named(self, schema, asked):
        answer = signed_in(UserFactory()).send("GET", f"/api/ticket-orders?{asked}")
        assert answer.status_code == 400
        check(schema, answer, "/api/ticket-orders")

    def test_asks_the_same_queries_however_many_there_are(self, host, event):
        address = f"/api/ticket-orders?event={event.public_id}"
        bought(event, 1)
        host.send("GET", address)
        with CaptureQueriesContext(connection) as few:
            host.send("GET", address)
        for number in range(2, 6):
            bought(event, 2, number=number)
        with CaptureQueriesContext(connection) as many:
            assert len(host.send("GET", address).json()["results"]) == 5
        assert len(many) == len(few)

    def test_one_for_its_buyer_whoever_has_the_token_and_staff(self, schema, api, host, event):
        diner = UserFactory()
        made = bought(event, 2, diner=diner, by=Actor.diner(diner))
        for answer in (
            signed_in(diner).send("GET", path_of(made)),
            api.send("GET", path_of(made), token=token_of(made)),
            host.send("GET", path_of(made)),
        ):
            body = check(schema, answer, "/api/ticket-orders/{id}")
            assert all(each["code"] for each in body["tickets"])
        assert AuditEvent.objects.filter(action="tickets.viewed").count() == 1

    def test_one_for_nobody_else(self, schema, api, event):
        made = bought(event, 1)
        elsewhere = member(house(name="Elsewhere").pk, Role.OWNER)
        for asker in (signed_in(UserFactory()), signed_in(elsewhere)):
            for method, path in (
                ("GET", path_of(made)),
                ("DELETE", path_of(made)),
                ("POST", path_of(made, "payments")),
                ("POST", path_of(made, "refunds")),
            ):
                answer = asker.send(method, path, {"amount": "1.00"} if method == "POST" else None)
                assert (answer.status_code, problem(answer)["code"]) == (404, "ticket_order_not_found"), (method, path)
        other = bought(event, 1, number=2)
        assert api.send("GET", path_of(made), token=token_of(other)).status_code == 404
        assert api.send("GET", path_of(made)).status_code == 401
        made.refresh_from_db()
        assert (made.status, made.paid_kobo) == (OrderStatus.CONFIRMED, 0)

    def test_is_not_sent_twice_until_something_happens_to_a_ticket(self, api, event):
        made = bought(event, 2)
        first = api.send("GET", path_of(made), token=token_of(made))
        etag = {"If-None-Match": first["ETag"]}
        assert api.send("GET", path_of(made), token=token_of(made), **etag).status_code == 304
        services.pass_on(ticket=one_of(made), name="Demo friend", by=Actor.diner(None))
        assert api.send("GET", path_of(made), token=token_of(made), **etag).status_code == 200


class TestCancelling:
    def test_in_time_gives_all_of_it_back(self, schema, api, event):
        made = bought(event, 2)
        answer = api.send("DELETE", path_of(made), token=token_of(made))
        body = check(schema, answer, "/api/ticket-orders/{id}", "delete")
        assert body["status"] == "cancelled"
        assert {each["state"] for each in body["tickets"]} == {"void"}

    def test_twice_is_no_move(self, schema, api, event):
        made = bought(event, 1)
        api.send("DELETE", path_of(made), token=token_of(made))
        again = api.send("DELETE", path_of(made), token=token_of(made))
        assert again.status_code == 409
        assert check(schema, again, "/api/ticket-orders/{id}", "delete")["code"] == "illegal_move"

    def test_too_late_for_the_buyer_and_not_for_staff_who_say_why(self, api, host, event):
        made = bought(event, 1)
        with time_machine.travel(at("13:00"), tick=True):
            late = api.send("DELETE", path_of(made), token=token_of(made))
            silent = host.send("DELETE", path_of(made))
            told = host.send("DELETE", f"{path_of(made)}?reason=The%20kitchen%20burnt.")
        assert (late.status_code, problem(late)["code"]) == (409, "tickets_too_late_to_give_back")
        assert (silent.status_code, problem(silent)["code"]) == (422, "booking_reason_missing")
        assert told.json()["status"] == "cancelled"
        assert TicketHistory.objects.latest("pk").reason == "The kitchen burnt."

    def test_what_somebody_came_in_with_stays(self, schema, api, event):
        TicketedEvent.objects.update(return_hours=0)
        made = bought(event, 2)
        with time_machine.travel(at("17:00"), tick=True):
            services.admit(event=event, code=one_of(made).code, by=staff_of(event.restaurant))
            answer = api.send("DELETE", path_of(made), token=token_of(made))
        assert answer.status_code == 409
        assert check(schema, answer, "/api/ticket-orders/{id}", "delete")["code"] in (
            "ticket_used_already",
            "tickets_too_late_to_give_back",
        )

    def test_hosts_who_may_only_look_do_not(self, place, event, monkeypatch):
        from accounts import states

        made = bought(event, 1)
        monkeypatch.setitem(states.ABILITIES, Role.HOST, frozenset({states.Ability.SEE_BOOKINGS}))
        looker = signed_in(member(place.pk, Role.HOST))
        assert looker.send("GET", path_of(made)).status_code == 200
        for method, path in (("DELETE", f"{path_of(made)}?reason=x"), ("POST", path_of(made, "payments"))):
            assert looker.send(method, path, {"amount": "1"} if method == "POST" else None).status_code == 403
        answer = looker.send("POST", f"/api/events/{event.public_id}/check-in", {"code": one_of(made).code})
        assert answer.status_code == 403


class TestTickets:
    def test_one_by_itself_for_its_buyer_and_for_staff(self, schema, api, host, event):
        made = bought(event, 1)
        ticket = one_of(made)
        path = f"/api/tickets/{ticket.public_id}"
        for answer in (
            api.send("GET", path, token=token_of(made)),
            api.send("GET", path, token=token_of(ticket)),
            host.send("GET", path),
        ):
            assert check(schema, answer, "/api/tickets/{id}")["code"] == ticket.code
        assert api.send("GET", path).status_code == 401
        assert signed_in(UserFactory()).send("GET", path).status_code == 404

    def test_passing_on_by_mail_shows_the_buyer_the_name_only(self, schema, api, event):
        made = bought(event, 2)
        ticket = one_of(made)
        asked = {"name": "Bola Adé", "email": "bola@example.com", "language": "yo"}
        answer = api.send("POST", f"/api/tickets/{ticket.public_id}/transfer", asked, token=token_of(made))

        body = check(schema, answer, "/api/tickets/{id}/transfer", "post")
        assert (body["id"], body["code"], body["handover"]) == (None, None, None)
        assert (body["holder"], body["passed_on"]) == ({"name": "Bola Adé"}, True)
        passed = Ticket.objects.get(pk=ticket.pk)
        seen = api.send("GET", path_of(made), token=token_of(made))
        for secret in (passed.code, str(passed.public_id), "bola@example.com", ticket.code):
            assert secret not in seen.content.decode()
        assert passed.holder_language == "yo"

    @pytest.mark.parametrize("mail", [{}, {"email": ""}, {"email": None}], ids=["left out", "empty", "null"])
    def test_without_a_mail_the_answer_opens_it_once(self, schema, api, event, mail):
        made = bought(event, 1)
        ticket = one_of(made)
        answer = api.send(
            "POST", f"/api/tickets/{ticket.public_id}/transfer", {"name": "Bola", **mail}, token=token_of(made)
        )
        handover = check(schema, answer, "/api/tickets/{id}/transfer", "post")["handover"]

        theirs = api.send("GET", f"/api/tickets/{handover['id']}", token=handover["token"])
        body = check(schema, theirs, "/api/tickets/{id}")
        assert body["code"] == Ticket.objects.get().code
        assert body["order"] is None
        assert handover["url"].endswith(handover["token"])
        assert api.send("GET", f"/api/tickets/{handover['id']}", token=token_of(made)).status_code == 404
        assert api.send("GET", f"/api/tickets/{ticket.public_id}", token=token_of(ticket)).status_code == 404
        further = api.send(
            "POST", f"/api/tickets/{handover['id']}/transfer", {"name": "Chidi"}, token=handover["token"]
        )
        assert further.json()["holder"] == {"name": "Chidi"}

    def test_a_holder_neither_gives_it_back_nor_sees_the_order(self, api, event):
        made = bought(event, 1)
        passed = services.pass_on(ticket=one_of(made), name="Bola", by=Actor.diner(None))
        answer = api.send("POST", f"/api/tickets/{passed.public_id}/return", {}, token=token_of(passed))
        assert (answer.status_code, problem(answer)["code"]) == (404, "ticket_not_found")
        assert api.send("GET", path_of(made), token=token_of(passed)).status_code == 404
        assert Ticket.objects.get().state == TicketState.VALID

    def test_the_house_sees_who_has_it_now(self, schema, host, event):
        made = bought(event, 1)
        services.pass_on(ticket=one_of(made), name="Bola", email="bola@example.com", by=Actor.diner(None))
        body = check(schema, host.send("GET", path_of(made)), "/api/ticket-orders/{id}")
        [ticket] = body["tickets"]
        assert ticket["holder"] == {"name": "Bola", "email": "bola@example.com"}
        assert ticket["code"] == Ticket.objects.get().code

    def test_staff_who_bought_it_themselves_act_for_the_house_once_it_is_passed_on(self, place, event):
        TicketedEvent.objects.update(may_be_passed_on=True)
        person = member(place.pk, Role.HOST)
        made = bought(event, 1, diner=person, by=Actor.diner(person))
        passed = services.pass_on(ticket=one_of(made), name="Bola", by=Actor.diner(person))
        signed_in(person).send("POST", f"/api/tickets/{passed.public_id}/transfer", {"name": "Chidi"})
        assert TicketHistory.objects.latest("pk").actor_kind == "staff"

    def test_the_same_key_passes_on_once_and_a_stranger_hears_it_again(self, api, event):
        made = bought(event, 1)
        path, key = f"/api/tickets/{one_of(made).public_id}/transfer", {"Idempotency-Key": str(uuid4())}
        first, second = (api.send("POST", path, {"name": "Bola"}, token=token_of(made), **key) for _ in range(2))
        assert second["Idempotency-Replayed"] == "true"
        assert first.json() == second.json()
        assert TicketHistory.objects.filter(deed=TicketDeed.PASSED_ON).count() == 1
        assert api.send("POST", path, {"name": "Bola"}, token=token_of(made)).status_code == 404

    def test_staff_who_left_hear_nothing_again(self, host, event):
        made = bought(event, 1)
        path, key = f"/api/tickets/{one_of(made).public_id}/transfer", {"Idempotency-Key": str(uuid4())}
        assert host.send("POST", path, {"name": "Bola"}, **key).status_code == 200
        Membership.objects.all().delete()
        assert host.send("POST", path, {"name": "Bola"}, **key).status_code == 404

    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({}, "#/name"),
            ({"name": 5}, "#/name"),
            ({"name": "x" * 101}, "#/name"),
            ({"name": "Bola", "email": "nowhere"}, "#/email"),
            ({"name": "Bola", "language": "klingon"}, "#/language"),
        ],
    )
    def test_nobody_in_particular_gets_none(self, api, event, asked, pointer):
        made = bought(event, 1)
        answer = api.send("POST", f"/api/tickets/{one_of(made).public_id}/transfer", asked, token=token_of(made))
        assert answer.status_code == 400
        assert pointers(answer) == [pointer]

    def test_refusals_of_passing_on(self, schema, api, place):
        kept = bought(event_at(place, may_be_passed_on=False), 1)
        unpaid = bought(event_at(place, paid_when=PaidWhen.BEFORE, room=EventRoom.NONE, name="Owambe"), 1)
        for made, code in ((kept, "ticket_not_transferable"), (unpaid, "ticket_not_valid")):
            path = f"/api/tickets/{one_of(made).public_id}/transfer"
            answer = api.send("POST", path, {"name": "Bola"}, token=token_of(made))
            assert answer.status_code == 409
            assert check(schema, answer, "/api/tickets/{id}/transfer", "post")["code"] == code

    def test_giving_one_back_keeps_the_others(self, schema, api, event):
        made = bought(event, 2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="T", by=staff_of(event.restaurant))
        ticket = one_of(made)
        answer = api.send("POST", f"/api/tickets/{ticket.public_id}/return", {}, token=token_of(made))
        body = check(schema, answer, "/api/tickets/{id}/return", "post")
        assert [each["state"] for each in body["tickets"]] == ["void", "valid"]
        assert (body["money"]["due"]["amount"], body["money"]["owed_back"]["amount"]) == ("5000.00", "5000.00")
        again = api.send("POST", f"/api/tickets/{ticket.public_id}/return", {}, token=token_of(made))
        assert (again.status_code, problem(again)["code"]) == (409, "ticket_not_valid")

    def test_a_table_goes_back_as_a_whole(self, api, event):
        made = order(event, Table=1, Ticket=1)
        table = made.tickets.filter(kind__name="Table").order_by("pk").last()
        body = api.send("POST", f"/api/tickets/{table.public_id}/return", {}, token=token_of(made)).json()
        assert sorted(each["state"] for each in body["tickets"]) == ["valid", *["void"] * 4]

    def test_staff_say_why(self, schema, host, event):
        ticket = one_of(bought(event, 2))
        path = f"/api/tickets/{ticket.public_id}/return"
        silent = host.send("POST", path, {})
        assert silent.status_code == 422
        assert check(schema, silent, "/api/tickets/{id}/return", "post")["code"] == "booking_reason_missing"
        assert host.send("POST", path, {"reason": "The guest called."}).status_code == 200

    def test_too_late_is_said(self, schema, api, event):
        made = bought(event, 1)
        with time_machine.travel(at("13:00"), tick=True):
            answer = api.send("POST", f"/api/tickets/{one_of(made).public_id}/return", {}, token=token_of(made))
        assert check(schema, answer, "/api/tickets/{id}/return", "post")["code"] == "tickets_too_late_to_give_back"


class TestTheDoor:
    def show(self, client: Api, event: TicketedEvent, code: Any, clock: str = "18:05", **headers: Any) -> Any:
        with time_machine.travel(at(clock), tick=True):
            return client.send("POST", f"/api/events/{event.public_id}/check-in", {"code": code}, **headers)

    def test_a_code_lets_in_and_says_whom(self, schema, host, event):
        made = bought(event, 1)
        code = one_of(made).code
        answer = self.show(host, event, f" {code[:4].lower()} {code[4:]}")
        body = check(schema, answer, "/api/events/{id}/check-in", "post")
        assert (body["state"], body["order_code"], body["buyer"]) == ("admitted", made.code, "Demo diner 1")

    def test_each_refusal_has_a_code_of_its_own(self, schema, host, place, event, paid_before):
        used, passed, given = (one_of(bought(event, 1, number=number)) for number in range(3))
        self.show(host, event, used.code)
        services.pass_on(ticket=passed, name="Bola", by=Actor.diner(None))
        services.cancel_order(order=given.order, by=Actor.diner(None))
        unpaid = one_of(bought(paid_before, 1))
        early = one_of(bought(event, 1, number=4))
        met = {}
        for ticket, where, clock in (
            (used, event, "18:05"),
            (passed, event, "18:05"),
            (given, event, "18:05"),
            (unpaid, paid_before, "18:05"),
            (early, event, "10:00"),
            (unpaid, event, "18:05"),
        ):
            code = Ticket.objects.get(pk=ticket.pk).code if ticket is not passed else passed.code
            answer = self.show(host, where, ticket.code if ticket is passed else code, clock)
            met[check(schema, answer, "/api/events/{id}/check-in", "post")["code"]] = answer.status_code
        assert met == {
            "ticket_used_already": 409,
            "ticket_passed_on": 409,
            "ticket_not_valid": 409,
            "ticket_not_paid": 409,
            "event_doors_not_open": 409,
            "ticket_not_found": 404,
        }

    @pytest.mark.parametrize("code", ["", 5, None, "x" * 201, "x\0"])
    def test_what_is_no_code(self, host, event, code):
        assert self.show(host, event, code).status_code == 400

    @pytest.mark.parametrize("code", ["' OR 1=1", "🎫🎫", "０１２３４５６７", "ABCDEFGH"])
    def test_what_is_nobodys_code(self, host, event, code):
        bought(event, 1)
        assert self.show(host, event, code).status_code == 404

    def test_the_same_key_lets_one_in(self, host, event):
        code, key = one_of(bought(event, 1)).code, {"Idempotency-Key": str(uuid4())}
        first, second = (self.show(host, event, code, **key) for _ in range(2))
        assert (first.status_code, second["Idempotency-Replayed"]) == (200, "true")
        assert problem(self.show(host, event, code))["code"] == "ticket_used_already"

    def test_is_for_staff_of_the_house(self, api, event):
        code = one_of(bought(event, 1)).code
        assert self.show(api, event, code).status_code == 401
        for person in (UserFactory(), member(house(name="Elsewhere").pk, Role.OWNER)):
            with time_machine.travel(at("18:05"), tick=True):
                answer = signed_in(person).send("POST", f"/api/events/{event.public_id}/check-in", {"code": code})
            assert (answer.status_code, problem(answer)["code"]) == (404, "event_not_found")
        assert Ticket.objects.get().state == TicketState.VALID

    def test_a_buyer_lets_nobody_in_and_takes_nothing_back(self, event):
        diner = UserFactory()
        ticket = one_of(bought(event, 1, diner=diner, by=Actor.diner(diner)))
        client = signed_in(diner)
        assert client.send("POST", f"/api/events/{event.public_id}/check-in", {"code": ticket.code}).status_code == 404
        assert client.send("POST", f"/api/tickets/{ticket.public_id}/undo-check-in").status_code == 404

    def test_an_admission_is_taken_back(self, schema, host, event):
        ticket = one_of(bought(event, 1))
        path = f"/api/tickets/{ticket.public_id}/undo-check-in"
        nobody = host.send("POST", path, WRONG_LINE)
        assert (nobody.status_code, problem(nobody)["code"]) == (409, "illegal_move")
        self.show(host, event, ticket.code)
        silent = host.send("POST", path, {})
        assert (silent.status_code, problem(silent)["code"]) == (422, "booking_reason_missing")
        body = check(schema, host.send("POST", path, WRONG_LINE), "/api/tickets/{id}/undo-check-in", "post")
        assert (body["state"], body["admitted_at"]) == ("valid", None)
        assert self.show(host, event, ticket.code).status_code == 200

    def test_also_of_a_ticket_that_was_passed_on(self, host, event):
        passed = services.pass_on(ticket=one_of(bought(event, 1)), name="Bola", by=Actor.diner(None))
        self.show(host, event, passed.code)
        assert host.send("POST", f"/api/tickets/{passed.public_id}/undo-check-in", WRONG_LINE).status_code == 200

    def test_asks_the_same_queries_however_many_have_come(self, host, event):
        codes = [each.code for number in range(6) for each in bought(event, 1, number=number).tickets.all()]
        self.show(host, event, codes[0])
        with CaptureQueriesContext(connection) as few:
            self.show(host, event, codes[1])
        for code in codes[2:5]:
            self.show(host, event, code)
        with CaptureQueriesContext(connection) as many:
            assert self.show(host, event, codes[5]).status_code == 200
        assert len(many) == len(few)

    def test_is_held_back_when_tried_too_often(self, host, event, monkeypatch):
        monkeypatch.setattr("bookings.limits.ADMIT", Limit("door.test", most=1, seconds=60))
        assert [self.show(host, event, "ABCDEFGH").status_code for _ in range(2)] == [404, 429]


class TestMoney:
    def test_all_of_it_confirms(self, schema, host, paid_before):
        made = bought(paid_before, 2)
        part = host.send("POST", path_of(made, "payments"), {"amount": "4000", "reference": "TRF-1"})
        assert check(schema, part, "/api/ticket-orders/{id}/payments", "post")["status"] == "held"
        rest = host.send("POST", path_of(made, "payments"), {"amount": "6,000.00", "reference": "TRF-2"})
        body = rest.json()
        assert (body["status"], body["money"]["paid"]["amount"]) == ("confirmed", "10000.00")
        assert TicketHistory.objects.filter(deed=TicketDeed.PAID, actor_kind="staff").count() == 2

    def test_one_reference_counts_once(self, host, paid_before):
        made = bought(paid_before, 2)
        for _again in range(2):
            body = host.send("POST", path_of(made, "payments"), {"amount": "4000", "reference": "TRF-1"}).json()
        assert body["money"]["paid"]["amount"] == "4000.00"

    def test_too_much_goes_back_and_no_more(self, schema, host, paid_before):
        made = bought(paid_before, 1)
        host.send("POST", path_of(made, "payments"), {"amount": "6000.00"})
        refused = host.send("POST", path_of(made, "refunds"), {"amount": "1000.01"})
        body = check(schema, refused, "/api/ticket-orders/{id}/refunds", "post")
        assert (refused.status_code, body["owed"]["amount"]) == (409, "1000.00")
        done = host.send("POST", path_of(made, "refunds"), {"amount": "1000.00", "reference": "B"})
        money = check(schema, done, "/api/ticket-orders/{id}/refunds", "post")["money"]
        assert (money["paid_back"]["amount"], money["owed_back"]["amount"]) == ("1000.00", "0.00")

    @pytest.mark.parametrize("what", ["payments", "refunds"])
    @pytest.mark.parametrize("amount", ["0", "-5.00"])
    def test_nothing_is_no_money(self, schema, host, paid_before, what, amount):
        made = bought(paid_before, 1)
        answer = host.send("POST", path_of(made, what), {"amount": amount})
        assert answer.status_code == 422
        body = check(schema, answer, f"/api/ticket-orders/{{id}}/{what}", "post")
        assert body["code"] == "booking_not_an_amount"

    @pytest.mark.parametrize("what", ["payments", "refunds"])
    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"amount": 5},
            {"amount": None},
            {"amount": "five"},
            {"amount": "9" * 20},
            {"amount": "10000000000001"},
            {"amount": "1.005"},
            {"amount": "1", "reference": "x" * 101},
            {"amount": "1", "reference": 7},
        ],
    )
    def test_what_makes_no_sense(self, host, paid_before, what, asked):
        made = bought(paid_before, 1)
        assert host.send("POST", path_of(made, what), asked).status_code == 400

    def test_is_for_staff(self, api, paid_before):
        diner = UserFactory()
        made = bought(paid_before, 1, diner=diner, by=Actor.diner(diner))
        for what in ("payments", "refunds"):
            path, asked = path_of(made, what), {"amount": "5000.00"}
            assert signed_in(diner).send("POST", path, asked).status_code == 404
            assert api.send("POST", path, asked, token=token_of(made)).status_code == 401
        made.refresh_from_db()
        assert (made.status, made.paid_kobo) == (OrderStatus.HELD, 0)

    def test_without_their_second_factor_staff_are_told_what_is_missing(self, place, event):
        from django.test import Client as Browser

        made = bought(event, 1)
        person = with_second_factor(member(place.pk, Role.HOST))
        browser = Browser(raise_request_exception=False)
        browser.force_login(person)
        answer = browser.get(path_of(made))
        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")


def test_staff_who_log_in_are_let_in(client, event):
    """What `signed_in` stands for: the session has shown the second factor."""
    log_in(client, member(event.restaurant_id, Role.HOST))
    assert client.get(path_of(bought(event, 1, guest=guest(7)))).status_code == 200
