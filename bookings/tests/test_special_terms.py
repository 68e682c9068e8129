"""Which terms hold for a party, a day, an hour and an area."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from bookings import terms
from bookings.tests.factories import LAGOS
from restaurants.models import Area, Restaurant, SpecialDay, SpecialTerms
from restaurants.service_plan import load_plans, plan_of
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

# In a month or so: a plan knows nothing of special days that are long over.
FRIDAY = date.today() + timedelta(days=35 - (date.today().weekday() - 4) % 7)  # noqa: DTZ011 - a Friday, not a moment
SATURDAY = FRIDAY + timedelta(days=1)


def given(restaurant: Restaurant, **fields: Any) -> SpecialTerms:
    fields.setdefault("name", "Special")
    return SpecialTerms.objects.create(restaurant=restaurant, **fields)


def asked(restaurant: Restaurant, clock: str = "20:00", *, day: date = FRIDAY, size: int = 2, area: Any = None) -> Any:
    """Return the terms of a party that starts at this time of a service day; before six it is past midnight."""
    at = time.fromisoformat(clock)
    starts_at = datetime.combine(day + timedelta(days=at < time(6)), at, tzinfo=LAGOS)
    plan = plan_of(restaurant.pk)
    return terms.terms_for(plan, size, day=day, starts_at=starts_at, area_id=area.pk if area else None)


def test_without_any_the_policy_holds():
    restaurant = house(policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 3})

    assert asked(restaurant, size=2)["deposit_kobo"] == 0
    assert asked(restaurant, size=3)["deposit_kobo"] == 1_500_000


def test_replace_the_policys_deposit_where_they_fit():
    restaurant = house(policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 1})
    given(restaurant, from_party=4, to_party=6, deposit_kobo_per_party=7_000_000, deposit_kobo_per_guest=100)

    assert [asked(restaurant, size=size)["deposit_kobo"] for size in (3, 4, 6, 7)] == [
        1_500_000, 7_000_400, 7_000_600, 3_500_000,
    ]  # fmt: skip


def test_may_ask_for_nothing():
    restaurant = house(policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 1})
    given(restaurant, weekdays=[4])

    assert asked(restaurant)["deposit_kobo"] == 0
    assert asked(restaurant, day=SATURDAY)["deposit_kobo"] == 1_000_000


def test_a_minimum_spend_by_table_and_head():
    restaurant = house()
    given(restaurant, minimum_spend_kobo_per_party=5_000_000, minimum_spend_kobo_per_guest=1_000_000)

    assert asked(restaurant, size=3)["minimum_spend_kobo"] == 8_000_000


def test_from_a_time_on_reach_past_midnight_on_the_same_service_day():
    restaurant = house()
    given(restaurant, weekdays=[4], starts_from=time(21), minimum_spend_kobo_per_party=100)

    late = {clock: asked(restaurant, clock)["minimum_spend_kobo"] for clock in ("20:45", "21:00", "23:45", "00:30")}
    assert late == {"20:45": 0, "21:00": 100, "23:45": 100, "00:30": 100}
    # Half past midnight after Saturday is Saturday, though the calendar says Sunday; after Thursday it is no Friday.
    assert asked(restaurant, "00:30", day=SATURDAY)["minimum_spend_kobo"] == 0
    assert asked(restaurant, "00:30", day=FRIDAY - timedelta(days=1))["minimum_spend_kobo"] == 0


def test_before_a_time_and_between_two():
    restaurant = house()
    given(restaurant, starts_from=time(23), starts_before=time(1), minimum_spend_kobo_per_party=100)

    late = {clock: asked(restaurant, clock)["minimum_spend_kobo"] for clock in ("22:45", "23:00", "00:45", "01:00")}
    assert late == {"22:45": 0, "23:00": 100, "00:45": 100, "01:00": 0}


def test_the_first_by_position_holds_and_a_special_days_own_before_all():
    restaurant = house()
    eid = SpecialDay.objects.create(restaurant=restaurant, date=FRIDAY, name="Eid", is_closed=False)
    given(restaurant, name="Second", position=2, deposit_kobo_per_party=200)
    given(restaurant, name="First", position=1, deposit_kobo_per_party=100)
    given(restaurant, name="Eid", position=9, special_day=eid, deposit_kobo_per_party=900)

    assert asked(restaurant)["special_terms"] == "Eid"
    assert asked(restaurant, day=SATURDAY)["deposit_kobo"] == 100


def test_an_areas_hold_for_who_asks_for_it():
    restaurant = house()
    terrace = Area.objects.create(restaurant=restaurant, name="Terrace")
    given(restaurant, area=terrace, minimum_spend_kobo_per_party=100)

    assert asked(restaurant, area=terrace)["minimum_spend_kobo"] == 100
    assert asked(restaurant, area=restaurant.areas.get(name="Room"))["minimum_spend_kobo"] == 0
    assert asked(restaurant)["minimum_spend_kobo"] == 0


def test_have_a_time_for_free_cancelling_and_a_note_of_their_own():
    restaurant = house(policy={"free_cancellation_hours": 2, "note": "Smart dress."})
    given(restaurant, from_party=6, free_cancellation_hours=48, note="Set menu.")
    given(restaurant, from_party=4, position=1)

    assert [asked(restaurant, size=size)["free_cancellation_hours"] for size in (2, 4, 6)] == [2, 2, 48]
    assert asked(restaurant, size=6)["note"] == "Set menu. Smart dress."


def test_a_party_of_another_size_by_the_same_terms():
    restaurant = house(policy={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 4})
    given(restaurant, from_party=6, deposit_kobo_per_guest=1_000_000)
    accepted = asked(restaurant, size=2)
    SpecialTerms.objects.all().delete()

    assert [terms.with_amounts(accepted, size)["deposit_kobo"] for size in (2, 4, 6)] == [0, 2_000_000, 6_000_000]


def test_terms_from_before_stay_as_they_were_told():
    assert terms.with_amounts({"deposit_kobo": 700, "note": ""}, 9)["deposit_kobo"] == 700


def test_every_change_makes_the_plan_another_one():
    restaurant = house()
    versions = [plan_of(restaurant.pk).version]
    row = given(restaurant)
    versions.append(plan_of(restaurant.pk).version)
    row.note = "x"
    row.save()
    versions.append(plan_of(restaurant.pk).version)
    row.delete()
    versions.append(plan_of(restaurant.pk).version)

    assert versions == sorted(set(versions))


def test_a_plan_that_is_known_asks_nothing(django_assert_num_queries: Any):
    restaurant = house()
    given(restaurant)
    plan = plan_of(restaurant.pk)

    with django_assert_num_queries(0):
        plan.terms_at(FRIDAY, datetime.combine(FRIDAY, time(20), tzinfo=LAGOS))


def test_many_plans_cost_as_many_queries_as_one(django_assert_num_queries: Any):
    houses = [house(), house()]
    for each in houses:
        given(each)

    with django_assert_num_queries(8):
        plans = load_plans([each.pk for each in houses])

    assert all(plan.special_terms for plan in plans.values())
