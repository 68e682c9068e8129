"""One evening under one policy: guests ask one after the other, and the product's own rules say what they get."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from benchmarks.simulation.floors import DAY, Floor
from benchmarks.simulation.guests import Guest
from bookings.availability import (
    Occupancy,
    Reason,
    Slot,
    SlotTime,
    best_seating,
    ends_at,
    free_seatings,
    hard_close_refusal,
    slot_times,
)
from bookings.packing import Party, Tables, find_room
from bookings.pricing import Prices
from bookings.solving import Undecided
from bookings.suggesting import suggest

POLICIES = ("any fitting", "largest fitting", "best fit", "best fit, gap rule", "re-pack", "ours")
REPACKS = frozenset({"re-pack", "ours"})


@dataclass
class Evening:
    """What came of the guests of one evening."""

    covers: int = 0
    parties: int = 0
    shift_minutes: int = 0
    taken: int = 0
    suggested: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    """Parties by size that found no table at a time they would come."""
    seconds: list[float] = field(default_factory=list)
    """How long each answer took."""
    processor_seconds: list[float] = field(default_factory=list)
    """What each took of the processor: on a busy machine the lesser part."""
    undecided: int = 0
    """Questions of room that the solver could not answer in its time."""
    refusals: "list[Refusal]" = field(default_factory=list)
    """The room, each time that somebody was refused, where the policy re-packs."""

    @property
    def mean_shift(self) -> float:
        return self.shift_minutes / self.parties if self.parties else 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A room in which there was no place for one more, and when it was wanted."""

    locked: Mapping[int, int]
    parties: Sequence[Party]
    bits: int
    options: tuple[Tables, ...]


@dataclass
class Room:
    """The tables as they fill up. Parties whose table is not promised may be moved, where the policy does."""

    floor: Floor
    policy: str
    dice: random.Random
    occupancy: Occupancy = field(init=False)
    slots: dict[int, SlotTime] = field(init=False)
    locked: dict[int, int] = field(default_factory=dict)
    parties: list[Party] = field(default_factory=list)
    undecided: int = 0
    remembers: bool = True
    """Nobody leaves before the evening: what was full once is not sought again. Without it, each answer is timed."""
    full: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan = self.floor.plan
        self.occupancy = Occupancy.of(plan, DAY, [])
        self.midnight = self.occupancy.midnight
        self.slots = {
            int((slot.starts_at - self.midnight).total_seconds() // 60): slot for slot in slot_times(plan, DAY)
        }
        self.options: dict[int, tuple[Tables, ...]] = {}

    def find(self, minute: int, party_size: int, *, exact: bool = True) -> "Place | None":
        """Return where the party could sit, and who would move for it; None when the policy finds no way."""
        plan, slot = self.floor.plan, self.slots.get(minute)
        if slot is None or hard_close_refusal(plan, slot, party_size):
            return None
        until = ends_at(plan, slot, party_size)
        asked = {"starts_at": slot.starts_at, "until": until, "party_size": party_size, "online": True}
        bits = self.occupancy.bits(slot.starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
        free = list(free_seatings(plan, self.occupancy, **asked))  # type: ignore[arg-type]
        if free:
            if self.policy == "any fitting":
                return Place(self.dice.choice(free).table_ids, bits, {})
            if self.policy == "largest fitting":
                return Place(max(free, key=lambda seating: seating.max_party).table_ids, bits, {})
            if self.policy == "best fit":
                return Place(free[0].table_ids, bits, {})
            best = best_seating(plan, self.occupancy, **asked)  # type: ignore[arg-type]
            return None if best is None else Place(best.table_ids, bits, {})
        if self.policy not in REPACKS or (self.remembers and (minute, party_size) in self.full):
            return None
        try:
            found = find_room(self.locked, self.parties, bits, self._options(party_size), exact=exact)
        except Undecided:
            self.undecided += 1
            return None
        if found is not None:
            return Place(found.table_ids, bits, found.moves)
        if exact:
            self.full.add((minute, party_size))
        return None

    def _options(self, party_size: int) -> tuple[Tables, ...]:
        if party_size not in self.options:
            seatings = self.floor.plan.seatings_for(party_size, online=True)
            self.options[party_size] = tuple(seating.table_ids for seating in seatings)
        return self.options[party_size]

    def slot(self, minute: int, party_size: int, *, is_free: bool) -> Slot:
        """Return the slot as the selector does."""
        plan, slot = self.floor.plan, self.slots[minute]
        until = ends_at(plan, slot, party_size)
        reason = None if is_free else Reason.NO_TABLE
        return Slot(DAY, slot.starts_at, until, slot.shift.name, (1,) if is_free else (), reason)

    def minute_of(self, moment: datetime) -> int:
        return int((moment.astimezone(UTC) - self.midnight).total_seconds() // 60)

    def take(self, guest: Guest, minute: int, place: "Place", *, is_locked: bool) -> None:
        """Seat a guest, moving whoever has to move."""
        if place.moves:
            moved = [party for party in self.parties if party.key in place.moves]
            for party in moved:
                for table in party.table_ids:
                    self.occupancy.masks[table] &= ~party.bits
            for party in moved:
                self._mark(place.moves[party.key], party.bits)
            self.parties = [
                Party(party.key, party.bits, party.options, place.moves.get(party.key, party.table_ids))
                for party in self.parties
            ]
        self._mark(place.tables, place.bits)
        if is_locked:
            for table in place.tables:
                self.locked[table] = self.locked.get(table, 0) | place.bits
        else:
            options = self._options(guest.party_size)
            self.parties.append(Party(guest.number + 1, place.bits, options, place.tables))

    def refusal(self, guest: Guest) -> Refusal:
        """Return the room as it is for a guest who was refused."""
        slot = self.slots[guest.minute]
        until = ends_at(self.floor.plan, slot, guest.party_size)
        bits = self.occupancy.bits(slot.starts_at, until + timedelta(minutes=self.floor.plan.policy.buffer_minutes))
        return Refusal(dict(self.locked), tuple(self.parties), bits, self._options(guest.party_size))

    def leave(self, key: int) -> None:
        """Take a party away that has cancelled."""
        for party in self.parties:
            if party.key == key:
                for table in party.table_ids:
                    self.occupancy.masks[table] &= ~party.bits
        self.parties = [party for party in self.parties if party.key != key]
        self.full.clear()

    def _mark(self, tables: Tables, bits: int) -> None:
        for table in tables:
            if self.occupancy.masks.get(table, 0) & bits:
                raise AssertionError("two parties at one table")
            self.occupancy.masks[table] = self.occupancy.masks.get(table, 0) | bits


@dataclass(frozen=True, slots=True)
class Place:
    """Tables for a guest, for how long, and who moves for it."""

    tables: Tables
    bits: int
    moves: dict[int, Tables]


@dataclass(frozen=True, slots=True)
class Answer:
    """The time that a guest ends up at, and its place there; None when there is none that suits."""

    minute: int
    place: Place | None
    seconds: float
    """How long the product took for the time asked for and the suggestions."""
    processor_seconds: float
    was_suggested: bool
    was_taken: bool


def run(
    floor: Floor,
    asked: Sequence[Guest],
    policy: str,
    *,
    seed: str = "",
    prices: Prices | None = None,
    open_share: float = 0.0,
    locked_share: float = 0.0,
    remembers: bool = True,
) -> Evening:
    """Let the guests ask in their order, and return what came of the evening.

    A guest takes the asked time when it is free, else the nearest within its flexibility. One that is open to
    suggestions takes the first of them within its flexibility before either.

    :param open_share: the share of guests that are open to suggestions
    :param locked_share: the share that are promised their table
    """
    room = Room(floor, policy, random.Random(f"{policy}:{seed}"), remembers=remembers)
    evening = Evening()
    for guest in asked:
        answer = ask(room, guest, prices=prices, open_share=open_share)
        evening.seconds.append(answer.seconds)
        evening.processor_seconds.append(answer.processor_seconds)
        evening.suggested += answer.was_suggested
        evening.taken += answer.was_taken
        if answer.place is None:
            evening.refused[guest.party_size] += 1
            if policy in REPACKS:
                evening.refusals.append(room.refusal(guest))
            continue
        room.take(guest, answer.minute, answer.place, is_locked=guest.table_dice < locked_share)
        evening.covers += guest.party_size
        evening.parties += 1
        evening.shift_minutes += abs(answer.minute - guest.minute)
    evening.undecided = room.undecided
    return evening


def ask(room: Room, guest: Guest, *, prices: Prices | None, open_share: float) -> Answer:
    """Return what a guest gets who asks for room now; nobody is seated yet."""
    began, processor_began = time.perf_counter(), time.process_time()
    places = {guest.minute: room.find(guest.minute, guest.party_size)}
    offered = _suggestions(room, prices, guest, places) if room.policy == "ours" and prices is not None else []
    seconds, processor_seconds = time.perf_counter() - began, time.process_time() - processor_began
    taken = None
    if guest.openness < open_share:
        taken = next((minute for minute in offered if abs(minute - guest.minute) <= guest.flexibility), None)
    minute = taken if taken is not None else guest.minute
    if places[minute] is None:
        minute = _nearest(room, guest, places)
    return Answer(minute, places[minute], seconds, processor_seconds, bool(offered), taken is not None)


def _suggestions(room: Room, prices: Prices, guest: Guest, places: "dict[int, Place | None]") -> list[int]:
    """Return the minutes that the product suggests, the first first."""
    quick: dict[int, Place | None] = {}

    def is_free(slot: Slot) -> bool:
        minute = room.minute_of(slot.starts_at)
        if minute not in quick:
            quick[minute] = places[minute] if minute in places else room.find(minute, guest.party_size, exact=False)
            if quick[minute] is not None:
                places[minute] = quick[minute]
        return quick[minute] is not None

    plan = room.floor.plan
    asked = room.slot(guest.minute, guest.party_size, is_free=places[guest.minute] is not None)
    others = [
        room.slot(minute, guest.party_size, is_free=True)
        for minute, slot in room.slots.items()
        if minute != guest.minute and hard_close_refusal(plan, slot, guest.party_size) is None
    ]
    found = suggest(plan, prices, asked, others, guest.party_size, is_free=is_free)
    return [room.minute_of(each.slot.starts_at) for each in found]


def _nearest(room: Room, guest: Guest, places: "dict[int, Place | None]") -> int:
    """Return the nearest time within the guest's flexibility that is free, the earlier of two, else the asked one."""
    for away in range(15, guest.flexibility + 1, 15):
        for minute in (guest.minute - away, guest.minute + away):
            if minute not in places:
                places[minute] = room.find(minute, guest.party_size)
            if places[minute] is not None:
                return minute
    return guest.minute
