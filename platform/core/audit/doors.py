"""Refusals seen from outside: whatever said no, the answer's status tells."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from core import audit
from core.audit.context import Context
from core.audit.states import Door

# How addresses name a restaurant, so that whoever tries at one is counted there: /api/restaurants/:id/…, …/today/:id/.
_RESTAURANT = re.compile(r"\b(?:restaurants|today)/<uuid:(\w+)>")
_CODES = {"csrf_failed": "access.csrf_failed", "second_factor_required": "access.no_second_factor"}


def door_of(request: HttpRequest) -> str:
    if request.path.startswith("/api/"):
        return Door.API
    return Door.ADMIN if _is_admin(request) else Door.PAGE


def note_refusal(request: HttpRequest, response: HttpResponse, context: Context) -> None:
    """Note a 403, a 429, and in the back office a 404: there a row of another house is "not found".

    What already noted something about access itself is not noted again. A 401 is an invitation to sign in, no event.
    """
    if response.status_code not in (403, 404, 429) or any(name.startswith("access.") for name in context.noted):
        return
    details = {"path": _shape(request), "method": request.method}
    if response.status_code == 429:
        audit.note("access.limited", details=details)
    elif response.status_code == 404:
        if context.door == Door.ADMIN and _is_signed_in(request) and _has_key(request):
            audit.note(
                "access.out_of_scope",
                target=_asked_for(request),
                restaurant_id=_restaurant_of(request),
                details=details,
            )
    else:
        code = _code(response)
        audit.note(
            _CODES.get(code, "access.refused"),
            target=_asked_for(request),
            restaurant_id=_restaurant_of(request),
            details={**details, "code": code},
        )


def _is_admin(request: HttpRequest) -> bool:
    try:
        return request.path.startswith(reverse("admin:index"))
    except NoReverseMatch:
        return False


def _is_signed_in(request: HttpRequest) -> bool:
    return bool(getattr(getattr(request, "user", None), "is_authenticated", False))


def _has_key(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and bool(match.kwargs or match.args)


def _asked_for(request: HttpRequest) -> tuple[str, str] | None:
    """Return what the address names: the view, and the key in it."""
    match = request.resolver_match
    if match is None:
        return None
    keys = [str(value) for value in (*match.kwargs.values(), *match.args) if value]
    return match.view_name or "", keys[0] if keys else ""


def _restaurant_of(request: HttpRequest) -> str | None:
    match = request.resolver_match
    named = _RESTAURANT.search(match.route) if match is not None else None
    return str(match.kwargs[named[1]]) if match is not None and named is not None else None


def _shape(request: HttpRequest) -> str:
    """Return the route and not the address as it came: what stands in it could be somebody's."""
    match = request.resolver_match
    return match.route if match is not None else "(unknown)"


def _code(response: Any) -> str:
    data = getattr(response, "data", None)
    code = data.get("code") if isinstance(data, dict) else getattr(response, "refusal_code", None)
    return str(code or "not_allowed")
