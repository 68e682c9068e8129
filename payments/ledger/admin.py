"""The books, to be read by those who run the platform. Nothing in them is ever edited, here or anywhere."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.back_office import PlatformPage
from core.money import to_api
from localization import formatting
from payments.ledger import chart, selectors
from payments.ledger.models import Account, Entry, Transaction

ROWS_SHOWN = 100


def shown_amount(kobo: int, currency: str) -> str:
    """Return an amount as people read it: naira, points, or another currency with its name."""
    if currency == chart.NAIRA:
        return formatting.money(kobo)
    if currency == chart.POINTS:
        return formatting.number(kobo)
    return f"{to_api(kobo)} {currency}"


class Books(PlatformPage, ModelAdmin):
    """A page of the books."""

    show_full_result_count = False
    actions: Any = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]


@admin.register(Account)
class AccountAdmin(Books):
    list_display = ["shown_kind", "restaurant", "gateway", "name", "balance", "currency"]
    list_filter = ["kind", "gateway", "currency"]
    list_select_related = ["restaurant"]
    list_per_page = 50
    ordering = ["kind", "pk"]
    search_fields = ["restaurant__name", "name", "gateway"]
    search_help_text = _("Restaurant, tax, bank account or gateway")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "shown_kind", "restaurant", "gateway", "name", "owner_id", "currency", "opened", "balance",
                ]
            },
        ),
        (_("Latest entries"), {"fields": ["statement"]}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return selectors.with_balance(super().get_queryset(request).select_related("restaurant"))

    @display(description=_("account"), ordering="kind")
    def shown_kind(self, account: Account) -> str:
        return str(account.get_kind_display())

    @display(description=_("balance"))
    def balance(self, account: Any) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', shown_amount(account.kobo, account.currency))

    @display(description=_("opened"))
    def opened(self, account: Account) -> str:
        return formatting.day_and_time(account.opened_at)

    @display(description=_("entries"))
    def statement(self, account: Account) -> str:
        rows = [
            {
                "when": row.entry.transaction.happened_at,
                "what": str(row.entry.transaction),
                "url": reverse("admin:ledger_transaction_change", args=[row.entry.transaction_id]),
                "amount": shown_amount(row.kobo, account.currency),
                "balance": shown_amount(row.balance_kobo, account.currency),
            }
            for row in selectors.latest_rows(account, limit=ROWS_SHOWN)
        ]
        return render_to_string("admin/ledger/_statement.html", {"rows": rows})


class EntryInline(PlatformPage, TabularInline):
    model = Entry
    fields = ["shown_account", "debit", "credit"]
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).select_related("account", "account__restaurant")

    @display(description=_("account"))
    def shown_account(self, entry: Entry) -> str:
        address = reverse("admin:ledger_account_change", args=[entry.account_id])
        return format_html('<a href="{}">{}</a>', address, entry.account)

    @display(description=_("debit"))
    def debit(self, entry: Entry) -> str:
        return self._on_its_side(entry, entry.amount_kobo)

    @display(description=_("credit"))
    def credit(self, entry: Entry) -> str:
        return self._on_its_side(entry, -entry.amount_kobo)

    def _on_its_side(self, entry: Entry, kobo: int) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', shown_amount(kobo, entry.account.currency)) if kobo > 0 else ""


@admin.register(Transaction)
class TransactionAdmin(Books):
    list_display = ["happened", "shown_kind", "moved", "shown_about", "restaurant", "key"]
    list_filter = ["kind", ("happened_at", RangeDateFilter)]
    list_filter_submit = True
    list_select_related = ["restaurant"]
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["key"]  # what is typed is understood by get_search_results
    search_help_text = _("Key, or the id of a payment, refund, dispute, settlement, booking or transaction")
    inlines = [EntryInline]
    fieldsets = [
        (None, {"fields": ["shown_kind", "happened", "recorded", "moved", "restaurant", "note"]}),
        (_("What it is about"), {"fields": ["key", "about_kind", "about_id", "payment_id", "reverses", "reversal"]}),
        (_("Proof"), {"fields": ["id", "actor_id", "tx"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transaction]:
        entries = Prefetch("entries", Entry.objects.select_related("account").order_by("pk"))
        return super().get_queryset(request).select_related("restaurant", "reverses").prefetch_related(entries)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find what is about a row by its id, or by the beginning of a key; both have an index."""
        term = search_term.replace("\x00", "").strip()[:200]
        if not term:
            return queryset, False
        found = queryset.filter(key__startswith=term) | queryset.filter(about_id=term)
        try:
            number = UUID(term)
        except ValueError:
            return found, False
        return found | queryset.filter(payment_id=number) | queryset.filter(pk=number), False

    @display(description=_("happened"), ordering="happened_at")
    def happened(self, transaction: Transaction) -> str:
        return formatting.day_and_time(transaction.happened_at)

    @display(description=_("recorded"))
    def recorded(self, transaction: Transaction) -> str:
        return formatting.day_and_time(transaction.recorded_at)

    @display(description=_("what happened"), ordering="kind")
    def shown_kind(self, transaction: Transaction) -> str:
        return str(transaction.get_kind_display())

    @display(description=_("amount"))
    def moved(self, transaction: Transaction) -> str:
        """All debits together: what moved."""
        sums: dict[str, int] = {}
        for entry in transaction.entries.all():
            sums[entry.account.currency] = sums.get(entry.account.currency, 0) + max(entry.amount_kobo, 0)
        told = formatting.list_of(shown_amount(kobo, currency) for currency, kobo in sorted(sums.items()))
        return format_html('<bdi dir="ltr">{}</bdi>', told)

    @display(description=_("about"))
    def shown_about(self, transaction: Transaction) -> str:
        return f"{transaction.about_kind} {transaction.about_id}"

    @display(description=_("reversed by"))
    def reversal(self, transaction: Transaction) -> str:
        undone = Transaction.objects.filter(reverses=transaction).first()
        if undone is None:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse("admin:ledger_transaction_change", args=[undone.pk]), undone)
