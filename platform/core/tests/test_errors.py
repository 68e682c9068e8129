import json
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput, TooManyAttempts
from core.errors_reference import error_classes, render


class SeatsLeft(DomainError):
    code = "test_seats_left"
    message = _("Only %(left)d of 100% seats are left.")


class TestDomainError:
    def test_carries_details_and_fills_them_into_its_sentence(self):
        error = DomainError(_("Only %(left)d seats are left."), left=3)

        assert str(error) == "Only 3 seats are left."
        assert error.details == {"left": 3}
        assert json.dumps(error.details)

    def test_its_own_message_can_be_replaced(self):
        assert str(DomainError("Not today.")) == "Not today."
        assert DomainError().details == {}

    def test_is_translated_when_it_is_read(self):
        error = DomainError(_("Yes"))

        with translation.override("fr"):
            assert str(error) == "Oui"

    def test_a_sentence_that_cannot_be_filled_in_is_no_crash(self, caplog):
        assert str(DomainError("Only %(left)d seats.", right=1)) == "Only %(left)d seats."
        assert str(SeatsLeft(left=1)) == "Only %(left)d of 100% seats are left."
        assert "does not fit its details" in caplog.text

    def test_knows_when_to_ask_again(self):
        assert TooManyAttempts(retry_after=30).retry_after == 30
        assert DomainError().retry_after is None

    def test_invalid_input_says_which_field(self):
        error = InvalidInput(errors={"party_size": ["Too many."]})

        assert error.errors == {"party_size": ["Too many."]}
        assert error.status == 400


class TestReference:
    def test_every_error_has_a_code_of_its_own(self):
        shared = [code for code, count in Counter(error.code for error in error_classes()).items() if count > 1]

        assert shared == [], f"Give each of these errors its own code: {shared}"

    @pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__qualname__)
    def test_every_error_says_its_code_itself_and_answers_a_refusal(self, error):
        assert "code" in vars(error)
        assert error.code == error.code.lower() and error.code.replace("_", "").isalnum()
        assert 400 <= error.status < 600
        assert str(error.message).endswith((".", "?", "!"))

    def test_the_page_is_current(self):
        page = Path(settings.BASE_DIR) / "docs" / "errors.md"

        assert page.read_text() == render(), "Run manage.py document_errors."
