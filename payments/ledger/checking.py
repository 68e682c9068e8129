"""The proof of the books: what must hold, whether sums come out the same by another way, and with whom they agree."""

from typing import Any

from django.db import connection

from core.invariants import SHOWN, Finding, Invariant, Rows, ask
from payments.ledger import agreements, selectors
from payments.ledger.invariants import INVARIANTS


def check() -> list[Finding]:
    """Prove the books, all of one moment."""
    return ask([*INVARIANTS, *_SUMS, *agreements.agreements()])


def _balances_differ() -> Rows:
    """Add up every entry account by account, and compare with what everybody else is told."""
    by_hand = _summed_by_hand()
    differing: list[dict[str, Any]] = []
    for told in selectors.balances():
        counted = by_hand.pop(told.account.pk, 0)
        if counted != told.kobo:
            differing.append({"account_id": told.account.pk, "told_kobo": told.kobo, "counted_kobo": counted})
    differing += [{"account_id": key, "told_kobo": None, "counted_kobo": kobo} for key, kobo in by_hand.items()]
    return differing[: SHOWN + 1]


def _kinds_differ() -> Rows:
    """Compare the trial balance with the sums of the accounts, and its two sides with each other."""
    of_kind: dict[tuple[str, str], int] = {}
    for told in selectors.balances():
        key = (told.account.kind, told.account.currency)
        of_kind[key] = of_kind.get(key, 0) + told.kobo
    differing: list[dict[str, Any]] = []
    sides: dict[str, int] = {}
    for row in selectors.trial_balance():
        sides[row.currency] = sides.get(row.currency, 0) + row.debit_kobo - row.credit_kobo
        counted = of_kind.pop((row.kind, row.currency), 0)
        if counted != row.balance_kobo:
            differing.append({"kind": row.kind, "told_kobo": row.balance_kobo, "counted_kobo": counted})
    differing += [
        {"kind": kind, "told_kobo": None, "counted_kobo": kobo} for (kind, _), kobo in of_kind.items() if kobo
    ]
    differing += [{"currency": currency, "off_kobo": off} for currency, off in sides.items() if off]
    return differing[: SHOWN + 1]


def _summed_by_hand() -> dict[int, int]:
    """Sum over the table itself: a way that shares nothing with the selectors but the entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.account_id, sum(CASE WHEN a.kind IN ('gateway_clearing', 'gateway_fees', 'bank', 'comped', "
            "'points_issued') THEN e.amount_kobo ELSE -e.amount_kobo END) FROM ledger_entry e "
            "LEFT JOIN ledger_account a ON a.id = e.account_id GROUP BY 1"
        )
        return {account: int(kobo) for account, kobo in cursor.fetchall()}


_SUMS = [
    Invariant("ledger.balances_agree", 2, "Every account's balance is the sum of its entries.", _balances_differ),
    Invariant("ledger.trial_balance_agrees", 2, "Debits are credits, and kinds the sums of accounts.", _kinds_differ),
]
