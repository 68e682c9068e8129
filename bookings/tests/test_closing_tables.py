"""Tables closed although parties are booked there (edge case 16): a look, then moves, apologies and the block."""

import random
from collections.abc import Callable
from datetime import time, timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import closing, errors, offers, selectors, services, solving
from bookings.models import Block, Booking, BookingHistory, TableAllocation
from bookings.packing import Party
from bookings.recurring import Rule
from bookings.services import Actor, Closing, ClosingOutdated, closing_tables
from bookings.states import ActorKind, Channel, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.audit.models import AuditEvent
from core.errors import InvalidInput
from core.models import OutboxEvent
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant, Table, TableCombination
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def desk(restaurant: Restaurant) -> Actor:
    return Actor.staff(member(restaurant.pk))


def tables_of(booking: Booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


def key_of(restaurant: Restaurant, name: str) -> int:
    return Table.objects.get(restaurant=restaurant, name=name).pk


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `at()` stay on one day while the clock goes on to it."""
    day = tomorrow()
    monkeypatch.setattr("bookings.tests.factories.tomorrow", lambda: day)


def booked_at(
    restaurant: Restaurant, name: str, clock: str = "19:00", *, is_locked: bool = False, **asked: Any
) -> Booking:
    """Return a guest's booking at this very table, which was promised to them only if it is locked."""
    booking = book(restaurant, clock, by=desk(restaurant), table_ids=[key_of(restaurant, name)], **asked)
    Booking.objects.filter(pk=booking.pk).update(is_locked=is_locked, channel=Channel.WEB)
    booking.refresh_from_db()
    return booking


def asked(restaurant: Restaurant, name: str = "", **changes: Any) -> dict[str, Any]:
    place = {"table_id": key_of(restaurant, name)} if name else {}
    return {"restaurant_id": restaurant.pk, "starts_at": at("18:00"), "ends_at": at("23:00"), **place, **changes}


def look(restaurant: Restaurant, name: str = "", **changes: Any) -> Closing:
    return services.look_at_closing(**asked(restaurant, name, **changes))


def close(restaurant: Restaurant, found: Closing, name: str = "", *, points: int = 0, **changes: Any) -> Block:
    block, _done = services.close_tables(
        **asked(restaurant, name, **changes),
        reason="A leg broke",
        seal=found.seal,
        told="The generator failed.",
        points=points,
        by=desk(restaurant),
    )
    return block


def fates(found: Closing) -> dict[str, tuple[str, ...] | None]:
    """Return where each guest goes, by name; None for who has no table any more."""
    names = found.plan.table_names
    return {
        each.booking.guest_name: None if each.to is None else tuple(names[table] for table in each.to)
        for each in found.in_the_way
    }


class TestEverybodyMoves:
    def test_to_a_free_table_and_nothing_happens_by_looking(self) -> None:
        restaurant = house(tables=(2, 2))
        booking = booked_at(restaurant, "T1")

        found = look(restaurant, "T1")

        assert fates(found) == {"Demo diner 1": ("T2",)}
        assert tables_of(booking) == ["T1"] and not Block.objects.exists()

        block = close(restaurant, found, "T1")

        assert tables_of(booking) == ["T2"]
        assert [row.table.name for row in block.allocations.all()] == ["T1"]
        slots = {slot.starts_at: slot for slot in selectors.slots_on(restaurant.pk, tomorrow(), 2)}
        assert not slots[at()].available

    def test_aside_where_others_make_room_that_nobody_promised_a_table(self) -> None:
        restaurant = house(tables=(4, 4, 2))
        booked_at(restaurant, "T1", party_size=4)
        couple = booked_at(restaurant, "T2", guest=guest(2))

        found = look(restaurant, "T1")
        assert fates(found) == {"Demo diner 1": ("T2",)}
        assert list(found.others) == [couple.pk]
        close(restaurant, found, "T1")

        assert tables_of(couple) == ["T3"]
        assert BookingHistory.objects.filter(booking=couple, reason="tables are closed").exists()

    def test_and_two_may_change_places_over_a_combination(self) -> None:
        restaurant = house(tables=(2, 2, 2, 2))
        joined = TableCombination.objects.create(restaurant=restaurant, name="3+4", min_party=3, max_party=4)
        joined.tables.set(restaurant.tables.filter(name__in=["T3", "T4"]))
        near = TableCombination.objects.create(restaurant=restaurant, name="1+2", min_party=3, max_party=4)
        near.tables.set(restaurant.tables.filter(name__in=["T1", "T2"]))
        four = book(restaurant, party_size=4)
        assert tables_of(four) == ["T1", "T2"]
        two = booked_at(restaurant, "T3", guest=guest(2))

        found = look(restaurant, "T2")
        assert fates(found) == {"Demo diner 1": ("T3", "T4")}
        close(restaurant, found, "T2")

        assert (tables_of(four), tables_of(two)) == (["T3", "T4"], ["T1"])

    def test_the_guest_of_another_area_is_told_and_may_cancel_free_of_charge(self) -> None:
        restaurant = house(tables=(2,), policy={"free_cancellation_hours": 24})
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=2)
        booking = book(restaurant, area=terrace.public_id)
        work_off_outbox()

        found = look(restaurant, area_id=terrace.pk)
        assert found.moves[0].to_area is not None
        close(restaurant, found, area_id=terrace.pk)
        work_off_outbox()

        booking.refresh_from_db()
        assert (tables_of(booking), booking.area.name) == (["T1"], "Room")
        assert booking.policy["free_cancellation_hours"] == 0
        mail = Message.objects.get(kind="booking.changed")
        assert "Room" in mail.body_text and "The generator failed." in mail.body_text

    def test_within_its_area_nobody_is_written_to(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        work_off_outbox()
        Message.objects.all().delete()

        close(restaurant, look(restaurant, "T1"), "T1")
        work_off_outbox()

        assert not Message.objects.exists()

    def test_stays_in_the_area_it_asked_for_although_that_takes_a_move(self) -> None:
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        for name in ("T8", "T9"):
            TableFactory(restaurant=restaurant, area=terrace, name=name, max_party=2)
        outside = booked_at(restaurant, "T8", area=terrace.public_id)
        anywhere = booked_at(restaurant, "T9", guest=guest(2))

        close(restaurant, look(restaurant, "T8"), "T8")

        assert (tables_of(outside), tables_of(anywhere)) == (["T9"], ["T1"])


class TestSomebodyIsBumped:
    def test_when_nobody_can_make_room_and_never_one_who_is_not_in_the_way(self) -> None:
        restaurant = house(tables=(4, 4, 4))
        for number, size in ((1, 2), (2, 4), (3, 3)):
            booked_at(restaurant, f"T{number}", party_size=size, guest=guest(number))

        assert fates(look(restaurant, "T2")) == {"Demo diner 2": None}

    def test_the_largest_keeps_the_one_table_that_is_left(self) -> None:
        restaurant, terrace = with_a_terrace(4, 4, inside=4)
        small = booked_at(restaurant, "O1", party_size=2)
        large = booked_at(restaurant, "O2", party_size=4, guest=guest(2))

        found = look(restaurant, area_id=terrace)
        assert fates(found) == {"Demo diner 1": None, "Demo diner 2": ("T1",)}
        close(restaurant, found, area_id=terrace)

        small.refresh_from_db()
        assert (small.status, small.is_late_cancellation) == (Status.CANCELLED, False)
        assert tables_of(small) == [] and tables_of(large) == ["T1"]

    def test_two_small_parties_rather_than_one_large_when_they_are_more(self) -> None:
        # The one free table takes the five from 18:00 to 21:00, or two parties of three one after the other.
        restaurant, terrace = with_a_terrace(6, 6, inside=6, turns=((4, 90), (400, 180)))
        booked_at(restaurant, "O1", "18:00", party_size=5)
        for number, clock in ((2, "18:00"), (3, "19:30")):
            booked_at(restaurant, "O2", clock, party_size=3, guest=guest(number))

        found = look(restaurant, area_id=terrace)

        assert fates(found) == {"Demo diner 1": None, "Demo diner 2": ("T1",), "Demo diner 3": ("T1",)}
        assert found.is_best

    def test_who_has_been_promised_a_table_comes_before_one_of_their_size_who_was_not(self) -> None:
        restaurant, terrace = with_a_terrace(2, 2, inside=2)
        booked_at(restaurant, "O1")
        booked_at(restaurant, "O2", guest=guest(2), is_locked=True)

        assert fates(look(restaurant, area_id=terrace)) == {"Demo diner 1": None, "Demo diner 2": ("T1",)}

    def test_in_history_audit_and_event_as_a_cancellation_of_the_house(self) -> None:
        restaurant = house(tables=(2,))
        booking = booked_at(restaurant, "T1")
        by = desk(restaurant)
        found = look(restaurant, "T1")

        services.close_tables(
            **asked(restaurant, "T1"), reason="Leg", seal=found.seal, told="A table broke.", points=150, by=by
        )

        line = booking.history.get(to_status=Status.CANCELLED)
        assert (line.actor, line.actor_kind, line.reason) == (by.user, ActorKind.STAFF, "A table broke.")
        assert AuditEvent.objects.filter(action="booking.cancelled_by_house").exists()
        event = AuditEvent.objects.get(action="booking.tables_closed")
        assert (event.details["bumped"], event.details["moved"]) == (1, 0)
        [news] = OutboxEvent.objects.filter(name="booking.cancelled")
        assert news.payload["is_bumped"] is True and news.payload["is_late"] is False
        booking.refresh_from_db()
        assert booking.bonus_points == 150

    def test_not_without_a_reason(self) -> None:
        restaurant = house(tables=(2,))
        booking = booked_at(restaurant, "T1")
        found = look(restaurant, "T1")

        with pytest.raises(errors.ReasonMissing):
            services.close_tables(
                **asked(restaurant, "T1"), reason="Leg", seal=found.seal, told=" ", by=desk(restaurant)
            )

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED and not Block.objects.exists()

    def test_nor_with_more_points_than_a_house_may_give(self) -> None:
        restaurant = house(tables=(2,))
        booked_at(restaurant, "T1")

        for points in (-1, closing_tables.MOST_POINTS + 1):
            with pytest.raises(InvalidInput):
                close(restaurant, look(restaurant, "T1"), "T1", points=points)

    def test_a_form_being_filled_in_gives_its_table_back_and_nobody_is_written_to(self) -> None:
        restaurant = house(tables=(2,))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=Actor.diner(None))

        close(restaurant, look(restaurant, "T1"), "T1")

        hold.refresh_from_db()
        assert hold.status == Status.EXPIRED
        assert not OutboxEvent.objects.filter(name="booking.cancelled").exists()

    def test_a_group_at_tables_joined_for_it_keeps_together(self) -> None:
        restaurant = house(tables=(4, 4, 4))
        group = book(restaurant, party_size=8, by=desk(restaurant))
        assert tables_of(group) == ["T1", "T2"]

        close(restaurant, look(restaurant, "T1"), "T1")

        assert tables_of(group) == ["T2", "T3"]


def with_a_terrace(*outside: int, inside: int, turns: tuple[tuple[int, int], ...] = ()) -> tuple[Restaurant, int]:
    """Return a house with tables O1, O2, … on a terrace and T1 in the room, and the terrace's key."""
    restaurant = house(tables=(inside,))
    terrace = AreaFactory(restaurant=restaurant, name="Terrace")
    for number, seats in enumerate(outside, start=1):
        TableFactory(restaurant=restaurant, area=terrace, name=f"O{number}", max_party=seats)
    if turns:
        shift = restaurant.shifts.get()
        shift.turn_times.all().delete()
        for up_to, minutes in turns:
            shift.turn_times.create(up_to_party=up_to, minutes=minutes)
    return restaurant, terrace.pk


class TestWhoIsPayingADeposit:
    TERMS = {"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}

    def test_is_a_guest_and_no_empty_form(self) -> None:
        restaurant = house(tables=(2,), policy=self.TERMS)
        booking = book(restaurant)
        assert booking.status == Status.HELD
        services.receive_deposit(booking=booking, amount_kobo=500_000, by=desk(restaurant))
        work_off_outbox()
        found = look(restaurant, "T1")
        assert [each.is_bumped for each in found.in_the_way] == [True]

        with pytest.raises(errors.ReasonMissing):
            services.close_tables(**asked(restaurant, "T1"), reason="Leg", seal=found.seal, by=desk(restaurant))
        close(restaurant, found, "T1", points=300)
        work_off_outbox()

        booking.refresh_from_db()
        assert (booking.status, booking.bonus_points) == (Status.CANCELLED, 300)
        assert (booking.advance.state, booking.advance.owed_kobo) == ("owed_back", 500_000)
        apology = Message.objects.get(kind="booking.cancelled", recipient=booking.guest_email)
        assert "The generator failed." in apology.body_text


class TestPromisedTables:
    def test_one_in_the_way_moves_and_stays_promised(self) -> None:
        restaurant = house(tables=(2, 2))
        booking = booked_at(restaurant, "T1", is_locked=True)

        found = look(restaurant, "T1")
        assert found.moves[0].booking.is_locked
        close(restaurant, found, "T1")

        booking.refresh_from_db()
        assert (tables_of(booking), booking.is_locked) == (["T2"], True)

    def test_one_that_is_not_never_moves(self) -> None:
        restaurant = house(tables=(4, 4, 2))
        booked_at(restaurant, "T1", party_size=4)
        promised = booked_at(restaurant, "T2", guest=guest(2), is_locked=True)

        found = look(restaurant, "T1")

        assert fates(found) == {"Demo diner 1": None} and not found.others
        close(restaurant, found, "T1")
        assert tables_of(promised) == ["T2"]


class TestInASeries:
    def test_another_table_leaves_a_date_in_its_series_and_a_bump_is_told_by_itself(self) -> None:
        restaurant = house(tables=(2, 2))
        ada = UserFactory()
        series = services.begin_series(
            restaurant_id=restaurant.pk,
            rule=Rule(tomorrow(), time(19), count=2),
            party_size=2,
            guest=guest(),
            by=Actor.diner(ada),
            diner=ada,
        )
        first, second = (occurrence.booking for occurrence in series.occurrences.order_by("planned_on")[:2])
        booked_at(restaurant, "T2", starts_at=second.starts_at, guest=guest(2), is_locked=True)
        work_off_outbox()
        for booking in (first, second):
            day = booking.service_day
            span = {"starts_at": at("18:00", day), "ends_at": at("23:00", day)}
            close(restaurant, look(restaurant, "T1", **span), "T1", **span)
        work_off_outbox()

        assert not series.occurrences.get(booking=first).is_changed
        second.refresh_from_db()
        assert second.status == Status.CANCELLED
        assert Message.objects.filter(kind="booking.cancelled").count() == 1


@pytest.mark.usefixtures("evening")
class TestWhoSitsThere:
    def seated_at(self, restaurant: Restaurant, name: str, clock: str = "19:00", **more: Any) -> Booking:
        booking = booked_at(restaurant, name, clock, **more)
        return services.seat_party(booking=booking, by=desk(restaurant))

    def test_moves_from_now_on(self) -> None:
        restaurant = house(tables=(2, 2))
        with time_machine.travel(at("18:59"), tick=True):
            party = self.seated_at(restaurant, "T1")
        with time_machine.travel(at("19:42"), tick=True):
            close(restaurant, look(restaurant, "T1"), "T1")

        party.refresh_from_db()
        [row] = party.allocations.filter(live=True)
        assert (party.status, row.table.name, row.during.lower) == (Status.SEATED, "T2", at("19:40"))
        assert Block.objects.get().allocations.get().during.lower == at("19:40")

    def test_minutes_may_pass_between_look_and_deed(self) -> None:
        restaurant = house(tables=(2, 2))
        with time_machine.travel(at("18:59"), tick=True):
            party = self.seated_at(restaurant, "T1")
        with time_machine.travel(at("19:31"), tick=True):
            found = look(restaurant, "T1")
        with time_machine.travel(at("19:41"), tick=True):
            close(restaurant, found, "T1")

        assert party.allocations.get(live=True).during.lower == at("19:40")

    def test_is_left_to_the_house_where_no_table_is_free_and_the_table_closes_behind_it(self) -> None:
        restaurant = house(tables=(2,))
        with time_machine.travel(at("18:59"), tick=True):
            party = self.seated_at(restaurant, "T1")
            book(restaurant, "20:30", guest=guest(2))
        with time_machine.travel(at("19:42"), tick=True):
            found = look(restaurant, "T1")
            assert [each.booking for each in found.stays] == [party] and len(found.bumps) == 1
            block = close(restaurant, found, "T1")

        party.refresh_from_db()
        assert (party.status, tables_of(party)) == (Status.SEATED, ["T1"])
        assert block.allocations.get().during.lower == at("20:30")

    def test_moves_to_no_table_at_which_another_party_overruns(self) -> None:
        restaurant = house(tables=(2, 2))
        with time_machine.travel(at("17:59"), tick=True):
            self.seated_at(restaurant, "T2", "18:00", guest=guest(2))
            party = booked_at(restaurant, "T1", "19:00")
        with time_machine.travel(at("19:40"), tick=True):
            services.seat_party(booking=party, by=desk(restaurant))
            assert len(look(restaurant, "T1").stays) == 1

    def test_beyond_its_time_it_moves_for_a_while(self) -> None:
        restaurant = house(tables=(2, 2))
        with time_machine.travel(at("17:59"), tick=True):
            party = self.seated_at(restaurant, "T1", "18:00")
        with time_machine.travel(at("19:40"), tick=True):
            with pytest.raises(errors.BlockHitsBookings):
                services.block_tables(**asked(restaurant, "T1"), reason="A leg broke", by=desk(restaurant))
            close(restaurant, look(restaurant, "T1"), "T1")

        party.refresh_from_db()
        assert (tables_of(party), party.ends_at) == (["T2"], at("19:55"))

    def test_who_is_late_needs_another_table_from_now_on(self) -> None:
        restaurant = house(tables=(2, 2))
        with time_machine.travel(at("17:59"), tick=True):
            booked_at(restaurant, "T1", "19:00")
            booked_at(restaurant, "T2", "18:00", guest=guest(2), is_locked=True)
        with time_machine.travel(at("19:31"), tick=True):
            assert fates(look(restaurant, "T1")) == {"Demo diner 1": ("T2",)}


class TestSinceTheLook:
    def outdated(self, restaurant: Restaurant, found: Closing, name: str = "T1", **changes: Any) -> None:
        before = list(TableAllocation.objects.filter(live=True).order_by("pk").values_list("pk", "table_id"))
        with pytest.raises(ClosingOutdated):
            close(restaurant, found, name, **changes)
        assert list(TableAllocation.objects.filter(live=True).order_by("pk").values_list("pk", "table_id")) == before
        assert not Block.objects.exists()

    def test_somebody_booked_the_table(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        booked_at(restaurant, "T1", "20:30", guest=guest(2))

        self.outdated(restaurant, found)

    def test_somebody_booked_where_they_were_to_go(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        booked_at(restaurant, "T2", guest=guest(2))

        self.outdated(restaurant, found)

    def test_a_table_became_free_for_who_was_to_be_bumped(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        other = booked_at(restaurant, "T2", guest=guest(2))
        found = look(restaurant, "T1")
        assert found.bumps
        services.cancel_booking(booking=other, by=Actor.diner(None))

        self.outdated(restaurant, found)

    @pytest.mark.parametrize("change", ["cancelled", "noted", "arrived"])
    def test_one_in_the_way_is_not_what_it_was(self, change: str) -> None:
        restaurant = house(tables=(2, 2))
        booking = booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        do: dict[str, Callable[[], Booking]] = {
            "cancelled": lambda: services.cancel_booking(booking=booking, by=Actor.diner(None)),
            "noted": lambda: services.note_for_staff(booking=booking, notes="VIP"),
            "arrived": lambda: services.mark_arrived(booking=booking, by=desk(restaurant)),
        }
        with time_machine.travel(at("12:00") if change == "arrived" else timezone.now(), tick=True):
            do[change]()

        self.outdated(restaurant, found)

    def test_who_was_to_make_room_was_promised_the_table(self) -> None:
        restaurant = house(tables=(4, 4, 2))
        booked_at(restaurant, "T1", party_size=4)
        couple = booked_at(restaurant, "T2", guest=guest(2))
        found = look(restaurant, "T1")
        Booking.objects.filter(pk=couple.pk).update(is_locked=True)

        self.outdated(restaurant, found)

    def test_elsewhere_something_happened_that_changes_nothing(self) -> None:
        restaurant = house(tables=(2, 2))
        booking = booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        booked_at(restaurant, "T2", "20:30", guest=guest(2))

        close(restaurant, found, "T1")

        assert tables_of(booking) == ["T2"]

    def test_the_floor_was_changed(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        restaurant.tables.get(name="T2").save()

        self.outdated(restaurant, found)

    def test_another_time_or_table_was_chosen_or_the_seal_is_made_up(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        found = look(restaurant, "T1")

        self.outdated(restaurant, found, "T2")
        self.outdated(restaurant, found, ends_at=at("22:00"))
        with pytest.raises(ClosingOutdated):
            services.close_tables(
                **asked(restaurant, "T1"), reason="Leg", seal="made-up", told="Sorry", by=desk(restaurant)
            )

    def test_it_was_done_already(self) -> None:
        restaurant = house(tables=(2, 2))
        booked_at(restaurant, "T1")
        found = look(restaurant, "T1")
        close(restaurant, found, "T1")

        with pytest.raises(errors.TableTaken):
            close(restaurant, found, "T1")
        with pytest.raises(errors.TableTaken):
            look(restaurant, "T1")
        assert Block.objects.count() == 1


class TestTime:
    def test_over_two_service_days_each_is_arranged_by_itself(self) -> None:
        restaurant = house(tables=(2, 2))
        first = booked_at(restaurant, "T1")
        second = booked_at(restaurant, "T1", starts_at=at("19:00", tomorrow() + DAY), guest=guest(2))
        booked_at(restaurant, "T2", starts_at=at("19:00", tomorrow() + DAY), guest=guest(3), is_locked=True)
        until = {"ends_at": at("23:00", tomorrow() + DAY)}

        found = look(restaurant, "T1", **until)
        assert fates(found) == {"Demo diner 1": ("T2",), "Demo diner 2": None}
        close(restaurant, found, "T1", **until)

        second.refresh_from_db()
        assert (tables_of(first), second.status) == (["T2"], Status.CANCELLED)

    def test_a_service_past_midnight_meets_the_next_day(self) -> None:
        """Both need the one table that is left at one in the morning, and belong to different service days."""
        restaurant = house(tables=(2, 2, 2), first_seating=time(0, 30), last_seating=time(1), turn_minutes=180)
        late = restaurant.shifts.get()
        late.pk, late.name = None, "Night"
        late.first_seating, late.last_seating = time(22), time(23, 30)
        late.save()
        late.turn_times.create(up_to_party=400, minutes=180)
        night = at("23:30")
        after = at("00:30", tomorrow() + DAY)
        before = booked_at(restaurant, "T1", starts_at=night, party_size=2)
        next_day = booked_at(restaurant, "T2", starts_at=after, guest=guest(2))
        assert (before.service_day, next_day.service_day) == (tomorrow(), tomorrow() + DAY)
        TableFactory(restaurant=restaurant, area=restaurant.tables.get(name="T1").area, name="T4", max_party=2)
        booked_at(restaurant, "T3", starts_at=night, guest=guest(3), is_locked=True)
        terrace = AreaFactory(restaurant=restaurant, name="Broken")
        restaurant.tables.filter(name__in=["T1", "T2"]).update(area=terrace)
        restaurant.tables.get(name="T4").save()
        hours = {"area_id": terrace.pk, "starts_at": night, "ends_at": at("05:00", tomorrow() + DAY)}

        found = look(restaurant, **hours)
        assert fates(found) == {"Demo diner 1": ("T4",), "Demo diner 2": None}
        close(restaurant, found, **hours)

        assert tables_of(before) == ["T4"]

    def test_what_is_over_is_left_alone(self, evening: None) -> None:
        restaurant = house(tables=(2,))
        with time_machine.travel(at("17:59"), tick=True):
            forgotten = booked_at(restaurant, "T1", "18:00")
        with time_machine.travel(at("20:00"), tick=True):
            assert look(restaurant, "T1").in_the_way == []
            close(restaurant, look(restaurant, "T1"), "T1")
        assert tables_of(forgotten) == ["T1"]

    def test_a_time_that_is_over_is_refused(self, evening: None) -> None:
        restaurant = house(tables=(2,))
        with time_machine.travel(at("23:30"), tick=True), pytest.raises(InvalidInput):
            look(restaurant, "T1")


class TestTheArithmetic:
    """Pure: bits are stretches, keys are parties."""

    def test_says_so_when_there_was_no_time_to_be_sure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def as_known(_taken: Any, _placings: Any, known: Any, *, seconds: float) -> tuple[list[Any], bool]:
            return list(known), False

        monkeypatch.setattr(solving, "place_cheapest", as_known)
        parties = [closing.Leaving(1, 0b1, 2, ((1,),)), closing.Leaving(2, 0b1, 4, ((1,),))]

        found = closing.find_places({1: 0}, [], parties)

        assert (found.of, found.is_best) == ({1: None, 2: (1,)}, False)

    def test_never_costs_somebody_else_their_table(self) -> None:
        other = Party(9, 0b1, ((1,),), (1,))

        found = closing.find_places({1: 0}, [other], [closing.Leaving(1, 0b1, 20, ((1,),))])

        assert (found.of, found.moves, found.is_best) == ({1: None}, {}, True)

    def test_the_solver_finds_what_one_after_the_other_does_not(self) -> None:
        # The largest first takes the table for both stretches, and four of the others would lose theirs.
        parties = [
            closing.Leaving(1, 0b11, 5, ((1,),)),
            closing.Leaving(2, 0b01, 3, ((1,),)),
            closing.Leaving(3, 0b10, 3, ((1,),)),
        ]

        found = closing.find_places({1: 0}, [], parties)

        assert found.of == {1: None, 2: (1,), 3: (1,)} and found.is_best

    @pytest.mark.parametrize("seed", range(30))
    def test_takes_the_table_from_as_few_covers_as_can_be(self, seed: int) -> None:
        """Against every arrangement there is of a small evening."""
        dice = random.Random(seed)
        tables, stretches = [(1,), (2,), (1, 2), (3,)], [0b0011, 0b0110, 0b1100, 0b0111, 0b1000]
        taken = {table: dice.choice([0, 0, 0b0001, 0b1000]) for table in (1, 2, 3)}
        others: list[Party] = []
        for key in (8, 9):
            sits_at, bits = dice.choice(tables), dice.choice(stretches)
            if fits([*[(each.table_ids, each.bits) for each in others], (sits_at, bits)], taken):
                others.append(Party(key, bits, tuple({sits_at, *dice.sample(tables, 2)}), sits_at))
        leaving = [
            closing.Leaving(key, dice.choice(stretches), dice.randint(1, 8), tuple(dice.sample(tables, 2)))
            for key in (1, 2, 3, 4)
        ]

        found = closing.find_places(taken, others, leaving)

        everybody: list[Party | closing.Leaving] = [*leaving, *others]
        choices = [(*party.at_home, None) for party in leaving] + [party.options for party in others]
        best = min(
            sum(party.covers for party, to in zip(leaving, places, strict=False) if to is None)
            for places in product(*choices)
            if fits([(to, party.bits) for to, party in zip(places, everybody, strict=True) if to], taken)
        )
        assert sum(party.covers for party in leaving if found.of[party.key] is None) == best
        assert found.is_best
        seated = [(to, party.bits) for party in leaving if (to := found.of[party.key])]
        seated += [(found.moves.get(party.key, party.table_ids), party.bits) for party in others]
        assert fits(seated, taken)


def fits(seated: list[tuple[tuple[int, ...], int]], taken: dict[int, int]) -> bool:
    """Tell whether nobody of these sits where another does, or where something is taken."""
    masks = dict(taken)
    for tables, bits in seated:
        for table in tables:
            if masks[table] & bits:
                return False
            masks[table] |= bits
    return True


class TestTheApology:
    def bumped(self, points: int = 200, **asked: Any) -> tuple[Restaurant, Booking]:
        restaurant = house(name="Suya Spot", slug="suya-spot", tables=(2, 2))
        booking = booked_at(restaurant, "T1", **asked)
        booked_at(restaurant, "T2", guest=guest(2), is_locked=True)
        work_off_outbox()
        close(restaurant, look(restaurant, "T1"), "T1", points=points)
        booking.refresh_from_db()
        return restaurant, booking

    def test_is_a_mail_with_reason_points_and_times_to_book(self) -> None:
        _restaurant, booking = self.bumped()
        work_off_outbox()

        mail = Message.objects.get(kind="booking.cancelled")
        assert mail.recipient == "demo-diner-1@example.com"
        assert "We are sorry" in mail.body_text
        assert "The generator failed." in mail.body_text
        assert "200 points" in mail.body_text
        links = [line for line in mail.body_text.splitlines() if "/r/suya-spot/book/?" in line]
        assert len(links) == 3
        assert all("offer=" in link for link in links)
        assert f"/bookings/{booking.public_id}/?token=" in mail.body_text

    def test_and_a_text_message_for_whoever_is_on_their_way(self, client: Client) -> None:
        _restaurant, booking = self.bumped()
        work_off_outbox()

        text = Message.objects.get(kind="booking.bumped")
        assert "Sorry, Suya Spot" in text.sms_text and "The generator failed." in text.sms_text
        address = text.sms_text[text.sms_text.index("/w/b") :].split()[0]
        page = client.get(address, follow=True)
        assert page.redirect_chain[-1][0] == reverse("bookings:booking", args=[booking.public_id])
        assert "200 points are yours" in page.content.decode()

    @pytest.mark.parametrize(("language", "words"), [("en", "We are sorry"), ("ar", 'dir="rtl"')])
    def test_is_in_the_guests_language(self, language: str, words: str) -> None:
        self.bumped(language=language)
        work_off_outbox()

        mail = Message.objects.get(kind="booking.cancelled")
        assert mail.language == language and words in mail.body_html

    def test_without_points_promises_none(self) -> None:
        self.bumped(points=0)
        work_off_outbox()

        mail = Message.objects.get(kind="booking.cancelled")
        assert "point" not in mail.body_text and "Would another time suit you?" in mail.body_text

    def test_a_cancellation_for_other_reasons_is_told_as_before(self) -> None:
        restaurant = house(tables=(2,))
        booking = book(restaurant)
        services.cancel_booking(booking=booking, by=desk(restaurant), reason="A wedding")
        work_off_outbox()

        mail = Message.objects.get(kind="booking.cancelled")
        assert "offer=" not in mail.body_text and not Message.objects.filter(kind="booking.bumped").exists()

    def test_the_points_go_to_the_next_booking_once(self) -> None:
        restaurant, bumped = self.bumped()
        token = offers.seal_apology(restaurant.pk, bumped.public_id)

        first = book(restaurant, "20:30", offer=token, guest=guest(1))
        second = book(restaurant, starts_at=at("19:00", tomorrow() + DAY), offer=token, guest=guest(1))

        bumped.refresh_from_db()
        assert (first.bonus_points, second.bonus_points, bumped.bonus_points) == (200, 0, 0)
        assert bumped.history.filter(changes__bonus_points__to=0).exists()

    def test_and_what_a_suggestion_had_promised_goes_along(self) -> None:
        restaurant = house(tables=(2,))
        booking = book(restaurant, offer=offers.seal(restaurant.pk, 2, at("18:00"), [(at("19:00"), 80)]))
        close(restaurant, look(restaurant, "T1"), "T1", points=200)

        booking.refresh_from_db()
        assert booking.bonus_points == 280

    def test_they_stay_when_the_guest_moves_that_booking(self) -> None:
        restaurant, bumped = self.bumped()
        token = offers.seal_apology(restaurant.pk, bumped.public_id)
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + DAY), offer=token)

        services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("19:30", tomorrow() + DAY))

        booking.refresh_from_db()
        assert booking.bonus_points == 200

    @pytest.mark.parametrize("fate", ["cancelled", "declined", "expired"])
    def test_they_are_owed_again_when_the_next_booking_comes_to_nothing(self, fate: str) -> None:
        restaurant, bumped = self.bumped()
        restaurant.policy.needs_approval = fate != "cancelled"
        restaurant.policy.save()
        token = offers.seal_apology(restaurant.pk, bumped.public_id)
        when = at("19:00", tomorrow() + DAY)
        booking = book(restaurant, starts_at=when, offer=token)
        assert booking.bonus_points == 200

        if fate == "cancelled":
            services.cancel_booking(booking=booking, by=Actor.diner(None))
        elif fate == "declined":
            services.decline_request(booking=booking, by=desk(restaurant), reason="A wedding")
        else:
            with time_machine.travel(when + DAY / 24, tick=True):
                services.expire_unanswered_requests()

        booking.refresh_from_db()
        bumped.refresh_from_db()
        assert (booking.bonus_points, bumped.bonus_points) == (0, 200)
        following = book(restaurant, starts_at=when + DAY, offer=token)
        assert following.bonus_points == 200

    def test_a_deposit_that_comes_late_has_them_with_its_table_again(self) -> None:
        restaurant, bumped = self.bumped()
        policy = restaurant.policy
        policy.deposit_kobo_per_guest, policy.deposit_from_party, policy.deposit_due = 1_000_000, 1, "before"
        policy.save()
        token = offers.seal_apology(restaurant.pk, bumped.public_id)
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + DAY), offer=token)
        assert booking.status == Status.HELD

        with time_machine.travel(booking.hold_expires_at or at(), tick=True):
            services.release_expired_holds()
            bumped.refresh_from_db()
            assert bumped.bonus_points == 200
            services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=desk(restaurant))

        booking.refresh_from_db()
        bumped.refresh_from_db()
        assert (booking.status, booking.bonus_points, bumped.bonus_points) == (Status.CONFIRMED, 200, 0)

    def test_who_is_bumped_twice_is_owed_both_with_the_second(self) -> None:
        restaurant, bumped = self.bumped()
        token = offers.seal_apology(restaurant.pk, bumped.public_id)
        second = book(restaurant, starts_at=at("19:00", tomorrow() + DAY), offer=token)

        services.cancel_booking(booking=second, by=desk(restaurant), reason="Again", apology=100)

        second.refresh_from_db()
        bumped.refresh_from_db()
        assert (second.bonus_points, bumped.bonus_points) == (300, 0)

    @pytest.mark.parametrize(
        ("who", "points"),
        [
            (guest(1), 200),
            (services.Guest("Demo diner 1", phone="+2348031234501"), 200),
            (services.Guest("Someone else", email="demo-diner-1@example.com"), 200),
            (services.Guest("Quite another", phone="+2348031234501"), 0),
            (services.Guest("Nobody knows"), 0),
        ],
    )
    def test_staff_who_book_for_the_same_guest_take_them_along(self, who: services.Guest, points: int) -> None:
        restaurant, bumped = self.bumped()

        booking = book(restaurant, starts_at=at("19:00", tomorrow() + DAY), by=desk(restaurant), guest=who)

        bumped.refresh_from_db()
        assert (booking.bonus_points, bumped.bonus_points) == (points, 200 - points)

    def test_a_bonus_for_a_time_ends_with_its_booking_and_staff_take_none_along(self) -> None:
        restaurant = house(tables=(2,))
        booking = book(restaurant, offer=offers.seal(restaurant.pk, 2, at("18:00"), [(at("19:00"), 80)]))
        assert booking.bonus_points == 80

        services.cancel_booking(booking=booking, by=Actor.diner(None))

        booking.refresh_from_db()
        assert booking.bonus_points == 0
        assert book(restaurant, by=desk(restaurant)).bonus_points == 0

    def test_they_are_of_one_house(self) -> None:
        restaurant, bumped = self.bumped()
        other = house(name="Other", slug="other", tables=(2,))

        with pytest.raises(errors.UnknownSuggestion):
            book(other, offer=offers.seal_apology(restaurant.pk, bumped.public_id), guest=guest(3))

    def test_a_failed_booking_leaves_them_where_they_were(self) -> None:
        restaurant, bumped = self.bumped()

        with pytest.raises(errors.NoTableFree):
            book(restaurant, "19:00", offer=offers.seal_apology(restaurant.pk, bumped.public_id))

        bumped.refresh_from_db()
        assert bumped.bonus_points == 200

    def test_a_link_leads_through_the_form_to_a_booking_that_has_them(self, client: Client) -> None:
        self.bumped()
        work_off_outbox()
        mail = Message.objects.get(kind="booking.cancelled")
        link = next(line for line in mail.body_text.splitlines() if "/book/?" in line)

        page = client.get(link[link.index("/en/") :])
        assert "As an apology, 200 points are yours" in page.content.decode()
        form = page.context["wish"].cleaned_data
        answer = client.post(
            reverse("bookings:book", args=["suya-spot"]),
            {
                "starts_at": form["starts_at"].isoformat(),
                "party": form["party"],
                "offer": form["offer"],
                "name": "Ada",
                "phone": "0803 123 4599",
                "request_key": page.context["form"]["request_key"].value(),
            },
        )

        assert answer.status_code == 302
        assert Booking.objects.get(guest_name="Ada").bonus_points == 200
        again = client.get(link[link.index("/en/") :])
        assert "As an apology" not in again.content.decode()


class TestThePage:
    @pytest.fixture
    def restaurant(self) -> Restaurant:
        return house(name="Suya Spot", slug="suya-spot", tables=(2, 2, 4))

    @pytest.fixture
    def host(self, restaurant: Restaurant) -> User:
        return member(restaurant.pk, Role.HOST)

    def sent(self, restaurant: Restaurant, **changes: Any) -> dict[str, Any]:
        day = tomorrow().isoformat()
        return {
            "restaurant": restaurant.pk, "starts_at": f"{day}T18:00", "ends_at": f"{day}T23:00", "reason": "Leg",
            "table": key_of(restaurant, "T1"), **changes,
        }  # fmt: skip

    def test_shows_what_becomes_of_each_and_then_does_just_that_once(
        self, client: Client, restaurant: Restaurant, host: User
    ) -> None:
        moves = booked_at(restaurant, "T1", "18:00", is_locked=True)
        bumped = booked_at(restaurant, "T1", "20:30", guest=guest(2))
        for number, name in ((3, "T2"), (4, "T3")):
            booked_at(restaurant, name, "20:30", guest=guest(number), is_locked=True)
        log_in(client, host)
        page = reverse("admin:bookings_block_add")

        looked = client.post(page, self.sent(restaurant))

        body = looked.content.decode()
        assert looked.status_code == 409 and "2 bookings are in the way" in body
        facts = (moves.code, bumped.code, "6:00 pm", "Demo diner 2")
        for words in (*facts, "this table was promised", "no table: is cancelled"):
            assert words in body, words
        assert not Block.objects.exists() and tables_of(moves) == ["T1"], "nothing happens by looking"

        agreed = self.sent(restaurant, close="1", seal=looked.context["found"].seal, told="A leg broke.", points="100")
        done = client.post(page, agreed)
        assert done.status_code == 302
        bumped.refresh_from_db()
        assert (tables_of(moves), bumped.status, bumped.bonus_points) == (["T2"], Status.CANCELLED, 100)

        again = client.post(page, agreed)
        assert again.status_code == 409
        bumped.refresh_from_db()
        assert (Block.objects.count(), bumped.bonus_points) == (1, 100)
        assert bumped.history.filter(to_status=Status.CANCELLED).count() == 1

    def test_shows_the_present_when_it_is_not_what_was_looked_at(
        self, client: Client, restaurant: Restaurant, host: User
    ) -> None:
        booked_at(restaurant, "T1")
        log_in(client, host)
        page = reverse("admin:bookings_block_add")
        looked = client.post(page, self.sent(restaurant))
        newcomer = booked_at(restaurant, "T1", "20:30", guest=guest(2))

        answer = client.post(
            page, self.sent(restaurant, close="1", seal=looked.context["found"].seal, told="A leg broke.")
        )

        body = answer.content.decode()
        assert answer.status_code == 412 and newcomer.code in body and 'value="A leg broke."' in body
        assert not Block.objects.exists()
        seal = answer.context["found"].seal
        done = client.post(page, self.sent(restaurant, close="1", seal=seal, told="A leg broke."))
        assert done.status_code == 302

    @pytest.mark.parametrize(
        ("wrong", "words"), [({"told": ""}, "reason"), ({"points": "-5"}, "greater than or equal")]
    )
    def test_says_what_is_wrong_and_keeps_the_preview(
        self, client: Client, restaurant: Restaurant, host: User, wrong: dict[str, str], words: str
    ) -> None:
        booking = booked_at(restaurant, "T3", party_size=4)
        log_in(client, host)
        page = reverse("admin:bookings_block_add")
        asked = self.sent(restaurant, table=key_of(restaurant, "T3"))
        seal = client.post(page, asked).context["found"].seal

        answer = client.post(page, {**asked, "close": "1", "seal": seal, "told": "Leg", **wrong})

        body = answer.content.decode()
        assert answer.status_code == 422 and booking.code in body and words in body
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_is_closed_to_the_staff_of_another_house(self, client: Client, restaurant: Restaurant) -> None:
        booking = booked_at(restaurant, "T1")
        other = house(name="Other", slug="other")
        found = look(restaurant, "T1")
        log_in(client, member(other.pk, Role.OWNER))

        answer = client.post(
            reverse("admin:bookings_block_add"), self.sent(restaurant, close="1", seal=found.seal, told="A leg broke.")
        )

        assert answer.status_code in (403, 404, 422)
        assert booking.code not in answer.content.decode()
        assert tables_of(booking) == ["T1"] and not Block.objects.exists()
