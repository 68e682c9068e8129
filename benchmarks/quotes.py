"""How good are the waits that parties at the door are told? Against what then happened, on simulated evenings.

Plan A from five in the afternoon on, with a book of reservations and parties without one; the host seats who fits. Each
party that cannot sit at once is quoted by the product's own forecast and then followed until it sits. Bookings stay
away (8 %), come late (N(8, 12) minutes), and every turn is drawn (log-normal, sigma 0.25); the forecast knows these
habits, and nothing of what will happen. The queue is followed minute by minute, in code of the benchmark's own.

What a party is told changes nothing in an evening. So each is played once, with the waits that the forecast draws for
each party, and told again by each rule: as it was before, by the forecast alone, and by a house that lives through the
evenings in their order and learns from each party as it is seated. Such a house either knows one load band only or, the
harder lot, evenings of all bands in a mixed order. With `--stays 1.15` all guests stay 15 % longer than the house
believes, so that the forecast errs as a real one does.
"""

import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from benchmarks import harness
from benchmarks.evenings import LAST_SEATING, MIDNIGHT, Kept, filled, poisson, service_plan, turn_of
from benchmarks.harness import last_line, machine, percentile, say, step, table
from bookings import learning
from bookings.forecasting import LONGEST, Due, Floor, Habits, Queued, Sitting, drawn_waits, quoted
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
# What was told before houses learned: the 80th percentile, rounded up to five minutes.
FORMER, ROUNDED_TO = 0.80, 5


@dataclass(eq=False)
class Party:
    """Somebody at the door, or at a table."""

    size: int
    stays: float
    joined: int = 0
    options: tuple[Tables, ...] = ()
    tables: Tables = ()
    since: int = 0
    draws: list[float] = field(default_factory=list)
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
    """All parties of an evening, or of a band, that were quoted and then seated."""

    parties: list[Party] = field(default_factory=list)
    never: int = 0

    @property
    def count(self) -> int:
        return max(len(self.parties), 1)

    def mean_error(self) -> float:
        """Return by how many minutes the middle of the forecast is off, on average."""
        return sum(abs(_waited(each) - each.draws[len(each.draws) // 2]) for each in self.parties) / self.count

    def rule_of_thumb(self) -> tuple[int, float]:
        """Return the best constant for `parties ahead × constant`, chosen in hindsight, and its mean error."""

        def error(minutes: int) -> float:
            return sum(abs(_waited(each) - (each.ahead + 1) * minutes) for each in self.parties) / self.count

        best = min(CONSTANTS, key=error)
        return best, error(best)

    def wait(self) -> float:
        return sum(_waited(each) for each in self.parties) / self.count


def _waited(party: Party) -> int:
    assert party.waited is not None  # noqa: S101 - of the simulation itself
    return party.waited


class Evening:
    """One evening, minute by minute."""

    def __init__(self, seed: int, band: tuple[str, float, float], *, stays: float = 1.0) -> None:
        name, load, self.an_hour = band
        self.stays = stays
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
        return self.stays * turn_of(size) * math.exp(self.dice.gauss(0, HABITS.turn_sigma))

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
        party.draws = drawn_waits(
            self._floor(minute), Queued(party.turn, party.options), seed=self.seed + minute, runs=RUNS
        )
        if not party.draws or rounded_up(party) >= LONGEST:
            # Nobody stands in line for the whole evening.
            return
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


# --- What each is told ----------------------------------------------------------------------------------------------


def rounded_up(party: Party) -> int:
    """Return what was told before."""
    return math.ceil(_exactly(party) / ROUNDED_TO) * ROUNDED_TO


def _exactly(party: Party) -> float:
    return party.draws[math.ceil(FORMER * len(party.draws)) - 1]


def as_drawn(party: Party) -> int:
    return quoted(party.draws).high


@dataclass
class House:
    """A house that learns, by the product's own rules; what it has learned lasts from evening to evening."""

    stretch: float = learning.NEUTRAL

    def live_through(self, evenings: Iterable[Found]) -> dict[Party, int]:
        """Return what each party of these evenings is told, as each evening goes on."""
        told: dict[Party, int] = {}
        for evening in evenings:
            # Of one minute first who sits down, then who comes, as the evening was played.
            moments = [(party.joined, 1, number, party) for number, party in enumerate(evening.parties)]
            moments += [
                (party.joined + _waited(party), 0, number, party) for number, party in enumerate(evening.parties)
            ]
            for _minute, joins, _number, party in sorted(moments, key=lambda moment: moment[:3]):
                if joins:
                    told[party] = quoted(party.draws, self.stretch).high
                elif learning.says_something(told[party]):
                    self.stretch = learning.learned(self.stretch, was_within=_waited(party) <= told[party])
        return told


def share_within(evenings: Sequence[Found], told: Callable[[Party], float]) -> tuple[float, float]:
    """Return which share of the parties sat within what they were told, and its standard error.

    The parties of one evening wait for the same tables, so an evening counts as one draw.
    """
    counts = [(len(each.parties), sum(_waited(party) <= told(party) for party in each.parties)) for each in evenings]
    parties = max(sum(count for count, _within in counts), 1)
    share = sum(within for _count, within in counts) / parties
    return share, math.sqrt(sum((within - share * count) ** 2 for count, within in counts)) / parties


# --- The figures ----------------------------------------------------------------------------------------------------


def evenings_of(seeds: range, band: tuple[str, float, float], *, stays: float = 1.0) -> list[Found]:
    """Play the evenings of a load band."""
    return [Evening(seed, band, stays=stays).run() for seed in seeds]


def together(evenings: Sequence[Found]) -> Found:
    parties = [party for each in evenings for party in each.parties]
    return Found(parties, sum(each.never for each in evenings))


def in_mixed_order(played: Sequence[Sequence[Found]], seed: int) -> list[Found]:
    evenings = [evening for band in played for evening in band]
    random.Random(f"quotes:mixed:{seed}").shuffle(evenings)
    return evenings


def main(arguments: list[str] | None = None) -> int:
    stays = {"type": float, "default": 1.0, "help": "how long guests stay, by the turn times that the house believes"}
    asked = harness.options("quotes", __doc__, arguments, evenings={"type": int, "default": 0}, stays=stays)
    count = asked.evenings or (2 if asked.quick else 60)
    seeds = range(asked.seed * 1000, asked.seed * 1000 + count)
    with step(f"Playing {count} evenings in each of {len(BANDS)} load bands"):
        played = [evenings_of(seeds, band, stays=asked.stays) for band in BANDS]
    alone: dict[Party, int] = {}
    for evenings in played:
        alone |= House().live_through(evenings)
    house = House()
    mixed = house.live_through(in_mixed_order(played, asked.seed))
    rules: dict[str, Callable[[Party], float]] = {
        "as before": rounded_up,
        "unrounded": _exactly,
        "as drawn": as_drawn,
        "learned, one band": alone.__getitem__,
        "learned, all bands": mixed.__getitem__,
    }
    say(machine())
    waits, shares = [], []
    errors, thumbs = [], []
    for (name, *_), evenings in zip(BANDS, played, strict=True):
        found = together(evenings)
        constant, thumb = found.rule_of_thumb()
        errors.append(found.mean_error())
        thumbs.append(thumb)
        waits.append(
            [
                name,
                len(found.parties),
                f"{found.wait():.0f}",
                f"{percentile([float(_waited(each)) for each in found.parties], 0.95):.0f}",
                f"{errors[-1]:.1f}",
                f"{thumb:.1f} (× {constant})",
                found.never,
            ]
        )
        shares.append([share_within(evenings, told) for told in rules.values()])
    table(
        ["band", "quoted", "mean wait", "p95 wait", "mean error, min", "ahead × constant", "never seated"],
        waits,
    )
    say("Seated within what they were told, in %, with the standard error over evenings:")
    table(
        ["band", *rules],
        [
            [band[0], *(f"{100 * share:.1f} ± {100 * error:.1f}" for share, error in row)]
            for band, row in zip(BANDS, shares, strict=True)
        ],
    )
    say(f"The house of all bands stretches waits by {house.stretch:.2f} in the end.")
    last_line(
        "quotes",
        evenings=count * len(BANDS),
        stays=asked.stays,
        least=f"{100 * min(row[3][0] for row in shares):.1f}",
        most=f"{100 * max(row[3][0] for row in shares):.1f}",
        mixed_least=f"{100 * min(row[4][0] for row in shares):.1f}",
        mixed_most=f"{100 * max(row[4][0] for row in shares):.1f}",
        mean_error=f"{sum(errors) / len(errors):.1f}",
        by_constant=f"{sum(thumbs) / len(thumbs):.1f}",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
