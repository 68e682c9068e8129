"""Houses with terms, with an account, and with money in the books."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from payments.models import Payment
from payments.settlement.models import PayoutAccount, SettlementTerms
from payments.settlement.states import AccountState
from payments.states import Kind
from payments.tests.factories import a_payment
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

TEN_PERCENT = {"deposit_basis_points": 1000, "tickets_basis_points": 1000, "fee_basis_points": 1000}


def a_house(**terms: Any) -> Restaurant:
    """Return a restaurant of whose sales a tenth is Buka's."""
    restaurant: Restaurant = RestaurantFactory()
    some_terms(restaurant, **terms)
    return restaurant


def some_terms(restaurant: Restaurant, **more: Any) -> SettlementTerms:
    given = {"starts_on": date(2020, 1, 1), "period": "daily", **TEN_PERCENT, **more}
    return SettlementTerms.objects.create(restaurant=restaurant, **given)


def an_account(restaurant: Restaurant, *, number: str = "0123456789", **more: Any) -> PayoutAccount:
    """Return the account that a house is paid into."""
    yesterday = timezone.now() - timedelta(days=1)
    given = {
        "state": AccountState.ACTIVE,
        "version": PayoutAccount.objects.filter(restaurant=restaurant).count() + 1,
        "bank_code": "058",
        "holder": "DEMO KITCHEN",
        "confirmed_at": yesterday,
        "active_from": yesterday,
        **more,
    }
    return PayoutAccount.objects.create(restaurant=restaurant, number=number, last4=number[-4:], **given)


def sold(restaurant: Restaurant, kobo: int = 1_000_000, *, ago: timedelta = timedelta(), **more: Any) -> Payment:
    """Have tickets sold and paid for."""
    with transaction.atomic():
        return a_payment(restaurant, kobo, kind=Kind.TICKETS, at=timezone.now() - ago, **more)
