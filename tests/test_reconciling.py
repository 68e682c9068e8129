"""Comparing with the gateways' stand-ins over a socket: what differs is found, once, and nothing else is."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from bookings.tests import test_paying
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import begun, refunds_done
from core.testing import work_off_outbox
from payments import services as payments
from payments.fraud.models import Attempt, Decision
from payments.ledger import chart, postings, selectors
from payments.ledger import services as books
from payments.ledger.models import Transaction
from payments.ledger.states import TransactionKind
from payments.models import Dispute, Payment, Refund
from payments.reconciliation import errors, services
from payments.reconciliation.models import Finding, Run, Sighting
from payments.reconciliation.selectors import day_of, days_due, figures
from payments.reconciliation.services import runs
from payments.reconciliation.services.charges import Comparing
from payments.reconciliation.states import FindingKind, FindingState, RunState, Stage
from payments.services.settling import locked
from payments.states import DisputeState, PaymentState, RefundReason, Review
from sandbox.testing import SandboxClient
from tests.comparing import books_hold, compared, decide, dispute, open_findings, paid

pytestmark = pytest.mark.django_db(transaction=True)

gateways, first = test_paying.gateways, test_paying.first


class TestNothingDiffers:
    def test_of_a_day_on_which_all_was_heard(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        payments.refund(payment=payment, amount_kobo=300_000, reason=RefundReason.GOODWILL, key="one")
        refunds_done()

        run = compared(first)

        assert open_findings() == []
        assert (run.stage, run.place, Sighting.objects.count()) == (Stage.OVER, "", 0)
        assert Run.objects.filter(charges=1, refunds=1, payments=1).count() == 1
        books_hold()

    def test_once_more_changes_nothing(self, gateways: SandboxClient, first: str) -> None:
        paid(gateways, first)
        compared(first)
        posted = Transaction.objects.count()

        compared(first)

        assert Transaction.objects.count() == posted
        assert Finding.objects.count() == 0


class TestPaidThere:
    def test_what_no_webhook_told_of_is_settled(self, gateways: SandboxClient, first: str) -> None:
        payment = begun(book(strict()))
        gateways.pay(first, payment.reference)

        compared(first)

        payment.refresh_from_db()
        assert payment.state == PaymentState.SUCCEEDED
        finding = Finding.objects.get()
        assert (finding.kind, finding.state, finding.closed_by) == (
            FindingKind.UNNOTICED,
            FindingState.RESOLVED,
            None,
        )

    def test_money_that_nobody_asked_for_stands_in_suspense(self, gateways: SandboxClient, first: str) -> None:
        reference = self.foreign(gateways, first)

        compared(first)
        compared(first)

        finding = Finding.objects.get()
        assert (finding.kind, finding.reference, finding.theirs_kobo) == (FindingKind.UNASKED, reference, 2_000_000)
        assert finding.times == 2
        assert selectors.balance(chart.suspense(first)) == 2_000_000
        # Nothing of a card, of an address or of a token is kept.
        assert set(finding.evidence["there"]) == {
            "id", "reference", "outcome", "word", "amount_kobo", "fee_kobo", "currency", "mode", "paid_by", "made_at",
            "paid_at",
        }  # fmt: skip
        books_hold()

    def test_when_it_has_gone_back_the_finding_closes_itself(self, gateways: SandboxClient) -> None:
        reference = self.foreign(gateways, "paystack")
        compared("paystack")
        gateways.tell("paystack", "refunds", reference=reference)

        compared("paystack")

        assert Finding.objects.get().state == FindingState.RESOLVED
        assert selectors.balance(chart.suspense("paystack")) == 0
        books_hold()

    def test_when_it_is_ours_after_all_it_counts_once(self, gateways: SandboxClient, first: str) -> None:
        payment = begun(book(strict()))
        gateways.pay(first, payment.reference)
        Payment.objects.filter(pk=payment.pk).update(reference="mislaid")
        compared(first)
        assert Finding.objects.get(state=FindingState.OPEN).kind == FindingKind.UNASKED
        Payment.objects.filter(pk=payment.pk).update(reference=payment.reference)

        compared(first)
        work_off_outbox()

        assert open_findings() == []
        assert selectors.balance(chart.suspense(first)) == 0
        assert selectors.left_of_payment(payment.public_id) == 2_000_000
        books_hold()

    def test_another_currency_is_named(self, gateways: SandboxClient, first: str) -> None:
        payment = begun(book(strict()))
        gateways.gateway_faults(
            {"gateway": first, "route": "*", "kind": "wrong_currency", "options": {"currency": "USD"}}
        )
        gateways.pay(first, payment.reference)

        compared(first)

        assert [kind for kind, *_ in open_findings()] == [FindingKind.CURRENCY]
        payment.refresh_from_db()
        assert payment.review == Review.HELD

    def foreign(self, gateways: SandboxClient, gateway: str) -> str:
        """Have money come that no row of ours asks for."""
        payment = begun(book(strict()))
        gateways.pay(gateway, payment.reference)
        Attempt.objects.filter(payment=payment).delete()
        Decision.objects.filter(payment=payment).delete()
        Payment.objects.filter(pk=payment.pk).delete()
        return payment.reference


class TestPaidHere:
    def test_and_not_there(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        Payment.objects.filter(pk=payment.pk).update(gateway_id="999999999")
        gateways.reset()

        compared(first)

        assert open_findings() == [(FindingKind.MISSING_THERE, 2_000_000, 0)]

    def test_a_fee_that_is_told_late_is_posted(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        fee = payment.fee_kobo
        assert fee
        with_late_fee(payment)

        compared(first)

        payment.refresh_from_db()
        assert payment.fee_kobo == fee
        assert figures([payment])[payment.public_id].fee_kobo == fee
        assert open_findings() == []
        books_hold()

    def test_another_fee_may_be_taken_over(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        fee = payment.fee_kobo
        Payment.objects.filter(pk=payment.pk).update(fee_kobo=5)
        compared(first)
        finding = Finding.objects.get()
        assert (finding.kind, finding.ours_kobo, finding.theirs_kobo) == (FindingKind.FEE, 5, fee)
        person = somebody()

        services.take_fee_over(finding=finding, by=person)
        compared(first)

        payment.refresh_from_db()
        assert payment.fee_kobo == fee
        assert open_findings() == []
        books_hold()


def somebody() -> User:
    person: User = UserFactory()  # type: ignore[assignment]
    return person


def with_late_fee(payment: Payment) -> None:
    """Leave payment and books as they are while the gateway has not told its fee."""
    from payments.services import bookkeeping

    with transaction.atomic():
        row = locked(payment.pk)
        before, row.fee_kobo = row.fee_kobo, 0
        bookkeeping.fee_told(row, before_kobo=before)
        row.fee_kobo = None
        row.save()


class TestGoneBack:
    def test_a_refund_begun_there_is_taken_in(self, gateways: SandboxClient) -> None:
        payment = paid(gateways, "paystack")
        gateways.tell("paystack", "refunds", reference=payment.reference, kobo=500_000)

        compared("paystack")

        refund = Refund.objects.get()
        assert (refund.amount_kobo, refund.reason) == (500_000, RefundReason.GATEWAY)
        finding = Finding.objects.get()
        assert (finding.kind, finding.state) == (FindingKind.REFUND_UNKNOWN, FindingState.RESOLVED)
        books_hold()

    def test_a_refund_that_is_only_here(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        payments.refund(payment=payment, amount_kobo=300_000, reason=RefundReason.GOODWILL, key="one")
        refunds_done()
        refund = Refund.objects.get()
        # As if their list and their memory had lost it.
        Refund.objects.filter(pk=refund.pk).update(gateway_id="999999")
        Payment.objects.filter(pk=payment.pk)

        compared(first)

        kinds = {kind for kind, *_ in open_findings()}
        assert FindingKind.REFUND_MISSING in kinds

    def test_another_sum_is_named(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        payments.refund(payment=payment, amount_kobo=300_000, reason=RefundReason.GOODWILL, key="one")
        refunds_done()
        Refund.objects.update(amount_kobo=200_000)

        compared(first)

        assert open_findings() == [(FindingKind.REFUND_DIFFERS, 200_000, 300_000)]

    @pytest.mark.parametrize("won", [True, False])
    def test_a_dispute_is_taken_in_and_followed_to_its_end(
        self, gateways: SandboxClient, first: str, won: bool
    ) -> None:
        payment = paid(gateways, first)
        number = dispute(gateways, first, payment)
        compared(first)
        row = Dispute.objects.get()
        assert (row.state, row.amount_kobo) == (DisputeState.OPEN, 2_000_000)
        decide(gateways, first, number, won=won)

        compared(first)

        row.refresh_from_db()
        assert row.state == (DisputeState.WON if won else DisputeState.LOST)
        assert open_findings() == []
        books_hold()


class TestPayouts:
    def test_are_booked_once_and_leave_what_is_not_paid_out(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        gateways.tell(first, "settlements")

        compared(first)
        compared(first)

        assert Transaction.objects.filter(kind="settled").count() == 1
        assert selectors.balance(chart.bank()) == 2_000_000 - (payment.fee_kobo or 0)
        assert selectors.balance(chart.gateway_clearing(first)) == 0
        assert open_findings() == []

    def test_more_than_was_ever_taken_is_named(self, gateways: SandboxClient, first: str) -> None:
        paid(gateways, first)
        with transaction.atomic():
            books.post(
                key="by hand",
                kind=TransactionKind.SETTLED,
                lines=postings.settled(gateway=first, bank_kobo=5_000_000),
                happened_at=timezone.now(),
                about=books.About("settlement", "by hand"),
            )
        gateways.tell(first, "settlements")

        compared(first)

        [finding] = Finding.objects.all()
        assert (finding.kind, finding.state) == (FindingKind.SETTLEMENT, FindingState.OPEN)
        assert finding.theirs_kobo == 5_000_000 + (finding.ours_kobo or 0)


class TestOfNoDay:
    def test_money_that_counts_for_nothing(self, gateways: SandboxClient, first: str) -> None:
        payment = begun(book(strict()))
        gateways.pay(first, payment.reference)
        # Nobody hears of it: the outbox is not worked off.
        payments.settle(payment_id=payment.pk)

        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
            services.look_after_ours()
            assert open_findings() == [(FindingKind.STRANDED, 2_000_000, None)]
            work_off_outbox()
            services.look_after_ours()

        assert open_findings() == []
        assert Finding.objects.get().state == FindingState.RESOLVED

    def test_what_a_person_has_not_looked_at(self, gateways: SandboxClient, first: str) -> None:
        payment = paid(gateways, first)
        Payment.objects.filter(pk=payment.pk).update(review=Review.HELD)

        services.look_after_ours()
        assert open_findings() == []
        with time_machine.travel(timezone.now() + timedelta(hours=25), tick=True):
            services.look_after_ours()

        assert open_findings() == [(FindingKind.HELD, 2_000_000, None)]

    def test_what_never_ends(self, gateways: SandboxClient, first: str) -> None:
        begun(book(strict()))

        services.look_after_ours()
        assert open_findings() == []
        with time_machine.travel(timezone.now() + timedelta(hours=27), tick=True):
            services.look_after_ours()

        assert open_findings() == [(FindingKind.ENDLESS, 2_000_000, None)]


class TestPeople:
    @pytest.fixture
    def finding(self, gateways: SandboxClient, first: str) -> Finding:
        payment = paid(gateways, first)
        Payment.objects.filter(pk=payment.pk).update(fee_kobo=5)
        compared(first)
        return Finding.objects.get()

    def test_what_is_explained_stays_explained(self, finding: Finding) -> None:
        person = somebody()
        services.close(finding=finding, state=FindingState.EXPLAINED, by=person, note="They told us on the phone.")

        compared(finding.gateway)

        finding.refresh_from_db()
        assert (finding.state, finding.closed_by, finding.times) == (FindingState.EXPLAINED, person, 2)

    def test_until_it_differs_otherwise(self, finding: Finding) -> None:
        services.close(finding=finding, state=FindingState.EXPLAINED, by=somebody(), note="They told us.")
        Payment.objects.update(fee_kobo=6)

        compared(finding.gateway)

        finding.refresh_from_db()
        assert (finding.state, finding.closed_at) == (FindingState.OPEN, None)

    def test_what_was_set_right_and_is_not_opens_again(self, finding: Finding) -> None:
        services.close(finding=finding, state=FindingState.RESOLVED, by=somebody(), note="Done.")

        compared(finding.gateway)

        finding.refresh_from_db()
        assert finding.state == FindingState.OPEN

    def test_a_sentence_is_needed(self, finding: Finding) -> None:
        with pytest.raises(errors.NoteMissing):
            services.close(finding=finding, state=FindingState.EXPLAINED, by=somebody(), note="  ")


class TestBadLuck:
    def test_a_gateway_that_is_silent_is_asked_again_later(self, gateways: SandboxClient, first: str) -> None:
        paid(gateways, first)
        gateways.gateway_faults({"gateway": first, "route": "*", "kind": "error_500"})
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            run = services.begin(gateway=first, day=day_of(timezone.now() - timedelta(hours=3)))
            services.go_on(run_id=run.pk)
            run.refresh_from_db()
            assert (run.state, run.tries) == (RunState.RUNNING, 1)
            assert services.go_on(run_id=run.pk) is None
            gateways.gateway_faults()
        with time_machine.travel(timezone.now() + timedelta(hours=4), tick=True):
            assert services.go_on_with_due() == 1
            services.go_on(run_id=run.pk)

        run.refresh_from_db()
        assert (run.state, run.tries) == (RunState.DONE, 0)

    def test_whatever_step_it_dies_at_it_goes_on_from_there(self, gateways: SandboxClient, first: str) -> None:
        """With no time at all each call does one step; between them everything is forgotten but the rows."""
        payment = paid(gateways, first)
        Payment.objects.filter(pk=payment.pk).update(fee_kobo=5)
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            run = services.begin(gateway=first, day=day_of(payment.created_at))
            stages = []
            for _ in range(20):
                stages.append(Run.objects.get(pk=run.pk).stage)
                if services.go_on(run_id=run.pk, seconds=0) is None:
                    break

        assert list(dict.fromkeys(stages)) == list(Stage)
        assert [kind for kind, *_ in open_findings()] == [FindingKind.FEE]

    def test_who_was_overtaken_changes_nothing(self, gateways: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """A worker that was slow finds the day begun once more, and leaves it to whoever has it now."""
        paid(gateways, "paystack")
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            run = services.begin(gateway="paystack", day=day_of(timezone.now() - timedelta(hours=3)))
            step = runs.STEPS[Stage.REFUNDS]

            def slow(day: Comparing) -> None:
                Run.objects.filter(pk=run.pk).update(began_at=timezone.now(), stage=Stage.CHARGES, place="")
                step(day)

            monkeypatch.setitem(runs.STEPS, Stage.REFUNDS, slow)
            assert services.go_on(run_id=run.pk) is None

        run.refresh_from_db()
        assert (run.state, run.stage) == (RunState.RUNNING, Stage.CHARGES)

    def test_one_row_without_an_answer_does_not_hold_up_the_day(self, gateways: SandboxClient) -> None:
        payment = paid(gateways, "paystack")
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            run = services.begin(gateway="paystack", day=day_of(payment.created_at))
            Run.objects.filter(pk=run.pk).update(tries=runs.PATIENCE, stage=Stage.OUR_PAYMENTS)
            gateways.gateway_faults({"gateway": "paystack", "route": "transaction", "kind": "garbage"})
            services.go_on(run_id=run.pk)

        run.refresh_from_db()
        assert run.state == RunState.DONE
        assert open_findings() == [(FindingKind.UNREADABLE, None, None)]

    def test_two_workers_do_not_do_it_both(self, gateways: SandboxClient) -> None:
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            run = services.begin(gateway="paystack", day=day_of(timezone.now()))
            Run.objects.filter(pk=run.pk).update(next_try_at=timezone.now() + timedelta(minutes=1))

            assert services.go_on(run_id=run.pk) is None


class TestWhen:
    def test_each_night_the_last_days_and_those_that_differ(self, gateways: SandboxClient) -> None:
        payment = paid(gateways, "paystack")
        Payment.objects.filter(pk=payment.pk).update(fee_kobo=5)
        compared("paystack")
        today = day_of(timezone.now())

        with time_machine.travel(timezone.now() + timedelta(days=9), tick=True):
            due = days_due(gateway="paystack", mode="test")

        assert today in due
        assert {today + timedelta(days=back) for back in range(1, 9)} <= set(due)

    def test_a_day_that_has_not_begun_is_refused(self, gateways: SandboxClient) -> None:
        with pytest.raises(errors.DayNotOver):
            services.begin(gateway="paystack", day=day_of(timezone.now() + timedelta(days=2)))

    def test_a_gateway_without_a_key_is_refused(self, gateways: SandboxClient) -> None:
        with pytest.raises(errors.NoSuchAccount):
            services.begin(gateway="elsewhere", day=day_of(timezone.now()))

    def test_the_command_ends_with_one_when_something_differs(self, gateways: SandboxClient, capsys: Any) -> None:
        payment = paid(gateways, "paystack")
        day = f"{day_of(payment.created_at):%Y-%m-%d}"
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            call_command("reconcile", day=payment.created_at.date(), gateway="paystack")
            assert "open=0 unfinished=0" in capsys.readouterr().out
            Payment.objects.filter(pk=payment.pk).update(fee_kobo=5)
            with pytest.raises(CommandError):
                call_command("reconcile", day=payment.created_at.date(), gateway="paystack")

        said = capsys.readouterr().out
        assert f"paystack fee {payment.reference} ours=5" in said
        assert day in said
