"""Which language a request is answered in, and how a choice is remembered."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from localization.languages import Language, accepted_language, default_language, known

_REMEMBER = "_language_to_remember"


def by_cookie(request: HttpRequest) -> Language | None:
    return known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))


def by_browser(request: HttpRequest) -> Language | None:
    return accepted_language(request.headers.get("Accept-Language", ""))


def by_account(request: HttpRequest) -> Language | None:
    """Return the signed-in person's language. Looks nobody up for a visitor without a session."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user: Any = getattr(request, "user", None)
    return known(getattr(user, "language", None)) if user is not None and user.is_authenticated else None


def of_visitor(request: HttpRequest) -> Language:
    """Return the language a visitor has chosen, else the one the browser asks for, else English."""
    return by_cookie(request) or by_browser(request) or default_language()


def remember(request: HttpRequest, language: Language) -> None:
    """Have the answer to this request carry the language's cookie."""
    # A REST framework request wraps Django's, and the middleware sees only the inner one.
    setattr(getattr(request, "_request", request), _REMEMBER, language)


def write_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Write the cookie when something in this request asked for it."""
    language: Language | None = getattr(request, _REMEMBER, None)
    if language is None:
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language.code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )
