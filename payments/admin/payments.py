"""Payments to look up, with all that hangs on each; what can be done about one stands on a page of its own."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

from defusedcsv import csv
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import runs_platform
from accounts.sensitive import ask_again
from core import money
from core.contact_search import by_contact, is_list
from core.forms import ServiceForm
from core.headers import NEVER_KEPT
from localization import formatting
from payments import dispute_words, limits, selectors, services, subjects
from payments.admin import figures_page, shared
from payments.admin.act_page import ActPage
from payments.admin.shared import brief, clock, naira, table
from payments.forms import RefundForm
from payments.models import Payment
from payments.states import PaymentState, RefundReason, Review

COLUMNS = [
    "reference", "restaurant", "for", "code", "state", "review", "gateway", "channel", "mode", "asked", "received",
    "given_back", "disputed", "fee", "currency", "card", "begun", "paid",
]  # fmt: skip
ROWS_AT_ONCE = 500
LAST_DIGITS = 4


@admin.register(Payment)
class PaymentAdmin(shared.MoneyPage):
    restaurant_path = "request__restaurant_id"
    list_display = [
        "begun", "shown_for", "asked", "received", "given_back", "shown_state", "shown_review", "shown_way",
        "shown_house", "shown_reference",
    ]  # fmt: skip
    list_display_links = ["begun", "shown_reference"]
    list_filter = [
        "state",
        "review",
        shared.GatewayFilter,
        "request__kind",
        "mode",
        ("created_at", RangeDateFilter),
        ("request__restaurant", shared.HouseFilter),
    ]
    ordering = ["-id"]
    search_fields = ["reference"]  # what is typed is understood by get_search_results
    search_help_text = _(
        "Reference, code of a booking or of tickets, last four digits of a card, or the payer’s e-mail"
    )
    actions = ["export_csv"]
    list_before_template = "admin/payments/figures_link.html"
    change_form_outer_before_template = "admin/payments/ways.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "reference", "house", "what_for", "state_words", "review_words", "reason", "shown_gateway",
                    "shown_mode",
                    "gateway_id", "way", "begun", "waits_until", "paid", "counted",
                ]
            },
        ),
        (_("Money"), {"fields": ["asked", "received", "given_back", "disputed", "left", "fee"]}),
        (_("Payer"), {"fields": ["payer_email", "payer_account"]}),
        (_("What was asked for"), {"fields": ["request_rows"]}),
        (_("Given back"), {"fields": ["refund_rows"]}),
        (_("Receipts"), {"fields": ["receipt_rows"]}),
        (_("Disputes"), {"fields": ["dispute_rows"]}),
        (_("Webhooks"), {"fields": ["webhook_rows"]}),
        (_("In the books"), {"fields": ["ledger_rows"]}),
        (_("History"), {"fields": ["history_rows"]}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        rows = super().get_queryset(request).select_related("request__restaurant", "beside").defer("request__token")
        # The list shows neither, so it opens neither.
        return rows.defer("email", "address") if is_list(request) else rows.select_related("payer")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not runs_platform(request):
            return self.fieldsets
        return [
            (title, {"fields": [*part["fields"], "network_address"]} if "payer_email" in part["fields"] else part)
            for title, part in self.fieldsets
        ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find what was typed by what it looks like: an address, four digits, a reference, or a code."""
        term = search_term.replace("\x00", "").strip()[:254]
        if not term:
            return queryset, False
        if (wanted := by_contact(queryset.model, term)) is not None:
            return queryset.filter(wanted), False
        known = Q(reference=term) | Q(gateway_id=term[:40])
        if len(term) == LAST_DIGITS and term.isdigit():
            known |= Q(card_last4=term)
        for kind, ids in subjects.called(term).items():
            known |= Q(request__kind=kind, request__subject_id__in=ids)
        return queryset.filter(known), False

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("begun"), ordering="created_at")
    def begun(self, payment: Payment) -> str:
        return brief(payment.created_at)

    @display(description=_("for"))
    def shown_for(self, payment: Payment) -> str:
        return shared.subject_link(payment)

    @display(description=_("for"))
    def what_for(self, payment: Payment) -> str:
        return shared.subject_link(payment)

    @display(description=_("restaurant"))
    def shown_house(self, payment: Payment) -> str:
        return str(payment.request.restaurant)

    @display(description=_("restaurant"))
    def house(self, payment: Payment) -> str:
        return str(payment.request.restaurant)

    @display(description=_("reference"))
    def shown_reference(self, payment: Payment) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', payment.reference)

    @display(description=pgettext_lazy("a sum of money", "asked for"), ordering="amount_kobo")
    def asked(self, payment: Payment) -> str:
        return naira(payment.amount_kobo)

    @display(description=pgettext_lazy("a sum of money", "received"), ordering="received_kobo")
    def received(self, payment: Payment) -> str:
        return naira(payment.received_kobo)

    @display(description=_("given back"), ordering="refunded_kobo")
    def given_back(self, payment: Payment) -> str:
        return naira(payment.refunded_kobo)

    @display(description=_("taken back by banks"))
    def disputed(self, payment: Payment) -> str:
        return naira(payment.disputed_kobo)

    @display(description=_("can still be given back"))
    def left(self, payment: Payment) -> str:
        return naira(payment.left_kobo)

    @display(description=_("the gateway’s fee"))
    def fee(self, payment: Payment) -> str:
        return naira(payment.fee_kobo)

    @display(description=_("state"), ordering="state", label=shared.STATE_LABELS)
    def shown_state(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()

    @display(description=_("state"))
    def state_words(self, payment: Payment) -> str:
        return payment.get_state_display()

    @display(description=pgettext_lazy("of a payment", "review"), label=shared.REVIEW_LABELS)
    def shown_review(self, payment: Payment) -> tuple[str, str]:
        return payment.review, "–" if payment.review == Review.NONE else payment.get_review_display()

    @display(description=pgettext_lazy("of a payment", "review"))
    def review_words(self, payment: Payment) -> str:
        return payment.get_review_display()

    @display(description=_("gateway"))
    def shown_gateway(self, payment: Payment) -> str:
        return shared.gateway_name(payment.gateway)

    @display(description=_("mode"))
    def shown_mode(self, payment: Payment) -> str:
        return shared.mode_name(payment.mode)

    @display(description=_("paid by"))
    def shown_way(self, payment: Payment) -> str:
        return self._way_of(payment)

    @display(description=_("paid by"))
    def way(self, payment: Payment) -> str:
        return self._way_of(payment)

    def _way_of(self, payment: Payment) -> str:
        if not payment.card_last4:
            channel = payment.get_channel_display() if payment.channel else "–"
            return format_html("{} · {}", shared.gateway_name(payment.gateway), channel)
        card = f"{payment.brand_name} •••• {payment.card_last4}"
        return format_html('{} · <bdi dir="ltr">{}</bdi>', shared.gateway_name(payment.gateway), card)

    @display(description=_("waits until"))
    def waits_until(self, payment: Payment) -> str:
        return clock(payment.expires_at) if payment.is_live else "–"

    @display(description=pgettext_lazy("of a payment", "paid"))
    def paid(self, payment: Payment) -> str:
        return clock(payment.paid_at)

    @display(description=_("counted"))
    def counted(self, payment: Payment) -> str:
        return clock(payment.credited_at)

    @display(description=_("e-mail"))
    def payer_email(self, payment: Payment) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', payment.email) if payment.email else "–"

    @display(description=_("account"))
    def payer_account(self, payment: Payment) -> str:
        return str(payment.payer) if payment.payer else "–"

    @display(description=_("network address"))
    def network_address(self, payment: Payment) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', payment.address) if payment.address else "–"

    # --- What hangs on it ------------------------------------------------------------------------------------------

    @display(description=_("all that was asked for"))
    def request_rows(self, payment: Payment) -> str:
        asked = selectors.requests_for(payment.request.kind, payment.request.subject_id)
        heads = [_("Since"), _("State"), _("Amount"), _("Paid"), _("Whose share"), _("Due"), _("Asked by")]
        rows = [
            (
                brief(one.created_at), one.get_state_display(), naira(one.amount_kobo), naira(one.paid_kobo),
                one.whose if one.is_share else "–", brief(one.due_at), one.asked_by or "–",
            )
            for one in asked
        ]  # fmt: skip
        return table(_("What was asked for"), heads, rows)

    @display(description=_("refunds"))
    def refund_rows(self, payment: Payment) -> str:
        heads = [_("Asked for"), _("Amount"), _("State"), _("Expected"), _("Why"), _("By"), _("Note")]
        rows = [
            (
                shared.link("admin:payments_refund_change", row.pk, brief(row.created_at)),
                naira(row.amount_kobo), row.get_state_display(), brief(row.expected_at), row.get_reason_display(),
                row.asked_by or "–", row.note or "–",
            )
            for row in payment.refunds.select_related("asked_by").order_by("-pk")
        ]  # fmt: skip
        return table(_("Refunds"), heads, rows)

    @display(description=_("receipts"))
    def receipt_rows(self, payment: Payment) -> str:
        heads = [_("Number"), pgettext_lazy("of a receipt", "Document"), _("Issued"), _("Amount")]
        rows = [
            (
                shared.link("admin:payments_receipts_receipt_change", row.pk, row.number),
                row.get_kind_display(), brief(row.issued_at), naira(row.amount_kobo),
            )
            for row in payment.receipts.defer("payer_name").order_by("pk")
        ]  # fmt: skip
        return table(_("Receipts"), heads, rows)

    @display(description=_("disputes"))
    def dispute_rows(self, payment: Payment) -> str:
        heads = [_("Heard of"), _("Amount"), _("State"), _("To be answered until"), _("Category")]
        rows = [
            (
                shared.link("admin:payments_dispute_change", row.pk, brief(row.created_at)),
                naira(row.amount_kobo), row.get_state_display(), brief(row.due_at), dispute_words.stage(row.category),
            )
            for row in payment.disputes.order_by("-pk")
        ]  # fmt: skip
        return table(_("Disputes"), heads, rows)

    @display(description=_("webhooks"))
    def webhook_rows(self, payment: Payment) -> str:
        heads = [_("Came first"), _("Event"), _("State"), _("Came"), _("What became of it")]
        rows = [
            (brief(row.received_at), row.name, row.get_state_display(), formatting.number(row.times), row.note or "–")
            for row in selectors.webhooks_of(payment)
        ]
        return table(_("Webhooks"), heads, rows)

    @display(description=_("entries"))
    def ledger_rows(self, payment: Payment) -> str:
        heads = [_("Happened"), _("What happened"), _("Account"), _("Debit"), _("Credit")]
        rows = [
            (
                brief(entry.transaction.happened_at), entry.transaction.get_kind_display(),
                entry.account.get_kind_display(),
                naira(entry.amount_kobo) if entry.amount_kobo > 0 else "",
                naira(-entry.amount_kobo) if entry.amount_kobo < 0 else "",
            )
            for entry in selectors.entries_of(payment)
        ]  # fmt: skip
        return table(_("In the books"), heads, rows)

    @display(description=_("changes"))
    def history_rows(self, payment: Payment) -> str:
        heads = [_("When"), _("State"), _("Review"), _("Received"), _("Given back"), _("Taken back by banks")]
        states, reviews = dict(PaymentState.choices), dict(Review.choices)
        rows = [
            (
                brief(row.pgh_created_at), states.get(row.state, row.state), reviews.get(row.review, row.review),
                naira(row.received_kobo), naira(row.refunded_kobo), naira(row.disputed_kobo),
            )
            for row in selectors.row_history_of(payment)
        ]  # fmt: skip
        return table(_("History"), heads, rows)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        payment = kwargs.get("obj")
        if payment is not None:
            named = shared.subject_name(payment)
            context |= {
                "may_ask": self.may(request, self.edits, payment.request.restaurant_id),
                "may_give_back": payment.state == PaymentState.SUCCEEDED and payment.left_kobo > 0,
                "may_review": payment.review == Review.HELD and runs_platform(request),
                "is_held": payment.review == Review.HELD,
                "can_be_let_through": payment.state == PaymentState.SUCCEEDED,
                "desk_path": named.path if named else "",
                "left_kobo": payment.left_kobo,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- What is done --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("figures/", wrap(require_safe(self.show_figures)), name="payments_payment_figures"),
            path("figures/csv/", wrap(require_safe(self.export_figures)), name="payments_payment_figures_csv"),
            self._act("<int:pk>/ask/", self.ask_gateway, "ask"),
            self._act("<int:pk>/give-back/", self.give_back, "give_back"),
            self._act("<int:pk>/let-through/", self.let_through, "let_through", is_platforms=True),
            self._act("<int:pk>/refuse/", self.refuse, "refuse", is_platforms=True),
            *super().get_urls(),
        ]

    def _act(
        self, route: str, view: Callable[..., HttpResponse], name: str, *, is_platforms: bool = False
    ) -> URLPattern:
        """Hand the payment to a view if who asks may do that to it."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def inner(request: HttpRequest, pk: int) -> HttpResponse:
            payment = self.get_queryset(request).filter(pk=pk).first()
            if payment is None or not self.may(request, self.edits, payment.request.restaurant_id):
                raise Http404(_now("We could not find that."))
            if is_platforms and not runs_platform(request):
                raise Http404(_now("We could not find that."))
            return view(request, payment)

        return path(route, self.admin_site.admin_view(inner), name=f"payments_payment_{name}")

    def _page(
        self,
        request: HttpRequest,
        payment: Payment,
        form: ServiceForm,
        do: Callable[[Any], str],
        *,
        title: str,
        facts: Callable[[Payment], Iterable[str]],
        is_grave: bool = False,
    ) -> HttpResponse:
        return ActPage(
            title=title,
            subtitle=payment.reference,
            back=reverse("admin:payments_payment_change", args=[payment.pk]),
            do=do,
            facts=lambda: [*_told(again := self.get_queryset(request).get(pk=payment.pk)), *facts(again)],
            is_grave=is_grave,
        ).answer(self, request, form)

    def ask_gateway(self, request: HttpRequest, payment: Payment) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            limits.ASK_GATEWAY.take(payment.reference)
            settled = services.ask_gateway(payment=payment, by=person_of(request))
            return _now("The gateway was asked. The payment stands so: %(state)s.") % {
                "state": settled.get_state_display()
            }

        def facts(_payment: Payment) -> list[str]:
            return [_now("Whatever the gateway says is written down. Nobody is charged by this.")]

        return self._page(
            request, payment, ServiceForm(_sent(request)), do, title=_now("Ask the gateway now"), facts=facts
        )

    def give_back(self, request: HttpRequest, payment: Payment) -> HttpResponse:
        initial = {
            "amount_kobo": payment.left_kobo or None,
            "seen_left_kobo": payment.left_kobo,
            "request_key": uuid4(),
        }
        form = RefundForm(_sent(request), initial=initial)

        def do(sent: RefundForm) -> str:
            answers = sent.cleaned_data
            made = services.refund_at_desk(
                payment=payment,
                amount_kobo=answers["amount_kobo"],
                reason=RefundReason(answers["reason"]),
                note=answers["note"],
                request_key=answers["request_key"],
                seen_left_kobo=answers["seen_left_kobo"],
                by=person_of(request),
            )
            self.log_change(request, payment, [{"changed": {"fields": ["refunded_kobo"]}}])
            return _now("%(amount)s goes back. The gateway is told in a moment.") % {
                "amount": formatting.money(made.amount_kobo)
            }

        def facts(now: Payment) -> list[str]:
            if form.is_bound and not form.is_valid():
                # The next try is made against what is left now.
                form.data = {**form.data.dict(), "seen_left_kobo": str(now.left_kobo)}  # type: ignore[attr-defined]
            return [
                _now("Can still be given back: %(amount)s.") % {"amount": formatting.money(now.left_kobo)},
                _now("It goes to where it came from: a card in up to ten working days, an account sooner."),
                _now("The gateway’s fee does not come back. This cannot be taken back."),
            ]

        return self._page(request, payment, form, do, title=_now("Give money back"), facts=facts, is_grave=True)

    def let_through(self, request: HttpRequest, payment: Payment) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            services.release_payment(payment=payment, by=person_of(request))
            self.log_change(request, payment, [{"changed": {"fields": ["review"]}}])
            return _now("The payment is let through. What it was for hears of it in a moment.")

        def facts(_payment: Payment) -> list[str]:
            return [_now("It counts then like any other: a table or tickets are confirmed by it.")]

        return self._page(
            request, payment, ServiceForm(_sent(request)), do, title=_now("Let the payment through"), facts=facts
        )

    def refuse(self, request: HttpRequest, payment: Payment) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            services.refuse_payment(payment=payment, by=person_of(request))
            self.log_change(request, payment, [{"changed": {"fields": ["review"]}}])
            return _now("The payment is not let through. What came of it goes back.")

        def facts(now: Payment) -> list[str]:
            return [
                _now("All that is left of it goes back: %(amount)s.") % {"amount": formatting.money(now.left_kobo)},
                _now("It counts for nothing then. This cannot be taken back."),
            ]

        title = _now("Do not let it through, and give it back")
        return self._page(request, payment, ServiceForm(_sent(request)), do, title=title, facts=facts, is_grave=True)

    # --- Figures and exports -----------------------------------------------------------------------------------------

    def show_figures(self, request: HttpRequest) -> HttpResponse:
        return figures_page.show(self, request)

    def export_figures(self, request: HttpRequest) -> HttpResponse:
        return figures_page.export(self, request)

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.sees)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Payment]) -> HttpResponse:
        ask_again(request)
        name = f"payments-{timezone.localdate():%Y-%m-%d}.csv"
        return spreadsheet(csv_lines(queryset.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)), name)


def spreadsheet(lines: Iterator[str], name: str) -> HttpResponse:
    """Return lines as a file that is downloaded, and kept by nobody on the way."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)  # type: ignore[return-value]


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(payments: Iterable[Payment]) -> Iterator[str]:
    """Yield the lines of a spreadsheet: naira, the restaurant's clock, and no cell that a spreadsheet would run."""
    writer = csv.writer(_Echo())
    # Without the mark, spreadsheets read Yoruba names as Latin-1.
    yield "\ufeff"
    yield writer.writerow(COLUMNS)
    for some in _in_parts(payments):
        names = shared.names_of(some)
        for payment in some:
            named = names.get((payment.request.kind, payment.request.subject_id))
            yield writer.writerow(_cells(payment, named.code if named else ""))


def _in_parts(payments: Iterable[Payment]) -> Iterator[list[Payment]]:
    part: list[Payment] = []
    for payment in payments:
        part.append(payment)
        if len(part) == ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _cells(payment: Payment, code: str) -> list[Any]:
    zone = payment.request.restaurant.time_zone

    def at(moment: Any) -> str:
        return formatting.in_zone(moment, zone).strftime("%Y-%m-%d %H:%M") if moment else ""

    card = f"{payment.brand_name} {payment.card_last4}".strip() if payment.card_last4 else ""
    kobo = (payment.amount_kobo, payment.received_kobo, payment.refunded_kobo, payment.disputed_kobo)
    return [
        payment.reference,
        payment.request.restaurant.name,
        payment.request.kind,
        code,
        payment.state,
        payment.review,
        payment.gateway,
        payment.channel,
        payment.mode,
        *(money.to_api(each) for each in kobo),
        "" if payment.fee_kobo is None else money.to_api(payment.fee_kobo),
        payment.currency,
        card,
        at(payment.created_at),
        at(payment.paid_at),
    ]


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _told(payment: Payment) -> list[str]:
    """Return the facts about a payment that stand on every page on which something is done about it."""
    named = shared.subject_name(payment)
    what = f"{payment.request.restaurant} · {payment.request.get_kind_display()}"
    if named is not None:
        what += f" · {named.code} · {named.name}"
    return [
        what,
        _now("Asked for: %(asked)s. Received: %(received)s. State: %(state)s.")
        % {
            "asked": formatting.money(payment.amount_kobo),
            "received": formatting.money(payment.received_kobo),
            "state": payment.get_state_display(),
        },
    ]
