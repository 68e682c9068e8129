"""Writing messages and sending them, to the sandbox's real mail server."""

import smtplib
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications import by_email, catalogue, services
from notifications.models import Message
from notifications.states import Status
from notifications.tests.factories import a_message, contexts_of
from sandbox.testing import SandboxClient, free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    """Which messages were rung for: most tests send by hand and want no worker."""
    rung_for: list[int] = []
    monkeypatch.setattr(services, "enqueue", lambda task, *args: rung_for.extend(args) or True)
    return rung_for


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())


class TestSend:
    def test_writes_in_the_persons_language_and_rings_on_commit(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            message = a_message(language="ar")
            rung_before_commit = list(rung)

        message.refresh_from_db()
        assert message.status == Status.WAITING
        assert message.language == "ar"
        assert 'dir="rtl"' in message.body_html
        assert rung_before_commit == []
        assert rung == [message.pk]

    def test_one_fact_is_told_once_to_each(self, rung, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            first = a_message()
            again = a_message(context=contexts_of("booking.confirmed")[1], to=" ada@EXAMPLE.com ")
            other = a_message(to="bola@example.com")

        assert again == first
        assert rung == [first.pk, other.pk]
        assert Message.objects.count() == 2

    def test_the_database_refuses_a_second_message_about_a_fact(self):
        message = a_message()
        message.pk = None
        message.public_id = "018f0000-0000-7000-8000-000000000000"

        with pytest.raises(IntegrityError, match="message_is_written_once_per_fact_and_person"), transaction.atomic():
            message.save(force_insert=True)

    def test_the_database_wants_a_time_for_what_was_sent(self):
        message = a_message()

        with pytest.raises(IntegrityError, match="message_sent_has_its_time"), transaction.atomic():
            Message.objects.filter(pk=message.pk).update(status=Status.SENT)

    def test_a_transaction_that_fails_tells_nobody(self, rung, django_capture_on_commit_callbacks):
        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(ZeroDivisionError),
            transaction.atomic(),
        ):
            a_message()
            raise ZeroDivisionError

        assert rung == []
        assert not Message.objects.exists()

    @pytest.mark.parametrize(
        "to",
        ["", "ada", "ada@", "ada@example.com\nBcc: x@example.com", "a@b.c, d@e.f", "ada\0@example.com", "x" * 9999],
    )
    def test_refuses_an_address_nobody_can_write_to(self, to):
        with pytest.raises(services.BadRecipient) as refusal:
            a_message(to=to)

        assert refusal.value.code == "notification_bad_recipient"
        assert not Message.objects.exists()

    def test_refuses_a_channel_without_words(self):
        with pytest.raises(catalogue.WrongContext, match="no words for pigeon"):
            a_message(channel="pigeon")

    def test_refuses_to_attach_too_much(self):
        with pytest.raises(ValueError, match="are attached"):
            a_message(attachments=[services.Attachment("big", "text/plain", b"x" * (1024 * 1024 + 1))])


class TestSendOne:
    def test_sends_every_part(self, sandbox: SandboxClient):
        calendar = services.Attachment(
            "Tisch für vier.ics", "text/calendar; method=PUBLISH; charset=utf-8", "BEGIN:é".encode()
        )
        message = a_message(language="de", attachments=[calendar])

        assert services.send_one(message_id=message.pk) is True

        [mail] = sandbox.mails(to="ada@example.com")
        message.refresh_from_db()
        headers = {name.lower(): value for name, value in mail["headers"]}
        assert message.status == Status.SENT
        assert message.sent_at is not None
        assert mail["message_id"] == message.message_id == f"<{message.public_id}@buka.example>"
        assert mail["from"] == "Buka <tables@buka.example>"
        assert mail["to"] == "Ada Obi <ada@example.com>"
        assert mail["subject"] == message.subject
        assert mail["plain"].replace("\r\n", "\n") == message.body_text
        assert mail["html"].replace("\r\n", "\n") == message.body_html
        assert headers["content-language"] == "de"
        assert headers["auto-submitted"] == "auto-generated"
        assert [(part["name"], part["content_type"]) for part in mail["attachments"]] == [
            ("Tisch für vier.ics", "text/calendar")
        ]
        assert "method=PUBLISH" in sandbox.http.get(mail["url"] + "raw").text.replace('"', "")
        assert sandbox.http.get(mail["attachments"][0]["url"]).content == b"BEGIN:\xc3\xa9"

    def test_sends_once(self, sandbox):
        message = a_message()

        assert services.send_one(message_id=message.pk) is True
        assert services.send_one(message_id=message.pk) is False
        assert services.send_due() == 0

        assert len(sandbox.mails()) == 1

    @pytest.mark.parametrize(
        "name",
        [
            "Ada\r\nBcc: everybody@example.com",
            "\0Ada",
            "👩🏾‍🍳" * 5_000,
            "ẹ́" * 300,
            'Ada "the cook", <evil@example.com>',
            "عائشة \u202e",
            "a" * 10_000,
        ],
    )
    def test_a_name_changes_nothing_but_the_name(self, sandbox, name):
        context = contexts_of("booking.confirmed")[0] | {"guest_name": name, "restaurant_name": name}
        message = a_message(name=name, context=context)

        assert services.send_one(message_id=message.pk) is True

        [mail] = sandbox.mails()
        assert mail["recipients"] == ["ada@example.com"]
        assert not {"bcc", "x"} & {header.lower() for header, _value in mail["headers"]}
        assert mail["to"].endswith("<ada@example.com>")
        assert len(mail["to"]) < 200
        assert mail["subject"] == message.subject

    def test_knows_nothing_of_a_message_that_is_gone(self, sandbox):
        assert services.send_one(message_id=999_999_999) is False

    def test_does_not_send_what_came_too_late(self, sandbox):
        message = a_message(useful_until=timezone.now() + timedelta(hours=1))

        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            assert services.send_one(message_id=message.pk) is False

        message.refresh_from_db()
        assert message.status == Status.OUTDATED
        assert sandbox.mails() == []


class TestFailures:
    def test_a_temporary_refusal_is_tried_again_later(self, sandbox):
        sandbox.fault("temporary", times=1)
        message = a_message()

        assert services.send_one(message_id=message.pk) is False
        message.refresh_from_db()
        assert message.status == Status.WAITING
        assert "451" in message.last_error
        assert services.send_due() == 0

        with time_machine.travel(timezone.now() + timedelta(seconds=40)):
            assert services.send_due() == 1

        message.refresh_from_db()
        assert (message.status, message.attempts, message.last_error) == (Status.SENT, 2, "")
        assert len(sandbox.mails()) == 1

    def test_a_connection_lost_after_the_last_line_repeats_the_same_mail(self, sandbox):
        sandbox.fault("drop", times=1)
        message = a_message()

        assert services.send_one(message_id=message.pk) is False
        make_due(message)
        assert services.send_due() == 1

        mails = sandbox.mails(message_id=message.message_id)
        assert [(mail["outcome"], mail["copy_number"], mail["copies"]) for mail in mails] == [
            ("accepted", 2, 2),
            ("dropped", 1, 2),
        ]

    def test_a_permanent_refusal_is_parked_at_once(self, sandbox):
        sandbox.fault("reject", times=1)
        message = a_message()

        services.send_one(message_id=message.pk)

        message.refresh_from_db()
        assert (message.status, message.attempts) == (Status.FAILED, 1)
        assert "550" in message.last_error
        make_due(message)
        assert services.send_due() == 0
        assert sandbox.mails() == []

    def test_parks_after_eight_tries(self, sandbox):
        sandbox.fault("temporary")
        message = a_message()

        waits = []
        for _attempt in range(services.TRIES):
            make_due(message)
            assert services.send_due() == 0
            message.refresh_from_db()
            waits.append(message.next_attempt_at - timezone.now())

        assert message.status == Status.FAILED
        assert message.attempts == 8
        make_due(message)
        assert services.send_due() == 0
        assert waits[0] < timedelta(seconds=34) < timedelta(seconds=100) < waits[1] < waits[2]
        assert timedelta(hours=3) < waits[6] < timedelta(hours=5)

    def test_a_mail_server_that_is_away_costs_one_message_one_try(self, settings, sandbox):
        settings.EMAIL_PORT = free_port()
        messages = [a_message(dedupe_key=f"fact:{number}") for number in range(3)]

        assert services.send_due() == 0

        tries = Message.objects.order_by("pk").values_list("attempts", flat=True)
        assert list(tries) == [1, 0, 0]
        messages[0].refresh_from_db()
        assert messages[0].last_error.startswith(by_email.UNREACHABLE)

    def test_our_own_log_in_being_wrong_is_no_refusal_of_the_mail(self):
        ours = smtplib.SMTPAuthenticationError(535, b"5.7.8 no")
        theirs = smtplib.SMTPDataError(554, b"5.7.1 spam")

        assert isinstance(by_email._verdict([ours.smtp_code], ours), by_email.NotNow)
        assert isinstance(by_email._verdict([theirs.smtp_code], theirs), by_email.Refused)

    def test_a_surprise_does_not_stop_the_next_message(self, sandbox, caplog):
        strange = a_message(dedupe_key="fact:1")
        Message.objects.filter(pk=strange.pk).update(attachments=[{"name": "x"}])
        fine = a_message(dedupe_key="fact:2")

        assert services.send_due() == 1

        strange.refresh_from_db()
        fine.refresh_from_db()
        assert (strange.status, fine.status) == (Status.WAITING, Status.SENT)
        assert "KeyError" in strange.last_error
        assert "could not be sent" in caplog.text


class TestLease:
    def test_a_claimed_message_is_left_in_peace_until_its_lease_runs_out(self, sandbox):
        message = a_message()
        services._claim(message_id=message.pk)

        assert services.send_due() == 0
        with time_machine.travel(timezone.now() + services.LEASE + timedelta(seconds=1)):
            assert services.send_due() == 1

        message.refresh_from_db()
        assert (message.status, message.attempts) == (Status.SENT, 2)

    def test_a_worker_that_dies_every_time_is_given_up(self, sandbox):
        message = a_message()
        for _attempt in range(services.TRIES):
            make_due(message)
            assert services._claim(message_id=message.pk) is not None

        make_due(message)
        assert services.send_due() == 0

        message.refresh_from_db()
        assert message.status == Status.FAILED
        assert "worker stopped" in message.last_error

    def test_a_worker_that_wakes_up_late_does_not_undo_what_another_did(self, sandbox):
        message = a_message()
        sleeper = services._claim(message_id=message.pk)
        make_due(message)
        services.send_due()

        services._mark_failed(sleeper, "451 too late", for_good=True)

        message.refresh_from_db()
        assert message.status == Status.SENT


class TestSendAgain:
    def test_gives_a_parked_message_all_its_tries(self, sandbox, rung, django_capture_on_commit_callbacks):
        sandbox.fault("reject", times=1)
        message = a_message()
        services.send_one(message_id=message.pk)

        with django_capture_on_commit_callbacks(execute=True):
            assert services.send_again(message=message) is True

        assert rung == [message.pk]
        assert services.send_one(message_id=message.pk) is True

    def test_repeats_a_sent_message_as_the_same_mail(self, sandbox):
        message = a_message()
        services.send_one(message_id=message.pk)

        assert services.send_again(message=message) is True
        services.send_one(message_id=message.pk)

        assert [mail["copies"] for mail in sandbox.mails(message_id=message.message_id)] == [2, 2]

    def test_leaves_alone_what_is_being_sent(self, sandbox):
        message = a_message()
        services._claim(message_id=message.pk)

        assert services.send_again(message=message) is False


class TestOutbound:
    @pytest.mark.parametrize("host", ["smtp.example.com", "10.0.0.5", "127.0.0.1.example.com", ""])
    def test_nothing_leaves_a_blocked_place(self, settings, sandbox, host):
        settings.OUTBOUND_BLOCKED = True
        settings.EMAIL_HOST = host
        message = a_message()

        assert services.send_one(message_id=message.pk) is False

        message.refresh_from_db()
        assert message.status == Status.FAILED
        assert "OUTBOUND_BLOCKED is on" in message.last_error
        assert sandbox.mails() == []

    @pytest.mark.parametrize(
        ("blocked", "host", "is_fine"),
        [
            (True, "127.0.0.1", True),
            (True, "::1", True),
            (True, "localhost", True),
            (True, "smtp.example.com", False),
            (False, "smtp.example.com", True),
        ],
    )
    def test_the_check_says_so_before_anything_is_sent(self, settings, blocked, host, is_fine):
        from notifications.checks import mail_stays_where_it_may_go

        settings.OUTBOUND_BLOCKED = blocked
        settings.EMAIL_HOST = host

        problems = mail_stays_where_it_may_go(None)

        assert [problem.id for problem in problems] == ([] if is_fine else ["notifications.E001"])
