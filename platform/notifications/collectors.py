"""What an archive holds of the messages that went to somebody."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.encryption import index_of_phone
from core.personal_data import Collector, Subject
from notifications.models import Message
from notifications.states import Channel


def messages_to(subject: Subject) -> QuerySet[Message]:
    """Return the messages to addresses and numbers that are proven to be this person's."""
    numbers = [index_of_phone(phone) for phone in subject.phones]
    # In capitals, as the index has it: an address once written with some is the same person's.
    by_mail = Q(channel=Channel.EMAIL, to__in=[address.upper() for address in subject.emails])
    by_phone = Q(channel=Channel.SMS, to__in=[number.upper() for number in numbers])
    return Message.objects.annotate(to=Upper("recipient")).filter(by_mail | by_phone).order_by("pk")


def messages(subject: Subject) -> Iterator[dict[str, Any]]:
    for message in messages_to(subject).iterator(chunk_size=500):
        yield {
            "kind": message.kind,
            "channel": message.channel,
            "to": message.phone or message.recipient,
            "name": message.recipient_name,
            "language": message.language,
            "subject": message.subject,
            "text": message.sms_text or message.body_text,
            "status": message.status,
            "written_at": message.created_at,
            "sent_at": message.sent_at,
        }


COLLECTORS = [
    Collector(
        "messages",
        _("Messages to you"),
        messages,
        (
            "notifications.Message.recipient",
            "notifications.Message.recipient_name",
            "notifications.Message.phone",
            "notifications.Message.sms_text",
        ),
    )
]
