"""A party is taken when there is room for it once others have moved, and only those move who may."""

from typing import Any

import pytest
import time_machine

from accounts.tests.factories import UserFactory
from bookings import errors, selectors, services
from bookings.models import Booking
from bookings.services import Actor
from bookings.states import ActorKind, Channel, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.models import OutboxEvent
from restaurants.models import Restaurant, Table
from restaurants.tests.factories import AreaFactory, house

pytestmark = pytest.mark.django_db


def tables_of(booking: Booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


def free_times(restaurant: Restaurant, **asked: Any) -> list[str]:
    slots = selectors.slots_on(restaurant.pk, tomorrow(), 2, **asked)
    return [f"{slot.starts_at.astimezone(at().tzinfo):%H:%M}" for slot in slots if slot.available]


@pytest.fixture
def nook() -> Restaurant:
    return house(name="Nook", slug="nook", tables=(2, 2))


@pytest.fixture
def evening(nook: Restaurant) -> list[Booking]:
    """T1 18:00 to 19:30 and from 20:30, T2 19:00 to 20:30: at 19:30 neither is free for long enough."""
    desk, tables = Actor.staff(UserFactory()), {table.name: table.pk for table in nook.tables.all()}
    taken = [
        book(nook, clock, guest=guest(number), by=desk, table_ids=[tables[name]])
        for number, (clock, name) in enumerate((("18:00", "T1"), ("19:00", "T2"), ("20:30", "T1")))
    ]
    Booking.objects.update(is_locked=False)
    assert [tables_of(booking) for booking in taken] == [["T1"], ["T2"], ["T1"]]
    return taken


class TestOneMoreParty:
    def test_is_taken_when_another_can_move(self, nook: Restaurant, evening: list[Booking]) -> None:
        booking = book(nook, "19:30", guest=guest(9))

        assert booking.status == Status.CONFIRMED
        assert tables_of(booking) == ["T1"]
        assert [tables_of(other) for other in evening] == [["T1"], ["T2"], ["T2"]]

    def test_is_offered_the_time_beforehand(self, nook: Restaurant, evening: list[Booking]) -> None:
        assert "19:30" in free_times(nook)
        assert "18:30" not in free_times(nook)

        book(nook, "19:30", guest=guest(9))

        assert "19:30" not in free_times(nook)

    def test_moves_nobody_when_a_table_is_free(self, nook: Restaurant, evening: list[Booking]) -> None:
        book(nook, "21:00", guest=guest(9))

        assert [tables_of(other) for other in evening] == [["T1"], ["T2"], ["T1"]]

    def test_is_refused_when_no_arrangement_is_left(self, nook: Restaurant, evening: list[Booking]) -> None:
        with pytest.raises(errors.NoTableFree):
            book(nook, "18:30", guest=guest(9))

        assert [tables_of(other) for other in evening] == [["T1"], ["T2"], ["T1"]]

    def test_may_be_one_that_changes_its_time(self, nook: Restaurant, evening: list[Booking]) -> None:
        last = book(nook, "21:00", guest=guest(9))
        assert tables_of(last) == ["T2"]

        services.change_booking(booking=last, by=Actor.diner(None), starts_at=at("19:30"))

        last.refresh_from_db()
        assert last.starts_at == at("19:30")
        taken = sorted((table, booking.starts_at) for booking in [*evening, last] for table in tables_of(booking))
        assert len(taken) == 4


class TestWhoMoves:
    def test_is_in_the_history_and_is_not_told(self, nook: Restaurant, evening: list[Booking]) -> None:
        late = evening[2]
        before = OutboxEvent.objects.count()

        book(nook, "19:30", guest=guest(9))

        entry = late.history.latest("pk")
        assert (entry.actor_kind, entry.channel) == (ActorKind.SYSTEM, Channel.SYSTEM)
        assert entry.changes == {"tables": {"from": ["T1"], "to": ["T2"]}}
        assert OutboxEvent.objects.count() == before + 1
        version = late.version
        late.refresh_from_db()
        assert late.version == version
        assert late.starts_at == at("20:30")

    def test_is_nobody_whose_table_was_promised(self, nook: Restaurant, evening: list[Booking]) -> None:
        Booking.objects.filter(pk__in=[evening[0].pk, evening[2].pk]).update(is_locked=True)

        with pytest.raises(errors.NoTableFree):
            book(nook, "19:30", guest=guest(9))
        assert "19:30" not in free_times(nook)

    def test_is_nobody_who_has_come(self, nook: Restaurant, evening: list[Booking]) -> None:
        with time_machine.travel(at("17:00"), tick=True):
            for booking in (evening[0], evening[2]):
                services.mark_arrived(booking=booking, by=Actor.staff(UserFactory()))

        with pytest.raises(errors.NoTableFree):
            book(nook, "19:30", guest=guest(9))

    def test_is_nobody_who_asked_for_that_area(self, nook: Restaurant, evening: list[Booking]) -> None:
        terrace = AreaFactory(restaurant=nook, name="Terrace")
        room = nook.areas.get(name="Room")
        Table.objects.filter(restaurant=nook, name="T2").update(area=terrace)
        nook.save()
        for booking, area in zip(evening, (room, terrace, room), strict=True):
            Booking.objects.filter(pk=booking.pk).update(area=area)

        with pytest.raises(errors.NoTableFree):
            book(nook, "19:30", guest=guest(9))

    def test_keeps_a_hold_a_hold(self, nook: Restaurant, evening: list[Booking]) -> None:
        services.cancel_booking(booking=evening[2], by=Actor.diner(None))
        hold = services.hold_table(restaurant_id=nook.pk, starts_at=at("20:30"), party_size=2, by=Actor.diner(None))

        book(nook, "19:30", guest=guest(9))

        row = hold.allocations.get(live=True)
        assert row.table.name == "T2"
        assert row.expires_at == hold.hold_expires_at


class TestCost:
    def test_a_free_table_asks_nothing_more(self, nook: Restaurant, django_assert_num_queries: Any) -> None:
        free_times(nook)
        with django_assert_num_queries(1):
            free_times(nook)

    def test_a_full_evening_asks_once_who_could_move(
        self, nook: Restaurant, evening: list[Booking], django_assert_num_queries: Any
    ) -> None:
        free_times(nook)
        with django_assert_num_queries(2):
            free_times(nook)
