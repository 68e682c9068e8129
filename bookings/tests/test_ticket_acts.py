"""What is done to orders and tickets from two screens, at the desk, at the door, and when money comes too late."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, errors, event_figures, services, ticket_wording, ticketing
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor, Guest, Paid
from bookings.states import OrderStatus, PaidBy, PaidWhen, TicketDeed, TicketState
from bookings.subscribers_tickets import ticket_url
from bookings.tests.factories import at, book, guest
from bookings.tests.test_api import Api, signed_in
from bookings.tests.ticket_factories import event_at, order, staff_of
from bookings.texting import ORDER, TICKET, short_url
from core.audit.models import AuditEvent
from core.outbox import relay_all
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", tables=(2, 4))


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place)


@pytest.fixture
def paid_before(place: Restaurant) -> TicketedEvent:
    return event_at(place, paid_when=PaidWhen.BEFORE, most_per_order=4)


@pytest.fixture
def host(place: Restaurant) -> Client:
    client = Client()
    log_in(client, member(place.pk, Role.HOST))
    return client


@pytest.fixture
def manager(place: Restaurant) -> Client:
    client = Client()
    log_in(client, member(place.pk, Role.MANAGER))
    return client


def now_of(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def desk(name: str, event: TicketedEvent, *more: Any) -> str:
    return reverse(f"admin:bookings_ticketedevent_{name}", args=[event.pk, *more])


def first(made: TicketOrder) -> Ticket:
    ticket = made.tickets.order_by("pk")[0]
    ticket.order = made
    return ticket


class TestTwoScreens:
    def test_each_act_on_an_order_goes_by_the_state_that_was_seen(self, place, event):
        made = order(event, Ticket=2)
        old = made.version
        by = staff_of(place)
        services.receive_payment(order=made, amount_kobo=100, reference="A", by=by, expected_version=old)
        late = {"by": by, "expected_version": old}
        acts = [
            lambda: services.receive_payment(order=made, amount_kobo=200, reference="B", **late),
            lambda: services.pay_back(order=made, amount_kobo=50, reference="C", **late),
            lambda: services.cancel_order(order=made, reason="Rain.", **late),
            lambda: services.give_back(ticket=first(made), reason="Rain.", **late),
        ]
        for act in acts:
            with pytest.raises(errors.OrderMovedOn) as refused:
                act()
            assert refused.value.details["version"] == old + 1
        assert now_of(made).paid_kobo == 100
        assert now_of(made).status == OrderStatus.CONFIRMED
        # The same transfer, sent again from the old screen, has been counted already.
        services.receive_payment(order=made, amount_kobo=100, reference="A", by=by, expected_version=old)
        assert now_of(made).paid_kobo == 100

    def test_each_act_on_a_ticket_goes_by_the_ticket_that_was_seen(self, place, event):
        ticket = first(order(event, Ticket=2))
        services.name_holder(ticket=ticket, name="Ngozi", expected_version=ticket.version)
        late = {"expected_version": ticket.version}
        with pytest.raises(errors.OrderMovedOn):
            services.name_holder(ticket=ticket, name="Emeka", **late)
        with pytest.raises(errors.OrderMovedOn):
            services.pass_on(ticket=ticket, name="Emeka", by=Actor.diner(None), **late)
        with time_machine.travel(at("18:30"), tick=False):
            with pytest.raises(errors.OrderMovedOn):
                services.admit(event=event, code=ticket.code, by=staff_of(place), **late)
            services.admit(event=event, code=ticket.code, by=staff_of(place))
            with pytest.raises(errors.OrderMovedOn):
                services.undo_admission(ticket=ticket, by=staff_of(place), reason="Wrong line.", **late)
        assert now_of(ticket).holder_name == "Ngozi"
        assert now_of(ticket).state == TicketState.ADMITTED

    def test_who_cancels_knows_of_a_ticket_that_was_passed_on_meanwhile(self, client, event):
        made = order(event, Ticket=2)
        page = f"{reverse('bookings:cancel_tickets', args=[made.public_id])}"
        client.get(f"{reverse('bookings:ticket_order', args=[made.public_id])}?token={access.token_for(made)}")
        services.pass_on(ticket=first(made), name="Bola", by=Actor.diner(None))

        answer = client.post(page, {"version": made.version})

        assert answer.status_code == 412
        assert "Among them are tickets that you passed on" in answer.content.decode()
        assert now_of(made).status == OrderStatus.CONFIRMED
        assert client.post(page).status_code == 412
        assert client.post(page, {"version": now_of(made).version}).status_code == 302
        assert now_of(made).status == OrderStatus.CANCELLED

    def test_a_page_that_passes_on_sends_what_it_saw(self, client, event):
        ticket = first(order(event, Ticket=1))
        client.get(ticket_url(ticket, language="en"))
        services.name_holder(ticket=ticket, name="Ngozi")
        page = reverse("bookings:pass_ticket_on", args=[ticket.public_id])

        answer = client.post(page, {"name": "Bola", "version": ticket.version})

        assert answer.status_code == 412
        assert f'name="version" value="{ticket.version + 1}"' in answer.content.decode()
        assert not now_of(ticket).is_passed_on

    def test_an_event_is_moved_and_called_off_as_it_was_seen(self, manager, event):
        old = event.version
        sent = {"starts_at": f"{at('19:00'):%Y-%m-%dT%H:%M}", "ends_at": f"{at('23:30'):%Y-%m-%dT%H:%M}"}
        assert manager.post(desk("move", event), {**sent, "reason": "Later.", "version": old}).status_code == 302
        answer = manager.post(desk("call_off", event), {"reason": "Rain.", "is_sure": "on", "version": old})
        assert answer.status_code == 412
        assert now_of(event).status == "on_sale"

    def test_the_api_answers_412_to_a_stale_tag(self, place, event):
        made = order(event, Ticket=2)
        api = signed_in(member(place.pk, Role.HOST))
        path = f"/api/ticket-orders/{made.public_id}"
        tag = api.get(path)["ETag"]
        stale = {"If-Match": tag}
        paid = {"amount": "100.00", "reference": "A", "means": "cash"}
        assert api.send("POST", f"{path}/payments", paid, **stale).status_code == 200
        for act, body in (("payments", {"amount": "5.00"}), ("refunds", {"amount": "1.00"})):
            refused = api.send("POST", f"{path}/{act}", body, **stale)
            assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        assert api.send("DELETE", f"{path}?reason=Rain", **stale).status_code == 412
        ticket = f"/api/tickets/{first(made).public_id}"
        seen = {"If-Match": api.get(ticket)["ETag"]}
        services.receive_payment(order=made, amount_kobo=100, reference="B", by=staff_of(place))
        assert api.send("POST", f"{ticket}/transfer", {"name": "Bola"}, **seen).status_code == 412
        assert api.send("POST", f"{ticket}/return", {"reason": "Rain"}, **seen).status_code == 412
        seen = {"If-Match": api.get(ticket)["ETag"]}
        assert api.send("POST", f"{ticket}/transfer", {"name": "Bola"}, **seen).status_code == 200
        assert now_of(made).paid_kobo == 10_100


class TestAtTheDesk:
    def sold(self, host: Client, event: TicketedEvent, **changes: Any) -> Any:
        kind = TicketKind.objects.get(event=event, name="Ticket")
        sent = {"name": "Ada Obi", "channel": "walk_in", "request_key": str(uuid4()), f"kind_{kind.public_id.hex}": 2}
        return host.post(desk("sell", event), sent | changes)

    def test_a_sale_and_its_payment_are_one(self, host, paid_before):
        answer = self.sold(host, paid_before, paid="card", reference="SLIP 7")

        made = TicketOrder.objects.get()
        assert answer["Location"] == reverse("admin:bookings_ticketorder_change", args=[made.pk])
        assert (made.status, made.paid_kobo) == (OrderStatus.CONFIRMED, 1_000_000)
        line = made.history.get(deed=TicketDeed.PAID)
        assert (line.means, line.reference, line.amount_kobo) == (PaidBy.CARD, "SLIP 7", 1_000_000)
        assert AuditEvent.objects.get(action="tickets.paid").details == {"kobo": 1_000_000, "means": "card"}
        page = host.get(answer["Location"]).content.decode()
        assert "By card terminal" in page
        assert reverse("admin:bookings_ticketorder_hand_over", args=[made.pk]) in page

    def test_pressed_twice_it_is_sold_and_paid_once(self, host, paid_before):
        key = str(uuid4())
        for _press in range(2):
            self.sold(host, paid_before, paid="cash", request_key=key)
        assert TicketOrder.objects.get().paid_kobo == 1_000_000
        assert TicketHistory.objects.filter(deed=TicketDeed.PAID).count() == 1

    def test_unpaid_it_is_held_as_before(self, host, paid_before):
        self.sold(host, paid_before)
        assert TicketOrder.objects.get().status == OrderStatus.HELD

    def test_by_api_staff_say_that_it_is_paid_and_nobody_else_does(self, place, paid_before):
        kind = TicketKind.objects.get(event=paid_before, name="Ticket")
        ask = {
            "tickets": [{"kind": str(kind.public_id), "count": 1}],
            "guest": {"name": "Ada", "phone": "0803 123 4567"},
            "paid": {"means": "cash"},
        }
        path = f"/api/events/{paid_before.public_id}/orders"
        assert Api().send("POST", path, ask).status_code == 403
        assert not TicketOrder.objects.exists()
        staff = signed_in(member(place.pk, Role.HOST))
        answer = staff.send("POST", path, {**ask, "channel": "phone"})
        assert answer.status_code == 201, answer.json()
        assert answer.json()["money"]["paid"] == {"amount": "5000.00", "currency": "NGN"}
        assert answer.json()["status"] == "confirmed"

    def test_the_tickets_are_printed_and_sent_without_those_passed_on(self, host, event):
        made = order(event, Ticket=3)
        kept, passed, spoilt = made.tickets.order_by("pk")
        services.pass_on(ticket=passed, name="Bola", by=Actor.diner(None))
        services.give_back(ticket=spoilt, by=Actor.diner(None))

        page = host.get(reverse("admin:bookings_ticketorder_hand_over", args=[made.pk])).content.decode()

        assert f"{kept.code[:4]} {kept.code[4:]}" in page
        assert now_of(passed).code[:4] not in page
        assert page.count('<li class="v-paper">') == 1
        assert short_url(ORDER, made.public_id) in page
        assert AuditEvent.objects.filter(action="tickets.handed_over").count() == 1

    def test_the_list_tells_takings_and_what_is_owed_back(self, host, place, event):
        made = order(event, Ticket=2)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="A", by=staff_of(place))
        services.give_back(ticket=first(made), by=Actor.diner(None))
        page = host.get(reverse("admin:bookings_ticketedevent_changelist")).content.decode()
        assert "₦10,000" in page
        assert "₦5,000" in page

    def test_what_was_called_off_is_not_said_to_be_given_back(self, client, host, place, event):
        made = order(event, Ticket=1)
        services.call_off_event(event=event, reason="No light.", by=staff_of(place))
        page = host.get(reverse("admin:bookings_ticketorder_change", args=[made.pk])).content.decode()
        assert "Called off" in page
        assert "Given back" not in page
        client.get(f"{reverse('bookings:ticket_order', args=[made.public_id])}?token={access.token_for(made)}")
        buyers = client.get(reverse("bookings:ticket_order", args=[made.public_id])).content.decode()
        assert "This evening is called off" in buyers
        assert "The restaurant called the evening off." in buyers
        assert "No light." in buyers


class TestTheDoor:
    @pytest.fixture
    def evening(self) -> Iterator[None]:
        """Half an hour after the beginning; the event is asked for before this, while it is still to come."""
        with time_machine.travel(at("18:30"), tick=False):
            yield

    @pytest.fixture
    def doorman(self, evening, place) -> Client:
        client = Client()
        log_in(client, member(place.pk, Role.HOST))
        return client

    def sold(self, event: TicketedEvent, count: int = 3, number: int = 1) -> TicketOrder:
        return order(event, Ticket=count, number=number, by=staff_of(event.restaurant))

    def test_says_which_evening_of_which_house_it_is(self, event, doorman):
        said = doorman.get(desk("door", event)).content.decode().split('class="v-evening"')[1].split("</p>")[0]
        assert "Rooftop" in said
        assert "6:00 pm" in said

    def test_a_used_code_says_when_and_by_whom_it_was_let_in(self, place, event, doorman):
        ticket = first(self.sold(event))
        colleague = member(place.pk, Role.HOST)
        services.admit(event=event, code=ticket.code, by=Actor.staff(colleague))
        answer = doorman.post(desk("door", event), {"code": ticket.code})
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "at 6:30 pm" in page
        assert f"by {colleague}" in page

    def test_a_code_of_another_evening_says_of_which(self, place, event):
        other = event_at(place, name="Poetry", room="none")
        ticket = first(order(other, Ticket=1))
        with time_machine.travel(at("18:30"), tick=False):
            client = Client()
            log_in(client, member(place.pk, Role.HOST))
            page = client.post(desk("door", event), {"code": ticket.code}).content.decode()
        assert "It is for Poetry" in page

    def test_the_code_of_an_order_shows_its_places_and_lets_in_one_or_all(self, event, doorman):
        made = self.sold(event)
        one, two, three = made.tickets.order_by("pk")
        services.pass_on(ticket=three, name="Bola", by=Actor.diner(None))
        for shown in (made.code.lower(), short_url(ORDER, made.public_id)):
            answer = doorman.post(desk("door", event), {"code": shown}, follow=True)
            assert answer.status_code == 200
            page = answer.content.decode()
            assert one.code in page
            assert two.code in page
            assert "comes with a code of its own" in page
        assert not Ticket.objects.filter(state=TicketState.ADMITTED).exists()
        at_door = f"{desk('door', event)}?order={made.public_id}"
        stale = doorman.post(at_door, {"code": one.code, "version": one.version + 1})
        assert stale.status_code == 409
        assert now_of(one).state == TicketState.VALID
        doorman.post(at_door, {"code": one.code, "version": one.version}, follow=True)
        assert now_of(one).state == TicketState.ADMITTED
        doorman.post(desk("admit_order", event, made.public_id), follow=True)
        assert now_of(two).state == TicketState.ADMITTED
        assert now_of(three).state == TicketState.VALID
        assert doorman.post(desk("admit_order", event, made.public_id)).status_code == 409

    def test_an_unpaid_order_lets_nobody_in(self, paid_before, doorman):
        made = self.sold(paid_before, 2)
        assert doorman.post(desk("admit_order", paid_before, made.public_id)).status_code == 409
        assert not Ticket.objects.filter(state=TicketState.ADMITTED).exists()

    def test_taking_back_wants_a_reason_and_stands_in_the_audit(self, place, event, doorman):
        ticket = services.admit(event=event, code=first(self.sold(event)).code, by=staff_of(place))
        page = desk("undo", event, ticket.public_id)
        assert doorman.post(page, {"reason": " ", "version": ticket.version}).status_code == 422
        assert now_of(ticket).state == TicketState.ADMITTED
        assert doorman.post(page, {"reason": "The wrong line.", "version": ticket.version}).status_code == 302
        assert now_of(ticket).state == TicketState.VALID
        assert AuditEvent.objects.get(action="tickets.admission_undone").details["reason"] == "The wrong line."
        with pytest.raises(errors.ReasonMissing):
            services.undo_admission(ticket=ticket, by=staff_of(place), reason="")

    def test_the_door_and_the_list_count_alike_and_name_what_is_held(self, place, paid_before, doorman):
        paid = self.sold(paid_before, 2)
        self.sold(paid_before, 3, number=2)
        services.receive_payment(order=paid, amount_kobo=1_000_000, reference="A", by=staff_of(place))
        services.admit(event=paid_before, code=first(paid).code, by=staff_of(place))
        figures = event_figures.figures_of_event(paid_before)
        assert (figures.guests, figures.expected, figures.held, figures.admitted) == (5, 2, 3, 1)
        for name in ("door", "guests"):
            page = doorman.get(desk(name, paid_before)).content.decode()
            assert "of 2 guests are in" in page
            assert "not counted: 3 places held for a payment" in page


class TestMoneyThatCameTooLate:
    def told(self) -> list[Message]:
        Message.objects.all().delete()
        work_off_outbox()
        return list(Message.objects.filter(kind="tickets.owed_back").order_by("channel"))

    @pytest.mark.parametrize("is_called_off", [False, True])
    def test_for_a_cancelled_order_the_buyer_reads_by_mail_and_text_that_it_goes_back(
        self, place, paid_before, is_called_off
    ):
        made = order(
            paid_before, Ticket=1, guest=Guest("Ada", phone="+2348031234567", email="ada@example.com"), language="en"
        )
        if is_called_off:
            services.call_off_event(event=paid_before, reason="Rain.", by=staff_of(place))
        else:
            services.cancel_order(order=made, by=Actor.diner(None))
        work_off_outbox()
        services.receive_payment(order=made, amount_kobo=500_000, reference="A", by=staff_of(place))

        mail, text = self.told()  # by channel

        assert {mail.channel, text.channel} == {"email", "sms"}
        assert "₦5,000" in mail.subject
        assert ("called off" in mail.body_text) is is_called_off
        assert "NGN 5,000" in text.sms_text
        assert len(text.sms_text) <= 160
        assert ticketing.owed_back_kobo(now_of(made), made.tickets.all()) == 500_000

    def test_in_their_language(self, place, paid_before):
        made = order(paid_before, Ticket=1, guest=Guest("Ada", email="ada@example.com"), language="ar")
        services.cancel_order(order=made, by=Actor.diner(None))
        work_off_outbox()
        services.receive_payment(order=made, amount_kobo=500_000, reference="A", by=staff_of(place))
        [mail] = self.told()
        assert mail.language == "ar"


class TestAMovedEvening:
    def test_its_order_says_from_when_to_when_and_that_it_can_be_given_back(self, client, place, event):
        event.return_hours = None
        event.save()
        made = order(event, Ticket=1)
        services.move_event(
            event=event, starts_at=at("19:30"), ends_at=at("23:30"), reason="The band is late.", by=staff_of(place)
        )
        made = now_of(made)
        sentences = ticket_wording.moved_sentences(made)
        assert "6:00 pm to" in sentences[0]
        assert "7:30 pm" in sentences[0]
        assert "The band is late." in sentences[1]
        assert "costs you nothing" in sentences[2]
        client.get(f"{reverse('bookings:ticket_order', args=[made.public_id])}?token={access.token_for(made)}")
        page = client.get(reverse("bookings:ticket_order", args=[made.public_id])).content.decode()
        assert "The evening was moved from" in page

    def test_moved_twice_it_tells_the_time_that_was_ordered(self, place, event):
        made = order(event, Ticket=1)
        for clock in ("19:00", "20:00"):
            services.move_event(
                event=event, starts_at=at(clock), ends_at=at("23:30"), reason="Later.", by=staff_of(place)
            )
        later = order(now_of(event), Ticket=1, number=2)
        sentence = ticket_wording.moved_sentences(now_of(made))[0]
        assert "6:00 pm to" in sentence
        assert "8:00 pm" in sentence
        assert ticket_wording.moved_sentences(now_of(later)) == []


class TestUnpaidPlaces:
    def test_one_guest_keeps_no_more_than_one_order_may_have(self, place, paid_before):
        order(paid_before, Ticket=3, guest=Guest("Ada", phone="+2348031234567"))
        for again in (
            Guest("Ada again", phone="+2348031234567"),
            Guest("Ada again", phone="+2348031234567", email="other@example.com"),
        ):
            with pytest.raises(errors.TooManyUnpaid) as refused:
                order(paid_before, Ticket=2, guest=again)
            assert refused.value.details["most"] == 4
        order(paid_before, Ticket=1, guest=Guest("Ada", phone="+2348031234567"))
        order(paid_before, Ticket=2, guest=Guest("Bola", phone="+2348031234568"))
        assert ticketing.sold_of_event(paid_before).guests == 6

    def test_by_account_and_by_address(self, paid_before):
        diner = UserFactory()
        order(paid_before, Ticket=4, diner=diner, guest=guest(1), by=Actor.diner(diner))
        with pytest.raises(errors.TooManyUnpaid):
            order(paid_before, Ticket=1, diner=diner, guest=guest(2), by=Actor.diner(diner))
        order(paid_before, Ticket=4, guest=Guest("Eve", email="eve@example.com"))
        with pytest.raises(errors.TooManyUnpaid):
            order(paid_before, Ticket=1, guest=Guest("Eve", email="EVE@example.com"))

    def test_what_is_paid_or_has_run_out_counts_no_more(self, place, paid_before):
        made = order(paid_before, Ticket=4)
        services.receive_payment(order=made, amount_kobo=2_000_000, reference="A", by=staff_of(place))
        held = order(paid_before, Ticket=4)
        with time_machine.travel(held.hold_expires_at, tick=False):
            assert order(paid_before, Ticket=4).status == OrderStatus.HELD

    def test_the_event_may_set_it_and_staff_may_go_above_it(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE, most_unpaid=2)
        with pytest.raises(errors.TooManyUnpaid):
            order(event, Ticket=3)
        assert order(event, Ticket=6, by=staff_of(place)).status == OrderStatus.HELD

    def test_page_and_api_say_so(self, client, paid_before):
        contact = {"name": "Ada Obi", "phone": "0803 123 4567"}
        order(paid_before, Ticket=4, guest=Guest("Ada", phone="+2348031234567"))
        kind = TicketKind.objects.get(event=paid_before, name="Ticket")
        sent = {**contact, str(kind.public_id): 1, "request_key": str(uuid4()), "seen_kobo": "500000"}
        answer = client.post(reverse("bookings:order_tickets", args=[paid_before.public_id]), sent)
        assert answer.status_code == 409
        assert "at most 4 unpaid places" in answer.content.decode()
        ask = {"tickets": [{"kind": str(kind.public_id), "count": 1}], "guest": contact}
        refused = Api().send("POST", f"/api/events/{paid_before.public_id}/orders", ask)
        assert (refused.status_code, refused.json()["code"]) == (409, "tickets_too_many_unpaid")
        assert refused.json()["most"] == 4


class TestPassedOn:
    def test_the_old_link_says_when_and_nothing_of_whom(self, client, event):
        ticket = first(order(event, Ticket=1))
        old = ticket_url(ticket, language="en")
        then = services.pass_on(ticket=ticket, name="Bola Secret", email="bola@example.com", by=Actor.diner(None))
        services.pass_on(ticket=then, name="Chidi Secret", by=Actor.diner(None))
        for link in (old, ticket_url(then, language="en")):
            answer = client.get(link, follow=True)
            assert answer.status_code == 410
            page = answer.content.decode()
            assert "This ticket was passed on" in page
            assert "Secret" not in page and "bola@example.com" not in page
        assert Client().get(reverse("bookings:ticket", args=[ticket.public_id])).status_code == 404

    def test_a_ticket_is_found_by_its_code_and_who_comes_or_bought_it(self, client, event):
        made = order(event, Ticket=2, guest=Guest("Ada Obi", phone="+2348031234567", email="ada@example.com"))
        one, two = made.tickets.order_by("pk")
        passed = services.pass_on(ticket=two, name="Bola Ade", email="bola@example.com", by=Actor.diner(None))
        find = reverse("bookings:find_booking")

        def found(code: str, contact: str) -> Any:
            return Client().post(find, {"code": code, "contact": contact})

        for contact in ("Obi", "ada@example.com", "0803 123 4567"):
            assert found(f"{one.code[:4]} {one.code[4:].lower()}", contact)["Location"].endswith(f"{one.public_id}/")
        for contact in ("Ade", "bola@example.com"):
            assert found(passed.code, contact)["Location"].endswith(f"{passed.public_id}/")
        assert found(passed.code, "Obi").status_code == 422
        assert found(two.code, "Bola").status_code == 422
        assert found(made.code, "Obi")["Location"].endswith(f"{made.public_id}/")

    def test_a_scan_of_the_old_picture_is_told_as_passed_on(self, host, event):
        ticket = first(order(event, Ticket=1))
        address = short_url(TICKET, ticket.public_id)
        services.pass_on(ticket=ticket, name="Bola", by=Actor.diner(None))
        with time_machine.travel(at("18:30"), tick=False):
            log_in(host, member(event.restaurant_id, Role.HOST))
            page = host.post(desk("door", event), {"code": address}).content.decode()
        assert "was passed on to somebody else" in page


class TestBookingsInTheWay:
    def test_lead_to_closing_those_tables_with_the_time_filled_in(self, manager, place):
        event = event_at(place, on_sale=False)
        booking = book(place, "19:00")
        answer = manager.post(desk("put_on_sale", event), {"version": event.version})
        assert answer.status_code == 409
        page = answer.content.decode()
        assert booking.code in page
        link = answer.context["room_url"]
        closing = manager.get(link).content.decode()
        assert f'value="{at("18:00"):%Y-%m-%dT}18:00"' in closing
        assert f'value="{at("18:00"):%Y-%m-%dT}23:00"' in closing
        assert "Event: Highlife night" in closing


class TestPublicEvents:
    def test_state_their_page_and_prices_and_times_in_one_form(self, event):
        body = Api().get(f"/api/events/{event.public_id}").json()
        assert body["url"].endswith(reverse("bookings:event", args=[event.public_id]))
        assert body["price_from"] == {"amount": "5000.00", "currency": "NGN"}
        made = order(event, Ticket=1)
        with time_machine.travel(at("18:30"), tick=False):
            services.admit(event=event, code=first(made).code, by=staff_of(event.restaurant))
        answer = Api().get(f"/api/ticket-orders/{made.public_id}?token={access.token_for(made)}").json()
        moments = [answer["created_at"], answer["updated_at"], answer["tickets"][0]["admitted_at"]]
        assert all(moment.endswith("+01:00") for moment in [*moments, answer["event"]["starts_at"]])
        assert answer["event"]["url"] == body["url"]

    def test_are_led_to_from_every_page_and_from_a_citys(self, client, place):
        city = place.city.slug
        page = client.get(reverse("bookings:search"), {"city": city}).content.decode()
        header = page.split("</header>")[0]
        assert f'href="{reverse("bookings:events")}"' in header
        assert f"{reverse('bookings:events')}?city={city}" in page.split("</header>")[1]


def test_a_sale_that_is_paid_at_once_is_told_as_confirmed(place, paid_before):
    made = order(paid_before, Ticket=1, by=staff_of(place), paid=Paid(PaidBy.CASH), guest=guest(1))
    work_off_outbox()
    relay_all()
    assert made.status == OrderStatus.CONFIRMED
    assert Message.objects.filter(kind="tickets.confirmed").exists()
