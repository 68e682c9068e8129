"""Many real connections at once for what only one can have, and the same with the guard off, which must fail."""

import threading
import time
from collections.abc import Callable
from datetime import time as time_of_day
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import errors, offers, selectors, services
from bookings.models import Block, Booking, BookingHistory, StandbyEntry, TableAllocation
from bookings.services import Actor, claiming
from bookings.states import OCCUPYING, StandbyStatus, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.errors import Busy, DomainError
from restaurants.models import Restaurant, TableCombination
from restaurants.tests.factories import house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

RIVALS = 32
LOCK_SECONDS = 3

_OVERLAPS = """
    SELECT count(*) FROM (
        SELECT upper(during) AS ends,
               lead(lower(during)) OVER (PARTITION BY table_id ORDER BY lower(during), id) AS next_starts
        FROM bookings_tableallocation WHERE live
    ) AS rows WHERE next_starts < ends
"""


def overlaps() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAPS)
        return cursor.fetchone()[0]


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run each action in a thread with a connection of its own, all starting together; return results or errors."""
    start = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(index: int, action: Callable[[], object]) -> None:
        try:
            start.wait(timeout=30)
            results[index] = action()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def insistently(action: Callable[[], object]) -> object:
    """Do as every client should that is told to come back in a moment: the answer after that is about tables.

    It is told so only after the three seconds that the contract names.
    """
    for _attempt in range(20):
        began = time.monotonic()
        try:
            return action()
        except Busy:
            assert time.monotonic() - began >= LOCK_SECONDS
    raise AssertionError("The day stayed locked for a minute.")


def winners(results: list[object]) -> list[Booking]:
    return [result for result in results if isinstance(result, Booking)]


class TestTheLastTable:
    def test_goes_to_one_of_two_and_the_other_sees_alternatives(self):
        restaurant = house(tables=(2,))

        results = at_once(*(lambda n=n: book(restaurant, guest=guest(n)) for n in (1, 2)))

        assert len(winners(results)) == 1
        refusal = next(result for result in results if isinstance(result, errors.NoTableFree))
        assert refusal.details["alternatives"]

    def test_goes_to_one_of_thirty_two(self):
        restaurant = house(tables=(2,))

        results = at_once(*(lambda n=n: insistently(lambda: book(restaurant, guest=guest(n))) for n in range(RIVALS)))

        refusals = [result for result in results if isinstance(result, errors.NoTableFree)]
        assert len(winners(results)) == 1
        assert len(refusals) == RIVALS - 1
        assert all(refusal.details["alternatives"] for refusal in refusals)
        assert overlaps() == 0

    @pytest.mark.parametrize("tables", [(2,), (2, 2)], ids=["the last table", "two tables"])
    def test_pressed_twice_is_one_booking_for_both(self, tables):
        restaurant, key = house(tables=tables), uuid4()

        results = at_once(*(lambda: insistently(lambda: book(restaurant, request_key=key)) for _press in range(4)))

        assert {result.pk for result in winners(results)} == {Booking.objects.get().pk}
        assert len(winners(results)) == 4

    def test_a_combination_and_an_overlapping_one_do_not_both_win(self):
        restaurant = house(tables=(2, 2, 2))
        for name, members in (("1+2", ["T1", "T2"]), ("2+3", ["T2", "T3"])):
            joined = TableCombination.objects.create(restaurant=restaurant, name=name, min_party=3, max_party=4)
            joined.tables.set(restaurant.tables.filter(name__in=members))

        results = at_once(*(lambda n=n: book(restaurant, party_size=4, guest=guest(n)) for n in range(8)))

        assert len(winners(results)) == 1
        assert overlaps() == 0

    def test_one_account_does_not_sit_in_two_houses_at_once(self):
        diner = UserFactory()
        houses = [house() for _number in range(8)]

        results = at_once(*(lambda r=each: insistently(lambda: book(r, diner=diner)) for each in houses))

        assert len(winners(results)) == 1
        assert sum(isinstance(result, errors.OverlapsOwnBooking) for result in results) == 7

    def test_without_the_lock_the_constraint_still_refuses_the_second(self, monkeypatch):
        """The last line: however the code forgets the lock, no table is sold twice."""
        monkeypatch.setattr(claiming, "lock_service_days", lambda restaurant_id, days: None)
        restaurant = house(tables=(2,))

        results = at_once(*(lambda n=n: book(restaurant, guest=guest(n)) for n in range(8)))

        assert len(winners(results)) == 1
        assert overlaps() == 0

    @pytest.mark.long
    def test_the_twin_without_lock_and_constraint_sells_it_twice(self, monkeypatch):
        """If this did not fail to hold, the tests above would prove nothing."""
        monkeypatch.setattr(claiming, "lock_service_days", lambda restaurant_id, days: None)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bookings_tableallocation DROP CONSTRAINT one_table_one_party")
        try:
            doubles = 0
            for offset in range(5):
                restaurant = house(tables=(2,))
                day = tomorrow() + timedelta(days=offset)
                at_once(
                    *(lambda n=n, r=restaurant, d=day: book(r, starts_at=at(day=d), guest=guest(n)) for n in range(16))
                )
                doubles += overlaps()
            assert doubles > 0
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM bookings_tableallocation")
                cursor.execute(
                    "ALTER TABLE bookings_tableallocation ADD CONSTRAINT one_table_one_party EXCLUDE USING gist "
                    "(int8range(table_id, table_id, '[]') WITH &&, during WITH &&) WHERE (live)"
                )


class TestPacing:
    def test_is_a_count_that_only_the_lock_protects(self):
        restaurant = house(tables=(2,) * 20, shift={"max_parties_per_slot": 3})

        results = at_once(*(lambda n=n: insistently(lambda: book(restaurant, guest=guest(n))) for n in range(16)))

        assert len(winners(results)) == 3
        assert all(isinstance(result, Booking | errors.TooManyAtOnce) for result in results)

    @pytest.mark.long
    def test_the_twin_without_the_lock_lets_too_many_in(self, monkeypatch):
        """Every rival has a table of its own, so the constraint on tables cannot help: the count is the lock's."""
        monkeypatch.setattr(claiming, "lock_service_days", lambda restaurant_id, days: None)
        too_many = 0
        for _round in range(5):
            restaurant = house(tables=(2,) * 16, shift={"max_parties_per_slot": 1})
            staff = Actor.staff(member(restaurant.pk))
            tables = list(restaurant.tables.values_list("pk", flat=True))
            results = at_once(
                *(
                    lambda n=n, table=table, r=restaurant, by=staff: book(r, guest=guest(n), by=by, table_ids=[table])
                    for n, table in enumerate(tables)
                )
            )
            too_many += max(0, len(winners(results)) - 1)

        assert too_many > 0


class TestAFullEvening:
    def test_two_hundred_wishes_leave_no_overlap_and_every_answer_is_clear(self):
        restaurant = house(tables=(2, 2, 4, 4, 6), turn_minutes=60)
        clocks = ["18:00", "18:15", "18:30", "19:00", "19:30", "20:00", "20:45", "21:00"]

        def wish(number: int) -> Callable[[], object]:
            def ask() -> object:
                answers = []
                for turn in range(8):
                    clock = clocks[(number + turn * 3) % len(clocks)]
                    who = guest(number * 10 + turn)
                    try:
                        party = 1 + (number + turn) % 6
                        answers.append(
                            insistently(lambda c=clock, p=party, w=who: book(restaurant, c, party_size=p, guest=w))
                        )
                    except DomainError as refusal:
                        answers.append(refusal)
                return answers

            return ask

        results = at_once(*(wish(number) for number in range(25)))

        assert not [result for result in results if isinstance(result, Exception)]
        booked = [answer for answers in results for answer in answers if isinstance(answer, Booking)]
        refused = [answer for answers in results for answer in answers if isinstance(answer, DomainError)]
        assert len(booked) + len(refused) == 200
        assert {type(refusal) for refusal in refused} <= {errors.NoTableFree}
        assert overlaps() == 0
        # What the rows say is what the page would say: nothing that fits was refused at the end.
        for booking in booked:
            assert booking.allocations.filter(live=True).count() == 1
        for slot in selectors.slots_on(restaurant.pk, tomorrow(), 6):
            if slot.available:
                book(restaurant, starts_at=slot.starts_at, party_size=6, guest=guest(99))
                break

    def test_changes_cancellations_and_seatings_at_once_stay_consistent(self):
        restaurant = house(tables=(2, 2, 4))
        staff = Actor.staff(member(restaurant.pk))
        bookings = [book(restaurant, "18:00", guest=guest(n)) for n in range(3)]

        actions: list[Callable[[], object]] = []
        for booking in bookings:
            for clock in ("19:30", "19:45", "20:00"):
                actions.append(lambda b=booking, c=clock: services.change_booking(booking=b, by=staff, starts_at=at(c)))
            actions.append(lambda b=booking: services.cancel_booking(booking=b, by=staff, reason="Power cut"))
        results = at_once(*actions)

        surprises = [r for r in results if isinstance(r, Exception) and not isinstance(r, DomainError)]
        assert surprises == []
        assert overlaps() == 0
        for booking in Booking.objects.all():
            live = booking.allocations.filter(live=True)
            assert live.exists() == (booking.status in OCCUPYING)
            if live.exists():
                assert live.get().during.lower == booking.starts_at


class TestAHoldAtItsVeryEnd:
    def test_is_confirmed_or_resold_never_both(self):
        for _round in range(5):
            restaurant = house(tables=(2,))
            hold = services.hold_table(
                restaurant_id=restaurant.pk,
                starts_at=at(),
                party_size=2,
                by=Actor.diner(None),
                hold_for=timedelta(milliseconds=30),
            )

            results = at_once(
                lambda h=hold: services.confirm_hold(hold=h, guest=guest(1), by=Actor.diner(None)),
                *(lambda n=n, r=restaurant: book(r, guest=guest(n)) for n in (2, 3, 4)),
                services.release_expired_holds,
            )

            confirmed = Booking.objects.filter(restaurant_id=restaurant.pk, status=Status.CONFIRMED).count()
            assert confirmed <= 1
            assert overlaps() == 0
            assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, DomainError)]


class TestAnOfferAtItsVeryEnd:
    """Edge case 9: whoever is offered a freed table says yes at the moment at which it lapses."""

    def offered(self) -> StandbyEntry:
        restaurant = house(tables=(2,), first_seating=time_of_day(19), last_seating=time_of_day(19))
        taken = book(restaurant, guest=guest(8))
        entry = services.join_waitlist(
            restaurant_id=restaurant.pk,
            earliest=at(),
            latest=at(),
            party_size=2,
            guest=guest(9),
            by=Actor.diner(None),
        )
        services.cancel_booking(booking=taken, by=Actor.diner(None))
        services.offer_next(restaurant_id=restaurant.pk, day=tomorrow())
        entry.refresh_from_db()
        assert entry.status == StandbyStatus.OFFERED
        return entry

    @pytest.mark.parametrize("milliseconds", [-1, 10, 20, 40, 80, 60_000])
    def test_is_accepted_or_resold_never_both(self, milliseconds):
        entry = self.offered()
        ends = timezone.now() + timedelta(milliseconds=milliseconds)
        StandbyEntry.objects.filter(pk=entry.pk).update(offer_expires_at=ends)
        Booking.objects.filter(pk=entry.booking_id).update(hold_expires_at=ends)
        TableAllocation.objects.filter(booking=entry.booking_id).update(expires_at=ends)

        accepted, *rest = at_once(
            lambda: insistently(lambda: services.accept_offer(entry=entry, by=Actor.diner(None))),
            *(lambda n=n: insistently(lambda: book(entry.restaurant, guest=guest(n))) for n in (1, 2, 3)),
            services.lapse_offers,
            services.release_expired_holds,
        )

        entry.refresh_from_db()
        sold = winners(rest)
        failed = [each for each in (accepted, *rest) if isinstance(each, Exception)]
        assert not [each for each in failed if not isinstance(each, DomainError)]
        confirmed = Booking.objects.filter(restaurant=entry.restaurant, status=Status.CONFIRMED)
        if isinstance(accepted, Booking):
            assert (entry.status, [*confirmed], sold) == (StandbyStatus.ACCEPTED, [accepted], [])
        else:
            assert isinstance(accepted, errors.OfferGone)
            assert entry.status != StandbyStatus.ACCEPTED
            assert [*confirmed] == sold and len(sold) <= 1
        assert overlaps() == 0
        if milliseconds < 0:
            assert len(sold) == 1
        elif milliseconds == 60_000:
            assert isinstance(accepted, Booking)


class TestTheConstraint:
    def row(self, restaurant, start, end, **fields):
        booking = Booking.objects.first() or book(restaurant, "21:00")
        return TableAllocation.objects.create(
            restaurant=restaurant,
            table=restaurant.tables.first(),
            booking=booking,
            during=TimestamptzRange(at(start), at(end), "[)"),
            **fields,
        )

    def test_refuses_overlap_in_every_form_and_allows_touching_and_dead_rows(self):
        restaurant = house(tables=(2,))
        self.row(restaurant, "12:00", "14:00")

        for start, end in (("12:30", "13:00"), ("11:00", "15:00"), ("13:59", "15:00"), ("12:00", "14:00")):
            with pytest.raises(IntegrityError, match="one_table_one_party"):
                self.row(restaurant, start, end)
        self.row(restaurant, "14:00", "15:00")
        self.row(restaurant, "10:00", "12:00")
        self.row(restaurant, "12:30", "13:00", live=False)

    def test_refuses_rows_longer_than_availability_looks_back(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant, "21:00")

        with pytest.raises(IntegrityError, match="allocation_lasts_at_most_a_day"):
            TableAllocation.objects.create(
                restaurant=restaurant,
                table=restaurant.tables.first(),
                booking=booking,
                during=TimestamptzRange(at("00:00"), at("01:00") + timedelta(days=1), "[)"),
            )


class TestDeposits:
    """Money against the clock, the sweeper, another guest, and itself."""

    TERMS = {"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}

    def a_hold(self, restaurant: Restaurant, *, ended: bool) -> Booking:
        booking = book(restaurant)
        if ended:
            over = timezone.now() - timedelta(seconds=1)
            Booking.objects.filter(pk=booking.pk).update(hold_expires_at=over)
            TableAllocation.objects.filter(booking=booking).update(expires_at=over)
        return booking

    @pytest.mark.parametrize("_round", range(4))
    def test_against_the_sweeper(self, _round):
        restaurant = house(tables=(2,), policy=self.TERMS)
        by, booking = Actor.staff(member(restaurant.pk)), self.a_hold(restaurant, ended=True)

        def pay() -> object:
            return services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=by)

        results = at_once(lambda: insistently(pay), services.release_expired_holds)

        assert not [result for result in results if isinstance(result, Exception)]
        booking.refresh_from_db()
        # Swept first or last, the table was free: it is theirs, once.
        assert (booking.status, booking.advance.state) == (Status.CONFIRMED, "received")
        assert TableAllocation.objects.filter(live=True, expires_at=None).count() == 1

    @pytest.mark.parametrize("_round", range(4))
    def test_late_against_somebody_else_for_the_last_table(self, _round):
        restaurant = house(tables=(2,), policy=self.TERMS)
        by, booking = Actor.staff(member(restaurant.pk)), self.a_hold(restaurant, ended=True)

        def pay() -> object:
            return services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=by)

        results = at_once(
            lambda: insistently(pay), lambda: insistently(lambda: book(restaurant, guest=guest(2))),
            services.release_expired_holds,
        )  # fmt: skip

        booking.refresh_from_db()
        has_table = booking.status == Status.CONFIRMED
        assert has_table != (len(winners(results)) == 1)
        assert booking.advance.state == ("received" if has_table else "owed_back")
        assert TableAllocation.objects.filter(live=True).count() == 1
        assert overlaps() == 0

    def test_one_reference_from_eight_screens(self):
        restaurant = house(tables=(2,), policy=self.TERMS)
        by, booking = Actor.staff(member(restaurant.pk)), self.a_hold(restaurant, ended=False)

        def pay() -> object:
            return services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=by, reference="TRF-1")

        results = at_once(*[lambda: insistently(pay)] * 8)

        outcomes = sorted(str(result.outcome) for result in results if isinstance(result, services.Receipt))
        assert outcomes == ["again"] * 7 + ["confirmed"]
        booking.refresh_from_db()
        assert (booking.advance.received_kobo, booking.status) == (2_000_000, Status.CONFIRMED)


class TestTablesThatClose:
    def closing(self) -> tuple[Restaurant, Actor, dict[str, Any], Booking]:
        """Return a house of four tables with somebody at the one that closes, and what is asked."""
        restaurant = house(tables=(2, 2, 2, 2))
        staff = Actor.staff(member(restaurant.pk))
        closed = {
            "restaurant_id": restaurant.pk,
            "starts_at": at("18:00"),
            "ends_at": at("23:00"),
            "table_id": restaurant.tables.get(name="T1").pk,
        }
        return restaurant, staff, closed, book(restaurant, by=staff, table_ids=[closed["table_id"]], guest=guest(99))

    @pytest.mark.parametrize("_round", range(3))
    def test_nobody_gets_one_meanwhile_and_nobody_who_has_one_is_forgotten(self, _round):
        restaurant, staff, closed, promised = self.closing()
        seal = services.look_at_closing(**closed).seal

        def close() -> object:
            return services.close_tables(**closed, reason="Leg", seal=seal, told="A table broke.", by=staff)

        rivals = [lambda n=number: book(restaurant, guest=guest(n)) for number in range(1, 9)]
        results = at_once(*[lambda action=action: insistently(action) for action in (close, *rivals, close)])

        assert overlaps() == 0
        closings = [results[0], results[-1]]
        done = [each for each in closings if not isinstance(each, Exception)]
        assert {type(each) for each in closings if each not in done} <= {services.ClosingOutdated, errors.TableTaken}
        assert Block.objects.count() == len(done) <= 1
        # Every table that is left is sold, none of them twice, and each refusal says that there is none.
        sold, refused = results[1:-1], [each for each in results[1:-1] if isinstance(each, Exception)]
        assert len(sold) - len(refused) == 3 - len(done)
        assert {type(each) for each in refused} == {errors.NoTableFree}
        promised.refresh_from_db()
        kept = promised.allocations.get(live=True)
        assert (promised.status, kept.table_id == closed["table_id"]) == (Status.CONFIRMED, not done)
        [at_the_table] = TableAllocation.objects.filter(table_id=closed["table_id"], live=True)
        assert (at_the_table.block_id is not None, at_the_table.booking_id) == (
            (True, None) if done else (False, promised.pk)
        )

    def test_a_look_that_holds_is_done_once_by_eight_who_agree(self):
        _restaurant, staff, closed, promised = self.closing()
        seal = services.look_at_closing(**closed).seal

        def close() -> object:
            return services.close_tables(**closed, reason="Leg", seal=seal, told="A table broke.", by=staff)

        results = at_once(*[lambda: insistently(close)] * 8)

        assert sum(not isinstance(each, Exception) for each in results) == 1
        assert Block.objects.get().allocations.get().table_id == closed["table_id"]
        assert promised.allocations.get(live=True).table.name == "T2"
        assert BookingHistory.objects.filter(booking=promised, changes__has_key="tables").count() == 1

    def test_an_apology_goes_to_one_of_two_bookings_made_at_once(self):
        restaurant, staff, _closed, promised = self.closing()
        services.cancel_booking(booking=promised, by=staff, reason="No power", apology=200)
        token = offers.seal_apology(restaurant.pk, promised.public_id)

        results = at_once(
            *[lambda n=number: insistently(lambda: book(restaurant, guest=guest(n), offer=token)) for number in (1, 2)]
        )

        assert sorted(each.bonus_points for each in winners(results)) == [0, 200]
        promised.refresh_from_db()
        assert promised.bonus_points == 0


class TestWhatTheAskerHasSeen:
    """A change made between the look at the ETag and the row's lock is a change the asker has not seen."""

    @pytest.mark.parametrize(
        "word, body", [("seat", {}), ("deposit", {"amount": "5000.00"})], ids=["on the floor", "money"]
    )
    def test_is_compared_under_the_lock(self, word, body):
        restaurant = house(policy={"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1})
        booking = book(restaurant)
        host = Client()
        log_in(host, member(restaurant.pk, Role.OWNER))
        path = f"/api/bookings/{booking.public_id}"
        seen = host.get(path)["ETag"]
        changed: list[object] = []

        def check_in_before_the_lock(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if not changed and "FOR UPDATE" in sql and "bookings_booking" in sql:
                changed.extend(at_once(lambda: services.mark_arrived(booking=booking, by=Actor.system())))
            return execute(sql, params, many, context)

        with time_machine.travel(at("18:30"), tick=True), connection.execute_wrapper(check_in_before_the_lock):
            answer = host.post(f"{path}/{word}", body, content_type="application/json", headers={"If-Match": seen})

        assert [type(each) for each in changed] == [Booking], changed
        assert (answer.status_code, answer.json()["code"]) == (412, "booking_version")
        booking.refresh_from_db()
        assert (booking.status, booking.version) == (Status.ARRIVED, 2)
