"""The days that move demand in Nigeria: public holidays, feasts, and the cultural calendar.

Public holidays come from the `holidays` library. Muslim feasts are announced by sight of the moon, so until they are
confirmed they are *expected*, give or take a day; an administrator confirms them where it matters. The cultural days
are rules of our own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from django.utils.functional import Promise, lazy
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from holidays.constants import PUBLIC
from holidays.countries.nigeria import Nigeria, NigeriaIslamicHolidays

# The class below has a field of the type's own name.
Day = date

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6


class Kind(StrEnum):
    PUBLIC_HOLIDAY = "public_holiday"
    IN_LIEU = "in_lieu"
    """The weekday the government gives for a public holiday on a weekend."""
    FEAST = "feast"
    """A religious time that is no day off."""
    CULTURAL = "cultural"


@dataclass(frozen=True)
class Feast:
    """A day, or a stretch of days, people plan around."""

    date: Day
    slug: str
    name: str | Promise
    """Translated when it is shown; a day the library knows and we do not keeps its English name."""
    is_expected: bool
    """Not yet certain: awaits the moon, or the organisers."""
    kind: Kind
    last_date: Day
    """Equal to `date` for a single day."""
    states: tuple[str, ...] = ()
    """Where it matters; everywhere when empty."""


def feasts_between(start: date, end: date) -> list[Feast]:
    """Return what touches the days from `start` to `end`, both included, in the order it begins."""
    # A season such as December's may have begun the year before.
    years = range(start.year - 1, end.year + 1)
    touching = [feast for year in years for feast in _year(year) if feast.date <= end and feast.last_date >= start]
    return sorted(touching, key=lambda feast: (feast.date, feast.slug))


@lru_cache(maxsize=32)
def _year(year: int) -> tuple[Feast, ...]:
    holidays = tuple(_public_holidays(year))
    return (*holidays, *_cultural_days(year), *_days_after_holidays(holidays))


# --- From the library ---------------------------------------------------------------------------------------------

_NAMES = {
    "New Year's Day": ("new-years-day", _("New Year's Day")),
    "Good Friday": ("good-friday", _("Good Friday")),
    "Easter Monday": ("easter-monday", _("Easter Monday")),
    "Workers' Day": ("workers-day", _("Workers' Day")),
    "Democracy Day": ("democracy-day", _("Democracy Day")),
    "Presidential Inauguration Day": ("inauguration-day", _("Presidential Inauguration Day")),
    "National Day": ("independence-day", _("Independence Day")),
    "Christmas Day": ("christmas-day", _("Christmas Day")),
    "Boxing Day": ("boxing-day", _("Boxing Day")),
    "Prophet's Birthday": ("eid-el-maulud", _("Eid-el-Maulud")),
    "Eid al-Fitr": ("eid-el-fitr", _("Eid-el-Fitr (Small Sallah)")),
    "Eid al-Fitr Holiday": ("eid-el-fitr-second-day", _("Eid-el-Fitr, second day")),
    "Eid al-Adha": ("eid-el-kabir", _("Eid-el-Kabir (Big Sallah, Ileya)")),
    "Eid al-Adha Holiday": ("eid-el-kabir-second-day", _("Eid-el-Kabir, second day")),
    "Ramadan begins": ("ramadan", _("Ramadan")),
}
_LABEL = re.compile(r" \((?:(observed)(?:, )?)?(estimated)?\)$")
_DAYS_OF_RAMADAN = timedelta(days=29)


class _NigerianDays(Nigeria):
    """The library's Nigeria, with the moon where it has been of late, and the fast."""

    def _populate_public_holidays(self) -> None:
        # The library shifts feasts that are to come by a day against the Umm al-Qura calendar. From 2020 to 2025 both
        # Eids were declared on that calendar's very day.
        self._islamic_calendar = NigeriaIslamicHolidays(calendar_delta_days=0)
        super()._populate_public_holidays()
        self._add_ramadan_beginning_day("Ramadan begins")


_in_lieu = lazy(lambda name: gettext("%(holiday)s (day off in lieu)") % {"holiday": name}, str)


def _public_holidays(year: int) -> Iterator[Feast]:
    calendar = _NigerianDays(years=year, language="en_US", categories=(PUBLIC,))
    for day in sorted(calendar):
        if day.year != year:
            continue
        for label in calendar.get_list(day):
            yield _public_holiday(day, label)


def _public_holiday(day: date, label: str) -> Feast:
    marks = _LABEL.search(label)
    name = _LABEL.sub("", label)
    is_observed = bool(marks and marks.group(1))
    slug, shown = _NAMES.get(name, (slugify(name), name))
    is_fast = slug == "ramadan"
    return Feast(
        date=day,
        slug=f"{slug}-in-lieu" if is_observed else slug,
        name=_in_lieu(shown) if is_observed else shown,
        is_expected=bool(marks and marks.group(2)),
        kind=Kind.IN_LIEU if is_observed else Kind.FEAST if is_fast else Kind.PUBLIC_HOLIDAY,
        last_date=day + _DAYS_OF_RAMADAN if is_fast else day,
    )


# --- Rules of our own: what has no fixed rule (Argungu, Eyo) an administrator enters when it is announced -----------

_DURBAR_STATES = ("Kano", "Katsina", "Kaduna", "Niger", "Kwara")
_NEW_YAM_STATES = ("Abia", "Anambra", "Benue", "Ebonyi", "Enugu", "Imo")


def _cultural_days(year: int) -> Iterator[Feast]:
    yield _cultural("valentines-day", _("Valentine's Day"), date(year, 2, 14))
    food_festival = _nearest_saturday(date(year, 5, 1))
    yield _cultural(
        "lagos-food-festival",
        _("Lagos food festival weekend"),
        food_festival,
        food_festival + timedelta(days=1),
        is_expected=True,
        states=("Lagos",),
    )
    yield _cultural("childrens-day", _("Children's Day"), date(year, 5, 27))
    osun = _on_or_after(date(year, 8, 8), FRIDAY)
    yield _cultural("osun-osogbo", _("Osun-Osogbo festival"), osun, is_expected=True, states=("Osun",))
    yield _cultural(
        "new-yam",
        _("New Yam festivals (Iri ji, Iwa ji)"),
        date(year, 8, 1),
        date(year, 9, 30),
        is_expected=True,
        states=_NEW_YAM_STATES,
    )
    felabration = _on_or_after(date(year, 10, 9), MONDAY)
    yield _cultural(
        "felabration",
        _("Felabration"),
        felabration,
        felabration + timedelta(days=6),
        is_expected=True,
        states=("Lagos",),
    )
    fashion = _on_or_after(date(year, 10, 25), SUNDAY)
    yield _cultural(
        "lagos-fashion-week",
        _("Lagos fashion week"),
        fashion - timedelta(days=4),
        fashion,
        is_expected=True,
        states=("Lagos",),
    )
    yield _cultural("detty-december", _("Detty December"), date(year, 12, 10), date(year + 1, 1, 5))
    yield _cultural(
        "calabar-carnival", _("Calabar Carnival"), date(year, 12, 26), date(year, 12, 27), states=("Cross River",)
    )


def _days_after_holidays(holidays: Iterable[Feast]) -> Iterator[Feast]:
    for holiday in holidays:
        expected = holiday.is_expected
        if holiday.slug == "good-friday":
            # The fourth Sunday of Lent, three weeks before Easter.
            yield _cultural("mothering-sunday", _("Mothering Sunday"), holiday.date - timedelta(days=19))
        if holiday.slug in ("eid-el-fitr", "eid-el-kabir"):
            last = holiday.date + timedelta(days=1)
            yield _cultural("durbar", _("Durbar"), holiday.date, last, is_expected=expected, states=_DURBAR_STATES)
        if holiday.slug == "eid-el-kabir":
            third_day = holiday.date + timedelta(days=2)
            yield _cultural("ojude-oba", _("Ojude Oba"), third_day, is_expected=expected, states=("Ogun",))


def _cultural(
    slug: str,
    name: Promise,
    first: date,
    last: date | None = None,
    *,
    is_expected: bool = False,
    states: tuple[str, ...] = (),
) -> Feast:
    return Feast(first, slug, name, is_expected, Kind.CULTURAL, last or first, states)


def _on_or_after(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _nearest_saturday(day: date) -> date:
    return _on_or_after(day - timedelta(days=3), SATURDAY)
