"""A booking as an iCalendar event that calendar programs take in, update and cancel."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from bookings.models import Booking, TicketedEvent
from bookings.states import Status
from core import codes
from restaurants.models import Restaurant

EVERY = timedelta(minutes=15)
# What is sent to somebody in particular (RFC 5546).
SCHEDULING = ("REQUEST", "CANCEL")
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
        calendar = new_calendar(method=method)
        for booking in bookings:
            event = event_of(booking)
            if method in SCHEDULING:
                _add_attendee(event, booking.guest_email, booking.guest_name)
            calendar.add_component(event)
        return calendar.to_ical()


def new_calendar(*, method: str = "PUBLISH", name: str = "") -> Calendar:
    """Return an empty calendar; one with a name is meant to be read again and again (RFC 7986)."""
    calendar = Calendar()
    calendar.add("prodid", "-//Buka//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", EVERY, parameters={"value": "DURATION"})
        calendar.add("x-published-ttl", EVERY)
    return calendar


def event_of(booking: Booking) -> Event:
    """Return a booking as its diner's calendar shows it, in the active language."""
    restaurant = booking.restaurant
    event = _bare_event(booking, uid=f"{booking.public_id}@buka")
    event.add("summary", _("Table at %(restaurant)s") % {"restaurant": restaurant.name})
    _add_place(event, restaurant)
    description = [
        _("Party of %(size)d, code %(code)s.") % {"size": booking.party_size, "code": codes.display(booking.code)}
    ]
    if restaurant.landmark:
        description.append(restaurant.landmark)
    event.add("description", " ".join(description))
    if booking.status not in _GONE:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _("Table at %(restaurant)s") % {"restaurant": restaurant.name})
        alarm.add("trigger", -timedelta(hours=2))
        event.add_component(alarm)
    return event


def calendar_of_event(
    event: TicketedEvent,
    *,
    uid: UUID,
    version: int,
    language: str,
    method: str = "PUBLISH",
    email: str = "",
    name: str = "",
) -> bytes:
    """Return a ticketed event as an .ics file; `uid` and `version` are those of the order, or the ticket, it is for.

    :param email: whom a REQUEST or CANCEL goes to
    """
    with override(language):
        restaurant = event.restaurant
        calendar = new_calendar(method=method)
        entry = Event()
        entry.add("uid", f"{uid}@buka")
        # Either of them changes what the calendar shows.
        entry.add("sequence", event.version + version - 2)
        entry.add("dtstamp", timezone.now())
        entry.add("last-modified", event.updated_at)
        entry.add("dtstart", event.starts_at)
        entry.add("dtend", event.ends_at)
        entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
        entry.add("summary", f"{event.name}, {restaurant.name}")
        _add_place(entry, restaurant)
        if method in SCHEDULING:
            _add_attendee(entry, email, name)
        calendar.add_component(entry)
        return calendar.to_ical()


def house_event_of(booking: Booking) -> Event:
    """Return a booking as its house's calendar shows it, in the active language: who, how many, and the code."""
    event = _bare_event(booking, uid=f"{booking.public_id}@house.buka")
    party = {"name": booking.guest_name, "size": booking.party_size}
    event.add("summary", _("%(name)s, party of %(size)d") % party)
    status = Status(booking.status).label
    event.add("description", _("%(status)s, code %(code)s") % {"status": status, "code": codes.display(booking.code)})
    return event


def _add_place(event: Event, restaurant: Restaurant) -> None:
    """Add where it is and whose it is."""
    place = [restaurant.name, restaurant.street, restaurant.neighbourhood, restaurant.city.name]
    event.add("location", ", ".join(dict.fromkeys(part for part in place if part)))
    event.add("geo", (restaurant.latitude, restaurant.longitude))
    # Mail programs show "accept" only for an event with an organiser.
    sender = settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")
    organiser = vCalAddress(f"mailto:{sender}")
    organiser.params["cn"] = vText(restaurant.name)
    event["organizer"] = organiser


def _add_attendee(event: Event, email: str, name: str) -> None:
    """Add whom an invitation or its cancellation goes to, as RFC 5546 (3.2) wants it; a published event has nobody.

    The table is booked already: nobody is asked for an answer.
    """
    if not email:
        return
    attendee = vCalAddress(f"mailto:{email}")
    if name:
        attendee.params["cn"] = vText(name)
    attendee.params["role"] = vText("REQ-PARTICIPANT")
    attendee.params["partstat"] = vText("ACCEPTED")
    attendee.params["rsvp"] = vText("FALSE")
    event.add("attendee", attendee, encode=False)


def _bare_event(booking: Booking, *, uid: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("sequence", booking.version - 1)
    # What does not change with each reading lets a program see that nothing has.
    event.add("dtstamp", booking.updated_at)
    event.add("last-modified", booking.updated_at)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("status", "CANCELLED" if booking.status in _GONE else _STATUS.get(Status(booking.status), "CONFIRMED"))
    return event
