"""The evening itself: arriving, sitting, leaving, not coming; blocks; reminders; mails."""

import base64
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone
from icalendar import Calendar

from accounts.tests.factories import member
from bookings import errors, selectors, services
from bookings.calendars import calendar_of
from bookings.models import Booking, TableAllocation
from bookings.services import Actor, Guest
from bookings.states import Channel, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.errors import InvalidInput
from core.models import OutboxEvent
from core.states import IllegalMove
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def restaurant():
    return house(tables=(2, 4), policy={"grace_minutes": 20})


@pytest.fixture
def host(restaurant):
    return Actor.staff(member(restaurant.pk))


def tables_of(booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


class TestAnEvening:
    def test_runs_from_arrival_to_leaving(self, restaurant, host):
        booking = book(restaurant)

        with time_machine.travel(at("19:05"), tick=True):
            arrived = services.mark_arrived(booking=booking, by=host)
            seated = services.seat_party(booking=arrived, by=host)
            done = services.complete_visit(booking=seated, by=host)

        assert [entry.to_status for entry in done.history.all()] == ["confirmed", "arrived", "seated", "completed"]
        assert done.arrived_at and done.seated_at and done.left_at
        assert tables_of(done) == []

    def test_a_party_may_leave_before_it_is_seated(self, restaurant, host):
        booked = book(restaurant)

        with time_machine.travel(at("18:50"), tick=True):
            booking = services.mark_arrived(booking=booked, by=host)
            left = services.mark_left(booking=booking, by=host)

        assert left.status == Status.LEFT
        assert tables_of(left) == []

    def test_illegal_moves_fail_and_change_nothing(self, restaurant, host):
        booking = book(restaurant)

        with pytest.raises(IllegalMove):
            services.complete_visit(booking=booking, by=host)

        booking.refresh_from_db()
        assert (booking.status, booking.version, booking.left_at) == (Status.CONFIRMED, 1, None)
        assert tables_of(booking) == ["T1"]

    def test_requests_are_approved_or_declined_with_a_reason(self):
        restaurant = house(tables=(2, 2), policy={"needs_approval": True})
        host = Actor.staff(member(restaurant.pk))
        first, second = book(restaurant), book(restaurant, guest=guest(2))

        assert services.confirm_request(booking=first, by=host).status == Status.CONFIRMED
        with pytest.raises(errors.ReasonMissing):
            services.decline_request(booking=second, by=host, reason="")
        declined = services.decline_request(booking=second, by=host, reason="A wedding takes the house")
        assert declined.status == Status.DECLINED
        assert tables_of(declined) == []


class TestARequestNobodyAnswers:
    def test_expires_at_its_time_gives_back_the_table_and_tells_the_guest(self):
        restaurant = house(tables=(2,), policy={"needs_approval": True})
        host = Actor.staff(member(restaurant.pk))
        asked = book(restaurant)

        assert services.expire_unanswered_requests() == 0
        with time_machine.travel(at("19:00"), tick=True):
            with pytest.raises(errors.TimeInThePast):
                services.confirm_request(booking=asked, by=host)
            assert services.expire_unanswered_requests() == 1
            work_off_outbox()

        asked.refresh_from_db()
        assert asked.status == Status.EXPIRED
        assert tables_of(asked) == []
        message = Message.objects.get(kind="booking.declined")
        assert "did not answer in time" in message.body_text


class TestSeatParty:
    def test_refuses_while_the_party_before_still_sits_there(self, restaurant, host):
        early = book(restaurant, "18:00", table_ids=[restaurant.tables.get(name="T1").pk], by=host)
        late = book(restaurant, "19:30", table_ids=[restaurant.tables.get(name="T1").pk], by=host, guest=guest(2))
        with time_machine.travel(at("18:00"), tick=True):
            services.seat_party(booking=early, by=host)

        with time_machine.travel(at("19:35"), tick=True):
            with pytest.raises(errors.TableStillOccupied):
                services.seat_party(booking=late, by=host)
            moved = services.seat_party(booking=late, by=host, table_ids=[restaurant.tables.get(name="T2").pk])

        assert moved.status == Status.SEATED
        assert tables_of(moved) == ["T2"]

    def test_a_party_that_comes_early_takes_its_table_from_now(self, restaurant, host):
        booking = book(restaurant, "19:00")

        with time_machine.travel(at("18:42"), tick=True):
            services.seat_party(booking=booking, by=host)

        allocation = TableAllocation.objects.get(booking=booking)
        assert allocation.during.lower == at("18:40")

    def test_a_party_that_comes_early_waits_while_its_table_is_taken(self, restaurant, host):
        table = [restaurant.tables.get(name="T1").pk]
        before = book(restaurant, "18:00", table_ids=table, by=host)
        booking = book(restaurant, "19:30", table_ids=table, by=host, guest=guest(2))

        with time_machine.travel(at("19:10"), tick=True), pytest.raises(errors.TableTaken):
            services.seat_party(booking=booking, by=host)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert before.pk != booking.pk

    @pytest.mark.parametrize("do", [services.seat_party, services.mark_arrived])
    def test_not_before_the_day_of_its_booking(self, restaurant, host, do):
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=3)))

        with pytest.raises(errors.TooEarlyToSeat):
            do(booking=booking, by=host)

        # At five in the morning it still is the night before.
        with time_machine.travel(at("05:09", booking.service_day), tick=True), pytest.raises(errors.TooEarlyToSeat):
            do(booking=booking, by=host)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_a_visit_that_nobody_completed_yesterday_does_not_stand_in_the_way(self, host):
        restaurant = house(tables=(2,))
        with time_machine.travel(at("19:00"), tick=True):
            services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=1)))

        with time_machine.travel(booking.starts_at, tick=True):
            seated = services.seat_party(booking=booking, by=host)

        assert seated.status == Status.SEATED


class TestNoShow:
    def test_only_after_the_grace(self, restaurant, host):
        booking = book(restaurant)

        with time_machine.travel(at("19:19"), tick=True), pytest.raises(errors.TooEarlyForNoShow):
            services.mark_no_show(booking=booking, by=host)
        with time_machine.travel(at("19:20"), tick=True):
            gone = services.mark_no_show(booking=booking, by=host)

        assert gone.status == Status.NO_SHOW

    def test_frees_the_rest_of_the_turn_and_can_be_undone_that_day(self, restaurant, host):
        booking = book(restaurant)
        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=host)
            assert tables_of(booking) == []

            undone = services.undo_no_show(booking=booking, by=host)

        assert undone.status == Status.CONFIRMED
        assert len(tables_of(undone)) == 1

    def test_cannot_be_undone_when_the_room_has_been_given_away(self, host):
        restaurant = house(tables=(2,), policy={"grace_minutes": 20})
        booking = book(restaurant)
        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=host)
            services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)

            with pytest.raises(errors.NoTableFree):
                services.undo_no_show(booking=booking, by=host)

        booking.refresh_from_db()
        assert booking.status == Status.NO_SHOW

    def test_takes_its_table_again_for_the_time_that_is_left(self, host):
        restaurant = house(tables=(2,), policy={"grace_minutes": 20})
        booking = book(restaurant)
        with time_machine.travel(at("19:20"), tick=True):
            services.mark_no_show(booking=booking, by=host)
            services.block_tables(
                restaurant_id=restaurant.pk, starts_at=at("19:20"), ends_at=at("19:40"), reason="Broken glass", by=host
            )

        with time_machine.travel(at("19:50"), tick=True):
            services.undo_no_show(booking=booking, by=host)

        assert TableAllocation.objects.get(booking=booking).during.lower >= at("19:40")

    def test_cannot_be_undone_on_another_day(self, restaurant, host):
        booking = book(restaurant)
        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=host)

        with (
            time_machine.travel(at("12:00", tomorrow() + timedelta(days=1)), tick=True),
            pytest.raises(errors.UndoTooLate),
        ):
            services.undo_no_show(booking=booking, by=host)


class TestWalkIn:
    def test_is_seated_at_once_and_counts_as_a_party(self, restaurant):
        walk_in = Actor.staff(member(restaurant.pk), Channel.WALK_IN)

        with time_machine.travel(at("19:03"), tick=True):
            booking = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=walk_in)

        assert booking.status == Status.SEATED
        assert booking.starts_at == at("19:00")
        assert booking.channel == Channel.WALK_IN
        assert tables_of(booking) == ["T1"]

    def test_a_second_tap_seats_nobody_twice(self, restaurant):
        walk_in, key = Actor.staff(member(restaurant.pk), Channel.WALK_IN), uuid4()

        with time_machine.travel(at("19:03"), tick=True):
            first, second = (
                services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=walk_in, request_key=key)
                for _tap in range(2)
            )

        assert first.pk == second.pk
        assert Booking.objects.count() == 1

    def test_fits_before_a_booking_when_it_may_stay_shorter(self):
        restaurant = house(tables=(2,))
        host = Actor.staff(member(restaurant.pk), Channel.WALK_IN)
        book(restaurant, "19:45")

        with time_machine.travel(at("19:00"), tick=True):
            with pytest.raises(errors.NoTableFree):
                services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)
            booking = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host, minutes=40)

        assert booking.ends_at == at("19:40")

    def test_gets_another_table_while_a_party_overruns_at_the_best_one(self, restaurant, host):
        with time_machine.travel(at("18:00"), tick=True):
            overrunning = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host, minutes=30)

        with time_machine.travel(at("19:00"), tick=True):
            booking = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=host)

        assert (tables_of(overrunning), tables_of(booking)) == (["T1"], ["T2"])

    @pytest.mark.parametrize("party_size", [0, -1, 5, 10**9])
    def test_refuses_sizes_the_house_cannot_seat(self, restaurant, host, party_size):
        with pytest.raises(errors.PartySizeRefused):
            services.seat_walk_in(restaurant_id=restaurant.pk, party_size=party_size, by=host)

        assert not Booking.objects.exists()


class TestBlocks:
    def block(self, restaurant, host, **asked):
        asked.setdefault("starts_at", at("18:00"))
        asked.setdefault("ends_at", at("23:00"))
        return services.block_tables(restaurant_id=restaurant.pk, reason="Rain", by=host, **asked)

    def test_takes_an_area_from_sale_and_gives_it_back(self, restaurant, host):
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=8)

        block = self.block(restaurant, host, area_id=terrace.pk)
        assert not any(slot.available for slot in selectors.slots_on(restaurant.pk, tomorrow(), 8))

        services.remove_block(block=block)
        assert any(slot.available for slot in selectors.slots_on(restaurant.pk, tomorrow(), 8))

    def test_names_the_bookings_in_the_way_and_moves_nobody(self, restaurant, host):
        booking = book(restaurant)

        with pytest.raises(errors.BlockHitsBookings) as refusal:
            self.block(restaurant, host)

        assert [hit["code"] for hit in refusal.value.details["bookings"]] == [booking.code]
        assert tables_of(booking) == ["T1"]

    def test_a_week_long_repair_blocks_every_day_of_it(self, restaurant, host):
        table = restaurant.tables.get(name="T2")

        self.block(restaurant, host, table_id=table.pk, ends_at=at("23:00", tomorrow() + timedelta(days=7)))

        for offset in range(8):
            slots = selectors.slots_on(restaurant.pk, tomorrow() + timedelta(days=offset), 4)
            assert not any(slot.available for slot in slots)

    def test_counts_no_covers(self, host):
        restaurant = house(tables=(2, 2), shift={"max_parties_per_slot": 1})
        self.block(restaurant, host, table_id=restaurant.tables.get(name="T1").pk)

        assert book(restaurant, "18:00").status == Status.CONFIRMED

    def test_refuses_an_empty_or_endless_time_and_foreign_tables(self, restaurant, host):
        for ends_at in (at("18:00"), at("17:00"), at("18:00", tomorrow() + timedelta(days=400))):
            with pytest.raises(InvalidInput):
                self.block(restaurant, host, ends_at=ends_at)
        with pytest.raises(errors.UnknownTable):
            self.block(restaurant, host, table_id=house().tables.first().pk)

    def test_an_expired_hold_does_not_stand_in_the_way(self, restaurant, host):
        services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=Actor.diner(None))

        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
            assert self.block(restaurant, host).pk


class TestReminders:
    def test_a_day_and_three_hours_before_each_once(self, restaurant):
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        start = booking.starts_at

        sent = []
        for before in (timedelta(hours=25), timedelta(hours=23), timedelta(hours=22), timedelta(hours=2, minutes=50)):
            with time_machine.travel(start - before, tick=True):
                sent.append(services.send_due_reminders())
                sent.append(services.send_due_reminders())

        assert sent == [0, 0, 1, 0, 0, 0, 1, 0]
        work = OutboxEvent.objects.filter(name="booking.reminder_due")
        assert sorted(event.payload["lead"] for event in work) == ["day", "hours"]

    def test_none_for_a_booking_made_inside_the_window_or_given_up(self, restaurant):
        with time_machine.travel(at("17:00"), tick=True):
            book(restaurant)
        cancelled = book(restaurant, "20:00", guest=guest(2))
        services.cancel_booking(booking=cancelled, by=Actor.diner(None))

        with time_machine.travel(at("17:10"), tick=True):
            assert services.send_due_reminders() == 0

    def test_a_new_time_is_reminded_of_again(self, restaurant):
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        with time_machine.travel(booking.starts_at - timedelta(hours=23), tick=True):
            services.send_due_reminders()
            later = at("19:00", tomorrow() + timedelta(days=10))
            booking = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=later)

        with time_machine.travel(booking.starts_at - timedelta(hours=23), tick=True):
            assert services.send_due_reminders() == 1


class TestMails:
    def test_each_fact_is_told_once_in_the_guests_language(self, restaurant):
        booking = book(restaurant, language="ha")
        services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:00"))
        services.cancel_booking(booking=booking, by=Actor.diner(None))

        work_off_outbox()

        messages = Message.objects.order_by("pk")
        assert [message.kind for message in messages] == ["booking.cancelled"]
        assert {message.language for message in messages} == {"ha"}

    def test_a_new_time_is_told_though_the_house_wrote_a_note_meanwhile(self, restaurant):
        booking = book(restaurant)
        work_off_outbox()
        booking = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:00"))
        services.note_for_staff(booking=booking, notes="Regulars")

        work_off_outbox()

        assert list(Message.objects.order_by("pk").values_list("kind", flat=True)) == [
            "booking.confirmed",
            "booking.changed",
        ]

    def test_of_two_new_times_only_the_last_is_told(self, restaurant):
        booking = book(restaurant)
        work_off_outbox()
        for clock in ("20:00", "20:30"):
            booking = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at(clock))

        work_off_outbox()

        assert Message.objects.filter(kind="booking.changed").count() == 1

    def test_a_reminder_goes_out_though_the_house_wrote_a_note_meanwhile(self, restaurant):
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        with time_machine.travel(booking.starts_at - timedelta(hours=23), tick=True):
            services.send_due_reminders()
            services.note_for_staff(booking=booking, notes="Regulars")
            work_off_outbox()

        assert Message.objects.filter(kind="booking.reminder").count() == 1

    def test_a_confirmation_carries_code_place_link_and_calendar(self, restaurant):
        booking = book(restaurant)

        work_off_outbox()

        message = Message.objects.get()
        assert f"{booking.code[:3]} {booking.code[3:]}" in message.body_text
        assert str(booking.public_id) in message.body_text
        assert restaurant.name in message.subject
        assert [attached["name"] for attached in message.attachments] == ["buka.ics"]

    def test_calendar_mails_name_whom_they_go_to_and_replace_one_another(self, restaurant):
        booking = book(restaurant, guest=Guest(name="Obi, Chidi", email="chidi@example.com"))
        work_off_outbox()
        booking = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:00"))
        work_off_outbox()
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        work_off_outbox()

        calendars = [
            Calendar.from_ical(base64.b64decode(mail.attachments[0]["content"]))
            for mail in Message.objects.order_by("pk")
        ]
        assert [str(calendar["METHOD"]) for calendar in calendars] == ["REQUEST", "REQUEST", "CANCEL"]
        events = [calendar.walk("VEVENT") for calendar in calendars]
        # RFC 5546 3.2.2 and 3.2.5: one organizer, somebody who attends, the same UID, a growing SEQUENCE.
        for (event,) in events:
            assert str(event["ORGANIZER"]).startswith("mailto:")
            assert str(event["ATTENDEE"]) == "mailto:chidi@example.com"
            assert event["ATTENDEE"].params["CN"] == "Obi, Chidi"
            assert (event["ATTENDEE"].params["PARTSTAT"], event["ATTENDEE"].params["RSVP"]) == ("ACCEPTED", "FALSE")
            assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE"} <= set(event)
        assert {str(event["UID"]) for (event,) in events} == {f"{booking.public_id}@buka"}
        sequences = [int(event["SEQUENCE"]) for (event,) in events]
        assert sequences == sorted(set(sequences))
        assert [str(event["STATUS"]) for (event,) in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
        published = Calendar.from_ical(calendar_of(booking)).walk("VEVENT")[0]
        assert "ATTENDEE" not in published, "RFC 5546 3.2.1: a published event has nobody who attends"

    def test_a_new_table_is_the_houses_own_affair(self, restaurant, host):
        booking = book(restaurant)
        work_off_outbox()
        services.change_booking(booking=booking, by=host, table_ids=[restaurant.tables.get(name="T2").pk])

        work_off_outbox()

        assert Message.objects.count() == 1

    def test_nobody_is_written_to_without_an_address_or_a_mobile_phone(self, restaurant):
        book(restaurant, guest=Guest(name="Demo diner", phone="+2342012345678"))

        work_off_outbox()

        assert not Message.objects.exists()

    def test_a_reminder_of_a_booking_that_has_moved_on_is_not_sent(self, restaurant):
        booking = book(restaurant, starts_at=at("19:00", tomorrow() + timedelta(days=3)))
        work_off_outbox()
        with time_machine.travel(booking.starts_at - timedelta(hours=23), tick=True):
            services.send_due_reminders()
            services.cancel_booking(booking=booking, by=Actor.diner(None))
            work_off_outbox()

        assert sorted(Message.objects.values_list("kind", flat=True)) == ["booking.cancelled", "booking.confirmed"]
