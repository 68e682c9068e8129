"""Changing and cancelling: a change is one atomic move, and a failed one leaves the booking as it was."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from bookings import errors, selectors, terms
from bookings.availability import Occupancy
from bookings.events import BookingCancelled, BookingChanged
from bookings.guest_book import Known
from bookings.models import Booking, Occurrence, TableAllocation
from bookings.packing import Arrangement
from bookings.rearranging import Sought
from bookings.services import advances, claiming, deposits, freed, guarantees, guests
from bookings.services.booking import with_alternatives
from bookings.services.claiming import Actor, Claim, Guest
from bookings.services.floor import refuse_occupied_tables
from bookings.states import APOLOGY, FOR_THE_GUEST, UPCOMING, ActorKind, AdvanceState, Status
from core.errors import Busy, DomainError
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of, remembered_plan

LONGEST_STAY = timedelta(hours=12)
# For whom sits longer than they were to, at a table they are moved to.
OVERRUN = timedelta(minutes=15)
# As many as a booking can hold.
MOST_POINTS = 32_767


class _Unset:
    """Marks what is not to be changed, where None has a meaning of its own."""


UNSET = _Unset()


def change_booking(
    *,
    booking: Booking,
    by: Actor,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    party_size: int | None = None,
    area: "UUID | _Unset | None" = UNSET,
    step_free: bool | None = None,
    table_ids: Sequence[int] | None = None,
    guest: Guest | None = None,
    notes: str | None = None,
    occasion: str | None = None,
    heed_pacing: bool = True,
    heed_seats: bool = False,
    expected_version: int | None = None,
) -> Booking:
    """Change time, size, area, table or details of a booking in one atomic move, and return it.

    The code and the terms once accepted stay. Who now needs a table without steps, and sits at such a one, keeps it;
    who needs none any more keeps theirs, too. When the new wish cannot be met the booking is untouched.

    Tables that are named and kept are promised no more than before; others are.

    :param heed_seats: whether other tables, where they are named, must have seats for all of the party
    :param ends_at: until when the party keeps its tables, without the buffer; only staff decide that, and without it a
        party that moves to another time stays for the usual turn
    :raises BookingMovedOn: when it is no longer of the expected version
    :raises TooLateToChange: when it has begun or ended
    :raises StayTooLong: when the party would leave before it comes, in the past or after twelve hours
    :raises TableTooSmall: when tables named have too few seats, and that is heeded
    :raises TableStillOccupied: when somebody seated would move to where another party still sits
    :raises BookingRefused: as book_table
    """
    seen_day = booking.service_day
    wanted_at = starts_at or booking.starts_at
    size = party_size or booking.party_size
    wish = booking.step_free if step_free is None else step_free
    try:
        sought = None
        if ends_at is None and table_ids is None:
            sought = _look_first(
                booking,
                by=by,
                starts_at=wanted_at,
                party_size=size,
                area=area,
                step_free=wish,
                heed_pacing=heed_pacing,
                expected_version=expected_version,
            )
        return claiming.searching_first(
            partial(
                _change_under_lock,
                booking_id=booking.pk,
                seen_day=seen_day,
                by=by,
                starts_at=starts_at,
                ends_at=ends_at,
                party_size=party_size,
                area=area,
                step_free=step_free,
                table_ids=table_ids,
                guest=guest,
                notes=notes,
                occasion=occasion,
                heed_pacing=heed_pacing,
                heed_seats=heed_seats,
                expected_version=expected_version,
            ),
            sought,
        )
    except (errors.NoTableFree, errors.TooManyAtOnce) as refusal:
        raise with_alternatives(refusal, booking.restaurant_id, wanted_at, size, None, step_free=wish) from refusal
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_table_one_party":
            raise
        raise with_alternatives(
            errors.NoTableFree(), booking.restaurant_id, wanted_at, size, None, step_free=wish
        ) from clash


def _look_first(
    booking: Booking,
    *,
    by: Actor,
    starts_at: datetime,
    party_size: int,
    area: "UUID | _Unset | None",
    step_free: bool,
    heed_pacing: bool,
    expected_version: int | None,
) -> Sought | None:
    """Refuse at once, without the days' locks, a wish for which there is no room as the day stands.

    Of a booking that has changed since it was read nothing is said here, nor of what is refused for another reason:
    the lock decides then.

    :return: what was sought for the wish on the way
    :raises NoTableFree: :raises TooManyAtOnce:
    :raises OverlapsOwnBooking: :raises DuplicateBooking: which come before them
    """
    now = timezone.now()
    kept_time = starts_at == booking.starts_at
    if kept_time and party_size == booking.party_size:
        return None
    seen = selectors.day_at(booking.restaurant_id, starts_at, now=now, except_booking=booking.pk)
    plan = seen.plan
    wanted_area: UUID | None
    if not isinstance(area, _Unset):
        wanted_area = area
    else:
        wanted_area = next((each.public_id for each in plan.areas if each.id == booking.area_id), None)
        if booking.area_id is not None and wanted_area is None:
            return None
    try:
        _must_be_changeable(booking, by, now)
        claim = _claim(
            plan,
            booking,
            by=by,
            starts_at=starts_at,
            party_size=party_size,
            area=wanted_area,
            step_free=step_free,
            now=now,
        )
    except DomainError:
        return None
    try:
        return claiming.look_first(
            seen,
            claim,
            now=now,
            online=by.is_online,
            heed_pacing=heed_pacing and not (kept_time and party_size <= booking.party_size),
            except_booking=booking.pk,
        )
    except (errors.NoTableFree, errors.TooManyAtOnce):
        # Read before the day and unchanged after it, so this is what the booking was when the day was read.
        stands = Booking.objects.filter(pk=booking.pk, version=booking.version, status=booking.status).exists()
        if not stands or expected_version not in (None, booking.version):
            return None
        claiming.refuse_own_overlap(booking, claim, restaurant_id=plan.id, by=by, only_looking=True)
        raise


@transaction.atomic
def _change_under_lock(
    sought: Sought | None,
    *,
    booking_id: int,
    seen_day: date,
    by: Actor,
    starts_at: datetime | None,
    ends_at: datetime | None,
    party_size: int | None,
    area: "UUID | _Unset | None",
    step_free: bool | None,
    table_ids: Sequence[int] | None,
    guest: Guest | None,
    notes: str | None,
    occasion: str | None,
    heed_pacing: bool,
    heed_seats: bool,
    expected_version: int | None,
) -> Booking:
    now = timezone.now()
    restaurant_id = Booking.objects.values_list("restaurant_id", flat=True).get(pk=booking_id)
    plan = plan_of(restaurant_id)
    # Staff may stretch or move what stands outside today's shifts; only a new start has to be one.
    new_days = {seen_day} if starts_at is None else {seen_day, *_possible_days(plan, starts_at)}
    claiming.lock_service_days(restaurant_id, new_days)
    booking = claiming.locked(booking_id, expected_version=expected_version)
    if booking.service_day != seen_day:
        raise Busy
    _must_be_changeable(booking, by, now)

    before = _facts(booking)
    free_until = _free_until(booking)
    changed_area = None if isinstance(area, _Unset) else area
    if step_free is not None:
        booking.step_free = step_free
    claims_anew = (
        (starts_at is not None and starts_at != booking.starts_at)
        or (party_size is not None and party_size != booking.party_size)
        or (not isinstance(area, _Unset) and _area_id(plan, area) != booking.area_id)
        or (ends_at is not None and ends_at != booking.ends_at)
        or table_ids is not None
        or (booking.step_free and not before["step_free"] and _sits_above_steps(plan, booking))
    )
    if claims_anew:
        _claim_anew(
            booking,
            by=by,
            starts_at=starts_at or booking.starts_at,
            ends_at=ends_at,
            party_size=party_size or booking.party_size,
            area=booking.area.public_id if isinstance(area, _Unset) and booking.area else changed_area,
            table_ids=table_ids,
            heed_pacing=heed_pacing,
            heed_seats=heed_seats,
            now=now,
            sought=sought,
        )
        if not heed_pacing:
            claiming.record_passed_pacing(booking, by=by)
    advance = None
    if booking.starts_at.isoformat() != before["starts_at"]:
        advances.follow_time(booking, by=by, now=now)
    if booking.party_size != before["party_size"]:
        free_until = min(free_until, _free_until(booking))
        advance = advances.follow_size(booking, by=by, free_until=free_until, now=now)
    if guest is not None:
        is_reached_elsewhere = (guest.phone, guest.email) != (booking.guest_phone, booking.guest_email)
        booking.guest_name, booking.guest_phone, booking.guest_email = guest.name, guest.phone, guest.email
        if is_reached_elsewhere and booking.status == Status.HELD:
            guests.refuse_blocked(Known.by(booking), by=by)
        elif is_reached_elsewhere:
            guests.enter(booking, by=by)
    if notes is not None:
        booking.notes = notes
    if occasion is not None:
        booking.occasion = occasion
    changes = _differences(before, _facts(booking))
    if not changes:
        return booking
    if "starts_at" in changes:
        # Nobody is late for a time that they have just chosen.
        booking.minutes_late = 0
    booking.version += 1
    booking.save()
    claiming.record(booking, by=by, from_status=booking.status, changes=changes)
    if booking.status == Status.HELD and advance is not None and advance.state != AdvanceState.AWAITED:
        # The smaller party owes no more than has come.
        deposits.confirm(booking, by=by)
    if claims_anew:
        # What was changed by itself no longer follows its series.
        Occurrence.objects.filter(booking=booking).update(is_changed=True)
        freed.tell_of_room(booking.restaurant_id, [seen_day])
    if (claims_anew or "step_free" in changes) and booking.status != Status.HELD:
        publish(
            BookingChanged(
                restaurant_id=claiming.house_of(booking),
                booking_id=booking.public_id,
                version=booking.version,
                changes=changes,
            )
        )
    claiming.tell_open_pages(plan, seen_day, booking.service_day)
    return booking


def _free_until(booking: Booking) -> datetime:
    return booking.starts_at - timedelta(hours=booking.policy.get("free_cancellation_hours", 0))


def _sits_above_steps(plan: ServicePlan, booking: Booking) -> bool:
    kept = booking.allocations.filter(live=True).values_list("table_id", flat=True)
    return not plan.step_free.issuperset(kept)


def _possible_days(plan: ServicePlan, starts_at: datetime) -> set[date]:
    """Return the service days an instant may belong to: its own date and, after midnight, the one before."""
    local = starts_at.astimezone(plan.zone).date()
    return {local, local - timedelta(days=1)}


def _must_be_changeable(booking: Booking, by: Actor, now: datetime) -> None:
    if by.kind == ActorKind.STAFF:
        if not booking.is_occupying:
            raise errors.TooLateToChange
        return
    if booking.status not in UPCOMING or booking.starts_at <= now:
        raise errors.TooLateToChange
    if booking.status == Status.HELD and booking.hold_expires_at is not None and booking.hold_expires_at <= now:
        raise errors.HoldExpired


def _area_id(plan: ServicePlan, area: UUID | None) -> int | None:
    if area is None:
        return None
    found = plan.area_named(area)
    if found is None:
        raise errors.UnknownArea
    return found.id


def _claim_anew(
    booking: Booking,
    *,
    by: Actor,
    starts_at: datetime,
    ends_at: datetime | None,
    party_size: int,
    area: UUID | None,
    table_ids: Sequence[int] | None,
    heed_pacing: bool,
    heed_seats: bool,
    now: datetime,
    sought: Sought | None,
) -> None:
    """Find room for the new wish as if the old were gone, then swap the rows: the new is claimed or nothing moves."""
    plan = plan_of(booking.restaurant_id)
    kept_time = starts_at == booking.starts_at
    since: datetime | None = None
    kept = sorted(booking.allocations.filter(live=True).values_list("table_id", flat=True))
    has_other_tables = bool(table_ids) and sorted(set(table_ids or ())) != kept
    if has_other_tables and heed_seats:
        claiming.refuse_too_small(plan, table_ids or (), party_size)
    if kept_time and (table_ids is not None or ends_at is not None) and party_size == booking.party_size:
        # Only the table or the length changes: no rule about starts is asked again, for the booking may have begun.
        plan, occupancy, expired = selectors.plan_and_occupancy(
            plan.id, booking.service_day, now=now, except_booking=booking.pk
        )
        until = _until(booking, starts_at, ends_at, by=by, now=now)
        claiming.refuse_steps(plan, table_ids or (), step_free=booking.step_free)
        since, tables = _tables_from(booking, plan, occupancy, table_ids or kept, until, now)
        found = Arrangement(tables)
        booking.ends_at = until
    else:
        claim = _claim(
            plan,
            booking,
            by=by,
            starts_at=starts_at,
            party_size=party_size,
            area=area,
            step_free=booking.step_free,
            now=now,
        )
        if ends_at is not None:
            claim = replace(claim, ends_at=_until(booking, starts_at, ends_at, by=by, now=now))
        claiming.refuse_own_overlap(booking, claim, restaurant_id=plan.id, by=by)
        plan, occupancy, expired = selectors.plan_and_occupancy(
            plan.id, claim.slot.service_day, now=now, except_booking=booking.pk
        )
        found = claiming.find_tables(
            plan,
            occupancy,
            claim,
            now=now,
            except_booking=booking.pk,
            online=by.is_online,
            table_ids=table_ids,
            heed_pacing=heed_pacing and not (kept_time and party_size <= booking.party_size),
            sought=sought,
        )
        booking.party_size = party_size
        booking.service_day = claim.slot.service_day
        booking.shift_name = claim.slot.shift.name
        booking.starts_at, booking.ends_at = claim.slot.starts_at, claim.ends_at
        booking.area_id = claim.area_id
        if not kept_time and by.kind in FOR_THE_GUEST and booking.suggested_times:
            # It was promised for that time; an apology is owed whenever they come.
            booking.bonus_points = 0
        if booking.status == Status.HELD and booking.hold_expires_at is not None:
            booking.hold_expires_at = min(booking.hold_expires_at, booking.starts_at)
        if not kept_time:
            booking.reminded_day_before_at = booking.reminded_hours_before_at = None
    if expired:
        claiming.expire_holds(expired, now=now)
    # Whoever comes at another time and keeps the tables has not asked for them.
    is_chosen = bool(table_ids) if kept_time else has_other_tables
    booking.is_locked = booking.is_locked or is_chosen or not plan.is_seating(found.table_ids)
    TableAllocation.objects.filter(booking=booking).delete()
    if found.moves:
        claiming.make_room(plan, found)
    claiming.allocate(booking, plan, found.table_ids, starts_at=since)
    if booking.status == Status.SEATED and table_ids is not None:
        refuse_occupied_tables(booking)


def _until(booking: Booking, starts_at: datetime, ends_at: datetime | None, *, by: Actor, now: datetime) -> datetime:
    """Return when a party is to leave, to the grain.

    :raises StayTooLong:
    """
    if ends_at is None:
        # Whoever sits beyond their time goes on sitting at the new table for a while.
        still_there = booking.status == Status.SEATED and booking.ends_at <= now
        return claiming.to_the_grain(now) + OVERRUN if still_there else booking.ends_at
    until = claiming.to_the_grain(ends_at.astimezone(UTC))
    is_sitting = booking.status == Status.SEATED
    if by.is_online or not starts_at < until <= starts_at + LONGEST_STAY or (is_sitting and until <= now):
        raise errors.StayTooLong
    return until


def _tables_from(
    booking: Booking,
    plan: ServicePlan,
    occupancy: Occupancy,
    table_ids: Sequence[int],
    until: datetime,
    now: datetime,
) -> tuple[datetime, tuple[int, ...]]:
    """Return from when a booking keeps these tables, and the tables. Who sits already needs another one only from now.

    :raises UnknownTable: :raises TableTaken:
    """
    begun = booking.allocations.filter(live=True).order_by("during").first()
    since = min(booking.starts_at, begun.during.lower) if begun is not None else booking.starts_at
    if booking.status != Status.SEATED:
        return booking.starts_at, claiming.chosen_tables(plan, occupancy, table_ids, booking.starts_at, until)
    try:
        return since, claiming.chosen_tables(plan, occupancy, table_ids, since, until)
    except errors.TableTaken:
        since = claiming.to_the_grain(now)
        return since, claiming.chosen_tables(plan, occupancy, table_ids, since, until)


def _claim(
    plan: ServicePlan,
    booking: Booking,
    *,
    by: Actor,
    starts_at: datetime,
    party_size: int,
    area: UUID | None,
    step_free: bool,
    now: datetime,
) -> Claim:
    if starts_at == booking.starts_at and by.kind == ActorKind.STAFF:
        # A party that has begun may still grow or shrink.
        now = min(now, starts_at)
    # What the house has said yes to does not become larger than the parties it need not be asked about.
    may_ask = booking.status == Status.REQUESTED or party_size <= booking.party_size
    return claiming.check_claim(
        plan,
        starts_at=starts_at,
        party_size=party_size,
        area=area,
        step_free=step_free,
        now=now,
        online=by.is_online,
        may_ask=may_ask,
    )


def _facts(booking: Booking) -> dict[str, Any]:
    tables = TableAllocation.objects.filter(booking=booking, live=True).order_by("table__name")
    return {
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "party_size": booking.party_size,
        "area": booking.area.name if booking.area_id and booking.area else None,
        "step_free": booking.step_free,
        "tables": list(tables.values_list("table__name", flat=True)),
        "guest_name": booking.guest_name,
        "guest_phone": booking.guest_phone,
        "guest_email": booking.guest_email,
        "notes": booking.notes,
        "occasion": booking.occasion,
        "bonus_points": booking.bonus_points,
        "deposit_kobo": terms.deposit_kobo(booking.policy),
    }


# The history and the event outlive the booking's own row: that these changed is told, what they say is not.
_PERSONAL = frozenset({"guest_name", "guest_phone", "guest_email", "notes", "step_free"})


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {} if name in _PERSONAL else {"from": before[name], "to": after[name]}
        for name in before
        if before[name] != after[name]
    }


def cancel_booking(
    *,
    booking: Booking,
    by: Actor,
    reason: str = "",
    expected_version: int | None = None,
    apology: int | None = None,
) -> Booking:
    """Cancel a booking and free its tables. A diner's cancellation inside the penalty window counts as late.

    :param apology: for a party that the house has no table for any more: how many points it promises with the next
        booking, beside those promised already. The guest is offered near times
    :raises TooLateToChange: when a diner comes after the party's time, or after the party itself
    :raises ReasonMissing: when the restaurant gives none
    :raises core.states.IllegalMove: when it is over already
    """
    now = timezone.now()
    if by.kind == ActorKind.STAFF and not reason.strip():
        raise errors.ReasonMissing
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        is_under_way = booking.is_occupying and (booking.status not in UPCOMING or booking.starts_at <= now)
        if by.kind in FOR_THE_GUEST and is_under_way:
            raise errors.TooLateToChange
        booking.is_late_cancellation = (
            by.kind in FOR_THE_GUEST and booking.status == Status.CONFIRMED and now > _free_until(booking)
        )
        # A hold that only kept a table for a form is no news; one with a guest, who had yet to pay, is.
        was_held = booking.status == Status.HELD and advances.locked(booking) is None and not guarantees.waits(booking)
        changes = None
        if apology is not None:
            booking.bonus_points = min(booking.bonus_points + apology, MOST_POINTS)
            changes = {APOLOGY: {"points": apology}}
        claiming.move(booking, Status.CANCELLED, by=by, reason=reason, changes=changes)
        claiming.free_tables(booking)
        if apology is not None and booking.guest_id is None:
            # Who had yet to pay is nobody's guest; whom the house owes something has to be known again.
            guests.enter(booking, by=Actor.system())
            booking.save(update_fields=["guest", "updated_at"])
        if not was_held:
            publish(
                BookingCancelled(
                    restaurant_id=claiming.house_of(booking),
                    booking_id=booking.public_id,
                    by=by.kind,
                    is_late=booking.is_late_cancellation,
                    reason=reason,
                    is_bumped=apology is not None,
                )
            )
        claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return booking


def attach_to_account(*, booking: Booking, diner: User) -> Booking:
    """Put a booking made without an account on a diner's; the door has checked that it is theirs."""
    with transaction.atomic():
        booking = claiming.locked(booking.pk)
        if booking.diner_id is not None and booking.diner_id != diner.pk:
            raise errors.BookingNotFound
        booking.diner = diner
        booking.save(update_fields=["diner", "updated_at"])
        if booking.status != Status.HELD:
            # Whoever keeps a booking has it already: blocked or not is no question here.
            guests.enter_again(booking, by=Actor.system())
    return booking


def note_for_staff(*, booking: Booking, notes: str, by: Actor | None = None) -> Booking:
    """Keep a note that only the house sees; the history tells who changed it, not what it says."""
    with transaction.atomic():
        booking = claiming.locked(booking.pk)
        booking.staff_notes = notes
        booking.version += 1
        booking.save(update_fields=["staff_notes", "version", "updated_at"])
        if by is not None:
            claiming.record(booking, by=by, from_status=booking.status, changes={"staff_notes": {}})
        claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return booking
