"""What is read from a request to the API."""

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

# Shows that somebody without an account may see a booking, an order, or what is paid for it.
TOKEN_HEADER = "X-Booking-Token"  # noqa: S105 - a header's name


def token_in(request: Request) -> str:
    """Return the token of a booking or an order that came with the request; empty without one."""
    return request.headers.get(TOKEN_HEADER) or request.query_params.get("token") or ""


def read(request: Request, serializer: type[Serializer[Any]], data: Any = None, **context: Any) -> dict[str, Any]:
    """Return what was sent, cleaned.

    :param data: instead of the body
    :raises rest_framework.exceptions.ValidationError: naming each field
    """
    asking = serializer(data=request.data if data is None else data, context=context)
    asking.is_valid(raise_exception=True)
    return dict(asking.validated_data)
