"""The edge cases of the booking domain, each by its number and in a house of its own, through the services.

Every one has more tests beside what it is about; these are what a reader of the list looks for. Those about gateways
(of 8: a webhook before the redirect, a refund that fails) wait for payments.
"""

from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.privacy.models import Erasure
from accounts.privacy.services import erasing
from accounts.tests.factories import UserFactory, member
from bookings import errors, selectors, services, ticketing
from bookings.floor_view import TableState, day_on_the_floor
from bookings.models import (
    Advance,
    Booking,
    StandbyEntry,
    TableAllocation,
    Ticket,
    TicketedEvent,
    TicketKind,
    TicketOrder,
)
from bookings.recurring import Rule
from bookings.services import Actor
from bookings.states import StandbyStatus, Status
from bookings.tests.factories import at, book, guest, tomorrow, visit
from bookings.tests.ticket_factories import event_at, order
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant, SpecialDay, TableCombination, TurnTime
from restaurants.service_plan import plan_of
from restaurants.tests.factories import AreaFactory, ShiftFactory, TableFactory, house

pytestmark = pytest.mark.django_db

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# 10,000 naira a head before the visit; a table is held for three quarters of an hour.
DEPOSIT = {"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}


def desk(restaurant: Restaurant) -> Actor:
    return Actor.staff(member(restaurant.pk))


def diner(user: object = None) -> Actor:
    return Actor.diner(user)  # type: ignore[arg-type]


def tables_of(booking: Booking) -> list[str]:
    rows = TableAllocation.objects.filter(booking=booking, live=True).order_by("table__name")
    return list(rows.values_list("table__name", flat=True))


def free_clocks(restaurant: Restaurant, party_size: int = 2) -> list[str]:
    slots = selectors.slots_on(restaurant.pk, tomorrow(), party_size)
    zone = ZoneInfo(restaurant.time_zone)
    return [slot.starts_at.astimezone(zone).strftime("%H:%M") for slot in slots if slot.available]


class TestCase1TheLastTable:
    """With two, thirty-two and overlapping combinations at the same moment: bookings/tests/test_race.py."""

    def test_one_has_it_and_the_other_hears_of_other_times(self):
        restaurant = house(tables=(2,))
        book(restaurant)

        with pytest.raises(errors.NoTableFree) as refusal:
            book(restaurant, guest=guest(2))

        assert refusal.value.details["alternatives"]

    def test_a_member_that_is_booked_takes_each_combination_with_it(self):
        restaurant = house(tables=(2, 2, 2))
        for name, members in (("1+2", ["T1", "T2"]), ("2+3", ["T2", "T3"])):
            joined = TableCombination.objects.create(restaurant=restaurant, name=name, min_party=3, max_party=4)
            joined.tables.set(restaurant.tables.filter(name__in=members))
        middle = restaurant.tables.get(name="T2")
        book(restaurant, by=desk(restaurant), table_ids=[middle.pk])

        with pytest.raises(errors.NoTableFree):
            book(restaurant, party_size=4, guest=guest(2))


class TestCase2OneInsideTheOther:
    def test_a_short_stay_inside_a_long_one_and_the_reverse(self):
        restaurant = house(tables=(2,), turn_minutes=180, last_seating=time(22))
        TurnTime.objects.create(shift=restaurant.shifts.get(), up_to_party=1, minutes=30)
        book(restaurant, "19:00")

        with pytest.raises(errors.NoTableFree):
            book(restaurant, "20:00", party_size=1, guest=guest(2))
        services.cancel_booking(booking=Booking.objects.get(), by=diner())
        book(restaurant, "20:00", party_size=1, guest=guest(2))
        with pytest.raises(errors.NoTableFree):
            book(restaurant, "19:00", guest=guest(3))

    def test_ends_that_touch_do_not_clash_and_the_buffer_counts(self):
        touching = house(tables=(2,), turn_minutes=90)
        book(touching, "18:00")
        assert book(touching, "19:30", guest=guest(2)).status == Status.CONFIRMED

        laid_again = house(tables=(2,), turn_minutes=90, policy={"buffer_minutes": 15})
        book(laid_again, "18:00", guest=guest(3))
        assert "19:30" not in free_clocks(laid_again)
        assert "19:45" in free_clocks(laid_again)

    def test_the_buffer_after_the_last_party_may_run_past_the_end(self):
        restaurant = house(
            tables=(2,), turn_minutes=90, policy={"buffer_minutes": 30}, shift={"hard_close": time(22, 30)}
        )

        assert book(restaurant, "21:00").status == Status.CONFIRMED


class TestCase3WhatIsOverBlocksNothing:
    def test_cancelled_declined_and_expired(self):
        restaurant = house(tables=(2,), policy={"needs_approval": True})
        services.cancel_booking(booking=book(restaurant), by=diner())
        services.decline_request(booking=book(restaurant, guest=guest(2)), by=desk(restaurant), reason="A wedding")
        hold = services.hold_table(
            restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner(), hold_for=-1 * MINUTE
        )

        assert book(restaurant, guest=guest(3)).status == Status.REQUESTED
        hold.refresh_from_db()
        assert hold.status == Status.EXPIRED

    def test_a_no_show_frees_the_rest_of_its_turn(self):
        restaurant = house(tables=(2,), policy={"grace_minutes": 15})
        late = book(restaurant, "19:00")

        with time_machine.travel(at("19:16"), tick=True):
            services.mark_no_show(booking=late, by=desk(restaurant))
            assert book(restaurant, "19:30", guest=guest(2)).status == Status.CONFIRMED


class TestCase4FromFourToSix:
    def test_with_room_it_moves_to_a_larger_table(self):
        restaurant = house(tables=(4, 6))
        booking = book(restaurant, party_size=4)

        services.change_booking(booking=booking, party_size=6, by=diner())

        assert tables_of(booking) == ["T2"]

    @pytest.mark.parametrize("shift", [{}, {"max_covers_per_slot": 8}], ids=["no table", "the pacing"])
    def test_without_it_stays_four_and_is_told(self, shift):
        restaurant = house(tables=(4, 4, 6) if shift else (4, 6), shift=shift)
        booking = book(restaurant, party_size=4)
        # Five, who cannot change places with the four.
        book(restaurant, party_size=4 if shift else 5, guest=guest(2))

        with pytest.raises(errors.TooManyAtOnce if shift else errors.NoTableFree) as refusal:
            services.change_booking(booking=booking, party_size=6, by=diner())

        booking.refresh_from_db()
        assert (booking.party_size, booking.version, tables_of(booking)) == (4, 1, ["T1"])
        assert "alternatives" in refusal.value.details

    def test_the_deposit_grows_by_the_terms_that_were_accepted(self):
        restaurant = house(tables=(4, 6), policy=DEPOSIT)
        booking = book(restaurant, party_size=4)
        services.receive_deposit(booking=booking, amount_kobo=4_000_000, by=desk(restaurant))
        restaurant.policy.deposit_kobo_per_guest = 9_000_000
        restaurant.policy.save()

        services.change_booking(booking=booking, party_size=6, by=diner())

        advance = Advance.objects.get(booking=booking)
        assert (advance.amount_kobo, advance.missing_kobo) == (6_000_000, 2_000_000)
        assert Booking.objects.get().status == Status.CONFIRMED


class TestCase5ClocksOfTheHouse:
    def test_the_last_seating_sits_past_the_end_of_the_shift_but_not_past_a_hard_close(self):
        open_end = house(tables=(2,), last_seating=time(22, 30), turn_minutes=120)
        assert book(open_end, "22:30").ends_at == at("00:30", tomorrow() + DAY)

        closing = house(tables=(2,), last_seating=time(22, 30), turn_minutes=120, shift={"hard_close": time(23)})
        assert "22:30" not in free_clocks(closing)
        assert "21:00" in free_clocks(closing)

    def test_past_midnight_belongs_to_the_evening_before(self):
        restaurant = house(tables=(2,), first_seating=time(20), last_seating=time(1))

        booking = book(restaurant, starts_at=at("00:30", tomorrow() + DAY))

        assert booking.service_day == tomorrow()

    def test_nobody_is_seated_while_the_house_prays(self):
        restaurant = house(tables=(2,), first_seating=time(11), last_seating=time(12))
        ShiftFactory(restaurant=restaurant, name="Late lunch", first_seating=time(14, 30), last_seating=time(16))

        with pytest.raises(errors.NotASeatingTime):
            book(restaurant, "13:00")

    def test_a_brunch_that_runs_into_dinner_keeps_its_table(self):
        restaurant = house(tables=(2,), first_seating=time(11), last_seating=time(16), turn_minutes=150)
        ShiftFactory(restaurant=restaurant, name="Dinner", first_seating=time(17), last_seating=time(21))
        book(restaurant, "16:00")

        assert "18:15" not in free_clocks(restaurant)
        assert "18:30" in free_clocks(restaurant)


class TestCase6ThePlanChanges:
    def test_conflicts_are_listed_and_nobody_is_moved(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant, "21:00", party_size=4)

        shift = restaurant.shifts.get()
        shift.last_seating = time(20)
        shift.save()

        [found] = selectors.bookings_out_of_plan(restaurant.pk)
        assert (found.booking, found.reason) == (booking, "outside_shifts")
        booking.refresh_from_db()
        assert (booking.starts_at, tables_of(booking)) == (at("21:00"), ["T2"])


class TestCase7ADinerAbroad:
    def test_the_restaurants_clock_never_changes(self):
        """In London the clocks change on 28 March 2027; seven in Lagos is seven in Lagos before and after."""
        london, booked = ZoneInfo("Europe/London"), []
        with time_machine.travel(datetime(2027, 3, 20, 12, tzinfo=ZoneInfo("Africa/Lagos")), tick=True):
            restaurant = house(tables=(2,))
            for number in (27, 28):
                seven = at("19:00", date(2027, 3, number))
                booked.append(book(restaurant, starts_at=seven.astimezone(london), guest=guest(number)))

        assert [b.starts_at.astimezone(ZoneInfo("Africa/Lagos")).hour for b in booked] == [19, 19]
        assert [b.starts_at.astimezone(london).hour for b in booked] == [18, 19]


class TestCase8AHoldThatEndsWhileItIsFilledIn:
    def test_is_told_and_takes_no_table_from_who_came_meanwhile(self):
        restaurant = house(tables=(2,))
        hold = services.hold_table(
            restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner(), hold_for=timedelta(0)
        )
        book(restaurant, guest=guest(2))

        with pytest.raises(errors.HoldExpired):
            services.confirm_hold(hold=hold, guest=guest(), by=diner())


class TestCase8AHoldThatEndsWhileItIsPaid:
    def late(self, booking: Booking, **more: object) -> services.Receipt:
        by = desk(booking.restaurant)
        return services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=by, **more)  # type: ignore[arg-type]

    def test_the_money_takes_the_same_time_again(self):
        booking = book(house(tables=(2,), policy=DEPOSIT))

        with time_machine.travel(timezone.now() + 46 * MINUTE, tick=True):
            services.release_expired_holds()
            assert self.late(booking).booking.status == Status.CONFIRMED

    def test_or_goes_back_and_takes_no_table_from_who_came_meanwhile(self):
        restaurant = house(tables=(2,), policy=DEPOSIT)
        booking = book(restaurant)

        with time_machine.travel(timezone.now() + 46 * MINUTE, tick=True):
            other = book(restaurant, guest=guest(2))
            receipt = self.late(booking)

        assert (receipt.booking.status, receipt.advance.state) == (Status.EXPIRED, "owed_back")
        assert (tables_of(booking), tables_of(other)) == ([], ["T1"])

    def test_paid_twice_is_one_table_and_the_rest_goes_back(self):
        booking = book(house(tables=(2,), policy=DEPOSIT))

        self.late(booking, reference="A")
        self.late(booking, reference="A")
        receipt = self.late(booking, reference="B")

        assert (receipt.booking.status, receipt.owed_kobo) == (Status.CONFIRMED, 2_000_000)


class TestCase9TheOffer:
    @pytest.fixture
    def place(self) -> Restaurant:
        return house(tables=(2,), first_seating=time(19), last_seating=time(19))

    def offered(self, place: Restaurant) -> StandbyEntry:
        taken = book(place, guest=guest(8))
        entry = services.join_waitlist(
            restaurant_id=place.pk, earliest=at(), latest=at(), party_size=2, guest=guest(9), by=diner()
        )
        services.cancel_booking(booking=taken, by=diner())
        services.offer_next(restaurant_id=place.pk, day=tomorrow())
        entry.refresh_from_db()
        assert entry.status == StandbyStatus.OFFERED
        return entry

    def test_accepted_as_it_lapses_is_gone_and_the_table_sold_once(self, place):
        entry = self.offered(place)

        with time_machine.travel(entry.offer_expires_at, tick=True):
            with pytest.raises(errors.OfferGone):
                services.accept_offer(entry=entry, by=diner())
            assert book(place, guest=guest(10)).status == Status.CONFIRMED

    def test_the_table_cannot_be_sold_by_staff_meanwhile(self, place):
        entry = self.offered(place)

        with pytest.raises(errors.TableTaken):
            book(place, by=desk(place), guest=guest(10), table_ids=[place.tables.get().pk])
        assert services.accept_offer(entry=entry, by=diner()).status == Status.CONFIRMED

    def test_nothing_is_offered_once_it_has_begun(self, place):
        taken = book(place, guest=guest(8))
        services.join_waitlist(
            restaurant_id=place.pk, earliest=at(), latest=at(), party_size=2, guest=guest(9), by=diner()
        )

        with time_machine.travel(at() + MINUTE, tick=True):
            services.mark_left(booking=services.mark_arrived(booking=taken, by=desk(place)), by=desk(place))
            services.look_after_waiting()

        assert StandbyEntry.objects.get().status == StandbyStatus.CLOSED


class TestCase10TheWalkInAndTheVip:
    def test_a_walk_in_gets_a_table_due_in_forty_minutes_for_as_long_only(self):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00", guest=guest(2))
        host = desk(restaurant)

        with time_machine.travel(at("18:20"), tick=False):
            with pytest.raises(errors.BookingRefused):
                services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)
            walk_in = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host, minutes=40)

        assert walk_in.ends_at <= at("19:00")

    def test_a_party_that_sits_into_the_next_one_is_shown_before_it_comes(self):
        restaurant = house(tables=(2,))
        host = desk(restaurant)
        first, vip = book(restaurant, "18:00"), book(restaurant, "19:30", guest=guest(2))
        with time_machine.travel(at("18:00"), tick=False):
            services.seat_party(booking=first, by=host)

        day, moment = tomorrow(), at("19:35")
        with time_machine.travel(moment, tick=False):
            [table] = day_on_the_floor(plan_of(restaurant.pk), day).at(moment)
            with pytest.raises(errors.TableStillOccupied):
                services.seat_party(booking=vip, by=host)

        assert (table.state, table.is_pressed) == (TableState.OVER, True)


class TestCase11SentTwice:
    """Over HTTP, with other bodies under the same key: bookings/tests/test_api.py and test_booking_pages.py."""

    def test_makes_one_booking(self):
        restaurant, key = house(tables=(2, 2)), uuid4()

        first, second = (book(restaurant, request_key=key) for _press in range(2))

        assert first == second
        assert Booking.objects.count() == 1


class TestCase12TheSameEvening:
    def test_one_account_is_not_at_two_restaurants_at_once(self):
        ada = UserFactory()
        book(house(), diner=ada)

        with pytest.raises(errors.OverlapsOwnBooking):
            book(house(), "19:30", diner=ada)

    def test_a_desk_books_for_many_under_one_number(self):
        restaurant = house(tables=(2, 2))
        by = desk(restaurant)

        assert book(restaurant, by=by) != book(restaurant, by=by)


class TestCase13AGuestIsForgotten:
    """What is erased, table by table: tests/test_personal_data.py."""

    def test_the_booking_stays_countable_without_the_person(self, settings, tmp_path):
        settings.STORAGES = {
            **settings.STORAGES,
            "private": {**settings.STORAGES["private"], "OPTIONS": {"location": tmp_path, "base_url": None}},
        }
        ada, restaurant = UserFactory(), house(tables=(2,))
        booking = visit(restaurant, diner=ada, guest=guest(1))
        erasure = erasing.request_erasure(user=ada)
        Erasure.objects.filter(pk=erasure.pk).update(next_attempt_at=timezone.now())

        assert erasing.run(erasure_id=erasure.pk)

        booking.refresh_from_db()
        assert (booking.party_size, booking.status, booking.starts_at) == (2, Status.COMPLETED, at())
        assert (booking.guest_phone, booking.guest_email, booking.diner.is_active) == ("", "", False)
        assert guest(1).name not in booking.guest_name


class TestCase14EidIsADayLater:
    def test_the_day_and_what_is_booked_on_it_move_in_one_step_with_messages(self):
        restaurant = house(tables=(2,))
        special = SpecialDay.objects.create(restaurant=restaurant, date=tomorrow(), name="Eid", is_closed=True)
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + DAY))
        work_off_outbox()

        services.move_special_day(
            special_day=special, to=tomorrow() + DAY, by=desk(restaurant), reason="The moon was not seen."
        )
        work_off_outbox()

        booking.refresh_from_db()
        assert booking.starts_at == at("19:00")
        assert "The moon was not seen." in Message.objects.get(kind="booking.changed").body_text


class TestCase15APartnerIsBehind:
    """Over HTTP, by a partner app: bookings/tests/test_partner_apps.py."""

    def test_a_slot_that_is_sold_is_refused_with_others(self):
        restaurant = house(tables=(2,))
        book(restaurant)

        with pytest.raises(errors.NoTableFree) as refusal:
            book(restaurant, guest=guest(2), by=diner())

        assert at("20:30").isoformat() in [free["starts_at"] for free in refusal.value.details["alternatives"]]


class TestCase16ATableBreaks:
    """Seated parties, promised tables, races and the page: bookings/tests/test_closing_tables.py."""

    def test_nobody_is_bumped_silently_and_who_can_move_does(self):
        restaurant = house(tables=(2, 2))
        by = desk(restaurant)
        booking = book(restaurant)
        broken, other = (
            restaurant.tables.get(name=tables_of(booking)[0]),
            restaurant.tables.exclude(name=tables_of(booking)[0]).get(),
        )
        block = {
            "restaurant_id": restaurant.pk,
            "starts_at": at("18:00"),
            "ends_at": at("23:00"),
            "reason": "A leg broke",
            "by": by,
            "table_id": broken.pk,
        }

        with pytest.raises(errors.BlockHitsBookings) as refusal:
            services.block_tables(**block)
        assert refusal.value.details["bookings"]
        services.change_booking(booking=booking, by=by, table_ids=[other.pk])
        services.block_tables(**block)

        assert tables_of(booking) == [other.name]
        assert "19:00" not in free_clocks(restaurant)

    def test_the_terrace_closes_all_are_packed_anew_and_one_is_bumped_with_an_apology(self):
        restaurant = house(tables=(4, 2))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        for name in ("O1", "O2"):
            TableFactory(restaurant=restaurant, area=terrace, name=name, max_party=4)
        # The couple inside sits at the four, and moves to the two for those from the terrace.
        inside = book(restaurant, by=desk(restaurant), table_ids=[restaurant.tables.get(name="T1").pk])
        Booking.objects.update(is_locked=False)
        four = book(restaurant, party_size=4, area=terrace.public_id, guest=guest(2))
        three = book(restaurant, party_size=3, area=terrace.public_id, guest=guest(3))
        work_off_outbox()
        closed = {
            "restaurant_id": restaurant.pk,
            "starts_at": at("18:00"),
            "ends_at": at("23:00"),
            "area_id": terrace.pk,
        }

        found = services.look_at_closing(**closed)
        services.close_tables(
            **closed, reason="No power", seal=found.seal, told="Our generator failed.", points=300, by=desk(restaurant)
        )
        work_off_outbox()

        for booking in (four, three):
            booking.refresh_from_db()
        assert (tables_of(four), tables_of(inside)) == (["T1"], ["T2"])
        assert (three.status, three.is_late_cancellation) == (Status.CANCELLED, False)
        moved = Message.objects.get(kind="booking.changed")
        assert moved.recipient == four.guest_email and "Room" in moved.body_text
        apology = Message.objects.get(kind="booking.cancelled")
        assert apology.recipient == three.guest_email
        assert "Our generator failed." in apology.body_text and "300 points" in apology.body_text
        link = next(line for line in apology.body_text.splitlines() if "/book/?" in line)
        query = parse_qs(urlsplit(link).query)
        again = book(
            restaurant,
            starts_at=datetime.fromisoformat(query["starts_at"][0]),
            party_size=int(query["party"][0]),
            offer=query["offer"][0],
            guest=guest(3),
        )
        assert again.bonus_points == 300


class TestCase17AYearOfWeeks:
    def test_meets_a_closed_day_and_a_full_one(self):
        restaurant = house(tables=(2,), policy={"window_days": 60})
        week = timedelta(weeks=1)
        SpecialDay.objects.create(restaurant=restaurant, date=tomorrow() + 2 * week, name="Eid", is_closed=True)
        book(restaurant, starts_at=at("19:00", tomorrow() + week), guest=guest(9))
        ada = UserFactory()
        asked = {
            "restaurant_id": restaurant.pk,
            "rule": Rule(tomorrow(), time(19), count=50),
            "party_size": 2,
            "diner": ada,
            "guest": guest(),
            "by": diner(ada),
        }

        with pytest.raises(errors.SeriesRefused) as refusal:
            services.begin_series(**asked)

        refused = [each for each in refusal.value.details["dates"] if each["outcome"] == "refused"]
        assert [each["reason"] for each in refused] == ["booking_no_table_free", "booking_closed"]
        assert Booking.objects.count() == 1


class TestCase18TicketsThatChangeHands:
    def test_sold_out_then_more_then_passed_on_and_given_back_still_agree(self):
        restaurant = house(tables=(2,))
        event = event_at(restaurant, kinds=[("Ticket", 1, 500_000, 4)], capacity=4)
        first, second = order(event, Ticket=2), order(event, Ticket=2, number=2)
        with pytest.raises(errors.TicketsSoldOut):
            order(event, Ticket=1, number=3)

        kind = TicketKind.objects.get()
        services.check_capacity(event.pk, capacity=6, stocks={kind.pk: 6})
        TicketedEvent.objects.update(capacity=6)
        TicketKind.objects.update(stock=6)
        third = order(event, Ticket=1, number=3)
        before = first.tickets.first()
        after = services.pass_on(ticket=before, name="Demo friend", by=diner())
        for paid in (first, second, third):
            kobo = ticketing.due_kobo(paid, paid.tickets.all())
            services.receive_payment(order=paid, amount_kobo=kobo, reference="DEMO", by=desk(restaurant))
        services.give_back(ticket=second.tickets.first(), by=diner())

        event.refresh_from_db()
        kind.refresh_from_db()
        sold = ticketing.sold_of_event(event)
        assert (sold.guests, sold.left(event, kind)) == (4, 2)
        assert ticketing.guest_list(event).count() == 4
        assert Ticket.objects.count() == 5
        assert [each.code for each in ticketing.orders_owed_back(TicketOrder.objects.all())] == [second.code]
        with time_machine.travel(at("18:00"), tick=True):
            admitted = 0
            for ticket in Ticket.objects.all():
                try:
                    services.admit(event=event, code=ticket.code, by=desk(restaurant))
                    admitted += 1
                except errors.TicketNotValid:
                    assert ticket.state == "void"
            with pytest.raises(errors.TicketWasPassedOn):
                services.admit(event=event, code=before.code, by=desk(restaurant))
        assert (admitted, Ticket.objects.filter(state="admitted").count()) == (4, 4)
        assert after.pk == before.pk
