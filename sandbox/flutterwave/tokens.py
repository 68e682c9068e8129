"""Saved cards: charged again without the customer, unless the bank wants to see them."""

import secrets

from sandbox.flutterwave import charging, fields, splits
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.cards import INSTRUMENTS
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import CardToken, Transaction
from sandbox.flutterwave.sessions import LONGEST_TX_REF, customer_of
from sandbox.gateways import clock, faults
from sandbox.gateways.models import Visit
from sandbox.gateways.store import writing
from sandbox.gateways.till import BANK_PAGE, PAID

DAYS = 365
UNKNOWN = "Wrong token or email passed"


@writing()
def charge(caller: Caller, asked: fields.Asked) -> Transaction:
    """Charge a saved card. Pending with a `challenge` is what waits for the customer; else it has succeeded or failed.

    :raises Refused: when something is missing, the token unknown, not of that e-mail address, or older than a year
    """
    value = fields.text(asked, "token", most=80)
    address = fields.email(asked)
    tx_ref = fields.text(asked, "tx_ref", most=LONGEST_TX_REF)
    amount_kobo = fields.amount(asked)
    theirs = CardToken.objects.select_related("customer").filter(caller.owns("customer__"))
    token = theirs.filter(token=value, email=address).first()
    if token is None:
        raise Refused(UNKNOWN)
    if (clock.now() - token.issued_at).days >= DAYS:
        raise Refused("Token has expired")
    row = Transaction.objects.create(
        merchant=caller.name,
        mode=caller.mode,
        customer=customer_of(caller, token.customer.email, name=fields.full_name(asked)),
        tx_ref=tx_ref,
        flw_ref=charging.card_ref(caller.mode),
        payment_type=Transaction.Type.CARD,
        amount_kobo=amount_kobo,
        charged_kobo=amount_kobo,
        currency=fields.currency(asked),
        auth_model="noauth",
        processor_response=charging.WAITING,
        narration=fields.text(asked, "narration", most=200, is_required=False) or "Tokenized charge",
        ip=fields.text(asked, "ip", most=60, is_required=False) or "N/A",
        meta=fields.meta(asked),
        subaccounts=splits.read(asked.get("subaccounts"), caller),
        instrument=token.instrument,
        token=token,
        redirect_url=fields.text(asked, "redirect_url", most=2000, is_required=False),
        created_at=clock.now(),
    )
    if faults.happens(NAME, "charge_authorization", "challenge"):
        row.challenge = secrets.token_hex(12)
        row.processor_response = "Pending, redirect to authorise"
        row.save()
        Visit.objects.create(gateway=NAME, token=row.challenge, step=BANK_PAGE, instrument=row.instrument)
        charging.note(row, "transaction", "challenged", "The bank wants to see the customer")
        return row
    card = INSTRUMENTS[token.instrument]
    charging.decide(row, card.name, is_paid=card.outcome == PAID, reason=card.reason, route="charge_authorization")
    return row


@writing()
def update(caller: Caller, value: str, asked: fields.Asked) -> CardToken:
    """Change whom a token belongs to.

    :raises Refused: when the merchant has no such token, or a field makes no sense
    """
    token = CardToken.objects.filter(caller.owns("customer__"), token=value).first()
    if token is None:
        raise Refused("Invalid token")
    if asked.get("email") not in (None, ""):
        token.email = fields.email(asked)
    token.name = fields.full_name(asked) or token.name
    token.phone = fields.text(asked, "phone_number", most=40, is_required=False) or token.phone
    token.save()
    return token
