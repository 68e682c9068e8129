"""Questions about what differs, and what the books have of payments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from localization import formatting
from payments.ledger.chart import LEFT_OF_A_PAYMENT, AccountKind
from payments.ledger.models import Entry
from payments.models import Payment
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.states import FindingState, RunState

# The nights before are compared once more: gateways tell fees and refunds late.
AGAIN = 3
# So far back a day that was never compared is caught up on.
CATCH_UP = 14
# What is younger may be on its way still.
GRACE = timedelta(minutes=10)


@dataclass(frozen=True)
class Figures:
    """What the books have of a payment. Kobo."""

    left_kobo: int = 0
    fee_kobo: int = 0
    refunds_pending_kobo: int = 0
    disputes_pending_kobo: int = 0


def figures(payments: Iterable[Payment]) -> dict[UUID, Figures]:
    """Return what the books have of these payments, in one query; zeros of those that they do not know."""
    numbers = [payment.public_id for payment in payments]
    sums = (
        Entry.objects.filter(
            transaction__payment_id__in=numbers, account__kind__in=[k.value for k in LEFT_OF_A_PAYMENT]
        )
        .order_by()
        .values("transaction__payment_id", "account__kind")
        .annotate(kobo=Sum("amount_kobo"))
    )
    found: dict[UUID, dict[str, int]] = {number: {} for number in numbers}
    for row in sums:
        if (number := row["transaction__payment_id"]) is not None:
            found[number][row["account__kind"]] = row["kobo"]
    return {
        number: Figures(
            left_kobo=sum(of.values()),
            fee_kobo=of.get(AccountKind.GATEWAY_FEES, 0),
            refunds_pending_kobo=-of.get(AccountKind.REFUNDS_PENDING, 0),
            disputes_pending_kobo=-of.get(AccountKind.DISPUTES_PENDING, 0),
        )
        for number, of in found.items()
    }


def open_findings() -> int:
    """Return how many differences wait for a person."""
    return Finding.objects.filter(state=FindingState.OPEN).count()


def stuck_runs() -> int:
    """Return how many comparisons have come to a halt."""
    return Run.objects.filter(state=RunState.STUCK).count()


def day_of(moment: datetime) -> date:
    """Return the day of a moment by the clock of Nigeria."""
    return moment.astimezone(formatting.HOME_ZONE).date()


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Return when a day begins and ends by the clock of Nigeria; of today only what is no longer on its way."""
    begin = datetime.combine(day, time.min, formatting.HOME_ZONE)
    return begin, min(begin + timedelta(days=1), timezone.now() - GRACE)


def days_due(*, gateway: str, mode: str) -> list[date]:
    """Return the days to compare tonight: the last ones, those that were missed, and those with open differences."""
    today = day_of(timezone.now())
    first = Payment.objects.filter(gateway=gateway, mode=mode).order_by("pk").values_list("created_at", flat=True)[:1]
    began = next((day_of(at) for at in first), today)
    done = set(
        Run.objects.filter(
            gateway=gateway, mode=mode, state=RunState.DONE, day__gte=today - timedelta(days=CATCH_UP)
        ).values_list("day", flat=True)
    )
    lately = {today - timedelta(days=back) for back in range(1, CATCH_UP + 1)}
    again = {today - timedelta(days=back) for back in range(1, AGAIN + 1)}
    missed = {day for day in lately - done if day >= began}
    differing = set(
        Finding.objects.filter(state=FindingState.OPEN, gateway=gateway, mode=mode, run__day__lt=today).values_list(
            "run__day", flat=True
        )
    )
    return sorted(again | missed | differing)
