"""How full does a room get? Evenings of guests who ask one after the other, against the best known afterwards.

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
from typing import TYPE_CHECKING

from benchmarks import harness
from benchmarks.harness import ROOT, last_line, machine, percentile, say, step, table

if TYPE_CHECKING:
    from benchmarks.simulation.floors import Floor
    from benchmarks.simulation.guests import Guest
    from benchmarks.simulation.hindsight import Hindsight
    from benchmarks.simulation.running import Evening
    from bookings.pricing import Prices

SEEDS, QUICK_SEEDS = range(1, 13), range(1, 4)
LOADS = (0.6, 0.8, 1.0, 1.1, 1.4)
ACCEPTED = (0.0, 0.3, 0.5)
LOCKED = (0.0, 0.2, 0.5)
# Prices are those of a busy evening, whatever the evening turns out to be: nobody knows beforehand.
PRICED_LOADS = (0.95, 1.1, 1.4)
PRICED_EVENINGS = 24
HINDSIGHT_SECONDS, QUICK_HINDSIGHT_SECONDS = 20.0, 3.0
CHART = Path("docs/images/packing.svg")


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


def days(name: str, mix: str, load: float, seeds: Iterable[int], *, seconds: float, order: str = "random") -> Days:
    """Return evenings of these seeds, each with its hindsight."""
    from benchmarks.simulation import floors, guests, hindsight

    found = Days(floors.named(name), mix, load)
    for seed in seeds:
        named = f"{name}:{mix}:{load}:{seed}"
        asked = guests.guests(found.floor, named, load=load, sizes=guests.SIZES[mix], order=order)
        found.evenings.append((named, asked, hindsight.best(found.floor, asked, seconds=seconds)))
    return found


def prices_of(name: str, mix: str, *, count: int = PRICED_EVENINGS) -> "Prices":
    """Return a floor's prices, from evenings that no result is claimed on."""
    from benchmarks.simulation import floors, guests
    from bookings.pricing import price

    floor = floors.named(name)
    evenings = [
        [
            guest.wish
            for guest in guests.guests(
                floor,
                f"prices:{name}:{mix}:{number}",
                load=PRICED_LOADS[number % len(PRICED_LOADS)],
                sizes=guests.SIZES[mix],
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


def main(arguments: list[str] | None = None) -> int:
    asked = harness.options(
        "packing",
        __doc__,
        arguments,
        seeds={"default": "", "help": "evenings to judge, as 1,2,3"},
        no_chart={"action": "store_true", "help": "leave docs/images/packing.svg alone"},
    )
    set_django_up()
    seeds = [int(seed) for seed in asked.seeds.split(",") if seed] or list(QUICK_SEEDS if asked.quick else SEEDS)
    seconds = QUICK_HINDSIGHT_SECONDS if asked.quick else HINDSIGHT_SECONDS
    say(machine())
    with step("Computing prices of plan A"):
        prices = prices_of("A", "western")
    drawn: dict[str, dict[float, float]] = {}
    ratios: dict[float, float] = {}
    shift = 0.0
    for load in (0.8, 1.1) if asked.quick else LOADS:
        with step(f"Judging plan A at load {load}"):
            evenings = days("A", "western", load, seeds, seconds=seconds)
            results = _policies(evenings, prices)
        say(f"Plan A, western sizes, load {load}; gap of hindsight at most {_gap(evenings):.1%}")
        table(("policy", *HEAD), [[name, *result.row()] for name, result in results.items()])
        for name, result in results.items():
            drawn.setdefault(name, {})[load] = result.mean
        ratios[load] = results["ours, 30 % accept"].mean
        shift = max(shift, results["ours, 30 % accept"].shift)
    if not asked.quick:
        _plans(seeds[:4], seconds)
        _locked(seeds[:4], seconds, prices)
    p95, undecided = _decisions(quick=asked.quick)
    if not asked.quick and not asked.no_chart:
        (ROOT / CHART).write_text(chart(drawn))
    last_line(
        "packing",
        ratio_80=f"{ratios[0.8]:.3f}",
        ratio_110=f"{ratios[1.1]:.3f}",
        shift=round(shift, 1),
        decision_p95_ms=round(p95, 1),
        undecided=undecided,
        seeds=len(seeds),
    )
    return 0


def _policies(evenings: Days, prices: "Prices") -> dict[str, Result]:
    from benchmarks.simulation.running import POLICIES

    found = {policy: judge(evenings, policy) for policy in POLICIES if policy != "ours"}
    for share in ACCEPTED:
        found[f"ours, {share * 100:.0f} % accept"] = judge(evenings, "ours", prices=prices, accepted=share)
    return found


def _gap(evenings: Days) -> float:
    return max(best.gap for _seed, _asked, best in evenings.evenings)


def _plans(seeds: Sequence[int], seconds: float) -> None:
    """Print the other floors and sizes."""
    rows = []
    for name in ("A", "B", "C"):
        for mix in ("western", "nigerian"):
            with step(f"Judging plan {name}, {mix} sizes"):
                prices = prices_of(name, mix, count=9 if name == "C" else PRICED_EVENINGS)
                for load in (0.8, 1.1):
                    evenings = days(name, mix, load, seeds[:2] if name == "C" else seeds, seconds=seconds)
                    cells: list[object] = [f"{judge(evenings, policy).mean:.3f}" for policy in ("best fit", "re-pack")]
                    cells += [
                        f"{judge(evenings, 'ours', prices=prices, accepted=share).mean:.3f}" for share in ACCEPTED[1:]
                    ]
                    rows.append([f"{name}, {mix}, {load}", *cells])
    table(("plan, sizes, load", "best fit", "re-pack", "ours, 30 %", "ours, 50 %"), rows)


def _locked(seeds: Sequence[int], seconds: float, prices: "Prices") -> None:
    """Print what promised tables cost."""
    rows = []
    for load in (0.8, 1.1):
        with step(f"Judging promised tables at load {load}"):
            evenings = days("A", "western", load, seeds, seconds=seconds)
            for share in ACCEPTED:
                cells = [
                    f"{judge(evenings, 'ours', prices=prices, accepted=share, locked=locked).mean:.3f}"
                    for locked in LOCKED
                ]
                rows.append([f"{load}, {share * 100:.0f} % accept", *cells])
    table(("load", *(f"{locked * 100:.0f} % locked" for locked in LOCKED)), rows)


def _decisions(*, quick: bool) -> tuple[float, int]:
    """Return the 95th percentile of a decision in ms at forty tables, and how many the solver left undecided."""
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
            for seed in range(1, 2 if quick else 4)
        ]
    seconds = [each for evening in evenings for each in evening.seconds]
    p50, p95 = (1000 * percentile(seconds, share) for share in (0.5, 0.95))
    parties = statistics.mean(evening.parties for evening in evenings)
    say(
        f"Plan M, {floor.tables} tables, {parties:.0f} bookings at the end: {len(seconds)} decisions with suggestions, "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, slowest {1000 * max(seconds):.0f} ms"
    )
    return p95, sum(evening.undecided for evening in evenings)


# --- Drawn -------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 420, 60, 30, 60
COLOURS = ("#8a8a8a", "#b5651d", "#c9a227", "#7a9e7e", "#2a6f97", "#5a189a", "#9d0208", "#d00000")
LOWEST = 0.6


def chart(drawn: dict[str, dict[float, float]]) -> str:
    """Return the ratios by load as a picture, a line for each policy."""
    loads = sorted({load for points in drawn.values() for load in points})
    plot_width, plot_height = WIDTH - LEFT - 220, HEIGHT - TOP - BOTTOM

    def x(load: float) -> float:
        return LEFT + plot_width * (load - loads[0]) / ((loads[-1] - loads[0]) or 1)

    def y(ratio: float) -> float:
        return TOP + plot_height * (1 - (ratio - LOWEST) / (1 - LOWEST))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">',
        "<title>Covers against hindsight by load, plan A</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for tenth in range(6, 11):
        height = y(tenth / 10)
        parts.append(f'<path d="M{LEFT} {height:.1f}h{plot_width}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    parts += [
        f'<text x="{x(load):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{load}</text>' for load in loads
    ]
    parts.append(
        f'<text x="{LEFT + plot_width / 2:.0f}" y="{HEIGHT - 15}" text-anchor="middle">'
        "load: seat-minutes wanted of an evening’s</text>"
    )
    for number, (name, points) in enumerate(drawn.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(f"{x(load):.1f},{y(max(points[load], LOWEST)):.1f}" for load in sorted(points))
        dash = "" if name.startswith("ours") else ' stroke-dasharray="5 3"'
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        height = TOP + 16 + 20 * number
        edge = LEFT + plot_width + 20
        parts.append(f'<path d="M{edge} {height - 4}h24" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{edge + 30}" y="{height}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    sys.exit(main())
