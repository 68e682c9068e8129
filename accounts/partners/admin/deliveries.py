"""The log of what was sent to webhooks, and sending it again."""

import json
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accounts.doors import person_of
from accounts.partners import selectors, webhooks
from accounts.partners.admin.pages import PartnersPage
from accounts.partners.models import Delivery
from accounts.partners.states import DeliveryStatus, error_text
from core.errors import DomainError, TooManyAttempts


class OwnEndpointsFilter(admin.RelatedFieldListFilter):
    """Django's own would name everybody's."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = selectors.endpoints_managed_by(request.user).order_by("url")[:200]
        return [(row.pk, str(row)) for row in rows]


def _again(page: PartnersPage, request: HttpRequest, delivery: Delivery) -> None:
    webhooks.send_again(delivery=delivery, by=person_of(request))
    page.message_user(request, _now("The message will be sent again."), messages.SUCCESS)


@admin.register(Delivery)
class DeliveryAdmin(PartnersPage):
    list_display = ["created_at", "event_type", "endpoint", "shown_status", "attempts", "short_error"]
    list_filter = [("endpoint", OwnEndpointsFilter), "status", "event_type"]
    search_fields = ["public_id__iexact", "event_id__iexact"]
    show_full_result_count = False
    actions = ["send_again"]
    change_form_outer_after_template = "admin/partners/delivery.html"
    buttons = {"again": _again}
    fields = [
        "endpoint", "event_type", "shown_id", "restaurant", "status", "attempts", "shown_next_try",
        "created_at", "delivered_at", "shown_body", "shown_tries", "answer_status", "shown_answer", "shown_error",
    ]  # fmt: skip

    def seen(self, request: HttpRequest) -> QuerySet[Delivery]:
        endpoints = selectors.endpoints_managed_by(request.user)
        return Delivery.objects.with_endpoint().select_related("restaurant").filter(endpoint__in=endpoints)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    @admin.action(description=_("Send again"), permissions=["manage"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        done = 0
        for delivery in queryset:
            try:
                webhooks.send_again(delivery=delivery, by=person_of(request))
            except TooManyAttempts as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                break
            except DomainError as refusal:
                self.message_user(request, f"{delivery}: {refusal}", messages.ERROR)
            else:
                done += 1
        if done:
            sentence = ngettext("%(count)d message will be sent again.", "%(count)d messages will be sent again.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)

    @display(
        description=_("status"),
        ordering="status",
        label={"delivered": "success", "parked": "danger", "waiting": "info", "sending": "info"},
    )
    def shown_status(self, delivery: Delivery) -> tuple[str, Any]:
        return delivery.status, delivery.get_status_display()

    @display(description=_("webhook-id"))
    def shown_id(self, delivery: Delivery) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', delivery.webhook_id)

    @display(description=_("content"))
    def shown_body(self, delivery: Delivery) -> str:
        return format_html('<pre dir="ltr">{}</pre>', json.dumps(json.loads(delivery.body), indent=2))

    @display(description=_("tries"))
    def shown_tries(self, delivery: Delivery) -> SafeString:
        rows = [
            (_moment(each["at"]), each["status"] or "–", error_text(each["error"], each["status"]), each["ms"])
            for each in delivery.tries
        ]
        return format_html_join("", "<div><bdi>{}</bdi> · {} <bdi>{}</bdi> · {} ms</div>", rows)

    @display(description=_("next try"))
    def shown_next_try(self, delivery: Delivery) -> str | None:
        # Of one that is being sent this is the end of the lease, of others it is over.
        is_ahead = delivery.status == DeliveryStatus.WAITING
        return _moment(delivery.next_attempt_at.isoformat()) if is_ahead else None

    @display(description=_("last error"), ordering="last_error")
    def shown_error(self, delivery: Delivery) -> str:
        return delivery.last_error_text

    @display(description=_("last error"), ordering="last_error")
    def short_error(self, delivery: Delivery) -> str:
        # Words of a cell break at every space where the row is full.
        return format_html('<div class="t-sentence">{}</div>', delivery.last_error_text)

    @display(description=_("answer"))
    def shown_answer(self, delivery: Delivery) -> str:
        return format_html('<pre dir="ltr">{}</pre>', delivery.answer_body)


def _moment(written: str) -> str:
    """Return a stored time as the rest of the page shows its times, to the second."""
    moment = timezone.localtime(datetime.fromisoformat(written))
    return f"{date_format(moment, 'DATE_FORMAT')}, {date_format(moment, 'H:i:s')}"
