"""What people may agree to, and how far an archive, an erasure or a request has come."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import Machine


class Purpose(models.TextChoices):
    """What a person agrees to. The last three are asked once, when an account is made."""

    MARKETING = "marketing", _("News and offers")
    PERSONALISATION = "personalisation", _("Suggestions made for me")
    SOCIAL = "social", _("Sharing with friends")
    LOCATION = "location", _("My place on the map")
    AR_ANALYTICS = "ar_analytics", _("How I use 3D menus and tours")
    SENSITIVE = "sensitive", _("Allergies and diet")
    TERMS = "terms", _("Terms of use")
    PRIVACY_NOTICE = "privacy_notice", _("Privacy notice")
    ADULT = "adult", _("18 or older")


# What can be given and taken back at any time, off until somebody says yes.
OPTIONAL = (
    Purpose.MARKETING,
    Purpose.PERSONALISATION,
    Purpose.SOCIAL,
    Purpose.LOCATION,
    Purpose.AR_ANALYTICS,
    Purpose.SENSITIVE,
)
# Without these there is no account; they end with it.
AT_SIGN_UP = (Purpose.TERMS, Purpose.PRIVACY_NOTICE, Purpose.ADULT)


class Door(models.TextChoices):
    """Through which door somebody agreed or took it back."""

    PAGE = "page", _("Page")
    API = "api", _("App")
    SIGN_UP = "sign_up", _("Sign-up")
    LINK = "link", _("Link in a mail")
    SYSTEM = "system", _("Buka itself")


class ExportStatus(models.TextChoices):
    REQUESTED = "requested", _("Asked for")
    BUILDING = "building", _("Being put together")
    READY = "ready", _("Ready")
    FETCHED = "fetched", _("Fetched")
    EXPIRED = "expired", _("Expired")
    FAILED = "failed", _("Failed")


EXPORT_MACHINE = Machine(
    ExportStatus,
    {
        ExportStatus.REQUESTED: {ExportStatus.BUILDING},
        # A worker that dies, or stumbles, gives it back.
        ExportStatus.BUILDING: {ExportStatus.READY, ExportStatus.REQUESTED, ExportStatus.FAILED},
        ExportStatus.READY: {ExportStatus.FETCHED, ExportStatus.EXPIRED},
        ExportStatus.FETCHED: set(),
        ExportStatus.EXPIRED: set(),
        ExportStatus.FAILED: set(),
    },
)
EXPORT_OPEN = (ExportStatus.REQUESTED, ExportStatus.BUILDING, ExportStatus.READY)


class ErasureStatus(models.TextChoices):
    REGRET = "regret", _("Can still be taken back")
    CANCELLED = "cancelled", _("Taken back")
    RUNNING = "running", _("Under way")
    # Somebody became the only owner of a restaurant since they asked; nothing of theirs is erased yet.
    HELD_UP = "held_up", _("Held up")
    DONE = "done", _("Done")


ERASURE_MACHINE = Machine(
    ErasureStatus,
    {
        ErasureStatus.REGRET: {ErasureStatus.CANCELLED, ErasureStatus.RUNNING, ErasureStatus.HELD_UP},
        ErasureStatus.HELD_UP: {ErasureStatus.CANCELLED, ErasureStatus.RUNNING},
        # Held up only before the first step: of two owners who go at once, the second stays.
        ErasureStatus.RUNNING: {ErasureStatus.DONE, ErasureStatus.HELD_UP},
        ErasureStatus.CANCELLED: set(),
        ErasureStatus.DONE: set(),
    },
)
ERASURE_OPEN = (ErasureStatus.REGRET, ErasureStatus.HELD_UP, ErasureStatus.RUNNING)
ERASURE_CANCELLABLE = (ErasureStatus.REGRET, ErasureStatus.HELD_UP)


class RequestKind(models.TextChoices):
    """What somebody wants of the people who answer for the data."""

    ACCESS = "access", _("See what you hold about me")
    CORRECT = "correct", _("Correct something")
    ERASE = "erase", _("Erase my data")
    RESTRICT = "restrict", _("Do not use my data while a question is open")
    OBJECT = "object", _("Object to a use of my data")
    HUMAN = "human", _("Have a person look at an automatic decision")
    GRIEVANCE = "grievance", _("Complain: my rights were not kept")
    OTHER = "other", _("Something else about my data")


class RequestStatus(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused, with reasons")


REQUEST_MACHINE = Machine(
    RequestStatus,
    {
        RequestStatus.OPEN: {RequestStatus.ANSWERED, RequestStatus.REFUSED},
        RequestStatus.ANSWERED: set(),
        RequestStatus.REFUSED: set(),
    },
)


class Risk(models.TextChoices):
    """How a breach may end for the people it touches; decides who is told (Data Protection Act, s.40)."""

    UNKNOWN = "unknown", _("Not known yet")
    NONE = "none", _("Unlikely to harm anybody")
    RISK = "risk", _("May harm people: the Commission is told")
    HIGH = "high", _("May harm people gravely: the Commission and the people are told")


REGRET = timedelta(days=14)
LINK_LASTS = timedelta(days=7)
# A download that broke off may be taken up again, by the same device.
TAKE_UP_AGAIN = timedelta(minutes=10)
ANSWER_WITHIN = timedelta(days=30)
TELL_COMMISSION_WITHIN = timedelta(hours=72)
