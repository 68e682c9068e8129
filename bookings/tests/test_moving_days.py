"""Eid a day later (edge case 14): the day and everything on it move in one step, with a look beforehand."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from bookings import services
from bookings.models import Advance, Booking, TableAllocation
from bookings.recurring import Rule
from bookings.services import Actor, Guest
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.ticket_factories import event_at
from core.audit.models import AuditEvent
from core.encryption import index_of_phone
from core.testing import log_in, with_second_factor, work_off_outbox
from notifications import gsm
from notifications.models import Message
from restaurants.models import BookingPolicy, OpeningHours, Restaurant, Shift, SpecialDay
from restaurants.states import DepositDue
from restaurants.tests.factories import ShiftFactory, house

DAY = timedelta(days=1)


@pytest.fixture
def suya_spot(db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


@pytest.fixture
def owner(suya_spot: Restaurant) -> User:
    person = with_second_factor(UserFactory(name="Demo Owner"))
    add_member(user=person, restaurant_id=suya_spot.pk, role=Role.OWNER)
    return person


def eid(restaurant: Restaurant, day: date, *, is_closed: bool) -> SpecialDay:
    special = SpecialDay.objects.create(restaurant=restaurant, date=day, name="Eid", is_closed=is_closed)
    if not is_closed:
        OpeningHours.objects.create(
            restaurant=restaurant, special_day=special, weekday=None, opens=time(11), closes=time(23)
        )
        ShiftFactory(
            restaurant=restaurant,
            special_day=special,
            name="Feast",
            weekdays=[],
            first_seating=time(12),
            last_seating=time(16),
        )
    return special


class TestAClosedDay:
    def test_its_bookings_go_to_the_day_that_is_open_instead(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        coming = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY))
        work_off_outbox()

        done = services.move_special_day(
            special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner), reason="Eid is a day later."
        )
        work_off_outbox()

        coming.refresh_from_db()
        special.refresh_from_db()
        assert special.date == tomorrow() + DAY
        assert (coming.starts_at, coming.service_day) == (at("19:00", tomorrow()), tomorrow())
        assert len(done.moves) == 1
        [row] = TableAllocation.objects.filter(booking=coming, live=True)
        assert row.during.lower == coming.starts_at
        mail = Message.objects.get(kind="booking.changed")
        assert "Eid is a day later." in mail.body_text
        assert coming.policy["free_cancellation_hours"] == 0
        assert AuditEvent.objects.filter(action="booking.day_moved").exists()

    def test_who_has_no_room_stays_and_is_listed(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow() + 2 * DAY, is_closed=True)
        target = tomorrow() + DAY
        # The day Eid leaves was closed, so nobody sits there; its only other booking day is the one it comes to.
        for number, size in ((1, 4), (2, 2)):
            book(suya_spot, starts_at=at("19:00", target), party_size=size, guest=guest(number))
        SpecialDay.objects.filter(pk=special.pk).update(date=tomorrow() + 2 * DAY)
        services.block_tables(
            restaurant_id=suya_spot.pk,
            starts_at=at("18:00", tomorrow() + 2 * DAY),
            ends_at=at("23:00", tomorrow() + 2 * DAY),
            reason="Repair",
            by=Actor.staff(owner),
            table_id=suya_spot.tables.order_by("-max_party")[0].pk,
        )

        found = services.look_at_day_move(special_day=special, to=target)

        assert [each.booking.party_size for each in found.moves] == [2]
        [stays] = found.stays
        assert stays.booking.party_size == 4 and stays.refusal is not None
        services.move_special_day(special_day=special, to=target, by=Actor.staff(owner))
        assert Booking.objects.get(party_size=4).service_day == target


class TestWhatElseHangsOnIt:
    def test_who_left_a_phone_alone_gets_a_text_and_may_cancel_free(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        by_phone = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY), guest=Guest("Ada", "+2348031234567"))
        by_mail = book(suya_spot, starts_at=at("19:30", tomorrow() + DAY), guest=guest(2))
        work_off_outbox()
        Message.objects.all().delete()

        services.move_special_day(
            special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner), reason="Eid is a day later."
        )
        work_off_outbox()

        text = Message.objects.get(channel="sms", recipient=index_of_phone("+2348031234567"))
        assert "had to change your booking" in text.sms_text and "cancel free" in text.sms_text
        assert "Eid is a day later." in text.sms_text and gsm.parts(text.sms_text) == 1
        # What the house has changed does not wait for more changes.
        assert text.next_attempt_at <= timezone.now()
        mail = Message.objects.get(channel="email")
        assert "you can cancel it free of charge" in mail.body_text
        by_phone.refresh_from_db()
        # Their own change after it is not the house's, and does not cost them what they were promised.
        services.change_booking(
            booking=by_phone, by=Actor.diner(None), starts_at=by_phone.starts_at - timedelta(hours=1)
        )
        work_off_outbox()
        own = Message.objects.filter(channel="sms").latest("pk").sms_text
        assert "is now" in own and "had to" not in own
        for booking in (by_phone, by_mail):
            booking.refresh_from_db()
            late = booking.starts_at - timedelta(minutes=30)
            with time_machine.travel(late, tick=True):
                assert not services.cancel_booking(booking=booking, by=Actor.diner(None)).is_late_cancellation

    def test_a_table_held_for_a_deposit_goes_along_and_its_guest_is_told(
        self, suya_spot: Restaurant, owner: User
    ) -> None:
        BookingPolicy.objects.update_or_create(
            restaurant=suya_spot,
            defaults={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 1, "deposit_due": DepositDue.BEFORE},
        )
        special = eid(suya_spot, tomorrow() + 3 * DAY, is_closed=True)
        held = book(suya_spot, starts_at=at("19:00", tomorrow() + 4 * DAY))
        assert held.status == Status.HELD
        work_off_outbox()

        done = services.move_special_day(
            special_day=special, to=tomorrow() + 4 * DAY, by=Actor.staff(owner), reason="Moon."
        )
        work_off_outbox()

        held.refresh_from_db()
        assert [each.booking.pk for each in done.moves] == [held.pk]
        assert (held.status, held.service_day) == (Status.HELD, tomorrow() + 3 * DAY)
        [row] = TableAllocation.objects.filter(booking=held, live=True)
        assert (row.during.lower, row.expires_at) == (held.starts_at, held.hold_expires_at)
        assert "Moon." in Message.objects.get(kind="booking.changed").body_text

    def test_a_deposit_that_is_due_follows_its_date(self, suya_spot: Restaurant, owner: User) -> None:
        BookingPolicy.objects.update_or_create(
            restaurant=suya_spot,
            defaults={"deposit_kobo_per_guest": 500_000, "deposit_from_party": 1, "deposit_due": DepositDue.BEFORE},
        )
        special = eid(suya_spot, tomorrow() + 3 * DAY, is_closed=True)
        series = services.begin_series(
            restaurant_id=suya_spot.pk,
            rule=Rule(tomorrow() + 4 * DAY, time(19), count=2),
            party_size=2,
            guest=guest(),
            by=Actor.diner(None),
        )
        first = series.occurrences.select_related("booking__advance").order_by("planned_on")[0].booking
        assert first is not None
        before = first.starts_at - first.advance.due_at
        assert before > timedelta(0)
        work_off_outbox()
        Message.objects.all().delete()

        services.move_special_day(special_day=special, to=tomorrow() + 4 * DAY, by=Actor.staff(owner))
        work_off_outbox()

        first.refresh_from_db()
        assert first.service_day == tomorrow() + 3 * DAY
        assert Advance.objects.get(booking=first).due_at == first.starts_at - before
        assert Message.objects.filter(kind="booking.held").exists()

    def test_a_hold_never_outlasts_its_new_start(self, suya_spot: Restaurant, owner: User) -> None:
        BookingPolicy.objects.update_or_create(
            restaurant=suya_spot,
            defaults={
                "deposit_kobo_per_guest": 500_000,
                "deposit_from_party": 1,
                "deposit_due": DepositDue.BEFORE,
                "deposit_minutes": 3 * 24 * 60,
            },
        )
        special = eid(suya_spot, tomorrow(), is_closed=True)
        held = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY))
        assert held.hold_expires_at == held.starts_at

        services.move_special_day(special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner))

        held.refresh_from_db()
        assert held.service_day == tomorrow()
        assert held.hold_expires_at == held.starts_at == Advance.objects.get(booking=held).due_at
        assert TableAllocation.objects.get(booking=held, live=True).expires_at == held.starts_at

    def test_what_stays_is_counted_named_and_part_of_what_is_agreed_to(
        self, client: Any, suya_spot: Restaurant, owner: User
    ) -> None:
        target = tomorrow() + DAY
        special = eid(suya_spot, tomorrow(), is_closed=True)
        seen = services.look_at_day_move(special_day=special, to=target)
        assert seen.staying.count == 0
        for number, size in ((1, 4), (2, 2)):
            book(suya_spot, starts_at=at("19:00", target), party_size=size, guest=guest(number))
        start, end = at("19:00", target), at("19:00", target)
        standby = services.join_waitlist(
            restaurant_id=suya_spot.pk, earliest=start, latest=end, party_size=2, guest=guest(3), by=Actor.diner(None)
        )
        block = services.block_tables(
            restaurant_id=suya_spot.pk,
            starts_at=at("09:00", target),
            ends_at=at("10:00", target),
            reason="Painting",
            by=Actor.staff(owner),
        )
        event = event_at(suya_spot, starts_at=at("12:00", target), ends_at=at("15:00", target), name="Highlife")

        found = services.look_at_day_move(special_day=special, to=target)

        assert found.digest != seen.digest
        assert found.staying.waiting == (standby,)
        assert (found.staying.blocks, found.staying.events) == ((block,), (event,))
        log_in(client, owner)
        page = client.post(
            reverse("admin:move_special_day", args=[suya_spot.public_id, special.pk]), {"to": target.isoformat()}
        ).content.decode()
        for said in ("Places on the waiting list (1)", "Blocks (1)", "Painting", "Ticketed events (1)", "Highlife"):
            assert said in page
        assert reverse("admin:bookings_ticketedevent_change", args=[event.pk]) in page


class TestAnOpenDay:
    def test_its_bookings_go_along(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=False)
        lunch = book(suya_spot, starts_at=at("13:00"))
        dinner = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY), guest=guest(2))

        services.move_special_day(special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner))

        lunch.refresh_from_db()
        dinner.refresh_from_db()
        assert lunch.starts_at == at("13:00", tomorrow() + DAY)
        assert dinner.starts_at == at("19:00", tomorrow()), "no dinner on the feast: it is served the day before"
        assert Shift.objects.get(name="Feast").special_day == special


class TestWhatStandsAgainstIt:
    def test_two_special_days(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        eid(suya_spot, tomorrow() + DAY, is_closed=True)
        with pytest.raises(services.DayTaken):
            services.move_special_day(special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner))

    @pytest.mark.parametrize("days", [0, -30])
    def test_no_other_day_or_a_past_one(self, suya_spot: Restaurant, owner: User, days: int) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        with pytest.raises(services.DayNotMovable):
            services.look_at_day_move(special_day=special, to=tomorrow() + DAY * days)

    def test_a_booking_since_the_look(self, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        seen = services.look_at_day_move(special_day=special, to=tomorrow() + DAY)
        late = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY))

        with pytest.raises(services.DayMoveOutdated):
            services.move_special_day(
                special_day=special, to=tomorrow() + DAY, by=Actor.staff(owner), digest=seen.digest
            )

        special.refresh_from_db()
        late.refresh_from_db()
        assert (special.date, late.service_day) == (tomorrow(), tomorrow() + DAY)


class TestThePage:
    def test_shows_who_is_affected_and_then_does_just_that(
        self, client: Any, suya_spot: Restaurant, owner: User
    ) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        coming = book(suya_spot, starts_at=at("19:00", tomorrow() + DAY))
        log_in(client, owner)
        page = reverse("admin:move_special_day", args=[suya_spot.public_id, special.pk])
        change = client.get(reverse("admin:restaurants_specialday_change", args=[special.pk]))
        assert page in change.content.decode()

        looked = client.post(page, {"to": (tomorrow() + DAY).isoformat(), "reason": "Moon"})
        assert looked.status_code == 200 and coming.code in looked.content.decode()
        special.refresh_from_db()
        assert special.date == tomorrow(), "nothing happens by looking"

        asked = {"to": (tomorrow() + DAY).isoformat(), "reason": "Moon", "move": "1"}
        assert client.post(page, {**asked, "digest": "another"}).status_code == 412
        done = client.post(page, {**asked, "digest": looked.context["found"].digest})
        assert done.status_code == 302
        coming.refresh_from_db()
        assert coming.service_day == tomorrow()

    @pytest.mark.parametrize("role", [Role.HOST, None])
    def test_is_closed_to_who_may_not_edit_the_house(
        self, client: Any, suya_spot: Restaurant, role: Role | None
    ) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        person = with_second_factor(UserFactory())
        other = house(name="Other", slug="other")
        add_member(user=person, restaurant_id=(suya_spot if role else other).pk, role=role or Role.OWNER)
        log_in(client, person)
        page = reverse("admin:move_special_day", args=[suya_spot.public_id, special.pk])
        assert client.get(page).status_code == 404

    def test_says_what_is_wrong(self, client: Any, suya_spot: Restaurant, owner: User) -> None:
        special = eid(suya_spot, tomorrow(), is_closed=True)
        log_in(client, owner)
        page = reverse("admin:move_special_day", args=[suya_spot.public_id, special.pk])
        assert client.post(page, {"to": "soon"}).status_code == 422
        assert client.post(page, {"to": tomorrow().isoformat()}).status_code == 422
