import json
import threading
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Membership
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, services
from bookings.api import urls
from bookings.api.series import SeriesListView
from bookings.api.views import BookingsView, HoldConfirmView, HoldsView, ServiceMoves
from bookings.api.waiting import AlertsView
from bookings.models import Booking, BookingHistory, TableAllocation
from bookings.selectors import service_day_of
from bookings.services import Actor
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.limits import Limit
from core.testing import work_off_outbox
from restaurants.models import Restaurant
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db
LAGOS = ZoneInfo("Africa/Lagos")
KEY = "0b0f7c2e-98c5-4c4f-8f0b-3a8d6f0c9e11"


class Api(Client):
    """A program that speaks JSON and keeps the tokens it is given."""

    def send(self, method, path, body=None, *, token="", **headers):
        if token:
            headers["X-Booking-Token"] = token
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = "application/json" if body is not None else ""
        return self.generic(method, path, raw, content_type=kind, headers=headers)


@pytest.fixture
def api():
    return Api(raise_request_exception=False)


def signed_in(user):
    client = Api(raise_request_exception=False)
    log_in(client, user)
    return client


def wish(house_to_book, clock="19:00", **other):
    return {
        "restaurant": str(house_to_book.public_id),
        "starts_at": at(clock).isoformat(),
        "party_size": 2,
        "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"},
        **other,
    }


def problem(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.json()


def pointers(answer):
    return [error["pointer"] for error in problem(answer)["errors"]]


def path_of(booking, *rest):
    return "/".join(["/api/bookings", str(booking.public_id), *rest])


class TestBook:
    def test_without_an_account(self, api):
        restaurant = house()

        answer = api.send("POST", "/api/bookings", wish(restaurant, notes="A cake", occasion="birthday"))

        assert answer.status_code == 201
        body = answer.json()
        booking = Booking.objects.get()
        assert answer["Location"] == f"/api/bookings/{booking.public_id}"
        assert body["id"] == str(booking.public_id)
        assert body["restaurant"] == str(restaurant.public_id)
        assert (body["code"], body["status"], body["party_size"]) == (booking.code, "confirmed", 2)
        assert body["starts_at"] == at("19:00").isoformat()
        assert body["ends_at"] == at("20:30").isoformat()
        assert body["tables"] == ["T1"]
        assert body["guest"] == {
            "name": "Adaeze Okafor",
            "phone": "+2348031234567",
            "email": "adaeze@example.com",
        }
        assert (body["notes"], body["occasion"], body["channel"]) == ("A cake", "birthday", "api")
        assert access.opens(body["token"], booking.public_id)
        assert body["token"] in body["manage_url"]
        assert work_off_outbox() > 0

    @pytest.mark.parametrize("field", ["suggestions", "gast"])
    def test_an_unknown_field_is_refused_by_name(self, api, field):
        answer = api.send("POST", "/api/bookings", wish(house(), **{field: "x"}))

        assert (answer.status_code, pointers(answer)) == (400, [f"#/{field}"])
        assert problem(answer)["errors"][0]["code"] == "unknown_field"
        assert not Booking.objects.exists()

    def test_null_is_no_contact_as_answers_say_it(self, api):
        answer = api.send(
            "POST",
            "/api/bookings",
            wish(house()) | {"guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": None}},
        )
        assert answer.status_code == 201, answer.content

        body = answer.json()
        changed = api.send("PATCH", f"/api/bookings/{body['id']}", {"guest": body["guest"]}, token=body["token"])

        assert changed.status_code == 200, changed.content
        assert (
            changed.json()["guest"]
            == body["guest"]
            == {
                "name": "Adaeze Okafor",
                "phone": "+2348031234567",
                "email": None,
            }
        )

    def test_signed_in_the_account_says_who_comes(self):
        diner = UserFactory(name="Bola Ade", phone="+2348039876543")
        asked = wish(house())
        del asked["guest"]

        body = signed_in(diner).send("POST", "/api/bookings", asked).json()

        assert body["guest"] == {"name": "Bola Ade", "phone": "+2348039876543", "email": diner.email}
        assert (body["token"], body["manage_url"]) == (None, None)
        assert Booking.objects.get().diner == diner

    def test_the_whole_house_may_ask_to_approve(self, api):
        restaurant = house(policy={"needs_approval": True})

        assert api.send("POST", "/api/bookings", wish(restaurant)).json()["status"] == "requested"

    def test_in_an_area(self, api):
        restaurant = house(tables=())
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="O1")

        body = api.send("POST", "/api/bookings", wish(restaurant, area=str(terrace.public_id))).json()

        assert body["area"] == {"id": str(terrace.public_id), "name": "Terrace"}
        assert body["tables"] == ["O1"]

    def test_taken_is_refused_with_the_nearest_times(self, api):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00")

        answer = api.send("POST", "/api/bookings", wish(restaurant))

        assert answer.status_code == 409
        refusal = problem(answer)
        assert refusal["code"] == "booking_no_table_free"
        starts = [each["starts_at"] for each in refusal["alternatives"]]
        assert at("20:30").isoformat() in starts
        assert set(refusal["alternatives"][0]) == {"starts_at", "ends_at", "shift", "areas"}
        assert Booking.objects.count() == 1

    @pytest.mark.parametrize(
        ("changed", "status", "pointer"),
        [
            ({"party_size": 0}, 400, "#/party_size"),
            ({"party_size": -1}, 400, "#/party_size"),
            ({"party_size": 10**9}, 400, "#/party_size"),
            ({"party_size": "four"}, 400, "#/party_size"),
            ({"party_size": 2.5}, 400, "#/party_size"),
            ({"party_size": None}, 400, "#/party_size"),
            ({"starts_at": "2026-12-24T19:00:00"}, 400, "#/starts_at"),
            ({"starts_at": "9999-12-31T23:59:59+01:00"}, 400, "#/starts_at"),
            ({"starts_at": "0001-01-01T00:00:00+14:00"}, 400, "#/starts_at"),
            ({"starts_at": "tomorrow"}, 400, "#/starts_at"),
            ({"starts_at": 1_800_000_000}, 400, "#/starts_at"),
            ({"restaurant": str(uuid.uuid4())}, 400, "#/restaurant"),
            ({"restaurant": "iya-moria"}, 400, "#/restaurant"),
            ({"area": "terrace"}, 400, "#/area"),
            ({"occasion": "coup"}, 400, "#/occasion"),
            ({"notes": "x" * 10_000}, 400, "#/notes"),
            ({"guest": {"name": "A\0B", "phone": "08031234567"}}, 400, "#/guest/name"),
            ({"guest": {"name": "x" * 10_000, "phone": "08031234567"}}, 400, "#/guest/name"),
            ({"guest": {"name": "\u200b\u202e", "phone": "08031234567"}}, 400, "#/guest/name"),
            ({"guest": {"phone": "08031234567"}}, 400, "#/guest/name"),
            ({"guest": {"name": "Ada", "phone": "12"}}, 400, "#/guest/phone"),
            ({"guest": {"name": "Ada", "email": "ada"}}, 400, "#/guest/email"),
            ({"guest": "Ada"}, 400, "#/guest"),
            ({"tables": ["T1"]}, 400, "#/tables"),
        ],
    )
    def test_what_makes_no_sense_is_pointed_at(self, api, changed, status, pointer):
        answer = api.send("POST", "/api/bookings", wish(house(), **changed))

        assert answer.status_code == status
        assert pointer in [found.removesuffix("/non_field_errors") for found in pointers(answer)]
        assert not Booking.objects.exists()

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"party_size": 21}, "booking_party_size"),
            ({"starts_at": "2020-01-01T19:00:00+01:00"}, "booking_time_in_the_past"),
            ({"area": str(uuid.uuid4())}, "booking_unknown_area"),
            ({"guest": {"name": "Ada"}}, "booking_contact_missing"),
        ],
    )
    def test_what_the_house_does_not_do_is_refused(self, api, changed, code):
        answer = api.send("POST", "/api/bookings", wish(house(), **changed))

        assert (answer.status_code, problem(answer)["code"]) == (422, code)
        assert not Booking.objects.exists()

    def test_an_hour_without_a_meal(self, api):
        answer = api.send("POST", "/api/bookings", wish(house(), "10:00"))

        assert (answer.status_code, problem(answer)["code"]) == (422, "booking_not_a_seating_time")

    def test_another_zone_means_the_same_instant(self, api):
        instant = at("19:00").astimezone(ZoneInfo("America/New_York")).isoformat()

        body = api.send("POST", "/api/bookings", wish(house(), starts_at=instant)).json()

        assert body["starts_at"] == at("19:00").isoformat()

    def test_names_keep_their_marks_and_lose_what_turns_the_line(self, api):
        name = "Ẹniọlá \u202eamala🍲"

        body = api.send("POST", "/api/bookings", wish(house(), guest={"name": name, "phone": "08031234567"})).json()

        assert body["guest"]["name"] == "Ẹniọlá amala🍲"

    @pytest.mark.parametrize("status", [RestaurantStatus.DRAFT, RestaurantStatus.CLOSED])
    def test_a_house_that_is_not_shown_is_unknown(self, api, status):
        restaurant = house(status=status)

        assert pointers(api.send("POST", "/api/bookings", wish(restaurant))) == ["#/restaurant"]

    def test_a_listing_takes_no_bookings(self, api):
        answer = api.send("POST", "/api/bookings", wish(house(status=RestaurantStatus.LISTED)))

        assert (answer.status_code, problem(answer)["code"]) == (409, "booking_restaurant_not_bookable")

    def test_the_sentence_is_in_the_askers_language(self, api):
        restaurant = house(tables=(2,))
        book(restaurant)

        english = problem(api.send("POST", "/api/bookings", wish(restaurant)))
        hausa = problem(api.send("POST", "/api/bookings", wish(restaurant), **{"Accept-Language": "ha"}))

        assert hausa["code"] == english["code"]
        assert hausa["detail"] != english["detail"]

    def test_a_signed_in_browser_needs_its_csrf_token(self):
        browser = Api(enforce_csrf_checks=True)
        log_in(browser, UserFactory())

        answer = browser.send("POST", "/api/bookings", wish(house()))

        assert (answer.status_code, problem(answer)["code"]) == (403, "csrf_failed")
        assert not Booking.objects.exists()


class TestBookForAGuest:
    def test_staff_write_down_a_telephone_booking(self):
        restaurant = house(policy={"max_party_online": 2})
        host = member(restaurant.pk, Role.HOST)
        asked = wish(restaurant, channel="phone", tables=["t2"], party_size=4, guest={"name": "Chief Obi"})

        answer = signed_in(host).send("POST", "/api/bookings", asked)

        assert answer.status_code == 201
        body = answer.json()
        assert (body["channel"], body["tables"], body["guest"]["name"]) == ("phone", ["T2"], "Chief Obi")
        assert body["staff"]["table_promised"] is True
        assert Booking.objects.get().diner is None

    def test_others_may_not(self, api):
        restaurant, elsewhere = house(), house()
        asked = wish(restaurant, channel="phone")

        for client in (api, signed_in(UserFactory()), signed_in(member(elsewhere.pk))):
            answer = client.send("POST", "/api/bookings", asked)
            assert (answer.status_code, problem(answer)["code"]) == (403, "not_allowed")
        assert not Booking.objects.exists()

    def test_a_name_that_is_an_address_is_refused(self, api):
        asked = wish(house(), guest={"name": "Win at www.evil.example", "email": "ada@example.com"})

        answer = api.send("POST", "/api/bookings", asked)

        assert (answer.status_code, problem(answer)["errors"][0]["code"]) == (400, "text_address_in_name")
        assert not Booking.objects.exists()

    def test_a_table_of_another_house_is_unknown(self):
        restaurant = house()
        asked = wish(restaurant, channel="admin", tables=["T9"])

        answer = signed_in(member(restaurant.pk)).send("POST", "/api/bookings", asked)

        assert (answer.status_code, problem(answer)["code"]) == (422, "booking_unknown_table")


class TestSentTwice:
    def test_the_same_key_and_body_is_the_same_booking(self, api):
        asked = wish(house())
        first = api.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY})
        second = api.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY})

        assert (first.status_code, second.status_code) == (201, 201)
        assert second.content == first.content
        assert (second["Idempotency-Replayed"], second["Location"]) == ("true", first["Location"])
        assert Booking.objects.count() == 1

    def test_a_removed_host_is_not_answered_again(self):
        restaurant = house()
        booking, host = book(restaurant), member(restaurant.pk, Role.HOST)
        client = signed_in(host)
        at_the_desk = ("/api/bookings", wish(restaurant, channel="phone"))
        moved = (path_of(booking, "check-in"), None)
        Booking.objects.filter(pk=booking.pk).update(service_day=service_day_of(restaurant.pk))
        for path, body in (at_the_desk, moved):
            assert client.send("POST", path, body, **{"Idempotency-Key": KEY}).status_code in (200, 201)
            assert client.send("POST", path, body, **{"Idempotency-Key": KEY})["Idempotency-Replayed"] == "true"

        Membership.objects.get(user=host).delete()

        refused = [client.send("POST", path, body, **{"Idempotency-Key": KEY}) for path, body in (at_the_desk, moved)]
        assert [answer.status_code for answer in refused] == [403, 404]
        assert all("Idempotency-Replayed" not in answer for answer in refused)
        assert all(b"Adaeze" not in answer.content and b"Demo diner" not in answer.content for answer in refused)
        assert Booking.objects.count() == 2

    def test_a_diner_is_answered_again(self):
        client, asked = signed_in(UserFactory()), wish(house())
        client.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY})

        again = client.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY})

        assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")

    def test_a_stranger_is_answered_again_at_no_cost(self, api, django_assert_num_queries):
        asked = wish(house())
        api.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY})

        with django_assert_num_queries(4):
            assert api.send("POST", "/api/bookings", asked, **{"Idempotency-Key": KEY}).status_code == 201

    def test_every_door_that_keeps_answers_looks_again(self):
        views = {each.callback.cls for each in urls.urlpatterns}
        keeping = {
            view
            for view in views
            if any(hasattr(each, "idempotency") for each in vars(view).values() if callable(each))
        }

        # Anybody may hold a table, and a hold names nobody; anybody may ask to be told of a free one.
        for_anybody = {HoldsView, AlertsView}
        at_bookings = {view for view in keeping if view.__module__ in ("bookings.api.views", "bookings.api.series")}
        assert at_bookings - for_anybody == {BookingsView, HoldConfirmView, SeriesListView, ServiceMoves}
        assert [view for view in keeping - for_anybody if not callable(getattr(view, "check_again", None))] == []

    def test_the_same_key_with_another_body_is_refused(self, api):
        restaurant = house()
        api.send("POST", "/api/bookings", wish(restaurant), **{"Idempotency-Key": KEY})

        answer = api.send("POST", "/api/bookings", wish(restaurant, party_size=3), **{"Idempotency-Key": KEY})

        assert (answer.status_code, problem(answer)["code"]) == (422, "idempotency_key_reused")
        assert Booking.objects.count() == 1

    def test_without_a_key_the_very_same_booking_is_refused(self, api):
        asked = wish(house())
        api.send("POST", "/api/bookings", asked)

        answer = api.send("POST", "/api/bookings", asked)

        assert (answer.status_code, problem(answer)["code"]) == (409, "booking_duplicate")
        assert Booking.objects.count() == 1

    def test_a_refusal_is_kept_too(self, api):
        restaurant = house(tables=(2,))
        other = book(restaurant)
        first = api.send("POST", "/api/bookings", wish(restaurant), **{"Idempotency-Key": KEY})
        services.cancel_booking(booking=other, by=Actor.diner(None))

        second = api.send("POST", "/api/bookings", wish(restaurant), **{"Idempotency-Key": KEY})

        assert (first.status_code, second.status_code) == (409, 409)
        assert second.json() == first.json()


def all_at_once(requests):
    """Send each request from a thread and connection of its own, at the same moment; return the answers."""
    start, answers = threading.Barrier(len(requests)), []

    def send(request):
        with closing(connection):
            client = Api(raise_request_exception=False)
            start.wait(10)
            answers.append(client.send("POST", "/api/bookings", *request[0], **request[1]))

    threads = [threading.Thread(target=send, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_one_table_eight_diners(self):
        restaurant = house(tables=(2,))
        requests = [
            ([wish(restaurant, guest={"name": f"Diner {n}", "phone": f"080312345{n:02}"})], {}) for n in range(8)
        ]

        answers = all_at_once(requests)

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        for answer in answers:
            if answer.status_code == 409:
                assert problem(answer)["code"] == "booking_no_table_free"
                assert problem(answer)["alternatives"]
        assert TableAllocation.objects.filter(live=True).count() == 1

    def test_one_key_eight_times(self):
        asked = wish(house(tables=(2,) * 8))

        answers = all_at_once([([asked], {"Idempotency-Key": KEY})] * 8)

        assert Booking.objects.count() == 1
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert made == {str(Booking.objects.get().public_id)}
        refused = {problem(answer)["code"] for answer in answers if answer.status_code == 409}
        assert refused <= {"request_in_progress"}

    def test_a_confirmed_hold_is_not_given_back(self):
        hold = services.hold_table(restaurant_id=house().pk, starts_at=at(), party_size=2, by=Actor.diner(None))
        token = access.token_for(hold)
        seen = Booking.objects.get()
        services.confirm_hold(hold=seen, guest=guest(), by=Actor.diner(None))

        answer = Api().send("DELETE", f"/api/bookings/holds/{hold.public_id}", token=token)

        assert (answer.status_code, problem(answer)["code"]) == (409, "illegal_move")
        assert Booking.objects.get().status == Status.CONFIRMED


class TestList:
    def test_mine_the_latest_first(self):
        diner = UserFactory()
        restaurant = house(tables=(2, 2, 2))
        first, last = book(restaurant, "18:00", diner=diner), book(restaurant, "21:00", diner=diner)
        book(restaurant, "19:00")
        client = signed_in(diner)

        page = client.get("/api/bookings?limit=1").json()

        assert [each["id"] for each in page["results"]] == [str(last.public_id)]
        assert "staff" not in page["results"][0]
        following = client.get(page["next"]).json()
        assert [each["id"] for each in following["results"]] == [str(first.public_id)]
        assert following["next"] is None

    def test_a_restaurants_for_its_staff_in_the_order_of_the_evening(self, django_assert_max_num_queries):
        restaurant = house(tables=(2, 2, 2, 2))
        made = [book(restaurant, clock, guest=guest(n)) for n, clock in enumerate(("20:00", "18:00", "19:00"))]
        services.cancel_booking(booking=made[0], by=Actor.diner(None))
        client = signed_in(member(restaurant.pk, Role.HOST))
        asked = f"/api/bookings?restaurant={restaurant.public_id}&day={tomorrow()}"

        # Three of them record that staff looked: a savepoint, the event, its end.
        with django_assert_max_num_queries(8):
            everyone = client.get(asked).json()["results"]

        assert [each["id"] for each in everyone] == [str(made[n].public_id) for n in (1, 2, 0)]
        assert everyone[0]["staff"]["has_account"] is False
        confirmed = client.get(f"{asked}&status=confirmed,seated").json()["results"]
        assert [each["id"] for each in confirmed] == [str(made[n].public_id) for n in (1, 2)]
        other_day = f"/api/bookings?restaurant={restaurant.public_id}&day={tomorrow() + timedelta(days=1)}"
        assert client.get(other_day).json()["results"] == []

    def test_another_restaurants_are_not_shown(self):
        mine, other = house(), house()
        book(other)
        client = signed_in(member(mine.pk, Role.HOST))

        assert client.get(f"/api/bookings?restaurant={other.public_id}").json()["results"] == []
        assert client.get("/api/bookings").json()["results"] == []

    def test_strangers_have_none(self, api):
        answer = api.get("/api/bookings")

        assert (answer.status_code, problem(answer)["code"]) == (401, "not_authenticated")

    @pytest.mark.parametrize(
        "query", ["day=yesterday", "status=gone", "restaurant=x", "limit=0", "cursor=x", "day=%00"]
    )
    def test_bad_filters_are_named(self, query):
        answer = signed_in(UserFactory()).get(f"/api/bookings?{query}")

        assert answer.status_code == 400
        assert pointers(answer) == [f"#/{query.partition('=')[0]}"]


class TestSeeing:
    def test_its_diner_its_staff_and_its_token_open_it(self, api):
        restaurant = house()
        diner = UserFactory()
        booking = book(restaurant, diner=diner)

        by_diner = signed_in(diner).get(path_of(booking))
        by_staff = signed_in(member(restaurant.pk, Role.HOST)).get(path_of(booking))
        by_token = api.send("GET", path_of(booking), token=access.token_for(booking))
        by_link = api.get(path_of(booking), {"token": access.token_for(booking)})

        assert [answer.status_code for answer in (by_diner, by_staff, by_token, by_link)] == [200] * 4
        assert "staff" not in by_diner.json()
        assert "staff" not in by_token.json()
        assert by_staff.json()["staff"]["has_account"] is True

    def test_for_all_others_it_is_not_there(self, api):
        restaurant, other = house(), house()
        booking, another = book(restaurant), book(other)
        strangers = [signed_in(UserFactory()), signed_in(member(other.pk, Role.OWNER))]

        for client in strangers:
            for answer in (
                client.get(path_of(booking)),
                client.send("PATCH", path_of(booking), {"party_size": 1}),
                client.send("DELETE", path_of(booking)),
                client.send("POST", path_of(booking, "seat"), {}),
                client.get(path_of(booking, "calendar.ics")),
                client.get(f"/api/bookings/{uuid.uuid4()}"),
            ):
                assert (answer.status_code, problem(answer)["code"]) == (404, "booking_not_found")
        wrong = api.send("GET", path_of(booking), token=access.token_for(another))
        assert wrong.status_code == 404
        assert api.get(path_of(booking)).status_code == 401
        booking.refresh_from_db()
        assert (booking.party_size, booking.status) == (2, Status.CONFIRMED)

    def test_what_was_seen_is_not_sent_again(self, api):
        booking = book(house())
        token = access.token_for(booking)
        etag = api.send("GET", path_of(booking), token=token)["ETag"]

        again = api.send("GET", path_of(booking), token=token, **{"If-None-Match": etag})

        assert (again.status_code, again.content) == (304, b"")

    def test_a_calendar_takes_it(self, api):
        booking = book(house())

        answer = api.send(
            "GET", path_of(booking, "calendar.ics"), token=access.token_for(booking), accept="text/calendar"
        )

        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        assert b"BEGIN:VEVENT" in answer.content
        refused = api.send("GET", path_of(booking, "calendar.ics"), token="x", accept="text/calendar")
        assert (refused.status_code, problem(refused)["code"]) == (404, "booking_not_found")


class TestChange:
    def test_time_size_and_wishes(self, api):
        booking = book(house(), "19:00")

        answer = api.send(
            "PATCH",
            path_of(booking),
            {"starts_at": at("20:00").isoformat(), "party_size": 4, "notes": "Quiet", "guest": {"name": "Ada O."}},
            token=access.token_for(booking),
        )

        assert answer.status_code == 200
        body = answer.json()
        assert (body["starts_at"], body["party_size"], body["tables"]) == (at("20:00").isoformat(), 4, ["T2"])
        assert (body["notes"], body["code"], body["version"]) == ("Quiet", booking.code, 2)
        assert body["guest"] == {"name": "Ada O.", "phone": booking.guest_phone, "email": booking.guest_email}

    def test_a_guest_changes_a_booking_ten_times_a_minute_and_staff_as_they_need(self, api):
        restaurant = house(tables=(4,))
        booking = book(restaurant, "18:00")
        token, desk = access.token_for(booking), signed_in(member(restaurant.pk))

        def change(by, number, **more):
            return by.send("PATCH", path_of(booking), {"party_size": 2 + number % 2}, **more).status_code

        guests = [change(api, number, token=token) for number in range(11)]

        assert guests == [200] * 10 + [429]
        assert [change(desk, number) for number in range(11)] == [200] * 11

    def test_what_cannot_be_leaves_it_as_it_was(self, api):
        restaurant = house(tables=(2,))
        booking = book(restaurant, "18:00")
        book(restaurant, "20:00", guest=guest(2))
        token = access.token_for(booking)

        full = api.send("PATCH", path_of(booking), {"starts_at": at("20:00").isoformat()}, token=token)
        odd = api.send("PATCH", path_of(booking), {"party_size": 0}, token=token)
        unreachable = api.send("PATCH", path_of(booking), {"guest": {"phone": "", "email": ""}}, token=token)

        assert (full.status_code, problem(full)["code"]) == (409, "booking_no_table_free")
        assert problem(full)["alternatives"]
        assert (odd.status_code, unreachable.status_code) == (400, 422)
        booking.refresh_from_db()
        assert (booking.starts_at, booking.party_size, booking.version) == (at("18:00"), 2, 1)
        assert TableAllocation.objects.filter(booking=booking, live=True).count() == 1

    def test_another_state_than_the_one_seen_is_refused(self, api):
        booking = book(house())
        token = access.token_for(booking)
        etag = api.send("GET", path_of(booking), token=token)["ETag"]
        fresh = api.send("PATCH", path_of(booking), {"party_size": 1}, token=token, **{"If-Match": etag})

        stale = api.send("PATCH", path_of(booking), {"party_size": 2}, token=token, **{"If-Match": etag})
        stale_cancel = api.send("DELETE", path_of(booking), token=token, **{"If-Match": etag})

        assert fresh.status_code == 200
        assert fresh["ETag"] != etag
        assert [(answer.status_code, problem(answer)["code"]) for answer in (stale, stale_cancel)] == [
            (412, "precondition_failed")
        ] * 2
        booking.refresh_from_db()
        assert (booking.party_size, booking.status) == (1, Status.CONFIRMED)

    def test_a_client_that_takes_compressed_answers_can_use_its_etag(self, api):
        booking = book(house())
        token = access.token_for(booking)
        weakened = api.send("GET", path_of(booking), token=token, **{"Accept-Encoding": "gzip"})["ETag"]

        answer = api.send("PATCH", path_of(booking), {"party_size": 1}, token=token, **{"If-Match": weakened})

        assert weakened.startswith("W/")
        assert answer.status_code == 200

    def test_staff_move_a_party_to_another_table(self):
        restaurant = house()
        booking = book(restaurant)
        host = signed_in(member(restaurant.pk, Role.HOST))

        moved = host.send("PATCH", path_of(booking), {"tables": ["T2"]})
        unknown = host.send("PATCH", path_of(booking), {"tables": ["T9"]})

        assert moved.json()["tables"] == ["T2"]
        assert (unknown.status_code, problem(unknown)["code"]) == (422, "booking_unknown_table")

    def test_a_diner_does_not_choose_the_table(self):
        diner = UserFactory()
        booking = book(house(), diner=diner)

        answer = signed_in(diner).send("PATCH", path_of(booking), {"tables": ["T2"]})

        assert (answer.status_code, problem(answer)["code"]) == (403, "not_allowed")
        assert TableAllocation.objects.get(live=True).table.name == "T1"


class TestCancel:
    def test_in_good_time(self, api):
        booking = book(house())

        answer = api.send("DELETE", path_of(booking), token=access.token_for(booking))

        assert answer.status_code == 200
        body = answer.json()
        assert (body["status"], body["late_cancellation"], body["tables"]) == ("cancelled", False, [])
        assert not TableAllocation.objects.filter(live=True).exists()

    def test_late_is_said(self, api):
        booking = book(house(policy={"free_cancellation_hours": 200}))

        body = api.send("DELETE", path_of(booking), token=access.token_for(booking)).json()

        assert (body["status"], body["late_cancellation"]) == ("cancelled", True)

    def test_twice_is_refused_and_says_what_is_allowed(self, api):
        booking = book(house())
        token = access.token_for(booking)
        api.send("DELETE", path_of(booking), token=token)

        answer = api.send("DELETE", path_of(booking), token=token)

        refusal = problem(answer)
        assert (answer.status_code, refusal["code"]) == (409, "illegal_move")
        assert (refusal["from"], refusal["to"], refusal["allowed"]) == ("cancelled", "cancelled", [])

    def test_staff_give_a_reason(self):
        restaurant = house()
        booking = book(restaurant)
        host = signed_in(member(restaurant.pk, Role.HOST))

        without = host.send("DELETE", path_of(booking))
        booking.refresh_from_db()
        assert (without.status_code, problem(without)["code"]) == (422, "booking_reason_missing")
        assert booking.status == Status.CONFIRMED
        with_reason = host.send("DELETE", path_of(booking), {"reason": "The kitchen is flooded."})

        assert with_reason.json()["status"] == "cancelled"
        assert BookingHistory.objects.latest("pk").reason == "The kitchen is flooded."

    def test_the_reason_may_stand_in_the_address(self):
        restaurant = house()
        booking = book(restaurant)

        answer = signed_in(member(restaurant.pk)).send("DELETE", path_of(booking) + "?reason=Rain")

        assert answer.status_code == 200


class TestService:
    @pytest.fixture
    def restaurant(self):
        return house(tables=(2, 4), policy={"grace_minutes": 0})

    @pytest.fixture
    def host(self, restaurant):
        return signed_in(member(restaurant.pk, Role.HOST))

    def begun(self, booking):
        """Let the booking's time have come a minute ago."""
        moment = datetime.now(LAGOS) - timedelta(minutes=1)
        day = (moment - timedelta(hours=6)).date()
        Booking.objects.filter(pk=booking.pk).update(
            starts_at=moment, ends_at=moment + timedelta(minutes=90), service_day=day
        )

    def move(self, client, booking, word, body=None, **headers):
        return client.send("POST", path_of(booking, word), body, **headers)

    def test_an_evening(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)

        statuses = [self.move(host, booking, word).json()["status"] for word in ("check-in", "seat", "complete")]

        assert statuses == ["arrived", "seated", "completed"]
        assert not TableAllocation.objects.filter(live=True).exists()

    def test_seated_at_another_table(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)

        body = self.move(host, booking, "seat", {"tables": ["T2"]}).json()

        assert (body["status"], body["tables"]) == ("seated", ["T2"])
        assert body["staff"]["seated_at"]

    def test_went_away_before_they_sat(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)
        self.move(host, booking, "check-in")

        assert self.move(host, booking, "leave").json()["status"] == "left"

    def test_never_came_and_came_after_all(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)

        assert self.move(host, booking, "no-show").json()["status"] == "no_show"
        assert self.move(host, booking, "undo-no-show").json()["status"] == "confirmed"

    def test_is_not_called_absent_too_early(self, restaurant, host):
        booking = book(restaurant)

        answer = self.move(host, booking, "no-show")

        assert (answer.status_code, problem(answer)["code"]) == (409, "booking_too_early_for_no_show")
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_requests_are_confirmed_or_declined(self, host, restaurant):
        restaurant.policy.needs_approval = True
        restaurant.policy.save()
        one, other = book(restaurant, "18:00"), book(restaurant, "19:00", guest=guest(2))

        confirmed = self.move(host, one, "confirm")
        without_reason = self.move(host, other, "decline", {})
        declined = self.move(host, other, "decline", {"reason": "A wedding."})

        assert confirmed.json()["status"] == "confirmed"
        assert (without_reason.status_code, pointers(without_reason)) == (400, ["#/reason"])
        assert declined.json()["status"] == "declined"

    @pytest.mark.parametrize("word", ["check-in", "seat"])
    def test_twice_is_refused_and_says_what_is_allowed(self, restaurant, host, word):
        booking = book(restaurant)
        self.begun(booking)
        self.move(host, booking, word)
        booking.refresh_from_db()
        version = booking.version

        answer = self.move(host, booking, word)

        assert (answer.status_code, problem(answer)["code"]) == (409, "illegal_move")
        assert problem(answer)["allowed"]
        booking.refresh_from_db()
        assert booking.version == version

    def test_what_is_asked_of_a_move_that_takes_nothing_is_refused(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)

        answer = self.move(host, booking, "check-in", {"tables": ["T2"]})

        assert (answer.status_code, pointers(answer)) == (400, ["#/tables"])
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_with_a_key_the_same_answer_comes_again(self, restaurant, host):
        booking = book(restaurant)
        self.begun(booking)
        first = self.move(host, booking, "check-in", **{"Idempotency-Key": KEY})

        second = self.move(host, booking, "check-in", **{"Idempotency-Key": KEY})

        assert (first.content, second["Idempotency-Replayed"]) == (second.content, "true")

    @pytest.mark.parametrize(
        "word", ["confirm", "decline", "check-in", "seat", "complete", "leave", "no-show", "undo-no-show"]
    )
    def test_only_the_house_moves_a_booking(self, api, restaurant, word):
        diner = UserFactory()
        booking = book(restaurant, diner=diner)
        body = {"reason": "x"}

        by_diner = self.move(signed_in(diner), booking, word, body)
        by_token = self.move(api, booking, word, body, token=access.token_for(booking))
        elsewhere = self.move(signed_in(member(house().pk)), booking, word, body)

        assert [answer.status_code for answer in (by_diner, by_token, elsewhere)] == [403, 401, 404]
        booking.refresh_from_db()
        assert (booking.status, booking.version) == (Status.CONFIRMED, 1)


class TestHolds:
    def hold(self, client, restaurant, **other):
        asked = {key: value for key, value in wish(restaurant, **other).items() if key != "guest"}
        return client.send("POST", "/api/bookings/holds", asked)

    def test_a_hold_becomes_a_booking(self, api):
        restaurant = house(tables=(2,))

        held = self.hold(api, restaurant)
        hold = held.json()
        full = api.send("POST", "/api/bookings", wish(restaurant))
        path = f"/api/bookings/holds/{hold['id']}/confirm"
        without = api.send("POST", path, {"guest": {"name": "Ada"}}, token=hold["token"])
        confirmed = api.send("POST", path, {"guest": wish(restaurant)["guest"], "notes": "Cake"}, token=hold["token"])

        assert (held.status_code, hold["status"], full.status_code) == (201, "held", 409)
        assert datetime.fromisoformat(hold["expires_at"]) > datetime.now(LAGOS)
        assert (without.status_code, problem(without)["code"]) == (422, "booking_contact_missing")
        body = confirmed.json()
        assert (body["id"], body["status"], body["notes"]) == (hold["id"], "confirmed", "Cake")
        assert body["token"] == hold["token"]

    def test_is_given_back(self, api):
        restaurant = house(tables=(2,))
        hold = self.hold(api, restaurant).json()

        answer = api.send("DELETE", f"/api/bookings/holds/{hold['id']}", token=hold["token"])

        assert (answer.status_code, answer.content) == (204, b"")
        assert api.send("POST", "/api/bookings", wish(restaurant)).status_code == 201

    def test_its_time_ends(self, api):
        hold = self.hold(api, house()).json()
        Booking.objects.update(hold_expires_at=datetime.now(LAGOS) - timedelta(seconds=1))
        path = f"/api/bookings/holds/{hold['id']}/confirm"

        answer = api.send("POST", path, {"guest": {"name": "Ada", "phone": "08031234567"}}, token=hold["token"])

        assert (answer.status_code, problem(answer)["code"]) == (409, "booking_hold_expired")

    def test_its_kept_answer_is_for_whoever_holds_the_token(self, api):
        hold = self.hold(api, house()).json()
        path = f"/api/bookings/holds/{hold['id']}/confirm"
        asked = {"guest": {"name": "Ada", "phone": "08031234567"}}
        api.send("POST", path, asked, token=hold["token"], **{"Idempotency-Key": KEY})

        again = api.send("POST", path, asked, token=hold["token"], **{"Idempotency-Key": KEY})
        stranger = api.send("POST", path, asked, token="made-up", **{"Idempotency-Key": KEY})

        assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
        assert (stranger.status_code, problem(stranger)["code"]) == (404, "booking_not_found")

    def test_a_strangers_is_not_there(self, api):
        restaurant = house()
        hold = self.hold(api, restaurant).json()
        staff = signed_in(member(restaurant.pk))

        for client in (signed_in(UserFactory()), staff):
            assert client.send("DELETE", f"/api/bookings/holds/{hold['id']}").status_code == 404
        assert Booking.objects.get().status == Status.HELD

    def test_nobody_holds_a_whole_evening(self, api, monkeypatch):
        monkeypatch.setattr("bookings.api.views.HOLDS_BY_ADDRESS", Limit("holds.address", most=2))
        restaurant = house(tables=(2,) * 4)

        statuses = [self.hold(api, restaurant).status_code for _ in range(3)]

        assert statuses == [201, 201, 429]

    def test_is_not_in_anybodys_list(self):
        diner = signed_in(UserFactory())
        self.hold(diner, house())

        assert diner.get("/api/bookings").json()["results"] == []


class TestLookup:
    def test_by_code_and_phone_or_address(self, api):
        booking = book(house())
        code = f"{booking.code[:3]} {booking.code[3:]}".lower()

        by_phone = api.get("/api/bookings/lookup", {"code": code, "phone": "0803 123 4501"})
        by_email = api.get("/api/bookings/lookup", {"code": code, "email": booking.guest_email.upper()})

        assert [answer.status_code for answer in (by_phone, by_email)] == [200, 200]
        assert by_phone.json()["id"] == str(booking.public_id)
        assert access.opens(by_phone.json()["token"], booking.public_id)

    def test_a_wrong_code_and_a_wrong_contact_are_answered_alike(self, api):
        booking = book(house())
        contact = {"phone": booking.guest_phone}

        answers = [
            api.get("/api/bookings/lookup", {"code": "CCCCCC", **contact}),
            api.get("/api/bookings/lookup", {"code": booking.code, "phone": "08030000000"}),
            api.get("/api/bookings/lookup", {"code": booking.code, "phone": "nonsense"}),
            api.get("/api/bookings/lookup", {"code": booking.code, "email": "other@example.com", **contact}),
            api.get("/api/bookings/lookup", {"code": "?", **contact}),
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1

    def test_guessing_has_an_end(self, api):
        booking = book(house())
        for _ in range(5):
            api.get("/api/bookings/lookup", {"code": booking.code, "phone": "08030000000"})

        answer = api.get("/api/bookings/lookup", {"code": booking.code, "phone": booking.guest_phone})

        assert (answer.status_code, problem(answer)["code"]) == (429, "too_many_attempts")
        assert int(answer["Retry-After"]) > 0

    def test_code_and_contact_are_needed(self, api):
        assert pointers(api.get("/api/bookings/lookup")) == ["#/code", "#/phone"]


def test_a_restaurant_that_closed_keeps_its_bookings(api):
    restaurant = house()
    booking = book(restaurant)
    Restaurant.objects.filter(pk=restaurant.pk).update(status=RestaurantStatus.CLOSED)

    assert api.send("GET", path_of(booking), token=access.token_for(booking)).status_code == 200
