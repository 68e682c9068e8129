"""What every address of Paystack's interface has in common: keys, envelopes, errors, pages of lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt

from sandbox.gateways import hooks, merchants
from sandbox.gateways.control import read_json
from sandbox.gateways.merchants import Merchant
from sandbox.gateways.store import writing

NAME = "paystack"
PER_PAGE = 50
MOST_PER_PAGE = 1000


class Problem(Exception):
    """An answer that says what is wrong, in Paystack's envelope."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str = "",
        next_step: str = "",
        type: str = "validation_error",
        data: Any = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code = message, status, code
        self.next_step, self.type, self.data = next_step, type, data

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"status": False, "message": self.message}
        if self.data is not None:
            said["data"] = self.data
        if self.code:
            said["meta"] = {"nextStep": self.next_step or "Try again later"}
            said |= {"type": self.type, "code": self.code}
        return said


@dataclass(frozen=True)
class Ask:
    """A call by a merchant."""

    merchant: Merchant
    mode: str
    # Of the body, JSON or a form; of the query where there is none.
    data: dict[str, Any]
    query: QueryDict

    @property
    def mine(self) -> dict[str, str]:
        """Return what narrows rows to the merchant's own of this mode."""
        return {"merchant": self.merchant.name, "mode": self.mode}

    def text(self, name: str, most: int = 500) -> str:
        value = self.data.get(name)
        return "" if value is None else str(value).strip()[:most]


@dataclass(frozen=True)
class Said:
    message: str
    data: Any = None
    meta: dict[str, Any] | None = None
    status: int = 200
    # False for a refusal of which something has to be kept.
    is_fine: bool = True


Handler = Callable[..., Said]


def route(**handlers: tuple[str, Handler]) -> Callable[..., HttpResponse]:
    """Return the view of an address: by method, the name for fault rules and what answers.

    Whatever is not read only runs in one transaction.
    """

    @csrf_exempt
    def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            if request.method not in handlers:
                raise Problem("Route not found", status=404)
            ask = _ask(request)
            handler = handlers[request.method][1]
            if request.method == "GET":
                said = handler(ask, **kwargs)
            else:
                with writing():
                    said = handler(ask, **kwargs)
        except Problem as problem:
            return answer(problem.as_json(), problem.status)
        envelope: dict[str, Any] = {"status": said.is_fine, "message": said.message}
        if said.data is not None:
            envelope["data"] = said.data
        if said.meta is not None:
            envelope["meta"] = said.meta
        return answer(envelope, said.status)

    view.routes = {method: name for method, (name, _handler) in handlers.items()}  # type: ignore[attr-defined]
    return view


def answer(said: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(hooks.compact(said), status=status, content_type="application/json; charset=utf-8")


def _ask(request: HttpRequest) -> Ask:
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    known = merchants.of_key(NAME, key.strip()) if kind.lower() == "bearer" else None
    if known is None:
        raise Problem(
            "Invalid key",
            status=401,
            code="invalid_Key",
            next_step="Ensure that you provide the correct authorization key for the request",
        )
    merchant, mode = known
    return Ask(merchant, mode, _body(request), request.GET)


def _body(request: HttpRequest) -> dict[str, Any]:
    raw = request.body
    if not raw.strip():
        return dict(request.GET.items())
    content_type = request.content_type or ""
    if content_type == "multipart/form-data":
        return dict(request.POST.items())
    if content_type != "application/x-www-form-urlencoded" or raw.lstrip()[:1] == b"{":
        try:
            found = read_json(raw)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        if content_type == "application/json":
            raise Problem("Invalid JSON", code="invalid_params", next_step="Send a JSON object")
    return dict(QueryDict(raw).items())


def needed(ask: Ask, name: str, words: str) -> str:
    """Return a text that must be there.

    :raises Problem: when it is not
    """
    value = ask.text(name)
    if not value:
        raise Problem(words, code="missing_params", next_step="Provide all required params")
    return value


def moment(text: str) -> Any:
    """Return the moment of a query, or None where it is none."""
    try:
        found = parse_datetime(text) or parse_datetime(f"{text}T00:00:00Z")
    except ValueError:
        return None
    return found if found is None or found.tzinfo else parse_datetime(f"{found.isoformat()}Z")


def page_of(
    ask: Ask, rows: models.QuerySet[Any], shape: Callable[[Any], dict[str, Any]], *, more: dict[str, Any] | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a page of rows, newest first, and the `meta` beside it: by page, or by cursor where that is asked for."""
    query = ask.query
    size = min(max(_number(query.get("perPage") or query.get("per_page"), PER_PAGE), 1), MOST_PER_PAGE)
    for name, look_up in (("from", "created_at__gte"), ("to", "created_at__lte")):
        at = moment(query.get(name, ""))
        if at is not None:
            rows = rows.filter(**{look_up: at})
    if query.get("use_cursor") == "true":
        return _by_cursor(query, rows, shape, size)
    total, page = rows.count(), max(_number(query.get("page"), 1), 1)
    skipped = (page - 1) * size
    meta = {"total": total, **(more or {}), "skipped": skipped, "perPage": size, "page": page}
    meta["pageCount"] = -(-total // size)
    return [shape(row) for row in rows[skipped : skipped + size]], meta


def _by_cursor(
    query: QueryDict, rows: models.QuerySet[Any], shape: Callable[[Any], dict[str, Any]], size: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    after, before = _number(query.get("next"), 0), _number(query.get("previous"), 0)
    if before:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: size + 1])
        has_newer, has_older, shown = len(found) > size, True, found[:size][::-1]
    else:
        found = list((rows.filter(pk__lt=after) if after else rows).order_by("-pk")[: size + 1])
        has_newer, has_older, shown = bool(after), len(found) > size, found[:size]
    meta = {
        "next": str(shown[-1].pk) if shown and has_older else None,
        "previous": str(shown[0].pk) if shown and has_newer else None,
        "perPage": size,
    }
    return [shape(row) for row in shown], meta


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else default
