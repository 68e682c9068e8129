from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.privacy.services import consents
from core.forms import NameField
from core.limits import address_of


def _terms() -> SafeString:
    links = {
        "terms": format_html('<a href="{}">{}</a>', reverse("privacy:terms"), _now("terms of use")),
        "notice": format_html('<a href="{}">{}</a>', reverse("privacy:notice"), _now("privacy notice")),
    }
    return format_html(_now("I accept the {terms} and have read the {notice}."), **links)


class SignupFields(forms.Form):
    """What registering asks besides the address and the password, by every door."""

    name = NameField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    accepts_terms = forms.BooleanField(
        label=lazy(_terms, SafeString)(),
        error_messages={"required": _("Without this we cannot make an account for you.")},
    )
    is_adult = forms.BooleanField(
        label=_("I am 18 or older."),
        error_messages={"required": _("An account is for people of 18 and more. You can book without one.")},
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        consents.accept_at_sign_up(user=user, address=address_of(request))
