"""What all tests share: keys of their own in Redis, and Buka's real processes and a browser for those that ask.

Every wait has an end: a test that hangs says what it waited for.
"""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
import redis
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection

from core.embedded import processes
from core.testing import flush_quickly, start_afresh
from core.testing_database import drop_test_database, make_test_database

# No test is about the speed of drawing an example, or of one on a machine that does much else. What a test says itself
# comes before this.
hypothesis.settings.register_profile(
    "buka",
    deadline=None,
    suppress_health_check=[*hypothesis.settings().suppress_health_check, hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("buka")

ROOT = Path(__file__).resolve().parent
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
START_SECONDS = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes as long as a thousand others, so that nobody waits for it alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """Let the collector leave alone what was imported, and come by less often: a third of the run was spent there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(autouse=True, scope="session")
def _static_root_is_there() -> None:
    """Keep WhiteNoise from warning that nothing has been collected yet; the tests read the files where they are."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True, scope="session")
def _passwords_cost_little() -> None:
    """Hash with four rounds in the tests' own process; twelve for each password would be a good part of the run.

    Buka's real processes keep theirs, and accounts/tests/test_passwords.py holds what they are.
    """
    settings.PASSWORD_HASHERS = ["core.testing.QuickHasher", *settings.PASSWORD_HASHERS]
    setting_changed.send(sender=None, setting="PASSWORD_HASHERS", value=settings.PASSWORD_HASHERS, enter=True)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Keep pytest-django from making and dropping the database: the fixture below does, from a copy and in its time."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> Iterator[None]:
    # The transaction around a test is open while the test works; no request of Buka's keeps one for as long.
    connection.settings_dict["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=0"
    with django_db_blocker.unblock():
        make_test_database()
    yield
    with django_db_blocker.unblock():
        drop_test_database()


@pytest.fixture(autouse=True, scope="session")
def _flush_is_quick() -> None:
    flush_quickly()


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis.Redis]:
    """One connection for all tests: a new one for each took longer than many a test."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _own_keys_are_gone(_redis: redis.Redis) -> None:
    """Begin each test without what an earlier one left in this worker's part of Redis, or this process remembers."""
    start_afresh()
    try:
        keys = list(_redis.scan_iter(match=f"{settings.REDIS_PREFIX}*", count=1000))
        if keys:
            _redis.delete(*keys)
    except redis.ConnectionError as error:
        pytest.exit(f"{error}\nThe tests need their services: `make test ARGS=...` brings them along.", returncode=4)


# --- Buka's processes -----------------------------------------------------------------------------------------


@dataclass
class RealProcess:
    """A process of Buka's, on this test run's database and keys. `lines` is what it has said so far."""

    name: str
    command: list[str]
    env: dict[str, str]
    url: str = ""
    lines: list[str] = field(default_factory=list)

    def start(self, is_ready: "Callable[[RealProcess], bool]") -> None:
        """Start and wait until `is_ready`.

        :raises AssertionError: when it dies or takes too long, with what it said
        """
        self.process = processes.start([sys.executable, *self.command], output=subprocess.PIPE, env=self.env, cwd=ROOT)
        self._reader = threading.Thread(target=self._read, args=[self.process], daemon=True)
        self._reader.start()
        for _ in processes.until(START_SECONDS, pause=0.05):
            if self.process.poll() is not None or is_ready(self):
                break
        said = "\n".join(self.lines)
        assert self.process.poll() is None, f"{self.name} died while starting:\n{said}"
        assert is_ready(self), f"{self.name} was not ready after {START_SECONDS} seconds:\n{said}"

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())

    def kill(self) -> None:
        """End it and its children as `kill -9` does."""
        processes.stop(self.process, patience=0, ask=signal.SIGKILL)
        self._close()

    def stop(self) -> None:
        """End it in peace."""
        processes.stop(self.process, patience=15)
        self._close()

    def _close(self) -> None:
        self._reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path, port: int) -> dict[str, str]:
    """Return what a process needs to work on this test run's database and keys."""
    database = connection.settings_dict
    login = quote(database["USER"]) + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    places = {key: database[key.upper()] for key in ("host", "port") if database[key.upper()]}
    query = "&".join(f"{key}={quote(str(value))}" for key, value in places.items())
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO_"))}
    return {
        **inherited,
        "BUKA_ENV": "test",
        "BUKA_HOME": str(home),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DATABASE_URL": f"postgresql://{login}@/{quote(database['NAME'])}?{query}",
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_PREFIX": settings.REDIS_PREFIX,
        "PORT": str(port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "PYTHONUNBUFFERED": "1",
        "C_FORCE_ROOT": "1",
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


@pytest.fixture(scope="session")
def sandbox_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProcess]:
    """The real sandbox: `url` is its address, `env["EMAIL_PORT"]` the port of its mail server."""
    port = free_port()
    env = _environment(tmp_path_factory.mktemp("sandbox"), port)
    env |= {"SANDBOX_PORT": str(free_port()), "EMAIL_PORT": str(free_port())}
    url = f"http://127.0.0.1:{env['SANDBOX_PORT']}"
    sandbox = RealProcess("sandbox", ["-m", "sandbox"], env, url)
    sandbox.start(lambda it: _answers(f"{it.url}/healthz"))
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def _web_process(
    django_db_setup: None, sandbox_process: RealProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealProcess]:
    port = free_port()
    command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "--websocket_timeout", "-1"]
    env = _environment(tmp_path_factory.mktemp("web"), port) | {"SANDBOX_URL": sandbox_process.url}
    web = RealProcess("web", [*command, "config.asgi:application"], env, f"http://localhost:{port}")
    web.start(lambda it: _answers(f"{it.url}/readyz"))
    yield web
    web.stop()


@pytest.fixture
def buka_server(transactional_db: None, _web_process: RealProcess) -> str:
    """The address of a real web process, pages and live connections, that sees what the test has committed."""
    assert _web_process.process.poll() is None, "web died:\n" + "\n".join(_web_process.lines)
    return _web_process.url


@pytest.fixture
def celery_worker_process(
    transactional_db: None, sandbox_process: RealProcess, tmp_path: Path
) -> Iterator[RealProcess]:
    """A real worker whose mails go to the sandbox. `kill()` is `kill -9`; `start(worker_is_ready)` starts it again."""
    env = _environment(tmp_path, int(sandbox_process.env["PORT"]))
    env |= {"EMAIL_PORT": sandbox_process.env["EMAIL_PORT"], "SANDBOX_URL": sandbox_process.url}
    command = ["-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
    worker = RealProcess("worker", [*command, "--concurrency=1"], env)
    worker.start(worker_is_ready)
    yield worker
    # What it still does nobody waits for, and a farewell takes it seconds.
    worker.kill()


def worker_is_ready(worker: RealProcess) -> bool:
    """Whether the worker has said that it takes tasks."""
    return any(line.endswith(" ready.") for line in worker.lines)


# --- The browser ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Chromium where it is installed; without one the test is skipped, in CI it fails."""
    names = [os.environ.get("CHROMIUM_BIN", ""), *BROWSERS]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        reason = "No Chromium was found: install one, or name it with CHROMIUM_BIN."
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    # Root has no sandbox in Chromium, and containers have little shared memory.
    flags = ["--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {"executable_path": found, "args": flags, "headless": True, "timeout": 60_000}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A phone of the smallest usual width, in Lagos."""
    return {"viewport": {"width": 360, "height": 740}, "locale": "en-NG", "timezone_id": "Africa/Lagos"}


@pytest.fixture
def page(page: Any) -> Any:
    page.set_default_timeout(15_000)
    page.set_default_navigation_timeout(20_000)
    return page
