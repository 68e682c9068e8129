"""What gateways say of a dispute, in the reader's words."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    # Paystack's.
    "awaiting-merchant-feedback": _("The gateway waits for an answer"),
    "awaiting-bank-feedback": _("Answered; the bank decides"),
    "pending": _("The gateway looks at it"),
    "resolved": _("Decided"),
    "archived": _("Decided"),
    # Flutterwave's.
    "initiated": _("The gateway waits for an answer"),
    "declined": _("Answered; the bank decides"),
    "accepted": _("It was accepted that the money goes back"),
    "won": _("The bank decided for the restaurant"),
    "lost": _("The bank decided for the card's holder"),
}
STAGES = {
    "general": _("A question of the card's holder"),
    "fraud": _("The card's holder says that somebody else paid"),
    "chargeback": _("The card's holder wants the money back"),
    "first_chargeback": _("The card's holder wants the money back"),
    "retrieval": _("The bank asks what was paid for"),
    "pre-arbitration": _("The bank does not accept the answer"),
    "second chargeback": _("The bank does not accept the answer"),
    "arbitration": _("The maker of the card decides"),
}


def state(word: str) -> str:
    """Return how a dispute stands at its gateway; a word that we do not know as it was said, a dash for none."""
    return str(WORDS.get(word.lower(), word)) or "–"


def stage(category: str) -> str:
    """Return what the holder of the card or the bank wants; what we do not know as it was said, a dash for none."""
    return str(STAGES.get(category.lower().replace("_", " "), STAGES.get(category.lower(), category))) or "–"
