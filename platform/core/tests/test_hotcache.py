import gzip
import threading
import time

import pytest
from django.db import transaction
from django.test import RequestFactory

from core import hotcache
from core.breaker import redis_breaker

pytestmark = pytest.mark.django_db(transaction=True)


class Kitchen:
    """Builds bodies and counts how often."""

    def __init__(self, text=b"rice"):
        self.text = text
        self.built = 0

    def __call__(self):
        self.built += 1
        return self.text


def read(kitchen, key="list:lagos", versions=("city:1",), **options):
    return hotcache.cached_bytes(key, versions, kitchen, **options)


def pass_time(seconds):
    """Let the versions that this process has seen grow old."""
    seen = hotcache._local.seen
    for name, (value, at) in list(seen.items()):
        seen[name] = (value, at - seconds)


class TestCachedBytes:
    def test_is_built_once(self):
        kitchen = Kitchen()

        bodies = {read(kitchen) for _ in range(5)}

        assert kitchen.built == 1
        assert {cached.body for cached in bodies} == {b"rice"}
        assert len({cached.etag for cached in bodies}) == 1

    def test_a_second_process_finds_it_in_redis(self):
        kitchen = Kitchen(b"x" * 1000)
        first = read(kitchen)
        hotcache.start_afresh()

        second = read(kitchen)

        assert kitchen.built == 1
        assert second == first
        assert gzip.decompress(second.gzip_body) == b"x" * 1000
        assert hotcache.counts()["list"].redis == 1

    def test_a_bump_is_seen_at_once_by_the_process_that_wrote(self):
        kitchen = Kitchen()
        read(kitchen)

        hotcache.bump("city:1")
        kitchen.text = b"yam"

        assert read(kitchen).body == b"yam"

    def test_a_bump_elsewhere_is_seen_after_half_a_second(self):
        kitchen = Kitchen()
        read(kitchen)
        bump_in_another_process("city:1")
        kitchen.text = b"yam"

        assert read(kitchen).body == b"rice"
        pass_time(hotcache.LOOK_EVERY)

        assert read(kitchen).body == b"yam"

    def test_a_write_that_is_rolled_back_bumps_nothing(self):
        kitchen = Kitchen()
        read(kitchen)

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            hotcache.bump("city:1")
            1 / 0  # noqa: B018
        pass_time(1)

        read(kitchen)
        assert kitchen.built == 1

    def test_one_of_several_versions_is_enough(self):
        kitchen = Kitchen()
        read(kitchen, versions=("city:1", "city:2"))

        hotcache.bump("city:2")
        read(kitchen, versions=("city:1", "city:2"))

        assert kitchen.built == 2

    def test_a_version_that_redis_forgot_never_fits_an_old_body(self):
        kitchen = Kitchen()
        read(kitchen)
        hotcache.client().delete(hotcache._place("ver", "city:1"))
        pass_time(1)

        read(kitchen)

        assert kitchen.built == 2

    def test_nothing_is_kept_longer_than_its_age(self):
        kitchen = Kitchen()
        read(kitchen, max_age=0.2)
        time.sleep(0.25)

        read(kitchen, max_age=0.2)

        assert kitchen.built == 2

    def test_a_crowd_waits_for_one_builder(self):
        kitchen = Kitchen()
        slow = lambda: (time.sleep(0.05), kitchen())[1]  # noqa: E731
        threads = [threading.Thread(target=read, args=[slow]) for _ in range(8)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert kitchen.built == 1

    def test_a_builder_that_fails_leaves_nothing_behind(self):
        with pytest.raises(ZeroDivisionError):
            read(lambda: 1 / 0)

        assert read(Kitchen()).body == b"rice"

    def test_holds_no_more_than_it_may(self, monkeypatch):
        monkeypatch.setattr(hotcache, "LOCAL_BYTES", 10_000)

        for number in range(50):
            read(Kitchen(bytes(1000)), key=f"list:{number}")

        local = hotcache._local
        assert local.size <= 10_000
        assert local.size == sum(hotcache._weight(kept) for kept in local.kept.values())
        assert list(local.kept)[-1] == "list:49"

    def test_counts_hits_by_family(self):
        for _ in range(20):
            read(Kitchen())

        counts = hotcache.counts()["list"]
        assert (counts.process, counts.redis, counts.built) == (19, 0, 1)
        assert counts.hit_rate == 0.95


class TestWithoutRedis:
    def test_builds_each_time_and_keeps_nothing(self, redis_away):
        kitchen = Kitchen()

        begun = time.perf_counter()
        for _ in range(20):
            assert read(kitchen).body == b"rice"

        assert kitchen.built == 20
        assert time.perf_counter() - begun < 1

    def test_a_bump_that_redis_missed_is_made_up_for_when_it_is_back(self, settings):
        kitchen = Kitchen()
        read(kitchen)
        there = settings.REDIS_URL
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        hotcache.bump("city:1")
        kitchen.text = b"yam"
        assert read(kitchen).body == b"yam"

        settings.REDIS_URL = there
        redis_breaker.reset()

        assert read(kitchen).body == b"yam"
        seen_by_another_process = hotcache.client().get(hotcache._place("ver", "city:1")).decode()
        assert hotcache._local.seen["city:1"][0] == seen_by_another_process
        assert hotcache._local.owed == set()
        hotcache.start_afresh()
        assert read(kitchen).body == b"yam"


class TestRespond:
    def test_strong_etag_and_304(self):
        cached = read(Kitchen())
        first = hotcache.respond(RequestFactory().get("/"), cached, "application/json")
        assert (first.status_code, first.content, first["ETag"]) == (200, b"rice", cached.etag)
        assert not first["ETag"].startswith("W/")

        for asked in (first["ETag"], f'"other", W/{first["ETag"]}', "*"):
            again = hotcache.respond(RequestFactory().get("/", HTTP_IF_NONE_MATCH=asked), cached, "application/json")
            assert (again.status_code, again.content) == (304, b"")
            assert again["ETag"] == cached.etag

    def test_another_etag_is_answered_in_full(self):
        request = RequestFactory().get("/", HTTP_IF_NONE_MATCH='"other"')

        assert hotcache.respond(request, read(Kitchen()), "application/json").status_code == 200

    def test_compressed_once_with_an_etag_of_its_own(self):
        cached = read(Kitchen(b"jollof " * 200))

        zipped = hotcache.respond(RequestFactory().get("/", HTTP_ACCEPT_ENCODING="gzip"), cached, "text/html")

        assert gzip.decompress(zipped.content) == cached.body
        assert zipped["Content-Encoding"] == "gzip"
        assert zipped["ETag"] == cached.etag[:-1] + '-gzip"'
        assert zipped["Vary"] == "Accept-Encoding"


def bump_in_another_process(name):
    hotcache.client().set(hotcache._place("ver", name), "another")
