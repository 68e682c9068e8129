"""Whom a breach touches: guests of bookings, buyers and holders of tickets, with an account or without."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Ticket, TicketOrder
from core.errors import InvalidInput
from core.personal_data import Affected, Query
from restaurants.models import Restaurant


class NoSuchHouse(InvalidInput):
    code = "bookings_no_such_house"
    message = _("No restaurant has this name in its address; write it as it stands there, such as mama-ngozi-yaba.")


def guests(*, since: datetime, until: datetime, restaurant: str = "", **_asked: object) -> Affected:
    """Return whose bookings were made for that time, or made then; of one restaurant's, when its slug is given.

    :raises NoSuchHouse: when nobody has that slug: nobody found must mean that nobody is touched
    """
    then = Q(starts_at__gte=since, starts_at__lt=until) | Q(created_at__gte=since, created_at__lt=until)
    bookings = Booking.objects.filter(then)
    if restaurant:
        bookings = bookings.filter(restaurant=_house(restaurant))
    with_account = bookings.filter(diner__isnull=False).order_by()
    return Affected(
        frozenset(with_account.values_list("diner_id", flat=True).distinct()), tuple(_strangers(bookings).values())
    )


def ticket_people(*, since: datetime, until: datetime, restaurant: str = "", **_asked: object) -> Affected:
    """Return who ordered tickets then, or for an evening then, and to whom one of these was passed on.

    :raises NoSuchHouse: when nobody has that slug
    """
    evening = Q(event__starts_at__gte=since, event__starts_at__lt=until)
    orders = TicketOrder.objects.filter(evening | Q(created_at__gte=since, created_at__lt=until))
    if restaurant:
        orders = orders.filter(event__restaurant=_house(restaurant))
    contacts = _strangers(orders)
    passed_on = Ticket.objects.filter(order__in=orders.order_by(), is_passed_on=True).exclude(holder_email_index="")
    for ticket in passed_on.order_by("pk").iterator(chunk_size=1000):
        contacts[ticket.holder_email.lower(), ""] = {
            "name": ticket.holder_name,
            "email": ticket.holder_email,
            "phone": "",
            "language": ticket.holder_language,
        }
    with_account = orders.filter(diner__isnull=False).order_by()
    return Affected(frozenset(with_account.values_list("diner_id", flat=True).distinct()), tuple(contacts.values()))


def _house(slug: str) -> Restaurant:
    house = Restaurant.objects.filter(slug=slug).first()
    if house is None:
        raise NoSuchHouse
    return house


def _strangers(rows: "QuerySet[Any]") -> dict[tuple[str, str], dict[str, str]]:
    """Return the contacts of those who have no account, each once."""
    strangers = rows.filter(diner=None).exclude(guest_phone_index="", guest_email_index="")
    return {
        (row.guest_email.lower(), row.guest_phone): {
            "name": row.guest_name,
            "email": row.guest_email,
            "phone": row.guest_phone,
            "language": row.language,
        }
        for row in strangers.order_by("pk").iterator(chunk_size=1000)
    }


QUERIES = [
    Query(
        "bookings.guests",
        _("Guests of bookings made then or for then"),
        ("since", "until", "restaurant"),
        guests,
    ),
    Query(
        "bookings.ticket_people",
        _("Buyers and holders of tickets ordered then or for then"),
        ("since", "until", "restaurant"),
        ticket_people,
    ),
]
