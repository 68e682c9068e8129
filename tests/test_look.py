"""Facts about Buka's look: contrast in both themes, direction-free styles, letters of the display face, weight."""

import gzip
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
LOOK = ROOT / "static" / "buka"
CSS = (LOOK / "buka.css").read_text()
TEXT, LARGE_OR_EDGE = 4.5, 3.0


def tokens_of(selector: str) -> dict[str, str]:
    """Return the custom properties of the first block with this selector."""
    block = CSS.partition(selector + " {")[2].partition("\n  }")[0].partition("\n    }")[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


LIGHT = tokens_of(":root")
DARK = LIGHT | tokens_of(':root[data-theme="dark"]')


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "link") for ground in ("page", "surface", "surface-2")),
    *((tone, ground, TEXT) for tone in ("ok", "bad", "action") for ground in ("page", "surface")),
    *((tone, f"{tone}-bg", TEXT) for tone in ("ok", "warn", "bad", "info")),
    ("on-vat", "vat", TEXT),
    ("on-vat", "vat-2", TEXT),
    ("on-vat-2", "vat", TEXT),
    ("accent", "vat", TEXT),
    ("on-action", "action", TEXT),
    ("on-action", "action-hover", TEXT),
    ("on-accent", "accent", TEXT),
    ("page", "ink", TEXT),
    *(
        (edge, ground, LARGE_OR_EDGE)
        for edge in ("line-strong", "focus", "slot-line")
        for ground in ("page", "surface")
    ),
]


class TestContrast:
    def test_measures_as_the_guidelines_do(self) -> None:
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)

    @pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
    @pytest.mark.parametrize(("fore", "back", "wanted"), PAIRS)
    def test_is_enough_to_read(self, theme: dict[str, str], fore: str, back: str, wanted: float) -> None:
        assert contrast(theme[fore], theme[back]) >= wanted

    def test_the_chosen_and_the_system_dark_are_the_same(self) -> None:
        assert tokens_of(':root[data-theme="dark"]') == tokens_of(':root:not([data-theme="light"])') != {}

    def test_dark_leaves_no_colour_of_the_light_theme_unset(self) -> None:
        colours = {name for name, value in LIGHT.items() if value.startswith("#")}

        assert colours == {
            name for name, value in tokens_of(':root[data-theme="dark"]').items() if value.startswith("#")
        }


class TestSheet:
    def test_has_no_left_and_no_right(self) -> None:
        rules = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", CSS, flags=re.DOTALL)
        physical = (
            r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height)\s*:"
        )

        assert re.findall(physical, rules) == []

    def test_every_token_it_uses_is_defined(self) -> None:
        assert set(re.findall(r"var\(--([\w-]+)", CSS)) <= set(re.findall(r"--([\w-]+):", CSS))

    def test_weighs_at_most_15_kilobytes_on_the_wire(self) -> None:
        assert len(gzip.compress(CSS.encode(), 9)) <= 15_000

    def test_the_scripts_weigh_at_most_10_kilobytes(self) -> None:
        assert sum((LOOK / name).stat().st_size for name in ("buka.js", "theme.js")) <= 10_000


class TestTemplates:
    # Unfold's admin has its own policy; our own pages must live with one that allows no inline style or handler.
    def test_carry_no_inline_style_and_no_handler(self) -> None:
        for page in (ROOT / "templates").rglob("*.html"):
            if "admin" not in page.parts:
                assert not re.search(r"""\s(?:style|on[a-z]+)=["']""", page.read_text()), page

    def test_every_icon_named_is_in_the_sprite(self) -> None:
        sprite = set(re.findall(r'<symbol id="([\w-]+)"', (LOOK / "icons.svg").read_text()))
        pages = [
            page
            for app in ("templates", "restaurants", "bookings", "accounts")
            for page in (ROOT / app).rglob("*.html")
        ]
        named = {
            name
            for page in pages
            for name in re.findall(r'includes/icon\.html" with name="([\w-]+)"', page.read_text())
        }

        assert named
        assert named <= sprite


class TestDisplayFace:
    FONT = TTFont(LOOK / "fonts" / "buka-display.woff2")

    def test_knows_the_letters_of_nigeria(self) -> None:
        letters = self.FONT.getBestCmap()

        assert [
            letter for letter in "ẹọṣịụṅǹḿɓɗƙƴẸỌṢỊỤṄǸḾƁƊƘƳ₦\u0300\u0301\u0304\u0323" if ord(letter) not in letters
        ] == []

    def test_sets_marks_on_letters_and_on_marks(self) -> None:
        features = {record.FeatureTag for record in self.FONT["GPOS"].table.FeatureList.FeatureRecord}
        features |= {record.FeatureTag for record in self.FONT["GSUB"].table.FeatureList.FeatureRecord}

        assert {"mark", "mkmk", "ccmp"} <= features

    def test_weighs_at_most_22_kilobytes(self) -> None:
        assert (LOOK / "fonts" / "buka-display.woff2").stat().st_size <= 22_000
