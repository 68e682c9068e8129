"""What a calendar program finds at its address, and who may look: no log-in, a signature in the address."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Calendar

from accounts.models import User
from accounts.selectors import has_second_factor, would_with_second_factor
from accounts.states import Ability
from bookings.calendars import event_of, house_event_of, new_calendar
from bookings.models import Booking, CalendarFeed
from bookings.states import Status
from restaurants.models import Restaurant

SALT = "bookings.feed"
BACK, AHEAD = timedelta(days=30), timedelta(days=400)
# A busy house of a year; what is nearest comes first.
MOST = 5_000
HIDDEN = (Status.HELD, Status.EXPIRED)


def _signature(feed: CalendarFeed) -> str:
    return signing.Signer(salt=SALT).sign(f"{feed.public_id.hex}{feed.generation.hex}").rpartition(":")[2]


def address_of(feed: CalendarFeed) -> str:
    """Return the address to give to a calendar program: whoever knows it can read the calendar."""
    return settings.BASE_URL + reverse("machines:calendar_feed", args=[feed.public_id, _signature(feed)])


def opened(public_id: UUID, signature: str) -> CalendarFeed | None:
    """Return the feed that an address opens, while its person may still see what is in it."""
    feed = CalendarFeed.objects.select_related("user", "restaurant").filter(public_id=public_id).first()
    if feed is None or len(signature) > 100:
        return None
    try:
        signing.Signer(salt=SALT).unsign(f"{feed.public_id.hex}{feed.generation.hex}:{signature}")
    except signing.BadSignature:
        return None
    if not feed.user.is_active:
        return None
    return feed if feed.restaurant_id is None or _still_works_at(feed.user, feed.restaurant_id) else None


def _still_works_at(user: User, restaurant_id: int) -> bool:
    """Tell whether the role stands with which the address was made; the second factor was shown when it was."""
    is_able = would_with_second_factor(user, Ability.SEE_BOOKINGS, restaurant_id=restaurant_id)
    return is_able and has_second_factor(user)


def calendar_for(feed: CalendarFeed, *, now: datetime | None = None) -> bytes:
    """Return the feed's bookings from a month ago on as iCalendar, in its person's language.

    A house's events name guest, party and code, and neither phone nor wishes: calendars are shared and lie open.
    """
    now = now or timezone.now()
    bookings = Booking.objects.exclude(status__in=HIDDEN).filter(starts_at__range=(now - BACK, now + AHEAD))
    bookings = bookings.select_related("restaurant", "restaurant__city").order_by("starts_at", "pk")
    of_house = feed.restaurant
    bookings = bookings.filter(diner=feed.user) if of_house is None else bookings.filter(restaurant=of_house)
    # Neither notes nor contacts are shown, so none is opened.
    bookings = bookings.defer("guest_phone", "guest_email", "notes", "staff_notes")
    with override(feed.user.language):
        calendar = new_calendar(name=_name(of_house))
        for booking in bookings[:MOST]:
            calendar.add_component(event_of(booking) if of_house is None else house_event_of(booking))
        return _written(calendar)


def _name(house: Restaurant | None) -> str:
    return _("Buka: my bookings") if house is None else _("Buka: %(restaurant)s") % {"restaurant": house.name}


def _written(calendar: Calendar) -> Any:
    return calendar.to_ical()
