"""Whoever asks many houses at once gets the answers that each would give alone."""

from datetime import timedelta

import pytest

from bookings import selectors
from bookings.models import Booking
from bookings.tests.factories import at, book, guest, tomorrow
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("around", [timedelta(minutes=30), timedelta(hours=1), timedelta(hours=24)])
@pytest.mark.parametrize("turn_minutes", [90, 720])
def test_many_houses_answer_as_each_would_alone(around, turn_minutes):
    pacing = {"max_covers_per_slot": 4, "max_parties_per_slot": 1}
    houses = [house(tables=(2, 4), turn_minutes=turn_minutes, policy={"buffer_minutes": buffer}) for buffer in (0, 120)]
    houses.append(house(tables=(2, 2, 2), turn_minutes=turn_minutes, shift=pacing))
    for number, restaurant in enumerate(houses):
        book(restaurant, "18:00", guest=guest(number))
        book(restaurant, "20:30", guest=guest(number + 10))
    assert Booking.objects.count() == 6

    found = selectors.restaurants_free_at([each.pk for each in houses], tomorrow(), at("19:30"), 2, around=around)

    for restaurant in houses:
        day = selectors.slots_on(restaurant.pk, tomorrow(), 2)
        alone = [slot for slot in day if slot.available and abs(slot.starts_at - at("19:30")) <= around]
        assert found.get(restaurant.pk, []) == alone


def test_the_first_ones_in_the_given_order_are_enough():
    first, full, second, third = (house(tables=(2,)) for _number in range(4))
    book(full, "19:00")
    order = [third.pk, full.pk, first.pk, second.pk]

    found = selectors.restaurants_free_at(order, tomorrow(), at("19:00"), 2, around=timedelta(0), most=2)

    assert list(found) == [third.pk, first.pk]
