"""How long is kept what velocity is counted by, and what was decided."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, deleting, emptying
from payments.fraud.models import LONGEST_WINDOW, Attempt, Case, Decision

# By which device, network and number somebody paid is of use for days; what somebody usually pays, for a year.
MARKS_LAST = timedelta(days=90)
MARKED = {"device": "", "address_index": "", "phone_index": ""}


def _marked(before: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(created_at__lt=before).exclude(**MARKED)


def _told(before: datetime) -> QuerySet[Case]:
    cases = Case.objects.annotate(written=Length("appeal") + Length("note"))
    return cases.filter(closed_at__lt=before, written__gt=0)


def _old_decisions(before: datetime) -> QuerySet[Decision]:
    waiting = Case.objects.exclude(decision=None).values("decision_id")
    return Decision.objects.filter(made_at__lt=before).exclude(pk__in=waiting)


POLICIES = [
    Policy(
        "fraud.marks",
        _("By which device, network and phone number a payment was begun, as keyed hashes"),
        MARKS_LAST,
        _("after it was begun"),
        _("To notice when the same one tries again and again."),
        **emptying(_marked, **MARKED),
    ),
    Policy(
        "fraud.attempts",
        _("Who began to pay how much"),
        LONGEST_WINDOW,
        _("after it was begun"),
        _("To know what is usual for somebody, and at a restaurant."),
        **deleting(lambda before: Attempt.objects.filter(created_at__lt=before)),
    ),
    Policy(
        "fraud.decisions",
        _("What the rules against fraud answered"),
        timedelta(days=730),
        _("after it was decided"),
        _("So that a person can explain it, and look again."),
        **deleting(_old_decisions),
    ),
    Policy(
        "fraud.words",
        _("What was written when somebody looked at a payment"),
        timedelta(days=730),
        _("after it was looked at"),
        _("So that a person can explain it, and look again."),
        **emptying(_told, appeal="", note=""),
    ),
]
