"""What a house's managers and the platform's people do about money by hand, each act with its line in the trail."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from core import audit
from payments import errors
from payments.models import Payment, Refund, WebhookEvent
from payments.services import journal, refunding, settling
from payments.states import RefundReason


@transaction.atomic
def refund_at_desk(
    *,
    payment: Payment,
    amount_kobo: int,
    reason: RefundReason,
    request_key: UUID,
    seen_left_kobo: int,
    note: str = "",
    by: User,
) -> Refund:
    """Give money of a payment back, all or a part, and return the refund; a worker tells the gateway.

    :param request_key: of the form that was opened: sent twice it gives back once
    :param seen_left_kobo: what could be given back when it was opened
    :raises PaymentMovedOn: when another amount is left now
    :raises RefundTooLarge: when it is more than is left
    :raises NotRefundable: when no money has come
    """
    payment = settling.locked(payment.pk)
    key = f"desk:{request_key}"
    if known := payment.refunds.filter(key=key).first():
        return known
    if payment.left_kobo != seen_left_kobo:
        raise errors.PaymentMovedOn(left=payment.left_kobo)
    made = refunding.refund(payment=payment, amount_kobo=amount_kobo, reason=reason, key=key, note=note, by=by)
    audit.record(
        "payments.refund_asked",
        actor=by,
        target=payment,
        restaurant_id=payment.request.restaurant_id,
        details={"kobo": made.amount_kobo, "reason": made.reason},
    )
    return made


def ask_gateway(*, payment: Payment, by: User) -> Payment:
    """Ask the gateway now what became of a payment, and return it as it stands then. No transaction may be open."""
    settled = settling.settle(payment_id=payment.pk)
    audit.record(
        "payments.asked",
        actor=by,
        target=settled,
        restaurant_id=settled.request.restaurant_id,
        details={"state": settled.state},
    )
    return settled


def ask_about_refund(*, refund: Refund, by: User) -> Refund:
    """Tell the gateway of a refund now, or ask what became of it; return it as it stands then.

    No transaction may be open.
    """
    seen = refunding.look_after_refund(refund_id=refund.pk)
    audit.record(
        "payments.refund_looked_after",
        actor=by,
        target=seen,
        restaurant_id=refund.payment.request.restaurant_id,
        details={"state": seen.state},
    )
    return seen


@transaction.atomic
def replay_webhook(*, event: WebhookEvent, by: User) -> WebhookEvent:
    """Have a webhook worked off once more, and return it: what it already did is not done twice."""
    row = journal.replay(row=event)
    audit.record("payments.webhook_replayed", actor=by, target=row, details={"gateway": row.gateway, "event": row.name})
    return row
