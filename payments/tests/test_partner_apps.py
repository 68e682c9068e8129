"""What partner apps see of money: what was paid at the houses that let them in, and nothing of a person's own."""

import pytest

from accounts.partners import services as partners
from accounts.partners.states import Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token
from accounts.tests.factories import UserFactory
from payments.states import Kind
from payments.tests.factories import a_payment
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return RestaurantFactory()


@pytest.fixture
def headers(house) -> dict[str, str]:
    app, secret = an_app()
    partners.grant_access(app=app, restaurant_id=house.pk, scopes=[Scope.BOOKINGS_READ], by=None)
    return bearing(fetch_token(app, secret, Scope.BOOKINGS_READ))


def test_lists_what_was_paid_where_it_sees_bookings(client, house, headers, django_assert_max_num_queries):
    own = [a_payment(house), a_payment(house, kind=Kind.TICKETS)]
    a_payment(RestaurantFactory(slug="elsewhere"))

    with django_assert_max_num_queries(12):
        found = client.get("/api/payments", headers=headers).json()["results"]

    assert [each["id"] for each in found] == [str(each.public_id) for each in reversed(own)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/payments/methods"),
        ("get", "/api/payments/methods/019acf60-2c41-7d15-8a63-3c0f6c1b7a90"),
        ("get", "/api/payments/statements"),
        ("post", "/api/payments/019acf3e-7c1a-7b52-9a41-6a54fd0c9d11/refunds"),
    ],
)
def test_is_told_what_is_for_people(client, headers, method, path):
    answer = getattr(client, method)(path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "partner_not_here")


def test_reads_receipts_of_what_no_account_and_no_friend_paid(client, house, headers):
    a_guests, an_accounts, a_friends = (
        a_payment(house),
        a_payment(house, payer=UserFactory()),
        a_payment(house, is_share=True),
    )
    elsewhere = a_payment(RestaurantFactory(slug="elsewhere"))

    def status(payment) -> int:
        return client.get(f"/api/payments/{payment.public_id}/receipt", headers=headers).status_code

    assert [status(each) for each in (a_guests, an_accounts, a_friends, elsewhere)] == [200, 404, 404, 404]
