"""How full does a room get? Evenings of guests who ask one after the other, against the best known afterwards.

    python -m benchmarks.packing [--quick] [--seed N] [--seeds 1,2,3] [--parts loads,plans,…]

Every policy seats them by the product's own code: `availability.best_seating`, `packing.find_room`, and for ours the
suggested times of `suggesting.suggest` by the prices of `pricing.price`. Prices come from evenings of other seeds.
"""

import os
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.harness import ROOT, last_line, machine, percentile, say, step, table

if TYPE_CHECKING:
    from benchmarks.simulation.charts import Lines
    from benchmarks.simulation.floors import Floor
    from benchmarks.simulation.guests import Guest
    from benchmarks.simulation.hindsight import Hindsight
    from benchmarks.simulation.running import Evening
    from bookings.pricing import Prices

EVENINGS, QUICK_EVENINGS = 12, 3
# Judged at the other loads, floors, orders and customs; a floor of sixty tables takes its time.
FEWER_EVENINGS, FEWEST_EVENINGS = 4, 2
LOADS = (0.6, 0.8, 1.0, 1.1, 1.4)
CLAIMED_LOADS = (0.8, 1.1)
ACCEPTED = (0.0, 0.3, 0.5)
LOCKED = (0.0, 0.2, 0.5)
# Prices are those of a busy evening, whatever the evening turns out to be: nobody knows beforehand.
PRICED_LOADS = (0.95, 1.1, 1.4)
PRICED_EVENINGS = 24
HINDSIGHT_SECONDS, QUICK_HINDSIGHT_SECONDS = 20.0, 3.0
# Of so many refusals an evening another program finds out whether they were needed.
REFUSALS_TRIED = 3
CHART = Path("docs/images/packing.svg")
PARTS = ("loads", "fixed", "plans", "locked", "orders", "customs", "disturbed", "decisions")
QUICK_PARTS = ("loads", "decisions")


def set_django_up() -> None:
    """Let the product's modules be imported; nothing here asks the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


@dataclass
class Days:
    """Evenings of one floor, mix and load, with the best that each could have been."""

    floor: "Floor"
    mix: str
    load: float
    evenings: "list[tuple[str, list[Guest], Hindsight]]" = field(default_factory=list)


@dataclass
class Result:
    """What a policy made of some evenings."""

    ratios: list[float] = field(default_factory=list)
    evenings: "list[Evening]" = field(default_factory=list)

    @property
    def mean(self) -> float:
        return statistics.mean(self.ratios)

    @property
    def shift(self) -> float:
        return statistics.mean(evening.mean_shift for evening in self.evenings)

    @property
    def seconds(self) -> list[float]:
        return [seconds for evening in self.evenings for seconds in evening.seconds]

    @property
    def refused(self) -> Counter[int]:
        return sum((evening.refused for evening in self.evenings), Counter[int]())

    def row(self) -> list[object]:
        """Return the columns that are kept for ever."""
        refused = ", ".join(f"{size}: {count}" for size, count in sorted(self.refused.items()))
        return [
            statistics.mean(evening.covers for evening in self.evenings),
            f"{self.mean:.3f}",
            f"{min(self.ratios):.3f}",
            statistics.mean(evening.parties for evening in self.evenings),
            self.shift,
            refused,
            1000 * percentile(self.seconds, 0.5),
            1000 * percentile(self.seconds, 0.95),
        ]


HEAD = ("covers", "ratio", "least", "parties", "shift, min", "refused, by size", "p50 ms", "p95 ms")


def days(
    name: str,
    mix: str,
    load: float,
    seeds: Iterable[int],
    *,
    seconds: float,
    order: str = "random",
    buffer: int = 0,
    is_flexible: bool = True,
    is_iftar: bool = False,
) -> Days:
    """Return evenings of these seeds, each with its hindsight.

    :param seconds: how long the solver may look for it
    :param buffer: minutes between two parties at one table
    """
    from benchmarks.simulation import floors, guests, hindsight

    found = Days(floors.named(name, buffer=buffer), mix, load)
    for seed in seeds:
        named = f"{name}:{mix}:{load}:{seed}"
        asked = guests.guests(
            found.floor,
            named,
            load=load,
            sizes=guests.SIZES[mix],
            order=order,
            is_flexible=is_flexible,
            is_iftar=is_iftar,
        )
        found.evenings.append((named, asked, hindsight.best(found.floor, asked, seconds=seconds)))
    return found


def prices_of(
    name: str, mix: str, *, count: int = PRICED_EVENINGS, buffer: int = 0, is_iftar: bool = False
) -> "Prices":
    """Return a floor's prices, from evenings that no result is claimed on."""
    from benchmarks.simulation import floors, guests
    from bookings.pricing import price

    floor = floors.named(name, buffer=buffer)
    evenings = [
        [
            guest.wish
            for guest in guests.guests(
                floor,
                f"prices:{name}:{mix}:{number}",
                load=PRICED_LOADS[number % len(PRICED_LOADS)],
                sizes=guests.SIZES[mix],
                is_iftar=is_iftar,
            )
        ]
        for number in range(count)
    ]
    found = price(floor.plan, floors.DAY, evenings)
    if found is None:
        raise ValueError(f"Nothing can be sold at {name}.")
    return found


def judge(
    among: Days,
    policy: str,
    *,
    prices: "Prices | None" = None,
    accepted: float = 0.0,
    locked: float = 0.0,
    remembers: bool = True,
) -> Result:
    """Run a policy on each evening."""
    from benchmarks.simulation.running import run

    result = Result()
    for seed, asked, best in among.evenings:
        evening = run(
            among.floor,
            asked,
            policy,
            seed=seed,
            prices=prices,
            open_share=accepted,
            locked_share=locked,
            remembers=remembers,
        )
        result.evenings.append(evening)
        result.ratios.append(evening.covers / best.bound)
    return result


# --- What is told ------------------------------------------------------------------------------------------------


@dataclass
class Judged:
    """What the parts of a run leave for its last line and its picture."""

    by_load: dict[float, dict[str, Result]] = field(default_factory=dict)
    by_locked: dict[str, dict[float, float]] = field(default_factory=dict)
    decision_p95: float = 0.0
    """Milliseconds."""
    processor_p95: float = 0.0
    undecided: int = 0
    tried: int = 0
    needless: int = 0

    def lines(self) -> dict[str, dict[float, float]]:
        """Return the mean ratio of each policy by load."""
        found: dict[str, dict[float, float]] = {}
        for load, results in self.by_load.items():
            for name, result in results.items():
                found.setdefault(name, {})[load] = result.mean
        return found


def main(arguments: list[str] | None = None) -> int:
    asked = harness.options(
        "packing",
        __doc__,
        arguments,
        seeds={"default": "", "help": "evenings to judge, as 1,2,3; if not given, those from --seed on"},
        parts={"default": "", "help": f"some of {','.join(PARTS)}"},
        plans={"default": "A,B,C", "help": "whose floors the part `plans` judges"},
        no_chart={"action": "store_true", "help": f"leave {CHART} alone"},
    )
    set_django_up()
    from bookings import solving

    # As a web process has it before its first visitor.
    solving.get_ready()
    evenings = QUICK_EVENINGS if asked.quick else EVENINGS
    seeds = [int(seed) for seed in asked.seeds.split(",") if seed] or list(range(asked.seed, asked.seed + evenings))
    seconds = QUICK_HINDSIGHT_SECONDS if asked.quick else HINDSIGHT_SECONDS
    parts = [part for part in asked.parts.split(",") if part] or (QUICK_PARTS if asked.quick else PARTS)
    say(machine())
    judged = Judged()
    if "loads" in parts:
        _loads(judged, CLAIMED_LOADS if asked.quick else LOADS, seeds, seconds)
    if "fixed" in parts:
        _variants({"fixed times": {"is_flexible": False}}, seeds[:FEWER_EVENINGS], seconds)
    if "plans" in parts:
        _plans(asked.plans.split(","), seeds, seconds)
    if "locked" in parts:
        _locked(judged, seeds[:FEWER_EVENINGS], seconds)
    if "orders" in parts:
        _variants({order: {"order": order} for order in ("small first", "large last")}, seeds[:FEWER_EVENINGS], seconds)
    if "customs" in parts:
        customs: dict[str, dict[str, Any]] = {"at sunset": {"is_iftar": True}, "ten minutes between": {"buffer": 10}}
        _variants(customs, seeds[:FEWER_EVENINGS], seconds)
    if "disturbed" in parts:
        _disturbed(seeds)
    if "decisions" in parts:
        _decisions(judged, quick=asked.quick)
    if {"loads", "locked"} <= set(parts) and not (asked.quick or asked.no_chart):
        (ROOT / CHART).write_text(chart(judged.lines(), judged.by_locked))
    last_line("packing", **_figures(judged), seeds=len(seeds))
    return 1 if judged.needless else 0


def _figures(judged: Judged) -> dict[str, object]:
    found: dict[str, object] = {}
    if judged.by_load:
        ours = {load: results["ours, 30 % accept"] for load, results in judged.by_load.items()}
        found["ratio_80"], found["ratio_110"] = (f"{ours[load].mean:.3f}" for load in CLAIMED_LOADS)
        for share in ACCEPTED[1:]:
            shifts = [results[_ours(share)].shift for results in judged.by_load.values()]
            found[f"shift_{share * 100:.0f}"] = round(max(shifts), 1)
        found["below_repacking"] = sum(
            results["ours, 0 % accept"].mean < results["re-pack"].mean for results in judged.by_load.values()
        )
    if judged.decision_p95:
        found["decision_p95_ms"] = round(judged.decision_p95, 1)
        found["processor_p95_ms"] = round(judged.processor_p95, 1)
    return found | {"undecided": judged.undecided, "refusals_tried": judged.tried, "needless": judged.needless}


def _ours(share: float) -> str:
    return f"ours, {share * 100:.0f} % accept"


def _loads(judged: Judged, loads: Sequence[float], seeds: Sequence[int], seconds: float) -> None:
    """Print every policy at every load on plan A."""
    with step("Computing prices of plan A"):
        prices = prices_of("A", "western")
    for load in loads:
        with step(f"Judging plan A at load {load}"):
            chosen = seeds if load in CLAIMED_LOADS else seeds[:FEWER_EVENINGS]
            evenings = days("A", "western", load, chosen, seconds=seconds)
            results = _policies(evenings, prices)
        say(f"Plan A, western sizes, load {load}; gap of hindsight at most {_gap(evenings):.1%}")
        table(("policy", *HEAD), [[name, *result.row()] for name, result in results.items()])
        judged.by_load[load] = results
        ours = results["ours, 30 % accept"]
        judged.undecided += sum(evening.undecided for evening in ours.evenings)
        with step("Trying whether refusals were needed"):
            _try_refusals(judged, ours)


def _policies(evenings: Days, prices: "Prices") -> dict[str, Result]:
    from benchmarks.simulation.running import POLICIES

    found = {policy: judge(evenings, policy) for policy in POLICIES if policy != "ours"}
    for share in ACCEPTED:
        found[_ours(share)] = judge(evenings, "ours", prices=prices, accepted=share)
    return found


def _gap(evenings: Days) -> float:
    return max(best.gap for _seed, _asked, best in evenings.evenings)


def _try_refusals(judged: Judged, result: Result) -> None:
    """Ask the judge of `exactness`, which shares no code with the product, about some of those that were refused."""
    from benchmarks.exactness import State, by_cp_sat

    for evening in result.evenings:
        for refusal in evening.refusals[:: max(1, len(evening.refusals) // REFUSALS_TRIED)][:REFUSALS_TRIED]:
            state = State(dict(refusal.locked), list(refusal.parties), refusal.bits, refusal.options)
            judged.tried += 1
            judged.needless += by_cp_sat(
                state.taken,
                [(state.bits, state.options), *((party.bits, party.options) for party in state.parties)],
            )


def _plans(names: Sequence[str], seeds: Sequence[int], seconds: float) -> None:
    """Print every policy on these floors with both mixes of sizes."""
    for name in names:
        for mix in ("western", "nigerian"):
            with step(f"Computing prices of plan {name}, {mix} sizes"):
                prices = prices_of(name, mix, count=9 if name == "C" else PRICED_EVENINGS)
            for load in CLAIMED_LOADS:
                with step(f"Judging plan {name}, {mix} sizes, load {load}"):
                    chosen = seeds[: FEWEST_EVENINGS if name == "C" else FEWER_EVENINGS]
                    evenings = days(name, mix, load, chosen, seconds=seconds)
                    results = _policies(evenings, prices)
                say(f"Plan {name}, {mix} sizes, load {load}; gap of hindsight at most {_gap(evenings):.1%}")
                table(("policy", *HEAD), [[policy, *result.row()] for policy, result in results.items()])


def _locked(judged: Judged, seeds: Sequence[int], seconds: float) -> None:
    """Print what promised tables cost."""
    prices = prices_of("A", "western")
    rows = []
    for load in CLAIMED_LOADS:
        with step(f"Judging promised tables at load {load}"):
            evenings = days("A", "western", load, seeds, seconds=seconds)
            for share in ACCEPTED:
                means = {
                    locked: judge(evenings, "ours", prices=prices, accepted=share, locked=locked).mean
                    for locked in LOCKED
                }
                rows.append([f"{load}, {share * 100:.0f} % accept", *(f"{mean:.3f}" for mean in means.values())])
                judged.by_locked[_ours(share)] = {100 * locked: mean for locked, mean in means.items()}
    table(("load", *(f"{locked * 100:.0f} % locked" for locked in LOCKED)), rows)


def _variants(variants: "dict[str, dict[str, Any]]", seeds: Sequence[int], seconds: float) -> None:
    """Print every policy's ratio on plan A when guests or house are otherwise.

    :param variants: by name, what `days` is told
    """
    rows: list[list[object]] = []
    names: list[str] = []
    for name, told in variants.items():
        prices = prices_of("A", "western", **{key: told[key] for key in told if key in ("buffer", "is_iftar")})
        for load in CLAIMED_LOADS:
            with step(f"Judging {name} at load {load}"):
                results = _policies(days("A", "western", load, seeds, seconds=seconds, **told), prices)
            names = list(results)
            rows.append([f"{name}, {load}", *(f"{result.mean:.3f}" for result in results.values())])
    table(("what, load", *names), rows)


def _disturbed(seeds: Sequence[int]) -> None:
    """Print what becomes of evenings on which guests cancel, stay away, come late, stay on, or come unasked."""
    from benchmarks.simulation import disturbances, floors, guests
    from benchmarks.simulation.running import POLICIES

    floor, prices = floors.named("A"), prices_of("A", "western")
    rows = []
    for load in CLAIMED_LOADS:
        with step(f"Disturbing plan A at load {load}"):
            for policy in POLICIES:
                evenings = [
                    disturbances.run(
                        floor,
                        guests.guests(floor, f"A:western:{load}:{seed}", load=load),
                        policy,
                        seed=f"A:western:{load}:{seed}",
                        prices=prices,
                        open_share=0.3,
                    )
                    for seed in seeds
                ]
                waits = [wait for evening in evenings for wait in evening.waits]
                rows.append(
                    [
                        f"{load}, {policy}{', 30 % accept' if policy == 'ours' else ''}",
                        *(
                            statistics.mean(getattr(evening, what) for evening in evenings)
                            for what in ("booked", "cancelled", "served", "walk_ins", "turned_away", "gone")
                        ),
                        statistics.mean(waits),
                        f"{100 * sum(wait > disturbances.LONG_WAIT for wait in waits) / len(waits):.1f} %",
                    ]
                )
    head = ("booked", "cancelled", "served", "walk-ins", "turned away", "gone", "wait, min", "over 15 min")
    table(("load, policy", *head), rows)


def _decisions(judged: Judged, *, quick: bool) -> None:
    """Time decisions at forty tables, each anew: nothing is remembered of what was full before."""
    from benchmarks.simulation import floors, guests
    from benchmarks.simulation.running import run

    floor = floors.named("M")
    with step("Timing decisions at 40 tables"):
        prices = prices_of("M", "western", count=6)
        evenings = [
            run(
                floor,
                guests.guests(floor, f"M:{seed}", load=1.0),
                "ours",
                prices=prices,
                open_share=0.3,
                remembers=False,
            )
            for seed in range(1, 3 if quick else 7)
        ]
    seconds = [each for evening in evenings for each in evening.seconds]
    processor = [each for evening in evenings for each in evening.processor_seconds]
    p50, p95 = (1000 * percentile(seconds, share) for share in (0.5, 0.95))
    parties = statistics.mean(evening.parties for evening in evenings)
    say(
        f"Plan M, {floor.tables} tables, {parties:.0f} bookings at the end: {len(seconds)} decisions with suggestions, "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, slowest {1000 * max(seconds):.0f} ms; "
        f"of the processor p95 {1000 * percentile(processor, 0.95):.1f} ms"
    )
    judged.decision_p95 = p95
    judged.processor_p95 = 1000 * percentile(processor, 0.95)
    judged.undecided += sum(evening.undecided for evening in evenings)


def chart(by_load: "Lines", by_locked: "Lines | None" = None) -> str:
    """Return the ratios of each policy by load, and by the share of promised tables, as SVG."""
    from benchmarks.simulation.charts import Panel, picture

    panels = [Panel("How full the room gets", "load: seat-minutes wanted ÷ those of the evening", by_load)]
    if by_locked:
        panels.append(Panel("When tables are promised", "% of guests promised their table, load 1.1", by_locked))
    return picture("Covers against hindsight, plan A", "covers ÷ hindsight", panels, lowest=0.6)


if __name__ == "__main__":
    sys.exit(main())
