"""Many real connections at once, and the same with the guard off, which must fail."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction

from core.ids import uuid7
from payments.ledger import chart, checking, postings, selectors, services
from payments.ledger.models import Account, Entry, Transaction
from payments.ledger.services import LedgerKeyTaken, MoreThanIsLeft
from payments.ledger.states import TransactionKind
from payments.ledger.tests.factories import GATEWAY, NOON, a_deposit, a_house, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

RIVALS = 12


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run each action in a connection and a transaction of its own, all together; return results or errors."""
    start = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(index: int, action: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=30)
            with transaction.atomic():
                results[index] = action()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def broken() -> list[str]:
    return [finding.invariant.name for finding in checking.check() if not finding.holds]


@contextmanager
def trigger_off(name: str) -> Iterator[None]:
    run(f"ALTER TABLE ledger_transaction DISABLE TRIGGER {name}")
    try:
        yield
    finally:
        run(f"ALTER TABLE ledger_transaction ENABLE TRIGGER {name}")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


class TestOneKey:
    def test_posted_by_many_at_once_is_written_once(self) -> None:
        house, payment = a_house(), uuid7()

        results = at_once(*[lambda: a_deposit(house, payment=payment, key="one")] * RIVALS)

        assert {getattr(result, "pk", result) for result in results} == {Transaction.objects.get().pk}
        assert (Account.objects.count(), Entry.objects.count()) == (3, 3)
        assert broken() == []

    def test_with_different_amounts_one_is_written_and_the_others_hear_of_it(self) -> None:
        house, payment = a_house(), uuid7()

        results = at_once(
            *(lambda kobo=kobo: a_deposit(house, kobo, payment=payment, key="one") for kobo in range(1, RIVALS + 1))
        )

        assert sum(isinstance(result, Transaction) for result in results) == 1
        assert sum(isinstance(result, LedgerKeyTaken) for result in results) == RIVALS - 1
        assert Transaction.objects.count() == 1

    def test_of_one_who_gives_up_is_free_for_the_next(self) -> None:
        house, payment = a_house(), uuid7()
        has_written, may_end = threading.Event(), threading.Event()

        def gives_up() -> None:
            a_deposit(house, payment=payment, key="one")
            has_written.set()
            may_end.wait(timeout=30)
            raise RuntimeError

        def comes_after() -> Transaction:
            has_written.wait(timeout=30)
            threading.Timer(0.3, may_end.set).start()
            return a_deposit(house, payment=payment, key="one")

        first, second = at_once(gives_up, comes_after)

        assert isinstance(first, RuntimeError)
        assert second == Transaction.objects.get()
        assert second.entries.count() == 3

    def test_reversed_by_many_at_once_is_reversed_once(self) -> None:
        with transaction.atomic():
            posted = a_deposit(a_house())

        results = at_once(*[lambda: services.reverse(posted, happened_at=NOON)] * RIVALS)

        assert {getattr(result, "reverses_id", result) for result in results} == {posted.pk}
        assert Transaction.objects.count() == 2


class TestFirstUse:
    def test_of_the_same_accounts_in_any_order_opens_each_once(self) -> None:
        houses = [a_house() for _each in range(4)]
        names = [chart.deposits_held(house) for house in houses] + [chart.bank(), chart.suspense(GATEWAY)]

        results = at_once(
            *(
                lambda turn=turn: services.accounts_named(names[turn % 6 :] + names[: turn % 6])
                for turn in range(RIVALS)
            )
        )

        assert all(isinstance(result, dict) and set(result) == set(names) for result in results)
        assert Account.objects.count() == len(names)


class TestRefunds:
    def a_payment(self, house: int) -> UUID:
        payment = uuid7()
        with transaction.atomic():
            a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        return payment

    def test_asked_for_at_once_are_never_more_than_came(self) -> None:
        house = a_house()
        payment = self.a_payment(house)
        lines = postings.refund_asked(gateway=GATEWAY, out_of={chart.deposits_held(house): 300})

        results = at_once(*[lambda: write(TransactionKind.REFUND_ASKED, lines, payment=payment)] * RIVALS)

        assert sum(isinstance(result, Transaction) for result in results) == 3
        assert sum(isinstance(result, MoreThanIsLeft) for result in results) == RIVALS - 3
        assert selectors.left_of_payment(payment) == 100
        assert broken() == []

    def beside_the_service(self, house: int, payment: UUID) -> Callable[[], None]:
        """Return an action that asks for all of it back by plain rows, and has looked before that it is there."""
        found = services.accounts_named([chart.deposits_held(house), chart.refunds_pending(GATEWAY)])
        held, pending = (found[name] for name in (chart.deposits_held(house), chart.refunds_pending(GATEWAY)))
        everybody = threading.Barrier(2)

        def ask() -> None:
            assert selectors.left_of_payment(payment) == 1_000
            row = Transaction.objects.create(
                kind=TransactionKind.REFUND_ASKED, key=str(uuid7()), happened_at=NOON, about_kind="payment",
                about_id=str(payment), payment_id=payment,
            )  # fmt: skip
            Entry.objects.create(transaction=row, account=held, amount_kobo=1_000)
            Entry.objects.create(transaction=row, account=pending, amount_kobo=-1_000)
            everybody.wait(timeout=30)

        return ask

    def test_beside_the_service_are_refused_by_the_database(self) -> None:
        house = a_house()
        payment = self.a_payment(house)
        ask = self.beside_the_service(house, payment)

        results = at_once(ask, ask)

        assert sorted(isinstance(result, IntegrityError) for result in results) == [False, True]
        assert "ledger_returns_no_more_than_came" in str(results) or "more than came" in str(results)
        assert selectors.left_of_payment(payment) == 0

    def test_without_the_guard_are_too_many_and_the_check_says_so(self) -> None:
        house = a_house()
        payment = self.a_payment(house)
        ask = self.beside_the_service(house, payment)

        with trigger_off("ledger_transaction_left"):
            results = at_once(ask, ask)

        assert results == [None, None]
        assert selectors.left_of_payment(payment) == -1_000
        assert broken() == ["ledger.no_payment_returned_twice"]


class TestPoints:
    def test_spent_at_once_are_spent_once(self) -> None:
        diner = uuid7()
        with transaction.atomic():
            write(TransactionKind.POINTS_AWARDED, postings.points_awarded(owner_id=diner, points=100))
        lines = postings.points_spent(owner_id=diner, points=60)

        results = at_once(*[lambda: write(TransactionKind.POINTS_SPENT, lines)] * RIVALS)

        assert sum(isinstance(result, Transaction) for result in results) == 1
        assert selectors.balance(chart.points(diner)) == 40


class TestKilled:
    def test_before_the_end_nothing_is_there_and_the_next_writes_it_whole(self) -> None:
        house, payment = a_house(), uuid7()

        def dies() -> None:
            a_deposit(house, payment=payment, key="one")
            run("SELECT pg_terminate_backend(pg_backend_pid())")

        (died,) = at_once(dies)
        assert isinstance(died, OperationalError)
        assert not Transaction.objects.exists()
        assert not Entry.objects.exists()

        with transaction.atomic():
            posted = a_deposit(house, payment=payment, key="one")

        assert posted.entries.count() == 3
        assert broken() == []

    def test_between_transaction_and_entries_leaves_nothing(self) -> None:
        def dies() -> None:
            Transaction.objects.create(
                kind=TransactionKind.CAPTURED, key="one", happened_at=NOON, about_kind="test", about_id="1"
            )
            run("SELECT pg_terminate_backend(pg_backend_pid())")

        (died,) = at_once(dies)

        assert isinstance(died, DatabaseError)
        assert not Transaction.objects.exists()
