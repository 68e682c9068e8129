"""The cloth that stands for a restaurant or a dish without a photograph."""

import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from core.artwork import OG_SIZE, cloth_svg, og_png
from core.artwork.cloth import LAYOUTS
from core.artwork.drawing import Dice
from core.artwork.plate import FOODS, FORMS, food_of

NAMES = [f"Restaurant {number}" for number in range(300)]
DISHES = sorted({word for word, _ in FOODS})
A_FEW_KILOBYTES = 6 * 1024


class TestClothSvg:
    def test_the_same_name_gives_the_same_bytes_in_another_process(self) -> None:
        call = "from core.artwork import cloth_svg; print(cloth_svg('Danfo & Dodo', kind='restaurant'), end='')"

        elsewhere = subprocess.run(
            [sys.executable, "-c", call],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": "7", "PYTHONPATH": "platform", "PYTHONIOENCODING": "utf-8"},
            cwd=__file__.partition("/platform/")[0],
        )

        assert elsewhere.stdout == cloth_svg("Danfo & Dodo", kind="restaurant")

    def test_different_names_give_different_pictures(self) -> None:
        pictures = {re.sub(r"b[0-9a-f]{6}", "", cloth_svg(name, kind="restaurant")) for name in NAMES}

        assert len(pictures) == len(NAMES)

    def test_a_restaurant_and_a_dish_of_one_name_differ(self) -> None:
        assert cloth_svg("Suya", kind="restaurant") != cloth_svg("Suya", kind="dish")

    @pytest.mark.parametrize("size", [(640, 360), (640, 214), (320, 320)])
    def test_a_restaurant_is_drawn_in_a_few_kilobytes_of_valid_xml(self, size: tuple[int, int]) -> None:
        for name in NAMES:
            picture = cloth_svg(name, kind="restaurant", size=size)

            assert len(picture.encode()) <= A_FEW_KILOBYTES, name
            assert ElementTree.fromstring(picture).get("viewBox") == f"0 0 {size[0]} {size[1]}"

    def test_every_known_dish_is_drawn_in_a_few_kilobytes_of_valid_xml(self) -> None:
        for dish in DISHES:
            picture = cloth_svg(dish, kind="dish", size=(320, 320))

            assert len(picture.encode()) <= A_FEW_KILOBYTES, dish
            ElementTree.fromstring(picture)

    def test_nothing_in_it_can_run_or_fetch(self) -> None:
        for name in [*NAMES[:20], "<script>alert(1)</script>", 'a" onload="x']:
            picture = cloth_svg(name, kind="dish", label=name)
            tree = ElementTree.fromstring(picture)

            assert {element.tag.rpartition("}")[2] for element in tree.iter()} <= {
                "svg",
                "defs",
                "g",
                "use",
                "path",
                "circle",
            }
            assert not any(key.startswith("on") or key == "style" for element in tree.iter() for key in element.attrib)
            assert all(value.startswith("#") for element in tree.iter() if (value := element.get("href")))

    def test_two_pictures_can_stand_in_one_page(self) -> None:
        ids = [
            identifier
            for name in NAMES
            for identifier in re.findall(r' id="([^"]+)"', cloth_svg(name, kind="restaurant"))
        ]

        assert len(ids) == len(set(ids))

    def test_every_reference_has_its_figure(self) -> None:
        for name in NAMES:
            picture = cloth_svg(name, kind="restaurant")

            assert set(re.findall(r'href="#([^"]+)"', picture)) <= set(re.findall(r' id="([^"]+)"', picture))

    def test_a_label_is_spoken_and_without_one_the_picture_is_decoration(self) -> None:
        spoken = cloth_svg("Zuma Hearth", kind="restaurant", label="Zuma Hearth & friends")
        silent = cloth_svg("Zuma Hearth", kind="restaurant")

        assert ElementTree.fromstring(spoken).attrib["aria-label"] == "Zuma Hearth & friends"
        assert ElementTree.fromstring(silent).attrib["aria-hidden"] == "true"

    def test_names_use_every_layout(self) -> None:
        layouts = {Dice(f"cloth:{name}").pick(LAYOUTS) for name in NAMES}

        assert layouts == set(LAYOUTS)


class TestFoodOf:
    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("Ẹ̀gúsí soup", "soup"),
            ("Smoky Jollof Rice", "rice"),
            ("Ọbẹ̀ ata", "soup"),
            ("Ƙosai", "balls"),
            ("Zobo", "drink"),
            ("Suya platter", "skewers"),
        ],
    )
    def test_knows_a_dish_by_its_name_with_or_without_marks(self, name: str, form: str) -> None:
        assert food_of(name, "", Dice(name)).form == form

    def test_egusi_is_not_taken_for_usi(self) -> None:
        assert food_of("Egusi", "", Dice("")).form == "soup"

    def test_the_hint_decides_for_a_name_that_tells_nothing(self) -> None:
        assert food_of("The chef's evening", "drink", Dice("")).form == "drink"

    def test_every_food_has_a_way_to_be_drawn(self) -> None:
        assert {food.form for _, food in FOODS} <= set(FORMS)


class TestOgPng:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("Rooftop Sixteen Palms", "restaurant"), ("Zuma Hearth", "restaurant"), ("Jollof rice", "dish")],
    )
    def test_is_a_picture_of_the_size_that_previews_want(self, name: str, kind: str) -> None:
        picture = og_png(name, kind=kind)  # type: ignore[arg-type]

        with Image.open(io.BytesIO(picture)) as image:
            assert (image.format, image.size) == ("PNG", OG_SIZE)
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 3
        assert len(picture) <= 80 * 1024

    def test_the_same_name_gives_the_same_bytes(self) -> None:
        assert og_png("Zuma Hearth") == og_png("Zuma Hearth")
        assert og_png("Zuma Hearth") != og_png("Dala Tuwo House")
