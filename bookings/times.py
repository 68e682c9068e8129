"""The free times of one restaurant on one day, as its page shows them: grouped, with why not and what instead."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import offers, selectors, terms, wording
from bookings.availability import Reason, Slot, party_refusal
from bookings.discovery import DINNER, nearest_times
from bookings.models import Booking
from bookings.services.claiming import refused
from localization import formatting
from restaurants.service_plan import ServicePlan, remembered_plan

# A diner can do something about these two; a time that has passed or is never offered is only noise.
FULL = (Reason.NO_TABLE, Reason.PACING)
STRIP_DAYS = 7
LOOK_AHEAD_DAYS = 14
OTHER_DAYS = 3
TIMES_A_DAY = 4


@dataclass(frozen=True)
class Time:
    """One start: its address when it is free, else why a diner sees it struck through."""

    starts_at: datetime
    url: str
    is_next_day: bool
    note: str | Promise = ""
    price: str = ""
    """What a booking of this time asks for, where nothing around it says so."""


@dataclass
class Group:
    """Times of one shift that ask for the same, in order."""

    name: str
    """Of the shift; empty where the group goes on with it at another price."""
    price: str | None = None
    """What each free one of them asks for, unless all of the day ask alike; None as long as none is free."""
    times: list[Time] = field(default_factory=list)


@dataclass(frozen=True)
class Day:
    """A day of the strip above the times."""

    date: date
    is_chosen: bool
    is_closed: bool
    query: str


@dataclass
class Times:
    """Everything the fragment of free times says."""

    plan: ServicePlan
    day: date
    party_size: int
    area: UUID | None
    step_free: bool = False
    groups: list[Group] = field(default_factory=list)
    shift: str = ""
    """Whose times were put into the last group."""
    strip: list[Day] = field(default_factory=list)
    price: str = ""
    """What each free time of the day asks for alike."""
    free: int = 0
    why_not: str = ""
    should_call: bool = False
    may_wait: bool = False
    """Whether a time of this day is taken that somebody could wait for."""
    other_days: list[tuple[date, list[Time]]] = field(default_factory=list)

    @property
    def are_requests(self) -> bool:
        """Whether the house answers each such party itself."""
        return self._plan.awaits_approval(self.party_size)

    @property
    def is_group(self) -> bool:
        return self._plan.is_group(self.party_size)

    @property
    def _plan(self) -> ServicePlan:
        return self.plan.for_wish(step_free=self.step_free)

    @property
    def zone(self) -> str:
        return self.plan.zone.key


def times_of(
    restaurant_id: int,
    day: date,
    party_size: int,
    *,
    area: UUID | None = None,
    step_free: bool = False,
    now: datetime | None = None,
) -> Times:
    """Return the times of a service day for a party; one query, one more when the day has none and others may."""
    now = now or timezone.now()
    slots = selectors.slots_on(restaurant_id, day, party_size, step_free=step_free, now=now)
    # Just compared with the database by the line above.
    plan = remembered_plan(restaurant_id)
    times = Times(plan, day, party_size, area, step_free)
    times.strip = _strip(times, now)
    wished = plan.for_wish(step_free=step_free)
    area_plan = plan.area_named(area) if area else None
    area_id = area_plan.id if area_plan else None
    asked = {_asked(plan, slot, party_size, area_id) for slot in slots if _is_free(slot, area_id)}
    if len(asked) == 1:
        times.price = asked.pop()
    for slot in slots:
        if slot.available or slot.reason in FULL:
            _add(times, slot, area_id, with_price=len(asked) > 1)
    # A place in line keeps no such wish.
    times.may_wait = not step_free and any(slot.reason in FULL for slot in slots) and not plan.is_group(party_size)
    times.free = sum(bool(time.url) for group in times.groups for time in group.times)
    if not times.free:
        times.why_not, times.should_call = _why_not(wished, day, party_size, slots, now)
        if not party_refusal(wished, party_size, online=True):
            times.other_days = _other_days(times, restaurant_id, now)
    return times


def times_instead(booking: Booking, *, count: int = selectors.ALTERNATIVES, now: datetime | None = None) -> list[Time]:
    """Return the free times nearest to one that the house had to cancel; their addresses carry the apology along."""
    plan = remembered_plan(booking.restaurant_id)
    slots = selectors.alternatives_to(
        plan.id,
        booking.starts_at,
        booking.party_size,
        count=count,
        include_wanted=True,
        step_free=booking.step_free,
        now=now,
    )
    offer = offers.seal_apology(plan.id, booking.public_id)
    day = booking.starts_at.astimezone(plan.zone).date()
    return [
        Time(
            slot.starts_at,
            book_url(
                plan.slug, slot.starts_at, plan.zone, booking.party_size, step_free=booking.step_free, offer=offer
            ),
            slot.starts_at.astimezone(plan.zone).date() != day,
        )
        for slot in slots
    ]


def book_url(
    slug: str,
    starts_at: datetime,
    zone: tzinfo,
    party_size: int,
    area: UUID | None = None,
    *,
    step_free: bool = False,
    offer: str = "",
) -> str:
    """Return the address at which a restaurant's time is booked, the time as its own clock shows it."""
    query = {"starts_at": starts_at.astimezone(zone).isoformat(), "party": str(party_size)}
    if area is not None:
        query["area"] = str(area)
    if step_free:
        query["step_free"] = "on"
    if offer:
        query["offer"] = offer
    return f"{reverse('bookings:book', args=[slug])}?{urlencode(query)}"


def _is_free(slot: Slot, area_id: int | None) -> bool:
    return slot.available and (area_id is None or area_id in slot.area_ids)


def _asked(plan: ServicePlan, slot: Slot, party_size: int, area_id: int | None) -> str:
    deposit, least = terms.amounts_of(plan, party_size, day=slot.service_day, starts_at=slot.starts_at, area_id=area_id)
    return wording.price(deposit, least)


def _add(times: Times, slot: Slot, area_id: int | None, *, with_price: bool) -> None:
    plan = times.plan
    is_free = _is_free(slot, area_id)
    note: str | Promise = ""
    if not slot.available:
        note = gettext_lazy("Full")
    elif not is_free:
        note = gettext_lazy("Other areas only")
    url = _book_url(times, slot) if is_free else ""
    price = (_asked(plan, slot, times.party_size, area_id) if with_price else "") if is_free else None
    local = slot.starts_at.astimezone(plan.zone)
    _group_for(times, slot.shift_name, price).times.append(Time(slot.starts_at, url, local.date() > times.day, note))


def _group_for(times: Times, shift: str, price: str | None) -> Group:
    """Return the group that a time of a shift goes to, a new one where the shift or the price is another."""
    if not times.groups or times.shift != shift:
        times.groups.append(Group(shift, price))
        times.shift = shift
    group = times.groups[-1]
    if group.price is None:
        group.price = price
    elif price is not None and price != group.price:
        group = Group("", price)
        times.groups.append(group)
    return group


def _book_url(times: Times, slot: Slot) -> str:
    plan = times.plan
    return book_url(plan.slug, slot.starts_at, plan.zone, times.party_size, times.area, step_free=times.step_free)


def _strip(times: Times, now: datetime) -> list[Day]:
    plan, day = times.plan, times.day
    today = now.astimezone(plan.zone).date()
    last = today + timedelta(days=plan.policy.window_days)
    first = max(today, min(day - timedelta(days=1), last - timedelta(days=STRIP_DAYS - 1)))
    days = [first + timedelta(days=offset) for offset in range(STRIP_DAYS)]
    extra: dict[str, Any] = {"party": times.party_size}
    extra |= {"area": str(times.area)} if times.area else {}
    extra |= {"step_free": "on"} if times.step_free else {}
    return [
        Day(each, each == day, not plan.shifts_on(each), urlencode({"date": each, **extra}))
        for each in days
        if each <= max(last, day)
    ]


def _why_not(plan: ServicePlan, day: date, party_size: int, slots: list[Slot], now: datetime) -> tuple[str, bool]:
    """Return the sentence that says why nothing is free, and whether a call may help."""
    refusal = party_refusal(plan, party_size, online=True)
    if refusal is not None:
        return str(refused(refusal, plan)), True
    special = plan.special_days.get(day)
    shown = formatting.day(day)
    if special is not None and not plan.shifts_on(day):
        if special.note:
            return _("Closed on %(day)s: %(occasion)s. %(note)s") % {
                "day": shown,
                "occasion": special.name,
                "note": special.note,
            }, False
        return _("Closed on %(day)s: %(occasion)s.") % {"day": shown, "occasion": special.name}, False
    reasons = {slot.reason for slot in slots}
    if reasons & set(FULL):
        return _("Every table for %(party)d is taken on %(day)s.") % {"party": party_size, "day": shown}, False
    if not slots:
        return _("The restaurant takes no bookings on %(day)s.") % {"day": shown}, False
    for reason in (Reason.TOO_FAR_AHEAD, Reason.AFTER_CUT_OFF, Reason.TOO_SOON):
        if reason in reasons:
            return str(refused(reason, plan)), reason != Reason.TOO_FAR_AHEAD
    if Reason.IN_THE_PAST in reasons:
        return _("The last time of %(day)s has passed.") % {"day": shown}, False
    return _("No time on %(day)s suits a party of %(party)d.") % {"day": shown, "party": party_size}, True


def _other_days(times: Times, restaurant_id: int, now: datetime) -> list[tuple[date, list[Time]]]:
    """Return the next days that have room, each with the times nearest to dinner."""
    plan, today = times.plan, now.astimezone(times.plan.zone).date()
    last = today + timedelta(days=plan.policy.window_days)
    first = max(today, min(times.day, last) - timedelta(days=1))
    until = min(first + timedelta(days=LOOK_AHEAD_DAYS), max(last, first))
    found = []
    area_plan = plan.area_named(times.area) if times.area else None
    calendar = selectors.calendar_of(restaurant_id, first, until, times.party_size, step_free=times.step_free, now=now)
    for day, slots in calendar.items():
        free = [slot for slot in slots if _is_free(slot, area_plan.id if area_plan else None)]
        if day == times.day or not free:
            continue
        near = nearest_times(free, datetime.combine(day, DINNER, tzinfo=plan.zone), count=TIMES_A_DAY)
        found.append((day, [_time(times, day, slot, area_plan.id if area_plan else None) for slot in near]))
    return found[:OTHER_DAYS]


def _time(times: Times, day: date, slot: Slot, area_id: int | None) -> Time:
    plan = times.plan
    url = _book_url(times, slot)
    price = _asked(plan, slot, times.party_size, area_id)
    return Time(slot.starts_at, url, slot.starts_at.astimezone(plan.zone).date() > day, price=price)
