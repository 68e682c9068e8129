"""Money that leaves Flutterwave: settlements to a merchant, and transfers that a merchant orders."""

import secrets
from datetime import timedelta

from django.db.models import QuerySet, Sum

from sandbox.flutterwave import banks, fields, notices
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Chargeback, Refund, Settlement, Transaction, Transfer
from sandbox.flutterwave.refunds import UNDONE
from sandbox.gateways import clock, due
from sandbox.gateways.store import writing

COMPLETE = "complete_transfer"
TRANSFER_TAKES = timedelta(seconds=30)


@writing()
def settle(caller: Caller) -> list[Settlement]:
    """Settle what came in and went out since the last time; return a settlement for each currency with any of that."""
    theirs = Transaction.objects.filter(caller.owns())
    currencies = theirs.filter(status=Transaction.Status.SUCCESSFUL).values_list("currency", flat=True).distinct()
    made = (_settle(caller, currency) for currency in sorted(currencies))
    return [row for row in made if row is not None]


def _settle(caller: Caller, currency: str) -> Settlement | None:
    paid = Transaction.objects.filter(
        caller.owns(), currency=currency, status=Transaction.Status.SUCCESSFUL, settlement=None
    )
    of_theirs = caller.owns("transaction__")
    refunded = Refund.objects.filter(of_theirs, transaction__currency=currency, settlement=None).exclude(
        status__in=UNDONE
    )
    undone = Refund.objects.filter(
        of_theirs, transaction__currency=currency, settlement__isnull=False, undone_in=None, status__in=UNDONE
    )
    lost = Chargeback.objects.filter(
        of_theirs,
        transaction__currency=currency,
        settlement=None,
        status__in=[Chargeback.Status.ACCEPTED, Chargeback.Status.LOST],
    )
    if not any(rows.exists() for rows in (paid, refunded, undone, lost)):
        return None
    sums = paid.aggregate(gross=Sum("charged_kobo"), fee=Sum("fee_kobo"), vat=Sum("vat_kobo"))
    row = Settlement(
        merchant=caller.name,
        mode=caller.mode,
        currency=currency,
        gross_kobo=sums["gross"] or 0,
        fee_kobo=sums["fee"] or 0,
        vat_kobo=sums["vat"] or 0,
        refund_kobo=_total(refunded) - _total(undone),
        chargeback_kobo=_total(lost),
        subaccount_kobo=sum(sum(shares.values()) for shares in paid.values_list("shares", flat=True)),
        disburse_ref=f"RV{secrets.token_hex(7).upper()}",
        created_at=clock.now(),
    )
    gone = row.fee_kobo + row.vat_kobo + row.refund_kobo + row.chargeback_kobo + row.subaccount_kobo
    row.net_kobo = row.gross_kobo - gone
    row.save()
    paid.update(settlement=row)
    refunded.update(settlement=row)
    undone.update(undone_in=row)
    lost.update(settlement=row)
    return row


def _total(rows: QuerySet[Refund] | QuerySet[Chargeback]) -> int:
    return rows.aggregate(total=Sum("amount_kobo"))["total"] or 0


@writing()
def order(caller: Caller, asked: fields.Asked) -> Transfer:
    """Order a transfer to a bank account; what becomes of it is told later.

    :raises Refused: when something is missing, the bank unknown, or the reference used before
    """
    bank = fields.text(asked, "account_bank", most=11)
    if bank not in banks.BANKS:
        raise Refused("Sorry we couldn't find the bank you passed")
    reference = fields.text(asked, "reference", most=100, is_required=False) or secrets.token_hex(8)
    if Transfer.objects.filter(caller.owns(), reference=reference).exists():
        raise Refused("A transfer with this reference already exists")
    row = Transfer.objects.create(
        merchant=caller.name,
        mode=caller.mode,
        reference=reference,
        account_bank=bank,
        account_number=fields.text(asked, "account_number", most=20),
        amount_kobo=fields.amount(asked),
        currency=fields.currency(asked),
        narration=fields.text(asked, "narration", most=100, is_required=False),
        meta=fields.plain(asked.get("meta")),
        created_at=clock.now(),
    )
    due.later(NAME, COMPLETE, clock.now() + TRANSFER_TAKES, transfer=row.pk)
    return row


def complete(transfer: int) -> None:
    """End a transfer that is on its way, well if the account exists: an action of the gateway's."""
    row = Transfer.objects.filter(pk=transfer).first()
    if row is not None and row.status in (Transfer.Status.NEW, Transfer.Status.PENDING):
        is_good = banks.holder(row.account_number) is not None
        _end(row, Transfer.Status.SUCCESSFUL if is_good else Transfer.Status.FAILED)


@writing()
def step(transfer_id: int, to: str) -> Transfer:
    """Move a transfer on at once.

    :raises Transfer.DoesNotExist: when there is none
    :raises Refused: when it has ended, or `to` is no status
    """
    row = Transfer.objects.get(pk=transfer_id)
    if row.status in (Transfer.Status.SUCCESSFUL, Transfer.Status.FAILED):
        raise Refused("The transfer has ended.")
    if to not in Transfer.Status.values:
        raise Refused(f"to must be one of {', '.join(Transfer.Status.values)}.")
    if to in (Transfer.Status.SUCCESSFUL, Transfer.Status.FAILED):
        _end(row, Transfer.Status(to))
    else:
        row.status = to
        row.save()
    return row


def _end(row: Transfer, status: Transfer.Status) -> None:
    row.status = status
    failed = "DISBURSE FAILED: Invalid account number"
    row.complete_message = "Transaction was successful" if status == Transfer.Status.SUCCESSFUL else failed
    row.save()
    notices.transferred(row)
