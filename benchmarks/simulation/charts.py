"""A picture of numbers that needs nothing to be looked at but a browser: lines over an axis, panel beside panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 380, 420
LEFT, TOP, RIGHT, BOTTOM = 60, 44, 16, 64
LEGEND = 230
COLOURS = ("#8a8a8a", "#b5651d", "#c9a227", "#7a9e7e", "#2a6f97", "#5a189a", "#9d0208", "#e85d04", "#1b4332")

Lines = Mapping[str, Mapping[float, float]]
"""By name of the line, its height at each place of the axis."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines with their axes. The same name has the same colour in every panel."""

    title: str
    across: str
    """What the axis from left to right says."""
    lines: Lines


def picture(title: str, upwards: str, panels: Sequence[Panel], *, lowest: float, highest: float = 1.0) -> str:
    """Return panels beside each other as SVG, with one legend.

    :param upwards: what the axis from bottom to top says
    """
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    width = WIDTH * len(panels) + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _drawn(panel, WIDTH * number, names, upwards if number == 0 else "", lowest, highest)
    for number, name in enumerate(names):
        height, left = TOP + 8 + 20 * number, WIDTH * len(panels) + 8
        parts.append(f'<path d="M{left} {height - 4}h24" {_stroke(name, names)}/>')
        parts.append(f'<text x="{left + 30}" y="{height}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _stroke(name: str, names: Sequence[str]) -> str:
    dash = "" if name.startswith("ours") else ' stroke-dasharray="5 3"'
    return f'fill="none" stroke="{COLOURS[names.index(name) % len(COLOURS)]}" stroke-width="2"{dash}'


def _drawn(panel: Panel, offset: int, names: Sequence[str], upwards: str, lowest: float, highest: float) -> list[str]:
    places = sorted({place for points in panel.lines.values() for place in points})
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(place: float) -> float:
        return offset + LEFT + across * (place - places[0]) / ((places[-1] - places[0]) or 1)

    def y(value: float) -> float:
        return TOP + up * (1 - (min(max(value, lowest), highest) - lowest) / (highest - lowest))

    parts = [f'<text x="{offset + LEFT}" y="{TOP - 18}" font-weight="bold">{escape(panel.title)}</text>']
    for step in range(round(lowest * 20), round(highest * 20) + 1):
        height = y(step / 20)
        parts.append(f'<path d="M{offset + LEFT} {height:.1f}h{across}" stroke="#ddd"/>')
        parts.append(f'<text x="{offset + LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{step / 20:.2f}</text>')
    for place in places:
        parts.append(f'<path d="M{x(place):.1f} {TOP + up}v5" stroke="#888"/>')
        parts.append(f'<text x="{x(place):.1f}" y="{TOP + up + 20}" text-anchor="middle">{place:g}</text>')
    middle = offset + LEFT + across / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 18}" text-anchor="middle">{escape(panel.across)}</text>')
    if upwards:
        height = TOP + up / 2
        parts.append(
            f'<text x="14" y="{height:.0f}" text-anchor="middle" transform="rotate(-90 14 {height:.0f})">'
            f"{escape(upwards)}</text>"
        )
    for name, points in panel.lines.items():
        line = " ".join(f"{x(place):.1f},{y(points[place]):.1f}" for place in sorted(points))
        parts.append(f'<polyline points="{line}" {_stroke(name, names)}/>')
    return parts
