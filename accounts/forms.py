"""What people are asked about themselves; Django's own forms where it has them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import EmailTaken, WeakPassword
from core.forms import LineField, PhoneField


class LogInForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        "invalid_login": _("This e-mail address and password do not belong together. Please check both."),
        "inactive": _("This account is closed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["username"]
        email.label = _("E-mail")
        email.widget = forms.EmailInput(attrs={"autocomplete": "username", "maxlength": 254, "dir": "ltr"})

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


class RegisterForm(forms.Form):
    """A new diner's account."""

    name = LineField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("You log in with it, and your confirmations go there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
        error_messages={"invalid": _("This is not an e-mail address. One looks like ada@example.com.")},
    )
    phone = PhoneField(
        label=_("Phone"),
        required=False,
        help_text=_("Filled in for you when you book. Restaurants call it if need be."),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        help_text=_("At least ten characters. A few words that only you put together are best."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "dir": "ltr"}),
    )

    def refused(self, refusal: EmailTaken | WeakPassword) -> None:
        """Show a refusal of the service beside the field it is about."""
        if isinstance(refusal, WeakPassword):
            for reason in refusal.details["reasons"]:
                self.add_error("password", reason)
        else:
            self.add_error("email", str(refusal))


class ProfileForm(forms.Form):
    """What a person may change about themselves."""

    name = LineField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    phone = PhoneField(label=_("Phone"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of the pages, and of the messages we send you.")
    )

    @classmethod
    def of(cls, user: User) -> "ProfileForm":
        return cls(initial={"name": user.name, "phone": user.phone, "language": user.language})
