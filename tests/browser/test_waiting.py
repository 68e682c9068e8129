"""Waiting in a real browser: the list on a phone, the offer by its link, the queue and the list at the desk."""

import os
from pathlib import Path
from typing import Any

import pytest

from accounts.states import Role
from accounts.tests.factories import member
from bookings import access, services
from bookings.models import Booking, QueueEntry, StandbyEntry
from bookings.services import Actor, Guest
from bookings.tests.factories import at, book, guest, tomorrow
from restaurants.models import Restaurant
from tests.browser.looking import barriers, too_wide, watched
from tests.browser.test_admin import DESK, PHONE, live, log_in, size, staff, suya_spot  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser


def look(page: Any, name: str) -> None:
    """Find no barrier, and nothing wider than the window. With LOOKED_AT a picture is kept there."""
    page.wait_for_timeout(300)
    assert (name, barriers(page)) == (name, [])
    assert (name, too_wide(page)) == (name, 0)
    if folder := os.environ.get("LOOKED_AT"):
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png", full_page=True)


def fill_up(place: Restaurant) -> None:
    """Take every table at seven; twelve covers may begin at once, so half of the parties came before."""
    parties = (("18:45", 4), ("18:45", 4), ("19:00", 2), ("19:00", 6))
    for number, (clock, size_of) in enumerate(parties, start=60):
        book(place, clock, party_size=size_of, guest=guest(number))


@pytest.mark.parametrize("window", [PHONE, pytest.param(DESK, marks=pytest.mark.long)])
def test_a_diner_joins_is_offered_a_table_and_takes_it(page, buka_server, suya_spot, window) -> None:  # noqa: F811
    fill_up(suya_spot)
    size(page, window)
    with watched(page, buka_server):
        page.goto(f"{buka_server}/en/r/suya-spot/?date={tomorrow()}&party=6")
        page.locator(".times__wait a").click()
        look(page, "wait")
        page.locator("#id_earliest").select_option(at("19:00").isoformat())
        page.locator("#id_latest").select_option(at("19:00").isoformat())
        page.locator("#id_name").fill("Adaeze Okonkwo")
        page.locator("#id_phone").fill("0803 123 4567")
        page.get_by_role("button", name="Join the waiting list").press("Enter")
        page.wait_for_url("**/waitlist/**")
        look(page, "waiting")

        entry = StandbyEntry.objects.get()
        services.cancel_booking(booking=Booking.objects.get(party_size=6), by=Actor.diner(None))
        assert services.offer_next(restaurant_id=suya_spot.pk, day=tomorrow()) is not None
        page.goto(f"{buka_server}/w/{access.short_key('s', entry.public_id)}")
        look(page, "offered")
        page.get_by_role("button", name="Yes, we take the table").press("Enter")
        page.wait_for_url("**/bookings/**")
    assert StandbyEntry.objects.get().status == "accepted"


@pytest.mark.parametrize("window", [PHONE, pytest.param(DESK, marks=pytest.mark.long)])
def test_the_desk_keeps_its_list_and_its_queue(page, buka_server, suya_spot, window) -> None:  # noqa: F811
    fill_up(suya_spot)
    host = Actor.staff(member(suya_spot.pk, Role.HOST))
    services.join_waitlist(
        restaurant_id=suya_spot.pk, earliest=at("19:00"), latest=at("21:00"), party_size=4, guest=guest(1), by=host
    )
    for seats in (2, 4, 4, 6):
        services.seat_walk_in(restaurant_id=suya_spot.pk, party_size=seats, by=host)
    services.join_queue(restaurant_id=suya_spot.pk, party_size=3, by=host, guest=Guest("Bola", "+2348031234504"))
    size(page, window)
    with watched(page, buka_server):
        log_in(page, buka_server, staff(suya_spot))
        live(page)
        look(page, "today-with-queue")
        page.get_by_role("link", name="Queue", exact=True).click()
        page.wait_for_selector("#t-dialog[open]")
        look(page, "queue-form")
        page.keyboard.type("5")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelectorAll('#t-queue .t-row').length === 2")
        page.get_by_role("button", name="Call to the table: Bola").click()
        page.wait_for_selector("#t-queue .is-arrived")
        page.goto(f"{buka_server}/admin/today/{suya_spot.public_id}/waiting/?day={tomorrow()}")
        live(page)
        look(page, "list")
        page.locator(".t-rows .t-name").first.click()
        page.wait_for_selector("#t-dialog[open]")
        look(page, "list-entry")
    assert sorted(QueueEntry.objects.values_list("status", flat=True)) == ["notified", "queued"]


def test_a_party_follows_its_place(page, buka_server, suya_spot) -> None:  # noqa: F811
    host = Actor.staff(member(suya_spot.pk, Role.HOST))
    for seats in (2, 4, 4, 6):
        services.seat_walk_in(restaurant_id=suya_spot.pk, party_size=seats, by=host)
    entry = services.join_queue(restaurant_id=suya_spot.pk, party_size=3, by=host, guest=Guest("Bola"))
    size(page, PHONE)
    with watched(page, buka_server):
        page.goto(f"{buka_server}/w/{access.short_key('q', entry.public_id)}")
        page.get_by_text("You are next").wait_for()
        look(page, "place")
