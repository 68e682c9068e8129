"""Disputes: a payer's bank takes money back, unless the merchant can say why it should not."""

from datetime import timedelta
from typing import Any

from sandbox.gateways import clock
from sandbox.gateways.due import later
from sandbox.paystack import events, shapes
from sandbox.paystack.endpoint import NAME, Ask, Problem, Said, needed, page_of
from sandbox.paystack.models import Dispute, Transaction
from sandbox.paystack.refunds import left
from sandbox.paystack.rules import code, sum_of
from sandbox.paystack.transactions import BASE, of_id

WAITS_FOR_MERCHANT, WAITS_FOR_BANK, RESOLVED = "awaiting-merchant-feedback", "awaiting-bank-feedback", "resolved"
STATUSES = (WAITS_FOR_MERCHANT, WAITS_FOR_BANK, "pending", RESOLVED)
CATEGORIES = ("chargeback", "fraud", "general")
# How long the merchant has, and when it is reminded.
ANSWER_WITHIN, REMIND_AFTER = timedelta(hours=48), timedelta(hours=24)
EVIDENCE = ("customer_email", "customer_name", "customer_phone", "service_details")


class BadStep(Exception):
    """A dispute cannot do what it was told to."""


def open_dispute(row: Transaction, category: str = "chargeback", amount: int | None = None) -> Dispute:
    """Have the payer's bank ask for the money; call it in a transaction.

    :raises BadStep: when there is nothing to take back
    """
    remaining = left(row) if row.is_paid else 0
    if remaining <= 0:
        raise BadStep("There is nothing left of this payment to dispute.")
    now = clock.now()
    dispute = Dispute.objects.create(
        transaction=row,
        category=category,
        refund_amount=min(amount or remaining, remaining),
        history=[{"status": "pending", "by": row.customer.email, "createdAt": clock.iso(now)}],
        messages=[{"sender": row.customer.email, "body": "I do not know this payment", "createdAt": clock.iso(now)}],
        due_at=now + ANSWER_WITHIN,
        created_at=now,
        updated_at=now,
    )
    _tell(dispute, "create")
    later(NAME, "dispute_reminds", now + REMIND_AFTER, pk=dispute.pk)
    later(NAME, "dispute_ends", dispute.due_at, pk=dispute.pk)
    return dispute


def step(dispute: Dispute, to: str) -> None:
    """Do what a test wants: remind, auto-accept, merchant-won or merchant-lost.

    :raises BadStep: for everything else, and after the end
    """
    if dispute.status == RESOLVED:
        raise BadStep("This dispute is over.")
    if to == "remind":
        _tell(dispute, "remind")
    elif to == "auto-accept":
        _end(dispute, "auto-accepted", lost=dispute.refund_amount, by="System")
    elif to == "merchant-won":
        _end(dispute, "declined", lost=0, by="Bank")
    elif to == "merchant-lost":
        _end(dispute, "merchant-accepted", lost=dispute.refund_amount, by="Bank")
    else:
        raise BadStep("A dispute goes to remind, auto-accept, merchant-won or merchant-lost.")


def remind(pk: int) -> None:
    dispute = _row(pk)
    if dispute is not None and dispute.status == WAITS_FOR_MERCHANT:
        _tell(dispute, "remind")


def end_by_itself(pk: int) -> None:
    dispute = _row(pk)
    if dispute is not None and dispute.status == WAITS_FOR_MERCHANT:
        _end(dispute, "auto-accepted", lost=dispute.refund_amount, by="System")


def _row(pk: int) -> Dispute | None:
    return Dispute.objects.select_related("transaction__customer").filter(pk=pk).first()


def _end(dispute: Dispute, resolution: str, *, lost: int, by: str) -> None:
    payment, now = dispute.transaction, clock.now()
    # What was refunded meanwhile cannot be taken back once more.
    dispute.lost = min(lost, left(payment))
    dispute.status, dispute.resolution = RESOLVED, resolution
    dispute.resolved_at = dispute.updated_at = now
    dispute.history = [*dispute.history, {"status": RESOLVED, "by": by, "createdAt": clock.iso(now)}]
    dispute.save()
    if dispute.lost and left(payment) <= 0:
        payment.status = Transaction.Status.REVERSED
        payment.save(update_fields=["status"])
    _tell(dispute, "resolve")


def _tell(dispute: Dispute, what: str) -> None:
    payment = dispute.transaction
    events.tell(
        merchant=payment.merchant,
        mode=payment.mode,
        event=f"charge.dispute.{what}",
        reference=payment.reference,
        build=lambda _kinds: shapes.dispute(dispute),
    )


def _mine(ask: Ask) -> Any:
    return Dispute.objects.filter(transaction__merchant=ask.merchant.name, transaction__mode=ask.mode).select_related(
        "transaction__customer", "transaction__authorization"
    )


def find(ask: Ask, number: str) -> Dispute:
    row: Dispute | None = _mine(ask).filter(pk=int(number)).first() if number.isdecimal() and len(number) < 16 else None
    if row is None:
        raise Problem("Dispute not found", status=404, code="not_found", next_step="Check the id")
    return row


def listed(ask: Ask) -> Said:
    rows = _mine(ask)
    if ask.query.get("status") in STATUSES:
        rows = rows.filter(status=ask.query["status"])
    wanted = ask.query.get("transaction", "")
    if wanted:
        payment = of_id(ask, wanted)
        rows = rows.filter(transaction=payment) if payment else rows.none()
    data, meta = page_of(ask, rows, shapes.dispute_answered)
    return Said("Disputes retrieved", data, meta)


def fetch(ask: Ask, number: str) -> Said:
    return Said("Dispute retrieved", shapes.dispute_answered(find(ask, number)))


def of_transaction(ask: Ask, number: str) -> Said:
    payment = of_id(ask, number)
    row = _mine(ask).filter(transaction=payment).first() if payment else None
    if row is None:
        raise Problem("Dispute not found", status=404, code="not_found", next_step="Check the transaction's id")
    return Said("Dispute retrieved successfully", shapes.dispute_answered(row))


def update(ask: Ask, number: str) -> Said:
    dispute = _open(ask, number)
    dispute.refund_amount = _refund_amount(ask, dispute)
    dispute.upload = ask.text("uploaded_filename", 200) or dispute.upload
    dispute.updated_at = clock.now()
    dispute.save()
    return Said("Dispute updated successfully", [shapes.dispute_answered(dispute)])


def _open(ask: Ask, number: str) -> Dispute:
    dispute = find(ask, number)
    if dispute.status == RESOLVED:
        raise Problem("Dispute is already resolved", code="invalid_params", next_step="Nothing is left to do")
    return dispute


def _refund_amount(ask: Ask, dispute: Dispute) -> int:
    amount = 0 if str(ask.data.get("refund_amount")) == "0" else sum_of(ask.data.get("refund_amount"))
    if amount is None or amount > dispute.transaction.received:
        raise Problem("Invalid refund amount", code="invalid_amount", next_step="Send at most what was paid")
    return amount


def upload_url(ask: Ask, number: str) -> Said:
    dispute = find(ask, number)
    name = f"{code(length=20)}.pdf"
    data = {"signedUrl": f"{BASE}/uploads/{name}?dispute={dispute.pk}", "fileName": name}
    return Said("Upload url generated", data)


def evidence(ask: Ask, number: str) -> Said:
    dispute = _open(ask, number)
    for name in EVIDENCE:
        needed(ask, name, f"{name} is required")
    names = (*EVIDENCE, "delivery_address", "delivery_date")
    dispute.evidence = {name: ask.text(name) for name in names if ask.data.get(name)}
    dispute.evidence |= {"id": dispute.pk, "dispute": dispute.pk, "createdAt": clock.iso(clock.now())}
    dispute.evidence |= {"updatedAt": dispute.evidence["createdAt"]}
    dispute.save()
    return Said("Evidence created", dispute.evidence)


def resolve(ask: Ask, number: str) -> Said:
    dispute = _open(ask, number)
    resolution = ask.text("resolution")
    if resolution not in ("merchant-accepted", "declined"):
        raise Problem("Invalid resolution : must be one of: merchant-accepted or declined", code="invalid_params",
                      next_step="Choose one of them")  # fmt: skip
    needed(ask, "message", "Message is required")
    needed(ask, "uploaded_filename", "Uploaded filename is required")
    dispute.refund_amount = _refund_amount(ask, dispute)
    dispute.upload = ask.text("uploaded_filename", 200)
    said = {"sender": ask.merchant.business_name, "body": ask.text("message"), "createdAt": clock.iso(clock.now())}
    dispute.messages = [*dispute.messages, said]
    lost = dispute.refund_amount if resolution == "merchant-accepted" else 0
    _end(dispute, resolution, lost=lost, by=ask.merchant.business_name)
    return Said("Dispute successfully resolved", shapes.dispute_answered(dispute))
