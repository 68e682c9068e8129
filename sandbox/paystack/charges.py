"""Charges without the hosted page: bank transfer, USSD, bank account, card and its questions."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from sandbox.gateways import clock, steps
from sandbox.gateways.till import BANK, CARD, TRANSFER, USSD, Bill
from sandbox.paystack import charging, shapes
from sandbox.paystack.banks import BANKS
from sandbox.paystack.charging import Status
from sandbox.paystack.endpoint import Ask, Problem, Said, needed
from sandbox.paystack.models import Transaction
from sandbox.paystack.till import TILL
from sandbox.paystack.transactions import BASE, saved

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=8)
ASKS = {
    "pin": "send_pin",
    "otp": "send_otp",
    "phone": "send_phone",
    "birthday": "send_birthday",
    "address": "send_address",
    "bank_page": "open_url",
}
WORDS = {
    "pin": "Please enter your PIN",
    "otp": "Please enter the OTP sent to your phone",
    "phone": "Please enter your phone number",
    "birthday": "Please enter your birthday",
    "address": "Please enter your billing address",
    "bank_page": "Please visit the page of your bank",
}
USSD_TYPES = ("737", "919", "822", "966", "901", "894")


def create(ask: Ask) -> Said:
    given = {name: ask.data[name] for name in (TRANSFER, USSD, BANK, CARD) if isinstance(ask.data.get(name), dict)}
    if ask.data.get("authorization_code"):
        authorization = saved(ask)
        row = charging.start(ask, entry_point="charge")
        charging.charge_saved(row, authorization)
        return _said(row)
    if not given:
        raise Problem("Please provide a payment channel", code="missing_params", next_step="Send bank, card or ussd")
    row = charging.start(ask, entry_point="charge")
    bill = _bill(row)
    try:
        if TRANSFER in given:
            steps.choose_transfer(TILL, bill, expires_at=_until(given[TRANSFER].get("account_expires_at")))
        elif USSD in given:
            if str(given[USSD].get("type", "737")) not in USSD_TYPES:
                raise Problem("Invalid USSD type", code="invalid_params", next_step=f"One of {', '.join(USSD_TYPES)}")
            steps.choose_ussd(TILL, bill)
        else:
            _present(ask, bill, given)
    except steps.Refused as refused:
        raise Problem(str(refused), code="invalid_params", next_step="Use the test cards and accounts") from refused
    row.refresh_from_db()
    return _said(row)


def _bill(row: Transaction) -> Bill:
    bill = TILL.bill(row.access_code)
    assert bill is not None  # noqa: S101
    return bill


def _present(ask: Ask, bill: Bill, given: dict[str, Any]) -> None:
    if BANK in given:
        bank = given[BANK]
        if str(bank.get("code", "")) not in BANKS:
            raise Problem("Unknown bank code", code="unknown_bank_code", next_step="List banks")
        number = str(bank.get("account_number") or bank.get("phone") or "")
        instrument = steps.find(TILL, BANK, number)
        steps.present(TILL, bill, instrument)
        if bank.get("token"):
            steps.answer(TILL, bill, str(bank["token"]))
        return
    card = given[CARD]
    steps.present(TILL, bill, steps.find(TILL, CARD, str(card.get("number", ""))))
    pin = ask.text("pin", 10)
    if pin and steps.visit_of(TILL, bill.token).step == "pin":
        steps.answer(TILL, bill, pin)


def _until(text: Any) -> datetime:
    """Return when a transfer's account ends: between a quarter of an hour and eight hours from now."""
    now = clock.now()
    try:
        wanted = parse_datetime(str(text)) if text else None
    except ValueError:
        wanted = None
    if wanted is None or wanted.tzinfo is None:
        wanted = now + steps.ACCOUNT_LIVES
    return min(max(wanted, now + SHORTEST), now + LONGEST)


def submit(name: str) -> Any:
    """Return what answers a question: `name` is that of the field, pin, otp, phone, birthday or address."""

    def answer(ask: Ask) -> Said:
        row = charging.find(ask, needed(ask, "reference", "Reference is required"), "Transaction reference is invalid")
        given = needed(ask, name, f"{name.upper()} is required")
        visit = steps.visit_of(TILL, row.access_code)
        if row.is_final or visit.step != name:
            raise Problem(f"Charge is not waiting for {name}", code="invalid_params", next_step="Check the charge")
        try:
            steps.answer(TILL, _bill(row), given)
        except steps.Refused as refused:
            said = _data(row) | {"display_text": str(refused)}
            return Said("Charge attempted", said)
        row.refresh_from_db()
        if row.status == Status.FAILED:
            # Declined at a step: an error, although it was understood.
            data = {"status": "failed", "reference": row.reference, "message": row.gateway_response}
            return Said("Charge attempted", data, status=400, is_fine=False)
        return _said(row)

    return answer


def check(ask: Ask, reference: str) -> Said:
    row = charging.find(ask, reference, "Transaction reference is invalid")
    return Said("Reference check successful", _data(row))


def _said(row: Transaction) -> Said:
    return Said("Charge attempted", _data(row))


def _data(row: Transaction) -> dict[str, Any]:
    if row.is_final or row.status in (Status.PENDING, Status.QUEUED, Status.ABANDONED):
        return shapes.transaction(row)
    visit = steps.visit_of(TILL, row.access_code)
    if visit.step == TRANSFER and visit.account_expires_at:
        return {
            "reference": row.reference,
            "status": "pending_bank_transfer",
            "display_text": "Please make a transfer to the account specified",
            "account_name": "PAYSTACK CHECKOUT",
            "account_number": visit.account_number,
            "bank": {"slug": "test-bank", "name": "Test Bank", "id": 24},
            "account_expires_at": clock.iso(visit.account_expires_at),
        }
    if visit.step == USSD:
        return {
            "reference": row.reference,
            "status": "pay_offline",
            "display_text": "Please dial the code on your mobile phone",
            "ussd_code": visit.ussd_code,
        }
    if visit.step in ASKS:
        data = {"reference": row.reference, "status": ASKS[visit.step], "display_text": WORDS[visit.step]}
        if visit.step == "bank_page":
            data["url"] = f"{BASE}/checkout/{row.access_code}"
        return data
    return shapes.transaction(row)
