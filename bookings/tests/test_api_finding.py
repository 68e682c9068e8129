from datetime import datetime, time, timedelta
from urllib.parse import parse_qs, urlparse
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.tests.factories import UserFactory
from bookings import services
from bookings.models import Booking
from bookings.services import Actor
from bookings.tests.factories import at, book, tomorrow
from core import hotcache
from restaurants.models import Amenity, OpeningHours, Restaurant, SpecialDay
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import (
    AreaFactory,
    CityFactory,
    CuisineFactory,
    RestaurantFactory,
    TableFactory,
    house,
)

pytestmark = pytest.mark.django_db
LAGOS = ZoneInfo("Africa/Lagos")
LISTED = "/api/restaurants"


@pytest.fixture
def api():
    return Client(raise_request_exception=False)


def problem(answer):
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), answer.content
    return {error["pointer"].removeprefix("#/"): error["detail"] for error in answer.json()["errors"]}


def slugs(api, **asked):
    answer = api.get(LISTED, asked)
    assert answer.status_code == 200, answer.content
    return [each["slug"] for each in answer.json()["results"]]


class TestSearch:
    def test_each_restaurant_says_what_a_list_shows(self, api):
        restaurant = house(name="Iya Moria", slug="iya-moria", price_band=2, attribution="")
        restaurant.cuisines.add(CuisineFactory())

        body = api.get(LISTED).json()

        assert body["results"] == [
            {
                "id": str(restaurant.public_id),
                "slug": "iya-moria",
                "name": "Iya Moria",
                "url": body["results"][0]["url"],
                "status": "live",
                "bookable": True,
                "city": {"slug": "lagos", "name": "Lagos", "state": "Lagos"},
                "neighbourhood": "Yaba",
                "cuisines": [{"slug": "yoruba", "name": "Yoruba"}],
                "price_band": 2,
                "position": {"latitude": 6.51, "longitude": 3.37},
                "image": body["results"][0]["image"],
                "rating": None,
                "attribution": None,
            }
        ]
        assert (body["next"], body["previous"]) == (None, None)

    def test_its_addresses_lead_somewhere(self, api):
        house(slug="iya-moria")

        found = api.get(LISTED, headers={"Accept-Language": "ha"}).json()["results"][0]

        assert urlparse(found["url"]).path == "/ha/r/iya-moria/"
        assert urlparse(found["url"]).scheme == "http"
        assert api.get(urlparse(found["image"]).path).status_code == 200

    def test_bookable_houses_come_first_and_hidden_ones_never(self, api):
        RestaurantFactory(slug="listing", name="A", status=RestaurantStatus.LISTED, attribution="© OSM")
        RestaurantFactory(slug="draft", name="B", status=RestaurantStatus.DRAFT)
        RestaurantFactory(slug="closed", name="C", status=RestaurantStatus.CLOSED)
        RestaurantFactory(slug="paused", name="D", status=RestaurantStatus.PAUSED)
        RestaurantFactory(slug="live", name="E")

        assert slugs(api) == ["live", "paused", "listing"]
        assert slugs(api, bookable="true") == ["live"]
        assert slugs(api, bookable="false") == ["paused", "listing"]

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"q": "efo riro"}, ["one"]),
            ({"q": "nothing like it"}, []),
            ({"city": "kano"}, ["two"]),
            ({"city": "atlantis"}, []),
            ({"neighbourhood": "bodija"}, ["three"]),
            ({"area": "Bodija"}, ["three"]),
            ({"cuisine": "yoruba"}, ["one", "three"]),
            ({"cuisine": ["yoruba", "hausa"]}, ["one", "three", "two"]),
            ({"cuisine": "yoruba,hausa", "city": "kano"}, ["two"]),
            ({"price_band": "1"}, ["one"]),
            ({"price_band": "1,4"}, ["one", "two"]),
            ({"amenities": "generator"}, ["one", "two"]),
            ({"amenities": "generator,parking"}, ["two"]),
            ({"near": "12.0,8.5"}, ["two"]),
            ({"q": " ", "city": "", "near": "", "bookable": ""}, ["one", "three", "two"]),
        ],
    )
    def test_filters(self, api, asked, found):
        kano = CityFactory(slug="kano", name="Kano", state="Kano")
        generator = Amenity.objects.create(slug="generator", name="Power")
        parking = Amenity.objects.create(slug="parking", name="Parking")
        one = RestaurantFactory(slug="one", name="A: Ẹ̀fọ́ rírò", price_band=1)
        two = RestaurantFactory(slug="two", name="C", city=kano, price_band=4, latitude=12.0, longitude=8.5)
        three = RestaurantFactory(slug="three", name="B", neighbourhood="Bodija")
        yoruba, hausa = CuisineFactory(), CuisineFactory(slug="hausa", name="Hausa")
        one.cuisines.add(yoruba)
        three.cuisines.add(yoruba)
        two.cuisines.add(hausa)
        one.amenities.add(generator)
        two.amenities.add(generator, parking)

        assert slugs(api, **asked) == found

    def test_the_nearest_first_and_how_far(self, api):
        RestaurantFactory(slug="far", name="A", latitude=6.60, longitude=3.40)
        RestaurantFactory(slug="near", name="B", latitude=6.52, longitude=3.40)
        RestaurantFactory(slug="corner", name="C", latitude=6.58, longitude=3.48)

        found = api.get(LISTED, {"near": "6.50,3.40", "within_km": "11.5"}).json()["results"]

        # The corner of the square is farther than its side.
        assert [(each["slug"], each["distance_km"]) for each in found] == [("near", 2.22), ("far", 11.12)]

    def test_open_at_goes_by_hours_special_days_and_past_midnight(self, api):
        day = tomorrow()
        ordinary, night, closed, feast = (
            RestaurantFactory(slug=slug, name=slug) for slug in ("ordinary", "night", "closed", "feast")
        )
        for restaurant, opens, closes in ((ordinary, 12, 22), (night, 18, 2), (closed, 12, 22), (feast, 12, 22)):
            for weekday in range(7):
                OpeningHours.objects.create(
                    restaurant=restaurant, weekday=weekday, opens=time(opens), closes=time(closes)
                )
        SpecialDay.objects.create(restaurant=closed, date=day, name="Eid", is_closed=True)
        special = SpecialDay.objects.create(restaurant=feast, date=day, name="Feast", is_closed=False)
        OpeningHours.objects.create(restaurant=feast, special_day=special, opens=time(8), closes=time(10))
        abroad = RestaurantFactory(slug="abroad", name="abroad", time_zone="Asia/Tokyo")
        OpeningHours.objects.create(restaurant=abroad, weekday=day.weekday(), opens=time(17), closes=time(18))

        assert slugs(api, open_at=at("13:00", day).isoformat()) == ["ordinary"]
        assert slugs(api, open_at=at("08:30", day).isoformat()) == ["feast"]
        assert slugs(api, open_at=at("01:00", day).isoformat()) == ["night"]
        assert slugs(api, open_at=at("21:00", day).isoformat()) == ["night", "ordinary"]
        assert slugs(api, open_at=datetime.combine(day, time(17, 30), ZoneInfo("Asia/Tokyo")).isoformat()) == [
            "abroad",
            "feast",
        ]
        assert api.get(LISTED, {"open_at": "now"}).status_code == 200

    def test_counts_are_over_all_that_was_found(self, api):
        kano = CityFactory(slug="kano", name="Kano", state="Kano")
        for _number in range(3):
            RestaurantFactory(price_band=2).cuisines.add(CuisineFactory())
        RestaurantFactory(city=kano)
        RestaurantFactory(city=kano, status=RestaurantStatus.DRAFT)

        body = api.get(LISTED, {"facets": "true", "limit": "1"}).json()

        assert body["facets"] == {
            "city": [
                {"value": "lagos", "name": "Lagos", "count": 3},
                {"value": "kano", "name": "Kano", "count": 1},
            ],
            "cuisine": [{"value": "yoruba", "name": "Yoruba", "count": 3}],
            "price_band": [{"value": "2", "name": "2", "count": 3}],
        }
        assert "facets" not in api.get(LISTED).json()

    @pytest.mark.parametrize(
        ("asked", "named"),
        [
            ({"near": "here"}, {"near"}),
            ({"near": "91,0"}, {"near"}),
            ({"near": "6.4"}, {"near"}),
            ({"near": "nan,nan"}, {"near"}),
            ({"within_km": "5"}, {"within_km"}),
            ({"near": "6.4,3.4", "within_km": "1e9"}, {"within_km"}),
            ({"city": "La gos"}, {"city"}),
            ({"city": "x" * 10_000}, {"city"}),
            ({"q": "a\0b"}, {"q"}),
            ({"q": "x" * 10_000}, {"q"}),
            ({"cuisine": "a;b"}, {"cuisine"}),
            ({"cuisine": ",".join(map(str, range(50)))}, {"cuisine"}),
            ({"price_band": "5"}, {"price_band"}),
            ({"bookable": "perhaps"}, {"bookable"}),
            ({"facets": "2"}, {"facets"}),
            ({"open_at": "2026-12-24T19:00:00"}, {"open_at"}),
            ({"limit": "0"}, {"limit"}),
            ({"limit": "101"}, {"limit"}),
            ({"cursor": "x"}, {"cursor"}),
            ({"party_size": "4"}, {"party_size"}),
            ({"time": "19:00"}, {"time"}),
            ({"date": "2026-12-24"}, {"party_size"}),
            ({"party_size": "0", "date": tomorrow().isoformat()}, {"party_size"}),
            ({"party_size": "-1", "date": tomorrow().isoformat()}, {"party_size"}),
            ({"party_size": "1000000000", "date": tomorrow().isoformat()}, {"party_size"}),
            ({"party_size": "four", "date": tomorrow().isoformat()}, {"party_size"}),
            ({"party_size": "2", "date": "24/12/2026"}, {"date"}),
            ({"party_size": "2", "date": "2026-02-30"}, {"date"}),
            ({"party_size": "2", "date": "2020-01-01"}, {"date"}),
            ({"party_size": "2", "date": "9999-12-31"}, {"date"}),
            ({"party_size": "2", "date": tomorrow().isoformat(), "time": "25:00"}, {"time"}),
            ({"party_size": "2", "starts_at": "2026-12-24T19:00:00"}, {"starts_at"}),
            ({"party_size": "2", "starts_at": "9999-12-31T19:00:00Z"}, {"starts_at"}),
            ({"limit": "x", "near": "y", "bookable": "z"}, {"limit", "near", "bookable"}),
        ],
    )
    def test_what_makes_no_sense_is_named(self, api, asked, named):
        assert set(problem(api.get(LISTED, asked))) == named

    def test_in_the_askers_language(self, api):
        english = problem(api.get(LISTED, {"bookable": "x"}))
        arabic = api.get(LISTED, {"near": "x", "bookable": "x"}, headers={"Accept-Language": "ar"})

        assert arabic["Content-Language"] == "ar"
        assert problem(arabic).keys() == {"near", "bookable"}
        assert english["bookable"]


class TestPages:
    def walk(self, api, asked, link="next"):
        seen, page = [], api.get(LISTED, asked).json()
        while True:
            seen.append([each["slug"] for each in page["results"]])
            if not page[link]:
                return seen, page
            page = api.get(page[link]).json()

    @pytest.mark.parametrize("asked", [{}, {"near": "6.51,3.37"}, {"bookable": "true", "q": "house"}])
    def test_every_restaurant_once_forwards_and_back(self, api, asked):
        for number in range(11):
            # Some share their name, and all of them their place.
            RestaurantFactory(slug=f"r{number}", name=f"House {number // 3}")

        pages, last = self.walk(api, {**asked, "limit": "4"})

        assert [len(page) for page in pages] == [4, 4, 3]
        assert len({slug for page in pages for slug in page}) == 11
        back = api.get(last["previous"]).json()
        assert [each["slug"] for each in back["results"]] == pages[1]
        assert [each["slug"] for each in api.get(back["previous"]).json()["results"]] == pages[0]

    def test_a_page_keeps_its_filters(self, api):
        for number in range(3):
            RestaurantFactory(price_band=number + 1)

        following = api.get(LISTED, {"limit": "1", "price_band": ["1", "2"]}).json()["next"]

        query = parse_qs(urlparse(following).query)
        assert (query["price_band"], query["limit"]) == (["1", "2"], ["1"])
        assert api.get(following).json()["next"] is None

    def test_a_cursor_of_another_order_is_refused(self, api):
        for _ in range(2):
            RestaurantFactory()
        by_name = parse_qs(urlparse(api.get(LISTED, {"limit": "1"}).json()["next"]).query)["cursor"][0]

        assert set(problem(api.get(LISTED, {"near": "6.5,3.4", "cursor": by_name}))) == {"cursor"}

    def test_free_ones_too(self, api):
        for number in range(5):
            house(slug=f"free{number}", name=f"House {number}")
        full = house(slug="full", name="House 2b", tables=(2,))
        book(full)
        asked = {"party_size": "2", "date": tomorrow().isoformat(), "time": "19:00", "limit": "2"}

        pages, last = self.walk(api, asked)

        assert [slug for page in pages for slug in page] == [f"free{number}" for number in range(5)]
        back = api.get(last["previous"]).json()
        assert [each["slug"] for each in back["results"]] == pages[-2]


class TestFree:
    def asked(self, **other):
        return {"party_size": "2", "date": tomorrow().isoformat(), "time": "19:00", **other}

    def test_only_houses_with_a_time_within_the_hour(self, api):
        house(slug="free")
        house(slug="full", tables=())
        house(slug="late", first_seating=time(20, 30), last_seating=time(22))
        RestaurantFactory(slug="listing", status=RestaurantStatus.LISTED)

        found = api.get(LISTED, self.asked()).json()["results"]

        assert [each["slug"] for each in found] == ["free"]
        starts = [slot["starts_at"] for slot in found[0]["free_slots"]]
        assert at("19:00").isoformat() in starts
        assert all(at("18:00") <= datetime.fromisoformat(start) <= at("20:00") for start in starts)
        assert found[0]["free_slots"][0]["areas"][0]["name"] == "Room"

    def test_at_any_time_of_the_day(self, api):
        house(slug="late", first_seating=time(20, 30), last_seating=time(22))

        assert slugs(api, party_size="2", date=tomorrow().isoformat()) == ["late"]

    def test_by_an_instant(self, api):
        house(slug="free")

        assert slugs(api, party_size="2", starts_at=at("19:00").astimezone(ZoneInfo("UTC")).isoformat()) == ["free"]
        assert slugs(api, party_size="2", starts_at=at("12:00").isoformat()) == []

    def test_after_midnight_belongs_to_the_night_before(self, api):
        house(slug="night", first_seating=time(22), last_seating=time(1))
        after_midnight = at("00:30", tomorrow() + timedelta(days=1))

        assert slugs(api, party_size="2", starts_at=after_midnight.isoformat()) == ["night"]
        assert slugs(api, **self.asked(time="00:30")) == ["night"]

    def test_a_table_just_taken_is_not_offered(self, api):
        restaurant = house(tables=(2,), first_seating=time(19), last_seating=time(19))
        assert slugs(api, **self.asked()) == [restaurant.slug]

        book(restaurant)

        assert slugs(api, **self.asked()) == []


class TestBudget:
    """The table of docs/performance: queries warm and cold."""

    def test_list(self, api, django_assert_num_queries):
        for _ in range(3):
            house().cuisines.add(CuisineFactory())
        hotcache.start_afresh()

        with django_assert_num_queries(1):
            first = api.get(LISTED, {"city": "lagos"})
        with django_assert_num_queries(0):
            second = api.get(LISTED, {"city": "lagos"})

        assert second.content == first.content

    def test_list_with_counts(self, api, django_assert_num_queries):
        house()

        with django_assert_num_queries(2):
            api.get(LISTED, {"facets": "true"})
        with django_assert_num_queries(0):
            api.get(LISTED, {"facets": "true"})

    def test_free_times_of_a_city(self, api, django_assert_num_queries):
        for _ in range(4):
            house()
        asked = {"city": "lagos", "party_size": "2", "date": tomorrow().isoformat(), "time": "19:00"}
        api.get(LISTED, asked)

        # What is taken, and the cards of the page: the order of the houses is kept.
        with django_assert_num_queries(2):
            assert len(api.get(LISTED, asked).json()["results"]) == 4

    def test_availability(self, api, django_assert_num_queries):
        restaurant = house()
        path = f"{LISTED}/{restaurant.public_id}/availability?date={tomorrow()}&party_size=2"
        api.get(path)

        with django_assert_num_queries(1):
            api.get(path)
        with django_assert_num_queries(1):
            api.get(f"{LISTED}/{restaurant.public_id}/availability?from={tomorrow()}&to={tomorrow()}&party_size=2")

    def test_a_signed_in_asker_costs_no_more(self, django_assert_num_queries):
        house()
        client = Client()
        client.force_login(UserFactory())
        client.get(LISTED)

        with django_assert_num_queries(0):
            answer = client.get(LISTED)

        assert "Cookie" not in answer["Vary"]


class TestKept:
    def test_what_was_seen_is_not_sent_again(self, api):
        house()
        first = api.get(LISTED)

        again = api.get(LISTED, headers={"If-None-Match": first["ETag"]})

        assert not first["ETag"].startswith("W/")
        assert (again.status_code, again.content) == (304, b"")

    def test_each_language_has_its_own(self, api):
        house(slug="x")
        english, hausa = (api.get(LISTED, headers={"Accept-Language": tag}) for tag in ("en", "ha"))

        assert english["ETag"] != hausa["ETag"]
        assert "Accept-Language" in english["Vary"]

    @pytest.mark.django_db(transaction=True)
    def test_a_change_is_seen(self, api):
        restaurant = RestaurantFactory(name="Old name")
        api.get(LISTED)

        restaurant.name = "New name"
        restaurant.save()

        assert api.get(LISTED).json()["results"][0]["name"] == "New name"

    def test_another_method_is_refused(self, api):
        answer = api.post(LISTED, {}, content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


class TestAvailability:
    def path(self, restaurant, **asked):
        query = "&".join(f"{name.rstrip('_')}={value}" for name, value in asked.items())
        return f"{LISTED}/{restaurant.public_id}/availability?{query}"

    def test_a_day(self, api):
        restaurant = house(tables=(2,), turn_minutes=90)
        book(restaurant, "19:00")

        body = api.get(self.path(restaurant, date=tomorrow(), party_size=2)).json()

        assert (body["restaurant"], body["date"], body["party_size"]) == (
            str(restaurant.public_id),
            tomorrow().isoformat(),
            2,
        )
        assert (body["closed"], body["bookable"], body["time_zone"]) == (False, True, "Africa/Lagos")
        slots = {slot["starts_at"]: slot for slot in body["slots"]}
        assert len(slots) == 13
        free, taken = slots[at("20:30").isoformat()], slots[at("19:00").isoformat()]
        area = restaurant.areas.get()
        assert free == {
            "starts_at": at("20:30").isoformat(),
            "ends_at": at("22:00").isoformat(),
            "shift": "Dinner",
            "areas": [{"id": str(area.public_id), "name": "Room"}],
            "available": True,
            "reason": None,
            "deposit": None,
            "minimum_spend": None,
        }
        assert (taken["available"], taken["reason"], taken["areas"]) == (False, "no_table", [])

    def test_what_is_offered_can_be_booked(self, api):
        restaurant = house()
        slot = api.get(self.path(restaurant, date=tomorrow(), party_size=4)).json()["slots"][0]
        ask = {
            "restaurant": str(restaurant.public_id),
            "starts_at": slot["starts_at"],
            "party_size": 4,
            "area": slot["areas"][0]["id"],
            "guest": {"name": "Ada", "phone": "08031234567"},
        }

        answer = api.post("/api/bookings", ask, content_type="application/json")

        assert (answer.status_code, answer.json()["starts_at"]) == (201, slot["starts_at"])

    def test_one_area(self, api):
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="O1", max_party=4)
        room = restaurant.areas.get(name="Room")

        def free(area):
            body = api.get(self.path(restaurant, date=tomorrow(), party_size=4, area=area.public_id)).json()
            return {(slot["available"], slot["reason"], len(slot["areas"])) for slot in body["slots"]}

        assert free(terrace) == {(True, None, 1)}
        assert free(room) == {(False, "no_table", 0)}

    def test_a_party_too_large_has_no_times_and_hears_why(self, api):
        restaurant = house(policy={"max_party_online": 4})

        body = api.get(self.path(restaurant, date=tomorrow(), party_size=5)).json()

        assert (body["slots"], body["reason"]) == ([], "party_too_large")
        assert "1 to 4" in body["note"]

    def test_a_closed_day_says_why(self, api):
        restaurant = house()
        SpecialDay.objects.create(restaurant=restaurant, date=tomorrow(), name="Eid", note="Back on Monday.")

        body = api.get(self.path(restaurant, date=tomorrow(), party_size=2)).json()

        assert (body["closed"], body["slots"]) == (True, [])
        assert (body["special_day"], body["note"]) == ({"name": "Eid", "note": "Back on Monday."}, "Back on Monday.")

    def test_a_deposit_is_named(self, api):
        restaurant = house(policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 4})

        body = api.get(self.path(restaurant, date=tomorrow(), party_size=4)).json()

        assert body["deposit"] == {"amount": "20000.00", "currency": "NGN"}

    def test_a_listing_has_none(self, api):
        restaurant = house(status=RestaurantStatus.LISTED)

        body = api.get(self.path(restaurant, date=tomorrow(), party_size=2)).json()

        assert (body["bookable"], body["slots"], body["reason"]) == (False, [], "not_bookable")

    def test_a_calendar(self, api):
        restaurant = house(tables=(2,), first_seating=time(18), last_seating=time(19), turn_minutes=300)
        book(restaurant, "18:00")
        last = tomorrow() + timedelta(days=2)
        SpecialDay.objects.create(restaurant=restaurant, date=last, name="Eid")

        body = api.get(self.path(restaurant, from_=tomorrow(), to=last, party_size=2)).json()

        days = body["days"]
        assert [(day["closed"], day["slots"], day["available"]) for day in days] == [
            (False, 5, 0),
            (False, 5, 5),
            (True, 0, 0),
        ]
        assert days[0]["first_at"] is None
        middle = tomorrow() + timedelta(days=1)
        assert (days[1]["first_at"], days[1]["last_at"]) == (
            at("18:00", middle).isoformat(),
            at("19:00", middle).isoformat(),
        )
        assert days[2]["special_day"]["name"] == "Eid"

    def test_an_own_hold_that_ran_out_is_free_again(self, api):
        restaurant = house(tables=(2,), first_seating=time(19), last_seating=time(19))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=Actor.diner(None))
        path = self.path(restaurant, date=tomorrow(), party_size=2)
        assert api.get(path).json()["slots"][0]["available"] is False

        past = datetime.now(LAGOS) - timedelta(seconds=1)
        Booking.objects.filter(pk=hold.pk).update(hold_expires_at=past)
        hold.allocations.update(expires_at=past)

        assert api.get(path).json()["slots"][0]["available"] is True

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("", {"party_size", "date"}),
            ("date=T", {"party_size"}),
            ("party_size=2", {"date"}),
            ("party_size=0&date=T", {"party_size"}),
            ("party_size=-1&date=T", {"party_size"}),
            ("party_size=1000000000&date=T", {"party_size"}),
            ("party_size=four&date=T", {"party_size"}),
            ("party_size=2&date=2020-01-01", {"date"}),
            ("party_size=2&date=9999-12-31", {"date"}),
            ("party_size=2&date=tomorrow", {"date"}),
            ("party_size=2&date=T&area=x", {"area"}),
            ("party_size=2&date=T&area=5d8a4d0e-2f6b-4a57-9d6c-0c3f6f2b7a11", {"area"}),
            ("party_size=2&date=T&from=T&to=T", {"date"}),
            ("party_size=2&from=T", {"to"}),
            ("party_size=2&to=T", {"from"}),
            ("party_size=2&from=T&to=L", {"to"}),
            ("party_size=2&from=N&to=T", {"to"}),
        ],
    )
    def test_what_makes_no_sense_is_named(self, api, query, named):
        days = {"T": tomorrow(), "L": tomorrow() + timedelta(days=31), "N": tomorrow() + timedelta(days=1)}
        for letter, day in days.items():
            query = query.replace(f"={letter}", f"={day}")

        answer = api.get(f"{LISTED}/{house().public_id}/availability?{query}")

        assert set(problem(answer)) == named

    def test_an_unknown_or_hidden_house_is_not_there(self, api):
        hidden = house(status=RestaurantStatus.DRAFT)
        closed = house()
        path = self.path(closed, date=tomorrow(), party_size=2)
        assert api.get(path).status_code == 200
        Restaurant.objects.filter(pk=closed.pk).update(status=RestaurantStatus.CLOSED, plan_version=99)

        for asked in (
            self.path(hidden, date=tomorrow(), party_size=2),
            path,
            f"{LISTED}/5d8a4d0e-2f6b-4a57-9d6c-0c3f6f2b7a11/availability?date={tomorrow()}&party_size=2",
            f"{LISTED}/iya-moria/availability",
        ):
            answer = api.get(asked)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_a_change_of_the_house_is_seen_at_once(self, api):
        restaurant = house(tables=(2,))
        path = self.path(restaurant, date=tomorrow(), party_size=4)
        assert api.get(path).json()["slots"] == []

        TableFactory(restaurant=restaurant, area=restaurant.areas.get(), max_party=6)

        assert api.get(path).json()["slots"][0]["available"] is True
