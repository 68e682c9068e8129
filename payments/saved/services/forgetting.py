"""Forgetting a card: at once for everybody here, and then at the gateway, which a worker tells until it answers."""

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from core.outbox import enqueue
from payments.gateways import registry
from payments.models import Payment
from payments.saved import errors, selectors
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import MethodState, Purpose
from payments.subjects import named

logger = logging.getLogger(__name__)

STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
LATER = timedelta(hours=6)
# Ten days: a gateway that has not answered by then does not hear of it from us any more.
MOST_TRIES = 45
LEASE = timedelta(seconds=90)


def forget(*, method: SavedMethod, by: User) -> SavedMethod:
    """Forget somebody's card, and return its row: nothing can be charged by it from now on.

    :raises NoSuchCard: when it is forgotten already
    :raises CardGuarantees: while a booking to come stands on it
    """
    with transaction.atomic():
        method = SavedMethod.objects.select_for_update().get(pk=method.pk)
        if method.state != MethodState.KEPT:
            raise errors.NoSuchCard
        if guaranteed := selectors.guaranteed_by(method):
            names = named(guaranteed)
            raise errors.CardGuarantees(codes=[names[key].code for key in guaranteed if key in names])
        _forget(method)
        audit.record("payments_saved.forgotten", actor=by, target=method, details={"last4": method.last4})
    return method


def end_guarantee(*, kind: str, subject_id: UUID) -> int:
    """Note that a card guarantees a subject no longer; what is kept for nothing else is forgotten. Return how many."""
    with transaction.atomic():
        open_ones = CardConsent.objects.select_for_update().filter(
            kind=kind, subject_id=subject_id, purpose=Purpose.GUARANTEE, ended_at=None
        )
        return _end(list(open_ones.order_by("pk")))


def end_with_payment(*, payment: Payment) -> int:
    """Keep no card that came with a payment which was not let through; return how many consents ended."""
    with transaction.atomic():
        open_ones = CardConsent.objects.select_for_update().filter(payment=payment, ended_at=None)
        return _end(list(open_ones.order_by("pk")))


def forget_all(methods: "list[SavedMethod]") -> None:
    """Forget cards whose holder is being erased, whatever they were kept for."""
    with transaction.atomic():
        for method in methods:
            if method.state == MethodState.KEPT:
                _forget(method)


def _end(consents: list[CardConsent]) -> int:
    now = timezone.now()
    for consent in consents:
        consent.ended_at = now
    CardConsent.objects.bulk_update(consents, ["ended_at"])
    keys = {consent.method_id for consent in consents if consent.method_id is not None}
    for method in SavedMethod.objects.select_for_update().filter(pk__in=keys, state=MethodState.KEPT).order_by("pk"):
        if not method.consents.filter(ended_at=None).exists():
            _forget(method)
    return len(consents)


def _forget(method: SavedMethod) -> None:
    now = timezone.now()
    method.move_to(MethodState.FORGETTING)
    method.holder, method.email, method.card_index = None, "", ""
    method.bank, method.expires = "", ""
    method.next_try_at, method.tries = now, 0
    method.save()
    method.consents.filter(ended_at=None).update(ended_at=now)
    transaction.on_commit(partial(_ring, method.pk), robust=True)


def _ring(method_id: int) -> None:
    from payments.saved.tasks import tell_of_forgetting

    enqueue(tell_of_forgetting, method_id)


def tell_gateway(*, method_id: int) -> SavedMethod:
    """Have the gateway forget a card, and return its row: without its token once it says yes, or that it cannot."""
    method = SavedMethod.objects.get(pk=method_id)
    if method.state != MethodState.FORGETTING:
        return method
    try:
        gateway = registry.gateway(method.gateway)
    except registry.NoSuchGateway:
        gateway = None
    answer: object = None
    if _is_kept_otherwise(method):
        # The gateway knows one card of one address by one token: there it would be gone for who still needs it.
        answer = True
    elif gateway is not None and gateway.mode == method.mode:
        answer = gateway.forget_saved(method.token)
    with transaction.atomic():
        method = SavedMethod.objects.select_for_update().get(pk=method_id)
        if method.state != MethodState.FORGETTING:
            return method
        method.tries += 1
        if isinstance(answer, bool) or method.tries >= MOST_TRIES:
            if not isinstance(answer, bool):
                logger.error("%s never said that it has forgotten a card: its token is erased here", method.gateway)
            method.move_to(MethodState.FORGOTTEN)
            method.token, method.forgotten_at, method.next_try_at = "", timezone.now(), None
        else:
            method.next_try_at = timezone.now() + (STEPS[method.tries - 1] if method.tries <= len(STEPS) else LATER)
        method.save()
    return method


def _is_kept_otherwise(method: SavedMethod) -> bool:
    """Tell whether the same token charges a card that is still kept: for another booking, or for another person."""
    rows = SavedMethod.objects.filter(
        state=MethodState.KEPT, gateway=method.gateway, mode=method.mode, last4=method.last4
    )
    # Encrypted each time anew, tokens are compared here.
    return any(row.token == method.token for row in rows.exclude(pk=method.pk).only("token").iterator())


def forget_due(limit: int = 100) -> int:
    """Take the cards whose gateway is still to be told, and return their number; each is a task of its own."""
    with transaction.atomic():
        now = timezone.now()
        rows = SavedMethod.objects.filter(next_try_at__lte=now).order_by("next_try_at")
        due = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        SavedMethod.objects.filter(pk__in=due).update(next_try_at=now + LEASE)
        for method_id in due:
            transaction.on_commit(partial(_ring, method_id), robust=True)
    return len(due)
