"""Forgetting the cards of somebody who goes: at once here, and at the gateway as soon as it answers."""

from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from payments.saved.collectors import methods_about
from payments.saved.services import forgetting

BATCH = 100


def forget_cards(subject: Subject) -> Outcome:
    """Have all their cards forgotten, those too that guarantee something: what was to come is cancelled by then."""
    methods = list(methods_about(subject).select_for_update(of=("self",))[:BATCH])
    forgetting.forget_all(methods)
    return Outcome(gone=len(methods), more=len(methods) == BATCH)


ERASERS = [
    Eraser(
        "payments_saved.cards",
        _("Cards that you let us keep"),
        # After bookings, which are cancelled, and before the payments lose their payer.
        55,
        forget_cards,
        goes=_("The cards that you let us keep; our payment partners are told to forget them."),
        stays=_("The kind of a card and its last four digits, with what you agreed to and when, for ninety days."),
        why=_("To show that you had agreed, should a charge be disputed."),
        covers=(
            "payments_saved.SavedMethod",
            "payments_saved.SavedMethod.holder",
            "payments_saved.SavedMethod.email",
            "payments_saved.SavedMethod.token",
            "payments_saved.SavedMethod.card_index",
        ),
        is_for_guests=True,
    )
]
NOT_ERASED = {
    "payments_saved.CardConsent": "What was agreed to, when; gone with the forgotten card after ninety days.",
    "payments_saved.CardCharge": "That a payment was charged to a saved card: a part of the books; it names nobody.",
}
