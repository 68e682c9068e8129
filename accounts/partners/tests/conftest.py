import pytest

from core.redis import client, key


@pytest.fixture(autouse=True)
def _nobody_sends():
    """Begin with the turn of sending free, whatever a test that broke off left behind."""
    client().delete(key("webhooks", "sender"))
