"""The page that tells of the API works under its policy."""

from typing import Any

import pytest

from tests.browser.looking import watched

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_shows_the_operations_and_tries_one(page: Any, buka_server: str) -> None:
    # The first to ask waits while the description is put together; the page is what is looked at here.
    assert page.request.get(f"{buka_server}/api/schema").ok
    with watched(page, buka_server):
        page.goto(f"{buka_server}/api/docs")
        page.get_by_role("button", name="Expand operation").first.wait_for()
        page.locator(".opblock-tag", has_text="Languages").click()
        page.locator(".opblock-summary", has_text="/api/i18n/locales").first.click()
        page.get_by_role("button", name="Try it out").first.click()
        page.get_by_role("button", name="Execute").first.click()
        page.locator(".live-responses-table .response-col_status", has_text="200").first.wait_for()
