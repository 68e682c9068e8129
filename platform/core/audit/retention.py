"""Events are kept for 24 months. What is older goes by this one way, and the chain still verifies without it."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import audit
from core.audit import verifying
from core.audit.models import AuditCheckpoint, AuditSeal
from core.errors import DomainError

logger = logging.getLogger(__name__)

# A little more than the 24 calendar months on which the database insists.
KEPT_FOR = timedelta(days=732)
BATCH = 5_000


class ChainBroken(DomainError):
    code = "audit_chain_broken"
    message = _("The audit was tampered with. Until somebody has looked into it, nothing is deleted.")
    status = 409


@dataclass(frozen=True)
class Forgotten:
    up_to_seal: int
    events: int


def forget_old(*, limit: int | None = None, dry_run: bool = False) -> Forgotten:
    """Delete the events whose seals are older than 24 months; can be stopped at any time and run again.

    A checkpoint is recorded first: from then on the database lets these events go, and verify_audit does not miss them.

    :param limit: delete at most so many. What the last checkpoint let go is finished before the chain is verified for
        the next one, so that many small calls do not each read the whole trail
    :param dry_run: count, and change nothing
    :raises ChainBroken: when the chain does not verify; what is odd must not be tidied away
    """
    old = AuditSeal.objects.filter(at__lt=timezone.now() - KEPT_FOR).order_by("-number").defer("leaves").first()
    if old is None:
        return Forgotten(0, 0)
    if dry_run:
        return Forgotten(old.number, sum(_count(seal) for seal in _served(old.number)))
    if limit is not None:
        agreed = AuditCheckpoint.objects.aggregate(number=models.Max("seal_number"))["number"] or 0
        if gone := _let_go(agreed, limit):
            return Forgotten(agreed, gone)
        if old.number <= agreed:
            return Forgotten(agreed, 0)
    if not verifying.verify().is_sound:
        raise ChainBroken
    AuditCheckpoint.objects.get_or_create(seal_number=old.number, defaults={"seal_digest": old.digest})
    return Forgotten(old.number, _let_go(old.number, limit))


def _let_go(up_to: int, limit: int | None) -> int:
    """Delete events up to a seal with a checkpoint, the oldest first, and at most `limit`; return how many went."""
    gone = 0
    for seal in _served(up_to):
        left = None if limit is None else limit - gone
        if left is not None and left <= 0:
            break
        went = _delete(seal, left)
        gone += went
        if left is not None and went >= left:
            # There may be more of this seal; its list of events goes with the last of them.
            break
        AuditSeal.objects.filter(pk=seal.pk).update(leaves=b"")
    if gone:
        audit.record("audit.checkpoint", details={"up_to_seal": up_to, "events": gone})
        logger.info("audit checkpoint at seal %d: %d events deleted", up_to, gone)
    return gone


def _served(up_to: int) -> list[AuditSeal]:
    return list(AuditSeal.objects.filter(number__lte=up_to).exclude(leaves=b"").order_by("number").defer("leaves"))


def _count(seal: AuditSeal) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_auditevent WHERE era = %s AND (tx, id) <= (%s, %s) AND (tx, id) > (%s, %s)",
            [seal.era, seal.last_tx, seal.last_id, *_before(seal)],
        )
        return int(cursor.fetchone()[0])


def _delete(seal: AuditSeal, limit: int | None) -> int:
    deleted = 0
    while True:
        batch = BATCH if limit is None else min(BATCH, limit - deleted)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audit_auditevent WHERE id IN (SELECT id FROM audit_auditevent WHERE era = %s "
                "AND (tx, id) <= (%s, %s) AND (tx, id) > (%s, %s) ORDER BY era, tx, id LIMIT %s)",
                [seal.era, seal.last_tx, seal.last_id, *_before(seal), batch],
            )
            count = cursor.rowcount
        deleted += count
        if count < batch or deleted == limit:
            return deleted


def _before(seal: AuditSeal) -> tuple[int, int]:
    before = AuditSeal.objects.filter(era=seal.era, number__lt=seal.number).order_by("-number").defer("leaves").first()
    return (before.last_tx, before.last_id) if before else (0, 0)
