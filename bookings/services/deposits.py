"""Money for a deposit: taking it, in time or late, and paying it back.

Never money without a table: what comes after the hold is over books the same time again where there is room, and is
owed back where there is none. The lock order is the day, the booking, its advance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from bookings import errors, selectors, terms
from bookings.availability import Reason, find_slot_time
from bookings.events import BookingConfirmed, DepositReminderDue, DepositReturned, DepositWaived
from bookings.models import Advance, AdvanceHistory, Booking, TableAllocation
from bookings.rearranging import Sought
from bookings.services import advances, claiming, guests, promises
from bookings.services.claiming import Actor, Claim
from bookings.states import LIVE, STAFF_CHANNELS, ActorKind, AdvanceState, Channel, OwedBecause, Status, SystemReason
from core import audit, codes
from core.errors import Busy
from core.outbox import publish
from restaurants.service_plan import remembered_plan

CODE_TRIES = 5
# These have had their table, or have it.
WITH_A_TABLE = frozenset({Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.SEATED})
# What more comes beside these is owed back by itself, as more than was asked for.
SETTLED_WITH_MONEY = frozenset({AdvanceState.APPLIED, AdvanceState.KEPT})
# So long before a deposit is due a guest is reminded who was asked for it earlier than that.
REMINDED_BEFORE = timedelta(days=1)
BATCH = 500


class Outcome(StrEnum):
    """What a receipt has done."""

    CONFIRMED = "confirmed"
    NOTED = "noted"
    SHORT = "short"
    OWED_BACK = "owed_back"
    AGAIN = "again"


@dataclass(frozen=True)
class Receipt:
    """What came of some money: the booking and its advance as they are now."""

    booking: Booking
    advance: Advance
    outcome: Outcome

    @property
    def missing_kobo(self) -> int:
        return self.advance.missing_kobo

    @property
    def owed_kobo(self) -> int:
        return self.advance.owed_kobo


def receive_deposit(
    *, booking: Booking, amount_kobo: int, by: Actor, reference: str = "", expected_version: int | None = None
) -> Receipt:
    """Take note of money that has come for a booking's deposit, and return what it has done.

    A table held for it becomes a booking once nothing is missing; less leaves it held as long as before, and more is
    owed back. Money that comes when the hold is over takes the same time again under the day's lock, or is owed back.
    The same reference counts once, and has one amount.

    :param amount_kobo: of this time
    :raises NoDepositAsked: when the terms of the booking know none
    :raises NotAnAmount: when it is nothing
    :raises ReferenceOfAnotherAmount: when the reference stands there with another amount
    :raises BookingMovedOn: when it is no longer of the expected version
    :raises core.errors.Busy: when the day stays locked by others for three seconds
    """
    if amount_kobo <= 0:
        raise errors.NotAnAmount
    for _attempt in range(CODE_TRIES):
        try:
            return claiming.searching_first(
                partial(
                    _receive_under_lock,
                    booking_id=booking.pk,
                    restaurant_id=booking.restaurant_id,
                    seen_day=booking.service_day,
                    amount_kobo=amount_kobo,
                    by=by,
                    reference=reference.strip()[:100],
                    expected_version=expected_version,
                )
            )
        except IntegrityError as clash:
            if claiming.constraint_of(clash) != "code_is_unique_among_live_bookings":
                raise
    raise Busy


@transaction.atomic
def _receive_under_lock(
    sought: Sought | None,
    *,
    booking_id: int,
    restaurant_id: int,
    seen_day: date,
    amount_kobo: int,
    by: Actor,
    reference: str,
    expected_version: int | None,
) -> Receipt:
    claiming.lock_service_days(restaurant_id, [seen_day])
    booking = claiming.locked(booking_id)
    if booking.service_day != seen_day:
        raise Busy
    now = timezone.now()
    advance = advances.locked(booking) or _paid_unasked(booking, by=by)
    if reference:
        of_it = advance.history.filter(received_kobo__gt=0, reference=reference)
        if claiming.is_noted(of_it.values_list("received_kobo", flat=True), amount_kobo):
            return Receipt(booking, advance, Outcome.AGAIN)
    if expected_version is not None and booking.version != expected_version:
        raise errors.BookingMovedOn(version=booking.version)
    advance.received_kobo += amount_kobo
    money: dict[str, Any] = {"received_kobo": amount_kobo, "reference": reference}
    is_over = booking.hold_expires_at is not None and booking.hold_expires_at <= now
    if booking.status == Status.HELD and not is_over:
        outcome, entry = _in_time(booking, advance, by=by, money=money)
    elif booking.status == Status.HELD or (
        booking.status == Status.EXPIRED and advance.state == AdvanceState.LAPSED and not advance.returned_kobo
    ):
        outcome, entry = _late(booking, advance, by=by, money=money, now=now, sought=sought)
    elif booking.status in WITH_A_TABLE:
        outcome, entry = _for_a_booking(advance, by=by, money=money)
    else:
        outcome, entry = _without_a_table(advance, by=by, money=money)
    if outcome != Outcome.CONFIRMED:
        booking.version += 1
        booking.save(update_fields=["version", "updated_at"])
    if outcome == Outcome.OWED_BACK:
        is_cancelled = booking.status in (Status.CANCELLED, Status.DECLINED)
        advances.tell_owed(booking, advance, entry, OwedBecause.CANCELLED if is_cancelled else OwedBecause.TOO_LATE)
    else:
        advances.tell_received(booking, advance, entry, confirms=outcome == Outcome.CONFIRMED)
        if advance.owed_kobo:
            advances.tell_owed(booking, advance, entry, OwedBecause.SURPLUS)
    audit.record(
        "deposit.received", actor=by.user or by.app, target=booking, details={"kobo": amount_kobo, "as": str(outcome)}
    )
    claiming.tell_open_pages(remembered_plan(restaurant_id), booking.service_day)
    return Receipt(booking, advance, outcome)


def _paid_unasked(booking: Booking, *, by: Actor) -> Advance:
    """Return an advance for a deposit that was to be paid at the house, and comes before."""
    if not terms.deposit_kobo(booking.policy) or booking.status not in WITH_A_TABLE:
        raise errors.NoDepositAsked
    return advances.ask(booking, due_at=booking.starts_at, by=by, is_told=False)


def _in_time(booking: Booking, advance: Advance, *, by: Actor, money: dict[str, Any]) -> tuple[Outcome, AdvanceHistory]:
    if advance.missing_kobo:
        advance.save()
        return Outcome.SHORT, advances.record(advance, by=by, from_state=advance.state, **money)
    entry = advances.move(advance, AdvanceState.RECEIVED, by=by, **money)
    confirm(booking, by=by, by_money=True)
    return Outcome.CONFIRMED, entry


def _for_a_booking(advance: Advance, *, by: Actor, money: dict[str, Any]) -> tuple[Outcome, AdvanceHistory]:
    """Note money for a table that is theirs already."""
    is_whole = advance.held_kobo >= advance.amount_kobo
    if advance.state == AdvanceState.LAPSED or (advance.state == AdvanceState.AWAITED and is_whole):
        return Outcome.NOTED, advances.move(advance, AdvanceState.RECEIVED, by=by, **money)
    advance.save()
    entry = advances.record(advance, by=by, from_state=advance.state, **money)
    return (Outcome.SHORT if advance.missing_kobo else Outcome.NOTED), entry


def _without_a_table(advance: Advance, *, by: Actor, money: dict[str, Any]) -> tuple[Outcome, AdvanceHistory]:
    if advance.state in SETTLED_WITH_MONEY or advance.state == AdvanceState.OWED_BACK:
        advance.save()
        outcome = Outcome.OWED_BACK if advance.state == AdvanceState.OWED_BACK else Outcome.NOTED
        return outcome, advances.record(advance, by=by, from_state=advance.state, **money)
    return Outcome.OWED_BACK, advances.move(advance, AdvanceState.OWED_BACK, by=by, **money)


def _late(
    booking: Booking, advance: Advance, *, by: Actor, money: dict[str, Any], now: datetime, sought: Sought | None
) -> tuple[Outcome, AdvanceHistory]:
    """Take the same time again if there is room; no table is given for a part of the money."""
    if advance.held_kobo >= advance.amount_kobo:
        try:
            with transaction.atomic():
                claim_again(booking, now=now, sought=sought)
        except errors.BookingRefused:
            pass
        except IntegrityError as clash:
            if claiming.constraint_of(clash) != "one_table_one_party":
                raise
        else:
            entry = advances.move(advance, AdvanceState.RECEIVED, by=by, **money)
            confirm(booking, by=by, reason=SystemReason.DEPOSIT_LATE, by_money=True)
            return Outcome.CONFIRMED, entry
    # The attempt may have left its marks on the row in memory.
    booking.refresh_from_db(fields=["code", "is_locked"])
    before = advance.state
    if before == AdvanceState.AWAITED:
        advance.move_to(AdvanceState.LAPSED)
        advances.record(advance, by=Actor.system(), from_state=before)
    entry = advances.move(advance, AdvanceState.OWED_BACK, by=by, **money)
    if booking.status == Status.HELD:
        claiming.move(booking, Status.EXPIRED, by=Actor.system())
        claiming.free_tables(booking)
    return Outcome.OWED_BACK, entry


def claim_again(booking: Booking, *, now: datetime, sought: Sought | None) -> None:
    """Give a booking whose hold is over a table for its own time, as if it were asked for now.

    Notice and window are not looked at again: they were kept when it was asked for.

    :raises BookingRefused: when there is no room, the time has passed, or the house seats nobody then any more
    """
    plan, occupancy, expired = selectors.plan_and_occupancy(
        booking.restaurant_id, booking.service_day, now=now, except_booking=booking.pk
    )
    slot = find_slot_time(plan, booking.starts_at)
    if booking.starts_at <= now:
        raise errors.TimeInThePast
    if not plan.is_bookable or isinstance(slot, Reason) or slot.service_day != booking.service_day:
        raise errors.BookingRefused
    claim = Claim(slot, booking.party_size, booking.ends_at, booking.area_id, booking.step_free)
    # Whoever has booked there once more meanwhile needs no second table.
    claiming.refuse_own_overlap(
        booking, claim, restaurant_id=plan.id, by=Actor(booking.diner, ActorKind.DINER, Channel(booking.channel))
    )
    promised = sorted(booking.allocations.values_list("table_id", flat=True)) if booking.is_locked else None
    found = claiming.find_tables(
        plan,
        occupancy,
        claim,
        now=now,
        online=booking.channel not in STAFF_CHANNELS,
        table_ids=promised,
        except_booking=booking.pk,
        sought=sought,
    )
    if expired:
        claiming.expire_holds(expired, now=now)
    if found.moves:
        claiming.make_room(plan, found)
    if Booking.objects.filter(code=booking.code, status__in=LIVE).exclude(pk=booking.pk).exists():
        # Somebody else was given it while it was nobody's.
        booking.code = codes.new_code()
    booking.is_locked = booking.is_locked or not plan.is_seating(found.table_ids)
    TableAllocation.objects.filter(booking=booking).delete()
    claiming.allocate(booking, plan, found.table_ids)


def confirm(booking: Booking, *, by: Actor, reason: str = "", by_money: bool = False) -> None:
    """Turn a locked hold whose deposit is settled into a booking; its guest is the house's from now on.

    :param by_money: whether it is money that settles it, of which its guest is told with the table
    """
    guests.enter(booking, by=Actor.system())
    promises.take_along(booking, by=by)
    claiming.move(booking, Status.CONFIRMED, by=by, reason=reason)
    TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=None)
    publish(BookingConfirmed(restaurant_id=claiming.house_of(booking), booking_id=booking.public_id, by_money=by_money))


def return_deposit(
    *,
    booking: Booking,
    by: Actor,
    reference: str = "",
    expected_version: int | None = None,
    amount_kobo: int | None = None,
) -> Advance:
    """Note that the house has paid back what it owes for a booking, and return the advance.

    :param amount_kobo: of this time, where it is known, as of a refund that has arrived: then one reference counts
        once, and what was not owed is written down too, as far as there is money; by default all that is owed
    :raises NothingOwedBack: when it owes nothing, or has paid it back already
    :raises BookingMovedOn: when the booking is no longer of the expected version
    """
    reference = reference.strip()[:100]
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        advance = advances.locked(booking)
        if advance is None:
            raise errors.NothingOwedBack
        is_known = amount_kobo is not None and reference != ""
        if is_known and advance.history.filter(returned_kobo__gt=0, reference=reference).exists():
            return advance
        returned = advance.owed_kobo if amount_kobo is None else min(amount_kobo, advance.held_kobo)
        if not returned:
            raise errors.NothingOwedBack
        advance.returned_kobo += returned
        why = advances.why_owed(booking, advance)
        money: dict[str, Any] = {"returned_kobo": returned, "reference": reference}
        if advance.state == AdvanceState.OWED_BACK and not advance.held_kobo:
            entry = advances.move(advance, AdvanceState.RETURNED, by=by, **money)
        else:
            advance.save()
            entry = advances.record(advance, by=by, from_state=advance.state, **money)
        booking.version += 1
        booking.save(update_fields=["version", "updated_at"])
        publish(
            DepositReturned(
                restaurant_id=claiming.house_of(booking),
                booking_id=booking.public_id,
                entry=entry.pk,
                returned_kobo=returned,
                why=why.value,
            )
        )
        audit.record("deposit.returned", actor=by.user or by.app, target=booking, details={"kobo": returned})
        claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return advance


def owed_with_refunds(*, booking: Booking, refunds: Callable[[], Mapping[str, int]]) -> int:
    """Return what a booking owes and nobody has promised back; call it in the transaction that promises it.

    Its row is locked until then, before refunds are looked at: one that is noted in between would count twice, or not
    at all.

    :param refunds: returns what is promised already, by the references under which it is noted (`return_deposit`)
    """
    booking = claiming.locked(booking.pk)
    advance = advances.locked(booking)
    if advance is None:
        return 0
    promised = refunds()
    noted = set(advance.history.filter(returned_kobo__gt=0).values_list("reference", flat=True))
    return advance.owed_kobo - sum(kobo for reference, kobo in promised.items() if reference not in noted)


@transaction.atomic
def hold_for_payment(*, booking_id: UUID, until: datetime) -> bool:
    """Keep a table that waits for its deposit a little longer, for a way of paying that takes its time.

    Never once the hold is over, and never shorter. How long at the most is the asker's to know.
    """
    found = Booking.objects.filter(public_id=booking_id).values_list("pk", "restaurant_id", "service_day").first()
    if found is None:
        return False
    number, restaurant_id, day = found
    # Whoever finds the hold over takes its table under this lock.
    claiming.lock_service_days(restaurant_id, [day])
    booking = claiming.locked(number)
    advance = advances.locked(booking)
    held_until = booking.hold_expires_at
    is_waiting = booking.status == Status.HELD and held_until is not None and held_until > timezone.now()
    if advance is None or not is_waiting or held_until is None or until <= held_until:
        return False
    until = min(until, booking.starts_at)
    booking.hold_expires_at = advance.due_at = until
    booking.version += 1
    booking.save(update_fields=["hold_expires_at", "version", "updated_at"])
    advance.save(update_fields=["due_at", "updated_at"])
    TableAllocation.objects.filter(booking=booking, live=True, expires_at__isnull=False).update(expires_at=until)
    claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return True


def waive_deposit(*, booking: Booking, by: Actor, reason: str = "", expected_version: int | None = None) -> Advance:
    """Do without what is still missing of a deposit, and return the advance; what has come stays on account.

    A table that was held for it is theirs with this. The booking's terms ask for no more from then on, whatever the
    party's size.

    :raises NothingAwaited: when nothing is missing, or the hold's time is over
    :raises BookingMovedOn: when the booking is no longer of the expected version
    """
    with transaction.atomic():
        booking = claiming.locked(booking.pk, expected_version=expected_version)
        advance = advances.locked(booking)
        is_over = booking.status == Status.HELD and (
            booking.hold_expires_at is None or booking.hold_expires_at <= timezone.now()
        )
        if advance is None or not advance.missing_kobo or is_over:
            raise errors.NothingAwaited
        waived = advance.missing_kobo
        advance.amount_kobo = advance.held_kobo
        if advance.state == AdvanceState.AWAITED:
            end = AdvanceState.RECEIVED if advance.held_kobo else AdvanceState.LAPSED
            entry = advances.move(advance, end, by=by, reason=reason)
        else:
            advance.save()
            entry = advances.record(advance, by=by, from_state=advance.state, reason=reason)
        booking.policy = {name: value for name, value in booking.policy.items() if name != "rates"}
        booking.policy["deposit_kobo"] = advance.amount_kobo
        confirms = booking.status == Status.HELD
        if confirms:
            confirm(booking, by=by)
        else:
            booking.version += 1
            booking.save(update_fields=["policy", "version", "updated_at"])
        publish(
            DepositWaived(
                restaurant_id=claiming.house_of(booking),
                booking_id=booking.public_id,
                entry=entry.pk,
                waived_kobo=waived,
                confirms=confirms,
            )
        )
        audit.record("deposit.waived", actor=by.user or by.app, target=booking, details={"kobo": waived})
        claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return advance


def give_back_unpaid_dates(*, now: datetime | None = None) -> int:
    """Give back the booked tables whose deposit has not come by its time: dates of a series; returns how many.

    Nobody who is in the house loses a table so, nor one whom the house has said it does without.
    """
    now = now or timezone.now()
    with transaction.atomic():
        found = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                status=Status.CONFIRMED,
                advance__state=AdvanceState.AWAITED,
                advance__gives_table_back=True,
                advance__due_at__lte=now,
            )
            .order_by("pk")[:BATCH]
        )
        unpaid = [booking for booking in found if _is_unpaid(booking, now)]
        for booking in unpaid:
            claiming.move(booking, Status.EXPIRED, by=Actor.system(), reason=SystemReason.NO_DEPOSIT)
            claiming.free_tables(booking)
            claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return len(unpaid)


def _is_unpaid(booking: Booking, now: datetime) -> bool:
    """Tell whether it is still so with the booking's row locked: money may have come in this moment."""
    advance = advances.locked(booking)
    return advance is not None and advance.state == AdvanceState.AWAITED and advance.due_at <= now


def send_deposit_reminders(*, now: datetime | None = None) -> int:
    """Publish a reminder for every deposit that is due within a day and costs the table; returns how many.

    Whoever was told of the time less than a day before it, has just read of it: asked for the first time, or again
    because it is due by another time.
    """
    now = now or timezone.now()
    told_since = AdvanceHistory.objects.filter(
        advance=OuterRef("pk"),
        to_state=AdvanceState.AWAITED,
        received_kobo=0,
        at__gte=OuterRef("due_at") - REMINDED_BEFORE,
    )
    with transaction.atomic():
        due = list(
            Advance.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("booking")
            .filter(
                ~Exists(told_since),
                Q(booking__status=Status.HELD) | Q(booking__status=Status.CONFIRMED, gives_table_back=True),
                state=AdvanceState.AWAITED,
                reminded_at=None,
                due_at__gt=now,
                due_at__lte=now + REMINDED_BEFORE,
            )
            .order_by("due_at")[:BATCH]
        )
        for advance in due:
            publish(DepositReminderDue(booking_id=advance.booking.public_id, due_at=advance.due_at))
        Advance.objects.filter(pk__in=[advance.pk for advance in due]).update(reminded_at=now)
    return len(due)
