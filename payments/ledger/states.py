"""What can happen to money, one word for each: the kinds of transactions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TransactionKind(models.TextChoices):
    CAPTURED = "captured", _("Money came in")
    SHARED_OUT = "shared_out", _("Commission and taxes taken out")
    SHARE_RETURNED = "share_returned", _("Commission and taxes put back")
    DEPOSIT_APPLIED = "deposit_applied", _("Deposit applied to a bill")
    DEPOSIT_RETAINED = "deposit_retained", _("Deposit retained")
    SUSPENSE_CLEARED = "suspense_cleared", _("Money nobody asked for found its place")
    REFUND_ASKED = "refund_asked", _("Refund asked for")
    REFUND_DONE = "refund_done", _("Refund done")
    REFUND_FAILED = "refund_failed", _("Refund failed")
    REFUND_TAKEN_IN = "refund_taken_in", _("Refund begun at the gateway")
    DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
    DISPUTE_WON = "dispute_won", _("Dispute won")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")
    FEE_TOLD = "fee_told", _("Gateway's fee told or corrected")
    FEE_PASSED_ON = "fee_passed_on", _("Gateway's fee passed on")
    SETTLED = "settled", _("Gateway paid out")
    PAID_OUT = "paid_out", _("Paid out to a restaurant")
    TAX_PAID = "tax_paid", _("Tax paid to the state")
    COMPED = "comped", _("Given for free")
    POINTS_AWARDED = "points_awarded", _("Points awarded")
    POINTS_SPENT = "points_spent", _("Points spent")
    REVERSED = "reversed", _("Reversal")


# They take money of many payments together, so they belong to none.
OF_MANY_PAYMENTS = frozenset({TransactionKind.SETTLED, TransactionKind.PAID_OUT, TransactionKind.TAX_PAID})
