"""Money out: settlements to the merchant and its subaccounts, and transfers from its balance."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from sandbox.gateways import clock
from sandbox.gateways.due import later
from sandbox.gateways.merchants import LIVE, MERCHANTS
from sandbox.gateways.store import writing
from sandbox.paystack import events, shapes
from sandbox.paystack.banks import BANKS
from sandbox.paystack.endpoint import NAME, Ask, Problem, Said, needed, page_of
from sandbox.paystack.models import (
    FIRST_TRANSACTION,
    Dispute,
    Recipient,
    Refund,
    Settlement,
    Subaccount,
    Transaction,
    Transfer,
)
from sandbox.paystack.rules import REFERENCE, code, sum_of

TRANSFER_TAKES = timedelta(seconds=2)
PAID = (Transaction.Status.SUCCESS, Transaction.Status.REVERSED)


def settle(merchant: str, mode: str, *, is_everything: bool) -> list[Settlement]:
    """Pay out what has been paid before today, or everything; call it in a transaction, and return the payouts."""
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Transaction.objects.filter(merchant=merchant, mode=mode, status__in=PAID, settlement=None)
    if not is_everything:
        rows = rows.filter(paid_at__lt=midnight)
    by_currency: dict[str, list[Transaction]] = defaultdict(list)
    for row in rows.order_by("pk"):
        by_currency[row.received_currency].append(row)
    made = []
    for currency, paid in sorted(by_currency.items()):
        made += _pay_out(merchant, mode, currency, paid)
    return made


def _pay_out(merchant: str, mode: str, currency: str, paid: list[Transaction]) -> list[Settlement]:
    whose = {"transaction__merchant": merchant, "transaction__mode": mode, "settlement": None}
    refunds = Refund.objects.filter(**whose, currency=currency).exclude(status=Refund.Status.FAILED)
    disputes = Dispute.objects.filter(**whose, transaction__received_currency=currency, lost__gt=0)
    deductions = sum(refunds.values_list("amount", flat=True)) + sum(disputes.values_list("lost", flat=True))
    parts: dict[str, int] = defaultdict(int)
    members: dict[str, list[int]] = defaultdict(list)
    for row in paid:
        for name, part in row.shares.get("parts", {}).items():
            parts[name] += part
            members[name].append(row.number)
    processed, fees = sum(row.received for row in paid), sum(row.fees for row in paid)
    common = {"merchant": merchant, "mode": mode, "currency": currency, "created_at": clock.now()}
    main = Settlement.objects.create(
        **common,
        total_processed=processed,
        total_fees=fees,
        deductions=deductions,
        effective_amount=processed - fees - sum(parts.values()) - deductions,
        numbers=[row.number for row in paid],
    )
    Transaction.objects.filter(pk__in=[row.pk for row in paid]).update(settlement=main)
    refunds.update(settlement=main)
    disputes.update(settlement=main)
    others = [
        Settlement.objects.create(
            **common, subaccount=name, total_processed=part, total_fees=0, effective_amount=part, numbers=members[name]
        )
        for name, part in sorted(parts.items())
    ]
    return [main, *others]


def settlement(row: Settlement) -> dict[str, Any]:
    found = Subaccount.objects.filter(code=row.subaccount).first() if row.subaccount else None
    return {
        "id": row.pk,
        "domain": row.mode,
        "status": "success",
        "currency": row.currency,
        "integration": MERCHANTS[row.merchant].integration,
        "subaccount": shapes.subaccount(found) if found else None,
        "total_amount": row.effective_amount,
        "effective_amount": row.effective_amount,
        "total_fees": row.total_fees,
        "total_processed": row.total_processed,
        "deductions": row.deductions or None,
        "settlement_date": clock.iso(row.created_at),
        "settled_by": None,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.created_at),
    }


def list_settlements(ask: Ask) -> Said:
    # They do not run in test mode; a test asks for them at `/paystack/api/settlements`.
    if ask.mode == LIVE:
        with writing():
            settle(ask.merchant.name, ask.mode, is_everything=False)
    rows = Settlement.objects.filter(**ask.mine)
    wanted = ask.query.get("subaccount")
    if wanted:
        rows = rows.filter(subaccount="" if wanted == "none" else wanted)
    data, meta = page_of(ask, rows, settlement)
    return Said("Settlements retrieved", data, meta)


def settled_transactions(ask: Ask, number: int) -> Said:
    row = Settlement.objects.filter(pk=number, **ask.mine).first()
    if row is None:
        raise Problem("Settlement not found", status=404, code="not_found", next_step="Check the id")
    rows = Transaction.objects.filter(pk__in=[number - FIRST_TRANSACTION for number in row.numbers])
    data, meta = page_of(ask, rows.select_related("customer", "authorization"), shapes.transaction)
    return Said("Transactions retrieved", data, meta)


def create_recipient(ask: Ask) -> Said:
    if (ask.text("type") or "nuban") != "nuban":
        raise Problem("Invalid recipient type", code="invalid_params", next_step="Send nuban")
    name = needed(ask, "name", "Name is required")
    number, bank = needed(ask, "account_number", "Account number is required"), ask.text("bank_code")
    if bank not in BANKS or not (number.isdecimal() and len(number) == 10):
        raise Problem("Cannot resolve account", code="invalid_bank_code", next_step="Check bank and account number")
    row = Recipient.objects.filter(**ask.mine, bank_code=bank, account_number=number).first()
    if row is None:
        row = Recipient.objects.create(
            **ask.mine,
            code=code("RCP_"),
            name=name[:200],
            bank_code=bank,
            account_number=number,
            created_at=clock.now(),
        )
    return Said("Transfer recipient created successfully", recipient(row), status=201)


def recipient(row: Recipient) -> dict[str, Any]:
    return {
        "id": row.pk,
        "active": True,
        "currency": row.currency,
        "domain": row.mode,
        "integration": MERCHANTS[row.merchant].integration,
        "name": row.name,
        "recipient_code": row.code,
        "type": "nuban",
        "description": None,
        "email": None,
        "metadata": None,
        "is_deleted": False,
        "isDeleted": False,
        "details": {
            "authorization_code": None,
            "account_number": row.account_number,
            "account_name": row.name,
            "bank_code": row.bank_code,
            "bank_name": BANKS[row.bank_code][0],
        },
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.created_at),
    }


def balance(ask: Ask) -> int:
    """Return what the main account holds: what came in, less fees, others' shares, refunds, disputes and transfers."""
    held = 0
    paid = Transaction.objects.filter(**ask.mine, status__in=PAID, received_currency="NGN")
    for received, fees, shares in paid.values_list("received", "fees", "shares"):
        held += received - fees - sum(shares.get("parts", {}).values())
    whose = {"transaction__merchant": ask.merchant.name, "transaction__mode": ask.mode}
    refunds = Refund.objects.filter(**whose, currency="NGN").exclude(status=Refund.Status.FAILED)
    lost = Dispute.objects.filter(**whose, transaction__received_currency="NGN")
    out = Transfer.objects.filter(**ask.mine).filter(Q(status="pending") | Q(status="success"))
    for rows, field in ((refunds, "amount"), (lost, "lost"), (out, "amount")):
        held -= int(rows.aggregate(sum=Coalesce(Sum(field), 0))["sum"])
    return held


def show_balance(ask: Ask) -> Said:
    return Said("Balances retrieved", [{"currency": "NGN", "balance": balance(ask)}])


def create_transfer(ask: Ask) -> Said:
    if (ask.text("source") or "balance") != "balance":
        raise Problem("Invalid source", code="invalid_params", next_step="Send balance")
    found = Recipient.objects.filter(code=needed(ask, "recipient", "Recipient is required"), **ask.mine).first()
    if found is None:
        raise Problem("Recipient not found", status=404, code="not_found", next_step="Check the recipient's code")
    amount = sum_of(ask.data.get("amount"))
    if amount is None:
        raise Problem("Invalid Amount Sent", code="invalid_amount", next_step="Send a whole number")
    reference = ask.text("reference", 100) or code(length=16)
    if not REFERENCE.fullmatch(reference.replace("_", "-")):
        raise Problem("Invalid reference", code="invalid_params", next_step="Send another reference")
    if Transfer.objects.filter(reference=reference, **ask.mine).exists():
        raise Problem("Please provide a unique reference. Reference already exists on a transfer",
                      code="duplicate_reference", next_step="Send another reference")  # fmt: skip
    if amount > balance(ask):
        raise Problem("Your balance is not enough to fulfil this request", code="insufficient_balance",
                      next_step="Send less")  # fmt: skip
    row = Transfer.objects.create(
        **ask.mine,
        reference=reference,
        code=code("TRF_"),
        recipient=found,
        amount=amount,
        currency="NGN",
        reason=ask.text("reason", 200),
        created_at=clock.now(),
    )
    goal = "failed" if found.account_number.endswith("404") else "success"
    later(NAME, "transfer_ends", clock.now() + TRANSFER_TAKES, pk=row.pk, to=goal)
    return Said("Transfer has been queued", transfer(row, is_short=True))


def end_transfer(pk: int, to: str) -> None:
    """Have a transfer arrive, fail, or come back after it had arrived; tell the merchant."""
    row = Transfer.objects.select_related("recipient").filter(pk=pk).first()
    if row is None or row.status not in ("pending", "success") or row.status == to:
        return
    row.status = to
    row.transferred_at = clock.now() if to == "success" else row.transferred_at
    row.save()
    events.tell(
        merchant=row.merchant,
        mode=row.mode,
        event=f"transfer.{to}",
        reference=row.reference,
        build=lambda _kinds: transfer(row),
    )


def transfer(row: Transfer, *, is_short: bool = False) -> dict[str, Any]:
    integration = MERCHANTS[row.merchant].integration
    said: dict[str, Any] = {
        "id": row.pk,
        "amount": row.amount,
        "currency": row.currency,
        "domain": row.mode,
        "failures": None,
        "reference": row.reference,
        "reason": row.reason,
        "source": "balance",
        "source_details": None,
        "status": row.status,
        "titan_code": None,
        "request": row.pk,
        "fee_charged": 0,
        "fees_breakdown": None,
        "gateway_response": None,
        "transfer_code": row.code,
        "transferred_at": row.transferred_at and clock.iso(row.transferred_at),
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.transferred_at or row.created_at),
    }
    if is_short:
        return said | {
            "integration": integration,
            "recipient": row.recipient.pk,
            "transfersessionid": [],
            "transfertrials": [],
        }
    whose = {"id": integration, "is_live": row.mode == LIVE, "business_name": MERCHANTS[row.merchant].business_name}
    return said | {
        "integration": whose,
        "recipient": recipient(row.recipient),
        "session": {"provider": None, "id": None},
        "created_at": clock.iso(row.created_at),
    }


def fetch_transfer(ask: Ask, wanted: str) -> Said:
    rows = Transfer.objects.filter(**ask.mine).select_related("recipient")
    row = rows.filter(Q(code=wanted) | Q(reference=wanted)).first()
    if row is None:
        raise Problem("Transfer not found", status=404, code="not_found", next_step="Check its code")
    return Said("Transfer retrieved", transfer(row))


def list_transfers(ask: Ask) -> Said:
    data, meta = page_of(ask, Transfer.objects.filter(**ask.mine).select_related("recipient"), transfer)
    return Said("Transfers retrieved", data, meta)
