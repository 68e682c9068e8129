"""A person's look at a payment that was held: let it through, or give it back."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from core.outbox import publish
from payments import errors
from payments.events import PaymentReviewed
from payments.models import Payment
from payments.receipts import services as receipts
from payments.saved.services import forgetting
from payments.services import bookkeeping, refunding
from payments.services.settling import announce, locked
from payments.states import Kind, PaymentState, RefundReason, Review


@transaction.atomic
def release_payment(*, payment: Payment, by: User | None) -> Payment:
    """Let a held payment count.

    :raises NotRefundable: when no money has come for it
    """
    payment = locked(payment.pk)
    if payment.review == Review.HELD:
        if payment.state != PaymentState.SUCCEEDED:
            raise errors.NotRefundable
        payment.review = Review.RELEASED
        payment.save(update_fields=["review", "updated_at"])
        bookkeeping.released(payment)
        announce(payment)
        publish(PaymentReviewed(payment_id=payment.public_id))
        audit.record("payments.released", actor=by, target=payment, details={"reference": payment.reference})
    return payment


@transaction.atomic
def refuse_payment(*, payment: Payment, by: User | None) -> Payment:
    """Give a held payment back, and let it count for nothing."""
    payment = locked(payment.pk)
    if payment.review == Review.HELD:
        payment.review = Review.REFUSED
        payment.save(update_fields=["review", "updated_at"])
        if payment.left_kobo > 0:
            refunding.refund(payment=payment, reason=RefundReason.REVIEWED, key=f"review:{payment.public_id}", by=by)
        forgetting.end_with_payment(payment=payment)
        publish(PaymentReviewed(payment_id=payment.public_id))
        audit.record("payments.refused", actor=by, target=payment, details={"reference": payment.reference})
    return payment


def note_end_of_deposit(*, subject_id: UUID, end: str, but_kobo: int = 0) -> None:
    """Write into the books what became of a booking's deposit: `applied`, `retained`, or `released` again.

    As often as one likes: it is about what is held then. What has not counted yet is not looked at.

    :param but_kobo: so much of it is owed back, and stays held for its guest: of the last payments, which go back first
    """
    rows = Payment.objects.filter(
        request__kind=Kind.DEPOSIT,
        request__subject_id=subject_id,
        state=PaymentState.SUCCEEDED,
        credited_at__isnull=False,
    )
    with transaction.atomic():
        payments = [locked(pk) for pk in rows.order_by("request_id", "pk").values_list("pk", flat=True)]
        for payment in sorted(payments, key=refunding.last_first):
            if end == "released":
                bookkeeping.deposit_released(payment)
                continue
            stays = min(bookkeeping.held_of(payment), but_kobo) if but_kobo > 0 else 0
            but_kobo -= stays
            note = {"applied": bookkeeping.deposit_applied, "retained": bookkeeping.deposit_retained}[end]
            note(payment, but_kobo=stays)


@transaction.atomic
def credit(*, payment_id: UUID) -> bool:
    """Note that what a payment was for has counted it, in the transaction in which it did; False when it had before.

    Its receipt is issued with it.
    """
    rows = Payment.objects.filter(public_id=payment_id, credited_at__isnull=True)
    if not rows.update(credited_at=timezone.now()):
        return False
    receipts.issue(payment=Payment.objects.get(public_id=payment_id))
    return True
