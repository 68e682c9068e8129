"""Beginning to pay: the reference is committed first, the gateway is told next, and its answer written down last.

No transaction is open while a gateway is spoken to. Where one dies in between, the attempt stands there with its
reference, and `settling.check_due` asks what became of it.
"""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.api.idempotency import IdempotencyKeyReused
from core.errors import DomainError
from payments import errors
from payments.fraud.services import judging
from payments.gateways import registry
from payments.gateways.base import (
    Absent,
    Channel,
    Charge,
    CheckoutAsk,
    Down,
    Gateway,
    Opened,
    Outcome,
    Payer,
    Refused,
    Unknown,
)
from payments.gateways.circuit import is_down
from payments.models import Payment, PaymentRequest
from payments.saved.services import keeping
from payments.saved.states import Purpose
from payments.services import settling
from payments.services.asking import UNCOUNTED
from payments.settlement.services.splitting import split_of
from payments.states import PaymentState, RequestState
from payments.subjects import Due, subject_of

logger = logging.getLogger(__name__)

# How long a gateway's page is waited for, and the time that its means of paying need: an account that is made for one
# transfer lives 30 minutes.
PAGE_LASTS = timedelta(minutes=30)
NEEDS = {
    Channel.CARD: timedelta(minutes=3),
    Channel.BANK: timedelta(minutes=5),
    Channel.USSD: timedelta(minutes=10),
    Channel.TRANSFER: timedelta(minutes=35),
}
# Another request is speaking to the gateway just now, or died while it did.
SPEAKS = timedelta(seconds=45)


@dataclass(frozen=True)
class Wish:
    """How somebody wants to pay: the means (any, if none), and who they are."""

    payer: Payer
    return_url: str
    cancel_url: str
    channel: Channel | None = None
    by: User | None = None
    address: str = ""
    # Of a request that may be sent twice: it begins one payment.
    key: str = ""
    # The keyed hash of the browser's own mark, and whether they have just shown who they are (payments.fraud).
    device: str = ""
    is_proven: bool = False
    # Whether they let their card be kept for the next time, and in which language they read what that means.
    keeps_card: bool = False
    language: str = "en"


def begin(*, request: PaymentRequest, wish: Wish) -> Payment:
    """Return a payment whose `checkout_url` is where the payer goes next; of several gateways the first that answers.

    An attempt that waits for its payer is continued rather than made anew.

    :raises NothingToPay: when nothing is asked for any more
    :raises PaymentIsChecked: while an earlier attempt may have taken money
    :raises TooLittleTime: when the table is not held long enough for this way of paying
    :raises NoEmail: when none is known
    :raises NoGateway: when none can be reached
    :raises GatewayRefused: when one says no
    :raises payments.fraud.errors.ProofNeeded: when the payer has to show first who they are
    :raises payments.fraud.errors.NotLetBegin: when the rules against fraud do not let it begin
    """
    if not wish.payer.email:
        raise errors.NoEmail
    if _still_due(request).keeps_card and wish.channel != Channel.CARD:
        wish = replace(wish, channel=Channel.CARD)
    if (known := _begun_by(wish.key, request)) is not None:
        return known
    make_time(request, wish.channel)
    left = list(registry.gateways().values())
    payment: Payment | None = None
    why: DomainError = errors.NoGateway()
    while left:
        gateway = next((one for one in left if not is_down(one.name)), left[0])
        left.remove(gateway)
        payment = _write_down(request_id=request.pk, wish=wish, gateway=gateway, instead_of=payment)
        if payment.state != PaymentState.INITIATED:
            return payment
        payment, refusal = _tell(payment, wish, gateway)
        if payment.state != PaymentState.FAILED:
            return payment
        why = refusal or why
    raise why


def make_time(request: PaymentRequest, channel: Channel | None) -> None:
    """Have the table held as long as the means of paying needs: before any row of ours is locked.

    Whoever takes money for a table locks that first and what was asked for it afterwards.

    :raises TooLittleTime: when it may not be held so long
    """
    due = _still_due(request)
    now = timezone.now()
    if due.until is None or channel is None:
        return
    wanted = now + NEEDS.get(channel, NEEDS[Channel.CARD])
    if wanted <= due.until:
        return
    if due.may_wait_until is None or due.may_wait_until < wanted:
        raise errors.TooLittleTime
    subject_of(request.kind).wait_until(request.subject_id, wanted)


def key_of(*, actor: str, key: str) -> str:
    """Return what a payment is known by that a request with an idempotency key begins."""
    return hashlib.sha256(f"{actor}\0{key}".encode()).hexdigest() if key else ""


def channels_within(left: timedelta | None) -> list[Channel]:
    """Return the means of paying that end before a hold of this length does; all of them where nothing is held."""
    return [channel for channel, needs in NEEDS.items() if left is None or needs <= left]


def _write_down(*, request_id: int, wish: Wish, gateway: Gateway, instead_of: Payment | None) -> Payment:
    """Return a new attempt, or the one that is to be continued; a request that is sent twice finds its own."""
    try:
        with transaction.atomic():
            return _written(request_id=request_id, wish=wish, gateway=gateway, instead_of=instead_of)
    except judging.Stopped as stopped:
        # Kept once the transaction around it is gone, in which nothing was written.
        request = PaymentRequest.objects.get(pk=request_id)
        raise judging.refuse(request=request, verdict=stopped.verdict) from None
    except IntegrityError:
        known = _begun_by(wish.key, PaymentRequest.objects.get(pk=request_id))
        if known is None:
            raise
        return known


def _begun_by(key: str, request: PaymentRequest) -> Payment | None:
    """Return the payment that a request sent before has begun; None where that ended before it had a page.

    :raises IdempotencyKeyReused: when that was for something else
    :raises PaymentIsChecked: while that request is still speaking to the gateway
    """
    known = Payment.objects.filter(key=key).first() if key else None
    if known is not None and known.request_id != request.pk:
        raise IdempotencyKeyReused
    if known is None or known.checkout_url or known.state not in (PaymentState.INITIATED, PaymentState.FAILED):
        return known
    if known.state == PaymentState.INITIATED and known.created_at > timezone.now() - SPEAKS:
        raise errors.PaymentIsChecked(retry_after=2)
    # Who began it died, or nobody could be reached.
    return None


def _written(*, request_id: int, wish: Wish, gateway: Gateway, instead_of: Payment | None) -> Payment:
    request = PaymentRequest.objects.select_for_update().get(pk=request_id)
    if (known := _begun_by(wish.key, request)) is not None:
        return known
    if wish.key:
        # What comes in its place is begun by the same request, and known by its key.
        Payment.objects.filter(key=wish.key).update(key=None)
    now = timezone.now()
    due = _still_due(request)
    amount = min(request.missing_kobo, due.amount_kobo)
    purposes = _kept_for(wish, due)
    if request.state != RequestState.OPEN or amount <= 0:
        raise errors.NothingToPay
    if (known := _to_continue(request, wish, amount=amount, now=now, purposes=purposes)) is not None:
        return known
    if Payment.objects.filter(request__kind=request.kind, request__subject_id=request.subject_id, **UNCOUNTED).exists():
        raise errors.PaymentIsChecked
    if amount < gateway.least_kobo:
        raise errors.GatewayRefused
    verdict = None if instead_of else judging.before(request=request, sender=_sender(wish), amount_kobo=amount, due=due)
    until = _waited_for(due, wish, now=now)
    payment = Payment(
        request=request,
        gateway=gateway.name,
        mode=gateway.mode,
        reference=new_reference(),
        amount_kobo=amount,
        channel=wish.channel or "",
        payer=wish.by,
        email=wish.payer.email,
        address=wish.address,
        expires_at=until,
        next_check_at=now + SPEAKS,
        key=wish.key or None,
    )
    payment.save()
    keeping.note_consents(payment=payment, purposes=purposes, language=wish.language)
    if verdict is not None:
        judging.note_begun(verdict=verdict, payment=payment)
    elif instead_of is not None:
        judging.begun_elsewhere(before=instead_of, now=payment)
    return payment


def _sender(wish: Wish) -> judging.Sender:
    return judging.Sender(
        by=wish.by, email=wish.payer.email, device=wish.device, address=wish.address, is_proven=wish.is_proven
    )


def _still_due(request: PaymentRequest) -> Due:
    due = subject_of(request.kind).due(request.subject_id)
    if due is None or due.amount_kobo <= 0:
        raise errors.NothingToPay
    return due


def _kept_for(wish: Wish, due: Due) -> frozenset[Purpose]:
    """Return what the card of this attempt is to be kept for."""
    found = set()
    if due.keeps_card:
        found.add(Purpose.GUARANTEE)
    if wish.keeps_card and wish.channel == Channel.CARD and wish.by is not None:
        found.add(Purpose.NEXT_TIME)
    return frozenset(found)


def _to_continue(
    request: PaymentRequest, wish: Wish, *, amount: int, now: datetime, purposes: frozenset[Purpose]
) -> Payment | None:
    """Return an attempt whose page is still open and fits.

    :raises PaymentIsChecked: when one may have taken money, or is being begun just now
    """
    for payment in request.payments.live().order_by("-pk"):
        if payment.state == PaymentState.CHECKING:
            raise errors.PaymentIsChecked
        if payment.state == PaymentState.INITIATED and payment.created_at > now - SPEAKS:
            raise errors.PaymentIsChecked(retry_after=2)
        fits = payment.amount_kobo == amount and payment.channel == (wish.channel or "")
        # A page that was made for a card to be kept keeps it; one that was not cannot.
        fits = fits and keeping.agreed(payment) == purposes
        if payment.state == PaymentState.PENDING and fits and payment.expires_at > now and payment.checkout_url:
            return payment
    return None


def _waited_for(due: Due, wish: Wish, *, now: datetime) -> datetime:
    """Return until when this attempt is waited for.

    :raises TooLittleTime: when what it is for does not wait so long
    """
    if due.until is None:
        return now + PAGE_LASTS
    needs = NEEDS[Channel.CARD] if wish.channel is None else NEEDS.get(wish.channel, NEEDS[Channel.CARD])
    # A moment has passed since the table was made to wait.
    if due.until < now + needs - timedelta(seconds=30):
        raise errors.TooLittleTime
    return due.until


def new_reference() -> str:
    """Return a reference that both gateways take and nobody guesses."""
    return f"buka-{secrets.token_hex(12)}"


# --- Telling the gateway --------------------------------------------------------------------------------------------


def _tell(payment: Payment, wish: Wish, gateway: Gateway) -> tuple[Payment, DomainError | None]:
    """Have the gateway make its page, and return the payment as it stands then; FAILED means another may be asked.

    The second is what the payer is told if that was the last one.
    """
    answer = gateway.open_checkout(_ask(payment, wish))
    if isinstance(answer, Unknown):
        # Nobody has been given the page, so nobody can have paid on it; the gateway is asked all the same.
        seen = gateway.verify(payment.reference)
        if isinstance(seen, Absent) or (isinstance(seen, Charge) and seen.outcome == Outcome.UNFINISHED):
            answer = Down(answer.why)
    refusal = errors.GatewayRefused() if isinstance(answer, Refused) else None
    return _note_answer(payment.pk, answer), refusal


def _ask(payment: Payment, wish: Wish) -> CheckoutAsk:
    request = payment.request
    minutes = max(1, int((payment.expires_at - timezone.now()).total_seconds() // 60))
    channels: Sequence[Channel] = (
        [wish.channel] if wish.channel else channels_within(payment.expires_at - timezone.now())
    )
    due = subject_of(request.kind).due(request.subject_id)
    return CheckoutAsk(
        reference=payment.reference,
        amount_kobo=payment.amount_kobo,
        payer=replace(wish.payer, name=wish.payer.name[:100]),
        return_url=wish.return_url,
        cancel_url=wish.cancel_url,
        description=due.title if due else str(request.get_kind_display()),
        channels=channels,
        minutes=minutes,
        split=split_of(payment, mode=payment.mode),
        reusable=bool(keeping.agreed(payment)),
        metadata={"request": str(request.public_id)},
    )


@transaction.atomic
def _note_answer(payment_id: int, answer: Opened | Refused | Down | Unknown) -> Payment:
    payment = settling.locked(payment_id)
    if payment.state != PaymentState.INITIATED:
        # A webhook, or the schedule, was faster.
        return payment
    if isinstance(answer, Opened):
        payment.move_to(PaymentState.PENDING)
        payment.checkout_url = answer.url
        payment.next_check_at = settling.next_check(payment)
    elif isinstance(answer, Unknown):
        payment.move_to(PaymentState.CHECKING)
        payment.next_check_at = settling.next_check(payment)
    else:
        payment.move_to(PaymentState.FAILED)
        payment.reason = answer.why[:200]
        payment.next_check_at = None
        # The same request goes on with the next gateway, and is known by that payment.
        payment.key = None
    payment.save()
    if isinstance(answer, Refused):
        logger.warning("%s refused to begin %s: %s", payment.gateway, payment.reference, answer.code)
    return payment
