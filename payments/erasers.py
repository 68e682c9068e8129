"""Forgetting who paid. What was paid stays in the books, and names nobody."""

from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from payments.collectors import EMAIL, payments_about
from payments.models import Payment

BATCH = 500


def forget_payer(subject: Subject) -> Outcome:
    """Take addresses and the account off payments. Cards are known by four digits and a mark that names nobody."""
    rows = payments_about(subject)
    keys = list(rows.exclude(email_index="", payer=None).values_list("pk", flat=True)[:BATCH])
    Payment.objects.filter(pk__in=keys).update(email="", address="", payer=None)
    return Outcome(gone=len(keys), more=len(keys) == BATCH)


ERASERS = [
    Eraser(
        "payments.payers",
        _("What you paid"),
        # After bookings, which give back by itself what is still to come.
        60,
        forget_payer,
        goes=_("Your e-mail address and the network address that you paid from are taken off your payments."),
        stays=_("Amounts, days, references, and the last four digits and the bank of a card."),
        why=_(
            "Books and records of a business are kept for six years "
            "(Companies and Allied Matters Act 2020, section 375)."
        ),
        covers=(
            "payments.Payment",
            "payments.Payment.payer",
            *(f"payments.Payment.{name}" for name in EMAIL),
        ),
        is_for_guests=True,
    )
]
_pseudonym = "The row it leads to holds nothing of the person any more."
_books = "A part of the books, kept for six years; it names nobody."
NOT_ERASED = {
    "payments.PaymentRequest": _books,
    "payments.PaymentRequest.asked_by": _pseudonym,
    "payments.PaymentRequest.token": "A key that opens the page to pay on; that page shows nobody.",
    "payments.Refund": _books,
    "payments.Refund.asked_by": _pseudonym,
    "payments.PaymentRowHistory": _books,
    "payments.PaymentRowHistory.payer": _pseudonym,
    "payments.RefundRowHistory": _books,
    "payments.RefundRowHistory.asked_by": _pseudonym,
    "payments.Dispute": _books,
    "payments.DisputeRowHistory": _books,
    "payments.WebhookEvent": "Gone after ninety days with what it says.",
    "payments.WebhookEvent.body": "Gone after ninety days.",
}
