"""Messages, for the platform's own people: what was written to whom, and what became of it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from notifications import services
from notifications.catalogue import KINDS
from notifications.models import Message
from notifications.states import Status


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.name, kind.label) for kind in KINDS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(ModelAdmin):
    list_display = ["subject", "kind_label", "masked_recipient", "status_label", "attempts", "created_at", "sent_at"]
    list_filter = ["status", KindFilter, "language", "channel", "created_at"]
    search_fields = ["recipient__iexact", "subject", "dedupe_key", "public_id__iexact"]
    search_help_text = _("A whole e-mail address, or part of a subject")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ["send_again"]
    fieldsets = [
        (None, {"fields": ["kind_label", "channel", "recipient", "recipient_name", "language"]}),
        (
            _("What became of it"),
            {"fields": ["status", "attempts", "next_attempt_at", "useful_until", "sent_at", "last_error"]},
        ),
        (_("Words"), {"fields": ["subject", "body_text", "attachment_names"]}),
        (_("Origin"), {"fields": ["public_id", "message_id", "dedupe_key", "created_at"]}),
    ]

    @display(description=_("kind"), ordering="kind")
    def kind_label(self, message: Message) -> Any:
        return KINDS[message.kind].label if message.kind in KINDS else message.kind

    @display(description=_("to"), ordering="recipient")
    def masked_recipient(self, message: Message) -> str:
        """The address as lists may show it: enough to recognise, not enough to copy out."""
        mailbox, _at, domain = message.recipient.rpartition("@")
        return f"{mailbox[:2]}…@{domain}"

    @display(
        description=_("status"),
        ordering="status",
        label={Status.SENT: "success", Status.FAILED: "danger", Status.WAITING: "info", Status.SENDING: "info"},
    )
    def status_label(self, message: Message) -> tuple[str, str]:
        return message.status, message.get_status_display()

    @display(description=_("attachments"))
    def attachment_names(self, message: Message) -> str:
        return ", ".join(attachment["name"] for attachment in message.attachments)

    @display(description=_("Message-ID"))
    def message_id(self, message: Message) -> str:
        return message.message_id

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = sum(services.send_again(message=message) for message in queryset)
        self.message_user(
            request,
            ngettext("%(count)d message will be sent again.", "%(count)d messages will be sent again.", count)
            % {"count": count},
            messages.SUCCESS if count else messages.WARNING,
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False
