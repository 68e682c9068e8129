"""Tickets at the desk and at the door: selling, money, giving back, passing on, the code that somebody shows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.models import TicketKind
from bookings.services import Guest, Paid
from bookings.states import Channel, PaidBy
from core.forms import LineField, NameField, PhoneField, SeenVersionForm, ServiceForm
from localization import formatting
from restaurants.admin.fields import NairaField

MOST_OF_AN_ORDER = Decimal(1_000_000_000)
MOST_AT_ONCE = 500
SOLD_THROUGH = (Channel.PHONE, Channel.WHATSAPP, Channel.WALK_IN, Channel.ADMIN)


def _means(**kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=_("How"), required=False, choices=[("", _("Not said")), *PaidBy.choices], **kwargs)


class MoneyForm(SeenVersionForm):
    amount_kobo = NairaField(
        label=_("Amount (₦)"),
        min_value=Decimal("0.01"),
        max_value=MOST_OF_AN_ORDER,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    means = _means()
    reference = LineField(
        label=_("Reference"),
        max_length=100,
        required=False,
        help_text=_("Of the transfer or the receipt. The same one counts only once."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReasonForm(SeenVersionForm):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The guest reads it in the message we send."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PassOnForm(SeenVersionForm):
    name = NameField(label=_("Who comes now"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        help_text=_("The new ticket is sent there. Without it, read out the new code."),
    )


class UndoForm(SeenVersionForm):
    """Why somebody who was let in has not come in after all."""

    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Stands in the order’s history and in the audit trail."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DoorForm(forms.Form):
    code = LineField(
        label=_("Code of the ticket or of the order"),
        max_length=500,
        widget=forms.TextInput(
            attrs={
                "autofocus": True,
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "enterkeyhint": "go",
                "dir": "ltr",
            }
        ),
        error_messages={"required": _("Type the code, or scan the ticket.")},
    )
    # Of a ticket chosen from a list; whoever shows a code shows no version.
    version = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)


class SellForm(ServiceForm):
    """Tickets sold by telephone or at the door: how many of each kind, and to whom."""

    def __init__(
        self, *args: Any, kinds: Sequence[TicketKind], left: Mapping[int, int] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = {f"kind_{kind.public_id.hex}": kind for kind in kinds}
        for name, kind in self.kinds.items():
            self.fields[name] = forms.IntegerField(
                label=_("%(kind)s · %(price)s") % {"kind": kind.name, "price": formatting.money(kind.price_kobo)},
                help_text=_words(kind, (left or {}).get(kind.pk, 0)),
                required=False,
                min_value=0,
                max_value=MOST_AT_ONCE,
                initial=0,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )
        self.order_fields([*self.kinds, "name", "phone", "email", "channel", "paid", "reference"])

    name = NameField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    phone = PhoneField(label=_("Phone"), required=False)
    email = forms.EmailField(
        label=_("E-mail"), required=False, max_length=254, help_text=_("The tickets are sent there.")
    )
    channel = forms.ChoiceField(
        label=_("Taken through"),
        choices=[(channel.value, channel.label) for channel in SOLD_THROUGH],
        initial=Channel.PHONE.value,
    )
    paid = forms.ChoiceField(
        label=_("Payment"),
        required=False,
        choices=[
            ("", _("Not paid yet")),
            (PaidBy.CASH.value, _("Paid in cash")),
            (PaidBy.TRANSFER.value, _("Paid by transfer")),
            (PaidBy.CARD.value, _("Paid by card terminal")),
        ],
        help_text=_("All of it, now. It is written down together with the sale."),
    )
    reference = LineField(
        label=_("Reference"),
        max_length=100,
        required=False,
        help_text=_("Of the transfer or the receipt, if there is one."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def payment(self) -> Paid | None:
        """Return how it was paid; None where it is not yet."""
        answers = self.cleaned_data
        return Paid(PaidBy(answers["paid"]), answers["reference"]) if answers["paid"] else None

    def wanted(self) -> dict[UUID, int]:
        return {kind.public_id: self.cleaned_data.get(name) or 0 for name, kind in self.kinds.items()}

    def guest(self) -> Guest:
        answers = self.cleaned_data
        return Guest(name=answers["name"], phone=answers["phone"], email=answers["email"])


def _words(kind: TicketKind, left: int) -> str:
    parts = [ngettext("%(count)d left", "%(count)d left", left) % {"count": left}]
    if kind.guests > 1:
        parts.append(ngettext("for %(count)d guest", "for %(count)d guests", kind.guests) % {"count": kind.guests})
    if not kind.is_on_sale:
        parts.append(str(_("not on sale online")))
    return " · ".join(parts)
