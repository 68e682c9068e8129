"""The waiting list: fair order, offers that hold the table, answers at the last moment, what passes on by itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.tests.factories import UserFactory, member
from bookings import errors, services
from bookings.matching import offer_ends_at
from bookings.models import Booking, StandbyEntry, TableAllocation
from bookings.services import Actor, Guest
from bookings.services.sweeping import look_after_waiting
from bookings.states import Channel, StandbyPriority, StandbyStatus, Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.service_plan import plan_of
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Restaurant:
    """One table of two and one of four, one seating of the evening only."""
    return house(name="Suya Spot", tables=(2, 4), first_seating=at("19:00").time(), last_seating=at("19:30").time())


@pytest.fixture
def full(place: Restaurant) -> list[Booking]:
    """Both tables are taken at seven."""
    return [
        book(place, "19:00", party_size=2, guest=guest(90)),
        book(place, "19:00", party_size=4, guest=guest(91)),
    ]


def join(place: Restaurant, number: int = 1, *, party_size: int = 2, **asked: Any) -> StandbyEntry:
    asked.setdefault("guest", guest(number))
    asked.setdefault("by", Actor.diner(asked.get("diner")))
    asked.setdefault("earliest", at("19:00"))
    asked.setdefault("latest", at("19:30"))
    return services.join_waitlist(restaurant_id=place.pk, party_size=party_size, **asked)


def now_of(entry: StandbyEntry) -> StandbyEntry:
    return StandbyEntry.objects.get(pk=entry.pk)


def cancel(booking: Booking) -> None:
    services.cancel_booking(booking=Booking.objects.get(pk=booking.pk), by=Actor.diner(None))


class TestJoining:
    def test_is_for_when_nothing_is_free(self, place):
        with pytest.raises(errors.TableIsFree) as refusal:
            join(place)

        assert refusal.value.details["alternatives"][0]["starts_at"] == at("19:00").isoformat()
        assert not StandbyEntry.objects.exists()

    def test_gives_one_place_per_contact_and_evening(self, place, full):
        join(place)

        for again in (Guest("Other", phone=guest().phone), Guest("Other", email=guest().email.upper())):
            with pytest.raises(errors.AlreadyWaiting):
                join(place, guest=again)
        services.leave_waitlist(entry=StandbyEntry.objects.get(), by=Actor.diner(None))
        assert join(place).status == StandbyStatus.WAITING

    def test_refuses_times_at_which_nobody_is_seated(self, place, full):
        with pytest.raises(errors.NoSuchRange):
            join(place, earliest=at("20:00"), latest=at("21:00"))
        with pytest.raises(errors.PartySizeRefused):
            join(place, party_size=9)
        with pytest.raises(errors.ContactMissing):
            join(place, guest=Guest("Nobody"))

    def test_tells_the_guest(self, place, full):
        join(place)
        work_off_outbox()

        message = Message.objects.get(kind="standby.joined")
        assert message.recipient == guest().email
        assert f"/en/waitlist/{StandbyEntry.objects.get().public_id}/?token=" in message.body_text


class TestOffering:
    def test_a_cancellation_becomes_an_offer_that_holds_the_table(self, place, full):
        entry = join(place)
        work_off_outbox()

        cancel(full[0])
        work_off_outbox()

        entry = now_of(entry)
        hold = entry.booking
        assert (entry.status, hold.status, hold.starts_at) == (StandbyStatus.OFFERED, Status.HELD, at("19:00"))
        assert hold.hold_expires_at == entry.offer_expires_at
        assert TableAllocation.objects.filter(booking=hold, live=True, expires_at=entry.offer_expires_at).count() == 1
        with pytest.raises(errors.NoTableFree):
            book(place, "19:00", guest=guest(5))
        texts = Message.objects.filter(kind="standby.offered").order_by("channel")
        assert [message.channel for message in texts] == ["email", "sms"]
        assert "/w/s" in texts[1].sms_text

    def test_goes_to_who_joined_first_and_then_to_the_next(self, place, full):
        first, second = join(place, 1), join(place, 2)
        cancel(full[0])
        work_off_outbox()
        assert (now_of(first).status, now_of(second).status) == ("offered", "waiting")

        services.decline_offer(entry=first, by=Actor.diner(None))
        work_off_outbox()

        assert (now_of(first).status, now_of(second).status) == ("declined", "offered")

    def test_a_class_comes_before_the_time_of_joining(self, place, full):
        first = join(place, 1)
        regular = join(place, 2, priority=StandbyPriority.FIRST, by=Actor.staff(member(place.pk), Channel.PHONE))

        cancel(full[0])
        work_off_outbox()

        assert (now_of(first).status, now_of(regular).status) == ("waiting", "offered")

    def test_a_smaller_party_passes_a_larger_only_where_that_does_not_fit_and_it_is_written_down(self, place, full):
        four, two = join(place, 1, party_size=4), join(place, 2, party_size=2)

        cancel(full[0])
        work_off_outbox()

        assert (now_of(four).status, now_of(two).status) == ("waiting", "offered")
        written = two.history.get(to_status="offered")
        assert written.changes == {"passed": [str(four.public_id)]}
        assert written.reason == "those before do not fit"
        cancel(full[1])
        work_off_outbox()
        assert now_of(four).status == "offered"
        assert now_of(four).history.get(to_status="offered").changes == {}

    def test_one_freed_table_is_offered_to_one(self, place, full):
        entries = [join(place, number) for number in (1, 2, 3)]
        cancel(full[0])
        cancel(full[1])
        work_off_outbox()

        # A table of two and one of four (from one guest up): two offers, and no third.
        assert [now_of(entry).status for entry in entries] == ["offered", "offered", "waiting"]
        tables = TableAllocation.objects.filter(live=True, booking__status=Status.HELD)
        assert tables.values("table").distinct().count() == tables.count() == 2

    def test_others_move_for_the_first_in_line(self, place):
        # The pair sits at the table of four; when the table of two is given back, it can move.
        at_four = book(place, "19:00", party_size=4, guest=guest(91))
        pair = book(place, "19:00", party_size=2, guest=guest(90))
        four = join(place, 1, party_size=4)
        cancel(at_four)
        TableAllocation.objects.filter(booking=pair).update(table=place.tables.get(name="T2"))
        work_off_outbox()

        assert now_of(four).status == "offered"
        assert list(pair.allocations.values_list("table__name", flat=True)) == ["T1"]

    def test_keeps_to_the_areas_asked_for(self, place, full):
        terrace = AreaFactory(restaurant=place, name="Terrace")
        TableFactory(restaurant=place, area=terrace, name="T9", max_party=2)
        outside = join(place, 1, areas=[terrace.public_id], by=Actor.staff(member(place.pk), Channel.PHONE))

        cancel(full[0])
        work_off_outbox()

        entry = now_of(outside)
        assert entry.booking.area == terrace
        assert entry.booking.allocations.get().table.name == "T9"

    def test_heeds_the_pacing(self):
        busy = house(
            tables=(2, 2, 2),
            first_seating=at("19:00").time(),
            last_seating=at("19:00").time(),
            shift={"max_parties_per_slot": 1},
        )
        taken = book(busy, "19:00", guest=guest(90))
        first, second = join(busy, 1, latest=at("19:00")), join(busy, 2, latest=at("19:00"))
        cancel(taken)
        work_off_outbox()

        assert (now_of(first).status, now_of(second).status) == ("offered", "waiting")

    @pytest.mark.parametrize(
        ("freed_by", "clock"), [("no_show", "19:45"), ("change", None), ("block", None), ("hold", None)]
    )
    def test_whatever_frees_a_table_starts_it(self, place, freed_by, clock):
        host = Actor.staff(member(place.pk))
        other = book(place, "19:00", party_size=4, guest=guest(91))
        if freed_by == "block":
            block = services.block_tables(
                restaurant_id=place.pk, starts_at=at("18:00"), ends_at=at("23:00"), reason="Wet", by=host,
                table_id=place.tables.get(name="T1").pk,
            )  # fmt: skip
        elif freed_by == "hold":
            taken = services.hold_table(restaurant_id=place.pk, starts_at=at("19:00"), party_size=2, by=host)
        else:
            taken = book(place, "19:00", party_size=2, guest=guest(90))
        entry = join(place, 1, latest=at("19:00" if freed_by != "no_show" else "19:30"))
        work_off_outbox()
        if freed_by == "no_show":
            late = house(tables=(2,), first_seating=at("19:00").time(), last_seating=at("20:30").time())
            taken = book(late, "19:00", guest=guest(92))
            entry = join(late, 1, earliest=at("20:15"), latest=at("20:15"), party_size=2)
            with time_machine.travel(at(clock), tick=True):
                services.mark_no_show(booking=taken, by=host)
                work_off_outbox()
        elif freed_by == "change":
            services.change_booking(
                booking=taken, by=Actor.diner(None), starts_at=at("19:00", tomorrow() + timedelta(1))
            )
        elif freed_by == "block":
            services.remove_block(block=block)
        else:
            Booking.objects.filter(pk=taken.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
            TableAllocation.objects.filter(booking=taken).update(expires_at=timezone.now() - timedelta(seconds=1))
            services.release_expired_holds()
        work_off_outbox()

        assert now_of(entry).status == "offered"
        assert other.pk

    def test_the_sweep_finds_what_no_event_told(self, place, full):
        entry = join(place)
        work_off_outbox()
        TableAllocation.objects.filter(booking=full[0]).update(live=False)

        assert look_after_waiting() == 1

        assert now_of(entry).status == "offered"

    def test_staff_may_offer_out_of_turn_and_it_is_audited(self, place, full):
        from core.audit.models import AuditEvent

        first, second = join(place, 1), join(place, 2)
        TableAllocation.objects.filter(booking=full[0]).update(live=False)

        services.offer_now(entry=second, by=Actor.staff(member(place.pk)))

        assert (now_of(first).status, now_of(second).status) == ("waiting", "offered")
        assert AuditEvent.objects.filter(action="standby.offered_out_of_turn").exists()
        with pytest.raises(errors.NothingFits):
            services.offer_now(entry=first, by=Actor.staff(member(place.pk)))


class TestLength:
    @pytest.mark.parametrize(
        ("now", "ends"),
        [
            (at("12:00") - timedelta(days=6), at("20:00") - timedelta(days=6)),  # days away: hours
            (at("02:00") - timedelta(days=6), at("16:00") - timedelta(days=6)),  # the night does not count
            (at("12:00"), at("13:00")),
            (at("16:30"), at("16:50")),  # on the day: minutes
            (at("18:30"), at("18:40")),
            (at("18:55"), at("19:00")),  # never past the start
        ],
    )
    def test_shrinks_with_the_time_that_is_left(self, place, now: datetime, ends: datetime):
        assert offer_ends_at(at("19:00"), now, plan_of(place.pk)) == ends


class TestAnswers:
    @pytest.fixture
    def offered(self, place, full) -> StandbyEntry:
        entry = join(place)
        cancel(full[0])
        work_off_outbox()
        return now_of(entry)

    def test_yes_makes_a_booking_with_the_guest(self, offered):
        booking = services.accept_offer(entry=offered, by=Actor.diner(None))
        work_off_outbox()

        booking.refresh_from_db()
        assert (booking.status, booking.guest_phone) == (Status.CONFIRMED, guest().phone)
        assert now_of(offered).status == StandbyStatus.ACCEPTED
        assert TableAllocation.objects.get(booking=booking, live=True).expires_at is None
        assert Message.objects.filter(kind="booking.confirmed", recipient=guest().email).exists()
        assert services.accept_offer(entry=offered, by=Actor.diner(None)).pk == booking.pk

    def test_too_late_is_too_late_whether_or_not_the_sweep_has_been_by(self, place, offered):
        next_one = join(place, 2)
        with time_machine.travel(offered.offer_expires_at, tick=False):
            with pytest.raises(errors.OfferGone) as refusal:
                services.accept_offer(entry=offered, by=Actor.diner(None))
            assert refusal.value.details["state"] == "lapsed"
            assert services.lapse_offers() == 1
            work_off_outbox()

        assert (now_of(offered).status, now_of(next_one).status) == ("lapsed", "offered")
        assert Message.objects.filter(kind="standby.lapsed").count() == 1

    def test_a_hold_swept_by_another_door_lapses_the_offer(self, offered):
        with time_machine.travel(offered.offer_expires_at, tick=False):
            assert services.release_expired_holds() == 1
            with pytest.raises(errors.OfferGone):
                services.accept_offer(entry=offered, by=Actor.diner(None))
            services.lapse_offers()

        assert now_of(offered).status == "lapsed"

    def test_a_diner_with_another_table_then_is_told(self, place, full):
        ada = UserFactory()
        entry = join(place, diner=ada)
        cancel(full[0])
        work_off_outbox()
        book(house(), "19:30", diner=ada, by=Actor.diner(ada))

        with pytest.raises(errors.OverlapsOwnBooking):
            services.accept_offer(entry=now_of(entry), by=Actor.diner(ada))

        assert now_of(entry).status == "offered"

    def test_who_cancels_what_they_won_has_left_the_list(self, place, offered):
        booking = services.accept_offer(entry=offered, by=Actor.diner(None))
        again = join(place)
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        work_off_outbox()

        assert (now_of(offered).status, now_of(again).status) == ("withdrawn", "withdrawn")
        assert not Booking.objects.filter(status=Status.HELD).exists()

    def test_the_date_closes_the_list_and_tells(self, place, full):
        entry = join(place)
        with time_machine.travel(at("19:16"), tick=True):
            look_after_waiting()
            work_off_outbox()

        assert now_of(entry).status == "closed"
        assert Message.objects.filter(kind="standby.closed").count() == 1

    def test_nothing_is_offered_after_the_start(self, place, full):
        entry = join(place, latest=at("19:00"))
        with time_machine.travel(at("18:50"), tick=True):
            cancel(full[0])
            work_off_outbox()

        assert now_of(entry).status == "waiting"


@pytest.mark.django_db(transaction=True)
class TestTheLastMoment:
    def test_accepting_and_lapsing_at_once_leave_one_of_both(self):
        """Whoever locks the row first decides; the other finds it decided."""
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier

        place = house(tables=(2,), first_seating=at("19:00").time(), last_seating=at("19:00").time())
        taken = book(place, "19:00", guest=guest(90))
        outcomes = set()
        for number in range(1, 5):
            entry = join(place, number, latest=at("19:00"))
            cancel(taken)
            work_off_outbox()
            start = Barrier(2)

            def accept(entry: StandbyEntry = entry, start: Barrier = start) -> str:
                start.wait()
                try:
                    services.accept_offer(entry=entry, by=Actor.diner(None))
                except errors.OfferGone:
                    return "gone"
                finally:
                    connections.close_all()
                return "won"

            def lapse(entry: StandbyEntry = entry, start: Barrier = start) -> str:
                start.wait()
                try:
                    with transaction.atomic():
                        locked = StandbyEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
                        if locked.status == StandbyStatus.OFFERED:
                            StandbyEntry.objects.filter(pk=entry.pk).update(offer_expires_at=timezone.now())
                            services.lapse_offers()
                finally:
                    connections.close_all()
                return "lapsed"

            with ThreadPoolExecutor(2) as pool:
                answer, _swept = [task.result() for task in (pool.submit(accept), pool.submit(lapse))]
            status = now_of(entry).status
            live = TableAllocation.objects.filter(live=True).count()
            assert (answer, status, live) in {("won", "accepted", 1), ("gone", "lapsed", 0)}
            outcomes.add(answer)
            won = now_of(entry).booking if status == "accepted" else None
            taken = won or book(place, "19:00", guest=guest(50 + number))
        assert outcomes <= {"won", "gone"}
        assert connection.is_usable()
