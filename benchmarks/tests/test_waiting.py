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


@pytest.mark.long
def test_an_evening_of_quotes_is_repeatable_and_follows_every_party() -> None:
    band = quotes.BANDS[1]
    one, again = quotes.Evening(3, band).run(), quotes.Evening(3, band).run()

    assert [each.waited for each in one.parties] == [each.waited for each in again.parties]
    assert one.parties
    assert all(each.waited is not None and each.quoted >= each.promised for each in one.parties)


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

    def test_four_in_five_turns_end_within_it(self) -> None:
        """One table, somebody has sat for an hour: the quote is the 80th percentile of what is left of such turns."""
        habits = Habits()
        told = forecast(Floor(sitting=[Sitting((1,), 60, 90)]), Queued(90, ((1,),)), seed=1, runs=4000)
        dice = random.Random(5)
        rests = [drawn_rest(Sitting((1,), 60, 90), habits, dice) for _run in range(4000)]

        assert told is not None
        assert told.promised <= told.high < told.promised + 5
        assert 0.77 < sum(rest <= told.promised for rest in rests) / len(rests) < 0.83

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
