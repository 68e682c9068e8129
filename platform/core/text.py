"""Text that people send: cleaned once at the door, so that every page, mail and query can trust it."""

import re
import unicodedata
from collections.abc import Iterator

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
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
# Not after a plus sign: that is a telephone number.
_LONG_NUMBER = re.compile(r"(?<![+\d])(?<!\+ )\d(?:[ \t\u00a0.\-\u2010-\u2015]{0,2}\d){12,60}")
_DIGITS = re.compile(r"\d+")
# Visa, Mastercard, American Express, Diners Club; Verve, Maestro, UnionPay and Discover.
_KNOWN_CARD = re.compile(
    r"4\d{12}(?:\d{3})?(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|(?:50|6\d)\d{14,17}"
)
# What a reader, or their mail program, takes for an address of the web or of e-mail. Of dots between letters only the
# commonest endings count: people write "St.John", too.
_ADDRESS = re.compile(
    r"://|:\\\\|\bwww\.|[^\s@]@[^\s@]+\.\w|\w\.[^\W\d_]{2,}/\w|[\w-]\.(?:com|net|org|info|biz|xyz|online|site|shop|click)\b",
    re.IGNORECASE,
)
_APOSTROPHES = re.compile("['’‘ʼʻ`´]")


def clean_line(text: str, *, max_length: int, may_hold_numbers: bool = False) -> str:
    """Return one line of text: NFC, white space folded, marks that reverse the direction of writing taken out.

    Joiners inside emoji and Arabic or Latin direction marks stay. Text without anything to see comes back empty.

    :param may_hold_numbers: of what nobody has just typed: what looks like a payment card's number stays
    :raises ValidationError: `text_nul`, `text_characters`, `text_too_long` or `text_card_number`
    """
    return _clean(text, max_length, keep_lines=False, may_hold_numbers=may_hold_numbers)


def clean_text(text: str, *, max_length: int, may_hold_numbers: bool = False) -> str:
    """Return text of several lines, cleaned like clean_line() but with its line ends, as `\\n`, kept.

    :raises ValidationError: as clean_line()
    """
    return _clean(text, max_length, keep_lines=True, may_hold_numbers=may_hold_numbers)


def clean_name(text: str, *, max_length: int) -> str:
    """Return a person's name, cleaned like clean_line(); it greets them in messages and is no place for an address.

    :raises ValidationError: `text_address_in_name`, and as clean_line()
    """
    name = clean_line(text, max_length=max_length)
    # In whatever form the letters and dots come.
    if _ADDRESS.search(unicodedata.normalize("NFKC", name).replace("。", ".")):
        raise ValidationError(
            _("Write the name alone here, without an address of the web or of e-mail."), code="text_address_in_name"
        )
    return name


def _clean(text: str, max_length: int, *, keep_lines: bool, may_hold_numbers: bool) -> str:
    if "\0" in text:
        raise ValidationError(_("This contains a null character, which cannot be stored."), code="text_nul")
    # Far too long is refused before any work is spent on it.
    if len(text) > max_length * 8 + 200:
        raise too_long(max_length)
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
        raise too_long(max_length)
    if not may_hold_numbers:
        refuse_card_numbers(text)
    return text


def refuse_card_numbers(text: str) -> None:
    """Let no payment card's number into a text: nobody here may ever see, keep or log one (PCI DSS).

    A number is 13 to 19 digits in any script, with spaces, dots or dashes between them, whose check digit is right.
    Telephone numbers are none, however they add up: with a plus sign, or Nigerian ones without it. Nor are UUIDs.

    :raises ValidationError: `text_card_number`
    """
    for found in _LONG_NUMBER.finditer(_UUID.sub(" ", text)):
        groups = ["".join(str(unicodedata.digit(digit)) for digit in group) for group in _DIGITS.findall(found[0])]
        if any(_is_card_number(number) for number in _numbers_in(groups)):
            raise ValidationError(
                _("This looks like the number of a payment card. Please never write it here; nobody of us needs it."),
                code="text_card_number",
            )


def _numbers_in(groups: list[str]) -> Iterator[str]:
    """Yield the whole row of digits or, of one too long for a card, the parts of it that look like a known card's.

    People write its date and its code beside the number.
    """
    whole = "".join(groups)
    if len(whole) <= 19:
        yield whole
        return
    for first in range(len(groups)):
        for last in range(first + 1, len(groups) + 1):
            part = "".join(groups[first:last])
            if _KNOWN_CARD.fullmatch(part):
                yield part


def _is_card_number(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or (len(digits) == 13 and digits.startswith("234")):
        return False
    return len(set(digits)) > 1 and _passes_luhn([int(digit) for digit in digits])


def _passes_luhn(digits: list[int]) -> bool:
    doubled = (2 * digit if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def too_long(max_length: int) -> ValidationError:
    """Return the refusal of a text that does not fit."""
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
