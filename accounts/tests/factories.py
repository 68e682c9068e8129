"""The smallest valid people."""

import factory
from factory.django import DjangoModelFactory

from accounts.models import Membership, User
from accounts.services import add_member
from accounts.states import Role


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"demo-person-{number}@example.com")
    name = factory.Sequence(lambda number: f"Demo person {number}")
    is_active = True


def member(restaurant_id: int, role: Role = Role.MANAGER) -> User:
    """Return a person with a role at a restaurant."""
    membership: Membership = add_member(user=UserFactory(), restaurant_id=restaurant_id, role=role)
    return membership.user
