"""Evenings as a house's guests may want them: what its shadow prices are averaged over.

A house with enough bookings behind it is asked for what was asked for then; a new one for what guests usually want: a
quarter of them lunch, the others dinner, with the sizes and the flexibility of docs/benchmarks.md (`packing`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp

from bookings.availability import midnight_of, slot_times
from bookings.pricing import Wish
from restaurants.service_plan import ServicePlan

USUAL_SIZES = ((2, 0.25), (3, 0.10), (4, 0.25), (5, 0.10), (6, 0.12), (8, 0.10), (10, 0.05), (12, 0.03))
FLEXIBILITY = ((0, 0.35), (30, 0.35), (60, 0.20), (90, 0.10))
# Mean and deviation in minutes of the day, and the share of all guests.
MEALS = ((13 * 60 + 15, 45, 0.25), (19 * 60 + 45, 60, 0.75))
# Evenings at which prices matter: about as much is wanted as four hours of every seat, and more.
LOADS = (0.95, 1.1, 1.4)
PEAK_MINUTES = 240
# Fewer earlier bookings than this say little about what guests want.
ENOUGH = 200
# A room of many tables is not simulated beyond this many guests an evening.
MOST_PARTIES = 1500


@dataclass(frozen=True)
class Demand:
    """What guests ask for, as something to draw from: sizes and minutes of the day with their weights."""

    sizes: tuple[tuple[int, float], ...]
    minutes: tuple[tuple[int, float], ...]
    pairs: tuple[tuple[int, int], ...] = field(default=())
    """Size and minute of earlier bookings; where there are any, nothing else is drawn."""

    def evening(self, dice: random.Random, *, seat_minutes: float, turns: dict[int, int]) -> list[Wish]:
        """Return parties until so many seat-minutes are wanted."""
        found: list[Wish] = []
        wanted = 0.0
        sizes, shares = zip(*self.sizes, strict=True)
        minutes, weights = zip(*self.minutes, strict=True)
        while wanted < seat_minutes and len(found) < MOST_PARTIES:
            if self.pairs:
                size, minute = dice.choice(self.pairs)
            else:
                size, minute = dice.choices(sizes, shares)[0], dice.choices(minutes, weights)[0]
            flexibility = dice.choices([far for far, _ in FLEXIBILITY], [share for _, share in FLEXIBILITY])[0]
            found.append(Wish(size, minute, flexibility))
            wanted += size * turns.get(size, 120)
        return found


def demand_of(plan: ServicePlan, day: date, earlier: Sequence[tuple[int, int]] = ()) -> Demand | None:
    """Return what guests want on such a day; None when nothing can be booked online then.

    :param earlier: size and minute of the service day of what was asked for before
    """
    midnight = midnight_of(plan, day)
    minutes = [
        int((slot.starts_at - midnight).total_seconds() // 60) for slot in slot_times(plan, day) if slot.shift.is_online
    ]
    largest = min(plan.policy.max_party_online, plan.largest_party)
    sizes = tuple((size, share) for size, share in USUAL_SIZES if plan.policy.min_party_online <= size <= largest)
    if not minutes or not sizes:
        return None
    known = tuple((size, minute) for size, minute in earlier if minute in set(minutes))
    return Demand(sizes, tuple((minute, _weight(minute)) for minute in minutes), known if len(known) >= ENOUGH else ())


def evenings(plan: ServicePlan, day: date, demand: Demand, *, count: int, seed: str) -> list[list[Wish]]:
    """Return simulated evenings of a house, the same from the same seed, from busy to overrun."""
    seats = sum(seating.max_party for seating in plan.seatings if len(seating.table_ids) == 1)
    turns: dict[int, int] = {}
    for slot in slot_times(plan, day):
        for size in {size for size, _share in demand.sizes} | {size for size, _minute in demand.pairs}:
            turns.setdefault(size, int(slot.shift.turn_time(size).total_seconds() // 60))
    # What is wanted before the evening comes on top.
    peak = sum(weight for minute, weight in demand.minutes if minute >= 16 * 60)
    share = peak / sum(weight for _minute, weight in demand.minutes)
    whole = seats * PEAK_MINUTES / share if share > 0.2 else seats * PEAK_MINUTES
    return [
        demand.evening(
            random.Random(f"{seed}:{number}"),  # noqa: S311 - a simulation, no secret
            seat_minutes=LOADS[number % len(LOADS)] * whole,
            turns=turns,
        )
        for number in range(count)
    ]


def _weight(minute: int) -> float:
    """Return how often guests want this minute; even the quietest hour is wanted now and then."""
    return 0.0002 + sum(
        share / deviation * exp(-((minute - mean) ** 2) / (2 * deviation**2)) for mean, deviation, share in MEALS
    )
