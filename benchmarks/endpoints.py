"""What the busiest addresses cost on 2,000 restaurants, 30,000 tables and 500,000 bookings, beside their budgets.

Each is called in this process, without network or server. "CPU" is the process's own time in the view, which for an
API address is what the budget speaks of; "whole" adds all middleware; the database's own time shows in "wall". "Warm"
finds what the process remembers; "cold" has nothing in process or Redis, only the database's pages in memory. Ratios
to an empty view of the same run travel to other machines, milliseconds do not.
"""

import gc
import gzip
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil

from benchmarks import harness
from benchmarks.harness import last_line, machine, say, step, table

CALLS, QUICK_CALLS = 200, 25
NEAR, FAR = 2, 75
LAGOS = ZoneInfo("Africa/Lagos")


@dataclass(frozen=True)
class Budget:
    """What one request may cost; None where nothing is promised."""

    warm_queries: int
    cold_queries: int
    warm_ms: float
    cold_ms: float


# Measured once on two cores of a small cloud machine. The milliseconds are this process's own, the database's not.
LIST = Budget(0, 3, 0.15, 3)
DETAIL = Budget(0, 5, 0.15, 4)
AVAILABILITY = Budget(1, 3, 1.3, 2)
FREE_IN_CITY = Budget(1, 1, 0.6, 0.6)
BOOKING = Budget(2, 4, 2, 3)
PAGE = Budget(0, 3, 0.25, 6)


@dataclass(frozen=True)
class Endpoint:
    """An address: the n-th request to it, and what a good answer is."""

    name: str
    path: Callable[[int], str]
    budget: Budget | None = None
    body: Callable[[int], dict[str, Any]] | None = None
    expects: int = 200


@dataclass
class Cost:
    """The middle of many calls."""

    cpu_ms: float
    whole_ms: float
    wall_ms: float
    queries: int


@dataclass
class Measured:
    endpoint: Endpoint
    warm: Cost
    cold: Cost
    verdicts: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 when the questions about tables are not answered from their index or an answer is wrong."""
    asked = harness.options(
        "endpoints",
        __doc__,
        arguments,
        calls={"type": int, "default": None, "help": f"{CALLS} of each, with --quick {QUICK_CALLS}"},
    )
    calls = asked.calls or (QUICK_CALLS if asked.quick else CALLS)
    where = machine()
    with harness.world("endpoints"):
        from django.test import override_settings

        from benchmarks import seeding

        scale = seeding.QUICK if asked.quick else seeding.FULL
        today = datetime.now(LAGOS).date()
        seeding.seed_country(scale, seed=asked.seed, today=today)
        seeding.vacuum()
        before = psutil.Process().memory_info().rss
        with override_settings(ROOT_URLCONF="benchmarks.urls", ALLOWED_HOSTS=["*"]):
            empty = measure(Endpoint("an empty view", lambda n: "/benchmark/empty"), calls)
            with step(f"Measuring {calls} calls of each, warm and cold"):
                measured = [measure(endpoint, calls) for endpoint in endpoints(today, asked.seed, calls)]
        after = psutil.Process().memory_info().rss
        with step("Asking PostgreSQL how it would answer"):
            off_plan = careless_plans(today)
    tell(measured, empty, where=where, memory=(before, after), off_plan=off_plan)
    over = [f"{one.endpoint.name}: {verdict}" for one in measured for verdict in one.verdicts]
    last_line(
        "endpoints",
        restaurants=scale.restaurants,
        bookings=scale.bookings,
        calls=calls,
        **{
            key(
                one.endpoint.name
            ): f"{one.warm.cpu_ms:.2f}/{one.cold.cpu_ms:.2f}ms,{one.warm.queries}/{one.cold.queries}q"
            for one in measured
        },
        empty_ms=f"{empty.warm.cpu_ms:.3f}",
        over=len(over),
        off_plan=len(off_plan),
        rss_mib=after >> 20,
    )
    return 1 if off_plan else 0


def figures(one: Measured) -> str:
    return f"{one.warm.cpu_ms:.2f}/{one.cold.cpu_ms:.2f}ms,{one.warm.queries}/{one.cold.queries}q"


def key(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).strip("_").replace("__", "_")


# --- What is asked ----------------------------------------------------------------------------------------------


def endpoints(today: date, seed: int, calls: int) -> list[Endpoint]:
    """Return the addresses, each with requests of its own to walk through."""
    from restaurants.models import Restaurant

    rng = random.Random(seed)
    houses = list(Restaurant.objects.bookable().order_by("pk").values_list("pk", "public_id", "slug"))
    rng.shuffle(houses)
    # As people do it: a few houses are looked at by many.
    popular = [houses[min(int(rng.paretovariate(1.2)) - 1, len(houses) - 1)] for _ in range(calls)]
    cities = ("lagos", "abuja", "kano", "ibadan")

    def city(n: int) -> str:
        return cities[n % len(cities)]

    def house(n: int) -> UUID:
        return popular[n % len(popular)][1]

    ids = {pk: public_id for pk, public_id, _slug in houses}
    found = [
        Endpoint("list", lambda n: f"/api/restaurants?city={city(n)}", LIST),
        Endpoint("detail", lambda n: f"/api/restaurants/{house(n)}", DETAIL),
        Endpoint("menu", lambda n: f"/api/restaurants/{house(n)}/menu", DETAIL),
    ]
    for name, ahead in (("near", NEAR), ("far", FAR)):
        evenings = free_evenings([pk for pk, _id, _slug in houses], today + timedelta(days=ahead), calls * 5, rng)
        found += evening_endpoints(
            name,
            day=lambda n, ahead=ahead: today + timedelta(days=ahead + n % 5),  # type: ignore[misc]
            house=house,
            city=city,
            evenings=[(ids[pk], starts_at) for pk, starts_at in evenings],
        )
    found += [
        Endpoint("page: search", lambda n: f"/en/search/?city={city(n)}", PAGE),
        Endpoint(
            "page: search with a time",
            lambda n: f"/en/search/?city={city(n)}&date={today + timedelta(days=NEAR + n % 5)}&time=19:00&party=4",
        ),
        Endpoint("page: restaurant", lambda n: f"/en/r/{popular[n % len(popular)][2]}/"),
    ]
    return found


def evening_endpoints(
    name: str,
    *,
    day: Callable[[int], date],
    house: Callable[[int], UUID],
    city: Callable[[int], str],
    evenings: list[tuple[UUID, datetime]],
) -> list[Endpoint]:
    """Return the addresses that depend on how far away the evening is."""

    def wish(n: int) -> dict[str, Any]:
        public_id, starts_at = evenings[n]
        return {
            "restaurant": str(public_id),
            "starts_at": starts_at.isoformat(),
            "party_size": 2,
            "guest": {"name": f"Guest {name} {n}", "phone": f"+23480412{n:05d}"},
        }

    return [
        Endpoint(
            f"availability, {name}",
            lambda n: f"/api/restaurants/{house(n)}/availability?date={day(n)}&party_size=4",
            AVAILABILITY,
        ),
        Endpoint(
            f"free at 19:00 in a city, {name}",
            lambda n: f"/api/restaurants?city={city(n)}&date={day(n)}&time=19:00&party_size=4",
            FREE_IN_CITY,
        ),
        Endpoint(f"booking, {name}", lambda n: "/api/bookings", BOOKING, body=wish, expects=201),
    ]


def free_evenings(houses: list[int], day: date, count: int, rng: random.Random) -> list[tuple[int, datetime]]:
    """Return restaurants with a free time of that day or the next ones for two; no table is asked for twice."""
    from bookings import selectors

    found: list[tuple[int, datetime]] = []
    while len(found) < count:
        before = len(found)
        for restaurant_id in houses:
            free = [slot.starts_at for slot in selectors.slots_on(restaurant_id, day, 2) if slot.available]
            if free:
                found.append((restaurant_id, rng.choice(free)))
            if len(found) == count:
                break
        if len(found) == before:
            raise RuntimeError(f"The country is full on {day}.")
        day += timedelta(days=1)
    return found


# --- How it is measured -----------------------------------------------------------------------------------------


def measure(endpoint: Endpoint, calls: int) -> Measured:
    """Call an address through its view and through everything, warm and cold; see that the answers are right."""
    numbers = iter(range(10**9))
    warm_up = 10
    spread = min(calls, 20)

    def requests(count: int, *, again: int | None = None) -> list[Any]:
        # What changes something is never asked for twice; what only reads is asked for by many.
        return [request(endpoint, next(numbers) if endpoint.body or again is None else n % again) for n in range(count)]

    if endpoint.body:
        remember_plans()
    for each in requests(warm_up + spread, again=spread):
        check(endpoint, through_everything(each))
    view, whole = view_alone, through_everything
    queries = count_queries(view, requests(8, again=spread))
    warm_cpu, warm_wall = clock(view, requests(calls, again=spread))
    whole_cpu, _ = clock(whole, requests(calls, again=spread))
    warm = Cost(warm_cpu, whole_cpu, warm_wall, queries)
    cold_calls = max(calls // 4, 10)
    queries = count_queries(view, requests(8, again=spread), before=forget)
    cold_cpu, cold_wall = clock(view, requests(cold_calls, again=spread), before=forget)
    whole_cpu, _ = clock(whole, requests(cold_calls, again=spread), before=forget)
    cold = Cost(cold_cpu, whole_cpu, cold_wall, queries)
    if endpoint.name.startswith("page"):
        # A page is nothing without its middleware: nonce, language, session.
        warm.cpu_ms, cold.cpu_ms = warm.whole_ms, cold.whole_ms
    return Measured(endpoint, warm, cold, verdicts(endpoint.budget, warm, cold))


def verdicts(budget: Budget | None, warm: Cost, cold: Cost) -> list[str]:
    """Return what is over its budget, in words."""
    if budget is None:
        return []
    figures = [
        ("warm queries", warm.queries, budget.warm_queries),
        ("cold queries", cold.queries, budget.cold_queries),
        ("warm CPU", warm.cpu_ms, budget.warm_ms),
        ("cold CPU", cold.cpu_ms, budget.cold_ms),
    ]
    return [f"{what} {is_now:.4g} over {may_be:.4g}" for what, is_now, may_be in figures if is_now > may_be]


_people = itertools.count()


def request(endpoint: Endpoint, n: int) -> Any:
    """Return the n-th request to an address, as a server would hand it over."""
    from django.contrib.auth.models import AnonymousUser
    from django.test import RequestFactory

    # From somebody else each time: what is measured is not how people are held back.
    asker = harness.somebodys_address(next(_people))
    factory = RequestFactory(headers={"accept-encoding": "gzip"}, REMOTE_ADDR=asker)
    if endpoint.body is None:
        made = factory.get(endpoint.path(n))
    else:
        made = factory.post(endpoint.path(n), json.dumps(endpoint.body(n)), content_type="application/json")
    made.user = AnonymousUser()
    return made


def view_alone(request: Any) -> Any:
    """Call the view of an address without any middleware."""
    from django.urls import resolve

    match = getattr(request, "match", None) or resolve(request.path_info)
    if request.path_info.startswith("/en/"):
        return through_everything(request)
    response = match.func(request, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") and not response.is_rendered else response


_handler: Any = None


def through_everything(request: Any) -> Any:
    """Answer a request as a server does: all middleware, then the view."""
    global _handler
    if _handler is None:
        from django.core.handlers.base import BaseHandler

        _handler = BaseHandler()
        _handler.load_middleware()
    return _handler.get_response(request)


def check(endpoint: Endpoint, response: Any) -> None:
    if response.status_code != endpoint.expects:
        zipped = response.headers.get("Content-Encoding") == "gzip"
        said = (gzip.decompress(response.content) if zipped else response.content).decode(errors="replace")[:500]
        raise RuntimeError(f"{endpoint.name} answered {response.status_code}, not {endpoint.expects}: {said}")


def remember_plans() -> None:
    """Let this process know every house's plan, as one that has worked for an hour does."""
    from restaurants.models import Restaurant
    from restaurants.service_plan import plans_of

    plans_of(dict(Restaurant.objects.bookable().values_list("pk", "plan_version")))


def forget() -> None:
    """Leave nothing in this process or in Redis."""
    from core import hotcache
    from core.redis import client
    from restaurants.service_plan import shelf

    hotcache.start_afresh()
    shelf.clear()
    client().flushdb()


def clock(
    call: Callable[[Any], Any], requests: list[Any], *, before: Callable[[], None] | None = None
) -> tuple[float, float]:
    """Return the median CPU and wall time of a call, in milliseconds."""
    cpu, wall = [], []
    gc.collect()
    for each in requests:
        if before:
            before()
        cpu_began, wall_began = time.process_time_ns(), time.perf_counter_ns()
        response = call(each)
        cpu.append(time.process_time_ns() - cpu_began)
        wall.append(time.perf_counter_ns() - wall_began)
        # A refusal is quicker than what was to be measured.
        if response.status_code >= 300:
            raise RuntimeError(f"{each.path} answered {response.status_code}.")
    return median(cpu) / 1e6, median(wall) / 1e6


def count_queries(call: Callable[[Any], Any], requests: list[Any], *, before: Callable[[], None] | None = None) -> int:
    """Return the most statements that one of these calls sent, those that open or close a transaction not counted."""
    from django.db import connection

    counts = []
    for each in requests:
        if before:
            before()
        with _counting(connection) as statements:
            call(each)
        counts.append(len(statements))
    return max(counts)


@contextmanager
def _counting(connection: Any) -> Iterator[list[str]]:
    statements: list[str] = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO")):
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield statements


# --- How PostgreSQL answers ---------------------------------------------------------------------------------------

OF_A_DAY, CONSTRAINT = "allocations_of_a_day", "one_table_one_party"


def careless_plans(today: date) -> list[str]:
    """Return the questions about a day's tables that PostgreSQL would not answer from the index made for them."""
    from bookings import selectors
    from core.testing import query_plans
    from restaurants.models import Restaurant

    city = list(Restaurant.objects.bookable().filter(city__slug="lagos").values_list("pk", flat=True))
    found = []
    for name, ahead in (("near", NEAR), ("far", FAR)):
        day = today + timedelta(days=ahead)
        seven = datetime(day.year, day.month, day.day, 19, tzinfo=LAGOS)
        questions: dict[str, Callable[[], object]] = {
            "one day": partial(selectors.slots_on, city[0], day, 4),
            "a city": partial(selectors.restaurants_free_at, city[:80], day, seven, 4),
        }
        found += [
            f"{question}, {name}: {sorted(plan.indexes) or 'no index at all'}"
            for question, ask in questions.items()
            for plan in query_plans(ask, about="bookings_tableallocation")
            if OF_A_DAY not in plan.indexes or CONSTRAINT in plan.indexes
        ]
    return found


# --- What is told -------------------------------------------------------------------------------------------------


def tell(
    measured: list[Measured], empty: Measured, *, where: str, memory: tuple[int, int], off_plan: list[str]
) -> None:
    """Print the table beside the budgets, then what is over."""
    head = [
        "",
        "queries",
        "may",
        "CPU ms warm",
        "may",
        "× empty",
        "CPU ms cold",
        "may",
        "× empty",
        "whole ms",
        "wall ms",
        "",
    ]
    say()
    table(head, [_row(one, empty) for one in [empty, *measured]])
    for one in measured:
        for verdict in one.verdicts:
            say(f"{one.endpoint.name}: {verdict}")
    say(f"Memory of this process: {memory[0] >> 20} MiB before, {memory[1] >> 20} MiB after")
    say("Questions about tables, near and far: " + ("; ".join(off_plan) if off_plan else f"all from {OF_A_DAY}"))
    say(where)


def _row(one: Measured, empty: Measured) -> list[object]:
    warm, cold, budget = one.warm, one.cold, one.endpoint.budget
    base = empty.warm.whole_ms if one.endpoint.name.startswith("page") else empty.warm.cpu_ms
    return [
        one.endpoint.name,
        f"{warm.queries} / {cold.queries}",
        f"{budget.warm_queries} / {budget.cold_queries}" if budget else None,
        warm.cpu_ms,
        budget.warm_ms if budget else None,
        f"{warm.cpu_ms / base:.0f} ×",
        cold.cpu_ms,
        budget.cold_ms if budget else None,
        f"{cold.cpu_ms / base:.0f} ×",
        f"{warm.whole_ms:.2f} / {cold.whole_ms:.2f}",
        f"{warm.wall_ms:.2f} / {cold.wall_ms:.2f}",
        "over" if one.verdicts else "ok" if budget else None,
    ]


if __name__ == "__main__":
    sys.exit(main())
