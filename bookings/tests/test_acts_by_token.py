"""Who may do what to a booking over the API: each act, tried with every kind of token there is."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.partners import services as partners
from accounts.partners.states import Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access
from bookings.api.urls import MOVES, QUEUE_MOVES
from bookings.models import Booking
from bookings.states import Status
from bookings.tests.factories import at, book, guest
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
JSON = "application/json"
SCOPES = [Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE]

PEOPLE = {"host"}
DESK = PEOPLE | {"own app"}
EVENING = DESK | {"app"}
GUEST = EVENING | {"diner", "token"}
KINDS = sorted(GUEST | {"stranger", "another diner", "host elsewhere", "app elsewhere"})

# What is sent, and who may send it.
ACTS: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    # The house says yes or no, and its people write down its money.
    "confirm": ("POST", "confirm", {}, PEOPLE),
    "decline": ("POST", "decline", {"reason": "A wedding."}, PEOPLE),
    "deposit": ("POST", "deposit", {"amount": "5000.00"}, PEOPLE),
    "deposit/return": ("POST", "deposit/return", {}, PEOPLE),
    # An app that the house lets write runs the evening for it.
    "check-in": ("POST", "check-in", {}, EVENING),
    "seat": ("POST", "seat", {}, EVENING),
    "complete": ("POST", "complete", {}, EVENING),
    "leave": ("POST", "leave", {}, EVENING),
    "no-show": ("POST", "no-show", {}, EVENING),
    "undo-no-show": ("POST", "undo-no-show", {}, EVENING),
    # Beyond the limits of online booking stand the desk and the house's own till.
    "other tables": ("PATCH", "", {"tables": ["T2"]}, DESK),
    "pass pacing": ("PATCH", "", {"pass_pacing": True, "party_size": 1}, DESK),
    # Whoever speaks for the guest.
    "other wishes": ("PATCH", "", {"notes": "A cake."}, GUEST),
    "late": ("POST", "late", {"minutes": 10}, GUEST),
    "cancel": ("DELETE", "", {"reason": "The car broke down."}, GUEST),
}


@pytest.fixture
def restaurant() -> Restaurant:
    return house(tables=(2, 2, 4))


def asker(kind: str, restaurant: Restaurant, booking: Booking | None, diner: Any) -> tuple[Client, dict[str, str]]:
    """Return a program that shows this kind of token, and the headers it sends along."""
    client = Client(raise_request_exception=False)
    if kind == "token":
        return client, {"x-booking-token": access.token_for(booking)} if booking else {}
    if kind in ("app", "own app", "app elsewhere"):
        own = restaurant.pk if kind == "own app" else None
        credentials = an_app(restaurant_id=own)
        where = house() if kind == "app elsewhere" else restaurant
        if own is None:
            partners.grant_access(app=credentials[0], restaurant_id=where.pk, scopes=SCOPES, by=None)
        return client, bearing(fetch_token(*credentials))
    people = {
        "diner": lambda: diner,
        "another diner": UserFactory,
        "host": lambda: member(restaurant.pk),
        "host elsewhere": lambda: member(house().pk),
    }
    if kind in people:
        log_in(client, people[kind]())
    return client, {}


def send(client: Client, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    return client.generic(method, path, json.dumps(body).encode(), content_type=JSON, headers=headers)


class TestEachActByEachToken:
    def test_no_act_is_forgotten(self) -> None:
        assert set(MOVES) <= set(ACTS)

    @pytest.mark.parametrize("kind", KINDS)
    def test_only_whom_the_house_means(self, restaurant: Restaurant, kind: str) -> None:
        diner = UserFactory()
        may, changed = set(), set()
        booking = book(restaurant, diner=diner)
        client, headers = asker(kind, restaurant, booking, diner)
        for act, (method, word, body, _who) in ACTS.items():
            # Asked for, so that a yes would be one; what each act really wants is tested where it is at home.
            Booking.objects.filter(pk=booking.pk).update(status=Status.REQUESTED, version=7)
            path = f"/api/bookings/{booking.public_id}/{word}".rstrip("/")
            answer = send(client, method, path, body, headers)
            if answer.status_code not in (401, 403, 404):
                may.add(act)
                continue
            booking.refresh_from_db()
            if (booking.status, booking.version) != (Status.REQUESTED, 7):
                changed.add(act)

        assert may == {act for act, row in ACTS.items() if kind in row[3]}
        assert changed == set()

    @pytest.mark.parametrize("kind", KINDS)
    def test_booking_at_the_desk(self, restaurant: Restaurant, kind: str) -> None:
        client, headers = asker(kind, restaurant, None, UserFactory())
        asked = {
            "restaurant": str(restaurant.public_id),
            "starts_at": at("19:00").isoformat(),
            "party_size": 2,
            "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567"},
            "channel": "phone",
        }

        answer = send(client, "POST", "/api/bookings", asked, headers)

        assert (answer.status_code == 201) == (kind in DESK), answer.content
        assert Booking.objects.exists() == (kind in DESK)

    @pytest.mark.parametrize("kind", ["app", "own app"])
    def test_who_waits_and_what_repeats_is_not_for_apps(self, restaurant: Restaurant, kind: str) -> None:
        client, headers = asker(kind, restaurant, None, None)
        nobody = "00000000-0000-4000-8000-000000000000"
        paths = ["/api/queue", *(f"/api/queue/{nobody}/{move}" for move in QUEUE_MOVES), "/api/bookings/series"]
        paths += [f"/api/waitlist/{nobody}/{answer}" for answer in ("accept", "decline")]

        assert {path: send(client, "POST", path, {}, headers).status_code for path in paths} == dict.fromkeys(
            paths, 401
        )


class TestAGroupsRequest:
    def test_an_app_cannot_say_yes_to_what_it_asked_for_itself(self, restaurant: Restaurant) -> None:
        restaurant.policy.needs_approval = True
        restaurant.policy.save()
        request = book(restaurant, guest=guest())
        client, headers = asker("app", restaurant, request, None)

        answer = send(client, "POST", f"/api/bookings/{request.public_id}/confirm", {}, headers)

        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert answer.json()["detail"] == "Only the restaurant’s own people do this, not an app."
        request.refresh_from_db()
        assert request.status == Status.REQUESTED
