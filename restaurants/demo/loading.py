"""The demo city's restaurants, people and listings, from the data files beside this one."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.text import slugify

from core.hotcache import bump
from localization.feasts import Feast, feasts_between
from restaurants import reference, services
from restaurants.demo.people import load_people
from restaurants.models import (
    Area,
    BookingPolicy,
    ChargeLine,
    Dish,
    DishPrice,
    Menu,
    MenuSection,
    OpeningHours,
    Restaurant,
    Shift,
    SpecialDay,
    SpecialTerms,
    Table,
    TableCombination,
    TurnTime,
)
from restaurants.osm.importing import import_features
from restaurants.osm.reading import features_in
from restaurants.receivers import LIST_VERSION
from restaurants.states import ChargeBase, ChargeWhat, RestaurantStatus

HERE = Path(__file__).parent
LISTINGS = Path("data") / "nigeria_food_osm.geojson"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONE = ZoneInfo("Africa/Lagos")
PRICES_SINCE = date(2026, 1, 1)
# Ramadan comes once in a lunar year; feasts further off than this wait for another load.
SEASONS_AHEAD = timedelta(days=355)
FEASTS_AHEAD = timedelta(days=150)


@cache
def data(name: str) -> Any:
    """Return one of the data files."""
    return json.loads((HERE / f"{name}.json").read_text())


def slugs() -> list[str]:
    """Return the slugs of the twelve demo restaurants."""
    return [restaurant["slug"] for restaurant in data("restaurants")]


def load(*, now: datetime) -> list[str]:
    """Load what has never been loaded: houses and people at once, the listings by themselves.

    :return: a sentence for each thing that was loaded; none when all of it is there
    """
    said = []
    if not Restaurant.objects.filter(slug__in=slugs()).exists():
        with transaction.atomic():
            restaurants = _Loader(now.astimezone(ZONE).date()).load()
            load_people(restaurants)
        bump(LIST_VERSION)
        said.append(f"{len(restaurants)} restaurants with their people")
    if not Restaurant.objects.filter(source="osm").exists():
        with (settings.BASE_DIR / LISTINGS).open(encoding="utf-8") as file, transaction.atomic():
            report = import_features(features_in(file), refuse=_never)
        said.append(f"{report.imported} listings from OpenStreetMap")
    return said


def refresh(*, now: datetime) -> list[str]:
    """Houses do not age: nothing is done."""
    return []


def _never(number: int, reference: str, reason: str) -> None:
    raise AssertionError(f"Feature {number} {reference} of the shipped file {reason}.")


def _note(feast: Feast, override: dict[str, Any]) -> str:
    note: str = override.get("note", "")
    # The moon decides, and an administrator moves the day.
    return f"{note} Expected: the day may be another.".strip() if feast.is_expected else note


def clock(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  (a wall clock has no zone)


@dataclass
class _Loader:
    """Writes in bulk, table by table, which sends no signals; so the search words are written at the end."""

    today: date

    def load(self) -> dict[str, Restaurant]:
        rows: list[dict[str, Any]] = data("restaurants")
        restaurants = self._restaurants(rows)
        self._policies(rows, restaurants)
        self._charges(rows, restaurants)
        self._floors(rows, restaurants)
        self._times(rows, restaurants)
        self._menus(rows, restaurants)
        services.refresh_search_text(*(restaurant.pk for restaurant in restaurants.values()))
        services.raise_plan_version(*(restaurant.pk for restaurant in restaurants.values()))
        return restaurants

    def _restaurants(self, rows: list[dict[str, Any]]) -> dict[str, Restaurant]:
        cities = reference.cities(row["city"] for row in rows)
        plain = ("slug", "name", "neighbourhood", "street", "landmark", "latitude", "longitude", "phone", "email")
        texts = ("price_band", "description", "house_rules")
        restaurants = Restaurant.objects.bulk_create(
            Restaurant(
                status=RestaurantStatus.LIVE,
                city=cities[row["city"]],
                legal_name=f"{row['name']} Kitchens Ltd",
                # Made up: none is given out with these digits in front.
                tax_number=f"0000{number:04d}-0001",
                **{name: row[name] for name in (*plain, *texts)},
            )
            for number, row in enumerate(rows, start=1)
        )
        by_slug = {restaurant.slug: restaurant for restaurant in restaurants}
        cuisines = reference.cuisines(slug for row in rows for slug in row["cuisines"])
        amenities = reference.amenities(slug for row in rows for slug in row["amenities"])
        cooks, offers = Restaurant.cuisines.through, Restaurant.amenities.through
        cooks.objects.bulk_create(
            cooks(restaurant=by_slug[row["slug"]], cuisine=cuisines[slug]) for row in rows for slug in row["cuisines"]
        )
        offers.objects.bulk_create(
            offers(restaurant=by_slug[row["slug"]], amenity=amenities[slug])
            for row in rows
            for slug in row["amenities"]
        )
        return by_slug

    def _policies(self, rows: list[dict[str, Any]], restaurants: dict[str, Restaurant]) -> None:
        policies = []
        for row in rows:
            terms = dict(row["policy"])
            deposit_kobo = terms.pop("deposit_naira_per_guest") * 100
            policies.append(
                BookingPolicy(restaurant=restaurants[row["slug"]], deposit_kobo_per_guest=deposit_kobo, **terms)
            )
        BookingPolicy.objects.bulk_create(policies)
        SpecialTerms.objects.bulk_create(
            SpecialTerms(
                restaurant=restaurants[row["slug"]],
                name=terms["name"],
                position=position,
                from_party=terms.get("from_party", 1),
                starts_from=clock(terms["from"]),
                minimum_spend_kobo_per_party=terms["minimum_spend_naira"] * 100,
            )
            for row in rows
            for position, terms in enumerate(row.get("special_terms", []))
        )

    def _charges(self, rows: list[dict[str, Any]], restaurants: dict[str, Restaurant]) -> None:
        """Service charge, the state's consumption tax where there is one, and VAT on the net price with the charge."""
        since = date(self.today.year, 1, 1)
        lines: list[ChargeLine] = []
        for row in rows:
            restaurant, price_band = restaurants[row["slug"]], row["price_band"]
            service = {3: 500, 4: 1_000}.get(price_band, 0)
            taxes = [(ChargeWhat.CONSUMPTION_TAX, 500)] if row["city"] in ("lagos", "kano") else []
            taxes.append((ChargeWhat.VAT, 750))
            if service:
                lines.append(
                    ChargeLine(
                        restaurant=restaurant,
                        what=ChargeWhat.SERVICE_CHARGE,
                        rate_bp=service,
                        for_tickets=False,
                        from_day=since,
                    )
                )
            lines += [
                ChargeLine(
                    restaurant=restaurant,
                    what=what,
                    rate_bp=rate,
                    base=ChargeBase.NET_AND_CHARGES if what == ChargeWhat.VAT else ChargeBase.NET,
                    # Where a plate costs little, the price on the board is the price.
                    is_included=price_band == 1,
                    position=position,
                    from_day=since,
                )
                for position, (what, rate) in enumerate(taxes, start=1)
            ]
        ChargeLine.objects.bulk_create(lines)

    # --- The floor ---------------------------------------------------------------------------------------------

    def _floors(self, rows: list[dict[str, Any]], restaurants: dict[str, Restaurant]) -> None:
        areas = Area.objects.bulk_create(
            Area(restaurant=restaurants[row["slug"]], name=area["name"], is_outdoor=area["outdoor"], position=position)
            for row in rows
            for position, area in enumerate(row["areas"])
        )
        area_of = {(area.restaurant_id, area.name): area for area in areas}
        tables = Table.objects.bulk_create(
            Table(
                restaurant=restaurants[row["slug"]],
                area=area_of[restaurants[row["slug"]].pk, table["area"]],
                name=table["name"],
                min_party=table["seats"][0],
                max_party=table["seats"][1],
                is_sold_online=table["online"],
                is_accessible=table["accessible"],
                **{name: table[name] for name in ("shape", "x", "y", "width", "height")},
            )
            for row in rows
            for table in row["tables"]
        )
        table_of = {(table.restaurant_id, table.name): table for table in tables}
        joined = TableCombination.objects.bulk_create(
            TableCombination(
                restaurant=restaurants[row["slug"]],
                name=combination["name"],
                min_party=combination["seats"][0],
                max_party=combination["seats"][1],
            )
            for row in rows
            for combination in row["combinations"]
        )
        names = [combination["tables"] for row in rows for combination in row["combinations"]]
        members = TableCombination.tables.through
        members.objects.bulk_create(
            members(tablecombination=combination, table=table_of[combination.restaurant_id, name])
            for combination, tables in zip(joined, names, strict=True)
            for name in tables
        )

    # --- Hours, shifts, special days -----------------------------------------------------------------------------

    def _times(self, rows: list[dict[str, Any]], restaurants: dict[str, Restaurant]) -> None:
        hours: list[OpeningHours] = []
        shifts: list[tuple[Shift, dict[str, int]]] = []
        for row in rows:
            restaurant = restaurants[row["slug"]]
            for weekday, name in enumerate(DAYS):
                hours += [
                    OpeningHours(restaurant=restaurant, weekday=weekday, opens=clock(opens), closes=clock(closes))
                    for opens, closes in row["hours"][name]
                ]
            for shift in row["shifts"]:
                weekdays = [DAYS.index(day) for day in shift["days"]]
                for valid_from, valid_to in self._seasons(shift.get("season")):
                    made = self._shift(restaurant, shift, weekdays=weekdays, valid_from=valid_from, valid_to=valid_to)
                    shifts.append((made, shift["turns"]))
        for special_day, override in self._special_days(restaurants):
            restaurant = special_day.restaurant
            hours += [
                OpeningHours(restaurant=restaurant, special_day=special_day, opens=clock(opens), closes=clock(closes))
                for opens, closes in override.get("hours", [])
            ]
            shifts += [
                (self._shift(restaurant, shift, special_day=special_day), shift["turns"])
                for shift in override.get("shifts", [])
            ]
        OpeningHours.objects.bulk_create(hours)
        Shift.objects.bulk_create(shift for shift, _turns in shifts)
        TurnTime.objects.bulk_create(
            TurnTime(shift=shift, up_to_party=int(largest), minutes=minutes)
            for shift, turns in shifts
            for largest, minutes in turns.items()
        )

    def _shift(self, restaurant: Restaurant, shift: dict[str, Any], **when: Any) -> Shift:
        return Shift(
            restaurant=restaurant,
            name=shift["name"],
            first_seating=clock(shift["first"]),
            last_seating=clock(shift["last"]),
            hard_close=clock(shift["hard_close"]) if "hard_close" in shift else None,
            slot_minutes=shift["slot"],
            max_covers_per_slot=shift["max_covers"],
            max_parties_per_slot=shift["max_parties"],
            is_online=shift.get("online", True),
            **when,
        )

    def _seasons(self, season: str | None) -> list[tuple[date | None, date | None]]:
        """Return the stretches of dates a shift holds for: always, in the coming Ramadan, or before and after it."""
        if season is None:
            return [(None, None)]
        coming = feasts_between(self.today, self.today + SEASONS_AHEAD)
        begins, ends = next((feast.date, feast.last_date) for feast in coming if feast.slug == "ramadan")
        if season == "ramadan":
            return [(begins, ends)]
        return [(None, begins - timedelta(days=1)), (ends + timedelta(days=1), None)]

    def _special_days(self, restaurants: dict[str, Restaurant]) -> list[tuple[SpecialDay, dict[str, Any]]]:
        overrides: dict[str, dict[str, dict[str, Any]]] = data("special_days")
        days: list[tuple[SpecialDay, dict[str, Any]]] = []
        with translation.override("en"):
            for feast in feasts_between(self.today, self.today + FEASTS_AHEAD):
                for slug, override in overrides.get(feast.slug, {}).items():
                    day = SpecialDay(
                        restaurant=restaurants[slug],
                        date=feast.date,
                        name=str(feast.name),
                        is_closed=override.get("closed", False),
                        note=_note(feast, override),
                    )
                    days.append((day, override))
        SpecialDay.objects.bulk_create(day for day, _override in days)
        return days

    # --- The card ------------------------------------------------------------------------------------------------

    def _menus(self, rows: list[dict[str, Any]], restaurants: dict[str, Restaurant]) -> None:
        menus = Menu.objects.bulk_create(Menu(restaurant=restaurants[row["slug"]], name="Menu") for row in rows)
        sections = MenuSection.objects.bulk_create(
            MenuSection(menu=menu, name=section["section"], position=position)
            for menu, row in zip(menus, rows, strict=True)
            for position, section in enumerate(row["menu"])
        )
        cards = [section["dishes"] for row in rows for section in row["menu"]]
        known = {dish["slug"]: dish for dish in data("dishes")}
        dishes: list[Dish] = []
        prices: list[DishPrice] = []
        for section, card in zip(sections, cards, strict=True):
            for position, entry in enumerate(card):
                dish = self._dish(section, known[entry["dish"]] if "dish" in entry else entry, position)
                dishes.append(dish)
                prices.append(DishPrice(dish=dish, kobo=entry["price"] * 100, valid_from=PRICES_SINCE))
        Dish.objects.bulk_create(dishes)
        DishPrice.objects.bulk_create(prices)

    def _dish(self, section: MenuSection, about: dict[str, Any], position: int) -> Dish:
        dietary = about.get("dietary", [])
        return Dish(
            section=section,
            slug=about.get("slug") or slugify(about["name"]),
            name=about["name"],
            other_names=about.get("names", {}),
            description=about["description"],
            course=about["course"],
            allergens=about["allergens"],
            removable_allergens=about.get("allergens_removable", []),
            heat=about.get("heat", 0),
            is_vegetarian="vegetarian" in dietary,
            is_vegan="vegan" in dietary,
            position=position,
        )
