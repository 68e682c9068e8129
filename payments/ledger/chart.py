"""The chart of accounts: which kinds there are, on which side each grows, and what names one of its kind.

    >>> deposits_held(house=7)

An account is known by its name, never by a number that code would have to look up: posting to one that does not exist
yet makes it. Amounts are debits when above zero and credits when below; a balance is told on the side its kind grows
on, so that what we owe and what we have both read as plain numbers.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NAIRA: Final = "NGN"
POINTS: Final = "points"


class AccountKind(models.TextChoices):
    # What we have, and what it costs us: these grow with debits.
    GATEWAY_CLEARING = "gateway_clearing", _("With the gateway")
    GATEWAY_FEES = "gateway_fees", _("Gateway's fees")
    BANK = "bank", _("Bank")
    COMPED = "comped", pgettext_lazy("a kind of account", "Given for free")
    POINTS_ISSUED = "points_issued", _("Points issued")
    # What we owe, and what we earn: these grow with credits.
    DEPOSITS_HELD = "deposits_held", _("Deposits held")
    RESTAURANT_PAYABLE = "restaurant_payable", _("Owed to the restaurant")
    DEPOSIT_RETAINED = "deposit_retained", _("Deposits retained")
    LATE_FEES = "late_fees", _("Fees for late cancelling and no-shows")
    PLATFORM_COMMISSION = "platform_commission", _("Buka's commission")
    FEES_PASSED_ON = "fees_passed_on", _("Fees passed on to restaurants")
    TAX_PAYABLE = "tax_payable", _("Taxes")
    REFUNDS_PENDING = "refunds_pending", _("Refunds on their way")
    DISPUTES_PENDING = "disputes_pending", _("Disputes not decided")
    SUSPENSE = "suspense", _("Money nobody asked for")
    POINTS = "points", _("Points of a diner")


GROWS_WITH_DEBITS: Final = frozenset(
    {
        AccountKind.GATEWAY_CLEARING,
        AccountKind.GATEWAY_FEES,
        AccountKind.BANK,
        AccountKind.COMPED,
        AccountKind.POINTS_ISSUED,
    }
)
OF_A_GATEWAY: Final = frozenset(
    {
        AccountKind.GATEWAY_CLEARING,
        AccountKind.GATEWAY_FEES,
        AccountKind.REFUNDS_PENDING,
        AccountKind.DISPUTES_PENDING,
        AccountKind.SUSPENSE,
    }
)
OF_A_RESTAURANT: Final = frozenset(
    {
        AccountKind.DEPOSITS_HELD,
        AccountKind.RESTAURANT_PAYABLE,
        AccountKind.DEPOSIT_RETAINED,
        AccountKind.LATE_FEES,
        AccountKind.PLATFORM_COMMISSION,
        AccountKind.FEES_PASSED_ON,
    }
)
# A restaurant's own, or Buka's where no restaurant is named.
OF_EITHER: Final = frozenset({AccountKind.TAX_PAYABLE, AccountKind.COMPED})
WITH_A_NAME: Final = frozenset({AccountKind.TAX_PAYABLE})
IN_POINTS: Final = frozenset({AccountKind.POINTS, AccountKind.POINTS_ISSUED})
# Nobody spends what they have not got. Of these alone a posting waits for another.
NEVER_BELOW_ZERO: Final = frozenset({AccountKind.POINTS})

# Together, what Buka owes a house: what it has earned, whatever the accountant calls it, less what it has given away
# and what was paid out. Payouts are taken from the first; the others tell how much there was of each, ever.
OWED_TO_A_RESTAURANT: Final = (
    AccountKind.RESTAURANT_PAYABLE,
    AccountKind.DEPOSIT_RETAINED,
    AccountKind.LATE_FEES,
    AccountKind.TAX_PAYABLE,
    AccountKind.COMPED,
)
# Of one payment, their sum is what came of it less what went back, was promised back or is disputed. Fees are among
# them because they are a part of what came.
LEFT_OF_A_PAYMENT: Final = (
    AccountKind.GATEWAY_CLEARING,
    AccountKind.GATEWAY_FEES,
    AccountKind.REFUNDS_PENDING,
    AccountKind.DISPUTES_PENDING,
)


def sign_of(kind: str) -> int:
    """Return 1 for a kind that grows with debits, -1 for one that grows with credits."""
    return 1 if kind in GROWS_WITH_DEBITS else -1


@dataclass(frozen=True)
class AccountName:
    """Which account is meant. The functions below make them.

    :raises ValueError: when something is missing that this kind needs, or named that it does not have
    """

    kind: AccountKind
    restaurant_id: int | None = None
    gateway: str = ""
    name: str = ""
    owner_id: UUID | None = None
    currency: str = NAIRA

    def __post_init__(self) -> None:
        kind = self.kind
        fits = (
            bool(self.gateway) == (kind in OF_A_GATEWAY)
            and (self.restaurant_id is not None or kind not in OF_A_RESTAURANT)
            and (self.restaurant_id is None or kind in OF_A_RESTAURANT | OF_EITHER)
            and (bool(self.name) or kind not in WITH_A_NAME)
            and (self.owner_id is not None) == (kind == AccountKind.POINTS)
            and (self.currency == POINTS) == (kind in IN_POINTS)
        )
        if not fits:
            raise ValueError(f"An account of the kind {kind.value} is not named like this: {self}.")

    @property
    def order(self) -> tuple[str, int, str, str, str, str]:
        """Return what accounts are sorted by wherever several are made or locked, so that nobody waits in a circle."""
        return (
            self.kind.value, self.restaurant_id or 0, self.gateway, self.name, str(self.owner_id or ""), self.currency,
        )  # fmt: skip


def gateway_clearing(gateway: str, currency: str = NAIRA) -> AccountName:
    """What a gateway has taken for us and has not paid out."""
    return AccountName(AccountKind.GATEWAY_CLEARING, gateway=gateway, currency=currency)


def subaccount_clearing(gateway: str, code: str) -> AccountName:
    """What a gateway has divided to a subaccount and not paid there, below zero: it lessens `gateway_clearing`."""
    return AccountName(AccountKind.GATEWAY_CLEARING, gateway=gateway, name=code)


def gateway_fees(gateway: str, currency: str = NAIRA) -> AccountName:
    """What a gateway has kept for its work, its tax included."""
    return AccountName(AccountKind.GATEWAY_FEES, gateway=gateway, currency=currency)


def bank(name: str = "", currency: str = NAIRA) -> AccountName:
    """What stands on Buka's own account; `name` where there are several."""
    return AccountName(AccountKind.BANK, name=name, currency=currency)


def comped(house: int | None = None) -> AccountName:
    """What a house, or Buka, paid in a guest's place."""
    return AccountName(AccountKind.COMPED, restaurant_id=house)


def deposits_held(house: int) -> AccountName:
    """Guests' money on account of bills at a house. It is theirs until it is applied or retained."""
    return AccountName(AccountKind.DEPOSITS_HELD, restaurant_id=house)


def restaurant_payable(house: int) -> AccountName:
    """What a house has earned and has not been paid; below zero when it was paid ahead."""
    return AccountName(AccountKind.RESTAURANT_PAYABLE, restaurant_id=house)


def deposit_retained(house: int) -> AccountName:
    """Deposits of guests who did not come: a house's income, apart, because its accountant says how it is taxed."""
    return AccountName(AccountKind.DEPOSIT_RETAINED, restaurant_id=house)


def late_fees(house: int) -> AccountName:
    """Fees for no-shows and late cancelling, charged afterwards: a house's income, apart for the same reason."""
    return AccountName(AccountKind.LATE_FEES, restaurant_id=house)


def platform_commission(house: int) -> AccountName:
    """What Buka has earned from a house's trade, without tax."""
    return AccountName(AccountKind.PLATFORM_COMMISSION, restaurant_id=house)


def fees_passed_on(house: int) -> AccountName:
    """Which part of the gateways' fees a house has borne itself."""
    return AccountName(AccountKind.FEES_PASSED_ON, restaurant_id=house)


def tax_payable(tax: str, house: int | None = None) -> AccountName:
    """A tax by its name: of a house's sales, or of Buka's commission where no house is named."""
    return AccountName(AccountKind.TAX_PAYABLE, restaurant_id=house, name=tax)


def refunds_pending(gateway: str, currency: str = NAIRA) -> AccountName:
    """What was promised back to payers and has not left the gateway."""
    return AccountName(AccountKind.REFUNDS_PENDING, gateway=gateway, currency=currency)


def disputes_pending(gateway: str, currency: str = NAIRA) -> AccountName:
    """What payers' banks may take back."""
    return AccountName(AccountKind.DISPUTES_PENDING, gateway=gateway, currency=currency)


def suspense(gateway: str, currency: str = NAIRA) -> AccountName:
    """Money that came and that nobody had asked for: too much, too late, or without a reference."""
    return AccountName(AccountKind.SUSPENSE, gateway=gateway, currency=currency)


def points(owner_id: UUID) -> AccountName:
    """A diner's points: a currency of its own, never mixed with money."""
    return AccountName(AccountKind.POINTS, owner_id=owner_id, currency=POINTS)


def points_issued(programme: str = "") -> AccountName:
    """Points that are with diners, seen from those who gave them."""
    return AccountName(AccountKind.POINTS_ISSUED, name=programme, currency=POINTS)
