"""The codes an authenticator app shows (RFC 6238: SHA-1, six digits, thirty seconds), written on their own so that
Buka's are checked by something else than themselves."""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

PERIOD = 30


class BadSecret(Exception):
    """What was given is no secret; the text says what is expected."""


@dataclass(frozen=True)
class Shown:
    """A code as it stands on the screen."""

    name: str
    secret: str
    code: str
    next_code: str
    is_kept: bool = False

    @property
    def spaced(self) -> str:
        return f"{self.code[:3]} {self.code[3:]}"


def read(text: str, name: str = "") -> tuple[str, str]:
    """Return secret and name from a base32 secret or an `otpauth://totp/…` address.

    :raises BadSecret: when it is neither
    """
    text = text.strip()
    if text.lower().startswith("otpauth:"):
        parts = urlsplit(text)
        values = parse_qs(parts.query)
        if parts.netloc.lower() != "totp" or not values.get("secret"):
            raise BadSecret("An otpauth address reads otpauth://totp/Buka:ada@example.com?secret=…")
        if (values.get("digits", ["6"])[0], values.get("period", ["30"])[0]) != ("6", "30"):
            raise BadSecret("Only codes of six digits and thirty seconds are shown here.")
        name = name or unquote(parts.path.strip("/"))
        text = values["secret"][0]
    secret = re.sub(r"[\s-]", "", text).upper().rstrip("=")
    _key(secret)
    return secret, name.strip()[:120]


def show(secret: str, name: str, now: float, *, is_kept: bool = False) -> Shown:
    """Return the code of this moment, and the one after it."""
    counter = int(now) // PERIOD
    return Shown(name or "Unnamed", secret, code(secret, counter), code(secret, counter + 1), is_kept)


def code(secret: str, counter: int) -> str:
    """Return the six digits of one step of thirty seconds."""
    digest = hmac.new(_key(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _key(secret: str) -> bytes:
    if not 8 <= len(secret) <= 128:
        raise BadSecret("A secret has 8 to 128 letters and digits.")
    try:
        return base64.b32decode(secret + "=" * (-len(secret) % 8))
    except binascii.Error as error:
        raise BadSecret("A secret is written with the letters A to Z and the digits 2 to 7.") from error
