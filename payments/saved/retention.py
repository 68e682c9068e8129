"""How long is kept what was agreed to about a card that is forgotten."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, deleting
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import MethodState


def _forgotten(before: datetime) -> QuerySet[SavedMethod]:
    return SavedMethod.objects.filter(state=MethodState.FORGOTTEN, forgotten_at__lt=before)


def _came_to_nothing(before: datetime) -> QuerySet[CardConsent]:
    return CardConsent.objects.filter(method=None, given_at__lt=before)


POLICIES = [
    Policy(
        "payments_saved.forgotten",
        _("Cards that are forgotten: the last four digits, and what was agreed to"),
        timedelta(days=90),
        _("after the card was forgotten"),
        _("To show that the holder had agreed, should a charge be disputed."),
        **deleting(_forgotten),
    ),
    Policy(
        "payments_saved.consents",
        _("That somebody agreed to a card being kept, where none came"),
        timedelta(days=90),
        _("after they agreed"),
        _("To answer questions about an attempt to pay."),
        **deleting(_came_to_nothing),
    ),
]
