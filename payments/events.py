"""What happened to money, for whoever it was for. Amounts in kobo."""

from dataclasses import dataclass
from uuid import UUID

from core.outbox import Event


@dataclass(frozen=True)
class PaymentReceived(Event):
    """The gateway was asked and says so: money has come, all or a part of what was asked for, or more."""

    name = "payment.received"
    payment_id: UUID
    request_id: UUID
    kind: str
    subject_id: UUID
    amount_kobo: int
    reference: str


@dataclass(frozen=True)
class PaymentFailed(Event):
    """An attempt came to nothing; `why` is a state: failed or expired."""

    name = "payment.failed"
    payment_id: UUID
    request_id: UUID
    kind: str
    subject_id: UUID
    why: str


@dataclass(frozen=True)
class PaymentHeld(Event):
    """Somebody has to look at a payment before it counts."""

    name = "payment.held"
    payment_id: UUID
    kind: str
    subject_id: UUID
    reason: str


@dataclass(frozen=True)
class PaymentReviewed(Event):
    """Somebody has looked at a held payment: it counts, or goes back."""

    name = "payment.reviewed"
    payment_id: UUID


@dataclass(frozen=True)
class RefundRequested(Event):
    """It was decided to give money back; a worker tells the gateway."""

    name = "refund.requested"
    refund_id: UUID


@dataclass(frozen=True)
class RefundMoved(Event):
    """A refund was begun, has arrived, or has failed; `state` as in payments.states.RefundState."""

    name = "refund.moved"
    refund_id: UUID
    payment_id: UUID
    kind: str
    subject_id: UUID
    amount_kobo: int
    state: str
    reason: str
    reference: str


@dataclass(frozen=True)
class DisputeMoved(Event):
    """A bank wants money back, or has decided about it; `state` as in payments.states.DisputeState."""

    name = "dispute.moved"
    dispute_id: UUID
    payment_id: UUID
    kind: str
    subject_id: UUID
    amount_kobo: int
    state: str
