"""What bookings does for those who wait when a fact is reported: looks again, and writes to them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from bookings import access, services, waitlist, wording
from bookings.models import FreeTimeAlert, QueueEntry, StandbyEntry
from bookings.selectors import booking_by_public_id
from bookings.states import FOR_THE_GUEST, QueueStatus, StandbyStatus
from bookings.texting import ALERT, QUEUE, STANDBY, send_text, short_time, short_url
from bookings.times import book_url
from localization import formatting
from notifications import services as notifications
from notifications.services import BadRecipient
from restaurants.identity import key_of


def look_again(*, restaurant_id: UUID, service_day: date) -> None:
    """Offer what is free to the waiting list; what fits nobody there is told to all who asked to hear of it."""
    key = key_of(restaurant_id)
    if key is None:
        return
    if services.offer_next(restaurant_id=key, day=service_day) is None:
        services.tell_of_free_times(restaurant_id=key, day=service_day)


def leave_the_list(*, booking_id: UUID, by: str, **_more: Any) -> None:
    booking = booking_by_public_id(booking_id)
    if booking is not None and by in FOR_THE_GUEST:
        services.leave_after_cancelling(booking=booking)


# --- Messages --------------------------------------------------------------------------------------------------------


def tell_of_joining(*, entry_id: UUID, **_more: Any) -> None:
    entry = waitlist.entry_by_public_id(entry_id)
    if entry is None or entry.status != StandbyStatus.WAITING:
        return
    _mail(entry, "standby.joined", f"standby.joined:{entry.public_id}", useful_until=entry.latest, **_range(entry))


def tell_of_offer(*, entry_id: UUID, expires_at: datetime, **_more: Any) -> None:
    entry = waitlist.entry_by_public_id(entry_id)
    if entry is None or entry.status != StandbyStatus.OFFERED or entry.offer_expires_at != expires_at:
        return
    hold = entry.booking
    if hold is None:
        return
    key = f"standby.offered:{entry.public_id}:{hold.public_id}"
    zone = entry.restaurant.time_zone
    with translation.override(entry.language):
        more = {
            "when": formatting.day_and_time(hold.starts_at, zone=zone),
            "until": formatting.day_and_time(expires_at, zone=zone),
            "party_size": entry.party_size,
        }
    _mail(entry, "standby.offered", key, useful_until=expires_at, **more)
    _text(
        entry,
        "standby.offered",
        key,
        useful_until=expires_at,
        when=short_time(hold.starts_at, zone),
        until=short_time(expires_at, zone, like=hold.starts_at),
        party_size=entry.party_size,
        entry_url=short_url(STANDBY, entry.public_id),
    )


def tell_of_lapse(*, entry_id: UUID, **_more: Any) -> None:
    entry = waitlist.entry_by_public_id(entry_id)
    if entry is not None and entry.status == StandbyStatus.LAPSED:
        useful_until = max(entry.latest, timezone.now() + timedelta(minutes=30))
        _mail(entry, "standby.lapsed", f"standby.lapsed:{entry.public_id}", useful_until=useful_until, **_range(entry))


def tell_of_closing(*, entry_id: UUID, **_more: Any) -> None:
    entry = waitlist.entry_by_public_id(entry_id)
    if entry is not None and entry.status == StandbyStatus.CLOSED:
        useful_until = entry.latest + timedelta(hours=2)
        _mail(entry, "standby.closed", f"standby.closed:{entry.public_id}", useful_until=useful_until, **_range(entry))


def tell_of_alert(*, alert_id: UUID) -> None:
    alert = waitlist.alert_by_public_id(alert_id)
    if alert is not None and alert.ended_at is None:
        key = f"alert.set:{alert.public_id}"
        _mail(alert, "alert.set", key, useful_until=alert.latest, stop_url=stop_url(alert), **_range(alert))


def tell_of_free_time(*, alert_id: UUID, starts_at: datetime) -> None:
    """Tell of a free time that still lies ahead. Whether it is still free nobody can promise: the message says so."""
    alert = waitlist.alert_by_public_id(alert_id)
    if alert is None or alert.told_at is None or starts_at <= timezone.now():
        return
    key, zone = f"alert.free_time:{alert.public_id}", alert.restaurant.time_zone
    with translation.override(alert.language):
        when = formatting.day_and_time(starts_at, zone=zone)
        path = book_url(alert.restaurant.slug, starts_at, ZoneInfo(zone), alert.party_size)
    more = {"party_size": alert.party_size}
    _mail(
        alert, "alert.free_time", key, useful_until=starts_at, when=when, book_url=settings.BASE_URL + path,
        stop_url=stop_url(alert), **more,
    )  # fmt: skip
    _text(
        alert,
        "alert.free_time",
        key,
        useful_until=starts_at,
        when=short_time(starts_at, zone),
        book_url=short_url(ALERT, alert.public_id),
        **more,
    )


def tell_of_queue(*, entry_id: UUID, **_more: Any) -> None:
    entry = waitlist.queue_entry_by_public_id(entry_id)
    if entry is not None and entry.status == QueueStatus.QUEUED:
        with translation.override(entry.language):
            wait = wording.wait(entry.quoted_low or 0, entry.quoted_high or 0)
        _text(
            entry,
            "queue.joined",
            f"queue.joined:{entry.public_id}",
            useful_until=entry.joined_at + timedelta(minutes=30),
            wait=wait,
            entry_url=short_url(QUEUE, entry.public_id),
        )


def call_to_table(*, entry_id: UUID, **_more: Any) -> None:
    entry = waitlist.queue_entry_by_public_id(entry_id)
    if entry is not None and entry.status == QueueStatus.NOTIFIED and entry.notified_at is not None:
        _text(
            entry,
            "queue.seat_ready",
            f"queue.seat_ready:{entry.public_id}",
            useful_until=entry.notified_at + timedelta(minutes=20),
            party_size=entry.party_size,
        )


def _mail(waiter: StandbyEntry | FreeTimeAlert, kind: str, key: str, *, useful_until: datetime, **context: Any) -> None:
    if not waiter.guest_email:
        return
    if isinstance(waiter, StandbyEntry) and "entry_url" not in context:
        context["entry_url"] = entry_url(waiter)
    with translation.override(waiter.language):
        path = reverse("bookings:restaurant", args=[waiter.restaurant.slug])
    context |= {
        "guest_name": waiter.guest_name,
        "restaurant_name": waiter.restaurant.name,
        "restaurant_url": settings.BASE_URL + path,
    }
    try:
        notifications.send(
            kind=kind,
            to=waiter.guest_email,
            name=waiter.guest_name,
            language=waiter.language,
            context=notifications.catalogue.kind_called(kind).part_of(context),
            dedupe_key=key,
            useful_until=useful_until,
        )
    except BadRecipient:
        return


def _text(
    waiter: StandbyEntry | FreeTimeAlert | QueueEntry, kind: str, key: str, *, useful_until: datetime, **context: Any
) -> None:
    """Text a phone, if it is one that can be texted: one part, so the house's name is cut where it is long."""
    if not waiter.guest_phone:
        return
    send_text(
        kind=kind,
        to=waiter.guest_phone,
        name=waiter.guest_name,
        language=waiter.language,
        context={"restaurant_name": waiter.restaurant.name, **context},
        dedupe_key=key,
        useful_until=useful_until,
    )


def _range(waiter: StandbyEntry | FreeTimeAlert) -> dict[str, Any]:
    zone = waiter.restaurant.time_zone
    with translation.override(waiter.language):
        return {
            "day": formatting.day(waiter.service_day),
            "earliest": formatting.time_of_day(waiter.earliest, zone=zone),
            "latest": formatting.time_of_day(waiter.latest, zone=zone),
            "party_size": waiter.party_size,
        }


# --- Addresses -------------------------------------------------------------------------------------------------------


def entry_url(entry: StandbyEntry) -> str:
    """Return the signed address of a place on a list, for a guest without an account."""
    return _signed("bookings:standby", entry)


def queue_url(entry: QueueEntry) -> str:
    return _signed("bookings:queue", entry)


def stop_url(alert: FreeTimeAlert) -> str:
    """Return the address at which one is told no more."""
    return _signed("bookings:stop_alert", alert)


def _signed(name: str, waiter: StandbyEntry | FreeTimeAlert | QueueEntry) -> str:
    with translation.override(waiter.language):
        path = reverse(name, args=[waiter.public_id])
    return f"{settings.BASE_URL}{path}?token={access.token_for(waiter)}"
