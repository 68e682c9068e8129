"""Everything that can be done to people and their roles."""

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.live import announce_roles
from accounts.models import Invitation, Membership, PlatformMembership, User
from accounts.second_factor import services as second_factor
from accounts.states import ABILITIES, Ability, InvitationStatus, PlatformRole, Role, is_within
from accounts.tokens.services import close_families
from accounts.tokens.states import Reason
from core import audit
from core.errors import DomainError
from localization.formatting import day_and_time
from notifications import services as notifications


class LastOwner(DomainError):
    code = "account_last_owner"
    message = _("A restaurant keeps at least one owner who can log in. Make somebody else an owner first.")
    status = 409


class RoleAboveOwn(DomainError):
    code = "account_role_above_own"
    message = _("Nobody gives or takes a role above their own.")
    status = 403


@transaction.atomic
def add_member(*, user: User, restaurant_id: int, role: Role, by: User | None = None) -> Membership:
    """Give a person a role at a restaurant, replacing the one they had there, and open the admin to them.

    :param by: who gives it, from a door that people use; None for Buka's own programs
    :raises LastOwner: when the restaurant's only owner would become something else
    :raises RoleAboveOwn: when `by` may not give it
    """
    if by is not None:
        expect_may_grant(by=by, restaurant_id=restaurant_id, role=role)
    held = Membership.objects.filter(user=user, restaurant_id=restaurant_id).first()
    if held is not None and held.role == role:
        return held
    if held is not None and role != Role.OWNER:
        expect_another_owner(membership=held)
    was = held.role if held is not None else ""
    membership, _created = Membership.objects.update_or_create(
        user=user, restaurant_id=restaurant_id, defaults={"role": role}
    )
    _mark_as_staff(user)
    details = {"role": str(role), **({"was": was} if was else {})}
    audit.record(
        "account.role_changed" if was else "account.role_given",
        actor=by,
        target=user,
        restaurant_id=restaurant_id,
        details=details,
    )
    if was:
        is_less = not is_within(was, role)
        _rights_shrank(user, is_less=is_less)
        withdraw_invitations(user, by=by)
        log_ins = "ended" if is_less else "stay"
        _tell("account.role_changed", membership, by_whom=_by_whom(membership, by), log_ins=log_ins)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None = None) -> None:
    """Take a person's role away, and the admin with it when it was their last; their log-ins end.

    :raises LastOwner: when the restaurant would be left without an owner
    :raises RoleAboveOwn: when `by` may not take it
    """
    if by is not None:
        expect_may_grant(by=by, restaurant_id=membership.restaurant_id, role=Role(membership.role))
    expect_another_owner(membership=membership)
    user = User.objects.select_for_update().get(pk=membership.user_id)
    gone, _rows = Membership.objects.filter(pk=membership.pk).delete()
    if not gone:
        return
    _match_staff_mark(user)
    audit.record(
        "account.role_removed",
        actor=by,
        target=user,
        restaurant_id=membership.restaurant_id,
        details={"was": membership.role},
    )
    _rights_shrank(user, is_less=True)
    withdraw_invitations(user, by=by)
    _tell("account.role_removed", membership)


def change_role(*, membership: Membership, role: Role, by: User) -> Membership:
    """Give a member another role, from a door that people use.

    :raises LastOwner: when the restaurant's only owner would become something else
    :raises RoleAboveOwn: when `by` may not give the new role, or not take the old one
    """
    expect_may_grant(by=by, restaurant_id=membership.restaurant_id, role=Role(membership.role))
    return add_member(user=membership.user, restaurant_id=membership.restaurant_id, role=role, by=by)


def expect_may_grant(*, by: User, restaurant_id: int, role: Role) -> None:
    """Find out whether somebody may give or take a role at a restaurant: none above what they hold there themselves.

    Asked of the database, not of what a page knew a moment ago.

    :raises RoleAboveOwn: when they may not
    """
    own = {PlatformRole.ADMIN.value} if by.is_superuser else set[str]()
    own |= set(Membership.objects.filter(user=by, restaurant_id=restaurant_id).values_list("role", flat=True))
    if not any(Ability.MANAGE_STAFF in ABILITIES[held] and is_within(role, held) for held in own):
        raise RoleAboveOwn


def _mark_as_staff(user: User) -> None:
    """Keep Django's own mark in step, for tools that read it; Buka's doors ask `selectors`."""
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])


def _match_staff_mark(user: User) -> None:
    """Let the mark say, after a role went, whether somebody still holds one: on the platform or at any restaurant."""
    holds_one = (
        user.is_superuser
        or Membership.objects.filter(user=user).exists()
        or PlatformMembership.objects.filter(user=user).exists()
    )
    if user.is_staff != holds_one:
        user.is_staff = holds_one
        user.save(update_fields=["is_staff"])


def _rights_shrank(user: User, *, is_less: bool) -> None:
    """Make open pages and live connections look again; with less to be allowed, log out everywhere."""
    announce_roles(user)
    if is_less:
        close_families(user=user, reason=Reason.ROLE_CHANGED)


@transaction.atomic
def withdraw_invitations(user: User, *, by: User | None = None) -> int:
    """Take back what somebody has offered others and could offer no longer, and return how many that were.

    :param by: who took their right to do so; None for themselves and Buka's own programs
    """
    waiting = Invitation.objects.filter(invited_by=user, status=InvitationStatus.PENDING).order_by("pk")
    withdrawn = [each for each in waiting.select_for_update(of=["self"]) if not is_still_meant(each)]
    for invitation in withdrawn:
        invitation.end_as(InvitationStatus.REVOKED, timezone.now())
        audit.record(
            "account.invitation_taken_back",
            actor=by,
            target=invitation,
            restaurant_id=invitation.restaurant_id,
            details={"why": "its sender lost the right"},
        )
    return len(withdrawn)


def is_still_meant(invitation: Invitation) -> bool:
    """Tell whether who invited could still do so: an offer does not outlive the right to make it.

    Asked of the database: the right may have gone a moment ago.
    """
    if invitation.invited_by_id is None:
        return False
    inviter = User.objects.filter(pk=invitation.invited_by_id, is_active=True).first()
    if inviter is None:
        return False
    try:
        expect_may_grant(by=inviter, restaurant_id=invitation.restaurant_id, role=Role(invitation.role))
    except RoleAboveOwn:
        return False
    return True


def _by_whom(membership: Membership, by: User | None) -> str:
    """Return who changes a role, as account.role_changed says it: an owner, Buka, or nobody besides the person."""
    if by is None or by.pk == membership.user_id:
        return "nobody_else"
    owners = Membership.objects.filter(user=by, restaurant_id=membership.restaurant_id, role=Role.OWNER)
    return "owner" if owners.exists() else "buka"


def _tell(kind: str, membership: Membership, **said: Any) -> None:
    user = membership.user
    with translation.override(user.language):
        notifications.send(
            kind=kind,
            to=user.email,
            name=user.name,
            language=user.language,
            dedupe_key=f"{kind}:{uuid.uuid4()}",
            context={
                "name": user.name,
                "restaurant_name": membership.restaurant.name,
                "role": str(membership.get_role_display()),
                **said,
            },
        )


@transaction.atomic
def give_platform_role(*, user: User, role: PlatformRole, by: User | None = None) -> None:
    """Make somebody part of the platform's own people.

    :raises RoleAboveOwn: when `by` is not one of its admins
    """
    _expect_platform_admin(by)
    if role == PlatformRole.ADMIN:
        if user.is_superuser:
            return
        user.is_superuser = user.is_staff = True
        user.save(update_fields=["is_superuser", "is_staff"])
    elif not PlatformMembership.objects.get_or_create(user=user, role=role)[1]:
        return
    else:
        _mark_as_staff(user)
    audit.record("account.platform_role_given", actor=by, target=user, details={"role": str(role)})
    announce_roles(user)


@transaction.atomic
def take_platform_role(*, user: User, role: PlatformRole, by: User | None = None) -> None:
    """Take a role on the platform away; the person is logged out everywhere.

    :raises RoleAboveOwn: when `by` is not one of its admins
    :raises LastAdmin: when nobody would be left to run the platform
    """
    _expect_platform_admin(by)
    if role == PlatformRole.ADMIN:
        if not user.is_superuser:
            return
        expect_another_admin(user=user)
        user.is_superuser = False
        user.save(update_fields=["is_superuser"])
    elif not PlatformMembership.objects.filter(user=user, role=role).delete()[0]:
        return
    _match_staff_mark(user)
    audit.record("account.platform_role_taken", actor=by, target=user, details={"was": str(role)})
    _rights_shrank(user, is_less=True)
    withdraw_invitations(user, by=by)


@transaction.atomic
def expect_another_admin(*, user: User) -> None:
    """Find out whether somebody runs the platform besides this person; two cannot leave at the same moment.

    :raises LastAdmin: when nobody would
    """
    admins = User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
    if not [admin for admin in admins if admin.pk != user.pk]:
        raise LastAdmin


@transaction.atomic
def set_active(*, user: User, is_active: bool, by: User) -> None:
    """Close an account, or open it again. A closed one opens nothing from this moment on; its rows stay.

    :raises RoleAboveOwn: when `by` does not run the platform
    :raises LastOwner: when a restaurant would be left without an owner who can log in
    :raises LastAdmin: when nobody would be left to run the platform
    """
    _expect_platform_admin(by)
    if not is_active:
        expect_owners_besides(user=user)
    if not is_active and user.is_superuser:
        expect_another_admin(user=user)
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    user.is_active = is_active
    audit.record("account.opened_again" if is_active else "account.closed", actor=by, target=user)
    if not is_active:
        announce_roles(user)
        close_families(user=user, reason=Reason.DEACTIVATED)
        withdraw_invitations(user, by=by)


class LastAdmin(DomainError):
    code = "account_last_admin"
    message = _("Somebody must run the platform. Make somebody else an admin first.")
    status = 409


def _expect_platform_admin(by: User | None) -> None:
    if by is not None and not User.objects.filter(pk=by.pk, is_superuser=True, is_active=True).exists():
        raise RoleAboveOwn


class OwnFactor(DomainError):
    code = "account_own_second_factor"
    message = _("Your own second factor you change on your own security page.")
    status = 409


@transaction.atomic
def reset_second_factor(*, user: User, by: User) -> None:
    """Take away a person's second factors and recovery codes after they lost them, log them out, and tell them.

    They set up a new one the next time they log in to work.

    :raises RoleAboveOwn: when `by` does not run the platform
    :raises OwnFactor: for one's own
    """
    _expect_platform_admin(by)
    if user.pk == by.pk:
        raise OwnFactor
    factors = second_factor.remove_all(user)
    close_families(user=user, reason=Reason.FACTOR_REMOVED)
    audit.record("account.factor_reset", actor=by, target=user, details={"factors": factors})
    announce_roles(user)
    _tell_of_help("account.second_factor_reset", user)


@transaction.atomic
def end_log_ins(*, user: User, by: User) -> int:
    """Log a person out everywhere because a log-in of theirs may be in the wrong hands, and tell them.

    What they sign in with stays: a stolen password or second factor has to be changed as well.

    :returns: how many log-ins were closed
    :raises RoleAboveOwn: when `by` does not run the platform
    """
    _expect_platform_admin(by)
    ended = close_families(user=user, reason=Reason.EVERYWHERE)
    audit.record("account.log_ins_ended", actor=by, target=user, details={"log_ins": ended})
    announce_roles(user)
    _tell_of_help("account.log_ins_ended", user)
    return ended


def _tell_of_help(kind: str, user: User) -> None:
    """Tell somebody what the platform's own people did for the safety of their account."""
    with translation.override(user.language):
        security_page = reverse("accounts:security")
    notifications.send(
        kind=kind,
        to=user.email,
        name=user.name,
        language=user.language,
        dedupe_key=f"{kind}:{uuid.uuid4()}",
        context={
            "name": user.name,
            "when": day_and_time(timezone.now(), user.language),
            "security_url": f"{settings.BASE_URL}{security_page}",
        },
    )


@transaction.atomic
def expect_another_owner(*, membership: Membership) -> None:
    """Find out whether the restaurant keeps an owner who can log in without this one.

    Two owners cannot leave at the same moment, nor can their accounts be closed.

    :raises LastOwner: when it would not
    """
    if membership.role != Role.OWNER and not _is_owner(membership):
        return
    owners = Membership.objects.select_for_update().filter(restaurant_id=membership.restaurant_id, role=Role.OWNER)
    others = [owner.user_id for owner in owners.order_by("pk") if owner.pk != membership.pk]
    # A question of its own: whoever held the lock may have closed one of these accounts meanwhile.
    if not User.objects.filter(pk__in=others, is_active=True).exists():
        raise LastOwner


@transaction.atomic
def houses_left_alone(*, user_id: int) -> list[str]:
    """Return the names of the restaurants that would have no owner who can log in without this person.

    The owners of all their restaurants stay locked until the transaction ends; accounts are locked after them.
    """
    left_alone = []
    owned = Membership.objects.filter(user_id=user_id, role=Role.OWNER).select_related("restaurant")
    # In one order, so that two who own the same restaurants do not wait for each other.
    for held in owned.order_by("restaurant_id"):
        try:
            expect_another_owner(membership=held)
        except LastOwner:
            left_alone.append(held.restaurant.name)
    return left_alone


def expect_owners_besides(*, user: User) -> None:
    """Find out whether every restaurant that somebody owns keeps an owner who can log in without them.

    :raises LastOwner: naming those that would not
    """
    if left_alone := houses_left_alone(user_id=user.pk):
        sentence = _(
            "Nobody else who can log in owns %(restaurants)s. Make somebody else an owner there first; until then the "
            "person can be logged out everywhere."
        )
        raise LastOwner(sentence, restaurants=", ".join(left_alone))


def _is_owner(membership: Membership) -> bool:
    """Tell whether the stored row is an owner's; the one in hand may carry a new role already."""
    return Membership.objects.filter(pk=membership.pk, role=Role.OWNER).exists()


def remember_language(*, user: User, language: str) -> None:
    """Keep the language a person chose, for their pages and messages."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])


@transaction.atomic
def change_profile(*, user: User, name: str, language: str, by: User | None = None) -> None:
    """Save what a person says about themselves; bookings already made keep the name they were made with.

    :param by: who of the platform's own people does it for them; None for themselves
    """
    told = {"name": name, "language": language}
    changed = [field for field, value in told.items() if getattr(user, field) != value]
    if not changed:
        return
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])
    # Which fields, never what they say: the trail outlives the person's wish to be forgotten.
    audit.record("account.profile_changed", actor=by or user, target=user, details={"fields": changed})
