"""Moving a special day."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LineField


class MoveDayForm(forms.Form):
    to = forms.DateField(
        label=_("New date"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Please choose a day."), "invalid": _("Please choose a day.")},
    )
    reason = LineField(
        label=_("Reason for the guests"),
        max_length=300,
        required=False,
        help_text=_("Stands in the mail to everybody who is moved."),
    )
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
