"""Forgetting what somebody agreed to and asked for: the proof stays, where they sat goes."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy.models import Consent, DataRequest
from accounts.privacy.services import consents, exporting
from accounts.privacy.services.requests import empty_answered
from core.personal_data import Eraser, Outcome, Subject


def archives(subject: Subject) -> Outcome:
    user = User.objects.filter(pk=subject.account).first()
    return Outcome(gone=exporting.drop_exports_of(user=user) if user else 0)


def agreements(subject: Subject) -> Outcome:
    """Take every consent back, and the network addresses out of their proof."""
    user = User.objects.filter(pk=subject.account).first()
    if user is None:
        return Outcome()
    gone = consents.withdraw_all(user=user)
    mine = Consent.objects.filter(user=user)
    mine.update(address="", withdrawn_address="")
    return Outcome(gone=gone, kept=mine.count())


def requests(subject: Subject) -> Outcome:
    """Empty the requests that are answered; an open one when it is (services.requests.answer_request)."""
    mine = DataRequest.objects.filter(user_id=subject.account)
    return Outcome(gone=empty_answered(mine), kept=mine.count())


ERASERS = [
    Eraser("privacy.archives", _("Archives"), 70, archives, goes=_("Archives of your data that were put together.")),
    Eraser(
        "privacy.consents",
        _("Consents"),
        71,
        agreements,
        goes=_("All consents are taken back; the network addresses go."),
        stays=_("What was agreed to, when, and when it was taken back, without your name."),
        why=_("We must be able to show that we had consent (Data Protection Act, section 26)."),
        covers=("privacy.Consent.user", "privacy.Consent.address", "privacy.Consent.withdrawn_address"),
    ),
    Eraser(
        "privacy.requests",
        _("Requests about data"),
        72,
        requests,
        goes=_("Name, address, what you wrote and what we answered, in those that are answered."),
        stays=_(
            "That there was a request, about what, and when it was answered. An open one stays whole until its answer; "
            "then the mail with the answer is all that is left, for seven days."
        ),
        why=_("We must be able to show that we kept your rights (Data Protection Act, sections 34 to 38)."),
        covers=(
            "privacy.DataRequest.user",
            "privacy.DataRequest.name",
            "privacy.DataRequest.email",
            "privacy.DataRequest.message",
            "privacy.DataRequest.answer",
            "privacy.DataRequest.proven_contact",
            "privacy.Export.user",
            "privacy.Export.fetched_by",
            "privacy.Export.file_key",
        ),
    ),
]

_pseudonym = "The row it leads to holds nothing of the person any more."
NOT_ERASED = {
    "privacy.Erasure.user": _pseudonym,
    "privacy.Erasure.subject": "Emptied when the erasure is done.",
    "privacy.DataRequest.answered_by": _pseudonym,
    "privacy.Breach": _pseudonym,
    "privacy.Breach.created_by": _pseudonym,
    "privacy.PrivacySettings.officer_email": "The officer's address at work, shown to everybody.",
    "privacy.PrivacySettings.officer_phone": "The officer's number at work, shown to everybody.",
    "privacy.PrivacySettings.controller_address": "The company's address, shown to everybody.",
}
