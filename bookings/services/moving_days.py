"""A special day that turns out to be another one: the day and what hangs on it are moved in one step.

Eid is announced a day later than expected. Its bookings go along to the new day at the same hour; where the house
turns out to be closed on a day that it was booked for, those bookings go to the day that is open in its place. Who has
no room there stays as they are, for people to see to. So does what is not a booking: places on the waiting list,
events, blocks; the look names them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import errors, selectors, terms
from bookings.availability import DAY_SPAN, Allocation, Occupancy, best_seating, ends_at, midnight_of, pacing_refusal
from bookings.events import BookingChanged
from bookings.models import (
    Block,
    Booking,
    FreeTimeAlert,
    Occurrence,
    StandbyEntry,
    TableAllocation,
    TicketedEvent,
)
from bookings.services import advances, claiming, freed
from bookings.services.claiming import Actor, Claim
from bookings.states import STANDBY_LIVE, AdvanceState, EventStatus, Status
from core import audit
from core.errors import DomainError
from core.outbox import publish
from restaurants.models import SpecialDay
from restaurants.service_plan import ServicePlan, plan_of


def _known_to_guests(now: datetime) -> Q:
    """Keep bookings whose guests know of them: booked, asked for, or held until a deposit comes."""
    awaits_money = Q(status=Status.HELD, advance__state=AdvanceState.AWAITED, hold_expires_at__gt=now)
    return Q(status__in=(Status.REQUESTED, Status.CONFIRMED)) | awaits_money


class DayTaken(DomainError):
    code = "special_day_taken"
    message = _("That day is a special day already. Remove that one first, or choose another day.")
    status = 409


class DayNotMovable(DomainError):
    code = "special_day_not_movable"
    message = _("A special day is moved between days that are still to come.")
    status = 422


class DayMoveOutdated(DomainError):
    """The bookings are no longer those of the preview."""

    code = "special_day_move_outdated"
    message = _("Bookings have changed since you looked. Look at what would happen now.")
    status = 412


@dataclass(frozen=True)
class Affected:
    """A booking that the move of a day touches: where it goes to, or why it stays."""

    booking: Booking
    to: Claim | None = None
    table_ids: tuple[int, ...] = ()
    refusal: errors.BookingRefused | None = None

    @property
    def starts_at(self) -> datetime | None:
        return self.to.slot.starts_at if self.to else None


@dataclass(frozen=True)
class Staying:
    """What else there is on the two days: it stays on its date, and people see to it."""

    holds: tuple[Booking, ...] = ()
    """Tables that somebody is just booking or has been offered: their time ends within minutes."""
    waiting: tuple[StandbyEntry, ...] = ()
    alerts: tuple[FreeTimeAlert, ...] = ()
    events: tuple[TicketedEvent, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def count(self) -> int:
        return sum(map(len, self._kinds))

    @property
    def mark(self) -> str:
        return " ".join(",".join(str(each.pk) for each in kind) for kind in self._kinds)

    @property
    def _kinds(self) -> tuple[tuple[Any, ...], ...]:
        return (self.holds, self.waiting, self.alerts, self.events, self.blocks)


@dataclass(frozen=True)
class DayMove:
    """What moving a special day would do; `digest` names exactly this."""

    special_day: SpecialDay
    to: date
    affected: list[Affected] = field(default_factory=list)
    staying: Staying = Staying()

    @property
    def moves(self) -> list[Affected]:
        return [each for each in self.affected if each.to is not None]

    @property
    def stays(self) -> list[Affected]:
        return [each for each in self.affected if each.to is None]

    @property
    def digest(self) -> str:
        lines = [
            f"{each.booking.pk} {each.booking.version} {each.starts_at} {each.table_ids}" for each in self.affected
        ]
        told = "\n".join(
            [str(self.special_day.pk), str(self.special_day.date), str(self.to), *lines, self.staying.mark]
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def look_at_day_move(*, special_day: SpecialDay, to: date) -> DayMove:
    """Return what moving a special day to another date would do to whom, without doing it.

    :raises DayTaken: when that date has a special day of its own
    :raises DayNotMovable: when one of the days is past, or both are the same
    """
    now = timezone.now()
    plan = plan_of(special_day.restaurant_id)
    today = now.astimezone(plan.zone).date()
    if to == special_day.date or min(to, special_day.date) < today:
        raise DayNotMovable
    if SpecialDay.objects.filter(restaurant=special_day.restaurant_id, date=to).exists():
        raise DayTaken
    after = _plan_after(plan, special_day.date, to)
    bookings = list(
        Booking.objects.filter(
            _known_to_guests(now),
            restaurant=special_day.restaurant_id,
            service_day__in=(special_day.date, to),
            starts_at__gt=now,
        )
        .select_related("area", "restaurant")
        .order_by("starts_at", "-party_size", "pk")
    )
    going = [booking for booking in bookings if _goes(after, booking, special_day, to)]
    affected = _seat(after, going, special_day.date, to, now=now)
    return DayMove(special_day, to, affected, _staying(plan, special_day.date, to, now=now))


def move_special_day(
    *, special_day: SpecialDay, to: date, by: Actor, digest: str | None = None, reason: str = ""
) -> DayMove:
    """Move a special day and what hangs on it to another date, in one step, and return what was done.

    Whoever is moved is told, with the reason, and may cancel free of charge: it was not they who chose the day.

    :param digest: that of the preview which was agreed to
    :raises DayMoveOutdated: when the bookings are no longer those of the preview
    :raises DayTaken: :raises DayNotMovable:
    """
    with transaction.atomic():
        claiming.lock_service_days(special_day.restaurant_id, [special_day.date, to])
        special_day = SpecialDay.objects.select_for_update().get(pk=special_day.pk)
        found = look_at_day_move(special_day=special_day, to=to)
        if digest is not None and digest != found.digest:
            raise DayMoveOutdated
        before = special_day.date
        plan = plan_of(special_day.restaurant_id)
        special_day.date = to
        special_day.save()
        _apply(plan, found.moves, by=by, reason=reason)
        audit.record(
            "booking.day_moved",
            actor=by.user,
            target=special_day,
            details={
                "from": before.isoformat(),
                "to": to.isoformat(),
                "moved": len(found.moves),
                "stayed": len(found.stays),
                "left_on_their_date": found.staying.count,
            },
        )
        claiming.tell_open_pages(plan, before, to)
    return found


def _staying(plan: ServicePlan, was: date, to: date, *, now: datetime) -> Staying:
    """Return what is on either day and does not go along."""
    on_them = Q(restaurant=plan.id, service_day__in=(was, to))
    then = Q()
    for day in (was, to):
        begins = midnight_of(plan, day)
        then |= Q(starts_at__lt=begins + DAY_SPAN, ends_at__gt=begins)
    then &= Q(restaurant=plan.id, ends_at__gt=now)
    events = TicketedEvent.objects.filter(then).exclude(status=EventStatus.CALLED_OFF)
    holds = Booking.objects.filter(on_them, status=Status.HELD, hold_expires_at__gt=now).exclude(_known_to_guests(now))
    waiting = StandbyEntry.objects.filter(on_them, status__in=STANDBY_LIVE, latest__gt=now)
    alerts = FreeTimeAlert.objects.filter(on_them, ended_at=None, latest__gt=now)
    # An event's own part of the floor goes with the event.
    blocks = Block.objects.filter(then).exclude(pk__in=events.filter(block__isnull=False).values("block"))
    return Staying(
        tuple(holds.order_by("starts_at", "pk")),
        tuple(waiting.order_by("earliest", "pk")),
        tuple(alerts.order_by("earliest", "pk")),
        tuple(events.order_by("starts_at", "pk")),
        tuple(blocks.order_by("starts_at", "pk")),
    )


def _plan_after(plan: ServicePlan, was: date, to: date) -> ServicePlan:
    """Return the plan as it will be, without writing it: others must not see what may not come."""
    days = {day: special for day, special in plan.special_days.items() if day != was}
    return replace(plan, special_days={**days, to: replace(plan.special_days[was], date=to)}, _ranked={})


def _goes(after: ServicePlan, booking: Booking, special_day: SpecialDay, to: date) -> bool:
    """Tell whether a booking goes along: all of an open special day's, and those that their own day no longer takes."""
    if booking.service_day == special_day.date and not special_day.is_closed:
        return True
    return booking.service_day == to and _claim(after, booking, booking.starts_at) is None


def _claim(after: ServicePlan, booking: Booking, starts_at: datetime) -> Claim | None:
    try:
        return _checked(after, booking, starts_at, now=starts_at)
    except errors.BookingRefused:
        return None


def _checked(after: ServicePlan, booking: Booking, starts_at: datetime, *, now: datetime) -> Claim:
    return claiming.check_claim(
        after,
        starts_at=starts_at,
        party_size=booking.party_size,
        area=None,
        step_free=booking.step_free,
        now=now,
        online=False,
    )


def _seat(after: ServicePlan, going: list[Booking], was: date, to: date, *, now: datetime) -> list[Affected]:
    """Find each a table on the other day; who finds none stays, and keeps the table where it is from the others."""
    staying: dict[int, Affected] = {}
    while True:
        rooms = _rooms(after, [each for each in going if each.pk not in staying], was, to, now=now)
        affected = [staying.get(booking.pk) or _find(after, booking, rooms, was, to, now=now) for booking in going]
        new = {each.booking.pk: each for each in affected if each.to is None and each.booking.pk not in staying}
        if not new:
            return affected
        staying |= new


def _rooms(
    after: ServicePlan, leaving: Iterable[Booking], was: date, to: date, *, now: datetime
) -> dict[date, Occupancy]:
    """Return both days as they are without those who leave them."""
    first, last = sorted((was, to))
    left = {booking.pk for booking in leaving}
    kept: list[Allocation] = []
    rows = TableAllocation.objects.filter(
        restaurant=after.id,
        live=True,
        during__startswith__gt=midnight_of(after, first) - selectors.LONGEST_ALLOCATION,
        during__startswith__lt=midnight_of(after, last) + DAY_SPAN,
    ).exclude(expires_at__lte=now)
    for booking_id, table_id, during, covers in rows.values_list("booking_id", "table_id", "during", "covers"):
        if booking_id not in left:
            kept.append(Allocation(table_id, during.lower, during.upper, covers))
    return {day: Occupancy.of(after, day, kept) for day in (was, to)}


def _find(
    after: ServicePlan, booking: Booking, rooms: dict[date, Occupancy], was: date, to: date, *, now: datetime
) -> Affected:
    other = to if booking.service_day == was else was
    local = booking.starts_at.astimezone(after.zone)
    wanted = datetime.combine(local.date() + (other - booking.service_day), local.time(), tzinfo=after.zone)
    room = rooms[other]
    try:
        claim = _checked(after, booking, wanted, now=now)
        if reason := pacing_refusal(claim.slot, booking.party_size, room):
            raise claiming.refused(reason, after)
        tables = _tables(after, booking, claim, room)
    except errors.BookingRefused as refusal:
        return Affected(booking, refusal=refusal)
    until = claim.ends_at + timedelta(minutes=after.policy.buffer_minutes)
    for position, table_id in enumerate(tables):
        room.add(Allocation(table_id, claim.slot.starts_at, until, booking.party_size if position == 0 else 0))
    return Affected(booking, claim, tables)


def _tables(after: ServicePlan, booking: Booking, claim: Claim, room: Occupancy) -> tuple[int, ...]:
    """Return the tables it has, if they are free there as well; a promised table or none.

    :raises NoTableFree: when there is no room
    """
    own = tuple(sorted(TableAllocation.objects.filter(booking=booking, live=True).values_list("table_id", flat=True)))
    bits = room.bits(claim.slot.starts_at, claim.ends_at + timedelta(minutes=after.policy.buffer_minutes))
    if own and all(table in after.table_areas and not room.masks.get(table, 0) & bits for table in own):
        return own
    seating = None
    if not booking.is_locked:
        seating = best_seating(
            after.for_wish(step_free=booking.step_free),
            room,
            starts_at=claim.slot.starts_at,
            until=claim.ends_at,
            party_size=booking.party_size,
            online=False,
            area_id=booking.area_id,
        )
    if seating is None:
        raise errors.NoTableFree
    return seating.table_ids


def _apply(plan: ServicePlan, moves: list[Affected], *, by: Actor, reason: str) -> None:
    keys = [each.booking.pk for each in moves]
    locked = {
        booking.pk: booking
        for booking in Booking.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    }
    if any(locked[each.booking.pk].version != each.booking.version for each in moves):
        # A note is written without the day's lock.
        raise DayMoveOutdated
    now = timezone.now()
    before = {pk: booking.starts_at for pk, booking in locked.items()}
    TableAllocation.objects.filter(booking__in=keys).delete()
    freed.tell_of_room(plan.id, {each.booking.service_day for each in moves})
    Occurrence.objects.filter(booking__in=keys).update(is_changed=True)
    for each in moves:
        assert each.to is not None  # noqa: S101  # those that move have somewhere to go
        booking, slot = locked[each.booking.pk], each.to.slot
        booking.service_day, booking.shift_name = slot.service_day, slot.shift.name
        booking.starts_at, booking.ends_at = slot.starts_at, ends_at(plan, slot, booking.party_size)
        booking.reminded_day_before_at = booking.reminded_hours_before_at = None
        if booking.status == Status.HELD and booking.hold_expires_at is not None:
            booking.hold_expires_at = min(booking.hold_expires_at, booking.starts_at)
        # As long before the visit as was agreed: that they may cancel free now does not ask for the money sooner.
        advances.follow_time(booking, by=by, now=now)
        booking.policy = terms.changed_by_house(booking.policy, version=booking.version + 1)
        booking.version += 1
        booking.save()
        claiming.allocate(booking, plan, each.table_ids)
        changes = {"starts_at": {"from": before[booking.pk].isoformat(), "to": booking.starts_at.isoformat()}}
        claiming.record(booking, by=by, from_status=booking.status, changes=changes, reason=reason)
        publish(
            BookingChanged(
                restaurant_id=claiming.house_of(booking),
                booking_id=booking.public_id,
                version=booking.version,
                changes=changes,
                reason=reason,
            )
        )
