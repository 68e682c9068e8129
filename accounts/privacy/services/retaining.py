"""Nothing is kept for ever: each rule the apps declare is looked after nightly, in batches, with figures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.privacy.models import RetentionRun
from core import audit, personal_data
from core.errors import NotFound
from core.outbox import enqueue
from core.personal_data import Policy

logger = logging.getLogger(__name__)

BATCH = 1000
# Under a minute, so that a worker that is asked to stop can; what is left follows at once in a task of its own.
BUDGET = timedelta(seconds=45)


def policy_called(name: str) -> Policy:
    """:raises NotFound: when no app declares it"""
    for policy in personal_data.policies():
        if policy.name == name:
            return policy
    raise NotFound(f"No app declares a retention rule called {name!r}.")


def begin() -> int:
    """Ask for a task per rule; what Redis does not take is done here and now. Return how many rules there are."""
    from accounts.privacy.tasks import retain_one

    policies = personal_data.policies()
    for policy in policies:
        if not enqueue(retain_one, policy.name):
            run(policy=policy.name)
    return len(policies)


def run_in_batches(*, policy: str) -> RetentionRun:
    """Look after a rule, and ask for another task when time ran out before the rows did."""
    from accounts.privacy.tasks import retain_one

    done = run(policy=policy)
    # What nobody can remove now, such as rows that others still lean on, waits for the next night.
    if done.removed and done.left_over and not done.error:
        enqueue(retain_one, policy)
    return done


def run(*, policy: str, dry_run: bool = False, now: datetime | None = None, budget: timedelta = BUDGET) -> RetentionRun:
    """Look after one rule and keep its figures; with `dry_run` it only counts.

    :raises NotFound: when no app declares it
    """
    rule = policy_called(policy)
    now = now or timezone.now()
    before = now - rule.keep
    figures = RetentionRun.objects.create(policy=rule.name, is_dry_run=dry_run, before=before)
    try:
        figures.found = _count(rule, before)
        if not dry_run:
            figures.removed = _sweep(rule, before, until=timezone.now() + budget)
        figures.left_over = _count(rule, before) if figures.removed else figures.found
    except Exception as error:
        # One rule that fails must not keep the others from their work; the row and the log say so.
        logger.exception("The retention rule %s failed", rule.name)
        figures.error = f"{type(error).__name__}: {error}"[:300]
    figures.finished_at = timezone.now()
    figures.save()
    if figures.removed:
        audit.record("privacy.retention_ran", details={"rule": rule.name, "removed": figures.removed})
    return figures


@contextmanager
def _patient() -> Iterator[None]:
    """Give a statement the time it needs at night; by day none may take longer than a person would wait."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '50s'")
        yield


def _count(rule: Policy, before: datetime) -> int:
    with _patient():
        return rule.count(before)


def _sweep(rule: Policy, before: datetime, *, until: datetime) -> int:
    removed = 0
    while timezone.now() < until:
        with _patient():
            went = rule.sweep(before, BATCH)
        removed += went
        if not went:
            break
    return removed
