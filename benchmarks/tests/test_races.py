"""The checker of the races sees what must not be, and says nothing about what may."""

import random
from datetime import timedelta

import pytest

from benchmarks.races import KINDS, MOST_PARTIES, Checker, Stage
from bookings.models import Booking, TableAllocation

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return Stage(random.Random(1))


@pytest.fixture
def evening(stage: Stage) -> list[Booking]:
    """Two parties that sit where they may."""
    stage.set("book", 2)
    begins = stage._evening()
    return [stage._by_service(begins, 2, "Rival one"), stage._by_service(begins, 4, "Rival two")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rivals", [2, 5])
def test_every_kind_of_evening_has_its_rivals(stage, kind, rivals):
    assert len(stage.set(kind, rivals).requests) == rivals


def test_says_nothing_about_parties_that_sit_where_they_may(evening):
    assert Checker().faults() == {"doubles": 0, "overruns": 0, "misfits": 0}


def test_sees_two_parties_at_one_table(evening):
    checker = Checker()
    table_id, booking, _begins, ends = checker.rows[0]
    checker.rows.append((table_id, booking + 1, ends - timedelta(minutes=5), ends))

    assert checker.faults()["doubles"] == 1


def test_sees_a_short_stay_within_a_longer_one_of_an_earlier_party(evening):
    checker = Checker()
    table_id, booking, begins, _ends = checker.rows[0]
    minute = timedelta(minutes=1)
    checker.rows += [(table_id, booking, begins + 5 * minute, begins + 6 * minute)]
    checker.rows += [(table_id, booking, begins + 10 * minute, begins + 11 * minute)]

    assert checker.faults()["doubles"] == 2


def test_sees_more_parties_than_the_limit(stage, evening):
    begins = stage._evening()
    Booking.objects.update(channel="api")
    for number in range(MOST_PARTIES):
        stage._by_service(begins + timedelta(hours=2), 1, f"Rival {number}", tables=[number])
    Booking.objects.filter(starts_at__gt=begins).update(starts_at=begins, channel="api")

    assert Checker().faults()["overruns"] == 1


def test_sees_a_party_without_chairs_enough(evening):
    Booking.objects.filter(guest_name="Rival one").update(party_size=3)

    assert Checker().faults()["misfits"] == 1


def test_sees_a_party_at_tables_that_are_not_joined(evening):
    # 1+3 is no combination of the house's: between them stands the second.
    alone = TableAllocation.objects.get(booking__guest_name="Rival one")
    alone.delete()
    Booking.objects.filter(guest_name="Rival one").update(status="cancelled")
    TableAllocation.objects.filter(table__name="T2").update(table=alone.table)

    names = TableAllocation.objects.order_by("table__name").values_list("table__name", flat=True)
    assert list(names) == ["T1", "T3"]
    assert Checker().faults()["misfits"] == 1


def test_sees_who_was_told_yes_and_has_no_table_and_who_has_one_that_was_cancelled(evening):
    TableAllocation.objects.filter(booking__guest_name="Rival one").update(live=False)
    Booking.objects.filter(guest_name="Rival two").update(status="cancelled")

    assert Checker().faults()["misfits"] == 2
