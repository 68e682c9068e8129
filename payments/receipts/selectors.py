"""Questions about receipts."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.doors import staff_may
from accounts.models import User
from accounts.states import Ability
from payments.models import Payment, PaymentRequest
from payments.receipts.models import Receipt
from payments.receipts.states import DocumentKind


def documents_of(payment: Payment) -> list[Receipt]:
    """Return a payment's receipt and what was issued about its refunds since, in their order."""
    return list(Receipt.objects.filter(payment=payment).select_related("restaurant").order_by("pk"))


def receipt_of(payment: Payment) -> Receipt | None:
    """Return the receipt that says that a payment has come."""
    return Receipt.objects.filter(payment=payment, kind=DocumentKind.RECEIPT).first()


def have_receipts(payment_ids: "list[int]") -> set[int]:
    """Return which of these payments have one."""
    rows = Receipt.objects.filter(payment__in=payment_ids, kind=DocumentKind.RECEIPT)
    return set(rows.values_list("payment_id", flat=True))


def receipts() -> "QuerySet[Receipt]":
    return Receipt.objects.select_related("restaurant", "payment__request")


def payment_with_receipt(public_id: UUID) -> Payment | None:
    """Return a payment that has a receipt, whoever asks; the door must know that they may see it."""
    rows = Payment.objects.select_related("request__restaurant").filter(public_id=public_id)
    return rows.filter(receipts__kind=DocumentKind.RECEIPT).first()


def payment_of_link(asked: PaymentRequest) -> Payment | None:
    """Return the last payment of a request that has a receipt."""
    rows = asked.payments.select_related("request__restaurant").filter(receipts__kind=DocumentKind.RECEIPT)
    return rows.order_by("-pk").first()


def may_see(user: User | None, payment: Payment) -> bool:
    """Tell whether somebody may read a payment's receipt: its payer, and who handles money at the house.

    :raises SecondFactorRequired: when only the second factor is missing
    """
    if user is None:
        return False
    if payment.payer_id == user.pk:
        return True
    return staff_may(user, Ability.HANDLE_MONEY, restaurant_id=payment.request.restaurant_id)
