"""Refusals of the booking services."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from bookings.availability import Reason
from core.errors import Busy, DomainError, NotFound, Text


class BookingRefused(DomainError):
    """A rule of the house says no to this party or time; `details["reason"]` names the rule."""

    code = "booking_refused"
    message = _("This table cannot be booked.")
    status = 409
    message_without_times: Text | None = None
    """What is said in place of a message that announces near times, where `details["alternatives"]` holds none."""

    def __init__(self, message: Text | None = None, **details: Any) -> None:
        if message is None and not details.get("alternatives"):
            message = self.message_without_times
        super().__init__(message, **details)


class NoTableFree(BookingRefused):
    """Every table that would do is taken at that time; `details["alternatives"]` holds the nearest free times."""

    code = "booking_no_table_free"
    message = _("No table is free at that time. Here are the nearest times that are.")
    message_without_times = _("No table is free at that time.")


class UnknownSuggestion(BookingRefused):
    """The token is made up, older than a day, or of another party or house."""

    code = "booking_unknown_suggestion"
    message = _("This suggestion is no longer valid. Please choose the time again.")
    status = 422


class TooManyAtOnce(BookingRefused):
    code = "booking_pacing"
    message = _("Too many guests arrive at that time already. Here are the nearest free times.")
    message_without_times = _("Too many guests arrive at that time already.")


class RestaurantNotBookable(BookingRefused):
    code = "booking_restaurant_not_bookable"
    message = _("This restaurant does not take bookings on Buka.")


class PartySizeRefused(BookingRefused):
    code = "booking_party_size"
    message = _("Online, this restaurant takes parties of %(smallest)d to %(largest)d. Please call for other sizes.")
    status = 422
    # Where a group can ask the house first, though not for what it wanted here.
    ask_for_one = _(
        "This is for parties of %(smallest)d to %(largest)d. Larger groups, of up to %(largest_on_request)d, can ask "
        "the restaurant online for a single date."
    )
    at_the_desk = _("At most %(largest)d guests can sit together here.")


class TimeInThePast(BookingRefused):
    code = "booking_time_in_the_past"
    message = _("That time has passed. Please choose a later one.")
    status = 422


class TimeTooSoon(BookingRefused):
    code = "booking_too_soon"
    message = _("This restaurant needs at least %(minutes)d minutes’ notice.")
    status = 422


class TimeTooFarAhead(BookingRefused):
    code = "booking_too_far_ahead"
    message = _("This restaurant takes bookings at most %(days)d days ahead.")
    status = 422


class AfterCutOff(BookingRefused):
    code = "booking_after_cut_off"
    message = _("Online booking for this meal has closed. Please call the restaurant.")
    status = 422


class ClosedThen(BookingRefused):
    code = "booking_closed"
    message = _("The restaurant is closed then.")
    status = 422


class NotASeatingTime(BookingRefused):
    code = "booking_not_a_seating_time"
    message = _("No table starts at exactly that time. Please choose one of the times shown.")
    status = 422


class UnknownArea(BookingRefused):
    code = "booking_unknown_area"
    message = _("This restaurant has no such area.")
    status = 422


class NoStepFreeTable(BookingRefused):
    """Whatever the time: the house has none that seats so many."""

    code = "booking_no_step_free_table"
    message = _("This restaurant has no table without steps for so many guests. Please call the restaurant.")
    status = 422


class TableHasSteps(BookingRefused):
    """Staff chose it for a party that cannot take steps; `details["tables"]` names it."""

    code = "booking_table_has_steps"
    message = _("There are steps before that table, and this party needs one without. Choose another table.")


class TableTooSmall(BookingRefused):
    """Staff chose tables that seat fewer than come, and did not say that they know."""

    code = "booking_table_too_small"
    message = _("Too small for %(party)d guests: seats %(smallest)d to %(largest)d.")


class UnknownTable(BookingRefused):
    code = "booking_unknown_table"
    message = _("This restaurant has no such table.")
    status = 422


class TableTaken(BookingRefused):
    code = "booking_table_taken"
    message = _("That table is taken at that time.")


class DuplicateBooking(BookingRefused):
    code = "booking_duplicate"
    message = _("You have booked here at that time already.")


class OverlapsOwnBooking(BookingRefused):
    code = "booking_overlaps_own"
    message = _("You have a booking at an overlapping time. Change or cancel that one first.")


class ContactMissing(BookingRefused):
    code = "booking_contact_missing"
    message = _("We need a phone number or an e-mail address to reach you.")
    status = 422


class NotTakenOnline(BookingRefused):
    """The house takes this guest's bookings by telephone only; why is between the two of them."""

    code = "booking_not_taken_online"
    message = _("We cannot take this booking online. Please call the restaurant.")


class AllergiesWithoutConsent(BookingRefused):
    code = "booking_allergies_without_consent"
    message = _("Please agree that the restaurant may keep what you write about allergies, or leave it out.")
    status = 422


class TooLateToChange(BookingRefused):
    code = "booking_too_late_to_change"
    message = _("This booking can no longer be changed here. Please call the restaurant.")


class HoldExpired(BookingRefused):
    code = "booking_hold_expired"
    message = _("The table was held for a while and has been given back. Please choose a time again.")


class DepositOutstanding(BookingRefused):
    """The table is held for a deposit: only its money makes it a booking."""

    code = "booking_deposit_outstanding"
    message = _("This table is held until its deposit has come.")


class CardOutstanding(DepositOutstanding):
    """The table is held for a card: only that makes it a booking."""

    code = "booking_card_outstanding"
    message = _("This table is held until its guest has given a card.")


class NoDepositAsked(BookingRefused):
    code = "booking_no_deposit_asked"
    message = _("No deposit is asked for with this booking.")


class NotAnAmount(BookingRefused):
    code = "booking_not_an_amount"
    message = _("Write how much money came, more than nothing.")
    status = 422


class ReferenceOfAnotherAmount(BookingRefused):
    """Money was noted under the same reference before, with `details["amount_kobo"]`: one of the two is mistyped."""

    code = "payment_reference_of_another_amount"
    message = _("This reference is noted already, with %(amount)s. Correct the amount, or write another reference.")


class NothingOwedBack(BookingRefused):
    code = "booking_nothing_owed_back"
    message = _("Nothing is owed back for this booking.")


class NothingAwaited(BookingRefused):
    code = "booking_nothing_awaited"
    message = _("No deposit is awaited for this booking.")


class ReasonMissing(BookingRefused):
    code = "booking_reason_missing"
    message = _("Please give the guest a reason.")
    status = 422


class TooEarlyForNoShow(BookingRefused):
    code = "booking_too_early_for_no_show"
    message = _("The party may still come: its grace ends at %(until)s.")


class NotTheTimeToSayLate(BookingRefused):
    code = "booking_not_the_time_to_say_late"
    message = _("You can say so from three hours before your time until an hour after it.")


class TooEarlyToSeat(BookingRefused):
    code = "booking_too_early_to_seat"
    message = _("A party arrives and is seated only on the day of its booking.")


class NotSeated(BookingRefused):
    code = "booking_not_seated"
    message = _("This party does not sit at a table.")


class TableStillOccupied(BookingRefused):
    code = "booking_table_still_occupied"
    message = _("Another party still sits at this table. Complete that visit or change the table first.")


class UndoTooLate(BookingRefused):
    code = "booking_undo_too_late"
    message = _("This can be undone only on the day of the service.")


class BlockHitsBookings(BookingRefused):
    """Bookings stand on the tables to be blocked; `details["bookings"]` lists them. Nobody is moved silently."""

    code = "block_hits_bookings"
    message = _("There are bookings on these tables at that time. Move or cancel them first.")


class NoVisitYet(DomainError):
    code = "review_no_visit"
    message = _("Only a visit that is over can be reviewed.")
    status = 409


class GuestsNotMergeable(DomainError):
    code = "guests_not_mergeable"
    message = _("These two entries cannot become one: they are the same already, or belong to two restaurants.")
    status = 409


class GuestsWithTwoAccounts(GuestsNotMergeable):
    code = "guests_with_two_accounts"
    message = _("Both guests have an account of their own, so they are two people.")


class BlockReasonMissing(DomainError):
    code = "guest_block_reason_missing"
    message = _("Write down why: your colleagues have to know, and somebody may have to answer for it.")
    status = 422


class BookingMovedOn(DomainError):
    """Somebody changed the booking since the asker last saw it."""

    code = "booking_version"
    message = _("Somebody else has changed this booking meanwhile. Look at it again before you change it.")
    status = 412


class StayTooLong(BookingRefused):
    """A party stays at least five minutes and at most twelve hours, and leaves in the future."""

    code = "booking_stay"
    message = _("A party leaves after it has come, within twelve hours, and not in the past.")
    status = 422


class BookingNotFound(NotFound):
    code = "booking_not_found"
    message = _("We found no such booking.")


class SeriesRefused(BookingRefused):
    """Not every date can be had; `details["dates"]` tells what stands with each. Nothing was booked or changed."""

    code = "booking_series_refused"
    message = _("Not every date can be booked. Leave those out that cannot, or choose another time for them.")


class SeriesRuleRefused(BookingRefused):
    """The rule makes no series."""

    code = "booking_series_rule"
    message = _("A repeated booking has at least two dates and ends within a year.")
    status = 422


class SeriesOver(BookingRefused):
    code = "booking_series_over"
    message = _("Nothing of this repeated booking is still to come.")


class SeriesNotFound(NotFound):
    code = "booking_series_not_found"
    message = _("We found no such repeated booking.")


class AlreadyWaiting(DomainError):
    code = "waitlist_already_waiting"
    message = _("You are on this restaurant’s waiting list for that day already.")
    status = 409


class TableIsFree(DomainError):
    """Nobody need wait: `details["alternatives"]` holds the free times within the asked ones."""

    code = "waitlist_table_is_free"
    message = _("There is a free table at a time that suits you. You can book it now.")
    status = 409


class NoSuchRange(DomainError):
    code = "waitlist_no_such_times"
    message = _("The restaurant seats nobody between these times. Choose others.")
    status = 422


class OfferGone(DomainError):
    """The offer lapsed, was answered already, or was never made; `details["state"]` says what became of it."""

    code = "waitlist_offer_gone"
    message = _("This offer is no longer open.")
    status = 409


class NothingFits(DomainError):
    code = "waitlist_nothing_fits"
    message = _("No table is free for this party at the times it asked for.")
    status = 409


class WaitlistEntryNotFound(NotFound):
    code = "waitlist_entry_not_found"
    message = _("We found no such place on a waiting list.")


class AlertExists(DomainError):
    code = "alert_exists"
    message = _("You have asked already to be told of a free table there on that day.")
    status = 409


class TooManyAlerts(DomainError):
    code = "alert_too_many"
    message = _("You wait for news of many tables already. Let one of them go first.")
    status = 409


class AlertNotFound(NotFound):
    code = "alert_not_found"
    message = _("We found no such wish.")


class QueueEntryNotFound(NotFound):
    code = "queue_entry_not_found"
    message = _("We found no such party in the queue.")


class QueueMovedOn(DomainError):
    """Somebody else has done something to this party since the asker last saw it."""

    code = "queue_version"
    message = _("Somebody else has changed this party’s place meanwhile. Look at it again before you change it.")
    status = 412


class QueueClosed(BookingRefused):
    """The house is closed, and not about to open; `details["opens_at"]` says when it does, where that is known."""

    code = "queue_closed"
    message = _("The restaurant is closed. It opens %(when)s; the queue begins two hours before.")
    when_unknown = _("The restaurant is closed, and no opening is near.")


REFUSALS: dict[Reason, type[BookingRefused]] = {
    Reason.NOT_BOOKABLE: RestaurantNotBookable,
    Reason.PARTY_TOO_SMALL: PartySizeRefused,
    Reason.PARTY_TOO_LARGE: PartySizeRefused,
    Reason.NO_STEP_FREE_TABLE: NoStepFreeTable,
    Reason.CLOSED: ClosedThen,
    Reason.NOT_A_SEATING_TIME: NotASeatingTime,
    Reason.IN_THE_PAST: TimeInThePast,
    Reason.TOO_SOON: TimeTooSoon,
    Reason.TOO_FAR_AHEAD: TimeTooFarAhead,
    Reason.AFTER_CUT_OFF: AfterCutOff,
    Reason.HARD_CLOSE: NotASeatingTime,
    Reason.PACING: TooManyAtOnce,
    Reason.NO_TABLE: NoTableFree,
}


# --- Ticketed events ---------------------------------------------------------------------------------------------


class EventNotFound(NotFound):
    code = "event_not_found"
    message = _("We could not find that event.")


class NotOnSale(BookingRefused):
    """The event is a draft, called off, over, or its sale has not begun or has ended."""

    code = "tickets_not_on_sale"
    message = _("Tickets for this event are not on sale at the moment.")


class TicketsSoldOut(BookingRefused):
    """Fewer are left than were asked for; `details["left"]` says how many of each kind there are."""

    code = "tickets_sold_out"
    message = _("There are not that many tickets left. Please choose fewer, or others.")


class TooManyTickets(BookingRefused):
    code = "tickets_too_many"
    message = _("One order takes tickets for at most %(most)d guests. Please call the restaurant for more.")
    status = 422


class EventIsOver(BookingRefused):
    code = "event_is_over"
    message = _("This event is over.")


class NoTicketsChosen(BookingRefused):
    code = "tickets_none_chosen"
    message = _("Please choose at least one ticket.")
    status = 422


class UnknownTicketKind(BookingRefused):
    code = "tickets_unknown_kind"
    message = _("This event has no such ticket.")
    status = 422


class PriceHasChanged(BookingRefused):
    """The buyer saw another sum; `details["amount"]` in kobo is what the tickets cost now."""

    code = "tickets_price_changed"
    message = _("The price has changed meanwhile. Please look at the new price and order again.")


class TooManyUnpaid(BookingRefused):
    """One guest would have more unpaid places at the event than `details["most"]`, over all of their orders."""

    code = "tickets_too_many_unpaid"
    message = _(
        "One guest can have at most %(most)d unpaid places for this event. "
        "Please pay for those you have first, or call the restaurant."
    )


class OrderMovedOn(DomainError):
    """Somebody did something with the order, or its ticket, since the asker last saw it; or the same was sent twice."""

    code = "ticket_order_version"
    message = _("Somebody has changed this order meanwhile, or it was sent twice. Look at it again.")
    status = 412


class EventMovedOn(DomainError):
    """Somebody changed, moved or called off the event since the asker last saw it."""

    code = "event_version"
    message = _("Somebody else has changed this event meanwhile. Look at it again before you change it.")
    status = 412


class OrderNotFound(NotFound):
    code = "ticket_order_not_found"
    message = _("We could not find that order.")


class TicketNotFound(NotFound):
    code = "ticket_not_found"
    message = _("No ticket of this event has that code.")


class NotTransferable(BookingRefused):
    code = "ticket_not_transferable"
    message = _("Tickets for this event cannot be passed on.")


class TicketNotValid(BookingRefused):
    """The ticket was given back, its order cancelled or not paid, or it was used already."""

    code = "ticket_not_valid"
    message = _("This ticket is not valid any more.")


class TooLateToGiveBack(BookingRefused):
    code = "tickets_too_late_to_give_back"
    message = _("These tickets can no longer be given back.")


class TicketUsedAlready(BookingRefused):
    """Somebody came in with it; `details` say when."""

    code = "ticket_used_already"
    message = _("This ticket was used already, at %(at)s.")


class TicketWasPassedOn(BookingRefused):
    code = "ticket_passed_on"
    message = _("This ticket was passed on to somebody else. Only the new code is valid.")


class TicketNotPaid(BookingRefused):
    code = "ticket_not_paid"
    message = _("This order has not been paid yet.")


class DoorsNotOpen(BookingRefused):
    """It is long before the event, and `details["opens_at"]` says from when guests are let in; or it is over."""

    code = "event_doors_not_open"
    message = _("Guests of this event are not admitted at this time.")
    not_yet = _("The door of this event opens %(when)s.")


class CapacityBelowSold(BookingRefused):
    """More was sold than the house wants to have; `details["sold"]` says how much."""

    code = "event_capacity_below_sold"
    message = _("%(sold)d are sold already. Choose at least as many.")
    status = 422


class MoreThanOwedBack(BookingRefused):
    """More is to be paid back than the buyer has to get; `details["owed_kobo"]` is that."""

    code = "tickets_more_than_owed_back"
    message = _("This is more than what is owed to the buyer.")


class NoSuchFee(NotFound):
    code = "fee_not_found"
    message = _("There is no such fee.")


class FeeNotOpen(DomainError):
    """It is paid or waived already; details: `state`."""

    code = "fee_not_open"
    message = _("Nothing is asked for under this fee any more.")


class FeeBeingChecked(Busy):
    """Its bank's answer is awaited."""

    code = "fee_being_checked"
    message = _("The bank's answer about this fee is still awaited. Please look again in a minute.")
