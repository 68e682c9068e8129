import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from core.embedded import paths, processes
from core.embedded.services import Embedded, HomeInUse, ServiceError, services

HOLD = """
import sys, time
from pathlib import Path
from core.embedded.services import services
with services(Path(sys.argv[1]), durable=True) as addresses:
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    yield tmp_path / "home"
    assert processes_of(tmp_path / "home") == []


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the folder's services running."""
    roots = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, home],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{roots}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.wait(10)
    process.stdout.close()
    assert gone(home)


def processes_of(home: Path) -> list[str]:
    found = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    return [line for words in found if str(home) in (line := " ".join(words or [])) and HOLD.strip()[:10] not in line]


def gone(home: Path) -> bool:
    return any(not processes_of(home) for _ in processes.until(10))


def write_down(text: str, home: Path) -> None:
    with psycopg.connect(paths.database_url(home)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [text])
    with redis.Redis.from_url(paths.redis_url(home)) as client:
        client.rpush("notes", text)


def read_back(home: Path) -> tuple[list[str], list[str]]:
    with psycopg.connect(paths.database_url(home)) as connection:
        rows = [text for (text,) in connection.execute("SELECT text FROM notes")]
    with redis.Redis.from_url(paths.redis_url(home)) as client:
        return rows, [text.decode() for text in client.lrange("notes", 0, -1)]


class TestServices:
    @pytest.mark.long
    def test_keep_their_data_over_a_restart(self, home: Path):
        with services(home, durable=True):
            write_down("table 4 by the window", home)

        with services(home, durable=True):
            kept = read_back(home)

        assert kept == (["table 4 by the window"], ["table 4 by the window"])

    def test_answer_from_a_folder_with_a_long_name(self, home: Path):
        with services(home / ("long" * 30)) as addresses:
            write_down("jollof", home / ("long" * 30))

            assert "host=/tmp/buka-" in addresses.database_url

    def test_refuse_a_folder_that_another_run_has(self, home: Path, holder: subprocess.Popen[str]):
        with pytest.raises(HomeInUse, match=f"in use by process {holder.pid}"), services(home):
            pass

    def test_end_with_whoever_started_them(self, home: Path, holder: subprocess.Popen[str]):
        holder.kill()

        assert gone(home)

    def test_survive_being_killed(self, home: Path, holder: subprocess.Popen[str]):
        write_down("party of nine", home)
        servers = [int((home / name).read_text().split()[0]) for name in ("postgres/postmaster.pid", "redis/redis.pid")]

        for pid in (holder.pid, *servers):
            os.kill(pid, signal.SIGKILL)
        with services(home, durable=True):
            kept = read_back(home)

        assert kept == (["party of nine"], ["party of nine"])

    @pytest.mark.long
    def test_are_not_misled_by_a_stale_process_number(self, home: Path):
        with services(home):
            written = (home / "postgres" / "postmaster.pid").read_text()
        lines = written.splitlines()
        lines[0] = str(os.getpid())  # a live process that is no PostgreSQL, as after a restart of the machine
        (home / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        (home / "redis" / "redis.pid").write_text(f"{os.getpid()}\n")

        with services(home):
            write_down("still here", home)

    @pytest.mark.long
    def test_begin_again_after_a_first_start_that_was_cut_short(self, home: Path):
        (home / "postgres" / "base").mkdir(parents=True)
        (home / "postgres" / "PG_VERSION").write_text("18\n")

        with services(home):
            write_down("whole", home)

    def test_leave_what_the_environment_names_alone(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
        monkeypatch.setenv("REDIS_URL", "redis://somewhere:6379/0")

        with services(home) as addresses:
            assert processes_of(home) == []

        assert addresses.database_url == "postgresql://somewhere/else"
        assert addresses.redis_url == "redis://somewhere:6379/0"
        assert not home.exists()


class TestAServiceThatCannotStart:
    def test_says_why(self, home: Path):
        embedded = Embedded(home)
        embedded.start_redis()
        embedded.stop()
        (home / "redis" / "appendonly.aof").write_text("this is no list of commands\n")

        with pytest.raises(ServiceError, match=r"(?s)redis died.*Bad file format"):
            embedded.start_redis()
        embedded.stop()

    def test_refuses_a_socket_folder_that_is_not_ours(self, home: Path, tmp_path: Path):
        home.mkdir()
        (tmp_path / "elsewhere").mkdir()
        (home / "run").symlink_to(tmp_path / "elsewhere")

        with pytest.raises(ServiceError, match="belongs to somebody else"):
            Embedded(home).start_redis()
