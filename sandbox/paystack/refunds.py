"""Refunds: asked for over the interface, moved on by Paystack's clock or by a test."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Coalesce

from sandbox.gateways import clock, faults
from sandbox.gateways.due import later
from sandbox.paystack import events, shapes
from sandbox.paystack.endpoint import NAME, Ask, Problem, Said, needed, page_of
from sandbox.paystack.instruments import INSTRUMENTS
from sandbox.paystack.models import FIRST_REFUND, Dispute, Refund, Transaction
from sandbox.paystack.rules import sum_of
from sandbox.paystack.transactions import of_id

Status = Refund.Status
# Real ones take days; whoever wants those turns the clock or stops the refund by a rule.
TO_PROCESSING, TO_GOAL = timedelta(seconds=1), timedelta(seconds=2)
MOVES = {
    Status.PENDING: {Status.PROCESSING, Status.PROCESSED, Status.FAILED, Status.NEEDS_ATTENTION},
    Status.PROCESSING: {Status.PROCESSED, Status.FAILED, Status.NEEDS_ATTENTION},
    Status.NEEDS_ATTENTION: {Status.PROCESSING, Status.PROCESSED, Status.FAILED},
    Status.PROCESSED: set(),
    Status.FAILED: set(),
}


class BadMove(Exception):
    """A refund cannot go where it was told to."""


def given_back(row: Transaction) -> int:
    """Return what has been refunded or is being refunded."""
    refunds = Refund.objects.filter(transaction=row).exclude(status=Status.FAILED)
    return int(refunds.aggregate(sum=Coalesce(Sum("amount"), 0))["sum"])


def left(row: Transaction) -> int:
    """Return what can still be given back: neither refunded nor taken by the payer's bank."""
    lost = int(Dispute.objects.filter(transaction=row).aggregate(sum=Coalesce(Sum("lost"), 0))["sum"])
    return row.received - given_back(row) - lost


def create(ask: Ask) -> Said:
    """Take a refund. The one writer at a time that `endpoint.route` lets in is the lock on what is left."""
    wanted = needed(ask, "transaction", "Transaction is required")
    row = of_id(ask, wanted)
    if row is None:
        raise Problem(
            "Transaction not found",
            status=404,
            code="transaction_not_found",
            next_step="Ensure that you're passing the id or reference of a transaction that exists",
        )
    if not row.is_paid:
        raise Problem(
            "Transaction has not been paid", code="invalid_transaction", next_step="Refund a successful transaction"
        )
    remaining = left(row)
    if remaining <= 0:
        raise Problem(
            "Transaction has been fully reversed",
            code="transaction_reversed",
            type="api_error",
            next_step="Check the transaction's refunds",
        )
    asked = ask.data.get("amount")
    # Without an amount it is all that is left.
    amount = remaining if asked in (None, "") else sum_of(asked)
    if amount is None:
        raise Problem("Invalid Amount Sent", code="invalid_amount", next_step="Send a whole number")
    currency = ask.text("currency") or row.received_currency
    if currency != row.received_currency:
        raise Problem("Currency does not match the transaction's", code="invalid_params", next_step="Leave it out")
    if amount > remaining:
        raise Problem(
            "Refund amount cannot be more than what is left of the transaction",
            code="invalid_amount",
            next_step="Check the transaction's refunds",
        )
    if faults.happens(NAME, "refund", "refund_balance_short"):
        raise Problem("Insufficient balance to fulfill this refund. Please top up your balance and try again")
    made = take(row, amount, customer_note=ask.text("customer_note"), merchant_note=ask.text("merchant_note"))
    return Said("Refund has been queued for processing", shapes.refund(made, is_created=True))


def take(row: Transaction, amount: int, *, customer_note: str = "", merchant_note: str = "") -> Refund:
    """Write a refund down that can be, tell the merchant and have it move on; call it in a transaction."""
    now = clock.now()
    refund = Refund.objects.create(
        transaction=row,
        amount=amount,
        currency=row.received_currency,
        goal=_goal(row),
        customer_note=customer_note,
        merchant_note=merchant_note,
        created_at=now,
        updated_at=now,
    )
    _tell(refund)
    if refund.goal != Status.PENDING:
        later(NAME, "refund_moves", now + TO_PROCESSING, pk=refund.pk, to=Status.PROCESSING.value)
        later(NAME, "refund_moves", now + TO_GOAL, pk=refund.pk, to=refund.goal)
    return refund


def _goal(row: Transaction) -> str:
    """Return where a refund of this payment ends: the rules say, else the test card."""
    for kind, status in (
        ("refund_pending", Status.PENDING),
        ("refund_failed", Status.FAILED),
        ("refund_needs_attention", Status.NEEDS_ATTENTION),
    ):
        if faults.happens(NAME, "refund", kind):
            return status
    instrument = INSTRUMENTS.get(row.instrument)
    return instrument.refunds if instrument and instrument.refunds else Status.PROCESSED


def move_by_itself(pk: int, to: str) -> None:
    """Move a refund on unless somebody has moved it meanwhile."""
    refund = Refund.objects.select_related("transaction__customer").filter(pk=pk).first()
    if refund is not None and to in MOVES[Status(refund.status)] and refund.status != Status.NEEDS_ATTENTION:
        move(refund, to)


def move(refund: Refund, to: str) -> None:
    """Move a refund on and tell the merchant; call it in a transaction.

    :raises BadMove: when it cannot go there
    """
    if to not in Status.values or to not in MOVES[Status(refund.status)]:
        possible = ", ".join(sorted(MOVES[Status(refund.status)])) or "nowhere"
        raise BadMove(f"A refund that is {refund.status} can go to: {possible}.")
    refund.status, refund.updated_at = to, clock.now()
    if to == Status.PROCESSED:
        refund.refunded_at, refund.reference = clock.now(), f"{132_000_000_000 + refund.number}"
    refund.save()
    payment = refund.transaction
    if to == Status.PROCESSED and left(payment) <= 0 and _all_processed(payment):
        payment.status = Transaction.Status.REVERSED
        payment.save(update_fields=["status"])
    _tell(refund)


def _all_processed(payment: Transaction) -> bool:
    refunds = Refund.objects.filter(transaction=payment)
    return not refunds.exclude(status__in=(Status.PROCESSED, Status.FAILED)).exists()


def _tell(refund: Refund) -> None:
    payment = refund.transaction
    events.tell(
        merchant=payment.merchant,
        mode=payment.mode,
        event=f"refund.{refund.status}",
        reference=payment.reference,
        build=lambda kinds: shapes.refund_event(refund, kinds),
    )


def listed(ask: Ask) -> Said:
    rows = Refund.objects.filter(transaction__merchant=ask.merchant.name, transaction__mode=ask.mode).select_related(
        "transaction__customer"
    )
    # Older pages of the documentation call it reference.
    wanted = ask.query.get("transaction") or ask.query.get("reference") or ""
    if wanted:
        row = of_id(ask, wanted)
        rows = rows.filter(transaction=row) if row else rows.none()
    if ask.query.get("currency"):
        rows = rows.filter(currency=ask.query["currency"])
    data, meta = page_of(ask, rows, shapes.refund_in_list)
    return Said("Refunds retrieved", data, meta)


def find(ask: Ask, number: str) -> Refund:
    rows = Refund.objects.select_related("transaction__customer").filter(
        transaction__merchant=ask.merchant.name, transaction__mode=ask.mode
    )
    row = rows.filter(pk=int(number) - FIRST_REFUND).first() if number.isdecimal() and len(number) < 16 else None
    if row is None:
        raise Problem("Refund not found", status=404, code="not_found", next_step="Check the id")
    return row


def fetch(ask: Ask, number: str) -> Said:
    return Said("Refund retrieved", shapes.refund(find(ask, number)))


def retry(ask: Ask, number: str) -> Said:
    refund = find(ask, number)
    if refund.status != Status.NEEDS_ATTENTION:
        raise Problem(
            'Invalid Refund state, refund status should be "needs-attention"',
            status=422,
            code="invalid_params",
            next_step="Retry refunds that need attention",
        )
    details: Any = ask.data.get("refund_account_details")
    names = ("currency", "account_number", "bank_id")
    if not isinstance(details, dict) or not all(details.get(name) for name in names):
        raise Problem(
            "Refund account details are required", code="missing_params", next_step=f"Send {', '.join(names)}"
        )
    move(refund, Status.PROCESSING)
    later(NAME, "refund_moves", clock.now() + TO_PROCESSING, pk=refund.pk, to=Status.PROCESSED.value)
    return Said("Refund retried and has been queued for processing", shapes.refund(refund))
