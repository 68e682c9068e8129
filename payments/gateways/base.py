"""What Buka asks of a payment gateway, and everything that a gateway may answer. No row is known here.

An answer is one of the types below, never an exception: that nobody knows whether something happened is an answer like
any other (`Unknown`), and whoever asks has to say what becomes of it. Amounts are kobo, whatever the gateway counts in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Mode(StrEnum):
    """Whether money moves, or only seems to. The key that is used decides it."""

    TEST = "test"
    LIVE = "live"


class Channel(StrEnum):
    """How somebody pays: the word that both gateways' own words are turned into."""

    CARD = "card"
    TRANSFER = "transfer"
    USSD = "ussd"
    BANK = "bank"
    OTHER = "other"


class Outcome(StrEnum):
    """What a gateway says of a charge. A word that is not known is PENDING: never paid, and never failed."""

    PAID = "paid"
    PENDING = "pending"
    # The payer has not finished. Not final: what was abandoned may still be paid.
    UNFINISHED = "unfinished"
    FAILED = "failed"
    REVERSED = "reversed"


class RefundOutcome(StrEnum):
    """What a gateway says of a refund."""

    PENDING = "pending"
    # The bank did not take it: somebody has to give other bank details.
    NEEDS_ATTENTION = "needs_attention"
    DONE = "done"
    FAILED = "failed"


# --- What is asked ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """Which subaccount has a part in a charge; the main account, Buka's, keeps `kept_kobo` of it.

    That is its commission, the tax on it, and out of both the gateway's fee.
    """

    subaccount: str
    kept_kobo: int


@dataclass(frozen=True)
class Payer:
    """Who pays. Both gateways need an e-mail address."""

    email: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class CheckoutAsk:
    """A page at the gateway on which one charge is paid. The reference is committed to the database before."""

    reference: str
    amount_kobo: int
    payer: Payer
    # Without a query of its own: gateways append theirs, and not always well.
    return_url: str
    # Where somebody who gives up is sent, if the gateway knows such an address.
    cancel_url: str
    description: str
    channels: Sequence[Channel] = ()
    # After this nobody can begin to pay, if the gateway knows such a limit.
    minutes: int | None = None
    # Only means of paying that can be charged again.
    reusable: bool = False
    split: Split | None = None
    currency: str = "NGN"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedCharge:
    """A charge of a saved card while its holder is away."""

    reference: str
    amount_kobo: int
    # The address that the card was saved with; the gateway compares.
    email: str
    # Not in what a traceback or a log shows of it.
    token: str = field(repr=False)
    description: str
    # Where the holder comes back to, if the bank wants them to confirm.
    return_url: str
    split: Split | None = None
    currency: str = "NGN"


@dataclass(frozen=True)
class RefundAsk:
    """Money back. Refunds have no reference of the merchant's: look at `refunds_of` before one is asked for again."""

    reference: str
    gateway_id: str
    amount_kobo: int
    # Carries our own number, so that a refund whose answer was lost is recognised among `refunds_of`.
    note: str
    currency: str = "NGN"


@dataclass(frozen=True)
class BankAccount:
    """Where a restaurant's share is paid: the bank's code, and ten digits (NUBAN)."""

    bank_code: str
    number: str


@dataclass(frozen=True)
class PayoutAsk:
    """Money of ours for a restaurant. The reference is committed before: by it the gateway knows one it has had."""

    reference: str
    amount_kobo: int
    account: BankAccount
    # Of the account, as the bank says it.
    name: str
    # What the restaurant reads on its bank's statement.
    reason: str
    currency: str = "NGN"


# --- What is answered -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Down:
    """Nothing has happened there: no connection, or a refusal of their front door. Another gateway may be asked."""

    why: str


@dataclass(frozen=True)
class Unknown:
    """The request went out, and nobody knows what it did. Only `verify` may be asked next, never another gateway."""

    why: str


@dataclass(frozen=True)
class Refused:
    """A clear no: nothing has happened, and the same request gets the same answer."""

    code: str
    why: str


@dataclass(frozen=True)
class Absent:
    """The gateway has never heard of this reference (or id)."""


@dataclass(frozen=True)
class Opened:
    """A page on which the charge can be paid."""

    url: str


@dataclass(frozen=True)
class Challenge:
    """The bank wants its customer to confirm: not paid; `url` is where."""

    url: str


@dataclass(frozen=True)
class Card:
    """What may be kept of a card: never its number."""

    last4: str
    brand: str
    bank: str = ""
    country: str = ""
    bin: str = ""
    # "2030-12"; empty where it is not told.
    expires: str = ""
    # The same for one card whoever uses it, within one gateway.
    fingerprint: str = field(default="", repr=False)
    # Charges it again; empty where that is not possible. Kept encrypted, and only with consent.
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Charge:
    """What the gateway says of a charge, asked now and over a connection of our own.

    Whoever books it still compares reference, amount, currency and mode with what was asked for. PAID is said only
    where they could be read; where one could not, it is PENDING, for a person to look at.
    """

    outcome: Outcome
    # Their own word for it, for people.
    word: str
    reference: str
    gateway_id: str
    # What was paid for: compared with what was asked for. Of a transfer, what came.
    amount_kobo: int
    # What the payer was debited: more where fees are passed on.
    debited_kobo: int
    # What the gateway keeps, its tax included; None while it is not told.
    fee_kobo: int | None
    currency: str
    # None where the gateway does not say, as Flutterwave: there the key that asked tells.
    mode: Mode | None
    channel: Channel
    reason: str = ""
    made_at: datetime | None = None
    paid_at: datetime | None = None
    email: str = ""
    card: Card | None = None
    ip: str = ""

    @property
    def own_fee_kobo(self) -> int | None:
        """What the gateway takes of this money; a fee that the payer was debited on top of it is none of ours."""
        if self.fee_kobo is None:
            return None
        return max(self.fee_kobo - max(self.debited_kobo - self.amount_kobo, 0), 0)


@dataclass(frozen=True)
class Refund:
    """What the gateway says of a refund."""

    gateway_id: str
    outcome: RefundOutcome
    word: str
    amount_kobo: int
    currency: str
    # The charge's: whichever of the two this answer names.
    reference: str = ""
    charge_id: str = ""
    note: str = ""
    expected_at: datetime | None = None
    made_at: datetime | None = None


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Dispute:
    """A bank takes back, or wants to take back, what was paid."""

    gateway_id: str
    state: DisputeState
    word: str
    amount_kobo: int
    currency: str
    reference: str = ""
    charge_id: str = ""
    category: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class Settlement:
    """What the gateway paid out to a bank account, or is about to; None of what it does not tell."""

    gateway_id: str
    word: str
    amount_kobo: int
    fee_kobo: int | None
    settled_on: datetime | None
    subaccount: str = ""


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list; `next` is what asks for the rest, empty at the end."""

    rows: Sequence[T]
    next: str = ""
    # Rows that could not be read: what is compared with this list may lack them.
    unreadable: int = 0


class PayoutOutcome(StrEnum):
    """What a gateway says of money that it was told to pay to a bank account. A word that is not known is PENDING."""

    PENDING = "pending"
    PAID = "paid"
    # Nothing has left.
    FAILED = "failed"
    # It had left, and has come back.
    RETURNED = "returned"


@dataclass(frozen=True)
class SentPayout:
    """What the gateway says of a payout of ours."""

    reference: str
    gateway_id: str
    outcome: PayoutOutcome
    word: str
    amount_kobo: int
    currency: str
    # What it took of us for that; None while it is not told.
    fee_kobo: int | None
    why: str = ""


class Subject(StrEnum):
    """What an event is about."""

    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    TRANSFER = "transfer"
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """A webhook, read. Nothing in it is believed: it says only what to ask about."""

    # The same for the same news, however often it is sent: the journal keeps one row for each.
    key: str
    name: str
    subject: Subject
    reference: str = ""
    charge_id: str = ""
    refund_id: str = ""
    dispute_id: str = ""
    mode: Mode | None = None


class Unreadable(Exception):
    """A body that is signed and yet no event."""


class Gateway(Protocol):
    """One merchant's account at one gateway."""

    @property
    def name(self) -> str:
        """The word that rows know it by."""

    @property
    def mode(self) -> Mode:
        """Whether its key moves money."""

    @property
    def least_kobo(self) -> int:
        """The least that can be charged."""

    def open_checkout(self, ask: CheckoutAsk) -> Opened | Refused | Down | Unknown:
        """Have a page made on which this can be paid."""

    def verify(self, reference: str) -> Charge | Absent | Down | Unknown:
        """Ask what became of the charge with our reference; of several under one, the one that was paid.

        Absent is said only in their own words. Right after an Unknown it may still be on its way: it is final only when
        the page could no longer be paid on.
        """

    def charges_of(self, reference: str) -> Sequence[Charge] | Down | Unknown:
        """Return every charge with our reference: more than one is paid where somebody paid twice."""

    def find(self, gateway_id: str) -> Charge | Absent | Down | Unknown:
        """Ask what became of the charge with their number."""

    def charge_saved(self, ask: SavedCharge) -> Charge | Challenge | Refused | Down | Unknown:
        """Charge a saved card."""

    def forget_saved(self, token: str) -> bool | Down | Unknown:
        """Have a saved card forgotten: True when it is, or never was there; False where the gateway cannot."""

    def refund(self, ask: RefundAsk) -> Refund | Refused | Down | Unknown:
        """Give money back."""

    def find_refund(self, gateway_id: str) -> Refund | Absent | Down | Unknown:
        """Ask what became of a refund."""

    def refunds_of(
        self, *, reference: str, gateway_id: str, since: datetime | None = None
    ) -> Sequence[Refund] | Down | Unknown:
        """Return every refund of a charge; Unknown where one of them could not be read.

        :param since: when the charge was made; spares a gateway without a list for each charge from telling all of them
        """

    def charges(self, *, since: datetime, until: datetime, page: str = "") -> Page[Charge] | Down | Unknown:
        """Return a page of the charges made in a time, for reconciliation."""

    def refunds(self, *, since: datetime, until: datetime, page: str = "") -> Page[Refund] | Down | Unknown:
        """Return a page of the refunds made in a time."""

    def disputes(self, *, since: datetime, until: datetime, page: str = "") -> Page[Dispute] | Down | Unknown:
        """Return a page of the disputes opened in a time."""

    def find_dispute(self, gateway_id: str) -> Dispute | Absent | Down | Unknown:
        """Ask how a dispute stands."""

    def settlements(self, *, since: datetime, until: datetime, page: str = "") -> Page[Settlement] | Down | Unknown:
        """Return a page of what was paid out; an empty one where the gateway does not tell."""

    def name_of_account(self, account: BankAccount) -> str | Refused | Down | Unknown:
        """Return whose account this is, to be shown before anything is paid into it."""

    def make_subaccount(
        self, *, name: str, account: BankAccount, email: str, phone: str
    ) -> str | Refused | Down | Unknown:
        """Return the code of a new subaccount, into which a restaurant's share is paid.

        Of a charge that names it without a `Split`, all goes to the restaurant.
        """

    def pay_out(self, ask: PayoutAsk) -> SentPayout | Refused | Down | Unknown:
        """Have money of ours paid to a bank account. Under one reference it happens once, however often it is asked."""

    def find_payout(self, reference: str) -> SentPayout | Absent | Down | Unknown:
        """Ask what became of a payout by our reference.

        Right after an Unknown it may still be on its way, also if it is Absent.
        """

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell in constant time whether this webhook is theirs; False while no secret is set.

        :param headers: in any spelling of upper and lower case
        """

    def read_event(self, body: bytes) -> Event:
        """Read a genuine webhook.

        :raises Unreadable: when it is no event
        """
