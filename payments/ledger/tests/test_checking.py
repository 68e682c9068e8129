"""The proof of the books: it passes when they are right, and names what is wrong when they are not."""

from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.ids import uuid7
from core.invariants import Invariant, sql
from payments.ledger import agreements, checking, postings, selectors
from payments.ledger.models import Transaction
from payments.ledger.postings import Lines
from payments.ledger.services import MoreThanIsLeft
from payments.ledger.states import TransactionKind as Kind
from payments.ledger.tests.factories import a_deposit, a_house, write
from payments.ledger.tests.stories import Story

pytestmark = pytest.mark.django_db


def tampered(statement: str, params: Any = None) -> None:
    """Change the books as only somebody can who switches the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def differing(command: str = "check_ledger") -> tuple[str, str]:
    """Return what the command wrote, and with which words it ended."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command(command, stdout=out)
    return out.getvalue(), str(error.value)


class TestSoundBooks:
    def test_pass_with_their_figures(self) -> None:
        a_deposit(a_house())
        out = StringIO()

        call_command("check_ledger", stdout=out)

        assert "accounts=3 transactions=1 entries=3" in out.getvalue()
        assert "differences=0" in out.getvalue()
        assert "The books balance." in out.getvalue()

    def test_pass_when_they_are_empty(self) -> None:
        call_command("check_ledger", stdout=StringIO())

    def test_pass_after_whatever_has_become_of_payments(self) -> None:
        stories = [self.tell(Random(seed)) for seed in range(25)]

        assert [finding.invariant.name for finding in checking.check() if not finding.holds] == []
        assert any(story.refused for story, _payment in stories)
        for story, payment in stories:
            assert selectors.left_of_payment(payment) == story.came - story.went_back

    def tell(self, random: Random) -> tuple[Story, Any]:
        payment = uuid7()

        def post(kind: Kind, lines: Lines) -> Transaction:
            return write(kind, lines, payment=payment)

        story = Story(random, a_house(), post)
        story.begin()
        for _turn in range(random.randint(0, 12)):
            refused = story.refused
            try:
                with transaction.atomic():
                    story.turn()
            except MoreThanIsLeft:
                assert story.refused == refused + 1
            else:
                assert story.refused == refused
        story.end()
        return story, payment

    def test_cost_as_many_queries_however_long_they_are(self, django_assert_max_num_queries: Any) -> None:
        for _each in range(5):
            a_deposit(a_house())

        with django_assert_max_num_queries(14):
            checking.check()


class TestTamperedBooks:
    def test_an_amount_that_was_changed_is_named(self) -> None:
        posted = a_deposit(a_house())
        tampered("UPDATE ledger_entry SET amount_kobo = amount_kobo + 1 WHERE amount_kobo > 0")

        out, why = differing()

        assert "ledger.transactions_balance" in why
        assert f"transaction_id={posted.pk}, currency=NGN, off=2" in out
        assert "ledger.trial_balance_agrees" in why

    def test_entries_that_were_taken_out_are_missed(self) -> None:
        posted = a_deposit(a_house())
        tampered("DELETE FROM ledger_entry")

        out, why = differing()

        assert "ledger.transactions_have_entries" in why
        assert f"transaction_id={posted.pk}, entries=0" in out

    def test_entries_whose_transaction_was_taken_out_are_named(self) -> None:
        a_deposit(a_house())
        tampered("DELETE FROM ledger_transaction")

        assert "ledger.transactions_have_entries" in differing()[1]

    def test_an_account_of_another_kind_is_noticed(self) -> None:
        a_deposit(a_house())
        tampered("DELETE FROM ledger_account WHERE kind = 'gateway_fees'")

        assert "ledger.balances_agree" in differing()[1]

    def test_a_payment_that_went_back_twice_is_named(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment)
        taken = postings.refund_taken_in(gateway="paystack", out_of={postings.chart.restaurant_payable(house): 1_001})
        write(Kind.REFUND_TAKEN_IN, taken, payment=payment)

        out, why = differing()

        assert why == "The books differ: ledger.no_payment_returned_twice."
        assert f"payment_id={payment}, left_kobo=-1" in out

    def test_a_refund_that_was_done_and_never_asked_for_is_named(self) -> None:
        house, payment = a_house(), uuid7()
        a_deposit(house, 1_000, payment=payment)
        write(Kind.REFUND_DONE, postings.refund_done(gateway="paystack", amount_kobo=5), payment=payment)

        assert differing()[1] == "The books differ: ledger.no_refund_done_unasked."

    def test_is_an_alarm_of_check_invariants_too(self) -> None:
        a_deposit(a_house())
        tampered("UPDATE ledger_entry SET amount_kobo = amount_kobo + 1 WHERE amount_kobo > 0")

        out, why = differing("check_invariants")

        assert "ledger.transactions_balance" in why
        assert "BROKEN by 1" in out


class TestAgreements:
    def test_are_asked_and_end_the_command_when_they_differ(self) -> None:
        a_deposit(a_house())
        wanted = Invariant("test.payments", 0, "As many as there are.", sql("SELECT key FROM ledger_transaction"))
        agreements.register(wanted)
        try:
            out, why = differing()
        finally:
            agreements.forget("test.payments")

        assert why == "The books differ: test.payments."
        assert "As many as there are." in out
        call_command("check_ledger", stdout=StringIO())

    def test_have_names_of_their_own(self) -> None:
        first, second = (Invariant("test.twice", 0, "", list) for _each in range(2))
        agreements.register(first)
        try:
            agreements.register(first)
            with pytest.raises(ImproperlyConfigured, match=r"Two agreements are called test\.twice"):
                agreements.register(second)
        finally:
            agreements.forget("test.twice")
