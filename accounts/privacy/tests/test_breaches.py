"""The record of a breach: written down once, added to as more is known."""

from datetime import UTC, datetime

import pytest

from accounts.privacy.models import Breach
from accounts.privacy.services import breaches
from accounts.privacy.states import Risk
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_breach() -> Breach:
    return breaches.record(by=UserFactory(), title="A lost laptop", discovered_at=NOON, what="In a danfo.", data="")


def test_is_recorded_with_who_wrote_it_down_and_no_word_of_it_in_the_trail():
    breach = a_breach()

    event = AuditEvent.objects.get(action="privacy.breach_recorded")
    assert (event.actor_id, event.target_id) == (breach.created_by.public_id, str(breach.public_id))
    assert event.details == {"risk": "unknown", "fields": ["discovered_at", "title", "what"]}
    assert "danfo" not in str(event.details)


def test_more_that_is_known_leaves_a_trace_of_which_fields():
    breach, guard = a_breach(), UserFactory()

    breaches.change(breach=breach, by=guard, title="A lost laptop", risk=Risk.HIGH, advice="Change your password.")

    breach.refresh_from_db()
    event = AuditEvent.objects.get(action="privacy.breach_changed")
    assert (breach.risk, breach.title, breach.advice) == ("high", "A lost laptop", "Change your password.")
    assert (event.actor_id, event.details) == (guard.public_id, {"risk": "high", "fields": ["advice", "risk"]})


def test_what_stands_there_already_changes_nothing():
    breach = a_breach()
    was = breach.updated_at

    breaches.change(breach=breach, by=UserFactory(), title=breach.title)

    breach.refresh_from_db()
    assert breach.updated_at == was
    assert not AuditEvent.objects.filter(action="privacy.breach_changed").exists()
