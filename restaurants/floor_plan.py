"""Where tables stand: their places on a grid of 100 by 100, and places for those that nobody has placed yet."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from restaurants.models import Area, Table
from restaurants.states import TableShape

GRID = 100
SMALLEST, LARGEST = 3, 50
# Unplaced tables stand in rows of eight, an area after the other.
PITCH, IN_A_ROW, MARGIN = 12, 8, 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands and how it looks from above; degrees clockwise, the rest in units of the grid."""

    x: float
    y: float
    width: float
    height: float
    shape: str
    rotation: int

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def corners(self) -> list[tuple[float, float]]:
        """The corners of the box around it as it is turned, in their order."""
        (across, down), turn = self.middle, math.radians(self.rotation)
        half = [(side * self.width / 2, end * self.height / 2) for side, end in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        return [
            (across + x * math.cos(turn) - y * math.sin(turn), down + x * math.sin(turn) + y * math.cos(turn))
            for x, y in half
        ]

    def overlaps(self, other: "Place") -> bool:
        """Tell whether the two stand on one another: no line along a side of either runs between them."""
        return not (_runs_between(self.corners, other.corners) or _runs_between(other.corners, self.corners))


def _runs_between(box: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    for (x1, y1), (x2, y2) in (box[:2], box[1:3]):
        ours, theirs = ([x * (x2 - x1) + y * (y2 - y1) for x, y in each] for each in (box, other))
        # Tables that touch stand beside one another.
        if max(ours) <= min(theirs) + 1e-9 or max(theirs) <= min(ours) + 1e-9:
            return True
    return False


@dataclass(frozen=True, slots=True)
class PlacedTable:
    id: int
    name: str
    area_id: int
    min_party: int
    max_party: int
    place: Place
    is_placed: bool
    """False where the place was found by us and is kept nowhere."""
    is_step_free: bool = False


@dataclass(frozen=True, slots=True)
class AreaOnPlan:
    """An area with the box around its tables."""

    id: int
    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class FloorPlan:
    """A restaurant's floor from above."""

    areas: tuple[AreaOnPlan, ...]
    tables: tuple[PlacedTable, ...]
    version: str
    """Changes with every change of a place, through whichever door."""

    @property
    def depth(self) -> float:
        """How far down its tables reach; what is empty below need not be shown."""
        return max([30.0, *(area.y + area.height + 4 for area in self.areas)])

    @property
    def overlaps(self) -> list[tuple[str, str]]:
        """The names of tables that stand on one another, by twos."""
        return [(one.name, two.name) for one, two in combinations(self.tables, 2) if one.place.overlaps(two.place)]

    @property
    def height(self) -> float:
        """How far down the plan reaches: the grid, or more where many tables have no place of their own."""
        return max([GRID, *(area.y + area.height + 2 for area in self.areas)])


def floor_plan_of(restaurant_id: int) -> FloorPlan:
    """Return the floor of a restaurant with every table in use; two queries."""
    areas = list(Area.objects.filter(restaurant_id=restaurant_id).order_by("position", "pk"))
    tables = list(Table.objects.filter(restaurant_id=restaurant_id, is_active=True).order_by("name"))
    return laid_out(areas, tables)


def laid_out(areas: Sequence[Area], tables: Sequence[Table]) -> FloorPlan:
    """Return the plan of these tables; whoever has no place gets one below those that have."""
    order = {area.pk: number for number, area in enumerate(areas)}
    tables = sorted(tables, key=lambda table: (order.get(table.area_id, len(order)), natural(table.name)))
    found = {table.pk: _own_place(table) for table in tables}
    lowest = max((place.y + place.height + 6 for place in found.values() if place is not None), default=MARGIN + 5)
    placed: list[PlacedTable] = []
    for area in areas:
        lowest = _fill_in(found, [table for table in tables if table.area_id == area.pk], lowest)
    for table in tables:
        own = _own_place(table)
        placed.append(
            PlacedTable(
                table.pk, table.name, table.area_id, table.min_party, table.max_party,
                own or found[table.pk] or Place(0, 0, 8, 8, TableShape.SQUARE, 0), own is not None, table.is_accessible,
            )
        )  # fmt: skip
    return FloorPlan(tuple(_around(area, placed) for area in areas if _has_tables(area, placed)), tuple(placed),
                     version_of(tables))  # fmt: skip


def _own_place(table: Table) -> Place | None:
    if table.x is None or table.y is None:
        return None
    return Place(table.x, table.y, table.width, table.height, table.shape, table.rotation)


def _fill_in(found: dict[int, Place | None], tables: Sequence[Table], top: float) -> float:
    """Give each table of an area without a place one in rows from `top` on; returns where the next area begins."""
    waiting = [table for table in tables if found[table.pk] is None]
    for number, table in enumerate(waiting):
        width, height = min(table.width, PITCH - 2), min(table.height, PITCH - 2)
        column, row = number % IN_A_ROW, number // IN_A_ROW
        x, y = MARGIN + column * PITCH, top + row * PITCH
        found[table.pk] = Place(x, y, width, height, table.shape, table.rotation)
    return top + -(-len(waiting) // IN_A_ROW) * PITCH + (6 if waiting else 0)


def _has_tables(area: Area, tables: Sequence[PlacedTable]) -> bool:
    return any(table.area_id == area.pk for table in tables)


def _around(area: Area, tables: Sequence[PlacedTable]) -> AreaOnPlan:
    places = [table.place for table in tables if table.area_id == area.pk]
    left, top = max(min(place.x for place in places) - 2, 0), max(min(place.y for place in places) - 5, 0)
    right, bottom = max(place.x + place.width for place in places), max(place.y + place.height for place in places)
    return AreaOnPlan(area.pk, area.name, left, top, right - left + 2, bottom - top + 2)


def version_of(tables: Iterable[Table]) -> str:
    """Return what stands for the places of these tables as they are."""
    rows = sorted((table.pk, asdict(place) if (place := _own_place(table)) else None) for table in tables)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def natural(name: str) -> tuple[int, str]:
    """Return by what tables are sorted as people count them: T2 before T10."""
    digits = "".join(character for character in name if character in "0123456789")
    return int(digits or 0), name


def place_of(raw: Any) -> Place | None:
    """Return the place that plain values describe, None when they make no sense or lie outside the grid."""
    try:
        x, y, width, height = (round(float(raw[name]), 1) for name in ("x", "y", "width", "height"))
        rotation = int(raw["rotation"])
        shape = TableShape(raw["shape"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    fits = all(SMALLEST <= side <= LARGEST for side in (width, height)) and -180 <= rotation <= 180
    inside = 0 <= x <= GRID - width and 0 <= y <= 3 * GRID - height
    return Place(x, y, width, height, shape.value, rotation) if fits and inside else None
