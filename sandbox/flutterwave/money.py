"""Naira as Flutterwave writes them, kobo as they are kept: integers inside, Decimal at the border, no float between."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

MOST_KOBO = 10**13
# What Flutterwave keeps of a local payment, and the tax on that. `2500` in the published sample: 35, and 2.63 on top.
LOCAL_FEE = Decimal("0.014")
MOST_FEE_KOBO = 200_000
VAT = Decimal("0.075")


class BadAmount(Exception):
    """It is no sum of money."""


def kobo(amount: object) -> int:
    """Return the kobo that a JSON number or a numeric string of naira means.

    :raises BadAmount: when it is neither, not above zero, too large, or finer than a kobo
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise BadAmount
    try:
        naira_exactly = Decimal(amount.strip() if isinstance(amount, str) else amount)
        # In this order: what is far too large is not even written out.
        if not naira_exactly.is_finite() or not 0 < naira_exactly <= MOST_KOBO // 100:
            raise BadAmount
    except InvalidOperation as bad:
        raise BadAmount from bad
    exact = naira_exactly.scaleb(2)
    if exact != int(exact):
        raise BadAmount
    return int(exact)


def naira(amount_kobo: int) -> int | float:
    """Return the JSON number: `2500` without a fraction where there is none, `2462.37` with one."""
    whole, rest = divmod(amount_kobo, 100)
    return float(Decimal(amount_kobo).scaleb(-2)) if rest else whole


def part(amount_kobo: int, ratio: Decimal) -> int:
    """Return that part of a sum, to the kobo, halves up."""
    return int((amount_kobo * ratio).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def fee_of(amount_kobo: int) -> int:
    return min(part(amount_kobo, LOCAL_FEE), MOST_FEE_KOBO)


def vat_of(fee_kobo: int) -> int:
    return part(fee_kobo, VAT)
