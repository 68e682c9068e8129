"""Paying while things go wrong in the middle: each of these was found by `benchmarks.payments_chaos`, or looked for."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from bookings import subscribers_payments
from bookings.models import Advance, Booking
from bookings.states import AdvanceState, Status
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import later, refunds_done, settled, wish
from core import outbox
from core.invariants import ask, invariants
from core.models import EventDelivery
from core.testing import work_off_outbox
from payments import errors as payments_errors
from payments import services as payments
from payments.gateways import base
from payments.gateways import registry as payments_of_gateway
from payments.gateways.base import Channel
from payments.gateways.circuit import Circuit
from payments.ledger import chart
from payments.ledger.agreements import agreements
from payments.ledger.selectors import balance
from payments.models import Payment, Refund, WebhookEvent
from payments.states import JournalState, Kind, PaymentState, RefundState, Review
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    """Both gateways, played by the sandbox; their webhooks go nowhere unless a test says so."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()


@pytest.fixture(autouse=True)
def books_agree() -> Iterator[None]:
    """Whatever a test does to payments, the books say the same of them afterwards."""
    yield
    broken = [found for found in ask([*invariants(), *agreements()]) if not found.holds]
    assert broken == []


def begun(booking: Booking, **more: Any) -> Payment:
    """Return a payment for a booking's deposit that waits for its payer at the gateway's page."""
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    return payments.begin(request=asked, wish=wish(**more))


class TestAKey:
    """What a request that may be sent twice begins."""

    def test_goes_on_to_the_other_gateway_when_the_first_is_down(self, gateways: SandboxClient):
        gateways.gateway_faults({"gateway": "paystack", "route": "*", "kind": "error_429"})

        payment = begun(book(strict()), key="once")

        assert (payment.gateway, payment.state, payment.key) == ("flutterwave", PaymentState.PENDING, "once")

    def test_begins_what_no_gateway_could_begin_before(self, gateways: SandboxClient):
        booking = book(strict())
        gateways.gateway_faults({"gateway": "*", "route": "*", "kind": "error_429"})
        with pytest.raises(payments_errors.NoGateway):
            begun(booking, key="once")
        gateways.gateway_faults()

        payment = begun(booking, key="once")

        assert payment.state == PaymentState.PENDING
        assert begun(booking, key="once").pk == payment.pk


class TestMoneyBack:
    def paid(self, gateways: SandboxClient, booking: Booking, gateway: str = "paystack", **more: Any) -> Payment:
        payment = begun(booking, **more)
        gateways.pay(gateway, payment.reference, how="card")
        return settled(payment)

    def test_news_of_a_refund_waits_while_the_gateway_cannot_be_asked(self, gateways: SandboxClient, buka_server: str):
        payment = self.paid(gateways, book(strict()))
        gateways.set_webhook_url("paystack", f"{buka_server}/api/webhooks/paystack")
        # Somebody gives it back at the gateway.
        payments_of_gateway.gateway("paystack").refund(
            base.RefundAsk(payment.reference, payment.gateway_id, 500_000, note="by hand")
        )
        gateways.wait_for_deliveries(1, gateway="paystack", event="refund.pending")
        gateways.gateway_faults({"gateway": "paystack", "route": "refund_list", "kind": "error_500"})
        event = WebhookEvent.objects.get(name="refund.pending")

        payments.work_off(event_id=event.pk)

        event.refresh_from_db()
        assert event.state == JournalState.WAITING
        gateways.gateway_faults()
        Circuit("paystack").forget()
        payments.work_off(event_id=event.pk)
        event.refresh_from_db()
        assert event.state == JournalState.DONE
        assert Refund.objects.get().amount_kobo == 500_000

    def test_what_has_arrived_and_is_not_noted_yet_is_not_given_back_again(
        self, gateways: SandboxClient, settings: Any
    ):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking, channel=Channel.TRANSFER)
        gateways.pay("flutterwave", payment.reference, how="transfer", kobo=2_500_000)
        settled(payment)
        [surplus] = Refund.objects.all()
        # A refund of Flutterwave's has arrived at once; that its house hears of it takes a moment.
        payments.look_after_refund(refund_id=surplus.pk)
        surplus.refresh_from_db()
        assert surplus.state == RefundState.DONE

        advance = Advance.objects.get(booking=booking)
        with transaction.atomic():
            subscribers_payments.give_deposit_back(booking_id=booking.public_id, entry=10**9, why="surplus")

        assert Refund.objects.count() == 1
        work_off_outbox()
        advance.refresh_from_db()
        assert (advance.received_kobo, advance.returned_kobo) == (2_500_000, 500_000)

    def test_two_who_give_back_at_once_give_it_back_once(self, gateways: SandboxClient, settings: Any):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking, channel=Channel.TRANSFER)
        gateways.pay("flutterwave", payment.reference, how="transfer", kobo=2_500_000)
        payments.settle(payment_id=payment.pk)
        _deliver_only("bookings.subscribers_payments.take_payment")
        start = threading.Barrier(2)

        def give_back(entry: int) -> None:
            try:
                start.wait(10)
                with transaction.atomic():
                    subscribers_payments.give_deposit_back(booking_id=booking.public_id, entry=entry, why="surplus")
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(give_back, 10**9 + number) for number in range(2)]:
                done.result()

        assert sum(Refund.objects.values_list("amount_kobo", flat=True)) == 500_000
        work_off_outbox()

    def test_money_that_was_not_let_through_leaves_the_deposit_alone(self, gateways: SandboxClient, settings: Any):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking)
        gateways.pay("flutterwave", payment.reference)
        Payment.objects.filter(pk=payment.pk).update(review=Review.HELD)
        held = settled(payment)
        payments.refuse_payment(payment=held, by=None)
        work_off_outbox()

        refunds_done()

        # It had never counted, so its way back is no news for the house.
        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.received_kobo, advance.returned_kobo) == (AdvanceState.AWAITED, 0, 0)
        assert Refund.objects.get().state == RefundState.DONE


class TestAFeeOnTop:
    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_is_paid_by_the_payer_and_not_by_us(self, gateways: SandboxClient, settings: Any, gateway: str):
        settings.PAYMENT_GATEWAYS = [gateway]
        gateways.gateway_faults({"gateway": gateway, "route": "checkout", "kind": "fee_on_top"})
        payment = begun(book(strict()))
        gateways.pay(gateway, payment.reference)

        payment = settled(payment)

        [row] = [row for row in gateways.payments(gateway) if row["reference"] == payment.reference]
        assert row["amount_kobo"] > payment.received_kobo == 2_000_000
        assert payment.fee_kobo == 0
        assert balance(chart.gateway_clearing(gateway)) == row["amount_kobo"] - row["fee_kobo"]


class TestWhoComesBackLate:
    def test_the_page_asks_about_an_attempt_that_was_given_up(
        self, gateways: SandboxClient, client: Client, buka_server: str
    ):
        booking = book(strict())
        payment = begun(booking)
        with later(hours=2):
            assert settled(payment).state == PaymentState.EXPIRED
            # No webhook comes: all that there is is the payer, who comes back from the gateway's page.
            gateways.pay("paystack", payment.reference)

            client.get(reverse("payments:back", args=[payment.request.token]))

        payment.refresh_from_db()
        assert payment.state == PaymentState.SUCCEEDED
        work_off_outbox()
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED


def _deliver_only(handler: str) -> None:
    outbox.relay_batch(bell=False)
    for delivery in EventDelivery.objects.filter(handler=handler):
        assert outbox.attempt(delivery.pk)
