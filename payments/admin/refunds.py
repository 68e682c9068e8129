"""Money on its way back, as the gateway tells it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.doors import person_of
from core.forms import ServiceForm
from localization import formatting
from payments import limits, services
from payments.admin import shared
from payments.admin.act_page import ActPage
from payments.admin.shared import brief, clock, naira
from payments.models import Refund


@admin.register(Refund)
class RefundAdmin(shared.MoneyPage):
    restaurant_path = "payment__request__restaurant_id"
    list_display = [
        "begun", "shown_for", "amount", "shown_state", "expected", "shown_reason", "shown_house", "shown_payment",
    ]  # fmt: skip
    list_filter = [
        "state",
        "reason",
        shared.GatewayOfPaymentFilter,
        ("created_at", RangeDateFilter),
        ("payment__request__restaurant", shared.HouseFilter),
    ]
    ordering = ["-id"]
    search_fields = ["payment__reference__exact", "gateway_id__exact"]
    search_help_text = _("Reference of the payment, or the refund’s number at the gateway")
    change_form_outer_before_template = "admin/payments/refund_ways.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "shown_payment", "shown_house", "shown_for", "amount", "state_words", "word", "expected",
                    "reason", "note", "by", "gateway_id", "begun", "told", "changed",
                ]
            },
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        rows = super().get_queryset(request).select_related("payment__request__restaurant", "asked_by")
        return rows.defer("payment__email", "payment__address", "payment__request__token")

    @display(description=_("asked for"), ordering="created_at")
    def begun(self, refund: Refund) -> str:
        return brief(refund.created_at)

    @display(description=_("for"))
    def shown_for(self, refund: Refund) -> str:
        return shared.subject_link(refund.payment)

    @display(description=_("amount"), ordering="amount_kobo")
    def amount(self, refund: Refund) -> str:
        return naira(refund.amount_kobo)

    @display(description=_("state"), ordering="state", label=shared.REFUND_LABELS)
    def shown_state(self, refund: Refund) -> tuple[str, str]:
        return refund.state, refund.get_state_display()

    @display(description=_("state"))
    def state_words(self, refund: Refund) -> str:
        return refund.get_state_display()

    @display(description=_("expected"), ordering="expected_at")
    def expected(self, refund: Refund) -> str:
        """When the payer should have it, and whether that has passed."""
        if refund.expected_at is None or not refund.is_under_way:
            return "–"
        told = brief(refund.expected_at)
        if refund.expected_at >= timezone.now():
            return told
        return _now("%(when)s, and it has not arrived") % {"when": told}

    @display(description=_("why"), ordering="reason")
    def shown_reason(self, refund: Refund) -> str:
        return refund.get_reason_display()

    @display(description=_("restaurant"))
    def shown_house(self, refund: Refund) -> str:
        return str(refund.payment.request.restaurant)

    @display(description=_("payment"))
    def shown_payment(self, refund: Refund) -> str:
        return shared.payment_link(refund.payment)

    @display(description=_("by"))
    def by(self, refund: Refund) -> str:
        return str(refund.asked_by) if refund.asked_by else "–"

    @display(description=_("gateway told"))
    def told(self, refund: Refund) -> str:
        return clock(refund.told_at)

    @display(description=_("last change"))
    def changed(self, refund: Refund) -> str:
        return clock(refund.updated_at)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        refund = kwargs.get("obj")
        if refund is not None:
            house = refund.payment.request.restaurant_id
            context["may_ask"] = refund.is_under_way and self.may(request, self.edits, house)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.ask_gateway))
        return [path("<int:pk>/ask/", view, name="payments_refund_ask"), *super().get_urls()]

    def ask_gateway(self, request: HttpRequest, pk: int) -> HttpResponse:
        refund = self.get_queryset(request).filter(pk=pk).first()
        if refund is None or not self.may(request, self.edits, refund.payment.request.restaurant_id):
            raise Http404(_now("We could not find that."))

        def do(_form: ServiceForm) -> str:
            limits.ASK_GATEWAY.take(f"refund:{refund.public_id}")
            seen = services.ask_about_refund(refund=refund, by=person_of(request))
            return _now("The gateway was asked. The refund stands so: %(state)s.") % {"state": seen.get_state_display()}

        def facts() -> list[str]:
            now = Refund.objects.get(pk=pk)
            amount = {"amount": formatting.money(now.amount_kobo), "state": now.get_state_display()}
            return [
                _now("%(amount)s: %(state)s.") % amount,
                _now("A gateway that was never told of it is told now. Nothing is given back twice by this."),
            ]

        return ActPage(
            title=_now("Ask the gateway now"),
            subtitle=refund.payment.reference,
            back=reverse("admin:payments_refund_change", args=[pk]),
            do=do,
            facts=facts,
        ).answer(self, request, ServiceForm(request.POST if request.method == "POST" else None))
