"""How good are the waits that parties at the door are told? Against what then happened, on simulated evenings.

Plan A from five in the afternoon on, with a book of reservations and parties without one; the host seats who fits. Each
party that cannot sit at once is quoted by the product's own forecast and then followed until it sits. Bookings stay
away (8 %), come late (N(8, 12) minutes), and every turn is drawn (log-normal, sigma 0.25); the forecast knows these
habits, and nothing of what will happen. The queue is followed minute by minute, in code of the benchmark's own.
"""

import math
import random
import sys
from dataclasses import dataclass, field
from datetime import timedelta

from benchmarks import harness
from benchmarks.evenings import LAST_SEATING, MIDNIGHT, Kept, filled, poisson, service_plan, turn_of
from benchmarks.harness import last_line, machine, percentile, say, step, table
from bookings.forecasting import LONGEST, Due, Floor, Habits, Queued, Sitting, forecast
from bookings.packing import Tables
from bookings.rearranging import seatings

# Parties without a booking in an hour, and how full the book is: from an easy evening to one with a line outside.
BANDS = (("easy", 0.40, 4.0), ("busy", 0.45, 5.0), ("full", 0.50, 6.0), ("crowded", 0.55, 7.0))
BEGINS, LAST_JOINS, ENDS = 17 * 60, 20 * 60 + 30, 26 * 60
HABITS = Habits(turn_sigma=0.25, no_show=0.08, late_mean=8, late_sd=12, grace=20)
SIZES = ((1, 0.05), (2, 0.50), (3, 0.15), (4, 0.20), (5, 0.04), (6, 0.06))
# The rule of thumb that the quotes are compared with: so many minutes for each party ahead, the best such number.
CONSTANTS = range(1, 31)
RUNS = 240


@dataclass
class Party:
    """Somebody at the door, or at a table."""

    size: int
    stays: float
    joined: int = 0
    options: tuple[Tables, ...] = ()
    tables: Tables = ()
    since: int = 0
    quoted: int = 0
    promised: float = 0.0
    median: float = 0.0
    ahead: int = 0
    waited: int | None = None

    @property
    def turn(self) -> int:
        return turn_of(self.size)


@dataclass
class Coming:
    """A booking: when it is due, when it really comes (never: None), and its tables."""

    due: int
    comes: int | None
    party: Party
    is_over: bool = False
    has_arrived: bool = False


@dataclass
class Found:
    """All parties that were quoted, and how long they then waited."""

    parties: list[Party] = field(default_factory=list)
    never: int = 0

    def within(self) -> float:
        return sum(each.waited <= each.quoted for each in self.parties if each.waited is not None) / self.count

    def within_exactly(self) -> float:
        return sum(each.waited <= each.promised for each in self.parties if each.waited is not None) / self.count

    @property
    def count(self) -> int:
        return max(len(self.parties), 1)

    def mean_error(self) -> float:
        """Return by how many minutes the middle of the forecast is off, on average."""
        return sum(abs(each.waited - each.median) for each in self.parties if each.waited is not None) / self.count

    def rule_of_thumb(self) -> tuple[int, float]:
        """Return the best constant for `parties ahead × constant`, chosen in hindsight, and its mean error."""

        def error(minutes: int) -> float:
            return (
                sum(abs(each.waited - (each.ahead + 1) * minutes) for each in self.parties if each.waited is not None)
                / self.count
            )

        best = min(CONSTANTS, key=error)
        return best, error(best)

    def wait(self) -> float:
        return sum(each.waited for each in self.parties if each.waited is not None) / self.count


class Evening:
    """One evening, minute by minute."""

    def __init__(self, seed: int, band: tuple[str, float, float]) -> None:
        name, load, self.an_hour = band
        self.dice = random.Random(f"quotes:{seed}:{name}")
        self.seed = seed
        self.plan = service_plan()
        booked, _refused = filled(self.dice, self.plan, load, may_move=False)
        self.coming = [self._coming(kept) for kept in booked.kept.values()]
        self.at_tables: dict[int, Party] = {}
        self.line: list[Party] = []
        self.came: list[Party] = []
        self.found = Found()

    def _stay(self, size: int) -> float:
        return turn_of(size) * math.exp(self.dice.gauss(0, HABITS.turn_sigma))

    def _coming(self, kept: Kept) -> Coming:
        due = int((kept.starts_at - MIDNIGHT) / timedelta(minutes=1))
        comes = None
        if self.dice.random() >= HABITS.no_show:
            comes = due + max(0, round(self.dice.gauss(HABITS.late_mean, HABITS.late_sd)))
        return Coming(due, comes, Party(kept.size, self._stay(kept.size), tables=kept.tables))

    def run(self) -> Found:
        for minute in range(12 * 60, ENDS):
            self._leave(minute)
            self._arrive(minute)
            self._seat(minute)
            if BEGINS <= minute < LAST_JOINS:
                for _party in range(poisson(self.dice, self.an_hour / 60)):
                    self._join(minute)
        self.found.never = len(self.line)
        return self.found

    def _leave(self, minute: int) -> None:
        for number in [number for number, party in self.at_tables.items() if party.since + party.stays <= minute]:
            del self.at_tables[number]

    def _arrive(self, minute: int) -> None:
        """Let bookings sit down as they come and their tables are free; who stays away gives them up after grace."""
        for each in self.coming:
            if each.is_over:
                continue
            if each.comes is None:
                each.is_over = minute >= each.due + HABITS.grace
            elif each.comes <= minute:
                each.has_arrived = True
                if not any(number in self.at_tables for number in each.party.tables):
                    self._sit(each.party, each.party.tables, minute)
                    each.is_over = True

    def _sit(self, party: Party, tables: Tables, minute: int) -> None:
        party.tables, party.since = tables, minute
        for number in tables:
            self.at_tables[number] = party

    def _free(self, party: Party, minute: int) -> Tables | None:
        """Return where the host puts a party: the first fit that is free and not due within a usual turn."""
        due = self._due()
        for tables in party.options:
            if any(number in self.at_tables for number in tables):
                continue
            if all(due.get(number, 10_000) >= minute + party.turn for number in tables):
                return tables
        return None

    def _due(self) -> dict[int, int]:
        first: dict[int, int] = {}
        for each in self.coming:
            if not each.is_over:
                for number in each.party.tables:
                    first[number] = min(first.get(number, 10_000), each.due)
        return first

    def _seat(self, minute: int) -> None:
        still = []
        for party in self.line:
            tables = self._free(party, minute)
            if tables is None:
                still.append(party)
                continue
            party.waited = minute - party.joined
            self.found.parties.append(party)
            self._sit(party, tables, minute)
        self.line = still

    def _join(self, minute: int) -> None:
        values, weights = zip(*SIZES, strict=True)
        size = self.dice.choices(values, weights)[0]
        party = Party(size, self._stay(size), minute, seatings(self.plan, size, online=False, area_id=None))
        tables = self._free(party, minute)
        if tables is not None:
            self._sit(party, tables, minute)
            self.came.append(party)
            return
        party.ahead = len(self.line)
        told = forecast(self._floor(minute), Queued(party.turn, party.options), seed=self.seed + minute, runs=RUNS)
        if told is None or told.high >= LONGEST:
            # Nobody stands in line for the whole evening.
            return
        party.quoted, party.promised, party.median = told.high, told.promised, told.median
        self.line.append(party)
        self.came.append(party)

    def _floor(self, minute: int) -> Floor:
        """Return what the product would know: who sits since when, what is due, who waits."""
        seated = {id(party): party for party in self.at_tables.values()}.values()
        return Floor(
            sitting=[Sitting(party.tables, minute - party.since, party.turn) for party in seated],
            due=[
                Due(each.due - minute, each.party.turn, each.party.tables, each.has_arrived)
                for each in self.coming
                if not each.is_over
            ],
            queue=[Queued(party.turn, party.options) for party in self.line],
            habits=HABITS,
            lately=[Queued(party.turn, party.options) for party in self.came if party.joined > minute - 60],
            last_seating=LAST_SEATING.hour * 60 + LAST_SEATING.minute - minute,
        )


def band_of(seeds: range, band: tuple[str, float, float]) -> Found:
    """Play the evenings of a load band and put their parties together."""
    found = Found()
    for seed in seeds:
        one = Evening(seed, band).run()
        found.parties += one.parties
        found.never += one.never
    return found


def main(arguments: list[str] | None = None) -> int:
    asked = harness.options("quotes", __doc__, arguments, evenings={"type": int, "default": 0})
    count = asked.evenings or (2 if asked.quick else 60)
    rows, shares, errors, thumbs = [], [], [], []
    with step(f"Playing {count} evenings in each of {len(BANDS)} load bands"):
        for band in BANDS:
            found = band_of(range(asked.seed * 1000, asked.seed * 1000 + count), band)
            constant, thumb = found.rule_of_thumb()
            shares.append(found.within())
            errors.append(found.mean_error())
            thumbs.append(thumb)
            waits = [float(each.waited or 0) for each in found.parties]
            rows.append(
                [
                    band[0],
                    len(found.parties),
                    f"{found.wait():.0f}",
                    f"{percentile(waits, 0.95):.0f}",
                    f"{100 * found.within():.1f} %",
                    f"{100 * found.within_exactly():.1f} %",
                    f"{found.mean_error():.1f}",
                    f"{thumb:.1f} (× {constant})",
                    found.never,
                ]
            )
    say(machine())
    table(
        [
            "band",
            "quoted",
            "mean wait",
            "p95 wait",
            "within the quote",
            "within it unrounded",
            "mean error, min",
            "ahead × constant",
            "never seated",
        ],
        rows,
    )
    last_line(
        "quotes",
        evenings=count * len(BANDS),
        least=f"{100 * min(shares):.1f}",
        most=f"{100 * max(shares):.1f}",
        mean_error=f"{sum(errors) / len(errors):.1f}",
        by_constant=f"{sum(thumbs) / len(thumbs):.1f}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
