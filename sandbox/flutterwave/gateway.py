"""What the kit of the gateways asks of Flutterwave."""

from collections.abc import Iterable

from django.db.models import Sum

from sandbox.flutterwave import chargebacks, notices, payouts
from sandbox.flutterwave.api import door
from sandbox.flutterwave.callers import NAME
from sandbox.flutterwave.models import (
    CardToken,
    Chargeback,
    Customer,
    Link,
    Preferences,
    Refund,
    Settlement,
    Subaccount,
    Transaction,
    Transfer,
)
from sandbox.flutterwave.refunds import UNDONE
from sandbox.flutterwave.till import TILL
from sandbox.gateways.merchants import Merchant
from sandbox.gateways.registry import Gateway, PaymentLine


def _sign(merchant: Merchant, _mode: str, _body: bytes) -> dict[str, str]:
    """Return the merchant's own word: it proves nothing about the body."""
    return {"verif-hash": merchant.secret_hash}


def _payments(after: int, most: int) -> Iterable[PaymentLine]:
    rows = list(Transaction.objects.filter(pk__gt=after).order_by("pk")[:most])
    if not rows:
        return
    span = {"transaction__gt": after, "transaction__lte": rows[-1].pk}
    refunded = dict(
        Refund.objects.filter(**span)
        .exclude(status__in=UNDONE)
        .order_by()
        .values_list("transaction")
        .annotate(total=Sum("amount_kobo"))
    )
    lost = dict(
        Chargeback.objects.filter(status__in=[Chargeback.Status.ACCEPTED, Chargeback.Status.LOST], **span)
        .order_by()
        .values_list("transaction")
        .annotate(total=Sum("amount_kobo"))
    )
    for row in rows:
        is_paid = row.status == Transaction.Status.SUCCESSFUL
        yield PaymentLine(
            id=row.pk,
            reference=row.tx_ref,
            merchant=row.merchant,
            mode=row.mode,
            currency=row.currency,
            status=row.status,
            is_paid=is_paid,
            # With a fee that the payer bears, what they were debited: less the fee, it is what is settled.
            amount_kobo=row.charged_kobo if is_paid else 0,
            refunded_kobo=refunded.get(row.pk, 0),
            fee_kobo=row.fee_kobo + row.vat_kobo if is_paid else 0,
            disputed_kobo=lost.get(row.pk, 0),
        )


def _forget() -> None:
    for model in (
        Refund,
        Chargeback,
        Transaction,
        Settlement,
        Link,
        CardToken,
        Customer,
        Subaccount,
        Transfer,
        Preferences,
    ):
        model.objects.all().delete()


GATEWAY = Gateway(
    name=NAME,
    title="Flutterwave",
    urls="sandbox.flutterwave.urls",
    till=TILL,
    sign=_sign,
    retry_after=notices.retry_after,
    patience_seconds=lambda _mode: notices.PATIENCE_SECONDS,
    payments=_payments,
    forget=_forget,
    error=door.error,
    actions={chargebacks.LOSE: chargebacks.lose_unanswered, payouts.COMPLETE: payouts.complete},
    # A time-out inside: it is told as an error, and may have happened.
    stands_despite=frozenset({"error_503"}),
)
