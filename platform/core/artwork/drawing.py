"""What a drawing is made of: discs, paths, motifs set down on a ground. Knows nothing of cloth or food."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Point = tuple[float, float]
# ("M", x, y), ("L", x, y), ("Q", control x, control y, x, y) or ("Z",), as in an SVG path.
Command = tuple[str, *tuple[float, ...]]
Commands = list[Command]


@dataclass(frozen=True)
class Circle:
    """A disc, a ring, or a ring of round dots when `dots` says how many."""

    x: float
    y: float
    r: float
    fill: str = ""
    stroke: str = ""
    width: float = 0
    dots: int = 0
    opacity: float = 1


@dataclass(frozen=True)
class Path:
    """Filled, stroked or both; with `dots_every` the stroke is round dots that far apart."""

    commands: Commands
    fill: str = ""
    stroke: str = ""
    width: float = 0
    opacity: float = 1
    dots_every: float = 0


Mark = Circle | Path


@dataclass(frozen=True)
class Placed:
    """A motif set down at a point, turned clockwise by `turn` degrees and scaled."""

    motif: str
    x: float
    y: float
    scale: float = 1
    turn: float = 0

    def at(self, point: Point) -> Point:
        angle = math.radians(self.turn)
        x, y = point[0] * self.scale, point[1] * self.scale
        return (
            self.x + x * math.cos(angle) - y * math.sin(angle),
            self.y + x * math.sin(angle) + y * math.cos(angle),
        )


@dataclass
class Drawing:
    """Motifs, each kept once, and where they are set down; painted in order over the ground."""

    width: float
    height: float
    ground: str
    motifs: dict[str, list[Mark]] = field(default_factory=dict)
    layers: list[Placed | Mark] = field(default_factory=list)

    def motif(self, name: str, marks: Iterable[Mark]) -> str:
        if name not in self.motifs:
            self.motifs[name] = list(marks)
        return name

    def place(self, motif: str, x: float, y: float, scale: float = 1, turn: float = 0) -> None:
        self.layers.append(Placed(motif, x, y, scale, turn))

    def paint(self, *marks: Mark) -> None:
        self.layers.extend(marks)


class Dice:
    """Choices that a seed always throws the same way; the language's own `hash` and `random` do not promise that."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._round = 0
        self._bytes = b""

    def below(self, limit: int) -> int:
        if len(self._bytes) < 4:
            self._bytes += hashlib.sha256(self._round.to_bytes(4, "big") + self._seed).digest()
            self._round += 1
        number, self._bytes = int.from_bytes(self._bytes[:4], "big"), self._bytes[4:]
        return number % limit

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def several(self, choices: Sequence[T], count: int) -> list[T]:
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.below(1 << 16) / ((1 << 16) - 1)


# --- Shapes as path commands -------------------------------------------------------------------------------------


def line(*points: Point) -> Commands:
    return [("M", *points[0]), *(("L", *point) for point in points[1:])]


def polygon(*points: Point) -> Commands:
    return [*line(*points), ("Z",)]


def spots(points: Iterable[Point]) -> Commands:
    """Return a path that a round stroke turns into discs as wide as the stroke."""
    return [command for point in points for command in line(point, point)]


def box(x: float, y: float, width: float, height: float) -> Commands:
    return polygon((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def leaf(start: Point, tip: Point, width: float) -> Commands:
    """Return a leaf from `start` to `tip`; `width` is the distance of its two control points from the midrib."""
    (x1, y1), (x2, y2) = start, tip
    length = math.dist(start, tip) or 1
    across = (-(y2 - y1) / length * width, (x2 - x1) / length * width)
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    return [
        ("M", x1, y1),
        ("Q", middle[0] + across[0], middle[1] + across[1], x2, y2),
        ("Q", middle[0] - across[0], middle[1] - across[1], x1, y1),
        ("Z",),
    ]


def polar(angle: float, radius: float, centre: Point = (0, 0)) -> Point:
    """Return the point at `angle` degrees, clockwise from above."""
    turned = math.radians(angle)
    return centre[0] + radius * math.sin(turned), centre[1] - radius * math.cos(turned)


def star(points: int, outer: float, inner: float) -> Commands:
    corners = [polar(180 * index / points, inner if index % 2 else outer) for index in range(2 * points)]
    return polygon(*corners)


def spun(commands: Commands, times: int) -> Commands:
    """Return `commands` repeated around the origin."""
    turned: Commands = []
    for index in range(times):
        angle = math.tau * index / times
        cos, sin = math.cos(angle), math.sin(angle)
        for letter, *numbers in commands:
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            turned.append((letter, *(n for x, y in pairs for n in (x * cos - y * sin, x * sin + y * cos))))
    return turned


def blob(dice: Dice, x: float, y: float, rx: float, ry: float, *, corners: int = 11, wobble: float = 0.07) -> Commands:
    """Return a closed, soft outline, as a heap of rice has."""
    points = []
    for index in range(corners):
        reach = 1 + dice.between(-wobble, wobble)
        angle = math.tau * index / corners
        points.append((x + rx * reach * math.cos(angle), y + ry * reach * math.sin(angle)))
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(points, points[1:] + points[:1], strict=True)]
    curve: Commands = [("M", *middles[-1])]
    curve += [("Q", *point, *middle) for point, middle in zip(points, middles, strict=True)]
    return [*curve, ("Z",)]
