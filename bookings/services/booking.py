"""Taking a table: at once, or held for a while first."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from bookings.services import advances, claiming, guests
from bookings.services.claiming import Actor, Claim, Guest
from bookings.states import Status
from core import codes
from core.errors import Busy, DomainError
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of, remembered_plan

logger = logging.getLogger(__name__)

HOLD_FOR = timedelta(minutes=10)
CODE_TRIES = 5


def book_table(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    guest: Guest,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
    notes: str = "",
    occasion: str = "",
    language: str = "en",
    request_key: UUID | None = None,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    offer: str = "",
    asks_deposit: bool = False,
    holds_for_deposit: bool = True,
) -> Booking:
    """Book a table for a party and return the booking: CONFIRMED, or REQUESTED where the house approves it first.

    Where the terms ask for a deposit before the visit it is HELD, with an advance that is awaited, until the money has
    come; of what is REQUESTED the deposit is asked once the house has said yes.

    It does so for groups above its limit online, if it lets them ask, for which tables of one area are kept together;
    some houses do so for all.

    What was asked for, shown beside it and taken is kept on the booking, with the bonus that was promised for a
    suggested time. The same `request_key` returns the booking it made before. Staff (by.channel) are not held to the
    online limits of size, notice and window; they may choose the tables and pass over the pacing.

    :param asks_deposit: for staff, who ask for one or do not; online the terms decide
    :param holds_for_deposit: False where the table is to be theirs while the deposit is still awaited: of many dates
        made at once none is to be lost because nobody looked
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
        awaits_approval = by.is_online and plan.awaits_approval(claim.party_size)
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
        table_ids=table_ids,
        heed_pacing=heed_pacing,
        request_key=request_key,
        bumped=bumped,
        make=make,
        deposit=_Deposit(is_asked=by.is_online or asks_deposit, is_asked_anyway=asks_deposit, holds=holds_for_deposit),
    )


@dataclass(frozen=True)
class _Deposit:
    """What is to be done about a deposit that the terms ask for."""

    is_asked: bool
    is_asked_anyway: bool = False
    """Before the visit, whatever the terms say."""
    holds: bool = True

    def agreed(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return the terms with the deposit due when it is asked for."""
        if not self.is_asked:
            return terms.payable_there(wanted)
        return terms.due_before(wanted) if self.is_asked_anyway else wanted


def hold_table(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
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

    return _take(restaurant_id=restaurant_id, starts_at=starts_at, party_size=party_size, by=by, area=area, make=make)


def confirm_hold(
    *, hold: Booking, guest: Guest, by: Actor, notes: str = "", occasion: str = "", language: str | None = None
) -> Booking:
    """Turn a hold into a booking with a guest; where a deposit is due before, it stays held until that has come.

    :raises HoldExpired: when its time is over, whether or not its tables have been given back already
    :raises DepositOutstanding: when it has its guest already, and only the money is missing
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
        booking.guest_name, booking.guest_phone, booking.guest_email = guest.name, guest.phone, guest.email
        booking.notes, booking.occasion = notes, occasion
        booking.language = language or booking.language
        awaits_approval = by.is_online and plan.awaits_approval(booking.party_size)
        if not by.is_online:
            booking.policy = terms.payable_there(booking.policy)
        if booking.status == Status.HELD and not awaits_approval and terms.is_due_before(booking.policy):
            guests.refuse_blocked(Known.by(booking), by=by)
            _hold_for_deposit(booking, plan, by=by)
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


def _carry_points_over(bumped: UUID, booking: Booking, *, by: Actor) -> None:
    """Promise with a new booking what was promised with the one that the house cancelled: once, to whoever is first."""
    cancelled = (
        Booking.objects.select_for_update(of=("self",))
        .filter(public_id=bumped, restaurant_id=booking.restaurant_id, status=Status.CANCELLED)
        .first()
    )
    if cancelled is None or not cancelled.bonus_points:
        return
    booking.bonus_points, cancelled.bonus_points = cancelled.bonus_points, 0
    cancelled.save(update_fields=["bonus_points", "updated_at"])
    changes = {"bonus_points": {"from": booking.bonus_points, "to": 0}}
    claiming.record(cancelled, by=by, from_status=cancelled.status, changes=changes, reason="went to the next booking")


# --- One way to take tables ------------------------------------------------------------------------------------


def _take(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    by: Actor,
    make: Callable[[ServicePlan, Claim], Booking],
    area: UUID | None = None,
    table_ids: Sequence[int] | None = None,
    heed_pacing: bool = True,
    request_key: UUID | None = None,
    deposit: _Deposit | None = None,
    bumped: UUID | None = None,
) -> Booking:
    if (earlier := _made_before(request_key)) is not None:
        return earlier
    now = timezone.now()
    plan = plan_of(restaurant_id)
    claim = claiming.check_claim(
        plan, starts_at=starts_at, party_size=party_size, area=area, now=now, online=by.is_online
    )
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
                )
            )
        except DomainError as refusal:
            # Pressed twice: what stands in the way of the second is what the first has just booked.
            if (earlier := _made_before(request_key)) is not None:
                return earlier
            if not isinstance(refusal, errors.NoTableFree | errors.TooManyAtOnce):
                raise
            # Whom the house takes by telephone only is told so, and not of times that are refused as well.
            refused = make(plan, claim)
            refused.restaurant_id = plan.id
            guests.refuse_blocked(Known.by(refused), by=by)
            # Only now, without the lock: nobody waits while the nearest times are looked up.
            raise with_alternatives(refusal, restaurant_id, starts_at, party_size, area) from refusal
        except IntegrityError as clash:
            constraint = claiming.constraint_of(clash)
            if constraint == "one_table_one_party":
                # The last line held: somebody wrote past the lock.
                logger.warning("The exclusion constraint refused a booking at restaurant %s", restaurant_id)
                raise with_alternatives(errors.NoTableFree(), restaurant_id, starts_at, party_size, area) from clash
            if constraint == "one_booking_per_request_key":
                return Booking.objects.get(request_key=request_key)
            if constraint != "code_is_unique_among_live_bookings":
                raise
    raise errors.BookingRefused


def _made_before(request_key: UUID | None) -> Booking | None:
    return None if request_key is None else Booking.objects.filter(request_key=request_key).first()


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
    deposit: _Deposit | None,
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
    booking.starts_at, booking.ends_at = claim.slot.starts_at, claim.ends_at
    due_at = _ask_for_deposit(booking, current, deposit, now=now, by=by) if deposit else None
    if booking.status != Status.HELD:
        # Who only looks at the form, has yet to pay, or is refused, is nobody's guest yet.
        guests.enter(booking, by=by)
    elif due_at is not None:
        guests.refuse_blocked(Known.by(booking), by=by)
    booking.code = codes.new_code()
    booking.channel = by.channel
    booking.party_size = claim.party_size
    booking.service_day = day
    booking.shift_name = claim.slot.shift.name
    booking.area_id = claim.area_id
    # Tables joined for a group are no combination of the house's: nobody else may arrange them.
    booking.is_locked = bool(table_ids) or not current.is_seating(found.table_ids)
    booking.created_by = by.user
    if bumped is not None:
        _carry_points_over(bumped, booking, by=by)
    booking.save(force_insert=True)
    claiming.allocate(booking, current, found.table_ids)
    claiming.record(booking, by=by, from_status="")
    if due_at is not None:
        advances.ask(booking, due_at=due_at, by=by)
    if not heed_pacing:
        claiming.record_passed_pacing(booking, by=by)
    _publish_taken(booking)
    claiming.tell_open_pages(current, day)
    return booking


def _ask_for_deposit(
    booking: Booking, plan: ServicePlan, deposit: _Deposit, *, now: datetime, by: Actor
) -> datetime | None:
    """Settle the terms of a new booking, hold it where its deposit is to come first, and return when that is due."""
    booking.policy = deposit.agreed(booking.policy)
    if booking.status != Status.CONFIRMED or not terms.is_due_before(booking.policy):
        return None
    if not deposit.holds:
        return advances.due_later(booking, now=now)
    booking.status = Status.HELD
    booking.hold_expires_at = advances.held_until(booking, plan, now=now, by=by)
    return booking.hold_expires_at


def _publish_taken(booking: Booking) -> None:
    if booking.status == Status.CONFIRMED:
        publish(BookingConfirmed(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))
    elif booking.status == Status.REQUESTED:
        publish(BookingRequested(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id))


def with_alternatives(
    refusal: errors.BookingRefused, restaurant_id: int, wanted: datetime, party_size: int, area: UUID | None
) -> errors.BookingRefused:
    slots = selectors.alternatives_to(restaurant_id, wanted, party_size, include_wanted=area is not None)
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
        "areas": [{"id": str(names[pk].public_id), "name": names[pk].name} for pk in slot.area_ids],
    }
