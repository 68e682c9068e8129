"""What there is at the gateways to the kobo, straight from their rows: to compare a ledger with."""

from collections.abc import Iterator
from typing import Any

from sandbox.gateways.registry import Gateway, PaymentLine

AT_ONCE = 2000


def lines(gateway: Gateway, after: int = 0) -> Iterator[PaymentLine]:
    """Return all its transactions with a greater id, in its order."""
    while True:
        found = list(gateway.payments(after, AT_ONCE))
        yield from found
        if len(found) < AT_ONCE:
            return
        after = found[-1].id


def totals(gateway: Gateway) -> list[dict[str, Any]]:
    """Return the sums by merchant, mode and currency."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines(gateway):
        key = (line.merchant, line.mode, line.currency)
        row = sums.setdefault(key, dict.fromkeys(("payments", "paid", "in", "refunded", "fees", "disputed"), 0))
        row["payments"] += 1
        row["paid"] += line.is_paid
        row["in"] += line.amount_kobo
        row["refunded"] += line.refunded_kobo
        row["fees"] += line.fee_kobo
        row["disputed"] += line.disputed_kobo
    return [
        {
            "merchant": merchant,
            "mode": mode,
            "currency": currency,
            "payments": row["payments"],
            "paid": row["paid"],
            "in_kobo": row["in"],
            "refunded_kobo": row["refunded"],
            "fees_kobo": row["fees"],
            "disputed_kobo": row["disputed"],
        }
        for (merchant, mode, currency), row in sorted(sums.items())
    ]
