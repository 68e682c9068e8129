"""Questions about people and what they may do."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, User
from accounts.states import Ability, roles_able_to

Person = User | AnonymousUser


def restaurant_ids_where(person: Person, ability: Ability) -> "set[int] | None":
    """Return the ids of the restaurants where this person has an ability; None means every restaurant.

    One query, kept on the person for the length of the request.
    """
    if not person.is_authenticated or not person.is_active:
        return set()
    if person.is_superuser:
        return None
    roles = _roles_by_restaurant(person)
    able = set(roles_able_to(ability))
    return {restaurant_id for restaurant_id, role in roles.items() if role in able}


def may(person: Person, ability: Ability, *, restaurant_id: int) -> bool:
    """Tell whether this person has an ability at a restaurant."""
    ids = restaurant_ids_where(person, ability)
    return ids is None or restaurant_id in ids


def is_restaurant_staff(person: Person) -> bool:
    """Tell whether this person works at any restaurant, or runs the platform."""
    return person.is_authenticated and person.is_active and (person.is_superuser or bool(_roles_by_restaurant(person)))


def _roles_by_restaurant(person: User) -> dict[int, str]:
    known: dict[int, str] | None = getattr(person, "_roles_by_restaurant", None)
    if known is None:
        known = dict(Membership.objects.filter(user=person).values_list("restaurant_id", "role"))
        person._roles_by_restaurant = known  # type: ignore[attr-defined]
    return known
