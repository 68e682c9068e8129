"""Dishes: the cloth of the table, a plate, a bowl or a glass on it, and food in the colours of what it is."""

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from core.artwork import motifs
from core.artwork.cloth import INDIGOS, WAXES
from core.artwork.drawing import (
    Circle,
    Commands,
    Dice,
    Drawing,
    Mark,
    Path,
    blob,
    leaf,
    line,
    polar,
    polygon,
    spots,
    spun,
)

# Everything on the plate is drawn in a circle of this radius about the origin, then scaled to the picture.
PLATE = 100


@dataclass(frozen=True)
class Food:
    """How a dish is drawn: what lies there, its body colour, a lighter or second one, and what is scattered on it."""

    form: str
    body: str
    second: str
    garnish: str


LEAF, LEAF_DARK, OIL, TOMATO, ONION, CRUST = "#3f7d34", "#245425", "#e8762c", "#cf3d1e", "#efd9e4", "#a8622a"
SHADOW = "#000000"

# The first word found in the dish's name, or else in the hint, decides. Longer, more certain words stand first.
FOODS: list[tuple[str, Food]] = [
    ("pepper soup", Food("soup", "#b9822f", "#d9a44e", LEAF_DARK)),
    ("point-and-kill", Food("fish", "#6a6258", "#8d8375", TOMATO)),
    ("catfish", Food("fish", "#6a6258", "#8d8375", TOMATO)),
    ("bole", Food("plantain", "#e2a93a", "#b8742a", TOMATO)),
    ("yam pottage", Food("cubes", "#dd7a2c", "#f3d9a0", LEAF)),
    ("asaro", Food("cubes", "#dd7a2c", "#f3d9a0", LEAF)),
    ("ukodo", Food("cubes", "#b98a3c", "#f1dfb0", LEAF)),
    ("ikokore", Food("cubes", "#c9552a", "#e6a070", LEAF)),
    ("ekpang", Food("cubes", "#a5642a", "#55702d", LEAF_DARK)),
    ("kekefia", Food("cubes", "#c98a2e", "#e5c06a", LEAF)),
    ("onunu", Food("swallow", "#f0c560", "#d9a13c", OIL)),
    ("ji mmiri", Food("cubes", "#c9862f", "#f3e2ba", LEAF)),
    ("jollof", Food("rice", "#cf4a1c", "#ee8443", LEAF)),
    ("dafadukan", Food("rice", "#cf4a1c", "#ee8443", LEAF)),
    ("fried rice", Food("rice", "#cdb23c", "#ead978", TOMATO)),
    ("coconut rice", Food("rice", "#ecdcae", "#fbf3d8", LEAF)),
    ("native rice", Food("rice", "#c07a2a", "#e0a552", LEAF_DARK)),
    ("ofada", Food("rice", "#d8bd92", "#f0e0bd", "#4c6b1f")),
    ("ayamase", Food("soup", "#4c6b1f", "#789a34", OIL)),
    ("dambun shinkafa", Food("rice", "#e9d9a8", "#f8efcf", LEAF)),
    ("brabisko", Food("rice", "#e5c67c", "#f5e0a8", TOMATO)),
    ("acha", Food("rice", "#d9c48a", "#efe0b4", LEAF)),
    ("ukwa", Food("beans", "#c9964d", "#e5bd7c", LEAF_DARK)),
    ("abula", Food("swallow", "#5c3c28", "#7d573d", "#d9a520")),
    ("amala", Food("swallow", "#5c3c28", "#7d573d", "#5f8a2e")),
    ("eba", Food("swallow", "#efc44a", "#f8dc82", "#b5651d")),
    ("starch", Food("swallow", "#f0b429", "#fad36a", "#8a3f16")),
    ("usi", Food("swallow", "#f0b429", "#fad36a", "#8a3f16")),
    ("tuwon masara", Food("swallow", "#ecd58b", "#f8ebbc", "#4d7a2d")),
    ("tuwo", Food("swallow", "#f1ead6", "#ffffff", "#4d7a2d")),
    ("pounded yam", Food("swallow", "#f3e9cc", "#fffaf0", "#c98a1e")),
    ("fufu", Food("swallow", "#efe4c8", "#fcf6e6", "#7d5a1e")),
    ("akpu", Food("swallow", "#efe4c8", "#fcf6e6", "#7d5a1e")),
    ("egusi", Food("soup", "#d9a02a", "#f3cf6b", LEAF_DARK)),
    ("efo riro", Food("soup", "#3c6b2a", "#6a9a3c", TOMATO)),
    ("edikang", Food("soup", "#2f5f2a", "#5d8f3a", OIL)),
    ("afang", Food("soup", "#35562a", "#668a40", OIL)),
    ("ewedu", Food("soup", "#4f8a3a", "#7fb35a", "#c9471d")),
    ("gbegiri", Food("soup", "#e0b53a", "#f2d474", OIL)),
    ("okra", Food("soup", "#6f9a3a", "#a6c763", "#f1f3cf")),
    ("oha", Food("soup", "#b5832f", "#dcae57", LEAF)),
    ("onugbu", Food("soup", "#8a6a2a", "#b5934a", LEAF_DARK)),
    ("bitterleaf", Food("soup", "#8a6a2a", "#b5934a", LEAF_DARK)),
    ("nsala", Food("soup", "#e2cda0", "#f5e8c8", LEAF_DARK)),
    ("white soup", Food("soup", "#e2cda0", "#f5e8c8", LEAF_DARK)),
    ("banga", Food("soup", "#b5521b", "#df8a3c", LEAF_DARK)),
    ("akwu", Food("soup", "#b5521b", "#df8a3c", LEAF)),
    ("atama", Food("soup", "#a85a1e", "#d58b42", LEAF_DARK)),
    ("black soup", Food("soup", "#33402a", "#5a6b42", OIL)),
    ("groundnut", Food("soup", "#c08a4a", "#e0b57c", TOMATO)),
    ("ogbono", Food("soup", "#8f6a30", "#b8904e", OIL)),
    ("owo", Food("soup", "#eab434", "#f8d676", OIL)),
    ("kuka", Food("soup", "#5d7a3a", "#86a35a", OIL)),
    ("taushe", Food("soup", "#e08a2c", "#f5b75c", LEAF)),
    ("fisherman", Food("soup", "#d2703a", "#eaa070", "#f5c9b0")),
    ("owerri", Food("soup", "#4f6f2d", "#85a04a", OIL)),
    ("achara", Food("soup", "#c99a3a", "#e6c46e", LEAF)),
    ("okoho", Food("soup", "#7a7a3c", "#a5a55f", CRUST)),
    ("kyegh", Food("soup", "#b98c58", "#dab482", LEAF)),
    ("buka stew", Food("soup", "#b72d12", "#e05a2a", OIL)),
    ("obe ata", Food("soup", "#b72d12", "#e05a2a", OIL)),
    ("nkwobi", Food("chunks", "#dfa02e", "#8a4a1e", ONION)),
    ("isi ewu", Food("chunks", "#d8922a", "#7a3f1a", ONION)),
    ("asun", Food("chunks", "#b5451d", "#6b3418", TOMATO)),
    ("snail", Food("chunks", "#b5321a", "#54433a", LEAF)),
    ("gizdodo", Food("chunks", "#c9471d", "#e8a82e", LEAF)),
    ("suya", Food("skewers", "#7a3b1a", "#a85a2a", ONION)),
    ("tsire", Food("skewers", "#7a3b1a", "#a85a2a", ONION)),
    ("balangu", Food("skewers", "#8a4c25", "#b57440", ONION)),
    ("kilishi", Food("sheets", "#7a2f17", "#a5522c", "#e0b070")),
    ("dambun nama", Food("rice", "#a5683a", "#cf9a66", CRUST)),
    ("dodo", Food("plantain", "#f0b02f", "#c26a1c", CRUST)),
    ("moin", Food("wedges", "#e0803a", "#f5b27a", LEAF)),
    ("okpa", Food("wedges", "#ecb52e", "#f8d774", LEAF)),
    ("akara", Food("balls", "#b9702a", "#dda054", TOMATO)),
    ("kosai", Food("balls", "#b9702a", "#dda054", TOMATO)),
    ("puff", Food("balls", "#b8732c", "#e2a95c", "#ffffff")),
    ("danwake", Food("balls", "#8a8a5c", "#b3b384", TOMATO)),
    ("chin chin", Food("cubes", "#c98f45", "#e5b770", CRUST)),
    ("kuli", Food("balls", "#c08a4a", "#e0b57c", CRUST)),
    ("masa", Food("cakes", "#f1e6c8", "#c98f4a", TOMATO)),
    ("sinasir", Food("cakes", "#efe0b8", "#c08a4a", LEAF)),
    ("gurasa", Food("cakes", "#e2bd84", "#b07c3e", CRUST)),
    ("funkaso", Food("cakes", "#d59a4c", "#a8682a", "#f6b62c")),
    ("meat pie", Food("pies", "#d99a48", "#f0c27c", CRUST)),
    ("ewa agoyin", Food("beans", "#9a5a34", "#c58a60", "#4a150c")),
    ("adalu", Food("beans", "#a8623a", "#f3cb4a", LEAF)),
    ("achicha", Food("beans", "#9a6a3a", "#c9a06a", LEAF)),
    ("abacha", Food("rice", "#e5ae4a", "#f8e0a2", LEAF)),
    ("pate", Food("soup", "#c9a545", "#e6cc82", LEAF)),
    ("fura", Food("cream", "#f5efe0", "#fffdf6", "#c9a878")),
    ("pap", Food("cream", "#f3dfc0", "#fdf2de", "#ffffff")),
    ("zobo", Food("drink", "#7d0f33", "#a82350", LEAF)),
    ("kunun", Food("cream", "#efe3c8", "#fbf5e4", "#b07c3e")),
    ("chapman", Food("drink", "#c22b2b", "#e8604a", "#7fb35a")),
    ("palm wine", Food("cream", "#f1ebdc", "#fffcf3", "#ffffff")),
    # Courses, for dishes nobody has drawn yet.
    ("swallow", Food("swallow", "#f1e6c6", "#fdf7e6", "#b5651d")),
    ("soup", Food("soup", "#c97a2a", "#e8ad5c", LEAF)),
    ("stew", Food("soup", "#b8381a", "#e0662f", OIL)),
    ("grill", Food("skewers", "#7a3b1a", "#a85a2a", ONION)),
    ("drink", Food("drink", "#d9772c", "#f0a558", LEAF)),
    ("snack", Food("balls", "#c07f35", "#e5b066", CRUST)),
    ("breakfast", Food("balls", "#b9702a", "#dda054", TOMATO)),
    ("side", Food("plantain", "#f0b02f", "#c26a1c", CRUST)),
    ("starter", Food("chunks", "#b5451d", "#6b3418", ONION)),
    ("rice", Food("rice", "#f1e8d0", "#fffaf0", LEAF)),
]
OTHERWISE = [
    Food("rice", "#cf4a1c", "#ee8443", LEAF),
    Food("soup", "#d9a02a", "#f3cf6b", LEAF_DARK),
    Food("chunks", "#b5451d", "#6b3418", ONION),
    Food("beans", "#a8623a", "#c58a60", LEAF),
]


# How much the food fills what it lies in; drawings of soups and drinks are already as wide as their vessel.
SERVING = {"soup": 1.0, "drink": 1.2, "cream": 1.0, "skewers": 1.0, "pies": 1.3, "wedges": 1.05, "fish": 1.1}


def food_of(name: str, hint: str, dice: Dice) -> Food:
    for text in (_plain(name), _plain(hint)):
        for word, food in FOODS:
            if f" {word}" in text:
                return food
    return dice.pick(OTHERWISE)


def _plain(text: str) -> str:
    """Return the text in small letters without marks, as `ẹ̀gúsí` and `egusi` are one dish."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return f" {bare} ".replace("ƙ", "k")


def dish_on_cloth(name: str, width: float, height: float, *, hint: str = "") -> Drawing:
    """Return a dish seen from above."""
    dice = Dice(f"dish:{name}")
    food = food_of(name, hint, dice)
    drawing = _table(dice, width, height)
    scale = min(width, height) * 0.41 / PLATE
    middle = width / 2, height / 2
    drawing.paint(Circle(middle[0] + 3 * scale, middle[1] + 7 * scale, 102 * scale, fill=SHADOW, opacity=0.28))
    drawing.place(drawing.motif("vessel", _vessel(dice, food)), *middle, scale)
    served = drawing.motif("food", FORMS[food.form](dice, food))
    drawing.place(served, *middle, scale * SERVING.get(food.form, 1.2), dice.between(-12, 12))
    return drawing


def _table(dice: Dice, width: float, height: float) -> Drawing:
    """Return the cloth under the dish: one or two small figures, quiet enough to eat from."""
    step = min(width, height) / dice.pick([3, 4])
    if dice.below(2):
        tones = dice.pick(INDIGOS)
        drawing = Drawing(width, height, tones.ground)
        first, second = dice.several(motifs.ADIRE, 2)
        drawing.motif("first", first(tones.pale, tones.half, tones.ground))
        drawing.motif("second", second(tones.pale, tones.half, tones.ground))
    else:
        wax = dice.pick(WAXES)
        drawing = Drawing(width, height, wax.ground)
        figures = dice.several(wax.figures, 3)
        petals = dice.pick([8, 10, 12])
        drawing.motif("first", motifs.flower(petals, figures, wax.outline, pointed=bool(dice.below(2))))
        drawing.motif(
            "second", dice.pick([motifs.eye, motifs.pepper])([figures[1], figures[0], figures[2]], wax.outline)
        )
    columns, rows = math.ceil(width / step / 2), math.ceil(height / step / 2)
    for column in range(-columns, columns + 1):
        for row in range(-rows, rows + 1):
            x, y = width / 2 + column * step, height / 2 + row * step
            # What the plate hides need not be sent.
            if math.dist((x, y), (width / 2, height / 2)) > min(width, height) * 0.41 - step * 0.45:
                drawing.place("first" if (column + row) % 2 else "second", x, y, step / 100 * 0.78)
    return drawing


def _vessel(dice: Dice, food: Food) -> list[Mark]:
    if food.form == "drink":
        return [Circle(0, 0, 100, fill="#e9dcc0"), Circle(0, 0, 92, fill="#c9b48a"), Circle(0, 0, 84, fill="#ffffff")]
    if food.form == "cream":
        return [
            Circle(0, 0, 100, fill="#8a5526"),
            Circle(0, 0, 91, fill="#6b3d17"),
            Circle(0, 0, 95, stroke="#e0b070", width=3, dots=44),
        ]
    if food.form == "soup":
        rim, inside = dice.pick(
            [("#8f4a24", "#6b3216"), ("#f5efe2", "#d9cfb8"), ("#3a3330", "#241f1d"), ("#27358c", "#e9edf8")]
        )
        ring = Circle(0, 0, 93, stroke="#f5efe2" if rim != "#f5efe2" else "#27358c", width=4, dots=40)
        return [Circle(0, 0, 100, fill=rim), ring, Circle(0, 0, 86, fill=inside)]
    band = dice.pick(["#27358c", "#b8350f", "#1a6235", "#2a2a2a"])
    edge = [Circle(0, 0, 97.5, stroke=band, width=5)]
    if dice.below(2):
        edge.append(Circle(0, 0, 88, stroke=band, width=5, dots=dice.pick([16, 24, 32])))
    return [
        Circle(0, 0, 100, fill="#fbf6ea"),
        *edge,
        Circle(0, 0, 81, fill="#e9dfc8"),
        Circle(0, 0, 78, fill="#faf4e6"),
    ]


def _scatter(dice: Dice, count: int, reach: float, apart: float) -> list[tuple[float, float]]:
    """Return points in a disc of radius `reach`, none nearer to another than `apart`."""
    points: list[tuple[float, float]] = []
    for _ in range(count * 12):
        point = polar(dice.between(0, 360), reach * math.sqrt(dice.between(0, 1)))
        if all(math.dist(point, other) >= apart for other in points):
            points.append(point)
        if len(points) == count:
            break
    return points


def _leaves(dice: Dice, count: int, reach: float, size: float) -> Commands:
    leaves: Commands = []
    for x, y in _scatter(dice, count, reach, size * 0.9):
        angle = dice.between(0, 360)
        leaves += leaf(polar(angle, -size / 2, (x, y)), polar(angle, size / 2, (x, y)), size * 0.55)
    return leaves


def _rice(dice: Dice, food: Food) -> list[Mark]:
    grains: Commands = []
    dark: Commands = []
    for index, (x, y) in enumerate(_scatter(dice, 40, 52, 9)):
        angle = dice.between(0, 180)
        grain = line(polar(angle, -3.4, (x, y)), polar(angle, 3.4, (x, y)))
        if index % 3:
            grains += grain
        else:
            dark += grain
    slices = spots(polar(angle, 50) for angle in (203, 232, 261))
    return [
        Circle(2, 4, 62, fill=SHADOW, opacity=0.18),
        Path(blob(dice, 0, 0, 62, 59), fill=food.body),
        Path(dark, stroke="#6b2a0c", width=3.6, opacity=0.35),
        Path(grains, stroke=food.second, width=3.8),
        Path(slices, stroke="#c9791f", width=26),
        Path(slices, stroke="#f5bd45", width=21),
        Path(slices, stroke="#d99a2e", width=5),
        *_drumstick(dice),
        Path(_leaves(dice, 4, 34, 13), fill=food.garnish),
    ]


def _drumstick(dice: Dice) -> list[Mark]:
    return [
        Path(line((24, -20), (52, -48)), stroke="#f5ead2", width=8),
        Circle(53, -49, 5.5, fill="#f5ead2"),
        Path(blob(dice, 16, -12, 25, 21, corners=8, wobble=0.05), fill="#7d3a16"),
        Path(blob(dice, 13, -15, 18, 14, corners=6, wobble=0.05), fill="#a3531f"),
        Path([("M", 3, -20), ("Q", 10, -29, 22, -26)], stroke="#dd9a58", width=3),
    ]


def _soup(dice: Dice, food: Food) -> list[Mark]:
    curds: Commands = []
    for x, y in _scatter(dice, 10, 66, 17):
        curds += line((x, y), (x + dice.between(-6, 6), y + dice.between(-5, 5)))
    shade: Commands = []
    meat: Commands = []
    light: Commands = []
    for x, y in _scatter(dice, 4, 42, 34):
        shade += blob(dice, x + 1.5, y + 3, 17, 14, corners=5, wobble=0.08)
        meat += blob(dice, x, y, 16, 13, corners=6, wobble=0.13)
        light += line((x - 6, y - 4), (x + 1, y - 6))
    return [
        Circle(0, 0, 81, fill=food.body),
        Circle(0, 0, 78, stroke=food.second, width=3, opacity=0.6),
        Path(curds, stroke=food.second, width=9),
        Path(spots(_scatter(dice, 7, 66, 18)), stroke=OIL, width=8, opacity=0.7),
        Path(_leaves(dice, 7, 64, 22), fill=food.garnish),
        Path(shade, fill=SHADOW, opacity=0.3),
        Path(meat, fill="#6b3a20"),
        Path(light, stroke="#96603a", width=9),
        Path(_leaves(dice, 4, 60, 15), fill=LEAF if food.garnish != LEAF else LEAF_DARK),
    ]


def _swallow(dice: Dice, food: Food) -> list[Mark]:
    return [
        Path(blob(dice, 24, 20, 46, 42, corners=9, wobble=0.05), fill=food.garnish),
        Path(_shifted(_leaves(dice, 6, 26, 13), 34, 30), fill=LEAF_DARK),
        Circle(48, 34, 4, fill=OIL, opacity=0.8),
        Circle(34, 54, 3, fill=OIL, opacity=0.8),
        Circle(60, 12, 3, fill=OIL, opacity=0.8),
        Path(blob(dice, 38, 30, 13, 11, corners=7, wobble=0.12), fill="#6b3a20"),
        Path(blob(dice, 36, 27, 8, 6, corners=6), fill="#8f5632"),
        Path(blob(dice, -13, -9, 48, 44, wobble=0.02), fill=SHADOW, opacity=0.22),
        Path(blob(dice, -17, -14, 46, 42, wobble=0.025), fill=food.body),
        Path(blob(dice, -23, -22, 31, 26, wobble=0.03), fill=food.second, opacity=0.7),
        Path([("M", -46, -22), ("Q", -38, -46, -12, -46)], stroke="#ffffff", width=4, opacity=0.6),
        Path([("M", 8, -30), ("Q", 16, -12, 4, 8)], stroke=SHADOW, width=3, opacity=0.13),
    ]


def _shifted(commands: Commands, x: float, y: float) -> Commands:
    return [
        (letter, *(number + (y if index % 2 else x) for index, number in enumerate(numbers)))
        for letter, *numbers in commands
    ]


def _beans(dice: Dice, food: Food) -> list[Mark]:
    beans: Commands = []
    shine: Commands = []
    for index, (x, y) in enumerate(_scatter(dice, 46, 54, 11)):
        angle = dice.between(0, 180)
        bean = line(polar(angle, -2.6, (x, y)), polar(angle, 2.6, (x, y)))
        if index % 3:
            beans += bean
        else:
            shine += bean
    return [
        Path(blob(dice, 1, 4, 65, 61), fill=SHADOW, opacity=0.18),
        Path(blob(dice, 0, 0, 63, 59), fill=food.body),
        Path(beans, stroke=food.second, width=8.5),
        Path(shine, stroke="#e8c79a", width=8.5),
        Path(blob(dice, 6, -2, 30, 24, corners=8, wobble=0.16), fill=food.garnish),
        Path([("M", -12, -8), ("Q", 4, -22, 22, -12)], stroke=OIL, width=4),
        Path(_shifted(_leaves(dice, 3, 18, 12), 6, 0), fill=LEAF),
    ]


def _cubes(dice: Dice, food: Food) -> list[Mark]:
    shade: Commands = []
    tops: Commands = []
    for x, y in _scatter(dice, 17, 48, 20):
        angle, size = dice.between(0, 90), dice.between(10, 13)
        tops += polygon(*(polar(angle + 90 * corner, size, (x, y)) for corner in range(4)))
        shade += polygon(*(polar(angle + 90 * corner, size, (x + 2, y + 4)) for corner in range(4)))
    return [
        Path(blob(dice, 0, 0, 67, 65), fill=food.body),
        Path(shade, fill="#5a2208", opacity=0.35),
        Path(tops, fill=food.second, stroke=food.second, width=3),
        Path(_leaves(dice, 8, 52, 15), fill=food.garnish),
    ]


def _chunks(dice: Dice, food: Food) -> list[Mark]:
    pieces: Commands = []
    shine: Commands = []
    for x, y in _scatter(dice, 8, 46, 27):
        pieces += blob(dice, x, y, 17, 14, corners=6, wobble=0.16)
        shine += line((x - 7, y - 4), (x + 2, y - 6))
    rings: list[Mark] = [Circle(x, y, 10, stroke=ONION, width=3) for x, y in _scatter(dice, 4, 46, 24)]
    return [
        Path(blob(dice, 0, 2, 64, 61), fill=food.body),
        Path(pieces, fill=food.second),
        Path(shine, stroke=food.body, width=6),
        *rings,
        Path(_leaves(dice, 6, 50, 14), fill=LEAF),
        Path(_leaves(dice, 4, 44, 9), fill=TOMATO),
    ]


def _skewers(dice: Dice, food: Food) -> list[Mark]:
    sticks: Commands = []
    chunks: Commands = []
    chars: Commands = []
    for x in (-36, -12, 12, 36):
        reach = math.sqrt(78**2 - x**2)
        sticks += line((x, -reach), (x, reach + 8))
        for y in range(-42, 43, 21):
            chunks += line((x - dice.between(1, 4), y), (x + dice.between(1, 4), y + dice.between(-3, 3)))
            chars += line((x - 6, y - 3), (x + 5, y - 5))
    spice = spots(_scatter(dice, 20, 52, 10))
    rings: list[Mark] = [Circle(x, y, 9, stroke=ONION, width=3.5) for x, y in ((-56, 22), (55, -24), (54, 30))]
    tomatoes: list[Mark] = [
        mark
        for x, y in ((-56, -22), (0, 62))
        for mark in (Circle(x, y, 11, fill=TOMATO), Circle(x, y, 6.5, stroke="#f08a5a", width=3, dots=6))
    ]
    return [
        Path(polygon((-72, -52), (66, -60), (72, 54), (-64, 60)), fill="#e5d3ae"),
        Path(line((-70, -20), (68, -28)) + line((-68, 20), (70, 12)), stroke="#d6c199", width=2),
        Path(sticks, stroke="#d9b37a", width=4),
        Path(chunks, stroke=food.body, width=19),
        Path(chars, stroke=food.second, width=4),
        Path(spice, stroke="#f0b050", width=3),
        *rings,
        *tomatoes,
    ]


def _sheets(dice: Dice, food: Food) -> list[Mark]:
    sheets: list[Mark] = []
    for x, y, turn in ((-22, -20, 10), (24, -12, 60), (-8, 26, 35), (14, 8, 100)):
        corners = [polar(turn + angle, 34 + dice.between(-5, 5), (x, y)) for angle in (20, 75, 150, 205, 260, 330)]
        sheets += [Path(polygon(*corners), fill=food.body, stroke=food.second, width=4)]
        veins = [c for angle in (40, 110, 230) for c in line((x, y), polar(turn + angle, 24, (x, y)))]
        sheets.append(Path(veins, stroke=food.second, width=2))
    spice = spots(_scatter(dice, 40, 54, 7))
    return [*sheets, Path(spice, stroke=food.garnish, width=3)]


def _plantain(dice: Dice, food: Food) -> list[Mark]:
    slices: list[Mark] = []
    places = _scatter(dice, 12, 52, 24)
    # Laid in three heaps, so that later slices lie on earlier ones.
    for heap in (places[:4], places[4:8], places[8:]):
        lying: Commands = []
        for place in heap:
            angle = dice.between(0, 180)
            lying += line(polar(angle, -7, place), polar(angle, 7, place))
        slices += [
            Path(lying, stroke=food.second, width=25),
            Path(lying, stroke=food.body, width=19),
            Path(lying, stroke="#d98d22", width=2.5, dots_every=4.6),
        ]
    return [*slices, Path(_leaves(dice, 3, 30, 12), fill=LEAF), Path(_leaves(dice, 3, 40, 8), fill=TOMATO)]


def _balls(dice: Dice, food: Food) -> list[Mark]:
    balls: list[Mark] = []
    turn = dice.between(0, 60)
    around = [polar(60 * index + turn, 42 + dice.between(-3, 3)) for index in range(6)]
    on_top = [polar(120 * index + turn + 30, 17) for index in range(3)]
    for heap in (around, on_top):
        size = 39 + dice.between(-1, 3)
        balls += [
            Path(spots((x + 2, y + 4) for x, y in heap), stroke=SHADOW, width=size, opacity=0.25),
            Path(spots(heap), stroke=food.body, width=size),
            Path(spots((x - 3, y - 4) for x, y in heap), stroke=food.second, width=size * 0.68, opacity=0.75),
            Path(
                [c for x, y in heap for c in line((x - 11, y - 8), (x - 7, y - 12))],
                stroke="#fff",
                width=3,
                opacity=0.5,
            ),
        ]
    return [*balls, Path(spots(_scatter(dice, 18, 56, 10)), stroke=food.garnish, width=2.6)]


def _cakes(dice: Dice, food: Food) -> list[Mark]:
    cakes: list[Mark] = []
    for heap in ([polar(72 * index, 39) for index in range(5)], [(0.0, 2.0)]):
        holes = [(x + a, y + b) for x, y in heap for a, b in _scatter(dice, 7, 15, 6)]
        cakes += [
            Path(spots((x + 1, y + 4) for x, y in heap), stroke=SHADOW, width=49, opacity=0.22),
            Path(spots(heap), stroke=food.second, width=49),
            Path(spots(heap), stroke=food.body, width=41),
            Path(spots(holes), stroke=food.second, width=2.6),
        ]
    return [*cakes, Path(_leaves(dice, 5, 46, 9), fill=food.garnish)]


def _wedges(dice: Dice, food: Food) -> list[Mark]:
    wedges: list[Mark] = []
    for angle in (20, 140, 260):
        x, y = polar(angle, 29)
        corners = [polar(angle + turn, reach, (x, y)) for turn, reach in ((0, 30), (125, 27), (235, 27))]
        inner = [polar(angle + turn, reach, (x, y)) for turn, reach in ((0, 19), (125, 16), (235, 16))]
        wedges += [
            Path(polygon(*((a + 2, b + 5) for a, b in corners)), fill=SHADOW, opacity=0.2),
            Path(polygon(*corners), fill=food.body, stroke=food.body, width=9),
            Path(polygon(*inner), fill=food.second, stroke=food.second, width=6),
        ]
    specks = spots(_scatter(dice, 14, 42, 12))
    return [
        Path(spun(leaf((0, 10), (0, -74), 40), 5), fill=LEAF),
        Path(spun(line((0, 0), (0, -66)), 5), stroke=LEAF_DARK, width=2.5),
        *wedges,
        Path(specks, stroke=TOMATO, width=4),
    ]


def _pies(dice: Dice, food: Food) -> list[Mark]:
    pies: list[Mark] = []
    for x, y, turn in ((-4, -32, -1), (4, 30, 1)):
        edge = y + 18
        dome: Commands = [
            ("M", x - 46, edge),
            ("Q", x - 42, edge - 52, x, edge - 52),
            ("Q", x + 42, edge - 52, x + 46, edge),
            ("Z",),
        ]
        glaze: Commands = [("M", x - 32, edge - 12), ("Q", x - 28, edge - 40, x + 4 * turn, edge - 41)]
        pies += [
            Path(_shifted(dome, 2, 5), fill=SHADOW, opacity=0.22),
            Path(dome, fill=food.body),
            Path(line((x - 43, edge - 3), (x + 43, edge - 3)), stroke=CRUST, width=7, dots_every=8.6),
            Path(glaze, stroke=food.second, width=7),
            Path(
                [c for at in (-12, 0, 12) for c in line((x + at, edge - 30), (x + at + 3, edge - 22))],
                stroke=CRUST,
                width=3,
            ),
        ]
    return pies


def _fish(dice: Dice, food: Food) -> list[Mark]:
    scores = [c for x in (-22, -6, 10, 26) for c in line((x - 4, -13), (x + 4, 13))]
    whiskers: Commands = [("M", -56, 4), ("Q", -66, 14, -62, 24), ("M", -54, -6), ("Q", -68, -12, -66, -24)]
    return [
        Path(blob(dice, 0, 0, 70, 52), fill="#c0481f"),
        Path(blob(dice, -4, -3, 58, 40), fill="#d9662f"),
        Path(whiskers, stroke=food.body, width=3),
        Path(polygon((46, 0), (74, -24), (67, 0), (74, 24)), fill=food.body),
        Path(leaf((-66, 0), (62, 0), 52), fill=food.body),
        Path(leaf((-58, -4), (50, -3), 24), fill=food.second),
        Path(scores, stroke="#2f2a26", width=4),
        Circle(-46, -5, 4.5, fill="#fbf6ea"),
        Circle(-46, -5, 2, fill="#201a17"),
        *(Circle(x, y, 9, stroke=ONION, width=3.5) for x, y in ((-24, 36), (30, 34), (4, -38))),
        Path(_shifted(_leaves(dice, 5, 40, 13), 0, 4), fill=LEAF),
        *(Circle(x, y, 8, fill=food.garnish) for x, y in ((44, -28), (-42, -32))),
    ]


def _drink(dice: Dice, food: Food) -> list[Mark]:
    ice: list[Mark] = []
    for x, y in _scatter(dice, 3, 30, 34):
        angle = dice.between(0, 90)
        corners = [polar(angle + 90 * corner, 20, (x, y)) for corner in range(4)]
        ice += [
            Path(polygon(*corners), fill="#ffffff", stroke="#ffffff", width=5, opacity=0.32),
            Path(line(corners[0], corners[1]), stroke="#ffffff", width=3.5, opacity=0.75),
        ]
    x, y = polar(55, 48)
    return [
        Circle(0, 0, 66, fill=food.body),
        Circle(-6, -7, 53, fill=food.second, opacity=0.5),
        *ice,
        Circle(x, y, 24, fill="#e8892a"),
        Circle(x, y, 20, fill="#fbd88a"),
        Path(_shifted(spun(polygon((0, -3), (5, -16), (-5, -16)), 8), x, y), fill="#f0a030"),
        Path(_shifted(spun(leaf((0, 0), (0, -24), 15), 3), -22, 26), fill=food.garnish),
        Path(line((-10, 18), (-78, 84)), stroke="#fbf3e2", width=9),
        Path(line((-10, 18), (-78, 84)), stroke="#b8350f", width=9, dots_every=20),
        Path([("M", -60, -16), ("Q", -48, -54, -10, -61)], stroke="#ffffff", width=4, opacity=0.6),
    ]


def _cream(dice: Dice, food: Food) -> list[Mark]:
    specks = spots(_scatter(dice, 12, 60, 14))
    swirl: Commands = [
        ("M", -44, 10),
        ("Q", -50, -46, 4, -46),
        ("Q", 48, -42, 42, 2),
        ("Q", 34, 34, -4, 30),
        ("Q", -26, 24, -22, -2),
    ]
    return [
        Circle(0, 0, 84, fill=food.body),
        Circle(-5, -6, 72, fill=food.second),
        Path(swirl, stroke=food.body, width=9),
        Path(specks, stroke=food.garnish, width=6),
        Path(line((26, 22), (104, 84)), stroke="#b07c3e", width=9),
        Path(blob(dice, 18, 14, 25, 20, corners=9, wobble=0.03), fill="#b07c3e"),
        Path(blob(dice, 17, 12, 18, 14, corners=9, wobble=0.03), fill="#8a5526"),
    ]


FORMS: dict[str, Callable[[Dice, Food], list[Mark]]] = {
    "rice": _rice,
    "soup": _soup,
    "swallow": _swallow,
    "beans": _beans,
    "cubes": _cubes,
    "chunks": _chunks,
    "skewers": _skewers,
    "sheets": _sheets,
    "plantain": _plantain,
    "balls": _balls,
    "cakes": _cakes,
    "wedges": _wedges,
    "pies": _pies,
    "fish": _fish,
    "drink": _drink,
    "cream": _cream,
}
