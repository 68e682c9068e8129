"""What must hold of payouts: asked by `check_invariants`, and with the books beside them by `check_ledger`."""

from core.invariants import Invariant, sql
from payments.ledger import agreements

INVARIANTS = [
    Invariant(
        "settlement.to_accounts_in_use",
        3,
        "Nothing was sent to an account before its waiting time was over.",
        sql(
            "SELECT p.reference, p.told_at, a.active_from FROM settlement_payout p "
            "JOIN settlement_payoutaccount a ON a.id = p.account_id "
            "WHERE p.told_at < a.active_from OR p.restaurant_id <> a.restaurant_id"
        ),
    ),
    Invariant(
        "settlement.statements_follow",
        3,
        "Each statement opens with what the one before closed with.",
        sql(
            "SELECT s.restaurant_id, s.since, s.opening_kobo, b.closing_kobo FROM settlement_issuedstatement s "
            "JOIN settlement_issuedstatement b ON b.restaurant_id = s.restaurant_id AND b.until = s.since "
            "WHERE b.closing_kobo <> s.opening_kobo"
        ),
    ),
]

agreements.register(
    Invariant(
        "settlement.payouts_in_the_books",
        3,
        "What was paid out, and has not come back, stands in the books, and nothing else does.",
        sql(
            "SELECT coalesce(p.public_id::text, l.about_id) AS payout, p.state, p.amount_kobo, l.kobo FROM "
            "(SELECT * FROM settlement_payout WHERE state = 'paid') p FULL JOIN "
            "(SELECT t.about_id, sum(e.amount_kobo) AS kobo FROM ledger_transaction t "
            "JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id "
            "WHERE t.about_kind = 'payout' AND a.kind = 'restaurant_payable' GROUP BY 1 "
            "HAVING sum(e.amount_kobo) <> 0) l "
            "ON l.about_id = p.public_id::text WHERE p.amount_kobo IS DISTINCT FROM l.kobo"
        ),
    )
)

agreements.register(
    Invariant(
        "settlement.divided_in_the_books",
        3,
        "What a gateway has divided is not owed by Buka as well: it left the books when it was paid.",
        sql(
            "SELECT p.reference, s.kept_kobo FROM settlement_splitcharge s "
            "JOIN settlement_subaccount a ON a.id = s.subaccount_id "
            "JOIN payments_payment p ON coalesce(p.beside_id, p.id) = s.payment_id AND p.gateway = a.gateway "
            "WHERE p.state = 'succeeded' AND p.received_kobo > s.kept_kobo AND NOT EXISTS "
            "(SELECT 1 FROM ledger_transaction t WHERE t.key = 'divided:' || p.public_id)"
        ),
    )
)
