"""Everything that can be done to a booking. Each function opens its transaction and says what it raises."""

from bookings.services.blocks import block_tables, remove_block
from bookings.services.booking import (
    book_table,
    confirm_hold,
    expire_unanswered_requests,
    hold_table,
    release_expired_holds,
)
from bookings.services.changing import BookingMovedOn, attach_to_account, cancel_booking, change_booking, note_for_staff
from bookings.services.claiming import Actor, Guest
from bookings.services.feeds import close_feed, open_feed, renew_feed
from bookings.services.floor import (
    complete_visit,
    confirm_request,
    decline_request,
    mark_arrived,
    mark_left,
    mark_no_show,
    seat_party,
    seat_walk_in,
    undo_no_show,
)
from bookings.services.moving_days import (
    DayMove,
    DayMoveOutdated,
    DayNotMovable,
    DayTaken,
    look_at_day_move,
    move_special_day,
)
from bookings.services.pricing import price_room, rooms_to_price
from bookings.services.quoting import Offering, Quote, expect_room, nearest_times, offering, quote
from bookings.services.reminders import send_due_reminders
from bookings.services.repacking import SECONDS_AT_THE_DESK, rearrange_tables, services_to_rearrange
from bookings.services.series import (
    DateOutcome,
    begin_series,
    cancel_series,
    change_series,
    extend_series,
    look_at_dates,
    outcome_body,
)

__all__ = [
    "SECONDS_AT_THE_DESK",
    "Actor",
    "BookingMovedOn",
    "DateOutcome",
    "DayMove",
    "DayMoveOutdated",
    "DayNotMovable",
    "DayTaken",
    "Guest",
    "Offering",
    "Quote",
    "attach_to_account",
    "begin_series",
    "block_tables",
    "book_table",
    "cancel_booking",
    "cancel_series",
    "change_booking",
    "change_series",
    "close_feed",
    "complete_visit",
    "confirm_hold",
    "confirm_request",
    "decline_request",
    "expect_room",
    "expire_unanswered_requests",
    "extend_series",
    "hold_table",
    "look_at_dates",
    "look_at_day_move",
    "mark_arrived",
    "mark_left",
    "mark_no_show",
    "move_special_day",
    "nearest_times",
    "note_for_staff",
    "offering",
    "open_feed",
    "outcome_body",
    "price_room",
    "quote",
    "rearrange_tables",
    "release_expired_holds",
    "remove_block",
    "renew_feed",
    "rooms_to_price",
    "seat_party",
    "seat_walk_in",
    "send_due_reminders",
    "services_to_rearrange",
    "undo_no_show",
]
