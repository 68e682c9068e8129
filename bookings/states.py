"""A booking's states and its table of legal moves (docs/domains/bookings.md draws it)."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import Machine


class Status(models.TextChoices):
    HELD = "held", _("Held")
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    ARRIVED = "arrived", _("Arrived")
    SEATED = "seated", _("Seated")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No-show")
    LEFT = "left", _("Left before seating")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")


# These keep their tables; all others free them in the same transaction.
OCCUPYING = frozenset({Status.HELD, Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.SEATED})
# A code must be unique among these only; NO_SHOW can be undone within its day.
LIVE = OCCUPYING | {Status.NO_SHOW}
# What a diner may still change or cancel.
UPCOMING = frozenset({Status.HELD, Status.REQUESTED, Status.CONFIRMED})

MACHINE = Machine(
    Status,
    {
        Status.HELD: {Status.CONFIRMED, Status.REQUESTED, Status.EXPIRED, Status.CANCELLED},
        Status.REQUESTED: {Status.CONFIRMED, Status.DECLINED, Status.CANCELLED, Status.EXPIRED},
        Status.CONFIRMED: {Status.ARRIVED, Status.SEATED, Status.CANCELLED, Status.NO_SHOW},
        Status.ARRIVED: {Status.SEATED, Status.LEFT, Status.CANCELLED},
        Status.SEATED: {Status.COMPLETED},
        Status.COMPLETED: set(),
        Status.CANCELLED: set(),
        Status.NO_SHOW: {Status.CONFIRMED, Status.SEATED},
        Status.LEFT: set(),
        Status.DECLINED: set(),
        Status.EXPIRED: set(),
    },
)


# In the changes of a history line: the house cancelled for want of a table, and owes the guest another time.
APOLOGY = "apology"


class Channel(models.TextChoices):
    """The door a booking or a move came through."""

    WEB = "web", _("Website")
    API = "api", _("Partner app")
    ADMIN = "admin", _("Restaurant's desk")
    PHONE = "phone", _("Telephone")
    WHATSAPP = "whatsapp", _("WhatsApp or Instagram")
    WALK_IN = "walk_in", _("Walk-in")
    SYSTEM = "system", _("Buka itself")


STAFF_CHANNELS = frozenset({Channel.ADMIN, Channel.PHONE, Channel.WHATSAPP, Channel.WALK_IN})


class ActorKind(models.TextChoices):
    DINER = "diner", _("Diner")
    STAFF = "staff", _("Staff")
    PARTNER = "partner", _("Partner app")
    SYSTEM = "system", _("Buka itself")


# Who speaks for the guest: an app books, changes and cancels for the guest who asked it to.
FOR_THE_GUEST = frozenset({ActorKind.DINER, ActorKind.PARTNER})


class Occasion(models.TextChoices):
    NONE = "", _("No special occasion")
    BIRTHDAY = "birthday", _("Birthday")
    ANNIVERSARY = "anniversary", _("Anniversary")
    DATE = "date", _("Date")
    BUSINESS = "business", _("Business meal")
    CELEBRATION = "celebration", _("Celebration")
    RELIGIOUS = "religious", _("Religious feast")
    OTHER = "other", _("Another occasion")


class SeriesStatus(models.TextChoices):
    ACTIVE = "active", _("Goes on")
    ENDED = "ended", _("Over")
    CANCELLED = "cancelled", _("Cancelled")


class OccurrenceState(models.TextChoices):
    """What has become of one date of a series; of a booked one, the booking itself tells the rest."""

    PLANNED = "planned", _("Booked when the time comes")
    BOOKED = "booked", _("Booked")
    FAILED = "failed", _("No table")
    SKIPPED = "skipped", _("Left out")
    WITHDRAWN = "withdrawn", _("Cancelled with the series")


class Course(models.TextChoices):
    """How far a seated party has come; a mark beside the state, which tells how long it will still sit."""

    NONE = "", _("Just seated")
    STARTER = "starter", _("Starters")
    MAIN = "main", _("Main course")
    DESSERT = "dessert", _("Dessert")
    BILL = "bill", _("Bill on the table")
    PAID = "paid", _("Paid")


# --- Waiting -----------------------------------------------------------------------------------------------------


class StandbyStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Offered a table")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    LAPSED = "lapsed", _("Not answered in time")
    WITHDRAWN = "withdrawn", _("Left the list")
    CLOSED = "closed", _("Closed: the time has come")


# One diner has one of these per house and date.
STANDBY_LIVE = frozenset({StandbyStatus.WAITING, StandbyStatus.OFFERED})

STANDBY_MACHINE = Machine(
    StandbyStatus,
    {
        StandbyStatus.WAITING: {StandbyStatus.OFFERED, StandbyStatus.WITHDRAWN, StandbyStatus.CLOSED},
        StandbyStatus.OFFERED: {
            StandbyStatus.ACCEPTED,
            StandbyStatus.DECLINED,
            StandbyStatus.LAPSED,
            StandbyStatus.WITHDRAWN,
        },
        # Who cancels a table won through the list has left the list.
        StandbyStatus.ACCEPTED: {StandbyStatus.WITHDRAWN},
        StandbyStatus.DECLINED: set(),
        StandbyStatus.LAPSED: set(),
        StandbyStatus.WITHDRAWN: set(),
        StandbyStatus.CLOSED: set(),
    },
)


class StandbyPriority(models.IntegerChoices):
    """Classes of the fair order: the lower number is asked first, and within a class who joined first."""

    FIRST = 1, _("Before others")
    USUAL = 2, _("In turn")
    LAST = 3, _("After others")


class QueueStatus(models.TextChoices):
    QUEUED = "queued", _("Waiting at the door")
    NOTIFIED = "notified", _("Called to the table")
    SEATED = "seated", _("Seated")
    LEFT = "left", _("Left the queue")
    REMOVED = "removed", _("Taken from the queue")


QUEUE_LIVE = frozenset({QueueStatus.QUEUED, QueueStatus.NOTIFIED})

QUEUE_MACHINE = Machine(
    QueueStatus,
    {
        QueueStatus.QUEUED: {QueueStatus.NOTIFIED, QueueStatus.SEATED, QueueStatus.LEFT, QueueStatus.REMOVED},
        QueueStatus.NOTIFIED: {QueueStatus.SEATED, QueueStatus.LEFT, QueueStatus.REMOVED},
        QueueStatus.SEATED: set(),
        QueueStatus.LEFT: set(),
        QueueStatus.REMOVED: set(),
    },
)
# How long a house knows a guest after their last booking there.
GUESTS_ARE_KEPT = timedelta(days=730)


class TagRule(models.TextChoices):
    """How a guest comes by a tag."""

    BY_HAND = "", _("By hand")
    VISITS = "visits", _("By visits")
    NO_SHOWS = "no_shows", _("By no-shows")
    SPEND = "spend", _("By spend")
    BIRTHDAY = "birthday", _("Before the birthday")
