"""What payments does when it hears of a fact."""

from typing import Any
from uuid import UUID

from django.db import transaction

from core.outbox import enqueue
from payments import services
from payments.models import Refund


def tell_gateway_of_refund(*, refund_id: UUID) -> None:
    """Have a worker tell the gateway: not within this transaction, which would be open while the gateway thinks."""
    from payments.tasks import look_after

    number = Refund.objects.values_list("pk", flat=True).get(public_id=refund_id)
    transaction.on_commit(lambda: enqueue(look_after, number))


def book_deposit_applied(*, booking_id: UUID, **_more: Any) -> None:
    """The visit is over: the deposit is a part of the bill's payment."""
    services.note_end_of_deposit(subject_id=booking_id, end="applied")


def book_deposit_kept(*, booking_id: UUID, **_more: Any) -> None:
    services.note_end_of_deposit(subject_id=booking_id, end="retained")


def book_deposit_released(*, booking_id: UUID, **_more: Any) -> None:
    services.note_end_of_deposit(subject_id=booking_id, end="released")
