"""What a diner types to find a table: the search form and the form of free times, both sent by GET.

Every field is optional. What cannot be understood is said beside its field and stays there as it was typed.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.text import clean_line
from localization.formatting import time_of_day

# The forms below have fields of the types' own names.
Day = date

LARGEST_PARTY = 99
DAYS_AHEAD = 730
DEFAULT_PARTY = 2
# An hour this early belongs to the evening before it: half past midnight on Saturday's service is still Saturday's.
NIGHT_ENDS = time(5)
TEXT_LENGTH = 120
_SHOWN = 40
STEP_FREE = _("We need a table without steps")


def _excerpt(value: object) -> str:
    """Return what was typed, short and clean enough to stand in a sentence."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


class KeepingSelect(forms.Select):
    """A list that also shows an unknown value somebody sent, so that the error beside it makes sense."""

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        groups = super().optgroups(name, value, attrs)
        known = {str(option["value"]) for _group, options, _index in groups for option in options}
        for sent in value:
            if sent and sent not in known:
                option = self.create_option(name, sent, _excerpt(sent), True, len(groups), attrs=attrs)
                groups.append((None, [option], len(groups)))
        return groups


class TextField(forms.Field):
    """One line of free text."""

    widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "enterkeyhint": "search"})

    def to_python(self, value: Any) -> str:
        return clean_line(value, max_length=TEXT_LENGTH) if value else ""


class PartyField(forms.Field):
    """How many people come: a whole number from 1 on."""

    # Not type="number", whose box loses what it cannot read before anybody could be told.
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": 12})

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        # int() also reads other scripts' digits, which is meant; it refuses monsters by their length here.
        if len(text) > 12 or not text.lstrip("+-").isdecimal():
            raise ValidationError(
                _("“%(typed)s” is not a number of people. Write a whole number, such as 4."),
                code="party_not_a_number",
                params={"typed": _excerpt(text)},
            )
        size = int(text)
        if not 1 <= size <= LARGEST_PARTY:
            raise ValidationError(
                _("Write a number of people from 1 to %(largest)d."),
                code="party_out_of_range",
                params={"largest": LARGEST_PARTY},
            )
        return size


class DayField(forms.DateField):
    """A day from today on; `today` is set by the form, since it depends on where the table stands."""

    today: date | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d", "%d/%m/%Y"], **options)
        self.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def to_python(self, value: Any) -> date | None:
        try:
            return super().to_python("" if value is None else str(value).strip()[:60].replace("\0", "?"))
        except ValidationError as error:
            raise ValidationError(
                _("“%(typed)s” is not a day. Choose one from the calendar."),
                code="date_unreadable",
                params={"typed": _excerpt(value)},
            ) from error

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is None or self.today is None:
            return
        if value < self.today:
            raise ValidationError(_("That day has passed. Choose today or a later day."), code="date_past")
        if value > self.today + timedelta(days=DAYS_AHEAD):
            raise ValidationError(_("That is too far ahead. Choose a day within two years."), code="date_too_far")


class ClockField(forms.Field):
    """A time of day on the clock, offered in half hours; any minute is understood."""

    widget = KeepingSelect

    def to_python(self, value: Any) -> time | None:
        text = str(value or "").strip()
        if not text:
            return None
        for pattern in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p", "%I%p"):
            try:
                return datetime.strptime(text[:20], pattern).time()  # noqa: DTZ007 - a wall clock has no zone
            except ValueError:
                continue
        raise ValidationError(
            _("“%(typed)s” is not a time. Choose one from the list."),
            code="time_unreadable",
            params={"typed": _excerpt(text)},
        )


class KnownField(forms.ChoiceField):
    """One of the choices; an unknown one is refused with a sentence of the field's own."""

    widget = KeepingSelect


def half_hours() -> list[tuple[str, str]]:
    """Return the times people dine at, from breakfast to after midnight, as the reader's clock writes them."""
    minutes = [*range(8 * 60, 24 * 60, 30), *range(0, 2 * 60, 30)]
    clocks = [time(minute // 60, minute % 60) for minute in minutes]
    return [(f"{clock:%H:%M}", time_of_day(clock)) for clock in clocks]


class SearchForm(forms.Form):
    """Where, what, when, for how many."""

    q = TextField(label=_("Restaurant, dish or landmark"), required=False)
    date = DayField(label=_("Day"), required=False)
    time = ClockField(label=pgettext_lazy("of day", "Time"), required=False)
    party = PartyField(label=_("People"), required=False)
    city = KnownField(
        label=_("City"),
        required=False,
        error_messages={"invalid_choice": _("We know no restaurants in “%(value)s” yet. Choose a city from the list.")},
    )
    neighbourhood = KnownField(
        label=_("Neighbourhood"),
        required=False,
        error_messages={"invalid_choice": _("We know no neighbourhood “%(value)s”. Choose one from the list.")},
    )
    cuisine = forms.MultipleChoiceField(
        label=_("Cuisine"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("We know no cuisine “%(value)s”. Choose from the list.")},
    )
    price = forms.TypedMultipleChoiceField(
        label=_("Usual spend a head"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("There is no price band “%(value)s”. Choose from the list.")},
    )
    step_free = forms.BooleanField(label=STEP_FREE, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        today: Day,
        cities: Iterable[tuple[str, str]],
        neighbourhoods: dict[str, list[str]],
        cuisines: Iterable[tuple[str, str]],
        price_bands: Iterable[tuple[int, Any]],
        **options: Any,
    ) -> None:
        super().__init__(data, auto_id="search-%s", **options)
        self.today = today
        self.neighbourhoods = neighbourhoods
        day: Any = self.fields["date"]
        day.today = today
        day.widget.attrs |= {"min": today.isoformat(), "max": (today + timedelta(days=DAYS_AHEAD)).isoformat()}
        self.fields["q"].widget.attrs["placeholder"] = _("Jollof, suya, Bodija…")
        self._choose("city", [("", _("All cities")), *cities])
        self._choose("cuisine", list(cuisines))
        self._choose("price", list(price_bands))
        clock: Any = self.fields["time"]
        clock.widget.choices = [("", _("Any time")), *half_hours()]
        city = self["city"].value() or ""
        own = neighbourhoods.get(city, [])
        self._choose("neighbourhood", [("", _("Anywhere")), *((name, name) for name in own)])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean_city(self) -> str:
        return str(self.cleaned_data["city"])

    def _clean_fields(self) -> None:
        self._forget_neighbourhood_of_another_city()
        super()._clean_fields()  # type: ignore[misc]  # the stubs leave it out

    def _forget_neighbourhood_of_another_city(self) -> None:
        # Somebody who goes from Lagos to Abuja does not mean to look for Yaba there.
        chosen, city = self["neighbourhood"].value(), self["city"].value()
        elsewhere = any(chosen in names for slug, names in self.neighbourhoods.items() if slug != city)
        if chosen and elsewhere and chosen not in self.neighbourhoods.get(city or "", []):
            data: Any = self.data
            self.data = data = data.copy()
            data["neighbourhood"] = ""


class TimesForm(forms.Form):
    """Day, party and area on a restaurant's own page, and whether it has to be a table without steps.

    A house that has none is not asked for one, except by a link that says so: there the answer tells why not.
    """

    date = DayField(label=_("Day"), required=False)
    party = PartyField(label=_("People"), required=False)
    area = forms.Field(label=_("Where"), required=False, widget=KeepingSelect)
    step_free = forms.BooleanField(label=STEP_FREE, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        today: Day,
        last_day: Day,
        areas: Iterable[tuple[UUID, str]],
        has_step_free: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(data, auto_id="times-%s", **options)
        if not has_step_free and not self["step_free"].value():
            del self.fields["step_free"]
        day: Any = self.fields["date"]
        day.today = today
        day.widget.attrs |= {"min": today.isoformat(), "max": last_day.isoformat()}
        self._areas = {str(public_id): public_id for public_id, _name in areas}
        area: Any = self.fields["area"]
        area.widget.choices = [("", _("Anywhere")), *((str(public_id), name) for public_id, name in areas)]

    def clean_area(self) -> UUID | None:
        chosen = self.cleaned_data["area"]
        if not chosen:
            return None
        if str(chosen) not in self._areas:
            raise ValidationError(_("This restaurant has no such area. Choose one from the list."), code="area_unknown")
        return self._areas[str(chosen)]
