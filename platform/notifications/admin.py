"""Messages, for the platform's own people: what was written to whom, and what became of it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from core import phones
from core.back_office import PlatformPage
from core.encryption import index_of_phone
from notifications import services
from notifications.catalogue import KINDS
from notifications.models import Message
from notifications.states import Channel, Status


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.name, kind.label) for kind in KINDS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(PlatformPage, ModelAdmin):
    list_display = ["subject", "kind_label", "masked_recipient", "status_label", "attempts", "created_at", "sent_at"]
    list_filter = ["status", KindFilter, "language", "channel", "created_at"]
    search_fields = ["recipient__iexact", "subject", "dedupe_key", "public_id__iexact"]
    search_help_text = _("A whole e-mail address or phone number, or part of a subject")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ["send_again"]
    fieldsets = [
        (None, {"fields": ["kind_label", "channel", "whole_recipient", "recipient_name", "language"]}),
        (
            _("What became of it"),
            {"fields": ["status", "attempts", "next_attempt_at", "useful_until", "sent_at", "last_error"]},
        ),
        (_("Words"), {"fields": ["subject", "words", "attachment_names"]}),
        (
            _("Origin"),
            {"fields": ["public_id", "message_id", "carrier", "provider_reference", "dedupe_key", "created_at"]},
        ),
    ]

    @display(description=_("kind"), ordering="kind")
    def kind_label(self, message: Message) -> Any:
        return KINDS[message.kind].label if message.kind in KINDS else message.kind

    @display(description=_("to"), ordering="recipient")
    def masked_recipient(self, message: Message) -> str:
        return message.masked_recipient

    @display(description=_("to"))
    def whole_recipient(self, message: Message) -> str:
        return phones.national(message.phone) if message.channel == Channel.SMS else message.recipient

    @display(description=_("text"))
    def words(self, message: Message) -> str:
        return message.sms_text or message.body_text or gettext("The words are forgotten: they carried a code.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if any(character.isdigit() for character in search_term):
            # A number is stored as an index that nobody can type.
            found |= queryset.filter(channel=Channel.SMS, recipient=index_of_phone(search_term))
        return found, may_repeat

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
