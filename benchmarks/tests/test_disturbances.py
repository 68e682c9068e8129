"""Evenings on which nothing goes as booked: nobody is lost, and the same seed gives the same evening."""

from collections import Counter

import pytest

from benchmarks.simulation import disturbances, floors, guests
from benchmarks.simulation.disturbances import CANCELLED, NO_SHOW, Disturbed, fates
from benchmarks.simulation.guests import SUNSET, Guest

NAMES = [f"disturbed:{number}" for number in range(5)]


def asked(name: str) -> list[Guest]:
    return guests.guests(floors.named("B"), name, load=1.1)


def disturbed(name: str, policy: str) -> Disturbed:
    return disturbances.run(floors.named("B"), asked(name), policy, seed=name)


@pytest.mark.parametrize("policy", ["best fit", "re-pack"])
def test_everybody_who_booked_is_served_cancels_stays_away_or_goes_home(policy: str) -> None:
    for name in NAMES:
        found = disturbed(name, policy)
        stayed_away = found.booked - found.cancelled - found.served - found.gone

        assert 0 <= stayed_away <= 0.5 * found.booked
        assert found.served > 0.4 * found.booked
        assert 0 <= found.long_waits <= 1
        assert found.walk_ins + found.turned_away > 0


def test_the_same_seed_gives_the_same_evening() -> None:
    assert disturbed(NAMES[0], "re-pack") == disturbed(NAMES[0], "re-pack")


def test_room_that_a_cancellation_frees_is_sold_again() -> None:
    more = sum(disturbed(name, "best fit").booked for name in NAMES)
    steady = sum(_without_cancellations(name) for name in NAMES)

    assert more > steady


def _without_cancellations(name: str) -> int:
    from benchmarks.simulation.running import run

    return run(floors.named("B"), asked(name), "best fit", seed=name).covers


def test_fates_have_their_shares_and_the_first_to_ask_have_longest_to_wait() -> None:
    known = [fate for number in range(40) for fate in fates(asked("a"), f"{number}")]
    of_one = fates(asked("a"), "1")

    assert sum(fate.cancels_days_before is not None for fate in known) / len(known) == pytest.approx(
        CANCELLED, abs=0.03
    )
    assert sum(not fate.comes for fate in known) / len(known) == pytest.approx(NO_SHOW, abs=0.03)
    assert [fate.lead_days for fate in of_one] == sorted((fate.lead_days for fate in of_one), reverse=True)


def test_most_come_before_sunset_in_the_month_of_fasting() -> None:
    evening = guests.guests(floors.named("A"), "fasting", load=1.4, is_iftar=True)

    soon = Counter(SUNSET - 15 <= guest.minute <= SUNSET for guest in evening)
    assert soon[True] / len(evening) == pytest.approx(0.6, abs=0.12)
