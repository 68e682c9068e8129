"""Every door of /api/auth/, with what it wants, for tests that send it something else."""

import json
import time
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tokens import services as tokens
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client as TokenClient
from core.sessions import SessionStore
from notifications.models import Message

PASSWORD, NEW_PASSWORD = "eat-well-tonight", "suya-and-zobo-26"
PHONE = "+2348031234567"
REGISTER = {
    "email": "demo.new@example.com",
    "password": PASSWORD,
    "name": "Demo New",
    "accepts_terms": True,
    "is_adult": True,
}
CLIENT = Client()
CREDENTIAL = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "AAAA"}}

# Every door that takes a body, with one of the right shape.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "register"): REGISTER,
    ("POST", "login"): {"email": "demo.ada@example.com", "password": "a-wrong-password"},
    ("POST", "logout"): {"everywhere": False},
    ("POST", "refresh"): {"refresh_token": "a.b.c"},
    ("PATCH", "me"): {"name": "Demo Ada", "language": "en"},
    ("POST", "code"): {"email": "demo.ada@example.com"},
    ("POST", "code/confirm"): {"code": "000000"},
    ("POST", "2fa/confirm"): {"code": "000000"},
    ("POST", "2fa/verify"): {"code": "000000"},
    ("POST", "password/reset"): {"email": "demo.ada@example.com"},
    ("POST", "password/reset/confirm"): {"code": "000000", "password": NEW_PASSWORD},
    ("POST", "password/change"): {"current_password": "a-wrong-password", "new_password": NEW_PASSWORD},
    ("POST", "email"): {"email": "demo.new@example.com"},
    ("POST", "email/verify"): {"code": "000000"},
    ("POST", "phone"): {"phone": PHONE},
    ("POST", "phone/verify"): {"code": "000000"},
    ("POST", "reauthenticate"): {"password": "a-wrong-password"},
    ("POST", "passkeys"): {"name": "Demo phone", "credential": CREDENTIAL},
    ("POST", "passkeys/login"): {"credential": CREDENTIAL},
    ("POST", "social/{provider}"): {"id_token": "a.b.c"},
    ("POST", "social/signup"): {
        "email": "demo.new@example.com",
        "name": "Demo New",
        "accepts_terms": True,
        "is_adult": True,
    },
}
WITHOUT_BODY = {
    ("POST", "code/resend"),
    ("POST", "email/resend"),
    ("POST", "2fa/setup"),
    ("POST", "2fa/disable"),
    ("POST", "2fa/recovery-codes"),
    ("POST", "passkeys/options"),
    ("POST", "ticket"),
    ("GET", "me"),
    ("GET", "sessions"),
    ("DELETE", "sessions/{public_id}"),
    ("GET", "passkeys"),
    ("GET", "passkeys/login"),
    ("GET", "social/signup"),
    ("DELETE", "passkeys/{credential_id}"),
}
# These ask nobody who they are; all others of /api/auth/ do, and so do the doors to one's own data and work.
FOR_STRANGERS = {
    *("register", "login", "logout", "refresh", "code", "code/confirm", "code/resend", "2fa/verify"),
    *("password/reset", "password/reset/confirm", "email/verify", "email/resend", "passkeys/login"),
    *("social/{provider}", "social/signup"),
}
ELSEWHERE = [
    ("GET", "/api/account/consents"),
    ("POST", "/api/account/export"),
    ("POST", "/api/account/erasure"),
    ("GET", "/api/bookings"),
    ("GET", "/api/partners/apps"),
]
# Fields that may be left out, alone or all together.
OPTIONAL = {
    ("POST", "logout"): {"everywhere"},
    ("PATCH", "me"): {"name", "language"},
    ("POST", "password/change"): {"current_password"},
    ("POST", "social/signup"): {"email"},
}


def somebody() -> User:
    """Return a person with a verified address and number, and a password."""
    user = UserFactory(
        email="demo.ada@example.com", name="Demo Ada", phone="+2348030000001", phone_verified_at=timezone.now()
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def opened(user: User, *methods: str) -> tokens.Pair:
    """Return the tokens of a log-in that has just been made."""
    session = SessionStore()
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": each, "at": time.time()} for each in methods or ("password",)
    ]
    pair = tokens.open_family(user=user, session=session, client=TokenClient.APP)
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return pair


def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a body as JSON, or bytes as they are."""
    sent = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    path = path if path.startswith("/") else f"/api/auth/{path}"
    path = path.replace("{provider}", "google").replace("{credential_id}", "AAAA")
    path = path.replace("{public_id}", "0b0e7a3c-1111-4222-8333-444455556666")
    kind = headers.pop("content_type", "application/json")
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    # One client, for its middleware takes longer to put together than most answers; it keeps nothing.
    CLIENT.cookies.clear()
    return CLIENT.generic(method, path, sent, content_type=kind, headers=names)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X_Client": "app"}


def state_of_everything() -> tuple[Any, ...]:
    """Return what a refused request must not change."""
    people = list(User.objects.order_by("pk").values("pk", "email", "name", "password", "phone_index", "language"))
    families = list(TokenFamily.objects.order_by("pk").values("pk", "current_jti", "revoked_at"))
    return people, families, Message.objects.count()


def be_quick_and_unlimited(settings: Any) -> None:
    """Take away the limits, which other tests hold and which would hide what is looked for, and what hashes cost."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SMS_PER_NUMBER_AND_HOUR = 1000
