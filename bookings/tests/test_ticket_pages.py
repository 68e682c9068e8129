"""The pages of ticketed events as a diner walks them, and what is written to them."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, services
from bookings.models import Ticket, TicketedEvent, TicketKind, TicketOrder
from bookings.services import Actor, Guest
from bookings.states import OrderStatus, PaidWhen, TicketState
from bookings.subscribers_tickets import order_url, ticket_url
from bookings.tests.factories import at, guest
from bookings.tests.ticket_factories import event_at, order, staff_of
from bookings.texting import TICKET
from core.testing import work_off_outbox
from notifications.models import Message
from notifications.states import Channel
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop")


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place, description="Palm wine & <b>highlife</b>.", minimum_age=18)


def url(name: str, public_id: Any) -> str:
    return reverse(f"bookings:{name}", args=[public_id])


def choice(event: TicketedEvent, **wanted: Any) -> dict[str, Any]:
    return {str(TicketKind.objects.get(event=event, name=name).public_id): count for name, count in wanted.items()}


def fill(event: TicketedEvent, **wanted: Any) -> dict[str, Any]:
    return {
        **choice(event, **wanted),
        "name": "Demo diner 1",
        "phone": "",
        "email": "demo-diner-1@example.com",
        "request_key": str(uuid4()),
        "seen_kobo": "",
    }


def seen(row: TicketOrder | Ticket) -> dict[str, Any]:
    return {"version": row.version}


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


class TestEvents:
    def test_stand_on_their_own_page_and_their_restaurants(self, client, place, event):
        event_at(house(name="Elsewhere"), name="Draft night", on_sale=False)
        for address in (reverse("bookings:events"), reverse("bookings:restaurant", args=[place.slug])):
            page = text_of(client.get(address))
            assert "Highlife night" in page
            assert "from ₦5,000" in page
            assert "Draft night" not in page

    def test_say_what_there_is_what_it_costs_and_what_is_agreed(self, client, event):
        order(event, Table=1)
        page = text_of(client.get(url("event", event.public_id)))
        assert "₦5,000" in page
        assert "6 left" in page
        assert "You pay at the restaurant." in page
        assert "For guests of 18 years and older." in page
        assert "Palm wine &amp; &lt;b&gt;highlife" in page
        assert '"@type": "FoodEvent"' in page
        assert '"price": "5000.00"' in page

    def test_of_a_house_that_is_not_shown_are_not_found(self, client, place, event):
        Restaurant.objects.filter(pk=place.pk).update(status="draft")
        assert client.get(url("event", event.public_id)).status_code == 404

    @pytest.mark.parametrize("city", ["\x00", "%00", "x" * 100, "Lagos'"])
    def test_in_no_city_are_not_found(self, client, event, city):
        assert client.get(reverse("bookings:events"), {"city": city}).status_code == 404

    def test_drafts_and_made_up_ones_are_not_found(self, client, place):
        draft = event_at(place, on_sale=False)
        for name in ("event", "order_tickets"):
            assert client.get(url(name, draft.public_id), {"x": 1}).status_code == 404
            assert client.get(url(name, uuid4()), {"x": 1}).status_code == 404

    def test_that_are_sold_out_over_or_called_off_say_so(self, client, event):
        order(event, Ticket=8)
        order(event, Ticket=2, number=2)
        assert "Sold out" in text_of(client.get(url("event", event.public_id)))
        services.call_off_event(event=event, reason="Rain.", by=staff_of(event.restaurant))
        assert "called off" in text_of(client.get(url("event", event.public_id)))

    def test_are_listed_in_a_fixed_number_of_queries(self, client, place, django_assert_max_num_queries):
        def queries() -> int:
            with django_assert_max_num_queries(12) as seen:
                client.get(reverse("bookings:events"))
            return len(seen)

        event_at(place)
        queries()
        few = queries()
        for day in range(1, 5):
            event_at(place, starts_at=at("18:00") + timedelta(days=day), ends_at=at("23:00") + timedelta(days=day))
        assert queries() == few


class TestOrdering:
    def test_goes_from_the_choice_over_the_details_to_the_tickets(self, client, event):
        page = client.get(url("order_tickets", event.public_id), choice(event, Ticket=2, Table=1))
        assert page.status_code == 200
        assert "Together ₦28,000" in text_of(page)
        form = page.context["form"]
        sent = fill(event, Ticket=2, Table=1) | {
            "request_key": form.initial["request_key"],
            "seen_kobo": form.initial["seen_kobo"],
        }
        answer = client.post(url("order_tickets", event.public_id), sent, follow=True)
        made = TicketOrder.objects.get()
        assert answer.redirect_chain[-1][0] == url("ticket_order", made.public_id)
        for ticket in made.tickets.all():
            assert ticket.code[:4] in text_of(answer)
        assert "To pay at the restaurant: ₦28,000" in text_of(answer)

    @pytest.mark.parametrize("wanted", [{}, {"Ticket": 0}, {"Ticket": -1}, {"Ticket": "x"}, {"Ticket": 10**30}])
    def test_without_a_proper_choice_asks_again(self, client, event, wanted):
        asked = choice(event, **wanted) or {"nothing": 1}
        for answer in (
            client.get(url("order_tickets", event.public_id), asked),
            client.post(url("order_tickets", event.public_id), {**fill(event), **asked}),
        ):
            assert answer.status_code == 422
            assert "alert" in text_of(answer)
        assert not TicketOrder.objects.exists()

    def test_without_a_contact_says_so_at_the_field(self, client, event):
        answer = client.post(url("order_tickets", event.public_id), fill(event, Ticket=1) | {"email": ""})
        assert answer.status_code == 422
        assert "phone number or an e-mail address" in text_of(answer)

    def test_sold_out_meanwhile_keeps_the_choice_and_says_what_is_left(self, client, event):
        sent = fill(event, Ticket=4)
        order(event, Ticket=8)
        answer = client.post(url("order_tickets", event.public_id), sent)
        assert answer.status_code == 409
        assert "not that many tickets left" in text_of(answer)
        assert "2 left" in text_of(answer)
        assert 'value="4"' in text_of(answer)

    def test_at_another_price_shows_it_and_then_takes_it(self, client, event):
        sent = fill(event, Ticket=1) | {"seen_kobo": "500000"}
        TicketKind.objects.filter(event=event, name="Ticket").update(price_kobo=600_000)
        answer = client.post(url("order_tickets", event.public_id), sent)
        assert answer.status_code == 409
        assert "₦6,000" in text_of(answer)
        again = sent | {"seen_kobo": answer.context["form"].data["seen_kobo"]}
        assert client.post(url("order_tickets", event.public_id), again).status_code == 302

    def test_sent_twice_is_one_order_even_when_it_is_sold_out_by_then(self, client, event):
        sent = fill(event, Ticket=8)
        first = client.post(url("order_tickets", event.public_id), sent)
        order(event, Ticket=2, number=3)
        assert client.post(url("order_tickets", event.public_id), sent).url == first.url
        assert TicketOrder.objects.count() == 2

    def test_goes_on_the_account_of_whoever_is_signed_in(self, client, event):
        diner = UserFactory()
        client.force_login(diner)
        client.post(url("order_tickets", event.public_id), fill(event, Ticket=1))
        assert TicketOrder.objects.get().diner == diner
        assert "Highlife night" in text_of(client.get(reverse("bookings:my_bookings")))
        assert "Tickets of before" not in text_of(client.get(reverse("bookings:my_bookings")))
        with time_machine.travel(at("23:30"), tick=True):
            client.force_login(diner)
            assert "Tickets of before" in text_of(client.get(reverse("bookings:my_bookings")))


class TestWaitingForTheMoney:
    def test_the_page_says_how_much_how_and_until_when(self, client, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE, payment_instructions="Demo Bank 0000000000")
        answer = client.post(url("order_tickets", event.public_id), fill(event, Ticket=2), follow=True)
        page = text_of(answer)
        assert "To pay: ₦10,000" in page
        assert "Demo Bank 0000000000" in page
        assert "held for you until" in page
        assert not [ticket.code for ticket in Ticket.objects.all() if ticket.code[:4] in page]
        made = TicketOrder.objects.get()
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="T", by=staff_of(place))
        assert made.tickets.first().code[:4] in text_of(client.get(url("ticket_order", made.public_id)))

    def test_over_says_what_becomes_of_money_that_comes_late(self, client, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE)
        client.post(url("order_tickets", event.public_id), fill(event, Ticket=2))
        made = TicketOrder.objects.get()
        TicketOrder.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=1))
        assert "The time for the payment is over" in text_of(client.get(url("ticket_order", made.public_id)))
        services.release_unpaid_orders()
        assert "not paid in time" in text_of(client.get(url("ticket_order", made.public_id)))


class TestTheirOwn:
    def test_strangers_find_neither_order_nor_ticket(self, client, event):
        made = order(event, Ticket=1)
        ticket = made.tickets.get()
        for name, row in (
            ("ticket_order", made),
            ("cancel_tickets", made),
            ("order_calendar", made),
            ("ticket", ticket),
            ("give_ticket_back", ticket),
        ):
            assert client.get(url(name, row.public_id)).status_code == 404
        for name in ("name_ticket", "pass_ticket_on", "give_ticket_back"):
            assert client.post(url(name, ticket.public_id), {"name": "Thief"}).status_code == 404
        assert client.get(url("ticket_order", made.public_id), {"token": "x"}).status_code == 404
        assert client.get(url("ticket", ticket.public_id), {"token": "x"}).status_code == 404

    def test_the_link_of_the_mail_opens_the_order(self, client, event):
        made = order(event, Ticket=1)
        answer = client.get(order_url(made).replace("http://localhost:8000", ""), follow=True)
        assert answer.status_code == 200
        assert "token" not in answer.redirect_chain[-1][0]

    def test_code_and_contact_find_the_order(self, client, event):
        made = order(event, Ticket=1)
        answer = client.post(
            reverse("bookings:find_booking"), {"code": made.code.lower(), "contact": "demo-diner-1@example.com"}
        )
        assert answer.url == url("ticket_order", made.public_id)
        wrong = client.post(reverse("bookings:find_booking"), {"code": made.code, "contact": "x@example.com"})
        assert wrong.status_code == 422

    def test_the_code_in_the_picture_opens_the_ticket(self, client, event):
        ticket = order(event, Ticket=1).tickets.get()
        answer = client.get(f"/w/{access.short_key(TICKET, ticket.public_id)}", follow=True)
        assert ticket.code[:4] in text_of(answer)


class TestStaffWithAScanner:
    def test_are_led_to_the_ticket_and_let_its_guest_in(self, client, event):
        ticket = order(event, Ticket=1).tickets.get()
        log_in(client, member(event.restaurant_id, Role.HOST))
        page = client.get(f"/w/{access.short_key(TICKET, ticket.public_id)}", follow=True)
        assert "Let this guest in" in text_of(page)
        assert "Pass the ticket on" not in text_of(page)
        assert client.post(url("pass_ticket_on", ticket.public_id), {"name": "Thief"}).status_code == 404
        with time_machine.travel(at("18:00"), tick=True):
            log_in(client, member(event.restaurant_id, Role.HOST))
            client.post(page.context["door_url"], {"code": ticket.code})
        assert Ticket.objects.get().state == TicketState.ADMITTED

    def test_of_another_house_are_holders_like_everybody(self, client, event):
        ticket = order(event, Ticket=1).tickets.get()
        log_in(client, member(house(name="Elsewhere").pk, Role.HOST))
        assert client.get(url("ticket", ticket.public_id)).status_code == 404
        page = client.get(f"/w/{access.short_key(TICKET, ticket.public_id)}", follow=True)
        assert "Let this guest in" not in text_of(page)


class TestGivingBackAndPassingOn:
    @pytest.fixture
    def made(self, client: Client, event: TicketedEvent) -> TicketOrder:
        client.post(url("order_tickets", event.public_id), fill(event, Ticket=2))
        return TicketOrder.objects.get()

    def test_one_ticket_is_given_back_after_a_question(self, client, made):
        ticket = made.tickets.first()
        address = url("give_ticket_back", ticket.public_id)
        assert "Give these back?" in text_of(client.get(address))
        assert client.post(address, seen(made)).status_code == 302
        assert list(made.tickets.values_list("state", flat=True)) == [TicketState.VOID, TicketState.VALID]
        assert client.post(address, seen(made)).status_code == 412
        assert client.post(address, seen(TicketOrder.objects.get())).status_code == 409

    def test_the_whole_order_is_given_back(self, client, made):
        client.post(url("cancel_tickets", made.public_id), seen(made))
        assert TicketOrder.objects.get().status == OrderStatus.CANCELLED
        again = client.post(url("cancel_tickets", made.public_id), seen(made))
        assert again.status_code == 412
        assert "These tickets are cancelled" in text_of(again)

    def test_what_comes_back_is_what_was_paid_beyond_the_rest(self, client, made):
        services.receive_payment(order=made, amount_kobo=700_000, reference="T", by=staff_of(made.event.restaurant))
        page = text_of(client.get(url("give_ticket_back", made.tickets.first().public_id)))
        assert "You get ₦2,000 back." in page

    def test_too_late_says_that_it_can_be_passed_on(self, client, made):
        with time_machine.travel(at("17:00"), tick=True):
            assert "no longer be given back" in text_of(client.get(url("cancel_tickets", made.public_id)))
            assert client.post(url("cancel_tickets", made.public_id), seen(made)).status_code == 409
            assert TicketOrder.objects.get().status == OrderStatus.CONFIRMED

    def test_passed_on_it_is_the_other_persons_alone(self, client, made):
        before = made.tickets.first()
        address = url("pass_ticket_on", before.public_id)
        answer = client.post(address, {"name": "Demo friend", "email": "", **seen(before)}, follow=True)
        after = Ticket.objects.get(pk=before.pk)
        link = answer.context["link"]
        # Pressed twice, or loaded again, it is the same ticket's link.
        assert client.post(address, {"name": "Demo friend"}, follow=True).context["link"] == link
        assert client.get(address).context["link"] == link
        assert Client().get(address).status_code == 404
        assert Ticket.objects.get(pk=before.pk).code == after.code
        assert after.code not in text_of(client.get(url("ticket_order", made.public_id)))
        assert "Demo friend" in text_of(client.get(url("ticket_order", made.public_id)))
        assert client.get(url("ticket", before.public_id)).status_code == 410
        assert client.get(url("ticket", after.public_id)).status_code == 404
        friend = Client()
        assert after.code[:4] in text_of(friend.get(link.replace("http://localhost:8000", ""), follow=True))
        assert friend.get(url("ticket_order", made.public_id)).status_code == 404
        assert friend.post(url("give_ticket_back", after.public_id)).status_code == 404
        # The friend may pass it on in turn.
        on = {"name": "Third", **seen(after)}
        assert friend.post(url("pass_ticket_on", after.public_id), on, follow=True).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
            late = client.get(address)
            assert late.status_code == 410
            assert "Demo friend" not in text_of(late)

    @pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 300}, {"name": "Ada", "email": "no"}])
    def test_passing_on_to_nobody_asks_again(self, client, made, wrong):
        ticket = made.tickets.first()
        answer = client.post(url("pass_ticket_on", ticket.public_id), wrong)
        assert answer.status_code == 422
        assert Ticket.objects.get(pk=ticket.pk).public_id == ticket.public_id

    def test_a_name_is_written_on_a_ticket(self, client, made):
        ticket = made.tickets.last()
        client.post(url("name_ticket", ticket.public_id), {"name": "Demo sister", **seen(ticket)})
        assert Ticket.objects.get(pk=ticket.pk).holder_name == "Demo sister"

    def test_the_evening_goes_into_a_calendar(self, client, made):
        answer = client.get(url("order_calendar", made.public_id))
        assert answer["Content-Type"].startswith("text/calendar")
        assert b"SUMMARY:Highlife night\\, Rooftop" in answer.content


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind, channel=Channel.EMAIL).order_by("pk"))


def texts(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind, channel=Channel.SMS).order_by("pk"))


class TestMessages:
    def test_tickets_come_with_the_order(self, event):
        made = order(event, Ticket=2)
        work_off_outbox()
        [mail] = mails("tickets.confirmed")
        assert mail.recipient == "demo-diner-1@example.com"
        assert "2 × Ticket" in mail.body_text
        assert str(made.public_id) in mail.body_text
        assert "To pay at the restaurant: ₦10,000" in mail.body_text

    def test_a_phone_without_an_address_is_texted(self, event):
        order(event, Ticket=2, guest=Guest(name="Demo diner 9", phone="+2348031234599"))
        work_off_outbox()
        [text] = texts("tickets.confirmed")
        assert text.channel == Channel.SMS
        assert "/w/o" in text.sms_text
        assert len(text.sms_text) <= 160

    def test_a_hold_tells_how_to_pay_and_the_payment_brings_the_tickets(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE, payment_instructions="Demo Bank 0000000000")
        made = order(event, Ticket=2)
        work_off_outbox()
        assert not mails("tickets.confirmed")
        assert "Demo Bank 0000000000" in mails("tickets.held")[0].body_text
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="T", by=staff_of(place))
        work_off_outbox()
        assert len(mails("tickets.confirmed")) == 1

    def test_what_was_not_paid_and_what_came_too_late_is_told(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE)
        made = order(event, Ticket=8)
        TicketOrder.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=1))
        services.release_unpaid_orders()
        order(event, Ticket=8, number=2)
        services.receive_payment(order=made, amount_kobo=4_000_000, reference="T", by=staff_of(place))
        work_off_outbox()
        first, second = mails("tickets.expired")
        assert "did not come in time" in first.body_text
        assert "You get ₦40,000 back" in second.body_text
        # It is about their money: it goes to their phone as well, though the first did not.
        assert len(texts("tickets.expired")) == 1

    def test_a_part_of_the_money_is_told_to_go_back_whenever_it_came(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE)
        made = order(event, Ticket=8)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="T1", by=staff_of(place))
        TicketOrder.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=1))
        services.release_unpaid_orders()
        services.receive_payment(order=made, amount_kobo=500_000, reference="T2", by=staff_of(place))
        work_off_outbox()
        first, second = mails("tickets.expired")
        assert "Not all of the payment" in first.body_text
        assert "You get ₦10,000 back" in first.body_text
        assert "You get ₦15,000 back" in second.body_text

    def test_calling_off_tells_buyers_and_whoever_has_a_ticket_from_them(self, event):
        made = order(event, Ticket=2)
        services.pass_on(
            ticket=made.tickets.first(), name="Demo friend", email="friend@example.com", by=Actor.diner(None)
        )
        work_off_outbox()
        [sent] = mails("ticket.passed_on")
        assert sent.recipient == "friend@example.com"
        assert "Demo diner 1 has passed a ticket" in sent.body_text
        services.call_off_event(event=event, reason="The band is ill.", by=staff_of(event.restaurant))
        work_off_outbox()
        [mail] = mails("tickets.given_back")
        assert "The restaurant writes: The band is ill." in mail.body_text
        assert [each.recipient for each in mails("ticket.withdrawn")] == ["friend@example.com"]

    def test_moving_tells_the_new_time(self, event):
        order(event, Ticket=1)
        services.move_event(
            event=event,
            starts_at=at("19:00") + timedelta(days=1),
            ends_at=at("23:00") + timedelta(days=1),
            reason="The band is late.",
            by=staff_of(event.restaurant),
        )
        work_off_outbox()
        [mail] = mails("event.moved")
        assert "7:00" in mail.subject
        assert "The band is late." in mail.body_text

    def test_moving_tells_those_who_have_yet_to_pay_and_lets_everybody_go(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE, hold_minutes=4000, return_hours=None)
        made = order(event, Ticket=1)
        later = {"starts_at": at("19:00"), "ends_at": at("22:00")}
        services.move_event(event=event, **later, reason="The band is late.", by=staff_of(place))
        work_off_outbox()
        assert len(mails("event.moved")) == 1
        made.refresh_from_db()
        assert made.hold_expires_at == at("22:00")
        services.receive_payment(order=made, amount_kobo=500_000, reference="T", by=staff_of(place))
        assert services.cancel_order(order=made, by=Actor.diner(None)).status == OrderStatus.CANCELLED

    def test_the_day_before_everybody_is_reminded(self, event):
        made = order(event, Ticket=1)
        TicketOrder.objects.update(created_at=timezone.now() - timedelta(days=2))
        services.pass_on(
            ticket=made.tickets.get(), name="Demo friend", email="friend@example.com", by=Actor.diner(None)
        )
        with time_machine.travel(at("18:00") - timedelta(hours=20), tick=True):
            services.send_event_reminders()
            work_off_outbox()
        assert {mail.recipient for mail in mails("event.reminder")} == {
            "demo-diner-1@example.com",
            "friend@example.com",
        }

    def test_a_link_of_a_ticket_is_in_the_language_it_was_passed_on_in(self, event):
        ticket = order(event, Ticket=1, language="ha").tickets.get()
        assert "/ha/tickets/" in ticket_url(ticket, language="ha")
        assert guest().name
