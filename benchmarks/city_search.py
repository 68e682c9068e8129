"""A table in a city, at seven, for four: asked fifty times a second among 10,000 restaurants, while others book.

First what the database does for it: the city's houses with a free time, as the search asks, on days near and far. Then
over HTTP against one real server: requests come at their times whether the earlier ones are answered or not, and each
is measured from when it was to begin, so that a server that falls behind shows; one in twenty books a table. At last,
whether the answer is true: houses are filled table by table, and one second after that is committed the search must
not name them; one second after one party has cancelled it must.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks import harness
from benchmarks.harness import HOST, last_line, machine, percentile, say, step, table
from benchmarks.race import Answer, Client

LAGOS = ZoneInfo("Africa/Lagos")
RESTAURANTS, BOOKINGS = 10_000, 500_000
QUICK_BY = 20
QUESTIONS, QUICK_QUESTIONS = 400, 40
EACH_SECOND, WRITES = 50, 0.05
SECONDS, QUICK_SECONDS = 60, 6
FILLED, QUICK_FILLED = 20, 3
TRUE_AFTER = 1.0  # seconds
MOST_PAGES = 10
DATABASE_MS, HTTP_MS = 20, 80


@dataclass(frozen=True)
class Request:
    """What is sent, when, and what a good answer is."""

    at: float
    kind: str
    content: bytes


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 when an answer was wrong or untrue. The milliseconds are told, not judged."""
    asked = harness.options(
        "city_search",
        __doc__,
        arguments,
        server={
            "choices": sorted(harness.SERVERS),
            "default": "granian",
            "help": "what serves HTTP",
        },
    )
    where = machine()
    rng = random.Random(asked.seed)
    today = datetime.now(LAGOS).date()
    with harness.world("city_search") as world:
        from benchmarks import seeding

        scale = replace(seeding.FULL, restaurants=RESTAURANTS, bookings=BOOKINGS, dishes_each=5)
        if asked.quick:
            scale = scale.divided(QUICK_BY)
        seeding.seed_country(scale, seed=asked.seed, today=today)
        seeding.vacuum()
        with step("Asking the database"):
            in_database = list(ask_database(QUICK_QUESTIONS if asked.quick else QUESTIONS, today, rng))
        seconds = QUICK_SECONDS if asked.quick else SECONDS
        requests = list(requests_for(seconds, today, rng))
        with harness.web(world, server=asked.server) as port:
            with step("Warming up"):
                asyncio.run(send(port, [replace(one, at=n * 0.1) for n, one in enumerate(requests[:40])]))
            with step(f"Asking {EACH_SECOND} times a second for {seconds} s"):
                answers = asyncio.run(send(port, requests))
            with step("Filling houses and looking again"):
                untrue = untrue_answers(port, QUICK_FILLED if asked.quick else FILLED, today, rng)
    tell(in_database, answers, where=f"{asked.server}; {where}")
    searches = [answer.seconds * 1000 for kind, answer in answers if kind == "search"]
    failed = sum(not is_good(kind, answer) for kind, answer in answers)
    last_line(
        "city_search",
        restaurants=scale.restaurants,
        bookings=scale.bookings,
        requests=len(answers),
        p95_database_ms=percentile(in_database, 0.95),
        p95_http_ms=percentile(searches, 0.95),
        p50_http_ms=percentile(searches, 0.5),
        failed=failed,
        untrue=untrue,
        server=asked.server,
    )
    return 1 if failed or untrue else 0


# --- The database -----------------------------------------------------------------------------------------------


def ask_database(count: int, today: date, rng: random.Random) -> Iterator[float]:
    """Yield the milliseconds that the statements of one search took, of many."""
    from django.test import RequestFactory

    from bookings.api import searching

    for number in range(count):
        address = search_address(today, rng)
        with _statements() as spent:
            searching.answer(searching.read(RequestFactory().get(address).GET))
        # The first ones fill what the process remembers of plans.
        if number >= count // 4:
            yield sum(spent)


@contextmanager
def _statements() -> Iterator[list[float]]:
    from django.db import connection

    spent: list[float] = []

    def measured(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent.append((time.perf_counter() - began) * 1000)

    with connection.execute_wrapper(measured):
        yield spent


# --- What is asked ----------------------------------------------------------------------------------------------


def search_address(today: date, rng: random.Random) -> str:
    """Return the address of somebody's search: mostly the large cities, mostly one of the next days."""
    city = rng.choices(("lagos", "abuja", "kano", "ibadan", "enugu"), (30, 15, 8, 8, 6))[0]
    day = today + timedelta(days=rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 9, 30)))
    clock = rng.choice(("18:30", "19:00", "19:00", "19:30", "20:00"))
    return f"/api/restaurants?city={city}&date={day}&time={clock}&party_size={rng.choice((2, 2, 2, 4, 4, 6))}"


def requests_for(seconds: int, today: date, rng: random.Random) -> Iterator[Request]:
    """Yield what comes in these seconds, in the order of time."""
    from benchmarks.endpoints import free_evenings
    from restaurants.models import Restaurant

    count = seconds * EACH_SECOND
    houses = list(Restaurant.objects.bookable().order_by("pk").values_list("pk", "public_id"))
    ids = dict(houses)
    some = rng.sample([pk for pk, _id in houses], min(len(houses), 200))
    evenings = iter(free_evenings(some, today + timedelta(days=2), int(count * WRITES) * 2, rng))
    for number in range(count):
        if rng.random() < WRITES:
            house, starts_at = next(evenings)
            body = {
                "restaurant": str(ids[house]),
                "starts_at": starts_at.isoformat(),
                "party_size": 2,
                "guest": {"name": f"Guest {number}", "phone": f"+234805{number:07d}"},
            }
            yield Request(number / EACH_SECOND, "book", _http("POST", "/api/bookings", number, body))
        else:
            yield Request(number / EACH_SECOND, "search", _http("GET", search_address(today, rng), number))


def _http(method: str, path: str, number: int, body: object = None) -> bytes:
    content = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"X-Real-IP: {harness.somebodys_address(number)}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Idempotency-Key: {uuid.uuid4()}"]
        lines += [f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def send(port: int, requests: list[Request]) -> list[tuple[str, Answer]]:
    """Send each request at its time, and return what was heard; the seconds count from when it was to begin."""
    idle: list[Client] = []
    began = time.perf_counter()

    async def one(request: Request) -> tuple[str, Answer]:
        await asyncio.sleep(max(0.0, began + request.at - time.perf_counter()))
        client = idle.pop() if idle else Client(port)
        for _try in range(2):
            await client.step_up()
            client.go(request.content)
            answer = await client.hear(began + request.at)
            # As every client does: a connection that was closed while it lay idle is opened anew, once.
            if answer.status:
                break
        idle.append(client)
        return request.kind, answer

    answers = await asyncio.gather(*(one(request) for request in requests))
    for client in idle:
        await client.leave()
    return list(answers)


def is_good(kind: str, answer: Answer) -> bool:
    """A search is answered; a booking is made, or refused because somebody else was quicker."""
    return answer.status == 200 if kind == "search" else answer.status in (201, 409)


# --- Whether it is true -----------------------------------------------------------------------------------------


def untrue_answers(port: int, count: int, today: date, rng: random.Random) -> int:
    """Fill houses, look, let one party go, look again; return how often the search was wrong a second later."""
    from benchmarks.endpoints import free_evenings
    from bookings import services
    from bookings.services import Actor
    from restaurants.models import Restaurant

    houses = list(Restaurant.objects.bookable().order_by("pk").values_list("pk", flat=True))
    rng.shuffle(houses)
    wrong = 0
    for house_id, starts_at in free_evenings(houses[: count * 2], today + timedelta(days=4), count, rng):
        house = Restaurant.objects.select_related("city").get(pk=house_id)
        parties = list(fill(house, starts_at))
        time.sleep(TRUE_AFTER)
        wrong += is_named(port, house, starts_at)
        services.cancel_booking(booking=parties[0], by=Actor.diner(None))
        time.sleep(TRUE_AFTER)
        wrong += not is_named(port, house, starts_at)
    return wrong


def fill(house: Any, starts_at: datetime) -> Iterator[Any]:
    """Book the house for parties of two until it is full for an hour on both sides of the time; yield the parties."""
    from bookings import errors, services
    from bookings.services import Actor, Guest
    from bookings.states import ActorKind, Channel

    for minutes in range(-60, 61, 15):
        while True:
            try:
                yield services.book_table(
                    restaurant_id=house.pk,
                    starts_at=starts_at + timedelta(minutes=minutes),
                    party_size=2,
                    guest=Guest(name="Demo guest"),
                    by=Actor(None, ActorKind.STAFF, Channel.ADMIN),
                    heed_pacing=False,
                )
            except errors.BookingRefused:
                break


def is_named(port: int, house: Any, starts_at: datetime) -> bool:
    """Whether the search for two at this time names the house, on any of its pages."""
    import httpx

    local = starts_at.astimezone(LAGOS)
    query: dict[str, str | int] = {"q": house.name, "city": house.city.slug, "party_size": 2, "limit": 100}
    query |= {"date": local.date().isoformat(), "time": f"{local:%H:%M}"}
    address: str | None = str(httpx.URL(f"http://{HOST}:{port}/api/restaurants", params=query))
    with httpx.Client(timeout=30) as client:
        for _page in range(MOST_PAGES):
            if address is None:
                return False
            page = client.get(address).raise_for_status().json()
            if any(found["id"] == str(house.public_id) for found in page["results"]):
                return True
            address = page["next"] and str(httpx.URL(page["next"]).copy_with(host=HOST, port=port, scheme="http"))
    return False


def tell(in_database: list[float], answers: list[tuple[str, Answer]], *, where: str) -> None:
    """Print the times, and each answer that was none."""
    times = {kind: [answer.seconds * 1000 for each, answer in answers if each == kind] for kind in ("search", "book")}
    rows = [_row("statements of one search", in_database)]
    rows += [_row(f"{kind} over HTTP", heard) for kind, heard in times.items()]
    say()
    table(["", "how many", "p50 ms", "p95 ms", "slowest ms", "goal, p95"], rows)
    bad = Counter((kind, answer.status) for kind, answer in answers if not is_good(kind, answer))
    for (kind, status), count in bad.items():
        say(f"FAILED: {kind} answered {status or 'nothing'}: {count}")
    say(f"\n{where}")


def _row(name: str, times: list[float]) -> list[object]:
    goal = {"statements of one search": DATABASE_MS, "search over HTTP": HTTP_MS}.get(name)
    if not times:
        return [name, 0, None, None, None, goal]
    return [name, len(times), percentile(times, 0.5), percentile(times, 0.95), max(times), goal]


if __name__ == "__main__":
    sys.exit(main())
