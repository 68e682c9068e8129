"""A diner books, changes and cancels in a real browser on a phone, with scripts and without."""

import re
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.pages import PASSWORD, code_sent_to
from bookings import access
from bookings.models import Booking
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from core import codes
from restaurants.models import Restaurant
from restaurants.tests.factories import AreaFactory, TableFactory, house
from tests.browser.looking import barriers, overflowing, too_wide, watched

pytestmark = pytest.mark.browser

SEVEN = "7:00 pm"


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    """One table for two inside, one on the terrace."""
    restaurant = house(
        name="Suya Spot",
        slug="suya-spot",
        tables=(2,),
        phone="+2342010000001",
        street="3 Bode Thomas Street",
        landmark="Opposite the filling station",
        policy={"free_cancellation_hours": 2, "grace_minutes": 20},
    )
    terrace = AreaFactory(restaurant=restaurant, name="Terrace")
    TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=2)
    return restaurant


def details_page(home: str, clock: str = "19:00", language: str = "en") -> str:
    moment = at(clock).isoformat().replace("+", "%2B")
    return f"{home}/{language}/r/suya-spot/book/?starts_at={moment}&party=2"


def fill_in(page: Any, name: str = "Adaeze Okonkwo", phone: str = "0803 123 4567") -> None:
    page.locator("#id_name").fill(name)
    page.locator("#id_phone").fill(phone)
    page.locator("#id_email").fill("ada@example.com")


def own_page(home: str, booking: Booking, part: str = "") -> str:
    return f"{home}/en/bookings/{booking.public_id}/{part}"


def open_by_link(page: Any, home: str, booking: Booking, part: str = "", language: str = "en") -> None:
    page.goto(f"{home}/{language}/bookings/{booking.public_id}/?token={access.token_for(booking)}")
    if part:
        page.goto(f"{home}/{language}/bookings/{booking.public_id}/{part}")


class TestTheWholeWay:
    def walk(self, page: Any, home: str) -> Booking:
        page.goto(f"{home}/en/search/?q=suya&date={tomorrow()}&time=19:00&party=2")
        page.get_by_role("link", name="Suya Spot", exact=True).click()
        page.get_by_role("link", name=SEVEN).first.click()
        fill_in(page)
        page.locator("#id_occasion").select_option("birthday")
        page.locator("#id_notes").fill("No groundnuts, please.")
        page.get_by_role("button", name="Book this table").click()
        page.get_by_role("heading", name="Your table is booked").wait_for()
        return Booking.objects.get()

    def test_works_without_scripts(self, page_without_scripts: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page = page_without_scripts

        booking = self.walk(page, buka_server)

        assert (booking.starts_at, booking.party_size, booking.guest_phone) == (at("19:00"), 2, "+2348031234567")
        assert page.url == own_page(buka_server, booking)
        assert page.locator(".code").inner_text().replace("\n", "") == booking.code
        assert page.get_by_role("img", name=re.compile(booking.code)).locator("svg").is_visible()
        # What only a script could do is not offered.
        assert page.get_by_role("button", name="Copy the code").count() == 0

        page.get_by_role("link", name="Change", exact=True).click()
        page.locator(f'input[name="starts_at"][value="{at("20:00").isoformat()}"]').check(force=True)
        page.get_by_role("button", name="Move my booking").click()
        assert "Your booking is changed." in page.locator("body").inner_text()
        assert "8:00 pm" in page.locator(".ticket").inner_text()

        page.get_by_role("link", name="Cancel the booking").click()
        page.get_by_role("button", name="Yes, cancel the booking").click()
        assert page.get_by_role("heading", name="This booking is cancelled").is_visible()
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED

    def test_keeps_what_it_promised_the_browser(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        with watched(page, buka_server):
            booking = self.walk(page, buka_server)
            page.goto(own_page(buka_server, booking, "change/"), wait_until="networkidle")
            page.goto(own_page(buka_server, booking, "cancel/"), wait_until="networkidle")
            page.goto(f"{buka_server}/en/find/", wait_until="networkidle")

    def test_is_done_with_the_keyboard_alone(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(details_page(buka_server))
        page.locator("#id_name").focus()

        for text in ("Adaeze Okonkwo", "0803 123 4567", "ada@example.com"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.locator("#id_email").focus()
        page.keyboard.press("Enter")

        page.get_by_role("heading", name="Your table is booked").wait_for()

    def test_finds_the_booking_again_on_another_phone(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        booking = book(suya_spot)
        page.goto(f"{buka_server}/en/find/")

        page.get_by_label("Code").fill(codes.display(booking.code).lower())
        page.get_by_label("Phone, e-mail or surname").fill("0803 123 4501")
        page.get_by_role("main").get_by_role("button", name="Find my booking").click()

        page.get_by_role("heading", name="Your table is booked").wait_for()
        assert page.url == own_page(buka_server, booking)


class TestPressedTwice:
    def test_makes_one_booking(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(details_page(buka_server))
        fill_in(page)

        page.get_by_role("button", name="Book this table").dblclick()

        page.get_by_role("heading", name="Your table is booked").wait_for()
        assert Booking.objects.count() == 1

    def test_makes_one_booking_without_scripts(
        self, page_without_scripts: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        page = page_without_scripts
        page.goto(details_page(buka_server))
        fill_in(page)

        page.get_by_role("button", name="Book this table").dblclick()

        page.get_by_role("heading", name="Your table is booked").wait_for()
        assert Booking.objects.count() == 1

    def test_after_going_back_shows_the_booking_that_was_made(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        page.goto(details_page(buka_server))
        fill_in(page)
        page.get_by_role("button", name="Book this table").click()
        page.get_by_role("heading", name="Your table is booked").wait_for()

        page.go_back()
        fill_in(page, name="Somebody Else")
        page.get_by_role("button", name="Book this table").click()

        page.get_by_role("heading", name="Your table is booked").wait_for()
        booking = Booking.objects.get()
        assert booking.guest_name == "Adaeze Okonkwo"
        assert page.url == own_page(buka_server, booking)


class TestTheLastTable:
    def test_the_second_diner_keeps_the_details_and_books_another_time_with_one_tap(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        book(suya_spot, "19:00", guest=guest(2))
        page.goto(details_page(buka_server))
        fill_in(page)
        # While the second was typing, the first took the last table.
        book(suya_spot, "19:00", guest=guest(3))

        page.get_by_role("button", name="Book this table").click()
        page.get_by_role("heading", name="The nearest free times").wait_for()

        assert page.evaluate("() => document.activeElement.getAttribute('role')") == "alert"
        assert page.locator("#id_name").input_value() == "Adaeze Okonkwo"
        assert barriers(page) == []
        assert too_wide(page) == 0
        assert Booking.objects.count() == 2
        page.get_by_role("button", name="8:30 pm").click()
        page.get_by_role("heading", name="Your table is booked").wait_for()
        assert Booking.objects.latest("pk").starts_at == at("20:30")

    def test_enter_in_a_field_asks_for_the_same_time_and_takes_no_other(
        self, page: Any, buka_server: str, suya_spot: Restaurant
    ) -> None:
        page.goto(details_page(buka_server))
        fill_in(page)
        for number in (2, 3):
            book(suya_spot, "19:00", guest=guest(number))
        page.get_by_role("button", name="Book this table").click()
        page.get_by_role("heading", name="The nearest free times").wait_for()

        page.locator("#id_name").press("Enter")
        page.wait_for_load_state("networkidle")

        assert page.get_by_role("heading", name="The nearest free times").is_visible()
        assert Booking.objects.count() == 2


class TestMistakes:
    def test_are_summed_up_and_lead_to_their_fields(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(details_page(buka_server))
        fill_in(page, phone="0803 12")
        page.get_by_role("button", name="Book this table").click()
        summary = page.get_by_role("alert")
        summary.wait_for()

        assert page.evaluate("() => document.activeElement.getAttribute('role')") == "alert"
        summary.get_by_role("link", name="Phone").click()
        assert page.evaluate("() => document.activeElement.id") == "id_phone"
        assert page.locator("#id_phone").get_attribute("aria-invalid") == "true"
        assert page.locator("#id_name").input_value() == "Adaeze Okonkwo"
        assert barriers(page) == []


class TestTheDinersOwnClock:
    def test_is_told_to_a_diner_abroad(
        self, browser: Any, browser_context_args: dict[str, Any], buka_server: str, suya_spot: Restaurant
    ) -> None:
        context = browser.new_context(**{**browser_context_args, "timezone_id": "Asia/Tokyo"})
        page = context.new_page()

        page.goto(details_page(buka_server))

        told = page.locator("[data-own-time]")
        told.wait_for()
        # Seven in the evening in Lagos is three in the morning in Tokyo.
        assert "3:00" in told.inner_text()
        context.close()

    def test_is_not_mentioned_in_lagos(self, page: Any, buka_server: str, suya_spot: Restaurant) -> None:
        page.goto(details_page(buka_server), wait_until="networkidle")

        assert not page.locator("[data-own-time]").is_visible()


class TestEveryPage:
    @pytest.mark.parametrize(
        ("language", "width", "scheme"),
        [("ar", 360, "dark"), pytest.param("en", 1280, "light", marks=pytest.mark.long)],
    )
    def test_has_no_barriers_and_fits(
        self, page: Any, buka_server: str, suya_spot: Restaurant, language: str, width: int, scheme: str
    ) -> None:
        booking = book(suya_spot)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 740})
        open_by_link(page, buka_server, booking, language=language)
        mine = f"/{language}/bookings/{booking.public_id}/"
        found: dict[str, Any] = {}

        def look(name: str, path: str) -> None:
            page.goto(f"{buka_server}{path}", wait_until="networkidle")
            assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            found[name] = barriers(page), overflowing(page)

        look("details", details_page("", language=language))
        look("refused", details_page("", "03:00", language))
        look("booking", mine)
        look("change", mine + "change/")
        look("cancel", mine + "cancel/")
        look("find", f"/{language}/find/")
        look("log in", f"/{language}/account/log-in/")
        look("register", f"/{language}/account/register/")
        page.locator("#id_name").fill("Ada Obi")
        page.locator("#id_email").fill("ada@example.com")
        page.locator("#id_password1").fill(PASSWORD)
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.locator("#id_name").press("Enter")
        page.wait_for_url("**/account/verify/")
        found["the code"] = barriers(page), overflowing(page)
        page.locator("#id_code").fill(code_sent_to("ada@example.com"))
        page.locator("#id_code").press("Enter")
        page.wait_for_url("**/bookings/")
        found["no bookings"] = barriers(page), overflowing(page)
        Booking.objects.update(diner=User.objects.get())
        look("my bookings", f"/{language}/bookings/")
        look("nothing repeated", f"/{language}/bookings/series/")
        look("repeat", mine + "repeat/")
        # The second week is full: the page has to say so and offer what is near.
        for number in (60, 61):
            book(suya_spot, starts_at=booking.starts_at + timedelta(weeks=1), guest=guest(number))
        page.locator("#id_until").fill((booking.service_day + timedelta(weeks=2)).isoformat())
        page.locator("#id_until").press("Enter")
        page.wait_for_selector("#dates")
        found["dates"] = barriers(page), overflowing(page)
        page.locator("input[type=radio][value=skip]").first.check()
        page.locator("main form button:not([name])").click()
        page.locator("button[name=book]").click()
        page.wait_for_url("**/bookings/series/*/")
        found["series"] = barriers(page), overflowing(page)
        look("all repeated", f"/{language}/bookings/series/")
        look("account", f"/{language}/account/")
        look("password", f"/{language}/account/password/")

        assert found == {name: ([], []) for name in found}
        assert len(found) == 18


def test_the_link_from_a_mail_leaves_no_token_behind(page: Any, buka_server: str, suya_spot: Restaurant) -> None:
    booking = book(suya_spot)

    open_by_link(page, buka_server, booking)

    assert page.url == own_page(buka_server, booking)
    assert "token" not in page.evaluate("() => JSON.stringify(performance.getEntriesByType('resource'))")


def test_the_printed_page_is_the_ticket(page: Any, buka_server: str, suya_spot: Restaurant) -> None:
    booking = book(suya_spot)
    open_by_link(page, buka_server, booking)

    page.emulate_media(media="print")

    assert page.locator(".code").is_visible()
    assert page.get_by_role("img", name=re.compile(booking.code)).is_visible()
    assert not page.get_by_role("link", name="Change", exact=True).is_visible()
    assert not page.locator(".site-header").is_visible()
