"""The host's screens: the floor from above, the timeline, the week, the sheet, and acts that are done exactly once."""

import hashlib
import html
import json
import threading
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import log_in, member
from bookings import errors, quick_line, services
from bookings.floor_view import TableState, day_on_the_floor
from bookings.models import Booking, DeskAct
from bookings.services import Act, Actor, block_tables, perform
from bookings.states import Channel, Course, Status
from bookings.tests.factories import LAGOS, at, book, guest, tomorrow
from localization import formatting
from restaurants.floor_plan import Place, floor_plan_of
from restaurants.models import Restaurant, Table
from restaurants.service_plan import plan_of
from restaurants.services import FloorPlanMovedOn, arrange_tables
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(name="Suya Spot", tables=(2, 4, 4), shift={"max_covers_per_slot": 6}, policy={"grace_minutes": 20})


@pytest.fixture
def host(suya_spot: Restaurant) -> User:
    return member(suya_spot.pk, Role.HOST)


@pytest.fixture
def desk(client: Client, host: User) -> Client:
    log_in(client, host)
    return client


def clock_is(monkeypatch: pytest.MonkeyPatch, clock: str) -> datetime:
    now = at(clock)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def table(restaurant: Restaurant, name: str) -> Table:
    return restaurant.tables.get(name=name)


def states(restaurant: Restaurant, clock: str) -> dict[str, str]:
    floor_day = day_on_the_floor(plan_of(restaurant.pk), tomorrow())
    return {view.table.name: view.state.value for view in floor_day.at(at(clock))}


def page(desk: Client, restaurant: Restaurant, name: str, **asked: Any) -> Any:
    where = reverse(f"admin:{name}", args=[restaurant.public_id])
    return desk.get(where, {"day": tomorrow().isoformat(), **asked})


def send(desk: Client, restaurant: Restaurant, *acts: dict[str, Any]) -> Any:
    where = reverse("admin:floor_acts", args=[restaurant.public_id])
    return desk.post(where, json.dumps({"acts": list(acts)}), content_type="application/json")


def act(booking: Booking, do: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "do": do, "booking": str(booking.public_id), "version": booking.version, **more}


class TestTheFloorPlan:
    def test_gives_tables_without_a_place_one_where_no_other_stands(self, suya_spot) -> None:
        places = [each.place for each in floor_plan_of(suya_spot.pk).tables]

        for number, one in enumerate(places):
            for other in places[number + 1 :]:
                apart = one.x + one.width <= other.x or other.x + other.width <= one.x
                assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y

    def test_keeps_places_unless_somebody_else_moved_a_table_meanwhile(self, suya_spot) -> None:
        owner = member(suya_spot.pk, Role.OWNER)
        seen = floor_plan_of(suya_spot.pk).version
        first, second = table(suya_spot, "T1"), table(suya_spot, "T2")

        arrange_tables(
            restaurant_id=suya_spot.pk, places={first.pk: Place(10, 20, 6, 6, "round", 45)}, seen_version=seen, by=owner
        )
        with pytest.raises(FloorPlanMovedOn):
            arrange_tables(
                restaurant_id=suya_spot.pk,
                places={second.pk: Place(1, 2, 6, 6, "rect", 0)},
                seen_version=seen,
                by=owner,
            )

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.x, first.y, first.shape, first.rotation) == (10, 20, "round", 45)
        assert second.x is None

    def test_is_edited_by_who_may_edit_tables_with_and_without_scripts(self, client, suya_spot, host) -> None:
        where = reverse("admin:floor_edit", args=[suya_spot.public_id])
        log_in(client, host)
        assert client.get(where).status_code == 404
        assert client.post(where, "{}", content_type="application/json").status_code == 404
        owner = Client()
        log_in(owner, member(suya_spot.pk, Role.OWNER))
        key = table(suya_spot, "T1").pk
        assert f'name="x-{key}"' in owner.get(where).content.decode()
        place = {"x": 5.5, "y": 7, "width": 8, "height": 6, "shape": "rect", "rotation": -15}

        form = {"version": floor_plan_of(suya_spot.pk).version, **{f"{name}-{key}": v for name, v in place.items()}}
        assert owner.post(where, form).status_code == 302
        stale = owner.post(where, form)
        outside = owner.post(where, {**form, "version": floor_plan_of(suya_spot.pk).version, f"x-{key}": "99"})

        assert (stale.status_code, outside.status_code) == (412, 400)
        assert "Somebody else has moved tables" in stale.content.decode()
        moved = table(suya_spot, "T1")
        assert (moved.x, moved.y, moved.width, moved.rotation) == (5.5, 7, 8, -15)

    def test_a_table_that_was_drawn_can_be_booked(self, suya_spot, host) -> None:
        owner = Client()
        log_in(owner, member(suya_spot.pk, Role.OWNER))
        where = reverse("admin:floor_edit", args=[suya_spot.public_id])
        area = suya_spot.areas.get()
        drawn = {"add": "1", "name": "T9", "area": area.pk, "min_party": 5, "max_party": 8, "shape": "rect", "x": "40",
                 "y": "50.5", "width": "14", "height": "6"}  # fmt: skip

        done, again = owner.post(where, drawn), owner.post(where, drawn)
        elsewhere = owner.post(where, {**drawn, "name": "T10", "area": house().areas.get().pk})

        assert (done.status_code, again.status_code, elsewhere.status_code) == (302, 422, 422)
        assert "There is a table of this name already." in again.content.decode()
        booking = book(suya_spot, "19:00", party_size=6)
        assert booking.allocations.get().table.name == "T9"

    def test_shows_every_state_at_a_moment(self, suya_spot, host, monkeypatch) -> None:
        by = Actor.staff(host)
        seated = book(suya_spot, "18:00", party_size=2, table_ids=[table(suya_spot, "T1").pk], by=by)
        book(suya_spot, "20:00", party_size=4, guest=guest(2), table_ids=[table(suya_spot, "T2").pk], by=by)
        block_tables(
            restaurant_id=suya_spot.pk, starts_at=at("18:00"), ends_at=at("20:00"), reason="Repair", by=by,
            table_id=table(suya_spot, "T3").pk,
        )  # fmt: skip
        clock_is(monkeypatch, "18:05")
        services.seat_party(booking=seated, by=by)

        clock_is(monkeypatch, "18:30")
        assert states(suya_spot, "18:30") == {"T1": "seated", "T2": "free", "T3": "blocked"}
        assert states(suya_spot, "19:15") == {"T1": "seated", "T2": "soon", "T3": "blocked"}
        assert states(suya_spot, "20:10") == {"T1": "free", "T2": "due", "T3": "free"}
        clock_is(monkeypatch, "19:50")  # twenty minutes longer than they were to
        assert states(suya_spot, "19:50")["T1"] == TableState.OVER
        view = day_on_the_floor(plan_of(suya_spot.pk), tomorrow()).at(at("19:50"))[0]
        assert (view.minutes, view.booking) == (105, seated)

    def test_warns_of_a_party_that_sits_into_the_next(self, suya_spot, host, monkeypatch) -> None:
        by, first_table = Actor.staff(host), table(suya_spot, "T1").pk
        early = book(suya_spot, "18:00", table_ids=[first_table], by=by)
        book(suya_spot, "19:30", guest=guest(2), table_ids=[first_table], by=by)
        clock_is(monkeypatch, "18:00")
        services.seat_party(booking=early, by=by)

        clock_is(monkeypatch, "19:20")
        assert not day_on_the_floor(plan_of(suya_spot.pk), tomorrow()).at(at("19:20"))[0].is_pressed
        clock_is(monkeypatch, "19:40")
        assert day_on_the_floor(plan_of(suya_spot.pk), tomorrow()).at(at("19:40"))[0].is_pressed

    def test_is_a_page_with_a_list_that_says_the_same(self, desk, suya_spot) -> None:
        book(suya_spot, "19:00")

        body = page(desk, suya_spot, "floor", minute="60").content.decode()
        nonsense = page(desk, suya_spot, "floor", minute="٣99999")

        assert body.count('class="f-table is-') == 3
        assert "Table T1: Reserved now · Demo diner 1, 2 guests · until 8:30" in body
        assert nonsense.status_code == 200

    @pytest.mark.parametrize(("name", "most"), [("floor", 13), ("timeline", 13), ("week", 11), ("sheet", 14)])
    def test_asks_few_queries_however_many_come(
        self, desk, suya_spot, django_assert_max_num_queries, name, most
    ) -> None:
        book(suya_spot, "18:00")
        page(desk, suya_spot, name)
        with django_assert_max_num_queries(most) as few:
            page(desk, suya_spot, name)
        for hour, number in (("18:00", 2), ("19:30", 4), ("19:30", 5), ("19:30", 6)):
            book(suya_spot, hour, guest=guest(number), heed_pacing=False)

        with django_assert_max_num_queries(len(few)):
            assert page(desk, suya_spot, name).status_code == 200

    @pytest.mark.parametrize("name", ["floor", "timeline"])
    def test_tells_its_scripts_how_times_are_written(self, desk, suya_spot, name) -> None:
        shown = html.unescape(page(desk, suya_spot, name).content.decode())

        assert f'data-clock="{json.dumps(formatting.clock_words("en"))}"' in shown
        for script in ("floor.js", "timeline.js"):
            assert "toLocaleTimeString" not in (settings.BASE_DIR / "static" / "buka" / script).read_text()

    def test_opens_a_table_with_its_parties_and_a_form_without_scripts(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot, "19:00")
        clock_is(monkeypatch, "19:01")
        key = booking.allocations.get().table_id
        where = reverse("admin:floor_table", args=[suya_spot.public_id, key])

        opened = desk.get(where, {"day": tomorrow().isoformat()}).content.decode()
        form = {**act(booking, "seat"), "board_day": tomorrow().isoformat()}
        done = desk.post(reverse("admin:floor_do", args=[suya_spot.public_id]), form)
        twice = desk.post(reverse("admin:floor_do", args=[suya_spot.public_id]), form)

        assert "Demo diner 1" in opened and "Move or stretch" in opened
        assert (done.status_code, twice.status_code) == (302, 302)
        booking.refresh_from_db()
        assert (booking.status, booking.history.count()) == (Status.SEATED, 2)
        assert desk.get(reverse("admin:floor_table", args=[suya_spot.public_id, 0])).status_code == 404


class TestMovingAndStretching:
    def test_stretches_a_party_and_refuses_to_run_into_the_next(self, suya_spot, host) -> None:
        by, first_table = Actor.staff(host), table(suya_spot, "T1").pk
        booking = book(suya_spot, "18:00", table_ids=[first_table], by=by)
        book(suya_spot, "20:30", guest=guest(2), table_ids=[first_table], by=by)

        longer = services.change_booking(booking=booking, by=by, ends_at=at("20:30"), expected_version=1)
        assert longer.ends_at == at("20:30")
        assert longer.allocations.get(live=True).during.upper == at("20:30")
        with pytest.raises(errors.TableTaken):
            services.change_booking(booking=longer, by=by, ends_at=at("20:35"))
        for nonsense in ("18:00", "17:00"):
            with pytest.raises(errors.StayTooLong):
                services.change_booking(booking=longer, by=by, ends_at=at(nonsense))
        with pytest.raises(errors.StayTooLong):
            services.change_booking(booking=longer, by=Actor.diner(None), ends_at=at("20:00"))

        longer.refresh_from_db()
        assert (longer.ends_at, longer.version) == (at("20:30"), 2)

    def test_moves_in_time_with_its_length_and_heeds_the_pacing(self, suya_spot, host) -> None:
        by = Actor.staff(host)
        booking = book(suya_spot, "18:00", party_size=4)
        book(suya_spot, "20:00", party_size=4, guest=guest(2))
        wish = {"starts_at": at("20:00"), "ends_at": at("22:00")}

        with pytest.raises(errors.TooManyAtOnce):
            services.change_booking(booking=booking, by=by, **wish)
        moved = services.change_booking(booking=booking, by=by, heed_pacing=False, **wish)

        assert (moved.starts_at, moved.ends_at, moved.is_locked) == (at("20:00"), at("22:00"), False)

    def test_a_seated_party_goes_to_a_table_that_is_free_from_now_on(self, suya_spot, host, monkeypatch) -> None:
        by, second = Actor.staff(host), table(suya_spot, "T2").pk
        sitting = book(suya_spot, "18:00", table_ids=[table(suya_spot, "T1").pk], by=by)
        before = book(suya_spot, "18:00", party_size=4, guest=guest(2), table_ids=[second], by=by)
        clock_is(monkeypatch, "18:00")
        services.seat_party(booking=sitting, by=by)
        services.seat_party(booking=before, by=by)
        clock_is(monkeypatch, "19:00")
        with pytest.raises(errors.TableTaken):
            services.change_booking(booking=sitting, by=by, table_ids=[second])
        services.complete_visit(booking=before, by=by)

        moved = services.change_booking(booking=sitting, by=by, table_ids=[second])

        kept = moved.allocations.get(live=True)
        assert (kept.table_id, kept.during.upper, moved.is_locked) == (second, at("19:30"), True)

    def test_who_comes_second_is_told_who_was_first_and_how_it_stands(self, desk, suya_spot, host) -> None:
        booking = book(suya_spot, "19:00")
        other = member(suya_spot.pk, Role.MANAGER)
        services.change_booking(
            booking=booking, by=Actor.staff(other), table_ids=[table(suya_spot, "T3").pk], expected_version=1
        )

        answer = send(desk, suya_spot, act(booking, "move", tables=[table(suya_spot, "T2").pk])).json()["answers"][0]

        assert (answer["done"], answer["final"], answer["code"]) == (False, True, "booking_version")
        assert other.name in answer["sentence"]
        assert "T3" in answer["sentence"]
        assert booking.allocations.get(live=True).table.name == "T3"


class TestActs:
    def test_an_evening_in_one_list_is_done_once_however_often_it_is_sent(self, desk, suya_spot, monkeypatch) -> None:
        booking = book(suya_spot, "19:00")
        clock_is(monkeypatch, "19:02")
        arrive = act(booking, "arrive")
        seat = {**act(booking, "seat"), "version": 2, "after": arrive["id"], "tables": [table(suya_spot, "T2").pk]}
        course = {**act(booking, "course", course="main"), "version": 3, "after": seat["id"]}
        walk_in = {"id": str(uuid4()), "do": "walk-in", "party": 3, "tables": [table(suya_spot, "T3").pk]}
        evening = (arrive, seat, course, walk_in)

        first = send(desk, suya_spot, *evening).json()
        again = send(desk, suya_spot, *evening).json()

        assert [answer["done"] for answer in first["answers"]] == [True] * 4
        assert again == first
        booking.refresh_from_db()
        assert (booking.status, booking.course, booking.version) == (Status.SEATED, Course.MAIN, 4)
        assert Booking.objects.filter(channel=Channel.WALK_IN).count() == 1
        assert DeskAct.objects.count() == 4

    def test_what_builds_on_a_refused_act_is_refused_and_the_rest_is_done(self, desk, suya_spot, monkeypatch) -> None:
        booking, other = book(suya_spot, "19:00"), book(suya_spot, "19:00", guest=guest(2), heed_pacing=False)
        clock_is(monkeypatch, "19:02")
        arrive = act(booking, "arrive")
        services.note_for_staff(booking=booking, notes="Meanwhile")
        # Without `after`, version 2 would be the colleague's, and seat a party the host never saw so.
        seat = {**act(booking, "seat"), "version": 2, "after": arrive["id"]}

        answers = send(desk, suya_spot, arrive, seat, act(other, "arrive")).json()["answers"]

        assert [answer["code"] for answer in answers] == ["booking_version", "desk_act_builds_on_refused", ""]
        booking.refresh_from_db()
        other.refresh_from_db()
        assert (booking.status, other.status) == (Status.CONFIRMED, Status.ARRIVED)

    def test_one_id_is_one_act_and_another_houses_is_its_own(self, suya_spot, host, desk) -> None:
        booking = book(suya_spot, "19:00")
        arrive = act(booking, "arrive")
        send(desk, suya_spot, arrive)
        elsewhere = house(name="Zobo Bar")
        stranger = Client()
        log_in(stranger, member(elsewhere.pk, Role.HOST))

        reused = send(desk, suya_spot, {**arrive, "do": "seat"}).json()["answers"][0]
        foreign = send(stranger, elsewhere, arrive).json()["answers"][0]

        assert reused["code"] == "desk_act_reused"
        assert foreign["code"] == "booking_not_found"
        assert send(stranger, suya_spot, arrive).status_code == 404

    @pytest.mark.parametrize(
        "sent",
        [b"", b"[]", b"{}", b'{"acts": []}', b'{"acts": [{"id": "x", "do": "seat"}]}', b'{"acts": [7]}', b"\xff",
         b'{"acts": [{"id": "0b0e7a3c-1111-4222-8333-444455556666", "do": "explode"}]}'],
    )  # fmt: skip
    def test_nonsense_is_refused(self, desk, suya_spot, sent) -> None:
        where = reverse("admin:floor_acts", args=[suya_spot.public_id])

        assert desk.post(where, sent, content_type="application/json").status_code == 400

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.race
    def test_sent_twice_at_the_same_moment_it_is_done_once(self, suya_spot, host) -> None:
        booking = book(suya_spot, "19:00")
        walk_in = Act(uuid4(), "move", booking=booking.public_id, version=1, tables=(table(suya_spot, "T3").pk,))
        found: list[Any] = []

        def try_it() -> None:
            try:
                found.extend(perform(restaurant_id=suya_spot.pk, acts=[walk_in], by=Actor.staff(host)))
            finally:
                connection.close()

        threads = [threading.Thread(target=try_it) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(20)

        assert all(answer.is_done for answer in found if answer.is_final)
        assert any(answer.is_final for answer in found)
        booking.refresh_from_db()
        assert (booking.version, booking.history.count()) == (2, 2)


class TestTheWeekAndTheSheet:
    def test_counts_covers_against_the_pacing(self, desk, suya_spot) -> None:
        book(suya_spot, "19:00", party_size=4)
        book(suya_spot, "19:00", party_size=2, guest=guest(2))

        body = page(desk, suya_spot, "week").content.decode()

        assert "6/6" in body and "Full" in body
        assert body.count('class="w-day ') + body.count('class="w-day"') == 7

    def test_the_sheet_lists_parties_by_time_with_what_the_kitchen_must_know(self, desk, suya_spot) -> None:
        book(suya_spot, "20:00", guest=guest(2), notes="No groundnuts")
        booking = book(suya_spot, "18:00")
        gone = book(suya_spot, "18:30", guest=guest(3))
        services.cancel_booking(booking=gone, by=Actor.diner(None))
        services.note_for_staff(booking=booking, notes="Window")

        body = page(desk, suya_spot, "sheet").content.decode()

        assert body.index("Demo diner 1") < body.index("Demo diner 2")
        assert "No groundnuts" in body and "Window" in body
        assert "Demo diner 3" not in body


class TestTheQuickLine:
    @pytest.mark.parametrize(
        ("line", "party", "clock", "name", "phone", "channel"),
        [
            ("4 19:30 Ada Obi 0803 123 4567", 4, "19:30", "Ada Obi", "0803 123 4567", "phone"),
            ("Ada 2 7pm wa +234 803 123 4567, by the window", 2, "19:00", "Ada", "+234 803 123 4567", "whatsapp"),
            ("4 19:30 Ada، قرب النافذة", 4, "19:30", "Ada", "", "phone"),
            ("7:30pm 12 Ẹniọlá", 12, "19:30", "Ẹniọlá", "", "phone"),
            ("Ada", None, None, "Ada", "", "phone"),
            ("", None, None, "", "", "phone"),
            ("0 25:99 x", None, None, "", "", "phone"),
            ("2 3/12 8pm Tunde 08031234567", 2, "20:00", "Tunde", "08031234567", "phone"),
            ("4 0803 123 4567 19.30 Ada", 4, "19:30", "Ada", "0803 123 4567", "phone"),
            ("Ada 0803-123-4567 2 8 pm", 2, "20:00", "Ada", "0803-123-4567", "phone"),
            ("2 19:30 Ada 080312345", 2, "19:30", "Ada", "080312345", "phone"),
        ],
    )
    def test_reads(self, line, party, clock, name, phone, channel) -> None:
        said = quick_line.read(line, tomorrow())

        assert (said.party, said.clock and f"{said.clock:%H:%M}", said.name) == (party, clock, name)
        assert (said.phone, said.channel.value) == (phone, channel)

    @pytest.mark.parametrize(
        ("line", "unread", "past"),
        [
            ("2 19:30 Ada 31/2", ("31/2",), ""),
            ("0 25:99 x", ("0", "25:99"), ""),
            ("2 19:30 Ada yesterday", (), "yesterday"),
            ("2 19:30 Ada 0803I234567", ("0803I234567",), ""),
        ],
    )
    def test_makes_no_name_of_what_it_does_not_understand(self, line, unread, past) -> None:
        said = quick_line.read(line, tomorrow())

        assert (said.unread, said.past, said.is_complete) == (unread, past, False)
        assert said.name in ("", "Ada")

    def test_reads_days(self) -> None:
        today = tomorrow()
        assert quick_line.read("2 3/12 8pm Tunde 08031234567", today).day is not None
        assert quick_line.read("2 19:00 Ada tomorrow", today).day == today + timedelta(days=1)
        ahead = today + timedelta(days=40)
        assert quick_line.read(f"2 19:00 Ada {ahead.day}/{ahead.month}", today).day == ahead

    def test_books_in_one_line_and_asks_for_what_is_missing(self, desk, suya_spot) -> None:
        where = reverse("admin:quick", args=[suya_spot.public_id])
        key, day = str(uuid4()), tomorrow().isoformat()
        sent = {"line": "4 7:30 Ada 0803 123 4567, cake", "board_day": day, "from": "dialog", "request_key": key}

        done = desk.post(where, sent, headers={"HX-Request": "true"})
        asked = desk.post(where, {"line": "4 Bisi", "board_day": day}, headers={"HX-Request": "true"})

        assert done["HX-Trigger"].startswith("today-done")
        booking = Booking.objects.get()
        assert (booking.starts_at, booking.party_size, booking.channel) == (at("19:30"), 4, "phone")
        assert (booking.guest_phone, booking.notes) == ("+2348031234567", "cake")
        assert asked.status_code == 200
        assert 'value="Bisi"' in asked.content.decode()
        full = desk.post(where, {"line": "4 19:30 Chidi", "board_day": day}, headers={"HX-Request": "true"})
        assert full.status_code == 409
        assert Booking.objects.count() == 1

    def test_leaves_the_day_that_is_open_and_says_where_the_booking_went(self, desk, suya_spot) -> None:
        where = reverse("admin:quick", args=[suya_spot.public_id])
        shown, then = tomorrow(), tomorrow() + timedelta(days=3)
        sent = {"line": f"2 {then.day}/{then.month} 7:30pm Tunde", "board_day": shown.isoformat(), "from": "dialog"}

        answer = desk.post(where, sent, headers={"HX-Request": "true"}).content.decode()

        assert Booking.objects.get().service_day == then
        assert f'name="board_day" value="{shown}"' in answer
        assert f'name="board_day" value="{then}"' not in answer
        assert f"Tunde: booked. {formatting.day_and_time(at('19:30', day=then), zone=LAGOS)}" in answer

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("2 19:30 Ada 080312345", "This is not a Nigerian phone number."),
            ("2 19:30 Ada yesterday", "“yesterday” has passed."),
            ("2 19:30 Ada 31/2", "Not understood: “31/2”."),
            ("2 Ada 080312345", "“080312345”: This is not a Nigerian phone number."),
        ],
    )
    def test_says_what_it_has_not_understood_and_books_nothing(self, desk, suya_spot, line, sentence) -> None:
        where = reverse("admin:quick", args=[suya_spot.public_id])

        asked = desk.post(where, {"line": line, "board_day": tomorrow().isoformat()}, headers={"HX-Request": "true"})

        assert asked.status_code == 422
        assert sentence in html.unescape(asked.content.decode())
        assert 'value="Ada"' in asked.content.decode()
        assert not Booking.objects.exists()

    @pytest.mark.parametrize("second", ["2 19:30 Ada Obi 0803 123 4567", "3 19:30 Somebody +2348031234567"])
    def test_asks_once_more_before_a_guest_is_booked_twice(self, desk, suya_spot, second) -> None:
        where = reverse("admin:quick", args=[suya_spot.public_id])
        htmx = {"HX-Request": "true"}
        day = tomorrow().isoformat()
        desk.post(where, {"line": "2 19:30 Ada Obi 0803 123 4567", "board_day": day}, headers=htmx)

        asked = desk.post(where, {"line": second, "board_day": day}, headers=htmx)

        body = asked.content.decode()
        assert asked.status_code == 409
        assert "Ada Obi has a booking at 7:30" in html.unescape(body) and 'name="again"' in body
        assert Booking.objects.count() == 1
        meant = {
            "name": "Ada Obi",
            "phone": "08031234567",
            "party": "2",
            "day": day,
            "clock": "19:30",
            "channel": "phone",
        }
        book_it = reverse("admin:today_book", args=[suya_spot.public_id])
        assert desk.post(book_it, meant, headers=htmx).status_code == 409
        assert desk.post(book_it, {**meant, "again": "on"}, headers=htmx).status_code == 200
        assert Booking.objects.count() == 2

    def test_a_line_without_a_number_is_compared_by_name_and_the_same_form_is_no_second_one(
        self, desk, suya_spot
    ) -> None:
        where = reverse("admin:quick", args=[suya_spot.public_id])
        sent = {"line": "2 19:30 Ẹniọlá", "board_day": tomorrow().isoformat(), "request_key": str(uuid4())}

        answers = [desk.post(where, sent).status_code for _try in range(2)]
        other = desk.post(where, {**sent, "line": "2 19:30 eniola", "request_key": str(uuid4())})

        assert answers == [302, 302]
        assert other.status_code == 409
        assert Booking.objects.count() == 1


class TestWhatIsDoneKnowinglyOnly:
    def test_a_party_is_moved_to_too_small_a_table_only_when_the_host_says_so(self, desk, suya_spot) -> None:
        booking = book(suya_spot, "19:00", party_size=4)
        small = table(suya_spot, "T1").pk

        refused = send(desk, suya_spot, act(booking, "move", tables=[small])).json()["answers"][0]
        done = send(desk, suya_spot, act(booking, "move", tables=[small], over_seats=True)).json()["answers"][0]

        assert (refused["done"], refused["code"]) == (False, "booking_table_too_small")
        assert "Too small for 4 guests: seats 1 to 2." in refused["sentence"]
        assert done["done"]
        assert booking.allocations.get(live=True).table_id == small

    def test_a_walk_in_of_ten_sits_at_a_table_for_two_only_when_the_host_says_so(
        self, desk, suya_spot, monkeypatch
    ) -> None:
        clock_is(monkeypatch, "19:00")
        walk_in = {"do": "walk-in", "party": 10, "tables": [table(suya_spot, "T1").pk]}

        refused = send(desk, suya_spot, {**walk_in, "id": str(uuid4())}).json()["answers"][0]
        without_script = desk.post(
            reverse("admin:floor_do", args=[suya_spot.public_id]),
            {**walk_in, "id": str(uuid4()), "board_day": tomorrow().isoformat(), "over_seats": "on"},
        )

        assert refused["code"] == "booking_table_too_small"
        assert refused["sentence"] == "Too small for 10 guests: seats 1 to 2. (T1)"
        assert without_script.status_code == 302
        assert Booking.objects.get().party_size == 10

    def test_tables_pushed_together_seat_a_party_together(self, desk, suya_spot) -> None:
        booking = book(suya_spot, "19:00", party_size=4)
        both = [table(suya_spot, "T1").pk, table(suya_spot, "T3").pk]

        answer = send(desk, suya_spot, act(booking, "move", tables=both)).json()["answers"][0]

        assert answer["done"]
        assert plan_of(suya_spot.pk).room_at(both) == (1, 6)

    def test_a_party_that_is_moved_in_time_keeps_its_table_and_is_promised_none(self, desk, suya_spot, host) -> None:
        last = table(suya_spot, "T3").pk
        booking = book(suya_spot, "18:00", party_size=2)
        services.change_booking(booking=booking, by=Actor.staff(host), table_ids=[last])
        Booking.objects.update(is_locked=False)
        booking.refresh_from_db()
        # Left to itself a party of two would be given the table for two.
        wish = {"starts_at": at("20:00").isoformat(), "ends_at": at("21:30").isoformat(), "tables": [last]}

        answer = send(desk, suya_spot, act(booking, "move", **wish)).json()["answers"][0]

        booking.refresh_from_db()
        assert answer["done"]
        assert (booking.starts_at, booking.is_locked) == (at("20:00"), False)
        assert booking.allocations.get(live=True).table_id == last

    def test_the_pacing_is_passed_knowingly_and_no_times_are_announced_where_there_are_none(
        self, desk, suya_spot, monkeypatch
    ) -> None:
        booking = book(suya_spot, "18:00", party_size=4)
        book(suya_spot, "20:00", party_size=4, guest=guest(2))
        wish = {"starts_at": at("20:00").isoformat(), "ends_at": at("22:00").isoformat()}

        refused = send(desk, suya_spot, act(booking, "move", **wish)).json()["answers"][0]
        done = send(desk, suya_spot, act(booking, "move", over_pacing=True, **wish)).json()["answers"][0]

        assert refused["code"] == "booking_pacing"
        assert "Here are the nearest free times. Free: " in refused["sentence"]
        assert "nearest" not in str(errors.TooManyAtOnce(alternatives=[]))
        assert "nearest" not in str(errors.NoTableFree())
        assert done["done"]

    def test_a_refusal_names_the_guest_and_the_table(self, desk, suya_spot) -> None:
        booking = book(suya_spot, "19:00")
        arrive = act(booking, "arrive")
        services.note_for_staff(booking=booking, notes="Meanwhile")

        answer = send(desk, suya_spot, arrive).json()["answers"][0]

        assert answer["sentence"].startswith("Demo diner 1, table T1: ")

    def test_an_act_that_was_sent_before_there_was_the_choice_is_still_the_same_act(self) -> None:
        seat = Act(uuid4(), "seat", version=1)
        before = {name: value for name, value in asdict(seat).items() if name not in ("guest", "over_seats")}

        assert seat.digest == hashlib.sha256(json.dumps(before, sort_keys=True, default=str).encode()).hexdigest()
        assert replace(seat, over_seats=True).digest != seat.digest


class TestTablesOnOneAnother:
    @pytest.mark.parametrize(
        ("one", "other", "overlaps"),
        [
            (Place(0, 0, 8, 8, "rect", 0), Place(8, 0, 8, 8, "rect", 0), False),
            (Place(0, 0, 8, 8, "rect", 0), Place(7, 0, 8, 8, "rect", 0), True),
            # Turned by 45 degrees its corner reaches over.
            (Place(0, 0, 8, 8, "rect", 45), Place(8.5, 0, 8, 8, "rect", 0), True),
            (Place(0, 0, 20, 4, "rect", 90), Place(14, 0, 6, 4, "rect", 0), False),
        ],
    )
    def test_are_found(self, one, other, overlaps) -> None:
        assert one.overlaps(other) is overlaps
        assert other.overlaps(one) is overlaps

    def test_are_named_when_the_plan_is_kept(self, client, suya_spot) -> None:
        log_in(client, member(suya_spot.pk, Role.OWNER))
        where = reverse("admin:floor_edit", args=[suya_spot.public_id])
        first, second = table(suya_spot, "T1").pk, table(suya_spot, "T2").pk
        form: dict[str, Any] = {"version": floor_plan_of(suya_spot.pk).version}
        for key, x in ((first, 10), (second, 12)):
            form |= {f"x-{key}": x, f"y-{key}": 10, f"width-{key}": 8, f"height-{key}": 8, f"shape-{key}": "rect",
                     f"rotation-{key}": 0}  # fmt: skip

        kept = client.post(where, form, follow=True).content.decode()

        assert "On top of one another: T1 and T2" in kept


class TestTheDoor:
    def test_its_queue_is_shown_beside_today_only(self, desk, suya_spot) -> None:
        assert 'id="f-queue"' not in page(desk, suya_spot, "floor").content.decode()
        where = reverse("admin:floor", args=[suya_spot.public_id])
        assert 'id="f-queue"' in desk.get(where).content.decode()


@pytest.mark.parametrize(("days", "clock", "is_there"), [(0, "19:00", True), (1, "04:30", False)])
def test_the_line_of_the_present_stands_only_within_the_hours_shown(
    desk: Client, suya_spot: Restaurant, monkeypatch: pytest.MonkeyPatch, days: int, clock: str, is_there: bool
) -> None:
    """At half past four in the night it is still that service day, and the line would stand beyond the tables."""
    where, day = reverse("admin:timeline", args=[suya_spot.public_id]), tomorrow()
    now = at(clock, day + timedelta(days=days))
    monkeypatch.setattr(timezone, "now", lambda: now)

    shown = desk.get(where, {"day": day.isoformat()}).content.decode()

    assert ("data-now=" in shown) is is_there
