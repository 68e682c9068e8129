"""The chain's digests outside of the database: a file that is only ever appended to, one line for each seal.

Whoever owns the database can rewrite rows, seals and triggers alike; what has left it they cannot. The file
(settings.AUDIT_DIGEST_FILE) belongs on storage that the database's owner cannot write, such as a bucket with object
lock that is mounted here, or a volume that is copied elsewhere.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from django.conf import settings

from core.audit.models import AuditSeal

logger = logging.getLogger(__name__)

_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Line:
    number: int
    digest: str


def place() -> Path | None:
    return Path(settings.AUDIT_DIGEST_FILE) if settings.AUDIT_DIGEST_FILE else None


def ship() -> int:
    """Append the seals that the file does not have yet; return how many. What cannot be written now is written later.

    Nothing is appended after a line that the database contradicts: verify_audit names the seal, and somebody must look.
    """
    path = place()
    if path is None:
        return 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return _append(file.fileno(), path)
    except OSError as error:
        logger.error("The audit's digests cannot be written to %s: %s", path, error)
        return 0


def _append(file: int, path: Path) -> int:
    last = _last_line(path)
    if last is not None and not AuditSeal.objects.filter(number=last.number, digest=last.digest).exists():
        logger.error("Audit seal %d is not the one written to %s; run verify_audit.", last.number, path)
        return 0
    seals = AuditSeal.objects.filter(number__gt=last.number if last else 0).order_by("number").defer("leaves")
    shipped = 0
    for seal in seals.iterator():
        at = seal.at.astimezone(UTC).isoformat(timespec="seconds")
        os.write(file, f"{seal.number} {at} {seal.rows} {seal.digest}\n".encode())
        shipped += 1
    if shipped:
        os.fsync(file)
    return shipped


def _last_line(path: Path) -> Line | None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines(keepends=True)
    # A machine that went down in the middle of a line leaves a part of one; verify passes over it, too.
    for line in reversed(lines):
        if (read := _read(line)) is not None:
            return read
    return None


def lines(path: Path) -> Iterator[Line]:
    """Return the file's whole lines.

    :raises OSError: when it cannot be read
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if (read := _read(line)) is not None:
                yield read


def _read(line: str) -> Line | None:
    parts = line.split()
    if len(parts) != 4 or not line.endswith("\n") or not parts[0].isdigit() or len(parts[3]) != 64:
        return None
    return Line(int(parts[0]), parts[3])
