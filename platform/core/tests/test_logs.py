"""Nothing that opens an account, or reaches a person, stands in a log."""

import io
import logging
import time
from typing import Any

import pytest
from django.conf import settings

from core.logs import Redacting, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiYSJ9.c2lnbmF0dXJlLW9mLWl0"


@pytest.fixture
def log() -> Any:
    """A logger whose only handler redacts; calling it returns the lines written since."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(Redacting())
    logger = logging.getLogger("tests.redacting")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.written = lines.getvalue  # type: ignore[attr-defined]
    yield logger
    logger.removeHandler(handler)


class TestRedacted:
    @pytest.mark.parametrize(
        "line",
        [
            "Authorization: Bearer abc.SESAME.def",
            "authorization: Basic c2VzYW1lU0VTQU1F SESAME",
            "Cookie: __Host-session=SESAME; __Host-at=SESAME",
            "Set-Cookie: __Secure-rt=SESAME; Path=/api/auth/; HttpOnly",
            "{'HTTP_AUTHORIZATION': 'Bearer SESAME SESAME', 'HTTP_COOKIE': 'a=SESAME; b=SESAME', 'PATH': '/'}",
            '{"password": "SESA\\"ME", "new_password": "SESAME", "name": "Ada"}',
            "{'access_token': 'SESAME', 'refresh-token': 'SESAME'}",
            "POST /api/auth/refresh?refresh_token=SESAME&next=/",
            "client_secret=SESAME client_id=abc",
            "WEBHOOK_SECRET = 'SESAME'",
            "password: SESAME",
            "x-paystack-signature: SESAME",
            "api_key=SESAME, apikey=SESAME",
            "sent with bearer SESAMESESAME",
            "cannot connect to postgresql://buka:SESAME@db.example:5432/buka",
            "cannot connect to redis://:SESAME@cache.example:6379/0",
            "otp=SESAME",
        ],
    )
    def test_hides_secrets_by_their_names(self, line):
        assert "SESAME" not in redacted(line)
        assert "•••" in redacted(line)

    @pytest.mark.parametrize("number", ["4084084084084081", "4084 0840 8408 4081", "5060-6666-6666-6666-666"])
    def test_hides_the_number_of_a_card_wherever_it_was_typed(self, number):
        assert redacted(f"Not Found: /pay/{number}") == "Not Found: /pay/•••"
        # One digit off is no card.
        assert redacted("Not Found: /pay/4084084084084082") == "Not Found: /pay/4084084084084082"

    def test_hides_tokens_without_a_name(self):
        from django.core import signing

        link = f"/en/booking/{signing.dumps('5b1d', salt='bookings')}/"

        assert redacted(f"refused {JWT} at once") == "refused ••• at once"
        assert redacted(f"Not Found: {link}") == "Not Found: /en/booking/•••/"

    @pytest.mark.parametrize(
        ("line", "safe"),
        [
            ("no mail to adaeze.obi+tables@mail.example.com", "no mail to a••••@mail.example.com"),
            ("GET /find?email=adaeze%40example.com&code=K7M4QT", "GET /find?email=a••••@example.com&code=K7M4QT"),
            ("DETAIL:  Key (email)=(ada@example.com) is there.", "DETAIL:  Key (email)=(a••••@example.com) is there."),
            ("to +2348031234567 by SMS", "to +2348•••••••67 by SMS"),
            ("called 0803 123 4567 twice", "called 0803 ••• ••67 twice"),
            ("row (7, +44 20 7946 0123, en)", "row (7, +44 20 •••• ••23, en)"),
            ("a cell ae1:2026a:AAAABBBBCCCC== moved", "a cell ae1:2026a:••• moved"),
        ],
    )  # fmt: skip
    def test_leaves_enough_of_people_to_recognise(self, line, safe):
        assert redacted(line) == safe

    @pytest.mark.parametrize(
        "line",
        [
            "Booking 3f0c9a52-08f1-4b6e-9c1d-080312345678 moved from confirmed to arrived",
            "at 2026-11-22T19:30:00+01:00 with 12 of 500 rows",
            "Forbidden (CSRF token missing.): /en/account/",
            "audit seal 12 5f2b8c0e4a1d over 12000000 events",
            "127.0.0.1:55432 answered in 0.0812 s",
            "/readyz: the database does not answer: timeout",
            "₦12,500.00 for 4 guests; ticket 0712",
        ],
    )
    def test_leaves_plain_sentences_alone(self, line):
        assert redacted(line) == line

    @pytest.mark.parametrize("part", ["a", "0 ", "token ", "a.b", "'\\"])
    def test_takes_no_more_than_twice_as_long_over_twice_the_line(self, part):
        def seconds(length):
            began = time.process_time()
            redacted(part * (length // len(part)) + "@")
            return time.process_time() - began

        # Of this process alone, and the best of a few: what other programs do meanwhile is not measured. A pattern that
        # looks back would take a hundred times as long over ten times the line.
        short, long = min(seconds(20_000) for _ in range(5)), min(seconds(200_000) for _ in range(3))

        assert long < 40 * short + 0.05


class TestTheFilter:
    def test_sees_the_sentence_with_its_arguments(self, log):
        log.warning("%s tried with %s", "ada@example.com", {"password": "SESAME"})

        assert log.written() == "WARNING a••••@example.com tried with {'password': •••}\n"

    def test_hides_values_whose_names_the_sentence_loses(self, log):
        log.info("in: %(refresh_token)s for %(who)s", {"refresh_token": "SESAME", "who": "somebody"})

        assert log.written() == "INFO in: ••• for somebody\n"

    def test_cleans_tracebacks_too(self, log):
        try:
            raise ValueError("Failing row contains (1, ada@example.com, +2348031234567, password=SESAME)")
        except ValueError:
            log.exception("could not save")

        written = log.written()
        assert "Traceback" in written
        assert "ValueError: Failing row contains (1, a••••@example.com, +2348•••••••67, password=•••)" in written

    def test_arguments_that_do_not_fit_are_hidden_all_the_same(self, log):
        log.error("one %s", "token=SESAME", "two")

        assert "SESAME" not in log.written()
        assert log.written().startswith("ERROR one %s")

    def test_stands_at_every_handler_of_the_settings(self):
        filters = settings.LOGGING["filters"]
        redacting = {name for name, made in filters.items() if made["()"] == "core.logs.Redacting"}

        assert redacting
        assert all(redacting & set(handler["filters"]) for handler in settings.LOGGING["handlers"].values())
