"""Is a party refused only when there is no room for it, and offered only what there is? On random states of a room.

`bookings.packing.find_room` against every arrangement there is, tried one by one, in small rooms; in rooms of the size
of a restaurant against CP-SAT with a model of this program's own. Some tables are up a step, and some parties need one
that is not: what they may have is asked of the plan, and judged apart from it.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks import harness
from benchmarks.evenings import service_plan
from benchmarks.harness import last_line, machine, percentile, say, step, table
from bookings.packing import Arrangement, Party, Tables, find_room
from bookings.rearranging import seatings as options_of
from restaurants.service_plan import Seating, ServicePlan

STATES, QUICK_STATES = 50_000, 2_000
# One state in so many is of a whole restaurant.
LARGE_IN = 100
SIZES = (1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 8, 10, 12)
PATIENCE = 60.0


Wish = tuple[int, tuple[Tables, ...]]


@dataclass
class State:
    """Tables, who sits where, and who asks."""

    taken: dict[int, int] = field(default_factory=dict)
    parties: list[Party] = field(default_factory=list)
    bits: int = 0
    options: tuple[Tables, ...] = ()
    up_a_step: frozenset[int] = frozenset()
    need_none: frozenset[int] = frozenset()
    """The parties, 0 for the one that asks, that can sit at no table up a step."""


def states(seed: int, count: int) -> Iterator[State]:
    """Yield random states, the same from the same seed; every hundredth is large."""
    for number in range(count):
        dice = random.Random(f"{seed}:{number}")
        is_large = number % LARGE_IN == LARGE_IN - 1
        yield state(dice, tables=dice.randint(16, 40) if is_large else dice.randint(2, 5), is_large=is_large)


def state(dice: random.Random, *, tables: int, is_large: bool) -> State:
    """Return a room with combinations in rows, filled at random until it is nearly full.

    In every other room some tables are up a step, and some parties need one that is not.
    """
    sizes = sorted(dice.choice((2, 2, 4, 4, 6)) for _table in range(tables))
    seatings: list[tuple[Tables, int, int]] = [
        ((number,), 1 if size == 2 else size // 2, size) for number, size in enumerate(sizes)
    ]
    for first in range(tables - 1):
        if dice.random() < 0.4:
            most = sizes[first] + sizes[first + 1]
            seatings.append(((first, first + 1), most // 2 + 1, most))
    has_steps = dice.random() < 0.5
    made = State(up_a_step=frozenset(number for number in range(tables) if has_steps and dice.random() < 0.5))
    plan = plan_with(seatings, step_free=frozenset(range(tables)) - made.up_a_step)
    needing = set()
    grains = 120 if is_large else 20

    def wish(key: int) -> tuple[int, tuple[Tables, ...]]:
        size = dice.choice(SIZES)
        if needs_none := dice.random() < 0.25:
            needing.add(key)
        options = options_of(plan.for_wish(step_free=needs_none), size, online=True, area_id=None)
        length = dice.choice((18, 21, 24)) if is_large else dice.randint(3, 7)
        return ((1 << length) - 1) << dice.randint(0, grains - length), options

    masks: dict[int, int] = {}
    for key in range(1, tables * 4 if is_large else dice.randint(3, 12)):
        bits, options = wish(key)
        free = [tables for tables in options if not any(masks.get(number, 0) & bits for number in tables)]
        if not free:
            continue
        chosen = dice.choice(free)
        masks |= {number: masks.get(number, 0) | bits for number in chosen}
        if dice.random() < 0.2:
            made.taken |= {number: made.taken.get(number, 0) | bits for number in chosen}
        else:
            made.parties.append(Party(key, bits, options, chosen))
    made.bits, made.options = wish(0)
    made.need_none = frozenset(needing)
    return made


def plan_with(seatings: Sequence[tuple[Tables, int, int]], *, step_free: frozenset[int]) -> ServicePlan:
    """Return a restaurant's plan with these seatings: tables, smallest and largest party."""
    floor = tuple(Seating(tables, frozenset({1}), least, most, is_sold_online=True) for tables, least, most in seatings)
    return replace(service_plan(), seatings=floor, step_free=step_free, _ranked={}, _by_area={})


# --- The other answer -------------------------------------------------------------------------------------------


def is_room(asked: State) -> bool:
    """Return whether everybody can sit, by other means than the code that is judged."""
    wishes = [
        (asked.bits, within_reach(asked, 0, asked.options)),
        *((party.bits, within_reach(asked, party.key, party.options)) for party in asked.parties),
    ]
    return by_cp_sat(asked.taken, wishes) if len(wishes) > 14 else by_trying(asked.taken, wishes)


def within_reach(asked: State, key: int, options: Sequence[Tables]) -> tuple[Tables, ...]:
    """Return the options that a party can reach, whatever the plan has said."""
    barred = asked.up_a_step if key in asked.need_none else frozenset()
    return tuple(tables for tables in options if barred.isdisjoint(tables))


def by_trying(taken: dict[int, int], wishes: Sequence[Wish]) -> bool:
    """Try every arrangement there is."""
    if not wishes:
        return True
    (bits, options), *rest = wishes
    for option in options:
        if not any(taken.get(number, 0) & bits for number in option):
            after = taken | {number: taken.get(number, 0) | bits for number in option}
            if by_trying(after, rest):
                return True
    return False


def by_cp_sat(taken: dict[int, int], wishes: Sequence[Wish]) -> bool:
    """Let each party choose a seating, and no two that overlap one table."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    uses: dict[int, list[tuple[int, Any]]] = {}
    for bits, options in wishes:
        literals = []
        for option in options:
            if any(taken.get(number, 0) & bits for number in option):
                continue
            literal = model.new_bool_var("")
            literals.append(literal)
            for number in option:
                uses.setdefault(number, []).append((bits, literal))
        model.add_exactly_one(literals) if literals else model.add_bool_or([])
    for users in uses.values():
        for bits, _literal in users:
            begin = bits & -bits
            model.add_at_most_one({literal for others, literal in users if others & begin})
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = PATIENCE
    solver.parameters.linearization_level = 2
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE):
        raise TimeoutError("no answer to compare with")
    return status != cp_model.INFEASIBLE


# --- What is found ----------------------------------------------------------------------------------------------


@dataclass
class Found:
    """How the answers compare."""

    states: int = 0
    false_refusals: int = 0
    false_offers: int = 0
    free: int = 0
    moved: int = 0
    refused: int = 0
    step_free: int = 0
    """Of these, asked for a table that is not up a step, in a room that has some that are."""
    seconds: list[float] = field(default_factory=list)


def judge(asked: State, found: Found) -> None:
    """Ask for room, and count whether the answer is true."""
    began = time.perf_counter()
    answer = find_room(asked.taken, asked.parties, asked.bits, asked.options)
    found.seconds.append(time.perf_counter() - began)
    found.states += 1
    found.step_free += 0 in asked.need_none and bool(asked.up_a_step)
    if answer is None:
        found.refused += 1
        found.false_refusals += is_room(asked)
        return
    found.moved += bool(answer.moves)
    found.free += not answer.moves
    found.false_offers += not is_sound(asked, answer)


def is_sound(asked: State, answer: Arrangement) -> bool:
    """Return whether an arrangement puts everybody where they fit, and no two at one table at once."""
    seated = [(0, asked.bits, asked.options, answer.table_ids)]
    seated += [
        (party.key, party.bits, party.options, answer.moves.get(party.key, party.table_ids)) for party in asked.parties
    ]
    taken = dict(asked.taken)
    for key, bits, options, tables in seated:
        if key in asked.need_none and not asked.up_a_step.isdisjoint(tables):
            return False
        if all(tables != option for option in options):
            return False
        for number in tables:
            if taken.get(number, 0) & bits:
                return False
            taken[number] = taken.get(number, 0) | bits
    return True


def main(arguments: list[str] | None = None) -> int:
    asked = harness.options("exactness", __doc__, arguments, states={"type": int, "default": 0})
    count = asked.states or (QUICK_STATES if asked.quick else STATES)
    found = Found()
    with step(f"Judging {count} states"):
        for each in states(asked.seed, count):
            judge(each, found)
    say(machine())
    table(
        ["answer", "states"],
        [["a free seating", found.free], ["others moved", found.moved], ["refused", found.refused]],
    )
    last_line(
        "exactness",
        states=found.states,
        step_free=found.step_free,
        false_refusals=found.false_refusals,
        false_offers=found.false_offers,
        p95_ms=round(1000 * percentile(found.seconds, 0.95), 2),
        slowest_ms=round(1000 * max(found.seconds)),
    )
    return 1 if found.false_refusals or found.false_offers else 0


if __name__ == "__main__":
    sys.exit(main())
