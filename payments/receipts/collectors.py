"""What an archive holds of somebody's receipts."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from payments.collectors import payments_about
from payments.receipts.models import Receipt


def _receipts(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = Receipt.objects.filter(payment__in=payments_about(subject)).order_by("pk")
    for receipt in rows.iterator(chunk_size=100):
        yield {
            "number": receipt.number,
            "document": receipt.kind,
            "issued_at": receipt.issued_at,
            "seller": receipt.seller,
            "payer": receipt.payer_name,
            "for": receipt.title,
            "bought": receipt.items,
            "code": receipt.code,
            "kobo": receipt.amount_kobo,
            "net_kobo": receipt.net_kobo,
            "taxes_and_charges": receipt.charges,
            "reference": receipt.reference,
        }


COLLECTORS = [
    Collector(
        "receipts",
        _("Your receipts"),
        _receipts,
        ("payments_receipts.Receipt", "payments_receipts.Receipt.payer_name"),
        is_for_guests=True,
    )
]
NOT_COLLECTED: dict[str, str] = {}
