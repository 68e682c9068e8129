"""Ticketed events of the back office in a real browser: no barriers, a phone, the door with and without scripts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.states import Role
from bookings.models import Ticket, TicketedEvent
from bookings.states import EventRoom, PaidWhen, TicketState
from bookings.tests.ticket_factories import event_at, order
from restaurants.models import Restaurant
from restaurants.tests.factories import house
from tests.browser.looking import barriers, overflowing, watched
from tests.browser.test_admin import DESK, PHONE, log_in, size, staff

pytestmark = pytest.mark.browser

PAGES = (
    "/admin/bookings/ticketedevent/",
    "/admin/bookings/ticketedevent/add/",
    "/admin/bookings/ticketedevent/{event}/change/",
    "/admin/bookings/ticketedevent/{event}/move/",
    "/admin/bookings/ticketedevent/{event}/call-off/",
    "/admin/bookings/ticketedevent/{event}/sell/",
    "/admin/bookings/ticketedevent/{event}/guests/",
    "/admin/bookings/ticketedevent/{event}/door/",
    "/admin/bookings/ticketorder/",
    "/admin/bookings/ticketorder/{order}/change/",
    "/admin/bookings/ticketorder/{order}/payment/",
    "/admin/bookings/ticketorder/{order}/cancel/",
)


@pytest.fixture
def place(transactional_db: None) -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    """An event whose doors are open."""
    begins = timezone.now() + timedelta(hours=1)
    return event_at(place, room=EventRoom.NONE, starts_at=begins, ends_at=begins + timedelta(hours=4))


def test_its_pages_have_no_barriers(page: Any, buka_server: str, place: Restaurant, event: TicketedEvent) -> None:
    made = order(event, Ticket=2)
    order(event, Table=1, number=2)
    unpaid = event_at(place, name="Juju night", room=EventRoom.NONE, paid_when=PaidWhen.BEFORE, hold_minutes=600)
    order(unpaid, Ticket=1, number=3)

    with watched(page, buka_server):
        log_in(page, buka_server, staff(place))
        for number, path in enumerate(PAGES):
            theme, window = (("dark", DESK), ("light", PHONE))[number % 2]
            size(page, window)
            page.emulate_media(color_scheme=theme)
            page.goto(buka_server + path.format(event=event.pk, order=made.pk))
            page.wait_for_load_state("load")
            page.wait_for_timeout(300)
            assert (path, barriers(page)) == (path, [])
            assert (path, overflowing(page)) == (path, [])


def door(page: Any, home: str, event: TicketedEvent) -> None:
    page.goto(f"{home}/admin/bookings/ticketedevent/{event.pk}/door/")


def test_one_code_after_the_other_without_touching_the_mouse(
    page: Any, buka_server: str, place: Restaurant, event: TicketedEvent
) -> None:
    first, second = order(event, Ticket=2).tickets.order_by("pk")
    size(page, PHONE)
    log_in(page, buka_server, staff(place, Role.HOST))
    door(page, buka_server, event)
    page.wait_for_function("document.activeElement.name === 'code'")

    for code, answer in (
        (first.code, "is-in"),
        (first.code, "is-refused"),
        ("no ticket", "is-refused"),
        (second.code, "is-in"),
    ):
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('[name=code]').value === ''")
        page.wait_for_selector(f"[role=alert].{answer}")
        assert page.evaluate("document.activeElement.name") == "code"
        assert barriers(page) == []
        assert overflowing(page) == []

    assert "2 of 2 guests are in" in page.locator(".v-count").inner_text()
    assert set(Ticket.objects.values_list("state", flat=True)) == {TicketState.ADMITTED}


class TestWithoutScripts:
    @pytest.fixture
    def page(self, browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
        context = browser.new_context(**browser_context_args, java_script_enabled=False)
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page
        context.close()

    def test_the_door_works(self, page: Any, buka_server: str, place: Restaurant, event: TicketedEvent) -> None:
        ticket = order(event, Ticket=1).tickets.get()
        log_in(page, buka_server, staff(place, Role.HOST))
        door(page, buka_server, event)

        page.locator("[name=code]").fill(ticket.code)
        page.locator("[name=code]").press("Enter")
        assert page.locator(".v-result.is-in").count() == 1
        page.get_by_role("link", name="Take back: Demo diner 1").click()
        page.get_by_label("Reason").fill("The wrong line.")
        page.get_by_role("button", name="Take back").click()

        ticket.refresh_from_db()
        assert ticket.state == TicketState.VALID
