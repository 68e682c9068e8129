"""How the API knows who asks: a Bearer token, or a browser's access cookie.

A request with an `Authorization` header is judged by that header alone; it never falls back to a cookie.
"""

from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens import codec, cookies, services
from core.api.authentication import bearer_in

CHALLENGE = 'Bearer realm="buka"'


class BadBearer(exceptions.AuthenticationFailed):
    default_detail = _("This access token is not valid, or its time is over. Refresh it, or log in again.")
    default_code = "token_not_valid"


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <access token>`, for apps."""

    def authenticate(self, request: Request) -> tuple[User, codec.Claims] | None:
        if "Authorization" not in request.headers:
            return None
        token = bearer_in(request)
        if not token:
            raise BadBearer
        try:
            return services.authenticate(token)
        except services.LoginEnded as error:
            raise BadBearer from error

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class CookieAuthentication(authentication.BaseAuthentication):
    """A browser's access cookie; what changes something needs the CSRF token with it."""

    def authenticate(self, request: Request) -> tuple[User, codec.Claims] | None:
        token = cookies.access_in(request)
        if not token:
            return None
        try:
            user, claims = services.authenticate(token)
        except services.LoginEnded:
            # Ten minutes old, most likely; the session beside it may still say who this is.
            return None
        check_csrf(request)
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class _Check(CsrfViewMiddleware):
    def _reject(self, request: object, reason: str) -> str:
        return reason


def check_csrf(request: Request) -> None:
    """Refuse an unsafe request without the CSRF token.

    :raises PermissionDenied: with the reason
    """
    check = _Check(lambda request: None)  # type: ignore[arg-type]
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    if reason:
        raise exceptions.PermissionDenied(f"CSRF Failed: {reason}")
