import pytest

from core import codes


class TestNewCode:
    def test_holds_nothing_that_is_misheard_and_no_vowel(self):
        written = {character for _ in range(2000) for character in codes.new_code()}

        assert written <= set(codes.ALPHABET)
        assert not written & set("0O1IL5S2Z8BAEU")
        assert len(written) == len(codes.ALPHABET) == len(set(codes.ALPHABET))

    def test_does_not_repeat_itself_soon(self):
        assert len({codes.new_code() for _ in range(5000)}) > 4990

    def test_leaves_out_rude_words(self, monkeypatch):
        spelt = iter("FCK333" + "CDFGHJ")
        monkeypatch.setattr(codes.secrets, "choice", lambda alphabet: next(spelt))

        assert codes.new_code() == "CDFGHJ"


class TestNormalise:
    @pytest.mark.parametrize(
        "typed", ["CDF-GHJ", "cdf ghj", " c d f g h j ", "CDF GHJ", "cdf–ghj", "ＣＤＦＧＨＪ", "cdf.ghj"]
    )
    def test_takes_codes_as_people_type_them(self, typed):
        assert codes.normalise(typed) == "CDFGHJ"

    @pytest.mark.parametrize("typed", ["", "\0", "\ud800", "🍛🍛🍛🍛🍛🍛", "C" * 10_000, "ABC DEF", "CDFGH"])
    def test_never_fails_and_what_is_no_code_is_told_apart(self, typed):
        normalised = codes.normalise(typed)

        assert not codes.is_code(normalised)
        assert normalised.isascii() and len(normalised) <= 12

    def test_shown_and_typed_again_is_the_same(self):
        code = codes.new_code()

        assert codes.display(code) == f"{code[:3]} {code[3:]}"
        assert codes.normalise(codes.display(code)) == code
        assert codes.is_code(code)
