"""A diner finds a restaurant and its free times, in a real browser on a phone."""

import gzip
import re
import urllib.request
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.tests.factories import UserFactory
from bookings.tests.factories import book, tomorrow
from restaurants.models import Restaurant
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
from tests.browser.looking import barriers, too_wide, watched

pytestmark = pytest.mark.browser

LANGUAGES = ["en", "ar"]


@pytest.fixture
def suya_spot(transactional_db: None) -> Iterator[Restaurant]:
    """One table for two, with a menu of all that a dish can say of itself."""
    restaurant = house(
        name="Suya Spot",
        slug="suya-spot",
        tables=(2,),
        price_band=2,
        phone="+2342010000001",
        landmark="Opposite the filling station",
        house_rules="Cakes are welcome.",
    )
    restaurant.cuisines.add(CuisineFactory(slug="suya", name="Suya"))
    section = MenuSectionFactory(menu=MenuFactory(restaurant=restaurant))
    dish = DishFactory(
        section=section,
        name="Egusi soup",
        slug="egusi-soup",
        course="soup",
        other_names={"yo": "ẹ̀gúsí"},
        allergens=["fish"],
        removable_allergens=["crustacean"],
        heat=2,
    )
    DishPriceFactory(dish=dish)
    RestaurantFactory(
        name="Mama Put", slug="mama-put", status=RestaurantStatus.LISTED, source="osm", source_ref="node/1"
    )
    yield restaurant


def pages(day: date) -> dict[str, str]:
    return {
        "home": "/",
        "search": f"/search/?q=suya&date={day}&time=19:00&party=2",
        "listings": "/search/?q=mama",
        "nothing": "/search/?q=zzzz",
        "refused": "/search/?party=four&cuisine=none",
        "restaurant": f"/r/suya-spot/?date={day}",
        "too large": "/r/suya-spot/?party=19",
        "listing": "/r/mama-put/",
    }


class TestEveryPage:
    @pytest.mark.parametrize(
        ("language", "scheme"), [("en", "light"), pytest.param("ar", "dark", marks=pytest.mark.long)]
    )
    def test_has_no_barriers_and_fits_a_phone(
        self, page: Any, buka_server: str, suya_spot: Restaurant, language: str, scheme: str
    ) -> None:
        page.emulate_media(color_scheme=scheme)
        found: dict[str, Any] = {}

        for name, path in pages(tomorrow()).items():
            page.goto(f"{buka_server}/{language}{path}", wait_until="networkidle")
            found[name] = barriers(page), too_wide(page)

        assert found == {name: ([], 0) for name in found}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_has_no_barriers_for_an_owner_who_claims_a_listing(
        self, page: Any, buka_server: str, suya_spot: Restaurant, client: Client, language: str
    ) -> None:
        client.force_login(UserFactory())
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": buka_server}])

        page.goto(f"{buka_server}/{language}/r/mama-put/claim/")
        empty = barriers(page), too_wide(page)
        page.locator("main form button").click()
        page.locator("#claim-job_error").wait_for()
        refused = barriers(page), too_wide(page)

        assert (empty, refused) == (([], 0), ([], 0))

    def test_keeps_what_it_promised_the_browser(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        with watched(page, buka_server):
            for name, path in pages(tomorrow()).items():
                if name == "refused":
                    continue  # the browser itself writes its 422 to the console
                page.goto(f"{buka_server}/en{path}", wait_until="networkidle")


class TestTheWayToATime:
    def test_leads_from_the_search_to_the_booking(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(f"{buka_server}/en/")
        page.get_by_label("Restaurant, dish or landmark").fill("ẸGUSI")
        page.get_by_label("Day", exact=True).fill(tomorrow().isoformat())
        page.get_by_label("Time", exact=True).select_option("19:00")
        page.get_by_role("button", name="Find a table").click()

        page.get_by_role("link", name="Suya Spot").click()
        page.locator("#times").get_by_role("link", name="7:00 pm").first.click()

        page.wait_for_url(re.compile(r"/en/r/suya-spot/book/\?starts_at=.*T19%3A00.*&party=2"))

    def test_refines_the_list_without_leaving_the_page(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        page.goto(f"{buka_server}/en/search/")
        page.evaluate("() => { window.stayed = true }")
        assert page.get_by_role("link", name="Mama Put").is_visible()

        page.get_by_label("Restaurant, dish or landmark").fill("suya")
        page.get_by_label("People", exact=True).click()

        page.get_by_role("heading", name="Mama Put").wait_for(state="detached")
        assert page.get_by_role("link", name="Suya Spot").is_visible()
        assert page.url.endswith("?q=suya")
        assert page.evaluate("() => window.stayed")

    def test_says_at_the_field_what_is_wrong_and_goes_on_when_it_is_mended(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        page.goto(f"{buka_server}/en/search/")
        people = page.get_by_label("People", exact=True)
        people.fill("four")
        page.get_by_role("button", name="Find a table").click()
        page.locator("#search-party_error").wait_for()
        assert page.get_by_label("People", exact=True).input_value() == "four"

        page.get_by_label("People", exact=True).fill("4")
        page.get_by_role("button", name="Find a table").click()

        page.locator("#search-party_error").wait_for(state="detached")
        assert page.get_by_role("link", name="Mama Put").is_visible()

    def test_works_without_scripts(self, browser: Any, buka_server: str, suya_spot: Restaurant) -> None:
        context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
        page = context.new_page()

        page.goto(f"{buka_server}/en/r/suya-spot/")
        page.get_by_label("Day", exact=True).fill(tomorrow().isoformat())
        page.get_by_role("button", name="Show times").click()
        page.get_by_role("link", name="6:00 pm").click()

        assert "/en/r/suya-spot/book/" in page.url
        context.close()


class TestAnOpenPage:
    def test_shows_that_a_table_went_without_being_reloaded(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        with page.expect_websocket() as opened:
            page.goto(f"{buka_server}/en/r/suya-spot/?date={tomorrow()}", wait_until="networkidle")
        assert opened.value.url.endswith(f"/ws/restaurants/{suya_spot.public_id}/availability")
        assert page.locator("#times").get_by_role("link", name="7:00 pm").count() == 1
        page.evaluate("() => { window.stayed = true }")

        book(suya_spot, "19:00")

        full = page.locator("#times .slot--full", has_text="7:00 pm")
        full.wait_for()
        assert "Full" in full.inner_text()
        assert page.evaluate("() => window.stayed")

    def test_keeps_the_day_that_was_chosen_on_it(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(f"{buka_server}/en/r/suya-spot/", wait_until="networkidle")
        page.get_by_label("Day", exact=True).fill(tomorrow().isoformat())
        page.locator(f"#day-{tomorrow()}[aria-current]").wait_for()

        book(suya_spot, "19:00")

        page.locator("#times .slot--full", has_text="7:00 pm").wait_for()
        assert page.get_by_label("Day", exact=True).input_value() == tomorrow().isoformat()


class TestWeight:
    MOST_BYTES = 100 * 1024

    def test_of_the_first_view_of_a_restaurant(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        """Everything the browser fetches for the first view, as it comes over the wire, compressed as in production."""
        section = suya_spot.menus.get().sections.get()
        for number in range(40):
            DishFactory(section=section, name=f"Native soup {number}", slug=f"native-soup-{number}", course="soup")
        fetched: list[str] = []
        page.on("response", lambda response: fetched.append(response.url))
        page.goto(f"{buka_server}/en/r/suya-spot/", wait_until="networkidle")
        lazy = set(page.eval_on_selector_all("img[loading=lazy]", "images => images.map(image => image.src)"))

        weights = {url: _on_the_wire(url) for url in dict.fromkeys(fetched) if url not in lazy}

        total = sum(weights.values())
        assert total <= self.MOST_BYTES, f"{total:,} bytes: {weights}"
        assert any(url.endswith(".css") for url in weights)
        assert total > 20_000, weights


def _on_the_wire(url: str) -> int:
    static = re.search(r"/static/(.+)$", url)
    if static:
        # Tests serve static files plain; production sends what is compressed when they are collected.
        found = finders.find(static[1])
        body = Path(str(found)).read_bytes()
        return len(body) if static[1].endswith((".woff2", ".png")) else min(len(body), len(gzip.compress(body, 9)))
    request = urllib.request.Request(urljoin(url, url), headers={"Accept-Encoding": "gzip"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return len(answer.read()) + len(str(answer.headers))


PAGE_OF_OTHERS = (
    "<!doctype html><html lang=en><title>Suya Spot</title><h1>Suya Spot</h1>"
    "<script src='%s/widget.js' data-restaurant=suya-spot data-title=Times async></script>"
)


class SomebodyElses(BaseHTTPRequestHandler):
    """A restaurant's own site."""

    buka = ""

    def do_GET(self) -> None:
        body = (PAGE_OF_OTHERS % self.buka).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def other_site(buka_server: str) -> Iterator[str]:
    handler = type("Site", (SomebodyElses,), {"buka": buka_server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_the_widget_stands_in_a_page_of_somebody_elses(page: Any, other_site: str, suya_spot: Restaurant) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(other_site)
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Show times").wait_for()
    page.wait_for_function("document.querySelector('iframe').style.height !== '28rem'")
    inner = page.frames[1]
    assert (barriers(inner), too_wide(inner)) == ([], 0)

    with page.context.expect_page() as opened:
        frame.locator("li a").first.click()

    opened.value.wait_for_url("**/r/suya-spot/book/**")
