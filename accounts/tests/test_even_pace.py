"""No answer to what names somebody comes sooner than others do."""

import pytest

from accounts import middleware

pytestmark = pytest.mark.django_db


@pytest.fixture
def waited(settings, monkeypatch) -> list[float]:
    settings.ACCOUNT_ANSWERS_TAKE = 5.0
    seconds: list[float] = []
    monkeypatch.setattr(middleware.time, "sleep", seconds.append)
    return seconds


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/auth/code", {"email": "demo.nobody@example.com"}),
        ("/api/auth/password/reset", {"email": "demo.nobody@example.com"}),
        ("/en/account/log-in/code/", {"login": "demo.nobody@example.com"}),
        ("/zh-Hans/account/log-in/code/", {"login": "demo.nobody@example.com"}),
    ],
)
def test_what_names_somebody_is_answered_evenly(client, waited, path, body):
    client.post(path, body)

    assert len(waited) == 1
    assert 0 < waited[0] < 5


@pytest.mark.parametrize("path", ["/api/auth/register", "/en/account/register/"])
def test_making_an_account_takes_longer_and_as_long_for_everybody(client, settings, waited, path):
    settings.ACCOUNT_SIGN_UPS_TAKE = 50.0

    client.post(path, {"email": "demo.nobody@example.com"})

    assert 40 < waited[0] < 50


@pytest.mark.parametrize("path", ["/en/account/log-in/", "/en/", "/api/restaurants"])
def test_pages_that_are_only_looked_at_are_not_held_back(client, waited, path):
    client.get(path)

    assert waited == []


def test_nor_is_what_took_long_enough(client, settings, waited):
    settings.ACCOUNT_ANSWERS_TAKE = 0.0

    client.post("/en/account/log-in/code/", {"login": "demo.nobody@example.com"})

    assert waited == [0.0]
