"""What text messages share: a letter for each thing they lead to, addresses and figures in the fewest letters."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from bookings import access
from notifications import services as notifications
from notifications.states import Channel

# One letter of a short address for each kind of thing that it opens.
STANDBY, QUEUE, ALERT, BOOKING, TICKET, ORDER, REVIEW = "s", "q", "a", "b", "t", "o", "v"
# Those whose texts are also written in seventy characters.
BRIEF = frozenset({BOOKING, REVIEW})
# Between these hours of the house's clock a phone may ring for what can wait.
DECENT_FROM, DECENT_UNTIL = time(8), time(20)


def send_text(**message: Any) -> None:
    """Write a text message to a phone, in the current transaction; none to a landline: the house has its number.

    :param message: as `notifications.services.send` takes it
    """
    try:
        notifications.send(channel=Channel.SMS, **message)
    except notifications.BadPhone:
        return


def short_url(kind: str, public_id: UUID) -> str:
    """Return the short address that opens a thing of one of the kinds above to whoever has it."""
    key = access.brief_key(kind, public_id) if kind in BRIEF else access.short_key(kind, public_id)
    return f"{settings.BASE_URL}{reverse('machines:short', args=[key])}"


def decent_time(moment: datetime, zone: str) -> datetime:
    """Return the moment, or the morning after it where it is night at the house."""
    local = moment.astimezone(ZoneInfo(zone))
    if DECENT_FROM <= local.time() < DECENT_UNTIL:
        return moment
    morning = local.date() + timedelta(days=local.time() >= DECENT_UNTIL)
    return datetime.combine(morning, DECENT_FROM, tzinfo=local.tzinfo)


def short_time(moment: datetime, zone: str, *, like: datetime | None = None) -> str:
    """Return a time in the fewest letters that every phone can show; without the day where that is clear."""
    local = moment.astimezone(ZoneInfo(zone))
    if like is not None and local.date() == like.astimezone(ZoneInfo(zone)).date():
        return local.strftime("%H:%M")
    return local.strftime("%d/%m %H:%M")


def naira(kobo: int) -> str:
    """Return an amount in letters that every phone can show."""
    whole, rest = divmod(kobo, 100)
    return f"NGN {whole:,}.{rest:02}" if rest else f"NGN {whole:,}"
