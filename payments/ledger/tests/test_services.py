"""What is written once, what is refused, and how it is undone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from core.ids import uuid7
from payments.ledger import chart, postings, selectors, services
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.models import Account, Entry, Transaction
from payments.ledger.postings import Line
from payments.ledger.services import About, LedgerKeyTaken, MoreThanIsLeft, NotEnoughPoints
from payments.ledger.states import TransactionKind
from payments.ledger.tests.factories import GATEWAY, NOON, a_deposit, a_house, write

pytestmark = pytest.mark.django_db


def rows() -> tuple[int, int, int]:
    return Account.objects.count(), Transaction.objects.count(), Entry.objects.count()


class TestPost:
    def test_writes_a_transaction_with_its_entries(self) -> None:
        house, payment, somebody = a_house(), uuid7(), uuid4()

        posted = services.post(
            key=f"payment:{payment}:captured",
            kind=TransactionKind.CAPTURED,
            lines=postings.deposit_captured(gateway=GATEWAY, house=house, amount_kobo=1_000_000, fee_kobo=25_000),
            happened_at=NOON,
            about=About.payment(payment),
            restaurant_id=house,
            actor_id=somebody,
            note="By transfer",
        )

        entries = {entry.account.named: entry.amount_kobo for entry in posted.entries.select_related("account")}
        assert entries == {
            chart.gateway_clearing(GATEWAY): 975_000,
            chart.gateway_fees(GATEWAY): 25_000,
            chart.deposits_held(house): -1_000_000,
        }
        assert (posted.payment_id, posted.about_kind, posted.about_id) == (payment, "payment", str(payment))
        assert (posted.happened_at, posted.restaurant_id, posted.actor_id) == (NOON, house, somebody)
        assert posted.recorded_at > NOON

    def test_costs_four_statements_and_three_more_where_a_balance_limits(self, django_assert_num_queries: Any) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house)
        asked = postings.refund_asked(gateway=GATEWAY, out_of={chart.deposits_held(house): 5})
        write(TransactionKind.REFUND_ASKED, asked, about=About("refund", "1"))

        with django_assert_num_queries(4):
            a_deposit(house, payment=payment)
        with django_assert_num_queries(7):
            write(TransactionKind.REFUND_ASKED, asked, payment=payment)

    def test_opens_each_account_once(self) -> None:
        house = a_house()

        a_deposit(house)
        a_deposit(house)

        assert rows() == (3, 2, 6)

    @pytest.mark.django_db(transaction=True)
    def test_belongs_into_a_transaction(self) -> None:
        with pytest.raises(TransactionManagementError, match="transaction of what they tell about"):
            a_deposit(a_house())

        assert rows() == (0, 0, 0)

    @pytest.mark.parametrize(
        "lines",
        [
            (),
            (Line(chart.bank(), 5),),
            (Line(chart.bank(), 5), Line(chart.suspense(GATEWAY), -4)),
            (Line(chart.bank(), 5), Line(chart.points_issued(), -5)),
            (Line(chart.bank(), 5), Line(chart.bank(), -5)),
        ],
    )
    def test_refuses_what_does_not_balance_or_moves_nothing(self, lines: Any) -> None:
        with pytest.raises(ValueError, match="do not balance, or move nothing"):
            write(TransactionKind.CAPTURED, lines)

        assert rows() == (0, 0, 0)

    def test_refuses_a_payment_for_what_is_of_many(self) -> None:
        with pytest.raises(ValueError, match="of many payments"):
            write(TransactionKind.SETTLED, postings.settled(gateway=GATEWAY, bank_kobo=5), payment=uuid7())


class TestTheSameKey:
    def test_returns_the_first_however_late_and_by_whom_it_is_asked_again(self) -> None:
        house, payment = a_house(), uuid7()
        first = a_deposit(house, payment=payment, key="one")
        before = rows()

        again = a_deposit(
            house, payment=payment, key="one", happened_at=NOON + timedelta(days=1), actor_id=uuid4(), note="Again"
        )

        assert again.pk == first.pk
        assert again.note == ""
        assert rows() == before

    @pytest.mark.parametrize(
        "change",
        [
            {"kobo": 1_000_001},
            {"fee_kobo": 24_999},
            {"payment": uuid7()},
            {"about": About("booking", "1")},
            {"restaurant_id": -1},
        ],
    )
    def test_is_refused_to_anything_else(self, change: dict[str, Any]) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, payment=payment, key="one")
        before = rows()
        given = {"payment": payment, **change}
        if "restaurant_id" in given:
            given["restaurant_id"] = house

        with pytest.raises(LedgerKeyTaken), transaction.atomic():
            a_deposit(house, given.pop("kobo", 1_000_000), key="one", **given)

        assert rows() == before

    def test_is_refused_to_another_kind_of_the_same_amounts(self) -> None:
        lines = postings.unasked_captured(gateway=GATEWAY, amount_kobo=5)
        write(TransactionKind.CAPTURED, lines, key="one", about=About("payment", str(uuid7())))

        with pytest.raises(LedgerKeyTaken):
            write(TransactionKind.SUSPENSE_CLEARED, lines, key="one", about=About("payment", str(uuid7())))


class TestARefund:
    def ask(self, house: int, payment: Any, kobo: int) -> Transaction:
        lines = postings.refund_asked(gateway=GATEWAY, out_of={chart.deposits_held(house): kobo})
        return write(TransactionKind.REFUND_ASKED, lines, payment=payment)

    def test_is_asked_for_up_to_what_came_and_not_a_kobo_more(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000_000, payment=payment)

        self.ask(house, payment, 400_000)
        self.ask(house, payment, 600_000)
        before = rows()
        with pytest.raises(MoreThanIsLeft) as refusal:
            self.ask(house, payment, 1)

        assert refusal.value.details == {"left_kobo": 0}
        assert rows() == before
        assert selectors.left_of_payment(payment) == 0

    def test_that_was_asked_for_under_this_key_is_not_asked_for_again(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        lines = postings.refund_asked(gateway=GATEWAY, out_of={chart.deposits_held(house): 1_000})

        first = write(TransactionKind.REFUND_ASKED, lines, payment=payment, key="refund:1:asked")
        again = write(TransactionKind.REFUND_ASKED, lines, payment=payment, key="refund:1:asked")

        assert first == again
        assert selectors.balance(chart.refunds_pending(GATEWAY)) == 1_000

    def test_of_another_payment_s_money_is_refused(self) -> None:
        """The house holds enough, but not from this guest."""
        house, payment = a_house(), uuid7()
        a_deposit(house, 5_000_000)
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)

        with pytest.raises(MoreThanIsLeft):
            self.ask(house, payment, 1_001)

    def test_that_failed_can_be_asked_for_again(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        self.ask(house, payment, 1_000)
        failed = postings.refund_failed(gateway=GATEWAY, out_of={chart.deposits_held(house): 1_000})
        write(TransactionKind.REFUND_FAILED, failed, payment=payment)

        self.ask(house, payment, 1_000)

        assert selectors.balance(chart.refunds_pending(GATEWAY)) == 1_000

    def test_leaves_less_while_the_payment_is_disputed(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        opened = postings.dispute_opened(gateway=GATEWAY, out_of={chart.deposits_held(house): 700})
        write(TransactionKind.DISPUTE_OPENED, opened, payment=payment)

        with pytest.raises(MoreThanIsLeft) as refusal:
            self.ask(house, payment, 301)

        assert refusal.value.details == {"left_kobo": 300}

    def test_that_a_gateway_has_made_by_itself_is_true_even_if_it_was_too_much(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        taken = postings.refund_taken_in(gateway=GATEWAY, out_of={chart.restaurant_payable(house): 1_500})

        write(TransactionKind.REFUND_TAKEN_IN, taken, payment=payment)

        assert selectors.left_of_payment(payment) == -500


class TestReverse:
    def test_is_the_opposite_and_names_what_it_reverses(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, payment=payment)
        retained = write(
            TransactionKind.DEPOSIT_RETAINED,
            postings.deposit_retained(house=house, amount_kobo=1_000_000),
            payment=payment,
            restaurant_id=house,
        )

        undone = services.reverse(retained, happened_at=NOON, note="They came after all")

        assert (undone.kind, undone.reverses, undone.payment_id) == (TransactionKind.REVERSED, retained, payment)
        assert undone.restaurant_id == house
        assert selectors.balance(chart.deposits_held(house)) == 1_000_000
        assert selectors.balance(chart.deposit_retained(house)) == 0

    def test_happens_once(self) -> None:
        posted = a_deposit(a_house())

        first = services.reverse(posted, happened_at=NOON)
        again = services.reverse(posted, happened_at=NOON + timedelta(days=1))

        assert first.pk == again.pk
        assert Transaction.objects.count() == 2

    def test_can_be_reversed(self) -> None:
        posted = a_deposit(house := a_house())

        services.reverse(services.reverse(posted, happened_at=NOON), happened_at=NOON)

        assert selectors.balance(chart.deposits_held(house)) == 1_000_000

    def test_of_money_that_went_back_is_refused(self) -> None:
        house, payment = a_house(), uuid7()
        posted = a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        asked = postings.refund_asked(gateway=GATEWAY, out_of={chart.deposits_held(house): 1})
        write(TransactionKind.REFUND_ASKED, asked, payment=payment)

        with pytest.raises(MoreThanIsLeft):
            services.reverse(posted, happened_at=NOON)


class TestPoints:
    def test_are_spent_as_far_as_there_are_some(self) -> None:
        diner = uuid4()
        about = About("diner", str(diner))
        write(TransactionKind.POINTS_AWARDED, postings.points_awarded(owner_id=diner, points=100), about=about)
        write(TransactionKind.POINTS_AWARDED, postings.points_awarded(owner_id=uuid4(), points=900), about=about)

        write(TransactionKind.POINTS_SPENT, postings.points_spent(owner_id=diner, points=60), about=about)
        with pytest.raises(NotEnoughPoints) as refusal:
            write(TransactionKind.POINTS_SPENT, postings.points_spent(owner_id=diner, points=41), about=about)

        assert refusal.value.details == {"points": 40}
        assert selectors.balance(chart.points(diner)) == 40
        assert selectors.balance(chart.points_issued()) == 940


class TestAccountName:
    @pytest.mark.parametrize(
        "given",
        [
            {"kind": AccountKind.GATEWAY_CLEARING},
            {"kind": AccountKind.BANK, "gateway": GATEWAY},
            {"kind": AccountKind.DEPOSITS_HELD},
            {"kind": AccountKind.BANK, "restaurant_id": 7},
            {"kind": AccountKind.TAX_PAYABLE},
            {"kind": AccountKind.POINTS, "currency": "points"},
            {"kind": AccountKind.POINTS, "owner_id": uuid4()},
            {"kind": AccountKind.BANK, "owner_id": uuid4()},
            {"kind": AccountKind.BANK, "currency": "points"},
        ],
    )
    def test_says_at_once_that_it_is_none(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="is not named like this"):
            AccountName(**given)

    def test_comes_back_from_its_row(self) -> None:
        house, diner = a_house(), uuid4()
        names = [
            chart.gateway_clearing(GATEWAY), chart.bank("Main"), chart.comped(), chart.comped(house),
            chart.tax_payable("VAT"), chart.tax_payable("VAT", house), chart.points(diner), chart.points_issued(),
            chart.bank(currency="USD"), chart.restaurant_payable(house),
        ]  # fmt: skip

        made = services.accounts_named(names)

        assert {name: row.named for name, row in made.items()} == {name: name for name in names}
        assert services.accounts_named(names) == made
        assert Account.objects.count() == len(names)

    def test_every_kind_grows_on_one_side_and_is_of_one_sort(self) -> None:
        assert chart.OF_A_RESTAURANT.isdisjoint(chart.OF_A_GATEWAY | chart.OF_EITHER)
        assert set(AccountKind) >= chart.GROWS_WITH_DEBITS | chart.OF_A_GATEWAY | chart.OF_A_RESTAURANT
