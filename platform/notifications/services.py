"""Writing messages, and seeing them on their way.

A message is a row in the transaction of the fact it tells; Celery is only the bell. Sending is claim, send, mark:
a worker that dies in between leaves a lease behind, and whoever sweeps after it has run out sends again, with the same
Message-ID.
"""

import base64
import logging
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core import phones
from core.encryption import index_of_phone
from core.errors import DomainError, InvalidInput, TooManyAttempts, Unavailable
from core.outbox import enqueue
from notifications import allowances, by_email, by_sms, catalogue, rendering
from notifications.models import Message
from notifications.states import Channel, Status
from notifications.verdicts import HeldBack, NotNow, Refused, Unreachable

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


class BadPhone(InvalidInput):
    code = "notification_bad_phone"
    message = _("This number cannot receive text messages. Write a mobile number, for example 0803 123 4567.")


class NoConsent(DomainError):
    code = "notification_no_consent"
    message = _("This person has not agreed to news and offers, or has taken it back.")


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
    not_before: datetime | None = None,
    useful_until: datetime | None = None,
) -> Message:
    """Write a message in the current transaction; it leaves if and only if that commits.

    Asked again for the same `dedupe_key`, channel and recipient it returns the message written the first time.

    :param context: what `notifications.catalogue` asks for, ready to be read in the recipient's language
    :param not_before: until this moment it waits
    :param useful_until: after this moment it is not sent any more
    :raises BadRecipient: when `to` is no e-mail address
    :raises BadPhone: when `to` is no number that receives text messages
    :raises NoConsent: for what promotes something to somebody who has not agreed to that
    :raises catalogue.WrongContext: when kind, channel or context do not fit the catalogue
    """
    entry = catalogue.kind_called(kind)
    if channel not in entry.channels:
        raise catalogue.WrongContext(f"{kind} has no words for {channel}.")
    phone = _phone(to) if channel == Channel.SMS else ""
    recipient = index_of_phone(phone) if channel == Channel.SMS else _address(to)
    if not _may_be_sent(entry, phone or recipient):
        raise NoConsent
    known = Message.objects.filter(dedupe_key=dedupe_key, channel=channel, recipient=recipient).first()
    if known is not None:
        return known
    language = rendering.language_for(language)
    message = Message(
        kind=kind,
        channel=channel,
        recipient=recipient,
        phone=phone,
        recipient_name=rendering.one_line(name, LONGEST_NAME),
        language=language,
        attachments=_stored(attachments),
        dedupe_key=dedupe_key,
        next_attempt_at=max(not_before or timezone.now(), timezone.now()),
        useful_until=useful_until,
        **_words(entry, channel, language, context),
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        # Another transaction told the same person the same fact while this one was writing.
        return Message.objects.get(dedupe_key=dedupe_key, channel=channel, recipient=recipient)
    transaction.on_commit(lambda: ring(message), robust=True)
    return message


@transaction.atomic
def send_code(
    *,
    kind: str,
    to: str,
    code: str,
    minutes: int,
    language: str,
    name: str = "",
    asker: str = "",
    is_known: bool = False,
    withheld: bool = False,
) -> Message:
    """Text a one-time code to a phone, within what its number and its country may get.

    :param asker: who asks for it, as far as the allowances go
    :param is_known: they ask from a device that the number's owner has signed in on before
    :param withheld: do all the same work for a message that never leaves, so that neither the answer nor its time
        tells whether anybody is known by this number
    :raises BadPhone: when the number cannot receive text messages
    :raises allowances.TextLimitReached: when it has got enough
    """
    phone = _phone(to)
    allowances.take(phone, asker=asker, is_known=is_known, withheld=withheld)
    now = timezone.now()
    return send(
        kind=kind,
        to=phone,
        context={"code": code, "minutes": minutes},
        dedupe_key=f"{kind}:{uuid.uuid4()}",
        channel=Channel.SMS,
        name=name,
        language=language,
        # Of no use from the start: whoever takes it up throws it away.
        useful_until=now if withheld else now + timedelta(minutes=minutes),
    )


def _may_be_sent(entry: catalogue.Kind, address: str) -> bool:
    """Tell whether a message may go to an address or number: what promotes something asks for consent each time."""
    if entry.purpose is not catalogue.Purpose.PROMOTIONAL:
        return True
    # Whose consent it is, is known a floor above.
    consents: Callable[[str], bool] = import_string(settings.PROMOTION_CONSENT)
    return consents(address)


def _words(entry: catalogue.Kind, channel: str, language: str, context: Mapping[str, Any]) -> dict[str, str]:
    if channel == Channel.SMS:
        with translation.override(language):
            subject = str(entry.label)
        return {"subject": subject, "sms_text": rendering.sms(entry, language=language, context=context)}
    written = rendering.mail(entry, language=language, context=context)
    return {"subject": written.subject, "body_text": written.text, "body_html": written.html}


def _phone(to: str) -> str:
    try:
        phone = phones.normalise(to)
    except ValidationError as error:
        raise BadPhone(str(error.messages[0])) from error
    if not phones.receives_sms(phone):
        raise BadPhone
    return phone


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
    try:
        return message is not None and _deliver(message)
    except Unreachable:
        return False


def send_due(*, until: datetime | None = None) -> int:
    """Send the messages that are due, oldest first, and return how many left.

    Stops at `until`. Leaves a channel at the first sign that its server itself cannot be reached: the channel's other
    messages keep their tries.
    """
    return sum(_send_due_by(channel, until) for channel in Channel)


def _send_due_by(channel: Channel, until: datetime | None) -> int:
    sent = 0
    while until is None or timezone.now() < until:
        message = _claim(channel=channel)
        if message is None:
            break
        try:
            sent += _deliver(message)
        except Unreachable:
            break
    return sent


@transaction.atomic
def _claim(*, message_id: int | None = None, channel: Channel | None = None) -> Message | None:
    """Take the next due message, or the given one if it is due, and lease it; None when there is nothing to do."""
    now = timezone.now()
    due = Message.objects.due(now).order_by("next_attempt_at", "pk").select_for_update(skip_locked=True)
    if message_id is not None:
        due = due.filter(pk=message_id)
    if channel is not None:
        due = due.filter(channel=channel)
    while (message := due.first()) is not None:
        if message.useful_until is not None and message.useful_until <= now:
            if message.useful_until <= message.created_at:
                # Withheld: it was of no use to anybody before it was written.
                message.delete()
                continue
            message.status = Status.OUTDATED
        elif message.kind in catalogue.KINDS and not _may_be_sent(
            catalogue.KINDS[message.kind], message.phone or message.recipient
        ):
            # They took their consent back since it was written.
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
        _forget_secrets(message)
    return None


def outdate(*, keys: Sequence[str], channel: Channel) -> int:
    """Let messages that still wait not leave any more, since newer ones say it; return how many did wait.

    :param keys: their `dedupe_key`s
    """
    return Message.objects.filter(dedupe_key__in=keys, channel=channel, status=Status.WAITING).update(
        status=Status.OUTDATED, last_error="Newer news took its place while it waited."
    )


def _deliver_text(message: Message) -> None:
    """Hand a text to a carrier; one without a code within what its number and its country may get.

    :raises HeldBack: when they have had enough
    :raises Refused: :raises NotNow: as by_sms.deliver()
    """
    kind = catalogue.KINDS.get(message.kind)
    # Codes were counted when they were asked for; what a carrier may have already, when it was handed over.
    if message.carrier or (kind is not None and kind.is_secret):
        by_sms.deliver(message)
        return
    try:
        allowances.take_for_news(message.phone)
    except TooManyAttempts as reached:
        raise HeldBack("Held back: this number, or its country today, has got enough text messages.") from reached
    except Unavailable as away:
        raise Unreachable("Text messages cannot be counted: Redis is away.") from away
    try:
        by_sms.deliver(message)
    except (Refused, NotNow):
        if not message.carrier:
            allowances.give_back_news(message.phone)
        raise


_DELIVERIES = {Channel.EMAIL: by_email.deliver, Channel.SMS: _deliver_text}


def _deliver(message: Message) -> bool:
    """Try once, and write down what became of it.

    :raises Unreachable: when its server is away, which is written down as well
    """
    try:
        _DELIVERIES[Channel(message.channel)](message)
    except Refused as refusal:
        # Strangers can cause as many of these as they like: no reason to wake anybody.
        level = logging.WARNING if isinstance(refusal, HeldBack) else logging.ERROR
        _mark_failed(message, str(refusal), for_good=True, level=level)
        return False
    except NotNow as trouble:
        _mark_failed(message, str(trouble), for_good=False)
        if isinstance(trouble, Unreachable):
            raise
        return False
    except Exception as surprise:
        # Whatever it is, the next message must still get its turn; the log has the traceback.
        logger.exception("Message %s could not be sent", message.public_id)
        _mark_failed(message, f"{type(surprise).__name__}: {surprise}", for_good=False)
        return False
    # Without looking at whose lease it is: the mail is out, nobody needs to send it again.
    Message.objects.filter(pk=message.pk).exclude(status=Status.SENT).update(
        status=Status.SENT,
        sent_at=timezone.now(),
        last_error="",
        carrier=message.carrier,
        provider_reference=message.provider_reference,
    )
    _forget_secrets(message)
    return True


def _forget_secrets(message: Message) -> None:
    """Take the words out of a message that carried a code and is on its way no longer."""
    kind = catalogue.KINDS.get(message.kind)
    if kind is None or not kind.is_secret:
        return
    with translation.override(message.language):
        subject = str(kind.label)
    Message.objects.filter(pk=message.pk, status__in=(Status.SENT, Status.FAILED, Status.OUTDATED)).update(
        subject=subject, body_text="", body_html="", sms_text="", attachments=[]
    )


def _mark_failed(message: Message, error: str, *, for_good: bool, level: int = logging.ERROR) -> None:
    message.last_error = error[:LONGEST_ERROR]
    parked = for_good or message.attempts >= TRIES
    # The number of attempts is the lease's name: a worker that woke up late must not undo what a later one did.
    Message.objects.filter(pk=message.pk, status=Status.SENDING, attempts=message.attempts).update(
        status=Status.FAILED if parked else Status.WAITING,
        next_attempt_at=timezone.now() + wait_after(message.attempts),
        last_error=message.last_error,
        carrier=message.carrier,
    )
    if parked:
        _forget_secrets(message)
        logger.log(level, "Message %s (%s) is parked: %s", message.public_id, message.kind, message.last_error)


def wait_after(attempts: int) -> timedelta:
    """Return the wait after so many attempts: 30 s, 2 min, 8 min, 32 min, 2 h, then 4 h, a tenth more or less."""
    wait = min(FIRST_WAIT * 4 ** max(attempts - 1, 0), LONGEST_WAIT)
    return wait * random.uniform(0.9, 1.1)  # noqa: S311


def send_again(*, message: Message) -> bool:
    """Put a message that is not on its way back into the queue with all its tries; tell whether that was done.

    A sent one is sent once more: as the same mail, for a person who lost theirs. One that carried a code is not: its
    words are forgotten, and whoever waits for one asks for a new code.
    """
    kind = catalogue.KINDS.get(message.kind)
    if kind is not None and kind.is_secret:
        return False
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
                carrier="",
            )
        )
        if changed:
            transaction.on_commit(lambda: ring(message), robust=True)
    return bool(changed)
