from payments.models.asking import PaymentRequest
from payments.models.journal import WebhookEvent
from payments.models.paying import Payment
from payments.models.refunding import Dispute, Refund

__all__ = ["Dispute", "Payment", "PaymentRequest", "Refund", "WebhookEvent"]

# Made by the triggers that keep their rows' history.
PaymentRowHistory = Payment.pgh_event_model  # type: ignore[attr-defined]
RefundRowHistory = Refund.pgh_event_model  # type: ignore[attr-defined]
DisputeRowHistory = Dispute.pgh_event_model  # type: ignore[attr-defined]
