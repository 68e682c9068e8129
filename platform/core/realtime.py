"""News for screens that are open right now: a nicety, never a promise."""

import re
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.redis import client

_GROUP = re.compile(r"^[A-Za-z0-9._-]{1,99}$")


def announce(group: str, message: dict[str, Any]) -> None:
    """Send a message to a group of open sockets once the transaction has committed; lost when Redis is away.

    :param group: ASCII letters, digits, hyphens, underscores, full stops; under 100 characters
    :param message: plain values; `type` names the consumer's handler, as in `{"type": "availability.changed"}`
    :raises ValueError: for a group or message that no consumer could hear
    """
    if not _GROUP.match(group):
        raise ValueError(f"{group!r} is no name for a group of sockets.")
    if "type" not in message:
        raise ValueError("A message to a group needs its type, which names the consumer's handler.")
    transaction.on_commit(lambda: send(group, message), robust=True)


def send(group: str, message: dict[str, Any]) -> bool:
    """Send at once and tell whether Redis took it; use announce() wherever something is being written."""
    if redis_breaker.is_open:
        return False
    layer = get_channel_layer()
    try:
        if isinstance(layer, RedisPubSubChannelLayer):
            # What the layer's own group_send() does, without opening an event loop and a connection for each message.
            client().publish(f"{_prefix()}__group__{group}", layer.serialize(message))
        elif layer is not None:
            async_to_sync(layer.group_send)(group, message)
    except (RedisError, OSError) as error:
        redis_breaker.failed(error, "live update")
        return False
    return True


def _prefix() -> str:
    layers: dict[str, Any] = settings.CHANNEL_LAYERS
    return str(layers["default"]["CONFIG"]["prefix"])
