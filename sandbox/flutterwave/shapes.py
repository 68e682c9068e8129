"""What Flutterwave v3 writes, key by key and in its order: pure functions from rows to JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.flutterwave import banks
from sandbox.flutterwave.cards import INSTRUMENTS
from sandbox.flutterwave.models import (
    CardToken,
    Chargeback,
    Event,
    Refund,
    Settlement,
    Subaccount,
    Transaction,
    Transfer,
)
from sandbox.flutterwave.money import naira
from sandbox.gateways.merchants import MERCHANTS

JSON = dict[str, Any]
EVENT_TYPES = {
    Transaction.Type.CARD.value: "CARD_TRANSACTION",
    Transaction.Type.ACCOUNT.value: "ACCOUNT_TRANSACTION",
    Transaction.Type.TRANSFER.value: "BANK_TRANSFER_TRANSACTION",
    Transaction.Type.USSD.value: "USSD_TRANSACTION",
}


def compact(what: object) -> bytes:
    """Return JSON as JSON.stringify writes it: no blanks, letters as they are."""
    return json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode()


def moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def account_id(merchant: str) -> int:
    return MERCHANTS[merchant].integration


# --- transactions


def transaction(row: Transaction) -> JSON:
    """Return a transaction as verify tells it."""
    said = _core(row)
    said["account_id"] = account_id(row.merchant)
    said |= _paid_with(row, with_token=True)
    said["meta"] = _meta(row) or None
    said["amount_settled"] = _settled(row)
    said["customer"] = _customer(row)
    return said


def listed(row: Transaction) -> JSON:
    """Return a transaction as the list tells it: ids are strings there, and the customer is flat."""
    said = _core(row)
    said["id"] = str(row.pk)
    said["app_fee"] = None if row.status == Transaction.Status.PENDING else said["app_fee"]
    said["amount_settled"] = _settled(row)
    said |= _paid_with(row)
    said["customer_name"] = row.customer.name
    said["customer_email"] = row.customer.email
    said["account_id"] = str(account_id(row.merchant))
    return said


def tokenised(row: Transaction) -> JSON:
    """Return a transaction as the answer to a charge by token tells it."""
    said = _core(row)
    said["redirect_url"] = row.redirect_url or "http://127.0.0"
    said["account_id"] = account_id(row.merchant)
    said["customer"] = _customer(row)
    return said | _paid_with(row, country="NG", with_token=True)


def _core(row: Transaction) -> JSON:
    return {
        "id": row.pk,
        "tx_ref": row.tx_ref,
        "flw_ref": row.flw_ref,
        "device_fingerprint": "N/A",
        "amount": naira(row.amount_kobo),
        "currency": row.currency,
        "charged_amount": naira(row.charged_kobo),
        "app_fee": naira(row.fee_kobo),
        "merchant_fee": 0,
        "processor_response": row.processor_response,
        "auth_model": row.auth_model,
        "ip": row.ip,
        "narration": row.narration,
        "status": row.status,
        "payment_type": row.payment_type,
        "created_at": moment(row.created_at),
    }


def _settled(row: Transaction) -> int | float | None:
    return naira(row.settled_kobo) if row.status == Transaction.Status.SUCCESSFUL else None


def _paid_with(row: Transaction, *, country: str = "NIGERIA NG", with_token: bool = False) -> JSON:
    """Return `card` or `account`, if anything is known of one."""
    if row.payment_type == Transaction.Type.TRANSFER:
        return {"account": {"nuban": row.account_number, "bank": banks.BANKS[banks.COLLECTING]}}
    known = INSTRUMENTS.get(row.instrument)
    if known is None:
        return {}
    if row.payment_type == Transaction.Type.ACCOUNT:
        return {"account": {"nuban": known.number, "bank": known.bank}}
    card = {
        "first_6digits": known.bin,
        "last_4digits": known.last4,
        "issuer": known.bank,
        "country": country,
        "type": known.brand.upper(),
        "expiry": known.expires,
    }
    if with_token and row.token is not None:
        card["token"] = row.token.token
    return {"card": card}


def _customer(row: Transaction) -> JSON:
    customer = row.customer
    return {
        "id": customer.pk,
        "name": customer.name,
        "phone_number": customer.phone or None,
        "email": customer.email,
        "created_at": moment(customer.created_at),
    }


def _meta(row: Transaction) -> JSON:
    return {**(row.meta or {}), **row.sender}


def event(row: Event) -> JSON:
    return {
        "note": row.note,
        "actor": row.transaction.customer.email,
        "object": row.thing,
        "action": row.action,
        "context": "web",
        "created_at": moment(row.created_at),
    }


def fee(amount_kobo: int, fee_kobo: int, currency: str) -> JSON:
    return {
        "charge_amount": naira(amount_kobo),
        "fee": naira(fee_kobo),
        "merchant_fee": 0,
        "flutterwave_fee": naira(fee_kobo),
        "stamp_duty_fee": 0,
        "currency": currency,
    }


def token(row: CardToken) -> JSON:
    return {
        "customer_email": row.email,
        "customer_full_name": row.name,
        "customer_phone_number": row.phone,
        "created_at": moment(row.issued_at),
    }


# --- refunds, chargebacks


def refund(row: Refund) -> JSON:
    return {
        "id": row.pk,
        "account_id": account_id(row.transaction.merchant),
        "tx_id": row.transaction_id,
        "flw_ref": row.flw_ref,
        "wallet_id": _wallet(row),
        "amount_refunded": naira(row.amount_kobo),
        "status": row.status,
        "destination": row.destination,
        "comments": row.comments,
        "meta": {"source": "availablebalance"},
        "created_at": moment(row.created_at),
    }


def _wallet(row: Refund) -> int:
    return account_id(row.transaction.merchant) + 53702


def chargeback(row: Chargeback) -> JSON:
    return {
        "id": row.pk,
        "amount": naira(row.amount_kobo),
        "flw_ref": row.transaction.flw_ref,
        "status": row.status,
        "stage": row.stage,
        "comment": row.comment,
        "meta": {"uploaded_proof": None, "history": row.history},
        "due_date": moment(row.due_at),
        "settlement_id": str(row.settlement_id) if row.settlement_id else "N/A",
        "created_at": moment(row.created_at),
        "transaction_id": row.transaction_id,
        "tx_ref": row.transaction.tx_ref,
    }


# --- subaccounts, settlements, transfers


def subaccount_made(row: Subaccount) -> JSON:
    return {
        "id": row.pk,
        "account_number": row.account_number,
        "account_bank": row.account_bank,
        "full_name": banks.holder(row.account_number),
        "created_at": moment(row.created_at),
        "split_type": row.split_type,
        "split_value": number(row.split_value),
        "subaccount_id": row.subaccount_id,
        "bank_name": banks.BANKS[row.account_bank],
    }


def subaccount(row: Subaccount) -> JSON:
    return {
        "id": row.pk,
        "account_number": row.account_number,
        "account_bank": row.account_bank,
        "business_name": row.business_name,
        "full_name": banks.holder(row.account_number),
        "created_at": moment(row.created_at),
        "meta": row.meta,
        "account_id": 131400 + row.pk,
        "split_ratio": 1,
        "split_type": row.split_type,
        "split_value": number(row.split_value),
        "subaccount_id": row.subaccount_id,
        "bank_name": banks.BANKS[row.account_bank],
        "country": row.country,
    }


def number(value: Decimal) -> int | float:
    """Return a ratio or a sum as a JSON number."""
    return int(value) if value == int(value) else float(value)


def settlement(row: Settlement, *, is_listed: bool) -> JSON:
    """Return a settlement; alone, it also lists its transactions."""
    paid = list(row.transactions.select_related("customer"))
    said: JSON = {
        "id": row.pk,
        "account_id": account_id(row.merchant),
        "merchant_name": MERCHANTS[row.merchant].business_name,
        "merchant_email": "merchant@example.com",
        "settlement_account": "0031318432",
        "bank_code": "044",
        "transaction_date": moment(row.created_at),
        "due_date": moment(row.created_at),
        "processed_date": moment(row.created_at),
        "status": "completed",
        "is_local": True if is_listed else 1,
        "currency": row.currency,
        "gross_amount": naira(row.gross_kobo),
        "app_fee": naira(row.fee_kobo + row.vat_kobo),
        "merchant_fee": 0,
        "chargeback": naira(row.chargeback_kobo),
        "refund": naira(row.refund_kobo),
        "stampduty_charge": 0,
        "net_amount": naira(row.net_kobo),
        "transaction_count": len(paid),
        "processor_ref": None,
        "disburse_ref": row.disburse_ref,
        "disburse_message": None,
        "channel": "web",
        "destination": "autowallet",
        "fx_data": None,
        "flag_message": None,
        "meta": [each.pk for each in paid] if is_listed else compact([each.pk for each in paid]).decode(),
        "refund_meta": None,
        "chargeback_meta": None,
        "source_bankcode": None,
        "created_at": moment(row.created_at),
    }
    if not is_listed:
        said["transactions"] = [_settled_transaction(each) for each in paid]
    return said


def _settled_transaction(row: Transaction) -> JSON:
    return {
        "customer_email": row.customer.email,
        "flw_ref": row.flw_ref,
        "tx_ref": row.tx_ref,
        "id": row.pk,
        "charged_amount": naira(row.charged_kobo),
        "app_fee": naira(row.fee_kobo + row.vat_kobo),
        "merchant_fee": 0,
        "stampduty_charge": 0,
        "settlement_amount": naira(row.settled_kobo),
        "status": row.status,
        "payment_entity": row.payment_type,
        "transaction_date": moment(row.created_at)[:10],
        "currency": row.currency,
        "card_locale": "LOCAL",
        "rrn": "N/A",
        "subaccount_settlement": naira(sum(row.shares.values())),
    }


TRANSFER_FEES = ((500_000, Decimal("10.75")), (5_000_000, Decimal("26.875")))
DEAREST_TRANSFER = Decimal("53.75")


def transfer_fee(amount_kobo: int) -> int | float:
    return number(next((price for most, price in TRANSFER_FEES if amount_kobo <= most), DEAREST_TRANSFER))


def transfer(row: Transfer) -> JSON:
    return {
        "id": row.pk,
        "account_number": row.account_number,
        "bank_code": row.account_bank,
        "full_name": banks.holder(row.account_number),
        "created_at": moment(row.created_at),
        "currency": row.currency,
        "debit_currency": row.currency,
        "amount": naira(row.amount_kobo),
        "fee": transfer_fee(row.amount_kobo),
        "status": row.status,
        "reference": row.reference,
        "meta": row.meta,
        "narration": row.narration,
        "complete_message": row.complete_message,
        "requires_approval": 0,
        "is_approved": 1,
        "bank_name": banks.BANKS[row.account_bank],
    }


# --- webhooks


def charge_completed(row: Transaction) -> JSON:
    """Return the news of an ended charge, good or bad: shape (a). No token of the card is in it."""
    data = _core(row)
    data["account_id"] = account_id(row.merchant)
    data["customer"] = _customer(row)
    if row.payment_type != Transaction.Type.TRANSFER:
        data |= _paid_with(row, country="NG")
    return {
        "event": "charge.completed",
        "data": data,
        "meta_data": _meta(row),
        "event.type": EVENT_TYPES[row.payment_type],
    }


def charge_completed_of_old(row: Transaction) -> JSON:
    """Return the same news flat and in camel case, as some accounts still get it: shape (b)."""
    customer = row.customer
    made = moment(customer.created_at)
    return {
        "id": row.pk,
        "txRef": row.tx_ref,
        "flwRef": row.flw_ref,
        "orderRef": order_ref(row),
        "paymentPlan": None,
        "paymentPage": None,
        "createdAt": moment(row.created_at),
        "amount": naira(row.amount_kobo),
        "charged_amount": naira(row.charged_kobo),
        "status": row.status,
        "IP": row.ip,
        "currency": row.currency,
        "appfee": naira(row.fee_kobo),
        "merchantfee": 0,
        "merchantbearsfee": int(row.charged_kobo == row.amount_kobo),
        "charge_type": "normal",
        "customer": {
            "id": customer.pk,
            "phone": customer.phone or None,
            "fullName": customer.name,
            "customertoken": None,
            "email": customer.email,
            "createdAt": made,
            "updatedAt": made,
            "deletedAt": None,
            "AccountId": account_id(row.merchant),
        },
        "entity": _entity(row),
        "event.type": EVENT_TYPES[row.payment_type],
    }


def order_ref(row: Transaction) -> str:
    return f"URF_{int(row.created_at.timestamp() * 1000)}_{row.pk % 10_000_000}"


def _entity(row: Transaction) -> JSON:
    known = INSTRUMENTS.get(row.instrument)
    if known is None or row.payment_type != Transaction.Type.CARD:
        return {"account_number": row.account_number or "N/A", "first_name": "N/A", "last_name": "N/A"}
    return {
        "card6": known.bin,
        "card_last4": known.last4,
        "card_country_iso": "NG",
        "createdAt": moment(row.created_at),
    }


def refund_news(row: Refund) -> JSON:
    """Return the news of a refund, flat and with capitals: shape (c)."""
    return {
        "id": row.pk,
        "AmountRefunded": naira(row.amount_kobo),
        "status": row.status,
        "FlwRef": row.flw_ref,
        "destination": row.destination,
        "comments": row.comments,
        "settlement_id": "NEW",
        "meta": compact({"source": "availablebalance"}).decode(),
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
        "walletId": _wallet(row),
        "AccountId": account_id(row.transaction.merchant),
        "TransactionId": row.transaction_id,
    }


def self_test() -> JSON:
    """Return what the dashboard sends when a merchant tries their address: shape (d)."""
    return {"event": "test_assess", "data": {"message": "This is a test of the webhook address."}}


def transfer_completed(row: Transfer) -> JSON:
    return {"event": "transfer.completed", "event.type": "Transfer", "data": transfer(row)}
