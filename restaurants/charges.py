"""What taxes and charges make of a sum: pure functions, whole kobo.

Value Added Tax is 7.5 % (kept by the Nigeria Tax Act 2025, in force since January 2026); Lagos takes 5 % on what is
consumed in restaurants and event centres (Hotel Occupancy and Restaurant Consumption Law of Lagos State, 2009), other
states have the like, and its overlap with VAT was decided both ways in court: so each house says which lines it has, on
what they are reckoned, and whether its prices include them.

Of the prices' sum P, the included lines are taken out and the others are put on top:

    net N = P / (1 + shares of the included lines), each line = its rate × N, or × (N + charges)

Each line is rounded to the nearest kobo, half a kobo up. What rounding leaves is the net's, so that net and lines are
the total to the kobo.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from restaurants.states import TAXES, ChargeBase, ChargeWhat

WHOLE = 10_000


class Line(Protocol):
    """What is asked of a line: a row of `ChargeLine`, or one like it."""

    @property
    def what(self) -> Any: ...
    @property
    def own_name(self) -> Any: ...
    @property
    def rate_bp(self) -> Any: ...
    @property
    def base(self) -> Any: ...
    @property
    def is_included(self) -> Any: ...


@dataclass(frozen=True)
class Charge:
    """A line on a bill, in kobo."""

    what: str
    # Of the house's own; the others are named in each reader's language.
    own_name: str
    rate_bp: int
    is_included: bool
    kobo: int

    @property
    def name(self) -> str:
        """Its name, in the active language."""
        return self.own_name or str(ChargeWhat(self.what).label)

    @property
    def is_tax(self) -> bool:
        return self.what in TAXES

    @property
    def key(self) -> str:
        """How the books call it."""
        return self.own_name or self.what


@dataclass(frozen=True)
class Bill:
    """What a sum of prices comes to: `net_kobo` and the charges are `total_kobo`."""

    net_kobo: int
    charges: tuple[Charge, ...]
    total_kobo: int

    @property
    def taxes(self) -> dict[str, int]:
        """Return the taxes by the names that the books give them."""
        found: dict[str, int] = {}
        for charge in self.charges:
            if charge.is_tax and charge.kobo:
                found[charge.key] = found.get(charge.key, 0) + charge.kobo
        return found


def bill_of(amount_kobo: int, lines: Iterable[Line]) -> Bill:
    """Return what prices of this sum come to with these lines, in their order."""
    rows = list(lines)
    shares = _shares(rows)
    included = sum((share for row, share in zip(rows, shares, strict=True) if row.is_included), Fraction(0))
    exact_net = Fraction(amount_kobo) / (1 + included)
    charges: list[Charge] = []
    within = 0
    for row, share in zip(rows, shares, strict=True):
        kobo = _rounded(exact_net * share)
        if row.is_included:
            # Many lines on a few kobo could be rounded to more than there is.
            kobo = min(kobo, amount_kobo - within)
            within += kobo
        charges.append(Charge(row.what, row.own_name, row.rate_bp, bool(row.is_included), kobo))
    on_top = sum(charge.kobo for charge in charges if not charge.is_included)
    return Bill(net_kobo=amount_kobo - within, charges=tuple(charges), total_kobo=amount_kobo + on_top)


def of_which(amount_kobo: int, lines: Iterable[Line]) -> Bill:
    """Return what of an all-in price, as that of a ticket, is net, and what each line: the total stays what it is."""
    return bill_of(amount_kobo, [_Included(row.what, row.own_name, row.rate_bp, row.base) for row in lines])


@dataclass(frozen=True)
class _Included:
    what: str
    own_name: str
    rate_bp: int
    base: str
    is_included: bool = True


def _shares(rows: Sequence[Line]) -> list[Fraction]:
    """Return each line as a part of the net price."""
    charges = sum((Fraction(row.rate_bp, WHOLE) for row in rows if row.what not in TAXES), Fraction(0))
    shares = []
    for row in rows:
        on = 1 + charges if row.base == ChargeBase.NET_AND_CHARGES and row.what in TAXES else Fraction(1)
        shares.append(Fraction(row.rate_bp, WHOLE) * on)
    return shares


def _rounded(kobo: Fraction) -> int:
    return int(kobo + Fraction(1, 2))
