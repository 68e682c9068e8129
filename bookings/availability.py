"""Can this party be offered this time? Pure rules over plain values, in the order of docs/domains/bookings.md.

One bit of an integer stands for five minutes of a service day, so "is the table free" is one `&`. The same functions
answer the page that shows times and the transaction that takes one; only the second one's answer counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from restaurants.service_plan import Seating, ServicePlan, ShiftPlan

GRAIN = timedelta(minutes=5)
# A service that begins at 23:45 and keeps its party for half a day still ends within two days.
DAY_SPAN = timedelta(hours=48)


class Reason(StrEnum):
    """Why a time is not offered."""

    NOT_BOOKABLE = "not_bookable"
    PARTY_TOO_SMALL = "party_too_small"
    PARTY_TOO_LARGE = "party_too_large"
    NO_STEP_FREE_TABLE = "no_step_free_table"
    CLOSED = "closed"
    NOT_A_SEATING_TIME = "not_a_seating_time"
    IN_THE_PAST = "in_the_past"
    TOO_SOON = "too_soon"
    TOO_FAR_AHEAD = "too_far_ahead"
    AFTER_CUT_OFF = "after_cut_off"
    HARD_CLOSE = "hard_close"
    PACING = "pacing"
    NO_TABLE = "no_table"


@dataclass(frozen=True, slots=True)
class Allocation:
    """A live row of the day: which table, from when to when (buffer included), and how many covers start with it."""

    table_id: int
    starts_at: datetime
    ends_at: datetime
    covers: int


@dataclass(frozen=True, slots=True)
class SlotTime:
    """A start on the booking grid, with the shift whose rules it follows."""

    service_day: date
    starts_at: datetime
    shift: ShiftPlan


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer for one start: available, in which areas, and if not, why."""

    service_day: date
    starts_at: datetime
    ends_at: datetime
    shift_name: str
    area_ids: tuple[int, ...]
    reason: Reason | None = None
    large_kept: bool = False
    """The house still keeps its large tables for those who need them."""

    @property
    def available(self) -> bool:
        return self.reason is None


@dataclass
class Occupancy:
    """What is taken on one service day, as bit masks by table and covers by start."""

    midnight: datetime
    masks: dict[int, int] = field(default_factory=dict)
    starts: list[tuple[datetime, int]] = field(default_factory=list)

    @classmethod
    def of(cls, plan: ServicePlan, day: date, allocations: Iterable[Allocation]) -> "Occupancy":
        occupancy = cls(midnight_of(plan, day))
        for allocation in allocations:
            occupancy.add(allocation)
        return occupancy

    def copy(self) -> "Occupancy":
        """Return one to which more can be added without this one being changed."""
        return replace(self, masks=dict(self.masks), starts=list(self.starts))

    def add(self, allocation: Allocation) -> None:
        bits = self.bits(allocation.starts_at, allocation.ends_at)
        self.masks[allocation.table_id] = self.masks.get(allocation.table_id, 0) | bits
        if allocation.covers:
            self.starts.append((allocation.starts_at, allocation.covers))

    def bits(self, starts_at: datetime, ends_at: datetime) -> int:
        """Return the bits of a half-open stretch; a begun grain counts as taken."""
        span = int(DAY_SPAN / GRAIN)
        first = min(max((starts_at - self.midnight) // GRAIN, 0), span)
        last = min(max(-((self.midnight - ends_at) // GRAIN), 0), span)
        return ((1 << (last - first)) - 1) << first if last > first else 0

    def is_free(self, seating: Seating, bits: int) -> bool:
        return not any(self.masks.get(table_id, 0) & bits for table_id in seating.table_ids)

    def gaps(self, seating: Seating, bits: int, *, shorter_than: int) -> int:
        """Return how many stretches too short to be sold this party would leave beside others at these tables."""
        first, last = (bits & -bits).bit_length() - 1, bits.bit_length()
        count = 0
        for table_id in seating.table_ids:
            mask = self.masks.get(table_id, 0)
            before = first - (mask & ((1 << first) - 1)).bit_length()
            later = mask >> last
            after = (later & -later).bit_length() - 1
            # Without a neighbour there is no gap: before the first and after the last party of a table lies the day.
            count += before < first and 0 < before < shorter_than
            count += 0 < after < shorter_than
        return count

    def covers_and_parties(self, starts_at: datetime, interval: timedelta) -> tuple[int, int]:
        """Return the covers and parties already starting in this interval."""
        begun = [covers for start, covers in self.starts if starts_at <= start < starts_at + interval]
        return sum(begun), len(begun)


def midnight_of(plan: ServicePlan, day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=plan.zone).astimezone(UTC)


# --- The grid ------------------------------------------------------------------------------------------------


# Of so many days a plan keeps the starts: those around an evening that many ask for at once.
DAYS_KEPT = 8


def slot_times(plan: ServicePlan, day: date) -> Sequence[SlotTime]:
    """Return every start of a service day in the order of the clock; a start two shifts share belongs to the first."""
    return tuple(_grid(plan, day).values())


def _grid(plan: ServicePlan, day: date) -> dict[datetime, SlotTime]:
    """Return the starts of a service day by their instant; worked out once, for a plan never changes."""
    grid: dict[datetime, SlotTime] | None = plan.grids.get(day)
    if grid is None:
        slots: dict[datetime, SlotTime] = {}
        for shift in plan.shifts_on(day):
            start = plan.at(day, shift.first_seating).astimezone(UTC)
            last = plan.at(day, shift.last_seating, after=_before(shift.first_seating)).astimezone(UTC)
            while start <= last:
                slots.setdefault(start, SlotTime(day, start, shift))
                start += timedelta(minutes=shift.slot_minutes)
        grid = {start: slots[start] for start in sorted(slots)}
        if len(plan.grids) >= DAYS_KEPT:
            plan.grids.clear()
        plan.grids[day] = grid
    return grid


def _before(clock: time) -> time | None:
    """Return the wall-clock minute before, so that a last seating equal to the first stays on its day."""
    minutes = clock.hour * 60 + clock.minute - 1
    return time(minutes // 60, minutes % 60) if minutes >= 0 else None


def find_slot_time(plan: ServicePlan, starts_at: datetime) -> SlotTime | Reason:
    """Return the slot this instant is, or why it is none; it may belong to the service day before its date."""
    local = starts_at.astimezone(plan.zone).date()
    for day in (local, local - timedelta(days=1)):
        slot = _grid(plan, day).get(starts_at)
        if slot is not None:
            return slot
    if not plan.shifts_on(local):
        return Reason.CLOSED
    return Reason.NOT_A_SEATING_TIME


# --- The rules -----------------------------------------------------------------------------------------------


def party_refusal(plan: ServicePlan, party_size: int, *, online: bool, may_ask: bool = True) -> Reason | None:
    """Return why a party of this size is refused before any time is looked at.

    :param plan: with the seatings that the party may have, as `ServicePlan.for_wish` gives it
    :param may_ask: False where a group cannot ask the house first, and so has to call
    """
    if plan.only_step_free:
        # What stands in the way of the party wherever it sits is said before what stands in the way of its wish.
        whole = plan.for_wish(step_free=False)
        if reason := party_refusal(whole, party_size, online=online, may_ask=may_ask):
            return reason
        fits = party_size <= _largest_party(plan, online=online, may_ask=may_ask)
        return None if fits else Reason.NO_STEP_FREE_TABLE
    if not plan.is_bookable:
        return Reason.NOT_BOOKABLE
    if online and party_size < plan.policy.min_party_online:
        return Reason.PARTY_TOO_SMALL
    largest = _largest_party(plan, online=online, may_ask=may_ask)
    return Reason.PARTY_TOO_LARGE if party_size > largest else None


def _largest_party(plan: ServicePlan, *, online: bool, may_ask: bool) -> int:
    if not online:
        return max(plan.largest_party, plan.seats)
    return plan.largest_party_on_request if may_ask else plan.largest_party_online


def time_refusal(plan: ServicePlan, slot: SlotTime, *, now: datetime, online: bool) -> Reason | None:
    """Return why this start cannot be booked at this moment, whatever the room."""
    if slot.starts_at < now:
        return Reason.IN_THE_PAST
    if not online:
        return None
    if not slot.shift.is_online:
        return Reason.NOT_A_SEATING_TIME
    if slot.starts_at - now < timedelta(minutes=plan.policy.min_lead_minutes):
        return Reason.TOO_SOON
    if slot.service_day - now.astimezone(plan.zone).date() > timedelta(days=plan.policy.window_days):
        return Reason.TOO_FAR_AHEAD
    if slot.shift.cutoff_minutes is not None:
        first = plan.at(slot.service_day, slot.shift.first_seating)
        if now > first - timedelta(minutes=slot.shift.cutoff_minutes):
            return Reason.AFTER_CUT_OFF
    return None


def ends_at(plan: ServicePlan, slot: SlotTime, party_size: int) -> datetime:
    """Return when the party is expected to leave, without the buffer."""
    return slot.starts_at + slot.shift.turn_time(party_size)


def hard_close_refusal(plan: ServicePlan, slot: SlotTime, party_size: int) -> Reason | None:
    return Reason.HARD_CLOSE if is_past_hard_close(plan, slot, ends_at(plan, slot, party_size)) else None


def is_past_hard_close(plan: ServicePlan, slot: SlotTime, until: datetime) -> bool:
    """Return whether a party that begins with this slot and stays so long would sit past a hard close."""
    if slot.shift.hard_close is None:
        return False
    return until > plan.at(slot.service_day, slot.shift.hard_close, after=slot.shift.first_seating)


def pacing_refusal(slot: SlotTime, party_size: int, occupancy: Occupancy) -> Reason | None:
    """Return PACING when the kitchen and door already have enough starting in this interval."""
    shift = slot.shift
    if shift.max_covers_per_slot is None and shift.max_parties_per_slot is None:
        return None
    covers, parties = occupancy.covers_and_parties(slot.starts_at, timedelta(minutes=shift.slot_minutes))
    # A party larger than the limit itself may still start when nobody else does.
    if shift.max_covers_per_slot is not None and covers and covers + party_size > shift.max_covers_per_slot:
        return Reason.PACING
    if shift.max_parties_per_slot is not None and parties + 1 > shift.max_parties_per_slot:
        return Reason.PACING
    return None


def large_tables_kept(plan: ServicePlan, slot: SlotTime, *, now: datetime, online: bool) -> bool:
    """Return whether the house still keeps its large tables for the parties that need them: staff need not."""
    hours = slot.shift.large_tables_released_hours
    if not online or hours is None:
        return False
    return now < plan.at(slot.service_day, slot.shift.first_seating) - timedelta(hours=hours)


def free_seatings(
    plan: ServicePlan,
    occupancy: Occupancy,
    *,
    starts_at: datetime,
    until: datetime,
    party_size: int,
    online: bool,
    large_kept: bool = False,
) -> Iterator[Seating]:
    """Yield what is free for this party from `starts_at` until the table is laid again, best first."""
    bits = occupancy.bits(starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
    for seating in plan.seatings_for(party_size, online=online, large_kept=large_kept):
        if occupancy.is_free(seating, bits):
            yield seating


def best_seating(
    plan: ServicePlan,
    occupancy: Occupancy,
    *,
    starts_at: datetime,
    until: datetime,
    party_size: int,
    online: bool,
    area_id: int | None = None,
    large_kept: bool = False,
) -> Seating | None:
    """Return the seating that fits best: in the asked area, single before combined, least spare seats, fewest gaps.

    Of alike ones a table with steps before it, since a step-free one may be needed by the next; and then one where the
    smaller share of the area's tables is taken, for the waiters there.

    For a group that none fits, free tables of one area, joined for it alone.
    """
    best: list[Seating] = []
    for seating in free_seatings(
        plan,
        occupancy,
        starts_at=starts_at,
        until=until,
        party_size=party_size,
        online=online,
        large_kept=large_kept,
    ):
        if area_id is not None and area_id not in seating.area_ids:
            continue
        if best and (len(seating.table_ids), seating.max_party) != (len(best[0].table_ids), best[0].max_party):
            break
        best.append(seating)
    if len(best) == 1:
        return best[0]
    bits = occupancy.bits(starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
    if not best:
        return joined_tables(plan, occupancy, bits, party_size, online=online, area_id=area_id)
    least = plan.shortest_turn // GRAIN
    return min(
        best,
        key=lambda seating: (
            occupancy.gaps(seating, bits, shorter_than=least),
            not plan.step_free.isdisjoint(seating.table_ids),
            _share_taken(plan, occupancy, seating, bits),
        ),
    )


def _share_taken(plan: ServicePlan, occupancy: Occupancy, seating: Seating, bits: int) -> float:
    """Return the share of the tables in a seating's areas that are taken meanwhile."""
    if len(plan.areas) < 2:
        return 0.0
    tables = [table for table, area in plan.table_areas.items() if area in seating.area_ids]
    return sum(bool(occupancy.masks.get(table, 0) & bits) for table in tables) / len(tables)


def joined_tables(
    plan: ServicePlan, occupancy: Occupancy, bits: int, party_size: int, *, online: bool, area_id: int | None = None
) -> Seating | None:
    """Return free tables of one area that take a group together: as few as can be, then with the least spare seats.

    Whether they can stand together is the house's to say, which confirms each group or enters it itself.
    """
    if not plan.may_join_tables(party_size, online=online):
        return None
    found: list[Seating] = []
    for area, tables in plan.tables_by_area(online=online).items():
        if area_id in (None, area):
            free = [table for table in tables if occupancy.is_free(table, bits)]
            if joined := _fewest(free, party_size):
                seats = sum(table.max_party for table in joined)
                ids = tuple(sorted(table.table_ids[0] for table in joined))
                found.append(Seating(ids, frozenset({area}), party_size, seats, is_sold_online=True))
    return min(found, key=lambda seating: (len(seating.table_ids), seating.max_party, seating.table_ids), default=None)


def _fewest(tables: Sequence[Seating], party_size: int) -> list[Seating]:
    """Return the fewest of these tables, the largest first, with seats for all; none when all are too few."""
    seats = 0
    for count, table in enumerate(tables):
        if seats + table.max_party >= party_size:
            # The last need be no larger than what is missing.
            enough = [each for each in tables[count:] if seats + each.max_party >= party_size]
            last = min(enough, key=lambda each: each.max_party)
            return [*tables[:count], last]
        seats += table.max_party
    return []


# --- The answer ----------------------------------------------------------------------------------------------


def refusal(
    plan: ServicePlan, slot: SlotTime, party_size: int, occupancy: Occupancy, *, now: datetime, online: bool
) -> Reason | None:
    """Return the first rule, but the room, that refuses this party this time."""
    return (
        time_refusal(plan, slot, now=now, online=online)
        or hard_close_refusal(plan, slot, party_size)
        or pacing_refusal(slot, party_size, occupancy)
    )


def answer(
    plan: ServicePlan, slot: SlotTime, party_size: int, occupancy: Occupancy, *, now: datetime, online: bool
) -> Slot:
    """Return whether this party can have this time, and where."""
    until = ends_at(plan, slot, party_size)
    reason = refusal(plan, slot, party_size, occupancy, now=now, online=online)
    large_kept = large_tables_kept(plan, slot, now=now, online=online)
    areas: set[int] = set()
    if reason is None:
        for seating in free_seatings(
            plan,
            occupancy,
            starts_at=slot.starts_at,
            until=until,
            party_size=party_size,
            online=online,
            large_kept=large_kept,
        ):
            areas |= seating.area_ids
            if len(areas) == len(plan.areas):
                break
        if not areas and plan.may_join_tables(party_size, online=online):
            bits = occupancy.bits(slot.starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
            areas = {
                area
                for area in plan.tables_by_area(online=online)
                if joined_tables(plan, occupancy, bits, party_size, online=online, area_id=area)
            }
        if not areas:
            reason = Reason.NO_TABLE
    ordered = tuple(area.id for area in plan.areas if area.id in areas)
    return Slot(slot.service_day, slot.starts_at, until, slot.shift.name, ordered, reason, large_kept)


def day_slots(
    plan: ServicePlan, day: date, party_size: int, occupancy: Occupancy, *, now: datetime, online: bool = True
) -> list[Slot]:
    """Return every start of the service day with its answer; empty when the day or the party is out of the question."""
    if party_refusal(plan, party_size, online=online):
        return []
    return [answer(plan, slot, party_size, occupancy, now=now, online=online) for slot in slot_times(plan, day)]


def free_near(
    plan: ServicePlan,
    days: Mapping[date, Occupancy],
    wanted: datetime,
    party_size: int,
    *,
    count: int,
    now: datetime,
    include_wanted: bool = False,
) -> list[Slot]:
    """Return the online starts of some days that are free and nearest to the wanted instant, in the order of the clock.

    They are looked at from the wanted one outwards, and no more of them than it takes.
    """
    if party_refusal(plan, party_size, online=True):
        return []
    starts = [(slot, taken) for day, taken in days.items() for slot in slot_times(plan, day)]
    starts.sort(key=lambda start: (abs(start[0].starts_at - wanted), start[0].starts_at))
    found: list[Slot] = []
    for slot, taken in starts:
        if len(found) == count:
            break
        if slot.starts_at == wanted and not include_wanted:
            continue
        one = answer(plan, slot, party_size, taken, now=now, online=True)
        if one.available:
            found.append(one)
    return sorted(found, key=lambda slot: slot.starts_at)
