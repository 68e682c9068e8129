"""What was paid, given back, charged and disputed, by day, week or month: sums that the database makes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum, TextChoices
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments.gateways.base import Channel
from payments.models import Dispute, Payment, Refund
from payments.models.paying import CHANNELS
from payments.states import REFUND_COUNTS, DisputeState, Kind, PaymentState


class Period(TextChoices):
    DAY = "day", pgettext_lazy("figures by", "Day")
    WEEK = "week", pgettext_lazy("figures by", "Week")
    MONTH = "month", pgettext_lazy("figures by", "Month")


class SplitBy(TextChoices):
    GATEWAY = "gateway", _("Gateway")
    CHANNEL = "channel", _("Way of paying")
    KIND = "request__kind", _("What was paid for")


TRUNC = {Period.DAY: TruncDay, Period.WEEK: TruncWeek, Period.MONTH: TruncMonth}
ENDED = (PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.EXPIRED)


@dataclass(frozen=True)
class Asked:
    """Whose figures of which days, by the clock of a zone. Both days count."""

    since: date
    until: date
    zone: ZoneInfo
    period: Period = Period.DAY
    split: SplitBy | None = None
    # None stands for every restaurant.
    houses: Collection[int] | None = None
    mode: str = "live"

    @property
    def between(self) -> tuple[datetime, datetime]:
        begins = datetime.combine(self.since, time.min, self.zone)
        return begins, datetime.combine(self.until + timedelta(days=1), time.min, self.zone)


@dataclass
class Sums:
    """Money in kobo, without guarantees.

    An attempt counts when it began, money when it came, what went back when it was asked for.
    """

    ended: int = 0
    succeeded: int = 0
    payments: int = 0
    paid_kobo: int = 0
    fee_kobo: int = 0
    refunds: int = 0
    refunded_kobo: int = 0
    disputes: int = 0
    disputed_kobo: int = 0

    @property
    def success(self) -> float | None:
        """The share of the attempts that ended which brought money; None where none ended."""
        return self.succeeded / self.ended if self.ended else None

    @property
    def kept_kobo(self) -> int:
        """What is left after what went back, what banks took, and the gateways' fees."""
        return self.paid_kobo - self.refunded_kobo - self.disputed_kobo - self.fee_kobo

    def add(self, **more: int | None) -> None:
        for name, value in more.items():
            setattr(self, name, getattr(self, name) + (value or 0))


@dataclass
class Line:
    """One period, of one part where the figures are divided."""

    day: date
    part: str
    sums: Sums


@dataclass
class Figures:
    lines: list[Line]
    total: Sums
    # By period alone, every period of the time in its order: what the chart draws.
    periods: dict[date, Sums] = field(default_factory=dict)


def figures(asked: Asked) -> Figures:
    """Return the sums, in four questions whatever is asked."""
    found: dict[tuple[date, str], Sums] = {}
    total = Sums()
    periods = {day: Sums() for day in periods_of(asked)}
    for day, part, more in _all(asked):
        for sums in (found.setdefault((day, part), Sums()), total, periods.setdefault(day, Sums())):
            sums.add(**more)
    lines = [Line(day, part, sums) for (day, part), sums in sorted(found.items())]
    return Figures(lines, total, periods)


def periods_of(asked: Asked) -> Iterator[date]:
    """Yield the first days of all periods that the time touches."""
    day = asked.since
    if asked.period == Period.WEEK:
        day -= timedelta(days=day.weekday())
    elif asked.period == Period.MONTH:
        day = day.replace(day=1)
    while day <= asked.until:
        yield day
        if asked.period == Period.MONTH:
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            day += timedelta(days=7 if asked.period == Period.WEEK else 1)


def part_label(split: SplitBy | None, part: str) -> str:
    """Return what a part of divided figures is called."""
    if split == SplitBy.KIND:
        return str(Kind(part).label)
    if split == SplitBy.CHANNEL:
        return str(CHANNELS[Channel(part)]) if part else str(_("Not known"))
    return part.title()


def _all(asked: Asked) -> Iterator[tuple[date, str, dict[str, int | None]]]:
    paid = _grouped(Payment.objects.filter(state=PaymentState.SUCCEEDED), asked, "paid_at")
    for row in paid.annotate(payments=Count("pk"), paid_kobo=Sum("received_kobo"), fee_kobo=Sum("fee_kobo")):
        yield _row(row, "payments", "paid_kobo", "fee_kobo")
    # A further charge under the same reference was no attempt of its own.
    ended = _grouped(Payment.objects.filter(state__in=ENDED, beside=None), asked, "created_at")
    for row in ended.annotate(ended=Count("pk"), succeeded=Count("pk", filter=Q(state=PaymentState.SUCCEEDED))):
        yield _row(row, "ended", "succeeded")
    refunds = _grouped(Refund.objects.filter(state__in=REFUND_COUNTS), asked, "created_at", "payment__")
    for row in refunds.annotate(refunds=Count("pk"), refunded_kobo=Sum("amount_kobo")):
        yield _row(row, "refunds", "refunded_kobo")
    disputes = _grouped(Dispute.objects.all(), asked, "created_at", "payment__")
    against = Sum("amount_kobo", filter=~Q(state=DisputeState.WON))
    for row in disputes.annotate(disputes=Count("pk"), disputed_kobo=against):
        yield _row(row, "disputes", "disputed_kobo")


def _grouped(rows: "QuerySet[Any]", asked: Asked, moment: str, to_payment: str = "") -> Any:
    begins, ends = asked.between
    # A guarantee goes back at once: it is nobody's trade.
    rows = rows.exclude(**{f"{to_payment}request__kind": Kind.GUARANTEE})
    rows = rows.filter(**{f"{moment}__gte": begins, f"{moment}__lt": ends, f"{to_payment}mode": asked.mode})
    if asked.houses is not None:
        rows = rows.filter(**{f"{to_payment}request__restaurant__in": asked.houses})
    columns: Sequence[str] = [f"{to_payment}{asked.split}"] if asked.split else []
    period = TRUNC[asked.period](moment, tzinfo=asked.zone)
    return rows.annotate(_period=period).order_by().values("_period", *columns)


def _row(row: dict[str, Any], *names: str) -> tuple[date, str, dict[str, int | None]]:
    part = next((str(value) for name, value in row.items() if name != "_period" and name not in names), "")
    return row["_period"].date(), part, {name: row[name] for name in names}
