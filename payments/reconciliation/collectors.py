"""What an archive holds of somebody's work on differences with gateways."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from payments.reconciliation.models import Finding, Run


def work(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody had compared, and what they found out, in their work for Buka."""
    for run in Run.objects.filter(asked_by_id=subject.account).order_by("pk").iterator(chunk_size=100):
        yield {"compared": run.gateway, "day": run.day, "at": run.began_at}
    for row in Finding.objects.filter(closed_by_id=subject.account).order_by("pk").iterator(chunk_size=100):
        yield {
            "difference": row.kind,
            "gateway": row.gateway,
            "state": row.state,
            "note": row.note,
            "at": row.closed_at,
        }


COLLECTORS = [
    Collector(
        "reconciliation_work",
        _("What you compared with payment gateways"),
        work,
        ("reconciliation.Run.asked_by", "reconciliation.Finding.closed_by"),
    ),
]
NOT_COLLECTED = {
    "reconciliation.Sighting": "A number that a gateway has listed; the payment that it is about is in the archive.",
    "reconciliation.Finding": "A difference of amounts; the payment that it is about is in the archive.",
}
