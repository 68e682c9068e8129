"""Families of tokens: one current refresh token, whatever comes at once; nothing that is not ours opens anything."""

import base64
import json
import threading
import time
import uuid
from datetime import timedelta
from importlib import import_module
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import retention
from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tokens import codec, services
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client, Reason

pytestmark = pytest.mark.django_db(transaction=True)


def session_of(user: User) -> Any:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["account_authentication_methods_user"] = str(user.pk)
    store["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    store.save()
    return store


def opened(user: User) -> services.Pair:
    session = session_of(user)
    pair = services.open_family(user=user, session=session, client=Client.APP)
    session.save()
    return pair


class TestAuthenticate:
    def test_knows_who_it_is_and_that_no_second_factor_was_shown(self) -> None:
        user = UserFactory()

        found, claims = services.authenticate(opened(user).access)

        assert found == user
        assert claims.amr == ("password",)
        assert not found.is_verified()

    def test_refuses_what_is_not_ours(self) -> None:
        pair = opened(UserFactory())
        claims = jwt.decode(pair.access, options={"verify_signature": False})
        header, payload, signature = pair.access.split(".")

        def unsigned(alg: str) -> str:
            head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "dev"}).encode()).rstrip(b"=").decode()
            return f"{head}.{payload}."

        foreign = jwt.encode(claims, b"x" * 64, algorithm="HS256", headers={"kid": "dev"})
        unknown_key = jwt.encode(claims, b"x" * 64, algorithm="HS256", headers={"kid": "other"})
        key = settings.TOKEN_KEYS["dev"]
        other_algorithm = jwt.encode(claims, key, algorithm="HS512", headers={"kid": "dev"})
        other_audience = jwt.encode({**claims, "aud": "elsewhere"}, key, algorithm="HS256", headers={"kid": "dev"})
        no_end = jwt.encode(
            {k: v for k, v in claims.items() if k != "exp"}, key, algorithm="HS256", headers={"kid": "dev"}
        )
        odd_end = jwt.encode({**claims, "sid": 5}, key, algorithm="HS256", headers={"kid": "dev"})
        cut = f"{header}.{payload}.{signature[:-4]}"

        for token in (
            unsigned("none"), unsigned("None"), unsigned("HS256"), foreign, unknown_key, other_algorithm,
            other_audience, no_end, odd_end, cut, pair.refresh, "", "a.b.c", "x" * 100_000, "é.é.é",
        ):  # fmt: skip
            with pytest.raises(services.LoginEnded):
                services.authenticate(token)

    def test_ends_after_ten_minutes_and_bears_a_clock_that_differs_by_a_moment(self) -> None:
        token = opened(UserFactory()).access

        with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=3)):
            services.authenticate(token)
        with time_machine.travel(timezone.now() + timedelta(minutes=11)), pytest.raises(services.LoginEnded):
            services.authenticate(token)

    def test_opens_nothing_for_somebody_deactivated(self) -> None:
        user = UserFactory()
        token = opened(user).access
        User.objects.filter(pk=user.pk).update(is_active=False)

        with pytest.raises(services.LoginEnded):
            services.authenticate(token)

    def test_old_keys_still_open_and_the_first_one_writes(self) -> None:
        old = opened(UserFactory()).access
        ring = {"new": b"n" * 64, **settings.TOKEN_KEYS}

        with override_settings(TOKEN_KEYS=ring):
            services.authenticate(old)
            new = opened(UserFactory()).access
            assert jwt.get_unverified_header(new)["kid"] == "new"
            services.authenticate(new)
        with pytest.raises(services.LoginEnded):
            services.authenticate(new)


class TestRefresh:
    def test_one_of_many_at_once_wins_and_the_family_is_closed(self) -> None:
        user = UserFactory()
        token = opened(user).refresh
        won: list[services.Pair] = []
        refused: list[Exception] = []
        start = threading.Barrier(12)

        def attempt() -> None:
            try:
                start.wait()
                won.append(services.refresh(token=token))
            except services.LoginEnded as error:
                refused.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=attempt) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert (len(won), len(refused)) == (1, 11)
        assert TokenFamily.objects.get().reason == Reason.REUSED
        with pytest.raises(services.LoginEnded):
            services.refresh(token=won[0].refresh)
        with pytest.raises(services.LoginEnded):
            services.authenticate(won[0].access)

    def test_many_at_once_of_the_same_attempt_get_the_same_successor(self) -> None:
        token = opened(UserFactory()).refresh
        made: list[str] = []
        start = threading.Barrier(6)

        def attempt() -> None:
            try:
                start.wait()
                made.append(codec.read(services.refresh(token=token, attempt="one").refresh, codec.REFRESH).jti.hex)
            finally:
                connection.close()

        threads = [threading.Thread(target=attempt) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert len(made) == 6
        assert len(set(made)) == 1

    def test_ends_with_the_session(self) -> None:
        user = UserFactory()
        pair = opened(user)
        import_module(settings.SESSION_ENGINE).SessionStore().delete(pair.family.session_key)

        with pytest.raises(services.LoginEnded):
            services.refresh(token=pair.refresh)
        assert TokenFamily.objects.get().reason == Reason.EXPIRED

    def test_ends_after_ninety_days_at_most(self) -> None:
        pair = opened(UserFactory())
        TokenFamily.objects.update(
            created_at=timezone.now() - timedelta(days=90), expires_at=timezone.now() - timedelta(seconds=1)
        )

        with pytest.raises(services.LoginEnded):
            services.refresh(token=pair.refresh)

    def test_says_what_the_session_has_shown_since_and_writes_once(self) -> None:
        user = UserFactory()
        pair = opened(user)
        store = import_module(settings.SESSION_ENGINE).SessionStore(pair.family.session_key)
        store["account_authentication_methods"] = [{"method": "password"}, {"method": "mfa"}]
        store.save()

        with CaptureQueriesContext(connection) as queries:
            after = services.refresh(token=pair.refresh)

        assert [each["sql"].split()[0] for each in queries].count("UPDATE") == 1
        assert codec.read(after.access, codec.ACCESS).amr == ("password", "mfa")
        assert TokenFamily.objects.get().amr == ["password", "mfa"]

    def test_an_access_token_is_no_refresh_token(self) -> None:
        pair = opened(UserFactory())

        with pytest.raises(services.LoginEnded):
            services.refresh(token=pair.access)
        assert services.refresh(token=pair.refresh)


class TestCloseFamilies:
    def test_ends_sessions_and_tokens_but_the_one_kept(self) -> None:
        user = UserFactory()
        kept, gone = opened(user), opened(user)

        closed = services.close_families(
            user=user,
            reason=Reason.PASSWORD,
            except_family=kept.family.public_id,
            except_session=kept.family.session_key,
        )

        assert closed == 1
        services.authenticate(kept.access)
        with pytest.raises(services.LoginEnded):
            services.authenticate(gone.access)
        store = import_module(settings.SESSION_ENGINE).SessionStore()
        assert store.exists(kept.family.session_key)
        assert not store.exists(gone.family.session_key)

    def test_leaves_other_people_alone(self) -> None:
        other = opened(UserFactory())

        services.close_families(user=UserFactory(), reason=Reason.EVERYWHERE)

        services.authenticate(other.access)

    def test_forgets_what_ended_long_ago(self) -> None:
        opened(UserFactory())
        TokenFamily.objects.update(revoked_at=timezone.now() - timedelta(days=31), reason=Reason.LOGGED_OUT)
        lasting = opened(UserFactory())

        policy = next(each for each in retention.POLICIES if each.name == "accounts.devices")
        assert policy.sweep(timezone.now() - policy.keep, 10) == 1
        assert list(TokenFamily.objects.all()) == [lasting.family]


def test_a_family_that_nobody_has_is_refused() -> None:
    user = UserFactory()
    token = codec.issue(
        codec.REFRESH,
        family=uuid.uuid4(),
        jti=uuid.uuid4(),
        user=user.public_id,
        amr=[],
        expires_at=timezone.now() + timedelta(days=1),
    )

    with pytest.raises(services.LoginEnded):
        services.refresh(token=token)
