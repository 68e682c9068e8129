"""What goes on while Redis does not: caches, sessions, live updates."""

import asyncio
import time
from contextlib import closing

import pytest
from channels.layers import get_channel_layer
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from core import realtime
from core.breaker import Breaker, redis_breaker
from core.caches import StrictRedisCache
from core.errors import Unavailable
from core.sessions import CloseWhileAway, SessionStore
from core.tests import session_urls

AWAY = "redis://127.0.0.1:1/0"


class TestStrictCache:
    def test_keeps_what_it_is_given(self):
        cache.set("dish", "jollof", 30)

        assert cache.get("dish") == "jollof"
        assert "dish" in cache
        assert cache.delete("dish")
        assert cache.get("dish", "none") == "none"

    @pytest.mark.parametrize(
        "ask",
        [
            lambda away: away.get("dish"),
            lambda away: away.get_many(["dish"]),
            lambda away: "dish" in away,
            lambda away: away.has_key("dish"),
            lambda away: away.add("dish", 1),
            lambda away: away.set("dish", 1),
            lambda away: away.set_many({"dish": 1}),
            lambda away: away.get_or_set("dish", 1),
            lambda away: away.incr("dish"),
            lambda away: away.decr("dish"),
            lambda away: away.touch("dish"),
            lambda away: away.delete("dish"),
            lambda away: away.delete_many(["dish"]),
            lambda away: away.clear(),
        ],
    )
    def test_never_reads_as_empty_while_redis_is_away(self, ask):
        with pytest.raises(Unavailable):
            ask(StrictRedisCache(AWAY, {}))

    def test_does_not_wait_twice_for_a_server_that_never_answers(self, silent_server):
        options = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}
        silent = StrictRedisCache(f"redis://127.0.0.1:{silent_server}/0", {"OPTIONS": options})

        begun = time.perf_counter()
        for _ in range(50):
            with pytest.raises(Unavailable):
                silent.get("dish")

        assert time.perf_counter() - begun < 1

    def test_comes_back_by_itself(self, monkeypatch):
        monkeypatch.setattr(redis_breaker, "seconds", 0.1)
        cache.set("dish", "jollof", 30)
        with pytest.raises(Unavailable):
            StrictRedisCache(AWAY, {}).get("dish")

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


class TestSessionStore:
    def test_needs_no_database(self):
        session = SessionStore()
        session["basket"] = 3
        session.save()

        assert SessionStore(session.session_key)["basket"] == 3

    def test_ends_everywhere_at_log_out(self):
        session = SessionStore()
        session["_auth_user_id"] = "1"
        session.save()
        key = session.session_key

        session.flush()

        assert "_auth_user_id" not in SessionStore(key)

    def test_is_not_empty_while_redis_is_away(self):
        session = SessionStore()
        session["_auth_user_id"] = "1"
        session.save()

        redis_breaker.failed(OSError("refused"), "test")

        with pytest.raises(Unavailable):
            SessionStore(session.session_key).get("_auth_user_id")
        with pytest.raises(Unavailable):
            asyncio.run(SessionStore(session.session_key).aget("_auth_user_id"))
        with pytest.raises(Unavailable):
            session.save()
        with pytest.raises(Unavailable):
            session.flush()

    @pytest.mark.parametrize("key", ["", "short", "a" * 31, "A" * 32, "a b" * 11, "a" * 300, "../" * 11, "é" * 32])
    def test_looks_nowhere_for_a_key_that_it_never_gave(self, key):
        assert SessionStore(key).session_key is None
        assert not SessionStore().exists(key)


@pytest.mark.urls("core.tests.session_urls")
class TestSomebodyWithASession:
    """While Redis is away: nobody is logged out, nobody is taken for a stranger where that matters."""

    @pytest.fixture
    def ada(self):
        session = SessionStore()
        session["name"] = "Ada"
        session.save()
        ada = Client(raise_request_exception=False)
        ada.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
        return ada

    @pytest.fixture
    def gone(self, ada, monkeypatch):
        monkeypatch.setattr(redis_breaker, "seconds", 60)
        redis_breaker.failed(OSError("refused"), "test")

    def test_is_known_while_redis_is_there(self, ada):
        assert ada.get("/page").content == b"Hello Ada"
        assert ada.get("/api/mine").json() == {"name": "Ada"}

    @pytest.mark.usefixtures("gone")
    def test_sees_public_pages_as_a_stranger_and_keeps_the_session(self, ada):
        answer = ada.get("/page")

        assert (answer.status_code, answer.content) == (200, b"Hello stranger")
        assert not answer.cookies
        redis_breaker.reset()
        assert ada.get("/page").content == b"Hello Ada"

    @pytest.mark.usefixtures("gone")
    @pytest.mark.parametrize("path", ["/mine", "/api/mine", "/hidden", "/refused"])
    def test_is_told_to_come_back_where_it_matters_who_asks(self, ada, path):
        answer = ada.get(path)

        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert not answer.cookies
        if path.startswith("/api/"):
            assert answer.json()["code"] == "unavailable"
        else:
            assert "This is not available for a moment" in answer.content.decode()

    @pytest.mark.usefixtures("gone")
    @pytest.mark.parametrize("path", ["/page", "/api/page"])
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_changes_nothing(self, ada, path, method):
        session_urls.changed.clear()

        assert getattr(ada, method)(path).status_code == 503
        assert session_urls.changed == []

    @pytest.mark.usefixtures("gone")
    def test_a_stranger_goes_on_reading_and_writing(self):
        session_urls.changed.clear()
        stranger = Client(raise_request_exception=False)

        assert stranger.get("/page").content == b"Hello stranger"
        assert stranger.post("/page").status_code == 200
        assert session_urls.changed == ["stranger"]

    @pytest.mark.usefixtures("gone")
    def test_nobody_begins_a_session(self):
        answer = Client(raise_request_exception=False).post("/begin")

        assert answer.status_code == 503
        assert not answer.cookies

    def test_a_redirect_that_does_not_ask_who_stays_one(self, ada, gone):
        assert ada.get("/elsewhere").status_code == 302


class TestLiveConnections:
    def test_are_asked_to_come_back_while_nobody_can_tell_whose_they_are(self):
        sent = []

        async def application(scope, receive, send):
            raise Unavailable

        async def send(message):
            sent.append(message)

        asyncio.run(CloseWhileAway(application)({}, None, send))

        assert sent == [{"type": "websocket.close", "code": 4503}]


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


def test_no_cache_of_ours_forgives():
    assert django_settings.SESSION_ENGINE == "core.sessions"
    assert django_settings.SESSION_CACHE_ALIAS in django_settings.CACHES
    assert {kept["BACKEND"] for kept in django_settings.CACHES.values()} == {"core.caches.StrictRedisCache"}
    assert "django.contrib.sessions" not in django_settings.INSTALLED_APPS
