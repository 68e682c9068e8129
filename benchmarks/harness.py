"""What every benchmark shares: services and data of its own, real servers, tables for people, one line for programs.

A benchmark never works on the data of `make run`, nor on servers that DATABASE_URL and REDIS_URL name: what it writes
is thrown away with its folder when it ends, however it ends.
"""

import argparse
import http.client
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform")]

from core.embedded import processes  # noqa: E402  (the path must be known first)
from core.embedded.services import services  # noqa: E402
from core.embedded.steps import say, step  # noqa: E402

HOST = "127.0.0.1"
START_SECONDS = 60
# Whatever these say outside, a benchmark has its own.
NOT_INHERITED = (
    *("DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "TEST_DATABASE_NAME", "BUKA_HOME", "BUKA_BASE_URL", "PORT"),
    *("BUKA_ENV", "BUKA_DEBUG", "DJANGO_SETTINGS_MODULE", "STATIC_ROOT", "MEDIA_ROOT", "ALLOWED_HOSTS"),
)


# --- What is asked for ------------------------------------------------------------------------------------------


def options(name: str, doc: str | None, arguments: Sequence[str] | None = None, **more: Any) -> argparse.Namespace:
    """Read `--quick`, `--seed` and what else a benchmark takes (`more`: name -> settings of argparse)."""
    parser = argparse.ArgumentParser(f"python -m benchmarks.{name}", description=doc)
    parser.add_argument("--quick", action="store_true", help="a smaller run, within 45 seconds")
    parser.add_argument("--seed", type=int, default=1, help="makes the data and the choices repeatable")
    for option, settings in more.items():
        parser.add_argument(f"--{option.replace('_', '-')}", **settings)
    return parser.parse_args(arguments)


# --- A world of its own -----------------------------------------------------------------------------------------


@dataclass
class World:
    """Services that run for this benchmark alone, and the environment of whatever is started on them."""

    home: Path
    environment: dict[str, str] = field(repr=False)


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Lend a folder that is gone afterwards, also when the benchmark is stopped by SIGTERM."""
    signal.signal(signal.SIGTERM, _leave)
    folder = Path(tempfile.mkdtemp(prefix=f"buka-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def world(name: str, *, durable: bool = False) -> Iterator[World]:
    """Start PostgreSQL and Redis in a folder of this benchmark's own, migrate, and set Django up on them.

    :param durable: wait at each commit until it is on the disk, as production does
    """
    with scratch(name) as home:
        for variable in NOT_INHERITED:
            os.environ.pop(variable, None)
        with step("Starting PostgreSQL and Redis"):
            running = services(home, durable=durable)
            addresses = running.__enter__()
        try:
            os.environ |= {
                "BUKA_HOME": str(home),
                "DATABASE_URL": addresses.database_url,
                "REDIS_URL": addresses.redis_url,
                "DATABASE_POOL": "0",
                "LOG_LEVEL": "ERROR",
                # The names of static files do not matter to what is measured; collecting them would take seconds.
                "HASHED_STATIC_FILES": "0",
                # One machine plays many people; each has an address of their own, as behind a proxy.
                "TRUSTED_PROXIES": HOST,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            }
            _set_django_up()
            yield World(home, dict(os.environ))
        finally:
            _close_connections()
            running.__exit__(None, None, None)


def somebodys_address(number: int) -> str:
    """Return an address for the n-th of many people, to send as `X-Real-IP`."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _set_django_up() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with step("Migrating"):
        with connection.cursor() as cursor:
            # A migration or a seeding may take longer than a person would wait for a page.
            cursor.execute("SET statement_timeout = 0")
        call_command("migrate", interactive=False, verbosity=0)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


# --- Servers ----------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


SERVERS = {
    "daphne": ["-m", "daphne", "-b", HOST, "-p", "{port}", "--no-server-name", "config.asgi:application"],
    "granian": [
        *("-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", "{port}", "--workers", "3"),
        *("--blocking-threads", "1", "--backpressure", "2048", "--no-ws", "config.wsgi:application"),
    ],
}


@contextmanager
def web(world: World, *, server: str = "daphne") -> Iterator[int]:
    """Run a real web process on a free port while the block runs, and return the port.

    :raises RuntimeError: when it dies or does not answer, with its last lines
    """
    port = free_port()
    environment = {**world.environment, "PORT": str(port), "DATABASE_POOL": "8", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, *(word.format(port=port) for word in SERVERS[server])]
    process = processes.start(command, output=subprocess.PIPE, env=environment, cwd=ROOT)
    words = deque[str](maxlen=30)
    reader = threading.Thread(target=_read, args=[process, words], daemon=True)
    reader.start()
    try:
        with step(f"Starting {server}"):
            _wait_until_it_answers(process, port, words)
        yield port
        if process.poll() is not None:
            raise RuntimeError(f"{server} died ({processes.how_it_ended(process.returncode)}):\n" + "\n".join(words))
    finally:
        processes.stop(process, patience=10)
        reader.join(5)
        if process.stdout:
            process.stdout.close()


def _read(process: "subprocess.Popen[bytes]", words: deque[str]) -> None:
    if process.stdout:
        for line in process.stdout:
            words.append(line.decode(errors="replace").rstrip())


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, words: deque[str]) -> None:
    for _ in processes.until(START_SECONDS):
        if process.poll() is not None or status_of(port, "/readyz") == 200:
            break
    if process.poll() is not None or status_of(port, "/readyz") != 200:
        raise RuntimeError("The web process is not ready:\n" + "\n".join(words))


def status_of(port: int, path: str) -> int | None:
    """Return the status of a GET on this machine, None when nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


# --- What is told -----------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a head as a Markdown table: the first column to the left, the rest to the right."""
    lines = [[_text(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        say(f"| {' | '.join(cells)} |")
        if number == 0:
            say(f"|{'-' * (widths[0] + 2)}|{'|'.join('-' * (width + 1) + ':' for width in widths[1:])}|")


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.1f}" if abs(cell) < 100 else f"{cell:.0f}"
    return "" if cell is None else str(cell)


def last_line(name: str, **figures: object) -> None:
    """Print the line for programs: `NAME key=value key=value …`."""
    say()
    say(" ".join([name, *(f"{key}={_text(value).replace(' ', '_')}" for key, value in figures.items())]))


def machine() -> str:
    """Describe where this was measured, and how busy it was with other things."""
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load before the run {load:.1f}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
