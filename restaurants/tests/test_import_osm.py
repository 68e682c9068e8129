"""Bringing OpenStreetMap in: sound features, hostile ones, and files that are no GeoJSON at all."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Membership, User
from accounts.states import Role
from restaurants.models import Restaurant
from restaurants.osm import reading
from restaurants.osm.features import BadFeature, Listing, listing_of
from restaurants.osm.reading import NotGeoJSON, Unreadable, features_in, shown
from restaurants.reference import nearest_city
from restaurants.states import RestaurantStatus

SHIPPED = Path(settings.BASE_DIR) / "data" / "nigeria_food_osm.geojson"


def feature(number: int = 1, /, *, at: tuple[Any, Any] = (3.371, 6.51), **tags: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"node/{number}",
        "geometry": {"type": "Point", "coordinates": list(at)},
        "properties": {"name": "Iya Basira", "amenity": "restaurant"} | tags,
    }


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}, ensure_ascii=False)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Import this text or these bytes as a file; returns what was said on either output."""

    def run(content: str | bytes) -> tuple[str, list[str]]:
        path = tmp_path / "places.geojson"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out, err = io.StringIO(), io.StringIO()
        call_command("import_osm", str(path), stdout=out, stderr=err, no_color=True)
        return out.getvalue().strip(), err.getvalue().splitlines()

    return run


@pytest.mark.django_db
class TestImportingListings:
    def test_brings_in_the_shipped_file_and_changes_nothing_the_second_time(self) -> None:
        first, second, complaints = io.StringIO(), io.StringIO(), io.StringIO()

        call_command("import_osm", str(SHIPPED), stdout=first, stderr=complaints)
        before = list(Restaurant.objects.order_by("pk").values())
        call_command("import_osm", str(SHIPPED), stdout=second, stderr=complaints)

        assert first.getvalue() == "imported 220, updated 0, unchanged 0, refused 0\n"
        assert second.getvalue() == "imported 0, updated 0, unchanged 220, refused 0\n"
        assert complaints.getvalue() == ""
        assert list(Restaurant.objects.order_by("pk").values()) == before

    def test_makes_an_unverified_listing_with_its_source(self, run: Any) -> None:
        said, complaints = run(
            collection(
                feature(
                    4711,
                    name="  Ìyá   Bàsírà ",
                    amenity="fast_food",
                    cuisine="Nigerian; burger;martian",
                    phone="0803 123 4567",
                    website="iyabasira.example",
                    **{"addr:housenumber": 12, "addr:street": "Herbert Macaulay Way", "addr:suburb": "Yaba"},
                )
            )
        )

        listing = Restaurant.objects.select_related("city").get()
        assert (said, complaints) == ("imported 1, updated 0, unchanged 0, refused 0", [])
        assert listing.status == RestaurantStatus.LISTED
        assert not listing.is_bookable
        assert (listing.source, listing.source_ref) == ("osm", "node/4711")
        assert listing.attribution == "© OpenStreetMap contributors"
        assert (listing.name, listing.slug) == ("Ìyá Bàsírà", "iya-basira-lagos")
        assert (listing.city.name, listing.city.state) == ("Lagos", "Lagos")
        assert (listing.street, listing.neighbourhood) == ("12 Herbert Macaulay Way", "Yaba")
        assert (listing.phone, listing.website) == ("+2348031234567", "https://iyabasira.example")
        assert sorted(c.slug for c in listing.cuisines.all()) == ["burger", "fast-food", "nigerian"]
        assert "iya basira" in listing.search_text
        assert "yaba" in listing.search_text

    def test_two_places_of_one_name_get_addresses_of_their_own(self, run: Any) -> None:
        run(collection(feature(1, name="Mr Biggs"), feature(2, name="Mr Biggs"), feature(3, name="麺")))

        slugs = Restaurant.objects.order_by("source_ref").values_list("slug", flat=True)
        assert list(slugs) == ["mr-biggs-lagos", "mr-biggs-lagos-n2", "restaurant-lagos"]

    def test_follows_a_change_at_the_source_and_keeps_the_address(self, run: Any) -> None:
        run(collection(feature(1, cuisine="pizza"), feature(2)))
        before = Restaurant.objects.get(source_ref="node/1")

        said, _complaints = run(collection(feature(1, name="Iya Basira & Daughters", cuisine="suya"), feature(2)))

        after = Restaurant.objects.get(source_ref="node/1")
        assert said == "imported 0, updated 1, unchanged 1, refused 0"
        assert (after.pk, after.slug) == (before.pk, before.slug)
        assert after.name == "Iya Basira & Daughters"
        assert [cuisine.slug for cuisine in after.cuisines.all()] == ["suya"]
        assert "daughters" in after.search_text
        assert after.updated_at > before.updated_at

    def test_a_place_left_out_of_a_later_file_stays(self, run: Any) -> None:
        run(collection(feature(1), feature(2)))

        run(collection(feature(2)))

        assert Restaurant.objects.count() == 2


@pytest.mark.django_db
class TestWhatOwnersMadeTheirOwn:
    @pytest.fixture
    def listing(self, run: Any) -> Restaurant:
        run(collection(feature(1)))
        return Restaurant.objects.get()

    def _import_change(self, run: Any, listing: Restaurant) -> str:
        before = Restaurant.objects.values().get(pk=listing.pk)
        said, _complaints = run(collection(feature(1, name="Another name", at=(3.4, 6.6))))
        assert Restaurant.objects.values().get(pk=listing.pk) == before
        return said

    def test_a_claimed_listing_is_left_alone(self, run: Any, listing: Restaurant) -> None:
        Restaurant.objects.filter(pk=listing.pk).update(status=RestaurantStatus.LIVE)

        said = self._import_change(run, listing)

        assert said.startswith("imported 0, updated 0, unchanged 1, refused 0")
        assert "1 were left as their owners" in said

    def test_a_listing_with_staff_is_left_alone(self, run: Any, listing: Restaurant) -> None:
        owner = User.objects.create_user("owner@example.com", name="Owner")
        Membership.objects.create(user=owner, restaurant=listing, role=Role.OWNER)

        said = self._import_change(run, listing)

        assert said.startswith("imported 0, updated 0, unchanged 1, refused 0")

    @pytest.mark.parametrize("edit", [{"name": "Mama Basira"}, {"phone": "+2348031234567"}, {"latitude": 6.52}])
    def test_an_edited_listing_is_left_alone(self, run: Any, listing: Restaurant, edit: dict[str, Any]) -> None:
        Restaurant.objects.filter(pk=listing.pk).update(**edit)

        said = self._import_change(run, listing)

        assert said.startswith("imported 0, updated 0, unchanged 1, refused 0")

    def test_a_listing_given_other_cuisines_is_left_alone(self, run: Any, listing: Restaurant) -> None:
        listing.cuisines.create(slug="yoruba", name="Yoruba")

        said = self._import_change(run, listing)

        assert said.startswith("imported 0, updated 0, unchanged 1, refused 0")


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
BAD = {
    "null": (None, "is not a GeoJSON feature"),
    "number": (42, "is not a GeoJSON feature"),
    "text": ("restaurant", "is not a GeoJSON feature"),
    "list": ([feature()], "is not a GeoJSON feature"),
    "another type": (feature() | {"type": "Restaurant"}, "is not a GeoJSON feature"),
    "no properties": (feature() | {"properties": None}, "has no properties"),
    "properties a list": (feature() | {"properties": ["name"]}, "has no properties"),
    "no name": (feature(name=None), "has no name"),
    "blank name": (feature(name=" \u200b\t"), "has no name"),
    "name a number": (feature(name=7), "has a name that is not text"),
    "name a flag": (feature(name=True), "has a name that is not text"),
    "name with NUL": (feature(name="Iya\0Basira"), "has a name with a null character in it"),
    "name with half a character": (feature(name="Iya \ud800"), "has a name with half a character in it"),
    "long name": (feature(name="x" * 121), "has a name longer than 120 characters"),
    "huge name": (feature(name="x" * 1_000_000), "has a name longer than 120 characters"),
    "cuisine a list": (feature(cuisine=["suya"]), "has a cuisine that is not text"),
    "a bank": (feature(amenity="bank"), "is no place to eat: its amenity is “bank”"),
    "no geometry": (feature() | {"geometry": None}, "has no Point as its geometry"),
    "a line": (feature() | {"geometry": {"type": "LineString", "coordinates": [[3, 6], [4, 7]]}}, "has no Point"),
    "empty point": (feature(at=()), "has a Point without a longitude and a latitude"),
    "text for numbers": (feature(at=("3.4", "6.5")), "has coordinates that are not numbers"),
    "flags for numbers": (feature(at=(True, False)), "has coordinates that are not numbers"),
    "not a number": (feature(at=(float("nan"), 6.5)), "has coordinates that are not numbers"),
    "infinite": (feature(at=(3.4, float("inf"))), "has coordinates that are not numbers"),
    "endless integer": (feature(at=(10**90, 6.5)), "lies outside Nigeria"),
    "London": (feature(at=(-0.1278, 51.5074)), "lies outside Nigeria, at longitude -0.1278 and latitude 51.5074"),
    "swapped": (
        feature(at=(9.05, 7.49)[::-1]) | {"geometry": {"type": "Point", "coordinates": [12.0, 2.0]}},
        "outside",
    ),
    "no id": ({key: value for key, value in feature().items() if key != "id"}, "has no id"),
    "id a number": (feature() | {"id": 7}, "has an id that is not OpenStreetMap's"),
    "id a list": (feature() | {"id": ["node/1"]}, "has an id that is not OpenStreetMap's"),
    "id with a tail": (feature() | {"id": "node/1\n"}, "has an id that is not OpenStreetMap's"),
    "huge id": (feature() | {"id": "node/" + "9" * 1000}, "has an id that is not OpenStreetMap's"),
}


@pytest.mark.django_db
class TestBadFeatures:
    @pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
    def test_are_refused_with_their_reason_and_do_not_stop_the_rest(self, run: Any, bad: Any, reason: str) -> None:
        text = json.dumps({"type": "FeatureCollection", "features": [feature(8), bad, feature(9)]})

        said, complaints = run(text)

        assert said == "imported 2, updated 0, unchanged 0, refused 1"
        assert len(complaints) == 1
        assert complaints[0].startswith("feature 2 ")
        assert reason in complaints[0]
        assert set(Restaurant.objects.values_list("source_ref", flat=True)) == {"node/8", "node/9"}

    def test_all_of_them_at_once_are_reported_line_by_line(self, run: Any) -> None:
        text = json.dumps({"type": "FeatureCollection", "features": [bad for bad, _reason in BAD.values()]})

        said, complaints = run(text)

        assert said == f"imported 0, updated 0, unchanged 0, refused {len(BAD)}"
        assert [line.split()[1] for line in complaints] == [str(number) for number in range(1, len(BAD) + 1)]
        assert not Restaurant.objects.exists()

    def test_an_id_that_comes_again_is_refused(self, run: Any) -> None:
        said, complaints = run(collection(feature(1), feature(1, name="Twin")))

        assert said == "imported 1, updated 0, unchanged 0, refused 1"
        assert complaints == ["feature 2 (“node/1”) has the id of feature 1 again"]
        assert Restaurant.objects.get().name == "Iya Basira"

    def test_a_feature_nested_beyond_reason_is_refused(self, run: Any) -> None:
        before, after = json.dumps(feature(1)), json.dumps(feature(2, name='With "brackets" ]}'))

        said, complaints = run(f'{{"type":"FeatureCollection","features":[{before},{DEEP},{after}]}}')

        assert said == "imported 2, updated 0, unchanged 0, refused 1"
        assert complaints == ["feature 2 is nested too deep"]

    def test_integers_of_thousands_of_digits_are_refused(self, run: Any) -> None:
        huge = json.dumps(feature(1)).replace("3.371", "9" * 10_000)

        said, complaints = run(f'{{"type":"FeatureCollection","features":[{huge}]}}')

        assert said == "imported 0, updated 0, unchanged 0, refused 1"
        assert complaints == ["feature 1 (“node/1”) has coordinates that are not numbers"]

    def test_a_report_never_carries_control_characters(self, run: Any) -> None:
        hostile = "node/1\x1b[31m\u202e\nfeature 2 is fine"

        _said, complaints = run(collection(feature(1) | {"id": hostile}))

        assert len(complaints) == 1
        assert "“node/1\\x1b[31m\\u202e\\nfeature 2 is fine”" in complaints[0]

    def test_unusable_extras_are_left_out_and_the_place_comes_in(self, run: Any) -> None:
        extras = {"phone": "ask Emeka", "website": "javascript:alert(1)", "addr:street": "x" * 5000}

        said, complaints = run(collection(feature(1, cuisine="", **extras)))

        listing = Restaurant.objects.get()
        assert (said, complaints) == ("imported 1, updated 0, unchanged 0, refused 0", [])
        assert (listing.phone, listing.website, listing.street) == ("", "", "")


NOT_GEOJSON = {
    "nothing": ("", "is empty"),
    "white space": (" \n ", "is empty"),
    "prose": ("Restaurants of Lagos", "is not JSON"),
    "csv": ("name,lat,lon\nIya Basira,6.5,3.4\n", "is not JSON"),
    "bytes of a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8"),
    "UTF-16": (collection().encode("utf-16"), "is not UTF-8"),
    "zeros": (b"\0" * 100, "is not JSON"),
    "a number": ("12", "not a GeoJSON FeatureCollection"),
    "a list of features": (json.dumps([feature()]), "not a GeoJSON FeatureCollection"),
    "one feature": (json.dumps(feature()), "not a GeoJSON FeatureCollection"),
    "another type": (json.dumps({"type": "Topology", "features": []}), "not a GeoJSON FeatureCollection"),
    "type after the features": (json.dumps({"features": [feature()], "type": "Cities"}), "FeatureCollection"),
    "no features": (json.dumps({"type": "FeatureCollection"}), "without “features”"),
    "features an object": (json.dumps({"type": "FeatureCollection", "features": {}}), "not one list"),
    "features nothing": (json.dumps({"type": "FeatureCollection", "features": None}), "not one list"),
    "cut off": (collection(feature(1), feature(2))[:-30], "is not JSON"),
    "cut off after a feature": (collection(feature(1))[:-2], "is not JSON"),
    "comma too many": (collection(feature(1)).replace("]}", ",]}"), "is not JSON"),
    "broken in the middle": (collection(feature(1), feature(2)).replace("node/2", 'node"/2'), "is not JSON"),
    "something behind": (collection(feature(1)) + "{}", "something follows its end"),
    "nested without end": ("[" * 1_000_000, "is not JSON"),
}


@pytest.mark.django_db
class TestFilesThatAreNoGeoJSON:
    @pytest.mark.parametrize(("content", "reason"), NOT_GEOJSON.values(), ids=NOT_GEOJSON.keys())
    def test_are_refused_in_one_sentence_and_nothing_comes_in(
        self, run: Any, content: str | bytes, reason: str
    ) -> None:
        with pytest.raises(CommandError) as refusal:
            run(content)

        assert refusal.value.returncode == 1
        assert reason in str(refusal.value)
        assert "\n" not in str(refusal.value)
        assert not Restaurant.objects.exists()

    @pytest.mark.parametrize("path", ["/nowhere/at/all.geojson", "/", "a\0b.geojson"])
    def test_a_file_that_cannot_be_opened_is_named(self, path: str) -> None:
        with pytest.raises(CommandError) as refusal:
            call_command("import_osm", path)

        assert "cannot be read" in str(refusal.value)

    def test_a_byte_order_mark_and_other_members_are_no_trouble(self, run: Any) -> None:
        text = json.dumps({"features": [feature()], "crs": {"features": [1]}, "type": "FeatureCollection"}, indent=3)

        said, _complaints = run(b"\xef\xbb\xbf" + text.encode())

        assert said == "imported 1, updated 0, unchanged 0, refused 0"


@pytest.mark.django_db
def test_a_long_file_comes_in_by_batches(tmp_path: Path, django_assert_max_num_queries: Any) -> None:
    path = tmp_path / "country.geojson"
    path.write_text(
        collection(*(feature(n, name=f"Mama Put {n}", at=(3 + n % 900 / 100, 7.5)) for n in range(1, 5_001)))
    )
    out = io.StringIO()

    with django_assert_max_num_queries(5_000 // 500 * 15):
        call_command("import_osm", str(path), stdout=out)

    assert out.getvalue() == "imported 5000, updated 0, unchanged 0, refused 0\n"


# --- Whatever a file holds ---------------------------------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
ALMOST_A_FEATURE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Feature", "feature"]) | ANY_JSON,
        "id": st.sampled_from(["node/1", "way/22", "node/0", ""]) | ANY_JSON,
        "geometry": st.fixed_dictionaries(
            {"type": st.just("Point"), "coordinates": st.lists(st.floats(2, 15) | ANY_JSON, max_size=3)}
        )
        | ANY_JSON,
        "properties": st.dictionaries(
            st.sampled_from(["name", "amenity", "cuisine", "phone", "website", "addr:street"]),
            st.sampled_from(["restaurant", "Iya Basira", "suya;pizza"]) | ANY_JSON,
            max_size=6,
        )
        | ANY_JSON,
    }
)


class TestWhateverAFileHolds:
    @given(ALMOST_A_FEATURE | ANY_JSON)
    @hypothesis_settings(max_examples=400, deadline=None)
    def test_a_feature_is_a_listing_that_fits_or_a_refusal(self, feature: Any) -> None:
        try:
            listing = listing_of(feature)
        except BadFeature as refusal:
            assert str(refusal).isprintable()
            return

        assert isinstance(listing, Listing)
        assert 0 < len(listing.name) <= 120
        assert 4.1 <= listing.latitude <= 14
        assert 2.6 <= listing.longitude <= 14.8
        assert "\0" not in listing.name + listing.street + listing.neighbourhood + listing.phone + listing.website

    @given(
        st.lists(ANY_JSON, max_size=5), st.dictionaries(st.text(max_size=5), ANY_JSON, max_size=3), st.integers(1, 50)
    )
    @hypothesis_settings(max_examples=200, deadline=None)
    def test_reading_by_pieces_gives_what_reading_at_once_gives(
        self, members: list[Any], beside: dict[str, Any], chunk: int
    ) -> None:
        beside = {key: value for key, value in beside.items() if key not in ("type", "features")}
        text = json.dumps(beside | {"type": "FeatureCollection", "features": members})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "CHUNK", chunk)
            read = list(features_in(io.StringIO(text)))

        assert json.dumps(read) == json.dumps(members)

    @given(st.text(max_size=200) | st.lists(ALMOST_A_FEATURE, max_size=2).map(json.dumps))
    @hypothesis_settings(max_examples=300, deadline=None)
    def test_a_text_is_read_or_refused_in_one_line(self, text: str) -> None:
        try:
            list(features_in(io.StringIO(text)))
        except NotGeoJSON as refusal:
            assert str(refusal).isprintable()

    def test_a_single_value_beyond_all_measure_is_refused_without_keeping_it(self) -> None:
        text = '{"type":"FeatureCollection","features":["' + "x" * (reading.LONGEST_VALUE + 2 * reading.CHUNK)

        with pytest.raises(NotGeoJSON, match="single value of more than 16 MB"):
            list(features_in(io.StringIO(text)))

    def test_a_deep_value_is_stepped_over_wherever_the_pieces_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "CHUNK", 7)
        deep = "[" * 3000 + '"]\\"["' + "]" * 3000
        text = f'{{"type":"FeatureCollection","features":[1,{deep},2]}}'

        read = list(features_in(io.StringIO(text)))

        assert read == [1, Unreadable("is nested too deep"), 2]


@pytest.mark.parametrize(
    ("place", "city"),
    [
        ((6.601, 3.351), "lagos"),
        ((6.62, 3.51), "ikorodu"),
        ((9.153, 7.341), "abuja"),
        ((7.56, 6.62), "ajaokuta"),
        ((11.72, 9.36), "dutse"),
        ((6.335, 5.62), "benin-city"),
    ],
)
def test_a_place_is_searched_under_the_nearest_city(place: tuple[float, float], city: str) -> None:
    assert nearest_city(*place).slug == city


def test_shown_cuts_short_and_escapes() -> None:
    assert shown("a\nb") == "“a\\nb”"
    assert shown("x" * 100, longest=5) == "“xxxxx…”"
