"""Money back: never more than is left, once for each decision, and truthfully told.

A refund has no reference of ours at the gateways. So it is written down as "being told" before the gateway is; and
where no answer came, the gateway's list is read before anything is asked for again: our number stands in its note.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.outbox import enqueue, publish
from payments import errors
from payments.events import RefundMoved, RefundRequested
from payments.gateways import base
from payments.gateways.base import Down, RefundOutcome, Refused, Unknown
from payments.models import Payment, PaymentRequest, Refund
from payments.services import bookkeeping
from payments.services.settling import gateway_of, locked
from payments.states import REFUND_MACHINE, PaymentState, RefundReason, RefundState, Review

logger = logging.getLogger(__name__)

OUTCOMES = {
    RefundOutcome.PENDING: RefundState.PENDING,
    RefundOutcome.NEEDS_ATTENTION: RefundState.NEEDS_ATTENTION,
    RefundOutcome.DONE: RefundState.DONE,
    RefundOutcome.FAILED: RefundState.FAILED,
}
# Asked about again: soon at first, then some times a day, for a bank takes up to ten working days.
STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180))
LATER = timedelta(hours=6)
LEASE = timedelta(seconds=90)
# A refund that is refused for want of money there is taken once there is some.
MAY_CHANGE = re.compile(r"balance", re.IGNORECASE)
# A gateway may list a refund a little after it took it: before that, silence proves nothing.
LISTED_AFTER = timedelta(minutes=2)
# Begins the key of a refund that is asked for because another one failed.
AGAIN = "again:"


@transaction.atomic
def refund(
    *,
    payment: Payment,
    amount_kobo: int | None = None,
    reason: RefundReason,
    key: str,
    note: str = "",
    by: User | None = None,
) -> Refund:
    """Decide to give money of a payment back, all that is left by default, and return the refund: a worker does it.

    :param key: names the decision; the same key again returns the refund that it made
    :raises NotRefundable: when no money has come
    :raises NotAnAmount: when it is nothing
    :raises RefundTooLarge: when it is more than is left
    """
    payment = locked(payment.pk)
    if known := payment.refunds.filter(key=key).first():
        return known
    if payment.state != PaymentState.SUCCEEDED:
        raise errors.NotRefundable
    left = payment.left_kobo
    amount = left if amount_kobo is None else amount_kobo
    if amount <= 0:
        raise errors.NotAnAmount if amount_kobo is not None else errors.RefundTooLarge(left=left)
    if amount > left:
        raise errors.RefundTooLarge(left=left)
    made = Refund(
        payment=payment,
        amount_kobo=amount,
        reason=reason,
        key=key,
        note=note[:200],
        asked_by=by,
        next_check_at=timezone.now() + STEPS[0],
    )
    made.save()
    payment.refunded_kobo += amount
    payment.save(update_fields=["refunded_kobo", "updated_at"])
    bookkeeping.refund_asked(payment, made)
    publish(RefundRequested(refund_id=made.public_id))
    return made


@transaction.atomic
def give_back(
    *,
    kind: str,
    subject_id: UUID,
    amount_kobo: int,
    reason: RefundReason,
    key: str,
    references: Iterable[str] | None = None,
) -> tuple[list[Refund], int]:
    """Give back so much of what was paid for a subject, the last payment first; return the refunds, and what is left.

    What is left did not come through a gateway, as what was paid at the house: the house gives it back itself.

    :param key: names the decision; the same key again gives nothing more
    :param references: only of these payments
    """
    rows = Payment.objects.filter(
        request__kind=kind, request__subject_id=subject_id, state=PaymentState.SUCCEEDED
    ).exclude(review__in=(Review.HELD, Review.REFUSED))
    if references is not None:
        rows = rows.filter(reference__in=list(references))
    # The requests' rows in the order of their keys, whoever else gives back of the same subject.
    payments = sorted(
        (locked(pk) for pk in rows.order_by("request_id", "pk").values_list("pk", flat=True)), key=last_first
    )
    made: list[Refund] = []
    for payment in payments:
        if known := payment.refunds.filter(key=key).first():
            made.append(known)
            amount_kobo -= known.amount_kobo
    for payment in payments:
        part = min(amount_kobo, payment.left_kobo)
        if part > 0 and not any(one.payment_id == payment.pk for one in made):
            made.append(refund(payment=payment, amount_kobo=part, reason=reason, key=key))
            amount_kobo -= part
    return made, max(amount_kobo, 0)


@transaction.atomic
def ask_again(*, refund_id: UUID) -> Refund | None:
    """Ask once more for a refund that failed, and return the new one; the same again returns that.

    None where that was the second time, or nothing is left to give back: then it is a person's.
    """
    failed = Refund.objects.get(public_id=refund_id)
    payment = locked(failed.payment_id)
    key = f"{AGAIN}{failed.public_id}"
    if known := payment.refunds.filter(key=key).first():
        return known
    amount = min(failed.amount_kobo, payment.left_kobo)
    if failed.state != RefundState.FAILED or failed.key.startswith(AGAIN) or amount <= 0:
        return None
    return refund(payment=payment, amount_kobo=amount, reason=RefundReason(failed.reason), key=key)


def lock_subject(*, kind: str, subject_id: UUID) -> None:
    """Let nobody else decide about money of a subject until the transaction ends: before what is owed is worked out.

    The subject's own rows are locked before, if they are.
    """
    rows = PaymentRequest.objects.filter(kind=kind, subject_id=subject_id)
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def last_first(payment: Payment) -> tuple[float, int]:
    """Order payments as money is given back of them: the last one first."""
    return (-(payment.paid_at.timestamp() if payment.paid_at else 0.0), -payment.pk)


# --- Telling the gateway, and hearing of it --------------------------------------------------------------------------


def look_after_refund(*, refund_id: int) -> Refund:
    """Take a refund one step on: tell the gateway of it, or ask what became of it. Return it as it stands then."""
    row = Refund.objects.select_related("payment__beside").get(pk=refund_id)
    gateway = gateway_of(row.payment)
    if gateway is None:
        logger.error("No key for %s in mode %s: a refund waits", row.payment.gateway, row.payment.mode)
        return row
    if row.state == RefundState.REQUESTED:
        return _told(row, gateway)
    if row.state == RefundState.CHECKING:
        return _looked_up(row, gateway)
    if row.is_under_way:
        answer = gateway.find_refund(row.gateway_id)
        if isinstance(answer, base.Refund):
            return note_refund(payment_id=row.payment_id, seen=answer, refund_id=row.pk)
        return _wait(row.pk)
    return row


def _told(row: Refund, gateway: base.Gateway) -> Refund:
    with transaction.atomic():
        locked(row.payment_id)
        row = Refund.objects.select_for_update(of=("self",)).select_related("payment__beside").get(pk=row.pk)
        if row.state != RefundState.REQUESTED:
            return row
        # From here on the gateway may have it, whatever becomes of this process.
        row.move_to(RefundState.CHECKING)
        row.told_at = timezone.now()
        row.next_check_at = timezone.now() + LEASE
        row.save()
    answer = gateway.refund(
        base.RefundAsk(
            reference=_reference_at_gateway(row.payment),
            gateway_id=row.payment.gateway_id,
            amount_kobo=row.amount_kobo,
            note=note_of(row),
        )
    )
    if isinstance(answer, base.Refund):
        return note_refund(payment_id=row.payment_id, seen=answer, refund_id=row.pk)
    if isinstance(answer, Unknown):
        return _wait(row.pk)
    return _not_taken(row.pk, answer)


def note_of(row: Refund) -> str:
    """Return what a refund is recognised by among those of a gateway."""
    return f"buka-refund-{row.public_id}"


def _reference_at_gateway(payment: Payment) -> str:
    return payment.beside.reference if payment.beside else payment.reference


def _listed(payment: Payment, gateway: base.Gateway, *, since: datetime) -> Sequence[base.Refund] | Down | Unknown:
    return gateway.refunds_of(reference=_reference_at_gateway(payment), gateway_id=payment.gateway_id, since=since)


def _looked_up(row: Refund, gateway: base.Gateway) -> Refund:
    """Read the gateway's list: what it took, it has; what it never took, is asked for again."""
    # Of a payment of months ago a gateway that tells of everybody's refunds would tell of too many.
    listed = _listed(row.payment, gateway, since=row.created_at)
    if isinstance(listed, Down | Unknown):
        return _wait(row.pk)
    take_over(payment_id=row.payment_id, listed=listed)
    row.refresh_from_db()
    is_overdue = row.told_at is None or row.told_at < timezone.now() - LISTED_AFTER
    if row.state == RefundState.CHECKING and is_overdue:
        with transaction.atomic():
            row = Refund.objects.select_for_update().get(pk=row.pk)
            if row.state == RefundState.CHECKING:
                row.move_to(RefundState.REQUESTED)
                row.next_check_at = timezone.now()
                row.save()
        return row
    return _wait(row.pk) if row.state == RefundState.CHECKING else row


@transaction.atomic
def take_over(*, payment_id: int, listed: Sequence[base.Refund]) -> list[Refund]:
    """Write down what a gateway's list says of a payment's refunds, those too that were begun there; return them."""
    payment = locked(payment_id)
    return [_noted(payment, seen) for seen in listed if seen.amount_kobo > 0]


@transaction.atomic
def note_refund(*, payment_id: int, seen: base.Refund, refund_id: int | None = None) -> Refund:
    """Write down what a gateway says of a refund, and return it.

    :param refund_id: ours, where the answer is to our own request
    """
    payment = locked(payment_id)
    return _noted(payment, seen, refund_id=refund_id)


def _noted(payment: Payment, seen: base.Refund, *, refund_id: int | None = None) -> Refund:
    row = _ours(payment, seen, refund_id)
    if row is None:
        return _begun_there(payment, seen)
    row.gateway_id = row.gateway_id or seen.gateway_id
    row.word = seen.word[:40]
    row.expected_at = seen.expected_at or row.expected_at
    _move(payment, row, OUTCOMES[seen.outcome])
    return row


def _ours(payment: Payment, seen: base.Refund, refund_id: int | None) -> Refund | None:
    rows = list(payment.refunds.select_for_update().order_by("pk"))
    if refund_id is not None:
        return next(row for row in rows if row.pk == refund_id)
    by_number = next((row for row in rows if row.gateway_id and row.gateway_id == seen.gateway_id), None)
    if by_number is not None:
        return by_number
    return next((row for row in rows if not row.gateway_id and note_of(row) in seen.note), None)


def _begun_there(payment: Payment, seen: base.Refund) -> Refund:
    """Take in a refund that nobody here asked for: a person's at the gateway, or its own of a wrong transfer."""
    row = Refund(
        payment=payment,
        amount_kobo=seen.amount_kobo,
        reason=RefundReason.GATEWAY,
        key=f"gateway:{seen.gateway_id}",
        gateway_id=seen.gateway_id,
        word=seen.word[:40],
        expected_at=seen.expected_at,
        state=OUTCOMES[seen.outcome],
        told_at=timezone.now(),
    )
    row.next_check_at = next_look(row)
    if row.state != RefundState.FAILED:
        if seen.amount_kobo > payment.left_kobo:
            # The database would refuse it; the reconciliation names it to a person.
            logger.error("%s gave back more of %s than there is", payment.gateway, payment.reference)
            row.amount_kobo = payment.left_kobo
            if row.amount_kobo == 0:
                row.amount_kobo, row.state, row.next_check_at = seen.amount_kobo, RefundState.FAILED, None
        if row.state != RefundState.FAILED:
            payment.refunded_kobo += row.amount_kobo
            payment.save(update_fields=["refunded_kobo", "updated_at"])
    row.save()
    if row.state != RefundState.FAILED:
        bookkeeping.refund_taken_in(payment, row)
    _publish(payment, row)
    return row


def _move(payment: Payment, row: Refund, state: RefundState) -> None:
    """Move a refund if the gateway's word leads anywhere from here: late and repeated words do not."""
    changes = state != row.state and REFUND_MACHINE.allows(RefundState(row.state), state)
    if changes:
        row.move_to(state)
        if state == RefundState.FAILED:
            payment.refunded_kobo -= row.amount_kobo
            payment.save(update_fields=["refunded_kobo", "updated_at"])
    row.next_check_at = next_look(row)
    row.save()
    if changes:
        bookkeeping.refund_moved(payment, row)
        _publish(payment, row)


def next_look(row: Refund) -> datetime | None:
    """Return when a refund is asked about next; None when it is over."""
    if not row.is_under_way:
        return None
    return timezone.now() + (STEPS[row.checks] if row.checks < len(STEPS) else LATER)


@transaction.atomic
def _wait(refund_id: int) -> Refund:
    row = Refund.objects.select_for_update().get(pk=refund_id)
    row.checks = min(row.checks + 1, 32_000)
    row.next_check_at = next_look(row)
    row.save(update_fields=["checks", "next_check_at", "updated_at"])
    return row


@transaction.atomic
def _not_taken(refund_id: int, answer: Refused | Down) -> Refund:
    """The gateway has not taken it: it is asked again later, for a balance may be filled and a line mended."""
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = locked(payment_id)
    row = Refund.objects.select_for_update().get(pk=refund_id)
    if row.state != RefundState.CHECKING:
        return row
    if isinstance(answer, Refused) and not MAY_CHANGE.search(f"{answer.code} {answer.why}"):
        row.word = answer.code[:40]
        row.note = row.note or answer.why[:200]
        _move(payment, row, RefundState.FAILED)
        return row
    row.move_to(RefundState.REQUESTED)
    row.checks = min(row.checks + 1, 32_000)
    row.next_check_at = next_look(row)
    row.word = (answer.code if isinstance(answer, Refused) else "")[:40]
    row.save()
    return row


def _publish(payment: Payment, row: Refund) -> None:
    publish(
        RefundMoved(
            refund_id=row.public_id,
            payment_id=payment.public_id,
            kind=payment.request.kind,
            subject_id=payment.request.subject_id,
            amount_kobo=row.amount_kobo,
            state=row.state,
            reason=row.reason,
            reference=payment.reference,
        )
    )


def sync_refunds(*, payment_id: int, refund_id: str = "") -> bool:
    """Ask the gateway for all refunds of a payment, and write them down; False where it does not answer.

    :param refund_id: the gateway's number of the one that is news, where it was told: then only for that
    """
    payment = Payment.objects.select_related("beside").get(pk=payment_id)
    gateway = gateway_of(payment)
    if gateway is None:
        return False
    listed: Sequence[base.Refund] | Down | Unknown
    if refund_id and isinstance(told := gateway.find_refund(refund_id), base.Refund) and _is_of(told, payment):
        listed = (told,)
    else:
        listed = _listed(payment, gateway, since=payment.created_at)
    if isinstance(listed, Down | Unknown):
        return False
    take_over(payment_id=payment_id, listed=listed)
    return True


def _is_of(seen: base.Refund, payment: Payment) -> bool:
    if seen.charge_id:
        return seen.charge_id == payment.gateway_id
    return seen.reference == _reference_at_gateway(payment)


@transaction.atomic
def look_after_refunds(limit: int = 100) -> int:
    """Take the refunds whose time has come, and return their number; each is a task of its own."""
    from payments.tasks import look_after

    now = timezone.now()
    due = list(
        Refund.objects.filter(next_check_at__lte=now)
        .order_by("next_check_at")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    Refund.objects.filter(pk__in=due).update(next_check_at=now + LEASE)
    for refund_id in due:
        transaction.on_commit(partial(enqueue, look_after, refund_id), robust=True)
    return len(due)
