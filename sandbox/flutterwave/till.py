"""Flutterwave behind the checkout page: what a payer does becomes transactions, and sends them back to the merchant.

A token is the end of a session's address, or that of a saved card whose bank wants to see its owner.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.flutterwave import charging, sessions, shapes
from sandbox.flutterwave.callers import NAME
from sandbox.flutterwave.cards import INSTRUMENTS
from sandbox.flutterwave.models import Link, Transaction
from sandbox.gateways.merchants import MERCHANTS
from sandbox.gateways.models import Visit
from sandbox.gateways.till import BANK, CARD, PAID, TRANSFER, USSD, Bill, Instrument

CHANNELS = {"card": CARD, "account": BANK, "banktransfer": TRANSFER, "ussd": USSD}
TYPES = {
    CARD: Transaction.Type.CARD,
    BANK: Transaction.Type.ACCOUNT,
    TRANSFER: Transaction.Type.TRANSFER,
    USSD: Transaction.Type.USSD,
}
SUCCESSFUL, COMPLETED, CANCELLED, FAILED = "successful", "completed", "cancelled", "failed"


class FlutterwaveTill:
    gateway = NAME
    title = "Flutterwave"
    instruments: Mapping[str, Instrument] = INSTRUMENTS

    def bill(self, token: str) -> Bill | None:
        challenged = _challenged(token)
        if challenged is not None:
            return _challenge_bill(token, challenged)
        link = _link(token)
        if link is None:
            return None
        try:
            sessions.check_open(link)
            state = ""
        except sessions.CannotPay as closed:
            state = str(closed)
        return Bill(
            token=token,
            business_name=str(link.customizations.get("title") or MERCHANTS[link.merchant].business_name),
            reference=link.tx_ref,
            email=link.customer.email,
            amount_kobo=link.amount_kobo,
            currency=link.currency,
            channels=_channels(link.payment_options),
            is_open=not state,
            state=state,
            leads_to=self.way_back(token) if state else "",
        )

    def token_of(self, reference: str, merchant: str) -> str | None:
        """Return the newest thing that can be paid with this `tx_ref`: a saved card's challenge, or a session."""
        waiting = Transaction.objects.filter(
            merchant=merchant, tx_ref=reference, status=Transaction.Status.PENDING
        ).exclude(challenge="")
        challenged = waiting.first()
        if challenged is not None:
            return challenged.challenge
        link = Link.objects.filter(merchant=merchant, tx_ref=reference).first()
        return link.code if link else None

    def begin(self, token: str, channel: str) -> None:
        link = _link(token)
        if link is None:
            return
        kind = TYPES[channel]
        if kind == Transaction.Type.TRANSFER:
            visit = Visit.objects.get(gateway=NAME, token=token)
            # The account that is shown again is still the same transaction's.
            if not link.transactions.filter(account_number=visit.account_number).exists():
                charging.begin(
                    link, kind, account_number=visit.account_number, account_expires_at=visit.account_expires_at
                )
        elif kind != Transaction.Type.USSD or _pending(link, kind) is None:
            charging.begin(link, kind)

    def attempt(self, token: str, instrument: str, outcome: str, reason: str) -> None:
        challenged = _challenged(token)
        if challenged is not None:
            if challenged.status == Transaction.Status.PENDING:
                charging.decide(challenged, challenged.instrument, is_paid=outcome == PAID, reason=reason)
            return
        link = _link(token)
        if link is not None:
            row = _pending_or_new(link, TYPES[self.instruments[instrument].kind])
            charging.decide(row, instrument, is_paid=outcome == PAID, reason=reason)

    def transfer(self, token: str, sent_kobo: int, is_late: bool) -> None:
        """Take a transfer. A late one counts too: whoever was told to send the money has sent it."""
        link = _link(token)
        if link is not None:
            charging.receive(_pending_or_new(link, Transaction.Type.TRANSFER), sent_kobo)

    def ussd(self, token: str) -> None:
        link = _link(token)
        if link is not None:
            charging.succeed(_pending_or_new(link, Transaction.Type.USSD))

    def cancel(self, token: str) -> None:
        challenged = _challenged(token)
        link = _link(token)
        if challenged is not None and challenged.status == Transaction.Status.PENDING:
            charging.fail(challenged, "Cancelled by customer")
        elif link is not None:
            sessions.cancel(link)

    def way_back(self, token: str) -> str:
        challenged = _challenged(token)
        if challenged is not None:
            return _back(challenged.redirect_url, challenged.tx_ref, challenged)
        link = _link(token)
        if link is None:
            return ""
        address = link.redirect_url or MERCHANTS[link.merchant].callback_url
        paid = sessions.paid_by(link)
        if paid is None and sessions.has_failed_too_often(link):
            return _back(address, link.tx_ref, link.transactions.first())
        if paid is None and not self._is_over(link):
            return ""
        return _back(address, link.tx_ref, paid)

    @staticmethod
    def _is_over(link: Link) -> bool:
        try:
            sessions.check_open(link)
        except sessions.CannotPay:
            return True
        return False

    def goals(self, token: str) -> list[str]:
        challenged, link = _challenged(token), _link(token)
        if challenged is not None:
            return [challenged.redirect_url]
        return [link.redirect_url or MERCHANTS[link.merchant].callback_url] if link else []

    def look(self, token: str) -> dict[str, Any]:
        challenged, link = _challenged(token), _link(token)
        rows = list(link.transactions.select_related("customer")) if link else [challenged] if challenged else []
        return {
            "token": token,
            "tx_ref": link.tx_ref if link else challenged.tx_ref if challenged else None,
            "status": rows[0].status if rows else "none",
            "transactions": [shapes.listed(row) for row in rows],
            "way_back": self.way_back(token),
        }


TILL = FlutterwaveTill()


def _challenge_bill(token: str, row: Transaction) -> Bill:
    is_open = row.status == Transaction.Status.PENDING
    return Bill(
        token=token,
        business_name=MERCHANTS[row.merchant].business_name,
        reference=row.tx_ref,
        email=row.customer.email,
        amount_kobo=row.amount_kobo,
        currency=row.currency,
        channels=(CARD,),
        is_open=is_open,
        state="" if is_open else f"This charge is {row.status}.",
        challenge=row.instrument,
        leads_to=_back(row.redirect_url, row.tx_ref, row),
    )


def _challenged(token: str) -> Transaction | None:
    if not token or token.startswith("flwlnk-"):
        return None
    return Transaction.objects.select_related("customer", "token").filter(challenge=token).first()


def _link(token: str) -> Link | None:
    return Link.objects.select_related("customer").filter(code=token).first()


def _pending(link: Link, kind: Transaction.Type) -> Transaction | None:
    same = link.transactions.select_related("customer", "token")
    return same.filter(status=Transaction.Status.PENDING, payment_type=kind).first()


def _pending_or_new(link: Link, kind: Transaction.Type) -> Transaction:
    """Return the attempt that waits; a second transfer to an account that has had its money is a new one."""
    return _pending(link, kind) or charging.begin(link, kind)


def _channels(options: str) -> tuple[str, ...]:
    asked = [CHANNELS[word] for word in options.replace(",", " ").split() if word in CHANNELS]
    return tuple(dict.fromkeys(asked)) or tuple(CHANNELS.values())


def _back(address: str, tx_ref: str, row: Transaction | None) -> str:
    """Return where a payer goes, with what is told of the payment behind whatever query the address has already."""
    if not address or (row is not None and row.status == Transaction.Status.PENDING):
        return ""
    if row is None:
        told = {"status": CANCELLED, "tx_ref": tx_ref}
    else:
        by_card = row.payment_type == Transaction.Type.CARD
        good = SUCCESSFUL if by_card else COMPLETED
        status = good if row.status == Transaction.Status.SUCCESSFUL else FAILED
        told = {"status": status, "tx_ref": tx_ref, "transaction_id": str(row.pk)}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}"
