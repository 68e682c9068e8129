"""Today: every tap, what is refused and why, the figures, the queries, the live connection."""

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member, with_second_factor
from bookings import board as boards
from bookings import selectors, services
from bookings.models import Booking
from bookings.services import Actor, claiming
from bookings.states import Status, SystemReason
from bookings.tests.factories import at, book, guest, tomorrow
from config.routing import websocket_urlpatterns
from restaurants.models import Restaurant
from restaurants.service_plan import plan_of
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(
        name="Suya Spot",
        tables=(2, 4, 4),
        shift={"max_covers_per_slot": 6, "name": "Dinner"},
        policy={"grace_minutes": 20, "max_party_online": 8},
    )


@pytest.fixture
def host(suya_spot: Restaurant) -> User:
    return member(suya_spot.pk, Role.HOST)


@pytest.fixture
def desk(client: Client, host: User) -> Client:
    log_in(client, host)
    return client


def clock_is(monkeypatch: pytest.MonkeyPatch, clock: str) -> datetime:
    """Let it be a time of tomorrow evening for everything the desk does."""
    now = at(clock)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def tap(desk: Client, booking: Booking, move: str, *, htmx: bool = True, **sent: Any) -> Any:
    where = reverse("admin:today_act", args=[booking.restaurant.public_id, booking.public_id, move])
    data = {"version": booking.version, "board_day": booking.service_day.isoformat(), **sent}
    headers = {"HX-Request": "true"} if htmx else {}
    return desk.post(where, data, headers=headers)


def day_page(desk: Client, restaurant: Restaurant, day: Any = None) -> Any:
    where = reverse("admin:today_day", args=[restaurant.public_id])
    return desk.get(where, {"day": (day or tomorrow()).isoformat()})


def status_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


class TestThePage:
    def test_a_host_begins_with_today(self, desk, suya_spot) -> None:
        answer = desk.get(reverse("admin:index"), follow=True)

        assert answer.redirect_chain[-1][0] == reverse("admin:today_day", args=[suya_spot.public_id])
        assert "Suya Spot" in answer.content.decode()

    def test_shows_each_party_with_what_the_desk_needs(self, desk, suya_spot) -> None:
        booking = book(suya_spot, notes="No groundnuts <b>please</b>", occasion="birthday")
        services.note_for_staff(booking=booking, notes="Regular, likes the terrace")

        page = day_page(desk, suya_spot).content.decode()

        for wanted in ("Demo diner 1", "7:00", "T1", "Room", "Birthday", "Confirmed", "tel:+2348031234501", "Regular,"):
            assert wanted in page, wanted
        assert "No groundnuts &lt;b&gt;please" in page

    def test_counts_and_pacing(self, suya_spot, host, monkeypatch) -> None:
        first, second = book(suya_spot, party_size=4), book(suya_spot, party_size=2, guest=guest(2))
        gone = book(suya_spot, "20:00", guest=guest(3))
        services.cancel_booking(booking=gone, by=Actor.staff(host), reason="Power failure")
        clock_is(monkeypatch, "19:05")
        services.mark_arrived(booking=first, by=Actor.staff(host))

        board = boards.board_of(plan_of(suya_spot.pk), tomorrow())

        assert (board.booked.parties, board.booked.covers) == (2, 6)
        assert (board.arrived.parties, board.arrived.covers) == (1, 4)
        assert board.cancelled.parties == 1
        bars = {bar.starts_at: bar for bar in board.shifts[0].bars}
        full = bars[at("19:00")]
        assert (full.covers, full.parties, full.limit, full.is_full, full.is_over) == (6, 2, 6, True, False)
        assert bars[at("20:00")].covers == 0
        assert [row.booking for row in board.shifts[0].rows] == [first, second, gone]

    def test_a_party_after_midnight_is_among_its_service_day(self, desk, monkeypatch) -> None:
        restaurant = house(first_seating=time(20), last_seating=time(1))
        client = Client()
        log_in(client, member(restaurant.pk, Role.HOST))
        late = book(restaurant, starts_at=at("00:30", tomorrow() + timedelta(days=1)))

        assert late.service_day == tomorrow()
        assert "Demo diner 1" in day_page(client, restaurant).content.decode()
        assert "Demo diner 1" not in day_page(client, restaurant, tomorrow() + timedelta(days=1)).content.decode()

    def test_marks_who_is_late_and_whose_grace_is_over(self, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        plan = plan_of(suya_spot.pk)

        def row(clock: str) -> boards.Row:
            return boards.row_of(plan, selectors.booking_by_public_id(booking.public_id), at(clock))

        assert (row("18:59").late_by, row("18:59").is_past_grace) == (0, False)
        assert (row("19:10").late_by, row("19:10").is_past_grace) == (10, False)
        assert row("19:21").is_past_grace
        assert "no-show" in row("19:21").moves
        assert "no-show" not in row("19:10").moves

    def test_a_nonsense_day_shows_today(self, desk, suya_spot) -> None:
        where = reverse("admin:today_day", args=[suya_spot.public_id])

        for day in ("yesterday", "9999-12-31", "2026-13-45", "", "0001-01-01", "\x07"):
            assert desk.get(where, {"day": day}).status_code == 200

    def test_asks_few_queries_however_many_come(self, desk, suya_spot, django_assert_max_num_queries) -> None:
        book(suya_spot, "18:00")
        day_page(desk, suya_spot)
        with django_assert_max_num_queries(12) as few:
            day_page(desk, suya_spot)
        for hour, number in (("18:00", 2), ("18:00", 3), ("19:30", 4), ("19:30", 5), ("19:30", 6)):
            book(suya_spot, hour, guest=guest(number), heed_pacing=False)

        with django_assert_max_num_queries(len(few)):
            page = day_page(desk, suya_spot)

        assert page.content.decode().count('class="t-row is-') == 6

    def test_the_fragment_asks_fewer(self, desk, suya_spot, django_assert_max_num_queries) -> None:
        book(suya_spot)
        where = reverse("admin:today_board", args=[suya_spot.public_id])
        desk.get(where)

        with django_assert_max_num_queries(8):
            fragment = desk.get(where, {"day": tomorrow().isoformat()}).content.decode()

        assert "Demo diner 1" in fragment
        assert "<html" not in fragment
        # What was refused stays beside its row when news come in.
        assert "hx-preserve" in fragment

    def test_leads_from_house_to_house_for_who_works_at_several(self, desk, host, suya_spot) -> None:
        other = house(name="Amala Place")
        from accounts.services import add_member

        add_member(user=host, restaurant_id=other.pk, role=Role.MANAGER)
        house(name="Zobo Bar")

        page = day_page(desk, suya_spot).content.decode()

        assert reverse("admin:today_day", args=[other.public_id]) in page
        assert "Zobo Bar" not in page


class TestTaps:
    def test_arrive_seat_complete(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:02")

        for move, status in (("arrive", "arrived"), ("seat", "seated"), ("complete", "completed")):
            booking.refresh_from_db()
            answer = tap(desk, booking, move)
            assert answer.status_code == 200, answer.content
            assert status_of(booking) == status
            assert "Demo diner 1" in answer.content.decode()

        entry = booking.history.last()
        assert entry is not None
        assert (entry.channel, entry.actor_kind) == ("admin", "staff")

    def test_leave_before_seating(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:02")
        tap(desk, booking, "arrive")
        booking.refresh_from_db()

        assert tap(desk, booking, "leave").status_code == 200
        assert status_of(booking) == Status.LEFT

    def test_no_show_and_undo(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:30")

        assert tap(desk, booking, "no-show").status_code == 200
        assert status_of(booking) == Status.NO_SHOW
        booking.refresh_from_db()
        assert tap(desk, booking, "undo").status_code == 200
        assert status_of(booking) == Status.CONFIRMED

    def test_a_no_show_within_grace_is_refused_beside_the_row(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:10")

        answer = tap(desk, booking, "no-show")

        assert answer.status_code == 409
        body = answer.content.decode()
        beside = body.split(f'id="refusal-{booking.pk}"')[1].split("</div>")[0]
        assert "grace ends at 19:20" in beside
        assert status_of(booking) == Status.CONFIRMED

    def test_seating_where_somebody_still_sits_names_the_table(self, desk, monkeypatch, host) -> None:
        restaurant = house(tables=(2,))
        client = Client()
        log_in(client, member(restaurant.pk, Role.HOST))
        first, second = book(restaurant, "18:00"), book(restaurant, "19:30", guest=guest(2))
        clock_is(monkeypatch, "18:01")
        tap(client, first, "seat")
        clock_is(monkeypatch, "19:31")

        answer = tap(client, second, "seat")

        assert answer.status_code == 409
        assert "Another party still sits at this table" in answer.content.decode()
        assert "T1" in answer.content.decode()
        assert status_of(second) == Status.CONFIRMED

    def test_approve_and_decline_requests(self, client) -> None:
        restaurant = house(policy={"needs_approval": True})
        log_in(client, member(restaurant.pk, Role.HOST))
        wanted, unwanted = book(restaurant), book(restaurant, "20:00", guest=guest(2))

        assert "2 requests wait" in day_page(client, restaurant).content.decode()
        assert tap(client, wanted, "approve").status_code == 200
        without = tap(client, unwanted, "decline", reason="", **{"from": "dialog"})
        assert without.status_code == 409
        assert "Please give the guest a reason." in without.content.decode()
        assert tap(client, unwanted, "decline", reason="Private party", **{"from": "dialog"}).status_code == 200

        assert status_of(wanted) == Status.CONFIRMED
        assert status_of(unwanted) == Status.DECLINED

    def test_a_second_tap_is_told_that_the_booking_has_moved_on(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:02")
        tap(desk, booking, "arrive")

        answer = tap(desk, booking, "seat")

        assert answer.status_code == 409
        assert "Somebody else has changed this booking meanwhile." in answer.content.decode()
        assert status_of(booking) == Status.ARRIVED

    def test_an_illegal_move_is_refused(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        answer = tap(desk, booking, "complete")

        assert answer.status_code == 409
        assert "cannot become" in answer.content.decode()
        assert status_of(booking) == Status.CONFIRMED

    def test_works_without_scripts(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot)
        clock_is(monkeypatch, "19:02")

        done = tap(desk, booking, "arrive", htmx=False)
        refused = tap(desk, booking, "seat", htmx=False)

        assert done.status_code == 302
        assert done["Location"].endswith(f"#booking-{booking.pk}")
        assert refused.status_code == 409
        assert "Somebody else has changed" in refused.content.decode()
        assert "<html" in refused.content.decode()

    def test_an_unknown_move_is_not_found(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        assert tap(desk, booking, "explode").status_code == 404
        assert (
            desk.get(reverse("admin:today_act", args=[suya_spot.public_id, booking.public_id, "arrive"])).status_code
            == 405
        )

    def test_wants_the_forms_token(self, suya_spot, host) -> None:
        strict = Client(enforce_csrf_checks=True)
        log_in(strict, host)
        booking = book(suya_spot)

        assert tap(strict, booking, "arrive").status_code == 403
        assert status_of(booking) == Status.CONFIRMED


class TestTheOpenedBooking:
    def opened(self, desk: Client, booking: Booking, **headers: str) -> str:
        where = reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id])
        return desk.get(where, headers=headers).content.decode()

    def test_shows_history_and_is_a_page_without_scripts(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        page = self.opened(desk, booking)
        assert "<html" in page
        assert 'id="t-panel" hx-disable' in page  # a swap would leave the page empty
        part = self.opened(desk, booking, **{"HX-Request": "true"})
        assert "<html" not in part
        assert "History" in part

    def test_says_in_the_readers_language_why_buka_itself_did_something(self, client, host, suya_spot) -> None:
        host.language = "ha"
        host.save(update_fields=["language"])
        log_in(client, host)
        booking = book(suya_spot)
        claiming.record(booking, by=Actor.system(), from_status="confirmed", reason=SystemReason.ARRANGED_ANEW)
        claiming.record(booking, by=Actor.system(), from_status="confirmed", reason="Ada wrote this")

        page = self.opened(client, booking)

        assert "“an sake jera teburan”" in page
        assert "“Ada wrote this”" in page

    def test_cancel_with_a_reason(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        without = tap(desk, booking, "cancel", reason=" ", **{"from": "dialog"})
        assert without.status_code == 409
        assert status_of(booking) == Status.CONFIRMED
        done = tap(desk, booking, "cancel", reason="Flood", **{"from": "dialog"})

        assert done.status_code == 200
        assert done["HX-Trigger"] == "today-done"
        assert 'id="t-board" hx-swap-oob="true"' in done.content.decode()
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED
        assert booking.history.last().reason == "Flood"

    def test_change_the_table_among_free_ones(self, desk, suya_spot) -> None:
        booking, other = book(suya_spot), book(suya_spot, party_size=4, guest=guest(2))
        free = suya_spot.tables.get(name="T3")
        taken = other.allocations.get().table

        refused = tap(desk, booking, "tables", tables=[taken.pk])
        done = tap(desk, booking, "tables", tables=[free.pk])

        assert refused.status_code == 422
        assert "That table is taken at that time." in refused.content.decode()
        assert done.status_code == 200 or done.status_code == 302
        booking.refresh_from_db()
        assert [row.table for row in booking.allocations.filter(live=True)] == [free]
        assert booking.is_locked

    def test_asks_before_a_table_that_is_too_small(self, desk, suya_spot) -> None:
        booking = book(suya_spot, party_size=4)
        small = suya_spot.tables.get(name="T1")

        refused = tap(desk, booking, "tables", tables=[small.pk])
        assert refused.status_code == 409
        assert "Too small for 4 guests: seats 1 to 2." in refused.content.decode()
        assert "Even if the tables seat fewer" in refused.content.decode()
        assert booking.allocations.get(live=True).table != small

        tap(desk, booking, "tables", tables=[small.pk], over_seats="on")
        assert booking.allocations.get(live=True).table == small

    def test_change_time_and_party(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        done = tap(desk, booking, "change", party=4, day=tomorrow().isoformat(), clock="20:15")

        assert done.status_code in (200, 302)
        booking.refresh_from_db()
        assert (booking.starts_at, booking.party_size) == (at("20:15"), 4)

    def test_a_refused_change_keeps_what_was_typed_and_the_booking(self, desk, suya_spot) -> None:
        booking = book(suya_spot, "18:00")
        book(suya_spot, "20:00", party_size=4, guest=guest(2))
        book(suya_spot, "20:00", party_size=2, guest=guest(3))

        answer = tap(desk, booking, "change", party=4, day=tomorrow().isoformat(), clock="20:00")

        body = answer.content.decode()
        assert answer.status_code == 409
        assert "Too many guests arrive at that time already." in body
        assert "Free: " in body
        assert '<option value="20:00" selected' in body
        booking.refresh_from_db()
        assert (booking.starts_at, booking.party_size) == (at("18:00"), 2)

        past_pacing = tap(desk, booking, "change", party=4, day=tomorrow().isoformat(), clock="20:00", over_pacing="on")
        assert past_pacing.status_code in (200, 302)

    def test_a_stale_form_is_told_and_may_be_sent_again(self, desk, suya_spot) -> None:
        booking = book(suya_spot)
        services.note_for_staff(booking=booking, notes="Meanwhile")

        stale = tap(desk, booking, "change", party=3, day=tomorrow().isoformat(), clock="19:30")

        body = stale.content.decode()
        assert stale.status_code == 409
        assert "Somebody else has changed this booking meanwhile." in body
        booking.refresh_from_db()
        assert booking.party_size == 2
        assert f'name="version" value="{booking.version}"' in body
        assert tap(desk, booking, "change", party=3, day=tomorrow().isoformat(), clock="19:30").status_code in (
            200,
            302,
        )

    @pytest.mark.parametrize(
        ("party", "day", "clock"),
        [
            ("0", None, "19:00"),
            ("four", None, "19:00"),
            ("2", "someday", "19:00"),
            ("2", None, "19:07"),
            ("2", None, ""),
        ],
    )
    def test_nonsense_is_refused(self, desk, suya_spot, party, day, clock) -> None:
        booking = book(suya_spot)

        answer = tap(desk, booking, "change", party=party, day=day or tomorrow().isoformat(), clock=clock)

        assert answer.status_code in (409, 422)
        booking.refresh_from_db()
        assert booking.version == 1

    def test_notes_of_the_house(self, desk, suya_spot) -> None:
        booking = book(suya_spot)

        assert tap(desk, booking, "notes", staff_notes="Allergic to cats").status_code in (200, 302)
        booking.refresh_from_db()
        assert booking.staff_notes == "Allergic to cats"


class TestNewParties:
    def sent(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "Chidi Obi", "phone": "0803 123 4567", "party": 2, "day": tomorrow().isoformat(), "clock": "19:00",
            "channel": "phone", "request_key": str(uuid4()), **changes,
        }  # fmt: skip

    def test_a_booking_by_telephone(self, desk, suya_spot, host) -> None:
        where = reverse("admin:today_book", args=[suya_spot.public_id])

        answer = desk.post(where, self.sent(channel="whatsapp", notes="Window"), headers={"HX-Request": "true"})

        assert answer.status_code == 200, answer.content.decode()
        booking = Booking.objects.get()
        assert (booking.guest_name, booking.guest_phone, booking.channel) == ("Chidi Obi", "+2348031234567", "whatsapp")
        assert (booking.created_by, booking.status, booking.starts_at) == (host, Status.CONFIRMED, at("19:00"))

    def test_sent_twice_it_is_one_booking(self, desk, suya_spot) -> None:
        where, data = reverse("admin:today_book", args=[suya_spot.public_id]), self.sent()

        for _time in range(2):
            assert desk.post(where, data).status_code in (200, 302)

        assert Booking.objects.count() == 1

    def test_without_scripts_it_is_a_page(self, desk, suya_spot) -> None:
        where = reverse("admin:today_book", args=[suya_spot.public_id])

        page = desk.get(where, {"day": tomorrow().isoformat()})
        done = desk.post(where, self.sent())

        assert '<option value="19:00"' in page.content.decode()
        assert done.status_code == 302

    def test_a_full_time_is_refused_with_the_nearest_and_nothing_lost(self, desk, suya_spot) -> None:
        book(suya_spot, party_size=4)
        book(suya_spot, party_size=2, guest=guest(2))
        where = reverse("admin:today_book", args=[suya_spot.public_id])

        answer = desk.post(where, self.sent(), headers={"HX-Request": "true"})

        body = answer.content.decode()
        assert answer.status_code == 409
        assert "Too many guests" in body and "Free: " in body
        assert 'value="Chidi Obi"' in body
        assert Booking.objects.count() == 2
        over = desk.post(where, self.sent(over_pacing="on"))
        assert over.status_code == 302

    @pytest.mark.parametrize(
        "wrong", [{"name": ""}, {"party": "-1"}, {"phone": "12"}, {"clock": ""}, {"channel": "web"}]
    )
    def test_a_form_with_a_hole_is_shown_again(self, desk, suya_spot, wrong) -> None:
        where = reverse("admin:today_book", args=[suya_spot.public_id])

        answer = desk.post(where, self.sent(**wrong), headers={"HX-Request": "true"})

        assert answer.status_code == 422
        assert "has-errors" in answer.content.decode()
        assert not Booking.objects.exists()

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_a_day_at_the_end_of_the_calendar_is_refused(self, desk, suya_spot, day) -> None:
        booking = book(suya_spot)

        where = reverse("admin:today_book", args=[suya_spot.public_id])
        taken = desk.post(where, self.sent(day=day), headers={"HX-Request": "true"})
        moved = tap(desk, booking, "change", day=day, clock="19:30", party=2)

        assert (taken.status_code, moved.status_code) == (422, 422)
        assert "too far away" in taken.content.decode() and "too far away" in moved.content.decode()
        assert Booking.objects.count() == 1

    def test_the_times_follow_day_and_party(self, desk, suya_spot) -> None:
        book(suya_spot, party_size=4)
        where = reverse("admin:today_times", args=[suya_spot.public_id])

        answer = desk.get(where, {"day": tomorrow().isoformat(), "party": "4", "clock": "19:30", "prefix": "book"})

        body = answer.content.decode()
        assert '<option value="19:00">7:00' in body and "full" in body
        assert '<option value="19:30" selected' in body
        for nonsense in (
            {"day": "x", "party": "99999999"}, {"party": "٣", "clock": "<script>"}, {},
            {"day": "9999-12-31"}, {"day": "0001-01-01"},
        ):  # fmt: skip
            assert desk.get(where, nonsense).status_code == 200

    def test_a_walk_in(self, desk, suya_spot, monkeypatch) -> None:
        clock_is(monkeypatch, "19:07")
        where = reverse("admin:today_walk_in", args=[suya_spot.public_id])
        table = suya_spot.tables.get(name="T2")

        assert "T2" in desk.get(where).content.decode()
        answer = desk.post(where, {"party": 3, "tables": [table.pk], "name": ""}, headers={"HX-Request": "true"})

        assert answer.status_code == 200, answer.content.decode()
        booking = Booking.objects.get()
        assert (booking.status, booking.channel, booking.party_size) == (Status.SEATED, "walk_in", 3)
        assert booking.allocations.get().table == table
        assert "Walk-in" in answer.content.decode()

    def test_a_walk_in_at_a_table_that_is_too_small_is_asked_about(self, desk, suya_spot, monkeypatch) -> None:
        clock_is(monkeypatch, "19:07")
        where = reverse("admin:today_walk_in", args=[suya_spot.public_id])
        sent = {"party": 3, "tables": [suya_spot.tables.get(name="T1").pk], "name": ""}

        refused = desk.post(where, sent, headers={"HX-Request": "true"})
        assert refused.status_code == 409
        assert "Too small for 3 guests: seats 1 to 2." in refused.content.decode()
        assert not Booking.objects.exists()

        desk.post(where, {**sent, "over_seats": "on"}, headers={"HX-Request": "true"})
        assert Booking.objects.get().allocations.get().table.name == "T1"

    def test_a_walk_in_for_whom_nothing_is_free(self, desk, suya_spot, monkeypatch) -> None:
        clock_is(monkeypatch, "19:07")
        where = reverse("admin:today_walk_in", args=[suya_spot.public_id])

        for number in range(4):
            answer = desk.post(where, {"party": 2, "name": f"Party {number}"}, headers={"HX-Request": "true"})

        assert answer.status_code == 409
        assert "No table is free" in answer.content.decode()
        assert 'value="Party 3"' in answer.content.decode()
        assert Booking.objects.count() == 3


class TestThePolicy:
    def test_the_back_office_may_evaluate_and_style_inline_and_nothing_more(self, desk, suya_spot) -> None:
        policy = _policy(day_page(desk, suya_spot))
        strict = _policy(Client().get("/en/"))

        assert policy["script-src"] - strict["script-src"] == {"'unsafe-eval'"}
        assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
        for name in set(strict) - {"script-src", "style-src"}:
            assert policy[name] == strict[name], name

    @pytest.mark.parametrize("path", ["/en/", "/administrator/", "/api/restaurants", "/en/admin/"])
    def test_everywhere_else_is_strict(self, path) -> None:
        policy = Client().get(path)["Content-Security-Policy"]

        assert "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")

    def test_the_log_in_page_has_the_back_offices(self) -> None:
        assert "'unsafe-eval'" in Client().get("/admin/login/")["Content-Security-Policy"]


def _policy(answer: Any) -> dict[str, set[str]]:
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";") if part.strip())
    return {name: {word for word in words if not word.startswith("'nonce-")} for name, *words in parts}


def watch(person: Any, restaurant_id: Any) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/restaurants/{restaurant_id}/today")
    socket.scope["user"] = person
    return socket


def run(story: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own: the browser tests' library leaves a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asyncio.wait_for(story, 30)).result(40)


@pytest.mark.django_db(transaction=True)
class TestTheLiveConnection:
    def test_the_desk_hears_that_somebody_booked(self, suya_spot, host) -> None:
        with_second_factor(host)

        async def story() -> None:
            socket = watch(host, suya_spot.public_id)
            opened, _protocol = await socket.connect(timeout=5)
            assert opened
            await database_sync_to_async(book)(suya_spot)
            heard = json.loads(await socket.receive_from(timeout=5))
            assert heard == {"type": "availability.changed", "day": tomorrow().isoformat()}
            await socket.disconnect()

        run(story())

    @pytest.mark.parametrize("who", ["stranger", "diner", "of another house", "nobody"])
    def test_others_are_shown_out(self, suya_spot, who) -> None:
        person = {
            "stranger": lambda: UserFactory(is_staff=True),
            "diner": UserFactory,
            "of another house": lambda: member(house().pk, Role.OWNER),
            "nobody": AnonymousUser,
        }[who]()
        if who != "nobody":
            with_second_factor(person)

        async def story() -> None:
            socket = watch(person, suya_spot.public_id)
            await socket.connect(timeout=5)
            closed = await socket.receive_output(timeout=5)
            assert closed == {"type": "websocket.close", "code": 4403} or closed["code"] == 4403
            await database_sync_to_async(book)(suya_spot)
            assert await socket.receive_nothing(timeout=0.5)

        run(story())

    def test_an_unknown_house_is_no_house(self, host) -> None:
        with_second_factor(host)

        async def story() -> None:
            socket = watch(host, uuid4())
            await socket.connect(timeout=5)
            assert (await socket.receive_output(timeout=5))["code"] == 4403

        run(story())
