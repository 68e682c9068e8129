"""Money that banks want back, those first that have to be answered soonest."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.scoping import runs_platform
from payments import dispute_words
from payments.admin import shared
from payments.admin.shared import brief, clock, naira
from payments.models import Dispute
from payments.states import DisputeState


@admin.register(Dispute)
class DisputeAdmin(shared.MoneyPage):
    restaurant_path = "payment__request__restaurant_id"
    list_display = ["due", "shown_for", "amount", "shown_state", "stage", "shown_house", "shown_payment", "heard"]
    list_filter = [
        "state",
        shared.GatewayOfPaymentFilter,
        ("created_at", RangeDateFilter),
        ("payment__request__restaurant", shared.HouseFilter),
    ]
    change_form_outer_before_template = "admin/payments/dispute_ways.html"
    search_fields = ["payment__reference__exact", "gateway_id__exact"]
    search_help_text = _("Reference of the payment, or the dispute’s number at the gateway")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "shown_payment", "shown_house", "shown_for", "amount", "state_words", "at_gateway", "stage", "due",
                    "gateway_id", "heard", "changed",
                ]
            },
        ),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows = super().get_queryset(request).select_related("payment__request__restaurant")
        return rows.defer("payment__email", "payment__address", "payment__request__token")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        to_be_answered = Case(When(state=DisputeState.OPEN, then=Value(0)), default=Value(1))
        return [to_be_answered.asc(), F("due_at").asc(nulls_last=True), "-pk"]

    @display(description=_("to be answered until"), ordering="due_at")
    def due(self, dispute: Dispute) -> str:
        if dispute.due_at is None:
            return "–"
        told = brief(dispute.due_at)
        if dispute.state != DisputeState.OPEN or dispute.due_at >= timezone.now():
            return told
        return _now("%(when)s, which has passed") % {"when": told}

    @display(description=_("for"))
    def shown_for(self, dispute: Dispute) -> str:
        return shared.subject_link(dispute.payment)

    @display(description=_("amount"), ordering="amount_kobo")
    def amount(self, dispute: Dispute) -> str:
        return naira(dispute.amount_kobo)

    @display(description=_("state"), ordering="state", label=shared.DISPUTE_LABELS)
    def shown_state(self, dispute: Dispute) -> tuple[str, str]:
        return dispute.state, dispute.get_state_display()

    @display(description=_("state"))
    def state_words(self, dispute: Dispute) -> str:
        return dispute.get_state_display()

    @display(description=_("restaurant"))
    def shown_house(self, dispute: Dispute) -> str:
        return str(dispute.payment.request.restaurant)

    @display(description=_("payment"))
    def shown_payment(self, dispute: Dispute) -> str:
        return shared.payment_link(dispute.payment)

    @display(description=_("heard of"), ordering="created_at")
    def heard(self, dispute: Dispute) -> str:
        return brief(dispute.created_at)

    @display(description=_("last change"))
    def changed(self, dispute: Dispute) -> str:
        return clock(dispute.updated_at)

    @display(description=_("at the gateway"))
    def at_gateway(self, dispute: Dispute) -> str:
        return dispute_words.state(dispute.word)

    @display(description=_("what is wanted"), ordering="category")
    def stage(self, dispute: Dispute) -> str:
        return dispute_words.stage(dispute.category)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        dispute = kwargs.get("obj")
        if dispute is not None:
            named = shared.subject_name(dispute.payment)
            context |= {
                "is_open": dispute.state == DisputeState.OPEN,
                "gateway_name": shared.gateway_name(dispute.payment.gateway),
                "runs_platform": runs_platform(request),
                "due_words": clock(dispute.due_at) if dispute.due_at else "",
                "is_past": dispute.due_at is not None and dispute.due_at < timezone.now(),
                "named": named,
                "receipts": dispute.payment.receipts.defer("payer_name").order_by("pk"),
            }
        return super().render_change_form(request, context, *args, **kwargs)
