"""How long what names somebody stays in payments. The books themselves are not touched."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, deleting, emptying
from payments.models import Payment, WebhookEvent


def old_webhooks(before: datetime) -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(received_at__lt=before)


def old_payers(before: datetime) -> QuerySet[Payment]:
    return Payment.objects.filter(created_at__lt=before).exclude(email_index="", payer=None)


def old_attempts(before: datetime) -> QuerySet[Payment]:
    """Return attempts that came to nothing."""
    return Payment.objects.filter(created_at__lt=before, received_kobo=0).exclude(email_index="", payer=None)


POLICIES = [
    Policy(
        "payments.webhooks",
        _("What payment gateways sent about payments"),
        timedelta(days=90),
        _("after it came"),
        _("To find out what went wrong with a payment."),
        **deleting(old_webhooks),
    ),
    Policy(
        "payments.attempts",
        _("Who tried to pay, where nothing was paid"),
        timedelta(days=90),
        _("after the attempt"),
        _("To answer questions about money that a bank took, and to notice misuse."),
        **emptying(old_attempts, email="", address="", payer=None),
    ),
    Policy(
        "payments.payers",
        _("Who paid, and from which network address"),
        timedelta(days=6 * 365),
        _("after the payment"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_payers, email="", address="", payer=None),
    ),
]
