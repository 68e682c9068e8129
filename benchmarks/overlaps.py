"""How many parties were given a table that another party had: the figure that must be 0 after every load."""

from django.db import connection

# Each table's live rows in the order of their beginning; one that ends after the next begins is a double booking.
# Empty while the exclusion constraint stands, which is the point: it is counted from the rows, not believed.
_DOUBLES = """
    SELECT count(*) FROM (
        SELECT lead(lower(during)) OVER (PARTITION BY table_id ORDER BY lower(during)) < upper(during)
               AS runs_into_the_next
        FROM bookings_tableallocation WHERE live
    ) AS neighbours WHERE runs_into_the_next
"""


def doubles() -> int:
    """Return how many live allocations run into the next one of their table."""
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLES)
        return int(cursor.fetchone()[0])
