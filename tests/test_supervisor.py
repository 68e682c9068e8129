"""`make run`'s supervisor, for real: in a folder and on ports of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conftest import free_port
from core.embedded import processes
from core.embedded.supervisor import SupervisorError, also_listening, has_ipv6, must_be_free, read_ports

ROOT = Path(__file__).resolve().parent.parent
OURS = ("DATABASE_", "REDIS_", "BUKA_", "EMAIL_", "PORT", "SANDBOX_", "TEST_", "DJANGO_", "PYTEST", "LEASH_")
OPEN_SECONDS = 240
CLOSED_SECONDS = 60


class Run:
    """One run of the supervisor."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port, self.lines = home, port, []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.embedded.supervisor"],
            env={**inherited, "BUKA_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT / "platform")},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_until_open(self) -> None:
        for _ in processes.until(OPEN_SECONDS, pause=0.1):
            if "Ctrl-C stops everything." in self.output:
                return
            assert self.process.poll() is None, f"The supervisor ended:\n{self.output}"
        raise AssertionError(f"Not open after {OPEN_SECONDS} seconds:\n{self.output}")

    def wait_until_closed(self) -> int:
        """Return its exit status, once all it had to say has been read."""
        status = self.process.wait(CLOSED_SECONDS)
        self._close()
        return status

    def _close(self) -> None:
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()

    def processes(self) -> dict[int, str]:
        """Return the command lines of everything that runs for this run's folder."""
        return {
            process.pid: line
            for process in psutil.process_iter()
            if process.pid != os.getpid() and (line := belongs_to(process, self.home))
        }

    def pid_of(self, words: str) -> int:
        return min(pid for pid, line in self.processes().items() if words in line)

    def leaves_nothing(self) -> bool:
        return any(not self.processes() for _ in processes.until(30))

    def end(self) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)
        self._close()


def belongs_to(process: psutil.Process, home: Path) -> str:
    try:
        line = " ".join(process.cmdline())
        mine = str(home) in line or process.environ().get("BUKA_HOME") == str(home)
        return line if mine and process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.Error:
        return ""


def status_of(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
        return int(answer.status)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all runs: the first one fills it, the others find it as it was."""
    return tmp_path_factory.mktemp("supervisor") / "home"


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    # Three ports in a row, of which the first was free a moment ago.
    run = Run(home, free_port())
    yield run
    run.end()


class TestTheSupervisor:
    @pytest.mark.early
    def test_opens_and_closes_the_house(self, run: Run, home: Path):
        run.wait_until_open()

        assert status_of(f"http://127.0.0.1:{run.port}/healthz") == 200
        assert status_of(f"http://127.0.0.1:{run.port}/readyz") == 200
        assert status_of(f"http://localhost:{run.port}/readyz") == 200
        assert f"http://localhost:{run.port}/admin/" in run.output
        assert f"http://127.0.0.1:{run.port + 1}/mail/" in run.output
        log_ins = run.output.partition("Log in as\n")[2].partition("\n\n")[0].splitlines()
        assert len([line for line in log_ins if re.search(r"\S+@\S+", line)]) >= 3

        second = Run(home, free_port())
        refused = second.wait_until_closed()

        assert refused == 1
        assert f"{home} is in use by process {run.process.pid}, http://localhost:{run.port}" in second.output

        run.process.terminate()

        assert run.wait_until_closed() == 0, run.output
        assert "was killed" not in run.output
        assert run.leaves_nothing()

    @pytest.mark.long
    def test_names_the_process_that_died_and_stops_the_rest(self, run: Run):
        run.wait_until_open()

        os.kill(run.pid_of("config worker"), signal.SIGKILL)
        status = run.wait_until_closed()

        assert status == 1
        assert "worker died (killed by SIGKILL). Its last lines:" in run.output
        assert run.leaves_nothing()

    @pytest.mark.long
    def test_leaves_nothing_behind_when_it_is_killed_itself(self, run: Run):
        run.wait_until_open()

        run.process.kill()

        assert run.leaves_nothing()

    def test_stops_in_the_middle_of_starting(self, run: Run):
        assert any("Migrating" in run.output for _ in processes.until(60)), run.output

        run.process.send_signal(signal.SIGINT)

        assert run.wait_until_closed() == 0, run.output
        assert run.leaves_nothing()


class TestPorts:
    def test_follow_each_other(self):
        ports = read_ports({"PORT": "9000"})

        assert (ports.web, ports.sandbox, ports.mail) == (9000, 9001, 9002)

    @pytest.mark.parametrize("wrong", ["eighty", "0", "-1", "65536", "٨٠٠٠", "80 00"])
    def test_that_are_none_are_refused(self, wrong: str):
        with pytest.raises(SupervisorError, match=r"PORT is .*; write a number"):
            read_ports({"PORT": wrong})

    def test_that_are_taken_name_who_has_them(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            with pytest.raises(SupervisorError, match=rf"Port {port} is in use by .*process {os.getpid()}"):
                must_be_free(port)

    @pytest.mark.skipif(not has_ipv6(), reason="This machine has no IPv6.")
    def test_are_looked_at_wherever_localhost_may_lead(self):
        with socket.socket(socket.AF_INET6) as taken:
            taken.bind(("::1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            with pytest.raises(SupervisorError, match=rf"Port {port} is in use by .*process {os.getpid()}"):
                also_listening(port)
