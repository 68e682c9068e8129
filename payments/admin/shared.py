"""What the pages of money have in common: their scope, their filters, their tables, and the names at the desk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from accounts.scoping import OwnRowsFilter, ScopedPage, in_scope
from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from localization import formatting
from payments import subjects
from payments.models import Payment, PaymentRequest
from payments.subjects import Named

STATE_LABELS = {
    "initiated": "info", "pending": "info", "checking": "warning", "succeeded": "success", "failed": "danger",
    "expired": "danger",
}  # fmt: skip
# Without a name of its own, "none" would be shown as the word that the database has.
REVIEW_LABELS = {"none": "", "held": "warning", "released": "success", "refused": "danger"}
REFUND_LABELS = {
    "requested": "info", "checking": "warning", "pending": "info", "attention": "warning", "done": "success",
    "failed": "danger",
}  # fmt: skip
MODES = {"live": pgettext_lazy("of a key", "Live"), "test": pgettext_lazy("of a key", "Test")}
DISPUTE_LABELS = {"open": "warning", "won": "success", "lost": "danger"}


# Where a row carries what it was for, once that was asked.
NAME = "_subject_name"


class MoneyPage(ScopedPage, ModelAdmin):
    """Rows of money: seen and acted on by whoever handles it at the house, and edited by nobody."""

    sees = Ability.HANDLE_MONEY
    edits = Ability.HANDLE_MONEY
    list_per_page = 50
    list_filter_submit = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamedList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.get_fieldsets(request, obj) for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NamedList(ChangeList):
    """A list whose rows know what they were paid for: asked at once for all that are shown."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        known = names_of(payment_of(row) for row in rows)
        for row in rows:
            setattr(payment_of(row), NAME, known.get(_about(payment_of(row))))
        self.result_list = rows


def payment_of(row: Any) -> Payment:
    payment: Payment = row if isinstance(row, Payment) else row.payment
    return payment


def names_of(payments: Iterable[Payment]) -> dict[tuple[str, UUID], Named]:
    return subjects.named(_about(payment) for payment in payments)


def _about(payment: Payment) -> tuple[str, UUID]:
    return payment.request.kind, payment.request.subject_id


def subject_name(payment: Payment) -> Named | None:
    """Return what a payment was for, as the list found it, or else asked now."""
    if not hasattr(payment, NAME):
        setattr(payment, NAME, names_of([payment]).get(_about(payment)))
    found: Named | None = getattr(payment, NAME)
    return found


def subject_link(payment: Payment) -> SafeString:
    """Return what was paid for, with the way to its page at the desk."""
    kind, named = payment.request.get_kind_display(), subject_name(payment)
    if named is None:
        return format_html("{}", kind)
    return format_html(
        '{} · <a href="{}"><bdi dir="ltr">{}</bdi> <bdi>{}</bdi></a>', kind, named.path, named.code, named.name
    )


def payment_link(payment: Payment) -> SafeString:
    where = reverse("admin:payments_payment_change", args=[payment.pk])
    return format_html('<a href="{}"><bdi dir="ltr">{}</bdi></a>', where, payment.reference)


def gateway_name(name: str) -> str:
    """Return what a gateway calls itself."""
    return name.title()


def mode_name(mode: str) -> str:
    """Return which keys something was made with, in the reader's words."""
    return str(MODES.get(mode, mode))


def link(name: str, key: int, words: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[key]), words)


def naira(kobo: int | None) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', "–" if kobo is None else formatting.money(kobo))


def clock(moment: Any) -> str:
    return formatting.day_and_time(moment) if moment else "–"


def brief(moment: datetime | None) -> str:
    """Return a moment as a list shows it: without its year where that is this one."""
    if moment is None:
        return "–"
    if timezone.localtime(moment).year != timezone.localdate().year:
        return formatting.day_and_time(moment)
    return f"{formatting.short_day(timezone.localdate(moment))}, {formatting.time_of_day(moment)}"


def table(name: Any, columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> SafeString:
    """Return rows under the heads of their columns; a sentence where there are none."""
    context = {"name": name, "columns": columns, "rows": list(rows)}
    return render_to_string("admin/payments/_table.html", context)


class GatewayFilter(SimpleListFilter):
    title = _("gateway")
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, gateway_name(name)) for name in settings.PAYMENT_GATEWAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


class GatewayOfPaymentFilter(GatewayFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(payment__gateway=self.value()) if self.value() else queryset


class HouseFilter(OwnRowsFilter):
    """Houses by way of what was asked for: those in scope, and for the platform those that asked for money."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = in_scope(field.remote_field.model._default_manager.all(), request.user, model_admin.sees, "pk")
        if restaurant_ids_where(request.user, model_admin.sees) is None:
            rows = rows.filter(pk__in=PaymentRequest.objects.values("restaurant"))
        return [(row.pk, str(row)) for row in rows.order_by("name")[:200]]
