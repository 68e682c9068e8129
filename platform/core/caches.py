"""The cache that may be lost: while Redis is away every key is missing, and nothing waits for it."""

import functools
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError, TimeoutError
from redis.retry import Retry

from core.breaker import redis_breaker

_AWAY = (ConnectionError, TimeoutError, OSError)


def _forgiving(method: str, missing: Callable[..., Any]) -> Callable[..., Any]:
    original = getattr(RedisCache, method)

    @functools.wraps(original)
    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        if redis_breaker.is_open:
            return missing(*args, **kwargs)
        try:
            return original(self, *args, **kwargs)
        except _AWAY as error:
            redis_breaker.failed(error, f"cache {method}")
            return missing(*args, **kwargs)
        except RedisError as error:
            # A server that answers "loading" or "read only" is there but of no use.
            redis_breaker.failed(error, f"cache {method}")
            return missing(*args, **kwargs)

    return call


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; unreachable, it reads as empty and forgets what is written.

    Never for counters of attempts or anything else where "not there" opens a door.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {"retry": Retry(NoBackoff(), 0), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})

    get = _forgiving("get", lambda key, default=None, version=None: default)
    get_many = _forgiving("get_many", lambda keys, version=None: {})
    has_key = _forgiving("has_key", lambda key, version=None: False)
    add = _forgiving("add", lambda key, value, timeout=None, version=None: True)
    set = _forgiving("set", lambda key, value, timeout=None, version=None: None)
    set_many = _forgiving("set_many", lambda data, timeout=None, version=None: list(data))
    touch = _forgiving("touch", lambda key, timeout=None, version=None: False)
    delete = _forgiving("delete", lambda key, version=None: False)
    delete_many = _forgiving("delete_many", lambda keys, version=None: None)
    clear = _forgiving("clear", lambda: False)
