from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from core.invariants import ask, invariants
from payments.ledger.agreements import agreements
from payments.saved.tests.factories import SUBJECTS
from sandbox.testing import SandboxClient


@pytest.fixture(autouse=True)
def _evenings(settings: Any) -> Iterator[None]:
    settings.PAYMENT_SUBJECTS = SUBJECTS
    with translation.override("en"):
        yield


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    """Both gateways, played by the sandbox; whatever a test does there, the books add up afterwards."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()
    assert [found for found in ask([*invariants(), *agreements()]) if not found.holds] == []


@pytest.fixture(params=["paystack", "flutterwave"])
def first(request: pytest.FixtureRequest, settings: Any) -> str:
    """Each gateway once as the one that is asked first."""
    settings.PAYMENT_GATEWAYS = [request.param, *({"paystack", "flutterwave"} - {request.param})]
    return str(request.param)
