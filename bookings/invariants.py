"""What must hold of fees: asked by `check_invariants`."""

from core.invariants import Invariant, sql

_KEPT = (
    "SELECT q.subject_id, sum(p.received_kobo - p.refunded_kobo - p.disputed_kobo) AS kept, "
    "sum(p.received_kobo) AS came FROM payments_payment p JOIN payments_paymentrequest q ON q.id = p.request_id "
    "WHERE q.kind = 'fee' AND p.credited_at IS NOT NULL GROUP BY 1"
)
INVARIANTS = [
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
