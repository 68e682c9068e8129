"""What the benchmark claims, on five small evenings; and that hindsight is a bound that nothing exceeds."""

import random
from dataclasses import replace

import pytest

from benchmarks import packing
from benchmarks.packing import days, judge, prices_of
from benchmarks.simulation import floors, guests, hindsight
from benchmarks.simulation.guests import Guest
from benchmarks.simulation.running import POLICIES

SEEDS = range(901, 906)


def test_each_step_fills_the_room_better_and_nothing_exceeds_hindsight() -> None:
    evenings = days("B", "western", 1.1, SEEDS, seconds=2.0)
    prices = prices_of("B", "western", count=9)
    results = {policy: judge(evenings, policy) for policy in POLICIES if policy != "ours"}
    results["nobody open"] = judge(evenings, "ours", prices=prices)
    results["half open"] = judge(evenings, "ours", prices=prices, accepted=0.5)
    results["all promised"] = judge(evenings, "re-pack", locked=1.0)

    mean = {name: result.mean for name, result in results.items()}
    assert mean["largest fitting"] < mean["best fit"] < mean["re-pack"] < mean["half open"]
    assert mean["nobody open"] == mean["re-pack"] > mean["all promised"]
    assert all(0 < ratio <= 1 for result in results.values() for ratio in result.ratios)
    assert results["half open"].shift < 12
    assert sum(evening.taken for evening in results["half open"].evenings) > 5
    assert sum(evening.taken for evening in results["nobody open"].evenings) == 0


def test_the_same_seed_gives_the_same_evening_and_remembering_changes_no_answer() -> None:
    first, again = (days("B", "western", 0.8, SEEDS[:2], seconds=2.0) for _time in range(2))

    assert [asked for _seed, asked, _best in again.evenings] == [asked for _seed, asked, _best in first.evenings]
    assert judge(again, "any fitting").ratios == judge(first, "any fitting").ratios
    assert judge(again, "re-pack", remembers=False).ratios == judge(first, "re-pack").ratios


@pytest.mark.parametrize("seed", range(6))
def test_hindsight_is_the_best_there_is(seed: int) -> None:
    """Against every choice of starts and tables, on a floor small enough to try them all."""
    floor = floors.floor("tiny", [2, 2, 4], [(1, 2)])
    dice = random.Random(seed)
    asked = [
        Guest(number, dice.choice((2, 2, 3, 4)), 19 * 60 + 15 * dice.randint(0, 3), dice.choice((0, 30)), 0, 0)
        for number in range(5)
    ]

    found = hindsight.best(floor, asked)

    assert found.covers == best_by_trying(floor, asked)
    assert found.bound >= found.covers


def best_by_trying(floor: floors.Floor, asked: list[Guest]) -> int:
    def choices(guest: Guest) -> list[tuple[int, tuple[int, ...]] | None]:
        turn = guests.turn_of(floor.plan, guest.party_size) // 15
        starts = range(guest.minute - guest.flexibility, guest.minute + guest.flexibility + 1, 15)
        seatings = floor.plan.seatings_for(guest.party_size, online=True)
        taken = [(((1 << turn) - 1) << start // 15, seating.table_ids) for start in starts for seating in seatings]
        return [None, *taken]

    best = 0
    for number in range(1 << len(asked)):
        chosen = [guest for index, guest in enumerate(asked) if number >> index & 1]
        covers = sum(guest.party_size for guest in chosen)
        if covers > best and fits([choices(guest)[1:] for guest in chosen], {}):
            best = covers
    return best


def fits(wishes: list, taken: dict[int, int]) -> bool:
    if not wishes:
        return True
    for bits, tables in wishes[0]:
        if not any(taken.get(table, 0) & bits for table in tables):
            after = taken | {table: taken.get(table, 0) | bits for table in tables}
            if fits(wishes[1:], after):
                return True
    return False


def test_refusals_are_tried_and_a_needless_one_is_noticed() -> None:
    evenings = days("B", "western", 1.1, SEEDS[:2], seconds=2.0)
    results = judge(evenings, "re-pack")
    judged = packing.Judged()
    packing._try_refusals(judged, results)
    assert (judged.tried > 2, judged.needless) == (True, 0)

    refusal = results.evenings[0].refusals[0]
    results.evenings[0].refusals[:] = [replace(refusal, parties=(), locked={})]
    packing._try_refusals(judged, results)
    assert judged.needless == 1


def test_the_chart_draws_each_policy() -> None:
    drawn = packing.chart(
        {"best fit": {0.8: 0.86, 1.1: 0.78}, "ours, 30 % accept": {0.8: 0.91, 1.1: 0.87}},
        {"ours, 30 % accept": {0.0: 0.87, 50.0: 0.85}},
    )

    assert drawn.count("<polyline") == 3
    assert drawn.count("ours, 30 % accept") == 1
    assert "covers ÷ hindsight" in drawn
