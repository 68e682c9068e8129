"""Forgetting an account: closed first, then roles, ways in and devices, at last the profile itself."""

import uuid

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Token
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Membership, PlatformMembership, User
from accounts.services import LastOwner, expect_another_admin, houses_left_alone, withdraw_invitations
from accounts.tokens.models import TokenFamily
from accounts.tokens.services import close_families
from accounts.tokens.states import Reason
from core import audit
from core.audit.models import AuditEvent
from core.personal_data import Eraser, Outcome, Subject


def expect_no_duty(subject: Subject) -> None:
    """:raises LastOwner: :raises LastAdmin: while a restaurant, or the platform, would be left without anybody"""
    if left_alone := houses_left_alone(user_id=subject.account):
        sentence = _("You are the only owner of %(restaurants)s. Make somebody else an owner there first.")
        raise LastOwner(sentence, restaurants=", ".join(left_alone))
    admin = User.objects.filter(pk=subject.account, is_superuser=True).first()
    if admin is not None:
        expect_another_admin(user=admin)


def close(subject: Subject) -> Outcome:
    """Let nobody in any more, and log out everywhere."""
    user = User.objects.select_for_update().filter(pk=subject.account).first()
    if user is None:
        return Outcome()
    user.is_active = False
    user.save(update_fields=["is_active"])
    return Outcome(gone=close_families(user=user, reason=Reason.DEACTIVATED))


def leave(subject: Subject) -> Outcome:
    """Give up every role. Quietly: who is forgotten gets a receipt, not a mail for each role.

    Whether a restaurant can do without them was asked when the account was closed; since then they are no owner it
    could lean on.
    """
    gone = 0
    for held in Membership.objects.filter(user_id=subject.account).select_related("user"):
        audit.record(
            "account.role_removed", target=held.user, restaurant_id=held.restaurant_id, details={"was": held.role}
        )
        gone += held.delete()[0]
    gone += PlatformMembership.objects.filter(user_id=subject.account).delete()[0]
    inviter = User.objects.filter(pk=subject.account).first()
    if inviter is not None:
        withdraw_invitations(inviter)
    if subject.emails:
        gone += Invitation.objects.filter(email__in=subject.emails).delete()[0]
    return Outcome(gone=gone)


def ways_in(subject: Subject) -> Outcome:
    """Delete addresses, connected log-ins, second factors and devices."""
    gone = 0
    for model in (EmailAddress, SocialAccount, Authenticator, Token, UserSession, TokenFamily):
        gone += model._default_manager.filter(user_id=subject.account).delete()[0]
    return Outcome(gone=gone)


def profile(subject: Subject) -> Outcome:
    """Put the pseudonym in the person's place. The row stays: bookings and later payments lean on it."""
    user = User.objects.select_for_update().filter(pk=subject.account).first()
    if user is None or user.public_id != subject.public_id:
        return Outcome()
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    LogEntry.objects.filter(about).update(object_repr=subject.pseudonym)
    user.public_id = uuid.uuid4()
    user.email = f"erased-{user.public_id.hex}@erased.invalid"
    user.name = subject.pseudonym
    user.phone, user.phone_verified_at, user.language = "", None, "en"
    user.is_staff = user.is_superuser = user.is_active = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    return Outcome(gone=1)


def trail(subject: Subject) -> Outcome:
    """Leave the audit trail as it is, and say so."""
    if subject.public_id is None:
        return Outcome()
    about = AuditEvent.objects.filter(Q(actor_id=subject.public_id) | Q(target_id=str(subject.public_id)))
    return Outcome(kept=about.count())


ERASERS = [
    Eraser(
        "accounts.close",
        _("Log-in"),
        10,
        close,
        goes=_("You are logged out everywhere, and nobody can log in any more."),
        expect=expect_no_duty,
    ),
    Eraser(
        "accounts.roles",
        _("Work at restaurants"),
        50,
        leave,
        goes=_("Your roles, and invitations to your address."),
        covers=(
            "accounts.Membership.user",
            "accounts.PlatformMembership.user",
            "accounts.Invitation.email",
        ),
    ),
    Eraser(
        "accounts.ways_in",
        _("Addresses, devices, second factors"),
        60,
        ways_in,
        goes=_("E-mail addresses, connected log-ins, passkeys, authenticator apps, recovery codes, devices, sessions."),
        covers=(
            "account.EmailAddress.user",
            "account.EmailAddress.email",
            "account.EmailConfirmation",
            "socialaccount.SocialAccount.user",
            "socialaccount.SocialToken",
            "mfa.Authenticator.user",
            "second_factor.AuthenticatorApp",
            "second_factor.AuthenticatorApp.user",
            "second_factor.AuthenticatorApp.name",
            "allauth_idp_oidc.Token.user",
            "usersessions.UserSession.user",
            "usersessions.UserSession.ip",
            "usersessions.UserSession.user_agent",
            "tokens.TokenFamily.user",
            "tokens.TokenFamily.user_agent",
        ),
    ),
    Eraser(
        "accounts.trail",
        _("Audit trail"),
        80,
        trail,
        stays=_("That something was done, when, and from which network address, which is encrypted; no name."),
        why=_(
            "We must be able to show and to clear up misuse (Data Protection Act, section 39). It goes after two years."
        ),
    ),
    Eraser(
        "accounts.profile",
        _("Profile"),
        90,
        profile,
        goes=_("Name, e-mail address, phone, password. A random word takes their place."),
        covers=("accounts.User",),
    ),
]

_pseudonym = "The row it leads to holds nothing of the person any more."
NOT_ERASED = {
    "accounts.MembershipHistory": "Append-only: which key had which role at a house, whoever it was.",
    "accounts.MembershipHistory.user": "Append-only; the key leads to nobody once the account is emptied.",
    "accounts.User_groups.user": "Groups are not used.",
    "accounts.User_user_permissions.user": "Django's permissions are not used.",
    "accounts.Invitation.invited_by": _pseudonym,
    "admin.LogEntry.user": _pseudonym,
    "pghistory.MiddlewareEvents": "A view over rows of history.",
    "pghistory.MiddlewareEvents.user": "A view over rows of history.",
    "audit.AuditEvent.actor_id": "The public id is no longer anybody's; the trail is kept two years (accounts.trail).",
    "audit.AuditEvent.on_behalf_of_id": "The public id is no longer anybody's.",
    "audit.AuditEvent.address": "Append-only and encrypted, kept two years (accounts.trail).",
    "audit.AuditEvent.address_index": "Append-only, kept two years (accounts.trail).",
    "audit.AuditEvent.user_agent": "Append-only, kept two years (accounts.trail).",
    "audit.SecurityAlert.subject": "An index that nobody can turn back.",
    "audit.SecurityAlert.handled_by_id": "The public id is no longer anybody's.",
    "audit.SecurityAlert.remark": "Notes on an attack; they name nobody.",
}
