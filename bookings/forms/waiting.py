"""What those who wait are asked: between which times, where, and how they are reached."""

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.availability import hard_close_refusal, party_refusal, slot_times, time_refusal
from bookings.forms.booking import ContactForm, PartyField
from bookings.forms.desk import FARTHEST, OVER_SEATS, GuestForm, TableField
from bookings.services import Guest
from bookings.states import Channel, StandbyPriority
from core.forms import InstantField, LineField, SeenVersionForm
from localization import formatting
from restaurants.service_plan import ServicePlan


class DayForm(forms.Form):
    """Which evening, and for how many: what the page of free times hands over."""

    date = forms.DateField(input_formats=["%Y-%m-%d"])
    party = PartyField()


class RangeForm(forms.Form):
    """A range of starts of one service day, and areas; offered by `offer()`."""

    party = PartyField(label=_("Guests"), widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    date = forms.DateField(
        label=_("Day"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    earliest = InstantField(
        label=_("Earliest time"), widget=forms.Select, error_messages={"required": _("Please choose a time.")}
    )
    latest = InstantField(
        label=_("Latest time"), widget=forms.Select, error_messages={"required": _("Please choose a time.")}
    )
    areas = forms.MultipleChoiceField(
        label=_("Where"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for anywhere in the house."),
        error_messages={"invalid_choice": _("No such area.")},
    )

    def offer(
        self, plan: ServicePlan, day: datetime.date, party_size: int, *, now: datetime.datetime, online: bool
    ) -> int:
        """Name the day's times that such a party could have if they were free; returns how many there are."""
        possible = [
            slot.starts_at.astimezone(plan.zone)
            for slot in slot_times(plan, day)
            if not time_refusal(plan, slot, now=now, online=online) and not hard_close_refusal(plan, slot, party_size)
        ]
        if party_refusal(plan, party_size, online=online, may_ask=False):
            possible = []
        choices = [(start.isoformat(), formatting.time_of_day(start, zone=plan.zone)) for start in possible]
        for name in ("earliest", "latest"):
            self.fields[name].widget.choices = choices
        if choices:
            self.fields["earliest"].initial, self.fields["latest"].initial = choices[0][0], choices[-1][0]
        self.fields["areas"].choices = [(str(area.public_id), area.name) for area in plan.areas]  # type: ignore[attr-defined]
        if len(plan.areas) < 2:
            del self.fields["areas"]
        return len(choices)

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        earliest, latest = answers.get("earliest"), answers.get("latest")
        if earliest and latest and latest < earliest:
            self.add_error(
                "latest", ValidationError(_("Choose a latest time that is not before the earliest."), "order")
            )
        return answers

    def wish(self) -> dict[str, Any]:
        """Return the answers by the names the services give them."""
        answers = self.cleaned_data
        return {
            "earliest": answers["earliest"],
            "latest": answers["latest"],
            "party_size": answers["party"],
            "areas": answers.get("areas") or (),
        }


class WaitForm(RangeForm, ContactForm):
    """A diner's place on the waiting list, or wish to be told."""

    field_order = ["party", "date", "earliest", "latest", "areas", "name", "phone", "email"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].help_text = _("A text message reaches you fastest. Nigerian numbers need no +234.")
        self.fields["email"].help_text = _("We write here, too.")


class DeskWaitForm(RangeForm, GuestForm):
    """A place on the waiting list that the house writes down."""

    field_order = ["name", "phone", "email", "party", "date", "earliest", "latest", "areas", "priority", "channel"]

    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    priority = forms.TypedChoiceField(
        label=_("Turn"), choices=StandbyPriority.choices, coerce=int, initial=StandbyPriority.USUAL
    )
    channel = forms.ChoiceField(
        label=_("Taken through"),
        choices=[(channel.value, channel.label) for channel in (Channel.PHONE, Channel.WHATSAPP, Channel.ADMIN)],
        initial=Channel.PHONE.value,
    )

    def clean_date(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["date"]
        if abs(day - datetime.date.today()) > FARTHEST + datetime.timedelta(days=1):  # noqa: DTZ011 - a margin, not a rule
            raise ValidationError(_("This time is too far away: nothing is kept for so many years."), code="too_far")
        return day


class PriorityForm(SeenVersionForm):
    priority = forms.TypedChoiceField(label=_("Turn"), choices=StandbyPriority.choices, coerce=int)


class WithdrawForm(SeenVersionForm):
    reason = LineField(label=_("Reason"), max_length=300, required=False)


class QueueForm(GuestForm):
    """A party at the door that waits."""

    field_order = ["party", "name", "phone", "area"]

    party = PartyField(label=_("Guests"), widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    area = forms.ChoiceField(label=_("Area"), required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, plan: ServicePlan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].help_text = _("We text this number when the table is ready.")
        self.fields["area"].choices = [  # type: ignore[attr-defined]
            ("", _("Anywhere")),
            *((str(area.public_id), area.name) for area in plan.areas),
        ]

    def guest(self) -> Guest:
        return Guest(name=self.cleaned_data["name"], phone=self.cleaned_data["phone"])


class SeatForm(SeenVersionForm):
    """At which tables a party of the queue sits down, and how long it may stay."""

    tables = TableField(label=_("Tables"), required=False, help_text=_("Leave empty and the best free table is taken."))
    over_seats = forms.BooleanField(label=OVER_SEATS, required=False)
    minutes = forms.IntegerField(
        label=_("They may stay (minutes)"),
        required=False,
        min_value=15,
        max_value=720,
        help_text=_("Only where the table is due sooner than usual."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": 5}),
    )
