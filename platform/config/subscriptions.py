"""Who hears what: every event of the outbox and the handlers that it reaches.

A handler takes the event's payload as keywords and runs as its own task: at least once, with its effect at most once
(`core.outbox`).
"""

SUBSCRIPTIONS: dict[str, list[str]] = {
    "booking.confirmed": ["bookings.subscribers.tell_of_confirmation"],
    "booking.requested": ["bookings.subscribers.tell_of_request"],
    "booking.changed": ["bookings.subscribers.tell_of_change"],
    "booking.cancelled": ["bookings.subscribers.tell_of_cancellation"],
    "booking.declined": ["bookings.subscribers.tell_of_refusal"],
    "booking.expired": ["bookings.subscribers.tell_of_no_answer"],
    "booking.reminder_due": ["bookings.subscribers.remind"],
    "restaurant.claimed": ["restaurants.subscribers.tell_claim_received"],
    "restaurant.claim_approved": ["restaurants.subscribers.tell_claim_approved"],
    "restaurant.claim_refused": ["restaurants.subscribers.tell_claim_refused"],
}
