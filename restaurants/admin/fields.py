"""Form fields of the restaurants' pages."""

from decimal import Decimal
from typing import Any
from unicodedata import decimal

from django import forms
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminDecimalFieldWidget

from core import money

MOST_NAIRA = Decimal(10_000_000)


class NairaField(forms.DecimalField):
    """An amount people type in naira, read as `money.parse` does; the database keeps kobo."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"min_value": Decimal(0), "max_value": MOST_NAIRA, "decimal_places": 2, **kwargs}
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as the stubs have it
        if value in self.empty_values:
            return None
        # The digits of every script are understood, as elsewhere in forms.
        text = "".join(str(decimal(letter)) if letter.isdecimal() else letter for letter in str(value))
        return money.naira(money.parse(text))

    def clean(self, value: Any) -> int | None:
        """Return kobo."""
        naira = super().clean(value)
        return None if naira is None else int(naira * 100)

    def prepare_value(self, value: Any) -> Any:
        """Show kobo as naira; what somebody typed stays as typed."""
        if isinstance(value, int):
            return value // 100 if value % 100 == 0 else Decimal(value) / 100
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class PercentField(forms.DecimalField):
    """A rate that people type in per cent; the database keeps hundredths of one."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"min_value": Decimal("0.01"), "max_value": Decimal(50), "decimal_places": 2, **kwargs}
        super().__init__(**kwargs)

    def clean(self, value: Any) -> int | None:
        """Return hundredths of a per cent."""
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)

    def prepare_value(self, value: Any) -> Any:
        """Show hundredths as per cent; what somebody typed stays as typed."""
        if isinstance(value, int):
            return value // 100 if value % 100 == 0 else Decimal(value) / 100
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CheckboxesField(forms.TypedMultipleChoiceField):
    """Several of a few choices, kept as an array."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {str(value) for value in initial or []} != {str(value) for value in data or []}


class HouseFormSet(PaginationInlineFormSet):
    """Rows of an inline under something of a restaurant's: they are that restaurant's too."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)
        form.instance.restaurant_id = self.instance.restaurant_id
        return form


class PlanPage(ModelAdmin):
    """For pages whose saving changes when and where people can be seated."""

    def save_model(self, request: Any, obj: Model, form: Any, change: bool) -> None:
        self.plan_to_change(request, self.house_of(obj))
        super().save_model(request, obj, form, change)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self.plan_saved(request, form.instance)

    def delete_model(self, request: Any, obj: Model) -> None:
        house = self.house_of(obj)
        self.plan_to_change(request, house)
        super().delete_model(request, obj)
        self._tell(request, house)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        houses = {self.house_of(row) for row in queryset}
        for house in houses:
            self.plan_to_change(request, house)
        super().delete_queryset(request, queryset)
        for house in houses:
            self._tell(request, house)

    def plan_to_change(self, request: Any, house: int | None) -> None:
        """Note how things stand before the first change, so that only what it makes is told of afterwards."""
        if house is not None:
            self.admin_site.plan_to_change(request, house)

    def plan_saved(self, request: Any, row: Model) -> None:
        self._tell(request, self.house_of(row))

    def _tell(self, request: Any, house: int | None) -> None:
        from django.db import transaction

        # Asked only when it is true: a plan read inside the transaction would be remembered under a version
        # that a roll-back takes away.
        if house is not None:
            transaction.on_commit(lambda: self.admin_site.plan_saved(request, house))


FINISHED = _("It’s finished")
BACK = _("It’s back")
