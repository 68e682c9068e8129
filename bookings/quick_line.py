"""A booking in one line, as a host hears it on the telephone: `4 19:30 Ada Obi 0803 123 4567, window seat`."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.utils.translation import gettext as _

from bookings.states import Channel
from core.text import search_form
from localization import formatting

LONGEST = 200
# Arabic, Chinese and Japanese keyboards have commas of their own.
_COMMA = re.compile("[,،，、]")
_CLOCK = re.compile(r"^(\d{1,2})(?:[:.h](\d{2}))?\s?(am|pm)?$")
_PHONE = re.compile(r"\+?\d[\d\s()./-]{6,}\d")
_PARTY = re.compile(r"^(\d{1,3})(?:p|x|pax)?$")
_DATE = re.compile(r"^(\d{1,2})/(\d{1,2})$")
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

    @property
    def is_complete(self) -> bool:
        """Whether it may be booked as it is."""
        return self.party is not None and self.clock is not None and bool(self.name)


def read(line: str, today: date) -> QuickLine:
    """Return what a line says. Whatever is no number, time, day or way is the name; after a comma come wishes.

    The first small number is the party, the first time of the clock the time: `7:30pm`, `19.30`, `7pm`. A time before
    noon without am or pm, where people only dine later, is left to whoever knows the shifts.
    """
    line, notes = [*_COMMA.split(line[:LONGEST], maxsplit=1), ""][:2]
    phone = ""
    if found := _PHONE.search(line):
        phone = found.group().strip()
        line = f"{line[: found.start()]} {line[found.end() :]}"
    party: int | None = None
    clock: time | None = None
    day: date | None = None
    channel = Channel.PHONE
    name: list[str] = []
    for word in line.split():
        plain = search_form(word)
        if party is None and (number := _PARTY.match(plain)) and int(number[1]) > 0:
            party = int(number[1])
        elif clock is None and (moment := _clock_of(plain)):
            clock = moment
        elif day is None and (named := _day_of(plain, today)):
            day = named
        elif plain in _WHATSAPP:
            channel = Channel.WHATSAPP
        elif plain not in ("tel", "phone", "@", "at", "for", "x"):
            name.append(word)
    return QuickLine(party, clock, day, " ".join(name), phone, notes.strip(), channel)


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
