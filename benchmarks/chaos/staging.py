"""What runs for the chaos: web, workers and what the beat does, killed and started again; and the time that passes."""

import random
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from signal import SIGKILL
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks import harness
from benchmarks.harness import ROOT, free_port, processes

if TYPE_CHECKING:
    import subprocess

    from sandbox.testing import SandboxClient

WORKERS = 2
START_SECONDS = 90
# The schedule of production, of what concerns money: (task, seconds between two).
BEAT = (
    ("core.outbox.sweep", 5),
    ("payments.check_due", 5),
    ("payments.look_after_refunds", 15),
    ("payments.work_off_due", 5),
    ("bookings.release_expired_holds", 30),
    ("bookings.look_after_deposits", 60),
)
# What is put back by as much as the time is to go on: all that money waits for. (Model, fields.)
TIMES = (
    ("payments.Payment", ("expires_at", "next_check_at", "created_at", "paid_at", "credited_at")),
    ("payments.PaymentRequest", ("due_at",)),
    ("payments.Refund", ("next_check_at", "told_at", "created_at")),
    ("payments.WebhookEvent", ("next_attempt_at", "received_at")),
    ("core.EventDelivery", ("next_attempt_at",)),
    ("bookings.Booking", ("hold_expires_at",)),
    ("bookings.Advance", ("due_at", "created_at")),
    ("bookings.TableAllocation", ("expires_at",)),
)
IDLE_SECONDS = 0.6


class Running:
    """One process of Buka's, whose output goes to a file. It is started and killed by the main thread alone."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.command, self.environment, self.log = name, command, environment, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = processes.start(
                [sys.executable, *self.command], output=log.fileno(), env=self.environment, cwd=ROOT
            )

    def kill(self) -> None:
        """End it and all that it has started as `kill -9` does, whatever they are in the middle of."""
        if self.process is not None:
            processes.stop(self.process, patience=0, ask=SIGKILL)

    @property
    def has_died(self) -> bool:
        return self.process is None or self.process.poll() is not None


class Stage:
    """The web process, the workers and the beat of one world, and the clock of it all."""

    def __init__(self, world: harness.World, sandbox: "SandboxClient", rng: random.Random) -> None:
        self.world, self.sandbox, self.rng = world, sandbox, rng
        self.port = free_port()
        environment = {**world.environment, "PYTHONUNBUFFERED": "1", "C_FORCE_ROOT": "1"}
        words = [word.format(port=self.port) for word in harness.SERVERS["granian"]]
        self.web = Running(
            "web", words, {**environment, "PORT": str(self.port), "DATABASE_POOL": "8"}, self._log("web")
        )
        worker = ["-m", "celery", "-A", "config", "worker", "--loglevel=WARNING", "--without-gossip"]
        self.workers = [
            Running(
                f"worker {number}",
                [*worker, "--without-mingle", "--concurrency=2", f"--hostname=chaos-{number}@%h"],
                environment,
                self._log(f"worker-{number}"),
            )
            for number in range(WORKERS)
        ]
        self.kills = Counter[str]()
        self.passed = 0.0
        self._rung: dict[str, float] = {}

    def _log(self, name: str) -> Path:
        return self.world.home / f"{name}.log"

    @property
    def url(self) -> str:
        return f"http://{harness.HOST}:{self.port}"

    def __enter__(self) -> "Stage":
        for one in (self.web, *self.workers):
            one.start()
        self.wait_for_web()
        for gateway in ("paystack", "flutterwave"):
            self.sandbox.set_webhook_url(gateway, f"{self.url}/api/webhooks/{gateway}")
        return self

    def __exit__(self, *_error: object) -> None:
        for one in (self.web, *self.workers):
            one.kill()

    def wait_for_web(self) -> None:
        """Wait until it answers.

        :raises RuntimeError: when it does not, with its last lines
        """
        for _ in processes.until(START_SECONDS, pause=0.2):
            if harness.status_of(self.port, "/readyz") == 200:
                return
        raise RuntimeError("The web process is not ready:\n" + "\n".join(processes.last_lines(self.web.log)))

    # --- Accidents ------------------------------------------------------------------------------------------------

    def kill_somebody(self) -> None:
        """Kill one process of those that run; what was killed before is started again first."""
        self.revive()
        # The workers more often: there are more of them, and they begin anew more quickly.
        victim = self.rng.choice([self.web, *self.workers * 2])
        self.kills["web" if victim is self.web else "worker"] += 1
        victim.kill()

    def is_whole(self) -> bool:
        """Whether all that run are at work: the web process answers, and each worker has its pool."""
        if any(one.has_died for one in (self.web, *self.workers)):
            return False
        pools = (psutil.Process(one.process.pid) for one in self.workers if one.process)
        with suppress(psutil.NoSuchProcess):
            return all(pool.children() for pool in pools) and harness.status_of(self.port, "/readyz") == 200
        return False

    def workers_away(self) -> None:
        """Kill all workers, until they are revived."""
        for worker in self.workers:
            worker.kill()

    def revive(self) -> None:
        for one in (self.web, *self.workers):
            if one.has_died:
                one.start()

    # --- The beat -------------------------------------------------------------------------------------------------

    def beat(self, *, at_once: bool = False, only: Collection[str] | None = None) -> None:
        """Ring for the tasks whose time has come, as the beat does; all of them where the time has been put on.

        :param only: for these and no others
        """
        from config.celery import app

        now = time.monotonic()
        for task, seconds in BEAT:
            if only is not None and task not in only:
                continue
            if at_once or now - self._rung.get(task, 0) >= seconds:
                self._rung[task] = now
                app.send_task(task)

    def wait_until_idle(self, seconds: float = 60) -> bool:
        """Wait until the workers have nothing to do; False when that takes too long."""
        idle_since = time.monotonic()
        for _ in processes.until(seconds, pause=0.1):
            if self._waiting():
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > IDLE_SECONDS:
                return True
        return False

    def _waiting(self) -> int:
        return int(self._queue.default_channel.client.llen("default"))

    @cached_property
    def _queue(self) -> Any:
        from config.celery import app

        return app.connection_for_read()

    # --- Time -----------------------------------------------------------------------------------------------------

    def put_time_on(self, seconds: float) -> None:
        """Let time pass: the gateways' clock is put forward, and whatever Buka waits for is put back by as much.

        Buka's processes go by the machine's clock, which is nobody's to turn; for rows, what was to happen at a time
        and what happened at one come nearer by it just the same.
        """
        from django.apps import apps
        from django.db import OperationalError, connection, transaction

        self.sandbox.advance(seconds)
        self.passed += seconds
        for label, fields in TIMES:
            table = apps.get_model(label)._meta.db_table
            changes = ", ".join(f"{field} = {field} - make_interval(secs => %s)" for field in fields)
            some = " OR ".join(f"{field} IS NOT NULL" for field in fields)
            for _attempt in range(20):
                # Workers lock the same rows in another order now and then.
                with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET {changes} WHERE {some}", [seconds] * len(fields))  # noqa: S608
                    break
            else:
                raise RuntimeError(f"The time of {table} could not be put on.")

    def passing(self, seconds: float, step: float) -> Iterator[float]:
        """Let time pass in steps, all that is due done in each; yield how much has passed."""
        passed = 0.0
        while passed < seconds:
            self.put_time_on(min(step, seconds - passed))
            passed += min(step, seconds - passed)
            self.beat(at_once=True)
            self.wait_until_idle()
            yield passed

    def logs(self) -> dict[str, Any]:
        """Return the last lines of each process, for when something went wrong."""
        return {one.name: processes.last_lines(one.log) for one in (self.web, *self.workers)}
