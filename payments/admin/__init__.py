"""Money in the back office: payments with all that hangs on them, refunds, disputes, webhooks, and figures."""

from payments.admin import disputes, payments, refunds, webhooks

__all__ = ["disputes", "payments", "refunds", "webhooks"]
