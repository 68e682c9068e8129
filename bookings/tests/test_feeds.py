"""Bookings in calendar programs: what stands there, for how long, and for whom."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from icalendar import Calendar

from accounts.models import Membership, User
from accounts.services import add_member, remove_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from bookings import feeds, services
from bookings.models import CalendarFeed
from bookings.services import Actor
from bookings.tests.factories import at, book, guest
from core.testing import log_in, with_second_factor
from restaurants.models import Restaurant
from restaurants.tests.factories import house


@pytest.fixture
def suya_spot(db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


@pytest.fixture
def ada(db: None) -> User:
    return UserFactory(name="Demo Ada")


def path_of(feed: CalendarFeed) -> str:
    return urlsplit(feeds.address_of(feed)).path


def events(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    return {str(event["uid"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


class TestMine:
    def test_follows_a_change_and_a_cancellation(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        booking = book(suya_spot, diner=ada)
        path = path_of(services.open_feed(user=ada))
        uid = f"{booking.public_id}@buka"
        first = events(client.get(path))[uid]
        assert (first["dtstart"].dt, int(first["sequence"])) == (at("19:00"), 0)

        services.change_booking(booking=booking, by=Actor.diner(ada), starts_at=at("20:00"))
        moved = events(client.get(path))[uid]
        assert (moved["dtstart"].dt, int(moved["sequence"])) == (at("20:00"), 1)

        services.cancel_booking(booking=booking, by=Actor.diner(ada))
        assert str(events(client.get(path))[uid]["status"]) == "CANCELLED"

    def test_is_not_sent_twice(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        book(suya_spot, diner=ada)
        path = path_of(services.open_feed(user=ada))
        first = client.get(path)
        assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304

    def test_shows_nobody_elses(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        book(suya_spot, diner=UserFactory())
        assert events(client.get(path_of(services.open_feed(user=ada)))) == {}

    def test_costs_the_same_for_many(
        self, client: Any, suya_spot: Restaurant, ada: User, django_assert_num_queries: Any
    ) -> None:
        path = path_of(services.open_feed(user=ada))
        for clock in ("18:00", "19:30", "21:00"):
            book(suya_spot, clock, diner=ada)
        with django_assert_num_queries(2):
            assert len(events(client.get(path))) == 3

    def test_a_new_address_shuts_the_old_one(self, client: Any, ada: User) -> None:
        feed = services.open_feed(user=ada)
        old = path_of(feed)
        new = path_of(services.renew_feed(feed=feed))
        assert [client.get(path).status_code for path in (old, new)] == [404, 200]
        services.close_feed(feed=feed)
        assert client.get(new).status_code == 404

    def test_a_closed_account_shuts_it(self, client: Any, ada: User) -> None:
        path = path_of(services.open_feed(user=ada))
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert client.get(path).status_code == 404

    def test_the_page_makes_renews_and_takes_back(self, client: Any, ada: User) -> None:
        client.force_login(ada)
        page = reverse("bookings:calendar_feed")
        assert client.get(page).context["address"] == ""
        client.post(page, {"act": "open"})
        first = client.get(page).context["address"]
        client.post(page, {"act": "renew"})
        second = client.get(page).context["address"]
        assert first and second and first != second
        client.post(page, {"act": "close"})
        client.post(page, {"act": "nonsense"})
        assert not CalendarFeed.objects.exists()


class TestAHouses:
    def test_names_party_and_code_and_nothing_private(self, client: Any, suya_spot: Restaurant) -> None:
        host = with_second_factor(UserFactory())
        add_member(user=host, restaurant_id=suya_spot.pk, role=Role.HOST)
        booking = book(suya_spot, notes="No groundnuts", guest=guest(7))
        log_in(client, host)
        page = reverse("admin:today_calendar", args=[suya_spot.public_id])
        client.post(page, {"act": "open"})
        path = urlsplit(client.get(page).context["address"]).path
        client.logout()

        answer = client.get(path)

        [event] = events(answer).values()
        assert booking.guest_name in str(event["summary"])
        said = answer.content.decode()
        assert "groundnuts" not in said and booking.guest_phone[-8:] not in said and booking.guest_email not in said

    def test_ends_with_the_role(self, client: Any, suya_spot: Restaurant) -> None:
        host = with_second_factor(UserFactory())
        add_member(user=host, restaurant_id=suya_spot.pk, role=Role.HOST)
        path = path_of(services.open_feed(user=host, restaurant_id=suya_spot.pk))
        assert client.get(path).status_code == 200
        remove_member(membership=Membership.objects.get(user=host))
        assert client.get(path).status_code == 404

    def test_is_not_opened_by_a_stranger(self, client: Any, suya_spot: Restaurant) -> None:
        stranger = with_second_factor(UserFactory())
        add_member(user=stranger, restaurant_id=house(name="Other", slug="other").pk, role=Role.OWNER)
        log_in(client, stranger)
        page = reverse("admin:today_calendar", args=[suya_spot.public_id])
        assert client.post(page, {"act": "open"}).status_code == 404
        assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("signature", ["x", "A" * 43, "a" * 101])
def test_a_wrong_signature_opens_nothing(client: Any, ada: User, signature: str) -> None:
    feed = services.open_feed(user=ada)
    assert client.get(f"/calendar/{feed.public_id}/{signature}.ics").status_code == 404
