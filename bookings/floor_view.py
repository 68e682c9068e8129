"""A service day as it looks from above: which table is in which state at a moment, and who sits where from when.

Pure answers over what `day_on_the_floor` has read in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import selectors
from bookings.availability import DAY_SPAN, SlotTime, midnight_of, slot_times
from bookings.models import Block, Booking, TableAllocation
from bookings.states import OCCUPYING, Status
from restaurants.floor_plan import FloorPlan, PlacedTable, floor_plan_of
from restaurants.service_plan import ServicePlan

SOON = timedelta(minutes=60)
HOUR = timedelta(hours=1)
# A day without shifts still shows an afternoon and an evening.
FIRST_HOUR, LAST_HOUR = 12, 23


class TableState(models.TextChoices):
    """How a table stands at a moment. Each has a colour, a border and a sign of its own."""

    FREE = "free", _("Free")
    SOON = "soon", _("Reserved soon")
    DUE = "due", _("Reserved now")
    ARRIVED = "arrived", _("Party has arrived")
    HELD = "held", _("Held")
    SEATED = "seated", _("Seated")
    OVER = "over", _("Sits too long")
    BLOCKED = "blocked", _("Blocked")


SIGNS: dict[str, str] = {
    TableState.FREE: "",
    TableState.SOON: "◔",
    TableState.DUE: "◑",
    TableState.ARRIVED: "◆",
    TableState.HELD: "◌",
    TableState.SEATED: "●",
    TableState.OVER: "▲",
    TableState.BLOCKED: "✕",
}


@dataclass(frozen=True)
class Turn:
    """One party's time at its tables, or a block's."""

    starts_at: datetime
    ends_at: datetime
    table_ids: tuple[int, ...]
    booking: Booking | None = None
    block: Block | None = None
    laid_again_at: datetime | None = None
    """With the buffer: when the next party may have the table."""

    @property
    def is_seated(self) -> bool:
        return self.booking is not None and self.booking.status == Status.SEATED

    @property
    def is_over(self) -> bool:
        return self.booking is not None and self.booking.status == Status.COMPLETED

    def expected_end(self, now: datetime) -> datetime:
        """Return when the table is free, as far as one can tell: who sits beyond their time sits at least until now."""
        return max(self.ends_at, now) if self.is_seated else self.ends_at

    def covers_moment(self, moment: datetime, now: datetime) -> bool:
        # Whoever has come is there now, before the time and after it.
        is_here = self.booking is not None and self.booking.status in (Status.ARRIVED, Status.SEATED)
        return self.starts_at <= moment < self.expected_end(now) or (is_here and moment == now)


@dataclass(frozen=True)
class TableView:
    """A table at a moment."""

    table: PlacedTable
    state: TableState
    turn: Turn | None
    """Who or what has it at the moment."""
    next: Turn | None
    minutes: int = 0
    """For how long the party has sat."""
    is_pressed: bool = False
    """The party sits, or is likely to sit, into the next party's time."""

    @property
    def sign(self) -> str:
        return SIGNS[self.state]

    @property
    def booking(self) -> Booking | None:
        """The party at the table, else the next one to come."""
        turn = self.turn or self.next
        return turn.booking if turn else None


@dataclass(frozen=True)
class Bar:
    """A turn on the timeline, in minutes from its first hour."""

    turn: Turn
    begins: int
    ends: int
    laid_again: int
    is_pressed: bool

    @property
    def minutes(self) -> int:
        return self.ends - self.begins


@dataclass(frozen=True)
class TimelineRow:
    table: PlacedTable
    bars: tuple[Bar, ...]


@dataclass
class FloorDay:
    """A restaurant's service day from above."""

    plan: ServicePlan
    day: date
    now: datetime
    floor: FloorPlan
    turns: list[Turn]
    by_table: dict[int, list[Turn]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for turn in self.turns:
            for table_id in turn.table_ids:
                self.by_table[table_id].append(turn)

    @cached_property
    def slots(self) -> list[SlotTime]:
        return list(slot_times(self.plan, self.day))

    @property
    def is_today(self) -> bool:
        return (self.now.astimezone(self.plan.zone) - timedelta(hours=6)).date() == self.day

    # --- At a moment ------------------------------------------------------------------------------------------

    def at(self, moment: datetime) -> list[TableView]:
        """Return every table as it stands, or is likely to stand, at a moment."""
        return [self.table_at(table, moment) for table in self.floor.tables]

    def table_at(self, table: PlacedTable, moment: datetime) -> TableView:
        turns = self.by_table[table.id]
        here = [turn for turn in turns if turn.covers_moment(moment, self.now)]
        # Who sits is there, whatever was planned for the table at that time.
        turn = min(here, key=lambda turn: (turn.block is None, not turn.is_seated, turn.starts_at), default=None)
        ahead = [other for other in turns if other.starts_at > moment and other is not turn and not other.is_over]
        following = min(ahead, key=lambda other: other.starts_at, default=None)
        state = self._state(turn, following, moment)
        seated_at = turn.booking.seated_at if turn and turn.booking and turn.is_seated else None
        minutes = max(0, int((moment - seated_at) / timedelta(minutes=1))) if seated_at else 0
        return TableView(table, state, turn, following, minutes, self._is_pressed(turn))

    def _state(self, turn: Turn | None, following: Turn | None, moment: datetime) -> TableState:
        if turn is None:
            is_soon = following is not None and following.block is None and following.starts_at - moment <= SOON
            return TableState.SOON if is_soon else TableState.FREE
        if turn.booking is None:
            return TableState.BLOCKED
        if turn.booking.status == Status.SEATED:
            return TableState.OVER if moment >= turn.ends_at else TableState.SEATED
        if turn.is_over:
            return TableState.SEATED
        if turn.booking.status == Status.ARRIVED:
            return TableState.ARRIVED
        return TableState.HELD if turn.booking.status == Status.HELD else TableState.DUE

    def _is_pressed(self, turn: Turn | None) -> bool:
        """Tell whether a seated party is likely to sit into the time of the next at one of its tables."""
        if turn is None or not turn.is_seated:
            return False
        until = turn.expected_end(self.now)
        return any(
            other is not turn and not other.is_over and turn.starts_at < other.starts_at < until
            for table_id in turn.table_ids
            for other in self.by_table[table_id]
        )

    def free_for(self, turn: Turn) -> list[PlacedTable]:
        """Return the tables that nobody else has in a turn's time, and those it keeps."""
        until = turn.laid_again_at or turn.ends_at
        since = self.now if turn.is_seated else turn.starts_at
        return [
            table
            for table in self.floor.tables
            if all(
                other is turn or other.is_over or not (other.starts_at < until and since < self._kept_until(other))
                for other in self.by_table[table.id]
            )
        ]

    def _kept_until(self, turn: Turn) -> datetime:
        return max(turn.laid_again_at or turn.ends_at, turn.expected_end(self.now))

    def turn_of(self, booking: Booking) -> Turn | None:
        return next((turn for turn in self.turns if turn.booking is not None and turn.booking.pk == booking.pk), None)

    def turns_at(self, table_id: int) -> list[Turn]:
        """Return a table's day in the order of the clock."""
        return sorted(self.by_table[table_id], key=lambda turn: turn.starts_at)

    # --- Over the day -----------------------------------------------------------------------------------------

    @cached_property
    def hours(self) -> tuple[datetime, ...]:
        """The full hours that the timeline shows, from the first to the one after the last."""
        parties = [turn for turn in self.turns if turn.booking is not None]
        begins = [slot.starts_at for slot in self.slots] + [turn.starts_at for turn in parties]
        ends = [slot.starts_at + 2 * HOUR for slot in self.slots] + [turn.expected_end(self.now) for turn in parties]
        midnight = midnight_of(self.plan, self.day)
        first = min(begins, default=midnight + FIRST_HOUR * HOUR)
        last = max(ends, default=midnight + LAST_HOUR * HOUR)
        first = midnight + (first - midnight) // HOUR * HOUR
        count = min(max(-((first - last) // HOUR), 4), 40)
        return tuple(first + number * HOUR for number in range(count + 1))

    @property
    def span_minutes(self) -> int:
        return (len(self.hours) - 1) * 60

    def minute_of(self, moment: datetime) -> int:
        """Return how many minutes after the timeline's first hour a moment is."""
        return int((moment - self.hours[0]) / timedelta(minutes=1))

    def timeline(self) -> list[TimelineRow]:
        return [TimelineRow(table, tuple(self._bars(self.turns_at(table.id)))) for table in self.floor.tables]

    def _bars(self, turns: Iterable[Turn]) -> Iterable[Bar]:
        for turn in turns:
            begins = max(self.minute_of(turn.starts_at), 0)
            ends = min(self.minute_of(turn.expected_end(self.now)), self.span_minutes)
            laid = min(self.minute_of(turn.laid_again_at or turn.ends_at), self.span_minutes)
            if ends > begins:
                yield Bar(turn, begins, ends, max(laid, ends), self._is_pressed(turn))

    def moment_at(self, minute: int) -> datetime:
        """Return the moment that many minutes after the timeline's first hour, within the day."""
        return self.hours[0] + timedelta(minutes=min(max(minute, 0), self.span_minutes))


def day_on_the_floor(plan: ServicePlan, day: date, *, now: datetime | None = None) -> FloorDay:
    """Return a service day from above; four queries, however many come."""
    now = now or timezone.now()
    return FloorDay(plan, day, now, floor_plan_of(plan.id), [*_parties(plan, day, now), *_blocks(plan, day)])


def _parties(plan: ServicePlan, day: date, now: datetime) -> Iterable[Turn]:
    rows = (
        TableAllocation.objects.filter(
            restaurant_id=plan.id,
            booking__service_day=day,
            booking__restaurant_id=plan.id,
            booking__status__in=OCCUPYING | {Status.COMPLETED},
        )
        .exclude(booking__status=Status.HELD, expires_at__lte=now)
        .select_related("booking")
        .order_by("table_id")
    )
    parties: dict[int, list[TableAllocation]] = defaultdict(list)
    for row in rows:
        if row.booking_id is not None:
            parties[row.booking_id].append(row)
    for kept in parties.values():
        booking = kept[0].booking
        if booking is not None:
            yield _turn_of(booking, kept)


def _turn_of(booking: Booking, kept: Sequence[TableAllocation]) -> Turn:
    begins, ends = booking.starts_at, booking.ends_at
    if booking.seated_at is not None and booking.status in (Status.SEATED, Status.COMPLETED):
        begins = booking.seated_at
    if booking.status == Status.COMPLETED and booking.left_at is not None:
        ends = max(booking.left_at, begins)
    # Who has left keeps no table any more.
    laid_again = ends if booking.status == Status.COMPLETED else max(row.during.upper for row in kept)
    tables = tuple(sorted({row.table_id for row in kept}))
    return Turn(begins, ends, tables, booking=booking, laid_again_at=max(laid_again, ends))


def _blocks(plan: ServicePlan, day: date) -> Iterable[Turn]:
    midnight = midnight_of(plan, day)
    rows = TableAllocation.objects.filter(
        restaurant_id=plan.id,
        live=True,
        block__isnull=False,
        # Bounds on the lower end, as availability asks: they have an index.
        during__startswith__gt=midnight - selectors.LONGEST_ALLOCATION,
        during__startswith__lt=midnight + DAY_SPAN,
        during__endswith__gt=midnight,
    ).select_related("block")
    blocks: dict[int, tuple[Block, set[int]]] = {}
    for row in rows.order_by("table_id"):
        if row.block is not None:
            blocks.setdefault(row.block.pk, (row.block, set()))[1].add(row.table_id)
    for block, tables in blocks.values():
        yield Turn(block.starts_at.astimezone(UTC), block.ends_at.astimezone(UTC), tuple(sorted(tables)), block=block)
