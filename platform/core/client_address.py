"""Whose address a request comes from. Decided here, once, for pages, API and live connections.

Only a proxy of ours may name somebody else's address, in `X-Real-IP`, which it overwrites; whether a peer is one
is said by `TRUSTED_PROXIES`. What anybody else writes into such headers is thrown away before anything reads it.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from core.proxies import UNIX, NotOneAddress, TrustedProxies

logger = logging.getLogger(__name__)

HEADER = "HTTP_X_REAL_IP"
SCHEME = "HTTP_X_FORWARDED_PROTO"
# Believed from nobody: `X-Real-IP` says the same without a list that everybody may add to.
NEVER = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class ClientAddressMiddleware:
    """Write the client's address into REMOTE_ADDR. The first of all: everything else reads it from there.

    It also lets `X-Forwarded-Proto` stand only where a trusted proxy wrote it, so that nobody makes plain HTTP look
    like HTTPS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.proxies: TrustedProxies = settings.TRUSTED_PROXIES

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        peer = str(meta.get("REMOTE_ADDR") or "")
        if peer == "unix:":
            # What some WSGI servers write for a unix socket.
            peer = ""
        try:
            meta["REMOTE_ADDR"] = self.proxies.client(peer, meta.get(HEADER))
        except NotOneAddress as error:
            logger.error("The proxy at %s sends X-Real-IP: %r, which is not one address.", peer or UNIX, str(error))
            return HttpResponseBadRequest("The proxy in front of this server names no client.\n", "text/plain")
        if not self.proxies.include(peer):
            meta.pop(SCHEME, None)
        for name in (HEADER, *NEVER):
            meta.pop(name, None)
        return self.get_response(request)


class ClientAddress:
    """The same for live connections: writes the client's address into the scope."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application
        self.proxies: TrustedProxies = settings.TRUSTED_PROXIES

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        peer, port = scope.get("client") or ("", 0)
        headers = [(name.lower().replace(b"_", b"-"), value) for name, value in scope.get("headers", ())]
        named = [value.decode("latin1") for name, value in headers if name == b"x-real-ip"]
        try:
            client = self.proxies.client(str(peer), ",".join(named) if named else None)
        except NotOneAddress as error:
            logger.error("The proxy at %s sends X-Real-IP: %r, which is not one address.", peer or UNIX, str(error))
            await send({"type": "websocket.close", "code": 4400})
            return
        unwanted = {_wire_name(name) for name in (HEADER, *NEVER)}
        if not self.proxies.include(str(peer)):
            unwanted.add(_wire_name(SCHEME))
        kept = [
            (name, value)
            for (name, value), (wire, _value) in zip(scope.get("headers", ()), headers, strict=True)
            if wire not in unwanted
        ]
        scope = {**scope, "client": [client, port] if client else None, "headers": kept}
        await self.application(scope, receive, send)


def _wire_name(name: str) -> bytes:
    return name.removeprefix("HTTP_").lower().replace("_", "-").encode()
