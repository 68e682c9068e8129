"""Pictures people send are drawn anew, and what is no picture, or too much of one, is refused."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from restaurants.photos import PhotoRefused, PhotoTooLarge, PhotoTooSmall, redrawn


def picture(kind: str = "JPEG", size: tuple[int, int] = (2400, 1200), **saving: object) -> SimpleUploadedFile:
    out = BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, (180, 60, 20, 0)[: len(mode)]).save(out, kind, **saving)
    return SimpleUploadedFile("evening.svg", out.getvalue(), content_type="text/html")


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

    def test_a_thumbnail_is_refused(self) -> None:
        with pytest.raises(PhotoTooSmall):
            redrawn(picture(size=(900, 200)))
