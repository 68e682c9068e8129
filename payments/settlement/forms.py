"""What people type of houses' money."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.forms import LineField, ServiceForm
from payments.forms import WITHIN
from payments.settlement.banks import NUBAN, choices


class AccountForm(ServiceForm):
    """Which bank, which number, and whose."""

    restaurant = forms.ChoiceField(label=_("Restaurant"))
    bank_code = forms.ChoiceField(label=_("Bank"))
    number = forms.CharField(
        label=_("Account number"),
        max_length=20,
        help_text=_("Ten digits."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, houses: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        restaurant: Any = self.fields["restaurant"]
        bank: Any = self.fields["bank_code"]
        restaurant.choices = houses
        if len(houses) == 1:
            restaurant.initial = houses[0][0]
        bank.choices = [("", _("Choose a bank")), *choices()]

    def clean_number(self) -> str:
        number = "".join(self.cleaned_data["number"].split())
        if not NUBAN.fullmatch(number):
            raise ValidationError(_("An account number has ten digits."))
        return number


class ConfirmForm(ServiceForm):
    """The account that was looked up, signed, so that nobody confirms another one."""

    signed = forms.CharField(widget=forms.HiddenInput, max_length=2000)


class RangeForm(forms.Form):
    """A time, and a house."""

    restaurant = forms.ChoiceField(label=_("Restaurant"))
    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}), validators=WITHIN)
    until = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}), validators=WITHIN)

    def __init__(self, *args: Any, houses: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        restaurant: Any = self.fields["restaurant"]
        restaurant.choices = houses


class DraftForm(ServiceForm):
    """For which house a payout is drafted."""

    restaurant = forms.ChoiceField(label=_("Restaurant"))

    def __init__(self, *args: Any, houses: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        restaurant: Any = self.fields["restaurant"]
        restaurant.choices = houses


class PaidForm(ServiceForm):
    bank_reference = LineField(label=_("The bank’s reference"), max_length=60)


class WhyForm(ServiceForm):
    why = LineField(label=_("Why"), max_length=200)
