"""What differs: written down once, closed by itself when it is gone, or by a person who knows why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core import audit
from payments.models import Payment
from payments.reconciliation import errors
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.selectors import figures
from payments.reconciliation.states import FINDING_MACHINE, OF_NO_DAY, FindingKind, FindingState
from payments.services import bookkeeping
from payments.services.settling import locked


@dataclass(frozen=True)
class Difference:
    """What differs, with what stands on both sides."""

    kind: FindingKind
    gateway: str
    mode: str
    # With the kind and the gateway, what makes it the same difference when it is found again.
    about: str
    payment: Payment | None = None
    reference: str = ""
    gateway_id: str = ""
    ours_kobo: int | None = None
    theirs_kobo: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.gateway}:{self.mode}:{self.kind}:{self.about}"[:200]


@transaction.atomic
def note(difference: Difference, *, run: Run | None = None, is_gone: bool = False) -> Finding:
    """Write a difference down, or that it is still there, and return its row.

    What a person has explained stays so while the amounts are those that were explained.

    :param is_gone: it was found and set right in one go: what is kept is that it was there
    """
    now = timezone.now()
    new = Finding(
        key=difference.key,
        kind=difference.kind,
        gateway=difference.gateway,
        mode=difference.mode,
        run=run,
        found_at=now,
        last_found_at=now,
        state=FindingState.RESOLVED if is_gone else FindingState.OPEN,
        closed_at=now if is_gone else None,
        **_told(difference),
    )
    Finding.objects.bulk_create([new], ignore_conflicts=True)
    row = Finding.objects.select_for_update(of=("self",)).get(key=difference.key)
    if row.public_id == new.public_id:
        return row
    is_another = (row.ours_kobo, row.theirs_kobo) != (difference.ours_kobo, difference.theirs_kobo)
    for name, value in _told(difference).items():
        setattr(row, name, value)
    row.run, row.last_found_at = run, now
    row.times = F("times") + 1
    if is_gone:
        if row.state == FindingState.OPEN:
            _close(row, FindingState.RESOLVED)
    elif row.state == FindingState.RESOLVED or (row.state == FindingState.EXPLAINED and is_another):
        row.move_to(FindingState.OPEN)
        row.closed_at, row.closed_by, row.note = None, None, ""
    row.save()
    row.refresh_from_db()
    return row


def _told(difference: Difference) -> dict[str, Any]:
    payment = difference.payment
    return {
        "payment": payment,
        "reference": (difference.reference or (payment.reference if payment else ""))[:100],
        "gateway_id": (difference.gateway_id or (payment.gateway_id if payment else ""))[:100],
        "ours_kobo": difference.ours_kobo,
        "theirs_kobo": difference.theirs_kobo,
        "evidence": dict(difference.evidence),
    }


def _close(row: Finding, state: FindingState, *, by: User | None = None, why: str = "") -> None:
    row.move_to(state)
    row.closed_at, row.closed_by, row.note = timezone.now(), by, why[:300]


def close_what_is_gone(run: Run) -> int:
    """Close what an earlier comparison of this day had found and this one has not; return how many there were."""
    rows = Finding.objects.filter(run=run, last_found_at__lt=run.began_at)
    return _resolve(rows)


def close_what_is_gone_of_no_day(*, gateway: str, mode: str, since: datetime) -> int:
    """Close what is of no day and was not found since then; return how many there were."""
    rows = Finding.objects.filter(gateway=gateway, mode=mode, kind__in=OF_NO_DAY, last_found_at__lt=since)
    return _resolve(rows)


def _resolve(rows: Any) -> int:
    gone: int = rows.filter(state=FindingState.OPEN).update(
        state=FindingState.RESOLVED, closed_at=timezone.now(), closed_by=None, note=""
    )
    return gone


@transaction.atomic
def close(*, finding: Finding, state: FindingState, by: User, note: str) -> Finding:
    """Close a difference by hand, with a sentence that says why; found again otherwise, it opens again.

    :raises NotOpen: when it is closed already
    :raises NoteMissing: without a sentence
    """
    row = Finding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
    if row.state == state or not FINDING_MACHINE.allows(FindingState(row.state), state):
        raise errors.NotOpen
    if not note.strip():
        raise errors.NoteMissing
    _close(row, state, by=by, why=note.strip())
    row.save()
    details = {"kind": row.kind, "gateway": row.gateway, "state": row.state}
    audit.record("reconciliation.finding_closed", actor=by, target=("finding", str(row.public_id)), details=details)
    return row


@transaction.atomic
def take_fee_over(*, finding: Finding, by: User) -> Payment:
    """Believe the gateway about its fee: the payment and the books follow, and the finding is closed.

    :raises NotOpen: when the finding is not of an open difference of fees
    """
    row = Finding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
    is_open_fee = row.kind == FindingKind.FEE and row.state == FindingState.OPEN
    if not is_open_fee or row.payment_id is None or row.theirs_kobo is None:
        raise errors.NotOpen
    payment = locked(row.payment_id)
    # What stands in the books is what is corrected, whatever the payment's own row says of it.
    before = figures([payment])[payment.public_id].fee_kobo
    payment.fee_kobo = row.theirs_kobo
    payment.save(update_fields=["fee_kobo", "updated_at"])
    bookkeeping.fee_told(payment, before_kobo=before)
    _close(row, FindingState.RESOLVED, by=by)
    row.save()
    details = {"gateway": row.gateway, "before_kobo": before, "fee_kobo": payment.fee_kobo}
    audit.record("reconciliation.fee_taken_over", actor=by, target=payment, details=details)
    return payment
