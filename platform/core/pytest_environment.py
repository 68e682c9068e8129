"""What must be there before pytest-django: variables that the settings read, and a fixture. Named by `-p` in
pyproject.toml; a conftest.py would come too late.
"""

import asyncio
import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("BUKA_ENV", "test")

# Each of pytest-xdist's workers has its own database; its keys in Redis are its own as well.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_PREFIX"] = os.environ.get("REDIS_PREFIX", "buka-test:") + f"{worker}:"

# Playwright's synchronous interface keeps an event loop on the main thread, where Django would refuse every query.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(autouse=True)
def _no_browsers_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide from tests without a browser that Playwright keeps an event loop running on this thread once it was used.

    Before their transaction begins: where a loop runs Django has another connection, and what a test did would stay.
    """
    loop = asyncio._get_running_loop()
    if loop is None or "page" in request.fixturenames or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)
