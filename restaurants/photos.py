"""Pictures that people send: checked by what they contain, drawn anew, and nothing of the file itself is kept."""

import warnings
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import DomainError

LARGEST_FILE = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
SMALLEST_SIDE = 320
LONGEST_SIDE = 1600
QUALITY = 80
KINDS = ("JPEG", "PNG", "WEBP")


class PhotoRefused(DomainError):
    code = "photo_refused"
    message = _("This file is not a picture we can read. Send a JPEG, PNG or WebP.")
    status = 422


class PhotoTooLarge(PhotoRefused):
    code = "photo_too_large"
    message = _("This picture is too large: at most 12 MB and 40 million pixels.")


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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Only the head is read here: what would unpack to gigabytes is refused before it does.
            with Image.open(upload, formats=KINDS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise PhotoTooLarge
                if min(width, height) < SMALLEST_SIDE:
                    raise PhotoTooSmall
                upright = ImageOps.exif_transpose(picture)
                drawn = _on_white(upright)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise PhotoRefused from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge from error
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = BytesIO()
    drawn.save(out, "WEBP", quality=QUALITY, method=4)
    return ContentFile(out.getvalue(), name=f"{uuid4().hex}.webp")


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        see_through = picture.convert("RGBA")
        ground = Image.new("RGB", see_through.size, "white")
        ground.paste(see_through, mask=see_through.getchannel("A"))
        return ground
    return picture.convert("RGB")
