"""The alphabet of text messages: what fits one part, and plain letters for what would cut it short.

A part holds 160 characters of the basic alphabet (GSM 03.38), or 70 of anything else. One ₦ or ẹ is enough to lose the
90 between them, so texts in Latin letters are written plainly: `NGN 12,500`, `e`.
"""

import unicodedata
from math import ceil

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Written with an escape before them: two places each.
EXTENDED = frozenset("^{}\\[~]|€\f")
_PLAIN = {
    "₦": "NGN ",
    "ɓ": "b",
    "Ɓ": "B",
    "ɗ": "d",
    "Ɗ": "D",
    "ƙ": "k",
    "Ƙ": "K",
    "ƴ": "y",
    "Ƴ": "Y",
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "•": "-",
    "·": "-",
    "œ": "oe",
    "Œ": "OE",
}


def plain(text: str) -> str:
    """Return the text in the basic alphabet where that is possible without losing a letter, else as it is."""
    written = "".join(_plain_character(character) for character in unicodedata.normalize("NFC", text))
    return written if is_basic(written) else text


def _plain_character(character: str) -> str:
    if character in BASIC or character in EXTENDED:
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    if unicodedata.category(character) == "Zs":
        return " "
    bare = "".join(
        part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) not in ("Mn", "Cf")
    )
    return bare if bare else ("" if unicodedata.combining(character) else character)


def is_basic(text: str) -> bool:
    """Tell whether a part holds 160 of these characters."""
    return all(character in BASIC or character in EXTENDED for character in text)


def parts(text: str) -> int:
    """Return in how many parts the text is sent, and paid for."""
    if is_basic(text):
        places = sum(2 if character in EXTENDED else 1 for character in text)
        return 1 if places <= 160 else ceil(places / 153)
    places = len(text.encode("utf-16-be")) // 2
    return 1 if places <= 70 else ceil(places / 67)
