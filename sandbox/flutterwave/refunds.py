"""Giving money back, never more than there is, and moving a refund along."""

from typing import Any

from django.db.models import Sum

from sandbox.flutterwave import charging, fields, notices
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.errors import NO_TRANSACTION, Refused
from sandbox.flutterwave.models import Chargeback, Refund, Transaction
from sandbox.gateways import clock, faults
from sandbox.gateways.store import writing
from sandbox.gateways.till import money

# Words in which a refund gives the money back to the merchant: it counts no longer.
UNDONE = (Refund.FAILED, "reversed", "cancelled")
# The last is a word that nobody has documented, as there are some.
FAULTS = {"refund_failed": Refund.FAILED, "refund_pending": "processing", "refund_needs_attention": "pending-review"}


def refunded_kobo(row: Transaction) -> int:
    """Return what was given back, or is about to be."""
    return row.refunds.exclude(status__in=UNDONE).aggregate(total=Sum("amount_kobo"))["total"] or 0


def held_kobo(row: Transaction) -> int:
    """Return what chargebacks took, or hold until they are decided."""
    held = row.chargebacks.exclude(status=Chargeback.Status.WON)
    return held.aggregate(total=Sum("amount_kobo"))["total"] or 0


def left_kobo(row: Transaction) -> int:
    """Return what can still be given back."""
    return row.amount_kobo - refunded_kobo(row) - held_kobo(row)


def _first_status() -> str:
    """Return the word a refund begins with: done at once, unless a fault says otherwise; `status` may name another."""
    for kind, word in FAULTS.items():
        fault = faults.happens(NAME, "refund", kind)
        if fault:
            return str(fault.options.get("status", word))[:40]
    return Refund.COMPLETED


@writing()
def give_back(caller: Caller, transaction_id: str, asked: dict[str, Any]) -> Refund:
    """Refund a transaction, wholly where no amount is given. One writer at a time: the ceiling holds in a race.

    :raises Refused: when there is no such transaction, it was never paid, or less than that is left of it
    """
    row = charging.by_id(caller, transaction_id)
    if row is None:
        raise Refused(NO_TRANSACTION)
    if row.status != Transaction.Status.SUCCESSFUL:
        raise Refused("Transaction is not successful and cannot be refunded")
    left = left_kobo(row)
    sum_kobo = left if asked.get("amount") in (None, "") else fields.amount(asked)
    if left <= 0:
        is_disputed = held_kobo(row) > 0
        raise Refused("Transaction has a chargeback" if is_disputed else "Transaction has already been fully refunded")
    if faults.happens(NAME, "refund", "refund_balance_short"):
        raise Refused("Insufficient balance to process this refund")
    if sum_kobo > left:
        raise Refused("Refund amount cannot be more than the amount left on the transaction")
    now = clock.now()
    made = Refund.objects.create(
        transaction=row,
        flw_ref=f"URF_{int(now.timestamp() * 1000)}_{charging.digits(7)}",
        amount_kobo=sum_kobo,
        status=_first_status(),
        comments=fields.text(asked, "comments", most=500, is_required=False),
        created_at=now,
        updated_at=now,
    )
    charging.note(row, "refund", "initiated", f"Refund {made.pk} of {money(sum_kobo, row.currency)}")
    notices.refunded(made)
    return made


@writing()
def step(refund_id: int, to: str) -> Refund:
    """Move a refund on to a status, known or not, and tell the merchant if their account wants to hear of refunds.

    :raises Refund.DoesNotExist: when there is none
    :raises Refused: when a refund that failed would count again for more than is left
    """
    made = Refund.objects.select_related("transaction", "transaction__customer").get(pk=refund_id)
    row = made.transaction
    if made.status in UNDONE and to not in UNDONE and made.amount_kobo > left_kobo(row):
        raise Refused("Less than that is left of the transaction")
    made.status = to
    made.updated_at = clock.now()
    made.save()
    charging.note(row, "refund", to, f"Refund {made.pk} is {to}")
    notices.refunded(made)
    return made
