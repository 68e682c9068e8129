"""Writing into the books: one way in, and none to change what stands there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from payments.ledger import chart, postings, selectors
from payments.ledger.chart import AccountName
from payments.ledger.models import Account, Entry, Transaction
from payments.ledger.postings import Line, Lines
from payments.ledger.states import OF_MANY_PAYMENTS, TransactionKind

PAYMENT = "payment"

# What we decide ourselves may not promise more than there is. What a gateway or a bank tells us is true even so.
_OURS_TO_REFUSE = frozenset({TransactionKind.REFUND_ASKED, TransactionKind.REVERSED})


class LedgerKeyTaken(DomainError):
    code = "ledger_key_taken"
    message = _("The books have something else under this key already.")
    status = 409


class MoreThanIsLeft(DomainError):
    """`left_kobo` of the payment can still be given back."""

    code = "ledger_more_than_is_left"
    message = _("More would be given back than is left of the payment.")
    status = 409


class NotEnoughPoints(DomainError):
    """`points` are there."""

    code = "ledger_not_enough_points"
    message = _("There are not enough points for this.")
    status = 409


@dataclass(frozen=True)
class About:
    """What a transaction is about: a word for its kind, and its public id or its number at the gateway."""

    kind: str
    id: str

    @classmethod
    def payment(cls, public_id: UUID) -> "About":
        return cls(PAYMENT, str(public_id))


def post(
    *,
    key: str,
    kind: TransactionKind,
    lines: Lines,
    happened_at: datetime,
    about: About,
    payment_id: UUID | None = None,
    restaurant_id: int | None = None,
    actor_id: UUID | None = None,
    note: str = "",
    reverses: Transaction | None = None,
) -> Transaction:
    """Write a transaction and its entries; the same again returns the first. Belongs into the caller's transaction.

    :param key: names what happened, so that it is written once: `payment:<public id>:captured`
    :param lines: from `postings`
    :param payment_id: whose money moves, where it is that of one payment; of what is about a payment, that one
    :param restaurant_id: whose trade it is, where it is one house's
    :raises LedgerKeyTaken: when something else stands under this key
    :raises MoreThanIsLeft: when a refund is asked for, or a transaction reversed, and the payment has not as much
    :raises NotEnoughPoints: when more points are spent than there are
    :raises ValueError: for lines that do not balance, or move nothing: no posting makes such
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("The books are written in the transaction of what they tell about.")
    lines = postings.together(lines)
    _expect_balanced(lines)
    if payment_id is None and about.kind == PAYMENT:
        payment_id = UUID(about.id)
    if payment_id is not None and kind in OF_MANY_PAYMENTS:
        raise ValueError(f"{kind.value} is of many payments, and belongs to none.")
    accounts = accounts_named(line.account for line in lines)
    # Before anything is written, so that whoever is refused can go on and commit what else they did.
    _expect_enough(key, kind, payment_id, accounts, lines)
    new = Transaction(
        kind=kind,
        happened_at=happened_at,
        key=key,
        about_kind=about.kind,
        about_id=about.id,
        payment_id=payment_id,
        restaurant_id=restaurant_id,
        actor_id=actor_id,
        note=note[:300],
        reverses=reverses,
    )
    # Whoever is writing under the same key is waited for; afterwards it stands there, or nothing does.
    Transaction.objects.bulk_create([new], ignore_conflicts=True)
    standing = _standing(key, reverses)
    if standing.pk != new.pk:
        _expect_the_same(standing, new, {accounts[line.account].pk: line.amount_kobo for line in lines})
        return standing
    Entry.objects.bulk_create(
        Entry(transaction=standing, account=accounts[line.account], amount_kobo=line.amount_kobo) for line in lines
    )
    return standing


def reverse(
    transaction: Transaction,
    *,
    happened_at: datetime,
    actor_id: UUID | None = None,
    note: str = "",
) -> Transaction:
    """Undo a transaction by its opposite, which names it; asked again it returns the first.

    :raises MoreThanIsLeft: when its payment has not as much any more
    :raises NotEnoughPoints: when the points are spent
    """
    entries = transaction.entries.select_related("account").order_by("pk")
    return post(
        key=f"{transaction.pk}:reversed",
        kind=TransactionKind.REVERSED,
        lines=postings.opposite(Line(entry.account.named, entry.amount_kobo) for entry in entries),
        happened_at=happened_at,
        about=About(transaction.about_kind, transaction.about_id),
        payment_id=transaction.payment_id,
        restaurant_id=transaction.restaurant_id,
        actor_id=actor_id,
        note=note,
        reverses=transaction,
    )


def accounts_named(names: Iterable[AccountName]) -> dict[AccountName, Account]:
    """Return these accounts; those that do not exist yet are made, once even if many ask at the same time."""
    asked = sorted(set(names), key=lambda name: name.order)
    found = selectors.found_accounts(asked)
    missing = [name for name in asked if name not in found]
    if missing:
        Account.objects.bulk_create(
            (
                Account(
                    kind=name.kind,
                    restaurant_id=name.restaurant_id,
                    gateway=name.gateway,
                    name=name.name,
                    owner_id=name.owner_id,
                    currency=name.currency,
                )
                for name in missing
            ),
            ignore_conflicts=True,
        )
        found |= selectors.found_accounts(missing)
    return found


def _standing(key: str, reverses: Transaction | None) -> Transaction:
    found = Transaction.objects.filter(key=key).first()
    if found is None and reverses is not None:
        # The one reversal there may be, under another key.
        found = Transaction.objects.filter(reverses=reverses).first()
    if found is None:
        raise LedgerKeyTaken
    return found


def _expect_balanced(lines: Lines) -> None:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.account.currency] = sums.get(line.account.currency, 0) + line.amount_kobo
    if len(lines) < 2 or any(sums.values()):
        raise ValueError(f"These lines do not balance, or move nothing: {lines}.")


def _expect_the_same(standing: Transaction, new: Transaction, amounts: dict[int, int]) -> None:
    """When and by whom is not compared: whoever tries again does so later, and may be somebody else."""
    entries: Any = standing.entries.values_list("account", "amount_kobo")
    is_same = all(
        getattr(standing, field) == getattr(new, field)
        for field in ("kind", "about_kind", "about_id", "payment_id", "restaurant_id", "reverses_id")
    )
    if not is_same or dict(entries) != amounts:
        raise LedgerKeyTaken


def _expect_enough(
    key: str,
    kind: TransactionKind,
    payment_id: UUID | None,
    accounts: dict[AccountName, Account],
    lines: Lines,
) -> None:
    """Let nobody take more than there is. Only who takes where a balance limits waits for another.

    What stands under its key already has been let through; whoever else writes under it waits at the same lock.
    """
    of_payment = -postings.left_of(lines) if payment_id is not None else 0
    # Lines come in the accounts' order, so that nobody waits in a circle.
    of_points = {
        accounts[line.account]: line.amount_kobo
        for line in lines
        if line.account.kind in chart.NEVER_BELOW_ZERO and line.amount_kobo > 0
    }
    if of_payment > 0:
        _wait_for(f"ledger.payment:{payment_id}")
    for account in of_points:
        _wait_for(f"ledger.account:{account.pk}")
    if (of_payment <= 0 and not of_points) or selectors.transaction_of(key) is not None:
        return
    if payment_id is not None and of_payment > 0 and kind in _OURS_TO_REFUSE:
        left = selectors.left_of_payment(payment_id)
        if of_payment > left:
            raise MoreThanIsLeft(left_kobo=max(left, 0))
    for account, taken in of_points.items():
        there = selectors.balance(account)
        if taken > there:
            raise NotEnoughPoints(points=max(there, 0))


def _wait_for(what: str) -> None:
    """Let nobody else who takes from this go on until our transaction ends.

    No lock of a row: that needs the right to change it, which nobody has here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])
