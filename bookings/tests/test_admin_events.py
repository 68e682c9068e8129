"""Ticketed events in the back office: writing them down, putting on sale, moving, calling off, selling, the door."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.back_office import filled_in, wrong
from accounts.tests.factories import log_in, member
from bookings import access, services
from bookings.admin.event_door import code_in
from bookings.models import Block, Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor
from bookings.states import Channel, EventRoom, EventStatus, OrderStatus, PaidWhen, TicketDeed, TicketState
from bookings.tests.factories import at, book, tomorrow
from bookings.tests.ticket_factories import event_at, order, staff_of
from core.audit.models import AuditEvent
from restaurants.models import Restaurant
from restaurants.tests.factories import AreaFactory, house

pytestmark = pytest.mark.django_db

NOBODYS = "0b0e7a3c-1111-4222-8333-444455556666"
ADD = "admin:bookings_ticketedevent_add"


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    """Ten guests at most: ten tickets for ₦5,000 each, or two tables of four for ₦18,000."""
    return event_at(place)


@pytest.fixture
def draft(place: Restaurant) -> TicketedEvent:
    return event_at(place, on_sale=False)


def signed_in(restaurant: Restaurant, role: Role = Role.MANAGER) -> Client:
    client = Client()
    log_in(client, member(restaurant.pk, role))
    return client


@pytest.fixture
def manager(place: Restaurant) -> Client:
    return signed_in(place)


@pytest.fixture
def host(place: Restaurant) -> Client:
    return signed_in(place, Role.HOST)


def way(name: str, event: TicketedEvent) -> str:
    return reverse(f"admin:bookings_ticketedevent_{name}", args=[event.pk])


def seen(event: TicketedEvent) -> dict[str, Any]:
    return {"version": now_of(event).version}


def undo(event: TicketedEvent, ticket: Ticket) -> str:
    return reverse("admin:bookings_ticketedevent_undo", args=[event.pk, ticket.public_id])


def now_of(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def kind(event: TicketedEvent, name: str = "Ticket") -> TicketKind:
    return TicketKind.objects.get(event=event, name=name)


def kinds_form(*rows: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"kinds-TOTAL_FORMS": len(rows), "kinds-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"kinds-{number}-{name}": value for name, value in row.items()}
    return data


TICKET = {"name": "Ticket", "guests": 1, "price_kobo": "5,000", "stock": 40, "is_on_sale": "on", "position": 0}


def written(restaurant: Restaurant, **changes: Any) -> dict[str, Any]:
    day = tomorrow()
    return {
        "restaurant": restaurant.pk, "name": "Highlife night", "description": "Palm wine.", "room": "floor", "area": "",
        "starts_at": f"{day:%Y-%m-%d}T18:00", "ends_at": f"{day:%Y-%m-%d}T23:30", "capacity": 60, "minimum_age": 18,
        "sale_from": "", "sale_until": "", "most_per_order": 8, "paid_when": "before", "hold_minutes": 45,
        "payment_instructions": "Demo Bank 0000000000", "return_hours": 48, "may_be_passed_on": "on",
        **kinds_form(TICKET), **changes,
    }  # fmt: skip


class TestWritingDown:
    def test_makes_a_draft_with_its_kinds_by_the_houses_clock(self, place, manager) -> None:
        answer = manager.post(reverse(ADD), written(place))

        assert answer.status_code == 302, wrong(answer)
        event = TicketedEvent.objects.get()
        assert (event.status, event.starts_at, event.created_by is not None) == (EventStatus.DRAFT, at("18:00"), True)
        assert event.kinds.get().price_kobo == 500_000
        assert not Block.objects.exists()

    def test_by_the_clock_of_a_house_elsewhere(self) -> None:
        place = house(name="Banjul", time_zone="Africa/Banjul")
        client = signed_in(place)
        client.post(reverse(ADD), written(place))
        event = TicketedEvent.objects.get()

        # Banjul is an hour behind Lagos.
        assert event.starts_at == at("19:00")
        assert "T18:00" in client.get(way("change", event)).content.decode()

    @pytest.mark.parametrize(
        ("changes", "where"),
        [
            ({"starts_at": "tomorrow"}, "starts_at"),
            ({"starts_at": "9999-01-01T10:00"}, "starts_at"),
            ({"ends_at": "2020-01-01T10:00"}, "ends_at"),
            ({"room": "area"}, "area"),
            ({"capacity": "99999999999999999999"}, "capacity"),
            ({"capacity": 0}, "capacity"),
            ({"capacity": 5001}, "capacity"),
            ({"minimum_age": 26}, "minimum_age"),
            ({"hold_minutes": 4}, "hold_minutes"),
            ({"return_hours": 2161}, "return_hours"),
            ({"most_per_order": 0}, "most_per_order"),
            ({"name": " "}, "name"),
            ({"paid_when": "never"}, "paid_when"),
            (kinds_form({**TICKET, "price_kobo": "99999999999"}), "kinds-0-price_kobo"),
            (kinds_form({**TICKET, "price_kobo": "-1"}), "kinds-0-price_kobo"),
            (kinds_form({**TICKET, "stock": "5001"}), "kinds-0-stock"),
            (kinds_form({**TICKET, "guests": 0}), "kinds-0-guests"),
        ],
    )
    def test_says_what_is_wrong_beside_it(self, place, manager, changes, where) -> None:
        answer = manager.post(reverse(ADD), written(place, **changes))

        assert where in wrong(answer)
        assert not TicketedEvent.objects.exists()

    def test_knows_only_the_houses_own_areas(self, place, manager) -> None:
        elsewhere = AreaFactory(restaurant=house(name="Other"), name="Their terrace")

        answer = manager.post(reverse(ADD), written(place, room="area", area=elsewhere.pk))

        assert set(wrong(answer)) == {"area"}
        assert "Their terrace" not in manager.get(reverse(ADD)).content.decode()

    def test_is_not_a_hosts(self, place, host, event) -> None:
        assert host.get(reverse(ADD)).status_code == 403
        assert host.post(reverse(ADD), written(place)).status_code == 403
        page = host.get(way("change", event))
        assert page.status_code == 200
        assert 'name="capacity"' not in page.content.decode()
        assert "₦5,000" in page.content.decode()

    def test_a_draft_can_be_changed_and_deleted(self, manager, draft) -> None:
        where = way("change", draft)
        data = filled_in(manager.get(where), name="Juju night", **{"kinds-0-price_kobo": "6000"})

        assert manager.post(where, data).status_code == 302
        assert (now_of(draft).name, kind(draft).price_kobo) == ("Juju night", 600_000)
        assert manager.post(way("delete", draft), {"post": "yes"}).status_code == 302
        assert not TicketedEvent.objects.exists()


class TestOnSale:
    def test_is_put_there_with_what_it_takes(self, manager, draft) -> None:
        page = manager.get(way("put_on_sale", draft)).content.decode()
        assert "Ticket: ₦5,000" in page

        answer = manager.post(way("put_on_sale", draft), seen(draft))

        assert answer.status_code == 302
        assert now_of(draft).status == EventStatus.ON_SALE
        assert Block.objects.count() == 1
        # Twice is no move.
        assert manager.post(way("put_on_sale", draft), seen(draft)).status_code == 409

    def test_is_refused_with_the_bookings_in_the_way(self, place, manager, draft) -> None:
        booking = book(place, "19:00")

        answer = manager.post(way("put_on_sale", draft), seen(draft))

        assert answer.status_code == 409
        assert booking.code in answer.content.decode()
        assert now_of(draft).status == EventStatus.DRAFT

    def test_needs_something_to_sell(self, place, manager) -> None:
        bare = event_at(place, kinds=[], on_sale=False)

        answer = manager.post(way("put_on_sale", bare), seen(bare))

        assert answer.status_code == 400
        assert "Write down at least one kind" in answer.content.decode()

    def test_times_and_room_stand_whatever_is_sent(self, place, manager, event) -> None:
        where = way("change", event)
        page = manager.get(where)
        data = filled_in(page, capacity=12, starts_at="2027-06-01T10:00", room="none")

        assert 'name="starts_at"' not in page.content.decode()
        answer = manager.post(where, data)
        assert answer.status_code == 302, wrong(answer)
        changed = now_of(event)
        assert (changed.capacity, changed.starts_at, changed.room) == (12, at("18:00"), EventRoom.FLOOR)

    def test_never_less_than_is_sold(self, manager, event) -> None:
        order(event, Ticket=3)
        where = way("change", event)
        page = manager.get(where)

        assert "capacity" in wrong(manager.post(where, filled_in(page, capacity=2)))
        assert "kinds-0-stock" in wrong(manager.post(where, filled_in(page, **{"kinds-0-stock": 2})))
        assert (now_of(event).capacity, kind(event).stock) == (10, 10)
        assert manager.post(where, filled_in(page, capacity=3, **{"kinds-0-stock": 3})).status_code == 302

    def test_what_was_sold_stays_for_as_many_guests(self, manager, event) -> None:
        order(event, Table=1)
        where = way("change", event)
        data = filled_in(
            manager.get(where), **{"kinds-1-guests": 6, "kinds-1-price_kobo": "20000", "kinds-0-guests": 2}
        )

        assert manager.post(where, data).status_code == 302
        assert (kind(event, "Table").guests, kind(event, "Table").price_kobo) == (4, 2_000_000)
        assert kind(event).guests == 2

    def test_cannot_be_deleted_nor_can_its_kinds(self, manager, event) -> None:
        where = way("change", event)
        data = filled_in(manager.get(where), **{"kinds-0-DELETE": "on"})

        manager.post(where, data)
        assert kind(event)
        assert manager.post(way("delete", event), {"post": "yes"}).status_code == 403
        listed = reverse("admin:bookings_ticketedevent_changelist")
        manager.post(listed, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
        assert TicketedEvent.objects.filter(pk=event.pk).exists()

    def test_its_block_is_not_deleted_behind_its_back(self, manager, event) -> None:
        block = Block.objects.get()

        answer = manager.post(reverse("admin:bookings_block_delete", args=[block.pk]), {"post": "yes"})
        manager.post(
            reverse("admin:bookings_block_changelist"),
            {"action": "delete_selected", "_selected_action": [block.pk], "post": "yes"},
        )

        assert "Highlife night" in answer.content.decode()
        assert Block.objects.filter(pk=block.pk).exists()


class TestMoving:
    def moved(self, **changes: Any) -> dict[str, Any]:
        day = tomorrow() + timedelta(days=1)
        return {
            "starts_at": f"{day:%Y-%m-%d}T18:00",
            "ends_at": f"{day:%Y-%m-%d}T23:00",
            "reason": "The band is late.",
            **changes,
        }

    def test_tells_how_many_hear_of_it_and_moves(self, manager, event) -> None:
        order(event, Ticket=2)
        assert "1 order with 2 guests" in manager.get(way("move", event)).content.decode()

        answer = manager.post(way("move", event), self.moved() | seen(event))

        assert answer.status_code == 302
        assert now_of(event).starts_at == at("18:00") + timedelta(days=1)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [({"reason": ""}, 422), ({"ends_at": "x"}, 422), ({"starts_at": "2020-01-01T10:00"}, 422)],
    )
    def test_needs_a_reason_and_times(self, manager, event, changes, status) -> None:
        assert manager.post(way("move", event), self.moved(**changes) | seen(event)).status_code == status
        assert now_of(event).starts_at == at("18:00")

    def test_names_the_bookings_in_the_way(self, place, manager, event) -> None:
        booking = book(place, starts_at=at("19:00", tomorrow() + timedelta(days=1)))

        answer = manager.post(way("move", event), self.moved() | seen(event))

        assert answer.status_code == 409
        assert booking.code in answer.content.decode()
        assert "The band is late." in answer.content.decode()
        assert now_of(event).starts_at == at("18:00")

    def test_is_not_for_drafts_nor_hosts(self, manager, host, draft) -> None:
        assert manager.post(way("move", draft), self.moved() | seen(draft)).status_code == 409
        assert host.get(way("move", draft)).status_code == 404
        assert host.post(way("move", draft), self.moved() | seen(draft)).status_code == 404


class TestCallingOff:
    def test_says_what_it_means_and_does_it_once_somebody_is_sure(self, place, manager, event) -> None:
        made = order(event, Ticket=2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="X", by=staff_of(place))
        assert "₦10,000" in manager.get(way("call_off", event)).content.decode()

        unsure = manager.post(way("call_off", event), {"reason": "The band is ill."} | seen(event))
        assert (unsure.status_code, now_of(event).status) == (422, EventStatus.ON_SALE)
        answer = manager.post(way("call_off", event), {"reason": "The band is ill.", "is_sure": "on"} | seen(event))

        assert answer.status_code == 302
        assert (now_of(event).status, now_of(made).status) == (EventStatus.CALLED_OFF, OrderStatus.CANCELLED)
        assert (
            manager.post(way("call_off", event), {"reason": "Again", "is_sure": "on"} | seen(event)).status_code == 409
        )

    def test_leaves_a_page_that_is_only_read(self, place, manager, event) -> None:
        services.call_off_event(event=event, reason="Rain", by=staff_of(place))
        page = manager.get(way("change", event))

        assert 'name="name"' not in page.content.decode()
        assert manager.post(way("change", event), {"name": "Forged"}).status_code == 403
        assert now_of(event).name == "Highlife night"
        assert manager.get(way("guests", event)).status_code == 200

    def test_leads_to_the_money_that_goes_back(self, place, manager, event) -> None:
        for number, naira in ((1, 5_000), (2, 0)):
            made = order(event, Ticket=1, number=number)
            if naira:
                services.receive_payment(order=made, amount_kobo=naira * 100, reference="X", by=staff_of(place))
        assert "To be paid back" not in manager.get(way("change", event)).content.decode()

        services.call_off_event(event=event, reason="Rain", by=staff_of(place))

        page = manager.get(way("change", event))
        assert page.context["owed_back"] == 500_000
        assert "owed=yes" in page.content.decode()

    def test_of_an_address_that_is_no_key_is_not_found(self, manager) -> None:
        for name in ("put_on_sale", "move", "call_off", "sell", "guests", "door"):
            where = reverse(f"admin:bookings_ticketedevent_{name}", args=[10**30])
            assert manager.get(where).status_code == 404
            assert manager.post(where).status_code in (404, 405)


class TestSelling:
    def sold(self, event: TicketedEvent, key: Any = None, **changes: Any) -> dict[str, Any]:
        return {
            f"kind_{kind(event).public_id.hex}": 2, "name": "Ada Demo", "phone": "0803 123 4501", "email": "",
            "channel": "phone", "request_key": str(key or uuid4()), **changes,
        }  # fmt: skip

    def test_makes_one_order_however_often_it_is_sent(self, host, event) -> None:
        data = self.sold(event)

        answers = [host.post(way("sell", event), data) for _again in range(2)]

        made = TicketOrder.objects.get()
        assert {answer["Location"] for answer in answers} == {
            reverse("admin:bookings_ticketorder_change", args=[made.pk])
        }
        assert (made.status, made.channel, made.guest_phone) == (OrderStatus.CONFIRMED, Channel.PHONE, "+2348031234501")
        assert made.tickets.count() == 2

    @pytest.mark.parametrize("count", [0, "", 11, -1, "1" * 30, "two"])
    def test_refuses_what_cannot_be(self, host, event, count) -> None:
        answer = host.post(way("sell", event), self.sold(event, **{f"kind_{kind(event).public_id.hex}": count}))

        assert answer.status_code in (409, 422)
        assert not TicketOrder.objects.exists()

    def test_shows_nothing_of_another_houses_order_by_its_key(self, host, event) -> None:
        key = uuid4()
        other = order(event_at(house(name="Elsewhere")), Ticket=1, request_key=key)

        answer = host.post(way("sell", event), self.sold(event, key))

        assert answer.status_code == 409
        assert other.code not in answer.content.decode()

    def test_holds_what_is_paid_before(self, place, host) -> None:
        event = event_at(place, paid_when=PaidWhen.BEFORE)

        host.post(way("sell", event), self.sold(event))

        assert TicketOrder.objects.get().status == OrderStatus.HELD


class TestTheGuestList:
    def names(self, client: Client, event: TicketedEvent, asked: str = "") -> list[str]:
        return [ticket.holder_name for ticket, _owed in client.get(way("guests", event), {"q": asked}).context["rows"]]

    def test_names_everybody_with_what_they_owe_and_says_who_took_it(self, host, event) -> None:
        order(event, Ticket=2)
        page = host.get(way("guests", event))

        assert "Order owes" in page.content.decode()
        assert page.context["outstanding"] == 1_000_000
        assert AuditEvent.objects.filter(action="tickets.listed", target_id=str(event.public_id)).count() == 1

    def test_finds_by_name_code_phone(self, host, event) -> None:
        first, second = order(event, Ticket=1), order(event, Ticket=1, number=2)
        ticket = services.pass_on(ticket=second.tickets.get(), name="Ngozi", by=Actor.diner(None))

        assert self.names(host, event) == ["Demo diner 1", "Ngozi"]
        assert self.names(host, event, "ngo") == ["Ngozi"]
        assert self.names(host, event, ticket.code.lower()) == ["Ngozi"]
        assert self.names(host, event, first.code) == ["Demo diner 1"]
        assert self.names(host, event, "0803 123 4501") == ["Demo diner 1"]
        assert self.names(host, event, "nobody") == []

    def test_asks_as_many_queries_however_many_come(self, host, event, django_assert_max_num_queries) -> None:
        order(event, Ticket=1)
        host.get(way("guests", event))
        with django_assert_max_num_queries(20) as few:
            host.get(way("guests", event))
        for number in range(2, 8):
            order(event, Ticket=1, number=number)
        with django_assert_max_num_queries(len(few)):
            assert len(self.names(host, event)) == 7


class TestTheDoor:
    @pytest.fixture
    def ticket(self, event: TicketedEvent) -> Ticket:
        return order(event, Ticket=2).tickets.order_by("pk")[0]

    def show(self, client: Client, event: TicketedEvent, code: str, clock: str = "18:05") -> Any:
        with time_machine.travel(at(clock), tick=True):
            log_in(client, member(event.restaurant_id, Role.HOST))
            return client.post(way("door", event), {"code": code}, follow=True)

    def test_lets_in_and_says_so_large(self, host, event, ticket) -> None:
        answer = self.show(host, event, f" {ticket.code[:4].lower()} {ticket.code[4:]} ")

        page = answer.content.decode()
        assert "is-in" in page
        assert "Demo diner 1" in page
        assert "1 of 2 of this order are in" in page
        assert "Still to be paid" in page
        assert "autofocus" in page
        assert now_of(ticket).state == TicketState.ADMITTED

    def test_says_from_when_and_offers_nothing_before(self, event, ticket) -> None:
        whole = {"order": str(ticket.order.public_id)}
        with time_machine.travel(at("13:00"), tick=True):
            host = signed_in(event.restaurant, Role.HOST)
            pages = [host.get(way("door", event), whole), host.get(way("guests", event))]
            sent = host.post(way("door", event), {"code": ticket.code})
        for page in pages:
            assert ">Admit<" not in page.content.decode()
            assert "still to come</button>" not in page.content.decode()
        for page in (pages[0], sent):
            assert 'id="v-form"' not in page.content.decode()
            assert "The door opens " in page.content.decode()
            assert "2:00 pm: from then on guests can be let in here." in page.content.decode()
        assert sent.status_code == 409
        assert "The door of this event opens " in sent.content.decode()
        assert now_of(ticket).state == TicketState.VALID

        with time_machine.travel(at("16:00", event.starts_at.date()), tick=True):
            host = signed_in(event.restaurant, Role.HOST)
            open_pages = [host.get(way("door", event), whole), host.get(way("guests", event))]
        for page in open_pages:
            assert ">Admit<" in page.content.decode()
            assert "The door opens " not in page.content.decode()

    def test_reads_the_addresses_of_a_ticket(self, event, ticket) -> None:
        key = access.short_key("t", ticket.public_id)
        for scanned in (
            f"https://buka.example/w/{key}",
            f"buka.example/w/{key}?x=1",
            key,
            f"/en/tickets/{ticket.public_id}?token={access.token_for(ticket)}",
            ticket.code,
        ):
            assert code_in(scanned) == ticket.code, scanned

    def test_an_id_alone_is_no_code(self, event, ticket) -> None:
        for scanned in (
            str(ticket.public_id),
            f"https://buka.example/en/tickets/{ticket.public_id}/",
            f"/en/tickets/{ticket.public_id}?token=abc",
        ):
            assert code_in(scanned) != ticket.code, scanned

    @pytest.mark.parametrize(
        "scanned",
        [
            "",
            "/",
            "//",
            "https://",
            "http://[",
            "/w/",
            "/w/tAAAA",
            f"/tickets/{NOBODYS}/",
            "x" * 500,
            "🎫/🎫",
            "/w/" + "t" * 39,
        ],
    )
    def test_lets_nobody_in_for_what_is_no_ticket(self, host, event, ticket, scanned) -> None:
        answer = self.show(host, event, scanned)

        assert answer.status_code in (409, 422)
        assert "is-refused" in answer.content.decode()
        assert now_of(ticket).state == TicketState.VALID

    def test_the_key_of_something_else_is_no_ticket(self, host, event, ticket) -> None:
        assert self.show(host, event, f"/w/{access.short_key('o', ticket.public_id)}").status_code == 409

    def test_refuses_the_second_time_with_when_the_first_was(self, host, event, ticket) -> None:
        self.show(host, event, ticket.code)
        answer = self.show(host, event, ticket.code, "18:30")

        page = answer.content.decode()
        assert answer.status_code == 409
        assert "is-refused" in page
        assert "6:05" in page
        assert TicketHistory.objects.filter(deed=TicketDeed.ADMITTED).count() == 1

    def test_refuses_what_is_not_paid_with_the_way_to_pay(self, place, host) -> None:
        event = event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=4320)
        made = order(event, Ticket=1)

        page = self.show(host, event, made.tickets.get().code).content.decode()

        assert "is-refused" in page
        assert reverse("admin:bookings_ticketorder_payment", args=[made.pk]) in page

    def test_another_events_ticket_is_unknown_and_unnamed(self, host, event) -> None:
        other = order(event_at(house(name="Elsewhere")), Ticket=1, number=7)

        page = self.show(host, event, other.tickets.get().code).content.decode()

        assert "is-refused" in page
        assert "Demo diner 7" not in page

    def test_takes_back_what_was_pressed_wrongly(self, host, event, ticket) -> None:
        assert "Take back" in self.show(host, event, ticket.code).content.decode()

        sent = {"reason": "The wrong line.", "version": now_of(ticket).version}
        assert host.post(undo(event, ticket), sent).status_code == 302
        assert host.post(undo(event, ticket), sent).status_code == 412

        assert now_of(ticket).state == TicketState.VALID
        assert TicketHistory.objects.filter(deed=TicketDeed.ADMISSION_UNDONE).count() == 1

    def test_takes_back_nothing_else(self, host, event) -> None:
        nobodys = reverse("admin:bookings_ticketedevent_undo", args=[event.pk, NOBODYS])
        assert host.post(nobodys, {"reason": "x", "version": 1}).status_code == 404

    def test_takes_back_nobody_of_another_event(self, host, event) -> None:
        other = event_at(house(name="Elsewhere"))
        theirs = order(other, Ticket=1).tickets.get()
        with time_machine.travel(at("18:05"), tick=True):
            services.admit(event=other, code=theirs.code, by=staff_of(other.restaurant))

        sent = {"reason": "x", "version": now_of(theirs).version}
        assert host.post(undo(event, theirs), sent).status_code == 404
        assert now_of(theirs).state == TicketState.ADMITTED

    def test_shows_nobody_as_admitted_by_an_address(self, host, event, ticket) -> None:
        for asked in (str(ticket.public_id), "x", ""):
            assert "is-in" not in host.get(way("door", event), {"in": asked}).content.decode()


class TestTheList:
    def test_shows_how_each_stands_in_as_many_queries(self, place, manager, django_assert_max_num_queries) -> None:
        where = reverse("admin:bookings_ticketedevent_changelist")
        first = event_at(place, room=EventRoom.NONE)
        made = order(first, Ticket=3)
        services.receive_payment(order=made, amount_kobo=700_000, reference="", by=staff_of(place))
        page = manager.get(where).content.decode()
        assert "3 of 10" in page
        assert "₦7,000" in page
        with django_assert_max_num_queries(25) as few:
            manager.get(where)
        for number in range(2, 6):
            order(event_at(place, name=f"Night {number}", room=EventRoom.NONE), Ticket=1, number=number)

        with django_assert_max_num_queries(len(few)):
            assert "Night 5" in manager.get(where).content.decode()

    def test_filters_by_status(self, place, manager, draft) -> None:
        where = reverse("admin:bookings_ticketedevent_changelist")

        assert "Highlife night" in manager.get(where, {"status__exact": "draft"}).content.decode()
        assert "Highlife night" not in manager.get(where, {"status__exact": "on_sale"}).content.decode()


class TestToday:
    def test_has_the_events_of_the_day(self, place, host, event) -> None:
        order(event, Ticket=3)
        where = reverse("admin:today_day", args=[place.public_id])

        page = host.get(where, {"day": f"{tomorrow():%Y-%m-%d}"}).content.decode()

        assert "Highlife night" in page
        assert "3 of 10 sold" in page
        assert way("door", event) in page
        assert "Highlife night" not in host.get(where).content.decode()
        part = host.get(reverse("admin:today_events", args=[place.public_id]), {"day": f"{tomorrow():%Y-%m-%d}"})
        assert "3 of 10 sold" in part.content.decode()

    def test_says_who_has_not_paid(self, place, host) -> None:
        order(event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=4320), Ticket=1)

        page = host.get(reverse("admin:today_day", args=[place.public_id]), {"day": f"{tomorrow():%Y-%m-%d}"})

        assert "1 order waits for its payment" in page.content.decode()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_draft_saved_while_it_is_put_on_sale_stays_on_sale(self) -> None:
        place = house(name="Rooftop", tables=(2, 4))
        draft = event_at(place, on_sale=False)
        manager, by = signed_in(place), staff_of(place)
        where = way("change", draft)
        data = filled_in(manager.get(where), name="Juju night")

        def save() -> int:
            try:
                return int(manager.post(where, data).status_code)
            finally:
                connections.close_all()

        def sell() -> str:
            try:
                return services.put_on_sale(event=draft, by=by).status
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as threads:
            saved, sold = threads.submit(save), threads.submit(sell)
            assert (saved.result(), sold.result()) == (302, EventStatus.ON_SALE)

        changed = now_of(draft)
        assert (changed.status, changed.name, changed.block_id is not None) == (EventStatus.ON_SALE, "Juju night", True)
