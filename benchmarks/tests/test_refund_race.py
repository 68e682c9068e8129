"""The race sees a promise broken: by what clients heard, and by what stands in rows, books and at the gateways."""

from uuid import uuid4

import pytest

from benchmarks.race import Answer
from benchmarks.refund_race import PAID_KOBO, Round, Wish, compare
from payments import services as payments
from payments.models import Payment
from payments.states import RefundReason
from payments.tests.factories import a_payment
from restaurants.tests.factories import RestaurantFactory


def heard(*answers: tuple[str, int, int, str]) -> Round:
    """Return a round with these answers: key, kobo, status, code."""
    found = [
        (Wish(key=key, kobo=kobo, bearer="", is_sent_twice=False), Answer(status, 0.1, code=code))
        for key, kobo, status, code in answers
    ]
    return Round(uuid4(), [wish for wish, _answer in found], found)


def test_a_request_that_is_sent_twice_is_one_promise():
    one = heard(("a", 500, 201, ""), ("a", 500, 201, ""), ("b", 300, 201, ""), ("c", 100, 409, "refund_too_large"))

    assert one.granted == {"a": 500, "b": 300}
    assert one.errors == 0


def test_who_is_refused_although_there_is_enough_to_the_end_is_refused_wrongly():
    nearly_all = PAID_KOBO - 200

    assert heard(("a", nearly_all, 201, ""), ("b", 300, 409, "refund_too_large")).wrongly_refused == 0
    assert heard(("a", nearly_all, 201, ""), ("b", 200, 409, "refund_too_large")).wrongly_refused == 1


def test_whatever_is_neither_granted_nor_a_conflict_is_an_error():
    assert (
        heard(("a", 5, 500, ""), ("b", 5, 0, ""), ("c", 5, 429, ""), ("d", 5, 409, "request_in_progress")).errors == 3
    )


@pytest.mark.django_db
class TestComparing:
    def raced(self, kobo: int) -> tuple[Round, Payment]:
        payment = a_payment(RestaurantFactory(), PAID_KOBO)
        payments.refund(payment=payment, amount_kobo=kobo, reason=RefundReason.GOODWILL, key="k")
        one = heard(("k", kobo, 201, ""))
        one.payment_id = payment.public_id
        return one, payment

    def at_the_gateway(self, payment: Payment, kobo: int) -> dict[str, list[dict[str, object]]]:
        return {"paystack": [{"reference": payment.reference, "refunded_kobo": kobo}]}

    def test_says_nothing_where_all_is_well(self):
        one, payment = self.raced(700)

        found = compare([one], self.at_the_gateway(payment, 700))

        assert (found.over_refunded, found.twice, found.diff_kobo) == (0, 0, 0)

    def test_sees_that_the_gateway_gave_back_twice(self):
        one, payment = self.raced(PAID_KOBO)

        found = compare([one], self.at_the_gateway(payment, 2 * PAID_KOBO))

        assert (found.over_refunded, found.diff_kobo) == (PAID_KOBO, PAID_KOBO)

    def test_sees_a_refund_that_nobody_was_promised(self):
        one, payment = self.raced(700)
        payments.refund(payment=payment, amount_kobo=5, reason=RefundReason.GOODWILL, key="another")

        assert compare([one], self.at_the_gateway(payment, 705)).twice == 1
