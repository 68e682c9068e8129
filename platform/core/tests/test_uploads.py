"""Pictures people send are drawn anew, and what is no picture, or too much of one, is refused."""

import math
import os
import random
import resource
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.uploads import MOST_PIXELS, PhotoRefused, PhotoTooLarge, PhotoTooSmall, PictureField, redrawn


def picture(kind: str = "JPEG", size: tuple[int, int] = (2400, 1200), **saving: object) -> SimpleUploadedFile:
    out = BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, (180, 60, 20, 0)[: len(mode)]).save(out, kind, **saving)
    return SimpleUploadedFile("evening.svg", out.getvalue(), content_type="text/html")


_MEASURED = """
import resource, sys
from django.conf import settings
settings.configure()
from django.core.files.uploadedfile import SimpleUploadedFile
from core.uploads import redrawn
upload = SimpleUploadedFile("a", open(sys.argv[1], "rb").read())
began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
redrawn(upload)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began)
"""


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


class TestRedrawn:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_is_a_webp_of_at_most_1600_pixels_whatever_it_was_called(self, kind) -> None:
        drawn = redrawn(picture(kind))

        with Image.open(drawn) as result:
            assert (result.format, result.size) == ("WEBP", (1600, 800))
        assert drawn.name is not None
        assert drawn.name.endswith(".webp")
        assert "evening" not in drawn.name

    def test_a_small_one_is_not_blown_up(self) -> None:
        with Image.open(redrawn(picture(size=(640, 400)))) as result:
            assert result.size == (640, 400)

    def test_nothing_the_camera_wrote_remains_but_the_way_it_was_held(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        exif[0x010F] = "Tecno"
        exif.get_ifd(0x8825)[2] = (6.0, 27.0, 11.0)

        drawn = redrawn(picture(size=(800, 400), exif=exif))

        with Image.open(drawn) as result:
            assert result.size == (400, 800)
            assert not dict(result.getexif())
        assert b"Tecno" not in drawn.read()

    def test_what_can_be_seen_through_stands_on_white(self) -> None:
        with Image.open(redrawn(picture("PNG", (400, 400)))) as result:
            assert result.mode == "RGB"
            pixel = result.getpixel((200, 200))
            assert isinstance(pixel, tuple)
            assert min(pixel) > 250

    @pytest.mark.parametrize(
        "content",
        [b"", b"<svg onload='alert(1)'/>", b"\xff\xd8\xff\xe0 not really", b"GIF89a\x01\x00\x01\x00", b"MZ" * 400],
    )
    def test_what_is_no_picture_is_refused(self, content) -> None:
        with pytest.raises(PhotoRefused):
            redrawn(SimpleUploadedFile("photo.jpg", content, content_type="image/jpeg"))

    def test_a_picture_cut_off_is_refused(self) -> None:
        whole = picture(size=(900, 900), quality=95).read()

        with pytest.raises(PhotoRefused):
            redrawn(SimpleUploadedFile("photo.jpg", whole[: len(whole) // 3]))

    def test_what_would_unpack_to_gigabytes_is_refused_unopened(self) -> None:
        out = BytesIO()
        Image.new("1", (30_000, 30_000)).save(out, "PNG")
        assert out.tell() < 1_000_000

        with pytest.raises(PhotoTooLarge):
            redrawn(SimpleUploadedFile("bomb.png", out.getvalue()))

    def test_too_many_bytes_are_refused_unread(self) -> None:
        with pytest.raises(PhotoTooLarge):
            redrawn(SimpleUploadedFile("photo.jpg", b"x" * (12 * 1024 * 1024 + 1)))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_nothing_that_hangs_behind_a_picture_remains(self, kind) -> None:
        smuggled = b"<script>alert(1)</script>PK\x03\x04 a whole archive"
        upload = SimpleUploadedFile("a.jpg", picture(kind, (640, 640)).read() + smuggled)

        drawn = redrawn(upload).read()

        assert b"script" not in drawn
        assert b"PK\x03\x04" not in drawn

    def test_nothing_that_stands_within_a_picture_remains(self) -> None:
        note = PngInfo()
        note.add_text("Comment", "<?php system($_GET['c']); ?>")
        note.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>where I live</x:xmpmeta>")

        drawn = redrawn(picture("PNG", (640, 640), pnginfo=note)).read()

        assert b"php" not in drawn
        assert b"where I live" not in drawn

    @pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "ICO", "PPM", "TGA", "EPS", "PCX"])
    def test_other_kinds_are_refused_though_they_could_be_read(self, kind) -> None:
        out = BytesIO()
        Image.new("RGB", (256, 256)).save(out, kind)

        with pytest.raises(PhotoRefused):
            redrawn(SimpleUploadedFile("photo.png", out.getvalue(), content_type="image/png"))

    @pytest.mark.parametrize(
        "content",
        [
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>",
            b"RIFF\x00\x00\x00\x00WEBPVP8 <html>",
            b"\xff\xd8\xff<html><script>alert(1)</script></html>",
        ],
    )
    def test_a_drawing_that_runs_scripts_is_none_whatever_it_begins_with(self, content) -> None:
        with pytest.raises(PhotoRefused):
            redrawn(SimpleUploadedFile("photo.png", content, content_type="image/png"))

    def test_a_head_that_lies_about_its_size_costs_nothing(self) -> None:
        # The head says 60,000 by 60,000; 13 gigabytes would be made room for.
        head = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
        chunks = b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\x00" * 10_000)))
        )
        began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        with pytest.raises(PhotoTooLarge):
            redrawn(SimpleUploadedFile("bomb.png", b"\x89PNG\r\n\x1a\n" + chunks))

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began < 100_000

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_what_the_file_says_of_itself_may_be_damaged(self, kind) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        exif[0x010F] = "maker"
        exif.get_ifd(0x8825)[2] = (6.0, 27.0, 11.0)
        whole = bytearray(picture(kind, (330, 340), exif=exif).read())
        at = whole.find(b"eXIf" if kind == "PNG" else b"Exif")
        chance = random.Random(4)

        for _ in range(150):
            damaged = whole.copy()
            for _ in range(chance.randint(1, 6)):
                damaged[at + 4 + chance.randrange(150)] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
            if kind == "PNG":
                end = at + 4 + int.from_bytes(whole[at - 4 : at])
                damaged[end : end + 4] = zlib.crc32(damaged[at:end]).to_bytes(4)
            # Anything but these two would be an error of ours.
            with suppress(PhotoRefused):
                assert Image.open(redrawn(SimpleUploadedFile("a.jpg", bytes(damaged)))).format == "WEBP"

    def test_a_turn_that_is_none_is_left_out(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 99

        with Image.open(redrawn(picture(size=(800, 400), exif=exif))) as result:
            assert result.size == (800, 400)

    @pytest.mark.parametrize(("turn", "corner"), [(1, 0), (2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)])
    def test_each_way_of_holding_the_camera_is_put_right(self, turn, corner) -> None:
        exif = Image.Exif()
        exif[0x0112] = turn
        held = Image.new("RGB", (400, 400), "white")
        held.paste("black", (0, 0, 200, 200))
        out = BytesIO()
        held.save(out, "PNG", exif=exif)

        with Image.open(redrawn(SimpleUploadedFile("a.png", out.getvalue()))) as result:
            dark = [sum(result.getpixel(at)) < 200 for at in ((100, 100), (300, 100), (100, 300), (300, 300))]
        assert dark.index(True) == corner
        assert sum(dark) == 1

    @pytest.mark.parametrize("kind", MOST_PIXELS)
    def test_more_pixels_than_that_are_refused(self, kind) -> None:
        side = math.isqrt(MOST_PIXELS[kind]) + 1
        out = BytesIO()
        Image.new("L", (side, side)).save(out, kind)

        with pytest.raises(PhotoTooLarge):
            redrawn(SimpleUploadedFile("a.jpg", out.getvalue()))

    @pytest.mark.parametrize(
        ("kind", "mode", "saving"),
        [
            ("JPEG", "CMYK", {"progressive": True}),
            ("PNG", "RGBA", {}),
            ("WEBP", "RGBA", {"lossless": True}),
        ],
    )
    def test_the_largest_that_is_allowed_fits_in_memory(self, kind, mode, saving, tmp_path) -> None:
        side = math.isqrt(MOST_PIXELS[kind])
        exif = Image.Exif()
        exif[0x0112] = 6
        largest = tmp_path / "largest"
        Image.new(mode, (side, side), 90 if mode == "LA" else (90, 60, 20, 128)[: len(mode)]).save(
            largest, kind, exif=exif, **saving
        )

        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(largest)], capture_output=True, text=True, check=True, env=_env()
        )

        assert int(done.stdout) < 400_000  # kilobytes, beyond what stood there before

    def test_words_that_unpack_to_gigabytes_are_not_unpacked(self) -> None:
        note = PngInfo()
        note.add_text("Comment", "x" * 200_000_000, zip=True)
        upload = picture("PNG", (640, 640), pnginfo=note)
        assert upload.size < 1_000_000

        with pytest.raises(PhotoRefused):
            redrawn(upload)

    def test_a_thumbnail_is_refused(self) -> None:
        with pytest.raises(PhotoTooSmall):
            redrawn(picture(size=(900, 200)))


class TestPictureField:
    def test_draws_anew(self) -> None:
        drawn = PictureField().clean(picture(size=(640, 640)))

        assert drawn.name.endswith(".webp")

    @pytest.mark.parametrize("content", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"not a picture"])
    def test_says_what_is_wrong(self, content) -> None:
        with pytest.raises(ValidationError) as refusal:
            PictureField().clean(SimpleUploadedFile("a.png", content, content_type="image/png"))

        assert refusal.value.code == "photo_refused"
