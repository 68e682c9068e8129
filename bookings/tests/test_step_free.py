"""A party that needs a table without steps gets one or none, through every door, and is never moved up a step."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import collectors, erasers, errors, selectors, services
from bookings.availability import Reason, party_refusal
from bookings.models import Booking, BookingSeries, TableAllocation
from bookings.recurring import Rule
from bookings.retention import POLICIES
from bookings.services import Actor
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.test_discovery_pages import names_on
from core.personal_data import Subject
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant, Table, TableCombination
from restaurants.service_plan import plan_of
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

NEEDS = {"step_free": True}


def tables_of(booking: Booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


def key_of(restaurant: Restaurant, name: str) -> int:
    return Table.objects.get(restaurant=restaurant, name=name).pk


def house_with(step_free: tuple[str, ...], **fields: Any) -> Restaurant:
    """Return a house of which these tables are reached without a step."""
    restaurant = house(**fields)
    for table in Table.objects.filter(restaurant=restaurant, name__in=step_free):
        table.is_accessible = True
        table.save()
    return restaurant


@pytest.fixture
def stairs() -> Restaurant:
    """T1 for two and T2 for four are up a step; T3 for four is not."""
    return house_with(("T3",), name="Stairs", slug="stairs", tables=(2, 4, 4))


class TestThePlan:
    def test_of_a_combination_every_table_must_be_without_steps(self) -> None:
        hall = house_with(("T1", "T3", "T4"), tables=(4, 4, 4, 4))
        for names in (("T1", "T2"), ("T3", "T4")):
            joined = TableCombination.objects.create(restaurant=hall, name="+".join(names), min_party=5, max_party=8)
            joined.tables.set(hall.tables.filter(name__in=names))

        plan = plan_of(hall.pk).for_wish(step_free=True)

        pairs = [seating.table_ids for seating in plan.seatings if len(seating.table_ids) == 2]
        assert pairs == [(key_of(hall, "T3"), key_of(hall, "T4"))]
        assert plan.for_wish(step_free=True) is plan
        assert plan.for_wish(step_free=False) is plan_of(hall.pk)

    def test_a_party_too_large_for_the_house_is_told_so_and_not_of_steps(self, stairs: Restaurant) -> None:
        plan = plan_of(stairs.pk).for_wish(step_free=True)

        assert party_refusal(plan, 4, online=True) is None
        assert party_refusal(plan, 5, online=True) is Reason.PARTY_TOO_LARGE

    def test_a_house_without_such_a_table_says_so(self) -> None:
        plan = plan_of(house(tables=(2, 4)).pk).for_wish(step_free=True)

        assert party_refusal(plan, 2, online=True) is Reason.NO_STEP_FREE_TABLE

    def test_a_group_asks_for_tables_to_be_joined_of_which_none_has_steps(self) -> None:
        hall = house_with(("T1", "T2"), tables=(4, 4, 8), policy={"max_party_online": 8, "max_party_on_request": 12})

        booking = book(hall, party_size=8, **NEEDS)

        assert tables_of(booking) == ["T1", "T2"]
        # Eight at one table would have been no question; these are joined for them.
        assert booking.status == Status.REQUESTED


class TestBooking:
    def test_takes_a_larger_table_rather_than_one_up_a_step(self, stairs: Restaurant) -> None:
        assert tables_of(book(stairs)) == ["T1"]
        assert tables_of(book(stairs, guest=guest(2), **NEEDS)) == ["T3"]

    def test_is_refused_while_only_tables_with_steps_are_free_with_times_that_can_be_had(
        self, stairs: Restaurant
    ) -> None:
        book(stairs, "19:00", **NEEDS)

        with pytest.raises(errors.NoTableFree) as refused:
            book(stairs, "19:00", guest=guest(2), **NEEDS)

        found = [each["starts_at"] for each in refused.value.details["alternatives"]]
        assert at("20:30").isoformat() in found
        assert at("19:15").isoformat() not in found

    def test_others_make_room_at_the_table_without_steps(self) -> None:
        pair = house_with(("T1",), tables=(2, 2))
        other = book(pair, by=Actor.staff(UserFactory()), table_ids=[key_of(pair, "T1")])
        Booking.objects.update(is_locked=False)
        assert selectors.slots_on(pair.pk, tomorrow(), 2, step_free=True)[4].available

        needs = book(pair, guest=guest(2), **NEEDS)

        assert (tables_of(other), tables_of(needs)) == (["T2"], ["T1"])

    def test_is_never_moved_up_a_step_to_make_room(self) -> None:
        """T1 for four without steps, T2 for two with: two at T1 would make room for four by going to T2."""
        pair = house_with(("T1",), tables=(4, 2))
        needs = book(pair, **NEEDS)
        assert tables_of(needs) == ["T1"]

        assert not any(slot.available for slot in selectors.slots_on(pair.pk, tomorrow(), 4) if slot.starts_at == at())
        with pytest.raises(errors.NoTableFree):
            book(pair, party_size=4, guest=guest(2))

        assert tables_of(needs) == ["T1"]
        # The same without the wish: they would have moved.
        Booking.objects.update(step_free=False)
        assert tables_of(book(pair, party_size=4, guest=guest(3))) == ["T1"]
        assert tables_of(needs) == ["T2"]

    def test_is_never_moved_up_a_step_when_the_tables_are_arranged_anew(self) -> None:
        nook = house_with(("T1",), tables=(2, 2))
        first = book(nook, "18:00", **NEEDS)
        second = book(nook, "19:30", guest=guest(2), by=Actor.staff(UserFactory()), table_ids=[key_of(nook, "T2")])
        Booking.objects.update(is_locked=False)

        services.rearrange_tables(restaurant_id=nook.pk, day=tomorrow(), shift_name="Dinner", by=Actor.system())

        assert (tables_of(first), tables_of(second)) == (["T1"], ["T1"])

    def test_staff_cannot_choose_a_table_with_steps_for_it(self, stairs: Restaurant) -> None:
        staff = Actor.staff(member(stairs.pk))

        with pytest.raises(errors.TableHasSteps) as refused:
            book(stairs, by=staff, table_ids=[key_of(stairs, "T2"), key_of(stairs, "T3")], **NEEDS)

        assert refused.value.details["tables"] == ["T2"]
        needs = book(stairs, by=staff, **NEEDS)
        with pytest.raises(errors.TableHasSteps):
            services.change_booking(booking=needs, by=staff, table_ids=[key_of(stairs, "T2")])
        assert tables_of(needs) == ["T3"]

    def test_a_hold_keeps_it(self, stairs: Restaurant) -> None:
        hold = services.hold_table(
            restaurant_id=stairs.pk, starts_at=at(), party_size=2, by=Actor.diner(None), step_free=True
        )
        booking = services.confirm_hold(hold=hold, guest=guest(), by=Actor.diner(None))

        assert booking.step_free
        assert tables_of(booking) == ["T3"]


class TestChange:
    def test_moves_whoever_sits_up_a_step_and_tells_them(self, stairs: Restaurant) -> None:
        booking = book(stairs)
        work_off_outbox()

        changed = services.change_booking(booking=booking, by=Actor.diner(None), step_free=True)
        work_off_outbox()

        assert changed.step_free
        assert tables_of(changed) == ["T3"]
        told = Message.objects.get(kind="booking.changed")
        assert "Table without steps: yes" in told.body_text
        assert "What is new: you are given a table without steps." in told.body_text
        assert "What is new: you are given a table without steps." in told.body_html
        # The history outlives the booking's own row: it tells that the wish changed, not what it is.
        assert booking.history.latest("pk").changes["step_free"] == {}

    def test_says_what_is_new_only_where_it_is_the_wish(self, stairs: Restaurant) -> None:
        booking = book(stairs, **NEEDS)
        work_off_outbox()

        moved = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:00"))
        work_off_outbox()
        services.change_booking(booking=moved, by=Actor.diner(None), step_free=False)
        work_off_outbox()

        first, second = Message.objects.filter(kind="booking.changed").order_by("pk")
        assert "What is new" not in first.body_text
        assert "What is new: you no longer ask for a table without steps." in second.body_text

    def test_is_refused_without_room_and_nothing_moves(self, stairs: Restaurant) -> None:
        book(stairs, guest=guest(2), by=Actor.staff(member(stairs.pk)), table_ids=[key_of(stairs, "T3")])
        booking = book(stairs)

        with pytest.raises(errors.NoTableFree):
            services.change_booking(booking=booking, by=Actor.diner(None), step_free=True)

        booking.refresh_from_db()
        assert not booking.step_free
        assert tables_of(booking) == ["T1"]

    def test_keeps_the_table_where_it_has_no_steps_and_when_the_wish_is_gone(self, stairs: Restaurant) -> None:
        booking = book(stairs, party_size=4, by=Actor.staff(member(stairs.pk)), table_ids=[key_of(stairs, "T3")])
        rows = list(TableAllocation.objects.values_list("pk", flat=True))

        wishing = services.change_booking(booking=booking, by=Actor.diner(None), step_free=True)
        plain = services.change_booking(booking=wishing, by=Actor.diner(None), step_free=False)

        assert not plain.step_free
        assert list(TableAllocation.objects.values_list("pk", flat=True)) == rows

    def test_to_another_time_keeps_the_wish(self, stairs: Restaurant) -> None:
        booking = book(stairs, **NEEDS)

        moved = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:30"))

        assert moved.step_free
        assert tables_of(moved) == ["T3"]


class TestWhatTheHouseDoes:
    def test_closing_its_table_finds_another_without_steps_or_none(self) -> None:
        hall = house_with(("T1", "T3"), tables=(2, 2, 2))
        first, second = book(hall, **NEEDS), book(hall, guest=guest(2), **NEEDS)
        assert (tables_of(first), tables_of(second)) == (["T1"], ["T3"])

        closing = services.look_at_closing(
            restaurant_id=hall.pk, starts_at=at("18:00"), ends_at=at("23:00"), table_id=key_of(hall, "T1")
        )

        assert [each.to for each in closing.in_the_way] == [None]

    def test_a_party_at_the_door_gets_no_table_with_steps(self, stairs: Restaurant) -> None:
        staff = Actor.staff(member(stairs.pk))
        booking = book(stairs, **NEEDS)

        with time_machine.travel(at(), tick=True), pytest.raises(errors.TableHasSteps):
            services.seat_party(booking=booking, by=staff, table_ids=[key_of(stairs, "T1")])

    def test_each_date_of_a_series_is_without_steps(self, stairs: Restaurant) -> None:
        diner = UserFactory()
        day = tomorrow()
        for week in range(3):
            book(stairs, starts_at=at("19:00", day + timedelta(weeks=week)), guest=guest(40 + week))

        series = services.begin_series(
            restaurant_id=stairs.pk,
            rule=Rule(day, at("19:00").time(), 1, day + timedelta(weeks=2)),
            party_size=2,
            guest=guest(),
            by=Actor.diner(diner),
            diner=diner,
            step_free=True,
        )

        dates = [each.booking for each in series.occurrences.select_related("booking")]
        assert [each.step_free for each in dates if each] == [True, True, True]
        assert [tables_of(each) for each in dates if each] == [["T3"]] * 3
        plain = services.change_series(series=series, by=Actor.diner(diner), step_free=False)
        assert not plain.step_free
        assert not Booking.objects.filter(diner=diner, step_free=True).exists()


class TestPages:
    def test_a_house_asks_only_where_it_has_such_a_table(self, client: Client, stairs: Restaurant) -> None:
        words = "We need a table without steps"

        assert words in client.get(reverse("bookings:restaurant", args=["stairs"])).content.decode()
        house(slug="ladder")
        assert words not in client.get(reverse("bookings:restaurant", args=["ladder"])).content.decode()
        asked = client.get(reverse("bookings:restaurant", args=["ladder"]), {"step_free": "on"}).content.decode()
        assert words in asked
        assert "has no table without steps for so many guests" in asked

    @pytest.mark.parametrize("name", ["bookings:restaurant", "bookings:slots", "bookings:widget"])
    def test_free_times_carry_the_wish_to_the_booking_page(self, client: Client, stairs: Restaurant, name: str) -> None:
        book(stairs, "19:00", **NEEDS)
        page = client.get(
            reverse(name, args=["stairs"]), {"date": tomorrow().isoformat(), "party": 2, "step_free": "on"}
        ).content.decode()

        assert f"starts_at={at('20:30').isoformat().replace(':', '%3A').replace('+', '%2B')}" in page
        assert f"starts_at={at('19:00').isoformat().replace(':', '%3A').replace('+', '%2B')}" not in page
        assert page.count("step_free=on") >= page.count("starts_at=")

    def test_books_with_the_box_ticked(self, client: Client, stairs: Restaurant) -> None:
        where = reverse("bookings:book", args=["stairs"])
        shown = client.get(where, {"starts_at": at().isoformat(), "party": 2, "step_free": "on"})
        assert 'name="step_free"' in shown.content.decode()
        assert "table without steps" in shown.content.decode()

        sent = {"starts_at": at().isoformat(), "party": 2, "name": "Ada", "email": "ada@example.com"}
        client.post(where, {**sent, "step_free": "on", "request_key": uuid4()})

        booking = Booking.objects.get()
        assert tables_of(booking) == ["T3"]
        own = client.get(reverse("bookings:booking", args=[booking.public_id])).content.decode()
        assert "your table is reached without a step" in own
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        own = client.get(reverse("bookings:booking", args=[booking.public_id])).content.decode()
        assert "your table is reached without a step" not in own

    def test_changes_the_wish(self, client: Client, stairs: Restaurant) -> None:
        where = reverse("bookings:book", args=["stairs"])
        sent = {"starts_at": at().isoformat(), "party": 2, "name": "Ada", "email": "ada@example.com"}
        client.post(where, {**sent, "request_key": uuid4()})
        booking = Booking.objects.get()
        change = reverse("bookings:change", args=[booking.public_id])

        page = client.get(change, {"date": tomorrow().isoformat(), "party": 2, "step_free": "on"}).content.decode()
        assert page.count('name="step_free" value="on"') == 1
        asked = {"party": 2, "version": booking.version, "seen": 1}
        client.post(change, {**asked, "starts_at": at("20:30").isoformat(), "step_free": "on"})
        booking.refresh_from_db()
        assert booking.step_free
        assert tables_of(booking) == ["T3"]

        # A form that says nothing of it leaves it as it is; one that was sent without the box takes it back.
        client.post(change, {**asked, "version": booking.version, "starts_at": at("19:00").isoformat()})
        booking.refresh_from_db()
        assert booking.step_free
        sent_back = {**asked, "version": booking.version, "starts_at": at("19:00").isoformat(), "step_free": ""}
        client.post(change, sent_back)
        booking.refresh_from_db()
        assert not booking.step_free

    def test_the_desk_adds_and_changes_it(self, client: Client, stairs: Restaurant) -> None:
        log_in(client, member(stairs.pk, Role.HOST))
        book(stairs, "19:00", **NEEDS)
        times = reverse("admin:today_times", args=[stairs.public_id])
        asked = {"day": tomorrow().isoformat(), "party": 2, "prefix": "book"}

        assert b"19:00" in client.get(times, asked).content
        assert b"full" not in client.get(times, asked).content
        assert b"full" in client.get(times, {**asked, "step_free": "on"}).content

        where = reverse("admin:today_book", args=[stairs.public_id])
        sent = {"name": "Bisi", "phone": "08031234567", "party": 2, "day": tomorrow().isoformat(), "channel": "phone"}
        client.post(where, {**sent, "clock": "20:30", "step_free": "on", "request_key": uuid4()})
        booking = Booking.objects.get(guest_name="Bisi")
        assert booking.step_free
        panel = client.get(reverse("admin:today_booking", args=[stairs.public_id, booking.public_id])).content.decode()
        assert "Table without steps" in panel
        # Of the tables to choose from only those without steps are named.
        assert "T3 · Room" in panel
        assert "T2 · Room" not in panel

        act = reverse("admin:today_act", args=[stairs.public_id, booking.public_id, "change"])
        change = {"version": booking.version, "party": 2, "day": tomorrow().isoformat(), "clock": "20:30"}
        client.post(act, {**change, "board_day": tomorrow().isoformat()})
        booking.refresh_from_db()
        assert not booking.step_free

    @pytest.mark.parametrize("name", ["admin:today_day", "admin:timeline", "admin:sheet"])
    def test_the_house_sees_who_needs_it(self, client: Client, stairs: Restaurant, name: str) -> None:
        log_in(client, member(stairs.pk, Role.HOST))
        book(stairs, **NEEDS)

        page = client.get(reverse(name, args=[stairs.public_id]), {"day": tomorrow().isoformat()}).content.decode()

        assert "Table without steps" in page


class TestApi:
    def test_from_free_times_to_a_changed_booking(self, client: Client, stairs: Restaurant) -> None:
        book(stairs, "19:00", **NEEDS)
        where = f"/api/restaurants/{stairs.public_id}/availability"
        asked = {"date": tomorrow().isoformat(), "party_size": 2}

        free = client.get(where, {**asked, "step_free": "true"}).json()
        assert free["step_free"] is True
        assert {slot["starts_at"]: slot["reason"] for slot in free["slots"]}[at("19:00").isoformat()] == "no_table"
        assert client.get(where, asked).json()["slots"][4]["available"]
        days = {"from": tomorrow().isoformat(), "to": tomorrow().isoformat(), "party_size": 2}
        counted = client.get(where, {**days, "step_free": "true"}).json()
        assert (
            counted["days"][0]["available"]
            == sum(slot["available"] for slot in free["slots"])
            < client.get(where, days).json()["days"][0]["available"]
        )

        sent = {
            "restaurant": str(stairs.public_id),
            "starts_at": at("19:00").isoformat(),
            "party_size": 2,
            "guest": {"name": "Ada", "email": "ada@example.com"},
            "step_free": True,
        }
        refused = client.post("/api/bookings", sent, "application/json")
        assert refused.json()["code"] == "booking_no_table_free"
        made = client.post("/api/bookings", {**sent, "starts_at": at("20:30").isoformat()}, "application/json").json()
        assert made["step_free"] is True
        changed = client.patch(
            f"/api/bookings/{made['id']}",
            {"step_free": False},
            "application/json",
            headers={"X-Booking-Token": made["token"]},
        )
        assert changed.json()["step_free"] is False

    def test_a_house_without_such_tables_says_so(self, client: Client) -> None:
        ladder = house(tables=(2, 4))
        asked = {"date": tomorrow().isoformat(), "party_size": 2, "step_free": "true"}

        answer = client.get(f"/api/restaurants/{ladder.public_id}/availability", asked).json()

        assert (answer["reason"], answer["slots"]) == ("no_step_free_table", [])


class TestSearch:
    """House by house: one that has such a table, one that has none, one whose table is out of use."""

    @pytest.fixture(autouse=True)
    def ladder(self) -> None:
        house(name="Ladder", slug="ladder", tables=(2, 4))
        idle = house_with(("T1",), name="Idle", slug="idle", tables=(2, 2))
        table = idle.tables.get(name="T1")
        table.is_active = False
        table.save()

    def names(self, client: Client, **asked: Any) -> list[str]:
        return names_on(client.get(reverse("bookings:search"), asked))

    def test_the_page_lists_only_houses_with_such_a_table(
        self, client: Client, stairs: Restaurant, django_assert_num_queries: Any
    ) -> None:
        assert self.names(client) == ["Idle", "Ladder", "Stairs"]
        with django_assert_num_queries(1):
            assert self.names(client, step_free="on") == ["Stairs"]
        page = client.get(reverse("bookings:search"), {"step_free": "on"}).content.decode()
        assert "/r/stairs/?party=2&amp;step_free=on" in page
        assert "Table without steps" in page

    def test_the_page_shows_the_times_at_which_such_a_table_is_free(
        self, client: Client, stairs: Restaurant, django_assert_num_queries: Any
    ) -> None:
        asked = {"date": tomorrow().isoformat(), "time": "19:00", "party": "2", "step_free": "on"}
        page = client.get(reverse("bookings:search"), asked).content.decode()
        assert "step_free=on" in page[page.index("starts_at=") :][:120]
        with django_assert_num_queries(3):
            assert self.names(client, **asked) == ["Stairs"]

        for clock, number in (("18:00", 2), ("19:30", 3)):
            book(stairs, clock, guest=guest(number), **NEEDS)

        assert self.names(client, **asked) == []
        assert self.names(client, **{**asked, "step_free": ""}) == ["Idle", "Ladder", "Stairs"]

    def test_the_api_does_both(self, client: Client, stairs: Restaurant) -> None:
        def found(**asked: Any) -> list[str]:
            results = client.get("/api/restaurants", {"step_free": "true", **asked}).json()["results"]
            return [each["name"] for each in results]

        free = {"party_size": 2, "date": tomorrow().isoformat(), "time": "19:00"}
        assert found() == ["Stairs"]
        assert found(step_free="false") == ["Idle", "Ladder", "Stairs"]
        assert found(**free) == ["Stairs"]
        for clock, number in (("18:00", 2), ("19:30", 3)):
            book(stairs, clock, guest=guest(number), **NEEDS)
        assert found(**free) == []
        assert client.get("/api/restaurants", {"step_free": "up"}).status_code == 400

    def test_the_list_follows_when_a_house_gets_one(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        assert client.get("/api/restaurants", {"step_free": "true"}).json()["results"] == []
        table = Restaurant.objects.get(slug="ladder").tables.get(name="T1")
        with django_capture_on_commit_callbacks(execute=True):
            table.is_accessible = True
            table.save()

        names = [each["name"] for each in client.get("/api/restaurants", {"step_free": "true"}).json()["results"]]
        assert names == ["Ladder"]


class TestPrivacy:
    def test_is_handed_out_and_goes_with_the_guest(self, stairs: Restaurant) -> None:
        ada = UserFactory()
        booking = book(stairs, diner=ada, **NEEDS)
        BookingSeries.objects.create(
            restaurant=stairs, diner=ada, guest_name="Ada", channel="web", first_on=tomorrow(), last_on=tomorrow(),
            local_time=at().time(), party_size=2, step_free=True,
        )  # fmt: skip
        subject = Subject(user_id=ada.pk, pseudonym="Erased 1")
        assert [row["table_without_steps"] for row in collectors.bookings(subject)] == [True]
        assert [row["table_without_steps"] for row in collectors.series(subject)] == [True]

        erasers.stop_repeating(subject)
        erasers.empty(subject)

        booking.refresh_from_db()
        assert not booking.step_free
        assert not BookingSeries.objects.filter(step_free=True).exists()

    def test_is_not_kept_for_ever(self, stairs: Restaurant) -> None:
        booking = book(stairs, **NEEDS)
        notes = next(policy for policy in POLICIES if policy.name == "bookings.notes")

        assert notes.count(booking.starts_at) == 0
        notes.sweep(booking.starts_at + timedelta(days=1), 10)

        booking.refresh_from_db()
        assert not booking.step_free
        assert notes.count(booking.starts_at + timedelta(days=1)) == 0
