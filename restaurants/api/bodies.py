"""What the API says of restaurants and menus, as plain values made in few queries (see serializers for the words)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone, translation

from core.money import to_api
from localization.formatting import HOME_ZONE
from localization.languages import every_language
from restaurants import vocabulary
from restaurants.models import Amenity, Area, ChargeLine, Cuisine, OpeningHours, Photo, Restaurant, SpecialDay
from restaurants.reviews.selectors import mean
from restaurants.selectors import charge_lines_of, menus_of
from restaurants.states import RestaurantStatus

CURRENCY = "NGN"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPECIAL_DAYS_AHEAD = timedelta(days=90)

_SHORT = (
    "public_id",
    "slug",
    "name",
    "status",
    "neighbourhood",
    "price_band",
    "latitude",
    "longitude",
    "attribution",
    "city__slug",
    "city__name",
    "city__state",
    "rating__count",
    "rating__overall_sum",
)
_POLICY = (
    "min_party_online",
    "max_party_online",
    "max_party_on_request",
    "window_days",
    "min_lead_minutes",
    "grace_minutes",
    "free_cancellation_hours",
    "needs_approval",
    "deposit_kobo_per_guest",
    "deposit_from_party",
    "no_show_fee_kobo_per_guest",
    "late_cancellation_fee_kobo_per_guest",
    "fee_from_party",
    "note",
)
_LONG = (
    *_SHORT,
    "pk",
    "description",
    "street",
    "landmark",
    "time_zone",
    "phone",
    "email",
    "website",
    "house_rules",
    "updated_at",
    *(f"policy__{name}" for name in _POLICY),
)


def absolute(address: str) -> str:
    """Return an address as programs elsewhere can use it."""
    return f"{settings.BASE_URL}{address}" if address.startswith("/") else address


def page_url(slug: str) -> str:
    """Return the address of a restaurant's page in the asker's language."""
    return absolute(reverse("bookings:restaurant", args=[slug]))


def money(kobo: int) -> dict[str, str]:
    return {"amount": to_api(kobo), "currency": CURRENCY}


# --- In a list ---------------------------------------------------------------------------------------------------


def short_rows(restaurants: "QuerySet[Restaurant]", *more: str) -> "QuerySet[Restaurant, dict[str, Any]]":
    """Return the rows short() is made from, in one query and in the order of the query set."""
    photos = Photo.objects.filter(restaurant_id=OuterRef("pk")).order_by("position", "pk")
    return (
        restaurants.prefetch_related(None)
        .select_related(None)
        .annotate(cuisine_words=_words(Cuisine, "cuisine"), photo=Subquery(photos.values("image")[:1]))
        .values(*_SHORT, "cuisine_words", "photo", *more)
    )


def _words(model: type[Cuisine] | type[Amenity], name: str) -> ArraySubquery:
    links = model.restaurants.through.objects.filter(restaurant_id=OuterRef("pk")).order_by(f"{name}__name")
    return ArraySubquery(links.values(word=JSONObject(slug=f"{name}__slug", name=f"{name}__name")))


def short(row: dict[str, Any]) -> dict[str, Any]:
    """Return a restaurant as a list shows it."""
    return {
        "id": row["public_id"],
        "slug": row["slug"],
        "name": row["name"],
        "url": page_url(row["slug"]),
        "status": row["status"],
        "bookable": row["status"] == RestaurantStatus.LIVE,
        "city": {"slug": row["city__slug"], "name": row["city__name"], "state": row["city__state"]},
        "neighbourhood": row["neighbourhood"],
        "cuisines": _named(vocabulary.CUISINES, row["cuisine_words"]),
        "price_band": row["price_band"],
        "position": {"latitude": row["latitude"], "longitude": row["longitude"]},
        "image": _photo_url(row["photo"]) if row["photo"] else _artwork_url(row["slug"]),
        "rating": _rating(row),
        "attribution": row["attribution"] or None,
    }


def _rating(row: dict[str, Any]) -> dict[str, Any] | None:
    count = row["rating__count"]
    return {"mean": mean(row["rating__overall_sum"], count), "count": count} if count else None


def _named(words: dict[str, Any], rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [{"slug": row["slug"], "name": vocabulary.name_of(words, row["slug"], row["name"])} for row in rows]


def _photo_url(name: str) -> str:
    field: Any = Photo._meta.get_field("image")
    return absolute(field.storage.url(name))


def _artwork_url(slug: str) -> str:
    return absolute(reverse("restaurant_assets:restaurant_art", args=[slug]))


# --- By itself ---------------------------------------------------------------------------------------------------


def detail(restaurant_id: int) -> dict[str, Any] | None:
    """Return all of a public restaurant but its menu, in six queries; None when there is none such."""
    found = Restaurant.objects.public().filter(pk=restaurant_id).annotate(amenity_words=_words(Amenity, "amenity"))
    row = short_rows(found, *_LONG[len(_SHORT) :], "amenity_words").first()
    if row is None:
        return None
    photos = list(Photo.objects.filter(restaurant_id=restaurant_id).order_by("position", "pk"))
    areas = Area.objects.filter(restaurant_id=restaurant_id).order_by("position", "pk")
    today = timezone.now().astimezone(HOME_ZONE).date()
    weekly, special = _hours(restaurant_id)
    return {
        **short(row),
        "description": row["description"],
        "address": {
            "street": row["street"],
            "neighbourhood": row["neighbourhood"],
            "city": row["city__name"],
            "state": row["city__state"],
            "country": "NG",
        },
        "landmark": row["landmark"],
        "time_zone": row["time_zone"],
        "phone": row["phone"] or None,
        "email": row["email"] or None,
        "website": row["website"] or None,
        "amenities": _named(vocabulary.AMENITIES, row["amenity_words"]),
        "areas": [
            {"id": public_id, "name": name, "outdoor": is_outdoor}
            for public_id, name, is_outdoor in areas.values_list("public_id", "name", "is_outdoor")
        ],
        "hours": weekly,
        "special_days": _special_days(restaurant_id, today, special),
        "policy": _policy(row),
        "charges": [charge_line(line) for line in charge_lines_of(restaurant_id, today)],
        "house_rules": row["house_rules"],
        "photos": [
            {"url": absolute(photo.image.url), "alt": photo.alt, "width": photo.width, "height": photo.height}
            for photo in photos
        ],
        "languages": _languages(row["slug"]),
        "links": _links(row["public_id"]),
        "updated_at": row["updated_at"],
    }


def charge_line(line: ChargeLine) -> dict[str, Any]:
    return {
        "kind": line.what,
        "name": line.name,
        "tax": line.is_tax,
        "rate": f"{line.rate_bp // 100}.{line.rate_bp % 100:02d}",
        "on": line.base,
        "included": line.is_included,
        "meals": line.for_meals,
        "tickets": line.for_tickets,
        "from": line.from_day,
        "until": line.until_day,
    }


def _hours(restaurant_id: int) -> tuple[list[dict[str, Any]], dict[int, list[dict[str, Any]]]]:
    weekly: list[dict[str, Any]] = []
    special: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = OpeningHours.objects.filter(restaurant_id=restaurant_id).order_by("weekday", "opens")
    for weekday, day, opens, closes in rows.values_list("weekday", "special_day_id", "opens", "closes"):
        if day is not None:
            special[day].append(_stretch(opens, closes))
        else:
            weekly.append({"weekday": WEEKDAYS[weekday], **_stretch(opens, closes)})
    return weekly, special


def _stretch(opens: time, closes: time) -> dict[str, Any]:
    return {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}", "closes_next_day": closes <= opens}


def _special_days(restaurant_id: int, today: date, hours: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    days = SpecialDay.objects.filter(restaurant_id=restaurant_id, date__range=(today, today + SPECIAL_DAYS_AHEAD))
    return [
        {"date": day, "name": name, "closed": is_closed, "note": note, "hours": [] if is_closed else hours[pk]}
        for pk, day, name, is_closed, note in days.values_list("pk", "date", "name", "is_closed", "note")
    ]


def _policy(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["status"] == RestaurantStatus.LISTED or row["policy__window_days"] is None:
        return None
    deposit = row["policy__deposit_kobo_per_guest"]
    return {
        "min_party": row["policy__min_party_online"],
        "max_party": row["policy__max_party_online"],
        "max_party_on_request": row["policy__max_party_on_request"] or None,
        "window_days": row["policy__window_days"],
        "min_notice_minutes": row["policy__min_lead_minutes"],
        "grace_minutes": row["policy__grace_minutes"],
        "free_cancellation_hours": row["policy__free_cancellation_hours"],
        "needs_approval": row["policy__needs_approval"],
        "deposit": {"per_guest": money(deposit), "from_party": row["policy__deposit_from_party"]} if deposit else None,
        "fees": _fees(row),
        "note": row["policy__note"],
    }


def _fees(row: dict[str, Any]) -> dict[str, Any] | None:
    no_show, late = row["policy__no_show_fee_kobo_per_guest"], row["policy__late_cancellation_fee_kobo_per_guest"]
    if not (no_show or late):
        return None
    return {
        "no_show_per_guest": money(no_show),
        "late_cancellation_per_guest": money(late),
        "from_party": row["policy__fee_from_party"],
    }


def _languages(slug: str) -> list[dict[str, str]]:
    pages = []
    for language in every_language():
        with translation.override(language.code):
            pages.append({"tag": language.tag, "url": page_url(slug)})
    return pages


def _links(public_id: UUID) -> dict[str, str]:
    return {
        "self": absolute(reverse("restaurants_api:restaurant", args=[public_id])),
        "menu": absolute(reverse("restaurants_api:menu", args=[public_id])),
        "availability": absolute(f"/api/restaurants/{public_id}/availability"),
        "reviews": absolute(f"/api/restaurants/{public_id}/reviews"),
    }


# --- The menu ----------------------------------------------------------------------------------------------------


def menu(restaurant_id: int) -> dict[str, Any] | None:
    """Return the menus of a public restaurant with today's prices, in four queries; None when there is none such."""
    public_id = Restaurant.objects.public().filter(pk=restaurant_id).values_list("public_id", flat=True).first()
    if public_id is None:
        return None
    today = timezone.now().astimezone(HOME_ZONE).date()
    return {
        "restaurant": public_id,
        "currency": CURRENCY,
        "menus": [
            {
                "name": card.name,
                "sections": [
                    {"name": section.name, "dishes": [_dish(dish) for dish in section.dishes.all()]}
                    for section in card.sections.all()
                ],
            }
            for card in menus_of(restaurant_id, on=today)
        ],
    }


def _dish(dish: Any) -> dict[str, Any]:
    course = f"?course={dish.course}" if dish.course else ""
    return {
        "id": dish.public_id,
        "name": dish.name,
        "other_names": dish.other_names,
        "description": dish.description,
        "course": dish.course or None,
        "price": None if dish.kobo is None else money(dish.kobo),
        "allergens": list(dish.allergens),
        "removable_allergens": list(dish.removable_allergens),
        "heat": dish.heat,
        "vegetarian": dish.is_vegetarian or dish.is_vegan,
        "vegan": dish.is_vegan,
        "available": not dish.is_finished,
        "image": absolute(reverse("restaurant_assets:dish_art", args=[dish.slug])) + course,
    }
