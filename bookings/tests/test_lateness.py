"""Running late: said in one tap, seen at the desk, and no promise that the table is kept longer."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import log_in, member
from bookings import access, errors, services
from bookings.models import Booking, BookingHistory
from bookings.services import Actor
from bookings.tests.factories import at, book
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    return house(tables=(2, 4), name="Suya Spot", slug="suya-spot", policy={"grace_minutes": 20})


@pytest.fixture
def booking(place: Restaurant) -> Booking:
    return book(place, "19:00")


def say(booking: Booking, minutes: int, **more: Any) -> Booking:
    return services.say_late(booking=booking, minutes=minutes, by=more.pop("by", Actor.diner(None)), **more)


class TestSaying:
    @time_machine.travel(at("18:10"), tick=False)
    def test_is_kept_and_told_in_the_history(self, booking: Booking) -> None:
        late = say(booking, 20)

        assert late.minutes_late == 20
        assert late.version == booking.version + 1
        line = BookingHistory.objects.latest("pk")
        assert line.changes == {"minutes_late": {"from": 0, "to": 20}}
        assert (line.from_status, line.to_status) == ("confirmed", "confirmed")

    @time_machine.travel(at("18:10"), tick=False)
    def test_the_same_again_is_no_news_and_zero_takes_it_back(self, booking: Booking) -> None:
        say(booking, 20)
        assert say(booking, 20).version == booking.version + 1
        assert say(booking, 0).minutes_late == 0
        assert BookingHistory.objects.filter(booking=booking).count() == 3

    @pytest.mark.parametrize(
        ("clock", "is_taken"), [("15:59", False), ("16:00", True), ("20:00", True), ("20:01", False)]
    )
    def test_has_its_time(self, booking: Booking, clock: str, is_taken: bool) -> None:
        with time_machine.travel(at(clock), tick=False):
            if is_taken:
                assert say(booking, 10).minutes_late == 10
            else:
                with pytest.raises(errors.NotTheTimeToSayLate):
                    say(booking, 10)

    @time_machine.travel(at("18:30"), tick=False)
    def test_nobody_is_late_who_has_cancelled_or_come(self, place: Restaurant, booking: Booking) -> None:
        services.mark_arrived(booking=booking, by=Actor.staff(member(place.pk)))

        with pytest.raises(errors.NotTheTimeToSayLate):
            say(booking, 10)

    @time_machine.travel(at("18:10"), tick=False)
    def test_of_two_versions_the_older_is_refused(self, booking: Booking) -> None:
        say(booking, 20)

        with pytest.raises(errors.BookingMovedOn):
            say(booking, 30, expected_version=booking.version)

    @time_machine.travel(at("18:10"), tick=False)
    def test_another_time_begins_anew(self, booking: Booking) -> None:
        late = say(booking, 30)

        moved = services.change_booking(booking=late, by=Actor.diner(None), starts_at=at("20:00"))

        assert moved.minutes_late == 0

    def test_does_not_keep_the_table_longer(self, place: Restaurant, booking: Booking) -> None:
        with time_machine.travel(at("18:10"), tick=False):
            late = say(booking, 45)
        with time_machine.travel(at("19:20"), tick=False):
            gone = services.mark_no_show(booking=late, by=Actor.staff(member(place.pk)))

        assert gone.status == "no_show"


class TestThePage:
    @pytest.fixture
    def client(self, booking: Booking) -> Client:
        client = Client()
        client.get(f"/en/bookings/{booking.public_id}/", {"token": access.token_for(booking)})
        return client

    def test_offers_it_only_near_the_time(self, client: Client, booking: Booking) -> None:
        page = f"/en/bookings/{booking.public_id}/"
        with time_machine.travel(at("15:00"), tick=True):
            assert "Running late?" not in client.get(page).content.decode()
        with time_machine.travel(at("18:30"), tick=True):
            body = client.get(page).content.decode()
        assert "Running late?" in body
        assert "Your table is kept until 7:20" in body

    @time_machine.travel(at("18:30"), tick=True)
    def test_one_tap_tells_the_house(self, client: Client, booking: Booking) -> None:
        answer = client.post(f"/en/bookings/{booking.public_id}/late/", {"minutes": "30"}, follow=True)

        body = answer.content.decode()
        assert "The restaurant knows that you come about 30 minutes late." in body
        assert "On time after all" in body
        assert "You said that you come 30 minutes late." in body
        booking.refresh_from_db()
        assert booking.minutes_late == 30

    @time_machine.travel(at("18:30"), tick=True)
    @pytest.mark.parametrize("minutes", ["", "7", "-10", "1e9", "x", "9999999999"])
    def test_nonsense_changes_nothing(self, client: Client, booking: Booking, minutes: str) -> None:
        answer = client.post(f"/en/bookings/{booking.public_id}/late/", {"minutes": minutes}, follow=True)

        assert "Please choose how late you come." in answer.content.decode()
        booking.refresh_from_db()
        assert booking.minutes_late == 0

    @time_machine.travel(at("18:30"), tick=True)
    def test_a_stranger_has_no_such_booking(self, booking: Booking) -> None:
        assert Client().post(f"/en/bookings/{booking.public_id}/late/", {"minutes": "30"}).status_code == 404


class TestTheDesk:
    @time_machine.travel(at("18:30"), tick=True)
    def test_sees_it_and_writes_it_down(self, place: Restaurant, booking: Booking) -> None:
        host = Client()
        log_in(host, member(place.pk, Role.HOST))
        where = reverse("admin:today_act", args=[place.public_id, booking.public_id, "late"])

        answer = host.post(where, {"version": booking.version, "minutes": "15", "board_day": str(booking.service_day)})

        assert answer.status_code == 302
        board = host.get(reverse("admin:today_day", args=[place.public_id]), {"day": str(booking.service_day)})
        assert "says: 15 minutes late" in board.content.decode()
        panel = host.get(reverse("admin:today_booking", args=[place.public_id, booking.public_id]))
        assert "Running late" in panel.content.decode()


class TestTheApi:
    def send(self, client: Client, booking: Booking, body: Any, **headers: str) -> Any:
        return client.post(
            f"/api/bookings/{booking.public_id}/late", json.dumps(body), "application/json", headers=headers
        )

    @time_machine.travel(at("18:30"), tick=True)
    def test_takes_it_from_who_holds_the_token(self, booking: Booking) -> None:
        token = {"X-Booking-Token": access.token_for(booking)}

        answer = self.send(Client(), booking, {"minutes": 20}, **token)

        assert answer.status_code == 200, answer.content
        assert answer.json()["minutes_late"] == 20
        assert self.send(Client(), booking, {"minutes": 20}).status_code == 401
        for wrong in ({}, {"minutes": "20"}, {"minutes": True}, {"minutes": -1}, {"minutes": 61}, {"minutes": 10**30}):
            assert self.send(Client(), booking, wrong, **token).status_code == 400

    def test_has_its_time(self, booking: Booking) -> None:
        token = {"X-Booking-Token": access.token_for(booking)}
        with time_machine.travel(booking.starts_at - timedelta(hours=4), tick=True):
            answer = self.send(Client(), booking, {"minutes": 20}, **token)

        assert answer.status_code == 409
        assert answer.json()["code"] == "booking_not_the_time_to_say_late"
