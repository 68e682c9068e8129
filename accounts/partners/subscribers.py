"""What partners are told when something happens at a restaurant."""

import logging
from typing import Any
from uuid import UUID

from accounts.partners import webhooks
from core.outbox import current_event

logger = logging.getLogger(__name__)


def tell_partners(
    *,
    restaurant_id: UUID | None,
    booking_id: UUID | None = None,
    order_id: UUID | None = None,
    ticket_id: UUID | None = None,
    event_id: UUID | None = None,
    **_more: Any,
) -> None:
    """Pass on what happened to a booking, an order of tickets, a ticket or an event, as ids.

    What may be seen of it is asked for with a token.
    """
    event = current_event()
    if restaurant_id is None:
        # Recorded before events said where they happened.
        logger.info("Event %s names no restaurant; no partner is told", event.pk)
        return
    about = {"booking_id": booking_id, "order_id": order_id, "ticket_id": ticket_id, "event_id": event_id}
    webhooks.forward(
        event_id=event.pk,
        event_type=event.name,
        restaurant=restaurant_id,
        occurred_at=event.created_at,
        data={name: str(public_id) for name, public_id in about.items() if public_id is not None}
        | {"restaurant_id": str(restaurant_id)},
    )
