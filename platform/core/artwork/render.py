"""A drawing as SVG for pages and as pixels for link previews."""

import hashlib
import io
import math
from html import escape
from itertools import pairwise

from PIL import Image, ImageColor, ImageDraw

from core.artwork.drawing import Circle, Commands, Drawing, Mark, Path, Placed, Point

# Pixels are drawn this much larger and shrunk, which smooths the edges; a link preview keeps this many colours.
SMOOTHING = 2
COLOURS = 40
CURVE_STEPS = 20


def svg(drawing: Drawing, *, identity: str, label: str = "") -> str:
    """Return the drawing as one element; ids begin with a digest of `identity`, so several may stand in one page."""
    prefix = "b" + hashlib.sha256(identity.encode()).hexdigest()[:6]
    placed = [layer for layer in drawing.layers if isinstance(layer, Placed)]
    looks = list(dict.fromkeys((layer.motif, layer.scale, layer.turn) for layer in placed))
    ids = {look: f"{prefix}{index}" for index, look in enumerate(looks)}
    kept: dict[str, str] = {}
    definitions = ""
    for look, identifier in ids.items():
        # A motif set down several times in the same size carries its own transform, so that each use is short.
        motif, scale, turn = look
        inside = f'<use href="#{kept[motif]}"/>' if motif in kept else "".join(map(_svg_mark, drawing.motifs[motif]))
        if motif not in kept and sum(other[0] == motif for other in looks) > 1:
            kept[motif] = f"{identifier}m"
            inside = f'<g id="{kept[motif]}">{inside}</g>'
        turned = f"rotate({_number(turn)})" if turn % 360 else ""
        definitions += f'<g id="{identifier}" transform="{turned}scale({_number(scale, 3)})">{inside}</g>'
    painted = "".join(
        f'<use href="#{ids[layer.motif, layer.scale, layer.turn]}" x="{_number(layer.x)}" y="{_number(layer.y)}"/>'
        if isinstance(layer, Placed)
        else _svg_mark(layer)
        for layer in drawing.layers
    )
    width, height = _number(drawing.width), _number(drawing.height)
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'preserveAspectRatio="xMidYMid slice" fill="none" stroke-linecap="round" {spoken}>'
        f'<defs>{definitions}</defs><path fill="{drawing.ground}" d="M0 0h{width}v{height}H0z"/>{painted}</svg>'
    )


def _svg_mark(mark: Mark) -> str:
    look = f' fill="{mark.fill}"' if mark.fill else ""
    if mark.stroke:
        look += f' stroke="{mark.stroke}" stroke-width="{_number(mark.width)}"'
        apart = math.tau * mark.r / mark.dots if isinstance(mark, Circle) and mark.dots else 0
        apart = mark.dots_every if isinstance(mark, Path) else apart
        if apart:
            look += f' stroke-dasharray="0 {_number(apart, 3)}"'
    if mark.opacity != 1:
        look += f' opacity="{_number(mark.opacity, 2)}"'
    if isinstance(mark, Circle):
        at = "".join(f' {name}="{_number(n)}"' for name, n in (("cx", mark.x), ("cy", mark.y)) if round(n, 1))
        return f'<circle{at} r="{_number(mark.r)}"{look}/>'
    return f'<path d="{_path_data(mark.commands)}"{look}/>'


def _path_data(commands: Commands) -> str:
    """Return the path with steps relative to the last point, which is shorter; rounding does not add up."""
    text = ""
    x = y = 0.0
    for letter, *numbers in commands:
        if letter == "Z":
            text += "z"
        elif letter == "M":
            x, y = round(numbers[0], 1), round(numbers[1], 1)
            text += "M" + _row([x, y])
        else:
            steps = [round(number - (y if index % 2 else x), 1) for index, number in enumerate(numbers)]
            x, y = x + steps[-2], y + steps[-1]
            if letter == "L" and steps[1] == 0:
                text += "h" + _row(steps[:1])
            elif letter == "L" and steps[0] == 0:
                text += "v" + _row(steps[1:])
            else:
                text += letter.lower() + _row(steps)
    return text


def _row(numbers: list[float]) -> str:
    text = ""
    for number in numbers:
        written = _number(number)
        # A minus sign separates, and so does a point after a number that has one.
        separated = written.startswith("-") or (written.startswith(".") and "." in text.rsplit(" ")[-1].rsplit("-")[-1])
        text += written if separated or not text else f" {written}"
    return text


def _number(value: float, digits: int = 1) -> str:
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    if text in ("-0", ""):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def png(drawing: Drawing) -> bytes:
    """Return the drawing as an indexed PNG."""
    size = round(drawing.width * SMOOTHING), round(drawing.height * SMOOTHING)
    picture = Image.new("RGB", size, drawing.ground)
    draw = ImageDraw.Draw(picture, "RGBA")
    whole = Placed("", 0, 0)
    for layer in drawing.layers:
        if isinstance(layer, Placed):
            for mark in drawing.motifs[layer.motif]:
                _draw_mark(draw, mark, layer)
        else:
            _draw_mark(draw, layer, whole)
    picture = picture.resize((round(drawing.width), round(drawing.height)), Image.Resampling.BOX)
    file = io.BytesIO()
    indexed = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    indexed.save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_mark(draw: ImageDraw.ImageDraw, mark: Mark, placed: Placed) -> None:
    def colour(text: str) -> tuple[int, ...]:
        return (*ImageColor.getrgb(text)[:3], round(255 * mark.opacity))

    def at(point: Point) -> Point:
        x, y = placed.at(point)
        return x * SMOOTHING, y * SMOOTHING

    unit = placed.scale * SMOOTHING
    width = mark.width * unit
    if isinstance(mark, Circle):
        x, y = at((mark.x, mark.y))
        radius = mark.r * unit
        if mark.fill:
            _disc(draw, x, y, radius, colour(mark.fill))
        if mark.stroke and mark.dots:
            for index in range(mark.dots):
                angle = math.tau * index / mark.dots + math.radians(placed.turn)
                dot = x + radius * math.cos(angle), y + radius * math.sin(angle)
                _disc(draw, *dot, width / 2, colour(mark.stroke))
        elif mark.stroke:
            reach = radius + width / 2
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=colour(mark.stroke), width=round(width))
        return
    for points, is_closed in _outlines(mark.commands):
        corners = [at(point) for point in points]
        if mark.fill and len(corners) > 2:
            draw.polygon(corners, fill=colour(mark.fill))
        if mark.stroke and mark.dots_every:
            for x, y in _along(corners, mark.dots_every * unit):
                _disc(draw, x, y, width / 2, colour(mark.stroke))
        elif mark.stroke:
            ends = corners + corners[:1] if is_closed else corners
            draw.line(ends, fill=colour(mark.stroke), width=max(1, round(width)), joint="curve")
            for x, y in (ends[0], ends[-1]):
                _disc(draw, x, y, width / 2, colour(mark.stroke))


def _along(points: list[Point], step: float) -> list[Point]:
    """Return points on the line, `step` apart, from its start."""
    found = []
    until = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.dist((x0, y0), (x1, y1))
        while until <= length:
            found.append((x0 + (x1 - x0) * until / (length or 1), y0 + (y1 - y0) * until / (length or 1)))
            until += step
        until -= length
    return found


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: tuple[int, ...]) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _outlines(commands: Commands) -> list[tuple[list[Point], bool]]:
    """Return the path's parts as points, curves flattened, each with whether it closes."""
    outlines: list[tuple[list[Point], bool]] = []
    for letter, *numbers in commands:
        if letter == "M":
            outlines.append(([(numbers[0], numbers[1])], False))
        elif letter == "L":
            outlines[-1][0].append((numbers[0], numbers[1]))
        elif letter == "Q":
            points = outlines[-1][0]
            (x0, y0), (cx, cy, x1, y1) = points[-1], numbers
            for step in range(1, CURVE_STEPS + 1):
                t = step / CURVE_STEPS
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
                points.append((a * x0 + b * cx + c * x1, a * y0 + b * cy + c * y1))
        else:
            outlines[-1] = (outlines[-1][0], True)
    return outlines
