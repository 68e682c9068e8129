"""Who hears what: every event of the outbox and the handlers that it reaches.

A handler takes the event's payload as keywords and runs as its own task: at least once, with its effect at most once
(`core.outbox`).
"""

SUBSCRIPTIONS: dict[str, list[str]] = {
    "security.alert_raised": ["accounts.subscribers.tell_of_security_alert"],
    "booking.confirmed": ["bookings.subscribers.tell_of_confirmation", "accounts.partners.subscribers.tell_partners"],
    "booking.requested": ["bookings.subscribers.tell_of_request", "accounts.partners.subscribers.tell_partners"],
    "booking.changed": ["bookings.subscribers.tell_of_change", "accounts.partners.subscribers.tell_partners"],
    "booking.cancelled": [
        "bookings.subscribers.tell_of_cancellation",
        "bookings.subscribers_waiting.leave_the_list",
        "accounts.partners.subscribers.tell_partners",
    ],
    "booking.declined": ["bookings.subscribers.tell_of_refusal", "accounts.partners.subscribers.tell_partners"],
    "booking.expired": ["bookings.subscribers.tell_of_no_answer", "accounts.partners.subscribers.tell_partners"],
    "booking.seated": ["accounts.partners.subscribers.tell_partners"],
    "booking.series": ["bookings.subscribers.tell_of_series"],
    "booking.completed": [
        "accounts.partners.subscribers.tell_partners",
        "bookings.subscribers.thank",
        "payments.subscribers.book_deposit_applied",
        "bookings.subscribers.retag_guest",
    ],
    "booking.no_show": ["accounts.partners.subscribers.tell_partners", "bookings.subscribers.retag_guest"],
    "deposit.awaited": ["bookings.subscribers_deposits.tell_of_deposit", "accounts.partners.subscribers.tell_partners"],
    "deposit.received": ["bookings.subscribers_deposits.tell_of_money", "accounts.partners.subscribers.tell_partners"],
    "deposit.waived": ["bookings.subscribers_deposits.tell_of_waiver", "accounts.partners.subscribers.tell_partners"],
    "deposit.lapsed": ["bookings.subscribers_deposits.tell_of_lapse", "accounts.partners.subscribers.tell_partners"],
    "deposit.kept": [
        "bookings.subscribers_deposits.tell_of_keeping",
        "payments.subscribers.book_deposit_kept",
        "accounts.partners.subscribers.tell_partners",
    ],
    "deposit.released": [
        "bookings.subscribers_deposits.tell_of_release",
        "payments.subscribers.book_deposit_released",
        "accounts.partners.subscribers.tell_partners",
    ],
    "deposit.owed_back": [
        "bookings.subscribers_deposits.tell_of_money_back",
        "bookings.subscribers_payments.give_deposit_back",
        "accounts.partners.subscribers.tell_partners",
    ],
    "deposit.returned": ["bookings.subscribers_deposits.tell_of_return", "accounts.partners.subscribers.tell_partners"],
    "deposit.reminder_due": ["bookings.subscribers_deposits.remind_of_deposit"],
    "booking.reminder_due": ["bookings.subscribers.remind"],
    "room.freed": ["bookings.subscribers_waiting.look_again"],
    "standby.joined": ["bookings.subscribers_waiting.tell_of_joining"],
    "standby.offered": ["bookings.subscribers_waiting.tell_of_offer"],
    "standby.lapsed": ["bookings.subscribers_waiting.tell_of_lapse"],
    "standby.closed": ["bookings.subscribers_waiting.tell_of_closing"],
    "alert.set": ["bookings.subscribers_waiting.tell_of_alert"],
    "alert.free_time": ["bookings.subscribers_waiting.tell_of_free_time"],
    "queue.joined": ["bookings.subscribers_waiting.tell_of_queue"],
    "queue.seat_ready": ["bookings.subscribers_waiting.call_to_table"],
    "tickets.ordered": [
        "bookings.subscribers_tickets.tell_of_order",
        "accounts.partners.subscribers.tell_partners",
    ],
    "tickets.confirmed": [
        "bookings.subscribers_tickets.tell_of_confirmation",
        "accounts.partners.subscribers.tell_partners",
    ],
    "tickets.expired": [
        "bookings.subscribers_tickets.tell_of_expiry",
        "bookings.subscribers_payments.give_back_for_tickets",
        "accounts.partners.subscribers.tell_partners",
    ],
    "tickets.given_back": [
        "bookings.subscribers_tickets.tell_of_giving_back",
        "bookings.subscribers_payments.give_back_for_tickets",
        "accounts.partners.subscribers.tell_partners",
    ],
    "tickets.owed_back": [
        "bookings.subscribers_tickets.tell_of_money_back",
        "bookings.subscribers_payments.give_back_for_tickets",
    ],
    "ticket.passed_on": [
        "bookings.subscribers_tickets.tell_of_passing_on",
        "accounts.partners.subscribers.tell_partners",
    ],
    "ticket.admitted": ["accounts.partners.subscribers.tell_partners"],
    "event.moved": ["bookings.subscribers_tickets.tell_of_move", "accounts.partners.subscribers.tell_partners"],
    "event.reminder_due": ["bookings.subscribers_tickets.remind"],
    "payment.received": ["bookings.subscribers_payments.take_payment"],
    "payment.failed": [],
    "payment.held": [],
    "refund.requested": ["payments.subscribers.tell_gateway_of_refund"],
    "refund.moved": ["bookings.subscribers_payments.note_refund"],
    "dispute.moved": ["bookings.subscribers_payments.give_back_after_dispute"],
    "privacy.consent_withdrawn": ["bookings.subscribers.forget_allergies"],
    "restaurant.claimed": ["restaurants.subscribers.tell_claim_received"],
    "restaurant.claim_approved": ["restaurants.subscribers.tell_claim_approved"],
    "restaurant.claim_refused": ["restaurants.subscribers.tell_claim_refused"],
}
