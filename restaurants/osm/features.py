"""One feature of OpenStreetMap: a listing, or what is wrong with it."""

import math
import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from core import phones
from core.text import clean_line
from restaurants.osm.reading import Unreadable, shown

# Nigeria and a few kilometres around it.
SOUTH, NORTH, WEST, EAST = 4.1, 14.0, 2.6, 14.8
# The same place as far as a diner is concerned: OpenStreetMap's seven decimals are a centimetre.
DECIMALS = 7
_REFERENCE = re.compile(r"(node|way|relation)/[1-9][0-9]{0,18}")
_PLACES_TO_EAT = {
    "restaurant": (),
    "food_court": (),
    "biergarten": ("bar",),
    "fast_food": ("fast-food",),
    "cafe": ("cafe",),
    "bar": ("bar",),
    "pub": ("bar",),
    "ice_cream": ("ice-cream",),
}
# OpenStreetMap's words for a kitchen -> ours (`restaurants.vocabulary`).
CUISINES = {
    "nigerian": "nigerian",
    "african": "african",
    "west_african": "african",
    "local": "nigerian",
    "regional": "nigerian",
    "yoruba": "yoruba",
    "igbo": "igbo",
    "hausa": "hausa",
    "efik": "efik-ibibio",
    "ibibio": "efik-ibibio",
    "suya": "suya",
    "barbecue": "grill",
    "bbq": "grill",
    "grill": "grill",
    "steak_house": "grill",
    "seafood": "seafood",
    "fish": "seafood",
    "chinese": "chinese",
    "asian": "international",
    "thai": "thai",
    "japanese": "japanese",
    "sushi": "japanese",
    "indian": "indian",
    "lebanese": "lebanese",
    "arab": "lebanese",
    "kebab": "lebanese",
    "shawarma": "lebanese",
    "italian": "italian",
    "pizza": "pizza",
    "burger": "burger",
    "american": "american",
    "chicken": "chicken",
    "fried_chicken": "chicken",
    "sandwich": "fast-food",
    "coffee_shop": "cafe",
    "ice_cream": "ice-cream",
    "international": "international",
    "mexican": "mexican",
    "tex_mex": "mexican",
    "bakery": "bakery",
    "cake": "bakery",
    "european": "continental",
    "continental": "continental",
    "french": "french",
    "fine_dining": "fine-dining",
}
_is_web_address = URLValidator(schemes=["http", "https"])


class BadFeature(Exception):
    """The feature cannot become a listing; its text goes on after the feature's name: “has no name”."""


@dataclass(frozen=True)
class Listing:
    """What a listing says of a place, cleaned and checked."""

    reference: str
    name: str
    latitude: float
    longitude: float
    street: str
    neighbourhood: str
    phone: str
    website: str
    cuisines: tuple[str, ...]


def name_of(feature: Any) -> str:
    """Return what a line about this feature calls it, however broken it is."""
    if not isinstance(feature, dict):
        return ""
    properties = feature.get("properties")
    reference = feature.get("id") or (properties.get("@id") if isinstance(properties, dict) else None)
    return shown(reference, longest=40) if isinstance(reference, str | int) else ""


def listing_of(feature: Any) -> Listing:
    """Return the listing a feature describes.

    Tags that are merely unusable, as a telephone number nobody can call, are left out.

    :raises BadFeature: with the reason
    """
    if isinstance(feature, Unreadable):
        raise BadFeature(feature.reason)
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BadFeature("is not a GeoJSON feature")
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        raise BadFeature("has no properties")
    latitude, longitude = _position(feature.get("geometry"))
    return Listing(
        reference=_reference(feature, properties),
        name=_name(properties),
        latitude=latitude,
        longitude=longitude,
        street=_street(properties),
        neighbourhood=_tag(properties, "addr:suburb", 80) or _tag(properties, "addr:district", 80),
        phone=_phone(properties),
        website=_website(properties),
        cuisines=_cuisines(properties),
    )


def _reference(feature: dict, properties: dict) -> str:
    reference = feature.get("id") or properties.get("@id")
    if reference is None:
        raise BadFeature("has no id, as node/123")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise BadFeature("has an id that is not OpenStreetMap's: it looks like node/123")
    return reference


def _position(geometry: Any) -> tuple[float, float]:
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        raise BadFeature("has no Point as its geometry")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
        raise BadFeature("has a Point without a longitude and a latitude")
    longitude, latitude = coordinates[:2]
    for number in (longitude, latitude):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise BadFeature("has coordinates that are not numbers")
    if not (WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH):
        raise BadFeature(f"lies outside Nigeria, at longitude {longitude:.6g} and latitude {latitude:.6g}")
    return round(float(latitude), DECIMALS), round(float(longitude), DECIMALS)


def _name(properties: dict) -> str:
    if properties.get("name") is None:
        raise BadFeature("has no name")
    name = _tag(properties, "name", 120, is_needed=True)
    if not name:
        raise BadFeature("has no name")
    return name


def _tag(properties: dict, key: str, longest: int, *, is_needed: bool = False) -> str:
    """Return a tag's text, cleaned; too long a one is left out unless it is needed."""
    value = properties.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and key in ("addr:housenumber", "phone"):
        value = str(value)
    if not isinstance(value, str):
        raise BadFeature(f"has a {key} that is not text")
    try:
        return clean_line(value, max_length=longest)
    except ValidationError as error:
        if error.code == "text_nul":
            raise BadFeature(f"has a {key} with a null character in it") from error
        if error.code == "text_characters":
            raise BadFeature(f"has a {key} with half a character in it") from error
        if is_needed:
            raise BadFeature(f"has a {key} longer than {longest} characters") from error
        return ""


def _street(properties: dict) -> str:
    number, street = _tag(properties, "addr:housenumber", 20), _tag(properties, "addr:street", 130)
    return f"{number} {street}".strip() if street else ""


def _phone(properties: dict) -> str:
    written = _tag(properties, "phone", 80) or _tag(properties, "contact:phone", 80)
    if not written:
        return ""
    try:
        return phones.normalise(re.split("[;,/]", written)[0])
    except ValidationError:
        return ""


def _website(properties: dict) -> str:
    address = _tag(properties, "website", 200) or _tag(properties, "contact:website", 200)
    if not address:
        return ""
    if "://" not in address:
        address = f"https://{address}"
    try:
        _is_web_address(address)
    except ValidationError:
        return ""
    return address if len(address) <= 200 else ""


def _cuisines(properties: dict) -> tuple[str, ...]:
    kind = _tag(properties, "amenity", 60)
    if kind and kind not in _PLACES_TO_EAT:
        raise BadFeature(f"is no place to eat: its amenity is {shown(kind)}")
    words = re.split("[;,]", _tag(properties, "cuisine", 400).casefold())
    named = {CUISINES[word] for each in words if (word := re.sub(r"[\s-]+", "_", each.strip())) in CUISINES}
    return tuple(sorted(named | set(_PLACES_TO_EAT.get(kind, ()))))
