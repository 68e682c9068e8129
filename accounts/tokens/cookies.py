"""The cookies a browser gets when somebody signs in there. Their prefixes need https; plain http has none of them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.tokens.services import Pair

_secure = settings.BASE_URL.startswith("https://")
ACCESS_NAME = "__Host-at" if _secure else "at"
REFRESH_NAME = "__Secure-rt" if _secure else "rt"
# Sent where it is needed and nowhere else.
REFRESH_PATH = "/api/auth/"


def put(response: HttpResponseBase, pair: Pair) -> None:
    """Give a browser both tokens, out of its scripts' reach."""
    response.set_cookie(
        ACCESS_NAME, pair.access, max_age=pair.access_seconds, httponly=True, secure=_secure, samesite="Lax", path="/"
    )
    response.set_cookie(
        REFRESH_NAME,
        pair.refresh,
        max_age=pair.refresh_seconds,
        httponly=True,
        secure=_secure,
        samesite="Strict",
        path=REFRESH_PATH,
    )


def drop(response: HttpResponseBase) -> None:
    """Take both tokens out of a browser."""
    # delete_cookie() leaves `secure` to the name's prefix, which both have where it matters.
    response.delete_cookie(ACCESS_NAME, path="/", samesite="Lax")
    response.delete_cookie(REFRESH_NAME, path=REFRESH_PATH, samesite="Strict")


def access_in(request: HttpRequest) -> str:
    return request.COOKIES.get(ACCESS_NAME, "")


def refresh_in(request: HttpRequest) -> str:
    return request.COOKIES.get(REFRESH_NAME, "")
