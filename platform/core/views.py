"""What Buka answers when something went wrong: problem details below /api/, a page elsewhere."""

import logging
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from core.api import problems

logger = logging.getLogger(__name__)

_BARE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{sentence}</p></html>"
)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refusal(request, 400, "bad_request", _("We could not understand this request."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refusal(request, 403, "not_allowed", _("You may not see this page."))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refusal(request, 404, "not_found", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    return refusal(request, 500, "server_error", _("Something went wrong on our side. We have been told."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("This form was open for too long or came from another page. Go back, reload the page and try again.")
    return refusal(request, 403, "csrf_failed", sentence)


def refusal(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    """Answer with a page, a fragment for htmx, or problem details, whichever the asker understands."""
    if request.path.startswith("/api/"):
        return problems.respond(request, status=status, code=code, detail=sentence)
    context = {"status": status, "code": code, "title": HTTPStatus(status).phrase, "sentence": sentence}
    names = [f"{status}.html", "400.html"]
    if request.headers.get("HX-Request") == "true":
        names = ["error_fragment.html"]
    try:
        body = loader.select_template(names).render(context, request)
    except Exception:
        # What broke a page may break the frame of its error page, too; the bare one stands on nothing.
        logger.exception("The page for %d could not be rendered", status)
        body = _BARE.format(title=context["title"], sentence=sentence)
    return HttpResponse(body, status=status)
