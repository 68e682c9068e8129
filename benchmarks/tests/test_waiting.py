"""What the benchmarks of waiting claim, on one small evening; and that they would notice the contrary."""

import random
from datetime import timedelta
from typing import Any

import pytest

from benchmarks import quotes, standby
from benchmarks.evenings import DAY, MIDNIGHT, Evening, Kept, filled, service_plan
from bookings.forecasting import Due, Floor, Habits, Queued, Sitting, drawn_lateness, drawn_rest, forecast
from bookings.matching import Match, Waiting, next_match
from bookings.packing import Arrangement


@pytest.mark.long
def test_an_evening_wins_back_nearly_what_could_be_and_passes_nobody_unfairly() -> None:
    found = standby.evening_of(2, 0.8)

    assert found.overtakes == 0
    assert found.cancelled > 20
    assert found.won <= found.fair <= found.best
    assert found.won >= 0.8 * found.best > 0
    assert found.won == standby.evening_of(2, 0.8, optimum=False).won


@pytest.mark.long
def test_an_unfair_overtake_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_first(room: Any, day: Any, waiting: Any, *, now: Any) -> Match | None:
        line = sorted(waiting, key=lambda entry: entry.order, reverse=True)
        turned = [
            Waiting(each.key, each.party_size, each.earliest, each.latest, number, each.joined_at)
            for number, each in enumerate(line)
        ]
        match = next_match(room, day, turned, now=now)
        if match is None:
            return None
        passed = tuple(each.key for each in line if each.key > match.key)
        return Match(match.key, match.slot, match.ends_at, match.found, None, passed)

    monkeypatch.setattr(standby, "next_match", last_first)

    assert standby.evening_of(2, 0.8, optimum=False).overtakes > 0


def test_the_hindsight_is_that_of_a_small_evening() -> None:
    plan, seven = service_plan(), MIDNIGHT + timedelta(hours=19)
    evening = Evening(plan)
    # Both tables that take twelve are promised to two parties of eight to ten: the ten and the pair of sixes.
    evening.kept = {1: Kept(1, 10, seven, (24,)), 2: Kept(2, 12, seven, (19, 20))}
    waiting = [Waiting(-1, 12, seven, seven, 2, MIDNIGHT), Waiting(-2, 2, seven, seven, 2, MIDNIGHT)]
    gaps: list[float] = []

    assert standby.hindsight(plan, list(evening.kept.values()), waiting, gaps) == 2
    assert standby.hindsight(plan, [], waiting, gaps) == 14
    assert gaps == [0.0, 0.0]


def test_in_turn_a_small_party_that_comes_first_has_the_large_table() -> None:
    """The ten is free and nothing else: five come first, ten behind them. The optimum leaves the five out."""
    plan, seven = service_plan(), MIDNIGHT + timedelta(hours=19)
    full = [Kept(number, size, seven, ()) for number, size in enumerate([2] * 8 + [4] * 10 + [6] * 4 + [8], start=1)]
    waiting = [Waiting(-1, 5, seven, seven, 2, MIDNIGHT), Waiting(-2, 10, seven, seven, 2, MIDNIGHT + timedelta(1))]

    assert standby.hindsight(plan, full, waiting, []) == 10
    assert standby.hindsight(plan, full, waiting, [], in_turn=True) == 5


def test_the_matcher_prefers_what_leaves_most_to_others() -> None:
    plan, seven = service_plan(), MIDNIGHT + timedelta(hours=19)
    evening = Evening(plan)
    pair = Waiting(-1, 2, seven, seven + timedelta(hours=1), 2, MIDNIGHT)
    # A table of two is taken until half past seven: sitting down then leaves no minute that nobody can use.
    evening.kept = {1: Kept(1, 2, seven - timedelta(minutes=60), (1,))}

    match = next_match(evening.room(), DAY, [pair], now=MIDNIGHT)

    assert match is not None
    assert (match.found, match.passed) == (Arrangement(match.found.table_ids), ())
    assert match.found.table_ids[0] <= 8


def test_the_first_in_line_is_offered_the_time_that_leaves_room_for_those_behind() -> None:
    """One table of ten is free all evening. The first would sit at any time from six; who is behind comes at four."""
    plan, six = service_plan(), MIDNIGHT + timedelta(hours=18)
    evening = Evening(plan)
    # Nothing else takes a party of nine: the two sixes that can be joined are promised all evening.
    evening.kept = {
        number: Kept(number, 12, six + timedelta(minutes=150 * number), (19, 20)) for number in range(-1, 2)
    }
    first = Waiting(-11, 9, six, six + timedelta(hours=2), 2, MIDNIGHT)
    behind = Waiting(-12, 9, six - timedelta(hours=2), six - timedelta(hours=2), 2, MIDNIGHT + timedelta(hours=1))

    alone, before_another = (next_match(evening.room(), DAY, line, now=MIDNIGHT) for line in ([first], [first, behind]))

    assert alone and before_another
    assert (alone.key, alone.slot.starts_at) == (-11, six)
    # The one behind sits from four to half past six.
    assert (before_another.key, before_another.slot.starts_at) == (-11, six + timedelta(minutes=30))
    assert before_another.passed == ()


@pytest.mark.long
def test_an_evening_of_quotes_is_repeatable_and_follows_every_party() -> None:
    band = quotes.BANDS[1]
    one, again = quotes.Evening(3, band).run(), quotes.Evening(3, band).run()

    assert [each.waited for each in one.parties] == [each.waited for each in again.parties]
    assert one.parties
    assert all(each.waited is not None and quotes.rounded_up(each) > 0 for each in one.parties)


class TestForecast:
    def test_knows_the_easy_answers(self) -> None:
        pair = Queued(90, ((1,), (2,)))

        assert forecast(Floor(), pair, seed=1) is not None
        assert forecast(Floor(), pair, seed=1).high == 0  # type: ignore[union-attr]
        assert forecast(Floor(), Queued(90, ()), seed=1) is None

    def test_who_says_that_they_come_late_leaves_so_much_later(self):
        def wait(says_late: float) -> int:
            floor = Floor(due=[Due(5, 60, (1,), says_late=says_late)], habits=Habits(no_show=0, late_mean=0, late_sd=1))
            told = forecast(floor, Queued(90, ((1,),)), seed=1, runs=2000)
            assert told is not None
            return told.high

        assert 25 <= wait(30) - wait(0) <= 35

    def test_about_four_in_five_turns_end_within_it(self) -> None:
        """One table, somebody has sat for an hour: the quote is near the 81st percentile of what is left."""
        habits = Habits()
        told = forecast(Floor(sitting=[Sitting((1,), 60, 90)]), Queued(90, ((1,),)), seed=1, runs=4000)
        dice = random.Random(5)
        rests = [drawn_rest(Sitting((1,), 60, 90), habits, dice) for _run in range(4000)]

        assert told is not None
        assert abs(told.high - told.promised) < 5
        assert 0.78 < sum(rest <= told.promised for rest in rests) / len(rests) < 0.84

    def test_those_ahead_and_bookings_due_make_it_longer(self) -> None:
        sitting = [Sitting((1,), 60, 90)]
        pair = Queued(90, ((1,),))
        alone, behind, before_a_booking = (
            forecast(floor, pair, seed=1)
            for floor in (
                Floor(sitting),
                Floor(sitting, queue=[pair]),
                Floor(sitting, due=[Due(60, 90, (1,))]),
            )
        )

        assert alone and behind and before_a_booking
        assert behind.high > alone.high + 60
        assert before_a_booking.high > alone.high + 60

    def test_whoever_overstays_lets_the_booking_behind_wait(self) -> None:
        """The booking of a quarter of an hour ago has come and stands; its turn begins when the table is free."""
        steady = Habits(turn_sigma=0.01, no_show=0)
        told = forecast(
            Floor(
                [Sitting((1,), 60, 90)], [Due(-15, 60, (1,), has_arrived=True), Due(20, 60, (1,), True)], habits=steady
            ),
            Queued(90, ((1,),)),
            seed=1,
        )

        # Half an hour that is left of the one who sits, and an hour for each of those that are due.
        assert told is not None
        assert 145 <= told.median <= 155

    def test_who_comes_later_takes_what_a_larger_party_cannot_use(self) -> None:
        """Two tables that a party of four must join: a pair that comes when one is free sits down before them."""
        sitting = [Sitting((1,), 80, 90), Sitting((2,), 40, 90)]
        four, pair = Queued(90, ((1, 2),)), Queued(90, ((1,), (2,)))
        alone, among_others, after_the_last_seating = (
            forecast(floor, four, seed=1)
            for floor in (
                Floor(sitting),
                Floor(sitting, lately=[pair] * 8),
                Floor(sitting, lately=[pair] * 8, last_seating=0),
            )
        )

        assert alone and among_others and after_the_last_seating
        assert among_others.median > alone.median + 30
        assert after_the_last_seating == alone

    def test_who_comes_later_takes_nothing_from_a_party_that_uses_the_same(self) -> None:
        pair = Queued(90, ((1,),))
        sitting = [Sitting((1,), 60, 90)]
        alone, among_others = (
            forecast(Floor(sitting, lately=lately), pair, seed=1, runs=2000) for lately in ([], [pair] * 8)
        )

        assert alone and among_others
        assert abs(alone.median - among_others.median) < 3

    def test_a_course_says_how_much_is_left(self) -> None:
        dice = random.Random(1)
        starter, bill = (
            [drawn_rest(Sitting((1,), 60, 90, course), Habits(), dice) for _run in range(500)]
            for course in ("starter", "bill")
        )

        assert sum(bill) / 500 < 12 < 50 < sum(starter) / 500

    def test_who_is_long_awaited_likely_stays_away(self) -> None:
        dice, habits = random.Random(1), Habits()

        def staying_away(minutes: float) -> float:
            return sum(drawn_lateness(minutes, habits, dice) is None for _run in range(2000)) / 2000

        assert staying_away(-60) < 0.11 < staying_away(15) < staying_away(30)
        late = [drawn_lateness(15, habits, dice) for _run in range(500)]
        assert all(each is None or each >= 15 for each in late)


def test_a_filled_evening_has_nobody_sitting_where_another_sits() -> None:
    evening, _refused = filled(random.Random(1), service_plan(), 0.8, may_move=False)
    taken: dict[int, int] = {}
    for party in evening.kept.values():
        bits = evening.occupancy().bits(party.starts_at, party.ends_at)
        for number in party.tables:
            assert not taken.get(number, 0) & bits
            taken[number] = taken.get(number, 0) | bits
