"""Taking, changing and giving back tables, through the services every door calls."""

from datetime import time, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import UserFactory, member
from bookings import errors, selectors, services
from bookings.errors import BookingMovedOn
from bookings.models import Booking, BookingHistory, TableAllocation
from bookings.services import Actor, Guest
from bookings.states import ActorKind, Channel, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.models import OutboxEvent
from core.states import IllegalMove
from restaurants.models import BookingPolicy, Restaurant, Shift, Table, TableCombination
from restaurants.service_plan import plan_of, shelf
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


def free_times(restaurant, party_size=2) -> list[str]:
    slots = selectors.slots_on(restaurant.pk, tomorrow(), party_size)
    return [slot.starts_at.astimezone(at().tzinfo).strftime("%H:%M") for slot in slots if slot.available]


def tables_of(booking) -> list[str]:
    return list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))


def events() -> list[str]:
    return list(OutboxEvent.objects.order_by("created_at", "pk").values_list("name", flat=True))


class TestBookTable:
    def test_confirms_with_a_table_a_code_the_terms_and_a_history(self):
        restaurant = house(tables=(2, 4), policy={"free_cancellation_hours": 3, "grace_minutes": 25})

        booking = book(restaurant, "19:00")

        assert booking.status == Status.CONFIRMED
        assert len(booking.code) == 6
        assert tables_of(booking) == ["T1"]
        assert booking.ends_at - booking.starts_at == timedelta(minutes=90)
        assert booking.service_day == tomorrow()
        assert booking.policy["free_cancellation_hours"] == 3
        assert booking.policy["grace_minutes"] == 25
        entry = booking.history.get()
        assert (entry.from_status, entry.to_status) == ("", Status.CONFIRMED)
        assert (entry.actor_kind, entry.channel) == (ActorKind.DINER, Channel.WEB)
        assert events() == ["booking.confirmed"]

    def test_costs_a_fixed_number_of_queries_under_the_lock(self, django_assert_max_num_queries):
        restaurant = house(tables=(2,) * 20)
        book(restaurant, "18:00")

        # Version of the plan; savepoint, lock, room, own overlap, four inserts, release; and for a guest the house has
        # not known: a look into its guest book, a lock, another look, an insert.
        with django_assert_max_num_queries(14):
            book(restaurant, "19:00", guest=guest(2))

    def test_asks_the_house_where_it_approves_each_booking(self):
        restaurant = house(policy={"needs_approval": True})

        booking = book(restaurant)

        assert booking.status == Status.REQUESTED
        assert tables_of(booking) == ["T1"]
        assert events() == ["booking.requested"]

    def test_refuses_a_full_house_with_the_nearest_times(self):
        restaurant = house(tables=(2,))
        book(restaurant, "19:00")

        with pytest.raises(errors.NoTableFree) as refusal:
            book(restaurant, "19:30", guest=guest(2))

        nearest = [free["starts_at"] for free in refusal.value.details["alternatives"]]
        assert at("20:30").isoformat() in nearest
        assert len(nearest) == 5
        assert Booking.objects.count() == 1
        assert events() == ["booking.confirmed"]

    def test_offers_other_areas_at_the_same_time_first_when_an_area_was_asked_for(self):
        restaurant = house(tables=(2,))
        terrace = AreaFactory(restaurant=restaurant, name="Terrace")
        TableFactory(restaurant=restaurant, area=terrace, name="T9", max_party=2)
        room = restaurant.areas.get(name="Room")
        book(restaurant, "19:00", area=room.public_id)

        with pytest.raises(errors.NoTableFree) as refusal:
            book(restaurant, "19:00", area=room.public_id, guest=guest(2))

        same_time = next(f for f in refusal.value.details["alternatives"] if f["starts_at"] == at("19:00").isoformat())
        assert [area["name"] for area in same_time["areas"]] == ["Terrace"]

    def test_refuses_more_than_the_kitchen_can_start(self):
        restaurant = house(tables=(4, 4, 4), shift={"max_covers_per_slot": 4})
        book(restaurant, party_size=3)

        with pytest.raises(errors.TooManyAtOnce) as refusal:
            book(restaurant, party_size=2, guest=guest(2))

        assert refusal.value.details["alternatives"]

    @pytest.mark.parametrize(
        ("wish", "error"),
        [
            ({"party_size": 21}, errors.PartySizeRefused),
            ({"starts_at": at("19:10")}, errors.NotASeatingTime),
            ({"starts_at": at("03:00")}, errors.NotASeatingTime),
            ({"starts_at": at("19:00", tomorrow() - timedelta(days=3))}, errors.TimeInThePast),
            ({"starts_at": at("19:00", tomorrow() + timedelta(days=90))}, errors.TimeTooFarAhead),
            ({"starts_at": at("19:00").replace(year=9999)}, errors.TimeTooFarAhead),
            ({"area": uuid4()}, errors.UnknownArea),
            ({"guest": Guest(name="Demo diner")}, errors.ContactMissing),
        ],
    )
    def test_refuses_what_the_rules_forbid_and_leaves_nothing(self, wish, error):
        restaurant = house(tables=(30,))

        with pytest.raises(error):
            book(restaurant, **wish)

        assert not Booking.objects.exists()
        assert not TableAllocation.objects.exists()
        assert not OutboxEvent.objects.exists()

    def test_refuses_another_restaurants_area(self):
        restaurant, other = house(), house()

        with pytest.raises(errors.UnknownArea):
            book(restaurant, area=other.areas.get().public_id)

    @pytest.mark.parametrize("status", sorted(set(RestaurantStatus) - {RestaurantStatus.LIVE}))
    def test_refuses_a_restaurant_that_takes_no_bookings(self, status):
        restaurant = house(status=status)

        with pytest.raises(errors.RestaurantNotBookable):
            book(restaurant)

    def test_a_closed_day_is_refused(self):
        restaurant = house()
        restaurant.special_days.create(date=tomorrow(), name="Eid-el-Kabir", is_closed=True)

        with pytest.raises(errors.ClosedThen):
            book(restaurant)

    def test_the_same_form_twice_is_one_booking(self):
        restaurant = house()
        key = uuid4()

        first = book(restaurant, request_key=key)
        second = book(restaurant, request_key=key)

        assert first.pk == second.pk
        assert Booking.objects.count() == 1

    def test_the_very_same_booking_without_a_key_is_refused(self):
        restaurant = house(tables=(4, 4))
        book(restaurant)

        with pytest.raises(errors.DuplicateBooking):
            book(restaurant)

    def test_a_second_request_for_the_last_table_is_told_that_it_has_been_booked_already(self):
        restaurant = house(tables=(2,))
        book(restaurant)

        with pytest.raises(errors.DuplicateBooking):
            book(restaurant)

        assert Booking.objects.count() == 1

    def test_two_people_who_share_a_phone_may_both_book(self):
        restaurant = house(tables=(4, 4))
        book(restaurant)

        other = book(restaurant, guest=Guest(name="Demo aunt", phone=guest().phone))

        assert other.status == Status.CONFIRMED

    def test_a_diner_with_an_account_cannot_sit_in_two_places_at_once(self):
        diner = UserFactory()
        book(house(), "19:00", diner=diner)

        with pytest.raises(errors.OverlapsOwnBooking):
            book(house(), "20:00", diner=diner)

        assert book(house(), "20:30", diner=diner).status == Status.CONFIRMED

    def test_the_nearest_times_of_a_night_lie_before_and_after_midnight(self):
        restaurant = house(tables=(2,), first_seating=time(17), last_seating=time(1), turn_minutes=30)
        past_midnight = at("00:30", tomorrow() + timedelta(days=1))
        book(restaurant, starts_at=past_midnight)

        with pytest.raises(errors.NoTableFree) as refusal:
            book(restaurant, starts_at=past_midnight, guest=guest(2))

        nearest = [free["starts_at"][11:16] for free in refusal.value.details["alternatives"]]
        assert nearest == ["23:15", "23:30", "23:45", "00:00", "01:00"]

    def test_takes_a_combination_when_no_single_table_fits_and_every_member_with_it(self):
        restaurant = house(tables=(2, 2, 2))
        joined = TableCombination.objects.create(restaurant=restaurant, name="T1+T2", min_party=3, max_party=4)
        joined.tables.set(restaurant.tables.filter(name__in=["T1", "T2"]))

        family = book(restaurant, party_size=4)
        couple = book(restaurant, guest=guest(2))

        assert tables_of(family) == ["T1", "T2"]
        assert tables_of(couple) == ["T3"]
        assert sorted(family.allocations.values_list("covers", flat=True)) == [0, 4]

    def test_a_changed_plan_counts_at_once(self):
        restaurant = house(tables=(2,))
        assert "19:00" in free_times(restaurant)

        restaurant.tables.update(is_active=False)
        restaurant.tables.first().save()

        with pytest.raises(errors.PartySizeRefused):
            book(restaurant)

    def test_a_service_past_midnight_belongs_to_its_service_day(self):
        restaurant = house(first_seating=time(22), last_seating=time(1))

        booking = book(restaurant, starts_at=at("00:30", tomorrow() + timedelta(days=1)))

        assert booking.service_day == tomorrow()


class TestStaffBook:
    def test_may_pass_over_the_online_limits(self):
        restaurant = house(tables=(8,), policy={"max_party_online": 4, "window_days": 1})
        host = member(restaurant.pk)

        booking = book(
            restaurant,
            starts_at=at("19:00", tomorrow() + timedelta(days=30)),
            party_size=8,
            by=Actor.staff(host, Channel.PHONE),
            guest=Guest(name="Demo chief"),
        )

        assert booking.channel == Channel.PHONE
        assert booking.created_by == host

    def test_may_choose_the_table_which_is_then_promised(self):
        restaurant = house(tables=(2, 4))
        table = restaurant.tables.get(name="T2")

        booking = book(restaurant, by=Actor.staff(member(restaurant.pk)), table_ids=[table.pk])

        assert tables_of(booking) == ["T2"]
        assert booking.is_locked

    def test_may_not_choose_a_taken_table_or_another_houses(self):
        restaurant = house(tables=(2, 4))
        staff = Actor.staff(member(restaurant.pk))
        table = restaurant.tables.get(name="T2")
        book(restaurant, by=staff, table_ids=[table.pk])

        with pytest.raises(errors.TableTaken):
            book(restaurant, "19:30", by=staff, table_ids=[table.pk], guest=guest(2))
        with pytest.raises(errors.UnknownTable):
            book(restaurant, by=staff, table_ids=[house().tables.first().pk], guest=guest(2))

    def test_may_pass_over_the_pacing(self):
        restaurant = house(tables=(4, 4), shift={"max_parties_per_slot": 1})
        staff = Actor.staff(member(restaurant.pk))
        book(restaurant)

        with pytest.raises(errors.TooManyAtOnce):
            book(restaurant, by=staff, guest=guest(2))
        assert book(restaurant, by=staff, guest=guest(2), heed_pacing=False).pk


class TestHolds:
    def hold(self, restaurant, clock="19:00"):
        return services.hold_table(
            restaurant_id=restaurant.pk, starts_at=at(clock), party_size=2, by=Actor.diner(None, Channel.API)
        )

    def test_keeps_the_table_until_it_expires(self):
        restaurant = house(tables=(2,))

        hold = self.hold(restaurant)

        assert hold.status == Status.HELD
        assert events() == []
        with pytest.raises(errors.NoTableFree):
            book(restaurant)

    def test_counts_for_nothing_after_its_time_even_when_nobody_has_swept(self):
        restaurant = house(tables=(2,))
        hold = self.hold(restaurant)

        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
            assert "19:00" in free_times(restaurant)
            booking = book(restaurant)

        hold.refresh_from_db()
        assert hold.status == Status.EXPIRED
        assert tables_of(booking) == ["T1"]
        assert tables_of(hold) == []

    def test_becomes_a_booking_with_a_guest(self):
        restaurant = house(tables=(2,))
        hold = self.hold(restaurant)

        booking = services.confirm_hold(hold=hold, guest=guest(), by=Actor.diner(None, Channel.API))

        assert booking.status == Status.CONFIRMED
        assert booking.guest_name == "Demo diner 1"
        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
            assert "19:00" not in free_times(restaurant)

    def test_is_not_honoured_after_its_time(self):
        hold = self.hold(house(tables=(2,)))

        with (
            time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True),
            pytest.raises(errors.HoldExpired),
        ):
            services.confirm_hold(hold=hold, guest=guest(), by=Actor.diner(None))

    def test_the_sweep_frees_what_has_run_out_and_nothing_else(self):
        restaurant = house(tables=(2, 2))
        old = self.hold(restaurant)
        with time_machine.travel(timezone.now() + timedelta(minutes=9), tick=True):
            young = self.hold(restaurant)

        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
            released = services.release_expired_holds()

        old.refresh_from_db()
        young.refresh_from_db()
        assert released == 1
        assert (old.status, young.status) == (Status.EXPIRED, Status.HELD)


class TestChangeBooking:
    def test_moves_to_another_time_with_the_same_code_and_terms(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant, "19:00")
        BookingPolicy.objects.filter(restaurant=restaurant).update(grace_minutes=1)

        changed = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:30"))

        assert changed.starts_at == at("20:30")
        assert (changed.code, changed.policy) == (booking.code, booking.policy)
        assert changed.version == booking.version + 1
        assert free_times(restaurant) == ["18:00", "18:15", "18:30", "18:45", "19:00"]
        assert events() == ["booking.confirmed", "booking.changed"]

    def test_may_overlap_its_own_old_time(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant, "19:00")

        changed = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("19:30"))

        assert changed.starts_at == at("19:30")

    def test_a_failed_change_leaves_the_old_booking_untouched(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant, "18:00")
        book(restaurant, "20:00", guest=guest(2))

        with pytest.raises(errors.NoTableFree) as refusal:
            services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("20:15"))

        booking.refresh_from_db()
        assert booking.starts_at == at("18:00")
        assert booking.version == 1
        assert tables_of(booking) == ["T1"]
        assert refusal.value.details["alternatives"]

    def test_a_party_that_grows_gets_a_larger_table_or_keeps_its_own(self):
        restaurant = house(tables=(4, 6))
        booking = book(restaurant, party_size=4)

        grown = services.change_booking(booking=booking, by=Actor.diner(None), party_size=6)
        assert tables_of(grown) == ["T2"]

        with pytest.raises(errors.PartySizeRefused):
            services.change_booking(booking=grown, by=Actor.diner(None), party_size=7)
        grown.refresh_from_db()
        assert grown.party_size == 6

    def test_moves_between_days_under_both_locks(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant)
        later = tomorrow() + timedelta(days=3)

        changed = services.change_booking(booking=booking, by=Actor.diner(None), starts_at=at("19:00", later))

        assert changed.service_day == later
        assert "19:00" in free_times(restaurant)

    def test_new_wishes_and_names_claim_nothing_and_send_no_mail(self):
        booking = book(house())

        changed = services.change_booking(
            booking=booking, by=Actor.diner(None), notes="Window, please", guest=Guest("Demo aunt", "+2348031234555")
        )

        assert changed.notes == "Window, please"
        assert events() == ["booking.confirmed"]
        # The history tells that the guest's details changed, not what they say.
        changes = changed.history.last().changes
        assert changes == {"guest_name": {}, "guest_phone": {}, "guest_email": {}, "notes": {}}

    def test_nothing_new_is_no_change(self):
        booking = book(house())

        services.change_booking(booking=booking, by=Actor.diner(None), party_size=2)

        assert BookingHistory.objects.count() == 1

    def test_two_hosts_cannot_undo_one_another_unknowingly(self):
        restaurant = house()
        booking = book(restaurant)
        staff = Actor.staff(member(restaurant.pk))
        services.change_booking(booking=booking, by=staff, starts_at=at("20:00"), expected_version=1)

        with pytest.raises(BookingMovedOn):
            services.change_booking(booking=booking, by=staff, starts_at=at("18:00"), expected_version=1)

        booking.refresh_from_db()
        assert booking.starts_at == at("20:00")

    def test_staff_move_a_booking_to_another_table(self):
        restaurant = house(tables=(2, 4))
        booking = book(restaurant)
        staff = Actor.staff(member(restaurant.pk))

        moved = services.change_booking(booking=booking, by=staff, table_ids=[restaurant.tables.get(name="T2").pk])

        assert tables_of(moved) == ["T2"]
        assert moved.is_locked

    def test_a_diner_with_an_account_cannot_move_one_booking_over_another(self):
        diner = UserFactory()
        book(house(), "19:00", diner=diner)
        later = book(house(), "20:45", diner=diner)

        with pytest.raises(errors.OverlapsOwnBooking):
            services.change_booking(booking=later, by=Actor.diner(diner), starts_at=at("19:15"))

        later.refresh_from_db()
        assert (later.starts_at, later.version) == (at("20:45"), 1)

    def test_a_diner_cannot_change_what_has_begun_or_ended(self):
        booking = book(house())

        with time_machine.travel(at("19:01"), tick=True), pytest.raises(errors.TooLateToChange):
            services.change_booking(booking=booking, by=Actor.diner(None), party_size=1)
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        with pytest.raises(errors.TooLateToChange):
            services.change_booking(booking=booking, by=Actor.diner(None), party_size=1)


class TestCancelBooking:
    def test_frees_the_table_at_once(self):
        restaurant = house(tables=(2,))
        booking = book(restaurant)

        cancelled = services.cancel_booking(booking=booking, by=Actor.diner(None))

        assert cancelled.status == Status.CANCELLED
        assert not cancelled.is_late_cancellation
        assert "19:00" in free_times(restaurant)
        assert book(restaurant, guest=guest(2)).status == Status.CONFIRMED

    def test_counts_as_late_inside_the_window_of_the_terms_accepted(self):
        booking = book(house(policy={"free_cancellation_hours": 2}))
        BookingPolicy.objects.update(free_cancellation_hours=0)

        with time_machine.travel(at("17:01"), tick=True):
            cancelled = services.cancel_booking(booking=booking, by=Actor.diner(None))

        assert cancelled.is_late_cancellation

    def test_the_restaurant_gives_a_reason_and_it_is_never_the_diners_lateness(self):
        restaurant = house(policy={"free_cancellation_hours": 48})
        booking = book(restaurant)
        staff = Actor.staff(member(restaurant.pk))

        with pytest.raises(errors.ReasonMissing):
            services.cancel_booking(booking=booking, by=staff, reason=" ")
        cancelled = services.cancel_booking(booking=booking, by=staff, reason="The generator failed")

        assert not cancelled.is_late_cancellation
        assert cancelled.history.last().reason == "The generator failed"

    def test_twice_is_illegal_and_changes_nothing(self):
        booking = book(house())
        services.cancel_booking(booking=booking, by=Actor.diner(None))

        with pytest.raises(IllegalMove):
            services.cancel_booking(booking=booking, by=Actor.diner(None))

        assert events() == ["booking.confirmed", "booking.cancelled"]

    def test_a_diner_cannot_cancel_after_the_time(self):
        booking = book(house())

        with time_machine.travel(at("19:01"), tick=True), pytest.raises(errors.TooLateToChange):
            services.cancel_booking(booking=booking, by=Actor.diner(None))

    def test_a_diner_cannot_cancel_once_the_party_has_come(self):
        restaurant = house()
        booking = book(restaurant)

        with time_machine.travel(at("18:50"), tick=True):
            services.mark_arrived(booking=booking, by=Actor.staff(member(restaurant.pk)))
            with pytest.raises(errors.TooLateToChange):
                services.cancel_booking(booking=booking, by=Actor.diner(None))

        booking.refresh_from_db()
        assert booking.status == Status.ARRIVED


class TestAttachToAccount:
    def test_puts_a_guests_booking_on_an_account_once(self):
        booking, diner = book(house()), UserFactory()

        services.attach_to_account(booking=booking, diner=diner)

        assert list(selectors.bookings_of(diner)) == [booking]
        with pytest.raises(errors.BookingNotFound):
            services.attach_to_account(booking=booking, diner=UserFactory())


class TestCalendarOfFreeTimes:
    def test_several_days_take_as_many_queries_as_one(self, django_assert_num_queries):
        restaurant = house()
        selectors.slots_on(restaurant.pk, tomorrow(), 2)

        with django_assert_num_queries(1):
            days = selectors.calendar_of(restaurant.pk, tomorrow(), tomorrow() + timedelta(days=13), 2)

        assert len(days) == 14
        assert all(slot.available for slots in days.values() for slot in slots)

    def test_one_day_takes_one_query_once_the_plan_is_known(self, django_assert_num_queries):
        restaurant = house()
        selectors.slots_on(restaurant.pk, tomorrow(), 2)

        with django_assert_num_queries(1):
            selectors.slots_on(restaurant.pk, tomorrow(), 2)

    def test_many_restaurants_take_one_query_once_their_plans_are_known(self, django_assert_num_queries):
        restaurants = [house(tables=(2,)) for _ in range(12)]
        book(restaurants[0], "19:00")
        ids = [restaurant.pk for restaurant in restaurants]
        half_an_hour = timedelta(minutes=30)
        selectors.restaurants_free_at(ids, tomorrow(), at("19:30"), 2, around=half_an_hour)

        with django_assert_num_queries(1):
            found = selectors.restaurants_free_at(ids, tomorrow(), at("19:30"), 2, around=half_an_hour)

        assert set(found) == set(ids[1:])


class TestPlanVersion:
    @pytest.mark.parametrize(
        "change",
        [
            lambda restaurant: restaurant.shifts.get().turn_times.get().save(),
            lambda restaurant: restaurant.shifts.get().save(),
            lambda restaurant: restaurant.tables.first().save(),
            lambda restaurant: restaurant.special_days.create(date=tomorrow(), name="Eid", is_closed=True),
            lambda restaurant: restaurant.policy.save(),
            lambda restaurant: restaurant.opening_hours.first().delete(),
            lambda restaurant: restaurant.save(),
        ],
        ids=["turn time", "shift", "table", "special day", "policy", "hours", "restaurant"],
    )
    def test_every_change_of_the_plan_raises_it(self, change):
        restaurant = house()
        before = Restaurant.objects.get(pk=restaurant.pk).plan_version

        change(restaurant)

        assert Restaurant.objects.get(pk=restaurant.pk).plan_version > before

    def test_a_plan_that_is_edited_while_it_is_read_is_read_again(self):
        restaurant = house(tables=(2,))
        shelf.clear()
        edits = [lambda: Table.objects.get(restaurant=restaurant).delete()]

        def edit_after_the_tables(execute, sql, params, many, context):
            answer = execute(sql, params, many, context)
            if edits and sql.startswith("SELECT") and 'FROM "restaurants_shift"' in sql:
                edits.pop()()
            return answer

        with connection.execute_wrapper(edit_after_the_tables):
            plan_of(restaurant.pk)

        assert plan_of(restaurant.pk).seatings == ()

    def test_new_turn_times_touch_new_bookings_only(self):
        restaurant = house(tables=(2, 2), turn_minutes=90)
        booking = book(restaurant)
        turn = Shift.objects.get(restaurant=restaurant).turn_times.get()
        turn.minutes = 30
        turn.save()

        later = book(restaurant, guest=guest(2))

        booking.refresh_from_db()
        assert booking.ends_at - booking.starts_at == timedelta(minutes=90)
        assert later.ends_at - later.starts_at == timedelta(minutes=30)


def test_a_table_that_bookings_stand_on_is_not_deleted():
    restaurant = house(tables=(2,))
    book(restaurant)

    with pytest.raises(Exception, match="protected"):
        Table.objects.get(restaurant=restaurant).delete()
