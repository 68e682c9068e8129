"""How much of what is cancelled does the waiting list win back, and is anybody passed unfairly?

A full evening of plan A. Who found no room waits for it. In the last two days 16 % of the bookings are cancelled, one
after the other; the product's matcher offers what becomes free, some decline, some do not answer. Compared with an
optimal matcher that knows everything beforehand: who will cancel, who would say yes. It may seat anybody in any order
and move everybody; SCIP finds it. A second optimum does the same without an unfair overtake. A third column is what
the line's order yields when all cancellations and answers are known at once: whoever fits is seated in turn, at the
time that leaves most of the line its place. And each offer that passed somebody is judged by a model of the benchmark's
own: was there really no place for them?
"""

import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from benchmarks import harness
from benchmarks.evenings import DAY, MIDNIGHT, Evening, Kept, Request, filled, service_plan, turn_of
from benchmarks.exactness import by_cp_sat
from benchmarks.harness import last_line, machine, say, step, table
from bookings.matching import Match, Waiting, next_match, offer_ends_at, slots_of
from bookings.rearranging import seatings

LOADS = (0.8, 1.0, 1.1)
CANCELS, DECLINES, SILENT = 0.16, 0.10, 0.10
WINDOW = timedelta(hours=48)
LEAST_RANGE = timedelta(minutes=30)
PATIENCE = 20.0
# Judged of each offer that passed somebody: every wish would take longer than the evening.
JUDGED = 6


@dataclass
class Waiter:
    """A party without room, and what it will answer: yes, no, or nothing."""

    waiting: Waiting
    answer: str
    after: timedelta
    is_out: bool = False


@dataclass
class Found:
    """What one evening, or many, came to."""

    cancelled: int = 0
    won: int = 0
    best: int = 0
    fair: int = 0
    in_turn: int = 0
    offers: int = 0
    passed: int = 0
    overtakes: int = 0
    judged: int = 0
    waiting: int = 0
    gaps: list[float] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def evening_of(seed: int, load: float, *, optimum: bool = True) -> Found:
    """Play one evening and its hindsight; the same from the same seed."""
    dice = random.Random(f"standby:{seed}:{load}")
    plan = service_plan()
    evening, refused = filled(dice, plan, load)
    waiters = {each.waiting.key: each for each in _waiters(dice, refused)}
    cancels = [key for key in evening.kept if dice.random() < CANCELS]
    standing = {key: party for key, party in evening.kept.items() if key not in cancels}
    found = Found(
        cancelled=sum(evening.kept[key].size for key in cancels),
        waiting=sum(w.waiting.party_size for w in waiters.values()),
    )
    freed = [(evening.kept[key].starts_at, evening.kept[key].size) for key in cancels]
    _play(dice, evening, waiters, cancels, found)
    found.won = sum(party.size for key, party in evening.kept.items() if key < 0 and party.until is None)
    if optimum:
        willing = [each.waiting for each in waiters.values() if each.answer == "yes"]
        found.best = hindsight(plan, list(standing.values()), willing, found.gaps)
        found.fair = hindsight(plan, list(standing.values()), willing, found.gaps, is_fair=True)
        found.in_turn = hindsight(plan, list(standing.values()), willing, found.gaps, in_turn=True)
    assert freed or not found.won  # noqa: S101 - of the simulation itself
    return found


def _waiters(dice: random.Random, refused: Iterable[Request]) -> list[Waiter]:
    made = []
    for number, request in enumerate(refused):
        around = max(request.flexible, LEAST_RANGE)
        draw = dice.random()
        answer = "no" if draw < DECLINES else "nothing" if draw < DECLINES + SILENT else "yes"
        waiting = Waiting(
            key=-request.key,
            party_size=request.size,
            earliest=request.wanted - around,
            latest=request.wanted + around,
            priority=2,
            joined_at=MIDNIGHT - timedelta(days=10) + timedelta(minutes=number),
        )
        made.append(Waiter(waiting, answer, timedelta(minutes=dice.expovariate(1 / 12))))
    return made


def _play(dice: random.Random, evening: Evening, waiters: dict[int, Waiter], cancels: list[int], found: Found) -> None:
    """Let the last two days pass: cancellations, offers, answers, lapses."""
    events: list[tuple[datetime, int, str, int]] = []
    for key in cancels:
        starts_at = evening.kept[key].starts_at
        # Half of them in the last eight hours; nobody cancels in the last half hour, they stay away.
        span = WINDOW if dice.random() < 0.5 else timedelta(hours=8)
        moment = starts_at - timedelta(minutes=30) - dice.random() * (span - timedelta(minutes=30))
        heappush(events, (moment, key, "cancel", key))
    while events:
        now, _tie, kind, key = heappop(events)
        if kind == "cancel":
            del evening.kept[key]
        elif kind == "answer":
            kept = evening.kept.get(key)
            if kept is None or kept.until is None or now >= kept.until:
                continue
            if waiters[key].answer == "yes":
                kept.until = None
                continue
            del evening.kept[key]
        else:
            kept = evening.kept.get(key)
            if kept is None or kept.until is None:
                continue
            del evening.kept[key]
        _offer(dice, evening, waiters, now, events, found)


def _offer(
    dice: random.Random,
    evening: Evening,
    waiters: dict[int, Waiter],
    now: datetime,
    events: list[tuple[datetime, int, str, int]],
    found: Found,
) -> None:
    while True:
        line = [each.waiting for each in waiters.values() if not each.is_out]
        match = next_match(evening.room(), DAY, line, now=now)
        if match is None:
            return
        found.offers += 1
        found.passed += len(match.passed)
        _judge(dice, evening, waiters, match, now, found)
        waiter = waiters[match.key]
        waiter.is_out = True
        evening.move(match.found.moves)
        until = offer_ends_at(match.slot.starts_at, now, evening.plan)
        size = waiter.waiting.party_size
        evening.kept[match.key] = Kept(match.key, size, match.slot.starts_at, match.found.table_ids, until)
        # Whoever is quick enough answers; who is not hears that it has lapsed.
        if waiter.answer != "nothing":
            heappush(events, (min(now + waiter.after, until - timedelta(seconds=1)), match.key, "answer", match.key))
        heappush(events, (until, match.key, "lapse", match.key))


def _judge(
    dice: random.Random, evening: Evening, waiters: dict[int, Waiter], match: Match, now: datetime, found: Found
) -> None:
    """Ask another solver whether those who were passed really had no place, on a sample of their wishes."""
    wishes = {
        (waiters[key].waiting.party_size, slot.starts_at)
        for key in match.passed
        for slot in slots_of(evening.plan, DAY, waiters[key].waiting.earliest, waiters[key].waiting.latest)
        if slot.starts_at - now >= timedelta(minutes=15)
    }
    occupancy = evening.occupancy()
    others = [
        (occupancy.bits(party.starts_at, party.ends_at), seatings(evening.plan, party.size, online=True, area_id=None))
        for party in evening.kept.values()
    ]
    for size, starts_at in dice.sample(sorted(wishes), min(JUDGED, len(wishes))):
        until = starts_at + timedelta(minutes=turn_of(size))
        wish = (occupancy.bits(starts_at, until), seatings(evening.plan, size, online=True, area_id=None))
        found.judged += 1
        found.overtakes += by_cp_sat({}, [wish, *others])


# --- What could have been won ----------------------------------------------------------------------------------------


Choice = tuple[Any, tuple[int, ...], range]
"""Whether a party sits so: at which kinds of tables, and through which quarter hours."""


def hindsight(
    plan: Any,
    standing: list[Kept],
    willing: list[Waiting],
    gaps: list[float],
    *,
    is_fair: bool = False,
    in_turn: bool = False,
) -> int:
    """Return the most covers of the waiting that fit beside those who stay, everybody movable, or a bound above it.

    Tables of a kind are counted instead of named, and of each kind of combination how many there are: whatever real
    tables can do, this can, and a little more.

    :param is_fair: without passing anybody who would fit where a later one sits
    :param in_turn: each in the line's order who fits beside those who had their turn, at whatever times of theirs
    :param gaps: is added how far the bound may be from the best that was found, as a share
    """
    from ortools.linear_solver import pywraplp

    # On this model, which is nearly a linear one, SCIP is done in a second where CP-SAT is not in twenty.
    model = pywraplp.Solver.CreateSolver("SCIP")
    model.SetTimeLimit(int(PATIENCE * 1000))
    kind_of = {each.table_ids[0]: each.max_party for each in plan.seatings if len(each.table_ids) == 1}
    floor = Counter(tuple(sorted(kind_of[number] for number in each.table_ids)) for each in plan.seatings)
    uses: dict[tuple[tuple[int, ...], int], list[Any]] = {}

    def choices_of(starts_at: datetime, size: int) -> list[Choice]:
        first = (starts_at - MIDNIGHT) // timedelta(minutes=15)
        stretch = range(first, first + turn_of(size) // 15)
        options = seatings(plan, size, online=True, area_id=None)
        made: list[Choice] = []
        for kinds in sorted({tuple(sorted(kind_of[number] for number in tables)) for tables in options}):
            literal = model.BoolVar("")
            made.append((literal, kinds, stretch))
            for quarter in stretch:
                uses.setdefault((kinds, quarter), []).append(literal)
        return made

    for party in standing:
        model.Add(sum(literal for literal, _kinds, _stretch in choices_of(party.starts_at, party.size)) == 1)
    total: list[tuple[Waiting, list[Choice]]] = []
    for waiter in willing:
        slots = slots_of(plan, DAY, waiter.earliest, waiter.latest)
        options = [each for slot in slots for each in choices_of(slot.starts_at, waiter.party_size)]
        if options:
            model.Add(sum(literal for literal, _kinds, _stretch in options) <= 1)
            total.append((waiter, options))
    for quarter in sorted({quarter for _kinds, quarter in uses}):
        for kinds, there_are in floor.items():
            model.Add(sum(uses.get((kinds, quarter), [])) <= there_are)
            if len(kinds) == 1:
                everybody = [
                    others.count(kinds[0]) * literal for others in floor for literal in uses.get((others, quarter), [])
                ]
                model.Add(sum(everybody) <= there_are)
    if is_fair:
        _without_overtakes(model, total)
    if in_turn:
        _each_in_turn(model, total)
    model.Maximize(sum(waiter.party_size * literal for waiter, options in total for literal, _k, _s in options))
    status = model.Solve()
    if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
        raise TimeoutError("no hindsight to compare with")
    bound = int(model.Objective().BestBound() + 1e-6)
    gaps.append((bound - round(model.Objective().Value())) / max(bound, 1))
    return bound


def _without_overtakes(model: Any, total: list[tuple[Waiting, list[Choice]]]) -> None:
    """Forbid that a later one sits where an earlier one, who gets nothing, could: the same kinds, within the time."""
    order = sorted(total, key=lambda each: each[0].order)
    for place, (_waiter, options) in enumerate(order):
        for _before, others in order[:place]:
            served = sum(literal for literal, _kinds, _stretch in others)
            spots = {(kinds, stretch.start, stretch.stop) for _literal, kinds, stretch in others}
            for literal, kinds, stretch in options:
                if any(
                    theirs == kinds and stretch.start <= start and stop <= stretch.stop for theirs, start, stop in spots
                ):
                    model.Add(literal <= served)


def _each_in_turn(model: Any, total: list[tuple[Waiting, list[Choice]]]) -> None:
    """Settle for each in the line's order whether they sit: they do if they can beside those before them who do."""
    from ortools.linear_solver import pywraplp

    for _waiter, options in sorted(total, key=lambda each: each[0].order):
        served = sum(literal for literal, _kinds, _stretch in options)
        model.Maximize(served)
        if model.Solve() not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            raise TimeoutError("no turns to compare with")
        model.Add(served == round(model.Objective().Value()))


def main(arguments: list[str] | None = None) -> int:
    asked = harness.options("standby", __doc__, arguments, evenings={"type": int, "default": 0})
    count = asked.evenings or (1 if asked.quick else 25)
    rows, whole = [], Found()
    with step(f"Playing {count} evenings at each of {len(LOADS)} loads"):
        for load in LOADS:
            found = Found()
            for number in range(count):
                one = evening_of(asked.seed * 1000 + number, load)
                say(f"  load {load}, evening {number + 1}: won {one.won} of {one.best}, overtakes {one.overtakes}")
                found.add(one)
            whole.add(found)
            rows.append(
                [
                    load,
                    found.cancelled,
                    found.waiting,
                    found.won,
                    f"{found.won / max(found.cancelled, 1):.2f}",
                    found.best,
                    f"{found.won / max(found.best, 1):.3f}",
                    found.fair,
                    f"{found.won / max(found.fair, 1):.3f}",
                    found.in_turn,
                    f"{found.won / max(found.in_turn, 1):.3f}",
                    found.passed,
                    f"{found.overtakes} of {found.judged}",
                ]
            )
    say(machine())
    table(
        [
            "load",
            "covers cancelled",
            "covers waiting",
            "won back",
            "of cancelled",
            "optimum",
            "of it",
            "fair optimum",
            "of it",
            "in turn, all known",
            "of it",
            "passed",
            "unfairly",
        ],
        rows,
    )
    last_line(
        "standby",
        evenings=count * len(LOADS),
        offers=whole.offers,
        largest_gap=f"{max(whole.gaps, default=0):.3f}",
        in_turn=f"{whole.in_turn / max(whole.best, 1):.3f}",
        of_fair=f"{whole.won / max(whole.fair, 1):.3f}",
        won_back=f"{whole.won / max(whole.best, 1):.3f}",
        overtakes=whole.overtakes,
    )
    return 1 if whole.overtakes else 0


if __name__ == "__main__":
    sys.exit(main())
