"""What the hosted checkout page needs to know of a gateway, and the things people pay with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

CARD, BANK, TRANSFER, USSD = "card", "bank", "bank_transfer", "ussd"
PAID, DECLINED = "paid", "declined"
# The questions between an instrument and its outcome. An answer that the instrument does not know is not checked.
PIN, OTP, PHONE, BIRTHDAY, ADDRESS, BANK_PAGE = "pin", "otp", "phone", "birthday", "address", "bank_page"


@dataclass(frozen=True)
class Instrument:
    """A published test card or bank account, and what paying with it does."""

    name: str
    # The number as it is published, in groups.
    number: str
    # What it does, for whoever chooses it.
    says: str
    kind: str = CARD
    steps: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    outcome: str = PAID
    # The gateway's words when it is declined.
    reason: str = "Declined"
    brand: str = "visa"
    cvv: str = ""
    expires: str = "12/30"
    bank: str = "TEST BANK"
    is_reusable: bool = True
    # What becomes of refunds: "" for all is well, or failed, needs-attention.
    refunds: str = ""

    @property
    def digits(self) -> str:
        return "".join(character for character in self.number if character.isdigit())

    @property
    def bin(self) -> str:
        return self.digits[:6]

    @property
    def last4(self) -> str:
        return self.digits[-4:]

    @property
    def expiry(self) -> tuple[str, str]:
        """Return month and year in two and four digits."""
        month, _slash, year = self.expires.partition("/")
        return month, f"20{year}"


@dataclass(frozen=True)
class Bill:
    """What the page shows of a payment."""

    token: str
    business_name: str
    reference: str
    email: str
    amount_kobo: int
    currency: str
    # Of CARD, BANK, TRANSFER, USSD.
    channels: tuple[str, ...]
    # Whether it can still be paid here.
    is_open: bool
    # What has become of it, in a sentence.
    state: str
    # A saved card that waits for its owner's consent: only this can be answered.
    challenge: str = ""
    # Where a payer can go from a page on which nothing is left to do.
    leads_to: str = ""

    @property
    def price(self) -> str:
        """Return the sum as people write it."""
        return money(self.amount_kobo, self.currency)


class Till(Protocol):
    """A gateway behind the page. `token` names the payment; everything but `bill` is called in a transaction."""

    @property
    def gateway(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The test cards and accounts by their names."""

    def bill(self, token: str) -> Bill | None:
        """Return the payment, or None where there is none."""

    def token_of(self, reference: str, merchant: str) -> str | None:
        """Return the token of a merchant's payment, or None."""

    def begin(self, token: str, channel: str) -> None:
        """Take note that the payer has chosen a channel and is being asked something."""

    def attempt(self, token: str, instrument: str, outcome: str, reason: str) -> None:
        """Take note of what became of a card or bank account: PAID, or DECLINED for a reason."""

    def transfer(self, token: str, sent_kobo: int, is_late: bool) -> None:
        """Take note of a bank transfer; `is_late` says that its account's time was over."""

    def ussd(self, token: str) -> None:
        """Take note that the payer's bank has confirmed the dialled code."""

    def cancel(self, token: str) -> None:
        """Take note that the payer has left with the button for it."""

    def way_back(self, token: str) -> str:
        """Return the address to which the payer is sent now; empty: nowhere, the page stays."""

    def goals(self, token: str) -> list[str]:
        """Return every address to which the payer may be sent from the page."""

    def look(self, token: str) -> dict[str, Any]:
        """Return for tests what has become of the payment."""


def money(kobo: int, currency: str) -> str:
    """Return a sum as people write it: ₦25,000.00."""
    sign = {"NGN": "₦", "USD": "$", "GHS": "GH₵", "GBP": "£", "EUR": "€"}.get(currency, f"{currency} ")
    return f"{sign}{kobo // 100:,}.{kobo % 100:02}"
