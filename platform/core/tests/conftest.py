import socket
from collections.abc import Iterator

import pytest

from core.tests import pings


@pytest.fixture
def pinged(settings):
    """The test's own event, with its hearers."""
    settings.CONFIG_SUBSCRIPTIONS = "core.tests.subscriptions"
    pings.heard.clear()
    pings.failures_left = 0
    return pings


@pytest.fixture
def redis_away(settings):
    """A Redis that refuses every connection, as after `kill -9`."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]
