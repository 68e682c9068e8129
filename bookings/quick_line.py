"""A booking in one line, as a host hears it on the telephone: `4 19:30 Ada Obi 0803 123 4567, window seat`."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.states import Channel
from core import phones
from core.text import search_form
from localization import formatting

LONGEST = 200
# Arabic, Chinese and Japanese keyboards have commas of their own.
_COMMA = re.compile("[,،，、]")
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.h](\d{2}))?\s?(am|pm)?$")
_APART = re.compile(r"(?<![\w/:.])(\d{1,2}(?:[:.h]\d{2})?)\s+(am|pm)\b", re.IGNORECASE)
_PARTY = re.compile(r"^(\d{1,3})(?:p|x|pax)?$")
_DATE = re.compile(r"^(\d{1,2})/(\d{1,2})$")
# A word of a telephone number, and one that may be its first: no party and no day begins so.
_DIGITS = re.compile(r"^\+?[\d()./-]*\d[\d()./-]*$")
_FIRST_DIGITS = re.compile(r"^(?:\+|\(|0\d|\d[\d()./-]{6,})")
# Fewer digits than these are no attempt at a telephone number.
_FEWEST_DIGITS, _MOST_WORDS = 5, 8
_WHATSAPP = frozenset({"wa", "whatsapp", "ig", "instagram"})


@dataclass(frozen=True)
class QuickLine:
    """What a line says; what it does not say is None or empty."""

    party: int | None = None
    clock: time | None = None
    day: date | None = None
    name: str = ""
    phone: str = ""
    notes: str = ""
    channel: Channel = Channel.PHONE
    unread: tuple[str, ...] = ()
    """Words with figures that are no party, time, day or telephone number."""
    past: str = ""
    """The word for a day that has passed."""

    @property
    def is_complete(self) -> bool:
        """Whether it may be booked as it is: everything is there, and nothing that stands there was left unread."""
        has_all = self.party is not None and self.clock is not None and bool(self.name)
        return has_all and not self.unread and not self.past


def read(line: str, today: date) -> QuickLine:
    """Return what a line says. Whatever is no number, time, day or way is the name; after a comma come wishes.

    The first small number is the party, the first time of the clock the time: `7:30pm`, `19.30`, `7 pm`. A time before
    noon without am or pm, where people only dine later, is left to whoever knows the shifts. A telephone number is
    returned as it was written, valid or not: whoever asks for it says what is wrong with it.
    """
    line, notes = [*_COMMA.split(line[:LONGEST], maxsplit=1), ""][:2]
    words, phone = _without_phone(_APART.sub(r"\1\2", line).split())
    party: int | None = None
    clock: time | None = None
    day: date | None = None
    channel = Channel.PHONE
    name: list[str] = []
    unread: list[str] = []
    past = ""
    for word in words:
        plain = search_form(word)
        if party is None and (number := _PARTY.match(plain)) and int(number[1]) > 0:
            party = int(number[1])
        elif clock is None and (moment := _clock_of(plain)):
            clock = moment
        elif day is None and (named := _day_of(plain, today)):
            day = named
        elif plain in _WHATSAPP:
            channel = Channel.WHATSAPP
        elif plain == search_form(_("yesterday")):
            past = word
        elif any(character.isdecimal() for character in plain):
            unread.append(word)
        elif plain not in ("tel", "phone", "@", "at", "for", "x"):
            name.append(word)
    return QuickLine(party, clock, day, " ".join(name), phone, notes.strip(), channel, tuple(unread), past)


def _without_phone(words: list[str]) -> tuple[list[str], str]:
    """Return the words without those of the telephone number, and the number: the first that is one, else the first
    that was meant as one.
    """
    meant: tuple[int, int] | None = None
    for first, word in enumerate(words):
        if not _FIRST_DIGITS.match(word) or not _is_of_phone(word):
            continue
        last = first + 1
        while last < len(words) and last - first < _MOST_WORDS and _is_of_phone(words[last]):
            last += 1
        for end in range(last, first, -1):
            if _is_phone(" ".join(words[first:end])):
                return words[:first] + words[end:], " ".join(words[first:end])
        if meant is None and sum(map(str.isdecimal, "".join(words[first:last]))) >= _FEWEST_DIGITS:
            meant = first, last
    if meant is None:
        return words, ""
    return words[: meant[0]] + words[meant[1] :], " ".join(words[slice(*meant)])


def _is_of_phone(word: str) -> bool:
    return bool(_DIGITS.match(word)) and not _DATE.match(word) and _clock_of(word) is None


def _is_phone(text: str) -> bool:
    try:
        phones.normalise(text)
    except ValidationError:
        return False
    return True


def _clock_of(word: str) -> time | None:
    found = _CLOCK.match(word)
    if not found or (found[2] is None and found[3] is None):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day_of(word: str, today: date) -> date | None:
    if word == search_form(_("today")):
        return today
    if word == search_form(_("tomorrow")):
        return today + timedelta(days=1)
    if found := _DATE.match(word):
        return _coming(int(found[1]), int(found[2]), today)
    for ahead in range(7):
        day = today + timedelta(days=ahead)
        name = search_form(formatting.weekday(day.weekday()))
        if len(word) >= 3 and (word == name or (word == name[:3] and len(name) > 3)):
            return day
    return None


def _coming(day: int, month: int, today: date) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None
