"""Logging in with Google or Facebook: whom we believe what, and what we take over.

Google's word that an address is theirs opens the account that has it. Facebook says no such thing: an address from
there is asked to be proved by a code, and if it has an account already, its owner hears of it by mail and the page says
what it always says (docs/decisions/0020-social-and-phone.md).
"""

import functools
import logging
import time
import uuid
from typing import Any

import requests
from allauth.account import app_settings as account_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import audit
from core.text import clean_name

logger = logging.getLogger(__name__)

LONGEST_NAME = 100
# To connect, and to read.
TIMEOUT_SECONDS = (3, 10)


def vouched_address(sociallogin: SocialLogin) -> str | None:
    """Return the address that the other says is theirs for certain, which needs no code."""
    return next((each.email.lower() for each in sociallogin.email_addresses if each.verified), None)


class SocialAdapter(DefaultSocialAccountAdapter):
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "invalid_token": _("This log-in cannot be used, or was used before. Please start again."),
        "no_password": _("Set a password first: without it nothing would open your account any more."),
        "email_taken": _("There is an account with this address already. Log in to it first, then connect %s there."),
        "no_verified_email": _(
            "Confirm your e-mail address first: without it nothing would open your account any more."
        ),
        "disconnect_last": _("This is the only way into your account: choose a password first."),
        "connected_other": _("This account is connected to another account at Buka already."),
    }

    # --- What they say of a person ------------------------------------------------------------------------------------

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, {"email": data.get("email")})
        user.name = _name(data.get("name"))
        return user

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        said = super().get_signup_form_initial_data(sociallogin)
        return {**said, "name": sociallogin.user.name, "email": vouched_address(sociallogin) or said["email"]}

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        # Nobody has an account who has not accepted its terms and said that they are of age; another's word for who
        # they are says neither.
        return False

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        # Who writes another address than an unproved one has said whose it is not: nobody is to find it taken.
        sociallogin.email_addresses = [each for each in sociallogin.email_addresses if each.verified]
        if not sociallogin.email_addresses:
            # A taken address costs a password hash (see AccountAdapter); a free one must not answer sooner.
            make_password(uuid.uuid4().hex)
        user: User = super().save_user(request, sociallogin, form)
        return user

    # --- Between coming and registering -------------------------------------------------------------------------------
    # allauth keeps what they said for as long as the session. After a while, whoever sits there may be somebody else.

    def serialize_instance(self, instance: Any) -> dict[str, Any]:
        said: dict[str, Any] = super().serialize_instance(instance)
        return {**said, "said_at": time.time()} if isinstance(instance, SocialAccount) else said

    def deserialize_instance(self, model: Any, data: Any) -> Any:
        """Return the instance.

        :raises ValueError: when it is too old to go on with, which allauth takes for "nobody came"
        """
        if model is SocialAccount and isinstance(data, dict):
            data = dict(data)
            if time.time() - data.pop("said_at", 0) > account_settings.LOGIN_TIMEOUT:
                raise ValueError
        return super().deserialize_instance(model, data)

    # --- Asking them --------------------------------------------------------------------------------------------------

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the apps that settings name; keys are given in the environment, not in the database."""
        apps = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for each in apps.values() for app in each]

    def get_requests_session(self) -> requests.Session:
        """Return a session that goes where it is told and nowhere else: no proxies, no forwarding, no long waits."""
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 0
        session.request = functools.partial(session.request, timeout=TIMEOUT_SECONDS)  # type: ignore[method-assign]
        return session

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        if exception is None:
            # Somebody changed their mind, or came back after too long.
            return
        # The kind of error only: its text may hold what a provider answered.
        reason = type(exception).__name__
        logger.warning("Log-in with %s failed: %s", provider, reason)
        audit.note("account.social_failed", outcome="failed", details={"provider": str(provider.id), "reason": reason})


def _name(said: object) -> str:
    try:
        return clean_name(str(said or "")[:LONGEST_NAME], max_length=LONGEST_NAME)
    except ValidationError:
        return ""
