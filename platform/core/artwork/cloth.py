"""Whole cloths: palettes, and the ways motifs are laid out over them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.artwork import motifs
from core.artwork.drawing import Circle, Commands, Dice, Drawing, Path, box, leaf, line, polygon, spun


@dataclass(frozen=True)
class Indigo:
    """The three tones of a resist-dyed cloth; `accent` is for the few modern cloths that have a second dye."""

    ground: str
    pale: str
    half: str


@dataclass(frozen=True)
class Wax:
    """A wax print: the ground, the outline that also crackles, and three figure colours."""

    ground: str
    outline: str
    figures: tuple[str, str, str]


INDIGOS = [
    Indigo("#1b2266", "#f4ecd9", "#7f8fd0"),
    Indigo("#232d7c", "#eaf0fa", "#8fa6e0"),
    Indigo("#141a4c", "#e6dcc2", "#6f7fc4"),
    Indigo("#2d3a8f", "#f8f3e6", "#f6b62c"),
    Indigo("#1d2b5e", "#f1e6cf", "#d9773f"),
    Indigo("#0f3d5c", "#e9f2ec", "#63a8b8"),
    Indigo("#3a1f4d", "#f6e9d6", "#d08a4a"),
    Indigo("#5a2418", "#f7e6c8", "#e0a040"),
]
WAXES = [
    Wax("#f6b62c", "#171c46", ("#c23a12", "#fbf3e2", "#1b2266")),
    Wax("#1b2266", "#0d1136", ("#f6b62c", "#e2541b", "#fbf3e2")),
    Wax("#c23a12", "#3d0f06", ("#f9c846", "#1b2266", "#fbf3e2")),
    Wax("#186a45", "#0a2c20", ("#f6b62c", "#fbf3e2", "#d1431a")),
    Wax("#fbf3e2", "#171c46", ("#d1431a", "#f6b62c", "#186a45")),
    Wax("#0f7c86", "#08313b", ("#f9d05e", "#e2541b", "#fbf3e2")),
    Wax("#8c1d40", "#33081a", ("#f6b62c", "#f3e3c8", "#1f7a6b")),
    Wax("#e8791e", "#3a1405", ("#1b2266", "#fbe7bb", "#a3211a")),
]


def restaurant_cloth(name: str, width: float, height: float) -> Drawing:
    """Return the whole cloth of a restaurant, with figures large enough to be told apart on a card."""
    dice = Dice(f"cloth:{name}")
    layout = dice.pick(LAYOUTS)
    return layout(dice, width, height)


# --- Adire ------------------------------------------------------------------------------------------------------


def eleko(dice: Dice, width: float, height: float) -> Drawing:
    """Starch-resist squares, a different figure in each, mirrored about the middle as the painter folds the cloth."""
    tones = dice.pick(INDIGOS)
    rows = 2 if _is_banner(width, height) else dice.pick([2, 3, 3])
    tall = height / rows
    columns = max(1, round((width / tall - 1) / 2)) * 2 + 1
    wide = width / columns
    cell = min(tall, wide)
    drawing = Drawing(width, height, tones.ground)
    chosen = dice.several(motifs.ADIRE, 6)
    names = [drawing.motif(motif.__name__, motif(tones.pale, tones.half, tones.ground)) for motif in chosen]
    half = columns // 2
    pattern = [
        [names[(column * 2 + row * (3 if rows == 2 else 5)) % len(names)] for column in range(half + 1)]
        for row in range(rows)
    ]
    for row in range(rows):
        for column in range(columns):
            name = pattern[row][abs(column - half)]
            x, y = (column + 0.5) * wide, (row + 0.5) * tall
            drawing.place(name, x, y, cell / 100 * 0.82, dice.between(-1.6, 1.6))
    rules: Commands = []
    for column in range(columns + 1):
        rules += line((column * wide, 0), (column * wide, height))
    for row in range(rows + 1):
        rules += line((0, row * tall), (width, row * tall))
    drawing.paint(
        Path(rules, stroke=tones.pale, width=cell * 0.05), Path(rules, stroke=tones.ground, width=cell * 0.012)
    )
    return drawing


def oniko(dice: Dice, width: float, height: float) -> Drawing:
    """Tied-seed rings in half-drop, small rings between them."""
    tones = dice.pick(INDIGOS)
    step = height / dice.between(1.6, 2.6)
    levels = dice.pick([3, 4, 5])
    drawing = Drawing(width, height, tones.ground)
    great = []
    for level in range(levels):
        radius = 46 * (level + 1) / levels
        around = max(6, round(radius * math.tau / (9 if level % 2 else 7)))
        tone = tones.half if (level + levels) % 2 == 0 else tones.pale
        great.append(Circle(0, 0, radius, stroke=tone, width=6 if level % 2 else 5, dots=around))
    drawing.motif("great", [*great, Circle(0, 0, 5, fill=tones.pale)])
    small = dice.pick([motifs.four_leaves, motifs.morning_star, motifs.sun, motifs.cassava, motifs.cowrie])
    drawing.motif("small", small(tones.pale, tones.half, tones.ground))
    drawing.motif("seed", [Circle(0, 0, 3, fill=tones.half)])
    columns = math.ceil(width / step / 2) + 1
    rows = math.ceil(height / step / 2) + 1
    for column in range(-columns, columns + 1):
        for row in range(-rows, rows + 1):
            x = width / 2 + column * step
            y = height / 2 + (row + (0.5 if column % 2 else 0)) * step
            if -step / 2 < x < width + step / 2 and -step / 2 < y < height + step / 2:
                drawing.place("great", x, y, step / 112)
            if -step / 3 < x < width + step / 3 and -step / 3 < y + step / 2 < height + step / 3:
                drawing.place("small", x, y + step / 2, step / 400)
            if -step / 3 < x + step / 2 < width + step / 3 and -step / 4 < y + step / 4 < height + step / 4:
                drawing.place("seed", x + step / 2, y + step / 4, step / 100)
    return drawing


def alabere(dice: Dice, width: float, height: float) -> Drawing:
    """Stitched bands across the cloth: rows of one figure between rows of pleats and teeth."""
    tones = dice.pick(INDIGOS)
    drawing = Drawing(width, height, tones.ground)
    figures = dice.several(motifs.ADIRE, 2)
    names = [drawing.motif(figure.__name__, figure(tones.pale, tones.half, tones.ground)) for figure in figures]
    edge = dice.pick([_teeth, _pleats, _seeds])
    core = dice.pick([_teeth, _pleats, _seeds])
    if _is_banner(width, height):
        tall, low = height * dice.between(0.48, 0.54), height * 0.12
        middle = (height - tall - 2 * low) / 2
        bands = [(edge, low), (core, middle), (None, tall), (core, middle), (edge, low)]
    else:
        tall, low = height * dice.between(0.26, 0.285), height * 0.085
        middle = height - 4 * low - 2 * tall
        bands = [(edge, low), (None, tall), (edge, low), (core, middle), (edge, low), (None, tall), (edge, low)]
    count = math.ceil(width / tall / 2)
    y = 0.0
    for stitch, band in bands:
        if stitch is not None:
            stitch(drawing, tones, y, band, width)
        else:
            for column in range(-count, count + 1):
                drawing.place(names[0], width / 2 + column * tall, y + band / 2, tall / 100 * 0.86)
            for column in range(-count, count):
                drawing.place(names[1], width / 2 + (column + 0.5) * tall, y + band / 2, tall / 100 * 0.2)
        y += band
    return drawing


def _is_banner(width: float, height: float) -> bool:
    """Say whether the picture is so wide that a pattern of the usual scale would repeat too often."""
    return width > 2.2 * height


def _teeth(drawing: Drawing, tones: Indigo, y: float, band: float, width: float) -> None:
    count = math.ceil(width / band / 2)
    teeth: Commands = []
    for column in range(-count, count):
        x = width / 2 + column * band
        teeth += polygon((x, y + band * 0.86), (x + band / 2, y + band * 0.14), (x + band, y + band * 0.86))
    drawing.paint(Path(teeth, fill=tones.pale))


def _pleats(drawing: Drawing, tones: Indigo, y: float, band: float, width: float) -> None:
    drawing.paint(
        *(
            Path(line((0, y + band * at), (width, y + band * at)), stroke=tone, width=band * 0.14)
            for at, tone in ((0.2, tones.pale), (0.5, tones.half), (0.8, tones.pale))
        )
    )


def _seeds(drawing: Drawing, tones: Indigo, y: float, band: float, width: float) -> None:
    step = band * 2
    count = math.ceil(width / step / 2)
    seeds: Commands = []
    for column in range(-count, count):
        x = width / 2 + (column + 0.5) * step
        seeds += leaf((x, y + band * 0.08), (x, y + band * 0.92), band * 1.0)
    drawing.paint(Path(seeds, fill=tones.half))
    drawing.paint(Path(line((0, y + band / 2), (width, y + band / 2)), stroke=tones.pale, width=band * 0.06))


def olokun(dice: Dice, width: float, height: float) -> Drawing:
    """One great round in the middle, its quarters in the corners, figures in the field: the festive wrapper."""
    tones = dice.pick(INDIGOS)
    drawing = Drawing(width, height, tones.ground)
    field, heart = dice.several(motifs.ADIRE, 2)
    drawing.motif("field", field(tones.pale, tones.half, tones.ground))
    drawing.motif("heart", heart(tones.pale, tones.half, tones.ground))
    petals = dice.pick([8, 10, 12, 16])
    drawing.motif(
        "round",
        [
            Circle(0, 0, 50, fill=tones.ground),
            Circle(0, 0, 48, stroke=tones.pale, width=3, dots=56),
            Circle(0, 0, 43, stroke=tones.pale, width=2),
            Path(spun(leaf((0, -23), (0, -41), 150 / petals), petals), fill=tones.pale),
            Path(spun(line((0, -27), (0, -36)), petals), stroke=tones.ground, width=1.5),
            Circle(0, 0, 21, stroke=tones.half, width=3, dots=22),
        ],
    )
    step = height / 4 * dice.between(0.94, 1.06)
    for column in range(-math.ceil(width / step / 2), math.ceil(width / step / 2) + 1):
        for row in range(-2, 3):
            drawing.place(
                "field", width / 2 + (column + 0.5 * (row % 2)) * step, height / 2 + row * step, step / 100 * 0.66
            )
    for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
        drawing.place("round", x, y, height / 100 * 0.76)
    drawing.place("round", width / 2, height / 2, height / 100 * 0.9)
    drawing.place("heart", width / 2, height / 2, height / 100 * 0.31)
    return drawing


# --- Ankara ------------------------------------------------------------------------------------------------------


def _dotted(drawing: Drawing, colour: str, step: float, opacity: float = 0.55) -> None:
    """Paint the fine dots of the ground."""
    rows: Commands = []
    for row in range(math.ceil(drawing.height / step) + 1):
        y = row * step
        rows += line((step / 2 * (row % 2) - step, y), (drawing.width, y))
    drawing.paint(Path(rows, stroke=colour, width=step * 0.2, opacity=opacity, dots_every=step))


def medallions(dice: Dice, width: float, height: float) -> Drawing:
    """Great flowers or plates in half-drop, small figures between."""
    wax = dice.pick(WAXES)
    drawing = Drawing(width, height, wax.ground)
    figures = dice.several(wax.figures, 3)
    if dice.below(3):
        great = motifs.flower(dice.pick([8, 9, 10, 12]), figures, wax.outline, pointed=bool(dice.below(2)))
    else:
        great = motifs.record(dice.pick([16, 20, 24]), figures, wax.outline)
    halo = [Circle(0, 0, 56, fill=wax.ground), Circle(0, 0, 53, stroke=figures[2], width=3.5, dots=48)]
    drawing.motif("great", [*halo, *great])
    between = [figures[1], figures[0], figures[2]]
    drawing.motif("small", dice.pick([motifs.pepper, motifs.eye])(between, wax.outline))
    step = height / dice.between(1.15, 1.5 if _is_banner(width, height) else 1.9)
    _dotted(drawing, wax.outline, step / 16)
    across = step * 1.12
    for column in range(-math.ceil(width / across / 2), math.ceil(width / across / 2) + 1):
        for row in range(-2, 3):
            x = width / 2 + column * across
            y = height / 2 + (row + 0.5 * (column % 2)) * step
            if -step / 2 < y < height + step / 2:
                drawing.place("great", x, y, step / 112)
            if -step / 4 < y + step / 2 < height + step / 4:
                drawing.place("small", x, y + step / 2, step / 340, 90 * (column % 2))
                for side in (-1, 1):
                    drawing.place("small", x + side * across / 2, y + step / 4, step / 520, 35 * side)
    return drawing


def fans(dice: Dice, width: float, height: float) -> Drawing:
    """Overlapping scallops, row upon row."""
    wax = dice.pick(WAXES)
    drawing = Drawing(width, height, wax.ground)
    figures = dice.several([*wax.figures, wax.ground], 3)
    drawing.motif("shell", motifs.shell(figures, wax.outline))
    drawing.motif("other", motifs.shell([figures[1], figures[2], figures[0]], wax.outline))
    step = height / dice.between(1.6, 2.6)
    row = 0
    y = 0.0
    while y < height + step / 2:
        for column in range(-math.ceil(width / step / 2), math.ceil(width / step / 2) + 1):
            x = width / 2 + (column + 0.5 * (row % 2)) * step
            drawing.place("other" if row % 2 else "shell", x, y, step / 100)
        row += 1
        y += step * 0.5
    return drawing


def eyes(dice: Dice, width: float, height: float) -> Drawing:
    """A net of eyes, with flowers where they meet."""
    wax = dice.pick(WAXES)
    drawing = Drawing(width, height, wax.ground)
    figures = dice.several(wax.figures, 3)
    drawing.motif("eye", motifs.eye(figures, wax.outline))
    turned = [figures[1], figures[2], figures[0]]
    drawing.motif("flower", motifs.flower(dice.pick([8, 9, 10]), turned, wax.outline, pointed=bool(dice.below(2))))
    drawing.motif(
        "cell",
        [Circle(0, 0, 50, stroke=figures[0], width=13, dots=14), *motifs.record(12, turned, wax.outline)[2:]],
    )
    step = height / dice.between(1.4, 1.85)
    _dotted(drawing, wax.outline, step / 18)
    columns, rows = math.ceil(width / step / 2) + 1, math.ceil(height / step / 2) + 1
    for column in range(-columns, columns + 1):
        for row in range(-rows, rows + 1):
            x, y = width / 2 + column * step, height / 2 + row * step
            for figure, across, down, scale, turn in (
                ("eye", 0.5, 0.0, 142, 0),
                ("eye", 0.0, 0.5, 142, 90),
                ("flower", 0.0, 0.0, 190, 0),
                ("cell", 0.5, 0.5, 290, 0),
            ):
                at = x + across * step, y + down * step
                reach = step * 50 / scale
                if -reach < at[0] < width + reach and -reach < at[1] < height + reach:
                    drawing.place(figure, *at, step / scale, turn)
    return drawing


def stripes(dice: Dice, width: float, height: float) -> Drawing:
    """Upright panels, plain and figured, as on the cloth that women's societies order together."""
    wax = dice.pick(WAXES)
    drawing = Drawing(width, height, wax.ground)
    figures = dice.several(wax.figures, 3)
    petals = dice.pick([8, 10, 12])
    drawing.motif("flower", motifs.flower(petals, figures, wax.outline, pointed=bool(dice.below(2))))
    drawing.motif("pepper", motifs.pepper([figures[1], figures[0], figures[2]], wax.outline))
    panel = height * dice.between(0.42, 0.58)
    count = math.ceil(width / panel / 2)
    _dotted(drawing, wax.outline, panel / 9)
    panels: Commands = []
    edges: Commands = []
    for column in range(-count, count + 1):
        x = width / 2 + column * panel
        if column % 2:
            panels += box(x - panel / 2, 0, panel, height)
            for side in (-0.43, 0.43):
                edges += line((x + side * panel, 0), (x + side * panel, height))
    drawing.paint(
        Path(panels, fill=figures[2]),
        Path(edges, stroke=wax.outline, width=panel * 0.09),
        Path(edges, stroke=wax.ground, width=panel * 0.05, dots_every=panel * 0.083),
    )
    rows = math.ceil(height / panel / 2)
    for column in range(-count, count + 1):
        x = width / 2 + column * panel
        for row in range(-rows, rows + 1):
            y = height / 2 + row * panel
            if column % 2:
                drawing.place("pepper", x - panel * 0.17, y, panel / 150, -14)
                drawing.place("pepper", x + panel * 0.17, y + panel / 2, panel / 150, 166)
            else:
                drawing.place("flower", x, y, panel / 106)
    return drawing


Layout = Callable[[Dice, float, float], Drawing]
# Listed by how often a name should meet them.
LAYOUTS: list[Layout] = [eleko, eleko, oniko, alabere, olokun, medallions, medallions, fans, eyes, stripes]
