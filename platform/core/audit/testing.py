"""Help for tests: an owner of the database who tampers, and waiting until what was written can be sealed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from core.audit import seals
from core.audit.models import AuditEvent, AuditSeal

TABLES = ("audit_auditevent", "audit_auditseal", "audit_auditcheckpoint")
PATIENCE = 300.0


@contextmanager
def triggers_off() -> Iterator[None]:
    """Do what only the tables' owner can: switch the triggers off, and on again without leaving a trace of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def tamper(sql: str, *values: Any) -> int:
    """Run a statement that the triggers would refuse; return how many rows it changed."""
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def seal_everything() -> list[AuditSeal]:
    """Seal until nothing is left; other databases of the same server may keep old transactions running for a while.

    :raises AssertionError: when that takes too long
    """
    made = []
    end = time.monotonic() + PATIENCE
    while True:
        made += seals.seal_all()
        if AuditEvent.objects.count() == 0 or not _unsealed():
            return made
        if time.monotonic() > end:
            raise AssertionError("An old transaction on this server keeps events from being sealed.")
        time.sleep(0.1)


def _unsealed() -> bool:
    for era in seals.eras():
        last = seals.last_sealed(era)
        if any(True for _leaf in seals.read_leaves(era, after=last, limit=1)):
            return True
    return False
