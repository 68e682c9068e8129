"""Recomputes the chain and names what does not fit."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import models
from django.utils import timezone

from core.audit import digest_file, seals
from core.audit.models import AuditCheckpoint, AuditEvent, AuditSeal
from core.audit.seals import Position

LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Finding:
    """Something that an honest history cannot have."""

    kind: str
    """seal_missing, seal_changed, row_changed, row_missing, row_added, digest_differs, checkpoint_wrong"""
    seal: int | None
    row: int | None = None
    says: str = ""

    def __str__(self) -> str:
        return self.says


@dataclass
class Report:
    seals: int = 0
    rows: int = 0
    unsealed: int = 0
    is_late: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.findings


MOST_FINDINGS = 1000


def verify(*, digests: Path | None = None) -> Report:
    """Recompute every digest, compare with the file of digests if there is one, and report what was found.

    Runs beside writers and the sealing: what is written meanwhile is not yet part of it.
    """
    report = Report()
    for finding in _findings(report, digests):
        report.findings.append(finding)
        if len(report.findings) >= MOST_FINDINGS:
            break
    return report


def _findings(report: Report, digests: Path | None) -> Iterator[Finding]:
    # What is sealed while this runs is left for the next time.
    newest = AuditSeal.objects.aggregate(newest=models.Max("number"))["newest"] or 0
    yield from _checkpoints()
    yield from _chain(report, newest)
    yield from _unsealed(report)
    if digests is not None:
        yield from _digests(digests)


def _checkpoints() -> Iterator[Finding]:
    for checkpoint in AuditCheckpoint.objects.order_by("seal_number"):
        seal = AuditSeal.objects.filter(number=checkpoint.seal_number).defer("leaves").first()
        if seal is None or seal.digest != checkpoint.seal_digest:
            yield Finding(
                "checkpoint_wrong",
                checkpoint.seal_number,
                says=f"The checkpoint at seal {checkpoint.seal_number} names a seal that is not there.",
            )
        elif checkpoint.at - seal.at < timedelta(days=700):
            # Set by somebody who had switched the trigger off.
            yield Finding(
                "checkpoint_wrong",
                checkpoint.seal_number,
                says=f"The checkpoint at seal {checkpoint.seal_number} was set before its time.",
            )


def _chain(report: Report, newest: int) -> Iterator[Finding]:
    checkpoint = AuditCheckpoint.objects.aggregate(number=models.Max("seal_number"))["number"] or 0
    previous, expected = seals.BEGINNING, 1
    positions: dict[int, Position | None] = {}
    digests = _Digests()
    for seal in _in_order(newest):
        report.seals += 1
        if seal.number != expected:
            missing = str(expected) if seal.number == expected + 1 else f"{expected} to {seal.number - 1}"
            yield Finding("seal_missing", expected, says=f"Seal {missing} is missing.")
        elif seal.previous != previous:
            yield Finding("seal_changed", seal.number, says=f"Seal {seal.number} does not follow from the one before.")
        if seals.digest_of(seal) != seal.digest:
            yield Finding("seal_changed", seal.number, says=f"Seal {seal.number} was changed.")
        yield from _rows(report, seal, positions.get(seal.era), digests, has_served=seal.number <= checkpoint)
        digests.remember(seal)
        positions[seal.era] = Position(seal.last_tx, seal.last_id)
        previous, expected = seal.digest, seal.number + 1


def _in_order(newest: int) -> Iterator[AuditSeal]:
    last = 0
    while page := list(AuditSeal.objects.filter(number__gt=last, number__lte=newest).order_by("number")[:20]):
        yield from page
        last = page[-1].number


class _Digests:
    """How the digests of seals begin; events were written after one of the last few."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {0: ""}

    def remember(self, seal: AuditSeal) -> None:
        if len(self.known) > 10_000:
            self.known = {0: ""}
        self.known[seal.number] = seal.digest[:16]

    def has(self, number: int, beginning: str) -> bool:
        if number not in self.known:
            seal = AuditSeal.objects.filter(number=number).defer("leaves").first()
            if seal is None:
                return False
            self.remember(seal)
        return self.known[number] == beginning


def _rows(
    report: Report, seal: AuditSeal, after: Position | None, digests: _Digests, *, has_served: bool
) -> Iterator[Finding]:
    packed = bytes(seal.leaves)
    known = seals.unpack(packed)
    # Once its events have gone, a seal's list of them goes as well; it still says that there may be none.
    if not (has_served and not packed) and hashlib.sha256(packed).hexdigest() != seal.rows_digest:
        yield Finding(
            "seal_changed", seal.number, says=f"The digests of the events of seal {seal.number} were changed."
        )
    for leaf in seals.read_leaves(seal.era, after=after, up_to=Position(seal.last_tx, seal.last_id)):
        report.rows += 1
        digest = known.pop(leaf.id, None)
        if digest is None:
            yield Finding(
                "row_added", seal.number, leaf.id, f"Event {leaf.id} was added to what seal {seal.number} covers."
            )
        elif digest != leaf.digest:
            yield Finding(
                "row_changed", seal.number, leaf.id, f"Event {leaf.id} of seal {seal.number} was changed after sealing."
            )
        elif leaf.after[0] >= seal.number or not digests.has(*leaf.after):
            says = f"Event {leaf.id} of seal {seal.number} was written after a seal {leaf.after[0]} that is gone."
            yield Finding("seal_missing", leaf.after[0], leaf.id, says)
    if not has_served:
        for row in known:
            yield Finding("row_missing", seal.number, row, f"Event {row} of seal {seal.number} is missing.")


def _digests(path: Path) -> Iterator[Finding]:
    digests = dict(AuditSeal.objects.values_list("number", "digest"))
    last = 0
    for line in digest_file.lines(path):
        if line.number != last + 1:
            yield Finding("digest_differs", line.number, says=f"{path} has no line for seal {last + 1}.")
        last = line.number
        if line.number not in digests:
            yield Finding(
                "seal_missing", line.number, says=f"Seal {line.number} stands in {path} but not in the database."
            )
        elif digests[line.number] != line.digest:
            yield Finding(
                "digest_differs", line.number, says=f"Seal {line.number} is not the one that was written to {path}."
            )


def _unsealed(report: Report) -> Iterator[Finding]:
    now = timezone.now()
    for era in seals.eras():
        waiting = AuditEvent.objects.filter(era=era)
        if (last := seals.last_sealed(era)) is not None:
            waiting = waiting.filter(tx__gte=last.tx).exclude(tx=last.tx, id__lte=last.id)
        found = waiting.aggregate(count=models.Count("id"), oldest=models.Min("at"))
        report.unsealed += found["count"]
        report.is_late |= found["oldest"] is not None and now - found["oldest"] > LATE
        digests = _Digests()
        for number, beginning in waiting.order_by().values_list("after_seal", "after_digest").distinct():
            if not digests.has(number, beginning):
                yield Finding("seal_missing", number, says=f"Events were written after a seal {number} that is gone.")
