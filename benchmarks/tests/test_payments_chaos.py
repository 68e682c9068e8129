"""The comparison of the chaos sees what must not be, and says nothing about what may; and time goes on for all rows."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from benchmarks.chaos import comparing
from benchmarks.chaos.staging import TIMES
from benchmarks.payments_chaos import rules
from bookings.models import Advance, AdvanceHistory, Booking
from bookings.tests.factories import book, guest
from bookings.tests.test_deposits import strict
from core.models import OutboxEvent
from core.testing import work_off_outbox
from payments import services as payments
from payments.gateways.base import Channel, Charge, Mode, Outcome
from payments.models import Payment, PaymentRequest, Refund, WebhookEvent
from payments.services import settling
from payments.states import Kind, PaymentState, RefundReason, RefundState

pytestmark = pytest.mark.django_db

KOBO, FEE = 2_000_000, 30_000


@pytest.fixture
def booking() -> Booking:
    """Somebody who paid the deposit of a table that is theirs."""
    return paid("buka-demo-1")


@pytest.fixture
def there(booking: Booking) -> list[dict[str, Any]]:
    """What the gateway has."""
    return [line("buka-demo-1")]


def paid(reference: str, number: int = 1) -> Booking:
    booking = book(strict(), guest=guest(number))
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    payment = a_payment(asked, reference)
    settling.apply(
        payment_id=payment.pk,
        answer=Charge(
            outcome=Outcome.PAID,
            word="success",
            reference=reference,
            gateway_id=reference[-1] * 6,
            amount_kobo=KOBO,
            debited_kobo=KOBO,
            fee_kobo=FEE,
            currency="NGN",
            mode=Mode.TEST,
            channel=Channel.CARD,
        ),
    )
    work_off_outbox()
    booking.refresh_from_db()
    assert booking.status == "confirmed"
    return booking


def a_payment(asked: PaymentRequest, reference: str) -> Payment:
    return Payment.objects.create(
        request=asked,
        gateway="paystack",
        mode=Mode.TEST,
        reference=reference,
        amount_kobo=KOBO,
        checkout_url="https://gateway.example/page",
        state=PaymentState.PENDING,
        expires_at=timezone.now() + timedelta(hours=1),
    )


def line(reference: str, **changed: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "currency": "NGN",
        "is_paid": True,
        "amount_kobo": KOBO,
        "fee_kobo": FEE,
        "refunded_kobo": 0,
        "disputed_kobo": 0,
        **changed,
    }


def compared(lines: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    found = comparing.compare({"paystack": lines, "flutterwave": []})
    return found.ledger_diff_kobo, found.stranded, found.doubled, found.unsettled


def test_says_nothing_where_all_is_well(there):
    assert compared(there) == (0, 0, 0, 0)


def test_says_nothing_of_a_fee_that_the_payer_paid_on_top(there):
    Payment.objects.update(fee_kobo=0)
    there[0] |= {"amount_kobo": KOBO + FEE}

    found = comparing.compare({"paystack": there})

    # The books have the fee that was written into them before.
    assert {line.split(": ", 1)[1][:3] for line in found.lines} == {"net", "lef"}
    assert found.stranded == found.doubled == 0


@pytest.mark.parametrize(("field", "kobo"), [("amount_kobo", 1), ("fee_kobo", 1), ("refunded_kobo", -1)])
def test_sees_a_single_kobo_that_the_gateway_has_otherwise(there, field, kobo):
    there[0][field] += kobo

    assert compared(there)[0] > 0


def test_sees_money_that_the_books_alone_have(there):
    assert compared([])[0] >= KOBO


def test_sees_a_payment_that_the_books_do_not_agree_with(there):
    Payment.objects.update(fee_kobo=FEE + 1)

    assert compared(there)[0] > 0


def test_sees_money_that_came_and_nobody_knows_of(there):
    assert compared([*there, line("buka-demo-2")])[1] == 1


def test_sees_money_without_a_table(booking, there):
    Booking.objects.filter(pk=booking.pk).update(status="expired")

    assert compared(there)[1] == 1


def test_sees_more_money_kept_than_was_asked_for(booking, there):
    Advance.objects.filter(booking=booking).update(amount_kobo=KOBO - 1)

    assert compared(there)[1] == 1


def test_sees_a_payment_that_is_called_counted_and_is_not(booking, there):
    AdvanceHistory.objects.filter(received_kobo__gt=0).update(received_kobo=0)

    assert compared(there)[1] == 1


def test_sees_a_reference_that_counted_twice(booking, there):
    other = paid("buka-demo-2", number=2)
    AdvanceHistory.objects.filter(advance__booking=other, received_kobo__gt=0).update(reference="buka-demo-1")
    lines = [*there, line("buka-demo-2")]

    assert compared(lines)[2] == 1


def test_sees_that_more_went_back_there_than_was_decided_here(there):
    there[0]["refunded_kobo"] = 500

    diff, _stranded, doubled, _unsettled = compared(there)

    assert (diff > 0, doubled) == (True, 1)


def test_sees_a_refund_of_what_is_owed_to_nobody(booking, there):
    Refund.objects.create(
        payment=Payment.objects.get(),
        amount_kobo=500,
        reason=RefundReason.CALLED_OFF,
        key="broken",
        state=RefundState.DONE,
    )

    assert compared(there)[2] == 1


def test_leaves_a_kindness_of_the_house_alone(booking, there):
    payments.refund(payment=Payment.objects.get(), amount_kobo=500, reason=RefundReason.GOODWILL, key="kind")
    there[0]["refunded_kobo"] = 500

    assert compared(there)[:3] == (0, 0, 0)


def test_money_of_another_currency_is_for_a_look(there):
    found = comparing.compare({"paystack": [*there, line("buka-demo-9", currency="USD")]})

    assert (found.ledger_diff_kobo, found.stranded, found.held) == (0, 0, 1)


def test_sees_everything_that_is_not_settled(booking, there):
    asked = PaymentRequest.objects.get()
    a_payment(asked, "buka-demo-3")
    payments.refund(
        payment=Payment.objects.get(reference="buka-demo-1"), amount_kobo=5, reason=RefundReason.GOODWILL, key="k"
    )
    WebhookEvent.objects.create(gateway="paystack", key="k", name="charge.success", body="{}")
    Payment.objects.filter(reference="buka-demo-1").update(credited_at=None)

    said = comparing.unsettled()

    for what in comparing.QUESTIONS:
        if what != "an event waits":
            assert any(each.startswith(what) for each in said), what
    assert OutboxEvent.objects.filter(relayed_at=None).exists()


def test_every_fault_that_the_sandbox_has_may_happen(sandbox_process):
    with httpx.Client(base_url=sandbox_process.url, trust_env=False, timeout=10) as client:
        said = client.put("/gateways/api/faults", json={"rules": [{"kind": "?"}]}).json()["error"]
        kinds = set(said.removeprefix("kind must be one of ").rstrip(".").split(", "))
        taken = client.put("/gateways/api/faults", json={"rules": rules(), "seed": 1})
        client.delete("/gateways/api/faults")

    assert taken.status_code == 200, taken.text
    # Cards that are charged again while their holder is away have no part in paying for a table.
    assert kinds - {rule["kind"] for rule in rules()} == {"challenge"}


def test_time_goes_on_for_every_row_that_money_waits_for():
    from django.apps import apps
    from django.db.models import DateTimeField

    told = {(label, field) for label, fields in TIMES for field in fields}
    # When a row was last written, or what people read: nothing waits for these.
    only_said = {"updated_at", "done_at", "expected_at"}
    for label, _fields in TIMES:
        if label.startswith("payments."):
            fields = [field for field in apps.get_model(label)._meta.fields if isinstance(field, DateTimeField)]
            for field in fields:
                assert field.name in only_said or (label, field.name) in told or label == "payments.PaymentRequest", (
                    label,
                    field.name,
                )
