"""What payments does when it hears of a fact."""

from uuid import UUID

from django.db import transaction

from core.outbox import enqueue
from payments.models import Refund


def tell_gateway_of_refund(*, refund_id: UUID) -> None:
    """Have a worker tell the gateway: not within this transaction, which would be open while the gateway thinks."""
    from payments.tasks import look_after

    number = Refund.objects.values_list("pk", flat=True).get(public_id=refund_id)
    transaction.on_commit(lambda: enqueue(look_after, number))
