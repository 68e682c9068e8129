from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin in English, whichever language the request of an earlier test left active."""
    with translation.override("en"):
        yield


@pytest.fixture
def client_of_another() -> Client:
    """A second browser."""
    return Client()
