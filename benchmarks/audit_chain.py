"""The audit's chain: sealed beside six writers, verified, and tampered with in eight ways by an owner of the database.

The writers record events in transactions of different lengths, some of which are rolled back, while the sealing runs
as the beat runs it. Then whoever owns the tables switches the triggers off and edits, deletes, inserts, takes seals
off the end or writes the history anew, each on a chain that was whole before. Promised: every acknowledged event is
sealed once, and each tampering is found.
"""

import hashlib
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness import last_line, machine, options, say, step, table, world

ROWS, ROWS_QUICK = 60_000, 3_000
WRITERS = 6
ROLLED_BACK = 0.05
PATIENCE = 300


@dataclass
class Writers:
    """Several people at work at once; `acknowledged` are the events whose transactions were committed."""

    count: int
    each: int
    seed: int
    acknowledged: set[int] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, args=[number]) for number in range(self.count)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, number: int) -> None:
        from django.db import connections, transaction

        from core import audit
        from core.audit.context import Context, opened

        chance, written = random.Random(self.seed * 1000 + number), 0
        try:
            while written < self.each:
                size = min(chance.choice((1, 1, 1, 2, 5)), self.each - written)
                with opened(Context(door="api", request_id=f"writer-{number}", address=f"102.89.{number}.7")):
                    try:
                        with transaction.atomic():
                            made = [audit.record("data.viewed", details={"writer": number}) for _ in range(size)]
                            if chance.random() < ROLLED_BACK:
                                raise _ChangedTheirMind
                    except _ChangedTheirMind:
                        continue
                written += size
                self.acknowledged.update(event.pk for event in made)
        except BaseException as error:
            self.failures.append(error)
        finally:
            connections.close_all()


class _ChangedTheirMind(Exception):
    pass


@dataclass
class Sealing:
    """What the sealing did, and the seconds that were its own."""

    rows: int = 0
    seals: int = 0
    seconds: float = 0.0

    def run(self) -> int:
        from core.audit import seals

        began = time.monotonic()
        made = seals.seal_all()
        if made:
            self.seconds += time.monotonic() - began
        self.seals += len(made)
        rows = sum(seal.rows for seal in made)
        self.rows += rows
        return rows


# --- What an owner could do --------------------------------------------------------------------------------------


def _run(sql: str, *values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)


_MIDDLE = "(SELECT id FROM audit_auditevent ORDER BY id OFFSET (SELECT count(*) / 2 FROM audit_auditevent) LIMIT 1)"


def edit_an_event() -> None:
    _run(f"UPDATE audit_auditevent SET details = '{{\"writer\": 99}}' WHERE id = {_MIDDLE}")  # noqa: S608


def move_an_event_in_time() -> None:
    _run(f"UPDATE audit_auditevent SET at = at - interval '1 hour' WHERE id = {_MIDDLE}")  # noqa: S608


def delete_an_event() -> None:
    _run(f"DELETE FROM audit_auditevent WHERE id = {_MIDDLE}")  # noqa: S608


def insert_in_the_middle() -> None:
    from core.audit.seals import COLUMNS

    names = ", ".join(name for name in COLUMNS if name not in ("id", "public_id"))
    _run(
        f"INSERT INTO audit_auditevent (public_id, {names}) SELECT gen_random_uuid(), {names} "  # noqa: S608
        f"FROM audit_auditevent WHERE id = {_MIDDLE}"
    )


def delete_an_event_and_forge_its_seal() -> None:
    from core.audit import seals
    from core.audit.models import AuditSeal

    seal = AuditSeal.objects.order_by("number")[AuditSeal.objects.count() // 2]
    leaves = seals.unpack(bytes(seal.leaves))
    gone = next(iter(leaves))
    del leaves[gone]
    _run("DELETE FROM audit_auditevent WHERE id = %s", gone)
    seal.leaves = b"".join(row.to_bytes(seals.ROW_BYTES, "big") + digest for row, digest in leaves.items())
    seal.rows, seal.rows_digest = len(leaves), hashlib.sha256(seal.leaves).hexdigest()
    seal.digest = seals.digest_of(seal)
    seal.save(force_update=True)


def delete_the_last_seal() -> None:
    _run("DELETE FROM audit_auditseal WHERE number = (SELECT max(number) FROM audit_auditseal)")


def delete_the_last_seal_and_its_events() -> None:
    delete_the_last_seal()
    _run(
        "DELETE FROM audit_auditevent e WHERE (tx, id) > "
        "(SELECT last_tx, last_id FROM audit_auditseal ORDER BY number DESC LIMIT 1)"
    )


def write_history_anew() -> None:
    """Delete an event and seal everything again as if it had never been."""
    from core.audit import seals

    delete_an_event()
    _run("TRUNCATE audit_auditseal")
    _run("UPDATE audit_auditevent SET after_seal = 0, after_digest = ''")
    while seals._seal_next() is not None:
        pass


TAMPERINGS: tuple[Callable[[], None], ...] = (
    edit_an_event,
    move_an_event_in_time,
    delete_an_event,
    insert_in_the_middle,
    delete_an_event_and_forge_its_seal,
    delete_the_last_seal,
    delete_the_last_seal_and_its_events,
    write_history_anew,
)


def tried(tampering: Callable[[], None], digests: Path) -> list[Any]:
    """Do it, verify, and take it back; return what the verification found."""
    from django.db import transaction

    from core.audit import verifying
    from core.audit.testing import triggers_off

    with transaction.atomic():
        # Written anew, a long history takes longer than anybody would wait for a page.
        _run("SET LOCAL statement_timeout = 0")
        with triggers_off():
            tampering()
        found = verifying.verify(digests=digests).findings
        transaction.set_rollback(True)
    return found


# --- The run -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Print what was sealed, verified and found and, last, the line for programs; 1 when anything was missed."""
    asked = options("audit_chain", __doc__, rows={"type": int, "help": f"events to write; {ROWS} if not given"})
    rows = asked.rows or (ROWS_QUICK if asked.quick else ROWS)
    say(f"Machine: {machine()}")
    with world("audit-chain") as place:
        digests = _ship_digests_to(place.home / "outside" / "digests")
        writers, sealing = Writers(WRITERS, max(rows // WRITERS, 1), asked.seed), Sealing()
        with step(f"{WRITERS} writers record {rows} events while they are sealed"):
            began = time.monotonic()
            threads = writers.start()
            while any(thread.is_alive() for thread in threads):
                # The second half waits, so that the sealing's own speed can be told from the writers'.
                if len(writers.acknowledged) < rows / 2:
                    sealing.run()
                time.sleep(0.2)
            writing = time.monotonic() - began
        beside, sealing.seconds = sealing.rows, 0.0
        with step("Sealing the rest"):
            _seal_the_rest(sealing, len(writers.acknowledged))
        if writers.failures:
            raise writers.failures[0]
        report, seconds = _verified(digests)
        found = []
        for tampering in TAMPERINGS:
            with step(_words(tampering)):
                found.append((tampering, tried(tampering, digests)))
        after, _seconds = _verified(digests)
    is_whole = report.is_sound and after.is_sound and report.rows == len(writers.acknowledged) and report.unsealed == 0
    say()
    table(
        ["what was done", "found", "the first finding"],
        [[_words(tampering), bool(findings), findings[0].kind if findings else "–"] for tampering, findings in found],
    )
    last_line(
        "audit_chain",
        rows=report.rows,
        writers=WRITERS,
        written_per_second=round(len(writers.acknowledged) / writing),
        seals=report.seals,
        sealed_beside_writers=beside,
        sealed_per_second=round((sealing.rows - beside) / sealing.seconds) if sealing.seconds else 0,
        verified_per_second=round(report.rows / seconds),
        lost=len(writers.acknowledged) - report.rows,
        tampered=len(found),
        found=sum(bool(findings) for _tampering, findings in found),
    )
    return 0 if is_whole and all(findings for _tampering, findings in found) else 1


def _ship_digests_to(path: Path) -> Path:
    from django.conf import settings

    settings.AUDIT_DIGEST_FILE = str(path)
    return path


def _seal_the_rest(sealing: Sealing, rows: int) -> None:
    end = time.monotonic() + PATIENCE
    while sealing.rows < rows:
        sealing.run()
        if time.monotonic() > end:
            raise RuntimeError(f"Only {sealing.rows} of {rows} events were sealed.")


def _verified(digests: Path) -> tuple[Any, float]:
    from core.audit import verifying

    began = time.monotonic()
    with step("Verifying"):
        report = verifying.verify(digests=digests)
    return report, time.monotonic() - began


def _words(tampering: Callable[[], None]) -> str:
    return tampering.__name__.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
