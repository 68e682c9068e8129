"""Everything that can be done to people and their roles."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.states import Role
from core.errors import DomainError


class EmailTaken(DomainError):
    code = "account_email_taken"
    message = _("There is already an account with this e-mail address. Log in, or use another address.")
    status = 409


class WeakPassword(DomainError):
    code = "account_password_weak"
    message = _("This password is too easy to guess.")
    status = 400


class LastOwner(DomainError):
    code = "account_last_owner"
    message = _("A restaurant keeps at least one owner. Make somebody else an owner first.")
    status = 409


@transaction.atomic
def register_diner(*, email: str, password: str, name: str, phone: str = "", language: str = "en") -> User:
    """Make an account for a diner.

    :raises EmailTaken: when the address has one already
    :raises WeakPassword: with the validators' sentences as `details["reasons"]`
    """
    email = email.strip().lower()
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as refused:
        raise WeakPassword(reasons=list(refused.messages)) from refused
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name, phone=phone, language=language)
    except IntegrityError as clash:
        raise EmailTaken from clash


@transaction.atomic
def add_member(*, user: User, restaurant_id: int, role: Role) -> Membership:
    """Give a person a role at a restaurant, replacing the one they had there, and open the admin to them.

    :raises LastOwner: when the restaurant's only owner would become something else
    """
    held = Membership.objects.filter(user=user, restaurant_id=restaurant_id).first()
    if held is not None and role != Role.OWNER:
        expect_another_owner(membership=held)
    membership, _created = Membership.objects.update_or_create(
        user=user, restaurant_id=restaurant_id, defaults={"role": role}
    )
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    return membership


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    """Take a person's role away, and the admin with it when it was their last.

    :raises LastOwner: when the restaurant would be left without an owner
    """
    expect_another_owner(membership=membership)
    user = User.objects.select_for_update().get(pk=membership.user_id)
    membership.delete()
    if not user.is_superuser and not Membership.objects.filter(user=user).exists():
        user.is_staff = False
        user.save(update_fields=["is_staff"])


@transaction.atomic
def expect_another_owner(*, membership: Membership) -> None:
    """Find out whether the restaurant keeps an owner without this one; two owners cannot leave at the same moment.

    :raises LastOwner: when it would not
    """
    if membership.role != Role.OWNER and not _is_owner(membership):
        return
    owners = Membership.objects.select_for_update().filter(restaurant_id=membership.restaurant_id, role=Role.OWNER)
    if not [owner for owner in owners.order_by("pk") if owner.pk != membership.pk]:
        raise LastOwner


def _is_owner(membership: Membership) -> bool:
    """Tell whether the stored row is an owner's; the one in hand may carry a new role already."""
    return Membership.objects.filter(pk=membership.pk, role=Role.OWNER).exists()


def remember_language(*, user: User, language: str) -> None:
    """Keep the language a person chose, for their pages and messages."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])


def change_profile(*, user: User, name: str, phone: str, language: str) -> None:
    """Save what a person says about themselves; bookings already made keep the name and phone they were made with."""
    user.name, user.phone, user.language = name, phone, language
    user.save(update_fields=["name", "phone", "language"])
