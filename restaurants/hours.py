"""When the doors are open, for people who read it: pure questions to a plan of service."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from restaurants.service_plan import ServicePlan, SpecialDayPlan

Stretch = tuple[datetime, datetime]
Pairs = tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Weekday:
    """One line of the week's table."""

    number: int
    pairs: Pairs
    is_today: bool
    special: SpecialDayPlan | None
    """What today differs by, when it does."""


@dataclass(frozen=True)
class DoorState:
    """Whether the doors are open now, until when, or when they open next."""

    is_open: bool
    changes_at: datetime | None


def stretches_on(plan: ServicePlan, day: date) -> list[Stretch]:
    """Return a service day's opening hours as instants; an end not after its beginning lies past midnight."""
    return [(plan.at(day, opens), plan.at(day, closes, after=opens)) for opens, closes in sorted(plan.hours_on(day))]


def door_state(plan: ServicePlan, now: datetime, *, days_ahead: int = 14) -> DoorState:
    """Return whether the house is open at an instant, counting a night that began yesterday."""
    today = now.astimezone(plan.zone).date()
    nearby = [stretch for offset in (-1, 0, 1) for stretch in stretches_on(plan, today + timedelta(days=offset))]
    closes = None
    for opening, closing in sorted(nearby):
        # Hours that touch are one stretch to somebody at the door: midnight may divide a day that never closes.
        if (closes is None and opening <= now < closing) or (closes is not None and opening <= closes < closing):
            closes = closing
    if closes is not None:
        return DoorState(True, closes)
    for offset in range(days_ahead):
        later = [opening for opening, _closing in stretches_on(plan, today + timedelta(days=offset)) if opening > now]
        if later:
            return DoorState(False, later[0])
    return DoorState(False, None)


def week_of(plan: ServicePlan, today: date) -> list[Weekday]:
    """Return the ordinary week from Monday; today's line carries what makes it special."""
    return [
        Weekday(
            number,
            tuple(sorted(plan.hours.get(number, ()))),
            today.weekday() == number,
            plan.special_days.get(today) if today.weekday() == number else None,
        )
        for number in range(7)
    ]


def special_days_ahead(plan: ServicePlan, today: date, *, within: int = 60, count: int = 6) -> list[SpecialDayPlan]:
    """Return the dated exceptions of the coming weeks, today's among them."""
    last = today + timedelta(days=within)
    return [plan.special_days[day] for day in sorted(plan.special_days) if today <= day <= last][:count]
