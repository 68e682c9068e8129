"""The pages on which a diner finds a restaurant: what they say, what they refuse, how often they ask the database."""

import json
import re
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from bookings import discovery
from bookings.discovery import Wish, find
from bookings.services import Actor
from bookings.tests.factories import LAGOS, at, book, tomorrow
from bookings.times import times_of
from core.testing import start_afresh
from restaurants.models import OpeningHours, SpecialDay
from restaurants.selectors import Search
from restaurants.services import refresh_search_text
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import (
    AreaFactory,
    CityFactory,
    CuisineFactory,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    RestaurantFactory,
    TableFactory,
    house,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def text_of(response) -> str:
    bare = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare))


def search(client, headers=None, **asked):
    return client.get("/en/search/", asked, headers=headers)


def names_on(response) -> list[str]:
    return re.findall(r'class="r-card__name"><a href="[^"]*"><bdi>([^<]*)', response.content.decode())


def times_on(response) -> list[str]:
    """Return the starts that can be booked on a page, as the clock at the restaurant shows them."""
    links = re.findall(r'href="(/en/r/[^"]*/book/\?[^"]*)"', response.content.decode().replace("&amp;", "&"))
    starts = [parse_qs(urlsplit(link).query)["starts_at"][0] for link in links]
    return [datetime.fromisoformat(start).astimezone(LAGOS).strftime("%H:%M") for start in starts]


def listing(name="Mama Put", **fields):
    fields = {"source": "osm", "source_ref": f"node/{uuid4().int % 10**9}", **fields}
    return RestaurantFactory(name=name, status=RestaurantStatus.LISTED, **fields)


class TestHome:
    # Between seven and the last call, today's evening has begun.
    @time_machine.travel(at("12:00"))
    def test_invites_to_tables_that_are_free_in_the_coming_evening(self, client):
        house(name="Suya Spot", tables=(2,))
        full = house(name="Fully Booked", tables=(2,), first_seating=time(19), last_seating=time(19))
        evening, _is_today = discovery.coming_evening(timezone.now())
        book(full, starts_at=at("19:00", evening), by=Actor.staff(UserFactory()))

        response = client.get("/en/")

        assert response.status_code == 200
        assert names_on(response) == ["Suya Spot"]
        assert len(times_on(response)) == 3

    def test_counts_the_places_of_each_city(self, client):
        house(name="Suya Spot")
        listing()
        listing("Kano Tea", city=CityFactory(slug="kano", name="Kano", state="Kano"))

        page = text_of(client.get("/en/"))

        assert "Lagos 2 places · 1 to book" in page
        assert "Kano 1 place " in page

    def test_asks_the_database_a_fixed_number_of_times(self, client, django_assert_max_num_queries):
        for number in range(8):
            house(name=f"House number {number}")

        with CaptureQueriesContext(connection) as cold:
            client.get("/en/")
        assert len(cold) <= 14, [query["sql"][:80] for query in cold]
        with django_assert_max_num_queries(1):
            client.get("/en/")

    def test_names_the_feast_that_is_near(self, client, monkeypatch):
        assert discovery.feast_ahead(date(2026, 12, 1)).slug == "detty-december"
        assert discovery.feast_ahead(date(2026, 7, 1)) is None

        monkeypatch.setattr("bookings.views.discovery._today", lambda: date(2026, 12, 1))

        assert "Detty December From Thursday, 10 December 2026" in text_of(client.get("/en/"))


class TestSearch:
    def test_finds_by_words_without_their_marks(self, client):
        eaten = house(name="Iya Ẹ̀gúsí")
        house(name="Suya Spot")
        refresh_search_text(eaten.pk)

        assert names_on(search(client, q="egus")) == ["Iya Ẹ̀gúsí"]
        assert names_on(search(client, q="ẸGUSI")) == ["Iya Ẹ̀gúsí"]

    def test_narrows_by_place_kitchen_and_price(self, client):
        abuja = CityFactory(slug="abuja", name="Abuja", state="FCT")
        yaba = house(name="Yaba Grill", price_band=1, neighbourhood="Yaba")
        house(name="Ikoyi Grill", price_band=4, neighbourhood="Ikoyi")
        house(name="Wuse Grill", price_band=4, city=abuja, neighbourhood="Wuse 2")
        yaba.cuisines.add(CuisineFactory(slug="suya", name="Suya"))
        start_afresh()

        assert names_on(search(client, city="abuja")) == ["Wuse Grill"]
        assert names_on(search(client, city="lagos", neighbourhood="Ikoyi")) == ["Ikoyi Grill"]
        assert names_on(search(client, price=["4"])) == ["Ikoyi Grill", "Wuse Grill"]
        assert names_on(search(client, price=["1", "4"], cuisine=["suya"])) == ["Yaba Grill"]

    def test_forgets_the_neighbourhood_of_a_city_that_was_left(self, client):
        house(name="Yaba Grill", neighbourhood="Yaba")
        house(name="Wuse Grill", neighbourhood="Wuse 2", city=CityFactory(slug="abuja", name="Abuja", state="FCT"))

        assert names_on(search(client, city="abuja", neighbourhood="Yaba")) == ["Wuse Grill"]

    def test_shows_only_houses_with_a_table_within_the_hour_and_five_of_their_times(self, client):
        house(name="Free", tables=(2, 4))
        full = house(name="Full", tables=(2,), first_seating=time(19), last_seating=time(19))
        house(name="Early", first_seating=time(12), last_seating=time(15))
        listing()
        book(full, "19:00")

        response = search(client, date=tomorrow(), time="19:00", party="2")

        assert names_on(response) == ["Free"]
        assert times_on(response) == ["18:30", "18:45", "19:00", "19:15", "19:30"]
        assert "Show also places without a free table then" in text_of(response)

    def test_an_hour_after_midnight_belongs_to_the_night_before(self, client):
        house(name="Late", first_seating=time(22), last_seating=time(1))

        response = search(client, date=tomorrow(), time="00:30")

        assert "00:30" in times_on(response)
        assert f"starts_at={tomorrow() + timedelta(days=1)}T00%3A30" in response.content.decode()

    def test_without_a_clock_time_any_of_the_day_will_do(self, client):
        house(name="Early", first_seating=time(12), last_seating=time(13))

        assert times_on(search(client, date=tomorrow())) == ["12:00", "12:15", "12:30", "12:45", "13:00"]

    def test_puts_listings_last_marked_and_with_their_source(self, client):
        listing("A place of nobody's", attribution="© OpenStreetMap contributors")
        house(name="Zobo House")

        response = search(client)

        assert names_on(response) == ["Zobo House", "A place of nobody&#x27;s"]
        page = text_of(response)
        assert "Unverified listing" in page
        assert "© OpenStreetMap contributors" in page
        assert "https://www.openstreetmap.org/copyright" in response.content.decode()
        assert "/claim/" in response.content.decode()

    def test_hides_what_is_not_public(self, client):
        house(name="Drafted", status=RestaurantStatus.DRAFT)
        house(name="Gone", status=RestaurantStatus.CLOSED)

        assert names_on(search(client)) == []

    def test_suggests_what_to_leave_out_when_nothing_is_found(self, client):
        house(name="Suya Spot", neighbourhood="Yaba")

        response = search(client, q="zzzz", city="lagos", date=tomorrow(), time="19:00")

        assert response.status_code == 200
        page = text_of(response)
        assert "No table fits that, yet" in page
        for words in ("Without “zzzz”", "Without Lagos", "Any time that day", "The day after"):
            assert words in page

    @pytest.mark.parametrize(
        ("field", "typed", "said"),
        [
            ("party", "0", "Write a number of people from 1 to 99."),
            ("party", "-1", "Write a number of people from 1 to 99."),
            ("party", "1000000000", "Write a number of people from 1 to 99."),
            ("party", "four", "“four” is not a number of people"),
            ("party", "9" * 5000, "is not a number of people"),
            ("date", "2020-01-01", "That day has passed"),
            ("date", "9999-12-31", "That is too far ahead"),
            ("date", "99999-01-01", "“99999-01-01” is not a day"),
            ("date", "soon\0", "is not a day"),
            ("time", "half past", "“half past” is not a time"),
            ("time", "25:61", "“25:61” is not a time"),
            ("city", "atlantis", "We know no restaurants in “atlantis” yet"),
            ("neighbourhood", "Nowhere", "We know no neighbourhood “Nowhere”"),
            ("cuisine", "martian", "We know no cuisine “martian”"),
            ("price", "9", "There is no price band “9”"),
            ("price", "x", "There is no price band “x”"),
            ("q", "a\0b", "This contains a null character"),
            ("q", "x" * 10_000, "This is too long: at most 120 characters fit."),
        ],
    )
    def test_says_at_the_field_what_it_does_not_understand(self, client, field, typed, said):
        house(name="Suya Spot")

        response = search(client, **{field: typed})

        assert response.status_code == 422
        assert said in text_of(response)
        assert f'id="search-{field}_error"' in response.content.decode()
        assert names_on(response) == []

    @pytest.mark.parametrize("typed", ["four", "0"])
    def test_keeps_what_was_typed(self, client, typed):
        response = search(client, party=typed, q="suya")

        assert f'value="{typed}"' in response.content.decode()
        assert 'value="suya"' in response.content.decode()

    @pytest.mark.parametrize(
        "text", ["🍲🔥", "\u202esuya\u202c", "ẹ̀gúsí", "' OR 1=1 --", "& | ! ( ) : *", "<script>", "%"]
    )
    def test_looks_for_anything_people_type(self, client, text):
        house(name="Suya Spot")

        response = search(client, q=text)

        assert response.status_code == 200
        assert "<script>&" not in response.content.decode()

    def test_takes_a_broken_cursor_for_the_first_page(self, client):
        house(name="Suya Spot")

        for cursor in ("x", "x" * 10_000, "\0", "WzAsIkEiLDEsMF0:1abc:forged"):
            assert names_on(search(client, page=cursor)) == ["Suya Spot"]

    @pytest.mark.parametrize("count", [3, 18])
    def test_asks_as_often_for_many_as_for_few(self, client, count, django_assert_num_queries):
        for number in range(count):
            restaurant = house(name=f"House number {number:02}")
            restaurant.cuisines.add(CuisineFactory())
        when = {"date": tomorrow(), "time": "19:00", "party": "2"}
        search(client, **when)

        with django_assert_num_queries(1):
            assert len(names_on(search(client))) == count
        with django_assert_num_queries(3):
            assert len(names_on(search(client, **when))) == count

    def test_answers_htmx_with_the_list_and_the_address_it_has(self, client):
        house(name="Suya Spot")

        response = search(client, headers={**HTMX, "HX-Target": "results"}, q="suya", party="", city="")

        body = response.content.decode()
        assert "<html" not in body
        assert body.lstrip().startswith('<section class="results')
        assert 'id="search-neighbourhood-box" hx-swap-oob="true"' in body
        assert response["HX-Push-Url"] == "/en/search/?q=suya"
        assert "HX-Request" in response["Vary"]

    def test_answers_htmx_with_the_form_when_it_must_say_something_there(self, client):
        refused = search(client, headers={**HTMX, "HX-Target": "results"}, party="four")
        mended = search(client, headers={**HTMX, "HX-Target": "results"}, party="4", refused="1")

        for response, status in ((refused, 422), (mended, 200)):
            assert response.status_code == status
            assert response["HX-Retarget"] == "#search"
            assert 'id="search-form"' in response.content.decode()
        assert "search-party_error" not in mended.content.decode()
        assert mended["HX-Push-Url"] == "/en/search/?party=4"


class TestPages:
    def test_follow_each_other_without_a_gap_and_back(self):
        for number in range(25):
            house(name=f"House {number:02}")
        for number in range(20):
            listing(f"A listing {number:02}")

        names, cursor, pages = [], "", []
        while True:
            page = find(Search(), cursor=cursor)
            pages.append([card.restaurant.name for card in page.cards])
            names += pages[-1]
            if not page.next_cursor:
                break
            cursor = page.next_cursor
        back = find(Search(), cursor=page.previous_cursor)

        assert [len(each) for each in pages] == [20, 20, 5]
        assert names == [f"House {number:02}" for number in range(25)] + [f"A listing {n:02}" for n in range(20)]
        assert [card.restaurant.name for card in back.cards] == pages[1]
        assert back.next_cursor
        assert find(Search(), cursor=back.previous_cursor).previous_cursor == ""

    def test_follow_each_other_among_the_free(self):
        for number in range(23):
            house(name=f"House {number:02}")
        wish = Wish(tomorrow(), 2, time(19))

        first = find(Search(), wish)
        second = find(Search(), wish, cursor=first.next_cursor)

        assert len(first.cards) == 20
        assert [card.restaurant.name for card in second.cards] == ["House 20", "House 21", "House 22"]
        assert second.next_cursor == ""
        assert [card.restaurant.pk for card in find(Search(), wish, cursor=second.previous_cursor).cards] == [
            card.restaurant.pk for card in first.cards
        ]


class TestRestaurantPage:
    def page(self, client, restaurant, **asked):
        return client.get(reverse("bookings:restaurant", args=[restaurant.slug]), asked)

    def test_shows_the_house(self, client):
        restaurant = house(
            name="Suya Spot",
            price_band=2,
            phone="+2348031234567",
            street="3 Creekwalk Lane",
            landmark="Behind the old jetty",
            house_rules="Cakes are welcome.",
            policy={"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 6, "grace_minutes": 25},
        )
        section = MenuSectionFactory(menu=MenuFactory(restaurant=restaurant), name="Soups")
        dish = DishFactory(
            section=section,
            name="Egusi soup",
            slug="egusi-soup",
            other_names={"yo": "ẹ̀gúsí"},
            allergens=["fish"],
            removable_allergens=["crustacean"],
            is_finished=True,
            heat=2,
        )
        DishPriceFactory(dish=dish, kobo=980_000)
        start_afresh()

        response = self.page(client, restaurant)

        page, html = text_of(response), response.content.decode()
        for words in (
            "3 Creekwalk Lane, Yaba, Lagos",
            "Behind the old jetty",
            "0803 123 4567",
            "Cakes are welcome.",
            "deposit of ₦10,000 a head",
            "kept for 25 minutes",
            "Egusi soup ẹ̀gúsí",
            "It's finished",
            "₦9,800",
            "Contains: Fish or stockfish",
            "Can be left out: Crustacean (crayfish, prawn)",
        ):
            assert words in page, words
        assert '<bdi class="dish__gloss" lang="yo">ẹ̀gúsí</bdi>' in html
        assert 'aria-label="Heat 2 of 3"' in html
        assert f'data-live-url="/ws/restaurants/{restaurant.public_id}/availability"' in html
        assert "geo:6.51000,3.37000" in html

    def test_describes_itself_to_machines(self, client):
        restaurant = house(name="Suya </script> & Co", slug="suya-co", price_band=2, phone="+2348031234567")
        restaurant.cuisines.add(CuisineFactory(slug="suya", name="Suya"))

        html = self.page(client, restaurant, date=tomorrow()).content.decode()

        data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)[1])
        assert data["@type"] == "Restaurant"
        assert data["name"] == "Suya </script> & Co"
        assert data["acceptsReservations"] is True
        assert data["priceRange"] == "₦₦"
        assert data["servesCuisine"] == ["Suya"]
        assert data["geo"]["latitude"] == 6.51
        assert data["image"] == "http://testserver/art/og/suya-co.png"
        assert {
            "@type": "OpeningHoursSpecification",
            "opens": "12:00",
            "closes": "23:00",
            "dayOfWeek": "https://schema.org/Monday",
        } in data["openingHoursSpecification"]
        assert '<link rel="canonical" href="http://testserver/en/r/suya-co/">' in html
        assert '<link rel="alternate" hreflang="zh-Hans" href="http://testserver/zh-hans/r/suya-co/">' in html
        assert '<meta property="og:image" content="http://testserver/art/og/suya-co.png">' in html

    def test_says_which_times_are_free_and_which_are_full(self, client):
        restaurant = house(tables=(2,), first_seating=time(18), last_seating=time(21), turn_minutes=60)
        book(restaurant, "19:00")

        response = self.page(client, restaurant, date=tomorrow(), party="2")

        assert times_on(response) == ["18:00", "20:00", "20:15", "20:30", "20:45", "21:00"]
        assert response.content.decode().count("slot--full") == 7
        assert "6 free times on" in text_of(response)

    def test_offers_only_the_times_of_the_area_that_is_wanted(self, client):
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        table = TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=2)
        book(restaurant, "19:00")
        free = times_of(restaurant.pk, tomorrow(), 2)
        there = times_of(restaurant.pk, tomorrow(), 2, area=terrace.public_id)

        response = self.page(client, restaurant, date=tomorrow(), area=str(terrace.public_id))

        assert (free.free, there.free) == (13, 13)
        assert f"area={terrace.public_id}" in response.content.decode()
        table.is_active = False
        table.save()
        assert times_of(restaurant.pk, tomorrow(), 2, area=terrace.public_id).free == 0

    def test_shows_the_nearest_days_when_the_wanted_one_is_full(self, client):
        restaurant = house(tables=(2,), first_seating=time(19), last_seating=time(19))
        book(restaurant, "19:00")

        times = times_of(restaurant.pk, tomorrow(), 2)
        page = text_of(self.page(client, restaurant, date=tomorrow()))

        assert "Every table for 2 is taken on" in page
        assert "The next days with a free table" in page
        assert tomorrow() not in [day for day, _free in times.other_days]
        assert tomorrow() + timedelta(days=1) in [day for day, _free in times.other_days]

    def test_says_why_a_day_has_no_times(self, client):
        restaurant = house(phone="+2348031234567", policy={"max_party_online": 4, "window_days": 30})
        SpecialDay.objects.create(restaurant=restaurant, date=tomorrow(), name="Sallah", note="Back on Friday.")

        closed = text_of(self.page(client, restaurant, date=tomorrow()))
        too_large = text_of(self.page(client, restaurant, party="9"))
        too_far = text_of(self.page(client, restaurant, date=tomorrow() + timedelta(days=40)))

        assert ": Sallah. Back on Friday." in closed
        assert "takes parties of 1 to 4" in too_large
        assert "Call 0803 123 4567" in too_large
        assert "at most 30 days ahead" in too_far

    @pytest.mark.parametrize(
        ("field", "typed"), [("party", "four"), ("party", "0"), ("date", "9999-12-31"), ("area", "x"), ("area", "\0")]
    )
    def test_says_at_the_field_what_it_does_not_understand(self, client, field, typed):
        restaurant = house()
        AreaFactory(restaurant=restaurant, name="Terrace")

        for name in ("bookings:restaurant", "bookings:slots"):
            response = client.get(reverse(name, args=[restaurant.slug]), {field: typed})

            assert response.status_code == 200
            assert f'id="times-{field}_error"' in response.content.decode()

    def test_marks_today_and_tells_of_nights_past_midnight(self, client):
        restaurant = house()
        OpeningHours.objects.filter(restaurant=restaurant).update(opens=time(16), closes=time(2))
        restaurant.save()

        page = text_of(self.page(client, restaurant))

        assert page.count(" · today") == 1
        assert page.count("4:00 pm – 2:00 am") == 7

    def test_an_unverified_listing_has_no_times_but_a_way_to_claim_it(self, client):
        restaurant = listing(attribution="© OpenStreetMap contributors")

        response = self.page(client, restaurant)

        html = response.content.decode()
        assert 'id="times"' not in html
        assert "data-live-url" not in html
        assert f"/en/r/{restaurant.slug}/claim/" in html
        assert "© OpenStreetMap contributors" in html
        assert client.get(reverse("bookings:slots", args=[restaurant.slug])).status_code == 404

    def test_a_house_that_is_not_public_is_not_there(self, client):
        assert self.page(client, house(status=RestaurantStatus.DRAFT)).status_code == 404
        assert client.get("/en/r/nobody/").status_code == 404

    @pytest.mark.parametrize("dishes", [1, 30])
    def test_asks_as_often_for_a_long_menu_as_for_a_short_one(self, client, dishes, django_assert_max_num_queries):
        restaurant = house()
        section = MenuSectionFactory(menu=MenuFactory(restaurant=restaurant))
        for number in range(dishes):
            DishPriceFactory(dish=DishFactory(section=section, name=f"Dish {number}"))
        start_afresh()
        self.page(client, restaurant)

        # One of them asks for the events of the house.
        with django_assert_max_num_queries(8):
            self.page(client, restaurant, date=tomorrow())

    def test_the_times_alone_are_a_fragment_and_a_page(self, client):
        restaurant = house()
        address = reverse("bookings:slots", args=[restaurant.slug])

        fragment = client.get(address, {"date": tomorrow()}, headers={**HTMX, "HX-Target": "times"})
        whole = client.get(address, {"date": tomorrow()})

        assert "<html" not in fragment.content.decode()
        assert "<html" in whole.content.decode()
        assert fragment["Cache-Control"] == "no-store"
        assert len(times_on(fragment)) == len(times_on(whole)) == 13


class TestWords:
    def test_are_in_every_language(self, client):
        restaurant = house(name="Suya Spot")

        for code in ("en", "ha", "yo", "ig", "fr", "ar", "es", "de", "zh-hans", "ja"):
            for path in ("", "search/", f"search/?date={tomorrow()}", f"r/{restaurant.slug}/?date={tomorrow()}"):
                response = client.get(f"/{code}/{path}")
                assert response.status_code == 200, (code, path)
        arabic = client.get(f"/ar/r/{restaurant.slug}/").content.decode()
        assert '<html lang="ar" dir="rtl">' in arabic


class TestMachines:
    def test_robots_lead_to_the_sitemap(self, client):
        lines = client.get("/robots.txt").content.decode().splitlines()

        assert "Sitemap: http://testserver/sitemap.xml" in lines
        assert "Disallow: /admin/" in lines
        assert "Disallow: /ha/bookings/" in lines

    def test_the_sitemap_has_every_public_house_in_every_language(self, client, django_assert_max_num_queries):
        house(slug="suya-spot")
        listing(slug="mama-put")
        house(slug="drafted", status=RestaurantStatus.DRAFT)

        index = client.get("/sitemap.xml").content.decode()
        with django_assert_max_num_queries(1):
            section = client.get("/sitemap-restaurants.xml")

        assert "http://testserver/sitemap-restaurants.xml" in index
        tree = ElementTree.fromstring(section.content)
        found = [place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
        assert len(found) == 20
        assert "http://testserver/zh-hans/r/mama-put/" in found
        assert not any("drafted" in place for place in found)

    def test_the_manifest_can_be_installed(self, client):
        response = client.get("/manifest.webmanifest", headers={"Accept-Language": "ar"})

        manifest = json.loads(response.content)
        assert response["Content-Type"] == "application/manifest+json"
        assert manifest["start_url"] == "/ar/"
        assert manifest["dir"] == "rtl"
        assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}

    def test_the_favicon_is_found_where_browsers_guess_it(self, client):
        assert client.get("/favicon.ico")["Location"].endswith("buka-32.png")


def test_a_past_evening_is_not_offered():
    now = timezone.now().astimezone(LAGOS).replace(hour=22, minute=15)
    house(name="Suya Spot")

    evening = discovery.evening_ahead(now=now)

    assert not evening.is_today
    assert evening.day == now.date() + timedelta(days=1)
