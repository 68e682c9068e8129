"""Taking tables from sale, as the back office asks for it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.services.closing_tables import MOST_POINTS
from core.forms import LineField
from restaurants.models import Area, Restaurant, Table

# Some thousands of bookings in the way, and more than any house has.
LONGEST_SEAL = 100_000


class BlockForm(forms.Form):
    """Where and when, by the restaurant's own clock; and what guests are told when some of them lose their table."""

    restaurant = forms.ModelChoiceField(label=_("Restaurant"), queryset=Restaurant.objects.none())
    area = forms.ModelChoiceField(
        label=_("Which area"), queryset=Area.objects.none(), required=False, empty_label=_("The whole floor")
    )
    table = forms.ModelChoiceField(
        label=_("Which table"), queryset=Table.objects.none(), required=False, empty_label=_("Every table of the area")
    )
    starts_at = forms.CharField(
        label=_("Nobody sits there from"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        max_length=20,
        help_text=_("By the clock of the restaurant."),
    )
    ends_at = forms.CharField(
        label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), max_length=20
    )
    reason = LineField(
        label=_("Why"),
        max_length=200,
        help_text=_("Repair, private event, rain. Your colleagues see it on the floor plan; guests do not."),
    )

    # --- Once bookings stand in the way ---

    told = LineField(
        label=_("Reason for the guests"),
        max_length=300,
        required=False,
        help_text=_("Stands in the message to everybody who loses their table or sits in another area."),
    )
    points = forms.IntegerField(
        label=_("Points as an apology"),
        required=False,
        min_value=0,
        max_value=MOST_POINTS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("Promised to each guest who loses their table, with their next booking here. Nought is none."),
    )
    seal = forms.CharField(max_length=LONGEST_SEAL, required=False, widget=forms.HiddenInput)

    OF_A_CLOSING = ("told", "points", "seal")

    def __init__(
        self,
        data: Any = None,
        *,
        houses: QuerySet[Restaurant],
        areas: QuerySet[Area],
        tables: QuerySet[Table],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        for name, rows in (("restaurant", houses), ("area", areas), ("table", tables)):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        if houses.count() > 1:
            for name in ("area", "table"):
                self.fields[name].label_from_instance = _with_house  # type: ignore[attr-defined]

    def fields_asked_first(self) -> list[forms.BoundField]:
        """Return what is asked before it is known whether somebody stands in the way."""
        return [field for field in self if field.name not in self.OF_A_CLOSING]

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        house = answers.get("restaurant")
        for name in ("area", "table"):
            if house and answers.get(name) and answers[name].restaurant_id != house.pk:
                self.add_error(name, _("This belongs to another restaurant."))
        if house:
            for name in ("starts_at", "ends_at"):
                if name in answers:
                    answers[name] = self._instant(name, answers[name], house)
        return answers

    def _instant(self, name: str, text: str, house: Restaurant) -> datetime | None:
        try:
            clock = datetime.fromisoformat(text)
        except ValueError:
            self.add_error(name, _("Write the day and the time."))
            return None
        moment = clock if clock.tzinfo else clock.replace(tzinfo=ZoneInfo(house.time_zone))
        if abs(moment - timezone.now()).days > 800:
            self.add_error(name, _("Choose a day nearer to today."))
            return None
        return moment


def _with_house(row: Area | Table) -> str:
    return f"{row.restaurant} · {row}"
