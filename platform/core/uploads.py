"""The one door for files that people send: pictures, checked by what they contain and drawn anew.

Size comes first, then what the bytes begin with, then what the head says of the pixels; only then is anything
unpacked. Nothing of the file itself is kept: not its name, not what it says about itself, not what hangs behind it.
Drawings that can run scripts (SVG) are no pictures here.
"""

import struct
import warnings
from io import BytesIO
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, UnidentifiedImageError

from core.errors import DomainError

LARGEST_FILE = 12 * 1024 * 1024
# What fits in about 300 MB of memory: a JPEG is shrunk while it is decoded, the others unpack whole.
MOST_PIXELS = {"JPEG": 32_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
SMALLEST_SIDE = 320
LONGEST_SIDE = 1600
QUALITY = 80
# How to turn a picture upright, by what the camera wrote down of the way it was held.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises over a file that lies about itself; one with damaged EXIF leads its readers anywhere.
DAMAGED = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, AttributeError,
    ArithmeticError, struct.error,
)  # fmt: skip
# What a file of each kind begins with; between the two parts of a WebP stands its length.
KINDS = {"JPEG": (b"\xff\xd8\xff",), "PNG": (b"\x89PNG\r\n\x1a\n",), "WEBP": (b"RIFF", b"WEBP")}


class PhotoRefused(DomainError):
    code = "photo_refused"
    message = _("This file is not a picture we can read. Send a JPEG, PNG or WebP.")
    status = 422


class PhotoTooLarge(PhotoRefused):
    code = "photo_too_large"
    message = _(
        "This picture is too large: at most 12 MB, and 32 million pixels as a JPEG or 16 million as a PNG or WebP."
    )


class PhotoTooSmall(PhotoRefused):
    code = "photo_too_small"
    message = _("This picture is too small to look good: at least 320 pixels on each side.")


def redrawn(upload: Any) -> ContentFile:
    """Return an uploaded picture as a WebP of at most 1600 pixels a side, under a name of its own.

    The way the camera was held is applied; place, time and everything else the file said about itself is dropped.

    :raises PhotoRefused: when it is no picture, whatever its name says, or its size is out of bounds
    """
    if upload.size > LARGEST_FILE:
        raise PhotoTooLarge
    upload.seek(0)
    kind = _kind_of(upload.read(16))
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            # What Pillow remarks on the words beside a picture changes nothing.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Only the head is read here: what would unpack to gigabytes is refused before it does.
            with Image.open(upload, formats=[kind]) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS[kind]:
                    raise PhotoTooLarge
                if min(width, height) < SMALLEST_SIDE:
                    raise PhotoTooSmall
                drawn = _small(picture)
    except DAMAGED as error:
        raise PhotoRefused from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge from error
    out = BytesIO()
    drawn.save(out, "WEBP", quality=QUALITY, method=4)
    return ContentFile(out.getvalue(), name=f"{uuid4().hex}.webp")


def _kind_of(head: bytes) -> str:
    """:raises PhotoRefused: for what begins like none of the kinds, whatever its name and its header say"""
    for kind, (start, *later) in KINDS.items():
        if head.startswith(start) and (not later or head[8:].startswith(later[0])):
            return kind
    raise PhotoRefused


class PictureField(forms.FileField):
    """A form's field for a picture; what comes out of it is drawn anew. Django's own opens files of any kind."""

    widget = forms.ClearableFileInput

    def to_python(self, data: Any) -> Any:
        upload = super().to_python(data)
        if upload is None:
            return None
        try:
            return redrawn(upload)
        except PhotoRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal

    def widget_attrs(self, widget: Any) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "accept": "image/jpeg,image/png,image/webp"}


def _small(picture: Image.Image) -> Image.Image:
    """Return it upright, on white and no larger than we keep, with no second copy in full size."""
    turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    # A JPEG is decoded at a half, a quarter or an eighth of its size; others take no notice.
    picture.draft(None, _fitting(picture, LONGEST_SIDE))
    if "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA", "L"):
        picture = picture.convert("RGBA" if picture.mode in ("LA", "PA", "La", "RGBa") else "RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    drawn = _on_white(picture)
    return drawn if turn is None else drawn.transpose(turn)


def _fitting(picture: Image.Image, side: int) -> tuple[int, int]:
    """Return the size of the picture when its longer side is `side`."""
    longer = max(picture.size)
    return tuple(max(1, each * side // longer) for each in picture.size)  # type: ignore[return-value]


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground
