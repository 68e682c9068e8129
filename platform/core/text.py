"""Text that people send: cleaned once at the door, so that every page, mail and query can trust it."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Marks that turn the direction of everything after them: a name could rewrite the line it stands in.
_BIDI_OVERRIDES = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_INVISIBLE = {0x200B, 0x2060, 0xFEFF, 0x00AD}
_DROPPED = dict.fromkeys(_BIDI_OVERRIDES | _INVISIBLE)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_MANY_BLANK_LINES = re.compile(r"\n{3,}")
# Latin accents and tone marks, Arabic vowel signs and stretching; not the dakuten that make another kana.
_MARKS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640]")
_HOOKED = str.maketrans({"ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ŋ": "n", "ı": "i", "ø": "o", "đ": "d", "ł": "l"})
_APOSTROPHES = re.compile("['’‘ʼʻ`´]")


def clean_line(text: str, *, max_length: int) -> str:
    """Return one line of text: NFC, white space folded, marks that reverse the direction of writing taken out.

    Joiners inside emoji and Arabic or Latin direction marks stay. Text without anything to see comes back empty.

    :raises ValidationError: `text_nul`, `text_characters` or `text_too_long`
    """
    return _clean(text, max_length, keep_lines=False)


def clean_text(text: str, *, max_length: int) -> str:
    """Return text of several lines, cleaned like clean_line() but with its line ends, as `\\n`, kept.

    :raises ValidationError: `text_nul`, `text_characters` or `text_too_long`
    """
    return _clean(text, max_length, keep_lines=True)


def _clean(text: str, max_length: int, *, keep_lines: bool) -> str:
    if "\0" in text:
        raise ValidationError(_("This contains a null character, which cannot be stored."), code="text_nul")
    # Far too long is refused before any work is spent on it.
    if len(text) > max_length * 8 + 200:
        raise _too_long(max_length)
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text)).translate(_DROPPED)
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValidationError(_("This contains half a character, which cannot be stored."), code="text_characters")
        if category != "Cc" or character in "\n\t":
            kept.append(character)
    text = "".join(kept)
    if keep_lines:
        lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
        text = _MANY_BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    else:
        text = " ".join(text.split())
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        return ""
    if len(text) > max_length:
        raise _too_long(max_length)
    return text


def _too_long(max_length: int) -> ValidationError:
    return ValidationError(
        _("This is too long: at most %(max_length)d characters fit."),
        code="text_too_long",
        params={"max_length": max_length},
    )


def search_form(text: str) -> str:
    """Return the text as it is compared in searches: lower case, without tone marks or hooks, white space folded.

    `Ẹ̀fọ́  Rírò` and `efo riro` become the same, as do `Ɓarawo` and `barawo`. Never raises.
    """
    folded = unicodedata.normalize("NFKC", text.replace("\0", " ")).casefold()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", folded))
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFC", bare).translate(_DROPPED).translate(_HOOKED))
    return " ".join("".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in plain).split())
