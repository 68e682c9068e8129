"""What changes with a role or a profile beside the row itself."""

import pytest

from accounts import services
from accounts.models import Membership, User
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory, member
from core.audit.models import AuditEvent
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db


class TestTheStaffMark:
    def test_stays_with_who_leaves_a_restaurant_and_still_works_for_the_platform(self) -> None:
        host = member(RestaurantFactory().pk, Role.HOST)
        services.give_platform_role(user=host, role=PlatformRole.TRANSLATOR)

        services.remove_member(membership=Membership.objects.get(user=host))

        assert User.objects.get(pk=host.pk).is_staff

    def test_goes_with_the_last_role(self) -> None:
        host = member(RestaurantFactory().pk, Role.HOST)
        services.give_platform_role(user=host, role=PlatformRole.TRANSLATOR)
        services.remove_member(membership=Membership.objects.get(user=host))

        services.take_platform_role(user=User.objects.get(pk=host.pk), role=PlatformRole.TRANSLATOR)

        assert not User.objects.get(pk=host.pk).is_staff


class TestAChangedProfile:
    def test_is_recorded_by_the_names_of_its_fields(self) -> None:
        person = UserFactory(name="Ada", language="en")

        services.change_profile(user=person, name="Ada Obi", language="ha")

        event = AuditEvent.objects.get(action="account.profile_changed")
        assert event.details == {"fields": ["name", "language"]}
        assert (event.actor_id, event.target_id) == (person.public_id, str(person.public_id))

    def test_that_says_what_it_said_before_is_not(self) -> None:
        person = UserFactory(name="Ada", language="en")

        services.change_profile(user=person, name="Ada", language="en")

        assert not AuditEvent.objects.filter(action="account.profile_changed").exists()
