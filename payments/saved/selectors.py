"""Questions about saved cards, answered without changing anything."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from payments.models import Payment
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import MethodState, Purpose
from payments.states import PaymentState


def methods_of(user: User) -> "QuerySet[SavedMethod]":
    """Return the cards that somebody lets us keep, the newest first, without what charges them."""
    rows = SavedMethod.objects.filter(holder=user, state=MethodState.KEPT).defer("token", "email")
    return rows.prefetch_related("consents").order_by("-pk")


def payable_with(user: User) -> "QuerySet[SavedMethod]":
    """Return those that their holder let us keep for the next time."""
    for_next_time = CardConsent.objects.filter(method=OuterRef("pk"), purpose=Purpose.NEXT_TIME, ended_at=None)
    return methods_of(user).filter(Exists(for_next_time))


def method_of(user: User, public_id: UUID) -> SavedMethod | None:
    """Return somebody's own card; None where there is none, or it is another's."""
    return methods_of(user).filter(public_id=public_id).first()


def card_of(payment: Payment) -> SavedMethod | None:
    """Return the saved card that a payment charged; None where its payer was on the gateway's page."""
    return SavedMethod.objects.filter(charges__payment=payment).first()


def guaranteed_by(method: SavedMethod) -> list[tuple[str, UUID]]:
    """Return kind and number of what a card guarantees now."""
    return [
        (consent.kind, consent.subject_id)
        for consent in method.consents.all()
        if consent.purpose == Purpose.GUARANTEE and consent.ended_at is None
    ]


def guarantee_of(kind: str, subject_id: UUID) -> SavedMethod | None:
    """Return the card that guarantees a subject, the newest of several; None where none does."""
    consents = CardConsent.objects.filter(
        kind=kind,
        subject_id=subject_id,
        purpose=Purpose.GUARANTEE,
        ended_at=None,
        method__state=MethodState.KEPT,
    )
    found = consents.select_related("method").order_by("-pk").first()
    return found.method if found is not None else None


def charges_unheard(kind: str, subject_id: UUID) -> int:
    """Return how many charges of saved cards for a subject came to nothing without the gateway having heard of them."""
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id, state=PaymentState.FAILED)
    return rows.filter(word="", checkout_url="", card_charge__isnull=False).count()


def open_guarantees(kind: str, *, after: int = 0, limit: int = 500) -> list[tuple[int, UUID]]:
    """Return the keys of consents for a guarantee that have not ended, the oldest first, with their subjects."""
    rows = CardConsent.objects.filter(kind=kind, purpose=Purpose.GUARANTEE, ended_at=None, pk__gt=after)
    return list(rows.exclude(method=None).order_by("pk").values_list("pk", "subject_id")[:limit])
