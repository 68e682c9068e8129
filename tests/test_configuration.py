"""The same code on servers of one's own, and settings that say what is wrong with them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from conftest import free_port
from core.embedded.services import Embedded

ROOT = Path(__file__).resolve().parent.parent
OURS = ("DATABASE_", "REDIS_", "BUKA_", "EMAIL_", "SECRET_KEY", "PORT", "SANDBOX_", "DJANGO_SETTINGS", "PYTEST")
PRODUCTION = {
    "BUKA_ENV": "production",
    "SECRET_KEY": "Zq7-" * 16,
    "DATABASE_URL": "postgresql://buka:s%2Fecret@db.example:5433/buka?sslmode=require",
    "REDIS_URL": "rediss://cache.example:6380/2",
    "BUKA_BASE_URL": "https://buka.example",
    "EMAIL_HOST": "mail.example",
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
    def test_are_migrated_and_used(self, own_postgres: str, tmp_path: Path):
        home = tmp_path / "home"
        own = {"DATABASE_URL": own_postgres, "REDIS_URL": os.environ["REDIS_URL"], "BUKA_HOME": str(home)}

        migrated = manage("migrate", "--no-input", **own)
        unapplied = manage("migrate", "--check", **own)

        assert migrated.returncode == 0, migrated.stdout + migrated.stderr
        assert unapplied.returncode == 0, unapplied.stdout + unapplied.stderr
        with psycopg.connect(own_postgres) as connection:
            applied = connection.execute("SELECT count(DISTINCT app) FROM django_migrations").fetchone()
            tables = connection.execute("SELECT to_regclass('bookings_booking') IS NOT NULL").fetchone()
        assert applied is not None and applied[0] > 5
        assert tables == (True,)
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

    def test_stops_a_command_before_it_does_anything(self):
        refused = manage("migrate", DATABASE_URL="sqlite:///buka.db")

        assert refused.returncode != 0
        assert "DATABASE_URL does not begin with postgresql://" in refused.stderr


class TestProduction:
    @pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "BUKA_BASE_URL", "EMAIL_HOST"])
    def test_asks_for_what_it_cannot_guess(self, surroundings: pytest.MonkeyPatch, missing: str):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)
        surroundings.delenv(missing)

        with pytest.raises(ImproperlyConfigured, match=rf"these must be set:\n  {missing}:"):
            environment.read(ROOT)

    @pytest.mark.parametrize("key", [environment.DEVELOPMENT_KEY, "short"])
    def test_refuses_a_key_that_is_no_secret(self, surroundings: pytest.MonkeyPatch, key: str):
        for name, value in PRODUCTION.items():
            surroundings.setenv(name, value)
        surroundings.setenv("SECRET_KEY", key)

        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is a development key or shorter than 50"):
            environment.read(ROOT)

    def test_knows_no_sandbox_and_no_debugging(self, surroundings: pytest.MonkeyPatch):
        for name, value in {**PRODUCTION, "BUKA_DEBUG": "true", "SANDBOX_URL": "http://127.0.0.1:1"}.items():
            surroundings.setenv(name, value)

        env = environment.read(ROOT)

        assert env.sandbox_url is None
        assert env.debug is False


class TestTheDocumentation:
    def test_lists_every_variable(self):
        code = (ROOT / "platform" / "config" / "environment.py").read_text()
        documented = (ROOT / "docs" / "settings.md").read_text()

        variables = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code)) | {"BUKA_HOME", "CHROMIUM_BIN"}

        assert {name for name in variables if f"`{name}`" not in documented} == set()
