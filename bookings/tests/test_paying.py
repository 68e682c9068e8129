"""Paying online for deposits and tickets, against the gateways' stand-ins over a socket: in time, late, twice, lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as project
from django.utils import timezone

from bookings import services, ticketing
from bookings.models import Advance, Booking
from bookings.services import Actor
from bookings.states import AdvanceState, OrderStatus, PaidWhen, Status
from bookings.subjects import LONGEST_HOLD
from bookings.tests import ticket_factories as tickets
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from core.invariants import ask, invariants
from core.testing import work_off_outbox
from payments import errors as payment_errors
from payments import services as payments
from payments.gateways.base import Channel, Payer
from payments.ledger.agreements import agreements
from payments.models import Payment, PaymentRequest, Refund, WebhookEvent
from payments.services.beginning import Wish
from payments.states import Kind, PaymentState, RefundReason, RefundState, RequestState
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)

BACK = "https://buka.example/en/pay/link/back/"


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


@pytest.fixture(params=["paystack", "flutterwave"])
def first(request: pytest.FixtureRequest, settings: Any) -> str:
    """Each gateway once as the one that is asked first."""
    settings.PAYMENT_GATEWAYS = [request.param, *(each for each in project.PAYMENT_GATEWAYS if each != request.param)]
    return str(request.param)


def wish(channel: Channel = Channel.CARD, **more: Any) -> Wish:
    return Wish(
        payer=Payer(email="ada@example.com", name="Ada Demo"),
        return_url=BACK,
        cancel_url=BACK.replace("back/", ""),
        channel=channel,
        **more,
    )


def begun(booking: Booking, **more: Any) -> Payment:
    """Return a payment for a booking's deposit that waits for its payer at the gateway's page."""
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    return payments.begin(request=asked, wish=wish(**more))


def settled(payment: Payment) -> Payment:
    """Ask the gateway, and let everybody hear what it says."""
    found = payments.settle(payment_id=payment.pk)
    work_off_outbox()
    return found


def refunds_done() -> None:
    """Do what a worker does for refunds until nothing is to be told any more."""
    for refund in Refund.objects.exclude(next_check_at=None):
        payments.look_after_refund(refund_id=refund.pk)
    work_off_outbox()


def later(**delta: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=True)


class TestInTime:
    def test_a_deposit_paid_by_card_confirms_its_table(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)
        assert payment.state == PaymentState.PENDING
        assert payment.checkout_url.startswith(gateways.url)

        gateways.pay(first, payment.reference)
        payment = settled(payment)

        booking.refresh_from_db()
        advance = Advance.objects.get(booking=booking)
        assert (payment.state, payment.received_kobo) == (PaymentState.SUCCEEDED, 2_000_000)
        assert (booking.status, advance.state) == (Status.CONFIRMED, AdvanceState.RECEIVED)
        payment.refresh_from_db()
        assert payment.credited_at is not None
        assert len(payment.card_last4) == 4

    def test_asking_again_and_again_counts_once(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)
        gateways.pay(first, payment.reference)

        for _ in range(3):
            settled(payment)

        advance = Advance.objects.get(booking=booking)
        assert advance.received_kobo == advance.amount_kobo == 2_000_000
        assert PaymentRequest.objects.get().paid_kobo == 2_000_000

    def test_a_declined_card_confirms_nothing_and_may_be_tried_again(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)

        gateways.pay(first, payment.reference, how="declined")
        payment = settled(payment)

        assert payment.state == PaymentState.FAILED
        booking.refresh_from_db()
        assert booking.status == Status.HELD
        second = begun(booking)
        assert second.pk != payment.pk
        gateways.pay(first, second.reference)
        assert settled(second).state == PaymentState.SUCCEEDED

    def test_what_was_not_finished_is_gone_on_with(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)
        settled(payment)

        again = begun(booking)

        assert (again.pk, again.checkout_url) == (payment.pk, payment.checkout_url)

    def test_nobody_pays_again_while_money_has_come_and_is_not_counted(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)
        gateways.pay(first, payment.reference)
        payments.settle(payment_id=payment.pk)

        with pytest.raises(payment_errors.PaymentIsChecked):
            begun(booking)


class TestTransfers:
    def test_the_table_waits_as_long_as_the_account_lives(self, gateways: SandboxClient, first: str):
        booking = book(strict(policy={"deposit_minutes": 15}))

        begun(booking, channel=Channel.TRANSFER)

        booking.refresh_from_db()
        assert booking.hold_expires_at is not None
        left = booking.hold_expires_at - timezone.now()
        assert timedelta(minutes=34) < left < timedelta(minutes=36)
        assert Advance.objects.get(booking=booking).due_at == booking.hold_expires_at

    def test_it_does_not_wait_for_ever(self, gateways: SandboxClient, first: str):
        booking = book(strict(policy={"deposit_minutes": 15}))
        Advance.objects.filter(booking=booking).update(created_at=timezone.now() - LONGEST_HOLD)

        with pytest.raises(payment_errors.TooLittleTime):
            begun(booking, channel=Channel.TRANSFER)

    def test_while_the_bank_thinks_nobody_is_asked_to_pay_again(self, gateways: SandboxClient):
        booking = book(strict())
        payment = begun(booking, channel=Channel.USSD)
        gateways.pay("paystack", payment.reference, how="ussd_late")

        payment = settled(payment)

        assert payment.state == PaymentState.CHECKING
        with pytest.raises(payment_errors.PaymentIsChecked):
            begun(booking)


class TestTooLate:
    def test_money_that_comes_late_takes_the_table_again(self, gateways: SandboxClient, first: str):
        booking = book(strict(tables=(2,)))
        payment = begun(booking)
        with later(hours=2):
            services.release_expired_holds()
            booking.refresh_from_db()
            assert booking.status == Status.EXPIRED
            gateways.pay(first, payment.reference)

            settled(payment)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_money_without_a_table_goes_back_by_itself(self, gateways: SandboxClient, first: str):
        restaurant = strict(tables=(2,))
        booking = book(restaurant)
        payment = begun(booking)
        with later(hours=2):
            services.release_expired_holds()
            book(restaurant)
            gateways.pay(first, payment.reference)
            settled(payment)
            assert Advance.objects.get(booking=booking).state == AdvanceState.OWED_BACK
            refund = Refund.objects.get()
            assert (refund.amount_kobo, refund.reason) == (2_000_000, RefundReason.TOO_LATE)
            refunds_done()

        refund.refresh_from_db()
        assert refund.state in (RefundState.PENDING, RefundState.DONE)
        assert refund.gateway_id

    def test_an_attempt_that_nobody_finished_ends(self, gateways: SandboxClient, first: str):
        payment = begun(book(strict()))

        with later(hours=2):
            payment = settled(payment)

        assert payment.state == PaymentState.EXPIRED


class TestMoneyBack:
    def paid(self, gateways: SandboxClient, gateway: str, booking: Booking) -> Payment:
        payment = begun(booking)
        gateways.pay(gateway, payment.reference)
        return settled(payment)

    def test_a_cancellation_in_time_gives_the_deposit_back(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = self.paid(gateways, first, booking)
        booking.refresh_from_db()

        services.cancel_booking(booking=booking, by=Actor.diner(None))
        work_off_outbox()
        refunds_done()

        refund = Refund.objects.get()
        assert (refund.payment_id, refund.amount_kobo, refund.reason) == (
            payment.pk,
            2_000_000,
            RefundReason.CALLED_OFF,
        )
        [row] = [row for row in gateways.payments(first) if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 2_000_000
        payment.refresh_from_db()
        assert payment.refunded_kobo == 2_000_000

    def test_the_house_is_done_when_the_money_has_arrived(self, gateways: SandboxClient):
        booking = book(strict())
        self.paid(gateways, "paystack", booking)
        booking.refresh_from_db()
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        work_off_outbox()
        refunds_done()
        refund = Refund.objects.get()
        gateways.tell("paystack", f"refunds/{refund.gateway_id}/step", to="processed")

        refunds_done()

        refund.refresh_from_db()
        advance = Advance.objects.get(booking=booking)
        assert refund.state == RefundState.DONE
        assert (advance.state, advance.returned_kobo) == (AdvanceState.RETURNED, 2_000_000)

    def test_never_more_than_is_left(self, gateways: SandboxClient, first: str):
        payment = self.paid(gateways, first, book(strict()))
        payments.refund(payment=payment, amount_kobo=1_500_000, reason=RefundReason.GOODWILL, key="first")

        with pytest.raises(payment_errors.RefundTooLarge):
            payments.refund(payment=payment, amount_kobo=500_001, reason=RefundReason.GOODWILL, key="second")

        again = payments.refund(payment=payment, amount_kobo=1_500_000, reason=RefundReason.GOODWILL, key="first")
        assert again.key == "first"
        assert Refund.objects.count() == 1

    def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(self, gateways: SandboxClient, first: str):
        payment = self.paid(gateways, first, book(strict()))
        refund = payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="lost")
        gateways.gateway_faults({"gateway": first, "route": "refund", "kind": "reset_after", "times": 1})
        payments.look_after_refund(refund_id=refund.pk)
        refund.refresh_from_db()
        assert refund.state == RefundState.CHECKING

        payments.look_after_refund(refund_id=refund.pk)

        refund.refresh_from_db()
        assert refund.state in (RefundState.PENDING, RefundState.DONE)
        [row] = [row for row in gateways.payments(first) if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 2_000_000

    def test_a_refund_that_never_got_there_is_asked_for_again(self, gateways: SandboxClient, first: str):
        payment = self.paid(gateways, first, book(strict()))
        refund = payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="before")
        gateways.gateway_faults({"gateway": first, "route": "refund", "kind": "reset", "times": 1})
        payments.look_after_refund(refund_id=refund.pk)

        with later(minutes=5):
            payments.look_after_refund(refund_id=refund.pk)
            payments.look_after_refund(refund_id=refund.pk)

        refund.refresh_from_db()
        assert refund.state in (RefundState.PENDING, RefundState.DONE)
        [row] = [row for row in gateways.payments(first) if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 2_000_000


class TestAGatewayThatIsDown:
    def test_the_other_one_is_asked(self, gateways: SandboxClient, first: str):
        gateways.gateway_faults({"gateway": first, "route": "*", "kind": "error_429"})

        payment = begun(book(strict()))

        assert payment.gateway != first
        assert payment.state == PaymentState.PENDING
        failed = Payment.objects.exclude(pk=payment.pk).get()
        assert (failed.gateway, failed.state) == (first, PaymentState.FAILED)

    def test_none_at_all_charges_nothing(self, gateways: SandboxClient):
        gateways.gateway_faults({"gateway": "*", "route": "*", "kind": "error_429"})

        with pytest.raises(payment_errors.NoGateway):
            begun(book(strict()))

        assert not Payment.objects.live().exists()

    def test_an_answer_that_was_lost_leaves_nobody_with_two_pages(self, gateways: SandboxClient, first: str):
        gateways.gateway_faults({"gateway": first, "route": "initialize", "kind": "reset_after", "times": 1})
        booking = book(strict())

        payment = begun(booking)

        assert payment.state == PaymentState.PENDING
        assert Payment.objects.live().count() == 1


class TestSharing:
    def test_each_pays_a_share_and_all_together_confirm(self, gateways: SandboxClient, first: str):
        booking = book(strict(), party_size=2)
        one, other = payments.share(
            kind=Kind.DEPOSIT, subject_id=booking.public_id, shares=[("Ada", 1_200_000), ("Emeka", 800_000)]
        )
        with pytest.raises(payment_errors.NothingToPay):
            payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
        for asked in (one, other):
            payment = payments.begin(request=asked, wish=wish())
            gateways.pay(first, payment.reference)
            settled(payment)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert set(PaymentRequest.objects.values_list("state", flat=True)) == {RequestState.PAID}

    def test_shares_add_up_to_what_is_due(self, gateways: SandboxClient):
        booking = book(strict(), party_size=2)

        with pytest.raises(payment_errors.SharesDoNotFit):
            payments.share(kind=Kind.DEPOSIT, subject_id=booking.public_id, shares=[("Ada", 1), ("Emeka", 2)])


class TestAnotherThanAskedFor:
    def test_another_currency_is_held_for_a_look_and_counts_nowhere(self, gateways: SandboxClient, first: str):
        booking = book(strict())
        payment = begun(booking)
        gateways.gateway_faults(
            {"gateway": first, "route": "*", "kind": "wrong_currency", "options": {"currency": "USD"}}
        )
        gateways.pay(first, payment.reference)

        payment = settled(payment)

        assert payment.review == "held"
        booking.refresh_from_db()
        assert booking.status == Status.HELD
        assert PaymentRequest.objects.get().paid_kobo == 0


class TestWebhooks:
    def test_a_webhook_settles_what_nobody_came_back_for(self, gateways: SandboxClient, first: str, buka_server: str):
        gateways.set_webhook_url(first, f"{buka_server}/api/webhooks/{first}")
        booking = book(strict())
        payment = begun(booking)

        gateways.pay(first, payment.reference)
        gateways.wait_for_deliveries(1, gateway=first, reference=payment.reference)
        event = WebhookEvent.objects.get()
        payments.work_off(event_id=event.pk)
        work_off_outbox()

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        event.refresh_from_db()
        assert event.state == "done", event.note

    @pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "tampered", "truncated"])
    def test_what_is_not_genuine_is_turned_away(self, gateways: SandboxClient, buka_server: str, kind: str):
        gateways.set_webhook_url("paystack", f"{buka_server}/api/webhooks/paystack")
        gateways.gateway_faults({"gateway": "paystack", "route": "webhook", "kind": kind})
        payment = begun(book(strict()))

        gateways.pay("paystack", payment.reference)
        deadline = timezone.now() + timedelta(seconds=10)
        while not (sent := [d for d in gateways.deliveries(gateway="paystack") if d["attempts"]]):
            assert timezone.now() < deadline

        assert sent[0]["state"] != "delivered"
        assert not WebhookEvent.objects.exists()


def test_tickets_are_paid_for(gateways: SandboxClient, first: str):
    order = tickets.order(tickets.event_at(house(), paid_when=PaidWhen.BEFORE), Ticket=2)
    asked = payments.request_payment(kind=Kind.TICKETS, subject_id=order.public_id)
    payment = payments.begin(request=asked, wish=wish())
    gateways.pay(first, payment.reference)

    settled(payment)

    found = ticketing.order_by_public_id(order.public_id)
    assert found is not None
    assert (found.status, found.paid_kobo) == (OrderStatus.CONFIRMED, 1_000_000)
