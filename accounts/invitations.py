"""Asking somebody by mail to work at a restaurant, and their answer.

Whoever invites learns nothing about the address: what happens is the same whether or not it has an account. The link's
token opens the page to its reader; accepting takes an account whose verified address is the one the mail went to.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import Invitation, Membership, User
from accounts.states import InvitationStatus, Role, is_within
from core import audit
from core.errors import DomainError, InvalidInput
from core.limits import Limit
from localization.formatting import day_and_time
from notifications import services as notifications

OPEN_FOR = timedelta(days=7)
LONGEST_EMAIL = 254
BY_INVITER = Limit("invitations.by_inviter", most=60, seconds=3600)
TO_ADDRESS = Limit("invitations.to_address", most=5, seconds=24 * 3600)


class WorksThere(DomainError):
    code = "invitation_works_there"
    message = _("This person works there already. Change their role instead.")


class InvitedAlready(DomainError):
    code = "invitation_waiting"
    message = _("An invitation to this address is waiting for an answer. Send it again, or take it back first.")


class NoSuchInvitation(DomainError):
    code = "invitation_unknown"
    message = _("We know no such invitation. Open the link in the mail as it stands there.")
    status = 404


class InvitationOver(DomainError):
    """`reason`: accepted, declined, revoked or expired."""

    code = "invitation_over"
    message = _("This invitation is no longer open.")
    status = 410


class ForSomebodyElse(DomainError):
    code = "invitation_for_somebody_else"
    message = _("This invitation was sent to another address. Log in with the account of that address.")
    status = 403


class AddressNotVerified(DomainError):
    code = "invitation_address_not_verified"
    message = _("Verify your e-mail address first, then accept.")
    status = 403


WHY_OVER = {
    InvitationStatus.ACCEPTED: _("This invitation has been accepted already."),
    InvitationStatus.DECLINED: _("This invitation has been declined."),
    InvitationStatus.REVOKED: _("The restaurant has taken this invitation back."),
    InvitationStatus.EXPIRED: _(
        "This invitation was open for seven days, and they are over. Ask the restaurant for a new one."
    ),
}


# --- By the house ------------------------------------------------------------------------------------------------


@transaction.atomic
def invite_member(
    *, email: str, restaurant_ids: Iterable[int], role: Role, by: User, language: str = ""
) -> list[Invitation]:
    """Invite somebody to one restaurant or to several at once; each gets its own link and its own answer.

    :param language: for the mail, where the address has no account with a language of its own
    :raises core.errors.InvalidInput: for what is no address, or no restaurant
    :raises accounts.services.RoleAboveOwn: when `by` may not give this role at one of them
    :raises WorksThere: when the person is staff at one of them
    :raises InvitedAlready: when an invitation to one of them is open
    :raises core.errors.TooManyAttempts: after too many
    """
    email = email.strip().lower()
    try:
        validate_email(email)
        if len(email) > LONGEST_EMAIL:
            raise ValidationError("too long")
    except ValidationError as refused:
        sentence = _("This is not an e-mail address. One looks like ada@example.com.")
        raise InvalidInput(errors={"email": [sentence]}) from refused
    ids = sorted(set(restaurant_ids))
    if not ids:
        raise InvalidInput(errors={"restaurants": [_("Choose at least one restaurant.")]})
    for restaurant_id in ids:
        services.expect_may_grant(by=by, restaurant_id=restaurant_id, role=role)
    BY_INVITER.take(str(by.pk))
    TO_ADDRESS.take(email)
    _close_those_run_out(email=email, restaurant_ids=ids, by=by)
    return [
        _invite(email=email, restaurant_id=restaurant_id, role=role, by=by, language=language or by.language)
        for restaurant_id in ids
    ]


def _close_those_run_out(*, email: str, restaurant_ids: list[int], by: User) -> None:
    """Make room for a new invitation where an older one to this address has run out."""
    now = timezone.now()
    waiting = Invitation.objects.select_for_update(of=["self"]).filter(
        restaurant_id__in=restaurant_ids, email=email, status=InvitationStatus.PENDING, expires_at__lte=now
    )
    for invitation in waiting.order_by("pk"):
        invitation.end_as(InvitationStatus.EXPIRED, now)
        audit.record("account.invitation_ran_out", actor=by, target=invitation, restaurant_id=invitation.restaurant_id)


def _invite(*, email: str, restaurant_id: int, role: Role, by: User, language: str) -> Invitation:
    # By the address that the house sees beside the name; whatever other addresses somebody has are not its business.
    if Membership.objects.filter(restaurant_id=restaurant_id, user__email=email).exists():
        raise WorksThere
    now, token = timezone.now(), new_token()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                restaurant_id=restaurant_id,
                email=email,
                role=role,
                language=language,
                token_hash=hash_of(token),
                invited_by=by,
                sent_at=now,
                expires_at=now + OPEN_FOR,
            )
    except IntegrityError as clash:
        raise InvitedAlready from clash
    _send(invitation, token)
    audit.record(
        "account.invited", actor=by, target=invitation, restaurant_id=restaurant_id, details={"role": str(role)}
    )
    return invitation


@transaction.atomic
def send_again(*, invitation: Invitation, by: User) -> Invitation:
    """Send a waiting invitation once more, with a new link that is open for seven days; the old link ends.

    :raises accounts.services.RoleAboveOwn: when `by` may not give its role
    :raises InvitationOver: when it has been answered or taken back
    :raises core.errors.TooManyAttempts: after too many
    """
    invitation = Invitation.objects.select_for_update(of=["self"]).get(pk=invitation.pk)
    services.expect_may_grant(by=by, restaurant_id=invitation.restaurant_id, role=Role(invitation.role))
    if invitation.status != InvitationStatus.PENDING:
        raise over(invitation)
    BY_INVITER.take(str(by.pk))
    TO_ADDRESS.take(invitation.email)
    now, token = timezone.now(), new_token()
    invitation.token_hash, invitation.sent_at, invitation.expires_at = hash_of(token), now, now + OPEN_FOR
    invitation.invited_by = by
    invitation.save(update_fields=["token_hash", "sent_at", "expires_at", "invited_by"])
    _send(invitation, token)
    audit.record("account.invitation_sent_again", actor=by, target=invitation, restaurant_id=invitation.restaurant_id)
    return invitation


@transaction.atomic
def take_back(*, invitation: Invitation, by: User) -> None:
    """End a waiting invitation before it is answered.

    :raises accounts.services.RoleAboveOwn: when `by` may not give its role
    :raises InvitationOver: when it has been answered or taken back
    """
    invitation = Invitation.objects.select_for_update(of=["self"]).get(pk=invitation.pk)
    services.expect_may_grant(by=by, restaurant_id=invitation.restaurant_id, role=Role(invitation.role))
    if invitation.status != InvitationStatus.PENDING:
        raise over(invitation)
    invitation.end_as(InvitationStatus.REVOKED, timezone.now())
    audit.record("account.invitation_taken_back", actor=by, target=invitation, restaurant_id=invitation.restaurant_id)


# --- By the person -----------------------------------------------------------------------------------------------


def invitation_of(token: str) -> Invitation:
    """Return the invitation a link opens, whatever became of it.

    :raises NoSuchInvitation: when the link is none of ours, or was replaced by a newer mail's
    """
    found = (
        Invitation.objects.select_related("restaurant", "invited_by").filter(token_hash=hash_of(token)).first()
        if 20 <= len(token) <= 100
        else None
    )
    if found is None:
        raise NoSuchInvitation
    return found


def address_behind(path: str) -> str:
    """Return the address of the open invitation whose page a path leads to; empty for every other path.

    Whoever has the link has the mail that went to the address, or was given it by who has.
    """
    try:
        match = resolve(urlsplit(path).path)
        if match.view_name != "invitations:invitation":
            return ""
        found = invitation_of(match.kwargs["token"])
    except (Resolver404, NoSuchInvitation):
        return ""
    return found.email if found.is_open(timezone.now()) else ""


def expect_for(invitation: Invitation, user: User) -> None:
    """Find out whether an invitation is for this person: their account has its address, and has shown that.

    :raises ForSomebodyElse: when the account does not have the address
    :raises AddressNotVerified: when nobody has shown that the address is theirs
    """
    address = EmailAddress.objects.filter(user=user, email__iexact=invitation.email).first()
    if address is not None and address.verified:
        return
    if address is not None or user.email == invitation.email:
        raise AddressNotVerified
    raise ForSomebodyElse


@transaction.atomic
def accept(*, token: str, user: User) -> Membership:
    """Take the role that was offered. Of two who try at once, the second is told that it is taken.

    Whoever has a role there by now keeps it where it allows more.

    :raises NoSuchInvitation: when the link is none of ours
    :raises InvitationOver: when it was answered, taken back or has run out
    :raises ForSomebodyElse: when the account does not have the address
    :raises AddressNotVerified: when nobody has shown that the address is theirs
    """
    invitation = _open_for(token, user)
    if not services.is_still_meant(invitation):
        raise _over_because(InvitationStatus.REVOKED)
    invitation.end_as(InvitationStatus.ACCEPTED, timezone.now())
    held = Membership.objects.filter(user=user, restaurant_id=invitation.restaurant_id).first()
    if held is None or is_within(held.role, invitation.role):
        held = services.add_member(user=user, restaurant_id=invitation.restaurant_id, role=Role(invitation.role))
    audit.record(
        "account.invitation_accepted",
        actor=user,
        target=invitation,
        restaurant_id=invitation.restaurant_id,
        details={"role": invitation.role},
    )
    return held


@transaction.atomic
def decline(*, token: str, user: User) -> None:
    """Say no.

    :raises NoSuchInvitation: when the link is none of ours
    :raises InvitationOver: when it was answered, taken back or has run out
    :raises ForSomebodyElse: when the account does not have the address
    :raises AddressNotVerified: when nobody has shown that the address is theirs
    """
    invitation = _open_for(token, user)
    invitation.end_as(InvitationStatus.DECLINED, timezone.now())
    audit.record("account.invitation_declined", actor=user, target=invitation, restaurant_id=invitation.restaurant_id)


def _open_for(token: str, user: User) -> Invitation:
    key = invitation_of(token).pk
    invitation = Invitation.objects.select_for_update(of=["self"]).select_related("restaurant").get(pk=key)
    # Sent again while this waited for the row: the newer mail's link counts.
    if invitation.token_hash != hash_of(token):
        raise NoSuchInvitation
    expect_for(invitation, user)
    if not invitation.is_open(timezone.now()):
        raise over(invitation)
    return invitation


def over(invitation: Invitation) -> InvitationOver:
    """Return the refusal that says what became of an invitation that is no longer open."""
    return _over_because(invitation.stands_as(timezone.now()))


def _over_because(status: InvitationStatus) -> InvitationOver:
    return InvitationOver(WHY_OVER[status], reason=str(status))


# --- Tokens and mails --------------------------------------------------------------------------------------------


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what is kept of a token. It has 256 random bits: a plain hash cannot be guessed backwards."""
    return hashlib.sha256(token.encode()).hexdigest()


def _send(invitation: Invitation, token: str) -> None:
    known = User.objects.filter(email=invitation.email, is_active=True).first()
    language = known.language if known is not None else invitation.language
    with translation.override(language):
        path = reverse("invitations:invitation", args=[token])
        notifications.send(
            kind="account.invitation",
            to=invitation.email,
            name=known.name if known is not None else "",
            language=language,
            dedupe_key=f"account.invitation:{uuid.uuid4()}",
            useful_until=invitation.expires_at,
            context={
                "name": known.name if known is not None else "",
                "restaurant_name": invitation.restaurant.name,
                "role": str(Role(invitation.role).label),
                "inviter": str(invitation.invited_by) if invitation.invited_by else "",
                "until": day_and_time(invitation.expires_at, language),
                "accept_url": f"{settings.BASE_URL}{path}",
            },
        )
