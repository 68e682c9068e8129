"""A payout leaves: by a gateway, under our reference, or by a list that people upload at the bank.

No transaction is open while a gateway is spoken to. A payout is moved to *sending* and committed before the gateway is
told. Where the answer is lost the gateway is asked by our reference; it is told again, under the same reference, only
when it has said two minutes later that it knows none.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from payments.gateways import registry
from payments.gateways.base import (
    Absent,
    BankAccount,
    Down,
    Gateway,
    PayoutAsk,
    PayoutOutcome,
    Refused,
    SentPayout,
    Unknown,
)
from payments.ledger import postings, services
from payments.ledger.selectors import owed_to, transaction_of
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.settlement import errors, telling
from payments.settlement.models import Payout
from payments.settlement.services.payouts import end_unsent, locked
from payments.settlement.states import OPEN_PAYOUTS, UNPAID, AccountState, NotSent, PayoutState

logger = logging.getLogger(__name__)

FILE = "file"
# Whoever tells the gateway may have died: only after this somebody else goes on.
SPEAKS = timedelta(minutes=2)
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
# Banks send back for days what was said to have arrived.
LOOKS_AGAIN = timedelta(days=1)
LOOKS = 3

# One that failed may still turn out to have left.
ASKED_ABOUT = (PayoutState.SENDING, PayoutState.SENT, PayoutState.PAID, PayoutState.FAILED)

Answer = SentPayout | Refused | Absent | Down | Unknown


def send_due(limit: int = 50) -> int:
    """Send what was approved, and ask about what is on its way; return how many were looked at."""
    due = Payout.objects.filter(next_check_at__lte=timezone.now()).exclude(by=FILE).order_by("next_check_at")
    keys = list(due.values_list("pk", flat=True)[:limit])
    for key in keys:
        go_on(payout_id=key)
    return len(keys)


def go_on(*, payout_id: int) -> Payout:
    """Do what is next for a payout: tell the gateway of it, or ask what became of it."""
    payout, is_told = _claimed(payout_id)
    if payout.state not in ASKED_ABOUT or not payout.by:
        return payout
    try:
        gateway = registry.gateway(payout.by)
    except registry.NoSuchGateway:
        return payout
    if not is_told:
        return _note(payout.pk, gateway.pay_out(_ask(payout)), gateway, is_first_telling=True)
    answer: Answer = gateway.find_payout(payout.reference)
    if isinstance(answer, Absent) and _may_be_told_again(payout):
        # Under the same reference it cannot happen twice.
        answer = gateway.pay_out(_ask(payout))
    return _note(payout.pk, answer, gateway)


@transaction.atomic
def _may_be_told_again(payout: Payout) -> bool:
    """Tell whether it is long enough since the gateway was told, and note that it is told now: one asker alone does."""
    now = timezone.now()
    rows = Payout.objects.filter(pk=payout.pk, state=PayoutState.SENDING, told_at__lte=now - SPEAKS)
    return rows.update(told_at=now) == 1


@transaction.atomic
def _claimed(payout_id: int) -> tuple[Payout, bool]:
    """Return a payout, and whether its gateway may have been told of it before."""
    payout, now = locked(payout_id), timezone.now()
    if payout.state == PayoutState.APPROVED:
        if (why := _why_not(payout)) is not None:
            end_unsent(payout, by=None, why=why)
            return payout, True
        try:
            gateway = registry.gateway(payout.by)
        except registry.NoSuchGateway:
            # Its key is gone; whoever approved it sees that it does not go on.
            payout.next_check_at = now + PAUSES[-1]
            payout.save(update_fields=["next_check_at"])
            return payout, True
        payout.move_to(PayoutState.SENDING)
        payout.mode, payout.told_at, payout.next_check_at = gateway.mode, now, now + SPEAKS
        payout.save()
        return payout, False
    if payout.next_check_at is not None:
        payout.checks += 1
        payout.next_check_at = now + SPEAKS
        payout.save(update_fields=["checks", "next_check_at"])
    return payout, True


def _why_not(payout: Payout) -> NotSent | None:
    """Return why what was approved cannot be sent any more: people may have done much since."""
    if payout.account.state != AccountState.ACTIVE:
        return NotSent.ACCOUNT_NOT_IN_USE
    if owed_to(payout.restaurant_id) < payout.amount_kobo:
        return NotSent.LESS_IS_OWED
    return None


def _ask(payout: Payout) -> PayoutAsk:
    account = payout.account
    return PayoutAsk(
        reference=payout.reference,
        amount_kobo=payout.amount_kobo,
        account=BankAccount(account.bank_code, account.number),
        name=account.holder,
        reason=f"Buka {payout.until:%Y-%m-%d}",
    )


@transaction.atomic
def _note(payout_id: int, answer: Answer, gateway: Gateway, *, is_first_telling: bool = False) -> Payout:
    """Write down what a gateway answered; only when it is told for the first time can it mean that nothing happened."""
    payout, now = locked(payout_id), timezone.now()
    if payout.mode and payout.mode != gateway.mode:
        _look_later(payout, now)
        payout.save()
        return payout
    if isinstance(answer, SentPayout):
        if (answer.amount_kobo, answer.currency or "NGN") != (payout.amount_kobo, "NGN"):
            logger.error("%s names another sum for the payout %s", payout.by, payout.reference)
            answer = Unknown("the gateway names another sum")
        else:
            payout.gateway_id, payout.word = answer.gateway_id[:60], answer.word[:40]
            _moved(payout, answer, now)
    elif isinstance(answer, Refused) and payout.state == PayoutState.SENDING:
        _failed(payout, answer.why, now)
    elif isinstance(answer, Down) and payout.state == PayoutState.SENDING and is_first_telling:
        # Nothing has happened there: it is approved as before, and told later.
        payout.move_to(PayoutState.APPROVED)
        payout.told_at = None
    _look_later(payout, now)
    payout.save()
    return payout


def _look_later(payout: Payout, now: datetime) -> None:
    """Set when a payout is asked about next, whatever was answered now."""
    if payout.is_open:
        payout.next_check_at = now + PAUSES[min(payout.checks, len(PAUSES) - 1)]
    elif payout.state == PayoutState.PAID:
        ends = (payout.ended_at or now) + LOOKS * LOOKS_AGAIN
        payout.next_check_at = now + LOOKS_AGAIN if now < ends and payout.by != FILE else None


def _moved(payout: Payout, seen: SentPayout, now: datetime) -> None:
    if seen.outcome == PayoutOutcome.PENDING:
        if payout.state == PayoutState.SENDING:
            payout.move_to(PayoutState.SENT)
    elif seen.outcome == PayoutOutcome.PAID:
        if payout.state == PayoutState.FAILED:
            _make_way(payout)
        if payout.state in (*OPEN_PAYOUTS, PayoutState.FAILED):
            _paid(payout, now, fee_kobo=seen.fee_kobo or 0)
        if payout.state != PayoutState.PAID:
            # It had come back, or was never to be sent: a person has to look.
            logger.error("%s has paid %s, which counts as %s", payout.by, payout.reference, payout.state)
    elif payout.state == PayoutState.PAID:
        _returned(payout, seen.why, now)
    elif payout.state in OPEN_PAYOUTS:
        # It came back before we had heard that it arrived: as if it had never left.
        _failed(payout, seen.why or seen.word, now)


def _make_way(payout: Payout) -> None:
    """Have the books take a payout that counted as failed and arrived: what was drafted of the same sum is not owed.

    What was sent of it meanwhile has left as well: both stand in the books, the house was paid ahead, and the next
    payout is so much less.
    """
    others = Payout.objects.filter(restaurant=payout.restaurant_id).exclude(pk=payout.pk)
    for key in others.filter(state__in=(PayoutState.DRAFTED, PayoutState.APPROVED)).values_list("pk", flat=True):
        end_unsent(locked(key), by=None, why=NotSent.EARLIER_ARRIVED)
    while others.filter(until=payout.until).exclude(state__in=UNPAID).exists():
        logger.error("The period of %s was paid twice", payout.reference)
        # A period is paid once by its constraint: this one's is told apart by as little as there is.
        payout.until -= timedelta(microseconds=1)


def _paid(payout: Payout, now: datetime, *, fee_kobo: int = 0) -> None:
    payout.move_to(PayoutState.PAID)
    payout.why, payout.ended_at, payout.next_check_at = "", now, None
    gateway = "" if payout.by == FILE else payout.by
    services.post(
        key=f"payout:{payout.public_id}:paid",
        kind=TransactionKind.PAID_OUT,
        lines=postings.paid_out(
            house=payout.restaurant_id, amount_kobo=payout.amount_kobo, gateway=gateway, fee_kobo=fee_kobo
        ),
        happened_at=now,
        about=About("payout", str(payout.public_id)),
        restaurant_id=payout.restaurant_id,
    )
    _record("settlement.payout_paid", payout, None)
    telling.tell_of_payout(payout, "paid")


def _failed(payout: Payout, why: str, now: datetime) -> None:
    payout.move_to(PayoutState.FAILED)
    payout.why, payout.ended_at, payout.next_check_at = why[:200], now, None
    _record("settlement.payout_failed", payout, None)
    telling.tell_of_payout(payout, "failed")


def _returned(payout: Payout, why: str, now: datetime) -> None:
    payout.move_to(PayoutState.RETURNED)
    payout.why, payout.ended_at, payout.next_check_at = why[:200], now, None
    posted = transaction_of(f"payout:{payout.public_id}:paid")
    if posted is not None:
        services.reverse(posted, happened_at=now)
    _record("settlement.payout_returned", payout, None)
    telling.tell_of_payout(payout, "returned")


def ask_about(*, gateway: str, mode: str, reference: str) -> str | None:
    """Ask what became of the payout with this reference, and return its state; None where it is none of ours."""
    payout = Payout.objects.filter(by=gateway, mode=mode, reference=reference).first()
    if payout is None:
        return None
    asked = registry.gateway(gateway)
    return _note(payout.pk, asked.find_payout(reference), asked).state


# --- By a list -------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_into_list(*, by: User) -> list[Payout]:
    """Return what was approved to be uploaded at the bank: each once, for the bank pays whatever is uploaded."""
    found = []
    for payout in _listed(PayoutState.APPROVED):
        if (why := _why_not(payout)) is not None:
            end_unsent(payout, by=by, why=why)
            continue
        payout.move_to(PayoutState.SENT)
        payout.told_at = timezone.now()
        payout.save()
        found.append(payout)
    audit.record("settlement.list_taken", actor=by, details={"payouts": len(found)})
    return found


@transaction.atomic
def repeat_list(*, by: User) -> list[Payout]:
    """Return once more what is on a list and has not ended: for a list that was lost before it was uploaded.

    Without what would not be sent any more; nobody knows whether it was, so it stays as it is.
    """
    found = [payout for payout in _listed(PayoutState.SENT) if _why_not(payout) is None]
    audit.record("settlement.list_repeated", actor=by, details={"payouts": len(found)})
    return found


def _listed(state: PayoutState) -> Iterator[Payout]:
    keys = Payout.objects.filter(by=FILE, state=state).order_by("pk").values_list("pk", flat=True)
    for payout in map(locked, keys):
        if payout.state == state:
            yield payout


@transaction.atomic
def mark_paid(*, payout: Payout, bank_reference: str, by: User) -> Payout:
    """Note that the bank has paid what stood on its list.

    Also of what counted as failed: the bank's statement decides.

    :raises PayoutOver: when it stands on no list, or has ended otherwise
    """
    payout = _of_list(payout, PayoutState.SENT, PayoutState.FAILED)
    if payout.state == PayoutState.FAILED:
        _make_way(payout)
    payout.bank_reference = bank_reference[:60]
    _paid(payout, timezone.now())
    payout.save()
    _record("settlement.payout_marked", payout, by)
    return payout


@transaction.atomic
def mark_returned(*, payout: Payout, why: str, by: User) -> Payout:
    """Note that the bank has not paid what stood on its list, or that it came back.

    :raises PayoutOver: when it is neither on its way nor paid
    """
    payout = _of_list(payout, PayoutState.SENT, PayoutState.PAID)
    (_returned if payout.state == PayoutState.PAID else _failed)(payout, why, timezone.now())
    payout.save()
    _record("settlement.payout_marked", payout, by)
    return payout


def _of_list(payout: Payout, *states: PayoutState) -> Payout:
    payout = locked(payout.pk)
    if payout.by != FILE or payout.state not in states:
        raise errors.PayoutOver
    return payout


def _record(action: str, payout: Payout, by: User | None) -> None:
    audit.record(
        action,
        actor=by,
        target=payout,
        restaurant_id=payout.restaurant_id,
        details={"kobo": payout.amount_kobo, "reference": payout.reference},
    )
