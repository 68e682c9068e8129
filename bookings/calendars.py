"""A booking as an iCalendar event that calendar programs take in, update and cancel."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from bookings.models import Booking
from bookings.states import Status
from core import codes

_STATUS = {Status.REQUESTED: "TENTATIVE", Status.HELD: "TENTATIVE"}
_GONE = {Status.CANCELLED, Status.DECLINED, Status.EXPIRED}


def calendar_of(booking: Booking, *, method: str = "PUBLISH") -> bytes:
    """Return the booking as an .ics file in the guest's language.

    :param method: PUBLISH for a download, REQUEST or CANCEL for a mail (RFC 5546); a higher SEQUENCE replaces the
        event the calendar has under the same UID
    """
    return calendar_of_many([booking], language=booking.language, method=method)


def calendar_of_many(bookings: Iterable[Booking], *, language: str, method: str = "PUBLISH") -> bytes:
    """Return several bookings as one .ics file; only PUBLISH may hold events that are not one another's repetition."""
    with override(language):
        calendar = Calendar()
        calendar.add("prodid", "-//Buka//Bookings//EN")
        calendar.add("version", "2.0")
        calendar.add("method", method)
        for booking in bookings:
            calendar.add_component(_event(booking))
        return calendar.to_ical()


def _event(booking: Booking) -> Event:
    restaurant = booking.restaurant
    event = Event()
    event.add("uid", f"{booking.public_id}@buka")
    event.add("sequence", booking.version - 1)
    event.add("dtstamp", timezone.now())
    event.add("last-modified", booking.updated_at)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", _("Table at %(restaurant)s") % {"restaurant": restaurant.name})
    place = [restaurant.name, restaurant.street, restaurant.neighbourhood, restaurant.city.name]
    event.add("location", ", ".join(dict.fromkeys(part for part in place if part)))
    event.add("geo", (restaurant.latitude, restaurant.longitude))
    description = [
        _("Party of %(size)d, code %(code)s.") % {"size": booking.party_size, "code": codes.display(booking.code)}
    ]
    if restaurant.landmark:
        description.append(restaurant.landmark)
    event.add("description", " ".join(description))
    event.add("status", "CANCELLED" if booking.status in _GONE else _STATUS.get(Status(booking.status), "CONFIRMED"))
    # Mail programs show "accept" only for an event with an organiser.
    sender = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    organiser = vCalAddress(f"mailto:{sender}")
    organiser.params["cn"] = vText(restaurant.name)
    event["organizer"] = organiser
    if booking.status not in _GONE:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _("Table at %(restaurant)s") % {"restaurant": restaurant.name})
        alarm.add("trigger", -timedelta(hours=2))
        event.add_component(alarm)
    return event
