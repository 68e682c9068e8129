"""What the programs' side of the gateways' controls has in common: JSON in, JSON out, a sentence for what is wrong."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

Answer = dict[str, Any] | None


class BadAsk(Exception):
    """A control was asked for something that it cannot do; says why in a sentence."""


def control(*methods: str) -> Callable[[Callable[..., Answer]], Callable[..., HttpResponse]]:
    """Make a control of a function that returns what is answered as JSON; None is an empty 204.

    A `BadAsk` becomes a 400. No cookie decides anything here; pages of other places are turned away by what
    browsers say of them.
    """

    def wrap(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_http_methods(list(methods))
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
                return JsonResponse({"error": "Pages of other places cannot use the controls."}, status=403)
            try:
                said = view(request, *args, **kwargs)
            except BadAsk as bad:
                return JsonResponse({"error": str(bad)}, status=400)
            return HttpResponse(status=204) if said is None else JsonResponse(said)

        return answer

    return wrap


def asked(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that was sent; an empty body is an empty one.

    :raises BadAsk: for everything else
    """
    try:
        found = read_json(request.body or b"{}")
    except ValueError as wrong:
        raise BadAsk("Write JSON.") from wrong
    if not isinstance(found, dict):
        raise BadAsk("Write a JSON object.")
    return found


def read_json(raw: bytes) -> Any:
    """Return what JSON says that can be written again: without NaN, halves of characters, or depths without end.

    :raises ValueError: for everything else
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON.")

    try:
        found = json.loads(raw, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as deep:
        raise ValueError("This is nested too deeply.") from deep
    return found


def whole(request: HttpRequest, name: str, default: int, most: int) -> int:
    """Return a number of the query.

    :raises BadAsk: when it is none from 0 to the most
    """
    text = request.GET.get(name, "") or str(default)
    if not text.isdecimal() or int(text) > most:
        raise BadAsk(f"{name} must be a whole number from 0 to {most}.")
    return int(text)
