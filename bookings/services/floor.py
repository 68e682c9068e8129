"""The evening itself: who has come, who sits where, who left, who never came.

Each takes the version of the booking that the asker saw, and raises BookingMovedOn when it has changed since: two
hosts cannot undo one another unknowingly.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from bookings import errors, selectors, terms
from bookings.availability import GRAIN, Allocation, Occupancy, Reason, best_seating, slot_times
from bookings.events import BookingConfirmed, BookingDeclined, PartyDidNotShow, PartySeated, VisitCompleted
from bookings.models import Booking, Occurrence, TableAllocation
from bookings.services import advances, claiming, guarantees, guests
from bookings.services.claiming import Actor, Guest
from bookings.states import MACHINE, Course, Status
from core import codes
from core.errors import DomainError
from core.outbox import publish
from restaurants.service_plan import DEFAULT_TURN_MINUTES, ServicePlan, ShiftPlan, plan_of, remembered_plan

CODE_TRIES = 5


def confirm_request(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """Approve a requested booking, and return it: CONFIRMED, or HELD until the deposit that is due before has come.

    A date of a series is confirmed while its deposit is awaited.

    :raises core.states.IllegalMove: when it is not a request
    :raises TimeInThePast: when its time has passed
    """
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        # A hold becomes a booking by its guest's details or its deposit, and a no-show by being undone.
        _must_be(booking, Status.REQUESTED, to=Status.CONFIRMED)
        if booking.starts_at <= timezone.now():
            raise errors.TimeInThePast
        if terms.is_due_before(booking.policy) and _asks_for_deposit(booking, by=by):
            _tell(booking)
            return booking
        if guarantees.hold_for_card(booking, plan_of(booking.restaurant_id), by=by):
            _tell(booking)
            return booking
        claiming.move(booking, Status.CONFIRMED, by=by)
        publish(BookingConfirmed(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))
        _tell(booking)
    return booking


def _asks_for_deposit(booking: Booking, *, by: Actor) -> bool:
    """Ask for the deposit of a request that the house says yes to; tell whether its table is held until it comes."""
    paid = advances.locked(booking)
    if paid is not None and not paid.missing_kobo:
        return False
    now = timezone.now()
    if Occurrence.objects.filter(booking=booking).exists():
        if paid is None:
            due_at = advances.due_later(booking, now=now, of_a_date=True)
            advances.ask(booking, due_at=due_at, by=by, gives_table_back=True)
        return False
    until = advances.held_until(booking, plan_of(booking.restaurant_id), now=now, by=by)
    booking.hold_expires_at = until
    claiming.move(booking, Status.HELD, by=by)
    TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=until)
    if paid is None:
        advances.ask(booking, due_at=until, by=by)
    return True


def decline_request(*, booking: Booking, by: Actor, reason: str, expected_version: int | None = None) -> Booking:
    """Turn a requested booking down and free its tables.

    :raises ReasonMissing: without a reason for the guest
    """
    if not reason.strip():
        raise errors.ReasonMissing
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        claiming.move(booking, Status.DECLINED, by=by, reason=reason)
        claiming.free_tables(booking)
        publish(BookingDeclined(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id, reason=reason))
        _tell(booking)
    return booking


def mark_arrived(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """The party is at the door.

    :raises TooEarlyToSeat: before its service day
    """
    now = timezone.now()
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        _not_before_its_day(booking, now)
        booking.arrived_at = now
        claiming.move(booking, Status.ARRIVED, by=by)
        _tell(booking)
    return booking


def seat_party(
    *,
    booking: Booking,
    by: Actor,
    table_ids: Sequence[int] | None = None,
    heed_seats: bool = False,
    expected_version: int | None = None,
) -> Booking:
    """Put a party down at its tables, or at others that are free.

    :param heed_seats: whether other tables must have seats for all of them
    :raises TableTooSmall: when they have not, and that is heeded
    :raises TooEarlyToSeat: before its service day
    :raises TableStillOccupied: when another party has not left one of them
    :raises TableTaken: when the party is early and its table is not free yet
    :raises core.states.IllegalMove: from a state that cannot be seated
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            claiming.lock_service_days(booking.restaurant_id, [booking.service_day])
            booking = claiming.locked(booking.pk, expected_version=expected_version)
            _not_before_its_day(booking, now)
            was_no_show = booking.status == Status.NO_SHOW
            if was_no_show:
                _same_service_day(booking)
            booking.arrived_at = booking.arrived_at or now
            booking.seated_at = now
            claiming.move(booking, Status.SEATED, by=by)
            plan = plan_of(booking.restaurant_id)
            if table_ids and heed_seats:
                claiming.refuse_too_small(plan, table_ids, booking.party_size)
            if table_ids or was_no_show:
                _retable(booking, plan, table_ids, now)
            refuse_occupied_tables(booking)
            if now < booking.starts_at:
                _begin_early(booking, now)
            publish(PartySeated(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id, at=now))
            _tell(booking)
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_table_one_party":
            raise
        raise errors.TableTaken(tables=[]) from clash
    return booking


def mark_course(*, booking: Booking, course: Course, by: Actor, expected_version: int | None = None) -> Booking:
    """Note how far a seated party has come.

    :raises NotSeated: when it does not sit
    """
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        if booking.status != Status.SEATED:
            raise errors.NotSeated
        before, booking.course = booking.course, course
        booking.version += 1
        booking.save(update_fields=["course", "version", "updated_at"])
        changes = {"course": {"from": before, "to": str(course)}}
        claiming.record(booking, by=by, from_status=booking.status, changes=changes)
        _tell(booking)
    return booking


def complete_visit(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """The party has left: free its tables for the rest of the turn."""
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        booking.left_at = timezone.now()
        claiming.move(booking, Status.COMPLETED, by=by)
        claiming.free_tables(booking)
        publish(
            VisitCompleted(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id, at=booking.left_at)
        )
        _tell(booking)
    return booking


def mark_left(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """The party went away before it was seated."""
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        booking.left_at = timezone.now()
        claiming.move(booking, Status.LEFT, by=by)
        claiming.free_tables(booking)
        _tell(booking)
    return booking


def mark_no_show(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """The party neither came nor cancelled by the end of its grace; the rest of its turn is free again.

    :raises TooEarlyForNoShow: while the grace lasts
    """
    now = timezone.now()
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        grace_ends_at = booking.starts_at + timedelta(minutes=booking.policy.get("grace_minutes", 0))
        if now < grace_ends_at and booking.status == Status.CONFIRMED:
            zone = remembered_plan(booking.restaurant_id).zone
            raise errors.TooEarlyForNoShow(until=grace_ends_at.astimezone(zone).strftime("%H:%M"))
        claiming.move(booking, Status.NO_SHOW, by=by)
        claiming.free_tables(booking)
        publish(PartyDidNotShow(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))
        _tell(booking)
    return booking


def undo_no_show(*, booking: Booking, by: Actor, expected_version: int | None = None) -> Booking:
    """They came after all: back to CONFIRMED with a table, within the service day.

    :raises UndoTooLate: on another day
    :raises NoTableFree: when the room has been given away meanwhile
    """
    now = timezone.now()
    with transaction.atomic():
        claiming.lock_service_days(booking.restaurant_id, [booking.service_day])
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        _same_service_day(booking)
        _must_be(booking, Status.NO_SHOW, to=Status.CONFIRMED)
        claiming.move(booking, Status.CONFIRMED, by=by)
        _retable(booking, plan_of(booking.restaurant_id), None, now)
        _tell(booking)
    return booking


def seat_walk_in(
    *,
    restaurant_id: int,
    party_size: int,
    by: Actor,
    guest: Guest | None = None,
    table_ids: Sequence[int] | None = None,
    minutes: int | None = None,
    heed_seats: bool = False,
    request_key: UUID | None = None,
    seen: selectors.SeenDay | None = None,
) -> Booking:
    """Seat a party that came without a booking, now, and return its booking in the state SEATED.

    The same `request_key` returns the booking it made before: a second tap seats nobody twice.

    :param seen: the day in which `look_for_walk_in` has found room; without it, it is looked for here
    :param minutes: how long they may stay, where the table is due sooner than a usual turn; whole minutes
    :param heed_seats: whether the chosen tables must have seats for all of them
    :raises TableTooSmall: when they have not, and that is heeded
    :raises NoTableFree: when nothing fits for that long
    :raises TableTaken: when the chosen table is not free for that long
    """
    if seen is None:
        try:
            seen = look_for_walk_in(
                restaurant_id=restaurant_id, party_size=party_size, table_ids=table_ids, minutes=minutes
            )
        except DomainError:
            # Tapped twice: what stands in the way of the second is what the first has just seated.
            if (earlier := selectors.booking_by_request_key(request_key)) is not None:
                return earlier
            raise
    now = timezone.now()
    if table_ids and heed_seats:
        claiming.refuse_too_small(seen.plan, table_ids, party_size)
    plan, day = seen.plan, seen.day
    starts_at = claiming.to_the_grain(now)
    shift = _shift_now(plan, day, now)
    turn = _turn(plan, day, now, party_size, minutes)
    guest = guest or Guest(name="")
    for _attempt in range(CODE_TRIES):
        booking = Booking(
            code=codes.new_code(),
            restaurant_id=restaurant_id,
            guest_name=guest.name,
            guest_phone=guest.phone,
            guest_email=guest.email,
            status=Status.SEATED,
            channel=by.channel,
            party_size=party_size,
            service_day=day,
            shift_name=shift.name if shift else "",
            starts_at=starts_at,
            ends_at=starts_at + turn,
            is_locked=True,
            arrived_at=now,
            seated_at=now,
            request_key=request_key,
            created_by=by.user,
        )
        try:
            with transaction.atomic():
                return _seat_under_lock(booking, by=by, table_ids=table_ids, now=now)
        except IntegrityError as clash:
            constraint = claiming.constraint_of(clash)
            if constraint == "one_table_one_party":
                raise errors.TableTaken(tables=[]) from clash
            if constraint != "code_is_unique_among_live_bookings":
                raise
    raise errors.BookingRefused


def look_for_walk_in(
    *, restaurant_id: int, party_size: int, table_ids: Sequence[int] | None = None, minutes: int | None = None
) -> selectors.SeenDay:
    """Return the day in which there is room for a party now, or refuse it; nobody is seated, and no lock is held.

    A refusal is true of the day as it was read. Room promises nothing: whoever seats the party looks again.

    :raises BookingRefused: as seat_walk_in
    """
    now = timezone.now()
    seen = selectors.day_now(restaurant_id, now=now)
    plan = seen.plan
    if not plan.is_bookable:
        raise errors.RestaurantNotBookable
    # Whoever names the tables may put a group at several.
    largest = max(plan.seats if table_ids else plan.largest_party, 1)
    if not 1 <= party_size <= largest:
        raise claiming.party_refused(Reason.PARTY_TOO_LARGE, plan, online=False, largest=largest)
    starts_at = claiming.to_the_grain(now)
    until = starts_at + _turn(plan, seen.day, now, party_size, minutes)
    # Those who overrun are added to what is taken: here to a copy.
    taken = seen.occupancy.copy()
    try:
        _tables_for(plan, seen.day, taken, starts_at, until, party_size, table_ids)
    except errors.NoTableFree:
        # Who sits where was read after what is taken: only if that is unchanged are both of one moment.
        if selectors.still_stands(seen):
            raise
    return seen


def _turn(plan: ServicePlan, day: date, now: datetime, party_size: int, minutes: int | None) -> timedelta:
    return timedelta(minutes=minutes) if minutes else usual_turn(plan, day, now, party_size)


def _tables_for(
    plan: ServicePlan,
    day: date,
    occupancy: Occupancy,
    starts_at: datetime,
    until: datetime,
    party_size: int,
    table_ids: Sequence[int] | None,
) -> tuple[int, ...]:
    """Return the chosen tables, or the best that are free and that nobody sits at any more.

    :raises NoTableFree: :raises TableTaken: :raises UnknownTable:
    """
    if table_ids:
        return claiming.chosen_tables(plan, occupancy, table_ids, starts_at, until)
    _leave_out_occupied_tables(occupancy, plan.id, day, starts_at, until)
    seating = best_seating(plan, occupancy, starts_at=starts_at, until=until, party_size=party_size, online=False)
    if seating is None:
        raise errors.NoTableFree(alternatives=[])
    return seating.table_ids


def _seat_under_lock(booking: Booking, *, by: Actor, table_ids: Sequence[int] | None, now: datetime) -> Booking:
    restaurant_id, day = booking.restaurant_id, booking.service_day
    claiming.lock_service_days(restaurant_id, [day])
    if (earlier := selectors.booking_by_request_key(booking.request_key)) is not None:
        return earlier
    plan, occupancy, expired = selectors.plan_and_occupancy(restaurant_id, day, now=now)
    tables = _tables_for(plan, day, occupancy, booking.starts_at, booking.ends_at, booking.party_size, table_ids)
    if expired:
        claiming.expire_holds(expired, now=now)
    asked = terms.terms_for(plan, booking.party_size, day=day, starts_at=booking.starts_at)
    # Whoever sits already leaves no deposit, and has come.
    booking.policy = {**terms.without_fees(asked), "deposit_kobo": 0, "rates": []}
    guests.enter(booking, by=by)
    booking.save(force_insert=True)
    claiming.allocate(booking, plan, tables)
    refuse_occupied_tables(booking)
    claiming.record(booking, by=by, from_status="")
    publish(PartySeated(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id, at=now))
    claiming.tell_open_pages(plan, day)
    return booking


# --- What these share -----------------------------------------------------------------------------------------


def _tell(booking: Booking) -> None:
    claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)


def _not_before_its_day(booking: Booking, now: datetime) -> None:
    """:raises TooEarlyToSeat: to a party that may come, on a day before its own"""
    if selectors.service_day_of(booking.restaurant_id, now) < booking.service_day:
        raise errors.TooEarlyToSeat


def _must_be(booking: Booking, status: Status, *, to: Status) -> None:
    """:raises core.states.IllegalMove: from any other state, even one that may become the same by another way"""
    if booking.status != status:
        raise MACHINE.refusal(booking.status, to)


def _same_service_day(booking: Booking) -> None:
    if selectors.service_day_of(booking.restaurant_id) != booking.service_day:
        raise errors.UndoTooLate


def _shift_now(plan: ServicePlan, day: date, now: datetime) -> ShiftPlan | None:
    """Return the shift whose seatings are under way, else the day's last that has begun."""
    begun = [slot.shift for slot in slot_times(plan, day) if slot.starts_at <= now]
    return begun[-1] if begun else None


def usual_turn(plan: ServicePlan, day: date, now: datetime, party_size: int) -> timedelta:
    """Return how long a party that sits down now keeps its table."""
    shift = _shift_now(plan, day, now)
    if shift is not None:
        return shift.turn_time(party_size)
    return timedelta(minutes=next(minutes for largest, minutes in DEFAULT_TURN_MINUTES if party_size <= largest))


def refuse_occupied_tables(booking: Booking) -> None:
    """Refuse while an earlier party overruns: its rows may have ended, its people have not left."""
    tables = TableAllocation.objects.filter(booking=booking, live=True).values("table_id")
    sitting = tables_sat_at(booking.restaurant_id, booking.service_day).filter(table_id__in=tables)
    names = list(sitting.exclude(booking=booking).values_list("table__name", flat=True))
    if names:
        raise errors.TableStillOccupied(tables=names)


def _leave_out_occupied_tables(
    occupancy: Occupancy, restaurant_id: int, day: date, starts_at: datetime, until: datetime
) -> None:
    """Count tables of parties that overrun as taken, so that the best of the really free ones is found."""
    for table_id in tables_sat_at(restaurant_id, day).values_list("table_id", flat=True):
        occupancy.add(Allocation(table_id, starts_at, until, covers=0))


def tables_sat_at(restaurant_id: int, day: date) -> QuerySet[TableAllocation]:
    """Return the tables of parties seated in this service; one left open yesterday has gone home long since."""
    return TableAllocation.objects.filter(
        restaurant_id=restaurant_id, live=True, booking__status=Status.SEATED, booking__service_day=day
    )


def _begin_early(booking: Booking, now: datetime) -> None:
    """Keep the tables from now on; the exclusion constraint refuses when another party has them until later."""
    early = claiming.to_the_grain(now)
    for allocation in TableAllocation.objects.filter(booking=booking, live=True).order_by("table_id"):
        if early < allocation.during.lower:
            allocation.during = TimestamptzRange(early, allocation.during.upper, "[)")
            allocation.save(update_fields=["during"])


def _retable(booking: Booking, plan: ServicePlan, table_ids: Sequence[int] | None, now: datetime) -> None:
    """Give a booking the chosen tables, or the best that are free for the rest of its turn."""
    plan, occupancy, expired = selectors.plan_and_occupancy(
        plan.id, booking.service_day, now=now, except_booking=booking.pk
    )
    starts_at = max(booking.starts_at, now - GRAIN) if booking.ends_at > now else booking.starts_at
    claiming.refuse_steps(plan, table_ids or (), step_free=booking.step_free)
    tables = _tables_for(
        plan.for_wish(step_free=booking.step_free),
        booking.service_day,
        occupancy,
        starts_at,
        booking.ends_at,
        booking.party_size,
        table_ids,
    )
    if expired:
        claiming.expire_holds(expired, now=now)
    TableAllocation.objects.filter(booking=booking).delete()
    # What was asked for is what is kept: before now the table may have been somebody else's.
    claiming.allocate(booking, plan, tables, starts_at=starts_at)
    if table_ids:
        booking.is_locked = True
        booking.save(update_fields=["is_locked", "updated_at"])
