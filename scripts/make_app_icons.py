"""Draw Buka's mark, a pot on a plantain disc ringed with resist dots, as the icons browsers and phones ask for.

`python scripts/make_app_icons.py` writes static/buka/icons/ and the mark the pages include. Needs Pillow only.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
ICONS = ROOT / "static/buka/icons"
INDIGO, PLANTAIN, PALM_OIL, CALICO = "#1b2266", "#f6b62c", "#b8350f", "#fbf3e2"
RING_RADIUS, RING_DOTS, RING_DOT = 26.5, 24, 1.5
# A masked icon may lose everything outside the middle four fifths.
SAFE_SCALE = 0.74
SMOOTH = 4


def svg(attributes: str) -> str:
    step = 2 * math.pi * RING_RADIUS / RING_DOTS
    return (
        f"<svg {attributes}>"
        f'<circle cx="32" cy="32" r="32" fill="{PLANTAIN}"/>'
        f'<circle cx="32" cy="32" r="{RING_RADIUS}" fill="none" stroke="{INDIGO}" stroke-width="{2 * RING_DOT:g}" '
        f'stroke-linecap="round" stroke-dasharray="0 {step:.3f}"/>'
        f'<path fill="{PALM_OIL}" d="M15 28a17 12 0 0 1 34 0z"/>'
        f'<path fill="{INDIGO}" d="M11 31h42a21 21 0 0 1-13 19.500V53H24v-2.500A21 21 0 0 1 11 31z"/>'
        f'<path fill="none" stroke="{CALICO}" stroke-width="2.500" stroke-linecap="round" stroke-linejoin="round" '
        'd="m18 37 4 5 4-5 4 5 4-5 4 5 4-5 4 5"/></svg>\n'
    )


def png(size: int, *, maskable: bool = False) -> Image.Image:
    canvas = size * SMOOTH
    unit = canvas / 64 * (SAFE_SCALE if maskable else 1)
    shift = (canvas - 64 * unit) / 2
    picture = Image.new("RGBA", (canvas, canvas), PLANTAIN if maskable else "#00000000")
    draw = ImageDraw.Draw(picture)

    def at(*points: float) -> list[float]:
        return [shift + point * unit for point in points]

    draw.ellipse(at(0, 0, 64, 64), fill=PLANTAIN)
    for dot in range(RING_DOTS):
        angle = math.tau * dot / RING_DOTS
        x, y = 32 + RING_RADIUS * math.cos(angle), 32 + RING_RADIUS * math.sin(angle)
        draw.ellipse(at(x - RING_DOT, y - RING_DOT, x + RING_DOT, y + RING_DOT), fill=INDIGO)
    draw.pieslice(at(15, 16, 49, 40), 180, 360, fill=PALM_OIL)
    draw.pieslice(at(11, 10, 53, 52), 0, 180, fill=INDIGO)
    draw.rectangle(at(24, 48, 40, 53), fill=INDIGO)
    zigzag = [number for x, y in zip(range(18, 47, 4), [37, 42] * 4, strict=True) for number in at(x, y)]
    draw.line(zigzag, fill=CALICO, width=round(2.5 * unit), joint="curve")
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    ICONS.mkdir(parents=True, exist_ok=True)
    (ICONS / "buka.svg").write_text(svg('xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"'))
    (ROOT / "templates/includes/mark.html").write_text(svg('viewBox="0 0 64 64" aria-hidden="true" focusable="false"'))
    for name, size, maskable in [
        ("buka-32", 32, False),
        ("buka-180", 180, True),
        ("buka-192", 192, False),
        ("buka-512", 512, False),
        ("buka-maskable-512", 512, True),
    ]:
        picture = png(size, maskable=maskable)
        picture.quantize(128, method=Image.Quantize.FASTOCTREE).save(ICONS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
