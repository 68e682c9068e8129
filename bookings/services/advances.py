"""What a booking's moves and changes do to the money paid ahead for it, in their transaction.

The booking's machine leads and the advance's follows; nothing here moves a booking. The lock of an advance is taken
after its booking's.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bookings import terms
from bookings.events import (
    DepositAwaited,
    DepositKept,
    DepositLapsed,
    DepositOwedBack,
    DepositReceived,
    DepositReleased,
)
from bookings.matching import offer_ends_at
from bookings.models import Advance, AdvanceHistory, Booking
from bookings.states import FOR_THE_GUEST, AdvanceState, KeptBecause, OwedBecause, Status
from core.outbox import publish
from restaurants.service_plan import ServicePlan, remembered_plan

if TYPE_CHECKING:
    from bookings.services.claiming import Actor

# What becomes of the money with a state of the booking; a late cancellation is told apart below.
ENDS = {
    Status.CANCELLED: AdvanceState.OWED_BACK,
    Status.DECLINED: AdvanceState.OWED_BACK,
    Status.EXPIRED: AdvanceState.OWED_BACK,
    # Whoever came and went away again unseated has had nothing for it.
    Status.LEFT: AdvanceState.OWED_BACK,
    Status.NO_SHOW: AdvanceState.KEPT,
    Status.COMPLETED: AdvanceState.APPLIED,
}


def locked(booking: Booking) -> Advance | None:
    """Return the booking's advance with its row locked until the transaction ends; None where nothing was asked."""
    return Advance.objects.select_for_update(of=("self",)).filter(booking=booking).first()


def held_until(booking: Booking, plan: ServicePlan, *, now: datetime, by: "Actor") -> datetime:
    """Return until when a table is held for its deposit, from now on: never past the start.

    Whoever books is at the page and pays now. A guest who was not there when the house said yes, or is told at the
    telephone, has at least as long as an offer of the waiting list stands.
    """
    until = now + timedelta(minutes=booking.policy.get("deposit_minutes", 0))
    if by.kind not in FOR_THE_GUEST:
        until = max(until, offer_ends_at(booking.starts_at, now, plan))
    return min(until, booking.starts_at)


def due_later(booking: Booking, *, now: datetime, of_a_date: bool = False) -> datetime:
    """Return by when a deposit is due for a table that is booked already (terms.deposit_due_hours); never at once.

    :param of_a_date: whether it is a date of a series
    """
    free_until = booking.starts_at - timedelta(hours=terms.deposit_due_hours(booking.policy, of_a_date=of_a_date))
    soonest = now + timedelta(minutes=booking.policy.get("deposit_minutes", 0))
    return min(max(free_until, soonest), booking.starts_at)


def ask(
    booking: Booking, *, due_at: datetime, by: "Actor", is_told: bool = True, gives_table_back: bool = False
) -> Advance:
    """Ask for the deposit of a booking's terms, and return the advance that awaits it.

    :param is_told: False where the money is there already
    :param gives_table_back: whether a table that is booked goes to others when the deposit has not come by then
    """
    advance = Advance.objects.create(
        booking=booking,
        amount_kobo=terms.deposit_kobo(booking.policy),
        due_at=due_at,
        gives_table_back=gives_table_back,
    )
    entry = record(advance, by=by, from_state="")
    if is_told:
        _tell_awaited(booking, advance, entry)
    return advance


def follow(booking: Booking, before: str, *, by: "Actor", reason: str = "") -> None:
    """Move the advance of a booking whose state has just become another one."""
    status = Status(booking.status)
    is_back = before == Status.NO_SHOW and status in (Status.CONFIRMED, Status.SEATED)
    if status not in ENDS and not is_back:
        return
    advance = locked(booking)
    if advance is None:
        return
    if is_back:
        if advance.state == AdvanceState.KEPT:
            back = move(advance, AdvanceState.RECEIVED, by=by, reason=reason)
            publish(
                DepositReleased(
                    restaurant_id=house_of(booking),
                    booking_id=booking.public_id,
                    entry=back.pk,
                    amount_kobo=min(advance.held_kobo, advance.amount_kobo),
                )
            )
        return
    end = ENDS[status]
    if status == Status.CANCELLED and booking.is_late_cancellation:
        end = AdvanceState.KEPT
    # A request that nobody answered expires, too: its money is owed back as with any no.
    why = OwedBecause.CANCELLED
    if status == Status.EXPIRED and before in (Status.HELD, Status.CONFIRMED):
        why = OwedBecause.LAPSED
    elif status == Status.LEFT:
        why = OwedBecause.LEFT
    entry = _settle(booking, advance, end, by=by, reason=reason, why=why)
    # Where a part had come, the news of what is owed back says the rest.
    if entry is not None and status == Status.EXPIRED and advance.state == AdvanceState.LAPSED:
        publish(DepositLapsed(restaurant_id=house_of(booking), booking_id=booking.public_id, entry=entry.pk))


def _settle(
    booking: Booking, advance: Advance, end: AdvanceState, *, by: "Actor", reason: str, why: OwedBecause
) -> AdvanceHistory | None:
    """Bring an advance that is still open to its end; None for one that was settled before, and stays as it is."""
    if advance.state == AdvanceState.AWAITED:
        if not advance.held_kobo:
            return move(advance, AdvanceState.LAPSED, by=by, reason=reason)
        # A part had come: it goes the way of a whole deposit.
        step = AdvanceState.LAPSED if end == AdvanceState.OWED_BACK else AdvanceState.RECEIVED
        before = advance.state
        advance.move_to(step)
        record(advance, by=by, from_state=before, reason=reason)
    elif advance.state != AdvanceState.RECEIVED:
        return None
    entry = move(advance, end, by=by, reason=reason)
    if end == AdvanceState.OWED_BACK:
        tell_owed(booking, advance, entry, why)
    elif end == AdvanceState.KEPT:
        _tell_kept(booking, advance, entry)
    return entry


def _tell_kept(booking: Booking, advance: Advance, entry: AdvanceHistory) -> None:
    why = KeptBecause.NO_SHOW if booking.status == Status.NO_SHOW else KeptBecause.LATE_CANCELLATION
    publish(
        DepositKept(
            restaurant_id=house_of(booking),
            booking_id=booking.public_id,
            entry=entry.pk,
            kept_kobo=min(advance.held_kobo, advance.amount_kobo),
            why=why.value,
        )
    )


def follow_time(booking: Booking, *, by: "Actor", now: datetime) -> None:
    """Let what is still awaited be due by the booking's new start; the caller saves the booking.

    A table that is held goes by its hold. One that is booked and would be given back has until its terms say, counted
    from the new start, and its guest is told.
    """
    advance = locked(booking)
    if advance is None or advance.state != AdvanceState.AWAITED:
        return
    due_at = min(advance.due_at, booking.starts_at)
    if advance.gives_table_back:
        due_at = due_later(booking, now=now, of_a_date=True)
    if due_at == advance.due_at:
        return
    advance.due_at, advance.reminded_at = due_at, None
    advance.save()
    if advance.gives_table_back:
        _tell_awaited(booking, advance, record(advance, by=by, from_state=advance.state))


def follow_size(booking: Booking, *, by: "Actor", free_until: datetime, now: datetime) -> Advance | None:
    """Ask for what the booking's own terms say for its new size, and return its advance; the caller saves the booking.

    More is outstanding until it comes. Of less, what has come is owed back only while cancelling is free.

    :param free_until: when that ends
    """
    booking.policy = terms.with_amounts(booking.policy, booking.party_size)
    amount = terms.deposit_kobo(booking.policy)
    advance = locked(booking)
    if advance is None:
        if terms.is_due_before(booking.policy) and booking.status in (Status.CONFIRMED, Status.ARRIVED):
            # The table is theirs for the smaller party: a hold would put that at stake.
            return ask(booking, due_at=due_later(booking, now=now), by=by)
        return None
    if advance.state not in (AdvanceState.AWAITED, AdvanceState.RECEIVED) or amount == advance.amount_kobo:
        return advance
    if amount < advance.amount_kobo and advance.held_kobo > amount and now > free_until:
        booking.policy["deposit_kobo"] = advance.amount_kobo
        return advance
    owed_before, grows = advance.owed_kobo, amount > advance.amount_kobo
    advance.amount_kobo = amount
    if advance.state == AdvanceState.AWAITED and not advance.missing_kobo:
        entry = move(advance, AdvanceState.RECEIVED if advance.held_kobo else AdvanceState.LAPSED, by=by)
    else:
        advance.save()
        entry = record(advance, by=by, from_state=advance.state)
    if grows and advance.missing_kobo and booking.status != Status.HELD:
        _tell_awaited(booking, advance, entry)
    elif advance.owed_kobo > owed_before:
        tell_owed(booking, advance, entry, OwedBecause.SURPLUS)
    return advance


def move(advance: Advance, state: AdvanceState, *, by: "Actor", reason: str = "", **money: Any) -> AdvanceHistory:
    """Move a locked advance, save it, and return the entry of its history."""
    before = advance.state
    advance.move_to(state)
    advance.save()
    return record(advance, by=by, from_state=before, reason=reason, **money)


def record(advance: Advance, *, by: "Actor", from_state: str, reason: str = "", **money: Any) -> AdvanceHistory:
    """Write an entry of the history and return it.

    :param money: received_kobo or returned_kobo of this time, and its reference
    """
    return AdvanceHistory.objects.create(
        advance=advance,
        actor=by.user,
        partner=by.app,
        actor_kind=by.kind,
        channel=by.channel,
        from_state=from_state,
        to_state=advance.state,
        amount_kobo=advance.amount_kobo,
        reason=reason[:300],
        **money,
    )


def why_owed(booking: Booking, advance: Advance) -> OwedBecause:
    """Return why the house owes money back, as the bookings and the history tell."""
    if advance.state != AdvanceState.OWED_BACK:
        return OwedBecause.SURPLUS
    if booking.status == Status.LEFT:
        return OwedBecause.LEFT
    last = advance.history.filter(to_state=AdvanceState.OWED_BACK).order_by("-pk").first()
    if booking.status != Status.EXPIRED or last is None:
        return OwedBecause.CANCELLED
    if last.received_kobo:
        return OwedBecause.TOO_LATE
    # A request that nobody answered has its deposit as a whole.
    return OwedBecause.LAPSED if last.from_state == AdvanceState.LAPSED else OwedBecause.CANCELLED


def tell_received(booking: Booking, advance: Advance, entry: AdvanceHistory, *, confirms: bool) -> None:
    publish(
        DepositReceived(
            restaurant_id=house_of(booking),
            booking_id=booking.public_id,
            entry=entry.pk,
            received_kobo=entry.received_kobo,
            missing_kobo=advance.missing_kobo,
            confirms=confirms,
        )
    )


def tell_owed(booking: Booking, advance: Advance, entry: AdvanceHistory, why: OwedBecause) -> None:
    publish(
        DepositOwedBack(
            restaurant_id=house_of(booking),
            booking_id=booking.public_id,
            entry=entry.pk,
            owed_kobo=advance.owed_kobo,
            why=why.value,
        )
    )


def _tell_awaited(booking: Booking, advance: Advance, entry: AdvanceHistory) -> None:
    publish(
        DepositAwaited(
            restaurant_id=house_of(booking),
            booking_id=booking.public_id,
            entry=entry.pk,
            amount_kobo=advance.missing_kobo,
            due_at=advance.due_at,
        )
    )


def house_of(booking: Booking) -> Any:
    return remembered_plan(booking.restaurant_id).public_id
