"""64 clients race for the last table, over HTTP against a real server, again and again.

In each round one table of a house is left at seven in the evening, of another day each time. All clients stand at the
start line with their connections open and their requests written, and go at once. Promised: one of them gets the
table (201), all others get a 409 with times that are free, nobody an error, and nobody sits on another's chair.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from benchmarks import harness
from benchmarks.harness import HOST, last_line, machine, percentile, say, step, table

if TYPE_CHECKING:
    from restaurants.models import Restaurant

ROUNDS, QUICK_ROUNDS = 50, 10
CLIENTS = 64
PATIENCE = 30  # seconds; a client that hears nothing for so long counts as an error
PARTY = 2


@dataclass(frozen=True)
class Round:
    """The last table of one evening."""

    restaurant_id: str
    starts_at: str
    requests: list[bytes]


@dataclass(frozen=True)
class Answer:
    """What one client heard: 0 for nothing at all."""

    status: int
    seconds: float
    alternatives: int = 0
    code: str = ""


@dataclass
class Outcome:
    """What one round came to."""

    answers: list[Answer]

    @property
    def wins(self) -> int:
        return sum(answer.status == 201 for answer in self.answers)

    @property
    def conflicts(self) -> int:
        return sum(answer.status == 409 and answer.alternatives > 0 for answer in self.answers)

    @property
    def errors(self) -> int:
        return len(self.answers) - self.wins - self.conflicts


def main(arguments: list[str] | None = None) -> int:
    """Run the race; 1 when a promise is broken."""
    asked = harness.options(
        "race",
        __doc__,
        arguments,
        rounds={"type": int, "default": None, "help": f"{ROUNDS}, with --quick {QUICK_ROUNDS}"},
        clients={"type": int, "default": CLIENTS},
        server={"choices": sorted(harness.SERVERS), "default": "daphne", "help": "what serves HTTP"},
    )
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    where = machine()
    with harness.world("race") as world:
        from benchmarks.overlaps import doubles

        with step("Setting the tables"):
            races = list(prepare(rounds, asked.clients, random.Random(asked.seed)))
        with harness.web(world, server=asked.server) as port, step(f"Racing: {rounds} rounds of {asked.clients}"):
            outcomes = asyncio.run(race(port, races))
        taken = bookings_won()
        overlapping = doubles()
    tell(outcomes, where=f"{asked.server}; {where}")
    answers = [answer for outcome in outcomes for answer in outcome.answers]
    times = [answer.seconds * 1000 for answer in answers]
    is_fair = all(outcome.wins == 1 and outcome.errors == 0 for outcome in outcomes)
    is_kept = overlapping == 0 and taken == len(outcomes)
    last_line(
        "race",
        rounds=len(outcomes),
        clients=asked.clients,
        wins=sum(outcome.wins for outcome in outcomes),
        conflicts=sum(outcome.conflicts for outcome in outcomes),
        errors=sum(outcome.errors for outcome in outcomes),
        doubles=overlapping,
        slowest_ms=round(max(times)),
        p50_ms=round(percentile(times, 0.5)),
        p95_ms=round(percentile(times, 0.95)),
        server=asked.server,
    )
    return 0 if is_fair and is_kept else 1


# --- The evenings -----------------------------------------------------------------------------------------------


def prepare(rounds: int, clients: int, rng: random.Random) -> Iterator[Round]:
    """Make one house and take all of its tables but one, for the same hour of as many days as there are rounds."""
    from django.utils import timezone

    from bookings import services
    from bookings.services import Actor, Guest
    from bookings.states import ActorKind, Channel

    house = open_house(window_days=rounds + 10)
    zone = ZoneInfo(house.time_zone)
    tables = list(house.tables.order_by("pk").values_list("pk", flat=True))
    desk = Actor(None, ActorKind.STAFF, Channel.ADMIN)
    today = timezone.now().astimezone(zone).date()
    for number in range(rounds):
        day = today + timedelta(days=number + 2)
        starts_at = datetime(day.year, day.month, day.day, 19, tzinfo=zone)
        for table_id in tables[:-1]:
            services.book_table(
                restaurant_id=house.pk,
                starts_at=starts_at,
                party_size=PARTY,
                guest=Guest(name="A guest who came first"),
                by=desk,
                table_ids=[table_id],
            )
        yield Round(
            str(house.public_id),
            starts_at.isoformat(),
            [request(house, starts_at, number, client, rng) for client in range(clients)],
        )


def open_house(window_days: int) -> "Restaurant":
    """Return a house of three tables for two: dinner from six to nine, an hour and a half each."""
    from datetime import time as clock

    from restaurants.models import Area, BookingPolicy, OpeningHours, Restaurant, Shift, Table, TurnTime
    from restaurants.reference import cities
    from restaurants.states import RestaurantStatus

    city = cities(["lagos"])["lagos"]
    house = Restaurant.objects.create(
        name="The Last Table",
        slug="the-last-table",
        status=RestaurantStatus.LIVE,
        city=city,
        neighbourhood="Yaba",
        latitude=city.latitude,
        longitude=city.longitude,
    )
    BookingPolicy.objects.create(restaurant=house, window_days=window_days)
    room = Area.objects.create(restaurant=house, name="Room")
    for number in range(1, 4):
        Table.objects.create(restaurant=house, area=room, name=f"T{number}", max_party=PARTY)
    dinner = Shift.objects.create(
        restaurant=house,
        name="Dinner",
        weekdays=list(range(7)),
        first_seating=clock(18),
        last_seating=clock(21),
    )
    TurnTime.objects.create(shift=dinner, up_to_party=10, minutes=90)
    for weekday in range(7):
        OpeningHours.objects.create(restaurant=house, weekday=weekday, opens=clock(12), closes=clock(23))
    return house


def request(house: "Restaurant", starts_at: datetime, number: int, client: int, rng: random.Random) -> bytes:
    """Return one client's whole request: a guest of its own, a key of its own."""
    body = json.dumps(
        {
            "restaurant": str(house.public_id),
            "starts_at": starts_at.isoformat(),
            "party_size": PARTY,
            "guest": {
                "name": f"Rival {client} of round {number}",
                "phone": f"+234803{number % 1000:03d}{client % 10000:04d}",
                "email": f"rival-{number}-{client}@example.com",
            },
        }
    ).encode()
    head = (
        f"POST /api/bookings HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nIdempotency-Key: {uuid.UUID(int=rng.getrandbits(128), version=4)}\r\n"
        f"X-Real-IP: {harness.somebodys_address(number * 1000 + client)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def bookings_won() -> int:
    """Return how many of the rivals' bookings stand in the database."""
    from bookings.models import Booking
    from bookings.states import Status

    return Booking.objects.filter(guest_name__startswith="Rival ", status=Status.CONFIRMED).count()


# --- The race ---------------------------------------------------------------------------------------------------


class Client:
    """A connection that stays open from round to round, as a phone's does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def step_up(self) -> None:
        """Be connected before the start."""
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection(HOST, self.port)

    def go(self, request: bytes) -> None:
        assert self.writer is not None  # noqa: S101
        self.writer.write(request)

    async def hear(self, began: float) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await self._read()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            await self.leave()
            return Answer(0, time.perf_counter() - began)
        seconds = time.perf_counter() - began
        said = json.loads(body) if body.startswith(b"{") else {}
        return Answer(
            status, seconds, len(said.get("alternatives") or ()), said.get("code", "") if status != 201 else ""
        )

    async def _read(self) -> tuple[int, bytes]:
        assert self.reader is not None  # noqa: S101
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            await self.leave()
        return int(head[0].split()[1]), body

    async def leave(self) -> None:
        if self.writer is not None:
            self.writer.close()
            with suppress(OSError):
                await self.writer.wait_closed()
            self.writer = None


async def race(port: int, races: list[Round]) -> list[Outcome]:
    """Run the rounds one after the other and return what came of each."""
    clients = [Client(port) for _ in races[0].requests]
    outcomes = []
    for one in races:
        await asyncio.gather(*(client.step_up() for client in clients))
        began = time.perf_counter()
        for client, request in zip(clients, one.requests, strict=True):
            client.go(request)
        outcomes.append(Outcome(list(await asyncio.gather(*(client.hear(began) for client in clients)))))
    for client in clients:
        await client.leave()
    return outcomes


def tell(outcomes: list[Outcome], *, where: str) -> None:
    """Print the rounds, those with a broken promise one by one."""
    answers = [answer for outcome in outcomes for answer in outcome.answers]
    kinds = Counter((answer.status, answer.code) for answer in answers)
    say()
    table(
        ["answer", "how many", "p50 ms", "p95 ms", "slowest ms"],
        [
            [f"{status or 'no answer'} {code}".strip(), count, *_times(answers, status, code)]
            for (status, code), count in sorted(kinds.items())
        ],
    )
    for number, outcome in enumerate(outcomes, start=1):
        if outcome.wins != 1 or outcome.errors:
            say(f"Round {number}: {outcome.wins} won, {outcome.conflicts} heard of other times, {outcome.errors} else")
    say(f"\n{where}")


def _times(answers: list[Answer], status: int, code: str) -> list[float]:
    times = [answer.seconds * 1000 for answer in answers if (answer.status, answer.code) == (status, code)]
    return [percentile(times, 0.5), percentile(times, 0.95), max(times)]


if __name__ == "__main__":
    sys.exit(main())
