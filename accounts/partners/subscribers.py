"""What partners are told when something happens at a restaurant."""

import logging
from typing import Any
from uuid import UUID

from accounts.partners import webhooks
from core.outbox import current_event

logger = logging.getLogger(__name__)


def tell_partners(*, booking_id: UUID, restaurant_id: UUID | None, **_more: Any) -> None:
    """Pass an event of a booking on, as ids: what may be seen of it is asked for with a token."""
    event = current_event()
    if restaurant_id is None:
        # Recorded before events said where they happened.
        logger.info("Event %s names no restaurant; no partner is told", event.pk)
        return
    webhooks.forward(
        event_id=event.pk,
        event_type=event.name,
        restaurant=restaurant_id,
        occurred_at=event.created_at,
        data={"booking_id": str(booking_id), "restaurant_id": str(restaurant_id)},
    )
