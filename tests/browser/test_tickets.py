"""Tickets in a real browser: bought on a phone, held for the money, passed on, without scripts as well."""

from typing import Any

import pytest

from bookings import services
from bookings.models import Ticket, TicketOrder
from bookings.states import PaidWhen
from bookings.tests.ticket_factories import event_at, staff_of
from restaurants.models import Restaurant
from tests.browser.looking import watched
from tests.browser.test_admin import DESK, PHONE, size, suya_spot  # noqa: F401 (a fixture)
from tests.browser.test_waiting import look

pytestmark = pytest.mark.browser


def buy(page: Any, server: str, restaurant: Restaurant, *, looks: bool) -> TicketOrder:
    def see(name: str) -> None:
        if looks:
            look(page, name)

    event = event_at(
        restaurant,
        description="Palm wine and a band.",
        paid_when=PaidWhen.BEFORE,
        payment_instructions="Demo Bank 0000000000",
    )
    page.goto(f"{server}/en/r/{restaurant.slug}/")
    page.get_by_role("link", name="Highlife night").click()
    see("event")
    page.get_by_label("Ticket", exact=True).fill("2")
    page.get_by_role("button", name="Go on with these").press("Enter")
    see("order-details")
    page.locator("#id_name").fill("Adaeze Okonkwo")
    page.locator("#id_phone").fill("0803 123 4567")
    page.get_by_role("button", name="Hold these for").press("Enter")
    page.wait_for_url("**/ticket-orders/**")
    assert page.get_by_text("Demo Bank 0000000000").is_visible()
    see("order-held")
    order = TicketOrder.objects.get(event=event)
    services.receive_payment(order=order, amount_kobo=1_000_000, reference="T1", by=staff_of(restaurant))
    page.reload()
    see("order")
    return order


@pytest.mark.parametrize("window", [PHONE, pytest.param(DESK, marks=pytest.mark.long)])
def test_a_diner_buys_pays_and_passes_one_on(page, buka_server, suya_spot, window) -> None:  # noqa: F811
    size(page, window)
    with watched(page, buka_server):
        page.goto(f"{buka_server}/en/events/")
        look(page, "no-events")
        order = buy(page, buka_server, suya_spot, looks=True)
        page.get_by_role("link", name="Open, name or pass on").first.click()
        look(page, "ticket")
        page.get_by_label("Their name").fill("Demo friend")
        page.get_by_role("button", name="Pass the ticket on").press("Enter")
        look(page, "passed-on")
        page.get_by_role("link", name="Back to the tickets").click()
        assert page.get_by_text("Passed on", exact=True).is_visible()
        page.get_by_role("link", name="Give everything back").click()
        look(page, "give-back")
        page.get_by_role("button", name="Yes, give them back").press("Enter")
        page.wait_for_url("**/ticket-orders/**")
        look(page, "given-back")
    assert set(Ticket.objects.filter(order=order).values_list("state", flat=True)) == {"void"}


def test_without_scripts_it_goes_as_far(page_without_scripts, buka_server, suya_spot) -> None:  # noqa: F811
    order = buy(page_without_scripts, buka_server, suya_spot, looks=False)
    assert page_without_scripts.locator(".ticket-card svg").count() == order.tickets.count()
