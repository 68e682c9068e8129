"""Questions about people and what they may do: every door asks here, and `states.ABILITIES` answers.

Who may do what, in two steps: which roles somebody *holds* (for links, and to lead them to their second factor), and
what they *may do now*. Nobody acts as staff by a password alone: without a second factor seen in this session, and
one that still stands on the account, all of a person's roles are asleep.
"""

from dataclasses import dataclass
from typing import Protocol, TypeGuard

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField, CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast

from accounts.models import Membership, PlatformMembership, User
from accounts.states import (
    ABILITIES,
    BACK_OFFICE_ABILITIES,
    PLATFORM_ABILITIES,
    Ability,
    PlatformRole,
    Standing,
    roles_able_to,
)


class Partner(Protocol):
    """A program that acts for itself, with what it was granted."""

    is_authenticated: bool
    is_partner: bool

    def granted_restaurant_ids(self, ability: Ability) -> set[int]: ...


Person = User | AnonymousUser | Partner

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


# --- What they may do now ----------------------------------------------------------------------------------------


def restaurant_ids_where(person: Person, ability: Ability) -> "set[int] | None":
    """Return the ids of the restaurants where one has an ability; None means every restaurant.

    One query, kept on the person for the length of the request.
    """
    if _is_partner(person):
        return person.granted_restaurant_ids(ability) if ability in ABILITIES[Standing.PARTNER] else set()
    if not _is_awake(person):
        return set()
    able, facts = set(roles_able_to(ability)), _facts(person)
    if facts.platform & able:
        return None
    return {restaurant_id for restaurant_id, role in facts.houses.items() if role in able}


def may(person: Person, ability: Ability, *, restaurant_id: int) -> bool:
    """Tell whether one has an ability at a restaurant."""
    ids = restaurant_ids_where(person, ability)
    return ids is None or restaurant_id in ids


def may_somewhere(person: Person, ability: Ability) -> bool:
    """Tell whether one has an ability at any restaurant."""
    ids = restaurant_ids_where(person, ability)
    return ids is None or bool(ids)


def may_on_platform(person: Person, ability: Ability) -> bool:
    """Tell whether one has an ability that counts for the whole platform."""
    if ability not in PLATFORM_ABILITIES:
        raise ValueError(f"{ability} counts at a restaurant: ask may().")
    return _is_awake(person) and not _facts(person).platform.isdisjoint(roles_able_to(ability))


def may_keep_own(person: Person) -> TypeGuard[User]:
    """Tell whether one has bookings, details and consents of one's own: everybody signed in, and no program."""
    return _is_somebody(person) and Ability.KEEP_OWN in ABILITIES[Standing.DINER]


def opens_back_office(person: Person) -> bool:
    """Tell whether one may do anything there is a page for in the back office, now."""
    return _is_awake(person) and is_restaurant_staff(person)


# --- What they hold ----------------------------------------------------------------------------------------------


def is_restaurant_staff(person: Person) -> bool:
    """Tell whether one holds a role that works in the back office, awake or not: for links and for leading there."""
    return bool(_abilities_of(roles_held(person)) & BACK_OFFICE_ABILITIES)


def needs_second_factor(person: Person) -> bool:
    """Tell whether one holds any role that asks for a second factor: all but a diner's."""
    return bool(roles_held(person))


def roles_held(person: Person) -> set[str]:
    """Return the roles somebody was appointed to, anywhere."""
    if not _is_somebody(person):
        return set()
    facts = _facts(person)
    return {*facts.houses.values(), *facts.platform}


def would_with_second_factor(person: Person, ability: Ability, *, restaurant_id: int | None = None) -> bool:
    """Tell whether only the second factor stands between somebody and an ability.

    :param restaurant_id: None asks about any restaurant, or the platform
    """
    if not _is_somebody(person) or _is_awake(person):
        return False
    able, facts = set(roles_able_to(ability)), _facts(person)
    if able & facts.platform:
        return True
    if restaurant_id is None:
        return bool(able & set(facts.houses.values()))
    return facts.houses.get(restaurant_id) in able


def has_second_factor(person: User) -> bool:
    """Tell whether somebody has a second factor set up, whether or not this session has seen it."""
    return second_factors_of(person).exists()


def second_factors_of(person: User) -> "QuerySet[Authenticator]":
    """Return the means somebody set up to prove who they are; recovery codes stand in for one and are none."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=person, type__in=SECOND_FACTORS)
    return found


def stands_second_factor(path: str) -> Exists:
    """Return the condition that whoever a row's column names has a second factor: for lists of people."""
    return Exists(Authenticator.objects.filter(user_id=OuterRef(path), type__in=SECOND_FACTORS))


def members_of(restaurant_id: int) -> "QuerySet[Membership]":
    """Return who works at a restaurant, the people with it, in a settled order."""
    return Membership.objects.filter(restaurant_id=restaurant_id).select_related("user").order_by("created_at", "pk")


# --- One question to the database --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Facts:
    """What the database holds about somebody's roles."""

    houses: dict[int, str]
    platform: frozenset[str]
    has_second_factor: bool


def _facts(person: User) -> _Facts:
    """Return what somebody holds: asked once in a request, and kept on the person."""
    known: _Facts | None = getattr(person, "_facts", None)
    if known is None:
        known = _ask(person)
        person._facts = known  # type: ignore[attr-defined]
    return known


def _ask(person: User) -> _Facts:
    nowhere, factor = Value(None, BigIntegerField()), Value("second factor", CharField())
    houses = Membership.objects.filter(user=person).values_list("restaurant_id", Cast("role", CharField()))
    platform = PlatformMembership.objects.filter(user=person).values_list(nowhere, Cast("role", CharField()))
    factors = second_factors_of(person).values_list(nowhere, factor)
    rows = list(houses.order_by().union(platform.order_by(), factors.order_by()))
    marks = {role for restaurant_id, role in rows if restaurant_id is None}
    roles = marks - {"second factor"} | ({str(PlatformRole.ADMIN)} if person.is_superuser else set())
    return _Facts(
        houses={restaurant_id: role for restaurant_id, role in rows if restaurant_id is not None},
        platform=frozenset(roles),
        has_second_factor="second factor" in marks,
    )


def _is_awake(person: Person) -> TypeGuard[User]:
    """Tell whether somebody's roles count now: this session has seen a second factor, and one still stands."""
    return _is_somebody(person) and person.passed_second_factor and _facts(person).has_second_factor


def _is_partner(person: Person) -> TypeGuard[Partner]:
    return bool(getattr(person, "is_partner", False))


def _is_somebody(person: Person) -> TypeGuard[User]:
    return isinstance(person, User) and person.is_active


def _abilities_of(roles: set[str]) -> frozenset[Ability]:
    return frozenset[Ability]().union(*(ABILITIES[role] for role in roles))
