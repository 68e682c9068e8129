"""How every call of the API is let in and answered: the key, the JSON, the envelope, and what an error looks like."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from sandbox.flutterwave import callers, shapes
from sandbox.flutterwave.callers import Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.fields import Asked

TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Call:
    caller: Caller
    # The body, for those that have one; the query, for the others.
    asked: Asked
    query: dict[str, str]
    address: str


@dataclass(frozen=True)
class Answer:
    message: str
    data: Any = None
    meta: Any = field(default=None)


Handler = Callable[..., Answer]
Row = TypeVar("Row", bound=Model)


def door(**handlers: Handler) -> Callable[..., HttpResponse]:
    """Return a view that asks the handler of the method: `door(get=transactions)`."""

    @csrf_exempt
    def view(request: HttpRequest, **of_address: str) -> HttpResponse:
        handler = handlers.get((request.method or "").lower())
        try:
            if handler is None:
                raise Refused(f"Cannot {request.method} {request.path}", 404)
            call = Call(callers.of(request), _asked(request), request.GET.dict(), request.build_absolute_uri("/")[:-1])
            said = handler(call, **of_address)
        except Refused as refused:
            return _say(refused.status, {"status": "error", "message": refused.message, "data": None})
        body = {"status": "success", "message": said.message}
        if said.meta is not None:
            body["meta"] = said.meta
        return _say(200, {**body, "data": said.data})

    return view


def _asked(request: HttpRequest) -> Asked:
    """Return the body, whatever its type is called; sums in it are exact."""
    if request.method in ("GET", "DELETE") or not request.body:
        return {}
    try:
        found = json.loads(request.body, parse_float=Decimal, parse_constant=_no_number)
        # Halves of characters cannot be kept or answered.
        json.dumps(found, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as wrong:
        raise Refused("Invalid JSON in the request body") from wrong
    if not isinstance(found, dict):
        raise Refused("The request body must be an object")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _say(status: int, what: dict[str, Any]) -> HttpResponse:
    return HttpResponse(shapes.compact(what), status=status, content_type=TYPE)


def error(status: int) -> tuple[str, str]:
    """Return type and body of an error of the gateway's own: the server's fault has a shape that nothing else has."""
    if status == 500:
        said = {
            "error_id": f"ERR{secrets.token_hex(8).upper()}",
            "message": "Application error. Please contact support",
            "code": "app_error",
        }
    else:
        words = "Too many requests" if status == 429 else "An error occurred. Please contact support"
        said = {"status": "error", "message": words, "data": None}  # type: ignore[dict-item]
    return TYPE, shapes.compact(said).decode()


# --- lists


def page(
    rows: QuerySet[Row], query: dict[str, str], shape: Callable[[Row], Any], *, size: int, tells_size: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """Return a page of a list, and what `meta` says of it."""
    asked = query.get("page", "") or query.get("index", "")
    number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 7 else 1
    total = rows.count()
    info: dict[str, Any] = {"total": total, "current_page": number, "total_pages": ceil(total / size)}
    if tells_size:
        info["page_size"] = size
    return [shape(row) for row in rows[(number - 1) * size : number * size]], {"page_info": info}


def between(query: dict[str, str], name: str = "created_at") -> dict[str, datetime]:
    """Return the condition of `from` and `to`, both days included.

    :raises Refused: when one is no date
    """
    found = {}
    if query.get("from"):
        found[f"{name}__gte"] = _day(query["from"], "from")
    if query.get("to"):
        found[f"{name}__lt"] = _day(query["to"], "to") + timedelta(days=1)
    return found


def _day(text: str, name: str) -> datetime:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError as wrong:
        raise Refused(f"{name} must be a valid date, as in 2026-12-01") from wrong
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
