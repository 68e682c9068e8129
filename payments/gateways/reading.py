"""Reading what gateways say: JSON in which any field may be missing, of another kind, or nonsense.

Nothing here raises over a field: what cannot be read is empty or None, and whoever asks decides what that means. No
amount ever passes through a float.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlsplit

from core.money import LARGEST

LONGEST_TEXT = 200
LONGEST_URL = 2000
_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,8})?", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=/-]{0,99}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)


class NotJson(ValueError):
    """What came back is no JSON object."""


def read(body: bytes) -> "Reading":
    """Return the object that a body is.

    :raises NotJson: when it is none
    """
    try:
        value = json.loads(body, parse_float=_decimal, parse_constant=lambda _: None)
    # Too many digits, brackets within brackets without an end: Python's reader has words of its own for those.
    except (ValueError, RecursionError) as error:
        raise NotJson("no JSON") from error
    if not isinstance(value, dict):
        raise NotJson("no object")
    return Reading(value)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


class Reading:
    """An object of a gateway's. Each question takes the names that a field has in different answers, the first wins."""

    def __init__(self, value: Any = None) -> None:
        self._fields: dict[str, Any] = value if isinstance(value, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def raw(self, *names: str) -> Any:
        """Return the first of these fields that says something, as it came; None where none does."""
        for name in names:
            if (value := self._fields.get(name)) not in (None, ""):
                return value
        return None

    def has(self, name: str) -> bool:
        return name in self._fields

    def is_true(self, name: str) -> bool:
        """Tell whether it is the word true; 1 and "true" are not."""
        return self._fields.get(name) is True

    def part(self, *names: str) -> "Reading":
        """Return the object in a field; an empty one where there is none."""
        for name in names:
            if isinstance(value := self._fields.get(name), dict) and value:
                return Reading(value)
        return Reading()

    def parts(self, name: str) -> "Sequence[Reading] | None":
        """Return the objects of a list, an empty one for what is no object; None where there is no list."""
        value = self._fields.get(name)
        return [Reading(each) for each in value] if isinstance(value, list) else None

    def text(self, *names: str, most: int = LONGEST_TEXT) -> str:
        """Return a text for people and columns: on one line, cut off, without what a database would refuse."""
        value = self.raw(*names)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        # Without NUL, which PostgreSQL refuses, and halves of characters, which no encoding knows.
        return "".join(c if c.isprintable() else " " for c in str(value)[: most * 2]).strip()[:most]

    def identifier(self, *names: str) -> str:
        """Return an id, which may have come as a number: what can stand in an address and a column, else empty."""
        for name in names:
            value = self._fields.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**64:
                return str(value)
            if isinstance(value, str) and _IDENTIFIER.fullmatch(value.strip()):
                return value.strip()
        return ""

    def digits(self, *names: str, most: int) -> str:
        """Return a few digits, as the last of a card's; empty where there are more, which nobody may keep."""
        text = self.text(*names, most=most + 1)
        return text if _DIGITS.fullmatch(text) and len(text) <= most else ""

    def currency(self, name: str) -> str:
        """Return the code of a currency, exactly as it came; empty where it is none."""
        value = self._fields.get(name)
        return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else ""

    def kobo(self, *names: str) -> int | None:
        """Return an amount that is told in kobo, as a number or as a text; None where it is no whole kobo."""
        return _whole(_number(self.raw(*names)))

    def kobo_of_naira(self, *names: str, rounded: bool = False) -> int | None:
        """Return an amount that is told in naira; None where it is no whole kobo.

        :param rounded: to the nearest kobo instead: for fees, in which gateways count parts of one
        """
        number = _number(self.raw(*names))
        if number is None:
            return None
        in_kobo = number.scaleb(2)
        return _whole(in_kobo.quantize(Decimal(1), ROUND_HALF_UP) if rounded else in_kobo)

    def moment(self, *names: str) -> datetime | None:
        """Return a moment; one without a zone is UTC."""
        value = self.raw(*names)
        if not isinstance(value, str) or len(value) > 40:
            return None
        try:
            moment = datetime.fromisoformat(value.strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = Decimal(value.strip()) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, int):
        value = Decimal(value) if 0 <= value <= LARGEST else None
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= LARGEST:
        return None
    # With more places than any amount has, arithmetic would begin to round.
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -8 else None


def _whole(number: Decimal | None) -> int | None:
    if number is None or number != number.to_integral_value() or number > LARGEST:
        return None
    return int(number)


def naira_number(kobo: int) -> str:
    """Return the JSON number of an amount in naira: `2500`, or `2500.50`; exact, as it is written digit by digit."""
    naira, rest = divmod(kobo, 100)
    return f"{naira}.{rest:02d}" if rest else str(naira)


def page_address(text: str, *, base_url: str) -> str:
    """Return the address of a page at a gateway if a browser may be sent there, else an empty text.

    :param base_url: where the gateway is asked: only where that is plain http may the page be
    """
    schemes = ("https", "http") if base_url.startswith("http://") else ("https",)
    if (
        not text
        or len(text) > LONGEST_URL
        or not text.isascii()
        or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in text)
    ):
        return ""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ""
    return text if parts.scheme in schemes and host and "@" not in parts.netloc else ""


def expiry(year: str, month: str) -> str:
    """Return `2030-12` of a year in two or four digits and a month; empty where they are none."""
    if not (_DIGITS.fullmatch(year) and _DIGITS.fullmatch(month)) or not 1 <= int(month) <= 12:
        return ""
    full = year if len(year) == 4 else f"20{year}" if len(year) == 2 else ""
    return f"{full}-{int(month):02d}" if full else ""
