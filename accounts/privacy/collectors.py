"""What an archive holds of somebody's rights: what they agreed to, asked for and were answered."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.privacy import texts
from accounts.privacy.models import Breach, Consent, DataRequest, Erasure, Export
from core.personal_data import Collector, Subject


def consents(subject: Subject) -> Iterator[dict[str, Any]]:
    for consent in Consent.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "purpose": consent.purpose,
            "words": texts.text_of(consent.purpose, consent.version),
            "version": consent.version,
            "given_at": consent.given_at,
            "given_through": consent.door,
            "given_from": consent.address,
            "language": consent.locale,
            "fingerprint_of_the_words": consent.text_hash,
            "withdrawn_at": consent.withdrawn_at,
            "withdrawn_through": consent.withdrawn_door,
            "withdrawn_from": consent.withdrawn_address,
        }


def archives(subject: Subject) -> Iterator[dict[str, Any]]:
    for export in Export.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "requested_at": export.requested_at,
            "status": export.status,
            "ready_at": export.ready_at,
            "fetched_at": export.fetched_at,
        }


def erasures(subject: Subject) -> Iterator[dict[str, Any]]:
    for erasure in Erasure.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "requested_at": erasure.requested_at,
            "status": erasure.status,
            "begins_at": erasure.due_at,
            "taken_back_at": erasure.cancelled_at,
        }


def requests(subject: Subject) -> Iterator[dict[str, Any]]:
    for request in DataRequest.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "reference": request.reference,
            "about": request.kind,
            "status": request.status,
            "name": request.name,
            "email": request.email,
            "message": request.message,
            "received_at": request.received_at,
            "answer": request.answer,
            "answered_at": request.answered_at,
        }


def work(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did for other people's rights, without telling whose."""
    for request in DataRequest.objects.filter(answered_by_id=subject.account).order_by("pk"):
        yield {"what": "answered a request", "reference": request.reference, "at": request.answered_at}
    for breach in Breach.objects.filter(created_by_id=subject.account).order_by("pk"):
        yield {"what": "wrote a breach down", "reference": breach.public_id, "at": breach.created_at}


COLLECTORS = [
    Collector(
        "consents",
        _("What you agreed to"),
        consents,
        ("privacy.Consent.user", "privacy.Consent.address", "privacy.Consent.withdrawn_address"),
    ),
    Collector("archives", _("Archives you asked for"), archives, ("privacy.Export.user",)),
    Collector("erasures", _("Erasures you asked for"), erasures, ("privacy.Erasure.user",)),
    Collector(
        "requests",
        _("Requests about your data"),
        requests,
        (
            "privacy.DataRequest.user",
            "privacy.DataRequest.name",
            "privacy.DataRequest.email",
            "privacy.DataRequest.message",
            "privacy.DataRequest.answer",
        ),
    ),
    Collector(
        "rights_work",
        _("What you did for others' rights"),
        work,
        ("privacy.DataRequest.answered_by", "privacy.Breach.created_by"),
    ),
]

NOT_COLLECTED = {
    "privacy.Export.fetched_by": "A fingerprint of the session that fetched an archive.",
    "privacy.Export.file_key": "The key of an encrypted file.",
    "privacy.Erasure.subject": "Only there while an erasure runs.",
    "privacy.DataRequest.proven_contact": "The address of the booking, which stands there.",
    "privacy.Breach": "About what happened, not about a person.",
    "privacy.PrivacySettings.officer_email": "The officer's address at work, shown to everybody.",
    "privacy.PrivacySettings.officer_phone": "The officer's number at work, shown to everybody.",
    "privacy.PrivacySettings.controller_address": "The company's address, shown to everybody.",
}
