import pytest
from django.core.cache import caches
from django.test import RequestFactory

from core.breaker import redis_breaker
from core.errors import TooManyAttempts, Unavailable
from core.limits import Limit, address_of

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


def test_a_counter_that_lost_its_end_gets_one(monkeypatch):
    # As when the key runs out between looking for it and counting: Redis then begins one that never ends.
    cache = caches["limits"]
    redis = cache._cache.get_client(None, write=True)
    monkeypatch.setattr(cache, "add", lambda *_args, **_more: False)
    monkeypatch.setattr(cache, "incr", lambda key: redis.incr(cache.make_and_validate_key(key)))

    LIMIT.take("ada")

    [key] = redis.keys(f"{cache.key_prefix}*")
    assert 0 < redis.ttl(key) <= 60


def test_nobody_passes_while_nobody_counts(settings):
    settings.CACHES = {**settings.CACHES, "limits": {**settings.CACHES["limits"], "LOCATION": "redis://127.0.0.1:1/0"}}

    with pytest.raises(Unavailable):
        LIMIT.take("ada")

    assert redis_breaker.is_open
    LIMIT.give_back("ada")


@pytest.mark.parametrize(
    ("remote", "asker"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_one_household_is_one_asker(remote, asker):
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote)) == asker
