"""Asking the rules: before a payer is sent to the bank's page, and when the money has come.

Every answer is kept with the figures that it came from. No rule ever gives money back or keeps it by itself: what they
hold waits for a person (Nigeria Data Protection Act 2023, s. 37).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from core import audit
from core.encryption import blind_index, index_of_email, index_of_phone
from payments.fraud import errors, reasons
from payments.fraud.measures import Facts, measure
from payments.fraud.models import Attempt, Case, Decision, Hit, Rule
from payments.fraud.states import AT, MEASURES, Answer, CaseState, Moment, RuleKind, strictness
from payments.models import Payment, PaymentRequest
from payments.subjects import Background, Due, subject_of

# Let through by a person, something may be begun so long, whatever the rules say.
LET_THROUGH_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Sender:
    """Who wants to pay, as the door knows them.

    :param device: a keyed hash of the browser's own cookie (payments.fraud.devices)
    :param is_proven: they have shown within the last minutes who they are
    """

    by: User | None = None
    email: str = ""
    device: str = ""
    address: str = ""
    is_proven: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the rules say together."""

    moment: Moment
    facts: Facts
    answer: Answer = Answer.ALLOW
    hits: Sequence[tuple[Rule, int]] = ()
    inputs: dict[str, int | None] = field(default_factory=dict)
    is_proven: bool = False

    @property
    def stops(self) -> bool:
        """Whether it may not begin as it stands."""
        return self.answer == Answer.REFUSE or (self.answer == Answer.STEP_UP and not self.is_proven)


class Stopped(Exception):
    """Leaves the transaction in which a payment would have been written down; `refuse` then says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.answer)
        self.verdict = verdict


# --- Asking the rules -------------------------------------------------------------------------------------------------


def ask(facts: Facts, moment: Moment, *, is_proven: bool = False) -> Verdict:
    """Ask every rule in force that can answer now; of several answers the strictest counts. Changes nothing."""
    inputs: dict[str, int | None] = {}
    hits = []
    for rule in _rules(facts, moment):
        key = f"{rule.kind}/{rule.window_minutes}" if MEASURES[RuleKind(rule.kind)].has_window else rule.kind
        if key not in inputs:
            inputs[key] = measure(RuleKind(rule.kind), facts, rule.window)
        found = inputs[key]
        if found is not None and found >= rule.threshold:
            hits.append((rule, found))
    answers = [Answer(rule.answer) for rule, _found in hits]
    strictest = max(answers, key=strictness, default=Answer.ALLOW)
    if moment == Moment.PAID and strictest == Answer.REFUSE:
        strictest = Answer.HOLD
    return Verdict(moment, facts, strictest, tuple(hits), inputs, is_proven)


def _rules(facts: Facts, moment: Moment) -> list[Rule]:
    """Return the rules to ask: a house's own of a kind stand in place of the general ones."""
    rows = Rule.objects.filter(
        Q(restaurant=None) | Q(restaurant_id=facts.restaurant_id),
        replaced_at=None,
        is_active=True,
        answer__in=AT[moment],
    )
    able = [rule for rule in rows if moment == Moment.PAID or not MEASURES[RuleKind(rule.kind)].needs_card]
    own = {rule.kind for rule in able if rule.restaurant_id is not None}
    able = [rule for rule in able if rule.restaurant_id is not None or rule.kind not in own]
    return [rule for rule in able if facts.amount_kobo >= rule.least_naira * 100]


# --- Before -----------------------------------------------------------------------------------------------------------


def before(*, request: PaymentRequest, sender: Sender, amount_kobo: int, due: Due) -> Verdict:
    """Return what the rules say of somebody who wants to begin to pay. Keep it with `note_begun`.

    :raises Stopped: when it may not begin; `refuse` keeps that, in a transaction of its own
    """
    facts = facts_of(request=request, sender=sender, amount_kobo=amount_kobo, due=due, now=timezone.now())
    verdict = ask(facts, Moment.BEGIN, is_proven=sender.is_proven)
    if verdict.stops:
        if not _was_let_through(request):
            raise Stopped(verdict)
        verdict = replace(verdict, answer=Answer.ALLOW)
    return verdict


def facts_of(*, request: PaymentRequest, sender: Sender, amount_kobo: int, due: Due, now: datetime) -> Facts:
    """Return what is known of somebody who wants to pay."""
    background = _background(request)
    return Facts(
        now=now,
        restaurant_id=request.restaurant_id,
        amount_kobo=amount_kobo,
        payer_id=sender.by.pk if sender.by else None,
        payer_since=sender.by.date_joined if sender.by else None,
        device=sender.device,
        address_index=blind_index(sender.address, purpose="fraud address"),
        # Of shares each is begun by somebody else: the number of who booked says nothing of them.
        phone_index=index_of_phone(due.payer.phone) if due.payer.phone and not request.is_share else "",
        email_index=index_of_email(sender.email),
        party_size=background.party_size,
        bookings_over=background.bookings_over,
        no_shows=background.no_shows,
    )


def _background(request: PaymentRequest) -> Background:
    return subject_of(request.kind).background(request.subject_id)


def _was_let_through(request: PaymentRequest) -> bool:
    since = timezone.now() - LET_THROUGH_FOR
    looked = Case.objects.filter(request=request, payment=None, state=CaseState.LET_THROUGH)
    return looked.filter(closed_at__gte=since).exists()


def note_begun(*, verdict: Verdict, payment: Payment) -> Decision:
    """Keep what the rules said of a payment that begins, in the transaction that writes it down."""
    _attempt(verdict.facts, request=payment.request, payment=payment)
    return _keep(verdict, request=payment.request, payment=payment)


def begun_elsewhere(*, before: Payment, now: Payment) -> None:
    """Let an attempt go on at another gateway: it is the same person's same attempt, and was judged."""
    Attempt.objects.filter(payment=before).update(payment=now)


@transaction.atomic
def refuse(*, request: PaymentRequest, verdict: Verdict) -> errors.ProofNeeded | errors.NotLetBegin:
    """Keep that something was not let begin, and return what its payer is told."""
    _attempt(verdict.facts, request=request, payment=None)
    decision = _keep(verdict, request=request, payment=None)
    audit.record(
        "fraud.stopped",
        target=decision,
        restaurant_id=request.restaurant_id,
        outcome="refused",
        details={"answer": verdict.answer, "kinds": reasons.kinds_of(decision)},
    )
    told: dict[str, Any] = {"reasons": reasons.reasons_of(decision), "decision": str(decision.public_id)}
    return errors.ProofNeeded(**told) if verdict.answer == Answer.STEP_UP else errors.NotLetBegin(**told)


def _attempt(facts: Facts, *, request: PaymentRequest, payment: Payment | None) -> Attempt:
    return Attempt.objects.create(
        request=request,
        payment=payment,
        restaurant_id=facts.restaurant_id,
        payer_id=facts.payer_id,
        device=facts.device,
        address_index=facts.address_index,
        phone_index=facts.phone_index,
        email_index=facts.email_index,
        amount_kobo=facts.amount_kobo,
        created_at=facts.now,
    )


def _keep(verdict: Verdict, *, request: PaymentRequest, payment: Payment | None) -> Decision:
    decision = Decision.objects.create(
        moment=verdict.moment,
        request=request,
        payment=payment,
        answer=verdict.answer,
        is_proven=verdict.is_proven,
        inputs=verdict.inputs,
        made_at=verdict.facts.now,
    )
    Hit.objects.bulk_create(Hit(decision=decision, rule=rule, measured=found) for rule, found in verdict.hits)
    return decision


# --- When the money has come ------------------------------------------------------------------------------------------


def holds(*, payment: Payment) -> str:
    """Ask the rules about money that has come, keep what they say, and return why it is held; nothing where it is not.

    In the transaction that writes the money down; what is held waits for a person's look from then on.
    """
    verdict = ask(facts_when_paid(payment, now=timezone.now()), Moment.PAID)
    decision = _keep(verdict, request=payment.request, payment=payment)
    if verdict.answer != Answer.HOLD:
        return ""
    Case.objects.create(request=payment.request, payment=payment, decision=decision)
    return f"rules: {', '.join(reasons.kinds_of(decision))}"[:200]


def facts_when_paid(payment: Payment, *, now: datetime) -> Facts:
    """Return what is known of a payment whose money has come: what was known before, and the card."""
    attempt = Attempt.objects.filter(payment=payment).select_related("payer").first()
    background = _background(payment.request)
    payer = payment.payer
    return Facts(
        now=now,
        restaurant_id=payment.request.restaurant_id,
        amount_kobo=payment.received_kobo,
        payer_id=payment.payer_id,
        payer_since=payer.date_joined if payer else None,
        device=attempt.device if attempt else "",
        address_index=attempt.address_index if attempt else "",
        phone_index=attempt.phone_index if attempt else "",
        email_index=attempt.email_index if attempt else payment.email_index,
        party_size=background.party_size,
        bookings_over=background.bookings_over,
        no_shows=background.no_shows,
        card_index=payment.card_index,
        card_country=payment.card_country,
        payment_id=payment.pk,
    )
