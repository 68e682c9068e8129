"""Finding a booking without an account: its code, and something its guest knows. One count for every door."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from bookings import selectors
from bookings.models import Booking
from bookings.states import LIVE
from core import phones
from core.limits import Limit
from core.text import search_form

# Wide for an office behind one address; tight for one code, of which there are 113 million.
BY_ADDRESS = Limit("find_booking.address", most=30)
BY_CODE = Limit("find_booking.code", most=5)


def find_booking(*, code: str, knows: Callable[[Booking], bool], address: str) -> Booking | None:
    """Return the booking with this code whose guest the asker seems to be; None whatever was wrong.

    :param code: normalised
    :param knows: tells whether the asker knows what the guest of a booking would, as known_by_anything() does
    :param address: who asks, from core.limits.address_of
    :raises core.errors.TooManyAttempts: :raises core.errors.Unavailable: before anything is looked up
    """
    BY_ADDRESS.take(address)
    BY_CODE.take(code)
    found = [booking for booking in selectors.bookings_by_code(code) if knows(booking)]
    # Codes are used again when a booking is over: the one still before its guest comes first.
    booking = next((booking for booking in found if booking.status in LIVE), found[0] if found else None)
    if booking is not None:
        BY_ADDRESS.give_back(address)
        BY_CODE.give_back(code)
    return booking


def known_by_phone(booking: Booking, given: str) -> bool:
    try:
        phone = phones.normalise(given)
    except ValidationError:
        return False
    return bool(booking.guest_phone) and phone == booking.guest_phone


def known_by_email(booking: Booking, given: str) -> bool:
    return bool(booking.guest_email) and given.casefold() == booking.guest_email.casefold()


def known_by_name(booking: Booking, given: str) -> bool:
    """Tell whether this is the guest's name or surname, written last by some and first by others."""
    said, name = search_form(given), search_form(booking.guest_name)
    words = name.split()
    # A single letter is nobody's.
    return len(said) > 1 and said in {name, *words[:1], *words[-1:]}


def known_by_anything(booking: Booking, given: str) -> bool:
    return known_by_phone(booking, given) or known_by_email(booking, given) or known_by_name(booking, given)
