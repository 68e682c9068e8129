"""Writing messages, and seeing them on their way.

A message is a row in the transaction of the fact it tells; Celery is only the bell. Sending is claim, send, mark:
a worker that dies in between leaves a lease behind, and whoever sweeps after it has run out sends again, with the same
Message-ID.
"""

import base64
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.outbox import enqueue
from notifications import by_email, catalogue, rendering
from notifications.models import Message
from notifications.states import Channel, Status

logger = logging.getLogger(__name__)

TRIES = 8
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=4)
# Longer than the mail server may take to answer every step of one mail (EMAIL_TIMEOUT each).
LEASE = timedelta(seconds=120)
LONGEST_NAME = 100
LONGEST_ERROR = 2000
MOST_ATTACHED_BYTES = 1024 * 1024


class BadRecipient(InvalidInput):
    code = "notification_bad_recipient"
    message = _("This is not an e-mail address that we can write to.")


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


def send(
    *,
    kind: str,
    to: str,
    context: Mapping[str, Any],
    dedupe_key: str,
    channel: str = Channel.EMAIL,
    name: str = "",
    language: str = "en",
    attachments: Sequence[Attachment] = (),
    useful_until: datetime | None = None,
) -> Message:
    """Write a message in the current transaction; it leaves if and only if that commits.

    Asked again for the same `dedupe_key`, channel and recipient it returns the message written the first time.

    :param context: what `notifications.catalogue` asks for, ready to be read in the recipient's language
    :param useful_until: after this moment it is not sent any more
    :raises BadRecipient: when `to` is no address of the channel
    :raises catalogue.WrongContext: when kind, channel or context do not fit the catalogue
    """
    entry = catalogue.kind_called(kind)
    if channel not in entry.channels:
        raise catalogue.WrongContext(f"{kind} has no words for {channel}.")
    recipient = _address(to)
    known = Message.objects.filter(dedupe_key=dedupe_key, channel=channel, recipient=recipient).first()
    if known is not None:
        return known
    language = rendering.language_for(language)
    written = rendering.mail(entry, language=language, context=context)
    message = Message(
        kind=kind,
        channel=channel,
        recipient=recipient,
        recipient_name=rendering.one_line(name, LONGEST_NAME),
        language=language,
        subject=written.subject,
        body_text=written.text,
        body_html=written.html,
        attachments=_stored(attachments),
        dedupe_key=dedupe_key,
        useful_until=useful_until,
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        # Another transaction told the same person the same fact while this one was writing.
        return Message.objects.get(dedupe_key=dedupe_key, channel=channel, recipient=recipient)
    transaction.on_commit(lambda: ring(message), robust=True)
    return message


def _address(to: str) -> str:
    address = to.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadRecipient from error
    mailbox, _at, domain = address.rpartition("@")
    return f"{mailbox}@{domain.lower()}"


def _stored(attachments: Sequence[Attachment]) -> list[dict[str, str]]:
    if sum(len(attachment.content) for attachment in attachments) > MOST_ATTACHED_BYTES:
        raise ValueError(f"More than {MOST_ATTACHED_BYTES} bytes are attached.")
    return [
        {
            "name": rendering.one_line(attachment.name, 100),
            "content_type": attachment.content_type,
            "content": base64.b64encode(attachment.content).decode(),
        }
        for attachment in attachments
    ]


def ring(message: Message) -> bool:
    """Ask a worker to send the message now; without one, the sweep finds it."""
    from notifications.tasks import send_one

    return enqueue(send_one, message.pk)


def send_one(*, message_id: int) -> bool:
    """Send one message if it is due; tell whether it was sent."""
    message = _claim(message_id=message_id)
    return message is not None and _deliver(message)


def send_due(*, until: datetime | None = None) -> int:
    """Send the messages that are due, oldest first, and return how many left.

    Stops at `until`, and at the first sign that the mail server itself cannot be reached: the others keep their tries.
    """
    sent = 0
    while until is None or timezone.now() < until:
        message = _claim()
        if message is None:
            break
        if _deliver(message):
            sent += 1
        elif message.last_error.startswith(by_email.UNREACHABLE):
            break
    return sent


@transaction.atomic
def _claim(*, message_id: int | None = None) -> Message | None:
    """Take the next due message, or the given one if it is due, and lease it; None when there is nothing to do."""
    now = timezone.now()
    due = Message.objects.due(now).order_by("next_attempt_at", "pk").select_for_update(skip_locked=True)
    if message_id is not None:
        due = due.filter(pk=message_id)
    while (message := due.first()) is not None:
        if message.useful_until is not None and message.useful_until <= now:
            message.status = Status.OUTDATED
        elif message.attempts >= TRIES:
            # Only a worker that died at the last try leaves such a row.
            message.status = Status.FAILED
            message.last_error = message.last_error or "The worker stopped while it was sending, at every try."
        else:
            message.status = Status.SENDING
            message.attempts += 1
            message.next_attempt_at = now + LEASE
        message.save(update_fields=["status", "attempts", "next_attempt_at", "last_error"])
        if message.status == Status.SENDING:
            return message
    return None


def _deliver(message: Message) -> bool:
    try:
        by_email.deliver(message)
    except by_email.Refused as refusal:
        _mark_failed(message, str(refusal), for_good=True)
        return False
    except by_email.NotNow as trouble:
        _mark_failed(message, str(trouble), for_good=False)
        return False
    except Exception as surprise:
        # Whatever it is, the next message must still get its turn; the log has the traceback.
        logger.exception("Message %s could not be sent", message.public_id)
        _mark_failed(message, f"{type(surprise).__name__}: {surprise}", for_good=False)
        return False
    # Without looking at whose lease it is: the mail is out, nobody needs to send it again.
    Message.objects.filter(pk=message.pk).exclude(status=Status.SENT).update(
        status=Status.SENT, sent_at=timezone.now(), last_error=""
    )
    return True


def _mark_failed(message: Message, error: str, *, for_good: bool) -> None:
    message.last_error = error[:LONGEST_ERROR]
    parked = for_good or message.attempts >= TRIES
    # The number of attempts is the lease's name: a worker that woke up late must not undo what a later one did.
    Message.objects.filter(pk=message.pk, status=Status.SENDING, attempts=message.attempts).update(
        status=Status.FAILED if parked else Status.WAITING,
        next_attempt_at=timezone.now() + wait_after(message.attempts),
        last_error=message.last_error,
    )
    if parked:
        logger.error("Message %s (%s) is parked: %s", message.public_id, message.kind, message.last_error)


def wait_after(attempts: int) -> timedelta:
    """Return the wait after so many attempts: 30 s, 2 min, 8 min, 32 min, 2 h, then 4 h, a tenth more or less."""
    wait = min(FIRST_WAIT * 4 ** max(attempts - 1, 0), LONGEST_WAIT)
    return wait * random.uniform(0.9, 1.1)  # noqa: S311


def send_again(*, message: Message) -> bool:
    """Put a message that is not on its way back into the queue with all its tries; tell whether that was done.

    A sent one is sent once more: as the same mail, for a person who lost theirs.
    """
    with transaction.atomic():
        changed = (
            Message.objects.filter(pk=message.pk)
            .exclude(status=Status.SENDING, next_attempt_at__gt=timezone.now())
            .update(
                status=Status.WAITING,
                attempts=0,
                next_attempt_at=timezone.now(),
                sent_at=None,
                useful_until=None,
                last_error="",
            )
        )
        if changed:
            transaction.on_commit(lambda: ring(message), robust=True)
    return bool(changed)
