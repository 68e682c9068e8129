"""Who is asking, and how surely we know it."""

import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.sign_in_records import passed_second_factor

# Where a request names somebody, or goes on with what was begun for them.
_NAMING = re.compile(r"/api/auth/|/[a-z]{2}(?:-[a-z]+)?/account/|/api/restaurants/[^/]+/invitations$", re.IGNORECASE)


class EvenPaceMiddleware:
    """Answers no sooner than settings.ACCOUNT_ANSWERS_TAKE (seconds) to what names somebody who may have an account,
    and than ACCOUNT_SIGN_UPS_TAKE to who makes one: that writes more than finding one that is there.

    To write to somebody takes a millisecond or two longer than to write to nobody, and on a quiet machine that shows
    (benchmarks/login_timing.py). What takes longer anyway, a password's hash, takes equally long for both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        if request.method == "POST" and _NAMING.match(request.path):
            is_sign_up = request.path.rstrip("/").endswith("/register")
            least = settings.ACCOUNT_SIGN_UPS_TAKE if is_sign_up else settings.ACCOUNT_ANSWERS_TAKE
            time.sleep(max(0.0, least - (time.monotonic() - began)))
        return response


class SecondFactorMiddleware:
    """Tells `request.user` whether this session has seen a second factor; what staff may do depends on it.

    The place of django-otp's own middleware: `user.is_verified()` answers as it does there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Lazily, like Django's: a page that does not ask who is there must not read the session. Asked anew, it looks
        # anew: allauth empties the object when a request takes up another session.
        request.user = SimpleLazyObject(lambda: marked(get_user(request), request.session))  # type: ignore[assignment]
        return self.get_response(request)


def marked(person: Any, session: Any) -> Any:
    """Return the person, with what this session knows of their second factor."""
    if person.is_authenticated and isinstance(person, User):
        person.passed_second_factor = passed_second_factor(session, person)
    return person
