"""The outbox in the admin: what is on its way, what is stuck and why, and the button to try again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from core import outbox
from core.back_office import PlatformPage
from core.models import EventDelivery, OutboxEvent

Status = EventDelivery.Status


class DeliveryInline(PlatformPage, TabularInline):
    model = EventDelivery
    fields = ["handler", "status", "attempts", "next_attempt_at", "done_at", "last_error"]
    readonly_fields = fields
    extra = 0


@admin.register(OutboxEvent)
class OutboxEventAdmin(PlatformPage, ModelAdmin):
    list_display = ["name", "created_at", "relayed_at", "shown_deliveries"]
    list_filter = ["name", ("relayed_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "=id"]
    fields = ["id", "name", "payload", "created_at", "relayed_at"]
    readonly_fields = fields
    inlines = [DeliveryInline]
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxEvent]:
        return (
            super()
            .get_queryset(request)
            .annotate(done=Count("deliveries", filter=Q(deliveries__status=Status.DONE)), total=Count("deliveries"))
        )

    @display(description=_("Delivered"))
    def shown_deliveries(self, event: Any) -> str:
        return f"{event.done}/{event.total}"


@admin.register(EventDelivery)
class EventDeliveryAdmin(PlatformPage, ModelAdmin):
    list_display = ["shown_event", "handler", "shown_status", "attempts", "next_attempt_at", "done_at", "shown_error"]
    list_filter = ["status", "handler", "event__name"]
    list_select_related = ["event"]
    search_fields = ["handler", "event__name", "last_error"]
    fields = ["event", "handler", "status", "attempts", "next_attempt_at", "done_at", "last_error"]
    readonly_fields = fields
    ordering = ["-pk"]
    actions = ["run_again"]
    show_full_result_count = False
    list_per_page = 50

    @display(description=_("Event"), ordering="event__name")
    def shown_event(self, delivery: EventDelivery) -> str:
        return delivery.event.name

    @display(
        description=_("Status"),
        ordering="status",
        label={Status.WAITING: "info", Status.DONE: "success", Status.PARKED: "danger"},
    )
    def shown_status(self, delivery: EventDelivery) -> tuple[str, str]:
        return delivery.status, delivery.get_status_display()

    @display(description=_("Last error"))
    def shown_error(self, delivery: EventDelivery) -> str:
        lines = delivery.last_error.strip().splitlines()
        return lines[-1][:200] if lines else ""

    def has_run_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    @admin.action(description=_("Run again"), permissions=["run"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> None:
        count = outbox.run_again(queryset.filter(status=Status.PARKED))
        if not count:
            self.message_user(request, _("None of these is parked, so nothing was run again."), messages.WARNING)
            return
        self.message_user(
            request,
            ngettext("%(count)d delivery runs again.", "%(count)d deliveries run again.", count) % {"count": count},
        )
