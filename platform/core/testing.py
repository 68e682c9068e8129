"""Help for tests of every domain."""

from core import hotcache, outbox
from core.breaker import redis_breaker
from core.models import EventDelivery


def work_off_outbox() -> int:
    """Deliver, in this process and now, everything published so far and what that publishes; return how many ran.

    :raises AssertionError: when a handler failed, with its traceback
    """
    ran = 0
    while True:
        relayed = _relay_without_celery()
        waiting = list(EventDelivery.objects.filter(status=EventDelivery.Status.WAITING).order_by("pk"))
        for delivery in waiting:
            if outbox.attempt(delivery.pk):
                ran += 1
            else:
                delivery.refresh_from_db()
                raise AssertionError(f"{delivery.handler} failed:\n{delivery.last_error}")
        if not relayed and not waiting:
            return ran


def _relay_without_celery() -> int:
    total = 0
    while handled := outbox.relay_batch(bell=False):
        total += handled
    return total


def start_afresh() -> None:
    """Forget what this process remembers of Redis: cached bodies, and that it was away. Before each test."""
    redis_breaker.reset()
    hotcache.start_afresh()
