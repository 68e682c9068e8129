"""A process that is killed before each of its writes about money, and after the last: what it left is gone on with."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from subprocess import PIPE
from typing import Any

import pytest
from django.db.models import F

from bookings import services
from bookings.models import Advance, AdvanceHistory, Booking
from bookings.services import Actor
from bookings.states import AdvanceState, Status
from bookings.tests.factories import book, guest
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import refunds_done, settled, wish
from bookings.tests.test_paying_badly import signed
from conftest import ROOT, _environment
from core import outbox
from core.invariants import ask, invariants
from core.models import EventDelivery
from core.testing import work_off_outbox
from payments import errors as payment_errors
from payments import services as payments
from payments.ledger.agreements import agreements
from payments.ledger.models import Transaction
from payments.models import Payment, Refund, WebhookEvent
from payments.states import JournalState, Kind, PaymentState, RefundReason, RefundState
from restaurants.models import Restaurant
from sandbox.testing import SandboxClient

pytestmark = [pytest.mark.worker, pytest.mark.long, pytest.mark.django_db(transaction=True)]

# Loads Django once, and forks for each act: the child dies before its write number `writes`, or once all is written.
RUN = """
import json, os, signal, sys
import django
django.setup()
from django.db import connection
from bookings import services
from bookings.tests.test_paying import wish
from core import outbox
from payments import services as payments
from payments.models import Payment, PaymentRequest
from payments.states import RefundReason

def act(asked):
    what, number = asked["what"], asked["number"]
    if what == "begin":
        payments.begin(request=PaymentRequest.objects.get(pk=number), wish=wish(key=asked["key"]))
    elif what == "settle":
        payments.settle(payment_id=number)
    elif what == "deliver":
        assert outbox.attempt(number)
    elif what == "refund":
        payments.refund(payment=Payment.objects.get(pk=number), reason=RefundReason.GOODWILL, key="once")
    elif what == "tell":
        payments.look_after_refund(refund_id=number)
    elif what == "take in":
        payments.take_in(gateway="paystack", headers=asked["headers"], body=asked["body"].encode())
    elif what == "work off":
        payments.work_off(event_id=number)
    elif what == "charge":
        services.charge_fee(fee_id=asked["fee"])

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        left = asked["writes"]
        def die_before_a_write(execute, sql, params, many, context):
            global left
            if sql.lstrip().upper().startswith(("INSERT", "UPDATE")):
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return execute(sql, params, many, context)
        with connection.execute_wrapper(die_before_a_write):
            act(asked)
        # Left over are the writes that it had no more of: it got through.
        os.kill(os.getpid(), signal.SIGUSR1 if left else signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
KILLED, THROUGH = -signal.SIGKILL, -signal.SIGUSR1
MOST_WRITES = 60


class Dying:
    """The process that does as it is told and dies where it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def __call__(self, what: str, number: int, *, writes: int, **asked: Any) -> bool:
        """Tell whether it got through before so many writes were done."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(
            json.dumps({"what": what, "number": number, "writes": writes, **asked}), file=self.process.stdin, flush=True
        )
        status = int(self.process.stdout.readline())
        assert status in (KILLED, THROUGH), status
        return status == THROUGH


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()


@pytest.fixture
def dying(gateways: SandboxClient, tmp_path: Any) -> Iterator[Dying]:
    env = {**_environment(tmp_path, 8190), "DJANGO_SETTINGS_MODULE": "config.settings", "SANDBOX_URL": gateways.url}
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        yield Dying(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(autouse=True)
def books_agree() -> Iterator[None]:
    yield
    broken = [found for found in ask([*invariants(), *agreements()]) if not found.holds]
    assert broken == []


@pytest.fixture
def place() -> Restaurant:
    return strict(tables=(2,) * 40)


def a_booking(place: Restaurant, number: int) -> Booking:
    return book(place, guest=guest(number))


def begun(booking: Booking, key: str = "") -> Payment:
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    return payments.begin(request=asked, wish=wish(key=key))


def some_minutes_pass(minutes: int = 3) -> None:
    """Put back what is waited for, as if the time had passed."""
    ago = timedelta(minutes=minutes)
    Payment.objects.update(created_at=F("created_at") - ago, next_check_at=F("next_check_at") - ago)
    Refund.objects.update(told_at=F("told_at") - ago, next_check_at=F("next_check_at") - ago)
    WebhookEvent.objects.update(next_attempt_at=F("next_attempt_at") - ago)
    EventDelivery.objects.update(next_attempt_at=F("next_attempt_at") - ago)


def is_counted_once(booking: Booking) -> bool:
    booking.refresh_from_db()
    advance = Advance.objects.get(booking=booking)
    counted = AdvanceHistory.objects.filter(advance=advance, received_kobo__gt=0).count()
    return (booking.status, advance.state, advance.received_kobo, counted) == (
        Status.CONFIRMED,
        AdvanceState.RECEIVED,
        2_000_000,
        1,
    )


def sums_of(gateways: SandboxClient, payment: Payment) -> tuple[int, int]:
    rows = [row for row in gateways.payments(payment.gateway) if row["reference"] == payment.reference]
    return sum(row["amount_kobo"] for row in rows), sum(row["refunded_kobo"] for row in rows)


def test_killed_while_a_payment_is_begun_it_is_begun_anew_and_paid_once(
    dying: Dying, gateways: SandboxClient, place: Restaurant
):
    for writes in range(MOST_WRITES):
        booking = a_booking(place, writes)
        asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
        is_through = dying("begin", asked.pk, writes=writes, key=f"key {writes}")

        # The payer presses the button again: at once, and a little later.
        try:
            payment = begun(booking, key=f"key {writes}")
        except payment_errors.PaymentIsChecked:
            some_minutes_pass()
            for left in Payment.objects.live().filter(request=asked):
                payments.settle(payment_id=left.pk)
            payment = begun(booking, key=f"key {writes}")
        assert payment.state == PaymentState.PENDING
        gateways.pay(payment.gateway, payment.reference)
        settled(payment)

        assert is_counted_once(booking)
        assert not Payment.objects.live().filter(request=asked).exists()
        if is_through:
            break
    # The attempt, its way on, what is heard of it.
    assert writes >= 2


def test_killed_while_a_payment_is_settled_it_is_settled_whole(
    dying: Dying, gateways: SandboxClient, place: Restaurant
):
    for writes in range(MOST_WRITES):
        booking = a_booking(place, writes)
        payment = begun(booking)
        gateways.pay(payment.gateway, payment.reference)
        is_through = dying("settle", payment.pk, writes=writes)

        payment.refresh_from_db()
        is_booked = Transaction.objects.filter(payment_id=payment.public_id).exists()
        assert (payment.state == PaymentState.SUCCEEDED) == is_booked
        settled(payment)

        assert is_counted_once(booking)
        assert Transaction.objects.filter(payment_id=payment.public_id).count() == 1
        if is_through:
            break
    assert writes >= 5


def test_killed_while_money_is_counted_it_counts_once(dying: Dying, gateways: SandboxClient, place: Restaurant):
    for writes in range(MOST_WRITES):
        booking = a_booking(place, writes)
        payment = begun(booking)
        gateways.pay(payment.gateway, payment.reference)
        payments.settle(payment_id=payment.pk)
        outbox.relay_batch(bell=False)
        delivery = EventDelivery.objects.get(
            handler="bookings.subscribers_payments.take_payment", status=EventDelivery.Status.WAITING
        )
        is_through = dying("deliver", delivery.pk, writes=writes)

        booking.refresh_from_db()
        payment.refresh_from_db()
        assert (payment.credited_at is not None) == (booking.status == Status.CONFIRMED)
        some_minutes_pass()
        work_off_outbox()

        assert is_counted_once(booking)
        if is_through:
            break
    assert writes >= 8


def test_killed_while_a_refund_is_decided_it_is_decided_once(dying: Dying, gateways: SandboxClient, place: Restaurant):
    for writes in range(MOST_WRITES):
        payment = begun(a_booking(place, writes))
        gateways.pay(payment.gateway, payment.reference)
        settled(payment)
        is_through = dying("refund", payment.pk, writes=writes)

        payment.refresh_from_db()
        assert payment.refunded_kobo == sum(payment.refunds.values_list("amount_kobo", flat=True))
        payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="once")

        payment.refresh_from_db()
        assert payment.refunded_kobo == payment.refunds.get().amount_kobo == 2_000_000
        if is_through:
            break
    assert writes >= 5


@pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
def test_killed_while_a_gateway_is_told_of_a_refund_it_gives_back_once(
    dying: Dying, gateways: SandboxClient, place: Restaurant, settings: Any, gateway: str
):
    settings.PAYMENT_GATEWAYS = [gateway]
    for writes in range(MOST_WRITES):
        payment = begun(a_booking(place, writes))
        gateways.pay(gateway, payment.reference)
        payment = settled(payment)
        refund = payments.refund(payment=payment, amount_kobo=700_000, reason=RefundReason.GOODWILL, key="once")
        is_through = dying("tell", refund.pk, writes=writes)

        for _look in range(4):
            some_minutes_pass()
            payments.look_after_refund(refund_id=refund.pk)

        refund.refresh_from_db()
        assert refund.state in (RefundState.PENDING, RefundState.DONE)
        assert sums_of(gateways, payment) == (2_000_000, 700_000)
        assert Refund.objects.filter(payment=payment).count() == 1
        if is_through:
            break
    assert writes >= 3


def test_killed_while_a_deposit_is_given_back_it_goes_back_once(
    dying: Dying, gateways: SandboxClient, place: Restaurant
):
    for writes in range(MOST_WRITES):
        booking = a_booking(place, writes)
        payment = begun(booking)
        gateways.pay(payment.gateway, payment.reference)
        settled(payment)
        booking.refresh_from_db()
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        outbox.relay_batch(bell=False)
        delivery = EventDelivery.objects.get(
            handler="bookings.subscribers_payments.give_deposit_back", status=EventDelivery.Status.WAITING
        )
        is_through = dying("deliver", delivery.pk, writes=writes)
        some_minutes_pass()
        work_off_outbox()
        refunds_done()

        assert sums_of(gateways, payment) == (2_000_000, 2_000_000)
        assert Refund.objects.get(payment=payment).amount_kobo == 2_000_000
        if is_through:
            break
    assert writes >= 5


def test_killed_over_a_webhook_it_is_sent_again_and_counts_once(
    dying: Dying, gateways: SandboxClient, place: Restaurant
):
    for first, what in ((0, "take in"), (MOST_WRITES, "work off")):
        for writes in range(MOST_WRITES):
            booking = a_booking(place, first + writes)
            payment = begun(booking)
            gateways.pay(payment.gateway, payment.reference)
            proof, body = signed(payment)
            if what == "work off":
                row = payments.take_in(gateway="paystack", headers=proof, body=body.encode())
                assert row is not None
                is_through = dying(what, row.pk, writes=writes)
            else:
                is_through = dying(what, 0, writes=writes, headers=proof, body=body)

            # Whoever was not answered sends it again.
            row = payments.take_in(gateway="paystack", headers=proof, body=body.encode())
            assert row is not None
            some_minutes_pass()
            payments.work_off(event_id=row.pk)
            row.refresh_from_db()
            assert row.state == JournalState.DONE, row.note
            work_off_outbox()
            assert is_counted_once(booking)
            if is_through:
                break
