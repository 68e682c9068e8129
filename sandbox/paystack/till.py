"""Paystack behind the hosted checkout page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sandbox.gateways import clock
from sandbox.gateways.due import later
from sandbox.gateways.merchants import MERCHANTS
from sandbox.gateways.steps import ACCOUNT_LIVES
from sandbox.gateways.till import BANK, PAID, TRANSFER, USSD, Bill, Instrument
from sandbox.paystack import charging, shapes
from sandbox.paystack.endpoint import NAME
from sandbox.paystack.instruments import INSTRUMENTS
from sandbox.paystack.models import Transaction

Status = Transaction.Status
STATES = {
    Status.SUCCESS: "This payment has been made.",
    Status.REVERSED: "This payment has been given back.",
    Status.FAILED: "This payment has failed.",
    Status.PENDING: "The bank is thinking about this payment.",
    Status.QUEUED: "This payment waits for its turn.",
}


class PaystackTill:
    gateway, title = NAME, "Paystack"
    instruments: Mapping[str, Instrument] = INSTRUMENTS

    def bill(self, token: str) -> Bill | None:
        row = _find(token)
        if row is None:
            return None
        state = STATES.get(Status(row.status), "")
        if row.status == Status.FAILED:
            state = f"This payment has failed: {row.gateway_response}."
        return Bill(
            token=token,
            business_name=MERCHANTS[row.merchant].business_name,
            reference=row.reference,
            email=row.customer.email,
            amount_kobo=row.requested,
            currency=row.currency,
            channels=("card",) if _wants_reusable(row) else tuple(row.channels),
            is_open=not state,
            state=state,
            challenge=row.access_code if row.is_paused else "",
            leads_to=_callback(row),
        )

    def token_of(self, reference: str, merchant: str) -> str | None:
        rows = Transaction.objects.filter(reference=reference, merchant=merchant)
        return rows.values_list("access_code", flat=True).first()

    def begin(self, token: str, channel: str) -> None:
        row = _find(token)
        if row is None:
            return
        charging.begin(row, channel)
        if channel in (TRANSFER, USSD):
            later(NAME, "lapse", clock.now() + ACCOUNT_LIVES, pk=row.pk)

    def attempt(self, token: str, instrument: str, outcome: str, reason: str) -> None:
        row = _find(token)
        if row is None or row.is_final:
            return
        used = INSTRUMENTS[instrument]
        row.instrument, row.channel = used.name, used.kind
        if outcome != PAID:
            charging.fail(row, reason)
        elif used.kind == BANK:
            charging.debit_bank(row, used)
        elif row.is_paused and row.authorization is not None:
            charging.succeed(row, row.authorization, route="charge_authorization", words="Approved")
        else:
            charging.succeed(row, charging.authorized_by(row, used), route="checkout")

    def transfer(self, token: str, sent_kobo: int, is_late: bool) -> None:
        row = _find(token)
        if row is None:
            return
        if row.is_final:
            charging.reject_transfer(row, sent_kobo, why="transaction already completed", type_="TRANSACTION_COMPLETED")
        elif is_late:
            charging.reject_transfer(row, sent_kobo, why="account number has expired", type_="EXPIRED_ACCOUNT")
        elif sent_kobo != row.requested:
            charging.reject_transfer(row, sent_kobo, why="incorrect amount sent", type_="INCORRECT_AMOUNT")
        else:
            row.channel = TRANSFER
            charging.succeed(row, charging.authorized_by_transfer(row), route="checkout", words="Approved")

    def ussd(self, token: str) -> None:
        row = _find(token)
        if row is not None and not row.is_final:
            row.channel = USSD
            charging.succeed(row, charging.authorized_by_ussd(row), route="checkout", words="Payment Successful")

    def cancel(self, token: str) -> None:
        row = _find(token)
        if row is not None and not row.is_final:
            row.status, row.is_cancelled = Status.ABANDONED, True
            charging.note(row, "Closed the page")
            row.save()

    def way_back(self, token: str) -> str:
        row = _find(token)
        return _way_back(row) if row else ""

    def goals(self, token: str) -> list[str]:
        row = _find(token)
        return [_callback(row), _cancel_action(row)] if row else []

    def look(self, token: str) -> dict[str, Any]:
        row = _find(token)
        if row is None:
            return {}
        return {
            "status": row.status,
            "way_back": _way_back(row),
            "transaction": shapes.transaction(row),
        }


def _find(token: str) -> Transaction | None:
    return Transaction.objects.select_related("customer", "authorization").filter(access_code=token).first()


def _wants_reusable(row: Transaction) -> bool:
    filters = row.metadata.get("custom_filters") if isinstance(row.metadata, dict) else None
    return isinstance(filters, dict) and bool(filters.get("recurring"))


def _cancel_action(row: Transaction) -> str:
    address = row.metadata.get("cancel_action") if isinstance(row.metadata, dict) else None
    return address if isinstance(address, str) and address.startswith(("http://", "https://")) else ""


def _way_back(row: Transaction) -> str:
    if row.is_cancelled:
        return _cancel_action(row)
    return _callback(row) if row.status in (Status.SUCCESS, Status.PENDING) else ""


def _callback(row: Transaction) -> str:
    address = row.callback_url or MERCHANTS[row.merchant].callback_url
    if not address.startswith(("http://", "https://")):
        return ""
    # A fragile place: whoever gives an address with a query of its own gets one that has two of everything.
    reference = quote(row.reference)
    return f"{address}{'&' if '?' in address else '?'}trxref={reference}&reference={reference}"


TILL = PaystackTill()
