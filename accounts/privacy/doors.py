"""What pages and API share: with which device somebody asks."""

from django.http import HttpRequest
from rest_framework.request import Request

from accounts.tokens import codec


def device_of(request: Request | HttpRequest) -> str:
    """Return what tells the log-in behind a request from all others."""
    claims = getattr(request, "auth", None)
    if isinstance(claims, codec.Claims):
        return f"family:{claims.family}"
    session = request.session
    if not session.session_key:
        session.save()
    return f"session:{session.session_key}"
