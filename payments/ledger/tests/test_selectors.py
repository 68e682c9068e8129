"""Balances, statements, and what the books knew when."""

from datetime import timedelta
from typing import Any

import pytest

from core.ids import uuid7
from core.testing import count_rows_anew, query_plans
from payments.ledger import chart, postings, selectors, services
from payments.ledger.models import Entry, Transaction
from payments.ledger.states import TransactionKind as Kind
from payments.ledger.tests.factories import GATEWAY, NOON, a_deposit, a_house, write

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def house() -> int:
    return a_house()


def an_evening(house: int) -> Any:
    """A deposit that is applied to a bill, with commission; return the payment's id."""
    payment = uuid7()
    a_deposit(house, 1_000_000, payment=payment, fee_kobo=25_000, restaurant_id=house)
    share = postings.Share(commission_kobo=50_000, commission_taxes={"VAT": 3_750})
    applied = postings.deposit_applied(house=house, amount_kobo=1_000_000, share=share)
    write(Kind.DEPOSIT_APPLIED, applied, payment=payment, restaurant_id=house, happened_at=NOON + DAY)
    return payment


class TestBalance:
    def test_reads_as_a_plain_number_on_either_side(self, house: int) -> None:
        a_deposit(house, 1_000_000, fee_kobo=25_000)

        assert selectors.balance(chart.gateway_clearing(GATEWAY)) == 975_000
        assert selectors.balance(chart.deposits_held(house)) == 1_000_000

    def test_is_zero_of_an_account_that_was_never_used(self, house: int) -> None:
        assert selectors.balance(chart.bank()) == 0

    def test_at_a_time_counts_what_had_happened_before(self, house: int) -> None:
        an_evening(house)

        held = chart.deposits_held(house)
        assert selectors.balance(held, at=NOON) == 0
        assert selectors.balance(held, at=NOON + DAY) == 1_000_000
        assert selectors.balance(held, at=NOON + 2 * DAY) == 0

    def test_as_it_was_known_leaves_out_what_was_recorded_later(self, house: int) -> None:
        posted = a_deposit(house)
        held = chart.deposits_held(house)

        assert selectors.balance(held, at=NOON + DAY, known_by=posted.recorded_at) == 0
        assert selectors.balance(held, at=NOON + DAY, known_by=posted.recorded_at + DAY) == 1_000_000


class TestBalances:
    def test_come_in_one_query_with_their_restaurants(self, house: int, django_assert_num_queries: Any) -> None:
        an_evening(house)
        an_evening(a_house())

        with django_assert_num_queries(1):
            found = selectors.balances(restaurant_id=house)
            assert all(each.account.restaurant for each in found)

        assert {each.account.named: each.kobo for each in found} == {
            chart.deposits_held(house): 0,
            chart.restaurant_payable(house): 946_250,
            chart.platform_commission(house): 50_000,
        }

    def test_by_kind_and_gateway(self, house: int) -> None:
        a_deposit(house)

        found = selectors.balances(kinds=["gateway_clearing", "deposits_held"], gateway=GATEWAY)

        assert [(each.account.kind, each.kobo) for each in found] == [("gateway_clearing", 975_000)]

    def test_at_a_time_are_those_of_the_single_accounts(self, house: int) -> None:
        an_evening(house)

        for at in (NOON, NOON + DAY, NOON + 2 * DAY):
            for each in selectors.balances(at=at):
                assert each.kobo == selectors.balance(each.account, at=at)


class TestOwedTo:
    def test_counts_earnings_of_every_name_less_what_was_given_away_and_paid(self, house: int) -> None:
        an_evening(house)
        a_deposit(house, 200_000)
        write(Kind.DEPOSIT_RETAINED, postings.deposit_retained(house=house, amount_kobo=200_000))
        write(Kind.CAPTURED, postings.late_fee_captured(gateway=GATEWAY, house=house, amount_kobo=30_000))
        write(Kind.COMPED, postings.comped(house=house, amount_kobo=10_000, by_house=True))
        write(Kind.DEPOSIT_APPLIED, postings.deposit_applied(house=house, amount_kobo=10_000))
        write(Kind.COMPED, postings.comped(house=house, amount_kobo=7_000, by_house=False))
        write(Kind.DEPOSIT_APPLIED, postings.deposit_applied(house=house, amount_kobo=7_000))
        write(Kind.PAID_OUT, postings.paid_out(house=house, amount_kobo=500_000))

        # Its own treat comes to nothing, Buka's is earned.
        assert selectors.owed_to(house) == 946_250 + 200_000 + 30_000 + 7_000 - 500_000

    def test_falls_below_zero_when_a_house_was_paid_ahead(self, house: int) -> None:
        a_deposit(house, 1_000_000)
        write(Kind.SETTLED, postings.settled(gateway=GATEWAY, houses={house: 950_000}))

        assert selectors.owed_to(house) == -950_000

    def test_leaves_other_houses_and_buka_s_own_taxes_out(self, house: int) -> None:
        an_evening(house)

        assert selectors.owed_to(a_house()) == 0


class TestAPayment:
    def test_stands_where_its_money_is(self, house: int) -> None:
        payment = an_evening(house)
        an_evening(house)

        assert selectors.standing_of_payment(payment) == {
            chart.gateway_clearing(GATEWAY): 975_000,
            chart.gateway_fees(GATEWAY): 25_000,
            chart.restaurant_payable(house): 946_250,
            chart.platform_commission(house): 50_000,
            chart.tax_payable("VAT"): 3_750,
        }
        assert selectors.left_of_payment(payment) == 1_000_000
        assert [each.kind for each in selectors.transactions_of_payment(payment)] == ["captured", "deposit_applied"]
        assert list(selectors.transactions_about("payment", payment)) == list(
            selectors.transactions_of_payment(payment)
        )


class TestStatement:
    def whole(self, account: Any, **asked: Any) -> list[Any]:
        parts, after = [], 0
        while True:
            part = selectors.statement(account, after=after, limit=3, **asked)
            parts.append(part)
            if part.next is None:
                return parts
            after = part.next

    def test_runs_on_from_part_to_part(self, house: int) -> None:
        for kobo in range(1, 11):
            a_deposit(house, kobo * 100, fee_kobo=None)

        parts = self.whole(chart.deposits_held(house))

        assert [len(part.rows) for part in parts] == [3, 3, 3, 1]
        running = [row.balance_kobo for part in parts for row in part.rows]
        assert running == [sum(range(1, last + 1)) * 100 for last in range(1, 11)]
        assert [part.opening_kobo for part in parts] == [0, *(part.rows[-1].balance_kobo for part in parts[:-1])]

    def test_of_a_period_opens_with_what_was_before(self, house: int) -> None:
        a_deposit(house, 100, happened_at=NOON - DAY)
        a_deposit(house, 200, happened_at=NOON)
        a_deposit(house, 400, happened_at=NOON + DAY)
        # Told late: it belongs to the time before.
        a_deposit(house, 800, happened_at=NOON - DAY)
        a_deposit(house, 1_600, happened_at=NOON + timedelta(hours=1))

        statement = selectors.statement(chart.deposits_held(house), since=NOON, until=NOON + DAY)

        assert statement.opening_kobo == 900
        assert [(row.kobo, row.balance_kobo) for row in statement.rows] == [(200, 1_100), (1_600, 2_700)]
        parts = self.whole(chart.deposits_held(house), since=NOON, until=NOON + 2 * DAY)
        assert [row.balance_kobo for part in parts for row in part.rows] == [1_100, 1_500, 3_100]

    def test_of_a_period_says_the_same_later_when_it_is_asked_as_it_was_known(self, house: int) -> None:
        posted = a_deposit(house, 100)
        asked = {"since": NOON - DAY, "until": NOON + DAY, "known_by": posted.recorded_at}

        assert selectors.statement(chart.deposits_held(house), **asked).rows == []

    def test_latest_rows_come_last_first(self, house: int) -> None:
        for kobo in (100, 200, 400):
            a_deposit(house, kobo, fee_kobo=None)
        account = selectors.find_account(chart.deposits_held(house))
        assert account is not None

        rows = selectors.latest_rows(account, limit=2)

        assert [(row.kobo, row.balance_kobo) for row in rows] == [(400, 700), (200, 300)]


class TestTrialBalance:
    def test_has_as_much_on_either_side(self, house: int) -> None:
        an_evening(house)
        write(Kind.POINTS_AWARDED, postings.points_awarded(owner_id=uuid7(), points=40))

        rows = selectors.trial_balance()

        for currency in ("NGN", "points"):
            sides = [(row.debit_kobo, row.credit_kobo) for row in rows if row.currency == currency]
            assert sum(debit for debit, _ in sides) == sum(credit for _, credit in sides) > 0
        assert {row.kind: row.balance_kobo for row in rows if row.currency == "NGN"} == {
            "gateway_clearing": 975_000, "gateway_fees": 25_000, "deposits_held": 0, "restaurant_payable": 946_250,
            "platform_commission": 50_000, "tax_payable": 3_750,
        }  # fmt: skip


class TestPlans:
    def test_a_balance_reads_one_index_and_not_the_table(self, house: int) -> None:
        a_deposit(house)
        names = [chart.deposits_held(house), chart.bank(), chart.suspense(GATEWAY)]
        account, *others = services.accounts_named(names).values()
        busy = Transaction.objects.create(
            kind=Kind.SETTLED, key="busy", happened_at=NOON, about_kind="test", about_id="1"
        )
        Entry.objects.bulk_create(
            Entry(transaction=busy, account=others[turn % 2], amount_kobo=1 if turn % 2 else -1)
            for turn in range(6_000)
        )
        count_rows_anew()

        plans = query_plans(lambda: selectors.balance(account), about="ledger_entry")

        assert [plan.indexes for plan in plans] == [{"ledger_entries_of_an_account"}]
