"""How a log-in ends."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Client(models.TextChoices):
    BROWSER = "browser", _("Browser")
    APP = "app", _("App")


class Reason(models.TextChoices):
    LOGGED_OUT = "logged_out", _("Logged out")
    ENDED = "ended", _("Ended from another device")
    EVERYWHERE = "everywhere", _("Logged out everywhere")
    PASSWORD = "password", _("Password changed")
    FACTOR_ADDED = "factor_added", _("Second factor added")
    FACTOR_REMOVED = "factor_removed", _("Second factor removed")
    ROLE_CHANGED = "role_changed", _("Role changed or taken away")
    REUSED = "reused", _("A used token came a second time")
    DEACTIVATED = "deactivated", _("Account closed")
    EXPIRED = "expired", _("Ran out")
