"""Celery entry points of bookings."""

from celery import shared_task

from bookings import services


@shared_task(name="bookings.release_expired_holds")
def release_expired_holds() -> None:
    services.release_expired_holds()


@shared_task(name="bookings.expire_unanswered_requests")
def expire_unanswered_requests() -> None:
    services.expire_unanswered_requests()


@shared_task(name="bookings.send_reminders")
def send_reminders() -> None:
    services.send_due_reminders()


@shared_task(name="bookings.extend_series")
def extend_series() -> None:
    services.extend_series()
