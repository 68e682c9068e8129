"""Fees for tables to which nobody came, or which were cancelled too late: asked, charged, paid, given up.

The booking's machine leads, and here is what its moves do to fees; how a card is charged is `payments.saved`'s. The
lock of a fee is taken after its booking's, and before those of what is asked for it.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from bookings import errors, terms
from bookings.card_words import RETURNED
from bookings.deposit_words import advance_of
from bookings.events import CardLapsed, FeeAsked, FeeMoved
from bookings.models import Advance, Booking, Fee
from bookings.states import AdvanceState, FeeKind, FeeState, Status
from core import audit
from core.outbox import enqueue, publish
from payments import errors as refusals
from payments import services as payments
from payments.saved import errors as card_refusals
from payments.saved import selectors as cards
from payments.saved.services import charging
from payments.saved.services.charging import Came
from payments.selectors import payments_of
from payments.states import Kind, RefundReason
from restaurants.service_plan import plan_of, remembered_plan

if TYPE_CHECKING:
    from bookings.services.claiming import Actor

logger = logging.getLogger(__name__)

# A gateway that is away is asked again so often; after that the guest is sent a link.
STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))
LATER = timedelta(hours=6)
MOST_TRIES = 12
# A worker that has taken a fee keeps it so long; if it dies, the next one takes it.
LEASE = timedelta(minutes=2)
OPEN = (FeeState.ASKED, FeeState.UNPAID)
# Money goes back for these whether or not anybody wishes it.
OWED = (RefundReason.WAIVED, RefundReason.TWICE, RefundReason.SURPLUS, RefundReason.REVIEWED)


def follow(booking: Booking, before: str, *, by: "Actor") -> None:
    """Ask for a fee, or give it up, as the new state of a locked booking says; and tell of a card that never came."""
    if booking.status == Status.EXPIRED and before == Status.HELD:
        if booking.guest_name and terms.asks_card(booking.policy):
            publish(CardLapsed(booking_id=booking.public_id))
    elif booking.status == Status.NO_SHOW:
        _ask(booking, FeeKind.NO_SHOW, terms.no_show_fee_kobo(booking.policy))
    elif booking.status == Status.CANCELLED and booking.is_late_cancellation:
        _ask(booking, FeeKind.LATE, terms.late_cancellation_fee_kobo(booking.policy))
    elif before == Status.NO_SHOW:
        for fee in _locked_fees(booking):
            if fee.kind == FeeKind.NO_SHOW and fee.state != FeeState.WAIVED:
                _give_up(fee, booking, reason="", by=by.user)


def _locked_fees(booking: Booking) -> list[Fee]:
    return list(Fee.objects.select_for_update(of=("self",)).filter(booking=booking).order_by("pk"))


def _ask(booking: Booking, kind: FeeKind, kobo: int) -> None:
    if kobo <= 0 or _is_closed(booking):
        return
    kobo -= _kept_of_deposit(booking)
    if kobo <= 0:
        return
    now = timezone.now()
    due_at = now + timedelta(minutes=settings.FEE_WAITS_MINUTES)
    fee = next((each for each in _locked_fees(booking) if each.kind == kind), None)
    if fee is None:
        fee = Fee(booking=booking, kind=kind)
    elif fee.state == FeeState.WAIVED:
        fee.move_to(FeeState.ASKED)
        fee.turn += 1
        fee.paid_kobo = fee.returned_kobo = 0
        fee.reason, fee.waived_by = "", None
    else:
        return
    fee.amount_kobo, fee.due_at, fee.next_try_at, fee.tries = kobo, due_at, due_at, 0
    fee.save()
    publish(
        FeeAsked(
            fee_id=fee.public_id,
            booking_id=booking.public_id,
            amount_kobo=kobo,
            due_at=due_at,
            restaurant_id=remembered_plan(booking.restaurant_id).public_id,
        )
    )


def late_fee_kobo(booking: Booking) -> int:
    """Return the fee, in kobo, that a guest would owe by cancelling now, were it late: what is kept comes off it."""
    kobo = terms.late_cancellation_fee_kobo(booking.policy)
    if kobo <= 0 or _is_closed(booking):
        return 0
    advance = advance_of(booking)
    is_kept = advance is not None and advance.state in (AdvanceState.AWAITED, AdvanceState.RECEIVED)
    kept = min(advance.held_kobo, advance.amount_kobo) if advance is not None and is_kept else 0
    return max(kobo - kept, 0)


def _kept_of_deposit(booking: Booking) -> int:
    """Return what the house keeps of a deposit: the fee is only what goes beyond that."""
    advance = Advance.objects.filter(booking=booking, state=AdvanceState.KEPT).first()
    return min(advance.held_kobo, advance.amount_kobo) if advance is not None else 0


def _is_closed(booking: Booking) -> bool:
    """Whether the house says that it is closed that day: a flood, a curfew, no power. Then nobody owes it anything."""
    day = plan_of(booking.restaurant_id).special_days.get(booking.service_day)
    return day is not None and day.is_closed


# --- Charging ---------------------------------------------------------------------------------------------------------


def charge_due_fees(limit: int = 100) -> int:
    """Take the fees whose time to be charged has come, and return their number; each is a task of its own."""
    now = timezone.now()
    with transaction.atomic():
        rows = Fee.objects.filter(next_try_at__lte=now, state=FeeState.ASKED).order_by("next_try_at")
        due = list(rows.select_for_update(skip_locked=True).values_list("public_id", flat=True)[:limit])
        Fee.objects.filter(public_id__in=due).update(next_try_at=now + LEASE)
        for fee_id in due:
            transaction.on_commit(partial(_ring, fee_id), robust=True)
    return len(due)


def _ring(fee_id: UUID) -> None:
    from bookings.tasks import charge_fee as task

    enqueue(task, str(fee_id))


def charge_fee(*, fee_id: UUID) -> Fee:
    """Charge a fee to the card that guarantees its booking, and return it. No transaction may be open.

    Whoever calls, and however often: it is charged once. Each attempt has a key of its own that is worked out from the
    attempts before it, and a new one is made only where the gateway has never heard of the last.
    """
    fee = Fee.objects.select_related("booking").get(public_id=fee_id)
    if fee.state != FeeState.ASKED or fee.due_at > timezone.now():
        return fee
    method = cards.guarantee_of(Kind.GUARANTEE, fee.booking.public_id)
    try:
        asked = payments.request_payment(kind=Kind.FEE, subject_id=fee.public_id)
        if method is None:
            return _note(fee_id, unpaid=True)
        number = cards.charges_unheard(Kind.FEE, fee.public_id)
        with translation.override(fee.booking.language):
            address = reverse("payments:back", args=[asked.token])
        done = charging.charge_saved(
            request=asked,
            method=method,
            return_url=f"{settings.BASE_URL}{address}",
            key=f"fee:{fee.public_id}:{fee.turn}:{number}",
        )
    except (refusals.PaymentIsChecked, refusals.NothingToPay):
        # The bank's answer, or our own note of it, is a moment away.
        return _note(fee_id)
    except (card_refusals.CardUnusable, refusals.GatewayRefused):
        return _note(fee_id, unpaid=True)
    if done.came in (Came.CHALLENGED, Came.REFUSED):
        return _note(fee_id, unpaid=True)
    return _note(fee_id, was_down=done.came == Came.DOWN)


@transaction.atomic
def _note(fee_id: UUID, *, unpaid: bool = False, was_down: bool = False) -> Fee:
    fee = _locked(fee_id)
    if fee.state != FeeState.ASKED:
        return fee
    fee.tries += was_down
    if unpaid or fee.tries >= MOST_TRIES:
        _move(fee, FeeState.UNPAID)
        return fee
    wait = STEPS[min(fee.tries, len(STEPS)) - 1] if was_down and fee.tries <= len(STEPS) else LATER
    fee.next_try_at = timezone.now() + (wait if was_down else LEASE)
    fee.save(update_fields=["tries", "next_try_at", "updated_at"])
    return fee


def _locked(fee_id: UUID) -> Fee:
    booking_id = Fee.objects.values_list("booking_id", flat=True).get(public_id=fee_id)
    Booking.objects.select_for_update(of=("self",)).only("pk").get(pk=booking_id)
    return Fee.objects.select_for_update(of=("self",)).select_related("booking__restaurant").get(public_id=fee_id)


def note_failure(*, fee_id: UUID, is_unheard: bool) -> None:
    """Take note that a charge came to nothing: it is tried again where the gateway never heard of it, else told."""
    if not Fee.objects.filter(public_id=fee_id).exists():
        return
    with transaction.atomic():
        fee = _locked(fee_id)
        if fee.state != FeeState.ASKED:
            return
        if is_unheard:
            if fee.next_try_at is None:
                fee.next_try_at = timezone.now() + STEPS[0]
                fee.save(update_fields=["next_try_at", "updated_at"])
            return
        _move(fee, FeeState.UNPAID)


@transaction.atomic
def receive_fee(*, fee_id: UUID, amount_kobo: int, reference: str, counts: Callable[[], bool]) -> None:
    """Count money that has come for a fee, and give back what is too much; of a waived one, all, and its guest is told.

    :param counts: notes it as counted, in the same transaction; False when it was, and then nothing is done. It is
        called once the booking and its fee are locked: what is asked for them is locked after them, as everywhere.
    """
    fee = _locked(fee_id)
    if not counts():
        return
    if fee.state == FeeState.WAIVED:
        back = _back(fee, amount_kobo, reason=RefundReason.WAIVED, key=f"not open:{reference}", references=[reference])
        _note_given_back(fee, back)
        return
    if fee.state not in OPEN:
        _back(fee, amount_kobo, reason=RefundReason.TWICE, key=f"not open:{reference}", references=[reference])
        return
    fee.paid_kobo += amount_kobo
    if fee.paid_kobo < fee.amount_kobo:
        fee.save(update_fields=["paid_kobo", "updated_at"])
        return
    surplus = fee.paid_kobo - fee.amount_kobo
    fee.paid_kobo = fee.amount_kobo
    _move(fee, FeeState.PAID)
    if surplus:
        _back(fee, surplus, reason=RefundReason.SURPLUS, key=f"surplus:{reference}", references=[reference])


def _back(fee: Fee, kobo: int, *, reason: RefundReason, key: str, references: list[str] | None = None) -> int:
    """Give money of a fee back, and return how much of it is on its way by this: what was before is not counted."""
    payments.lock_subject(kind=Kind.FEE, subject_id=fee.public_id)
    known = {refund.pk for payment in payments_of(Kind.FEE, fee.public_id) for refund in payment.refunds.all()}
    made, _left = payments.give_back(
        kind=Kind.FEE, subject_id=fee.public_id, amount_kobo=kobo, reason=reason, key=key, references=references
    )
    return sum(one.amount_kobo for one in made if one.pk not in known)


def _counted(fee: Fee) -> list[Any]:
    """Return the payments for a fee that count: of the others it is decided once they do."""
    return [payment for payment in payments_of(Kind.FEE, fee.public_id) if payment.credited_at is not None]


def _note_given_back(fee: Fee, kobo: int) -> None:
    """Write down that more of a waived fee goes back, and tell of it."""
    if kobo > 0:
        fee.returned_kobo += kobo
        fee.save(update_fields=["returned_kobo", "updated_at"])
        _publish(fee, f"{fee.turn}:{RETURNED}")


def give_back_waived_fee(*, fee_id: UUID, key: str) -> None:
    """Give back what is left of a waived fee, once a bank has let go of it.

    :param key: names what it is given back after
    """
    if not Fee.objects.filter(public_id=fee_id).exists():
        return
    with transaction.atomic():
        fee = _locked(fee_id)
        counted = _counted(fee)
        left = sum(payment.left_kobo for payment in counted)
        if fee.state != FeeState.WAIVED or left <= 0:
            return
        # A bank may let go, take it up again, and let go again.
        turn = sum(refund.key.startswith(key) for payment in counted for refund in payment.refunds.all())
        key = f"{key}:{turn}"
        references = [payment.reference for payment in counted]
        back = _back(fee, left, reason=RefundReason.WAIVED, key=key, references=references)
        _note_given_back(fee, back)


def note_failed_refund(*, fee_id: UUID, refund_id: UUID, amount_kobo: int, reason: str) -> bool:
    """Ask again for money of a fee that did not arrive, if it was owed; False where a person has to see to it.

    What the house gave back as a kindness is its own to give once more.
    """
    with transaction.atomic():
        fee = _locked(fee_id)
        is_waived = fee.state == FeeState.WAIVED
        if not (is_waived or reason in OWED):
            return True
        if payments.ask_again(refund_id=refund_id) is not None:
            return True
        if is_waived:
            fee.returned_kobo -= min(fee.returned_kobo, amount_kobo)
            fee.save(update_fields=["returned_kobo", "updated_at"])
    return False


# --- What the house does with it --------------------------------------------------------------------------------------


def charge_now(*, booking: Booking, kind: FeeKind, by: User) -> Fee:
    """Have a fee charged now, or once more; a worker does it.

    :raises NoSuchFee: when the booking has none of that kind
    :raises FeeNotOpen: when it is paid or waived
    """
    with transaction.atomic():
        fee = _of(booking, kind)
        if fee.state not in OPEN:
            raise errors.FeeNotOpen(state=fee.state)
        if fee.state == FeeState.UNPAID:
            fee.move_to(FeeState.ASKED)
            fee.turn += 1
        fee.due_at = fee.next_try_at = timezone.now()
        fee.tries = 0
        fee.save()
        audit.record("fee.charged", actor=by, target=booking, details={"kobo": fee.amount_kobo, "kind": fee.kind})
        transaction.on_commit(partial(_ring, fee.public_id), robust=True)
    return fee


def waive_fee(*, booking: Booking, kind: FeeKind, by: User, reason: str) -> Fee:
    """Ask for a fee no more, and give back what had come of it.

    :raises NoSuchFee: when the booking has none of that kind
    :raises ReasonMissing: when the house gives none
    :raises FeeNotOpen: when it is waived already
    :raises FeeBeingChecked: while its bank's answer is awaited
    """
    if not reason.strip():
        raise errors.ReasonMissing
    with transaction.atomic():
        fee = _of(booking, kind)
        if fee.state == FeeState.WAIVED:
            raise errors.FeeNotOpen(state=fee.state)
        if not _give_up(fee, fee.booking, reason=reason.strip(), by=by):
            raise errors.FeeBeingChecked
        audit.record(
            "fee.waived",
            actor=by,
            target=booking,
            details={"kobo": fee.amount_kobo, "kind": fee.kind, "given_back": fee.returned_kobo},
        )
    return fee


def _of(booking: Booking, kind: FeeKind) -> Fee:
    fee_id = Fee.objects.filter(booking=booking, kind=kind).values_list("public_id", flat=True).first()
    if fee_id is None:
        raise errors.NoSuchFee
    return _locked(fee_id)


def _give_up(fee: Fee, booking: Booking, *, reason: str, by: User | None) -> bool:
    """Ask for a locked fee no more; False while a charge may have taken money: what then comes goes back by itself."""
    is_free = True
    try:
        payments.close_requests(kind=Kind.FEE, subject_id=fee.public_id)
    except refusals.PaymentIsChecked:
        is_free = False
    fee.booking, fee.reason, fee.waived_by = booking, reason[:300], by
    if fee.paid_kobo:
        # What has come and does not count yet goes back by itself once it does.
        fee.returned_kobo = _back(
            fee,
            fee.paid_kobo,
            reason=RefundReason.WAIVED,
            key=f"waived:{fee.public_id}:{fee.turn}",
            references=[payment.reference for payment in _counted(fee)],
        )
    _move(fee, FeeState.WAIVED)
    return is_free


def _move(fee: Fee, state: FeeState) -> None:
    fee.move_to(state)
    fee.next_try_at = None
    fee.save()
    _publish(fee, f"{fee.turn}:{fee.state}")


def _publish(fee: Fee, version: str) -> None:
    publish(
        FeeMoved(
            fee_id=fee.public_id,
            booking_id=fee.booking.public_id,
            state=str(fee.state),
            amount_kobo=fee.amount_kobo,
            returned_kobo=fee.returned_kobo,
            version=version,
            restaurant_id=remembered_plan(fee.booking.restaurant_id).public_id,
        )
    )
