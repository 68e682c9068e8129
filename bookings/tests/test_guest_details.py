"""What guests tell of themselves: encrypted in the row, found by an index, masked in lists, absent from the history."""

from datetime import time

import pytest
from django.db import connection
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import selectors, services
from bookings.models import Booking
from bookings.services import Actor, Guest
from bookings.tests.factories import book
from core.encryption import decrypt, encrypt, index_of_email, index_of_phone
from restaurants.models import ListingClaim
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import RestaurantFactory, house

pytestmark = pytest.mark.django_db

CHIDI = Guest(name="Chidi Obi", phone="+2348031234567", email="Chidi@example.com")
PERSONAL = ("guest_phone", "guest_email", "notes", "staff_notes")


@pytest.fixture
def restaurant():
    return house(name="Suya Spot")


@pytest.fixture
def office(client, restaurant):
    log_in(client, member(restaurant.pk, Role.MANAGER))
    return client


def stored(booking: Booking) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(PERSONAL)} FROM bookings_booking WHERE id = %s", [booking.pk])
        return dict(zip(PERSONAL, cursor.fetchone(), strict=True))


class TestAtRest:
    def test_nothing_personal_stands_in_the_row(self, restaurant):
        booking = book(restaurant, guest=CHIDI, notes="No groundnuts: allergy")
        services.note_for_staff(booking=booking, notes="Tips well")

        row = stored(booking)

        assert all(value.startswith("ae1:") for value in row.values())
        assert decrypt(row["notes"], aad="bookings.booking.notes") == "No groundnuts: allergy"
        found = Booking.objects.get(
            guest_phone_index=index_of_phone("0803 123 4567"), guest_email_index=index_of_email("chidi@EXAMPLE.com")
        )
        assert (found.guest_phone, found.guest_email, found.staff_notes) == (CHIDI.phone, CHIDI.email, "Tips well")

    def test_wishes_copied_into_another_column_do_not_open(self, restaurant):
        booking = book(restaurant, guest=CHIDI, notes="A surprise")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE bookings_booking SET staff_notes = notes WHERE id = %s", [booking.pk])

        with pytest.raises(Exception, match=r"bookings\.booking\.staff_notes was altered, or comes from another"):
            Booking.objects.get(pk=booking.pk)

    def test_the_history_and_the_news_tell_that_details_changed_and_not_what_they_say(self, restaurant):
        from core.models import OutboxEvent

        booking = book(restaurant, guest=CHIDI)

        services.change_booking(
            booking=booking,
            by=Actor.diner(None),
            guest=Guest(name="Ngozi Eze", phone="+2348039876543", email="ngozi@example.com"),
            notes="No groundnuts",
            party_size=3,
        )

        history = [line.changes for line in selectors.history_of(booking)]
        changes = next(line for line in history if line)
        told = f"{history} {list(OutboxEvent.objects.values_list('payload'))}"
        assert changes["party_size"] == {"from": 2, "to": 3}
        assert {name for name, told_of in changes.items() if told_of == {}} == {
            "guest_name",
            "guest_phone",
            "guest_email",
            "notes",
        }
        for secret in ("Ngozi", "Chidi", "+234803", "example.com", "groundnuts"):
            assert secret not in told


class TestTheListOfBookings:
    @pytest.mark.parametrize(
        "term", ["0803 123 4567", "+2348031234567", "08031234567", "chidi@example.com", "CHIDI@EXAMPLE.COM", "chidi"]
    )
    def test_finds_a_whole_number_or_address_in_any_spelling(self, office, restaurant, term):
        book(restaurant, guest=CHIDI)
        book(restaurant, "20:30", guest=Guest(name="Ngozi Eze", phone="+2348031234599", email="ngozi@example.com"))

        page = office.get(reverse("admin:bookings_booking_changelist"), {"q": term}).content.decode()

        assert "Chidi Obi" in page
        assert "Ngozi Eze" not in page

    def test_shows_enough_of_a_number_to_know_it_and_the_whole_on_its_own_page(self, office, restaurant):
        booking = book(restaurant, guest=CHIDI)

        listed = office.get(reverse("admin:bookings_booking_changelist")).content.decode()
        shown = office.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()

        assert "0803 ••• ••67" in listed
        assert CHIDI.phone not in listed
        assert "0803 123 4567" in shown
        assert CHIDI.email in shown

    def test_opens_only_what_it_shows(self, office, restaurant):
        booking = book(restaurant, guest=CHIDI, notes="A surprise")
        with connection.cursor() as cursor:
            # A value that does not open: whoever asks for it hears so.
            wrong = encrypt("elsewhere", aad="somewhere.else")
            cursor.execute("UPDATE bookings_booking SET notes = %s WHERE id = %s", [wrong, booking.pk])

        answer = office.get(reverse("admin:bookings_booking_changelist"))

        assert answer.status_code == 200
        assert "Chidi Obi" in answer.content.decode()

    def test_exports_the_whole_numbers_in_one_query(self, office, restaurant, django_assert_max_num_queries):
        for number, clock in enumerate(("18:00", "19:30", "21:00")):
            book(restaurant, clock, guest=Guest("Chidi", f"+23480312345{number:02}"), notes=f"Wish {number}")
        asked = {"action": "export_csv", "_selected_action": ["1"], "select_across": "1"}

        answer = office.post(reverse("admin:bookings_booking_changelist"), asked)
        with django_assert_max_num_queries(3):
            text = b"".join(answer.streaming_content).decode()

        assert "0803 123 4502" in text
        assert "Wish 2" in text


class TestClaims:
    @pytest.fixture
    def claim(self) -> ListingClaim:
        listing = RestaurantFactory(name="Mama Put", status=RestaurantStatus.LISTED, phone="")
        return ListingClaim.objects.create(
            restaurant=listing, claimant=UserFactory(), job="Owner", phone="+2348031234567", proof="CAC RC 123456",
            opens=time(11), closes=time(22), tables_for_two=2,
        )  # fmt: skip

    def test_are_found_by_the_claimants_number_and_show_it_on_their_own_page(self, client, claim):
        log_in(client, UserFactory(is_staff=True, is_superuser=True))
        where = reverse("admin:restaurants_listingclaim_changelist")

        found = client.get(where, {"q": "0803 123 4567"}).content.decode()
        missed = client.get(where, {"q": "0803 999 9999"}).content.decode()
        own = client.get(reverse("admin:restaurants_listingclaim_change", args=[claim.pk])).content.decode()

        assert "Mama Put" in found
        assert claim.phone not in found
        assert "Mama Put" not in missed
        assert claim.phone in own
        assert "CAC RC 123456" in own

    def test_keep_number_and_proof_encrypted(self, claim):
        with connection.cursor() as cursor:
            cursor.execute("SELECT phone, proof FROM restaurants_listingclaim")
            assert all(value.startswith("ae1:") for value in cursor.fetchone())


class TestPeople:
    def test_are_found_by_number_and_masked_in_the_list(self, client):
        ada = UserFactory(name="Ada Obi", email="ada.obi@example.com", phone="+2348031234567")
        log_in(client, UserFactory(name="Root", is_staff=True, is_superuser=True))
        where = reverse("admin:accounts_user_changelist")

        found = client.get(where, {"q": "0803-123-4567"}).content.decode()
        by_mail = client.get(where, {"q": "ada.obi@"}).content.decode()
        own = client.get(reverse("admin:accounts_user_change", args=[ada.pk])).content.decode()

        assert "Ada Obi" in found
        assert "Ada Obi" in by_mail
        assert "a••••@example.com" in found
        assert "ada.obi@example.com" not in found
        assert "ada.obi@example.com" in own
        assert "0803 123 4567" in own
