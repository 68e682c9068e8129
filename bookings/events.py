"""What other domains may learn from bookings. `restaurant_id` is the house's public id; older events lack it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from core.outbox import Event


@dataclass(frozen=True)
class BookingRequested(Event):
    """A diner asked for a table that the house has yet to approve."""

    name: ClassVar[str] = "booking.requested"
    booking_id: UUID
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class BookingConfirmed(Event):
    """A table is booked. `by_money` tells that money made it so, which `deposit.received` reports as well."""

    name: ClassVar[str] = "booking.confirmed"
    booking_id: UUID
    restaurant_id: UUID | None = None
    by_money: bool = False


@dataclass(frozen=True)
class BookingChanged(Event):
    """Time, size, area or table of a booking is another one; `changes` holds what was, field by field.

    Of the guest's own details it names those that changed, without what they say.
    """

    name: ClassVar[str] = "booking.changed"
    booking_id: UUID
    version: int
    changes: dict
    restaurant_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True)
class BookingCancelled(Event):
    """A booking is off; `is_bumped` when the house took the party's table and offers other times for it."""

    name: ClassVar[str] = "booking.cancelled"
    booking_id: UUID
    by: str
    is_late: bool
    reason: str
    restaurant_id: UUID | None = None
    is_bumped: bool = False


@dataclass(frozen=True)
class BookingDeclined(Event):
    name: ClassVar[str] = "booking.declined"
    booking_id: UUID
    reason: str
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class BookingExpired(Event):
    """The house did not answer a request before its time. Holds that run out are no news."""

    name: ClassVar[str] = "booking.expired"
    booking_id: UUID
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class PartySeated(Event):
    name: ClassVar[str] = "booking.seated"
    booking_id: UUID
    at: datetime
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class VisitCompleted(Event):
    name: ClassVar[str] = "booking.completed"
    booking_id: UUID
    at: datetime
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class PartyDidNotShow(Event):
    name: ClassVar[str] = "booking.no_show"
    booking_id: UUID
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class BookingReminderDue(Event):
    """A reminder should go out now; `lead` is "day" or "hours"."""

    name: ClassVar[str] = "booking.reminder_due"
    booking_id: UUID
    lead: str


@dataclass(frozen=True)
class DepositAwaited(Event):
    """A deposit is to come before the visit, by `due_at`. `entry` is the key of its history's; amounts in kobo."""

    name: ClassVar[str] = "deposit.awaited"
    booking_id: UUID
    entry: int
    amount_kobo: int
    due_at: datetime
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositReceived(Event):
    """Money came for a deposit: `received_kobo` this time, `missing_kobo` still to come.

    `confirms` tells that the table is theirs with it.
    """

    name: ClassVar[str] = "deposit.received"
    booking_id: UUID
    entry: int
    received_kobo: int
    missing_kobo: int
    confirms: bool
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositLapsed(Event):
    """The time in which a deposit was awaited is over, and the table that was held for it is given back."""

    name: ClassVar[str] = "deposit.lapsed"
    booking_id: UUID
    entry: int
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositReminderDue(Event):
    """A deposit is to come within a day, or its table is given back."""

    name: ClassVar[str] = "deposit.reminder_due"
    booking_id: UUID
    due_at: datetime


@dataclass(frozen=True)
class DepositWaived(Event):
    """The house does without what is still missing of a deposit. `confirms` as for what is received."""

    name: ClassVar[str] = "deposit.waived"
    booking_id: UUID
    entry: int
    waived_kobo: int
    confirms: bool
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositKept(Event):
    """The house keeps a deposit, as its terms say; `why` is one of `states.KeptBecause`."""

    name: ClassVar[str] = "deposit.kept"
    booking_id: UUID
    entry: int
    kept_kobo: int
    why: str
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositReleased(Event):
    """A deposit that was kept counts again: the no-show was undone."""

    name: ClassVar[str] = "deposit.released"
    booking_id: UUID
    entry: int
    amount_kobo: int
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositOwedBack(Event):
    """The house owes a guest money back; `why` is one of `states.OwedBecause`."""

    name: ClassVar[str] = "deposit.owed_back"
    booking_id: UUID
    entry: int
    owed_kobo: int
    why: str
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class DepositReturned(Event):
    """The house has paid money back that it owed; `why` as in what it owed."""

    name: ClassVar[str] = "deposit.returned"
    booking_id: UUID
    entry: int
    returned_kobo: int
    why: str
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class SeriesChanged(Event):
    """A repeated booking was begun, changed or cancelled, or could not go on as it was agreed.

    `news` is "begun", "changed", "cancelled", "date_failed" (`on` had no table) or "new_terms" (the booking of `on` was
    made under terms other than those accepted).
    """

    name: ClassVar[str] = "booking.series"
    series_id: UUID
    version: int
    news: str
    on: str = ""
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class RoomFreed(Event):
    """Something has become free on a service day for which somebody waits."""

    name: ClassVar[str] = "room.freed"
    restaurant_id: UUID
    service_day: date


@dataclass(frozen=True)
class StandbyJoined(Event):
    name: ClassVar[str] = "standby.joined"
    entry_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class StandbyOffered(Event):
    """A table is kept for a party of the waiting list until `expires_at`."""

    name: ClassVar[str] = "standby.offered"
    entry_id: UUID
    expires_at: datetime
    restaurant_id: UUID


@dataclass(frozen=True)
class StandbyLapsed(Event):
    """Nobody answered an offer in time; the table goes to the next."""

    name: ClassVar[str] = "standby.lapsed"
    entry_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class StandbyClosed(Event):
    """The time has come and no table became free."""

    name: ClassVar[str] = "standby.closed"
    entry_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class AlertSet(Event):
    name: ClassVar[str] = "alert.set"
    alert_id: UUID


@dataclass(frozen=True)
class FreeTimeFound(Event):
    """A time that somebody wants to hear of is free just now; others hear of it too."""

    name: ClassVar[str] = "alert.free_time"
    alert_id: UUID
    starts_at: datetime


@dataclass(frozen=True)
class QueueJoined(Event):
    name: ClassVar[str] = "queue.joined"
    entry_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class SeatReady(Event):
    """A party in the queue is called to its table."""

    name: ClassVar[str] = "queue.seat_ready"
    entry_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class TicketsOrdered(Event):
    """Somebody ordered tickets, which are confirmed or, with `is_held`, wait for the payment."""

    name: ClassVar[str] = "tickets.ordered"
    order_id: UUID
    restaurant_id: UUID
    is_held: bool = False


@dataclass(frozen=True)
class TicketsConfirmed(Event):
    """The payment of an order came, late or in time, and the tickets are the buyer's."""

    name: ClassVar[str] = "tickets.confirmed"
    order_id: UUID
    restaurant_id: UUID


@dataclass(frozen=True)
class TicketsExpired(Event):
    """An order has no places any more.

    `why` is "unpaid"; "part", when not all of the money came in time; or "too_late", when all of it came after others
    had taken the places. What came is owed back.
    """

    name: ClassVar[str] = "tickets.expired"
    order_id: UUID
    restaurant_id: UUID
    why: str
    version: int
    owed_back_kobo: int = 0


@dataclass(frozen=True)
class TicketsOwedBack(Event):
    """Money came for an order that had been cancelled: it is owed back.

    `why` is "cancelled", or "called_off" where the event was.
    """

    name: ClassVar[str] = "tickets.owed_back"
    order_id: UUID
    restaurant_id: UUID
    why: str
    amount_kobo: int
    owed_back_kobo: int
    version: int


@dataclass(frozen=True)
class TicketsGivenBack(Event):
    """Some places of an order, or with `is_whole` all of it, were given back or cancelled.

    `by` is "diner", "staff", "partner" or "system".
    """

    name: ClassVar[str] = "tickets.given_back"
    order_id: UUID
    restaurant_id: UUID
    by: str
    is_whole: bool
    version: int
    reason: str = ""


@dataclass(frozen=True)
class TicketPassedOn(Event):
    """A ticket is somebody else's now; its old code opens nothing any more."""

    name: ClassVar[str] = "ticket.passed_on"
    ticket_id: UUID
    restaurant_id: UUID
    version: int


@dataclass(frozen=True)
class TicketAdmitted(Event):
    name: ClassVar[str] = "ticket.admitted"
    ticket_id: UUID
    restaurant_id: UUID
    at: datetime


@dataclass(frozen=True)
class EventMoved(Event):
    """A ticketed event begins or ends at another time; everybody with a ticket is told."""

    name: ClassVar[str] = "event.moved"
    event_id: UUID
    restaurant_id: UUID
    version: int
    reason: str


@dataclass(frozen=True)
class EventReminderDue(Event):
    name: ClassVar[str] = "event.reminder_due"
    order_id: UUID


@dataclass(frozen=True)
class CardAsked(Event):
    """A table is held until its guest gives a card that guarantees it."""

    name: ClassVar[str] = "guarantee.asked"
    booking_id: UUID
    until: datetime


@dataclass(frozen=True)
class CardLapsed(Event):
    """The time in which a card was awaited is over, and the table that was held for it is given back."""

    name: ClassVar[str] = "guarantee.lapsed"
    booking_id: UUID


@dataclass(frozen=True)
class GuaranteeTaken(Event):
    """A card guarantees a table; `confirms` is False where it came when the table was gone, and is forgotten."""

    name: ClassVar[str] = "guarantee.taken"
    booking_id: UUID
    confirms: bool


@dataclass(frozen=True)
class FeeMoved(Event):
    """A fee was charged, could not be charged, or is given up; `state` is one of `states.FeeState`. Kobo.

    `version` counts its moves, so that each is told once.
    """

    name: ClassVar[str] = "fee.moved"
    fee_id: UUID
    booking_id: UUID
    state: str
    amount_kobo: int
    returned_kobo: int
    version: str
    restaurant_id: UUID | None = None


@dataclass(frozen=True)
class FeeAsked(Event):
    """A fee is asked for: it is charged from `due_at` on, unless the house thinks better of it. Kobo."""

    name: ClassVar[str] = "fee.asked"
    fee_id: UUID
    booking_id: UUID
    amount_kobo: int
    due_at: datetime
    restaurant_id: UUID | None = None
