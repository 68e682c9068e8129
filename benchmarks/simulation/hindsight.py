"""The best that could have been done, had all guests been known beforehand: covers by CP-SAT, with a bound.

Parties that are alike are one number and so are tables that are alike: for single tables that says the same as one
variable for every party, start and table, because stretches of time that nowhere overlap more often than there are
tables can always be laid out on them. Of combinations, which never share a table, at most as many of a kind are in use
as fit beside each other; what this leaves out can only raise the bound that results are measured by.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.simulation.floors import DAY, Floor
from benchmarks.simulation.guests import Guest
from bookings.pricing import Kinds, kinds_of_tables, starts_of, taken_by

SECONDS = 60.0
GAP = 0.002


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What was found, and what no way of seating can exceed; ratios use the latter."""

    covers: int
    bound: float

    @property
    def gap(self) -> float:
        return (self.bound - self.covers) / self.bound if self.bound else 0.0


def best(floor: Floor, asked: Sequence[Guest], *, seconds: float = SECONDS) -> Hindsight:
    """Return the most covers that the floor could have seated of these guests, each within its flexibility."""
    from ortools.sat.python import cp_model

    plan = floor.plan
    kinds = kinds_of_tables(plan)
    kind_of = {table: kind for kind, tables in enumerate(kinds) for table in tables}
    starts = starts_of(plan, DAY, {guest.party_size for guest in asked})
    beside = _beside_each_other(floor, kind_of)
    model = cp_model.CpModel()
    used: dict[tuple[int, int], list[tuple[Any, int]]] = {}
    joined: dict[tuple[Kinds, int], list[Any]] = {}
    terms = []
    for wish, count in sorted(Counter(guest.wish for guest in asked).items(), key=lambda each: repr(each[0])):
        size = wish.party_size
        choices = sorted({taken_by(seating, kind_of) for seating in plan.seatings_for(size, online=True)})
        numbers = []
        for start in starts:
            if abs(start.minute - wish.minute) > wish.flexibility or size not in start.until:
                continue
            for choice in choices:
                number = model.new_int_var(0, count, "")
                numbers.append(number)
                for quarter in range(start.minute // 15, -(-start.until[size] // 15)):
                    for kind, tables in choice:
                        used.setdefault((kind, quarter), []).append((number, tables))
                    if choice in beside:
                        joined.setdefault((choice, quarter), []).append(number)
        if numbers:
            model.add(sum(numbers) <= count)
            terms.append(size * sum(numbers))
    for (kind, _quarter), users in used.items():
        model.add(sum(number * tables for number, tables in users) <= len(kinds[kind]))
    for (joint, _quarter), users_of_joint in joined.items():
        model.add(sum(users_of_joint) <= beside[joint])
    model.maximize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.relative_gap_limit = GAP
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise TimeoutError("no hindsight in time")
    return Hindsight(round(solver.objective_value), solver.best_objective_bound)


def _beside_each_other(floor: Floor, kind_of: dict[int, int]) -> dict[Kinds, int]:
    """Return, by what combinations take, how many of them can be in use at once without sharing a table."""
    alike: dict[Kinds, list[tuple[int, ...]]] = {}
    for seating in floor.plan.seatings:
        if len(seating.table_ids) > 1:
            alike.setdefault(taken_by(seating, kind_of), []).append(seating.table_ids)
    return {choice: _most_apart(members) for choice, members in alike.items()}


def _most_apart(members: Sequence[tuple[int, ...]]) -> int:
    """Return the most of these that share no table: along rows, always taking the one that ends first is best."""
    taken: set[int] = set()
    count = 0
    for tables in sorted(members, key=max):
        if taken.isdisjoint(tables):
            taken |= set(tables)
            count += 1
    return count
