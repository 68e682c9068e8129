"""How long is kept what was sent to partner apps."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from accounts.partners.models import Delivery
from core.personal_data import Policy, deleting

POLICIES = [
    Policy(
        "partners.deliveries",
        _("What was sent to partner apps"),
        timedelta(days=90),
        _("after it was sent"),
        _("To send it again, and to clear up what went wrong."),
        **deleting(lambda before: Delivery.objects.filter(created_at__lt=before)),
    ),
]
