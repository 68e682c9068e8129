"""What happens to payments, written into the books in the same transaction. Kobo.

Whatever moves a payment's money is followed by what is taken of it: the taxes of a sale (`shares`), and Buka's
commission (`payments.settlement.services.commission`).
"""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from payments.ledger import chart, postings, selectors, services
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.models import Transaction
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Dispute, Payment, Refund
from payments.services import shares
from payments.settlement.services import commission, dividing
from payments.states import DisputeState, Kind, RefundState, Review

# What a payment's money may stand on, and the order in which it is taken back from there.
STANDS_ON = (
    AccountKind.SUSPENSE,
    AccountKind.DEPOSITS_HELD,
    AccountKind.RESTAURANT_PAYABLE,
    AccountKind.LATE_FEES,
    AccountKind.DEPOSIT_RETAINED,
)


def captured(payment: Payment) -> None:
    """Money has come. What is held for a look belongs to nobody yet."""
    fee = payment.fee_kobo
    if payment.review == Review.HELD:
        lines = postings.unasked_captured(gateway=payment.gateway, amount_kobo=payment.received_kobo, fee_kobo=fee)
    else:
        lines = postings.captured(
            gateway=payment.gateway, amount_kobo=payment.received_kobo, into=_for(payment), fee_kobo=fee
        )
    _post(payment, "captured", TransactionKind.CAPTURED, lines, at=payment.paid_at)
    _share_anew(payment, at=payment.paid_at)
    dividing.book_divided(payment)


def released(payment: Payment) -> None:
    """What was held for a look counts."""
    held = selectors.standing_of_payment(payment.public_id).get(chart.suspense(payment.gateway), 0)
    if held > 0:
        lines = postings.suspense_cleared(gateway=payment.gateway, amount_kobo=held, into=_for(payment))
        posted = _post(payment, "released", TransactionKind.SUSPENSE_CLEARED, lines)
        _share_anew(payment, at=posted.happened_at)


def fee_told(payment: Payment, *, before_kobo: int | None) -> None:
    """The gateway has told its fee late, or another one."""
    lines = postings.fee_told(gateway=payment.gateway, fee_kobo=payment.fee_kobo or 0, before_kobo=before_kobo or 0)
    if lines:
        _post(payment, f"fee:{payment.fee_kobo}", TransactionKind.FEE_TOLD, lines)


def refund_asked(payment: Payment, refund: Refund) -> None:
    """Money is promised back."""
    sources = sources_of(payment, refund.amount_kobo)
    lines = postings.refund_asked(gateway=payment.gateway, out_of=sources)
    posted = _post(payment, f"refund:{refund.public_id}:asked", TransactionKind.REFUND_ASKED, lines)
    # Of the same moment: on a statement it is one line.
    _share_anew(payment, at=posted.happened_at)


def refund_taken_in(payment: Payment, refund: Refund) -> None:
    """A refund that was begun at the gateway: done already, or on its way."""
    if refund.state == RefundState.DONE:
        lines = postings.refund_taken_in(gateway=payment.gateway, out_of=sources_of(payment, refund.amount_kobo))
        posted = _post(payment, f"refund:{refund.public_id}:taken", TransactionKind.REFUND_TAKEN_IN, lines)
        _share_anew(payment, at=posted.happened_at)
    else:
        refund_asked(payment, refund)


def refund_moved(payment: Payment, refund: Refund) -> None:
    """A refund has arrived, or has failed; also one that had been said to have arrived."""
    number, now = f"refund:{refund.public_id}", timezone.now()
    asked = _posted(payment, f"{number}:asked")
    if refund.state == RefundState.DONE and asked is not None:
        lines = postings.refund_done(gateway=payment.gateway, amount_kobo=refund.amount_kobo)
        _post(payment, f"{number}:done", TransactionKind.REFUND_DONE, lines)
    elif refund.state == RefundState.FAILED:
        for key in (f"{number}:done", f"{number}:taken"):
            if (done := _posted(payment, key)) is not None:
                _reverse(payment, done, at=now)
        if asked is not None:
            back = {
                entry.account.named: entry.amount_kobo
                for entry in asked.entries.select_related("account")
                if entry.amount_kobo > 0
            }
            lines = postings.refund_failed(gateway=payment.gateway, out_of=back)
            _post(payment, f"{number}:failed", TransactionKind.REFUND_FAILED, lines, at=now)
        _share_anew(payment, at=now)


def dispute_moved(payment: Payment, dispute: Dispute, *, before: str | None) -> None:
    """A bank wants money back, has got it, or has let go."""
    if not dispute.counted_kobo:
        # All of it went back before: the bank has nothing to take.
        return
    gateway, number, now = payment.gateway, f"dispute:{dispute.public_id}", timezone.now()
    turn = selectors.transactions_of_payment(payment.public_id).filter(key__contains=number).count()
    opened: Transaction | None
    if before is None or before == DisputeState.WON:
        lines = postings.dispute_opened(gateway=gateway, out_of=sources_of(payment, dispute.counted_kobo))
        opened = _post(payment, f"{number}:opened:{turn}", TransactionKind.DISPUTE_OPENED, lines, at=now)
        turn += 1
    else:
        kind = TransactionKind.DISPUTE_OPENED
        opened = selectors.transactions_of_payment(payment.public_id).filter(key__contains=number, kind=kind).last()
    if dispute.state == DisputeState.LOST:
        lines = postings.dispute_lost(gateway=gateway, amount_kobo=dispute.counted_kobo)
        _post(payment, f"{number}:lost:{turn}", TransactionKind.DISPUTE_LOST, lines, at=now)
    elif dispute.state == DisputeState.WON and opened is not None:
        if before == DisputeState.LOST:
            lost = TransactionKind.DISPUTE_LOST
            standing = selectors.transactions_of_payment(payment.public_id).filter(key__contains=number, kind=lost)
            for one in standing.order_by("-pk")[:1]:
                _reverse(payment, one, at=now)
        back = {
            entry.account.named: entry.amount_kobo
            for entry in opened.entries.select_related("account")
            if entry.amount_kobo > 0
        }
        _post(
            payment,
            f"{number}:won:{turn}",
            TransactionKind.DISPUTE_WON,
            postings.dispute_won(gateway=gateway, out_of=back),
            at=now,
        )
    _share_anew(payment, at=now)


def held_of(payment: Payment) -> int:
    """Return what of a payment stands as a deposit that is held for its guest."""
    held = chart.deposits_held(payment.request.restaurant_id)
    return selectors.standing_of_payment(payment.public_id).get(held, 0)


def deposit_applied(payment: Payment, *, but_kobo: int = 0) -> None:
    """The guest came: the deposit is a part of the bill's payment.

    :param but_kobo: so much is on its way back, and stays the guest's
    """
    _from_held(payment, "applied", TransactionKind.DEPOSIT_APPLIED, postings.deposit_applied, but_kobo)


def deposit_retained(payment: Payment, *, but_kobo: int = 0) -> None:
    """The guest did not come, or cancelled too late: the deposit stays with the house, but for so much."""
    _from_held(payment, "retained", TransactionKind.DEPOSIT_RETAINED, postings.deposit_retained, but_kobo)


def deposit_released(payment: Payment) -> None:
    """What was kept counts again: the no-show was undone. What went back of it meanwhile stays gone."""
    house = payment.request.restaurant_id
    kept = selectors.standing_of_payment(payment.public_id).get(chart.deposit_retained(house), 0)
    if kept > 0:
        kind = TransactionKind.DEPOSIT_RETAINED
        turn = selectors.transactions_of_payment(payment.public_id).filter(kind=kind).count()
        lines = postings.opposite(postings.deposit_retained(house=house, amount_kobo=kept))
        _post(payment, f"unretained:{turn}", kind, lines)


def sources_of(payment: Payment, amount_kobo: int) -> dict[AccountName, int]:
    """Return what so much of a payment's money stands on now; what is missing there the house owes."""
    standing = selectors.standing_of_payment(payment.public_id)
    found: dict[AccountName, int] = {}
    for kind in STANDS_ON:
        for account, kobo in standing.items():
            part = min(kobo, amount_kobo)
            if account.kind == kind and part > 0:
                found[account] = part
                amount_kobo -= part
    if amount_kobo > 0:
        owed = chart.restaurant_payable(payment.request.restaurant_id)
        found[owed] = found.get(owed, 0) + amount_kobo
    return found


def _for(payment: Payment) -> AccountName:
    house = payment.request.restaurant_id
    if payment.request.kind in (Kind.DEPOSIT, Kind.GUARANTEE):
        # A guarantee is the guest's all along, and on its way back.
        return chart.deposits_held(house)
    if payment.request.kind == Kind.FEE:
        return chart.late_fees(house)
    return chart.restaurant_payable(house)


def _share_anew(payment: Payment, *, at: datetime | None) -> None:
    """Bring what was taken out of a sale to what it is now: more of it, or a part of it put back."""
    if payment.request.kind != Kind.TICKETS:
        return
    house = payment.request.restaurant_id
    payable = chart.restaurant_payable(house)
    wanted = {
        line.account: -line.amount_kobo
        for line in postings.shared_out(house=house, share=shares.share_of_sale(payment))
        if line.account != payable
    }
    standing = selectors.standing_of_payment(payment.public_id)
    # The house's own: the tax of Buka's commission is the commission's.
    taken = [
        account for account in standing if account.kind == AccountKind.TAX_PAYABLE and account.restaurant_id == house
    ]
    parts = [
        postings.move(more, debit=payable, credit=account)
        if more > 0
        else postings.move(-more, debit=account, credit=payable)
        for account in sorted({*wanted, *taken}, key=lambda account: account.order)
        if (more := wanted.get(account, 0) - standing.get(account, 0))
    ]
    if not parts:
        return
    kinds = (TransactionKind.SHARED_OUT, TransactionKind.SHARE_RETURNED)
    turn = selectors.transactions_of_payment(payment.public_id).filter(kind__in=kinds).count()
    lines = postings.together(*parts)
    is_more = sum(line.amount_kobo for line in lines if line.account == payable) > 0
    _post(payment, f"share:{turn}", kinds[0] if is_more else kinds[1], lines, at=at)


def _from_held(
    payment: Payment, word: str, kind: TransactionKind, posting: Callable[..., postings.Lines], but_kobo: int
) -> None:
    house = payment.request.restaurant_id
    held = held_of(payment) - but_kobo
    if held > 0:
        turn = selectors.transactions_of_payment(payment.public_id).filter(kind=kind).count()
        _post(payment, f"{word}:{turn}", kind, posting(house=house, amount_kobo=held))


def _posted(payment: Payment, word: str) -> Transaction | None:
    return selectors.transaction_of(f"payment:{payment.public_id}:{word}")


def _post(
    payment: Payment, word: str, kind: TransactionKind, lines: postings.Lines, *, at: datetime | None = None
) -> Transaction:
    posted = services.post(
        key=f"payment:{payment.public_id}:{word}",
        kind=kind,
        lines=lines,
        happened_at=at or timezone.now(),
        about=About.payment(payment.public_id),
        restaurant_id=payment.request.restaurant_id,
    )
    commission.keep_up(payment, at=posted.happened_at)
    return posted


def _reverse(payment: Payment, done: Transaction, *, at: datetime) -> None:
    undone = services.reverse(done, happened_at=at)
    commission.keep_up(payment, at=undone.happened_at)
