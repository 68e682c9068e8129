"""Pictures for restaurants and dishes that have no photograph: cloth in the manner of adire and ankara.

A picture is decided by the name alone, through a stable digest, so it is the same on every machine and every day.
`cloth_svg` draws it for pages in a few kilobytes; `og_png` draws the same cloth for link previews, which want pixels.

Adire is the indigo cloth of the Yoruba towns: motifs are kept from the dye by starch (eleko), tied seeds (oniko) or
stitches (alabere). Ankara is the wax print: few strong colours, large figures in half-drop, fine dots in the ground.
A dish lies on such a cloth on an enamel plate, in a bowl or in a glass, in the colours of what it is.
"""

from typing import Literal

from core.artwork import render
from core.artwork.cloth import restaurant_cloth
from core.artwork.drawing import Drawing
from core.artwork.plate import dish_on_cloth

__all__ = ["OG_SIZE", "Kind", "cloth_svg", "og_png"]

Kind = Literal["restaurant", "dish"]
OG_SIZE = (1200, 630)


def cloth_svg(
    name: str, *, kind: Kind, size: tuple[int, int] = (640, 360), label: str = "", palette_hint: str = ""
) -> str:
    """Return the SVG that stands for `name`.

    :param label: what a screen reader says; without one the picture is decoration and is hidden from it
    :param palette_hint: for a dish whose name tells nothing: its course or a better known dish, as "soup" or "jollof"
    """
    return render.svg(_draw(name, kind, size, palette_hint), identity=f"{kind}:{name}", label=label)


def og_png(name: str, *, kind: Kind = "restaurant", palette_hint: str = "") -> bytes:
    """Return the same cloth as a PNG of 1200 × 630, for Open Graph."""
    return render.png(_draw(name, kind, OG_SIZE, palette_hint))


def _draw(name: str, kind: Kind, size: tuple[int, int], palette_hint: str) -> Drawing:
    if kind == "dish":
        return dish_on_cloth(name, *size, hint=palette_hint)
    return restaurant_cloth(name, *size)
