"""Addresses for calendar programs: made, exchanged for a new one, taken back."""

import uuid
from typing import Any

from django.db import transaction

from accounts.models import User
from bookings.models import CalendarFeed
from core import audit


def open_feed(*, user: User, restaurant_id: int | None = None) -> CalendarFeed:
    """Return the person's calendar address, of their own bookings or of a house's; made when there is none.

    The door has checked that they see that house's bookings.
    """
    of: dict[str, Any] = {"user": user, "restaurant_id": restaurant_id}
    feed, is_new = CalendarFeed.objects.get_or_create(**of)
    if is_new and restaurant_id is not None:
        audit.record("booking.calendar_opened", actor=user, target=feed, restaurant_id=restaurant_id)
    return feed


@transaction.atomic
def renew_feed(*, feed: CalendarFeed) -> CalendarFeed:
    """Give the calendar another address; whoever knows the old one finds nothing there any more."""
    feed.generation = uuid.uuid4()
    feed.save(update_fields=["generation"])
    return feed


def close_feed(*, feed: CalendarFeed) -> None:
    """Take the address back."""
    feed.delete()
