"""Webhooks: taken in as they came and answered at once; worked off from the row, and never believed."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from core.outbox import enqueue
from payments.gateways import registry
from payments.gateways.base import Absent, Dispute, Down, Event, Subject, Unknown, Unreadable
from payments.models import Payment, WebhookEvent
from payments.services import disputing, refunding, settling
from payments.settlement.services import sending
from payments.settlement.states import OPEN_PAYOUTS
from payments.states import LIVE, JournalState, PaymentState, Review

logger = logging.getLogger(__name__)

TRIES = 12
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
LEASE = timedelta(seconds=60)
LARGEST = 256 * 1024


class NotGenuine(Exception):
    """The proof is missing or wrong: nothing is kept but a line in the log."""


def take_in(*, gateway: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
    """Keep a webhook as it came, once, and ring for a worker; None when it is genuine and yet no event.

    :raises NotGenuine: when its proof is missing or wrong, or there is no such gateway
    """
    try:
        ours = registry.gateway(gateway)
    except registry.NoSuchGateway as error:
        raise NotGenuine(gateway) from error
    if len(body) > LARGEST or not ours.is_genuine(headers, body):
        raise NotGenuine(gateway)
    try:
        event = ours.read_event(body)
        text = body.decode()
    except (Unreadable, UnicodeDecodeError):
        logger.warning("A genuine webhook of %s is no event (%d bytes)", gateway, len(body))
        return None
    try:
        with transaction.atomic():
            row = WebhookEvent.objects.create(
                gateway=gateway,
                key=event.key[:200],
                name=event.name[:60],
                body=text,
                reference=event.reference[:100],
                next_attempt_at=timezone.now() + LEASE,
            )
    except IntegrityError:
        rows = WebhookEvent.objects.filter(gateway=gateway, key=event.key[:200])
        rows.update(times=F("times") + 1)
        return rows.defer("body").get()
    transaction.on_commit(lambda: _ring(row.pk))
    return row


def _ring(event_id: int) -> None:
    from payments.tasks import work_off as task

    enqueue(task, event_id)


def work_off(*, event_id: int) -> WebhookEvent | None:
    """Act on a webhook: ask the gateway about what it names. None when another worker has it, or it is done."""
    row = _claimed(event_id)
    if row is None:
        return None
    try:
        state, note = _worked(row)
    except Exception as error:
        logger.exception("The webhook %s of %s failed", row.pk, row.gateway)
        state, note = JournalState.WAITING, f"{type(error).__name__}"
    return _noted(row, state, note)


@transaction.atomic
def _claimed(event_id: int) -> WebhookEvent | None:
    rows = WebhookEvent.objects.filter(pk=event_id, state=JournalState.WAITING)
    row = rows.select_for_update(skip_locked=True).first()
    if row is None:
        return None
    # Counted before it is tried: what takes its worker down with it is parked one day, too.
    row.attempts += 1
    row.next_attempt_at = timezone.now() + LEASE
    row.save(update_fields=["attempts", "next_attempt_at"])
    return row


def _noted(row: WebhookEvent, state: JournalState, note: str) -> WebhookEvent:
    if state == JournalState.WAITING and row.attempts >= TRIES:
        state = JournalState.PARKED
        logger.error("The webhook %s of %s is parked: %s", row.pk, row.gateway, note)
    row.state, row.note = state, note[:300]
    is_waiting = state == JournalState.WAITING
    row.next_attempt_at = timezone.now() + _wait(row.attempts) if is_waiting else None
    row.done_at = None if is_waiting else timezone.now()
    mine = WebhookEvent.objects.filter(pk=row.pk, state=JournalState.WAITING, attempts=row.attempts)
    mine.update(state=row.state, note=row.note, next_attempt_at=row.next_attempt_at, done_at=row.done_at)
    return row


def _wait(attempts: int) -> timedelta:
    return min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)


def work_off_due(limit: int = 100) -> int:
    """Ring for the webhooks whose time has come, and return how many there were."""
    with transaction.atomic():
        now = timezone.now()
        rows = WebhookEvent.objects.filter(state=JournalState.WAITING, next_attempt_at__lte=now)
        due = list(
            rows.order_by("next_attempt_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit]
        )
        WebhookEvent.objects.filter(pk__in=due).update(next_attempt_at=now + LEASE)
    for event_id in due:
        _ring(event_id)
    return len(due)


def replay(*, row: WebhookEvent) -> WebhookEvent:
    """Work a webhook off once more, as if it had just come: what it already did is not done twice."""
    WebhookEvent.objects.filter(pk=row.pk).update(
        state=JournalState.WAITING, attempts=0, next_attempt_at=timezone.now() + LEASE, done_at=None
    )
    transaction.on_commit(lambda: _ring(row.pk))
    row.refresh_from_db()
    return row


# --- Acting on one --------------------------------------------------------------------------------------------------


def _worked(row: WebhookEvent) -> tuple[JournalState, str]:
    gateway = registry.gateway(row.gateway)
    event = gateway.read_event(row.body.encode())
    if event.mode is not None and event.mode != gateway.mode:
        return JournalState.IGNORED, f"of mode {event.mode}, and ours is {gateway.mode}"
    if event.subject == Subject.TRANSFER:
        return _payout(row.gateway, gateway.mode, event)
    if event.subject not in (Subject.CHARGE, Subject.REFUND, Subject.DISPUTE):
        return JournalState.IGNORED, "an event that says nothing of a payment"
    payment = _payment_of(row.gateway, gateway.mode, event)
    if payment is None:
        return JournalState.IGNORED, "no payment of ours"
    if event.subject == Subject.CHARGE:
        told = settling.ask(payment_id=payment.pk)
        settled = settling.write_down(payment_id=payment.pk, told=told)
        # What is held for a look waits for a person, and asking again says nothing new.
        is_open = settled.state in LIVE and settled.review != Review.HELD
        is_unsaid = isinstance(told, Down | Unknown) or is_open
        return (JournalState.WAITING if is_unsaid else JournalState.DONE), f"{settled.reference} is {settled.state}"
    if payment.state != PaymentState.SUCCEEDED:
        # What goes back of money is written down after the money: its own news may come later, or never.
        payment = settling.settle(payment_id=payment.pk)
        if payment.state != PaymentState.SUCCEEDED:
            is_held = payment.review == Review.HELD
            return (
                JournalState.DONE if is_held else JournalState.WAITING,
                f"{payment.reference} is {payment.state}, and something of it goes back",
            )
    if event.subject == Subject.REFUND:
        if not refunding.sync_refunds(payment_id=payment.pk, refund_id=event.refund_id):
            return JournalState.WAITING, f"the refunds of {payment.reference} could not be read"
        return JournalState.DONE, f"the refunds of {payment.reference} were read"
    answer: Dispute | Absent | Down | Unknown = gateway.find_dispute(event.dispute_id)
    if isinstance(answer, Dispute):
        disputing.note_dispute(payment_id=payment.pk, seen=answer)
        return JournalState.DONE, f"the dispute about {payment.reference} is written down"
    return JournalState.WAITING, f"the gateway said {type(answer).__name__.lower()} of the dispute"


def _payout(gateway: str, mode: str, event: Event) -> tuple[JournalState, str]:
    state = sending.ask_about(gateway=gateway, mode=mode, reference=event.reference) if event.reference else None
    if state is None:
        return JournalState.IGNORED, "no payout of ours"
    is_open = state in OPEN_PAYOUTS
    return (JournalState.WAITING if is_open else JournalState.DONE), f"the payout {event.reference} is {state}"


def _payment_of(gateway: str, mode: str, event: Event) -> Payment | None:
    rows = Payment.objects.filter(gateway=gateway, mode=mode)
    if event.charge_id and (found := rows.filter(gateway_id=event.charge_id).first()):
        return found
    return rows.filter(reference=event.reference).first() if event.reference else None
