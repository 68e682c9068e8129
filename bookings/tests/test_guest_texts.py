"""Guests who left a phone and no address: every fact reaches them in one part, and its link opens their booking."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.tests.factories import member
from bookings import access, services
from bookings.models import HouseGuest
from bookings.services import Actor, Guest
from bookings.tests.factories import at, book, guest, tomorrow, visit
from bookings.texting import BOOKING, REVIEW, decent_time, short_url
from core.testing import work_off_outbox
from notifications import gsm
from notifications.models import Message
from notifications.services import send_due
from notifications.states import Channel, Status
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient

PHONE = "+2348031234567"
ADA = Guest(name="Adaeze", phone=PHONE)


@pytest.fixture
def place(db):
    return house(name="Grandmother's Seafood & Pounded Yam House", slug="grandmother", tables=(2, 2, 4))


@pytest.fixture
def host(place):
    return Actor.staff(member(place.pk))


def told():
    """Return the one message that the newest facts led to: a text, in one part, to her phone."""
    work_off_outbox()
    message = Message.objects.latest("pk")
    assert (message.channel, message.phone) == (Channel.SMS, PHONE)
    assert gsm.parts(message.sms_text) == 1
    return message


class TestWhatIsTold:
    def test_a_confirmation_says_who_when_how_many_and_the_code(self, place):
        booking = book(place, guest=ADA, party_size=4)

        text = told().sms_text

        assert text.startswith("Grandmother's Seafo")
        assert "for 4 is booked" in text
        assert booking.starts_at.astimezone(ZoneInfo("Africa/Lagos")).strftime("%d/%m %H:%M") in text
        assert f"code {booking.code[:3]} {booking.code[3:]}" in text
        assert short_url(BOOKING, booking.public_id) in text
        assert Message.objects.count() == 1

    @pytest.mark.parametrize(("language", "is_said"), [("en", True), ("ha", True), ("ar", False)])
    def test_a_deposit_that_is_paid_there_where_one_part_bears_it(self, db, language, is_said):
        asks = {"deposit_kobo_per_guest": 500_000, "deposit_from_party": 1, "deposit_due": "at_the_house"}
        strict = house(name="Grandmother's Seafood", policy=asks)
        booking = book(strict, guest=ADA, language=language)

        text = told().sms_text

        assert ("NGN 10,000" in text) is is_said
        assert short_url(BOOKING, booking.public_id) in text
        assert "NGN" not in self.text_without_one(language)

    def text_without_one(self, language):
        book(house(name="Free House"), guest=ADA, language=language)
        return told().sms_text

    def test_a_request_and_its_refusal(self, db):
        asked = house(name="Asks First", slug="asks", tables=(2, 2), policy={"needs_approval": True})
        by = Actor.staff(member(asked.pk))
        booking = book(asked, guest=ADA)
        assert "has your request" in told().sms_text

        services.decline_request(booking=booking, by=by, reason="A wedding has the whole house.")

        text = told().sms_text
        assert "no table for your request" in text
        assert "A wedding has" in text

    def test_a_change_a_cancellation_and_the_houses_own(self, place, host):
        booking = book(place, guest=ADA)
        work_off_outbox()
        booking = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:00"))
        assert "is now" in told().sms_text and "20:00" in told().sms_text
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        assert "is cancelled" in told().sms_text

        other = book(place, "19:00", guest=ADA)
        work_off_outbox()
        services.cancel_booking(booking=other, by=host, reason="No power.")
        assert told().sms_text.startswith("Sorry, ") and "No power." in told().sms_text
        assert Message.objects.filter(kind="booking.cancelled").count() == 2

    def test_changes_close_together_are_told_by_the_last(self, place):
        booking = book(place, guest=ADA)
        work_off_outbox()
        for party_size in (3, 2, 3, 4):
            booking = services.change_booking(booking=booking, by=Actor.diner(None), party_size=party_size)
            work_off_outbox()

        changes = Message.objects.filter(kind="booking.changed").order_by("pk")

        assert [message.status for message in changes] == [Status.OUTDATED] * 3 + [Status.WAITING]
        assert "for 4" in changes.last().sms_text
        assert changes.last().next_attempt_at > timezone.now() + timedelta(seconds=30)

    def test_a_cancellation_is_not_followed_by_the_change_before_it(self, place):
        booking = book(place, guest=ADA)
        work_off_outbox()
        booking = services.change_booking(booking=booking, by=Actor.diner(None), party_size=4)
        work_off_outbox()
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        assert told().kind == "booking.cancelled"

        assert Message.objects.get(kind="booking.changed").status == Status.OUTDATED

    @pytest.mark.parametrize(("hours", "says"), [(23, "Change or cancel"), (2, "Running late, or not coming?")])
    def test_reminders_lead_to_where_one_says_late_or_cancels(self, place, hours, says):
        booking = book(place, guest=ADA, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        work_off_outbox()
        with time_machine.travel(booking.starts_at - timedelta(hours=hours), tick=True):
            assert services.send_due_reminders() == 1

            text = told().sms_text
            assert says in text
            page = Client().get(re.search(r"/w/\S+", text)[0], follow=True).content.decode()

        assert booking.code[:3] in page
        late = reverse("bookings:late", args=[booking.public_id])
        assert (late in page) == (hours == 2)
        assert reverse("bookings:cancel", args=[booking.public_id]) in page

    def test_thanks_come_at_a_decent_hour_and_lead_to_the_review_and_out_of_it(self, place):
        came = visit(place, guest=ADA)
        with time_machine.travel(at("20:31"), tick=True):
            message = told()
            assert message.kind == "booking.thanks"
            assert message.next_attempt_at == at("08:00")
            assert send_due() == 0
            browser = Client()
            page = browser.get(re.search(r"/w/\S+", message.sms_text)[0], follow=True).content.decode()
            assert "Publish the review" in page
            no_more = reverse("bookings:no_thanks", args=[came.public_id])
            assert no_more in page
            browser.post(no_more)

        assert HouseGuest.objects.filter(wants_no_thanks=True).exists()
        visit(house(name="Elsewhere", slug="elsewhere"), guest=ADA)
        with time_machine.travel(at("20:31"), tick=True):
            work_off_outbox()
        assert Message.objects.filter(kind="booking.thanks").count() == 1

    def test_a_hosts_quick_line_tells_whoever_it_is_for(self, place, host):
        book(place, guest=ADA, by=host)

        assert "is booked" in told().sms_text

    def test_is_said_in_their_language_even_in_seventy_characters(self, place, settings):
        settings.BASE_URL = "https://buka.example"
        book(place, guest=ADA, language="ar")

        text = told().sms_text

        assert not gsm.is_basic(text)
        assert len(text) <= 70


class TestBothChannels:
    def test_who_has_an_address_gets_a_mail_and_on_the_day_a_text_besides(self, place):
        booking = book(place, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        work_off_outbox()
        assert set(Message.objects.values_list("channel", flat=True)) == {Channel.EMAIL}
        with time_machine.travel(booking.starts_at - timedelta(hours=2), tick=True):
            services.send_due_reminders()
            work_off_outbox()

        reminders = Message.objects.filter(kind="booking.reminder")
        assert sorted(reminders.values_list("channel", flat=True)) == [Channel.EMAIL, Channel.SMS]

    def test_a_phone_abroad_gets_no_text_beside_a_mail(self, place):
        abroad = Guest(name="Adaeze", phone="+447400123456", email="ada@example.com")
        booking = book(place, guest=abroad, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        with time_machine.travel(booking.starts_at - timedelta(hours=2), tick=True):
            services.send_due_reminders()
            work_off_outbox()

        assert not Message.objects.filter(channel=Channel.SMS).exists()

    def test_a_house_that_cancels_on_the_day_tells_the_phone_as_well(self, place, host):
        soon = book(place, starts_at=at("19:00"), guest=guest(2))
        later = book(place, starts_at=at("19:00", tomorrow() + timedelta(days=5)), guest=guest(3))
        work_off_outbox()
        with time_machine.travel(at("12:00"), tick=True):
            for booking in (soon, later):
                services.cancel_booking(booking=booking, by=host, reason="No power.")
            work_off_outbox()

        texts = Message.objects.filter(kind="booking.cancelled", channel=Channel.SMS)
        assert [text.phone for text in texts] == [guest(2).phone]


class TestBriefAddresses:
    def test_open_the_thing_and_nothing_else(self, place):
        booking, other = book(place, guest=ADA), book(place, guest=guest(2))
        key = access.brief_key(BOOKING, booking.public_id)

        assert len(key) == 18 and key.isalnum()
        assert access.is_brief_key_of(key, booking.public_id)
        assert not access.is_brief_key_of(key, other.public_id)
        kind, first, last = access.range_of_brief(key)
        assert kind == BOOKING and first <= booking.public_id <= last
        with translation.override("en"):
            assert Client().get(f"/w/{key}").headers["Location"].endswith(f"/{booking.public_id}/")
            wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
            assert Client().get(f"/w/{wrong}").status_code == 404
            # A letter of another kind is another key.
            assert Client().get(f"/w/{REVIEW}{key[1:]}").status_code == 404

    @pytest.mark.parametrize("key", ["", "b", "b" + "z" * 17, "b" + "-" * 17, "b" + "0" * 16])
    def test_what_is_none_is_none(self, key):
        assert access.range_of_brief(key) is None

    def test_long_ones_of_older_messages_still_open(self, place):
        booking = book(place, guest=ADA)

        assert Client().get(f"/w/{access.short_key(BOOKING, booking.public_id)}").status_code == 302


@pytest.mark.parametrize(
    ("clock", "becomes", "days"),
    [("07:59", "08:00", 0), ("08:00", "08:00", 0), ("19:59", "19:59", 0), ("20:00", "08:00", 1)],
)
def test_decent_hours(clock, becomes, days):
    assert decent_time(at(clock), "Africa/Lagos") == at(becomes, tomorrow() + timedelta(days=days))


@pytest.mark.long
@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_brings_it_to_the_phone(sandbox_process, celery_worker_process):
    sandbox = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    sandbox.reset()
    booking = book(house(name="Suya Spot", slug="suya"), guest=ADA)

    [text] = sandbox.wait_for_texts(1, to=PHONE)

    assert text["parts"] == 1
    assert text["text"].endswith(f"/w/{access.brief_key(BOOKING, booking.public_id)}")
    sandbox.http.close()
