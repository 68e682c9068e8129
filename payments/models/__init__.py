from payments.models.asking import PaymentRequest
from payments.models.journal import WebhookEvent
from payments.models.paying import Payment
from payments.models.refunding import Dispute, Refund

__all__ = ["Dispute", "Payment", "PaymentRequest", "Refund", "WebhookEvent"]
