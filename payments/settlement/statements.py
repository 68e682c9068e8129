"""How a house's money stands over a time: what it was owed, each thing that happened, and what it is owed then.

The lines are read out of the books and nothing is added up beside them: the sum of the lines is the difference of the
balances, and a closing balance is the next one's opening.

A statement that was issued stays as it was: it keeps by when the books knew what it says. What they heard later of its
time stands as a line on the next one, whose opening is the closing of this.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments import subjects
from payments.ledger import chart
from payments.ledger.chart import AccountKind
from payments.ledger.models import Entry, Transaction
from payments.ledger.selectors import owed_to
from payments.ledger.states import TransactionKind
from payments.models import Payment
from payments.settlement import errors, selectors
from payments.settlement.models import IssuedStatement
from payments.settlement.services.dividing import DIVIDED

LONGEST = timedelta(days=366)


class LineKind(TextChoices):
    SALE = "sale", _("Sale")
    DEPOSIT = "deposit", _("Deposit of a guest who came")
    RETAINED = "retained", _("Deposit retained")
    FEE = "fee", _("Fee")
    REFUND = "refund", _("Refund")
    DISPUTE = "dispute", _("Dispute")
    COMMISSION = "commission", _("Commission")
    PAYOUT = "payout", _("Payout")
    DIVIDED = "divided", _("Paid by the gateway itself")
    OTHER = "other", pgettext_lazy("a line of a statement", "Other")


_OWED = frozenset(kind.value for kind in chart.OWED_TO_A_RESTAURANT)
_OF_SHARES = frozenset(
    {
        TransactionKind.SHARED_OUT,
        TransactionKind.SHARE_RETURNED,
        TransactionKind.FEE_PASSED_ON,
        TransactionKind.FEE_TOLD,
    }
)
_KINDS = {
    TransactionKind.CAPTURED: LineKind.SALE,
    TransactionKind.SUSPENSE_CLEARED: LineKind.SALE,
    TransactionKind.DEPOSIT_APPLIED: LineKind.DEPOSIT,
    TransactionKind.DEPOSIT_RETAINED: LineKind.RETAINED,
    TransactionKind.REFUND_ASKED: LineKind.REFUND,
    TransactionKind.REFUND_FAILED: LineKind.REFUND,
    TransactionKind.REFUND_TAKEN_IN: LineKind.REFUND,
    TransactionKind.DISPUTE_OPENED: LineKind.DISPUTE,
    TransactionKind.DISPUTE_WON: LineKind.DISPUTE,
    TransactionKind.DISPUTE_LOST: LineKind.DISPUTE,
    TransactionKind.SETTLED: LineKind.PAYOUT,
    TransactionKind.PAID_OUT: LineKind.PAYOUT,
}


@dataclass
class Sums:
    """Amounts in kobo as the house sees them: what it gets is above zero, what goes back below.

    `gross` less commission, its tax and the gateway's fee is `net`, which is what the balance moves by. `tax` is what
    of it is tax of the house's own sales.
    """

    gross_kobo: int = 0
    commission_kobo: int = 0
    commission_tax_kobo: int = 0
    fee_kobo: int = 0
    tax_kobo: int = 0
    net_kobo: int = 0

    def add(self, other: "Sums") -> None:
        for name in Sums.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(kw_only=True)
class Line(Sums):
    """Something that happened, with the balance after it."""

    at: datetime
    kind: LineKind = LineKind.OTHER
    payment_id: UUID | None = None
    # Of the booking or the order; empty where there is none.
    code: str = ""
    # Whether it happened in a time whose statement had been issued already.
    is_late: bool = False
    balance_kobo: int = 0


@dataclass
class Statement:
    """A house's money from `since` until just before `until`."""

    restaurant_id: int
    since: datetime
    until: datetime
    opening_kobo: int
    lines: list[Line]
    closing_kobo: int
    totals: Sums = field(default_factory=Sums)

    @property
    def by_kind(self) -> list[tuple[LineKind, Sums]]:
        """Return the sums of each kind that there is a line of."""
        found: dict[LineKind, Sums] = {}
        for line in self.lines:
            found.setdefault(line.kind, Sums()).add(line)
        return [(kind, found[kind]) for kind in LineKind if kind in found]


def statement_of(
    restaurant_id: int,
    *,
    since: datetime,
    until: datetime,
    known_before: datetime | None = None,
    known_by: datetime | None = None,
) -> Statement:
    """Return a house's statement of a time.

    :param known_before: what the statement before was made of: what the books have heard since stands on this one
    :param known_by: only what the books had heard by then
    """
    opening = owed_to(restaurant_id, at=since, known_by=known_before)
    lines = _lines(restaurant_id, since, until, known_before, known_by)
    balance, totals = opening, Sums()
    for line in lines:
        balance += line.net_kobo
        line.balance_kobo = balance
        totals.add(line)
    return Statement(restaurant_id, since, until, opening, lines, balance, totals)


def of_days(restaurant_id: int, first: date, last: date) -> Statement:
    """Return a house's statement from one day to another, both included, as the books know it now.

    :raises BadPeriod: when it ends before it begins, or is longer than a year
    """
    if not first <= last <= first + LONGEST:
        raise errors.BadPeriod
    return statement_of(
        restaurant_id, since=selectors.midnight(first), until=selectors.midnight(last + timedelta(days=1))
    )


def issued(row: IssuedStatement) -> Statement:
    """Return a statement as it was issued."""
    return statement_of(
        row.restaurant_id,
        since=row.since,
        until=row.until,
        known_before=row.known_before,
        known_by=row.known_by,
    )


def _lines(
    house: int, since: datetime, until: datetime, known_before: datetime | None, known_by: datetime | None
) -> list[Line]:
    asked = Q(happened_at__lt=until)
    if known_by is not None:
        asked &= Q(recorded_at__lt=known_by)
    # All that the statement before did not have.
    is_new = Q(happened_at__gte=since)
    if known_before is not None:
        is_new |= Q(recorded_at__gte=known_before)
    own = Entry.objects.filter(account__restaurant=house, account__kind__in=sorted(_OWED))
    rows = Transaction.objects.filter(asked, is_new, pk__in=own.order_by().values("transaction"))
    rows = rows.select_related("reverses").order_by("happened_at", "id")
    entries: dict[UUID, list[Entry]] = {}
    for entry in Entry.objects.filter(transaction__in=rows.order_by()).select_related("account"):
        entries.setdefault(entry.transaction_id, []).append(entry)
    lines = []
    # What was taken of a sale stands in the sale's line.
    for _key, together in groupby(sorted(rows, key=_moment_of), key=_moment_of):
        line = _line(house, list(together), entries)
        line.is_late = line.at < since
        if line.gross_kobo or line.net_kobo or line.tax_kobo:
            lines.append(line)
    _name(lines)
    return lines


def _moment_of(row: Transaction) -> tuple[datetime, UUID]:
    return row.happened_at, row.payment_id or row.pk


def _line(house: int, rows: list[Transaction], entries: dict[UUID, list[Entry]]) -> Line:
    first = next((row for row in rows if row.kind not in _OF_SHARES), rows[0])
    payment_id = UUID(first.about_id) if first.about_kind == DIVIDED else first.payment_id
    line = Line(at=first.happened_at, kind=_kind_of(first, entries.get(first.pk, [])), payment_id=payment_id)
    for row in rows:
        for entry in entries.get(row.pk, []):
            account, credit = entry.account, -entry.amount_kobo
            if account.restaurant_id == house and account.kind in _OWED:
                line.net_kobo += credit
            if account.kind == AccountKind.PLATFORM_COMMISSION:
                line.commission_kobo += credit
            elif account.kind == AccountKind.FEES_PASSED_ON:
                line.fee_kobo += credit
            elif account.kind == AccountKind.TAX_PAYABLE and account.restaurant_id is None:
                line.commission_tax_kobo += credit
            elif account.kind == AccountKind.TAX_PAYABLE and account.restaurant_id == house:
                line.tax_kobo += credit
    line.gross_kobo = line.net_kobo + line.commission_kobo + line.commission_tax_kobo + line.fee_kobo
    return line


def _kind_of(row: Transaction, entries: Iterable[Entry]) -> LineKind:
    told = row.reverses.kind if row.reverses is not None else row.kind
    if row.about_kind == DIVIDED:
        return LineKind.DIVIDED
    if told in _OF_SHARES:
        return LineKind.COMMISSION
    if told == TransactionKind.CAPTURED and any(entry.account.kind == AccountKind.LATE_FEES for entry in entries):
        return LineKind.FEE
    return _KINDS.get(TransactionKind(told), LineKind.OTHER)


def _name(lines: list[Line]) -> None:
    """Find the codes of the bookings and orders, all at once."""
    numbers = {line.payment_id for line in lines if line.payment_id}
    rows: Any = Payment.objects.filter(public_id__in=numbers).values_list(
        "public_id", "request__kind", "request__subject_id"
    )
    about = {public_id: (kind, subject) for public_id, kind, subject in rows}
    names = subjects.named(about.values())
    for line in lines:
        known = names.get(about[line.payment_id]) if line.payment_id in about else None
        line.code = known.code if known else ""
