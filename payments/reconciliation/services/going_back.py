"""A gateway's refunds and disputes beside ours, and ours beside the gateway's."""

from payments.gateways import base
from payments.gateways.base import Absent, Charge, Down, Unknown
from payments.models import Dispute, Payment, Refund
from payments.reconciliation.services import evidence
from payments.reconciliation.services.charges import Comparing, NotNow, compare_charge, said
from payments.reconciliation.states import FindingKind
from payments.services import disputing, refunding
from payments.states import DisputeState, RefundState


def _payment_behind(day: Comparing, *, charge_id: str, reference: str) -> tuple[Payment | None, bool]:
    """Return the payment that money went back of, and whether its charge is there at all."""
    payment = day.payment_of(gateway_id=charge_id, reference=reference)
    if payment is not None:
        return payment, True
    answer = said(day.gateway.find(charge_id) if charge_id else day.gateway.verify(reference))
    if not isinstance(answer, Charge):
        return None, False
    # Not noticed yet, or nobody's: then what went back of it is booked with it.
    compare_charge(day, answer)
    return day.payment_of(gateway_id=answer.gateway_id), True


# --- Refunds ---------------------------------------------------------------------------------------------------------


def compare_refund(day: Comparing, seen: base.Refund) -> None:
    """Compare a refund of the gateway's with ours; what was begun there is taken in.

    :raises NotNow: when the gateway has to be asked more and does not answer
    """
    payment, is_there = _payment_behind(day, charge_id=seen.charge_id, reference=seen.reference)
    if payment is None:
        if not is_there:
            day.note(FindingKind.REFUND_UNKNOWN, seen.gateway_id, reference=seen.reference,
                     gateway_id=seen.gateway_id, ours=0, theirs=seen.amount_kobo,
                     there=evidence.of_their_refund(seen))  # fmt: skip
        return
    if seen.amount_kobo <= 0:
        return
    is_known = _is_known(payment, seen)
    refunding.take_over(payment_id=payment.pk, listed=[seen])
    row = payment.refunds.get(gateway_id=seen.gateway_id)
    if not is_known:
        day.note(FindingKind.REFUND_UNKNOWN, seen.gateway_id, payment=payment, gateway_id=seen.gateway_id, ours=0,
                 theirs=seen.amount_kobo, is_gone=True, there=evidence.of_their_refund(seen))  # fmt: skip
    if _differs(payment, row, seen):
        # The list may be older than what a webhook has told since.
        again = said(day.gateway.find_refund(seen.gateway_id))
        if isinstance(again, base.Refund):
            refunding.take_over(payment_id=payment.pk, listed=[again])
            row.refresh_from_db()
            seen = again
    if _differs(payment, row, seen):
        payment.refresh_from_db()
        day.note(FindingKind.REFUND_DIFFERS, seen.gateway_id, payment=payment, gateway_id=seen.gateway_id,
                 ours=row.amount_kobo if row.state != RefundState.FAILED else 0, theirs=seen.amount_kobo,
                 here=evidence.of_refund(row), there=evidence.of_their_refund(seen),
                 payment_here=evidence.of_payment(payment))  # fmt: skip


def _is_known(payment: Payment, seen: base.Refund) -> bool:
    return any(
        row.gateway_id == seen.gateway_id or (not row.gateway_id and refunding.note_of(row) in seen.note)
        for row in payment.refunds.all()
    )


def _differs(payment: Payment, row: Refund, seen: base.Refund) -> bool:
    is_another_sum = row.amount_kobo != seen.amount_kobo or (seen.currency or payment.currency) != payment.currency
    return is_another_sum or row.state != refunding.OUTCOMES[seen.outcome]


def compare_our_refund(day: Comparing, row: Refund) -> None:
    """Look for a refund of ours that the gateway's list of the day did not have.

    :raises NotNow: when the gateway does not answer
    """
    answer = day.gateway.find_refund(row.gateway_id)
    if isinstance(answer, Down | Unknown):
        raise NotNow(answer.why)
    if isinstance(answer, Absent):
        day.note(FindingKind.REFUND_MISSING, str(row.public_id), payment=row.payment, gateway_id=row.gateway_id,
                 ours=row.amount_kobo, theirs=0, here=evidence.of_refund(row),
                 payment_here=evidence.of_payment(row.payment))  # fmt: skip
    else:
        compare_refund(day, answer)


# --- Disputes --------------------------------------------------------------------------------------------------------


def compare_dispute(day: Comparing, seen: base.Dispute) -> None:
    """Compare a dispute of the gateway's with ours; what is new, or has moved on, is written down.

    :raises NotNow: when the gateway has to be asked more and does not answer
    """
    payment, is_there = _payment_behind(day, charge_id=seen.charge_id, reference=seen.reference)
    if payment is None or seen.amount_kobo <= 0 or payment.received_kobo <= 0:
        day.note(FindingKind.DISPUTE_UNKNOWN, seen.gateway_id, payment=payment, reference=seen.reference,
                 gateway_id=seen.gateway_id, ours=0, theirs=seen.amount_kobo, charge_is_there=is_there,
                 there=evidence.of_their_dispute(seen))  # fmt: skip
        return
    is_known = payment.disputes.filter(gateway_id=seen.gateway_id).exists()
    row = disputing.note_dispute(payment_id=payment.pk, seen=seen)
    if not is_known:
        day.note(FindingKind.DISPUTE_UNKNOWN, seen.gateway_id, payment=payment, gateway_id=seen.gateway_id, ours=0,
                 theirs=seen.amount_kobo, is_gone=True, there=evidence.of_their_dispute(seen))  # fmt: skip
    payment.refresh_from_db()
    if row.state != disputing.STATES[seen.state] or _is_another_sum(row, seen):
        day.note(FindingKind.DISPUTE_DIFFERS, seen.gateway_id, payment=payment, gateway_id=seen.gateway_id,
                 ours=row.amount_kobo if row.state != DisputeState.WON else 0, theirs=seen.amount_kobo,
                 here=evidence.of_dispute(row), there=evidence.of_their_dispute(seen),
                 payment_here=evidence.of_payment(payment))  # fmt: skip


def _is_another_sum(row: Dispute, seen: base.Dispute) -> bool:
    """Tell whether another sum is disputed here than there; of one that was won nothing is."""
    return row.state != DisputeState.WON and row.amount_kobo != seen.amount_kobo


def compare_our_dispute(day: Comparing, row: Dispute) -> None:
    """Look for a dispute of ours that the gateway's list of the day did not have: one that is open may have ended.

    :raises NotNow: when the gateway does not answer
    """
    answer = day.gateway.find_dispute(row.gateway_id)
    if isinstance(answer, Down | Unknown):
        raise NotNow(answer.why)
    if isinstance(answer, Absent):
        day.note(FindingKind.DISPUTE_MISSING, str(row.public_id), payment=row.payment, gateway_id=row.gateway_id,
                 ours=row.amount_kobo, theirs=0, here=evidence.of_dispute(row),
                 payment_here=evidence.of_payment(row.payment))  # fmt: skip
    else:
        compare_dispute(day, answer)
