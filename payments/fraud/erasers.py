"""Forgetting a payer: what velocity is counted by goes; what was decided stays with the payment, which names nobody."""

from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from payments.fraud.collectors import attempts_about
from payments.fraud.models import Case

BATCH = 500


def _forget(subject: Subject) -> Outcome:
    batch = list(attempts_about(subject).values_list("pk", "request_id")[:BATCH])
    requests = [request for _pk, request in batch]
    Case.objects.filter(request_id__in=requests).update(appeal="", note="")
    gone = attempts_about(subject).filter(pk__in=[pk for pk, _request in batch])
    number, _each = gone.delete()
    return Outcome(gone=number, more=len(batch) == BATCH)


ERASERS = [
    Eraser(
        "fraud.attempts",
        _("Checks of your payments against fraud"),
        order=40,
        erase=_forget,
        goes=_("By which account, device, network and number you began to pay, and what you wrote to whoever looked."),
        stays=_("What was decided about a payment, from which figures."),
        why=_(
            "Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."
        ),
        covers=(
            "fraud.Attempt.payer",
            "fraud.Attempt.address_index",
            "fraud.Attempt.phone_index",
            "fraud.Attempt.email_index",
            "fraud.Case.appeal",
            "fraud.Case.note",
        ),
        is_for_guests=True,
    )
]
NOT_ERASED = {
    "fraud.Decision": "What was decided about a payment, from figures that name nobody; it stays with the payment.",
    "fraud.Hit": "Which rules said so; no column of it leads to a person.",
    "fraud.Rule.made_by": "Of the platform's people; empty once their account is gone.",
    "fraud.Case.closed_by": "Of the platform's people; empty once their account is gone.",
}
