"""Telling those who wait that something has become free: in the transaction that frees it, when somebody waits."""

from collections.abc import Iterable
from datetime import date

from bookings.events import RoomFreed
from bookings.models import FreeTimeAlert, StandbyEntry
from bookings.states import StandbyStatus
from core.outbox import publish
from restaurants.service_plan import remembered_plan


def tell_of_room(restaurant_id: int, days: Iterable[date]) -> None:
    """Publish, for each of these days on which somebody waits, that there is room.

    Somebody who joins in this very moment is not seen here; the sweep finds them.
    """
    days = list(days)
    waiting = StandbyEntry.objects.filter(
        restaurant_id=restaurant_id, service_day__in=days, status=StandbyStatus.WAITING
    )
    alerts = FreeTimeAlert.objects.filter(restaurant_id=restaurant_id, service_day__in=days, ended_at__isnull=True)
    those = waiting.order_by().values_list("service_day").union(alerts.order_by().values_list("service_day"))
    for (day,) in sorted(those):
        publish(RoomFreed(restaurant_id=remembered_plan(restaurant_id).public_id, service_day=day))
