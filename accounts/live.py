"""Live connections of people who are signed in: who may open one, who they are, and when they must be closed.

A browser says from whose page it asks (`Origin`), which must be ours. A program says nothing of the kind; it shows a
one-use ticket instead. Whoever shows neither could be a page elsewhere that borrows a visitor's cookies.
"""

from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.auth import AuthMiddleware
from channels.db import database_sync_to_async
from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings

from accounts.middleware import marked
from accounts.models import User
from accounts.tokens import services, tickets
from core.realtime import announce

# Codes of closing, all from the range for applications.
LOGIN_ENDED, NOT_ALLOWED, SECOND_FACTOR_REQUIRED = 4401, 4403, 4428


class OriginOrTicket(OriginValidator):
    """Channels' own, which also lets in who sends no `Origin` but a ticket; SignedInMiddleware tears that off."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.ALLOWED_HOSTS)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if _ticket_in(scope) and not any(name == b"origin" for name, _value in scope["headers"]):
            return await self.application({**scope, "needs_ticket": True}, receive, send)
        return await super().__call__(scope, receive, send)


class SignedInMiddleware(AuthMiddleware):
    """Channels' own, which also says whether this session has seen a second factor, and takes tickets."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        scope = dict(scope)
        self.populate_scope(scope)
        await self.resolve_scope(scope)
        application = WebsocketDenier() if scope.get("needs_ticket") else self.inner
        return await application(scope, receive, send)

    async def resolve_scope(self, scope: dict[str, Any]) -> None:
        await super().resolve_scope(scope)
        await database_sync_to_async(marked)(scope["user"], scope["session"])
        ticket = _ticket_in(scope)
        if ticket and (found := await database_sync_to_async(tickets.take)(ticket)) is not None:
            scope["user"], family = found
            scope["needs_ticket"] = False
            # What consumers ask a session for; a program has none that it could show here.
            scope["session"] = {services.SESSION_KEY: family.hex}


def _ticket_in(scope: dict[str, Any]) -> str:
    return parse_qs(scope.get("query_string", b"").decode("latin1")).get("ticket", [""])[0]


def roles_group(public_id: UUID) -> str:
    """Return the group that a person's live connections join to hear that their roles have changed."""
    return f"roles.{public_id.hex}"


def announce_roles(user: User) -> None:
    """Tell a person's live connections to look again what they may do, once the transaction has committed."""
    announce(roles_group(user.public_id), {"type": "roles.changed"})
