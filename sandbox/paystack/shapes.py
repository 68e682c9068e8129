"""Paystack's objects as it writes them, with the oddities of their shapes."""

from datetime import timedelta
from typing import Any

from sandbox.gateways import clock, faults
from sandbox.gateways.merchants import MERCHANTS
from sandbox.paystack.banks import BANKS
from sandbox.paystack.endpoint import NAME
from sandbox.paystack.models import Authorization, Customer, Dispute, Refund, Split, Subaccount, Transaction

# How long a refund is said to take.
EXPECTED = timedelta(days=10)


def customer(row: Customer, *, is_short: bool = False) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": row.number,
        "first_name": row.first_name or None,
        "last_name": row.last_name or None,
        "email": row.email,
        "customer_code": row.code,
        "phone": row.phone or None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }
    if is_short:
        return {name: said[name] for name in ("first_name", "last_name", "email")}
    return said


def authorization(row: Authorization | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"authorization_code": row.code, **row.details, "reusable": row.is_reusable}


def status_of(row: Transaction) -> str:
    """Return the status that is told; a rule may want a full refund that runs to show."""
    if row.status == Transaction.Status.SUCCESS and faults.happens(NAME, "verify", "reversal_pending"):
        running = (Refund.Status.PENDING, Refund.Status.PROCESSING, Refund.Status.NEEDS_ATTENTION)
        if Refund.objects.filter(transaction=row, status__in=running, amount__gte=row.received).exists():
            return "reversal-pending"
    return row.status


def transaction(row: Transaction, *, route: str = "") -> dict[str, Any]:
    """Return a transaction as verify and fetch answer it; `route` names whose faults may bend it."""
    paid_at = row.paid_at and clock.iso(row.paid_at)
    created_at = clock.iso(row.created_at)
    metadata = row.metadata if row.metadata is not None else ""
    if route and (odd := faults.happens(NAME, route, "odd_metadata")):
        metadata = odd.options.get("value", 0)
    return {
        "id": row.number,
        "domain": row.mode,
        "status": status_of(row) if route else row.status,
        "reference": row.reference,
        "receipt_number": None,
        "amount": row.received if row.is_paid else row.requested,
        "message": None,
        "gateway_response": row.gateway_response,
        "paid_at": paid_at,
        "created_at": created_at,
        "channel": row.channel,
        "currency": row.received_currency or row.currency,
        "ip_address": row.ip_address,
        "metadata": metadata,
        "log": log(row) if row.history else None,
        "fees": row.fees if row.is_paid else None,
        "fees_split": row.shares.get("fees_split"),
        "authorization": authorization(row.authorization),
        "customer": customer(row.customer),
        "plan": None,
        "split": split_of(row),
        "order_id": None,
        "paidAt": paid_at,
        "createdAt": created_at,
        "requested_amount": row.requested,
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
        "connect": None,
        "transaction_date": created_at,
        "plan_object": {},
        "subaccount": subaccount_of(row),
    } | ({"source": source_of(row), "helpdesk_link": None} if route in ("transaction", "transaction_list") else {})


def source_of(row: Transaction) -> dict[str, Any]:
    return {"type": "api", "source": "merchant_api", "entry_point": row.entry_point, "identifier": None}


def log(row: Transaction) -> dict[str, Any]:
    errors = sum(1 for step in row.history if step["type"] == "error")
    return {
        "start_time": int(row.created_at.timestamp()),
        "time_spent": row.history[-1]["time"] if row.history else 0,
        "attempts": row.attempts,
        "errors": errors,
        "success": row.is_paid,
        "mobile": False,
        "input": [],
        "history": row.history,
    }


def split_of(row: Transaction) -> dict[str, Any]:
    if "split" not in row.sharing:
        return {}
    return {**row.sharing["split"], "shares": row.shares.get("shares", {})}


def subaccount_of(row: Transaction) -> dict[str, Any]:
    found = Subaccount.objects.filter(code=row.sharing.get("subaccount", "")).first()
    return subaccount(found) if found else {}


def paid_event(row: Transaction, kinds: frozenset[str]) -> dict[str, Any]:
    """Return the data of `charge.success`: what verify answers, less a few keys."""
    said = transaction(row)
    for name in ("receipt_number", "connect", "transaction_date", "plan_object", "createdAt"):
        said.pop(name)
    said |= {
        "metadata": row.metadata if row.metadata is not None else "",
        "log": None,
        "plan": {},
        "source": source_of(row),
    }
    if "legacy_shape" in kinds:
        # As it came before these were told.
        for name in ("requested_amount", "source", "pos_transaction_data", "paidAt", "fees_breakdown"):
            said.pop(name)
        said |= {"fees": None, "log": log(row)}
    return said


def refund(row: Refund, *, is_created: bool = False) -> dict[str, Any]:
    """Return a refund; the answer to its creation has the transaction in it, everything later only its id."""
    payment = row.transaction
    said: dict[str, Any] = {
        "integration": MERCHANTS[payment.merchant].integration,
        "transaction": payment.number,
        "dispute": None,
        "settlement": row.settlement.pk if row.settlement else None,
        "id": row.number,
        "domain": payment.mode,
        "currency": row.currency,
        "amount": row.amount,
        "status": row.status,
        "refunded_at": row.refunded_at and clock.iso(row.refunded_at),
        "refunded_by": "ops@example.com",
        "customer_note": row.customer_note or f"Refund for transaction {payment.reference}",
        "merchant_note": row.merchant_note or f"Refund for transaction {payment.reference} by ops@example.com",
        "deducted_amount": row.amount if row.status == Refund.Status.PROCESSED else 0,
        # Newer ones say it in another way.
        "fully_deducted": 1 if row.status == Refund.Status.PROCESSED else False,
        "channel": None,
        "expected_at": clock.iso(row.created_at + EXPECTED),
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.updated_at),
    }
    if is_created:
        for name in ("refunded_at", "settlement", "dispute"):
            said.pop(name)
        said["transaction"] = {
            "id": payment.number,
            "domain": payment.mode,
            "reference": payment.reference,
            "amount": payment.received,
            "paid_at": payment.paid_at and clock.iso(payment.paid_at),
            "channel": payment.channel,
            "currency": payment.received_currency,
            "authorization": {"exp_month": None, "exp_year": None, "account_name": None},
            "customer": {"international_format_phone": None},
            "plan": {},
            "subaccount": {"currency": None},
            "split": {},
            "order_id": None,
            "paidAt": payment.paid_at and clock.iso(payment.paid_at),
            "pos_transaction_data": None,
            "source": None,
            "fees_breakdown": None,
        }
    return said


def refund_in_list(row: Refund) -> dict[str, Any]:
    """Return a refund as the list has it: its times in another spelling, and numbers for yes and no."""
    said = refund(row)
    times = {"created_at": said["createdAt"], "updated_at": said["updatedAt"]}
    return said | times | {"fully_deducted": int(said["fully_deducted"])}


def refund_event(row: Refund, kinds: frozenset[str]) -> dict[str, Any]:
    payment = row.transaction
    is_early = row.status in (Refund.Status.PENDING, Refund.Status.PROCESSING)
    is_number = row.status in (Refund.Status.FAILED, Refund.Status.NEEDS_ATTENTION)
    said: dict[str, Any] = {
        "status": row.status,
        "transaction_reference": payment.reference,
        "refund_reference": None if is_early else row.reference,
        "amount": row.amount if is_number else str(row.amount),
        "currency": row.currency,
        "processor": "mpgs_zen",
        "customer": customer(payment.customer, is_short=True),
        "integration": MERCHANTS[payment.merchant].integration,
        "domain": payment.mode,
    }
    if row.status == Refund.Status.NEEDS_ATTENTION or "include_refund_id" in kinds:
        said |= {
            "id": str(row.number),
            "customer_note": row.customer_note or f"Refund for transaction {payment.reference}",
            "merchant_note": row.merchant_note or f"Refund for transaction {payment.reference}",
        }
    if "omit_refund_id" in kinds:
        said.pop("id", None)
    return said


def dispute_answered(row: Dispute) -> dict[str, Any]:
    """Return a dispute as the interface answers it: what its webhooks tell, and a little more."""
    return dispute(row) | {
        "integration": MERCHANTS[row.transaction.merchant].integration,
        "merchant_transaction_reference": row.transaction.reference,
        "created_by": None,
        "source": "bank",
        "organization": 1,
        "message": row.messages[-1] if row.messages else None,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.updated_at),
    }


def dispute(row: Dispute) -> dict[str, Any]:
    payment = row.transaction
    card = payment.authorization.details if payment.authorization else {}
    return {
        "id": row.pk,
        "refund_amount": row.refund_amount,
        "currency": payment.received_currency,
        "status": row.status,
        "resolution": row.resolution or None,
        "domain": payment.mode,
        "transaction": transaction(payment),
        "transaction_reference": None,
        "category": row.category,
        "customer": customer(payment.customer),
        "bin": card.get("bin"),
        "last4": card.get("last4"),
        "dueAt": clock.iso(row.due_at),
        "resolvedAt": row.resolved_at and clock.iso(row.resolved_at),
        "evidence": row.evidence,
        "attachments": row.upload or None,
        "note": None,
        "history": row.history,
        "messages": row.messages,
        "created_at": clock.iso(row.created_at),
        "updated_at": clock.iso(row.updated_at),
    }


def subaccount(row: Subaccount) -> dict[str, Any]:
    bank = BANKS.get(row.bank_code)
    return {
        "id": row.pk,
        "subaccount_code": row.code,
        "business_name": row.business_name,
        "description": row.details.get("description"),
        "primary_contact_name": row.details.get("primary_contact_name"),
        "primary_contact_email": row.details.get("primary_contact_email"),
        "primary_contact_phone": row.details.get("primary_contact_phone"),
        "metadata": row.details.get("metadata"),
        "percentage_charge": row.percentage_charge,
        "settlement_bank": bank[0] if bank else row.bank_code,
        "bank": bank[2] if bank else None,
        "account_number": row.account_number,
        "account_name": row.business_name,
        "currency": "NGN",
        "is_verified": False,
        "active": row.is_active,
        "product": "collection",
        "managed_by_integration": MERCHANTS[row.merchant].integration,
        "migrate": False,
        "settlement_schedule": row.details.get("settlement_schedule", "AUTO"),
        "integration": MERCHANTS[row.merchant].integration,
        "domain": row.mode,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.created_at),
    }


def subaccount_in_list(row: Subaccount) -> dict[str, Any]:
    said = subaccount(row)
    return said | {"active": int(row.is_active), "bank_id": said["bank"]}


def split(row: Split) -> dict[str, Any]:
    known = {
        each.code: each for each in Subaccount.objects.filter(code__in=[one["subaccount"] for one in row.subaccounts])
    }
    return {
        "id": row.pk,
        "name": row.name,
        "type": row.type,
        "currency": row.currency,
        "integration": MERCHANTS[row.merchant].integration,
        "domain": row.mode,
        "split_code": row.code,
        "active": row.is_active,
        "bearer_type": row.bearer_type,
        "bearer_subaccount": row.bearer_subaccount or None,
        "createdAt": clock.iso(row.created_at),
        "updatedAt": clock.iso(row.updated_at),
        "is_dynamic": False,
        "subaccounts": [
            {"subaccount": subaccount(known[one["subaccount"]]), "share": one["share"]} for one in row.subaccounts
        ],
        "total_subaccounts": len(row.subaccounts),
    }
