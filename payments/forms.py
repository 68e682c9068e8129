from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.forms import FIRST_DAY, LAST_DAY, LineField, ServiceForm
from payments.figures import Period, SplitBy
from payments.gateways.base import Channel, Mode
from payments.services.asking import MOST_SHARES
from payments.states import RefundReason
from restaurants.admin.fields import NairaField

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

    keep_card = forms.BooleanField(
        label=_("Keep this card for the next time"), required=False, widget=forms.CheckboxInput()
    )

    def __init__(self, *args: Any, ways: list[Channel], may_keep: bool = False, **kwargs: Any) -> None:
        """:param may_keep: whether the payer has an account, in which they find the card again"""
        super().__init__(*args, **kwargs)
        if not may_keep or Channel.CARD not in ways:
            del self.fields["keep_card"]
        field: Any = self.fields["channel"]
        field.choices = [(way.value, label) for way, label in WAYS.items() if way in ways]
        if len(field.choices) == 1:
            field.initial = field.choices[0][0]


class SavedCardForm(forms.Form):
    """Which of their cards somebody pays with; sent twice, it charges once."""

    card = forms.UUIDField()
    request_key = forms.UUIDField()


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


class RefundForm(ServiceForm):
    """How much of a payment is given back, and why."""

    refusals_beside = "amount_kobo"
    amount_kobo = NairaField(
        label=_("Amount (₦)"),
        min_value=Decimal("0.01"),
        max_value=Decimal(1_000_000_000),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[
            (each.value, each.label) for each in (RefundReason.GOODWILL, RefundReason.CALLED_OFF, RefundReason.TWICE)
        ],
    )
    note = LineField(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("For your colleagues. The payer does not read it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # Sent twice, the same form gives back once; and what was left when it was opened must still be left.
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    seen_left_kobo = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


WITHIN = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
MOST_DAYS = {Period.DAY: 366, Period.WEEK: 3 * 366, Period.MONTH: 10 * 366}


class FiguresForm(forms.Form):
    """Of which days, houses and accounts figures are shown, and how they are laid out."""

    since = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), validators=WITHIN
    )
    until = forms.DateField(
        label=_("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), validators=WITHIN
    )
    period = forms.ChoiceField(label=_("By"), choices=Period.choices)
    split = forms.ChoiceField(label=_("Divided by"), choices=[("", _("Nothing")), *SplitBy.choices], required=False)
    house = forms.TypedChoiceField(label=_("Restaurant"), coerce=int, empty_value=None, required=False)
    mode = forms.ChoiceField(
        label=_("Keys"),
        choices=[
            (Mode.LIVE.value, pgettext_lazy("of a key", "Live")),
            (Mode.TEST.value, pgettext_lazy("of a key", "Test")),
        ],
    )

    def __init__(self, *args: Any, houses: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        house: Any = self.fields["house"]
        house.choices = [("", _("All")), *houses]

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        since, until = answers.get("since"), answers.get("until")
        if since and until:
            most = MOST_DAYS[Period(answers.get("period") or Period.DAY)]
            if until < since:
                self.add_error("until", ValidationError(_("This is before the first day."), code="backwards"))
            elif until - since > timedelta(days=most):
                self.add_error(
                    "until", ValidationError(_("That is too long a time to be shown so finely."), code="long")
                )
        return answers


class MineForm(forms.Form):
    """Which of one's own payments are shown."""

    STATES = {
        "paid": _("Paid"),
        "waiting": _("Not finished"),
        "failed": _("Not paid"),
        "given_back": _("Given back, all or a part"),
    }
    year = forms.TypedChoiceField(
        label=_("Year"),
        coerce=int,
        empty_value=None,
        required=False,
        error_messages=dict.fromkeys(("invalid", "invalid_choice"), _("Please choose one of these years, or all.")),
    )
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("All")), *STATES.items()],
        required=False,
        error_messages={"invalid_choice": _("Please choose one of these states, or all.")},
    )
    q = LineField(label=_("Restaurant, code or reference"), max_length=100, required=False)

    def __init__(self, *args: Any, years: list[int], **kwargs: Any) -> None:
        """:param years: in which somebody paid, the latest first"""
        super().__init__(*args, **kwargs)
        self.years = years
        year: Any = self.fields["year"]
        year.choices = [("", _("All")), *((each, str(each)) for each in years)]

    @property
    def shown_year(self) -> int | None:
        """The year whose months are told: the one that was asked for, or the latest; None where nobody has paid."""
        asked = self.cleaned_data.get("year") if self.is_valid() else None
        return asked or (self.years[0] if self.years else None)
