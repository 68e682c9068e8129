"""What somebody reads before a card of theirs is kept. Other words are another version: the consent names it."""

from django.utils.translation import gettext as _

from payments.saved.states import Purpose

VERSION = 1


def consent(purpose: Purpose) -> str:
    """Return what is agreed to, in the active language."""
    if purpose == Purpose.NEXT_TIME:
        return _(
            "Our payment partner keeps the card, not Buka; it is charged only when you choose it, and you can have it "
            "forgotten on “My payments” at any time."
        )
    return _(
        "I let this card be kept for this booking, and be charged the fee that is named here if nobody comes or I "
        "cancel too late. It is forgotten when the booking is over and no fee is open."
    )
