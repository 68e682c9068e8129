from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from benchmarks import seeding
from benchmarks.overlaps import doubles
from benchmarks.seeding import Scale, seed_country
from bookings.models import Booking, TableAllocation
from core.codes import is_code
from restaurants.models import Restaurant, Table

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)
VILLAGE = Scale(restaurants=4, tables_each=5, bookings=330, dishes_each=3)


def rows() -> list[tuple[object, ...]]:
    """What a seeding made, without the keys that the database counts on from one to the next."""
    names = dict(Table.objects.values_list("pk", "public_id"))
    allocations = TableAllocation.objects.select_related("booking").order_by("booking__code")
    return [
        (row.booking.code, row.booking.status, row.booking.party_size, names[row.table_id], row.during, row.live)
        for row in allocations
    ]


def seeded(seed: int) -> list[tuple[object, ...]]:
    """Seed a village, remember it, and let it be gone."""
    with transaction.atomic():
        seed_country(VILLAGE, seed=seed, today=TODAY)
        made = rows()
        transaction.set_rollback(True)
    return made


class TestSeedCountry:
    def test_makes_as_much_as_was_asked_for(self):
        seed_country(VILLAGE, seed=1, today=TODAY)

        assert Restaurant.objects.count() == 4
        assert Table.objects.count() == 20
        assert Booking.objects.count() == TableAllocation.objects.count() == 330

    def test_makes_the_same_again_from_the_same_seed_and_another_from_another(self):
        first, again, other = seeded(1), seeded(1), seeded(2)

        assert first == again
        assert first != other

    def test_never_gives_a_table_to_two_parties(self):
        seed_country(VILLAGE, seed=3, today=TODAY)
        TableAllocation.objects.update(live=True)

        assert doubles() == 0

    def test_makes_bookings_like_real_ones(self):
        seed_country(VILLAGE, seed=4, today=TODAY)

        bookings = list(Booking.objects.all())
        assert all(is_code(booking.code) for booking in bookings)
        assert len({booking.code for booking in bookings}) == 330
        assert all((booking.status == "confirmed") <= (booking.service_day >= TODAY) for booking in bookings)
        assert {booking.status for booking in bookings} >= {"confirmed", "completed", "cancelled"}

    def test_puts_every_constraint_and_index_back(self):
        before = definitions()

        seed_country(VILLAGE, seed=5, today=TODAY)

        after = definitions()
        assert after.keys() == before.keys()
        # PostgreSQL may write a condition on statuses in other words the second time; this one it may not.
        assert after["one_table_one_party"] == before["one_table_one_party"]

    def test_is_refused_by_the_constraint_when_two_parties_get_one_table(self, monkeypatch):
        always_the_same = seeding._PLAN.replace("(luck + n * 17)", "(luck + n * 0)")
        monkeypatch.setattr(seeding, "_PLAN", always_the_same)

        with pytest.raises(IntegrityError, match="one_table_one_party"):
            seed_country(VILLAGE, seed=6, today=TODAY)


class TestDoubles:
    def test_counts_an_overlap_that_no_constraint_has_kept_away(self):
        seed_country(VILLAGE, seed=7, today=TODAY)
        taken = TableAllocation.objects.filter(live=True)[0]
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bookings_tableallocation DROP CONSTRAINT one_table_one_party")

        TableAllocation.objects.create(
            restaurant_id=taken.restaurant_id, table_id=taken.table_id, booking_id=taken.booking_id, during=taken.during
        )

        assert doubles() == 1

    def test_lets_one_party_follow_the_other_and_a_cancelled_one_lie_anywhere(self):
        seed_country(VILLAGE, seed=8, today=TODAY)
        taken = TableAllocation.objects.filter(live=True)[0]

        TableAllocation.objects.create(
            restaurant_id=taken.restaurant_id,
            table_id=taken.table_id,
            booking_id=taken.booking_id,
            during=taken.during,
            live=False,
        )

        assert doubles() == 0


def definitions() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text = ANY(%s) "
            "UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid::regclass::text = ANY(%s)",
            [list(seeding.BOOKING_TABLES)] * 2,
        )
        return dict(cursor.fetchall())
