"""Times that suit the house better than the one asked for: at most two, beside it, with a bonus of points.

Pure rules over plain values. The asked time is always shown when it can be had; a suggestion never takes its place
(docs/decisions/0024-suggested-times.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from bookings.availability import GRAIN, Slot, midnight_of
from bookings.pricing import Prices
from restaurants.service_plan import ServicePlan

# A difference that is noise among the simulated evenings is no reason to ask anybody for anything.
LEAST_SAVING = 0.1
# What it costs to send a guest a minute away, in covers: of times that save about as much the nearer one is better.
A_MINUTE = 0.006
POINTS_STEP = 10
# The share of guests who would go so far, as the booking engine's benchmark has it: by minutes.
WOULD_GO = ((30, 0.65), (60, 0.30), (90, 0.10))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A free time, what it saves the house compared with the asked one in covers, and the bonus promised for it."""

    slot: Slot
    saving: float
    points: int


def suggest(
    plan: ServicePlan,
    prices: Prices,
    asked: Slot,
    others: Iterable[Slot],
    party_size: int,
    *,
    is_free: Callable[[Slot], bool] = lambda slot: slot.available,
) -> list[Suggestion]:
    """Return up to two free times near the asked one that are cheaper for the house, in the order to show them.

    A guest takes the first that they can make, so the second is the nearer one: it is for those who would not go as
    far as the first. Chosen is the pair that saves most, counting how many guests would go how far, and how far they
    are sent.

    :param is_free: asked of few slots only, the likeliest first
    """
    cost = _cost(plan, prices, asked, party_size)
    if cost is None:
        return []
    window = timedelta(minutes=plan.policy.suggestion_minutes)
    savings: dict[Slot, float] = {}
    for slot in others:
        if slot.starts_at != asked.starts_at and abs(slot.starts_at - asked.starts_at) <= window:
            its = _cost(plan, prices, slot, party_size)
            if its is not None and cost - its >= LEAST_SAVING:
                savings[slot] = cost - its
    gains = {slot: saving - A_MINUTE * _minutes_away(asked, slot) for slot, saving in savings.items()}
    free: dict[Slot, bool] = {}
    for pair in _by_gain(asked, {slot: gain for slot, gain in gains.items() if gain > 0}):
        for slot in pair:
            if slot not in free:
                free[slot] = is_free(slot)
        if all(free[slot] for slot in pair):
            return [Suggestion(slot, savings[slot], points_for(plan, savings[slot], party_size)) for slot in pair]
    return []


def points_for(plan: ServicePlan, saving: float, party_size: int) -> int:
    """Return the bonus for a saving: the largest one for a time that leaves room for as many others as come."""
    share = min(saving / party_size, 1.0)
    return -(-round(plan.policy.suggestion_points * share) // POINTS_STEP) * POINTS_STEP


def _cost(plan: ServicePlan, prices: Prices, slot: Slot, party_size: int) -> float | None:
    begin = (slot.starts_at - midnight_of(plan, slot.service_day)) // GRAIN
    stay = slot.ends_at - slot.starts_at + timedelta(minutes=plan.policy.buffer_minutes)
    return prices.cost(plan, party_size, begin, begin + -(-stay // GRAIN))


def _minutes_away(asked: Slot, slot: Slot) -> int:
    return abs(slot.starts_at - asked.starts_at) // timedelta(minutes=1)


def _by_gain(asked: Slot, gains: dict[Slot, float]) -> list[tuple[Slot, ...]]:
    """Return single times and pairs, those first that gain most when a guest who can make it takes the first."""

    def going(slot: Slot) -> float:
        away = _minutes_away(asked, slot)
        return next((share for minutes, share in WOULD_GO if away <= minutes), 0.0)

    found: list[tuple[float, tuple[Slot, ...]]] = []
    for first, gain in gains.items():
        found.append((going(first) * gain, (first,)))
        for second, less in gains.items():
            more = going(second) - going(first)
            if more > 0:
                found.append((going(first) * gain + more * less, (first, second)))
    found.sort(key=lambda each: (-round(each[0], 6), [slot.starts_at for slot in each[1]]))
    return [pair for _gain, pair in found]
