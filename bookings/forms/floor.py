"""Forms of the floor's screens: moving and stretching a party without dragging it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.floor_view import FloorDay, Turn
from bookings.forms.booking import PartyField
from bookings.forms.desk import OVER_SEATS
from bookings.states import Status
from core.forms import LineField
from localization import formatting
from restaurants.floor_plan import Place, PlacedTable, place_of
from restaurants.states import TableShape

LONGEST_STAY = 720


class MoveForm(forms.Form):
    """Another time, another length, other tables: what is left as it was is not touched."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    booking = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    starts_at = forms.CharField(label=_("Begins"), widget=forms.Select, required=False)
    minutes = forms.IntegerField(
        label=_("Stays (minutes)"),
        min_value=5,
        max_value=LONGEST_STAY,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": 5}),
    )
    tables = forms.MultipleChoiceField(label=_("Tables"), widget=forms.CheckboxSelectMultiple, required=False)
    over_pacing = forms.BooleanField(label=_("Even if too many guests arrive at that time"), required=False)
    over_seats = forms.BooleanField(label=OVER_SEATS, required=False)


class NewTableForm(forms.Form):
    """A table that was drawn on the plan."""

    name = LineField(label=_("Name"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    area = forms.TypedChoiceField(label=_("Area"), coerce=int)
    min_party = PartyField(label=_("Smallest party"), initial=1)
    max_party = PartyField(label=_("Largest party"), initial=4)
    shape = forms.ChoiceField(label=_("Shape"), choices=TableShape.choices)
    x = forms.FloatField(widget=forms.HiddenInput, initial=45)
    y = forms.FloatField(widget=forms.HiddenInput, initial=45)
    width = forms.FloatField(widget=forms.HiddenInput, initial=8)
    height = forms.FloatField(widget=forms.HiddenInput, initial=8)

    def place(self) -> Place | None:
        """Return where it was drawn; None for a place off the plan."""
        return place_of({**self.cleaned_data, "rotation": 0})


def move_form(floor_day: FloorDay, turn: Turn, tables: Sequence[PlacedTable]) -> MoveForm:
    """Return the form that moves a party, filled in with how it stands."""
    booking = turn.booking
    assert booking is not None  # noqa: S101  (blocks are not moved)
    starts_at = booking.starts_at
    form = MoveForm(
        auto_id=f"move_{booking.pk}_%s",
        initial={
            "id": uuid4(),
            "booking": booking.public_id,
            "version": booking.version,
            "starts_at": starts_at.isoformat(),
            "minutes": int((booking.ends_at - starts_at) / timedelta(minutes=1)),
            "tables": [str(table) for table in turn.table_ids],
        },
    )
    fields: dict[str, Any] = form.fields
    fields["starts_at"].widget.choices = _starts(floor_day, starts_at, is_fixed=booking.status == Status.SEATED)
    fields["tables"].choices = [(str(table.id), table.name) for table in tables]
    return form


def _starts(floor_day: FloorDay, starts_at: datetime, *, is_fixed: bool) -> list[tuple[str, str]]:
    zone = floor_day.plan.zone
    kept = (starts_at.isoformat(), formatting.time_of_day(starts_at, zone=zone))
    if is_fixed:
        return [kept]
    ahead = [
        (slot.starts_at.isoformat(), formatting.time_of_day(slot.starts_at, zone=zone))
        for slot in floor_day.slots
        if slot.starts_at >= floor_day.now and slot.starts_at != starts_at
    ]
    return [kept, *ahead]
