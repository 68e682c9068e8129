"""What all doors share: who asks, and what they say to staff whose second factor this session has not seen."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from accounts.models import User
from accounts.selectors import Person, has_second_factor, may, would_with_second_factor
from accounts.states import Ability
from core.errors import DomainError


class SecondFactorRequired(DomainError):
    """Somebody's role would allow it; `enrolled` says whether they have a second factor to show, or must set one up."""

    code = "second_factor_required"
    message = _(
        "Your role asks for a second factor. Log in with your one-time code, or set up two-factor log-in first."
    )
    status = 403


def person_of(request: Request | HttpRequest) -> User:
    """Return who is signed in.

    :raises PermissionDenied: when nobody is, or a program
    """
    # Django's lazy user passes isinstance().
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def staff_may(person: Person, ability: Ability, *, restaurant_id: int) -> bool:
    """Tell whether one has an ability at a restaurant, for doors that answer people who can do something about a no.

    :raises SecondFactorRequired: when their role has it, and only the second factor is missing
    """
    if may(person, ability, restaurant_id=restaurant_id):
        return True
    if would_with_second_factor(person, ability, restaurant_id=restaurant_id):
        raise second_factor_required(person)
    return False


def second_factor_required(person: Person) -> SecondFactorRequired:
    """Return the refusal for somebody whose roles are asleep."""
    return SecondFactorRequired(enrolled=isinstance(person, User) and has_second_factor(person))
