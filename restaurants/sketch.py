"""A sketch of where a restaurant lies in its city, drawn from what we know ourselves: no map tiles, no one to ask."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 180
MARGIN_X = 46
# Above the highest place stands the pin, below the lowest one its name and the scale.
MARGIN_TOP, MARGIN_BOTTOM = 36, 34
KM_A_DEGREE = 111.32
FARTHEST_KM = 14.0
NEAREST_KM = 1.2
LABELS = 6
_LETTER = 5.6
_LINE = 15


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    name: str

    @property
    def label_y(self) -> float:
        return round(self.y + 14, 1)


@dataclass(frozen=True)
class Sketch:
    """The pin and the neighbourhoods around it, in a box of WIDTH by HEIGHT; `bar` is `bar_km` long."""

    pin: Mark
    marks: list[Mark]
    bar: float
    bar_km: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def bar_y(self) -> int:
        return self.height - 12

    @property
    def bar_metres(self) -> int:
        return self.bar_km * 1000


def sketch(latitude: float, longitude: float, neighbours: Iterable[tuple[str, float, float]], *, own: str) -> Sketch:
    """Return the sketch for a place among the middles of its city's neighbourhoods; its `own` one has no mark."""
    shrink = math.cos(math.radians(latitude))

    def offset(north: float, east: float) -> tuple[float, float]:
        return (east - longitude) * KM_A_DEGREE * shrink, (latitude - north) * KM_A_DEGREE

    around = sorted(
        (
            (math.hypot(*offset(north, east)), name, *offset(north, east))
            for name, north, east in neighbours
            if name != own
        ),
    )
    near = [row for row in around if row[0] <= FARTHEST_KM][: LABELS * 2]
    xs, ys = [0.0, *(row[2] for row in near)], [0.0, *(row[3] for row in near)]
    scale = min(
        (WIDTH - 2 * MARGIN_X) / max(max(xs) - min(xs), NEAREST_KM),
        (HEIGHT - MARGIN_TOP - MARGIN_BOTTOM) / max(max(ys) - min(ys), NEAREST_KM),
    )
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def place(x: float, y: float, name: str) -> Mark:
        middle = (MARGIN_TOP + HEIGHT - MARGIN_BOTTOM) / 2
        return Mark(round(WIDTH / 2 + (x - middle_x) * scale, 1), round(middle + (y - middle_y) * scale, 1), name)

    pin = place(0, 0, own)
    bar_km = next((km for km in (10, 5, 2, 1) if km * scale <= WIDTH / 3), 1)
    bar = round(bar_km * scale, 1)
    return Sketch(pin, _without_overlaps(pin, bar, [place(x, y, name) for _km, name, x, y in near]), bar, bar_km)


def _without_overlaps(pin: Mark, bar: float, marks: list[Mark]) -> list[Mark]:
    """Leave out names that would be written over another one, the pin or the scale; the nearer one stays."""
    boxes = [(pin.x - 14, pin.y - 34, pin.x + 14, pin.y + 6), (8, HEIGHT - 26, 16 + bar, HEIGHT)]
    kept: list[Mark] = []
    for mark in marks:
        half = len(mark.name) * _LETTER / 2
        box = (mark.x - half, mark.y - 5, mark.x + half, mark.y + _LINE)
        clear = all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in boxes)
        if clear and box[0] > 0 and box[2] < WIDTH and len(kept) < LABELS:
            boxes.append(box)
            kept.append(mark)
    return kept
