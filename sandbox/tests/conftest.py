from collections.abc import Iterator

import pytest

from sandbox.testing import RunningSandbox
from sandbox.tests.receiving import Listening, Receiver


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: RunningSandbox) -> RunningSandbox:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def receiver(sandbox: RunningSandbox) -> Iterator[Receiver]:
    """Where the gateways send Buka's webhooks for the length of a test."""
    with Listening() as receiver:
        for merchant in ("paystack", "flutterwave"):
            sandbox.set_webhook_url(merchant, f"{receiver.url}/{merchant}")
        yield receiver
        sandbox.reset()
