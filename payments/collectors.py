"""What an archive holds of somebody's payments."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.encryption import index_of_email
from core.personal_data import Collector, Subject
from payments.models import Payment, Refund

EMAIL = ("email", "email_index", "address")


def payments_about(subject: Subject) -> QuerySet[Payment]:
    """Return what somebody paid: on their account, with an address they have proven, or for what they have shown."""
    shown = {number for numbers in subject.rows.values() for number in numbers}
    mine = Q(request__subject_id__in=shown, request__is_share=False) if shown else Q(pk__in=[])
    if subject.user_id is not None:
        mine |= Q(payer_id=subject.user_id)
    if subject.emails:
        mine |= Q(payer=None, email_index__in=[index_of_email(address) for address in subject.emails])
    return Payment.objects.filter(mine).order_by("pk")


def payments(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = payments_about(subject).select_related("request__restaurant").prefetch_related("refunds")
    for payment in rows.iterator(chunk_size=100):
        yield {
            "id": payment.public_id,
            "reference": payment.reference,
            "restaurant": payment.request.restaurant.name,
            "for": payment.request.kind,
            "state": payment.state,
            "asked_kobo": payment.amount_kobo,
            "received_kobo": payment.received_kobo,
            "given_back_kobo": payment.refunded_kobo,
            "gateway": payment.gateway,
            "paid_by": payment.channel,
            "card": f"{payment.card_brand} {payment.card_last4}".strip(),
            "bank": payment.card_bank,
            "email": payment.email,
            "network_address": payment.address,
            "begun_at": payment.created_at,
            "paid_at": payment.paid_at,
            "refunds": [
                {"kobo": refund.amount_kobo, "state": refund.state, "why": refund.reason, "at": refund.created_at}
                for refund in payment.refunds.all()
            ],
        }


def work(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody gave back in their work for a house."""
    for refund in Refund.objects.filter(asked_by_id=subject.account).order_by("pk").iterator(chunk_size=100):
        yield {"kobo": refund.amount_kobo, "why": refund.reason, "note": refund.note, "at": refund.created_at}


COLLECTORS = [
    Collector(
        "payments",
        _("What you paid"),
        payments,
        (
            "payments.Payment",
            "payments.Payment.payer",
            *(f"payments.Payment.{name}" for name in EMAIL),
            "payments.Refund",
            "payments.PaymentRequest",
        ),
        is_for_guests=True,
    ),
    Collector("refund_work", _("What you gave back to others"), work, ("payments.Refund.asked_by",)),
]
_history = "What it was before stands in the payment's own row as it is now, and in the refunds."
NOT_COLLECTED = {
    "payments.PaymentRequest.token": "A key that opens the page to pay on; the archive has the payment.",
    "payments.PaymentRequest.asked_by": "The booking or order that it is for is in the archive of who asked.",
    "payments.PaymentRowHistory": _history,
    "payments.PaymentRowHistory.payer": _history,
    "payments.RefundRowHistory": _history,
    "payments.RefundRowHistory.asked_by": _history,
    "payments.DisputeRowHistory": _history,
    "payments.Dispute": "What a bank said of a payment: the payment is in the archive.",
    "payments.WebhookEvent": "A gateway's note about a payment, kept for ninety days; the payment is in the archive.",
    "payments.WebhookEvent.body": "A gateway's note about a payment, kept for ninety days; the payment is there.",
}
