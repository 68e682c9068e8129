"""A restaurant as schema.org describes one, for search engines and assistants."""

import json
from datetime import date
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from restaurants.hours import special_days_ahead
from restaurants.models import Restaurant
from restaurants.reviews.selectors import RatingFigures
from restaurants.reviews.states import LEAST, MOST
from restaurants.service_plan import ServicePlan

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What would end the script element, or begin another one, inside a JSON text.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def restaurant_data(
    restaurant: Restaurant,
    plan: ServicePlan,
    *,
    url: str,
    image: str,
    cuisines: list[str],
    has_menu: bool,
    today: date,
    rating: RatingFigures | None = None,
) -> dict[str, Any]:
    """Return the object for a restaurant; `url` and `image` are whole addresses."""
    hours: list[dict[str, Any]] = [
        _hours(opens, closes, dayOfWeek=f"https://schema.org/{_DAYS[weekday]}")
        for weekday, pairs in sorted(plan.hours.items())
        for opens, closes in sorted(pairs)
    ]
    for special in special_days_ahead(plan, today):
        valid = {"validFrom": special.date.isoformat(), "validThrough": special.date.isoformat()}
        if special.is_closed:
            # Opening and closing at once is how one says "closed on that day".
            hours.append({"@type": "OpeningHoursSpecification", "opens": "00:00", "closes": "00:00", **valid})
        hours += [_hours(opens, closes, **valid) for opens, closes in special.hours if not special.is_closed]
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Restaurant",
        "@id": url,
        "url": url,
        "name": restaurant.name,
        "description": restaurant.description,
        "image": image,
        "telephone": restaurant.phone,
        "servesCuisine": cuisines,
        "priceRange": "₦" * (restaurant.price_band or 0),
        "currenciesAccepted": "NGN",
        "acceptsReservations": restaurant.is_bookable,
        "hasMenu": f"{url}#menu" if has_menu else "",
        "openingHoursSpecification": hours,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": ", ".join(part for part in (restaurant.street, restaurant.neighbourhood) if part),
            "addressLocality": restaurant.city.name,
            "addressRegion": restaurant.city.state,
            "addressCountry": "NG",
        },
        "geo": {"@type": "GeoCoordinates", "latitude": restaurant.latitude, "longitude": restaurant.longitude},
    }
    if rating is not None:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": rating.overall,
            "ratingCount": rating.count,
            "bestRating": MOST,
            "worstRating": LEAST,
        }
    return {name: value for name, value in data.items() if value not in ("", [])}


def _hours(opens: Any, closes: Any, **when: str) -> dict[str, Any]:
    return {"@type": "OpeningHoursSpecification", "opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}", **when}


def as_script_text(data: dict[str, Any]) -> SafeString:
    """Return the object as text that may stand inside a script element, whatever a restaurant calls itself."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308 - escaped in the line itself
