"""The smallest valid bookings, made through the services."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine

from accounts.tests.factories import member
from bookings import services
from bookings.models import Booking
from bookings.services import Actor, Guest
from restaurants.models import Restaurant

LAGOS = ZoneInfo("Africa/Lagos")


def tomorrow() -> date:
    return datetime.now(LAGOS).date() + timedelta(days=1)


def at(clock: str = "19:00", day: date | None = None) -> datetime:
    """Return a wall-clock time in Lagos, tomorrow unless another day is given."""
    return datetime.combine(day or tomorrow(), time.fromisoformat(clock), tzinfo=LAGOS)


def guest(number: int = 1) -> Guest:
    return Guest(
        name=f"Demo diner {number}", phone=f"+23480312345{number:02d}", email=f"demo-diner-{number}@example.com"
    )


def book(restaurant: Restaurant, clock: str = "19:00", *, party_size: int = 2, **asked: Any) -> Booking:
    asked.setdefault("guest", guest())
    asked.setdefault("by", Actor.diner(asked.get("diner")))
    asked.setdefault("starts_at", at(clock))
    return services.book_table(restaurant_id=restaurant.pk, party_size=party_size, **asked)


def visit(restaurant: Restaurant, clock: str = "19:00", **asked: Any) -> Booking:
    """Return a party that came, ate and left at half past eight tomorrow."""
    booking = book(restaurant, clock, **asked)
    by = Actor.staff(member(restaurant.pk))
    with time_machine.travel(at(clock), tick=True):
        seated = services.seat_party(booking=booking, by=by)
    with time_machine.travel(at("20:30"), tick=True):
        return services.complete_visit(booking=seated, by=by)
