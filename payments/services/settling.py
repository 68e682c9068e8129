"""What became of a payment: the one way on which money counts, whether a page, a webhook or the clock asks.

The gateway is asked anew each time, outside any transaction; its answer is applied under the payment's lock, by rules
that only ever move forward, so that answers may come twice, late and out of order.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.encryption import blind_index
from core.outbox import enqueue, publish
from payments.events import PaymentFailed, PaymentHeld, PaymentReceived
from payments.fraud.services import judging
from payments.gateways import registry
from payments.gateways.base import Absent, Charge, Down, Gateway, Outcome, Unknown
from payments.models import Payment, PaymentRequest
from payments.saved.services import keeping
from payments.services import bookkeeping
from payments.states import PaymentState, RequestState, Review

logger = logging.getLogger(__name__)

# When an attempt is asked about again, from its beginning: soon at first, then each hour until it ends, and a few
# times more after that, for money that comes too late.
STEPS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 60, 120, 300, 300, 600, 1200, 1800))
LATER = timedelta(hours=1)
AFTER_THE_END = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# So long a gateway may not know a charge yet that it was told of.
UNHEARD = timedelta(minutes=15)
ORDER = (Outcome.PAID, Outcome.PENDING, Outcome.UNFINISHED, Outcome.REVERSED, Outcome.FAILED)
# A worker that has taken a check keeps it so long; if it dies, the next one takes it.
LEASE = timedelta(seconds=60)


def settle(*, payment_id: int) -> Payment:
    """Ask the gateway what became of a payment, write down what that means, and return the payment."""
    return write_down(payment_id=payment_id, told=ask(payment_id=payment_id))


def ask(*, payment_id: int) -> Sequence[Charge] | Down | Unknown:
    """Return every charge that the gateway has under a payment's reference. No transaction may be open."""
    payment = Payment.objects.select_related("beside").get(pk=payment_id)
    gateway = gateway_of(payment)
    if gateway is None:
        logger.error("No key for %s in mode %s: %s cannot be asked about", payment.gateway, payment.mode, payment)
        return Down("there is no key for this account")
    return gateway.charges_of(payment.reference if payment.beside is None else payment.beside.reference)


def write_down(*, payment_id: int, told: Sequence[Charge] | Down | Unknown) -> Payment:
    """Apply all that a gateway has under a payment's reference, and return the payment.

    Somebody may have tried several times on one page: what was paid counts, each of it, and before what was not.
    """
    if isinstance(told, Down | Unknown):
        return apply(payment_id=payment_id, answer=told)
    if not told:
        return apply(payment_id=payment_id, answer=Absent())
    charges = sorted(told, key=lambda charge: ORDER.index(charge.outcome))
    settled = apply(payment_id=payment_id, answer=charges[0])
    for charge in charges[1:]:
        if charge.outcome == Outcome.PAID:
            settled = apply(payment_id=payment_id, answer=charge)
    return settled


def gateway_of(payment: Payment) -> Gateway | None:
    """Return the account that a payment was begun at; None where its key is gone, or is of the other mode."""
    try:
        gateway = registry.gateway(payment.gateway)
    except registry.NoSuchGateway:
        return None
    return gateway if gateway.mode == payment.mode else None


def apply(*, payment_id: int, answer: Charge | Absent | Down | Unknown) -> Payment:
    """Apply what a gateway said to a payment, and return it. The same answer a second time changes nothing."""
    try:
        with transaction.atomic():
            return _apply(payment_id, answer)
    except IntegrityError:
        # Another connection wrote the same charge down beside this one.
        with transaction.atomic():
            return _apply(payment_id, answer)


@transaction.atomic
def check_due(limit: int = 100) -> int:
    """Take the attempts whose time to be asked about has come, and return their number; each is a task of its own."""
    from payments.tasks import check

    now = timezone.now()
    due = list(
        Payment.objects.filter(next_check_at__lte=now)
        .order_by("next_check_at")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    Payment.objects.filter(pk__in=due).update(next_check_at=now + LEASE)
    for payment_id in due:
        transaction.on_commit(partial(enqueue, check, payment_id), robust=True)
    return len(due)


def locked(payment_id: int) -> Payment:
    """Return a payment whose row is locked until the transaction ends: its request's first, always in this order."""
    request_id = Payment.objects.values_list("request_id", flat=True).get(pk=payment_id)
    request = PaymentRequest.objects.select_for_update().get(pk=request_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    payment.request = request
    return payment


def next_check(payment: Payment) -> datetime | None:
    """Return when a payment is asked about next; None when it is over."""
    now = timezone.now()
    if payment.state == PaymentState.SUCCEEDED:
        return None
    if payment.state in (PaymentState.FAILED, PaymentState.EXPIRED):
        if not payment.checkout_url:
            return None
        return next((payment.expires_at + wait for wait in AFTER_THE_END if payment.expires_at + wait > now), None)
    wait = STEPS[payment.checks] if payment.checks < len(STEPS) else LATER
    if payment.expires_at > now:
        # And at its end, so that a table is not held for nothing.
        return min(now + wait, payment.expires_at)
    return now + wait


# --- Applying an answer ---------------------------------------------------------------------------------------------


def _apply(payment_id: int, answer: Charge | Absent | Down | Unknown) -> Payment:
    payment = locked(payment_id)
    payment.checks = min(payment.checks + 1, 32_000)
    if isinstance(answer, Charge):
        _heard(payment, answer)
    elif isinstance(answer, Absent):
        _unheard_of(payment)
    payment.next_check_at = next_check(payment)
    payment.save()
    return payment


def _heard(payment: Payment, charge: Charge) -> None:
    if wrong := what_differs(payment, charge):
        _hold(payment, wrong)
        return
    if payment.state == PaymentState.SUCCEEDED:
        if charge.outcome == Outcome.PAID and charge.gateway_id != payment.gateway_id:
            _paid_beside(payment, charge)
        elif charge.fee_kobo is not None and payment.fee_kobo is None:
            before, payment.fee_kobo = payment.fee_kobo, charge.own_fee_kobo
            bookkeeping.fee_told(payment, before_kobo=before)
        return
    payment.word, payment.reason = charge.word[:40], charge.reason[:200]
    if charge.outcome == Outcome.PAID:
        _paid(payment, charge)
    elif charge.outcome in (Outcome.FAILED, Outcome.REVERSED):
        _ended(payment, PaymentState.FAILED)
    elif charge.outcome == Outcome.PENDING:
        _still_checking(payment)
    else:
        _unfinished(payment)


def what_differs(payment: Payment, charge: Charge) -> str:
    """Return what makes this charge another than was asked for: reference, currency or mode; nothing where all agree.

    Less money than was asked for is a part of it, and more is a surplus: neither makes it another's.
    """
    if charge.reference != payment.reference and not (payment.beside and charge.reference == payment.beside.reference):
        return "reference"
    if charge.currency != payment.currency:
        return "currency"
    if charge.mode is not None and charge.mode != payment.mode:
        return "mode"
    if charge.outcome == Outcome.PAID and (charge.amount_kobo <= 0 or not charge.gateway_id):
        return "amount"
    return ""


def _hold(payment: Payment, wrong: str) -> None:
    if payment.review == Review.HELD:
        return
    payment.review = Review.HELD
    payment.reason = f"differs: {wrong}"
    if payment.state in (PaymentState.INITIATED, PaymentState.PENDING):
        payment.move_to(PaymentState.CHECKING)
    logger.error("What %s says of %s differs in its %s: held for a look", payment.gateway, payment.reference, wrong)
    _publish_held(payment)


def _paid(payment: Payment, charge: Charge) -> None:
    payment.move_to(PaymentState.SUCCEEDED)
    _fill(payment, charge)
    is_judged = payment.review == Review.NONE and not keeping.is_without_payer(payment)
    if is_judged and (held_for := judging.holds(payment=payment)):
        payment.review, payment.reason = Review.HELD, held_for
    keeping.keep(payment=payment, charge=charge)
    # What is held stands elsewhere in the books.
    bookkeeping.captured(payment)
    request = payment.request
    request.paid_kobo += charge.amount_kobo
    if request.missing_kobo == 0 and request.state != RequestState.PAID:
        request.move_to(RequestState.PAID)
    request.save(update_fields=["paid_kobo", "state", "updated_at"])
    if payment.review == Review.HELD:
        _publish_held(payment)
        return
    announce(payment)


def announce(payment: Payment) -> None:
    """Tell whom it was for that money has come. What came counts there once, by the payment's reference."""
    publish(
        PaymentReceived(
            payment_id=payment.public_id,
            request_id=payment.request.public_id,
            kind=payment.request.kind,
            subject_id=payment.request.subject_id,
            amount_kobo=payment.received_kobo,
            reference=payment.reference,
        )
    )


def _fill(payment: Payment, charge: Charge) -> None:
    payment.gateway_id = charge.gateway_id
    payment.received_kobo = charge.amount_kobo
    payment.fee_kobo = charge.own_fee_kobo
    payment.channel = charge.channel
    payment.word, payment.reason = charge.word[:40], charge.reason[:200]
    payment.paid_at = charge.paid_at or timezone.now()
    if card := charge.card:
        payment.card_last4 = card.last4[-4:]
        payment.card_brand = card.brand[:20]
        payment.card_bank = card.bank[:60]
        payment.card_country = card.country[:2]
        if card.fingerprint:
            payment.card_index = blind_index(f"{payment.gateway}\0{card.fingerprint}", purpose="card")


def _paid_beside(payment: Payment, charge: Charge) -> None:
    """Write down a further charge that was paid under this payment's reference: money that nobody asked for."""
    known = Payment.objects.filter(gateway=payment.gateway, mode=payment.mode, gateway_id=charge.gateway_id)
    if known.exists():
        return
    second = Payment(
        request=payment.request,
        gateway=payment.gateway,
        mode=payment.mode,
        reference=f"{payment.reference}.{charge.gateway_id}"[:60],
        beside=payment,
        amount_kobo=payment.amount_kobo,
        payer=payment.payer,
        email=payment.email,
        state=PaymentState.SUCCEEDED,
        expires_at=payment.expires_at,
    )
    _fill(second, charge)
    second.save()
    bookkeeping.captured(second)
    payment.request.paid_kobo += charge.amount_kobo
    payment.request.save(update_fields=["paid_kobo", "updated_at"])
    logger.warning("%s was paid a second time under %s", payment.reference, charge.gateway_id)
    announce(second)


def _still_checking(payment: Payment) -> None:
    if payment.state in (PaymentState.INITIATED, PaymentState.PENDING):
        payment.move_to(PaymentState.CHECKING)


def _unfinished(payment: Payment) -> None:
    if payment.state in (PaymentState.FAILED, PaymentState.EXPIRED):
        return
    if payment.expires_at <= timezone.now():
        _ended(payment, PaymentState.EXPIRED)
    elif payment.checkout_url and payment.state == PaymentState.CHECKING:
        payment.move_to(PaymentState.PENDING)
    elif not payment.checkout_url:
        # Its page was never given to anybody.
        _ended(payment, PaymentState.FAILED)


def _unheard_of(payment: Payment) -> None:
    """A gateway may know nothing yet of a page that it made; a charge that it was told of is waited for a while."""
    if payment.checkout_url:
        _unfinished(payment)
    elif payment.is_live and payment.created_at <= timezone.now() - UNHEARD:
        _ended(payment, PaymentState.FAILED)


def _ended(payment: Payment, state: PaymentState) -> None:
    if payment.state in (PaymentState.FAILED, PaymentState.EXPIRED):
        return
    payment.move_to(state)
    publish(
        PaymentFailed(
            payment_id=payment.public_id,
            request_id=payment.request.public_id,
            kind=payment.request.kind,
            subject_id=payment.request.subject_id,
            why=state,
        )
    )


def _publish_held(payment: Payment) -> None:
    publish(
        PaymentHeld(
            payment_id=payment.public_id,
            kind=payment.request.kind,
            subject_id=payment.request.subject_id,
            reason=payment.reason,
        )
    )
