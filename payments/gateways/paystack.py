"""Paystack: charges, refunds and disputes over its REST interface, in kobo throughout."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

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
from payments.gateways.reading import NotJson, Reading, expiry, page_address, read

T = TypeVar("T")

OUTCOMES = {
    "success": Outcome.PAID,
    "failed": Outcome.FAILED,
    "abandoned": Outcome.UNFINISHED,
    "reversed": Outcome.REVERSED,
}
REFUND_OUTCOMES = {
    "processed": RefundOutcome.DONE,
    "failed": RefundOutcome.FAILED,
    "needs-attention": RefundOutcome.NEEDS_ATTENTION,
}
CHANNELS = {
    "card": Channel.CARD,
    "bank_transfer": Channel.TRANSFER,
    "ussd": Channel.USSD,
    "bank": Channel.BANK,
}
OPEN_DISPUTES = frozenset({"awaiting-merchant-feedback", "awaiting-bank-feedback", "pending"})
CLOSED_DISPUTES = frozenset({"resolved", "archived"})
# What became of a dispute that is over. Who declined is the merchant.
RESOLUTIONS = {
    "merchant-accepted": DisputeState.LOST,
    "auto-accepted": DisputeState.LOST,
    "declined": DisputeState.WON,
}
# Of the thing that was asked for: an address that is not found would say nothing of it.
ABSENT = re.compile(
    r"\b(transaction|reference|refund|dispute|authorization|transfer)\b.*\b(not found|is invalid)\b", re.IGNORECASE
)
DUPLICATE = re.compile(r"duplicate", re.IGNORECASE)
PAYOUT_OUTCOMES = {
    "success": PayoutOutcome.PAID,
    "failed": PayoutOutcome.FAILED,
    "abandoned": PayoutOutcome.FAILED,
    "blocked": PayoutOutcome.FAILED,
    "rejected": PayoutOutcome.FAILED,
    "reversed": PayoutOutcome.RETURNED,
}
PER_PAGE = 100
# Refunds of one charge: nobody gives back so often.
MOST_PAGES = 20
MOST_IN_METADATA = 500


@dataclass(frozen=True)
class Paystack:
    """One merchant's account at Paystack."""

    line: Line
    key: str = field(repr=False)
    # Webhooks signed before the key was changed still come.
    previous_keys: Sequence[str] = field(default=(), repr=False)
    name: str = "paystack"
    least_kobo: int = 50_00

    @property
    def mode(self) -> Mode:
        return Mode.LIVE if self.key.startswith("sk_live_") else Mode.TEST

    # --- Charges -------------------------------------------------------------------------------------------------

    def open_checkout(self, ask: CheckoutAsk) -> Opened | Refused | Down | Unknown:
        """Have a page made; Paystack knows no end of the time to begin to pay in."""
        metadata: dict[str, Any] = {**ask.metadata, "description": ask.description[:MOST_IN_METADATA]}
        if ask.cancel_url:
            metadata["cancel_action"] = ask.cancel_url
        if ask.reusable:
            metadata["custom_filters"] = {"recurring": True}
        body: dict[str, Any] = {
            "email": ask.payer.email,
            "amount": ask.amount_kobo,
            "currency": ask.currency,
            "reference": ask.reference,
            "callback_url": ask.return_url,
            "metadata": metadata,
            **_split(ask.split),
        }
        words = [word for word, channel in CHANNELS.items() if channel in ask.channels]
        if words:
            body["channels"] = words
        said = self._create("/transaction/initialize", body, doing="open a checkout")
        if not isinstance(said, Reading):
            return said
        data = said.part("data")
        url = page_address(data.text("authorization_url", most=2000), base_url=self.line.base_url)
        if not url or data.text("reference") not in ("", ask.reference):
            return Unknown("paystack opened something that is not what was asked for")
        return Opened(url)

    def verify(self, reference: str) -> Charge | Absent | Down | Unknown:
        """Ask for the one charge that can have this reference."""
        charge = self._charge_at(f"/transaction/verify/{quote(reference, safe='')}", doing="verify")
        if isinstance(charge, Charge) and charge.reference != reference:
            return Unknown("paystack answered of another charge")
        return charge

    def charges_of(self, reference: str) -> Sequence[Charge] | Down | Unknown:
        """Return the charge in a list: a reference is used once, whatever became of it."""
        charge = self.verify(reference)
        if isinstance(charge, Absent):
            return ()
        return (charge,) if isinstance(charge, Charge) else charge

    def find(self, gateway_id: str) -> Charge | Absent | Down | Unknown:
        charge = self._charge_at(f"/transaction/{quote(gateway_id, safe='')}", doing="find a charge")
        if isinstance(charge, Charge) and charge.gateway_id != gateway_id:
            return Unknown("paystack answered of another charge")
        return charge

    def charge_saved(self, ask: SavedCharge) -> Charge | Challenge | Refused | Down | Unknown:
        body = {
            "authorization_code": ask.token,
            "email": ask.email,
            "amount": ask.amount_kobo,
            "currency": ask.currency,
            "reference": ask.reference,
            "callback_url": ask.return_url,
            "metadata": {"description": ask.description[:MOST_IN_METADATA]},
            **_split(ask.split),
        }
        said = self._create("/transaction/charge_authorization", body, doing="charge a saved card")
        if not isinstance(said, Reading):
            return said
        data = said.part("data")
        if data.text("reference") != ask.reference:
            return Unknown("paystack answered of another charge")
        # HTTP 200 and status true, and nothing has been paid: the bank asks first.
        if data.is_true("paused") or (data.has("authorization_url") and not data.has("status")):
            url = page_address(data.text("authorization_url", most=2000), base_url=self.line.base_url)
            return Challenge(url) if url else Unknown("paystack wants a confirmation and does not say where")
        return charge_of(data) or Unknown("paystack answered something that is no charge")

    def forget_saved(self, token: str) -> bool | Down | Unknown:
        path = "/customer/authorization/deactivate"
        said = self._create(path, {"authorization_code": token}, doing="forget a card")
        if isinstance(said, Refused):
            return bool(ABSENT.search(said.why)) or Unknown(f"paystack did not forget a card: {said.why}")
        return said if isinstance(said, Down | Unknown) else True

    # --- Refunds -------------------------------------------------------------------------------------------------

    def refund(self, ask: RefundAsk) -> Refund | Refused | Down | Unknown:
        body = {
            "transaction": ask.gateway_id or ask.reference,
            "amount": ask.amount_kobo,
            "currency": ask.currency,
            "merchant_note": ask.note,
        }
        said = self._create("/refund", body, doing="refund")
        if not isinstance(said, Reading):
            return said
        refund = refund_of(said.part("data"))
        if refund is None or not _is_of(refund, ask):
            return Unknown("paystack answered something that is not the refund that was asked for")
        return refund

    def find_refund(self, gateway_id: str) -> Refund | Absent | Down | Unknown:
        said = self._read(f"/refund/{quote(gateway_id, safe='')}", doing="find a refund")
        if not isinstance(said, Reading):
            return said
        refund = refund_of(said.part("data"))
        if refund is None or refund.gateway_id != gateway_id:
            return Unknown("paystack answered something that is not this refund")
        return refund

    def refunds_of(
        self, *, reference: str, gateway_id: str, since: datetime | None = None
    ) -> Sequence[Refund] | Down | Unknown:
        if not gateway_id:
            charge = self.verify(reference)
            if isinstance(charge, Absent):
                return ()
            if not isinstance(charge, Charge):
                return charge
            gateway_id = charge.gateway_id
        params = {"transaction": gateway_id}
        listed = every_row(
            lambda page: self._page("/refund", refund_of, params, page=page, doing="list refunds"),
            most_pages=MOST_PAGES,
        )
        if isinstance(listed, Down | Unknown):
            return listed
        # A filter that is not heeded lists everybody's.
        return tuple(each for each in listed if each.charge_id == gateway_id or each.reference == reference != "")

    # --- Lists, for reconciliation --------------------------------------------------------------------------------

    def charges(self, *, since: datetime, until: datetime, page: str = "") -> Page[Charge] | Down | Unknown:
        listed = self._page("/transaction", charge_of, _between(since, until), page=page, doing="list charges")
        return within(listed, since, until, lambda charge: charge.made_at)

    def refunds(self, *, since: datetime, until: datetime, page: str = "") -> Page[Refund] | Down | Unknown:
        listed = self._page("/refund", refund_of, _between(since, until), page=page, doing="list refunds")
        return within(listed, since, until, lambda refund: refund.made_at)

    def disputes(self, *, since: datetime, until: datetime, page: str = "") -> Page[Dispute] | Down | Unknown:
        return self._page("/dispute", dispute_of, _between(since, until), page=page, doing="list disputes")

    def find_dispute(self, gateway_id: str) -> Dispute | Absent | Down | Unknown:
        said = self._read(f"/dispute/{quote(gateway_id, safe='')}", doing="find a dispute")
        if not isinstance(said, Reading):
            return said
        dispute = dispute_of(said.part("data"))
        if dispute is None or dispute.gateway_id != gateway_id:
            return Unknown("paystack answered something that is not this dispute")
        return dispute

    def settlements(self, *, since: datetime, until: datetime, page: str = "") -> Page[Settlement] | Down | Unknown:
        return self._page("/settlement", settlement_of, _between(since, until), page=page, doing="list settlements")

    # --- Where a restaurant's share goes --------------------------------------------------------------------------

    def name_of_account(self, account: BankAccount) -> str | Refused | Down | Unknown:
        params = {"account_number": account.number, "bank_code": account.bank_code}
        said = self._say(self.line.get("/bank/resolve", params, doing="name an account"))
        if not isinstance(said, Reading):
            return said
        return said.part("data").text("account_name") or Unknown("paystack names no account")

    def make_subaccount(
        self, *, name: str, account: BankAccount, email: str, phone: str
    ) -> str | Refused | Down | Unknown:
        body = {
            "business_name": name,
            "settlement_bank": account.bank_code,
            "account_number": account.number,
            # Each charge says what Buka keeps of it.
            "percentage_charge": 0,
            "primary_contact_email": email,
            "primary_contact_phone": phone,
        }
        said = self._create("/subaccount", body, doing="make a subaccount")
        if not isinstance(said, Reading):
            return said
        return said.part("data").identifier("subaccount_code") or Unknown("paystack names no subaccount")

    def pay_out(self, ask: PayoutAsk) -> SentPayout | Refused | Down | Unknown:
        """Have a recipient made, which is the same one for the same account, and send to it from the balance."""
        body: dict[str, Any] = {
            "type": "nuban",
            "name": ask.name,
            "account_number": ask.account.number,
            "bank_code": ask.account.bank_code,
            "currency": ask.currency,
        }
        said = self._create("/transferrecipient", body, doing="name a recipient")
        if isinstance(said, Down | Unknown):
            # No money has been spoken of yet.
            return Down(said.why)
        if isinstance(said, Refused):
            return said
        recipient = said.part("data").identifier("recipient_code")
        if not recipient:
            return Down("paystack names no recipient")
        body = {
            "source": "balance",
            "amount": ask.amount_kobo,
            "currency": ask.currency,
            "recipient": recipient,
            "reference": ask.reference,
            "reason": ask.reason,
        }
        said = self._create("/transfer", body, doing="pay out")
        if not isinstance(said, Reading):
            return said
        payout = payout_of(said.part("data"))
        if payout is None or payout.reference != ask.reference or payout.amount_kobo != ask.amount_kobo:
            return Unknown("paystack answered something that is not the payout that was asked for")
        return payout

    def find_payout(self, reference: str) -> SentPayout | Absent | Down | Unknown:
        said = self._read(f"/transfer/verify/{quote(reference, safe='')}", doing="find a payout")
        if not isinstance(said, Reading):
            return said
        payout = payout_of(said.part("data"))
        if payout is None or payout.reference != reference:
            return Unknown("paystack answered something that is not this payout")
        return payout

    # --- Webhooks ------------------------------------------------------------------------------------------------

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        told = next((value for name, value in headers.items() if name.lower() == "x-paystack-signature"), "")
        is_genuine = False
        # All keys, whichever fits: the time taken tells nothing.
        for key in (self.key, *self.previous_keys):
            wanted = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
            fits = hmac.compare_digest(wanted.encode(), told.encode("utf-8", "replace"))
            is_genuine = is_genuine or (bool(key) and fits)
        return is_genuine

    def read_event(self, body: bytes) -> Event:
        try:
            said = read(body)
        except NotJson as error:
            raise Unreadable(str(error)) from error
        name, data = said.text("event", most=100), said.part("data")
        if not name or not data:
            raise Unreadable("neither an event nor what it is about")
        return _event(name, data, hashlib.sha256(body).hexdigest())

    # --- The format of all answers ----------------------------------------------------------------------------------

    def _charge_at(self, path: str, *, doing: str) -> Charge | Absent | Down | Unknown:
        said = self._read(path, doing=doing)
        if not isinstance(said, Reading):
            return said
        return charge_of(said.part("data")) or Unknown("paystack answered something that is no charge")

    def _create(self, path: str, body: Mapping[str, Any], *, doing: str) -> Reading | Refused | Down | Unknown:
        return self._say(self.line.post(path, body, doing=doing))

    def _read(self, path: str, *, doing: str) -> Reading | Absent | Down | Unknown:
        said = self._say(self.line.get(path, doing=doing))
        if isinstance(said, Refused):
            return Absent() if ABSENT.search(said.why) else Unknown(f"paystack does not say: {said.why}")
        return said

    def _say(self, answer: Answer | Down | Unknown) -> Reading | Refused | Down | Unknown:
        """Return what was said where the body says yes: HTTP's own number says too little."""
        if not isinstance(answer, Answer):
            return answer
        body = answer.body
        if body.is_true("status"):
            return body
        if body.raw("status") is not False:
            return Unknown(f"paystack answered {answer.status} without saying yes or no")
        code, why = body.text("code", most=60).lower(), redacted(body.text("message"))
        if code == "invalid_key" or why.lower().startswith("invalid key"):
            return Down("paystack refuses our key")
        # Ours may have come before, and its answer been lost.
        if code == "duplicate_reference" or DUPLICATE.search(why):
            return Unknown("paystack knows this reference already")
        if body.text("type") == "processor_error":
            return Unknown("paystack's processor failed")
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
        asked = {**params, "perPage": str(PER_PAGE), "page": page or "1"}
        said = self._say(self.line.get(path, asked, doing=doing))
        if isinstance(said, Refused):
            return Unknown(f"paystack does not list: {said.why}")
        if not isinstance(said, Reading):
            return said
        rows = said.parts("data")
        if rows is None:
            return Unknown("paystack answered something that is no list")
        found = [row for row in map(read_row, rows) if row is not None]
        return Page(found, _next(said.part("meta"), int(page or "1"), len(rows)), len(rows) - len(found))


def _is_of(refund: Refund, ask: RefundAsk) -> bool:
    return (
        ask.gateway_id in ("", refund.charge_id)
        or refund.reference == ask.reference
        or not (refund.charge_id or refund.reference)
    )


def _split(split: Split | None) -> dict[str, Any]:
    # `transaction_charge` is what the main account keeps, whatever percentage the subaccount has.
    return {"subaccount": split.subaccount, "transaction_charge": split.kept_kobo} if split else {}


def _between(since: datetime, until: datetime) -> dict[str, str]:
    return {name: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}" for name, at in (("from", since), ("to", until))}


def _next(meta: Reading, page: int, rows: int) -> str:
    """Return the number of the next page; where they do not say how many there are, a full one has a successor."""
    pages = meta.kobo("pageCount")
    goes_on = page < pages if pages is not None else rows >= PER_PAGE
    return str(page + 1) if goes_on and rows else ""


# --- Reading what they have ------------------------------------------------------------------------------------------


def charge_of(data: Reading) -> Charge | None:
    """Read a transaction, of an answer or a list; None where it has neither number nor reference."""
    reference, gateway_id = data.identifier("reference"), data.identifier("id")
    if not (reference or gateway_id):
        return None
    word, currency = data.text("status", most=40), data.currency("currency")
    channel = CHANNELS.get(data.text("channel"), Channel.OTHER)
    debited, fee = data.kobo("amount"), data.kobo("fees")
    mode = {"test": Mode.TEST, "live": Mode.LIVE}.get(data.text("domain"))
    outcome = _outcome(data)
    can_be_compared = None not in (debited, mode) and "" not in (reference, gateway_id, currency)
    if outcome is Outcome.PAID and not (can_be_compared and debited):
        outcome = Outcome.PENDING
    return Charge(
        outcome=outcome,
        word=word,
        reference=reference,
        gateway_id=gateway_id,
        amount_kobo=_paid_for(data, debited or 0, fee),
        debited_kobo=debited or 0,
        fee_kobo=fee,
        currency=currency,
        mode=mode,
        channel=channel,
        reason=redacted(data.text("gateway_response") or data.text("message")),
        made_at=data.moment("created_at", "createdAt", "transaction_date"),
        paid_at=data.moment("paid_at", "paidAt"),
        email=data.part("customer").text("email", most=254),
        card=_card(data.part("authorization")) if channel is Channel.CARD else None,
        ip=data.text("ip_address", most=45),
    )


def _outcome(data: Reading) -> Outcome:
    # Exactly these words: whatever else a field holds is not paid.
    word = data.raw("status")
    return OUTCOMES.get(word, Outcome.PENDING) if isinstance(word, str) else Outcome.PENDING


def _paid_for(data: Reading, debited: int, fee: int | None) -> int:
    """Return what counts towards the order.

    A payer who bears the fee is debited the fee more than was requested, and a card that could not be debited in full,
    less. What is more without being the fee, as of a transfer, came and has to be given back: it counts.
    """
    requested = data.kobo("requested_amount")
    if not requested or debited <= requested:
        return debited
    is_fee = fee is None or abs(debited - requested - fee) <= 1
    return requested if is_fee else debited


def _card(data: Reading) -> Card | None:
    last4 = data.digits("last4", most=4)
    if not last4:
        return None
    return Card(
        last4=last4,
        # Some come with a space behind them.
        brand=data.text("brand", "card_type", most=40),
        bank=data.text("bank", most=100),
        country=data.text("country_code", most=10),
        bin=data.digits("bin", most=8),
        expires=expiry(data.text("exp_year"), data.text("exp_month")),
        fingerprint=data.identifier("signature"),
        token=data.identifier("authorization_code") if data.is_true("reusable") else "",
    )


def refund_of(data: Reading) -> Refund | None:
    """Read a refund, of an answer or a list; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("id"), data.kobo("amount")
    if not gateway_id or amount is None:
        return None
    word, transaction = data.text("status", most=40), data.part("transaction")
    return Refund(
        gateway_id=gateway_id,
        outcome=REFUND_OUTCOMES.get(word, RefundOutcome.PENDING),
        word=word,
        amount_kobo=amount,
        currency=data.currency("currency"),
        reference=transaction.identifier("reference") or data.identifier("transaction_reference"),
        charge_id=transaction.identifier("id") or data.identifier("transaction"),
        note=data.text("merchant_note"),
        expected_at=data.moment("expected_at"),
        made_at=data.moment("createdAt", "created_at"),
    )


def dispute_of(data: Reading) -> Dispute | None:
    """Read a dispute, of an answer or a list; None where it has no number."""
    gateway_id = data.identifier("id")
    if not gateway_id:
        return None
    word, transaction = data.text("status", most=40), data.part("transaction")
    resolution = data.text("resolution", most=40)
    state = DisputeState.OPEN if word in OPEN_DISPUTES else DisputeState.UNKNOWN
    if word in CLOSED_DISPUTES:
        state = RESOLUTIONS.get(resolution, DisputeState.UNKNOWN)
        if transaction.text("status") == "reversed":
            state = DisputeState.LOST
    return Dispute(
        gateway_id=gateway_id,
        state=state,
        word=f"{word}, {resolution}" if resolution else word,
        amount_kobo=data.kobo("refund_amount") or transaction.kobo("amount") or 0,
        currency=data.currency("currency") or transaction.currency("currency"),
        reference=transaction.identifier("reference") or data.identifier("transaction_reference"),
        charge_id=transaction.identifier("id") or data.identifier("transaction"),
        category=data.text("category", most=40),
        due_at=data.moment("dueAt", "due_at"),
    )


def settlement_of(data: Reading) -> Settlement | None:
    """Read a payout; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("id"), data.kobo("effective_amount", "total_amount")
    if not gateway_id or amount is None:
        return None
    return Settlement(
        gateway_id=gateway_id,
        word=data.text("status", most=40),
        amount_kobo=amount,
        fee_kobo=data.kobo("total_fees"),
        settled_on=data.moment("settlement_date"),
        subaccount=data.part("subaccount").identifier("subaccount_code") or data.identifier("subaccount"),
    )


def payout_of(data: Reading) -> SentPayout | None:
    """Read a transfer of ours; None where it has no number or no amount."""
    gateway_id, amount = data.identifier("transfer_code", "id"), data.kobo("amount")
    if not gateway_id or amount is None:
        return None
    word = data.text("status", most=40)
    return SentPayout(
        reference=data.identifier("reference"),
        gateway_id=gateway_id,
        outcome=PAYOUT_OUTCOMES.get(word, PayoutOutcome.PENDING),
        word=word,
        amount_kobo=amount,
        currency=data.currency("currency"),
        fee_kobo=data.kobo("fee_charged"),
        why=redacted(data.text("gateway_response") or data.text("failures")),
    )


def _event(name: str, data: Reading, digest: str) -> Event:
    """Read an event; one that names nothing is known by its body's digest."""
    status = data.text("status", most=40)
    mode = {"test": Mode.TEST, "live": Mode.LIVE}.get(data.text("domain"))
    gateway_id, transaction = data.identifier("id"), data.part("transaction")
    if name.startswith("charge.dispute."):
        return Event(
            key=event_key(name, gateway_id or digest, status),
            name=name,
            subject=Subject.DISPUTE,
            reference=transaction.identifier("reference"),
            charge_id=transaction.identifier("id"),
            dispute_id=gateway_id,
            mode=mode,
        )
    if name.startswith("refund."):
        reference = data.identifier("transaction_reference")
        # Without a number two equal parts of one charge look the same: the processor's number and the amount tell
        # more of them apart, and `refunds_of` tells all.
        processor, amount = data.identifier("refund_reference"), str(data.kobo("amount"))
        told = (gateway_id,) if gateway_id else (reference or digest, processor, amount)
        return Event(
            key=event_key(name, *told, status),
            name=name,
            subject=Subject.REFUND,
            reference=reference,
            refund_id=gateway_id,
            mode=mode,
        )
    if name == "bank.transfer.rejected":
        transfer = data.part("bank_transfer")
        charge_id = transfer.identifier("transaction_id")
        told = (charge_id or digest, transfer.text("message_type", most=40), str(transfer.kobo("amount")))
        mode = mode or {"test": Mode.TEST, "live": Mode.LIVE}.get(data.part("customer").text("domain"))
        return Event(key=event_key(name, *told), name=name, subject=Subject.CHARGE, charge_id=charge_id, mode=mode)
    subject = next((each for word, each in _SUBJECTS.items() if name.startswith(word)), Subject.OTHER)
    reference = data.identifier("reference")
    return Event(
        key=event_key(name, gateway_id or reference or digest, status),
        name=name,
        subject=subject,
        reference=reference,
        charge_id=gateway_id if subject is Subject.CHARGE else "",
        mode=mode,
    )


_SUBJECTS = {"charge.": Subject.CHARGE, "transfer.": Subject.TRANSFER}
