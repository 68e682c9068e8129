"""News for screens that are open right now: a nicety, never a promise."""

import asyncio
import threading
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from core.breaker import redis_breaker

TIMEOUT = 1.0


def announce(group: str, message: dict[str, Any]) -> None:
    """Send a message to a group of open sockets once the transaction has committed; lost when Redis is away.

    :param group: ASCII letters, digits, hyphens, underscores, full stops; under 100 characters
    :param message: plain values; `type` names the consumer's handler, as in `{"type": "availability.changed"}`
    """
    if "type" not in message:
        raise ValueError("A message to a group needs its type, which names the consumer's handler.")
    transaction.on_commit(lambda: send(group, message), robust=True)


def send(group: str, message: dict[str, Any]) -> bool:
    """Send at once and tell whether Redis took it; use announce() wherever something is being written."""
    if redis_breaker.is_open:
        return False
    try:
        _in_a_thread_without_loop(group, message)
    except (OSError, TimeoutError, ConnectionError, *_redis_errors()) as error:
        redis_breaker.failed(error, "live update")
        return False
    return True


def _redis_errors() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return (RedisError,)


async def _send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await asyncio.wait_for(layer.group_send(group, message), TIMEOUT)


def _in_a_thread_without_loop(group: str, message: dict[str, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(_send)(group, message)
        return
    # A thread that runs an event loop may not wait for one; borrow another.
    failure: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(_send(group, message))
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="announce")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
