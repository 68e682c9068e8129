from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.gateways.base import Channel
from payments.services.asking import MOST_SHARES

# In the order of habit.
WAYS = {
    Channel.TRANSFER: _("Bank transfer"),
    Channel.CARD: _("Card"),
    Channel.USSD: _("USSD, without data"),
}


class PayForm(forms.Form):
    """How somebody pays, and under which address their bank's page knows them."""

    channel = forms.ChoiceField(
        label=_("How do you want to pay?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose how to pay."), "invalid_choice": _("Please choose how to pay.")},
    )
    email = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("For the bank's page and your receipt."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": _("Please write your e-mail address."),
            "invalid": _("Please write an e-mail address, as name@example.com."),
        },
    )

    def __init__(self, *args: Any, ways: list[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["channel"]
        field.choices = [(way.value, label) for way, label in WAYS.items() if way in ways]
        if len(field.choices) == 1:
            field.initial = field.choices[0][0]


class ShareForm(forms.Form):
    """Among how many people something is shared."""

    people = forms.IntegerField(
        label=_("Among how many people?"),
        min_value=2,
        max_value=MOST_SHARES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), _("Write a number of people from 2 to 20.")
        ),
    )
