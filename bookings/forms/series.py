"""The questions about bookings that repeat."""

from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.forms.booking import PartyField
from bookings.recurring import MOST_DAYS, MOST_WEEKS_BETWEEN, Rule

_ANY = time()


def how_often(weeks: int) -> str:
    """Return the rule in words, in the active language."""
    return ngettext("Every week", "Every %(count)d weeks", weeks) % {"count": weeks}


class RepeatForm(forms.Form):
    """How often, and until when."""

    every_weeks = forms.TypedChoiceField(label=_("How often"), coerce=int)
    until = forms.DateField(
        label=_("Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The last day at most; a year from the first at the latest."),
        error_messages={"required": _("Please choose a last day."), "invalid": _("Please choose a last day.")},
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, first_on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_on = first_on
        every: Any = self.fields["every_weeks"]
        every.choices = [(weeks, how_often(weeks)) for weeks in range(1, MOST_WEEKS_BETWEEN + 1)]
        latest = first_on + timedelta(days=MOST_DAYS)
        self.fields["until"].widget.attrs |= {
            "min": (first_on + timedelta(weeks=1)).isoformat(),
            "max": latest.isoformat(),
        }

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.first_on + timedelta(weeks=1) <= until <= self.first_on + timedelta(days=MOST_DAYS):
            raise ValidationError(_("Please choose a day between a week and a year after the first."))
        return until

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if not self.errors and len(Rule(self.first_on, _ANY, answers["every_weeks"], answers["until"]).dates()) < 2:
            self.add_error("until", ValidationError(_("Until then it does not come round again.")))
        return answers


class SeriesChangeForm(forms.Form):
    """Another time or size, for all dates to come or from one of them on."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    from_on = forms.DateField(label=_("From"), required=False, widget=forms.Select)
    at = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    party = PartyField(label=_("Guests"))

    def __init__(self, *args: Any, dates: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_on"].widget = forms.Select(choices=[("", _("All dates to come")), *dates])


class SeriesCancelForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    from_on = forms.DateField(label=_("From"), required=False)

    def __init__(self, *args: Any, dates: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "cancel_%s", **kwargs})
        self.fields["from_on"].widget = forms.Select(choices=[("", _("All dates to come")), *dates])


class SeriesDateForm(forms.Form):
    """What is to become of one date without a table."""

    version = forms.IntegerField()
    on = forms.DateField()
    at = forms.TimeField(required=False)
