"""Messages for tests."""

from typing import Any

from notifications import services
from notifications.models import Message

_booking: dict[str, Any] = {
    "guest_name": "Ada",
    "restaurant_name": "Iya Eba & Sons",
    "code": "AC3 F7H",
    "party_size": 4,
    "when": "Friday 12 June, 19:30",
}
_place = {
    "address": "12 Allen Avenue, Ikeja, Lagos",
    "landmark": "Opposite the filling station after the second roundabout",
    "phone": "+234 803 123 4567",
    "map_url": "https://maps.example/?q=6.6,3.35&z=17",
}
_link = {"booking_url": "https://buka.example/en/bookings/018f?key=a&b=c"}
_terms = {"policy_text": "You can cancel free of charge until 17:30.", "occasion": "Birthday"}
_why = {
    "phone": "+234 803 123 4567",
    "reason": "There is no water today.",
    "restaurant_url": "https://buka.example/en/r/iya",
}
_claim = {"name": "Bola", "restaurant_name": "Mama Put"}

# Per kind the fullest context it takes; contexts_of() adds the barest.
CONTEXTS: dict[str, list[dict[str, Any]]] = {
    "booking.confirmed": [_booking | _place | _link | _terms | {"grace_minutes": 15}],
    "booking.requested": [_booking | _place | _link | _terms],
    "booking.changed": [_booking | _place | _link | _terms | {"grace_minutes": 1}],
    "booking.cancelled": [
        _booking | _why | {"policy_text": "Your deposit is on its way back.", "cancelled_by": who}
        for who in ("diner", "restaurant")
    ],
    "booking.declined": [_booking | _why],
    "booking.reminder": [_booking | _place | _link | {"grace_minutes": 15, "hours_before": hours} for hours in (24, 3)],
    "claim.received": [_claim],
    "claim.approved": [_claim | {"manage_url": "https://buka.example/admin/"}],
    "claim.refused": [_claim | {"reason": "Nobody at the restaurant knew of it."}],
}


def contexts_of(kind: str) -> list[dict[str, Any]]:
    from notifications.catalogue import KINDS

    full = CONTEXTS[kind]
    return [*full, {name: value for name, value in full[0].items() if name in KINDS[kind].needs}]


def a_message(**changes: Any) -> Message:
    """Write a message, as a domain's subscriber would."""
    asked: dict[str, Any] = {
        "kind": "booking.confirmed",
        "to": "ada@example.com",
        "name": "Ada Obi",
        "context": contexts_of("booking.confirmed")[0],
        "dedupe_key": "booking.confirmed:1",
    }
    return services.send(**asked | changes)
