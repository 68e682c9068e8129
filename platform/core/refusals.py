"""A refusal as whoever asked understands it: a page, a fragment for htmx, problem details below /api/."""

from django.http import HttpRequest, HttpResponse
from django.template import loader

from core.api import problems
from core.errors import DomainError, NotFound

API = "/api/"


def answer(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return the response that tells of an error and carries its status."""
    if request.path.startswith(API):
        return problems.respond_to(request, error)
    fragment = request.headers.get("HX-Request") == "true"
    template = "domain_error_fragment.html" if fragment else "domain_error.html"
    context = {"error": error, "is_not_found": isinstance(error, NotFound)}
    body = loader.render_to_string(template, context, request)
    response = HttpResponse(body, status=error.status, headers=error.headers)
    response.refusal_code = error.code  # type: ignore[attr-defined]  # the audit reads it
    return response
