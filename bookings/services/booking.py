"""Taking a table: at once, or held for a while first."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from bookings import errors, offers, selectors, terms
from bookings.events import BookingConfirmed, BookingExpired, BookingRequested
from bookings.guest_book import Known
from bookings.models import Booking, TableAllocation
from bookings.rearranging import Sought
from bookings.services import advances, claiming, guarantees, guests, promises
from bookings.services.claiming import Actor, Claim, Guest
from bookings.states import Status
from core import codes
from core.errors import Busy, DomainError
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of, remembered_plan

logger = logging.getLogger(__name__)

HOLD_FOR = timedelta(minutes=10)
CODE_TRIES = 5


class Asking(StrEnum):
    """Whether a deposit is asked for before the visit, and what becomes of the table while it is awaited."""

    BY_TERMS = "by_terms"
    """Online as the terms say, and the table is held for it; at the desk not at all: it is payable there."""
    HELD = "held"
    """Whatever the terms say of when it is due; the table is held for it. For staff."""
    BOOKED = "booked"
    """As by the terms, but the table is booked meanwhile and given back at the deposit's own time: of many dates made
    at once none is lost within the hour because nobody looked."""


def book_table(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    guest: Guest,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
    step_free: bool = False,
    notes: str = "",
    occasion: str = "",
    language: str = "en",
    request_key: UUID | None = None,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    offer: str = "",
    deposit: Asking = Asking.BY_TERMS,
    seen: selectors.SeenDay | None = None,
) -> Booking:
    """Book a table for a party and return the booking: CONFIRMED, or REQUESTED where the house approves it first.

    Where the terms ask for a deposit before the visit it is HELD, with an advance that is awaited, until the money has
    come; of what is REQUESTED the deposit is asked once the house has said yes.

    It does so for groups above its limit online, if it lets them ask, for which tables of one area are kept together;
    some houses do so for all.

    What was asked for, shown beside it and taken is kept on the booking, with the bonus that was promised for a
    suggested time. The same `request_key` returns the booking it made before. Staff (by.channel) are not held to the
    online limits of size, notice and window; they may choose the tables and pass over the pacing.

    :param step_free: only at a table without steps, or several of which none has any
    :param deposit: whether one is asked for, of those that the terms know
    :param seen: the day at which they want to come, where the door has read it for this request already
    :param offer: the sealed suggestions that the diner was shown, from `offers.seal`; or the apology for a booking that
        the house cancelled, from `offers.seal_apology`, whose points are promised with this one from now on
    :raises BookingRefused: its subclass for the first rule that says no; NoTableFree and TooManyAtOnce carry the
        nearest free times as `details["alternatives"]`
    :raises UnknownSuggestion: when the offer is made up, too old, or another party's
    :raises core.errors.Busy: when the day stays locked by others for three seconds
    """
    if by.is_online and not (guest.phone or guest.email):
        raise errors.ContactMissing
    bumped = offers.opened_apology(offer, restaurant_id=restaurant_id) if by.is_online else None
    shown = None if bumped else _opened(offer, restaurant_id, party_size, by)

    def make(plan: ServicePlan, claim: Claim) -> Booking:
        wished = plan.for_wish(step_free=claim.step_free)
        awaits_approval = by.is_online and wished.awaits_approval(claim.party_size)
        return Booking(
            diner=diner,
            guest_name=guest.name,
            guest_phone=guest.phone,
            guest_email=guest.email,
            language=language,
            status=Status.REQUESTED if awaits_approval else Status.CONFIRMED,
            occasion=occasion,
            notes=notes,
            request_key=request_key,
            **_asked_and_shown(shown, claim, by),
        )

    return _take(
        restaurant_id=restaurant_id,
        starts_at=starts_at,
        party_size=party_size,
        by=by,
        area=area,
        step_free=step_free,
        table_ids=table_ids,
        heed_pacing=heed_pacing,
        request_key=request_key,
        bumped=bumped,
        make=make,
        deposit=deposit,
        seen=seen,
    )


def hold_table(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
    step_free: bool = False,
    language: str = "en",
    hold_for: timedelta = HOLD_FOR,
    offer: str = "",
) -> Booking:
    """Keep a table for a while, before the guest's details or payment are known, and return the hold.

    :raises BookingRefused: as book_table
    """
    expires_at = timezone.now() + hold_for
    shown = _opened(offer, restaurant_id, party_size, by)

    def make(plan: ServicePlan, claim: Claim) -> Booking:
        return Booking(
            diner=diner,
            guest_name="",
            language=language,
            status=Status.HELD,
            hold_expires_at=expires_at,
            **_asked_and_shown(shown, claim, by),
        )

    return _take(
        restaurant_id=restaurant_id,
        starts_at=starts_at,
        party_size=party_size,
        by=by,
        area=area,
        step_free=step_free,
        make=make,
    )


def confirm_hold(
    *, hold: Booking, guest: Guest, by: Actor, notes: str = "", occasion: str = "", language: str | None = None
) -> Booking:
    """Turn a hold into a booking with a guest; where a deposit is due before, it stays held until that has come.

    :raises HoldExpired: when its time is over, whether or not its tables have been given back already
    :raises DepositOutstanding: when it has its guest already, and only the money is missing
    :raises CardOutstanding: when only the card that guarantees it is missing
    """
    if by.is_online and not (guest.phone or guest.email):
        raise errors.ContactMissing
    plan = plan_of(hold.restaurant_id)
    with transaction.atomic():
        booking = claiming.locked(hold.pk)
        if booking.status == Status.EXPIRED or (
            booking.status == Status.HELD
            and booking.hold_expires_at is not None
            and booking.hold_expires_at <= timezone.now()
        ):
            raise errors.HoldExpired
        if booking.status == Status.HELD and advances.locked(booking) is not None:
            raise errors.DepositOutstanding
        if guarantees.waits(booking):
            raise errors.CardOutstanding
        booking.guest_name, booking.guest_phone, booking.guest_email = guest.name, guest.phone, guest.email
        booking.notes, booking.occasion = notes, occasion
        booking.language = language or booking.language
        wished = plan.for_wish(step_free=booking.step_free)
        awaits_approval = by.is_online and wished.awaits_approval(booking.party_size)
        if not by.is_online:
            booking.policy = terms.payable_there(terms.without_fees(booking.policy))
        if booking.status == Status.HELD and not awaits_approval and terms.is_due_before(booking.policy):
            guests.refuse_blocked(Known.by(booking), by=by)
            _hold_for_deposit(booking, plan, by=by)
            return booking
        if booking.status == Status.HELD and not awaits_approval and terms.asks_card(booking.policy):
            guests.refuse_blocked(Known.by(booking), by=by)
            guarantees.hold_for_card(booking, plan, by=by)
            return booking
        guests.enter(booking, by=by)
        claiming.move(booking, Status.REQUESTED if awaits_approval else Status.CONFIRMED, by=by)
        TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=None)
        _publish_taken(booking)
    return booking


def _hold_for_deposit(booking: Booking, plan: ServicePlan, *, by: Actor) -> None:
    """Keep a hold, now with its guest, until its deposit has come."""
    until = advances.held_until(booking, plan, now=timezone.now(), by=by)
    booking.hold_expires_at = until
    booking.version += 1
    booking.save()
    TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=until)
    asked = {"deposit_kobo": {"from": 0, "to": terms.deposit_kobo(booking.policy)}}
    claiming.record(booking, by=by, from_status=booking.status, changes=asked)
    advances.ask(booking, due_at=until, by=by)
    claiming.tell_open_pages(plan, booking.service_day)


def release_expired_holds() -> int:
    """Free the tables of every hold whose time is over; returns how many. Availability never waits for this."""
    now = timezone.now()
    due = Booking.objects.filter(status=Status.HELD, hold_expires_at__lte=now).order_by("hold_expires_at")
    with transaction.atomic():
        holds = list(due.values_list("pk", "restaurant_id", "service_day")[:500])
        released = claiming.expire_holds([pk for pk, _restaurant_id, _day in holds], now=now)
        for restaurant_id, day in {(restaurant_id, day) for _pk, restaurant_id, day in holds}:
            claiming.tell_open_pages(remembered_plan(restaurant_id), day)
    return released


def expire_unanswered_requests() -> int:
    """Give back the tables of requests that nobody answered before their time, and tell; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        requests = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status=Status.REQUESTED, starts_at__lte=now)
            .order_by("starts_at")[:500]
        )
        for request in requests:
            claiming.move(request, Status.EXPIRED, by=Actor.system())
            claiming.free_tables(request)
            publish(BookingExpired(restaurant_id=claiming.house_of(request), booking_id=request.public_id))
            claiming.tell_open_pages(remembered_plan(request.restaurant_id), request.service_day)
    return len(requests)


# --- What was asked for, and what was shown beside it ------------------------------------------------------------


def _opened(token: str, restaurant_id: int, party_size: int, by: Actor) -> offers.Offer | None:
    if not token or not by.is_online:
        return None
    offer = offers.opened(token, restaurant_id=restaurant_id, party_size=party_size)
    if offer is None:
        raise errors.UnknownSuggestion
    return offer


def _asked_and_shown(offer: offers.Offer | None, claim: Claim, by: Actor) -> dict[str, Any]:
    """Return what a booking keeps of the offer; staff are asked for no other times."""
    if offer is None:
        return {"asked_at": claim.slot.starts_at} if by.is_online else {}
    return {
        "asked_at": offer.asked_at,
        "suggested_times": [[moment.isoformat(), points] for moment, points in offer.suggested],
        "bonus_points": offer.points_for(claim.slot.starts_at),
    }


# --- One way to take tables ------------------------------------------------------------------------------------


def _take(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    by: Actor,
    make: Callable[[ServicePlan, Claim], Booking],
    area: UUID | None = None,
    step_free: bool = False,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    request_key: UUID | None = None,
    deposit: Asking | None = None,
    bumped: UUID | None = None,
    seen: selectors.SeenDay | None = None,
) -> Booking:
    if (earlier := selectors.booking_by_request_key(request_key)) is not None:
        return earlier
    now = timezone.now()
    seen = seen or selectors.day_at(restaurant_id, starts_at, now=now)
    plan = seen.plan
    claim = claiming.check_claim(
        plan,
        starts_at=starts_at,
        party_size=party_size,
        area=area,
        step_free=step_free,
        now=now,
        online=by.is_online,
    )
    try:
        sought = _look_first(seen, claim, now=now, by=by, make=make, table_ids=table_ids, heed_pacing=heed_pacing)
    except DomainError as refusal:
        if (earlier := selectors.booking_by_request_key(request_key)) is not None:
            return earlier
        if not isinstance(refusal, errors.NoTableFree | errors.TooManyAtOnce):
            raise
        _refuse_blocked(make, plan, claim, by=by)
        raise with_alternatives(
            refusal, restaurant_id, starts_at, party_size, area, step_free=step_free, seen=seen
        ) from refusal
    for _attempt in range(CODE_TRIES):
        try:
            return claiming.searching_first(
                partial(
                    _take_under_lock,
                    plan,
                    claim,
                    now=now,
                    by=by,
                    make=make,
                    area=area,
                    table_ids=table_ids,
                    heed_pacing=heed_pacing,
                    deposit=deposit,
                    bumped=bumped,
                ),
                sought,
            )
        except DomainError as refusal:
            # Pressed twice: what stands in the way of the second is what the first has just booked.
            if (earlier := selectors.booking_by_request_key(request_key)) is not None:
                return earlier
            if not isinstance(refusal, errors.NoTableFree | errors.TooManyAtOnce):
                raise
            _refuse_blocked(make, plan, claim, by=by)
            # Only now, without the lock: nobody waits while the nearest times are looked up.
            raise with_alternatives(
                refusal, restaurant_id, starts_at, party_size, area, step_free=step_free
            ) from refusal
        except IntegrityError as clash:
            constraint = claiming.constraint_of(clash)
            if constraint == "one_table_one_party":
                # The last line held: somebody wrote past the lock.
                logger.warning("The exclusion constraint refused a booking at restaurant %s", restaurant_id)
                raise with_alternatives(
                    errors.NoTableFree(), restaurant_id, starts_at, party_size, area, step_free=step_free
                ) from clash
            if constraint == "one_booking_per_request_key":
                return Booking.objects.get(request_key=request_key)
            if constraint != "code_is_unique_among_live_bookings":
                raise
    raise errors.BookingRefused


def _look_first(
    seen: selectors.SeenDay,
    claim: Claim,
    *,
    now: datetime,
    by: Actor,
    make: Callable[[ServicePlan, Claim], Booking],
    table_ids: Sequence[int] | None,
    heed_pacing: bool,
) -> Sought | None:
    """Refuse what cannot be had as the day stands, so that whoever comes too late does not wait for the lock to hear.

    Whoever has that very table already is told so, as under the lock, and not that it is taken.

    :raises BookingRefused: as _take_under_lock
    """
    try:
        return claiming.look_first(
            seen,
            claim,
            now=now,
            online=by.is_online,
            table_ids=table_ids,
            heed_pacing=heed_pacing,
        )
    except DomainError:
        booking = make(seen.plan, claim)
        claiming.refuse_own_overlap(booking, claim, restaurant_id=seen.plan.id, by=by, only_looking=True)
        raise


def _refuse_blocked(
    make: Callable[[ServicePlan, Claim], Booking], plan: ServicePlan, claim: Claim, *, by: Actor
) -> None:
    """Tell whom the house takes by telephone only just that, and not of times that are refused as well."""
    refused = make(plan, claim)
    refused.restaurant_id = plan.id
    guests.refuse_blocked(Known.by(refused), by=by)


@transaction.atomic
def _take_under_lock(
    plan: ServicePlan,
    claim: Claim,
    sought: Sought | None,
    *,
    now: datetime,
    by: Actor,
    make: Callable[[ServicePlan, Claim], Booking],
    area: UUID | None,
    table_ids: Sequence[int] | None,
    heed_pacing: bool,
    deposit: Asking | None,
    bumped: UUID | None,
) -> Booking:
    day = claim.slot.service_day
    claiming.lock_service_days(plan.id, [day])
    current, occupancy, expired_holds = selectors.plan_and_occupancy(plan.id, day, now=now)
    if current.version != plan.version:
        claim = claiming.check_claim(
            current,
            starts_at=claim.slot.starts_at,
            party_size=claim.party_size,
            area=area,
            step_free=claim.step_free,
            now=now,
            online=by.is_online,
        )
        if claim.slot.service_day != day:
            # The shifts were edited this moment, and the lock is another day's.
            raise Busy
    booking = make(current, claim)
    booking.restaurant_id = current.id
    claiming.refuse_own_overlap(booking, claim, restaurant_id=current.id, by=by)
    found = claiming.find_tables(
        current,
        occupancy,
        claim,
        now=now,
        online=by.is_online,
        table_ids=table_ids,
        heed_pacing=heed_pacing,
        sought=sought,
    )
    if expired_holds:
        claiming.expire_holds(expired_holds, now=now)
    if found.moves:
        claiming.make_room(current, found)
    booking.policy = claiming.terms_of(current, claim)
    if not by.is_online or deposit == Asking.BOOKED:
        # They have not read of fees and agreed, or it is one of many dates.
        booking.policy = terms.without_fees(booking.policy)
    booking.starts_at, booking.ends_at = claim.slot.starts_at, claim.ends_at
    due_at = _ask_for_deposit(booking, current, deposit, now=now, by=by) if deposit else None
    card_until = guarantees.held_until(booking, current, now=now, by=by) if deposit else None
    if booking.status != Status.HELD:
        # Who only looks at the form, has yet to pay, or is refused, is nobody's guest yet.
        guests.enter(booking, by=by)
    elif due_at is not None or card_until is not None:
        guests.refuse_blocked(Known.by(booking), by=by)
    booking.code = codes.new_code()
    booking.channel = by.channel
    booking.party_size = claim.party_size
    booking.service_day = day
    booking.shift_name = claim.slot.shift.name
    booking.area_id = claim.area_id
    booking.step_free = claim.step_free
    # Tables joined for a group are no combination of the house's: nobody else may arrange them.
    booking.is_locked = bool(table_ids) or not current.is_seating(found.table_ids)
    booking.created_by = by.user
    promises.take_along(booking, by=by, bumped=bumped)
    booking.save(force_insert=True)
    claiming.allocate(booking, current, found.table_ids)
    claiming.record(booking, by=by, from_status="")
    if due_at is not None:
        advances.ask(booking, due_at=due_at, by=by, gives_table_back=booking.status != Status.HELD)
    if card_until is not None:
        guarantees.tell_asked(booking, until=card_until)
    if not heed_pacing:
        claiming.record_passed_pacing(booking, by=by)
    _publish_taken(booking)
    claiming.tell_open_pages(current, day)
    return booking


def _ask_for_deposit(
    booking: Booking, plan: ServicePlan, deposit: Asking, *, now: datetime, by: Actor
) -> datetime | None:
    """Settle the terms of a new booking, hold it where its deposit is to come first, and return when that is due."""
    if deposit == Asking.HELD:
        booking.policy = terms.due_before(booking.policy)
    elif not by.is_online:
        booking.policy = terms.payable_there(booking.policy)
    if booking.status != Status.CONFIRMED or not terms.is_due_before(booking.policy):
        return None
    if deposit == Asking.BOOKED:
        return advances.due_later(booking, now=now, of_a_date=True)
    booking.status = Status.HELD
    booking.hold_expires_at = advances.held_until(booking, plan, now=now, by=by)
    return booking.hold_expires_at


def _publish_taken(booking: Booking) -> None:
    if booking.status == Status.CONFIRMED:
        publish(BookingConfirmed(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))
    elif booking.status == Status.REQUESTED:
        publish(BookingRequested(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))


def with_alternatives(
    refusal: errors.BookingRefused,
    restaurant_id: int,
    wanted: datetime,
    party_size: int,
    area: UUID | None,
    *,
    step_free: bool = False,
    seen: selectors.SeenDay | None = None,
) -> errors.BookingRefused:
    """Return a refusal with the nearest free times.

    :param seen: the day as it was read for the refusal itself, where it was read for nothing else
    """
    now = timezone.now()
    seen = seen or selectors.day_at(restaurant_id, wanted, now=now)
    slots = selectors.alternatives_on(
        seen, wanted, party_size, include_wanted=area is not None, step_free=step_free, now=now
    )
    plan = remembered_plan(restaurant_id)
    details = {key: value for key, value in refusal.details.items() if key != "alternatives"}
    return type(refusal)(**details, alternatives=[alternative(plan, slot) for slot in slots])


def alternative(plan: ServicePlan, slot: "selectors.Slot") -> dict[str, object]:
    """Return a free time as plain values, its instant written in the restaurant's zone."""
    names = {area.id: area for area in plan.areas}
    return {
        "starts_at": slot.starts_at.astimezone(plan.zone).isoformat(),
        "ends_at": slot.ends_at.astimezone(plan.zone).isoformat(),
        "shift": slot.shift_name,
        # The plan may have lost an area in this very moment.
        "areas": [{"id": str(names[pk].public_id), "name": names[pk].name} for pk in slot.area_ids if pk in names],
    }
