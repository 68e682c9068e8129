"""What a quarter of an hour at each kind of table is worth to a house: shadow prices, in covers.

Known afterwards, the evening that seats the most guests is a linear program: how many parties of each kind start when,
at tables of which kind. Its duals say how many covers more one more table would have brought at each quarter of an
hour. Averaged over many simulated days of the house's own floor and hours they are prices: a party whose stay costs
less than its covers is worth a place, and of two times the cheaper one leaves more room for others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any

from bookings.availability import GRAIN, hard_close_refusal, midnight_of, slot_times
from restaurants.service_plan import Seating, ServicePlan

QUARTER = timedelta(minutes=15)
GRAINS_A_QUARTER = QUARTER // GRAIN

Kinds = tuple[tuple[int, int], ...]
"""What a seating takes of each kind of table: pairs of kind and number."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A party that somebody may ask for: its size, the minute of the service day it asks for, how far it would go."""

    party_size: int
    minute: int
    flexibility: int = 0


@dataclass(frozen=True)
class Prices:
    """Covers that a quarter of an hour at a table costs, by kind of table; quarters count from the day's midnight."""

    tables: tuple[tuple[int, ...], ...]
    """The keys of the tables of each kind."""
    covers: tuple[tuple[float, ...], ...]
    """By kind, for every quarter of an hour from midnight on."""
    _choices: dict[tuple[int, int, bool], tuple[Kinds, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def kind_of(self) -> dict[int, int]:
        return {table: kind for kind, tables in enumerate(self.tables) for table in tables}

    @cached_property
    def _sums(self) -> list[list[float]]:
        return [[0.0, *accumulate(quarters)] for quarters in self.covers]

    def cost(self, plan: ServicePlan, party_size: int, first: int, last: int, *, online: bool = True) -> float | None:
        """Return the covers that a stay costs at the cheapest kind of table; None when no table takes the party.

        :param first: the grain of the day at which it begins, as in Occupancy.bits
        :param last: the grain at which the table is laid again
        """
        begin, end = first // GRAINS_A_QUARTER, -(-last // GRAINS_A_QUARTER)
        sums = [self._between(kind, begin, end) for kind in range(len(self.tables))]
        costs = [sum(number * sums[kind] for kind, number in choice) for choice in self._ways(plan, party_size, online)]
        return min(costs, default=None)

    def of_table(self, table: int, first: int, last: int) -> float:
        """Return the covers that a table costs from one grain of the day to another; 0 for a table without a price."""
        kind = self.kind_of.get(table)
        return 0.0 if kind is None else self._between(kind, first // GRAINS_A_QUARTER, -(-last // GRAINS_A_QUARTER))

    def _between(self, kind: int, begin: int, end: int) -> float:
        sums = self._sums[kind]
        most = len(sums) - 1
        return sums[min(end, most)] - sums[min(begin, most)]

    def _ways(self, plan: ServicePlan, party_size: int, online: bool) -> tuple[Kinds, ...]:
        key = (plan.version, party_size, online)
        if key not in self._choices:
            seatings = plan.seatings_for(party_size, online=online)
            self._choices[key] = tuple(
                {
                    taken_by(seating, self.kind_of): None
                    for seating in seatings
                    if all(table in self.kind_of for table in seating.table_ids)
                }
            )
        return self._choices[key]


def taken_by(seating: Seating, kind_of: dict[int, int]) -> Kinds:
    """Return what a seating takes of each kind of table."""
    return tuple(sorted(Counter(kind_of[table] for table in seating.table_ids).items()))


def kinds_of_tables(plan: ServicePlan) -> tuple[tuple[int, ...], ...]:
    """Return the tables in groups that take the same parties on their own, the smallest first."""
    kinds: dict[tuple[int, int, bool], list[int]] = {}
    for seating in plan.seatings:
        if len(seating.table_ids) == 1:
            key = (seating.max_party, seating.min_party, seating.is_sold_online)
            kinds.setdefault(key, []).append(seating.table_ids[0])
    return tuple(tuple(sorted(tables)) for _key, tables in sorted(kinds.items()))


# --- The linear program ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """A start of the day's grid: its minute, its turn and buffer by party size as quarters taken."""

    minute: int
    until: dict[int, int]
    """By party size, the minute at which the table is laid again; sizes that may not start then are missing."""


def starts_of(plan: ServicePlan, day: date, sizes: Iterable[int]) -> list[Start]:
    """Return the day's online starts, with how long a party of each size would keep its table."""
    midnight = midnight_of(plan, day)
    buffer = plan.policy.buffer_minutes
    found = []
    for slot in slot_times(plan, day):
        if not slot.shift.is_online:
            continue
        minute = int((slot.starts_at - midnight).total_seconds() // 60)
        until = {
            size: minute + int(slot.shift.turn_time(size).total_seconds() // 60) + buffer
            for size in sizes
            if hard_close_refusal(plan, slot, size) is None
        }
        found.append(Start(minute, until))
    return found


def price(plan: ServicePlan, day: date, evenings: Sequence[Sequence[Wish]]) -> Prices | None:
    """Return the average shadow prices of a service day over simulated evenings; None when nothing can be sold then."""
    kinds = kinds_of_tables(plan)
    starts = starts_of(plan, day, {wish.party_size for evening in evenings for wish in evening})
    if not kinds or not starts or not evenings:
        return None
    last = max((minute for start in starts for minute in start.until.values()), default=0)
    quarters = -(-last // 15)
    totals = [[0.0] * quarters for _kind in kinds]
    for evening in evenings:
        for (kind, quarter), value in _duals(plan, kinds, starts, evening).items():
            totals[kind][quarter] += value
    covers = tuple(tuple(round(total / len(evenings), 5) for total in row) for row in totals)
    return Prices(kinds, covers)


def _duals(
    plan: ServicePlan, kinds: tuple[tuple[int, ...], ...], starts: Sequence[Start], evening: Sequence[Wish]
) -> dict[tuple[int, int], float]:
    """Return, by kind and quarter of an hour, the covers that one more table would bring to this evening."""
    # Loading it takes a second, and web processes never ask.
    from ortools.linear_solver import pywraplp

    kind_of = {table: kind for kind, tables in enumerate(kinds) for table in tables}
    solver = pywraplp.Solver.CreateSolver("GLOP")
    objective = solver.Objective()
    objective.SetMaximization()
    room: dict[tuple[int, int], Any] = {}

    def rows(choice: Kinds, begin: int, end: int) -> Iterable[tuple[Any, int]]:
        for kind, number in choice:
            for quarter in range(begin // 15, -(-end // 15)):
                key = (kind, quarter)
                if key not in room:
                    room[key] = solver.Constraint(0, len(kinds[kind]))
                yield room[key], number

    for wish, count in Counter(evening).items():
        size = wish.party_size
        choices = {taken_by(seating, kind_of) for seating in plan.seatings_for(size, online=True)}
        asks = solver.Constraint(0, count)
        for start in starts:
            if abs(start.minute - wish.minute) > wish.flexibility or size not in start.until:
                continue
            for choice in sorted(choices):
                variable = solver.NumVar(0, count, "")
                objective.SetCoefficient(variable, size)
                asks.SetCoefficient(variable, 1)
                for row, number in rows(choice, start.minute, start.until[size]):
                    row.SetCoefficient(variable, number)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return {}
    return {key: row.dual_value() for key, row in room.items() if row.dual_value() > 0}
