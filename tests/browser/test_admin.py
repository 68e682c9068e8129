"""The back office in a real browser: barriers, both themes, right to left, a phone, no scripts, and the live day."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import TimeoutError

from accounts.models import User
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.pages import PASSWORD, app_code, person, with_app
from bookings import services
from bookings.models import Booking
from bookings.states import Status
from bookings.tests.factories import book, guest
from restaurants.models import Restaurant, SpecialDay
from restaurants.tests.factories import (
    ROUND_THE_CLOCK,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    house,
)
from tests.browser.looking import barriers, overflowing, too_wide, watched

pytestmark = pytest.mark.browser

DESK, TABLET, PHONE = (1280, 900), (768, 1024), (360, 740)


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    """Open round the clock, so that some party is always due today."""
    restaurant = house(
        name="Suya Spot",
        slug="suya-spot",
        hours=ROUND_THE_CLOCK,
        tables=(2, 4, 4, 6),
        first_seating=time(6),
        last_seating=time(5, 45),
        shift={"name": "All day", "max_covers_per_slot": 12},
        policy={"max_party_online": 6, "min_lead_minutes": 0},
    )
    dish = DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=restaurant)))
    DishPriceFactory(dish=dish)
    SpecialDay.objects.create(restaurant=restaurant, date=timezone.localdate() + timedelta(days=9), name="Eid")
    return restaurant


def coming(restaurant: Restaurant, number: int = 1, **asked: Any) -> Booking:
    """Book the next quarter of an hour as a diner does."""
    now = timezone.now()
    start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)
    return book(restaurant, starts_at=start, guest=guest(number), **asked)


def staff(restaurant: Restaurant, role: Role = Role.OWNER, **fields: Any) -> User:
    someone = with_app(person(email="bisi@example.com", name="Bisi at the desk", **fields))
    add_member(user=someone, restaurant_id=restaurant.pk, role=role)
    return someone


def superuser() -> User:
    return with_app(person(email="platform@example.com", name="The platform", is_staff=True, is_superuser=True))


def log_in(page: Any, home: str, someone: User, path: str = "/admin/", *, steps_ahead: int = 0) -> None:
    """Log somebody in with both steps; the second time within half a minute with the app's next code."""
    page.goto(f"{home}/admin/login/?next={path}")
    page.locator("#id_login").fill(someone.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/second-step/")
    page.locator("#id_code").fill(app_code(steps_ahead=steps_ahead))
    page.locator("#id_code").press("Enter")
    page.wait_for_url(lambda url: "/account/" not in url)


def size(page: Any, window: tuple[int, int]) -> None:
    page.set_viewport_size({"width": window[0], "height": window[1]})


def live(page: Any) -> None:
    page.wait_for_selector("#today[data-live=on]")


def look_at(page: Any, booking: Booking) -> None:
    """Open a booking from the board. A tap is lost when news exchange the row under it: then one taps again."""
    for _tap in range(3):
        page.locator(f"#open-{booking.pk}").click()
        with suppress(TimeoutError):
            page.wait_for_selector("#t-dialog[open]", timeout=4_000)
            return
    raise AssertionError("the booking does not open")


class TestLookingAround:
    PAGES = {
        "today": "/admin/today/",
        "bookings": "/admin/bookings/booking/",
        "booking": "/admin/bookings/booking/{booking}/change/",
        "restaurant": "/admin/restaurants/restaurant/{house}/change/",
        "tables": "/admin/restaurants/table/",
        "shift": "/admin/restaurants/shift/{shift}/change/",
        "feasts": "/admin/restaurants/specialday/feasts/",
        "dishes": "/admin/restaurants/dish/",
        "dish": "/admin/restaurants/dish/{dish}/change/",
        "block": "/admin/bookings/block/add/",
        "staff": "/admin/accounts/membership/",
    }

    def test_an_owners_pages_have_no_barriers(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot, notes="No groundnuts")
        coming(suya_spot, 2, party_size=4)
        dish = suya_spot.menus.get().sections.get().dishes.get()
        keys = {
            "booking": booking.pk, "house": suya_spot.pk, "shift": suya_spot.shifts.get().pk, "dish": dish.pk,
        }  # fmt: skip
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot))
            for number, (name, path) in enumerate(self.PAGES.items()):
                # By turns dark on a desk and light on a phone: each page once, none of them wider than either.
                theme, window = (("dark", DESK), ("light", PHONE))[number % 2]
                size(page, window)
                page.emulate_media(color_scheme=theme)
                page.goto(buka_server + path.format(**keys))
                page.wait_for_load_state("load")
                page.wait_for_timeout(300)
                assert (name, barriers(page)) == (name, [])
                assert (name, overflowing(page)) == (name, [])

    def test_the_platforms_pages_and_the_log_in(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        with watched(page, buka_server):
            page.goto(f"{buka_server}/admin/login/")
            assert barriers(page) == []
            log_in(page, buka_server, superuser())
            for path in (
                "/admin/",
                "/admin/restaurants/listingclaim/",
                "/admin/accounts/user/",
                "/admin/core/eventdelivery/",
            ):
                page.goto(buka_server + path)
                page.wait_for_timeout(300)
                assert (path, barriers(page)) == (path, [])

    def test_in_arabic_it_runs_from_right_to_left(self, page, buka_server, suya_spot) -> None:
        coming(suya_spot)
        size(page, TABLET)

        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, language="ar"))
            live(page)
            assert page.locator("html").get_attribute("dir") == "rtl"
            assert too_wide(page) == 0
            row = page.locator(".t-row").first
            time_box, who_box = row.locator(".t-time").bounding_box(), row.locator(".t-who").bounding_box()
            assert time_box["x"] > who_box["x"]
            assert barriers(page) == []

    @pytest.mark.long
    def test_in_arabic_on_a_phone_words_stand_off_from_what_they_name(self, page, buka_server, suya_spot) -> None:
        size(page, PHONE)

        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, language="ar"))
            page.goto(f"{buka_server}/admin/accounts/membership/")
            label = page.locator("#result_list [data-label]").nth(1)
            to_the_edge = label.evaluate("cell => getComputedStyle(cell, '::before').marginRight")
            icon = page.locator("#nav-sidebar-inner .material-symbols-outlined.mr-3").first
            to_the_word = icon.evaluate("icon => getComputedStyle(icon).marginLeft")
            above = page.locator("p.t-days").bounding_box()
            below = page.locator("#changelist-search").bounding_box()

            assert (to_the_edge, to_the_word) == ("0px", "12px")
            assert below["y"] - above["y"] - above["height"] >= 8
            assert too_wide(page) == 0

    def test_the_language_is_switched_and_kept(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        someone = staff(suya_spot)
        log_in(page, buka_server, someone)
        link = page.locator('a[hreflang="ha"]').first
        page.goto(buka_server + link.get_attribute("href"))

        page.wait_for_url("**/admin/today/**")
        assert page.locator("html").get_attribute("lang") == "ha"
        someone.refresh_from_db()
        assert someone.language == "ha"


class TestTablesThatAreBooked:
    def test_are_closed_without_scripts_on_a_phone_after_a_look(
        self, page, page_without_scripts, buka_server, suya_spot
    ) -> None:
        largest = coming(suya_spot, party_size=6)
        host = staff(suya_spot, Role.HOST)
        begins = timezone.localtime(largest.starts_at, ZoneInfo("Africa/Lagos"))
        with watched(page, buka_server) as faults:
            for number, (window, at) in enumerate(((DESK, page), (PHONE, page_without_scripts))):
                size(at, window)
                log_in(at, buka_server, host, "/admin/bookings/block/add/", steps_ahead=number)
                at.select_option("#id_table", label="T4")
                at.fill("#id_starts_at", f"{begins:%Y-%m-%dT%H:%M}")
                at.fill("#id_ends_at", f"{begins + timedelta(hours=1):%Y-%m-%dT%H:%M}")
                at.fill("#id_reason", "Leg")
                at.get_by_role("button", name="Block tables", exact=True).click()
                at.get_by_text("no table: is cancelled").wait_for()
                assert too_wide(at) == 0
            assert barriers(page) == []
            # Chromium notes every answer of 4xx; this one was meant.
            faults.said = [line for line in faults.said if "409" not in line]

        page_without_scripts.fill("#id_told", "A leg broke.")
        page_without_scripts.get_by_role("button", name="Close the tables").click()
        page_without_scripts.get_by_text("The tables are closed. 1 booking was cancelled").wait_for()

        largest.refresh_from_db()
        assert largest.status == Status.CANCELLED


class TestTheLiveDay:
    def test_a_diners_booking_appears_without_a_reload(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            page.evaluate("window.notReloaded = true")
            assert page.locator(".t-row").count() == 0

            booking = coming(suya_spot)

            page.wait_for_selector(f"#booking-{booking.pk}")
            assert page.evaluate("window.notReloaded")
            services.cancel_booking(booking=booking, by=services.Actor.diner(None))
            page.wait_for_selector(f"#booking-{booking.pk}.is-cancelled")

    @pytest.mark.long
    def test_what_the_host_is_typing_survives_the_news(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            page.get_by_role("link", name="New booking").click()
            page.locator("#book_name").fill("Half a na")

            booking = coming(suya_spot)

            page.wait_for_selector(f"#booking-{booking.pk}", state="attached")
            assert page.locator("#book_name").input_value() == "Half a na"
            assert page.evaluate("document.activeElement.id") == "book_name"

    @pytest.mark.long
    def test_a_refusal_stays_beside_its_row_when_news_come(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, DESK)
        with watched(page, buka_server) as faults:
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            services.note_for_staff(booking=booking, notes="Meanwhile")
            page.locator(f"#arrive-{booking.pk}").click()
            refusal = page.locator(f"#refusal-{booking.pk} [role=alert]")
            refusal.wait_for()

            other = coming(suya_spot, 2)
            page.wait_for_selector(f"#booking-{other.pk}")

            assert "Somebody else has changed this booking" in refusal.inner_text()
            # Chromium notes every answer of 4xx; this one was meant.
            faults.said = [line for line in faults.said if "409" not in line]

    @pytest.mark.long
    def test_no_row_is_exchanged_under_the_finger(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            page.locator(f"#arrive-{booking.pk}").hover()
            page.mouse.down()
            other = coming(suya_spot, 2)
            # Twice as long as the page waits for more news.
            page.wait_for_timeout(600)
            assert page.locator(f"#booking-{other.pk}").count() == 0
            page.mouse.up()

            page.wait_for_selector(f"#booking-{booking.pk}.is-arrived")
            page.wait_for_selector(f"#booking-{other.pk}")

    def test_the_evening_by_taps(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, TABLET)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            for move, status in (("arrive", "arrived"), ("seat", "seated"), ("complete", "completed")):
                name = f"{move}-{booking.pk}"
                # The row may just be drawn anew by the live connection; what stays is measured.
                is_tall = "id => document.getElementById(id)?.getBoundingClientRect().height >= 44"
                page.wait_for_function(is_tall, arg=name)
                page.locator(f"#{name}").click()
                page.wait_for_selector(f"#booking-{booking.pk}.is-{status}")
                assert "Demo diner 1" in page.locator("#t-said").inner_text()

        booking.refresh_from_db()
        assert booking.status == Status.COMPLETED

    def test_takes_a_booking_by_the_keyboard_alone(self, page, buka_server, suya_spot) -> None:
        size(page, DESK)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            page.get_by_role("link", name="New booking").focus()
            page.keyboard.press("Enter")
            page.wait_for_selector("#t-dialog[open] #book_name")
            assert page.evaluate("document.activeElement.id") == "book_name"
            page.keyboard.type("Chidi Obi")
            page.keyboard.press("Tab")
            page.keyboard.type("0803 123 4567")
            page.keyboard.press("Tab")
            page.keyboard.press("Control+a")
            with page.expect_response(lambda answer: "/times/" in answer.url):
                page.keyboard.type("4")
                page.keyboard.press("Tab")
            page.locator("#book_clock").focus()
            page.keyboard.press("ArrowDown")
            page.keyboard.press("ArrowDown")
            assert barriers(page) == []
            page.keyboard.press("Enter") if page.evaluate("document.activeElement.tagName") != "SELECT" else (
                page.locator("#book_name").press("Enter")
            )
            page.wait_for_selector("#t-dialog:not([open])", state="attached")
            page.wait_for_selector(".t-row >> text=Chidi Obi")

        booking = Booking.objects.get()
        assert (booking.guest_phone, booking.party_size, booking.channel) == ("+2348031234567", 4, "phone")

    def test_a_walk_in_and_another_table(self, page, buka_server, suya_spot) -> None:
        size(page, TABLET)
        with watched(page, buka_server):
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            page.get_by_role("link", name="Walk-in").click()
            page.locator("#walk_in_party").fill("3")
            page.get_by_role("button", name="Seat them").click()
            page.wait_for_selector(".t-row.is-seated")
            booking = Booking.objects.get()
            before = booking.allocations.get(live=True).table

            look_at(page, booking)
            page.get_by_text("Change the table", exact=True).first.click()
            assert barriers(page) == []
            page.locator(f'.t-tables-form input[value="{before.pk}"]').uncheck()
            other = suya_spot.tables.exclude(pk=before.pk).filter(max_party__gte=4).first()
            page.locator(f'.t-tables-form input[value="{other.pk}"]').check()
            page.get_by_role("button", name="Change the table").click()
            page.wait_for_selector("#t-dialog:not([open])", state="attached")
            page.wait_for_selector(f".t-row >> text=Table {other.name}")

        assert booking.allocations.get(live=True).table == other

    @pytest.mark.long
    def test_a_cancellation_asks_for_a_reason(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        size(page, PHONE)
        with watched(page, buka_server) as faults:
            log_in(page, buka_server, staff(suya_spot, Role.HOST))
            live(page)
            look_at(page, booking)
            page.get_by_text("Cancel the booking", exact=True).first.click()
            page.get_by_role("button", name="Cancel the booking").click()
            page.wait_for_selector("#t-dialog .t-refused")
            assert too_wide(page) == 0
            page.locator("#cancel_reason").fill("No power tonight")
            page.get_by_role("button", name="Cancel the booking").click()
            page.wait_for_selector(f"#booking-{booking.pk}.is-cancelled")
            faults.said = [line for line in faults.said if "409" not in line]

        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED


class TestWithoutScripts:
    @pytest.fixture
    def page(self, browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
        context = browser.new_context(**browser_context_args, java_script_enabled=False)
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page
        context.close()

    def test_the_desk_works(self, page, buka_server, suya_spot) -> None:
        booking = coming(suya_spot)
        log_in(page, buka_server, staff(suya_spot, Role.HOST))

        page.locator(f"#arrive-{booking.pk}").click()
        assert page.locator(f"#booking-{booking.pk}.is-arrived").count() == 1
        page.locator(f"#open-{booking.pk}").click()
        page.get_by_text("Notes of the house", exact=True).first.click()
        page.locator("#id_staff_notes").fill("By the window")
        page.get_by_role("button", name="Keep the note").click()
        assert "By the window" in page.locator(f"#booking-{booking.pk}").inner_text()
        page.get_by_role("link", name="Walk-in").click()
        page.locator("#walk_in_party").fill("2")
        page.get_by_role("button", name="Seat them").click()

        assert page.locator(".t-row.is-seated").count() == 1
