"""What every answer says about itself, whoever made it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control

NEVER_KEPT = "private, no-store"
# For views: nothing between us and the browser keeps their pages, and neither does the browser.
private_page = cache_control(private=True, no_store=True)


class HeadersMiddleware:
    """Say who may embed an answer, and keep what is personal out of every cache.

    A view that says nothing about keeping, asked by somebody who is signed in or answering with a cookie, is taken to
    have said something personal.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-site")
        if "Cache-Control" not in response and (_is_somebody(request) or response.cookies):
            response["Cache-Control"] = NEVER_KEPT
        elif "public" in response.get("Cache-Control", "") and "Vary" in response:
            # The view has said that it is the same for everybody; that somebody along the way looked who asks does not
            # make it another one for each cookie.
            _vary_by_no_cookie(response)
        return response


def _vary_by_no_cookie(response: HttpResponse) -> None:
    names = [name.strip() for name in response["Vary"].split(",")]
    response["Vary"] = ", ".join(name for name in names if name.lower() != "cookie")
    if not response["Vary"]:
        del response["Vary"]


def _is_somebody(request: HttpRequest) -> bool:
    return "Authorization" in request.headers or any(name in request.COOKIES for name in settings.PERSONAL_COOKIES)
