"""Reading what callers send: numbers may be texts, extra keys do not matter, and a refusal names the field."""

from decimal import Decimal
from math import isfinite
from typing import Any

from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.money import BadAmount, kobo

Asked = dict[str, Any]
CURRENCIES = ("NGN", "USD", "EUR", "GBP", "GHS", "KES", "UGX", "TZS", "ZAR", "XAF", "XOF")


def text(asked: Asked, name: str, *, most: int, is_required: bool = True) -> str:
    """Return a field as text.

    :raises Refused: when it is missing or too long
    """
    value = asked.get(name)
    if value in (None, ""):
        if is_required:
            raise Refused(f"{name} is required")
        return ""
    if isinstance(value, bool | dict | list) or len(str(value)) > most:
        raise Refused(f"{name} must be a string of at most {most} characters")
    return str(value)


def amount(asked: Asked, name: str = "amount") -> int:
    """Return a sum in kobo.

    :raises Refused: when it is missing or no sum
    """
    if asked.get(name) in (None, ""):
        raise Refused(f"{name} is required")
    try:
        return kobo(asked[name])
    except BadAmount as bad:
        raise Refused(f"{name} must be a positive number") from bad


def whole(asked: Asked, name: str, most: int) -> int | None:
    """Return a whole number above zero; None where there is none.

    :raises Refused: when it is something else or too large
    """
    given = asked.get(name)
    if given in (None, ""):
        return None
    if isinstance(given, bool) or not str(given).isdecimal() or not 0 < int(str(given)) <= most:
        raise Refused(f"{name} must be a number from 1 to {most}")
    return int(str(given))


def currency(asked: Asked) -> str:
    """Return the currency asked for, naira where none is.

    :raises Refused: when it is none
    """
    asked_for = text(asked, "currency", most=10, is_required=False).upper() or "NGN"
    if asked_for not in CURRENCIES:
        raise Refused("currency is not supported")
    return asked_for


def email(asked: Asked, name: str = "email") -> str:
    """Return an e-mail address in small letters.

    :raises Refused: when it is missing or none
    """
    address = text(asked, name, most=254).strip().lower()
    if "@" not in address.strip("@") or " " in address:
        raise Refused(f"{name} must be a valid email")
    return address


def full_name(asked: Asked) -> str:
    """Return a name from `full_name`, or from its two halves; empty where there is none.

    :raises Refused: when one is no text
    """
    halves = (text(asked, key, most=100, is_required=False) for key in ("first_name", "last_name"))
    return text(asked, "full_name", most=200, is_required=False) or " ".join(filter(None, halves))


def meta(asked: Asked) -> Asked | None:
    """Return the merchant's own data as they gave it.

    :raises Refused: when it is no object
    """
    given = asked.get("meta")
    if isinstance(given, dict):
        return {key: plain(value) for key, value in given.items()}
    if isinstance(given, list):
        # Some libraries send a list of pairs.
        return {"items": plain(given)}
    if given in (None, ""):
        return None
    raise Refused("meta must be an object")


def plain(value: Any) -> Any:
    """Return JSON as it can be kept: exact decimals, read so for the sake of sums, become JSON numbers again."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if isfinite(number) else str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def row_id(given: str) -> int:
    """Return the number in an address, or 0, which no row has."""
    return int(given) if given.isdecimal() and len(given) <= 18 else 0
