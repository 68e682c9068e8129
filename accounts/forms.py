"""What people are asked about themselves and to prove who they are: allauth's forms in Buka's words."""

import uuid
from typing import Any, NoReturn

from allauth.account import app_settings
from allauth.account import forms as account
from allauth.account.adapter import get_adapter as allauth_adapter
from allauth.account.app_settings import LoginMethod
from allauth.account.fields import PasswordField
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.headless.account.inputs import ResetPasswordInput, SignupInput
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from allauth.socialaccount import forms as social
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django import forms
from django.conf import settings
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.forms import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import waiting
from accounts.models import User
from accounts.second_factor.passkeys import NONSENSE
from accounts.second_factor.pauses import GivesCode, SecondFactorPaused
from accounts.social import vouched_address
from core import audit
from core.forms import NameField
from localization.formatting import wait

LONGEST_PASSWORD = 200
LONGEST_ADDRESS = 254
LONGEST_CODE = 40

PASSWORD_HELP = _("At least ten characters. A few words that only you put together are best.")
NOT_AN_ADDRESS = _("This is not an e-mail address. One looks like ada@example.com.")
FROM_APP = _("Code from your authenticator app")
NEITHER = _("This is neither an e-mail address nor a phone number. They look like ada@example.com and 0803 123 4567.")


class OwnWords:
    """Labels above the fields take the place of allauth's words inside them."""

    fields: dict[str, forms.Field]
    # A booking has a code, too, and languages have other words for it.
    code_label: Any = pgettext_lazy("code that was sent", "Code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.EmailField):
                field.label = _("E-mail")
                field.error_messages["invalid"] = NOT_AN_ADDRESS
                _limit(field, LONGEST_ADDRESS)
                field.widget.attrs["dir"] = "ltr"
            elif isinstance(field.widget, forms.PasswordInput):
                _limit(field, LONGEST_PASSWORD)
                field.widget.attrs["dir"] = "ltr"
            elif name == "code":
                field.label = self.code_label
                _limit(field, LONGEST_CODE)
                field.widget.attrs |= {
                    "autocomplete": "one-time-code",
                    "inputmode": "numeric",
                    "autocapitalize": "off",
                    "spellcheck": "false",
                    "dir": "ltr",
                    "class": "code-field",
                }
            elif name == "phone":
                field.label = _("Phone")
                field.widget.attrs |= {"autocomplete": "tel", "inputmode": "tel", "dir": "ltr"}


def _limit(field: forms.Field, longest: int) -> None:
    field.validators.append(MaxLengthValidator(longest))
    field.widget.attrs["maxlength"] = str(longest)


def _login_field(*, with_phone: bool) -> forms.Field:
    return forms.CharField(
        label=_("E-mail or phone") if with_phone else _("E-mail"),
        max_length=LONGEST_ADDRESS,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false", "dir": "ltr"}
        ),
    )


# --- Getting in -------------------------------------------------------------------------------------------------


class LogInForm(OwnWords, account.LoginForm):
    """E-mail address or phone number, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = _login_field(with_phone=LoginMethod.PHONE in app_settings.LOGIN_METHODS)
        password = self.fields["password"]
        password.label = _("Password")
        password.help_text = ""
        self.order_fields(["login", "password"])


class SendCodeForm(OwnWords, account.RequestLoginCodeForm):
    """E-mail address or phone number, in one field, to send a code to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where nobody carries messages to phones there is no such field.
        self._phone = self.fields.pop("phone", None)
        del self.fields["email"]
        self.fields["login"] = _login_field(with_phone=self._phone is not None)

    def clean_login(self) -> str:
        login = str(self.cleaned_data["login"]).strip()
        try:
            validate_email(login)
        except ValidationError as error:
            if self._phone is None:
                raise ValidationError(NOT_AN_ADDRESS, code="invalid") from error
            try:
                self.cleaned_data["phone"] = self._phone.clean(login)
            except ValidationError:
                raise ValidationError(NEITHER, code="neither") from error
            self.clean_phone()
        else:
            self.cleaned_data["email"] = login.lower()
            self.clean_email()
        return login


class TakenMeanwhile:
    """Makes an account; an address somebody takes between the look and the writing is answered as any taken one."""

    account_already_exists: bool
    cleaned_data: dict[str, Any]

    def try_save(self, request: HttpRequest) -> Any:
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    return self.save(request), None  # type: ignore[attr-defined]
            except IntegrityError:
                if not User.objects.filter(email__iexact=self.cleaned_data["email"]).exists():
                    raise
                self.account_already_exists = True
        self.rehearse(request)
        return super().try_save(request)  # type: ignore[misc]

    def rehearse(self, request: HttpRequest) -> None:
        """Do what a new account costs, where nothing else does."""


# How often allauth reads a new account and its address while it asks for the code: counted, and held within a look by
# benchmarks/tests/test_login_timing.py (MOST_LOOKS_APART).
SIGN_UP_LOOKS = 5


class AlikeWhenTaken(TakenMeanwhile):
    """Makes an account, or does all the same work for an address that has one already, and undoes it."""

    @transaction.atomic
    def rehearse(self, request: HttpRequest) -> None:
        said = self.cleaned_data
        # Without the password: its hash is made where the address's owner is written to (see AccountAdapter).
        nobody = {"email": f"{uuid.uuid4().hex}@nobody.invalid", "password": "", "password1": ""}
        self.cleaned_data, self.account_already_exists = {**said, **nobody}, False
        try:
            user = self.save(request)  # type: ignore[attr-defined]
            audit.record("account.registered", actor=user, target=user)
            for _look in range(SIGN_UP_LOOKS):
                EmailAddress.objects.filter(user=user).first()
        finally:
            self.cleaned_data, self.account_already_exists = said, True
            transaction.set_rollback(True)


class RegisterInput(AlikeWhenTaken, SignupInput):
    """The same as RegisterForm, for programs."""


class RegisterForm(AlikeWhenTaken, OwnWords, account.SignupForm):
    """A new account. What else is asked stands in `signup_fields`, which every door shares."""

    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = (
            _(
                "You log in with it, and your confirmations go there. In your account you can add a phone number, and "
                "then log in with that as well."
            )
            if LoginMethod.PHONE in app_settings.LOGIN_METHODS
            else _("You log in with it, and your confirmations go there.")
        )
        _name_password(self.fields["password1"], _("Password"))


class SocialRegisterForm(TakenMeanwhile, OwnWords, social.SignupForm):
    """What somebody who comes from Google or Facebook has to look over and say themselves, by every door.

    An address that the other vouches for is taken as it is, whatever is sent: it needs no code, any other does.
    """

    field_order = ["name", "email"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        if vouched_address(self.sociallogin) is None:
            email.help_text = _("You log in with it, and your confirmations go there.")
        else:
            email.disabled = True
            email.help_text = _("%(provider)s has confirmed it. You can change it in your account later.") % {
                "provider": self.sociallogin.provider.name
            }

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean()
        account = self.sociallogin.account
        if SocialAccount.objects.filter(provider=account.provider, uid=account.uid).exists():
            # Registered elsewhere in the meantime.
            raise get_adapter().validation_error("invalid_token")
        return said

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        return super().save(request)


def _name_password(field: forms.Field, label: Any) -> None:
    field.label = label
    field.help_text = PASSWORD_HELP


# --- Codes ------------------------------------------------------------------------------------------------------


class ConfirmLogInCodeForm(OwnWords, account.ConfirmLoginCodeForm):
    pass


class ConfirmEmailCodeForm(OwnWords, account.ConfirmEmailVerificationCodeForm):
    def clean_code(self) -> str:
        """Return the code, where the address is not another's proved one: an unproved account yields to its owner."""
        code = str(super(account.ConfirmEmailVerificationCodeForm, self).clean_code())
        if EmailAddress.objects.filter(email__iexact=self.email, verified=True).exclude(user=self.user).exists():
            raise allauth_adapter().validation_error("email_taken")
        return code


class ConfirmPasswordResetCodeForm(OwnWords, account.ConfirmPasswordResetCodeForm):
    pass


class VerifyPhoneForm(OwnWords, account.VerifyPhoneForm):
    pass


class SaysPause(GivesCode):
    """Says beside the field that it is too early for a code, and when it is not."""

    def clean_code(self) -> str:
        try:
            return super().clean_code()
        except SecondFactorPaused as paused:
            waiting.note(allauth_context.request, paused)
            sentences = [str(paused), _("Try again in %(time)s.") % {"time": wait(paused.retry_after or 1)}]
            raise ValidationError(" ".join(sentences), code=paused.code) from paused


class SecondStepForm(OwnWords, SaysPause, second_factor.AuthenticateForm):
    code_label = FROM_APP


class SecondStepAgainForm(OwnWords, SaysPause, second_factor.ReauthenticateForm):
    code_label = FROM_APP


class AddAppForm(OwnWords, totp.ActivateTOTPForm):
    code_label = FROM_APP


# --- Passwords --------------------------------------------------------------------------------------------------
# A password is asked for once and can be shown; who mistyped it all the same gets a new one by code.


class ResetPasswordForm(OwnWords, account.ResetPasswordForm):
    pass


class NewPasswordForm(OwnWords, account.ResetPasswordKeyForm):
    password2 = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_password(self.fields["password1"], _("New password"))


class ChangePasswordForm(OwnWords, account.ChangePasswordForm):
    password2 = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        old = self.fields["oldpassword"]
        old.label, old.help_text = _("Your password until now"), ""
        _name_password(self.fields["password1"], _("New password"))


class SetPasswordForm(OwnWords, account.SetPasswordForm):
    password2 = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_password(self.fields["password1"], _("Password"))


class ResetByCodeInput(ResetPasswordInput):
    """The code and the new password in one."""

    def clean(self) -> Any:
        # What a password lacks depends on whose it is: without the code nobody is to learn that there is somebody.
        return self.cleaned_data if "key" in self.errors else super().clean()


class PasswordAgainForm(OwnWords, account.ReauthenticateForm):
    password = PasswordField(label=_("Password"), autocomplete="current-password")


# --- Addresses, numbers, passkeys -----------------------------------------------------------------------------------


class NewEmailForm(OwnWords, account.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")


class ChangePhoneForm(OwnWords, account.ChangePhoneForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].label = _("New phone number")


def _refuse_nonsense(error: Exception) -> NoReturn:
    raise ValidationError(_("That was no answer of a passkey. Please try again."), code="no_passkey") from error


class ShowPasskey:
    """Answers a passkey that is none with a refusal."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except NONSENSE as error:
            _refuse_nonsense(error)


class LogInByPasskeyForm(ShowPasskey, webauthn.LoginWebAuthnForm):
    pass


class SecondStepByPasskeyForm(ShowPasskey, webauthn.AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(ShowPasskey, webauthn.ReauthenticateWebAuthnForm):
    pass


class AddPasskeyForm(OwnWords, webauthn.AddWebAuthnForm):
    """A passkey opens the account by itself, so it always asks for a finger, a face or a code."""

    passwordless = forms.BooleanField(widget=forms.HiddenInput, initial=True, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passkey(self.fields["name"])

    def clean(self) -> Any:
        try:
            return super().clean()
        except NONSENSE as error:
            _refuse_nonsense(error)


class RenamePasskeyForm(OwnWords, webauthn.EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passkey(self.fields["name"])


def _name_passkey(field: forms.Field) -> None:
    field.label = _("Name of the passkey")
    field.help_text = _("So that you know it again, for example “my phone”.")
    field.widget.attrs["autocomplete"] = "off"
    _limit(field, 100)


# --- Who one is ---------------------------------------------------------------------------------------------------


class ProfileForm(forms.Form):
    """What a person may change about themselves without proving anything."""

    name = NameField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of the pages, and of the messages we send you.")
    )

    @classmethod
    def of(cls, user: User) -> "ProfileForm":
        return cls(initial={"name": user.name, "language": user.language})


def refused(form: Any) -> bool:
    """Tell whether a form was sent and did not pass."""
    return isinstance(form, forms.BaseForm) and form.is_bound and bool(form.errors)
