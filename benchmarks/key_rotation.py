"""A new key over the telephone numbers of many people, killed half-way, resumed, with edits all the while.

`manage.py reencrypt` runs as a process of its own on a real database. It is killed with SIGKILL when half of the rows
are done, and started again. All the time somebody edits rows; between the two runs a process that does not know of the
new key writes a few as well. At the end every number is read with the new key alone and compared with what it must be.
Promised: none is lost.
"""

import base64
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.harness import ROOT, World, last_line, machine, options, say, step, table, world

ROWS, ROWS_QUICK = 50_000, 4_000
# Enough batches that the middle of the walk can be met.
BATCH, BATCH_QUICK = 500, 50
EDITS_BETWEEN = 25
OLD, NEW = "2026a", "2026b"
PATIENCE = 600


def ring(seed: int) -> dict[str, bytes]:
    """Return both keys, the new one first."""
    made = random.Random(seed)
    return {NEW: made.randbytes(32), OLD: made.randbytes(32)}


def in_words(keys: dict[str, bytes]) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


def number(of: int) -> str:
    return f"+23480{of:08}"


@dataclass
class Editor:
    """Somebody who changes people's numbers one by one and remembers what was acknowledged."""

    expected: dict[int, str]
    chance: random.Random
    edits: int = 0
    failure: BaseException | None = None
    _enough: threading.Event = field(default_factory=threading.Event)

    def edit_one(self) -> None:
        from django.db import transaction

        from accounts.models import User

        pk, phone = self.chance.choice(list(self.expected)), number(50_000_000 + self.edits)
        if self.edits % 2:
            User.objects.filter(pk=pk).update(phone=phone)
        else:
            # As the pages do: read under a lock, change, save.
            with transaction.atomic():
                person = User.objects.select_for_update().get(pk=pk)
                person.phone = phone
                person.save(update_fields=["phone"])
        self.expected[pk] = phone
        self.edits += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Edit in a thread while the block runs.

        :raises BaseException: what stopped the editor, if anything did
        """
        self._enough.clear()
        worker = threading.Thread(target=self._work)
        worker.start()
        try:
            yield
        finally:
            self._enough.set()
            worker.join(60)
        if self.failure is not None:
            raise self.failure

    def _work(self) -> None:
        from django.db import connections

        try:
            while not self._enough.wait(0.005):
                self.edit_one()
        except BaseException as error:
            self.failure = error
        finally:
            connections.close_all()


@dataclass
class Run:
    """One run of the command: the rows it rewrote, the seconds it took, and its exit status."""

    rewritten: int
    seconds: float
    status: int


def main() -> int:
    """Print what became of each phase and, last, the line for programs; 1 when a number was lost."""
    asked = options("key_rotation", __doc__, rows={"type": int, "help": f"people with a number; {ROWS} if not given"})
    rows = asked.rows or (ROWS_QUICK if asked.quick else ROWS)
    batch = BATCH_QUICK if asked.quick or rows < 10_000 else BATCH
    keys = ring(asked.seed)
    say(f"Machine: {machine()}")
    with world("key-rotation") as place:
        _read_and_write_with({OLD: keys[OLD]})
        with step(f"Writing {rows} numbers with the key {OLD}"):
            expected = _people(rows)
        place.environment["ENCRYPTION_KEYS"] = in_words(keys)
        _read_and_write_with(keys)
        editor = Editor(expected, random.Random(asked.seed))
        with editor.at_work():
            killed = _run_until_killed(place, batch, rows)
        killed_at = _under(NEW)
        say(f"Killed with {killed_at} of {rows} under the new key.")
        # A process that was not started again yet: it writes with the old key.
        _read_and_write_with({OLD: keys[OLD], NEW: keys[NEW]})
        for _edit in range(EDITS_BETWEEN):
            editor.edit_one()
        _read_and_write_with(keys)
        before = _under(NEW)
        with editor.at_work():
            resumed = _run(place, batch)
        _read_and_write_with({NEW: keys[NEW]})
        lost, under_old = _lost(expected), _under(OLD)
    rate = resumed.rewritten / resumed.seconds if resumed.seconds else 0.0
    say()
    table(
        ["phase", "rows under the new key", "seconds", "exit status"],
        [
            ["first run with its start, until SIGKILL", killed_at, killed.seconds, killed.status],
            [f"{EDITS_BETWEEN} edits with the old key", before, None, None],
            ["second run", rows - under_old, resumed.seconds, resumed.status],
        ],
    )
    say(f"{editor.edits} numbers were edited meanwhile.")
    is_whole = lost == 0 and under_old == 0 and resumed.status == 0 and 0 < killed_at < rows
    last_line(
        "key_rotation",
        rows=rows,
        rows_per_second=round(rate),
        killed_at=killed_at,
        resumed=resumed.rewritten,
        edits=editor.edits,
        under_old_key=under_old,
        lost=lost,
    )
    return 0 if is_whole else 1


def _read_and_write_with(keys: dict[str, bytes]) -> None:
    from django.conf import settings

    settings.ENCRYPTION_KEYS = keys


def _people(rows: int) -> dict[int, str]:
    from accounts.models import User

    people: list[Any] = []
    for first in range(0, rows, 2000):
        people += User.objects.bulk_create(
            [User(email=f"p{n}@example.com", phone=number(n)) for n in range(first, min(first + 2000, rows))]
        )
    return {person.pk: person.phone for person in people}


def _start(place: World, batch: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", "reencrypt", "--batch", str(batch)],
        cwd=ROOT,
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _run_until_killed(place: World, batch: int, rows: int) -> Run:
    """Start the command and kill it as soon as half of the rows are done."""
    command = _start(place, batch)
    began = time.monotonic()
    while command.poll() is None and _under(NEW) < rows // 2 and time.monotonic() - began < PATIENCE:
        time.sleep(0.005)
    command.kill()
    command.communicate()
    return Run(_under(NEW), time.monotonic() - began, command.returncode)


def _run(place: World, batch: int) -> Run:
    """Let the command come to its end; the seconds are its own, without its start.

    :raises RuntimeError: when it does not say what it did
    """
    command = _start(place, batch)
    said, _nothing = command.communicate(timeout=PATIENCE)
    told = re.search(r"^(\d+) values rewritten .* in ([\d.]+) s\.$", said, re.MULTILINE)
    if told is None:
        raise RuntimeError(f"The command did not say what it did:\n{said}")
    return Run(int(told[1]), float(told[2]), command.returncode)


def _under(key: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_user WHERE starts_with(phone, %s)", [f"ae1:{key}:"])
        return int(cursor.fetchone()[0])


def _lost(expected: dict[int, str]) -> int:
    """Return how many numbers do not open with the key at hand, or are not what was last acknowledged."""
    from django.db import connection

    from core.encryption import CannotDecrypt, decrypt

    lost = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, phone FROM accounts_user")
        stored = dict(cursor.fetchall())
    for pk, phone in expected.items():
        try:
            lost += decrypt(stored.get(pk, ""), aad="accounts.user.phone") != phone
        except CannotDecrypt:
            lost += 1
    return lost


if __name__ == "__main__":
    sys.exit(main())
