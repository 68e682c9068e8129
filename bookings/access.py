"""Proof that somebody may see a booking made without an account: a signed link, and what their browser remembers.

It remembers in a signed cookie: sessions are in Redis, and strangers can book while that is away.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from bookings.models import Booking

SALT = "bookings.manage"
COOKIE_SALT = "bookings.remembered"
_KNOWN, _CHANGED = "_bookings_remembered", "_bookings_remembered_changed"
REMEMBERED = 20


def token_for(booking: Booking) -> str:
    """Return the token that opens this booking to whoever has its link."""
    return signing.Signer(salt=SALT).sign(booking.public_id.hex).rpartition(":")[2]


def opens(token: str, public_id: UUID) -> bool:
    """Tell whether a token opens this booking; in constant time, never raises."""
    if not token or len(token) > 100:
        return False
    try:
        signing.Signer(salt=SALT).unsign(f"{public_id.hex}:{token}")
    except signing.BadSignature:
        return False
    return True


def remember(request: HttpRequest, booking: Booking) -> None:
    """Let this browser see the booking again without its link."""
    seen = [public_id for public_id in remembered(request) if public_id != booking.public_id]
    setattr(request, _KNOWN, [*seen, booking.public_id][-REMEMBERED:])
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


def may_see(request: HttpRequest, booking: Booking, token: Any = "") -> bool:
    """Tell whether this request may see and change a booking as its diner."""
    if request.user.is_authenticated and booking.diner_id == request.user.pk:
        return True
    return remembers(request, booking.public_id) or (isinstance(token, str) and opens(token, booking.public_id))
