"""What must hold in the books. `check_invariants` asks it with all the rest, `check_ledger` with the sums beside."""

from core.invariants import Invariant, sql

INVARIANTS = [
    Invariant(
        "ledger.transactions_balance",
        2,
        "Every transaction sums to zero in each currency.",
        sql(
            "SELECT e.transaction_id, a.currency, sum(e.amount_kobo) AS off FROM ledger_entry e "
            "JOIN ledger_account a ON a.id = e.account_id GROUP BY 1, 2 HAVING sum(e.amount_kobo) <> 0"
        ),
    ),
    Invariant(
        "ledger.transactions_have_entries",
        2,
        "Every transaction has two entries or more, and every entry its transaction.",
        sql(
            "SELECT coalesce(t.id, e.transaction_id) AS transaction_id, coalesce(e.entries, 0) AS entries "
            "FROM ledger_transaction t FULL JOIN "
            "(SELECT transaction_id, count(*) AS entries FROM ledger_entry GROUP BY 1) e ON e.transaction_id = t.id "
            "WHERE t.id IS NULL OR coalesce(e.entries, 0) < 2"
        ),
    ),
    Invariant(
        "ledger.points_not_below_zero",
        2,
        "Nobody has spent more points than they had.",
        sql(
            "SELECT a.id AS account_id, a.owner_id, -sum(e.amount_kobo) AS points FROM ledger_entry e "
            "JOIN ledger_account a ON a.id = e.account_id WHERE a.kind = 'points' "
            "GROUP BY 1, 2 HAVING sum(e.amount_kobo) > 0"
        ),
    ),
    Invariant(
        "ledger.no_payment_returned_twice",
        3,
        "Of no payment has more gone back, been promised back or been disputed than came.",
        sql(
            "SELECT t.payment_id, sum(e.amount_kobo) AS left_kobo FROM ledger_transaction t "
            "JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id "
            "WHERE t.payment_id IS NOT NULL "
            "AND a.kind IN ('gateway_clearing', 'gateway_fees', 'refunds_pending', 'disputes_pending') "
            "GROUP BY 1 HAVING sum(e.amount_kobo) < 0"
        ),
    ),
    Invariant(
        "ledger.no_refund_done_unasked",
        3,
        "Of no payment have more refunds been done or failed than were asked for, nor disputes decided than opened.",
        sql(
            "SELECT t.payment_id, a.kind, -sum(e.amount_kobo) AS pending_kobo FROM ledger_transaction t "
            "JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id "
            "WHERE t.payment_id IS NOT NULL AND a.kind IN ('refunds_pending', 'disputes_pending') "
            "GROUP BY 1, 2 HAVING sum(e.amount_kobo) > 0"
        ),
    ),
    Invariant(
        "ledger.reversals_undo",
        2,
        "Every reversal is the opposite of what it reverses.",
        sql(
            "SELECT t.id AS reversal_id, e.account_id, sum(e.amount_kobo) AS off FROM ledger_transaction t "
            "JOIN ledger_entry e ON e.transaction_id IN (t.id, t.reverses_id) WHERE t.reverses_id IS NOT NULL "
            "GROUP BY 1, 2 HAVING sum(e.amount_kobo) <> 0"
        ),
    ),
]
