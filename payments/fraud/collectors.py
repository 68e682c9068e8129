"""What an archive holds of what the rules against fraud decided about somebody's payments."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.encryption import index_of_email
from core.personal_data import Collector, Subject
from payments.fraud.models import Attempt, Case, Decision
from payments.fraud.reasons import reasons_of


def attempts_about(subject: Subject) -> QuerySet[Attempt]:
    """Return the attempts to pay of somebody's account, and those without one for an address that is proven theirs."""
    whose = Q(pk__in=[])
    if subject.user_id is not None:
        whose |= Q(payer_id=subject.user_id)
    if subject.emails:
        whose |= Q(payer=None, email_index__in=[index_of_email(address) for address in subject.emails])
    return Attempt.objects.filter(whose).order_by("pk")


def _decided(subject: Subject) -> Iterator[dict[str, Any]]:
    attempts = attempts_about(subject)
    payments = attempts.exclude(payment=None).values("payment_id")
    stopped = attempts.filter(payment=None).values("request_id")
    rows = Decision.objects.filter(Q(payment_id__in=payments) | Q(payment=None, request_id__in=stopped)).order_by("pk")
    found = list(rows.prefetch_related("hits__rule"))
    cases = {case.decision_id: case for case in Case.objects.filter(decision__in=found)}
    for decision in found:
        case = cases.get(decision.pk)
        yield {
            "at": decision.made_at,
            "moment": decision.moment,
            "answer": decision.answer,
            "why": reasons_of(decision),
            "figures": decision.inputs,
            "asked_for_a_person_at": case.appealed_at if case else None,
            "what_you_wrote": case.appeal if case else "",
            "looked_at": case.closed_at if case else None,
            "decided_by_a_person": case.state if case else None,
        }


COLLECTORS = [
    Collector(
        "payment_checks",
        _("Checks of your payments against fraud"),
        _decided,
        covers=(
            "fraud.Attempt.payer",
            "fraud.Attempt.address_index",
            "fraud.Attempt.phone_index",
            "fraud.Attempt.email_index",
            "fraud.Case.appeal",
            "fraud.Decision",
            "fraud.Hit",
        ),
        is_for_guests=True,
    )
]
NOT_COLLECTED = {
    "fraud.Rule.made_by": "Who of the platform's people made a rule: their work, not their data.",
    "fraud.Case.closed_by": "Who of the platform's people looked: their work, not their data.",
    "fraud.Case.note": "What they wrote of it for each other; what was decided, and why the rules held it, is shown.",
}
