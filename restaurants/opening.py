"""Which restaurants have their doors open at an instant, asked of the database in one condition."""

from datetime import datetime

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from restaurants.models import Restaurant

# For today and for yesterday, whose hours may reach past midnight: a special day's own hours stand in place of the
# weekday's, a special day without hours keeps them, and a closed one has none. Each house goes by its own clock.
_IS_OPEN = """
    EXISTS (
        SELECT 1
        FROM (SELECT %s::timestamptz AT TIME ZONE restaurants_restaurant.time_zone AS wall) AS clock
        CROSS JOIN (VALUES (0), (1)) AS back(days)
        LEFT JOIN restaurants_specialday AS special
          ON special.restaurant_id = restaurants_restaurant.id AND special.date = clock.wall::date - back.days
        JOIN restaurants_openinghours AS hours
          ON hours.restaurant_id = restaurants_restaurant.id
         AND CASE
                 WHEN EXISTS (SELECT 1 FROM restaurants_openinghours AS own WHERE own.special_day_id = special.id)
                 THEN hours.special_day_id = special.id
                 ELSE hours.weekday = EXTRACT(isodow FROM clock.wall::date - back.days) - 1
             END
        WHERE special.is_closed IS NOT TRUE
          AND CASE
                  WHEN back.days = 1 THEN hours.closes <= hours.opens AND clock.wall::time < hours.closes
                  ELSE clock.wall::time >= hours.opens
                       AND (hours.closes <= hours.opens OR clock.wall::time < hours.closes)
              END
    )
"""


def open_at(restaurants: "QuerySet[Restaurant]", instant: datetime) -> "QuerySet[Restaurant]":
    """Return, of these restaurants, those that say they are open at an instant."""
    is_open = RawSQL(_IS_OPEN, [instant], output_field=BooleanField())  # noqa: S611 - no part of it is anybody's text
    return restaurants.filter(is_open)
