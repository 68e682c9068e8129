"""The smallest valid people."""

import factory
from factory.django import DjangoModelFactory

from accounts.models import Membership, User
from accounts.services import add_member
from accounts.states import Role
from core.testing import log_in, with_second_factor

__all__ = ["UserFactory", "log_in", "member", "with_second_factor"]


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"demo-person-{number}@example.com")
    name = factory.Sequence(lambda number: f"Demo person {number}")
    is_active = True

    @factory.post_generation
    def address(self, create: bool, extracted: object, **kwargs: object) -> None:
        if create:
            self.emailaddress_set.create(email=self.email, verified=True, primary=True)  # type: ignore[attr-defined]


def member(restaurant_id: int, role: Role = Role.MANAGER) -> User:
    """Return a person with a role at a restaurant."""
    membership: Membership = add_member(user=UserFactory(), restaurant_id=restaurant_id, role=role)
    return membership.user
