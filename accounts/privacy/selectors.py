"""Questions about consents, archives and erasures."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.privacy import texts
from accounts.privacy.models import Consent, DataRequest, Erasure, Export
from accounts.privacy.states import (
    ERASURE_OPEN,
    OPTIONAL,
    ErasureStatus,
    ExportStatus,
    Purpose,
    RequestKind,
    RequestStatus,
)
from accounts.privacy.subjects import guest_subject
from core import personal_data
from core.encryption import index_of_phone


def consents_to(user: User | None, purpose: str) -> bool:
    """Tell whether a person agrees, today, to something; the one question that others ask before they do it.

    A yes to words that have since changed in meaning is none, nor is that of an account that is closed.
    """
    if user is None or user.pk is None or not user.is_active:
        return False
    stands = Consent.objects.filter(
        user=user, purpose=purpose, withdrawn_at=None, version__gte=texts.oldest_that_counts(purpose)
    )
    return stands.exists()


def wants_promotion(address: str) -> bool:
    """Tell whether whoever has this address or number agreed to news and offers; asked by `notifications.services`."""
    known = User.objects.filter(is_active=True)
    if "@" in address:
        user = known.filter(email=address.strip().lower()).first()
    else:
        user = known.filter(phone_index=index_of_phone(address), phone_verified_at__isnull=False).first()
    return user is not None and consents_to(user, Purpose.MARKETING) and open_erasure_of(user) is None


def standing_consents(user: User) -> Mapping[str, Consent]:
    """Return what a person agrees to today: purpose -> consent."""
    standing = Consent.objects.filter(user=user, withdrawn_at=None)
    return {
        consent.purpose: consent for consent in standing if consent.version >= texts.oldest_that_counts(consent.purpose)
    }


def history_of(user: User) -> QuerySet[Consent]:
    """Return everything a person ever agreed to, the latest first."""
    return Consent.objects.filter(user=user).order_by("-given_at", "-pk")


def choices_of(user: User) -> list[dict[str, Any]]:
    """Return each purpose one may agree to, its words, and whether this person does."""
    standing = standing_consents(user)
    return [
        {
            "purpose": purpose.value,
            "label": purpose.label,
            "text": texts.current(purpose).text,
            "version": texts.current(purpose).version,
            "given": purpose in standing,
            "given_at": standing[purpose].given_at if purpose in standing else None,
        }
        for purpose in OPTIONAL
    ]


def latest_export_of(user: User) -> Export | None:
    return Export.objects.filter(user=user).order_by("-requested_at", "-pk").first()


def open_erasure_of(user: User) -> Erasure | None:
    """Return the erasure that a person asked for and that is not over, if there is one."""
    return Erasure.objects.filter(user=user, status__in=ERASURE_OPEN).first()


def done_for(request: DataRequest) -> dict[str, Any]:
    """Return what was begun for a guest's request, and what may be begun now."""
    archive: Export | None = request.exports.order_by("-requested_at", "-pk").first()
    erasure: Erasure | None = request.erasures.exclude(status=ErasureStatus.CANCELLED).first()
    is_theirs = request.status == RequestStatus.OPEN and bool(request.proven_rows) and erasure is None
    is_over = archive is None or archive.status in (ExportStatus.FAILED, ExportStatus.EXPIRED)
    return {
        "archive": archive,
        "erasure": erasure,
        "may_archive": is_theirs and is_over,
        "may_erase": is_theirs and request.kind == RequestKind.ERASE,
    }


def rows_shown_by(request: DataRequest) -> Iterator[dict[str, Any]]:
    """Return the rows that a guest has shown to be theirs, as their archive has them."""
    subject = guest_subject(request)
    shown = {key for keys in subject.rows.values() for key in keys}
    for collector in personal_data.collectors(subject):
        yield from (row for row in collector.rows(subject) if row.get("id") in shown)
