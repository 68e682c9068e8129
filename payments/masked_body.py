"""A webhook's body for people: laid out, without what opens a card, an account or a gateway to whoever reads it."""

import json
import re
from typing import Any

MASK = "••••"
# Of a card, of whoever holds it, of a bank account, and what could be charged or signed with. Without signs and cases.
HIDDEN = frozenset(
    {
        "accountname", "accountnumber", "address", "authorizationcode", "authurl", "bin", "cardnumber", "cvv",
        "deviceid", "devicefingerprint", "email", "customeremail", "customername", "customerphone", "exp", "expiry",
        "expirymonth", "expiryyear", "expmonth", "expyear", "fingerprint", "first6digits", "firstname", "fullname",
        "hash", "ip", "ipaddress", "lastname", "lifetimetoken", "meta", "metadata", "name", "pan",
        "phone", "phonenumber", "pin", "receiverbankaccountnumber", "secret", "secrethash", "senderbankaccountnumber",
        "sendername", "signature", "token", "verifhash",
    }
)  # fmt: skip
# The gateway's own things have names that are no person's.
NAMES_NO_PERSON = frozenset({"bank", "channel", "gateway", "plan"})
_SIGNS = re.compile(r"[^a-z0-9]")
# Whatever looks like the number of a card or of an account, wherever it stands.
_NUMBER = re.compile(r"(?<![\w-])\d[\d -]{8,22}\d(?![\w-])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
DIGITS_OF_A_CARD = 13
DEEPEST = 32


def masked(body: str) -> str:
    """Return a body laid out with cards, accounts, people and secrets masked; of what is no JSON only the mask."""
    try:
        told = json.loads(body)
    except ValueError:
        return MASK
    return json.dumps(_masked(told, DEEPEST), ensure_ascii=False, indent=2)


def _masked(value: Any, deep: int, within: str = "") -> Any:
    if deep == 0:
        return MASK
    if isinstance(value, dict):
        return {key: _of_key(key, part, deep, within) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, deep - 1, within) for part in value]
    if isinstance(value, int) and len(str(value)) >= DIGITS_OF_A_CARD:
        return MASK
    return _NUMBER.sub(_without_its_digits, value) if isinstance(value, str) else value


def _of_key(key: str, value: Any, deep: int, within: str) -> Any:
    plain = _SIGNS.sub("", key.lower())
    if plain == "name" and within in NAMES_NO_PERSON:
        return value
    if plain in HIDDEN and value not in (None, "", [], {}):
        return MASK
    return _masked(value, deep - 1, plain)


def _without_its_digits(found: "re.Match[str]") -> str:
    digits = [sign for sign in found[0] if sign.isdigit()]
    if _DAY.match(found[0]):
        return found[0]
    return f"{MASK}{''.join(digits[-4:])}" if len(digits) >= 10 else found[0]
