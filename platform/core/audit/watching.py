"""Raises security alerts: looks at the events of the last minutes by the rules of `core.audit.rules`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import audit
from core.audit import rules
from core.audit.events import SecurityAlertRaised
from core.audit.models import AuditEvent, SecurityAlert
from core.audit.rules import Rule
from core.errors import DomainError
from core.outbox import publish

State = SecurityAlert.State


class AlertIsClosed(DomainError):
    code = "security_alert_closed"
    message = _("This alert is closed already.")
    status = 409


def watch(now: datetime | None = None) -> list[SecurityAlert]:
    """Apply every rule; return the alerts that are new. Run twice, it raises nothing twice."""
    now = now or timezone.now()
    raised = []
    for rule in rules.RULES.values():
        for subject in _subjects(rule, now - rule.window):
            alert = _raise(rule, subject, since=now - rule.window)
            if alert is not None:
                raised.append(alert)
    return raised


def _subjects(rule: Rule, since: datetime) -> list[str]:
    """Return for whom, or from where, the events of the window are enough for the rule."""
    events = AuditEvent.objects.filter(action__in=rule.actions, at__gt=since).order_by()
    if not rule.of:
        total = events.aggregate(total=models.Sum("times", default=0))["total"]
        return [""] if total >= rule.least else []
    found = events.values(rule.of).annotate(total=models.Sum("times")).filter(total__gte=rule.least)
    return [str(row[rule.of]) for row in found if row[rule.of]]


def _raise(rule: Rule, subject: str, *, since: datetime) -> SecurityAlert | None:
    alert = SecurityAlert.objects.filter(rule=rule.name, subject=subject).order_by("-id").first()
    if alert is not None and alert.state != State.CLOSED:
        seen = _seen(rule, subject, since=alert.first_seen_at, including=True)
        SecurityAlert.objects.filter(pk=alert.pk).exclude(state=State.CLOSED).update(
            count=seen["total"], last_seen_at=seen["last"], last_event_id=seen["event"].public_id
        )
        return None
    if alert is not None and alert.handled_at is not None and alert.handled_at > since:
        # What somebody has looked at and closed must not come back by itself; what came after counts anew.
        since = alert.handled_at
    seen = _seen(rule, subject, since=since)
    if seen["total"] < rule.least:
        return None
    try:
        with transaction.atomic():
            return _write(rule, subject, seen)
    except IntegrityError:
        return None  # another worker raised it in this very moment


def _write(rule: Rule, subject: str, seen: dict[str, Any]) -> SecurityAlert:
    event: AuditEvent = seen["event"]
    alert = SecurityAlert.objects.create(
        rule=rule.name,
        subject_kind=rule.of,
        subject=subject,
        restaurant_id=event.restaurant_id if rule.of == rules.RESTAURANT else None,
        count=seen["total"],
        first_seen_at=seen["first"],
        last_seen_at=seen["last"],
        last_event_id=event.public_id,
    )
    audit.record("security.alert_raised", target=alert, details={"rule": rule.name, "count": seen["total"]})
    publish(SecurityAlertRaised(alert_id=alert.public_id))
    return alert


def _seen(rule: Rule, subject: str, *, since: datetime, including: bool = False) -> dict[str, Any]:
    since_then = {"at__gte" if including else "at__gt": since}
    events = AuditEvent.objects.filter(action__in=rule.actions, **since_then)
    if rule.of:
        events = events.filter(**{rule.of: UUID(subject) if rule.of in _UUIDS else subject})
    seen = events.order_by().aggregate(
        total=models.Sum("times", default=0), first=models.Min("at"), last=models.Max("at")
    )
    return {**seen, "event": events.order_by("-at", "-id").defer("address").first()}


_UUIDS = (rules.ACTOR, rules.RESTAURANT)


@transaction.atomic
def acknowledge(*, alert_id: int, person: Any) -> SecurityAlert:
    """Say that somebody is looking into it; while they do, more of the same raises no further alert.

    :raises AlertIsClosed: when it is closed
    """
    return _handle(alert_id, State.ACKNOWLEDGED, person, remark=None)


@transaction.atomic
def close(*, alert_id: int, person: Any, remark: str = "") -> SecurityAlert:
    """Say that it has been dealt with.

    :raises AlertIsClosed: when it is closed
    """
    return _handle(alert_id, State.CLOSED, person, remark=remark)


def _handle(alert_id: int, state: str, person: Any, *, remark: str | None) -> SecurityAlert:
    alert = SecurityAlert.objects.select_for_update().get(pk=alert_id)
    if alert.state == State.CLOSED:
        raise AlertIsClosed
    alert.state = state
    alert.handled_by_id = person.public_id
    alert.handled_at = timezone.now()
    alert.remark = remark or alert.remark
    alert.save(update_fields=["state", "handled_by_id", "handled_at", "remark"])
    audit.record(
        "security.alert_handled", actor=person, target=alert, details={"rule": alert.rule, "state": str(state)}
    )
    return alert
