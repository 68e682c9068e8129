"""A party that is running late says so with one tap, before the house wonders."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from bookings import errors
from bookings.models import Booking
from bookings.services import claiming
from bookings.services.claiming import Actor
from bookings.states import Status
from restaurants.service_plan import remembered_plan

# From when on traffic can be known to make somebody late, and until when they may still be coming.
SAID_FROM = timedelta(hours=3)
SAID_UNTIL = timedelta(hours=1)
MOST_MINUTES = 60


def may_say_late(booking: Booking, now: datetime) -> bool:
    """Tell whether a party is expected soon, or was to have come a short while ago."""
    is_expected = booking.status == Status.CONFIRMED
    return is_expected and booking.starts_at - SAID_FROM <= now <= booking.starts_at + SAID_UNTIL


@transaction.atomic
def say_late(*, booking: Booking, minutes: int, by: Actor, expected_version: int | None = None) -> Booking:
    """Let the house know how late a party comes, and return the booking; 0 takes it back.

    The table is kept as long as the terms say and not longer: that is the house's to decide.

    :param minutes: after the start that was booked, up to MOST_MINUTES
    :raises BookingMovedOn: when it is no longer of the expected version
    :raises NotTheTimeToSayLate: more than three hours before the start, an hour after it, or when nobody is expected
    """
    booking = claiming.locked(booking.pk, expected_version=expected_version)
    if not may_say_late(booking, timezone.now()):
        raise errors.NotTheTimeToSayLate
    minutes = min(max(minutes, 0), MOST_MINUTES)
    if minutes == booking.minutes_late:
        return booking
    before, booking.minutes_late = booking.minutes_late, minutes
    booking.version += 1
    booking.save(update_fields=["minutes_late", "version", "updated_at"])
    changes = {"minutes_late": {"from": before, "to": minutes}}
    claiming.record(booking, by=by, from_status=booking.status, changes=changes)
    claiming.tell_open_pages(remembered_plan(booking.restaurant_id), booking.service_day)
    return booking
