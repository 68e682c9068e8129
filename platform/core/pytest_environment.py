"""What must be there before pytest-django: variables that the settings read, and a hook. Named by `-p` in
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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Function) -> Iterator[None]:
    """Hide from tests without a browser that Playwright keeps an event loop running on this thread once it was used.

    Before the first of their fixtures, a whole file's as well: where a loop runs Django has another connection, and
    what a test did would stay, or be locked for itself.
    """
    loop = asyncio._get_running_loop()
    names = getattr(item, "fixturenames", ())
    if loop is None or "page" in names or "browser" in names:
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if loop.is_running():
            asyncio._set_running_loop(loop)
