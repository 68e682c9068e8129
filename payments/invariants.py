"""What must hold of payments: asked by `check_invariants`, and with the books beside them by `check_ledger`."""

from core.invariants import Invariant, sql
from payments.ledger import agreements

INVARIANTS = [
    Invariant(
        "payments.no_money_stranded",
        3,
        "Money that came counts for something, went back, or is being looked at, within ten minutes.",
        sql(
            "SELECT reference, paid_at, received_kobo FROM payments_payment WHERE state = 'succeeded' "
            "AND credited_at IS NULL AND refunded_kobo + disputed_kobo < received_kobo "
            "AND review IN ('none', 'released') AND updated_at < now() - interval '10 minutes'"
        ),
    ),
    Invariant(
        "payments.refunds_add_up",
        3,
        "What a payment says was given back is the sum of its refunds, and not more than came.",
        sql(
            "SELECT p.reference, p.refunded_kobo, coalesce(r.kobo, 0) AS of_refunds FROM payments_payment p "
            "LEFT JOIN (SELECT payment_id, sum(amount_kobo) AS kobo FROM payments_refund WHERE state <> 'failed' "
            "GROUP BY 1) r ON r.payment_id = p.id "
            "WHERE p.refunded_kobo <> coalesce(r.kobo, 0) OR p.refunded_kobo > p.received_kobo"
        ),
    ),
    Invariant(
        "payments.requests_add_up",
        3,
        "What a request says was paid is the sum of its payments.",
        sql(
            "SELECT q.public_id, q.paid_kobo, coalesce(p.kobo, 0) AS of_payments FROM payments_paymentrequest q "
            "LEFT JOIN (SELECT request_id, sum(received_kobo) AS kobo FROM payments_payment GROUP BY 1) p "
            "ON p.request_id = q.id WHERE q.paid_kobo <> coalesce(p.kobo, 0)"
        ),
    ),
]

agreements.register(
    Invariant(
        "payments.books_agree",
        3,
        "What is left of each payment is what the books say is left of it.",
        sql(
            "SELECT p.reference, p.received_kobo - p.refunded_kobo - p.disputed_kobo AS left_kobo, "
            "coalesce(l.kobo, 0) AS in_the_books FROM payments_payment p LEFT JOIN "
            "(SELECT t.payment_id, sum(e.amount_kobo) AS kobo FROM ledger_transaction t "
            "JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id "
            "WHERE a.kind IN ('gateway_clearing', 'gateway_fees', 'refunds_pending', 'disputes_pending') "
            "GROUP BY 1) l ON l.payment_id = p.public_id "
            "WHERE p.received_kobo - p.refunded_kobo - p.disputed_kobo <> coalesce(l.kobo, 0)"
        ),
    )
)
