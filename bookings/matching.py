"""Who on the waiting list is offered what has become free? Pure rules over plain values.

Fair order: the class of priority, then who joined first. The first who fits gets the offer. Whoever stands before them
and does not fit is named with the offer: that is the only way to be passed. Who is offered a table never depends on who
stands behind; the time of the offer does, within the range that the party gave: it is the one beside which most guests
of those behind can still be seated. Among the places of that time the one is chosen that leaves most to everybody: no
table joined to another, fewest spare seats, fewest minutes that nobody can use any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from bookings import pools, solving
from bookings.availability import (
    GRAIN,
    Occupancy,
    SlotTime,
    ends_at,
    free_seatings,
    party_refusal,
    refusal,
    slot_times,
)
from bookings.packing import Arrangement, Party
from restaurants.service_plan import Seating, ServicePlan

# Who is offered a table must have the time to say yes and to come.
LEAST_NOTICE = timedelta(minutes=15)
# How many of those behind are thought of when the time of an offer is chosen.
MOST_BEHIND = 30
# How long an offer stands, by how far away the time is. The nearer it is, the sooner the next must be asked.
OFFER_LENGTHS = (
    (timedelta(days=3), timedelta(hours=8)),
    (timedelta(days=1), timedelta(hours=3)),
    (timedelta(hours=6), timedelta(hours=1)),
    (timedelta(hours=2), timedelta(minutes=20)),
    (timedelta(), timedelta(minutes=10)),
)
# An offer for another day that is made at night is read in the morning.
DAY_BEGINS, NIGHT_BEGINS = time(8), time(21)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party on the waiting list. Without areas it sits anywhere."""

    key: int
    party_size: int
    earliest: datetime
    latest: datetime
    priority: int
    joined_at: datetime
    area_ids: frozenset[int] = frozenset()
    is_online: bool = True
    """Whether the limits of online booking hold for it: they do not for whom the house itself wrote down."""

    @property
    def order(self) -> tuple[int, datetime, int]:
        return self.priority, self.joined_at, self.key


class Room(Protocol):
    """One service day of a house, where others can move: bookings.rearranging.Day."""

    plan: ServicePlan
    occupancy: Occupancy
    parties: list[Party]
    taken: dict[int, int]

    def room_for(
        self, party_size: int, *, starts_at: datetime, until: datetime, online: bool, area_id: int | None = None
    ) -> Arrangement | None: ...


@dataclass(frozen=True, slots=True)
class Match:
    """A place for a party of the list, and who was passed because nothing fits them."""

    key: int
    slot: SlotTime
    ends_at: datetime
    found: Arrangement
    area_id: int | None = None
    passed: tuple[int, ...] = ()


def next_match(room: Room, day: date, waiting: Iterable[Waiting], *, now: datetime) -> Match | None:
    """Return the next offer that fairness asks for; None when nothing fits anybody."""
    passed: list[int] = []
    hopeless: set[tuple[Any, ...]] = set()
    line = sorted(waiting, key=lambda entry: entry.order)
    for number, entry in enumerate(line):
        match = place_for(room, day, entry, now=now, hopeless=hopeless)
        if match is not None:
            match = _with_room_behind(room, day, entry, match, line[number + 1 :], now=now, hopeless=hopeless)
            return replace(match, passed=tuple(passed))
        passed.append(entry.key)
    return None


def place_for(
    room: Room, day: date, entry: Waiting, *, now: datetime, hopeless: set[tuple[Any, ...]] | None = None
) -> Match | None:
    """Return the place for a party that leaves most to the others; None when it fits nowhere in its time.

    Others move only where nothing is free as it is.

    :param hopeless: what has been looked for in vain in the same room, added to: nobody need look for it twice
    """
    plan, occupancy = room.plan, room.occupancy
    slots = _allowed(room, day, entry, now=now)
    free = [
        (_cost(plan, occupancy, seating, slot, entry.party_size), slot, seating)
        for slot in slots
        for seating in _free(plan, occupancy, slot, entry)
    ]
    if free:
        _cheapest, slot, seating = min(free, key=lambda each: (each[0], each[1].starts_at, each[2].table_ids))
        return Match(
            entry.key,
            slot,
            ends_at(plan, slot, entry.party_size),
            Arrangement(seating.table_ids),
            _area(entry, seating.area_ids),
        )
    return _with_others_moved(room, slots, entry, set() if hopeless is None else hopeless)


def slots_of(plan: ServicePlan, day: date, earliest: datetime, latest: datetime) -> Iterator[SlotTime]:
    """Yield the starts of a service day within a range, both ends included."""
    return (slot for slot in slot_times(plan, day) if earliest <= slot.starts_at <= latest)


def offer_ends_at(starts_at: datetime, now: datetime, plan: ServicePlan) -> datetime:
    """Return until when an offer made now stands: hours when it is days away, minutes on the day, never past the start.

    The night does not count for a table on another day.
    """
    lead = starts_at - now
    length = next(length for least, length in OFFER_LENGTHS if lead >= least or not least)
    begins = now
    local = now.astimezone(plan.zone)
    if lead >= timedelta(days=1) and not DAY_BEGINS <= local.time() < NIGHT_BEGINS:
        morning = local.date() if local.time() < DAY_BEGINS else local.date() + timedelta(days=1)
        begins = datetime.combine(morning, DAY_BEGINS, tzinfo=plan.zone)
    return min(begins.astimezone(now.tzinfo) + length, starts_at)


# --- Which of its times ------------------------------------------------------------------------------------------


def _allowed(room: Room, day: date, entry: Waiting, *, now: datetime) -> list[SlotTime]:
    """Return the starts that suit a party and that the rules of the house allow it, whatever the room."""
    plan, online = room.plan, entry.is_online
    if party_refusal(plan, entry.party_size, online=online, may_ask=False):
        return []
    return [
        slot
        for slot in slots_of(plan, day, entry.earliest, entry.latest)
        if slot.starts_at - now >= LEAST_NOTICE
        and not refusal(plan, slot, entry.party_size, room.occupancy, now=now, online=online)
    ]


def _with_room_behind(
    room: Room,
    day: date,
    entry: Waiting,
    match: Match,
    behind: Sequence[Waiting],
    *,
    now: datetime,
    hopeless: set[tuple[Any, ...]],
) -> Match:
    """Return the match at the time of the party's range beside which most guests of those behind can be seated.

    It is the match as it was found when there is no choice, or none that is known in time.
    """
    slots = _allowed(room, day, entry, now=now)
    wishes = [(other, _allowed(room, day, other, now=now)) for other in behind[:MOST_BEHIND]]
    wishes = [wish for wish in wishes if wish[1]]
    if len(slots) < 2 or not wishes:
        return match
    # As found first, so that of times alike for those behind it is the one that stays.
    slots.sort(key=lambda slot: slot != match.slot)
    start = _best_start(room, [(entry, slots), *wishes])
    if start is None or start == match.slot.starts_at:
        return match
    then = replace(entry, earliest=start, latest=start)
    return place_for(room, day, then, now=now, hopeless=hopeless) or match


def _best_start(room: Room, wishes: Sequence[tuple[Waiting, Sequence[SlotTime]]]) -> datetime | None:
    """Return when the first of these should sit, so that most covers of the others can, everybody's table movable."""
    plan = room.plan
    buffer = timedelta(minutes=plan.policy.buffer_minutes)
    # A party for each of the times of each who waits, beside those who sit: of each only one comes.
    maybe: dict[int, tuple[int, datetime]] = {}
    parties = list(room.parties)
    least = min((party.key for party in parties), default=0)
    for number, (entry, slots) in enumerate(wishes):
        options = _options(plan, entry)
        for slot in slots:
            key = min(least, 0) - len(maybe) - 1
            maybe[key] = (number, slot.starts_at)
            bits = room.occupancy.bits(slot.starts_at, ends_at(plan, slot, entry.party_size) + buffer)
            parties.append(Party(key, bits, options, ()))
    span = 0
    for party in parties:
        span |= party.bits
    gathered = pools.gather(room.taken, parties, span)
    crowds: list[solving.Crowd] = []
    theirs: list[list[int]] = [[] for _wish in wishes]
    starts: dict[int, datetime] = {}
    for crowd, members in zip(gathered.crowds, gathered.members, strict=True):
        seated = sum(party.key not in maybe for party in members)
        if seated:
            crowds.append(replace(crowd, count=seated))
        for party in members:
            if party.key in maybe:
                number, starts_at = maybe[party.key]
                starts[len(crowds)] = starts_at
                theirs[number].append(len(crowds))
                crowds.append(replace(crowd, count=1))
    theirs[0].sort(key=lambda index: [slot.starts_at for slot in wishes[0][1]].index(starts[index]))
    wanting = [
        solving.Wanting(entry.party_size, tuple(indexes))
        for (entry, _slots), indexes in zip(wishes, theirs, strict=True)
    ]
    chosen = solving.seat_most(gathered.rooms, crowds, wanting[0], wanting[1:])
    return None if chosen is None else starts[chosen]


def _options(plan: ServicePlan, entry: Waiting) -> tuple[tuple[int, ...], ...]:
    return tuple(
        seating.table_ids
        for seating in plan.seatings_for(entry.party_size, online=entry.is_online)
        if not entry.area_ids or entry.area_ids & seating.area_ids
    )


# --- Which of the free places -----------------------------------------------------------------------------------


def _free(plan: ServicePlan, occupancy: Occupancy, slot: SlotTime, entry: Waiting) -> Iterator[Seating]:
    until = ends_at(plan, slot, entry.party_size)
    for seating in free_seatings(
        plan, occupancy, starts_at=slot.starts_at, until=until, party_size=entry.party_size, online=entry.is_online
    ):
        if not entry.area_ids or entry.area_ids & seating.area_ids:
            yield seating


def _cost(
    plan: ServicePlan, occupancy: Occupancy, seating: Seating, slot: SlotTime, party_size: int
) -> tuple[int, int, int, int]:
    """Return what a place takes from the others: tables joined, spare seats, minutes nobody can use, minutes idle."""
    until = ends_at(plan, slot, party_size) + timedelta(minutes=plan.policy.buffer_minutes)
    least = int((slot.shift.turn_time(1) + timedelta(minutes=plan.policy.buffer_minutes)) / GRAIN)
    begin = (slot.starts_at - occupancy.midnight) // GRAIN
    end = -((occupancy.midnight - until) // GRAIN)
    lost = idle = 0
    for table_id in seating.table_ids:
        mask = occupancy.masks.get(table_id, 0)
        for gap in (_gap_before(mask, begin), _gap_after(mask, end)):
            if gap is not None:
                idle += gap
                lost += gap if gap < least else gap % least
    return len(seating.table_ids), seating.max_party - party_size, lost, idle


def _gap_before(mask: int, begin: int) -> int | None:
    """Return the free grains before a stretch back to the party before; None when nobody sits there before."""
    earlier = mask & ((1 << begin) - 1)
    return begin - earlier.bit_length() if earlier else None


def _gap_after(mask: int, end: int) -> int | None:
    later = mask >> end
    return (later & -later).bit_length() - 1 if later else None


def _area(entry: Waiting, area_ids: Iterable[int]) -> int | None:
    """Return the area that a party asked for and gets, to be kept to when others are moved later."""
    return min(entry.area_ids & frozenset(area_ids), default=None)


def _with_others_moved(
    room: Room, slots: Sequence[SlotTime], entry: Waiting, hopeless: set[tuple[Any, ...]]
) -> Match | None:
    plan = room.plan
    buffer = timedelta(minutes=plan.policy.buffer_minutes)
    areas: list[int | None] = [*sorted(entry.area_ids)] or [None]
    for slot in slots:
        until = ends_at(plan, slot, entry.party_size)
        for area_id in areas:
            wish = (entry.party_size, slot.starts_at, area_id, entry.is_online)
            if wish in hopeless:
                continue
            found = room.room_for(
                entry.party_size,
                starts_at=slot.starts_at,
                until=until + buffer,
                online=entry.is_online,
                area_id=area_id,
            )
            if found is not None:
                return Match(entry.key, slot, until, found, area_id)
            hopeless.add(wish)
    return None
