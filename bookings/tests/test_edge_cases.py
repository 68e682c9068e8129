"""The edge cases of the booking domain, each by its number and in a house of its own, through the services.

Every one has more tests beside what it is about; these are what a reader of the list looks for. Of 8, a gateway's own
order of events (a webhook before the redirect, a refund that it refuses) comes with the payments: until then the house
notes by hand what has come and gone, and money that comes twice, late or in parts is told apart here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.partners.services import grant_access
from accounts.partners.states import Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token
from accounts.privacy.models import Erasure
from accounts.privacy.services import erasing
from accounts.tests.factories import UserFactory, member
from bookings import access, errors, selectors, services, ticketing
from bookings.availability import Allocation, Occupancy, Reason, Slot, answer, best_seating, find_slot_time
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
from bookings.states import OrderStatus, PaidWhen, StandbyStatus, Status
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


@contextmanager
def refused_by_the_rule(
    refusal: type[errors.BookingRefused],
) -> Iterator["pytest.ExceptionInfo[errors.BookingRefused]"]:
    """Expect a refusal for want of room before any row is written: the database's constraint is the last line only."""
    with CaptureQueriesContext(connection) as queries, pytest.raises(refusal) as refused:
        yield refused
    assert not [each["sql"] for each in queries if each["sql"].startswith('INSERT INTO "bookings_')]


def combined(restaurant: Restaurant, *names: str, **fields: object) -> TableCombination:
    values = {"name": "+".join(names), "min_party": 3, "max_party": 4, **fields}
    joined = TableCombination.objects.create(restaurant=restaurant, **values)
    joined.tables.set(restaurant.tables.filter(name__in=names))
    return joined


def answered(restaurant: Restaurant, clock: str, *taken: tuple[str, str], party_size: int = 2) -> Slot:
    """Return the rules' answer for a time when the first table is taken from and until these clocks."""
    plan, moment = plan_of(restaurant.pk), at(clock)
    table = restaurant.tables.order_by("name").first()
    assert table is not None
    rows = [Allocation(table.pk, at(since), at(until), covers=2) for since, until in taken]
    slot = find_slot_time(plan, moment)
    assert not isinstance(slot, Reason)
    return answer(plan, slot, party_size, Occupancy.of(plan, tomorrow(), rows), now=timezone.now(), online=True)


def that_evening(alternatives: list[dict[str, str]]) -> list[str]:
    """Return those of tomorrow, by the restaurant's clock; tonight and the evening after may be near as well."""
    starts = [datetime.fromisoformat(each["starts_at"]) for each in alternatives]
    return [start.strftime("%H:%M") for start in starts if start.date() == tomorrow()]


class TestCase1TheLastTable:
    """With two, thirty-two and overlapping combinations at the same moment: bookings/tests/test_race.py."""

    def test_one_has_it_and_the_other_hears_of_other_times(self):
        restaurant = house(tables=(2,))
        book(restaurant)

        with refused_by_the_rule(errors.NoTableFree) as refusal:
            book(restaurant, guest=guest(2))

        assert that_evening(refusal.value.details["alternatives"]) == ["20:30", "20:45", "21:00"]

    def test_whoever_chooses_a_table_hears_which_is_taken(self):
        restaurant = house(tables=(2, 2))
        taken = restaurant.tables.get(name="T1")
        book(restaurant, by=desk(restaurant), table_ids=[taken.pk])

        with refused_by_the_rule(errors.TableTaken) as refusal:
            book(restaurant, by=desk(restaurant), table_ids=[taken.pk], guest=guest(2))

        assert refusal.value.details["tables"] == ["T1"]

    def test_one_and_two_against_two_and_three(self):
        restaurant = house(tables=(2, 2, 2))
        combined(restaurant, "T1", "T2")
        combined(restaurant, "T2", "T3")
        first = book(restaurant, party_size=4)

        with refused_by_the_rule(errors.NoTableFree) as refusal:
            book(restaurant, party_size=4, guest=guest(2))

        assert tables_of(first) == ["T1", "T2"]
        assert refusal.value.details["alternatives"]
        # The third table was never part of it.
        assert tables_of(book(restaurant, guest=guest(3))) == ["T3"]

    def test_a_member_that_is_booked_takes_each_combination_with_it(self):
        restaurant = house(tables=(2, 2, 2))
        combined(restaurant, "T1", "T2")
        combined(restaurant, "T2", "T3")
        middle = restaurant.tables.get(name="T2")
        book(restaurant, by=desk(restaurant), table_ids=[middle.pk])

        with refused_by_the_rule(errors.NoTableFree):
            book(restaurant, party_size=4, guest=guest(2))


class TestCase2OneInsideTheOther:
    def test_a_short_stay_inside_a_long_one_and_the_reverse(self):
        restaurant = house(tables=(2,), turn_minutes=180, last_seating=time(22))
        TurnTime.objects.create(shift=restaurant.shifts.get(), up_to_party=1, minutes=30)
        book(restaurant, "19:00")

        with refused_by_the_rule(errors.NoTableFree):
            book(restaurant, "20:00", party_size=1, guest=guest(2))
        services.cancel_booking(booking=Booking.objects.get(), by=diner())
        book(restaurant, "20:00", party_size=1, guest=guest(2))
        with refused_by_the_rule(errors.NoTableFree):
            book(restaurant, "19:00", guest=guest(3))

    @pytest.mark.parametrize(
        ("taken", "reason"),
        [
            (("18:30", "21:30"), Reason.NO_TABLE),
            (("19:30", "20:00"), Reason.NO_TABLE),
            (("19:00", "20:30"), Reason.NO_TABLE),
            (("18:00", "19:05"), Reason.NO_TABLE),
            (("20:25", "22:00"), Reason.NO_TABLE),
            (("18:00", "19:00"), None),
            (("20:30", "22:00"), None),
        ],
        ids=["inside", "around", "the same", "its begin", "its end", "touches before", "touches after"],
    )
    def test_the_rule_knows_every_way_to_overlap(self, taken, reason):
        restaurant = house(tables=(2,), turn_minutes=90)

        slot = answered(restaurant, "19:00", taken)

        assert slot.reason == reason

    def test_ends_that_touch_do_not_clash_and_the_buffer_counts(self):
        touching = house(tables=(2,), turn_minutes=90)
        book(touching, "18:00")
        assert book(touching, "19:30", guest=guest(2)).status == Status.CONFIRMED

        laid_again = house(tables=(2,), turn_minutes=90, policy={"buffer_minutes": 15})
        book(laid_again, "18:00", guest=guest(3))
        assert "19:30" not in free_clocks(laid_again)
        assert "19:45" in free_clocks(laid_again)

    def test_its_own_buffer_counts_before_who_comes_later(self):
        restaurant = house(tables=(2,), turn_minutes=90, policy={"buffer_minutes": 15})
        book(restaurant, "20:00")

        assert "18:15" in free_clocks(restaurant) and "18:30" not in free_clocks(restaurant)
        with refused_by_the_rule(errors.NoTableFree):
            book(restaurant, "18:30", guest=guest(2))
        with refused_by_the_rule(errors.TableTaken):
            book(restaurant, "18:30", guest=guest(2), by=desk(restaurant), table_ids=[restaurant.tables.get().pk])
        assert book(restaurant, "18:15", guest=guest(2)).status == Status.CONFIRMED

    def test_the_rule_keeps_the_buffer_before_who_comes_later(self):
        restaurant = house(tables=(2,), turn_minutes=90, policy={"buffer_minutes": 15})
        plan = plan_of(restaurant.pk)
        [table] = restaurant.tables.all()
        later = Occupancy.of(plan, tomorrow(), [Allocation(table.pk, at("20:00"), at("21:45"), covers=2)])

        def seated(clock: str, until: str) -> object:
            return best_seating(plan, later, starts_at=at(clock), until=at(until), party_size=2, online=True)

        assert answered(restaurant, "18:30", ("20:00", "21:45")).reason == Reason.NO_TABLE
        assert answered(restaurant, "18:15", ("20:00", "21:45")).available
        assert seated("18:30", "20:00") is None
        assert seated("18:15", "19:45") is not None

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
        """The table was promised and the other one, too: nobody can be moved to make the room."""
        restaurant = house(tables=(2, 2), policy={"grace_minutes": 15})
        host, tables = desk(restaurant), list(restaurant.tables.order_by("name"))
        # Read before the clock is moved to that evening, whose tomorrow is another.
        half_past = at("19:30")
        late, there = (
            book(restaurant, "19:00", by=host, table_ids=[table.pk], guest=guest(number))
            for number, table in enumerate(tables, start=1)
        )

        with time_machine.travel(at("19:16"), tick=True):
            with pytest.raises(errors.NoTableFree):
                book(restaurant, starts_at=half_past, guest=guest(3))
            services.mark_no_show(booking=late, by=host)
            assert tables_of(late) == []
            after = book(restaurant, starts_at=half_past, guest=guest(3))

        assert (tables_of(after), tables_of(there)) == (["T1"], ["T2"])

    def test_what_was_cancelled_frees_a_promised_table(self):
        restaurant = house(tables=(2,))
        host, [table] = desk(restaurant), restaurant.tables.all()
        booking = book(restaurant, by=host, table_ids=[table.pk])

        services.cancel_booking(booking=booking, by=host, reason="They called")

        assert tables_of(booking) == []
        assert book(restaurant, guest=guest(2), by=host, table_ids=[table.pk]).status == Status.CONFIRMED


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
    """The list as the back office shows it after each save: bookings/tests/test_admin_restaurant.py."""

    def left_as_it_was(self, booking: Booking, *tables: str) -> bool:
        """Tell whether nobody has moved, changed or been told of anything."""
        after = Booking.objects.get(pk=booking.pk)
        same = (after.starts_at, after.ends_at, after.status, after.version) == (
            booking.starts_at,
            booking.ends_at,
            booking.status,
            booking.version,
        )
        work_off_outbox()
        told = set(Message.objects.values_list("kind", flat=True)) - {"booking.confirmed"}
        return same and tables_of(booking) == list(tables) and not told

    def listed(self, restaurant: Restaurant) -> list[tuple[Booking, str, tuple[str, ...]]]:
        return [(each.booking, each.reason, each.tables) for each in selectors.bookings_out_of_plan(restaurant.pk)]

    def test_hours_shrink(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant, "21:00", party_size=4)
        book(restaurant, "19:00", guest=guest(2))

        restaurant.shifts.update(last_seating=time(20))
        restaurant.shifts.get().save()

        assert self.listed(restaurant) == [(booking, "outside_shifts", ())]
        assert self.left_as_it_was(booking, "T2")

    def test_the_house_closes_earlier(self):
        restaurant = house(tables=(2, 2), turn_minutes=90)
        booking, sooner = book(restaurant, "21:00"), book(restaurant, "20:00", guest=guest(2))

        shift = restaurant.shifts.get()
        shift.hard_close = time(22)
        shift.save()

        assert self.listed(restaurant) == [(booking, "past_hard_close", ())]
        assert self.left_as_it_was(booking, *tables_of(booking)) and self.left_as_it_was(sooner, *tables_of(sooner))

    def test_turn_times_grow(self):
        """Everybody keeps the stay that was promised; only who would run into the next is listed."""
        restaurant = house(tables=(2, 4), turn_minutes=90)
        first = book(restaurant, "18:00")
        second = book(
            restaurant, "19:30", guest=guest(2), by=desk(restaurant), table_ids=[restaurant.tables.get(name="T1").pk]
        )
        alone = book(restaurant, "18:00", party_size=4, guest=guest(3))

        turn = TurnTime.objects.get()
        turn.minutes = 120
        turn.save()

        assert self.listed(restaurant) == [(first, "turn_meets_next", ("T1",))]
        assert first.ends_at == at("19:30")
        for booking, table in ((first, "T1"), (second, "T1"), (alone, "T2")):
            assert self.left_as_it_was(booking, table)
        assert book(restaurant, "21:00", guest=guest(4)).ends_at == at("23:00")

    def test_a_table_goes_out_of_use(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant, party_size=4)
        book(restaurant, guest=guest(2))

        table = restaurant.tables.get(name="T2")
        table.is_active = False
        table.save()

        assert self.listed(restaurant) == [(booking, "table_not_in_use", ("T2",))]
        assert self.left_as_it_was(booking, "T2")

    def test_a_table_loses_seats(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant, party_size=4)
        book(restaurant, guest=guest(2))

        table = restaurant.tables.get(name="T2")
        table.max_party = 3
        table.save()

        assert self.listed(restaurant) == [(booking, "table_too_small", ("T2",))]
        assert self.left_as_it_was(booking, "T2")

    @pytest.mark.parametrize("by_hand", [False, True], ids=["by the rules", "chosen by people"])
    def test_a_table_turns_out_to_have_steps(self, by_hand):
        restaurant = house(tables=(2, 2))
        restaurant.tables.update(is_accessible=True)
        table = restaurant.tables.get(name="T1")
        table.save()
        chosen = {"by": desk(restaurant), "table_ids": [table.pk]} if by_hand else {}
        needs = book(restaurant, step_free=True, **chosen)
        book(restaurant, "20:30", guest=guest(2), by=desk(restaurant), table_ids=[table.pk])
        assert tables_of(needs) == ["T1"]

        table.is_accessible = False
        table.save()

        assert self.listed(restaurant) == [(needs, "table_has_steps", ("T1",))]
        assert self.left_as_it_was(needs, "T1")

    def test_a_held_table_is_listed_while_it_is_held(self):
        restaurant = house(tables=(2, 4))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=4, by=Actor.diner(None))

        table = restaurant.tables.get(name="T2")
        table.is_active = False
        table.save()

        assert self.listed(restaurant) == [(hold, "table_not_in_use", ("T2",))]
        later = timezone.now() + timedelta(minutes=11)
        assert selectors.bookings_out_of_plan(restaurant.pk, now=later) == []

    @pytest.mark.parametrize("by_hand", [False, True], ids=["by the rules", "chosen by people"])
    def test_tables_are_put_together_otherwise(self, by_hand):
        restaurant = house(tables=(2, 2, 2))
        joined = combined(restaurant, "T1", "T2")
        host = desk(restaurant)
        chosen = list(joined.tables.values_list("pk", flat=True))
        booking = book(restaurant, party_size=4, **({"by": host, "table_ids": chosen} if by_hand else {}))

        joined.tables.set(restaurant.tables.filter(name__in=["T2", "T3"]))
        joined.save()

        # What people put together for a party is theirs to judge.
        assert self.listed(restaurant) == ([] if by_hand else [(booking, "tables_not_joined", ("T1", "T2"))])
        assert self.left_as_it_was(booking, "T1", "T2")

    def test_a_table_is_carried_to_another_area(self):
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        table = TableFactory(restaurant=restaurant, area=terrace, name="O1", max_party=2)
        booking = book(restaurant, area=terrace.public_id)
        book(restaurant, guest=guest(2))

        table.area = restaurant.areas.get(name="Room")
        table.save()

        assert self.listed(restaurant) == [(booking, "other_area", ("O1",))]
        assert self.left_as_it_was(booking, "O1")

    def test_a_floor_plan_that_is_only_drawn_anew_troubles_nobody(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant)

        for table in restaurant.tables.all():
            table.x, table.y, table.rotation = 40, 60, 90
            table.save()

        assert self.listed(restaurant) == []
        assert self.left_as_it_was(booking, "T1")

    def test_a_day_is_closed(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant)
        book(restaurant, starts_at=at("19:00", tomorrow() + DAY), guest=guest(2))

        SpecialDay.objects.create(restaurant=restaurant, date=tomorrow(), name="Election", is_closed=True)

        assert self.listed(restaurant) == [(booking, "day_closed", ())]
        assert self.left_as_it_was(booking, "T1")


class TestCase7ADinerAbroad:
    """Of a diner in London, whose clock changes on the last Sundays of March and October while Lagos keeps its own."""

    @pytest.fixture(params=["March", "October"])
    def around(self, request):
        """Return the day before and the day of the change, booked as a browser in London asks for seven in Lagos."""
        london = ZoneInfo("Europe/London")
        days = {
            "March": (date(2027, 3, 27), date(2027, 3, 28)),
            "October": (date(2027, 10, 30), date(2027, 10, 31)),
        }[request.param]
        with time_machine.travel(at("12:00", days[0]) - 7 * DAY, tick=True):
            restaurant = house(tables=(2,), name="Rooftop")
            asked = [at("19:00", day).astimezone(london) for day in days]
            yield [book(restaurant, starts_at=moment, guest=guest(number)) for number, moment in enumerate(asked)]

    def test_seven_in_the_restaurant_is_seven_before_and_after(self, around):
        clocks = {
            zone: [booking.starts_at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for booking in around]
            for zone in ("Africa/Lagos", "Europe/London")
        }

        assert clocks["Africa/Lagos"] == ["19:00", "19:00"]
        # One of the two is an hour off for who sits in London: seven in winter would be six, in summer seven.
        assert sorted(clocks["Europe/London"]) == ["18:00", "19:00"]

    def test_the_page_says_the_restaurants_time_and_the_instant_for_their_own_clock(self, around, client):
        for booking in around:
            page = client.get(
                reverse("bookings:booking", args=[booking.public_id]), {"token": access.token_for(booking)}, follow=True
            ).content.decode()

            day = booking.starts_at.astimezone(ZoneInfo("Africa/Lagos"))
            assert "7:00 pm" in page and "8:30 pm" in page
            assert "6:00 pm" not in page and "8:00 pm" not in page
            assert 'data-zone="Africa/Lagos"' in page
            [own] = [part.split('"')[0] for part in page.split('data-own-time="')[1:]]
            assert datetime.fromisoformat(own) == day

    def test_the_mail_says_it_too(self, around):
        work_off_outbox()

        mails = Message.objects.filter(kind="booking.confirmed").order_by("pk")
        assert len(mails) == 2
        for mail in mails:
            assert "7:00 pm" in mail.body_text
            assert not [other for other in ("6:00 pm", "8:00 pm") if other in mail.body_text + mail.subject]

    def test_the_calendar_file_is_the_instant(self, around, client):
        work_off_outbox()

        for booking in around:
            client.get(reverse("bookings:booking", args=[booking.public_id]), {"token": access.token_for(booking)})
            text = client.get(reverse("bookings:calendar", args=[booking.public_id])).content
            [event] = Calendar.from_ical(text).walk("VEVENT")
            # In universal time, so that each calendar shows it by the clock of whoever looks, changed or not.
            assert b"DTSTART:" in text and event["DTSTART"].to_ical() == f"{booking.starts_at:%Y%m%d}T180000Z".encode()
            assert event["DTEND"].to_ical() == f"{booking.starts_at:%Y%m%d}T193000Z".encode()


class TestCase8AHoldThatEndsWhileItIsFilledIn:
    def test_is_told_and_takes_no_table_from_who_came_meanwhile(self):
        restaurant = house(tables=(2,))
        hold = services.hold_table(
            restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner(), hold_for=timedelta(0)
        )
        other = book(restaurant, guest=guest(2))

        with pytest.raises(errors.HoldExpired):
            services.confirm_hold(hold=hold, guest=guest(), by=diner())
        assert (tables_of(hold), tables_of(other)) == ([], ["T1"])

    def test_is_told_though_nobody_came_and_nothing_has_been_swept(self):
        """By the clock alone: the row still says that it is held."""
        restaurant = house(tables=(2,))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner())

        with time_machine.travel(hold.hold_expires_at, tick=False), pytest.raises(errors.HoldExpired):
            services.confirm_hold(hold=hold, guest=guest(), by=diner())

        hold.refresh_from_db()
        assert (hold.status, hold.guest_name) == (Status.HELD, "")
        assert not Message.objects.exists()

    def test_a_moment_before_it_is_theirs(self):
        restaurant = house(tables=(2,))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner())

        with time_machine.travel(hold.hold_expires_at - timedelta(seconds=1), tick=False):
            booking = services.confirm_hold(hold=hold, guest=guest(), by=diner())

        assert (booking.status, tables_of(booking)) == (Status.CONFIRMED, ["T1"])


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
        assert Advance.objects.get().received_kobo == 4_000_000

    def test_a_part_in_time_and_the_rest_too_late_goes_back_whole(self):
        restaurant = house(tables=(2,), policy=DEPOSIT)
        booking, by = book(restaurant), desk(restaurant)
        services.receive_deposit(booking=booking, amount_kobo=500_000, by=by, reference="A")

        with time_machine.travel(timezone.now() + 46 * MINUTE, tick=True):
            book(restaurant, guest=guest(2))
            receipt = services.receive_deposit(booking=booking, amount_kobo=1_500_000, by=by, reference="B")

        assert (receipt.booking.status, receipt.owed_kobo) == (Status.EXPIRED, 2_000_000)

    def test_a_part_that_comes_late_takes_no_table(self):
        restaurant = house(tables=(2,), policy=DEPOSIT)
        booking = book(restaurant)

        with time_machine.travel(timezone.now() + 46 * MINUTE, tick=True):
            receipt = services.receive_deposit(
                booking=booking, amount_kobo=1_999_999, by=desk(restaurant), reference="A"
            )

        assert (receipt.booking.status, receipt.owed_kobo) == (Status.EXPIRED, 1_999_999)
        assert tables_of(booking) == []


class TestCase8PartGoesBackAndThenItIsCancelled:
    def test_of_a_deposit_what_went_back_is_not_owed_again(self):
        """Paid twice and once given back; then the house cancels, and owes what it still has, no more."""
        restaurant = house(tables=(2,), policy=DEPOSIT)
        booking, by = book(restaurant), desk(restaurant)
        for reference in ("A", "B"):
            services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=by, reference=reference)
        services.return_deposit(booking=booking, by=by, reference="BACK-1")

        services.cancel_booking(booking=booking, by=by, reason="No power")

        advance = Advance.objects.get()
        assert (advance.state, advance.owed_kobo, advance.returned_kobo) == ("owed_back", 2_000_000, 2_000_000)
        services.return_deposit(booking=booking, by=by, reference="BACK-2")
        advance.refresh_from_db()
        assert (advance.state, advance.owed_kobo, advance.returned_kobo) == ("returned", 0, 4_000_000)
        with pytest.raises(errors.NothingOwedBack):
            services.return_deposit(booking=booking, by=by, reference="BACK-3")

    def test_of_tickets_what_went_back_is_not_owed_again(self):
        event = event_at(house(tables=(2,)), kinds=[("Ticket", 1, 500_000, 4)], paid_when=PaidWhen.BEFORE)
        by, made = desk(event.restaurant), order(event, Ticket=2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="A", by=by)
        services.give_back(ticket=made.tickets.first(), by=diner())
        made = services.pay_back(order=made, amount_kobo=500_000, reference="BACK-1", by=by)

        made = services.cancel_order(order=made, by=by, reason="No power")

        assert made.status == OrderStatus.CANCELLED
        assert ticketing.owed_back_kobo(made, made.tickets.all()) == 500_000
        with pytest.raises(errors.MoreThanOwedBack):
            services.pay_back(order=made, amount_kobo=500_001, reference="BACK-2", by=by)
        made = services.pay_back(order=made, amount_kobo=500_000, reference="BACK-2", by=by)
        assert ticketing.owed_back_kobo(made, made.tickets.all()) == 0
        assert ticketing.sold_of_event(event).guests == 0


class TestCase9TheOffer:
    """Accepted at the moment it lapses, with connections of their own: bookings/tests/test_race.py."""

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
    @pytest.fixture
    def due(self) -> Restaurant:
        """One table, which somebody has from seven."""
        restaurant = house(tables=(2,))
        book(restaurant, "19:00", guest=guest(2))
        return restaurant

    @pytest.mark.parametrize("is_chosen", [False, True], ids=["by the rules", "chosen by the host"])
    def test_a_table_due_in_forty_minutes_is_refused_for_a_usual_turn(self, due, is_chosen):
        chosen = {"table_ids": [due.tables.get().pk]} if is_chosen else {}

        with (
            time_machine.travel(at("18:20"), tick=False),
            refused_by_the_rule(errors.TableTaken if is_chosen else errors.NoTableFree),
        ):
            services.seat_walk_in(restaurant_id=due.pk, party_size=2, by=desk(due), **chosen)

        assert Booking.objects.count() == 1

    @pytest.mark.parametrize("is_chosen", [False, True], ids=["by the rules", "chosen by the host"])
    def test_and_given_for_as_long_as_it_is_free(self, due, is_chosen):
        host, seven = desk(due), at("19:00")
        chosen = {"table_ids": [due.tables.get().pk]} if is_chosen else {}

        with time_machine.travel(at("18:20"), tick=False):
            with refused_by_the_rule(errors.TableTaken if is_chosen else errors.NoTableFree):
                services.seat_walk_in(restaurant_id=due.pk, party_size=2, by=host, minutes=41, **chosen)
            walk_in = services.seat_walk_in(restaurant_id=due.pk, party_size=2, by=host, minutes=40, **chosen)

        assert (walk_in.status, walk_in.ends_at) == (Status.SEATED, seven)

    def test_the_buffer_before_the_next_is_kept_from_the_walk_in(self):
        restaurant = house(tables=(2,), policy={"buffer_minutes": 10})
        book(restaurant, "19:00", guest=guest(2))
        host = desk(restaurant)

        with time_machine.travel(at("18:20"), tick=False):
            with refused_by_the_rule(errors.NoTableFree):
                services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host, minutes=40)
            services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host, minutes=30)

    def test_a_free_table_comes_before_one_that_is_due(self):
        restaurant = house(tables=(2, 4))
        [small, large] = restaurant.tables.order_by("name")
        host = desk(restaurant)
        book(restaurant, "19:00", by=host, table_ids=[small.pk])

        with time_machine.travel(at("18:20"), tick=False):
            walk_in = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)

        assert tables_of(walk_in) == [large.name]

    def test_a_party_that_sits_into_the_next_is_told_before_it_comes_with_another_table(self):
        restaurant = house(tables=(2, 2))
        first_table, other = restaurant.tables.order_by("name")
        host = desk(restaurant)
        chosen = {"by": host, "table_ids": [first_table.pk]}
        first, vip = book(restaurant, "18:00", **chosen), book(restaurant, "19:45", guest=guest(2), **chosen)
        with time_machine.travel(at("18:00"), tick=False):
            services.seat_party(booking=first, by=host)

        day, moment = tomorrow(), at("19:35")
        with time_machine.travel(moment, tick=False):
            floor = day_on_the_floor(plan_of(restaurant.pk), day)
            view = next(each for each in floor.at(moment) if each.table.name == "T1")
            # Ten minutes before: it sits beyond its time, and who comes next is named.
            assert (view.state, view.next.booking) == (TableState.OVER, vip)
            assert [table.name for table in floor.free_for(view.next)] == ["T1", "T2"]
            moved = services.change_booking(booking=vip, by=host, table_ids=[other.pk])
        with time_machine.travel(moment + 15 * MINUTE, tick=False):
            services.seat_party(booking=moved, by=host)

        assert (tables_of(first), tables_of(vip)) == (["T1"], ["T2"])

    def test_who_is_seated_late_is_refused_a_table_that_is_sat_at_and_seated_at_another(self):
        restaurant = house(tables=(2, 2))
        first_table, other = restaurant.tables.order_by("name")
        host = desk(restaurant)
        chosen = {"by": host, "table_ids": [first_table.pk]}
        first, vip = book(restaurant, "18:00", **chosen), book(restaurant, "19:30", guest=guest(2), **chosen)
        with time_machine.travel(at("18:00"), tick=False):
            services.seat_party(booking=first, by=host)

        day, moment = tomorrow(), at("19:35")
        with time_machine.travel(moment, tick=False):
            floor = day_on_the_floor(plan_of(restaurant.pk), day)
            view = next(each for each in floor.at(moment) if each.table.name == "T1")
            turn = floor.turn_of(vip)
            with pytest.raises(errors.TableStillOccupied) as refusal:
                services.seat_party(booking=vip, by=host)
            free = [table.name for table in floor.free_for(turn)]
            seated = services.seat_party(booking=vip, by=host, table_ids=[other.pk])

        assert (view.state, view.is_pressed) == (TableState.OVER, True)
        assert refusal.value.details["tables"] == ["T1"]
        assert free == ["T2"]
        assert (seated.status, tables_of(seated)) == (Status.SEATED, ["T2"])


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
    """Its calendar has a time free that is sold here. More by partner apps: bookings/tests/test_partner_apps.py."""

    def ask(self, client: Client, restaurant: Restaurant, clock: str, headers: dict[str, str]) -> object:
        body = {
            "restaurant": str(restaurant.public_id),
            "starts_at": at(clock).isoformat(),
            "party_size": 2,
            "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567"},
        }
        return client.post("/api/bookings", body, content_type="application/json", headers=headers)

    def test_a_slot_that_is_sold_is_refused_with_others_of_which_each_can_be_had(self, client):
        restaurant = house(tables=(2,))
        app, secret = an_app()
        grant_access(app=app, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE], by=None)
        headers = bearing(fetch_token(app, secret))
        ours = book(restaurant)

        answer = self.ask(client, restaurant, "19:00", headers)

        assert answer.status_code == 409, answer.content
        problem = answer.json()
        assert problem["code"] == "booking_no_table_free"
        assert that_evening(problem["alternatives"]) == ["20:30", "20:45", "21:00"]
        assert [*Booking.objects.all()] == [ours]

        second = self.ask(client, restaurant, "20:30", headers)
        assert second.status_code == 201, second.content
        theirs = Booking.objects.exclude(pk=ours.pk).get()
        assert (theirs.starts_at, tables_of(theirs), tables_of(ours)) == (at("20:30"), ["T1"], ["T1"])


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

        named = {table.pk: table.name for table in restaurant.tables.all()}
        found = services.look_at_closing(**closed)
        # A look says who would move where, who is bumped and who makes room for it, and does none of it.
        assert {each.booking: [named[pk] for pk in each.to or ()] for each in found.in_the_way} == {
            four: ["T1"],
            three: [],
        }
        assert ([each.booking for each in found.bumps], found.is_best) == ([three], True)
        assert {pk: [named[table] for table in tables] for pk, tables in found.others.items()} == {inside.pk: ["T2"]}
        assert [tables_of(each)[0][0] for each in (four, three, inside)] == ["O", "O", "T"]
        services.close_tables(
            **closed, reason="No power", seal=found.seal, told="Our generator failed.", points=300, by=desk(restaurant)
        )
        work_off_outbox()

        for booking in (four, three):
            booking.refresh_from_db()
        assert (tables_of(four), tables_of(inside)) == (["T1"], ["T2"])
        assert (three.status, three.is_late_cancellation, tables_of(three)) == (Status.CANCELLED, False, [])
        inside.refresh_from_db()
        assert [(each.status, each.starts_at, each.party_size) for each in (four, inside)] == [
            (Status.CONFIRMED, at(), 4),
            (Status.CONFIRMED, at(), 2),
        ]
        # Whoever makes room was promised no table, and is told of none.
        assert not Message.objects.filter(recipient=inside.guest_email).exclude(kind="booking.confirmed").exists()
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
