"""The arithmetic of one-time codes (RFC 6238), by django-otp."""

import base64
import binascii
import time

from django_otp.oath import TOTP

STEP = 30
TOLERANCE = 1


def key_of(secret: str) -> bytes:
    """Return the key of a base32 secret.

    :raises ValueError: when it is not base32
    """
    text = "".join(secret.split()).upper().rstrip("=")
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise ValueError("A secret is written in base32: letters and the digits 2 to 7.") from error


def step_of(secret: str, code: str) -> int | None:
    """Return the time step whose code this is, at most one step from now; None when it is none of them."""
    plain = "".join(code.split())
    totp = TOTP(key_of(secret), step=STEP)
    totp.time = time.time()
    if not (plain.isascii() and plain.isdigit() and len(plain) == totp.digits):
        return None
    return int(totp.t()) if totp.verify(int(plain), TOLERANCE) else None


def code_now(secret: str) -> str:
    """Return the code that an authenticator app shows now."""
    totp = TOTP(key_of(secret), step=STEP)
    totp.time = time.time()
    return f"{totp.token():06d}"
