"""Statements of closed periods: issued once, told to the owners, and never changed."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from payments.settlement import selectors, statements, telling
from payments.settlement.models import IssuedStatement
from payments.settlement.states import Period

# What was begun before this has long been committed: the books of a period are closed a little after it.
CLOSES_AFTER = timedelta(minutes=2)


def issue_due(*, now: datetime | None = None) -> int:
    """Issue the statements of the periods that have ended, and return how many."""
    now = now or timezone.now()
    made = 0
    for house in selectors.houses_owed():
        period = selectors.terms_of(house, at=now).period
        until = selectors.last_end_of(period, now=now)
        if now - until < 2 * CLOSES_AFTER:
            continue
        made += issue(restaurant_id=house, period=Period(period), until=until, now=now) is not None
    return made


def issue(*, restaurant_id: int, period: Period, until: datetime, now: datetime) -> IssuedStatement | None:
    """Issue a house's statement up to a midnight, from where the last one ended; None where there is one already.

    Nothing is issued for a time in which nothing happened and nothing is owed.
    """
    before = IssuedStatement.objects.filter(restaurant=restaurant_id).order_by("-until").first()
    if before is not None and before.until >= until:
        return None
    since = before.until if before is not None else selectors.start_of(period, until)
    known_by = now - CLOSES_AFTER
    # Of what was before the first there is no statement: it opens with all that was known when it was made.
    known_before = before.known_by if before is not None else known_by
    found = statements.statement_of(
        restaurant_id, since=since, until=until, known_before=known_before, known_by=known_by
    )
    if not (found.lines or found.opening_kobo or found.closing_kobo):
        return None
    try:
        with transaction.atomic():
            row = IssuedStatement.objects.create(
                restaurant_id=restaurant_id,
                since=since,
                until=until,
                known_before=known_before,
                known_by=known_by,
                opening_kobo=found.opening_kobo,
                closing_kobo=found.closing_kobo,
            )
            telling.tell_of_statement(row)
    except IntegrityError:
        # Another worker was quicker.
        return None
    return row
