"""Forms that people fill in about restaurants."""

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import phones
from core.text import clean_line, clean_text

MOST_TABLES = 200
PROOF_LENGTH = 1000
JOB_LENGTH = 80


class ClaimForm(forms.Form):
    """Somebody says a listing is theirs, and what a first plan of service needs to know."""

    job = forms.Field(
        label=_("What do you do there?"),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
        help_text=_("For example owner, manager, head of the kitchen."),
    )
    phone = forms.Field(
        label=_("Phone we can reach you on"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        help_text=_("For example 0803 123 4567, or with the country code from abroad."),
    )
    proof = forms.Field(
        label=_("How can we check that it is yours?"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A page that names you, the house's own e-mail or Instagram, or the name on its registration."),
    )
    opens = forms.TimeField(label=_("Usually opens"), initial=time(12), widget=forms.TimeInput(attrs={"type": "time"}))
    closes = forms.TimeField(
        label=_("Usually closes"),
        initial=time(22),
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("A time after midnight is fine."),
    )
    tables_for_two = forms.IntegerField(label=_("Tables for two"), min_value=0, max_value=MOST_TABLES, required=False)
    tables_for_four = forms.IntegerField(label=_("Tables for four"), min_value=0, max_value=MOST_TABLES, required=False)
    tables_for_six = forms.IntegerField(label=_("Tables for six"), min_value=0, max_value=MOST_TABLES, required=False)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, auto_id="claim-%s", **options)
        for name in ("tables_for_two", "tables_for_four", "tables_for_six"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    def clean_job(self) -> str:
        return _needed(clean_line(self.cleaned_data["job"], max_length=JOB_LENGTH))

    def clean_phone(self) -> str:
        return phones.normalise(self.cleaned_data["phone"])

    def clean_proof(self) -> str:
        return _needed(clean_text(self.cleaned_data["proof"], max_length=PROOF_LENGTH))

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        tables = ("tables_for_two", "tables_for_four", "tables_for_six")
        for name in tables:
            answers[name] = answers.get(name) or 0
        if not any(name in self.errors for name in tables) and not any(answers[name] for name in tables):
            self.add_error("tables_for_two", _("Tell us of at least one table."))
        if "opens" not in self.errors and "closes" not in self.errors and answers["opens"] == answers["closes"]:
            self.add_error("closes", _("The doors cannot close at the very time they open."))
        return answers


def _needed(text: str) -> str:
    if not text:
        raise ValidationError(_("This field is required."), code="required")
    return text
