"""What receipts do when they hear of money that went back."""

from typing import Any
from uuid import UUID

from payments.models import Refund
from payments.receipts import services


def note_refund(*, refund_id: UUID, **_more: Any) -> None:
    """Issue the credit note of a refund that has arrived, or withdraw it."""
    refund = Refund.objects.select_related("payment").get(public_id=refund_id)
    services.note_refund(payment=refund.payment, refund=refund)
