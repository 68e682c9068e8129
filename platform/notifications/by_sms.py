"""The SMS channel: one message, one attempt, and a verdict. Which network carries it is a setting."""

import ipaddress
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from notifications.africastalking import AfricasTalking
from notifications.models import Message
from notifications.verdicts import Refused


class SmsProvider(Protocol):
    """Somebody who brings text messages to phones."""

    # Where it is asked: what may not leave this machine is judged by it.
    url: str

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message to one number in international form, and return the provider's id for it.

        :raises Refused: when it is refused for good
        :raises NotNow: when it may work later, or when nobody knows whether it was taken
        :raises Unreachable: when the provider itself is away
        """
        ...


PROVIDERS: dict[str, Callable[[], SmsProvider]] = {"africastalking": AfricasTalking}


def provider() -> SmsProvider | None:
    """Return who carries our text messages; None where nobody does."""
    return PROVIDERS[settings.SMS_PROVIDER]() if settings.SMS_PROVIDER else None


def deliver(message: Message) -> None:
    """Hand the message to the provider, and note its id on the row in hand.

    :raises Refused: when it was refused for good, or nothing may leave this place
    :raises NotNow: when it may work later, or when nobody knows whether it was taken
    """
    carrier = provider()
    if carrier is None:
        raise Refused("SMS_PROVIDER is not set: nobody carries text messages.")
    if problem := outbound_problem():
        raise Refused(problem)
    message.provider_reference = carrier.send(to=message.phone, text=message.sms_text)[:100]


def outbound_problem() -> str | None:
    """Return why text messages must not be sent from here, or None when they may."""
    carrier = provider()
    if carrier is None or not settings.OUTBOUND_BLOCKED or _is_loopback(urlsplit(carrier.url).hostname or ""):
        return None
    return (
        f"OUTBOUND_BLOCKED is on and text messages go to {carrier.url}: from here they go only to the sandbox on this "
        "machine. Leave AFRICASTALKING_URL unset, or set OUTBOUND_BLOCKED to false where real people are meant."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
