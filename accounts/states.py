"""Roles, and what each of them may do: the one place that says so."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member of staff is at one restaurant."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    HOST = "host", _("Host")


class Ability(models.TextChoices):
    """Something a member of staff may do at a restaurant; doors ask for an ability, never for a role."""

    SEE_BOOKINGS = "see_bookings", _("See bookings")
    RUN_SERVICE = "run_service", _("Take, change and seat bookings")
    EDIT_MENU = "edit_menu", _("Edit the menu and mark dishes as finished")
    EDIT_RESTAURANT = "edit_restaurant", _("Edit hours, tables, shifts, special days and policy")
    MANAGE_STAFF = "manage_staff", _("Invite, change and remove staff")


ABILITIES: dict[str, frozenset[Ability]] = {
    Role.OWNER: frozenset(Ability),
    Role.MANAGER: frozenset(Ability) - {Ability.MANAGE_STAFF},
    Role.HOST: frozenset({Ability.SEE_BOOKINGS, Ability.RUN_SERVICE}),
}


def roles_able_to(ability: Ability) -> list[str]:
    """Return the roles that carry an ability."""
    return [role for role, abilities in ABILITIES.items() if ability in abilities]
