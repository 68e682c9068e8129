"""Which people have signed in on a device before: signed and kept by the device itself, no list anywhere.

A browser keeps it as a cookie; a program gets the same value in the answer of a log-in and sends it as a header. Two
things hang on it. Wrong passwords and codes are counted apart for devices that know the account, so a stranger's tries
cannot lock its owner out. And a log-in from a device that does not know the account is told to its owner. Nothing else
does: whoever copies it gets into nothing.
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User

_secure = settings.BASE_URL.startswith("https://")
NAME = "__Host-device" if _secure else "device"
HEADER = "X-Device-Token"
SALT = "accounts.known_devices"
# As long as a browser keeps any cookie.
SECONDS = 400 * 24 * 3600
REMEMBERED = 5


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """Return this device's own mark and the marks of the people it knows."""
    try:
        kept = request.headers.get(HEADER) or request.COOKIES.get(NAME, "")
        device, people = signing.loads(kept, salt=SALT, max_age=SECONDS)
        return str(device), [str(mark) for mark in people]
    except (signing.BadSignature, ValueError, TypeError):
        return "", []


def _mark(user: User, device: str) -> str:
    # Bound to the password: whoever changes it makes all their devices strangers again.
    return hashlib.sha256(f"{device}:{user.public_id}:{user.password[-20:]}".encode()).hexdigest()[:24]


def knows(request: HttpRequest | None, user: User) -> bool:
    """Tell whether this person has signed in on this device before; never where nobody asks by a request."""
    if request is None:
        return False
    device, people = _read(request)
    return bool(device) and _mark(user, device) in people


def device_of(request: HttpRequest) -> str:
    """Return the device's mark, empty for one that was never signed in on."""
    return _read(request)[0]


def token_for(request: HttpRequest, user: User) -> str:
    """Return what this device keeps to know a person who has signed in on it, beside those it knows already."""
    device, people = _read(request)
    device = device or secrets.token_urlsafe(12)
    mark = _mark(user, device)
    kept = [each for each in people if each != mark][-(REMEMBERED - 1) :]
    return signing.dumps([device, [*kept, mark]], salt=SALT)


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Let this browser know a person who has signed in on it."""
    response.set_cookie(
        NAME,
        token_for(request, user),
        max_age=SECONDS,
        httponly=True,
        secure=_secure,
        samesite="Lax",
        path="/",
    )
