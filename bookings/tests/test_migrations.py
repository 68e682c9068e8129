"""What migrations do with rows that are there already, and with those that the release before still adds."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bookings import services
from bookings.models import TicketHistory
from bookings.services import Actor
from bookings.states import TicketDeed
from bookings.tests.ticket_factories import event_at, order
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("bookings", "0018_ticketed_events")]


@pytest.fixture
def latest() -> Iterator[list[tuple[str, str]]]:
    """Give the newest migrations of all apps, and see to it that they are applied afterwards."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield newest
    MigrationExecutor(connection).migrate(newest)


def migrate(to: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(to)


@pytest.mark.long
def test_a_ticket_that_was_passed_on_keeps_its_former_id_both_ways(latest):
    ticket = order(event_at(house()), Ticket=2).tickets.first()
    assert ticket is not None
    first_id = ticket.public_id
    for name in ("Bola", "Chidi"):
        former = ticket.public_id
        ticket = services.pass_on(ticket=ticket, name=name, email=f"{name}@example.com", by=Actor.diner(None))

    migrate(BEFORE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, former_public_id FROM bookings_ticket WHERE former_public_id IS NOT NULL")
        assert cursor.fetchall() == [(ticket.pk, former)]

    migrate(latest)
    known = TicketHistory.objects.filter(former_public_id__isnull=False)
    assert [(each.deed, each.ticket_id, each.former_public_id) for each in known] == [
        (TicketDeed.PASSED_ON, ticket.pk, former)
    ]
    assert former != first_id


@pytest.mark.parametrize(
    "table, column",
    [("bookings_ticketedevent", "moves"), ("bookings_tickethistory", "means"), ("notifications_message", "carrier")],
)
def test_the_release_before_adds_rows_without_a_column_it_does_not_know(table, column):
    asked = (
        "SELECT column_default IS NOT NULL FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, [table, column])
        assert cursor.fetchone() == (True,)
