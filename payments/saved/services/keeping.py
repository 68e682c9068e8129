"""Keeping a card: what its holder agreed to is written down first, and the card once the money that it came with has.

Called by `payments.services` within the transactions that write a payment down and its money.
"""

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from core.encryption import blind_index
from payments.gateways.base import Card, Channel, Charge
from payments.models import Payment
from payments.saved import wording
from payments.saved.models import CardCharge, CardConsent, SavedMethod
from payments.saved.states import MethodState, Purpose


def note_consents(*, payment: Payment, purposes: Collection[Purpose], language: str) -> None:
    """Write down what the payer of a new payment lets its card be kept for.

    For the next time it is kept for who has an account alone: nobody else could have it forgotten.
    """
    CardConsent.objects.bulk_create(
        CardConsent(
            payment=payment,
            purpose=purpose,
            kind=payment.request.kind,
            subject_id=payment.request.subject_id,
            version=wording.VERSION,
            language=language,
        )
        for purpose in purposes
        if purpose != Purpose.NEXT_TIME or payment.payer_id is not None
    )


def agreed(payment: Payment) -> frozenset[Purpose]:
    """Return what the payer of a payment lets its card be kept for."""
    found = CardConsent.objects.filter(payment=payment).values_list("purpose", flat=True)
    return frozenset(Purpose(purpose) for purpose in found)


def is_without_payer(payment: Payment) -> bool:
    """Tell whether it is the charge of a saved card while its holder is away: nobody is there to be judged."""
    return CardCharge.objects.filter(payment=payment, is_present=False).exists()


def keep(*, payment: Payment, charge: Charge) -> SavedMethod | None:
    """Keep the card of money that has just come, if its payer let us; return it. One card is kept once for a person."""
    card = charge.card
    if card is None or not card.token or charge.channel != Channel.CARD:
        return None
    consents = list(CardConsent.objects.select_for_update().filter(payment=payment, method=None, ended_at=None))
    if not consents:
        return None
    index = _index_of(payment, card)
    method = _known(payment, consents[0], index)
    if method is None:
        method = SavedMethod(
            holder_id=payment.payer_id,
            gateway=payment.gateway,
            mode=payment.mode,
            card_index=index,
        )
    elif method.token != card.token:
        # The gateway has it twice now: it is charged by the newer one, and the older one is forgotten there.
        _let_go_of(method)
    _fill(method, payment, card)
    method.save()
    for consent in consents:
        consent.method = method
    CardConsent.objects.bulk_update(consents, ["method"])
    return method


def _index_of(payment: Payment, card: Card) -> str:
    """Return what is the same for one card; where the gateway names no such mark, of what is printed on it."""
    if payment.card_index or not card.last4:
        return payment.card_index
    printed = f"{payment.gateway}\0{card.brand}\0{card.bin}\0{card.last4}\0{card.expires}"
    return blind_index(printed, purpose="saved card")


def _known(payment: Payment, consent: CardConsent, index: str) -> SavedMethod | None:
    if not index:
        return None
    rows = SavedMethod.objects.select_for_update().filter(
        state=MethodState.KEPT, gateway=payment.gateway, mode=payment.mode, card_index=index
    )
    if payment.payer_id is not None:
        return rows.filter(holder_id=payment.payer_id).first()
    of_subject = CardConsent.objects.filter(kind=consent.kind, subject_id=consent.subject_id).exclude(method=None)
    return rows.filter(holder=None, pk__in=of_subject.values("method_id")).first()


def _let_go_of(method: SavedMethod) -> None:
    SavedMethod.objects.create(
        state=MethodState.FORGETTING,
        gateway=method.gateway,
        mode=method.mode,
        token=method.token,
        last4=method.last4,
        brand=method.brand,
        next_try_at=timezone.now() + timedelta(minutes=1),
    )


def _fill(method: SavedMethod, payment: Payment, card: Card) -> None:
    method.token, method.email = card.token, payment.email
    method.last4, method.brand = card.last4[-4:], card.brand[:20]
    method.bank, method.expires = card.bank[:60], card.expires[:7]
