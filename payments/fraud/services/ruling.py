"""Making and changing rules: each change is a new version, and the old one stays as it was."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from payments.fraud import errors
from payments.fraud.models import Rule
from payments.fraud.states import MEASURES, Answer, RuleKind

FIELDS = ("kind", "restaurant", "window_minutes", "threshold", "least_naira", "answer", "is_active", "note")


def expect_to_fit(*, kind: str, answer: str) -> None:
    """:raises RuleDoesNotFit: when what a rule looks at is not known when it would have to answer"""
    if MEASURES[RuleKind(kind)].needs_card and answer in (Answer.STEP_UP, Answer.REFUSE):
        raise errors.RuleDoesNotFit


@transaction.atomic
def make_rule(*, by: User | None, **said: Any) -> Rule:
    """Make a rule, in force at once unless it says otherwise.

    :param said: of FIELDS
    :raises RuleDoesNotFit: when it could never answer so
    """
    expect_to_fit(kind=said["kind"], answer=said["answer"])
    rule = Rule.objects.create(made_by=by, **said)
    audit.record("fraud.rule_made", actor=by, target=rule, restaurant_id=rule.restaurant_id, details=_told(rule))
    return rule


@transaction.atomic
def change_rule(*, rule: Rule, by: User | None, **said: Any) -> Rule:
    """Put a new version in place of a rule, and return it; the present one where nothing changes.

    :raises RuleDoesNotFit: when it could never answer so
    """
    present = Rule.objects.select_for_update().get(series=rule.series, replaced_at=None)
    wanted = {name: said.get(name, getattr(present, name)) for name in FIELDS}
    expect_to_fit(kind=wanted["kind"], answer=wanted["answer"])
    changed = sorted(name for name in FIELDS if wanted[name] != getattr(present, name))
    if not changed:
        return present
    now = timezone.now()
    present.replaced_at = now
    present.save(update_fields=["replaced_at"])
    made = Rule.objects.create(series=present.series, version=present.version + 1, made_by=by, made_at=now, **wanted)
    audit.record(
        "fraud.rule_changed",
        actor=by,
        target=made,
        restaurant_id=made.restaurant_id,
        details={**_told(made), "version": made.version, "fields": changed},
    )
    return made


def _told(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "window_minutes": rule.window_minutes,
        "threshold": rule.threshold,
        "least_naira": rule.least_naira,
        "answer": rule.answer,
        "is_active": rule.is_active,
    }
