"""Questions to the books. A balance is a sum of entries, told on the side on which the account's kind grows.

Two clocks can be asked. `at` is when things happened; `known_by` is when the books heard of them. A statement that was
made for November on the first of December says the same whenever it is made again with that `known_by`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from payments.ledger import chart
from payments.ledger.chart import AccountName
from payments.ledger.models import Account, Entry, Transaction

PAGE = 100

_SIGN = Case(
    When(kind__in=sorted(chart.GROWS_WITH_DEBITS), then=Value(1)), default=Value(-1), output_field=BigIntegerField()
)


@dataclass(frozen=True)
class Balance:
    account: Account
    kobo: int


@dataclass(frozen=True)
class TrialRow:
    """A kind of accounts in one currency: what was debited, what was credited, and the balance on its own side."""

    kind: str
    currency: str
    debit_kobo: int
    credit_kobo: int
    balance_kobo: int


@dataclass(frozen=True)
class StatementRow:
    """An entry on a statement, with the balance after it."""

    entry: Entry
    kobo: int
    balance_kobo: int


@dataclass(frozen=True)
class Statement:
    """A part of an account's statement; `next` asks for what comes after it, None at the end."""

    opening_kobo: int
    rows: Sequence[StatementRow]
    next: int | None


def find_account(name: AccountName) -> Account | None:
    return found_accounts([name]).get(name)


def found_accounts(names: Iterable[AccountName]) -> dict[AccountName, Account]:
    """Return those of these accounts that exist, in one query."""
    asked = Q(pk__in=[])
    for name in names:
        asked |= Q(
            kind=name.kind,
            restaurant=name.restaurant_id,
            gateway=name.gateway,
            name=name.name,
            owner_id=name.owner_id,
            currency=name.currency,
        )
    return {account.named: account for account in Account.objects.filter(asked)}


def balance(account: Account | AccountName, *, at: datetime | None = None, known_by: datetime | None = None) -> int:
    """Return an account's balance; 0 of one that nothing was ever posted to.

    :param at: only what had happened before
    :param known_by: only what was recorded before
    """
    found = find_account(account) if isinstance(account, AccountName) else account
    if found is None:
        return 0
    entries = _entries(Entry.objects.filter(account=found), at, known_by)
    return chart.sign_of(found.kind) * (entries.aggregate(kobo=Sum("amount_kobo"))["kobo"] or 0)


def balances(
    *,
    kinds: Iterable[str] = (),
    restaurant_id: int | None = None,
    gateway: str = "",
    owner_id: UUID | None = None,
    at: datetime | None = None,
    known_by: datetime | None = None,
) -> list[Balance]:
    """Return accounts with their balances, those that have none included, in one query."""
    accounts = Account.objects.select_related("restaurant").order_by("kind", "pk")
    if kinds := list(kinds):
        accounts = accounts.filter(kind__in=kinds)
    if restaurant_id is not None:
        accounts = accounts.filter(restaurant=restaurant_id)
    if gateway:
        accounts = accounts.filter(gateway=gateway)
    if owner_id is not None:
        accounts = accounts.filter(owner_id=owner_id)
    return [Balance(account, account.kobo) for account in with_balance(accounts, at=at, known_by=known_by)]  # type: ignore[attr-defined]


def with_balance(
    accounts: QuerySet[Account], *, at: datetime | None = None, known_by: datetime | None = None
) -> QuerySet[Account]:
    """Annotate accounts with `kobo`, their balance."""
    # An own sum for each row, so that a page of accounts adds up no others.
    mine = _entries(Entry.objects.filter(account=OuterRef("pk")), at, known_by).order_by().values("account")
    total = Subquery(mine.annotate(total=Sum("amount_kobo")).values("total"), output_field=BigIntegerField())
    return accounts.annotate(kobo=Coalesce(total, 0) * _SIGN)


def owed_to(restaurant_id: int, *, at: datetime | None = None, known_by: datetime | None = None) -> int:
    """Return what Buka owes a house; below zero when the house was paid ahead."""
    entries = Entry.objects.filter(
        account__restaurant=restaurant_id, account__kind__in=[kind.value for kind in chart.OWED_TO_A_RESTAURANT]
    )
    return -(_entries(entries, at, known_by).aggregate(kobo=Sum("amount_kobo"))["kobo"] or 0)


def left_of_payment(payment_id: UUID) -> int:
    """Return what came of a payment less what went back, was promised back, or is disputed.

    Below zero when a gateway has given back more than it took: `check_ledger` names such payments.
    """
    entries = Entry.objects.filter(
        transaction__payment_id=payment_id, account__kind__in=[kind.value for kind in chart.LEFT_OF_A_PAYMENT]
    )
    return entries.aggregate(kobo=Sum("amount_kobo"))["kobo"] or 0


def standing_of_payment(payment_id: UUID) -> dict[AccountName, int]:
    """Return what a payment has moved, by account, each on its own side: where its money stands now."""
    sums = (
        Entry.objects.filter(transaction__payment_id=payment_id)
        .order_by()
        .values("account")
        .annotate(kobo=Sum("amount_kobo"))
    )
    kobo_of = {row["account"]: row["kobo"] for row in sums if row["kobo"]}
    accounts = Account.objects.filter(pk__in=kobo_of)
    return {account.named: chart.sign_of(account.kind) * kobo_of[account.pk] for account in accounts}


def transaction_of(key: str) -> Transaction | None:
    return Transaction.objects.filter(key=key).first()


def transactions_about(kind: str, about_id: str | UUID) -> QuerySet[Transaction]:
    """Return what was posted about something, the oldest first."""
    return Transaction.objects.filter(about_kind=kind, about_id=str(about_id)).order_by("id")


def transactions_of_payment(payment_id: UUID) -> QuerySet[Transaction]:
    return Transaction.objects.filter(payment_id=payment_id).order_by("id")


def statement(
    account: Account | AccountName,
    *,
    after: int = 0,
    limit: int = PAGE,
    since: datetime | None = None,
    until: datetime | None = None,
    known_by: datetime | None = None,
) -> Statement:
    """Return a part of an account's entries in the order in which they were recorded, with the balance after each.

    :param after: the number of the last entry of the part before
    :param since: only what happened then or later; what was before is in the opening balance
    :param until: only what happened before
    """
    found = find_account(account) if isinstance(account, AccountName) else account
    if found is None:
        return Statement(0, [], None)
    sign = chart.sign_of(found.kind)
    mine = _entries(Entry.objects.filter(account=found), until, known_by)
    before = Q(pk__lte=after)
    if since is not None:
        # An entry of the time before belongs to the opening balance even if it was recorded in the midst of the rows.
        before |= Q(transaction__happened_at__lt=since)
    opening = sign * (mine.filter(before).aggregate(kobo=Sum("amount_kobo"))["kobo"] or 0)
    found_rows = list(mine.exclude(before).select_related("transaction").order_by("pk")[: limit + 1])
    rows, running = [], opening
    for entry in found_rows[:limit]:
        running += sign * entry.amount_kobo
        rows.append(StatementRow(entry, sign * entry.amount_kobo, running))
    return Statement(opening, rows, rows[-1].entry.pk if len(found_rows) > limit else None)


def latest_rows(account: Account, *, limit: int = PAGE) -> list[StatementRow]:
    """Return an account's latest entries, the last first, each with the balance after it."""
    sign, running = chart.sign_of(account.kind), balance(account)
    rows = []
    for entry in Entry.objects.filter(account=account).select_related("transaction").order_by("-pk")[:limit]:
        rows.append(StatementRow(entry, sign * entry.amount_kobo, running))
        running -= sign * entry.amount_kobo
    return rows


def trial_balance(*, at: datetime | None = None, known_by: datetime | None = None) -> list[TrialRow]:
    """Return a row for each kind of accounts and currency. Debits and credits of each currency are equal."""
    entries = _entries(Entry.objects.all(), at, known_by)
    sums = (
        entries.order_by()
        .values(kind=F("account__kind"), currency=F("account__currency"))
        .annotate(
            debit=Coalesce(Sum("amount_kobo", filter=Q(amount_kobo__gt=0)), 0),
            credit=Coalesce(Sum("amount_kobo", filter=Q(amount_kobo__lt=0)), 0),
        )
    )
    order = {kind.value: place for place, kind in enumerate(chart.AccountKind)}
    return [
        TrialRow(
            row["kind"],
            row["currency"],
            row["debit"],
            -row["credit"],
            chart.sign_of(row["kind"]) * (row["debit"] + row["credit"]),
        )
        for row in sorted(sums, key=lambda row: (row["currency"], order[row["kind"]]))
    ]


def counts() -> dict[str, int]:
    """Return how many accounts, transactions and entries there are."""
    return {
        "accounts": Account.objects.count(),
        "transactions": Transaction.objects.count(),
        "entries": Entry.objects.count(),
    }


def _entries(entries: QuerySet[Entry], at: datetime | None, known_by: datetime | None) -> QuerySet[Entry]:
    # Without a time the transactions are not joined, and the sum reads one index alone.
    return entries.filter(_clocks(at, known_by, "transaction__")) if at or known_by else entries


def _clocks(at: datetime | None, known_by: datetime | None, path: str) -> Q:
    asked = Q()
    if at is not None:
        asked &= Q(**{f"{path}happened_at__lt": at})
    if known_by is not None:
        asked &= Q(**{f"{path}recorded_at__lt": known_by})
    return asked
