"""Text messages: to the sandbox's network and back, sealed while they wait, forgotten when they are sent."""

import logging
import time
from datetime import timedelta

import httpx
import pytest
from django.conf import settings as project_settings
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from core.encryption import key_of
from core.testing import log_in
from notifications import africastalking, allowances, by_sms, catalogue, gsm, rendering, services, twilio
from notifications.models import Message
from notifications.states import Channel, Status
from notifications.tests.factories import a_message, a_text, text_contexts_of

PHONE = "+2348031234567"
TEXTS = [
    (kind, context)
    for kind, entry in catalogue.KINDS.items()
    if Channel.SMS in entry.channels
    for context in text_contexts_of(kind)
]


@pytest.fixture
def rung(monkeypatch):
    bells: list[int] = []
    monkeypatch.setattr(services, "enqueue", lambda task, *args: bool(bells.append(args[0])) or True)
    return bells


class TestWords:
    # Two thousand texts: each as a test of its own took longer than writing them.
    @pytest.mark.parametrize("language", [code for code, _name in project_settings.LANGUAGES])
    def test_fit_one_part_in_every_language(self, language):
        for kind, context in TEXTS:
            text = rendering.sms(catalogue.kind_called(kind), language=language, context=context)

            assert gsm.parts(text) == 1, (kind, text)
            if catalogue.kind_called(kind).is_secret:
                assert str(context["code"]) in text, kind
                assert text.endswith(f"#{context['code']}"), kind
            for name in ("entry_url", "book_url", "review_url"):
                assert str(context.get(name, "")) in text, kind

    def test_are_english_where_they_would_not_fit(self, monkeypatch):
        whole = "Code {{ code }} " + "ẹ" * 90

        def written(name, values, *, html):
            return (whole if get_language() == "ha" else "Code {{ code }}").replace("{{ code }}", values["code"])

        monkeypatch.setattr(rendering, "_render", written)

        kind = catalogue.kind_called("account.login_code")
        assert rendering.sms(kind, language="ha", context={"code": "1"}) != "Code 1"
        assert rendering.sms(kind, language="ja", context={"code": "1"}) == "Code 1"

    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("₦12,500 · Ọbẹ̀ ẹ̀fọ́ — ɓukka ƙasa", "NGN 12,500 - Obe efo - bukka kasa"),
            ("Café à Lomé: 5 €", "Cafè à Lomé: 5 €".replace("è", "é")),
            ("«Ça va»", '"Ça va"'.replace("Ç", "Ç")),
            ("كود 12", "كود 12"),
            ("コード", "コード"),
        ],
    )
    def test_are_written_in_plain_letters_where_nothing_is_lost(self, text, plain):
        assert gsm.plain(text) == plain

    @pytest.mark.parametrize(
        ("text", "parts"), [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ẹ" * 70, 1), ("😀" * 36, 2)]
    )
    def test_are_counted_in_parts(self, text, parts):
        assert gsm.parts(text) == parts


@pytest.mark.django_db
class TestAtRest:
    def test_neither_number_nor_code_stands_in_the_table(self, rung):
        message = a_text()

        with connection.cursor() as cursor:
            cursor.execute("SELECT to_jsonb(m)::text, phone, sms_text FROM notifications_message m")
            row, phone, words = cursor.fetchone()
        assert message.phone == PHONE
        assert "8031234567" not in row
        assert "048391" not in row
        assert key_of(phone)
        assert key_of(words)

    def test_the_database_refuses_a_number_in_the_clear(self):
        with pytest.raises(IntegrityError, match="message_to_a_phone_is_sealed"), transaction.atomic():
            Message.objects.create(
                kind="account.login_code", channel="sms", recipient=PHONE, language="en", subject="x", dedupe_key="1"
            )

    def test_is_found_by_the_number_in_any_spelling(self, rung):
        message = a_text()

        assert list(Message.objects.to_phone("+234 (0) 803 123 4567")) == [message]
        assert not Message.objects.to_phone("0803 123 4568").exists()

    def test_one_fact_is_told_to_a_phone_once(self, rung):
        asked = {
            "kind": "account.login_code",
            "context": {"code": "1", "minutes": 5},
            "dedupe_key": "fact",
            "channel": "sms",
        }

        written = {services.send(to=to, **asked).pk for to in ("08031234567", PHONE)}

        assert len(written) == 1

    @pytest.mark.parametrize("to", ["", "0700 123 4567", "0201 234 5678", "12", "ada@example.com"])
    def test_refuses_what_receives_no_text_messages(self, to, rung):
        with pytest.raises(services.BadPhone):
            a_text(to=to)

        assert not Message.objects.exists()


@pytest.fixture
def by_one(settings):
    settings.SMS_PROVIDER, settings.SMS_FALLBACK_PROVIDER = "africastalking", ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("by_one")
class TestSending:
    def test_reaches_the_phone_and_forgets_the_words(self, sandbox, rung, caplog):
        caplog.set_level(logging.DEBUG)
        message = a_text()

        assert services.send_one(message_id=message.pk) is True

        [text] = sandbox.texts(to=PHONE)
        message.refresh_from_db()
        assert (text["code"], text["parts"]) == ("048391", 1)
        assert "048391" in text["text"]
        assert (message.status, message.provider_reference) == (Status.SENT, text["message_id"])
        assert (message.sms_text, message.body_text) == ("", "")
        assert "048391" not in caplog.text
        assert PHONE not in caplog.text
        assert services.send_again(message=message) is False

    def test_a_mail_with_a_code_is_forgotten_too(self, sandbox, rung):
        message = a_message(
            kind="account.login_code", context={"code": "QXRT-WVBN", "minutes": 5}, dedupe_key="code", name="Ada"
        )

        services.send_one(message_id=message.pk)

        message.refresh_from_db()
        assert "QXRT-WVBN" in sandbox.mails()[0]["subject"]
        assert "QXRT" not in message.subject + message.body_text + message.body_html
        assert message.status == Status.SENT

    @pytest.mark.parametrize("mode", ["invalid_number", "blacklisted", "do_not_disturb"])
    def test_a_number_that_is_refused_is_not_tried_again(self, sandbox, rung, mode):
        sandbox.spoil("sms", mode)
        message = a_text()

        assert services.send_one(message_id=message.pk) is False

        message.refresh_from_db()
        assert message.status == Status.FAILED
        assert message.sms_text == ""
        assert "803" not in message.last_error

    @pytest.mark.parametrize(
        "mode", ["no_balance", "gateway", "invalid_sender", "unauthorised", "down", "lost", "garbage"]
    )
    def test_what_can_be_mended_is_tried_again(self, sandbox, rung, mode):
        sandbox.spoil("sms", mode, times=1)
        message = a_text()
        services.send_one(message_id=message.pk)
        message.refresh_from_db()
        assert message.status == Status.WAITING
        assert message.last_error
        Message.objects.update(next_attempt_at=timezone.now())

        assert services.send_due() == 1

        assert sandbox.texts()[0]["code"] == "048391"

    def test_a_code_that_comes_too_late_is_not_sent_and_forgotten(self, sandbox, rung):
        message = a_text()
        Message.objects.update(created_at=timezone.now() - timedelta(minutes=6), useful_until=timezone.now())

        assert services.send_due() == 0

        message.refresh_from_db()
        assert (message.status, message.sms_text) == (Status.OUTDATED, "")
        assert sandbox.texts() == []

    def test_a_withheld_code_is_thrown_away(self, sandbox, rung):
        message = a_text(withheld=True)
        assert rung == [message.pk]

        assert services.send_one(message_id=message.pk) is False

        assert not Message.objects.exists()
        assert sandbox.texts() == []

    def test_a_network_that_is_away_keeps_no_mail_from_leaving(self, settings, sandbox, rung):
        settings.AFRICASTALKING_URL = "http://127.0.0.1:1"
        texts = [a_text(to=f"080312345{number}0") for number in range(2)]
        mail = a_message()

        assert services.send_due() == 1

        states = [Message.objects.get(pk=message.pk) for message in (*texts, mail)]
        assert [message.attempts for message in states] == [1, 0, 1]
        assert states[2].status == Status.SENT
        assert "cannot be reached" in states[0].last_error

    def test_a_network_that_does_not_answer_is_not_waited_for(self, settings, sandbox, rung, monkeypatch):
        monkeypatch.setattr(africastalking, "TIMEOUT", httpx.Timeout(0.5))
        sandbox.spoil("sms", delay_seconds=2, times=1)
        message = a_text()
        began = time.monotonic()

        services.send_one(message_id=message.pk)

        message.refresh_from_db()
        assert time.monotonic() - began < 1.5
        assert (message.status, message.last_error) == (Status.WAITING, "Africa's Talking did not answer: ReadTimeout")

    @pytest.mark.worker
    @pytest.mark.long
    def test_a_real_worker_sends_it(self, sandbox, celery_worker_process):
        with transaction.atomic():
            message = a_text()

        [text] = sandbox.wait_for_texts(1, to=PHONE)
        assert text["code"] == "048391"
        deadline = time.monotonic() + 5
        while Message.objects.get(pk=message.pk).sms_text:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def by_twilio(settings):
    settings.SMS_PROVIDER, settings.SMS_FALLBACK_PROVIDER = "twilio", ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("by_twilio")
class TestTwilio:
    def test_reaches_the_phone(self, sandbox, rung):
        message = a_text()

        assert services.send_one(message_id=message.pk) is True

        [text] = sandbox.texts(to=PHONE)
        message.refresh_from_db()
        assert (text["network"], text["from"], text["code"]) == ("twilio", "Buka", "048391")
        assert (message.carrier, message.provider_reference) == ("twilio", text["message_id"])

    def test_a_messaging_service_chooses_the_sender(self, settings, sandbox, rung):
        settings.TWILIO_MESSAGING_SERVICE_SID = f"MG{'0' * 32}"

        services.send_one(message_id=a_text().pk)

        assert sandbox.texts()[0]["from"].startswith("MG")

    @pytest.mark.parametrize(("mode", "code"), [("invalid_number", 21211), ("opted_out", 21610), ("no_mobile", 21614)])
    def test_a_number_that_is_refused_is_not_tried_again(self, sandbox, rung, mode, code):
        sandbox.spoil("twilio", mode)
        message = a_text()

        assert services.send_one(message_id=message.pk) is False

        message.refresh_from_db()
        assert message.status == Status.FAILED
        assert str(code) in message.last_error
        assert "803" not in message.last_error

    @pytest.mark.parametrize("mode", ["region", "invalid_sender", "unauthorised", "busy", "down"])
    def test_what_was_not_taken_is_tried_again(self, sandbox, rung, mode):
        sandbox.spoil("twilio", mode, times=1)
        # A code of its own: on a slow machine what an earlier test sent may come in only now.
        code = f"{len(mode)}{ord(mode[0])}91"
        message = a_text(code=code)
        services.send_one(message_id=message.pk)
        message.refresh_from_db()
        assert (message.status, message.carrier) == (Status.WAITING, "")
        Message.objects.update(next_attempt_at=timezone.now())

        assert services.send_due() == 1

        assert [text["code"] for text in sandbox.texts()].count(code) == 1

    @pytest.mark.parametrize("mode", ["lost", "garbage"])
    def test_what_was_taken_without_being_said_is_found_and_not_sent_twice(self, sandbox, rung, mode):
        sandbox.spoil("twilio", mode, times=1)
        message = a_text()
        services.send_one(message_id=message.pk)
        message.refresh_from_db()
        assert (message.status, message.carrier) == (Status.WAITING, "twilio")
        Message.objects.update(next_attempt_at=timezone.now())

        assert services.send_due() == 1

        [text] = sandbox.texts()
        message.refresh_from_db()
        assert (message.status, message.provider_reference) == (Status.SENT, text["message_id"])

    def test_an_answer_that_never_comes_is_looked_for(self, sandbox, rung, monkeypatch):
        monkeypatch.setattr(twilio, "TIMEOUT", httpx.Timeout(0.5))
        sandbox.spoil("twilio", delay_seconds=2, times=1)
        message = a_text()

        services.send_one(message_id=message.pk)

        message.refresh_from_db()
        assert (message.status, message.last_error) == (Status.WAITING, "Twilio did not answer: ReadTimeout")
        monkeypatch.setattr(twilio, "TIMEOUT", httpx.Timeout(10))
        sandbox.wait_for_texts(1)
        Message.objects.update(next_attempt_at=timezone.now())
        assert services.send_due() == 1
        assert len(sandbox.texts()) == 1


@pytest.mark.django_db(transaction=True)
class TestTheSecondCarrier:
    @pytest.fixture(autouse=True)
    def both(self, settings):
        settings.SMS_PROVIDER, settings.SMS_FALLBACK_PROVIDER = "africastalking", "twilio"

    def networks(self, sandbox):
        return [text["network"] for text in sandbox.texts()]

    @pytest.mark.parametrize("mode", ["down", "unauthorised", "no_balance", "gateway", "invalid_sender"])
    def test_is_asked_when_the_first_has_not_taken_it(self, sandbox, rung, mode):
        sandbox.spoil("sms", mode)
        message = a_text()

        assert services.send_one(message_id=message.pk) is True

        message.refresh_from_db()
        assert self.networks(sandbox) == ["twilio"]
        assert (message.carrier, message.status) == ("twilio", Status.SENT)

    def test_is_asked_when_the_first_is_away(self, settings, sandbox, rung):
        settings.AFRICASTALKING_URL = "http://127.0.0.1:1"
        for number in range(2):
            a_text(to=f"080312345{number}0")

        assert services.send_due() == 2

        assert self.networks(sandbox) == ["twilio", "twilio"]

    @pytest.mark.parametrize("mode", ["lost", "garbage"])
    def test_is_not_asked_for_what_the_first_may_have_taken(self, sandbox, rung, mode):
        sandbox.spoil("sms", mode, times=1)
        message = a_text()
        services.send_one(message_id=message.pk)
        message.refresh_from_db()
        assert (message.status, message.carrier) == (Status.WAITING, "africastalking")

        # Even when it is down at the next try.
        sandbox.spoil("sms", "down", times=1)
        Message.objects.update(next_attempt_at=timezone.now())
        assert services.send_due() == 0

        assert self.networks(sandbox) == ["africastalking"]

    def test_a_worker_that_died_while_asking_leaves_it_to_the_one_it_asked(self, sandbox, rung):
        message = a_text()
        Message.objects.update(
            status=Status.SENDING, attempts=1, next_attempt_at=timezone.now(), carrier="africastalking"
        )
        sandbox.spoil("sms", "down", times=1)

        assert services.send_due() == 0

        message.refresh_from_db()
        assert (message.status, message.carrier) == (Status.WAITING, "africastalking")
        assert sandbox.texts() == []

    def test_what_one_refuses_for_good_no_other_is_asked(self, sandbox, rung):
        sandbox.spoil("sms", "invalid_number")

        services.send_one(message_id=a_text().pk)

        assert sandbox.texts() == []
        assert Message.objects.get().status == Status.FAILED

    def test_both_away_keep_the_others_tries(self, settings, sandbox, rung):
        settings.AFRICASTALKING_URL = settings.TWILIO_URL = "http://127.0.0.1:1"
        texts = [a_text(to=f"080312345{number}0") for number in range(2)]

        assert services.send_due() == 0

        assert [Message.objects.get(pk=message.pk).attempts for message in texts] == [1, 0]

    def test_is_kept_from_real_networks_too(self, settings):
        settings.OUTBOUND_BLOCKED = True
        settings.AFRICASTALKING_URL, settings.TWILIO_URL = "http://127.0.0.1:8001/sms", "https://api.twilio.com"

        assert "TWILIO_URL" in (by_sms.outbound_problem() or "")


@pytest.mark.django_db
class TestAllowances:
    def test_a_number_gets_three_an_hour(self, rung):
        for _time in range(3):
            a_text()

        with pytest.raises(allowances.TextLimitReached) as refusal:
            a_text(to="+234 803 123 4567")

        assert refusal.value.retry_after
        assert Message.objects.count() == 3
        assert a_text(to="0803 123 4568")

    def test_known_and_unknown_numbers_are_refused_alike(self, rung):
        for _time in range(3):
            a_text(withheld=True)

        with pytest.raises(allowances.TextLimitReached):
            a_text(withheld=True)
        with pytest.raises(allowances.TextLimitReached):
            a_text()

    def test_a_country_has_a_budget_for_the_day(self, settings, rung):
        settings.SMS_DAILY_BUDGETS = {"234": 2, "*": 1}
        for number in range(2):
            a_text(to=f"0803123456{number}")
        a_text(to="+44 7400 123456")

        for to, withheld in (("08031234569", False), ("08031234569", True), ("+33 6 12 34 56 78", False)):
            if to.startswith("+33"):
                assert a_text(to=to)
                continue
            with pytest.raises(allowances.TextLimitReached):
                a_text(to=to, withheld=withheld)

    def test_what_is_withheld_uses_up_no_budget(self, settings, rung):
        settings.SMS_DAILY_BUDGETS = {"*": 1}
        for number in range(5):
            a_text(to=f"0803123456{number}", withheld=True)

        assert a_text(to="08031234569")


def news(number: int, **more):
    """Write a text without a code, as a booking would cause it."""
    context = text_contexts_of("booking.changed")[0]
    given = {"kind": "booking.changed", "to": PHONE, "channel": Channel.SMS, "context": context}
    return a_message(**given | {"dedupe_key": f"booking.changed:x:{number}"} | more)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("by_one")
class TestAllowancesOfNews:
    def test_a_number_gets_ten_an_hour_and_the_rest_is_held_back_for_good(self, sandbox, rung):
        for number in range(12):
            news(number)
        other = news(12, to="+2348031234568")

        assert services.send_due() == 11

        assert len(sandbox.texts(to=PHONE)) == 10
        other.refresh_from_db()
        assert other.status == Status.SENT
        held = Message.objects.exclude(status=Status.SENT)
        assert [(message.status, message.last_error[:9]) for message in held] == [(Status.FAILED, "Held back")] * 2
        Message.objects.update(next_attempt_at=timezone.now() - timedelta(days=1))
        assert services.send_due() == 0

    def test_a_day_has_its_own_end(self, settings, sandbox, rung):
        settings.SMS_NEWS_PER_NUMBER_AND_DAY = 2
        for number in range(3):
            news(number)

        assert services.send_due() == 2

    def test_codes_still_come(self, settings, sandbox, rung):
        settings.SMS_NEWS_PER_NUMBER_AND_HOUR, settings.SMS_NEWS_DAILY_BUDGETS = 1, {"*": 1}
        for number in range(2):
            news(number)
        code = a_text()

        assert services.send_due() == 2

        code.refresh_from_db()
        assert code.status == Status.SENT

    def test_a_country_has_a_budget_that_held_back_texts_do_not_use_up(self, settings, sandbox, rung):
        settings.SMS_NEWS_PER_NUMBER_AND_HOUR, settings.SMS_NEWS_DAILY_BUDGETS = 1, {"234": 2, "*": 1}
        for number in range(4):
            news(number)
        abroad = [news(10 + number, to=f"+4474001234{number}6") for number in range(2)]
        last = [news(20 + number, to=f"+23480312345{number}0") for number in range(2)]

        assert services.send_due() == 3

        states = [Message.objects.get(pk=message.pk).status for message in (*abroad, *last)]
        assert states == [Status.SENT, Status.FAILED, Status.SENT, Status.FAILED]

    def test_what_nobody_took_does_not_count(self, settings, sandbox, rung):
        settings.SMS_NEWS_PER_NUMBER_AND_HOUR = 1
        sandbox.spoil("sms", "down", times=1)
        news(1)
        assert services.send_due() == 0
        Message.objects.update(next_attempt_at=timezone.now())

        assert services.send_due() == 1

    def test_one_that_may_have_been_taken_is_counted_once(self, settings, sandbox, rung):
        settings.SMS_NEWS_PER_NUMBER_AND_HOUR = 1
        sandbox.spoil("sms", "garbage", times=1)
        news(1)
        assert services.send_due() == 0
        Message.objects.update(next_attempt_at=timezone.now())

        assert services.send_due() == 1

    def test_the_log_of_messages_says_why(self, settings, sandbox, rung, owner):
        settings.SMS_NEWS_PER_NUMBER_AND_HOUR = 0
        message = news(1)
        services.send_due()

        page = owner.get(reverse("admin:notifications_message_change", args=[message.pk])).content.decode()

        assert "Held back: this number" in page


@pytest.fixture
def owner(client):
    """A platform admin, after the second step of logging in."""
    log_in(client, get_user_model().objects.create_superuser(email="owner@example.com"))
    return client


@pytest.mark.django_db
class TestAdmin:
    def test_shows_a_masked_number_and_finds_it_whole(self, owner, rung):
        a_text()
        where = reverse("admin:notifications_message_changelist")

        found = owner.get(where, {"q": "08031234567"}).content.decode()
        missed = owner.get(where, {"q": "08031234568"}).content.decode()

        assert "0803 ••• ••67" in found
        assert "0803 123 4567" not in found
        assert "••67" not in missed

    def test_says_that_the_words_of_a_sent_code_are_forgotten(self, owner, rung):
        message = a_text()
        Message.objects.update(sms_text="", status=Status.SENT, sent_at=timezone.now())

        page = owner.get(reverse("admin:notifications_message_change", args=[message.pk])).content.decode()

        assert "The words are forgotten" in page


@pytest.mark.usefixtures("by_one")
class TestOutbound:
    @pytest.mark.parametrize(
        ("blocked", "url", "is_fine"),
        [
            (True, "http://127.0.0.1:8001/sms", True),
            (True, "https://api.africastalking.com", False),
            (False, "https://api.africastalking.com", True),
        ],
    )
    def test_the_check_says_so_before_anything_is_sent(self, settings, blocked, url, is_fine):
        settings.OUTBOUND_BLOCKED, settings.AFRICASTALKING_URL = blocked, url

        errors = [error.id for error in run_checks() if error.id == "notifications.E002"]

        assert errors == ([] if is_fine else ["notifications.E002"])

    @pytest.mark.django_db
    def test_nothing_leaves_a_blocked_place(self, settings, rung):
        settings.OUTBOUND_BLOCKED, settings.AFRICASTALKING_URL = True, "https://api.africastalking.com"
        message = a_text()

        services.send_one(message_id=message.pk)

        message.refresh_from_db()
        assert message.status == Status.FAILED
        assert "OUTBOUND_BLOCKED" in message.last_error

    def test_without_a_provider_nobody_carries_anything(self, settings):
        settings.SMS_PROVIDER = ""

        assert by_sms.providers() == {}
        assert by_sms.outbound_problem() is None
