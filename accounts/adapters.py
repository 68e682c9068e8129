"""Where allauth asks Buka: mails through the outbox, limits that lock nobody out, what counts as freshly signed in."""

import uuid
from datetime import timedelta
from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts import code_limits, known_devices, waiting
from accounts.models import User
from accounts.phone import PhoneMixin
from accounts.selectors import is_restaurant_staff, second_factors_of
from accounts.signed_in import device_name
from core import audit, phones
from core.errors import TooManyAttempts
from core.households import readable
from core.limits import Limit, address_of
from localization.formatting import day_and_time
from notifications import catalogue
from notifications import services as notifications

# What strangers' wrong passwords may do to an account: close passwords to devices that do not know it, never to those
# that do. Codes have limits of their own (accounts.code_limits), which strangers can use up for such devices as well;
# passkeys, Google and Facebook stay open to them.
FROM_UNKNOWN_DEVICES = Limit("log_in.unknown_devices", most=50, seconds=600)

# Mails about a second factor that was added.
FACTORS = ("totp_activated", "webauthn_added")
# allauth's template names, as the catalogue of messages calls them; the rest of the name is the same.
CODES = {
    "email_confirmation": ("account.email_confirmation", account_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT),
    "email_confirmation_signup": (
        "account.email_confirmation_signup",
        account_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
    ),
    "login_code": ("account.login_code", account_settings.LOGIN_BY_CODE_TIMEOUT),
    "password_reset_code": ("account.password_reset_code", account_settings.PASSWORD_RESET_BY_CODE_TIMEOUT),
}
PLAIN = {"account_already_exists": "password_reset_url", "unknown_account": "signup_url"}


class AccountAdapter(PhoneMixin, DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": waiting.too_many_tries,
        "email_password_mismatch": _("This e-mail address and this password do not belong together."),
        "phone_password_mismatch": _("This phone number and this password do not belong together."),
        "username_password_mismatch": _(
            "This is neither an e-mail address nor a phone number. They look like ada@example.com and 0803 123 4567."
        ),
        "incorrect_code": _("This code is not right, or its time is over."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your password until now."),
        "account_inactive": _("This account is closed."),
        "email_taken": _("This address belongs to another account."),
        "phone_taken": _("This phone number belongs to another account."),
        "duplicate_email": _("This is your address already."),
        "same_as_current": _("This is what you have already."),
        "rate_limited": waiting.too_quick,
    }

    _is_asked_again = False

    # --- Messages --------------------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write allauth's mail into the outbox, in the words of Buka's own catalogue."""
        name = template_prefix.rpartition("/")[2]
        owner = self._owner_of(email)
        user = context.get("user") or owner
        language = user.language if user is not None else get_language() or "en"
        # Whoever registers types the name; until the address is proven, it would greet a stranger with their words.
        known: dict[str, Any] = {"name": owner.name if owner is not None and owner == user else ""}
        until = None
        if name in CODES:
            kind, seconds = CODES[name]
            said = {"code": str(context["code"]), "minutes": seconds // 60}
            # Of no use from the start: whoever takes it up throws it away.
            until = timezone.now() + timedelta(seconds=0 if context.get("is_withheld") else seconds)
        elif name in PLAIN:
            kind, said = f"account.{name}", {PLAIN[name]: self._absolute(context[PLAIN[name]])}
            said["log_in_url"] = self._absolute(reverse("account_login"))
        else:
            kind, said = f"account.{name}", self._deed(context, language)
            # The first one has just been added: with it every other log-in ended (receivers.factor_added).
            is_first = name in FACTORS and user is not None and second_factors_of(user).count() == 1
            said["log_ins"] = "ended" if is_first else "stay"
        entry = catalogue.kind_called(kind)
        notifications.send(
            kind=kind,
            to=email,
            name=known["name"],
            language=language,
            context={key: value for key, value in {**known, **said}.items() if key in entry.needs | entry.may_have},
            dedupe_key=f"{kind}:{uuid.uuid4()}",
            useful_until=until,
        )

    def _owner_of(self, email: str) -> User | None:
        found = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
        return found.user if found is not None else None

    def _absolute(self, url: str) -> str:
        return url if url.startswith("http") else f"{settings.BASE_URL}{url}"

    def tell(self, kind: str, user: User, **said: Any) -> None:
        """Write to somebody about something done to their account, with when, where and what they can do about it."""
        entry = catalogue.kind_called(kind)
        said = {"name": user.name, **self._deed({**said, **self._where()}, user.language), **said}
        notifications.send(
            kind=kind,
            to=user.email,
            name=user.name,
            language=user.language,
            context={key: value for key, value in said.items() if key in entry.needs | entry.may_have},
            dedupe_key=f"{kind}:{uuid.uuid4()}",
        )

    def _where(self) -> dict[str, Any]:
        request = allauth_context.request
        if request is None:
            return {}
        return {"ip": self.get_client_ip(request), "user_agent": self.get_http_user_agent(request)}

    def _deed(self, context: dict[str, Any], language: str) -> dict[str, Any]:
        """Return what a notice of a change says: when, from where, and what the change itself tells."""
        with override(language):
            said = {
                "when": day_and_time(timezone.now(), language),
                "ip_address": readable(str(context.get("ip", ""))),
                "device": device_name(str(context.get("user_agent", ""))),
                "security_url": self._absolute(reverse("accounts:security")),
                "reset_url": self._absolute(reverse("account_reset_password")),
                "passkeys_url": self._absolute(reverse("mfa_list_webauthn")),
                "ask_url": self._absolute(reverse("privacy:request")),
            }
        for key in ("from_email", "to_email", "deleted_email", "provider"):
            if context.get(key):
                said[key] = str(context[key])
        return said

    def send_account_already_exists_mail(self, email: str) -> None:
        # A new account costs a password hash; a taken address must not answer sooner.
        make_password(uuid.uuid4().hex)
        code_limits.take(allauth_context.request, purpose="confirm", to=email, user=None)
        super().send_account_already_exists_mail(email)

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        address = emailconfirmation.email_address
        code_limits.take(request, purpose="confirm", to=address.email, user=address.user)
        super().send_confirmation_mail(request, emailconfirmation, signup)

    # --- Limits ----------------------------------------------------------------------------------------------------

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords by account and device that knows it, or by account and address for all others."""
        user = self._account(credentials)
        if user is not None and known_devices.knows(request, user):
            return f"{user.public_id}:device:{known_devices.device_of(request)}"
        return f"{self._asked_for(credentials, user)}:from:{address_of(request)}"

    def _asked_for(self, credentials: dict[str, Any], user: User | None) -> str:
        """Return what tries are counted under: the account, however its phone or address was spelt.

        Empty for what is neither: nobody's account is being guessed at.
        """
        if user is not None:
            return str(user.public_id)
        if credentials.get("email"):
            return str(credentials["email"]).strip().lower()
        try:
            return phones.normalise(str(credentials.get("phone") or ""))
        except ValidationError:
            return ""

    def _account(self, credentials: dict[str, Any]) -> User | None:
        if credentials.get("email"):
            return User.objects.filter(email=str(credentials["email"]).strip().lower()).first()
        if credentials.get("phone"):
            found: User | None = self.get_user_by_phone(str(credentials["phone"]))
            return found
        return None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        self._counted = ""
        user = self._account(credentials)
        counted = self._asked_for(credentials, user)
        if not counted or (user is not None and known_devices.knows(request, user)):
            return
        try:
            FROM_UNKNOWN_DEVICES.take(counted)
        except TooManyAttempts as error:
            waiting.note(request, error)
            raise self.validation_error("too_many_login_attempts") from error
        self._counted = counted

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        try:
            user = super().authenticate(request, **credentials)
        except ValidationError:
            audit.note("account.log_in_locked", target=self._target(credentials), outcome="refused")
            raise
        if user is not None and self._counted:
            FROM_UNKNOWN_DEVICES.give_back(self._counted)
        return user

    def reauthenticate(self, user: Any, password: str) -> bool:
        self._is_asked_again = True
        return bool(super().reauthenticate(user, password))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # Who is logged in already and mistypes has not failed to log in.
        action = "account.again_failed" if self._is_asked_again else "account.log_in_failed"
        audit.note(action, target=self._target(credentials), outcome="failed")

    def _target(self, credentials: dict[str, Any]) -> Any:
        user = self._account(credentials)
        return user if user is not None else ("person", "")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        ratelimit.clear(
            request,
            app="allauth.account",
            action="login_failed",
            key=self._get_login_attempts_cache_key(request, **credentials),
        )

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead who works in the back office there, if they wanted nothing else."""
        if is_restaurant_staff(request.user):
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    # --- Who is who ------------------------------------------------------------------------------------------------

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Offer what counts: a password alone proves nothing where there is a second factor."""
        if not user.is_authenticated:
            return []
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_factor = [way for way in ways if way["id"].startswith("mfa_reauthenticate")]
        # Who came through Google or by a code has nothing that could be asked for; they come that way again.
        anew = {"id": "log_in_anew", "description": _("Log in again"), "url": reverse("account_logout")}
        return by_factor or ways or [anew]

    def get_login_stages(self) -> list[str]:
        """Return allauth's steps, with Buka's own for the address (see code_processes)."""
        ours = {"allauth.account.stages.EmailVerificationStage": "accounts.code_processes.AddressStage"}
        return [ours.get(path, path) for path in super().get_login_stages()]

    def post_login(self, request: HttpRequest, user: Any, *, signup: bool, **kwargs: Any) -> Any:
        if not signup and not known_devices.knows(request, user):
            self.tell("account.new_device", user)
        return super().post_login(request, user, signup=signup, **kwargs)

    def is_safe_url(self, url: str) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            # allauth takes addresses apart that cannot be, such as "https://[".
            return False

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Keep the address that mails go to: allauth would let the last one go where phones can log in."""
        return not email_address.primary and bool(super().can_delete_email(email_address))

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).strip().lower()

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user = super().save_user(request, user, form, commit=False)
        user.email = user.email.strip().lower()
        user.language = get_language() or "en"
        if commit:
            user.save()
        return user

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        # A program reads the answer; a notice kept for its next page would never be seen.
        if not hasattr(getattr(request, "allauth", None), "headless"):
            super().add_message(request, level, *args, **kwargs)
