"""One small, impatient Redis client per process, for what is not a cache."""

import os
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# Trying again is the caller's decision (core.breaker); the library's own default would wait for seconds.
IMPATIENT: dict[str, Any] = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 1.0,
    "retry": Retry(NoBackoff(), 0),
}


def client() -> redis.Redis:
    """Return this process's client; every call may raise redis.RedisError within about a second."""
    return _client(os.getpid(), settings.REDIS_URL)


@cache
def _client(pid: int, url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **IMPATIENT)


def key(*parts: str) -> str:
    """Return a key inside Buka's part of the server."""
    return settings.REDIS_PREFIX + ":".join(parts)
