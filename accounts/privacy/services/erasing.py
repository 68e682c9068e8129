"""Forgetting somebody: asked for, fourteen days to change one's mind, then step by step.

Each step of `core.personal_data.erasers()` runs in a transaction of its own that also notes it as done, so a process
killed anywhere leaves a row that the next run goes on with. What the law wants kept stays under a pseudonym.
"""

import logging
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy.events import ErasureCompleted
from accounts.privacy.models import DataRequest, Erased, Erasure
from accounts.privacy.services import forgotten, requests
from accounts.privacy.states import (
    ERASURE_CANCELLABLE,
    ERASURE_MACHINE,
    ERASURE_OPEN,
    REGRET,
    ErasureStatus,
    RequestKind,
)
from accounts.privacy.subjects import guest_subject, subject_of
from core import audit, personal_data
from core.errors import DomainError, NotFound
from core.outbox import enqueue, publish
from core.personal_data import Eraser, Outcome, Subject
from localization import formatting
from notifications import services as notifications

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
# Under a minute, so that a worker that is asked to stop can.
BUDGET = timedelta(seconds=45)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
LOOK_AGAIN = timedelta(days=1)
SALT = "privacy.keep_account"


class ErasureUnderWay(DomainError):
    code = "privacy_erasure_under_way"
    message = _("The erasure has begun and cannot be taken back any more.")


class NothingToCancel(NotFound):
    code = "privacy_no_erasure"
    message = _("There is no erasure to take back.")


class NotAskedToErase(DomainError):
    code = "privacy_not_asked_to_erase"
    message = _("This request asks for something else, so nobody is erased for it.")


# --- Asking, and changing one's mind --------------------------------------------------------------------------------


@transaction.atomic
def request_erasure(*, user: User) -> Erasure:
    """Ask to be forgotten in fourteen days; asked again meanwhile, the first wish stands.

    :raises accounts.services.LastOwner: while a restaurant would be left without an owner
    """
    wishes = Erasure.objects.filter(user=user, status__in=ERASURE_OPEN)
    if (under_way := wishes.first()) is not None:
        return under_way
    # Locks the owners of their restaurants, which comes before the account everywhere.
    _expect_nothing_against(subject_of(user))
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    if (under_way := wishes.first()) is not None:
        return under_way
    due = timezone.now() + REGRET
    erasure = Erasure.objects.create(user=user, language=user.language, due_at=due, next_attempt_at=due)
    audit.record("privacy.erasure_requested", actor=user, target=erasure, on_behalf_of=user)
    _write(erasure, "privacy.erasure_requested", user, keep_url=keep_url(erasure))
    return erasure


def request_guest_erasure(*, request: DataRequest) -> Erasure:
    """Forget a guest without an account in the bookings they have shown to be theirs; staff have checked the wish.

    :raises NotFound: when they have shown none
    :raises NotAskedToErase: when the request is about something else
    """
    if not request.proven_rows:
        raise NotFound(_("This guest has not shown a booking, so nobody knows what is theirs."))
    if request.kind != RequestKind.ERASE:
        raise NotAskedToErase
    with transaction.atomic():
        DataRequest.objects.select_for_update().get(pk=request.pk)
        erasure = request.erasures.exclude(status=ErasureStatus.CANCELLED).first()
        if erasure is not None:
            return erasure
        now = timezone.now()
        erasure = Erasure.objects.create(request=request, language=request.language, due_at=now, next_attempt_at=now)
        audit.record("privacy.erasure_requested", target=erasure)
        transaction.on_commit(lambda: ring(erasure), robust=True)
    return erasure


@transaction.atomic
def cancel_erasure(*, erasure: Erasure) -> Erasure:
    """Take the wish back.

    :raises NothingToCancel: when it was taken back, or is done
    :raises ErasureUnderWay: when it has begun
    """
    erasure = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
    if erasure.status == ErasureStatus.RUNNING:
        raise ErasureUnderWay
    if erasure.status not in ERASURE_CANCELLABLE or erasure.user is None:
        raise NothingToCancel
    ERASURE_MACHINE.check(erasure.status, ErasureStatus.CANCELLED)
    erasure.status, erasure.cancelled_at = ErasureStatus.CANCELLED, timezone.now()
    erasure.save(update_fields=["status", "cancelled_at"])
    audit.record("privacy.erasure_cancelled", target=erasure, on_behalf_of=erasure.user)
    _write(erasure, "privacy.erasure_cancelled", erasure.user)
    return erasure


def keep_token(erasure: Erasure) -> str:
    """Return what proves that somebody has the mail in which this erasure was announced."""
    return signing.Signer(salt=SALT).sign(erasure.public_id.hex).rpartition(":")[2]


def keep_url(erasure: Erasure) -> str:
    with translation.override(erasure.language):
        path = reverse("privacy:keep_account", args=[erasure.public_id])
    return f"{settings.BASE_URL}{path}?token={keep_token(erasure)}"


def erasure_to_keep(*, public_id: UUID, token: str) -> Erasure | None:
    """Return the erasure that a link from a mail may take back; None when the link is not one of ours."""
    try:
        signing.Signer(salt=SALT).unsign(f"{public_id.hex}:{token[:100]}")
    except signing.BadSignature:
        return None
    return Erasure.objects.filter(public_id=public_id).first()


def _expect_nothing_against(subject: Subject) -> None:
    """:raises DomainError: of the first app that cannot let this person go yet"""
    for eraser in personal_data.erasers(subject):
        if eraser.expect is not None:
            eraser.expect(subject)


# --- Running --------------------------------------------------------------------------------------------------------


def ring(erasure: Erasure) -> bool:
    """Ask a worker to go on now; without one, the sweep finds it."""
    from accounts.privacy.tasks import run_erasure

    return enqueue(run_erasure, erasure.pk)


def run_due(*, limit: int = 20) -> int:
    """Begin the erasures whose regret is over, go on with those that broke off; return how many are done now."""
    due = Erasure.objects.filter(status__in=ERASURE_OPEN, next_attempt_at__lte=timezone.now())
    keys = list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])
    return sum(run(erasure_id=pk) for pk in keys)


def run(*, erasure_id: int, budget: timedelta = BUDGET) -> bool:
    """Do the steps that are not done yet, as far as the time reaches; tell whether the person is forgotten now."""
    erasure = _begin(erasure_id)
    if erasure is None or erasure.subject is None:
        return False
    until = timezone.now() + budget
    subject = _subject_from(erasure)
    for eraser in personal_data.erasers(subject):
        while not _is_done(erasure, eraser):
            if timezone.now() >= until:
                _go_on_soon(erasure)
                return False
            try:
                goes_on = _step(erasure, eraser, subject)
            except Exception as error:
                logger.exception("Step %s of erasure %s failed", eraser.name, erasure.public_id)
                _wait(erasure, f"{eraser.name}: {type(error).__name__}")
                return False
            if not goes_on:
                return False
    _finish(erasure, subject)
    return True


@transaction.atomic
def _begin(erasure_id: int) -> Erasure | None:
    """Take the row on a lease, the first time fixing whom it is about; None when there is nothing to do."""
    now = timezone.now()
    erasure = (
        Erasure.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("user", "request")
        .filter(pk=erasure_id, status__in=ERASURE_OPEN, next_attempt_at__lte=now)
        .first()
    )
    if erasure is None:
        return None
    if erasure.status != ErasureStatus.RUNNING:
        pseudonym = f"Erased {secrets.token_hex(4).upper()}"
        subject = _subject_of(erasure, pseudonym)
        try:
            if not erasure.is_replay:
                _expect_nothing_against(subject)
        except DomainError as refusal:
            _hold_up(erasure, refusal)
            return None
        ERASURE_MACHINE.check(erasure.status, ErasureStatus.RUNNING)
        erasure.status, erasure.started_at, erasure.pseudonym = ErasureStatus.RUNNING, now, pseudonym
        erasure.subject = _stored(erasure, subject)  # type: ignore[assignment]  # its columns hold JSON
    erasure.attempts = min(erasure.attempts + 1, 30_000)
    erasure.next_attempt_at = now + LEASE
    erasure.save()
    return erasure


def _subject_of(erasure: Erasure, pseudonym: str) -> Subject:
    if erasure.user is not None:
        subject = subject_of(erasure.user, pseudonym=pseudonym)
    elif erasure.request is not None:
        subject = guest_subject(erasure.request, pseudonym=pseudonym)
    else:
        rows = {model: frozenset(map(UUID, ids)) for model, ids in (erasure.receipt.get("rows") or {}).items()}
        subject = Subject(rows=rows, pseudonym=pseudonym)
    return Subject(**{**vars(subject), "is_replay": erasure.is_replay})


def _stored(erasure: Erasure, subject: Subject) -> dict[str, Any]:
    """Return what the later steps must still know when the earlier ones have erased it."""
    user, request = erasure.user, erasure.request
    return {
        "public_id": str(subject.public_id or ""),
        "emails": sorted(subject.emails),
        "phones": sorted(subject.phones),
        "rows": {model: sorted(map(str, ids)) for model, ids in subject.rows.items()},
        "mail_to": user.email if user else request.proven_contact if request else "",
        "name": user.name if user else request.name if request else "",
    }


def _subject_from(erasure: Erasure) -> Subject:
    stored: Any = erasure.subject
    return Subject(
        user_id=erasure.user_id,
        public_id=UUID(stored["public_id"]) if stored["public_id"] else None,
        emails=frozenset(stored["emails"]),
        phones=frozenset(stored["phones"]),
        rows={model: frozenset(map(UUID, ids)) for model, ids in stored["rows"].items()},
        language=erasure.language,
        pseudonym=erasure.pseudonym,
        is_replay=erasure.is_replay,
    )


def _hold_up(erasure: Erasure, refusal: DomainError) -> None:
    first_time = erasure.status != ErasureStatus.HELD_UP
    if first_time:
        ERASURE_MACHINE.check(erasure.status, ErasureStatus.HELD_UP)
    erasure.status = ErasureStatus.HELD_UP
    erasure.last_error = refusal.code
    erasure.next_attempt_at = timezone.now() + LOOK_AGAIN
    # Fixed anew when it begins after all.
    erasure.started_at, erasure.pseudonym, erasure.subject = None, "", None
    erasure.save(update_fields=["status", "last_error", "next_attempt_at", "started_at", "pseudonym", "subject"])
    if first_time and erasure.user is not None:
        audit.record("privacy.erasure_held_up", target=erasure, details={"reason": refusal.code})
        with translation.override(erasure.language):
            _write(erasure, "privacy.erasure_held_up", erasure.user, reason=str(refusal), keep_url=keep_url(erasure))


def _is_done(erasure: Erasure, eraser: Eraser) -> bool:
    return bool(erasure.steps.get(eraser.name, {}).get("at"))


@transaction.atomic
def _step(erasure: Erasure, eraser: Eraser, subject: Subject) -> bool:
    """Do a step, or a batch of it, and note it: both or neither; tell whether the erasure is still under way.

    Before anything is erased it asks once more whether this person can go, in the transaction that does the first step:
    of two who may not both go, the second finds the account of the first closed and is held up, told, and whole.
    """
    # Two workers may hold the same erasure when a lease ran out under a slow one; the second finds the step done.
    row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
    erasure.steps = row.steps
    if row.status != ErasureStatus.RUNNING or _is_done(row, eraser):
        return _is_done(row, eraser)
    if not row.steps and not row.is_replay:
        try:
            _expect_nothing_against(subject)
        except DomainError as refusal:
            _hold_up(row, refusal)
            return False
    outcome: Outcome = eraser.erase(subject)
    before = row.steps.get(eraser.name, {})
    row.steps[eraser.name] = {
        "at": "" if outcome.more else timezone.now().isoformat(),
        "gone": before.get("gone", 0) + outcome.gone,
        "kept": max(before.get("kept", 0), outcome.kept),
    }
    row.next_attempt_at = timezone.now() + LEASE
    row.save(update_fields=["steps", "next_attempt_at"])
    return True


def _go_on_soon(erasure: Erasure) -> None:
    Erasure.objects.filter(pk=erasure.pk, status=ErasureStatus.RUNNING).update(next_attempt_at=timezone.now())


def _wait(erasure: Erasure, error: str) -> None:
    wait = min(FIRST_WAIT * 2 ** min(erasure.attempts, 10), LONGEST_WAIT)
    Erasure.objects.filter(pk=erasure.pk, status=ErasureStatus.RUNNING).update(
        next_attempt_at=timezone.now() + wait, last_error=error[:300]
    )


@transaction.atomic
def _finish(erasure: Erasure, subject: Subject) -> None:
    row = Erasure.objects.select_for_update(of=("self",)).select_related("user").get(pk=erasure.pk)
    if row.status != ErasureStatus.RUNNING or row.subject is None:
        return
    told: Any = row.subject
    now = timezone.now()
    rows = {model: sorted(map(str, ids)) for model, ids in subject.rows.items()}
    entry, _created = Erased.objects.get_or_create(
        erasure_id=row.public_id,
        fingerprint=forgotten.fingerprint_of(subject.public_id) if subject.public_id else "",
        defaults={
            "kind": Erased.Kind.ACCOUNT if subject.has_account else Erased.Kind.GUEST,
            "key_name": forgotten.key_in_use() if subject.public_id else "",
            "rows": rows,
            "pseudonym": row.pseudonym,
            "erased_at": now,
        },
    )
    forgotten.keep_outside(entry)
    row.status, row.done_at, row.subject, row.last_error = ErasureStatus.DONE, now, None, ""
    row.receipt = receipt_of(row, subject)
    row.save()
    if row.request_id is not None:
        # The wish itself, when it was answered while it was carried out.
        requests.empty_answered(DataRequest.objects.filter(pk=row.request_id))
    publish(ErasureCompleted(erasure=row.public_id, user=subject.user_id, pseudonym=row.pseudonym, rows=rows))
    audit.record("privacy.erasure_done", target=row, details={"steps": len(row.steps)})
    # Whoever was forgotten before a backup was restored has the receipt already.
    if told["mail_to"] and not row.is_replay:
        _send_receipt(row, subject, to=told["mail_to"], name=told["name"])


def _send_receipt(erasure: Erasure, subject: Subject, *, to: str, name: str) -> None:
    """Write what went and what stays; a guest is told of their tables as well, for no other mail can reach them."""
    kind = "privacy.erasure_done" if subject.has_account else "privacy.guest_erased"
    said = {"name": name, "reference": str(erasure.public_id), "stays": "\n".join(_stays(erasure.receipt))}
    if not subject.has_account:
        said["goes"] = "\n".join(
            f"{line['label']}: {line['goes']}" for line in erasure.receipt["lines"] if line["goes"] and line["gone"]
        )
    with translation.override(erasure.language):
        notifications.send(
            kind=kind,
            to=to,
            name=name,
            language=erasure.language,
            context=said,
            dedupe_key=f"{kind}:{erasure.public_id}",
        )


def receipt_of(erasure: Erasure, subject: Subject) -> dict[str, Any]:
    """Return what went, what stays and why, in the person's language."""
    with translation.override(erasure.language):
        lines = [
            {
                "step": eraser.name,
                "label": str(eraser.label),
                "goes": str(eraser.goes),
                "gone": erasure.steps.get(eraser.name, {}).get("gone", 0),
                "stays": str(eraser.stays),
                "kept": erasure.steps.get(eraser.name, {}).get("kept", 0),
                "why": str(eraser.why),
            }
            for eraser in personal_data.erasers(subject)
        ]
    return {"lines": lines, "rows": {model: sorted(map(str, ids)) for model, ids in subject.rows.items()}}


def _stays(receipt: dict[str, Any]) -> list[str]:
    return [
        f"{line['label']}: {line['stays']} {line['why']}".strip()
        for line in receipt["lines"]
        if line["stays"] and line["kept"]
    ]


def _write(erasure: Erasure, kind: str, user: User, **more: Any) -> None:
    with translation.override(erasure.language):
        context = {
            "name": user.name,
            "when": formatting.day_and_time(erasure.due_at, zone=formatting.HOME_ZONE),
            **more,
        }
        entry = notifications.catalogue.kind_called(kind)
        notifications.send(
            kind=kind,
            to=user.email,
            name=user.name,
            language=erasure.language,
            context={name: value for name, value in context.items() if name in entry.needs | entry.may_have},
            dedupe_key=f"{kind}:{erasure.public_id}",
        )
