"""A house's receipts and credit notes, to be found by their number, and taken along."""

from collections.abc import Iterator
from typing import Any

from defusedcsv import csv
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.sensitive import ask_again
from core import money
from localization import formatting
from payments.admin import shared
from payments.admin.payments import ROWS_AT_ONCE, spreadsheet
from payments.admin.shared import brief, clock, naira
from payments.receipts.models import Receipt
from payments.receipts.views import file_of
from payments.receipts.words import item_words
from restaurants.charge_words import named

COLUMNS = [
    "number", "document", "restaurant", "issued", "for", "amount", "net", "taxes", "charges", "currency", "paid",
    "reference", "code",
]  # fmt: skip
LABELS = {"receipt": "success", "credit_note": "warning", "withdrawal": "info"}


@admin.register(Receipt)
class ReceiptAdmin(shared.MoneyPage):
    restaurant_path = "restaurant_id"
    list_display = ["number", "shown_kind", "issued", "amount", "purpose", "shown_house", "shown_payment"]
    list_filter = ["kind", "purpose", ("issued_at", RangeDateFilter), ("restaurant", shared.HouseFilter)]
    ordering = ["-id"]
    search_fields = ["number__iendswith", "reference__exact", "code__iexact"]
    search_help_text = _("Number of the receipt, or its last digits; reference of the payment; code of a booking")
    actions = ["export_csv"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "number", "file", "kind_words", "issued", "shown_house", "seller_words", "shown_payer", "title",
                    "shown_items", "code", "amount", "net", "lines", "paid", "reference", "shown_payment",
                    "shown_refund", "language",
                ]
            },
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        rows = super().get_queryset(request).select_related("restaurant", "payment__request", "refund")
        return rows.defer("payer_name", "payment__email", "payment__address", "payment__request__token")

    @display(description=_("document"), ordering="kind", label=LABELS)
    def shown_kind(self, receipt: Receipt) -> tuple[str, str]:
        return receipt.kind, receipt.get_kind_display()

    @display(description=_("document"))
    def kind_words(self, receipt: Receipt) -> str:
        return receipt.get_kind_display()

    @display(description=_("issued"), ordering="issued_at")
    def issued(self, receipt: Receipt) -> str:
        return brief(receipt.issued_at)

    @display(description=_("amount"), ordering="amount_kobo")
    def amount(self, receipt: Receipt) -> str:
        return naira(receipt.amount_kobo)

    @display(description=_("of that net"))
    def net(self, receipt: Receipt) -> str:
        return naira(receipt.net_kobo)

    @display(description=_("taxes and charges"))
    def lines(self, receipt: Receipt) -> str:
        rows = [(named(line), naira(line.kobo)) for line in receipt.lines]
        return format_html_join("", "<div>{}: {}</div>", rows) or "–"

    @display(description=_("what was bought"))
    def shown_items(self, receipt: Receipt) -> str:
        return format_html_join("", "<div>{}</div>", [(item_words(item),) for item in receipt.bought]) or "–"

    @display(description=_("restaurant"))
    def shown_house(self, receipt: Receipt) -> str:
        return str(receipt.restaurant)

    @display(description=_("seller"))
    def seller_words(self, receipt: Receipt) -> str:
        seller = receipt.seller
        return " · ".join(part for part in (seller["legal_name"], seller["address"], seller["tax_number"]) if part)

    @display(description=_("payer"))
    def shown_payer(self, receipt: Receipt) -> str:
        return receipt.payer_name or "–"

    @display(description=_("paid"))
    def paid(self, receipt: Receipt) -> str:
        return clock(receipt.paid_at)

    @display(description=_("payment"))
    def shown_payment(self, receipt: Receipt) -> str:
        return shared.payment_link(receipt.payment)

    @display(description=_("refund"))
    def shown_refund(self, receipt: Receipt) -> str:
        if receipt.refund is None:
            return "–"
        return shared.link("admin:payments_refund_change", receipt.refund.pk, brief(receipt.refund.created_at))

    @display(description=_("file"))
    def file(self, receipt: Receipt) -> str:
        where = reverse("admin:payments_receipts_receipt_pdf", args=[receipt.pk])
        return format_html('<a href="{}">{}</a>', where, _now("Download as PDF"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.download))
        return [path("<int:pk>/pdf/", view, name="payments_receipts_receipt_pdf"), *super().get_urls()]

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        receipt = self.get_queryset(request).filter(pk=pk).first() if self.has_view_permission(request) else None
        if receipt is None:
            raise Http404(_now("We could not find that."))
        return file_of(receipt)

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.sees)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Receipt]) -> HttpResponse:
        ask_again(request)
        return spreadsheet(csv_lines(queryset.order_by("pk")), f"receipts-{timezone.localdate():%Y-%m-%d}.csv")


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(receipts: "QuerySet[Receipt]") -> Iterator[str]:
    """Yield the lines of a spreadsheet: naira, credit notes below zero, the house's clock; without names."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(COLUMNS)
    for receipt in receipts.iterator(chunk_size=ROWS_AT_ONCE):
        sign = -1 if receipt.signed_kobo < 0 else 1
        taxes = sum(line.kobo for line in receipt.lines if line.is_tax)
        charges = sum(line.kobo for line in receipt.lines if not line.is_tax)
        zone = receipt.seller["time_zone"]
        yield writer.writerow(
            [
                receipt.number, receipt.kind, receipt.restaurant.name,
                formatting.in_zone(receipt.issued_at, zone).strftime("%Y-%m-%d %H:%M"), receipt.purpose,
                *(money.to_api(sign * kobo) for kobo in (receipt.amount_kobo, receipt.net_kobo, taxes, charges)),
                receipt.currency, formatting.in_zone(receipt.paid_at, zone).strftime("%Y-%m-%d %H:%M"),
                receipt.reference, receipt.code,
            ]
        )  # fmt: skip
