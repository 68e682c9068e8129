"""Ticketed events: own capacity, holds that wait for the money, giving back, passing on, the door."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import UserFactory, member, with_second_factor
from bookings import errors, selectors, services, ticketing
from bookings.models import Block, HouseGuest, Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor
from bookings.states import EventRoom, EventStatus, OrderStatus, PaidWhen, TicketDeed, TicketState
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.ticket_factories import event_at, order, staff_of
from core.errors import DomainError, InvalidInput
from core.states import IllegalMove
from restaurants.models import Restaurant
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    """Ten guests at most: ten tickets for ₦5,000 each, or two tables of four for ₦18,000."""
    return event_at(place)


def now_of(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def host_of(restaurant_id: int) -> User:
    host = with_second_factor(member(restaurant_id, Role.HOST))
    host.passed_second_factor = True
    return host


def kind(event: TicketedEvent, name: str = "Ticket") -> TicketKind:
    return TicketKind.objects.get(event=event, name=name)


class TestPuttingOnSale:
    def test_takes_the_floor_from_ordinary_sale(self, place):
        assert any(slot.available for slot in selectors.slots_on(place.pk, tomorrow(), 2))
        event_at(place, starts_at=at("20:00"))
        free = [slot.starts_at for slot in selectors.slots_on(place.pk, tomorrow(), 2) if slot.available]
        assert free
        assert max(free) <= at("18:30")

    def test_takes_one_area_only_where_it_uses_one(self, place):
        terrace = AreaFactory(restaurant=place, name="Terrace")
        outside = TableFactory(restaurant=place, area=terrace, name="X1")
        event = event_at(place, room=EventRoom.AREA, area=terrace)
        assert event.block is not None
        assert list(event.block.allocations.values_list("table", flat=True)) == [outside.pk]
        assert book(place, "19:00").allocations.get().table_id != outside.pk

    def test_takes_nothing_for_a_room_of_its_own(self, place):
        assert event_at(place, room=EventRoom.NONE).block is None
        assert not Block.objects.exists()

    def test_is_refused_with_the_bookings_in_the_way(self, place):
        booking = book(place, "19:00")
        with pytest.raises(errors.BlockHitsBookings) as refused:
            event_at(place)
        assert [found["code"] for found in refused.value.details["bookings"]] == [booking.code]
        assert TicketedEvent.objects.get().status == EventStatus.DRAFT

    def test_takes_over_the_block_with_which_booked_tables_were_closed_for_it(self, place):
        booking = book(place, "19:00")
        closed = {"restaurant_id": place.pk, "starts_at": at("17:30"), "ends_at": at("23:30")}
        found = services.look_at_closing(**closed)
        block, _done = services.close_tables(
            **closed, reason="Event", seal=found.seal, told="We have an event.", by=staff_of(place)
        )
        event = event_at(place)
        assert event.block == block
        assert now_of(booking).status == "cancelled"
        services.call_off_event(event=event, reason="Rain.", by=staff_of(place))
        # The house closed them, and opens them again.
        assert Block.objects.get() == block

    def test_needs_a_time_to_come_and_something_to_sell(self, place):
        for wrong in ({"starts_at": timezone.now() - timedelta(hours=1)}, {"ends_at": at("19:00") + timedelta(days=3)}):
            with pytest.raises(InvalidInput):
                event_at(place, **wrong)
        with pytest.raises(InvalidInput):
            event_at(place, kinds=[])

    def test_twice_is_no_move(self, place, event):
        with pytest.raises(IllegalMove):
            services.put_on_sale(event=event, by=staff_of(place))


class TestOrdering:
    def test_draws_a_ticket_for_each_guest_with_a_code_of_its_own(self, event):
        made = order(event, Ticket=2, Table=1)
        tickets = list(made.tickets.order_by("place", "pk"))
        assert made.status == OrderStatus.CONFIRMED
        assert [ticket.place for ticket in tickets] == [1, 2, 3, 3, 3, 3]
        assert [ticket.units for ticket in tickets] == [1, 1, 1, 0, 0, 0]
        assert len({ticket.code for ticket in tickets}) == 6
        assert ticketing.due_kobo(made, tickets) == 2 * 500_000 + 1_800_000

    def test_stops_at_the_stock_of_a_kind(self, event):
        order(event, Table=1)
        order(event, Table=1, number=2)
        with pytest.raises(errors.TicketsSoldOut) as refused:
            order(event, Table=1, number=3)
        assert refused.value.details["left"] == {
            str(kind(event).public_id): 2,
            str(kind(event, "Table").public_id): 0,
        }

    def test_stops_at_the_capacity_of_the_event_over_all_kinds(self, event):
        order(event, Table=1)
        order(event, Ticket=6, number=2)
        with pytest.raises(errors.TicketsSoldOut):
            order(event, Ticket=1, number=3)
        with pytest.raises(errors.TicketsSoldOut):
            order(event, Table=1, number=3)

    def test_gives_the_same_order_for_the_same_key(self, event):
        key = uuid4()
        first = order(event, Ticket=2, request_key=key)
        assert order(event, Ticket=5, request_key=key).pk == first.pk
        assert Ticket.objects.count() == 2

    @pytest.mark.parametrize(
        ("asked", "refusal"),
        [
            ({}, errors.NoTicketsChosen),
            ({"Ticket": 0}, errors.NoTicketsChosen),
            ({"Ticket": -1}, errors.NoTicketsChosen),
            ({"Ticket": 9}, errors.TooManyTickets),
            ({"Ticket": 1, "seen_amount_kobo": 1}, errors.PriceHasChanged),
        ],
    )
    def test_refuses_what_cannot_be(self, event, asked, refusal):
        with pytest.raises(refusal):
            order(event, **asked)
        assert not TicketOrder.objects.exists()

    def test_knows_only_the_kinds_of_this_event(self, place, event):
        other = event_at(house(name="Elsewhere"), name="Another")
        with pytest.raises(errors.UnknownTicketKind):
            services.order_tickets(event=event, wanted={kind(other).public_id: 1}, guest=guest(), by=Actor.diner(None))

    def test_waits_for_the_sale_and_ends_with_it(self, event):
        event.sale_from, event.sale_until = timezone.now() + timedelta(hours=1), timezone.now() + timedelta(hours=2)
        event.save()
        for moment, is_open in ((0, False), (90, True), (150, False)):
            with time_machine.travel(timezone.now() + timedelta(minutes=moment), tick=True):
                assert ticketing.sale_is_open(event) is is_open
                if not is_open:
                    with pytest.raises(errors.NotOnSale):
                        order(event, Ticket=1)

    def test_staff_may_sell_before_the_sale_and_large_orders_but_never_more_than_there_is(self, place, event):
        event.sale_from = timezone.now() + timedelta(hours=1)
        event.save()
        by = staff_of(place)
        assert order(event, Ticket=9, by=by).status == OrderStatus.CONFIRMED
        with pytest.raises(errors.TicketsSoldOut):
            order(event, Ticket=2, by=by, number=2)

    def test_is_refused_to_a_guest_the_house_has_blocked(self, place, event):
        book(place, starts_at=at("19:00", tomorrow() + timedelta(days=1)))
        HouseGuest.objects.update(blocked_at=timezone.now(), block_reason="Broke every glass.")
        with pytest.raises(errors.NotTakenOnline):
            order(event, Ticket=1)
        assert order(event, Ticket=1, by=staff_of(place)).status == OrderStatus.CONFIRMED


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_thirty_two_buyers_of_ten_tickets_ten_get_one(self, place):
        event = event_at(place)

        def buy(number: int) -> str:
            try:
                return order(event, Ticket=1, number=number).status
            except DomainError as refused:
                return refused.code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as threads:
            answers = Counter(threads.map(buy, range(32)))
        assert answers == {OrderStatus.CONFIRMED: 10, "tickets_sold_out": 22}
        assert ticketing.sold_of_event(event).guests == 10

    def test_the_same_key_at_once_is_one_order(self, place):
        event, key = event_at(place), uuid4()

        def buy(_number: int) -> int:
            try:
                return order(event, Ticket=6, request_key=key).pk
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as threads:
            assert len(set(threads.map(buy, range(4)))) == 1
        assert TicketOrder.objects.count() == 1

    def test_one_code_at_two_doors_lets_one_in(self, place):
        event = event_at(place)
        code = order(event, Ticket=1).tickets.get().code
        by = staff_of(place)

        def show(_number: int) -> str:
            try:
                return services.admit(event=event, code=code, by=by).state
            except DomainError as refused:
                return refused.code
            finally:
                connections.close_all()

        with time_machine.travel(at("18:05"), tick=True), ThreadPoolExecutor(4) as threads:
            answers = Counter(threads.map(show, range(8)))
        assert answers == {TicketState.ADMITTED: 1, "ticket_used_already": 7}

    def test_giving_back_and_coming_in_at_once_is_one_of_both(self, place):
        event = event_at(place, return_hours=0)
        by = staff_of(place)
        for number in range(6):
            ticket = order(event, Ticket=1, number=number).tickets.get()

            def come_in(ticket: Ticket = ticket) -> str:
                try:
                    return services.admit(event=event, code=ticket.code, by=by).state
                except DomainError as refused:
                    return refused.code
                finally:
                    connections.close_all()

            def return_it(ticket: Ticket = ticket) -> str:
                try:
                    return services.cancel_order(order=ticket.order, by=Actor.diner(None)).status
                except DomainError as refused:
                    return refused.code
                finally:
                    connections.close_all()

            with time_machine.travel(at("17:30"), tick=True), ThreadPoolExecutor(2) as threads:
                answers = {each.result() for each in [threads.submit(come_in), threads.submit(return_it)]}
            assert answers in (
                {TicketState.ADMITTED, "ticket_used_already"},
                {"ticket_not_valid", OrderStatus.CANCELLED},
            )
            assert (now_of(ticket).state == TicketState.ADMITTED) == (
                now_of(ticket.order).status == OrderStatus.CONFIRMED
            )


class TestPaying:
    @pytest.fixture
    def event(self, place: Restaurant) -> TicketedEvent:
        return event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=40)

    def pay(self, made: TicketOrder, naira: int, reference: str = "TRF-1") -> TicketOrder:
        return services.receive_payment(
            order=made, amount_kobo=naira * 100, reference=reference, by=staff_of(made.event.restaurant)
        )

    def test_holds_the_places_until_the_money_comes(self, event):
        made = order(event, Ticket=8)
        assert made.status == OrderStatus.HELD
        with pytest.raises(errors.TicketsSoldOut):
            order(event, Ticket=3, number=2)
        assert self.pay(made, 40_000).status == OrderStatus.CONFIRMED

    def test_costs_nothing_and_is_confirmed_at_once(self, place):
        free = event_at(place, paid_when=PaidWhen.BEFORE, kinds=[("Ticket", 1, 0, 10)])
        assert order(free, Ticket=1).status == OrderStatus.CONFIRMED

    def test_part_of_the_money_does_not_confirm(self, event):
        made = order(event, Ticket=2)
        assert self.pay(made, 6_000).status == OrderStatus.HELD
        paid = self.pay(made, 4_000, "TRF-2")
        assert (paid.status, paid.paid_kobo) == (OrderStatus.CONFIRMED, 1_000_000)

    def test_one_reference_has_one_amount(self, event):
        made = order(event, Ticket=2)
        self.pay(made, 4_000)

        with pytest.raises(errors.ReferenceOfAnotherAmount, match="₦4,000"):
            self.pay(made, 6_000)

        made.refresh_from_db()
        assert made.paid_kobo == 400_000

    def test_one_reference_counts_once(self, event):
        made = order(event, Ticket=2)
        self.pay(made, 6_000)
        assert self.pay(made, 6_000).paid_kobo == 600_000
        assert made.history.filter(deed=TicketDeed.PAID).count() == 1

    def test_too_much_is_owed_back(self, event):
        made = self.pay(order(event, Ticket=1), 6_000)
        assert ticketing.owed_back_kobo(made, made.tickets.all()) == 100_000
        assert list(ticketing.orders_owed_back(TicketOrder.objects.all())) == [made]
        by = staff_of(event.restaurant)
        with pytest.raises(errors.MoreThanOwedBack):
            services.pay_back(order=made, amount_kobo=100_001, reference="B1", by=by)
        for _again in range(2):
            made = services.pay_back(order=made, amount_kobo=100_000, reference="B1", by=by)
        assert made.paid_back_kobo == 100_000
        assert not ticketing.orders_owed_back(TicketOrder.objects.all())

    @pytest.mark.parametrize("naira", [0, -5])
    def test_nothing_is_no_payment(self, event, naira):
        with pytest.raises(errors.NotAnAmount):
            self.pay(order(event, Ticket=1), naira)

    def test_a_hold_that_is_over_keeps_nothing_swept_or_not(self, event):
        made = order(event, Ticket=8)
        with time_machine.travel(timezone.now() + timedelta(minutes=41), tick=True):
            assert order(event, Ticket=8, number=2).status == OrderStatus.HELD
            assert services.release_unpaid_orders() == 1
            assert now_of(made).status == OrderStatus.EXPIRED
            assert services.release_unpaid_orders() == 0

    @pytest.mark.parametrize("is_swept", [True, False])
    def test_late_money_finds_its_places_again(self, event, is_swept):
        made = order(event, Ticket=8)
        with time_machine.travel(timezone.now() + timedelta(minutes=41), tick=True):
            if is_swept:
                services.release_unpaid_orders()
            assert self.pay(made, 40_000).status == OrderStatus.CONFIRMED
            assert ticketing.sold_of_event(event).guests == 8

    @pytest.mark.parametrize("is_swept", [True, False])
    def test_late_money_without_places_is_owed_back(self, event, is_swept):
        made = order(event, Ticket=8)
        with time_machine.travel(timezone.now() + timedelta(minutes=41), tick=True):
            if is_swept:
                services.release_unpaid_orders()
            order(event, Ticket=8, number=2)
            late = self.pay(made, 40_000)
            assert late.status == OrderStatus.EXPIRED
            assert ticketing.owed_back_kobo(late, late.tickets.all()) == 4_000_000
            assert ticketing.sold_of_event(event).guests == 8

    def test_a_ticket_that_is_not_paid_lets_nobody_in(self, event):
        ticket = order(event, Ticket=1).tickets.get()
        with time_machine.travel(at("18:00"), tick=True), pytest.raises(errors.TicketNotPaid):
            services.admit(event=event, code=ticket.code, by=staff_of(event.restaurant))


class TestGivingBack:
    def test_frees_the_place_and_owes_the_money_back(self, event):
        made = order(event, Ticket=2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="X", by=staff_of(event.restaurant))
        ticket = made.tickets.first()
        made = services.give_back(ticket=ticket, by=Actor.diner(None))
        assert made.status == OrderStatus.CONFIRMED
        assert ticketing.sold_of_event(event).guests == 1
        assert ticketing.owed_back_kobo(made, made.tickets.all()) == 500_000
        with pytest.raises(errors.TicketNotValid):
            services.give_back(ticket=now_of(ticket), by=Actor.diner(None))

    def test_is_for_a_whole_table(self, event):
        made = order(event, Ticket=1, Table=1)
        seat = made.tickets.filter(kind__name="Table").last()
        services.give_back(ticket=seat, by=Actor.diner(None))
        assert Counter(made.tickets.values_list("kind__name", "state")) == {
            ("Ticket", TicketState.VALID): 1,
            ("Table", TicketState.VOID): 4,
        }

    def test_of_the_last_place_cancels_the_order(self, event):
        made = order(event, Ticket=1)
        assert services.give_back(ticket=made.tickets.get(), by=Actor.diner(None)).status == OrderStatus.CANCELLED

    def test_ends_by_the_terms_that_were_accepted(self, event):
        made = order(event, Ticket=2)
        TicketedEvent.objects.filter(pk=event.pk).update(return_hours=0)
        with time_machine.travel(at("18:00") - timedelta(hours=5), tick=True):
            with pytest.raises(errors.TooLateToGiveBack):
                services.give_back(ticket=made.tickets.first(), by=Actor.diner(None))
            with pytest.raises(errors.TooLateToGiveBack):
                services.cancel_order(order=made, by=Actor.diner(None))
            with pytest.raises(errors.ReasonMissing):
                services.cancel_order(order=made, by=staff_of(event.restaurant))
            cancelled = services.cancel_order(order=made, by=staff_of(event.restaurant), reason="Ill.")
        assert cancelled.status == OrderStatus.CANCELLED
        assert ticketing.sold_of_event(event).guests == 0

    def test_is_not_for_whoever_has_come_in(self, event):
        made = order(event, Ticket=2)
        with time_machine.travel(at("18:00"), tick=True):
            services.admit(event=event, code=made.tickets.first().code, by=staff_of(event.restaurant))
            with pytest.raises(errors.TicketUsedAlready):
                services.cancel_order(order=made, by=staff_of(event.restaurant), reason="Ill.")


class TestPassingOn:
    def test_changes_name_and_code_and_draws_nothing(self, event):
        made = order(event, Ticket=2)
        before = made.tickets.first()
        after = services.pass_on(ticket=before, name="Demo friend", email="friend@example.com", by=Actor.diner(None))
        for act in (
            lambda: services.pass_on(ticket=before, name="Another friend", by=Actor.diner(None)),
            lambda: services.give_back(ticket=before, by=Actor.diner(None)),
            lambda: services.name_holder(ticket=before, name="Another friend"),
        ):
            # Found by its address before, and somebody else's by the time it is locked.
            with pytest.raises(errors.TicketWasPassedOn):
                act()
        assert (after.pk, after.holder_name) == (before.pk, "Demo friend")
        assert after.code != before.code
        assert after.public_id != before.public_id
        assert ticketing.sold_of_event(event).guests == 2
        with time_machine.travel(at("18:00"), tick=True):
            with pytest.raises(errors.TicketWasPassedOn):
                services.admit(event=event, code=before.code, by=staff_of(event.restaurant))
            assert services.admit(event=event, code=after.code, by=staff_of(event.restaurant)).pk == before.pk

    def test_is_refused_where_the_terms_do_not_have_it_except_by_staff(self, place):
        event = event_at(place, may_be_passed_on=False)
        ticket = order(event, Ticket=1).tickets.get()
        with pytest.raises(errors.NotTransferable):
            services.pass_on(ticket=ticket, name="Demo friend", by=Actor.diner(None))
        assert services.pass_on(ticket=ticket, name="Demo friend", by=staff_of(place)).holder_name == "Demo friend"

    def test_is_refused_once_used_given_back_or_unpaid(self, place, event):
        ticket = order(event, Ticket=1).tickets.get()
        services.cancel_order(order=ticket.order, by=Actor.diner(None))
        with pytest.raises(errors.TicketNotValid):
            services.pass_on(ticket=ticket, name="Demo friend", by=Actor.diner(None))
        held = event_at(house(name="Other"), paid_when=PaidWhen.BEFORE)
        with pytest.raises(errors.TicketNotValid):
            services.pass_on(ticket=order(held, Ticket=1).tickets.get(), name="Demo friend", by=Actor.diner(None))

    def test_naming_who_comes_keeps_the_code(self, event):
        ticket = order(event, Ticket=2).tickets.last()
        named = services.name_holder(ticket=ticket, name="Demo sister")
        assert (named.holder_name, named.code) == ("Demo sister", ticket.code)


class TestAtTheDoor:
    def admit(self, event: TicketedEvent, code: str, when: datetime | None = None) -> Ticket:
        with time_machine.travel(when or at("18:00"), tick=True):
            return services.admit(event=event, code=code, by=staff_of(event.restaurant))

    def test_a_code_lets_in_once(self, event):
        code = order(event, Ticket=1).tickets.get().code
        assert self.admit(event, f" {code[:4].lower()}-{code[4:]} ").state == TicketState.ADMITTED
        with pytest.raises(errors.TicketUsedAlready) as refused:
            self.admit(event, code, at("18:30"))
        assert "18:00" in str(refused.value) or "6:00" in str(refused.value)

    def test_an_admission_can_be_taken_back_and_made_again(self, event):
        ticket = self.admit(event, order(event, Ticket=1).tickets.get().code)
        services.undo_admission(ticket=ticket, by=staff_of(event.restaurant), reason="The wrong line.")
        assert self.admit(event, ticket.code).state == TicketState.ADMITTED
        with pytest.raises(IllegalMove):
            services.undo_admission(
                ticket=order(event, Ticket=1, number=2).tickets.get(),
                by=staff_of(event.restaurant),
                reason="The wrong line.",
            )

    @pytest.mark.parametrize("code", ["", "ABCDEFGH", "' OR 1=1", "🎫" * 40])
    def test_what_is_no_ticket_is_not_found(self, event, code):
        order(event, Ticket=1)
        with pytest.raises(errors.TicketNotFound):
            self.admit(event, code)

    def test_a_ticket_of_another_event_is_not_found(self, event):
        other = event_at(house(name="Elsewhere"))
        with pytest.raises(errors.TicketNotFound):
            self.admit(event, order(other, Ticket=1).tickets.get().code)

    def test_the_doors_open_hours_before_and_close_hours_after(self, event):
        code = order(event, Ticket=1).tickets.get().code
        for moment in (at("13:00"), at("23:00") + timedelta(hours=5)):
            with pytest.raises(errors.DoorsNotOpen) as refusal:
                self.admit(event, code, moment)
            if moment < event.starts_at:
                assert datetime.fromisoformat(refusal.value.details["opens_at"]) == event.starts_at - timedelta(hours=4)
                assert str(refusal.value).startswith("The door of this event opens ")

    def test_what_was_given_back_lets_nobody_in(self, event):
        made = order(event, Ticket=2)
        ticket = made.tickets.first()
        services.give_back(ticket=ticket, by=Actor.diner(None))
        with pytest.raises(errors.TicketNotValid):
            self.admit(event, ticket.code)


class TestMovingAndCallingOff:
    def test_moving_takes_the_floor_along(self, place, event):
        moved = services.move_event(
            event=event,
            starts_at=at("18:00") + timedelta(days=1),
            ends_at=at("23:00") + timedelta(days=1),
            reason="The band is late.",
            by=staff_of(place),
        )
        assert moved.block is not None
        assert moved.block.starts_at == at("18:00") + timedelta(days=1)
        assert Block.objects.count() == 1
        assert any(
            slot.available for slot in selectors.slots_on(place.pk, tomorrow(), 2) if slot.starts_at == at("19:00")
        )

    def test_moving_onto_bookings_moves_nothing(self, place, event):
        day = tomorrow() + timedelta(days=1)
        book(place, starts_at=at("19:00", day))
        with pytest.raises(errors.BlockHitsBookings):
            services.move_event(
                event=event, starts_at=at("18:00", day), ends_at=at("23:00", day), reason="Rain", by=staff_of(place)
            )
        assert now_of(event).starts_at == at("18:00")
        assert Block.objects.get().starts_at == at("18:00")

    def test_an_evening_that_is_over_cannot_be_called_off(self, place, event):
        order(event, Ticket=1)
        with time_machine.travel(at("23:01"), tick=True), pytest.raises(errors.EventIsOver):
            services.call_off_event(event=event, reason="Too late.", by=staff_of(place))

    def test_two_evenings_share_what_the_house_has_closed(self, place):
        services.block_tables(
            restaurant_id=place.pk,
            starts_at=at("12:00"),
            ends_at=at("12:00") + timedelta(days=3),
            reason="Renovation",
            by=staff_of(place),
        )
        day = timedelta(days=1)
        first = event_at(place)
        second = event_at(place, starts_at=at("18:00") + day, ends_at=at("22:00") + day)
        assert first.block == second.block
        services.call_off_event(event=first, reason="Rain.", by=staff_of(place))
        assert Block.objects.filter(reason="Renovation").exists()

    def test_calling_off_cancels_every_order_and_frees_the_floor(self, place, event):
        made = order(event, Ticket=2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="X", by=staff_of(place))
        with pytest.raises(errors.ReasonMissing):
            services.call_off_event(event=event, reason=" ", by=staff_of(place))
        services.call_off_event(event=event, reason="The band is ill.", by=staff_of(place))
        made = now_of(made)
        assert made.status == OrderStatus.CANCELLED
        assert ticketing.owed_back_kobo(made, made.tickets.all()) == 1_000_000
        assert not Block.objects.exists()
        assert book(place, "19:00")
        with pytest.raises(errors.NotOnSale):
            order(event, Ticket=1, number=2)

    def test_capacity_cannot_fall_below_what_is_sold(self, event):
        order(event, Ticket=3)
        with pytest.raises(errors.CapacityBelowSold) as refused:
            services.check_capacity(event.pk, capacity=2, stocks={})
        assert refused.value.details["kind"] == 0
        with pytest.raises(errors.CapacityBelowSold):
            services.check_capacity(event.pk, capacity=10, stocks={kind(event).pk: 2})
        services.check_capacity(event.pk, capacity=3, stocks={kind(event).pk: 3})


class TestWhoSeesWhat:
    def test_drafts_are_the_houses_own(self, place):
        event = event_at(place, on_sale=False)
        assert ticketing.event_by_public_id(event.public_id) is None
        assert not ticketing.events_of(place.pk)

    def test_orders_are_their_buyers(self, event):
        diner = UserFactory()
        made = order(event, Ticket=1, diner=diner, by=Actor.diner(diner))
        assert list(ticketing.orders_of(diner)) == [made]
        assert not ticketing.orders_of(UserFactory())
        assert list(ticketing.orders_staffed_by(host_of(event.restaurant_id))) == [made]
        assert not ticketing.orders_staffed_by(host_of(house(name="Other").pk))

    def test_the_history_tells_every_deed(self, event):
        made = order(event, Ticket=2)
        services.pass_on(ticket=made.tickets.first(), name="Demo friend", by=Actor.diner(None))
        services.give_back(ticket=made.tickets.last(), by=Actor.diner(None))
        assert list(TicketHistory.objects.order_by("pk").values_list("deed", flat=True)) == [
            TicketDeed.ORDERED,
            TicketDeed.PASSED_ON,
            TicketDeed.GIVEN_BACK,
        ]

    def test_what_is_left_is_counted_in_one_query(self, event, django_assert_num_queries):
        order(event, Ticket=3)
        with django_assert_num_queries(1):
            assert ticketing.sold_of([event.pk])[event.pk].guests == 3


class TestReminding:
    def test_each_order_once_a_day_before(self, event):
        order(event, Ticket=1)
        with time_machine.travel(at("18:00") - timedelta(hours=20), tick=True):
            order(event, Ticket=1, number=2)  # bought just now: they know
            TicketOrder.objects.order_by("pk").filter(guest_name="Demo diner 1").update(
                created_at=timezone.now() - timedelta(days=1)
            )
            assert services.send_event_reminders() == 1
            assert services.send_event_reminders() == 0
