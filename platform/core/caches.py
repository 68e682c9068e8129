"""The cache that says when it cannot answer.

Rate limits, one-time codes and sessions live in it, and for them "nothing there" opens a door. Bodies that may be lost
are kept by `core.hotcache`.
"""

import functools
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.breaker import redis_breaker
from core.errors import Unavailable


def _strict(method: str) -> Callable[..., Any]:
    original = getattr(RedisCache, method)

    @functools.wraps(original)
    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        if redis_breaker.is_open:
            raise Unavailable
        try:
            return original(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            redis_breaker.failed(error, f"cache {method}")
            raise Unavailable from error

    return call


class KeptClient(RedisCacheClient):
    """Keeps redis-py's client for each pool: Django makes one for each command, which takes longer than the command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[Any, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        if pool not in self._kept:
            self._kept[pool] = self._client(connection_pool=pool)  # type: ignore[attr-defined]
        return self._kept[pool]


class StrictRedisCache(RedisCache):
    """Django's Redis cache; while Redis is away every call raises `core.errors.Unavailable`, at once."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {"retry": Retry(NoBackoff(), 0), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = KeptClient

    get = _strict("get")
    get_many = _strict("get_many")
    has_key = _strict("has_key")
    add = _strict("add")
    set = _strict("set")
    set_many = _strict("set_many")
    touch = _strict("touch")
    incr = _strict("incr")
    delete = _strict("delete")
    delete_many = _strict("delete_many")
    clear = _strict("clear")
