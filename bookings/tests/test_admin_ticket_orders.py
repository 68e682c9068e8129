"""Ticket orders in the back office: finding them, money that comes and goes back, cancelling, passing on."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import log_in, member
from bookings import services, ticketing
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.services import Actor
from bookings.states import OrderStatus, PaidWhen, TicketState
from bookings.tests.ticket_factories import event_at, order, staff_of
from core.audit.models import AuditEvent
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

LIST = "admin:bookings_ticketorder_changelist"


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=60)


@pytest.fixture
def made(event: TicketedEvent) -> TicketOrder:
    """Two tickets for ₦5,000 each, to be paid."""
    return order(event, Ticket=2)


@pytest.fixture
def host(place: Restaurant) -> Client:
    client = Client()
    log_in(client, member(place.pk, Role.HOST))
    return client


def way(name: str, made: TicketOrder, ticket: Ticket | None = None) -> str:
    keys = [made.pk] if ticket is None else [made.pk, ticket.public_id]
    return reverse(f"admin:bookings_ticketorder_{name}", args=keys)


def now_of(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def pay(client: Client, made: TicketOrder, amount: str = "10000", reference: str = "TRF-1", **changes: Any) -> Any:
    sent = {"amount_kobo": amount, "reference": reference, "version": made.version, **changes}
    return client.post(way("payment", made), sent)


def paid(made: TicketOrder, naira: int = 10_000) -> TicketOrder:
    by = staff_of(made.event.restaurant)
    return services.receive_payment(order=made, amount_kobo=naira * 100, reference="PAID", by=by)


class TestLookingUp:
    def found(self, host: Client, **asked: str) -> list[str]:
        return [each.code for each in host.get(reverse(LIST), asked).context["cl"].result_list]

    def test_finds_by_code_name_phone_and_a_tickets_code(self, host, event, made) -> None:
        other = order(event, Ticket=1, number=2)

        assert set(self.found(host)) == {made.code, other.code}
        for asked in (made.code.lower(), "diner 1", "0803 123 4501", made.tickets.all()[0].code):
            assert self.found(host, q=asked) == [made.code], asked
        assert self.found(host, q="nobody") == []

    def test_filters_by_event_status_and_what_is_owed_back(self, place, host, event, made) -> None:
        other = order(event_at(place, name="Another", room="none"), Ticket=1, number=2)
        paid(made, 12_000)

        assert self.found(host, event__id__exact=str(event.pk)) == [made.code]
        assert self.found(host, status__exact="confirmed") == [other.code, made.code]
        assert self.found(host, owed="yes") == [made.code]
        assert self.found(host, owed="yes", q="diner 2") == []
        assert self.found(host, owed="yes", q="diner 1") == [made.code]

    @pytest.mark.parametrize("asked", [{"event__id__exact": "9" * 30}, {"owed": "no"}, {"status__exact": "x"}])
    def test_stands_whatever_is_asked_of_it(self, host, made, asked) -> None:
        assert host.get(reverse(LIST), asked, follow=True).status_code == 200

    def test_asks_as_many_queries_however_many_there_are(self, host, event, django_assert_max_num_queries) -> None:
        order(event, Ticket=1)
        host.get(reverse(LIST))
        with django_assert_max_num_queries(25) as few:
            host.get(reverse(LIST))
        for number in range(2, 7):
            order(event, Ticket=1, number=number)
        with django_assert_max_num_queries(len(few)):
            assert len(self.found(host)) == 6

    def test_shows_the_tickets_the_money_and_who_looked(self, host, made) -> None:
        page = host.get(way("change", made)).content.decode()

        for ticket in made.tickets.all():
            assert ticket.code in page
        assert "₦10,000" in page
        assert AuditEvent.objects.filter(action="tickets.viewed", target_id=str(made.public_id)).count() == 1

    def test_another_houses_order_is_not_there(self, made) -> None:
        stranger = Client()
        log_in(stranger, member(house(name="Other").pk, Role.OWNER))
        ticket = made.tickets.all()[0]

        assert made.code not in stranger.get(reverse(LIST)).content.decode()
        for name in ("change", "payment", "pay_back", "cancel"):
            assert stranger.get(way(name, made)).status_code == 404
        assert pay(stranger, made).status_code == 404
        assert stranger.post(way("pass_on", made, ticket), {"name": "Thief", "version": 1}).status_code == 404
        assert now_of(made).paid_kobo == 0


class TestMoney:
    def test_that_came_confirms(self, host, made) -> None:
        assert 'value="10000"' in host.get(way("payment", made)).content.decode()

        assert pay(host, made).status_code == 302

        assert (now_of(made).paid_kobo, now_of(made).status) == (1_000_000, OrderStatus.CONFIRMED)

    def test_counts_once_though_it_is_sent_twice(self, host, made) -> None:
        answers = [pay(host, made, "5000", reference="") for _again in range(2)]

        assert [answer.status_code for answer in answers] == [302, 412]
        assert now_of(made).paid_kobo == 500_000

    def test_of_one_reference_counts_once(self, host, made) -> None:
        pay(host, made, "5000")
        answer = host.post(
            way("payment", made),
            {"amount_kobo": "5000", "reference": "TRF-1", "version": now_of(made).version},
            follow=True,
        )

        assert "Nothing was added" in answer.content.decode()
        assert now_of(made).paid_kobo == 500_000

    @pytest.mark.parametrize("amount", ["", "0", "-5", "nothing", "9" * 40, "1.234", "NaN", "Infinity", "1e3", "1_000"])
    def test_that_is_none_is_refused(self, host, made, amount) -> None:
        assert pay(host, made, amount).status_code == 422
        assert now_of(made).paid_kobo == 0

    @pytest.mark.parametrize("version", ["", "0", "9" * 30, "x"])
    def test_of_a_page_nobody_saw_is_refused(self, host, made, version) -> None:
        assert pay(host, made, version=version).status_code == 422
        assert now_of(made).paid_kobo == 0

    def test_goes_back_as_far_as_it_is_owed(self, host, made) -> None:
        made = paid(made, 12_000)
        where = way("pay_back", made)
        assert 'value="2000"' in host.get(where).content.decode()

        too_much = host.post(where, {"amount_kobo": "2000.01", "reference": "", "version": made.version})
        done = host.post(where, {"amount_kobo": "2,000", "reference": "B1", "version": made.version})

        assert (too_much.status_code, done.status_code) == (409, 302)
        assert now_of(made).paid_back_kobo == 200_000
        assert "Pay back" not in host.get(way("change", made)).content.decode()


class TestCancelling:
    def test_needs_a_reason_and_owes_what_was_paid(self, host, made) -> None:
        made = paid(made)
        where = way("cancel", made)

        assert host.post(where, {"reason": " ", "version": made.version}).status_code == 422
        answer = host.post(where, {"reason": "Asked for it", "version": made.version}, follow=True)

        assert "₦10,000" in answer.content.decode()
        assert now_of(made).status == OrderStatus.CANCELLED
        assert list(ticketing.orders_owed_back(TicketOrder.objects.all())) == [made]
        again = host.post(where, {"reason": "Asked for it", "version": now_of(made).version})
        assert again.status_code == 409

    def test_gives_back_one_place(self, host, made) -> None:
        made = paid(made)
        first, second = made.tickets.order_by("pk")

        answer = host.post(way("give_back", made, first), {"reason": "Ill", "version": made.version})

        assert answer.status_code == 302
        assert (now_of(first).state, now_of(second).state) == (TicketState.VOID, TicketState.VALID)
        assert now_of(made).status == OrderStatus.CONFIRMED
        twice = host.post(way("give_back", made, first), {"reason": "Ill", "version": now_of(made).version})
        assert twice.status_code == 409

    def test_is_not_for_a_ticket_of_another_order(self, host, event, made) -> None:
        other = paid(order(event, Ticket=1, number=2), 5_000).tickets.get()

        for name in ("give_back", "pass_on"):
            assert host.get(way(name, made, other)).status_code == 404
        answer = host.post(way("give_back", made, other), {"reason": "Ill", "version": made.version})

        assert answer.status_code == 404
        assert now_of(other).state == TicketState.VALID


class TestPassingOn:
    def test_writes_another_name_and_code_once(self, host, made) -> None:
        ticket = paid(made).tickets.order_by("pk")[0]
        where = way("pass_on", made, ticket)

        answer = host.post(where, {"name": "Ngozi", "email": "", "version": ticket.version}, follow=True)

        changed = now_of(ticket)
        assert (changed.holder_name, changed.is_passed_on) == ("Ngozi", True)
        assert changed.code in answer.content.decode()
        # Its address is another one, too: sent twice, it is not there.
        assert host.post(where, {"name": "Thief", "email": "", "version": ticket.version}).status_code == 404
        assert now_of(ticket).holder_name == "Ngozi"

    def test_is_refused_for_what_is_not_paid(self, host, made) -> None:
        ticket = made.tickets.order_by("pk")[0]

        answer = host.post(way("pass_on", made, ticket), {"name": "Ngozi", "email": "x", "version": ticket.version})
        assert answer.status_code == 422
        answer = host.post(way("pass_on", made, ticket), {"name": "Ngozi", "email": "", "version": ticket.version})

        assert answer.status_code == 409
        assert now_of(ticket).holder_name == "Demo diner 1"

    def test_staff_may_though_the_terms_forbid_it(self, place, host) -> None:
        event = event_at(place, name="Another", room="none", may_be_passed_on=False)
        made = order(event, Ticket=1, by=Actor.diner(None))
        ticket = made.tickets.get()

        host.post(way("pass_on", made, ticket), {"name": "Ngozi", "email": "", "version": ticket.version})

        assert now_of(ticket).holder_name == "Ngozi"
