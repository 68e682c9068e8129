"""A year of weekly bookings at many houses: what each costs, and what becomes of each date.

Each house has tables for one or two parties at that hour, evenings that others have filled, and days on which it is
closed. A guest books every week of a year at each: first all dates are looked at, those that cannot be had are left
out, and the rest is begun. Then the booking window moves on, as it does by itself from day to day, until it has reached
every date; meanwhile more evenings fill and a house closes for a day more. At the end every date is judged from the
rows by code of its own: booked means a table of its own at that hour, and one that was refused must really be closed or
full.
"""

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

from benchmarks.harness import last_line, machine, options, say, step, table, world

HOUSES, HOUSES_QUICK = 50, 3
DATES = 53
WINDOW = 60
FULL_AT_FIRST, FULL_LATER, CLOSED_AT_FIRST, CLOSED_LATER = 4, 3, 2, 1
HOUR = clock(19)


@dataclass
class Found:
    begin_seconds: list[float] = field(default_factory=list)
    begin_queries: list[int] = field(default_factory=list)
    look_seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    extend_seconds: float = 0.0
    extended: int = 0
    untrue: int = 0


class Statements:
    """Counts what is sent to the database; Django's own log forgets all but the last nine thousand."""

    count = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def main() -> int:
    """Print what a series costs and what became of its dates; 1 when a date's outcome is not what the rows say."""
    asked = options("series", __doc__, houses={"type": int, "help": f"{HOUSES} if not given"})
    houses = asked.houses or (HOUSES_QUICK if asked.quick else HOUSES)
    chance = random.Random(asked.seed)
    say(f"Machine: {machine()}")
    with world("series"):
        found = Found()
        with step(f"Opening {houses} houses"):
            places = [_house(number) for number in range(houses)]
        first = datetime.now(UTC).date() + timedelta(days=1)
        dates = [first + timedelta(weeks=week) for week in range(DATES)]
        with step(f"Beginning {houses} series of {DATES} dates"):
            for place in places:
                _trouble(place, chance, dates[: WINDOW // 7], full=FULL_AT_FIRST, closed=0)
                _trouble(place, chance, dates[WINDOW // 7 + 1 :], full=0, closed=CLOSED_AT_FIRST)
                _begin(place, first, found)
        with step("Letting the window reach them all"):
            for place in places:
                _trouble(place, chance, dates[WINDOW // 7 + 2 :], full=FULL_LATER, closed=CLOSED_LATER)
                _open_window(place)
            _extend(found)
        with step("Judging every date"):
            _judge(found)
    say()
    table(
        ["what", "each", "all"],
        [
            ["looking at 53 dates, ms", _mean(found.look_seconds) * 1000, None],
            ["beginning, ms", _mean(found.begin_seconds) * 1000, None],
            ["beginning, queries", _mean(found.begin_queries), sum(found.begin_queries)],
            ["a later date, ms", found.extend_seconds / max(found.extended, 1) * 1000, None],
        ],
    )
    table(["outcome of a date", "dates"], [[name, count] for name, count in sorted(found.outcomes.items())])
    last_line(
        "series",
        houses=houses,
        dates=sum(found.outcomes.values()),
        begin_ms=round(_mean(found.begin_seconds) * 1000),
        begin_queries=round(_mean(found.begin_queries)),
        later_ms=round(found.extend_seconds / max(found.extended, 1) * 1000, 1),
        booked=found.outcomes["booked"],
        untrue=found.untrue,
    )
    return 0 if found.untrue == 0 and found.outcomes["planned"] == 0 else 1


def _mean(values: list[Any]) -> float:
    return sum(values) / len(values) if values else 0.0


def _house(number: int) -> Any:
    from restaurants.tests.factories import house

    return house(
        name=f"Demo house {number}",
        slug=f"demo-house-{number}",
        tables=(2, 4) if number % 2 else (2,),
        policy={"window_days": WINDOW, "max_party_online": 4},
    )


def _at(place: Any, day: date) -> datetime:
    from restaurants.service_plan import plan_of

    return datetime.combine(day, HOUR, tzinfo=plan_of(place.pk).zone)


def _trouble(place: Any, chance: random.Random, dates: list[date], *, full: int, closed: int) -> None:
    """Fill the room on some evenings and close the house on others, as the house's own staff would."""
    from accounts.models import User
    from bookings import errors, services
    from bookings.services import Actor, Guest
    from restaurants.models import SpecialDay

    chosen = chance.sample(dates, min(len(dates), full + closed))
    staff = User.objects.get_or_create(email="desk@example.com", defaults={"name": "Demo Desk"})[0]
    for day in chosen[:full]:
        for party in (4, 2):
            try:
                services.book_table(
                    restaurant_id=place.pk,
                    starts_at=_at(place, day),
                    party_size=party,
                    guest=Guest("Demo party", phone="+2348031234599"),
                    by=Actor.staff(staff),
                )
            except errors.BookingRefused:
                continue
    for day in chosen[full:]:
        SpecialDay.objects.get_or_create(restaurant=place, date=day, defaults={"name": "Closed"})


def _begin(place: Any, first: date, found: Found) -> None:
    from django.db import connection

    from accounts.models import User
    from bookings import services
    from bookings.recurring import Rule
    from bookings.services import Actor, Guest
    from restaurants.service_plan import plan_of

    diner = User.objects.create(email=f"diner-{place.pk}@example.com", name=f"Demo diner {place.pk}")
    by, rule = Actor.diner(diner), Rule(first, HOUR, count=DATES)
    plan = plan_of(place.pk)
    began = time.perf_counter()
    outcomes = services.look_at_dates(
        restaurant_id=place.pk,
        starts={day: rule.starts_at(day, plan.zone) for day in rule.dates()},
        party_size=2,
        by=by,
        diner=diner,
    )
    found.look_seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    statements = Statements()
    with connection.execute_wrapper(statements):
        services.begin_series(
            restaurant_id=place.pk,
            rule=rule,
            party_size=2,
            guest=Guest(diner.name, email=diner.email),
            by=by,
            diner=diner,
            skip={each.on for each in outcomes if not each.is_possible},
        )
    found.begin_seconds.append(time.perf_counter() - began)
    found.begin_queries.append(statements.count)


def _open_window(place: Any) -> None:
    """Let the window reach a whole year at once: what the days do one by one."""
    from restaurants.models import BookingPolicy

    policy = BookingPolicy.objects.get(restaurant=place)
    policy.window_days = 400
    policy.save()


def _extend(found: Found) -> None:
    from bookings import services
    from bookings.models import Occurrence
    from bookings.states import OccurrenceState

    before = Occurrence.objects.filter(state=OccurrenceState.PLANNED).count()
    began = time.perf_counter()
    while True:
        left = Occurrence.objects.filter(state=OccurrenceState.PLANNED).count()
        services.extend_series()
        if Occurrence.objects.filter(state=OccurrenceState.PLANNED).count() == left:
            break
    found.extend_seconds = time.perf_counter() - began
    found.extended = before - left


def _judge(found: Found) -> None:
    from bookings.models import Occurrence
    from bookings.states import OccurrenceState

    for each in Occurrence.objects.select_related("series", "booking"):
        name = f"{each.state} ({each.reason})" if each.reason else str(each.state)
        found.outcomes[name] += 1
        if each.state == OccurrenceState.BOOKED:
            found.untrue += not _has_a_table_of_its_own(each)
        elif each.state in (OccurrenceState.FAILED, OccurrenceState.SKIPPED):
            found.untrue += not (_is_closed(each) or _is_full(each))


def _has_a_table_of_its_own(occurrence: Any) -> bool:
    from bookings.models import TableAllocation

    mine = list(TableAllocation.objects.filter(booking=occurrence.booking, live=True))
    return bool(mine) and not any(
        TableAllocation.objects.filter(table_id=row.table_id, live=True, during__overlap=row.during)
        .exclude(pk=row.pk)
        .exists()
        for row in mine
    )


def _is_closed(occurrence: Any) -> bool:
    from restaurants.models import SpecialDay

    return SpecialDay.objects.filter(restaurant=occurrence.series.restaurant_id, date=occurrence.planned_on).exists()


def _is_full(occurrence: Any) -> bool:
    """Tell whether every table is taken at that hour; parties of two cannot be moved to make room for a third."""
    from bookings.models import TableAllocation
    from restaurants.models import Table

    starts = occurrence.starts_at
    taken = TableAllocation.objects.filter(
        restaurant=occurrence.series.restaurant_id, live=True, during__overlap=(starts, starts + timedelta(minutes=90))
    ).values("table")
    return not Table.objects.filter(restaurant=occurrence.series.restaurant_id).exclude(pk__in=taken).exists()


if __name__ == "__main__":
    sys.exit(main())
