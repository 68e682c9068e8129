"""Closing tables although parties are booked at them: a table breaks, the generator fails, it rains on the terrace.

First a look, which writes nothing: who moves where, and who has no table any more. Then all of it in one step, if what
was looked at still holds: moves, cancellations with a reason and an apology, and the block.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import TimestamptzRange

from bookings import errors, selectors, terms
from bookings.availability import DAY_SPAN, Occupancy, joined_tables, midnight_of
from bookings.closing import Leaving, find_places
from bookings.events import BookingChanged
from bookings.models import Block, Booking, Occurrence, TableAllocation
from bookings.packing import Arrangement, Tables
from bookings.rearranging import Day, seatings
from bookings.services import blocks, changing, claiming, floor
from bookings.services.claiming import Actor
from bookings.states import UPCOMING, Status, SystemReason
from core import audit
from core.errors import DomainError, InvalidInput
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of

SALT = "bookings.closings"
# Nobody thinks about it longer while guests are waiting.
LASTS = timedelta(hours=2)
MOST_POINTS = 10_000
# Who keeps a table, of two parties of one size: those in the house before those on their way.
STANDING = {Status.SEATED: 4, Status.ARRIVED: 3, Status.CONFIRMED: 1, Status.REQUESTED: 0, Status.HELD: 0}


class ClosingOutdated(DomainError):
    """The bookings, or the tables, are no longer those of the preview."""

    code = "tables_closing_outdated"
    message = _("Bookings have changed since you looked. Look at what would happen now.")
    status = 412


@dataclass(frozen=True)
class Row:
    """One table that a booking keeps, and for how long."""

    table_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class InTheWay:
    """A booking at a table that is closed: where it sits, until when from now on, and where it goes."""

    booking: Booking
    rows: tuple[Row, ...]
    starts_at: datetime
    ends_at: datetime
    """When the table it goes to is free for the next, buffer included."""
    to: Tables | None = None
    to_area: int | None = None
    """Another area than the one that was asked for."""

    @property
    def table_ids(self) -> Tables:
        return tuple(sorted({row.table_id for row in self.rows}))

    @property
    def is_seated(self) -> bool:
        return self.booking.status == Status.SEATED

    @property
    def stays(self) -> bool:
        """Whether it sits there and has nowhere to go: people decide what becomes of it."""
        return self.to is None and self.is_seated

    @property
    def is_bumped(self) -> bool:
        return self.to is None and not self.is_seated


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What closing tables for a time would do to whom; `seal` names exactly this."""

    plan: ServicePlan
    table_ids: Sequence[int]
    starts_at: datetime
    ends_at: datetime
    area_id: int | None = None
    table_id: int | None = None
    in_the_way: list[InTheWay] = field(default_factory=list)
    others: dict[int, Tables] = field(default_factory=dict)
    """Who else moves to make room, and where to: by the booking's key."""
    is_best: bool = True
    """Whether it is known that nobody could take the table from fewer guests."""
    seen: str = ""
    """Stands for all that is taken on the days on which somebody is bumped."""

    @property
    def moves(self) -> list[InTheWay]:
        return [each for each in self.in_the_way if each.to is not None]

    @property
    def bumps(self) -> list[InTheWay]:
        return [each for each in self.in_the_way if each.is_bumped]

    @property
    def stays(self) -> list[InTheWay]:
        return [each for each in self.in_the_way if each.stays]

    @property
    def seal(self) -> str:
        """Return all of this as a token that can be handed back but not made up."""
        theirs = [[each.booking.pk, each.booking.version, each.to, each.to_area] for each in self.in_the_way]
        told = [self._asked, theirs, list(self.others.items()), self.is_best, self.seen]
        return signing.dumps(told, salt=SALT, compress=True)

    @property
    def _asked(self) -> list[object]:
        moments = [self.starts_at.astimezone(UTC).isoformat(), self.ends_at.astimezone(UTC).isoformat()]
        return [self.plan.id, self.plan.version, self.area_id, self.table_id, *moments]


def look_at_closing(
    *,
    restaurant_id: int,
    starts_at: datetime,
    ends_at: datetime,
    area_id: int | None = None,
    table_id: int | None = None,
) -> Closing:
    """Return what closing a table, an area or the whole floor would do to the bookings there, without doing it.

    Who sits there moves from now on; what is over already is left alone.

    :raises TableTaken: when one of the tables is blocked then already
    :raises core.errors.InvalidInput: when the time is empty, past or longer than three months
    """
    now = timezone.now()
    closing = _asked(restaurant_id, starts_at, ends_at, area_id, table_id, now=now)
    in_the_way = _in_the_way(closing, now=now)
    found: dict[int, InTheWay] = {}
    others: dict[int, Tables] = {}
    is_best = True
    for day in sorted({each.booking.service_day for each in in_the_way}):
        theirs = [each for each in in_the_way if each.booking.service_day == day]
        places = _places_on(closing, day, theirs, list(found.values()), others, now=now)
        found |= {each.booking.pk: each for each in places.in_the_way}
        others |= places.others
        is_best = is_best and places.is_best
    decided = [found[each.booking.pk] for each in in_the_way]
    days = {each.booking.service_day for each in decided if each.is_bumped}
    return replace(
        closing,
        in_the_way=decided,
        others=others,
        is_best=is_best,
        seen=_taken_on(closing.plan, days, now=now),
    )


def close_tables(
    *,
    restaurant_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    seal: str,
    by: Actor,
    told: str = "",
    points: int = 0,
    area_id: int | None = None,
    table_id: int | None = None,
) -> tuple[Block, Closing]:
    """Close tables as it was looked at, in one step, and return the block and what was done.

    Moved are those who were to move; cancelled, with the reason and an apology, are those for whom there is no table.
    Who sits there and has nowhere to go stays, and the table is closed behind them.

    :param reason: for the house's own people
    :param seal: that of the look which was agreed to
    :param told: the reason as the guests are told it
    :param points: promised to each guest who is bumped, with their next booking through the apology's links
    :raises ClosingOutdated: when what was looked at does not hold any more; nothing has been done then
    :raises ReasonMissing: when somebody is bumped and nothing is told to them
    :raises core.errors.InvalidInput: as look_at_closing, and when there are too many points
    """
    if not 0 <= points <= MOST_POINTS:
        raise InvalidInput(errors={"points": [_("Give between 0 and 10,000 points.")]})
    blocks.refuse_empty_or_endless(starts_at, ends_at)
    plan = plan_of(restaurant_id)
    days = list(blocks.service_days(plan, starts_at, ends_at))
    try:
        with transaction.atomic():
            claiming.lock_service_days(restaurant_id, days)
            blocks.clear_expired_holds(restaurant_id, starts_at, ends_at)
            agreed = _agreed(_asked(restaurant_id, starts_at, ends_at, area_id, table_id, now=timezone.now()), seal)
            if any(not is_only_a_form(each.booking) for each in agreed.bumps) and not told.strip():
                raise errors.ReasonMissing
            _apply(agreed, by=by, told=told, points=points)
            block = _block(agreed, reason=reason, by=by)
            claiming.tell_open_pages(plan, *days)
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_table_one_party":
            raise
        raise ClosingOutdated from clash
    return block, agreed


# --- Who stands in the way -------------------------------------------------------------------------------------------


def _asked(
    restaurant_id: int,
    starts_at: datetime,
    ends_at: datetime,
    area_id: int | None,
    table_id: int | None,
    *,
    now: datetime,
) -> Closing:
    """Return the tables and the time meant, with nobody looked at yet."""
    blocks.refuse_empty_or_endless(starts_at, ends_at)
    if ends_at <= now:
        raise InvalidInput(errors={"ends_at": [_("This time is over. Choose an end that is still to come.")]})
    plan = plan_of(restaurant_id)
    tables = blocks.tables_meant(plan, area_id, table_id)
    asked = Closing(
        plan=plan, table_ids=tables, starts_at=starts_at, ends_at=ends_at, area_id=area_id, table_id=table_id
    )
    since = _since(asked, now)
    blocked = TableAllocation.objects.filter(
        restaurant_id=restaurant_id,
        table_id__in=tables,
        live=True,
        block__isnull=False,
        during__startswith__gt=since - selectors.LONGEST_ALLOCATION,
        during__startswith__lt=ends_at,
        during__endswith__gt=since,
    )
    if names := sorted({plan.table_names[table] for table in blocked.values_list("table_id", flat=True)}):
        raise errors.TableTaken(tables=names)
    return asked


def _since(closing: Closing, now: datetime) -> datetime:
    return max(closing.starts_at, claiming.to_the_grain(now))


def _in_the_way(closing: Closing, *, now: datetime) -> list[InTheWay]:
    """Return the bookings at the closed tables, in the order of the clock."""
    plan, since = closing.plan, _since(closing, now)
    keys = blocks.keys_of_bookings_at(plan.id, closing.table_ids, since, closing.ends_at, now=now)
    rows: dict[int, list[Row]] = {key: [] for key in keys}
    theirs = TableAllocation.objects.filter(booking__in=keys, live=True).order_by("table_id", "during")
    for key, table_id, during in theirs.values_list("booking_id", "table_id", "during"):
        rows[key].append(Row(table_id, during.lower, during.upper))
    bookings = Booking.objects.filter(pk__in=keys).select_related("area", "restaurant", "advance")
    return [
        InTheWay(booking, tuple(rows[booking.pk]), *_stretch(plan, booking, rows[booking.pk], now))
        for booking in sorted(bookings, key=lambda booking: (booking.starts_at, -booking.party_size, booking.pk))
    ]


def _stretch(plan: ServicePlan, booking: Booking, rows: Sequence[Row], now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when a booking needs another table: from now on, if it has begun."""
    starts_at, ends_at = min(row.starts_at for row in rows), max(row.ends_at for row in rows)
    at_once = claiming.to_the_grain(now)
    if booking.status == Status.SEATED and booking.ends_at <= now:
        ends_at = at_once + changing.OVERRUN + timedelta(minutes=plan.policy.buffer_minutes)
    return max(starts_at, at_once), ends_at


# --- Where they go ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Decided:
    in_the_way: list[InTheWay]
    others: dict[int, Tables]
    is_best: bool


def _places_on(
    closing: Closing,
    on: date,
    leaving: list[InTheWay],
    earlier: list[InTheWay],
    moved_earlier: dict[int, Tables],
    *,
    now: datetime,
) -> _Decided:
    """Decide for one service day, with what was decided for the days before it, which may run into this one."""
    plan = closing.plan
    _plan, occupancy, _expired = selectors.plan_and_occupancy(plan.id, on, now=now)
    day = Day.of(plan, on, occupancy, now=now)
    keys = {each.booking.pk for each in leaving}
    others = [party for party in day.parties if party.key not in keys]
    taken = day.taken
    for each in [*leaving, *earlier]:
        for row in each.rows:
            taken[row.table_id] = taken.get(row.table_id, 0) & ~occupancy.bits(row.starts_at, row.ends_at)
    _put_those_moved_earlier(taken, occupancy, earlier, moved_earlier)
    closed = occupancy.bits(_since(closing, now), closing.ends_at)
    for table_id in closing.table_ids:
        taken[table_id] = taken.get(table_id, 0) | closed
    sat_at = set(floor.tables_sat_at(plan.id, on).exclude(booking__in=keys).values_list("table_id", flat=True))
    with_others = dict(taken)
    for party in others:
        for table_id in party.table_ids:
            with_others[table_id] |= party.bits
    rooms = [Occupancy(occupancy.midnight, masks) for masks in (with_others, taken)]
    parties = [_leaving(plan, each, rooms, sat_at, now=now) for each in leaving]
    found = find_places(taken, others, parties)
    decided = [_decided(plan, each, found.of[each.booking.pk]) for each in leaving]
    return _Decided(decided, found.moves, found.is_best)


def _put_those_moved_earlier(
    taken: dict[int, int], occupancy: Occupancy, earlier: list[InTheWay], moved: dict[int, Tables]
) -> None:
    # All leave before anybody sits down: one may go where another was.
    rows = TableAllocation.objects.filter(booking__in=moved, live=True).values_list("booking_id", "table_id", "during")
    stretches = {}
    for key, table_id, during in rows:
        stretches[key] = occupancy.bits(during.lower, during.upper)
        taken[table_id] = taken.get(table_id, 0) & ~stretches[key]
    seated = [(each.to or (), occupancy.bits(each.starts_at, each.ends_at)) for each in earlier]
    seated += [(tables, stretches.get(key, 0)) for key, tables in moved.items()]
    for tables, bits in seated:
        for table_id in tables:
            taken[table_id] = taken.get(table_id, 0) | bits


def _leaving(
    plan: ServicePlan, each: InTheWay, rooms: Sequence[Occupancy], sat_at: set[int], *, now: datetime
) -> Leaving:
    """Return a party with the tables it could go to.

    :param rooms: what is taken while the others stay where they are, and what cannot be moved
    """
    booking = each.booking
    bits = rooms[0].bits(each.starts_at, each.ends_at)
    wished = plan.for_wish(step_free=booking.step_free)
    options = list(seatings(wished, booking.party_size, online=False, area_id=None))
    if not options:
        # A group sits at tables joined for it alone. Of the many ways to join some, the best of each area is tried.
        for room in rooms:
            for area in plan.areas:
                joined = joined_tables(wished, room, bits, booking.party_size, online=False, area_id=area.id)
                if joined is not None and joined.table_ids not in options:
                    options.append(joined.table_ids)
    if each.starts_at <= now:
        # Somebody who should have left may still sit there.
        options = [tables for tables in options if sat_at.isdisjoint(tables)]
    at_home = tuple(tables for tables in options if _is_in(plan, tables, booking.area_id))
    return Leaving(
        booking.pk,
        bits,
        # Who is still filling in the form has been promised nothing yet.
        covers=0 if is_only_a_form(booking) else booking.party_size,
        at_home=at_home,
        elsewhere=tuple(tables for tables in options if tables not in at_home),
        standing=STANDING[Status(booking.status)] + booking.is_locked,
    )


def is_only_a_form(booking: Booking) -> bool:
    """Tell whether a table is kept while somebody fills in a form. One that is held for a deposit has a guest."""
    return booking.status == Status.HELD and getattr(booking, "advance", None) is None


def _is_in(plan: ServicePlan, tables: Tables, area_id: int | None) -> bool:
    return area_id is None or any(plan.table_areas[table] == area_id for table in tables)


def _decided(plan: ServicePlan, each: InTheWay, to: Tables | None) -> InTheWay:
    is_elsewhere = to is not None and not _is_in(plan, to, each.booking.area_id)
    to_area = plan.table_areas[to[0]] if to is not None and is_elsewhere else None
    return InTheWay(each.booking, each.rows, each.starts_at, each.ends_at, to, to_area)


def _taken_on(plan: ServicePlan, days: Iterable[date], *, now: datetime) -> str:
    """Return what stands for everything taken on these days: whoever is bumped is so for want of just this room."""
    lines = []
    for day in sorted(days):
        midnight = midnight_of(plan, day)
        taken = selectors.allocations_between([plan.id], midnight, midnight + DAY_SPAN, now=now)
        rows = sorted((row.table_id, row.starts_at, row.ends_at) for row in taken.allocations[plan.id])
        lines += [f"{table} {since.timestamp()} {until.timestamp()}" for table, since, until in rows]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32] if lines else ""


# --- Doing it --------------------------------------------------------------------------------------------------------


def _agreed(asked: Closing, seal: str) -> Closing:
    """Return what was looked at, read anew under the locks.

    :raises ClosingOutdated: when it does not hold any more, or is of another closing
    """
    try:
        told, theirs, others, is_best, seen = signing.loads(seal, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        raise ClosingOutdated from None
    if told != asked._asked:
        raise ClosingOutdated
    now = timezone.now()
    in_the_way = _in_the_way(asked, now=now)
    keys = sorted({each.booking.pk for each in in_the_way} | {key for key, _tables in others})
    locked = {
        booking.pk: booking
        for booking in Booking.objects.select_for_update(of=("self",))
        .select_related("area", "restaurant", "advance")
        .filter(pk__in=keys)
        .order_by("pk")
    }
    versions = {key: (version, to, to_area) for key, version, to, to_area in theirs}
    if {each.booking.pk: locked[each.booking.pk].version for each in in_the_way} != {
        key: version for key, (version, _to, _area) in versions.items()
    }:
        raise ClosingOutdated
    decided = []
    for each in in_the_way:
        _version, to, to_area = versions[each.booking.pk]
        booking = locked[each.booking.pk]
        tables = tuple(to) if to is not None else None
        decided.append(InTheWay(booking, each.rows, each.starts_at, each.ends_at, tables, to_area))
    days = {each.booking.service_day for each in decided if each.is_bumped}
    if _taken_on(asked.plan, days, now=now) != seen:
        raise ClosingOutdated
    return replace(
        asked,
        in_the_way=decided,
        others={key: tuple(tables) for key, tables in others},
        is_best=is_best,
        seen=seen,
    )


def _apply(closing: Closing, *, by: Actor, told: str, points: int) -> None:
    # All leave before anybody sits down again: two may change places.
    TableAllocation.objects.filter(booking__in=[each.booking.pk for each in closing.moves], live=True).delete()
    for each in closing.bumps:
        _bump(each.booking, by=by, told=told, points=points)
    if closing.others:
        try:
            claiming.make_room(closing.plan, Arrangement((), closing.others), by=by, reason=SystemReason.TABLES_CLOSED)
        except errors.NoTableFree as moved_on:
            raise ClosingOutdated from moved_on
    for each in closing.moves:
        _move(closing.plan, each, by=by, told=told)


def _bump(booking: Booking, *, by: Actor, told: str, points: int) -> None:
    if is_only_a_form(booking):
        # Nobody has booked yet: the form says that the table has been given back.
        booking.hold_expires_at = timezone.now()
        claiming.move(booking, Status.EXPIRED, by=by, reason=SystemReason.TABLE_CLOSED)
        claiming.free_tables(booking)
        return
    changing.cancel_booking(booking=booking, by=by, reason=told, apology=points)


def _move(plan: ServicePlan, each: InTheWay, *, by: Actor, told: str) -> None:
    booking, to = each.booking, each.to or ()
    before, after = (sorted(plan.table_names[table] for table in tables) for tables in (each.table_ids, to))
    changes: dict[str, object] = {"tables": {"from": before, "to": after}}
    if each.to_area is not None:
        area = next(area for area in plan.areas if area.id == each.to_area)
        changes["area"] = {"from": booking.area.name if booking.area else None, "to": area.name}
        booking.area_id = area.id
        if booking.status in UPCOMING:
            # It was not they who chose another area.
            booking.policy = terms.changed_by_house(booking.policy, version=booking.version + 1)
    buffer = timedelta(minutes=plan.policy.buffer_minutes)
    if each.is_seated and each.ends_at - buffer > booking.ends_at:
        booking.ends_at = each.ends_at - buffer
    booking.version += 1
    booking.save()
    claiming.allocate(booking, plan, to, during=TimestamptzRange(each.starts_at, each.ends_at, "[)"))
    if each.is_seated:
        try:
            floor.refuse_occupied_tables(booking)
        except errors.TableStillOccupied as sits:
            raise ClosingOutdated from sits
    claiming.record(booking, by=by, from_status=booking.status, changes=changes, reason=told)
    if each.to_area is not None:
        # It no longer follows its series, which would put it back.
        Occurrence.objects.filter(booking=booking).update(is_changed=True)
    if not is_only_a_form(booking):
        publish(
            BookingChanged(
                restaurant_id=claiming.house_of(booking),
                booking_id=booking.public_id,
                version=booking.version,
                changes=changes,
                reason=told,
            )
        )


def _block(closing: Closing, *, reason: str, by: Actor) -> Block:
    """Write the block, around those who stay where they sit."""
    block = Block.objects.create(
        restaurant_id=closing.plan.id,
        area_id=closing.area_id,
        table_id=closing.table_id,
        starts_at=closing.starts_at,
        ends_at=closing.ends_at,
        reason=reason,
        created_by=by.user,
    )
    since = _since(closing, timezone.now())
    left: dict[int, datetime] = {}
    for each in closing.stays:
        for row in each.rows:
            left[row.table_id] = max(left.get(row.table_id, since), row.ends_at)
    stretches = {table: [(left.get(table, since), closing.ends_at)] for table in closing.table_ids}
    blocks.keep_from_sale(
        block, {table: [each for each in its if each[0] < each[1]] for table, its in stretches.items()}
    )
    audit.record(
        "booking.tables_closed",
        actor=by.user,
        target=block,
        details={
            "moved": len(closing.moves) + len(closing.others),
            "bumped": len(closing.bumps),
            "stay": len(closing.stays),
        },
    )
    return block
