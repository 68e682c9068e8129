"""What Buka answers when something went wrong: problem details below /api/, a page elsewhere."""

import logging
from http import HTTPStatus

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from core import limits
from core.api import problems
from core.csp import BACK_OFFICE
from core.errors import TooManyAttempts

logger = logging.getLogger(__name__)

_BARE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{sentence}</p></html>"
)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    sentence = _("We could not understand this request.")
    if isinstance(exception, DisallowedHost):
        # The frame of a page asks for the host, too; and whoever asks for another one is no reader of pages.
        return HttpResponse(_BARE.format(title=HTTPStatus(400).phrase, sentence=sentence), status=400)
    return refusal(request, 400, "bad_request", sentence)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refusal(request, 403, "not_allowed", _("You may not see this page."))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refusal(request, 404, "not_found", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    return refusal(request, 500, "server_error", _("Something went wrong on our side. We have been told."))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return refusal(request, 429, "too_many_attempts", str(TooManyAttempts.message))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("This form was open for too long or came from another page. Go back, reload the page and try again.")
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return refusal(request, 403, "csrf_failed", sentence, again=came_from if is_ours else request.get_full_path())


def refusal(request: HttpRequest, status: int, code: str, sentence: str, **more: str) -> HttpResponse:
    """Answer with a page, a fragment for htmx, or problem details, whichever the asker understands.

    :param more: what the page of this code or status needs besides
    """
    if request.path.startswith("/api/"):
        return problems.respond(request, status=status, code=code, detail=sentence)
    context = {"status": status, "code": code, "title": HTTPStatus(status).phrase, "sentence": sentence, **more}
    context["refused"] = limits.refused(request)
    names = [f"{code}.html", f"{status}.html", "400.html"]
    if request.path.startswith(BACK_OFFICE):
        names.insert(1, f"back_office_{status}.html")
    if request.headers.get("HX-Request") == "true":
        names = ["error_fragment.html"]
    try:
        body = loader.select_template(names).render(context, request)
    except Exception:
        # What broke a page may break the frame of its error page, too; the bare one stands on nothing.
        logger.exception("The page for %d could not be rendered", status)
        body = _BARE.format(title=context["title"], sentence=sentence)
    response = HttpResponse(body, status=status)
    response.refusal_code = code  # type: ignore[attr-defined]  # the audit reads it
    return response
