"""What a review may be, how long it may be written and changed, and what is rated."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import Machine

WRITE_WITHIN = timedelta(days=60)
CHANGE_WITHIN = timedelta(days=1)
LONGEST_TEXT = 2000
LONGEST_ANSWER = 2000
LEAST, MOST = 1, 5


class ReviewStatus(models.TextChoices):
    PUBLISHED = "published", _("Published")
    HIDDEN = "hidden", _("Hidden while it is looked at")
    REMOVED = "removed", _("Removed")


MACHINE = Machine(
    ReviewStatus,
    {
        ReviewStatus.PUBLISHED: {ReviewStatus.HIDDEN, ReviewStatus.REMOVED},
        ReviewStatus.HIDDEN: {ReviewStatus.PUBLISHED, ReviewStatus.REMOVED},
        # Somebody may have been wrong.
        ReviewStatus.REMOVED: {ReviewStatus.PUBLISHED},
    },
)


class Aspect(models.TextChoices):
    """What is rated from one to five."""

    OVERALL = "overall", _("Overall")
    FOOD = "food", _("Food")
    SERVICE = "service", _("Service")
    AMBIENCE = "ambience", _("Ambience")
    VALUE = "value", _("Value for money")


ASPECTS = tuple(aspect.value for aspect in Aspect)


class ReportReason(models.TextChoices):
    """Why somebody thinks that a review should not stand."""

    HATE = "hate", _("It insults or threatens people")
    PRIVATE = "private", _("It tells of somebody's private matters")
    FALSE = "false", _("It tells what did not happen")
    ADVERTISING = "advertising", _("It advertises")
    OTHER = "other", _("Something else")
