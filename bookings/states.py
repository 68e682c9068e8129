"""A booking's states and its table of legal moves (docs/domains/bookings.md draws it)."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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
        # A request that the house says yes to is held while its deposit is awaited.
        Status.REQUESTED: {Status.CONFIRMED, Status.HELD, Status.DECLINED, Status.CANCELLED, Status.EXPIRED},
        # The last only for a date of a series whose deposit has not come by its time.
        Status.CONFIRMED: {Status.ARRIVED, Status.SEATED, Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED},
        Status.ARRIVED: {Status.SEATED, Status.LEFT, Status.CANCELLED},
        Status.SEATED: {Status.COMPLETED},
        Status.COMPLETED: set(),
        Status.CANCELLED: set(),
        Status.NO_SHOW: {Status.CONFIRMED, Status.SEATED},
        Status.LEFT: set(),
        Status.DECLINED: set(),
        # Only for a deposit that came too late, where the same table's time is still free.
        Status.EXPIRED: {Status.CONFIRMED},
    },
)


class AdvanceState(models.TextChoices):
    """What has become of money that is paid before the visit."""

    AWAITED = "awaited", _("Awaited")
    RECEIVED = "received", _("Received")
    LAPSED = "lapsed", _("Not awaited any more")
    APPLIED = "applied", _("Taken off the bill")
    OWED_BACK = "owed_back", _("Owed back")
    KEPT = "kept", _("Kept by the house")
    RETURNED = "returned", _("Paid back")


ADVANCE_MACHINE = Machine(
    AdvanceState,
    {
        AdvanceState.AWAITED: {AdvanceState.RECEIVED, AdvanceState.LAPSED},
        AdvanceState.RECEIVED: {AdvanceState.APPLIED, AdvanceState.OWED_BACK, AdvanceState.KEPT},
        # Money that came late, or a part of it that was there when the time was over.
        AdvanceState.LAPSED: {AdvanceState.RECEIVED, AdvanceState.OWED_BACK},
        AdvanceState.APPLIED: set(),
        AdvanceState.OWED_BACK: {AdvanceState.RETURNED},
        # A no-show is undone.
        AdvanceState.KEPT: {AdvanceState.RECEIVED},
        # Sent once more after it was paid back: without a table nothing is kept.
        AdvanceState.RETURNED: {AdvanceState.OWED_BACK},
    },
)


class OwedBecause(models.TextChoices):
    """Why a house owes money back, as events and messages name it."""

    TOO_LATE = "too_late", _("It came when the table was gone")
    LAPSED = "lapsed", _("Only a part had come in time")
    CANCELLED = "cancelled", _("The booking is off")
    SURPLUS = "surplus", _("More came than is asked for")
    LEFT = "left", _("They left before they were seated")


class KeptBecause(models.TextChoices):
    """Why a house keeps a deposit, as events and messages name it."""

    LATE_CANCELLATION = "late_cancellation", _("Cancelled after the free time")
    NO_SHOW = "no_show", _("Nobody came")


class FeeKind(models.TextChoices):
    """What a fee is asked for."""

    NO_SHOW = "no_show", _("Nobody came")
    LATE = "late", _("Cancelled after the free time")


class FeeState(models.TextChoices):
    """What has become of a fee."""

    # It is charged to the guest's card once its time has come, and tried again while the gateway is away.
    ASKED = "asked", pgettext_lazy("of a fee", "To be charged")
    # It could not be charged: the guest has a link to pay it otherwise.
    UNPAID = "unpaid", pgettext_lazy("of a fee", "Not paid")
    PAID = "paid", pgettext_lazy("of a fee", "Paid")
    # Nobody is asked for it any more; what had come goes back.
    WAIVED = "waived", pgettext_lazy("of a fee", "Waived")


FEE_MACHINE = Machine(
    FeeState,
    {
        FeeState.ASKED: {FeeState.UNPAID, FeeState.PAID, FeeState.WAIVED},
        # The house has it charged once more.
        FeeState.UNPAID: {FeeState.ASKED, FeeState.PAID, FeeState.WAIVED},
        FeeState.PAID: {FeeState.WAIVED},
        # A no-show that was undone is marked again.
        FeeState.WAIVED: {FeeState.ASKED},
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


# --- Ticketed events ---------------------------------------------------------------------------------------------


class EventStatus(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("of a ticketed event", "Draft")
    ON_SALE = "on_sale", pgettext_lazy("of a ticketed event", "On sale")
    CALLED_OFF = "called_off", pgettext_lazy("of a ticketed event", "Called off")


EVENT_MACHINE = Machine(
    EventStatus,
    {
        EventStatus.DRAFT: {EventStatus.ON_SALE},
        EventStatus.ON_SALE: {EventStatus.CALLED_OFF},
        EventStatus.CALLED_OFF: set(),
    },
)


class EventRoom(models.TextChoices):
    """What of the ordinary floor an event takes from sale while it lasts."""

    FLOOR = "floor", _("The whole floor")
    AREA = "area", _("One area")
    NONE = "none", _("None: a room that is not on the floor plan")


class PaidWhen(models.TextChoices):
    AT_THE_HOUSE = "at_house", _("At the house")
    BEFORE = "before", _("Before: the places are held until the money has come")


class PaidBy(models.TextChoices):
    """How money for tickets changed hands at the house."""

    CASH = "cash", pgettext_lazy("how it was paid", "In cash")
    TRANSFER = "transfer", pgettext_lazy("how it was paid", "By transfer")
    CARD = "card", pgettext_lazy("how it was paid", "By card terminal")


class OrderStatus(models.TextChoices):
    HELD = "held", pgettext_lazy("of a ticket order", "Waiting for payment")
    CONFIRMED = "confirmed", pgettext_lazy("of a ticket order", "Confirmed")
    CANCELLED = "cancelled", pgettext_lazy("of a ticket order", "Cancelled")
    EXPIRED = "expired", pgettext_lazy("of a ticket order", "Not paid in time")


# These have tickets that count; of HELD the clock is asked as well.
ORDER_LIVE = frozenset({OrderStatus.HELD, OrderStatus.CONFIRMED})

ORDER_MACHINE = Machine(
    OrderStatus,
    {
        OrderStatus.HELD: {OrderStatus.CONFIRMED, OrderStatus.EXPIRED, OrderStatus.CANCELLED},
        OrderStatus.CONFIRMED: {OrderStatus.CANCELLED},
        # Money that comes late finds its places again if nobody has taken them.
        OrderStatus.EXPIRED: {OrderStatus.CONFIRMED},
        OrderStatus.CANCELLED: set(),
    },
)


class TicketState(models.TextChoices):
    VALID = "valid", pgettext_lazy("of a ticket", "Valid")
    ADMITTED = "admitted", pgettext_lazy("of a ticket", "Used")
    VOID = "void", pgettext_lazy("of a ticket", "Given back")


# These take a place.
TICKET_LIVE = frozenset({TicketState.VALID, TicketState.ADMITTED})

TICKET_MACHINE = Machine(
    TicketState,
    {
        TicketState.VALID: {TicketState.ADMITTED, TicketState.VOID},
        # Somebody pressed the wrong line at the door.
        TicketState.ADMITTED: {TicketState.VALID},
        TicketState.VOID: set(),
    },
)


class TicketDeed(models.TextChoices):
    """What a line of an order's history tells."""

    ORDERED = "ordered", _("Ordered")
    PAID = "paid", _("Payment received")
    PAID_BACK = "paid_back", _("Paid back")
    CONFIRMED = "confirmed", _("Confirmed")
    EXPIRED = "expired", _("Not paid in time")
    CANCELLED = "cancelled", _("Cancelled")
    CALLED_OFF = "called_off", _("Event called off")
    GIVEN_BACK = "given_back", _("Places given back")
    PASSED_ON = "passed_on", _("Ticket passed on")
    ADMITTED = "admitted", _("Admitted")
    ADMISSION_UNDONE = "undone", _("Admission taken back")


class SystemReason(models.TextChoices):
    """Why something was done that nobody gave a reason for: kept in these words, shown in the reader's language."""

    ON_OFFER = "offered to the waiting list", _("offered to the waiting list")
    WON_ELSEWHERE = "cancelled a table won here", _("cancelled a table won here")
    OFFER_ENDED = "the offer has ended", _("the offer has ended")
    NEXT_BOOKING = "went to the next booking", _("went to the next booking")
    OWED_AGAIN = "the apology is owed again", _("the apology is owed again")
    TABLES_CLOSED = "tables are closed", _("tables are closed")
    TABLE_CLOSED = "the table is closed", _("the table is closed")
    ARRANGED_ANEW = "the tables were arranged anew", _("the tables were arranged anew")
    LEFT_OPEN = "left open at the close", _("left open at the close")
    DEPOSIT_LATE = "the deposit came late", _("the deposit came late")
    NO_DEPOSIT = "the deposit did not come in time", _("the deposit did not come in time")
    CARD_GIVEN = "a card was given", _("a card was given")
