"""A receipt as PDF: the same bytes whenever it is asked for, until there is more to say of its money."""

from django.utils import translation
from django.utils.translation import gettext as _

from core.pdf import Document, Lettering, document_language
from payments.receipts.models import Receipt
from payments.receipts.words import sheet_of


def pdf_of(receipt: Receipt) -> bytes:
    """Return a receipt's file, in its payer's language."""
    language = document_language(receipt.language)
    with translation.override(language):
        sheet = sheet_of(receipt)
        document = Document(
            title=f"{sheet.title} {sheet.number}",
            language=language,
            issued_at=receipt.issued_at,
            author=receipt.seller["legal_name"] or receipt.seller["name"],
        )
        document.heading(sheet.title, sheet.number)
        document.pairs(sheet.seller)
        document.space()
        document.pairs(sheet.facts)
        document.space()
        document.table([_("What"), _("Amount")], sheet.lines, shares=[3, 1], ends=[1], totals=[sheet.total])
        document.space()
        for sentence in sheet.since:
            document.text(sentence)
        for note in sheet.notes:
            document.text(note, Lettering.SMALL)
        return document.content()


def name_of(receipt: Receipt) -> str:
    """Return what its file is called."""
    return f"{receipt.number}.pdf"
