"""The demo city: its data files hold together, it loads once, and it says who may log in."""

import io
import itertools
import statistics
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import phonenumbers
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.partners.models import PartnerApp
from accounts.second_factor.codes import code_now
from accounts.selectors import has_second_factor
from restaurants.demo import partner_app
from restaurants.demo.loading import DAYS, clock, data, slugs
from restaurants.demo.people import PASSWORD, PEOPLE
from restaurants.models import Dish, OpeningHours, Restaurant, Shift, SpecialDay, Table
from restaurants.reference import known_cities
from restaurants.selectors import Search, restaurants_matching
from restaurants.states import Allergen, PriceBand, RestaurantStatus, TableShape
from restaurants.tests.factories import RestaurantFactory
from restaurants.vocabulary import AMENITIES, CUISINES

DISHES = {dish["slug"]: dish for dish in data("dishes")}
RESTAURANTS = data("restaurants")
SPENT_A_HEAD = {1: (0, 8_000), 2: (8_000, 20_000), 3: (20_000, 45_000), 4: (45_000, 1_000_000)}
MAINS = {"main", "soup", "stew", "grill"}
BESIDE = {"swallow", "side", "starter", "snack", "breakfast"}


def each(restaurants: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("restaurant", restaurants, ids=[r["slug"] for r in restaurants])


def card_of(restaurant: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every dish of a menu with what is known of it and its price."""
    entries = [entry for section in restaurant["menu"] for entry in section["dishes"]]
    return [DISHES.get(entry.get("dish", ""), {}) | entry for entry in entries]


class TestDishes:
    def test_all_eighty_seven_are_there_and_on_a_menu(self) -> None:
        served = {entry.get("dish") for restaurant in RESTAURANTS for entry in card_of(restaurant)}

        assert len(data("dishes")) == len(DISHES) == 87
        assert set(DISHES) <= served

    @pytest.mark.parametrize("dish", DISHES.values(), ids=DISHES.keys())
    def test_a_dish_says_honestly_what_is_in_it(self, dish: dict[str, Any]) -> None:
        allergens, removable = set(dish["allergens"]), set(dish["allergens_removable"])
        animal = {"fish", "crustacean", "mollusc"}
        words = " ".join(dish["ingredients"]).lower()

        assert allergens | removable <= set(Allergen.values)
        assert not allergens & removable
        assert dish["heat"] in range(4)
        assert dish["ingredients"]
        assert dish["description"].endswith(".")
        assert all(dish["names"].values())
        if "vegetarian" in dish["dietary"]:
            assert not (allergens | removable) & animal
            assert not any(meat in words for meat in ("beef", "goat", "meat", "chicken", "liver", "offal", "gizzard"))
        if "vegan" in dish["dietary"]:
            assert "vegetarian" in dish["dietary"]
            assert not (allergens | removable) & {"milk", "egg"}
        for code, word in (("groundnut", "groundnut"), ("crustacean", "crayfish"), ("mollusc", "periwinkle")):
            assert word not in words or code in allergens | removable


class TestRestaurants:
    def test_there_are_twelve_in_six_cities(self) -> None:
        assert len(RESTAURANTS) == len({restaurant["slug"] for restaurant in RESTAURANTS}) == 12
        assert {r["city"] for r in RESTAURANTS} == {"lagos", "abuja", "port-harcourt", "kano", "enugu", "ibadan"}
        assert {restaurant["city"] for restaurant in RESTAURANTS} <= set(known_cities())

    @each(RESTAURANTS)
    def test_words_and_numbers_are_known_ones(self, restaurant: dict[str, Any]) -> None:
        assert set(restaurant["cuisines"]) <= set(CUISINES)
        assert set(restaurant["amenities"]) <= set(AMENITIES)
        assert restaurant["price_band"] in PriceBand.values
        assert phonenumbers.is_valid_number(phonenumbers.parse(restaurant["phone"]))
        assert restaurant["email"] == f"tables@{restaurant['slug']}.example"
        assert set(restaurant["hours"]) == set(DAYS)

    @each(RESTAURANTS)
    def test_tables_lie_on_the_plan_and_not_on_each_other(self, restaurant: dict[str, Any]) -> None:
        tables = restaurant["tables"]
        areas = {area["name"] for area in restaurant["areas"]}

        assert len({table["name"] for table in tables}) == len(tables)
        for table in tables:
            assert table["area"] in areas
            assert table["shape"] in TableShape.values
            assert 1 <= table["seats"][0] <= table["seats"][1]
            assert table["x"] >= 0 and table["x"] + table["width"] <= 100
            assert table["y"] >= 0 and table["y"] + table["height"] <= 100
        for one, other in itertools.combinations(tables, 2):
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert beside or below, f"{one['name']} lies on {other['name']}"

    @each(RESTAURANTS)
    def test_combinations_seat_more_than_any_of_their_tables(self, restaurant: dict[str, Any]) -> None:
        seats = {table["name"]: table["seats"][1] for table in restaurant["tables"]}
        areas = {table["name"]: table["area"] for table in restaurant["tables"]}

        assert restaurant["combinations"]
        for combination in restaurant["combinations"]:
            members = combination["tables"]
            assert len(set(members)) >= 2
            assert len({areas[member] for member in members}) == 1
            assert combination["seats"][1] == sum(seats[member] for member in members)
            assert max(seats[member] for member in members) < combination["seats"][0] <= combination["seats"][1]

    @each(RESTAURANTS)
    def test_every_seating_lies_within_the_hours_and_ends_before_closing(self, restaurant: dict[str, Any]) -> None:
        for shift in restaurant["shifts"]:
            assert set(shift["days"]) <= set(DAYS)
            if shift["name"] == "Sahur":
                continue  # before dawn in Ramadan, when the doors are otherwise closed
            for day in shift["days"]:
                first, last = minutes(shift["first"]), minutes(shift["last"], after=shift["first"])
                # The longest turn of the smallest parties; large ones may sit on while the house closes around them.
                leave = last + min(shift["turns"].values())
                spans = [(minutes(o), minutes(c, after=o)) for o, c in restaurant["hours"][day]]
                assert any(opens <= first and leave <= closes for opens, closes in spans), (shift["name"], day)

    @each(RESTAURANTS)
    def test_the_largest_party_online_finds_a_table(self, restaurant: dict[str, Any]) -> None:
        online = [t["seats"] for t in restaurant["tables"] if t["online"]]
        online += [c["seats"] for c in restaurant["combinations"]]
        policy = restaurant["policy"]

        for size in range(policy["min_party_online"], policy["max_party_online"] + 1):
            assert any(least <= size <= most for least, most in online), size

    @each(RESTAURANTS)
    def test_prices_fit_the_band(self, restaurant: dict[str, Any]) -> None:
        def usual(courses: set[str]) -> float:
            return statistics.median(entry["price"] for entry in card_of(restaurant) if entry["course"] in courses)

        least, most = SPENT_A_HEAD[restaurant["price_band"]]

        assert least <= usual(MAINS) + usual(BESIDE) + usual({"drink"}) < most

    @each(RESTAURANTS)
    def test_a_house_without_alcohol_serves_none(self, restaurant: dict[str, Any]) -> None:
        if "no-alcohol" in restaurant["amenities"]:
            assert not [entry["name"] for entry in card_of(restaurant) if entry.get("contains_alcohol")]

    def test_special_days_are_of_known_houses_with_hours_for_their_shifts(self) -> None:
        for houses in data("special_days").values():
            assert set(houses) <= set(slugs())
            for override in houses.values():
                assert override.get("closed") or (override["hours"] and override["shifts"])


class TestHouseRules:
    """What the houses say of themselves is what their hours, shifts and policies do."""

    def of(self, slug: str) -> dict[str, Any]:
        return next(restaurant for restaurant in RESTAURANTS if restaurant["slug"] == slug)

    def shifts(self, slug: str, day: str) -> dict[str, dict[str, Any]]:
        return {shift["name"]: shift for shift in self.of(slug)["shifts"] if day in shift["days"]}

    def test_agbalumo_takes_ten_thousand_a_head_from_six(self) -> None:
        policy = self.of("agbalumo-terrace")["policy"]

        assert (policy["deposit_naira_per_guest"], policy["deposit_from_party"]) == (10_000, 6)
        assert policy["grace_minutes"] == 20
        assert self.of("agbalumo-terrace")["hours"]["mon"] == []

    def test_danfo_takes_bookings_from_five_in_the_afternoon(self) -> None:
        online = [shift for shift in self.shifts("danfo-and-dodo", "mon").values() if shift.get("online", True)]

        assert min(shift["first"] for shift in online) == "17:00"

    def test_the_rooftop_serves_past_midnight(self) -> None:
        assert self.of("rooftop-sixteen-palms")["hours"]["fri"] == [["16:00", "02:00"]]
        assert clock(self.shifts("rooftop-sixteen-palms", "fri")["Late"]["last"]) < clock("04:00")

    def test_kulikuli_opens_after_friday_prayers_and_breaks_the_fast(self) -> None:
        assert self.of("kulikuli-courtyard")["hours"]["fri"] == [["14:30", "23:00"]]
        assert self.shifts("kulikuli-courtyard", "fri")["Iftar"]["season"] == "ramadan"

    def test_zuma_has_two_services_and_a_room_one_asks_for(self) -> None:
        room = next(table for table in self.of("zuma-hearth")["tables"] if table["area"] == "Private room")

        assert set(self.shifts("zuma-hearth", "sat")) == {"Lunch", "Dinner"}
        assert (room["seats"][1], room["online"]) == (14, False)

    def test_dala_lets_nobody_sit_through_friday_prayers(self) -> None:
        before = self.shifts("dala-tuwo-house", "fri")["Friday before prayers"]

        assert self.of("dala-tuwo-house")["hours"]["fri"] == [["10:00", "12:30"], ["14:30", "22:00"]]
        assert before["hard_close"] == "12:30"

    def test_seven_hills_books_nothing_under_six(self) -> None:
        assert self.of("seven-hills-amala")["policy"]["min_party_online"] == 6


def minutes(text: str, *, after: str | None = None) -> int:
    """Return minutes since the service day's midnight."""
    at = clock(text)
    total = at.hour * 60 + at.minute
    return total + 24 * 60 if after is not None and total < minutes(after) else total


# --- Loaded ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_city(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The city without its bookings, loaded once for all tests here and taken back at the end; what the command said.

    (bookings/tests/test_demo.py looks at the bookings.)
    """
    parts = [part for part in settings.DEMO_PARTS if part.startswith("restaurants.")]
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(DEMO_PARTS=parts):
        out = io.StringIO()
        call_command("load_demo", stdout=out)
        yield out.getvalue()
        transaction.set_rollback(True)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    models = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in models}


@pytest.mark.usefixtures("demo_city")
class TestLoading:
    def test_says_what_it_loaded(self, demo_city: str) -> None:
        assert demo_city.startswith("Loaded 12 restaurants with their people, 220 listings from OpenStreetMap")
        assert Restaurant.objects.filter(status=RestaurantStatus.LIVE).count() == 12
        assert Restaurant.objects.filter(status=RestaurantStatus.LISTED, source="osm").count() == 220

    def test_a_second_time_changes_no_row_anywhere(self) -> None:
        before = everything()
        out = io.StringIO()

        call_command("load_demo", stdout=out)

        after = everything()
        assert out.getvalue() == "The demo city is there already; nothing was changed.\n"
        assert {label: len(rows) for label, rows in after.items()} == {
            label: len(rows) for label, rows in before.items()
        }
        assert after == before
        assert len(before["restaurants.Restaurant"]) == 232

    def test_changes_that_somebody_made_since_stay(self) -> None:
        with transaction.atomic():
            Restaurant.objects.filter(slug="agbalumo-terrace").update(name="Renamed")
            User.objects.filter(email="diner1@example.com").delete()

            call_command("load_demo", stdout=io.StringIO())

            assert Restaurant.objects.get(slug="agbalumo-terrace").name == "Renamed"
            assert not User.objects.filter(email="diner1@example.com").exists()
            transaction.set_rollback(True)

    def test_every_house_is_whole(self) -> None:
        for row in RESTAURANTS:
            restaurant = Restaurant.objects.select_related("policy", "city").get(slug=row["slug"])
            assert restaurant.is_bookable
            assert restaurant.city.slug == row["city"]
            assert restaurant.tables.count() == len(row["tables"])
            assert restaurant.combinations.count() == len(row["combinations"])
            assert all(c.tables.count() >= 2 for c in restaurant.combinations.all())
            assert Shift.objects.filter(restaurant=restaurant, turn_times__isnull=True).count() == 0
            assert OpeningHours.objects.filter(restaurant=restaurant, special_day=None).exists()
            assert Dish.objects.filter(section__menu__restaurant=restaurant, prices__isnull=True).count() == 0
            assert restaurant.policy.max_party_online == row["policy"]["max_party_online"]

    def test_every_row_passes_its_own_validation(self) -> None:
        for row in itertools.chain(Restaurant.objects.all(), Table.objects.all(), Dish.objects.all()):
            row.clean_fields()

    def test_a_dish_and_a_landmark_are_found_by_a_search(self) -> None:
        assert restaurants_matching(Search(text="omoebe")).get().slug == "zuma-hearth"
        assert restaurants_matching(Search(text="zanko", city="kano")).get().slug == "dala-tuwo-house"

    def test_feasts_within_reach_change_some_houses(self) -> None:
        days = SpecialDay.objects.filter(restaurant__slug__in=slugs())

        assert all(day.is_closed or (day.opening_hours.exists() and day.shifts.exists()) for day in days)
        assert not days.filter(name="").exists()

    def test_each_demo_person_can_log_in_and_works_where_they_should(self) -> None:
        assert authenticate(username="owner@example.com", password=PASSWORD) is not None
        assert User.objects.get(email="admin@example.com").is_superuser
        for person in PEOPLE:
            user = User.objects.get(email=person.email)
            roles = dict(Membership.objects.filter(user=user).values_list("restaurant__slug", "role"))
            assert user.email.endswith("@example.com")
            assert roles == person.works_at
            assert user.is_staff == person.is_staff
            assert user.emailaddress_set.get().verified
            assert has_second_factor(user) == person.is_staff

    def test_a_demo_owner_logs_in_with_the_codes_that_the_authenticator_shows(self, client: Client) -> None:
        owner = next(person for person in PEOPLE if person.email == "owner@example.com")
        answer = client.post(reverse("account_login"), {"login": owner.email, "password": PASSWORD})
        assert answer["Location"] == reverse("mfa_authenticate")

        answer = client.post(answer["Location"], {"code": code_now(owner.secret)}, follow=True)

        assert answer.redirect_chain
        assert client.get(reverse("admin:index"), follow=True).redirect_chain[-1][0].startswith("/admin/today/")

    def test_the_demo_app_gets_a_token_and_works_at_one_house(self, client: Client) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": partner_app.CLIENT_ID,
            "client_secret": partner_app.SECRET,
        }
        answer = client.post("/api/oauth/token", urlencode(form), content_type="application/x-www-form-urlencoded")

        assert answer.status_code == 200, answer.content
        app = PartnerApp.objects.get()
        assert [grant.restaurant.slug for grant in app.grants.all()] == ["agbalumo-terrace"]


SHOWN = ["Platform admin", "Owner ", "Manager ", "Host ", "Courier ", "Translator ", "Diner "]


def test_the_log_ins_are_lines_of_their_own() -> None:
    out = io.StringIO()

    call_command("load_demo", logins=True, stdout=out)

    *lines, app = out.getvalue().splitlines()
    assert partner_app.CLIENT_ID in app
    assert partner_app.SECRET in app
    assert all(PASSWORD in line and "@example.com" in line and "sees " in line for line in lines)
    assert all(("one-time codes" in line) == (not line.startswith("Diner")) for line in lines)
    assert [word for word in SHOWN if word in out.getvalue()] == SHOWN


@pytest.mark.django_db
class TestInProduction:
    @override_settings(IS_PRODUCTION=True)
    def test_is_refused_and_nothing_is_loaded(self) -> None:
        with pytest.raises(CommandError, match="--yes-in-production"):
            call_command("load_demo")

        assert not Restaurant.objects.exists()
        assert not User.objects.exists()

    @override_settings(IS_PRODUCTION=True, DEMO_PARTS=["restaurants.demo.loading"])
    def test_never_gets_the_app_whose_secret_everybody_knows(self) -> None:
        RestaurantFactory(slug=partner_app.WORKS_AT)

        assert partner_app.load(now=timezone.now()) == []
        assert partner_app.login_lines() == []
        assert not PartnerApp.objects.exists()

    @override_settings(IS_PRODUCTION=True, DEMO_PARTS=["restaurants.demo.loading"])
    def test_is_done_for_somebody_who_means_it(self) -> None:
        call_command("load_demo", yes_in_production=True, stdout=io.StringIO())

        assert Restaurant.objects.filter(slug="agbalumo-terrace").exists()
        assert not any(user.has_usable_password() or has_second_factor(user) for user in User.objects.all())
