"""Reading the environment: converts, checks, and says in a sentence what to mend.

Everything `config.settings` needs from outside passes through `read()`; nothing else in Buka reads `os.environ`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, EnvValidationError

from core.embedded import paths

DEVELOPMENT_KEY = "development-only-never-in-production-" + "buka" * 8
MODES = ("development", "test", "production")


@dataclass(frozen=True)
class Environment:
    """What the surroundings ask of this process, already converted."""

    mode: str
    debug: bool
    secret_key: str
    base_url: str
    allowed_hosts: list[str]
    trusted_origins: list[str]
    home: Path
    sandbox_url: str | None
    database: dict[str, Any]
    database_pool: int
    test_database_name: str | None
    redis_url: str
    redis_prefix: str
    worker_concurrency: int
    email: dict[str, Any]
    static_root: Path
    media_root: Path
    hashed_static_files: bool
    ssl_redirect: bool
    behind_proxy: bool
    log_level: str
    outbound_blocked: bool

    @property
    def is_production(self) -> bool:
        return self.mode == "production"


def read(base_dir: Path) -> Environment:
    """Return the environment's settings, with the embedded set-up's where none are given.

    :raises ImproperlyConfigured: naming the variable, what is wrong with it and what to write instead
    """
    env = Env()
    try:
        return _read(env, base_dir)
    except (EnvError, EnvValidationError) as error:
        raise ImproperlyConfigured(f"{error}. docs/settings.md lists every variable.") from error


def _read(env: Env, base_dir: Path) -> Environment:
    mode = env.str("BUKA_ENV", "development")
    if mode not in MODES:
        raise ImproperlyConfigured(f"BUKA_ENV is {mode!r}; write one of {', '.join(MODES)}.")
    is_production = mode == "production"
    home = paths.home(base_dir)
    port = env.int("PORT", 8000)
    base_url = env.str("BUKA_BASE_URL", "" if is_production else f"http://127.0.0.1:{port}").rstrip("/")
    _must_be_given(
        is_production,
        env,
        {
            "SECRET_KEY": "a long random text: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
            "DATABASE_URL": "postgresql://user:password@host:5432/name",
            "REDIS_URL": "redis://host:6379/0",
            "BUKA_BASE_URL": "the address people open, as https://buka.example",
            "EMAIL_HOST": "the name of your mail server",
        },
    )
    secret_key = env.str("SECRET_KEY", DEVELOPMENT_KEY)
    if is_production and (secret_key == DEVELOPMENT_KEY or len(secret_key) < 50):
        raise ImproperlyConfigured("SECRET_KEY is a development key or shorter than 50 characters; make a new one.")
    if not base_url.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"BUKA_BASE_URL is {base_url!r}; write an address beginning with https://.")
    sandbox_port = env.int("SANDBOX_PORT", port + 1)
    host = urlsplit(base_url).hostname or "localhost"
    embedded = not env.str("DATABASE_URL", "")
    return Environment(
        mode=mode,
        debug=env.bool("BUKA_DEBUG", False) and not is_production,
        secret_key=secret_key,
        base_url=base_url,
        allowed_hosts=env.list("ALLOWED_HOSTS", [host] if is_production else [host, "localhost", "127.0.0.1", "[::1]"]),
        trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", [base_url]),
        home=home,
        sandbox_url=None if is_production else env.str("SANDBOX_URL", f"http://127.0.0.1:{sandbox_port}"),
        database=database_settings(env.str("DATABASE_URL", "") or paths.database_url(home)),
        database_pool=env.int("DATABASE_POOL", 0 if mode == "test" else 8),
        test_database_name=env.str("TEST_DATABASE_NAME", None),
        redis_url=_redis_url(env.str("REDIS_URL", "") or paths.redis_url(home)),
        redis_prefix=env.str("REDIS_PREFIX", "buka-test:" if mode == "test" else "buka:"),
        worker_concurrency=env.int("WORKER_CONCURRENCY", 2),
        email={
            "host": env.str("EMAIL_HOST", "127.0.0.1"),
            "port": env.int("EMAIL_PORT", 587 if is_production else port + 2),
            "user": env.str("EMAIL_USER", ""),
            "password": env.str("EMAIL_PASSWORD", ""),
            "tls": env.bool("EMAIL_TLS", is_production),
            "from": env.str(
                "EMAIL_FROM", f"Buka <tables@{host if '.' in host and host[-1].isalpha() else 'buka.example'}>"
            ),
        },
        static_root=Path(env.str("STATIC_ROOT", str(base_dir / "staticfiles" if not embedded else home / "static"))),
        media_root=Path(env.str("MEDIA_ROOT", str(home / "media"))),
        hashed_static_files=env.bool("HASHED_STATIC_FILES", mode != "test"),
        ssl_redirect=env.bool("SSL_REDIRECT", is_production and base_url.startswith("https://")),
        behind_proxy=env.bool("BEHIND_PROXY", False),
        log_level=env.str("LOG_LEVEL", "WARNING" if mode == "test" else "INFO").upper(),
        outbound_blocked=env.bool("OUTBOUND_BLOCKED", not is_production),
    )


def _must_be_given(is_production: bool, env: Env, wanted: dict[str, str]) -> None:
    missing = [f"  {name}: {what}" for name, what in wanted.items() if not env.str(name, "")]
    if is_production and missing:
        raise ImproperlyConfigured("BUKA_ENV is production, so these must be set:\n" + "\n".join(missing))


def database_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for a `postgresql://` address; the host may be a socket folder given as `?host=`.

    :raises ImproperlyConfigured: when the address is not PostgreSQL's or names no database
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(
            "DATABASE_URL does not begin with postgresql://. Buka needs PostgreSQL 15 or newer; "
            "write postgresql://user:password@host:5432/name."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database; write postgresql://user:password@host:5432/name.")
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured("DATABASE_URL has a port that is not a number.") from error
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": query.pop("port", None) or (str(port) if port else ""),
        "OPTIONS": query,
    }


def _redis_url(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            "REDIS_URL does not begin with redis://, rediss:// or unix://; write redis://host:6379/0."
        )
    return url


def celery_url(redis_url: str) -> str:
    """Return the broker address Celery understands for a Redis address; sockets are spelt differently there."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def static(path: str) -> str:
    """Return the address of a static file; asked at request time, when the files have been collected."""
    from django.templatetags.static import static as address_of

    return address_of(path)


def process_environment() -> dict[str, str]:
    """Return a copy of the environment, for processes started from this one."""
    return dict(os.environ)
