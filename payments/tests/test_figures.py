"""Figures of money: what they count, whose they are, and what they cost."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import give_platform_role
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory, log_in, member
from payments.figures import Asked, Period, SplitBy, figures, periods_of
from payments.models import Dispute, Payment, Refund
from payments.states import DisputeState, PaymentState, RefundState
from payments.tests.factories import a_dispute, a_payment, a_refund
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

LAGOS = ZoneInfo("Africa/Lagos")


def noon(day: int, month: int = 3, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LAGOS)


def march(**more: Any) -> Asked:
    given: dict[str, Any] = {"since": date(2026, 3, 1), "until": date(2026, 3, 31), "zone": LAGOS, "mode": "test"}
    return Asked(**{**given, **more})


def back(payment: Payment, kobo: int, at: datetime, **more: Any) -> None:
    row = a_refund(payment, kobo, **more)
    Refund.objects.filter(pk=row.pk).update(created_at=at)


def against(payment: Payment, kobo: int, at: datetime, **more: Any) -> None:
    row = a_dispute(payment, kobo, **more)
    Dispute.objects.filter(pk=row.pk).update(created_at=at)


@pytest.fixture
def suya() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2,))


@pytest.fixture
def amala() -> Restaurant:
    return house(name="Amala Place", slug="amala-place", tables=(2,))


class TestSums:
    def test_money_counts_on_the_day_it_came_and_what_went_back_on_the_day_it_was_asked(self, suya) -> None:
        payment = a_payment(suya, 2_000_000, fee_kobo=40_000, at=noon(2))
        a_payment(suya, 500_000, fee_kobo=10_000, at=noon(2))
        back(payment, 300_000, noon(4))
        against(payment, 200_000, noon(5))

        found = figures(march())

        by_day = {line.day.day: line.sums for line in found.lines}
        assert sorted(by_day) == [2, 4, 5]
        assert (by_day[2].payments, by_day[2].paid_kobo, by_day[2].fee_kobo) == (2, 2_500_000, 50_000)
        assert (by_day[4].refunds, by_day[4].refunded_kobo) == (1, 300_000)
        assert (by_day[5].disputes, by_day[5].disputed_kobo) == (1, 200_000)
        assert found.total.kept_kobo == 2_500_000 - 300_000 - 200_000 - 50_000

    def test_what_failed_to_go_back_and_what_was_won_is_not_gone(self, suya) -> None:
        payment = a_payment(suya, at=noon(2))
        back(payment, 300_000, noon(4), state=RefundState.FAILED)
        against(payment, 200_000, noon(5), state=DisputeState.WON)

        total = figures(march()).total

        assert (total.refunds, total.refunded_kobo) == (0, 0)
        assert (total.disputes, total.disputed_kobo) == (1, 0)

    def test_the_success_rate_is_of_attempts_that_ended(self, suya) -> None:
        paid = a_payment(suya, at=noon(2))
        a_payment(suya, state=PaymentState.FAILED, at=noon(2))
        a_payment(suya, state=PaymentState.EXPIRED, at=noon(3))
        a_payment(suya, state=PaymentState.CHECKING, at=noon(3))
        # A further charge under the same reference.
        Payment.objects.filter(pk=a_payment(suya, at=noon(2)).pk).update(beside=paid)

        total = figures(march()).total

        assert (total.succeeded, total.ended) == (1, 3)
        assert total.success == pytest.approx(1 / 3)
        assert total.payments == 2

    def test_days_begin_at_midnight_by_the_clock_that_is_asked_by(self, suya) -> None:
        # In Lagos it is the second already, in London still the first.
        a_payment(suya, at=noon(2, hour=0, minute=30))

        [in_lagos] = figures(march()).lines
        [in_london] = figures(march(zone=ZoneInfo("Europe/London"))).lines

        assert (in_lagos.day, in_london.day) == (date(2026, 3, 2), date(2026, 3, 1))

    def test_both_ends_of_the_time_count_and_nothing_beyond(self, suya) -> None:
        for moment in (
            noon(28, month=2, hour=23, minute=59),
            noon(1, hour=0),
            noon(31, hour=23, minute=59),
            noon(1, month=4, hour=0),
        ):
            a_payment(suya, at=moment)

        assert figures(march()).total.payments == 2

    def test_weeks_begin_on_monday_and_months_on_the_first(self, suya) -> None:
        for day in (2, 8, 9):
            a_payment(suya, at=noon(day))

        by_week = figures(march(period=Period.WEEK))
        by_month = figures(march(period=Period.MONTH))

        assert [(line.day.day, line.sums.payments) for line in by_week.lines] == [(2, 2), (9, 1)]
        assert [(line.day, line.sums.payments) for line in by_month.lines] == [(date(2026, 3, 1), 3)]

    @pytest.mark.parametrize(
        ("split", "parts"),
        [
            (SplitBy.GATEWAY, {"paystack", "flutterwave"}),
            (SplitBy.CHANNEL, {"card", "ussd"}),
            (SplitBy.KIND, {"deposit", "tickets"}),
        ],
    )
    def test_are_divided_and_all_parts_make_the_whole(self, suya, split: SplitBy, parts: set[str]) -> None:
        one = a_payment(suya, at=noon(2))
        a_payment(suya, 700_000, gateway="flutterwave", channel="ussd", kind="tickets", at=noon(2))
        back(one, 100_000, noon(2))
        against(one, 50_000, noon(2))

        found = figures(march(split=split))

        assert {line.part for line in found.lines} == parts
        assert sum(line.sums.paid_kobo for line in found.lines) == found.total.paid_kobo == 2_700_000
        assert sum(line.sums.refunded_kobo for line in found.lines) == 100_000
        assert sum(line.sums.disputed_kobo for line in found.lines) == 50_000

    def test_a_guarantee_is_nobodys_trade(self, suya) -> None:
        paid = a_payment(suya, 10_000, kind="guarantee", at=noon(2))
        back(paid, 10_000, noon(2))

        assert figures(march()).lines == []

    def test_money_of_test_keys_is_none(self, suya) -> None:
        a_payment(suya, at=noon(2))

        assert figures(march(mode="live")).lines == []

    def test_are_one_houses_where_one_is_asked_for(self, suya, amala) -> None:
        a_payment(suya, 100_000, at=noon(2))
        theirs = a_payment(amala, 900_000, at=noon(2))
        back(theirs, 100_000, noon(2))

        total = figures(march(houses={suya.pk})).total

        assert (total.paid_kobo, total.refunds) == (100_000, 0)

    @pytest.mark.parametrize(
        ("period", "first", "count"), [(Period.DAY, 1, 31), (Period.WEEK, 23, 6), (Period.MONTH, 1, 1)]
    )
    def test_every_period_has_its_place(self, period: Period, first: int, count: int) -> None:
        days = list(periods_of(march(period=period)))

        assert len(days) == count
        assert days[0].day == first

    def test_cost_four_queries_whatever_is_asked(self, suya, django_assert_num_queries) -> None:
        for day in range(1, 20):
            back(a_payment(suya, at=noon(day)), 100, noon(day))

        for split in (None, *SplitBy):
            with django_assert_num_queries(4):
                figures(march(split=split))


class TestThePage:
    @pytest.fixture
    def manager(self, suya) -> Client:
        client = Client()
        log_in(client, member(suya.pk, Role.MANAGER))
        return client

    @pytest.fixture
    def platform(self) -> Client:
        person, client = UserFactory(), Client()
        give_platform_role(user=person, role=PlatformRole.ADMIN)
        log_in(client, person)
        return client

    def asked(self, client: Client, way: str = "figures", **more: Any) -> Any:
        given = {"since": "2026-03-01", "until": "2026-03-31", "mode": "test", **more}
        return client.get(reverse(f"admin:payments_payment_{way}"), given)

    def test_shows_a_house_its_own_sums_with_a_chart_and_the_same_in_words(self, manager, suya, amala) -> None:
        a_payment(suya, 1_234_500, at=noon(2))
        a_payment(amala, 7_777_700, at=noon(2))

        page = self.asked(manager).content.decode()

        assert "₦12,345" in page
        assert "₦77,777" not in page
        assert 'role="img"' in page
        assert "The table below has each figure." in page
        assert page.count('<rect class="is-paid"') == 1
        assert "Amala" not in page

    def test_another_house_cannot_be_asked_for(self, manager, suya, amala) -> None:
        a_payment(suya, at=noon(2))
        a_payment(amala, 7_777_700, at=noon(2))

        for way in ("figures", "figures_csv"):
            answer = self.asked(manager, way, house=amala.pk)
            assert answer.status_code == 422
            assert "₦77,777" not in answer.content.decode()

    def test_the_platform_sees_all_or_one(self, platform, suya, amala) -> None:
        a_payment(suya, 1_000_000, at=noon(2))
        a_payment(amala, 7_777_700, at=noon(2))

        assert "₦87,777" in self.asked(platform).content.decode()
        assert "₦87,777" not in self.asked(platform, house=suya.pk).content.decode()

    @pytest.mark.parametrize(
        "asked",
        [
            {"since": "2026-04-01"},
            {"since": "soup"},
            {"since": "0001-01-01"},
            {"until": "9999-12-31"},
            {"since": "2023-01-01"},
            {"period": "hour"},
            {"split": "payer__email"},
            {"house": "-1"},
        ],
    )
    def test_what_cannot_be_asked_is_said_beside_it(self, manager, asked: dict[str, str]) -> None:
        answer = self.asked(manager, **asked)

        assert answer.status_code == 422
        assert "t-error" in answer.content.decode()

    def test_alone_is_where_one_is_in_the_menu(self, platform) -> None:
        parts = self.asked(platform).context["sidebar_navigation"]

        assert [item["title"] for part in parts for item in part["items"] if item["active"]] == ["Figures"]

    def test_nothing_is_said_to_be_nothing(self, manager) -> None:
        page = self.asked(manager).content.decode()

        assert "Nothing was paid in this time." in page
        assert "<svg class" not in page

    def test_without_a_question_the_last_weeks_are_shown(self, manager, suya) -> None:
        a_payment(suya, 1_234_500)

        answer = manager.get(reverse("admin:payments_payment_figures"))

        assert answer.status_code == 200
        assert "₦12,345" in answer.content.decode()

    def test_goes_out_as_a_spreadsheet_with_the_same_sums(self, manager, suya) -> None:
        payment = a_payment(suya, 1_234_500, fee_kobo=4_500, at=noon(2))
        back(payment, 34_500, noon(3))

        answer = self.asked(manager, "figures_csv", split="gateway")

        assert answer["Content-Type"].startswith("text/csv")
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert lines[1] == "2026-03-02,paystack,1,12345.00,0,0.00,0,0.00,45.00,12300.00,1,1"
        assert lines[2] == "2026-03-03,paystack,0,0.00,1,345.00,0,0.00,0.00,-345.00,0,0"

    def test_reads_from_right_to_left_where_the_language_does(self, manager, suya) -> None:
        a_payment(suya, at=noon(1))
        first = {}
        for language in ("en", "ar"):
            User.objects.update(language=language)
            page = self.asked(manager).content.decode()
            first[language] = float(page.split('class="is-paid" x="')[1].split('"')[0])

        assert first["en"] < 480 < first["ar"]
