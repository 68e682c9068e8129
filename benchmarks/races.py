"""Rivals of every kind for the same tables, over HTTP, a thousand times; and what the rows say afterwards.

Each round is one evening of a house with three tables of two that can be joined (1+2, 2+3, 1+2+3) and a limit of
parties for each quarter of an hour. 2 to 64 rivals stand at the start line and go at once: they book parties of one to
six, move the bookings they have, take an offer of the waiting list in the moment in which it lapses, or are staff who
seat parties from the door. Then everything is counted from the rows alone, with code of this file's own: no table has
two parties, no quarter of an hour more than the limit, every party has tables that hold it, whoever was told yes has a
table, and whoever was not has none. Once more with the web process killed in the middle of every tenth round.
"""

import asyncio
import json
import random
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks import harness
from benchmarks.harness import HOST, last_line, machine, percentile, say, step, table
from benchmarks.race import Answer, Client

if TYPE_CHECKING:
    from bookings.models import Booking
    from restaurants.models import Restaurant

ROUNDS, QUICK_ROUNDS = 1000, 40
RIVALS = (2, 4, 8, 16, 32, 64)
ROUNDS_A_HOUSE = 50
MOST_PARTIES = 2  # for each quarter of an hour
KINDS = ("book", "change", "offer", "seat")
KILLED_EVERY = 10
OFFER_LASTS = timedelta(milliseconds=250)  # at most
PARTY, TABLES = 2, 3
# What a rival may hear: the booking, or that there is no room. "busy" says to come back and is counted by itself.
YES, NO = (200, 201), (409,)
BUSY = 503


@dataclass
class Round:
    """One evening: what each rival sends, and what may stand in its way."""

    kind: str
    requests: list[bytes]
    meanwhile: Callable[[], object] | None = None
    answers: list[Answer] = field(default_factory=list)
    is_killed: bool = False


def main(arguments: list[str] | None = None) -> int:
    """Run the races; 1 when a promise is broken."""
    asked = harness.options(
        "races",
        __doc__,
        arguments,
        rounds={"type": int, "default": None, "help": f"{ROUNDS}, with --quick {QUICK_ROUNDS}"},
        kill={"action": "store_true", "help": "kill the web process in the middle of every tenth round"},
        server={
            "choices": sorted(harness.SERVERS),
            "default": "granian",
            "help": "what serves HTTP; production has granian, `make run` daphne",
        },
    )
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    where = machine()
    rng = random.Random(asked.seed)
    with harness.world("races") as world:
        stage = Stage(rng)
        with Server(world, asked.server) as server, step(f"Racing: {rounds} rounds"), asyncio.Runner() as runner:
            clients = [Client(server.port) for _ in range(max(RIVALS))]
            done = []
            for number in range(rounds):
                one = stage.set(KINDS[number % len(KINDS)], rng.choice(RIVALS))
                one.is_killed = asked.kill and number % KILLED_EVERY == KILLED_EVERY - 1
                runner.run(run(one, clients, server))
                if one.is_killed:
                    server.start()
                    clients = [Client(server.port) for _ in clients]
                done.append(one)
        faults = Checker().faults()
        faults["answers"] = stage.broken_answers()
    tell(done, faults, where=f"{asked.server}; {where}")
    answers = [answer for one in done if not one.is_killed for answer in one.answers]
    of_32 = [a.seconds * 1000 for one in done if len(one.requests) == 32 and not one.is_killed for a in one.answers]
    errors = sum(answer.status not in (*YES, *NO, BUSY) for answer in answers)
    last_line(
        "races",
        rounds=len(done),
        killed=sum(one.is_killed for one in done),
        requests=len(answers),
        yes=sum(answer.status in YES for answer in answers),
        no=sum(answer.status in NO for answer in answers),
        busy=sum(answer.status == BUSY for answer in answers),
        errors=errors,
        doubles=faults["doubles"],
        overruns=faults["overruns"],
        misfits=faults["misfits"],
        broken_answers=faults["answers"],
        p95_at_32_ms=round(percentile(of_32, 0.95)) if of_32 else None,
        server=asked.server,
    )
    return 1 if errors or any(faults.values()) else 0


# --- The evenings -----------------------------------------------------------------------------------------------


class Stage:
    """Sets one evening after the other, and remembers what was promised to whom."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.house: Restaurant | None = None
        self.evenings = 0
        self.people = 0
        self.rounds: list[tuple[Round, list[str]]] = []

    def set(self, kind: str, rivals: int) -> Round:
        """Return the next evening, of a new house now and then: nobody may book for years ahead."""
        if self.house is None or self.evenings >= ROUNDS_A_HOUSE or kind == "seat":
            self.house, self.evenings = open_house(f"{len(self.rounds)}"), 0
        self.evenings += 1
        requests, ids, meanwhile = getattr(self, f"_{kind}")(rivals)
        one = Round(kind, requests, meanwhile)
        self.rounds.append((one, ids))
        return one

    def _book(self, rivals: int) -> tuple[list[bytes], list[str], None]:
        evening = self._evening()
        requests, keys = [], []
        for _rival in range(rivals):
            keys.append(str(self._uuid()))
            requests.append(self._booking(self._some_time(evening), self.rng.randint(1, 6), keys[-1]))
        return requests, keys, None

    def _change(self, rivals: int) -> tuple[list[bytes], list[str], None]:
        """Four parties have tables; some want another time or more chairs, while others want theirs."""
        evening = self._evening()
        standing = [
            self._by_service(evening + timedelta(minutes=minutes), 2, f"Standing {number}")
            for number, minutes in enumerate((-60, 30, 120, 120))
        ]
        requests = []
        for number in range(rivals):
            if number % 2:
                requests.append(self._booking(self._some_time(evening), self.rng.randint(1, 4), str(self._uuid())))
                continue
            # In turn: one booking may be changed ten times a minute (bookings.limits.CHANGE), and is asked for eight.
            booking = standing[number // 2 % len(standing)]
            wish: dict[str, object] = {"starts_at": self._some_time(evening).isoformat()}
            if self.rng.random() < 0.5:
                wish = {"party_size": self.rng.randint(1, 6)}
            requests.append(self._send("PATCH", f"/api/bookings/{booking.public_id}", wish, _shown(booking)))
        return requests, [], None

    def _offer(self, rivals: int) -> tuple[list[bytes], list[str], Callable[[], object]]:
        """The only free table is offered, and the offer ends as the answer arrives; others want the table as well."""
        from bookings.services import standby, sweeping

        evening = self._evening()
        taken = [
            self._by_service(evening - timedelta(minutes=15 * number), 2, f"Standing {number}", tables=[number])
            for number in range(TABLES)
        ]
        entry = self._waiting(evening)
        self._cancel(taken[0])
        standby.offer_next(restaurant_id=self._house.pk, day=entry.service_day)
        entry.refresh_from_db()
        self._ends_soon(entry)
        accept = self._send("POST", f"/api/waitlist/{entry.public_id}/accept", None, _shown(entry))
        others = [self._booking(evening, 2, str(self._uuid())) for _rival in range(max(0, rivals - 2))]
        return [accept, *others, accept][:rivals] or [accept], [], sweeping.look_after_waiting

    def _seat(self, rivals: int) -> tuple[list[bytes], list[str], None]:
        """Parties at the door, seated by staff at the same few tables, while others book the next hour online."""
        from django.utils import timezone

        from bookings.models import QueueEntry
        from bookings.selectors import service_day_of

        now = timezone.now()
        staff = bearer_of_an_owner(self._house)
        soon = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)
        requests = []
        for number in range(rivals):
            if number % 3 == 2:
                requests.append(self._booking(soon, self.rng.randint(1, 4), str(self._uuid())))
                continue
            # Where staff name the table, they may put four at a table for two: here they do not.
            is_named = self.rng.random() < 0.5
            entry = QueueEntry.objects.create(
                restaurant=self._house,
                guest_name="At the door",
                party_size=self.rng.randint(1, PARTY if is_named else 2 * PARTY),
                service_day=service_day_of(self._house.pk, now),
                joined_at=now,
            )
            wish = {"tables": [f"T{self.rng.randint(1, TABLES)}"]} if is_named else {}
            address = f"/api/queue/{entry.public_id}/seat"
            requests.append(self._send("POST", address, wish, {"Authorization": f"Bearer {staff}"}))
        return requests, [], None

    def broken_answers(self) -> int:
        """Return how many were told yes and have no booking, or were told no and have one."""
        from bookings.models import Booking

        names = dict(Booking.objects.filter(guest_name__startswith="Rival ").values_list("guest_name", "status"))
        broken = 0
        for one, keys in self.rounds:
            if one.is_killed or not keys:
                continue
            for key, answer in zip(keys, one.answers, strict=True):
                has_one = names.get(f"Rival {key}") == "confirmed"
                broken += has_one != (answer.status in YES)
        return broken

    @property
    def _house(self) -> "Restaurant":
        assert self.house is not None  # noqa: S101
        return self.house

    def _evening(self) -> datetime:
        """Return seven o'clock of a day on which nobody has booked yet."""
        from zoneinfo import ZoneInfo

        from django.utils import timezone

        day = timezone.now().astimezone(ZoneInfo(self._house.time_zone)) + timedelta(days=1 + self.evenings)
        return day.replace(hour=19, minute=0, second=0, microsecond=0)

    def _some_time(self, evening: datetime) -> datetime:
        return evening + timedelta(minutes=self.rng.choice((0, 0, 0, 15, 30, 90)))

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def _by_service(self, starts_at: datetime, size: int, name: str, tables: list[int] | None = None) -> "Booking":
        from bookings import services
        from bookings.services import Actor, Guest
        from bookings.states import ActorKind, Channel

        rows = list(self._house.tables.order_by("pk").values_list("pk", flat=True))
        return services.book_table(
            restaurant_id=self._house.pk,
            starts_at=starts_at,
            party_size=size,
            guest=Guest(name=name, phone=self._phone()),
            by=Actor(None, ActorKind.STAFF, Channel.ADMIN),
            table_ids=[rows[number] for number in tables] if tables else None,
            heed_pacing=False,
        )

    def _cancel(self, booking: "Booking") -> None:
        from bookings import services
        from bookings.services import Actor

        services.cancel_booking(booking=booking, by=Actor.diner(None))

    def _waiting(self, evening: datetime) -> Any:
        from bookings import services
        from bookings.services import Actor, Guest

        return services.join_waitlist(
            restaurant_id=self._house.pk,
            earliest=evening,
            latest=evening,
            party_size=PARTY,
            guest=Guest(name="Waiting", phone=self._phone()),
            by=Actor.diner(None),
        )

    def _ends_soon(self, entry: Any) -> None:
        from django.utils import timezone

        from bookings.models import Booking, StandbyEntry, TableAllocation

        ends = timezone.now() + self.rng.random() * OFFER_LASTS
        StandbyEntry.objects.filter(pk=entry.pk).update(offer_expires_at=ends)
        Booking.objects.filter(pk=entry.booking_id).update(hold_expires_at=ends)
        TableAllocation.objects.filter(booking=entry.booking_id, live=True).update(expires_at=ends)

    def _phone(self) -> str:
        self.people += 1
        return f"+234803{self.people:07d}"

    def _booking(self, starts_at: datetime, size: int, key: str) -> bytes:
        body = {
            "restaurant": str(self._house.public_id),
            "starts_at": starts_at.isoformat(),
            "party_size": size,
            "guest": {"name": f"Rival {key}", "phone": self._phone()},
        }
        return self._send("POST", "/api/bookings", body, {"Idempotency-Key": key})

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> bytes:
        self.people += 1
        content = json.dumps(body if body is not None else {}).encode()
        lines = {
            "Host": HOST,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Real-IP": harness.somebodys_address(self.people),
            "Content-Length": str(len(content)),
            **headers,
        }
        if method == "POST":
            lines.setdefault("Idempotency-Key", str(self._uuid()))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def _shown(what: Any) -> dict[str, str]:
    """Return the header that opens a booking, or a place on the list, to whoever has its link."""
    from bookings import access

    return {"X-Booking-Token": access.token_for(what)}


def bearer_of_an_owner(house: "Restaurant", number: int = 0) -> str:
    """Return an access token of the n-th of those who own the house, who have shown a second factor."""
    from allauth.mfa.models import Authenticator
    from django.conf import settings

    from accounts.models import Membership, User
    from accounts.states import Role
    from accounts.tokens import services as tokens
    from accounts.tokens.states import Client as TokenClient
    from core.sessions import SessionStore

    person = User.objects.create_user(email=f"owner-{number}-of-{house.slug}@example.com", name="Demo owner")
    Membership.objects.create(user=person, restaurant=house, role=Role.OWNER)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": ""})
    session = SessionStore()
    session.update(
        {
            "_auth_user_id": str(person.pk),
            "_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0],
            "_auth_user_hash": person.get_session_auth_hash(),
            "account_authentication_methods_user": str(person.pk),
            "account_authentication_methods": [{"method": each, "at": time.time()} for each in ("password", "mfa")],
        }
    )
    pair = tokens.open_family(user=person, session=session, client=TokenClient.APP)
    session.save()
    return pair.access


def open_house(name: str) -> "Restaurant":
    """Return a house of three tables for two that can be joined in a row, open around the clock."""
    from datetime import time as clock

    from restaurants.models import (
        Area,
        BookingPolicy,
        OpeningHours,
        Restaurant,
        Shift,
        Table,
        TableCombination,
        TurnTime,
    )
    from restaurants.reference import cities
    from restaurants.states import RestaurantStatus

    city = cities(["lagos"])["lagos"]
    house = Restaurant.objects.create(
        name=f"House {name}",
        slug=f"house-{name}",
        status=RestaurantStatus.LIVE,
        city=city,
        neighbourhood="Yaba",
        latitude=city.latitude,
        longitude=city.longitude,
    )
    BookingPolicy.objects.create(restaurant=house, window_days=ROUNDS_A_HOUSE + 10, min_lead_minutes=0)
    room = Area.objects.create(restaurant=house, name="Room")
    tables = [
        Table.objects.create(restaurant=house, area=room, name=f"T{number}", max_party=PARTY)
        for number in range(1, TABLES + 1)
    ]
    for members in ((0, 1), (1, 2), (0, 1, 2)):
        joined = TableCombination.objects.create(
            restaurant=house,
            name="+".join(str(member + 1) for member in members),
            min_party=PARTY + 1,
            max_party=PARTY * len(members),
        )
        joined.tables.set([tables[member] for member in members])
    shift = Shift.objects.create(
        restaurant=house,
        name="Day and night",
        weekdays=list(range(7)),
        first_seating=clock(0),
        last_seating=clock(23, 45),
        max_parties_per_slot=MOST_PARTIES,
    )
    TurnTime.objects.create(shift=shift, up_to_party=10, minutes=90)
    for weekday in range(7):
        OpeningHours.objects.create(restaurant=house, weekday=weekday, opens=clock(0), closes=clock(23, 59))
    return house


# --- The race ---------------------------------------------------------------------------------------------------


class Server:
    """The web process, which can be killed and started again."""

    def __init__(self, world: harness.World, kind: str) -> None:
        self.world, self.kind = world, kind
        self.port = 0

    def __enter__(self) -> "Server":
        self.running = ExitStack()
        self.start()
        return self

    def start(self) -> None:
        from django.conf import settings

        with _died_as_it_was_told():
            self.running.close()
        self.running = ExitStack()
        self.port = self.running.enter_context(harness.web(self.world, server=self.kind))
        # Tokens name the address at which they count.
        settings.BASE_URL = f"http://localhost:{self.port}"

    def kill(self) -> None:
        """End it as `kill -9` does, whatever it is in the middle of."""
        for process in psutil.Process().children(recursive=True):
            if any(word == str(self.port) for word in process.cmdline()):
                # Its workers do not carry the port in their command line.
                for each in (*process.children(recursive=True), process):
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
                return

    def __exit__(self, *_error: object) -> None:
        with _died_as_it_was_told():
            self.running.close()


@contextmanager
def _died_as_it_was_told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if "died" not in str(error):
            raise


async def run(one: Round, clients: list[Client], server: Server) -> None:
    """Let all rivals of a round go at once, and keep what each of them hears."""
    rivals = clients[: len(one.requests)]
    await asyncio.gather(*(client.step_up() for client in rivals))
    beside = threading.Thread(target=_beside, args=[one.meanwhile]) if one.meanwhile else None
    began = time.perf_counter()
    for client, request in zip(rivals, one.requests, strict=True):
        client.go(request)
    hearing = asyncio.gather(*(client.hear(began) for client in rivals))
    if beside:
        beside.start()
    if one.is_killed:
        await asyncio.sleep(0.005 * len(rivals))
        server.kill()
    one.answers = list(await hearing)
    if beside:
        await asyncio.to_thread(beside.join)


def _beside(work: Callable[[], object]) -> None:
    from django.db import connections

    try:
        work()
    finally:
        connections.close_all()


# --- What the rows say ------------------------------------------------------------------------------------------


class Checker:
    """Derives who sits where and when from the rows, without a line of what wrote them."""

    OCCUPYING = ("held", "requested", "confirmed", "arrived", "seated")

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT id, name, max_party FROM restaurants_table")
            self.seats = {pk: seats for pk, _name, seats in cursor.fetchall()}
            cursor.execute("SELECT tablecombination_id, table_id FROM restaurants_tablecombination_tables")
            members = defaultdict(set)
            for combination, table_id in cursor.fetchall():
                members[combination].add(table_id)
            self.together = {frozenset(tables) for tables in members.values()}
            cursor.execute(
                "SELECT id, restaurant_id, status, channel, starts_at, ends_at, party_size, hold_expires_at, guest_name"
                " FROM bookings_booking"
            )
            self.bookings = {row[0]: row[1:] for row in cursor.fetchall()}
            cursor.execute(
                "SELECT table_id, booking_id, lower(during), upper(during) FROM bookings_tableallocation WHERE live"
            )
            self.rows = cursor.fetchall()

    def faults(self) -> dict[str, int]:
        """Return how many pairs share a table, quarters are too full, and parties sit where they do not fit."""
        return {"doubles": self._doubles(), "overruns": self._overruns(), "misfits": self._misfits()}

    def _doubles(self) -> int:
        by_table = defaultdict(list)
        for table_id, _booking, begins, ends in self.rows:
            by_table[table_id].append((begins, ends))
        count = 0
        for stretches in by_table.values():
            stretches.sort()
            latest = None
            for begins, ends in stretches:
                count += latest is not None and begins < latest
                latest = ends if latest is None else max(latest, ends)
        return count

    def _overruns(self) -> int:
        """Only of those who were asked to keep to the limit: staff may pass over it, and the door has none."""
        starts = Counter(
            (restaurant, starts_at)
            for restaurant, status, channel, starts_at, _ends, _size, _hold, name in self.bookings.values()
            if status in self.OCCUPYING and channel == "api" and name.startswith("Rival ")
        )
        return sum(parties > MOST_PARTIES for parties in starts.values())

    def _misfits(self) -> int:
        tables: dict[int, set[int]] = defaultdict(set)
        spans: dict[int, set[tuple[datetime, datetime]]] = defaultdict(set)
        for table_id, booking, begins, ends in self.rows:
            tables[booking].add(table_id)
            spans[booking].add((begins, ends))
        count = 0
        for pk, (_house, status, _channel, starts_at, ends_at, size, _hold, name) in self.bookings.items():
            theirs = tables.get(pk, set())
            if status not in self.OCCUPYING:
                count += bool(theirs)
                continue
            fits = bool(theirs) and sum(self.seats[table_id] for table_id in theirs) >= size
            fits = fits and (len(theirs) == 1 or frozenset(theirs) in self.together)
            covers = all(begins <= starts_at and ends >= ends_at for begins, ends in spans.get(pk, ()))
            if not (fits and covers and len(spans.get(pk, ())) == 1):
                count += 1
                say(f"MISFIT: {status} {name!r}, {size} at tables {sorted(theirs)}, {starts_at} to {ends_at}")
        return count


def tell(done: list[Round], faults: dict[str, int], *, where: str) -> None:
    """Print what was heard, by the kind of round."""
    say()
    heard = defaultdict(list)
    for one in done:
        for answer in one.answers:
            # A yes carries the booking's own code.
            said = f"{answer.status} {answer.code}" if answer.status not in YES else f"{answer.status}"
            heard[f"{one.kind}: {said if answer.status else 'no answer'}"].append(answer.seconds * 1000)
    rows = [
        [name, len(times), percentile(times, 0.5), percentile(times, 0.95), max(times)]
        for name, times in sorted(heard.items())
    ]
    table(["rivals heard", "how many", "p50 ms", "p95 ms", "slowest ms"], rows)
    for name, count in faults.items():
        if count:
            say(f"BROKEN: {name}: {count}")
    say(f"\n{where}")


if __name__ == "__main__":
    sys.exit(main())
