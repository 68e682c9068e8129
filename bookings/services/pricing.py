"""Keeping each room's shadow prices: computed from its own floor, hours and earlier bookings, away from any visitor."""

from datetime import date, timedelta

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from bookings import demand, pricing
from bookings.availability import midnight_of
from bookings.models import Booking, RoomPrices
from bookings.states import STAFF_CHANNELS, Status
from restaurants.models import Restaurant
from restaurants.service_plan import ServicePlan, plan_of

EVENINGS = 24
LOOKS_BACK = timedelta(days=90)
MOST_EARLIER = 5_000
WEEK = 7


def price_room(*, restaurant_id: int, today: date | None = None) -> int:
    """Compute a restaurant's prices for each weekday anew; return for how many weekdays it has some.

    Weekdays with the same shifts share one computation. Where no times are suggested there are no prices.
    """
    plan = plan_of(restaurant_id)
    today = today or timezone.now().astimezone(plan.zone).date()
    found: dict[int, pricing.Prices] = {}
    if plan.is_bookable and plan.policy.suggests_times:
        earlier = _earlier(plan)
        alike: dict[tuple[int, ...], pricing.Prices | None] = {}
        for offset in range(WEEK):
            day = _plain_day(plan, today + timedelta(days=offset))
            key = tuple(shift.id for shift in plan.shifts_on(day))
            if key not in alike:
                alike[key] = _priced(plan, day, earlier)
            prices = alike[key]
            if prices is not None:
                found[day.weekday()] = prices
    RoomPrices.objects.filter(restaurant_id=restaurant_id).exclude(weekday__in=found).delete()
    for weekday, prices in found.items():
        RoomPrices.objects.update_or_create(
            restaurant_id=restaurant_id,
            weekday=weekday,
            defaults={"plan_version": plan.version, "tables": prices.tables, "covers": prices.covers},
        )
    return len(found)


def rooms_to_price(*, all_of_them: bool = False, most: int = 200) -> list[int]:
    """Return the restaurants whose plan is another one than their prices were computed for, or all that suggest."""
    wanted = Restaurant.objects.bookable().filter(
        Q(policy__isnull=True) | Q(policy__suggests_times=True), tables__is_active=True
    )
    if not all_of_them:
        priced = RoomPrices.objects.filter(plan_version=F("restaurant__plan_version")).values("restaurant_id")
        wanted = wanted.exclude(pk__in=priced)
    return list(wanted.order_by("pk").values_list("pk", flat=True).distinct()[: None if all_of_them else most])


def _plain_day(plan: ServicePlan, day: date) -> date:
    """Return this day, or the next of its weekday that is no special day."""
    while day in plan.special_days:
        day += timedelta(days=WEEK)
    return day


def _priced(plan: ServicePlan, day: date, earlier: list[tuple[int, int]]) -> pricing.Prices | None:
    wanted = demand.demand_of(plan, day, earlier)
    if wanted is None:
        return None
    evenings = demand.evenings(plan, day, wanted, count=EVENINGS, seed=f"{plan.id}:{plan.version}:{day.weekday()}")
    return pricing.price(plan, day, evenings)


def _earlier(plan: ServicePlan) -> list[tuple[int, int]]:
    """Return size and minute of the service day that guests asked for of late, whatever became of it."""
    rows = (
        Booking.objects.filter(restaurant_id=plan.id, created_at__gte=timezone.now() - LOOKS_BACK)
        .exclude(channel__in=STAFF_CHANNELS)
        .exclude(status__in=(Status.HELD, Status.EXPIRED))
        .order_by("-pk")
        .values_list("party_size", "service_day", Coalesce("asked_at", "starts_at"))
    )
    return [
        (size, int((moment - midnight_of(plan, day)).total_seconds() // 60))
        for size, day, moment in rows[:MOST_EARLIER]
    ]
