"""What bookings does when payments reports that money has come or gone, and when it owes some back itself."""

import logging
from functools import partial
from typing import Any
from uuid import UUID

from bookings import errors, selectors, services, ticketing
from bookings.deposit_words import advance_of
from bookings.models import Advance
from bookings.services import Actor
from bookings.states import AdvanceState, OwedBecause
from payments import services as payments
from payments.reconciliation.services import evidence, findings
from payments.reconciliation.states import FindingKind
from payments.saved.services.charging import has_failed_unheard
from payments.selectors import payment_by_public_id, payments_of, promised_back
from payments.states import DisputeState, Kind, RefundReason, RefundState, Review

logger = logging.getLogger(__name__)

# What bookings says of money that it owes, as payments says it.
REASONS = {
    OwedBecause.SURPLUS.value: RefundReason.SURPLUS,
    OwedBecause.TOO_LATE.value: RefundReason.TOO_LATE,
    OwedBecause.LAPSED.value: RefundReason.TOO_LATE,
    "part": RefundReason.TOO_LATE,
}

# What has become of a deposit, as payments' books say it.
ENDS = {
    AdvanceState.APPLIED: "applied",
    AdvanceState.KEPT: "retained",
    # A no-show that was undone: what is kept counts again.
    AdvanceState.RECEIVED: "released",
}


def take_payment(
    *, payment_id: UUID, kind: str, subject_id: UUID, amount_kobo: int, reference: str, **_more: Any
) -> None:
    """Count money that a gateway has confirmed; it counts once, by its reference. Without a purpose it goes back."""
    if kind == Kind.GUARANTEE:
        _take_guarantee(payment_id, subject_id, amount_kobo, reference)
        return
    if kind == Kind.FEE:
        counts = partial(_count, payment_id, Kind.FEE, subject_id)
        services.receive_fee(fee_id=subject_id, amount_kobo=amount_kobo, reference=reference, counts=counts)
        return
    if kind not in (Kind.DEPOSIT, Kind.TICKETS):
        return
    try:
        if kind == Kind.DEPOSIT:
            _take_deposit(subject_id, amount_kobo, reference)
        else:
            _take_for_tickets(subject_id, amount_kobo, reference)
    except errors.NoDepositAsked:
        payments.give_back(
            kind=kind,
            subject_id=subject_id,
            amount_kobo=amount_kobo,
            reason=RefundReason.NOT_ASKED,
            key=f"not asked:{reference}",
            references=[reference],
        )
    # The requests' rows before the payment's: whoever asks the gateway about it meanwhile takes them in this order.
    _count(payment_id, Kind(kind), subject_id)
    if kind == Kind.DEPOSIT:
        _follow_end(subject_id)


def _count(payment_id: UUID, kind: Kind, subject_id: UUID) -> bool:
    """Note money as counted, once its subject's own rows are locked; False when it was: heard twice, it counts once."""
    payments.lock_subject(kind=kind, subject_id=subject_id)
    return payments.credit(payment_id=payment_id)


def _take_guarantee(payment_id: UUID, booking_id: UUID, amount_kobo: int, reference: str) -> None:
    """Give the sum back at once, whatever becomes of the table: it only showed that the card can be charged."""
    booking = selectors.booking_by_public_id(booking_id)
    counts = partial(_count, payment_id, Kind.GUARANTEE, booking_id)
    if booking is None:
        counts()
    else:
        services.take_guarantee(booking=booking, counts=counts)
    payments.give_back(
        kind=Kind.GUARANTEE,
        subject_id=booking_id,
        amount_kobo=amount_kobo,
        reason=RefundReason.GUARANTEE,
        key=f"guarantee:{reference}",
        references=[reference],
    )


def note_failed_fee(*, payment_id: UUID, kind: str, subject_id: UUID, **_more: Any) -> None:
    """Have a fee charged again whose charge never reached the gateway; else its guest is sent a link."""
    if kind == Kind.FEE:
        services.note_failure(fee_id=subject_id, is_unheard=has_failed_unheard(payment_id))


def _take_deposit(subject_id: UUID, amount_kobo: int, reference: str) -> None:
    booking = selectors.booking_by_public_id(subject_id)
    if booking is None:
        raise errors.NoDepositAsked
    services.receive_deposit(booking=booking, amount_kobo=amount_kobo, by=Actor.system(), reference=reference)


def _take_for_tickets(subject_id: UUID, amount_kobo: int, reference: str) -> None:
    order = ticketing.order_by_public_id(subject_id)
    if order is None:
        raise errors.NoDepositAsked
    services.receive_payment(order=order, amount_kobo=amount_kobo, reference=reference, by=Actor.system())
    # More than it costs, or too late: nobody tells of that by an event of its own.
    _give_back_for_tickets(subject_id, key=f"paid:{reference}", reason=RefundReason.SURPLUS)


def give_deposit_back(*, booking_id: UUID, entry: int, why: str, **_more: Any) -> None:
    """Give back through its gateway what a booking owes; what came otherwise the house gives back itself."""
    _give_deposit_back(booking_id, key=f"owed:{entry}", reason=REASONS.get(why, RefundReason.CALLED_OFF))


def give_back_after_dispute(*, dispute_id: UUID, kind: str, subject_id: UUID, state: str, **_more: Any) -> None:
    """Give back what was owed already while a bank had the money, now that the bank has let go of it."""
    if state != DisputeState.WON:
        return
    key = f"dispute:{dispute_id}"
    if kind == Kind.DEPOSIT:
        _give_deposit_back(subject_id, key=key, reason=RefundReason.CALLED_OFF)
        _follow_end(subject_id)
    elif kind == Kind.GUARANTEE:
        _give_guarantee_back(subject_id, key=key)
    elif kind == Kind.TICKETS:
        _give_back_for_tickets(subject_id, key=key, reason=RefundReason.CALLED_OFF)
    elif kind == Kind.FEE:
        services.give_back_waived_fee(fee_id=subject_id, key=key)


def _give_guarantee_back(booking_id: UUID, *, key: str) -> None:
    """Give back all that is left of a guarantee; a bank may let go, take it up again, and let go again."""
    payments.lock_subject(kind=Kind.GUARANTEE, subject_id=booking_id)
    rows = [payment for payment in payments_of(Kind.GUARANTEE, booking_id) if payment.credited_at is not None]
    turn = sum(refund.key.startswith(key) for payment in rows for refund in payment.refunds.all())
    payments.give_back(
        kind=Kind.GUARANTEE,
        subject_id=booking_id,
        amount_kobo=sum(payment.left_kobo for payment in rows),
        reason=RefundReason.GUARANTEE,
        key=f"{key}:{turn}",
        references=[payment.reference for payment in rows],
    )


def _follow_end(booking_id: UUID) -> None:
    """Let money of a deposit that has had its end go the same way: it came, or came back, only after that.

    What is owed back stays its guest's.
    """
    booking = selectors.booking_by_public_id(booking_id)
    if booking is None or advance_of(booking) is None:
        return
    owed = services.owed_with_refunds(booking=booking, refunds=partial(_refunds, Kind.DEPOSIT, booking_id))
    advance = Advance.objects.get(booking=booking)
    if end := ENDS.get(AdvanceState(advance.state)):
        payments.note_end_of_deposit(subject_id=booking_id, end=end, but_kobo=max(owed, 0))


def _give_deposit_back(booking_id: UUID, *, key: str, reason: RefundReason) -> None:
    booking = selectors.booking_by_public_id(booking_id)
    if booking is None or advance_of(booking) is None:
        return
    owed = services.owed_with_refunds(booking=booking, refunds=partial(_refunds, Kind.DEPOSIT, booking_id))
    if owed > 0:
        payments.give_back(kind=Kind.DEPOSIT, subject_id=booking_id, amount_kobo=owed, reason=reason, key=key)


def give_back_for_tickets(*, order_id: UUID, version: int, why: str = "", **_more: Any) -> None:
    """Give back through its gateway what an order of tickets owes."""
    _give_back_for_tickets(order_id, key=f"order:{version}", reason=REASONS.get(why, RefundReason.CALLED_OFF))


def _give_back_for_tickets(order_id: UUID, *, key: str, reason: RefundReason) -> None:
    order = ticketing.order_by_public_id(order_id)
    if order is None:
        return
    owed = services.owed_for_tickets_with_refunds(order=order, refunds=partial(_refunds, Kind.TICKETS, order_id))
    if owed > 0:
        payments.give_back(kind=Kind.TICKETS, subject_id=order_id, amount_kobo=owed, reason=reason, key=key)


def _refunds(kind: Kind, subject_id: UUID) -> dict[str, int]:
    """Return what is promised back, by the references under which it is noted once it has arrived.

    Nobody else promises more of it until the transaction ends.
    """
    payments.lock_subject(kind=kind, subject_id=subject_id)
    return {reference_of(number): kobo for number, kobo in promised_back(kind=kind, subject_id=subject_id).items()}


def reference_of(refund_id: UUID) -> str:
    return f"refund-{refund_id}"


def note_refund(
    *,
    refund_id: UUID,
    payment_id: UUID,
    kind: str,
    subject_id: UUID,
    amount_kobo: int,
    state: str,
    reason: str,
    **_more: Any,
) -> None:
    """Write down that money has arrived where it was owed to; what is on its way is still owed."""
    if state == RefundState.FAILED:
        _note_failed(refund_id, payment_id, kind, subject_id, amount_kobo=amount_kobo, reason=reason)
        return
    if state != RefundState.DONE or kind not in (Kind.DEPOSIT, Kind.TICKETS):
        return
    payment = payment_by_public_id(payment_id)
    if payment is not None and payment.review == Review.REFUSED and payment.credited_at is None:
        # What was not let through never counted here, and nothing of what did has gone.
        return
    try:
        _note(kind, subject_id, amount_kobo=amount_kobo, reference=reference_of(refund_id))
    except errors.MoreThanOwedBack:
        # Given back at the gateway by hand, while the tickets still count: for a person to look at.
        logger.warning("More was given back for the tickets %s than was owed", subject_id)
    except errors.NothingOwedBack:
        if payment is None or payment.credited_at is None:
            # What was paid is yet to be counted: then this is, too.
            raise
        logger.warning("Money went back for the booking %s that had not counted there", subject_id)


def _note_failed(
    refund_id: UUID, payment_id: UUID, kind: str, subject_id: UUID, *, amount_kobo: int, reason: str
) -> None:
    """Ask again, once, for what was owed and has not arrived; after that a person finds it among the differences."""
    payment = payment_by_public_id(payment_id)
    if payment is None or reason == RefundReason.GATEWAY:
        return
    if kind == Kind.DEPOSIT:
        booking = selectors.booking_by_public_id(subject_id)
        advance = advance_of(booking) if booking is not None else None
        reference = reference_of(refund_id)
        if advance is not None and not advance.history.filter(returned_kobo__gt=0, reference=reference).exists():
            _follow_end(subject_id)
            return
        is_seen_to = False
    elif kind == Kind.FEE:
        is_seen_to = services.note_failed_refund(
            fee_id=subject_id, refund_id=refund_id, amount_kobo=amount_kobo, reason=reason
        )
    elif kind == Kind.GUARANTEE:
        is_seen_to = payments.ask_again(refund_id=refund_id) is not None
    else:
        return
    if not is_seen_to:
        logger.error("Money of %s was to go back and has not arrived", payment.reference)
        findings.note(
            findings.Difference(
                FindingKind.REFUND_MISSING,
                payment.gateway,
                payment.mode,
                about=str(refund_id),
                payment=payment,
                ours_kobo=amount_kobo,
                theirs_kobo=0,
                evidence={
                    "here": next(
                        evidence.of_refund(one) for one in payment.refunds.all() if one.public_id == refund_id
                    ),
                    "payment_here": evidence.of_payment(payment),
                },
            )
        )


def _note(kind: str, subject_id: UUID, *, amount_kobo: int, reference: str) -> None:
    if kind == Kind.DEPOSIT:
        booking = selectors.booking_by_public_id(subject_id)
        if booking is not None:
            services.return_deposit(booking=booking, by=Actor.system(), reference=reference, amount_kobo=amount_kobo)
        return
    order = ticketing.order_by_public_id(subject_id)
    if order is not None:
        services.pay_back(order=order, amount_kobo=amount_kobo, reference=reference, by=Actor.system())
