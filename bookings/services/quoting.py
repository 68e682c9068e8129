"""What a booking would be, before anybody makes it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from bookings import errors, offers, selectors
from bookings.availability import Slot
from bookings.services import claiming
from bookings.services.booking import alternative, with_alternatives
from bookings.suggesting import Suggestion, suggest
from restaurants.service_plan import AreaPlan, ServicePlan, plan_of, remembered_plan


@dataclass(frozen=True)
class Quote:
    """A wish that the house's rules allow, with the terms it comes with."""

    plan: ServicePlan
    starts_at: datetime
    ends_at: datetime
    service_day: date
    party_size: int
    area: AreaPlan | None
    step_free: bool
    terms: dict[str, Any]

    @property
    def needs_approval(self) -> bool:
        return self.plan.for_wish(step_free=self.step_free).awaits_approval(self.party_size)


def quote(
    *,
    restaurant_id: int,
    starts_at: datetime,
    party_size: int,
    area: UUID | None = None,
    step_free: bool = False,
) -> Quote:
    """Return what a diner would get, without asking whether a table is free.

    :raises BookingRefused: as book_table, for the rules that need no look at other bookings
    """
    plan = plan_of(restaurant_id)
    claim = claiming.check_claim(
        plan,
        starts_at=starts_at,
        party_size=party_size,
        area=area,
        step_free=step_free,
        now=timezone.now(),
        online=True,
    )
    return Quote(
        plan=plan,
        starts_at=claim.slot.starts_at,
        ends_at=claim.ends_at,
        service_day=claim.slot.service_day,
        party_size=party_size,
        area=plan.area_named(area) if area else None,
        step_free=step_free,
        terms=claiming.terms_of(plan, claim),
    )


def expect_room(wish: Quote) -> list[Slot]:
    """Find out whether a table seems free for a quote, and return the day's times. Only advice: booking decides again.

    :raises NoTableFree: :raises TooManyAtOnce: with the nearest free times
    """
    slots = selectors.slots_on(wish.plan.id, wish.service_day, wish.party_size, step_free=wish.step_free)
    slot = next((slot for slot in slots if slot.starts_at == wish.starts_at), None)
    if slot is not None and slot.available and (wish.area is None or wish.area.id in slot.area_ids):
        return slots
    reason = None if slot is None or slot.available else slot.reason
    refusal = errors.NoTableFree() if reason is None else claiming.refused(reason, wish.plan)
    area = wish.area.public_id if wish.area else None
    raise with_alternatives(refusal, wish.plan.id, wish.starts_at, wish.party_size, area, step_free=wish.step_free)


@dataclass(frozen=True)
class Offering:
    """The time asked for, the times suggested beside it, and both sealed for whoever books."""

    asked_at: datetime
    suggestions: list[Suggestion]
    token: str


def offering(
    plan: ServicePlan, slots: list[Slot], asked_at: datetime, party_size: int, *, area_id: int | None = None
) -> Offering | None:
    """Return what to show beside a time of these slots of its day; None when it is none of them. One query at most.

    :param area_id: suggest only where this area is free, too
    """
    asked = next((slot for slot in slots if slot.starts_at == asked_at), None)
    if asked is None:
        return None
    prices = selectors.prices_of(plan, asked.service_day)
    fitting = [slot for slot in slots if area_id is None or area_id in slot.area_ids]
    found = suggest(plan, prices, asked, fitting, party_size) if prices is not None else []
    shown = [(suggestion.slot.starts_at, suggestion.points) for suggestion in found]
    return Offering(asked_at, found, offers.seal(plan.id, party_size, asked_at, shown))


def nearest_times(
    *,
    restaurant_id: int,
    wanted: datetime,
    party_size: int,
    include_wanted: bool = False,
    step_free: bool = False,
) -> list[dict[str, Any]]:
    """Return the free times nearest to a wanted one, as the refusals carry them."""
    slots = selectors.alternatives_to(
        restaurant_id, wanted, party_size, include_wanted=include_wanted, step_free=step_free
    )
    plan = remembered_plan(restaurant_id)
    return [alternative(plan, slot) for slot in slots]
