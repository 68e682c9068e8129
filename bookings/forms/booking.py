"""The questions of the booking pages: they check shape; the services check rules."""

import datetime
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.privacy import texts
from accounts.privacy.states import Purpose
from bookings import errors
from bookings.forms.search import STEP_FREE
from bookings.models import Booking
from bookings.offers import LONGEST
from bookings.services import Guest
from bookings.states import Occasion
from core.forms import InstantField, LineField, NameField, PhoneField, SeenVersionForm, TextField

MOST_GUESTS = 400
NOT_A_PARTY = _("Tell us the number of guests as a whole number, 1 or more.")


class PartyField(forms.IntegerField):
    """How many guests come."""

    def __init__(self, **kwargs: Any) -> None:
        messages = dict.fromkeys(("invalid", "min_value"), NOT_A_PARTY)
        messages["max_value"] = _("That is more guests than any of our restaurants seats.")
        super().__init__(min_value=1, max_value=MOST_GUESTS, error_messages=messages, **kwargs)


class WishForm(forms.Form):
    """What the link to the booking page carries: when, how many, where."""

    starts_at = InstantField(label=_("Time"), error_messages={"required": _("Please choose a time.")})
    party = PartyField(label=_("Guests"))
    area = forms.UUIDField(label=_("Area"), required=False, error_messages={"invalid": errors.UnknownArea.message})
    step_free = forms.BooleanField(label=STEP_FREE, required=False)
    offer = forms.CharField(
        required=False,
        max_length=LONGEST,
        widget=forms.HiddenInput,
        error_messages={"max_length": errors.UnknownSuggestion.message},
    )

    def wish(self) -> dict[str, Any]:
        """Return the answers by the names the services give them."""
        answers = self.cleaned_data
        return {
            "starts_at": answers["starts_at"],
            "party_size": answers["party"],
            "area": answers["area"],
            "step_free": answers["step_free"],
        }

    def said(self) -> list[str]:
        """Return what is wrong, as sentences for one notice: the diner has no field here to correct."""
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


class ContactForm(forms.Form):
    """Who comes, and how the restaurant reaches them."""

    name = NameField(
        label=_("Your name"),
        max_length=100,
        help_text=_("The restaurant welcomes you by this name."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please tell us your name.")},
    )
    phone = PhoneField(
        label=_("Phone"),
        required=False,
        help_text=_(
            "Only for calls and text messages about this booking. Nigerian numbers need no +234; others begin with +."
        ),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        help_text=_("We send the confirmation and a reminder here, with a link to change or cancel."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
        error_messages={"invalid": _("This is not an e-mail address. One looks like ada@example.com.")},
    )

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if not {"phone", "email"} & set(self.errors) and not answers.get("phone") and not answers.get("email"):
            self.add_error("phone", ValidationError(errors.ContactMissing.message, code="contact_missing"))
        return answers

    def guest(self) -> Guest:
        answers = self.cleaned_data
        return Guest(name=answers["name"], phone=answers["phone"], email=answers["email"])


class WishesForm(forms.Form):
    """What the restaurant may like to know."""

    occasion = forms.ChoiceField(label=_("Occasion"), choices=Occasion.choices, required=False)
    notes = TextField(
        label=_("Wishes"),
        max_length=500,
        required=False,
        help_text=_(
            "An allergy, a wheelchair, a cake, a surprise. What you write here, about health or faith too, you agree "
            "to share with this restaurant for this visit, and with nobody else."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def wishes(self) -> dict[str, Any]:
        return {"occasion": self.cleaned_data["occasion"], "notes": self.cleaned_data["notes"]}


class AllergiesForm(forms.Form):
    """What the house may keep beyond this visit, and only with the guest's word."""

    allergies = TextField(
        label=_("Allergies"),
        max_length=300,
        required=False,
        help_text=_("For the kitchen, this time and whenever you come again."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    agrees = forms.BooleanField(label=_("I agree that my allergies are kept"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agrees"].help_text = str(texts.current(Purpose.SENSITIVE).text)

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if answers.get("allergies") and not answers.get("agrees"):
            self.add_error("agrees", ValidationError(errors.AllergiesWithoutConsent.message, code="no_consent"))
        return answers


class DetailsForm(AllergiesForm, WishesForm, ContactForm):
    """The second step of a booking."""

    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    field_order = ["name", "phone", "email", "occasion", "notes", "allergies", "agrees", "request_key"]


class ChangeDetailsForm(WishesForm, ContactForm):
    """Name, contact and wishes of a booking that stands."""

    field_order = ["name", "phone", "email", "occasion", "notes"]

    @classmethod
    def of(cls, booking: Booking) -> "ChangeDetailsForm":
        return cls(
            initial={
                "name": booking.guest_name,
                "phone": booking.guest_phone,
                "email": booking.guest_email,
                "occasion": booking.occasion,
                "notes": booking.notes,
            }
        )


class OtherTimeForm(forms.Form):
    """For which day, how many and where the times are shown."""

    date = forms.DateField(
        label=_("Day"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is not a day. Write it as year-month-day, for example 2026-12-24.")},
    )
    party = PartyField(label=_("Guests"), widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    area = forms.ChoiceField(label=_("Area"), required=False, error_messages={"invalid_choice": _("No such area.")})
    step_free = forms.BooleanField(label=STEP_FREE, required=False)

    def __init__(
        self,
        *args: Any,
        areas: Iterable[tuple[UUID, str]],
        has_step_free: bool,
        largest_party: int,
        first_day: datetime.date,
        last_day: datetime.date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = [("", _("Anywhere")), *((str(pk), name) for pk, name in areas)]  # type: ignore[attr-defined]
        if not has_step_free and not self["step_free"].value():
            del self.fields["step_free"]
        self.fields["party"].widget.attrs["max"] = largest_party
        self.fields["date"].widget.attrs |= {"min": first_day.isoformat(), "max": last_day.isoformat()}


class MoveForm(WishForm):
    """The new time of a booking, as one of the times shown."""


class SeenForm(SeenVersionForm):
    """Which state of the booking the diner was looking at when they pressed the button."""

    seen = forms.IntegerField(min_value=0, max_value=100_000, required=False, widget=forms.HiddenInput)


LATE_CHOICES = (10, 15, 20, 30, 45)


class LateForm(forms.Form):
    """How many minutes late a party comes; 0: on time after all."""

    minutes = forms.TypedChoiceField(choices=[(minutes, minutes) for minutes in (0, *LATE_CHOICES)], coerce=int)


class FindForm(forms.Form):
    """The code of a booking, and something its guest knows."""

    code = forms.CharField(
        label=pgettext_lazy("of a booking", "Code"),
        max_length=40,
        help_text=_(
            "Six letters and figures, from the confirmation; a ticket’s has eight. "
            "Spaces and small letters do not matter."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "dir": "ltr"}
        ),
        error_messages={"required": _("Please write the code of the booking.")},
    )
    contact = LineField(
        label=_("Phone, e-mail or surname"),
        max_length=254,
        help_text=_("As you gave it when you booked."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
        error_messages={"required": _("Please write the phone number, e-mail address or surname of the booking.")},
    )
