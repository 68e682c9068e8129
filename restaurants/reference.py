"""Rows for the cities, cuisines and amenities Buka knows of, made when the first restaurant needs them.

The positions in cities.json are derived from OpenStreetMap: © OpenStreetMap contributors, ODbL 1.0.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.utils import translation
from django.utils.functional import Promise

from restaurants.models import Amenity, City, Cuisine
from restaurants.vocabulary import AMENITIES, CUISINES

HERE = Path(__file__).parent


@dataclass(frozen=True)
class KnownCity:
    """A city or town, and the middles of its far quarters where one point would not stand for all of it."""

    slug: str
    name: str
    state: str
    latitude: float
    longitude: float
    quarters: tuple[tuple[float, float], ...] = ()


@cache
def known_cities() -> dict[str, KnownCity]:
    """Return the state capitals and larger towns of Nigeria by their slug."""
    rows: list[dict[str, Any]] = json.loads((HERE / "cities.json").read_text())
    return {
        row["slug"]: KnownCity(**row | {"quarters": tuple(tuple(point) for point in row.get("quarters", ()))})
        for row in rows
    }


def nearest_city(latitude: float, longitude: float) -> KnownCity:
    """Return the city a place is searched under."""
    # Degrees on a flat map, those of longitude shortened: exact enough to tell which of two cities is nearer.
    shrink = math.cos(math.radians(latitude)) ** 2
    _distance, slug = min(
        ((north - latitude) ** 2 + (east - longitude) ** 2 * shrink, slug) for north, east, slug in _points()
    )
    return known_cities()[slug]


@cache
def _points() -> list[tuple[float, float, str]]:
    return [
        (*point, city.slug)
        for city in known_cities().values()
        for point in ((city.latitude, city.longitude), *city.quarters)
    ]


def cities(slugs: Iterable[str]) -> dict[str, City]:
    """Return the rows of these cities by slug, making those that are missing.

    :raises KeyError: for a city that is not among the known ones
    """
    wanted = {slug: known_cities()[slug] for slug in sorted(set(slugs))}
    found = {city.slug: city for city in City.objects.filter(slug__in=wanted)}
    for slug, known in wanted.items():
        if slug not in found:
            found[slug], _made = City.objects.get_or_create(
                slug=slug,
                defaults={
                    "name": known.name,
                    "state": known.state,
                    "latitude": known.latitude,
                    "longitude": known.longitude,
                },
            )
    return found


def cuisines(slugs: Iterable[str]) -> dict[str, Cuisine]:
    """Return the rows of these cuisines by slug, making those that are missing.

    :raises KeyError: for a cuisine that is not in the vocabulary
    """
    return _rows(Cuisine, slugs, CUISINES)


def amenities(slugs: Iterable[str]) -> dict[str, Amenity]:
    """Return the rows of these amenities by slug, making those that are missing.

    :raises KeyError: for an amenity that is not in the vocabulary
    """
    return _rows(Amenity, slugs, AMENITIES)


W = TypeVar("W", Cuisine, Amenity)


def _rows(model: type[W], slugs: Iterable[str], vocabulary: Mapping[str, str | Promise]) -> dict[str, W]:
    wanted = {slug: vocabulary[slug] for slug in sorted(set(slugs))}
    found: dict[str, W] = {row.slug: row for row in model._default_manager.filter(slug__in=wanted)}
    # The stored name is the English one; pages translate it by the slug.
    with translation.override("en"):
        for slug, name in wanted.items():
            if slug not in found:
                found[slug], _made = model._default_manager.get_or_create(slug=slug, defaults={"name": str(name)})
    return found
