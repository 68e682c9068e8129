"""Taxes and charges: what they make of a sum, and when they may be changed."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from restaurants.charges import Charge, bill_of, of_which
from restaurants.models import ChargeLine
from restaurants.selectors import charge_lines_of
from restaurants.states import TAXES, ChargeBase, ChargeWhat
from restaurants.tests.factories import ChargeLineFactory, RestaurantFactory


def a_line(what=ChargeWhat.VAT, rate_bp=750, base=ChargeBase.NET, is_included=False, own_name="") -> ChargeLine:
    return ChargeLine(what=what, rate_bp=rate_bp, base=base, is_included=is_included, own_name=own_name)


def kobo(charges: tuple[Charge, ...]) -> list[int]:
    return [charge.kobo for charge in charges]


SERVICE = a_line(ChargeWhat.SERVICE_CHARGE, 1_000)
LINES = st.lists(
    st.builds(
        a_line,
        what=st.sampled_from(list(ChargeWhat)),
        rate_bp=st.integers(1, 5_000),
        base=st.sampled_from(list(ChargeBase)),
        is_included=st.booleans(),
    ),
    max_size=5,
)


class TestBillOf:
    def test_puts_lines_on_top_of_prices_without_them(self):
        lines = [SERVICE, a_line(base=ChargeBase.NET_AND_CHARGES), a_line(ChargeWhat.CONSUMPTION_TAX, 500)]

        bill = bill_of(1_000_000, lines)

        # 10 % of 10,000; 7.5 % of 11,000; 5 % of 10,000.
        assert kobo(bill.charges) == [100_000, 82_500, 50_000]
        assert (bill.net_kobo, bill.total_kobo) == (1_000_000, 1_232_500)
        assert bill.taxes == {"vat": 82_500, "consumption_tax": 50_000}

    def test_takes_included_lines_out_of_the_price(self):
        bill = bill_of(1_075_000, [a_line(is_included=True)])

        assert (bill.net_kobo, kobo(bill.charges), bill.total_kobo) == (1_000_000, [75_000], 1_075_000)

    def test_reckons_what_is_on_top_on_the_net_price(self):
        bill = bill_of(1_075_000, [a_line(is_included=True), SERVICE])

        assert (kobo(bill.charges), bill.total_kobo) == ([75_000, 100_000], 1_175_000)

    @pytest.mark.parametrize(("amount", "tax"), [(6, 0), (7, 1), (20, 2)])
    def test_rounds_half_a_kobo_up(self, amount, tax):
        # 0.45, 0.525 and 1.5 kobo.
        assert kobo(bill_of(amount, [a_line()]).charges) == [tax]

    @given(st.integers(0, 10**12), LINES)
    def test_is_its_parts_to_the_kobo(self, amount, lines):
        bill = bill_of(amount, lines)

        assert bill.net_kobo + sum(kobo(bill.charges)) == bill.total_kobo
        assert bill.net_kobo + sum(each.kobo for each in bill.charges if each.is_included) == amount
        assert min([bill.net_kobo, *kobo(bill.charges)]) >= 0
        assert [each.what for each in bill.charges] == [line.what for line in lines]

    @given(st.integers(1, 10**12), LINES)
    def test_is_off_by_half_a_kobo_a_line_at_the_most(self, amount, lines):
        bill = bill_of(amount, lines)

        charged = sum(line.rate_bp for line in lines if line.what not in TAXES)
        for line, charge in zip(lines, bill.charges, strict=True):
            both = 10_000 + charged if line.base == ChargeBase.NET_AND_CHARGES and line.what in TAXES else 10_000
            # The net itself carries what rounding of the included lines left.
            assert abs(charge.kobo - bill.net_kobo * line.rate_bp * both / 10**8) <= len(lines) + 1 + amount / 10**14


class TestOfWhich:
    @given(st.integers(0, 10**12), LINES)
    def test_leaves_the_price_as_it_is(self, amount, lines):
        bill = of_which(amount, lines)

        assert bill.total_kobo == amount
        assert bill.net_kobo + sum(kobo(bill.charges)) == amount


@pytest.mark.django_db
class TestChargeLine:
    def test_refuses_a_second_of_its_kind_on_the_same_days(self):
        line = ChargeLineFactory(until_day=date(2026, 6, 30))
        again = ChargeLine(restaurant=line.restaurant, what="vat", rate_bp=1_000, from_day=date(2026, 6, 30))

        with pytest.raises(ValidationError, match="such a line already"):
            again.full_clean()
        with pytest.raises(IntegrityError, match="one_charge_line_of_a_kind"), transaction.atomic():
            again.save()

    def test_follows_another_and_stands_beside_others(self):
        line = ChargeLineFactory(until_day=date(2026, 6, 30))

        for more in (
            {"what": "vat", "from_day": date(2026, 7, 1)},
            {"what": "service_charge"},
            {"what": "other_tax", "own_name": "Tourism levy"},
            {"what": "other_tax", "own_name": "Fire levy"},
        ):
            next_line = ChargeLine(restaurant=line.restaurant, rate_bp=1_000, **{"from_day": line.from_day, **more})
            next_line.full_clean()
            next_line.save()

        assert ChargeLine.objects.count() == 5

    def test_may_differ_between_meals_and_tickets(self):
        line = ChargeLineFactory(for_tickets=False)

        ChargeLineFactory(restaurant=line.restaurant, for_meals=False, rate_bp=500)

        day = date(2026, 5, 1)
        assert [each.rate_bp for each in charge_lines_of(line.restaurant_id, day, for_tickets=True)] == [500]
        assert [each.rate_bp for each in charge_lines_of(line.restaurant_id, day, for_meals=True)] == [750]

    def test_holds_from_its_first_day_to_its_last(self):
        line = ChargeLineFactory(from_day=date(2026, 3, 1), until_day=date(2026, 3, 31))

        days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]

        assert [bool(charge_lines_of(line.restaurant_id, day)) for day in days] == [False, True, True, False]

    def test_stays_as_it_is_once_it_has_begun(self):
        line = ChargeLineFactory()
        line.rate_bp = 1_000

        with pytest.raises(ValidationError, match="make a new line"):
            line.full_clean()

    def test_is_ended_from_today(self):
        line = ChargeLineFactory()
        line.until_day = timezone.localdate()
        line.full_clean()
        line.until_day -= timedelta(days=1)

        with pytest.raises(ValidationError, match="first day to end it"):
            line.full_clean()

    def test_may_be_changed_before_it_begins(self):
        line = ChargeLineFactory(from_day=timezone.localdate() + timedelta(days=1))
        line.rate_bp = 1_000

        line.full_clean()

    @pytest.mark.parametrize(("what", "own_name"), [("vat", "My VAT"), ("other_tax", "")])
    def test_has_one_name(self, what, own_name):
        line = ChargeLine(restaurant=RestaurantFactory(), what=what, own_name=own_name, rate_bp=750)

        with pytest.raises(ValidationError, match="a name of its own"):
            line.full_clean()
