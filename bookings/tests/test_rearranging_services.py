"""A service's tables arranged anew: room is gained, nobody promised or present moves, and only once by itself."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import services, tasks
from bookings.models import Booking, BookingHistory, Rearrangement, TableAllocation
from bookings.services import Actor, repacking
from bookings.states import ActorKind
from bookings.tests.factories import at, book, guest, tomorrow
from core.models import OutboxEvent
from restaurants.models import Restaurant, TableCombination
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


def tables_of(booking: Booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


@pytest.fixture
def nook() -> Restaurant:
    return house(name="Nook", slug="nook", tables=(2, 2))


@pytest.fixture
def scattered(nook: Restaurant) -> list[Booking]:
    """T1 18:00 to 19:30, T2 19:30 to 21:00: neither table can be sold for a whole turn beside them."""
    staff = Actor.staff(UserFactory())
    first = book(nook, "18:00", guest=guest(1))
    second = book(nook, "19:30", guest=guest(2), by=staff, table_ids=[nook.tables.get(name="T2").pk])
    Booking.objects.update(is_locked=False)
    assert (tables_of(first), tables_of(second)) == (["T1"], ["T2"])
    return [first, second]


def rearrange(nook: Restaurant, by: Actor | None = None) -> int:
    return services.rearrange_tables(
        restaurant_id=nook.pk, day=tomorrow(), shift_name="Dinner", by=by or Actor.system()
    )


class TestRearrange:
    def test_leaves_a_whole_table_free(self, nook: Restaurant, scattered: list[Booking]) -> None:
        before = OutboxEvent.objects.count()

        assert rearrange(nook) == 1

        assert tables_of(scattered[0]) == tables_of(scattered[1])
        entries = [booking.history.latest("pk") for booking in scattered]
        moved = [entry for entry in entries if entry.changes]
        assert [entry.reason for entry in moved] == ["the tables were arranged anew"]
        assert moved[0].actor_kind == ActorKind.SYSTEM
        assert OutboxEvent.objects.count() == before

    def test_moves_nobody_who_was_promised_a_table(self, nook: Restaurant, scattered: list[Booking]) -> None:
        Booking.objects.update(is_locked=True)

        assert rearrange(nook) == 0

    def test_moves_nobody_who_has_come(self, nook: Restaurant, scattered: list[Booking]) -> None:
        with time_machine.travel(at("17:00"), tick=True):
            for booking in scattered:
                services.mark_arrived(booking=booking, by=Actor.staff(UserFactory()))

        assert rearrange(nook) == 0
        assert [tables_of(booking) for booking in scattered] == [["T1"], ["T2"]]

    def test_moves_nobody_for_nothing(self, nook: Restaurant, scattered: list[Booking]) -> None:
        rearrange(nook)
        rows = list(TableAllocation.objects.filter(live=True).values_list("pk", "table_id"))

        assert rearrange(nook, Actor.staff(UserFactory())) == 0
        assert list(TableAllocation.objects.filter(live=True).values_list("pk", "table_id")) == rows

    def test_is_done_once_by_itself(self, nook: Restaurant, scattered: list[Booking]) -> None:
        assert rearrange(nook) == 1
        third = book(nook, "21:00", guest=guest(3))
        TableAllocation.objects.filter(booking=third).update(table=nook.tables.exclude(name=tables_of(third)[0]).get())

        assert rearrange(nook) == 0
        assert Rearrangement.objects.get().moved == 1

    def test_applies_nothing_to_a_day_that_has_changed(
        self, nook: Restaurant, scattered: list[Booking], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While the solver works somebody cancels: what it found was for another day, and it looks again."""
        found = repacking._freest
        times = []

        def and_somebody_cancels(*asked: Any) -> Any:
            arrangement = found(*asked)
            if not times:
                services.cancel_booking(booking=scattered[0], by=Actor.diner(None))
            times.append(arrangement)
            return arrangement

        monkeypatch.setattr(repacking, "_freest", and_somebody_cancels)

        assert rearrange(nook) == 0
        assert len(times) == 2
        assert tables_of(scattered[1]) == ["T2"]

    def test_frees_a_combination_for_a_large_party(self) -> None:
        hall = house(name="Hall", slug="hall", tables=(4, 4, 4))
        joined = TableCombination.objects.create(restaurant=hall, name="T1+T2", min_party=5, max_party=8)
        joined.tables.set(hall.tables.filter(name__in=("T1", "T2")))
        staff = Actor.staff(UserFactory())
        book(hall, "19:00", party_size=4, guest=guest(1), by=staff, table_ids=[hall.tables.get(name="T1").pk])
        Booking.objects.update(is_locked=False)

        assert rearrange(hall) in (0, 1)

        booking = book(hall, "19:00", party_size=8, guest=guest(2))
        assert tables_of(booking) == ["T1", "T2"]


class TestBeforeAService:
    def test_each_service_within_the_hour_is_due_once(self, nook: Restaurant, scattered: list[Booking]) -> None:
        assert services.services_to_rearrange(now=at("16:30")) == []
        due = [(nook.pk, tomorrow(), "Dinner")]
        assert services.services_to_rearrange(now=at("17:15")) == due

        for _time in range(2):
            tasks.rearrange_service(nook.pk, tomorrow().isoformat(), "Dinner")

        assert Rearrangement.objects.count() == 1
        assert services.services_to_rearrange(now=at("17:15")) == []


class TestAtTheDesk:
    def tap(self, client: Client, nook: Restaurant) -> Any:
        where = reverse("admin:today_rearrange", args=[nook.public_id])
        return client.post(where, {"board_day": tomorrow().isoformat()}, follow=True)

    def test_one_tap_rearranges_and_says_so(self, client: Client, nook: Restaurant, scattered: list[Booking]) -> None:
        host = member(nook.pk, Role.HOST)
        log_in(client, host)

        html = self.tap(client, nook).content.decode()

        assert "1 party has another table now." in html
        assert "Re-arrange the tables" in html
        assert Rearrangement.objects.get().by_staff
        assert BookingHistory.objects.latest("pk").actor == host
        assert "nobody was moved" in self.tap(client, nook).content.decode()

    def test_is_not_there_for_another_house(self, client: Client, nook: Restaurant, scattered: list[Booking]) -> None:
        other = house(name="Other", slug="other")
        log_in(client, member(other.pk, Role.HOST))

        assert self.tap(client, nook).status_code == 404
        assert [tables_of(booking) for booking in scattered] == [["T1"], ["T2"]]
