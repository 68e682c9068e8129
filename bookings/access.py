"""Proof that somebody may see a booking made without an account: a signed link, and what the session remembers."""

from typing import Any
from uuid import UUID

from django.core import signing
from django.http import HttpRequest

from bookings.models import Booking

SALT = "bookings.manage"
SESSION_KEY = "bookings_seen"
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
    seen: list[str] = [key for key in request.session.get(SESSION_KEY, []) if key != booking.public_id.hex]
    request.session[SESSION_KEY] = [*seen, booking.public_id.hex][-REMEMBERED:]


def remembers(request: HttpRequest, public_id: UUID) -> bool:
    return public_id.hex in request.session.get(SESSION_KEY, [])


def remembered(request: HttpRequest) -> list[UUID]:
    """Return the bookings this browser has made or opened."""
    return [UUID(hex=key) for key in request.session.get(SESSION_KEY, [])]


def may_see(request: HttpRequest, booking: Booking, token: Any = "") -> bool:
    """Tell whether this request may see and change a booking as its diner."""
    if request.user.is_authenticated and booking.diner_id == request.user.pk:
        return True
    return remembers(request, booking.public_id) or (isinstance(token, str) and opens(token, booking.public_id))
