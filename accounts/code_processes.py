"""One-time codes that go the same way for an address or a number that nobody has.

allauth does less for those: it sends nothing again, notes no wrong code and looks nobody up; at one door it even stops
with an error. A stranger would see that in the time of the answers, if not in their words. Each class here is allauth's
process with what is missing; install() puts them in the place of allauth's.
"""

from typing import Any

from allauth.account import app_settings
from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import (
    email_verification_by_code,
    login_by_code,
    password_reset,
    password_reset_by_code,
    phone_verification,
)
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import Login
from allauth.account.signals import (
    email_verification_code_rejected,
    login_code_rejected,
    password_reset_code_rejected,
)
from allauth.account.stages import EmailVerificationStage
from allauth.account.utils import has_verified_email
from allauth.core import context
from allauth.headless.account import inputs as account_inputs
from allauth.socialaccount.internal.flows import email_authentication
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts import begun, code_limits
from accounts.begun import Begun
from accounts.disowning import AddressTaken, disown_unproven, make_way
from accounts.models import User
from accounts.sign_in_records import records_of

_reset_password = password_reset.reset_password


class AlikeForNobody:
    """What a process does beside allauth's when there is no account behind the address or number."""

    rejected: Any
    state: dict[str, Any]
    request: Any
    user: User | None
    looks = 1
    """how often allauth looks a person up when such a process is gone on with: counted, and held within a look by
    benchmarks/tests/test_login_timing.py (MOST_LOOKS_APART)"""

    @classmethod
    def resume(cls, *args: Any, **kwargs: Any) -> Any:
        process = super().resume(*args, **kwargs)  # type: ignore[misc]
        if process is not None and process.user is None:
            for _look in range(cls.looks):
                # Whoever it is: to read somebody takes longer than to find nobody.
                User.objects.order_by("pk").first()
        return process

    def record_invalid_attempt(self) -> bool:
        has_attempts_left = bool(super().record_invalid_attempt())  # type: ignore[misc]
        if self.user is None:
            self.rejected.send(sender=type(self), request=self.request, user=None, last_attempt=not has_attempts_left)
        return has_attempts_left

    def withhold_mail(self, name: str, code: str) -> None:
        """Write a mail with a code that opens nothing, and that nobody gets."""
        context = {"request": self.request, "code": code, "is_withheld": True}
        get_adapter().send_mail(f"account/email/{name}", self.state["email"], context)


class LoginCode(AlikeForNobody, Begun, login_by_code.LoginCodeVerificationProcess):
    """A log-in by code."""

    rejected = login_code_rejected

    @classmethod
    def initiate(cls, *, user: Any, email: str | None = None, **kwargs: Any) -> Any:
        return super().initiate(user=_opened_by(user, email), email=email, **kwargs)

    def generate_code(self) -> str:
        if self.user is None:
            # Nothing that is typed equals an empty code.
            self.state["code"] = ""
            return ""
        return str(super().generate_code())

    def send_by_phone(self, phone: str, skip_enumeration_mails: bool = False) -> None:
        super().send_by_phone(phone, skip_enumeration_mails=False)

    def send_by_email(self, email: str, skip_enumeration_mails: bool = False) -> None:
        code_limits.take(self.request, purpose="log_in", to=email, user=self.user)
        super().send_by_email(email, skip_enumeration_mails=skip_enumeration_mails)
        if self.user is None and skip_enumeration_mails:
            # That there is no account was written to them once; each mail more would be one that a stranger caused.
            self.withhold_mail("login_code", get_adapter().generate_login_code())

    def finish(self, redirect_url: str | None) -> Any:
        self.end_once()
        email = self.state.get("email")
        if self.user is not None and email:
            disown_unproven(user=self.user, email=email)
        return super().finish(redirect_url)


class ResetCode(AlikeForNobody, Begun, password_reset_by_code.PasswordResetVerificationProcess):
    """A new password by code."""

    rejected = password_reset_code_rejected

    @classmethod
    def initiate(cls, *, user: Any, email: str, **kwargs: Any) -> Any:
        return super().initiate(user=_opened_by(user, email), email=email, **kwargs)

    def send(self) -> None:
        code_limits.take(self.request, purpose="reset", to=self.state["email"], user=self.user)
        super().send()

    def confirm_code(self) -> None:
        if self.state.get("code_confirmed"):
            return
        with transaction.atomic():
            if self.user is not None:
                # Or what is remembered anew would be what somebody else has changed since.
                self.expect_as_begun()
                disown_unproven(user=self.user, email=self.state["email"])
            super().confirm_code()
            self.remember_anew()
        self.persist()

    @property
    def can_resend(self) -> bool:
        return not self.is_resend_quota_reached(app_settings.LOGIN_BY_CODE_MAX_RESEND_COUNT)

    def resend(self) -> None:
        """Send another code, which takes the place of the one before; allauth sends but one."""
        if self.user is None:
            code_limits.take(self.request, purpose="reset", to=self.state["email"], user=None)
            # That there is no account was written to them once.
            self.withhold_mail("password_reset_code", get_adapter().generate_password_reset_code())
        else:
            self.send()
        self.record_resend()
        self.persist()


def _opened_by(user: Any, email: str | None) -> Any:
    """Return whose account a code to an address opens: nobody's by an address that is not the one it has proved."""
    return None if begun.proves_another(user, email) else user


class EmailCode(AlikeForNobody, Begun, email_verification_by_code.EmailVerificationProcess):
    """An address to be proved by code: a new account's, or nobody's where it has an account already."""

    rejected = email_verification_code_rejected
    # Who is logging in, and whose address it is. Held by the same test.
    looks = 2

    def generate_code(self) -> None:
        super().generate_code()
        if self.user is None:
            self.state["code"] = ""

    def resend(self) -> None:
        if self.user is None:
            code_limits.take(self.request, purpose="confirm", to=self.email, user=None)
        super().resend()
        if self.user is None:
            code = get_adapter().generate_email_verification_code()
            self.withhold_mail("email_confirmation_signup", code)

    def is_valid(self) -> bool:
        return super().is_valid() and self._may_replace()

    def _may_replace(self) -> bool:
        """Tell whether the address may become the account's: instead of a proved one only by its own person."""
        if self.request.user.is_authenticated:
            return self.user is not None and bool(self.request.user.pk == self.user.pk)
        return not begun.proves_another(self.user, self.email)

    def change_to(self, email: str, account_already_exists: bool) -> None:
        super().change_to(email, account_already_exists)
        if self.user is not None:
            self.remember_anew()
            self.persist()
            begun.remember_login_anew(self.request, self.user)

    def finish(self) -> Any:
        """Return the address, the account's own from now on.

        The code counts as a fresh proof for who makes an account or logs in with it. Not for who is logged in: whoever
        sits at an open session could prove any address of their own.

        :raises StepOver: when the account has changed at this very moment
        :raises AddressTaken: when somebody else has it
        """
        if self.user is None or self.state.get("account_already_exists"):
            # Nobody's: no code is right.
            raise begun.StepOver
        self.end_once()
        was_logged_in = self.request.user.is_authenticated
        try:
            with transaction.atomic():
                self.expect_as_begun()
                # Whoever gives the code in another session than registered takes the account over.
                if not self._registers() and not was_logged_in:
                    shown = records_of(self.request.session, self.user)
                    disown_unproven(user=self.user, email=self.email, shown=shown)
                make_way(user=self.user, email=self.email)
                address = super().finish()
        except IntegrityError as clash:
            raise AddressTaken from clash
        if not was_logged_in:
            record_authentication(self.request, self.user, method="code", email=self.email)
        begun.remember_login_anew(self.request, self.user)
        return address

    def _registers(self) -> bool:
        """Tell whether the account was begun in this very session, a moment ago."""
        login = unstash_login(self.request, peek=True)
        return login is not None and login.signup and login.user == self.user


def reset_password(user: User, password: str) -> None:
    """Set a new password in place of allauth's function, once for a code.

    :raises StepOver: when the account has changed since, perhaps by the same code at the same moment
    """
    process = ResetCode.resume(context.request)
    if process is None:
        # Begun it was, or nobody would come here: it has ended since this request came in.
        raise begun.StepOver
    with transaction.atomic():
        process.expect_as_begun()
        _reset_password(user, password)


def take_over(request: HttpRequest, user: User, email: str) -> None:
    """Do in place of allauth's `wipe_password`, before Google's account is connected, what a code would do."""
    disown_unproven(user=user, email=email)


class NumberCode(Begun, phone_verification.ChangePhoneVerificationProcess):
    """A code for somebody's new number that can be sent again, as the one to log in with can."""

    @property
    def can_resend(self) -> bool:
        return not self.is_resend_quota_reached(app_settings.PHONE_VERIFICATION_MAX_RESEND_COUNT)

    def resend(self) -> None:
        self.record_resend()
        self.send(skip_enumeration_sms=True)

    def finish(self) -> None:
        self.end_once()
        super().finish()


class AddressStage(EmailVerificationStage):
    """Asks for proof of an address only where none is proved: a second one cannot take its place by a log-in."""

    def handle(self) -> Any:
        if has_verified_email(self.login.user):
            return None, True
        return super().handle()


PLACES: list[tuple[Any, str, Any]] = [
    (login_by_code, "LoginCodeVerificationProcess", LoginCode),
    (password_reset_by_code, "PasswordResetVerificationProcess", ResetCode),
    (password_reset, "reset_password", reset_password),
    (email_verification_by_code, "EmailVerificationProcess", EmailCode),
    (email_authentication, "wipe_password", take_over),
    (phone_verification, "ChangePhoneVerificationProcess", NumberCode),
    (account_forms, "compare_user_code", begun.compare_counted),
    (account_inputs, "compare_user_code", begun.compare_counted),
    (Login, "serialize", begun.serialize_login),
    (Login, "deserialize", staticmethod(begun.deserialize_login)),
]


def install() -> None:
    """Put these processes in the places of allauth's; its views and doors look them up there at each request."""
    for module, name, process in PLACES:
        setattr(module, name, process)
