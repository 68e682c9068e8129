"""Payouts into the books, and the books beside payments."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Sum
from django.utils import timezone

from payments.gateways.base import Settlement
from payments.ledger import chart, postings, selectors, services
from payments.ledger.models import Entry, Transaction
from payments.ledger.services import About, LedgerKeyTaken
from payments.ledger.states import TransactionKind
from payments.models import Payment, PaymentRequest
from payments.reconciliation.models import Finding
from payments.reconciliation.selectors import GRACE, Figures, figures
from payments.reconciliation.services import evidence
from payments.reconciliation.services.charges import Comparing
from payments.reconciliation.services.houses import house_of
from payments.reconciliation.states import FindingKind, FindingState
from payments.services.settling import locked
from payments.states import REFUND_UNDER_WAY, DisputeState, PaymentState, RequestState, Review

# Only what has left a gateway is booked.
PAID_OUT = ("success", "successful", "completed", "settled", "processed")


def book_settlement(day: Comparing, seen: Settlement) -> None:
    """Book what a gateway has paid out, once; what goes to an account that nobody knows is for a person."""
    if seen.word.lower() not in PAID_OUT or seen.amount_kobo == 0:
        return
    house = house_of(day.gateway.name, seen.subaccount) if seen.subaccount else None
    if seen.subaccount and house is None:
        day.note(FindingKind.SETTLEMENT, f"{seen.gateway_id}:whose", gateway_id=seen.gateway_id, ours=0,
                 theirs=seen.amount_kobo, there=evidence.of_settlement(seen))  # fmt: skip
        return
    gateway = day.gateway.name
    # What it says of fees is taken payment by payment: they stand in the books already. So does what it divided: the
    # house was not owed it any more from when it was paid.
    lines = (
        postings.subaccount_settled(gateway=gateway, subaccount=seen.subaccount, amount_kobo=seen.amount_kobo)
        if seen.subaccount
        else postings.settled(gateway=gateway, bank_kobo=seen.amount_kobo)
    )
    number = f"{day.gateway.name}:{day.gateway.mode}:{seen.gateway_id}"
    try:
        with transaction.atomic():
            services.post(
                key=f"settlement:{number}",
                kind=TransactionKind.SETTLED,
                lines=lines,
                happened_at=seen.settled_on or timezone.now(),
                about=About("settlement", number[:64]),
                restaurant_id=house,
            )
    except LedgerKeyTaken:
        posted = selectors.transaction_of(f"settlement:{number}")
        booked = sum(max(entry.amount_kobo, 0) for entry in posted.entries.all()) if posted else 0
        day.note(FindingKind.SETTLEMENT, f"{seen.gateway_id}:amount", gateway_id=seen.gateway_id, ours=booked,
                 theirs=seen.amount_kobo, there=evidence.of_settlement(seen))  # fmt: skip
    if seen.subaccount:
        _compare_what_was_divided(day, seen)


def _compare_what_was_divided(day: Comparing, seen: Settlement) -> None:
    """A subaccount cannot have been paid more than was divided to it."""
    over = selectors.balance(chart.subaccount_clearing(day.gateway.name, seen.subaccount))
    if over > 0:
        day.note(FindingKind.SETTLEMENT, f"{seen.subaccount}:more than was divided", gateway_id=seen.gateway_id,
                 ours=seen.amount_kobo - over, theirs=seen.amount_kobo,
                 there=evidence.of_settlement(seen))  # fmt: skip


def compare_what_was_paid_out(day: Comparing) -> None:
    """Compare all that a gateway has paid out with all that it has ever taken: it cannot have paid out more.

    What has gone back is not taken off: gateways take that from the next payout, which may be long in coming.
    """
    if not day.run.settlements:
        return
    clearing = selectors.find_account(chart.gateway_clearing(day.gateway.name))
    sums = dict(
        Entry.objects.filter(account=clearing)
        .order_by()
        .values("transaction__kind")
        .annotate(kobo=Sum("amount_kobo"))
        .values_list("transaction__kind", "kobo")
    )
    came = sums.get(TransactionKind.CAPTURED, 0) + sums.get(TransactionKind.FEE_TOLD, 0)
    paid_out = -sums.get(TransactionKind.SETTLED, 0) - sums.get(TransactionKind.PAID_OUT, 0)
    if paid_out > came:
        day.note(FindingKind.SETTLEMENT, "more than it took", ours=came, theirs=paid_out)


def compare_books(day: Comparing, payments: Sequence[Payment]) -> None:
    """Compare what the books have of payments with the payments' own rows.

    What already differs from the gateway is one difference, not two: its finding shows what the books have.
    """
    known = set(
        Finding.objects.filter(
            payment__in=payments, state__in=(FindingState.OPEN, FindingState.EXPLAINED), run=day.run,
            last_found_at__gte=day.run.began_at,
        ).exclude(kind=FindingKind.BOOKS).values_list("payment_id", flat=True)
    )  # fmt: skip
    of_payments = figures(payments)
    for payment in payments:
        if payment.pk in known or _expected(payment) == of_payments[payment.public_id]:
            continue
        _compare_once_more(day, payment.pk)


@transaction.atomic
def _compare_once_more(day: Comparing, payment_id: int) -> None:
    """Compare under the payment's lock: a moment ago it may just have been moving."""
    payment = locked(payment_id)
    ours, books = _expected(payment), figures([payment])[payment.public_id]
    if ours != books:
        first = next(name for name in Figures.__dataclass_fields__ if getattr(ours, name) != getattr(books, name))
        day.note(FindingKind.BOOKS, payment.reference, payment=payment, ours=getattr(ours, first),
                 theirs=getattr(books, first), what=first, here=vars(ours), books=vars(books))  # fmt: skip


def _expected(payment: Payment) -> Figures:
    """Return what the books should have, by the payment's own rows."""
    under_way = payment.refunds.filter(state__in=REFUND_UNDER_WAY).aggregate(kobo=Sum("amount_kobo"))["kobo"]
    disputed = payment.disputes.filter(state=DisputeState.OPEN).aggregate(kobo=Sum("counted_kobo"))["kobo"]
    return Figures(
        left_kobo=payment.received_kobo - payment.refunded_kobo - payment.disputed_kobo,
        fee_kobo=payment.fee_kobo or 0,
        refunds_pending_kobo=under_way or 0,
        disputes_pending_kobo=disputed or 0,
    )


def compare_what_only_the_books_have(day: Comparing) -> None:
    """Look for what the books have of payments that there are not."""
    here = Payment.objects.filter(public_id=OuterRef("payment_id"))
    rows = Transaction.objects.filter(
        happened_at__gte=day.run.since,
        happened_at__lt=day.run.until,
        payment_id__isnull=False,
        entries__account__gateway=day.gateway.name,
    )
    numbers = rows.filter(~Exists(here)).order_by().values_list("payment_id", flat=True).distinct()
    for number in filter(None, numbers):
        left = selectors.left_of_payment(number)
        day.note(FindingKind.BOOKS, f"only:{number}", ours=0, theirs=left, what="payment", number=str(number))


def compare_what_was_kept(day: Comparing, payments: Sequence[Payment]) -> None:
    """Name what more of was kept than was ever asked for: bookings give the rest back by themselves, and soon."""
    subjects = {(payment.request.kind, payment.request.subject_id) for payment in payments}
    of_them = Q(pk__in=[])
    for kind, subject in subjects:
        of_them |= Q(request__kind=kind, request__subject_id=subject)
    several = (
        Payment.objects.filter(of_them, state=PaymentState.SUCCEEDED)
        .exclude(review__in=(Review.HELD, Review.REFUSED))
        .order_by()
        .values("request__kind", "request__subject_id")
        .annotate(
            number=Count("pk"),
            kept=Sum(F("received_kobo") - F("refunded_kobo") - F("disputed_kobo")),
            last=Max("pk"),
            last_at=Max("updated_at"),
        )
        .filter(number__gt=1, kept__gt=0, last_at__lt=timezone.now() - GRACE)
    )
    for row in several:
        kind, subject = row["request__kind"], row["request__subject_id"]
        requests = PaymentRequest.objects.filter(kind=kind, subject_id=subject).exclude(state=RequestState.CLOSED)
        asked = requests.aggregate(kobo=Sum("amount_kobo"))["kobo"] or 0
        last = Payment.objects.select_related("request").get(pk=row["last"])
        # Of money at two gateways the later one is the one too much.
        if row["kept"] > asked and (last.gateway, last.mode) == (day.gateway.name, day.gateway.mode):
            day.note(FindingKind.DUPLICATE, f"{kind}:{subject}", payment=last, ours=row["kept"], theirs=asked,
                     payments=row["number"], here=evidence.of_payment(last))  # fmt: skip
