"""A ticketed event as its house writes it down, moves it and calls it off. Times are typed by the house's clock."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from bookings import errors, services
from bookings.models import TicketedEvent, TicketKind
from bookings.services.ticketed_events import LONGEST_EVENT
from bookings.states import EventRoom, EventStatus
from core.forms import LineField, SeenVersionForm, TextField
from restaurants.admin.fields import NairaField
from restaurants.models import Restaurant

FARTHEST_DAYS = 800
CLOCKS = ("starts_at", "ends_at", "sale_from", "sale_until")
MOST_GUESTS = 5000
# As the database has them; told beside the field before it is asked.
BOUNDS = {
    "capacity": (1, MOST_GUESTS),
    "minimum_age": (0, 25),
    "most_per_order": (1, 100),
    "most_unpaid": (1, 1000),
    "hold_minutes": (5, 4320),
    "return_hours": (0, 2160),
}
KIND_BOUNDS = {"guests": (1, 100), "stock": (0, MOST_GUESTS)}


class ClockField(forms.CharField):
    """A day and a time by a restaurant's clock. Its form says whose (`zone`), and cleans it with `instant`."""

    zone: ZoneInfo | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.astimezone(self.zone):%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def instant(self, text: str, zone: ZoneInfo) -> datetime:
        """Return the instant that the clock shows so.

        :raises ValidationError:
        """
        try:
            clock = datetime.fromisoformat(text)
        except ValueError as wrong:
            raise ValidationError(_("Write the day and the time."), code="not_a_time") from wrong
        moment = clock if clock.tzinfo else clock.replace(tzinfo=zone)
        if abs(moment - timezone.now()).days > FARTHEST_DAYS:
            raise ValidationError(_("Choose a day nearer to today."), code="too_far")
        return moment


def _clock(**kwargs: Any) -> ClockField:
    return ClockField(widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}), **kwargs)


def _read_clocks(form: forms.BaseForm, answers: dict[str, Any], zone: ZoneInfo) -> None:
    """Put instants where clocks were typed; what is none is told beside its field."""
    for name in CLOCKS:
        if name not in answers:
            continue
        try:
            answers[name] = form.fields[name].instant(answers[name], zone) if answers[name] else None  # type: ignore[attr-defined]
        except ValidationError as wrong:
            form.add_error(name, wrong)


def _check_end(form: forms.BaseForm, answers: dict[str, Any]) -> None:
    begins, ends = answers.get("starts_at"), answers.get("ends_at")
    if begins and ends and not begins < ends <= begins + LONGEST_EVENT:
        form.add_error("ends_at", _("Choose an end after the beginning, at most a day and a half later."))


def _bound(fields: dict[str, forms.Field], bounds: dict[str, tuple[int, int]]) -> None:
    for name, (low, high) in bounds.items():
        if name in fields:
            fields[name].validators += [MinValueValidator(low), MaxValueValidator(high)]
            fields[name].widget.attrs |= {"min": low, "max": high, "inputmode": "numeric"}


class TicketedEventForm(forms.ModelForm):
    """What of an event may be written in its state: the page leaves out what may not."""

    name = LineField(label=_("Name"), max_length=120, widget=UnfoldAdminTextInputWidget)
    description = TextField(
        label=_("Description"),
        max_length=3000,
        required=False,
        help_text=_("The menu, the music, how to dress."),
        widget=UnfoldAdminTextareaWidget,
    )
    payment_instructions = TextField(
        label=_("How to pay"),
        max_length=600,
        required=False,
        help_text=_("Your account, and what to write with the transfer."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    starts_at = _clock(label=_("Begins"), help_text=_("By the restaurant’s clock."))
    ends_at = _clock(label=_("Ends"))
    sale_from = _clock(label=_("On sale from"), required=False, help_text=_("Empty: at once."))
    sale_until = _clock(label=_("On sale until"), required=False, help_text=_("Empty: until the evening begins."))

    class Meta:
        model = TicketedEvent
        fields = [
            "restaurant", "name", "description", "starts_at", "ends_at", "room", "area", "capacity", "minimum_age",
            "sale_from", "sale_until", "most_per_order", "most_unpaid", "paid_when", "hold_minutes",
            "payment_instructions", "return_hours", "may_be_passed_on",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self.fields, BOUNDS)
        if self.instance.restaurant_id:
            for name in CLOCKS:
                if name in self.fields:
                    self.fields[name].zone = ZoneInfo(self.instance.restaurant.time_zone)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        answers = super().clean()
        answers = self.cleaned_data if answers is None else answers
        house: Restaurant | None = answers.get("restaurant")
        if house is None and self.instance.restaurant_id:
            house = self.instance.restaurant
        if house is not None:
            _read_clocks(self, answers, ZoneInfo(house.time_zone))
            _check_end(self, answers)
            self._check_sale(answers)
        self._check_room(answers)
        self._check_capacity(answers)
        return answers

    def _check_sale(self, answers: dict[str, Any]) -> None:
        begins, ends = answers.get("sale_from"), answers.get("sale_until")
        if begins and ends and begins >= ends:
            self.add_error("sale_until", _("The sale ends after it begins."))

    def _check_room(self, answers: dict[str, Any]) -> None:
        if "room" not in answers or "area" not in answers:
            return
        if answers["room"] == EventRoom.AREA and answers["area"] is None:
            self.add_error("area", _("Choose the area that the event takes."))
        elif answers["room"] != EventRoom.AREA and answers["area"] is not None:
            self.add_error("area", _("Leave this empty, or let the event take one area only."))

    def _check_capacity(self, answers: dict[str, Any]) -> None:
        if self.instance.status != EventStatus.ON_SALE or "capacity" not in answers:
            return
        try:
            services.check_capacity(self.instance.pk, capacity=answers["capacity"], stocks={})
        except errors.CapacityBelowSold as refused:
            self.add_error("capacity", str(refused))


class TicketKindForm(forms.ModelForm):
    """What can be bought. Once tickets of a kind were drawn, its name and its guests stand."""

    price_kobo = NairaField(label=_("Price (₦)"), help_text=_("Of the ticket, or of the whole table."))

    class Meta:
        model = TicketKind
        fields = ["name", "note", "guests", "price_kobo", "stock", "is_on_sale", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self.fields, KIND_BOUNDS)
        if getattr(self.instance, "is_drawn", False):
            for name in ("name", "guests"):
                if name in self.fields:
                    self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        answers = super().clean()
        answers = self.cleaned_data if answers is None else answers
        if self.instance.pk and self.instance.event.status == EventStatus.ON_SALE:
            self._check_stock(answers)
            if "guests" in self.changed_data and services.was_ever_sold(self.instance.pk):
                self.add_error("guests", _("Tickets of this kind were sold: it stays for as many guests."))
        return answers

    def _check_stock(self, answers: dict[str, Any]) -> None:
        if "stock" not in answers:
            return
        try:
            # The event's own capacity is checked beside its own field; here the bound that is always kept.
            services.check_capacity(
                self.instance.event_id, capacity=MOST_GUESTS, stocks={self.instance.pk: answers["stock"]}
            )
        except errors.CapacityBelowSold as refused:
            self.add_error("stock", str(refused))


class PutOnSaleForm(SeenVersionForm):
    """Nothing is asked; the form carries what the service refuses."""


class MoveEventForm(SeenVersionForm):
    starts_at = ClockField(label=_("Begins"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = ClockField(label=_("Ends"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    reason = LineField(
        label=_("Reason for the guests"),
        max_length=300,
        help_text=_("Stands in the message to everybody with a ticket."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        for name in ("starts_at", "ends_at"):
            self.fields[name].zone = zone  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        _read_clocks(self, answers, self.zone)
        _check_end(self, answers)
        return answers


class CallOffForm(SeenVersionForm):
    reason = LineField(
        label=_("Reason for the guests"),
        max_length=300,
        help_text=_("Stands in the message to everybody with a ticket."),
    )
    is_sure = forms.BooleanField(
        label=_("Yes, call it off for everybody"),
        error_messages={"required": _("Tick this if the event is really not to take place.")},
    )
