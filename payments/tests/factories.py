"""The smallest of what payments keeps, written as the services leave it; no gateway is asked."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.ids import uuid7
from payments.models import Dispute, Payment, PaymentRequest, Refund, WebhookEvent
from payments.receipts import services as receipts
from payments.services import bookkeeping
from payments.services.beginning import new_reference
from payments.states import DisputeState, Kind, PaymentState, RefundReason, RefundState, RequestState
from payments.tokens import hash_of, new_token
from restaurants.models import Restaurant


def a_request(restaurant: Restaurant, kobo: int = 2_000_000, **more: Any) -> PaymentRequest:
    """Return what somebody is asked for."""
    token = new_token()
    given = {"kind": Kind.DEPOSIT, "subject_id": uuid.uuid4(), "state": RequestState.OPEN, **more}
    return PaymentRequest.objects.create(
        restaurant=restaurant, token=token, token_hash=hash_of(token), amount_kobo=kobo, **given
    )


def a_payment(restaurant: Restaurant, kobo: int = 2_000_000, *, fee_kobo: int = 40_000, **more: Any) -> Payment:
    """Return a payment by card that has come and counts; `kind`, `subject_id` and `is_share` are its request's."""
    of_request = {name: more.pop(name) for name in ("kind", "subject_id", "is_share", "label") if name in more}
    state = more.pop("state", PaymentState.SUCCEEDED)
    now = timezone.now()
    moment = more.pop("at", now)
    has_come = state == PaymentState.SUCCEEDED
    asked = a_request(
        restaurant,
        kobo,
        state=RequestState.PAID if has_come else RequestState.CLOSED,
        paid_kobo=kobo if has_come else 0,
        **of_request,
    )
    money = {
        "gateway_id": str(uuid7().int)[:20],
        "received_kobo": kobo,
        "fee_kobo": fee_kobo,
        "paid_at": moment,
        "credited_at": moment,
        "card_last4": "4081",
        "card_brand": "visa",
    }
    given = {
        "gateway": "paystack",
        "mode": "test",
        "channel": "card",
        "email": "ada@example.com",
        "expires_at": moment + timedelta(minutes=30),
        **(money if has_come else {}),
        **more,
    }
    made = Payment.objects.create(request=asked, reference=new_reference(), amount_kobo=kobo, state=state, **given)
    Payment.objects.filter(pk=made.pk).update(created_at=moment)
    made.refresh_from_db()
    if has_come:
        with transaction.atomic():
            bookkeeping.captured(made)
            if made.credited_at is not None:
                receipts.issue(payment=made)
    return made


def a_refund(payment: Payment, kobo: int = 500_000, **more: Any) -> Refund:
    """Return money of a payment that is on its way back."""
    given = {"state": RefundState.PENDING, "reason": RefundReason.GOODWILL, "key": f"test:{uuid7()}", **more}
    made = Refund.objects.create(payment=payment, amount_kobo=kobo, **given)
    Payment.objects.filter(pk=payment.pk).update(refunded_kobo=payment.refunded_kobo + kobo)
    payment.refresh_from_db()
    if made.state != RefundState.FAILED:
        with transaction.atomic():
            bookkeeping.refund_taken_in(payment, made)
            receipts.note_refund(payment=payment, refund=made)
    return made


def a_dispute(payment: Payment, kobo: int = 300_000, **more: Any) -> Dispute:
    """Return a dispute about a payment that has to be answered within two days."""
    given = {"gateway_id": str(uuid7().int)[:12], "due_at": timezone.now() + timedelta(days=2), **more}
    given.setdefault("counted_kobo", kobo)
    made = Dispute.objects.create(payment=payment, amount_kobo=kobo, **given)
    with transaction.atomic():
        bookkeeping.dispute_moved(payment, made, before=None)
    Payment.objects.filter(pk=payment.pk).update(disputed_kobo=kobo if made.state != DisputeState.WON else 0)
    payment.refresh_from_db()
    return made


def a_webhook(payment: Payment, **more: Any) -> WebhookEvent:
    """Return a webhook that names a payment and was worked off."""
    given = {"name": "charge.success", "body": "{}", "state": "done", "key": f"charge.success:{uuid7()}", **more}
    return WebhookEvent.objects.create(gateway=payment.gateway, reference=payment.reference, **given)
