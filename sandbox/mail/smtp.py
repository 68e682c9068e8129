"""The mail server: takes every mail for anybody, unless a fault is switched on."""

import asyncio
import logging
import socket
from weakref import WeakKeyDictionary

from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async

from sandbox.faults import switches
from sandbox.mail import inbox
from sandbox.mail.models import Mail

log = logging.getLogger("sandbox.mail")

SERVICE = "mail"
REJECT, TEMPORARY, DROP = "reject", "temporary", "drop"
MODES = {
    switches.NONE: "No fault",
    REJECT: "Refuse for good (550)",
    TEMPORARY: "Refuse for now (451)",
    DROP: "Take the mail, then break the connection without an answer",
}
MAX_MESSAGE_BYTES = 10 * 1024 * 1024

_server: asyncio.Server | None = None


class Postbox:
    """aiosmtpd's hooks. The fault is chosen once a mail, when the sender is named."""

    def __init__(self) -> None:
        self._faults: WeakKeyDictionary[Session, switches.Switch] = WeakKeyDictionary()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        self._faults[session] = await sync_to_async(switches.take)(SERVICE)
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if self._faults[session].mode == REJECT:
            return "550 5.1.1 The sandbox was told to refuse this mail"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._faults[session]
        if fault.mode == TEMPORARY:
            await asyncio.sleep(fault.delay_seconds)
            return "451 4.3.0 The sandbox was told to refuse mails for now"
        mail = await sync_to_async(inbox.take_in)(
            raw=envelope.original_content or b"",
            sent_by=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
            outcome=Mail.Outcome.DROPPED if fault.mode == DROP else Mail.Outcome.ACCEPTED,
        )
        # After storing: the worst kind of slowness is the one where the work is done and the answer is late.
        await asyncio.sleep(fault.delay_seconds)
        if fault.mode == DROP and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return f"250 OK kept as {mail.pk}"


async def serve(listener: socket.socket) -> None:
    """Answer mail clients on a socket that already listens."""
    global _server
    loop = asyncio.get_running_loop()
    postbox = Postbox()
    _server = await loop.create_server(
        lambda: SMTP(
            postbox,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="sandbox.buka.example",
            ident="Buka sandbox",
            loop=loop,
        ),
        sock=listener,
    )


def is_listening() -> bool:
    return _server is not None and _server.is_serving()


def stop() -> None:
    """Take no new connections."""
    if _server is not None:
        _server.close()
