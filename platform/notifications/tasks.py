"""Celery's entry points."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from notifications import services

# Under a minute, so that a worker that is asked to stop can.
LONGEST_SWEEP = timedelta(seconds=50)


@shared_task(name="notifications.send_one")
def send_one(message_id: int) -> None:
    services.send_one(message_id=message_id)


@shared_task(name="notifications.send_due")
def send_due() -> None:
    services.send_due(until=timezone.now() + LONGEST_SWEEP)
