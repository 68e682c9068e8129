"""What waits too long for a person's look is said to the platform's people, once a day until somebody has looked."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.outbox import publish
from payments.fraud.events import CasesWait
from payments.fraud.models import Case
from payments.fraud.states import CaseState

# A payer whose money is held hears from a person within a day.
REMIND_AFTER = timedelta(hours=24)


@transaction.atomic
def remind() -> int:
    """Have the platform's people reminded of what has waited for a day, and each day anew; return how many."""
    now = timezone.now()
    since = now - REMIND_AFTER
    is_due = Q(reminded_at=None) | Q(reminded_at__lte=since)
    waiting = Case.objects.filter(is_due, state=CaseState.OPEN, opened_at__lte=since).order_by("opened_at")
    cases = list(waiting.select_for_update(skip_locked=True, of=("self",))[:500])
    if cases:
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(reminded_at=now)
        publish(CasesWait(at=now, case_ids=[case.public_id for case in cases]))
    return len(cases)
