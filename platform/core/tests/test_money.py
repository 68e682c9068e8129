from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core import money


class TestToApi:
    @pytest.mark.parametrize(
        ("kobo", "written"), [(0, "0.00"), (5, "0.05"), (1_250_000, "12500.00"), (-105, "-1.05"), (-5, "-0.05")]
    )
    def test_writes_two_decimals(self, kobo, written):
        assert money.to_api(kobo) == written
        assert money.naira(kobo) == Decimal(written)
        assert money.parse(written) == kobo


class TestParse:
    @pytest.mark.parametrize(
        ("typed", "kobo"),
        [
            ("12500", 1_250_000),
            ("12,500", 1_250_000),
            ("₦12,500.00", 1_250_000),
            ("NGN 1,250.5", 125_050),
            (" 7 ", 700),
        ],
    )
    def test_reads_amounts_as_people_write_them(self, typed, kobo):
        assert money.parse(typed) == kobo

    @pytest.mark.parametrize(
        "typed",
        ["", "free", "1.234", "1,23", "1e5", "NaN", "Infinity", "12,50,000", "--1", "1.", ".5", "9" * 100, "١٢"],
    )
    def test_never_guesses(self, typed):
        with pytest.raises(ValidationError) as refusal:
            money.parse(typed)

        assert refusal.value.code == "money_unreadable"

    def test_refuses_what_no_column_holds(self):
        with pytest.raises(ValidationError) as refusal:
            money.parse("9999999999999999")

        assert refusal.value.code == "money_too_large"
