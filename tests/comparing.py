"""Comparing with the gateways' stand-ins: what tests do again and again."""

from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import begun, settled
from core.invariants import ask, invariants
from payments.ledger.agreements import agreements
from payments.models import Payment
from payments.reconciliation import services
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.selectors import day_of
from payments.reconciliation.states import FindingState, RunState
from sandbox.testing import SandboxClient


def compared(gateway: str) -> Run:
    """Compare the days of this test with a gateway, tomorrow, and return the last run."""
    days = {day_of(timezone.now())}
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
        days.add(day_of(timezone.now()))
        for day in sorted(days):
            begun_run = services.begin(gateway=gateway, day=day)
            services.go_on(run_id=begun_run.pk)
            begun_run.refresh_from_db()
            assert begun_run.state == RunState.DONE, (begun_run.stage, begun_run.why)
    run = Run.objects.filter(gateway=gateway).order_by("day").first()
    assert run is not None
    return run


def open_findings() -> list[tuple[str, int | None, int | None]]:
    return [(row.kind, row.ours_kobo, row.theirs_kobo) for row in Finding.objects.filter(state=FindingState.OPEN)]


def paid(gateways: SandboxClient, gateway: str, **more: Any) -> Payment:
    payment = begun(book(strict()))
    gateways.pay(gateway, payment.reference, **more)
    return settled(payment)


def books_hold() -> None:
    assert [found for found in ask([*invariants(), *agreements()]) if not found.holds] == []


def dispute(gateways: SandboxClient, gateway: str, payment: Payment) -> int:
    what = {"paystack": "disputes", "flutterwave": "chargebacks"}[gateway]
    return int(gateways.tell(gateway, what, reference=payment.reference)["id"])


def decide(gateways: SandboxClient, gateway: str, number: int, *, won: bool) -> None:
    if gateway == "paystack":
        gateways.tell(gateway, f"disputes/{number}/step", to="merchant-won" if won else "merchant-lost")
    else:
        gateways.tell(gateway, f"chargebacks/{number}/step", to="won" if won else "lost")
