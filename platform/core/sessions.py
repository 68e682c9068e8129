"""Sessions that outlive Redis: kept in PostgreSQL, read from the cache (`SESSION_ENGINE = "core.sessions"`)."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore as CachedDatabaseStore
from django.core.cache import caches

KEY_PREFIX = "core.sessions"
# A log-out that Redis missed must not be undone by its return: what the cache holds is believed this long only.
BELIEVED_SECONDS = 60


class _Brief:
    """The cache, with nothing kept longer than a session may be believed."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def __contains__(self, key: str) -> bool:
        return key in self._cache

    def set(self, key: str, value: Any, timeout: float) -> None:
        self._cache.set(key, value, min(timeout, BELIEVED_SECONDS))

    async def aset(self, key: str, value: Any, timeout: float) -> None:
        await self._cache.aset(key, value, min(timeout, BELIEVED_SECONDS))


class SessionStore(CachedDatabaseStore):
    """Django's cached_db over the forgiving cache: while Redis is away the row answers, so nobody is logged out."""

    cache_key_prefix = KEY_PREFIX

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache: Any = _Brief(caches[settings.SESSION_CACHE_ALIAS])
