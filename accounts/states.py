"""Roles, and what each of them may do: the one place that says so."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member of staff is at one restaurant."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    HOST = "host", _("Host")
    COURIER = "courier", _("Courier")


class PlatformRole(models.TextChoices):
    """What somebody is for the platform itself, at no restaurant in particular."""

    # Kept as `User.is_superuser`, which Django and its commands know; the other roles are rows.
    ADMIN = "platform_admin", _("Platform admin")
    TRANSLATOR = "translator", _("Translator")


class Standing(models.TextChoices):
    """What one is without being appointed: a person with an account, a program with credentials."""

    DINER = "diner", _("Diner")
    PARTNER = "partner", _("Partner app")


class InvitationStatus(models.TextChoices):
    """What became of an invitation. One that has run out is stored as such once a new one takes its place."""

    PENDING = "pending", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    REVOKED = "revoked", _("Taken back")
    EXPIRED = "expired", _("Run out")


class Ability(models.TextChoices):
    """Something one may do; doors ask for an ability, never for a role."""

    KEEP_OWN = "keep_own", _("Book, and see and change what is one's own")

    SEE_BOOKINGS = "see_bookings", _("See bookings")
    RUN_SERVICE = "run_service", _("Take, change and seat bookings")
    EXPORT_GUESTS = "export_guests", _("Export bookings with their guests")
    KEEP_GUEST_BOOK = "keep_guest_book", _("Keep the guest book: tags, notes, allergies, occasions")
    RULE_GUEST_BOOK = "rule_guest_book", _("Merge and block guests")
    HANDLE_MONEY = "handle_money", _("See what was paid online, and give it back")
    NAME_PAYOUT_ACCOUNT = "name_payout_account", _("Say into which bank account the restaurant is paid")
    ANSWER_REVIEWS = "answer_reviews", _("Answer reviews for the restaurant")
    EDIT_MENU = "edit_menu", _("Edit the menu and mark dishes as finished")
    EDIT_RESTAURANT = "edit_restaurant", _("Edit hours, tables, shifts, special days and policy")
    MANAGE_STAFF = "manage_staff", _("Invite, change and remove staff")
    MANAGE_PARTNER_ACCESS = "manage_partner_access", _("Let partner apps work for the restaurant, and stop them")
    DELIVER = "deliver", _("Carry orders to diners")

    RUN_PLATFORM = "run_platform", _("Run the platform: people, claims, lists, messages")
    MANAGE_PARTNERS = "manage_partners", _("Register partner apps and end their access")
    SEE_AUDIT = "see_audit", _("Read the audit trail")
    GUARD_PRIVACY = "guard_privacy", _("Answer requests about personal data, and breaches")
    TRANSLATE = "translate", _("Bring in translations")
    MODERATE_REVIEWS = "moderate_reviews", _("Hide, remove and publish reviews")


# Where an ability counts: at a restaurant, or for the whole platform. KEEP_OWN is neither: it needs no appointment.
PLATFORM_ABILITIES = frozenset(
    {
        Ability.RUN_PLATFORM,
        Ability.MANAGE_PARTNERS,
        Ability.SEE_AUDIT,
        Ability.GUARD_PRIVACY,
        Ability.TRANSLATE,
        Ability.MODERATE_REVIEWS,
    }
)
HOUSE_ABILITIES = frozenset(Ability) - PLATFORM_ABILITIES - {Ability.KEEP_OWN}
# What is done at the back office's pages; who has none of it has no business there.
BACK_OFFICE_ABILITIES = (HOUSE_ABILITIES | PLATFORM_ABILITIES) - {Ability.DELIVER}

ABILITIES: dict[str, frozenset[Ability]] = {
    Standing.DINER: frozenset({Ability.KEEP_OWN}),
    Role.HOST: frozenset({Ability.SEE_BOOKINGS, Ability.RUN_SERVICE}),
    Role.MANAGER: HOUSE_ABILITIES
    - {Ability.MANAGE_STAFF, Ability.MANAGE_PARTNER_ACCESS, Ability.RULE_GUEST_BOOK, Ability.DELIVER}
    - {Ability.NAME_PAYOUT_ACCOUNT},
    Role.OWNER: HOUSE_ABILITIES - {Ability.DELIVER},
    Role.COURIER: frozenset({Ability.DELIVER}),
    # At most: the scopes of a grant say which of these, and at which restaurants.
    Standing.PARTNER: frozenset({Ability.SEE_BOOKINGS, Ability.RUN_SERVICE}),
    PlatformRole.TRANSLATOR: frozenset({Ability.TRANSLATE}),
    # Those who approve payouts do not say where they go.
    PlatformRole.ADMIN: (HOUSE_ABILITIES - {Ability.DELIVER, Ability.NAME_PAYOUT_ACCOUNT}) | PLATFORM_ABILITIES,
}


def what_it_may(role: str) -> list[Any]:
    """Return what a role may do, in words, for who gives it to somebody."""
    return [ability.label for ability in Ability if ability in ABILITIES[role]]


def roles_able_to(ability: Ability) -> list[str]:
    """Return the roles that carry an ability."""
    return [role for role, abilities in ABILITIES.items() if ability in abilities]


def is_within(role: str, other: str) -> bool:
    """Tell whether everything one role may do, another may do too, or grant without doing it."""
    return ABILITIES[role] - {Ability.DELIVER, Ability.NAME_PAYOUT_ACCOUNT} <= ABILITIES[other]
