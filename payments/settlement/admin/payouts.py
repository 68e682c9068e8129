"""Payouts: seen by the house, drafted, approved and looked after by the platform's people."""

from typing import Any

from defusedcsv import csv
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, runs_platform
from accounts.sensitive import ask_again
from core import money
from core.forms import ServiceForm
from core.headers import NEVER_KEPT
from localization import formatting
from payments.admin.act_page import ActPage
from payments.admin.shared import clock, naira
from payments.settlement import selectors
from payments.settlement.admin.shared import SettlementPage, sent
from payments.settlement.banks import bank_name
from payments.settlement.forms import DraftForm, PaidForm, WhyForm
from payments.settlement.models import Payout
from payments.settlement.services import payouts, sending
from payments.settlement.states import PayoutState

STATE_LABELS = {
    "drafted": "warning", "approved": "info", "sending": "warning", "sent": "info", "paid": "success",
    "returned": "danger", "failed": "danger", "called_off": "info",
}  # fmt: skip
COLUMNS = ["Account number", "Bank code", "Bank", "Account name", "Amount", "Reference"]


@admin.register(Payout)
class PayoutAdmin(SettlementPage):
    list_display = ["drafted", "shown_restaurant", "amount", "shown_state", "account_words", "reference"]
    list_filter = ["state", ("restaurant", OwnRowsFilter)]
    list_select_related = ["restaurant", "account"]
    list_before_template = "admin/settlement/payouts_ways.html"
    search_fields = ["reference", "bank_reference"]
    search_help_text = _("Our reference, or the bank’s")
    change_form_outer_after_template = "admin/settlement/payout_ways.html"
    fieldsets = [
        (None, {"fields": ["shown_restaurant", "amount", "before", "state_words", "why_words", "reference"]}),
        (_("Where it goes"), {"fields": ["account_words", "by", "word", "bank_reference"]}),
        (_("When"), {"fields": ["drafted", "approved", "told", "ended"]}),
        (_("Who"), {"fields": ["made_by", "approved_by"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("restaurant", "account", "made_by", "approved_by")

    @display(description=_("drafted"), ordering="made_at")
    def drafted(self, row: Payout) -> str:
        return clock(row.made_at)

    @display(description=_("restaurant"), ordering="restaurant__name")
    def shown_restaurant(self, row: Payout) -> str:
        return row.restaurant.name

    @display(description=_("amount"), ordering="amount_kobo")
    def amount(self, row: Payout) -> str:
        return naira(row.amount_kobo)

    @display(description=_("of what happened before"))
    def before(self, row: Payout) -> str:
        return clock(row.until)

    @display(description=_("state"), ordering="state", label=STATE_LABELS)
    def shown_state(self, row: Payout) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @display(description=_("state"))
    def state_words(self, row: Payout) -> str:
        return str(row.get_state_display())

    @display(description=_("why"))
    def why_words(self, row: Payout) -> str:
        return row.why_words or "–"

    @display(description=_("account"))
    def account_words(self, row: Payout) -> str:
        return f"{bank_name(row.account.bank_code)} •••••• {row.account.last4}"

    @display(description=_("approved"))
    def approved(self, row: Payout) -> str:
        return clock(row.approved_at)

    @display(description=_("told"))
    def told(self, row: Payout) -> str:
        return clock(row.told_at)

    @display(description=_("ended"))
    def ended(self, row: Payout) -> str:
        return clock(row.ended_at)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None and runs_platform(request):
            is_listed = row.by == sending.FILE
            context |= {
                "may_approve": row.state == PayoutState.DRAFTED,
                "may_call_off": row.state in (PayoutState.DRAFTED, PayoutState.APPROVED),
                "may_ask": bool(row.by)
                and not is_listed
                and row.state in (PayoutState.APPROVED, *sending.ASKED_ABOUT),
                "may_mark_paid": is_listed and row.state in (PayoutState.SENT, PayoutState.FAILED),
                "may_mark_returned": is_listed and row.state in (PayoutState.SENT, PayoutState.PAID),
            }  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "runs_platform": runs_platform(request)})

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("draft/", wrap(self.draft), name="settlement_payout_draft"),
            path("list/", wrap(require_POST(self.take_list)), name="settlement_payout_list"),
            path("list/again/", wrap(self.take_list_again), name="settlement_payout_list_again"),
            self.act("<int:pk>/approve/", self.approve, "approve"),
            self.act("<int:pk>/call-off/", self.call_off, "call_off"),
            self.act("<int:pk>/ask/", self.ask_gateway, "ask"),
            self.act("<int:pk>/paid/", self.mark_paid, "paid"),
            self.act("<int:pk>/returned/", self.mark_returned, "returned"),
            *super().get_urls(),
        ]

    # --- What is done ------------------------------------------------------------------------------------------------

    def draft(self, request: HttpRequest) -> HttpResponse:
        if not runs_platform(request):
            raise PermissionDenied
        if request.method == "POST":
            ask_again(request)

        def do(form: DraftForm) -> str:
            made = payouts.draft(restaurant_id=int(form.cleaned_data["restaurant"]), by=person_of(request))
            return _now("%(amount)s is drafted. Somebody else approves it.") % {
                "amount": formatting.money(made.amount_kobo)
            }

        page = ActPage(
            title=_now("Draft a payout"),
            back=reverse("admin:settlement_payout_changelist"),
            do=do,
            facts=lambda: [_now("All that the restaurant is owed now, as the books say.")],
        )
        return page.answer(self, request, DraftForm(sent(request), houses=selectors.houses_named(None)))

    def approve(self, request: HttpRequest, row: Payout) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            payouts.approve(payout=row, by=person_of(request))
            return _now("The payout is approved, and sent in a moment.")

        facts = [
            _now("%(amount)s goes to %(restaurant)s.")
            % {"amount": formatting.money(row.amount_kobo), "restaurant": row.restaurant.name},
            _now("Account: %(account)s") % {"account": self.account_words(row)},
        ]
        return self.ask_for(request, row, do, title=_now("Approve the payout"), facts=facts)

    def call_off(self, request: HttpRequest, row: Payout) -> HttpResponse:
        def do(form: WhyForm) -> str:
            payouts.call_off(payout=row, by=person_of(request), why=form.cleaned_data["why"])
            return _now("The payout is called off.")

        facts = [_now("What is owed stays owed, and is paid with another payout.")]
        title = _now("Call the payout off")
        return self.ask_for(request, row, do, title=title, facts=facts, form=WhyForm(sent(request)), is_grave=True)

    def ask_gateway(self, request: HttpRequest, row: Payout) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            found = sending.go_on(payout_id=row.pk)
            return _now("The gateway was asked. The payout stands so: %(state)s.") % {
                "state": found.get_state_display()
            }

        facts = [_now("Whatever the gateway says is written down. Nothing is sent twice by this.")]
        return self.ask_for(request, row, do, title=_now("Ask the gateway now"), facts=facts)

    def mark_paid(self, request: HttpRequest, row: Payout) -> HttpResponse:
        def do(form: PaidForm) -> str:
            sending.mark_paid(payout=row, bank_reference=form.cleaned_data["bank_reference"], by=person_of(request))
            return _now("It is noted as paid, and the owners are told.")

        facts = [_now("The bank has paid it, as its list or statement says.")]
        title = _now("Note it as paid")
        return self.ask_for(request, row, do, title=title, facts=facts, form=PaidForm(sent(request)))

    def mark_returned(self, request: HttpRequest, row: Payout) -> HttpResponse:
        def do(form: WhyForm) -> str:
            sending.mark_returned(payout=row, why=form.cleaned_data["why"], by=person_of(request))
            return _now("It is noted. The sum is owed to the restaurant as before.")

        facts = [_now("The bank has not paid it, or it came back.")]
        title = _now("Note that it came back")
        return self.ask_for(request, row, do, title=title, facts=facts, form=WhyForm(sent(request)), is_grave=True)

    def take_list(self, request: HttpRequest) -> HttpResponse:
        """Return what was approved as a list for the bank, with whole account numbers; the trail says who took it."""
        if not runs_platform(request):
            raise PermissionDenied
        ask_again(request)
        return self._list(sending.take_into_list(by=person_of(request)))

    def take_list_again(self, request: HttpRequest) -> HttpResponse:
        """Return what is on a list already once more, after a page that says what comes of uploading it twice."""
        if not runs_platform(request):
            raise PermissionDenied
        if request.method == "POST":
            ask_again(request)
            return self._list(sending.repeat_list(by=person_of(request)))
        page = ActPage(
            title=_now("The bank’s list once more"),
            back=reverse("admin:settlement_payout_changelist"),
            do=lambda _form: "",
            facts=lambda: [
                _now("All that stands on a list already and has not ended."),
                _now("Only for a list that was lost: the bank pays twice what is uploaded twice."),
            ],
            is_grave=True,
        )
        return page.answer(self, request, ServiceForm())

    def _list(self, rows: list[Payout]) -> HttpResponse:
        name = f"buka-payouts-{timezone.localtime(timezone=formatting.HOME_ZONE):%Y-%m-%d-%H%M}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
        answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
        writer = csv.writer(answer)
        writer.writerow(COLUMNS)
        for row in rows:
            account = row.account
            writer.writerow(
                [account.number, account.bank_code, bank_name(account.bank_code), account.holder,
                 money.to_api(row.amount_kobo), row.reference]
            )  # fmt: skip
        return answer
