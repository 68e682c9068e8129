"""GET /api/restaurants: what was asked, and its answer as bytes.

The list is kept under the version that every change of a restaurant raises. Where free times are asked for, only the
order of the houses is kept: the times are read anew, one query for a page however many houses there are.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from django.core import signing
from django.db.models import (
    Case,
    CharField,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Sqrt
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.api.bodies import slot_body
from bookings.availability import Slot
from bookings.discovery import CANDIDATES, Wish, first_free, nearest_times
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.renderers import to_bytes
from core.hotcache import CachedBody, cached_bytes
from localization.formatting import HOME_ZONE
from restaurants import vocabulary
from restaurants.api import bodies
from restaurants.models import Cuisine, Restaurant
from restaurants.opening import open_at
from restaurants.receivers import LIST_VERSION
from restaurants.selectors import Search, restaurants_matching
from restaurants.service_plan import remembered_plan
from restaurants.states import RestaurantStatus

PATH = "/api/restaurants"
LARGEST_PARTY = 400
DAYS_AHEAD = 740
KM_A_DEGREE = 111.195

_RANK = Case(
    When(status=RestaurantStatus.LIVE, then=Value(0)),
    When(status=RestaurantStatus.PAUSED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Place:
    """Where a page begins: after, or when going back before, the row with these values."""

    backwards: bool
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """What a request asks for, read and found in order."""

    search: Search
    open_at: datetime | None
    wish: Wish | None
    facets: bool
    limit: int
    place: Place | None
    query: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        minute = self.open_at.replace(second=0, microsecond=0) if self.open_at else None
        text = repr((self.search, minute, self.facets, self.limit, self.place, self.query))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def candidates_key(self) -> str:
        minute = self.open_at.replace(second=0, microsecond=0) if self.open_at else None
        return hashlib.blake2b(repr((self.search, minute, self.place)).encode(), digest_size=16).hexdigest()

    @property
    def order(self) -> tuple[str, ...]:
        return ("distance", "pk") if self.search.near else ("rank", "name", "pk")


# --- Reading -----------------------------------------------------------------------------------------------------

_ECHOED = (
    "q",
    "city",
    "neighbourhood",
    "area",
    "near",
    "within_km",
    "cuisine",
    "price_band",
    "amenities",
    "step_free",
    "open_at",
    "bookable",
    "party_size",
    "date",
    "time",
    "starts_at",
    "facets",
    "limit",
)


def read(data: QueryDict, *, now: datetime | None = None) -> Asked:
    """Return what the parameters ask for.

    :raises InvalidInput: naming each parameter that makes no sense
    """
    query = Query(data)
    now = now or timezone.now()
    near = query.place("near")
    if query.has("within_km") and not query.has("near"):
        query.refuse("within_km", _("This goes together with near."))
    step_free = bool(query.boolean("step_free"))
    search = Search(
        text=query.text("q", max_length=100),
        city=query.slug("city"),
        neighbourhood=query.text("neighbourhood", max_length=80) or query.text("area", max_length=80),
        cuisines=tuple(sorted(query.slugs("cuisine"))),
        price_bands=tuple(sorted(query.numbers("price_band", least=1, most=4))),
        amenities=tuple(sorted(query.slugs("amenities", most=10))),
        step_free=step_free,
        bookable=query.boolean("bookable"),
        near=near,
        within_km=query.decimal("within_km", least=0.1, most=500, default=10.0),
    )
    opened = now if data.get("open_at", "").strip().lower() == "now" else query.instant("open_at")
    wish = _wish(query, now, step_free=step_free)
    limit = query.number("limit", least=1, most=CursorPages.max_page_size, default=20) or 20
    place = _place(query, data.get("cursor"), is_near=near is not None)
    facets = bool(query.boolean("facets"))
    query.check()
    echoed = tuple((name, value) for name in _ECHOED for value in data.getlist(name) if value.strip())
    return Asked(search, opened, wish, facets, limit, place, echoed)


def _wish(query: Query, now: datetime, *, step_free: bool) -> Wish | None:
    party_size = query.number("party_size", least=1, most=LARGEST_PARTY)
    day, clock, starts_at = query.day("date"), query.clock("time"), query.instant("starts_at")
    has_time = query.has("date") or query.has("starts_at")
    if not has_time:
        for name in ("party_size", "time"):
            if query.has(name):
                query.refuse(name, _("Say for which day too, with date or starts_at."))
        return None
    if not query.has("party_size"):
        query.refuse("party_size", _("Say for how many people."))
    if query.has("date") and query.has("starts_at"):
        query.refuse("starts_at", _("Give either date and time, or starts_at."))
    if starts_at is not None:
        local = starts_at.astimezone(HOME_ZONE)
        # An hour after midnight belongs to the night that began the day before.
        day = local.date() - timedelta(days=1) if local.time() < Wish.night_ends else local.date()
        clock = local.time()
    if day is None or party_size is None:
        return None
    today = now.astimezone(HOME_ZONE).date()
    name = "starts_at" if starts_at else "date"
    if day < today - timedelta(days=1):
        query.refuse(name, _("That day has passed. Choose today or a later day."))
    if day > today + timedelta(days=DAYS_AHEAD):
        query.refuse(name, _("That is too far ahead. Choose a day within two years."))
    return Wish(day, party_size, clock, step_free=step_free)


def _place(query: Query, given: str | None, *, is_near: bool) -> Place | None:
    if given is None:
        return None
    try:
        if len(given) > 900:
            raise ValueError
        values = signing.loads(given, salt=_salt(is_near))
        return Place(bool(values[0]), tuple(values[1:]))
    except (signing.BadSignature, ValueError, TypeError, IndexError):
        query.refuse("cursor", _("This page does not exist any more. Start again from the first one."))
        return None


def _salt(is_near: bool) -> str:
    return f"cursor:{PATH}:{'distance' if is_near else 'name'}"


# --- Answering ---------------------------------------------------------------------------------------------------


def answer(asked: Asked, *, now: datetime | None = None) -> CachedBody:
    """Return the page that was asked for."""
    if asked.wish is not None:
        return CachedBody.of(to_bytes(_free(asked, asked.wish, now or timezone.now())))
    key = f"list:{asked.key}:{get_language()}"
    return cached_bytes(key, [LIST_VERSION], lambda: to_bytes(_listed(asked)))


def _listed(asked: Asked) -> dict[str, Any]:
    backwards = asked.place is not None and asked.place.backwards
    found = _after(_ordered(asked), asked)
    order = [f"-{name}" for name in asked.order] if backwards else list(asked.order)
    rows = list(_rows(found, asked).order_by(*order)[: asked.limit + 1])
    has_more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    if backwards:
        rows.reverse()
    return _page(asked, rows, [_item(row) for row in rows], has_more=has_more)


def _rows(found: "QuerySet[Restaurant]", asked: Asked) -> "QuerySet[Restaurant, dict[str, Any]]":
    return bodies.short_rows(found, *asked.order)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    item = bodies.short(row)
    if "distance" in row:
        item["distance_km"] = round(row["distance"], 2)
    return item


def _page(
    asked: Asked, rows: Sequence[dict[str, Any]], results: list[dict[str, Any]], *, has_more: bool
) -> dict[str, Any]:
    place = asked.place
    backwards = place is not None and place.backwards
    has_next = bool(rows) and (has_more or backwards)
    has_previous = bool(rows) and (has_more if backwards else place is not None)
    page: dict[str, Any] = {
        "results": results,
        "next": _link(asked, rows[-1], backwards=False) if has_next else None,
        "previous": _link(asked, rows[0], backwards=True) if has_previous else None,
    }
    if asked.facets:
        page["facets"] = _facets(asked)
    return page


def _link(asked: Asked, row: dict[str, Any], *, backwards: bool) -> str:
    values = [int(backwards), *(row[name] for name in asked.order)]
    cursor = signing.dumps(values, salt=_salt(asked.search.near is not None), compress=True)
    return bodies.absolute(f"{PATH}?{urlencode([*asked.query, ('cursor', cursor)])}")


def _matching(asked: Asked) -> "QuerySet[Restaurant]":
    found = restaurants_matching(asked.search).prefetch_related(None).select_related(None).order_by()
    if asked.open_at is not None:
        found = open_at(found, asked.open_at)
    if asked.search.near is not None:
        found = found.alias(distance=_distance(asked.search.near)).filter(distance__lte=asked.search.within_km)
    return found


def _ordered(asked: Asked) -> "QuerySet[Restaurant]":
    found = _matching(asked)
    if asked.search.near is not None:
        return found.annotate(distance=_distance(asked.search.near))
    return found.annotate(rank=_RANK)


def _distance(near: tuple[float, float]) -> ExpressionWrapper:
    """Kilometres on a plane, which for the width of a city is exact to a few metres."""
    latitude, longitude = near
    north = (F("latitude") - Value(latitude)) * Value(KM_A_DEGREE)
    east = (F("longitude") - Value(longitude)) * Value(KM_A_DEGREE * math.cos(math.radians(latitude)))
    return ExpressionWrapper(Sqrt(north * north + east * east), output_field=FloatField())


def _after(found: "QuerySet[Restaurant]", asked: Asked) -> "QuerySet[Restaurant]":
    if asked.place is None:
        return found
    side = "lt" if asked.place.backwards else "gt"
    condition = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(asked.order, asked.place.values, strict=True):
        condition |= Q(**equal, **{f"{name}__{side}": value})
        equal[name] = value
    return found.filter(condition)


# --- With free times ---------------------------------------------------------------------------------------------


def _free(asked: Asked, wish: Wish, now: datetime) -> dict[str, Any]:
    backwards = asked.place is not None and asked.place.backwards
    free = first_free(_candidates(asked), wish, asked.limit + 1, now=now)
    chosen = list(free)
    has_more = len(chosen) > asked.limit
    chosen = chosen[: asked.limit]
    if backwards:
        chosen.reverse()
    found = Restaurant.objects.public().filter(pk__in=chosen)
    if asked.search.near is not None:
        found = found.annotate(distance=_distance(asked.search.near))
    else:
        found = found.annotate(rank=_RANK)
    by_key = {row["pk"]: row for row in _rows(found, asked)}
    rows = [by_key[pk] for pk in chosen if pk in by_key]
    results = [{**_item(row), "free_slots": _slots(row["pk"], free[row["pk"]], wish)} for row in rows]
    return _page(asked, rows, results, has_more=has_more)


def _candidates(asked: Asked) -> list[int]:
    """Return the keys of the bookable houses that fit, from where the page begins, in the order they are read."""
    backwards = asked.place is not None and asked.place.backwards
    order = [f"-{name}" for name in asked.order] if backwards else asked.order

    def build() -> bytes:
        found = _after(_ordered(asked), asked).filter(status=RestaurantStatus.LIVE).order_by(*order)
        return orjson.dumps(list(found.values_list("pk", flat=True)[:CANDIDATES]))

    ids: list[int] = orjson.loads(cached_bytes(f"candidates:{asked.candidates_key}", [LIST_VERSION], build).body)
    return ids


def _slots(restaurant_id: int, slots: list[Slot], wish: Wish) -> list[dict[str, Any]]:
    plan = remembered_plan(restaurant_id)
    return [slot_body(plan, slot) for slot in nearest_times(slots, wish.target)]


# --- Counts ------------------------------------------------------------------------------------------------------


def _facets(asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """Return how many of all that was found, on every page, lie in each city, cook each cuisine, cost how much."""
    found = _matching(asked)
    links = Cuisine.restaurants.through.objects.filter(restaurant__in=found.values("pk"))
    cuisines = _counted(links, "cuisine", F("cuisine__slug"), F("cuisine__name"), "restaurant")
    cities = _counted(found, "city", F("city__slug"), F("city__name"), "pk")
    band = Cast("price_band", CharField())
    bands = _counted(found.exclude(price_band=None), "price_band", band, band, "pk")
    groups: dict[str, list[dict[str, Any]]] = {"city": [], "cuisine": [], "price_band": []}
    for kind, value, name, count in cities.union(cuisines, bands, all=True):
        if kind == "cuisine":
            name = vocabulary.name_of(vocabulary.CUISINES, value, name)
        groups[kind].append({"value": value, "name": name, "count": count})
    for counts in groups.values():
        counts.sort(key=lambda each: (-each["count"], each["name"]))
    return groups


def _counted(rows: "QuerySet[Any]", kind: str, value: Any, name: Any, what: str) -> "QuerySet[Any, tuple[Any, ...]]":
    text = CharField()
    named = rows.annotate(facet=Value(kind, text), value=Cast(value, text), label=Cast(name, text))
    return (
        named.values("facet", "value", "label")
        .annotate(count=Count(what))
        .values_list("facet", "value", "label", "count")
    )
