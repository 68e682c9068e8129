"""Houses' terms: made and ended by the platform's people, seen by whoever handles money at the house."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, runs_platform
from accounts.sensitive import AsksAgain
from core.errors import DomainError
from core.forms import FIRST_DAY, LAST_DAY
from localization import formatting
from payments.admin.shared import naira
from payments.settlement.admin.shared import SettlementPage
from payments.settlement.models import SettlementTerms
from payments.settlement.services import terms
from restaurants.admin.fields import NairaField
from restaurants.models import Restaurant

MOST_PER_GUEST = 10_000
FIELDS: list[Any] = [
    "restaurant", "starts_on", "ends_on", "way", "period", "least_payout_kobo", "deposit_basis_points",
    "tickets_basis_points", "fee_basis_points", "order_basis_points", "per_guest_kobo", "bears_fee", "note",
]  # fmt: skip
PARTS = ("deposit_basis_points", "tickets_basis_points", "fee_basis_points", "order_basis_points")
# Of terms that have begun only these change: what was taken by them was taken.
OF_BEGUN = frozenset({"ends_on", "note"})


def part(basis_points: int) -> str:
    """Return a part of a sale in per cent, to the last hundredth."""
    return formatting.percent(Decimal(basis_points) / 10_000, is_exact=True)


class TermsForm(forms.ModelForm):
    least_payout_kobo = NairaField(label=_("Least payout (naira)"), initial=1_000_00)
    per_guest_kobo = NairaField(label=_("For each guest who came (naira)"), initial=0, max_value=MOST_PER_GUEST)

    class Meta:
        model = SettlementTerms
        fields = FIELDS
        help_texts = dict.fromkeys(PARTS, _("In basis points: 250 are 2.5 per cent."))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        row, restaurant = self.instance, cleaned.get("restaurant")
        self._expect_days(row, cleaned)
        stored = SettlementTerms.objects.filter(pk=row.pk).first() if row.pk else None
        house = restaurant.pk if restaurant is not None else row.restaurant_id
        starts_on = cleaned.get("starts_on") or row.starts_on
        if house is not None and starts_on is not None:
            try:
                terms.expect_in_time(
                    restaurant_id=house, starts_on=starts_on, ends_on=cleaned.get("ends_on"), stored=stored
                )
            except DomainError as refusal:
                raise ValidationError(str(refusal)) from refusal
        if house is not None and not self.errors:
            self._expect_no_other(house, starts_on, cleaned.get("ends_on"))
        return cleaned

    def _expect_days(self, row: SettlementTerms, cleaned: dict[str, Any]) -> None:
        starts_on, ends_on = cleaned.get("starts_on") or row.starts_on, cleaned.get("ends_on")
        for name, day in (("starts_on", cleaned.get("starts_on")), ("ends_on", ends_on)):
            if day is not None and not FIRST_DAY <= day <= LAST_DAY:
                self.add_error(name, _("Please choose a day from 2020 to 2099."))
        if starts_on is not None and ends_on is not None and ends_on <= starts_on:
            self.add_error("ends_on", _("The terms would end before they begin."))

    def _expect_no_other(self, house: int, starts_on: date, ends_on: date | None) -> None:
        # Of two who save at once the second sees what the first has made.
        Restaurant.objects.select_for_update().filter(pk=house).first()
        others = SettlementTerms.objects.filter(restaurant=house).exclude(pk=self.instance.pk)
        others = others.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=starts_on))
        if ends_on is not None:
            others = others.filter(starts_on__lt=ends_on)
        if others.exists():
            raise ValidationError(_("The restaurant has other terms on some of these days."))


@admin.register(SettlementTerms)
class SettlementTermsAdmin(AsksAgain, SettlementPage):
    form = TermsForm
    list_display = [
        "restaurant", "starts_on", "ends_on", "way", "period", "of_deposits", "of_tickets", "of_fees", "of_orders",
        "per_guest", "bears_fee",
    ]  # fmt: skip
    list_filter = [("restaurant", OwnRowsFilter), "way"]
    list_select_related = ["restaurant"]
    autocomplete_fields = ["restaurant"]
    fieldsets = [(None, {"fields": FIELDS})]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_platform(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_platform(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if not runs_platform(request):
            return FIELDS
        if obj is None:
            return []
        has_begun = obj.starts_on <= timezone.localdate(timezone=formatting.HOME_ZONE)
        return [name for name in FIELDS if name not in OF_BEGUN] if has_begun else ["restaurant"]

    def save_model(self, request: HttpRequest, obj: SettlementTerms, form: Any, change: bool) -> None:
        terms.save_terms(terms=obj, by=person_of(request))

    @display(description=_("of deposits"))
    def of_deposits(self, row: SettlementTerms) -> str:
        return part(row.deposit_basis_points)

    @display(description=_("of tickets"))
    def of_tickets(self, row: SettlementTerms) -> str:
        return part(row.tickets_basis_points)

    @display(description=_("of fees"))
    def of_fees(self, row: SettlementTerms) -> str:
        return part(row.fee_basis_points)

    @display(description=_("of orders"))
    def of_orders(self, row: SettlementTerms) -> str:
        return part(row.order_basis_points)

    @display(description=_("for each guest who came"))
    def per_guest(self, row: SettlementTerms) -> str:
        return naira(row.per_guest_kobo)
