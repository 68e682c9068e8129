"""Forgetting the messages to somebody: that one was sent stays, to whom and what it said goes."""

import hashlib
from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from notifications.collectors import messages_to
from notifications.models import Message
from notifications.states import UNDELIVERED, Channel, Status

BATCH = 500


def empty(subject: Subject) -> Outcome:
    batch = list(messages_to(subject).select_for_update()[:BATCH])
    _empty(batch, subject.pseudonym)
    return Outcome(gone=len(batch), more=len(batch) == BATCH)


def empty_about(dedupe_keys: Collection[str], pseudonym: str) -> int:
    """Forget the messages of these facts, whoever they went to, and return how many there were.

    For a domain that knows whose its rows are, where the number a text went to was never proven to be theirs.
    """
    batch = list(Message.objects.select_for_update().filter(dedupe_key__in=dedupe_keys).order_by("pk"))
    _empty(batch, pseudonym)
    return len(batch)


def _empty(batch: list[Message], pseudonym: str) -> None:
    for message in batch:
        # Each its own, for one fact may have been told to two of their addresses.
        mark = hashlib.sha256(message.public_id.bytes).hexdigest()
        message.recipient = mark if message.channel == Channel.SMS else f"erased-{mark[:32]}@erased.invalid"
        message.recipient_name, message.phone, message.sms_text = pseudonym, "", ""
        message.subject, message.body_text, message.body_html, message.attachments = "", "", "", []
        message.last_error = ""
        if message.status in UNDELIVERED:
            message.status = Status.OUTDATED
    Message.objects.bulk_update(
        batch,
        [
            "recipient",
            "recipient_name",
            "phone",
            "sms_text",
            "subject",
            "body_text",
            "body_html",
            "attachments",
            "last_error",
            "status",
        ],
    )


ERASERS = [
    Eraser(
        "notifications.messages",
        _("Messages"),
        40,
        empty,
        goes=_("To whom they went and what they said. That a message was sent stays, for a year."),
        covers=(
            "notifications.Message.recipient",
            "notifications.Message.recipient_name",
            "notifications.Message.phone",
            "notifications.Message.sms_text",
        ),
    )
]
