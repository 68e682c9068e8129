"""Confirmation codes: short, read out over noisy phones, not guessable in a row."""

import re
import secrets
import unicodedata

# Without look- and sound-alikes (0/O, 1/I/L, 5/S, 2/Z, 8/B), and without vowels so that codes hardly spell words.
ALPHABET = "34679CDFGHJKMNPQRTVWXY"
LENGTH = 6
_RUDE = ("FCK", "FKK", "CNT", "KKK", "DCK", "DCK", "WTF", "NGR", "F4G", "PNS", "T4T", "D4MN", "CR4P", "N4Z", "699")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[^0-9A-Z]")


def new_code(length: int = LENGTH) -> str:
    """Return random characters; of six there are some 113 million, so a unique constraint may rarely say no."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if not any(word in code for word in _RUDE):
            return code


def display(code: str) -> str:
    """Return the code as people read it out, in two halves: `ABC DEF`."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}".strip()


def normalise(text: str) -> str:
    """Return what somebody typed as a code is stored: capitals, without spaces, dashes or anything else.

    Never raises; what cannot be a code comes back as something that is_code() refuses and no row has.
    """
    upper = unicodedata.normalize("NFKC", text[:100]).upper()
    return _NEITHER_LETTER_NOR_DIGIT.sub("", upper)[:12]


def is_code(text: str, length: int = LENGTH) -> bool:
    """Tell whether the text, already normalised, could be a code."""
    return len(text) == length and all(character in ALPHABET for character in text)
