"""A visit reviewed, and the guest book kept, in a real browser: barriers, a phone, no scripts."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.services import add_member
from accounts.states import Role
from accounts.tests.pages import PASSWORD, app_code, person, with_app
from bookings import access, services
from bookings.models import Booking, GuestTag
from bookings.services import Actor, Guest, guests
from bookings.tests.factories import book
from restaurants.models import Restaurant
from restaurants.reviews.models import Review
from restaurants.tests.factories import house
from tests.browser.looking import barriers, too_wide, watched

pytestmark = pytest.mark.browser

DESK, PHONE = (1280, 900), (360, 740)
ADA = Guest("Adaeze Okonkwo", "+2348031234567", "ada@example.com")


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    """Open round the clock, so that somebody can eat at any time."""
    return house(
        name="Suya Spot",
        slug="suya-spot",
        tables=(2, 4, 4),
        first_seating=time(6),
        last_seating=time(5, 45),
        shift={"name": "All day"},
    )


@pytest.fixture
def owner(suya_spot: Restaurant) -> Any:
    someone = with_app(person(email="bisi@example.com", name="Bisi at the desk"))
    add_member(user=someone, restaurant_id=suya_spot.pk, role=Role.OWNER)
    return someone


def soon(restaurant: Restaurant, quarters: int = 1, **asked: Any) -> Booking:
    now = timezone.now()
    start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15 * quarters)
    return book(restaurant, starts_at=start, **asked)


@pytest.fixture
def came(suya_spot: Restaurant, owner: Any) -> Booking:
    by = Actor.staff(owner)
    seated = services.seat_party(booking=soon(suya_spot, guest=ADA), by=by)
    return services.complete_visit(booking=seated, by=by)


def looked_at(page: Any) -> None:
    """Hold the page to its barriers and its width, on a desk and on a phone."""
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert barriers(page) == []
        assert too_wide(page) == 0


class TestAReview:
    def test_is_written_without_scripts_and_read_by_everybody(
        self, page_without_scripts: Any, page: Any, buka_server: str, came: Booking
    ) -> None:
        quiet = page_without_scripts
        quiet.goto(f"{buka_server}/en/bookings/{came.public_id}/review/?token={access.token_for(came)}")
        for aspect in ("overall", "food", "service", "ambience", "value"):
            quiet.locator(f'input[name="{aspect}"][value="4"]').check()
        quiet.locator("#id_text").fill("The suya is worth the journey.")
        quiet.get_by_role("button", name="Publish the review").click()
        assert "Your review is published" in quiet.locator("body").inner_text()

        with watched(page, buka_server):
            page.goto(f"{buka_server}/en/r/suya-spot/")
            page.get_by_text("worth the journey").wait_for()
            looked_at(page)
            page.goto(f"{buka_server}/en/r/suya-spot/reviews/")
            looked_at(page)
        assert Review.objects.get().author_name == "Adaeze"

    def test_asks_on_a_page_without_barriers(self, page: Any, buka_server: str, came: Booking) -> None:
        with watched(page, buka_server):
            page.goto(f"{buka_server}/en/bookings/{came.public_id}/review/?token={access.token_for(came)}")
            looked_at(page)
            page.goto(f"{buka_server}/ar/bookings/{came.public_id}/review/")
            assert page.locator("html").get_attribute("dir") == "rtl"
            looked_at(page)
            page.goto(f"{buka_server}/en/bookings/{came.public_id}/no-thanks/")
            looked_at(page)


class TestTheGuestBook:
    def test_is_kept_and_read_at_the_desk(
        self, page: Any, buka_server: str, suya_spot: Restaurant, came: Booking, owner: Any
    ) -> None:
        again = soon(suya_spot, 4, guest=ADA)
        soon(suya_spot, 5, guest=Guest("Okonkwo Adaeze", "+2348050000000"))
        assert again.guest is not None
        guests.keep_allergies(booking=again, allergies="Groundnuts", has_agreed=True)
        tag = GuestTag.objects.create(restaurant=suya_spot, name="Regular")
        guests.give_tag(guest=again.guest, tag=tag, by=owner)
        guests.note(guest=again.guest, text="Likes the terrace.", by=owner)

        page.goto(f"{buka_server}/admin/login/?next=/admin/today/{suya_spot.public_id}/?day={again.service_day}")
        page.locator("#id_login").fill(owner.email)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/second-step/")
        page.locator("#id_code").fill(app_code())
        page.locator("#id_code").press("Enter")
        page.get_by_text("Groundnuts").first.wait_for()
        looked_at(page)
        page.goto(f"{buka_server}/admin/today/{suya_spot.public_id}/bookings/{again.public_id}/")
        page.get_by_role("link", name="Open in the guest book").click()
        page.get_by_text("Perhaps the same person").wait_for()
        assert too_wide(page) == 0
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        page.get_by_role("link", name="Merge…").click()
        page.get_by_role("button", name="Yes, merge them").wait_for()
        looked_at(page)
        page.get_by_role("button", name="Yes, merge them").click()
        page.get_by_text("The two entries are one now.").wait_for()
