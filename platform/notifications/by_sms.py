"""The SMS channel: one message, one attempt, and a verdict. Which networks carry it, in which order, is a setting."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from django.conf import settings

from core.outbound import leads_elsewhere
from notifications.africastalking import AfricasTalking
from notifications.models import Message
from notifications.twilio import Twilio
from notifications.verdicts import NotNow, NotTaken, Refused, Unreachable


class SmsProvider(Protocol):
    """Somebody who brings text messages to phones."""

    # Where it is asked: what may not leave this machine is judged by it.
    url: str

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message to one number in international form, and return the provider's id for it.

        :raises Refused: when it is refused for good
        :raises NotTaken: when it may work later, and has certainly not been taken
        :raises NotNow: when nobody knows whether it was taken
        :raises Unreachable: when the provider itself is away
        """
        ...

    def find(self, *, to: str, text: str, since: datetime) -> str | None:
        """Return the provider's id for a message that it may have taken since a moment, without having said so.

        None when it has not, or cannot tell.

        :raises Refused: when it took it, and could not bring it
        :raises NotNow: when it does not answer
        """
        ...


PROVIDERS: dict[str, Callable[[], SmsProvider]] = {"africastalking": AfricasTalking, "twilio": Twilio}


def providers() -> dict[str, SmsProvider]:
    """Return who carries our text messages, by name, the one that is asked first first; empty where nobody does."""
    names = dict.fromkeys(name for name in (settings.SMS_PROVIDER, settings.SMS_FALLBACK_PROVIDER) if name)
    return {name: PROVIDERS[name]() for name in names} if settings.SMS_PROVIDER else {}


def deliver(message: Message) -> None:
    """Hand the message to a carrier, and note on the row in hand who has it and under which id.

    The second carrier is asked only when the first has certainly not taken it. Who may have taken it without saying so
    is noted on the message, and asked alone from then on.

    :raises Refused: when it was refused for good, or nothing may leave this place
    :raises NotNow: when it may work later, or when nobody knows whether it was taken
    """
    carriers = providers()
    if not carriers:
        raise Refused("SMS_PROVIDER is not set: nobody carries text messages.")
    if problem := outbound_problem():
        raise Refused(problem)
    if message.carrier:
        _ask_again(message, carriers)
        return
    troubles: list[NotTaken] = []
    for name, carrier in carriers.items():
        try:
            _hand_over(message, name, carrier)
        except NotTaken as trouble:
            troubles.append(trouble)
        else:
            return
    said = " ".join(str(trouble) for trouble in troubles)
    # One of them may still take the others' messages.
    all_away = all(isinstance(trouble, Unreachable) for trouble in troubles)
    raise Unreachable(said) if all_away else NotTaken(said)


def _ask_again(message: Message, carriers: Mapping[str, SmsProvider]) -> None:
    """Ask the carrier that may have a message already, and nobody else."""
    carrier = carriers.get(message.carrier)
    if carrier is None:
        raise Refused(f"{message.carrier} may have taken it, and carries our text messages no longer.")
    try:
        taken = carrier.find(to=message.phone, text=message.sms_text, since=message.created_at)
        if taken is not None:
            message.provider_reference = taken[:100]
        else:
            message.provider_reference = carrier.send(to=message.phone, text=message.sms_text)[:100]
    except Unreachable as trouble:
        # Nobody else's message has to wait for it where there is a second carrier.
        raise (trouble if len(carriers) == 1 else NotNow(str(trouble))) from trouble


def _hand_over(message: Message, name: str, carrier: SmsProvider) -> None:
    # Noted before it is asked: a worker that dies here does not know either whether it was taken.
    message.carrier = name
    Message.objects.filter(pk=message.pk).update(carrier=name)
    try:
        message.provider_reference = carrier.send(to=message.phone, text=message.sms_text)[:100]
    except NotTaken:
        message.carrier = ""
        raise


def outbound_problem() -> str | None:
    """Return why text messages must not be sent from here, or None when they may."""
    for name, carrier in providers().items():
        if leads_elsewhere(carrier.url):
            return (
                f"OUTBOUND_BLOCKED is on and text messages go to {carrier.url}: from here they go only to the sandbox "
                f"on this machine. Leave {name.upper()}_URL unset, or set OUTBOUND_BLOCKED to false where real people "
                "are meant."
            )
    return None
