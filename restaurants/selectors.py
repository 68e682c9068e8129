"""Questions about restaurants and menus, answered without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from core.text import search_form
from restaurants.models import (
    Amenity,
    ChargeLine,
    Cuisine,
    Dish,
    DishPrice,
    Menu,
    MenuSection,
    OpeningHours,
    Restaurant,
    Table,
)


@dataclass(frozen=True)
class Search:
    """What a diner looks for; an empty field asks nothing."""

    text: str = ""
    city: str = ""
    neighbourhood: str = ""
    cuisines: tuple[str, ...] = ()
    price_bands: tuple[int, ...] = ()
    amenities: tuple[str, ...] = ()
    step_free: bool = False
    """whether it has to have a table that is reached without a step"""
    bookable: bool | None = None
    near: tuple[float, float] | None = field(default=None)
    within_km: float = 10.0


def restaurants_matching(search: Search) -> "QuerySet[Restaurant]":
    """Return the public restaurants that fit a search, by name; bookable ones are not put first here."""
    found = Restaurant.objects.public().select_related("city").prefetch_related("cuisines")
    if search.text:
        query = words_query(search.text)
        if query is None:
            return found.none()
        # An alias: as an annotation every row would also be parsed again for the answer.
        found = found.alias(words=SearchVector("search_text", config="simple")).filter(words=query)
    if search.city:
        found = found.filter(city__slug=search.city)
    if search.neighbourhood:
        found = found.filter(neighbourhood__iexact=search.neighbourhood)
    if search.cuisines:
        found = found.filter(
            pk__in=Cuisine.restaurants.through.objects.filter(cuisine__slug__in=search.cuisines).values("restaurant_id")
        )
    if search.price_bands:
        found = found.filter(price_band__in=search.price_bands)
    for slug in search.amenities:
        found = found.filter(
            pk__in=Amenity.restaurants.through.objects.filter(amenity__slug=slug).values("restaurant_id")
        )
    if search.step_free:
        found = found.filter(pk__in=Table.objects.filter(is_active=True, is_accessible=True).values("restaurant_id"))
    if search.bookable is True:
        found = found.bookable()
    elif search.bookable is False:
        found = found.exclude(pk__in=Restaurant.objects.bookable().values("pk"))
    if search.near is not None:
        latitude, longitude = search.near
        # A degree of latitude is 111 km; in Nigeria one of longitude is 108 to 110.
        margin = search.within_km / 108
        found = found.filter(
            latitude__range=(latitude - margin, latitude + margin),
            longitude__range=(longitude - margin, longitude + margin),
        )
    return found


def words_query(text: str) -> SearchQuery | None:
    """Return the full-text query for what somebody typed: every word as a prefix, marks ignored; None for no words."""
    words = ["".join(letter for letter in word if letter.isalnum()) for word in search_form(text).split()]
    words = [word for word in words if word][:8]
    if not words:
        return None
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), config="simple", search_type="raw")


def charge_lines_of(
    restaurant_id: int, day: date, *, for_meals: bool = False, for_tickets: bool = False
) -> list[ChargeLine]:
    """Return a house's taxes and charges of a day by its clock, in their order; on meals, on tickets, or all."""
    rows = ChargeLine.objects.filter(restaurant_id=restaurant_id, from_day__lte=day)
    rows = rows.filter(Q(until_day__isnull=True) | Q(until_day__gte=day))
    if for_meals:
        rows = rows.filter(for_meals=True)
    if for_tickets:
        rows = rows.filter(for_tickets=True)
    return list(rows.order_by("position", "pk"))


def ticket_charge_lines_of(restaurant_ids: Iterable[int]) -> dict[int, list[ChargeLine]]:
    """Return all lines on tickets that houses ever had, by house and in their order; see `holding_on`."""
    found: dict[int, list[ChargeLine]] = {key: [] for key in restaurant_ids}
    rows = ChargeLine.objects.filter(restaurant_id__in=found, for_tickets=True).order_by("position", "pk")
    for line in rows:
        found[line.restaurant_id].append(line)
    return found


def holding_on(lines: Iterable[ChargeLine], day: date) -> list[ChargeLine]:
    """Return those of a house's lines that hold on a day."""
    return [line for line in lines if line.from_day <= day and (line.until_day is None or day <= line.until_day)]


def restaurant_id_of(public_id: UUID) -> int | None:
    """Return the key of a public restaurant; None when there is none such."""
    return Restaurant.objects.public().filter(public_id=public_id).values_list("pk", flat=True).first()


def public_id_of(restaurant_id: int) -> UUID | None:
    """Return the id under which the world knows a restaurant."""
    return Restaurant.objects.filter(pk=restaurant_id).values_list("public_id", flat=True).first()


def place_by_slug(slug: str) -> Restaurant | None:
    """Return a public restaurant with its city and rating, for pages that name it and say how to find it."""
    return Restaurant.objects.public().select_related("city", "rating").filter(slug=slug).first()


def restaurant_by_slug(slug: str) -> Restaurant | None:
    """Return a public restaurant with all that its page shows but the menu, in a fixed number of queries."""
    return (
        Restaurant.objects.public()
        .select_related("city", "policy", "rating")
        .prefetch_related(
            "cuisines",
            "amenities",
            "photos",
            "areas",
            Prefetch("opening_hours", OpeningHours.objects.filter(special_day=None).order_by("weekday", "opens")),
        )
        .filter(slug=slug)
        .first()
    )


def menus_of(restaurant_id: int, *, on: date) -> list[Menu]:
    """Return the shown menus with sections, dishes and the price of each dish on a day, in three queries.

    Every dish carries `kobo`, None where no price has begun yet.
    """
    price = DishPrice.objects.filter(dish=OuterRef("pk"), valid_from__lte=on).order_by("-valid_from").values("kobo")[:1]
    dishes = Dish.objects.annotate(kobo=Subquery(price)).order_by("position", "pk")
    sections = MenuSection.objects.order_by("position", "pk").prefetch_related(Prefetch("dishes", dishes))
    return list(
        Menu.objects.filter(restaurant_id=restaurant_id, is_active=True).prefetch_related(
            Prefetch("sections", sections)
        )
    )
