"""Evenings to wait for: one house, its requests, who cancels when, all drawn from a seed.

The house is floor plan A of the benchmarks (24 tables, 94 seats, seven combinations), open from noon to half past
eleven. What is decided in it is decided by the product's own functions.
"""

import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import benchmarks.harness  # noqa: F401  (the path must be known first)

# These need no database, but Django wants to be set up before its models are read.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
from django.apps import apps

if not apps.ready:
    django.setup()

from bookings.availability import GRAIN, Allocation, Occupancy, SlotTime, best_seating, slot_times
from bookings.packing import Arrangement, Party, Tables
from bookings.rearranging import Day, seatings
from restaurants.service_plan import AreaPlan, PolicyPlan, Seating, ServicePlan, ShiftPlan

DAY = date(2026, 6, 12)
MIDNIGHT = datetime.combine(DAY, time.min, tzinfo=UTC)
SIZES = (
    (1, 0.03),
    (2, 0.40),
    (3, 0.12),
    (4, 0.22),
    (5, 0.06),
    (6, 0.08),
    (7, 0.03),
    (8, 0.04),
    (10, 0.015),
    (12, 0.005),
)
FLEXIBILITY = ((0, 0.35), (30, 0.35), (60, 0.20), (90, 0.10))
TURNS = ((2, 90), (4, 105), (6, 120), (400, 150))
OPENS, CLOSES, LAST_SEATING = time(12), time(23, 30), time(21, 30)


def floor_plan() -> tuple[Seating, ...]:
    """Return plan A: 8×2, 10×4, 4×6, 1×8, 1×10, and seven combinations."""
    sizes = [2] * 8 + [4] * 10 + [6] * 4 + [8, 10]
    tables = [_seating((number,), 1 if size == 2 else size // 2, size) for number, size in enumerate(sizes, start=1)]
    joined = [(1, 2), (3, 4), (5, 6), (9, 10), (11, 12), (13, 14), (19, 20)]
    pairs = []
    for pair in joined:
        seats = sum(sizes[number - 1] for number in pair)
        pairs.append(_seating(pair, seats // 2, seats))
    return (*tables, *pairs)


def _seating(table_ids: Tables, least: int, most: int) -> Seating:
    return Seating(table_ids, frozenset({1}), least, most, is_sold_online=True)


def service_plan(*, buffer_minutes: int = 0, grace_minutes: int = 20) -> ServicePlan:
    floor = floor_plan()
    tables = [each.table_ids[0] for each in floor if len(each.table_ids) == 1]
    shift = ShiftPlan(
        1, "All day", frozenset(range(7)), None, None, OPENS, LAST_SEATING, None, 15, None, None, None, True, TURNS
    )  # fmt: skip
    policy = PolicyPlan(1, 400, 400, 0, buffer_minutes, grace_minutes, 0, False, 0, 400, "")
    return ServicePlan(
        id=1,
        public_id=UUID(int=1),
        slug="plan-a",
        name="Plan A",
        version=1,
        status="live",
        zone=ZoneInfo("UTC"),
        policy=policy,
        areas=(AreaPlan(1, UUID(int=2), "Room", False),),
        seatings=floor,
        table_areas=dict.fromkeys(tables, 1),
        table_names={number: f"T{number}" for number in tables},
        shifts=(shift,),
        hours=dict.fromkeys(range(7), ((OPENS, CLOSES),)),
        special_days={},
    )


@dataclass(frozen=True)
class Request:
    """A party that wants a table: how many, when, and how far from it they would go."""

    key: int
    size: int
    wanted: datetime
    flexible: timedelta


def requests(dice: random.Random, plan: ServicePlan, load: float) -> list[Request]:
    """Return the requests of a day in the order in which they are made, until the evening's load is reached."""
    grid = [slot.starts_at for slot in slot_times(plan, DAY)]
    seats = sum(each.max_party for each in plan.seatings if len(each.table_ids) == 1)
    left = load * seats * 240
    made: list[Request] = []
    while left > 0:
        mean, spread = (13.25 * 60, 45) if dice.random() < 0.25 else (19.75 * 60, 60)
        minutes = min(max(dice.gauss(mean, spread), 12 * 60), 21.5 * 60)
        wanted = MIDNIGHT + timedelta(minutes=round(minutes / 15) * 15)
        size = _drawn(dice, SIZES)
        made.append(Request(len(made) + 1, size, wanted, timedelta(minutes=_drawn(dice, FLEXIBILITY))))
        if wanted.hour >= 16:
            left -= size * turn_of(size)
    assert all(request.wanted in grid for request in made)  # noqa: S101 - of the simulation itself
    return made


def turn_of(size: int) -> int:
    """Return how many minutes a party of a size is expected to stay."""
    return next(minutes for largest, minutes in TURNS if size <= largest)


def _drawn(dice: random.Random, choices: tuple[tuple[int, float], ...]) -> int:
    values, weights = zip(*choices, strict=True)
    return int(dice.choices(values, weights)[0])


@dataclass
class Kept:
    """A party with tables: booked, or offered them for a while."""

    key: int
    size: int
    starts_at: datetime
    tables: Tables
    until: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=turn_of(self.size))


@dataclass
class Evening:
    """The house's day as it fills."""

    plan: ServicePlan
    kept: dict[int, Kept] = field(default_factory=dict)
    slots: dict[datetime, SlotTime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slots = {slot.starts_at: slot for slot in slot_times(self.plan, DAY)}

    def occupancy(self) -> Occupancy:
        rows = [
            Allocation(table, party.starts_at, party.ends_at, party.size if number == 0 else 0)
            for party in self.kept.values()
            for number, table in enumerate(party.tables)
        ]
        return Occupancy.of(self.plan, DAY, rows)

    def room(self, occupancy: Occupancy | None = None) -> Day:
        """Return the day as the product looks at it: everybody can be moved who sits where the plan lets them."""
        occupancy = occupancy or self.occupancy()
        day = Day(self.plan, DAY, occupancy, taken=dict.fromkeys(occupancy.masks, 0))
        for party in self.kept.values():
            options = seatings(self.plan, party.size, online=True, area_id=None)
            day.parties.append(Party(party.key, occupancy.bits(party.starts_at, party.ends_at), options, party.tables))
        return day

    def move(self, moves: dict[int, Tables]) -> None:
        for key, tables in moves.items():
            self.kept[key].tables = tables

    def book(self, request: Request, *, may_move: bool = True) -> bool:
        """Seat a request at its wanted time, or the nearest it would take; tell whether there was room."""
        steps = int(request.flexible / timedelta(minutes=15))
        offsets = sorted(range(-steps, steps + 1), key=lambda step: (abs(step), step))
        room = self.room()
        for step in offsets:
            starts_at = request.wanted + step * timedelta(minutes=15)
            if starts_at not in self.slots:
                continue
            until = starts_at + timedelta(minutes=turn_of(request.size))
            found = self._place(room, request.size, starts_at, until, with_others_moved=may_move and step == 0)
            if found is not None:
                self.move(found.moves)
                self.kept[request.key] = Kept(request.key, request.size, starts_at, found.table_ids)
                return True
        return False

    def _place(
        self, room: Day, size: int, starts_at: datetime, until: datetime, *, with_others_moved: bool
    ) -> Arrangement | None:
        if with_others_moved:
            return room.room_for(size, starts_at=starts_at, until=until, online=True)
        best = best_seating(self.plan, room.occupancy, starts_at=starts_at, until=until, party_size=size, online=True)
        return None if best is None else Arrangement(best.table_ids)


def filled(
    dice: random.Random, plan: ServicePlan, load: float, *, may_move: bool = True
) -> tuple[Evening, list[Request]]:
    """Return an evening with all requests answered, and those that found no room, in the order they asked."""
    evening = Evening(plan)
    refused = [request for request in requests(dice, plan, load) if not evening.book(request, may_move=may_move)]
    return evening, refused


def poisson(dice: random.Random, mean: float) -> int:
    """Return how many of something rare happen."""
    least, count, product = math.exp(-mean), 0, dice.random()
    while product > least:
        count += 1
        product *= dice.random()
    return count


def grains(evening: Evening, starts_at: datetime, size: int) -> Iterator[int]:
    """Yield the five-minute steps of a party's stay, counted from midnight."""
    first = (starts_at - MIDNIGHT) // GRAIN
    yield from range(first, first + turn_of(size) // 5)
