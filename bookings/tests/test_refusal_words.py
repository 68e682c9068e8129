"""The free times in a refusal: what is free on another day than today is said with its day."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import translation

from bookings.errors import NoTableFree
from bookings.refusal_words import said_by
from bookings.tests.factories import at
from localization import formatting

NOON = at("12:00")


def said(*hours: int) -> str:
    """Return what is said at noon with what is free so many hours later."""
    free = [{"starts_at": (NOON + timedelta(hours=each)).isoformat()} for each in hours]
    with time_machine.travel(NOON, tick=False):
        return said_by(NoTableFree(alternatives=free))


def clock(hours: int) -> str:
    return formatting.time_of_day(NOON + timedelta(hours=hours))


def with_day(hours: int) -> str:
    return formatting.day_and_time(NOON + timedelta(hours=hours))


@pytest.mark.parametrize("language", ["en", "yo", "ar"])
def test_times_of_today_are_a_list_in_the_asker_s_language(language):
    with translation.override(language):
        assert formatting.list_of([clock(6), clock(7), clock(8)]) in said(6, 7, 8)


def test_another_day_is_said_once_before_its_times():
    free = formatting.list_of([clock(6), with_day(30), clock(31), with_day(54)])
    assert said(6, 30, 31, 54).endswith(f"Free: {free}.")


def test_where_nothing_is_free_today_every_day_is_said():
    assert said(30).endswith(f"Free: {with_day(30)}.")
