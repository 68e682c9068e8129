"""What every claim on tables shares: the lock of the day, the search for room, the rows, the history.

The method is one short advisory lock per (restaurant, service day), taken after everything that can be prepared is
prepared; then pacing, room, insert. The exclusion constraint behind it is the last line, not the method.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection
from django.db.models import Q
from django.utils import timezone
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.types.range import TimestamptzRange

from accounts.models import User
from accounts.partners.models import PartnerApp
from bookings import errors, rearranging, selectors
from bookings.availability import (
    GRAIN,
    Occupancy,
    Reason,
    SlotTime,
    best_seating,
    ends_at,
    find_slot_time,
    hard_close_refusal,
    large_tables_kept,
    pacing_refusal,
    party_refusal,
    time_refusal,
)
from bookings.models import Booking, TableAllocation
from bookings.packing import Arrangement
from bookings.services import advances, fees, freed, guest_figures, promises
from bookings.services.recording import record as record
from bookings.states import APOLOGY, FOR_THE_GUEST, STAFF_CHANNELS, ActorKind, Channel, Status
from bookings.terms import terms_for
from core import audit
from core.encryption import index_of_email, index_of_phone
from core.errors import Busy
from core.realtime import announce
from localization import formatting
from restaurants.service_plan import ServicePlan, remembered_plan

# How often a claim looks for room without the day's lock, before it keeps the lock while it looks: where others are
# always quicker, somebody has to get an answer.
SEARCHES = 4


@dataclass(frozen=True)
class Actor:
    """Who does something, as what, and through which door."""

    user: User | None
    kind: ActorKind
    channel: Channel
    app: PartnerApp | None = None

    @property
    def is_online(self) -> bool:
        """Whether the rules for diners apply, rather than those for the house's own staff."""
        return self.channel not in STAFF_CHANNELS

    @classmethod
    def diner(cls, user: User | None, channel: Channel = Channel.WEB) -> "Actor":
        return cls(user, ActorKind.DINER, channel)

    @classmethod
    def staff(cls, user: User, channel: Channel = Channel.ADMIN) -> "Actor":
        return cls(user, ActorKind.STAFF, channel)

    @classmethod
    def partner(cls, app: PartnerApp, channel: Channel = Channel.API) -> "Actor":
        return cls(None, ActorKind.PARTNER, channel, app)

    @classmethod
    def system(cls) -> "Actor":
        return cls(None, ActorKind.SYSTEM, Channel.SYSTEM)


@dataclass(frozen=True)
class Guest:
    """How the house knows and reaches the party's host; phone in international form."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Claim:
    """The wish, checked against everything that needs no lock."""

    slot: SlotTime
    party_size: int
    ends_at: datetime
    area_id: int | None
    step_free: bool = False
    """Every table of theirs must be one without steps."""


def lock_service_days(restaurant_id: int, days: Iterable[date]) -> None:
    """Wait for the sole right to change these days' bookings, until the transaction ends.

    :raises Busy: when others keep it longer than three seconds
    """
    with connection.cursor() as cursor:
        for day in sorted(set(days)):
            try:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [restaurant_id, day.toordinal()])
            except OperationalError as error:
                if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                    raise Busy from error
                raise


def check_claim(
    plan: ServicePlan,
    *,
    starts_at: datetime,
    party_size: int,
    area: UUID | None,
    now: datetime,
    online: bool,
    may_ask: bool = True,
    step_free: bool = False,
) -> Claim:
    """Return the claim when no rule but pacing and room stands against it.

    :param step_free: the party can only sit where there are no steps
    :param may_ask: False where a group cannot ask the house first, and so has to call
    :raises BookingRefused: its subclass for the first rule that says no
    """
    reason = party_refusal(plan.for_wish(step_free=step_free), party_size, online=online, may_ask=may_ask)
    if reason is not None:
        raise party_refused(reason, plan, online=online, may_ask=may_ask)
    if starts_at < now:
        raise refused(Reason.IN_THE_PAST, plan)
    if online and starts_at - now > timedelta(days=plan.policy.window_days + 2):
        raise refused(Reason.TOO_FAR_AHEAD, plan)
    slot = find_slot_time(plan, starts_at)
    if isinstance(slot, Reason):
        raise refused(slot, plan)
    reason = time_refusal(plan, slot, now=now, online=online) or hard_close_refusal(plan, slot, party_size)
    if reason is not None:
        raise refused(reason, plan)
    area_id = None
    if area is not None:
        found = plan.area_named(area)
        if found is None:
            raise errors.UnknownArea
        area_id = found.id
    return Claim(slot, party_size, ends_at(plan, slot, party_size), area_id, step_free)


def refuse_own_overlap(
    booking: Booking, claim: Claim, *, restaurant_id: int, by: Actor, only_looking: bool = False
) -> None:
    """Refuse the same party twice. Staff may do as they are asked: an assistant books for many.

    Without an account only the very same booking is refused: a phone is often shared, and an answer about another
    booking would tell a stranger whose evening this is.

    :param only_looking: nothing is taken if this says nothing, so nobody else need wait
    :raises OverlapsOwnBooking: :raises DuplicateBooking:
    """
    if by.kind not in FOR_THE_GUEST:
        return
    others = Booking.objects.occupying().exclude(status=Status.HELD, hold_expires_at__lte=timezone.now())
    if booking.pk is not None:
        others = others.exclude(pk=booking.pk)
    if booking.diner is not None:
        if not only_looking:
            # The day's lock is one house's; two houses are kept apart by whoever asks both.
            User.objects.select_for_update(no_key=True).only("pk").get(pk=booking.diner.pk)
        mine = others.filter(diner=booking.diner, starts_at__lt=claim.ends_at, ends_at__gt=claim.slot.starts_at)
        if mine.exists():
            raise errors.OverlapsOwnBooking
        return
    contact = Q()
    if booking.guest_phone:
        contact |= Q(guest_phone_index=index_of_phone(booking.guest_phone))
    if booking.guest_email:
        contact |= Q(guest_email_index=index_of_email(booking.guest_email))
    if not contact:
        return
    same = others.filter(
        contact,
        restaurant_id=restaurant_id,
        service_day=claim.slot.service_day,
        starts_at=claim.slot.starts_at,
        party_size=claim.party_size,
        guest_name__iexact=booking.guest_name,
    )
    if same.exists():
        raise errors.DuplicateBooking


def party_refused(
    reason: Reason, plan: ServicePlan, *, online: bool, may_ask: bool = True, largest: int | None = None
) -> errors.BookingRefused:
    """Return the refusal of a party for its size, by the limits that hold for whoever asks.

    :param largest: for staff, where several tables cannot be put together; otherwise what the whole house seats
    :param may_ask: False where a group cannot ask the house first, though it may be able to for another booking
    """
    if reason not in (Reason.PARTY_TOO_LARGE, Reason.PARTY_TOO_SMALL):
        return refused(reason, plan)
    details: dict[str, Any] = {"reason": reason.value, "smallest": plan.policy.min_party_online}
    if not online:
        most = max(plan.largest_party, plan.seats) if largest is None else largest
        return errors.PartySizeRefused(errors.PartySizeRefused.at_the_desk, **{**details, "smallest": 1}, largest=most)
    if may_ask:
        return errors.PartySizeRefused(**details, largest=plan.largest_party_on_request)
    details["largest"] = plan.largest_party_online
    if reason == Reason.PARTY_TOO_LARGE and plan.largest_party_on_request > plan.largest_party_online:
        return errors.PartySizeRefused(
            errors.PartySizeRefused.ask_for_one, **details, largest_on_request=plan.largest_party_on_request
        )
    return errors.PartySizeRefused(**details)


def refused(reason: Reason, plan: ServicePlan) -> errors.BookingRefused:
    """Return the refusal for a reason, with the figures its sentence needs; of a party's size as if it asked online."""
    policy = plan.policy
    details: dict[str, Any] = {"reason": reason.value}
    if reason in (Reason.PARTY_TOO_LARGE, Reason.PARTY_TOO_SMALL):
        return party_refused(reason, plan, online=True)
    if reason is Reason.TOO_SOON:
        details |= {"minutes": policy.min_lead_minutes}
    elif reason is Reason.TOO_FAR_AHEAD:
        details |= {"days": policy.window_days}
    return errors.REFUSALS[reason](**details)


def find_tables(
    plan: ServicePlan,
    occupancy: Occupancy,
    claim: Claim,
    *,
    now: datetime,
    online: bool,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    except_booking: int = 0,
    sought: rearranging.Sought | None = None,
) -> Arrangement:
    """Return the tables for a claim: those that staff chose, the best fit, or what is free once others have moved.

    Whoever moves has still to be moved, by make_room(). Nothing slow is done here, for the day is locked: whether
    others could move is told by `sought`, which `searching_first` finds without the lock.

    :raises TooManyAtOnce: :raises NoTableFree: :raises TableTaken: :raises UnknownTable: :raises TableHasSteps:
    :raises SearchFirst: when no table is free and nothing that was sought holds for this day
    """
    if heed_pacing:
        reason = pacing_refusal(claim.slot, claim.party_size, occupancy)
        if reason is not None:
            raise refused(reason, plan)
    if table_ids:
        refuse_steps(plan, table_ids, step_free=claim.step_free)
        return Arrangement(chosen_tables(plan, occupancy, table_ids, claim.slot.starts_at, claim.ends_at))
    large_kept = large_tables_kept(plan, claim.slot, now=now, online=online)
    seating = best_seating(
        plan.for_wish(step_free=claim.step_free),
        occupancy,
        starts_at=claim.slot.starts_at,
        until=claim.ends_at,
        party_size=claim.party_size,
        online=online,
        area_id=claim.area_id,
        large_kept=large_kept,
    )
    if seating is not None:
        return Arrangement(seating.table_ids)
    day = rearranging.Day.of(plan, claim.slot.service_day, occupancy, now=now, except_booking=except_booking)
    search = day.search_for(
        claim.party_size,
        starts_at=claim.slot.starts_at,
        until=claim.ends_at + timedelta(minutes=plan.policy.buffer_minutes),
        online=online,
        area_id=claim.area_id,
        large_kept=large_kept,
        step_free=claim.step_free,
    )
    if search.is_hopeless:
        raise refused(Reason.NO_TABLE, plan)
    if sought is None or not sought.holds_for(search):
        if sought is None or not sought.is_last:
            raise SearchFirst(search)
        sought = search.run()
    if sought.arrangement is None:
        raise refused(Reason.NO_TABLE, plan)
    return sought.arrangement


class SearchFirst(Exception):
    """Others would have to move, and how is to be sought without the day's lock."""

    def __init__(self, search: rearranging.Search) -> None:
        super().__init__("sought without the lock")
        self.search = search


Result = TypeVar("Result")


def searching_first(
    claim: Callable[[rearranging.Sought | None], Result], sought: rearranging.Sought | None = None
) -> Result:
    """Return what a claim returns, run once more whenever it wants others to have been moved.

    The search, which may take the solver a while, is made between the runs, when the day's lock is gone with the
    transaction. Usually its answer still holds for the second run; when others were quicker it is made anew, and in
    the end under the lock.

    :param claim: opens its transaction, and hands on to `find_tables` what was sought
    :param sought: what was sought before the first run
    """
    for number in range(1, SEARCHES + 1):
        try:
            return claim(sought)
        except SearchFirst as first:
            sought = replace(first.search.run(), is_last=number == SEARCHES)
    return claim(sought)


def look_first(
    seen: selectors.SeenDay,
    claim: Claim,
    *,
    now: datetime,
    online: bool,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    except_booking: int = 0,
) -> rearranging.Sought | None:
    """Refuse, without the day's lock, what cannot be had as the day stands; return what was sought on the way.

    A refusal is as true as one under the lock: it is of one committed state of the day after the request had come.
    Who could move is read in a statement of its own, so where that counts the day must be the same before and after
    it; else nothing is refused here. That nothing is raised promises nothing: whoever takes a table looks once more,
    under the lock.

    :raises TooManyAtOnce: :raises NoTableFree: :raises TableTaken: :raises UnknownTable: :raises TableHasSteps:
    """
    try:
        find_tables(
            seen.plan,
            seen.occupancy,
            claim,
            now=now,
            online=online,
            table_ids=table_ids,
            heed_pacing=heed_pacing,
            except_booking=except_booking,
        )
    except SearchFirst as first:
        sought = first.search.run()
        if sought.arrangement is not None or not selectors.still_stands(seen, except_booking=except_booking):
            return sought
        raise refused(Reason.NO_TABLE, seen.plan) from first
    except errors.NoTableFree:
        if selectors.still_stands(seen, except_booking=except_booking):
            raise
    return None


def look_for_tables(
    plan: ServicePlan, occupancy: Occupancy, claim: Claim, *, now: datetime, online: bool
) -> Arrangement:
    """Return what `find_tables` does, the search included: for whoever holds no lock and only looks.

    :raises TooManyAtOnce: :raises NoTableFree:
    """

    def look(sought: rearranging.Sought | None) -> Arrangement:
        return find_tables(plan, occupancy, claim, now=now, online=online, sought=sought)

    return searching_first(look)


def make_room(
    plan: ServicePlan, arrangement: Arrangement, *, by: Actor | None = None, reason: str = "to make room"
) -> None:
    """Move the parties that an arrangement moves: all of them, or none when one has been seen to meanwhile.

    No guest is told: none of them was promised a table.

    :raises NoTableFree: when one of them has arrived, or somebody has promised it a table, in this very moment
    """
    moved = {
        booking.pk: booking
        for booking in Booking.objects.select_for_update(of=("self",))
        .filter(pk__in=sorted(arrangement.moves))
        .order_by("pk")
    }
    before: dict[int, list[str]] = {pk: [] for pk in moved}
    during: dict[int, TimestamptzRange] = {}
    rows = TableAllocation.objects.filter(booking__in=moved, live=True).order_by("table__name")
    for booking_id, name, stretch in rows.values_list("booking_id", "table__name", "during"):
        before[booking_id].append(name)
        during[booking_id] = stretch
    # What was cancelled just now needs no table any more; its room is there.
    moved = {pk: booking for pk, booking in moved.items() if booking.is_occupying}
    if any(booking.status not in rearranging.MOVABLE or booking.is_locked for booking in moved.values()):
        raise refused(Reason.NO_TABLE, plan)
    # All leave before anybody sits down again: two may change places.
    TableAllocation.objects.filter(booking__in=moved, live=True).delete()
    for booking in moved.values():
        tables = arrangement.moves[booking.pk]
        allocate(booking, plan, tables, during=during[booking.pk])
        names = sorted(plan.table_names[table_id] for table_id in tables)
        changes = {"tables": {"from": before[booking.pk], "to": names}}
        record(booking, by=by or Actor.system(), from_status=booking.status, changes=changes, reason=reason)


def refuse_steps(plan: ServicePlan, table_ids: Iterable[int], *, step_free: bool) -> None:
    """Refuse tables with steps to a party that needs one without.

    :raises TableHasSteps:
    """
    stepped = sorted({*table_ids} - plan.step_free) if step_free else []
    if stepped:
        raise errors.TableHasSteps(tables=[plan.table_names.get(table_id, "") for table_id in stepped])


def is_noted(amounts: Iterable[int], amount_kobo: int) -> bool:
    """Tell whether money is written down already, by the amounts that stand under its reference.

    :raises ReferenceOfAnotherAmount: when it is another amount that does
    """
    noted = next(iter(amounts), None)
    if noted is not None and noted != amount_kobo:
        raise errors.ReferenceOfAnotherAmount(amount=formatting.money(noted), amount_kobo=noted)
    return noted is not None


def refuse_too_small(plan: ServicePlan, table_ids: Iterable[int], party_size: int) -> None:
    """Refuse tables that seat fewer than the party.

    :raises TableTooSmall:
    """
    smallest, largest = plan.room_at(table_ids)
    if party_size > largest:
        names = [plan.table_names.get(table_id, "") for table_id in sorted(set(table_ids))]
        raise errors.TableTooSmall(party=party_size, smallest=smallest, largest=largest, tables=names)


def chosen_tables(
    plan: ServicePlan, occupancy: Occupancy, table_ids: Sequence[int], starts_at: datetime, until: datetime
) -> tuple[int, ...]:
    """Return the tables that staff chose, if they are the house's and free.

    :raises UnknownTable: :raises TableTaken:
    """
    chosen = tuple(sorted(set(table_ids)))
    if any(table_id not in plan.table_areas for table_id in chosen):
        raise errors.UnknownTable
    bits = occupancy.bits(starts_at, until + timedelta(minutes=plan.policy.buffer_minutes))
    taken = [table_id for table_id in chosen if occupancy.masks.get(table_id, 0) & bits]
    if taken:
        raise errors.TableTaken(tables=[plan.table_names[table_id] for table_id in taken])
    return chosen


def allocate(
    booking: Booking,
    plan: ServicePlan,
    table_ids: Sequence[int],
    *,
    starts_at: datetime | None = None,
    during: TimestamptzRange | None = None,
) -> None:
    """Write the rows that keep these tables for a booking, in the order of the tables' keys.

    :param starts_at: from when, where that is not the booking's own start
    :param during: for how long, where that was settled before: the buffer may have changed since
    """
    if during is None:
        until = booking.ends_at + timedelta(minutes=plan.policy.buffer_minutes)
        during = TimestamptzRange(starts_at or booking.starts_at, until, "[)")
    TableAllocation.objects.bulk_create(
        TableAllocation(
            restaurant_id=plan.id,
            table_id=table_id,
            booking=booking,
            during=during,
            covers=booking.party_size if position == 0 else 0,
            expires_at=booking.hold_expires_at if booking.status == Status.HELD else None,
        )
        for position, table_id in enumerate(sorted(table_ids))
    )


def free_tables(booking: Booking) -> None:
    """Give back every table a booking keeps, and tell those who wait for one."""
    TableAllocation.objects.filter(booking=booking, live=True).update(live=False)
    freed.tell_of_room(booking.restaurant_id, [booking.service_day])


def expire_holds(booking_ids: Iterable[int], *, now: datetime) -> int:
    """Turn holds whose time is over into EXPIRED and free their tables; returns how many there were."""
    # Only what is locked here and still a hold is touched: a diner may be confirming it this very moment.
    holds = list(
        Booking.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk__in=sorted(booking_ids), status=Status.HELD, hold_expires_at__lte=now)
        .order_by("pk")
    )
    for hold in holds:
        move(hold, Status.EXPIRED, by=Actor.system())
        free_tables(hold)
    return len(holds)


def move(
    booking: Booking, status: Status, *, by: Actor, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    """Move a locked booking to another state, save it and write its history.

    :raises core.states.IllegalMove: when the table of moves does not have it
    """
    before = booking.status
    booking.move_to(status)
    booking.version += 1
    booking.save()
    guest_figures.follow(booking, before)
    # Written first: what follows of it is told after it.
    record(booking, by=by, from_status=before, reason=reason, changes=changes)
    advances.follow(booking, before, by=by, reason=reason)
    fees.follow(booking, before, by=by)
    promises.follow(booking, before, by=by, is_bumped=APOLOGY in (changes or {}))


def record_passed_pacing(booking: Booking, *, by: Actor) -> None:
    """Record that staff took a party although its time was full."""
    audit.record(
        "booking.pacing_passed", actor=by.user or by.app, target=booking, details={"party_size": booking.party_size}
    )


def locked(booking_id: int, *, expected_version: int | None = None) -> Booking:
    """Return the booking with its row locked until the transaction ends.

    :raises BookingMovedOn: when it is no longer of the version that the asker saw
    """
    booking = Booking.objects.select_for_update(of=("self",)).select_related("restaurant").get(pk=booking_id)
    if expected_version is not None and booking.version != expected_version:
        raise errors.BookingMovedOn(version=booking.version)
    return booking


def to_the_grain(moment: datetime) -> datetime:
    """Return the five minutes a moment lies in."""
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % GRAIN


def house_of(booking: Booking) -> UUID:
    """Return the public id of the restaurant, as events name it."""
    return remembered_plan(booking.restaurant_id).public_id


def tell_open_pages(plan: ServicePlan, *days: date) -> None:
    """Tell pages that are open on these days' times or bookings to look again."""
    for day in sorted(set(days)):
        announce(availability_group(plan.public_id), {"type": "availability.changed", "day": day.isoformat()})


def availability_group(public_id: UUID) -> str:
    return f"availability.{public_id}"


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the constraint that refused a statement."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def terms_of(plan: ServicePlan, claim: Claim) -> dict[str, Any]:
    """Return the terms a diner accepts with what they claim; later edits of the policy do not touch them."""
    return terms_for(
        plan,
        claim.party_size,
        day=claim.slot.service_day,
        starts_at=claim.slot.starts_at,
        area_id=claim.area_id,
    )
