"""Flutterwave's pages in a real browser: the way of a card through its bank, and the page for those who test."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.gateways.keys import FLUTTERWAVE
from sandbox.testing import RunningSandbox
from tests.browser.looking import barriers, overflowing, watched

pytestmark = pytest.mark.browser
BEARER = {"Authorization": f"Bearer {FLUTTERWAVE['ours', 'test']}"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningSandbox) -> RunningSandbox:
    running.reset()
    return running


def hosted(sandbox: RunningSandbox, tx_ref: str) -> str:
    customer = {"email": "payer@example.com", "name": "Ada Demo"}
    asked = {"tx_ref": tx_ref, "amount": 2500, "redirect_url": f"{sandbox.url}/sms/?q=", "customer": customer}
    answer = sandbox.http.post("/flutterwave/v3/payments", json=asked, headers=BEARER).raise_for_status()
    return str(answer.json()["data"]["link"])


def looked_at(page: Any) -> None:
    assert barriers(page) == []
    assert overflowing(page) == []


def test_a_payer_goes_through_the_banks_page_and_back(page: Any, sandbox: RunningSandbox) -> None:
    with watched(page, sandbox.url):
        page.goto(hosted(sandbox, "buka-1"))
        looked_at(page)
        page.get_by_role("button", name="Card ending in 0229").click()
        looked_at(page)
        page.get_by_role("button", name="Yes, pay").click()
        page.get_by_role("textbox", name="One-time code").fill("12345")
        page.get_by_role("button", name="Continue").click()

        page.wait_for_url("**/sms/?q=&status=successful&tx_ref=buka-1&transaction_id=*")


def test_the_page_for_those_who_test_has_no_barriers(page: Any, sandbox: RunningSandbox) -> None:
    for tx_ref, how in (("paid", "card"), ("disputed", "card"), ("failed", "declined"), ("open", "ussd_never")):
        hosted(sandbox, tx_ref)
        sandbox.pay("flutterwave", tx_ref, how=how)
    sandbox.tell("flutterwave", "chargebacks", tx_ref="disputed")
    sandbox.gateway_faults({"kind": "refund_pending"})

    with watched(page, sandbox.url):
        page.goto(f"{sandbox.url}/flutterwave/")
        page.get_by_label("Refund (nothing: all that is left)").fill("1,000.00")
        page.get_by_role("button", name="Refund paid").click()
        page.get_by_text("of ₦1,000.00: processing").wait_for()
        looked_at(page)
        page.get_by_role("button", name="Lost: chargeback").click()
        page.get_by_text(": lost").wait_for()

    # A refusal is an HTTP 400, of which the browser complains.
    page.get_by_label("Refund (nothing: all that is left)").fill("9,000")
    page.get_by_role("button", name="Refund paid").click()
    page.get_by_role("alert").get_by_text("cannot be more than").wait_for()
    assert page.title().startswith("Error:")
    looked_at(page)
