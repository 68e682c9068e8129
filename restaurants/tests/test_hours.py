"""When the doors are open, as people read it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from restaurants.hours import door_state, special_days_ahead, week_of
from restaurants.models import OpeningHours, SpecialDay
from restaurants.service_plan import ServicePlan, plan_of
from restaurants.sketch import HEIGHT, WIDTH, sketch
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

LAGOS = ZoneInfo("Africa/Lagos")
# The next one, or today: a plan knows nothing of special days that are long over.
TODAY = datetime.now(LAGOS).date()
FRIDAY = TODAY + timedelta(days=(4 - TODAY.weekday()) % 7)


def plan(*hours: tuple[int, str, str], closed_on: date | None = None) -> ServicePlan:
    """Return the plan of a house with these opening hours: weekday, opens, closes."""
    restaurant = RestaurantFactory()
    for weekday, opens, closes in hours:
        OpeningHours.objects.create(
            restaurant=restaurant, weekday=weekday, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes)
        )
    if closed_on:
        SpecialDay.objects.create(restaurant=restaurant, date=closed_on, name="Sallah")
    return plan_of(restaurant.pk)


def at(clock: str, day: date = FRIDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=LAGOS)


class TestDoorState:
    def test_is_open_until_closing_time(self):
        state = door_state(plan((4, "12:00", "23:00")), at("15:00"))

        assert (state.is_open, state.changes_at) == (True, at("23:00"))

    def test_closes_on_the_dot(self):
        assert door_state(plan((4, "12:00", "23:00")), at("12:00")).is_open
        assert not door_state(plan((4, "12:00", "23:00")), at("23:00")).is_open

    def test_counts_a_night_that_began_yesterday(self):
        state = door_state(plan((4, "16:00", "02:00")), at("01:30", FRIDAY + timedelta(days=1)))

        assert (state.is_open, state.changes_at) == (True, at("02:00", FRIDAY + timedelta(days=1)))

    def test_says_when_it_opens_after_the_break(self):
        state = door_state(plan((4, "12:00", "15:00"), (4, "18:30", "23:00")), at("16:00"))

        assert (state.is_open, state.changes_at) == (False, at("18:30"))

    def test_looks_past_a_special_day(self):
        state = door_state(plan((4, "12:00", "23:00"), closed_on=FRIDAY), at("15:00"))

        assert (state.is_open, state.changes_at) == (False, at("12:00", FRIDAY + timedelta(days=7)))

    def test_never_closing_doors_have_no_midnight(self):
        state = door_state(plan(*((day, "00:00", "00:00") for day in range(7))), at("15:00"))

        assert state.is_open
        assert state.changes_at is not None
        assert state.changes_at > at("00:00", FRIDAY + timedelta(days=1))

    def test_without_hours_nothing_is_known(self):
        state = door_state(plan(), at("15:00"))

        assert (state.is_open, state.changes_at) == (False, None)


def test_the_week_begins_on_monday_and_marks_today():
    week = week_of(plan((4, "12:00", "15:00"), (4, "18:00", "23:00"), closed_on=FRIDAY), FRIDAY)

    assert [line.number for line in week] == list(range(7))
    assert [line.number for line in week if line.is_today] == [4]
    assert [f"{opens:%H}" for opens, _closes in week[4].pairs] == ["12", "18"]
    assert week[4].special is not None
    assert week[4].special.name == "Sallah"


def test_special_days_of_the_coming_weeks_are_listed():
    house = plan((4, "12:00", "15:00"), closed_on=FRIDAY)

    assert [day.name for day in special_days_ahead(house, FRIDAY)] == ["Sallah"]
    assert special_days_ahead(house, FRIDAY + timedelta(days=1)) == []
    assert special_days_ahead(house, FRIDAY - timedelta(days=90)) == []


class TestSketch:
    def test_puts_north_above_and_east_on_the_right(self):
        drawn = sketch(6.45, 3.42, [("Yaba", 6.51, 3.37), ("Lekki", 6.44, 3.47), ("Ikoyi", 6.45, 3.42)], own="Ikoyi")

        marks = {mark.name: mark for mark in drawn.marks}
        assert set(marks) == {"Yaba", "Lekki"}
        assert marks["Yaba"].y < drawn.pin.y < marks["Lekki"].y
        assert marks["Yaba"].x < drawn.pin.x < marks["Lekki"].x
        assert all(0 < mark.x < WIDTH and 0 < mark.y < HEIGHT for mark in [*drawn.marks, drawn.pin])

    def test_leaves_out_what_lies_in_another_town_or_would_hide_a_name(self):
        drawn = sketch(6.45, 3.42, [("Far", 7.4, 3.9), ("Near", 6.46, 3.43), ("Hidden", 6.4601, 3.4301)], own="")

        assert [mark.name for mark in drawn.marks] == ["Near"]

    def test_stands_alone_where_nothing_is_known(self):
        drawn = sketch(6.45, 3.42, [], own="")

        assert (drawn.pin.x, drawn.marks) == (WIDTH / 2, [])
        assert HEIGHT / 3 < drawn.pin.y < HEIGHT * 2 / 3
        assert 0 < drawn.bar < WIDTH

    def test_shows_the_whole_pin_of_the_northernmost_place(self):
        drawn = sketch(7.45, 3.90, [("Jericho", 7.39, 3.87), ("Challenge", 7.35, 3.88)], own="")

        pin_tall = 31
        assert drawn.pin.y > pin_tall

    def test_writes_no_name_over_the_scale(self):
        drawn = sketch(7.42, 3.90, [("Jericho", 7.394, 3.86), ("Bodija", 7.415, 3.91)], own="")

        bar_ends = 16 + drawn.bar
        under = [mark for mark in drawn.marks if mark.label_y > drawn.bar_y - 14]
        assert all(mark.x - len(mark.name) * 2.8 > bar_ends for mark in under)
