"""The waiting list of a date: joining, timed offers that hold the table, answers, and what passes on by itself.

An offer is decided without the day's lock, where a search among all parties may take its time, and made under it if
the day is still as it was read. The lock order is the day, the entry, the booking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from bookings import errors, matching, rearranging, selectors
from bookings.availability import Occupancy, Reason, SlotTime, ends_at, hard_close_refusal, party_refusal, time_refusal
from bookings.events import StandbyClosed, StandbyJoined, StandbyLapsed, StandbyOffered
from bookings.matching import Match, Waiting, next_match, offer_ends_at, place_for, slots_of
from bookings.models import Booking, StandbyEntry, StandbyHistory
from bookings.packing import Party
from bookings.services import claiming, freed
from bookings.services.booking import alternative, confirm_hold
from bookings.services.claiming import Actor, Claim, Guest
from bookings.states import (
    OCCUPYING,
    STAFF_CHANNELS,
    STANDBY_LIVE,
    ActorKind,
    StandbyPriority,
    StandbyStatus,
    Status,
    SystemReason,
)
from bookings.terms import terms_for, without_fees
from core import audit, codes
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of, remembered_plan

# How often an offer is decided anew because the day changed meanwhile; then the sweep comes by.
TRIES = 3
BATCH = 200
# Longer ranges are calendars, not an evening.
LONGEST_RANGE = timedelta(hours=18)


def join_waitlist(
    *,
    restaurant_id: int,
    earliest: datetime,
    latest: datetime,
    party_size: int,
    guest: Guest,
    by: Actor,
    diner: User | None = None,
    areas: Sequence[UUID] = (),
    language: str = "en",
    priority: StandbyPriority = StandbyPriority.USUAL,
) -> StandbyEntry:
    """Put a party on the waiting list of a service day, and return its place.

    :param earliest: with `latest`, the range of starts that suit the party, both included
    :param priority: the class in the fair order; staff's to give
    :raises ContactMissing: when nobody could be told of an offer
    :raises BookingRefused: its subclass, when the house would take no such party at any of these times
    :raises NoSuchRange: when the house seats nobody in the range
    :raises TableIsFree: with the free times, when a diner need not wait
    :raises AlreadyWaiting: when the diner, phone or address has a place there on that day
    """
    if not (guest.phone or guest.email):
        raise errors.ContactMissing
    now = timezone.now()
    plan = plan_of(restaurant_id)
    day, slots = range_of(plan, earliest, latest, party_size, now=now, online=by.is_online)
    area_ids = _area_ids(plan, areas)
    if by.is_online:
        _refuse_where_free(plan, day, slots, party_size, area_ids, now=now)
    entry = StandbyEntry(
        restaurant_id=restaurant_id,
        diner=diner,
        guest_name=guest.name,
        guest_phone=guest.phone,
        guest_email=guest.email,
        language=language,
        channel=by.channel,
        priority=priority,
        party_size=party_size,
        service_day=day,
        earliest=slots[0].starts_at,
        latest=slots[-1].starts_at,
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
            entry.areas.set(area_ids)
            _record(entry, by=by, from_status="")
            publish(StandbyJoined(entry_id=entry.public_id, restaurant_id=plan.public_id))
            freed.tell_of_room(restaurant_id, [day])
            claiming.tell_open_pages(plan, day)
    except IntegrityError as clash:
        if not claiming.constraint_of(clash).startswith("one_place_per_"):
            raise
        raise errors.AlreadyWaiting from clash
    return entry


def range_of(
    plan: ServicePlan, earliest: datetime, latest: datetime, party_size: int, *, now: datetime, online: bool
) -> tuple[date, list[SlotTime]]:
    """Return the service day of a range and its starts that the house's rules allow such a party.

    A range that reaches into another service day is cut off where that begins.

    :raises BookingRefused: :raises NoSuchRange:
    """
    reason = party_refusal(plan, party_size, online=online, may_ask=False)
    if reason is not None:
        raise claiming.party_refused(reason, plan, online=online, may_ask=False)
    if not earliest <= latest <= earliest + LONGEST_RANGE:
        raise errors.NoSuchRange
    local = earliest.astimezone(plan.zone).date()
    for day in (local - timedelta(days=1), local, local + timedelta(days=1)):
        slots = list(slots_of(plan, day, earliest, latest))
        if not slots:
            continue
        refusals = [
            time_refusal(plan, slot, now=now, online=online) or hard_close_refusal(plan, slot, party_size)
            for slot in slots
        ]
        allowed = [slot for slot, refusal in zip(slots, refusals, strict=True) if refusal is None]
        if not allowed:
            raise claiming.refused(refusals[-1] or Reason.NOT_A_SEATING_TIME, plan)
        return day, allowed
    raise errors.NoSuchRange


def _refuse_where_free(
    plan: ServicePlan, day: date, slots: Sequence[SlotTime], party_size: int, area_ids: Sequence[int], *, now: datetime
) -> None:
    wanted = {slot.starts_at for slot in slots}
    free = [
        slot
        for slot in selectors.slots_on(plan.id, day, party_size, now=now)
        if slot.available and slot.starts_at in wanted and (not area_ids or set(area_ids) & set(slot.area_ids))
    ]
    if free:
        raise errors.TableIsFree(alternatives=[alternative(plan, slot) for slot in free[: selectors.ALTERNATIVES]])


def _area_ids(plan: ServicePlan, areas: Sequence[UUID]) -> list[int]:
    found = [plan.area_named(area) for area in areas]
    if None in found:
        raise errors.UnknownArea
    return [area.id for area in found if area is not None]


# --- Offering -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """A service day as it was read: while it reads the same, what was decided from it holds."""

    plan: ServicePlan
    room: rearranging.Day
    occupancy: Occupancy
    parties: list[Party]
    expired_holds: set[int]
    waiting: list[Waiting]

    def is_as(self, other: "_Seen") -> bool:
        return (
            self.plan.version == other.plan.version
            and self.occupancy.masks == other.occupancy.masks
            and sorted(self.occupancy.starts) == sorted(other.occupancy.starts)
            and self.parties == other.parties
            and self.waiting == other.waiting
        )

    def mark(self) -> int:
        """Return a number that days share which read the same."""
        taken = tuple(sorted(self.occupancy.masks.items()))
        starts = tuple(sorted(self.occupancy.starts))
        return hash((self.plan.version, taken, starts, tuple(self.parties), tuple(self.waiting)))


def _see(restaurant_id: int, day: date, *, now: datetime, only: int | None = None) -> _Seen:
    plan, occupancy, expired = selectors.plan_and_occupancy(restaurant_id, day, now=now)
    room = rearranging.Day.of(plan, day, occupancy, now=now)
    return _Seen(plan, room, occupancy, list(room.parties), expired, waiting_on(restaurant_id, day, only=only))


def waiting_on(restaurant_id: int, day: date, *, only: int | None = None) -> list[Waiting]:
    """Return who waits for a service day, as the matcher knows them, in fair order; two queries."""
    entries = StandbyEntry.objects.filter(
        restaurant_id=restaurant_id, service_day=day, status=StandbyStatus.WAITING
    ).order_by("priority", "joined_at", "pk")
    if only is not None:
        entries = entries.filter(pk=only)
    return [
        Waiting(
            key=entry.pk,
            party_size=entry.party_size,
            earliest=entry.earliest,
            latest=entry.latest,
            priority=entry.priority,
            joined_at=entry.joined_at,
            area_ids=frozenset(area.pk for area in entry.areas.all()),
            is_online=entry.channel not in STAFF_CHANNELS,
        )
        for entry in entries.prefetch_related("areas")
    ]


# Days that were looked at in vain, and what they were like: nothing fits until something changes.
_in_vain: dict[tuple[int, date], int] = {}
MOST_REMEMBERED = 10_000


def offer_next(*, restaurant_id: int, day: date, only_if_changed: bool = False) -> StandbyEntry | None:
    """Offer what is free on a service day to the first of its waiting list whom it fits; return the place offered to.

    None when nothing fits anybody, or when the day changes so fast that the sweep had better look again. Whoever is
    left is looked at by the event that the offer publishes.

    :param only_if_changed: for who comes by often: do not search a day again that this process searched in vain
    :raises core.errors.Busy: when the day stays locked by others for three seconds
    """
    for _try in range(TRIES):
        now = timezone.now()
        seen = _see(restaurant_id, day, now=now)
        if only_if_changed and _in_vain.get((restaurant_id, day)) == seen.mark():
            return None
        match = next_match(seen.room, day, seen.waiting, now=now) if seen.waiting else None
        if match is None:
            if len(_in_vain) >= MOST_REMEMBERED:
                _in_vain.clear()
            _in_vain[restaurant_id, day] = seen.mark()
            return None
        offered = _offer(seen, day, match, by=Actor.system())
        if offered is not None:
            return offered
    return None


def offer_now(*, entry: StandbyEntry, by: Actor) -> StandbyEntry:
    """Offer a table to this very party, whoever stands before it: staff know why, and it is written down.

    :raises NothingFits: when there is no table for it
    :raises core.states.IllegalMove: when it does not wait any more
    """
    for _try in range(TRIES):
        now = timezone.now()
        seen = _see(entry.restaurant_id, entry.service_day, now=now, only=entry.pk)
        match = place_for(seen.room, entry.service_day, seen.waiting[0], now=now) if seen.waiting else None
        if match is None:
            break
        offered = _offer(seen, entry.service_day, match, by=by, only=entry.pk)
        if offered is not None:
            audit.record("standby.offered_out_of_turn", actor=by.user, target=offered)
            return offered
    entry.refresh_from_db()
    entry.move_to(StandbyStatus.OFFERED)  # says so, where it does not wait any more
    raise errors.NothingFits


def _offer(seen: _Seen, day: date, match: Match, *, by: Actor, only: int | None = None) -> StandbyEntry | None:
    """Make an offer if the day is still as it was seen; None when it is not."""
    try:
        with transaction.atomic():
            claiming.lock_service_days(seen.plan.id, [day])
            # The clock is read under the lock: what has run out meanwhile makes it another day.
            now = timezone.now()
            current = _see(seen.plan.id, day, now=now, only=only)
            if not current.is_as(seen) or match.slot.starts_at - now < matching.LEAST_NOTICE:
                return None
            return _offer_under_lock(current, day, match, by=by, now=now)
    except (IntegrityError, errors.NoTableFree):
        # A code that is taken, or somebody who has just been promised a table: once more, with the day as it is then.
        return None


def _offer_under_lock(seen: _Seen, day: date, match: Match, *, by: Actor, now: datetime) -> StandbyEntry | None:
    plan = seen.plan
    entry = StandbyEntry.objects.select_for_update(of=("self",)).get(pk=match.key)
    if entry.status != StandbyStatus.WAITING:
        return None
    if seen.expired_holds:
        claiming.expire_holds(seen.expired_holds, now=now)
    if match.found.moves:
        claiming.make_room(plan, match.found)
    until = offer_ends_at(match.slot.starts_at, now, plan)
    hold = Booking.objects.create(
        code=codes.new_code(),
        restaurant_id=plan.id,
        # How to reach the guest comes with the yes: until then the table is kept, and nothing is booked.
        guest_name=entry.guest_name,
        language=entry.language,
        status=Status.HELD,
        channel=entry.channel,
        party_size=entry.party_size,
        service_day=day,
        shift_name=match.slot.shift.name,
        starts_at=match.slot.starts_at,
        ends_at=match.ends_at,
        area_id=match.area_id,
        hold_expires_at=until,
        # Who waits has not read of fees and agreed.
        policy=without_fees(
            terms_for(
                plan, entry.party_size, day=day, starts_at=match.slot.starts_at, area_id=_area_asked_for(entry, match)
            )
        ),
        created_by=by.user,
    )
    claiming.allocate(hold, plan, match.found.table_ids)
    claiming.record(hold, by=by, from_status="", reason=SystemReason.ON_OFFER)
    entry.booking, entry.offered_at, entry.offer_expires_at = hold, now, until
    _move(entry, StandbyStatus.OFFERED, by=by, reason=_why_passed(match), changes=_passed(match))
    publish(StandbyOffered(entry_id=entry.public_id, expires_at=until, restaurant_id=plan.public_id))
    # There may be room for more: the next is found in a transaction of its own.
    freed.tell_of_room(plan.id, [day])
    claiming.tell_open_pages(plan, day)
    return entry


def _area_asked_for(entry: StandbyEntry, match: Match) -> int | None:
    """Return the area whose terms hold: the one of the offer, where the guest has asked for areas."""
    return match.area_id if match.area_id and entry.areas.exists() else None


def _passed(match: Match) -> dict[str, Any]:
    if not match.passed:
        return {}
    rows = StandbyEntry.objects.filter(pk__in=match.passed).values_list("pk", "public_id")
    names = {pk: str(public_id) for pk, public_id in rows}
    return {"passed": [names[pk] for pk in match.passed if pk in names]}


def _why_passed(match: Match) -> str:
    return "those before do not fit" if match.passed else ""


# --- Answers ------------------------------------------------------------------------------------------------------


def accept_offer(*, entry: StandbyEntry, by: Actor) -> Booking:
    """Turn an offer into a booking, and return it; accepted twice, it is the same booking.

    At the very moment it lapses, whoever locks the row first decides.

    :raises OfferGone: when it has lapsed, was answered otherwise, or was never made
    :raises OverlapsOwnBooking: when the diner has another booking then
    """
    _refuse_where_gone(entry)
    with transaction.atomic():
        entry = _locked(entry.pk)
        hold = entry.booking
        if entry.status == StandbyStatus.ACCEPTED and hold is not None:
            return hold
        now = timezone.now()
        is_over = entry.offer_expires_at is None or entry.offer_expires_at <= now
        if entry.status != StandbyStatus.OFFERED or hold is None or is_over:
            raise errors.OfferGone(state=_now_called(entry, is_over))
        _refuse_overlap(entry, hold, by)
        try:
            booking = confirm_hold(
                hold=hold,
                guest=Guest(entry.guest_name, entry.guest_phone, entry.guest_email),
                by=by,
                language=entry.language,
            )
        except errors.HoldExpired as gone:
            raise errors.OfferGone(state=StandbyStatus.LAPSED.value) from gone
        if entry.diner_id is not None:
            booking.diner = entry.diner
            booking.save(update_fields=["diner", "updated_at"])
        _move(entry, StandbyStatus.ACCEPTED, by=by)
        claiming.tell_open_pages(remembered_plan(entry.restaurant_id), entry.service_day)
    return booking


def _refuse_where_gone(entry: StandbyEntry) -> None:
    """Refuse at once, without a lock, what is over as the row stands: nothing that is over comes back.

    :raises OfferGone:
    """
    row = StandbyEntry.objects.only("status", "offer_expires_at").get(pk=entry.pk)
    is_over = row.offer_expires_at is None or row.offer_expires_at <= timezone.now()
    if row.status not in (StandbyStatus.OFFERED, StandbyStatus.ACCEPTED) or (
        row.status == StandbyStatus.OFFERED and is_over
    ):
        raise errors.OfferGone(state=_now_called(row, is_over))


def _now_called(entry: StandbyEntry, is_over: bool) -> str:
    lapsed = entry.status == StandbyStatus.OFFERED and is_over
    return StandbyStatus.LAPSED.value if lapsed else entry.status


def _refuse_overlap(entry: StandbyEntry, hold: Booking, by: Actor) -> None:
    if by.kind == ActorKind.STAFF or entry.diner_id is None:
        return
    # As the diner, whose other bookings count, whoever holds the link.
    candidate = Booking(pk=hold.pk, diner=entry.diner)
    plan = plan_of(entry.restaurant_id)
    slots = list(slots_of(plan, hold.service_day, hold.starts_at, hold.starts_at))
    if slots:
        claim = Claim(slots[0], hold.party_size, ends_at(plan, slots[0], hold.party_size), hold.area_id)
        claiming.refuse_own_overlap(candidate, claim, restaurant_id=plan.id, by=by)


def decline_offer(*, entry: StandbyEntry, by: Actor) -> StandbyEntry:
    """Say no to an offer: the table goes to the next, and the party leaves the list. Declined twice, once is enough.

    :raises OfferGone: when there is no offer any more
    """
    with transaction.atomic():
        entry = _locked(entry.pk)
        if entry.status == StandbyStatus.DECLINED:
            return entry
        if entry.status != StandbyStatus.OFFERED:
            raise errors.OfferGone(state=entry.status)
        _end_offer(entry, StandbyStatus.DECLINED, by=by)
    return entry


def leave_waitlist(
    *, entry: StandbyEntry, by: Actor, reason: str = "", expected_version: int | None = None
) -> StandbyEntry:
    """Take a party off the list; an offer it has goes to the next.

    :raises core.states.IllegalMove: when it is off the list already
    """
    with transaction.atomic():
        entry = _locked(entry.pk)
        if expected_version is not None and entry.version != expected_version:
            raise errors.QueueMovedOn(version=entry.version)
        if entry.status == StandbyStatus.ACCEPTED:
            # The booking is what is cancelled then, by its own terms.
            raise errors.OfferGone(state=entry.status)
        _end_offer(entry, StandbyStatus.WITHDRAWN, by=by, reason=reason)
        if by.kind == ActorKind.STAFF:
            audit.record("standby.withdrawn_by_house", actor=by.user, target=entry)
    return entry


def leave_after_cancelling(*, booking: Booking) -> int:
    """Take whoever cancelled a table won through the list off it, for that day and house; returns how many places.

    Another place of the same diner for the same day goes with it: nobody wins twice by giving back.
    """
    with transaction.atomic():
        won = list(
            StandbyEntry.objects.select_for_update(of=("self",)).filter(booking=booking, status=StandbyStatus.ACCEPTED)
        )
        if not won:
            return 0
        same = Q()
        for entry in won:
            if entry.diner_id is not None:
                same |= Q(diner_id=entry.diner_id)
            if entry.guest_phone_index:
                same |= Q(guest_phone_index=entry.guest_phone_index)
            if entry.guest_email_index:
                same |= Q(guest_email_index=entry.guest_email_index)
        others = (
            StandbyEntry.objects.select_for_update(of=("self",))
            .filter(same, restaurant_id=booking.restaurant_id, service_day=won[0].service_day)
            .filter(status__in=STANDBY_LIVE)
            .order_by("pk")
        )
        for entry in [*won, *others]:
            _end_offer(entry, StandbyStatus.WITHDRAWN, by=Actor.system(), reason=SystemReason.WON_ELSEWHERE)
    return len(won)


def set_priority(
    *, entry: StandbyEntry, priority: StandbyPriority, by: Actor, expected_version: int | None = None
) -> StandbyEntry:
    """Put a waiting party into another class of the fair order, and return it.

    :raises OfferGone: when it does not wait any more
    """
    with transaction.atomic():
        entry = _locked(entry.pk)
        if expected_version is not None and entry.version != expected_version:
            raise errors.QueueMovedOn(version=entry.version)
        if entry.status != StandbyStatus.WAITING:
            raise errors.OfferGone(state=entry.status)
        if entry.priority != priority:
            changes = {"priority": {"from": entry.priority, "to": int(priority)}}
            entry.priority = priority
            entry.version += 1
            entry.save(update_fields=["priority", "version"])
            _record(entry, by=by, from_status=entry.status, changes=changes)
            audit.record("standby.class_changed", actor=by.user, target=entry, details=changes["priority"])
            claiming.tell_open_pages(remembered_plan(entry.restaurant_id), entry.service_day)
    return entry


# --- What passes by itself ----------------------------------------------------------------------------------------


def lapse_offers() -> int:
    """End the offers whose time is over and give their tables back to the next; returns how many.

    So does an offer whose hold somebody ended by another door.
    """
    now = timezone.now()
    with transaction.atomic():
        over = list(
            StandbyEntry.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(offer_expires_at__lte=now) | ~Q(booking__status=Status.HELD), status=StandbyStatus.OFFERED)
            .order_by("pk")[:BATCH]
        )
        for entry in over:
            _end_offer(entry, StandbyStatus.LAPSED, by=Actor.system())
            publish(StandbyLapsed(entry_id=entry.public_id, restaurant_id=_house_of(entry)))
    return len(over)


def close_past() -> int:
    """Close the places whose time has come without a table, and tell; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        past = list(
            StandbyEntry.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status=StandbyStatus.WAITING, latest__lt=now + matching.LEAST_NOTICE)
            .order_by("pk")[:BATCH]
        )
        for entry in past:
            _move(entry, StandbyStatus.CLOSED, by=Actor.system())
            publish(StandbyClosed(entry_id=entry.public_id, restaurant_id=_house_of(entry)))
            claiming.tell_open_pages(remembered_plan(entry.restaurant_id), entry.service_day)
    return len(past)


def days_waited_for() -> list[tuple[int, date]]:
    """Return the (restaurant, service day) pairs that somebody waits for."""
    waiting = StandbyEntry.objects.filter(status=StandbyStatus.WAITING, latest__gt=timezone.now())
    return sorted(waiting.order_by().values_list("restaurant_id", "service_day").distinct())


# --- What these share -----------------------------------------------------------------------------------------------


def _end_offer(entry: StandbyEntry, status: StandbyStatus, *, by: Actor, reason: str = "") -> None:
    """Move a locked entry to its end; a table still held for it is given back in the same transaction."""
    was_offered = entry.status == StandbyStatus.OFFERED
    _move(entry, status, by=by, reason=reason)
    if was_offered and entry.booking_id is not None:
        hold = claiming.locked(entry.booking_id)
        if hold.status in (Status.HELD, Status.EXPIRED):
            # Nothing was booked: the name was for the desk, while the table was kept.
            hold.guest_name = ""
            hold.save(update_fields=["guest_name", "updated_at"])
        if hold.status == Status.HELD:
            claiming.move(hold, Status.EXPIRED, by=Actor.system(), reason=SystemReason.OFFER_ENDED)
            claiming.free_tables(hold)
        elif hold.status not in OCCUPYING:
            freed.tell_of_room(entry.restaurant_id, [entry.service_day])
    claiming.tell_open_pages(remembered_plan(entry.restaurant_id), entry.service_day)


def _move(
    entry: StandbyEntry, status: StandbyStatus, *, by: Actor, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    before = entry.status
    entry.move_to(status)
    entry.version += 1
    entry.save()
    _record(entry, by=by, from_status=before, reason=reason, changes=changes)


def _record(
    entry: StandbyEntry, *, by: Actor, from_status: str, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    StandbyHistory.objects.create(
        entry=entry,
        actor=by.user,
        actor_kind=by.kind,
        channel=by.channel,
        from_status=from_status,
        to_status=entry.status,
        reason=reason[:300],
        changes=changes or {},
    )


def _locked(pk: int) -> StandbyEntry:
    return StandbyEntry.objects.select_for_update(of=("self",)).select_related("booking", "diner").get(pk=pk)


def _house_of(entry: StandbyEntry) -> UUID:
    return remembered_plan(entry.restaurant_id).public_id
