"""What a diner who looks for a restaurant is shown: cards with free times, the words of the search form, tonight.

Questions only. A page of the list costs one query, two more when a time is asked for, however many restaurants match.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
from django.contrib.postgres.expressions import ArraySubquery
from django.core import signing
from django.db.models import Avg, Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields import TextField
from django.db.models.functions import MD5, Cast, Concat
from django.utils import timezone

from bookings import selectors
from bookings.availability import Slot
from core.hotcache import cached_bytes
from localization.feasts import Feast, feasts_between
from localization.formatting import HOME_ZONE
from restaurants.models import City, Cuisine, Photo, Restaurant
from restaurants.receivers import LIST_VERSION
from restaurants.selectors import Search, restaurants_matching
from restaurants.states import RestaurantStatus

PER_PAGE = 20
TIMES_ON_A_CARD = 5
# Beyond this many matches by name the rest is found by asking more closely; a large city has some hundreds.
CANDIDATES = 2_000
# So many houses are asked for free times at once: a page is usually full after the first.
STEPS = (40, 160, 640, CANDIDATES)
AN_HOUR = timedelta(minutes=60)
A_DAY = timedelta(hours=24)
DINNER = time(19)
CURSOR_SALT = "bookings.discovery"


@dataclass(frozen=True)
class Wish:
    """When a table is wanted, and for how many. Without a clock time any time of the service day will do."""

    day: date
    party_size: int
    clock: time | None = None
    night_ends: time = time(5)
    step_free: bool = False

    @property
    def target(self) -> datetime:
        """The instant whose nearest times come first; an hour after midnight belongs to the night that begins on the
        day."""
        clock = self.clock or DINNER
        day = self.day + timedelta(days=1) if clock < self.night_ends else self.day
        return datetime.combine(day, clock, tzinfo=HOME_ZONE)

    @property
    def around(self) -> timedelta:
        return AN_HOUR if self.clock else A_DAY


@dataclass
class Card:
    """A restaurant in a list, with the free times that fit a wish."""

    restaurant: Restaurant
    cuisine_slugs: list[str]
    photo: str | None
    slots: list[Slot] = field(default_factory=list)


@dataclass
class Page:
    cards: list[Card]
    previous_cursor: str = ""
    next_cursor: str = ""


# --- The list -----------------------------------------------------------------------------------------------------

_RANK = Case(
    When(status=RestaurantStatus.LIVE, then=Value(0)),
    When(status=RestaurantStatus.PAUSED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def find(search: Search, wish: Wish | None = None, *, cursor: str = "", now: datetime | None = None) -> Page:
    """Return a page of what fits: bookable houses first, then listings, each by name; with a wish only free ones.

    A cursor that is none of ours means the first page.
    """
    place = _Cursor.read(cursor)
    backwards = place is not None and place.backwards
    found = _after(restaurants_matching(search).alias(rank=_RANK), place)
    order = ("-rank", "-name", "-pk") if backwards else ("rank", "name", "pk")
    slots: dict[int, list[Slot]] = {}
    if wish is None:
        cards = _cards(found.order_by(*order)[: PER_PAGE + 1])
    else:
        # No table is free in a house that takes no bookings.
        ids = list(found.bookable().order_by(*order).values_list("pk", flat=True)[:CANDIDATES])
        slots = first_free(ids, wish, PER_PAGE + 1, now=now)
        wanted = list(slots)
        by_id = {card.restaurant.pk: card for card in _cards(Restaurant.objects.filter(pk__in=wanted))}
        cards = [by_id[pk] for pk in wanted if pk in by_id]
    has_more = len(cards) > PER_PAGE
    cards = cards[:PER_PAGE]
    if backwards:
        cards.reverse()
    for card in cards:
        if wish is not None:
            card.slots = nearest_times(slots[card.restaurant.pk], wish.target)
    return Page(
        cards,
        previous_cursor=_Cursor.of(cards[0], backwards=True) if cards and (has_more if backwards else place) else "",
        next_cursor=_Cursor.of(cards[-1]) if cards and (has_more or backwards) else "",
    )


def first_free(ids: list[int], wish: Wish, most: int, *, now: datetime | None) -> dict[int, list[Slot]]:
    """Return the first houses, in the given order, that have a time for the wish; asks on while they are too few."""
    found: dict[int, list[Slot]] = {}
    for step in STEPS:
        some, ids = ids[:step], ids[step:]
        if not some or len(found) >= most:
            break
        found |= selectors.restaurants_free_at(
            some,
            wish.day,
            wish.target,
            wish.party_size,
            around=wish.around,
            most=most - len(found),
            step_free=wish.step_free,
            now=now,
        )
    return found


def nearest_times(slots: Iterable[Slot], target: datetime, *, count: int = TIMES_ON_A_CARD) -> list[Slot]:
    """Return the free times nearest to a wanted one, in the order of the clock."""
    closest = sorted(slots, key=lambda slot: (abs(slot.starts_at - target), slot.starts_at))[:count]
    return sorted(closest, key=lambda slot: slot.starts_at)


def _cards(restaurants: "QuerySet[Restaurant]") -> list[Card]:
    """Return the cards of these restaurants, in their order, in one query."""
    links = Cuisine.restaurants.through.objects.filter(restaurant_id=OuterRef("pk")).order_by("cuisine__name")
    photos = Photo.objects.filter(restaurant_id=OuterRef("pk")).order_by("position", "pk")
    rows = (
        restaurants.prefetch_related(None)
        .select_related("city", "rating")
        .defer("search_text", "description", "house_rules")
        .annotate(
            cuisine_slugs=ArraySubquery(links.values("cuisine__slug")), photo=Subquery(photos.values("image")[:1])
        )
    )
    return [Card(row, list(row.cuisine_slugs), row.photo) for row in rows]


def _after(found: Any, place: "_Cursor | None") -> Any:
    if place is None:
        return found
    side = "lt" if place.backwards else "gt"
    return found.filter(
        Q(**{f"rank__{side}": place.rank})
        | Q(rank=place.rank) & (Q(**{f"name__{side}": place.name}) | Q(name=place.name, **{f"pk__{side}": place.pk}))
    )


@dataclass(frozen=True)
class _Cursor:
    """Where a page begins: after, or when going back before, this row."""

    rank: int
    name: str
    pk: int
    backwards: bool

    @classmethod
    def of(cls, card: Card, *, backwards: bool = False) -> str:
        restaurant = card.restaurant
        rank = {RestaurantStatus.LIVE: 0, RestaurantStatus.PAUSED: 1}.get(RestaurantStatus(restaurant.status), 2)
        return signing.dumps([rank, restaurant.name, restaurant.pk, int(backwards)], salt=CURSOR_SALT, compress=True)

    @classmethod
    def read(cls, cursor: str) -> "_Cursor | None":
        if not cursor or len(cursor) > 600:
            return None
        try:
            rank, name, pk, backwards = signing.loads(cursor, salt=CURSOR_SALT)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        return cls(int(rank), str(name), int(pk), bool(backwards))


# --- Tonight ------------------------------------------------------------------------------------------------------

TONIGHT_HOUSES = 60
TONIGHT_SHOWN = 6
EVENING_BEGINS, EVENING_ENDS = time(17), time(23)
LAST_CALL = time(21, 30)


@dataclass
class Evening:
    """Some houses with a table left, this evening or, when it is late, tomorrow's."""

    day: date
    is_today: bool
    party_size: int
    cards: list[Card]


def evening_ahead(*, party_size: int = 2, now: datetime | None = None) -> Evening:
    """Return a few houses that have a table for this party in the coming evening; others each day.

    The choice is kept for a minute: what is shown is an invitation, the booking decides.
    """
    now = now or timezone.now()
    day, is_today = coming_evening(now)

    def build() -> bytes:
        return orjson.dumps(_evening_choice(day, party_size, now))

    kept = cached_bytes(f"evening:{day}:{party_size}", [LIST_VERSION], build)
    chosen = {
        int(pk): [datetime.fromisoformat(start) for start in starts] for pk, starts in orjson.loads(kept.body).items()
    }
    cards = []
    for card in _cards(Restaurant.objects.bookable().filter(pk__in=chosen).order_by("name", "pk")):
        starts = [start for start in chosen[card.restaurant.pk] if start > now]
        card.slots = [Slot(day, start, start, "", ()) for start in starts]
        if starts:
            cards.append(card)
    return Evening(day, is_today, party_size, cards)


def coming_evening(now: datetime) -> tuple[date, bool]:
    """Return the day of the evening that is still worth going out in, and whether that is today."""
    local = now.astimezone(HOME_ZONE)
    is_today = local.time() < LAST_CALL
    return (local.date() if is_today else local.date() + timedelta(days=1)), is_today


def _evening_choice(day: date, party_size: int, now: datetime) -> dict[str, list[str]]:
    # A new order every day, so that each house has its evenings in front; a fixed number is looked at.
    shuffled = Restaurant.objects.bookable().order_by(
        MD5(Concat(Cast("pk", TextField()), Value(f"-{day}"), output_field=TextField()))
    )
    ids = list(shuffled.values_list("pk", flat=True)[:TONIGHT_HOUSES])
    begins = datetime.combine(day, EVENING_BEGINS, tzinfo=HOME_ZONE)
    ends = datetime.combine(day, EVENING_ENDS, tzinfo=HOME_ZONE)
    middle = begins + (ends - begins) / 2
    free = selectors.restaurants_free_at(ids, day, middle, party_size, around=(ends - begins) / 2, now=now)
    target = max(datetime.combine(day, DINNER, tzinfo=HOME_ZONE), now + timedelta(minutes=45))
    picked = [pk for pk in ids if pk in free][:TONIGHT_SHOWN]
    return {str(pk): [slot.starts_at.isoformat() for slot in nearest_times(free[pk], target, count=3)] for pk in picked}


# --- The words of the search form ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CityCount:
    slug: str
    name: str
    count: int
    bookable: int


@dataclass(frozen=True)
class Quarter:
    """A neighbourhood and the middle of its restaurants."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Vocabulary:
    """What one can search by: the cities, neighbourhoods and cuisines that public restaurants have."""

    cities: list[CityCount]
    quarters: dict[str, list[Quarter]]
    cuisines: dict[str, str]

    @property
    def neighbourhoods(self) -> dict[str, list[str]]:
        return {city: [quarter.name for quarter in quarters] for city, quarters in self.quarters.items()}

    def city(self, slug: str) -> CityCount | None:
        return next((city for city in self.cities if city.slug == slug), None)


def vocabulary() -> Vocabulary:
    """Return the words of the search form; kept until a restaurant changes, else three queries."""
    raw = orjson.loads(cached_bytes("vocabulary:search", [LIST_VERSION], _vocabulary).body)
    return Vocabulary(
        [CityCount(*row) for row in raw["cities"]],
        {city: [Quarter(*row) for row in rows] for city, rows in raw["quarters"].items()},
        raw["cuisines"],
    )


def _vocabulary() -> bytes:
    public = Q(restaurants__status__in=[status for status in RestaurantStatus if _is_public(status)])
    cities = (
        City.objects.annotate(
            count=Count("restaurants", filter=public),
            bookable=Count("restaurants", filter=Q(restaurants__status=RestaurantStatus.LIVE)),
        )
        .filter(count__gt=0)
        .order_by("name")
    )
    quarters: dict[str, list[Sequence[Any]]] = {}
    rows = (
        Restaurant.objects.public()
        .exclude(neighbourhood="")
        .values_list("city__slug", "neighbourhood")
        .annotate(north=Avg("latitude"), east=Avg("longitude"))
        .order_by("city__slug", "neighbourhood")
    )
    for city, *quarter in rows:
        quarters.setdefault(city, []).append(quarter)
    used = Cuisine.restaurants.through.objects.filter(restaurant__in=Restaurant.objects.public()).values("cuisine_id")
    return orjson.dumps(
        {
            "cities": list(cities.values_list("slug", "name", "count", "bookable")),
            "quarters": quarters,
            "cuisines": dict(Cuisine.objects.filter(pk__in=used).order_by("name").values_list("slug", "name")),
        }
    )


def _is_public(status: RestaurantStatus) -> bool:
    return status in (RestaurantStatus.LISTED, RestaurantStatus.LIVE, RestaurantStatus.PAUSED)


# --- The calendar -------------------------------------------------------------------------------------------------

FEAST_HORIZON = timedelta(days=21)


def feast_ahead(today: date) -> Feast | None:
    """Return the day people plan around next, of those that move tables: what is on now comes first."""
    feasts = [feast for feast in feasts_between(today, today + FEAST_HORIZON) if not feast.slug.endswith("-in-lieu")]
    return feasts[0] if feasts else None
