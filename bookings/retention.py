"""How long guests' details stay in bookings."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, BookingSeries
from bookings.states import Status
from core.personal_data import Policy, emptying

FORGOTTEN = "–"


def old_notes(before: datetime) -> QuerySet[Booking]:
    """Return the bookings with notes whose guest has not come to that house since."""
    written = Length("notes") + Length("staff_notes")
    later = Booking.objects.filter(restaurant=OuterRef("restaurant"), starts_at__gte=before)
    again = Exists(later.filter(diner__isnull=False, diner=OuterRef("diner"))) | Exists(
        later.filter(~Q(guest_phone_index=""), guest_phone_index=OuterRef("guest_phone_index"))
    )
    return Booking.objects.annotate(written=written).filter(~again, starts_at__lt=before, written__gt=0)


def old_details(before: datetime) -> QuerySet[Booking]:
    return Booking.objects.filter(starts_at__lt=before).exclude(guest_name=FORGOTTEN)


def abandoned_holds(before: datetime) -> QuerySet[Booking]:
    """Return the tables that were held and never booked."""
    never = Booking.objects.filter(status=Status.EXPIRED, hold_expires_at__lt=before)
    return never.filter(starts_at__gt=F("hold_expires_at")).exclude(guest_name=FORGOTTEN)


def old_series(before: datetime) -> QuerySet[BookingSeries]:
    return BookingSeries.objects.filter(last_on__lt=before.date()).exclude(guest_name=FORGOTTEN)


_contact = {"guest_name": FORGOTTEN, "guest_phone": "", "guest_email": "", "notes": ""}
_details = {"guest_name": FORGOTTEN, "guest_phone": "", "guest_email": "", "notes": "", "staff_notes": ""}

POLICIES = [
    Policy(
        "bookings.series",
        _("Name, phone, e-mail address and wishes in bookings that repeat"),
        timedelta(days=730),
        _("after the last day"),
        _("To go on with them when you ask to."),
        **emptying(old_series, **_contact, diner=None),
    ),
    Policy(
        "bookings.notes",
        _("Wishes, allergies and the house's notes"),
        timedelta(days=730),
        _("after a guest's last visit to that house"),
        _("So that a house can look after you when you come again."),
        **emptying(old_notes, notes="", staff_notes=""),
    ),
    Policy(
        "bookings.details",
        _("Name, phone and e-mail address in bookings"),
        timedelta(days=6 * 365),
        _("after the day of the booking"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_details, **_details, diner=None),
    ),
    Policy(
        "bookings.holds",
        _("Details given for a table that was never booked"),
        timedelta(days=30),
        _("after the table was given back"),
        _("To answer questions about it."),
        **emptying(abandoned_holds, **_details, diner=None),
    ),
]
