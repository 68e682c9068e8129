"""Questions about bookings and free times, answered without changing anything."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import Person, may_keep_own, restaurant_ids_where
from accounts.states import Ability
from bookings import access, rearranging, solving
from bookings.availability import (
    DAY_SPAN,
    Allocation,
    Occupancy,
    Reason,
    Slot,
    SlotTime,
    answer,
    day_slots,
    find_slot_time,
    free_near,
    is_past_hard_close,
    midnight_of,
    party_refusal,
    slot_times,
)
from bookings.deposit_words import read_what_is_owed
from bookings.models import (
    Advance,
    AdvanceHistory,
    Booking,
    BookingHistory,
    BookingSeries,
    CalendarFeed,
    Fee,
    HouseGuest,
    Occurrence,
    RoomPrices,
    TableAllocation,
)
from bookings.pricing import Prices
from bookings.states import APOLOGY, OCCUPYING, AdvanceState, Status
from core.encryption import index_of_email, index_of_phone
from core.text import search_form
from restaurants.models import Restaurant
from restaurants.service_plan import ServicePlan, plan_of, plans_of, remembered_plan

# No allocation is longer (constraint allocation_lasts_at_most_a_day), so an earlier one cannot reach into a day.
LONGEST_ALLOCATION = timedelta(hours=24)
# The longest turn time and the longest buffer that the constraints of a shift and a policy allow.
LONGEST_STAY = timedelta(hours=12) + timedelta(hours=2)
ALTERNATIVES = 5
# For looking whether others could move, over all times of a day: twenty milliseconds each on a full evening.
MOST_SECONDS = 1.0

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

# Bounds on lower(during), never `during &&`: docs/decisions says why, and a test watches the plan.
_OCCUPANCY = """
    SELECT r.id, r.plan_version, a.table_id, lower(a.during), upper(a.during), a.covers,
           CASE WHEN a.expires_at <= %(now)s THEN a.booking_id END, a.booking_id
    FROM restaurants_restaurant r
    LEFT JOIN bookings_tableallocation a
      ON a.restaurant_id = r.id AND a.live
     AND lower(a.during) > %(from)s AND lower(a.during) < %(until)s AND upper(a.during) > %(since)s
     AND (a.booking_id IS NULL OR a.booking_id <> %(except)s)
    WHERE r.id = ANY(%(restaurants)s)
"""


@dataclass
class Taken:
    """What one statement tells of some restaurants: plan versions, live allocations, holds whose time is over."""

    versions: dict[int, int] = field(default_factory=dict)
    allocations: dict[int, list[Allocation]] = field(default_factory=lambda: defaultdict(list))
    expired_holds: set[int] = field(default_factory=set)
    rows: set[tuple[Any, ...]] = field(default_factory=set)
    """What the statement said, row by row: who has which table for how long."""


def allocations_between(
    restaurant_ids: Sequence[int], since: datetime, until: datetime, *, now: datetime, except_booking: int = 0
) -> Taken:
    """Return the plan version and the live allocations of each restaurant, in one statement.

    Expired holds count as free by the clock, whether or not they have been swept; who claims their tables must
    release them first.
    """
    parameters: dict[str, Any] = {
        "from": since - LONGEST_ALLOCATION,
        "since": since,
        "until": until,
        "now": now,
        "except": except_booking,
        "restaurants": list(restaurant_ids),
    }
    taken = Taken()
    with connection.cursor() as cursor:
        cursor.execute(_OCCUPANCY, parameters)
        for restaurant_id, version, table_id, starts_at, ends_at, covers, expired_hold, booking_id in cursor.fetchall():
            taken.versions[restaurant_id] = version
            if table_id is not None:
                taken.rows.add((restaurant_id, table_id, starts_at, ends_at, booking_id, expired_hold))
            if expired_hold is not None:
                taken.expired_holds.add(expired_hold)
            elif table_id is not None:
                taken.allocations[restaurant_id].append(Allocation(table_id, starts_at, ends_at, covers))
    return taken


@dataclass(frozen=True)
class SeenDay:
    """A service day as one statement read it: the plan that held then, and what was taken."""

    plan: ServicePlan
    day: date
    occupancy: Occupancy
    expired_holds: set[int]
    rows: set[tuple[Any, ...]]
    """Who has which table for how long; a booking's key is never given to another."""

    def is_as(self, other: "SeenDay") -> bool:
        """Tell whether the same parties had the same tables at both times, and so in between."""
        return self.plan.version == other.plan.version and self.rows == other.rows


def see_day(restaurant_id: int, day: date, *, now: datetime, except_booking: int = 0) -> SeenDay:
    """Return a service day of a restaurant as it stands; one query when the plan is known.

    :raises Restaurant.DoesNotExist: when there is no such restaurant
    """
    plan = remembered_plan(restaurant_id)
    while True:
        midnight = midnight_of(plan, day)
        taken = allocations_between(
            [restaurant_id], midnight, midnight + DAY_SPAN, now=now, except_booking=except_booking
        )
        if restaurant_id not in taken.versions:
            raise Restaurant.DoesNotExist
        if taken.versions[restaurant_id] == plan.version:
            occupancy = Occupancy.of(plan, day, taken.allocations[restaurant_id])
            return SeenDay(plan, day, occupancy, taken.expired_holds, taken.rows)
        plan = plan_of(restaurant_id, version=taken.versions[restaurant_id])


def still_stands(seen: SeenDay, *, except_booking: int = 0) -> bool:
    """Tell whether a day is as it was seen; then what else was read in between belongs to the same state of it."""
    return see_day(seen.plan.id, seen.day, now=timezone.now(), except_booking=except_booking).is_as(seen)


def plan_and_occupancy(
    restaurant_id: int, day: date, *, now: datetime, except_booking: int = 0
) -> tuple[ServicePlan, Occupancy, set[int]]:
    """Return a restaurant's current plan, what is taken on a service day, and the holds that have run out.

    One query when the plan is known.

    :raises Restaurant.DoesNotExist: when there is no such restaurant
    """
    seen = see_day(restaurant_id, day, now=now, except_booking=except_booking)
    return seen.plan, seen.occupancy, seen.expired_holds


def slots_on(
    restaurant_id: int,
    day: date,
    party_size: int,
    *,
    step_free: bool = False,
    now: datetime | None = None,
    except_booking: int = 0,
) -> list[Slot]:
    """Return every online start of a service day with whether this party can have it.

    :param step_free: only at tables without steps
    A booking that is about to be changed is left out by `except_booking`: it does not stand in its own way.
    """
    now = now or timezone.now()
    plan, occupancy, _expired = plan_and_occupancy(restaurant_id, day, now=now, except_booking=except_booking)
    plan = plan.for_wish(step_free=step_free)
    slots = day_slots(plan, day, party_size, occupancy, now=now)
    return with_others_moved(plan, day, party_size, occupancy, slots, now=now, except_booking=except_booking)


def prices_of(plan: ServicePlan, day: date) -> Prices | None:
    """Return what each quarter of an hour is worth on a service day; None where nothing is suggested, or not yet.

    A special day with shifts of its own has no prices, nor has a floor that was changed since they were computed.
    """
    special = plan.special_days.get(day)
    if not plan.policy.suggests_times or (special is not None and special.shifts):
        return None
    row = (
        RoomPrices.objects.filter(restaurant_id=plan.id, weekday=day.weekday(), plan_version=plan.version)
        .values_list("tables", "covers")
        .first()
    )
    if row is None:
        return None
    tables, covers = row
    return Prices(tuple(map(tuple, tables)), tuple(map(tuple, covers)))


def with_others_moved(
    plan: ServicePlan,
    day: date,
    party_size: int,
    occupancy: Occupancy,
    slots: list[Slot],
    *,
    now: datetime,
    except_booking: int = 0,
) -> list[Slot]:
    """Return the slots of a day, those without a free table looked at again: perhaps there is one when others move.

    :param plan: with the seatings that the party may have; others move to what they may have

    Nobody waits longer than MOST_SECONDS for it. A time left out for that is still given to whoever asks for it.
    """
    if all(slot.reason is not Reason.NO_TABLE for slot in slots):
        return slots
    rest = rearranging.Day.of(plan, day, occupancy, now=now, except_booking=except_booking)
    if not rest.parties:
        return slots
    buffer = timedelta(minutes=plan.policy.buffer_minutes)
    solving.get_ready()
    ends = time.monotonic() + MOST_SECONDS
    answers = []
    for slot in slots:
        if slot.reason is Reason.NO_TABLE and time.monotonic() < ends:
            found = rest.room_for(
                party_size,
                starts_at=slot.starts_at,
                until=slot.ends_at + buffer,
                online=True,
                large_kept=slot.large_kept,
                step_free=plan.only_step_free,
            )
            if found is not None:
                slot = replace(slot, reason=None, area_ids=rearranging.area_ids(plan, found.table_ids))
        answers.append(slot)
    return answers


def calendar_of(
    restaurant_id: int,
    first: date,
    last: date,
    party_size: int,
    *,
    step_free: bool = False,
    now: datetime | None = None,
) -> dict[date, list[Slot]]:
    """Return the slots of each service day between two dates, both included, in one query."""
    now = now or timezone.now()
    plan = remembered_plan(restaurant_id)
    since, until = midnight_of(plan, first), midnight_of(plan, last) + DAY_SPAN
    taken = allocations_between([restaurant_id], since, until, now=now)
    plan = plan_of(restaurant_id, version=taken.versions.get(restaurant_id)).for_wish(step_free=step_free)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return {
        day: day_slots(plan, day, party_size, Occupancy.of(plan, day, taken.allocations[restaurant_id]), now=now)
        for day in days
    }


def alternatives_to(
    restaurant_id: int,
    wanted: datetime,
    party_size: int,
    *,
    count: int = ALTERNATIVES,
    include_wanted: bool = False,
    step_free: bool = False,
    now: datetime | None = None,
) -> list[Slot]:
    """Return the free times nearest to a wanted one: the same service day, filled up from the days beside it.

    `include_wanted` is for a diner who asked for an area: the same time in another area comes first to mind.
    """
    now = now or timezone.now()
    seen = day_at(restaurant_id, wanted, now=now)
    return alternatives_on(
        seen, wanted, party_size, count=count, include_wanted=include_wanted, step_free=step_free, now=now
    )


def day_at(restaurant_id: int, starts_at: datetime, *, now: datetime, except_booking: int = 0) -> SeenDay:
    """Return the service day that an instant belongs to, as it stands now; one query when the plan is known.

    An instant at which nobody starts belongs to its date.

    :raises Restaurant.DoesNotExist: when there is no such restaurant
    """
    plan = remembered_plan(restaurant_id)
    # Calendars end, and nobody books that far; the days beside it are needed, too.
    starts_at = min(max(starts_at, _FIRST), _LAST)
    while True:
        day = _day_of(plan, starts_at)
        seen = see_day(restaurant_id, day, now=now, except_booking=except_booking)
        plan = seen.plan
        if _day_of(plan, starts_at) == day:
            return seen
        # The shifts were edited since this process last looked, and it belongs to another day now.


def day_now(restaurant_id: int, *, now: datetime) -> SeenDay:
    """Return the service day that is on now, as it stands; one query when the plan is known.

    :raises Restaurant.DoesNotExist: when there is no such restaurant
    """
    return see_day(restaurant_id, service_day_of(restaurant_id, now), now=now)


def _day_of(plan: ServicePlan, starts_at: datetime) -> date:
    slot = find_slot_time(plan, starts_at)
    return slot.service_day if isinstance(slot, SlotTime) else starts_at.astimezone(plan.zone).date()


def alternatives_on(
    seen: SeenDay,
    wanted: datetime,
    party_size: int,
    *,
    count: int = ALTERNATIVES,
    include_wanted: bool = False,
    step_free: bool = False,
    now: datetime,
) -> list[Slot]:
    """Return the free times nearest to a wanted one of a day that was read just now, filled up from the days beside it.

    Only where that day has too few are the others read, in one query more.
    """
    plan, day = seen.plan.for_wish(step_free=step_free), seen.day
    found = free_near(
        plan, {day: seen.occupancy}, wanted, party_size, count=count, include_wanted=include_wanted, now=now
    )
    if len(found) >= count:
        return found
    beside = [day - timedelta(days=1), day + timedelta(days=1), day + timedelta(days=2)]
    taken = allocations_between(
        [plan.id], midnight_of(plan, beside[0]), midnight_of(plan, beside[-1]) + DAY_SPAN, now=now
    )
    if taken.versions.get(plan.id) != plan.version:
        # The plan has just been changed: half of an answer by the old one would be no answer.
        return alternatives_to(
            plan.id, wanted, party_size, count=count, include_wanted=include_wanted, step_free=step_free, now=now
        )
    days = {each: Occupancy.of(plan, each, taken.allocations[plan.id]) for each in beside}
    others = free_near(plan, days, wanted, party_size, count=count - len(found), now=now)
    return sorted(found + others, key=lambda slot: slot.starts_at)


def restaurants_free_at(
    restaurant_ids: Sequence[int],
    day: date,
    wanted: datetime,
    party_size: int,
    *,
    around: timedelta = timedelta(minutes=60),
    most: int | None = None,
    step_free: bool = False,
    now: datetime | None = None,
) -> dict[int, list[Slot]]:
    """Return, of these restaurants, those with a free time within an hour of the wanted one, and these times.

    One query for all of them when their plans are known. They come in the order given; with `most` only so many.
    With `step_free` a time is free only at tables that are reached without a step.
    """
    now = now or timezone.now()
    # What stands in the way of the starts asked for: nothing that is over before them or begins after the last party
    # would have left.
    taken = allocations_between(restaurant_ids, wanted - around, wanted + around + LONGEST_STAY, now=now)
    plans = plans_of(taken.versions)
    found: dict[int, list[Slot]] = {}
    for restaurant_id in restaurant_ids:
        plan = plans.get(restaurant_id)
        if plan is None:
            continue
        plan = plan.for_wish(step_free=step_free)
        if party_refusal(plan, party_size, online=True):
            continue
        near = [slot for slot in slot_times(plan, day) if abs(slot.starts_at - wanted) <= around]
        if not near:
            continue
        occupancy = Occupancy.of(plan, day, taken.allocations[restaurant_id])
        # Only the starts that were asked for: a whole day of each house would cost three times as much.
        slots = (answer(plan, slot, party_size, occupancy, now=now, online=True) for slot in near)
        free = [slot for slot in slots if slot.available]
        if free:
            found[restaurant_id] = free
            if len(found) == most:
                break
    return found


# --- Bookings, by who asks -----------------------------------------------------------------------------------


def _with_what_doors_show(bookings: "QuerySet[Booking]") -> "QuerySet[Booking]":
    tables = TableAllocation.objects.filter(live=True).select_related("table").order_by("table__name")
    return bookings.select_related("restaurant", "restaurant__city", "area", "advance").prefetch_related(
        Prefetch("allocations", queryset=tables)
    )


def bookings_of(diner: Person) -> "QuerySet[Booking]":
    """Return the bookings on a diner's account, newest start first; nobody's for a stranger."""
    if not may_keep_own(diner):
        return Booking.objects.none()
    return _with_what_doors_show(Booking.objects.filter(diner=diner)).order_by("-starts_at", "-pk")


def upcoming_bookings_of(diner: Person, *, now: datetime | None = None) -> "QuerySet[Booking]":
    """Return what a diner has before them, the next first."""
    return bookings_of(diner).filter(_ahead(now)).order_by("starts_at", "pk")


def past_bookings_of(diner: Person, *, now: datetime | None = None) -> "QuerySet[Booking]":
    """Return a diner's visits and what came to nothing, the latest first.

    A table that was only held for a while is left out, unless it waited for a deposit.
    """
    return bookings_of(diner).exclude(_ahead(now)).exclude(status=Status.EXPIRED, advance__isnull=True)


def _ahead(now: datetime | None) -> Q:
    return Q(status__in=OCCUPYING, ends_at__gt=now or timezone.now())


def own_or_paid_for() -> Q:
    """Return what leaves out the tables that were held for a form, and keeps those that wait for money, or did.

    A card is waited for where a table has its guest, and its terms know of fees.
    """
    waits_for_card = ~Q(guest_name="") & Q(policy__has_key="fee_rates")
    return ~Q(status__in=(Status.HELD, Status.EXPIRED)) | Q(advance__isnull=False) | waits_for_card


def bookings_staffed_by(person: Person, ability: Ability = Ability.SEE_BOOKINGS) -> "QuerySet[Booking]":
    """Return the bookings of every restaurant where this person has the ability."""
    ids = restaurant_ids_where(person, ability)
    bookings = Booking.objects.all() if ids is None else Booking.objects.filter(restaurant_id__in=ids)
    return _with_what_doors_show(bookings)


def bookings_on(restaurant_id: int, day: date) -> "QuerySet[Booking]":
    """Return every booking of a service day, whatever became of it; the door has checked who asks."""
    return _with_what_doors_show(Booking.objects.on_service_day(restaurant_id, day))


def booking_by_public_id(public_id: UUID) -> Booking | None:
    """Return a booking whoever asks; the door must have its own proof that they may see it."""
    return _with_what_doors_show(Booking.objects.filter(public_id=public_id)).first()


def came_and_did_not(*, diner_id: int | None, phone_index: str) -> tuple[int, int]:
    """Return how many bookings of a guest, at any house, are over, and to how many of them nobody came.

    A guest without an account is known by their phone's index.
    """
    if diner_id is None and not phone_index:
        return 0, 0
    whose = Q(diner_id=diner_id) if diner_id is not None else Q(guest_phone_index=phone_index)
    rows = Booking.objects.filter(whose, status__in=(Status.COMPLETED, Status.NO_SHOW))
    found = rows.aggregate(over=Count("pk"), missed=Count("pk", filter=Q(status=Status.NO_SHOW)))
    return found["over"], found["missed"]


def booking_to_change(public_id: UUID) -> Booking | None:
    """Return a booking for a door that only finds out who may change it: the row alone, without what doors show."""
    return Booking.objects.filter(public_id=public_id).first()


def booking_by_brief_key(key: str) -> tuple[str, Booking] | None:
    """Return the booking that a brief address opens, with the address's letter; None when it opens none."""
    if (asked := access.range_of_brief(key)) is None:
        return None
    kind, first, last = asked
    alike = _with_what_doors_show(Booking.objects.filter(public_id__range=(first, last)))
    return next(((kind, found) for found in alike if access.is_brief_key_of(key, found.public_id)), None)


def booking_by_request_key(request_key: UUID | None) -> Booking | None:
    """Return the booking that a form, or a tap, with this key has made already; None where it bears none."""
    return None if request_key is None else Booking.objects.filter(request_key=request_key).first()


def booking_like(
    *, restaurant_id: int, starts_at: datetime, party_size: int, among: Iterable[UUID] = (), diner: Person | None = None
) -> Booking | None:
    """Return a live booking of this very time and size: on a diner's account, or among those a browser remembers."""
    theirs = Q(public_id__in=list(among))
    if diner is not None and may_keep_own(diner):
        theirs |= Q(diner=diner)
    same = Booking.objects.filter(
        theirs, restaurant_id=restaurant_id, starts_at=starts_at, party_size=party_size, status__in=OCCUPYING
    )
    return same.order_by("-created_at").first()


def twin_of(
    restaurant_id: int, starts_at: datetime, name: str, phone: str, *, request_key: UUID | None = None
) -> Booking | None:
    """Return a live booking of the same guest at this very time, of whatever size: by the telephone number where there
    is one, else by the name.

    :param request_key: what this key has made before is the same booking and no twin
    """
    # A number is encrypted and names are compared without their marks: who comes at one time to one house is read.
    there = Booking.objects.filter(restaurant_id=restaurant_id, starts_at=starts_at, status__in=OCCUPYING)
    same = list(there.order_by("-created_at"))
    if request_key is not None and any(booking.request_key == request_key for booking in same):
        return None
    if phone:
        return next((booking for booking in same if booking.guest_phone == phone), None)
    return next((booking for booking in same if search_form(booking.guest_name) == search_form(name)), None)


def bookings_by_code(code: str) -> list[Booking]:
    """Return the bookings with this code, the newest first; only live ones are unique."""
    return list(_with_what_doors_show(Booking.objects.filter(code=code)).order_by("-created_at")[:20])


def history_of(booking: Booking) -> "QuerySet[BookingHistory]":
    return booking.history.select_related("actor", "partner").order_by("at", "pk")


def is_owed_an_apology(booking: Booking) -> bool:
    """Tell whether the house took this party's table and cancelled the booking for it."""
    if booking.status != Status.CANCELLED:
        return False
    return booking.history.filter(to_status=Status.CANCELLED, changes__has_key=APOLOGY).exists()


def points_carried_over(bumped: UUID) -> int:
    """Return how many points the next booking gets for one that the house cancelled; none once another has them."""
    points = Booking.objects.filter(public_id=bumped, status=Status.CANCELLED).values_list("bonus_points", flat=True)
    return points.first() or 0


def wants_no_thanks(booking: Booking) -> bool:
    """Tell whether a booking's guest has said, at this house or another, that they want no thank-you mails."""
    same = Q(pk=booking.guest_id)
    if booking.guest_email:
        same |= Q(email_index=index_of_email(booking.guest_email))
    elif booking.guest_phone:
        same |= Q(phone_index=index_of_phone(booking.guest_phone))
    if booking.diner_id is not None:
        same |= Q(account_id=booking.diner_id)
    return HouseGuest.objects.filter(same, wants_no_thanks=True).exists()


# The desk sees the most urgent; the list of bookings can be filtered for the rest.
DEPOSITS_SHOWN = 30


def deposits_to_settle(restaurant_id: int, *, now: datetime) -> list[Advance]:
    """Return the deposits that a house waits for, the next due first, and then those it owes back.

    What was held for longer than its time is left out: its table is free again, and its money is not asked for.
    """
    waits = Q(state=AdvanceState.AWAITED, booking__status__in=OCCUPYING)
    over = Q(booking__status=Status.HELD, booking__hold_expires_at__lte=now)
    found = (
        Advance.objects.filter(waits | Q(state=AdvanceState.OWED_BACK), booking__restaurant_id=restaurant_id)
        .exclude(over)
        .select_related("booking", "booking__restaurant")
        # "awaited" stands before "owed_back".
        .order_by("state", "due_at", "pk")
    )
    shown = list(found[:DEPOSITS_SHOWN])
    read_what_is_owed(shown)
    return shown


def deposit_history_of(booking: Booking) -> "QuerySet[AdvanceHistory]":
    """Return what has happened to a booking's deposit, in order."""
    history = AdvanceHistory.objects.filter(advance__booking=booking)
    return history.select_related("actor", "partner").order_by("at", "pk")


def service_day_of(restaurant_id: int, now: datetime | None = None) -> date:
    """Return the service day that is on now: before six in the morning it is still yesterday's."""
    plan = remembered_plan(restaurant_id)
    return ((now or timezone.now()).astimezone(plan.zone) - timedelta(hours=6)).date()


# --- Bookings that repeat ---------------------------------------------------------------------------------------


def series_of(diner: Person) -> "QuerySet[BookingSeries]":
    """Return the repeated bookings on a diner's account, the newest first; nobody's for a stranger."""
    if not may_keep_own(diner):
        return BookingSeries.objects.none()
    return _with_dates(BookingSeries.objects.filter(diner=diner)).order_by("-created_at", "-pk")


def series_staffed_by(person: Person, ability: Ability = Ability.SEE_BOOKINGS) -> "QuerySet[BookingSeries]":
    """Return the repeated bookings of every restaurant where this person has the ability."""
    ids = restaurant_ids_where(person, ability)
    series = BookingSeries.objects.all() if ids is None else BookingSeries.objects.filter(restaurant_id__in=ids)
    return _with_dates(series)


def series_by_public_id(public_id: UUID) -> BookingSeries | None:
    """Return a repeated booking whoever asks; the door must have its own proof that they may see it."""
    return _with_dates(BookingSeries.objects.filter(public_id=public_id)).first()


def series_with(booking: Booking) -> BookingSeries | None:
    """Return the series that a booking is a date of."""
    return BookingSeries.objects.filter(occurrences__booking=booking).first()


def _with_dates(series: "QuerySet[BookingSeries]") -> "QuerySet[BookingSeries]":
    dates = Occurrence.objects.select_related("booking", "booking__advance").order_by("planned_on")
    return series.select_related("restaurant", "area", "diner").prefetch_related(
        Prefetch("occurrences", queryset=dates)
    )


def feed_of(user: User, restaurant_id: int | None = None) -> CalendarFeed | None:
    """Return the address somebody has given to a calendar program: of their own bookings, or of a house's."""
    feeds = CalendarFeed.objects.filter(user=user)
    own = feeds.filter(restaurant__isnull=True) if restaurant_id is None else feeds.filter(restaurant_id=restaurant_id)
    return own.first()


# --- When the plan changes under bookings ----------------------------------------------------------------------


@dataclass(frozen=True)
class OutOfPlan:
    """A booking to come that the restaurant's plan would no longer allow, and why."""

    booking: Booking
    reason: str
    """day_closed, outside_shifts, past_hard_close, table_not_in_use, table_has_steps, tables_not_joined,
    table_too_small, other_area or turn_meets_next"""
    tables: tuple[str, ...] = ()


def bookings_out_of_plan(restaurant_id: int, *, now: datetime | None = None) -> list[OutOfPlan]:
    """Return the bookings ahead, tables held for somebody among them, that no longer fit hours, shifts, turn times,
    special days or tables. They stand as they are: nobody is moved silently, people decide.
    """
    now = now or timezone.now()
    plan = plan_of(restaurant_id)
    ahead = list(
        _with_what_doors_show(
            Booking.objects.filter(
                Q(status__in=(Status.REQUESTED, Status.CONFIRMED)) | Q(status=Status.HELD, hold_expires_at__gt=now),
                restaurant_id=restaurant_id,
                starts_at__gt=now,
            )
        ).order_by("starts_at", "pk")
    )
    starts: dict[int, list[datetime]] = defaultdict(list)
    for booking in ahead:
        for row in booking.allocations.all():
            starts[row.table_id].append(booking.starts_at)
    found = []
    grids: dict[date, dict[datetime, SlotTime]] = {}
    for booking in ahead:
        day = booking.service_day
        if day not in grids:
            grids[day] = {slot.starts_at: slot for slot in slot_times(plan, day)}
        slot = grids[day].get(booking.starts_at)
        special = plan.special_days.get(day)
        if special is not None and special.is_closed:
            found.append(OutOfPlan(booking, "day_closed"))
        elif slot is None:
            found.append(OutOfPlan(booking, "outside_shifts"))
        elif is_past_hard_close(plan, slot, booking.ends_at):
            found.append(OutOfPlan(booking, "past_hard_close"))
        elif reason := _misfit(plan, slot, booking, starts):
            kept = [row for row in booking.allocations.all() if reason != "table_not_in_use" or _is_idle(plan, row)]
            found.append(OutOfPlan(booking, reason, tuple(row.table.name for row in kept)))
    return found


def _misfit(plan: ServicePlan, slot: SlotTime, booking: Booking, starts: dict[int, list[datetime]]) -> str:
    """Return why a booking would not be put at its tables any more, or nothing."""
    rows = booking.allocations.all()
    if any(_is_idle(plan, row) for row in rows):
        return "table_not_in_use"
    tables = {row.table_id for row in rows}
    if booking.step_free and not plan.step_free.issuperset(tables):
        # Whoever chose the table chose one without steps.
        return "table_has_steps"
    if not booking.is_locked and tables:
        # Tables that people chose for a party are theirs to judge.
        seating = next((each for each in plan.seatings if set(each.table_ids) == tables), None)
        if seating is None:
            return "tables_not_joined"
        if booking.party_size > seating.max_party:
            return "table_too_small"
        if booking.area_id is not None and booking.area_id not in seating.area_ids:
            return "other_area"
    turn_ends = slot.starts_at + slot.shift.turn_time(booking.party_size)
    # What was promised is kept: only where the longer turn meets somebody has anybody anything to decide.
    if booking.ends_at < turn_ends:
        laid_again = turn_ends + timedelta(minutes=plan.policy.buffer_minutes)
        if any(booking.starts_at < start < laid_again for table_id in tables for start in starts[table_id]):
            return "turn_meets_next"
    return ""


def _is_idle(plan: ServicePlan, row: TableAllocation) -> bool:
    return row.table_id not in plan.table_areas


def fees_of(booking: Booking) -> "QuerySet[Fee]":
    """Return the fees that were ever asked for with a booking, the newest first."""
    return Fee.objects.filter(booking=booking).select_related("booking__restaurant").order_by("-pk")
