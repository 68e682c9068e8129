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
    far as the first. Chosen is the pair that saves most, counting how many guests would go how far.

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
    free: dict[Slot, bool] = {}
    for pair in _by_gain(asked, savings):
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


def _by_gain(asked: Slot, savings: dict[Slot, float]) -> list[tuple[Slot, ...]]:
    """Return single times and pairs, those first that save most when a guest who can make it takes the first."""

    def going(slot: Slot) -> float:
        away = abs(slot.starts_at - asked.starts_at) // timedelta(minutes=1)
        return next((share for minutes, share in WOULD_GO if away <= minutes), 0.0)

    gains: list[tuple[float, tuple[Slot, ...]]] = []
    for first, saving in savings.items():
        gains.append((going(first) * saving, (first,)))
        for second, less in savings.items():
            more = going(second) - going(first)
            if more > 0:
                gains.append((going(first) * saving + more * less, (first, second)))
    gains.sort(key=lambda each: (-round(each[0], 6), [slot.starts_at for slot in each[1]]))
    return [pair for _gain, pair in gains]
