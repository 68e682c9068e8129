"""The same evening as life has it: cancellations, no-shows, guests who come late or stay on, and others at the door.

Bookings are made and cancelled in the order of time, as `running.run` makes them. Then the evening is played: whoever
comes and finds the table still taken sits at the best free one that nobody has booked meanwhile, or waits. Nobody else
is moved for it: that evening's moves are the staff's to make.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log

from benchmarks.simulation import guests
from benchmarks.simulation.floors import Floor
from benchmarks.simulation.guests import Guest
from benchmarks.simulation.running import Room, ask
from bookings.packing import Tables
from bookings.pricing import Prices

CANCELLED, NO_SHOW = 0.16, 0.08
LATE, LATE_DEVIATION = 8.0, 12.0
TURN_DEVIATION = 0.25
# Parties at the door an evening, for each table.
WALK_INS_A_TABLE = 0.3
MEDIAN_LEAD_DAYS, LEAD_DEVIATION = 3.0, 1.0
# Nobody sits down before the house expects them by more than this.
EARLIEST = -15
GRACE = 20
# Whoever has waited so long goes home.
PATIENCE = 45
LONG_WAIT = 15
GRAIN = 5


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a guest, whichever time and table it gets."""

    lead_days: float
    cancels_days_before: float | None
    comes: bool
    late: int
    stay: float
    """Its stay as a share of the turn that the house expects."""


@dataclass
class Disturbed:
    """What came of a disturbed evening."""

    booked: int = 0
    cancelled: int = 0
    served: int = 0
    """Covers of those who had booked."""
    walk_ins: int = 0
    """Covers from the door that were seated."""
    turned_away: int = 0
    gone: int = 0
    """Covers that had booked, waited and went home."""
    reseated: int = 0
    """Parties that had to be given other tables on arrival."""
    waits: list[int] = field(default_factory=list)
    """Minutes, for each party with a booking that was seated."""

    @property
    def long_waits(self) -> float:
        """Return the share of the parties seated that waited longer than a quarter of an hour."""
        return sum(wait > LONG_WAIT for wait in self.waits) / len(self.waits) if self.waits else 0.0


def fates(asked: Sequence[Guest], seed: str) -> list[Fate]:
    """Return a fate for each guest, in their order; those that ask first have the longest lead."""
    dice = random.Random(f"fates:{seed}")
    leads = sorted((exp(dice.gauss(log(MEDIAN_LEAD_DAYS), LEAD_DEVIATION)) for _guest in asked), reverse=True)
    return [
        Fate(
            lead_days=lead,
            cancels_days_before=lead * dice.random() if dice.random() < CANCELLED else None,
            comes=dice.random() >= NO_SHOW,
            late=round(dice.gauss(LATE, LATE_DEVIATION)),
            stay=exp(dice.gauss(0, TURN_DEVIATION)),
        )
        for lead in leads
    ]


def walk_ins(floor: Floor, seed: str, *, sizes: Sequence[tuple[int, float]]) -> list[tuple[Guest, float]]:
    """Return who comes to the door without a booking, when, and with what share of the expected stay."""
    dice = random.Random(f"door:{seed}")
    found: list[tuple[Guest, float]] = []
    waited = dice.expovariate(1.0)
    while waited < WALK_INS_A_TABLE * floor.tables:
        size = dice.choices([size for size, _share in sizes], [share for _size, share in sizes])[0]
        minute = guests.wanted_minute(dice, guests.turn_of(floor.plan, size))
        found.append((Guest(-1 - len(found), size, minute, 0, 1.0, 1.0), exp(dice.gauss(0, TURN_DEVIATION))))
        waited += dice.expovariate(1.0)
    return found


def run(
    floor: Floor,
    asked: Sequence[Guest],
    policy: str,
    *,
    seed: str,
    prices: Prices | None = None,
    open_share: float = 0.0,
    sizes: Sequence[tuple[int, float]] = guests.WESTERN,
) -> Disturbed:
    """Return what comes of an evening on which nothing goes as booked."""
    room = Room(floor, policy, random.Random(f"{policy}:{seed}"), remembers=False)
    evening = _Evening(room)
    cancellations: list[tuple[float, int]] = []
    for guest, fate in zip(asked, fates(asked, seed), strict=True):
        while cancellations and -cancellations[0][0] > fate.lead_days:
            evening.cancel(heapq.heappop(cancellations)[1])
        answer = ask(room, guest, prices=prices, open_share=open_share)
        if answer.place is None:
            continue
        room.take(guest, answer.minute, answer.place, is_locked=False)
        evening.book(guest, answer.minute, fate)
        if fate.cancels_days_before is not None:
            heapq.heappush(cancellations, (-fate.cancels_days_before, guest.number + 1))
    for _lead, key in sorted(cancellations):
        evening.cancel(key)
    evening.play(walk_ins(floor, seed, sizes=sizes))
    return evening.found


@dataclass
class _Evening:
    """The bookings of an evening, and then who sits where."""

    room: Room
    found: Disturbed = field(default_factory=Disturbed)
    booked: dict[int, tuple[Guest, int, Fate]] = field(default_factory=dict)
    """By key: who, for which minute, and what becomes of them."""
    due: dict[int, tuple[Tables, int]] = field(default_factory=dict)
    """Tables and stretch of those who have not come yet."""
    seated: dict[int, tuple[Tables, int]] = field(default_factory=dict)
    """Tables and stretch, as the house expects it, of those who sit."""
    waiting: list[tuple[int, int]] = field(default_factory=list)
    """Since when, and the key of the party."""
    events: list[tuple[int, int, str, int]] = field(default_factory=list)
    happened: int = 0

    def book(self, guest: Guest, minute: int, fate: Fate) -> None:
        self.booked[guest.number + 1] = (guest, minute, fate)
        self.found.booked += guest.party_size

    def cancel(self, key: int) -> None:
        guest, _minute, _fate = self.booked.pop(key)
        self.room.leave(key)
        self.found.cancelled += guest.party_size

    def play(self, door: Sequence[tuple[Guest, float]]) -> None:
        """Let everybody come, wait, sit and leave."""
        self.due = {party.key: (party.table_ids, party.bits) for party in self.room.parties}
        for key, (_guest, minute, fate) in self.booked.items():
            self._will(
                minute + (max(fate.late, EARLIEST) if fate.comes else GRACE), "come" if fate.comes else "miss", key
            )
        strangers = {guest.number: (guest, stay) for guest, stay in door}
        for number, (guest, _stay) in strangers.items():
            self._will(guest.minute, "ask", number)
        while self.events:
            now, _order, what, key = heapq.heappop(self.events)
            if what == "miss":
                del self.due[key]
            elif what == "leave":
                del self.seated[key]
            elif what == "come":
                self.waiting.append((max(now, self.booked[key][1]), key))
            self._seat_the_waiting(now)
            if what == "ask":
                self._seat_from_the_door(*strangers[key], now)

    def _will(self, minute: int, what: str, key: int) -> None:
        self.happened += 1
        heapq.heappush(self.events, (minute, self.happened, what, key))

    def _seat_the_waiting(self, now: int) -> None:
        for since, key in list(self.waiting):
            guest, _minute, fate = self.booked[key]
            own = self.due.pop(key)
            tables = own[0] if self._are_empty(own[0]) else self._free(now, guest.party_size)
            if tables is None and now - since <= PATIENCE:
                self.due[key] = own
                continue
            self.waiting.remove((since, key))
            if tables is None:
                self.found.gone += guest.party_size
                continue
            self.found.served += guest.party_size
            self.found.reseated += tables != own[0]
            self.found.waits.append(max(0, now - since))
            self._sit(key, guest.party_size, tables, now, fate.stay)

    def _seat_from_the_door(self, guest: Guest, stay: float, now: int) -> None:
        tables = self._free(now, guest.party_size)
        if tables is None:
            self.found.turned_away += guest.party_size
            return
        self.found.walk_ins += guest.party_size
        self._sit(guest.number, guest.party_size, tables, now, stay)

    def _sit(self, key: int, party_size: int, tables: Tables, now: int, stay: float) -> None:
        turn = guests.turn_of(self.room.floor.plan, party_size)
        self.seated[key] = (tables, _bits(now, now + turn))
        self._will(now + max(GRAIN, round(turn * stay)), "leave", key)

    def _are_empty(self, tables: Tables) -> bool:
        return all(set(tables).isdisjoint(others) for others, _bits in self.seated.values())

    def _free(self, now: int, party_size: int) -> Tables | None:
        """Return the best fit of what is empty, and booked by nobody before the party is expected to leave."""
        bits = _bits(now, now + guests.turn_of(self.room.floor.plan, party_size))
        kept = {table for tables, theirs in self.due.values() if theirs & bits for table in tables}
        for seating in self.room.floor.plan.seatings_for(party_size, online=False):
            if kept.isdisjoint(seating.table_ids) and self._are_empty(seating.table_ids):
                return seating.table_ids
        return None


def _bits(begin: int, end: int) -> int:
    first, last = begin // GRAIN, -(-end // GRAIN)
    return ((1 << (last - first)) - 1) << first
