"""The judge of `series` says what the rows say, and notices what is untrue."""

from datetime import date, time, timedelta

import pytest

from accounts.tests.factories import UserFactory
from benchmarks import series as benchmark
from bookings import services
from bookings.models import Occurrence, TableAllocation
from bookings.recurring import Rule
from bookings.services import Actor
from bookings.states import OccurrenceState
from bookings.tests.factories import at, book, guest, tomorrow
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


def begun(skip: set[date] = frozenset()) -> None:  # type: ignore[assignment]  # never changed
    place = house(name="Suya Spot", slug="suya-spot", tables=(2,))
    diner = UserFactory()
    book(place, starts_at=at("19:00"), guest=guest(2))
    services.begin_series(
        restaurant_id=place.pk,
        rule=Rule(tomorrow(), time(19), count=4),
        party_size=2,
        guest=guest(1),
        by=Actor.diner(diner),
        diner=diner,
        skip={tomorrow(), *skip},
    )


def judged() -> benchmark.Found:
    found = benchmark.Found()
    benchmark._judge(found)
    return found


def test_a_full_date_left_out_is_true() -> None:
    begun()
    found = judged()
    assert (found.untrue, found.outcomes["booked"], found.outcomes["skipped"]) == (0, 3, 1)


def test_a_free_date_left_out_is_noticed() -> None:
    begun(skip={tomorrow() + timedelta(weeks=1)})
    assert judged().untrue == 1


def test_a_booking_without_a_table_is_noticed() -> None:
    begun()
    one = Occurrence.objects.filter(state=OccurrenceState.BOOKED).first()
    assert one is not None
    TableAllocation.objects.filter(booking=one.booking).delete()
    assert judged().untrue == 1
