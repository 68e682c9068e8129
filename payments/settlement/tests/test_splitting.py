"""Sales divided by the gateway, with subaccounts that it has made; deposits are not."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from payments.gateways import registry
from payments.gateways.base import Charge, CheckoutAsk, Opened, Page, Payer, Settlement
from payments.ledger import chart, selectors
from payments.ledger.checking import check
from payments.models import Payment
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.services import books
from payments.reconciliation.services.charges import Comparing
from payments.reconciliation.services.houses import house_of
from payments.reconciliation.states import FindingKind
from payments.services import bookkeeping
from payments.settlement import errors
from payments.settlement.models import PayoutAccount, SettlementTerms, SplitCharge, Subaccount
from payments.settlement.services import dividing, payouts, splitting
from payments.settlement.statements import statement_of
from payments.settlement.states import SubaccountState
from payments.settlement.tests.factories import a_house, an_account
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
        assert split.kept_kobo == 215_000
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


def divided_sale(house: Restaurant, gateway: str = "paystack", kobo: int = 1_000_000, kept: int = 107_500) -> Payment:
    """Return tickets whose gateway was asked to divide what is paid for them, and was paid."""
    account = PayoutAccount.objects.filter(restaurant=house).first() or an_account(house)
    subaccount, _is_new = Subaccount.objects.get_or_create(
        account=account, gateway=gateway, mode="test", state="made", code=f"ACCT_{house.pk}"
    )
    payment = a_payment(house, kobo, kind=Kind.TICKETS, gateway=gateway, state=PaymentState.PENDING)
    SplitCharge.objects.create(payment=payment, subaccount=subaccount, kept_kobo=kept)
    come(payment)
    return payment


def come(payment: Payment, **more: Any) -> None:
    now, money = timezone.now(), {"received_kobo": payment.amount_kobo, "fee_kobo": 20_000, **more}
    Payment.objects.filter(pk=payment.pk).update(state="succeeded", paid_at=now, credited_at=now, **money)
    payment.refresh_from_db()
    with transaction.atomic():
        bookkeeping.captured(payment)


@pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
class TestWhatWasDivided:
    def test_is_not_paid_out_by_us_before_the_gateway_has_settled_it(self, gateway):
        house = a_house(way="subaccount")
        divided_sale(house, gateway)

        assert selectors.owed_to(house.pk) == 0
        with pytest.raises(errors.NothingToPayOut):
            payouts.draft(restaurant_id=house.pk)
        assert payouts.draft_due(now=timezone.now() + timedelta(days=1)) == 0
        assert all(found.holds for found in check())

    def test_is_paid_by_the_gateway_on_the_statement(self, gateway):
        house = a_house(way="subaccount")
        payment = divided_sale(house, gateway)
        now = timezone.now()

        found = statement_of(house.pk, since=now - timedelta(days=1), until=now + timedelta(days=1))

        assert [(line.kind, line.net_kobo) for line in found.lines] == [("sale", 892_500), ("divided", -892_500)]
        assert {line.payment_id for line in found.lines} == {payment.public_id}
        assert found.closing_kobo == 0

    def test_and_is_given_back_is_owed_back_by_the_house(self, gateway):
        house = a_house(way="subaccount")
        payment = divided_sale(house, gateway)

        a_refund(payment, 1_000_000)

        assert selectors.owed_to(house.pk) == -892_500
        assert selectors.balance(chart.platform_commission(house.pk)) == 0
        assert all(found.holds for found in check())

    def test_is_with_the_house_even_if_it_is_held_for_a_look(self, gateway):
        house = a_house(way="subaccount")
        divided_sale(house, gateway)
        held = a_payment(house, 1_000_000, kind=Kind.TICKETS, gateway=gateway, state=PaymentState.PENDING)
        SplitCharge.objects.create(payment=held, subaccount=Subaccount.objects.get(), kept_kobo=107_500)
        Payment.objects.filter(pk=held.pk).update(review="held")
        held.refresh_from_db()
        come(held)

        assert selectors.owed_to(house.pk) == -892_500

    def test_agrees_with_what_the_gateway_settles(self, gateway, divided, sandbox):
        splitting.make_due()
        there, payment = registry.gateway(gateway), begun(divided, gateway=gateway)
        ask = CheckoutAsk(
            reference=payment.reference, amount_kobo=2_000_000, payer=Payer(email="ada@example.com"),
            return_url="http://localhost/back/", cancel_url="http://localhost/", description="Tickets",
            split=splitting.split_of(payment, mode="test"),
        )  # fmt: skip
        assert isinstance(there.open_checkout(ask), Opened)
        sandbox.pay(gateway, payment.reference)
        charge = there.verify(payment.reference)
        assert isinstance(charge, Charge)
        come(payment, fee_kobo=charge.fee_kobo)
        if gateway == "paystack":
            sandbox.http.post("/paystack/api/settlements", json={}).raise_for_status()
        else:
            sandbox.tell("flutterwave", "settlements")
        now = timezone.now()
        page = there.settlements(since=now - timedelta(days=2), until=now + timedelta(days=2))
        run = Run.objects.create(
            gateway=gateway, mode="test", day=now.date(), since=now - timedelta(days=1), until=now, began_at=now
        )

        assert isinstance(page, Page)
        for seen in page.rows:
            books.book_settlement(Comparing(run, there), seen)

        subaccount = SplitCharge.objects.get().subaccount.code
        assert selectors.balance(chart.bank()) == 215_000 - (charge.fee_kobo or 0)
        assert selectors.balance(chart.gateway_clearing(gateway)) == 0
        assert selectors.balance(chart.subaccount_clearing(gateway, subaccount)) == 0
        assert selectors.owed_to(divided.pk) == 0
        assert not Finding.objects.exists()
        if gateway == "paystack":
            # More to a subaccount than was divided to it is a difference.
            seen = Settlement("777", "success", amount_kobo=5, fee_kobo=0, settled_on=now, subaccount=subaccount)
            books.book_settlement(Comparing(run, there), seen)
            assert Finding.objects.get().kind == FindingKind.SETTLEMENT


def test_of_a_second_charge_under_one_reference_is_divided_as_the_first() -> None:
    house = a_house(way="subaccount")
    first = divided_sale(house)
    second = a_payment(house, 1_000_000, kind=Kind.TICKETS, beside=first)

    assert dividing.split_charge_of(second) == SplitCharge.objects.get()
    assert selectors.owed_to(house.pk) == 0


@pytest.mark.parametrize(
    ("gateway", "received", "part"),
    [("paystack", 900_000, 792_500), ("paystack", 100_000, 0), ("flutterwave", 900_000, 880_000),
     ("flutterwave", 1_100_000, 892_500)],
)  # fmt: skip
def test_of_another_sum_than_was_asked_goes_as_the_gateway_divides_it(gateway, received, part) -> None:
    payment = divided_sale(a_house(way="subaccount"), gateway)
    payment.received_kobo = received

    assert dividing.part_of_house(payment, SplitCharge.objects.get()) == part


def test_nothing_is_divided_where_buka_would_keep_less_than_the_fee(divided, sandbox) -> None:
    SettlementTerms.objects.update(tickets_basis_points=100)
    splitting.make_due()

    assert splitting.split_of(begun(divided), mode="test") is None
    assert not SplitCharge.objects.exists()
