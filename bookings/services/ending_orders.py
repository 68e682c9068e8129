"""What every end of an order shares: its tickets are void, its history says so, and its buyer hears of it."""

from uuid import UUID

from django.db.models import F

from bookings.events import TicketsGivenBack
from bookings.models import TicketOrder
from bookings.services.claiming import Actor
from bookings.services.ticket_history import record
from bookings.states import ActorKind, OrderStatus, TicketDeed, TicketState
from core import audit
from core.outbox import publish
from restaurants.service_plan import remembered_plan


def cancel(order: TicketOrder, *, by: Actor, reason: str, deed: TicketDeed = TicketDeed.CANCELLED) -> None:
    """Cancel an order that is locked, with every ticket that nobody has come in with; what was paid is owed back.

    :param deed: what its history says: that it was cancelled, or that its event was called off
    :raises core.states.IllegalMove: when it is over already
    """
    order.move_to(OrderStatus.CANCELLED)
    order.version += 1
    order.save(update_fields=["status", "version", "updated_at"])
    valid = order.tickets.filter(state=TicketState.VALID)
    valid.update(state=TicketState.VOID, version=F("version") + 1)
    record(order, deed, by=by, reason=reason)
    tell_given_back(order, by=by, is_whole=True, reason=reason)
    if by.kind == ActorKind.STAFF:
        audit.record(
            "tickets.cancelled_by_house",
            actor=by.user or by.app,
            target=order,
            restaurant_id=order.event.restaurant_id,
        )


def tell_given_back(order: TicketOrder, *, by: Actor, is_whole: bool, reason: str) -> None:
    publish(
        TicketsGivenBack(
            order_id=order.public_id,
            restaurant_id=house_of(order),
            by=by.kind,
            is_whole=is_whole,
            version=order.version,
            reason=reason,
        )
    )


def house_of(order: TicketOrder) -> UUID:
    """Return the public id of the restaurant, as events name it."""
    return remembered_plan(order.event.restaurant_id).public_id
