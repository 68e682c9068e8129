"""How long the proof of people's rights is kept."""

from datetime import datetime, timedelta

import pgtrigger
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from accounts.privacy.models import Consent, DataRequest, Erased, Erasure, Export, RetentionRun
from accounts.privacy.services import exporting
from accounts.privacy.states import EXPORT_OPEN, ErasureStatus, ExportStatus, RequestStatus
from core.personal_data import Policy, deleting, emptying

SIX_YEARS = timedelta(days=6 * 365)
TWO_YEARS = timedelta(days=730)


def old_consents(before: datetime) -> QuerySet[Consent]:
    return Consent.objects.filter(withdrawn_at__lt=before)


def forget_consents(before: datetime, limit: int) -> int:
    keys = list(old_consents(before).order_by("pk").values_list("pk", flat=True)[:limit])
    with pgtrigger.ignore("privacy.Consent:kept"):
        Consent.objects.filter(pk__in=keys).delete()
    return len(keys)


def noted_addresses(before: datetime) -> QuerySet[Consent]:
    noted = Length("address") + Length("withdrawn_address")
    return Consent.objects.annotate(noted=noted).filter(given_at__lt=before, noted__gt=0)


def waiting_files(before: datetime) -> QuerySet[Export]:
    return Export.objects.filter(Q(status=ExportStatus.READY, ready_at__lt=before))


def old_archives(before: datetime) -> QuerySet[Export]:
    return Export.objects.filter(requested_at__lt=before, size=0).exclude(status__in=EXPORT_OPEN)


def answered(before: datetime) -> QuerySet[DataRequest]:
    told = Length("name") + Length("email") + Length("message") + Length("answer") + Length("proven_contact")
    over = DataRequest.objects.annotate(told=told).filter(answered_at__lt=before, told__gt=0)
    return over.exclude(status=RequestStatus.OPEN)


def sweep_files(before: datetime, limit: int) -> int:
    return exporting.expire(limit=limit) + exporting.drop_strays()


POLICIES = [
    Policy(
        "privacy.exports",
        _("Archives that wait to be fetched"),
        timedelta(days=7),
        _("after they were ready; a fetched one goes after ten minutes"),
        _("So that you find the time to fetch yours."),
        count=lambda before: waiting_files(before).count(),
        sweep=sweep_files,
    ),
    Policy(
        "privacy.export_records",
        _("That an archive was asked for"),
        TWO_YEARS,
        _("after it was asked for"),
        _("To show that we kept your rights."),
        **deleting(old_archives),
    ),
    Policy(
        "privacy.requests",
        _("What you wrote about your data, and our answer"),
        TWO_YEARS,
        _("after the answer, or with it once you are erased"),
        _("To show that we kept your rights."),
        **emptying(answered, name="", email="", message="", answer="", proven_contact=""),
    ),
    Policy(
        "privacy.consents",
        _("What you agreed to"),
        SIX_YEARS,
        _("after you took it back"),
        _("To show that we had your consent, as long as somebody may ask in court."),
        count=lambda before: old_consents(before).count(),
        sweep=forget_consents,
    ),
    Policy(
        "privacy.consent_addresses",
        _("Network addresses noted with a consent"),
        TWO_YEARS,
        _("after it was given"),
        _("Part of the proof that it was you."),
        **emptying(noted_addresses, address="", withdrawn_address=""),
    ),
    Policy(
        "privacy.erasures",
        _("That somebody was erased, without saying who"),
        SIX_YEARS,
        _("after the erasure"),
        _("So that a restored backup does not bring anybody back."),
        **deleting(lambda before: Erasure.objects.filter(status=ErasureStatus.DONE, done_at__lt=before)),
    ),
    Policy(
        "privacy.forgotten",
        _("List of the forgotten, as fingerprints"),
        SIX_YEARS,
        _("after the erasure"),
        _("So that a restored backup does not bring anybody back."),
        **deleting(lambda before: Erased.objects.filter(erased_at__lt=before)),
    ),
    Policy(
        "privacy.retention_runs",
        _("Figures of this very list"),
        TWO_YEARS,
        _("after the night"),
        _("They count rows and name nobody."),
        **deleting(lambda before: RetentionRun.objects.filter(started_at__lt=before)),
    ),
]
