"""Forgetting who a receipt was for. The document itself is a tax paper and stays."""

from django.db.models import Value
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from payments.collectors import payments_about
from payments.receipts.models import Receipt

BATCH = 500


def _forget(subject: Subject) -> Outcome:
    rows = Receipt.objects.filter(payment__in=payments_about(subject))
    named = rows.annotate(written=Length("payer_name")).filter(written__gt=Value(0))
    keys = list(named.values_list("pk", flat=True)[:BATCH])
    Receipt.objects.filter(pk__in=keys).update(payer_name="")
    return Outcome(gone=len(keys), more=len(keys) == BATCH)


ERASERS = [
    Eraser(
        "payments.receipts",
        _("Your receipts"),
        # Before the payments forget whose they are.
        55,
        _forget,
        goes=_("Your name is taken off your receipts and credit notes."),
        stays=_("The documents with their numbers, amounts and taxes."),
        why=_(
            "Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."
        ),
        covers=("payments_receipts.Receipt", "payments_receipts.Receipt.payer_name"),
        is_for_guests=True,
    )
]
NOT_ERASED: dict[str, str] = {}
