"""Sessions in Redis, and what becomes of their people while it is away.

Django's own cache sessions take a store that does not answer for an empty one, and send the browser a cookie that ends
the session: everybody would be logged out. Here nobody is. A page that strangers may read is shown as to a stranger;
whatever needs to know who asks is refused with 503, and so is everything that changes something.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.sessions.backends.cache import SessionStore as CacheSessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from core import refusals
from core.errors import DomainError, Unavailable

SAFE = ("GET", "HEAD", "OPTIONS")
LOG_IN_PAGES = ("account_login", "account_reauthenticate", "login")
_KEY = re.compile(r"[a-z0-9]{32}")
TRY_AGAIN_LATER = 4503


class SessionEnded(DomainError):
    code = "session_ended"
    message = _("You have just been logged out, perhaps from another device. Please log in again.")
    status = 401


class SessionStore(CacheSessionStore):
    """Django's cache sessions; a store that cannot be reached is not an empty one.

    With `as_stranger` it reads as one, and says that it `is_away`.

    :raises core.errors.Unavailable: on saving, ending and, without `as_stranger`, reading
    """

    _cache: Any
    as_stranger = False
    is_away = False

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and _KEY.fullmatch(key) is not None

    def exists(self, session_key: Any) -> bool:
        return self._validate_session_key(session_key) and super().exists(session_key)

    async def aexists(self, session_key: Any) -> bool:
        return self._validate_session_key(session_key) and await super().aexists(session_key)

    def load(self) -> dict[str, Any]:
        try:
            data = self._cache.get(self.cache_key)
        except Unavailable as error:
            return self._away(error)
        return self._found(data)

    async def aload(self) -> dict[str, Any]:
        try:
            data = await self._cache.aget(await self.acache_key())
        except Unavailable as error:
            return self._away(error)
        return self._found(data)

    def _away(self, error: Unavailable) -> dict[str, Any]:
        """Return what a stranger has.

        :raises core.errors.Unavailable: the error at hand, for whoever must know
        """
        if not self.as_stranger:
            raise error
        self.is_away = True
        return {}

    def _found(self, data: dict[str, Any] | None) -> dict[str, Any]:
        if data is None:
            self._session_key = None
            return {}
        return data


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's, for a store that may be away."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        session: Any = request.session
        session.as_stranger = True

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        session: Any = request.session
        if request.method not in SAFE and session.session_key is not None:
            # Nothing is begun in somebody's name before it is known in whose.
            session.get("")
            if session.is_away:
                return refusals.answer(request, Unavailable())
        return None

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        session: Any = request.session
        if session.is_away:
            # Neither saved nor deleted: when Redis is back, the same cookie opens the same session.
            return refusals.answer(request, Unavailable()) if _asks_who(response) else response
        try:
            return super().process_response(request, response)
        except Unavailable as error:
            return refusals.answer(request, error)
        except SessionInterrupted:
            session.flush()
            # Once more, and with an empty session it takes the cookie away.
            return super().process_response(request, refusals.answer(request, SessionEnded()))


def _asks_who(response: HttpResponseBase) -> bool:
    """Tell whether a stranger was refused what somebody with a session might have got."""
    if response.status_code in (401, 403, 404):
        return True
    if response.status_code not in (302, 303):
        return False
    try:
        return resolve(urlsplit(response["Location"]).path).url_name in LOG_IN_PAGES
    except Resolver404:
        return False


class CloseWhileAway:
    """Ask live connections to come back later while nobody can tell whose they are."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.application(scope, receive, send)
        except Unavailable:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
