"""Reading the environment: converts, checks, and says in a sentence what to mend.

Everything `config.settings` needs from outside passes through `read()`; nothing else in Buka reads `os.environ`.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, EnvValidationError

from core.embedded import paths
from core.proxies import TrustedProxies

DEVELOPMENT_KEY = "development-only-never-in-production-" + "buka" * 8
DEVELOPMENT_MARK = b"development"
NEW_KEY = "python -c 'import base64, os; print(base64.b64encode(os.urandom({})).decode())'"
MODES = ("development", "test", "production")
# Made up, and known to the sandbox, which takes them for ours.
SANDBOX_PAYSTACK_KEY = f"sk_test_sandbox{'ours':0>31}"
SANDBOX_FLUTTERWAVE_KEY = f"FLWSECK_TEST-sandbox{'ours-X':0>28}"
SANDBOX_FLUTTERWAVE_HASH = "sandbox-secret-hash-ours"
PAYMENT_GATEWAYS = ("paystack", "flutterwave")
# Where their pages are on which people pay: a form that leads there, also by a redirect, must be allowed to.
CHECKOUT_PAGES = {
    "paystack": "https://checkout.paystack.com",
    "flutterwave": "https://checkout.flutterwave.com",
}


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
    private_root: Path
    hashed_static_files: bool
    ssl_redirect: bool
    trusted_proxies: TrustedProxies
    cors_origins: list[str]
    log_level: str
    outbound_blocked: bool
    webhooks_allow_private: bool
    encryption_keys: dict[str, bytes]
    blind_index_key: bytes
    blind_index_old_keys: list[bytes]
    token_keys: dict[str, bytes]
    audit_digest_file: str
    security_alert_email: list[str]
    social_providers: dict[str, Any]
    sms: dict[str, Any]
    payments: dict[str, Any]

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
    # A name, because passkeys belong to one; at 127.0.0.1 the same pages answer.
    base_url = env.str("BUKA_BASE_URL", "" if is_production else f"http://localhost:{port}").rstrip("/")
    _must_be_given(
        is_production,
        env,
        {
            "SECRET_KEY": "a long random text: python -c 'import secrets; print(secrets.token_urlsafe(64))'",
            "DATABASE_URL": "postgresql://user:password@host:5432/name",
            "REDIS_URL": "redis://host:6379/0",
            "BUKA_BASE_URL": "the address people open, as https://buka.example",
            "EMAIL_HOST": "the name of your mail server",
            "ENCRYPTION_KEYS": f"a name and 32 random bytes, as 2026a:{NEW_KEY.format(32)}",
            "BLIND_INDEX_KEY": f"32 random bytes: {NEW_KEY.format(32)}",
            "TOKEN_KEYS": f"a name and 64 random bytes, as 2026a:{NEW_KEY.format(64)}",
        },
    )
    secret_key = env.str("SECRET_KEY", DEVELOPMENT_KEY)
    if is_production and (secret_key == DEVELOPMENT_KEY or len(secret_key) < 50):
        raise ImproperlyConfigured("SECRET_KEY is a development key or shorter than 50 characters; make a new one.")
    if not base_url.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"BUKA_BASE_URL is {base_url!r}; write an address beginning with https://.")
    if is_production:
        _must_be_strict(env, base_url)
    sandbox_port = env.int("SANDBOX_PORT", port + 1)
    sandbox_url = None if is_production else env.str("SANDBOX_URL", f"http://127.0.0.1:{sandbox_port}")
    host = urlsplit(base_url).hostname or "localhost"
    embedded = not env.str("DATABASE_URL", "")
    return Environment(
        mode=mode,
        debug=env.bool("BUKA_DEBUG", False),
        secret_key=secret_key,
        base_url=base_url,
        allowed_hosts=env.list("ALLOWED_HOSTS", [host] if is_production else [host, "localhost", "127.0.0.1", "[::1]"]),
        trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", [base_url]),
        home=home,
        sandbox_url=sandbox_url,
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
        private_root=Path(env.str("PRIVATE_ROOT", str(home / "private"))),
        hashed_static_files=env.bool("HASHED_STATIC_FILES", mode != "test"),
        ssl_redirect=env.bool("SSL_REDIRECT", is_production and base_url.startswith("https://")),
        cors_origins=_cors_origins(env, is_production),
        trusted_proxies=_proxies(env.list("TRUSTED_PROXIES", [])),
        log_level=env.str("LOG_LEVEL", "WARNING" if mode == "test" else "INFO").upper(),
        outbound_blocked=env.bool("OUTBOUND_BLOCKED", not is_production),
        webhooks_allow_private=_webhooks_allow_private(env, is_production),
        encryption_keys=_ring(env, "ENCRYPTION_KEYS", 32, is_production),
        blind_index_key=_key(
            "BLIND_INDEX_KEY", env.str("BLIND_INDEX_KEY", _development("index", 32)), 32, is_production
        ),
        blind_index_old_keys=_old_keys(env, 32, is_production),
        token_keys=_ring(env, "TOKEN_KEYS", 64, is_production),
        audit_digest_file=env.str("AUDIT_DIGEST_FILE", ""),
        security_alert_email=env.list("SECURITY_ALERT_EMAIL", []),
        social_providers=_social_providers(env, sandbox_url),
        sms=_text_messages(env, sandbox_url),
        payments=_payments(env, sandbox_url, is_production),
    )


def _must_be_strict(env: Env, base_url: str) -> None:
    """Let no setting that is meant for a desk at home reach the world.

    :raises ImproperlyConfigured: naming the first one, and what to write instead
    """
    if not base_url.startswith("https://"):
        raise ImproperlyConfigured(
            f"BUKA_BASE_URL is {base_url!r}, and this is production: log-ins would cross the network in the open. "
            "Write the address beginning with https://."
        )
    for name in ("BUKA_DEBUG", "SANDBOX_URL"):
        if env.str(name, "").lower() not in ("", "0", "false", "no", "off"):
            raise ImproperlyConfigured(f"{name} is set, and this is production. Leave it out.")
    hosts: list[str] = env.list("ALLOWED_HOSTS", [])
    for host in hosts:
        if "*" in host or host.startswith("."):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS has {host!r}; in production each host is named, as buka.example: links in mails and "
                "what caches keep are made from the name that was asked for."
            )
    trusted: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
    for origin in trusted:
        if "*" in origin or not origin.startswith("https://"):
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}; in production each origin is named, beginning with https://."
            )
    if env.str("EMAIL_USER", "") and not env.bool("EMAIL_TLS", True):
        raise ImproperlyConfigured(
            "EMAIL_USER is set and EMAIL_TLS is off: the mail server's password would cross the network in the open. "
            "Leave EMAIL_TLS out."
        )


def _cors_origins(env: Env, is_production: bool) -> list[str]:
    return _origins("CORS_ALLOWED_ORIGINS", env.list("CORS_ALLOWED_ORIGINS", []), is_production)


def _origins(name: str, named: list[str], is_production: bool) -> list[str]:
    origins = [origin.strip() for origin in named if origin.strip()]
    for origin in origins:
        parts = urlsplit(origin)
        bare = f"{parts.scheme}://{parts.netloc}"
        odd = any(c in origin for c in "*@;,'\"") or any(c <= " " for c in origin)
        if origin != bare or parts.scheme not in ("http", "https") or odd:
            raise ImproperlyConfigured(
                f"{name} has {origin!r}; write origins, each by name, as https://app.example, without a path and "
                "without *."
            )
        if is_production and parts.scheme != "https":
            raise ImproperlyConfigured(f"{name} has {origin!r}; in production only https:// is let in.")
    return origins


def _proxies(entries: list[str]) -> TrustedProxies:
    try:
        proxies = TrustedProxies.of(entries)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES is a list of addresses, networks or the word unix, as 10.0.0.0/24,unix: {error}."
        ) from error
    if everybody := [network for network in proxies.networks if network.prefixlen == 0]:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES has {everybody[0]}: everybody could give themselves any address. Name your proxies only."
        )
    return proxies


def _development(name: str, length: int) -> str:
    """Return a key that everybody who reads this file knows; production refuses it."""
    return base64.urlsafe_b64encode((DEVELOPMENT_MARK + name.encode()).ljust(length, b"-")[:length]).decode()


def _key(name: str, text: str, length: int, is_production: bool) -> bytes:
    try:
        key = base64.b64decode(
            text.strip().replace("-", "+").replace("_", "/") + "=" * (-len(text.strip()) % 4), validate=True
        )
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not base64; make a new one: {NEW_KEY.format(length)}") from error
    if len(key) != length:
        raise ImproperlyConfigured(f"{name} has {len(key)} bytes and needs {length}: {NEW_KEY.format(length)}")
    if is_production and (key.startswith(DEVELOPMENT_MARK) or len(set(key)) < 8):
        raise ImproperlyConfigured(f"{name} is a development key; make a new one: {NEW_KEY.format(length)}")
    return key


def _ring(env: Env, name: str, length: int, is_production: bool) -> dict[str, bytes]:
    """Return keys by name, in the order given: the first writes, all read."""
    ring: dict[str, bytes] = {}
    for entry in env.list(name, [f"dev:{_development(name, length)}"]):
        key_name, colon, text = entry.strip().partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", key_name) or key_name in ring:
            raise ImproperlyConfigured(f"{name} is a list of name:key, each name once, separated by commas.")
        ring[key_name] = _key(name, text, length, is_production)
    if not ring:
        raise ImproperlyConfigured(f"{name} names no key; write name:key, with {NEW_KEY.format(length)}")
    return ring


def _old_keys(env: Env, length: int, is_production: bool) -> list[bytes]:
    texts: list[str] = env.list("BLIND_INDEX_OLD_KEYS", [])
    return [_key("BLIND_INDEX_OLD_KEYS", text, length, is_production) for text in texts]


def _social_providers(env: Env, sandbox_url: str | None) -> dict[str, Any]:
    """Return allauth's settings of the ways to log in through others; a provider without a client id is not offered.

    Where there is a sandbox both are played by it and need no keys.
    """
    secret = "sandbox-secret" if sandbox_url else ""
    google = _social_app(
        "GOOGLE",
        env.str("GOOGLE_CLIENT_ID", "buka-sandbox.apps.googleusercontent.com" if sandbox_url else ""),
        env.str("GOOGLE_CLIENT_SECRET", secret),
    )
    facebook = _social_app(
        "FACEBOOK",
        env.str("FACEBOOK_CLIENT_ID", "100000000000001" if sandbox_url else ""),
        env.str("FACEBOOK_CLIENT_SECRET", secret),
    )
    google_url = _url(
        "GOOGLE_BASE_URL", env.str("GOOGLE_BASE_URL", f"{sandbox_url}/openid/google" if sandbox_url else "")
    )
    facebook_url = _url(
        "FACEBOOK_BASE_URL", env.str("FACEBOOK_BASE_URL", f"{sandbox_url}/openid/facebook" if sandbox_url else "")
    )
    version = env.str("FACEBOOK_GRAPH_VERSION", "v23.0")
    return {
        "google": {
            "provider_class": "accounts.social_providers.google.provider.Google",
            "APPS": google,
            "SCOPE": ["openid", "email", "profile"],
            "OAUTH_PKCE_ENABLED": True,
            # Two people often share one phone: nobody is logged in as whoever used Google last.
            "AUTH_PARAMS": {"prompt": "select_account"},
            # Google looks after the addresses it calls verified: their owner is let into the account that has one.
            "EMAIL_AUTHENTICATION": True,
            "URLS": {
                "authorize": f"{google_url or 'https://accounts.google.com'}/o/oauth2/v2/auth",
                "token": f"{google_url or 'https://oauth2.googleapis.com'}/token",
                "keys": f"{google_url or 'https://www.googleapis.com'}/oauth2/v3/certs",
                "userinfo": f"{google_url or 'https://openidconnect.googleapis.com'}/v1/userinfo",
            },
        },
        "facebook": {
            "provider_class": "accounts.social_providers.facebook.provider.Facebook",
            "APPS": facebook,
            "SCOPE": ["email", "public_profile"],
            "OAUTH_PKCE_ENABLED": True,
            "EMAIL_AUTHENTICATION": False,
            "URLS": {
                "authorize": f"{facebook_url or 'https://www.facebook.com'}/{version}/dialog/oauth",
                "graph": f"{facebook_url or 'https://graph.facebook.com'}/{version}",
                "keys": f"{facebook_url or 'https://limited.facebook.com'}/.well-known/oauth/openid/jwks/",
            },
        },
    }


def _social_app(name: str, client_id: str, secret: str) -> list[dict[str, str]]:
    if bool(client_id) != bool(secret):
        raise ImproperlyConfigured(f"{name}_CLIENT_ID and {name}_CLIENT_SECRET belong together; set both, or neither.")
    return [{"client_id": client_id, "secret": secret}] if client_id else []


def _url(name: str, text: str) -> str:
    url = text.rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"{name} is {url!r}; write an address beginning with https://.")
    return url


def _text_messages(env: Env, sandbox_url: str | None) -> dict[str, Any]:
    """Return who carries text messages and how many there may be; without a provider none are offered."""
    africastalking, twilio = _africastalking(env, sandbox_url), _twilio(env, sandbox_url)
    with_keys = [
        name for name, keys in (("africastalking", africastalking["key"]), ("twilio", twilio["token"])) if keys
    ]
    carrier = env.str("SMS_PROVIDER", with_keys[0] if with_keys else "")
    others = [name for name in with_keys if name != carrier]
    fallback = env.str("SMS_FALLBACK_PROVIDER", others[0] if carrier and others else "")
    for variable, name in (("SMS_PROVIDER", carrier), ("SMS_FALLBACK_PROVIDER", fallback)):
        if name not in ("", "africastalking", "twilio"):
            raise ImproperlyConfigured(f"{variable} is {name!r}; write africastalking or twilio, or leave it empty.")
    if fallback and fallback == carrier:
        raise ImproperlyConfigured("SMS_FALLBACK_PROVIDER is another one than SMS_PROVIDER, or empty.")
    if "africastalking" in (carrier, fallback) and not (africastalking["key"] and africastalking["username"]):
        raise ImproperlyConfigured("Text messages need both AFRICASTALKING_USERNAME and AFRICASTALKING_API_KEY.")
    if "twilio" in (carrier, fallback) and not (twilio["account"] and twilio["token"]):
        raise ImproperlyConfigured("Twilio needs both TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    if "twilio" in (carrier, fallback) and not (twilio["sender"] or twilio["service"]):
        raise ImproperlyConfigured("Twilio needs TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID.")
    return {
        "provider": carrier,
        "fallback": fallback,
        **africastalking,
        "twilio": twilio,
        "per_number": env.int("SMS_PER_NUMBER_AND_HOUR", 3),
        "budgets": _budgets("SMS_DAILY_BUDGETS", env.list("SMS_DAILY_BUDGETS", ["234:5000", "*:200"])),
        "news_per_hour": env.int("SMS_NEWS_PER_NUMBER_AND_HOUR", 10),
        "news_per_day": env.int("SMS_NEWS_PER_NUMBER_AND_DAY", 30),
        "news_budgets": _budgets("SMS_NEWS_DAILY_BUDGETS", env.list("SMS_NEWS_DAILY_BUDGETS", ["234:20000", "*:200"])),
    }


def _budgets(variable: str, entries: list[str]) -> dict[str, int]:
    """Return how many text messages a day go to each calling code, `*` for all others."""
    budgets: dict[str, int] = {"*": 200}
    for entry in entries:
        country, colon, most = entry.strip().partition(":")
        if not colon or not re.fullmatch(r"[1-9][0-9]{0,2}|\*", country) or not most.isdecimal():
            raise ImproperlyConfigured(
                f"{variable} is a list of calling code:messages a day, * for all other countries, "
                "as 234:5000,44:300,*:50."
            )
        budgets[country] = int(most)
    return budgets


def _africastalking(env: Env, sandbox_url: str | None) -> dict[str, str]:
    sender = env.str("AFRICASTALKING_SENDER", "")
    if sender and not re.fullmatch(r"[A-Za-z0-9 ]{1,11}|\+?[0-9]{3,15}", sender):
        raise ImproperlyConfigured("AFRICASTALKING_SENDER is up to eleven letters and digits, or a short code.")
    return {
        "url": _url(
            "AFRICASTALKING_URL",
            env.str("AFRICASTALKING_URL", f"{sandbox_url}/sms" if sandbox_url else "https://api.africastalking.com"),
        ),
        "username": env.str("AFRICASTALKING_USERNAME", "sandbox" if sandbox_url else ""),
        "key": env.str("AFRICASTALKING_API_KEY", "sandbox-key" if sandbox_url else ""),
        "sender": sender,
    }


def _twilio(env: Env, sandbox_url: str | None) -> dict[str, str]:
    sender = env.str("TWILIO_FROM", "Buka" if sandbox_url else "")
    if sender and not re.fullmatch(r"[A-Za-z0-9 ]{1,11}|\+[1-9][0-9]{6,14}|[0-9]{3,8}", sender):
        raise ImproperlyConfigured(
            "TWILIO_FROM is a number in international form, a short code, or up to eleven letters and digits."
        )
    return {
        "url": _url(
            "TWILIO_URL", env.str("TWILIO_URL", f"{sandbox_url}/sms" if sandbox_url else "https://api.twilio.com")
        ),
        "account": env.str("TWILIO_ACCOUNT_SID", f"AC{'0' * 32}" if sandbox_url else ""),
        "token": env.str("TWILIO_AUTH_TOKEN", "sandbox-token" if sandbox_url else ""),
        "sender": sender,
        "service": env.str("TWILIO_MESSAGING_SERVICE_SID", ""),
    }


def _payments(env: Env, sandbox_url: str | None, is_production: bool) -> dict[str, Any]:
    """Return who takes payments and in which order they are offered; a gateway without a key is not offered.

    Where there is a sandbox it plays both, and its made-up keys are used where none are given.
    """
    paystack, flutterwave = _paystack(env, sandbox_url, is_production), _flutterwave(env, sandbox_url, is_production)
    with_keys = {"paystack": paystack["key"], "flutterwave": flutterwave["key"]}
    order = [name.strip() for name in env.list("PAYMENT_GATEWAYS", list(PAYMENT_GATEWAYS)) if name.strip()]
    for name in order:
        if name not in PAYMENT_GATEWAYS or order.count(name) > 1:
            raise ImproperlyConfigured(
                f"PAYMENT_GATEWAYS has {name!r}; write {' and '.join(PAYMENT_GATEWAYS)} in the order in which they are "
                "offered, each once, or one of them alone."
            )
    is_trial = env.bool("PAYMENTS_IN_TEST_MODE", False)
    _must_be_of_one_mode(with_keys, is_trial or not is_production, is_production)
    payouts_by = env.str("PAYOUTS_BY", "paystack" if sandbox_url and paystack["key"] else "file").strip()
    if payouts_by != "file" and not with_keys.get(payouts_by):
        raise ImproperlyConfigured(
            f"PAYOUTS_BY is {payouts_by!r}; write paystack or flutterwave, whichever there is a key for, or file, for "
            "payouts by a list that people upload at the bank."
        )
    pages = [CHECKOUT_PAGES[name] for name, key in with_keys.items() if key]
    if sandbox_url:
        pages = [f"{urlsplit(sandbox_url).scheme}://{urlsplit(sandbox_url).netloc}"]
    return {
        "gateways": [name for name in order if with_keys[name]],
        "paystack": paystack,
        "flutterwave": flutterwave,
        "payouts_by": payouts_by,
        "checkout_origins": _origins(
            "PAYMENT_CHECKOUT_ORIGINS", env.list("PAYMENT_CHECKOUT_ORIGINS", pages), is_production
        ),
    }


def _paystack(env: Env, sandbox_url: str | None, is_production: bool) -> dict[str, Any]:
    key = env.str("PAYSTACK_SECRET_KEY", SANDBOX_PAYSTACK_KEY if sandbox_url else "").strip()
    named: list[str] = env.list("PAYSTACK_PREVIOUS_SECRET_KEYS", [])
    previous = [each.strip() for each in named if each.strip()]
    for name, text in (("PAYSTACK_SECRET_KEY", key), *(("PAYSTACK_PREVIOUS_SECRET_KEYS", each) for each in previous)):
        # What is wrong with it is told without it: this stands in logs.
        if text and not re.fullmatch(r"sk_(test|live)_[A-Za-z0-9_-]{10,}", text):
            raise ImproperlyConfigured(
                f"{name} is no secret key of Paystack's: those begin with sk_test_ or sk_live_. (Keys that begin with "
                "pk_ are the public ones, which Buka does not use.)"
            )
        if text and text[:8] != key[:8]:
            raise ImproperlyConfigured(
                f"{name} is of another mode than PAYSTACK_SECRET_KEY: test and live have webhooks of their own. Name "
                "only keys that the one in use has replaced."
            )
    url = f"{sandbox_url}/paystack" if sandbox_url else "https://api.paystack.co"
    return {
        "key": key,
        "previous_keys": previous,
        "url": _gateway_url("PAYSTACK_BASE_URL", env.str("PAYSTACK_BASE_URL", url), is_production),
    }


def _flutterwave(env: Env, sandbox_url: str | None, is_production: bool) -> dict[str, Any]:
    key = env.str("FLUTTERWAVE_SECRET_KEY", SANDBOX_FLUTTERWAVE_KEY if sandbox_url else "").strip()
    secret_hash = env.str("FLUTTERWAVE_SECRET_HASH", SANDBOX_FLUTTERWAVE_HASH if sandbox_url else "")
    named: list[str] = env.list("FLUTTERWAVE_PREVIOUS_SECRET_HASHES", [])
    previous = [each for each in named if each]
    if key and not re.fullmatch(r"FLWSECK(_TEST)?-[A-Za-z0-9-]{10,}", key):
        raise ImproperlyConfigured(
            "FLUTTERWAVE_SECRET_KEY is no secret key of Flutterwave's v3: those begin with FLWSECK_TEST- or FLWSECK-. "
            "(FLWPUBK- are the public ones, which Buka does not use.)"
        )
    if key and not secret_hash:
        raise ImproperlyConfigured(
            "FLUTTERWAVE_SECRET_KEY is set and FLUTTERWAVE_SECRET_HASH is not: nobody could tell their webhooks from "
            "made-up ones. Write a long random text there and into Settings, Webhooks of their dashboard: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    for name, text in (
        ("FLUTTERWAVE_SECRET_HASH", secret_hash),
        *(("FLUTTERWAVE_PREVIOUS_SECRET_HASHES", each) for each in previous),
    ):
        if text and (len(text) < 16 or not text.isascii() or not text.isprintable() or text != text.strip()):
            raise ImproperlyConfigured(
                f"{name} has to be at least 16 plain letters, digits and signs, the same as in their dashboard: it "
                "is all that tells a webhook from a made-up one."
            )
    url = f"{sandbox_url}/flutterwave/v3" if sandbox_url else "https://api.flutterwave.com/v3"
    url = _gateway_url("FLUTTERWAVE_BASE_URL", env.str("FLUTTERWAVE_BASE_URL", url), is_production)
    if not url.endswith("/v3"):
        raise ImproperlyConfigured(
            f"FLUTTERWAVE_BASE_URL is {url!r}; Buka speaks version 3, whose address ends in /v3, as "
            "https://api.flutterwave.com/v3."
        )
    return {"key": key, "hash": secret_hash, "previous_hashes": previous, "url": url}


def _gateway_url(name: str, text: str, is_production: bool) -> str:
    url = _url(name, text)
    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} is not an address to ask; leave it out, and the right one is used.")
    if is_production and parts.scheme != "https":
        raise ImproperlyConfigured(
            f"{name} is {url!r}, and this is production: the key that moves money would cross the network in the open. "
            "Leave it out."
        )
    return url


def _must_be_of_one_mode(keys: Mapping[str, str], is_test_mode: bool, is_production: bool) -> None:
    """Let no test card pay for a real evening, and no real card for a demo one.

    :raises ImproperlyConfigured: naming the key that does not fit
    """
    for name, key in keys.items():
        variable = f"{name.upper()}_SECRET_KEY"
        is_test_key = key.startswith(("sk_test_", "FLWSECK_TEST-"))
        if key and is_test_key and not is_test_mode:
            raise ImproperlyConfigured(
                f"{variable} is a test key, and this is production: everybody could pay with a test card. Write the "
                "live key; or, on a trial server where nobody really pays, set PAYMENTS_IN_TEST_MODE to true."
            )
        if key and not is_test_key and is_test_mode:
            raise ImproperlyConfigured(
                f"{variable} is a live key, and "
                + (
                    "PAYMENTS_IN_TEST_MODE is on. Leave that out, or write test keys."
                    if is_production
                    else "this is not production: a trial would move real money. Write the test key, or leave it out "
                    "for the sandbox's."
                )
            )


def _webhooks_allow_private(env: Env, is_production: bool) -> bool:
    allowed = env.bool("WEBHOOKS_ALLOW_PRIVATE", not is_production)
    if allowed and is_production:
        raise ImproperlyConfigured(
            "WEBHOOKS_ALLOW_PRIVATE is on, and this is production: a partner could make this server ask its own "
            "network. Leave it out."
        )
    return allowed


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
