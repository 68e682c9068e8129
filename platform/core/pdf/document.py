"""One document: what is drawn, and in which direction."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from django.utils import translation
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, WrapMode, XPos, YPos
from fpdf.prefs import ViewerPreferences

MIME = "application/pdf"

FONTS = Path(__file__).parent / "fonts"
LATIN, ARABIC = "buka-document", "buka-document-arabic"
# The faces have no Chinese and Japanese letters; these would weigh as much as all the rest of Buka.
UNWRITTEN = frozenset({"zh-hans", "ja"})

MARGIN = 18.0
FOOT = 22.0
LINE_HEIGHT = 1.4
POINT = 25.4 / 72
# Between two columns, and above and below a row, in millimetres.
GUTTER, ROW_PADDING = 4.0, 1.1
# What directs text and has no shape of its own; the algorithm has done its work before it comes to drawing.
_INVISIBLE = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])


def document_language(code: str) -> str:
    """Return the language in which a document for somebody who reads `code` is written as PDF.

    English where the faces lack the letters of their own: Chinese and Japanese.
    """
    return "en" if code in UNWRITTEN else code


class Lettering(StrEnum):
    """How a piece of text is set."""

    TITLE = "title"
    SUBTITLE = "subtitle"
    TEXT = "text"
    STRONG = "strong"
    SMALL = "small"


class _Look(NamedTuple):
    size: float
    bold: bool
    grey: int


_LOOKS = {
    Lettering.TITLE: _Look(19, True, 0),
    Lettering.SUBTITLE: _Look(12, True, 60),
    Lettering.TEXT: _Look(10, False, 0),
    Lettering.STRONG: _Look(10, True, 0),
    Lettering.SMALL: _Look(8.5, False, 80),
}


class Document:
    """A document on A4, written from top to bottom.

    :param language: the language of its texts, for readers aloud; Arabic is laid out from right to left
    :param issued_at: stands in the file as the moment at which it was made
    """

    def __init__(self, *, title: str, language: str, issued_at: datetime, author: str = "") -> None:
        self._rtl = translation.get_language_info(language)["bidi"]
        self._page = _Pages(language=language, rtl=self._rtl)
        self._page.set_title(title)
        self._page.set_lang(language)
        self._page.set_creation_date(issued_at)
        self._page.set_creator("Buka")
        self._page.set_producer("Buka")
        if author:
            self._page.set_author(author)
        self._page.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self._page.add_page()

    @property
    def width(self) -> float:
        """Return the millimetres between the margins."""
        return self._page.epw

    def heading(self, title: str, subtitle: str = "") -> None:
        """Write what the document is."""
        self.text(title, Lettering.TITLE)
        if subtitle:
            self.text(subtitle, Lettering.SUBTITLE)
        self.space(3)

    def text(self, text: str, lettering: Lettering = Lettering.TEXT) -> None:
        """Write a paragraph; it is broken where it has to be."""
        self._row([text], [self.width], [False], [lettering], padding=0)

    def space(self, millimetres: float = 4) -> None:
        """Leave room before what comes next."""
        self._page.ln(millimetres)

    def pairs(self, pairs: Iterable[tuple[str, str]], *, share: float = 0.34) -> None:
        """Write lines of a name and its value; those without a value are left out.

        :param share: which part of the width the names have
        """
        widths = [self.width * share - GUTTER, self.width * (1 - share)]
        for name, value in pairs:
            if value:
                self._row([name, value], widths, [False, False], [Lettering.SMALL, Lettering.TEXT], padding=0.5)

    def table(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        shares: Sequence[float] = (),
        ends: Collection[int] = (),
        totals: Iterable[Sequence[str]] = (),
    ) -> None:
        """Write a table; where it runs over a page, its headings are repeated on the next.

        :param shares: the columns' parts of the width, in any unit; the same for each if left out
        :param ends: the columns set at the end of their line, as numbers are
        :param totals: rows below a line, set in bold
        """
        parts = list(shares) or [1.0] * len(headings)
        room = self.width - GUTTER * (len(parts) - 1)
        widths = [room * part / sum(parts) for part in parts]
        at_end = [index in ends for index in range(len(parts))]
        strong, plain = [Lettering.STRONG] * len(parts), [Lettering.TEXT] * len(parts)

        def head() -> None:
            self._row(headings, widths, at_end, strong)
            self._rule(120)

        head()
        for row in rows:
            self._row(row, widths, at_end, plain, on_new_page=head)
            self._rule(225)
        for index, row in enumerate(totals):
            if index == 0:
                self._rule(60)
            self._row(row, widths, at_end, strong, on_new_page=head)

    def content(self) -> bytes:
        """Return the file."""
        return bytes(self._page.output())

    # --- Drawing ----------------------------------------------------------------------------------------------------

    def _rule(self, grey: int) -> None:
        page = self._page
        page.set_draw_color(grey)
        page.set_line_width(0.25)
        page.line(page.l_margin, page.y, page.l_margin + self.width, page.y)

    def _row(
        self,
        texts: Sequence[str],
        widths: Sequence[float],
        at_end: Sequence[bool],
        letterings: Sequence[Lettering],
        *,
        padding: float = ROW_PADDING,
        on_new_page: Callable[[], None] | None = None,
    ) -> None:
        page = self._page
        cells = [
            self._broken(text, width, lettering)
            for text, width, lettering in zip(texts, widths, letterings, strict=True)
        ]
        height = 2 * padding + max(
            len(lines) * _line(lettering) for lines, lettering in zip(cells, letterings, strict=True)
        )
        if page.will_page_break(height) and page.y > page.t_margin:
            page.add_page()
            if on_new_page is not None:
                on_new_page()
        top, start = page.y, page.l_margin
        for lines, width, end, lettering in zip(cells, widths, at_end, letterings, strict=True):
            # Columns run from the side where the language begins.
            left = start if not self._rtl else 2 * page.l_margin + self.width - start - width
            page.set_y(top + padding)
            for line in lines:
                self._line(line, left, width, lettering, right=end != self._rtl)
            start += width + GUTTER
        page.set_y(top + height)

    def _line(self, text: str, left: float, width: float, lettering: Lettering, *, right: bool) -> None:
        page = self._page
        page.look(lettering, text)
        page.set_x(left)
        page.cell(
            w=width,
            h=_line(lettering),
            text=text,
            align=Align.R if right else Align.L,
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
        )

    def _broken(self, text: str, width: float, lettering: Lettering) -> list[str]:
        """Return the text in lines that fit: asking for its width is much quicker than having it broken."""
        page = self._page
        lines: list[str] = []
        for paragraph in _cleaned(text).split("\n"):
            page.look(lettering, paragraph)
            if not paragraph or page.get_string_width(paragraph) <= width:
                lines.append(paragraph)
                continue
            broken = page.multi_cell(
                w=width, text=paragraph, dry_run=True, output=MethodReturnValue.LINES, wrapmode=WrapMode.WORD
            )
            lines += [line.strip() for line in broken]
        return lines


class _Pages(FPDF):
    """The pages of a document, with their numbers at the foot."""

    def __init__(self, *, language: str, rtl: bool) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.alias_nb_pages(align=Align.L if rtl else Align.R)
        self._rtl = rtl
        self._language = language
        self.c_margin = 0
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=FOOT)
        for family in (LATIN, ARABIC):
            for style, weight in (("", "regular"), ("B", "bold")):
                self.add_font(family, style, FONTS / f"{family}-{weight}.ttf")
        self.set_fallback_fonts([ARABIC])

    def look(self, lettering: Lettering, text: str) -> None:
        look = _LOOKS[lettering]
        self.set_font(LATIN, "B" if look.bold else "", look.size)
        # fpdf2 takes back the font together with that of a fallback, and thinks that it still stands.
        self.current_font_is_set_on_page = False
        self.set_text_color(look.grey)
        # A name keeps its own direction, whatever the document's is: "Zuma (Abuja)" in an Arabic receipt.
        self.set_text_shaping(True, direction=_direction(text))

    def footer(self) -> None:
        self.set_y(-FOOT + 8)
        # The whole number of pages is known at the end: fpdf2 puts it in the place of {nb}.
        number = f"{self.page_no()}/{{nb}}"
        self.look(Lettering.SMALL, number)
        self.cell(w=self.epw, h=_line(Lettering.SMALL), text=number, align=Align.L if self._rtl else Align.R)


def _line(lettering: Lettering) -> float:
    """Return the height of a line in millimetres."""
    return _LOOKS[lettering].size * POINT * LINE_HEIGHT


def _cleaned(text: str) -> str:
    """Return the text composed, without what directs it and without control characters other than new lines."""
    composed = unicodedata.normalize("NFC", str(text)).translate(_INVISIBLE)
    return "".join(" " if unicodedata.category(letter) == "Cc" and letter != "\n" else letter for letter in composed)


def _direction(text: str) -> str:
    """Return the direction of the first letter that has one."""
    for letter in text:
        if (kind := unicodedata.bidirectional(letter)) in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"
