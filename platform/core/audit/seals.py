"""The chain: once a minute the events that cannot be joined by others any more are sealed.

Writers take no lock and do not know of the chain. A transaction is decided when no running one could still come before
it (`tx < pg_snapshot_xmin(pg_current_snapshot())`); events are sealed in the order (tx, id), so that none can appear
between sealed ones. Each seal's digest covers its events' and the digest of the seal before.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection, transaction

from core.audit import digest_file
from core.audit.models import AuditEvent, AuditSeal

logger = logging.getLogger(__name__)

MOST_ROWS = 10_000
BEGINNING = "0" * 64
ROW_BYTES, DIGEST_BYTES = 8, 32
LEAF_BYTES = ROW_BYTES + DIGEST_BYTES
# Any number; whoever seals holds the lock of this name, so that two workers do not make two chains.
_LOCK = 7_233_518_206


@dataclass(frozen=True)
class Position:
    """The place of an event in its era's order."""

    tx: int
    id: int


@dataclass(frozen=True)
class Leaf:
    id: int
    digest: bytes
    position: Position
    after: tuple[int, str]
    """The newest seal when it was written, and how its digest began."""


# --- Sealing ----------------------------------------------------------------------------------------------------


def seal_all() -> list[AuditSeal]:
    """Seal everything that is decided; return the new seals, none when another process is at it."""
    made = []
    while (seal := _seal_next()) is not None:
        made.append(seal)
        logger.info("audit seal %d %s over %d events", seal.number, seal.digest, seal.rows)
    digest_file.ship()
    return made


@transaction.atomic
def _seal_next() -> AuditSeal | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return None
        found = _next_events(cursor)
        if found is None:
            return None
        era, leaves = found
        cursor.execute("SELECT clock_timestamp()")
        at = cursor.fetchone()[0]
    last = AuditSeal.objects.order_by("-number").first()
    packed = pack(leaves)
    seal = AuditSeal(
        number=last.number + 1 if last else 1,
        at=at,
        era=era,
        last_tx=leaves[-1].position.tx,
        last_id=leaves[-1].position.id,
        rows=len(leaves),
        leaves=packed,
        rows_digest=hashlib.sha256(packed).hexdigest(),
        previous=last.digest if last else BEGINNING,
    )
    seal.digest = digest_of(seal)
    seal.save(force_insert=True)
    return seal


def _next_events(cursor: Any) -> tuple[int, list[Leaf]] | None:
    """Return the era and the events to be sealed next; those of clusters this database was restored from come first."""
    cursor.execute("SELECT system_identifier FROM pg_control_system()")
    here = cursor.fetchone()[0]
    for era in sorted(eras(), key=lambda era: era == here):
        # In another cluster's numbering nothing runs any more: all its events are decided.
        horizon = "tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint" if era == here else "true"
        leaves = list(read_leaves(era, after=last_sealed(era), where=horizon, limit=MOST_ROWS))
        if leaves:
            return era, leaves
    return None


def eras() -> list[int]:
    """Return the eras that have events, one look into the index for each."""
    found: list[int] = []
    events = AuditEvent.objects.order_by("era", "tx", "id").values_list("era", flat=True)
    era = events.first()
    while era is not None:
        found.append(era)
        era = events.filter(era__gt=era).first()
    return found


def last_sealed(era: int) -> Position | None:
    seal = AuditSeal.objects.filter(era=era).order_by("-last_tx", "-last_id").values_list("last_tx", "last_id").first()
    return Position(*seal) if seal else None


# --- Digests ----------------------------------------------------------------------------------------------------

# Everything of a row, in this order; the address as its ciphertext. What is added to the table later goes to the end
# and into a digest of its own time: rows sealed before must read as they did.
COLUMNS = (
    "id", "public_id", "at", "tx", "era", "after_seal", "after_digest", "action", "outcome", "severity", "times",
    "actor_kind", "actor_id", "on_behalf_of_id", "target_type", "target_id", "restaurant_id", "door", "address",
    "address_index", "user_agent", "request_id", "details",
)  # fmt: skip
_PAGE = 2_000


def read_leaves(
    era: int,
    *,
    after: Position | None = None,
    up_to: Position | None = None,
    where: str = "true",
    limit: int | None = None,
) -> Iterator[Leaf]:
    """Digest an era's events in the order of the chain, reading a page at a time.

    :param where: a condition of this module's own making, never of a caller's input
    """
    columns = ", ".join("details::text" if name == "details" else name for name in COLUMNS)
    left = limit
    while left is None or left > 0:
        page = min(_PAGE, left) if left is not None else _PAGE
        conditions, values = ["era = %s", where], [era]
        if after is not None:
            conditions.append("(tx, id) > (%s, %s)")
            values += [after.tx, after.id]
        if up_to is not None:
            conditions.append("(tx, id) <= (%s, %s)")
            values += [up_to.tx, up_to.id]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM audit_auditevent WHERE {' AND '.join(conditions)} "  # noqa: S608
                "ORDER BY era, tx, id LIMIT %s",
                [*values, page],
            )
            rows = cursor.fetchall()
        for row in rows:
            yield Leaf(row[0], digest_of_row(row), Position(row[3], row[0]), (row[5], row[6]))
        if len(rows) < page:
            return
        after = Position(rows[-1][3], rows[-1][0])
        left = None if left is None else left - len(rows)


def digest_of_row(row: tuple[Any, ...]) -> bytes:
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_PASSTHROUGH_DATETIME, default=_as_text)).digest()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def digest_of(seal: AuditSeal) -> str:
    """Return what a seal's digest must be, by what it says."""
    said = [seal.previous, seal.number, seal.at.astimezone(UTC).isoformat(), seal.era, seal.last_tx, seal.last_id]
    return hashlib.sha256(orjson.dumps([*said, seal.rows, seal.rows_digest])).hexdigest()


def pack(leaves: list[Leaf]) -> bytes:
    return b"".join(leaf.id.to_bytes(ROW_BYTES, "big") + leaf.digest for leaf in leaves)


def unpack(packed: bytes) -> dict[int, bytes]:
    """Return the digests by row."""
    packed = bytes(packed)
    return {
        int.from_bytes(packed[at : at + ROW_BYTES], "big"): packed[at + ROW_BYTES : at + LEAF_BYTES]
        for at in range(0, len(packed), LEAF_BYTES)
    }
