"""Figures of the cloth, each about a hundred units across and centred on the origin.

Every function takes the colour that resists the dye, the half-dyed tone, and the ground beneath.
"""

import math
from collections.abc import Callable

from core.artwork.drawing import Circle, Commands, Mark, Path, box, leaf, line, polar, polygon, spun, star

Motif = Callable[[str, str, str], list[Mark]]


def moon(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Circle(0, 0, 43, stroke=pale, width=7, dots=26),
        Circle(0, 0, 32, stroke=pale, width=4),
        Circle(0, 0, 22, stroke=half, width=7, dots=13),
        Circle(0, 0, 11, fill=pale),
        Circle(0, 0, 4, fill=ground),
    ]


def cassava(pale: str, half: str, ground: str) -> list[Mark]:
    leaves: Commands = []
    veins: Commands = []
    for angle in (-114, -76, -38, 0, 38, 76, 114):
        reach = 48 - abs(angle) * 0.11
        leaves += leaf((0, 12), polar(angle, reach, (0, 8)), 11)
        veins += line((0, 12), polar(angle, reach - 13, (0, 8)))
    return [Path([*leaves], fill=pale), Path(veins, stroke=ground, width=2), Path(line((0, 12), (0, 46)), "", pale, 5)]


def comb(pale: str, half: str, ground: str) -> list[Mark]:
    teeth = [command for x in range(-36, 37, 12) for command in line((x, -8), (x, 42))]
    return [
        Path(teeth, stroke=pale, width=5),
        Path(box(-42, -24, 84, 15), fill=pale),
        Path(line((-36, -38), (36, -38)), stroke=half, width=6),
        Path(line((-36, -16.5), (36, -16.5)), stroke=ground, width=2),
    ]


def checks(pale: str, half: str, ground: str) -> list[Mark]:
    squares = [
        command
        for row in range(4)
        for column in range(4)
        if (row + column) % 2 == 0
        for command in box(-42 + 21 * column, -42 + 21 * row, 21, 21)
    ]
    dots: list[Mark] = [
        Circle(-31.5 + 21 * column, -31.5 + 21 * row, 3.5, fill=half)
        for row, column in ((0, 1), (1, 2), (2, 1), (1, 0), (2, 3), (3, 2), (0, 3), (3, 0))
    ]
    return [Path(squares, fill=pale), *dots]


def morning_star(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Path(star(8, 46, 21), fill=pale),
        Circle(0, 0, 15, fill=ground),
        Circle(0, 0, 10, stroke=half, width=5, dots=8),
        Circle(0, 0, 3, fill=pale),
    ]


def snail(pale: str, half: str, ground: str) -> list[Mark]:
    turns = [polar(26 * step, 3 + 1.13 * step) for step in range(37)]
    curve: Commands = [("M", *turns[0])]
    curve += [("Q", *turns[index], *turns[index + 1]) for index in range(1, len(turns) - 1, 2)]
    return [Path(curve, stroke=pale, width=6)]


def fish(pale: str, half: str, ground: str) -> list[Mark]:
    scales = [command for x in (-12, -2, 8, 18) for command in line((x, -11), (x + 5, 0), (x, 11))]
    return [
        Path(leaf((-44, 0), (30, 0), 34), fill=pale),
        Path(polygon((24, 0), (46, -20), (38, 0), (46, 20)), fill=pale),
        Path(scales, stroke=ground, width=2.5),
        Circle(-30, -4, 3.5, fill=ground),
        Path(line((-38, -32), (38, -32)) + line((-38, 32), (38, 32)), stroke=half, width=5),
    ]


def river(pale: str, half: str, ground: str) -> list[Mark]:
    waves: Commands = []
    for y in (-33, -11, 11, 33):
        waves += line(*((x, y + (9 if index % 2 else -9)) for index, x in enumerate(range(-42, 43, 14))))
    return [Path(waves, stroke=pale, width=5.5)]


def sun(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Path(spun(polygon((-4, -24), (0, -47), (4, -24)), 16), fill=pale),
        Circle(0, 0, 18, stroke=pale, width=4),
        Circle(0, 0, 9, fill=half),
    ]


def lattice(pale: str, half: str, ground: str) -> list[Mark]:
    strokes: Commands = []
    for offset in (-42, -14, 14, 42):
        strokes += line((offset, -42), (-42, offset)) if offset > -42 else []
        strokes += line((42, offset), (offset, 42)) if offset < 42 else []
        strokes += line((-offset, -42), (42, offset)) if offset > -42 else []
        strokes += line((-42, offset), (-offset, 42)) if offset < 42 else []
    dots: list[Mark] = [Circle(x, y, 4.5, fill=half) for x in (-28, 0, 28) for y in (-28, 0, 28)]
    return [Path(strokes, stroke=pale, width=4), *dots]


def four_leaves(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Path(spun(leaf((4, -4), (40, -40), 19), 4), fill=pale),
        Path(spun(line((10, -10), (30, -30)), 4), stroke=ground, width=2.5),
        Path(spun(line((0, -14), (0, -42)), 4), stroke=half, width=5),
        Circle(0, 0, 6, fill=pale),
    ]


def diamonds(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Path(polygon((0, -46), (46, 0), (0, 46), (-46, 0)), stroke=pale, width=5),
        Path(polygon((0, -30), (30, 0), (0, 30), (-30, 0)), fill=pale),
        Path(polygon((0, -16), (16, 0), (0, 16), (-16, 0)), fill=ground),
        Circle(0, 0, 5, fill=half),
        *(Circle(x, y, 4.5, fill=half) for x in (-36, 36) for y in (-36, 36)),
    ]


def cowrie(pale: str, half: str, ground: str) -> list[Mark]:
    teeth = [command for y in range(-24, 25, 8) for command in line((-6, y), (6, y))]
    return [
        Path(leaf((0, -47), (0, 47), 54), fill=pale),
        Path(leaf((0, -34), (0, 34), 11), fill=ground),
        Path(teeth, stroke=pale, width=3),
        Circle(-38, -36, 5, fill=half),
        Circle(38, -36, 5, fill=half),
        Circle(-38, 36, 5, fill=half),
        Circle(38, 36, 5, fill=half),
    ]


def drum(pale: str, half: str, ground: str) -> list[Mark]:
    cords = [command for x in (-30, -15, 0, 15, 30) for command in line((x, -30), (x * 0.28, 0), (x, 30))]
    return [
        Path(polygon((-36, -32), (36, -32), (11, 0), (36, 32), (-36, 32), (-11, 0)), fill=pale),
        Path(cords, stroke=ground, width=2.5),
        Path(line((-38, -38), (38, -38)) + line((-38, 38), (38, 38)), stroke=half, width=8),
    ]


def palm(pale: str, half: str, ground: str) -> list[Mark]:
    fronds: Commands = []
    for angle in (-108, -66, -26, 26, 66, 108):
        fronds += leaf((0, -14), polar(angle, 40, (0, -8)), 10)
    rings = [command for y in (4, 16, 28, 40) for command in line((-7, y), (7, y))]
    return [
        Path(polygon((-4, -12), (4, -12), (7, 46), (-7, 46)), fill=half),
        Path(rings, stroke=ground, width=2.5),
        Path(fronds, fill=pale),
        Circle(0, -12, 6, fill=pale),
    ]


def calabash(pale: str, half: str, ground: str) -> list[Mark]:
    return [
        Circle(0, 16, 29, fill=pale),
        Path(leaf((0, 4), (0, -48), 17), fill=pale),
        Circle(0, 16, 19, stroke=ground, width=4.5, dots=13),
        Circle(0, 16, 7, fill=half),
    ]


ADIRE: list[Motif] = [
    moon, cassava, comb, checks, morning_star, snail, fish, river,
    sun, lattice, four_leaves, diamonds, cowrie, drum, palm, calabash,
]  # fmt: skip


def flower(petals: int, colours: list[str], ground: str, *, pointed: bool) -> list[Mark]:
    """Return the great medallion of a wax print."""
    first, second, third = colours
    span = math.tau * 34 / petals
    outer = leaf((0, -16), (0, -49), span * (0.95 if pointed else 1.25))
    return [
        Path(spun(outer, petals), fill=first),
        Path(spun(leaf((0, -22), (0, -43), span * 0.5), petals), fill=second),
        Path(spun(line((0, -25), (0, -37)), petals), stroke=ground, width=2),
        Circle(0, 0, 20, fill=third),
        Circle(0, 0, 15, stroke=ground, width=4, dots=14),
        Circle(0, 0, 9, fill=first),
        Circle(0, 0, 4, fill=ground),
    ]


def record(spokes: int, colours: list[str], ground: str) -> list[Mark]:
    """Return the "plate" of the wax prints: rings within rings."""
    first, second, third = colours
    return [
        Circle(0, 0, 49, fill=first),
        Path(spun(line((0, -31), (0, -45)), spokes), stroke=ground, width=4),
        Circle(0, 0, 29, fill=ground),
        Circle(0, 0, 24, stroke=second, width=5),
        Circle(0, 0, 15, fill=third),
        Circle(0, 0, 10, stroke=ground, width=3.5, dots=9),
        Circle(0, 0, 4, fill=first),
    ]


def shell(colours: list[str], ground: str) -> list[Mark]:
    """Return one scallop of the overlapping fans; its middle is the origin and it opens upwards."""
    first, second, third = colours
    return [
        Circle(0, 0, 50, fill=ground),
        Circle(0, 0, 46, fill=first),
        Circle(0, 0, 39, stroke=ground, width=5, dots=34),
        Circle(0, 0, 32, fill=second),
        Path(spun(leaf((0, -13), (0, -29), 6), 14), fill=ground),
        Circle(0, 0, 13, fill=third),
        Circle(0, 0, 5, fill=ground),
    ]


def eye(colours: list[str], ground: str) -> list[Mark]:
    first, second, third = colours
    return [
        Path(leaf((-50, 0), (50, 0), 50), fill=first),
        Path(leaf((-42, 0), (42, 0), 38), stroke=ground, width=2.5),
        Path([*spun(leaf((0, -10), (0, -20), 7), 8)], fill=second),
        Circle(0, 0, 9, fill=third),
        Circle(0, 0, 4, fill=ground),
        Circle(-32, 0, 3.5, fill=second),
        Circle(32, 0, 3.5, fill=second),
    ]


def pepper(colours: list[str], ground: str) -> list[Mark]:
    first, second, _ = colours
    body: Commands = [
        ("M", -8, -26),
        ("Q", 22, -30, 14, 4),
        ("Q", 8, 34, -20, 44),
        ("Q", -2, 24, -12, 2),
        ("Q", -20, -22, -8, -26),
        ("Z",),
    ]
    stalk: Commands = [("M", 0, -28), ("Q", -2, -40, 12, -46)]
    return [
        Path(body, fill=first),
        Path([("M", 4, -16), ("Q", 6, 6, -4, 22)], stroke=ground, width=3),
        Path(stalk, stroke=second, width=5),
    ]
