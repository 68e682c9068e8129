"""Seating all parties at once, by linear and integer programs: the exact answer where moving a few found none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

# The answer to a person who waits; far more than a house of forty tables has ever needed.
SECONDS = 2.0
# What the linear program says is a whole number when it is no further from one than this.
WHOLE = 1e-6


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
    """Parties that are alike: their stretch, how many they are, and what each could sit at."""

    bits: int
    count: int
    choices: tuple[tuple[int, ...], ...]
    """Each choice as the pools of which it takes a table."""
    has: tuple[int, ...]
    """By choice, how many of them sit there now."""


def may_suffice(rooms: Sequence[int], crowds: Sequence[Crowd]) -> bool:
    """Return whether tables would suffice if parties could be divided: a no is one for `share_out`, too."""
    return all(crowd.choices for crowd in crowds) and _divided(rooms, crowds, is_stay_wanted=False) is not None


def share_out(rooms: Sequence[int], crowds: Sequence[Crowd], *, seconds: float = SECONDS) -> list[list[int]] | None:
    """Return how many of each crowd take each of its choices, so that tables suffice in every pool at every instant.

    None when they do not suffice. Whoever has a seating rather keeps it. The linear program mostly says no, or answers
    in whole numbers by itself: stretches of time make for those. The rest is for an integer program.

    :raises Undecided: when the time is over before either is known
    :param rooms: by pool, how many tables it has
    """
    if not all(crowd.choices for crowd in crowds):
        return None
    divided = _divided(rooms, crowds, is_stay_wanted=True)
    if divided is None:
        return None
    whole = [[round(number) for number in numbers] for numbers in divided]
    if all(
        abs(number - near) < WHOLE
        for numbers, nears in zip(divided, whole, strict=True)
        for number, near in zip(numbers, nears, strict=True)
    ):
        return whole
    return _undivided(rooms, crowds, seconds)


def _divided(rooms: Sequence[int], crowds: Sequence[Crowd], *, is_stay_wanted: bool) -> list[list[float]] | None:
    """Return the shares of each crowd as if parties could be divided; None when tables do not suffice even so."""
    # Loading it takes a second, and most processes never ask.
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    shares = _program(solver, solver.NumVar, rooms, crowds, is_stay_wanted=is_stay_wanted)
    status = solver.Solve()
    if status == pywraplp.Solver.INFEASIBLE:
        return None
    if status != pywraplp.Solver.OPTIMAL:
        # Numbers too awkward for it prove nothing; halves leave the answer to the integer program.
        return [[0.5] * len(numbers) for numbers in shares]
    return [[number.solution_value() for number in numbers] for numbers in shares]


def _undivided(rooms: Sequence[int], crowds: Sequence[Crowd], seconds: float) -> list[list[int]] | None:
    """Return the shares in whole numbers, by SCIP: where combinations are what is hard, it is steadier than CP-SAT.

    :raises Undecided: when the time is over before either is known
    """
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("SCIP")
    shares = _program(solver, solver.IntVar, rooms, crowds, is_stay_wanted=True)
    solver.SetTimeLimit(round(1000 * seconds))
    # That somebody might stay who need not is no reason to let a person wait.
    solver.SetSolverSpecificParametersAsString("limits/solutions = 1")
    status = solver.Solve()
    if status in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        return [[round(number.solution_value()) for number in numbers] for numbers in shares]
    if status == pywraplp.Solver.INFEASIBLE:
        return None
    raise Undecided


def _program(
    solver: Any,
    number_of: Callable[[int, int, str], Any],
    rooms: Sequence[int],
    crowds: Sequence[Crowd],
    *,
    is_stay_wanted: bool,
) -> list[list[Any]]:
    """Write down who could sit where, and return the shares of each crowd.

    :param number_of: makes a variable between two bounds, whole or not
    """
    shares = []
    objective = solver.Objective()
    objective.SetMaximization()
    for crowd in crowds:
        everybody = solver.Constraint(crowd.count, crowd.count)
        numbers = [number_of(0, crowd.count, "") for _choice in crowd.choices]
        for number, has in zip(numbers, crowd.has, strict=True):
            everybody.SetCoefficient(number, 1)
            if has and is_stay_wanted:
                objective.SetCoefficient(number, 1)
        shares.append(numbers)
    for pool, together in _together(crowds):
        row = solver.Constraint(0, rooms[pool])
        for crowd_index, choice in together:
            row.SetCoefficient(shares[crowd_index][choice], 1)
    return shares


def _together(crowds: Sequence[Crowd]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield, by pool, those shares (crowd and choice) that are there at one instant, the largest such sets only."""
    users: dict[int, list[tuple[int, int]]] = {}
    for index in sorted(range(len(crowds)), key=lambda index: crowds[index].bits & -crowds[index].bits):
        for number, choice in enumerate(crowds[index].choices):
            for pool in choice:
                users.setdefault(pool, []).append((index, number))
    for pool, known in users.items():
        present: list[tuple[int, int]] = []
        for place, share in enumerate(known):
            bits = crowds[share[0]].bits
            begin = bits & -bits
            if place and not all(crowds[crowd].bits & begin for crowd, _choice in present):
                # Somebody has left since the last came: those were all that were ever together.
                yield pool, present
                present = [other for other in present if crowds[other[0]].bits & begin]
            present = [*present, share]
        yield pool, present


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


@dataclass(frozen=True, slots=True)
class Wanting:
    """Somebody without a seat, who would take any one of some crowds of one: the same party at different times."""

    covers: int
    crowds: tuple[int, ...]


def seat_most(rooms: Sequence[int], crowds: Sequence[Crowd], first: Wanting, others: Sequence[Wanting]) -> int | None:
    """Return which crowd `first` should be of, so that most covers of the others can be seated, too.

    Crowds that nobody wants are there already and must be seated; the others where there is room, counted as if parties
    could be divided: that takes milliseconds, and hardly ever tells times apart wrongly. None when `first` can be
    seated with none of its crowds.

    :param rooms: by pool, how many tables it has
    :param first: with its crowds best first, for those that are alike for the others
    """
    from ortools.linear_solver import pywraplp

    wanted = {crowd for wanting in (first, *others) for crowd in wanting.crowds}
    solver = pywraplp.Solver.CreateSolver("GLOP")
    shares = [[solver.NumVar(0, crowd.count, "") for _choice in crowd.choices] for crowd in crowds]
    for index, crowd in enumerate(crowds):
        if index not in wanted:
            everybody = solver.Constraint(crowd.count, crowd.count)
            for number in shares[index]:
                everybody.SetCoefficient(number, 1)
    objective = solver.Objective()
    objective.SetMaximization()
    for wanting in (first, *others):
        once = solver.Constraint(1 if wanting is first else 0, 1)
        for index in wanting.crowds:
            for number in shares[index]:
                once.SetCoefficient(number, 1)
                objective.SetCoefficient(number, 0 if wanting is first else wanting.covers)
    for pool, together in _together(crowds):
        row = solver.Constraint(0, rooms[pool])
        for index, choice in together:
            row.SetCoefficient(shares[index][choice], 1)
    best, most = None, -1.0
    for index in first.crowds:
        # One model for all of them: each solution is where the search for the next begins.
        for other in first.crowds:
            for number in shares[other]:
                number.SetUb(1 if other == index else 0)
        if solver.Solve() == pywraplp.Solver.OPTIMAL and objective.Value() > most + WHOLE:
            best, most = index, objective.Value()
    return best


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
