"""Questions about receipts."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.selectors import may
from accounts.states import Ability
from payments.ledger import chart
from payments.ledger import selectors as ledger
from payments.models import Payment, PaymentRequest
from payments.receipts.models import Receipt
from payments.receipts.states import DocumentKind
from payments.states import DisputeState, Kind
from payments.subjects import subject_of


def documents_of(payments: Iterable[Payment]) -> list[Receipt]:
    """Return the receipts of payments and what was issued about their refunds since, in their order."""
    rows = Receipt.objects.filter(payment__in=payments).select_related("restaurant", "payment__request")
    return list(rows.prefetch_related("payment__disputes").order_by("pk"))


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


def payments_of_link(asked: PaymentRequest) -> "QuerySet[Payment]":
    """Return the payments of a request that have a receipt: several where it was paid in parts."""
    return asked.payments.filter(receipts__kind=DocumentKind.RECEIPT).order_by("pk")


@dataclass(frozen=True)
class Since:
    """What became of a payment's money since its receipt, and is no refund. Kobo."""

    kept_kobo: int = 0
    taken_kobo: int = 0


def since(receipt: Receipt) -> Since:
    """Return what the house keeps of a deposit, by the terms of its booking, and what a bank took back."""
    if receipt.kind != DocumentKind.RECEIPT:
        return Since()
    payment = receipt.payment
    lost = sum(each.counted_kobo for each in payment.disputes.all() if each.state == DisputeState.LOST)
    if receipt.purpose != Kind.DEPOSIT:
        return Since(taken_kobo=lost)
    kept = chart.deposit_retained(receipt.restaurant_id)
    return Since(ledger.standing_of_payment(payment.public_id).get(kept, 0), lost)


def link_to_receipt(kind: str, subject_id: UUID, *, owner_id: int | None, token: str, language: str) -> str:
    """Return the address of the receipts for what somebody booked or bought; nothing where they have none.

    :param owner_id: whoever booked: what somebody else paid from their account is theirs to read
    :param token: opens what was booked to whoever has it, and so this. The link on which it was paid stands in no mail
    """
    last = _for_subject(kind, subject_id, owner_id).order_by("-pk").values_list("public_id", flat=True).first()
    if last is None:
        return ""
    with translation.override(language):
        path = reverse("payments:receipt", args=[last])
    return f"{settings.BASE_URL}{path}?token={token}"


def opened_with(payment: Payment, token: str) -> list[Payment]:
    """Return the payments for the same thing whose receipts its own token opens; none, where this is not one of them.

    No friend's share is, nor what another account paid. Whose token it is counts, and not who brings it.
    """
    asked = payment.request
    if not token or asked.kind not in settings.PAYMENT_SUBJECTS:
        return []
    if not subject_of(asked.kind).opened_by(asked.subject_id, token=token):
        return []
    found = list(_for_subject(asked.kind, asked.subject_id, _owner_of(asked)).order_by("pk"))
    return found if payment in found else []


def is_bookers(user: User | None, payment: Payment) -> bool:
    """Tell whether somebody booked what a payment was for, and no friend paid it, nor another account."""
    asked = payment.request
    if user is None or asked.is_share or payment.payer_id not in (None, user.pk):
        return False
    return _owner_of(asked) == user.pk


def may_see(user: User | None, payment: Payment) -> bool:
    """Tell whether somebody may read a payment's receipt: its payer, and who handles money at the house.

    :raises SecondFactorRequired: when only the second factor is missing
    """
    if user is None:
        return False
    if payment.payer_id == user.pk:
        return True
    return staff_may(user, Ability.HANDLE_MONEY, restaurant_id=payment.request.restaurant_id)


def app_may_see(app: PartnerApp, payment: Payment) -> bool:
    """Tell whether a partner app may read a receipt: where it sees bookings, of what no account and no friend paid."""
    asked = payment.request
    if asked.is_share or payment.payer_id is not None:
        return False
    return may(app, Ability.SEE_BOOKINGS, restaurant_id=asked.restaurant_id)


def _for_subject(kind: str, subject_id: UUID, owner_id: int | None) -> "QuerySet[Payment]":
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id, request__is_share=False)
    rows = rows.filter(Q(payer=None) | Q(payer=owner_id))
    return rows.filter(receipts__kind=DocumentKind.RECEIPT)


def _owner_of(asked: PaymentRequest) -> int | None:
    if asked.kind not in settings.PAYMENT_SUBJECTS:
        return None
    named = subject_of(asked.kind).named([asked.subject_id]).get(asked.subject_id)
    return named.owner_id if named is not None else None
