"""What is kept of both sides when they differ: numbers, words and times; nothing of a card, and nobody's address."""

from datetime import datetime
from typing import Any

from payments import models
from payments.gateways import base
from payments.reconciliation.selectors import figures


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def of_charge(charge: base.Charge) -> dict[str, Any]:
    return {
        "id": charge.gateway_id,
        "reference": charge.reference,
        "outcome": charge.outcome.value,
        "word": charge.word,
        "amount_kobo": charge.amount_kobo,
        "fee_kobo": charge.fee_kobo,
        "currency": charge.currency,
        "mode": charge.mode.value if charge.mode else None,
        "paid_by": charge.channel.value,
        "made_at": _at(charge.made_at),
        "paid_at": _at(charge.paid_at),
    }


def of_payment(payment: models.Payment) -> dict[str, Any]:
    """Return what stands here of a payment, and in the books beside it."""
    books = figures([payment])[payment.public_id]
    return {
        "id": payment.gateway_id,
        "reference": payment.reference,
        "state": payment.state,
        "review": payment.review,
        "received_kobo": payment.received_kobo,
        "refunded_kobo": payment.refunded_kobo,
        "disputed_kobo": payment.disputed_kobo,
        "fee_kobo": payment.fee_kobo,
        "currency": payment.currency,
        "mode": payment.mode,
        "begun_at": _at(payment.created_at),
        "paid_at": _at(payment.paid_at),
        "books_left_kobo": books.left_kobo,
        "books_fee_kobo": books.fee_kobo,
    }


def of_their_refund(seen: base.Refund) -> dict[str, Any]:
    return {
        "id": seen.gateway_id,
        "of": seen.charge_id or seen.reference,
        "outcome": seen.outcome.value,
        "word": seen.word,
        "amount_kobo": seen.amount_kobo,
        "currency": seen.currency,
        "made_at": _at(seen.made_at),
    }


def of_refund(row: models.Refund) -> dict[str, Any]:
    return {
        "id": row.gateway_id,
        "number": str(row.public_id),
        "state": row.state,
        "amount_kobo": row.amount_kobo,
        "why": row.reason,
        "asked_at": _at(row.created_at),
        "told_at": _at(row.told_at),
    }


def of_their_dispute(seen: base.Dispute) -> dict[str, Any]:
    return {
        "id": seen.gateway_id,
        "of": seen.charge_id or seen.reference,
        "state": seen.state.value,
        "word": seen.word,
        "amount_kobo": seen.amount_kobo,
        "currency": seen.currency,
        "due_at": _at(seen.due_at),
    }


def of_dispute(row: models.Dispute) -> dict[str, Any]:
    return {
        "id": row.gateway_id,
        "number": str(row.public_id),
        "state": row.state,
        "amount_kobo": row.amount_kobo,
        "heard_at": _at(row.created_at),
    }


def of_settlement(seen: base.Settlement) -> dict[str, Any]:
    return {
        "id": seen.gateway_id,
        "word": seen.word,
        "amount_kobo": seen.amount_kobo,
        "fee_kobo": seen.fee_kobo,
        "subaccount": seen.subaccount,
        "settled_on": _at(seen.settled_on),
    }
