"""Questions, wishes and grievances about data: taken from anybody, acknowledged, answered within thirty days."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy.models import DataRequest, Erasure
from accounts.privacy.states import REQUEST_MACHINE, ErasureStatus, RequestKind, RequestStatus
from core import audit, personal_data
from core.encryption import index_of_email
from core.errors import InvalidInput
from core.limits import Limit
from core.personal_data import Subject
from localization import formatting
from notifications import services as notifications

# Wide for an office behind one address; tight for one mailbox, which strangers could fill with acknowledgements.
BY_ADDRESS = Limit("data_request.address", most=10)
BY_MAILBOX = Limit("data_request.mailbox", most=3, seconds=24 * 3600)


class AnswerMissing(InvalidInput):
    code = "privacy_answer_missing"
    message = _("Write the answer first: it is mailed to the person.")


def take_request(
    *,
    kind: RequestKind,
    name: str,
    email: str,
    message: str,
    user: User | None = None,
    code: str = "",
    contact: str = "",
    address: str = "",
) -> DataRequest:
    """Write a request down and acknowledge it by mail.

    With a booking's code and what its guest would know, the bookings that are theirs are noted. Whether they were
    found is not told: nobody learns from here which codes there are.

    :param address: who asks, from core.limits.address_of
    :raises core.errors.TooManyAttempts: :raises core.errors.Unavailable: before anything is looked up
    """
    BY_ADDRESS.take(address)
    BY_MAILBOX.take(index_of_email(email))
    guest = _guest(code=code, contact=contact, address=address) if code and contact else None
    with transaction.atomic():
        request = DataRequest(
            kind=kind,
            user=user,
            name=name,
            email=email,
            message=message,
            language=user.language if user else translation.get_language() or "en",
        )
        if guest is not None:
            request.proven_rows = {model: sorted(map(str, ids)) for model, ids in guest.rows.items()}
            request.proven_contact = next(iter(guest.emails), "")
        request.save()
        audit.record("privacy.request_received", target=request, details={"kind": kind})
        _write(request, "privacy.request_received")
    return request


def _guest(*, code: str, contact: str, address: str) -> Subject | None:
    found = (find(code=code, contact=contact, address=address) for find in personal_data.guest_finders())
    return next((subject for subject in found if subject is not None), None)


@transaction.atomic
def answer_request(*, request: DataRequest, by: User, answer: str, is_refused: bool = False) -> DataRequest:
    """Answer a request, by mail; of somebody who is erased it is the mail that keeps what was said, the row nothing.

    :raises AnswerMissing: without words
    :raises core.states.IllegalMove: when it is answered already
    """
    if not answer.strip():
        raise AnswerMissing(errors={"answer": [AnswerMissing.message]})
    request = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    status = RequestStatus.REFUSED if is_refused else RequestStatus.ANSWERED
    REQUEST_MACHINE.check(request.status, status)
    request.status, request.answer = status, answer.strip()
    request.answered_at, request.answered_by = timezone.now(), by
    request.save()
    audit.record("privacy.request_answered", actor=by, target=request, details={"status": status})
    _write(request, "privacy.request_answered", answer=request.answer)
    if _is_from_somebody_erased(request):
        empty(DataRequest.objects.filter(pk=request.pk))
        request.refresh_from_db()
    return request


def empty(rows: QuerySet[DataRequest]) -> int:
    """Empty requests of what is personal, and return how many; that they were made and answered stays."""
    return rows.update(name="", email="", message="", answer="", proven_contact="")


def empty_answered(rows: QuerySet[DataRequest]) -> int:
    """Empty those that are answered, and return how many; an open one is still owed its answer."""
    # Whoever is writing an answer finishes first, or finds the erasure when they come to it.
    locked = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    return empty(DataRequest.objects.filter(pk__in=locked).exclude(status=RequestStatus.OPEN))


def _is_from_somebody_erased(request: DataRequest) -> bool:
    """Tell whether its account, or its guest in the bookings they have shown, is erased or in the middle of it."""
    whose = Q(request=request)
    if request.user_id is not None:
        whose |= Q(user_id=request.user_id)
    begun = Q(status=ErasureStatus.DONE) | Q(status=ErasureStatus.RUNNING) & ~Q(steps={})
    return Erasure.objects.filter(whose & begun).exists()


def _write(request: DataRequest, kind: str, **more: Any) -> None:
    if not request.email:
        return
    # Anybody can write anybody's address here: words of theirs greet nobody.
    proven = EmailAddress.objects.filter(user=request.user_id, email__iexact=request.email, verified=True)
    name = request.name if request.user_id is not None and proven.exists() else ""
    with translation.override(request.language):
        context = {
            "name": name,
            "reference": request.reference,
            "when": formatting.day_and_time(request.due_at, zone=formatting.HOME_ZONE),
            **more,
        }
        entry = notifications.catalogue.kind_called(kind)
        notifications.send(
            kind=kind,
            to=request.email,
            name=name,
            language=request.language,
            context={key: value for key, value in context.items() if key in entry.needs | entry.may_have},
            dedupe_key=f"{kind}:{request.public_id}",
        )
