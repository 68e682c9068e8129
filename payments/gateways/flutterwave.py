"""Flutterwave v3: charges, refunds and chargebacks over its REST interface.

It counts in naira. Here, and nowhere else, they become kobo and kobo become naira, digit by digit.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from core.logs import redacted
from payments.gateways.base import (
    Absent,
    BankAccount,
    Card,
    Challenge,
    Channel,
    Charge,
    CheckoutAsk,
    Dispute,
    DisputeState,
    Down,
    Event,
    Mode,
    Opened,
    Outcome,
    Page,
    PayoutAsk,
    PayoutOutcome,
    Refund,
    RefundAsk,
    RefundOutcome,
    Refused,
    SavedCharge,
    SentPayout,
    Settlement,
    Split,
    Subject,
    Unknown,
    Unreadable,
)
from payments.gateways.calling import Answer, Line
from payments.gateways.events import event_key
from payments.gateways.pages import every_row, within
from payments.gateways.reading import NotJson, Reading, expiry, naira_number, page_address, read

T = TypeVar("T")

# One session of their page may try several times under one reference: what failed may still be followed by a success.
OUTCOMES = {"successful": Outcome.PAID, "failed": Outcome.FAILED}
# Their list of words is not known; "failed" is the one for charges. What is not here waits.
REFUND_OUTCOMES = {"completed": RefundOutcome.DONE, "failed": RefundOutcome.FAILED}
# Whatever the case: they write these in capitals, and one of them does not.
PAYOUT_OUTCOMES = {
    "successful": PayoutOutcome.PAID,
    "failed": PayoutOutcome.FAILED,
    "reversed": PayoutOutcome.RETURNED,
}
CHANNELS = {
    "card": Channel.CARD,
    "bank_transfer": Channel.TRANSFER,
    "banktransfer": Channel.TRANSFER,
    "ussd": Channel.USSD,
    "account": Channel.BANK,
}
OPTIONS = {Channel.CARD: "card", Channel.TRANSFER: "banktransfer", Channel.USSD: "ussd", Channel.BANK: "account"}
DISPUTE_STATES = {
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "accepted": DisputeState.LOST,
    "initiated": DisputeState.OPEN,
    "pending": DisputeState.OPEN,
    # By us; the bank has not decided yet.
    "declined": DisputeState.OPEN,
}
ABSENT = re.compile(
    r"\bno (transaction|refund|chargeback|transfer)s?( was| were)? found|"
    r"\b(transaction|refund|chargeback|transfer)s?\b.* not found",
    re.IGNORECASE,
)
DUPLICATE = re.compile(r"duplicate|already (exists|used)", re.IGNORECASE)
KEY_REFUSED = re.compile(r"authorization (key|required)|secret key required", re.IGNORECASE)
# What they say after 28 seconds, whatever number stands over it: the charge may be made all the same.
GAVE_UP = re.compile(r"please contact support", re.IGNORECASE)
LONGEST_SESSION = 1440
MOST_PAGES = 50
# Value added tax on their fee.
VAT = Decimal("0.075")


@dataclass(frozen=True)
class Flutterwave:
    """One merchant's account at Flutterwave."""

    line: Line
    key: str = field(repr=False)
    # What each webhook carries; webhooks that were sent before it was changed still come.
    secret_hash: str = field(repr=False)
    previous_hashes: Sequence[str] = field(default=(), repr=False)
    name: str = "flutterwave"
    # They name none; of less, their fee and the tax on it leave little.
    least_kobo: int = 100_00

    @property
    def mode(self) -> Mode:
        return Mode.TEST if self.key.startswith("FLWSECK_TEST-") else Mode.LIVE

    # --- Charges -------------------------------------------------------------------------------------------------

    def open_checkout(self, ask: CheckoutAsk) -> Opened | Refused | Down | Unknown:
        """Have a page made; Flutterwave knows no address for who gives up: they come back with another word."""
        body: dict[str, Any] = {
            "tx_ref": ask.reference,
            "amount": _naira(ask.amount_kobo),
            "currency": ask.currency,
            "redirect_url": ask.return_url,
            "customer": _without_empty(
                {"email": ask.payer.email, "name": ask.payer.name, "phonenumber": ask.payer.phone}
            ),
            "customizations": {"title": "Buka", "description": ask.description},
            "meta": dict(ask.metadata),
            **_split(ask.split, ask.amount_kobo),
        }
        channels = (Channel.CARD,) if ask.reusable else ask.channels
        if options := [OPTIONS[channel] for channel in channels if channel in OPTIONS]:
            body["payment_options"] = ", ".join(options)
        if ask.minutes is not None:
            minutes = max(1, min(ask.minutes, LONGEST_SESSION))
            # Their pages show it in both places.
            body |= {"session_duration": minutes, "configuration": {"session_duration": minutes}}
        said = self._create("/payments", body, doing="open a checkout")
        if not isinstance(said, Reading):
            return said
        url = page_address(said.part("data").text("link", most=2000), base_url=self.line.base_url)
        return Opened(url) if url else Unknown("flutterwave opened a page and does not say where")

    def verify(self, reference: str) -> Charge | Absent | Down | Unknown:
        """Ask for the charge under this reference that was paid, else for the one they name first.

        Their page lets somebody try again under the same reference, so that one which failed proves nothing alone.
        """
        first = self._first_of(reference)
        if not isinstance(first, Charge) or first.outcome is Outcome.PAID:
            return first
        listed = self._all_beside(first)
        if isinstance(listed, Down | Unknown):
            return listed
        return next((each for each in listed if each.outcome is Outcome.PAID), first)

    def charges_of(self, reference: str) -> Sequence[Charge] | Down | Unknown:
        """Return all charges under a reference; each that their list calls paid is asked for by its number as well."""
        first = self._first_of(reference)
        if isinstance(first, Absent):
            return ()
        return self._all_beside(first) if isinstance(first, Charge) else first

    def _first_of(self, reference: str) -> Charge | Absent | Down | Unknown:
        charge = self._charge_at("/transactions/verify_by_reference", {"tx_ref": reference}, doing="verify")
        if isinstance(charge, Charge) and charge.reference != reference:
            return Unknown("flutterwave answered of another charge")
        return charge

    def _all_beside(self, first: Charge) -> Sequence[Charge] | Down | Unknown:
        """Return a charge, and after it those that the list has under the same reference."""
        listed = self._all("/transactions", charge_of, {"tx_ref": first.reference}, doing="list charges")
        if isinstance(listed, Down | Unknown):
            return listed
        found = [first]
        for row in listed:
            # A filter that is not heeded lists everybody's.
            if row.reference != first.reference or row.gateway_id == first.gateway_id:
                continue
            if row.outcome is not Outcome.PAID:
                found.append(row)
                continue
            charge = self.find(row.gateway_id)
            if isinstance(charge, Down | Unknown):
                return charge
            if isinstance(charge, Absent) or charge.reference != first.reference:
                return Unknown("flutterwave lists a charge that it does not know")
            found.append(charge)
        return tuple(found)

    def find(self, gateway_id: str) -> Charge | Absent | Down | Unknown:
        charge = self._charge_at(f"/transactions/{quote(gateway_id, safe='')}/verify", {}, doing="find a charge")
        if isinstance(charge, Charge) and charge.gateway_id != gateway_id:
            return Unknown("flutterwave answered of another charge")
        return charge

    def charge_saved(self, ask: SavedCharge) -> Charge | Challenge | Refused | Down | Unknown:
        body = {
            "token": ask.token,
            "email": ask.email,
            "currency": ask.currency,
            "country": "NG",
            "amount": _naira(ask.amount_kobo),
            "tx_ref": ask.reference,
            "narration": ask.description,
            "redirect_url": ask.return_url,
            **_split(ask.split, ask.amount_kobo),
        }
        said = self._create("/tokenized-charges", body, doing="charge a saved card")
        if not isinstance(said, Reading):
            return said
        charge = charge_of(said.part("data"))
        if charge is None or charge.reference != ask.reference:
            return Unknown("flutterwave answered something that is not this charge")
        if charge.outcome is Outcome.PENDING and (url := self._confirmation(said)):
            return Challenge(url)
        return charge

    def _confirmation(self, said: Reading) -> str:
        """Return where the bank wants its customer to confirm; empty where it does not."""
        for meta in (said.part("meta"), said.part("data").part("meta")):
            told = meta.part("authorization").text("redirect", most=2000)
            if url := page_address(told, base_url=self.line.base_url):
                return url
        return page_address(said.part("data").text("auth_url", most=2000), base_url=self.line.base_url)

    def forget_saved(self, token: str) -> bool | Down | Unknown:
        """Return False: they forget a token when it is a year old, and not before."""
        return False

    # --- Refunds -------------------------------------------------------------------------------------------------

    def refund(self, ask: RefundAsk) -> Refund | Refused | Down | Unknown:
        gateway_id = ask.gateway_id
        if not gateway_id:
            charge = self.verify(ask.reference)
            if isinstance(charge, Absent):
                return Refused("transaction_not_found", "No charge has this reference.")
            if not isinstance(charge, Charge):
                # Only a question went out.
                return Down(charge.why)
            gateway_id = charge.gateway_id
        body = {"amount": _naira(ask.amount_kobo), "comments": ask.note}
        said = self._create(f"/transactions/{quote(gateway_id, safe='')}/refund", body, doing="refund")
        if not isinstance(said, Reading):
            return said
        refund = refund_of(said.part("data"))
        if refund is None or refund.charge_id not in ("", gateway_id):
            return Unknown("flutterwave answered something that is not the refund that was asked for")
        return refund

    def find_refund(self, gateway_id: str) -> Refund | Absent | Down | Unknown:
        said = self._read(f"/refunds/{quote(gateway_id, safe='')}", {}, doing="find a refund")
        if not isinstance(said, Reading):
            return said
        refund = refund_of(said.part("data"))
        if refund is None or refund.gateway_id != gateway_id:
            return Unknown("flutterwave answered something that is not this refund")
        return refund

    def refunds_of(
        self, *, reference: str, gateway_id: str, since: datetime | None = None
    ) -> Sequence[Refund] | Down | Unknown:
        """Return a charge's refunds, looked for among all: they list none of one charge alone."""
        numbers = {gateway_id} if gateway_id else set()
        if not numbers:
            charges = self.charges_of(reference)
            if isinstance(charges, Down | Unknown):
                return charges
            numbers = {charge.gateway_id for charge in charges}
        if not numbers:
            return ()
        params = {"from": _day(since - timedelta(days=1))} if since else {}
        listed = self._all("/refunds", refund_of, params, doing="list refunds")
        if isinstance(listed, Down | Unknown):
            return listed
        return tuple(each for each in listed if each.charge_id in numbers)

    # --- Lists, for reconciliation --------------------------------------------------------------------------------

    def charges(self, *, since: datetime, until: datetime, page: str = "") -> Page[Charge] | Down | Unknown:
        listed = self._page("/transactions", charge_of, _days(since, until), page=page, doing="list charges")
        return within(listed, since, until, lambda charge: charge.made_at)

    def refunds(self, *, since: datetime, until: datetime, page: str = "") -> Page[Refund] | Down | Unknown:
        listed = self._page("/refunds", refund_of, _days(since, until), page=page, doing="list refunds")
        return within(listed, since, until, lambda refund: refund.made_at)

    def disputes(self, *, since: datetime, until: datetime, page: str = "") -> Page[Dispute] | Down | Unknown:
        return self._page("/chargebacks", dispute_of, _days(since, until), page=page, doing="list chargebacks")

    def find_dispute(self, gateway_id: str) -> Dispute | Absent | Down | Unknown:
        """Look for a chargeback among all: they do not show one alone."""
        listed = self._all("/chargebacks", dispute_of, {}, doing="find a chargeback")
        if isinstance(listed, Down | Unknown):
            return listed
        return next((each for each in listed if each.gateway_id == gateway_id), Absent())

    def settlements(self, *, since: datetime, until: datetime, page: str = "") -> Page[Settlement] | Down | Unknown:
        """Return a page of payouts; an empty one where the account is not shown them."""
        answer = self.line.get("/settlements", self._asked(_days(since, until), page), doing="list settlements")
        if isinstance(answer, Answer) and answer.status == HTTPStatus.NOT_FOUND:
            return Page(())
        return self._rows(answer, settlement_of, page)

    # --- Where a restaurant's share goes --------------------------------------------------------------------------

    def name_of_account(self, account: BankAccount) -> str | Refused | Down | Unknown:
        body = {"account_number": account.number, "account_bank": account.bank_code}
        said = self._create("/accounts/resolve", body, doing="name an account")
        if not isinstance(said, Reading):
            return said
        return said.part("data").text("account_name") or Unknown("flutterwave names no account")

    def make_subaccount(
        self, *, name: str, account: BankAccount, email: str, phone: str
    ) -> str | Refused | Down | Unknown:
        body = {
            "account_bank": account.bank_code,
            "account_number": account.number,
            "business_name": name,
            "business_email": email,
            "business_contact": name,
            "business_contact_mobile": phone,
            "business_mobile": phone,
            "country": "NG",
            # Each charge says what Buka keeps of it.
            "split_type": "percentage",
            "split_value": 0,
        }
        said = self._create("/subaccounts", body, doing="make a subaccount")
        if not isinstance(said, Reading):
            return said
        return said.part("data").identifier("subaccount_id") or Unknown("flutterwave names no subaccount")

    def pay_out(self, ask: PayoutAsk) -> SentPayout | Refused | Down | Unknown:
        body = {
            "account_bank": ask.account.bank_code,
            "account_number": ask.account.number,
            "amount": _naira(ask.amount_kobo),
            "currency": ask.currency,
            "debit_currency": ask.currency,
            "reference": ask.reference,
            "narration": ask.reason,
            "beneficiary_name": ask.name,
        }
        said = self._create("/transfers", body, doing="pay out")
        if not isinstance(said, Reading):
            return said
        payout = payout_of(said.part("data"))
        if payout is None or payout.reference != ask.reference or payout.amount_kobo != ask.amount_kobo:
            return Unknown("flutterwave answered something that is not the payout that was asked for")
        return payout

    def find_payout(self, reference: str) -> SentPayout | Absent | Down | Unknown:
        """Look for a payout in their list: they show one alone only by their own number."""
        listed = self._all("/transfers", payout_of, {"reference": reference}, doing="find a payout")
        if isinstance(listed, Down | Unknown):
            return listed
        # A filter that is not heeded lists everybody's.
        return next((each for each in listed if each.reference == reference), Absent())

    # --- Webhooks ------------------------------------------------------------------------------------------------

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a webhook carries our secret hash; it proves nothing of the body, which who saw it can write."""
        told = next((value for name, value in headers.items() if name.lower() == "verif-hash"), "")
        is_genuine = False
        for secret in (self.secret_hash, *self.previous_hashes):
            fits = hmac.compare_digest(secret.encode(), told.encode("utf-8", "replace"))
            is_genuine = is_genuine or (bool(secret) and fits)
        return is_genuine

    def read_event(self, body: bytes) -> Event:
        """Read any of their four shapes.

        :raises Unreadable: when it is none of them
        """
        try:
            said = read(body)
        except NotJson as error:
            raise Unreadable(str(error)) from error
        event = _event(said, hashlib.sha256(body).hexdigest())
        if event is None:
            raise Unreadable("none of the known shapes")
        return event

    # --- The format of all answers ----------------------------------------------------------------------------------

    def _charge_at(self, path: str, params: Mapping[str, str], *, doing: str) -> Charge | Absent | Down | Unknown:
        said = self._read(path, params, doing=doing)
        if not isinstance(said, Reading):
            return said
        return charge_of(said.part("data")) or Unknown("flutterwave answered something that is no charge")

    def _create(self, path: str, body: Mapping[str, Any], *, doing: str) -> Reading | Refused | Down | Unknown:
        return self._say(self.line.post(path, body, doing=doing))

    def _read(self, path: str, params: Mapping[str, str], *, doing: str) -> Reading | Absent | Down | Unknown:
        said = self._say(self.line.get(path, params, doing=doing))
        if isinstance(said, Refused):
            # They say it with 400, 404 and even 200.
            return Absent() if ABSENT.search(said.why) else Unknown(f"flutterwave does not say: {said.why}")
        return said

    def _say(self, answer: Answer | Down | Unknown) -> Reading | Refused | Down | Unknown:
        """Return what was said where the body says yes: HTTP's own number says too little."""
        if not isinstance(answer, Answer):
            return answer
        body = answer.body
        word, why = body.raw("status"), redacted(body.text("message"))
        if word == "success":
            return body
        if word != "error":
            return Unknown(f"flutterwave answered {answer.status} without saying yes or no")
        if KEY_REFUSED.search(why):
            return Down("flutterwave refuses our key")
        if GAVE_UP.search(why):
            return Unknown("flutterwave gave up, and may go on")
        # Ours may have come before, and its answer been lost.
        if DUPLICATE.search(why):
            return Unknown("flutterwave knows this reference already")
        code = body.text("code", most=60).lower()
        return Refused(code or re.sub(r"[^a-z0-9]+", "_", why.lower()).strip("_")[:60] or "refused", why)

    def _page(
        self,
        path: str,
        read_row: Callable[[Reading], T | None],
        params: Mapping[str, str],
        *,
        page: str,
        doing: str,
    ) -> Page[T] | Down | Unknown:
        return self._rows(self.line.get(path, self._asked(params, page), doing=doing), read_row, page)

    def _asked(self, params: Mapping[str, str], page: str) -> dict[str, str]:
        return {**params, "page": page or "1"}

    def _rows(
        self, answer: Answer | Down | Unknown, read_row: Callable[[Reading], T | None], page: str
    ) -> Page[T] | Down | Unknown:
        said = self._say(answer)
        if isinstance(said, Refused):
            return Page(()) if ABSENT.search(said.why) else Unknown(f"flutterwave does not list: {said.why}")
        if not isinstance(said, Reading):
            return said
        rows = said.parts("data")
        if rows is None:
            return Unknown("flutterwave answered something that is no list")
        found = [row for row in map(read_row, rows) if row is not None]
        info = said.part("meta").part("page_info")
        here, pages = int(page or "1"), info.kobo("total_pages")
        goes_on = bool(rows) and pages is not None and here < pages
        return Page(found, str(here + 1) if goes_on else "", len(rows) - len(found))

    def _all(
        self, path: str, read_row: Callable[[Reading], T | None], params: Mapping[str, str], *, doing: str
    ) -> Sequence[T] | Down | Unknown:
        return every_row(lambda page: self._page(path, read_row, params, page=page, doing=doing), most_pages=MOST_PAGES)


def _naira(kobo: int) -> orjson.Fragment:
    return orjson.Fragment(naira_number(kobo))


def _without_empty(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _split(split: Split | None, amount_kobo: int) -> dict[str, Any]:
    if split is None:
        return {}
    # `flat_subaccount` tells what the subaccount gets: with `flat` their fee would be taken out of that.
    share = _naira(amount_kobo - split.kept_kobo)
    charge = {"transaction_charge_type": "flat_subaccount", "transaction_charge": share}
    return {"subaccounts": [{"id": split.subaccount, **charge}]}


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _days(since: datetime, until: datetime) -> dict[str, str]:
    # They count in days, and do not say by whose clock: a day more on either side, and what is too much is left out.
    return {"from": _day(since - timedelta(days=1)), "to": _day(until + timedelta(days=1))}


# --- Reading what they have ------------------------------------------------------------------------------------------


def charge_of(data: Reading) -> Charge | None:
    """Read a transaction, of an answer or a list; None where it has neither number nor reference."""
    reference, gateway_id = data.identifier("tx_ref"), data.identifier("id")
    if not (reference or gateway_id):
        return None
    word = data.raw("status")
    outcome = OUTCOMES.get(word, Outcome.PENDING) if isinstance(word, str) else Outcome.PENDING
    amount, currency = data.kobo_of_naira("amount"), data.currency("currency")
    if outcome is Outcome.PAID and not (amount and reference and gateway_id and currency):
        outcome = Outcome.PENDING
    debited = data.kobo_of_naira("charged_amount", rounded=True)
    channel = CHANNELS.get(data.text("payment_type"), Channel.OTHER)
    return Charge(
        outcome=outcome,
        word=data.text("status", most=40),
        reference=reference,
        gateway_id=gateway_id,
        amount_kobo=amount or 0,
        debited_kobo=debited or amount or 0,
        fee_kobo=_fee(data, debited or amount or 0),
        currency=currency,
        mode=None,
        channel=channel,
        # What the bank said; of a paid one it may still be the question for a code.
        reason="" if outcome is Outcome.PAID else redacted(data.text("processor_response")),
        made_at=data.moment("created_at", "createdAt"),
        paid_at=data.moment("created_at", "createdAt") if outcome is Outcome.PAID else None,
        email=data.part("customer").text("email", most=254),
        card=_card(data.part("card")) if channel is Channel.CARD else None,
        ip=data.text("ip", most=45),
    )


def _fee(data: Reading, debited: int) -> int | None:
    """Return their fee with its tax.

    What they settle tells it to the kobo, unless a restaurant's share is missing from it as well; then their fee tells,
    and the tax is worked out.
    """
    fee = data.kobo_of_naira("app_fee", rounded=True)
    if fee is None:
        return None
    with_tax = int((fee * (1 + VAT)).quantize(Decimal(1), ROUND_HALF_UP))
    settled = data.kobo_of_naira("amount_settled", rounded=True)
    kept = debited - settled if settled is not None else with_tax
    return kept if abs(kept - with_tax) <= 1 else with_tax


def _card(data: Reading) -> Card | None:
    last4 = data.digits("last_4digits", most=4)
    if not last4:
        return None
    month, _, year = data.text("expiry", most=9).partition("/")
    return Card(
        last4=last4,
        brand=data.text("type", most=40),
        bank=data.text("issuer", most=100),
        country=data.text("country", most=40),
        bin=data.digits("first_6digits", most=8),
        expires=expiry(year.strip(), month.strip()),
        token=data.identifier("token"),
    )


def refund_of(data: Reading) -> Refund | None:
    """Read a refund, of an answer or a list; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("id"), data.kobo_of_naira("amount_refunded", "AmountRefunded", "amount")
    if not gateway_id or amount is None:
        return None
    word = data.text("status", most=40)
    return Refund(
        gateway_id=gateway_id,
        outcome=REFUND_OUTCOMES.get(word, RefundOutcome.PENDING),
        word=word,
        amount_kobo=amount,
        # They do not say; what is given back is what was paid, and that is compared with the charge.
        currency=data.currency("currency") or "NGN",
        charge_id=data.identifier("tx_id", "TransactionId"),
        note=data.text("comments"),
        made_at=data.moment("created_at", "createdAt"),
    )


def dispute_of(data: Reading) -> Dispute | None:
    """Read a chargeback; None where it has no number."""
    gateway_id = data.identifier("id")
    if not gateway_id:
        return None
    word = data.text("status", most=40)
    return Dispute(
        gateway_id=gateway_id,
        state=DISPUTE_STATES.get(word, DisputeState.UNKNOWN),
        word=word,
        amount_kobo=data.kobo_of_naira("amount") or 0,
        currency=data.currency("currency") or "NGN",
        reference=data.identifier("tx_ref"),
        charge_id=data.identifier("transaction_id", "tx_id"),
        category=data.text("stage", most=40),
        due_at=data.moment("due_date"),
    )


def settlement_of(data: Reading) -> Settlement | None:
    """Read a payout; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("id"), data.kobo_of_naira("net_amount", rounded=True)
    if not gateway_id or amount is None:
        return None
    return Settlement(
        gateway_id=gateway_id,
        word=data.text("status", most=40),
        amount_kobo=amount,
        fee_kobo=data.kobo_of_naira("app_fee", rounded=True),
        settled_on=data.moment("processed_date", "due_date"),
    )


def _event(said: Reading, digest: str) -> Event | None:
    """Read one of four shapes: an envelope, the flat old one, a refund's in capitals, the dashboard's trial."""
    name, data = said.text("event", most=100), said.part("data")
    if name and data:
        return _enveloped(name, data, digest)
    if name:
        return Event(key=event_key(name, digest), name=name, subject=Subject.OTHER)
    if said.has("AmountRefunded") or said.has("TransactionId"):
        return _refund_event("refund", said, digest)
    if said.has("txRef") or said.has("flwRef"):
        return _charge_event("charge", said, digest)
    return None


def _enveloped(name: str, data: Reading, digest: str) -> Event:
    if name.startswith("charge."):
        return _charge_event(name, data, digest)
    if name.startswith("refund."):
        return _refund_event(name, data, digest)
    subject = Subject.TRANSFER if name.startswith("transfer.") else Subject.OTHER
    key = event_key(name, data.identifier("id") or digest, data.text("status", most=40))
    return Event(key=key, name=name, subject=subject, reference=data.identifier("reference", "tx_ref"))


def payout_of(data: Reading) -> SentPayout | None:
    """Read a transfer of ours; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("id"), data.kobo_of_naira("amount")
    if not gateway_id or amount is None:
        return None
    word = data.text("status", most=40)
    return SentPayout(
        reference=data.identifier("reference"),
        gateway_id=gateway_id,
        outcome=PAYOUT_OUTCOMES.get(word.lower(), PayoutOutcome.PENDING),
        word=word,
        amount_kobo=amount,
        currency=data.currency("currency"),
        fee_kobo=data.kobo_of_naira("fee", rounded=True),
        why=redacted(data.text("complete_message")),
    )


def _charge_event(name: str, data: Reading, digest: str) -> Event:
    # Old and new shape are the same news: one key.
    charge_id, reference = data.identifier("id"), data.identifier("tx_ref", "txRef")
    return Event(
        key=event_key("charge", charge_id or reference or digest, data.text("status", most=40)),
        name=name,
        subject=Subject.CHARGE,
        reference=reference,
        charge_id=charge_id,
    )


def _refund_event(name: str, data: Reading, digest: str) -> Event:
    refund_id, charge_id = data.identifier("id"), data.identifier("TransactionId", "tx_id")
    return Event(
        key=event_key("refund", refund_id or digest, data.text("status", most=40)),
        name=name,
        subject=Subject.REFUND,
        charge_id=charge_id,
        refund_id=refund_id,
    )
