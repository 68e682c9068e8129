"""What is refused about saved cards."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound


class NoSuchCard(NotFound):
    code = "saved_card_not_found"
    message = _("We could not find this card among those that you let us keep.")


class CardGuarantees(DomainError):
    """A booking to come stands on it; details: `codes` of those bookings."""

    code = "saved_card_guarantees_a_booking"
    message = _("This card guarantees a booking that is still to come. Cancel that booking first, or let it pass.")


class CardUnusable(DomainError):
    """It was forgotten, has expired, or belongs to a gateway that is not there any more."""

    code = "saved_card_unusable"
    message = _("This card cannot be charged any more. Please pay otherwise.")


class CardRefused(DomainError):
    """The bank said no; nothing has been charged."""

    code = "saved_card_refused"
    message = _("Your bank did not let this card be charged. Nothing has been paid. Please pay otherwise.")
    status = 422
