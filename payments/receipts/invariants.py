"""What must hold of receipts."""

from core.invariants import Invariant, sql

INVARIANTS = [
    Invariant(
        "receipts.say_what_stands",
        3,
        "The receipt of each payment that counts, less what its credit notes say, is what came and did not go back.",
        sql(
            "SELECT p.reference, p.received_kobo - coalesce(b.kobo, 0) AS stands, coalesce(r.kobo, 0) AS on_receipts "
            "FROM payments_payment p JOIN payments_paymentrequest q ON q.id = p.request_id AND q.kind <> 'guarantee' "
            "LEFT JOIN (SELECT payment_id, sum(amount_kobo) AS kobo FROM payments_refund WHERE state = 'done' "
            "GROUP BY 1) b ON b.payment_id = p.id "
            "LEFT JOIN (SELECT payment_id, sum(CASE kind WHEN 'credit_note' THEN -amount_kobo ELSE amount_kobo END) "
            "AS kobo FROM payments_receipts_receipt GROUP BY 1) r ON r.payment_id = p.id "
            "WHERE p.credited_at IS NOT NULL AND p.received_kobo > 0 "
            "AND p.received_kobo - coalesce(b.kobo, 0) <> coalesce(r.kobo, 0) "
            # A credit note is issued when the news of a refund is worked off.
            "AND NOT EXISTS (SELECT FROM payments_refund f WHERE f.payment_id = p.id "
            "AND f.updated_at > now() - interval '10 minutes')"
        ),
    ),
    Invariant(
        "receipts.have_no_gap",
        3,
        "The numbers of each series follow one another from 1 to its last.",
        sql(
            "SELECT s.prefix, s.year, s.last, count(r.id) AS receipts, max(r.sequence) AS highest "
            "FROM payments_receipts_series s LEFT JOIN payments_receipts_receipt r ON r.series_id = s.id "
            "GROUP BY s.id HAVING count(r.id) <> s.last OR coalesce(max(r.sequence), 0) <> s.last"
        ),
    ),
    Invariant(
        "receipts.add_up",
        3,
        "The net price and the taxes and charges on each are its amount.",
        sql(
            "SELECT r.number, r.amount_kobo, r.net_kobo FROM payments_receipts_receipt r "
            "WHERE r.net_kobo + (SELECT coalesce(sum((line->>'kobo')::bigint), 0) "
            "FROM jsonb_array_elements(r.charges) AS line) <> r.amount_kobo"
        ),
    ),
]
