"""What the database itself refuses, whoever asks and by whatever way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.ids import uuid7
from payments.ledger import chart, postings, services
from payments.ledger.models import Account, Entry, Transaction
from payments.ledger.states import TransactionKind
from payments.ledger.tests.factories import GATEWAY, NOON, a_deposit, a_house, write

pytestmark = pytest.mark.django_db

TABLES = {"ledger_account": "currency = 'USD'", "ledger_transaction": "note = 'x'", "ledger_entry": "amount_kobo = 1"}


_TWO_ENTRIES = "INSERT INTO ledger_entry (transaction_id, account_id, amount_kobo) VALUES (%s, %s, 5), (%s, %s, -5)"


@contextmanager
def refused(error: type[Exception], words: str) -> Iterator[None]:
    with pytest.raises(error, match=words), transaction.atomic():
        yield
        check_now()


def check_now() -> None:
    """Have the database check at once what it checks at the end of a transaction."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


def run(sql: str, params: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def entries_read() -> int:
    """Return how many rows of entries this transaction has looked at so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'ledger_entry'"
        )
        return int(cursor.fetchone()[0])


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Account, Transaction, Entry)]


def a_row(kind: TransactionKind = TransactionKind.CAPTURED, **more: Any) -> Transaction:
    """Add a transaction without entries, as no service does."""
    given = {"key": str(uuid7()), "about_kind": "test", "about_id": "1", "happened_at": NOON, **more}
    return Transaction.objects.create(kind=kind, **given)


class TestWhatStandsThere:
    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize("what", ["UPDATE", "DELETE", "TRUNCATE", "TRUNCATE CASCADE"])
    def test_is_never_changed_nor_removed(self, table: str, what: str) -> None:
        a_deposit(a_house())
        check_now()
        before = rows()
        sql = {
            "UPDATE": f"UPDATE {table} SET {TABLES[table]}",
            "DELETE": f"DELETE FROM {table}",
            "TRUNCATE": f"TRUNCATE {table}",
            "TRUNCATE CASCADE": f"TRUNCATE {table} CASCADE",
        }[what]

        with refused(DatabaseError, "is refused: the books are append-only|referenced in a foreign key"):
            run(sql)

        assert rows() == before

    def test_is_not_changed_through_django_either(self) -> None:
        posted = a_deposit(a_house())
        check_now()

        for change in (
            lambda: Entry.objects.update(amount_kobo=1),
            lambda: Transaction.objects.filter(pk=posted.pk).update(note="x"),
            lambda: posted.save(),
            lambda: posted.entries.all().delete(),
            lambda: Account.objects.all().delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()

    def test_says_itself_when_and_in_which_transaction_it_was_written(self) -> None:
        posted = write(
            TransactionKind.CAPTURED, postings.unasked_captured(gateway=GATEWAY, amount_kobo=5), happened_at=NOON
        )
        forged = a_row(recorded_at=NOON, tx=7)
        forged.refresh_from_db()

        assert forged.recorded_at == posted.recorded_at != NOON
        assert forged.tx == posted.tx != 7
        Entry.objects.create(transaction=forged, account=Account.objects.first(), amount_kobo=1)
        Entry.objects.create(transaction=forged, account=Account.objects.first(), amount_kobo=-1)


class TestATransaction:
    def accounts(self) -> list[Account]:
        house = a_house()
        names = [chart.bank(), chart.restaurant_payable(house), chart.points_issued()]
        found = services.accounts_named(names)
        return [found[name] for name in names]

    def test_that_is_off_by_a_kobo_is_refused(self) -> None:
        bank, payable, _points = self.accounts()

        with refused(IntegrityError, "is off by 1"):
            row = a_row()
            Entry.objects.create(transaction=row, account=bank, amount_kobo=101)
            Entry.objects.create(transaction=row, account=payable, amount_kobo=-100)

        assert not Transaction.objects.exists()

    def test_that_makes_money_of_points_is_refused(self) -> None:
        bank, _payable, points = self.accounts()

        with refused(IntegrityError, "is off by 100"):
            row = a_row()
            Entry.objects.create(transaction=row, account=bank, amount_kobo=100)
            Entry.objects.create(transaction=row, account=points, amount_kobo=-100)

    def test_without_entries_is_refused(self) -> None:
        with refused(IntegrityError, "fewer than two entries"):
            a_row()

    def test_with_one_entry_is_refused(self) -> None:
        bank, *_others = self.accounts()

        with refused(IntegrityError, "fewer than two entries|is off by"):
            Entry.objects.create(transaction=a_row(), account=bank, amount_kobo=100)

    def test_an_entry_that_moves_nothing_is_refused(self) -> None:
        bank, *_others = self.accounts()

        with refused(IntegrityError, "ledger_entry_moves_something"):
            Entry.objects.create(transaction=a_row(), account=bank, amount_kobo=0)

    def test_that_is_written_by_plain_sql_and_balances_is_taken_in(self) -> None:
        bank, payable, _points = self.accounts()
        row = a_row()

        run(
            "INSERT INTO ledger_entry (transaction_id, account_id, amount_kobo) VALUES (%s, %s, 7), (%s, %s, -7)",
            [row.pk, bank.pk, row.pk, payable.pk],
        )
        check_now()

        assert row.entries.count() == 2

    def test_that_was_checked_already_is_checked_again_when_more_comes(self) -> None:
        bank, payable, _points = self.accounts()
        row = a_row()
        Entry.objects.create(transaction=row, account=bank, amount_kobo=7)
        Entry.objects.create(transaction=row, account=payable, amount_kobo=-7)
        check_now()

        with refused(IntegrityError, "is off by 3"):
            Entry.objects.create(transaction=row, account=bank, amount_kobo=3)

    def test_takes_no_entry_in_before_those_that_were_checked(self) -> None:
        bank, payable, _points = self.accounts()
        row = a_row()
        Entry.objects.create(transaction=row, account=bank, amount_kobo=7)
        Entry.objects.create(transaction=row, account=payable, amount_kobo=-7)
        check_now()

        with refused(IntegrityError, "numbered in the order in which they come"):
            Entry.objects.create(pk=-1, transaction=row, account=bank, amount_kobo=3)

    def test_of_thousands_of_entries_is_checked_once_and_not_once_for_each(self) -> None:
        # As a session that has seen the table small, and keeps the plans of then.
        for _each in range(8):
            a_deposit(a_house())
            check_now()
        bank, payable, _points = self.accounts()
        row = a_row()
        before = entries_read()

        Entry.objects.bulk_create(
            Entry(transaction=row, account=(bank, payable)[turn % 2], amount_kobo=(1, -1)[turn % 2])
            for turn in range(4_000)
        )
        check_now()

        # Were each entry looked at with all the others, it would be some millions.
        assert entries_read() - before < 10 * 4_000

    def test_a_table_of_the_same_name_is_no_way_round(self) -> None:
        bank, *_others = self.accounts()
        run("CREATE TEMP TABLE ledger_entry (transaction_id uuid, account_id bigint, amount_kobo bigint)")

        with refused(IntegrityError, "fewer than two entries"):
            row = a_row()
            run(_TWO_ENTRIES, [row.pk, bank.pk, row.pk, bank.pk])

        run("DROP TABLE pg_temp.ledger_entry")

    def test_that_asks_for_more_back_than_came_is_refused_even_beside_the_service(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment, fee_kobo=None)
        found = services.accounts_named([chart.deposits_held(house), chart.refunds_pending(GATEWAY)])
        held, pending = (found[name] for name in (chart.deposits_held(house), chart.refunds_pending(GATEWAY)))

        with refused(IntegrityError, "would give back 1 more than came"):
            row = a_row(TransactionKind.REFUND_ASKED, payment_id=payment)
            Entry.objects.create(transaction=row, account=held, amount_kobo=1_001)
            Entry.objects.create(transaction=row, account=pending, amount_kobo=-1_001)


@pytest.mark.django_db(transaction=True)
class TestACommittedTransaction:
    def test_takes_no_entry_in_any_more_not_even_a_pair_that_balances(self) -> None:
        with transaction.atomic():
            posted = a_deposit(a_house())
        account = Account.objects.earliest("pk")
        before = rows()

        with pytest.raises(IntegrityError, match="comes too late"), transaction.atomic():
            run(
                _TWO_ENTRIES,
                [posted.pk, account.pk, posted.pk, account.pk],
            )

        assert rows() == before

    def test_is_whole_or_not_there(self) -> None:
        with transaction.atomic():
            bank = services.accounts_named([chart.bank()])[chart.bank()]

        with pytest.raises(IntegrityError, match="fewer than two"), transaction.atomic():
            Entry.objects.create(transaction=a_row(), account=bank, amount_kobo=5)

        assert not Transaction.objects.exists()

    def test_written_within_savepoints_is_one(self) -> None:
        house = a_house()

        with transaction.atomic(), transaction.atomic(), transaction.atomic():
            posted = a_deposit(house)

        assert posted.entries.count() == 3


class TestAnAccount:
    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("ledger_account_kind_is_known", {"kind": "mattress"}),
            ("ledger_account_names_its_gateway", {"kind": "gateway_clearing"}),
            ("ledger_account_names_its_gateway", {"kind": "bank", "gateway": "paystack"}),
            ("ledger_account_names_its_restaurant", {"kind": "deposits_held"}),
            ("ledger_account_points_are_no_money", {"kind": "points_issued", "currency": "NGN"}),
            ("ledger_account_points_are_no_money", {"kind": "bank", "currency": "points"}),
            ("ledger_account_names_its_owner", {"kind": "points", "currency": "points"}),
            ("ledger_account_names_its_owner", {"kind": "bank", "owner_id": uuid4()}),
        ],
    )
    def test_is_named_as_its_kind_is(self, constraint: str, fields: dict[str, Any]) -> None:
        with refused(IntegrityError, constraint):
            Account.objects.create(**fields)

    def test_is_there_once(self) -> None:
        Account.objects.create(kind="bank")

        with refused(IntegrityError, "ledger_account_once"):
            Account.objects.create(kind="bank")


def test_the_triggers_count_what_the_chart_counts() -> None:
    """SQL has the kinds written out: a migration does not change when the chart does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'ledger_left'")
        ((source,),) = cursor.fetchall()

    counted = source.split("a.kind IN (")[1].split(")")[0]
    assert {word.strip(" '\n") for word in counted.split(",")} == {kind.value for kind in chart.LEFT_OF_A_PAYMENT}
