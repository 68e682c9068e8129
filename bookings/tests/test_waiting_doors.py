"""The doors of those who wait: pages without an account, the API, the desk; one happy path and one refusal each."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import access, errors, services
from bookings.models import Booking, FreeTimeAlert, QueueEntry, StandbyEntry, TableAllocation
from bookings.services import Actor, Guest, queue
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.test_api_schema import check
from bookings.tests.test_standby import cancel, full, join, now_of, place  # noqa: F401 (fixtures)
from core.limits import Limit
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, place: Restaurant) -> Client:  # noqa: F811
    log_in(client, member(place.pk, Role.HOST))
    return client


@pytest.fixture(scope="module")
def schema() -> Any:
    return Client().get("/api/schema").json()


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "date": tomorrow().isoformat(),
        "party": "2",
        "earliest": at("19:00").isoformat(),
        "latest": at("19:30").isoformat(),
        "name": "Ada",
        "phone": "0803 123 4501",
        "email": "ada@example.com",
        "do": "join",
        **changes,
    }


class TestPages:
    def test_the_answer_no_time_free_leads_to_the_list(self, client, place, full):  # noqa: F811
        page = client.get(reverse("bookings:slots", args=[place.slug]), {"date": tomorrow(), "party": 2})

        assert reverse("bookings:wait", args=[place.slug]) in page.content.decode()

    def test_joining_waiting_and_accepting_by_the_link_of_the_message(self, client, place, full):  # noqa: F811
        where = reverse("bookings:wait", args=[place.slug])
        form = client.get(where, {"date": tomorrow(), "party": 2})
        assert form.status_code == 200
        joined = client.post(where, typed())
        entry = StandbyEntry.objects.get()
        assert joined["Location"] == reverse("bookings:standby", args=[entry.public_id])
        assert "first in line" in client.get(joined["Location"]).content.decode()
        assert client.post(where, typed())["Location"] == joined["Location"]

        cancel(full[0])
        work_off_outbox()
        stranger = Client()
        text = Message.objects.get(kind="standby.offered", channel="sms").sms_text
        short = text[text.index("/w/") :].strip()
        assert Client().get(joined["Location"]).status_code == 404
        page = stranger.get(short, follow=True).content.decode()
        assert "Yes, we take the table" in page
        taken = stranger.post(reverse("bookings:standby_act", args=[entry.public_id, "accept"]), follow=True)

        booking = Booking.objects.get(pk=now_of(entry).booking_id)
        assert booking.status == Status.CONFIRMED
        assert taken.redirect_chain[-1][0] == reverse("bookings:booking", args=[booking.public_id])

    def test_a_lapsed_offer_says_so_and_changes_nothing(self, client, place, full):  # noqa: F811
        entry = join(place)
        cancel(full[0])
        work_off_outbox()
        link = f"{reverse('bookings:standby', args=[entry.public_id])}?token={access.token_for(entry)}"
        client.get(link)
        with time_machine.travel(now_of(entry).offer_expires_at, tick=False):
            answer = client.post(reverse("bookings:standby_act", args=[entry.public_id, "accept"]))

        assert answer.status_code == 409
        assert "no longer open" in answer.content.decode()
        assert not Booking.objects.filter(status=Status.CONFIRMED, guest_phone_index=entry.guest_phone_index).exists()

    def test_where_a_table_is_free_it_is_shown(self, client, place):  # noqa: F811
        answer = client.post(reverse("bookings:wait", args=[place.slug]), typed())

        assert answer.status_code == 409
        assert "You can book it now" in answer.content.decode()
        assert f"/r/{place.slug}/book/?starts_at=" in answer.content.decode()

    def test_a_key_that_was_altered_opens_nothing(self, client, place, full):  # noqa: F811
        key = access.short_key("s", join(place).public_id)

        assert client.get(f"/w/{key}").status_code == 302
        for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), "q" + key[1:], key[:-1], "x"):
            assert client.get(f"/w/{wrong}").status_code == 404

    def test_short_addresses_cannot_be_tried_at_will(self, client, place, full, monkeypatch):  # noqa: F811
        monkeypatch.setattr("bookings.limits.OPEN_SHORT", Limit("short.address", most=2, spreads_load=True))
        key = access.short_key("s", join(place).public_id)

        found = [client.get(f"/w/{key}").status_code for _time in range(3)]
        missed = [client.get("/w/x").status_code for _time in range(3)]

        assert (found, missed) == ([302] * 3, [404, 404, 429])
        assert client.get(f"/w/{key}").status_code == 429
        assert client.get(f"/w/{key}", REMOTE_ADDR="203.0.113.9").status_code == 302

    def test_pages_ask_the_database_as_often_however_many_wait(self, client, place, full):  # noqa: F811
        entry = join(place)
        url = f"{reverse('bookings:standby', args=[entry.public_id])}"
        client.get(f"{url}?token={access.token_for(entry)}")
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(url)
        for number in range(2, 7):
            join(place, number)
        with CaptureQueriesContext(connection) as many:
            client.get(url)

        assert len(many) == len(few) <= 5


class TestBeingTold:
    def test_everybody_hears_at_once_the_first_has_it_and_it_says_so(self, client, place, full):  # noqa: F811
        where = reverse("bookings:wait", args=[place.slug])
        client.post(where, typed(do="tell"))
        client.post(where, typed(do="tell", phone="", email="bola@example.com", name="Bola"))
        work_off_outbox()
        assert FreeTimeAlert.objects.filter(ended_at=None).count() == 2
        assert "first to book" in Message.objects.filter(kind="alert.set").first().body_text

        cancel(full[0])
        work_off_outbox()

        told = Message.objects.filter(kind="alert.free_time", channel="email")
        assert {message.recipient for message in told} == {"ada@example.com", "bola@example.com"}
        assert all("first to book" in message.body_text for message in told)
        assert not Booking.objects.filter(status=Status.HELD).exists()
        text = Message.objects.get(kind="alert.free_time", channel="sms").sms_text
        assert "/book/?starts_at=" in client.get(text[text.index("/w/") :].strip())["Location"]
        cancel(full[1])
        work_off_outbox()
        assert Message.objects.filter(kind="alert.free_time", channel="email").count() == 2

    def test_the_list_comes_first(self, place, full):  # noqa: F811
        entry = join(place)
        services.set_alert(
            restaurant_id=place.pk, earliest=at("19:00"), latest=at("19:30"), party_size=2, guest=guest(7)
        )
        cancel(full[0])
        work_off_outbox()

        assert now_of(entry).status == "offered"
        assert not Message.objects.filter(kind="alert.free_time").exists()

    def test_the_link_of_the_mail_ends_it_only_by_a_button(self, client, place, full):  # noqa: F811
        alert = services.set_alert(
            restaurant_id=place.pk, earliest=at("19:00"), latest=at("19:30"), party_size=2, guest=guest(7)
        )
        work_off_outbox()
        mail = Message.objects.get(kind="alert.set").body_text
        link = mail[mail.index("/en/alerts/") :].split()[0]

        assert client.get(link).status_code == 200
        assert FreeTimeAlert.objects.get(pk=alert.pk).ended_at is None
        client.post(link)
        assert FreeTimeAlert.objects.get(pk=alert.pk).ended_at is not None

    def test_once_for_one_evening(self, place, full):  # noqa: F811
        asked = {"restaurant_id": place.pk, "earliest": at("19:00"), "latest": at("19:30"), "party_size": 2}
        services.set_alert(**asked, guest=guest(7))
        with pytest.raises(errors.AlertExists):
            services.set_alert(**asked, guest=guest(7))


class TestApi:
    def send(self, client: Client, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> Any:
        headers = {**headers, **({"X-Booking-Token": token} if token else {})}
        sent = json.dumps(body) if body is not None else ""
        return client.generic(method, path, sent, content_type="application/json", headers=headers)

    def wish(self, place: Restaurant, **other: Any) -> dict[str, Any]:  # noqa: F811
        return {
            "restaurant": str(place.public_id),
            "party_size": 2,
            "earliest": at("19:00").isoformat(),
            "latest": at("19:30").isoformat(),
            "guest": {"name": "Ada", "phone": "0803 123 4501", "email": "ada@example.com"},
            **other,
        }

    def test_join_read_accept_without_an_account(self, schema, client, place, full):  # noqa: F811
        key = str(uuid4())
        made = self.send(client, "POST", "/api/waitlist", self.wish(place), **{"Idempotency-Key": key})
        again = self.send(client, "POST", "/api/waitlist", self.wish(place), **{"Idempotency-Key": key})
        body = check(schema, made, "/api/waitlist", "post")
        assert made.status_code == 201
        assert again.json()["id"] == body["id"]
        path = f"/api/waitlist/{body['id']}"
        assert self.send(client, "GET", path).status_code == 401
        assert check(schema, self.send(client, "GET", path, token=body["token"]), "/api/waitlist/{id}")["offer"] is None

        cancel(full[0])
        work_off_outbox()
        offered = check(schema, self.send(client, "GET", path, token=body["token"]), "/api/waitlist/{id}")
        assert offered["offer"]["starts_at"] == at("19:00").isoformat()
        taken = self.send(client, "POST", f"{path}/accept", {}, token=body["token"])
        booking = check(schema, taken, "/api/waitlist/{id}/accept", "post")

        assert booking["status"] == "confirmed"
        gone = self.send(client, "POST", f"{path}/decline", {}, token=body["token"])
        assert check(schema, gone, "/api/waitlist/{id}/decline", "post")["state"] == "accepted"
        assert gone.status_code == 409

    def test_leave_and_lists(self, schema, client, place, full):  # noqa: F811
        ada = UserFactory()
        log_in(client, ada)
        made = self.send(client, "POST", "/api/waitlist", self.wish(place))
        path = f"/api/waitlist/{made.json()['id']}"
        assert len(check(schema, client.get("/api/waitlist"), "/api/waitlist")["results"]) == 1
        check(schema, self.send(client, "DELETE", path), "/api/waitlist/{id}", "delete")
        assert (
            check(schema, self.send(client, "DELETE", path), "/api/waitlist/{id}", "delete")["code"] == "illegal_move"
        )
        stranger = Client()
        log_in(stranger, UserFactory())
        assert self.send(stranger, "GET", path).status_code == 404
        asked = self.send(stranger, "GET", f"/api/waitlist?restaurant={place.public_id}")
        assert asked.json()["results"] == []

    def test_staff_write_down_and_see_the_order(self, schema, desk, place, full):  # noqa: F811
        asked = self.wish(place, channel="phone", priority=1)
        made = check(schema, self.send(desk, "POST", "/api/waitlist", asked), "/api/waitlist", "post")
        assert made["priority"] == 1
        listed = desk.get("/api/waitlist", {"restaurant": place.public_id, "day": tomorrow()})
        assert [each["id"] for each in check(schema, listed, "/api/waitlist")["results"]] == [made["id"]]
        assert self.send(Client(), "POST", "/api/waitlist", asked).status_code in (401, 403)

    def test_alerts(self, schema, client, place, full):  # noqa: F811
        made = check(
            schema, self.send(client, "POST", "/api/waitlist/alerts", self.wish(place)), "/api/waitlist/alerts", "post"
        )
        assert "first to book" in made["note"]
        path = f"/api/waitlist/alerts/{made['id']}"
        assert self.send(client, "DELETE", path, token="wrong").status_code == 404
        assert self.send(client, "DELETE", path, token=made["token"]).status_code == 204
        log_in(client, UserFactory())
        check(schema, client.get("/api/waitlist/alerts"), "/api/waitlist/alerts")

    def test_the_queue_for_staff(self, schema, desk, place):  # noqa: F811
        with time_machine.travel(at("19:00"), tick=True):
            log_in(desk, member(place.pk, Role.HOST))
            asked = {"restaurant": str(place.public_id), "party_size": 2, "name": "Bola", "phone": "0803 123 4504"}
            made = check(schema, self.send(desk, "POST", "/api/queue", asked), "/api/queue", "post")
            path = f"/api/queue/{made['id']}"
            listed = desk.get("/api/queue", {"restaurant": place.public_id})
            assert check(schema, listed, "/api/queue")["results"][0]["guest"]["name"] == "Bola"
            for move in ("notify", "seat"):
                check(schema, self.send(desk, "POST", f"{path}/{move}", {}), f"/api/queue/{{id}}/{move}", "post")
            over = self.send(desk, "POST", f"{path}/leave", {})
            assert check(schema, over, "/api/queue/{id}/leave", "post")["code"] == "illegal_move"
            token = made["page_url"].partition("token=")[2]
            seen = check(schema, self.send(Client(), "GET", path, token=token), "/api/queue/{id}")
            assert "guest" not in seen
            assert self.send(Client(), "POST", "/api/queue", asked).status_code in (401, 403)
            nested = {**asked, "guest": {"name": "Bola"}}
            refused = check(schema, self.send(desk, "POST", "/api/queue", nested), "/api/queue", "post")
            assert [each["pointer"] for each in refused["errors"]] == ["#/guest"]

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"earliest": "19:00"}, 400),
            ({"party_size": 0}, 400),
            ({"latest": at("12:00").isoformat()}, 422),
            ({"guest": {"name": "Ada"}}, 422),
            ({"areas": [str(uuid4())]}, 422),
            ({"restaurant": str(uuid4())}, 400),
            ({"priority": 1}, 400),
        ],
    )
    def test_wrong_input_is_told_apart(self, client, place, full, changes, status):  # noqa: F811
        answer = self.send(client, "POST", "/api/waitlist", self.wish(place, **changes))

        assert answer.status_code == status, answer.content
        assert not StandbyEntry.objects.exists()


class TestTheDesk:
    def test_the_list_by_day_adding_priority_offering_and_taking_off(self, desk, place, full):  # noqa: F811
        args = [place.public_id]
        day = {"day": tomorrow().isoformat()}
        form = {**typed(), "priority": "2", "channel": "phone"}
        added = desk.post(reverse("admin:today_wait", args=args), form)
        entry = StandbyEntry.objects.get()
        assert added.status_code == 302
        page = desk.get(reverse("admin:today_waiting", args=args), day).content.decode()
        assert "Ada" in page
        act = reverse("admin:today_standby_act", args=[*args, entry.public_id, "priority"])
        desk.post(act, {"version": entry.version, "priority": "1"})
        assert now_of(entry).priority == 1
        offer = reverse("admin:today_standby_act", args=[*args, entry.public_id, "offer"])
        refused = desk.post(offer, {"version": now_of(entry).version}, headers={"HX-Request": "true"})
        assert refused.status_code == 409
        assert "No table is free for this party" in refused.content.decode()
        TableAllocation.objects.filter(booking=full[0]).update(live=False)
        assert desk.post(offer, {"version": now_of(entry).version}).status_code == 302
        assert now_of(entry).status == "offered"
        assert (
            "Offered a table"
            in desk.get(reverse("admin:today_standby", args=[*args, entry.public_id])).content.decode()
        )
        stale = reverse("admin:today_standby_act", args=[*args, entry.public_id, "withdraw"])
        assert desk.post(stale, {"version": 1}).status_code == 409
        desk.post(stale, {"version": now_of(entry).version, "reason": "Came by"})
        assert now_of(entry).status == "withdrawn"

    def test_the_queue_on_todays_page(self, desk, place):  # noqa: F811
        args = [place.public_id]
        with time_machine.travel(at("19:00"), tick=True):
            log_in(desk, member(place.pk, Role.HOST))
            first = {"party": "2", "name": "Bola", "phone": "0803 123 4504", "area": "", "request_key": str(uuid4())}
            for _tap in range(2):
                desk.post(reverse("admin:today_queue", args=args), first)
            entry = QueueEntry.objects.get()
            board = desk.get(reverse("admin:today_day", args=args)).content.decode()
            assert "Queue at the door" in board
            assert "Bola" in board
            work_off_outbox()
            assert Message.objects.filter(kind="queue.joined").count() == 1

            move = [*args, entry.public_id]
            desk.post(reverse("admin:today_place_act", args=[*move, "notify"]), {"version": entry.version})
            work_off_outbox()
            assert Message.objects.filter(kind="queue.seat_ready").count() == 1
            stale = desk.post(
                reverse("admin:today_place_act", args=[*move, "seat"]), {"version": entry.version},
                headers={"HX-Request": "true"},
            )  # fmt: skip
            assert stale.status_code == 409
            entry.refresh_from_db()
            seated = desk.post(reverse("admin:today_place_act", args=[*move, "seat"]), {"version": entry.version})
        entry.refresh_from_db()
        assert seated.status_code == 302
        assert (entry.status, entry.booking.status) == ("seated", "seated")

    def test_another_house_is_not_there(self, desk, full, place):  # noqa: F811
        other = house(name="Elsewhere")
        with time_machine.travel(at("19:00"), tick=True):
            log_in(desk, member(place.pk, Role.HOST))
            entry = services.join_queue(restaurant_id=other.pk, party_size=2, by=Actor.staff(member(other.pk)))
            for args in ([other.public_id, entry.public_id], [place.public_id, entry.public_id]):
                assert desk.get(reverse("admin:today_place", args=args)).status_code == 404
                assert desk.post(reverse("admin:today_place_act", args=[*args, "leave"])).status_code == 404
        assert QueueEntry.objects.get().status == "queued"

    def test_the_pages_ask_the_database_as_often_however_many_wait(self, desk, place, full):  # noqa: F811
        url = reverse("admin:today_waiting_board", args=[place.public_id])
        day = {"day": tomorrow().isoformat()}
        join(place)
        with CaptureQueriesContext(connection) as few:
            desk.get(url, day)
        for number in range(2, 8):
            join(place, number)
        with CaptureQueriesContext(connection) as many:
            desk.get(url, day)

        assert len(many) == len(few)


class TestTheQueue:
    @pytest.fixture
    def evening(self):
        with time_machine.travel(at("19:00"), tick=False) as clock:
            yield clock

    @pytest.fixture
    def small(self, evening) -> Restaurant:
        return house(tables=(2,), turn_minutes=90)

    def test_keeps_what_was_told_beside_the_actual_wait(self, small, evening):
        host = Actor.staff(member(small.pk))
        sitting = services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=host)
        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=host, guest=Guest("Bola"))
        # A turn of an hour and a half, which has just begun.
        assert 90 <= entry.quoted_high <= 150
        assert entry.quoted_low < entry.quoted_high
        behind = services.join_queue(restaurant_id=small.pk, party_size=1, by=host)
        assert behind.ahead_on_joining == 1
        assert behind.quoted_high > entry.quoted_high

        evening.shift(timedelta(minutes=70))
        services.complete_visit(booking=sitting, by=host)
        seated = services.seat_from_queue(entry=entry, by=host)

        assert seated.waited_minutes == 70
        assert seated.quote_error == 70 - entry.quoted_high
        assert seated.booking.status == Status.SEATED

    def test_a_quote_that_slips_is_told_anew_and_the_first_one_stays(self, small, evening):
        host = Actor.staff(member(small.pk))
        services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=host)
        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)
        assert services.requote_queue(restaurant_id=small.pk) == 0

        evening.shift(timedelta(minutes=entry.quoted_high + 5))

        assert services.requote_queue(restaurant_id=small.pk) == 1
        again = QueueEntry.objects.get(pk=entry.pk)
        assert again.quoted_high == entry.quoted_high
        assert again.current_high > entry.quoted_high

    def test_bookings_due_and_closed_tables_count(self, small, evening):
        host = Actor.staff(member(small.pk))
        alone = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)
        services.leave_queue(entry=alone, by=host)
        book(small, starts_at=timezone.now() + timedelta(hours=1), guest=guest(3))
        waiting = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)

        assert alone.quoted_high == 0
        assert waiting.quoted_high >= 120

    def test_who_came_within_the_hour_tells_who_will_come_and_each_counts_once(self, small, evening):
        host = Actor.staff(member(small.pk))
        book(small, starts_at=timezone.now() + timedelta(hours=2), guest=guest(3))
        sitting = services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=host)
        waiting = services.join_queue(restaurant_id=small.pk, party_size=1, by=host)
        gone = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)
        services.leave_queue(entry=gone, by=host)
        assert len(queue.line_of(small.pk).floor.lately) == 3

        services.complete_visit(booking=sitting, by=host)
        services.seat_from_queue(entry=waiting, by=host)
        with CaptureQueriesContext(connection) as queries:
            line = queue.line_of(small.pk)
        # The pair that has gone left no trace at a table; the two of the queue count, whether they sit or not.
        assert len(line.floor.lately) == 2
        assert len(queries) <= 4

        evening.shift(timedelta(minutes=61))
        assert queue.line_of(small.pk).floor.lately == []

    def test_nobody_is_queued_whom_no_table_fits(self, small, evening):
        with pytest.raises(errors.PartySizeRefused):
            services.join_queue(restaurant_id=small.pk, party_size=5, by=Actor.staff(member(small.pk)))

    def test_before_the_house_opens_the_wait_is_until_after_it(self, client, small, evening):
        day = tomorrow()
        evening.move_to(at("11:20", day))
        host = member(small.pk, Role.HOST)
        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=Actor.staff(host))
        behind = services.join_queue(restaurant_id=small.pk, party_size=2, by=Actor.staff(host))

        assert entry.quoted_low == entry.quoted_high - 5
        assert entry.quoted_high == 40
        assert behind.quoted_high > 40 + 60
        url = reverse("bookings:queue", args=[entry.public_id])
        page = client.get(f"{url}?token={access.token_for(entry)}", follow=True).content.decode()
        assert "Closed now, opens" in page
        assert "Still to wait: 35 to 40 minutes." in page
        office = Client()
        log_in(office, host)
        desk = office.get(reverse("admin:today_queue", args=[small.public_id]))
        assert "Closed now, opens" in desk.content.decode()
        told = office.get(f"/api/queue/{entry.public_id}").json()
        assert told["opens_at"] == at("12:00", day).isoformat()
        evening.move_to(at("12:01", day))
        assert office.get(f"/api/queue/{entry.public_id}").json()["opens_at"] is None
        assert "Closed now" not in client.get(url).content.decode()

    @pytest.mark.parametrize("clock", ["09:55", "23:00"], ids=["long before it opens", "after it has closed"])
    def test_nobody_is_queued_while_the_house_is_closed(self, small, evening, clock):
        day = tomorrow()
        evening.move_to(at(clock, day))
        host = member(small.pk, Role.HOST)
        office = Client()
        log_in(office, host)
        asked = {"restaurant": str(small.public_id), "party_size": 2, "name": "Bola"}

        refused = office.post("/api/queue", asked, "application/json", headers={"Idempotency-Key": str(uuid4())})

        assert (refused.status_code, refused.json()["code"]) == (409, "queue_closed")
        opens = at("12:00", day + timedelta(days=clock == "23:00"))
        assert refused.json()["opens_at"] == opens.isoformat()
        with pytest.raises(errors.QueueClosed, match="12:00"):
            services.join_queue(restaurant_id=small.pk, party_size=2, by=Actor.staff(host))
        sent = {"party": "2", "name": "Bola", "phone": "", "area": "", "request_key": str(uuid4())}
        desk = office.post(reverse("admin:today_queue", args=[small.public_id]), sent)
        assert "The restaurant is closed. It opens" in desk.content.decode()
        assert not QueueEntry.objects.exists()

    def test_a_house_without_hours_is_asked_of_nobody(self, small, evening):
        evening.move_to(at("03:00"))
        small.opening_hours.all().delete()

        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=Actor.staff(member(small.pk)))

        assert entry.quoted_high == 0

    def test_a_refused_seat_leaves_the_party_in_the_queue(self, small, evening):
        host = Actor.staff(member(small.pk))
        services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=host)
        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)

        with pytest.raises(errors.NoTableFree):
            services.seat_from_queue(entry=entry, by=host)

        entry.refresh_from_db()
        assert (entry.status, entry.booking) == ("queued", None)

    def test_the_desk_is_asked_before_a_table_that_is_too_small(self, evening):
        pair = house(tables=(2, 4))
        host = member(pair.pk, Role.HOST)
        entry = services.join_queue(restaurant_id=pair.pk, party_size=3, by=Actor.staff(host))
        office = Client()
        log_in(office, host)
        where = reverse("admin:today_place_act", args=[pair.public_id, entry.public_id, "seat"])
        sent = {"version": entry.version, "tables": [pair.tables.get(name="T1").pk], "from": "dialog"}

        refused = office.post(where, sent, headers={"HX-Request": "true"})
        assert refused.status_code == 409
        assert "Too small for 3 guests: seats 1 to 2." in refused.content.decode()
        assert "Even if the tables seat fewer" in refused.content.decode()
        entry.refresh_from_db()
        assert entry.status == "queued"

        office.post(where, {**sent, "over_seats": "on"}, headers={"HX-Request": "true"})
        entry.refresh_from_db()
        assert entry.booking.allocations.get().table.name == "T1"

    def test_its_page_follows_the_party_and_only_the_party(self, client, small, evening):
        host = Actor.staff(member(small.pk))
        services.seat_walk_in(restaurant_id=small.pk, party_size=2, by=host)
        services.join_queue(restaurant_id=small.pk, party_size=2, by=host)
        entry = services.join_queue(restaurant_id=small.pk, party_size=2, by=host)
        url = reverse("bookings:queue", args=[entry.public_id])
        assert client.get(url).status_code == 404

        page = client.get(f"{url}?token={access.token_for(entry)}", follow=True).content.decode()

        assert "1 party is before you" in page
        client.post(reverse("bookings:leave_queue", args=[entry.public_id]))
        assert QueueEntry.objects.get(pk=entry.pk).status == "left"
