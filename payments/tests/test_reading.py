"""What can be read of a gateway's JSON, whatever is in it."""

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import LARGEST
from payments.gateways.reading import NotJson, Reading, expiry, naira_number, page_address, read
from payments.tests.samples import anything


def of(body: bytes) -> Reading:
    return read(b'{"it":' + body + b"}")


class TestNaira:
    @given(st.integers(min_value=0, max_value=LARGEST))
    def test_is_the_same_kobo_there_and_back(self, kobo: int):
        as_number = of(naira_number(kobo).encode()).kobo_of_naira("it")
        as_text = of(json.dumps(naira_number(kobo)).encode()).kobo_of_naira("it")

        assert as_number == as_text == kobo

    @given(st.integers(min_value=0, max_value=LARGEST))
    def test_is_written_as_exactly_what_it_is(self, kobo: int):
        assert Decimal(naira_number(kobo)) * 100 == kobo

    @pytest.mark.parametrize(
        ("written", "kobo"),
        [
            ("2500", 250000),
            ("2500.0", 250000),
            ("2462.37", 246237),
            ("0.07", 7),
            ("1.10", 110),
            ("1e3", 100000),
            ("4503599627370.49", 450359962737049),
            ('"7500"', 750000),
            ('" 7500.50 "', 750050),
            ("2500.005", None),
            ("-1", None),
            ("1e999999999", None),
            ("1e-999999999", None),
            ("NaN", None),
            ("Infinity", None),
            ("true", None),
            ('"7,500"', None),
            ('"٧"', None),
            ("10000000000001", None),
            ("null", None),
        ],
    )
    def test_is_read_to_the_kobo_or_not_at_all(self, written: str, kobo: int | None):
        assert of(written.encode()).kobo_of_naira("it") == kobo

    def test_a_fee_is_rounded_as_money_is(self):
        assert of(b"2.625").kobo_of_naira("it", rounded=True) == 263
        assert of(b"2.624").kobo_of_naira("it", rounded=True) == 262


class TestKobo:
    @pytest.mark.parametrize(
        ("written", "kobo"),
        [("30000", 30000), ('"30000"', 30000), ("30000.0", 30000), ("0", 0)]
        + [(text, None) for text in ("300.5", '""', "true", "-1", "[30000]", "{}", '"3e4"', "1" + "0" * 16)],
    )
    def test_is_a_whole_number_in_either_form(self, written: str, kobo: int | None):
        assert of(written.encode()).kobo("it") == kobo


class TestAnyField:
    @given(anything)
    def test_can_be_asked_for_anything(self, value: Any):
        it = Reading({"it": value})

        told = (it.text("it"), it.identifier("it"), it.currency("it"), it.digits("it", most=4))
        assert all(isinstance(each, str) for each in told)
        # What a database would refuse, or an address would be broken by.
        assert all("\x00" not in each for each in told)
        assert all(each.encode() is not None for each in told)
        assert it.kobo("it") is None or 0 <= it.kobo("it") <= LARGEST  # type: ignore[operator]
        assert it.kobo_of_naira("it", rounded=True) is None or it.kobo_of_naira("it", rounded=True) >= 0  # type: ignore[operator]
        assert it.moment("it") is None or it.moment("it").tzinfo is UTC  # type: ignore[union-attr]
        assert isinstance(it.part("it"), Reading)
        assert it.parts("it") is None or isinstance(value, list)

    @pytest.mark.parametrize("value", ["", 0, None, {}, [], "text", True])
    def test_what_is_no_object_has_no_fields(self, value: Any):
        assert Reading({"it": value}).part("it").text("within") == ""

    def test_the_first_that_says_something_wins(self):
        assert Reading({"paid_at": None, "paidAt": "2026-01-22T09:15:02.000Z"}).moment("paid_at", "paidAt") == datetime(
            2026, 1, 22, 9, 15, 2, tzinfo=UTC
        )
        assert Reading({"brand": "", "card_type": "visa "}).text("brand", "card_type") == "visa"

    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2026-01-22T09:15:02.000Z", datetime(2026, 1, 22, 9, 15, 2, tzinfo=UTC)),
            ("2026-01-22T10:15:02+01:00", datetime(2026, 1, 22, 9, 15, 2, tzinfo=UTC)),
            ("2026-01-22 09:15:02", datetime(2026, 1, 22, 9, 15, 2, tzinfo=UTC)),
            ("0001-01-01T00:00:00+14:00", None),
            ("yesterday", None),
            ("", None),
        ],
    )
    def test_moments_are_utc(self, written: str, moment: datetime | None):
        assert Reading({"it": written}).moment("it") == moment

    def test_a_text_is_short_and_can_be_stored(self):
        assert Reading({"it": "a\x00b\nc\ud800"}).text("it") == "a b c"
        assert len(Reading({"it": "x" * 5000}).text("it")) == 200

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (4099260516, "4099260516"),
            (2**64 - 1, "18446744073709551615"),
            ("285959875", "285959875"),
            (2**64, ""),
            (0, ""),
            (-5, ""),
            (True, ""),
            (1.5, ""),
            ("../../admin", ""),
            ("a b", ""),
            ("x" * 101, ""),
        ],
    )
    def test_an_id_can_stand_in_an_address(self, value: Any, told: str):
        assert Reading({"it": value}).identifier("it") == told

    def test_more_digits_than_may_be_kept_are_none(self):
        assert Reading({"it": "4081"}).digits("it", most=4) == "4081"
        assert Reading({"it": "40814081"}).digits("it", most=4) == ""

    @pytest.mark.parametrize("value", ["NGNX", " NGN", "ngn", "NG", 5, None, "NGN\n"])
    def test_a_currency_is_exactly_its_code(self, value: Any):
        assert Reading({"it": value}).currency("it") == ""


class TestABody:
    @given(st.binary(max_size=60))
    def test_is_an_object_or_not_json(self, body: bytes):
        with contextlib.suppress(NotJson):
            assert isinstance(read(body), Reading)

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[1]", b'"x"', b"null", b"{", b"[" * 100_000, b'{"it":' + b"9" * 5000 + b"}", b"\xff"]
    )
    def test_that_is_no_object_says_so(self, body: bytes):
        with pytest.raises(NotJson):
            read(body)


class TestPages:
    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)",
            "http://checkout.example/x",
            "//checkout.example/x",
            "https://user@checkout.example/x",
            "https:///x",
            "https://checkout.example/a b",
            "https://checkout.example:99999/x",
            "https://[::1/x",
            "https://checkout.example/" + "x" * 2000,
            "",
        ],
    )
    def test_nobody_is_sent_to_what_is_no_page(self, address: str):
        assert page_address(address, base_url="https://api.example") == ""

    def test_a_page_is_plain_http_only_beside_a_gateway_that_is(self):
        page = "http://127.0.0.1:9/pay/1"

        assert page_address(page, base_url="http://127.0.0.1:9/paystack") == page
        assert page_address(page, base_url="https://api.example") == ""


@pytest.mark.parametrize(
    ("year", "month", "told"),
    [
        ("2030", "12", "2030-12"),
        ("32", "9", "2032-09"),
        ("32", "13", ""),
        ("", "1", ""),
        ("203", "1", ""),
        ("٣٢", "1", ""),
    ],
)
def test_an_expiry_is_a_month(year: str, month: str, told: str):
    assert expiry(year, month) == told
