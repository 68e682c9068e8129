"""The proof of the books over a million entries, how fast they are written, and whether each forgery is found.

The books are filled with payments of all fates (applied, retained, refunded, disputed, settled) by the postings that
services use, with every trigger on. Then some writers post to the same gateway's accounts at once, as captures do.
Then the proof is run and timed, and run again for each thing that somebody who owns the tables could do to them.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.harness import last_line, machine, options, percentile, say, step, table, world

if TYPE_CHECKING:
    from core.invariants import Finding
    from payments.ledger.chart import AccountName
    from payments.ledger.postings import Lines

ENTRIES, ENTRIES_QUICK = 1_000_000, 40_000
BATCH = 5_000
HOUSES = 200
GATEWAYS = ("paystack", "flutterwave")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
WRITERS, POSTS_OF_EACH, POSTS_QUICK = 6, 300, 60

Posting = tuple[str, "Lines", UUID | None, int | None]


def fates(chance: random.Random, houses: list[int]) -> Iterator[Posting]:
    """Yield what happens to payments, one after the other, without end."""
    from core.ids import uuid7
    from payments.ledger import chart, postings
    from payments.ledger.postings import Share

    number = 0
    while True:
        number += 1
        gateway, house, payment = chance.choice(GATEWAYS), chance.choice(houses), uuid7()
        amount = chance.randint(5_000, 5_000_000) * 10
        fee = amount // 67
        held = {chart.deposits_held(house): amount}
        yield (
            "captured",
            postings.deposit_captured(gateway=gateway, house=house, amount_kobo=amount, fee_kobo=fee),
            payment,
            house,
        )
        fate = chance.random()
        if fate < 0.7:
            share = Share(commission_kobo=amount // 20, commission_taxes={"VAT": amount // 266})
            applied = postings.deposit_applied(house=house, amount_kobo=amount, share=share)
            yield "deposit_applied", applied, payment, house
        elif fate < 0.8:
            yield "deposit_retained", postings.deposit_retained(house=house, amount_kobo=amount), payment, house
        elif fate < 0.97:
            yield "refund_asked", postings.refund_asked(gateway=gateway, out_of=held), payment, house
            yield "refund_done", postings.refund_done(gateway=gateway, amount_kobo=amount), payment, house
        else:
            yield "dispute_opened", postings.dispute_opened(gateway=gateway, out_of=held), payment, house
            lost = postings.dispute_lost(gateway=gateway, amount_kobo=amount, fee_kobo=100_000)
            yield "dispute_lost", lost, payment, house
        if number % 500 == 0:
            paid = {each: chance.randint(1, 10**8) for each in chance.sample(houses, 5)}
            yield "settled", postings.settled(gateway=gateway, bank_kobo=10**8, houses=paid, fee_kobo=5_000), None, None


def fill(entries: int, seed: int) -> float:
    """Write so many entries and some, and return the seconds it took."""
    from django.db import connection, transaction

    from core.ids import uuid7

    chance = random.Random(seed)
    happened = fates(chance, _houses())
    accounts: dict[AccountName, int] = {}
    written, began = 0, time.monotonic()
    while written < entries:
        batch = [next(happened) for _each in range(BATCH)]
        rows: list[tuple[Any, ...]] = []
        with transaction.atomic(), connection.cursor() as cursor:
            _open(accounts, batch)
            with cursor.copy(
                "COPY ledger_transaction (id, kind, happened_at, key, about_kind, about_id, payment_id, "
                "restaurant_id, note) FROM STDIN"
            ) as copy:
                for kind, lines, payment, house in batch:
                    number = uuid7()
                    moment = BEGAN + timedelta(seconds=written // 2)
                    about = ("payment", payment) if payment else ("settlement", number)
                    copy.write_row((number, kind, moment, f"{kind}:{number}", *about, payment, house, ""))
                    rows += [(number, accounts[line.account], line.amount_kobo) for line in lines]
            with cursor.copy("COPY ledger_entry (transaction_id, account_id, amount_kobo) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        written += len(rows)
    return time.monotonic() - began


def _houses() -> list[int]:
    from restaurants.tests.factories import RestaurantFactory

    return [int(house.pk) for house in RestaurantFactory.create_batch(HOUSES)]


def _open(accounts: "dict[AccountName, int]", batch: list[Posting]) -> None:
    from payments.ledger import services

    missing = {line.account for _kind, lines, _payment, _house in batch for line in lines} - accounts.keys()
    if missing:
        accounts.update({name: int(account.pk) for name, account in services.accounts_named(missing).items()})


# --- Written at once ---------------------------------------------------------------------------------------------


def post_at_once(writers: int, each: int) -> tuple[float, list[float]]:
    """Have writers post captures of one gateway at the same time; return the seconds, and those of every post."""
    from django.db import connections, transaction
    from django.utils import timezone

    from core.ids import uuid7
    from payments.ledger import postings, services
    from payments.ledger.services import About
    from payments.ledger.states import TransactionKind

    house = _houses()[0]
    took: list[float] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _post in range(each):
                payment = uuid7()
                began = time.monotonic()
                with transaction.atomic():
                    services.post(
                        key=f"payment:{payment}:captured",
                        kind=TransactionKind.CAPTURED,
                        lines=postings.deposit_captured(
                            gateway="paystack", house=house, amount_kobo=1_000_000, fee_kobo=25_000
                        ),
                        happened_at=timezone.now(),
                        about=About.payment(payment),
                        restaurant_id=house,
                    )
                took.append(time.monotonic() - began)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _writer in range(writers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.monotonic() - began, took


# --- What an owner could do --------------------------------------------------------------------------------------


def _run(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


_MIDDLE = "(SELECT id FROM ledger_entry ORDER BY id OFFSET (SELECT count(*) / 2 FROM ledger_entry) LIMIT 1)"


def change_one_entry_by_a_kobo() -> None:
    _run(f"UPDATE ledger_entry SET amount_kobo = amount_kobo + 1 WHERE id = {_MIDDLE}")  # noqa: S608 (our own words)


def move_an_entry_to_another_currency() -> None:
    _run("INSERT INTO ledger_account (kind, gateway, name, currency) VALUES ('bank', '', '', 'USD')")
    account = "(SELECT id FROM ledger_account WHERE currency = 'USD')"
    _run(f"UPDATE ledger_entry SET account_id = {account} WHERE id = {_MIDDLE}")  # noqa: S608 (our own words)


def take_an_entry_out() -> None:
    _run(f"DELETE FROM ledger_entry WHERE id = {_MIDDLE}")  # noqa: S608 (our own words)


def take_a_transaction_out() -> None:
    _run(f"DELETE FROM ledger_transaction t USING ledger_entry e WHERE e.transaction_id = t.id AND e.id = {_MIDDLE}")  # noqa: S608


def take_the_entries_of_a_transaction_out() -> None:
    _run(
        "DELETE FROM ledger_entry WHERE transaction_id = "  # noqa: S608 (our own words)
        f"(SELECT transaction_id FROM ledger_entry WHERE id = {_MIDDLE})"
    )


def let_a_refund_be_done_twice() -> None:
    """The same rows once more: they balance."""
    _run(
        "WITH done AS (SELECT id FROM ledger_transaction WHERE kind = 'refund_done' ORDER BY id LIMIT 1), again AS ("
        "INSERT INTO ledger_transaction (id, kind, happened_at, key, about_kind, about_id, payment_id, restaurant_id, "
        "note) SELECT gen_random_uuid(), kind, happened_at, key || ':again', about_kind, about_id, payment_id, "
        "restaurant_id, note FROM ledger_transaction WHERE id = (SELECT id FROM done) RETURNING id) "
        "INSERT INTO ledger_entry (transaction_id, account_id, amount_kobo) "
        "SELECT again.id, account_id, amount_kobo FROM ledger_entry, again WHERE transaction_id = (SELECT id FROM done)"
    )


FORGERIES: tuple[Callable[[], None], ...] = (
    change_one_entry_by_a_kobo,
    move_an_entry_to_another_currency,
    take_an_entry_out,
    take_a_transaction_out,
    take_the_entries_of_a_transaction_out,
    let_a_refund_be_done_twice,
)


def tried(forgery: Callable[[], None]) -> list[str]:
    """Do it with the triggers off, prove the books, and take it back; return which rules say that they are wrong."""
    from django.db import transaction

    from payments.ledger import checking

    with transaction.atomic():
        _run("SET LOCAL statement_timeout = 0")
        _run("SET LOCAL session_replication_role = replica")
        forgery()
        _run("SET LOCAL session_replication_role = origin")
        found = broken(checking.check())
        transaction.set_rollback(True)
    return found


def broken(findings: "list[Finding]") -> list[str]:
    """Return which rules of the books do not hold; with whom they have to agree is left out: nobody else is here."""
    return [each.invariant.name for each in findings if each.invariant.name.startswith("ledger.") and not each.holds]


# --- The run -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Print how long the proof takes and what it finds and, last, the line for programs; 1 when it is wrong."""
    asked = options("ledger_proof", __doc__, entries={"type": int, "help": f"entries; {ENTRIES} if not given"})
    wanted = asked.entries or (ENTRIES_QUICK if asked.quick else ENTRIES)
    each = POSTS_QUICK if asked.quick else POSTS_OF_EACH
    say(f"Machine: {machine()}")
    with world("ledger-proof"):
        from payments.ledger import checking, selectors

        _run("SET statement_timeout = 0")
        with step(f"Filling the books with {wanted} entries"):
            filling = fill(wanted, asked.seed)
        _run("ANALYZE ledger_account, ledger_transaction, ledger_entry")
        with step(f"{WRITERS} writers post {each} captures each to one gateway"):
            posting, took = post_at_once(WRITERS, each)
        counts = selectors.counts()
        with step("Proving the books"):
            began = time.monotonic()
            findings = checking.check()
            proving = time.monotonic() - began
        balance = _seconds(lambda: selectors.balance(selectors.balances(kinds=["gateway_clearing"])[0].account))
        found = []
        for forgery in FORGERIES:
            with step(_words(forgery)):
                found.append((forgery, tried(forgery)))
    say()
    table(["rule", "seconds", "holds"], [[each.invariant.name, each.seconds, each.holds] for each in findings])
    say()
    table(["what was done", "found by"], [[_words(forgery), ", ".join(names)] for forgery, names in found])
    last_line(
        "ledger_proof",
        entries=counts["entries"],
        transactions=counts["transactions"],
        seconds=proving,
        differences=len(broken(findings)),
        filled_per_second=round(counts["entries"] / filling),
        posts_per_second=round(len(took) / posting),
        post_p99_ms=round(percentile(took, 0.99) * 1000),
        largest_balance_ms=round(balance * 1000),
        forged=len(found),
        found=sum(bool(names) for _forgery, names in found),
    )
    return 0 if not broken(findings) and all(names for _forgery, names in found) else 1


def _seconds(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


def _words(forgery: Callable[[], None]) -> str:
    return forgery.__name__.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
