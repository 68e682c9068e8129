import uuid
from datetime import date, time, timedelta
from urllib.parse import urlparse

import pytest
from django.test import Client
from django.utils import timezone

from core import hotcache
from localization.formatting import HOME_ZONE
from restaurants.models import Amenity, OpeningHours, SpecialDay
from restaurants.services import finish_dish
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import (
    CuisineFactory,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    RestaurantFactory,
    house,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return Client(raise_request_exception=False)


def path_of(restaurant, *rest):
    return "/".join(["/api/restaurants", str(restaurant.public_id), *rest])


def a_menu(restaurant, dishes=1):
    section = MenuSectionFactory(menu=MenuFactory(restaurant=restaurant))
    made = [DishFactory(section=section, name=f"Dish {number}", position=number) for number in range(dishes)]
    for dish in made:
        DishPriceFactory(dish=dish)
    return made


class TestDetail:
    def test_says_all_that_its_page_shows(self, api):
        restaurant = house(
            name="Iya Moria",
            slug="iya-moria",
            landmark="Opposite the old cinema",
            phone="+2348031234567",
            policy={"max_party_online": 6, "deposit_kobo_per_guest": 500_000, "note": "Smart dress."},
        )
        restaurant.cuisines.add(CuisineFactory())
        restaurant.amenities.add(Amenity.objects.create(slug="generator", name="Generator"))
        soon = timezone.localdate(timezone=HOME_ZONE) + timedelta(days=3)
        day = SpecialDay.objects.create(restaurant=restaurant, date=soon, name="Eid", is_closed=False, note="Late.")
        OpeningHours.objects.create(restaurant=restaurant, special_day=day, opens=time(18), closes=time(1))
        SpecialDay.objects.create(restaurant=restaurant, date=date(2020, 1, 1), name="Long ago")

        body = api.get(path_of(restaurant)).json()

        assert (body["id"], body["name"], body["bookable"]) == (str(restaurant.public_id), "Iya Moria", True)
        assert (body["landmark"], body["phone"], body["website"]) == (
            "Opposite the old cinema",
            "+2348031234567",
            None,
        )
        assert body["cuisines"] == [{"slug": "yoruba", "name": "Yoruba"}]
        # Names that Buka knows are its own, and translated.
        assert body["amenities"] == [{"slug": "generator", "name": "Power all day"}]
        assert [area["name"] for area in body["areas"]] == ["Room"]
        assert len(body["hours"]) == 7
        assert body["hours"][0] == {
            "weekday": "monday",
            "opens": "12:00",
            "closes": "23:00",
            "closes_next_day": False,
        }
        assert body["special_days"] == [
            {
                "date": soon.isoformat(),
                "name": "Eid",
                "closed": False,
                "note": "Late.",
                "hours": [{"opens": "18:00", "closes": "01:00", "closes_next_day": True}],
            }
        ]
        assert body["policy"]["max_party"] == 6
        assert body["policy"]["deposit"] == {
            "per_guest": {"amount": "5000.00", "currency": "NGN"},
            "from_party": 6,
        }
        assert len(body["languages"]) == 10
        for link in body["links"].values():
            assert api.get(urlparse(link).path).status_code in (200, 400)

    def test_a_listing_has_no_policy_and_names_its_source(self, api):
        restaurant = RestaurantFactory(status=RestaurantStatus.LISTED, attribution="© OpenStreetMap contributors")

        body = api.get(path_of(restaurant)).json()

        assert (body["status"], body["bookable"], body["policy"]) == ("listed", False, None)
        assert body["attribution"] == "© OpenStreetMap contributors"

    @pytest.mark.parametrize("word", ["", "menu"])
    def test_what_is_not_shown_is_not_there(self, api, word):
        hidden = [RestaurantFactory(status=status) for status in (RestaurantStatus.DRAFT, RestaurantStatus.CLOSED)]
        paths = [path_of(restaurant, word).rstrip("/") for restaurant in hidden]

        for path in (*paths, f"/api/restaurants/{uuid.uuid4()}/{word}".rstrip("/"), f"/api/restaurants/7/{word}"):
            answer = api.get(path)
            assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")

    def test_budget(self, api, django_assert_num_queries):
        restaurant = house()
        hotcache.start_afresh()

        with django_assert_num_queries(7):
            # One of them asks, once in a process, which restaurant this is.
            api.get(path_of(restaurant))
        hotcache.start_afresh()
        hotcache._bump_now([f"r:{restaurant.pk}"])
        with django_assert_num_queries(6):
            cold = api.get(path_of(restaurant))
        with django_assert_num_queries(0):
            warm = api.get(path_of(restaurant))

        assert warm.content == cold.content
        assert api.get(path_of(restaurant), headers={"If-None-Match": warm["ETag"]}).status_code == 304

    @pytest.mark.django_db(transaction=True)
    def test_a_change_is_seen(self, api):
        restaurant = house()
        before = api.get(path_of(restaurant))

        restaurant.areas.update(name="Terrace")
        restaurant.areas.get().save()

        after = api.get(path_of(restaurant))
        assert after.json()["areas"][0]["name"] == "Terrace"
        assert after["ETag"] != before["ETag"]


class TestMenu:
    def test_dishes_in_their_order_with_todays_price(self, api):
        restaurant = RestaurantFactory()
        first, second = a_menu(restaurant, dishes=2)
        DishPriceFactory(
            dish=second, kobo=999_900, valid_from=timezone.localdate(timezone=HOME_ZONE) + timedelta(days=1)
        )
        unpriced = DishFactory(section=first.section, name="Fish of the day", position=9)

        body = api.get(path_of(restaurant, "menu")).json()

        assert (body["restaurant"], body["currency"]) == (str(restaurant.public_id), "NGN")
        dishes = body["menus"][0]["sections"][0]["dishes"]
        assert [dish["name"] for dish in dishes] == ["Dish 0", "Dish 1", "Fish of the day"]
        assert dishes[1]["price"] == {"amount": "4500.00", "currency": "NGN"}
        assert (dishes[2]["id"], dishes[2]["price"]) == (str(unpriced.public_id), None)
        assert api.get(urlparse(dishes[0]["image"]).path).status_code == 200

    def test_budget(self, api, django_assert_num_queries):
        restaurant = house()
        a_menu(restaurant, dishes=5)
        api.get(path_of(restaurant))
        hotcache.start_afresh()

        with django_assert_num_queries(4):
            cold = api.get(path_of(restaurant, "menu"))
        with django_assert_num_queries(0):
            assert api.get(path_of(restaurant, "menu")).content == cold.content

    @pytest.mark.django_db(transaction=True)
    def test_a_finished_dish_is_seen(self, api):
        restaurant = RestaurantFactory()
        (dish,) = a_menu(restaurant)
        api.get(path_of(restaurant, "menu"))

        finish_dish(dish=dish, is_finished=True)

        dishes = api.get(path_of(restaurant, "menu")).json()["menus"][0]["sections"][0]["dishes"]
        assert dishes[0]["available"] is False
