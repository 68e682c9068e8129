"""Settings of the sandbox. It serves this machine only and keeps its state in `BUKA_HOME/sandbox/`.

SANDBOX_PORT: its pages and HTTP interfaces (default: PORT + 1). EMAIL_PORT: its mail server (default: PORT + 2).
PAYSTACK_SECRET_KEY, FLUTTERWAVE_SECRET_KEY, FLUTTERWAVE_SECRET_HASH: the keys of the merchant that Buka is there.
"""

import secrets
from pathlib import Path

from environs import Env

from core.embedded import paths
from sandbox.gateways import keys

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
HOME = paths.home(BASE_DIR) / "sandbox"
_port = env.int("PORT", 8000)
BUKA_PORT = _port
BUKA_URL = env.str("BUKA_BASE_URL", f"http://localhost:{_port}")
HOST = "127.0.0.1"
HTTP_PORT = env.int("SANDBOX_PORT", _port + 1)
SMTP_PORT = env.int("EMAIL_PORT", _port + 2)
# What Buka shows of itself, read from the variables it reads, with the same values where none are given.
SMS_USERNAME = env.str("AFRICASTALKING_USERNAME", "sandbox")
SMS_KEY = env.str("AFRICASTALKING_API_KEY", "sandbox-key")
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", f"AC{'0' * 32}")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", "sandbox-token")
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", "buka-sandbox.apps.googleusercontent.com")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", "sandbox-secret")
FACEBOOK_CLIENT_ID = env.str("FACEBOOK_CLIENT_ID", "100000000000001")
FACEBOOK_CLIENT_SECRET = env.str("FACEBOOK_CLIENT_SECRET", "sandbox-secret")


def _secrets(
    name: str, ours: str, made_up: dict[tuple[str, str], str], *, test_begins: str
) -> dict[str, dict[str, str]]:
    """Return the secret keys by merchant and mode; the one that Buka uses may be named and tells its mode itself."""
    found = {who: {mode: made_up[who, mode] for mode in ("test", "live")} for who in ("ours", "foreign")}
    key = env.str(name, ours) or ours
    found["ours"]["test" if key.startswith(test_begins) else "live"] = key
    return found


PAYSTACK_SECRETS = _secrets("PAYSTACK_SECRET_KEY", keys.PAYSTACK["ours", "test"], keys.PAYSTACK, test_begins="sk_test_")
FLUTTERWAVE_SECRETS = _secrets(
    "FLUTTERWAVE_SECRET_KEY", keys.FLUTTERWAVE["ours", "test"], keys.FLUTTERWAVE, test_begins="FLWSECK_TEST-"
)
FLUTTERWAVE_SECRET_HASHES = {
    **keys.FLUTTERWAVE_HASHES,
    "ours": env.str("FLUTTERWAVE_SECRET_HASH", "") or keys.FLUTTERWAVE_HASHES["ours"],
}

# One process, and nothing it signs has to outlive it.
SECRET_KEY = secrets.token_urlsafe(50)
DEBUG = False
# Names of this machine only: a page elsewhere whose name is pointed at 127.0.0.1 gets no answer.
ALLOWED_HOSTS = [HOST, "localhost"]

INSTALLED_APPS = [
    "sandbox.faults",
    "sandbox.mail",
    "sandbox.sms",
    "sandbox.authenticator",
    "sandbox.openid",
    "sandbox.gateways",
    "sandbox.paystack",
    "sandbox.flutterwave",
    "sandbox",
]
MIDDLEWARE = [
    "sandbox.middleware.PageSecurityMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "sandbox.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "sandbox.sqlite3",
        "OPTIONS": {
            # Readers never wait for a writer, and two writers queue instead of failing half-way.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "Africa/Lagos"
USE_I18N = False
LANGUAGE_CODE = "en"

# Cookies do not know ports: another name than Buka's own, which runs on the same host.
CSRF_COOKIE_NAME = "sandbox_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "sandbox": {"level": "INFO"},
        # A connection that is dropped on purpose is no news.
        "mail.log": {"level": "ERROR"},
        # Nor is a refusal: whoever called is told.
        "django.request": {"level": "ERROR"},
    },
}
