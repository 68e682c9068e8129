"""What the desk types: a walk-in, a booking by telephone, another time, other tables, a reason."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import errors, terms
from bookings.availability import Slot, slot_times
from bookings.board import TableChoice
from bookings.forms.booking import LATE_CHOICES, PartyField
from bookings.services import Guest
from bookings.states import Channel, FeeKind, Occasion
from core.forms import LineField, NameField, PhoneField, SeenVersionForm, TextField
from localization import formatting
from restaurants.admin.fields import NairaField
from restaurants.service_plan import ServicePlan

# How far the desk leafs: a typing mistake in the address must not count a calendar through.
FARTHEST = timedelta(days=800)
MOST_OF_A_DEPOSIT = Decimal(1_000_000_000)
OVER_SEATS = _("Even if the tables seat fewer")


class WaiveForm(SeenVersionForm):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("For the house; the guest is told that no deposit is needed."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class FeeForm(SeenVersionForm):
    """Which fee is charged, or waived and why."""

    kind = forms.ChoiceField(choices=FeeKind.choices, widget=forms.HiddenInput)
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("For the house; the guest is told that no fee is asked for."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReasonForm(SeenVersionForm):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        required=False,
        help_text=_("The guest reads it in the message we send."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReferenceForm(SeenVersionForm):
    """Under which reference money went."""

    reference = LineField(
        label=_("Reference"),
        max_length=100,
        required=False,
        help_text=_("Of the transfer or the receipt. The same one counts once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )


class DepositForm(ReferenceForm):
    """How much money has come."""

    field_order = ["version", "amount", "reference"]

    amount = NairaField(
        label=_("Amount (₦)"),
        min_value=Decimal("0.01"),
        max_value=MOST_OF_A_DEPOSIT,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        error_messages={"min_value": errors.NotAnAmount.message},
    )


class LateForm(SeenVersionForm):
    """How late a party comes that has called."""

    minutes = forms.TypedChoiceField(
        label=_("Comes late by"),
        coerce=int,
        choices=lambda: [
            (minutes, formatting.duration(timedelta(minutes=minutes)) if minutes else _("On time"))
            for minutes in (0, *LATE_CHOICES)
        ],
    )


class NotesForm(SeenVersionForm):
    staff_notes = TextField(
        label=_("Notes of the house"),
        max_length=500,
        required=False,
        help_text=_("Only your colleagues see them."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TableField(forms.TypedMultipleChoiceField):
    """Tables by their keys, labelled with area, seats and whether they are free."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=int, **kwargs)

    def offer(self, tables: Iterable[TableChoice], *, all_of_them: bool = False) -> None:
        self.choices = [(table.id, _label(table)) for table in tables if table.is_free or table.is_kept or all_of_them]


def _label(table: TableChoice) -> str:
    words = _("%(table)s · %(area)s · seats %(seats)d") % {
        "table": table.name,
        "area": table.area,
        "seats": table.seats,
    }
    return _("%(table)s (taken)") % {"table": words} if not (table.is_free or table.is_kept) else words


class TablesForm(SeenVersionForm):
    tables = TableField(
        label=_("Tables"),
        help_text=_("Free for the whole of this party's time. Choose several to push them together."),
        error_messages={
            "required": _("Choose at least one table."),
            "invalid_choice": errors.TableTaken.message,
        },
    )
    over_seats = forms.BooleanField(label=OVER_SEATS, required=False)


class SlotForm(forms.Form):
    """A day and one of its times by the wall clock; a time past midnight belongs to the day before."""

    party = PartyField(label=_("Guests"), widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    clock = forms.TimeField(
        label=_("Time"),
        widget=forms.Select,
        input_formats=["%H:%M"],
        error_messages={"required": _("Please choose a time."), "invalid": errors.NotASeatingTime.message},
    )

    def offer(self, plan: ServicePlan, slots: Sequence[Slot], *, now: datetime, kept: datetime | None = None) -> None:
        """Name the times of a day, and say which are full."""
        self.plan = plan
        choices: list[tuple[str, Any]] = [("", _("Choose a time"))]
        for slot in slots:
            if slot.starts_at < now and slot.starts_at != kept:
                continue
            choices.append((clock_of(plan, slot.starts_at), time_label(plan, slot)))
        if kept is not None and clock_of(plan, kept) not in dict(choices):
            choices.insert(1, (clock_of(plan, kept), formatting.time_of_day(kept, zone=plan.zone)))
        self.fields["clock"].widget.choices = choices

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if abs(day - timezone.localdate()) > FARTHEST:
            raise ValidationError(_("This time is too far away: nothing is kept for so many years."), code="too_far")
        return day

    def starts_at(self) -> datetime:
        """Return the instant meant.

        :raises NotASeatingTime: when the day has no such time
        """
        return instant_of(self.plan, self.cleaned_data["day"], self.cleaned_data["clock"])


def clock_of(plan: ServicePlan, moment: datetime) -> str:
    return moment.astimezone(plan.zone).strftime("%H:%M")


def time_label(plan: ServicePlan, slot: Slot) -> str:
    words = _("%(time)s, %(shift)s") % {
        "time": formatting.time_of_day(slot.starts_at, zone=plan.zone),
        "shift": slot.shift_name,
    }
    return words if slot.available else _("%(time)s: full") % {"time": words}


def instant_of(plan: ServicePlan, day: date, clock: time) -> datetime:
    """Return the start of a service day that the clock shows so."""
    for slot in slot_times(plan, day):
        if slot.starts_at.astimezone(plan.zone).time() == clock:
            return slot.starts_at
    raise errors.ClosedThen if not plan.shifts_on(day) else errors.NotASeatingTime


class ChangeForm(SeenVersionForm, SlotForm):
    step_free = forms.BooleanField(label=_("They need a table without steps"), required=False)
    over_pacing = forms.BooleanField(label=_("Even if too many guests arrive at that time"), required=False)


class GuestForm(forms.Form):
    name = NameField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    phone = PhoneField(label=_("Phone"), required=False)

    def guest(self) -> Guest:
        answers = self.cleaned_data
        return Guest(name=answers["name"], phone=answers["phone"], email=answers.get("email", ""))


class DeskBookingForm(SlotForm, GuestForm):
    """A booking taken by telephone, WhatsApp or at the desk."""

    field_order = ["name", "phone", "party", "day", "clock", "channel", "area", "email", "occasion", "notes"]

    channel = forms.ChoiceField(
        label=_("Taken through"),
        choices=[(channel.value, channel.label) for channel in (Channel.PHONE, Channel.WHATSAPP, Channel.ADMIN)],
        initial=Channel.PHONE.value,
    )
    area = forms.ChoiceField(label=_("Area"), required=False)
    step_free = forms.BooleanField(label=_("They need a table without steps"), required=False)
    email = forms.EmailField(
        label=_("E-mail"), required=False, max_length=254, help_text=_("For a confirmation, if the guest wants one.")
    )
    occasion = forms.ChoiceField(label=_("Occasion"), choices=Occasion.choices, required=False)
    notes = TextField(label=_("Wishes"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    over_pacing = forms.BooleanField(label=_("Even if too many guests arrive at that time"), required=False)
    asks_deposit = forms.BooleanField(
        label=_("Ask for the deposit, and hold the table until it has come"), required=False
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    again = forms.BooleanField(label=_("Book once more for the same guest"), required=False)

    asks_again = False
    """Whether the guest has a booking at that time, so that another one has to be meant."""

    def offer(self, plan: ServicePlan, slots: Sequence[Slot], *, now: datetime, kept: datetime | None = None) -> None:
        super().offer(plan, slots, now=now, kept=kept)
        self.fields["area"].choices = [  # type: ignore[attr-defined]
            ("", _("Anywhere")),
            *((str(area.public_id), area.name) for area in plan.areas),
        ]
        if not terms.asks_any_deposit(plan):
            self.fields.pop("asks_deposit", None)


class WalkInForm(GuestForm):
    """A party at the door."""

    field_order = ["party", "tables", "over_seats", "name", "phone", "minutes"]

    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    party = PartyField(label=_("Guests"), widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
