"""A country of restaurants to measure on: 2,000 of them, with 30,000 tables and 500,000 bookings, in under two minutes.

The same seed on the same day makes the same rows. Houses are written through the models, so that a new field does not
pass by unnoticed; the bookings by one statement each, with constraints and indexes taken off before and put on again
after: the exclusion constraint then looks at every row once more, and refuses the lot if two of them overlapped.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time

from django.db import connection
from psycopg import sql

from core.embedded.steps import step
from core.text import search_form
from restaurants import reference
from restaurants.models import (
    Area,
    BookingPolicy,
    Cuisine,
    Dish,
    DishPrice,
    Menu,
    MenuSection,
    OpeningHours,
    Restaurant,
    Shift,
    Table,
    TurnTime,
)
from restaurants.states import RestaurantStatus


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    restaurants: int = 2_000
    tables_each: int = 15
    bookings: int = 500_000
    dishes_each: int = 40

    def divided(self, by: int) -> "Scale":
        return Scale(self.restaurants // by, self.tables_each, self.bookings // by, self.dishes_each)

    @property
    def tables(self) -> int:
        return self.restaurants * self.tables_each


FULL = Scale()
QUICK = FULL.divided(20)

# Lagos is as large as the next five together, as it is.
CITIES = {
    **{"lagos": 30, "abuja": 15, "port-harcourt": 8, "ibadan": 8, "kano": 8, "enugu": 6, "benin-city": 6},
    **{"kaduna": 5, "abeokuta": 5, "uyo": 5, "jos": 4},
}
CUISINES = ("yoruba", "igbo", "hausa", "efik", "grills", "seafood", "chinese", "lebanese")
WORDS = (
    "Mama",
    "Iya",
    "Royal",
    "Golden",
    "Palm",
    "Lagoon",
    "Savannah",
    "Harmattan",
    "Suya",
    "Pepper",
    "Ofada",
    "Calabash",
)
KINDS = ("Kitchen", "Buka", "House", "Grill", "Garden", "Place", "Corner", "Lounge")
DISHES = (
    "Jollof rice",
    "Egusi soup",
    "Pounded yam",
    "Suya",
    "Moi moi",
    "Efo riro",
    "Pepper soup",
    "Ofada rice",
    "Akara",
)
# Seats of the tables of one house, over and over.
SEATS = (2, 2, 4, 4, 4, 2, 6, 4, 2, 6, 4, 2, 8, 4, 2)
TURNS = ((2, 90), (4, 105), (10, 120))
# The days that bookings fall on: the fortnight around today is busy, three weeks before and eleven after are not.
NEAR = (-3, 14)
SPARSE = ((-30, -4), (15, 90))
NEAR_EACH = 9


def seed_country(scale: Scale, *, seed: int, today: date) -> None:
    """Fill an empty, migrated database.

    :raises django.db.IntegrityError: when two live bookings of one table overlapped
    """
    rng = random.Random(seed)
    with step(f"Opening {scale.restaurants:,} restaurants with {scale.tables:,} tables"):
        _open_restaurants(scale, rng)
    with step(f"Taking {scale.bookings:,} bookings"), _without_constraints(*BOOKING_TABLES):
        _take_bookings(scale, seed=seed, today=today)


def vacuum() -> None:
    """Tidy up and let the planner count, as a database that has lived for a while would have."""
    with step("VACUUM ANALYZE"), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# --- The houses -------------------------------------------------------------------------------------------------


def _open_restaurants(scale: Scale, rng: random.Random) -> None:
    cities = list(reference.cities(set(CITIES) & set(reference.known_cities())).values())
    weights = [CITIES[city.slug] for city in cities]
    cuisines = [Cuisine.objects.get_or_create(slug=slug, defaults={"name": slug.title()})[0] for slug in CUISINES]
    houses = []
    for number in range(1, scale.restaurants + 1):
        city = rng.choices(cities, weights)[0]
        name = f"{rng.choice(WORDS)} {rng.choice(WORDS)} {rng.choice(KINDS)} {number}"
        houses.append(
            Restaurant(
                public_id=_uuid(rng),
                slug=f"house-{number}",
                name=name,
                status=RestaurantStatus.LIVE if number % 20 else RestaurantStatus.LISTED,
                description="A house of the benchmark. " * 8,
                city=city,
                neighbourhood=f"Quarter {number % 7}",
                latitude=city.latitude + rng.uniform(-0.1, 0.1),
                longitude=city.longitude + rng.uniform(-0.1, 0.1),
                price_band=number % 4 + 1,
                search_text=search_form(f"{name} {city.name} {' '.join(DISHES)}"),
            )
        )
    Restaurant.objects.bulk_create(houses, batch_size=2000)
    links = [
        Cuisine.restaurants.through(restaurant_id=house.pk, cuisine_id=cuisine.pk)
        for house in houses
        for cuisine in rng.sample(cuisines, 2)
    ]
    Cuisine.restaurants.through.objects.bulk_create(links, batch_size=5000)
    BookingPolicy.objects.bulk_create(
        [BookingPolicy(restaurant=house, window_days=90, max_party_online=8, min_lead_minutes=0) for house in houses]
    )
    areas = Area.objects.bulk_create(
        [
            Area(restaurant=house, public_id=_uuid(rng), name=name, position=position)
            for house in houses
            for position, name in enumerate(("Room", "Terrace", "Bar"))
        ]
    )
    Table.objects.bulk_create(
        [
            Table(
                restaurant=house,
                area=areas[at * 3 + number % 3],
                public_id=_uuid(rng),
                name=f"T{number + 1}",
                max_party=SEATS[number % len(SEATS)],
            )
            for at, house in enumerate(houses)
            for number in range(scale.tables_each)
        ],
        batch_size=5000,
    )
    _set_hours(houses)
    _write_menus(houses, scale, rng)


def _set_hours(houses: list[Restaurant]) -> None:
    OpeningHours.objects.bulk_create(
        [
            OpeningHours(restaurant=house, weekday=weekday, opens=time(11), closes=time(23, 30))
            for house in houses
            for weekday in range(7)
        ],
        batch_size=5000,
    )
    shifts = Shift.objects.bulk_create(
        [
            Shift(restaurant=house, name=name, weekdays=list(range(7)), first_seating=first, last_seating=last)
            for house in houses
            for name, first, last in (("Lunch", time(12), time(15)), ("Dinner", time(18), time(21, 30)))
        ]
    )
    TurnTime.objects.bulk_create(
        [TurnTime(shift=shift, up_to_party=size, minutes=minutes) for shift in shifts for size, minutes in TURNS],
        batch_size=5000,
    )


def _write_menus(houses: list[Restaurant], scale: Scale, rng: random.Random) -> None:
    menus = Menu.objects.bulk_create([Menu(restaurant=house, name="Menu") for house in houses])
    sections = MenuSection.objects.bulk_create(
        [
            MenuSection(menu=menu, name=name, position=position)
            for menu in menus
            for position, name in enumerate(("Soups", "Rice", "Grills", "Drinks"))
        ]
    )
    dishes = Dish.objects.bulk_create(
        [
            Dish(
                section=sections[at * 4 + number % 4],
                public_id=_uuid(rng),
                slug=search_form(DISHES[number % len(DISHES)]).replace(" ", "-"),
                name=f"{DISHES[number % len(DISHES)]} {number + 1}",
                description="As it is cooked in this house, with pepper to taste.",
                position=number,
            )
            for at in range(len(houses))
            for number in range(scale.dishes_each)
        ],
        batch_size=5000,
    )
    DishPrice.objects.bulk_create(
        [
            DishPrice(dish=dish, kobo=rng.randrange(80_000, 2_500_000, 5_000), valid_from=date(2026, 1, 1))
            for dish in dishes
        ],
        batch_size=5000,
    )


def _uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


# --- The bookings -----------------------------------------------------------------------------------------------

BOOKING_TABLES = ("bookings_booking", "bookings_tableallocation")

# A day has three sittings, 12:30, 18:00 and 20:30 by the clock of Lagos, each begun up to half an hour late and over
# after at most two hours. A table walks through the sittings of its days with a step that shares no factor with their
# number, so it meets none of them twice: no two of its bookings can overlap.
_PLAN = """
    CREATE TEMPORARY TABLE planned ON COMMIT PRESERVE ROWS AS
    WITH tables AS (
        SELECT id AS table_id, restaurant_id, max_party, row_number() OVER (ORDER BY id) - 1 AS ordinal,
               hashint8extended(row_number() OVER (ORDER BY id), %(seed)s) & 1073741823 AS luck
        FROM restaurants_table
    ), turns AS (
        SELECT *, n < %(near_each)s AS is_near,
               CASE WHEN n < %(near_each)s THEN (luck + n * 17) %% %(near_sittings)s
                    ELSE (luck + (n - %(near_each)s) * 43) %% %(sparse_sittings)s END AS sitting,
               hashint8extended(ordinal * 1000 + n, %(seed)s) & 1073741823 AS chance
        FROM tables, LATERAL generate_series(
            0, %(bookings)s / %(tables)s - CASE WHEN ordinal < %(bookings)s %% %(tables)s THEN 0 ELSE 1 END
        ) AS n
    ), days AS (
        SELECT *, CASE WHEN is_near THEN %(near_from)s + sitting / 3
                       WHEN sitting / 3 < %(past_days)s THEN %(past_from)s + sitting / 3
                       ELSE %(far_from)s + sitting / 3 - %(past_days)s END AS day_offset,
               1 + (chance %% max_party) AS party_size
        FROM turns
    ), clocks AS (
        SELECT *, %(today)s::date + day_offset::int AS service_day,
               (%(today)s::date + day_offset::int + (ARRAY['12:30', '18:00', '20:30'])[sitting %% 3 + 1]::time
                + (chance / 7 %% 3) * interval '15 minutes') AT TIME ZONE 'Africa/Lagos' AS starts_at
        FROM days
    )
    SELECT row_number() OVER (ORDER BY ordinal, n) AS number, table_id, restaurant_id, party_size, service_day,
           CASE sitting %% 3 WHEN 0 THEN 'Lunch' ELSE 'Dinner' END AS shift_name, starts_at,
           starts_at + (CASE WHEN party_size <= 2 THEN 90 WHEN party_size <= 4 THEN 105 ELSE 120 END)
               * interval '1 minute' AS ends_at,
           CASE WHEN chance %% 100 < 8 THEN 'cancelled'
                WHEN day_offset >= 0 THEN 'confirmed'
                WHEN chance %% 100 < 14 THEN 'no_show'
                ELSE 'completed' END AS status
    FROM clocks
"""

# The same people come again and again; their numbers are encrypted once.
GUESTS = 20_000
_GUESTS = """
    CREATE TEMPORARY TABLE known_guests AS
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS known (guest, phone, phone_index)
"""

# Codes count through all that the alphabet can write, in steps that share no factor with their number: none twice.
_BOOKINGS = """
    INSERT INTO bookings_booking (
        id, public_id, code, restaurant_id, guest_name, guest_phone, guest_phone_index, guest_email, guest_email_index,
        language, status, channel, party_size, service_day, shift_name, starts_at, ends_at, is_locked, occasion, notes,
        staff_notes, policy,
        is_late_cancellation, version, created_at, updated_at, bonus_points, suggested_times, course
    )
    SELECT number, md5(%(seed)s || ':booking:' || number)::uuid,
           (SELECT string_agg(substr(%(alphabet)s, (number * 48271 %% 113379904 / place %% 22 + 1)::int, 1), '')
            FROM unnest(%(places)s::bigint[]) AS place),
           restaurant_id, 'Guest ' || number, phone, phone_index, '', '', 'en', status, 'web', party_size, service_day,
           shift_name, starts_at, ends_at, false, '', '', '', '{}', false, 1, starts_at - interval '3 days',
           starts_at - interval '3 days', 0, '[]', ''
    FROM planned JOIN known_guests ON guest = number %% %(guests)s
"""
_ALLOCATIONS = """
    INSERT INTO bookings_tableallocation (restaurant_id, table_id, booking_id, during, live, covers)
    SELECT restaurant_id, table_id, number, tstzrange(starts_at, ends_at, '[)'), status = 'confirmed', party_size
    FROM planned ORDER BY number
"""


def _take_bookings(scale: Scale, *, seed: int, today: date) -> None:
    from core.codes import ALPHABET, LENGTH
    from core.encryption import encrypt, index_of_phone

    past, far = SPARSE
    past_days = past[1] - past[0] + 1
    figures: dict[str, int | date] = {
        "seed": seed,
        "today": today,
        "bookings": scale.bookings,
        "tables": scale.tables,
        "near_each": NEAR_EACH,
        "near_from": NEAR[0],
        "near_sittings": (NEAR[1] - NEAR[0] + 1) * 3,
        "past_from": past[0],
        "past_days": past_days,
        "far_from": far[0],
        "sparse_sittings": (past_days + far[1] - far[0] + 1) * 3,
    }
    numbers = [f"+234803{guest:07}" for guest in range(min(GUESTS, scale.bookings))]
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, figures)
        cursor.execute(
            _GUESTS,
            [
                list(range(len(numbers))),
                [encrypt(number, aad="bookings.booking.guest_phone") for number in numbers],
                [index_of_phone(number) for number in numbers],
            ],
        )
        places = [len(ALPHABET) ** place for place in range(LENGTH)]
        cursor.execute(_BOOKINGS, {"seed": str(seed), "alphabet": ALPHABET, "places": places, "guests": len(numbers)})
        cursor.execute(_ALLOCATIONS)
        cursor.execute("DROP TABLE planned, known_guests")
        for table in BOOKING_TABLES:
            cursor.execute(
                sql.SQL("SELECT setval(pg_get_serial_sequence({0}, 'id'), (SELECT max(id) FROM {1}))").format(
                    sql.Literal(table), sql.Identifier(table)
                )
            )


@contextmanager
def _without_constraints(*tables: str) -> Iterator[None]:
    """Take off keys, uniqueness, exclusion and indexes of these tables, and put all of them on again at the end."""
    with connection.cursor() as cursor:
        # Inside a transaction, references that are yet to be checked would keep the tables from being altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u', 'x')",
            [list(tables)],
        )
        constraints = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
            )
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
            [list(tables)],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    sql.Identifier(table), sql.Identifier(name), sql.SQL(definition)
                )
            )
