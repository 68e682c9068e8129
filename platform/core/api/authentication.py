from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request


def bearer_in(request: Request | HttpRequest) -> str | None:
    """Return the token of `Authorization: Bearer …`, empty when nothing follows the word; None without the word."""
    scheme, _space, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class SessionAuthentication(authentication.SessionAuthentication):
    """The log-in of the pages; names its challenge, so that a stranger is answered 401 and not 403."""

    def authenticate_header(self, request: Request) -> str:
        return 'Session realm="buka"'
