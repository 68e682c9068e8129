"""What somebody paid, on a page of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.tests.factories import UserFactory, log_in
from payments.models import Payment, PaymentRequest
from payments.saved.models import CardCharge
from payments.states import PaymentState, RefundState, Review
from payments.tests.factories import a_payment, a_refund
from payments.views_own import words_of
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2,))


@pytest.fixture
def ada() -> Any:
    return UserFactory(name="Ada Demo")


@pytest.fixture
def browser(ada: Any) -> Client:
    client = Client()
    log_in(client, ada, second_factor=False)
    return client


def mine(client: Client, **asked: Any) -> str:
    answer = client.get(reverse("own_payments:list"), asked)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    return answer.content.decode()


class TestTheList:
    def test_shows_ones_own_and_what_went_back(self, browser, ada, suya) -> None:
        payment = a_payment(suya, 2_000_000, payer=ada)
        a_refund(payment, 500_000, expected_at=timezone.now() + timedelta(days=3))
        others = a_payment(suya, payer=UserFactory())

        page = mine(browser)

        assert payment.reference in page
        assert others.reference not in page
        for said in ("Suya Spot", "₦20,000", "₦5,000", "On its way", "expected by", "4081"):
            assert said in page, said

    def test_shows_a_saved_card_that_was_refused_and_no_page_that_never_opened(self, browser, ada, suya) -> None:
        refused, unseen = (a_payment(suya, payer=ada, state=PaymentState.FAILED) for _each in range(2))
        CardCharge.objects.create(payment=refused, is_present=True)

        page = mine(browser)

        assert refused.reference in page
        assert unseen.reference not in page

    def test_strangers_log_in_first(self, client, suya) -> None:
        for name in ("list", "csv"):
            answer = client.get(reverse(f"own_payments:{name}"))
            assert answer.status_code == 302
            assert "/log-in/" in answer["Location"]

    def test_says_so_where_there_is_nothing(self, browser) -> None:
        assert "You have paid nothing online yet" in mine(browser)

    def test_is_searched_by_house_and_reference(self, browser, ada, suya) -> None:
        there = a_payment(suya, payer=ada)
        elsewhere = a_payment(house(name="Bukka Hut", slug="bukka-hut", tables=(2,)), payer=ada)
        others = a_payment(suya, payer=UserFactory())

        for words, found in (("suya", there), ("SUYA SP", there), (elsewhere.reference, elsewhere)):
            page = mine(browser, q=words)
            assert [each.reference in page for each in (there, elsewhere)] == [found == there, found == elsewhere]
            assert others.reference not in page
        assert "Nothing found" in mine(browser, q="no such house")

    def test_tells_what_was_paid_each_month_of_the_latest_year_or_of_one(self, browser, ada, suya) -> None:
        a_refund(a_payment(suya, 2_000_000, payer=ada, at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC)), 500_000)
        a_payment(suya, 1_000_000, payer=ada, at=datetime(2026, 4, 2, tzinfo=UTC))
        a_payment(suya, 700_000, payer=ada, at=datetime(2025, 6, 1, tzinfo=UTC))
        a_payment(suya, 900_000, payer=ada, state=PaymentState.FAILED, at=datetime(2026, 5, 1, tzinfo=UTC))

        months = mine(browser).partition("Month by month")[2].partition("</details>")[0]
        of_2025 = mine(browser, year=2025).partition("Month by month")[2].partition("</details>")[0]

        # By the clock of Lagos both are of April.
        assert "April" in months
        assert "₦30,000" in months
        assert "₦5,000" in months
        assert "March" not in months
        assert "May" not in months
        assert ("June" in of_2025, "₦7,000" in of_2025) == (True, True)

    def test_is_narrowed_by_year_and_state(self, browser, ada, suya) -> None:
        # By the clock of Lagos it is the new year already.
        early = a_payment(suya, payer=ada, at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
        old = a_payment(suya, payer=ada, at=datetime(2025, 6, 1, tzinfo=UTC))
        failed = a_payment(suya, payer=ada, state=PaymentState.EXPIRED, at=datetime(2026, 2, 1, tzinfo=UTC))
        given = a_payment(suya, payer=ada, at=datetime(2026, 3, 1, tzinfo=UTC))
        a_refund(given)

        def found(**asked: Any) -> set[str]:
            page = mine(browser, **asked)
            return {payment.reference for payment in Payment.objects.all() if payment.reference in page}

        assert found(year=2026) == {early.reference, failed.reference, given.reference}
        assert found(year=2025) == {old.reference}
        assert found(state="failed") == {failed.reference}
        assert found(state="given_back") == {given.reference}
        assert found(state="paid", year=2026) == {early.reference, given.reference}

    @pytest.mark.parametrize("asked", [{"year": "soup"}, {"state": "soup"}, {"year": "1999"}, {"page": "99999"}])
    def test_odd_questions_are_no_crash(self, browser, ada, suya, asked: dict[str, str]) -> None:
        a_payment(suya, payer=ada)

        assert browser.get(reverse("own_payments:list"), asked).status_code in (200, 400)

    def test_says_in_its_own_words_that_a_year_is_not_there(self, browser, ada, suya) -> None:
        a_payment(suya, payer=ada)

        page = browser.get(reverse("own_payments:list"), {"year": "1999", "state": "x"}).content.decode()

        assert "Please choose one of these years, or all." in page
        assert "Please choose one of these states, or all." in page
        assert "1999 is not one of" not in page

    def test_what_went_back_is_not_called_paid(self, ada, suya) -> None:
        whole, part, going = (a_payment(suya, 2_000_000, payer=ada) for _each in range(3))
        a_refund(whole, 2_000_000, state=RefundState.DONE)
        a_refund(part, 500_000, state=RefundState.DONE)
        a_refund(going, 2_000_000)

        assert [words_of(payment) for payment in (whole, part, going)] == [
            ("Given back", "neutral"), ("A part given back", "neutral"), ("Being given back", "neutral"),
        ]  # fmt: skip

    def test_what_never_reached_its_payer_is_not_shown(self, browser, ada, suya) -> None:
        unseen = a_payment(suya, payer=ada, state=PaymentState.FAILED)
        seen = a_payment(suya, payer=ada, state=PaymentState.FAILED, checkout_url="https://gateway.example/1")

        page = mine(browser)

        assert unseen.reference not in page
        assert seen.reference in page

    def test_a_held_payment_says_so_and_not_that_all_is_well(self, browser, ada, suya) -> None:
        a_payment(suya, payer=ada, review=Review.HELD)

        assert "Somebody is looking at it" in mine(browser)

    def test_has_pages(self, browser, ada, suya) -> None:
        payments = [a_payment(suya, payer=ada) for _each in range(21)]

        assert payments[0].reference not in mine(browser)
        assert payments[0].reference in mine(browser, page=2)

    def test_costs_as_many_queries_however_many_there_are(
        self, browser, ada, suya, django_assert_max_num_queries
    ) -> None:
        a_refund(a_payment(suya, payer=ada))
        mine(browser)
        with django_assert_max_num_queries(20) as few:
            mine(browser)
        for _each in range(12):
            a_refund(a_payment(suya, payer=ada))
        with django_assert_max_num_queries(len(few)):
            mine(browser)


class TestTheSpreadsheet:
    def test_holds_the_same_and_nobody_elses(self, browser, ada, suya) -> None:
        payment = a_payment(suya, 1_234_500, payer=ada, at=datetime(2025, 6, 1, 11, tzinfo=UTC))
        later = a_payment(suya, payer=ada)
        others = a_payment(suya, payer=UserFactory())

        answer = browser.get(reverse("own_payments:csv"), {"year": 2025})

        assert answer["Content-Type"].startswith("text/csv")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        assert (
            f"{payment.reference},Suya Spot,deposit,,succeeded,12345.00,0.00,NGN,card,Visa 4081,2025-06-01 12:00"
            in text
        )
        assert later.reference not in text
        assert others.reference not in text


class TestAShare:
    def test_is_named_in_its_readers_language_unless_it_has_a_name(self) -> None:
        with translation.override("ha"):
            named = PaymentRequest(label="3", is_share=True).whose
        assert "3" in named
        assert named not in ("3", "Share 3")
        assert PaymentRequest(label="3", is_share=True).whose == "Share 3"
        assert PaymentRequest(label="Bola", is_share=True).whose == "Bola"
