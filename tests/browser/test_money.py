"""Money in a real browser: no barriers, on a desk in the dark and on a phone in the light, whichever way one reads."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bookings.tests.factories import book
from payments.models import Payment
from payments.states import JournalState, PaymentState, Review
from payments.tests.factories import a_dispute, a_payment, a_refund, a_webhook
from restaurants.models import Restaurant
from restaurants.tests.factories import house
from tests.browser.looking import barriers, overflowing, watched
from tests.browser.test_admin import DESK, PHONE, log_in, size, staff, superuser

pytestmark = pytest.mark.browser


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


def a_month_of(restaurant: Restaurant) -> Payment:
    """Return a payment with something of everything, among others of the last weeks."""
    now = timezone.now()
    for days in range(1, 28):
        state = PaymentState.FAILED if days % 5 == 0 else PaymentState.SUCCEEDED
        a_payment(restaurant, 1_000_000 + days * 37_500, at=now - timedelta(days=days), state=state)
    payment = a_payment(restaurant, subject_id=book(restaurant).public_id, review=Review.HELD, reason="differs: mode")
    a_refund(payment, expected_at=now - timedelta(days=1))
    a_dispute(payment)
    a_webhook(payment, state=JournalState.PARKED, note="the gateway said unknown of the dispute")
    return payment


def look_at(page: Any, home: str, paths: list[str]) -> None:
    """Look at each page once dark on a desk and once light on a phone."""
    for path in paths:
        for theme, window in (("dark", DESK), ("light", PHONE)):
            size(page, window)
            page.emulate_media(color_scheme=theme)
            page.goto(home + path)
            page.wait_for_load_state("load")
            page.wait_for_timeout(300)
            assert (path, theme, barriers(page)) == (path, theme, [])
            assert (path, theme, overflowing(page)) == (path, theme, [])


def pages_of(payment: Payment) -> list[str]:
    names = ("payment_changelist", "payment_figures", "refund_changelist", "dispute_changelist")
    acts = ("change", "ask", "give_back")
    return [
        *(reverse(f"admin:payments_{name}") for name in names),
        *(reverse(f"admin:payments_payment_{act}", args=[payment.pk]) for act in acts),
        reverse("admin:payments_refund_change", args=[payment.refunds.get().pk]),
    ]


def test_a_houses_pages_have_no_barriers(page, buka_server, suya_spot) -> None:
    payment = a_month_of(suya_spot)

    with watched(page, buka_server):
        log_in(page, buka_server, staff(suya_spot))
        look_at(page, buka_server, pages_of(payment))


def test_the_platforms_pages_neither(page, buka_server, suya_spot) -> None:
    payment = a_month_of(suya_spot)
    event = a_webhook(payment, body='{"data": {"customer": {"email": "ada@example.com"}, "amount": 5}}')
    paths = [
        reverse("admin:payments_webhookevent_changelist"),
        reverse("admin:payments_webhookevent_change", args=[event.pk]),
        reverse("admin:payments_payment_let_through", args=[payment.pk]),
    ]

    with watched(page, buka_server):
        log_in(page, buka_server, superuser())
        look_at(page, buka_server, paths)


def test_the_chart_stands_beside_its_table_from_right_to_left_too(page, buka_server, suya_spot) -> None:
    a_month_of(suya_spot)
    size(page, PHONE)

    with watched(page, buka_server):
        log_in(page, buka_server, staff(suya_spot, language="ar"))
        page.goto(buka_server + reverse("admin:payments_payment_figures"))
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.locator(".m-chart rect.is-paid").count() > 10
        assert page.locator("table.t-list tbody tr").count() > 10
        assert overflowing(page) == []
        assert barriers(page) == []


def test_a_diners_own_page_has_none(page, buka_server, suya_spot) -> None:
    someone = superuser()
    payment = a_month_of(suya_spot)
    Payment.objects.update(payer=User.objects.get(pk=someone.pk))

    with watched(page, buka_server):
        log_in(page, buka_server, someone)
        look_at(page, buka_server, [reverse("own_payments:list")])
        assert page.get_by_text(payment.reference).count() == 1
