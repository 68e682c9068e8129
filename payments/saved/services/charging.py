"""Charging a card that somebody let us keep: once, at its own gateway, and never at another.

As in `payments.services.beginning` the reference is committed first and the gateway told next. Whatever it answers of
money is asked anew by `settle`, the one way on which money counts.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.api.idempotency import IdempotencyKeyReused
from core.errors import DomainError
from core.outbox import publish
from payments import errors as refusals
from payments.events import PaymentFailed
from payments.fraud.services import judging
from payments.gateways import registry
from payments.gateways.base import Challenge, Channel, Charge, Down, Gateway, Outcome, Refused, SavedCharge, Unknown
from payments.models import Payment, PaymentRequest
from payments.saved import errors
from payments.saved.models import CardCharge, SavedMethod
from payments.saved.states import MethodState
from payments.services import settling
from payments.services.asking import UNCOUNTED
from payments.services.beginning import SPEAKS, make_time, new_reference
from payments.settlement.services.splitting import split_of
from payments.states import PaymentState, RequestState
from payments.subjects import subject_of

logger = logging.getLogger(__name__)

# So long a bank's question to its customer is waited for.
CONFIRMED_WITHIN = timedelta(hours=24)


class Came(StrEnum):
    """What came of a charge, as far as it is known now."""

    PAID = "paid"
    # The bank's answer is awaited: only asked about, never charged again.
    CHECKING = "checking"
    # The bank wants its customer to confirm on the payment's page.
    CHALLENGED = "challenged"
    REFUSED = "refused"
    # Nothing has happened: it may be tried again later.
    DOWN = "down"


@dataclass(frozen=True)
class Charged:
    payment: Payment
    came: Came

    @property
    def refusal(self) -> DomainError | None:
        """What its payer is told where nothing was paid: that the bank said no, or that nobody could ask it."""
        if self.came == Came.REFUSED:
            return errors.CardRefused()
        return refusals.NoGateway() if self.came == Came.DOWN else None


def charge_saved(
    *,
    request: PaymentRequest,
    method: SavedMethod,
    return_url: str,
    key: str,
    by: User | None = None,
    address: str = "",
    device: str = "",
) -> Charged:
    """Charge a saved card for what is still due of a request, and return the payment with what came of it.

    The same key again never charges a second time: it tells what came of the first. Only a charge of which the gateway
    was never told, or has never heard, is made anew.

    :param by: the holder, where they are there, and have just shown that it is they; otherwise no rule against fraud is
        asked, for nobody is judged
    :param device: the keyed hash of their browser's own mark (payments.fraud)
    :raises NothingToPay: when nothing is asked for any more
    :raises TooLittleTime: when the table is not held long enough
    :raises payments.fraud.errors.NotLetBegin: when the rules against fraud do not let it begin
    :raises PaymentIsChecked: while another attempt may have taken money
    :raises CardUnusable: when the card is forgotten, over, or of an account whose key is gone
    """
    try:
        gateway = registry.gateway(method.gateway)
    except registry.NoSuchGateway:
        raise errors.CardUnusable from None
    if gateway.mode != method.mode:
        raise errors.CardUnusable
    known = Payment.objects.filter(key=key).first()
    if by is not None and (known is None or never_heard(known)):
        make_time(request, Channel.CARD)
    sender = judging.Sender(by=by, email=method.email, device=device, address=address, is_proven=True) if by else None
    try:
        with transaction.atomic():
            payment, token = _written(request.pk, method.pk, gateway=gateway, key=key, sender=sender, address=address)
    except judging.Stopped as stopped:
        # Kept once the transaction around it is gone, in which nothing was written.
        raise judging.refuse(request=request, verdict=stopped.verdict) from None
    except IntegrityError:
        # Another worker wrote it down in this moment, under the same key.
        known = Payment.objects.filter(key=key).first()
        if known is None:
            raise
        payment, token = _expect_of(known, request.pk), ""
    if not token:
        return Charged(payment, _came_of(payment))
    return _tell(payment, gateway, token=token, return_url=return_url)


def _written(
    request_id: int, method_id: int, *, gateway: Gateway, key: str, sender: judging.Sender | None, address: str
) -> tuple[Payment, str]:
    """Return the payment, and the token to charge where the gateway is yet to be told."""
    request = PaymentRequest.objects.select_for_update().get(pk=request_id)
    if (known := Payment.objects.filter(key=key).first()) is not None:
        if not never_heard(_expect_of(known, request.pk)):
            return known, ""
        # What comes in its place is known by its key.
        known.key = None
        known.save(update_fields=["key", "updated_at"])
    method = SavedMethod.objects.select_for_update().get(pk=method_id)
    if method.state != MethodState.KEPT or method.is_over:
        raise errors.CardUnusable
    due = subject_of(request.kind).due(request.subject_id)
    amount = min(request.missing_kobo, due.amount_kobo) if due is not None else 0
    if request.state != RequestState.OPEN or amount <= 0:
        raise refusals.NothingToPay
    of_subject = Payment.objects.filter(request__kind=request.kind, request__subject_id=request.subject_id)
    is_awaited = of_subject.live().exclude(state=PaymentState.PENDING).exists()
    if is_awaited or of_subject.filter(**UNCOUNTED).exists():
        raise refusals.PaymentIsChecked
    if amount < gateway.least_kobo:
        raise refusals.GatewayRefused
    verdict = None
    if sender is not None and due is not None:
        verdict = judging.before(request=request, sender=sender, amount_kobo=amount, due=due)
    now = timezone.now()
    payment = Payment(
        request=request,
        gateway=gateway.name,
        mode=gateway.mode,
        reference=new_reference(),
        amount_kobo=amount,
        channel=Channel.CARD,
        # Their own payment, whether or not they were there.
        payer_id=method.holder_id,
        email=method.email,
        address=address,
        card_last4=method.last4,
        card_brand=method.brand,
        card_bank=method.bank,
        expires_at=now + CONFIRMED_WITHIN,
        next_check_at=now + SPEAKS,
        key=key,
    )
    payment.save()
    CardCharge.objects.create(payment=payment, method=method, is_present=sender is not None)
    if verdict is not None:
        judging.note_begun(verdict=verdict, payment=payment)
    return payment, method.token


def _expect_of(known: Payment, request_id: int) -> Payment:
    if known.request_id != request_id:
        raise IdempotencyKeyReused
    return known


def _tell(payment: Payment, gateway: Gateway, *, token: str, return_url: str) -> Charged:
    due = subject_of(payment.request.kind).due(payment.request.subject_id)
    answer = gateway.charge_saved(
        SavedCharge(
            reference=payment.reference,
            amount_kobo=payment.amount_kobo,
            email=payment.email,
            token=token,
            description=due.title if due else str(payment.request.get_kind_display()),
            return_url=return_url,
            split=split_of(payment, mode=payment.mode),
        )
    )
    if isinstance(answer, Charge) and answer.outcome in (Outcome.PAID, Outcome.FAILED):
        payment = settling.settle(payment_id=payment.pk)
        return Charged(payment, _came_of(payment))
    if isinstance(answer, Charge):
        answer = Unknown(answer.word)
    payment = _note(payment.pk, answer)
    came = Came.DOWN if isinstance(answer, Down) and payment.state == PaymentState.FAILED else _came_of(payment)
    return Charged(payment, came)


@transaction.atomic
def _note(payment_id: int, answer: Challenge | Refused | Down | Unknown) -> Payment:
    payment = settling.locked(payment_id)
    if payment.state != PaymentState.INITIATED:
        # A webhook, or the schedule, was faster.
        return payment
    if isinstance(answer, Challenge):
        payment.move_to(PaymentState.PENDING)
        payment.checkout_url = answer.url
        payment.next_check_at = settling.next_check(payment)
    elif isinstance(answer, Unknown):
        payment.move_to(PaymentState.CHECKING)
        payment.next_check_at = settling.next_check(payment)
    else:
        payment.move_to(PaymentState.FAILED)
        payment.next_check_at = None
        if isinstance(answer, Refused):
            # A word says that the bank, or the gateway, has answered: without one it never heard of the charge.
            payment.word, payment.reason = (answer.code or "refused")[:40], answer.why[:200]
            logger.warning("%s refused to charge a saved card for %s: %s", payment.gateway, payment, answer.code)
        publish(
            PaymentFailed(
                payment_id=payment.public_id,
                request_id=payment.request.public_id,
                kind=payment.request.kind,
                subject_id=payment.request.subject_id,
                why=PaymentState.FAILED,
            )
        )
    payment.save()
    return payment


def _came_of(payment: Payment) -> Came:
    if payment.state == PaymentState.SUCCEEDED:
        return Came.PAID
    if payment.state == PaymentState.PENDING:
        return Came.CHALLENGED
    if payment.is_live:
        return Came.CHECKING
    return Came.DOWN if never_heard(payment) else Came.REFUSED


def never_heard(payment: Payment) -> bool:
    """Tell whether a charge came to nothing without its gateway having heard of it: it may be made anew."""
    return payment.state == PaymentState.FAILED and not payment.word and not payment.checkout_url


def has_failed_unheard(payment_id: UUID) -> bool:
    """Tell the same of a payment by its public id; False where there is none."""
    payment = Payment.objects.filter(public_id=payment_id).first()
    return payment is not None and never_heard(payment)
