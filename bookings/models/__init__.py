from bookings.models.advances import Advance, AdvanceHistory
from bookings.models.booking import Booking, BookingHistory, BookingQuerySet
from bookings.models.desk import DeskAct
from bookings.models.feeds import CalendarFeed
from bookings.models.fees import Fee
from bookings.models.guests import GuestNote, GuestTag, GuestTagging, HouseGuest, OtherContact
from bookings.models.prices import Rearrangement, RoomPrices
from bookings.models.series import BookingSeries, Occurrence
from bookings.models.tables import Block, TableAllocation
from bookings.models.ticketing import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.models.waiting import FreeTimeAlert, QueueEntry, QueueHistory, QuoteStretch, StandbyEntry, StandbyHistory

__all__ = [
    "Advance",
    "AdvanceHistory",
    "Block",
    "Booking",
    "BookingHistory",
    "BookingQuerySet",
    "BookingSeries",
    "CalendarFeed",
    "DeskAct",
    "Fee",
    "FeeRowHistory",
    "FreeTimeAlert",
    "GuestNote",
    "GuestTag",
    "GuestTagging",
    "HouseGuest",
    "Occurrence",
    "OtherContact",
    "QueueEntry",
    "QueueHistory",
    "QuoteStretch",
    "Rearrangement",
    "RoomPrices",
    "StandbyEntry",
    "StandbyHistory",
    "TableAllocation",
    "Ticket",
    "TicketHistory",
    "TicketKind",
    "TicketOrder",
    "TicketedEvent",
]

# Made by the trigger that keeps its rows' history.
FeeRowHistory = Fee.pgh_event_model  # type: ignore[attr-defined]
