"""The parameters of an address: read one by one, refused all together, each by its name."""

import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from core.api.fields import NotAnInstant, instant_of
from core.errors import InvalidInput, Text
from core.text import clean_line

T = TypeVar("T")
_WHOLE = re.compile(r"^-?[0-9]{1,18}$")
_DECIMAL = re.compile(r"^-?[0-9]{1,9}(\.[0-9]{1,15})?$")
_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_CLOCK = re.compile(r"^[0-9]{1,2}:[0-9]{2}$")
_SLUG = re.compile(r"^[a-z0-9_-]{1,80}$")


class Query:
    """Reads typed parameters and gathers what is wrong; check() refuses. An empty parameter counts as absent."""

    def __init__(self, data: QueryDict) -> None:
        self._data = data
        self._errors: dict[str, list[Text]] = {}

    def refuse(self, name: str, sentence: Text) -> None:
        self._errors.setdefault(name, []).append(sentence)

    def check(self) -> None:
        """:raises InvalidInput: when any parameter was refused"""
        if self._errors:
            raise InvalidInput(errors=self._errors)

    def has(self, name: str) -> bool:
        return bool(self._data.get(name, "").strip())

    def text(self, name: str, *, max_length: int) -> str:
        def clean(given: str) -> str:
            return clean_line(given, max_length=max_length)

        return self._read(name, clean, "") or ""

    def slugs(self, name: str, *, most: int = 20) -> tuple[str, ...]:
        """Return short names: the parameter may be repeated, or hold several divided by commas."""
        return tuple(dict.fromkeys(self._many(name, _slug, most)))

    def numbers(self, name: str, *, least: int, most: int) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self._many(name, lambda given: _whole(given, least, most), 20)))

    def choices(self, name: str, allowed: Collection[str]) -> tuple[str, ...]:
        def choice(given: str) -> str:
            if given not in allowed:
                raise ValueError(_("Choose from: %(choices)s.") % {"choices": ", ".join(allowed)})
            return given

        return tuple(dict.fromkeys(self._many(name, choice, len(allowed))))

    def slug(self, name: str) -> str:
        return self._read(name, _slug, "") or ""

    def number(self, name: str, *, least: int, most: int, default: int | None = None) -> int | None:
        return self._read(name, lambda given: _whole(given, least, most), default)

    def decimal(self, name: str, *, least: float, most: float, default: float) -> float:
        read = self._read(name, lambda given: _decimal(given, least, most), default)
        return default if read is None else read

    def boolean(self, name: str) -> bool | None:
        return self._read(name, _boolean, None)

    def day(self, name: str) -> date | None:
        return self._read(name, _day, None)

    def clock(self, name: str) -> time | None:
        return self._read(name, _clock, None)

    def instant(self, name: str) -> datetime | None:
        # Whoever writes an address by hand leaves the plus sign as it is, and it arrives as a space.
        return self._read(name, lambda given: instant_of(given.replace(" ", "+")), None)

    def uuid(self, name: str) -> UUID | None:
        return self._read(name, _uuid, None)

    def place(self, name: str) -> tuple[float, float] | None:
        return self._read(name, _place, None)

    def _read(self, name: str, read: Callable[[str], T], default: T | None) -> T | None:
        given = self._data.get(name)
        if given is None or not given.strip():
            return default
        return self._one(name, given.strip(), read, default)

    def _many(self, name: str, read: Callable[[str], T], most: int) -> list[T]:
        given = [part.strip() for value in self._data.getlist(name) for part in value[:4_000].split(",")]
        given = [part for part in given if part]
        if len(given) > most:
            self.refuse(name, _("At most %(most)d are understood at once.") % {"most": most})
            return []
        found = [self._one(name, part, read, None) for part in given]
        return [one for one in found if one is not None]

    def _one(self, name: str, given: str, read: Callable[[str], T], default: T | None) -> T | None:
        try:
            return read(given)
        except NotAnInstant as error:
            self.refuse(name, error.sentence)
        except ValidationError as error:
            for sentence in error.messages:
                self.refuse(name, sentence)
        except ValueError as error:
            self.refuse(name, str(error))
        return default


def _slug(given: str) -> str:
    if not _SLUG.match(given):
        raise ValueError(_("Write a short name in small letters, figures and dashes, such as port-harcourt."))
    return given


def _whole(given: str, least: int, most: int) -> int:
    if not _WHOLE.match(given) or not least <= int(given) <= most:
        raise ValueError(_("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most})
    return int(given)


def _decimal(given: str, least: float, most: float) -> float:
    if not _DECIMAL.match(given) or not least <= float(given) <= most:
        raise ValueError(_("Write a number from %(least)s to %(most)s.") % {"least": least, "most": most})
    return float(given)


def _boolean(given: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if given.lower() not in known:
        raise ValueError(_("Write true or false."))
    return known[given.lower()]


def _day(given: str) -> date:
    sentence = _("Write the day as year-month-day, such as 2026-12-24.")
    if not _DATE.match(given):
        raise ValueError(sentence)
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise ValueError(sentence) from error


def _clock(given: str) -> time:
    sentence = _("Write the time of day as hours and minutes, such as 19:30.")
    if not _CLOCK.match(given):
        raise ValueError(sentence)
    hour, minute = map(int, given.split(":"))
    if hour > 23 or minute > 59:
        raise ValueError(sentence)
    return time(hour, minute)


def _uuid(given: str) -> UUID:
    try:
        if len(given) != 36:
            raise ValueError
        return UUID(given)
    except ValueError as error:
        raise ValueError(_("This is not an identifier of ours.")) from error


def _place(given: str) -> tuple[float, float]:
    parts = [part.strip() for part in given.split(",")]
    if len(parts) != 2 or not all(_DECIMAL.match(part) for part in parts):
        raise ValueError(_("Write latitude and longitude divided by a comma, such as 6.43,3.42."))
    latitude, longitude = map(float, parts)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(_("Write latitude and longitude divided by a comma, such as 6.43,3.42."))
    return latitude, longitude
