"""A statement as a spreadsheet and on paper."""

import io
from datetime import date, datetime, timedelta

from defusedcsv import csv
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core import money
from core.pdf import Document, Lettering, document_language
from localization import formatting
from payments.settlement.statements import Statement, Sums

COLUMNS = [
    "date", "kind", "code", "gross", "commission", "commission_vat", "gateway_fee", "net", "balance", "tax_within",
    "late", "payment",
]  # fmt: skip


def csv_of(found: Statement) -> str:
    """Return the lines of a spreadsheet; the first and the last hold the balances. Naira, and Nigeria's clock."""
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


def pdf_of(found: Statement, *, house: str, language: str) -> bytes:
    """Return a statement on A4, in the reader's language as far as the document's letters go."""
    language = document_language(language)
    with translation.override(language):
        title = _("Statement of %(restaurant)s") % {"restaurant": house}
        days = _("From %(since)s to %(until)s, by Nigeria's clock") % {
            "since": formatting.day(first_day(found.since), language),
            "until": formatting.day(last_day(found.until), language),
        }
        paper = Document(title=title, language=language, issued_at=found.until, author="Buka")
        paper.heading(title, days)
        paper.pairs(
            [
                (_("Opening balance"), formatting.money(found.opening_kobo, language)),
                *((str(kind.label), formatting.money(sums.net_kobo, language)) for kind, sums in found.by_kind),
                (_("Closing balance"), formatting.money(found.closing_kobo, language)),
            ]
        )
        paper.space(6)
        paper.table(
            # Three columns more would leave no room for the amounts: what is taken stands in one.
            [_("When"), _("What"), _("Gross"), " + ".join([_("Commission"), _("VAT on it"), _("Gateway's fee")]),
             _("Net"), _("Balance")],
            [
                [formatting.short_day(first_day(line.at), language), f"{line.kind.label} {line.code}".strip(),
                 *_sums(line, language), formatting.money(line.balance_kobo, language)]
                for line in found.lines
            ],
            shares=[20, 30, 27, 28, 27, 28],
            ends=range(2, 6),
            totals=[
                [_("All together"), "", *_sums(found.totals, language), formatting.money(found.closing_kobo, language)]
            ],
        )  # fmt: skip
        paper.space()
        paper.text(
            _("Deposits are yours once the guest has come, tickets when they are paid. Commission goes back with what "
              "you give back."),
            Lettering.SMALL,
        )  # fmt: skip
        return paper.content()


def _sums(sums: Sums, language: str) -> list[str]:
    """Return gross, what is taken of it, and net."""
    parts = (sums.commission_kobo, sums.commission_tax_kobo, sums.fee_kobo)
    taken = " + ".join(formatting.money(kobo, language) for kobo in parts if kobo)
    return [formatting.money(sums.gross_kobo, language), taken or "–", formatting.money(sums.net_kobo, language)]


def first_day(moment: datetime) -> date:
    """Return the day by Nigeria's clock."""
    return timezone.localdate(moment, formatting.HOME_ZONE)


def last_day(until: datetime) -> date:
    """Return the last day that ends by then."""
    return first_day(until - timedelta(microseconds=1))


def signed(kobo: int) -> str:
    """Return an amount in naira, as `-1250.00` below zero."""
    return f"-{money.to_api(-kobo)}" if kobo < 0 else money.to_api(kobo)


def _moment(at: datetime) -> str:
    return at.astimezone(formatting.HOME_ZONE).isoformat(timespec="seconds")
