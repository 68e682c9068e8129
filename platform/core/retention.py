"""How long the kit keeps what it needs to work: answers given twice, news on its way, the trail of what was done."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core import outbox
from core.api import idempotency
from core.audit import retention as trail
from core.models import EventDelivery, IdempotencyKey, OutboxEvent
from core.personal_data import Policy, deleting


def _done_events(before: datetime) -> int:
    unfinished = EventDelivery.objects.exclude(status=EventDelivery.Status.DONE).values("event_id")
    old = OutboxEvent.objects.filter(created_at__lt=before, relayed_at__isnull=False)
    return old.exclude(pk__in=unfinished).count()


def _old_trail(before: datetime) -> int:
    return trail.forget_old(dry_run=True).events


def _forget_trail(before: datetime, limit: int) -> int:
    """Let old events go by the audit's own way, which keeps the chain sound."""
    return trail.forget_old(limit=limit).events


POLICIES = [
    Policy(
        "core.idempotency",
        _("Answers kept for a request that is sent twice"),
        idempotency.KEPT_FOR,
        _("after the request"),
        _("So that a booking sent twice on a weak line is made once."),
        **deleting(lambda before: IdempotencyKey.objects.filter(created_at__lt=before)),
    ),
    Policy(
        "core.outbox",
        _("News between parts of Buka"),
        outbox.KEPT_FOR,
        _("after it was delivered"),
        _("To find out what went wrong. They name rows, not people."),
        count=_done_events,
        sweep=lambda before, limit: outbox.forget_old(limit),
    ),
    Policy(
        "audit.events",
        _("Audit trail"),
        trail.KEPT_FOR,
        _("after it was recorded"),
        _("To notice and clear up misuse."),
        count=_old_trail,
        sweep=_forget_trail,
    ),
]
