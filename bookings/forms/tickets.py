"""Tickets at the desk and at the door: selling, money, giving back, passing on, the code that somebody shows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.models import TicketKind
from bookings.services import Guest
from bookings.states import Channel
from core.forms import LineField, NameField, PhoneField, ServiceForm
from localization import formatting
from restaurants.admin.fields import NairaField

MOST_OF_AN_ORDER = Decimal(1_000_000_000)
MOST_AT_ONCE = 500
SOLD_THROUGH = (Channel.PHONE, Channel.WHATSAPP, Channel.WALK_IN, Channel.ADMIN)


class SeenForm(ServiceForm):
    """The state of the order that the desk saw: what is sent twice finds another one."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)


class MoneyForm(SeenForm):
    amount_kobo = NairaField(
        label=_("Amount (₦)"),
        min_value=Decimal("0.01"),
        max_value=MOST_OF_AN_ORDER,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reference = LineField(
        label=_("Reference"),
        max_length=100,
        required=False,
        help_text=_("Of the transfer or the receipt. The same one counts only once."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReasonForm(SeenForm):
    reason = LineField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The guest reads it in the message we send."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PassOnForm(SeenForm):
    name = NameField(label=_("Who comes now"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        help_text=_("The new ticket is sent there. Without it, read out the new code."),
    )


class DoorForm(forms.Form):
    code = LineField(
        label=_("Code of the ticket"),
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
        self.order_fields([*self.kinds, "name", "phone", "email", "channel"])

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
    request_key = forms.UUIDField(widget=forms.HiddenInput)

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
