"""Hosted sessions: a link on which somebody pays, once, though maybe not at the first try."""

import secrets
from datetime import timedelta

from sandbox.flutterwave import fields, splits
from sandbox.flutterwave.callers import Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Customer, Link, Transaction
from sandbox.gateways import clock
from sandbox.gateways.store import writing

LONGEST_TX_REF = 100
LONGEST_MINUTES = 1440


class CannotPay(Exception):
    """No payment is taken here any more; the sentence says why."""


def customer_of(caller: Caller, address: str, *, name: str = "", phone: str = "") -> Customer:
    """Return the merchant's customer with that address, with what is told of them now."""
    found, _created = Customer.objects.get_or_create(
        merchant=caller.name, mode=caller.mode, email=address, defaults={"created_at": clock.now()}
    )
    if (name and name != found.name) or (phone and phone != found.phone):
        found.name = name[:200] or found.name
        found.phone = phone[:40] or found.phone
        found.save()
    return found


@writing()
def open_link(caller: Caller, asked: fields.Asked) -> Link:
    """Open a session. A reference that was used before is taken again: being careful with those is the merchant's part.

    :raises Refused: when something is missing or makes no sense
    """
    tx_ref = fields.text(asked, "tx_ref", most=LONGEST_TX_REF)
    amount_kobo = fields.amount(asked)
    payer = asked.get("customer")
    if not isinstance(payer, dict):
        raise Refused("customer is required")
    address = fields.email(payer)
    phone = next((payer[key] for key in ("phonenumber", "phone_number") if payer.get(key)), "")
    # The documentation shows the limits of a session in both places, so both count.
    inner = asked.get("configuration")
    limits = {**asked, **(inner if isinstance(inner, dict) else {})}
    customizations = asked.get("customizations")
    now = clock.now()
    minutes = fields.whole(limits, "session_duration", LONGEST_MINUTES) or LONGEST_MINUTES
    return Link.objects.create(
        code=f"flwlnk-{secrets.token_hex(12)}",
        merchant=caller.name,
        mode=caller.mode,
        tx_ref=tx_ref,
        amount_kobo=amount_kobo,
        currency=fields.currency(asked),
        redirect_url=fields.text(asked, "redirect_url", most=2000, is_required=False),
        payment_options=fields.text(asked, "payment_options", most=200, is_required=False),
        customer=customer_of(
            caller, address, name=fields.text(payer, "name", most=200, is_required=False), phone=str(phone)
        ),
        customizations=fields.plain(customizations) if isinstance(customizations, dict) else {},
        meta=fields.meta(asked),
        subaccounts=splits.read(asked.get("subaccounts"), caller),
        most_failures=fields.whole(limits, "max_retry_attempt", 100),
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )


def paid_by(link: Link) -> Transaction | None:
    """Return the transaction that paid a session, if one did."""
    return link.transactions.filter(status=Transaction.Status.SUCCESSFUL).first()


def has_failed_too_often(link: Link) -> bool:
    if link.most_failures is None:
        return False
    return link.transactions.filter(status=Transaction.Status.FAILED).count() >= link.most_failures


def check_open(link: Link) -> None:
    """Return when somebody may try to pay.

    :raises CannotPay: when the session is paid, cancelled or over
    """
    if paid_by(link) is not None:
        raise CannotPay("This payment has been made already.")
    if link.cancelled_at is not None:
        raise CannotPay("This payment was cancelled.")
    if clock.now() >= link.expires_at:
        raise CannotPay("This session has expired.")
    if has_failed_too_often(link):
        raise CannotPay("This payment failed too often.")


@writing()
def cancel(link: Link) -> None:
    """End a session because whoever was to pay went away; no transaction comes of it."""
    Link.objects.filter(pk=link.pk, cancelled_at=None).update(cancelled_at=clock.now())
