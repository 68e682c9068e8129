"""What an archive holds of the cards that somebody lets us keep."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import MethodState


def methods_about(subject: Subject) -> QuerySet[SavedMethod]:
    """Return the cards of somebody's account, and those without a holder that guarantee what they have shown."""
    shown = {number for numbers in subject.rows.values() for number in numbers}
    whose = Q(pk__in=[])
    if shown:
        whose |= Q(holder=None, pk__in=CardConsent.objects.filter(subject_id__in=shown).values("method_id"))
    if subject.user_id is not None:
        whose |= Q(holder_id=subject.user_id)
    return SavedMethod.objects.filter(whose, state=MethodState.KEPT).order_by("pk")


def _kept(subject: Subject) -> Iterator[dict[str, Any]]:
    for method in methods_about(subject).prefetch_related("consents"):
        yield {
            "id": method.public_id,
            "card": f"{method.brand} {method.last4}".strip(),
            "bank": method.bank,
            "expires": method.expires,
            "gateway": method.gateway,
            "email": method.email,
            "kept_since": method.created_at,
            "consents": [
                {
                    "for": consent.purpose,
                    "with": consent.kind,
                    "words": consent.version,
                    "language": consent.language,
                    "given_at": consent.given_at,
                    "ended_at": consent.ended_at,
                }
                for consent in method.consents.all()
            ],
        }


COLLECTORS = [
    Collector(
        "saved_cards",
        _("Cards that you let us keep"),
        _kept,
        (
            "payments_saved.SavedMethod",
            "payments_saved.SavedMethod.holder",
            "payments_saved.SavedMethod.email",
            "payments_saved.CardConsent",
        ),
        is_for_guests=True,
    )
]
NOT_COLLECTED = {
    "payments_saved.SavedMethod.token": "What charges the card: nobody else may have it.",
    "payments_saved.SavedMethod.card_index": "A keyed mark of the card, which says nothing by itself.",
    "payments_saved.CardCharge": "That a payment was charged to a saved card; the payment is in the archive.",
}
