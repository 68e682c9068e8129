"""What goes on while Redis does not: caches, sessions, live updates."""

import asyncio
import time
from contextlib import closing

import pytest
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction

from core import realtime
from core.breaker import Breaker, redis_breaker
from core.caches import ForgivingRedisCache
from core.sessions import SessionStore

AWAY = "redis://127.0.0.1:1/0"


class TestForgivingCache:
    def test_keeps_what_it_is_given(self):
        cache.set("dish", "jollof", 30)

        assert cache.get("dish") == "jollof"
        assert "dish" in cache
        assert cache.delete("dish")
        assert cache.get("dish", "none") == "none"

    def test_is_empty_while_redis_is_away(self):
        away = ForgivingRedisCache(AWAY, {})

        away.set("dish", "jollof")
        away.set_many({"a": 1})

        assert away.get("dish", "none") == "none"
        assert away.get_many(["a"]) == {}
        assert away.get_or_set("dish", lambda: "yam") == "yam"
        assert away.add("dish", 1) is True
        assert not away.has_key("dish")
        assert not away.touch("dish")
        assert not away.delete("dish")
        away.delete_many(["dish"])
        away.clear()

    def test_does_not_wait_twice_for_a_server_that_never_answers(self, silent_server):
        silent = ForgivingRedisCache(
            f"redis://127.0.0.1:{silent_server}/0", {"OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}}
        )

        begun = time.perf_counter()
        assert [silent.get("dish") for _ in range(50)] == [None] * 50

        assert time.perf_counter() - begun < 1

    def test_comes_back_by_itself(self, monkeypatch):
        monkeypatch.setattr(redis_breaker, "seconds", 0.1)
        cache.set("dish", "jollof", 30)
        ForgivingRedisCache(AWAY, {}).get("dish")
        assert cache.get("dish") is None

        time.sleep(0.15)

        assert cache.get("dish") == "jollof"


class TestBreaker:
    def test_says_so_once_a_minute(self, caplog):
        breaker = Breaker("Redis", seconds=10)

        for _ in range(5):
            breaker.failed(OSError("refused"), "cache get")

        assert breaker.is_open
        assert len(caplog.records) == 1
        breaker.reset()
        assert not breaker.is_open


@pytest.mark.django_db
class TestSessions:
    def test_is_answered_by_the_cache_and_kept_in_the_database(self, django_assert_num_queries):
        session = SessionStore()
        session["basket"] = 3
        session.save()

        with django_assert_num_queries(0):
            assert SessionStore(session.session_key)["basket"] == 3
        assert Session.objects.filter(pk=session.session_key).exists()

    def test_nobody_is_logged_out_while_redis_is_away(self):
        session = SessionStore()
        session["_auth_user_id"] = "1"
        session.save()

        redis_breaker.failed(OSError("refused"), "test")

        assert SessionStore(session.session_key)["_auth_user_id"] == "1"
        session["basket"] = 4
        session.save()
        assert SessionStore(session.session_key)["basket"] == 4

    def test_what_redis_missed_is_not_believed_for_long(self):
        session = SessionStore()
        session["_auth_user_id"] = "1"
        session.save()

        left = cache._cache.get_client().ttl(cache.make_key(session.cache_key))

        assert 0 < left <= 60

    def test_ends_everywhere_at_log_out(self):
        session = SessionStore()
        session["_auth_user_id"] = "1"
        session.save()
        key = session.session_key

        session.flush()

        assert "_auth_user_id" not in SessionStore(key)


@pytest.mark.django_db(transaction=True)
class TestAnnounce:
    def listen(self, act, seconds=2.0):
        """Join the group as an open screen does, act, and return what arrived."""

        async def hear():
            layer = get_channel_layer()
            channel = await layer.new_channel()
            await layer.group_add("restaurant.1", channel)
            await asyncio.to_thread(with_a_connection_of_its_own, act)
            try:
                return await asyncio.wait_for(layer.receive(channel), seconds)
            except TimeoutError:
                return None
            finally:
                await layer.group_discard("restaurant.1", channel)
                await layer.flush()

        return asyncio.run(hear())

    def test_reaches_an_open_screen_through_the_real_layer(self):
        message = {"type": "availability.changed", "day": "2026-12-24", "left": 2}

        assert self.listen(lambda: realtime.announce("restaurant.1", message)) == message

    def test_an_idle_screen_still_hears(self):
        def wait_longer_than_any_time_out():
            time.sleep(3.5)
            realtime.announce("restaurant.1", {"type": "late"})

        assert self.listen(wait_longer_than_any_time_out) == {"type": "late"}

    def test_says_nothing_of_what_was_rolled_back(self):
        def roll_back():
            with transaction.atomic():
                realtime.announce("restaurant.1", {"type": "never"})
                transaction.set_rollback(True)

        assert self.listen(roll_back, seconds=0.5) is None

    def test_waits_for_the_commit(self, monkeypatch):
        sent = []
        monkeypatch.setattr(realtime, "send", lambda *message: sent.append(message))

        with transaction.atomic():
            realtime.announce("restaurant.1", {"type": "x"})
            assert sent == []

        assert sent == [("restaurant.1", {"type": "x"})]

    def test_is_swallowed_while_redis_is_away(self, redis_away, caplog):
        begun = time.perf_counter()

        for _ in range(10):
            realtime.announce("restaurant.1", {"type": "x"})

        assert time.perf_counter() - begun < 1
        assert caplog.text.count("cannot be reached") == 1
        assert not realtime.send("restaurant.1", {"type": "x"})

    @pytest.mark.parametrize("group", ["", "a b", "ẹ", "x" * 100, "a/b"])
    def test_refuses_a_group_that_nobody_could_join(self, group):
        with pytest.raises(ValueError, match="group"):
            realtime.announce(group, {"type": "x"})

    def test_refuses_a_message_that_nobody_could_hear(self):
        with pytest.raises(ValueError, match="type"):
            realtime.announce("restaurant.1", {"left": 2})


def with_a_connection_of_its_own(act):
    with closing(connection):
        act()


def test_settings_name_the_kit():
    assert django_settings.SESSION_ENGINE == "core.sessions"
    assert django_settings.CACHES["default"]["BACKEND"] == "core.caches.ForgivingRedisCache"
    assert "Forgiving" not in django_settings.CACHES["limits"]["BACKEND"]
