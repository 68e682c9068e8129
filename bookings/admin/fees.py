"""Fees for no-shows and late cancellations: to look through. What is done with one is done on its booking."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.states import Ability
from bookings.models import Fee
from localization import formatting

LABELS = {"asked": "info", "unpaid": "danger", "paid": "success", "waived": "warning"}


@admin.register(Fee)
class FeeAdmin(ScopedPage, ModelAdmin):
    restaurant_path = "booking__restaurant_id"
    sees = Ability.HANDLE_MONEY
    edits = Ability.HANDLE_MONEY
    list_display = ["at_the_desk", "shown_kind", "amount", "shown_state", "due", "house"]
    list_filter = ["state", "kind", ("created_at", RangeDateFilter), ("booking__restaurant", OwnRowsFilter)]
    list_filter_submit = True
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["booking__code__exact"]
    search_help_text = _("Code of the booking")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "at_the_desk", "house", "shown_kind", "amount", "state_words", "due", "paid", "returned", "reason",
                    "by",
                ]
            },
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fee]:
        return super().get_queryset(request).select_related("booking__restaurant", "waived_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("booking"))
    def at_the_desk(self, fee: Fee) -> SafeString:
        booking = fee.booking
        path = reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id])
        return format_html(
            '<a href="{}"><bdi dir="ltr">{}</bdi></a> <bdi>{}</bdi>', path, booking.code, booking.guest_name
        )

    @display(description=_("for"), ordering="kind")
    def shown_kind(self, fee: Fee) -> str:
        return fee.get_kind_display()

    @display(description=_("amount"), ordering="amount_kobo")
    def amount(self, fee: Fee) -> str:
        return formatting.money(fee.amount_kobo)

    @display(description=_("state"), ordering="state", label=LABELS)
    def shown_state(self, fee: Fee) -> tuple[str, str]:
        return fee.state, fee.get_state_display()

    @display(description=_("state"))
    def state_words(self, fee: Fee) -> str:
        return fee.get_state_display()

    @display(description=_("charged from"), ordering="due_at")
    def due(self, fee: Fee) -> str:
        return formatting.day_and_time(fee.due_at, zone=fee.booking.restaurant.time_zone)

    @display(description=_("paid"))
    def paid(self, fee: Fee) -> str:
        return formatting.money(fee.paid_kobo)

    @display(description=_("given back"))
    def returned(self, fee: Fee) -> str:
        return formatting.money(fee.returned_kobo)

    @display(description=_("restaurant"))
    def house(self, fee: Fee) -> str:
        return str(fee.booking.restaurant)

    @display(description=_("waived by"))
    def by(self, fee: Fee) -> str:
        return str(fee.waived_by) if fee.waived_by else "–"
