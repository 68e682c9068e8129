"""The smallest valid objects of restaurants, and one whole house to book at."""

from datetime import date, time
from typing import Any

import factory
from factory.django import DjangoModelFactory

from restaurants.models import (
    Area,
    BookingPolicy,
    ChargeLine,
    City,
    Cuisine,
    Dish,
    DishPrice,
    Menu,
    MenuSection,
    OpeningHours,
    Restaurant,
    Shift,
    Table,
    TurnTime,
)
from restaurants.states import ChargeBase, ChargeWhat, RestaurantStatus


class CityFactory(DjangoModelFactory):
    class Meta:
        model = City
        django_get_or_create = ("slug",)

    slug = "lagos"
    name = "Lagos"
    state = "Lagos"
    latitude = 6.45
    longitude = 3.4


class CuisineFactory(DjangoModelFactory):
    class Meta:
        model = Cuisine
        django_get_or_create = ("slug",)

    slug = "yoruba"
    name = "Yoruba"


class RestaurantFactory(DjangoModelFactory):
    class Meta:
        model = Restaurant

    name = factory.Sequence(lambda number: f"House {number}")
    slug = factory.Sequence(lambda number: f"house-{number}")
    status = RestaurantStatus.LIVE
    city = factory.SubFactory(CityFactory)
    neighbourhood = "Yaba"
    latitude = 6.51
    longitude = 3.37


class AreaFactory(DjangoModelFactory):
    class Meta:
        model = Area

    restaurant = factory.SubFactory(RestaurantFactory)
    name = factory.Sequence(lambda number: f"Area {number}")


class TableFactory(DjangoModelFactory):
    class Meta:
        model = Table

    restaurant = factory.SubFactory(RestaurantFactory)
    area = factory.SubFactory(AreaFactory, restaurant=factory.SelfAttribute("..restaurant"))
    name = factory.Sequence(lambda number: f"T{number}")
    max_party = 4


class ShiftFactory(DjangoModelFactory):
    class Meta:
        model = Shift

    restaurant = factory.SubFactory(RestaurantFactory)
    name = "Dinner"
    weekdays = [0, 1, 2, 3, 4, 5, 6]
    first_seating = time(18)
    last_seating = time(21)


class MenuFactory(DjangoModelFactory):
    class Meta:
        model = Menu

    restaurant = factory.SubFactory(RestaurantFactory)
    name = "Menu"


class MenuSectionFactory(DjangoModelFactory):
    class Meta:
        model = MenuSection

    menu = factory.SubFactory(MenuFactory)
    name = "Mains"


class DishFactory(DjangoModelFactory):
    class Meta:
        model = Dish

    section = factory.SubFactory(MenuSectionFactory)
    name = "Jollof rice"
    slug = "jollof-rice"


class DishPriceFactory(DjangoModelFactory):
    class Meta:
        model = DishPrice

    dish = factory.SubFactory(DishFactory)
    kobo = 450_000
    valid_from = "2026-01-01"


# So that a party can come to the door whenever a test runs.
ROUND_THE_CLOCK = (time(0), time(0))


def house(
    *,
    tables: tuple[int, ...] = (2, 4),
    first_seating: time = time(18),
    last_seating: time = time(21),
    hours: tuple[time, time] = (time(12), time(23)),
    turn_minutes: int = 90,
    policy: dict[str, Any] | None = None,
    shift: dict[str, Any] | None = None,
    **fields: Any,
) -> Restaurant:
    """Return a live restaurant, open daily: one area, tables of these sizes (from one person up), one dinner shift."""
    restaurant = RestaurantFactory(**fields)
    BookingPolicy.objects.create(
        restaurant=restaurant, **{"min_lead_minutes": 0, "max_party_online": 20, **(policy or {})}
    )
    area = AreaFactory(restaurant=restaurant, name="Room")
    # Rows in one go raise no version of the plan, which each of them would; the turn time, at the end, does.
    Table.objects.bulk_create(
        TableFactory.build(restaurant=restaurant, area=area, name=f"T{number}", max_party=seats)
        for number, seats in enumerate(tables, start=1)
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=restaurant, weekday=weekday, opens=hours[0], closes=hours[1]) for weekday in range(7)
    )
    dinner = ShiftFactory(
        restaurant=restaurant, first_seating=first_seating, last_seating=last_seating, **(shift or {})
    )
    TurnTime.objects.create(shift=dinner, up_to_party=400, minutes=turn_minutes)
    return restaurant


class ChargeLineFactory(DjangoModelFactory):
    class Meta:
        model = ChargeLine

    restaurant = factory.SubFactory(RestaurantFactory)
    what = ChargeWhat.VAT
    rate_bp = 750
    base = ChargeBase.NET
    from_day = date(2026, 1, 1)
