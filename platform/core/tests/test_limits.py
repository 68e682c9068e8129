import os
import subprocess
import sys
import time

import pytest
from django.conf import settings as django_settings
from django.test import RequestFactory

from core.breaker import redis_breaker
from core.errors import TooManyAttempts, Unavailable
from core.limits import CountsHere, Limit, address_of
from core.redis import client

LIMIT = Limit("test", most=3, seconds=60)


def test_lets_so_many_through_and_no_more():
    for _number in range(3):
        LIMIT.take("ada")

    with pytest.raises(TooManyAttempts) as refusal:
        LIMIT.take("ada")

    assert refusal.value.retry_after == 60
    LIMIT.take("chidi")


def test_a_success_is_taken_out_of_the_count():
    for _number in range(10):
        LIMIT.take("ada")
        LIMIT.give_back("ada")


def test_says_where_one_stands():
    standing = LIMIT.take("ada")

    assert (standing.most, standing.left) == (3, 2)
    assert 58 < standing.seconds <= 60
    assert standing.headers() == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "2",
        "RateLimit-Reset": str(standing.seconds),
    }


def test_begins_anew_when_its_time_is_over():
    limit = Limit("brief", most=1, seconds=1)
    limit.take("ada")
    with pytest.raises(TooManyAttempts):
        limit.take("ada")

    time.sleep(1.05)

    limit.take("ada")


def test_a_counter_without_an_end_gets_one():
    # As an older version or a hand may have left it: it would shut somebody out for ever.
    client().set(LIMIT._key("ada"), 1)

    LIMIT.take("ada")

    assert 0 < client().ttl(LIMIT._key("ada")) <= 60


def test_giving_back_makes_no_credit():
    LIMIT.give_back("ada")
    LIMIT.give_back("ada")

    assert LIMIT.take("ada").left == 2


class TestWhileNobodyCounts:
    @pytest.fixture(autouse=True)
    def away(self, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

    def test_nobody_passes(self):
        with pytest.raises(Unavailable):
            LIMIT.take("ada")

        assert redis_breaker.is_open
        LIMIT.give_back("ada")

    def test_a_limit_that_only_spreads_load_counts_in_this_process(self):
        limit = Limit("pages", most=3, seconds=60, spreads_load=True)

        assert [limit.take("ada").left for _number in range(3)] == [2, 1, 0]
        with pytest.raises(TooManyAttempts):
            limit.take("ada")
        limit.take("chidi")

    def test_these_counts_end_and_do_not_grow_for_ever(self, monkeypatch):
        now = [0.0]
        monkeypatch.setattr("core.limits.MOST_KEPT_HERE", 10)
        counts = CountsHere(clock=lambda: now[0])
        for number in range(8):
            counts.count(f"old {number}", 60)
        assert counts.count("old 1", 60) == (2, 60_000)

        now[0] = 61
        for number in range(3):
            counts.count(f"new {number}", 60)

        assert len(counts._counts) == 3
        assert counts.count("old 1", 60) == (1, 60_000)


@pytest.mark.long
@pytest.mark.race
def test_holds_across_processes():
    """Two processes of many threads each, all for one asker: no more pass than may."""
    code = (
        "import django, sys; django.setup()\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from core.errors import TooManyAttempts\n"
        "from core.limits import Limit\n"
        "limit = Limit('many', most=25, seconds=60)\n"
        "def attempt(number):\n"
        "    try:\n"
        "        limit.take('ada')\n"
        "    except TooManyAttempts:\n"
        "        return 0\n"
        "    return 1\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(sum(pool.map(attempt, range(100))))\n"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_PREFIX": django_settings.REDIS_PREFIX}
    env |= {"REDIS_URL": django_settings.REDIS_URL, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _number in range(2)
    ]

    passed = [int(process.communicate(timeout=60)[0]) for process in running]

    assert sum(passed) == 25


@pytest.mark.parametrize(
    ("remote", "asker"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::1", "::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_one_household_is_one_asker(remote, asker):
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote)) == asker
