"""Proof that somebody may see a booking made without an account: a signed link, and what their browser remembers.

It remembers in a signed cookie: sessions are in Redis, and strangers can book while that is away.
"""

import base64
import binascii
import hmac
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

SALT = "bookings.manage"
COOKIE_SALT = "bookings.remembered"
_KNOWN, _CHANGED = "_bookings_remembered", "_bookings_remembered_changed"
REMEMBERED = 20


class Openable(Protocol):
    """A booking, or somebody's place among those who wait."""

    @property
    def public_id(self) -> Any: ...


class Owned(Openable, Protocol):
    """What may also be on somebody's account: a booking, an order of tickets."""

    @property
    def diner_id(self) -> Any: ...


def token_for(booking: Openable) -> str:
    """Return the token that opens this booking, or place, to whoever has its link."""
    return signing.Signer(salt=SALT).sign(booking.public_id.hex).rpartition(":")[2]


# A text message has no room for an address of two hundred characters.
SHORT_SALT = "bookings.short"
_MARK_BYTES = 12


def short_key(kind: str, public_id: UUID) -> str:
    """Return what stands for a thing of one kind and its token in a short address: 39 characters.

    :param kind: one letter
    """
    return kind + _base64(public_id.bytes) + _base64(_mark(kind, public_id))


def opened_by(key: str) -> tuple[str, UUID] | None:
    """Return the kind and the id that a short address is the key of; None when it is of none. Never raises."""
    if len(key) != 1 + 22 + 16 or not key.isascii():
        return None
    kind = key[0]
    try:
        public_id = UUID(bytes=base64.urlsafe_b64decode(key[1:23] + "=="))
        mark = base64.urlsafe_b64decode(key[23:])
    except (binascii.Error, ValueError):
        return None
    return (kind, public_id) if hmac.compare_digest(mark, _mark(kind, public_id)) else None


# Where an alphabet leaves seventy characters to a part, half as long a key: letters and digits only, so that no phone
# leaves the last of them out of the link. The first bytes of the id find the row, a mark over all of it opens it.
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BRIEF_ID_BYTES = _BRIEF_MARK_BYTES = 6
_BRIEF_DIGITS = 17


def brief_key(kind: str, public_id: UUID) -> str:
    """Return what stands for a thing of one kind and its token in the shortest address: 18 characters.

    :param kind: one letter
    :param public_id: a random one; what begins alike is told apart by the mark
    """
    number = int.from_bytes(public_id.bytes[:_BRIEF_ID_BYTES] + _mark(kind, public_id)[:_BRIEF_MARK_BYTES], "big")
    digits = []
    for _place in range(_BRIEF_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return kind + "".join(reversed(digits))


def range_of_brief(key: str) -> tuple[str, UUID, UUID] | None:
    """Return the kind that a key is of, and the first and last id it may be the key of; None when it is none."""
    if len(key) != 1 + _BRIEF_DIGITS or any(character not in _DIGITS for character in key):
        return None
    number = 0
    for character in key[1:]:
        number = number * len(_DIGITS) + _DIGITS.index(character)
    start = number >> 8 * _BRIEF_MARK_BYTES
    if start >> 8 * _BRIEF_ID_BYTES:
        return None
    rest = 8 * (16 - _BRIEF_ID_BYTES)
    return key[0], UUID(int=start << rest), UUID(int=(start + 1 << rest) - 1)


def is_brief_key_of(key: str, public_id: UUID) -> bool:
    """Tell whether this is the key of that very thing; in constant time."""
    return hmac.compare_digest(key, brief_key(key[:1], public_id))


def _mark(kind: str, public_id: UUID) -> bytes:
    return salted_hmac(f"{SHORT_SALT}.{kind}", public_id.bytes, algorithm="sha256").digest()[:_MARK_BYTES]


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def opens(token: str, public_id: UUID) -> bool:
    """Tell whether a token opens this booking; in constant time, never raises."""
    if not token or len(token) > 100:
        return False
    try:
        signing.Signer(salt=SALT).unsign(f"{public_id.hex}:{token}")
    except signing.BadSignature:
        return False
    return True


def remember(request: HttpRequest, booking: Openable) -> None:
    """Let this browser see the booking again without its link."""
    remember_id(request, booking.public_id)


def remember_id(request: HttpRequest, public_id: UUID) -> None:
    """Let this browser see once more what was known by this id."""
    seen = [known for known in remembered(request) if known != public_id]
    setattr(request, _KNOWN, [*seen, public_id][-REMEMBERED:])
    setattr(request, _CHANGED, True)


def forget(request: HttpRequest) -> None:
    """Let whoever uses this browser next see none of them."""
    setattr(request, _KNOWN, [])
    setattr(request, _CHANGED, True)


def remembers(request: HttpRequest, public_id: UUID) -> bool:
    return public_id in remembered(request)


def remembered(request: HttpRequest) -> list[UUID]:
    """Return the bookings this browser has made or opened."""
    known: list[UUID] | None = getattr(request, _KNOWN, None)
    if known is None:
        known = _read(request.COOKIES.get(cookie_name(), ""))
        setattr(request, _KNOWN, known)
    return known


def cookie_name() -> str:
    return "__Host-bookings" if settings.SESSION_COOKIE_SECURE else "bookings"


def write_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write the cookie when something in this request remembered or forgot."""
    if not getattr(request, _CHANGED, False):
        return
    known = remembered(request)
    if not known:
        response.delete_cookie(cookie_name(), samesite="Lax")
        return
    value = signing.TimestampSigner(salt=COOKIE_SALT).sign(".".join(public_id.hex for public_id in known))
    response.set_cookie(
        cookie_name(),
        value,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(cookie: str) -> list[UUID]:
    if not cookie:
        return []
    try:
        keys = signing.TimestampSigner(salt=COOKIE_SALT).unsign(cookie, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return []
    return [UUID(hex=key) for key in keys.split(".")]


def may_see(request: HttpRequest, booking: Owned, token: Any = "") -> bool:
    """Tell whether this request may see and change a booking, or an order, as its diner."""
    if request.user.is_authenticated and booking.diner_id == request.user.pk:
        return True
    return may_open(request, booking.public_id, token)


def may_open(request: HttpRequest, public_id: UUID, token: Any = "") -> bool:
    """Tell whether this browser remembers a thing, or whoever asks has its link; whose account it is on, or not."""
    return remembers(request, public_id) or (isinstance(token, str) and opens(token, public_id))
