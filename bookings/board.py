"""A service day as the desk sees it: shifts with their parties, what starts when against the pacing, and the sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from bookings import selectors
from bookings.availability import Occupancy, SlotTime, slot_times
from bookings.deposit_words import advance_of, read_what_is_owed
from bookings.guest_book import Chit, chit_of, with_chits
from bookings.models import Booking
from bookings.states import OCCUPYING, Channel, Status
from restaurants.floor_plan import natural
from restaurants.service_plan import ServicePlan, ShiftPlan

# Whoever came or is still to come; the others cost the kitchen nothing.
COUNTED = OCCUPYING | {Status.COMPLETED}
SHOWN = COUNTED | {Status.NO_SHOW, Status.LEFT, Status.CANCELLED, Status.DECLINED}
GONE = frozenset({Status.CANCELLED, Status.DECLINED, Status.LEFT, Status.NO_SHOW})


@dataclass(frozen=True)
class TableChoice:
    """A table as the desk chooses it."""

    id: int
    name: str
    area: str
    seats: int
    is_free: bool
    is_kept: bool = False
    """This very booking keeps it."""
    is_step_free: bool = False


@dataclass(frozen=True)
class Row:
    """One party of the evening."""

    booking: Booking
    tables: tuple[str, ...]
    areas: tuple[str, ...]
    late_by: int
    """How many minutes after its time it has not come yet."""
    is_past_grace: bool
    moves: tuple[str, ...]
    """What one tap may do now, the likeliest first."""
    chit: Chit | None = None
    """What to know of the guest."""

    @property
    def is_gone(self) -> bool:
        return self.booking.status in GONE

    @property
    def says_late(self) -> int:
        """How many minutes late a party has said that it comes, while it is still expected."""
        return self.booking.minutes_late if self.booking.status == Status.CONFIRMED else 0

    @property
    def is_done(self) -> bool:
        """Nothing more is expected of this party."""
        return self.booking.status not in OCCUPYING


@dataclass(frozen=True)
class Bar:
    """What starts in one slot, against the most that may."""

    starts_at: datetime
    covers: int
    parties: int
    most_covers: int | None
    most_parties: int | None

    @property
    def limit(self) -> int:
        return self.most_covers or 0

    @property
    def is_full(self) -> bool:
        return bool(
            (self.most_covers and self.covers >= self.most_covers)
            or (self.most_parties and self.parties >= self.most_parties)
        )

    @property
    def is_over(self) -> bool:
        return bool(
            (self.most_covers and self.covers > self.most_covers)
            or (self.most_parties and self.parties > self.most_parties)
        )


@dataclass
class ShiftBoard:
    """A shift of the day, or the parties that stand outside every shift (`plan` is None)."""

    name: str
    plan: ShiftPlan | None = None
    rows: list[Row] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def covers(self) -> int:
        return sum(row.booking.party_size for row in self.rows if row.booking.status in COUNTED)

    @property
    def parties(self) -> int:
        return sum(row.booking.status in COUNTED for row in self.rows)

    @property
    def is_over(self) -> bool:
        return all(row.is_done for row in self.rows)

    @property
    def starting(self) -> int:
        """The covers that start in all slots together."""
        return sum(bar.covers for bar in self.bars)

    @property
    def capacity(self) -> int:
        """The most covers that may start in all slots together; 0 without a limit."""
        return sum(bar.limit for bar in self.bars)

    @property
    def tallest(self) -> int:
        return max([max(bar.covers, bar.limit) for bar in self.bars], default=0) or 1

    @property
    def has_pacing(self) -> bool:
        return bool(self.plan and (self.plan.max_covers_per_slot or self.plan.max_parties_per_slot))


@dataclass(frozen=True)
class Count:
    """Parties and covers of one kind."""

    parties: int
    covers: int


@dataclass
class Board:
    """One restaurant's service day."""

    plan: ServicePlan
    day: date
    now: datetime
    shifts: list[ShiftBoard]
    booked: Count
    arrived: Count
    seated: Count
    completed: Count
    no_shows: Count
    cancelled: Count
    walk_ins: Count
    requests: int

    @property
    def zone(self) -> str:
        return self.plan.zone.key

    @property
    def rows(self) -> list[Row]:
        return [row for shift in self.shifts for row in shift.rows]

    @property
    def is_today(self) -> bool:
        return (self.now.astimezone(self.plan.zone) - timedelta(hours=6)).date() == self.day

    def row_of(self, booking: Booking) -> Row | None:
        return next((row for row in self.rows if row.booking.pk == booking.pk), None)


def board_of(plan: ServicePlan, day: date, *, now: datetime | None = None) -> Board:
    """Return a service day; four queries, however many come, and two more where money is owed back."""
    now = now or timezone.now()
    bookings = list(
        with_chits(selectors.bookings_on(plan.id, day))
        .filter(status__in=SHOWN)
        .exclude(status=Status.HELD, hold_expires_at__lte=now)
        .order_by("starts_at", "pk")
    )
    read_what_is_owed(advance_of(booking) for booking in bookings)
    rows = [row_of(plan, booking, now) for booking in bookings]
    counted = [booking for booking in bookings if booking.status in COUNTED]

    def count(some: Iterable[Booking]) -> Count:
        chosen = list(some)
        return Count(len(chosen), sum(booking.party_size for booking in chosen))

    def of(*statuses: Status) -> Count:
        return count(booking for booking in bookings if booking.status in statuses)

    return Board(
        plan=plan,
        day=day,
        now=now,
        shifts=_by_shift(plan, day, rows, counted, now),
        booked=count(booking for booking in counted if booking.channel != Channel.WALK_IN),
        arrived=of(Status.ARRIVED),
        seated=of(Status.SEATED),
        completed=of(Status.COMPLETED),
        no_shows=of(Status.NO_SHOW, Status.LEFT),
        cancelled=of(Status.CANCELLED, Status.DECLINED),
        walk_ins=count(booking for booking in counted if booking.channel == Channel.WALK_IN),
        requests=of(Status.REQUESTED).parties,
    )


def row_of(plan: ServicePlan, booking: Booking, now: datetime, *, notes: bool = False) -> Row:
    """Return a booking as its line on the board; its live allocations are read already.

    :param notes: with what staff have written about the guest, which the board has no room for
    """
    kept = [allocation for allocation in booking.allocations.all() if allocation.live]
    names = {area.id: area.name for area in plan.areas}
    areas = dict.fromkeys(names.get(allocation.table.area_id, "") for allocation in kept)
    awaited = booking.status == Status.CONFIRMED and now > booking.starts_at
    late = int((now - booking.starts_at) / timedelta(minutes=1)) if awaited else 0
    grace = int(booking.policy.get("grace_minutes", 0))
    is_past_grace = awaited and late >= grace
    return Row(
        booking,
        tuple(allocation.table.name for allocation in kept),
        tuple(name for name in areas if name),
        late,
        is_past_grace,
        _moves(booking, is_past_grace=is_past_grace, is_today=_is_today(plan, booking, now)),
        chit_of(booking, notes=notes),
    )


def moves_of(plan: ServicePlan, booking: Booking, now: datetime) -> tuple[str, ...]:
    """Return what one tap may do to a booking now, the likeliest first."""
    grace = timedelta(minutes=int(booking.policy.get("grace_minutes", 0)))
    awaited = booking.status == Status.CONFIRMED and now > booking.starts_at
    is_past_grace = awaited and now >= booking.starts_at + grace
    return _moves(booking, is_past_grace=is_past_grace, is_today=_is_today(plan, booking, now))


def _is_today(plan: ServicePlan, booking: Booking, now: datetime) -> bool:
    return (now.astimezone(plan.zone) - timedelta(hours=6)).date() == booking.service_day


def _moves(booking: Booking, *, is_past_grace: bool, is_today: bool) -> tuple[str, ...]:
    """Return what one tap may do; nobody arrives on another day than their own."""
    status = Status(booking.status)
    if status == Status.REQUESTED:
        return ("approve", "decline")
    if status == Status.CONFIRMED:
        if is_past_grace:
            return ("arrive", "seat", "no-show") if is_today else ("no-show",)
        return ("arrive", "seat") if is_today else ()
    if status == Status.ARRIVED:
        return ("seat", "leave")
    if status == Status.SEATED:
        return ("complete",)
    if status == Status.NO_SHOW and is_today:
        return ("undo",)
    return ()


def _by_shift(plan: ServicePlan, day: date, rows: list[Row], counted: list[Booking], now: datetime) -> list[ShiftBoard]:
    """Put each party under its shift by the name it was booked under, else by its time, else under none."""
    slots: dict[int, list[SlotTime]] = {}
    boards: dict[int, ShiftBoard] = {}
    for slot in slot_times(plan, day):
        slots.setdefault(slot.shift.id, []).append(slot)
        board = boards.setdefault(slot.shift.id, ShiftBoard(slot.shift.name, slot.shift, first=slot.starts_at))
        board.last = slot.starts_at
    outside = ShiftBoard("")
    for row in rows:
        _board_for(row.booking, list(boards.values()), outside).rows.append(row)
    for key, board in boards.items():
        board.bars = [_bar(slot, counted) for slot in slots[key]]
    for board in (*boards.values(), outside):
        # What the desk still works on stands above what is over.
        board.rows.sort(key=lambda row: row.is_done)
    shown = sorted(boards.values(), key=lambda board: board.last is not None and board.last < now and board.is_over)
    return [*shown, outside] if outside.rows else shown


def _board_for(booking: Booking, boards: Sequence[ShiftBoard], outside: ShiftBoard) -> ShiftBoard:
    for board in boards:
        if booking.shift_name and board.name == booking.shift_name:
            return board
    for board in boards:
        if board.first and board.last and board.first <= booking.starts_at <= board.last:
            return board
    return outside


def _bar(slot: SlotTime, counted: list[Booking]) -> Bar:
    until = slot.starts_at + timedelta(minutes=slot.shift.slot_minutes)
    starting = [booking for booking in counted if slot.starts_at <= booking.starts_at < until]
    return Bar(
        slot.starts_at,
        sum(booking.party_size for booking in starting),
        len(starting),
        slot.shift.max_covers_per_slot,
        slot.shift.max_parties_per_slot,
    )


# --- The week ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WeekDay:
    """One day of the book: the sums, and what starts when against the pacing."""

    day: date
    parties: int
    covers: int
    requests: int
    shifts: tuple[ShiftBoard, ...]
    note: str
    """The name of the special day, if it is one."""
    is_closed: bool


def week_of(plan: ServicePlan, first: date, *, days: int = 7) -> list[WeekDay]:
    """Return the days from `first` on with their covers; one query for all of them."""
    last = first + timedelta(days=days - 1)
    rows = (
        Booking.objects.filter(restaurant_id=plan.id, service_day__range=(first, last), status__in=COUNTED)
        .exclude(status=Status.HELD, hold_expires_at__lte=timezone.now())
        .only("id", "service_day", "starts_at", "party_size", "status", "shift_name")
        .order_by("starts_at")
    )
    by_day: dict[date, list[Booking]] = {first + timedelta(days=offset): [] for offset in range(days)}
    for booking in rows:
        by_day[booking.service_day].append(booking)
    return [_week_day(plan, day, bookings) for day, bookings in by_day.items()]


def _week_day(plan: ServicePlan, day: date, bookings: list[Booking]) -> WeekDay:
    shifts: dict[int, ShiftBoard] = {}
    for slot in slot_times(plan, day):
        board = shifts.setdefault(slot.shift.id, ShiftBoard(slot.shift.name, slot.shift, first=slot.starts_at))
        board.last = slot.starts_at
        board.bars.append(_bar(slot, bookings))
    special = plan.special_days.get(day)
    return WeekDay(
        day=day,
        parties=len(bookings),
        covers=sum(booking.party_size for booking in bookings),
        requests=sum(booking.status == Status.REQUESTED for booking in bookings),
        shifts=tuple(shifts.values()),
        note=special.name if special else "",
        is_closed=not shifts,
    )


# --- What the desk's forms offer -----------------------------------------------------------------------------


def tables_at(
    restaurant_id: int, day: date, starts_at: datetime, until: datetime, *, booking: Booking | None = None
) -> list[TableChoice]:
    """Return every table in use with whether it is free for a stretch; a booking is not in its own way."""
    plan, occupancy, _expired = selectors.plan_and_occupancy(
        restaurant_id, day, now=timezone.now(), except_booking=booking.pk if booking else 0
    )
    kept = {row.table_id for row in booking.allocations.all() if row.live} if booking else set()
    bits = occupancy.bits(starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
    return _choices(plan, occupancy, bits, kept)


def _choices(plan: ServicePlan, occupancy: Occupancy, bits: int, kept: set[int]) -> list[TableChoice]:
    areas = {area.id: (order, area.name) for order, area in enumerate(plan.areas)}
    seats = {seating.table_ids[0]: seating.max_party for seating in plan.seatings if len(seating.table_ids) == 1}
    choices = [
        TableChoice(
            table,
            plan.table_names[table],
            areas[area][1],
            seats.get(table, 0),
            not occupancy.masks.get(table, 0) & bits,
            table in kept,
            table in plan.step_free,
        )
        for table, area in plan.table_areas.items()
    ]
    return sorted(
        choices,
        key=lambda choice: (not choice.is_kept, areas[plan.table_areas[choice.id]][0], natural(choice.name)),
    )
