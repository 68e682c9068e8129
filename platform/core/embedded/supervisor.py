"""Run all of Buka on one machine: `make run`.

Starts PostgreSQL and Redis (unless `DATABASE_URL` and `REDIS_URL` name others), prepares the database and the files,
starts web, worker, beat and sandbox, and waits until they answer. It restarts nothing: when one process dies, it says
which one and why, stops the rest in order and ends with a failure. A Procfile runner (honcho was looked at) knows
neither readiness, nor an order of stopping, nor a dead process's last words, and these are all there is to do here.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

from core.embedded import paths, processes
from core.embedded.services import Embedded, Service, ServiceError
from core.embedded.steps import say, step

BASE_DIR = Path(__file__).resolve().parent.parent.parent.parent
HOST = "127.0.0.1"
# What people open: passkeys belong to a name, and where there is IPv6 it means HOST_6 first.
NAME = "localhost"
HOST_6 = "::1"
PATIENCE_TO_ANSWER = 120
COLOURS = {"web": 36, "worker": 33, "beat": 35, "sandbox": 32}


class StopRequested(BaseException):
    """Somebody asked for the end: Ctrl-C, SIGTERM, a closed terminal."""


class SupervisorError(Exception):
    """Buka cannot start or go on; the message says why and what to do."""


@dataclass
class Program:
    """One of Buka's own processes, its output shown under its name and its last lines kept."""

    name: str
    process: subprocess.Popen[bytes]
    patience: float
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def follow(self) -> None:
        self._reader = threading.Thread(target=self._read, name=f"output of {self.name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  (for the type checker: it was started with a pipe)
        label = f"{self.name:<8}│"
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
            label = f"\033[{COLOURS.get(self.name, 37)}m{label}\033[0m"
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.last_lines.append(line)
            say(f"{label} {line}")

    def words(self) -> str:
        """Return the line that says that it is ready, else its last one."""
        lines = list(self.last_lines)
        return next((line for line in lines if line.endswith(" ready.")), lines[-1] if lines else "nothing")

    def stop(self) -> bool:
        return processes.stop(self.process, patience=self.patience)

    def obituary(self) -> str:
        self._reader.join(2)
        words = "\n".join(f"    {line}" for line in self.last_lines) or "    (it said nothing)"
        return f"{self.name} died ({processes.how_it_ended(self.process.returncode)}). Its last lines:\n{words}"


@dataclass(frozen=True)
class Ports:
    """Web, the sandbox's pages, the sandbox's mail server."""

    web: int
    sandbox: int
    mail: int


class Supervisor:
    """Everything that runs, in the order in which it is stopped."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.ports = read_ports(environ)
        self.embedded = Embedded(paths.home(BASE_DIR))
        self.programs: list[Program] = []
        self.preparing: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start everything, and return only by an exception: something died, or the end was asked for."""
        began = time.monotonic()
        address = f"http://{NAME}:{self.ports.web}"
        self.embedded.claim(address)
        for port in (self.ports.web, self.ports.sandbox, self.ports.mail):
            must_be_free(port)
        also = also_listening(self.ports.web)
        self._start_services()
        # The sandbox needs no database: it starts while the database is made ready.
        self._start("sandbox", "-m", "sandbox", patience=5)
        self._prepare()
        worker = self._start("worker", *CELERY, "worker", *WORKER, patience=20)
        self._start("beat", *CELERY, "beat", "--loglevel=WARNING", "--pidfile=", patience=5)
        self._start("web", "-m", "daphne", "-b", HOST, "-p", str(self.ports.web), *also, *WEB, patience=10)
        with step("Waiting until everything answers"):
            self._wait_for("web", lambda: answer(self.ports.web, "/readyz"), lambda said: said == "200 OK")
            self._wait_for("sandbox", lambda: answer(self.ports.sandbox, "/healthz"), lambda said: said == "200 OK")
            self._wait_for("worker", worker.words, lambda words: words.endswith(" ready."))
        self._welcome(address, time.monotonic() - began)
        while True:
            self._must_live()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop web, beat, worker, sandbox, Redis and PostgreSQL, in this order."""
        if self.preparing and self.preparing.poll() is None:
            processes.stop(self.preparing, patience=5)
        for name in ("web", "beat", "worker", "sandbox"):
            for program in self.programs:
                if program.name == name and not program.stop():
                    say(f"{name} did not stop within {program.patience:.0f} seconds and was killed.")
        for name in self.embedded.stop():
            say(f"{name} did not stop in time and was killed.")
        self.embedded.release()

    def _start_services(self) -> None:
        if self.environ.get("DATABASE_URL"):
            say("▸ PostgreSQL: yours, from DATABASE_URL")
        else:
            with step("Starting PostgreSQL"):
                self.embedded.start_postgres()
        if self.environ.get("REDIS_URL"):
            say("▸ Redis: yours, from REDIS_URL")
        else:
            with step("Starting Redis"):
                self.embedded.start_redis()

    def _environment(self) -> dict[str, str]:
        roots = [str(BASE_DIR), str(BASE_DIR / "platform"), self.environ.get("PYTHONPATH", "")]
        return {
            **self.environ,
            "BUKA_HOME": str(self.embedded.home),
            "PORT": str(self.ports.web),
            "SANDBOX_PORT": str(self.ports.sandbox),
            "EMAIL_PORT": str(self.ports.mail),
            "PYTHONPATH": os.pathsep.join(root for root in roots if root),
            "PYTHONUNBUFFERED": "1",
            # Celery warns root once per start; everything here runs as whoever typed `make run`.
            "C_FORCE_ROOT": "1",
        }

    def _start(self, name: str, *arguments: str, patience: float) -> Program:
        process = processes.start(
            [sys.executable, *arguments], output=subprocess.PIPE, env=self._environment(), cwd=BASE_DIR
        )
        program = Program(name, process, patience)
        self.programs.append(program)
        program.follow()
        return program

    def _prepare(self) -> None:
        """Migrate, compile, collect and load in one process: starting Django four times costs four times as much."""
        self.preparing = processes.start(
            [sys.executable, "manage.py", "prepare", "--logins-to", str(self._logins)],
            output=None,
            # One connection, for itself: a pool would hand it back, and its longer time-out with it.
            env={**self._environment(), "DATABASE_POOL": "0"},
            cwd=BASE_DIR,
        )
        while self.preparing.poll() is None:
            self._must_live()
            time.sleep(0.05)
        if self.preparing.returncode:
            how = processes.how_it_ended(self.preparing.returncode)
            raise SupervisorError(f"Preparing failed ({how}); the lines above say why.")

    @property
    def _logins(self) -> Path:
        return self.embedded.home / "log-ins.txt"

    def _must_live(self) -> None:
        mortal: list[Program | Service] = [*self.embedded.running, *self.programs]
        for one in mortal:
            if one.process.poll() is not None:
                raise SupervisorError(one.obituary())

    def _wait_for(self, name: str, ask: Callable[[], str], is_ready: Callable[[str], bool]) -> None:
        said = ""
        for _ in processes.until(PATIENCE_TO_ANSWER, pause=0.1):
            self._must_live()
            said = ask()
            if is_ready(said):
                return
        raise SupervisorError(f"{name} is not ready after {PATIENCE_TO_ANSWER} seconds; it last said: {said}.")

    def _welcome(self, address: str, seconds: float) -> None:
        sandbox = f"http://{HOST}:{self.ports.sandbox}"
        say()
        say(f"Buka is open, after {seconds:.1f} s.")
        say()
        say(f"  Diners         {address}")
        say(f"  Restaurants    {address}/admin/")
        say(f"  Sandbox        {sandbox}   (mails at {sandbox}/mail/)")
        say()
        say("Log in as")
        for line in self._logins.read_text().splitlines():
            say(f"  {line}")
        say()
        say("Ctrl-C stops everything.")


CELERY = ("-m", "celery", "--quiet", "-A", "config")
WORKER = ("--loglevel=INFO", "--without-gossip", "--without-mingle")
# A page that stays open keeps its live connection: Daphne would cut it after a day. Its list of all requests would show
# links that open a booking or a payment to whoever has them.
WEB = ("--websocket_timeout", "-1", "--no-server-name", "--access-log", os.devnull, "config.asgi:application")


def read_ports(environ: Mapping[str, str]) -> Ports:
    """Return the ports to listen on: `PORT` and the two after it, unless they are named.

    :raises SupervisorError: when one is not a port
    """
    web = _port("PORT", environ.get("PORT") or "8000")
    return Ports(
        web=web,
        sandbox=_port("SANDBOX_PORT", environ.get("SANDBOX_PORT") or str(web + 1)),
        mail=_port("EMAIL_PORT", environ.get("EMAIL_PORT") or str(web + 2)),
    )


def _port(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SupervisorError(f"{name} is {text!r}; write a number from 1 to 65533, as in `make run PORT=8080`.")
    return int(text)


def also_listening(port: int) -> tuple[str, ...]:
    """Return what makes Daphne answer at `localhost` to programs that try no other address than IPv6's.

    :raises SupervisorError: when somebody else answers there
    """
    if not has_ipv6():
        return ()
    must_be_free(port, HOST_6)
    return ("-e", rf"tcp:port={port}:interface=\:\:1")


def has_ipv6() -> bool:
    """Tell whether this machine speaks IPv6 to itself; many a container does not."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind((HOST_6, 0))
    except OSError:
        return False
    return True


def must_be_free(port: int, host: str = HOST) -> None:
    """Return when `port` can be listened on.

    :raises SupervisorError: naming who listens there, and what to do
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise SupervisorError(f"Port {port} may not be used by this account: `make run PORT=8080`.") from error
        except OSError as error:
            raise SupervisorError(
                f"Port {port} is in use{_user_of(port)}. Stop that, or choose others: `make run PORT=9000` "
                "takes 9000, 9001 and 9002."
            ) from error


def _user_of(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()}, process {connection.pid}"
    except psutil.Error:
        pass
    return ""


def answer(port: int, path: str) -> str:
    """Return the status of a GET on this machine, as "200 OK", or in words why there is none."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return f"{response.status} {response.reason}"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()


def stop_when_asked() -> None:
    """Turn the first Ctrl-C, SIGTERM or hang-up into `StopRequested`; later ones change nothing."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested(signal.Signals(number).name)

    for each in signals:
        signal.signal(each, stop)


def main() -> int:
    """Run Buka until it is stopped; the exit status of `make run`."""
    stop_when_asked()
    supervisor = None
    status = 0
    try:
        supervisor = Supervisor(os.environ)
        supervisor.run()
    except StopRequested:
        say()
        say("Stopping …")
    except (SupervisorError, ServiceError, OSError) as error:
        say()
        say(str(error))
        status = 1
    finally:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        if supervisor:
            supervisor.stop()
    say("Buka is closed." if status == 0 else "Everything else was stopped.")
    return status


if __name__ == "__main__":
    sys.exit(main())
