"""How long it is known who reported a review."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, deleting
from restaurants.reviews.models import ReviewReport

POLICIES = [
    Policy(
        "reviews.reports",
        _("Who reported a review"),
        timedelta(days=365),
        _("after it was decided"),
        _("To answer questions about the decision."),
        **deleting(lambda before: ReviewReport.objects.filter(settled_at__lt=before)),
    )
]
