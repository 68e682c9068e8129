import pytest
from django.core.exceptions import ValidationError

from core.text import clean_line, clean_text, search_form


class TestCleanLine:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("  Adé   Bọ́lá \n", "Adé Bọ́lá"),
            ("A\u0301de", "\u00c1de"),
            ("👩‍👩‍👧 family", "👩‍👩‍👧 family"),
            ("\u202egnp.exe", "gnp.exe"),
            ("a\u2066b\u2069c", "abc"),
            ("\u200fعائشة\u200f", "\u200fعائشة\u200f"),
            ("Tunde\x07\x1b[31m", "Tunde[31m"),
            ("x\u200by", "xy"),
            ("a\tb\u2028c\u00a0d", "a b c d"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("\u200d\u200d\u200d", ""),
            ("\u200f \u0301", ""),
            ("", ""),
        ],
    )
    def test_keeps_what_people_mean(self, sent, kept):
        assert clean_line(sent, max_length=60) == kept

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ("Bo\0la", "text_nul"),
            ("Bola\ud800", "text_characters"),
            ("x" * 61, "text_too_long"),
            ("x" * 10_000_000, "text_too_long"),
        ],
    )
    def test_refuses_what_cannot_be_stored(self, sent, code):
        with pytest.raises(ValidationError) as refusal:
            clean_line(sent, max_length=60)

        assert refusal.value.code == code

    def test_length_is_counted_after_cleaning(self):
        assert clean_line("  " + "x" * 60 + "\u202e" * 30, max_length=60) == "x" * 60

    def test_the_refusal_says_how_much_fits(self):
        with pytest.raises(ValidationError) as refusal:
            clean_line("x" * 61, max_length=60)

        assert refusal.value.messages == ["This is too long: at most 60 characters fit."]


class TestCleanText:
    def test_keeps_lines_and_paragraphs(self):
        assert clean_text(" one \r\n  two\r\n\r\n\r\n\r\nthree\x0bfour ", max_length=99) == "one\ntwo\n\nthree\nfour"


class TestSearchForm:
    @pytest.mark.parametrize(
        ("written", "found_by"),
        [
            ("Ẹ̀fọ́  Rírò", "efo riro"),
            ("Ɓarawo", "barawo"),
            ("Ƙosai", "kosai"),
            ("ɗan", "dan"),
            ("Ƴar'adua", "yaradua"),
            ("Crème Brûlée", "creme brulee"),
            ("Ikọ́yí", "ikoyi"),
            ("STRASSE", "straße"),
            ("مُحَمَّد", "محمد"),
            ("が", "が"),
            ("K’ofar Mata", "kofar mata"),
            ("a\0b", "a b"),
            ("ＡＢＣ", "abc"),
        ],
    )
    def test_spelling_does_not_stand_in_the_way(self, written, found_by):
        assert search_form(written) == search_form(found_by)

    def test_does_not_make_another_kana(self):
        assert search_form("が") != search_form("か")

    def test_never_fails(self):
        assert search_form("\ud800\0\x07") == ""
