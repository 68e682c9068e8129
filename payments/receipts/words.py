"""What stands on a receipt, in the active language: the page and the PDF both show this."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from localization import formatting
from payments.brands import brand_name
from payments.models.paying import CHANNELS
from payments.receipts import selectors
from payments.receipts.models import Receipt
from payments.receipts.states import DocumentKind
from payments.states import Kind
from payments.subjects import Item
from restaurants.charge_words import named


@dataclass(frozen=True)
class Sheet:
    """A document in words: names with their values, lines with their amounts, and what is said below."""

    title: str
    number: str
    seller: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    total: tuple[str, str]
    notes: tuple[str, ...]
    # What became of the money since, and has no document of its own.
    since: tuple[str, ...]


def sheet_of(receipt: Receipt) -> Sheet:
    """Return a receipt's words in the active language; times by the house's clock."""
    seller, zone = receipt.seller, receipt.seller["time_zone"]
    return Sheet(
        title=receipt.get_kind_display(),
        number=receipt.number,
        seller=(
            (_("Seller"), seller["legal_name"] or seller["name"]),
            (_("Restaurant"), seller["name"] if seller["legal_name"] else ""),
            (_("Address"), seller["address"]),
            (_("Tax number (TIN)"), seller["tax_number"]),
            (_("Phone"), seller["phone"]),
        ),
        facts=(
            (_("Issued"), formatting.day_and_time(receipt.issued_at, zone=zone)),
            (pgettext("on a receipt", "Paid"), formatting.day_and_time(receipt.paid_at, zone=zone)),
            (_("Paid by"), receipt.payer_name),
            (pgettext("on a receipt", "For"), _purpose(receipt)),
            *_bought(receipt),
            (_("Code"), receipt.code),
            (_("Means of payment"), _means(receipt)),
            (_("Reference"), receipt.reference),
        ),
        lines=_lines(receipt),
        total=(_total(receipt), formatting.money(receipt.amount_kobo)),
        notes=tuple(_notes(receipt)),
        since=tuple(_since(receipt)),
    )


def _purpose(receipt: Receipt) -> str:
    if receipt.title:
        return receipt.title
    if receipt.purpose == Kind.FEE:
        return _("Fee for not coming, or for cancelling late, as the terms of the booking say")
    return receipt.get_purpose_display()


def _bought(receipt: Receipt) -> list[tuple[str, str]]:
    label = pgettext("on a receipt", "Bought") if receipt.is_of_all else pgettext("on a receipt", "Paid towards")
    return [(label, item_words(item)) for item in receipt.bought]


def item_words(item: Item) -> str:
    """Return how many of what were bought, and what one of them cost, in the active language."""
    return pgettext("on a receipt", "%(number)s × %(name)s, %(price)s each") % {
        "number": formatting.number(item.number),
        "name": item.name,
        "price": formatting.money(item.each_kobo),
    }


def _means(receipt: Receipt) -> str:
    way = str(CHANNELS.get(receipt.channel, receipt.channel))  # type: ignore[call-overload]
    brand, _space, last4 = receipt.card.rpartition(" ")
    return f"{way}, {f'{brand_name(brand)} •••• {last4}'.strip()}" if receipt.card else way


def _lines(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    charges = receipt.lines
    if not charges:
        return ((_purpose(receipt), formatting.money(receipt.amount_kobo)),)
    return (
        (_("Net price"), formatting.money(receipt.net_kobo)),
        *((named(charge), formatting.money(charge.kobo)) for charge in charges),
    )


def _total(receipt: Receipt) -> str:
    if receipt.kind == DocumentKind.CREDIT_NOTE:
        return _("Given back")
    return _("Received") if receipt.kind == DocumentKind.RECEIPT else _("Not given back after all")


def _since(receipt: Receipt) -> list[str]:
    since, said = selectors.since(receipt), []
    if since.kept_kobo:
        kept = formatting.money(since.kept_kobo)
        said.append(
            _("The restaurant keeps %(kept)s of this deposit, as the terms of the booking say.") % {"kept": kept}
        )
    if since.taken_kobo:
        said.append(_("A bank has taken %(taken)s of this back.") % {"taken": formatting.money(since.taken_kobo)})
    return said


def _notes(receipt: Receipt) -> list[str]:
    notes = []
    if receipt.purpose == Kind.DEPOSIT:
        notes.append(
            _("Paid on account of the bill: it is taken off the bill’s total, and taxes are settled on the bill.")
        )
    if receipt.kind == DocumentKind.WITHDRAWAL:
        notes.append(_("The bank sent back what the credit note said was given back."))
    notes.append(_("Taken by Buka for the restaurant, which is the seller."))
    return notes
