"""Which content security policy an answer carries, decided here by its path and nowhere else."""

import logging
import re
from typing import Any

import orjson
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.limits import Limit, address_of

logger = logging.getLogger(__name__)

BACK_OFFICE = "/admin/"
API_DOCS = "/api/docs"
WIDGET = re.compile(r"^/[A-Za-z-]+/r/[^/]+/widget/$")
LARGEST_REPORT = 16 * 1024
REPORTS = Limit("csp.reports", most=20, seconds=60, spreads_load=True)


class PolicyMiddleware(CSPMiddleware):
    """Gives the back office and the API's page policies of their own; everywhere else the strict one holds.

    The back office's theme evaluates expressions in attributes and sets styles inline, Swagger UI sets styles inline.
    All three stand in the settings.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        own = _own_policy(request.path_info)
        if parts.config is None and own is not None:
            # What is only reported is reported of diners' pages.
            parts.config = {} if report_only else own
        return parts


def _own_policy(path: str) -> dict[str, Any] | None:
    if path.startswith(BACK_OFFICE):
        return settings.BACK_OFFICE_POLICY
    if WIDGET.match(path):
        return settings.WIDGET_POLICY
    # The page of refusals is a page like others.
    if path.rstrip("/") == API_DOCS:
        return settings.API_DOCS_POLICY
    return None


@csrf_exempt
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Take note of what a policy forbade in somebody's browser: the rule, what broke it, on which page."""
    REPORTS.take(address_of(request))
    if request.content_type not in ("application/csp-report", "application/reports+json", "application/json"):
        return HttpResponse(status=415)
    raw = request.read(LARGEST_REPORT + 1)
    if len(raw) > LARGEST_REPORT:
        return HttpResponse(status=413)
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return HttpResponse(status=400)
    for each in (told if isinstance(told, list) else [told])[:10]:
        body = each.get("csp-report", each.get("body")) if isinstance(each, dict) else None
        if isinstance(body, dict):
            _write_down(body)
    return HttpResponse(status=204)


def _write_down(body: dict[str, Any]) -> None:
    def part(*names: str) -> str:
        found = next((body[name] for name in names if isinstance(body.get(name), str)), "")
        # Without the query, which may hold a token; and nothing that could make a second line of the log.
        return "".join(c for c in found.partition("?")[0].partition("#")[0][:200] if c.isprintable())

    logger.warning(
        "A browser met a content security policy (%s): %s kept %r off %r",
        part("disposition"),
        part("effective-directive", "effectiveDirective", "violated-directive"),
        part("blocked-uri", "blockedURL"),
        part("document-uri", "documentURL"),
    )
