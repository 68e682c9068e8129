"""The demo city's evenings with tickets and those who wait: believable, stable, and silent."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from bookings import demo, demo_events, demo_waiting, services
from bookings.models import QueueEntry, StandbyEntry, Ticket, TicketedEvent, TicketHistory, TicketOrder
from bookings.selectors import slots_on
from bookings.states import EventRoom, OrderStatus, TicketState
from core.testing import count_rows_anew, work_off_outbox
from notifications.models import Message
from restaurants.demo import loading
from restaurants.demo.loading import ZONE

# A Friday afternoon: the doors of the rooftop are open, and nobody has sat down to dinner.
NOW = datetime(2026, 11, 20, 17, 30, tzinfo=ZONE)


@pytest.fixture(scope="module")
def demo_city(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(NOW, tick=True):
        loading.load(now=NOW)
        demo_events.load(now=NOW)
        demo.load(now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '60s'")
        count_rows_anew()
        demo_waiting.load(now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def scratch(demo_city: None) -> Iterator[None]:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=True), transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything() -> list[Any]:
    models = (TicketedEvent, TicketOrder, Ticket, TicketHistory, QueueEntry, StandbyEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.usefixtures("scratch")
class TestTheDemoEvents:
    def test_a_rooftop_evening_is_on_and_some_have_come_in(self) -> None:
        event = TicketedEvent.objects.get(name=demo_events.ON_THE_ROOF.name)
        local = event.starts_at.astimezone(ZONE)

        assert (event.restaurant.slug, event.room) == (demo_events.ROOFTOP, EventRoom.FLOOR)
        assert (local.date(), local.hour, local.weekday()) == (NOW.date(), 19, demo_events.FRIDAY)
        assert "please send no money" in event.payment_instructions
        assert set(event.orders.values_list("status", flat=True)) == {OrderStatus.CONFIRMED, OrderStatus.HELD}
        assert Ticket.objects.filter(kind__event=event, state=TicketState.ADMITTED).count() >= 5
        assert not any(
            slot.available and slot.starts_at >= event.starts_at
            for slot in slots_on(event.restaurant_id, local.date(), 2, now=NOW)
        )

    def test_an_owambe_takes_the_garden_in_tables_of_ten(self) -> None:
        event = TicketedEvent.objects.get(name=demo_events.IN_THE_GARDEN.name)
        assert event.area is not None and event.block is not None
        assert (event.restaurant.slug, event.area.name) == (demo_events.GARDEN, "Garden")
        assert event.starts_at.astimezone(ZONE).weekday() == demo_events.SATURDAY
        assert [kind.guests for kind in event.kinds.all()] == [10]

    def test_one_is_over_and_has_its_history(self) -> None:
        event = TicketedEvent.objects.get(name=demo_events.ONCE.name)
        assert event.ends_at < NOW - timedelta(days=10)
        lines = TicketHistory.objects.filter(order__event=event)
        assert all(line.at < NOW - timedelta(days=10) for line in lines)
        assert set(lines.values_list("deed", flat=True)) == {"ordered", "admitted"}

    def test_belong_to_plainly_made_up_people(self) -> None:
        for order in TicketOrder.objects.all():
            assert order.guest_name.startswith(("Demo guest ", "Demo diner "))
            assert order.guest_phone.startswith(demo.PHONES)
            assert order.guest_email == ""

    def test_tell_nobody(self) -> None:
        work_off_outbox()
        assert services.send_event_reminders() == 0
        assert not Message.objects.exists()
        assert mail.outbox == []

    def test_a_second_load_changes_nothing(self) -> None:
        before = everything()
        for part in (demo_events, demo_waiting):
            assert part.load(now=timezone.now()) == []
            assert part.refresh(now=timezone.now()) == []
        assert everything() == before

    def test_after_the_evening_the_next_one_is_put_on(self) -> None:
        later = NOW + timedelta(days=3)
        with time_machine.travel(later, tick=True):
            assert demo_events.refresh(now=later) == ["1 more evenings with tickets"]
        assert TicketedEvent.objects.filter(name=demo_events.ON_THE_ROOF.name).count() == 2


@pytest.mark.usefixtures("scratch")
class TestTheDemoWaits:
    def test_two_parties_stand_at_a_door(self) -> None:
        assert sorted(QueueEntry.objects.values_list("party_size", flat=True)) == [2, 4]
        assert {entry.restaurant.slug for entry in QueueEntry.objects.all()} == {demo_waiting.AT_THE_DOOR}

    def test_three_are_on_the_list_of_a_full_evening(self) -> None:
        entries = list(StandbyEntry.objects.order_by("pk"))
        assert [entry.party_size for entry in entries] == list(demo_waiting.LISTED)
        assert len({(entry.restaurant_id, entry.service_day) for entry in entries}) == 1
        assert all(entry.guest_name.startswith("Demo guest ") for entry in entries)
