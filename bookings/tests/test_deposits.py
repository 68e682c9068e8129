"""Deposits: a table is held for one, the money makes it a booking, and no money is kept without a table."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.tests.factories import UserFactory, member
from bookings import errors, selectors, services, terms
from bookings.models import Advance, AdvanceHistory, Booking, BookingHistory, HouseGuest, TableAllocation
from bookings.recurring import Rule
from bookings.services import Actor, Outcome
from bookings.states import ADVANCE_MACHINE, AdvanceState, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.models import OutboxEvent
from core.states import IllegalMove
from restaurants.models import Restaurant, SpecialTerms
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# 10,000 naira a head, to come before the visit; a table is held for an hour.
BEFORE = {
    "deposit_kobo_per_guest": 1_000_000,
    "deposit_from_party": 1,
    "deposit_due": "before",
    "deposit_minutes": 60,
    "deposit_instructions": "Sterling, 0123456789. Write the code of the booking.",
}


def strict(**more: Any) -> Restaurant:
    """Return a house that holds a table until the deposit has come."""
    policy = {**BEFORE, **more.pop("policy", {})}
    return house(policy=policy, **more)


def desk(restaurant: Restaurant) -> Actor:
    return Actor.staff(member(restaurant.pk))


def diner() -> Actor:
    return Actor.diner(None)


def receive(booking: Booking, naira: int = 20_000, **more: Any) -> services.Receipt:
    more.setdefault("by", Actor.staff(member(booking.restaurant_id)))
    return services.receive_deposit(booking=booking, amount_kobo=naira * 100, **more)


def paid(restaurant: Restaurant, *clock: str, **asked: Any) -> Booking:
    """Return a booking whose deposit has come."""
    booking = book(restaurant, *clock, **asked)
    return receive(booking, 10_000 * booking.party_size).booking


def state_of(booking: Booking) -> str:
    return Advance.objects.get(booking=booking).state


def events(name: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


def later(minutes: int) -> Any:
    return time_machine.travel(timezone.now() + minutes * MINUTE, tick=True)


class TestATableHeldForItsDeposit:
    def test_is_held_with_its_guest_until_the_time_is_over(self):
        restaurant = strict(tables=(2,))

        booking = book(restaurant)

        assert (booking.status, booking.guest_name, booking.guest) == (Status.HELD, "Demo diner 1", None)
        assert booking.hold_expires_at is not None
        assert timedelta(minutes=59) < booking.hold_expires_at - timezone.now() <= timedelta(hours=1)
        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.amount_kobo, advance.due_at) == ("awaited", 2_000_000, booking.hold_expires_at)
        assert TableAllocation.objects.get(booking=booking).expires_at == booking.hold_expires_at
        assert events("deposit.awaited")[0]["amount_kobo"] == 2_000_000
        assert not events("booking.confirmed")
        with pytest.raises(errors.NoTableFree):
            book(restaurant, guest=guest(2))

    def test_never_beyond_the_start(self):
        restaurant = strict(tables=(2,), policy={"deposit_minutes": 4000})

        assert book(restaurant).hold_expires_at == at()

    def test_is_in_nobodys_guest_book_yet(self):
        book(strict())

        assert not HouseGuest.objects.exists()

    def test_a_blocked_guest_is_refused_before_anything_is_paid(self):
        restaurant = strict(tables=(2, 2))
        HouseGuest.objects.filter(pk=paid(restaurant).guest_id).update(blocked_at=timezone.now())

        with pytest.raises(errors.NotTakenOnline):
            book(restaurant, "21:00")

    def test_the_same_form_makes_one(self):
        restaurant, key = strict(tables=(2, 2)), uuid4()

        assert book(restaurant, request_key=key) == book(restaurant, request_key=key)
        assert Advance.objects.count() == 1

    def test_its_time_over_it_is_swept_and_told(self):
        restaurant = strict(tables=(2,))
        booking = book(restaurant)

        with later(61):
            assert services.release_expired_holds() == 1

        booking.refresh_from_db()
        assert (booking.status, state_of(booking)) == (Status.EXPIRED, AdvanceState.LAPSED)
        assert len(events("deposit.lapsed")) == 1

    def test_counts_as_free_by_the_clock_before_anybody_has_swept(self):
        restaurant = strict(tables=(2,))
        first = book(restaurant)

        with later(61):
            second = book(restaurant, guest=guest(2))

        first.refresh_from_db()
        assert (first.status, second.status) == (Status.EXPIRED, Status.HELD)
        assert state_of(first) == AdvanceState.LAPSED

    def test_given_up_by_the_diner(self):
        booking = book(strict())

        services.cancel_booking(booking=booking, by=diner())

        booking.refresh_from_db()
        assert (booking.status, booking.is_late_cancellation) == (Status.CANCELLED, False)
        assert state_of(booking) == AdvanceState.LAPSED
        assert len(events("booking.cancelled")) == 1

    def test_one_that_is_payable_at_the_house_waits_for_nothing(self):
        booking = book(strict(policy={"deposit_due": "at_the_house"}))

        assert (booking.status, booking.policy["deposit_kobo"]) == (Status.CONFIRMED, 2_000_000)
        assert not Advance.objects.exists()

    def test_the_holds_of_the_api_wait_for_it_once_the_guest_is_known(self):
        restaurant = strict(tables=(2,))
        hold = services.hold_table(restaurant_id=restaurant.pk, starts_at=at(), party_size=2, by=diner())

        booking = services.confirm_hold(hold=hold, guest=guest(), by=diner())

        assert booking.status == Status.HELD
        assert booking.hold_expires_at is not None
        assert booking.hold_expires_at > timezone.now() + 50 * MINUTE
        assert TableAllocation.objects.get(booking=booking).expires_at == booking.hold_expires_at
        with pytest.raises(errors.DepositOutstanding):
            services.confirm_hold(hold=hold, guest=guest(), by=diner())
        assert receive(booking).booking.status == Status.CONFIRMED


class TestReceiveDeposit:
    def test_in_time_makes_it_a_booking(self):
        restaurant = strict(tables=(2,))
        booking = book(restaurant)

        receipt = receive(booking, reference="TRF-1")

        booking.refresh_from_db()
        assert (receipt.outcome, booking.status, state_of(booking)) == (Outcome.CONFIRMED, "confirmed", "received")
        assert booking.guest is not None
        assert TableAllocation.objects.get(booking=booking).expires_at is None
        assert len(events("booking.confirmed")) == 1
        [event] = events("deposit.received")
        assert (event["received_kobo"], event["missing_kobo"], event["confirms"]) == (2_000_000, 0, True)
        entry = AdvanceHistory.objects.get(to_state="received")
        assert (entry.reference, entry.received_kobo, entry.actor_kind) == ("TRF-1", 2_000_000, "staff")
        with later(61):
            assert services.release_expired_holds() == 0

    def test_less_leaves_it_held_and_says_what_is_missing(self):
        booking = book(strict())

        receipt = receive(booking, 15_000)

        booking.refresh_from_db()
        assert (receipt.outcome, receipt.missing_kobo) == (Outcome.SHORT, 500_000)
        assert (booking.status, state_of(booking)) == (Status.HELD, AdvanceState.AWAITED)
        assert receive(booking, 5_000).outcome == Outcome.CONFIRMED

    def test_a_part_that_came_is_owed_back_when_the_time_is_over(self):
        booking = book(strict())
        receive(booking, 15_000)

        with later(61):
            services.release_expired_holds()

        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.owed_kobo) == (AdvanceState.OWED_BACK, 1_500_000)
        assert [event["why"] for event in events("deposit.owed_back")] == ["lapsed"]
        assert not events("deposit.lapsed")

    def test_more_is_owed_back(self):
        booking = book(strict())

        receipt = receive(booking, 25_000)

        assert (receipt.outcome, receipt.owed_kobo) == (Outcome.CONFIRMED, 500_000)
        assert [(e["owed_kobo"], e["why"]) for e in events("deposit.owed_back")] == [(500_000, "surplus")]
        services.return_deposit(booking=booking, by=desk(booking.restaurant))
        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.held_kobo, advance.owed_kobo) == (AdvanceState.RECEIVED, 2_000_000, 0)

    def test_the_same_reference_counts_once(self):
        booking = book(strict())

        first, second = receive(booking, reference="TRF-1"), receive(booking, reference="TRF-1")

        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.AGAIN)
        assert Advance.objects.get().received_kobo == 2_000_000
        assert len(events("deposit.received")) == 1

    def test_the_same_reference_with_another_amount_is_refused(self):
        booking = book(strict())
        receive(booking, 5_000, reference="TRF-1")

        with pytest.raises(errors.ReferenceOfAnotherAmount, match="₦5,000") as refusal:
            receive(booking, 15_000, reference="TRF-1")

        assert refusal.value.details["amount_kobo"] == 500_000
        assert Advance.objects.get().received_kobo == 500_000
        assert receive(booking, 5_000, reference="TRF-1").outcome == Outcome.AGAIN

    def test_paid_twice_the_second_is_owed_back(self):
        booking = book(strict())
        receive(booking, reference="TRF-1")

        receipt = receive(booking, reference="TRF-2")

        assert receipt.owed_kobo == 2_000_000
        assert receipt.booking.status == Status.CONFIRMED

    def test_two_taps_of_one_form_count_once(self):
        booking = book(strict())
        receive(booking, expected_version=1)

        with pytest.raises(errors.BookingMovedOn):
            receive(booking, expected_version=1)

        assert Advance.objects.get().received_kobo == 2_000_000

    @pytest.mark.parametrize("kobo", [0, -5])
    def test_refuses_nothing(self, kobo):
        booking = book(strict())

        with pytest.raises(errors.NotAnAmount):
            services.receive_deposit(booking=booking, amount_kobo=kobo, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.AWAITED

    def test_refuses_where_no_deposit_is_asked(self):
        booking = book(house())

        with pytest.raises(errors.NoDepositAsked):
            receive(booking)

    def test_what_was_payable_at_the_house_may_come_before(self):
        booking = book(strict(policy={"deposit_due": "at_the_house"}))

        receipt = receive(booking)

        assert (receipt.outcome, receipt.booking.status) == (Outcome.NOTED, Status.CONFIRMED)
        assert state_of(booking) == AdvanceState.RECEIVED

    def test_the_terms_of_then_count_when_the_policy_has_changed(self):
        restaurant = strict()
        booking = book(restaurant)
        restaurant.policy.deposit_kobo_per_guest = 9_000_000
        restaurant.policy.save()

        assert receive(booking).outcome == Outcome.CONFIRMED


class TestMoneyThatComesLate:
    @pytest.mark.parametrize("swept", [True, False])
    def test_takes_the_same_time_again_where_there_is_room(self, swept):
        booking = book(strict(tables=(2,)))

        with later(75):
            if swept:
                services.release_expired_holds()
            receipt = receive(booking)

        again = Booking.objects.get(pk=booking.pk)
        assert (receipt.outcome, again.status, state_of(again)) == (Outcome.CONFIRMED, "confirmed", "received")
        assert (again.code, again.starts_at, again.policy) == (booking.code, booking.starts_at, booking.policy)
        [kept] = TableAllocation.objects.filter(booking=booking)
        assert (kept.live, kept.expires_at) == (True, None)
        assert again.guest is not None

    @pytest.mark.parametrize("swept", [True, False])
    def test_is_owed_back_where_somebody_else_has_the_table(self, swept):
        restaurant = strict(tables=(2,))
        booking = book(restaurant)
        with later(75):
            if swept:
                services.release_expired_holds()
            other = paid(restaurant, guest=guest(2))

            receipt = receive(booking)

        again = Booking.objects.get(pk=booking.pk)
        assert (receipt.outcome, again.status, state_of(again)) == (Outcome.OWED_BACK, "expired", "owed_back")
        assert receipt.owed_kobo == 2_000_000
        assert [event["why"] for event in events("deposit.owed_back")] == ["too_late"]
        assert list(TableAllocation.objects.filter(live=True).values_list("booking", flat=True)) == [other.pk]

    def test_an_unswept_hold_that_cannot_be_had_again_gives_its_table_back(self):
        restaurant = strict(tables=(2,), shift={"max_covers_per_slot": 2})
        booking = book(restaurant)
        with later(75):
            # Its shift has gone meanwhile.
            restaurant.shifts.update(is_active=False)
            restaurant.shifts.get().save()
            receipt = receive(booking)

        assert receipt.outcome == Outcome.OWED_BACK
        assert receipt.booking.status == Status.EXPIRED
        assert not TableAllocation.objects.filter(live=True).exists()
        assert [event["why"] for event in events("deposit.owed_back")] == ["too_late"]
        assert not events("deposit.lapsed")

    def test_heeds_the_pacing(self):
        restaurant = strict(tables=(2, 2), shift={"max_covers_per_slot": 2})
        booking = book(restaurant)
        with later(75):
            paid(restaurant, guest=guest(2))

            assert receive(booking).outcome == Outcome.OWED_BACK

    def test_gives_no_second_table_to_who_has_booked_again(self):
        restaurant, ada = strict(tables=(2, 2)), UserFactory()
        booking = book(restaurant, diner=ada)
        with later(75):
            paid(restaurant, diner=ada)

            assert receive(booking).outcome == Outcome.OWED_BACK

    def test_after_the_start_there_is_no_table_to_be_had(self):
        booking = book(strict())

        with time_machine.travel(at("19:30"), tick=True):
            assert receive(booking).outcome == Outcome.OWED_BACK

    def test_a_part_books_nothing(self):
        booking = book(strict())

        with later(75):
            receipt = receive(booking, 5_000)

        assert (receipt.outcome, receipt.owed_kobo) == (Outcome.OWED_BACK, 500_000)

    def test_moves_others_for_it_as_a_booking_does(self):
        """T1 takes two, T2 four: two have T2 from when T1 was held, and can sit at T1."""
        restaurant = strict(tables=(2, 4))
        small = book(restaurant, guest=guest(2))
        booking = book(restaurant, party_size=4)
        receive(small)
        with later(75):
            services.release_expired_holds()
            T2 = restaurant.tables.get(name="T2")
            T1 = restaurant.tables.get(name="T1")
            TableAllocation.objects.filter(booking=small).update(table=T2)

            receipt = receive(booking, 40_000)

        assert receipt.outcome == Outcome.CONFIRMED
        assert TableAllocation.objects.get(booking=booking, live=True).table == T2
        assert TableAllocation.objects.get(booking=small, live=True).table == T1

    def test_its_code_may_belong_to_somebody_else_by_then(self):
        restaurant = strict(tables=(2, 2))
        booking = book(restaurant)
        with later(75):
            services.release_expired_holds()
            other = paid(restaurant, "21:00", guest=guest(2))
            Booking.objects.filter(pk=other.pk).update(code=booking.code)

            receipt = receive(booking)

        assert receipt.outcome == Outcome.CONFIRMED
        assert receipt.booking.code != booking.code

    def test_for_a_booking_that_was_given_up(self):
        booking = book(strict())
        services.cancel_booking(booking=booking, by=diner())

        receipt = receive(booking)

        assert (receipt.outcome, receipt.booking.status) == (Outcome.OWED_BACK, Status.CANCELLED)
        assert [event["why"] for event in events("deposit.owed_back")] == ["cancelled"]

    def test_sent_once_more_after_it_was_paid_back(self):
        booking = book(strict())
        services.cancel_booking(booking=booking, by=diner())
        receive(booking)
        services.return_deposit(booking=booking, by=desk(booking.restaurant))

        receipt = receive(booking, 3_000)

        assert (receipt.outcome, receipt.owed_kobo) == (Outcome.OWED_BACK, 300_000)

    def test_staff_do_not_confirm_what_is_held(self):
        booking = book(strict())

        with pytest.raises(IllegalMove):
            services.confirm_request(booking=booking, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.AWAITED

    def test_nothing_else_makes_a_booking_of_what_has_expired(self):
        booking = book(strict(policy={"needs_approval": True}))
        with time_machine.travel(at("19:30"), tick=True):
            services.expire_unanswered_requests()
            with pytest.raises(IllegalMove):
                services.confirm_request(booking=booking, by=desk(booking.restaurant))
        with pytest.raises(IllegalMove):
            services.undo_no_show(booking=_on_its_day(booking), by=desk(booking.restaurant))


def _on_its_day(booking: Booking) -> Booking:
    booking.refresh_from_db()
    Booking.objects.filter(pk=booking.pk).update(service_day=selectors.service_day_of(booking.restaurant_id))
    return Booking.objects.get(pk=booking.pk)


class TestWhatBecomesOfTheMoney:
    def test_cancelled_in_time_it_is_owed_back(self):
        booking = paid(strict())

        services.cancel_booking(booking=booking, by=diner())

        assert state_of(booking) == AdvanceState.OWED_BACK
        assert [event["why"] for event in events("deposit.owed_back")] == ["cancelled"]

    def test_cancelled_late_it_is_kept(self):
        booking = paid(strict())

        with time_machine.travel(at("18:00"), tick=True):
            services.cancel_booking(booking=booking, by=diner())

        assert state_of(booking) == AdvanceState.KEPT
        assert not events("deposit.owed_back")
        assert [(e["kept_kobo"], e["why"]) for e in events("deposit.kept")] == [(2_000_000, "late_cancellation")]

    @pytest.mark.parametrize("clock", ["12:00", "18:30"])
    def test_cancelled_by_the_house_it_is_owed_back_whatever_the_terms(self, clock):
        booking = paid(strict())

        with time_machine.travel(at(clock), tick=True):
            services.cancel_booking(booking=booking, by=desk(booking.restaurant), reason="No power")

        assert state_of(booking) == AdvanceState.OWED_BACK

    def test_a_no_show_loses_it_and_an_undone_one_has_it_again(self):
        booking = paid(strict())

        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=desk(booking.restaurant))
            assert state_of(booking) == AdvanceState.KEPT
            services.undo_no_show(booking=booking, by=desk(booking.restaurant))
        assert state_of(booking) == AdvanceState.RECEIVED
        assert [e["why"] for e in events("deposit.kept")] == ["no_show"]
        assert [e["amount_kobo"] for e in events("deposit.released")] == [2_000_000]

    def test_a_no_show_who_is_seated_after_all_has_it_again(self):
        booking = paid(strict())

        with time_machine.travel(at("19:30"), tick=True):
            services.mark_no_show(booking=booking, by=desk(booking.restaurant))
            services.seat_party(booking=booking, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.RECEIVED

    def test_comes_off_the_bill_of_a_visit(self):
        booking = paid(strict())

        with time_machine.travel(at("19:00"), tick=True):
            services.seat_party(booking=booking, by=desk(booking.restaurant))
            services.complete_visit(booking=booking, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.APPLIED

    def test_who_leaves_unseated_has_it_back(self):
        booking = paid(strict())

        with time_machine.travel(at("19:00"), tick=True):
            services.mark_arrived(booking=booking, by=desk(booking.restaurant))
            services.mark_left(booking=booking, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.OWED_BACK

    def test_paid_back_once(self):
        booking = paid(strict())
        services.cancel_booking(booking=booking, by=diner())

        advance = services.return_deposit(booking=booking, by=desk(booking.restaurant), reference="OUT-1")

        assert (advance.state, advance.returned_kobo, advance.owed_kobo) == (AdvanceState.RETURNED, 2_000_000, 0)
        assert [(e["returned_kobo"], e["why"]) for e in events("deposit.returned")] == [(2_000_000, "cancelled")]
        with pytest.raises(errors.NothingOwedBack):
            services.return_deposit(booking=booking, by=desk(booking.restaurant))

    def test_nothing_is_paid_back_of_what_is_kept(self):
        booking = paid(strict())

        with pytest.raises(errors.NothingOwedBack):
            services.return_deposit(booking=booking, by=desk(booking.restaurant))

        assert state_of(booking) == AdvanceState.RECEIVED


class TestApproval:
    def test_is_asked_once_the_house_has_said_yes(self):
        restaurant = strict(tables=(2,), policy={"needs_approval": True})
        booking = book(restaurant)
        assert (booking.status, Advance.objects.count()) == (Status.REQUESTED, 0)

        approved = services.confirm_request(booking=booking, by=desk(restaurant))

        assert approved.status == Status.HELD
        assert approved.hold_expires_at is not None
        # The guest is not at the page: as long as an offer of the waiting list stands, at least.
        assert approved.hold_expires_at >= min(timezone.now() + timedelta(hours=1), at())
        assert TableAllocation.objects.get(booking=booking).expires_at == approved.hold_expires_at
        assert not events("booking.confirmed")
        assert receive(booking).booking.status == Status.CONFIRMED
        assert len(events("booking.confirmed")) == 1

    def test_what_was_paid_before_the_answer_is_owed_back_with_a_no(self):
        restaurant = strict(policy={"needs_approval": True})
        booking = book(restaurant)
        receive(booking)

        services.decline_request(booking=booking, by=desk(restaurant), reason="A wedding")

        assert state_of(booking) == AdvanceState.OWED_BACK

    def test_what_was_paid_for_an_answer_that_never_came_is_owed_back(self):
        booking = book(strict(policy={"needs_approval": True}))
        receive(booking)

        with time_machine.travel(at("19:30"), tick=True):
            services.expire_unanswered_requests()

        assert state_of(booking) == AdvanceState.OWED_BACK
        assert [event["why"] for event in events("deposit.owed_back")] == ["cancelled"]

    def test_what_was_paid_before_the_answer_confirms_with_a_yes(self):
        restaurant = strict(policy={"needs_approval": True})
        booking = book(restaurant)
        receive(booking)

        assert services.confirm_request(booking=booking, by=desk(restaurant)).status == Status.CONFIRMED


class TestOtherDoors:
    def test_staff_are_not_asked_for_one_and_it_is_payable_there(self):
        restaurant = strict()

        booking = book(restaurant, by=desk(restaurant))

        assert booking.status == Status.CONFIRMED
        assert not terms.is_due_before(booking.policy)
        assert booking.policy["deposit_kobo"] == 2_000_000
        assert not Advance.objects.exists()

    def test_staff_may_ask_for_it(self):
        restaurant = strict(policy={"deposit_due": "at_the_house"})

        booking = book(restaurant, by=desk(restaurant), deposit=services.Asking.HELD)

        assert (booking.status, state_of(booking)) == (Status.HELD, AdvanceState.AWAITED)

    def test_an_offer_of_the_waiting_list_that_is_accepted(self):
        restaurant = strict(tables=(2,))
        first = paid(restaurant, guest=guest(2))
        entry = services.join_waitlist(
            restaurant_id=restaurant.pk, earliest=at(), latest=at(), party_size=2, guest=guest(), by=diner()
        )
        services.cancel_booking(booking=first, by=diner())
        offered = services.offer_next(restaurant_id=restaurant.pk, day=tomorrow())
        assert offered is not None

        booking = services.accept_offer(entry=entry, by=diner())

        assert (booking.status, state_of(booking)) == (Status.HELD, AdvanceState.AWAITED)
        # What is accepted is no open offer any more: it ends with its own time, not with the offer's.
        assert services.standby.lapse_offers() == 0
        assert receive(booking).booking.status == Status.CONFIRMED

    def test_a_series_is_booked_while_each_date_awaits_its_own(self):
        restaurant = strict()
        first_on = tomorrow() + DAY
        rule = Rule(first_on, at("19:00").time(), count=3)

        series = services.begin_series(restaurant_id=restaurant.pk, rule=rule, party_size=2, guest=guest(), by=diner())

        bookings = [each.booking for each in series.occurrences.select_related("booking")]
        assert {booking.status for booking in bookings} == {Status.CONFIRMED}
        assert [state_of(booking) for booking in bookings] == ["awaited"] * 3
        due = Advance.objects.get(booking=bookings[-1]).due_at
        assert due == bookings[-1].starts_at - timedelta(hours=2)
        assert receive(bookings[0]).outcome == Outcome.NOTED
        assert [state_of(booking) for booking in bookings] == ["received", "awaited", "awaited"]

    def test_a_party_that_sits_down_at_once_leaves_none(self):
        restaurant = strict()
        with time_machine.travel(at("19:00"), tick=True):
            booking = services.seat_walk_in(restaurant_id=restaurant.pk, party_size=2, by=desk(restaurant))

        assert not booking.policy["deposit_kobo"]


class TestADateOfASeries:
    """Due while cancelling is free, reminded of a day before, and given back when it has not come."""

    HOURS = {"free_cancellation_hours": 48}

    def begun(self, restaurant: Restaurant, *, count: int = 2, in_days: int = 9, **asked: Any) -> list[Booking]:
        rule = Rule(tomorrow() + in_days * DAY, at("19:00").time(), count=count)
        series = services.begin_series(
            restaurant_id=restaurant.pk, rule=rule, party_size=2, guest=guest(), by=diner(), **asked
        )
        return [each.booking for each in series.occurrences.select_related("booking__restaurant") if each.booking]

    def test_is_given_back_when_nothing_has_come_by_its_time_and_the_others_stand(self):
        first, second = self.begun(strict(tables=(2,), policy=self.HOURS))
        due = Advance.objects.get(booking=first).due_at
        assert due == first.starts_at - timedelta(hours=48)

        assert services.give_back_unpaid_dates(now=due - MINUTE) == 0
        assert services.give_back_unpaid_dates(now=due) == 1

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, state_of(first)) == (Status.EXPIRED, AdvanceState.LAPSED)
        assert (second.status, state_of(second)) == (Status.CONFIRMED, AdvanceState.AWAITED)
        assert not TableAllocation.objects.filter(booking=first, live=True).exists()
        assert [event["booking_id"] for event in events("deposit.lapsed")] == [str(first.public_id)]

    def test_is_due_a_day_before_where_cancelling_is_free_to_the_end(self):
        [first, _second] = self.begun(strict(policy={"free_cancellation_hours": 0}))

        assert Advance.objects.get(booking=first).due_at == first.starts_at - DAY

    def test_what_has_come_keeps_it_and_what_comes_late_takes_it_again(self):
        first, second = self.begun(strict(tables=(2,), policy=self.HOURS))
        receive(first)

        with time_machine.travel(second.starts_at - timedelta(hours=47), tick=True):
            assert services.give_back_unpaid_dates() == 1
            first.refresh_from_db()
            assert first.status == Status.CONFIRMED

            assert receive(second).outcome == Outcome.CONFIRMED
        second.refresh_from_db()
        assert (second.status, state_of(second)) == (Status.CONFIRMED, AdvanceState.RECEIVED)
        assert TableAllocation.objects.filter(booking=second, live=True).count() == 1

    def test_a_part_that_came_is_owed_back(self):
        first, _second = self.begun(strict(policy=self.HOURS))
        receive(first, 5_000)

        services.give_back_unpaid_dates(now=first.starts_at - timedelta(hours=48))

        assert (state_of(first), Advance.objects.get(booking=first).owed_kobo) == ("owed_back", 500_000)
        assert [event["why"] for event in events("deposit.owed_back")] == ["lapsed"]

    def test_a_party_that_has_arrived_keeps_its_table(self):
        [first, _second] = self.begun(strict(policy=self.HOURS))
        Booking.objects.filter(pk=first.pk).update(status=Status.ARRIVED)

        assert services.give_back_unpaid_dates(now=first.starts_at) == 0

    def test_a_booking_that_grew_into_a_deposit_is_left_to_the_house(self):
        restaurant = strict(tables=(2, 6), policy={"deposit_from_party": 6})
        booking = book(restaurant)
        services.change_booking(booking=booking, party_size=6, by=diner())

        assert services.give_back_unpaid_dates(now=booking.starts_at) == 0

    def test_moved_it_is_due_by_its_new_start(self):
        first, _second = self.begun(strict(policy=self.HOURS), in_days=9)
        before = Advance.objects.get(booking=first).due_at

        services.change_booking(booking=first, by=diner(), starts_at=first.starts_at - 2 * DAY)

        assert Advance.objects.get(booking=first).due_at == before - 2 * DAY
        assert events("deposit.awaited")[-1]["due_at"][:10] == (before - 2 * DAY).date().isoformat()

    def test_is_reminded_of_once_a_day_before(self):
        first, _second = self.begun(strict(policy=self.HOURS))
        due = Advance.objects.get(booking=first).due_at

        assert services.send_deposit_reminders(now=due - DAY - MINUTE) == 0
        assert services.send_deposit_reminders(now=due - DAY + MINUTE) == 1
        assert services.send_deposit_reminders(now=due - DAY + MINUTE) == 0

        assert [event["booking_id"] for event in events("deposit.reminder_due")] == [str(first.public_id)]

    def test_who_was_told_of_another_time_within_a_day_of_it_is_not_reminded(self):
        first, _second = self.begun(strict(policy=self.HOURS))
        with time_machine.travel(first.starts_at - 4 * DAY, tick=True):
            services.change_booking(booking=first, by=diner(), starts_at=first.starts_at - 2 * DAY + timedelta(hours=2))
            advance = Advance.objects.get(booking=first)
            assert advance.due_at - timezone.now() < DAY
            assert events("deposit.awaited")[-1]["booking_id"] == str(first.public_id)

            assert services.send_deposit_reminders() == 0

    def test_who_was_told_of_another_time_earlier_is_reminded(self):
        first, _second = self.begun(strict(policy=self.HOURS))
        services.change_booking(booking=first, by=diner(), starts_at=first.starts_at - 2 * DAY)
        due = Advance.objects.get(booking=first).due_at

        assert services.send_deposit_reminders(now=due - DAY + MINUTE) == 1

    def test_who_was_asked_within_a_day_of_it_is_not_reminded(self):
        book(strict())

        assert services.send_deposit_reminders(now=timezone.now() + 30 * MINUTE) == 0


class TestWaiveDeposit:
    def test_a_held_table_is_theirs(self):
        booking = book(strict())

        advance = services.waive_deposit(booking=booking, by=desk(booking.restaurant), reason="A regular")

        booking.refresh_from_db()
        assert (booking.status, advance.state, advance.amount_kobo) == (Status.CONFIRMED, AdvanceState.LAPSED, 0)
        assert booking.policy["deposit_kobo"] == 0
        assert TableAllocation.objects.get(booking=booking).expires_at is None
        assert events("deposit.waived")[0]["waived_kobo"] == 2_000_000
        with later(61):
            assert services.release_expired_holds() == 0

    def test_of_a_part_what_came_stays_on_account(self):
        booking = book(strict())
        receive(booking, 5_000)

        advance = services.waive_deposit(booking=booking, by=desk(booking.restaurant))

        assert (advance.state, advance.amount_kobo, advance.owed_kobo) == ("received", 500_000, 0)

    def test_a_larger_party_owes_no_more_afterwards(self):
        booking = book(strict(tables=(2, 4)))
        services.waive_deposit(booking=booking, by=desk(booking.restaurant))

        services.change_booking(booking=booking, party_size=4, by=diner())

        booking.refresh_from_db()
        assert (booking.policy["deposit_kobo"], state_of(booking)) == (0, AdvanceState.LAPSED)

    def test_a_date_of_a_series_is_not_given_back(self):
        restaurant = strict()
        [first, _second] = TestADateOfASeries().begun(restaurant)

        services.waive_deposit(booking=first, by=desk(restaurant))

        assert services.give_back_unpaid_dates(now=first.starts_at) == 0

    @pytest.mark.parametrize("minutes", [0, 61])
    def test_refuses_where_nothing_is_awaited_or_the_hold_is_over(self, minutes):
        restaurant = strict()
        booking = book(restaurant) if minutes else paid(restaurant)

        with later(minutes), pytest.raises(errors.NothingAwaited):
            services.waive_deposit(booking=booking, by=desk(restaurant))


class TestAPartyOfAnotherSize:
    def test_grows_and_the_difference_is_outstanding(self):
        booking = paid(strict(tables=(2, 4)))

        services.change_booking(booking=booking, party_size=4, by=diner())

        booking.refresh_from_db()
        advance = Advance.objects.get(booking=booking)
        assert (booking.status, advance.state, advance.missing_kobo) == (Status.CONFIRMED, "received", 2_000_000)
        assert events("deposit.awaited")[-1]["amount_kobo"] == 2_000_000
        change = BookingHistory.objects.filter(booking=booking).last()
        assert change is not None
        assert change.changes["deposit_kobo"] == {"from": 2_000_000, "to": 4_000_000}
        assert receive(booking).missing_kobo == 0

    def test_by_its_own_terms_and_not_todays(self):
        restaurant = strict(tables=(4,))
        booking = paid(restaurant)
        restaurant.policy.deposit_kobo_per_guest = 9_000_000
        restaurant.policy.save()

        services.change_booking(booking=booking, party_size=3, by=diner())

        assert Advance.objects.get(booking=booking).amount_kobo == 3_000_000

    def test_into_a_size_that_leaves_one(self):
        restaurant = strict(tables=(2, 6), policy={"deposit_from_party": 6})
        booking = book(restaurant)
        assert booking.status == Status.CONFIRMED

        services.change_booking(booking=booking, party_size=6, by=diner())

        booking.refresh_from_db()
        # The table of two was theirs: nobody holds that against them, and the house sees what is missing.
        assert (booking.status, state_of(booking)) == (Status.CONFIRMED, AdvanceState.AWAITED)
        assert Advance.objects.get(booking=booking).missing_kobo == 6_000_000

    def test_shrinks_in_time_and_the_difference_is_owed_back(self):
        booking = paid(strict(), party_size=4)

        services.change_booking(booking=booking, party_size=3, by=diner())

        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.amount_kobo, advance.owed_kobo) == ("received", 3_000_000, 1_000_000)
        assert [(e["owed_kobo"], e["why"]) for e in events("deposit.owed_back")] == [(1_000_000, "surplus")]

    def test_shrinks_late_and_nothing_is(self):
        booking = paid(strict(), party_size=4)

        with time_machine.travel(at("18:00"), tick=True):
            services.change_booking(booking=booking, party_size=3, by=diner())

        booking.refresh_from_db()
        advance = Advance.objects.get(booking=booking)
        assert (advance.amount_kobo, advance.owed_kobo, booking.policy["deposit_kobo"]) == (4_000_000, 0, 4_000_000)

    def test_moving_it_away_first_does_not_help(self):
        booking = paid(strict(), party_size=4)

        with time_machine.travel(at("18:00"), tick=True):
            services.change_booking(booking=booking, party_size=3, starts_at=at(day=tomorrow() + DAY), by=diner())

        assert Advance.objects.get(booking=booking).owed_kobo == 0

    def test_a_held_one_that_shrinks_to_what_has_come_is_a_booking(self):
        booking = book(strict(), party_size=3)
        receive(booking, 20_000)

        changed = services.change_booking(booking=booking, party_size=2, by=diner())

        assert (changed.status, state_of(booking)) == (Status.CONFIRMED, AdvanceState.RECEIVED)
        assert len(events("booking.confirmed")) == 1

    def test_a_held_one_that_shrinks_below_any_deposit_is_a_booking(self):
        booking = book(strict(tables=(6,), policy={"deposit_from_party": 6}), party_size=6)
        assert booking.status == Status.HELD

        changed = services.change_booking(booking=booking, party_size=2, by=diner())

        assert (changed.status, state_of(booking)) == (Status.CONFIRMED, AdvanceState.LAPSED)
        assert TableAllocation.objects.get(booking=booking).expires_at is None

    def test_a_held_one_that_grows_owes_more_before_it_is(self):
        booking = book(strict())

        changed = services.change_booking(booking=booking, party_size=3, by=diner())

        assert (changed.status, Advance.objects.get().missing_kobo) == (Status.HELD, 3_000_000)
        assert receive(booking, 20_000).outcome == Outcome.SHORT


class TestTheDatabaseKeepsTheRules:
    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("booking_id", {"booking": None}),
            ("advance_state_is_known", {"state": "lost"}),
            ("no_more_is_paid_back_than_came", {"returned_kobo": 5}),
            ("a_lapsed_advance_holds_no_money", {"state": "lapsed", "received_kobo": 5}),
        ],
    )
    def test_of_an_advance(self, name, change):
        book(strict())

        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Advance.objects.update(**change)

    def test_one_reference_counts_once(self):
        booking = book(strict())
        receive(booking, 5_000, reference="TRF-1")
        receive(booking, 5_000, reference="TRF-2")

        with pytest.raises(IntegrityError, match="received_once"), transaction.atomic():
            AdvanceHistory.objects.filter(reference="TRF-2").update(reference="TRF-1")

    def test_of_special_terms(self):
        restaurant = house()
        terms_of_all = SpecialTerms.objects.create(restaurant=restaurant, name="All")
        for name, change in {
            "special_terms_party_sizes_make_a_range": {"from_party": 4, "to_party": 3},
            "special_terms_weekdays_are_days": {"weekdays": [7]},
            "special_terms_times_differ": {"starts_from": "19:00", "starts_before": "19:00"},
            "special_terms_amounts_are_believable": {"minimum_spend_kobo_per_party": 10**13},
        }.items():
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                SpecialTerms.objects.filter(pk=terms_of_all.pk).update(**change)

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("deposit_is_due_at_a_known_time", {"deposit_due": "never"}),
            ("deposit_is_waited_for_five_minutes_to_three_days", {"deposit_minutes": 4}),
            ("deposit_is_waited_for_five_minutes_to_three_days", {"deposit_minutes": 4321}),
        ],
    )
    def test_of_a_policy(self, name, change):
        restaurant = house()

        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            type(restaurant.policy).objects.update(**change)


def test_the_domains_page_draws_the_machine_as_it_is():
    page = Path(settings.BASE_DIR, "docs/domains/bookings.md").read_text()

    assert f"```mermaid\n{ADVANCE_MACHINE.mermaid()}```" in page
