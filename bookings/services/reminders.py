"""Reminders a day and three hours before, each once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings.events import BookingReminderDue
from bookings.models import Booking
from bookings.states import Status
from core.outbox import publish

DAY_BEFORE = timedelta(hours=24)
HOURS_BEFORE = timedelta(hours=3)
# Later than this a reminder only gets in the way of somebody who is already coming.
NOT_LATER_THAN = timedelta(minutes=30)
BATCH = 500


def send_due_reminders(*, now: datetime | None = None) -> int:
    """Publish a reminder for every confirmed booking that has one due; returns how many.

    A booking made inside a reminder's window gets none of that kind: its confirmation has just been read.
    """
    now = now or timezone.now()
    day_before = Q(
        reminded_day_before_at__isnull=True,
        starts_at__gt=now + HOURS_BEFORE,
        starts_at__lte=now + DAY_BEFORE,
        created_at__lt=F("starts_at") - DAY_BEFORE,
    )
    hours_before = Q(
        reminded_hours_before_at__isnull=True,
        starts_at__gt=now + NOT_LATER_THAN,
        starts_at__lte=now + HOURS_BEFORE,
        created_at__lt=F("starts_at") - HOURS_BEFORE,
    )
    with transaction.atomic():
        due = list(
            Booking.objects.select_for_update(skip_locked=True)
            .filter(day_before | hours_before, status=Status.CONFIRMED)
            .order_by("starts_at")[:BATCH]
        )
        for booking in due:
            is_today = booking.starts_at <= now + HOURS_BEFORE
            if is_today:
                booking.reminded_hours_before_at = now
            else:
                booking.reminded_day_before_at = now
            booking.save(update_fields=["reminded_day_before_at", "reminded_hours_before_at"])
            publish(BookingReminderDue(booking_id=booking.public_id, lead="hours" if is_today else "day"))
    return len(due)
