"""What never stands in a log: keys to somebody's account, and how to reach them. `Redacting` stands at every handler.

Records are written with ids; this is the net below, for what a library, a traceback or a careless line lets slip.
"""

import logging
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from core.masking import mask_email

HIDDEN = "•••"

_SECRET = r"authorization|cookie|token|secret|passw(?:or)?d|passphrase|signature|api[_-]?key|private[_-]?key|otp|csrf"  # noqa: S105
_SECRET_NAME = re.compile(_SECRET, re.IGNORECASE)

_LINK_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
# A header is hidden to the end of its line: cookies and schemes hold spaces.
_HEADER = re.compile(r"(?i)(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s+)(?!['\"])[^\r\n]+")
_NAMED = re.compile(
    rf"""(?i)((?<![\w-])[\w-]*(?:{_SECRET})[\w-]*["']?\s*[:=]\s*)"""
    r"""(?:b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s,;&)\]}"']+)"""
)
_SCHEME = re.compile(r"(?i)(?<!\w)(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
# What django.core.signing makes: value, time, signature; links to a booking end so.
_SIGNED = re.compile(r"(?<![\w:=.-])[\w=.-]++:[A-Za-z0-9]{5,8}:[\w-]{27,64}(?![\w-])")
_CIPHERTEXT = re.compile(r"(?<!\w)(ae1:[\w-]{1,20}:)[A-Za-z0-9+/]+={0,2}")
_EMAIL = re.compile(r"(?<![\w.+%-])([\w.+-]{1,64})(?:@|%40)((?:[\w-]{1,63}\.)+\w{2,24})")
_PHONE = re.compile(r"(?<![\w+.:-])(?:(?:\+|%2B)[1-9](?:[ ().-]{0,2}\d){7,14}|0[789](?:[ -]?\d){9})(?![\w:])")

# As long as a card's number and right by its formula; typed into an address, it would stand in the line about that.
_CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?\d){12,18}(?![\w.-])")

_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_LINK_PASSWORD, lambda found: f"{found[1]}{HIDDEN}"),
    (_HEADER, lambda found: f"{found[1]}{found[2]}{HIDDEN}"),
    (_NAMED, lambda found: f"{found[1]}{HIDDEN}"),
    (_SCHEME, lambda found: f"{found[1]} {HIDDEN}"),
    (_JWT, lambda found: HIDDEN),
    (_SIGNED, lambda found: HIDDEN),
    (_CIPHERTEXT, lambda found: f"{found[1]}{HIDDEN}"),
    (_EMAIL, lambda found: mask_email(f"{found[1]}@{found[2]}")),
    (_PHONE, lambda found: _without_middle(found[0])),
    (_CARD, lambda found: HIDDEN if _passes_luhn(found[0]) else found[0]),
)


def redacted(text: str) -> str:
    """Return the text without secrets, and with addresses and numbers that can be recognised and not used."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


class Redacting(logging.Filter):
    """Takes secrets and ways to reach people out of a record: its message, what it was made of, its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.args = _cleaned(record.args) if isinstance(record.args, Mapping) else record.args
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # Arguments that do not fit: the handler says so, and would print them as they are.
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = redacted(message), None
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            # Formatters use this text where it is there. Databases put whole rows into their messages.
            record.exc_text = redacted("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        elif record.exc_text:
            record.exc_text = redacted(record.exc_text)
        if record.stack_info:
            record.stack_info = redacted(record.stack_info)
        return True


def _cleaned(value: Any, name: str = "") -> Any:
    """Return a structure with the values of telling names hidden; names are lost once it is a sentence."""
    if name and isinstance(value, str | bytes | int) and _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _cleaned(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_cleaned(each, name) for each in value) if type(value) in (list, tuple) else value
    return value


def _passes_luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed([int(character) for character in number if character.isdigit()])):
        value = digit * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _without_middle(number: str) -> str:
    places = [index for index, character in enumerate(number) if character.isdigit()]
    hidden = set(places[4:-2])
    return "".join("•" if index in hidden else character for index, character in enumerate(number))
