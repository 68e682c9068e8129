"""The states of a saved card, and what somebody has let us keep it for."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import Machine


class MethodState(TextChoices):
    """Of a saved card."""

    KEPT = "kept", pgettext_lazy("of a card", "Kept")
    # Nobody charges it any more; the gateway is still to be told.
    FORGETTING = "forgetting", pgettext_lazy("of a card", "Being forgotten")
    FORGOTTEN = "forgotten", pgettext_lazy("of a card", "Forgotten")


class Purpose(TextChoices):
    """What somebody has let us keep a card for."""

    NEXT_TIME = "next_time", _("To pay with it the next time")
    GUARANTEE = "guarantee", _("To charge what was agreed if nobody comes")


METHOD_MACHINE = Machine(
    MethodState,
    {
        MethodState.KEPT: {MethodState.FORGETTING},
        MethodState.FORGETTING: {MethodState.FORGOTTEN},
    },
)
