"""Whoever comes too late hears so without waiting for the lock, and only what is true of the day as it stands."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory, member
from bookings import errors, rearranging, selectors, services
from bookings.models import Booking, QueueEntry, StandbyEntry
from bookings.services import Actor, Guest, claiming, floor, standby
from bookings.states import QueueStatus, StandbyStatus, Status
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.test_api import Api, wish
from core.states import IllegalMove
from restaurants.models import BookingPolicy, Restaurant, SpecialDay, Table
from restaurants.service_plan import plan_of
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import ROUND_THE_CLOCK, house

pytestmark = pytest.mark.django_db

LOCK = "pg_advisory_xact_lock"


@pytest.fixture
def place() -> Restaurant:
    return house(name="Nook", slug="nook", tables=(2,), hours=ROUND_THE_CLOCK)


@pytest.fixture
def desk(place: Restaurant) -> Actor:
    return Actor.staff(member(place.pk))


@contextmanager
def statements() -> Iterator[list[str]]:
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [query["sql"] for query in captured.captured_queries]


def locks(sent: list[str]) -> int:
    return sum(LOCK in statement for statement in sent)


def beside(work: Callable[[], object]) -> None:
    """Do something in a connection of its own, and wait until it is committed."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert not failed, failed


def just_before_the_lock(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Have others commit something after the look and before the lock, once."""
    lock, waiting = claiming.lock_service_days, [work]

    def lock_after_them(restaurant_id: int, days: Any) -> None:
        if waiting:
            beside(waiting.pop())
        lock(restaurant_id, days)

    monkeypatch.setattr(claiming, "lock_service_days", lock_after_them)


class TestWhatNeedsNoLock:
    def test_a_refusal(self, place: Restaurant) -> None:
        book(place)

        with statements() as sent, pytest.raises(errors.NoTableFree) as refusal:
            book(place, guest=guest(2))

        assert locks(sent) == 0
        assert refusal.value.details["alternatives"]

    def test_a_booking_has_it(self, place: Restaurant) -> None:
        with statements() as sent:
            book(place)

        # The guest book has one of its own.
        assert [each for each in sent if f"{LOCK}({place.pk}, {tomorrow().toordinal()})" in each]

    def test_a_refusal_asks_the_database_six_times(self, place: Restaurant, django_assert_num_queries: Any) -> None:
        book(place)
        plan_of(place.pk)

        # The day, who could move, the day again, the same guest, whether the house takes their bookings by telephone
        # only; and the days beside it, for want of other times.
        with django_assert_num_queries(6), pytest.raises(errors.NoTableFree):
            book(place, guest=guest(2))

    @pytest.mark.parametrize("shift", [{"max_parties_per_slot": 1}, {"max_covers_per_slot": 2}])
    def test_a_time_at_which_enough_begin(self, shift: dict[str, int]) -> None:
        busy = house(tables=(2, 2), shift=shift)
        book(busy)

        with statements() as sent, pytest.raises(errors.TooManyAtOnce):
            book(busy, guest=guest(2))

        assert locks(sent) == 0

    def test_a_table_that_staff_name(self, place: Restaurant, desk: Actor) -> None:
        book(place)

        with statements() as sent, pytest.raises(errors.TableTaken):
            book(place, guest=guest(2), by=desk, table_ids=[place.tables.get().pk])

        assert locks(sent) == 0

    def test_a_change(self, place: Restaurant) -> None:
        book(place)
        mine = book(place, "20:30", guest=guest(2))

        with statements() as sent, pytest.raises(errors.NoTableFree) as refusal:
            services.change_booking(booking=mine, by=Actor.diner(None), starts_at=at("19:30"))

        assert locks(sent) == 0
        assert refusal.value.details["alternatives"] is not None
        as_it_was = mine.version
        mine.refresh_from_db()
        assert (mine.starts_at, mine.version) == (at("20:30"), as_it_was)

    def test_a_party_at_the_door(self, desk: Actor, place: Restaurant) -> None:
        services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=desk)
        entry = services.join_queue(restaurant_id=place.pk, party_size=2, by=desk)

        with statements() as sent, pytest.raises(errors.NoTableFree):
            services.seat_from_queue(entry=entry, by=desk)

        assert locks(sent) == 0
        assert QueueEntry.objects.get().status == QueueStatus.QUEUED

    @pytest.mark.django_db(transaction=True)
    def test_it_is_told_while_somebody_has_the_day(self, place: Restaurant) -> None:
        book(place)
        with transaction.atomic():
            claiming.lock_service_days(place.pk, [tomorrow()])

            def refused() -> None:
                with pytest.raises(errors.NoTableFree):
                    book(place, guest=guest(2))

            beside(refused)


class TestTheTruth:
    """What changes is seen by the next who asks, in a process that has just worked out the opposite."""

    def refused(self, place: Restaurant, clock: str = "19:00") -> bool:
        """Tell whether a look refuses a party; nothing is booked."""
        with transaction.atomic():
            try:
                book(place, clock, guest=guest(99))
            except errors.BookingRefused:
                return True
            transaction.set_rollback(True)
        return False

    def test_a_cancelled_table_is_free(self, place: Restaurant) -> None:
        first = book(place)
        assert self.refused(place)

        services.cancel_booking(booking=first, by=Actor.diner(None))

        assert not self.refused(place)

    def test_a_table_somebody_moves_away_from_is_free_and_the_other_is_not(self, place: Restaurant) -> None:
        first = book(place)
        assert (self.refused(place), self.refused(place, "20:30")) == (True, False)

        services.change_booking(booking=first, by=Actor.diner(None), starts_at=at("20:30"))

        assert (self.refused(place), self.refused(place, "20:30")) == (False, True)

    def test_a_blocked_table_is_taken_until_the_block_goes(self, place: Restaurant, desk: Actor) -> None:
        assert not self.refused(place)

        block = services.block_tables(
            restaurant_id=place.pk, starts_at=at("18:00"), ends_at=at("23:00"), reason="A leak", by=desk
        )
        assert self.refused(place)

        services.remove_block(block=block)
        assert not self.refused(place)

    def test_a_closed_day_is_closed_and_open_again(self, place: Restaurant) -> None:
        assert not self.refused(place)

        closed = SpecialDay.objects.create(restaurant=place, date=tomorrow(), name="A wedding", is_closed=True)
        assert self.refused(place)

        closed.delete()
        assert not self.refused(place)

    def test_a_policy_holds_from_the_moment_it_is_saved(self, place: Restaurant) -> None:
        book(place, "20:30")
        assert not self.refused(place)

        policy = BookingPolicy.objects.get(restaurant=place)
        policy.buffer_minutes = 15
        policy.save()
        assert self.refused(place)

        policy.buffer_minutes = 0
        policy.save()
        assert not self.refused(place)

    def test_a_new_table_is_there(self, place: Restaurant) -> None:
        book(place)
        assert self.refused(place)

        Table.objects.create(restaurant=place, area=place.tables.get().area, name="T2", max_party=2)

        assert not self.refused(place)

    def test_the_other_times_are_those_of_the_plan_that_holds(self, place: Restaurant) -> None:
        book(place)
        days = self._days_told(place)
        assert tomorrow() + timedelta(days=1) in days

        SpecialDay.objects.create(
            restaurant=place, date=tomorrow() + timedelta(days=1), name="A wedding", is_closed=True
        )

        assert tomorrow() + timedelta(days=1) not in self._days_told(place)

    def _days_told(self, place: Restaurant) -> set[date]:
        slots = selectors.alternatives_to(place.pk, at("19:00"), 2, count=20)
        return {slot.service_day for slot in slots}


class TestWhatTheLockDecides:
    """Between the look and the lock others commit: what was seen is then of yesterday."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_a_table_taken_meanwhile(self, place: Restaurant, monkeypatch: pytest.MonkeyPatch) -> None:
        just_before_the_lock(monkeypatch, lambda: book(place))

        with pytest.raises(errors.NoTableFree) as refusal:
            book(place, guest=guest(2))

        assert Booking.objects.count() == 1
        assert at("19:00").isoformat() not in [each["starts_at"] for each in refusal.value.details["alternatives"]]

    def test_a_house_that_closes_meanwhile(self, place: Restaurant, monkeypatch: pytest.MonkeyPatch) -> None:
        just_before_the_lock(
            monkeypatch,
            lambda: SpecialDay.objects.create(restaurant=place, date=tomorrow(), name="A wedding", is_closed=True),
        )

        with pytest.raises(errors.BookingRefused) as refusal:
            book(place)

        assert refusal.value.details["reason"] == "closed"
        assert not Booking.objects.exists()

    def test_a_change_into_what_is_taken_meanwhile(self, place: Restaurant, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = book(place, "20:30")
        just_before_the_lock(monkeypatch, lambda: book(place, "18:00", guest=guest(2)))

        with pytest.raises(errors.NoTableFree):
            services.change_booking(booking=mine, by=Actor.diner(None), starts_at=at("18:30"))

        mine.refresh_from_db()
        assert mine.starts_at == at("20:30")
        assert mine.allocations.filter(live=True).exists()

    def test_a_party_seated_meanwhile(self, place: Restaurant, desk: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = services.join_queue(restaurant_id=place.pk, party_size=2, by=desk)
        just_before_the_lock(monkeypatch, lambda: services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=desk))

        with pytest.raises(errors.NoTableFree):
            services.seat_from_queue(entry=entry, by=desk)

        assert Booking.objects.filter(status=Status.SEATED).count() == 1
        assert QueueEntry.objects.get().status == QueueStatus.QUEUED


class TestTwoStatements:
    """Who could move, and who still sits, is read after what is taken: what commits in between must not make a no."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_a_party_that_leaves_in_between_is_no_reason_to_refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before, it could have moved to the other table; after, it is gone: there was room at every moment."""
        small = house(tables=(2, 2))
        leaving = book(small, "18:00")
        desk, other = Actor.staff(member(small.pk)), small.tables.exclude(pk=table_of(leaving)).get()
        book(small, "19:30", guest=guest(2), by=desk, table_ids=[other.pk])
        read, waiting = rearranging.Day.of, [leaving]

        def read_after_it_left(*args: Any, **kwargs: Any) -> rearranging.Day:
            if waiting:
                gone = waiting.pop()
                beside(lambda: services.cancel_booking(booking=gone, by=Actor.diner(None)))
            return read(*args, **kwargs)

        monkeypatch.setattr(rearranging.Day, "of", read_after_it_left)

        booking = book(small, "19:00", guest=guest(5))

        assert booking.status == Status.CONFIRMED
        assert not waiting

    def test_a_party_that_comes_in_between_to_an_empty_table_is_borne_with(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = house(tables=(2, 4))
        book(small, "19:00", party_size=4)
        read, coming = rearranging.Day.of, [guest(2)]

        def read_after_it_came(*args: Any, **kwargs: Any) -> rearranging.Day:
            if coming:
                who = coming.pop()
                beside(lambda: book(small, "19:00", guest=who))
            return read(*args, **kwargs)

        monkeypatch.setattr(rearranging.Day, "of", read_after_it_came)

        with pytest.raises(errors.NoTableFree):
            book(small, "19:00", party_size=4, guest=guest(5))

        assert not coming
        assert Booking.objects.count() == 2

    def test_a_table_that_is_left_in_between_is_free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One party leaves and another overruns elsewhere: there was a table before, and there is one after."""
        small = house(tables=(2, 2))
        desk = Actor.staff(member(small.pk))
        sitting = services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=desk)
        free = small.tables.exclude(pk=table_of(sitting)).get()
        sat_at, waiting = floor.tables_sat_at, [sitting]

        def sat_at_after_the_change(*args: Any) -> Any:
            if waiting:
                leaving = waiting.pop()
                beside(lambda: services.complete_visit(booking=leaving, by=desk))
                beside(
                    lambda: services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=desk, table_ids=[free.pk])
                )
            return sat_at(*args)

        monkeypatch.setattr(floor, "tables_sat_at", sat_at_after_the_change)

        services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=desk)

        assert Booking.objects.filter(status=Status.SEATED).count() == 2


def table_of(booking: Booking) -> int:
    return booking.allocations.get(live=True).table_id


class TestWhatComesFirst:
    """A look refuses in the order in which the lock would."""

    def test_the_same_guest_hears_of_their_own_booking(self, place: Restaurant) -> None:
        book(place)

        with pytest.raises(errors.DuplicateBooking):
            book(place)

    def test_a_diner_hears_of_their_own_booking(self, place: Restaurant) -> None:
        diner = UserFactory()
        book(place, diner=diner)

        with statements() as sent, pytest.raises(errors.OverlapsOwnBooking):
            book(place, diner=diner, guest=guest(2))

        # Nothing is taken, so nobody else of theirs need wait.
        assert not [each for each in sent if "FOR NO KEY UPDATE" in each]

    def test_a_booking_that_moved_on_is_told_as_that(self, place: Restaurant) -> None:
        book(place, "19:00")
        mine = book(place, "20:30", guest=guest(2))
        services.change_booking(booking=Booking.objects.get(pk=mine.pk), by=Actor.diner(None), notes="By the window")

        with pytest.raises(errors.BookingMovedOn):
            services.change_booking(
                booking=mine, by=Actor.diner(None), starts_at=at("19:30"), expected_version=mine.version
            )

    def test_what_a_stale_booking_says_refuses_nobody(self) -> None:
        """Read while it was for four, which fits no table twice; it is for two now, and there is one for two."""
        roomy = house(tables=(2, 4))
        mine = book(roomy, "20:30", party_size=4)
        book(roomy, "18:00", party_size=4, guest=guest(2))
        services.change_booking(booking=Booking.objects.get(pk=mine.pk), by=Actor.diner(None), party_size=2)

        services.change_booking(booking=mine, by=Actor.diner(None), starts_at=at("18:30"))

        mine.refresh_from_db()
        assert (mine.starts_at, mine.party_size) == (at("18:30"), 2)

    def test_a_party_that_sits_already_is_not_told_of_tables(self, place: Restaurant, desk: Actor) -> None:
        entry = services.join_queue(restaurant_id=place.pk, party_size=2, by=desk)
        seated = services.seat_from_queue(entry=entry, by=desk)

        with pytest.raises(IllegalMove):
            services.seat_from_queue(entry=seated, by=desk)

    def test_a_stale_offer_refuses_nobody(self) -> None:
        """Read while it waited; it has its offer now."""
        full = house(tables=(2,), first_seating=at("19:00").time(), last_seating=at("19:00").time())
        first = book(full)
        entry = services.join_waitlist(
            restaurant_id=full.pk,
            earliest=at("19:00"),
            latest=at("19:00"),
            party_size=2,
            guest=Guest("Waiting", "+2348031234599"),
            by=Actor.diner(None),
        )
        services.cancel_booking(booking=first, by=Actor.diner(None))
        standby.offer_next(restaurant_id=full.pk, day=entry.service_day)
        assert entry.status == StandbyStatus.WAITING

        booking = services.accept_offer(entry=entry, by=Actor.diner(None))

        assert booking.status == Status.CONFIRMED
        assert StandbyEntry.objects.get().status == StandbyStatus.ACCEPTED


class TestTheDoor:
    def test_answers_a_refusal_in_few_statements(self, place: Restaurant) -> None:
        book(place)
        api = Api()
        api.send("POST", "/api/bookings", wish(place))

        with statements() as sent:
            answer = api.send("POST", "/api/bookings", wish(place), **{"Idempotency-Key": "a-key-of-my-own"})

        assert answer.status_code == 409
        assert answer.json()["alternatives"]
        assert locks(sent) == 0
        # The key, the day, who could move, the day again, the same guest, whether they are taken by telephone only, the
        # days beside it, the row with the answer.
        assert len([each for each in sent if "SAVEPOINT" not in each]) == 8

    def test_a_house_that_is_no_longer_public_is_unknown_at_once(self, place: Restaurant) -> None:
        plan_of(place.pk)
        place.status = RestaurantStatus.DRAFT
        place.save()

        answer = Api().send("POST", "/api/bookings", wish(place))

        assert answer.status_code == 400
        assert not Booking.objects.exists()
