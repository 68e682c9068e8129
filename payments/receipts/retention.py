"""How long a receipt says who paid."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, emptying
from payments.receipts.models import Receipt


def _named(before: datetime) -> QuerySet[Receipt]:
    rows = Receipt.objects.annotate(written=Length("payer_name"))
    return rows.filter(issued_at__lt=before, written__gt=0)


POLICIES = [
    Policy(
        "payments.receipts",
        _("Who a receipt or credit note was issued to"),
        timedelta(days=6 * 365),
        _("after it was issued"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(_named, payer_name=""),
    ),
]
