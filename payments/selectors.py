"""Questions about money, answered without changing anything. Kobo throughout."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from payments.models import Payment, PaymentRequest, Refund
from payments.states import REFUND_COUNTS, PaymentState, Review
from payments.tokens import hash_of


def promised_back(*, kind: str, subject_id: UUID) -> dict[UUID, int]:
    """Return what of the money that was counted for a subject was given back or is to be: the refunds, and their kobo.

    Those too that have arrived: whoever counts the money may not have heard of that yet.
    """
    rows = Refund.objects.filter(
        payment__request__kind=kind, payment__request__subject_id=subject_id, state__in=REFUND_COUNTS
    )
    # What was not let through after a look never counted, and so its way back says nothing of what did.
    counted = rows.exclude(payment__review=Review.REFUSED, payment__credited_at=None)
    return dict(counted.values_list("public_id", "amount_kobo"))


def request_by_token(token: str) -> PaymentRequest | None:
    """Return what the holder of a link is asked for."""
    return PaymentRequest.objects.filter(token_hash=hash_of(token)).select_related("restaurant").first()


def payments_of(kind: str, subject_id: UUID) -> "QuerySet[Payment]":
    """Return the attempts to pay for a subject, the newest first, with their refunds."""
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id)
    return rows.select_related("request").prefetch_related("refunds", "disputes").order_by("-pk")


def payment_by_public_id(public_id: UUID) -> Payment | None:
    """Return a payment whoever asks; the door must know that they may see it."""
    rows = Payment.objects.select_related("request__restaurant")
    return rows.prefetch_related("refunds", "disputes").filter(public_id=public_id).first()


def payment_by_reference(reference: str) -> Payment | None:
    """Return the payment of a reference whoever asks; the door must know that they may see it."""
    rows = Payment.objects.select_related("request__restaurant")
    return rows.prefetch_related("refunds", "disputes").filter(reference=reference).first()


def payments_by(user: User) -> "QuerySet[Payment]":
    """Return somebody's payments, with their refunds."""
    return Payment.objects.filter(payer=user).select_related("request").prefetch_related("refunds")


def is_checked(kind: str, subject_id: UUID) -> bool:
    """Tell whether an attempt to pay for a subject may have taken money that does not count yet."""
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id)
    waits = Q(state=PaymentState.CHECKING) | Q(state=PaymentState.SUCCEEDED, credited_at=None)
    return rows.filter(waits).exclude(review=Review.REFUSED).exists()


def stranded() -> "QuerySet[Payment]":
    """Return the payments whose money has come and counts nowhere: an alarm, once they are more than minutes old."""
    return Payment.objects.filter(state=PaymentState.SUCCEEDED, credited_at__isnull=True, refunded_kobo=0)
