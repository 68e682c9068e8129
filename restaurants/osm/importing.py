"""Writing listings: new ones are made, changed ones follow their source, an owner's own are left alone."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from core.hotcache import bump
from restaurants import reference, services
from restaurants.models import City, Cuisine, Restaurant
from restaurants.osm.features import BadFeature, Listing, listing_of, name_of
from restaurants.receivers import LIST_VERSION, version_of
from restaurants.states import RestaurantStatus

SOURCE = "osm"
ATTRIBUTION = "© OpenStreetMap contributors"
BATCH = 500
_LOCK = 0x0511_57  # any number, the same for every import
_FIELDS = ("name", "latitude", "longitude", "street", "neighbourhood", "phone", "website")


@dataclass
class Report:
    """How an import went. `kept` counts, within `unchanged`, listings that belong to somebody by now."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    kept: int = 0


def import_features(features: Iterable[Any], *, refuse: Callable[[int, str, str], None]) -> Report:
    """Bring features in as unverified listings, a batch per transaction.

    :param refuse: told of every bad feature: its place in the file counted from 1, its id or "", and the reason
    """
    report = Report()
    listings = _sound_listings(features, report, refuse)
    while batch := list(itertools.islice(listings, BATCH)):
        _write(batch, report)
    return report


def _sound_listings(
    features: Iterable[Any], report: Report, refuse: Callable[[int, str, str], None]
) -> Iterator[Listing]:
    seen: dict[str, int] = {}
    for number, feature in enumerate(features, start=1):
        try:
            listing = listing_of(feature)
            if listing.reference in seen:
                raise BadFeature(f"has the id of feature {seen[listing.reference]} again")
        except BadFeature as error:
            report.refused += 1
            refuse(number, name_of(feature), str(error))
        else:
            seen[listing.reference] = number
            yield listing


@transaction.atomic
def _write(batch: list[Listing], report: Report) -> None:
    with connection.cursor() as cursor:
        # Two imports at once take turns, batch by batch.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    nearest = {listing.reference: reference.nearest_city(listing.latitude, listing.longitude).slug for listing in batch}
    cities = reference.cities(nearest.values())
    cuisines = reference.cuisines(slug for listing in batch for slug in listing.cuisines)
    rows = Restaurant.objects.filter(source=SOURCE, source_ref__in=[listing.reference for listing in batch])
    known = {row.source_ref: row for row in rows.select_for_update(of=("self",)).prefetch_related("cuisines")}
    owned = _owned(row.pk for row in known.values())

    new: list[tuple[Restaurant, Listing]] = []
    changed: list[tuple[Restaurant, Listing]] = []
    for listing in batch:
        row = known.get(listing.reference)
        city = cities[nearest[listing.reference]]
        digest = _digest(listing, listing.cuisines)
        if row is None:
            row = Restaurant(source=SOURCE, source_ref=listing.reference)
            new.append((_filled(row, listing, city, cuisines, digest), listing))
        elif row.source_digest == digest:
            report.unchanged += 1
        elif row.status != RestaurantStatus.LISTED or row.pk in owned or _was_edited(row):
            report.unchanged += 1
            report.kept += 1
        else:
            changed.append((_filled(row, listing, city, cuisines, digest), listing))
    _insert(new, cuisines)
    _update(changed, cuisines)
    written = [row.pk for row, _listing in new + changed]
    if written:
        bump(LIST_VERSION, *(version_of(pk) for pk in written))
    report.imported += len(new)
    report.updated += len(changed)


def _filled(row: Restaurant, listing: Listing, city: City, cuisines: dict[str, Cuisine], digest: str) -> Restaurant:
    for field in _FIELDS:
        setattr(row, field, getattr(listing, field))
    row.city = city
    row.status = RestaurantStatus.LISTED
    row.attribution = ATTRIBUTION
    row.source_digest = digest
    row.search_text = services.search_text_of(row, cuisines=[cuisines[slug].name for slug in listing.cuisines])
    row.updated_at = timezone.now()
    return row


def _insert(rows: list[tuple[Restaurant, Listing]], cuisines: dict[str, Cuisine]) -> None:
    _give_slugs([row for row, _listing in rows])
    Restaurant.objects.bulk_create([row for row, _listing in rows])
    _set_cuisines(rows, cuisines)


def _update(rows: list[tuple[Restaurant, Listing]], cuisines: dict[str, Cuisine]) -> None:
    # The slug stays: addresses that people and search engines keep must go on working.
    Restaurant.objects.bulk_update(
        [row for row, _listing in rows], [*_FIELDS, "city", "source_digest", "search_text", "updated_at"]
    )
    links = Restaurant.cuisines.through
    links.objects.filter(restaurant__in=[row.pk for row, _listing in rows]).delete()
    _set_cuisines(rows, cuisines)


def _set_cuisines(rows: list[tuple[Restaurant, Listing]], cuisines: dict[str, Cuisine]) -> None:
    links = Restaurant.cuisines.through
    links.objects.bulk_create(
        links(restaurant_id=row.pk, cuisine_id=cuisines[slug].pk) for row, listing in rows for slug in listing.cuisines
    )


def _give_slugs(rows: list[Restaurant]) -> None:
    """Give each a slug of its name and city; the second of a name gets its number at the source as well."""
    wishes = {row.source_ref: _slugs_for(row) for row in rows}
    asked = [slug for slugs in wishes.values() for slug in slugs]
    taken = set(Restaurant.objects.filter(slug__in=asked).values_list("slug", flat=True))
    for row in rows:
        row.slug = next(slug for slug in wishes[row.source_ref] if slug not in taken)
        taken.add(row.slug)


def _slugs_for(row: Restaurant) -> tuple[str, str, str]:
    kind, number = row.source_ref.split("/")
    plain = f"{slugify(row.name)[:40].strip('-') or 'restaurant'}-{row.city.slug}"[:50]
    return plain, f"{plain}-{kind[0]}{number}", f"restaurant-{row.public_id.hex}"


def _owned(restaurant_ids: Iterable[int]) -> set[int]:
    return set(
        Restaurant.objects.filter(pk__in=list(restaurant_ids), memberships__isnull=False).values_list("pk", flat=True)
    )


def _was_edited(row: Restaurant) -> bool:
    """Tell whether somebody changed the listing since it was brought in: it no longer matches its digest."""
    return row.source_digest != _digest(row, sorted(cuisine.slug for cuisine in row.cuisines.all()))


def _digest(row: Listing | Restaurant, cuisines: Iterable[str]) -> str:
    said = {field: getattr(row, field) for field in _FIELDS} | {"cuisines": list(cuisines)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
