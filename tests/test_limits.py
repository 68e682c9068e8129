"""Limits as somebody meets them who tries to get around them: over HTTP, in several processes, under other names."""

import random

import httpx
import pytest
from django.test import Client

from bookings.lookup import BY_ADDRESS

LOOKUP = "/api/bookings/lookup"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
NAMES = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "X_Real_IP", "Via")


@pytest.mark.race
def test_guessing_is_stopped_across_processes_and_whatever_address_is_claimed(buka_server: str):
    guesses = random.Random(7)
    inside = Client()

    def guess() -> dict[str, str]:
        return {"code": "".join(guesses.choices(LETTERS, k=6)), "phone": "+2348031234567"}

    def claims(number: int) -> dict[str, str]:
        return {name: f"203.0.113.{number + place}" for place, name in enumerate(NAMES)}

    statuses = []
    with httpx.Client(base_url=buka_server, trust_env=False) as outside:
        for number in range(BY_ADDRESS.most):
            if number % 2:
                statuses.append(outside.get(LOOKUP, params=guess(), headers=claims(number)).status_code)
            else:
                statuses.append(inside.get(LOOKUP, guess(), headers=claims(number)).status_code)
        refused = outside.get(LOOKUP, params=guess(), headers=claims(99))
        page = outside.get("/en/find/")
        form = {**guess(), "contact": "Ada", "csrfmiddlewaretoken": outside.cookies["csrf"]}
        by_page = outside.post("/en/find/", data=form, headers=claims(100))

    assert set(statuses) == {404}
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3000
    assert (page.status_code, by_page.status_code) == (200, 429)
    assert inside.get(LOOKUP, guess()).status_code == 429


@pytest.mark.django_db
class TestSearching:
    def test_tells_where_one_stands_and_stops(self, client: Client):
        first = client.get("/api/restaurants")

        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("120", "119")
        for _number in range(119):
            client.get("/api/restaurants")
        assert client.get("/api/restaurants").status_code == 429
        assert client.get("/api/restaurants", REMOTE_ADDR="203.0.113.8").status_code == 200
        assert client.get("/api/i18n/locales").status_code == 200
