import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from core import phones


class TestNormalise:
    @pytest.mark.parametrize(
        "typed",
        [
            "08031234567",
            "2348031234567",
            "+234 (0) 803 123 4567",
            "8031234567",
            "0803 123 4567",
            "+2348031234567",
            "00234 803 123 4567",
            "0803-123-4567",
            "(0803) 123 4567",
            " 0803.123.4567 ",
            "\u202a0803 123 4567\u202c",
            "٠٨٠٣١٢٣٤٥٦٧",
            "０８０３１２３４５６７",
            "0803\u00a0123\u00a04567",
            "+2340803 123 4567",
        ],
    )
    def test_one_number_however_it_is_written(self, typed):
        assert phones.normalise(typed) == "+2348031234567"

    @pytest.mark.parametrize("start", ["070", "080", "081", "090", "091"])
    def test_takes_every_kind_of_nigerian_mobile(self, start):
        typed = f"{start}31234567"

        assert phones.normalise(typed) == "+234" + typed[1:]

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("+44 20 7946 0123", "+442079460123"),
            ("+44 (0)20 7946 0123", "+442079460123"),
            ("+1 415 555 2671", "+14155552671"),
            ("+971 50 123 4567", "+971501234567"),
            ("0201 234 5678", "+2342012345678"),
        ],
    )
    def test_takes_the_diaspora_and_the_new_landlines(self, typed, stored):
        assert phones.normalise(typed) == stored

    @pytest.mark.parametrize("typed", ["01 234 5678", "012345678", "+234 1 234 5678", "23412345678"])
    def test_tells_that_lagos_landlines_were_renumbered(self, typed):
        with pytest.raises(ValidationError) as refusal:
            phones.normalise(typed)

        assert refusal.value.code == "phone_renumbered"
        assert "0201" in refusal.value.messages[0]

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("", "phone_missing"),
            ("   ", "phone_missing"),
            ("\u200b", "phone_missing"),
            ("call me", "phone_characters"),
            ("0803-CALL-NOW", "phone_characters"),
            ("0803\0" + "1234567", "phone_characters"),
            ("08031234567" * 4, "phone_characters"),
            ("9" * 10_000, "phone_characters"),
            ("08031234567 or 08051234567", "phone_characters"),
            ("🍛", "phone_characters"),
            ("-", "phone_unknown"),
            ("+", "phone_unknown"),
            ("12", "phone_not_nigerian"),
            ("0803 123 456", "phone_not_nigerian"),
            ("0603 123 4567", "phone_not_nigerian"),
            ("+1 123 456 7890", "phone_not_valid"),
            ("+999 123 456 789", "phone_unknown"),
        ],
    )
    def test_refuses_with_a_reason(self, typed, code):
        with pytest.raises(ValidationError) as refusal:
            phones.normalise(typed)

        assert refusal.value.code == code

    def test_takes_service_lines_but_knows_that_they_get_no_messages(self):
        line = phones.normalise("0800 123 4567")

        assert not phones.receives_sms(line)
        assert not phones.receives_sms("+2342012345678")
        assert phones.receives_sms("+2348031234567")
        assert phones.receives_sms("+971501234567")
        assert not phones.receives_sms("not a number")


class TestShowing:
    def test_national_form(self):
        assert phones.national("+2348031234567") == "0803 123 4567"
        assert phones.national("+442079460123") == "+44 20 7946 0123"
        assert phones.national("unreadable") == "unreadable"

    def test_masked_form_shows_enough_to_recognise_and_no_more(self):
        assert phones.mask("+2348031234567") == "0803 ••• ••67"
        assert phones.mask("123456") == "••••••"

    def test_refusals_are_translated_when_read(self):
        with pytest.raises(ValidationError) as refusal:
            phones.normalise("")

        with translation.override("en"):
            assert refusal.value.messages == ["Write a phone number, for example 0803 123 4567."]
