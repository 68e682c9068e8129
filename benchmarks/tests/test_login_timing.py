"""What the benchmark claims: it tells a difference from chance, and each door does and says the same for everybody."""

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.login_timing import (
    AS_MEANT,
    WAYS,
    Door,
    People,
    Times,
    Try,
    Walk,
    Way,
    address_of,
    make_accounts,
    walks,
)
from core.phones import receives_sms
from tests.trespassing import forget_limits

_WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)
_READS = re.compile(r"^\s*(SELECT|DECLARE)", re.IGNORECASE)
# A look at an index is less than what chance makes of an answer; a write, a hash or a mail is not. More apart means
# that allauth looks more or less often than it did: `looks` in accounts/code_processes.py and SIGN_UP_LOOKS in
# accounts/forms.py are counted to match it.
MOST_LOOKS_APART = 1


def times(known: list[float], unknown: list[float], words: tuple[str, str] = ("400", "400")) -> Times:
    found = Times(known, unknown)
    found.words[True].add(words[0])
    found.words[False].add(words[1])
    return found


def around(middle: float, spread: float, count: int = 100, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(middle, spread) for _one in range(count)]


class TestTimes:
    def test_that_chance_explains_tell_nothing(self) -> None:
        assert not times(around(50, 5), around(50.5, 5, seed=2)).tells

    def test_that_lie_apart_tell(self) -> None:
        found = times(around(50, 5), around(60, 5, seed=2))

        assert found.tells
        assert not found.says
        assert -12 < found.difference < -8

    def test_of_few_tries_have_to_lie_further_apart(self) -> None:
        assert not times(around(50, 5, 4), around(55, 5, 4, seed=2)).tells
        assert times(around(50, 5, 4), around(90, 5, 4, seed=2)).tells

    def test_other_words_tell_whatever_the_time(self) -> None:
        found = times(around(50, 5), around(50, 5), words=("400 no such code", "400 no such code, weak password"))

        assert found.says
        assert found.tells

    def test_of_whoever_was_stopped_are_none(self) -> None:
        found = times(around(50, 5), around(50, 5))
        found.statuses |= {400, 429}

        assert found.stopped


class TestWords:
    def said(self, address: str, text: str, status: int = 200) -> str:
        return Try(True, address, "10.0.0.1").words(httpx.Response(status, text=text))

    def test_are_the_same_but_for_the_address_and_what_is_new_each_time(self) -> None:
        one = self.said(
            "diner-000001@example.com", '<b>diner-000001@example.com</b> nonce="abc" value="' + "a" * 64 + '"'
        )
        other = self.said(
            "other-000002@example.com", '<b>other-000002@example.com</b> nonce="xyz" value="' + "b" * 64 + '"'
        )

        assert one == other

    def test_differ_by_status_and_by_sentence(self) -> None:
        assert self.said("a@example.com", "sent") != self.said("a@example.com", "sent", 202)
        assert self.said("a@example.com", "sent") != self.said("a@example.com", "We know no such address.")


class TestAddresses:
    def test_are_never_anybody_elses_and_can_be_written_to(self) -> None:
        numbers = [address_of("phone", n, known=known) for n in (0, 7, 1999) for known in (True, False)]

        assert len(set(numbers)) == 6
        assert all(receives_sms(number) for number in numbers)

    @pytest.mark.django_db
    def test_each_way_has_its_own(self) -> None:
        people = People(2)

        made = [*walks(4, people, random.Random(1)), *walks(2, people, random.Random(1), beyond=2 * len(WAYS))]

        asked = [(walk.way.by, known, number) for walk in made for known, number in walk.order]
        assert len(asked) == len(set(asked)) == 6 * len(WAYS)
        places = [walk.sources + turn for walk in made for turn in range(len(walk.order))]
        assert len(places) == len(set(places))


class Counting(MD5PasswordHasher):
    """Counts the hashes; of what they cost on purpose nothing is needed here."""

    algorithm = "counting"
    made = 0

    def encode(self, password: str, salt: str) -> Any:
        Counting.made += 1
        return super().encode(password, salt)


@dataclass
class Done:
    """What one door did and said."""

    words: str
    writes: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    hashes: int = 0


def went(way: Way, people: People, *, known: bool, number: int) -> dict[str, Done]:
    """Go one way in this process, and return what each door did."""
    [one] = Walk(way, [(known, number)], people, sources=number).tries
    client = Client()
    done: dict[str, Done] = {}
    for door in way.doors:
        forget_limits()
        before = Counting.made
        with CaptureQueriesContext(connection) as asked:
            answer = _ask(client, one, door, people)
        statements = [query["sql"] for query in asked.captured_queries]
        done[door.name] = Done(
            one.words(httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)),
            Counter(" ".join(found.groups()) for sql in statements if (found := _WRITES.match(sql))),
            sum(bool(_READS.match(sql)) for sql in statements),
            Counting.made - before,
        )
    return done


def _ask(client: Client, one: Try, door: Door, people: People) -> Any:
    fields = {name: one.address if value == "{}" else value for name, value in door.fields.items()}
    headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {one.bearer}"} if one.bearer else {})
    kind: dict[str, Any] = {} if door.is_page else {"content_type": "application/json"}
    return client.post(
        door.path.replace("{house}", people.house), fields, headers=headers, REMOTE_ADDR=one.source, **kind
    )


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_every_door_does_and_says_the_same_whoever_is_known(settings: Any) -> None:
    """What costs time is the same: hashes, what is written, and all but a few of the looks."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    make_accounts(2 * len(WAYS))
    people = People(2 * len(WAYS))
    apart: list[str] = []
    statuses: set[int] = set()
    for number, way in enumerate(WAYS):
        known, unknown = (went(way, people, known=each, number=2 * number + each) for each in (True, False))
        for door in way.doors:
            one, other = known[door.name], unknown[door.name]
            statuses.add(int(one.words[:3]))
            if (one.words, one.writes, one.hashes) != (other.words, other.writes, other.hashes):
                apart.append(f"{door.name}:\n  {one}\n  {other}")
            elif abs(one.reads - other.reads) > MOST_LOOKS_APART:
                apart.append(f"{door.name}: {one.reads} looks and {other.reads}")

    assert not apart, "\n".join(apart)
    # Every door was really gone through: nobody was stopped by a limit or a missing log-in.
    assert statuses <= AS_MEANT
