"""Asking somebody for money: the whole of it from one, or shares from several."""

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from payments import errors
from payments.models import Payment, PaymentRequest
from payments.states import PaymentState, RequestState, Review
from payments.subjects import Due, subject_of
from payments.tokens import hash_of, new_token

MOST_SHARES = 20
# Money that has come, and that what it is for will hear of in a moment: what is due does not know it yet.
UNCOUNTED = {
    "state": PaymentState.SUCCEEDED,
    "credited_at": None,
    "review__in": (Review.NONE, Review.HELD, Review.RELEASED),
}


def _new(*, kind: str, subject_id: UUID, due: Due, amount_kobo: int, by: User | None) -> PaymentRequest:
    token = new_token()
    return PaymentRequest(
        token=token,
        token_hash=hash_of(token),
        kind=kind,
        subject_id=subject_id,
        restaurant_id=due.restaurant_id,
        amount_kobo=amount_kobo,
        due_at=due.until,
        asked_by=by,
    )


def request_payment(*, kind: str, subject_id: UUID, by: User | None = None) -> PaymentRequest:
    """Return the open request for all that a subject still owes, of the amount that it owes now.

    What is asked of others by shares is theirs to pay, and not asked for again.

    :raises NothingToPay: when nothing is due, or the rest is asked for by shares
    :raises PaymentIsChecked: while money has come that what it is for has not counted yet
    """
    due = subject_of(kind).due(subject_id)
    if due is None or due.amount_kobo <= 0:
        raise errors.NothingToPay
    for _attempt in range(3):
        try:
            with transaction.atomic():
                return _requested(kind=kind, subject_id=subject_id, due=due, by=by)
        except IntegrityError:
            # Two tabs at once: the second finds what the first made.
            continue
    raise errors.PaymentIsChecked


def _requested(*, kind: str, subject_id: UUID, due: Due, by: User | None) -> PaymentRequest:
    of_subject = PaymentRequest.objects.filter(kind=kind, subject_id=subject_id).select_for_update().order_by("pk")
    requests = list(of_subject)
    if Payment.objects.filter(request__in=requests, **UNCOUNTED).exists():
        raise errors.PaymentIsChecked
    shared = sum(one.missing_kobo for one in requests if one.is_share and one.state == RequestState.OPEN)
    amount = due.amount_kobo - shared
    if amount <= 0:
        raise errors.NothingToPay
    known = next((one for one in requests if not one.is_share and one.state == RequestState.OPEN), None)
    if known is None:
        made = _new(kind=kind, subject_id=subject_id, due=due, amount_kobo=amount, by=by)
        made.save()
        return made
    # What it asks for follows what is owed; what has come under it counts on.
    known.amount_kobo = amount + known.paid_kobo
    known.due_at = due.until
    known.save(update_fields=["amount_kobo", "due_at", "updated_at"])
    return known


@transaction.atomic
def share(
    *, kind: str, subject_id: UUID, shares: Sequence[tuple[str, int]], by: User | None = None
) -> list[PaymentRequest]:
    """Ask several people for what a subject still owes, each for a share: (whose, kobo). Return the requests.

    Shares that were made before and not paid are closed.

    :raises NotShareable: when its terms do not allow it
    :raises SharesDoNotFit: when they do not add up to what is missing, or are too many
    :raises PaymentIsChecked: while an attempt to pay it may still take money
    """
    due = subject_of(kind).due(subject_id)
    if due is None or due.amount_kobo <= 0:
        raise errors.NothingToPay
    if not due.may_be_shared:
        raise errors.NotShareable
    fit = sum(kobo for _whose, kobo in shares) == due.amount_kobo and all(kobo > 0 for _whose, kobo in shares)
    if not fit or not 2 <= len(shares) <= MOST_SHARES:
        raise errors.SharesDoNotFit(missing=due.amount_kobo, most=MOST_SHARES)
    close_requests(kind=kind, subject_id=subject_id)
    made = []
    for label, kobo in shares:
        one = _new(kind=kind, subject_id=subject_id, due=due, amount_kobo=kobo, by=by)
        one.is_share, one.label = True, label
        one.save()
        made.append(one)
    return made


@transaction.atomic
def close_requests(*, kind: str, subject_id: UUID) -> int:
    """Ask nobody for this any more; return how many requests were open. What still comes counts.

    :raises PaymentIsChecked: while an attempt to pay one of them may have taken money: a saved card is charged as soon
        as its gateway is told, so from when that was written down
    """
    rows = PaymentRequest.objects.filter(kind=kind, subject_id=subject_id, state=RequestState.OPEN)
    requests = list(rows.select_for_update().order_by("pk"))
    may_take = Q(state=PaymentState.CHECKING) | Q(state=PaymentState.INITIATED, card_charge__isnull=False)
    if Payment.objects.filter(may_take, request__in=requests).exists():
        raise errors.PaymentIsChecked
    for one in requests:
        one.move_to(RequestState.CLOSED)
        one.save(update_fields=["state", "updated_at"])
    return len(requests)
