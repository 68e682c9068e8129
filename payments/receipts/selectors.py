"""Questions about receipts."""

from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from accounts.doors import staff_may
from accounts.models import User
from accounts.states import Ability
from payments.ledger import chart
from payments.ledger import selectors as ledger
from payments.models import Payment, PaymentRequest
from payments.receipts.models import Receipt
from payments.receipts.states import DocumentKind
from payments.states import Kind
from payments.subjects import subject_of


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


def kept_kobo(payment: Payment) -> int:
    """Return what of a deposit the house keeps because nobody came, or they cancelled too late."""
    if payment.request.kind != Kind.DEPOSIT:
        return 0
    kept = chart.deposit_retained(payment.request.restaurant_id)
    return ledger.standing_of_payment(payment.public_id).get(kept, 0)


def link_to_receipt(kind: str, subject_id: UUID, *, owner_id: int | None, token: str, language: str) -> str:
    """Return the address of the last receipt for what somebody booked or bought; nothing where they have none.

    :param owner_id: whoever booked: what somebody else paid from their account is theirs to read
    :param token: opens what was booked to whoever has it, and so this. The link on which it was paid stands in no mail
    """
    rows = Receipt.objects.filter(kind=DocumentKind.RECEIPT, payment__request__is_share=False)
    rows = rows.filter(Q(payment__payer=None) | Q(payment__payer=owner_id))
    rows = rows.filter(payment__request__kind=kind, payment__request__subject_id=subject_id)
    last = rows.order_by("-pk").values_list("payment__public_id", flat=True).first()
    if last is None:
        return ""
    with translation.override(language):
        path = reverse("payments:receipt", args=[last])
    return f"{settings.BASE_URL}{path}?token={token}"


def opens(request: HttpRequest, payment: Payment, token: str) -> bool:
    """Tell whether a token of what was paid for opens its receipt: not of a share, nor of what another account paid."""
    asked = payment.request
    if not token or asked.is_share or asked.kind not in settings.PAYMENT_SUBJECTS:
        return False
    subject = subject_of(asked.kind)
    if not subject.visible_to(asked.subject_id, request=request, token=token):
        return False
    named = subject.named([asked.subject_id]).get(asked.subject_id)
    return payment.payer_id is None or (named is not None and named.owner_id == payment.payer_id)


def may_see(user: User | None, payment: Payment) -> bool:
    """Tell whether somebody may read a payment's receipt: its payer, and who handles money at the house.

    :raises SecondFactorRequired: when only the second factor is missing
    """
    if user is None:
        return False
    if payment.payer_id == user.pk:
        return True
    return staff_may(user, Ability.HANDLE_MONEY, restaurant_id=payment.request.restaurant_id)
