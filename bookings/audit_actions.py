"""What is recorded of bookings beyond their own history: what staff did to guests, and who looked at them."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "booking.cancelled_by_house": Action(_("Cancelled a guest's booking"), Severity.NOTICE),
    "booking.declined": Action(_("Declined a guest's request"), Severity.NOTICE),
    "booking.no_show": Action(_("Marked a guest as a no-show"), Severity.NOTICE),
    "booking.no_show_undone": Action(_("Took a no-show back"), Severity.NOTICE),
    "booking.pacing_passed": Action(_("Took more guests at once than the house allows"), Severity.NOTICE),
    "booking.day_moved": Action(_("Moved a special day with its bookings"), Severity.NOTICE),
    "booking.tables_closed": Action(_("Closed tables that were booked"), Severity.NOTICE),
    "booking.calendar_opened": Action(_("Opened a house's bookings to a calendar program"), Severity.NOTICE),
    "guest.blocked": Action(_("Blocked a guest"), Severity.NOTICE),
    "guest.unblocked": Action(_("Let a blocked guest book again"), Severity.NOTICE),
    "guest.merged": Action(_("Merged two entries of the guest book"), Severity.NOTICE),
    "guest.changed": Action(_("Changed an entry of the guest book")),
    "guest.refused": Action(_("Refused the online booking of a blocked guest")),
    "deposit.received": Action(_("Took note of a deposit"), Severity.NOTICE),
    "deposit.waived": Action(_("Did without a deposit"), Severity.NOTICE),
    "deposit.returned": Action(_("Paid a deposit back"), Severity.NOTICE),
    "fee.charged": Action(_("Had a guest's fee charged"), Severity.NOTICE),
    "fee.waived": Action(_("Waived a guest's fee"), Severity.NOTICE),
    "booking.viewed": Action(_("Looked at a guest's booking")),
    "standby.viewed": Action(_("Looked at a guest's place on a waiting list")),
    "standby.listed": Action(_("Looked through a waiting list")),
    "standby.class_changed": Action(_("Changed a guest's turn on a waiting list"), Severity.NOTICE),
    "standby.offered_out_of_turn": Action(_("Offered a table out of turn"), Severity.NOTICE),
    "standby.withdrawn_by_house": Action(_("Took a guest off a waiting list"), Severity.NOTICE),
    "queue.viewed": Action(_("Looked at a party in the queue")),
    "queue.removed_by_house": Action(_("Took a party from the queue"), Severity.NOTICE),
    "event.put_on_sale": Action(_("Put an event on sale"), Severity.NOTICE),
    "event.moved": Action(_("Moved an event that people have tickets for"), Severity.NOTICE),
    "event.called_off": Action(_("Called off an event"), Severity.NOTICE),
    "tickets.cancelled_by_house": Action(_("Cancelled a guest's tickets"), Severity.NOTICE),
    "tickets.paid": Action(_("Noted a payment for tickets"), Severity.NOTICE),
    "tickets.paid_back": Action(_("Paid money back for tickets"), Severity.NOTICE),
    "tickets.admission_undone": Action(_("Took back that a guest with a ticket came in"), Severity.NOTICE),
    "tickets.handed_over": Action(_("Opened a guest's tickets to print or to send them")),
    "tickets.listed": Action(_("Looked through the guests of an event")),
    "tickets.viewed": Action(_("Looked at a guest's tickets")),
    "booking.listed": Action(_("Looked through guests' bookings")),
}
