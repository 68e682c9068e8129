"""Signing in and out, whichever door was used, seen from the browser: its token cookies follow its session."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts import known_devices
from accounts.tokens import cookies, services
from accounts.tokens.states import Client

# Set on the request by accounts.receivers, which hear what allauth did in it.
SIGNED_IN, SIGNED_OUT, CHANGED = "buka_signed_in", "buka_signed_out", "buka_login_changed"


class TokenCookieMiddleware:
    """Sets a browser's access and refresh cookies when somebody signs in, and drops them when they sign out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session: Any = request.session
        if getattr(request, SIGNED_IN, False) and request.user.is_authenticated:
            user = request.user
            agent = request.headers.get("User-Agent", "")
            cookies.put(
                response, services.open_family(user=user, session=session, client=Client.BROWSER, user_agent=agent)
            )
            known_devices.remember(request, response, user)
        elif getattr(request, SIGNED_OUT, False):
            cookies.drop(response)
        elif getattr(request, CHANGED, False) and request.user.is_authenticated:
            pair = services.renew(session=session, user=request.user)
            if pair is not None:
                cookies.put(response, pair)
        return response
