"""Who asks for a table: sizes, wanted times, how far they would go, in which order they come. All from one seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.simulation.floors import LAST_MINUTE, Floor
from bookings.pricing import Wish
from restaurants.service_plan import ServicePlan

WESTERN = (
    *((1, 0.03), (2, 0.40), (3, 0.12), (4, 0.22), (5, 0.06), (6, 0.08), (7, 0.03), (8, 0.04)),
    *((10, 0.015), (12, 0.005)),
)
NIGERIAN = ((2, 0.25), (3, 0.10), (4, 0.25), (5, 0.10), (6, 0.12), (8, 0.10), (10, 0.05), (12, 0.03))
SIZES = {"western": WESTERN, "nigerian": NIGERIAN}
FLEXIBILITY = ((0, 0.35), (30, 0.35), (60, 0.20), (90, 0.10))
LUNCH, DINNER = (13 * 60 + 15, 45.0), (19 * 60 + 45, 60.0)
LUNCH_SHARE = 0.25
# Lagos in November; in the month of fasting most come for this moment.
SUNSET, IFTAR_SHARE = 18 * 60 + 30, 0.6
# The load is what is wanted after this minute, against the seats for four hours.
EVENING, EVENING_MINUTES = 16 * 60, 240
ORDERS = ("random", "small first", "large last")


@dataclass(frozen=True, slots=True)
class Guest:
    """A party that asks for a table."""

    number: int
    party_size: int
    minute: int
    """Asked for, from midnight, on the grid of a quarter of an hour."""
    flexibility: int
    openness: float
    """In [0, 1): open to suggestions when less than the share of guests that are."""
    table_dice: float
    """In [0, 1): chooses its table, which is then locked, when less than the share of guests that do."""

    @property
    def wish(self) -> Wish:
        return Wish(self.party_size, self.minute, self.flexibility)


def guests(
    floor: Floor,
    seed: str,
    *,
    load: float,
    sizes: Sequence[tuple[int, float]] = WESTERN,
    order: str = "random",
    is_flexible: bool = True,
    is_iftar: bool = False,
) -> list[Guest]:
    """Return the parties of an evening in the order in which they ask, the same from the same seed.

    :param load: seat-minutes wanted after 16:00, as a share of the seats for four hours
    """
    dice = random.Random(f"guests:{seed}")
    shift = floor.plan.shifts[0]
    wanted, enough = 0.0, load * floor.seats * EVENING_MINUTES
    found: list[Guest] = []
    while wanted < enough:
        size = dice.choices([size for size, _share in sizes], [share for _size, share in sizes])[0]
        turn = int(shift.turn_time(size).total_seconds() // 60)
        minute = wanted_minute(dice, turn, is_iftar=is_iftar)
        flexibility = dice.choices([far for far, _share in FLEXIBILITY], [share for _far, share in FLEXIBILITY])[0]
        found.append(Guest(len(found), size, minute, flexibility if is_flexible else 0, dice.random(), dice.random()))
        wanted += size * turn if minute >= EVENING else 0
    if order == "small first":
        found.sort(key=lambda guest: guest.party_size)
    elif order == "large last":
        found.sort(key=lambda guest: guest.party_size >= 6)
    return found


def wanted_minute(dice: random.Random, turn: int, *, is_iftar: bool = False) -> int:
    """Return a wanted start on the grid that the hours allow.

    :param turn: how long the party stays, in minutes
    :param is_iftar: most want to sit down in the quarter of an hour before sunset
    """
    if is_iftar and dice.random() < IFTAR_SHARE:
        return SUNSET - dice.choice((15, 0))
    while True:
        mean, deviation = LUNCH if dice.random() < LUNCH_SHARE else DINNER
        minute = round(dice.gauss(mean, deviation) / 15) * 15
        if 12 * 60 <= minute <= min(LAST_MINUTE - turn, 22 * 60):
            return minute


def turn_of(plan: ServicePlan, party_size: int) -> int:
    """Return the minutes that a party keeps its table, without the buffer."""
    return int(plan.shifts[0].turn_time(party_size).total_seconds() // 60)
