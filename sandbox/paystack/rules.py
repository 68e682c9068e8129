"""Paystack's rules about sums, references and fees."""

import re
import secrets
import string
from typing import Any

REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")
MINIMUMS = {"NGN": 5000, "USD": 200, "GHS": 10, "ZAR": 100, "KES": 300}
# What our merchants are enabled for.
CURRENCIES = ("NGN", "USD")
NIGERIAN_CHANNELS = ("card", "bank", "ussd", "bank_transfer")
CHANNELS = (*NIGERIAN_CHANNELS, "qr", "mobile_money", "eft", "apple_pay", "capitec_pay", "payattitude")
MOST = 10**13


def sum_of(value: Any) -> int | None:
    """Return a sum as it may be sent: a number or a text of one, `777.00` being 777; None for everything else."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    found = re.fullmatch(r"([0-9]{1,15})(?:\.0+)?", text)
    return int(found[1]) if found and 0 < int(found[1]) <= MOST else None


def code(prefix: str = "", length: int = 15) -> str:
    """Return an id as Paystack makes them: a prefix, and small letters and digits."""
    letters = string.ascii_lowercase + string.digits
    return prefix + "".join(secrets.choice(letters) for _place in range(length))


def fee(kobo: int, currency: str, *, is_international: bool = False) -> int:
    """Return what Paystack keeps.

    Nigerian: 1.5% and ₦100, the ₦100 waived under ₦2,500, at most ₦2,000. International: 3.9% and ₦100. Begun kobo
    are whole ones.
    """
    if currency != "NGN":
        return -(-kobo * 39 // 1000)
    if is_international:
        return -(-kobo * 39 // 1000) + 10_000
    flat = 10_000 if kobo >= 250_000 else 0
    return min(-(-kobo * 15 // 1000) + flat, 200_000)
