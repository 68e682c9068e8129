from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import log_in, member
from payments.settlement.tests.factories import a_house, sold
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


def ask(person, house, **days: str):
    browser = Client()
    log_in(browser, person)
    today = timezone.localdate()
    given = {"from": today - timedelta(days=2), "until": today + timedelta(days=1), **days}
    return browser.get("/api/payments/statements", {"restaurant": house.public_id, **given})


class TestStatement:
    def test_is_answered_to_those_who_handle_money(self):
        house = a_house()
        payment = sold(house, 1_000_000)

        answer = ask(member(house.pk, Role.MANAGER), house)

        body = answer.json()
        assert (body["opening"]["amount"], body["closing"]["amount"]) == ("0.00", "8925.00")
        [line] = body["lines"]
        assert (line["kind"], line["payment"], line["net"]["amount"]) == ("sale", str(payment.public_id), "8925.00")

    @pytest.mark.parametrize("role", [Role.HOST, None])
    def test_is_not_there_for_others(self, role):
        house = a_house()
        person = member(house.pk, role) if role else member(RestaurantFactory().pk, Role.OWNER)

        answer = ask(person, house)

        assert (answer.status_code, answer.json()["code"]) == (404, "statement_not_found")

    def test_is_of_a_year_at_the_most(self):
        house = a_house()
        owner = member(house.pk, Role.OWNER)

        assert (
            ask(owner, house, **{"from": "2025-01-01", "until": "2026-06-01"}).json()["code"] == "statement_bad_period"
        )
        assert ask(owner, house, **{"from": "2026-06-01", "until": "2026-05-01"}).status_code == 400
        assert ask(owner, house, **{"from": "yesterday"}).json()["code"] == "invalid_input"
