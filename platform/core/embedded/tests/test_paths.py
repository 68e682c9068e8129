from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from core.embedded import paths

LONG = Path("/srv") / ("a-very-long-folder-name/" * 6)


class TestHome:
    def test_is_the_checkout_s_own_folder(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("BUKA_HOME", raising=False)

        assert paths.home(Path("/srv/buka")) == Path("/srv/buka/.buka")

    def test_is_where_the_environment_says(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("BUKA_HOME", "/var/lib/buka")

        assert paths.home(Path("/srv/buka")) == Path("/var/lib/buka")

    def test_is_beside_the_checkout_when_relative(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("BUKA_HOME", "data")

        assert paths.home(Path("/srv/buka")) == Path("/srv/buka/data")


class TestAddresses:
    @pytest.mark.parametrize("home", [Path("/srv/buka/.buka"), Path("/srv/Ọjà & co/.buka"), LONG])
    def test_fit_what_the_kernel_allows(self, home: Path):
        sockets = [paths.postgres_sockets(home) / ".s.PGSQL.5432", paths.redis_socket(home)]

        assert all(len(str(socket).encode()) <= 107 for socket in sockets)

    @pytest.mark.parametrize("home", [Path("/srv/buka/.buka"), Path("/srv/Ọjà & co?/.buka"), LONG])
    def test_say_where_the_sockets_are(self, home: Path):
        database, redis = urlsplit(paths.database_url(home)), urlsplit(paths.redis_url(home))

        assert parse_qs(database.query)["host"] == [str(paths.postgres_sockets(home))]
        assert database.path == "/buka"
        assert unquote(redis.path) == str(paths.redis_socket(home))

    def test_differ_between_long_folders(self):
        assert paths.sockets(LONG / "one") != paths.sockets(LONG / "two")
