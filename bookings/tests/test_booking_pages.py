import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from bookings import access, services
from bookings.models import Booking
from bookings.services import Actor
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.limits import Limit
from restaurants.models import Area, BookingPolicy
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


def page_of(restaurant):
    return reverse("bookings:book", args=[restaurant.slug])


def wish(clock="19:00", party=2, **more):
    return {"starts_at": at(clock).isoformat(), "party": party, **more}


def details(**more):
    return {"name": "Adaeze Okonkwo", "phone": "0803 123 4567", "email": "ada@example.com", **more}


def send(client, restaurant, **answers):
    return client.post(page_of(restaurant), {**wish(), **details(), "request_key": uuid4(), **answers})


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def key_on(response):
    """Return the key of the form on a page."""
    return re.search(r'name="request_key" value="([^"]+)"', response.content.decode())[1]


def own_page(booking, name="booking"):
    return reverse(f"bookings:{name}", args=[booking.public_id])


def remembering(client, booking):
    """Open the booking by its link, as its guest does."""
    client.get(own_page(booking), {"token": access.token_for(booking)})
    return client


class TestBookPage:
    def test_shows_when_where_and_the_terms_before_the_button(self, client):
        restaurant = house(name="Bukka Hut", policy={"grace_minutes": 20, "free_cancellation_hours": 3})

        response = client.get(page_of(restaurant), wish())

        page = text_of(response)
        assert response.status_code == 200
        assert "Bukka Hut" in page
        assert "7:00 pm" in page
        assert "2 guests" in page
        assert page.index("You can cancel free of charge until") < page.index("Book this table")
        assert "20 minutes" in page

    def test_costs_a_fixed_number_of_queries(self, client, django_assert_max_num_queries):
        restaurant = house()
        client.get(page_of(restaurant), wish())

        with django_assert_max_num_queries(5):
            client.get(page_of(restaurant), wish())

    def test_is_filled_in_for_who_is_signed_in(self, client):
        restaurant = house()
        client.force_login(UserFactory(name="Chidi Obi", phone="+2348031234567", email="chidi@example.com"))

        page = client.get(page_of(restaurant), wish()).content.decode()

        assert 'value="Chidi Obi"' in page
        assert 'value="0803 123 4567"' in page
        assert 'value="chidi@example.com"' in page

    def test_without_a_time_leads_back_to_the_restaurant(self, client):
        restaurant = house()

        response = client.get(page_of(restaurant))

        assert response["Location"] == reverse("bookings:restaurant", args=[restaurant.slug])

    def test_offers_other_times_at_once_when_the_time_is_full(self, client):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00")

        response = client.get(page_of(restaurant), wish("19:30"))

        page = response.content.decode()
        assert response.status_code == 409
        assert "The nearest free times" in page
        assert urlencode({"starts_at": at("20:30").isoformat(), "party": 2}) in unescape(page)
        assert 'name="name"' not in page

    def test_takes_a_plus_sign_that_became_a_space(self, client):
        restaurant = house()

        response = client.get(page_of(restaurant) + f"?starts_at={at().isoformat()}&party=2")

        assert response.status_code == 200

    def test_an_unknown_or_hidden_restaurant_is_not_there(self, client):
        hidden = house(status="draft")

        assert client.get(page_of(hidden), wish()).status_code == 404
        assert client.get(reverse("bookings:book", args=["nowhere"]), wish()).status_code == 404


class TestBook:
    def test_books_and_shows_the_confirmation(self, client):
        restaurant = house()

        response = send(client, restaurant, occasion="birthday", notes="No groundnuts, please.")

        booking = Booking.objects.get()
        assert response.status_code == 302
        assert response["Location"] == own_page(booking)
        assert (booking.guest_name, booking.guest_phone, booking.guest_email) == (
            "Adaeze Okonkwo",
            "+2348031234567",
            "ada@example.com",
        )
        assert (booking.starts_at, booking.party_size, booking.occasion) == (at("19:00"), 2, "birthday")
        page = text_of(client.get(response["Location"]))
        assert "Your table is booked" in page
        assert f"{booking.code[:3]} {booking.code[3:]}" in page
        assert "No groundnuts, please." in page

    def test_books_in_the_language_of_the_page(self, client):
        restaurant = house()

        client.post(f"/ha/r/{restaurant.slug}/book/", {**wish(), **details()})

        assert Booking.objects.get().language == "ha"

    def test_belongs_to_who_is_signed_in(self, client):
        restaurant = house()
        diner = UserFactory()
        client.force_login(diner)

        send(client, restaurant)

        assert Booking.objects.get().diner == diner

    def test_costs_a_fixed_number_of_queries(self, client, django_assert_max_num_queries):
        restaurant = house()
        client.get(page_of(restaurant), wish())

        with django_assert_max_num_queries(26):
            response = send(client, restaurant)

        assert response.status_code == 302

    @pytest.mark.parametrize("spelling", ["08031234567", "2348031234567", "+234 (0) 803 123 4567", "8031234567"])
    def test_understands_every_spelling_of_a_nigerian_number(self, client, spelling):
        restaurant = house()

        send(client, restaurant, phone=spelling)

        assert Booking.objects.get().guest_phone == "+2348031234567"

    def test_one_way_to_reach_the_guest_is_enough(self, client):
        restaurant = house(tables=(2, 2))

        by_phone = send(client, restaurant, email="")
        by_mail = send(client, restaurant, phone="")

        assert (by_phone.status_code, by_mail.status_code) == (302, 302)

    def test_without_any_way_to_reach_the_guest_says_so_beside_the_field(self, client):
        restaurant = house()

        response = send(client, restaurant, phone="", email="")

        page = response.content.decode()
        assert response.status_code == 422
        assert "We need a phone number or an e-mail address to reach you." in page
        assert 'aria-describedby="id_phone_helptext id_phone_error"' in page
        assert not Booking.objects.exists()

    def test_keeps_everything_when_one_answer_is_wrong(self, client):
        restaurant = house()

        response = send(client, restaurant, phone="0803 12", notes="By the window")

        page = response.content.decode()
        assert response.status_code == 422
        assert "0803 12" in page
        assert "By the window" in page
        assert "Adaeze Okonkwo" in page
        assert not Booking.objects.exists()

    def test_a_restaurant_that_approves_gets_a_request(self, client):
        restaurant = house(policy={"needs_approval": True})

        asked = client.get(page_of(restaurant), wish())
        response = send(client, restaurant)

        assert "Ask for this table" in text_of(asked)
        assert Booking.objects.get().status == Status.REQUESTED
        assert "The restaurant has your request" in text_of(client.get(response["Location"]))

    def test_an_instant_in_another_zone_is_the_same_instant(self, client):
        restaurant = house()

        send(client, restaurant, starts_at=at("19:00").astimezone(timezone.get_fixed_timezone(-300)).isoformat())

        assert Booking.objects.get().starts_at == at("19:00")

    def test_shows_times_in_the_restaurants_zone(self, client):
        restaurant = house()

        page = text_of(client.get(page_of(restaurant), {"starts_at": at("19:00").astimezone().isoformat(), "party": 2}))

        assert "7:00 pm" in page


class TestSentTwice:
    def test_the_same_form_makes_one_booking(self, client):
        restaurant = house(tables=(2, 2))
        key = uuid4()

        first = send(client, restaurant, request_key=key)
        second = send(client, restaurant, request_key=key)

        assert Booking.objects.count() == 1
        assert first["Location"] == second["Location"]

    def test_with_other_answers_the_first_booking_is_shown(self, client):
        restaurant = house(tables=(2, 4))
        key = uuid4()
        send(client, restaurant, request_key=key)

        second = send(client, restaurant, request_key=key, party=4, name="Somebody Else", phone="nonsense")

        booking = Booking.objects.get()
        assert (booking.party_size, booking.guest_name) == (2, "Adaeze Okonkwo")
        assert second["Location"] == own_page(booking)
        assert "This form was sent before" in text_of(client.get(second["Location"]))

    def test_from_two_tabs_makes_one_booking(self, client):
        restaurant = house(tables=(2, 2))

        first = send(client, restaurant)
        second = send(client, restaurant)

        assert Booking.objects.count() == 1
        assert second["Location"] == first["Location"]

    def test_from_two_tabs_of_an_account_makes_one_booking(self, client):
        restaurant = house(tables=(2, 2))
        client.force_login(UserFactory())

        first = send(client, restaurant)
        second = send(client, restaurant, name="Another name")

        assert Booking.objects.count() == 1
        assert second["Location"] == first["Location"]

    def test_on_another_device_says_that_it_is_booked_and_shows_nothing(self, client, django_user_model):
        restaurant = house(tables=(2, 2))
        send(client, restaurant)
        client.cookies.clear()

        response = send(client, restaurant)

        page = response.content.decode()
        assert response.status_code == 409
        assert "You have booked here at that time already." in page
        assert Booking.objects.get().code not in page

    def test_the_page_opened_again_is_the_same_form(self, client, client_of_another):
        restaurant = house()

        keys = [key_on(client.get(page_of(restaurant), wish())) for _time in range(2)]
        others = [
            key_on(client.get(page_of(restaurant), wish("20:00"))),
            key_on(client_of_another.get(page_of(restaurant), wish())),
        ]

        assert keys[0] == keys[1]
        assert len({*keys, *others}) == 3

    def test_a_cancelled_booking_does_not_stand_in_the_way_of_a_new_one(self, client):
        restaurant = house()
        send(client, restaurant, request_key=key_on(client.get(page_of(restaurant), wish())))
        services.cancel_booking(booking=Booking.objects.get(), by=Actor.diner(None))

        response = send(client, restaurant, request_key=key_on(client.get(page_of(restaurant), wish())))

        assert Booking.objects.count() == 2
        assert response["Location"] == own_page(Booking.objects.latest("pk"))


class TestTaken:
    def test_keeps_the_details_and_offers_the_nearest_times(self, client):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00")

        response = send(client, restaurant, notes="By the window")

        page = response.content.decode()
        assert response.status_code == 409
        assert "No table is free at that time" in page
        assert "By the window" in page
        assert f'name="take" value="{at("20:30").isoformat()}|"' in page
        assert "Free to cancel until 2 hours before." in page
        assert Booking.objects.count() == 1

    def test_one_tap_takes_an_offered_time(self, client):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00")
        refused = send(client, restaurant)
        offered = re.search(r'name="take" value="([^"]+)"', refused.content.decode())

        response = send(client, restaurant, take=offered[1])

        booking = Booking.objects.latest("pk")
        assert response["Location"] == own_page(booking)
        assert booking.starts_at.isoformat() != at("19:00").isoformat()
        assert booking.guest_name == "Adaeze Okonkwo"

    def test_offers_another_area_at_the_same_time(self, client):
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=2)
        room = Area.objects.get(name="Room")
        book(restaurant, "19:00", area=room.public_id)

        response = send(client, restaurant, area=room.public_id)

        page = response.content.decode()
        assert response.status_code == 409
        assert f'value="{at("19:00").isoformat()}|{terrace.public_id}"' in page
        assert "Terrace" in page

    def test_pacing_is_a_reason_of_its_own(self, client):
        restaurant = house(tables=(4, 4), shift={"max_covers_per_slot": 4})
        book(restaurant, "19:00", party_size=4)

        response = send(client, restaurant)

        assert response.status_code == 409
        assert "Too many guests arrive at that time already." in text_of(response)


class TestBadInput:
    @pytest.mark.parametrize("party", ["0", "-1", "1000000000", "four", "", "2.5", "NaN", "\0"])
    def test_refuses_what_is_no_party(self, client, party):
        restaurant = house()

        shown = client.get(page_of(restaurant), wish(party=party))
        sent = send(client, restaurant, party=party)

        assert (shown.status_code, sent.status_code) == (422, 422)
        assert "Adaeze Okonkwo" in sent.content.decode()
        assert not Booking.objects.exists()

    @pytest.mark.parametrize("party", ["9", "400"])
    def test_sends_larger_parties_to_the_phone(self, client, party):
        restaurant = house(phone="+2348031234567", policy={"max_party_online": 8})

        response = send(client, restaurant, party=party)

        assert response.status_code == 422
        assert "0803 123 4567" in response.content.decode()

    @pytest.mark.parametrize(
        ("moment", "sentence"),
        [
            (lambda: (at("19:00") - timedelta(days=2)).isoformat(), "That time has passed."),
            (lambda: at("03:00").isoformat(), "No table starts at exactly that time."),
            (lambda: at("19:07").isoformat(), "No table starts at exactly that time."),
            (lambda: at("19:00").replace(tzinfo=None).isoformat(), "does not say its time zone"),
            (lambda: "9999-12-31T23:59:59-12:00", "not a time we understand"),
            (lambda: "9999-06-01T19:00:00+01:00", "at most 60 days ahead"),
            (lambda: "0001-01-01T00:00:00+14:00", "not a time we understand"),
            (lambda: "tomorrow at seven", "not a time we understand"),
            (lambda: "19:00", "not a time we understand"),
            (lambda: "\0", "Null characters"),
            (lambda: "2026-13-45T99:99:99+01:00", "not a time we understand"),
            (lambda: "2" * 10_000, "not a time we understand"),
        ],
    )
    def test_refuses_what_is_no_time_to_dine(self, client, moment, sentence):
        restaurant = house()

        shown = client.get(page_of(restaurant), {"starts_at": moment(), "party": 2})
        sent = send(client, restaurant, starts_at=moment())

        for response in (shown, sent):
            assert response.status_code == 422
            assert sentence in text_of(response)
        assert not Booking.objects.exists()

    def test_a_closed_day_offers_the_next_open_ones(self, client):
        restaurant = house(shift={"weekdays": [tomorrow().weekday()]})
        closed = at("19:00", tomorrow() + timedelta(days=1))

        response = send(client, restaurant, starts_at=closed.isoformat())

        assert response.status_code == 422
        assert "The restaurant is closed then." in text_of(response)
        assert 'name="take"' in response.content.decode()

    @pytest.mark.parametrize("area", ["cellar", "\0", "1", "' OR 1=1"])
    def test_refuses_what_is_no_area(self, client, area):
        restaurant = house()

        assert send(client, restaurant, area=area).status_code == 422
        assert not Booking.objects.exists()

    def test_refuses_an_unknown_area_and_another_restaurants(self, client):
        restaurant = house()
        other = AreaFactory(restaurant=house())

        unknown = send(client, restaurant, area=uuid4())
        another = send(client, restaurant, area=other.public_id)

        for response in (unknown, another):
            assert response.status_code == 422
            assert "This restaurant has no such area." in text_of(response)
        assert not Booking.objects.exists()

    def test_a_listing_takes_no_bookings(self, client):
        listing = house(status="listed")

        response = send(client, listing)

        assert response.status_code == 409
        assert "does not take bookings on Buka" in text_of(response)

    def test_keeps_a_name_with_emoji_and_cleans_out_marks_that_turn_the_line(self, client):
        restaurant = house()

        send(client, restaurant, name="\u202eAdaeze 👩🏾‍🍳 \u2066Okonkwo")

        assert Booking.objects.get().guest_name == "Adaeze 👩🏾‍🍳 Okonkwo"

    @pytest.mark.parametrize("name", ["", "   ", "\u202e\u200b", "Ada\0eze", "A" * 101, "A" * 10_000])
    def test_refuses_what_is_no_name(self, client, name):
        restaurant = house()

        response = send(client, restaurant, name=name)

        assert response.status_code == 422
        assert 'id="id_name_error"' in response.content.decode()
        assert not Booking.objects.exists()

    @pytest.mark.parametrize("answers", [{"notes": "x" * 10_000}, {"notes": "a\0b"}, {"occasion": "wake"}])
    def test_refuses_wishes_that_cannot_be_kept(self, client, answers):
        restaurant = house()

        assert send(client, restaurant, **answers).status_code == 422
        assert not Booking.objects.exists()

    @pytest.mark.parametrize("email", ["ada", "ada@", "a" * 300 + "@example.com", "ada\0@example.com"])
    def test_refuses_what_is_no_address(self, client, email):
        restaurant = house()

        assert send(client, restaurant, email=email).status_code == 422
        assert not Booking.objects.exists()

    def test_a_form_without_a_usable_key_still_books(self, client):
        restaurant = house()

        response = client.post(page_of(restaurant), {**wish(), **details()})

        assert response.status_code == 302

    def test_what_a_guest_writes_is_shown_as_text(self, client):
        restaurant = house()

        response = send(client, restaurant, name="<script>alert(1)</script>", notes="<img src=x onerror=alert(2)>")

        page = client.get(response["Location"]).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


class TestBookingPage:
    def test_is_for_the_browser_that_made_it_and_nobody_else(self, client, client_of_another):
        response = send(client, house())

        assert client.get(response["Location"]).status_code == 200
        assert client_of_another.get(response["Location"]).status_code == 404

    def test_is_for_the_account_that_made_it(self, client):
        diner = UserFactory()
        booking = book(house(), diner=diner)

        assert client.get(own_page(booking)).status_code == 404
        client.force_login(UserFactory())
        assert client.get(own_page(booking)).status_code == 404
        client.force_login(diner)
        assert client.get(own_page(booking)).status_code == 200

    def test_the_link_is_remembered_and_leaves_the_address(self, client):
        booking = book(house())

        opened = client.get(own_page(booking), {"token": access.token_for(booking)})

        assert opened.status_code == 302
        assert opened["Location"] == own_page(booking)
        assert client.get(own_page(booking)).status_code == 200

    @pytest.mark.parametrize("token", ["", "wrong", "\0", "x" * 10_000])
    def test_a_wrong_link_shows_nothing(self, client, token):
        booking = book(house())

        assert client.get(own_page(booking), {"token": token}).status_code == 404

    def test_a_link_opens_its_own_booking_only(self, client):
        restaurant = house(tables=(2, 2))
        mine, other = book(restaurant), book(restaurant, guest=guest(2))

        assert client.get(own_page(other), {"token": access.token_for(mine)}).status_code == 404

    def test_is_kept_by_nobody(self, client):
        booking = book(house())

        response = remembering(client, booking).get(own_page(booking))

        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"

    def test_tells_how_to_find_the_house_and_what_was_agreed(self, client):
        restaurant = house(street="12 Macaulay Way", landmark="After the second roundabout", phone="+2348031234567")
        booking = book(restaurant)

        page = text_of(remembering(client, booking).get(own_page(booking)))

        for fact in ("12 Macaulay Way, Yaba, Lagos", "After the second roundabout", "0803 123 4567"):
            assert fact in page
        assert "You can cancel free of charge until" in page
        assert "You booked this table." in page

    def test_the_qr_code_is_drawn_in_the_page_and_named(self, client):
        booking = book(house())

        page = remembering(client, booking).get(own_page(booking)).content.decode()

        assert re.search(r'role="img" aria-label="QR code of booking \w{6}[^"]*"><svg', page)
        assert "style=" not in page

    def test_costs_a_fixed_number_of_queries(self, client, django_assert_max_num_queries):
        booking = book(house())
        remembering(client, booking)

        with django_assert_max_num_queries(4):
            client.get(own_page(booking))

    def test_gives_a_calendar_file_to_its_guest_only(self, client, client_of_another):
        booking = book(house(name="Bukka Hut"))

        response = remembering(client, booking).get(own_page(booking, "calendar"))

        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="buka-{booking.code}.ics"'
        assert b"SUMMARY:Table at Bukka Hut" in response.content
        assert client_of_another.get(own_page(booking, "calendar")).status_code == 404

    def test_can_be_put_on_the_account_of_who_may_see_it(self, client):
        diner = UserFactory()
        booking = book(house())
        client.force_login(diner)
        assert client.post(own_page(booking, "keep")).status_code == 404

        response = remembering(client, booking).post(own_page(booking, "keep"))

        booking.refresh_from_db()
        assert response["Location"] == own_page(booking)
        assert booking.diner == diner

    def test_what_the_house_did_is_told_without_tables_and_inner_reasons(self, client):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant)
        manager = UserFactory()
        services.change_booking(booking=booking, by=Actor.staff(manager), party_size=4)
        services.cancel_booking(booking=booking, by=Actor.staff(manager), reason="The kitchen flooded.")

        page = text_of(remembering(client, booking).get(own_page(booking)))

        assert "The restaurant changed the number of guests: now 4 guests." in page
        assert "The restaurant cancelled the booking." in page
        assert "The kitchen flooded." in page
        assert "T2" not in page


class TestCancel:
    def test_asks_first_and_tells_until_when_it_is_free(self, client):
        booking = book(house(policy={"free_cancellation_hours": 2}))

        response = remembering(client, booking).get(own_page(booking, "cancel"))

        assert "Cancelling is free until" in text_of(response)
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_says_when_it_would_be_late(self, client):
        booking = book(house(policy={"free_cancellation_hours": 200}))

        response = remembering(client, booking).get(own_page(booking, "cancel"))

        assert "This would be a late cancellation" in text_of(response)

    def test_cancels_and_frees_the_table(self, client):
        restaurant = house(tables=(2,))
        booking = book(restaurant)

        response = remembering(client, booking).post(own_page(booking, "cancel"), {"version": 1, "seen": 1})

        booking.refresh_from_db()
        assert response["Location"] == own_page(booking)
        assert booking.status == Status.CANCELLED
        assert book(restaurant, guest=guest(2)).status == Status.CONFIRMED

    def test_tells_what_changed_meanwhile_and_leaves_the_booking(self, client):
        booking = book(house(tables=(2, 4)))
        remembering(client, booking)
        services.change_booking(booking=booking, by=Actor.staff(UserFactory()), party_size=4)

        response = client.post(own_page(booking, "cancel"), {"version": 1, "seen": 1})

        booking.refresh_from_db()
        assert response.status_code == 412
        assert "The restaurant changed the number of guests: now 4 guests." in text_of(response)
        assert 'name="version" value="2"' in response.content.decode()
        assert booking.status == Status.CONFIRMED

    @pytest.mark.parametrize("version", ["", "0", "-1", "one", "99999999999999", "\0"])
    def test_a_form_that_says_not_what_it_saw_changes_nothing(self, client, version):
        booking = book(house())

        response = remembering(client, booking).post(own_page(booking, "cancel"), {"version": version})

        booking.refresh_from_db()
        assert response.status_code == 412
        assert booking.status == Status.CONFIRMED

    def test_twice_is_once(self, client):
        booking = book(house())
        remembering(client, booking).post(own_page(booking, "cancel"), {"version": 1, "seen": 1})

        response = client.post(own_page(booking, "cancel"), {"version": 2, "seen": 2})

        assert response.status_code == 409
        assert client.get(own_page(booking, "cancel"))["Location"] == own_page(booking)

    def test_a_stranger_cancels_nothing(self, client):
        booking = book(house())

        response = client.post(own_page(booking, "cancel"), {"version": 1})

        booking.refresh_from_db()
        assert response.status_code == 404
        assert booking.status == Status.CONFIRMED


class TestChange:
    def test_shows_the_times_of_the_bookings_day_and_counts_itself_out(self, client):
        booking = book(house(tables=(2,)), "19:00")

        page = remembering(client, booking).get(own_page(booking, "change")).content.decode()

        for clock in ("18:00", "19:00", "19:30", "21:00"):
            assert f'name="starts_at" value="{at(clock).isoformat()}"' in page

    def test_moves_the_booking(self, client):
        booking = book(house(), "19:00")

        response = remembering(client, booking).post(
            own_page(booking, "change"),
            {"starts_at": at("20:00").isoformat(), "party": 4, "area": "", "version": 1, "seen": 1},
        )

        booking.refresh_from_db()
        assert response["Location"] == own_page(booking)
        assert (booking.starts_at, booking.party_size) == (at("20:00"), 4)
        page = text_of(client.get(response["Location"]))
        assert "Your booking is changed." in page
        assert "You changed the number of guests: now 4 guests." in page

    def test_changes_too_often_are_refused_on_the_page(self, client, monkeypatch):
        monkeypatch.setattr("bookings.limits.CHANGE", Limit("change.booking", most=1, seconds=60, spreads_load=True))
        booking = book(house(), "19:00")
        remembering(client, booking)

        def move(version):
            answers = {"starts_at": at("20:00").isoformat(), "party": 1 + version, "version": version, "seen": version}
            return client.post(own_page(booking, "change"), answers)

        assert [move(version).status_code for version in (1, 2)] == [302, 429]
        booking.refresh_from_db()
        assert (booking.version, booking.party_size) == (2, 2)

    def test_a_failed_move_leaves_the_booking_and_says_so(self, client):
        restaurant = house(tables=(2,))
        mine = book(restaurant, "18:00")
        book(restaurant, "20:00", guest=guest(2))

        response = remembering(client, mine).post(
            own_page(mine, "change"), {"starts_at": at("20:00").isoformat(), "party": 2, "version": 1, "seen": 1}
        )

        mine.refresh_from_db()
        page = text_of(response)
        assert response.status_code == 409
        assert "Your booking stands as it was" in page
        assert "6:00 pm" in page
        assert (mine.starts_at, mine.version) == (at("18:00"), 1)

    def test_tells_what_changed_meanwhile(self, client):
        booking = book(house(tables=(2, 4)))
        remembering(client, booking)
        services.change_booking(booking=booking, by=Actor.staff(UserFactory()), starts_at=at("20:00"))

        response = client.post(
            own_page(booking, "change"), {"starts_at": at("18:00").isoformat(), "party": 2, "version": 1, "seen": 1}
        )

        booking.refresh_from_db()
        assert response.status_code == 412
        assert "The restaurant moved the booking to" in text_of(response)
        assert booking.starts_at == at("20:00")

    def test_corrects_details_and_wishes(self, client):
        booking = book(house())

        remembering(client, booking).post(
            own_page(booking, "change"),
            {"part": "details", "version": 1, "seen": 1, **details(notes="A high chair", occasion="date")},
        )

        booking.refresh_from_db()
        assert (booking.guest_name, booking.notes, booking.occasion) == ("Adaeze Okonkwo", "A high chair", "date")

    def test_refuses_details_without_a_way_to_reach_the_guest(self, client):
        booking = book(house())

        response = remembering(client, booking).post(
            own_page(booking, "change"),
            {"part": "details", "version": 1, "seen": 1, **details(phone="", email="")},
        )

        booking.refresh_from_db()
        assert response.status_code == 422
        assert booking.guest_name == "Demo diner 1"

    @pytest.mark.parametrize(
        "asked",
        [
            {"date": "soon"},
            {"date": "9999-12-31"},
            {"date": "0001-01-01"},
            {"date": "2026-02-30"},
            {"date": "\0"},
            {"party": "0"},
            {"party": "four"},
            {"party": "1000000000"},
            {"area": "cellar"},
        ],
    )
    def test_says_what_it_cannot_look_for(self, client, asked):
        booking = book(house())

        response = remembering(client, booking).get(own_page(booking, "change"), asked)

        page = response.content.decode()
        assert response.status_code == 200
        assert "field__error" in page
        assert 'name="starts_at"' not in page

    @pytest.mark.parametrize("answers", [{"starts_at": "x"}, {"party": "0"}, {"area": "x"}, {"starts_at": ""}])
    def test_refuses_a_move_it_cannot_read(self, client, answers):
        booking = book(house())
        wanted = {"starts_at": at("20:00").isoformat(), "party": 2, "area": "", "version": 1, "seen": 1}

        response = remembering(client, booking).post(own_page(booking, "change"), {**wanted, **answers})

        booking.refresh_from_db()
        assert response.status_code == 422
        assert booking.version == 1

    def test_a_cancelled_booking_is_not_changed(self, client):
        booking = book(house())
        services.cancel_booking(booking=booking, by=Actor.diner(None))

        response = remembering(client, booking).get(own_page(booking, "change"))

        assert response["Location"] == own_page(booking)

    def test_costs_a_fixed_number_of_queries(self, client, django_assert_max_num_queries):
        booking = book(house())
        remembering(client, booking)
        client.get(own_page(booking, "change"))

        with django_assert_max_num_queries(7):
            client.get(own_page(booking, "change"))


class TestMyBookings:
    def test_is_for_who_is_signed_in(self, client):
        response = client.get(reverse("bookings:my_bookings"))

        assert response["Location"].startswith(reverse("account_login"))

    def test_invites_who_has_none(self, client):
        client.force_login(UserFactory())

        assert "No table waits for you" in text_of(client.get(reverse("bookings:my_bookings")))

    def test_shows_ones_own_upcoming_and_past_in_a_fixed_number_of_queries(self, client, django_assert_max_num_queries):
        diner = UserFactory()
        restaurant = house(tables=(2, 2), first_seating=at("12:00").time(), turn_minutes=60)
        upcoming = [book(restaurant, clock, diner=diner) for clock in ("12:00", "13:00", "14:00")]
        cancelled = book(restaurant, "15:00", diner=diner)
        services.cancel_booking(booking=cancelled, by=Actor.diner(diner))
        stranger = book(restaurant, "16:00", diner=UserFactory())
        client.force_login(diner)

        # One of them asks for tickets.
        with django_assert_max_num_queries(9):
            response = client.get(reverse("bookings:my_bookings"))

        page = response.content.decode()
        assert all(str(booking.public_id) in page for booking in [*upcoming, cancelled])
        assert str(stranger.public_id) not in page
        assert page.index(str(upcoming[0].public_id)) < page.index(str(upcoming[2].public_id))

    def test_pages_what_is_past(self, client):
        diner = UserFactory()
        restaurant = house(tables=(2,))
        for _number in range(11):
            services.cancel_booking(booking=book(restaurant, diner=diner), by=Actor.diner(diner))
        client.force_login(diner)

        first = client.get(reverse("bookings:my_bookings")).content.decode()
        second = client.get(reverse("bookings:my_bookings"), {"page": 2}).content.decode()
        beyond = client.get(reverse("bookings:my_bookings"), {"page": "nine\0"})

        assert first.count('class="booking-item"') == 10
        assert second.count('class="booking-item"') == 1
        assert "Page 1 of 2" in first
        assert beyond.status_code == 200


class TestFindBooking:
    def ask(self, client, code, contact):
        return client.post(reverse("bookings:find_booking"), {"code": code, "contact": contact})

    @pytest.mark.parametrize(
        "contact", ["0803 123 4567", "+2348031234567", "ADA@example.com", "Okonkwo", "okonkwo", "Adaeze Okonkwo"]
    )
    def test_finds_by_the_code_and_what_the_guest_knows(self, client, contact):
        send(client, house())
        booking = Booking.objects.get()
        client.cookies.clear()
        spoken = f" {booking.code[:3].lower()}-{booking.code[3:].lower()} "

        response = self.ask(client, spoken, contact)

        assert response["Location"] == own_page(booking)
        assert client.get(response["Location"]).status_code == 200

    def test_gives_one_answer_for_every_mistake(self, client):
        booking = book(house())
        wrong_code = "FFFFFF" if booking.code != "FFFFFF" else "GGGGGG"

        answers = [
            self.ask(client, booking.code, "0803 000 0000"),
            self.ask(client, wrong_code, "+2348031234501"),
            self.ask(client, "not a code at all", "+2348031234501"),
            self.ask(client, booking.code, "d"),
        ]

        sentences = {re.search(r"We found no booking[^<]*", answer.content.decode())[0] for answer in answers}
        assert [answer.status_code for answer in answers] == [422] * 4
        assert len(sentences) == 1
        assert client.get(own_page(booking)).status_code == 404

    def test_a_phone_that_was_never_given_is_not_the_empty_one(self, client):
        booking = book(house(), guest=services.Guest(name="Ada", email="ada@example.com"))

        assert self.ask(client, booking.code, "-").status_code == 422

    def test_one_code_may_be_guessed_at_five_times_an_hour(self, client):
        booking = book(house())
        for _number in range(5):
            assert self.ask(client, booking.code, "Nobody").status_code == 422

        response = self.ask(client, booking.code, booking.guest_email)

        assert response.status_code == 429
        assert 3500 < int(response["Retry-After"]) <= 3600

    def test_one_address_may_guess_thirty_times_an_hour(self, client):
        for number in range(30):
            assert self.ask(client, f"WRONG{number}", "Nobody").status_code == 422
        booking = book(house())

        assert self.ask(client, booking.code, booking.guest_email).status_code == 429
        elsewhere = client.post(
            reverse("bookings:find_booking"),
            {"code": booking.code, "contact": booking.guest_email},
            REMOTE_ADDR="203.0.113.9",
        )
        assert elsewhere.status_code == 302

    def test_success_is_not_counted(self, client):
        booking = book(house())

        answers = [self.ask(client, booking.code, booking.guest_email).status_code for _number in range(12)]

        assert answers == [302] * 12

    def test_stays_shut_while_nobody_can_count(self, client, settings):
        booking = book(house())
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        response = self.ask(client, booking.code, booking.guest_email)

        assert response.status_code == 503
        assert "The link in your confirmation mail does." in text_of(response)
        assert client.get(own_page(booking)).status_code == 404

    @pytest.mark.parametrize(
        ("code", "contact"), [("", ""), ("\0", "\0"), ("x" * 10_000, "x" * 10_000), ("👩🏾‍🍳", "\u202e")]
    )
    def test_refuses_what_is_no_answer(self, client, code, contact):
        assert self.ask(client, code, contact).status_code == 422

    def test_prefers_the_booking_that_is_still_to_come(self, client):
        restaurant = house(tables=(2,))
        old = book(restaurant)
        services.cancel_booking(booking=old, by=Actor.diner(None))
        new = book(restaurant)
        Booking.objects.filter(pk=new.pk).update(code=old.code, created_at=old.created_at - timedelta(days=1))

        response = self.ask(client, old.code, old.guest_email)

        assert response["Location"] == own_page(new)


def test_a_later_policy_does_not_change_what_was_agreed(client):
    restaurant = house(policy={"grace_minutes": 20})
    booking = book(restaurant)
    BookingPolicy.objects.filter(restaurant=restaurant).update(grace_minutes=5)

    page = text_of(remembering(client, booking).get(own_page(booking)))

    assert "20 minutes after the time" in page
