"""Bookings that repeat: every date is looked at, all are booked or none, and later ones follow by themselves."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from bookings import errors, services
from bookings.models import Booking, BookingSeries, Occurrence
from bookings.recurring import MOST_DATES, Rule
from bookings.services import Actor
from bookings.states import OccurrenceState, SeriesStatus, Status
from bookings.tests.factories import LAGOS, at, book, guest, tomorrow
from core import codes
from core.testing import log_in, with_second_factor, work_off_outbox
from notifications.models import Message
from restaurants.models import BookingPolicy, Restaurant, SpecialDay
from restaurants.tests.factories import house

WEEK = timedelta(weeks=1)


class TestRule:
    def test_comes_round_on_the_same_weekday(self) -> None:
        rule = Rule(date(2026, 12, 3), time(19), every_weeks=2, count=3)
        assert rule.dates() == [date(2026, 12, 3), date(2026, 12, 17), date(2026, 12, 31)]

    def test_ends_on_the_last_day_or_after_so_many_times(self) -> None:
        rule = Rule(date(2026, 12, 3), time(19), until=date(2026, 12, 17), count=10)
        assert len(rule.dates()) == 3

    def test_never_goes_on_beyond_a_year(self) -> None:
        assert len(Rule(date(2026, 12, 3), time(19), until=date(2099, 1, 1), count=400).dates()) == MOST_DATES

    def test_keeps_the_wall_time_across_a_change_of_the_clocks(self) -> None:
        paris = ZoneInfo("Europe/Paris")
        rule = Rule(date(2027, 3, 25), time(19), count=2)
        before, after = (rule.starts_at(day, paris) for day in rule.dates())
        assert (before.hour, after.hour) == (19, 19)
        assert after - before == WEEK and after.timestamp() - before.timestamp() == WEEK.total_seconds() - 3600


@pytest.fixture
def suya_spot(db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4), policy={"window_days": 30, "max_party_online": 4})


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Demo Ada", email="ada@example.com")


def rule(**more: Any) -> Rule:
    return Rule(tomorrow(), time(19), **{"count": 4, **more})


def begin(restaurant: Restaurant, diner: User, **more: Any) -> BookingSeries:
    asked: dict[str, Any] = {"rule": rule(), "party_size": 2, "guest": guest(), "by": Actor.diner(diner)}
    return services.begin_series(restaurant_id=restaurant.pk, diner=diner, **{**asked, **more})


def states(series: BookingSeries) -> list[str]:
    return list(series.occurrences.order_by("planned_on").values_list("state", flat=True))


def fill(restaurant: Restaurant, day: date, clock: str = "19:00") -> None:
    """Take the whole room at a time."""
    for number, size in enumerate((2, 4), start=50):
        book(restaurant, starts_at=at(clock, day), party_size=size, guest=guest(number))


class TestBeginning:
    def test_books_every_date_in_the_window_and_plans_the_rest(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada, rule=rule(count=8))

        assert states(series) == ["booked"] * 5 + ["planned"] * 3
        starts = [each.starts_at for each in Booking.objects.order_by("starts_at")]
        assert starts == [at("19:00", tomorrow() + WEEK * number) for number in range(5)]

    def test_one_full_date_refuses_them_all_and_says_which(self, suya_spot: Restaurant, ada: User) -> None:
        fill(suya_spot, tomorrow() + WEEK * 2)
        before = Booking.objects.count()

        with pytest.raises(errors.SeriesRefused) as refusal:
            begin(suya_spot, ada)

        assert [each["outcome"] for each in refusal.value.details["dates"]] == ["free", "free", "refused", "free"]
        refused = refusal.value.details["dates"][2]
        assert refused["reason"] == "booking_no_table_free"
        assert refused["alternatives"], "the nearest times of that day"
        assert (Booking.objects.count(), BookingSeries.objects.count()) == (before, 0)

    def test_a_closed_day_beyond_the_window_is_told_now(self, suya_spot: Restaurant, ada: User) -> None:
        SpecialDay.objects.create(restaurant=suya_spot, date=tomorrow() + WEEK * 6, name="Eid")

        with pytest.raises(errors.SeriesRefused) as refusal:
            begin(suya_spot, ada, rule=rule(count=8))

        outcomes = [each["outcome"] for each in refusal.value.details["dates"]]
        assert outcomes == ["free"] * 5 + ["later", "refused", "later"]

    def test_goes_on_without_the_dates_left_out_and_with_those_moved(self, suya_spot: Restaurant, ada: User) -> None:
        days = rule().dates()
        fill(suya_spot, days[1])
        fill(suya_spot, days[2])

        series = begin(suya_spot, ada, skip={days[1]}, moved={days[2]: at("21:00", days[2])})

        assert states(series) == ["booked", "skipped", "booked", "booked"]
        moved = series.occurrences.get(planned_on=days[2])
        assert moved.is_changed and moved.booking is not None and moved.booking.starts_at == at("21:00", days[2])

    def test_takes_in_the_booking_it_repeats(self, suya_spot: Restaurant, ada: User) -> None:
        first = book(suya_spot, diner=ada)

        series = begin(suya_spot, ada, adopts=first)

        assert Booking.objects.count() == 4
        assert series.occurrences.get(planned_on=tomorrow()).booking == first

    def test_sent_twice_is_begun_once(self, suya_spot: Restaurant, ada: User) -> None:
        first = book(suya_spot, diner=ada)
        series = begin(suya_spot, ada, adopts=first)
        assert begin(suya_spot, ada, adopts=first) == series
        assert Booking.objects.count() == 4

    def test_sees_ones_own_other_evening(self, suya_spot: Restaurant, ada: User) -> None:
        other = house(name="Other", slug="other", tables=(2,))
        book(other, starts_at=at("19:30", tomorrow() + WEEK), diner=ada, guest=guest(9))

        with pytest.raises(errors.SeriesRefused) as refusal:
            begin(suya_spot, ada)

        assert [each["reason"] for each in refusal.value.details["dates"]] == [None, "booking_overlaps_own", None, None]

    @pytest.mark.parametrize(
        "wrong", [{"rule": rule(count=1)}, {"skip": {date(2020, 1, 1)}}, {"skip": set(rule().dates())}]
    )
    def test_refuses_what_is_no_series(self, suya_spot: Restaurant, ada: User, wrong: dict[str, Any]) -> None:
        with pytest.raises(errors.SeriesRuleRefused):
            begin(suya_spot, ada, **wrong)

    def test_one_mail_tells_of_all_dates(self, suya_spot: Restaurant, ada: User) -> None:
        begin(suya_spot, ada)
        work_off_outbox()

        [message] = Message.objects.all()
        assert message.kind == "booking.series"
        assert not [b.code for b in Booking.objects.all() if codes.display(b.code) not in message.body_text], (
            message.body_text
        )
        assert message.attachments[0]["content_type"] == "text/calendar; method=PUBLISH"


class TestChanging:
    def test_all_dates_to_come_move_together(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada, rule=rule(count=6))

        services.change_series(series=series, by=Actor.diner(ada), at=time(20), party_size=3)

        bookings = Booking.objects.filter(status=Status.CONFIRMED).order_by("starts_at")
        assert {each.starts_at.astimezone(LAGOS).hour for each in bookings} == {20}
        assert {each.party_size for each in bookings} == {3}
        planned = series.occurrences.get(state=OccurrenceState.PLANNED)
        assert planned.starts_at.astimezone(LAGOS).hour == 20

    def test_one_that_cannot_keeps_all_where_they_are(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        fill_day = tomorrow() + WEEK
        book(suya_spot, starts_at=at("21:00", fill_day), party_size=4, guest=guest(50))
        book(suya_spot, starts_at=at("21:00", fill_day), party_size=2, guest=guest(51))

        with pytest.raises(errors.SeriesRefused) as refusal:
            services.change_series(series=series, by=Actor.diner(ada), at=time(21))

        assert [each["outcome"] for each in refusal.value.details["dates"]][1] == "refused"
        hours = {each.starts_at.astimezone(LAGOS).hour for each in Booking.objects.filter(diner=ada)}
        assert hours == {19}

    def test_this_and_later_leaves_the_earlier_a_series_of_their_own(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        from_on = tomorrow() + WEEK * 2

        later = services.change_series(series=series, by=Actor.diner(ada), from_on=from_on, at=time(20))

        series.refresh_from_db()
        assert later.pk != series.pk and later.public_id != series.public_id
        assert (series.last_on, later.first_on) == (tomorrow() + WEEK, from_on)
        hours = [each.starts_at.astimezone(LAGOS).hour for each in Booking.objects.order_by("starts_at")]
        assert hours == [19, 19, 20, 20]

    def test_a_date_changed_by_itself_survives(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        second = series.occurrences.get(planned_on=tomorrow() + WEEK).booking
        assert second is not None
        services.change_booking(booking=second, by=Actor.diner(ada), starts_at=at("21:00", tomorrow() + WEEK))

        services.change_series(series=series, by=Actor.diner(ada), at=time(18))

        hours = [each.starts_at.astimezone(LAGOS).hour for each in Booking.objects.order_by("starts_at")]
        assert hours == [18, 21, 18, 18]

    def test_of_two_at_once_the_second_is_told(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        services.change_series(series=series, by=Actor.diner(ada), party_size=3, expected_version=1)
        with pytest.raises(services.BookingMovedOn):
            services.change_series(series=series, by=Actor.diner(ada), party_size=4, expected_version=1)

    def test_tells_once(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        work_off_outbox()
        services.change_series(series=series, by=Actor.diner(ada), at=time(20))
        work_off_outbox()
        assert [each.kind for each in Message.objects.order_by("pk")] == ["booking.series"] * 2


class TestCancelling:
    def test_frees_every_table_to_come(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada, rule=rule(count=6))

        services.cancel_series(series=series, by=Actor.diner(ada))

        series.refresh_from_db()
        assert series.status == SeriesStatus.CANCELLED
        assert set(states(series)) == {"withdrawn"}
        assert not Booking.objects.occupying().exists()

    def test_from_a_day_on_leaves_the_rest(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)

        services.cancel_series(series=series, by=Actor.diner(ada), from_on=tomorrow() + WEEK * 2)
        work_off_outbox()

        assert states(series) == ["booked", "booked", "withdrawn", "withdrawn"]
        assert [each.kind for each in Message.objects.order_by("pk")] == ["booking.series"] * 2

    def test_the_house_gives_a_reason(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        with pytest.raises(errors.ReasonMissing):
            services.cancel_series(series=series, by=Actor.staff(ada))


class TestTimeGoesOn:
    def test_what_the_window_reaches_is_booked(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada, rule=rule(count=6))
        BookingPolicy.objects.filter(restaurant=suya_spot).update(window_days=60)
        suya_spot.refresh_from_db()
        suya_spot.save()

        assert services.extend_series() == 1
        assert services.extend_series() == 0
        assert states(series) == ["booked"] * 6

    def test_a_year_meets_a_closed_day_a_full_day_and_a_price_change(self, suya_spot: Restaurant, ada: User) -> None:
        """Edge case 17: the rest stands, the guest is told of each."""
        series = begin(suya_spot, ada, rule=rule(count=MOST_DATES))
        planned = list(series.occurrences.filter(state=OccurrenceState.PLANNED).order_by("planned_on")[:3])
        work_off_outbox()
        Message.objects.all().delete()
        policy = BookingPolicy.objects.get(restaurant=suya_spot)
        policy.window_days, policy.deposit_kobo_per_guest, policy.deposit_from_party = 56, 500_000, 1
        policy.save()
        SpecialDay.objects.create(restaurant=suya_spot, date=planned[0].planned_on, name="Eid")
        fill(suya_spot, planned[1].planned_on)

        services.extend_series()
        work_off_outbox()

        became = [Occurrence.objects.get(pk=each.pk) for each in planned]
        assert [(each.state, each.reason) for each in became] == [
            ("failed", "booking_closed"),
            ("failed", "booking_no_table_free"),
            ("booked", ""),
        ]
        assert became[2].booking is not None and became[2].booking.policy["deposit_kobo"] == 1_000_000
        news = [each.subject for each in Message.objects.filter(kind="booking.series")]
        assert len([subject for subject in news if subject.startswith("No table on")]) == 2
        assert any(subject.startswith("New terms") for subject in news)

    def test_a_failed_date_is_tried_at_another_time(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        occurrence = series.occurrences.order_by("planned_on").last()
        assert occurrence is not None and occurrence.booking is not None
        services.cancel_booking(booking=occurrence.booking, by=Actor.diner(ada))
        Occurrence.objects.filter(pk=occurrence.pk).update(
            booking=None, state=OccurrenceState.FAILED, reason="booking_no_table_free"
        )
        series.refresh_from_db()

        services.change_series(
            series=series,
            by=Actor.diner(ada),
            moved={occurrence.planned_on: at("20:30", occurrence.planned_on)},
        )

        occurrence.refresh_from_db()
        assert occurrence.state == OccurrenceState.BOOKED

    def test_is_over_when_nothing_is_to_come(self, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        Occurrence.objects.filter(series=series).update(starts_at=timezone.now() - timedelta(days=1))
        services.extend_series()
        series.refresh_from_db()
        assert series.status == SeriesStatus.ENDED


class TestTheApi:
    URL = "/api/bookings/series"

    def ask(self, restaurant: Restaurant, **more: Any) -> dict[str, Any]:
        return {
            "restaurant": str(restaurant.public_id),
            "first_on": tomorrow().isoformat(),
            "time": "19:00",
            "count": 4,
            "party_size": 2,
            "guest": {"name": "Demo Ada", "phone": "08031234501"},
            **more,
        }

    def send(self, client: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return getattr(client, method)(path, body, content_type="application/json", headers=headers)

    def test_looks_begins_changes_and_cancels(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        log_in(client, ada)
        looked = self.send(client, "post", f"{self.URL}/preview", self.ask(suya_spot))
        assert (looked.status_code, looked.json()["possible"], len(looked.json()["dates"])) == (200, True, 4)
        assert not Booking.objects.exists()

        begun = self.send(client, "post", self.URL, self.ask(suya_spot), **{"Idempotency-Key": "a-series-of-four-1"})
        again = self.send(client, "post", self.URL, self.ask(suya_spot), **{"Idempotency-Key": "a-series-of-four-1"})
        assert (begun.status_code, again.json()["id"]) == (201, begun.json()["id"])
        assert BookingSeries.objects.count() == 1

        own = begun["Location"]
        changed = self.send(client, "patch", own, {"time": "20:00"}, **{"If-Match": begun["ETag"]})
        assert (changed.status_code, changed.json()["time"]) == (200, "20:00")
        stale = self.send(client, "patch", own, {"time": "21:00"}, **{"If-Match": begun["ETag"]})
        assert stale.status_code == 412
        assert [each["id"] for each in client.get(self.URL).json()["results"]] == [begun.json()["id"]]

        cancelled = client.delete(own)
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert client.delete(own).status_code == 409

    def test_a_full_date_is_named(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        fill(suya_spot, tomorrow() + WEEK)
        log_in(client, ada)
        refused = self.send(client, "post", self.URL, self.ask(suya_spot))
        assert (refused.status_code, refused.json()["code"]) == (409, "booking_series_refused")
        assert [each["outcome"] for each in refused.json()["dates"]] == ["free", "refused", "free", "free"]

    def test_is_nobody_elses(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        log_in(client, UserFactory())
        own = f"{self.URL}/{series.public_id}"
        answers = [client.get(own), self.send(client, "patch", own, {"time": "20:00"}), client.delete(own)]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert client.get(self.URL).json()["results"] == []

    @pytest.mark.parametrize(
        ("wrong", "pointer"),
        [
            ({"count": None}, "#/until"),
            ({"count": 1}, "#/count"),
            ({"time": "25:00"}, "#/time"),
            ({"every_weeks": 0}, "#/every_weeks"),
            ({"party_size": "many"}, "#/party_size"),
            ({"moved": [{"date": "2026-01-01"}]}, "#/moved/0/starts_at"),
            ({"skip": ["soon"]}, "#/skip/0"),
        ],
    )
    def test_says_what_is_wrong(
        self, client: Any, suya_spot: Restaurant, ada: User, wrong: dict[str, Any], pointer: str
    ) -> None:
        log_in(client, ada)
        answer = self.send(client, "post", self.URL, self.ask(suya_spot, **wrong))
        assert answer.status_code == 400
        assert pointer in [each["pointer"] for each in answer.json()["errors"]]

    def test_the_list_costs_the_same_for_many(
        self, client: Any, suya_spot: Restaurant, ada: User, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(3):
            begin(suya_spot, ada, rule=Rule(tomorrow() + timedelta(days=number), time(19), count=2))
        log_in(client, ada)
        with django_assert_max_num_queries(8):
            assert len(client.get(self.URL).json()["results"]) == 3


class TestThePages:
    def test_a_booking_is_repeated(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        first = book(suya_spot, diner=ada)
        days = rule().dates()
        fill(suya_spot, days[2])
        client.force_login(ada)
        page = reverse("bookings:repeat", args=[first.public_id])
        asked = {
            "every_weeks": "1",
            "until": days[3].isoformat(),
            "request_key": "6a0c7a4e-97f5-4b50-9c6a-c5b1f3a3a001",
        }

        assert client.get(page).status_code == 200
        looked = client.post(page, asked)
        assert [date["outcome"].is_possible for date in looked.context["dates"]] == [True, False, True]
        refused = client.post(page, {**asked, "book": "1"})
        assert refused.status_code == 409
        choice = looked.context["dates"][1]["choices"][0][0]
        done = client.post(page, {**asked, f"on-{days[2].isoformat()}": choice, "book": "1"})

        series = BookingSeries.objects.get()
        assert done["Location"] == reverse("bookings:series", args=[series.public_id])
        assert states(series) == ["booked"] * 4
        assert client.get(page)["Location"] == done["Location"]

    def test_its_page_changes_and_cancels(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        client.force_login(ada)
        page = reverse("bookings:series", args=[series.public_id])
        assert client.get(page).status_code == 200

        client.post(page, {"part": "change", "version": 1, "at": "20:00", "party": "2", "from_on": ""})
        assert Booking.objects.filter(starts_at__in=[at("20:00", day) for day in rule().dates()]).count() == 4
        stale = client.post(page, {"part": "cancel", "version": 1, "from_on": ""})
        assert stale.status_code == 412
        client.post(page, {"part": "cancel", "version": 2, "from_on": rule().dates()[3].isoformat()})
        assert states(series) == ["booked"] * 3 + ["withdrawn"]
        assert client.post(page, {"part": "nothing"}).status_code == 422

    def test_strangers_see_nothing(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        first = series.occurrences.order_by("planned_on")[0].booking
        assert first is not None
        client.force_login(UserFactory())
        assert client.get(reverse("bookings:series", args=[series.public_id])).status_code == 404
        assert client.get(reverse("bookings:repeat", args=[first.public_id])).status_code == 404

    def test_staff_call_it_off_with_a_reason(self, client: Any, suya_spot: Restaurant, ada: User) -> None:
        series = begin(suya_spot, ada)
        host = with_second_factor(UserFactory())
        add_member(user=host, restaurant_id=suya_spot.pk, role=Role.HOST)
        log_in(client, host)
        page = reverse("admin:bookings_bookingseries_change", args=[series.pk])
        assert client.get(reverse("admin:bookings_bookingseries_changelist")).status_code == 200
        assert "series-reason" in client.get(page).content.decode()

        client.post(reverse("admin:bookings_series_cancel", args=[series.pk]), {"reason": "The roof is being mended."})

        series.refresh_from_db()
        assert series.status == SeriesStatus.CANCELLED
