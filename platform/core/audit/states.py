"""The words an audit event is made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class Severity(models.TextChoices):
    """How much it matters that somebody looks."""

    INFO = "info", _("Information")
    NOTICE = "notice", _("Notice")
    WARNING = "warning", _("Warning")
    ALERT = "alert", _("Alert")


class ActorKind(models.TextChoices):
    PERSON = "person", _("Person")
    PARTNER = "partner", _("Partner app")
    SYSTEM = "system", _("Buka itself")
    STRANGER = "stranger", _("Somebody not signed in")


class Door(models.TextChoices):
    """By which way in it came about."""

    PAGE = "page", _("Page")
    ADMIN = "admin", _("Back office")
    API = "api", _("API")
    WS = "ws", _("Live connection")
    TASK = "task", _("Background task")
    COMMAND = "command", _("Command line")
