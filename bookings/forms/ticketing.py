"""Ordering tickets: how many of each kind, who orders them, who comes with one."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings import errors
from bookings.forms.booking import ContactForm
from bookings.models import TicketedEvent, TicketKind
from bookings.ticketing import Sold
from core.forms import NameField

# A longer number than any order has is no number.
MOST_TYPED = 9999


class ChoiceOfTickets(forms.Form):
    """How many of each kind that is on sale; a field for each, named by the kind's public id."""

    def __init__(self, data: Any = None, *, event: TicketedEvent, sold: Sold, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.event = event
        self.kinds: list[TicketKind] = [kind for kind in event.kinds.all() if kind.is_on_sale]
        self.left = {kind.pk: sold.left(event, kind) for kind in self.kinds}
        for kind in self.kinds:
            most = min(self.left[kind.pk], event.most_per_order // kind.guests)
            self.fields[str(kind.public_id)] = forms.IntegerField(
                label=kind.name,
                required=False,
                min_value=0,
                max_value=MOST_TYPED,
                widget=forms.NumberInput(attrs={"inputmode": "numeric", "max": most, "placeholder": "0"}),
            )

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if self.errors:
            return answers
        guests = sum(kind.guests * (answers.get(str(kind.public_id)) or 0) for kind in self.kinds)
        if not guests:
            raise ValidationError(errors.NoTicketsChosen.message, code="none")
        if guests > self.event.most_per_order:
            raise ValidationError(str(errors.TooManyTickets(most=self.event.most_per_order)), code="too_many")
        return answers

    def wanted(self) -> dict[UUID, int]:
        """Return how many of each kind were chosen, by its public id."""
        chosen = {kind.public_id: self.cleaned_data.get(str(kind.public_id)) or 0 for kind in self.kinds}
        return {public_id: count for public_id, count in chosen.items() if count}

    def lines(self) -> list[tuple[TicketKind, int, int]]:
        """Return what was chosen: the kind, how many, and what they cost together, in kobo."""
        wanted = self.wanted()
        return [
            (kind, wanted[kind.public_id], kind.price_kobo * wanted[kind.public_id])
            for kind in self.kinds
            if kind.public_id in wanted
        ]

    def amount_kobo(self) -> int:
        return sum(kobo for _kind, _count, kobo in self.lines())

    def said(self) -> list[str]:
        """Return what is wrong, as sentences for one notice."""
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]


class BuyerForm(ContactForm):
    """Who orders the tickets, and what they were told it costs."""

    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen_kobo = forms.IntegerField(min_value=0, max_value=10**13, widget=forms.HiddenInput, required=False)
    field_order = ["name", "phone", "email", "request_key", "seen_kobo"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = _("The tickets are made out to this name; you can write others on them later.")
        self.fields["phone"].help_text = _(
            "Without an e-mail address we text you the link. Nigerian numbers need no +234."
        )
        self.fields["email"].help_text = _("We send the tickets here.")


class HolderForm(forms.Form):
    """Who of the buyer's own party comes with a ticket."""

    name = NameField(label=_("Name on the ticket"), max_length=100)


class PassOnForm(forms.Form):
    """To whom a ticket is passed on."""

    name = NameField(label=_("Their name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("Their e-mail address"),
        max_length=254,
        required=False,
        help_text=_("We send them the ticket. Without it you get a link to hand on yourself."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
        error_messages={"invalid": _("This is not an e-mail address. One looks like ada@example.com.")},
    )
