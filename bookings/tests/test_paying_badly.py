"""Paying while things go wrong in the middle: each of these was found by `benchmarks.payments_chaos`, or looked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from bookings.models import Advance
from bookings.states import AdvanceState, Status
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import refunds_done, settled, wish
from core.invariants import ask, invariants
from core.testing import work_off_outbox
from payments import errors as payments_errors
from payments import services as payments
from payments.gateways.base import Channel
from payments.ledger.agreements import agreements
from payments.models import Payment, Refund, WebhookEvent
from payments.states import JournalState, Kind, PaymentState, RefundReason, RefundState
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


def begun(booking: Any, **more: Any) -> Payment:
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
