"""Help for tests that sign in by the pages, as people do."""

import re
import time
from typing import Any

from django.urls import reverse
from django_otp.oath import TOTP

from accounts.models import User
from accounts.second_factor import services as second_factor
from accounts.second_factor.codes import STEP, key_of
from accounts.tests.factories import UserFactory
from notifications.models import Message

PASSWORD = "amala and ewedu for two"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def person(**fields: Any) -> User:
    """Return somebody with a verified address and a password."""
    user: Any = UserFactory(**{"email": "ada@example.com", "name": "Ada Obi", **fields})
    user.set_password(PASSWORD)
    user.save()
    return user


def with_app(user: User) -> User:
    """Give somebody an authenticator app with a known secret, and recovery codes."""
    second_factor.enrol(user, SECRET)
    return user


def app_code(secret: str = SECRET, *, steps_ahead: int = 0) -> str:
    """Return what the app shows now; each code counts once, so a second one within the half minute is the next one."""
    totp = TOTP(key_of(secret), step=STEP)
    totp.time = time.time() + steps_ahead * STEP
    return f"{totp.token():06d}"


def code_sent_to(address: str) -> str:
    """Return the code in the last mail to an address."""
    mail = Message.objects.filter(recipient=address).latest("pk")
    found = re.search(r"\b\d{6}\b", mail.subject)
    assert found, f"No code in {mail.subject!r}"
    return found[0]


def log_in(client: Any, login: str = "ada@example.com", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("account_login"), {"login": login, "password": password, **more})


def register(client: Any, **answers: Any) -> Any:
    asked = {"name": "Ngozi Eze", "email": "ngozi@example.com", "password1": PASSWORD, "accepts_terms": "on"}
    return client.post(reverse("account_signup"), {**asked, "is_adult": "on", **answers})


def confirm(client: Any, code: str, **more: Any) -> Any:
    """Type the code for an address."""
    return client.post(reverse("account_email_verification_sent"), {"code": code, "action": "verify", **more})


def is_logged_in(client: Any) -> bool:
    return "_auth_user_id" in client.session
