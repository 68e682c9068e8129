"""Whoever is refused learns for how long, by every door; and what allauth's counting must still look like for that."""

import inspect
import time
from typing import Any

import pytest
import time_machine
from allauth.core.internal import ratelimit
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import waiting
from accounts.models import User
from accounts.tests.pages import PASSWORD, log_in, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def ada() -> User:
    return person()


def by_api(client: Client, password: str) -> Any:
    body = {"email": "ada@example.com", "password": password}
    return client.post("/api/auth/login", body, content_type="application/json")


def test_allauth_still_counts_in_one_place() -> None:
    assert ratelimit._consume_single_rate is waiting._consume_single_rate
    parameters = inspect.signature(waiting._allauths_own).parameters
    assert list(parameters) == ["request", "app", "action", "rate", "key", "user", "dry_run", "raise_exception"]
    assert set(inspect.signature(ratelimit.get_cache_key).parameters) >= {"request", "app", "action", "rate"}


def test_the_time_is_when_the_oldest_try_stops_to_count(client: Client, ada: User) -> None:
    with time_machine.travel(time.time(), tick=False) as clock:
        for _try in range(5):
            by_api(client, "wrong")
            clock.shift(10)
        refused = by_api(client, "wrong")
        told = int(refused["Retry-After"])

        clock.shift(told - 1)
        too_early = by_api(client, PASSWORD)
        clock.shift(1)
        in_time = by_api(client, PASSWORD)

    assert refused.status_code == 429
    assert told == 250
    assert refused.json()["retry_after"] == told
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("5", "0")
    assert (too_early.status_code, in_time.status_code) == (429, 200)


def test_the_page_says_it_in_words(client: Client, ada: User) -> None:
    with time_machine.travel(time.time(), tick=False):
        for _try in range(5):
            log_in(client, password="wrong")
        refused = log_in(client, password="wrong")

    assert refused.status_code == 429
    assert refused["Retry-After"] == "300"
    assert "Too many tries. Try again in 5 minutes, or log in another way." in refused.content.decode()


@pytest.mark.long
def test_a_limit_over_all_strangers_says_it_too(ada: User) -> None:
    for number in range(51):
        refused = by_api(Client(REMOTE_ADDR=f"203.0.113.{number}"), "wrong")

    assert refused.status_code == 429
    assert 500 < int(refused["Retry-After"]) <= 600


def test_a_limit_by_address_has_a_page_that_says_it(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "reset_password": "1/h/ip"}
    with time_machine.travel(time.time(), tick=False):
        client.post(reverse("account_reset_password"), {"email": "a@example.com"})
        refused = client.post(reverse("account_reset_password"), {"email": "b@example.com"})

    assert refused.status_code == 429
    assert refused["Retry-After"] == "3600"
    assert "Try again in 60 minutes." in refused.content.decode()
    assert refused["Cache-Control"].startswith("max-age=0")
