"""Money, days, times, numbers and lists as each language writes them.

Unicode's locale data through Babel, with our own rules where that data is wrong for us: the naira's sign in every
language, Latin digits everywhere, Nigeria's twelve-hour English clock, and what is missing or broken for Yoruba, Igbo
and Hausa. Every function takes the language's code and falls back on the active language. Amounts are integers in kobo.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, localedata, numbers, units
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from localization.languages import current_language, known

NAIRA = "₦"
# Where Buka is at home. A moment straight from the database is in UTC, which no diner's clock shows.
HOME_ZONE = ZoneInfo("Africa/Lagos")

_LOCALES = {"en": "en_NG", "ha": "ha_NG", "yo": "yo_NG", "ig": "ig_NG", "zh-hans": "zh_Hans"}
_TIME_PATTERNS = {
    "en": "h:mm a",  # Nigeria reads both clocks; the twelve-hour one is the everyday one
    "yo": "HH:mm",  # the data prints 19:5
}
_SHORT_DAY_PATTERNS = {"ha": "E d MMM", "yo": "E, d MMM"}  # the data disagrees with its own long form
_SOME_MONDAY = date(2024, 1, 1)
_OWN_RELATIVE_TIMES = ("yo", "ig")  # the data has "+3 h"

Zone = tzinfo | str
"""A time zone or its IANA name."""


def _code(language: str | None) -> str:
    return (known(language) or current_language()).code


@cache
def _locale(code: str) -> Locale:
    name = _LOCALES.get(code, code)
    # Babel 2.18 (its issue 1234) writes what an alias leads to into data that languages share: once a process had
    # written a weekday in Igbo, all wrote Igbo weekdays. Each of ours gets data of its own.
    localedata._cache[name] = deepcopy(localedata.load(name))
    return Locale.parse(name)


# --- Money ------------------------------------------------------------------------------------------------------


@cache
def _naira_pattern(code: str, whole: bool) -> numbers.NumberPattern:
    pattern = _locale(code).currency_formats["standard"].pattern.replace("¤", NAIRA)
    return numbers.parse_pattern(pattern.replace("0.00", "0") if whole else pattern)


def money(kobo: int, language: str | None = None) -> str:
    """Write an amount of kobo in naira, `₦12,500`; kobo are shown only where there are any."""
    code = _code(language)
    pattern = _naira_pattern(code, whole=kobo % 100 == 0)
    return str(pattern.apply(Decimal(kobo) / 100, _locale(code), numbering_system="latn"))


def money_range(low: int, high: int, language: str | None = None) -> str:
    """Write two amounts of kobo as a range, `₦8,000–₦15,000`; a single amount when they are equal."""
    if low == high:
        return money(low, language)
    return f"{money(low, language)}–{money(high, language)}"


# --- Days and times -----------------------------------------------------------------------------------------------


def in_zone(moment: datetime, zone: Zone | None = None) -> datetime:
    """Return the moment on the wall clock of `zone` (an IANA name will do).

    Without a zone, a moment that carries one is left as it is, and one in UTC, as the database gives it, is shown as
    in Nigeria.
    """
    if zone is None:
        is_utc = moment.tzinfo in (UTC, timezone.get_default_timezone())
        return moment.astimezone(HOME_ZONE) if is_utc else moment
    return moment.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


def zone_city(zone: Zone) -> str:
    """Name a zone as people do, by its city: `Lagos`."""
    key = zone if isinstance(zone, str) else str(zone)
    return key.rpartition("/")[2].replace("_", " ")


def _day_of(day: date, zone: Zone | None) -> date:
    return in_zone(day, zone).date() if isinstance(day, datetime) else day


def day(day: date, language: str | None = None, zone: Zone | None = None) -> str:
    """Write a day in full, `Friday, 4 December 2026`."""
    return dates.format_date(_day_of(day, zone), "full", locale=_locale(_code(language)))


def short_day(day: date, language: str | None = None, zone: Zone | None = None) -> str:
    """Write a day of the coming months, `Fri, 4 Dec`."""
    code = _code(language)
    if pattern := _SHORT_DAY_PATTERNS.get(code):
        return dates.format_date(_day_of(day, zone), pattern, locale=_locale(code))
    return dates.format_skeleton("MMMEd", _day_of(day, zone), locale=_locale(code))


def month(day: date, language: str | None = None) -> str:
    """Write the month a day lies in, `December 2026`."""
    return dates.format_skeleton("yMMMM", day, locale=_locale(_code(language)))


def weekday(number: int, language: str | None = None) -> str:
    """Write a day of the week by its number, Monday is 0, as a label of its own."""
    return dates.format_date(_SOME_MONDAY + timedelta(days=number), "cccc", locale=_locale(_code(language)))


def time_of_day(moment: datetime | time, language: str | None = None, zone: Zone | None = None) -> str:
    """Write a time by the clock, `7:05 pm`."""
    code = _code(language)
    clock = in_zone(moment, zone).time() if isinstance(moment, datetime) else moment.replace(tzinfo=None)
    return dates.format_time(clock, _TIME_PATTERNS.get(code, "short"), locale=_locale(code))


def clock_words(language: str | None = None) -> dict[str, str]:
    """Return how times are written, for scripts that write some themselves: a pattern of `h`, `H`, `mm` and `a`.

    Its `a` stands for the words under `am` and `pm`.
    """
    locale = _locale(code := _code(language))
    am, pm = (dates.format_time(time(hour), "a", locale=locale) for hour in (9, 21))
    return {"pattern": _TIME_PATTERNS.get(code) or str(locale.time_formats["short"].pattern), "am": am, "pm": pm}


def day_and_time(moment: datetime, language: str | None = None, zone: Zone | None = None) -> str:
    """Write a moment in full, `Friday, 4 December 2026, 7:05 pm`."""
    code = _code(language)
    glue = _locale(code).datetime_formats["medium"]
    return str(glue).replace("{1}", day(moment, code, zone)).replace("{0}", time_of_day(moment, code, zone))


def duration(length: timedelta, language: str | None = None) -> str:
    """Write how long something takes, to the minute: `1 hour 30 minutes`."""
    minutes = max(0, round(length.total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    with translation.override(_code(language)):
        hours_text = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
        minutes_text = ngettext("%(count)s minute", "%(count)s minutes", rest) % {"count": rest}
        if hours and rest:
            # Translators: a length of time, such as "1 hour 30 minutes".
            return _("%(hours)s %(minutes)s") % {"hours": hours_text, "minutes": minutes_text}
        return hours_text if hours else minutes_text


def wait(seconds: int, language: str | None = None) -> str:
    """Write how long somebody has to wait, rather too long than too short: `40 seconds`, `5 minutes`, `2 hours`."""
    with translation.override(_code(language)):
        if seconds < 60:
            return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
        minutes = -(-seconds // 60)
        if minutes > 90:
            hours = -(-minutes // 60)
            return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def relative_time(moment: datetime, now: datetime, language: str | None = None) -> str:
    """Write a moment as seen from `now`: `in 3 hours`, `11 minutes ago`."""
    code = _code(language)
    if code not in _OWN_RELATIVE_TIMES:
        return dates.format_timedelta(moment - now, add_direction=True, locale=_locale(code))
    with translation.override(code):
        return _relative_time_in_our_words(moment - now)


def _relative_time_in_our_words(distance: timedelta) -> str:
    minutes = round(abs(distance.total_seconds()) / 60)
    ahead = distance > timedelta(0)
    if minutes < 1:
        return pgettext("a moment in time", "now")
    if minutes < 60:
        text = (
            ngettext("in %(count)s minute", "in %(count)s minutes", minutes)
            if ahead
            else ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes)
        )
        return text % {"count": minutes}
    hours = round(minutes / 60)
    if hours < 24:
        text = (
            ngettext("in %(count)s hour", "in %(count)s hours", hours)
            if ahead
            else ngettext("%(count)s hour ago", "%(count)s hours ago", hours)
        )
        return text % {"count": hours}
    days = round(hours / 24)
    text = (
        ngettext("in %(count)s day", "in %(count)s days", days)
        if ahead
        else ngettext("%(count)s day ago", "%(count)s days ago", days)
    )
    return text % {"count": days}


# --- Numbers, lists, distances ------------------------------------------------------------------------------------


def number(value: int | float | Decimal, language: str | None = None) -> str:
    """Write a number with the language's separators and Latin digits."""
    return numbers.format_decimal(value, locale=_locale(_code(language)), numbering_system="latn")


def percent(share: float | Decimal, language: str | None = None, *, is_exact: bool = False) -> str:
    """Write a share of one as a whole percentage, `16%`; exactly, where a price depends on it, `1.25%`."""
    locale = _locale(_code(language))
    return numbers.format_percent(share, locale=locale, numbering_system="latn", decimal_quantization=not is_exact)


def list_of(items: Iterable[object], language: str | None = None) -> str:
    """Write things in a row, `rice, beans and plantain`."""
    code = _code(language)
    words = [str(item) for item in items]
    if code == "yo":
        return _yoruba_list(words)
    return lists.format_list(words, locale=_locale(code)) if words else ""


def _yoruba_list(words: Sequence[str]) -> str:
    # The locale data joins without a word, and two of them without a space.
    return " àti ".join([part for part in (", ".join(words[:-1]), *words[-1:]) if part])


def distance(metres: float, language: str | None = None) -> str:
    """Write how far something is, as exact as one would say it: `450 m`, `1.2 km`, `12 km`."""
    locale = _locale(_code(language))
    if metres < 995:
        return units.format_unit(int(round(metres, -1)), "length-meter", "short", locale=locale)
    kilometres = round(metres / 1000, 1) if metres < 9950 else round(metres / 1000)
    return units.format_unit(kilometres, "length-kilometer", "short", locale=locale)
