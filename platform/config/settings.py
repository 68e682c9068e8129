"""Buka's settings, all of them: read from the environment, converted, checked.

A setting that is missing or wrong stops the start with a sentence that says which one and what to do
(`config.environment`). What each variable means is listed in docs/settings.md.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC, UNSAFE_EVAL, UNSAFE_INLINE, WASM_UNSAFE_EVAL
from django.conf.locale import LANG_INFO
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environment.read(BASE_DIR)

# --- What kind of place this is ----------------------------------------------------------------------------

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
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "import_export",
    "corsheaders",
    "pgtrigger",
    "pghistory",
    "django_otp",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.facebook",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "allauth.idp.oidc",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "core.audit",
    "localization",
    "notifications",
    "accounts",
    "accounts.tokens",
    "accounts.second_factor",
    "accounts.partners",
    "accounts.privacy",
    "restaurants",
    "restaurants.reviews",
    "payments",
    "payments.ledger",
    "payments.receipts",
    "payments.reconciliation",
    "payments.fraud",
    "payments.settlement",
    "payments.saved",
    "bookings",
]

MIDDLEWARE = [
    "core.client_address.ClientAddressMiddleware",
    "core.audit.middleware.AuditMiddleware",
    "accounts.middleware.EvenPaceMiddleware",
    "core.headers.HeadersMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "core.middleware.HealthMiddleware",
    "core.csp.PolicyMiddleware",
    "core.sessions.SessionMiddleware",
    "localization.middleware.LanguageMiddleware",
    "core.middleware.BodySizeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.tokens.middleware.TokenCookieMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bookings.middleware.RememberedBookingsMiddleware",
    "core.middleware.LimitHeadersMiddleware",
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

# --- Data ----------------------------------------------------------------------------------------------------

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
# None of them forgives: limits, one-time codes and sessions must not be taken for absent while Redis is away
# (docs/decisions/0019-limits-and-client-address.md). Bodies that may be lost are core.hotcache's.
CACHES = {
    name: {
        "BACKEND": "core.caches.StrictRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}{name}",
        "TIMEOUT": 3600,
        "OPTIONS": _redis_options,
    }
    # `default` is where allauth counts attempts.
    for name in ("default", "sessions")
}
SESSION_ENGINE = "core.sessions"
SESSION_CACHE_ALIAS = "sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **_redis_options}], "prefix": f"{REDIS_PREFIX}ws"},
    }
}

# --- Background work: Redis is the doorbell, PostgreSQL is the queue (docs/decisions/0005-outbox.md) ---------

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
    "send waiting webhooks": {"task": "partners.send_due", "schedule": 5.0, "options": {"expires": 5}},
    "forget partners' old tokens": {"task": "partners.forget_expired_tokens", "schedule": crontab(minute=47)},
    "release expired holds": {"task": "bookings.release_expired_holds", "schedule": 30.0, "options": {"expires": 30}},
    "look after the waiting lists": {
        "task": "bookings.look_after_waiting",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "look after the queues": {"task": "bookings.look_after_queues", "schedule": 60.0, "options": {"expires": 60}},
    "expire unanswered requests": {
        "task": "bookings.expire_unanswered_requests",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "extend booking series": {"task": "bookings.extend_series", "schedule": 900.0, "options": {"expires": 900}},
    "price rooms whose plan has changed": {
        "task": "bookings.price_changed_rooms",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "price every room anew": {"task": "bookings.price_all_rooms", "schedule": crontab(hour=4, minute=23)},
    "arrange tables before a service": {
        "task": "bookings.rearrange_services",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "send booking reminders": {"task": "bookings.send_reminders", "schedule": 300.0, "options": {"expires": 300}},
    "ask about payments": {"task": "payments.check_due", "schedule": 5.0, "options": {"expires": 5}},
    "look after refunds": {"task": "payments.look_after_refunds", "schedule": 15.0, "options": {"expires": 15}},
    "work off the gateways' webhooks": {"task": "payments.work_off_due", "schedule": 5.0, "options": {"expires": 5}},
    "compare with the gateways": {"task": "reconciliation.begin_night", "schedule": crontab(hour=2, minute=37)},
    "go on comparing": {"task": "reconciliation.go_on_with_due", "schedule": 60.0, "options": {"expires": 60}},
    "look for stranded money": {
        "task": "reconciliation.look_after_ours",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "have saved cards forgotten": {
        "task": "payments_saved.forget_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remind of payments to be looked at": {
        "task": "fraud.remind",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "look after accounts for payouts": {
        "task": "settlement.look_after_accounts",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "close periods of settlement": {
        "task": "settlement.close_periods",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "send payouts": {"task": "settlement.send_due", "schedule": 30.0, "options": {"expires": 30}},
    "look after the deposits": {"task": "bookings.look_after_deposits", "schedule": 60.0, "options": {"expires": 60}},
    "look after the fees": {"task": "bookings.look_after_fees", "schedule": 60.0, "options": {"expires": 60}},
    "release unpaid tickets": {
        "task": "bookings.release_unpaid_tickets",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "send event reminders": {"task": "bookings.send_event_reminders", "schedule": 300.0, "options": {"expires": 300}},
    "keep the guest book": {"task": "bookings.keep_guest_book", "schedule": crontab(hour=4, minute=23)},
    "seal the audit": {"task": "core.audit.seal", "schedule": 60.0, "options": {"expires": 60}},
    "watch for attacks": {"task": "core.audit.watch", "schedule": 30.0, "options": {"expires": 30}},
    "verify the audit": {"task": "core.audit.verify", "schedule": crontab(hour=3, minute=11)},
    "forget old idempotency keys": {"task": "core.idempotency.forget_old", "schedule": crontab(minute=17)},
    "build archives, run erasures": {"task": "privacy.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "let go of what was kept long enough": {"task": "privacy.retain", "schedule": crontab(hour=3, minute=7)},
    "forget old events": {"task": "core.outbox.forget_old", "schedule": crontab(minute=37)},
}

# --- People --------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("bookings:my_bookings")
LOGOUT_REDIRECT_URL = reverse_lazy("bookings:home")

# Every way in is allauth's: pages, API doors, social log-in and passkeys share its stages, limits and signals
# (docs/decisions/0015-signing-in.md).
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# A code to a phone needs somebody who carries it.
ACCOUNT_LOGIN_METHODS = {"email", "phone"} if env.sms["provider"] else {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.signup_fields.SignupFields"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Six digits everywhere: a phone shows its number keys, and a mail program its "copy the code".
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 5 * 60
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_TIMEOUT = 5 * 60
ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS = 3
# Six digits are read out and typed in one breath; three tries and few messages an hour keep them from being guessed.
ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USER_DISPLAY = lambda user: user.name or user.email  # noqa: E731
# Seconds that an answer takes at least where somebody is named (accounts.middleware.EvenPaceMiddleware). Nobody times
# the tests.
ACCOUNT_ANSWERS_TAKE = 0.0 if env.mode == "test" else 0.06
ACCOUNT_SIGN_UPS_TAKE = 0.0 if env.mode == "test" else 0.4
# Mobile networks put thousands of people behind one address: wide by address. What would be tight by account alone
# could be used to shut its owner out: accounts.code_limits and accounts.adapters count those, by who asks.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "signup": "60/m/ip",
    "request_login_code": "60/m/ip",
    "reset_password": "60/m/ip",
    "reset_password_from_key": "60/m/ip",
    "confirm_email": "60/m/ip",
    "change_password": "5/m/user",
    "change_phone": "3/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
    "verify_phone": "60/m/ip",
}
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = reverse_lazy("accounts:security")
ACCOUNT_FORMS = {
    "login": "accounts.forms.LogInForm",
    "signup": "accounts.forms.RegisterForm",
    "request_login_code": "accounts.forms.SendCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmLogInCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailCodeForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmPasswordResetCodeForm",
    "verify_phone": "accounts.forms.VerifyPhoneForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "reauthenticate": "accounts.forms.PasswordAgainForm",
    "add_email": "accounts.forms.NewEmailForm",
    "change_phone": "accounts.forms.ChangePhoneForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondStepForm",
    "reauthenticate": "accounts.forms.SecondStepAgainForm",
    "activate_totp": "accounts.forms.AddAppForm",
    "authenticate_webauthn": "accounts.forms.SecondStepByPasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.PasskeyAgainForm",
    "login_webauthn": "accounts.forms.LogInByPasskeyForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
}
SOCIALACCOUNT_FORMS = {"signup": "accounts.forms.SocialRegisterForm"}
MFA_ADAPTER = "accounts.second_factor.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not BASE_URL.startswith("https://")
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TRUST_ENABLED = False
MFA_TOTP_ISSUER = "Buka"
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "accounts.social.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = env.social_providers
# The middleware writes on every request; a device's last sign of life is its last refresh or log-in.
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "accounts.tokens.adapter.SessionsAdapter"
HEADLESS_ADAPTER = "accounts.api.adapter.HeadlessAdapter"
HEADLESS_CLIENTS = ("app", "browser")
HEADLESS_TOKEN_STRATEGY = "accounts.tokens.strategy.FamilyStrategy"  # noqa: S105
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{BASE_URL}/en/account/verify/",
    "account_reset_password_from_key": f"{BASE_URL}/en/account/password/reset/",
    "account_signup": f"{BASE_URL}/en/account/register/",
}
IDP_OIDC_ADAPTER = "accounts.partners.adapter.PartnerAdapter"

# Rings of keys: the first makes new values, all open old ones (docs/settings.md).
ENCRYPTION_KEYS = env.encryption_keys
BLIND_INDEX_KEY = env.blind_index_key
BLIND_INDEX_OLD_KEYS = env.blind_index_old_keys
TOKEN_KEYS = env.token_keys
ACCESS_TOKEN_SECONDS = 600
REFRESH_TOKEN_SECONDS = 14 * 24 * 3600
TOKEN_FAMILY_SECONDS = 90 * 24 * 3600

# The audit's digests, also outside of the database; who hears of security alerts besides the platform's own people
# (docs/operations/audit.md).
AUDIT_DIGEST_FILE = env.audit_digest_file
SECURITY_ALERT_EMAIL = env.security_alert_email

# --- Messages ------------------------------------------------------------------------------------------------

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.email["host"]
EMAIL_PORT = env.email["port"]
EMAIL_HOST_USER = env.email["user"]
EMAIL_HOST_PASSWORD = env.email["password"]
EMAIL_USE_TLS = env.email["tls"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.email["from"]
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Empty where nobody carries text messages; then no codes go to phones (docs/decisions/0020-social-and-phone.md).
SMS_PROVIDER = env.sms["provider"]
# Asked when the first has certainly not taken a message; empty where there is no second.
SMS_FALLBACK_PROVIDER = env.sms["fallback"]
SMS_PER_NUMBER_AND_HOUR = env.sms["per_number"]
# Messages a day by the country's calling code; "*" for those not named.
SMS_DAILY_BUDGETS = env.sms["budgets"]
# The same for all texts without a code: counted apart, so that neither uses up the other's.
SMS_NEWS_PER_NUMBER_AND_HOUR = env.sms["news_per_hour"]
SMS_NEWS_PER_NUMBER_AND_DAY = env.sms["news_per_day"]
SMS_NEWS_DAILY_BUDGETS = env.sms["news_budgets"]
AFRICASTALKING_URL = env.sms["url"]
AFRICASTALKING_USERNAME = env.sms["username"]
AFRICASTALKING_API_KEY = env.sms["key"]
AFRICASTALKING_SENDER = env.sms["sender"]
TWILIO_URL = env.sms["twilio"]["url"]
TWILIO_ACCOUNT_SID = env.sms["twilio"]["account"]
TWILIO_AUTH_TOKEN = env.sms["twilio"]["token"]
TWILIO_FROM = env.sms["twilio"]["sender"]
TWILIO_MESSAGING_SERVICE_SID = env.sms["twilio"]["service"]

# --- Payments: who takes them, in the order in which they are offered (docs/decisions/0034-gateways-over-http.md) ---

PAYMENT_GATEWAYS = env.payments["gateways"]
PAYSTACK_SECRET_KEY = env.payments["paystack"]["key"]
# Webhooks signed with a key that was changed a moment ago are still believed.
PAYSTACK_PREVIOUS_SECRET_KEYS = env.payments["paystack"]["previous_keys"]
PAYSTACK_BASE_URL = env.payments["paystack"]["url"]
FLUTTERWAVE_SECRET_KEY = env.payments["flutterwave"]["key"]
FLUTTERWAVE_SECRET_HASH = env.payments["flutterwave"]["hash"]
FLUTTERWAVE_PREVIOUS_SECRET_HASHES = env.payments["flutterwave"]["previous_hashes"]
FLUTTERWAVE_BASE_URL = env.payments["flutterwave"]["url"]
# Whose pages people are sent to in order to pay.
PAYMENT_CHECKOUT_ORIGINS = env.payments["checkout_origins"]

# --- Settlement: what is taken of houses' trade, and how they are paid (docs/decisions/0038-settlement.md) ------

# The terms of a house for which none were made: nothing is taken, and what it is owed is paid out on Mondays.
SETTLEMENT_DEFAULTS = {"way": "payout", "bears_fee": "buka", "period": "weekly", "least_payout_kobo": 1_000_00}
# Value added tax on Buka's commission: 7.5 % (Nigeria Tax Act 2025).
SETTLEMENT_VAT_BASIS_POINTS = 750
# A bank account that takes another's place is paid into only after this time; a house's first is at once.
PAYOUT_ACCOUNT_WAITS = timedelta(hours=48)
# By which gateway payouts are sent, or "file": people upload a list at Buka's own bank.
PAYOUTS_BY = env.payments["payouts_by"]
# What is charged, and given back at once, for a card that guarantees a table: more than the least that either gateway
# takes. And how long the house may think better of a fee before it is charged.
GUARANTEE_KOBO = 100_00
FEE_WAITS_MINUTES = 120

# --- Languages and time ----------------------------------------------------------------------------------------

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

# --- Files -----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.static_root
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = env.media_root
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Archives of people's data and the list of erasures: no address leads there, and all processes must see it.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env.private_root, "base_url": None, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if env.hashed_static_files
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not env.hashed_static_files
# Else every test client looks at all files before its first request: a fifth of all tests' time went there.
WHITENOISE_AUTOREFRESH = not env.hashed_static_files
# What is compressed already; and source maps, the largest files of all, which only developers' tools ask for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["jpg", "jpeg", "png", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "map"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- The browser and the wire ----------------------------------------------------------------------------------

_secure = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = env.ssl_redirect
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
SECURE_HSTS_PRELOAD = _secure
# Only proxies of ours may say for whom they speak and over what (core.client_address).
TRUSTED_PROXIES = env.trusted_proxies
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# REMOTE_ADDR is the client's by the time allauth looks.
ALLAUTH_TRUSTED_PROXY_COUNT = 0
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = None
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
# With one of these, an answer that says nothing about keeping is nobody else's.
PERSONAL_COOKIES = [SESSION_COOKIE_NAME, "__Host-at" if _secure else "at"]
_live = BASE_URL.replace("http", "ws", 1)
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # 'strict-dynamic': what a script with this answer's nonce loads is let in, and nothing else of our own host.
        # WebAssembly decodes the models of dishes.
        "script-src": [SELF, NONCE, STRICT_DYNAMIC, WASM_UNSAFE_EVAL],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, "blob:", _live],
        "manifest-src": [SELF],
        "worker-src": [SELF, "blob:"],
        # A form that begins a payment is answered with a redirect to the gateway's page, and browsers look at that too.
        "form-action": [SELF, *PAYMENT_CHECKOUT_ORIGINS],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "report-uri": "/csp-reports",
    },
}
CONTENT_SECURITY_POLICY_REPORT_ONLY: dict[str, Any] = {
    "DIRECTIVES": {"default-src": None, "require-trusted-types-for": ["'script'"], "report-uri": "/csp-reports"}
}
# The back office's theme evaluates expressions and sets styles inline; core.csp chooses by path. A nonce among the
# styles would switch 'unsafe-inline' off again.
BACK_OFFICE_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, NONCE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
# A restaurant's free times may stand in a frame on its own site (bookings.views.widget).
WIDGET_POLICY = {**CONTENT_SECURITY_POLICY["DIRECTIVES"], "frame-ancestors": ["*"]}
# Swagger UI has no use for a nonce, and sets styles inline.
API_DOCS_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF],
    "style-src": [SELF, UNSAFE_INLINE],
    "worker-src": [NONE],
}
# Dishes are looked at through the camera and in the room; couriers and diners say where they are. Names that Chromium
# does not know fill its console with warnings: what is not here is left at the browser's own rule.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    **{
        name: ["self"]
        for name in (
            *("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "xr-spatial-tracking"),
            *("fullscreen", "clipboard-write", "screen-wake-lock"),
            *("publickey-credentials-create", "publickey-credentials-get", "otp-credentials"),
        )
    },
    **{
        name: []
        for name in (
            *("autoplay", "browsing-topics", "clipboard-read", "display-capture", "encrypted-media"),
            *("gamepad", "hid", "identity-credentials-get", "idle-detection", "interest-cohort"),
            *("keyboard-map", "local-fonts", "microphone", "midi", "payment", "picture-in-picture", "serial"),
            *("storage-access", "sync-xhr", "usb", "window-management"),
        )
    },
}
# Other sites' pages may ask the API with a token; never with the cookies of whoever looks at them.
CORS_ALLOWED_ORIGINS = env.cors_origins
CORS_URLS_REGEX = r"^/api/(?!docs)"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
CORS_ALLOW_HEADERS = [
    *("accept", "accept-language", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"),
    *("x-booking-token", "x-client", "x-device-token", "x-session-token"),
]
CORS_EXPOSE_HEADERS = [
    *("Content-Language", "ETag", "Idempotency-Replayed", "Location", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id"),
]
CORS_PREFLIGHT_MAX_AGE = 3600

# --- The API ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.authentication.BearerAuthentication",
        "accounts.tokens.authentication.CookieAuthentication",
        "core.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.BukaSchema",
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.CursorPages",
    "PAGE_SIZE": 20,
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttles.Everybody"],
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
        "DepositState": "bookings.states.AdvanceState",
        "DepositDue": "restaurants.states.DepositDue",
        "DeskChannel": "bookings.api.serializers.STAFF_CHANNELS",
        "SeriesStatus": "bookings.states.SeriesStatus",
        "OccurrenceState": "bookings.states.OccurrenceState",
        "RestaurantStatus": "restaurants.api.serializers.SHOWN",
        "Allergen": "restaurants.states.Allergen",
        "StaffRole": "accounts.states.Role",
        "InvitationStatus": "accounts.states.InvitationStatus",
        "PartnerAppStatus": "accounts.partners.states.AppStatus",
        "PartnerPlan": "accounts.partners.states.Plan",
        "PartnerScope": "accounts.partners.states.Scope",
        "GrantedScope": "accounts.partners.api.serializers.GRANTED",
        "WebhookStatus": "accounts.partners.states.EndpointStatus",
        "WebhookEvent": "accounts.partners.states.EventType",
        "DeliveryStatus": "accounts.partners.states.DeliveryStatus",
        "ConsentDoor": "accounts.privacy.states.Door",
        "ExportStatus": "accounts.privacy.states.ExportStatus",
        "ErasureStatus": "accounts.privacy.states.ErasureStatus",
        "ReportReason": "restaurants.reviews.states.ReportReason",
        "EventStatus": "bookings.api.ticket_words.SHOWN_EVENTS",
        "TicketOrderStatus": "bookings.states.OrderStatus",
        "TicketState": "bookings.states.TicketState",
        "TicketsPaid": "bookings.states.PaidWhen",
        "ChargeKind": "restaurants.states.ChargeWhat",
        "ChargeBase": "restaurants.states.ChargeBase",
        "ReceiptKind": "payments.receipts.states.DocumentKind",
        "PaymentKind": "payments.states.Kind",
        "SlotReason": "bookings.api.serializers.REASONS",
    },
    "SERVERS": [{"url": BASE_URL}],
    # The page's scripts come from this server: it works offline, and tells nobody who reads it.
    "SWAGGER_UI_DIST": "SIDECAR",
    # Of so many operations the page would draw only those in the window; a list of their subjects is found through.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
}

# --- The admin's theme -------------------------------------------------------------------------------------------

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

# --- Logs --------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "filters": {
        "request_id": {"()": "core.audit.context.RequestIdFilter"},
        "redacting": {"()": "core.logs.Redacting"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id", "redacting"]}
    },
    "root": {"handlers": ["console"], "level": env.log_level},
    "loggers": {
        "django": {"handlers": [], "level": env.log_level, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # They write each address that is asked, with account numbers and payments' references in it.
        "httpx": {"handlers": [], "level": "WARNING", "propagate": True},
        "httpcore": {"handlers": [], "level": "WARNING", "propagate": True},
        # Tells of every table of every face that it cuts for a document.
        "fontTools": {"handlers": [], "level": "WARNING", "propagate": True},
        # Two lines for each task, of which some run every few seconds.
        "celery.app.trace": {"handlers": [], "level": "WARNING", "propagate": True},
        "celery.worker.strategy": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}

# Demo people have made-up numbers; nothing may ever be sent to a real network from there.
OUTBOUND_BLOCKED = env.outbound_blocked
# May an address given by a partner be plain http, or on this machine? For development; never in production.
WEBHOOKS_ALLOW_PRIVATE = env.webhooks_allow_private
CONFIG_SUBSCRIPTIONS = "config.subscriptions"
# Asked with an address or number before anything promotional goes there.
PROMOTION_CONSENT = "accounts.privacy.selectors.wants_promotion"

# What `manage.py load_demo` loads, in this order: modules with load(now=…) and refresh(now=…).
# What can be paid for online, by its kind, and who answers for it (payments.subjects).
PAYMENT_SUBJECTS = {
    "deposit": "bookings.subjects.DepositSubject",
    "tickets": "bookings.subjects.TicketsSubject",
    "guarantee": "bookings.subjects.GuaranteeSubject",
    "fee": "bookings.subjects.FeeSubject",
}
# Events come before the bookings, which are laid around the parts of the floor that events take.
DEMO_PARTS = [
    "restaurants.demo.loading",
    "restaurants.demo.partner_app",
    "bookings.demo_events",
    "bookings.demo",
    "bookings.demo_guests",
    "bookings.demo_waiting",
    "payments.settlement.demo",
]
