from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from sandbox.testing import SandboxClient


@pytest.fixture
def sandbox(sandbox_process, settings: Any) -> Iterator[SandboxClient]:
    """The sandbox, with both gateways played there."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.http.close()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin in English, whichever language the request of an earlier test left active."""
    with translation.override("en"):
        yield
