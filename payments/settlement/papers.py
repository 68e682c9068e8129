"""A statement as a spreadsheet and on paper."""

import io
from datetime import UTC

from defusedcsv import csv

from core import money
from payments.settlement.statements import Statement

COLUMNS = [
    "date", "kind", "code", "gross", "commission", "commission_vat", "gateway_fee", "net", "balance", "tax_within",
    "late", "payment",
]  # fmt: skip


def csv_of(found: Statement) -> str:
    """Return the lines of a spreadsheet, sums in naira; the first and the last hold the balances."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerow([_moment(found.since), "opening", *[""] * 6, signed(found.opening_kobo), "", "", ""])
    for line in found.lines:
        writer.writerow(
            [
                _moment(line.at), line.kind.value, line.code, signed(line.gross_kobo), signed(-line.commission_kobo),
                signed(-line.commission_tax_kobo), signed(-line.fee_kobo), signed(line.net_kobo),
                signed(line.balance_kobo), signed(line.tax_kobo), "yes" if line.is_late else "",
                str(line.payment_id or ""),
            ]
        )  # fmt: skip
    writer.writerow([_moment(found.until), "closing", *[""] * 6, signed(found.closing_kobo), "", "", ""])
    return out.getvalue()


def signed(kobo: int) -> str:
    """Return an amount in naira, as `-1250.00` below zero."""
    return f"-{money.to_api(-kobo)}" if kobo < 0 else money.to_api(kobo)


def _moment(at: object) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")  # type: ignore[attr-defined,no-any-return]
