"""The e-mail channel: one message, one attempt, and a verdict."""

import base64
import smtplib
from email.encoders import encode_base64
from email.message import Message as Header
from email.mime.base import MIMEBase
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from core.outbound import is_loopback
from notifications.models import Message
from notifications.verdicts import NotNow, Refused, Unreachable

__all__ = ["UNREACHABLE", "NotNow", "Refused", "compose", "deliver", "outbound_problem"]

UNREACHABLE = "The mail server cannot be reached"


def deliver(message: Message) -> None:
    """Hand the message to the mail server.

    :raises Refused: when the server refused it for good, or nothing may leave this place
    :raises NotNow: when it may work later, or when nobody knows whether it was taken
    """
    if problem := outbound_problem():
        raise Refused(problem)
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{UNREACHABLE}: {error}") from error
    try:
        connection.send_messages([compose(message)])
    except smtplib.SMTPRecipientsRefused as refusal:
        raise _verdict([code for code, _reason in refusal.recipients.values()], refusal) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise _verdict([refusal.smtp_code], refusal) from refusal
    except (OSError, smtplib.SMTPException) as error:
        # Among them a connection that broke after the last line: it may have been taken. Better twice than never,
        # and the Message-ID tells that it is the same.
        raise NotNow(f"{type(error).__name__}: {error}") from error
    finally:
        _close(connection)


def _verdict(codes: list[int], refusal: Exception) -> Refused | NotNow:
    for_good = bool(codes) and all(500 <= code <= 599 for code in codes)
    # 530 to 538 say that our own log-in or encryption is wrong, which can be mended without losing the mail.
    ours = any(530 <= code <= 538 for code in codes)
    return Refused(str(refusal)) if for_good and not ours else NotNow(str(refusal))


def _close(connection: object) -> None:
    try:
        connection.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException):
        # The verdict is already known; how the server says goodbye does not change it.
        return


def compose(message: Message) -> EmailMultiAlternatives:
    """Return the mail as it goes over the wire."""
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.body_text,
        to=[formataddr((message.recipient_name, message.recipient))],
        headers={
            "Message-ID": message.message_id,
            "Content-Language": message.language,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    if message.body_html:
        mail.attach_alternative(message.body_html, "text/html")
    for attachment in message.attachments:
        mail.attach(_part(attachment))
    return mail


def _part(attachment: dict[str, str]) -> MIMEBase:
    # Django's own attach() takes no parameters of a type, and a calendar needs its method.
    header = Header()
    header["Content-Type"] = attachment["content_type"]
    part = MIMEBase(header.get_content_maintype(), header.get_content_subtype())
    for name, value in header.get_params(failobj=[])[1:]:
        part.set_param(name, value)
    part.set_payload(base64.b64decode(attachment["content"]))
    encode_base64(part)
    file = attachment["name"]
    part.add_header("Content-Disposition", "attachment", filename=file if file.isascii() else ("utf-8", "", file))
    return part


def outbound_problem() -> str | None:
    """Return why mail must not be sent from here, or None when it may."""
    if not settings.OUTBOUND_BLOCKED or is_loopback(settings.EMAIL_HOST):
        return None
    return (
        f"OUTBOUND_BLOCKED is on and EMAIL_HOST is {settings.EMAIL_HOST}: from here mail goes only to the sandbox on "
        "this machine. Set EMAIL_HOST to 127.0.0.1, or OUTBOUND_BLOCKED to false where real people are meant."
    )
