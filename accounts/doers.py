"""Who did what was done to somebody's account, in a word that names no other person."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import Membership, MembershipHistory, User  # type: ignore[attr-defined]  # made by keeps_history
from accounts.states import Role
from core.audit.models import AuditEvent
from core.audit.states import ActorKind

Restaurant: Any = Membership._meta.get_field("restaurant").related_model


def with_doers(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Return the same events in a form that doer_in() reads, without another query each."""
    there = {
        "user__public_id": OuterRef("actor_id"),
        "restaurant__public_id": OuterRef("restaurant_id"),
        "role": Role.OWNER,
    }
    return events.annotate(
        # Whoever was an owner when they did it may have left since.
        is_by_owner=Exists(Membership.objects.filter(**there))
        | Exists(MembershipHistory.objects.filter(**there, pgh_created_at__lte=OuterRef("at"))),
        is_by_platform=Exists(User.objects.filter(public_id=OuterRef("actor_id"), is_superuser=True)),
        house_name=Subquery(Restaurant.objects.filter(public_id=OuterRef("restaurant_id")).values("name")[:1]),
    )


def is_of_another(event: AuditEvent, person_id: UUID) -> bool:
    """Tell whether somebody known did it who is not this person: their device and address are theirs alone.

    Whoever was not signed in may be the person, or somebody who tries to get into their account.
    """
    return event.actor_id != person_id and event.actor_kind != ActorKind.STRANGER


def doer_in(event: Any, person_id: UUID) -> str:
    """Return who did an event of with_doers() to this person, "by an owner of …"; empty where it was no other."""
    if not is_of_another(event, person_id):
        return ""
    if event.actor_kind == ActorKind.SYSTEM:
        return _("by Buka")
    if event.actor_kind == ActorKind.PARTNER:
        return _("by a partner app")
    if event.house_name and event.is_by_owner:
        return _("by an owner of %(restaurant)s") % {"restaurant": event.house_name}
    if event.is_by_platform:
        return _("by Buka")
    if event.house_name:
        return _("by somebody of %(restaurant)s") % {"restaurant": event.house_name}
    return _("by somebody else")
