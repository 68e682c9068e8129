"""What logging in and out means for bookings and for the staff of a restaurant."""

import pytest
from django.urls import reverse

from accounts.services import add_member
from accounts.states import Role
from accounts.tests import pages
from accounts.tests.factories import UserFactory
from bookings.tests.factories import book
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


def test_logging_out_forgets_the_bookings_of_this_browser(client):
    diner = UserFactory()
    booking = book(house(), diner=diner)
    client.force_login(diner)
    page = reverse("bookings:booking", args=[booking.public_id])
    assert client.get(page).status_code == 200

    client.post(reverse("account_logout"))

    assert client.get(page).status_code == 404


def test_a_new_account_does_not_take_over_bookings_made_with_its_address(client):
    booking = book(house())

    pages.register(client, email=booking.guest_email)
    pages.confirm(client, pages.code_sent_to(booking.guest_email))

    booking.refresh_from_db()
    assert "_auth_user_id" in client.session
    assert booking.diner is None
    assert client.get(reverse("bookings:booking", args=[booking.public_id])).status_code == 404


def test_staff_who_log_in_here_are_logged_in_at_the_admin(client):
    manager = pages.with_app(pages.person())
    add_member(user=manager, restaurant_id=house().pk, role=Role.MANAGER)

    pages.log_in(client)
    client.post(reverse("mfa_authenticate"), {"code": pages.app_code()})

    assert client.get("/admin/today/", follow=True).status_code == 200
    assert "/admin/" in client.get(reverse("accounts:profile")).content.decode()
