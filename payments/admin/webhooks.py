"""The journal of the gateways' webhooks, for the platform's people: what came, what became of it, once more."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.doors import person_of
from core.back_office import PlatformPage
from core.contact_search import is_list
from core.forms import ServiceForm
from localization import formatting
from payments import services
from payments.admin.act_page import ActPage
from payments.admin.shared import GatewayFilter, brief, clock
from payments.masked_body import masked
from payments.models import WebhookEvent
from payments.states import JournalState

LABELS = {"waiting": "info", "done": "success", "ignored": "info", "parked": "danger"}


@admin.register(WebhookEvent)
class WebhookEventAdmin(PlatformPage, ModelAdmin):
    list_display = ["came", "gateway", "name", "shown_state", "shown_reference", "shown_times", "attempts", "note"]
    list_filter = ["state", GatewayFilter, ("received_at", RangeDateFilter)]
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["reference__exact", "key__exact"]
    search_help_text = _("Reference of a payment, or the key of the event")
    actions: Any = None
    change_form_outer_before_template = "admin/payments/webhook_ways.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "gateway", "name", "key", "state_words", "note", "shown_reference", "shown_times", "attempts",
                    "came", "again", "done",
                ]
            },
        ),
        (_("As it came"), {"fields": ["masked_body"]}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        rows = super().get_queryset(request)
        return rows.defer("body") if is_list(request) else rows

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        parked = Case(When(state=JournalState.PARKED, then=Value(0)), default=Value(1))
        return [parked.asc(), "-pk"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.fieldsets for name in part["fields"]]

    @display(description=_("came first"), ordering="received_at")
    def came(self, event: WebhookEvent) -> str:
        return brief(event.received_at)

    @display(description=_("state"), ordering="state", label=LABELS)
    def shown_state(self, event: WebhookEvent) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description=_("state"))
    def state_words(self, event: WebhookEvent) -> str:
        return event.get_state_display()

    @display(description=_("reference"))
    def shown_reference(self, event: WebhookEvent) -> str:
        if not event.reference:
            return "–"
        return format_html(
            '<a href="{}?q={}"><bdi dir="ltr">{}</bdi></a>',
            reverse("admin:payments_payment_changelist"),
            event.reference,
            event.reference,
        )

    @display(description=_("came"), ordering="times")
    def shown_times(self, event: WebhookEvent) -> str:
        return formatting.number(event.times)

    @display(description=_("next attempt"))
    def again(self, event: WebhookEvent) -> str:
        return clock(event.next_attempt_at)

    @display(description=_("done"))
    def done(self, event: WebhookEvent) -> str:
        return clock(event.done_at)

    @display(description=_("body"))
    def masked_body(self, event: WebhookEvent) -> str:
        return format_html('<pre dir="ltr">{}</pre>', masked(event.body))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.replay))
        return [path("<int:pk>/replay/", view, name="payments_webhookevent_replay"), *super().get_urls()]

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        event = self.get_queryset(request).filter(pk=pk).first()
        if event is None or not self.has_module_permission(request):
            raise Http404(_now("We could not find that."))

        def do(_form: ServiceForm) -> str:
            services.replay_webhook(event=event, by=person_of(request))
            return _now("It is worked off once more, in a moment.")

        def facts() -> list[str]:
            now = WebhookEvent.objects.defer("body").get(pk=pk)
            return [
                _now("%(gateway)s, %(event)s: %(state)s.")
                % {"gateway": now.gateway.title(), "event": now.name, "state": now.get_state_display()},
                _now("The gateway is asked anew about what it names. What it already did is not done twice."),
            ]

        return ActPage(
            title=_now("Work it off again"),
            subtitle=event.reference,
            back=reverse("admin:payments_webhookevent_change", args=[pk]),
            do=do,
            facts=facts,
        ).answer(self, request, ServiceForm(request.POST if request.method == "POST" else None))
