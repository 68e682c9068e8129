"""A process that is killed in the middle of a sale, of a payment, of passing a ticket on: nothing is half done."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE
from typing import Any
from uuid import uuid4

import pytest

from bookings import services, ticketing
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketOrder
from bookings.services import Actor, Guest
from bookings.states import OrderStatus, PaidWhen, TicketDeed
from bookings.tests.ticket_factories import event_at, order, staff_of
from conftest import ROOT, _environment
from core.models import IdempotencyKey, OutboxEvent
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = [pytest.mark.worker, pytest.mark.long, pytest.mark.django_db(transaction=True)]

# Loads Django once, and forks for each statement of an act before which, or after whose commit, it is told to die.
# The child opens its own connection to the tests' database; its last instruction is the signal that nobody can catch.
RUN = """
import json, os, signal, sys
import django
django.setup()
from uuid import UUID
from django.db import connection
from django.test import Client
from bookings import services
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.services import Actor, Guest

def act(asked):
    what = asked["what"]
    if what == "sell":
        return services.order_tickets(
            event=TicketedEvent.objects.get(pk=asked["event"]), wanted={UUID(asked["kind"]): 2},
            guest=Guest(name="Ada Obi", email="ada@example.com"), by=Actor.diner(None),
            request_key=UUID(asked["key"]),
        )
    if what == "ask":
        return Client(SERVER_NAME="localhost").post(
            asked["path"], asked["body"], content_type="application/json",
            headers={"Idempotency-Key": asked["key"]},
        )
    if what == "receive":
        return services.receive_payment(
            order=TicketOrder.objects.get(pk=asked["order"]), amount_kobo=asked["kobo"], reference="TRF-1",
            by=Actor.system(),
        )
    return services.pass_on(
        ticket=Ticket.objects.get(pk=asked["ticket"]), name="Bola Ade", by=Actor.diner(None),
        expected_version=asked["version"],
    )

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        left = asked["writes"]
        def die_before_a_write(execute, sql, params, many, context):
            global left
            if sql.lstrip().upper().startswith(("INSERT", "UPDATE")):
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return execute(sql, params, many, context)
        with connection.execute_wrapper(die_before_a_write):
            act(asked)
        # All is written and committed, and nobody has heard of it.
        if asked["after_commit"]:
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
KILLED = -signal.SIGKILL


class Dying:
    """The process that does as it is told and dies where it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def __call__(self, what: str, *, writes: int, after_commit: bool = False, **asked: Any) -> int:
        """Return the status with which a process ended that was to die before its write number `writes`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        told = json.dumps({"what": what, "writes": writes, "after_commit": after_commit, **asked})
        print(told, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def at_every_write(self, what: str, **asked: Any) -> Iterator[int]:
        """Kill it before each of its writes, the first first, until one runs through them all and dies after commit."""
        for writes in range(100):
            # One that gets past its last write dies too, once everything has been committed.
            status = self(what, writes=writes, after_commit=True, **asked)
            assert status == KILLED
            yield writes


@pytest.fixture
def dying(tmp_path) -> Iterator[Dying]:
    env = {**_environment(tmp_path, 8190), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        yield Dying(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop")


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place, paid_when=PaidWhen.BEFORE)


def guests_of(event: TicketedEvent) -> int:
    return ticketing.sold_of_event(event).guests


def test_killed_in_the_middle_of_a_sale_no_place_is_gone_and_the_retry_makes_one_order(dying, event):
    kind = event.kinds.get(name="Ticket")
    key = uuid4()
    asked = {"event": event.pk, "kind": str(kind.public_id), "key": str(key)}

    deaths = 0
    for _writes in dying.at_every_write("sell", **asked):
        if TicketOrder.objects.exists():
            break
        deaths += 1
        assert guests_of(event) == 0
        assert not Ticket.objects.exists()
        assert not OutboxEvent.objects.filter(name="tickets.ordered").exists()

    # The order, its tickets, its history and what others hear of it are at least four writes.
    assert deaths >= 4
    made = TicketOrder.objects.get()
    assert guests_of(event) == 2
    assert OutboxEvent.objects.filter(name="tickets.ordered").count() == 1
    again = services.order_tickets(
        event=event,
        wanted={kind.public_id: 2},
        guest=Guest(name="Ada Obi", email="ada@example.com"),
        by=Actor.diner(None),
        request_key=key,
    )
    assert (again.pk, again.code) == (made.pk, made.code)
    assert guests_of(event) == 2


def test_killed_in_the_middle_of_a_receipt_the_reference_counts_once(dying, event):
    made = order(event, Ticket=2)
    assert made.status == OrderStatus.HELD

    deaths = 0
    for _writes in dying.at_every_write("receive", order=made.pk, kobo=1_000_000):
        made.refresh_from_db()
        if made.paid_kobo:
            break
        deaths += 1
        assert made.status == OrderStatus.HELD
        assert not made.history.filter(deed=TicketDeed.PAID).exists()
        assert not OutboxEvent.objects.filter(name="tickets.confirmed").exists()

    assert deaths >= 4
    assert (made.paid_kobo, made.status) == (1_000_000, OrderStatus.CONFIRMED)
    # Whoever sent it never heard that it was done, and sends it again.
    services.receive_payment(order=made, amount_kobo=1_000_000, reference="TRF-1", by=Actor.system())
    made.refresh_from_db()
    assert made.paid_kobo == 1_000_000
    assert made.history.filter(deed=TicketDeed.PAID, reference="TRF-1").count() == 1
    assert OutboxEvent.objects.filter(name="tickets.confirmed").count() == 1
    assert guests_of(event) == 2


def test_killed_while_a_ticket_is_passed_on_one_code_is_valid(dying, place):
    event = event_at(place)
    made = order(event, Ticket=2)
    ticket = made.tickets.order_by("pk")[0]
    before = ticket.code

    deaths = 0
    asked = {"ticket": ticket.pk, "version": ticket.version}
    for _writes in dying.at_every_write("pass_on", **asked):
        ticket.refresh_from_db()
        if ticket.is_passed_on:
            break
        deaths += 1
        assert ticket.code == before
        assert not TicketHistory.objects.filter(deed=TicketDeed.PASSED_ON).exists()

    assert deaths >= 3
    assert ticket.code != before
    assert Ticket.objects.filter(order=made).count() == guests_of(event) == 2
    assert TicketHistory.objects.filter(deed=TicketDeed.PASSED_ON, code=before).count() == 1
    assert OutboxEvent.objects.filter(name="ticket.passed_on").count() == 1
    # Sent again it finds another state, and passes nothing on twice.
    assert dying("pass_on", writes=100, **asked) not in (0, KILLED)
    ticket.refresh_from_db()
    assert TicketHistory.objects.filter(deed=TicketDeed.PASSED_ON).count() == 1
    services.call_off_event(event=event, reason="Rain.", by=staff_of(place))
    assert guests_of(event) == 0


def test_a_request_killed_on_its_way_is_answered_by_its_key_once(dying, client, event):
    kind, key = event.kinds.get(name="Ticket"), str(uuid4())
    path = f"/api/events/{event.public_id}/orders"
    guest = {"name": "Ada Obi", "email": "ada@example.com"}
    body = json.dumps({"tickets": [{"kind": str(kind.public_id), "count": 1}], "guest": guest})

    for _writes in dying.at_every_write("ask", path=path, body=body, key=key):
        if TicketOrder.objects.exists():
            break
        assert guests_of(event) == 0
        assert not IdempotencyKey.objects.exists()

    # It died with its answer in its hand. Sent again with its key, that answer comes, and no second order is made.
    answer = client.post(path, body, content_type="application/json", headers={"Idempotency-Key": key})
    assert answer.status_code == 201
    assert answer["Idempotency-Replayed"] == "true"
    assert answer.json()["code"] == TicketOrder.objects.get().code
    assert guests_of(event) == 1
