"""Other times beside the one asked for: which, with what bonus, and that a promise once shown is kept."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import errors, offers, selectors, services, suggesting
from bookings.models import Booking, RoomPrices
from bookings.services import Actor
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from restaurants.models import BookingPolicy, Restaurant
from restaurants.service_plan import plan_of
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

DAY_QUARTERS = 96 + 12


@pytest.fixture
def nook() -> Restaurant:
    nook = house(name="Nook", slug="nook", tables=(2, 2))
    price(nook, dear=("18:00", "20:00"))
    return nook


def price(restaurant: Restaurant, *, dear: tuple[str, str]) -> None:
    """Let each quarter of an hour between two times of day cost a fifth of a cover, and all others nothing."""
    first, last = (int(clock[:2]) * 4 + int(clock[3:]) // 15 for clock in dear)
    covers = [0.2 if first <= quarter < last else 0.0 for quarter in range(DAY_QUARTERS)]
    plan = plan_of(restaurant.pk)
    tables = [sorted(plan.table_names)]
    for weekday in range(7):
        RoomPrices.objects.update_or_create(
            restaurant=restaurant,
            weekday=weekday,
            defaults={"plan_version": plan.version, "tables": tables, "covers": [covers]},
        )


def offered(restaurant: Restaurant, clock: str = "19:00") -> services.Offering:
    slots = selectors.slots_on(restaurant.pk, tomorrow(), 2)
    found = services.offering(plan_of(restaurant.pk), slots, at(clock), 2)
    assert found is not None
    return found


def shown(offering: services.Offering) -> list[tuple[str, int]]:
    return [(f"{each.slot.starts_at.astimezone(at().tzinfo):%H:%M}", each.points) for each in offering.suggestions]


class TestWhatIsSuggested:
    def test_the_time_that_saves_most_and_a_nearer_one(self, nook: Restaurant) -> None:
        # A stay from 19:00 has four dear quarters of an hour, one from 19:30 two, and one from 20:00 none.
        assert shown(offered(nook)) == [("20:00", 80), ("19:30", 40)]

    def test_nothing_where_nothing_is_cheaper(self, nook: Restaurant) -> None:
        assert shown(offered(nook, "21:00")) == []

    def test_no_time_farther_away_than_it_is_worth(self, nook: Restaurant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(suggesting, "A_MINUTE", 0.02)

        assert shown(offered(nook)) == []

    def test_no_time_that_is_full(self, nook: Restaurant) -> None:
        for number in range(2):
            book(nook, "20:00", guest=guest(number))

        assert "20:00" not in dict(shown(offered(nook, "18:30")))

    def test_nothing_where_the_house_has_switched_it_off(self, nook: Restaurant) -> None:
        BookingPolicy.objects.update_or_create(restaurant=nook, defaults={"suggests_times": False})

        assert shown(offered(nook)) == []

    def test_nothing_while_prices_are_of_another_floor(self, nook: Restaurant) -> None:
        nook.tables.first().save()

        assert shown(offered(nook)) == []

    def test_costs_one_query(self, nook: Restaurant, django_assert_num_queries: Any) -> None:
        slots, plan = selectors.slots_on(nook.pk, tomorrow(), 2), plan_of(nook.pk)

        with django_assert_num_queries(1):
            services.offering(plan, slots, at("19:00"), 2)


class TestTheBonus:
    def test_is_promised_on_the_booking_that_takes_a_suggestion(self, nook: Restaurant) -> None:
        booking = book(nook, "20:00", offer=offered(nook).token)

        booking.refresh_from_db()
        assert booking.bonus_points == 80
        assert booking.asked_at == at("19:00")
        assert [points for _moment, points in booking.suggested_times] == [80, 40]

    @pytest.mark.parametrize(
        ("status", "is_shown"),
        [(Status.CONFIRMED, True), (Status.CANCELLED, True), (Status.NO_SHOW, False), (Status.COMPLETED, False)],
    )
    def test_the_desk_reads_of_it_while_it_is_open(
        self, client: Client, nook: Restaurant, status: Status, is_shown: bool
    ) -> None:
        booking = book(nook, "20:00", offer=offered(nook).token)
        Booking.objects.filter(pk=booking.pk).update(status=status)
        log_in(client, member(nook.pk, Role.HOST))

        panel = client.get(reverse("admin:today_booking", args=[nook.public_id, booking.public_id]))

        assert ("Points promised" in panel.content.decode()) == is_shown

    def test_is_none_for_the_time_asked_for_though_what_was_shown_is_kept(self, nook: Restaurant) -> None:
        booking = book(nook, "19:00", offer=offered(nook).token)

        assert booking.bonus_points == 0
        assert len(booking.suggested_times) == 2

    def test_is_kept_when_prices_have_moved_on(self, nook: Restaurant) -> None:
        token = offered(nook).token
        RoomPrices.objects.all().delete()

        assert book(nook, "20:00", offer=token).bonus_points == 80

    @pytest.mark.parametrize("party_size", [2, 1])
    def test_is_of_one_party_and_house(self, nook: Restaurant, party_size: int) -> None:
        token = offered(nook).token
        other = nook if party_size == 1 else house(name="Other", slug="other", tables=(2,))

        with pytest.raises(errors.UnknownSuggestion):
            book(other, "20:00", offer=token, party_size=party_size)
        assert not Booking.objects.exists()

    def test_cannot_be_made_up(self, nook: Restaurant) -> None:
        _seal, _, signature = offers.seal(nook.pk, 2, at("19:00"), [(at("20:00"), 80)]).rpartition(":")
        dearer = offers.seal(nook.pk, 2, at("19:00"), [(at("20:00"), 9000)]).rpartition(":")[0]

        with pytest.raises(errors.UnknownSuggestion):
            book(nook, "20:00", offer=f"{dearer}:{signature}")

    def test_goes_when_the_guest_moves_to_another_time(self, nook: Restaurant) -> None:
        booking = book(nook, "20:00", offer=offered(nook).token)

        services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("19:00"))

        booking.refresh_from_db()
        assert booking.bonus_points == 0

    def test_stays_when_the_house_moves_them(self, nook: Restaurant) -> None:
        booking = book(nook, "20:00", offer=offered(nook).token)

        services.change_booking(booking=booking, by=Actor.staff(UserFactory()), starts_at=at("19:30"))

        booking.refresh_from_db()
        assert booking.bonus_points == 80


class TestPage:
    def asked(self, client: Client, nook: Restaurant, **more: str) -> Any:
        query = {"starts_at": at("19:00").isoformat(), "party": "2", **more}
        return client.get(reverse("bookings:book", args=[nook.slug]), query)

    def test_shows_the_asked_time_with_suggestions_beside_it(self, client: Client, nook: Restaurant) -> None:
        response = self.asked(client, nook)

        html = response.content.decode()
        assert "Book this table" in html
        assert "+80 points" in html
        assert "+40 points" in html

    def test_a_suggestion_taken_is_booked_with_its_bonus(self, client: Client, nook: Restaurant) -> None:
        offer = self.asked(client, nook).context["offer"]
        _starts_at, points, query = offer.choices[0]
        address = reverse("bookings:book", args=[nook.slug])
        page = client.get(f"{address}?{query}")
        assert "80 points are yours" in page.content.decode()

        sent = {
            "starts_at": at("20:00").isoformat(),
            "party": "2",
            "area": "",
            "offer": page.context["offer_token"],
            "name": "Demo diner",
            "phone": "08031234567",
        }
        client.post(address, sent)

        assert Booking.objects.get().bonus_points == points == 80


class TestApi:
    def test_availability_names_them_and_a_booking_takes_one(self, client: Client, nook: Restaurant) -> None:
        query = {"party_size": 2, "date": tomorrow().isoformat(), "starts_at": at("19:00").isoformat()}
        answer = client.get(f"/api/restaurants/{nook.public_id}/availability", query).json()
        suggestions = answer["suggestions"]
        assert suggestions["available"] is True
        assert [each["points"] for each in suggestions["times"]] == [80, 40]

        body = {
            "restaurant": str(nook.public_id),
            "starts_at": suggestions["times"][0]["starts_at"],
            "party_size": 2,
            "guest": {"name": "Demo diner", "phone": "+2348031234567"},
            "suggestion": suggestions["token"],
        }
        booked = client.post("/api/bookings", body, content_type="application/json")

        assert booked.status_code == 201, booked.content
        assert booked.json()["bonus_points"] == 80
        assert booked.json()["asked_at"] == at("19:00").isoformat()

    def test_a_made_up_token_is_refused(self, client: Client, nook: Restaurant) -> None:
        body = {
            "restaurant": str(nook.public_id),
            "starts_at": at("20:00").isoformat(),
            "party_size": 2,
            "guest": {"name": "Demo diner", "phone": "+2348031234567"},
            "suggestion": "made:up",
        }

        refused = client.post("/api/bookings", body, content_type="application/json")

        assert refused.status_code == 422
        assert refused.json()["code"] == "booking_unknown_suggestion"


class TestPrices:
    def test_are_computed_for_a_house_and_are_highest_at_dinner(self) -> None:
        nook = house(name="Nook", slug="nook", tables=(2, 2, 4))
        assert services.rooms_to_price() == [nook.pk]

        services.price_room(restaurant_id=nook.pk)

        assert services.rooms_to_price() == []
        prices = selectors.prices_of(plan_of(nook.pk), tomorrow())
        assert prices is not None
        quarters = [sum(kind) for kind in zip(*prices.covers, strict=True)]
        assert max(quarters) > 0
        assert 18 * 4 <= quarters.index(max(quarters)) <= 22 * 4

    def test_are_computed_anew_when_the_floor_changes(self) -> None:
        nook = house(name="Nook", slug="nook", tables=(2, 2))
        services.price_room(restaurant_id=nook.pk)

        nook.tables.first().save()

        assert services.rooms_to_price() == [nook.pk]

    def test_are_none_where_no_times_are_suggested(self) -> None:
        nook = house(name="Nook", slug="nook", tables=(2, 2))
        services.price_room(restaurant_id=nook.pk)
        BookingPolicy.objects.update_or_create(restaurant=nook, defaults={"suggests_times": False})

        assert services.rooms_to_price() == []
        assert services.price_room(restaurant_id=nook.pk) == 0
        assert not RoomPrices.objects.exists()
