"""Being told of a free time: everybody who wants to know hears of it at once, and the first to book has it.

No table is held, and the message says so. The waiting list comes first: what is left when nobody on it fits is told.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from bookings import errors, selectors
from bookings.availability import Slot
from bookings.events import AlertSet, FreeTimeFound
from bookings.models import FreeTimeAlert
from bookings.services import claiming
from bookings.services.booking import alternative
from bookings.services.claiming import Guest
from bookings.services.standby import range_of
from core.encryption import index_of_email, index_of_phone
from core.outbox import publish
from restaurants.service_plan import plan_of

# One person's, over all houses and days.
MOST = 10
BATCH = 500
# What is told must be of use when it is read.
LEAST_NOTICE = timedelta(minutes=30)


def set_alert(
    *,
    restaurant_id: int,
    earliest: datetime,
    latest: datetime,
    party_size: int,
    guest: Guest,
    diner: User | None = None,
    language: str = "en",
) -> FreeTimeAlert:
    """Note that somebody wants to hear when a time within a range gets free, and return the note.

    :raises ContactMissing: when there is no way to tell
    :raises BookingRefused: its subclass, when the house would take no such party at any of these times
    :raises NoSuchRange: :raises TableIsFree: as join_waitlist
    :raises AlertExists: for the same phone or address, house and day
    :raises TooManyAlerts: when a person waits for news of ten tables already
    """
    if not (guest.phone or guest.email):
        raise errors.ContactMissing
    now = timezone.now()
    plan = plan_of(restaurant_id)
    day, slots = range_of(plan, earliest, latest, party_size, now=now, online=True)
    free = _free_within(restaurant_id, day, party_size, slots[0].starts_at, slots[-1].starts_at, now=now)
    if free:
        raise errors.TableIsFree(alternatives=[alternative(plan, slot) for slot in free[: selectors.ALTERNATIVES]])
    mine = Q()
    if guest.phone:
        mine |= Q(guest_phone_index=index_of_phone(guest.phone))
    if guest.email:
        mine |= Q(guest_email_index=index_of_email(guest.email))
    if diner is not None:
        mine |= Q(diner=diner)
    alert = FreeTimeAlert(
        restaurant_id=restaurant_id,
        diner=diner,
        guest_name=guest.name,
        guest_phone=guest.phone,
        guest_email=guest.email,
        language=language,
        party_size=party_size,
        service_day=day,
        earliest=slots[0].starts_at,
        latest=slots[-1].starts_at,
    )
    try:
        with transaction.atomic():
            if FreeTimeAlert.objects.filter(mine, ended_at__isnull=True).count() >= MOST:
                raise errors.TooManyAlerts
            alert.save(force_insert=True)
            publish(AlertSet(alert_id=alert.public_id))
    except IntegrityError as clash:
        if not claiming.constraint_of(clash).startswith("one_alert_per_"):
            raise
        raise errors.AlertExists from clash
    return alert


def stop_alert(*, public_id: UUID) -> None:
    """Let a wish to be told go; doing it twice changes nothing."""
    FreeTimeAlert.objects.filter(public_id=public_id, ended_at__isnull=True).update(ended_at=timezone.now())


def tell_of_free_times(*, restaurant_id: int, day: date, with_others_moved: bool = True) -> int:
    """Tell everybody who waits for news of a service day and for whom something is free; returns how many.

    Each is told once.

    :param with_others_moved: look for room, too, that is there when others move; who comes by often leaves that out
    """
    now = timezone.now()
    with transaction.atomic():
        alerts = list(
            FreeTimeAlert.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(restaurant_id=restaurant_id, service_day=day, ended_at__isnull=True, latest__gt=now + LEAST_NOTICE)
            .order_by("pk")[:BATCH]
        )
        by_size: dict[int, Sequence[Slot]] = {}
        told = 0
        for alert in alerts:
            if alert.party_size not in by_size:
                by_size[alert.party_size] = _slots(restaurant_id, day, alert.party_size, now, with_others_moved)
            free = _within(by_size[alert.party_size], alert.earliest, alert.latest, now=now)
            if free:
                alert.told_at = alert.ended_at = now
                alert.told_of = free[0].starts_at
                alert.save(update_fields=["told_at", "told_of", "ended_at"])
                publish(FreeTimeFound(alert_id=alert.public_id, starts_at=free[0].starts_at))
                told += 1
    return told


def _slots(restaurant_id: int, day: date, party_size: int, now: datetime, with_others_moved: bool) -> Sequence[Slot]:
    if with_others_moved:
        return selectors.slots_on(restaurant_id, day, party_size, now=now)
    return selectors.calendar_of(restaurant_id, day, day, party_size, now=now)[day]


def end_past_alerts() -> int:
    """End the wishes whose time has passed; returns how many."""
    now = timezone.now()
    return FreeTimeAlert.objects.filter(ended_at__isnull=True, latest__lt=now).update(ended_at=now)


def days_with_alerts() -> list[tuple[int, date]]:
    """Return the (restaurant, service day) pairs of which somebody wants news."""
    open_ones = FreeTimeAlert.objects.filter(ended_at__isnull=True, latest__gt=timezone.now() + LEAST_NOTICE)
    return sorted(open_ones.order_by().values_list("restaurant_id", "service_day").distinct())


def _free_within(
    restaurant_id: int, day: date, party_size: int, earliest: datetime, latest: datetime, *, now: datetime
) -> list[Slot]:
    return _within(selectors.slots_on(restaurant_id, day, party_size, now=now), earliest, latest, now=now)


def _within(slots: Sequence[Slot], earliest: datetime, latest: datetime, *, now: datetime) -> list[Slot]:
    soon = now + LEAST_NOTICE
    return [slot for slot in slots if slot.available and earliest <= slot.starts_at <= latest and slot.starts_at > soon]
