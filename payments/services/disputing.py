"""Disputes: a bank wants money back, and the gateway says how it stands."""

from django.db import transaction

from core.outbox import publish
from payments.events import DisputeMoved
from payments.gateways import base
from payments.models import Dispute, Payment
from payments.services import bookkeeping
from payments.services.settling import locked
from payments.states import DISPUTE_MACHINE, DisputeState

STATES = {
    base.DisputeState.OPEN: DisputeState.OPEN,
    base.DisputeState.WON: DisputeState.WON,
    base.DisputeState.LOST: DisputeState.LOST,
    # A word that nobody knows is still to be looked at.
    base.DisputeState.UNKNOWN: DisputeState.OPEN,
}


@transaction.atomic
def note_dispute(*, payment_id: int, seen: base.Dispute) -> Dispute:
    """Write down what a gateway says of a dispute, and return it. Money under dispute cannot be given back besides."""
    payment = locked(payment_id)
    state = STATES[seen.state]
    row = payment.disputes.select_for_update().filter(gateway_id=seen.gateway_id).first()
    is_new = row is None
    if row is None:
        row = Dispute(payment=payment, gateway_id=seen.gateway_id, amount_kobo=seen.amount_kobo, state=state)
    before = None if is_new else DisputeState(row.state)
    if before in (None, DisputeState.WON):
        row.counted_kobo = min(seen.amount_kobo, payment.left_kobo)
    row.word, row.category, row.due_at = seen.word[:40], seen.category[:40], seen.due_at or row.due_at
    if before is not None and before != state and DISPUTE_MACHINE.allows(before, state):
        row.move_to(state)
    row.save()
    _count(payment)
    if is_new or before != row.state:
        bookkeeping.dispute_moved(payment, row, before=before)
        publish(
            DisputeMoved(
                dispute_id=row.public_id,
                payment_id=payment.public_id,
                kind=payment.request.kind,
                subject_id=payment.request.subject_id,
                amount_kobo=row.amount_kobo,
                state=row.state,
            )
        )
    return row


def _count(payment: Payment) -> None:
    rows = payment.disputes.exclude(state=DisputeState.WON)
    payment.disputed_kobo = sum(row.counted_kobo for row in rows)
    payment.save(update_fields=["disputed_kobo", "updated_at"])
