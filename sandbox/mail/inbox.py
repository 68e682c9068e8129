"""Taking a mail in: parse what can be parsed, keep the source whatever it is."""

import logging
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage

from django.db import transaction

from sandbox.mail.models import Attachment, Mail, Recipient

log = logging.getLogger("sandbox.mail")
# Older ones make room: the sandbox is a place to look at mails, not an archive.
MOST_MAILS = 5000


@transaction.atomic
def take_in(*, raw: bytes, sent_by: str, recipients: Iterable[str], outcome: Mail.Outcome) -> Mail:
    """Store a mail with its parts, its recipients and its source."""
    message = message_from_bytes(raw, policy=policy.default)
    mail = Mail(sent_by=_text(sent_by), raw=raw, outcome=outcome, headers=_headers(message))
    mail.subject = mail_header(mail, "subject")
    mail.message_id = mail_header(mail, "message-id")[:998]
    attachments: list[Attachment] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        is_body = part.get_content_disposition() != "attachment"
        if is_body and kind == "text/plain" and not mail.plain:
            mail.plain = _content(part)
        elif is_body and kind == "text/html" and not mail.html:
            mail.html = _content(part)
        else:
            attachments.append(_attachment(part, len(attachments) + 1))
    mail.save()
    Recipient.objects.bulk_create(Recipient(mail=mail, address=_text(address).lower()[:400]) for address in recipients)
    for attachment in attachments:
        attachment.mail = mail
    Attachment.objects.bulk_create(attachments)
    Mail.objects.filter(pk__lte=mail.pk - MOST_MAILS).delete()
    return mail


def mail_header(mail: Mail, name: str) -> str:
    """Return a header's value by its name in small letters, empty where the mail has none."""
    return next((value for key, value in mail.headers if key.lower() == name), "")


def _headers(message: EmailMessage) -> list[list[str]]:
    headers = []
    for name, raw in message.raw_items():
        try:
            value = str(message.policy.header_fetch_parse(name, raw))
        except (AttributeError, IndexError, TypeError, ValueError, LookupError):
            # The standard library's parser stumbles over some malformed headers; the words are still worth showing.
            value = str(raw)
        # Folding may leave a space before a long first word, which is not part of the value.
        headers.append([_text(name), _text(value).strip()])
    return headers


def _content(part: EmailMessage) -> str:
    try:
        return _text(part.get_content())
    except (LookupError, UnicodeError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _attachment(part: EmailMessage, number: int) -> Attachment:
    payload = part.get_payload(decode=True)
    name = _text(part.get_filename() or f"part-{number}").replace("/", "_").replace("\\", "_")
    return Attachment(
        name=" ".join(name.split())[:255],
        content_type=part.get_content_type()[:255],
        content=payload if isinstance(payload, bytes) else b"",
    )


def _text(value: str) -> str:
    """Return the text without what UTF-8 cannot carry (undecodable bytes arrive as lone surrogates)."""
    return value.encode("utf-8", "replace").decode("utf-8")
