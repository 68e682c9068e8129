"""How long rows of people and their ways in are kept."""

from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Membership, User
from accounts.states import InvitationStatus
from accounts.tokens.models import TokenFamily
from core.personal_data import Policy, deleting


def unconfirmed(before: datetime) -> QuerySet[User]:
    """Return those who began to make an account and never showed that an address or number is theirs."""
    mine = EmailAddress.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(
        # Whom the platform's own people entered, or a test made, has no address waiting.
        Exists(mine.filter(verified=False)),
        ~Exists(mine.filter(verified=True)),
        ~Exists(Membership.objects.filter(user=OuterRef("pk"))),
        date_joined__lt=before,
        last_login__isnull=True,
        phone_verified_at__isnull=True,
        is_staff=False,
        is_superuser=False,
    )


def forget_unconfirmed(before: datetime, limit: int) -> int:
    keys = list(unconfirmed(before).order_by("pk").values_list("pk", flat=True)[:limit])
    forget(keys)
    return len(keys)


def forget(keys: list[int]) -> None:
    """Delete accounts that never came to be, by their keys; what was agreed to with them goes too."""
    with pgtrigger.ignore("privacy.Consent:kept"):
        User.objects.filter(pk__in=keys).delete()


def answered_invitations(before: datetime) -> QuerySet[Invitation]:
    over = Q(expires_at__lt=before) | ~Q(status=InvitationStatus.PENDING) & Q(answered_at__lt=before)
    return Invitation.objects.filter(over)


def ended_families(before: datetime) -> QuerySet[TokenFamily]:
    return TokenFamily.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))


def old_sessions(before: datetime) -> QuerySet[Any]:
    return UserSession.objects.filter(last_seen_at__lt=before)


POLICIES = [
    Policy(
        "accounts.unconfirmed",
        _("Accounts that were begun and never confirmed"),
        timedelta(days=7),
        _("after they were begun"),
        _("Nobody has shown that the address is theirs."),
        count=lambda before: unconfirmed(before).count(),
        sweep=forget_unconfirmed,
    ),
    Policy(
        "accounts.invitations",
        _("Invitations to work at a restaurant"),
        timedelta(days=30),
        _("after they were answered or ran out"),
        _("To answer questions about them."),
        **deleting(answered_invitations),
    ),
    Policy(
        "accounts.devices",
        _("Devices that were signed in"),
        timedelta(days=30),
        _("after they were logged out"),
        _("So that you can recognise a log-in that was not yours."),
        **deleting(ended_families),
    ),
    Policy(
        "accounts.sessions",
        _("List of sessions with their network addresses"),
        timedelta(days=30),
        _("after they were last seen"),
        _("So that you can recognise a log-in that was not yours."),
        **deleting(old_sessions),
    ),
]
