"""Documents as PDF: a heading, lines of a name and a value, and tables that run over pages.

    document = Document(title="Receipt BUKA-ZUMA-2026-000123", language="ha", issued_at=receipt.issued_at)
    document.heading("Receipt", "BUKA-ZUMA-2026-000123")
    document.pairs([("Paid by", "Ada Obi"), ("Paid on", "Friday, 4 December 2026")])
    document.table(["What", "Amount"], rows, ends=[1], totals=[["Total", "₦11,750"]])
    content = document.content()

The same calls give the same bytes, whenever they are made. The faces know Latin letters with their marks and Arabic;
for Chinese and Japanese readers, `document_language` says English. Why fpdf2: docs/decisions/0002-dependencies.md.
"""

from core.pdf.document import MIME, Document, Lettering, document_language

__all__ = ["MIME", "Document", "Lettering", "document_language"]
