"""A person's look: asked for by who pays, or because something is held; let through or give back, with a note."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from core import audit
from core.outbox import publish
from payments.fraud import errors
from payments.fraud.events import CaseClosed
from payments.fraud.models import Case, Decision
from payments.fraud.states import Answer, CaseState, Moment
from payments.models import Payment, PaymentRequest
from payments.services import reviewing
from payments.services.settling import locked
from payments.states import Review
from payments.tokens import hash_of


@transaction.atomic
def open_case(*, payment: Payment, why: str = "") -> Case:
    """Return what waits for a look at a held payment; made where the rules did not: the gateway's answer differs."""
    case, _is_new = Case.objects.get_or_create(payment=payment, defaults={"request": payment.request, "why": why[:200]})
    return case


def case_of(request: PaymentRequest, *, payment: Payment | None, decision: Decision | None) -> Case | None:
    """Return what waits, or waited, for a look at a held payment, or at a decision that let nothing begin."""
    if payment is not None:
        return Case.objects.select_related("decision").filter(payment=payment).first()
    rows = Case.objects.filter(request=request, payment=None).order_by("-pk")
    return rows.filter(Q(decision=decision) | Q(state=CaseState.OPEN)).first()


def was_stopped(request: PaymentRequest) -> Decision | None:
    """Return the latest decision by which the rules stopped somebody from beginning to pay this; None when none did."""
    latest = Decision.objects.filter(request=request, moment=Moment.BEGIN).order_by("-pk").first()
    return latest if latest is not None and latest.answer == Answer.REFUSE and latest.payment_id is None else None


def appeal(*, token: str, words: str = "") -> Case:
    """Have a person look at what is held, or was not let begin, because its payer asks for it.

    Asked again it changes only the words, as long as nobody has looked.

    :raises NothingToLookAt: when nothing of the kind is there, or somebody has looked
    """
    request = PaymentRequest.objects.filter(token_hash=hash_of(token)).first()
    if request is None:
        raise errors.NothingToLookAt
    try:
        with transaction.atomic():
            return _appealed(request, words)
    except IntegrityError:
        # Pressed twice at once: the second finds what the first made.
        with transaction.atomic():
            return _appealed(request, words)


def _appealed(request: PaymentRequest, words: str) -> Case:
    held = Payment.objects.filter(request=request, review=Review.HELD).order_by("-pk").first()
    if held is not None:
        case = open_case(payment=held)
    elif (decision := was_stopped(request)) is not None:
        looked = Case.objects.filter(decision=decision).exclude(state=CaseState.OPEN).exists()
        if looked:
            raise errors.NothingToLookAt
        case, _is_new = Case.objects.get_or_create(
            request=request, payment=None, state=CaseState.OPEN, defaults={"decision": decision}
        )
    else:
        raise errors.NothingToLookAt
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if case.state != CaseState.OPEN:
        raise errors.NothingToLookAt
    is_first = case.appealed_at is None
    case.appealed_at = case.appealed_at or timezone.now()
    case.appeal = words[:500]
    case.save(update_fields=["appealed_at", "appeal"])
    if is_first:
        audit.record("fraud.appealed", target=case, restaurant_id=request.restaurant_id)
    return case


def let_through(*, case: Case, note: str, by: User | None) -> Case:
    """Let a held payment count, or what was not let begin be begun.

    :raises NoteNeeded: without a note
    :raises AlreadyLookedAt: when somebody was faster
    :raises payments.errors.NotRefundable: when no money has come for it
    """
    return _close(case, CaseState.LET_THROUGH, note=note, by=by)


def give_back(*, case: Case, note: str, by: User | None) -> Case:
    """Give a held payment back, or leave shut what was not let begin.

    :raises NoteNeeded: without a note
    :raises AlreadyLookedAt: when somebody was faster
    """
    return _close(case, CaseState.GIVEN_BACK if case.payment_id else CaseState.KEPT_SHUT, note=note, by=by)


@transaction.atomic
def _close(case: Case, state: CaseState, *, note: str, by: User | None) -> Case:
    if not note.strip():
        raise errors.NoteNeeded
    payment = locked(case.payment_id) if case.payment_id else None
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if case.state != CaseState.OPEN or (payment is not None and payment.review != Review.HELD):
        raise errors.AlreadyLookedAt
    # First this: what the payment's own services then report finds the case closed, with who and why.
    _shut(case, state, note=note.strip(), by=by)
    if payment is not None:
        act = reviewing.release_payment if state == CaseState.LET_THROUGH else reviewing.refuse_payment
        act(payment=payment, by=by)
    return case


def _shut(case: Case, state: CaseState, *, note: str = "", by: User | None = None) -> None:
    case.move_to(state)
    case.note, case.closed_by, case.closed_at = note, by, timezone.now()
    case.save(update_fields=["state", "note", "closed_by", "closed_at"])
    publish(CaseClosed(case_id=case.public_id))
    restaurant_id = case.request.restaurant_id
    audit.record("fraud.looked_at", actor=by, target=case, restaurant_id=restaurant_id, details={"state": state})


@transaction.atomic
def note_review(*, payment: Payment) -> None:
    """Close the case of a payment that was let through or given back elsewhere."""
    payment = locked(payment.pk)
    case = Case.objects.select_for_update(of=("self",)).filter(payment=payment, state=CaseState.OPEN).first()
    if case is None or payment.review == Review.HELD:
        return
    _shut(case, CaseState.LET_THROUGH if payment.review == Review.RELEASED else CaseState.GIVEN_BACK)
