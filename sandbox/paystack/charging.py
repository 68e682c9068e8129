"""From the wish to be paid to the money: what happens to a transaction, whoever asks for it."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

from sandbox.gateways import clock, faults
from sandbox.gateways.due import later
from sandbox.gateways.till import BANK, CARD, TRANSFER, USSD, Instrument
from sandbox.paystack import events, shapes, sharing
from sandbox.paystack.endpoint import NAME, Ask, Problem
from sandbox.paystack.instruments import INSTRUMENTS
from sandbox.paystack.models import Authorization, Customer, Transaction
from sandbox.paystack.rules import CHANNELS, CURRENCIES, MINIMUMS, NIGERIAN_CHANNELS, REFERENCE, code, fee, sum_of

Status = Transaction.Status
# How long a payer's bank thinks about a debit.
BANK_THINKS = timedelta(seconds=3)
QUEUE_WAITS = timedelta(minutes=1)
GONE = "Transaction reference not found."


def start(ask: Ask, *, entry_point: str) -> Transaction:
    """Open a transaction as a merchant asks for it.

    :raises Problem: when something of it cannot be
    """
    email = ask.text("email", 254)
    if "@" not in email:
        what = "Email Address is required" if not email else "Invalid Email Address Passed"
        raise Problem(what, code="missing_params" if not email else "invalid_email_address",
                      next_step="Provide all required params")  # fmt: skip
    currency = (ask.text("currency") or "NGN").upper()
    if currency not in CURRENCIES:
        raise Problem(
            "Currency not supported by merchant",
            code="unsupported_currency",
            next_step="Ensure that the currency is enabled for your business",
        )
    amount = sum_of(ask.data.get("amount"))
    if amount is None or amount < MINIMUMS[currency]:
        raise Problem(
            "Invalid Amount Sent",
            code="invalid_amount",
            next_step=f"Send a whole number of the smallest unit, at least {MINIMUMS[currency]}",
        )
    reference = ask.text("reference", 200) or code(length=12)
    if not REFERENCE.fullmatch(reference):
        raise Problem(
            "Invalid reference. Only -, ., = and alphanumeric characters allowed",
            code="invalid_params",
            next_step="Send another reference",
        )
    if Transaction.objects.filter(reference=reference, **ask.mine).exists():
        raise Problem(
            "Duplicate Transaction Reference",
            code="duplicate_reference",
            next_step="Ensure the transaction reference is unique for every request",
        )
    return Transaction.objects.create(
        **ask.mine,
        reference=reference,
        access_code=code(),
        customer=customer_of(ask, email),
        requested=amount,
        currency=currency,
        gateway_response="The transaction was not completed",
        metadata=_metadata(ask.data.get("metadata")),
        channels=_channels(ask.data.get("channels")),
        callback_url=ask.text("callback_url"),
        sharing=sharing.asked(ask),
        entry_point=entry_point,
        # Of a range that is nobody's (RFC 5737).
        ip_address="192.0.2.1",
        created_at=clock.now(),
    )


def customer_of(ask: Ask, email: str) -> Customer:
    """Return the merchant's customer with this address, a new one where there is none."""
    row = customer_with(ask.merchant.name, ask.mode, email)
    given = {name: ask.text(name, 100) for name in ("first_name", "last_name", "phone") if ask.text(name)}
    if given:
        Customer.objects.filter(pk=row.pk).update(**given)
        row.refresh_from_db()
    return row


def customer_with(merchant: str, mode: str, email: str) -> Customer:
    return Customer.objects.get_or_create(
        merchant=merchant, mode=mode, email=email.lower()[:254], defaults={"code": code("CUS_")}
    )[0]


def _metadata(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return given


def _channels(given: Any) -> list[str]:
    if isinstance(given, str):
        given = _metadata(given)
    if not given:
        return list(NIGERIAN_CHANNELS)
    if not isinstance(given, list) or not set(map(str, given)) <= set(CHANNELS):
        raise Problem(f"Invalid channel : must be one of: {', '.join(CHANNELS)}", code="invalid_params",
                      next_step="Send a list")  # fmt: skip
    usable = [channel for channel in given if channel in NIGERIAN_CHANNELS]
    if not usable:
        raise Problem("No active channel", code="no_active_channel", next_step="Ask for channels of this country")
    return usable


def find(ask: Ask, reference: str, words: str, *, error: str = "") -> Transaction:
    """Return the merchant's transaction with this reference.

    :raises Problem: when there is none, in these words
    """
    row = (
        Transaction.objects.select_related("customer", "authorization").filter(reference=reference, **ask.mine).first()
    )
    if row is None:
        raise Problem(
            words, code=error, next_step="Ensure that you're passing the reference of a transaction that exists"
        )
    return row


def note(row: Transaction, message: str, *, type_: str = "action") -> None:
    """Add a line to the transaction's timeline; the caller saves it."""
    spent = int((clock.now() - row.created_at).total_seconds())
    row.history = [*row.history, {"type": type_, "message": message, "time": spent}]


def begin(row: Transaction, channel: str) -> None:
    """Have the payer asked for something: a code, a transfer."""
    if row.is_final:
        return
    row.status, row.channel, row.is_cancelled = Status.ONGOING, channel, False
    row.gateway_response = "Transaction in progress"
    note(row, f"Attempted to pay with {channel}")
    row.attempts += 1
    row.save()


def lapse(row: Transaction) -> None:
    """Have the payer's time end; a payer who comes back can begin again."""
    if row.status == Status.ONGOING:
        row.status, row.gateway_response = Status.ABANDONED, "The transaction was not completed"
        row.save()


def fail(row: Transaction, reason: str) -> None:
    row.status, row.gateway_response = Status.FAILED, reason
    note(row, f"Attempted to pay: {reason}", type_="error")
    row.save()
    if faults.happens(NAME, "webhook", "failed_webhook"):
        _tell(row, "charge.failed")


def succeed(row: Transaction, authorization: Authorization, *, route: str, words: str = "Successful") -> None:
    """Have the money come in, unless a fault makes something else of it, and tell the merchant."""
    if row.is_final:
        return
    row.authorization, row.is_paused = authorization, False
    if declined := faults.happens(NAME, route, "declined"):
        fail(row, str(declined.options.get("reason", "Declined")))
        return
    _receive(row, route)
    row.status, row.gateway_response, row.paid_at = Status.SUCCESS, words, clock.now()
    row.shares = sharing.shared(row.sharing, row.received, row.fees)
    note(row, f"Successfully paid with {row.channel}", type_="success")
    row.save()
    _tell(row, "charge.success")
    if faults.happens(NAME, route, "dispute"):
        # Disputes stand on transactions, and this is the one place where it is the other way round.
        from sandbox.paystack.disputes import open_dispute

        open_dispute(row)


def _receive(row: Transaction, route: str) -> None:
    row.received, row.received_currency = row.requested, row.currency
    if wrong := faults.happens(NAME, route, "wrong_amount"):
        asked = wrong.options.get("kobo", round(row.requested * float(wrong.options.get("ratio", 0.5))))
        row.received = max(1, int(asked))
    if other := faults.happens(NAME, route, "wrong_currency"):
        row.received_currency = str(other.options.get("currency", "USD" if row.currency == "NGN" else "NGN"))
    row.fees = min(fee(row.received, row.received_currency), row.received)
    if faults.happens(NAME, route, "fee_on_top"):
        row.received += row.fees


def _tell(row: Transaction, event: str) -> None:
    events.tell(
        merchant=row.merchant,
        mode=row.mode,
        event=event,
        reference=row.reference,
        build=lambda kinds: shapes.paid_event(row, kinds),
    )


def authorized_by(row: Transaction, instrument: Instrument) -> Authorization:
    """Return the authorization that a payment with this card or account leaves."""
    month, year = instrument.expiry
    # The same for one card each time, and another for each merchant.
    seed = hashlib.sha256(f"{row.merchant}:{row.mode}:{instrument.name}".encode()).digest()
    is_card = instrument.kind == CARD
    return Authorization.objects.create(
        customer=row.customer,
        code=code("AUTH_", 10),
        instrument=instrument.name,
        is_reusable=instrument.is_reusable,
        details={
            "bin": instrument.bin,
            "last4": instrument.last4,
            "exp_month": month,
            "exp_year": year,
            "channel": instrument.kind,
            # With the space at its end that it really has.
            "card_type": f"{instrument.brand} " if is_card else "",
            "bank": instrument.bank,
            "country_code": "NG",
            "brand": instrument.brand,
            "signature": "SIG_" + base64.b32encode(seed).decode()[:20] if is_card else None,
            "account_name": None,
        },
    )


def authorized_by_transfer(row: Transaction) -> Authorization:
    return Authorization.objects.create(
        customer=row.customer,
        code=code("AUTH_", 10),
        is_reusable=False,
        details={
            "bin": "008XXX",
            "last4": "X553",
            "exp_month": f"{clock.now():%m}",
            "exp_year": f"{clock.now():%Y}",
            "channel": TRANSFER,
            "card_type": "transfer",
            "bank": None,
            "country_code": "NG",
            "brand": "Managed Account",
            "signature": None,
            "account_name": None,
            "sender_country": "NG",
            "sender_bank": "Demo Bank",
            "sender_bank_account_number": "XXXXXX9876",
            "sender_name": "DEMO PAYER",
            "narration": f"Payment {row.reference}",
        },
    )


def authorized_by_ussd(row: Transaction) -> Authorization:
    return Authorization.objects.create(
        customer=row.customer,
        code=code("AUTH_", 10),
        is_reusable=False,
        details={
            "bin": "XXXXXX",
            "last4": "XXXX",
            "exp_month": "10",
            "exp_year": f"{clock.now():%Y}",
            "channel": USSD,
            "card_type": "offline",
            "bank": "Guaranty Trust Bank",
            "country_code": "NG",
            "brand": "offline",
            "signature": None,
            "account_name": None,
        },
    )


def reject_transfer(row: Transaction, sent: int, *, why: str, type_: str) -> None:
    """Send a bank transfer back to whom it came from, and say so."""
    note(row, f"A transfer was rejected: {why}", type_="error")
    row.save()
    customer = row.customer
    events.tell(
        merchant=row.merchant,
        mode=row.mode,
        event="bank.transfer.rejected",
        reference=row.reference,
        build=lambda kinds: {
            "bank_transfer": {
                "amount": str(sent),
                "message": why,
                "message_type": type_,
                "transaction_id": str(row.number),
            },
            "customer": {
                "id": customer.number,
                "email": customer.email,
                "customer_code": customer.code,
                "first_name": customer.first_name or None,
                "last_name": customer.last_name or None,
                "phone": customer.phone or None,
                "domain": row.mode,
                "integration": shapes.MERCHANTS[row.merchant].integration,
            },
        },
    )


def debit_bank(row: Transaction, instrument: Instrument) -> None:
    """Have the payer's bank think about a debit, then pay."""
    row.status, row.gateway_response, row.instrument = Status.PENDING, "Transaction in progress", instrument.name
    row.channel = BANK
    row.save()
    later(NAME, "bank_pays", clock.now() + BANK_THINKS, pk=row.pk)


def bank_pays(pk: int) -> None:
    row = Transaction.objects.filter(pk=pk, status=Status.PENDING).first()
    if row is not None:
        succeed(row, authorized_by(row, INSTRUMENTS[row.instrument]), route="checkout", words="Approved")


def charge_queued(pk: int) -> None:
    row = Transaction.objects.filter(pk=pk, status=Status.QUEUED).first()
    if row is not None and row.authorization is not None:
        charge_saved(row, row.authorization)


def charge_saved(row: Transaction, authorization: Authorization) -> bool:
    """Charge a saved card, and return False where its owner has to consent first."""
    instrument = INSTRUMENTS[authorization.instrument]
    row.authorization, row.instrument, row.attempts = authorization, instrument.name, 1
    if instrument.steps or faults.happens(NAME, "charge_authorization", "challenge"):
        from sandbox.gateways.steps import ask_for_consent
        from sandbox.paystack.till import TILL

        row.is_paused, row.status = True, Status.ONGOING
        note(row, "The bank asks the owner of the card")
        row.save()
        ask_for_consent(TILL, row.access_code, instrument.name)
        return False
    succeed(row, authorization, route="charge_authorization", words="Approved")
    return True
