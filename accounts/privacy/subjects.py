"""Who a person is, as far as finding their rows is concerned."""

from uuid import UUID

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.privacy.models import DataRequest
from core.personal_data import Subject


def subject_of(user: User, *, pseudonym: str = "") -> Subject:
    """Return the account's holder with the addresses and numbers that are proven to be theirs.

    An address somebody only wrote down may be another person's: what went there is not theirs to fetch or to erase.
    """
    verified = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    phone = user.phone if getattr(user, "phone_verified_at", None) else ""
    return Subject(
        user_id=user.pk,
        public_id=user.public_id,
        emails=frozenset(address.lower() for address in verified),
        phones=frozenset({phone} - {""}),
        language=user.language,
        pseudonym=pseudonym,
    )


def guest_subject(request: DataRequest, *, pseudonym: str = "") -> Subject:
    """Return the guest of a request, with the rows that they have shown to be theirs."""
    return Subject(
        rows={model: frozenset(map(UUID, ids)) for model, ids in request.proven_rows.items()},
        language=request.language,
        pseudonym=pseudonym,
    )
