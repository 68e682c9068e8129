"""Archives of what is held about somebody: asked for, put together by a worker, fetched once.

A request is a row; Celery is only the bell. A worker takes the row on a lease, so one that dies leaves it to the next.
The link opens once: to the device that opened it first it stays open for ten more minutes, because downloads break
off on weak lines; to every other one it is closed.
"""

import hashlib
import logging
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy import vault
from accounts.privacy.archive import archive_of
from accounts.privacy.models import DataRequest, Export
from accounts.privacy.states import (
    EXPORT_MACHINE,
    EXPORT_OPEN,
    LINK_LASTS,
    TAKE_UP_AGAIN,
    ExportStatus,
)
from accounts.privacy.subjects import guest_subject, subject_of
from core import audit
from core.errors import DomainError, NotFound
from core.outbox import enqueue
from core.personal_data import Subject
from localization import formatting
from notifications import services as notifications

logger = logging.getLogger(__name__)

TRIES = 5
LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(seconds=30)
# One that was fetched or ran out makes room for another; nobody needs more than a few a day.
MOST_A_DAY = 5


class ExportGone(DomainError):
    code = "privacy_export_gone"
    message = _("This archive was fetched already, or its time is over. Ask for a new one.")
    status = 410


class ExportNotReady(DomainError):
    code = "privacy_export_not_ready"
    message = _("The archive is still being put together. We write to you when it is ready.")


class TooManyExports(DomainError):
    code = "privacy_export_too_many"
    message = _("You have asked for several archives today. Please come back tomorrow.")
    status = 429


@transaction.atomic
def request_export(*, user: User) -> Export:
    """Ask for an archive; one that is under way or waits to be fetched is returned instead of a second one.

    :raises TooManyExports: after a few within a day
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    expire(user=user)
    under_way = Export.objects.filter(user=user, status__in=EXPORT_OPEN).first()
    if under_way is not None:
        return under_way
    _expect_few(Export.objects.filter(user=user))
    export = Export.objects.create(user=user, language=user.language)
    audit.record("privacy.export_requested", actor=user, target=export, on_behalf_of=user)
    transaction.on_commit(lambda: ring(export), robust=True)
    return export


@transaction.atomic
def request_guest_export(*, request: DataRequest) -> Export:
    """Ask for an archive of the bookings a guest has shown to be theirs; its link goes to the proven address alone.

    :raises NotFound: when nothing was shown, or no address is known to write to
    :raises TooManyExports: after a few within a day
    """
    request = DataRequest.objects.select_for_update().get(pk=request.pk)
    if not request.proven_rows or not request.proven_contact:
        raise NotFound(_("This guest has not shown a booking with an e-mail address, so there is nowhere to send it."))
    expire(request=request)
    under_way: Export | None = request.exports.filter(status__in=EXPORT_OPEN).first()
    if under_way is not None:
        return under_way
    _expect_few(request.exports.all())
    export = Export.objects.create(request=request, language=request.language)
    audit.record("privacy.export_requested", target=export)
    transaction.on_commit(lambda: ring(export), robust=True)
    return export


def _expect_few(exports: QuerySet[Export]) -> None:
    """:raises TooManyExports: when as many were asked for within a day as there may be"""
    if exports.filter(requested_at__gt=timezone.now() - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooManyExports(retry_after=24 * 3600)


def ring(export: Export) -> bool:
    """Ask a worker to begin now; without one, the sweep finds it."""
    from accounts.privacy.tasks import build_export

    return enqueue(build_export, export.pk)


def build_due(*, limit: int = 5) -> int:
    """Put together the archives that wait, and those whose worker died; return how many are ready now."""
    now = timezone.now()
    waiting = Export.objects.filter(
        status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING], next_attempt_at__lte=now
    ).order_by("next_attempt_at", "pk")
    return sum(build(export_id=pk) for pk in list(waiting.values_list("pk", flat=True)[:limit]))


def build(*, export_id: int) -> bool:
    """Put one archive together if it is due; tell whether it is ready."""
    export = _claim(export_id)
    if export is None:
        return False
    try:
        content = archive_of(subject_for(export))
        key = vault.put(export.file_name, content)
    except Exception as error:
        # Whatever it is: the row says so, the log has the traceback, another try follows.
        logger.exception("Archive %s could not be put together", export.public_id)
        _mark_failed(export, error)
        return False
    return _mark_ready(export, key=key, size=len(content))


def subject_for(export: Export) -> Subject:
    """Return whom an archive is about."""
    if export.user is not None:
        return subject_of(export.user)
    if export.request is None:
        raise LookupError(f"Archive {export.public_id} is nobody's.")
    return guest_subject(export.request)


@transaction.atomic
def _claim(export_id: int) -> Export | None:
    now = timezone.now()
    export = (
        Export.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(
            pk=export_id,
            status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING],
            next_attempt_at__lte=now,
        )
        .first()
    )
    if export is None:
        return None
    if export.attempts >= TRIES:
        # Only a worker that died at the last try leaves such a row.
        export.status = ExportStatus.FAILED
        export.last_error = export.last_error or "The worker stopped at every try."
        export.save(update_fields=["status", "last_error"])
        return None
    if export.status == ExportStatus.REQUESTED:
        EXPORT_MACHINE.check(export.status, ExportStatus.BUILDING)
        export.status = ExportStatus.BUILDING
    export.attempts += 1
    export.next_attempt_at = now + LEASE
    export.save(update_fields=["status", "attempts", "next_attempt_at"])
    return export


def _mark_failed(export: Export, error: Exception) -> None:
    for_good = export.attempts >= TRIES
    Export.objects.filter(pk=export.pk, status=ExportStatus.BUILDING, attempts=export.attempts).update(
        status=ExportStatus.FAILED if for_good else ExportStatus.REQUESTED,
        next_attempt_at=timezone.now() + FIRST_WAIT * 4 ** (export.attempts - 1),
        # The kind of error alone: its words may hold what the archive holds.
        last_error=type(error).__name__,
    )


@transaction.atomic
def _mark_ready(export: Export, *, key: str, size: int) -> bool:
    now = timezone.now()
    # The number of attempts is the lease's name: whoever woke up late must not undo what a later one did.
    mine = Export.objects.select_for_update(of=("self",)).filter(
        pk=export.pk, status=ExportStatus.BUILDING, attempts=export.attempts
    )
    row = mine.select_related("user", "request").first()
    if row is None:
        return False
    row.status = ExportStatus.READY
    row.ready_at, row.expires_at = now, now + LINK_LASTS
    row.file_key, row.size, row.last_error = key, size, ""
    link_key = secrets.token_urlsafe(32) if row.request_id else ""
    row.link_key_hash = _digest(link_key) if link_key else ""
    row.save()
    audit.record("privacy.export_ready", target=row, on_behalf_of=row.user)
    _tell(row, link_key)
    return True


def _tell(export: Export, link_key: str) -> None:
    """Write that the archive is ready: to the account's address, or to the one a guest has shown to be theirs."""
    to, name = (export.user.email, export.user.name) if export.user else ("", "")
    if export.request is not None:
        to, name = export.request.proven_contact, export.request.name
    if not to or export.expires_at is None:
        return
    with translation.override(export.language):
        path = (
            reverse("privacy:export")
            if export.user_id
            else f"{reverse('privacy:guest_archive', args=[export.public_id])}?key={link_key}"
        )
        notifications.send(
            kind="privacy.export_ready" if export.user_id else "privacy.guest_archive_ready",
            to=to,
            name=name,
            language=export.language,
            context={
                "name": name,
                "archive_url": settings.BASE_URL + path,
                "until": formatting.day_and_time(export.expires_at, zone=formatting.HOME_ZONE),
            },
            dedupe_key=f"privacy.export_ready:{export.public_id}",
            useful_until=export.expires_at,
        )


# --- Fetching -------------------------------------------------------------------------------------------------------


def fetch_export(*, user: User, public_id: UUID, device: str) -> tuple[Export, bytes]:
    """Return an archive's content to its owner, once.

    :param device: what tells the session at hand from others; it alone may take up a download that broke off
    :raises NotFound: :raises ExportNotReady: :raises ExportGone:
    """
    return _fetch(Q(public_id=public_id, user=user), device=device)


def fetch_guest_export(*, public_id: UUID, link_key: str, device: str) -> tuple[Export, bytes]:
    """Return a guest's archive to whoever has the link that was mailed to them, once.

    :raises NotFound: :raises ExportGone:
    """
    if not link_key:
        raise NotFound
    return _fetch(Q(public_id=public_id, user=None, link_key_hash=_digest(link_key)), device=device)


def _fetch(which: Q, *, device: str) -> tuple[Export, bytes]:
    now = timezone.now()
    with transaction.atomic():
        # Whoever comes second waits for the row, and finds it fetched.
        export = Export.objects.select_for_update(of=("self",)).filter(which).first()
        if export is None:
            raise NotFound
        if export.status in (ExportStatus.REQUESTED, ExportStatus.BUILDING):
            raise ExportNotReady
        again = (
            export.status == ExportStatus.FETCHED
            and export.fetched_at is not None
            and export.fetched_at + TAKE_UP_AGAIN > now
            and secrets.compare_digest(export.fetched_by, _digest(device))
        )
        if not again:
            if not export.can_be_fetched:
                audit.note("privacy.export_refused", target=export)
                raise ExportGone
            # Read before it counts as fetched: a file that does not open is nobody's fault but ours.
            content = _content(export)
            export.status, export.fetched_at, export.fetched_by = ExportStatus.FETCHED, now, _digest(device)
            export.save(update_fields=["status", "fetched_at", "fetched_by"])
            audit.record("privacy.export_fetched", actor=export.user, target=export, on_behalf_of=export.user)
            return export, content
    return export, _content(export)


def _content(export: Export) -> bytes:
    try:
        return vault.get(export.file_name, export.file_key)
    except vault.Lost as error:
        raise ExportGone from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- Its end --------------------------------------------------------------------------------------------------------


def expire(*, user: User | None = None, request: DataRequest | None = None, limit: int = 200) -> int:
    """Close the links whose time is over and delete the files nobody may fetch any more; return how many went."""
    now = timezone.now()
    over = Q(status=ExportStatus.READY, expires_at__lte=now)
    done = Q(status=ExportStatus.FETCHED, fetched_at__lte=now - TAKE_UP_AGAIN) | Q(
        status__in=[ExportStatus.EXPIRED, ExportStatus.FAILED]
    )
    rows = Export.objects.filter(over | (done & ~Q(size=0)))
    if user is not None:
        rows = rows.filter(user=user)
    if request is not None:
        rows = rows.filter(request=request)
    gone = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            export = Export.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if export is None:
                continue
            if export.status == ExportStatus.READY:
                export.status = ExportStatus.EXPIRED
            vault.drop(export.file_name)
            export.size, export.file_key = 0, ""
            export.save(update_fields=["status", "size", "file_key"])
            gone += 1
    return gone


def drop_strays() -> int:
    """Delete files of archives that no row speaks of any more, as after a restored backup."""
    # The files first, and the rows at one look: an archive that is begun or gets ready meanwhile is no stray.
    names = vault.names("exports")
    spoken_of = Export.objects.filter(~Q(size=0) | Q(status=ExportStatus.BUILDING))
    keep = {f"exports/{public_id}" for public_id in spoken_of.values_list("public_id", flat=True)}
    strays = [name for name in names if name not in keep]
    for name in strays:
        vault.drop(name)
    return len(strays)


@transaction.atomic
def drop_exports_of(*, user: User) -> int:
    """Delete every archive of a person, files and rows."""
    exports = list(Export.objects.select_for_update().filter(user=user))
    for export in exports:
        vault.drop(export.file_name)
    Export.objects.filter(pk__in=[export.pk for export in exports]).delete()
    return len(exports)
