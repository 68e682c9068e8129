"""What an archive holds of somebody's bookings; and whose a booking without an account is."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings import lookup
from bookings.models import Block, Booking, BookingHistory, BookingSeries
from core import codes
from core.encryption import index_of_email
from core.personal_data import Collector, Subject
from core.text import search_form


def bookings_about(subject: Subject) -> QuerySet[Booking]:
    """Return the bookings on somebody's account, those made without one for an address they have proven, and those a
    guest has shown to be theirs.

    By phone alone nothing is found: two people often share one.
    """
    mine = Q(public_id__in=subject.rows.get("bookings.Booking", ()))
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return Booking.objects.filter(mine).order_by("pk")


def bookings(subject: Subject) -> Iterator[dict[str, Any]]:
    for booking in bookings_about(subject).select_related("restaurant", "area").iterator(chunk_size=500):
        yield {
            "id": booking.public_id,
            "code": codes.display(booking.code),
            "restaurant": booking.restaurant.name,
            "status": booking.status,
            "starts_at": booking.starts_at,
            "ends_at": booking.ends_at,
            "party_size": booking.party_size,
            "name": booking.guest_name,
            "phone": booking.guest_phone,
            "email": booking.guest_email,
            "occasion": booking.occasion,
            "wishes": booking.notes,
            "notes_of_the_house": booking.staff_notes,
            "area": booking.area.name if booking.area else "",
            "terms": booking.policy,
            "cancelled_late": booking.is_late_cancellation,
            "arrived_at": booking.arrived_at,
            "seated_at": booking.seated_at,
            "left_at": booking.left_at,
            "taken_through": booking.channel,
            "language": booking.language,
            "booked_at": booking.created_at,
        }


def series_about(subject: Subject) -> QuerySet[BookingSeries]:
    """Return the repeated bookings on somebody's account, and those without one for an address they have proven."""
    mine = Q(pk__in=[])
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return BookingSeries.objects.filter(mine).order_by("pk")


def series(subject: Subject) -> Iterator[dict[str, Any]]:
    found = series_about(subject).select_related("restaurant", "area").prefetch_related("occurrences__booking")
    for each in found.iterator(chunk_size=100):
        yield {
            "id": each.public_id,
            "restaurant": each.restaurant.name,
            "status": each.status,
            "first_on": each.first_on,
            "last_on": each.last_on,
            "every_weeks": each.every_weeks,
            "time": each.local_time,
            "party_size": each.party_size,
            "area": each.area.name if each.area else "",
            "name": each.guest_name,
            "phone": each.guest_phone,
            "email": each.guest_email,
            "occasion": each.occasion,
            "wishes": each.notes,
            "terms": each.policy,
            "dates": [
                {
                    "on": one.planned_on,
                    "starts_at": one.starts_at,
                    "state": one.state,
                    "booking": one.booking.public_id if one.booking else "",
                }
                for one in each.occurrences.all()
            ],
            "begun_at": each.created_at,
        }


def history(subject: Subject) -> Iterator[dict[str, Any]]:
    entries = BookingHistory.objects.filter(booking__in=bookings_about(subject).order_by()).select_related("booking")
    for entry in entries.order_by("pk").iterator(chunk_size=500):
        yield {
            "booking": entry.booking.public_id,
            "at": entry.at,
            "from": entry.from_status,
            "to": entry.to_status,
            "by": entry.actor_kind,
            "by_you": subject.user_id is not None and entry.actor_id == subject.user_id,
            "through": entry.channel,
            "changes": entry.changes,
            "reason": entry.reason,
        }


def work_at_the_desk(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did with other people's bookings, without telling whose they were."""
    theirs = bookings_about(subject).order_by().values("pk")
    acts = BookingHistory.objects.filter(actor_id=subject.account).exclude(booking__in=theirs)
    for entry in acts.select_related("booking").order_by("pk").iterator(chunk_size=500):
        yield {
            "booking": entry.booking.public_id,
            "at": entry.at,
            "what": f"{entry.from_status} → {entry.to_status}",
        }
    for block in Block.objects.filter(created_by_id=subject.account).order_by("pk"):
        yield {"booking": "", "at": block.created_at, "what": f"blocked: {block.reason}"}


def find_guest(*, code: str, contact: str, address: str) -> Subject | None:
    """Return the guest who knows a booking's code and its phone or e-mail, with the bookings that are surely theirs.

    Those are the one of the code, and others without an account under the same name and the same contact: a phone
    alone may be shared by two.

    :raises core.errors.TooManyAttempts: :raises core.errors.Unavailable: before anything is looked up
    """
    booking = lookup.find_booking(
        code=codes.normalise(code),
        knows=lambda found: lookup.known_by_phone(found, contact) or lookup.known_by_email(found, contact),
        address=address,
    )
    if booking is None or booking.diner_id is not None:
        # Whoever has an account asks from there.
        return None
    same = Q(pk__in=[])
    if booking.guest_phone_index and lookup.known_by_phone(booking, contact):
        same |= Q(guest_phone_index=booking.guest_phone_index)
    if booking.guest_email_index and lookup.known_by_email(booking, contact):
        same |= Q(guest_email_index=booking.guest_email_index)
    name = search_form(booking.guest_name)
    theirs = {booking.public_id} | {
        other.public_id
        for other in Booking.objects.filter(same, diner=None).only("public_id", "guest_name")
        if search_form(other.guest_name) == name
    }
    return Subject(
        emails=frozenset({booking.guest_email.lower()} - {""}),
        rows={"bookings.Booking": frozenset(theirs)},
        language=booking.language,
    )


GUEST_FINDERS = [find_guest]

COLLECTORS = [
    Collector(
        "bookings",
        _("Bookings"),
        bookings,
        (
            "bookings.Booking.diner",
            "bookings.Booking.guest_name",
            "bookings.Booking.guest_phone",
            "bookings.Booking.guest_phone_index",
            "bookings.Booking.guest_email",
            "bookings.Booking.guest_email_index",
            "bookings.Booking.notes",
            "bookings.Booking.staff_notes",
        ),
        is_for_guests=True,
    ),
    Collector(
        "bookings_history",
        _("What became of your bookings"),
        history,
        ("bookings.BookingHistory",),
        is_for_guests=True,
    ),
    Collector(
        "bookings_series",
        _("Bookings that repeat"),
        series,
        (
            "bookings.BookingSeries.diner",
            "bookings.BookingSeries.guest_name",
            "bookings.BookingSeries.guest_phone",
            "bookings.BookingSeries.guest_phone_index",
            "bookings.BookingSeries.guest_email",
            "bookings.BookingSeries.guest_email_index",
            "bookings.BookingSeries.notes",
            "bookings.Occurrence",
        ),
        is_for_guests=True,
    ),
    Collector(
        "desk_work",
        _("What you did at a restaurant's desk"),
        work_at_the_desk,
        ("bookings.BookingHistory.actor", "bookings.Block", "bookings.Block.created_by"),
    ),
]

NOT_COLLECTED = {
    "bookings.CalendarFeed": "An address that its person made and sees on their own page.",
    "bookings.CalendarFeed.user": "An address that its person made and sees on their own page.",
    "bookings.BookingSeries.created_by": "The history of the first booking says who made it.",
    "bookings.Booking.created_by": "The first entry of the history says who made it.",
    "bookings.TableAllocation": "Which table was kept: a matter of the house.",
}
