"""Sales divided by the gateway, with subaccounts that it has made; deposits are not."""

from uuid import uuid4

import pytest
from django.utils import timezone

from payments.gateways import registry
from payments.gateways.base import CheckoutAsk, Opened, Payer
from payments.ledger import chart, postings, selectors, services
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Payment
from payments.reconciliation.services.houses import house_of
from payments.settlement.models import SplitCharge, Subaccount
from payments.settlement.services import splitting
from payments.settlement.states import SubaccountState
from payments.settlement.tests.factories import a_house, an_account, sold
from payments.states import Kind, PaymentState
from payments.tests.factories import a_payment, a_refund
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def divided() -> Restaurant:
    house = a_house(way="subaccount")
    # Flutterwave makes none without a number to call.
    house.phone = "+2348031234567"
    house.save()
    an_account(house, number="0690000031", bank_code="044")
    return house


def begun(house: Restaurant, kind: str = Kind.TICKETS, gateway: str = "paystack") -> Payment:
    return a_payment(house, 2_000_000, kind=kind, state=PaymentState.PENDING, gateway=gateway)


class TestSubaccounts:
    def test_are_made_once_at_each_gateway(self, divided, sandbox):
        assert splitting.make_due() == 2
        assert splitting.make_due() == 0

        codes = {row.gateway: row.code for row in Subaccount.objects.all()}
        assert codes["paystack"].startswith("ACCT_")
        assert {house_of(gateway, code) for gateway, code in codes.items()} == {divided.pk}

    def test_without_an_answer_wait_for_a_person(self, divided, sandbox):
        sandbox.gateway_faults({"gateway": "paystack", "route": "subaccount", "kind": "reset_after", "times": 1})
        splitting.make_due()
        row = Subaccount.objects.get(gateway="paystack")
        assert row.state == SubaccountState.ASKED

        assert splitting.make_due() == 0
        assert splitting.ask_again(subaccount=row).state == SubaccountState.MADE

    def test_are_not_made_for_houses_that_are_paid_out(self, sandbox):
        house = a_house()
        an_account(house)

        assert splitting.make_due() == 0


class TestSplitOf:
    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_is_what_the_gateway_divides(self, divided, sandbox, gateway):
        splitting.make_due()
        payment = begun(divided, gateway=gateway)

        split = splitting.split_of(payment, mode="test")

        assert split is not None
        assert split.commission_kobo == 215_000
        assert SplitCharge.objects.get(payment=payment).kept_kobo == 215_000
        ask = CheckoutAsk(
            reference=f"buka-{uuid4().hex[:12]}", amount_kobo=2_000_000, payer=Payer(email="ada@example.com"),
            return_url="http://localhost/back/", cancel_url="http://localhost/", description="Tickets", split=split,
        )  # fmt: skip
        assert isinstance(registry.gateway(gateway).open_checkout(ask), Opened)

    def test_is_none_of_deposits_and_without_a_subaccount(self, divided, sandbox):
        assert splitting.split_of(begun(divided), mode="test") is None
        splitting.make_due()
        assert splitting.split_of(begun(divided, Kind.DEPOSIT), mode="test") is None
        assert splitting.split_of(begun(divided), mode="live") is None
        assert splitting.split_of(begun(RestaurantFactory()), mode="test") is None
        assert not SplitCharge.objects.exists()


def test_a_refund_of_what_was_divided_is_owed_back_by_the_house() -> None:
    house = a_house(way="subaccount")
    payment = sold(house, 1_000_000)
    lines = postings.settled(gateway="paystack", houses={house.pk: 892_500})
    services.post(
        key="settlement:1", kind=TransactionKind.SETTLED, lines=lines, happened_at=timezone.now(),
        about=About("settlement", "1"), restaurant_id=house.pk,
    )  # fmt: skip
    assert selectors.owed_to(house.pk) == 0

    a_refund(payment, 1_000_000)

    assert selectors.owed_to(house.pk) == -892_500
    assert selectors.balance(chart.platform_commission(house.pk)) == 0
