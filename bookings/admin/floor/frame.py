"""What every screen of the host has around it: the house, the day, the ways between the screens."""

from datetime import date, timedelta
from typing import Any

from bookings import selectors
from bookings.admin.today import Desk, houses_of


def frame(at: Desk, day: date, title: str, here: str) -> dict[str, Any]:
    """Return what the frame's template needs.

    :param here: the name of this screen's address
    """
    return {
        **at.site.each_context(at.request),
        "title": title,
        "subtitle": at.restaurant.name,
        "content_title": None,
        "desk": at,
        "restaurant": at.restaurant,
        "houses": houses_of(at.request),
        "day": day,
        "yesterday": day - timedelta(days=1),
        "tomorrow": day + timedelta(days=1),
        "today": selectors.service_day_of(at.restaurant.pk),
        "here": f"admin:{here}",
        "live_url": f"/ws/restaurants/{at.restaurant.public_id}/today",
    }
