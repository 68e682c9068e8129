"""Paystack as the kit of the gateways knows it."""

import json
from collections import Counter
from collections.abc import Iterable

from sandbox.gateways.registry import Gateway, PaymentLine
from sandbox.paystack import charging, disputes, events, payouts, refunds
from sandbox.paystack.endpoint import NAME
from sandbox.paystack.models import (
    FIRST_TRANSACTION,
    Authorization,
    Customer,
    Dispute,
    Recipient,
    Refund,
    Settlement,
    Split,
    Subaccount,
    Transaction,
    Transfer,
)
from sandbox.paystack.till import TILL


def payments(after: int, most: int) -> Iterable[PaymentLine]:
    rows = list(Transaction.objects.filter(pk__gt=max(0, after - FIRST_TRANSACTION)).order_by("pk")[:most])
    refunds, disputes = Counter[int](), Counter[int]()
    if rows:
        between = {"transaction_id__gte": rows[0].pk, "transaction_id__lte": rows[-1].pk}
        standing = Refund.objects.filter(**between).exclude(status=Refund.Status.FAILED)
        for pk, amount in standing.values_list("transaction_id", "amount"):
            refunds[pk] += amount
        for pk, lost in Dispute.objects.filter(**between).values_list("transaction_id", "lost"):
            disputes[pk] += lost
    for row in rows:
        yield PaymentLine(
            id=row.number,
            reference=row.reference,
            merchant=row.merchant,
            mode=row.mode,
            currency=row.received_currency or row.currency,
            status=row.status,
            is_paid=row.is_paid,
            amount_kobo=row.received if row.is_paid else 0,
            refunded_kobo=refunds[row.pk],
            fee_kobo=row.fees if row.is_paid else 0,
            disputed_kobo=disputes[row.pk],
        )


def forget() -> None:
    for model in (
        Refund,
        Dispute,
        Transaction,
        Settlement,
        Authorization,
        Customer,
        Split,
        Subaccount,
        Transfer,
        Recipient,
    ):
        model.objects.all().delete()


def error(status: int) -> tuple[str, str]:
    words = {
        429: "Too many requests. Please try again later",
        500: "Something went wrong on our end. Please try again later",
        503: "Service temporarily unavailable. Please try again later",
    }[status]
    said = {
        "status": False,
        "message": words,
        "type": "api_error",
        "code": "unknown",
        "meta": {"nextStep": "Try again later"},
    }
    return "application/json; charset=utf-8", json.dumps(said, separators=(",", ":"))


def _lapse(pk: int) -> None:
    row = Transaction.objects.filter(pk=pk).first()
    if row is not None:
        charging.lapse(row)


PAYSTACK = Gateway(
    name=NAME,
    title=TILL.title,
    urls="sandbox.paystack.urls",
    till=TILL,
    sign=events.sign,
    retry_after=events.retry_after,
    patience_seconds=events.patience_seconds,
    payments=payments,
    forget=forget,
    error=error,
    actions={
        "lapse": _lapse,
        "bank_pays": charging.bank_pays,
        "charge_queued": charging.charge_queued,
        "refund_moves": refunds.move_by_itself,
        "dispute_reminds": disputes.remind,
        "dispute_ends": disputes.end_by_itself,
        "transfer_ends": payouts.end_transfer,
    },
)
