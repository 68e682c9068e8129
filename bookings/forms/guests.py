"""What staff write in the guest book."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.models import GuestTag, HouseGuest
from bookings.states import TagRule
from core.forms import LineField, NameField, PhoneField, TextField
from restaurants.admin.fields import NairaField

_FEAST = re.compile(r"^\s*(\d{1,2})[-/. ](\d{1,2})\s*$")
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class FeastField(forms.CharField):
    """A day of the year as people write it, day before month; cleaned to `03-21`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=20, widget=UnfoldAdminTextInputWidget({"dir": "ltr"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) and re.fullmatch(r"\d\d-\d\d", value):
            month, day = value.split("-")
            return f"{day}/{month}"
        return value

    def clean(self, value: Any) -> str:
        text = self.to_python(value)
        if not text:
            return ""
        match = _FEAST.match(text)
        if match is None or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) <= _LAST_DAYS[int(match[2]) - 1]:
            raise ValidationError(_("Write day and month, for example 21/3."), code="not_a_day")
        return f"{int(match[2]):02}-{int(match[1]):02}"


class GuestForm(forms.ModelForm):
    """An entry of the guest book; what was told of allergies asks whether the guest agreed."""

    name = NameField(label=_("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    phone = PhoneField(label=_("Phone"), required=False, widget=UnfoldAdminTextInputWidget)
    email = forms.EmailField(
        label=_("E-mail address"), required=False, max_length=254, widget=UnfoldAdminEmailInputWidget({"dir": "ltr"})
    )
    birthday = FeastField(label=_("Birthday"), help_text=_("Day and month, for example 21/3."))
    anniversary = FeastField(label=_("Anniversary"), help_text=_("Day and month, for example 21/3."))
    allergies = TextField(
        label=_("Allergies"), required=False, max_length=300, widget=UnfoldAdminTextareaWidget({"rows": 2})
    )
    has_agreed = forms.BooleanField(
        label=_("The guest has agreed that we keep this about their health or faith"),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    class Meta:
        model = HouseGuest
        fields = ["name", "phone", "email", "birthday", "anniversary", "allergies"]

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        told = answers.get("allergies", "")
        if told and told != self.initial.get("allergies", "") and not answers.get("has_agreed"):
            self.add_error("has_agreed", ValidationError(_("Keep it only if they have agreed."), code="no_consent"))
        return answers


class GuestTagForm(forms.ModelForm):
    """A mark for guests with its rule; what somebody has spent is typed in naira, and kept in kobo."""

    spend = NairaField(
        label=_("Spend from (₦)"),
        required=False,
        help_text=_("For the rule by spend: so much altogether, or within the months below."),
    )

    class Meta:
        model = GuestTag
        fields = ["restaurant", "name", "rule", "least", "months"]
        help_texts = {"least": _("So many visits or no-shows, or so many days before the birthday.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.rule == TagRule.SPEND:
            self.initial = {**self.initial, "spend": self.instance.least, "least": None}

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        if answers.get("rule") == TagRule.SPEND:
            if "spend" in answers and not answers["spend"]:
                self.add_error("spend", ValidationError(_("Write from how much on."), code="required"))
            # Whoever could not be asked in naira is not taken to mean kobo.
            answers["least"] = answers.get("spend") or None
        elif answers.get("spend"):
            self.add_error("spend", ValidationError(_("Only the rule by spend has an amount."), code="no_spend_rule"))
        return answers


class NoteForm(forms.ModelForm):
    text = TextField(label=_("Note"), max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 2}))


class BlockGuestForm(forms.Form):
    reason = LineField(
        label=_("Why"),
        max_length=300,
        help_text=_("Only your colleagues read it. The guest is told to call the restaurant."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Write down why: your colleagues have to know.")},
    )
