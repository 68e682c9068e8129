"""Quotes at the door learn from what the house's own quotes came to: the rule, and what a house keeps of it."""

import math
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts.tests.factories import member
from bookings import errors, learning, services
from bookings.forecasting import LONGEST, TARGET, quoted
from bookings.models import QueueEntry, QuoteStretch, TableAllocation
from bookings.services import Actor, queue
from bookings.tests.factories import at
from bookings.tests.test_race import at_once
from core.states import IllegalMove
from restaurants.models import Restaurant
from restaurants.tests.factories import house


class TestTheQuote:
    def test_is_the_multiple_of_five_whose_share_is_nearest(self) -> None:
        waits = [18.0] * 78 + [22.0] * 10 + [40.0] * 12

        # Within 20 minutes are 78 %, within 25 are 88 %.
        assert quoted(waits).high == 20
        # Within 20 minutes are 70 %, within 25 are 84 %.
        assert quoted([18.0] * 70 + [22.0] * 14 + [40.0] * 16).high == 25
        assert quoted(waits).promised == 22

    def test_is_never_less_than_nothing_nor_more_than_the_longest(self) -> None:
        assert quoted([0.0] * 90 + [3.0] * 10).high == 0
        assert quoted([2.0] * 100).high == 5
        assert quoted([200.0] * 100, 1.8).high == LONGEST

    def test_is_stretched_as_a_whole_but_for_who_never_sits(self) -> None:
        waits = [float(minutes) for minutes in range(10, 110)]

        assert quoted(waits, 1.5).high == pytest.approx(1.5 * quoted(waits).high, abs=5)
        assert quoted(waits, 1.5).median == 1.5 * quoted(waits).median
        assert quoted([float(LONGEST)] * 100, 0.6).high == LONGEST


class TestTheRule:
    def test_a_party_seated_within_its_quote_makes_the_next_shorter_and_one_beyond_it_longer(self) -> None:
        assert learning.learned(1.1, was_within=True) < 1.1 < learning.learned(1.1, was_within=False)

    def test_stands_still_where_the_share_is_the_one_aimed_at(self) -> None:
        stretch = 1.2
        for number in range(100):
            # In an order that keeps away from the bounds.
            stretch = learning.learned(stretch, was_within=number * 19 % 100 >= round(100 * (1 - TARGET)))

        assert stretch == pytest.approx(1.2)

    @pytest.mark.parametrize("was_within", [True, False])
    def test_a_run_of_bad_luck_ends_at_a_bound(self, was_within: bool) -> None:
        stretch = learning.NEUTRAL
        for _party in range(10_000):
            stretch = learning.learned(stretch, was_within=was_within)

        assert stretch == (learning.LEAST if was_within else learning.MOST)

    def test_brings_a_forecast_that_errs_to_what_was_aimed_at(self) -> None:
        """Waits are half as long again as what is drawn: what is drawn is far off, what is learned is not."""
        dice = random.Random(1)
        stretch, fixed, own = learning.NEUTRAL, [], []
        for _party in range(3000):
            draws = sorted(40 * dice.lognormvariate(0, 0.5) for _run in range(100))
            wait = 60 * dice.lognormvariate(0, 0.5)
            fixed.append(wait <= quoted(draws).high)
            own.append(wait <= quoted(draws, stretch).high)
            stretch = learning.learned(stretch, was_within=own[-1])

        assert sum(fixed) / 3000 < 0.6
        assert 0.79 < sum(own[1000:]) / 2000 < 0.83

    @pytest.mark.parametrize("quoted_high, says", [(None, False), (0, False), (5, True), (LONGEST, False)])
    def test_only_a_quote_that_was_chosen_says_something(self, quoted_high: int | None, says: bool) -> None:
        assert learning.says_something(quoted_high) is says


@pytest.fixture
def evening() -> Iterator[Any]:
    with time_machine.travel(at("19:00"), tick=False) as clock:
        yield clock


def full_house(**named: str) -> Restaurant:
    """Return a house whose only table has just been taken."""
    place = house(tables=(2,), turn_minutes=90, **named)
    services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=host_of(place))
    return place


def host_of(place: Restaurant) -> Actor:
    return Actor.staff(member(place.pk))


def joins(place: Restaurant) -> QueueEntry:
    return services.join_queue(restaurant_id=place.pk, party_size=2, by=host_of(place))


def sits_after(minutes: int, entry: QueueEntry, clock: Any) -> QueueEntry:
    """Let the table come free then, and seat the party at once."""
    by = host_of(entry.restaurant)
    free_the_tables(entry.restaurant, by, clock, minutes=minutes)
    return services.seat_from_queue(entry=entry, by=by)


def free_the_tables(place: Restaurant, by: Actor, clock: Any, *, minutes: int = 30) -> None:
    """Let so much time pass, and everybody who sits go home."""
    clock.shift(timedelta(minutes=minutes))
    for row in TableAllocation.objects.filter(restaurant=place, live=True).select_related("booking"):
        services.complete_visit(booking=row.booking, by=by)


@pytest.mark.django_db
class TestTheHouse:
    def test_a_party_seated_within_its_quote_teaches_its_own_house(self, evening) -> None:
        place, other = full_house(name="Here"), full_house(name="Elsewhere")
        entry, elsewhere = joins(place), joins(other)

        sits_after(30, entry, evening)

        known = QuoteStretch.objects.get()
        assert (known.restaurant_id, known.parties) == (place.pk, 1)
        assert known.stretch == pytest.approx(learning.learned(learning.NEUTRAL, was_within=True))
        sits_after(0, elsewhere, evening)
        assert QuoteStretch.objects.get(restaurant=place).stretch == known.stretch

    def test_one_seated_later_than_it_was_told_makes_the_next_quote_longer(self, evening) -> None:
        place = full_house()
        entry = joins(place)

        sits_after(entry.quoted_high + 1, entry, evening)

        assert QuoteStretch.objects.get().stretch == pytest.approx(learning.learned(learning.NEUTRAL, was_within=False))

    def test_what_was_learned_is_what_the_next_is_told_by(self, evening) -> None:
        place = full_house()

        def told() -> int:
            return queue.line_of(place.pk).quote(party_size=2, area_id=None, behind=0, seed=1).high

        neutral = told()
        learned = QuoteStretch.objects.create(restaurant=place, stretch=learning.MOST)
        longer = told()
        QuoteStretch.objects.filter(pk=learned.pk).update(stretch=learning.LEAST)
        assert told() < neutral < longer

        # Another house's is no matter of this one's.
        QuoteStretch.objects.filter(pk=learned.pk).update(restaurant=house(name="Elsewhere"))
        assert told() == neutral

    def test_told_again_at_the_same_moment_it_is_the_same(self, evening) -> None:
        """A party that has joined is not one more of those who come later; else its quote slips by chance."""
        place = full_house()

        def told(**known: int) -> list[Any]:
            line = queue.line_of(place.pk)
            return [line.quote(party_size=2, area_id=None, behind=0, seed=seed, **known) for seed in range(8)]

        before = told()
        entry = joins(place)

        assert told(entry_id=entry.pk) == before
        assert told() != before

    def test_a_party_that_leaves_or_is_taken_off_teaches_nothing(self, evening) -> None:
        place = full_house()
        first, second = joins(place), joins(place)
        evening.shift(timedelta(minutes=200))

        services.leave_queue(entry=first, by=host_of(place))
        services.remove_from_queue(entry=second, by=host_of(place), reason="Written down twice")

        assert not QuoteStretch.objects.exists()

    def test_a_party_seated_at_once_teaches_nothing(self, evening) -> None:
        place = house(tables=(2, 2))
        services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=host_of(place))
        entry = joins(place)
        assert entry.quoted_high == 0

        services.seat_from_queue(entry=entry, by=host_of(place))

        assert not QuoteStretch.objects.exists()

    def test_a_second_tap_and_a_refused_seat_teach_nothing_more(self, evening) -> None:
        place = full_house()
        entry = joins(place)
        with pytest.raises(errors.NoTableFree):
            services.seat_from_queue(entry=entry, by=host_of(place))
        assert not QuoteStretch.objects.exists()
        seated = sits_after(30, entry, evening)

        with pytest.raises(IllegalMove):
            services.seat_from_queue(entry=seated, by=host_of(place))

        assert QuoteStretch.objects.get().parties == 1

    def test_a_stretch_is_more_than_nothing_and_a_house_has_one(self) -> None:
        place, other = house(name="Here"), house(name="Elsewhere")
        QuoteStretch.objects.create(restaurant=place, stretch=0.8)
        for whose, stretch in ((place, 0.8), (other, 0.0)):
            with pytest.raises(IntegrityError), transaction.atomic():
                QuoteStretch.objects.create(restaurant=whose, stretch=stretch)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
class TestAtOnce:
    def test_a_party_seated_by_many_taps_counts_once(self, evening) -> None:
        place = full_house()
        entry, by = joins(place), host_of(place)
        free_the_tables(place, by, evening)

        at_once(*[lambda: services.seat_from_queue(entry=QueueEntry.objects.get(pk=entry.pk), by=by)] * 8)

        assert QueueEntry.objects.get().status == "seated"
        assert QuoteStretch.objects.get().parties == 1

    def test_parties_seated_at_the_same_moment_all_count(self, evening) -> None:
        """The first of their house, so that several would make its row."""
        place = house(tables=(2,) * 6, turn_minutes=90)
        by = host_of(place)
        entries = []
        for _table in range(6):
            services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=by)
        for _party in range(6):
            entries.append(services.join_queue(restaurant_id=place.pk, party_size=2, by=by))
        free_the_tables(place, by, evening)

        answers = at_once(
            *[
                lambda pk=entry.pk: services.seat_from_queue(entry=QueueEntry.objects.get(pk=pk), by=by)
                for entry in entries
            ]
        )

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        known = QuoteStretch.objects.get()
        assert known.parties == 6
        assert known.stretch == pytest.approx(math.exp(-6 * learning.STEP * (1 - TARGET)))
