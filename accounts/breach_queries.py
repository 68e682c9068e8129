"""Whom a breach touches: questions about accounts, log-ins and what the audit trail saw."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tokens.models import TokenFamily
from core.audit.models import AuditEvent
from core.personal_data import Affected, Query


def everybody(**_asked: object) -> Affected:
    return Affected(frozenset(User.objects.filter(is_active=True).values_list("pk", flat=True)))


def signed_in(*, since: datetime, until: datetime, **_asked: object) -> Affected:
    """Return whose log-ins were open at any moment of the time."""
    open_then = TokenFamily.objects.filter(created_at__lt=until).filter(
        Q(revoked_at__isnull=True, expires_at__gt=since) | Q(revoked_at__gt=since)
    )
    return Affected(frozenset(open_then.values_list("user_id", flat=True)))


def touched(*, since: datetime, until: datetime, **_asked: object) -> Affected:
    """Return whose rows somebody else looked at, changed or exported in that time, as the audit trail has it."""
    acts = AuditEvent.objects.filter(at__gte=since, at__lt=until).exclude(target_id="")
    targets = {_uuid(target) for target in acts.values_list("target_id", flat=True).distinct().iterator()}
    people = User.objects.filter(public_id__in=[target for target in targets if target is not None])
    return Affected(frozenset(people.values_list("pk", flat=True)))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


QUERIES = [
    Query("accounts.everybody", _("Everybody with an account"), (), everybody),
    Query("accounts.signed_in", _("People who were signed in then"), ("since", "until"), signed_in),
    Query("accounts.touched", _("People whose account was looked at or changed then"), ("since", "until"), touched),
]
