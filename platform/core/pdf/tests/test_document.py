"""What documents say, and with which letters, read back from the file."""

import io
import time
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
from fontTools.ttLib import TTFont

from core.pdf import Document, document_language
from core.pdf.document import ARABIC, FONTS, LATIN

AT = datetime(2026, 12, 4, 19, 5, tzinfo=UTC)


def a_document(language: str = "en", **more) -> Document:
    return Document(title="Receipt BUKA-ZUMA-2026-000123", language=language, issued_at=AT, **more)


def read(document: Document) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(document.content()))


def places(reader: pypdf.PdfReader) -> dict[str, float]:
    """Return at how many points from the left each piece of text on the first page begins."""
    found: dict[str, float] = {}
    reader.pages[0].extract_text(visitor_text=lambda text, _cm, tm, _font, _size: found.setdefault(text.strip(), tm[4]))
    return found


class TestDocument:
    def test_says_what_was_written(self):
        document = a_document(author="Zuma Grill")
        document.heading("Receipt", "BUKA-ZUMA-2026-000123")
        document.pairs([("Paid by", "Ada Obi"), ("Tax number", "")])
        document.table(["What", "Amount"], [["Tickets", "₦12,500"]], ends=[1], totals=[["Total", "₦12,500"]])

        reader = read(document)

        text = reader.pages[0].extract_text().replace("1/ 1", "1/1")
        for said in ("Receipt", "BUKA-ZUMA-2026-000123", "Paid by", "Ada Obi", "Tickets", "₦12,500", "Total", "1/1"):
            assert said in text
        assert "Tax number" not in text
        assert reader.metadata is not None
        assert reader.metadata.title == "Receipt BUKA-ZUMA-2026-000123"
        assert reader.metadata.author == "Zuma Grill"
        assert reader.metadata.creation_date == AT
        assert reader.root_object["/Lang"] == "en"

    def test_is_the_same_file_whenever_it_is_made(self, time_machine):
        time_machine.move_to(AT)

        def made() -> bytes:
            document = a_document("ar")
            document.table(["المبلغ"], [["₦50"], ["محمد"]])
            return document.content()

        first = made()
        time_machine.move_to(AT + timedelta(days=400))

        assert made() == first

    def test_repeats_a_tables_headings_on_each_page_and_is_quick(self):
        document = a_document()
        began = time.process_time()

        document.table(["What", "Amount"], [[f"Jollof rice {row}", "₦1,200.50"] for row in range(500)], ends=[1])
        content = document.content()

        assert time.process_time() - began < 2  # of this process alone: 0.6 on a laptop
        reader = pypdf.PdfReader(io.BytesIO(content))
        texts = [page.extract_text() for page in reader.pages]
        assert len(texts) > 10
        assert all(
            "What" in text and f"{number}/{len(texts)}" in text.replace("/ ", "/")
            for number, text in enumerate(texts, start=1)
        )
        assert "Jollof rice 499" in texts[-1]

    def test_breaks_what_is_too_long_and_loses_nothing(self):
        document = a_document()

        document.table(["What", "Amount"], [["a very long name of a dish " * 12, "₦5"]], shares=[1, 1])

        assert read(document).pages[0].extract_text().count("dish") == 12

    def test_mirrors_what_is_read_from_the_right(self):
        def made(language: str) -> dict[str, float]:
            document = a_document(language)
            document.table(["What", "Amount"], [["Tickets", "₦50"]], ends=[1])
            return places(read(document))

        usual, mirrored = made("en"), made("ar")

        assert usual["Tickets"] < usual["₦50"]
        assert mirrored["Tickets"] > mirrored["₦50"]

    def test_keeps_the_letters_of_a_word_after_another_script(self):
        document = a_document("ar")

        document.table(["الصنف", "Amount"], [["محمد", "Ada"]])

        text = read(document).pages[0].extract_text()
        assert "Amount" in text
        assert "Ada" in text


class TestFaces:
    @pytest.mark.parametrize("weight", ["regular", "bold"])
    def test_have_the_letters_of_nigeria(self, weight):
        latin, arabic = (set(TTFont(FONTS / f"{name}-{weight}.ttf").getBestCmap()) for name in (LATIN, ARABIC))

        lacking = [
            letter
            for letter in "ẸẹỌọṢṣỊịỤụṄṅǸǹŃńḾḿƁɓƊɗƘƙƳƴʼ₦€ÀÉÎÖÜß—–…’“”•\u0300\u0301\u0304\u0323"
            if ord(letter) not in latin
        ]
        lacking += [letter for letter in "محمدعبداللهأإآىئءةپچگڤۋ؛،؟٪١٢٣" if ord(letter) not in arabic]

        assert lacking == []

    def test_come_with_their_licence(self):
        assert all("Open Font License" in page.read_text() for page in FONTS.glob("*-licence.txt"))
        assert len(list(FONTS.glob("*-licence.txt"))) == 2


class TestDocumentLanguage:
    @pytest.mark.parametrize(("code", "written"), [("ar", "ar"), ("yo", "yo"), ("zh-hans", "en"), ("ja", "en")])
    def test_is_one_whose_letters_there_are(self, code, written):
        assert document_language(code) == written
