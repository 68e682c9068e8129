"""What logging in and out means for bookings and for the staff of a restaurant."""

import pytest
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, member
from bookings.tests.factories import book
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

PASSWORD = "amala and ewedu for two"


def test_logging_out_forgets_the_bookings_of_this_browser(client):
    diner = UserFactory()
    booking = book(house(), diner=diner)
    client.force_login(diner)
    page = reverse("bookings:booking", args=[booking.public_id])
    assert client.get(page).status_code == 200

    client.post(reverse("accounts:log_out"))

    assert client.get(page).status_code == 404


def test_a_new_account_does_not_take_over_bookings_made_with_its_address(client):
    booking = book(house())

    client.post(reverse("accounts:register"), {"name": "Ngozi Eze", "email": booking.guest_email, "password": PASSWORD})

    booking.refresh_from_db()
    assert "_auth_user_id" in client.session
    assert booking.diner is None
    assert client.get(reverse("bookings:booking", args=[booking.public_id])).status_code == 404


def test_staff_who_log_in_here_are_logged_in_at_the_admin(client):
    manager = member(house().pk, Role.MANAGER)
    manager.set_password(PASSWORD)
    manager.save()

    client.post(reverse("accounts:log_in"), {"username": manager.email, "password": PASSWORD})

    assert "login" not in client.get("/admin/").headers.get("Location", "")
    assert "/admin/" in client.get(reverse("accounts:profile")).content.decode()
