"""Filters for amounts, days and times in pages and messages: `{% load buka_format %}`.

`{{ booking.starts_at|clock:restaurant.time_zone }}`: moments take the restaurant's zone.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from localization import formatting

register = template.Library()


def _isolated(text: str) -> SafeString:
    # An amount keeps its own direction inside a sentence that runs the other way.
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def zone_city(zone: str) -> str:
    return formatting.zone_city(zone)


@register.filter
def naira(kobo: int | None) -> str:
    """Show kobo as naira on a page."""
    return "" if kobo is None else _isolated(formatting.money(kobo))


@register.filter
def naira_text(kobo: int | None) -> str:
    """Show kobo as naira where there is no HTML: subjects, text mails, attributes."""
    return "" if kobo is None else formatting.money(kobo)


@register.simple_tag
def naira_range(low: int, high: int) -> str:
    return _isolated(formatting.money_range(low, high))


@register.filter
def isolate(text: object) -> str:
    """Keep a phone number, code or name from mixing with text that runs the other way."""
    return _isolated(str(text))


@register.filter
def day(value: date | None, zone: Any = None) -> str:
    """Friday, 4 December 2026"""
    return "" if value is None else formatting.day(value, zone=zone)


@register.filter
def short_day(value: date | None, zone: Any = None) -> str:
    """Fri, 4 Dec"""
    return "" if value is None else formatting.short_day(value, zone=zone)


@register.filter
def month(value: date | None) -> str:
    """December 2026"""
    return "" if value is None else formatting.month(value)


@register.filter
def weekday_name(number: int) -> str:
    """Friday, for 4"""
    return formatting.weekday(number)


@register.filter
def clock(value: datetime | time | None, zone: Any = None) -> str:
    """7:05 pm"""
    return "" if value is None else formatting.time_of_day(value, zone=zone)


@register.filter
def day_and_time(value: datetime | None, zone: Any = None) -> str:
    """Friday, 4 December 2026, 7:05 pm"""
    return "" if value is None else formatting.day_and_time(value, zone=zone)


@register.filter
def duration(value: timedelta | int | None) -> str:
    """1 hour 30 minutes; whole numbers are minutes"""
    if value is None:
        return ""
    return formatting.duration(value if isinstance(value, timedelta) else timedelta(minutes=value))


@register.filter
def wait(seconds: int | None) -> str:
    """5 minutes, of seconds that somebody has to wait; empty for none"""
    return formatting.wait(seconds) if seconds else ""


@register.filter
def number(value: int | float | Decimal | None) -> str:
    """12,500"""
    return "" if value is None else formatting.number(value)


@register.filter
def list_of(values: Iterable[object]) -> str:
    """rice, beans and plantain"""
    return formatting.list_of(values)


@register.filter
def distance(metres: float | None) -> str:
    """1.2 km"""
    return "" if metres is None else formatting.distance(metres)
