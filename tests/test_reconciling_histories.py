"""Whatever happens to payments, a comparison finds nothing; with one row changed by hand it finds just that.

Histories are drawn at random, with a seed that a failure names, and played through the gateways' stand-ins: payments
that nobody hears of, refunds begun on either side, disputes, lost answers, payouts.
"""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from bookings import services as bookings
from bookings.models import Booking
from bookings.services import Actor
from bookings.tests import test_paying
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import begun, refunds_done, settled
from core.ids import uuid7
from core.testing import work_off_outbox
from payments import services as payments
from payments.gateways.base import Channel
from payments.ledger import postings
from payments.ledger import services as books
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Dispute, Payment, Refund
from payments.reconciliation.models import Finding
from payments.reconciliation.states import FindingKind, FindingState
from payments.states import PaymentState, RefundReason, RefundState
from sandbox.testing import SandboxClient
from tests.comparing import books_hold, compared, decide, dispute, open_findings

# One gateway and one change after the other, each a story of its own: long for what they add to test_reconciling.
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

gateways, first = test_paying.gateways, test_paying.first
CHARGES = {"paystack": "paystack_transaction", "flutterwave": "sandbox_flutterwave_transaction"}

WAYS = ["card", "card", "bank", "transfer", "transfer_short", "transfer_excess", "declined"]


class History:
    """Things that happen to payments at one gateway, one after the other."""

    def __init__(self, gateways: SandboxClient, gateway: str, seed: int) -> None:
        self.gateways, self.gateway = gateways, gateway
        self.random = random.Random(f"{gateway}:{seed}")
        self.disputes: list[int] = []
        self.told: list[str] = []
        self.faults = 2

    def play(self, steps: int) -> None:
        ways = [self.pay, self.pay, self.pay, self.refund, self.cancel, self.refund_there, self.be_disputed,
                self.decide, self.look_after, self.pay_out]  # fmt: skip
        self.pay("card")
        for _ in range(steps):
            way = self.random.choice(ways)
            self.told.append(way.__name__)
            way()
        self.look_after()

    def pay(self, how: str = "") -> None:
        how = how or self.random.choice(
            ["card", "card", "bank", "transfer", "transfer_short", "transfer_excess", "declined"]
        )
        channel = {"card": Channel.CARD, "declined": Channel.CARD, "bank": Channel.BANK}.get(how, Channel.TRANSFER)
        # Not so often that the gateway is left alone for a while.
        if Payment.objects.exists() and self.faults and self.random.random() < 0.15:
            self.faults -= 1
            self.gateways.gateway_faults(
                {"gateway": self.gateway, "route": "initialize", "kind": "reset_after", "times": 1}
            )
        payment = begun(book(strict()), channel=channel)
        self.gateways.gateway_faults()
        if payment.gateway != self.gateway:
            return
        self.gateways.pay(self.gateway, payment.reference, how=how)
        # Nobody hears of some: the payer closed the page, and the webhook was lost.
        if self.random.random() < 0.7:
            settled(payment)

    def refund(self) -> None:
        payment = self.one()
        if payment is None or payment.left_kobo < 10_000:
            return
        kobo = self.random.randrange(5_000, payment.left_kobo + 1)
        payments.refund(payment=payment, amount_kobo=kobo, reason=RefundReason.GOODWILL, key=str(uuid7()))
        if self.faults and self.random.random() < 0.3:
            self.faults -= 1
            self.gateways.gateway_faults(
                {"gateway": self.gateway, "route": "refund", "kind": "reset_after", "times": 1}
            )
        refunds_done()
        self.gateways.gateway_faults()

    def cancel(self) -> None:
        booking = Booking.objects.filter(status="confirmed").order_by("?").first()
        if booking is not None:
            bookings.cancel_booking(booking=booking, by=Actor.diner(None))
            work_off_outbox()

    def refund_there(self) -> None:
        payment = self.one()
        if payment is not None and payment.left_kobo > 10_000 and self.gateway == "paystack" and not self.has_more():
            [row] = [row for row in self.gateways.payments(self.gateway) if row["reference"] == payment.reference]
            kobo = min(payment.left_kobo, row["amount_kobo"] - row["refunded_kobo"] - row["disputed_kobo"]) // 2
            if kobo <= 0:
                return
            self.gateways.tell(self.gateway, "refunds", reference=payment.reference, kobo=kobo)

    def be_disputed(self) -> None:
        payment = self.one()
        if payment is not None and payment.left_kobo > 0 and not payment.refunds.exists() and not self.has_more():
            self.disputes.append(dispute(self.gateways, self.gateway, payment))

    def decide(self) -> None:
        if self.disputes:
            number = self.disputes.pop(0)
            decide(self.gateways, self.gateway, number, won=self.random.random() < 0.5)

    def look_after(self) -> None:
        refunds_done()
        if self.random.random() < 0.5:
            self.gateways.advance(5)
            refunds_done()

    def pay_out(self) -> None:
        # One that is less than nothing is no payout.
        if not Refund.objects.exists() and "be_disputed" not in self.told:
            self.gateways.tell(self.gateway, "settlements")

    def one(self) -> Payment | None:
        return Payment.objects.filter(gateway=self.gateway, state=PaymentState.SUCCEEDED).order_by("?").first()

    def has_more(self) -> bool:
        """Tell whether something is on its way back that only one side knows of."""
        return (
            bool(self.disputes)
            or Refund.objects.filter(state__in=(RefundState.REQUESTED, RefundState.CHECKING)).exists()
        )


def calm(gateways: SandboxClient, gateway: str) -> None:
    """Compare until whatever the comparison itself set going has come to rest."""
    for _ in range(2):
        compared(gateway)
        work_off_outbox()
        refunds_done()


@pytest.mark.parametrize("seed", range(3))
def test_a_history_leaves_nothing_that_differs(gateways: SandboxClient, first: str, seed: int) -> None:
    history = History(gateways, first, seed)
    history.play(12)

    calm(gateways, first)
    run = compared(first)

    assert run.charges > 0, "nothing was paid at all"
    assert open_findings() == [], (seed, history.told)
    books_hold()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 125))
def test_many_histories_leave_nothing_that_differs(gateways: SandboxClient, first: str, seed: int) -> None:
    history = History(gateways, first, seed)
    history.play(30)

    calm(gateways, first)
    run = compared(first)

    assert run.charges > 0, "nothing was paid at all"
    assert open_findings() == [], (seed, history.told)
    books_hold()


# --- One row changed by hand -----------------------------------------------------------------------------------------


def another_fee(payment: Payment, _home: Path) -> None:
    Payment.objects.filter(pk=payment.pk).update(fee_kobo=(payment.fee_kobo or 0) + 100)


def another_amount(payment: Payment, _home: Path) -> None:
    Payment.objects.filter(pk=payment.pk).update(received_kobo=payment.received_kobo + 100)


def another_currency(payment: Payment, _home: Path) -> None:
    Payment.objects.filter(pk=payment.pk).update(currency="USD")


def another_reference(payment: Payment, _home: Path) -> None:
    Payment.objects.filter(pk=payment.pk).update(reference="another")


def refund_of_more(payment: Payment, _home: Path) -> None:
    Refund.objects.filter(payment=payment).update(amount_kobo=400_000)


def refund_that_failed(payment: Payment, _home: Path) -> None:
    Refund.objects.filter(payment=payment).update(state=RefundState.FAILED)


def dispute_of_less(payment: Payment, _home: Path) -> None:
    Dispute.objects.update(amount_kobo=1_000)


def something_more_in_the_books(payment: Payment, _home: Path) -> None:
    with transaction.atomic():
        lines = postings.refund_asked(gateway=payment.gateway, out_of={deposits(payment): 700})
        books.post(
            key="by hand", kind=TransactionKind.REFUND_ASKED, lines=lines, happened_at=timezone.now(),
            about=About.payment(payment.public_id), restaurant_id=payment.request.restaurant_id,
        )  # fmt: skip


def money_of_no_payment_in_the_books(payment: Payment, _home: Path) -> None:
    with transaction.atomic():
        lines = postings.captured(gateway=payment.gateway, amount_kobo=900, into=deposits(payment))
        books.post(
            key="by hand", kind=TransactionKind.CAPTURED, lines=lines, happened_at=payment.paid_at or timezone.now(),
            about=About.payment(uuid7()), restaurant_id=payment.request.restaurant_id,
        )  # fmt: skip


def deposits(payment: Payment) -> Any:
    from payments.ledger import chart

    return chart.deposits_held(payment.request.restaurant_id)


def their_amount(payment: Payment, home: Path) -> None:
    columns = {"paystack": ("received",), "flutterwave": ("amount_kobo", "charged_kobo")}[payment.gateway]
    for column in columns:
        at_the_gateway(home, payment, f"{column} = {column} - 100")


def their_fee(payment: Payment, home: Path) -> None:
    column = {"paystack": "fees", "flutterwave": "fee_kobo"}[payment.gateway]
    at_the_gateway(home, payment, f"{column} = {column} + 5000")


def their_row_gone(payment: Payment, home: Path) -> None:
    at_the_gateway(home, payment, "merchant = merchant || '-foreign'")


def at_the_gateway(home: Path, payment: Payment, change: str) -> None:
    """Change a row of the gateway's stand-in behind its back."""
    column = {"paystack": "reference", "flutterwave": "tx_ref"}[payment.gateway]
    with closing(sqlite3.connect(f"file:{home}/sandbox/sandbox.sqlite3?mode=rw", uri=True, timeout=20)) as store, store:
        changed = store.execute(
            f"UPDATE {CHARGES[payment.gateway]} SET {change} WHERE {column} = ?", [payment.reference]
        )
        assert changed.rowcount == 1


CHANGES: dict[Callable[[Payment, Path], None], FindingKind] = {
    another_fee: FindingKind.FEE,
    another_amount: FindingKind.AMOUNT,
    another_currency: FindingKind.CURRENCY,
    another_reference: FindingKind.REFERENCE,
    refund_of_more: FindingKind.REFUND_DIFFERS,
    refund_that_failed: FindingKind.REFUND_DIFFERS,
    dispute_of_less: FindingKind.DISPUTE_DIFFERS,
    something_more_in_the_books: FindingKind.BOOKS,
    money_of_no_payment_in_the_books: FindingKind.BOOKS,
    their_amount: FindingKind.AMOUNT,
    their_fee: FindingKind.FEE,
    their_row_gone: FindingKind.MISSING_THERE,
}


@pytest.mark.parametrize(("change", "kind"), CHANGES.items(), ids=lambda each: getattr(each, "__name__", str(each)))
def test_one_row_changed_by_hand_is_one_finding(
    gateways: SandboxClient, first: str, sandbox_process: Any, change: Callable[[Payment, Path], None], kind: str
) -> None:
    for _ in range(2):
        payment = begun(book(strict()))
        gateways.pay(first, payment.reference)
        payment = settled(payment)
    if change in (refund_of_more, refund_that_failed):
        payments.refund(payment=payment, amount_kobo=300_000, reason=RefundReason.GOODWILL, key="one")
        refunds_done()
    if change is dispute_of_less:
        dispute(gateways, first, payment)
    compared(first)
    assert open_findings() == []

    change(payment, Path(sandbox_process.env["BUKA_HOME"]))
    compared(first)
    compared(first)

    [finding] = Finding.objects.filter(state=FindingState.OPEN)
    assert finding.kind == kind
    if change is not money_of_no_payment_in_the_books:
        assert finding.payment_id == payment.pk
