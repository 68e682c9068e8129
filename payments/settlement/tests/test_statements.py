"""Statements say what the books say: each opens with what the one before closed with, and lines add up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.states import Role
from accounts.tests.factories import member
from notifications.models import Message
from payments import services as payments
from payments.ledger import postings, services
from payments.ledger.selectors import owed_to
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.services import bookkeeping
from payments.settlement import selectors, statements
from payments.settlement.models import IssuedStatement
from payments.settlement.services import issuing
from payments.settlement.statements import LineKind
from payments.settlement.states import Period
from payments.settlement.tests.factories import a_house, sold
from payments.states import RefundReason
from payments.tests.factories import a_payment, a_refund
from restaurants.models import Restaurant
from restaurants.tests.factories import ChargeLineFactory

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def earned(house: Restaurant, kobo: int, day: int, number: str) -> None:
    """Have a house earn an amount, or, below zero, be paid one, on a day of March."""
    if kobo > 0:
        lines = postings.sale_captured(
            gateway="paystack", house=house.pk, amount_kobo=kobo,
            share=postings.Share(kobo // 10, {"vat": kobo // 100}, {"state_tax": kobo // 20}, kobo // 70),
        )  # fmt: skip
    else:
        lines = postings.paid_out(house=house.pk, amount_kobo=-kobo)
    services.post(
        key=number,
        kind=TransactionKind.CAPTURED if kobo > 0 else TransactionKind.PAID_OUT,
        lines=lines,
        happened_at=BEGAN + timedelta(days=day, hours=day),
        about=About("test", number),
    )


class TestStatement:
    def test_has_a_line_for_each_thing_that_happened(self, django_assert_max_num_queries):
        house = a_house()
        payment = sold(house, 1_000_000, ago=timedelta(days=1))
        a_refund(payment, 200_000)
        deposit = a_payment(house, 500_000)
        with transaction.atomic():
            bookkeeping.deposit_retained(deposit)

        with django_assert_max_num_queries(8):
            found = statements.statement_of(
                house.pk, since=timezone.now() - timedelta(days=9), until=timezone.now() + timedelta(days=1)
            )

        assert [(line.kind, line.gross_kobo, line.commission_kobo, line.commission_tax_kobo, line.net_kobo)
                for line in found.lines] == [
            (LineKind.SALE, 1_000_000, 100_000, 7_500, 892_500),
            (LineKind.REFUND, -200_000, -20_000, -1_500, -178_500),
            (LineKind.RETAINED, 500_000, 50_000, 3_750, 446_250),
        ]  # fmt: skip
        assert found.lines[-1].balance_kobo == found.closing_kobo == owed_to(house.pk) == 1_160_250
        assert found.totals.net_kobo == 1_160_250

    def test_what_went_back_takes_its_tax_out_of_what_is_tax_within(self):
        house = a_house()
        ChargeLineFactory(restaurant=house, what="consumption_tax", rate_bp=500)
        payment = sold(house, 1_000_000, ago=timedelta(days=1))
        payments.refund(payment=payment, amount_kobo=1_000_000, reason=RefundReason.GOODWILL, key="back")

        found = statements.statement_of(
            house.pk, since=timezone.now() - timedelta(days=9), until=timezone.now() + timedelta(days=1)
        )

        sale, refund = found.lines
        assert sale.tax_kobo == -refund.tax_kobo > 0
        assert (found.totals.tax_kobo, found.totals.net_kobo) == (0, 0)

    def test_costs_as_much_whatever_happened(self, django_assert_max_num_queries):
        house = a_house()
        for _each in range(5):
            sold(house)

        with django_assert_max_num_queries(8):
            statements.statement_of(house.pk, since=BEGAN, until=timezone.now() + timedelta(days=1))

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(
        happened=st.lists(st.tuples(st.integers(-(10**9), 10**9).filter(bool), st.integers(0, 9)), max_size=8),
        cuts=st.lists(st.integers(0, 10), min_size=1, max_size=3, unique=True).map(sorted),
    )
    def test_each_opens_with_what_the_one_before_closed_with(self, happened, cuts):
        with transaction.atomic():
            house = a_house(tickets_basis_points=0)
            for number, (kobo, day) in enumerate(happened):
                earned(house, kobo, day, f"{house.pk}:{number}")
            ends = [BEGAN, *(BEGAN + timedelta(days=cut, hours=1) for cut in cuts), BEGAN + timedelta(days=20)]
            parts = [statements.statement_of(house.pk, since=since, until=until) for since, until in pairwise(ends)]

            assert parts[0].opening_kobo == 0
            assert parts[-1].closing_kobo == owed_to(house.pk)
            for before, after in pairwise(parts):
                assert before.closing_kobo == after.opening_kobo
            for part in parts:
                assert part.closing_kobo - part.opening_kobo == sum(line.net_kobo for line in part.lines)
                assert part.closing_kobo == owed_to(house.pk, at=part.until)
                for line in part.lines:
                    taken = line.commission_kobo + line.commission_tax_kobo + line.fee_kobo
                    assert line.gross_kobo == line.net_kobo + taken
            assert sum(len(part.lines) for part in parts) == len(happened)
            transaction.set_rollback(True)


class TestIssuing:
    def test_is_once_and_told_to_the_owners(self):
        house = a_house()
        owner = member(house.pk, Role.OWNER)
        member(house.pk, Role.MANAGER)
        sold(house, ago=timedelta(days=1))
        now = timezone.now() + 2 * issuing.CLOSES_AFTER

        assert (issuing.issue_due(now=now), issuing.issue_due(now=now)) == (1, 0)

        row = IssuedStatement.objects.get()
        assert row.until - row.since == timedelta(days=1)
        message = Message.objects.get(kind="payout.statement")
        assert (message.recipient, Message.objects.count()) == (owner.email, 1)

    @pytest.mark.django_db(transaction=True)
    def test_what_is_heard_of_later_stands_on_the_next_and_changes_none(self):
        house = a_house(tickets_basis_points=0)
        midnight = selectors.last_end_of("daily", now=timezone.now())
        sold(house, 1_000_000, ago=timezone.now() - midnight + timedelta(hours=3))
        first = issuing.issue(
            restaurant_id=house.pk, period=Period.DAILY, until=midnight, now=timezone.now() + issuing.CLOSES_AFTER
        )
        assert first is not None
        assert first.closing_kobo == 1_000_000

        late = sold(house, 300_000, ago=timezone.now() - midnight + timedelta(hours=5))

        second = issuing.issue(
            restaurant_id=house.pk, period=Period.DAILY, until=midnight + timedelta(days=1),
            now=timezone.now() + issuing.CLOSES_AFTER,
        )  # fmt: skip
        assert second is not None
        assert statements.issued(first).closing_kobo == 1_000_000
        again = statements.issued(second)
        assert (again.opening_kobo, again.closing_kobo) == (1_000_000, 1_300_000)
        assert [(line.payment_id, line.is_late) for line in again.lines] == [(late.public_id, True)]


class TestPeriods:
    @pytest.mark.parametrize(
        ("period", "end", "start"),
        [
            ("daily", datetime(2026, 12, 1, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)),
            ("weekly", datetime(2026, 11, 29, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC)),
            ("monthly", datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ],
    )
    def test_end_at_midnight_in_lagos(self, period, end, start):
        # Half past midnight on Wednesday, 2 December, in Lagos.
        found = selectors.last_end_of(period, now=datetime(2026, 12, 1, 23, 30, tzinfo=UTC))

        assert (found, selectors.start_of(period, found)) == (end, start)
