"""How long guests' details stay in bookings."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from bookings.models import (
    AdvanceHistory,
    Booking,
    BookingSeries,
    DeskAct,
    FreeTimeAlert,
    HouseGuest,
    QueueEntry,
    StandbyEntry,
    Ticket,
    TicketHistory,
    TicketOrder,
)
from bookings.states import GUESTS_ARE_KEPT, OrderStatus, Status
from core.personal_data import Policy, deleting, emptying

FORGOTTEN = "–"


def old_notes(before: datetime) -> QuerySet[Booking]:
    """Return the bookings with notes whose guest has not come to that house since."""
    written = Length("notes") + Length("staff_notes")
    later = Booking.objects.filter(restaurant=OuterRef("restaurant"), starts_at__gte=before)
    again = Exists(later.filter(diner__isnull=False, diner=OuterRef("diner"))) | Exists(
        later.filter(~Q(guest_phone_index=""), guest_phone_index=OuterRef("guest_phone_index"))
    )
    told = Q(written__gt=0) | Q(step_free=True)
    return Booking.objects.annotate(written=written).filter(~again, told, starts_at__lt=before)


def old_details(before: datetime) -> QuerySet[Booking]:
    return Booking.objects.filter(starts_at__lt=before).exclude(guest_name=FORGOTTEN)


def abandoned_holds(before: datetime) -> QuerySet[Booking]:
    """Return the tables that were held and never booked; where money came for one, its guest is still needed."""
    never = Booking.objects.filter(status=Status.EXPIRED, hold_expires_at__lt=before).exclude(guest_name=FORGOTTEN)
    is_hold = Q(starts_at__gt=F("hold_expires_at")) | Q(advance__isnull=False)
    return never.filter(is_hold).exclude(advance__received_kobo__gt=0)


def old_deposits(before: datetime) -> QuerySet[AdvanceHistory]:
    told = AdvanceHistory.objects.filter(advance__booking__starts_at__lt=before)
    return told.exclude(reference="", reason="")


def old_series(before: datetime) -> QuerySet[BookingSeries]:
    return BookingSeries.objects.filter(last_on__lt=before.date()).exclude(guest_name=FORGOTTEN)


_contact = {"guest_name": FORGOTTEN, "guest_phone": "", "guest_email": "", "notes": ""}


def old_places(before: datetime) -> QuerySet[StandbyEntry]:
    return StandbyEntry.objects.filter(latest__lt=before).exclude(guest_name=FORGOTTEN)


def old_alerts(before: datetime) -> QuerySet[FreeTimeAlert]:
    return FreeTimeAlert.objects.filter(latest__lt=before)


def old_queues(before: datetime) -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(joined_at__lt=before).exclude(guest_name=FORGOTTEN)


def old_guests(before: datetime) -> QuerySet[HouseGuest]:
    """Return the guests who have not booked at the house since."""
    later = Booking.objects.filter(guest=OuterRef("pk"), starts_at__gte=before)
    return HouseGuest.objects.filter(~Exists(later), created_at__lt=before)


def old_orders(before: datetime) -> QuerySet[TicketOrder]:
    return TicketOrder.objects.filter(event__starts_at__lt=before).exclude(guest_name=FORGOTTEN)


def old_ticket_money(before: datetime) -> QuerySet[TicketHistory]:
    return TicketHistory.objects.filter(order__event__starts_at__lt=before).exclude(reference="", reason="")


def unpaid_orders(before: datetime) -> QuerySet[TicketOrder]:
    """Return the orders for which no money ever came."""
    never = TicketOrder.objects.filter(status=OrderStatus.EXPIRED, hold_expires_at__lt=before)
    return never.filter(paid_kobo=0).exclude(guest_name=FORGOTTEN)


def old_holders(before: datetime) -> QuerySet[Ticket]:
    """Return the tickets of evenings that are over, and with them those whose order was let go of before."""
    over = Q(order__event__ends_at__lt=before) | Q(order__guest_name=FORGOTTEN)
    return Ticket.objects.filter(over).exclude(holder_name=FORGOTTEN)


_details = {
    "guest_name": FORGOTTEN,
    "guest_phone": "",
    "guest_email": "",
    "notes": "",
    "staff_notes": "",
    "step_free": False,
}

POLICIES = [
    Policy(
        "bookings.series",
        _("Name, phone, e-mail address and wishes in bookings that repeat"),
        timedelta(days=730),
        _("after the last day"),
        _("To go on with them when you ask to."),
        **emptying(old_series, **_contact, step_free=False, diner=None),
    ),
    Policy(
        "bookings.notes",
        _("Wishes, the need of a table without steps, allergies and the house's notes"),
        timedelta(days=730),
        _("after a guest's last visit to that house"),
        _("So that a house can look after you when you come again."),
        **emptying(old_notes, notes="", staff_notes="", step_free=False),
    ),
    Policy(
        "bookings.guest_books",
        _("What a house knows of a guest: contacts, allergies, notes, tags, figures"),
        GUESTS_ARE_KEPT,
        _("after a guest's last booking at that house"),
        _("So that a house can look after you when you come again."),
        **deleting(old_guests),
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
        "bookings.deposits",
        _("References and reasons of deposits"),
        timedelta(days=6 * 365),
        _("after the day of the booking"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_deposits, reference="", reason=""),
    ),
    Policy(
        "bookings.holds",
        _("Details given for a table that was never booked"),
        timedelta(days=30),
        _("after the table was given back"),
        _("To answer questions about it."),
        **emptying(abandoned_holds, **_details, diner=None),
    ),
    Policy(
        "bookings.waiting",
        _("Name, phone and e-mail address on waiting lists"),
        timedelta(days=90),
        _("after the evening that was waited for"),
        _("To answer questions about the order in which tables were offered."),
        **emptying(old_places, guest_name=FORGOTTEN, guest_phone="", guest_email="", diner=None),
    ),
    Policy(
        "bookings.alerts",
        _("Wishes to be told of a free table"),
        timedelta(days=30),
        _("after the evening they were about"),
        _("To answer questions about the messages that were sent."),
        **deleting(old_alerts),
    ),
    Policy(
        "bookings.queues",
        _("Name and phone of parties that waited at the door"),
        timedelta(days=30),
        _("after the evening"),
        _("To answer questions about the order in which parties were seated."),
        **emptying(old_queues, guest_name=FORGOTTEN, guest_phone=""),
    ),
    Policy(
        "bookings.ticket_orders",
        _("Name, phone and e-mail address in orders of tickets"),
        timedelta(days=6 * 365),
        _("after the evening of the event"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_orders, guest_name=FORGOTTEN, guest_phone="", guest_email="", diner=None),
    ),
    Policy(
        "bookings.ticket_references",
        _("What was written about payments for tickets"),
        timedelta(days=6 * 365),
        _("after the evening of the event"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_ticket_money, reference="", reason=""),
    ),
    Policy(
        "bookings.unpaid_tickets",
        _("Details given for tickets that were never paid for"),
        timedelta(days=30),
        _("after the places were given back"),
        _("To answer questions about it, and about money that comes late."),
        **emptying(unpaid_orders, guest_name=FORGOTTEN, guest_phone="", guest_email="", diner=None),
    ),
    Policy(
        "bookings.ticket_holders",
        _("The names on tickets, and the e-mail addresses they were passed on to"),
        timedelta(days=90),
        _("after the event"),
        _("To answer questions about who came in with which ticket."),
        **emptying(old_holders, holder_name=FORGOTTEN, holder_email=""),
    ),
    Policy(
        "bookings.desk_acts",
        _("Which of the house's screens sent what"),
        timedelta(days=14),
        _("after it was done"),
        _("So that a screen that lost its connection can send again what it never heard an answer to."),
        **deleting(lambda before: DeskAct.objects.filter(at__lt=before)),
    ),
]
