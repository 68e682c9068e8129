"""Finding a booking, or tickets, without an account: the code, and what its guest knows. One count for every door."""

from collections.abc import Callable, Container, Iterable
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError

from bookings import selectors
from bookings.models import Booking, Ticket, TicketOrder
from bookings.states import LIVE, ORDER_LIVE
from bookings.ticketing import orders_by_code, ticket_by_code
from core import phones
from core.limits import Limit
from core.text import search_form

# Wide for an office behind one address; tight for one code, of which there are 113 million.
BY_ADDRESS = Limit("find_booking.address", most=30)
BY_CODE = Limit("find_booking.code", most=5)


class Guest(Protocol):
    """Who made a booking, or ordered tickets, as far as they can be known by it."""

    @property
    def guest_name(self) -> Any: ...

    @property
    def guest_phone(self) -> Any: ...

    @property
    def guest_email(self) -> Any: ...


Found = TypeVar("Found", Booking, TicketOrder)


def find_booking(*, code: str, knows: Callable[[Guest], bool], address: str) -> Booking | None:
    """Return the booking with this code whose guest the asker seems to be; None whatever was wrong.

    :param code: normalised
    :param knows: tells whether the asker knows what the guest of a booking would, as known_by_anything() does
    :param address: who asks, from core.limits.address_of
    :raises core.errors.TooManyAttempts: :raises core.errors.Unavailable: before anything is looked up
    """
    BY_ADDRESS.take(address)
    BY_CODE.take(code)
    return _given_back(_booking(code, knows), code, address)


def find_booking_or_tickets(*, code: str, knows: Callable[[Guest], bool], address: str) -> Booking | TicketOrder | None:
    """Return what find_booking() does, or the order of tickets with this code."""
    BY_ADDRESS.take(address)
    BY_CODE.take(code)
    booking = _given_back(_booking(code, knows), code, address)
    return booking or _given_back(_still_live(orders_by_code(code), ORDER_LIVE, knows), code, address)


def find_anything(*, code: str, knows: Callable[[Guest], bool], address: str) -> Booking | TicketOrder | Ticket | None:
    """Return what find_booking_or_tickets() does, or the ticket with this code.

    A ticket is found by who comes with it and, until it is passed on, by who bought it.
    """
    if (found := find_booking_or_tickets(code=code, knows=knows, address=address)) is not None:
        return found
    ticket = ticket_by_code(code)
    if ticket is None or not (knows(_Holder(ticket)) or (not ticket.is_passed_on and knows(ticket.order))):
        return None
    BY_ADDRESS.give_back(address)
    BY_CODE.give_back(code)
    return ticket


class _Holder:
    """Who comes with a ticket, as the guest of a booking is known."""

    def __init__(self, ticket: Ticket) -> None:
        self.guest_name, self.guest_phone, self.guest_email = ticket.holder_name, "", ticket.holder_email


def _booking(code: str, knows: Callable[[Guest], bool]) -> Booking | None:
    return _still_live(selectors.bookings_by_code(code), LIVE, knows)


def _still_live(rows: Iterable[Found], live: Container[str], knows: Callable[[Guest], bool]) -> Found | None:
    """Return the row that the asker knows. Codes are used again when one is over: what is still before its guest
    comes first.
    """
    found = [row for row in rows if knows(row)]
    return next((row for row in found if row.status in live), found[0] if found else None)


def _given_back(found: Found | None, code: str, address: str) -> Found | None:
    if found is not None:
        BY_ADDRESS.give_back(address)
        BY_CODE.give_back(code)
    return found


def known_by_phone(booking: Guest, given: str) -> bool:
    try:
        phone = phones.normalise(given)
    except ValidationError:
        return False
    return bool(booking.guest_phone) and phone == booking.guest_phone


def known_by_email(booking: Guest, given: str) -> bool:
    return bool(booking.guest_email) and given.casefold() == booking.guest_email.casefold()


def known_by_name(booking: Guest, given: str) -> bool:
    """Tell whether this is the guest's name or surname, written last by some and first by others."""
    said, name = search_form(given), search_form(booking.guest_name)
    words = name.split()
    # A single letter is nobody's.
    return len(said) > 1 and said in {name, *words[:1], *words[-1:]}


def known_by_anything(booking: Guest, given: str) -> bool:
    return known_by_phone(booking, given) or known_by_email(booking, given) or known_by_name(booking, given)
