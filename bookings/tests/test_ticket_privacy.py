"""Tickets and the people on them: taken along, forgotten, let go of in time, found after a breach."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.privacy.archive import archive_of
from accounts.privacy.models import Erasure
from accounts.privacy.services import erasing, requests, retaining
from accounts.privacy.states import ErasureStatus, RequestKind
from accounts.privacy.subjects import subject_of
from accounts.tests.factories import UserFactory
from bookings import breach_queries, services, ticketing
from bookings.collectors import find_guest
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketOrder
from bookings.retention import FORGOTTEN
from bookings.services import Actor, Guest
from bookings.states import EventRoom, OrderStatus, PaidWhen, TicketState
from bookings.tests.factories import at, book
from bookings.tests.ticket_factories import event_at, order, staff_of
from core import personal_data
from core.personal_data import Subject
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
NAME, EMAIL, PHONE = "Ẹniọlá Unheardof", "eniola@unheardof.example", "+2348031234567"
ME = Guest(NAME, PHONE, EMAIL)
FRIEND = "friend@elsewhere.example"


@pytest.fixture
def place() -> Restaurant:
    return house(name="Rooftop", email="desk@rooftop.example")


@pytest.fixture
def event(place: Restaurant) -> TicketedEvent:
    return event_at(place)


@pytest.fixture
def eniola() -> User:
    return UserFactory(name=NAME, email=EMAIL, phone=PHONE)


def bought(event: TicketedEvent, count: int = 2, *, buyer: User | None = None, guest: Guest = ME) -> TicketOrder:
    return order(event, Ticket=count, guest=guest, diner=buyer, by=Actor.diner(buyer))


def erased(user: User) -> Erasure:
    erasure = erasing.request_erasure(user=user)
    Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now(), next_attempt_at=timezone.now())
    assert erasing.run(erasure_id=erasure.pk)
    erasure.refresh_from_db()
    assert erasure.status == ErasureStatus.DONE
    return erasure


def archive(user: User) -> dict[str, list[dict[str, Any]]]:
    subject = subject_of(user)
    return {each.name: list(each.rows(subject)) for each in personal_data.collectors(subject)}


class TestTakingThemAlong:
    def test_orders_of_the_account_and_of_a_proven_address(self, event, eniola):
        mine = bought(event, 2, buyer=eniola)
        without = bought(event, 1)
        services.receive_payment(order=mine, amount_kobo=1_000_000, reference="TRF-1", by=staff_of(event.restaurant))
        bought(event, 1, guest=Guest("Her Brother", PHONE, "brother@unheardof.example"))

        found = archive(eniola)

        assert [row["id"] for row in found["ticket_orders"]] == [mine.public_id, without.public_id]
        row = found["ticket_orders"][0]
        assert (row["email"], row["paid_kobo"], len(row["tickets"])) == (EMAIL, 1_000_000, 2)
        assert {line["what"] for line in found["ticket_history"]} == {"ordered", "paid"}
        assert "Her Brother" not in str(found)

    def test_a_ticket_passed_on_is_in_both_archives_with_what_each_knows(self, event, eniola):
        friend = UserFactory(email=FRIEND)
        made = bought(event, 1, buyer=eniola)
        passed = services.pass_on(ticket=made.tickets.get(), name="Bola", email=FRIEND, by=Actor.diner(eniola))
        with time_machine.travel(at("18:05"), tick=True):
            services.admit(event=event, code=passed.code, by=staff_of(event.restaurant))

        [ticket] = archive(eniola)["ticket_orders"][0]["tickets"]
        theirs = archive(friend)

        assert (ticket["for"], ticket["code"], ticket["state"], ticket["admitted_at"]) == ("Bola", "", "", None)
        assert "admitted" not in {line["what"] for line in archive(eniola)["ticket_history"]}
        assert [(row["name"], row["email"]) for row in theirs["tickets_passed_on"]] == [("Bola", FRIEND)]
        assert theirs["tickets_passed_on"][0]["code"].replace(" ", "") == passed.code
        assert theirs["ticket_orders"] == []
        assert NAME not in str(theirs["tickets_passed_on"])

    def test_what_staff_did_names_no_buyer(self, place, event):
        by = staff_of(place)
        made = bought(event, 1)
        services.receive_payment(order=made, amount_kobo=500_000, reference="T", by=by)
        assert by.user is not None

        found = archive(by.user)["ticket_work"]

        assert [row["what"] for row in found] == ["paid"]
        assert NAME not in str(found)

    def test_costs_as_many_queries_for_many_as_for_one(self, event, eniola, django_assert_max_num_queries):
        bought(event, 1, buyer=eniola)
        with django_assert_max_num_queries(60) as few:
            archive_of(subject_of(eniola))
        for number in range(3):
            bought(event_at(event.restaurant, name=f"E{number}", room=EventRoom.NONE), 2, buyer=eniola)
        with django_assert_max_num_queries(len(few)):
            archive_of(subject_of(eniola))

    def test_nobody_in_particular_is_given_none(self, event):
        bought(event, 1)
        guest = Subject(rows={"bookings.TicketOrder": frozenset()})
        assert all(list(each.rows(guest)) == [] for each in personal_data.collectors(guest))


class TestForgetting:
    def test_what_is_to_come_is_cancelled_and_the_house_is_told_not_the_buyer(self, event, eniola):
        made = bought(event, 2, buyer=eniola)
        without = bought(event, 1)
        work_off_outbox()

        erased(eniola)
        work_off_outbox()

        for row in (made, without):
            row.refresh_from_db()
            assert row.status == OrderStatus.CANCELLED
        assert ticketing.sold_of_event(event).guests == 0
        told = list(Message.objects.filter(kind="booking.guest_erased"))
        assert [mail.recipient for mail in told] == ["desk@rooftop.example"] * 2
        assert not any("unheardof" in mail.body_text.lower() for mail in told)
        assert not Message.objects.filter(kind="tickets.given_back").exists()

    def test_nothing_knows_the_person_any_more_and_the_books_stay(self, place, event, eniola):
        by = staff_of(place)
        made = bought(event, 2, buyer=eniola)
        services.receive_payment(order=made, amount_kobo=1_000_000, reference="TRF-1", by=by)
        services.give_back(ticket=made.tickets.order_by("pk")[1], by=by, reason="Eniola Unheardof called.")

        erasure = erased(eniola)

        made.refresh_from_db()
        assert (made.guest_name, made.guest_phone, made.guest_email) == (erasure.pseudonym, "", "")
        assert (made.guest_phone_index, made.guest_email_index) == ("", "")
        assert set(made.tickets.values_list("holder_name", flat=True)) == {erasure.pseudonym}
        assert (made.paid_kobo, ticketing.owed_back_kobo(made, made.tickets.all())) == (1_000_000, 1_000_000)
        assert "unheardof" not in str(list(TicketHistory.objects.values())).lower()
        line = next(line for line in erasure.receipt["lines"] if line["step"] == "bookings.tickets")
        assert line["kept"] == 1
        assert "section 375" in line["why"]

    def test_texts_to_a_number_nobody_has_proven_are_emptied(self, event, eniola):
        bought(event, 1, buyer=eniola, guest=Guest(NAME, PHONE))
        work_off_outbox()
        assert any(message.phone == PHONE for message in Message.objects.all())

        erased(eniola)

        assert not any(PHONE in f"{message.recipient} {message.phone}" for message in Message.objects.all())

    def test_whom_a_ticket_was_passed_on_to_is_taken_off_it_and_it_stays_valid(self, event, eniola):
        made = bought(event, 1, guest=Guest("Demo buyer", email="buyer@elsewhere.example"))
        services.pass_on(ticket=made.tickets.get(), name=NAME, email=EMAIL, by=Actor.diner(None))

        erasure = erased(eniola)

        ticket = Ticket.objects.get()
        assert (ticket.holder_name, ticket.holder_email, ticket.holder_email_index) == (erasure.pseudonym, "", "")
        assert ticket.state == TicketState.VALID
        made.refresh_from_db()
        assert (made.status, made.guest_name) == (OrderStatus.CONFIRMED, "Demo buyer")

    def test_a_ticket_that_is_a_friends_keeps_the_friend(self, event, eniola):
        made = bought(event, 1, buyer=eniola)
        services.pass_on(ticket=made.tickets.get(), name="Bola", email=FRIEND, by=Actor.diner(eniola))

        erased(eniola)

        ticket = Ticket.objects.get()
        assert (ticket.holder_name, ticket.holder_email) == ("Bola", FRIEND)

    def test_an_evening_that_goes_on_is_not_cancelled(self, place, event, eniola):
        made = bought(event, 1, buyer=eniola)
        with time_machine.travel(at("18:05"), tick=True):
            services.admit(event=event, code=made.tickets.get().code, by=staff_of(place))
            erasure = erased(eniola)
        made.refresh_from_db()
        assert (made.status, made.guest_name) == (OrderStatus.CONFIRMED, erasure.pseudonym)

    def test_twice_it_does_nothing_more(self, event, eniola):
        made = bought(event, 1, buyer=eniola)
        erased(eniola)
        before = list(TicketOrder.objects.values()), list(Ticket.objects.values())
        subject = Subject(user_id=eniola.pk, emails=frozenset({EMAIL}), pseudonym=TicketOrder.objects.get().guest_name)
        for eraser in personal_data.erasers(subject):
            if "tickets" in eraser.name:
                assert eraser.erase(subject).gone == 0
        assert (list(TicketOrder.objects.values()), list(Ticket.objects.values())) == before
        assert made.pk


class TestGuestsWithoutAnAccount:
    def test_show_their_tickets_and_are_forgotten_in_all_that_are_surely_theirs(self, place, event):
        made, other = bought(event, 1), bought(event, 1)
        table = book(place, starts_at=at("19:00") + timedelta(days=2), guest=ME)
        brothers = bought(event, 1, guest=Guest("Her Brother", PHONE, "brother@elsewhere.example"))
        request = requests.take_request(
            kind=RequestKind.ERASE,
            name=NAME,
            email=EMAIL,
            message="Forget me.",
            code=made.code,
            contact=PHONE,
            address="203.0.113.7",
        )
        erasure = erasing.request_guest_erasure(request=request)
        assert erasing.run(erasure_id=erasure.pk)

        for row in (made, other, table):
            row.refresh_from_db()
            assert row.guest_email == ""
        brothers.refresh_from_db()
        assert (brothers.guest_name, brothers.status) == ("Her Brother", OrderStatus.CONFIRMED)

    def test_with_a_wrong_contact_or_an_account_they_show_nothing(self, event, eniola):
        made, on_account = bought(event, 1), bought(event, 1, buyer=eniola)
        for code, contact in ((made.code, "+2348099999999"), (on_account.code, EMAIL), ("ZZZZZZ", EMAIL)):
            assert find_guest(code=code, contact=contact, address="203.0.113.8") is None


class TestLettingGo:
    def test_unpaid_orders_after_thirty_days_unless_money_is_owed(self, place):
        event = event_at(place, paid_when=PaidWhen.BEFORE, starts_at=at("18:00") + timedelta(days=60),
                         ends_at=at("23:00") + timedelta(days=60))  # fmt: skip
        unpaid, owed = bought(event, 1), bought(event, 1)
        services.receive_payment(order=owed, amount_kobo=100, reference="T", by=staff_of(place))
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
            services.release_unpaid_orders()
        for days, name in ((29, NAME), (32, FORGOTTEN)):
            with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
                retaining.run(policy="bookings.unpaid_tickets")
                retaining.run(policy="bookings.ticket_holders")
            unpaid.refresh_from_db()
            assert (unpaid.guest_name, unpaid.tickets.get().holder_name) == (name, name)
        assert (unpaid.guest_email, unpaid.guest_email_index) == ("", "")
        owed.refresh_from_db()
        assert owed.guest_name == NAME

    def test_holders_after_ninety_days_and_buyers_after_six_years(self, event, eniola):
        made = bought(event, 1, buyer=eniola)
        services.pass_on(ticket=made.tickets.get(), name="Bola", email=FRIEND, by=Actor.diner(eniola))
        for days, holder, buyer in ((80, "Bola", NAME), (93, FORGOTTEN, NAME), (6 * 365 + 3, FORGOTTEN, FORGOTTEN)):
            with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
                retaining.run(policy="bookings.ticket_holders")
                retaining.run(policy="bookings.ticket_orders")
            made.refresh_from_db()
            assert (made.tickets.get().holder_name, made.guest_name) == (holder, buyer)
        ticket = made.tickets.get()
        assert (ticket.holder_email, ticket.holder_email_index, made.diner) == ("", "", None)
        assert TicketHistory.objects.filter(order=made).count() == 2


class TestAfterABreach:
    def test_buyers_and_holders_are_found_each_once(self, place, event, eniola):
        bought(event, 1, buyer=eniola)
        without = bought(event, 2, guest=Guest("Demo buyer", email="buyer@elsewhere.example"))
        services.pass_on(ticket=without.tickets.first(), name="Bola", email=FRIEND, by=Actor.diner(None))
        bought(event_at(house(name="Elsewhere")), 1, guest=Guest("Other", email="other@elsewhere.example"))
        span = {"since": timezone.now() - timedelta(hours=1), "until": timezone.now() + timedelta(hours=1)}

        found = breach_queries.ticket_people(**span, restaurant=place.slug)

        assert found.user_ids == {eniola.pk}
        assert sorted(guest["email"] for guest in found.guests) == ["buyer@elsewhere.example", FRIEND]
        assert len(breach_queries.ticket_people(**span).guests) == 3
        with pytest.raises(breach_queries.NoSuchHouse):
            breach_queries.ticket_people(**span, restaurant="nowhere")
