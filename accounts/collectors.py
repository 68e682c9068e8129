"""What an archive holds of somebody's account: who they are, how they get in, where they work, what they did."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.doers import doer_in, with_doers
from accounts.models import Invitation, Membership, PlatformMembership, User
from accounts.tokens.models import TokenFamily
from core.audit.addresses import address_in, with_stored_addresses
from core.audit.models import AuditEvent
from core.households import readable
from core.personal_data import Collector, Subject

Rows = Iterator[dict[str, Any]]


def account(subject: Subject) -> Rows:
    for user in User.objects.filter(pk=subject.account):
        yield {
            "id": user.public_id,
            "email": user.email,
            "name": user.name,
            "phone": user.phone,
            "phone_verified_at": user.phone_verified_at,
            "language": user.language,
            "is_active": user.is_active,
            "is_staff": user.is_staff,
            "is_platform_admin": user.is_superuser,
            "joined_at": user.date_joined,
            "last_login_at": user.last_login,
            "has_password": user.has_usable_password(),
        }


def email_addresses(subject: Subject) -> Rows:
    for address in EmailAddress.objects.filter(user_id=subject.account).order_by("pk"):
        yield {"email": address.email, "is_verified": address.verified, "is_primary": address.primary}


def social_accounts(subject: Subject) -> Rows:
    for social in SocialAccount.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "provider": social.provider,
            "their_id": social.uid,
            "connected_at": social.date_joined,
            "last_login_at": social.last_login,
            "what_they_told": social.extra_data,
        }


def second_factors(subject: Subject) -> Rows:
    for factor in Authenticator.objects.filter(user_id=subject.account).order_by("pk"):
        # Which kind, never the secret: it would open the account.
        yield {"kind": factor.type, "added_at": factor.created_at, "last_used_at": factor.last_used_at}


def devices(subject: Subject) -> Rows:
    for family in TokenFamily.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "signed_in_at": family.created_at,
            "last_seen_at": family.refreshed_at,
            "ends_at": family.expires_at,
            "closed_at": family.revoked_at,
            "why_closed": family.reason,
            "kind": family.client,
            "program": family.user_agent,
            "signed_in_by": family.amr,
        }


def sessions(subject: Subject) -> Rows:
    for session in UserSession.objects.filter(user_id=subject.account).order_by("pk"):
        yield {
            "signed_in_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "address": session.ip,
            "program": session.user_agent,
        }


def memberships(subject: Subject) -> Rows:
    for held in Membership.objects.filter(user_id=subject.account).select_related("restaurant").order_by("pk"):
        yield {"restaurant": held.restaurant.name, "role": held.role, "since": held.created_at}
    for part in PlatformMembership.objects.filter(user_id=subject.account).order_by("pk"):
        yield {"restaurant": "", "role": part.role, "since": part.created_at}


def invitations(subject: Subject) -> Rows:
    theirs = Q(email__in=subject.emails) | Q(invited_by_id=subject.account)
    for invitation in Invitation.objects.filter(theirs).select_related("restaurant").order_by("pk"):
        is_theirs = invitation.email.lower() in subject.emails
        yield {
            "restaurant": invitation.restaurant.name,
            "role": invitation.role,
            # Whom they invited is another person.
            "invited": invitation.email if is_theirs else "",
            "was_invited_by_you": invitation.invited_by_id == subject.account,
            "status": invitation.status,
            "invited_at": invitation.created_at,
            "answered_at": invitation.answered_at,
        }


def back_office_log(subject: Subject) -> Rows:
    for entry in LogEntry.objects.filter(user_id=subject.account).select_related("content_type").order_by("pk"):
        # What was worked on may name other people, so only its kind and number stand here.
        yield {
            "at": entry.action_time,
            "what": {1: "added", 2: "changed", 3: "deleted"}.get(entry.action_flag, ""),
            "kind": entry.content_type.model if entry.content_type else "",
            "number": entry.object_id,
        }


def audit_trail(subject: Subject) -> Rows:
    if subject.public_id is None:
        return
    about = AuditEvent.objects.filter(Q(actor_id=subject.public_id) | Q(target_id=str(subject.public_id)))
    for event in with_doers(with_stored_addresses(about)).order_by("at", "pk").iterator(chunk_size=1000):
        is_own = event.actor_id == subject.public_id
        yield {
            "at": event.at,
            "action": event.action,
            "outcome": event.outcome,
            "by_you": is_own,
            "by_whom": doer_in(event, subject.public_id),
            "about": event.target_type,
            "door": event.door,
            # Another person's address is theirs.
            "address": readable(address_in(event)) if is_own else "",
            "program": event.user_agent if is_own else "",
            "details": event.details,
        }


COLLECTORS = [
    Collector("account", _("Your account"), account, ("accounts.User",)),
    Collector(
        "email_addresses",
        _("E-mail addresses"),
        email_addresses,
        ("account.EmailAddress.user", "account.EmailAddress.email"),
    ),
    Collector("social_accounts", _("Log-ins through others"), social_accounts, ("socialaccount.SocialAccount.user",)),
    Collector("second_factors", _("Second factors"), second_factors, ("mfa.Authenticator.user",)),
    Collector("devices", _("Devices signed in"), devices, ("tokens.TokenFamily.user", "tokens.TokenFamily.user_agent")),
    Collector(
        "sessions",
        _("Sessions"),
        sessions,
        ("usersessions.UserSession.user", "usersessions.UserSession.ip", "usersessions.UserSession.user_agent"),
    ),
    Collector(
        "memberships",
        _("Where you work"),
        memberships,
        ("accounts.Membership.user", "accounts.PlatformMembership.user"),
    ),
    Collector(
        "invitations",
        _("Invitations to work at a restaurant"),
        invitations,
        ("accounts.Invitation.email", "accounts.Invitation.invited_by"),
    ),
    Collector("back_office_log", _("What you did in the back office"), back_office_log, ("admin.LogEntry.user",)),
    Collector(
        "audit_trail",
        _("What was recorded about you"),
        audit_trail,
        ("audit.AuditEvent.actor_id", "audit.AuditEvent.address", "audit.AuditEvent.user_agent"),
    ),
]

NOT_COLLECTED = {
    "accounts.MembershipHistory": "Each change of a role stands in audit_trail; the role itself in memberships.",
    "accounts.MembershipHistory.user": "Each change of a role stands in audit_trail; the role itself in memberships.",
    "accounts.User_groups.user": "Groups are not used.",
    "accounts.User_user_permissions.user": "Django's permissions are not used.",
    "account.EmailConfirmation": "An older way to verify an address; says nothing that the address does not.",
    "socialaccount.SocialToken": "Providers' tokens are not stored.",
    "second_factor.AuthenticatorApp": "Counters of a second factor, which stands there itself.",
    "second_factor.AuthenticatorApp.user": "Counters of a second factor, which stands there itself.",
    "second_factor.AuthenticatorApp.name": "Django-otp's name for every factor.",
    "pghistory.MiddlewareEvents": "A view over rows of history.",
    "pghistory.MiddlewareEvents.user": "A view over rows of history.",
    "audit.AuditEvent.address_index": "An index of the address, which stands beside it.",
    "audit.AuditEvent.on_behalf_of_id": "The same events stand there by who acted and to whom.",
    "audit.SecurityAlert.subject": "An index of an address or account; the events behind it stand in audit_trail.",
    "audit.SecurityAlert.handled_by_id": "Handling an alert is an event in audit_trail.",
    "audit.SecurityAlert.remark": "Notes of those who guard the platform, which would warn whoever attacks it.",
}
