"""Seating all parties at once, by CP-SAT: the exact answer where counting and moving a few did not find one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

# The answer to a person who waits; far more than a house of forty tables has ever needed.
SECONDS = 2.0


def get_ready() -> None:
    """Load the solver, which may take a second in a process that has not used it yet."""
    from ortools.linear_solver import pywraplp  # noqa: F401
    from ortools.sat.python import cp_model  # noqa: F401


class Undecided(Exception):
    """The solver could not tell in time whether there is room."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A party's stretch as a mask, the seatings it could take, best first, and the one it has."""

    bits: int
    options: Sequence[tuple[int, ...]]
    has: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Crowd:
    """Parties that are alike: their stretch, how many they are, and what each would take of every kind of table."""

    bits: int
    count: int
    choices: tuple[tuple[tuple[int, int], ...], ...]
    """Each choice as pairs of kind and number of tables."""


def may_suffice(room: Mapping[int, Mapping[int, int]], crowds: Sequence[Crowd]) -> bool:
    """Return whether tables would suffice if parties could be divided: a no is one for `share_out`, too.

    The linear program says no to nearly all that are refused, several times faster than CP-SAT does.
    """
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    rows: dict[tuple[int, int], Any] = {}
    for crowd in crowds:
        everybody = solver.Constraint(crowd.count, crowd.count)
        instants = [instant for instant in room if crowd.bits & instant]
        for choice in crowd.choices:
            number = solver.NumVar(0, crowd.count, "")
            everybody.SetCoefficient(number, 1)
            for kind, tables in choice:
                for instant in instants:
                    row = rows.get((instant, kind))
                    if row is None:
                        row = rows[instant, kind] = solver.Constraint(0, room[instant].get(kind, 0))
                    row.SetCoefficient(number, tables)
    return bool(solver.Solve() != pywraplp.Solver.INFEASIBLE)


def share_out(
    room: Mapping[int, Mapping[int, int]], crowds: Sequence[Crowd], *, seconds: float = SECONDS
) -> list[list[int]] | None:
    """Return how many of each crowd take each of its choices, so that tables suffice by number and kind at every
    instant. None when they do not suffice: then no arrangement exists.

    That tables of a combination are neighbours, and that a party keeps the very same table, is left out: a yes is no
    promise yet.

    :raises Undecided: when the time is over before either is known
    :param room: by instant (a single bit) and kind, how many tables are to be had; every start of a crowd is in it
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    used: dict[tuple[int, int], list[tuple[Any, int]]] = {}
    shares: list[list[Any]] = []
    for crowd in crowds:
        if not crowd.choices:
            return None
        numbers = [model.new_int_var(0, crowd.count, "") for _choice in crowd.choices]
        shares.append(numbers)
        model.add(sum(numbers) == crowd.count)
        instants = [instant for instant in room if crowd.bits & instant]
        for number, choice in zip(numbers, crowd.choices, strict=True):
            for kind, tables in choice:
                for instant in instants:
                    used.setdefault((instant, kind), []).append((number, tables))
    for (instant, kind), users in used.items():
        model.add(sum(number * tables for number, tables in users) <= room[instant].get(kind, 0))
    solver = _solution(model, seconds)
    return None if solver is None else [[solver.value(number) for number in numbers] for numbers in shares]


def _solution(model: "cp_model.CpModel", seconds: float) -> "cp_model.CpSolver | None":
    """Return the solver with a solution, or None when there is none.

    :raises Undecided: when the time is over before either is known
    """
    from ortools.sat.python import cp_model

    solver, status = _solved(model, seconds)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return solver
    if status == cp_model.INFEASIBLE:
        return None
    raise Undecided


def _solved(model: "cp_model.CpModel", seconds: float) -> "tuple[cp_model.CpSolver, Any]":
    """Return the solver as it ended, and its status."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    # That more parties than tables cannot sit is plain to the linear relaxation, and to nothing else.
    solver.parameters.linearization_level = 2
    return solver, solver.solve(model)


@dataclass(frozen=True, slots=True)
class Worth:
    """What it is worth that a table is free for a stretch."""

    table: int
    bits: int
    covers: int


def free_most(
    taken: Mapping[int, int], wishes: Sequence[Wish], worth: Sequence[Worth], *, move_costs: int, seconds: float
) -> list[tuple[int, ...]]:
    """Return tables for every wish, in their order, so that what stays free is worth most.

    Each has a seating, and that is where the search begins: what is returned is never worth less.

    :param move_costs: what a gain must exceed for each party that moves
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    by_table: dict[int, list[tuple[int, Any]]] = {}
    chosen: list[list[tuple[Any, tuple[int, ...]]]] = []
    terms: list[Any] = []
    for wish in wishes:
        literals = []
        for table_ids in wish.options:
            if any(taken.get(table_id, 0) & wish.bits for table_id in table_ids):
                continue
            literal = model.new_bool_var("")
            literals.append((literal, table_ids))
            model.add_hint(literal, table_ids == wish.has)
            if table_ids != wish.has:
                terms.append(-move_costs * literal)
            for table_id in table_ids:
                by_table.setdefault(table_id, []).append((wish.bits, literal))
        model.add_exactly_one(literal for literal, _table_ids in literals)
        chosen.append(literals)
    _seat_one_at_a_time(model, by_table)
    for each in worth:
        if taken.get(each.table, 0) & each.bits:
            continue
        free = model.new_bool_var("")
        for bits, literal in by_table.get(each.table, ()):
            if bits & each.bits:
                model.add_implication(literal, ~free)
        terms.append(each.covers * free)
    model.maximize(sum(terms))
    try:
        solver = _solution(model, seconds)
    except Undecided:
        solver = None
    if solver is None:
        return [wish.has or () for wish in wishes]
    return [next(tables for literal, tables in literals if solver.value(literal)) for literals in chosen]


def seat_all(
    taken: Mapping[int, int], wishes: Sequence[Wish], *, seconds: float = SECONDS
) -> list[tuple[int, ...]] | None:
    """Return tables for every wish, in their order, or None when they do not all fit together.

    Whoever has a seating keeps it where that is possible within the time.

    :raises Undecided: when the time is over before either is known
    """
    # Loading it takes a second and eighty megabytes, and most processes never ask.
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    by_table: dict[int, list[tuple[int, Any]]] = {}
    chosen: list[list[tuple[Any, tuple[int, ...]]]] = []
    for wish in wishes:
        literals = []
        for table_ids in wish.options:
            if any(taken.get(table_id, 0) & wish.bits for table_id in table_ids):
                continue
            literal = model.new_bool_var("")
            literals.append((literal, table_ids))
            if wish.has is not None:
                model.add_hint(literal, table_ids == wish.has)
            for table_id in table_ids:
                by_table.setdefault(table_id, []).append((wish.bits, literal))
        if not literals:
            return None
        model.add_exactly_one(literal for literal, _table_ids in literals)
        chosen.append(literals)
    _seat_one_at_a_time(model, by_table)
    solver = _solution(model, seconds)
    if solver is None:
        return None
    return [next(tables for literal, tables in literals if solver.value(literal)) for literals in chosen]


@dataclass(frozen=True, slots=True)
class Placing:
    """A party's stretch as a mask, what each seating it could take costs, and what it costs that it gets none.

    `without` is None for whoever must have one.
    """

    bits: int
    costs: Mapping[tuple[int, ...], int]
    without: int | None = None


def place_cheapest(
    taken: Mapping[int, int],
    placings: Sequence[Placing],
    known: Sequence[tuple[int, ...] | None],
    *,
    seconds: float = SECONDS,
) -> tuple[list[tuple[int, ...] | None], bool]:
    """Return tables for each, in their order, or None for who gets none, so that all of it costs least; and whether
    nothing cheaper exists, or the time was over before that was known.

    :param known: an answer that is possible: the search begins there, and what is returned costs no more
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    by_table: dict[int, list[tuple[int, Any]]] = {}
    chosen: list[list[tuple[Any, tuple[int, ...] | None]]] = []
    costs: list[Any] = []
    for placing, had in zip(placings, known, strict=True):
        literals: list[tuple[Any, tuple[int, ...] | None]] = []
        for table_ids, cost in placing.costs.items():
            if any(taken.get(table_id, 0) & placing.bits for table_id in table_ids):
                continue
            literal = model.new_bool_var("")
            literals.append((literal, table_ids))
            costs.append(cost * literal)
            for table_id in table_ids:
                by_table.setdefault(table_id, []).append((placing.bits, literal))
        if placing.without is not None:
            literal = model.new_bool_var("")
            literals.append((literal, None))
            costs.append(placing.without * literal)
        for literal, place in literals:
            model.add_hint(literal, place == had)
        model.add_exactly_one(literal for literal, _place in literals)
        chosen.append(literals)
    _seat_one_at_a_time(model, by_table)
    model.minimize(sum(costs))
    solver, status = _solved(model, seconds)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return list(known), False
    found = [next(tables for literal, tables in literals if solver.value(literal)) for literals in chosen]
    if _cost(placings, known) <= _cost(placings, found):
        found = list(known)
    return found, status == cp_model.OPTIMAL


def _cost(placings: Sequence[Placing], places: Sequence[tuple[int, ...] | None]) -> int:
    return sum(
        (placing.without or 0) if tables is None else placing.costs[tables]
        for placing, tables in zip(placings, places, strict=True)
    )


def _seat_one_at_a_time(model: "cp_model.CpModel", by_table: Mapping[int, Sequence[tuple[int, Any]]]) -> None:
    for users in by_table.values():
        together = set()
        for bits, _literal in users:
            # Those that are there when this one begins; every two that overlap meet so.
            begin = bits & -bits
            together.add(tuple(index for index, (others, _other) in enumerate(users) if others & begin))
        for indexes in together:
            if len(indexes) > 1:
                model.add_at_most_one(users[index][1] for index in indexes)
