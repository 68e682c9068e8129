"""Evenings on which nothing goes as booked: nobody is lost, and the same seed gives the same evening."""

import random
from collections import Counter

import pytest

from benchmarks.simulation import disturbances, floors, guests
from benchmarks.simulation.disturbances import CANCELLED, GRACE, NO_SHOW, PATIENCE, Disturbed, Fate, _Evening, fates
from benchmarks.simulation.guests import SUNSET, Guest
from benchmarks.simulation.running import Room, ask

NAMES = [f"disturbed:{number}" for number in range(5)]


def asked(name: str) -> list[Guest]:
    return guests.guests(floors.named("B"), name, load=1.1)


def disturbed(name: str, policy: str) -> Disturbed:
    return disturbances.run(floors.named("B"), asked(name), policy, seed=name)


@pytest.mark.parametrize("policy", ["best fit", "re-pack"])
def test_everybody_who_booked_is_served_cancels_stays_away_or_goes_home(policy: str) -> None:
    for name in NAMES:
        # Nobody asks twice, so whoever stays away is known by their fate.
        evening = played(asked(name), policy, seed=name)
        found = evening.found
        stayed_away = sum(guest.party_size for guest, _minute, fate in evening.booked.values() if not fate.comes)

        assert found.booked == found.cancelled + found.served + found.gone + stayed_away
        assert len(found.waits) <= sum(fate.comes for _guest, _minute, fate in evening.booked.values())
        assert not evening.waiting and not evening.due and not evening.seated


def played(asked: list[Guest], policy: str, *, seed: str) -> _Evening:
    """Return an evening with the same floor, guests and fates as `disturbed`, with all that it remembers."""
    evening = _Evening(Room(floors.named("B"), policy, random.Random(f"{policy}:{seed}"), remembers=False))
    for guest, fate in zip(asked, fates(asked, seed), strict=True):
        answer = ask(evening.room, guest, prices=None, open_share=0.0)
        if answer.place is None:
            continue
        evening.room.take(guest, answer.minute, answer.place, is_locked=False)
        evening.book(guest, answer.minute, fate)
        if fate.cancels_days_before is not None:
            evening.cancel(guest.number + 1)
    evening.play([])
    return evening


class TestOneTable:
    """For two, from seven; whoever follows comes when the first are expected to leave."""

    SEVEN = 19 * 60

    def evening(self, *fates_in_turn: Fate) -> tuple[_Evening, int]:
        floor = floors.floor("one", [2], [])
        evening = _Evening(Room(floor, "best fit", random.Random("one"), remembers=False))
        turn = guests.turn_of(floor.plan, 2)
        for number, fate in enumerate(fates_in_turn):
            party, minute = self.party(number, number * turn), self.SEVEN + number * turn
            place = evening.room.find(minute, 2)
            assert place is not None
            evening.room.take(party, minute, place, is_locked=False)
            evening.book(party, minute, fate)
        return evening, turn

    def party(self, number: int, after: int) -> Guest:
        return Guest(number, 2, self.SEVEN + after, 0, 1.0, 1.0)

    def fate(self, *, comes: bool = True, late: int = 0, stay: float = 1.0) -> Fate:
        return Fate(1.0, None, comes, late, stay)

    def test_who_finds_it_taken_waits_as_long_as_the_others_stay_on(self) -> None:
        _none, turn = self.evening()
        evening, _turn = self.evening(self.fate(stay=1 + 30 / turn), self.fate())

        evening.play([])

        assert (evening.found.served, evening.found.waits, evening.found.long_waits) == (4, [0, 30], 0.5)

    def test_and_goes_home_once_their_patience_is_over(self) -> None:
        _none, turn = self.evening()
        evening, _turn = self.evening(self.fate(stay=2), self.fate())

        evening.play([(self.party(-1, turn + PATIENCE + 5), 1.0)])

        assert (evening.found.served, evening.found.gone, evening.found.turned_away) == (2, 2, 2)

    def test_whose_table_is_kept_through_their_grace_and_then_goes_to_the_door(self) -> None:
        evening, _turn = self.evening(self.fate(comes=False))

        evening.play([(self.party(-1, GRACE - 10), 1.0), (self.party(-2, GRACE + 5), 1.0)])

        assert (evening.found.turned_away, evening.found.walk_ins, evening.found.served) == (2, 2, 0)

    def test_whoever_comes_early_has_not_waited(self) -> None:
        evening, _turn = self.evening(self.fate(late=-10))

        evening.play([])

        assert evening.found.waits == [0]

    def test_a_cancellation_gives_it_to_the_next_who_asks(self) -> None:
        evening, _turn = self.evening(self.fate())
        assert evening.room.find(self.SEVEN, 2) is None

        evening.cancel(1)

        assert evening.room.find(self.SEVEN, 2) is not None
        assert (evening.found.cancelled, evening.booked) == (2, {})


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
