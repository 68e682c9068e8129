"""The demo city's bookings: believable, by the house's rules, and silent."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import User
from bookings import demo
from bookings.models import Booking, BookingHistory, TableAllocation
from bookings.selectors import slots_on
from bookings.services import send_due_reminders
from bookings.states import MACHINE, OCCUPYING, Channel, Status
from core.models import OutboxEvent
from core.testing import count_rows_anew
from restaurants.demo import loading
from restaurants.models import Restaurant

LAGOS = ZoneInfo("Africa/Lagos")
# A Friday evening in full swing.
NOW = datetime(2026, 11, 20, 19, 30, tzinfo=LAGOS)


@pytest.fixture(scope="module")
def demo_city(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The city on that Friday, loaded once for all tests here and taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        loading.load(now=NOW)
        demo.load(now=NOW)
        with connection.cursor() as cursor:
            # Six thousand rows nobody has counted yet, looked at whole.
            cursor.execute("SET LOCAL statement_timeout = '60s'")
        count_rows_anew()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def scratch(demo_city: None) -> Iterator[None]:
    """Takes back what the test changes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("demo_city")
class TestTheDemoBookings:
    def test_reach_two_weeks_back_and_two_ahead_in_every_house(self) -> None:
        today = NOW.date()

        for restaurant in Restaurant.objects.bookable():
            days = set(Booking.objects.filter(restaurant=restaurant).values_list("service_day", flat=True))
            assert min(days) <= today - timedelta(days=11)
            assert max(days) >= today + timedelta(days=11)

    def test_are_over_in_the_past_under_way_tonight_and_confirmed_ahead(self) -> None:
        past = Counter(Booking.objects.filter(ends_at__lte=NOW).values_list("status", flat=True))
        running = Counter(Booking.objects.filter(starts_at__lte=NOW, ends_at__gt=NOW).values_list("status", flat=True))
        ahead = Counter(Booking.objects.filter(starts_at__gt=NOW).values_list("status", flat=True))

        assert set(past) == {Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.LEFT}
        assert 0.6 < past[Status.COMPLETED] / past.total() < 0.85
        assert set(running) >= {Status.SEATED, Status.CONFIRMED}
        assert set(ahead) == {Status.CONFIRMED, Status.CANCELLED}
        assert ahead[Status.CONFIRMED] > 10 * ahead[Status.CANCELLED]

    def test_friday_and_saturday_are_nearly_full(self) -> None:
        saturday = NOW.date() + timedelta(days=1)
        evening = (NOW.replace(hour=18) + timedelta(days=1), NOW.replace(hour=20, minute=45) + timedelta(days=1))
        free = asked = 0

        for restaurant in Restaurant.objects.bookable():
            slots = slots_on(restaurant.pk, saturday, 6, now=NOW)
            at_dinner = [slot for slot in slots if evening[0] <= slot.starts_at <= evening[1]]
            free += sum(slot.available for slot in at_dinner)
            asked += len(at_dinner)

        assert asked > 50
        assert free / asked < 0.25

    def test_no_table_ever_has_two_parties_even_where_the_constraint_no_longer_looks(self) -> None:
        kept = TableAllocation.objects.exclude(booking__status=Status.CANCELLED).order_by("table_id", "during")

        rows = list(kept.values_list("table_id", "during"))

        assert len(rows) > 3000
        for (table, during), (next_table, next_during) in pairwise(rows):
            assert table != next_table or during.upper <= next_during.lower

    def test_keep_their_tables_exactly_while_they_occupy_them(self) -> None:
        for status, live in TableAllocation.objects.values_list("booking__status", "live").distinct():
            assert live == (status in OCCUPYING)
        assert not Booking.objects.filter(allocations__isnull=True).exists()

    def test_heed_pacing_and_the_policy(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT count(*) FROM (
                    SELECT b.restaurant_id, b.starts_at, sum(b.party_size) AS covers, count(*) AS parties,
                           min(s.max_covers_per_slot) AS most_covers, min(s.max_parties_per_slot) AS most_parties
                    FROM bookings_booking b
                    JOIN LATERAL (
                        SELECT max(max_covers_per_slot) AS max_covers_per_slot,
                               max(max_parties_per_slot) AS max_parties_per_slot
                        FROM restaurants_shift WHERE restaurant_id = b.restaurant_id AND name = b.shift_name
                    ) s ON true
                    WHERE b.status <> 'cancelled'
                    GROUP BY b.restaurant_id, b.starts_at
                ) slot
                WHERE parties > most_parties OR (parties > 1 AND covers > most_covers)
                """
            )
            (beyond,) = cursor.fetchone()

        assert beyond == 0
        small = Booking.objects.filter(restaurant__slug="seven-hills-amala", party_size__lt=6)
        assert not small.exclude(channel=Channel.WALK_IN).exists()
        early = Booking.objects.filter(restaurant__slug="danfo-and-dodo", shift_name="Day, walk-ins only")
        assert not early.exclude(channel=Channel.WALK_IN).exists()

    def test_have_a_history_of_legal_moves_that_ends_where_they_are(self) -> None:
        lines: dict[int, list[BookingHistory]] = {}
        for line in BookingHistory.objects.order_by("booking_id", "pk"):
            lines.setdefault(line.booking_id, []).append(line)

        for booking in Booking.objects.all():
            history = lines[booking.pk]
            assert history[0].from_status == ""
            assert history[-1].to_status == booking.status
            assert booking.version == len(history)
            assert booking.created_at == history[0].at
            assert booking.updated_at == history[-1].at
            assert all(step.at <= NOW for step in history)
            for before, after in pairwise(history):
                assert before.to_status == after.from_status
                assert MACHINE.allows(after.from_status, after.to_status)
                assert before.at <= after.at

    def test_belong_to_plainly_made_up_people(self) -> None:
        names = set(Booking.objects.values_list("guest_name", flat=True))
        emails = set(Booking.objects.values_list("guest_email", flat=True)) - {""}

        assert all(name.startswith(("Demo guest ", "Demo diner ")) for name in names)
        assert all(email.endswith("@example.com") for email in emails)
        assert all(phone.startswith(demo.PHONES) for phone in Booking.objects.values_list("guest_phone", flat=True))

    def test_give_every_demo_diner_evenings_of_their_own(self) -> None:
        for diner in User.objects.filter(email__in=demo.DINERS):
            evenings = list(Booking.objects.filter(diner=diner).order_by("starts_at"))
            assert any(booking.starts_at > NOW for booking in evenings)
            assert any(booking.ends_at < NOW for booking in evenings)
            assert all(one.ends_at < other.starts_at for one, other in pairwise(evenings))

    def test_tell_nobody(self, scratch: None) -> None:
        reminded = send_due_reminders(now=NOW)

        assert reminded == 0
        assert not OutboxEvent.objects.exists()
        assert mail.outbox == []


class TestASecondLoad:
    def test_changes_nothing(self, scratch: None) -> None:
        before = list(Booking.objects.order_by("pk").values())

        said = demo.load(now=NOW + timedelta(days=5))

        assert said == []
        assert list(Booking.objects.order_by("pk").values()) == before


@pytest.mark.long
class TestRefreshing:
    LATER = NOW + timedelta(days=3)

    def test_ends_what_has_passed_and_fills_the_days_that_are_new(self, scratch: None) -> None:
        last = max(Booking.objects.values_list("service_day", flat=True))

        demo.refresh(now=self.LATER)

        passed = Booking.objects.filter(ends_at__lte=self.LATER)
        assert not passed.filter(status__in=OCCUPYING).exists()
        assert not TableAllocation.objects.filter(live=True, booking__in=passed).exists()
        assert Booking.objects.filter(service_day=last + timedelta(days=3)).exists()
        assert not OutboxEvent.objects.exists()

    def test_leaves_what_somebody_booked_while_trying_it_out(self, scratch: None) -> None:
        booking = Booking.objects.filter(status=Status.SEATED).first()
        assert booking is not None
        Booking.objects.filter(pk=booking.pk).update(guest_phone="+2348031234567", guest_name="Ada")
        before = Booking.objects.values().get(pk=booking.pk)

        demo.refresh(now=self.LATER)

        assert Booking.objects.values().get(pk=booking.pk) == before

    def test_twice_on_a_day_does_nothing_more(self, scratch: None) -> None:
        demo.refresh(now=self.LATER)
        before = list(Booking.objects.order_by("pk").values())

        said = demo.refresh(now=self.LATER)

        assert said == []
        assert list(Booking.objects.order_by("pk").values()) == before
