"""Who calls the API: a merchant, in the mode of the key that was shown."""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest

from sandbox.flutterwave.errors import Refused
from sandbox.gateways import merchants
from sandbox.gateways.merchants import MERCHANTS, Merchant

NAME = "flutterwave"


@dataclass(frozen=True)
class Caller:
    """`name` is the merchant's; what they see and do is theirs, and of this mode."""

    name: str
    mode: str

    @property
    def merchant(self) -> Merchant:
        return MERCHANTS[self.name]

    def owns(self, path: str = "") -> Q:
        """Return the condition for rows that are theirs; `path` leads to the row that says whose it is."""
        return Q(**{f"{path}merchant": self.name, f"{path}mode": self.mode})


def of(request: HttpRequest) -> Caller:
    """Return who calls.

    :raises Refused: without a key, or with one that nobody has; a public key is none
    """
    told = request.headers.get("Authorization", "").strip()
    if not told:
        raise Refused("Authorization required", 401)
    bearer = re.fullmatch(r"(?i:bearer)\s+(\S+)", told)
    if bearer is None:
        raise Refused("merchant secret key required", 401)
    known = merchants.of_key(NAME, bearer[1])
    if known is None:
        raise Refused("Invalid authorization key", 401)
    merchant, mode = known
    return Caller(merchant.name, mode)
