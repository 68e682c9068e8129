"""What must hold of deposits, guarantees and fees: asked by `check_invariants`."""

from core.invariants import Invariant, sql

_KEPT = (
    "SELECT q.subject_id, sum(p.received_kobo - p.refunded_kobo - p.disputed_kobo) AS kept, "
    "sum(p.received_kobo) AS came FROM payments_payment p JOIN payments_paymentrequest q ON q.id = p.request_id "
    "WHERE q.kind = 'fee' AND p.credited_at IS NOT NULL GROUP BY 1"
)
_HELD = (
    "SELECT q.subject_id, -sum(e.amount_kobo) AS held FROM payments_payment p "
    "JOIN payments_paymentrequest q ON q.id = p.request_id "
    "JOIN ledger_transaction t ON t.payment_id = p.public_id JOIN ledger_entry e ON e.transaction_id = t.id "
    "JOIN ledger_account a ON a.id = e.account_id "
    "WHERE q.kind = 'deposit' AND p.credited_at IS NOT NULL AND a.kind = 'deposits_held' GROUP BY 1"
)
INVARIANTS = [
    Invariant(
        "bookings.no_deposit_is_held_after_its_end",
        3,
        "Of a deposit that was taken off the bill, or kept, nothing is held for its guest but what is owed back.",
        sql(
            "SELECT b.public_id, a.state, h.held FROM bookings_advance a "  # noqa: S608
            f"JOIN bookings_booking b ON b.id = a.booking_id JOIN ({_HELD}) h ON h.subject_id = b.public_id "
            "WHERE a.state IN ('applied', 'kept') AND a.updated_at < now() - interval '10 minutes' "
            "AND h.held > greatest(a.received_kobo - a.returned_kobo - a.amount_kobo, 0)"
        ),
    ),
    Invariant(
        "bookings.no_guarantee_is_kept",
        3,
        "What showed that a card can be charged has gone back within a day.",
        sql(
            "SELECT p.reference, p.received_kobo - p.refunded_kobo - p.disputed_kobo AS kept FROM payments_payment p "
            "JOIN payments_paymentrequest q ON q.id = p.request_id WHERE q.kind = 'guarantee' "
            "AND p.state = 'succeeded' AND p.review <> 'held' AND p.paid_at < now() - interval '1 day' "
            "AND p.received_kobo > p.refunded_kobo + p.disputed_kobo"
        ),
    ),
    Invariant(
        "bookings.no_fee_is_kept_twice",
        3,
        "Of the payments for a fee no more is kept than it asks for, and nothing once it is waived.",
        sql(
            f"SELECT f.public_id, f.state, f.amount_kobo, k.kept FROM bookings_fee f JOIN ({_KEPT}) k "  # noqa: S608
            "ON k.subject_id = f.public_id WHERE k.kept > CASE f.state WHEN 'waived' THEN 0 ELSE f.amount_kobo END"
        ),
    ),
    Invariant(
        "bookings.a_paid_fee_was_paid",
        3,
        "What a fee says has come is what its payments brought.",
        sql(
            f"SELECT f.public_id, f.paid_kobo, k.came FROM bookings_fee f LEFT JOIN ({_KEPT}) k "  # noqa: S608
            "ON k.subject_id = f.public_id WHERE f.paid_kobo > coalesce(k.came, 0)"
        ),
    ),
]
