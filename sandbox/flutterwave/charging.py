"""Attempts to pay, and what ends them: money, or none. Each is told to the merchant.

Whoever calls these has opened the transaction: a payer's step on the page, a charge of a saved card.
"""

import random
import secrets
from typing import Any

from sandbox.flutterwave import notices, splits
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.cards import AUTH_MODELS, PROMPTS
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.fields import row_id
from sandbox.flutterwave.models import CardToken, Event, Link, Transaction
from sandbox.flutterwave.money import BadAmount, fee_of, kobo, part, vat_of
from sandbox.gateways import clock, faults
from sandbox.gateways.registry import CHECKOUT

APPROVED = "Approved by Financial Institution"
WAITING = "Pending validation"
DECLINED = "Declined by financial institution"


def note(row: Transaction, thing: str, action: str, words: str) -> None:
    """Write a line of the timeline."""
    Event.objects.create(transaction=row, thing=thing, action=action, note=words[:200], created_at=clock.now())


def digits(count: int) -> str:
    return str(random.SystemRandom().randrange(10 ** (count - 1), 10**count))


def card_ref(mode: str) -> str:
    """Return a `flw_ref` for a card: payments of test mode say that they are mocked."""
    return f"FLW-MOCK-{secrets.token_hex(16)}" if mode == "test" else f"BUKA/FLW{digits(9)}"


# --- beginnings


def begin(link: Link, kind: Transaction.Type, **more: Any) -> Transaction:
    """Begin an attempt: pending, until a bank says something or money arrives."""
    auth_models = {Transaction.Type.TRANSFER: "AUTH", Transaction.Type.USSD: "USSD"}
    row = Transaction.objects.create(
        link=link,
        merchant=link.merchant,
        mode=link.mode,
        customer=link.customer,
        tx_ref=link.tx_ref,
        flw_ref=card_ref(link.mode) if kind == Transaction.Type.CARD else digits(25),
        payment_type=kind,
        amount_kobo=link.amount_kobo,
        charged_kobo=link.amount_kobo,
        currency=link.currency,
        auth_model=auth_models.get(kind, "N/A"),
        processor_response=WAITING,
        narration="CARD Transaction " if kind == Transaction.Type.CARD else f"{link.customer.name} {link.tx_ref}"[:200],
        meta=link.meta,
        subaccounts=link.subaccounts,
        redirect_url=link.redirect_url,
        created_at=clock.now(),
        **more,
    )
    note(row, "modal", "switched", f"Switched to Pay with {kind.label} Option")
    return row


# --- ends


def receive(row: Transaction, amount_kobo: int) -> None:
    """Take a transfer, whatever sum it is: what came in is the transaction's amount."""
    naira, rest = divmod(amount_kobo, 100)
    row.sender = {
        "originatorname": row.customer.name.upper(),
        "originatoraccountnumber": "123*******90",
        "bankname": "Access Bank",
        "originatoramount": f"{naira}.{rest:02}" if rest else str(naira),
    }
    row.amount_kobo = amount_kobo
    succeed(row)


def decide(row: Transaction, instrument: str, *, is_paid: bool, reason: str, route: str = CHECKOUT) -> None:
    """Let the bank say yes or no to a card or account, or what a fault has it say."""
    row.instrument = instrument
    row.auth_model = AUTH_MODELS[instrument] if row.link_id or row.challenge else row.auth_model
    if is_paid and faults.happens(NAME, route, "declined"):
        is_paid, reason = False, DECLINED
    if is_paid:
        succeed(row, route=route)
    else:
        fail(row, reason)


def succeed(row: Transaction, *, route: str = CHECKOUT) -> None:
    """Take the money, however a fault spoils it, and tell the merchant."""
    row.amount_kobo = _skewed(row.amount_kobo, route)
    other = faults.happens(NAME, route, "wrong_currency")
    if other:
        row.currency = str(other.options.get("currency", "USD"))[:3].upper()
    row.fee_kobo = fee_of(row.amount_kobo)
    row.vat_kobo = vat_of(row.fee_kobo)
    on_top = row.fee_kobo + row.vat_kobo if faults.happens(NAME, route, "fee_on_top") else 0
    row.charged_kobo = row.amount_kobo + on_top
    row.shares = splits.shares(row.subaccounts, row.settled_kobo)
    row.processor_response = PROMPTS.get(row.instrument, APPROVED)
    if row.payment_type == Transaction.Type.CARD and row.token is None:
        row.token = _token(row)
    _end(row, Transaction.Status.SUCCESSFUL)
    if faults.happens(NAME, route, "dispute"):
        # Chargebacks look at what is left of a payment, so they know this module.
        from sandbox.flutterwave import chargebacks

        chargebacks.open_for(row)


def fail(row: Transaction, why: str) -> None:
    """End an attempt without money, and tell the merchant that too."""
    row.processor_response = why
    row.fee_kobo = fee_of(row.amount_kobo)
    _end(row, Transaction.Status.FAILED)


def _end(row: Transaction, status: Transaction.Status) -> None:
    row.status = status
    row.ended_at = clock.now()
    row.save()
    note(row, "transaction", status, row.processor_response)
    notices.charged(row)


def _skewed(amount_kobo: int, route: str) -> int:
    wrong = faults.happens(NAME, route, "wrong_amount")
    if wrong is None:
        return amount_kobo
    try:
        if "ratio" in wrong.options:
            return max(1, part(amount_kobo, splits.number(wrong.options["ratio"], "ratio")))
        return max(1, int(wrong.options["kobo"])) if "kobo" in wrong.options else kobo(wrong.options["amount"])
    except (BadAmount, KeyError, Refused, TypeError, ValueError):
        # Nothing, or nothing sensible, was said of how wrong: a naira less.
        return max(1, amount_kobo - 100)


def _token(row: Transaction) -> CardToken:
    customer = row.customer
    found, _created = CardToken.objects.update_or_create(
        customer=customer,
        instrument=row.instrument,
        # A year from the last time that the customer was there.
        defaults={"issued_at": clock.now()},
        create_defaults={
            "issued_at": clock.now(),
            "token": f"flw-t1nf-{secrets.token_hex(16)}-m03k",
            "email": customer.email,
            "name": customer.name,
            "phone": customer.phone,
        },
    )
    return found


# --- looking


def by_id(caller: Caller, given: str) -> Transaction | None:
    """Return the caller's transaction with that id."""
    return Transaction.objects.select_related("customer", "token").filter(caller.owns(), pk=row_id(given)).first()


def by_tx_ref(caller: Caller, tx_ref: str) -> Transaction | None:
    """Return the caller's newest successful transaction with a reference, or the newest of all."""
    same = Transaction.objects.select_related("customer", "token").filter(caller.owns(), tx_ref=tx_ref)
    return same.filter(status=Transaction.Status.SUCCESSFUL).first() or same.first()
