"""What is promised, asked for or refused is said at every door, once and truly."""

from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, errors, guest_book, services, wording
from bookings.models import Booking, GuestTag, HouseGuest, QueueEntry
from bookings.services import Actor, Guest, guests, tagging
from bookings.services.claiming import party_refusal, party_refused
from bookings.states import TagRule
from bookings.tests.factories import at, book, tomorrow, visit
from bookings.tests.test_series import begin
from bookings.tests.test_suggested_times import nook, offered  # noqa: F401
from core.testing import work_off_outbox
from localization import formatting
from notifications.models import Message
from restaurants.models import Area, Restaurant, SpecialTerms
from restaurants.service_plan import plan_of
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
ADA = Guest("Ada Obi", "+2348031234567", "ada@example.com")
PROMISED = "80 points are promised to you: they are yours once you have come."


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def opened(client: Client, booking: Booking, name: str = "booking") -> str:
    where = reverse(f"bookings:{name}", args=[booking.public_id])
    client.get(reverse("bookings:booking", args=[booking.public_id]), {"token": access.token_for(booking)})
    return text_of(client.get(where))


def office_of(restaurant: Restaurant, role: Role = Role.OWNER) -> Client:
    office = Client()
    log_in(office, member(restaurant.pk, role))
    return office


class TestPromisedPoints:
    @pytest.fixture
    def booking(self, nook: Restaurant) -> Booking:  # noqa: F811
        return book(nook, "20:00", offer=offered(nook).token)

    def test_stand_on_the_guests_page_in_the_mail_and_at_the_desk(self, client: Client, booking: Booking) -> None:
        assert PROMISED in opened(client, booking)
        work_off_outbox()
        mail = Message.objects.get(kind="booking.confirmed")
        assert PROMISED in mail.body_text
        assert PROMISED in mail.body_html
        where = reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id])
        desk = text_of(office_of(booking.restaurant, Role.HOST).get(where))
        assert "<dt>Points promised</dt><dd>80</dd>" in desk

    def test_are_said_to_be_lost_at_another_time(self, client: Client, booking: Booking) -> None:
        page = opened(client, booking, "change")

        assert "80 points are promised to you for this time. At another time they are not given." in page

    def test_are_named_nowhere_once_they_are_gone(self, client: Client, booking: Booking) -> None:
        services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:30"))

        assert "promised" not in opened(client, booking)
        assert "promised" not in opened(client, booking, "change")

    def test_are_not_promised_any_more_to_who_has_cancelled(self, client: Client, booking: Booking) -> None:
        services.cancel_booking(booking=booking, by=Actor.diner(None))

        assert "promised" not in opened(client, booking)


class TestAWaitInWords:
    @pytest.mark.parametrize(
        ("low", "high", "said"),
        [
            (0, 0, "any moment now"),
            (0, 5, "up to 5 minutes"),
            (30, 30, "about 30 minutes"),
            (1, 1, "about 1 minute"),
            (20, 30, "20 to 30 minutes"),
        ],
    )
    def test_is_never_nought_to_nought(self, low: int, high: int, said: str) -> None:
        assert wording.wait(low, high) == said

    def test_a_free_table_is_no_delay(self, client: Client) -> None:
        place = house(tables=(2,))
        office = Client()
        with time_machine.travel(at("19:00"), tick=False) as clock:
            log_in(office, member(place.pk, Role.HOST))
            sent = {"party": "2", "name": "Bola", "phone": "0803 123 4504", "area": ""}
            sent["request_key"] = "0b0f7c2e-98c5-4c4f-8f0b-3a8d6f0c9e11"
            done = office.post(reverse("admin:today_queue", args=[place.public_id]), sent, follow=True)
            entry = QueueEntry.objects.get()
            assert (entry.quoted_low, entry.quoted_high) == (0, 0)
            assert "Bola: in the queue, any moment now." in text_of(done)
            work_off_outbox()
            assert "you are in the queue, any moment now" in Message.objects.get(kind="queue.joined").sms_text
            panel = office.get(reverse("admin:today_place", args=[place.public_id, entry.public_id]))
            assert "0 to 0" not in text_of(panel)
            assert "any moment now" in text_of(panel)

            link = reverse("bookings:queue", args=[entry.public_id]) + f"?token={access.token_for(entry)}"
            assert "A table for you can be ready at any moment." in text_of(client.get(link, follow=True))
            clock.shift(60 * 4)
            assert "longer than we thought" not in text_of(client.get(link, follow=True))
            clock.shift(60 * 3)
            assert "longer than we thought" in text_of(client.get(link, follow=True))


class TestWhoIsTakenByTelephoneOnly:
    @pytest.fixture
    def place(self) -> Restaurant:
        place = house(tables=(2,), phone="+2348012345678")
        entry = book(place, "18:00", guest=ADA).guest
        assert entry is not None
        guests.block_guest(guest=entry, by=member(place.pk, Role.OWNER), reason="Shouted at the waiters")
        return place

    def sent(self, place: Restaurant, clock: str) -> dict[str, Any]:
        contact = {"name": ADA.name, "phone": ADA.phone, "email": ADA.email}
        key = {"request_key": "0b0f7c2e-98c5-4c4f-8f0b-3a8d6f0c9e11"}
        return {"starts_at": at(clock).isoformat(), "party": "2", **contact, **key}

    @pytest.mark.parametrize("clock", ["20:00", "18:30"], ids=["a free time", "a taken time"])
    def test_reads_it_once_with_the_number_and_no_times(self, client: Client, place: Restaurant, clock: str) -> None:
        page = client.post(reverse("bookings:book", args=[place.slug]), self.sent(place, clock))

        body = text_of(page)
        assert page.status_code == 409
        assert body.count("We cannot take this booking online. Please call the restaurant.") == 1
        assert body.count('href="tel:+2348012345678"') == 1
        for wrong in ("Choose another time", "Try this time once more", "Other times", "nearest free", "Shouted"):
            assert wrong not in body

    @pytest.mark.parametrize("clock", ["20:00", "18:30"])
    def test_programs_get_no_times_either(self, client: Client, place: Restaurant, clock: str) -> None:
        asked = {
            "restaurant": str(place.public_id),
            "starts_at": at(clock).isoformat(),
            "party_size": 2,
            "guest": {"name": ADA.name, "phone": ADA.phone},
        }
        answer = client.post("/api/bookings", asked, content_type="application/json").json()

        assert answer["code"] == "booking_not_taken_online"
        assert "alternatives" not in answer


class TestThePriceBesideTheTime:
    @pytest.fixture
    def place(self) -> Restaurant:
        return house(name="Nkoyo", slug="nkoyo")

    def times(self, client: Client, place: Restaurant) -> str:
        where = reverse("bookings:restaurant", args=[place.slug])
        return text_of(client.get(where, {"date": tomorrow().isoformat(), "party": "2"}))

    def test_stands_with_the_times_that_ask_for_it(self, client: Client, place: Restaurant) -> None:
        SpecialTerms.objects.create(
            restaurant=place, name="Late", starts_from=time(20), minimum_spend_kobo_per_party=5_000_000
        )

        page = self.times(client, place)

        # The dinner goes on under what is asked from eight on, and nothing is asked before.
        assert page.count("From 8:00 pm: minimum spend ₦50,000 for the party") == 1
        assert page.index("8:00 pm</time>") > page.index("From 8:00 pm:") > page.index("7:45 pm</time>")
        assert "Each of these times" not in page

    def test_is_said_once_where_all_ask_alike(self, client: Client, place: Restaurant) -> None:
        SpecialTerms.objects.create(restaurant=place, name="All", deposit_kobo_per_guest=500_000)

        page = self.times(client, place)

        assert page.count("Each of these times: deposit ₦10,000 for the party.") == 1
        assert "From " not in page.partition("Each of these times")[2].partition("</section>")[0]

    def test_an_areas_holds_for_who_looks_there(self, client: Client, place: Restaurant) -> None:
        SpecialTerms.objects.create(
            restaurant=place, name="Room", area=Area.objects.get(restaurant=place), deposit_kobo_per_guest=500_000
        )

        assert "deposit ₦" not in self.times(client, place)

    def test_the_least_bill_stands_on_today(self, place: Restaurant) -> None:
        SpecialTerms.objects.create(restaurant=place, name="All", minimum_spend_kobo_per_party=5_000_000)
        book(place)

        day = reverse("admin:today_day", args=[place.public_id])
        today = office_of(place, Role.HOST).get(day, {"day": tomorrow().isoformat()})

        assert "Minimum spend <bdi>₦50,000</bdi>" in text_of(today)


class TestWithoutAScript:
    def test_a_note_and_a_tag_can_be_added_to_a_guest(self) -> None:
        place = house()
        entry = book(place, guest=ADA).guest
        tag = GuestTag.objects.create(restaurant=place, name="Friend")
        office, where = office_of(place), reverse("admin:bookings_houseguest_change", args=[entry.pk])
        form = office.get(where).context["adminform"].form
        page = office.get(where)
        sent = {name: form[name].value() or "" for name in form.fields}
        for inline in page.context["inline_admin_formsets"]:
            for hidden in inline.formset.management_form:
                sent[hidden.html_name] = hidden.value()
            assert len(inline.formset.extra_forms) == 1
        sent |= {"notes-0-text": "Likes the terrace.", "taggings-0-tag": str(tag.pk)}

        answer = office.post(where, sent)

        assert answer.status_code == 302, answer.context["errors"]
        assert [note.text for note in entry.notes.all()] == ["Likes the terrace."]
        assert entry.taggings.get().tag == tag


class TestATagBySpend:
    def saved(self, place: Restaurant, **answers: str) -> Any:
        sent = {"restaurant": str(place.pk), "name": "Big spender", "rule": "spend", "months": "", **answers}
        return office_of(place).post(reverse("admin:bookings_guesttag_add"), sent)

    def test_is_typed_in_naira(self) -> None:
        place = house()

        assert self.saved(place, spend="50,000").status_code == 302

        tag = GuestTag.objects.get()
        assert (tag.rule, tag.least) == (TagRule.SPEND, 5_000_000)
        office = office_of(place)
        form = office.get(reverse("admin:bookings_guesttag_change", args=[tag.pk])).context["adminform"].form
        assert (form["spend"].value(), form["least"].value()) == (50_000, None)
        assert "₦50,000" in text_of(office.get(reverse("admin:bookings_guesttag_changelist")))

    def test_a_bare_number_is_not_taken_for_an_amount(self) -> None:
        assert self.saved(house(), least="50000").status_code == 200
        assert not GuestTag.objects.exists()

    def test_another_rule_keeps_its_number(self) -> None:
        assert self.saved(house(), rule="visits", least="3").status_code == 302
        assert GuestTag.objects.get().least == 3


class TestAVisitThatIsOver:
    def test_no_longer_speaks_of_cancelling(self, client: Client) -> None:
        booking = visit(house(policy={"free_cancellation_hours": 24}))

        page = opened(client, booking)

        assert "Thank you for your visit" in page
        assert "cancel free of charge" not in page


class TestOnesOwnAllergies:
    def told(self, restaurant: Restaurant, **asked: Any) -> Booking:
        booking = book(restaurant, **asked)
        guests.keep_allergies(booking=booking, allergies="Groundnuts", has_agreed=True, user=asked.get("diner"))
        return booking

    def test_are_shown_beside_the_booking_they_were_told_with_and_can_be_taken_back(self, client: Client) -> None:
        booking = self.told(house(), guest=ADA)
        assert "Groundnuts" in opened(client, booking)

        client.post(reverse("bookings:take_back_allergies", args=[booking.public_id]))

        assert "Groundnuts" not in opened(client, booking)
        entry = HouseGuest.objects.get()
        assert (entry.allergies, entry.allergies_agreed_at, entry.allergies_wording) == ("", None, "")

    def test_are_not_shown_to_who_books_under_the_same_number(self, client: Client) -> None:
        restaurant = house()
        with time_machine.travel(timezone.now() - timedelta(hours=1), tick=True):
            self.told(restaurant, guest=ADA)
        other = book(restaurant, "20:30", guest=ADA)
        assert other.guest == HouseGuest.objects.get()

        assert "Groundnuts" not in opened(client, other)
        client.post(reverse("bookings:take_back_allergies", args=[other.public_id]))

        assert HouseGuest.objects.get().allergies == "Groundnuts"

    def test_nor_to_who_did_so_in_the_very_minute(self, client: Client) -> None:
        restaurant = house()
        strangers = book(restaurant, "20:30", guest=ADA)
        own = self.told(restaurant, guest=ADA)

        assert "Groundnuts" not in opened(client, strangers)
        client.post(reverse("bookings:take_back_allergies", args=[strangers.public_id]))

        assert "Groundnuts" in opened(client, own)

    def test_an_accounts_are_its_own(self, client: Client) -> None:
        diner = UserFactory()
        booking = self.told(house(), guest=ADA, diner=diner)
        assert "Groundnuts" not in opened(client, booking)

        own = Client()
        log_in(own, diner)

        assert "Groundnuts" in text_of(own.get(reverse("bookings:booking", args=[booking.public_id])))


class TestRefusalsSayWhatIs:
    def test_there_are_times_only_where_there_are_some(self) -> None:
        assert str(errors.NoTableFree(alternatives=[])) == "No table is free at that time."
        assert str(errors.NoTableFree(alternatives=[{}])).endswith("Here are the nearest times that are.")
        assert str(errors.TooManyAtOnce(reason="pacing")) == "Too many guests arrive at that time already."

    def test_staff_are_not_told_of_the_limits_online(self) -> None:
        place = house(tables=(2, 4), policy={"max_party_online": 4})

        with pytest.raises(errors.PartySizeRefused) as refusal:
            book(place, party_size=9, by=Actor.staff(member(place.pk)))

        assert str(refusal.value) == "At most 6 guests can sit together here."

    def test_a_series_of_a_group_says_that_it_may_ask(self) -> None:
        place = house(tables=(4, 4, 4, 4), policy={"max_party_online": 4, "max_party_on_request": 14})
        plan = plan_of(place.pk)
        reason = party_refusal(plan, 14, online=True, may_ask=False)
        assert reason is not None

        said = str(party_refused(reason, plan, online=True, may_ask=False))

        assert said.startswith("This is for parties of 1 to 4. Larger groups, of up to 14, can ask")
        assert "call" not in said


class TestTheGuestBook:
    def test_a_birthday_is_told_once(self) -> None:
        place = house()
        booking = book(place, guest=ADA)
        entry = booking.guest
        entry.birthday = f"{tomorrow():%m-%d}"
        entry.save()
        tag = GuestTag.objects.create(restaurant=place, name="Birthday soon", rule=TagRule.BIRTHDAY, least=7)
        tagging.apply(tag)
        assert entry.taggings.exists()

        chit = guest_book.chit_of(Booking.objects.get())

        assert (chit.tags, chit.feasts) == ((), ("birthday",))

    def test_who_was_merged_is_found_by_the_name_of_before(self) -> None:
        place = house()
        keeps = book(place, "18:00", guest=ADA).guest
        goes = book(place, "20:30", guest=Guest("Chidi Eze", "+2348099999999")).guest
        office = office_of(place)
        page = reverse("admin:bookings_houseguest_merge", args=[keeps.pk, goes.pk])
        assert "These two share no phone number" in text_of(office.get(page))
        office.post(page)
        assert HouseGuest.objects.get() == keeps

        found = office.get(reverse("admin:bookings_houseguest_changelist"), {"q": "chidi eze"})

        assert list(found.context["cl"].queryset) == [keeps]

    def test_a_merge_of_two_who_share_a_contact_warns_of_nothing(self) -> None:
        place = house()
        keeps = book(place, "18:00", guest=ADA).guest
        goes = book(place, "20:30", guest=Guest("Chidi Eze", ADA.phone)).guest
        page = reverse("admin:bookings_houseguest_merge", args=[keeps.pk, goes.pk])

        assert "These two share no" not in text_of(office_of(place).get(page))


def test_what_repeats_says_from_when_to_when() -> None:
    diner, place = UserFactory(), house()
    series = begin(place, diner)
    client = Client()
    log_in(client, diner)
    said = f"From {formatting.day(series.first_on)} to {formatting.day(series.last_on)}"

    assert said in text_of(client.get(reverse("bookings:series_list")))


def test_a_phone_number_is_said_to_be_texted_too(client: Client) -> None:
    place = house()
    asked = {"starts_at": at("19:00").isoformat(), "party": "2"}

    page = text_of(client.get(reverse("bookings:book", args=[place.slug]), asked))

    assert "Only for calls and text messages about this booking." in page
