"""Buka's settings, all of them: read from the environment, converted, checked.

A setting that is missing or wrong stops the start with a sentence that says which one and what to do
(`config.environment`). What each variable means is listed in docs/settings.md.
"""

from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf.locale import LANG_INFO
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environment.read(BASE_DIR)

# --- What kind of place this is -----------------------------------------------------------------------------

IS_PRODUCTION = env.is_production
DEBUG = env.debug
SECRET_KEY = env.secret_key
BASE_URL = env.base_url
ALLOWED_HOSTS = env.allowed_hosts
CSRF_TRUSTED_ORIGINS = env.trusted_origins
BUKA_HOME = env.home
# The sandbox stands in for the mail, SMS and payment services; None where the real ones are used.
SANDBOX_URL = env.sandbox_url

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "config.admin_app.BukaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "localization",
    "notifications",
    "accounts",
    "restaurants",
    "bookings",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "core.middleware.HealthMiddleware",
    "core.csp.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "localization.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "localization.context_processors.languages",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------

DATABASES = {
    "default": {
        **env.database,
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            **env.database["OPTIONS"],
            # A request never waits for the database longer than a person would.
            "options": "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=15000",
            **({"pool": {"min_size": 2, "max_size": env.database_pool, "timeout": 10}} if env.database_pool else {}),
        },
        "TEST": {"NAME": env.test_database_name},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis_url
REDIS_PREFIX = env.redis_prefix
_redis_options = {"socket_connect_timeout": 1, "socket_timeout": 2}
CACHES = {
    "default": {
        "BACKEND": "core.caches.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}cache",
        "TIMEOUT": 3600,
        "OPTIONS": _redis_options,
    },
    # Counters of attempts: never forgiving, or a dead Redis would open the door.
    "limits": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}limits",
        "OPTIONS": _redis_options,
    },
}
SESSION_ENGINE = "core.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **_redis_options}], "prefix": f"{REDIS_PREFIX}ws"},
    }
}

# --- Background work: Redis is the doorbell, PostgreSQL is the queue (docs/decisions/0005-outbox.md) ----------

CELERY_BROKER_URL = environment.celery_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = env.worker_concurrency
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue("default")]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}celery:",
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
}
# A request that rings the doorbell of a dead Redis must not wait: the sweep finds the row.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "Africa/Lagos"
CELERY_BEAT_SCHEDULE_FILENAME = str(BUKA_HOME / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep the outbox": {"task": "core.outbox.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "send waiting messages": {"task": "notifications.send_due", "schedule": 10.0, "options": {"expires": 10}},
    "release expired holds": {"task": "bookings.release_expired_holds", "schedule": 30.0, "options": {"expires": 30}},
    "expire unanswered requests": {
        "task": "bookings.expire_unanswered_requests",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "send booking reminders": {"task": "bookings.send_reminders", "schedule": 300.0, "options": {"expires": 300}},
    "forget old idempotency keys": {"task": "core.idempotency.forget_old", "schedule": crontab(minute=17)},
    "forget old events": {"task": "core.outbox.forget_old", "schedule": crontab(minute=37)},
}

# --- People ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:log_in")
LOGIN_REDIRECT_URL = reverse_lazy("bookings:my_bookings")
LOGOUT_REDIRECT_URL = reverse_lazy("bookings:home")

# --- Messages -------------------------------------------------------------------------------------------------

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.email["host"]
EMAIL_PORT = env.email["port"]
EMAIL_HOST_USER = env.email["user"]
EMAIL_HOST_PASSWORD = env.email["password"]
EMAIL_USE_TLS = env.email["tls"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.email["from"]
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Languages and time -----------------------------------------------------------------------------------------

USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("ha", "Hausa"),
    ("yo", "Yorùbá"),
    ("ig", "Igbo"),
    ("fr", "Français"),
    ("ar", "العربية"),
    ("es", "Español"),
    ("de", "Deutsch"),
    ("zh-hans", "简体中文"),
    ("ja", "日本語"),
]
# Django knows neither Hausa nor Yoruba; without these entries every list of languages fails.
LANG_INFO.setdefault("ha", {"bidi": False, "code": "ha", "name": "Hausa", "name_local": "Hausa"})
LANG_INFO.setdefault("yo", {"bidi": False, "code": "yo", "name": "Yoruba", "name_local": "Yorùbá"})
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["localization.formats"]
LANGUAGE_COOKIE_NAME = "buka_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Files ------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.static_root
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = env.media_root
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if env.hashed_static_files
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not env.hashed_static_files
# What is compressed already; and source maps, the largest files of all, which only developers' tools ask for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "map"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- The browser and the wire -----------------------------------------------------------------------------------

_secure = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = env.ssl_redirect
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
SECURE_HSTS_PRELOAD = _secure
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.behind_proxy else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-session" if _secure else "session"
CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if _secure else "csrf"
CSRF_FAILURE_VIEW = "core.views.csrf_failure"
LANGUAGE_COOKIE_SECURE = _secure
X_FRAME_OPTIONS = "DENY"
_live = BASE_URL.replace("http", "ws", 1)
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "EXCLUDE_URL_PREFIXES": ("/api/docs",),
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, _live],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}
# The back office's theme evaluates expressions and sets styles inline; core.csp chooses by path. A nonce among the
# styles would switch 'unsafe-inline' off again.
BACK_OFFICE_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, NONCE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

# --- The API ----------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.BukaSchema",
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.CursorPages",
    "PAGE_SIZE": 20,
    "EXCEPTION_HANDLER": "core.api.problems.exception_handler",
    "NUM_PROXIES": 0,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Buka API",
    "DESCRIPTION": "Find a restaurant in Nigeria, see when a table is free, book it, change it, cancel it.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "BookingStatus": "bookings.states.Status",
        "Channel": "bookings.states.Channel",
        "RestaurantStatus": "restaurants.api.serializers.SHOWN",
        "Allergen": "restaurants.states.Allergen",
    },
    "SERVERS": [{"url": BASE_URL}],
    # The page's scripts come from this server: it works offline, and tells nobody who reads it.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
}

# --- The admin's theme --------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": _("Buka for restaurants"),
    "SITE_HEADER": "Buka",
    "SITE_SUBHEADER": _("Tonight's tables, in one place"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "table_restaurant",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: environment.static("buka/icons/buka.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "STYLES": [lambda request: environment.static("buka/admin.css")],
    "SCRIPTS": [lambda request: environment.static("buka/admin.js")],
    "SIDEBAR": {"show_search": False, "navigation": "config.admin_site.navigation"},
    # The colours of static/buka/buka.css in Unfold's steps: calico and indigo as ground, palm oil for what can be done.
    "COLORS": {
        "base": {
            "50": "#fbf3e2",
            "100": "#f5e9d0",
            "200": "#e0d0ae",
            "300": "#c9b88f",
            "400": "#9a9cc4",
            "500": "#5d5f80",
            "600": "#4b4f72",
            "700": "#363d7a",
            "800": "#20275c",
            "900": "#161b47",
            "950": "#0c1030",
        },
        "primary": {
            "50": "#fdf0ea",
            "100": "#fbdccd",
            "200": "#f7bfa3",
            "300": "#ffab88",
            "400": "#ff8f62",
            "500": "#ff8f62",
            "600": "#b8350f",
            "700": "#94290a",
            "800": "#74210a",
            "900": "#591a09",
            "950": "#2f0d04",
        },
        "font": {
            "subtle-light": "#5d5f80",
            "subtle-dark": "#c6c8e2",
            "default-light": "#4b4f72",
            "default-dark": "#e6e2ea",
            "important-light": "#171c46",
            "important-dark": "#f8efdc",
        },
    },
}

# --- Logs ---------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.log_level},
    "loggers": {
        "django": {"handlers": [], "level": env.log_level, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # Two lines for each task, of which some run every few seconds.
        "celery.app.trace": {"handlers": [], "level": "WARNING", "propagate": True},
        "celery.worker.strategy": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}

# Demo people have made-up numbers; nothing may ever be sent to a real network from there.
OUTBOUND_BLOCKED = env.outbound_blocked
CONFIG_SUBSCRIPTIONS = "config.subscriptions"

# What `manage.py load_demo` loads, in this order: modules with load(now=…) and refresh(now=…).
DEMO_PARTS = ["restaurants.demo.loading", "bookings.demo"]
