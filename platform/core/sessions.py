"""Sessions that outlive Redis: kept in PostgreSQL, read from the cache (`SESSION_ENGINE = "core.sessions"`)."""

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDatabaseStore

KEY_PREFIX = "core.sessions"


class SessionStore(CachedDatabaseStore):
    """Django's cached_db over the forgiving cache: while Redis is away the row answers, so nobody is logged out."""

    cache_key_prefix = KEY_PREFIX
