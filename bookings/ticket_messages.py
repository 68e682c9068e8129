"""By what the messages about tickets are known: so that none is sent twice, and those to somebody erased are found."""

from uuid import UUID

from bookings.models import TicketOrder


def key_of(kind: str, public_id: UUID, version: int | str = "") -> str:
    """Return the key of a message about an order or a ticket; of what can happen again, with the version it made."""
    return f"{kind}:{public_id}:{version}" if version != "" else f"{kind}:{public_id}"


def keys_about(order: TicketOrder) -> list[str]:
    """Return the keys of all that may have been written about an order, reminders aside."""
    mark = order.public_id
    once = [key_of(kind, mark) for kind in ("tickets.confirmed", "tickets.held")]
    own = [
        key_of(kind, mark, version)
        for kind in ("tickets.expired", "tickets.given_back", "tickets.owed_back")
        for version in range(1, order.version + 1)
    ]
    moves = [key_of("event.moved", mark, version) for version in range(1, order.event.version + 1)]
    return once + own + moves
