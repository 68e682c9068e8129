"""What Buka takes of a sale, and that it goes back with it."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from payments.ledger import chart, selectors
from payments.ledger.checking import check
from payments.models import Payment
from payments.services import bookkeeping
from payments.settlement.models import SettlementTerms
from payments.settlement.services import commission
from payments.settlement.tests.factories import a_house, sold, some_terms
from payments.states import DisputeState, Kind, RefundState
from payments.tests.factories import a_dispute, a_payment, a_refund
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


def taken(house: Restaurant) -> tuple[int, int, int]:
    """Return commission, its tax, and the fees that the house has borne."""
    return (
        selectors.balance(chart.platform_commission(house.pk)),
        selectors.balance(chart.tax_payable(commission.VAT)),
        selectors.balance(chart.fees_passed_on(house.pk)),
    )


class TestCommissionOf:
    def test_is_a_part_of_the_sale_with_its_tax(self):
        house = a_house(tickets_basis_points=750)

        share = commission.commission_of(
            restaurant_id=house.pk, kind=Kind.TICKETS, amount_kobo=1_000_01, at=timezone.now(), fee_kobo=1_500
        )

        assert (share.commission_kobo, share.commission_taxes, share.fee_kobo) == (75_00, {"vat": 5_63}, 0)

    def test_takes_nothing_without_terms(self):
        share = commission.commission_of(
            restaurant_id=RestaurantFactory().pk, kind=Kind.DEPOSIT, amount_kobo=1_000_00, at=timezone.now()
        )

        assert (share.commission_kobo, share.commission_taxes, share.fee_kobo) == (0, {"vat": 0}, 0)

    def test_goes_by_the_terms_of_the_day(self):
        house = a_house(ends_on=date(2026, 1, 1))
        some_terms(house, starts_on=date(2026, 1, 1), tickets_basis_points=500)
        # The last minute of the year in Lagos, and the first of the next.
        old = timezone.datetime(2025, 12, 31, 22, 59, tzinfo=timezone.get_fixed_timezone(0))

        def at(moment: timezone.datetime) -> int:
            return commission.commission_of(
                restaurant_id=house.pk, kind=Kind.TICKETS, amount_kobo=1_000, at=moment
            ).commission_kobo

        assert (at(old), at(old + timedelta(minutes=1))) == (100, 50)


class TestTerms:
    def test_of_one_house_do_not_overlap(self):
        house = a_house(ends_on=date(2026, 1, 1))

        with pytest.raises(IntegrityError, match="do_not_overlap"), transaction.atomic():
            some_terms(house, starts_on=date(2025, 12, 31))
        with pytest.raises(ValidationError, match="other terms on some of these days"):
            SettlementTerms(restaurant=house, starts_on=date(2020, 1, 1)).full_clean()
        with pytest.raises(IntegrityError, match="end_after_they_start"), transaction.atomic():
            some_terms(house, starts_on=date(2027, 1, 1), ends_on=date(2027, 1, 1))
        some_terms(house, starts_on=date(2026, 1, 1))


class TestKeepUp:
    def test_tickets_pay_it_when_they_are_paid(self):
        house = a_house()

        payment = sold(house, 1_000_000)

        assert taken(house) == (100_000, 7_500, 0)
        assert selectors.owed_to(house.pk) == 1_000_000 - 107_500
        assert selectors.left_of_payment(payment.public_id) == 1_000_000

    def test_a_deposit_pays_it_when_the_guest_has_come(self):
        house = a_house()
        payment = a_payment(house, 1_000_000)
        assert taken(house) == (0, 0, 0)

        with transaction.atomic():
            bookkeeping.deposit_applied(payment)

        assert taken(house) == (100_000, 7_500, 0)
        assert selectors.owed_to(house.pk) == 892_500

    def test_what_was_kept_and_is_released_pays_it_back(self):
        house = a_house()
        payment = a_payment(house, 1_000_000)
        with transaction.atomic():
            bookkeeping.deposit_retained(payment)
        assert taken(house) == (100_000, 7_500, 0)

        with transaction.atomic():
            bookkeeping.deposit_released(payment)

        assert taken(house) == (0, 0, 0)
        assert selectors.owed_to(house.pk) == 0

    def test_it_goes_back_with_a_refund_and_comes_again_when_that_fails(self):
        house = a_house(bears_fee="house")
        payment = sold(house, 1_000_000, fee_kobo=20_000)
        assert taken(house) == (100_000, 7_500, 20_000)

        refund = a_refund(payment, 250_000)
        assert taken(house) == (75_000, 5_625, 15_000)

        refund.state = RefundState.FAILED
        refund.save()
        payment.refunded_kobo = 0
        payment.save()
        with transaction.atomic():
            bookkeeping.refund_moved(payment, refund)

        assert taken(house) == (100_000, 7_500, 20_000)
        assert not [found for found in check() if not found.holds]

    def test_of_what_was_given_back_in_full_nothing_is_left_whatever_was_rounded(self):
        house = a_house(tickets_basis_points=333)
        payment = sold(house, 1_000_001, fee_kobo=0)
        for part in (333_333, 333_334, 333_334):
            a_refund(payment, part)

        assert taken(house) == (0, 0, 0)
        assert selectors.owed_to(house.pk) == 0

    def test_a_dispute_takes_it_back_and_winning_it_brings_it_again(self):
        house = a_house()
        payment = sold(house, 1_000_000)
        dispute = a_dispute(payment, 500_000)
        assert taken(house) == (50_000, 3_750, 0)

        dispute.state = DisputeState.WON
        dispute.save()
        with transaction.atomic():
            bookkeeping.dispute_moved(payment, dispute, before=DisputeState.OPEN)

        assert taken(house) == (100_000, 7_500, 0)

    def test_a_refund_goes_by_the_terms_of_the_sale(self):
        house = a_house(ends_on=timezone.localdate() - timedelta(days=1))
        some_terms(house, starts_on=timezone.localdate() - timedelta(days=1), tickets_basis_points=0)
        payment = sold(house, 1_000_000, ago=timedelta(days=5))

        a_refund(payment, 500_000)

        assert taken(house) == (50_000, 3_750, 0)

    def test_a_sale_of_before_the_terms_pays_nothing_whatever_is_heard_of_it_later(self):
        house = a_house(starts_on=timezone.localdate() - timedelta(days=1), bears_fee="house")
        payment = sold(house, 1_000_000, ago=timedelta(days=5), fee_kobo=0)

        payment.fee_kobo = 14_000
        payment.save()
        with transaction.atomic():
            bookkeeping.fee_told(payment, before_kobo=0)

        assert taken(house) == (0, 0, 0)

    def test_a_fee_that_is_told_late_is_passed_on_late(self):
        house = a_house(bears_fee="house", tickets_basis_points=0)
        payment = sold(house, 1_000_000, fee_kobo=0)

        payment.fee_kobo = 14_000
        payment.save()
        with transaction.atomic():
            bookkeeping.fee_told(payment, before_kobo=0)

        assert taken(house) == (0, 0, 14_000)

    def test_the_same_again_takes_nothing_twice(self):
        house = a_house()
        payment = sold(house)
        before = taken(house)

        with transaction.atomic():
            bookkeeping.captured(payment)
            commission.keep_up(payment, at=timezone.now())

        assert taken(house) == before

    def test_asks_one_question_where_nothing_is_taken(self, django_assert_num_queries):
        payment = a_payment(RestaurantFactory())
        payment = Payment.objects.select_related("request").get(pk=payment.pk)

        with django_assert_num_queries(1):
            commission.keep_up(payment, at=timezone.now())


class TestChargeForGuests:
    def test_takes_a_fixed_sum_for_each_guest_once(self):
        house, booking = a_house(per_guest_kobo=20_000), str(uuid7())

        with transaction.atomic():
            for _again in range(2):
                commission.charge_for_guests(restaurant_id=house.pk, booking_id=booking, guests=4, at=timezone.now())

        assert taken(house) == (80_000, 6_000, 0)
        assert selectors.owed_to(house.pk) == -86_000


@given(amount=st.integers(1, 10**11), parts=st.integers(0, 3333))
def test_commission_and_its_tax_are_never_more_than_the_sale(amount: int, parts: int) -> None:
    kobo = commission.part_of(amount, parts)
    share = commission.with_tax(kobo)

    assert 0 <= share.commission_kobo + sum((share.commission_taxes or {}).values()) <= amount
