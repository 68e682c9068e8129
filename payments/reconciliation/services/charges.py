"""A gateway's payments beside ours, and ours beside the gateway's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from payments.gateways import base
from payments.gateways.base import Absent, Charge, Down, Gateway, Outcome, RefundOutcome, Unknown
from payments.ledger import chart, postings, selectors, services
from payments.ledger.models import Transaction
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Payment
from payments.reconciliation.models import Run
from payments.reconciliation.services import evidence
from payments.reconciliation.services.findings import Difference, note
from payments.reconciliation.states import FindingKind
from payments.services import settling
from payments.states import PaymentState

CHARGE, REFUND = "charge", "refund"
T = TypeVar("T")


class NotNow(Exception):
    """The gateway does not answer: the comparison stops here and is gone on with later."""


@dataclass(frozen=True)
class Comparing:
    """One day at one gateway."""

    run: Run
    gateway: Gateway

    def note(
        self,
        kind: FindingKind,
        about: str,
        *,
        payment: Payment | None = None,
        reference: str = "",
        gateway_id: str = "",
        ours: int | None = None,
        theirs: int | None = None,
        is_gone: bool = False,
        **seen: object,
    ) -> None:
        """Write down that something differs; `seen` is what stands on both sides."""
        difference = Difference(
            kind=kind,
            gateway=self.gateway.name,
            mode=self.gateway.mode,
            about=about,
            payment=payment,
            reference=reference,
            gateway_id=gateway_id,
            ours_kobo=ours,
            theirs_kobo=theirs,
            evidence=seen,
        )
        note(difference, run=self.run, is_gone=is_gone)

    def payment_of(self, *, gateway_id: str, reference: str = "") -> Payment | None:
        """Return our payment of a charge: by its number there, or by our reference."""
        rows = Payment.objects.filter(gateway=self.gateway.name, mode=self.gateway.mode)
        found = rows.filter(gateway_id=gateway_id).first() if gateway_id else None
        return found or (rows.filter(reference=reference).first() if reference and not gateway_id else None)


def said(answer: T | Down | Unknown) -> T:
    """Return an answer.

    :raises NotNow: when it is none
    """
    if isinstance(answer, Down | Unknown):
        raise NotNow(answer.why)
    return answer


# --- Theirs beside ours ----------------------------------------------------------------------------------------------


def compare_charge(day: Comparing, charge: Charge) -> None:
    """Compare a charge of the gateway's with our payment; settle what was not noticed, book what nobody asked for.

    :raises NotNow: when the gateway has to be asked more and does not answer
    """
    payment = day.payment_of(gateway_id=charge.gateway_id)
    if charge.mode is not None and charge.mode != day.gateway.mode:
        seen = evidence.of_charge(charge)
        day.note(FindingKind.MODE, charge.gateway_id, payment=payment, reference=charge.reference,
                 gateway_id=charge.gateway_id, theirs=charge.amount_kobo, there=seen)  # fmt: skip
        return
    if charge.outcome == Outcome.PAID:
        if payment is None:
            payment = _noticed(day, charge)
        if payment is not None:
            _take_back_out_of_suspense(day.gateway, charge)
            _compare(day, payment, charge)
    elif payment is not None and payment.state == PaymentState.SUCCEEDED and charge.outcome != Outcome.REVERSED:
        day.note(FindingKind.MISSING_THERE, payment.reference, payment=payment, ours=payment.received_kobo, theirs=0,
                 here=evidence.of_payment(payment), there=evidence.of_charge(charge))  # fmt: skip
    elif payment is None and charge.outcome == Outcome.REVERSED and _standing(day.gateway, charge.gateway_id):
        # It was unasked for while it was there: now it has gone back, and leaves the books as well.
        _unasked(day, charge)


def _noticed(day: Comparing, charge: Charge) -> Payment | None:
    """Return the payment that a paid charge turns out to be; None where it is nobody's, or is held for a look."""
    rows = Payment.objects.filter(gateway=day.gateway.name, mode=day.gateway.mode)
    asked = rows.filter(reference=charge.reference).first() if charge.reference else None
    if asked is None:
        _unasked(day, charge)
        return None
    told = settling.ask(payment_id=asked.pk)
    said(told)
    asked = settling.write_down(payment_id=asked.pk, told=told)
    payment = day.payment_of(gateway_id=charge.gateway_id)
    if payment is not None:
        day.note(FindingKind.UNNOTICED, charge.gateway_id, payment=payment, ours=0, theirs=charge.amount_kobo,
                 is_gone=True, there=evidence.of_charge(charge))  # fmt: skip
        return payment
    kinds = {"currency": FindingKind.CURRENCY, "mode": FindingKind.MODE, "reference": FindingKind.REFERENCE}
    kind = kinds.get(settling.what_differs(asked, charge), FindingKind.AMOUNT)
    day.note(kind, charge.gateway_id, payment=asked, gateway_id=charge.gateway_id, ours=asked.amount_kobo,
             theirs=charge.amount_kobo, here=evidence.of_payment(asked), there=evidence.of_charge(charge))  # fmt: skip
    return None


def _compare(day: Comparing, payment: Payment, charge: Charge) -> None:
    """Compare what is known to be one payment on both sides."""
    if payment.fee_kobo is None and charge.fee_kobo is not None and payment.state == PaymentState.SUCCEEDED:
        told = settling.ask(payment_id=payment.pk)
        said(told)
        settling.write_down(payment_id=payment.pk, told=told)
        payment.refresh_from_db()
    beside = payment.beside.reference if payment.beside else payment.reference
    differing: list[tuple[FindingKind, int, int]] = []
    if charge.reference != beside:
        differing.append((FindingKind.REFERENCE, payment.received_kobo, charge.amount_kobo))
    if charge.currency != payment.currency:
        differing.append((FindingKind.CURRENCY, payment.received_kobo, charge.amount_kobo))
    if charge.amount_kobo != payment.received_kobo:
        differing.append((FindingKind.AMOUNT, payment.received_kobo, charge.amount_kobo))
    if None not in (payment.fee_kobo, charge.own_fee_kobo) and payment.fee_kobo != charge.own_fee_kobo:
        differing.append((FindingKind.FEE, payment.fee_kobo or 0, charge.own_fee_kobo or 0))
    for kind, ours, theirs in differing:
        day.note(kind, charge.gateway_id, payment=payment, ours=ours, theirs=theirs,
                 here=evidence.of_payment(payment), there=evidence.of_charge(charge))  # fmt: skip


# --- Money that nobody asked for -------------------------------------------------------------------------------------


def _unasked(day: Comparing, charge: Charge) -> None:
    """Book money that nobody asked for, and what of it has gone back; what is left is for a person to look into."""
    since = charge.made_at or charge.paid_at
    refunds = said(day.gateway.refunds_of(reference=charge.reference, gateway_id=charge.gateway_id, since=since))
    left = _book_unasked(day.gateway, charge, refunds)
    if left > 0:
        day.note(FindingKind.UNASKED, charge.gateway_id, reference=charge.reference, gateway_id=charge.gateway_id,
                 ours=0, theirs=left, there=evidence.of_charge(charge),
                 refunds_there=[evidence.of_their_refund(seen) for seen in refunds])  # fmt: skip


@transaction.atomic
def _book_unasked(gateway: Gateway, charge: Charge, refunds: Sequence[base.Refund]) -> int:
    about = _about(gateway, charge.gateway_id)
    into = chart.suspense(gateway.name, charge.currency)
    if charge.amount_kobo > 0:
        if selectors.transaction_of(f"{_key(gateway, CHARGE, charge.gateway_id)}:unasked") is None:
            came = postings.captured(
                gateway=gateway.name, amount_kobo=charge.amount_kobo, into=into, fee_kobo=charge.own_fee_kobo
            )
            _post(gateway, CHARGE, charge.gateway_id, about, TransactionKind.CAPTURED, came, at=charge.paid_at)
        else:
            _tell_fee(gateway, charge, about)
    left = charge.amount_kobo
    for seen in refunds:
        standing = _post_refund(gateway, charge, seen, about, into)
        left -= seen.amount_kobo if standing else 0
    return left


def _post_refund(gateway: Gateway, charge: Charge, seen: base.Refund, about: About, source: chart.AccountName) -> bool:
    """Book a refund of money that nobody asked for, or that it failed; tell whether it counts."""
    if seen.outcome == RefundOutcome.FAILED:
        gone = selectors.transaction_of(f"{_key(gateway, REFUND, seen.gateway_id)}:unasked")
        if gone is not None:
            services.reverse(gone, happened_at=timezone.now())
        return False
    lines = postings.refund_taken_in(gateway=gateway.name, out_of={source: seen.amount_kobo})
    if seen.amount_kobo > 0:
        _post(gateway, REFUND, seen.gateway_id, about, TransactionKind.REFUND_TAKEN_IN, lines, at=seen.made_at)
    return True


def _tell_fee(gateway: Gateway, charge: Charge, about: About) -> None:
    if charge.own_fee_kobo is None:
        return
    fees = chart.gateway_fees(gateway.name, charge.currency)
    before = 0
    for posted in selectors.transactions_about(about.kind, about.id):
        for entry in posted.entries.select_related("account"):
            before += entry.amount_kobo if entry.account.named == fees else 0
    if before == charge.own_fee_kobo:
        return
    lines = postings.fee_told(
        gateway=gateway.name, fee_kobo=charge.own_fee_kobo, before_kobo=before, currency=charge.currency
    )
    number = f"{charge.gateway_id}:fee:{before}:{charge.own_fee_kobo}"
    _post(gateway, CHARGE, number, about, TransactionKind.FEE_TOLD, lines, at=None)


def _take_back_out_of_suspense(gateway: Gateway, charge: Charge) -> None:
    """Undo what was booked as nobody's: the payment that it is stands in the books by itself."""
    if not _standing(gateway, charge.gateway_id):
        return
    with transaction.atomic():
        for row in _standing(gateway, charge.gateway_id):
            services.reverse(row, happened_at=timezone.now(), note="It was asked for after all")


def _standing(gateway: Gateway, gateway_id: str) -> list[Transaction]:
    about = _about(gateway, gateway_id)
    posted = selectors.transactions_about(about.kind, about.id)
    return list(posted.filter(reverses=None, reversed_by=None))


def _about(gateway: Gateway, gateway_id: str) -> About:
    return About("charge", f"{gateway.name}:{gateway.mode}:{gateway_id}"[:64])


def _key(gateway: Gateway, what: str, number: str) -> str:
    return f"{what}:{gateway.name}:{gateway.mode}:{number}"


def _post(
    gateway: Gateway,
    what: str,
    number: str,
    about: About,
    kind: TransactionKind,
    lines: postings.Lines,
    *,
    at: datetime | None,
) -> None:
    services.post(
        key=f"{_key(gateway, what, number)}:unasked",
        kind=kind,
        lines=lines,
        happened_at=at or timezone.now(),
        about=about,
    )


# --- Ours beside theirs ----------------------------------------------------------------------------------------------


def compare_payment(day: Comparing, payment: Payment) -> None:
    """Look for a payment of ours that the gateway's lists of the day did not have.

    :raises NotNow: when the gateway does not answer
    """
    answer = day.gateway.find(payment.gateway_id)
    if isinstance(answer, Down | Unknown):
        raise NotNow(answer.why)
    if isinstance(answer, Absent):
        day.note(FindingKind.MISSING_THERE, payment.reference, payment=payment, ours=payment.received_kobo, theirs=0,
                 here=evidence.of_payment(payment))  # fmt: skip
        return
    if answer.outcome == Outcome.REVERSED:
        # All of it has gone back, by refunds or by banks; their lists were read before.
        payment.refresh_from_db()
        if payment.left_kobo > 0:
            day.note(FindingKind.MISSING_THERE, payment.reference, payment=payment, ours=payment.left_kobo, theirs=0,
                     here=evidence.of_payment(payment), there=evidence.of_charge(answer))  # fmt: skip
        return
    compare_charge(day, answer)
