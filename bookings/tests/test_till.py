"""Payments and the desk: each leads to the other; and what is done about money asks the real gateways' stand-ins."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings.states import EventRoom
from bookings.tests.factories import book, guest
from bookings.tests.test_deposits import strict
from bookings.tests.ticket_factories import event_at
from bookings.tests.ticket_factories import order as order_tickets
from core.testing import work_off_outbox
from payments import services as payments
from payments.gateways.base import Channel, Payer
from payments.models import Payment, Refund
from payments.services.beginning import Wish
from payments.states import Kind, PaymentState, RefundState
from payments.tests.factories import a_payment
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient


def signed_in(restaurant_id: int, role: Role = Role.MANAGER) -> Client:
    client = Client()
    log_in(client, member(restaurant_id, role))
    return client


def page_of(payment: Payment, way: str = "change") -> str:
    return reverse(f"admin:payments_payment_{way}", args=[payment.pk])


@pytest.mark.django_db
class TestBothWays:
    def test_a_booking_on_today_shows_what_was_paid_online_and_leads_there(self) -> None:
        restaurant = house(tables=(2, 4))
        booking = book(restaurant)
        payment = a_payment(restaurant, subject_id=booking.public_id)
        where = reverse("admin:today_booking", args=[restaurant.public_id, booking.public_id])

        manager, host = signed_in(restaurant.pk), signed_in(restaurant.pk, Role.HOST)

        assert page_of(payment) in manager.get(where).content.decode()
        assert page_of(payment) not in host.get(where).content.decode()
        back = manager.get(page_of(payment)).content.decode()
        assert where in back
        assert booking.code in back

    def test_an_order_of_tickets_does_too(self) -> None:
        restaurant = house(tables=(2, 4))
        order = order_tickets(event_at(restaurant, room=EventRoom.NONE), Ticket=2)
        payment = a_payment(restaurant, subject_id=order.public_id, kind=Kind.TICKETS)
        where = reverse("admin:bookings_ticketorder_change", args=[order.pk])
        manager = signed_in(restaurant.pk)

        assert page_of(payment) in manager.get(where).content.decode()
        assert where in manager.get(page_of(payment)).content.decode()

    def test_a_payment_is_found_by_the_code_of_what_it_was_for_however_it_is_typed(self) -> None:
        restaurant = house(tables=(2, 4))
        booking = book(restaurant)
        order = order_tickets(event_at(restaurant, room=EventRoom.NONE), Ticket=2)
        for_table = a_payment(restaurant, subject_id=booking.public_id)
        for_tickets = a_payment(restaurant, subject_id=order.public_id, kind=Kind.TICKETS)
        manager = signed_in(restaurant.pk)
        ticket = order.tickets.order_by("pk").first()

        def found(term: str) -> str:
            return manager.get(reverse("admin:payments_payment_changelist"), {"q": term}).content.decode()

        typed = f"{booking.code[:3]}-{booking.code[3:].lower()}"
        assert for_table.reference in found(typed)
        assert for_tickets.reference not in found(typed)
        for code in (order.code, ticket.code):
            assert for_tickets.reference in found(code)
            assert for_table.reference not in found(code)

    def test_the_list_names_many_in_as_many_queries_as_few(self, django_assert_max_num_queries: Any) -> None:
        restaurant = house(tables=(2,) * 8)
        manager = signed_in(restaurant.pk)
        where = reverse("admin:payments_payment_changelist")
        a_payment(restaurant, subject_id=book(restaurant).public_id)
        order = order_tickets(event_at(restaurant, room=EventRoom.NONE), Ticket=1)
        a_payment(restaurant, subject_id=order.public_id, kind=Kind.TICKETS)
        manager.get(where)
        with django_assert_max_num_queries(25) as few:
            manager.get(where)
        for number in range(2, 7):
            a_payment(restaurant, subject_id=book(restaurant, guest=guest(number)).public_id)

        with django_assert_max_num_queries(len(few)):
            page = manager.get(where).content.decode()

        assert page.count("Deposit") >= 6

    def test_its_guest_finds_the_way_and_a_friend_who_paid_does_not(self) -> None:
        restaurant = house(tables=(2, 4))
        ada, friend = UserFactory(), UserFactory()
        booking = book(restaurant, diner=ada)
        for payer in (ada, friend):
            a_payment(restaurant, subject_id=booking.public_id, payer=payer)
        where = reverse("bookings:booking", args=[booking.public_id])
        pages = []
        for person in (ada, friend):
            client = Client()
            log_in(client, person, second_factor=False)
            pages.append(client.get(reverse("own_payments:list")).content.decode())

        assert where in pages[0]
        assert where not in pages[1]
        assert booking.code not in pages[1]


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYMENT_GATEWAYS = ["paystack", "flutterwave"]
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()


def begun() -> tuple[Client, Payment]:
    """Return a manager, and a payment for a deposit that waits for its payer at the gateway's page."""
    restaurant = strict()
    booking = book(restaurant)
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    back = "https://buka.example/en/pay/link/back/"
    wish = Wish(payer=Payer(email="ada@example.com"), return_url=back, cancel_url=back, channel=Channel.CARD)
    return signed_in(restaurant.pk), payments.begin(request=asked, wish=wish)


@pytest.mark.django_db(transaction=True)
class TestWithTheGateway:
    def test_asking_now_finds_money_that_came_unheard(self, gateways: SandboxClient) -> None:
        manager, payment = begun()
        gateways.pay("paystack", payment.reference)

        answer = manager.post(page_of(payment, "ask"), follow=True)

        payment.refresh_from_db()
        assert payment.state == PaymentState.SUCCEEDED
        assert "The gateway was asked" in answer.content.decode()

    def test_asking_again_at_once_is_refused_and_asks_nobody(self, gateways: SandboxClient) -> None:
        manager, payment = begun()
        assert manager.post(page_of(payment, "ask")).status_code == 302
        gateways.pay("paystack", payment.reference)

        answer = manager.post(page_of(payment, "ask"))

        payment.refresh_from_db()
        assert answer.status_code == 429
        assert payment.state == PaymentState.PENDING

    def test_a_gateway_that_is_down_changes_nothing(self, gateways: SandboxClient) -> None:
        manager, payment = begun()
        gateways.gateway_faults({"gateway": "*", "route": "*", "kind": "error_429"})

        answer = manager.post(page_of(payment, "ask"))

        payment.refresh_from_db()
        assert answer.status_code == 302
        assert payment.state == PaymentState.PENDING

    def test_what_is_given_back_at_the_desk_goes_back_there_once(self, gateways: SandboxClient) -> None:
        manager, payment = begun()
        gateways.pay("paystack", payment.reference)
        payments.settle(payment_id=payment.pk)
        work_off_outbox()
        form = manager.get(page_of(payment, "give_back")).context["form"]
        sent = {
            "amount_kobo": "7500",
            "reason": "goodwill",
            "request_key": form.initial["request_key"],
            "seen_left_kobo": form.initial["seen_left_kobo"],
        }

        for _twice in range(2):
            assert manager.post(page_of(payment, "give_back"), sent).status_code == 302
        refund = Refund.objects.get()
        answer = manager.post(reverse("admin:payments_refund_ask", args=[refund.pk]))

        refund.refresh_from_db()
        assert answer.status_code == 302
        assert refund.state in (RefundState.PENDING, RefundState.DONE)
        [row] = [row for row in gateways.payments("paystack") if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 750_000
