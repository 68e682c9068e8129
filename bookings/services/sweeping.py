"""What the beat does for those who wait: nothing is lost when a process dies between a fact and its event."""

import logging

from bookings.services import alerts, queue, standby
from core.errors import DomainError

logger = logging.getLogger(__name__)


def look_after_waiting() -> int:
    """End what has run out, and look at each day that somebody waits for; returns how many were offered or told.

    A day that is busy, or a house that fails, keeps none of the others waiting.
    """
    standby.close_past()
    standby.lapse_offers()
    alerts.end_past_alerts()
    offered = set()
    for restaurant_id, day in standby.days_waited_for():
        try:
            if standby.offer_next(restaurant_id=restaurant_id, day=day, only_if_changed=True) is not None:
                offered.add((restaurant_id, day))
        except DomainError as refusal:
            logger.info("The waiting list of restaurant %s on %s is left for later: %s", restaurant_id, day, refusal)
    told = 0
    for restaurant_id, day in alerts.days_with_alerts():
        # Where the list has just been served there may be more for it: its event sees to that, and then tells.
        if (restaurant_id, day) not in offered:
            told += alerts.tell_of_free_times(restaurant_id=restaurant_id, day=day, with_others_moved=False)
    return len(offered) + told


def look_after_queues() -> int:
    """Quote anew whose wait has slipped in every queue; returns how many."""
    queue.close_old_queues()
    return sum(queue.requote_queue(restaurant_id=restaurant_id) for restaurant_id in queue.houses_with_a_queue())
