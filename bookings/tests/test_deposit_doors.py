"""Deposits and minimum spend on every page, at the desk, in the API and in what is written to the guest."""

import json
import re
from datetime import time, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, erasers, retention, selectors, services
from bookings.collectors import advances
from bookings.models import Advance, AdvanceHistory, Booking
from bookings.recurring import Rule
from bookings.services import Actor
from bookings.states import AdvanceState, Status
from bookings.tests.factories import LAGOS, at, book, guest, tomorrow
from bookings.texting import BOOKING, short_url
from core.personal_data import Subject
from core.testing import work_off_outbox
from localization import formatting
from notifications.models import Message
from payments.states import Kind
from payments.tests.factories import a_payment, a_refund
from restaurants.models import Restaurant, SpecialDay, SpecialTerms
from restaurants.tests.factories import ChargeLineFactory, house

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def strict() -> Restaurant:
    """A house that holds a table for an hour until 10,000 naira a head have come."""
    return house(
        name="Zuma",
        tables=(2, 4),
        policy={
            "deposit_kobo_per_guest": 1_000_000,
            "deposit_from_party": 1,
            "deposit_due": "before",
            "deposit_minutes": 60,
            "deposit_instructions": "Sterling <0123456789>",
            "max_party_online": 8,
        },
    )


@pytest.fixture
def lounge() -> Restaurant:
    """A house whose tables have a minimum spend after eight."""
    restaurant = house(name="Palms", tables=(2, 4))
    SpecialTerms.objects.create(
        restaurant=restaurant, name="After eight", starts_from=time(20), minimum_spend_kobo_per_party=10_000_000
    )
    return restaurant


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def wish(restaurant: Restaurant, clock: str = "19:00", party: int = 2) -> dict[str, Any]:
    return {"starts_at": at(clock).isoformat(), "party": party}


def form(**more: Any) -> dict[str, Any]:
    return {"name": "Ada Obi", "phone": "0803 123 4567", "email": "ada@example.com", "request_key": uuid4(), **more}


def mark_on(response: Any) -> str:
    found = re.search(r'name="terms" value="([^"]+)"', response.content.decode())
    assert found is not None
    return found[1]


def own_page(client: Client, booking: Booking) -> Any:
    client.get(reverse("bookings:booking", args=[booking.public_id]), {"token": access.token_for(booking)})
    return client.get(reverse("bookings:booking", args=[booking.public_id]))


def staffed(restaurant: Restaurant, role: Role = Role.HOST) -> Client:
    client = Client()
    log_in(client, member(restaurant.pk, role))
    return client


def receive(booking: Booking, naira: int = 20_000) -> Any:
    by = Actor.staff(member(booking.restaurant_id))
    return services.receive_deposit(booking=booking, amount_kobo=naira * 100, by=by)


class TestTheFormBefore:
    def test_says_deposit_hold_and_what_is_lost(self, client, strict):
        page = text_of(client.get(reverse("bookings:book", args=[strict.slug]), wish(strict)))

        for said in (
            "A deposit of ₦20,000 is paid before the visit; it comes off your bill.",
            "If you cancel after the free time, or do not come, the restaurant keeps it.",
            "We hold the table for you for 1 hour until the deposit has come.",
        ):
            assert page.index(said) < page.index("Hold this table")

    def test_says_the_minimum_spend_of_the_hour(self, client, lounge):
        early = client.get(reverse("bookings:book", args=[lounge.slug]), wish(lounge, "19:45"))
        late = client.get(reverse("bookings:book", args=[lounge.slug]), wish(lounge, "20:00"))

        said = "The least bill for your table is ₦100,000."
        assert said not in text_of(early)
        assert said in text_of(late)

    def test_an_approval_comes_before_any_deposit(self, client, strict):
        strict.policy.needs_approval = True
        strict.policy.save()

        page = text_of(client.get(reverse("bookings:book", args=[strict.slug]), wish(strict)))

        assert "We hold the table" not in page
        assert "Ask for this table" in page

    def test_books_nothing_under_terms_that_were_not_shown(self, client, lounge):
        where = reverse("bookings:book", args=[lounge.slug])
        shown = mark_on(client.get(where, wish(lounge, "19:00")))

        tapped = client.post(where, {**wish(lounge), **form(terms=shown), "take": f"{at('20:00').isoformat()}|"})

        assert tapped.status_code == 409
        assert "Other terms hold for this time." in text_of(tapped)
        assert "The least bill for your table is ₦100,000." in text_of(tapped)
        assert 'value="Ada Obi"' in tapped.content.decode()
        assert not Booking.objects.exists()
        again = client.post(where, {**wish(lounge, "20:00"), **form(terms=mark_on(tapped))})
        assert again.status_code == 302
        assert Booking.objects.get().policy["minimum_spend_kobo"] == 10_000_000

    def test_an_edit_meanwhile_is_shown_before_it_is_agreed_to(self, client, lounge):
        where = reverse("bookings:book", args=[lounge.slug])
        shown = mark_on(client.get(where, wish(lounge)))
        lounge.policy.free_cancellation_hours = 48
        lounge.policy.save()

        assert client.post(where, {**wish(lounge), **form(terms=shown)}).status_code == 409


class TestTheBookingsPage:
    def test_says_until_when_it_is_held_and_how_to_pay(self, client, strict):
        client.post(reverse("bookings:book", args=[strict.slug]), {**wish(strict), **form()})
        booking = Booking.objects.get()

        response = client.get(reverse("bookings:booking", args=[booking.public_id]))
        page = text_of(response)

        assert re.search(r"Held until [^.]* for a deposit of ₦20,000", page)
        assert "Your table is held for the deposit" in page
        assert "Sterling &lt;0123456789&gt;" in response.content.decode()
        assert f"Write this code with your transfer: {booking.code}" in page
        assert "Add to calendar" not in page
        assert "Give it back" not in page
        assert "Cancel the booking" in page

    def test_a_part_that_came(self, client, strict):
        booking = book(strict)
        receive(booking, 5_000)

        page = text_of(own_page(client, booking))

        assert "₦5,000 of the deposit has come; the rest is still missing." in page
        assert "for a deposit of ₦15,000" in page

    def test_once_it_has_come(self, client, strict):
        booking = book(strict)
        receive(booking)

        page = text_of(own_page(client, booking))

        assert "Your table is booked" in page
        assert "Your deposit of ₦20,000 has come; it comes off your bill" in page
        assert "Add to calendar" in page

    def test_when_the_time_is_over_nobody_is_asked_to_pay(self, client, strict):
        booking = book(strict)
        with time_machine.travel(timezone.now() + 61 * MINUTE, tick=True):
            unswept = text_of(own_page(client, booking))
            services.release_expired_holds()
            swept = text_of(own_page(client, booking))

        assert "The time for the deposit is over" in unswept
        assert "Please do not pay it any more." in unswept
        assert "Sterling" not in unswept
        assert "The deposit did not come in time" in swept

    @pytest.mark.parametrize(
        ("clock", "said", "after"),
        [
            ("12:00", "The restaurant pays back what has come of your deposit: ₦20,000.", "pays your deposit of"),
            ("18:30", "The restaurant keeps your deposit of ₦20,000, as was agreed.", "keeps your deposit of ₦20,000"),
        ],
    )  # fmt: skip
    def test_cancelling_says_what_becomes_of_it(self, client, strict, clock, said, after):
        booking = book(strict)
        receive(booking)
        own_page(client, booking)
        where = reverse("bookings:cancel", args=[booking.public_id])

        with time_machine.travel(at(clock), tick=True):
            assert said in text_of(client.get(where))
            client.post(where, {"version": Booking.objects.get().version})

            assert after in text_of(own_page(client, booking))

    def test_a_held_table_is_given_back(self, client, strict):
        booking = book(strict)
        own_page(client, booking)

        page = text_of(client.get(reverse("bookings:cancel", args=[booking.public_id])))

        assert "The table is only held for you until its deposit has come." in page

    def test_the_change_page_says_what_more_would_cost(self, client, strict):
        booking = book(strict)
        own_page(client, booking)

        page = text_of(client.get(reverse("bookings:change", args=[booking.public_id]), {"party": 4}))

        assert "By these terms the deposit of a party of this size is ₦40,000." in page

    def test_my_bookings_have_it_while_it_waits_and_after(self, client, strict):
        ada = UserFactory()
        booking = book(strict, diner=ada)
        client.force_login(ada)
        mine = reverse("bookings:my_bookings")

        assert "for a deposit of ₦20,000" in text_of(client.get(mine))
        with time_machine.travel(timezone.now() + 61 * MINUTE, tick=True):
            services.release_expired_holds()
            receive(book(strict, guest=guest(2)))
            receive(book(strict, guest=guest(3), party_size=4), 40_000)
            receive(booking)
            page = text_of(client.get(mine))
        assert "The restaurant pays your deposit of ₦20,000 back" in page

    def test_what_waits_cannot_be_repeated(self, client, strict):
        ada = UserFactory()
        booking = book(strict, diner=ada)
        client.force_login(ada)

        answer = client.get(reverse("bookings:repeat", args=[booking.public_id]))

        assert answer.status_code == 302

    def test_a_short_address_opens_it(self, client, strict):
        booking = book(strict)
        path = short_url(BOOKING, booking.public_id).partition("//")[2].partition("/")[2]

        answer = client.get(f"/{path}", follow=True)

        assert "for a deposit of ₦20,000" in text_of(answer)


class TestTheRestaurantsPage:
    def test_tells_special_terms_in_words(self, client, lounge):
        day = SpecialDay.objects.create(restaurant=lounge, date=tomorrow(), name="Eid", is_closed=False)
        SpecialTerms.objects.create(
            restaurant=lounge, name="Eid", special_day=day, from_party=4, to_party=6, deposit_kobo_per_guest=500_000
        )
        SpecialTerms.objects.create(restaurant=lounge, name="Old", weekdays=[4], free_cancellation_hours=48)

        page = text_of(client.get(reverse("bookings:restaurant", args=[lounge.slug])))

        assert "After eight (starting from 8:00 pm): a minimum spend of ₦100,000 a table." in page
        assert re.search(r"Eid \([^)]*parties of 4 to 6\): a deposit of ₦5,000 a head\.", page)
        assert "Old (Friday): free to cancel until 48 hours before." in page

    def test_tells_that_a_table_is_held(self, client, strict):
        page = text_of(client.get(reverse("bookings:restaurant", args=[strict.slug])))

        assert "Online, a table is held for 1 hour until its deposit has come." in page


class TestMessages:
    def told(self, kind: str) -> list[Message]:
        work_off_outbox()
        return list(Message.objects.filter(kind=kind).order_by("channel"))

    def test_a_held_table(self, strict):
        booking = book(strict)

        mail, text = self.told("booking.held")

        assert "₦20,000" in mail.body_text
        assert "Sterling" in mail.body_text
        assert booking.code[:3] in mail.body_text
        assert "NGN 20,000" in text.sms_text
        assert short_url(BOOKING, booking.public_id) in text.sms_text
        assert not Message.objects.filter(kind="booking.confirmed").exists()

    def test_the_deposit_confirms_by_one_mail_and_one_text(self, strict):
        receive(book(strict))

        [text] = self.told("booking.deposit_received")

        assert text.channel == "sms"
        assert Message.objects.filter(kind="booking.confirmed").count() == 1
        # Nobody is asked for money that has come meanwhile.
        assert not Message.objects.filter(kind="booking.held").exists()

    def test_what_was_paid_before_the_house_said_yes_is_confirmed_by_text(self):
        restaurant = house(
            name="Zuma",
            policy={
                "deposit_kobo_per_guest": 1_000_000,
                "deposit_from_party": 1,
                "deposit_due": "before",
                "needs_approval": True,
            },
        )
        asked = book(restaurant, guest=services.Guest("Bola", phone="+2348031234501"))
        receive(asked)

        services.confirm_request(booking=asked, by=Actor.staff(member(restaurant.pk)))

        [text] = self.told("booking.confirmed")
        assert (text.channel, "is booked" in text.sms_text) == ("sms", True)

    def test_a_smaller_party_whose_part_is_enough_is_confirmed_by_text(self, strict):
        booking = book(strict, party_size=3, guest=services.Guest("Bola", phone="+2348031234501"))
        receive(booking)

        services.change_booking(booking=booking, party_size=2, by=Actor.diner(None))

        assert [message.channel for message in self.told("booking.confirmed")] == ["sms"]

    def test_a_part_is_told_with_what_is_missing(self, strict):
        receive(book(strict), 5_000)

        mail, _text = self.told("booking.deposit_received")

        assert "₦15,000 of the deposit is still missing" in re.sub(r"\s+", " ", mail.body_text)

    def test_the_time_is_over(self, strict):
        book(strict)
        with time_machine.travel(timezone.now() + 61 * MINUTE, tick=True):
            services.release_expired_holds()
            mail, text = self.told("booking.deposit_lapsed")

        assert "did not come in time" in mail.body_text
        assert text.sms_text

    def test_late_money_that_goes_back_with_near_times(self, strict):
        booking = book(strict)
        with time_machine.travel(timezone.now() + 61 * MINUTE, tick=True):
            receive(book(strict, guest=guest(2)))
            receive(book(strict, guest=guest(3), party_size=4), 40_000)
            receive(booking)
            mail, text = [
                each for each in self.told("booking.deposit_owed_back") if each.recipient_name == "Demo diner 1"
            ]

        said = re.sub(r"\s+", " ", mail.body_text)
        assert "came when the table had gone to somebody else" in said
        assert "Free near your time:" in said
        assert "came too late" in text.sms_text

    def test_a_deposit_that_confirms_is_named_in_that_mail(self, strict):
        receive(book(strict))

        [mail] = self.told("booking.confirmed")

        assert "Zuma has received your deposit of ₦20,000. It comes off your bill." in _flat(mail.body_text)

    def test_one_that_is_kept_is_told_once_with_why(self, strict):
        late, missed = book(strict), book(strict, "20:45", guest=guest(2))
        receive(late)
        receive(missed)
        with time_machine.travel(at("18:30"), tick=True):
            services.cancel_booking(booking=late, by=Actor.diner(None))
        with time_machine.travel(at("21:30"), tick=True):
            services.mark_no_show(booking=missed, by=Actor.staff(member(strict.pk)))
            told = self.told("booking.deposit_kept")
            work_off_outbox()

        words = {each.recipient_name: _flat(each.body_text) for each in told if each.channel == "email"}
        assert "after the time until which that was free" in words["Demo diner 1"]
        assert "Nobody came to your table at Zuma" in words["Demo diner 2"]
        assert all("keeps your deposit of ₦20,000, as was agreed" in each for each in words.values())
        texts = [each.sms_text for each in told if each.channel == "sms"]
        assert len(texts) == 2 and all("keeps your deposit of NGN 20,000" in text for text in texts)
        assert Message.objects.filter(kind="booking.deposit_kept").count() == 4

    def test_a_no_show_undone_before_anybody_wrote_is_not_told_of(self, strict):
        booking = book(strict)
        receive(booking)
        by = Actor.staff(member(strict.pk))
        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=by)
            services.undo_no_show(booking=booking, by=by)
            assert self.told("booking.deposit_kept") == []

        mail = Message.objects.get(kind="booking.deposit_received", channel="email")
        assert "Your deposit of ₦20,000 is not kept" in _flat(mail.body_text)

    @pytest.mark.parametrize("language", ["en", "ar", "ha"])
    def test_owed_back_says_by_when_and_paid_back_says_under_which_reference(self, strict, language):
        booking = book(strict, language=language)
        receive(booking)
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        owed, owed_text = self.told("booking.deposit_owed_back")
        services.return_deposit(booking=booking, by=Actor.staff(member(strict.pk)), reference="OUT-77")
        back, back_text = self.told("booking.deposit_returned")

        assert {owed.language, back.language} == {language}
        assert "OUT-77" in back.body_text
        if language == "en":
            day = formatting.day((timezone.now() + timedelta(days=7)).astimezone(LAGOS).date(), "en")
            assert f"It should be there by {day}" in _flat(owed.body_text)
            assert "has paid you ₦20,000 back: your booking is off." in _flat(back.body_text)
            assert "pays you NGN 20,000 back" in owed_text.sms_text
            assert "has paid you NGN 20,000 back" in back_text.sms_text
        assert Message.objects.filter(kind="booking.deposit_returned").count() == 2

    def test_of_a_date_what_becomes_of_it_and_a_reminder_and_that_it_is_needed_no_more(self, strict):
        rule = Rule(tomorrow() + timedelta(days=9), time(19), count=2)
        series = services.begin_series(
            restaurant_id=strict.pk, rule=rule, party_size=2, guest=guest(), by=Actor.diner(None)
        )
        first, second = (each.booking for each in series.occurrences.select_related("booking__restaurant"))
        asked = self.told("booking.held")
        assert all(
            "If it has not come by then, the table goes to somebody else" in _flat(each.body_text) for each in asked
        )

        with time_machine.travel(first.advance.due_at - timedelta(hours=20), tick=True):
            services.send_deposit_reminders()
            mail, text = self.told("booking.deposit_reminder")
        assert "after that time your table goes to somebody else" in _flat(mail.body_text)
        assert "NGN 20,000" in text.sms_text

        services.waive_deposit(booking=second, by=Actor.staff(member(strict.pk)))
        mail, text = self.told("booking.deposit_waived")
        assert "does without the ₦20,000" in _flat(mail.body_text)

    def test_a_waived_deposit_that_confirms_is_told_by_the_confirmation(self, strict):
        by = Actor.staff(member(strict.pk))
        services.waive_deposit(booking=book(strict), by=by)
        by_phone = book(strict, "21:00", guest=services.Guest("Bola", phone="+2348031234501"))
        services.waive_deposit(booking=by_phone, by=by)

        assert self.told("booking.deposit_waived") == []
        assert [each.channel for each in self.told("booking.confirmed")] == ["email", "sms"]

    def test_the_dates_of_a_series_fill_no_phone(self, strict):
        rule = Rule(tomorrow(), time(19), count=3)
        services.begin_series(restaurant_id=strict.pk, rule=rule, party_size=2, guest=guest(), by=Actor.diner(None))

        assert [message.channel for message in self.told("booking.held")] == ["email"] * 3

    def test_a_guest_without_a_phone_or_an_address(self, strict):
        book(strict, guest=services.Guest("Ada", email="ada@example.com"))
        book(strict, "21:00", guest=services.Guest("Bola", phone="+2348031234501"))

        assert {message.channel for message in self.told("booking.held")} == {"email", "sms"}
        assert Message.objects.filter(kind="booking.held").count() == 2


def _flat(words: str) -> str:
    return re.sub(r"\s+", " ", words)


class TestWhatHasHappened:
    def test_the_guest_reads_every_turn_with_its_amount_in_order(self, client, strict):
        booking = book(strict)
        receive(booking, 5_000)
        receive(booking, 20_000)
        services.return_deposit(booking=booking, by=Actor.staff(member(strict.pk)), reference="OUT-1")
        services.cancel_booking(booking=booking, by=Actor.diner(None))

        page = text_of(own_page(client, booking))

        told = page[page.index("What has happened") :]
        turns = (
            "The table was held.",
            "The restaurant asked for a deposit of ₦20,000.",
            "The restaurant received ₦5,000 from you for the deposit.",
            "The restaurant received ₦20,000 from you for the deposit.",
            "The booking was confirmed.",
            "The restaurant paid ₦5,000 of the deposit back.",
            "You cancelled the booking.",
            "The restaurant owes you ₦20,000 back.",
        )
        places = [told.index(turn) for turn in turns]
        # Whatever one act does stands together, in whichever order.
        assert places[0] < places[1] < places[2] < places[3] < places[5] < min(places[6:])

    def test_the_desk_reads_who_and_under_which_reference(self, strict):
        booking = book(strict)
        host = member(strict.pk)
        services.receive_deposit(booking=booking, amount_kobo=2_000_000, by=Actor.staff(host), reference="TRF-1")
        office = staffed(strict, Role.MANAGER)

        for where in (
            reverse("admin:today_booking", args=[strict.public_id, booking.public_id]),
            reverse("admin:bookings_booking_change", args=[booking.pk]),
        ):
            page = text_of(office.get(where))
            told = page[page.index("Deposit: ₦20,000 received (Received)") :]
            assert told.index(str(host)) < 200 and "TRF-1" in told[:300]
            assert "Deposit: ₦20,000 asked for" in page

    def test_what_is_kept_and_waived(self, client, strict):
        late, waived = book(strict), book(strict, "20:45", guest=guest(2))
        receive(late)
        with time_machine.travel(at("18:30"), tick=True):
            services.cancel_booking(booking=late, by=Actor.diner(None))
            assert "The restaurant keeps the deposit of ₦20,000." in text_of(own_page(client, late))
        services.waive_deposit(booking=waived, by=Actor.staff(member(strict.pk)))
        assert "The deposit is not awaited any more." in text_of(own_page(client, waived))


class TestTheSeriesPages:
    @pytest.fixture
    def series(self, strict):
        ada = UserFactory()
        return services.begin_series(
            restaurant_id=strict.pk,
            rule=Rule(tomorrow() + timedelta(days=9), time(19), count=3),
            party_size=2,
            guest=guest(),
            by=Actor.diner(ada),
            diner=ada,
        )

    def test_each_date_says_what_is_due_and_the_terms_what_becomes_of_it(self, client, strict, series):
        client.force_login(series.diner)

        page = text_of(client.get(reverse("bookings:series", args=[series.public_id])))

        assert page.count("A deposit of ₦20,000 is due until") == 3
        assert "Each date has a deposit of its own, due 2 hours before it; without it the date is given back." in page

    def test_a_date_given_back_says_so_on_its_own_page_and_in_the_office(self, client, strict, series):
        first = series.occurrences.first().booking
        services.give_back_unpaid_dates(now=first.advance.due_at)
        client.force_login(series.diner)

        own = text_of(client.get(reverse("bookings:booking", args=[first.public_id])))
        office = text_of(
            staffed(strict, Role.MANAGER).get(reverse("admin:bookings_bookingseries_change", args=[series.pk]))
        )

        assert "This table has been given back" in own and "The deposit did not come in time" in own
        assert office.count("₦20,000 of the deposit is missing") == 2

    def test_the_api_has_the_deposit_of_each_date(self, client, series):
        client.force_login(series.diner)

        dates = client.get(f"/api/bookings/series/{series.public_id}").json()["dates"]

        states = [(each["deposit"]["state"], each["deposit"]["table_given_back"]) for each in dates]
        assert states == [("awaited", True)] * 3


class TestTheDesk:
    def tap(self, desk: Client, booking: Booking, move: str, **sent: Any) -> Any:
        where = reverse("admin:today_act", args=[booking.restaurant.public_id, booking.public_id, move])
        booking.refresh_from_db()
        data = {"version": booking.version, "board_day": booking.service_day.isoformat(), **sent}
        return desk.post(where, data)

    def page(self, desk: Client, restaurant: Restaurant) -> Any:
        return desk.get(reverse("admin:today_day", args=[restaurant.public_id]))

    def test_lists_what_is_awaited_on_any_day(self, strict):
        booking = book(strict)
        desk = staffed(strict)

        page = self.page(desk, strict)

        assert f'id="deposit-{booking.advance.pk}"' in page.content.decode()
        assert "₦20,000 of the deposit is missing" in text_of(page)

    def test_of_no_other_house(self, strict, lounge):
        book(strict)

        assert "t-deposits" not in self.page(staffed(lounge), lounge).content.decode()

    def test_asks_as_many_queries_for_many_as_for_one(self, strict, django_assert_max_num_queries):
        desk = staffed(strict)
        book(strict)
        self.page(desk, strict)
        with django_assert_max_num_queries(20) as one:
            self.page(desk, strict)
        book(strict, "20:30", guest=guest(2))
        book(strict, "20:30", guest=guest(3), party_size=3)

        with django_assert_max_num_queries(len(one)):
            self.page(desk, strict)

    def test_says_by_when_the_guest_was_told_whatever_is_written_later(self, strict, django_assert_max_num_queries):
        desk = staffed(strict)
        with time_machine.travel(timezone.now() - timedelta(days=3), tick=True):
            booking = book(strict)
            receive(booking)
            services.cancel_booking(booking=booking, by=Actor.diner(None))
        told = formatting.day((timezone.now() + timedelta(days=4)).astimezone(LAGOS).date(), "en")
        Advance.objects.get(booking=booking).save()

        assert f"₦20,000 to be paid back by {told}" in text_of(self.page(desk, strict))
        self.page(desk, strict)
        with django_assert_max_num_queries(21) as one:
            self.page(desk, strict)

        for number in (2, 3):
            another = book(strict, "20:30", guest=guest(number))
            receive(another)
            services.cancel_booking(booking=another, by=Actor.diner(None))
        with django_assert_max_num_queries(len(one)):
            self.page(desk, strict)

    def test_more_than_was_asked_for_is_owed_since_it_came(self, client, strict):
        booking = book(strict)
        receive(booking, 25_000)
        told = formatting.day((timezone.now() + timedelta(days=7)).astimezone(LAGOS).date(), "en")
        with time_machine.travel(at("19:00"), tick=True):
            services.seat_party(booking=booking, by=Actor.staff(member(strict.pk)))
        with time_machine.travel(at("20:30"), tick=True):
            services.complete_visit(booking=booking, by=Actor.staff(member(strict.pk)))
            page = text_of(own_page(client, booking))

        assert f"It should be with you by {told}." in page

    @pytest.mark.parametrize(("told", "days"), [(timedelta(days=10), 10), (None, 14)])
    def test_of_money_that_came_online_the_day_is_the_gateways(self, client, strict, told, days):
        booking = book(strict)
        receive(booking)
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        now = timezone.now()
        payment = a_payment(strict, kind=Kind.DEPOSIT, subject_id=booking.public_id)
        a_refund(payment, 2_000_000, expected_at=now + told if told else None)
        by = formatting.day((now + timedelta(days=days)).astimezone(LAGOS).date(), "en")

        assert f"It should be with you by {by}." in text_of(own_page(client, booking))
        assert f"to be paid back by {by}" in text_of(self.page(staffed(strict), strict))

    def test_notes_the_money_prefilled_with_what_is_missing(self, strict):
        booking, desk = book(strict), staffed(strict)
        where = reverse("admin:today_booking", args=[strict.public_id, booking.public_id])
        shown = desk.get(where).content.decode()
        assert re.search(r'name="amount"[^>]*value="20000(\.0+)?"', shown)

        answer = self.tap(desk, booking, "deposit", amount="20000", reference="TRF-1")

        assert answer.status_code == 302
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert AdvanceHistory.objects.get(reference="TRF-1").actor is not None
        assert "the deposit is there, and the table is booked" in text_of(self.page(desk, strict))
        assert "TRF-1" in desk.get(where).content.decode()

    def test_says_what_is_missing(self, strict):
        booking, desk = book(strict), staffed(strict)

        self.tap(desk, booking, "deposit", amount="5000.50")

        assert Advance.objects.get().received_kobo == 500_050
        assert "₦14,999.50 is still missing" in text_of(self.page(desk, strict))

    def test_shows_one_that_is_paid_there_and_a_part_of_it_changes_no_terms(self, client, strict):
        strict.policy.deposit_due = "at_the_house"
        strict.policy.save()
        booking, desk = book(strict), staffed(strict)
        where = reverse("admin:today_booking", args=[strict.public_id, booking.public_id])
        day = reverse("admin:today_day", args=[strict.public_id]) + f"?day={booking.service_day}"
        shown = desk.get(where)
        assert "₦20,000 deposit, paid here" in text_of(shown)
        assert "₦20,000 deposit, paid here" in text_of(desk.get(day))
        assert re.search(r'name="amount"[^>]*value="20000(\.0+)?"', shown.content.decode())

        self.tap(desk, booking, "deposit", amount="10")

        work_off_outbox()
        assert "₦19,990 of the deposit still to be paid here" in text_of(desk.get(where))
        page = text_of(own_page(client, booking))
        assert "A deposit of ₦19,990 is paid at the restaurant" in page
        assert "₦10 of the deposit has come already." in page
        assert "is due until" not in page and "Write this code" not in page
        told = Message.objects.filter(kind="booking.deposit_received")
        assert told and not any("missing" in f"{each.body_text} {each.sms_text}" for each in told)

    @pytest.mark.parametrize("amount", ["", "0", "-1", "much", "1e4", "2E+4", "1_000", "NaN", "1000000000.01"])
    def test_refuses_what_is_no_amount(self, strict, amount):
        booking, desk = book(strict), staffed(strict)

        answer = self.tap(desk, booking, "deposit", amount=amount)

        assert answer.status_code == 422
        assert Advance.objects.get().received_kobo == 0

    def test_a_second_tap_of_the_same_form_changes_nothing(self, strict):
        booking, desk = book(strict), staffed(strict)
        self.tap(desk, booking, "deposit", amount="20000")

        answer = self.tap(desk, booking, "deposit", amount="20000", version=1)

        assert answer.status_code == 409
        assert Advance.objects.get().received_kobo == 2_000_000

    def test_pays_back(self, strict):
        booking, desk = book(strict), staffed(strict)
        receive(booking)
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        assert "₦20,000 to be paid back" in text_of(self.page(desk, strict))

        answer = self.tap(desk, booking, "paid-back", reference="OUT-1")

        assert answer.status_code == 302
        assert Advance.objects.get().state == AdvanceState.RETURNED
        assert "to be paid back" not in text_of(self.page(desk, strict))

    @pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, Status.CONFIRMED), (Role.HOST, Status.HELD)])
    def test_a_manager_does_without_it_and_a_host_cannot(self, strict, role, status):
        booking, desk = book(strict), staffed(strict, role)
        panel = desk.get(reverse("admin:today_booking", args=[strict.public_id, booking.public_id]))
        assert ("Do without the deposit" in text_of(panel)) == (role == Role.MANAGER)

        self.tap(desk, booking, "waive", reason="A regular")

        booking.refresh_from_db()
        assert booking.status == status

    def test_a_courier_sees_and_writes_nothing(self, strict):
        booking = book(strict)

        answer = self.tap(staffed(strict, Role.COURIER), booking, "deposit", amount="20000")

        assert answer["Location"].startswith("/admin/login/")
        assert Advance.objects.get().received_kobo == 0

    @pytest.mark.parametrize(("ticked", "status"), [(False, Status.CONFIRMED), (True, Status.HELD)])
    def test_at_the_telephone_it_is_asked_for_by_a_tick(self, strict, ticked, status):
        desk = staffed(strict)
        sent = {
            "name": "Ada", "phone": "0803 123 4567", "party": 2, "day": tomorrow().isoformat(), "clock": "19:00",
            "channel": "phone", "request_key": uuid4(), **({"asks_deposit": "on"} if ticked else {}),
        }  # fmt: skip

        desk.post(reverse("admin:today_book", args=[strict.public_id]), sent)

        assert Booking.objects.get().status == status

    def test_a_house_without_deposits_is_not_asked_about_them(self, lounge):
        page = staffed(lounge).get(reverse("admin:today_book", args=[lounge.public_id]))

        assert "asks_deposit" not in page.content.decode()

    def test_the_list_of_bookings_shows_and_finds_it(self, strict):
        booking = book(strict)
        receive(booking)
        office = staffed(strict, Role.MANAGER)

        page = text_of(office.get(reverse("admin:bookings_booking_change", args=[booking.pk])))
        found = office.get(reverse("admin:bookings_booking_changelist"), {"advance__state__exact": "received"})
        others = office.get(reverse("admin:bookings_booking_changelist"), {"advance__state__exact": "owed_back"})

        assert "Deposit ₦20,000: Received" in page
        assert booking.code in found.content.decode()
        assert booking.code not in others.content.decode()


class TestTheHousesSettings:
    def test_special_terms_are_written_in_naira_and_make_another_plan(self, lounge):
        office = staffed(lounge, Role.MANAGER)
        where = reverse("admin:restaurants_restaurant_change", args=[lounge.pk])
        version = Restaurant.objects.get(pk=lounge.pk).plan_version
        sent = _form_of(office.get(where))
        sent |= {
            "policy-0-deposit_due": "before",
            "policy-0-deposit_minutes": "90",
            "special_terms-TOTAL_FORMS": "2",
            "special_terms-1-id": "",
            "special_terms-1-restaurant": str(lounge.pk),
            "special_terms-1-name": "Fridays",
            "special_terms-1-position": "1",
            "special_terms-1-from_party": "2",
            "special_terms-1-weekdays": ["4"],
            "special_terms-1-deposit_kobo_per_guest": "2,500.50",
            "special_terms-1-minimum_spend_kobo_per_party": "",
        }

        answer = office.post(where, sent)

        assert answer.status_code == 302, text_of(answer)
        fridays = SpecialTerms.objects.get(name="Fridays")
        assert (fridays.deposit_kobo_per_guest, fridays.minimum_spend_kobo_per_party) == (250_050, 0)
        assert (fridays.weekdays, fridays.restaurant) == ([4], lounge)
        kept = SpecialTerms.objects.get(name="After eight")
        assert kept.minimum_spend_kobo_per_party == 10_000_000
        lounge.policy.refresh_from_db()
        assert (lounge.policy.deposit_due, lounge.policy.deposit_minutes) == ("before", 90)
        assert Restaurant.objects.get(pk=lounge.pk).plan_version > version

    def test_a_charge_line_that_is_there_already_is_told_beside_it(self, lounge):
        office = staffed(lounge, Role.OWNER)
        where = reverse("admin:restaurants_restaurant_change", args=[lounge.pk])
        ChargeLineFactory(restaurant=lounge)
        known = lounge.charge_lines.count()
        line = {
            "charge_lines-TOTAL_FORMS": str(known + 1),
            **{
                f"charge_lines-{known}-{name}": value
                for name, value in (
                    ("id", ""), ("restaurant", str(lounge.pk)), ("what", "vat"), ("own_name", ""), ("rate_bp", "10"),
                    ("base", "net"), ("for_meals", "on"), ("for_tickets", "on"), ("position", "0"),
                    ("from_day", "2026-12-01"), ("until_day", ""),
                )
            },
        }  # fmt: skip
        for change, said in (
            ({}, "There is such a line already on some of these days."),
            (
                {"what": "service_charge", "rate_bp": "45"},
                "Together the lines of one day are more than the half of a price.",
            ),
            ({"what": "service_charge", "from_day": "0001-01-01"}, "Please choose a day from 2020 to 2099."),
        ):
            sent = _form_of(office.get(where)) | line
            sent |= {f"charge_lines-{known}-{name}": value for name, value in change.items()}
            answer = office.post(where, sent)
            assert answer.status_code == 200
            assert said in text_of(answer), change
        assert lounge.charge_lines.count() == known

    def test_refuses_what_makes_no_range_and_another_houses_day(self, lounge, strict):
        office = staffed(lounge, Role.MANAGER)
        where = reverse("admin:restaurants_restaurant_change", args=[lounge.pk])
        theirs = SpecialDay.objects.create(restaurant=strict, date=tomorrow(), name="Theirs")
        for change in (
            {"special_terms-0-from_party": "5", "special_terms-0-to_party": "4"},
            {"special_terms-0-special_day": str(theirs.pk)},
        ):
            answer = office.post(where, _form_of(office.get(where)) | change)

            assert answer.status_code == 200
        kept = SpecialTerms.objects.get()
        assert (kept.from_party, kept.special_day) == (1, None)


def _form_of(page: Any) -> dict[str, Any]:
    """Return what the forms of a page of the back office would send as they stand."""
    sent: dict[str, Any] = {}
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for each in forms:
        for bound in each:
            value = bound.value()
            if value is None or value is False or bound.name == "image":
                continue
            sent[bound.html_name] = [getattr(one, "pk", one) for one in value] if isinstance(value, list) else value
    return sent


class TestTheApi:
    def send(self, client: Client, method: str, path: str, body: Any = None) -> Any:
        raw = json.dumps(body or {})
        return client.generic(method, path, raw, content_type="application/json")

    def ask(self, restaurant: Restaurant, **more: Any) -> dict[str, Any]:
        return {
            "restaurant": str(restaurant.public_id), "starts_at": at("19:00").isoformat(), "party_size": 2,
            "guest": {"name": "Ada", "phone": "0803 123 4567"}, **more,
        }  # fmt: skip

    def test_a_table_is_held_with_state_and_due_time(self, client, strict):
        answer = self.send(client, "POST", "/api/bookings", self.ask(strict))

        body = answer.json()
        assert (answer.status_code, body["status"]) == (201, "held")
        assert body["deposit"] == {
            "amount": {"amount": "20000.00", "currency": "NGN"},
            "due": "before",
            "state": "awaited",
            "due_at": body["hold_expires_at"],
            "received": {"amount": "0.00", "currency": "NGN"},
            "missing": {"amount": "20000.00", "currency": "NGN"},
            "table_given_back": True,
            "owed_back": {"amount": "0.00", "currency": "NGN"},
            "instructions": "Sterling <0123456789>",
        }
        assert body["minimum_spend"] is None

    def test_one_payable_at_the_house_and_none(self, client, strict, lounge):
        strict.policy.deposit_due = "at_the_house"
        strict.policy.save()

        there = self.send(client, "POST", "/api/bookings", self.ask(strict)).json()
        none = self.send(client, "POST", "/api/bookings", self.ask(lounge, starts_at=at("20:00").isoformat())).json()

        assert (there["status"], there["deposit"]["due"], there["deposit"]["state"]) == (
            "confirmed", "at_the_house", None,
        )  # fmt: skip
        assert none["deposit"] is None
        assert none["minimum_spend"] == none["terms"]["minimum_spend"] == {"amount": "100000.00", "currency": "NGN"}

    def test_each_free_time_says_what_it_asks(self, client, lounge):
        SpecialTerms.objects.create(
            restaurant=lounge, name="Early", starts_before=time(19), deposit_kobo_per_guest=500_000
        )

        path = f"/api/restaurants/{lounge.public_id}/availability"
        body = client.get(path, {"date": tomorrow().isoformat(), "party_size": 2}).json()

        slots = {slot["starts_at"][11:16]: (slot["deposit"], slot["minimum_spend"]) for slot in body["slots"]}
        assert slots["18:45"] == ({"amount": "10000.00", "currency": "NGN"}, None)
        assert slots["19:00"] == (None, None)
        assert slots["20:00"] == (None, {"amount": "100000.00", "currency": "NGN"})
        assert body["deposit"] == {"amount": "10000.00", "currency": "NGN"}

    def test_staff_note_money_and_pay_back(self, strict):
        booking, desk = book(strict), staffed(strict)
        path = f"/api/bookings/{booking.public_id}/deposit"

        short = self.send(desk, "POST", path, {"amount": "5000.00", "reference": "TRF-1"})
        again = self.send(desk, "POST", path, {"amount": "5000.00", "reference": "TRF-1"})
        rest = self.send(desk, "POST", path, {"amount": "16000", "reference": "TRF-2"})
        back = self.send(desk, "POST", f"{path}/return", {"reference": "OUT-1"})
        twice = self.send(desk, "POST", f"{path}/return", {})

        assert (short.status_code, short.json()["status"]) == (200, "held")
        assert again.json()["deposit"]["received"]["amount"] == "5000.00"
        assert (rest.json()["status"], rest.json()["deposit"]["owed_back"]["amount"]) == ("confirmed", "1000.00")
        assert back.json()["deposit"]["owed_back"]["amount"] == "0.00"
        assert (twice.status_code, twice.json()["code"]) == (409, "booking_nothing_owed_back")

    @pytest.mark.parametrize(
        "amount", ["0", "-1", "much", None, "1e9", "1E-1", "1_000", "NaN", 20000, "1000000000.01", "0.001"]
    )
    def test_refuses_what_is_no_amount(self, strict, amount):
        booking = book(strict)

        answer = self.send(staffed(strict), "POST", f"/api/bookings/{booking.public_id}/deposit", {"amount": amount})

        assert answer.status_code == 400
        assert Advance.objects.get().received_kobo == 0

    def test_the_guest_notes_nothing(self, client, strict):
        booking = book(strict, diner=(ada := UserFactory()))
        client.force_login(ada)

        answer = self.send(client, "POST", f"/api/bookings/{booking.public_id}/deposit", {"amount": "20000"})

        assert answer.status_code == 403
        assert Advance.objects.get().received_kobo == 0

    def test_ones_own_held_table_is_in_the_list_and_a_forms_hold_is_not(self, client, strict):
        ada: User = UserFactory()
        booking = book(strict, diner=ada)
        services.hold_table(
            restaurant_id=strict.pk, starts_at=at("20:45"), party_size=4, by=Actor.diner(ada), diner=ada
        )
        client.force_login(ada)

        listed = client.get("/api/bookings", {"status": "held"}).json()["results"]

        assert [each["id"] for each in listed] == [str(booking.public_id)]

    def test_staff_ask_for_it_and_nobody_else(self, client, strict):
        desk = staffed(strict)

        asked = self.send(desk, "POST", "/api/bookings", self.ask(strict, channel="phone", ask_deposit=True))
        refused = self.send(client, "POST", "/api/bookings", self.ask(strict, ask_deposit=True))

        assert asked.json()["status"] == "held"
        assert refused.status_code == 400


class TestPersonalData:
    def test_is_in_the_archive(self, strict):
        ada = UserFactory()
        receive(book(strict, diner=ada))

        [row] = advances(Subject(user_id=ada.pk))

        assert (row["state"], row["received_kobo"], len(row["history"])) == ("received", 2_000_000, 2)

    def test_the_guest_is_forgotten_and_the_books_stay(self, strict):
        booking = book(strict)
        receive(booking)
        work_off_outbox()
        subject = Subject(rows={"bookings.Booking": frozenset({booking.public_id})}, pseudonym="Erased 1")

        erasers.empty(subject)

        booking.refresh_from_db()
        assert booking.guest_name == "Erased 1"
        assert Advance.objects.get().received_kobo == 2_000_000
        text = Message.objects.get(kind="booking.deposit_received")
        assert (text.phone, text.sms_text) == ("", "")

    def test_no_message_about_money_keeps_a_name_of_somebody_erased(self, client, strict):
        booking = book(strict)
        receive(booking)
        with time_machine.travel(at("18:30"), tick=True):
            services.cancel_booking(booking=booking, by=Actor.diner(None))
            work_off_outbox()
        assert Message.objects.filter(kind="booking.deposit_kept", recipient_name="Demo diner 1").count() == 2
        subject = Subject(rows={"bookings.Booking": frozenset({booking.public_id})}, pseudonym="Erased 1")

        erasers.empty(subject)

        money = Message.objects.filter(kind__startswith="booking.deposit")
        assert money.exists()
        for message in money:
            kept = f"{message.recipient_name}{message.recipient}{message.phone}{message.body_text}{message.body_html}"
            assert "Demo diner" not in kept and "demo-diner" not in kept and not message.sms_text
        booking.refresh_from_db()
        assert "Demo diner" not in text_of(own_page(client, booking))

    def test_details_of_a_table_never_booked_go_after_a_month_unless_money_came(self, strict):
        bare, part = book(strict), book(strict, "20:45", guest=guest(2))
        receive(part, 5_000)
        with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
            services.release_expired_holds()
            over = retention.abandoned_holds(timezone.now() - timedelta(days=30))

            assert list(over) == [bare]

    def test_references_go_with_the_books(self, strict):
        booking = book(strict)
        by = Actor.staff(member(strict.pk))
        services.receive_deposit(booking=booking, amount_kobo=100, by=by, reference="ADA OBI 0412")

        [old] = retention.old_deposits(booking.starts_at + MINUTE)

        assert old.reference == "ADA OBI 0412"
        assert not retention.old_deposits(booking.starts_at).exists()

    def test_an_entry_of_a_guest_book_is_not_made_by_night(self, strict):
        book(strict)

        services.guests.enter_bookings_without_guest()

        assert Booking.objects.get().guest is None
        assert selectors.booking_by_public_id(Booking.objects.get().public_id) is not None
