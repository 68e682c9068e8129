"""How long will a party at the door wait? The floor is simulated forward, many times, and the waits are counted.

Pure rules over plain values. Each run draws how long the seated stay (given how long they have sat, and their course),
who of the bookings comes, how late, and how long each of those then stays; it seats the queue as a host does: the first
in line that a free table fits, if the table is not due before their turn is over. Whoever overstays lets the booking
behind wait. Who comes to the door later stands behind, and yet takes what a larger party cannot use: as many come as in
the last hour. Times are minutes from now.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from statistics import NormalDist

Tables = tuple[int, ...]

RUNS = 240
# Nobody is told a longer wait than this; who would have to wait so long is better told to come another day.
LONGEST = 240
ROUNDED_TO = 5
# The share of parties that shall be seated within what they were told.
TARGET = 0.81
# How much of a turn is over when the party has come to a course.
COURSES: Mapping[str, float] = {"starter": 0.25, "main": 0.5, "dessert": 0.75, "bill": 0.92, "paid": 0.97}
# Whoever says how late they are is right within some minutes.
SAID_LATE_SD = 4.0
_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class Sitting:
    """A party at its tables: how long it has sat, how long such a party usually stays, and its course if known."""

    table_ids: Tables
    sat_for: float
    turn: float
    course: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A booking still to come (`starts_in` may be negative: it is late), the tables kept for it, and where it fits."""

    starts_in: float
    turn: float
    table_ids: Tables
    has_arrived: bool = False
    says_late: float = 0
    """How late it has said that it comes; 0 when it has said nothing."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A party at the door: how long it will stay once seated, and what it could sit at, best first."""

    turn: float
    seatings: tuple[Tables, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """Tables out of use from one minute to another."""

    table_id: int
    begins_in: float
    ends_in: float


@dataclass(frozen=True)
class Habits:
    """What a house's evenings are like."""

    turn_sigma: float = 0.25
    no_show: float = 0.08
    late_mean: float = 8
    late_sd: float = 12
    grace: float = 20
    clearing: float = 0
    leaves: float = 0.0
    """the share of those ahead who give up before their turn"""


@dataclass
class Floor:
    """The house at this moment; `queue` in its order, without the party that asks."""

    sitting: Sequence[Sitting] = ()
    due: Sequence[Due] = ()
    queue: Sequence[Queued] = ()
    closed: Sequence[Closed] = ()
    habits: Habits = field(default_factory=Habits)
    lately: Sequence[Queued] = ()
    """who came to the door within the last hour, seated at once or not: as many like them come in each hour from now"""
    last_seating: float = LONGEST
    """in how many minutes nobody is let in any more"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a party is told, in minutes: a range, whose upper end about four in five are seated within."""

    low: int
    high: int
    median: float
    promised: float
    """the percentile that `high` is near to, as it was found, before it was rounded"""


def forecast(floor: Floor, party: Queued, *, seed: int, runs: int = RUNS, stretch: float = 1.0) -> Forecast | None:
    """Return what to tell a party that joins the queue now; None when no table of the house fits it.

    The same floor, party, seed and stretch give the same answer.

    :param stretch: how much longer than drawn the house's waits are, as `bookings.learning` knows it
    """
    waits = drawn_waits(floor, party, seed=seed, runs=runs)
    return quoted(waits, stretch) if waits else None


def drawn_waits(floor: Floor, party: Queued, *, seed: int, runs: int = RUNS) -> list[float]:
    """Return how long a party that joins the queue now waits in so many runs, the shortest first; [] when none fits."""
    if not party.seatings:
        return []
    dice = random.Random(seed)  # noqa: S311 - draws evenings, guards nothing
    places = {each.seatings: _places(each.seatings) for each in (*floor.queue, *floor.lately, party)}
    return sorted(_Run(floor, dice, places).wait_of(party) for _run in range(runs))


def quoted(waits: Sequence[float], stretch: float = 1.0) -> Forecast:
    """Return the quote for drawn waits, sorted: the multiple of five minutes that a share nearest TARGET is within.

    Rounding up alone would hold some points more than was asked for, and more where waits lie close together.

    :param stretch: what each wait is multiplied by before; who never sat down does not sit for that
    """
    waits = [min(stretch * wait, LONGEST) if wait < LONGEST else wait for wait in waits]
    promised = _at(waits, TARGET)
    above = math.ceil(promised / ROUNDED_TO) * ROUNDED_TO
    below = above - ROUNDED_TO
    is_nearer = TARGET - _within(waits, below) < _within(waits, above) - TARGET
    high = min(below if below >= 0 and is_nearer else above, LONGEST)
    low = int(_at(waits, 0.3) // ROUNDED_TO * ROUNDED_TO)
    return Forecast(min(low, max(high - ROUNDED_TO, 0)), high, waits[len(waits) // 2], promised)


def _at(waits: Sequence[float], share: float) -> float:
    """Return the least of the waits that such a share of them is within."""
    return waits[min(max(math.ceil(share * len(waits)) - 1, 0), len(waits) - 1)]


def _within(waits: Sequence[float], minutes: float) -> float:
    return bisect_right(waits, minutes) / len(waits)


def drawn_rest(sitting: Sitting, habits: Habits, dice: random.Random) -> float:
    """Return how much longer a seated party stays: its turn drawn among those at least as long as it has sat."""
    sigma = habits.turn_sigma
    share = COURSES.get(sitting.course)
    if share is not None:
        # What is left is as uncertain as a turn is, in its proportion.
        return (1 - share) * sitting.turn * math.exp(dice.gauss(0, sigma))
    if sitting.sat_for <= 0:
        return sitting.turn * math.exp(dice.gauss(0, sigma))
    least = _STANDARD.cdf(math.log(sitting.sat_for / sitting.turn) / sigma)
    drawn = least + (1 - least) * dice.random()
    if drawn >= 1 - 1e-9:
        # Far beyond what anybody stays: any moment now.
        return dice.uniform(0, 15)
    return max(sitting.turn * math.exp(sigma * _STANDARD.inv_cdf(max(drawn, 1e-9))) - sitting.sat_for, 0.0)


def drawn_lateness(is_late: float, habits: Habits, dice: random.Random) -> float | None:
    """Return how late a booking comes that has not come yet, so and so late as it is by now; None when it never comes.

    The longer it has been awaited, the likelier it stays away.
    """
    least = _STANDARD.cdf((is_late - habits.late_mean) / habits.late_sd) if is_late > 0 else 0.0
    comes = (1 - habits.no_show) * (1 - least)
    if dice.random() * (comes + habits.no_show) >= comes:
        return None
    drawn = min(max(least + (1 - least) * dice.random(), 1e-9), 1 - 1e-9)
    return max(habits.late_mean + habits.late_sd * _STANDARD.inv_cdf(drawn), 0.0)


def _lateness(due: Due, habits: Habits, dice: random.Random) -> float | None:
    """Return how late a booking comes; who has said so comes, give or take SAID_LATE_SD, but not before now."""
    if not due.says_late:
        return drawn_lateness(-due.starts_in, habits, dice)
    return max(dice.gauss(due.says_late, SAID_LATE_SD), -due.starts_in, 0.0)


Places = dict[int, list[Tables]]
"""By table, what a party could sit at once that table is free, best first."""


def _places(seatings: tuple[Tables, ...]) -> Places:
    places: Places = {}
    for option in seatings:
        for table_id in option:
            places.setdefault(table_id, []).append(option)
    return places


@dataclass(slots=True)
class _Awaited:
    """A booking in one run: when it is due, when it comes (None: never), and how long it then keeps its tables."""

    due: Due
    comes: float | None
    stays: float
    is_over: bool = False


class _Run:
    """One evening from now on, told by its events: a booking that comes, a table that can be free from a moment on.

    Time alone frees nothing: a party that found no place finds one when a table comes free, and only there.
    """

    def __init__(self, floor: Floor, dice: random.Random, places: dict[tuple[Tables, ...], Places]) -> None:
        self.dice, self.habits, self.places = dice, floor.habits, places
        self.queue = [each for each in floor.queue if not floor.habits.leaves or dice.random() >= floor.habits.leaves]
        self.free_from: dict[int, float] = {}
        self.closed: dict[int, list[tuple[float, float]]] = {}
        # Bookings that have not sat down, by each table that is kept for them.
        self.awaited: dict[int, list[_Awaited]] = {}
        self.events: list[tuple[float, int]] = []
        for sitting in floor.sitting:
            ends = drawn_rest(sitting, self.habits, dice) + self.habits.clearing
            for table_id in sitting.table_ids:
                self.free_from[table_id] = max(self.free_from.get(table_id, 0.0), ends)
        self.events += [(moment, table_id) for table_id, moment in self.free_from.items()]
        for closed in floor.closed:
            self.closed.setdefault(closed.table_id, []).append((closed.begins_in, closed.ends_in))
            self.events.append((max(closed.ends_in, 0.0), closed.table_id))
        for due in floor.due:
            self._keep_for(due)
        self._add_later(floor)
        heapify(self.events)

    def _keep_for(self, due: Due) -> None:
        late = 0.0 if due.has_arrived else _lateness(due, self.habits, self.dice)
        comes = None if late is None else max(due.starts_in + late, 0.0)
        each = _Awaited(due, comes, self._drawn_turn(due.turn))
        moment = max(due.starts_in + self.habits.grace, 0.0) if comes is None else comes
        for table_id in due.table_ids:
            self.awaited.setdefault(table_id, []).append(each)
            self.events.append((moment, table_id))

    def _drawn_turn(self, turn: float) -> float:
        return turn * math.exp(self.dice.gauss(0, self.habits.turn_sigma)) + self.habits.clearing

    def _add_later(self, floor: Floor) -> None:
        """Draw who comes to the door after this party; they stand behind it, and sit where it cannot."""
        self.later: list[tuple[float, Queued]] = []
        if not floor.lately or floor.last_seating <= 0:
            return
        an_hour, moment = len(floor.lately), 0.0
        while (moment := moment + self.dice.expovariate(an_hour / 60)) < floor.last_seating:
            self.later.append((moment, self.dice.choice(floor.lately)))
            self.events.append((moment, -len(self.later)))

    def wait_of(self, party: Queued) -> float:
        """Return when the party sits down; the longest wait when it never does."""
        me = len(self.queue)
        line = [each for each in enumerate([*self.queue, party]) if not self._sits(each[1], each[1].seatings, 0.0)]
        if not line or line[-1][0] != me:
            return 0.0
        while self.events:
            moment, table_id = heappop(self.events)
            if moment >= LONGEST:
                break
            if table_id < 0:
                newcomer = self.later[-table_id - 1][1]
                if not self._sits(newcomer, newcomer.seatings, moment):
                    line.append((me - table_id, newcomer))
                continue
            if table_id in self.awaited:
                self._let_bookings_sit(table_id, moment)
            rest = self._free_for(table_id, moment)
            if rest <= 0:
                continue
            for place, (number, each) in enumerate(line):
                # Nobody sits here who would not be gone in time: told apart first, since it is so for most.
                if each.turn <= rest and self._sits(each, self.places[each.seatings].get(table_id, ()), moment):
                    if number == me:
                        return moment
                    del line[place]
                    break
        return float(LONGEST)

    def _let_bookings_sit(self, table_id: int, moment: float) -> None:
        """Seat who has come and whose tables are free, however long others sat there; give up who stays away."""
        awaited = self.awaited[table_id]
        for each in awaited:
            if each.is_over:
                continue
            if each.comes is None:
                each.is_over = moment >= each.due.starts_in + self.habits.grace
            elif each.comes <= moment and all(self.free_from.get(other, 0.0) <= moment for other in each.due.table_ids):
                each.is_over = True
                self._take(each.due.table_ids, moment + each.stays)
        self.awaited[table_id] = [each for each in awaited if not each.is_over]

    def _take(self, tables: Tables, until: float) -> None:
        for table_id in tables:
            self.free_from[table_id] = until
            heappush(self.events, (until, table_id))

    def _sits(self, party: Queued, options: Sequence[Tables], moment: float) -> bool:
        """Seat a party at the first of these tables that are free, and not due before its usual turn is over."""
        free_from, turn = self.free_from, party.turn
        for tables in options:
            for table_id in tables:
                if free_from.get(table_id, 0.0) > moment or self._free_for(table_id, moment) < turn:
                    break
            else:
                self._take(tables, moment + self._drawn_turn(turn))
                return True
        return False

    def _free_for(self, table_id: int, moment: float) -> float:
        """Return for how long a table is free from a moment on, as far as is known then; 0 or less: it is not."""
        if self.free_from.get(table_id, 0.0) > moment:
            return 0.0
        until = math.inf
        for each in self.awaited.get(table_id, ()):
            if each.due.starts_in < until and not each.is_over:
                until = each.due.starts_in
        for begins, ends in self.closed.get(table_id, ()):
            if ends > moment:
                until = min(until, begins)
        return until - moment - self.habits.clearing
