"""What the browser's tests share."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def page_without_scripts(browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()
