"""A worker that is killed before each of its writes while it charges a fee, or hears of it: it is charged once."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from bookings import services
from bookings.models import Booking, Fee
from bookings.states import FeeState
from bookings.tests.factories import at, book, guest
from bookings.tests.test_fees import careful, staff
from bookings.tests.test_paying import refunds_done, settled, wish
from bookings.tests.test_paying_killed import MOST_WRITES, Dying, books_agree, dying, gateways, some_minutes_pass  # noqa: F401
from core import outbox
from core.models import EventDelivery
from core.testing import work_off_outbox
from payments import services as payments
from payments.models import Payment
from payments.states import Kind, PaymentState
from restaurants.models import Restaurant
from sandbox.testing import SandboxClient

pytestmark = [pytest.mark.worker, pytest.mark.long, pytest.mark.django_db(transaction=True)]


def a_fee(gateways: SandboxClient, place: Restaurant, number: int) -> Fee:  # noqa: F811
    """Return a fee that is due, of a booking that a card guarantees."""
    booking: Booking = book(place, guest=guest(number))
    payment = payments.begin(
        request=payments.request_payment(kind=Kind.GUARANTEE, subject_id=booking.public_id), wish=wish()
    )
    gateways.pay(payment.gateway, payment.reference)
    settled(payment)
    refunds_done()
    with time_machine.travel(at("19:30"), tick=True):
        services.mark_no_show(booking=booking, by=staff(place))
        work_off_outbox()
    Fee.objects.filter(booking=booking).update(due_at=timezone.now() - timedelta(hours=1), next_try_at=timezone.now())
    return Fee.objects.get(booking=booking)


def goes_on(fee: Fee) -> None:
    """Do what the clock does until nothing is left to do."""
    for _round in range(3):
        some_minutes_pass(20)
        Fee.objects.update(next_try_at=F("next_try_at") - timedelta(hours=7))
        for payment in Payment.objects.live().filter(request__kind=Kind.FEE):
            payments.settle(payment_id=payment.pk)
        work_off_outbox()
        services.charge_fee(fee_id=fee.public_id)
        work_off_outbox()


def is_charged_once(gateways: SandboxClient, fee: Fee) -> bool:  # noqa: F811
    fee.refresh_from_db()
    of_fee = Payment.objects.filter(request__subject_id=fee.public_id)
    references = set(of_fee.values_list("reference", flat=True))
    there = [
        row for row in gateways.payments("paystack") if row["reference"] in references and row["status"] == "success"
    ]
    came = of_fee.filter(state=PaymentState.SUCCEEDED).count()
    return (fee.state, fee.paid_kobo, came, len(there)) == (FeeState.PAID, fee.amount_kobo, 1, 1)


def test_killed_while_a_fee_is_charged_it_is_charged_once(dying: Dying, gateways: SandboxClient):  # noqa: F811
    place = careful(tables=(2,) * 40)
    for writes in range(MOST_WRITES):
        fee = a_fee(gateways, place, writes)
        is_through = dying("charge", 0, writes=writes, fee=str(fee.public_id))

        goes_on(fee)

        assert is_charged_once(gateways, fee), writes
        if is_through:
            break
    assert writes >= 6


def test_killed_while_a_fee_is_counted_it_counts_once(dying: Dying, gateways: SandboxClient):  # noqa: F811
    place = careful(tables=(2,) * 40)
    for writes in range(MOST_WRITES):
        fee = a_fee(gateways, place, writes)
        services.charge_fee(fee_id=fee.public_id)
        outbox.relay_batch(bell=False)
        delivery = EventDelivery.objects.get(
            handler="bookings.subscribers_payments.take_payment", status=EventDelivery.Status.WAITING
        )
        is_through = dying("deliver", delivery.pk, writes=writes)

        goes_on(fee)

        assert is_charged_once(gateways, fee), writes
        if is_through:
            break
    assert writes >= 3
