"""One-use tickets with which programs open a live connection: a WebSocket's handshake carries no Bearer token.

A ticket lives half a minute in Redis, stands in the connection's address, and is gone when it has been looked at once.
"""

import json
import secrets
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from accounts.models import User
from accounts.tokens import services
from core.errors import Unavailable
from core.redis import client, key

SECONDS = 30


def issue(*, user: User, family: UUID) -> str:
    """Return a new ticket for who is signed in.

    :raises core.errors.Unavailable: when it cannot be kept
    """
    ticket = secrets.token_urlsafe(32)
    said = json.dumps([str(user.public_id), family.hex, user.passed_second_factor])
    try:
        client().set(key("ticket", ticket), said, ex=SECONDS)
    except (RedisError, OSError) as error:
        raise Unavailable from error
    return ticket


def take(ticket: str) -> tuple[User, UUID] | None:
    """Return whose ticket this is and their log-in; None for one that was used, ran out, or never was."""
    if not ticket or len(ticket) > 100:
        return None
    try:
        found: Any = client().getdel(key("ticket", ticket))
    except (RedisError, OSError) as error:
        raise Unavailable from error
    if not found:
        return None
    public_id, family, passed = json.loads(found)
    if services.is_revoked(UUID(hex=family)):
        return None
    user = User.objects.filter(public_id=public_id, is_active=True).first()
    if user is None:
        return None
    user.passed_second_factor = bool(passed)
    return user, UUID(hex=family)
