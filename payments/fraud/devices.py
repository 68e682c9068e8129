"""A random mark in the browser, on the pages where one pays and nowhere else: the same device is known again by it.

It names nobody and is read for nothing but the rules against fraud. Who throws it away gets another: it makes abuse
dearer, and proves nothing.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.encryption import blind_index

LASTS = timedelta(days=180)
_SIGNER = "payments.fraud.device"


def cookie_name() -> str:
    """Return the cookie's name, with the prefix that keeps it to https where there is https."""
    return "__Secure-device" if settings.SESSION_COOKIE_SECURE else "device"


def device_of(request: HttpRequest) -> str:
    """Return the keyed hash of this browser's mark; empty where it has none of ours, or an old one."""
    try:
        mark = signing.TimestampSigner(salt=_SIGNER).unsign(request.COOKIES.get(cookie_name(), ""), max_age=LASTS)
    except signing.BadSignature:
        return ""
    return blind_index(mark, purpose="fraud device")


def knows_device(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Have a page where one pays give the browser a mark, if it has none."""

    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if not device_of(request):
            response.set_cookie(
                cookie_name(),
                signing.TimestampSigner(salt=_SIGNER).sign(secrets.token_urlsafe(18)),
                max_age=LASTS,
                path=_where(),
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return marked


def _where() -> str:
    """Return the path below which people pay, in the language at hand: no other page is told of the mark."""
    return reverse("payments:pay", args=["-"]).removesuffix("-/")
