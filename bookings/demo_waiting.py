"""Those who wait in the demo city: two parties at a door now, three on the list of a full evening. All made up.

They have numbers that get no text messages, so nobody is told of anything.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import transaction

from accounts.models import User
from bookings import errors, selectors, services
from bookings.demo import PHONES
from bookings.models import QueueEntry, StandbyEntry
from bookings.services import Actor, Guest
from bookings.states import QUEUE_LIVE, Channel
from core.encryption import index_of_phone
from core.errors import DomainError
from restaurants.demo.loading import ZONE, slugs
from restaurants.models import Restaurant

AT_THE_DOOR = "agbalumo-terrace"
HOST = "host@example.com"
FIRST_NUMBER = 970
PARTIES = (2, 4)
LISTED = (4, 2, 6)
EARLIEST, LATEST = time(19), time(20, 30)
DAYS_LOOKED_AT = 14


def load(*, now: datetime) -> list[str]:
    """Let them wait, unless somebody made up waits or has waited already."""
    host = User.objects.filter(email=HOST).first()
    if host is None:
        return []
    said = []
    if not QueueEntry.objects.filter(guest_phone_index__in=_numbers()).exists():
        said += _queue(Actor.staff(host, Channel.WALK_IN))
    if not StandbyEntry.objects.filter(guest_phone_index__in=_numbers()).exists():
        said += _list(Actor.staff(host, Channel.PHONE), now)
    return said


def refresh(*, now: datetime) -> list[str]:
    """Let others wait where nobody made up does any more."""
    host = User.objects.filter(email=HOST).first()
    if host is None:
        return []
    said = []
    if not QueueEntry.objects.filter(guest_phone_index__in=_numbers(), status__in=QUEUE_LIVE).exists():
        said += _queue(Actor.staff(host, Channel.WALK_IN))
    if not StandbyEntry.objects.filter(guest_phone_index__in=_numbers(), latest__gt=now).exists():
        said += _list(Actor.staff(host, Channel.PHONE), now)
    return said


def _numbers() -> list[str]:
    return [index_of_phone(_guest(number).phone) for number in range(10)]


def _guest(number: int) -> Guest:
    return Guest(f"Demo guest {FIRST_NUMBER + number}", f"{PHONES}{FIRST_NUMBER + number}")


@transaction.atomic
def _queue(by: Actor) -> list[str]:
    house = Restaurant.objects.bookable().filter(slug=AT_THE_DOOR).first()
    if house is None:
        return []
    try:
        for number, party_size in enumerate(PARTIES):
            services.join_queue(restaurant_id=house.pk, party_size=party_size, guest=_guest(number), by=by)
    except errors.QueueClosed:
        # At night nobody stands in line.
        return []
    return [f"{len(PARTIES)} parties at a door"]


def _list(by: Actor, now: datetime) -> list[str]:
    """Write the parties on the list of the first evening on which a house has no table for any of them."""
    for house, day in _evenings(now):
        try:
            with transaction.atomic():
                for number, party_size in enumerate(LISTED, start=len(PARTIES)):
                    services.join_waitlist(
                        restaurant_id=house.pk,
                        earliest=datetime.combine(day, EARLIEST, tzinfo=ZONE),
                        latest=datetime.combine(day, LATEST, tzinfo=ZONE),
                        party_size=party_size,
                        guest=_guest(number),
                        by=by,
                    )
        except DomainError:
            # Such a party is not taken there, or nobody is seated at that hour: another evening.
            continue
        return [f"{len(LISTED)} parties on a waiting list"]
    return []


def _evenings(now: datetime) -> Iterator[tuple[Restaurant, date]]:
    """Yield full evenings, those of the house with the demo host first."""
    today = now.astimezone(ZONE).date()
    houses = Restaurant.objects.bookable().filter(slug__in=slugs()).order_by("pk")
    for house in sorted(houses, key=lambda each: each.slug != AT_THE_DOOR):
        for ahead in range(1, DAYS_LOOKED_AT + 1):
            day = today + timedelta(days=ahead)
            if all(_is_full(house, day, party_size) for party_size in LISTED):
                yield house, day


def _is_full(house: Restaurant, day: date, party_size: int) -> bool:
    slots = [
        slot
        for slot in selectors.slots_on(house.pk, day, party_size)
        if EARLIEST <= slot.starts_at.astimezone(ZONE).time() <= LATEST
    ]
    return bool(slots) and not any(slot.available for slot in slots)
