"""The same code on servers of one's own, and settings that say what is wrong with them."""

import base64
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from conftest import free_port
from core.embedded.services import Embedded

ROOT = Path(__file__).resolve().parent.parent


def a_key(length: int, seed: str) -> str:
    """Return a key as an operator would make one, the same for the same seed."""
    return base64.b64encode(random.Random(seed).randbytes(length)).decode()


KEYS = ("ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "TOKEN_KEYS")
OURS = (
    "DATABASE_",
    "REDIS_",
    "BUKA_",
    "EMAIL_",
    "SECRET_KEY",
    "PORT",
    "SANDBOX_",
    "DJANGO_SETTINGS",
    "PYTEST",
    "TRUSTED_",
    "ALLOWED_",
    "CORS_",
    "CSRF_",
    *KEYS,
    "BLIND_INDEX_OLD_KEYS",
    "PAYMENT",
    "PAYSTACK_",
    "FLUTTERWAVE_",
)
PRODUCTION = {
    "BUKA_ENV": "production",
    "SECRET_KEY": "Zq7-" * 16,
    "DATABASE_URL": "postgresql://buka:s%2Fecret@db.example:5433/buka?sslmode=require",
    "REDIS_URL": "rediss://cache.example:6380/2",
    "BUKA_BASE_URL": "https://buka.example",
    "EMAIL_HOST": "mail.example",
    "ENCRYPTION_KEYS": f"2026b:{a_key(32, 'b')},2026a:{a_key(32, 'a')}",
    "BLIND_INDEX_KEY": a_key(32, "index"),
    "TOKEN_KEYS": f"2026a:{a_key(64, 'token')}",
}


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of Buka's variables."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL that Buka does not know of: on a port of its own, not on Buka's sockets."""
    port = free_port()
    server = Embedded(tmp_path / "own", durable=False, tcp_port=port)
    server.start_postgres()
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE tables LOGIN PASSWORD 'fish & chips'")
        connection.execute("CREATE DATABASE house OWNER tables")
    yield f"postgresql://tables:fish%20%26%20chips@127.0.0.1:{port}/house"
    server.stop()


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**inherited, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )


class TestServersOfOnesOwn:
    @pytest.mark.long
    def test_are_migrated_and_used(self, own_postgres: str, tmp_path: Path):
        home = tmp_path / "home"
        own = {"DATABASE_URL": own_postgres, "REDIS_URL": os.environ["REDIS_URL"], "BUKA_HOME": str(home)}

        # One app's tables: every test's database is made of all of them.
        migrated = manage("migrate", "accounts", "--no-input", **own)
        unapplied = manage("migrate", "accounts", "--check", **own)

        assert migrated.returncode == 0, migrated.stdout + migrated.stderr
        assert unapplied.returncode == 0, unapplied.stdout + unapplied.stderr
        with psycopg.connect(own_postgres) as connection:
            assert connection.execute("SELECT to_regclass('accounts_user') IS NOT NULL").fetchone() == (True,)
        assert not (home / "postgres").exists()
        assert not (home / "redis").exists()

    def test_are_read_from_their_addresses(self, surroundings: pytest.MonkeyPatch):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)

        env = environment.read(ROOT)

        assert env.database == {
            "NAME": "buka",
            "USER": "buka",
            "PASSWORD": "s/ecret",
            "HOST": "db.example",
            "PORT": "5433",
            "OPTIONS": {"sslmode": "require"},
        }
        assert env.redis_url == "rediss://cache.example:6380/2"

    def test_give_way_to_the_embedded_ones_where_none_are_named(self, surroundings: pytest.MonkeyPatch):
        surroundings.setenv("BUKA_HOME", "/srv/buka-data")

        env = environment.read(ROOT)

        assert env.database["HOST"] == "/srv/buka-data/run/postgres"
        assert env.redis_url == "unix:///srv/buka-data/run/redis.sock"


class TestAWrongSetting:
    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("BUKA_ENV", "staging", "BUKA_ENV is 'staging'; write one of development, test, production"),
            ("DATABASE_URL", "mysql://root@localhost/buka", "does not begin with postgresql://"),
            ("DATABASE_URL", "postgresql://buka@localhost", "DATABASE_URL names no database"),
            ("DATABASE_URL", "postgresql://buka@localhost:many/buka", "a port that is not a number"),
            ("REDIS_URL", "memcached://localhost", "REDIS_URL does not begin with redis://"),
            ("BUKA_BASE_URL", "buka.example", "write an address beginning with https://"),
            ("PORT", "eighty", "PORT"),
            ("DATABASE_POOL", "some", "DATABASE_POOL"),
        ],
    )
    def test_is_named_in_a_sentence(self, surroundings: pytest.MonkeyPatch, name: str, value: str, sentence: str):
        surroundings.setenv(name, value)

        with pytest.raises(ImproperlyConfigured) as refusal:
            environment.read(ROOT)

        assert sentence in str(refusal.value)

    @pytest.mark.long
    def test_stops_a_command_before_it_does_anything(self):
        refused = manage("migrate", DATABASE_URL="sqlite:///buka.db")

        assert refused.returncode != 0
        assert "DATABASE_URL does not begin with postgresql://" in refused.stderr


class TestProduction:
    @pytest.mark.parametrize(
        "missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "BUKA_BASE_URL", "EMAIL_HOST", *KEYS]
    )
    def test_asks_for_what_it_cannot_guess(self, surroundings: pytest.MonkeyPatch, missing: str):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)
        surroundings.delenv(missing)

        with pytest.raises(ImproperlyConfigured, match=rf"these must be set:\n  {missing}:"):
            environment.read(ROOT)

    def test_never_lets_a_partner_have_it_ask_its_own_network(self, surroundings: pytest.MonkeyPatch):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)
        assert environment.read(ROOT).webhooks_allow_private is False

        surroundings.setenv("WEBHOOKS_ALLOW_PRIVATE", "true")
        with pytest.raises(ImproperlyConfigured, match="WEBHOOKS_ALLOW_PRIVATE is on, and this is production"):
            environment.read(ROOT)

    def test_the_ring_keeps_its_order(self, surroundings: pytest.MonkeyPatch):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)

        env = environment.read(ROOT)

        assert list(env.encryption_keys) == ["2026b", "2026a"]
        assert {len(key) for key in env.encryption_keys.values()} == {32}
        assert (len(env.blind_index_key), len(env.token_keys["2026a"])) == (32, 64)

    def test_old_keys_of_the_indexes_are_optional_and_as_strict(self, surroundings: pytest.MonkeyPatch):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)

        assert environment.read(ROOT).blind_index_old_keys == []
        surroundings.setenv("BLIND_INDEX_OLD_KEYS", f"{a_key(32, 'older')},{a_key(32, 'old')}")
        assert [len(key) for key in environment.read(ROOT).blind_index_old_keys] == [32, 32]
        surroundings.setenv("BLIND_INDEX_OLD_KEYS", a_key(16, "short"))
        with pytest.raises(ImproperlyConfigured, match="BLIND_INDEX_OLD_KEYS has 16 bytes and needs"):
            environment.read(ROOT)

    @pytest.mark.parametrize("name", KEYS)
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            (a_key(16, "short"), "has 16 bytes and needs"),
            ("not base64 at all!", "is not base64"),
            ("A" * 43 + "=", "is a development key|has 32 bytes"),
        ],
    )
    def test_a_short_broken_or_empty_key_stops_the_start(
        self, surroundings: pytest.MonkeyPatch, name: str, text: str, complaint: str
    ):
        written = text if name == "BLIND_INDEX_KEY" else f"2026a:{text}"
        for variable, value in {**PRODUCTION, name: written}.items():
            surroundings.setenv(variable, value)

        with pytest.raises(ImproperlyConfigured, match=f"{name} ({complaint})"):
            environment.read(ROOT)

    @pytest.mark.parametrize("name", KEYS)
    def test_keys_that_everybody_knows_stop_it_too(self, surroundings: pytest.MonkeyPatch, name: str):
        for variable, value in PRODUCTION.items():
            surroundings.setenv(variable, value)
        known = environment._development(
            "index" if name == "BLIND_INDEX_KEY" else name, 64 if name == "TOKEN_KEYS" else 32
        )
        surroundings.setenv(name, known if name == "BLIND_INDEX_KEY" else f"dev:{known}")

        with pytest.raises(ImproperlyConfigured, match=f"{name} is a development key"):
            environment.read(ROOT)

    @pytest.mark.parametrize("ring", ["nameless", "a b:AAAA", f"x:{a_key(32, 'x')},x:{a_key(32, 'y')}"])
    def test_a_ring_names_each_key_once(self, surroundings: pytest.MonkeyPatch, ring: str):
        for variable, value in {**PRODUCTION, "ENCRYPTION_KEYS": ring}.items():
            surroundings.setenv(variable, value)

        with pytest.raises(ImproperlyConfigured, match="a list of name:key, each name once"):
            environment.read(ROOT)

    @pytest.mark.parametrize("key", [environment.DEVELOPMENT_KEY, "short"])
    def test_refuses_a_key_that_is_no_secret(self, surroundings: pytest.MonkeyPatch, key: str):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)
        surroundings.setenv("SECRET_KEY", key)

        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is a development key or shorter than 50"):
            environment.read(ROOT)

    def test_knows_no_sandbox_and_no_debugging(self, surroundings: pytest.MonkeyPatch):
        for name, value in {**PRODUCTION, "BUKA_DEBUG": "false", "SANDBOX_URL": ""}.items():
            surroundings.setenv(name, value)

        env = environment.read(ROOT)

        assert env.sandbox_url is None
        assert env.debug is False

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("BUKA_BASE_URL", "http://buka.example", "log-ins would cross the network in the open"),
            ("BUKA_DEBUG", "true", "BUKA_DEBUG is set, and this is production"),
            ("BUKA_DEBUG", "1", "BUKA_DEBUG is set, and this is production"),
            ("SANDBOX_URL", "http://127.0.0.1:8001", "SANDBOX_URL is set, and this is production"),
            ("ALLOWED_HOSTS", "buka.example,*", r"ALLOWED_HOSTS has '\*'"),
            ("ALLOWED_HOSTS", ".buka.example", r"ALLOWED_HOSTS has '\.buka\.example'"),
            ("CSRF_TRUSTED_ORIGINS", "https://*.buka.example", "CSRF_TRUSTED_ORIGINS has"),
            ("CSRF_TRUSTED_ORIGINS", "http://buka.example", "CSRF_TRUSTED_ORIGINS has"),
            ("CORS_ALLOWED_ORIGINS", "*", "CORS_ALLOWED_ORIGINS has"),
            ("CORS_ALLOWED_ORIGINS", "https://*.example", "CORS_ALLOWED_ORIGINS has"),
            ("CORS_ALLOWED_ORIGINS", "https://app.example/", "without a path"),
            ("CORS_ALLOWED_ORIGINS", "http://app.example", "only https:// is let in"),
            ("CORS_ALLOWED_ORIGINS", "null", "CORS_ALLOWED_ORIGINS has 'null'"),
            ("TRUSTED_PROXIES", "10.0.0.0/33", "TRUSTED_PROXIES is a list of addresses"),
            ("TRUSTED_PROXIES", "the-balancer", "TRUSTED_PROXIES is a list of addresses"),
            ("TRUSTED_PROXIES", "0.0.0.0/0", "TRUSTED_PROXIES has 0.0.0.0/0"),
            ("TRUSTED_PROXIES", "::/0", "TRUSTED_PROXIES has ::/0"),
        ],
    )
    def test_refuses_what_is_meant_for_a_desk_at_home(
        self, surroundings: pytest.MonkeyPatch, name: str, value: str, sentence: str
    ):
        for variable, given in {**PRODUCTION, name: value}.items():
            surroundings.setenv(variable, given)

        with pytest.raises(ImproperlyConfigured, match=sentence):
            environment.read(ROOT)

    def test_does_not_send_the_mail_servers_password_in_the_open(self, surroundings: pytest.MonkeyPatch):
        for variable, given in {**PRODUCTION, "EMAIL_USER": "buka", "EMAIL_TLS": "false"}.items():
            surroundings.setenv(variable, given)

        with pytest.raises(ImproperlyConfigured, match="EMAIL_TLS is off"):
            environment.read(ROOT)

    def test_no_command_runs_with_development_keys(self):
        refused = manage("check", **{**PRODUCTION, "SECRET_KEY": environment.DEVELOPMENT_KEY})

        assert refused.returncode != 0
        assert "SECRET_KEY is a development key" in refused.stderr


@lru_cache
def production_settings() -> dict[str, Any]:
    """The settings as a house in the world has them, read in a process of their own."""
    code = (
        "import json, django; django.setup()\n"
        "from django.conf import settings\n"
        "names = [name for name in dir(settings) if name.isupper()]\n"
        "plain = (str, int, bool, list, tuple, dict, type(None))\n"
        "values = {name: getattr(settings, name) for name in names}\n"
        "plain = {name: value for name, value in values.items() if isinstance(value, plain)}\n"
        "print(json.dumps(plain, default=str, skipkeys=True))\n"
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    roots = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    env = {**inherited, **PRODUCTION, "PYTHONPATH": roots, "DJANGO_SETTINGS_MODULE": "config.settings"}
    env |= {"TRUSTED_PROXIES": "10.0.0.0/24,unix"}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    settings: dict[str, Any] = json.loads(done.stdout)
    return settings


class TestProductionSettings:
    @pytest.fixture
    def told(self) -> dict[str, Any]:
        return production_settings()

    def test_cookies_are_bound_to_the_host_and_to_https(self, told: dict[str, Any]):
        assert told["SESSION_COOKIE_NAME"] == "__Host-session"
        assert told["CSRF_COOKIE_NAME"] == "__Host-csrf"
        for name in ("SESSION", "CSRF", "LANGUAGE"):
            assert told[f"{name}_COOKIE_SECURE"] is True
            assert told[f"{name}_COOKIE_SAMESITE"] == "Lax"
            assert told[f"{name}_COOKIE_DOMAIN"] is None
            assert told[f"{name}_COOKIE_PATH"] == "/"
        assert told["SESSION_COOKIE_HTTPONLY"] is True

    def test_only_https_is_spoken(self, told: dict[str, Any]):
        assert told["SECURE_SSL_REDIRECT"] is True
        assert told["SECURE_HSTS_SECONDS"] >= 31_536_000
        assert told["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
        assert told["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]

    def test_nothing_of_a_desk_at_home_is_left(self, told: dict[str, Any]):
        assert told["DEBUG"] is False
        assert told["SANDBOX_URL"] is None
        assert told["WEBHOOKS_ALLOW_PRIVATE"] is False
        assert told["OUTBOUND_BLOCKED"] is False
        assert told["ALLOWED_HOSTS"] == ["buka.example"]
        assert told["CORS_ALLOWED_ORIGINS"] == []
        assert told["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] is False

    def test_allauth_and_the_api_read_the_address_that_was_made_sure(self, told: dict[str, Any]):
        assert told["MIDDLEWARE"][0] == "core.client_address.ClientAddressMiddleware"
        assert told["ALLAUTH_TRUSTED_PROXY_COUNT"] == 0
        assert told["ALLAUTH_TRUSTED_CLIENT_IP_HEADER"] is None
        assert told["REST_FRAMEWORK"]["NUM_PROXIES"] == 0

    @pytest.mark.long
    def test_without_a_proxy_nobody_says_what_was_spoken(self):
        without = manage("diffsettings", **PRODUCTION)

        assert without.returncode == 0, without.stderr
        assert re.search(r"^SECURE_PROXY_SSL_HEADER = None", without.stdout, re.MULTILINE) or (
            "SECURE_PROXY_SSL_HEADER" not in without.stdout
        )


class TestLogInThroughOthers:
    def production(self, surroundings: pytest.MonkeyPatch, **more: str) -> environment.Environment:
        for name, value in {**PRODUCTION, **more}.items():
            surroundings.setenv(name, value)
        return environment.read(ROOT)

    def test_is_played_by_the_sandbox_where_there_is_one(self, surroundings: pytest.MonkeyPatch):
        surroundings.setenv("SANDBOX_URL", "http://127.0.0.1:9")

        env = environment.read(ROOT)

        assert env.social_providers["google"]["URLS"]["token"] == "http://127.0.0.1:9/openid/google/token"
        assert env.social_providers["facebook"]["URLS"]["graph"] == "http://127.0.0.1:9/openid/facebook/v23.0"
        assert all(each["APPS"] for each in env.social_providers.values())
        assert (env.sms["provider"], env.sms["url"]) == ("africastalking", "http://127.0.0.1:9/sms")

    def test_is_not_offered_in_production_without_keys(self, surroundings: pytest.MonkeyPatch):
        env = self.production(surroundings)

        assert [each["APPS"] for each in env.social_providers.values()] == [[], []]
        assert env.sms["provider"] == ""

    def test_asks_the_real_ones_in_production(self, surroundings: pytest.MonkeyPatch):
        keys = {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "secret"}
        env = self.production(surroundings, **keys, AFRICASTALKING_API_KEY="key", AFRICASTALKING_USERNAME="buka")

        assert env.social_providers["google"]["APPS"] == [{"client_id": "id", "secret": "secret"}]
        assert env.social_providers["google"]["URLS"] == {
            "authorize": "https://accounts.google.com/o/oauth2/v2/auth",
            "token": "https://oauth2.googleapis.com/token",
            "keys": "https://www.googleapis.com/oauth2/v3/certs",
            "userinfo": "https://openidconnect.googleapis.com/v1/userinfo",
        }
        assert (env.sms["provider"], env.sms["url"]) == ("africastalking", "https://api.africastalking.com")

    @pytest.mark.parametrize(
        ("given", "complaint"),
        [
            ({"GOOGLE_CLIENT_ID": "id"}, "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET belong together"),
            ({"FACEBOOK_CLIENT_SECRET": "x"}, "FACEBOOK_CLIENT_ID and FACEBOOK_CLIENT_SECRET belong together"),
            ({"GOOGLE_BASE_URL": "sandbox"}, "GOOGLE_BASE_URL is 'sandbox'"),
            ({"SMS_PROVIDER": "pigeon"}, "SMS_PROVIDER is 'pigeon'"),
            (
                {"AFRICASTALKING_API_KEY": "k", "AFRICASTALKING_USERNAME": "b", "SMS_FALLBACK_PROVIDER": "pigeon"},
                "SMS_FALLBACK_PROVIDER is 'pigeon'",
            ),
            (
                {"AFRICASTALKING_API_KEY": "k", "AFRICASTALKING_USERNAME": "b", "SMS_FALLBACK_PROVIDER": "twilio"},
                "needs both TWILIO_ACCOUNT_SID",
            ),
            ({"TWILIO_AUTH_TOKEN": "token"}, "needs both TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
            ({"TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC1"}, "needs TWILIO_FROM or TWILIO_MESSAGING_SERVICE"),
            ({"TWILIO_FROM": "much too long a name"}, "TWILIO_FROM is a number"),
            ({"AFRICASTALKING_API_KEY": "key"}, "need both AFRICASTALKING_USERNAME and AFRICASTALKING_API_KEY"),
            ({"AFRICASTALKING_SENDER": "much too long a name"}, "AFRICASTALKING_SENDER is up to eleven"),
            ({"SMS_DAILY_BUDGETS": "NG:50"}, "SMS_DAILY_BUDGETS is a list of calling code"),
            ({"SMS_NEWS_DAILY_BUDGETS": "NG:50"}, "SMS_NEWS_DAILY_BUDGETS is a list of calling code"),
        ],
    )
    def test_says_what_is_wrong(self, surroundings: pytest.MonkeyPatch, given: dict[str, str], complaint: str):
        with pytest.raises(ImproperlyConfigured, match=complaint):
            self.production(surroundings, **given)

    def test_who_carries_text_messages_follows_the_keys(self, surroundings: pytest.MonkeyPatch):
        first = {"AFRICASTALKING_API_KEY": "key", "AFRICASTALKING_USERNAME": "buka"}
        second = {"TWILIO_AUTH_TOKEN": "token", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_FROM": "Buka"}

        def carriers(**keys: str) -> tuple[str, str]:
            env = self.production(surroundings, **keys)
            for name in keys:
                surroundings.delenv(name)
            return env.sms["provider"], env.sms["fallback"]

        assert carriers(**first) == ("africastalking", "")
        assert carriers(**second) == ("twilio", "")
        assert carriers(**first, **second) == ("africastalking", "twilio")
        assert carriers(**first, **second, SMS_PROVIDER="twilio") == ("twilio", "africastalking")
        assert carriers(**first, **second, SMS_FALLBACK_PROVIDER="") == ("africastalking", "")
        assert self.production(surroundings, **second).sms["twilio"]["url"] == "https://api.twilio.com"

    def test_a_country_has_the_budget_it_was_given(self, surroundings: pytest.MonkeyPatch):
        surroundings.setenv("SMS_DAILY_BUDGETS", "234:10, 44:2")

        assert environment.read(ROOT).sms["budgets"] == {"*": 200, "234": 10, "44": 2}


class TestPayments:
    LIVE = {
        "PAYSTACK_SECRET_KEY": "sk_live_made_up_for_the_tests",
        "FLUTTERWAVE_SECRET_KEY": "FLWSECK-made-up-for-the-tests-X",
        "FLUTTERWAVE_SECRET_HASH": "made-up-hash-of-the-tests",
    }
    TEST = {
        "PAYSTACK_SECRET_KEY": "sk_test_made_up_for_the_tests",
        "FLUTTERWAVE_SECRET_KEY": "FLWSECK_TEST-made-up-for-the-tests-X",
        "FLUTTERWAVE_SECRET_HASH": "made-up-hash-of-the-tests",
    }

    def read(self, surroundings: pytest.MonkeyPatch, given: dict[str, str]) -> environment.Environment:
        for name, value in given.items():
            surroundings.setenv(name, value)
        return environment.read(ROOT)

    def test_go_to_the_sandbox_where_there_is_one(self, surroundings: pytest.MonkeyPatch):
        payments = self.read(surroundings, {"SANDBOX_URL": "http://127.0.0.1:9"}).payments

        assert payments["gateways"] == ["paystack", "flutterwave"]
        assert payments["paystack"]["url"] == "http://127.0.0.1:9/paystack"
        assert payments["flutterwave"]["url"] == "http://127.0.0.1:9/flutterwave/v3"
        assert payments["checkout_origins"] == ["http://127.0.0.1:9"]
        assert payments["paystack"]["key"].startswith("sk_test_sandbox")

    def test_are_not_offered_in_production_without_keys(self, surroundings: pytest.MonkeyPatch):
        payments = self.read(surroundings, PRODUCTION).payments

        assert payments["gateways"] == []
        assert payments["checkout_origins"] == []

    def test_go_to_the_real_ones_in_production(self, surroundings: pytest.MonkeyPatch):
        payments = self.read(surroundings, {**PRODUCTION, **self.LIVE}).payments

        assert payments["gateways"] == ["paystack", "flutterwave"]
        assert payments["paystack"]["url"] == "https://api.paystack.co"
        assert payments["flutterwave"]["url"] == "https://api.flutterwave.com/v3"
        assert payments["checkout_origins"] == ["https://checkout.paystack.com", "https://checkout.flutterwave.com"]

    def test_follow_keys_and_order(self, surroundings: pytest.MonkeyPatch):
        one = {"PAYSTACK_SECRET_KEY": self.LIVE["PAYSTACK_SECRET_KEY"]}
        assert self.read(surroundings, {**PRODUCTION, **one}).payments["gateways"] == ["paystack"]

        turned = {**PRODUCTION, **self.LIVE, "PAYMENT_GATEWAYS": "flutterwave, paystack"}
        assert self.read(surroundings, turned).payments["gateways"] == ["flutterwave", "paystack"]

    def test_a_trial_server_takes_test_keys_when_it_says_so(self, surroundings: pytest.MonkeyPatch):
        trial = {**PRODUCTION, **self.TEST, "PAYMENTS_IN_TEST_MODE": "true"}

        assert self.read(surroundings, trial).payments["gateways"] == ["paystack", "flutterwave"]

    def test_keys_that_were_replaced_are_kept_for_their_webhooks(self, surroundings: pytest.MonkeyPatch):
        old = {
            "PAYSTACK_PREVIOUS_SECRET_KEYS": "sk_live_made_up_and_replaced, sk_live_made_up_and_older",
            "FLUTTERWAVE_PREVIOUS_SECRET_HASHES": "made-up-hash-that-was-replaced",
        }
        payments = self.read(surroundings, {**PRODUCTION, **self.LIVE, **old}).payments

        assert payments["paystack"]["previous_keys"] == ["sk_live_made_up_and_replaced", "sk_live_made_up_and_older"]
        assert payments["flutterwave"]["previous_hashes"] == ["made-up-hash-that-was-replaced"]

    @pytest.mark.parametrize("where", [{}, PRODUCTION | LIVE])
    @pytest.mark.parametrize(
        ("given", "complaint"),
        [
            ({"PAYMENT_GATEWAYS": "paystack,stripe"}, "PAYMENT_GATEWAYS has 'stripe'"),
            ({"PAYMENT_GATEWAYS": "paystack,paystack"}, "PAYMENT_GATEWAYS has 'paystack'"),
            ({"PAYSTACK_SECRET_KEY": "pk_test_made_up_for_tests"}, "PAYSTACK_SECRET_KEY is no secret key"),
            ({"PAYSTACK_SECRET_KEY": "sk_test_"}, "PAYSTACK_SECRET_KEY is no secret key"),
            ({"PAYSTACK_PREVIOUS_SECRET_KEYS": "pk_made_up"}, "PAYSTACK_PREVIOUS_SECRET_KEYS is no secret key"),
            ({"FLUTTERWAVE_SECRET_KEY": "FLWPUBK_TEST-made-up-X"}, "FLUTTERWAVE_SECRET_KEY is no secret key"),
            ({"FLUTTERWAVE_SECRET_HASH": ""}, "FLUTTERWAVE_SECRET_HASH is not: nobody could tell"),
            ({"FLUTTERWAVE_SECRET_HASH": "short"}, "FLUTTERWAVE_SECRET_HASH has to be at least 16"),
            ({"FLUTTERWAVE_PREVIOUS_SECRET_HASHES": "short"}, "FLUTTERWAVE_PREVIOUS_SECRET_HASHES has to be"),
            ({"FLUTTERWAVE_BASE_URL": "https://api.flutterwave.com"}, "whose address ends in /v3"),
            ({"PAYSTACK_BASE_URL": "api.paystack.co"}, "PAYSTACK_BASE_URL is 'api.paystack.co'"),
            ({"PAYSTACK_BASE_URL": "https://"}, "PAYSTACK_BASE_URL is"),
            ({"PAYSTACK_BASE_URL": "https://a@api.example"}, "PAYSTACK_BASE_URL is not an address to ask"),
            ({"PAYMENT_CHECKOUT_ORIGINS": "https://*.example"}, "PAYMENT_CHECKOUT_ORIGINS has"),
            ({"PAYMENT_CHECKOUT_ORIGINS": "https://pay.example/x"}, "without a path"),
            ({"PAYMENT_CHECKOUT_ORIGINS": "https://pay.example; script-src *"}, "PAYMENT_CHECKOUT_ORIGINS has"),
        ],
    )
    def test_say_what_is_wrong_and_show_no_key(
        self, surroundings: pytest.MonkeyPatch, where: dict[str, str], given: dict[str, str], complaint: str
    ):
        with pytest.raises(ImproperlyConfigured) as refusal:
            self.read(surroundings, {**where, **given})

        assert complaint in str(refusal.value)
        for name, value in given.items():
            if ("KEY" in name or "HASH" in name) and value:
                assert value not in str(refusal.value) or value in ("sk_test_", "short")

    @pytest.mark.parametrize(
        ("given", "complaint"),
        [
            (
                {"PAYSTACK_SECRET_KEY": LIVE["PAYSTACK_SECRET_KEY"]},
                "PAYSTACK_SECRET_KEY is a live key, and this is not",
            ),
            ({"FLUTTERWAVE_SECRET_KEY": LIVE["FLUTTERWAVE_SECRET_KEY"]}, "FLUTTERWAVE_SECRET_KEY is a live key, and"),
            ({"PAYSTACK_PREVIOUS_SECRET_KEYS": LIVE["PAYSTACK_SECRET_KEY"]}, "is of another mode than"),
            ({**PRODUCTION, **TEST}, "PAYSTACK_SECRET_KEY is a test key, and this is production"),
            (
                {**PRODUCTION, **LIVE, "FLUTTERWAVE_SECRET_KEY": TEST["FLUTTERWAVE_SECRET_KEY"]},
                "FLUTTERWAVE_SECRET_KEY is a test key, and this is production",
            ),
            ({**PRODUCTION, **LIVE, "PAYMENTS_IN_TEST_MODE": "true"}, "PAYMENTS_IN_TEST_MODE is on"),
            ({**PRODUCTION, **LIVE, "PAYSTACK_BASE_URL": "http://api.example"}, "would cross the network in the open"),
            ({**PRODUCTION, **LIVE, "PAYMENT_CHECKOUT_ORIGINS": "http://pay.example"}, "in production only https://"),
        ],
    )
    def test_let_no_test_card_pay_for_a_real_evening_nor_a_real_one_for_a_demo(
        self, surroundings: pytest.MonkeyPatch, given: dict[str, str], complaint: str
    ):
        with pytest.raises(ImproperlyConfigured) as refusal:
            self.read(surroundings, given)

        assert complaint in str(refusal.value)

    def test_are_known_to_the_policy_of_every_page(self):
        told = production_settings()["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"]

        # No gateway has a key there: nobody is sent anywhere.
        assert told == ["'self'"]


class TestTheDocumentation:
    def test_lists_every_variable(self):
        code = (ROOT / "platform" / "config" / "environment.py").read_text()
        documented = (ROOT / "docs" / "settings.md").read_text()

        variables = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code)) | {"BUKA_HOME", "CHROMIUM_BIN"}

        assert {name for name in variables if f"`{name}`" not in documented} == set()
