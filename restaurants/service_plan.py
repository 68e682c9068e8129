"""A restaurant's plan of service: all that availability needs to know of a house, as plain values.

Built in a fixed number of queries, kept in the process under the restaurant's `plan_version`, which every change of
hours, tables, shifts, special days or policy raises. Whoever decides something compares the version with the
database's (`bookings.selectors.occupancy` reads it in the same statement as the allocations).
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from restaurants.models import (
    Area,
    BookingPolicy,
    OpeningHours,
    Restaurant,
    Shift,
    SpecialDay,
    SpecialTerms,
    Table,
    TableCombination,
    TurnTime,
)
from restaurants.states import DepositDue, RestaurantStatus

DEFAULT_TURN_MINUTES = ((2, 90), (4, 105), (6, 120), (10_000, 150))
# From so many seats on a table is a large one, which a house may keep for those who need it.
LARGE_TABLE = 6
# Until then the clock of a service day is past midnight.
DAY_BEGINS = time(6)


@dataclass(frozen=True, slots=True)
class AreaPlan:
    id: int
    public_id: UUID
    name: str
    is_outdoor: bool


@dataclass(frozen=True, slots=True)
class Seating:
    """A table, or tables pushed together, and the party sizes it takes."""

    table_ids: tuple[int, ...]
    area_ids: frozenset[int]
    min_party: int
    max_party: int
    is_sold_online: bool


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    id: int
    name: str
    weekdays: frozenset[int]
    valid_from: date | None
    valid_to: date | None
    first_seating: time
    last_seating: time
    hard_close: time | None
    slot_minutes: int
    max_covers_per_slot: int | None
    max_parties_per_slot: int | None
    cutoff_minutes: int | None
    is_online: bool
    turn_minutes: tuple[tuple[int, int], ...]
    large_tables_released_hours: int | None = None

    def runs_on(self, day: date) -> bool:
        return (
            day.weekday() in self.weekdays
            and (self.valid_from is None or day >= self.valid_from)
            and (self.valid_to is None or day <= self.valid_to)
        )

    def turn_time(self, party_size: int) -> timedelta:
        """Return how long a party keeps its table; larger than any row counts as the largest row."""
        rows = self.turn_minutes or DEFAULT_TURN_MINUTES
        for up_to_party, minutes in rows:
            if party_size <= up_to_party:
                return timedelta(minutes=minutes)
        return timedelta(minutes=rows[-1][1])


@dataclass(frozen=True, slots=True)
class SpecialDayPlan:
    date: date
    name: str
    note: str
    is_closed: bool
    shifts: tuple[ShiftPlan, ...]
    hours: tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    min_party_online: int
    max_party_online: int
    window_days: int
    min_lead_minutes: int
    buffer_minutes: int
    grace_minutes: int
    free_cancellation_hours: int
    needs_approval: bool
    deposit_kobo_per_guest: int
    deposit_from_party: int
    note: str
    suggests_times: bool = True
    suggestion_minutes: int = 90
    suggestion_points: int = 200
    max_party_on_request: int = 0
    deposit_due: str = DepositDue.AT_THE_HOUSE
    deposit_minutes: int = 45
    deposit_instructions: str = ""
    no_show_fee_kobo_per_guest: int = 0
    late_cancellation_fee_kobo_per_guest: int = 0
    fee_from_party: int = 1
    asks_for_card: bool = True


@dataclass(frozen=True, slots=True)
class TermsPlan:
    """Special terms: for whom and when they hold, and what they ask. Amounts in kobo."""

    name: str
    from_party: int
    to_party: int | None
    weekdays: frozenset[int]
    starts_from: time | None
    starts_before: time | None
    special_day: date | None
    area_id: int | None
    deposit_kobo_per_guest: int
    deposit_kobo_per_party: int
    minimum_spend_kobo_per_guest: int
    minimum_spend_kobo_per_party: int
    free_cancellation_hours: int | None
    note: str
    no_show_fee_kobo_per_guest: int = 0
    late_cancellation_fee_kobo_per_guest: int = 0

    def holds_at(self, day: date, starts_at: datetime, area_id: int | None) -> bool:
        """Whether they hold for a start of a service day, by the house's clock, for parties of their sizes."""
        if self.special_day is not None and day != self.special_day:
            return False
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        if self.area_id is not None and area_id != self.area_id:
            return False
        clock = starts_at.replace(tzinfo=None)
        if self.starts_from is not None and clock < _on_service_day(day, self.starts_from):
            return False
        return self.starts_before is None or clock < _on_service_day(day, self.starts_before)

    def fits(self, party_size: int) -> bool:
        return self.from_party <= party_size and (self.to_party is None or party_size <= self.to_party)


def _on_service_day(day: date, clock: time) -> datetime:
    return datetime.combine(day + timedelta(days=clock < DAY_BEGINS), clock)


@dataclass(frozen=True)
class ServicePlan:
    """One restaurant's plan; instants come out in its own zone."""

    id: int
    public_id: UUID
    slug: str
    name: str
    version: int
    status: str
    zone: ZoneInfo
    policy: PolicyPlan
    areas: tuple[AreaPlan, ...]
    seatings: tuple[Seating, ...]
    table_areas: dict[int, int]
    table_names: dict[int, str]
    shifts: tuple[ShiftPlan, ...]
    hours: dict[int, tuple[tuple[time, time], ...]]
    special_days: dict[date, SpecialDayPlan]
    special_terms: tuple[TermsPlan, ...] = ()
    # Tables that are reached without a step.
    step_free: frozenset[int] = frozenset()
    only_step_free: bool = False
    """Whether these are only the seatings that are reached without a step."""
    _whole: "ServicePlan | None" = field(default=None, compare=False, repr=False)
    _ranked: dict[tuple[int, bool, bool], tuple[Seating, ...]] = field(default_factory=dict, compare=False)
    _by_area: dict[bool, dict[int, tuple[Seating, ...]]] = field(default_factory=dict, compare=False)
    # For `bookings.availability`: the starts of some days. Never taken along to another plan.
    grids: dict[date, dict[datetime, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def for_wish(self, *, step_free: bool) -> "ServicePlan":
        """Return the plan with what a party may sit at: every seating, or those of which every table is step-free."""
        if step_free == self.only_step_free:
            return self
        return self._without_steps if step_free else self._whole or self

    @cached_property
    def _without_steps(self) -> "ServicePlan":
        seatings = tuple(seating for seating in self.seatings if self.step_free.issuperset(seating.table_ids))
        return replace(self, seatings=seatings, only_step_free=True, _whole=self, _ranked={}, _by_area={})

    @property
    def is_bookable(self) -> bool:
        return self.status == RestaurantStatus.LIVE

    @cached_property
    def largest_party(self) -> int:
        return max((seating.max_party for seating in self.seatings), default=0)

    @cached_property
    def largest_party_online(self) -> int:
        """The largest party that books online without asking, as far as the tables go."""
        return min(self.policy.max_party_online, self.largest_party)

    @cached_property
    def largest_party_on_request(self) -> int:
        """The largest party that may book or ask online: a group sits at the tables of one area together."""
        areas = self.tables_by_area(online=True).values()
        room = max((sum(table.max_party for table in tables) for tables in areas), default=0)
        return max(self.largest_party_online, min(self.policy.max_party_on_request, max(room, self.largest_party)))

    @cached_property
    def seats(self) -> int:
        """How many sit in the house at all its tables."""
        return sum(seating.max_party for seating in self.seatings if len(seating.table_ids) == 1)

    def tables_by_area(self, *, online: bool) -> dict[int, tuple[Seating, ...]]:
        """Return the single tables by area, the largest first."""
        if online not in self._by_area:
            tables: dict[int, list[Seating]] = defaultdict(list)
            for seating in sorted(self.seatings, key=lambda seating: (-seating.max_party, seating.table_ids)):
                if len(seating.table_ids) == 1 and (seating.is_sold_online or not online):
                    tables[self.table_areas[seating.table_ids[0]]].append(seating)
            self._by_area[online] = {area: tuple(theirs) for area, theirs in tables.items()}
        return self._by_area[online]

    def is_group(self, party_size: int) -> bool:
        """Whether a party is larger than those that book online without asking."""
        return party_size > self.largest_party_online

    def awaits_approval(self, party_size: int) -> bool:
        """Whether an online booking of this party is a request until the house confirms it."""
        return self.policy.needs_approval or self.is_group(party_size)

    def may_join_tables(self, party_size: int, *, online: bool) -> bool:
        """Whether tables that are no combination are joined for this party: it asks, or staff see to it themselves."""
        if online:
            return self.is_group(party_size) and party_size <= self.largest_party_on_request
        return party_size > self.largest_party

    def is_seating(self, table_ids: Iterable[int]) -> bool:
        """Whether these are a table or a combination of the house's, and not joined for one group only."""
        wanted = set(table_ids)
        return any(wanted == set(seating.table_ids) for seating in self.seatings)

    def room_at(self, table_ids: Iterable[int]) -> tuple[int, int]:
        """Return from how many to how many guests sit at these tables: as a combination of the house's, else at each.

        A table that is out of use seats nobody.
        """
        wanted = set(table_ids)
        together = [seating for seating in self.seatings if wanted == set(seating.table_ids)]
        single = [seating for seating in self.seatings if len(seating.table_ids) == 1 and wanted & {*seating.table_ids}]
        found = together or single
        smallest = min((seating.min_party for seating in found), default=0)
        most_together = max((seating.max_party for seating in together), default=0)
        return smallest, max(most_together, sum(seating.max_party for seating in single))

    def shifts_on(self, day: date) -> tuple[ShiftPlan, ...]:
        """Return the shifts of a service day in the order of the clock; none when the day is closed."""
        special = self.special_days.get(day)
        if special is not None:
            if special.is_closed:
                return ()
            if special.shifts:
                return special.shifts
        return tuple(shift for shift in self.shifts if shift.runs_on(day))

    def hours_on(self, day: date) -> tuple[tuple[time, time], ...]:
        """Return the opening hours of a service day, as wall-clock pairs."""
        special = self.special_days.get(day)
        if special is not None:
            if special.is_closed:
                return ()
            if special.hours:
                return special.hours
        return self.hours.get(day.weekday(), ())

    def at(self, day: date, clock: time, *, after: time | None = None) -> datetime:
        """Return a wall-clock time of a service day as an instant.

        With `after`, a time not later than it lies on the next calendar day: 01:00 after 16:00 is past midnight.
        """
        if after is not None and clock <= after:
            day += timedelta(days=1)
        return datetime.combine(day, clock, tzinfo=self.zone)

    @cached_property
    def large_tables(self) -> frozenset[int]:
        singles = (seating for seating in self.seatings if len(seating.table_ids) == 1)
        return frozenset(seating.table_ids[0] for seating in singles if seating.max_party >= LARGE_TABLE)

    @cached_property
    def shortest_turn(self) -> timedelta:
        """The least time for which a table can be sold once more."""
        rows = [row for shift in self.shifts for row in shift.turn_minutes or DEFAULT_TURN_MINUTES]
        return timedelta(minutes=min((minutes for _up_to, minutes in rows), default=DEFAULT_TURN_MINUTES[0][1]))

    def seatings_for(self, party_size: int, *, online: bool, large_kept: bool = False) -> tuple[Seating, ...]:
        """Return what this party could sit at, best first: single tables, then the fewest spare seats.

        :param large_kept: leave out large tables, unless no smaller single table takes the party
        """
        key = (party_size, online, large_kept)
        if key not in self._ranked:
            fitting = [
                seating
                for seating in self.seatings
                if seating.min_party <= party_size <= seating.max_party and (seating.is_sold_online or not online)
            ]
            if large_kept:
                small = [seating for seating in fitting if self.large_tables.isdisjoint(seating.table_ids)]
                fitting = small if any(len(seating.table_ids) == 1 for seating in small) else fitting
            fitting.sort(key=lambda seating: (len(seating.table_ids), seating.max_party, seating.table_ids))
            self._ranked[key] = tuple(fitting)
        return self._ranked[key]

    def terms_at(self, day: date, starts_at: datetime, area_id: int | None = None) -> tuple[TermsPlan, ...]:
        """Return the special terms that hold for a start, whatever the party; the first that fits one is its own."""
        local = starts_at.astimezone(self.zone)
        return tuple(terms for terms in self.special_terms if terms.holds_at(day, local, area_id))

    def area_named(self, public_id: UUID) -> AreaPlan | None:
        return next((area for area in self.areas if area.public_id == public_id), None)


# --- Loading -------------------------------------------------------------------------------------------------

DAYS_REMEMBERED = 3  # special days before today that a service past midnight may still need


def load_plans(restaurant_ids: Iterable[int]) -> dict[int, ServicePlan]:
    """Return the plans of these restaurants, in eight queries however many there are."""
    ids = list(restaurant_ids)
    # The version is read before what it stands for: an edit in between makes a plan that is noticed to be old.
    restaurants = list(
        Restaurant.objects.filter(pk__in=ids)
        .select_related("policy")
        # With the house itself, not in a query more: most have none.
        .annotate(terms_of_house=ArraySubquery(_special_terms().values(row=JSONObject(**_TERMS))))
    )
    areas = _grouped(Area.objects.filter(restaurant_id__in=ids).order_by("position", "pk"))
    tables = _grouped(Table.objects.filter(restaurant_id__in=ids, is_active=True).order_by("pk"))
    combinations = _grouped(
        TableCombination.objects.filter(restaurant_id__in=ids, is_active=True).prefetch_related("tables").order_by("pk")
    )
    hours = _grouped(OpeningHours.objects.filter(restaurant_id__in=ids).order_by("opens"))
    since = date.today() - timedelta(days=DAYS_REMEMBERED)  # noqa: DTZ011 - a margin, not a rule
    special_days = _grouped(SpecialDay.objects.filter(restaurant_id__in=ids, date__gte=since))
    shifts = _grouped(
        Shift.objects.filter(Q(special_day__isnull=True) | Q(special_day__date__gte=since))
        .filter(restaurant_id__in=ids, is_active=True)
        .order_by("first_seating", "pk")
    )
    turns: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = TurnTime.objects.filter(shift__restaurant_id__in=ids).order_by("up_to_party")
    for shift_id, up_to_party, minutes in rows.values_list("shift_id", "up_to_party", "minutes"):
        turns[shift_id].append((up_to_party, minutes))
    return {
        restaurant.pk: _plan(
            restaurant,
            areas[restaurant.pk],
            tables[restaurant.pk],
            combinations[restaurant.pk],
            hours[restaurant.pk],
            special_days[restaurant.pk],
            shifts[restaurant.pk],
            turns,
        )
        for restaurant in restaurants
    }


def _grouped(rows: Iterable) -> dict[int, list]:
    groups: dict[int, list] = defaultdict(list)
    for row in rows:
        groups[row.restaurant_id].append(row)
    return groups


def _plan(
    restaurant: Restaurant,
    areas: list[Area],
    tables: list[Table],
    combinations: list[TableCombination],
    hours: list[OpeningHours],
    special_days: list[SpecialDay],
    shifts: list[Shift],
    turns: dict[int, list[tuple[int, int]]],
) -> ServicePlan:
    weekday_hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    special_hours: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for row in hours:
        if row.special_day_id is not None:
            special_hours[row.special_day_id].append((row.opens, row.closes))
        elif row.weekday is not None:
            weekday_hours[row.weekday].append((row.opens, row.closes))
    special_shifts: dict[int, list[ShiftPlan]] = defaultdict(list)
    weekly: list[ShiftPlan] = []
    for shift in shifts:
        plan = _shift_plan(shift, turns[shift.pk])
        if shift.special_day_id is not None:
            special_shifts[shift.special_day_id].append(plan)
        else:
            weekly.append(plan)
    return ServicePlan(
        id=restaurant.pk,
        public_id=restaurant.public_id,
        slug=restaurant.slug,
        name=restaurant.name,
        version=restaurant.plan_version,
        status=restaurant.status,
        zone=ZoneInfo(restaurant.time_zone),
        policy=_policy_plan(getattr(restaurant, "policy", None) or BookingPolicy()),
        areas=tuple(AreaPlan(area.pk, area.public_id, area.name, area.is_outdoor) for area in areas),
        seatings=_seatings(tables, combinations),
        table_areas={table.pk: table.area_id for table in tables},
        table_names={table.pk: table.name for table in tables},
        step_free=frozenset(table.pk for table in tables if table.is_accessible),
        shifts=tuple(weekly),
        hours={weekday: tuple(pairs) for weekday, pairs in weekday_hours.items()},
        special_days={
            day.date: SpecialDayPlan(
                day.date,
                day.name,
                day.note,
                day.is_closed,
                tuple(special_shifts[day.pk]),
                tuple(special_hours[day.pk]),
            )
            for day in special_days
        },
        special_terms=tuple(_terms_plan(row) for row in restaurant.terms_of_house),  # type: ignore[attr-defined]
    )


_TERMS = {name: name for name in TermsPlan.__slots__} | {"special_day": "special_day__date"}


def _special_terms() -> "QuerySet[SpecialTerms]":
    """Return the special terms of an outer restaurant: those of a special day first, then by position."""
    since = date.today() - timedelta(days=DAYS_REMEMBERED)  # noqa: DTZ011 - a margin, not a rule
    rows = SpecialTerms.objects.filter(restaurant=OuterRef("pk"))
    ahead = rows.filter(Q(special_day__isnull=True) | Q(special_day__date__gte=since))
    return ahead.order_by(F("special_day").asc(nulls_last=True), "position", "pk")


def _terms_plan(row: dict[str, Any]) -> TermsPlan:
    """Return special terms as the database wrote them: times and dates are text there."""
    parsed = {
        "weekdays": frozenset(row["weekdays"]),
        "special_day": row["special_day"] and date.fromisoformat(row["special_day"]),
        **{name: row[name] and time.fromisoformat(row[name]) for name in ("starts_from", "starts_before")},
    }
    return TermsPlan(**(row | parsed))


def _policy_plan(policy: BookingPolicy) -> PolicyPlan:
    return PolicyPlan(**{name: getattr(policy, name) for name in PolicyPlan.__slots__})


def _shift_plan(shift: Shift, turn_minutes: list[tuple[int, int]]) -> ShiftPlan:
    return ShiftPlan(
        id=shift.pk,
        name=shift.name,
        weekdays=frozenset(shift.weekdays),
        valid_from=shift.valid_from,
        valid_to=shift.valid_to,
        first_seating=shift.first_seating,
        last_seating=shift.last_seating,
        hard_close=shift.hard_close,
        slot_minutes=shift.slot_minutes,
        max_covers_per_slot=shift.max_covers_per_slot,
        max_parties_per_slot=shift.max_parties_per_slot,
        cutoff_minutes=shift.cutoff_minutes,
        is_online=shift.is_online,
        turn_minutes=tuple(turn_minutes),
        large_tables_released_hours=shift.large_tables_released_hours,
    )


def _seatings(tables: list[Table], combinations: list[TableCombination]) -> tuple[Seating, ...]:
    by_id = {table.pk: table for table in tables}
    seatings = [
        Seating((table.pk,), frozenset({table.area_id}), table.min_party, table.max_party, table.is_sold_online)
        for table in tables
    ]
    for combination in combinations:
        members = [table.pk for table in combination.tables.all()]
        # A combination lives only as long as every member is in use.
        if len(members) < 2 or any(member not in by_id for member in members):
            continue
        seatings.append(
            Seating(
                tuple(sorted(members)),
                frozenset(by_id[member].area_id for member in members),
                combination.min_party,
                combination.max_party,
                combination.is_sold_online and all(by_id[member].is_sold_online for member in members),
            )
        )
    return tuple(seatings)


# --- Remembering ---------------------------------------------------------------------------------------------

PLANS_REMEMBERED = 4_000


class PlanShelf:
    """The plans this process has read, oldest use dropped first."""

    def __init__(self, size: int = PLANS_REMEMBERED) -> None:
        self._plans: OrderedDict[int, ServicePlan] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def get(self, restaurant_id: int, *, version: int | None = None) -> ServicePlan | None:
        """Return the remembered plan, unless it is of another version than the one asked for."""
        with self._lock:
            plan = self._plans.get(restaurant_id)
            if plan is None or (version is not None and plan.version != version):
                return None
            self._plans.move_to_end(restaurant_id)
            return plan

    def put(self, plan: ServicePlan) -> None:
        with self._lock:
            self._plans[plan.id] = plan
            self._plans.move_to_end(plan.id)
            while len(self._plans) > self._size:
                self._plans.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()


shelf = PlanShelf()


def remembered_plan(restaurant_id: int) -> ServicePlan:
    """Return a restaurant's plan as this process last read it, perhaps long ago: for its zone and public id only."""
    return shelf.get(restaurant_id) or plan_of(restaurant_id)


def plan_of(restaurant_id: int, *, version: int | None = None) -> ServicePlan:
    """Return a restaurant's plan of this version, or of the one that holds now (one small query).

    :raises Restaurant.DoesNotExist: when there is no such restaurant
    """
    if version is None:
        version = Restaurant.objects.values_list("plan_version", flat=True).get(pk=restaurant_id)
    plan = shelf.get(restaurant_id, version=version)
    if plan is None:
        plans = load_plans([restaurant_id])
        if restaurant_id not in plans:
            raise Restaurant.DoesNotExist
        plan = plans[restaurant_id]
        shelf.put(plan)
    return plan


def plans_of(versions: dict[int, int]) -> dict[int, ServicePlan]:
    """Return the plans of these restaurants at these versions; what is missing is read in one go."""
    found: dict[int, ServicePlan] = {}
    for restaurant_id, version in versions.items():
        plan = shelf.get(restaurant_id, version=version)
        if plan is not None:
            found[restaurant_id] = plan
    missing = [restaurant_id for restaurant_id in versions if restaurant_id not in found]
    if missing:
        for plan in load_plans(missing).values():
            shelf.put(plan)
            found[plan.id] = plan
    return found
