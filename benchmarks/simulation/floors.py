"""Floor plans as the product reads them: tables, combinations, one long shift, turn times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID
from zoneinfo import ZoneInfo

from restaurants.service_plan import AreaPlan, PolicyPlan, Seating, ServicePlan, ShiftPlan
from restaurants.states import RestaurantStatus

DAY = date(2026, 11, 20)
OPENS, CLOSES = time(12), time(23, 30)
TURNS = ((2, 90), (4, 105), (6, 120), (10_000, 150))
FIRST_MINUTE, LAST_MINUTE = 12 * 60, 23 * 60 + 30
SHORTEST_TURN = 90


@dataclass(frozen=True)
class Floor:
    """A plan with its name; `joined` are the tables of each combination."""

    name: str
    plan: ServicePlan
    seats: int

    @property
    def tables(self) -> int:
        return len(self.plan.table_names)


def floor(name: str, sizes: Sequence[int], joined: Sequence[Sequence[int]], *, buffer: int = 0) -> Floor:
    """Return a floor of tables with so many seats each; combinations name tables by their place in `sizes`.

    Least party: 1 at tables for two, half the seats elsewhere; a combination takes more than its largest table.
    """
    seatings = [
        Seating((key,), frozenset({1}), 1 if size == 2 else size // 2, size, True)
        for key, size in enumerate(sizes, start=1)
    ]
    for members in joined:
        seats = [sizes[member - 1] for member in members]
        least = max(max(seats) + 1, sum(seats) // 2)
        seatings.append(Seating(tuple(members), frozenset({1}), least, sum(seats), True))
    keys = range(1, len(sizes) + 1)
    shift = ShiftPlan(
        id=1,
        name="All day",
        weekdays=frozenset(range(7)),
        valid_from=None,
        valid_to=None,
        first_seating=OPENS,
        last_seating=time(22),
        hard_close=CLOSES,
        slot_minutes=15,
        max_covers_per_slot=None,
        max_parties_per_slot=None,
        cutoff_minutes=None,
        is_online=True,
        turn_minutes=TURNS,
    )
    policy = PolicyPlan(
        min_party_online=1,
        max_party_online=20,
        window_days=365,
        min_lead_minutes=0,
        buffer_minutes=buffer,
        grace_minutes=20,
        free_cancellation_hours=2,
        needs_approval=False,
        deposit_kobo_per_guest=0,
        deposit_from_party=100,
        note="",
    )
    plan = ServicePlan(
        id=1,
        public_id=UUID(int=1),
        slug=name,
        name=name,
        version=1,
        status=RestaurantStatus.LIVE,
        zone=ZoneInfo("Africa/Lagos"),
        policy=policy,
        areas=(AreaPlan(1, UUID(int=2), "Room", False),),
        seatings=tuple(seatings),
        table_areas=dict.fromkeys(keys, 1),
        table_names={key: f"T{key}" for key in keys},
        shifts=(shift,),
        hours=dict.fromkeys(range(7), ((OPENS, CLOSES),)),
        special_days={},
    )
    return Floor(name, plan, sum(sizes))


def row_of(first: int, tables: int) -> list[tuple[int, ...]]:
    """Return overlapping combinations along a row: 1+2, 2+3 and 1+2+3 of each three neighbours."""
    pairs: list[tuple[int, ...]] = [(number, number + 1) for number in range(first, first + tables - 1)]
    threes: list[tuple[int, ...]] = [(number, number + 1, number + 2) for number in range(first, first + tables - 2, 3)]
    return [*pairs, *threes]


def named(name: str, *, buffer: int = 0) -> Floor:
    """Return floor plan A, B or C of the booking engine's benchmark, or M: forty tables, for measuring decisions."""
    joined: list[tuple[int, ...]]
    if name == "A":
        sizes = [*[2] * 8, *[4] * 10, *[6] * 4, 8, 10]
        joined = [(1, 2), (3, 4), (9, 10), (11, 12), (13, 14), (19, 20), (21, 22)]
    elif name == "B":
        sizes = [*[2] * 6, *[4] * 6, 6]
        joined = [(1, 2), (7, 8)]
    elif name == "C":
        sizes = [*[2] * 20, *[4] * 24, *[6] * 10, *[8] * 4, *[12] * 2]
        joined = [*row_of(1, 6), *row_of(21, 6), *row_of(27, 6), *row_of(45, 3)]
    elif name == "M":
        sizes = [*[2] * 12, *[4] * 18, *[6] * 7, *[8] * 2, 12]
        joined = [*row_of(1, 4), *row_of(13, 6), (31, 32), (33, 34)]
    else:
        raise ValueError(f"There is no floor plan {name!r}.")
    return floor(name, sizes, joined, buffer=buffer)
