"""Whom a breach touches: the guests of bookings, with an account or without."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
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
        if not Restaurant.objects.filter(slug=restaurant).exists():
            raise NoSuchHouse
        bookings = bookings.filter(restaurant__slug=restaurant)
    with_account = bookings.filter(diner__isnull=False).order_by()
    strangers = bookings.filter(diner=None).exclude(guest_phone_index="", guest_email_index="")
    contacts = {
        (booking.guest_email.lower(), booking.guest_phone): {
            "name": booking.guest_name,
            "email": booking.guest_email,
            "phone": booking.guest_phone,
            "language": booking.language,
        }
        for booking in strangers.order_by("pk").iterator(chunk_size=1000)
    }
    return Affected(frozenset(with_account.values_list("diner_id", flat=True).distinct()), tuple(contacts.values()))


QUERIES = [
    Query(
        "bookings.guests",
        _("Guests of bookings made then or for then"),
        ("since", "until", "restaurant"),
        guests,
    )
]
