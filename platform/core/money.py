"""Money as integers of the smallest unit: kobo, a hundred to the naira. How it is shown: `localization`."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

KOBO = 100
# What a bigint column holds, with room for sums.
LARGEST = 10**15
_PLAIN = re.compile(r"^(-?)(\d{1,16})(?:\.(\d{1,2}))?$", re.ASCII)


def naira(kobo: int) -> Decimal:
    """Return an amount of kobo in naira, exactly, with two decimals."""
    return Decimal(kobo).scaleb(-2)


def to_api(kobo: int) -> str:
    """Return an amount as the API writes it: a decimal string, `"12500.00"`."""
    sign, value = ("-", -kobo) if kobo < 0 else ("", kobo)
    return f"{sign}{value // KOBO}.{value % KOBO:02d}"


def parse(text: str) -> int:
    """Return the kobo of an amount written in naira: `12500`, `12,500.00`, `₦12,500`.

    :raises ValidationError: `money_unreadable` or `money_too_large`; nothing is ever rounded
    """
    plain = re.sub(r"\s", "", text[:40]).removeprefix("₦").removeprefix("NGN")
    if "," in plain:
        if not re.match(r"^-?\d{1,3}(,\d{3})+(\.\d{1,2})?$", plain, re.ASCII):
            plain = ""
        plain = plain.replace(",", "")
    match = _PLAIN.match(plain) if len(text) <= 40 else None
    if match is None:
        raise ValidationError(_("Write an amount in naira, for example 12,500 or 12500.50."), code="money_unreadable")
    sign, whole, part = match.groups()
    kobo = int(whole) * KOBO + int((part or "0").ljust(2, "0"))
    if kobo > LARGEST:
        raise ValidationError(_("This amount is too large."), code="money_too_large")
    return -kobo if sign else kobo
