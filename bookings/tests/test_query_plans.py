"""No question about tables may look through everybody's bookings, near today or far from it.

The exclusion constraint's index answers "this table, this stretch" in no time. Asked for the stretch alone it reads
every restaurant's rows of that evening, and the planner falls for it on dates where it has counted few rows: the page
is quick in the first test and slow in December. So the plans are looked at, on a small country of many bookings.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from benchmarks.seeding import Scale, seed_country
from bookings import selectors, services
from bookings.models import TableAllocation
from bookings.services import Actor, Guest
from core.testing import QueryPlan, count_rows_anew, query_plans
from restaurants.models import Restaurant, Table

pytestmark = pytest.mark.django_db

ALLOCATIONS = TableAllocation._meta.db_table
CONSTRAINT, OF_A_DAY = "one_table_one_party", "allocations_of_a_day"
LAGOS = ZoneInfo("Africa/Lagos")
NEAR, FAR = 2, 75
SMALL_COUNTRY = Scale(restaurants=100, bookings=25_000, dishes_each=2)


@pytest.fixture(scope="module")
def today(django_db_setup: None, django_db_blocker: Any):
    """A small country with 25,000 bookings, counted by the planner; gone after this file's tests."""
    from django.db import transaction

    day = timezone.now().astimezone(LAGOS).date()
    with django_db_blocker.unblock(), transaction.atomic():
        seed_country(SMALL_COUNTRY, seed=1, today=day)
        count_rows_anew()
        yield day
        transaction.set_rollback(True)


@pytest.fixture
def house(today: date) -> Restaurant:
    return Restaurant.objects.bookable().order_by("pk")[50]


def scans_without_the_table(plans: list[QueryPlan]) -> list[str]:
    """Return the statements that look through the constraint's index without saying which table."""
    return [
        plan.sql for plan in plans if any("int8range" not in condition for condition in plan.conditions_on(CONSTRAINT))
    ]


def seven(today: date, days_ahead: int) -> datetime:
    day = today + timedelta(days=days_ahead)
    return datetime(day.year, day.month, day.day, 19, tzinfo=LAGOS)


@pytest.mark.parametrize("days_ahead", [NEAR, FAR])
class TestQuestions:
    def test_a_days_times_come_from_the_index_of_that_day(self, today, house, days_ahead):
        day = today + timedelta(days=days_ahead)

        plans = query_plans(lambda: selectors.slots_on(house.pk, day, 4), about=ALLOCATIONS)

        assert plans
        assert all(plan.indexes >= {OF_A_DAY} for plan in plans)
        assert scans_without_the_table(plans) == []

    def test_a_calendar_and_other_times_do_too(self, today, house, days_ahead):
        day, wanted = today + timedelta(days=days_ahead), seven(today, days_ahead)

        plans = query_plans(
            lambda: selectors.calendar_of(house.pk, day, day + timedelta(days=13), 2), about=ALLOCATIONS
        )
        plans += query_plans(lambda: selectors.alternatives_to(house.pk, wanted, 2), about=ALLOCATIONS)

        assert len(plans) >= 2
        assert all(plan.indexes >= {OF_A_DAY} for plan in plans)

    def test_free_tables_of_a_city_are_found_without_a_look_at_all_rows(self, today, days_ahead):
        ids = list(Restaurant.objects.bookable().filter(city__slug="lagos").values_list("pk", flat=True))
        wanted = seven(today, days_ahead)

        plans = query_plans(lambda: selectors.restaurants_free_at(ids, wanted.date(), wanted, 4), about=ALLOCATIONS)

        assert len(ids) > 5
        assert plans
        assert scans_without_the_table(plans) == []


@pytest.mark.parametrize("days_ahead", [NEAR, FAR])
class TestChanges:
    def test_booking_changing_and_cancelling_ask_for_their_own_rows(self, today, house, days_ahead):
        day = today + timedelta(days=days_ahead)
        free = [slot for slot in selectors.slots_on(house.pk, day, 2) if slot.available]
        by = Actor.diner(None)

        def an_evening() -> None:
            booking = services.book_table(
                restaurant_id=house.pk,
                starts_at=free[0].starts_at,
                party_size=2,
                guest=Guest(name="Demo diner", phone="+2348031234501"),
                by=by,
            )
            booking = services.change_booking(booking=booking, starts_at=free[-1].starts_at, by=by)
            services.cancel_booking(booking=booking, by=by)

        plans = query_plans(an_evening, about=ALLOCATIONS)

        assert len(plans) >= 3
        assert scans_without_the_table(plans) == []

    def test_blocks_ask_for_their_own_rows(self, today, house, days_ahead):
        table = Table.objects.filter(restaurant=house).order_by("pk")[0]
        three_at_night = seven(today, days_ahead).replace(hour=3)

        plans = query_plans(
            lambda: services.block_tables(
                restaurant_id=house.pk,
                starts_at=three_at_night,
                ends_at=three_at_night + timedelta(hours=2),
                reason="Repair",
                by=Actor.system(),
                table_id=table.pk,
            ),
            about=ALLOCATIONS,
        )

        assert plans
        assert scans_without_the_table(plans) == []

    def test_a_look_at_closing_the_whole_floor_asks_for_its_own_rows(self, today, house, days_ahead):
        start = seven(today, days_ahead)

        plans = query_plans(
            lambda: services.look_at_closing(
                restaurant_id=house.pk, starts_at=start, ends_at=start + timedelta(hours=2)
            ),
            about=ALLOCATIONS,
        )

        assert plans
        assert scans_without_the_table(plans) == []


class TestTheWatch:
    def test_sees_the_question_that_must_not_be_asked(self, today, house):
        start = seven(today, FAR)
        careless = TableAllocation.objects.filter(live=True, during__overlap=(start, start + timedelta(hours=2)))

        plans = query_plans(lambda: list(careless), about=ALLOCATIONS)

        assert len(scans_without_the_table(plans)) == 1

    def test_lets_the_constraint_be_asked_for_its_table(self, today, house):
        start = seven(today, FAR)
        table_id = Table.objects.filter(restaurant=house).values_list("pk", flat=True)[0]
        by_table = TableAllocation.objects.extra(
            where=[
                "live",
                "int8range(table_id, table_id, '[]') && int8range(%s, %s, '[]')",
                "during && tstzrange(%s, %s)",
            ],
            params=[table_id, table_id, start, start + timedelta(hours=2)],
        )

        plans = query_plans(lambda: list(by_table), about=ALLOCATIONS)

        assert [plan.indexes for plan in plans] == [{CONSTRAINT}]
        assert scans_without_the_table(plans) == []
