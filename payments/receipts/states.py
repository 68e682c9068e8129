"""Which documents there are about money that came or went."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DocumentKind(TextChoices):
    RECEIPT = "receipt", pgettext_lazy("a document", "Receipt")
    CREDIT_NOTE = "credit_note", _("Credit note")
    # A bank has returned what had been called given back.
    WITHDRAWAL = "withdrawal", _("Withdrawal of a credit note")


# On which side each counts: together they are what stands of a payment.
SIGN = {DocumentKind.RECEIPT: 1, DocumentKind.CREDIT_NOTE: -1, DocumentKind.WITHDRAWAL: 1}
