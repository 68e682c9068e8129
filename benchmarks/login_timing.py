"""Does the time of an answer tell whether an address or number is known? Over HTTP, by every door that asks for one.

Log-in, sign-up, reset, codes, what comes after them (the code again, a wrong code), a new address or number of one's
own, an invitation; by API and by page. Half of the tries name somebody who has an account, half nobody, in a shuffled
order, each from somewhere else. Promised: the same status and the same words, and medians so close that what lies
between them is smaller than what chance makes of one try.
"""

import math
import random
import re
import string
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

import httpx

from benchmarks import harness
from benchmarks.harness import HOST, last_line, machine, percentile, say, step, table

TRIES, QUICK_TRIES, WARMING = 200, 8, 6
# A look that reads a whole table shows when there are people in it.
OTHERS, FEW_OTHERS = 30_000, 3_000
PASSWORD = "a-wrong-password-4711"  # noqa: S105 - it opens nothing
WRONG_CODE = "000000"
CSRF = "".join(random.Random(1).choices(string.ascii_letters, k=32))
# Below this share of what chance makes of one try, only very many tries would show a difference.
NOISE_SHARE = 0.5
# Taken, or refused for the wrong password or code; anything else was no try.
AS_MEANT = {201, 202, 204, 302, 400, 422}
# What an answer says anew each time, whoever asks.
_ONE_TIME = re.compile(r'"(?:session_token|request_id|id|\w+_at)":"[^"]*"|nonce="[^"]*"|nonce-[\w+/=-]+|value="\w{64}"')


# --- The doors --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Door:
    """One request. In a way of several, each goes on where the one before it ended."""

    name: str
    path: str
    fields: Mapping[str, object] = field(default_factory=dict)
    """`{}` stands for the address or number"""

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


@dataclass(frozen=True)
class Way:
    """Doors that one goes through one after the other."""

    doors: tuple[Door, ...]
    by: str = "email"
    signed_in: str = ""
    """whose log-in it takes: nobody's, a "diner"'s, an "owner"'s"""


SIGN_UP = {"email": "{}", "name": "Ada Obi", "accepts_terms": True, "is_adult": True}
CODE_PAGE, VERIFY_PAGE = "/en/account/log-in/code/confirm/", "/en/account/verify/"
RESET_PAGE = "/en/account/password/reset/code/"
AGAIN, WRONG = {"action": "resend"}, {"action": "verify", "code": WRONG_CODE}


def _codes(by: str, said: str, typed: str) -> tuple[Way, Way]:
    """Return the ways of a log-in by code: by API and by page."""
    return (
        Way(
            (
                Door(f"code {said}, API", "/api/auth/code", {typed: "{}"}),
                Door(f"code {said} again, API", "/api/auth/code/resend"),
                Door(f"code {said} wrong, API", "/api/auth/code/confirm", {"code": WRONG_CODE}),
            ),
            by,
        ),
        Way(
            (
                Door(f"code {said}, page", "/en/account/log-in/code/", {"login": "{}"}),
                Door(f"code {said} again, page", CODE_PAGE, AGAIN),
                Door(f"code {said} wrong, page", CODE_PAGE, WRONG),
            ),
            by,
        ),
    )


WAYS = (
    Way((Door("log-in, API", "/api/auth/login", {"email": "{}", "password": PASSWORD}),)),
    Way((Door("log-in, page", "/en/account/log-in/", {"login": "{}", "password": PASSWORD}),)),
    Way((Door("log-in by phone, API", "/api/auth/login", {"phone": "{}", "password": PASSWORD}),), "phone"),
    Way((Door("log-in by phone, page", "/en/account/log-in/", {"login": "{}", "password": PASSWORD}),), "phone"),
    Way(
        (
            Door("sign-up, API", "/api/auth/register", {**SIGN_UP, "password": PASSWORD}),
            Door("sign-up code again, API", "/api/auth/email/resend"),
            Door("sign-up code wrong, API", "/api/auth/email/verify", {"code": WRONG_CODE}),
        )
    ),
    Way(
        (
            Door("sign-up, page", "/en/account/register/", {**SIGN_UP, "password1": PASSWORD}),
            Door("sign-up code again, page", VERIFY_PAGE, AGAIN),
            Door("sign-up code wrong, page", VERIFY_PAGE, WRONG),
        )
    ),
    Way(
        (
            Door("reset, API", "/api/auth/password/reset", {"email": "{}"}),
            # A password that is too weak as well: what is said of it must not tell either.
            Door(
                "reset code wrong, API", "/api/auth/password/reset/confirm", {"code": WRONG_CODE, "password": "short"}
            ),
        )
    ),
    Way(
        (
            Door("reset, page", "/en/account/password/reset/", {"email": "{}"}),
            Door("reset code again, page", RESET_PAGE, AGAIN),
            Door("reset code wrong, page", RESET_PAGE, WRONG),
        )
    ),
    *_codes("email", "by mail", "email"),
    *_codes("phone", "by text", "phone"),
    Way((Door("new address, API", "/api/auth/email", {"email": "{}"}),), signed_in="diner"),
    Way((Door("new number, API", "/api/auth/phone", {"phone": "{}"}),), "phone", signed_in="diner"),
    Way(
        (Door("invitation, API", "/api/restaurants/{house}/invitations", {"email": "{}", "role": "host"}),),
        signed_in="owner",
    ),
)


# --- One try ----------------------------------------------------------------------------------------------------


@dataclass
class Try:
    """Somebody going one way with one address, with a browser or program of their own."""

    known: bool
    address: str
    source: str
    bearer: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, client: httpx.Client, path: str, door: Door) -> httpx.Response:
        fields = {name: self.address if value == "{}" else value for name, value in door.fields.items()}
        headers = {"X-Real-IP": self.source, "Accept-Language": "en"}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        if door.is_page:
            self.cookies["csrf"] = CSRF
            fields["csrfmiddlewaretoken"] = CSRF
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent: dict[str, Any] = {"data" if door.is_page else "json": fields}
        answer = client.post(path, headers=headers, **sent)
        self.cookies.update(answer.cookies)
        return answer

    def words(self, answer: httpx.Response) -> str:
        """Return what the answer says, without what is another each time."""
        text = _ONE_TIME.sub("", answer.text).replace(self.address, "{}")
        return f"{answer.status_code} {answer.headers.get('location', '')} {text}"


@dataclass
class Times:
    """Milliseconds at one door."""

    known: list[float] = field(default_factory=list)
    unknown: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    words: dict[bool, set[str]] = field(default_factory=lambda: {True: set(), False: set()})

    def add(self, one: Try, answer: httpx.Response, milliseconds: float) -> None:
        (self.known if one.known else self.unknown).append(milliseconds)
        self.statuses.add(answer.status_code)
        self.words[one.known].add(one.words(answer))

    @property
    def difference(self) -> float:
        return median(self.known) - median(self.unknown)

    @property
    def noise(self) -> float:
        """How far single tries of the same kind lie apart: the distance of the quartiles, the larger of both."""
        return max(percentile(each, 0.75) - percentile(each, 0.25) for each in (self.known, self.unknown))

    @property
    def share(self) -> float:
        return abs(self.difference) / self.noise if self.noise else 0.0

    @property
    def says(self) -> bool:
        """Whether the words tell who is known."""
        return self.words[True] != self.words[False]

    @property
    def stopped(self) -> bool:
        """Whether somebody was sent away before the address mattered: such times tell nothing, of anything."""
        return not self.statuses <= AS_MEANT

    @property
    def tells(self) -> bool:
        """Whether words or time tell who is known."""
        # Medians of few tries differ by chance: three standard errors of their difference, for a bell curve.
        by_chance = 3 * 1.25 * 0.74 * self.noise * math.sqrt(1 / len(self.known) + 1 / len(self.unknown))
        return self.says or abs(self.difference) > max(NOISE_SHARE * self.noise, by_chance)


# --- The people -------------------------------------------------------------------------------------------------


def address_of(by: str, number: int, *, known: bool) -> str:
    """Return the n-th address or number, of those who have an account or of those who have none."""
    if by == "phone":
        return f"+234{803 if known else 806}{number:07d}"
    return f"{'diner' if known else 'other'}-{number:06d}@example.com"


def make_accounts(number: int) -> None:
    """Make accounts with verified addresses and numbers and one password that nobody knows."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from accounts.models import User

    password = make_password("nobody knows this one")
    users = [
        User(
            email=address_of("email", n, known=True),
            phone=address_of("phone", n, known=True),
            phone_verified_at=timezone.now(),
            name=f"Person {n}",
            password=password,
        )
        for n in range(number)
    ]
    User.objects.bulk_create(users, batch_size=2000)
    EmailAddress.objects.bulk_create(
        (EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users), batch_size=2000
    )


class People:
    """Who is signed in where a door asks for that: diners, and the owners of one house."""

    def __init__(self, number: int) -> None:
        from accounts.services import add_member
        from accounts.states import Role
        from accounts.tests.factories import UserFactory
        from core.testing import with_second_factor
        from restaurants.tests.factories import house

        place = house(name="The Amber House", slug="amber-house")
        self.house = str(place.public_id)
        # Each may change a few addresses a minute, and invite sixty people an hour.
        self.diners: list[Any] = [UserFactory(email=f"asker-{n}@example.com") for n in range(number)]
        self.owners: list[Any] = [
            UserFactory(email=f"owner-{n}@example.com", name="Demo Owner") for n in range(1 + number // 40)
        ]
        for owner in self.owners:
            add_member(user=owner, restaurant_id=place.pk, role=Role.OWNER)
            with_second_factor(owner)

    def bearer(self, kind: str, number: int) -> str:
        """Return the access token of a log-in that has just been made; none for nobody."""
        if not kind:
            return ""
        from django.conf import settings

        from accounts.tokens import services
        from accounts.tokens.states import Client
        from core.sessions import SessionStore

        somebody = self.diners[number] if kind == "diner" else self.owners[number % len(self.owners)]
        methods = ("password", "mfa") if kind == "owner" else ("password",)
        session = SessionStore()
        session["account_authentication_methods_user"] = str(somebody.pk)
        session["account_authentication_methods"] = [{"method": method, "at": time.time()} for method in methods]
        pair = services.open_family(user=somebody, session=session, client=Client.APP)
        session["_auth_user_id"] = str(somebody.pk)
        session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
        session["_auth_user_hash"] = somebody.get_session_auth_hash()
        session.save()
        return pair.access


# --- Measuring --------------------------------------------------------------------------------------------------


@dataclass
class Walk:
    """All tries of one way, in a shuffled order: whatever else the machine does falls on both kinds alike."""

    way: Way
    # Whether the address is known, and which one it is.
    order: Sequence[tuple[bool, int]]
    people: "People"
    # Number of the first of the places that it is asked from.
    sources: int
    times: dict[str, Times] = field(default_factory=dict)

    @cached_property
    def tries(self) -> list[Try]:
        # Made when they set out: who is signed in must have proved it lately.
        return [
            Try(
                known=known,
                address=address_of(self.way.by, number, known=known),
                source=harness.somebodys_address(self.sources + turn),
                bearer=self.people.bearer(self.way.signed_in, turn),
            )
            for turn, (known, number) in enumerate(self.order)
        ]

    def go(self, client: httpx.Client, door: Door) -> None:
        """Send every try through one door of the way."""
        times = self.times[door.name] = Times()
        for one in list(self.tries):
            began = time.perf_counter()
            try:
                answer = one.ask(client, door.path.replace("{house}", self.people.house), door)
            except httpx.RemoteProtocolError:
                # The server closed the connection in the moment it was used again; whoever meant it is left out.
                self.tries.remove(one)
                continue
            times.add(one, answer, (time.perf_counter() - began) * 1000)


def walks(number: int, people: "People", rng: random.Random, *, beyond: int = 0) -> list[Walk]:
    """Return a walk for each way, each with addresses of its own.

    :param beyond: leave out as many addresses
    """
    made = []
    for place, way in enumerate(WAYS):
        half = number // 2
        order = [(known, beyond + place * half + each) for known in (True, False) for each in range(half)]
        rng.shuffle(order)
        made.append(Walk(way, order, people, sources=2 * beyond + place * number))
    return made


def side_by_side(client: httpx.Client, walks: Sequence[Walk]) -> None:
    """Send all walks through their first doors, then all through their second ones: so nobody waits long."""
    for place in range(max(len(walk.way.doors) for walk in walks)):
        for walk in walks:
            for door in walk.way.doors[place : place + 1]:
                walk.go(client, door)


def run(client: httpx.Client, number: int, rng: random.Random, *, is_short: bool) -> dict[str, Times]:
    with step("Making accounts"):
        make_accounts((number + WARMING) // 2 * len(WAYS) + (FEW_OTHERS if is_short else OTHERS))
        people = People(max(number, WARMING))
    with step("Warming up both processes"):
        side_by_side(client, walks(WARMING, people, rng, beyond=number // 2 * len(WAYS)))
    measured = walks(number, people, rng)
    if is_short:
        with step(f"{len(WAYS)} ways: {number} tries each"):
            side_by_side(client, measured)
    else:
        for walk in measured:
            for door in walk.way.doors:
                with step(f"{door.name}: {number} tries"):
                    walk.go(client, door)
    return {name: times for walk in measured for name, times in walk.times.items()}


@contextmanager
def _web(world: harness.World) -> Iterator[int]:
    """Run a web process that takes the tokens which are made here: they name the address they are for."""
    from django.conf import settings

    environment = {**world.environment, "BUKA_BASE_URL": settings.BASE_URL}
    with harness.web(harness.World(world.home, environment), server="granian") as port:
        yield port


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 when an answer or its time tells who is known."""
    asked = harness.options(
        "login_timing", __doc__, arguments, tries={"type": int, "default": None, "help": f"for each door, {TRIES}"}
    )
    tries = asked.tries or (QUICK_TRIES if asked.quick else TRIES)
    where = machine()
    with (
        harness.world("login_timing", durable=True) as world,
        _web(world) as port,
        httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=30) as client,
    ):
        measured = run(client, tries, random.Random(asked.seed), is_short=tries < 50)
    tell(measured, where=where)
    last_line(
        "login_timing",
        tries=tries,
        doors=len(measured),
        fewest_answers=min(len(times.known) + len(times.unknown) for times in measured.values()),
        log_in_ms=round(measured["log-in, API"].difference, 2),
        sign_up_ms=round(measured["sign-up, API"].difference, 2),
        reset_ms=round(measured["reset, API"].difference, 2),
        worst_share_of_noise=round(max(times.share for times in measured.values()), 2),
        saying=sum(times.says for times in measured.values()),
        stopped=sum(times.stopped for times in measured.values()),
        telling=sum(times.tells for times in measured.values()),
    )
    return int(any(times.tells or times.stopped for times in measured.values()))


def tell(measured: dict[str, Times], *, where: str) -> None:
    """Print the medians side by side, and the words of whichever door says who is known."""
    say()
    say(f"Milliseconds until the answer; {where}")
    say()
    rows = [
        [
            door,
            "/".join(map(str, sorted(times.statuses))),
            *(f"{median(each):.1f}" for each in (times.known, times.unknown)),
            f"{times.difference:+.1f}",
            f"{times.noise:.1f}",
            "stopped" if times.stopped else "tells" if times.tells else "",
        ]
        for door, times in measured.items()
    ]
    table(["door", "status", "known", "unknown", "difference", "noise of one", ""], rows)
    for door, times in measured.items():
        if times.says:
            say()
            say(f"{door} says of the known: {_first(times.words[True] - times.words[False])}")
            say(f"{door} says of the unknown: {_first(times.words[False] - times.words[True])}")


def _first(words: set[str]) -> str:
    return sorted(words)[0][:600] if words else "(nothing of its own)"


if __name__ == "__main__":
    sys.exit(main())
