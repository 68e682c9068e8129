"""The pages on which a diner finds a restaurant and a free time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from bookings import discovery, limits, terms, ticketing, wording
from bookings.discovery import Card, Vocabulary, Wish
from bookings.forms.search import DEFAULT_PARTY, NIGHT_ENDS, SearchForm, TimesForm
from bookings.subscribers import address_of, map_url
from bookings.times import Times, book_url, times_of
from bookings.views.ticketing import items_of
from core import phones
from core.hotcache import cached_bytes
from localization import formatting
from localization.formatting import HOME_ZONE
from localization.languages import current_language
from payments.gateways.registry import is_paid_online
from restaurants import charge_words
from restaurants import vocabulary as words
from restaurants.hours import door_state, special_days_ahead, week_of
from restaurants.models import Photo, Restaurant
from restaurants.receivers import version_of
from restaurants.reviews.selectors import RatingFigures, published, rating_of
from restaurants.selectors import Search, charge_lines_of, menus_of, restaurant_by_slug
from restaurants.service_plan import ServicePlan, plan_of
from restaurants.sketch import sketch
from restaurants.states import DepositDue, PriceBand, RestaurantStatus
from restaurants.structured_data import as_script_text, restaurant_data

CURSOR = "page"
REVIEWS_SHOWN = 3
EVENTS_SHOWN = 3
# A house with more of them tells the rest with each time.
SPECIAL_TERMS_TOLD = 8


def _today() -> date:
    return timezone.now().astimezone(HOME_ZONE).date()


def _is_fragment(request: HttpRequest, target: str) -> bool:
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == target


def _search_form(vocabulary: Vocabulary, data: Any = None, **options: Any) -> SearchForm:
    return SearchForm(
        data,
        today=_today(),
        cities=[(city.slug, city.name) for city in vocabulary.cities],
        neighbourhoods=vocabulary.neighbourhoods,
        cuisines=[(slug, words.name_of(words.CUISINES, slug, name)) for slug, name in vocabulary.cuisines.items()],
        price_bands=[(band.value, band.label) for band in PriceBand],
        **options,
    )


# --- Cards -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownCard:
    """A card in the words of the page."""

    restaurant: Restaurant
    url: str
    claim_url: str
    photo: str
    where: str
    cuisines: list[str]
    price_label: str
    times: list[tuple[datetime, str]]
    rating: RatingFigures | None = None

    @property
    def is_listing(self) -> bool:
        return self.restaurant.status == RestaurantStatus.LISTED

    @property
    def is_paused(self) -> bool:
        return self.restaurant.status == RestaurantStatus.PAUSED

    @property
    def price_signs(self) -> str:
        return "₦" * (self.restaurant.price_band or 0)


def _shown(
    card: Card, vocabulary: Vocabulary, *, party_size: int, day: date | None = None, step_free: bool = False
) -> ShownCard:
    restaurant = card.restaurant
    query = {"party": party_size} | ({"date": day} if day else {}) | ({"step_free": "on"} if step_free else {})
    url = reverse("bookings:restaurant", args=[restaurant.slug])
    zone = ZoneInfo(restaurant.time_zone)
    times = [
        (slot.starts_at, book_url(restaurant.slug, slot.starts_at, zone, party_size, step_free=step_free))
        for slot in card.slots
    ]
    return ShownCard(
        restaurant,
        f"{url}?{urlencode(query)}" if day or step_free or party_size != DEFAULT_PARTY else url,
        reverse("restaurants:claim", args=[restaurant.slug]),
        _photo_url(card.photo),
        ", ".join(dict.fromkeys(part for part in (restaurant.neighbourhood, restaurant.city.name) if part)),
        [words.name_of(words.CUISINES, slug, vocabulary.cuisines.get(slug, slug)) for slug in card.cuisine_slugs],
        str(PriceBand(restaurant.price_band).label) if restaurant.price_band else "",
        times,
        rating_of(restaurant),
    )


def _photo_url(name: str | None) -> str:
    field: Any = Photo._meta.get_field("image")
    return str(field.storage.url(name)) if name and field.storage.exists(name) else ""


# --- Home --------------------------------------------------------------------------------------------------------


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    vocabulary = discovery.vocabulary()
    evening = discovery.evening_ahead()
    today = _today()
    feast = discovery.feast_ahead(today)
    context = {
        "form": _search_form(vocabulary, initial={"date": "", "party": DEFAULT_PARTY}),
        "cities": sorted(vocabulary.cities, key=lambda city: (-city.bookable, -city.count, city.name))[:12],
        "evening": evening,
        "cards": [
            _shown(card, vocabulary, party_size=evening.party_size, day=None if evening.is_today else evening.day)
            for card in evening.cards
        ],
        "evening_query": urlencode({"date": evening.day, "time": "19:00", "party": evening.party_size}),
        "feast": feast,
        "feast_is_on": feast is not None and feast.date <= today,
        "structured_data": as_script_text(_site_data(request)),
        "drop_query": True,
    }
    return render(request, "bookings/home.html", context)


def _site_data(request: HttpRequest) -> dict[str, Any]:
    search = request.build_absolute_uri(reverse("bookings:search"))
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": "Buka",
        "url": request.build_absolute_uri(reverse("bookings:home")),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{search}?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }


# --- Search ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """Something the list is narrowed by, and the address of the list without it."""

    label: str
    url: str


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    limits.look(request)
    vocabulary = discovery.vocabulary()
    form = _search_form(vocabulary, request.GET)
    was_refused = request.GET.get("refused") == "1"
    if not form.is_valid():
        response = render(
            request,
            "bookings/_search.html" if _is_fragment(request, "results") else "bookings/search.html",
            {"form": form, "refused": True, "title": _("Find a table"), "details_open": True},
            status=422,
        )
        if _is_fragment(request, "results"):
            response["HX-Retarget"] = "#search"
            response["HX-Reswap"] = "outerHTML"
            response["HX-Push-Url"] = "false"
        return _varied(response)
    asked = form.cleaned_data
    wish = _wish(asked)
    party_size = asked["party"] or DEFAULT_PARTY
    page = discovery.find(
        Search(
            text=asked["q"],
            city=asked["city"],
            neighbourhood=asked["neighbourhood"],
            cuisines=tuple(asked["cuisine"]),
            price_bands=tuple(asked["price"]),
            step_free=asked["step_free"],
        ),
        wish,
        cursor=request.GET.get(CURSOR, ""),
    )
    query = _query_of(asked)
    conditions = _conditions(asked, query, vocabulary)
    day = wish.day if wish else None
    context = {
        "form": form,
        "title": _title(asked, wish, vocabulary),
        "cards": [
            _shown(card, vocabulary, party_size=party_size, day=day, step_free=asked["step_free"])
            for card in page.cards
        ],
        "wish": wish,
        "conditions": conditions,
        "without_time_url": _search_url(_without(query, "date", "time")) if wish else "",
        "any_time_url": _search_url(_without(query, "time")) if wish and asked["time"] else "",
        "next_day_url": _search_url(_with(query, "date", wish.day + timedelta(days=1))) if wish else "",
        "all_url": reverse("bookings:search"),
        "events_url": f"{reverse('bookings:events')}?{urlencode({'city': asked['city']})}" if asked["city"] else "",
        "previous_url": _search_url([*query, (CURSOR, page.previous_cursor)]) if page.previous_cursor else "",
        "next_url": _search_url([*query, (CURSOR, page.next_cursor)]) if page.next_cursor else "",
        "details_open": bool(asked["neighbourhood"] or asked["cuisine"] or asked["price"]),
        # Lists for a moment or from the middle are nothing to find Buka by.
        "noindex": bool(
            wish or any(asked[name] for name in ("q", "cuisine", "price", "step_free")) or CURSOR in request.GET
        ),
    }
    if not _is_fragment(request, "results"):
        return _varied(render(request, "bookings/search.html", context))
    if was_refused:
        response = render(request, "bookings/_search.html", context)
        response["HX-Retarget"] = "#search"
        response["HX-Reswap"] = "outerHTML"
    else:
        response = render(request, "bookings/_results.html", {**context, "is_fragment": True})
    response["HX-Push-Url"] = _search_url(query)
    return _varied(response)


def _varied(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _wish(asked: dict[str, Any]) -> Wish | None:
    """Return when a table is wanted; None when neither day nor time was said."""
    day, clock = asked["date"], asked["time"]
    party_size = asked["party"] or DEFAULT_PARTY
    if day is None and clock is None:
        return None
    wish = Wish(day or _today(), party_size, clock, NIGHT_ENDS, step_free=asked["step_free"])
    if day is None and wish.target <= timezone.now():
        # At ten in the evening "at seven" means tomorrow.
        return replace(wish, day=wish.day + timedelta(days=1))
    return wish


Query = list[tuple[str, Any]]


def _query_of(asked: dict[str, Any]) -> Query:
    """Return the search as short as it can be said in an address."""
    query: Query = [(name, asked[name]) for name in ("q", "city", "neighbourhood") if asked[name]]
    query += [("cuisine", slug) for slug in asked["cuisine"]]
    query += [("price", band) for band in asked["price"]]
    if asked["date"]:
        query.append(("date", asked["date"].isoformat()))
    if asked["time"]:
        query.append(("time", f"{asked['time']:%H:%M}"))
    if asked["party"]:
        query.append(("party", asked["party"]))
    if asked["step_free"]:
        query.append(("step_free", "on"))
    return query


def _without(query: Query, *names: str) -> Query:
    return [(name, value) for name, value in query if name not in names]


def _with(query: Query, name: str, value: Any) -> Query:
    return [*_without(query, name), (name, value)]


def _search_url(query: Iterable[tuple[str, Any]]) -> str:
    encoded = urlencode(list(query))
    return reverse("bookings:search") + (f"?{encoded}" if encoded else "")


def _conditions(asked: dict[str, Any], query: Query, vocabulary: Vocabulary) -> list[Condition]:
    found: list[tuple[str, Query]] = []
    if asked["q"]:
        found.append((_("“%(text)s”") % {"text": asked["q"]}, _without(query, "q")))
    if asked["city"]:
        city = vocabulary.city(asked["city"])
        found.append((city.name if city else asked["city"], _without(query, "city", "neighbourhood")))
    if asked["neighbourhood"]:
        found.append((asked["neighbourhood"], _without(query, "neighbourhood")))
    for slug in asked["cuisine"]:
        label = words.name_of(words.CUISINES, slug, vocabulary.cuisines.get(slug, slug))
        found.append((label, [pair for pair in query if pair != ("cuisine", slug)]))
    found += [
        (str(PriceBand(band).label), [pair for pair in query if pair != ("price", band)]) for band in asked["price"]
    ]
    if asked["date"]:
        found.append((formatting.short_day(asked["date"]), _without(query, "date")))
    if asked["time"]:
        found.append((formatting.time_of_day(asked["time"]), _without(query, "time")))
    if asked["step_free"]:
        found.append((_("Table without steps"), _without(query, "step_free")))
    return [Condition(label, _search_url(rest)) for label, rest in found]


def _title(asked: dict[str, Any], wish: Wish | None, vocabulary: Vocabulary) -> str:
    city = vocabulary.city(asked["city"]) if asked["city"] else None
    place = asked["neighbourhood"] or (city.name if city else "")
    if wish is None:
        return _("Restaurants in %(place)s") % {"place": place} if place else _("Restaurants in Nigeria")
    people = ngettext("%(count)d person", "%(count)d people", wish.party_size) % {"count": wish.party_size}
    figures = {"day": formatting.day(wish.day), "people": people}
    if wish.clock is None:
        return _("Free on %(day)s for %(people)s") % figures
    figures["time"] = formatting.time_of_day(wish.clock)
    return _("Free on %(day)s around %(time)s for %(people)s") % figures


# --- One restaurant ------------------------------------------------------------------------------------------------


@require_safe
def restaurant(request: HttpRequest, slug: str) -> HttpResponse:
    house = restaurant_by_slug(slug)
    if house is None:
        raise Http404
    now = timezone.now()
    times, form = times_asked_for(request, house, now) if house.is_bookable else (None, None)
    plan = times.plan if times else plan_of(house.pk, version=house.plan_version)
    today = now.astimezone(plan.zone).date()
    menu = _menu(house.pk, today)
    rating = rating_of(house)
    cuisines = [words.name_of(words.CUISINES, each.slug, each.name) for each in house.cuisines.all()]
    photos = [photo for photo in house.photos.all() if _photo_url(photo.image.name)]
    page_url = request.build_absolute_uri(reverse("bookings:restaurant", args=[house.slug]))
    image = request.build_absolute_uri(reverse("restaurant_assets:preview", args=[house.slug]))
    context = {
        "restaurant": house,
        "plan": plan,
        "zone": plan.zone.key,
        "today": today,
        "is_listing": house.status == RestaurantStatus.LISTED,
        "is_paused": house.status == RestaurantStatus.PAUSED,
        "cuisines": cuisines,
        "amenities": [words.name_of(words.AMENITIES, each.slug, each.name) for each in house.amenities.all()],
        "photos": photos,
        "price_signs": "₦" * (house.price_band or 0),
        "phone": phones.national(house.phone) if house.phone else "",
        "address": address_of(house),
        "map_url": map_url(house),
        "geo_uri": f"geo:{house.latitude:.5f},{house.longitude:.5f}",
        "week": week_of(plan, today),
        "special_days": special_days_ahead(plan, today),
        "door": door_state(plan, now),
        "has_hours": bool(plan.hours),
        "menu": menu,
        "rating": rating,
        "reviews": list(published(house.pk)[:REVIEWS_SHOWN]) if rating else [],
        "events": items_of(list(ticketing.events_of(house.pk, now=now)[:EVENTS_SHOWN])) if house.is_bookable else [],
        "policy_sentences": _policy_sentences(plan, today) if house.is_bookable else [],
        "sketch": _sketch(house),
        "times": times,
        "times_form": form,
        "page_url": page_url,
        "image_url": image,
        "description": _description(house, cuisines),
        "structured_data": as_script_text(
            restaurant_data(
                house,
                plan,
                url=page_url,
                image=image,
                cuisines=cuisines,
                has_menu=bool(menu),
                today=today,
                rating=rating,
            )
        ),
        "drop_query": True,
    }
    return render(request, "bookings/restaurant.html", context)


@require_safe
def slots(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the free times alone: a fragment for htmx, a small page for everybody else."""
    limits.look(request)
    house = restaurant_by_slug(slug)
    if house is None or not house.is_bookable:
        raise Http404
    times, form = times_asked_for(request, house, timezone.now())
    fragment = _is_fragment(request, "times")
    context = {
        "restaurant": house,
        "times": times,
        "times_form": form,
        "zone": times.zone,
        "phone": phones.national(house.phone) if house.phone else "",
        "page_url": request.build_absolute_uri(reverse("bookings:restaurant", args=[house.slug])),
        "is_fragment": fragment,
    }
    # A refused answer is shown like any other: it says at its field what is wrong.
    response = render(request, "bookings/_times.html" if fragment else "bookings/times.html", context)
    response["Cache-Control"] = "no-store"
    return _varied(response)


def times_asked_for(request: HttpRequest, house: Restaurant, now: datetime) -> tuple[Times, TimesForm]:
    """Return the free times for the day and party in the address, and the form they were asked with."""
    # Its zone, window and areas; the times themselves are decided on the plan that holds now.
    plan = plan_of(house.pk, version=house.plan_version)
    today = now.astimezone(plan.zone).date()
    form = TimesForm(
        request.GET,
        today=today,
        last_day=today + timedelta(days=plan.policy.window_days),
        areas=[(area.public_id, area.name) for area in plan.areas],
        has_step_free=bool(plan.step_free),
        initial={"date": today, "party": DEFAULT_PARTY},
    )
    form.is_valid()
    asked = form.cleaned_data
    day, party_size = asked.get("date") or today, asked.get("party") or DEFAULT_PARTY
    # The boxes show what the times below are for; a box with an error keeps what was typed.
    form.data = request.GET.copy()
    for name, value in (("date", day.isoformat()), ("party", str(party_size))):
        if name not in form.errors:
            form.data[name] = value
    step_free = asked.get("step_free", False)
    return times_of(house.pk, day, party_size, area=asked.get("area"), step_free=step_free, now=now), form


def _menu(restaurant_id: int, today: date) -> SafeString:
    """Return the menu as it stands in the page; drawn again when a dish changes, and each day for its prices."""
    language = current_language().code

    def build() -> bytes:
        menus = menus_of(restaurant_id, on=today)
        sections = [section for menu in menus for section in menu.sections.all() if section.dishes.all()]
        if not sections:
            return b""
        charges = charge_words.of_meals(charge_lines_of(restaurant_id, today, for_meals=True))
        return render_to_string("bookings/_menu.html", {"sections": sections, "charges": charges}).encode()

    kept = cached_bytes(f"menu:{restaurant_id}:{language}:{today}", [version_of(restaurant_id)], build)
    return mark_safe(kept.body.decode())  # noqa: S308 - our own template's output


def _fee_sentences(plan: ServicePlan) -> list[str]:
    """Return what a house charges of who does not come, or cancels late; nothing where nobody pays online."""
    policy = plan.policy
    if not is_paid_online():
        return []
    party = {"party": policy.fee_from_party}
    sentences = []
    if policy.no_show_fee_kobo_per_guest:
        amount = formatting.money(policy.no_show_fee_kobo_per_guest)
        sentences.append(
            _("Parties of %(party)d and more that book online and do not come pay %(amount)s a head.")
            % {**party, "amount": amount}
        )
    if policy.late_cancellation_fee_kobo_per_guest:
        amount = formatting.money(policy.late_cancellation_fee_kobo_per_guest)
        sentences.append(
            _("Parties of %(party)d and more that cancel late pay %(amount)s a head.") % {**party, "amount": amount}
        )
    return sentences


def _policy_sentences(plan: ServicePlan, today: date) -> list[str]:
    policy = plan.policy
    sentences = []
    if policy.deposit_kobo_per_guest:
        sentences.append(
            _("Parties of %(party)d and more leave a deposit of %(amount)s a head; it comes off the bill.")
            % {"party": policy.deposit_from_party, "amount": formatting.money(policy.deposit_kobo_per_guest)}
        )
    sentences += _fee_sentences(plan)
    ahead = [row for row in plan.special_terms if row.special_day is None or row.special_day >= today]
    sentences += [wording.special_terms(row, plan) for row in ahead[:SPECIAL_TERMS_TOLD]]
    if policy.deposit_due == DepositDue.BEFORE and terms.asks_any_deposit(plan):
        sentences.append(
            _("Online, a table is held for %(time)s until its deposit has come.")
            % {"time": formatting.duration(timedelta(minutes=policy.deposit_minutes))}
        )
    if policy.free_cancellation_hours:
        sentences.append(
            ngettext(
                "Free to cancel until %(count)d hour before.",
                "Free to cancel until %(count)d hours before.",
                policy.free_cancellation_hours,
            )
            % {"count": policy.free_cancellation_hours}
        )
    if policy.grace_minutes:
        sentences.append(
            ngettext(
                "A late party's table is kept for %(count)d minute.",
                "A late party's table is kept for %(count)d minutes.",
                policy.grace_minutes,
            )
            % {"count": policy.grace_minutes}
        )
    sizes = {"smallest": policy.min_party_online, "largest": policy.max_party_online}
    if policy.max_party_on_request:
        sentences.append(
            _("Online for parties of %(smallest)d to %(largest)d; groups up to %(group)d ask first.")
            % {**sizes, "group": policy.max_party_on_request}
        )
    else:
        sentences.append(_("Online for parties of %(smallest)d to %(largest)d; larger groups please call.") % sizes)
    if policy.needs_approval:
        sentences.append(_("The house confirms each booking itself."))
    if policy.note:
        sentences.append(policy.note)
    return sentences


def _sketch(house: Restaurant) -> Any:
    city = house.city
    quarters = discovery.vocabulary().quarters.get(city.slug, [])
    marks = [(quarter.name, quarter.latitude, quarter.longitude) for quarter in quarters]
    # Where no neighbourhood is known, at least the middle of the town.
    marks = marks if len(marks) > 1 else [*marks, (city.name, city.latitude, city.longitude)]
    return sketch(house.latitude, house.longitude, marks, own=house.neighbourhood)


def _description(house: Restaurant, cuisines: list[str]) -> str:
    place = ", ".join(dict.fromkeys(part for part in (house.neighbourhood, house.city.name) if part))
    figures = {"name": house.name, "place": place, "cuisines": formatting.list_of(cuisines)}
    if house.is_bookable and cuisines:
        return _("%(name)s in %(place)s: %(cuisines)s. See the menu and the free tables, and book one.") % figures
    if house.is_bookable:
        return _("%(name)s in %(place)s: see the menu and the free tables, and book one.") % figures
    return _("%(name)s in %(place)s: address, opening hours and the way there.") % figures
