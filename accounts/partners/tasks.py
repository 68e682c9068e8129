"""Celery's entry points."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.partners import sending, services

# With what is under way at its end, less than sending.TURN_SECONDS.
LONGEST_SWEEP = timedelta(seconds=30)


@shared_task(name="partners.send_due")
def send_due() -> None:
    sending.send_due(until=timezone.now() + LONGEST_SWEEP)


@shared_task(name="partners.forget_expired_tokens")
def forget_expired_tokens() -> None:
    services.forget_expired_tokens()
