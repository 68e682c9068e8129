"""The words of the API about those who wait, and what stands in its answers."""

from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bookings import access, waitlist
from bookings.api import examples
from bookings.api.serializers import (
    STAFF_CHANNELS,
    GuestAskSerializer,
    GuestSerializer,
    NamedAreaSerializer,
    TableNamesField,
    Words,
    party_field,
)
from bookings.models import FreeTimeAlert, QueueEntry, StandbyEntry
from bookings.states import QueueStatus, StandbyPriority, StandbyStatus
from bookings.subscribers_waiting import entry_url, queue_url, stop_url
from core.api.fields import InstantField, LineField, PhoneField
from restaurants.api.examples import HOUSE, NIGHTFALL
from restaurants.service_plan import ServicePlan

# --- In --------------------------------------------------------------------------------------------------------------


class RangeAskSerializer(Words):
    restaurant = serializers.UUIDField()
    party_size = party_field()
    earliest = InstantField(help_text="The earliest start that suits the party, with the offset from UTC.")
    latest = InstantField(help_text="The latest start; both lie on one service day.")


class WaitAskSerializer(RangeAskSerializer):
    """A wish for a table that is not free yet."""

    areas = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=40, help_text="Areas' ids; none: anywhere."
    )
    guest = GuestAskSerializer(required=False, help_text="What a signed-in diner leaves out is taken from the account.")
    channel = serializers.ChoiceField(
        STAFF_CHANNELS,
        required=False,
        help_text="Staff only: writes a guest down, without the limits of online booking.",
    )
    priority = serializers.ChoiceField(
        StandbyPriority.choices,
        required=False,
        help_text="Staff only, with `channel`: 1 is asked before others, 2 in turn, 3 after others.",
    )


class AlertAskSerializer(RangeAskSerializer):
    """A wish to be told when a time gets free."""

    guest = GuestAskSerializer(required=False, help_text="What a signed-in diner leaves out is taken from the account.")


class QueueAskSerializer(Words):
    """A party at the door."""

    restaurant = serializers.UUIDField()
    party_size = party_field()
    area = serializers.UUIDField(required=False, allow_null=True)
    name = LineField(max_length=100, required=False, allow_blank=True)
    phone = PhoneField(max_length=40, required=False, allow_blank=True, allow_null=True)


class QueueSeatAskSerializer(Words):
    tables = TableNamesField(required=False, help_text="These tables, by name; otherwise the best that is free.")
    minutes = serializers.IntegerField(
        min_value=15, max_value=720, required=False, help_text="How long they may stay, where the table is due sooner."
    )


class QueueRemoveAskSerializer(Words):
    reason = LineField(max_length=300, required=False, allow_blank=True)


# --- Out -------------------------------------------------------------------------------------------------------------


class TableOfferSerializer(Words):
    """A table that is kept for the party while the offer stands."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    area = NamedAreaSerializer(allow_null=True)
    expires_at = serializers.DateTimeField(help_text="Until when it can be accepted.")


class WaitSerializer(Words):
    """A place on a waiting list."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(StandbyStatus.choices)
    restaurant = serializers.UUIDField()
    service_day = serializers.DateField()
    earliest = serializers.DateTimeField()
    latest = serializers.DateTimeField()
    party_size = serializers.IntegerField()
    areas = NamedAreaSerializer(many=True)
    guest = GuestSerializer()
    joined_at = serializers.DateTimeField()
    offer = TableOfferSerializer(allow_null=True, help_text="While `status` is `offered`.")
    booking = serializers.UUIDField(allow_null=True, help_text="The booking it became, once accepted.")
    priority = serializers.ChoiceField(StandbyPriority.choices, required=False, help_text="For staff only.")
    manage_url = serializers.URLField(allow_null=True, help_text="For a guest without an account: keep it secret.")
    token = serializers.CharField(allow_null=True, help_text="The same for programs: send it as X-Booking-Token.")


class WaitPageSerializer(Words):
    results = WaitSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class AlertSerializer(Words):
    id = serializers.UUIDField()
    restaurant = serializers.UUIDField()
    service_day = serializers.DateField()
    earliest = serializers.DateTimeField()
    latest = serializers.DateTimeField()
    party_size = serializers.IntegerField()
    told_at = serializers.DateTimeField(allow_null=True, help_text="When the message went out; each is told once.")
    note = serializers.CharField(help_text="What being told means, as a sentence.")
    stop_url = serializers.URLField(allow_null=True)
    token = serializers.CharField(allow_null=True, help_text="Send it as X-Booking-Token to be told no more.")


class AlertPageSerializer(Words):
    results = AlertSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class QueueQuoteSerializer(Words):
    """Minutes counted from joining."""

    low = serializers.IntegerField()
    high = serializers.IntegerField(help_text="Four parties in five are seated within it.")


class QueuePlaceSerializer(Words):
    """A party's place in the queue at the door."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(QueueStatus.choices)
    restaurant = serializers.UUIDField()
    party_size = serializers.IntegerField()
    area = NamedAreaSerializer(allow_null=True)
    joined_at = serializers.DateTimeField()
    parties_ahead = serializers.IntegerField()
    quoted = QueueQuoteSerializer(help_text="What the party was told on joining.")
    quote = QueueQuoteSerializer(help_text="What holds now: told anew when it slips.")
    opens_at = serializers.DateTimeField(
        allow_null=True, help_text="When the restaurant opens, while it is closed: nobody sits down before."
    )
    waited_minutes = serializers.IntegerField(allow_null=True, help_text="The actual wait, once seated.")
    booking = serializers.UUIDField(allow_null=True, help_text="The booking it became, once seated.")
    version = serializers.IntegerField()
    guest = GuestSerializer(required=False, help_text="For staff only.")
    page_url = serializers.URLField(required=False, help_text="For the guest to follow: for staff only.")


class QueuePageSerializer(Words):
    results = QueuePlaceSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


# --- Bodies ----------------------------------------------------------------------------------------------------------

FIRST_COMES = _("Everybody who asked is told at the same moment, and no table is kept: the first to book has it.")


def _local(moment: Any, zone: str) -> str:
    return str(moment.astimezone(ZoneInfo(zone)).isoformat())


def wait_body(entry: StandbyEntry, *, for_staff: bool = False, with_token: bool = False) -> dict[str, Any]:
    """Return a place on a list as its diner, or with `for_staff` as the house, sees it."""
    zone, hold = entry.restaurant.time_zone, entry.booking
    offer = None
    is_open = (
        entry.status == StandbyStatus.OFFERED and entry.offer_expires_at and entry.offer_expires_at > timezone.now()
    )
    if is_open and hold is not None:
        area = hold.area
        offer = {
            "starts_at": _local(hold.starts_at, zone),
            "ends_at": _local(hold.ends_at, zone),
            "area": {"id": area.public_id, "name": area.name} if area else None,
            "expires_at": _local(entry.offer_expires_at, zone),
        }
    body = {
        "id": entry.public_id,
        "status": entry.status,
        "restaurant": entry.restaurant.public_id,
        "service_day": entry.service_day,
        "earliest": _local(entry.earliest, zone),
        "latest": _local(entry.latest, zone),
        "party_size": entry.party_size,
        "areas": [{"id": area.public_id, "name": area.name} for area in entry.areas.all()],
        "guest": {
            "name": entry.guest_name,
            "phone": entry.guest_phone or None,
            "email": entry.guest_email or None,
        },
        "joined_at": entry.joined_at,
        "offer": offer,
        "booking": hold.public_id if hold is not None and entry.status == StandbyStatus.ACCEPTED else None,
        "manage_url": entry_url(entry) if with_token else None,
        "token": access.token_for(entry) if with_token else None,
    }
    if for_staff:
        body["priority"] = entry.priority
    return body


def alert_body(alert: FreeTimeAlert, *, with_token: bool = False) -> dict[str, Any]:
    zone = alert.restaurant.time_zone
    return {
        "id": alert.public_id,
        "restaurant": alert.restaurant.public_id,
        "service_day": alert.service_day,
        "earliest": _local(alert.earliest, zone),
        "latest": _local(alert.latest, zone),
        "party_size": alert.party_size,
        "told_at": alert.told_at,
        "note": str(FIRST_COMES),
        "stop_url": stop_url(alert) if with_token else None,
        "token": access.token_for(alert) if with_token else None,
    }


def queue_body(
    entry: QueueEntry, *, plan: ServicePlan, ahead: int | None = None, for_staff: bool = False
) -> dict[str, Any]:
    """Return a party's place in the queue of the house with this plan; its guest and page only with `for_staff`."""
    opens_at = waitlist.opens_at(plan, timezone.now()) if entry.status == QueueStatus.QUEUED else None
    body = {
        "id": entry.public_id,
        "status": entry.status,
        "restaurant": entry.restaurant.public_id,
        "party_size": entry.party_size,
        "area": {"id": entry.area.public_id, "name": entry.area.name} if entry.area else None,
        "joined_at": entry.joined_at,
        "parties_ahead": waitlist.parties_ahead(entry) if ahead is None else ahead,
        "quoted": {"low": entry.quoted_low or 0, "high": entry.quoted_high or 0},
        "quote": {"low": entry.current_low or 0, "high": entry.current_high or 0},
        "opens_at": opens_at and opens_at.astimezone(plan.zone).isoformat(),
        "waited_minutes": entry.waited_minutes,
        "booking": entry.booking.public_id if entry.booking is not None else None,
        "version": entry.version,
    }
    if for_staff:
        body["guest"] = {"name": entry.guest_name, "phone": entry.guest_phone or None, "email": None}
        body["page_url"] = queue_url(entry)
    return body


def location_of(name: str, public_id: Any) -> dict[str, str]:
    return {"Location": reverse(f"bookings_api:{name}", args=[public_id])}


# --- Examples --------------------------------------------------------------------------------------------------------

WAIT_ID = "5d1f2c1e-0f64-4b7a-9a53-6a1d0cde8a11"
ALERT_ID = "9a5b1c2d-3e4f-4a6b-8c7d-0e1f2a3b4c5d"
QUEUE_ID = "7c0a4e1b-2f3d-4c5a-b6e7-f8091a2b3c4d"
WAIT_ASK: dict[str, Any] = {
    "restaurant": HOUSE,
    "party_size": 4,
    "earliest": NIGHTFALL,
    "latest": "2026-12-24T20:30:00+01:00",
    "areas": [examples.TERRACE["id"]],
    "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"},
}
WAIT: dict[str, Any] = {
    "id": WAIT_ID,
    "status": "waiting",
    "restaurant": HOUSE,
    "service_day": "2026-12-24",
    "earliest": NIGHTFALL,
    "latest": "2026-12-24T20:30:00+01:00",
    "party_size": 4,
    "areas": [examples.TERRACE],
    "guest": {"name": "Adaeze Okafor", "phone": "+2348031234567", "email": "adaeze@example.com"},
    "joined_at": "2026-12-01T08:15:30Z",
    "offer": None,
    "booking": None,
    "manage_url": f"https://buka.example/en/waitlist/{WAIT_ID}/?token={examples.TOKEN}",
    "token": examples.TOKEN,
}
OWN_WAIT: dict[str, Any] = {**WAIT, "manage_url": None, "token": None}
OFFERED: dict[str, Any] = {
    **OWN_WAIT,
    "status": "offered",
    "offer": {
        "starts_at": NIGHTFALL,
        "ends_at": examples.UNTIL,
        "area": examples.TERRACE,
        "expires_at": "2026-12-23T12:15:00+01:00",
    },
}
ALERT_ASK: dict[str, Any] = {name: value for name, value in WAIT_ASK.items() if name != "areas"}
ALERT: dict[str, Any] = {
    **{name: WAIT[name] for name in ("restaurant", "service_day", "earliest", "latest", "party_size")},
    "id": ALERT_ID,
    "told_at": None,
    "note": "Everybody who asked is told at the same moment, and no table is kept: the first to book has it.",
    "stop_url": f"https://buka.example/en/alerts/{ALERT_ID}/stop/?token={examples.TOKEN}",
    "token": examples.TOKEN,
}
QUEUE_ASK: dict[str, Any] = {"restaurant": HOUSE, "party_size": 3, "name": "Bola", "phone": "0803 123 4567"}
PLACE: dict[str, Any] = {
    "id": QUEUE_ID,
    "status": "queued",
    "restaurant": HOUSE,
    "party_size": 3,
    "area": None,
    "joined_at": "2026-12-24T18:10:00Z",
    "parties_ahead": 2,
    "quoted": {"low": 15, "high": 25},
    "quote": {"low": 15, "high": 25},
    "opens_at": None,
    "waited_minutes": None,
    "booking": None,
    "version": 1,
}
STAFF_PLACE: dict[str, Any] = {
    **PLACE,
    "guest": {"name": "Bola", "phone": "+2348031234567", "email": None},
    "page_url": f"https://buka.example/en/queue/{QUEUE_ID}/?token={examples.TOKEN}",
}
