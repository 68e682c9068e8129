"""People pay on the sandbox's hosted checkout page in a real browser: by keyboard, without scripts or barriers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import RunningSandbox
from sandbox.tests.paying import initialize, paid, refund, verify
from tests.browser.looking import barriers, overflowing, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningSandbox) -> RunningSandbox:
    running.reset()
    return running


def checkout(sandbox: RunningSandbox, reference: str = "buka-1", **more: Any) -> str:
    # Where payers are sent back to is a page that is there, and has no barriers of its own.
    asked = {"callback_url": f"{sandbox.url}/sms/", **more}
    return str(initialize(sandbox, reference, **asked).json()["data"]["authorization_url"])


def looked_at(page: Any) -> None:
    assert barriers(page) == []
    assert overflowing(page) == []


def test_each_step_has_no_barriers(page: Any, sandbox: RunningSandbox) -> None:
    with watched(page, sandbox.url):
        page.goto(checkout(sandbox))
        looked_at(page)
        page.get_by_role("button", name="Card ending in 6666").click()
        looked_at(page)
        page.get_by_role("textbox", name="Card PIN").fill("1234")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("textbox", name="One-time code").fill("123456")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/sms/?trxref=buka-1&reference=buka-1")
        assert verify(sandbox)["status"] == "success"

        page.goto(checkout(sandbox, "buka-2"))
        page.get_by_role("button", name="Show an account").click()
        looked_at(page)
        page.get_by_role("button", name="Choose another way").click()
        page.get_by_role("button", name="Show a code").click()
        looked_at(page)
        page.get_by_role("button", name="Choose another way").click()
        page.get_by_role("button", name="Card ending in 4796").click()
        looked_at(page)
        page.get_by_role("button", name="No, this is not me").click()
        page.get_by_text("This payment has failed").wait_for()
        looked_at(page)
        page.get_by_role("link", name="Back to Buka").click()
        page.wait_for_url("**/sms/?trxref=buka-2&reference=buka-2")


def test_what_is_wrong_is_said_without_barriers(page: Any, sandbox: RunningSandbox) -> None:
    page.goto(checkout(sandbox))
    page.get_by_label("Or the number of one of these cards").fill("1234")
    page.get_by_role("button", name="Pay by card").click()

    page.get_by_role("alert").get_by_text("Only the test cards").wait_for()
    assert page.title().startswith("Error:")
    looked_at(page)


def test_the_keyboard_is_enough(page: Any, sandbox: RunningSandbox) -> None:
    page.goto(checkout(sandbox))
    for _press in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Card ending in 4081"):
            break
    page.keyboard.press("Enter")

    page.wait_for_url("**/sms/?trxref=*")
    assert verify(sandbox)["status"] == "success"


def test_scripts_are_not_needed(page_without_scripts: Any, sandbox: RunningSandbox) -> None:
    page = page_without_scripts
    page.goto(checkout(sandbox))
    page.get_by_role("button", name="Show an account").click()
    page.get_by_label("Sum that you send").fill("24,000")
    page.get_by_role("button", name="Send the money").click()
    assert verify(sandbox)["status"] == "ongoing"
    page.get_by_label("Sum that you send").fill("25,000")
    page.get_by_role("button", name="Send the money").click()

    page.wait_for_url("**/sms/?trxref=*")
    assert verify(sandbox)["channel"] == "bank_transfer"


def test_the_pages_for_those_who_test_have_no_barriers(page: Any, sandbox: RunningSandbox) -> None:
    checkout(sandbox)
    paid(sandbox, "buka-2")
    sandbox.gateway_faults(
        {"kind": "refund_pending"}, {"kind": "slow", "chance": 0.5, "times": 3, "options": {"event": "charge.success"}}
    )
    refund(sandbox, "buka-2", amount=1000)
    sandbox.http.post("/paystack/api/disputes", json={"reference": "buka-2"}).raise_for_status()
    with watched(page, sandbox.url):
        for path in ("/", "/gateways/", "/paystack/"):
            page.goto(f"{sandbox.url}{path}")
            looked_at(page)
        page.goto(f"{sandbox.url}/gateways/")
        page.get_by_label("What", exact=True).select_option("error_500")
        page.get_by_label("Where", exact=True).select_option("verify")
        page.get_by_role("button", name="Add").click()
        page.get_by_role("cell", name="error_500", exact=True).wait_for()
        looked_at(page)


def test_no_page_shows_a_whole_card_number(page: Any, sandbox: RunningSandbox, running: RunningSandbox) -> None:
    page.goto(checkout(sandbox))
    shown = page.content()
    page.get_by_label("Or the number of one of these cards").fill("4084 0840 8408 4081")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url("**/sms/?trxref=*")

    kept = b"".join(file.read_bytes() for file in Path(running.home).rglob("*") if file.is_file())
    for text in (shown.encode(), kept):
        assert b"4084084084084081" not in text.replace(b" ", b"")
