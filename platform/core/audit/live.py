"""The audit's context for live connections; stands inside whatever finds out who is there."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from core import audit
from core.audit.context import REQUEST_ID_HEADER, Context, _current, sane_request_id, write_what_was_put_off

_RESTAURANT = re.compile(r"/restaurants/([0-9a-f-]{36})/")
# Why a connection was closed, by the codes of accounts.live; 4401 is an invitation to sign in, no event.
REFUSALS = {4403: "access.refused", 4428: "access.no_second_factor"}


class LiveContext:
    """Wraps the router of live connections: what a consumer records names the person, the door and the address."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope.get("headers", ())}
        client = scope.get("client") or ("", 0)
        context = Context(
            door="ws",
            request_id=sane_request_id(headers.get(REQUEST_ID_HEADER.lower())),
            person=scope.get("user"),
            address=str(client[0] or ""),
            user_agent=headers.get("user-agent", ""),
        )

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close" and (action := REFUSALS.get(message.get("code", 0))):
                await sync_to_async(_note)(action, scope)
            await send(message)

        before = _current.get()
        _current.set(context)
        try:
            await self.application(scope, receive, noting)
        finally:
            if context.put_off:
                await sync_to_async(write_what_was_put_off)(context)
            _current.set(before)


def _note(action: str, scope: dict[str, Any]) -> None:
    # The router below keeps to itself what it read out of the address.
    named = _RESTAURANT.search(scope.get("path", ""))
    restaurant = named[1] if named else ""
    audit.note(action, target=("ws", restaurant), restaurant_id=restaurant or None)
