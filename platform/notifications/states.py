"""How far a message has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class Status(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    # Claimed by a worker; one that dies here leaves a lease that runs out.
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    # Parked: a person may send it again from the admin.
    FAILED = "failed", _("Failed")
    # No longer of use when its turn came, such as a reminder after the meal.
    OUTDATED = "outdated", _("Too late to be of use")


UNDELIVERED = (Status.WAITING, Status.SENDING)
