"""Nothing is kept for ever: each rule removes what is over time and nothing else, and says how much."""

import io
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from accounts.privacy.models import Consent, DataRequest, Export, RetentionRun
from accounts.privacy.services import consents, exporting, retaining
from accounts.privacy.states import Door, ExportStatus, RequestKind, RequestStatus
from accounts.tests.factories import UserFactory
from core import personal_data
from core.audit.models import AuditEvent
from core.models import IdempotencyKey
from core.personal_data import Policy
from notifications import services as notifications
from notifications.models import Message

pytestmark = pytest.mark.django_db


def begun(days_ago: int, **fields) -> User:
    """Somebody who began to make an account, so many days ago."""
    user = UserFactory(date_joined=timezone.now() - timedelta(days=days_ago), **fields)
    EmailAddress.objects.filter(user=user).update(verified=False)
    return user


class TestAccountsNeverConfirmed:
    def test_go_after_seven_days_with_what_was_agreed_to(self):
        old, new = begun(8), begun(6)
        consents.accept_at_sign_up(user=old)

        figures = retaining.run(policy="accounts.unconfirmed")

        assert (figures.found, figures.removed, figures.left_over) == (1, 1, 0)
        assert not User.objects.filter(pk=old.pk).exists()
        assert User.objects.filter(pk=new.pk).exists()
        assert not Consent.objects.exists()

    @pytest.mark.parametrize(
        "fields",
        [{"last_login": timezone.now()}, {"is_superuser": True}, {"is_staff": True}],
        ids=["was here", "runs the platform", "works at a house"],
    )
    def test_stay_when_they_are_more_than_begun(self, fields):
        user = begun(400, **fields)

        retaining.run(policy="accounts.unconfirmed")

        assert User.objects.filter(pk=user.pk).exists()

    def test_stay_when_any_address_is_proven_or_none_was_asked_for(self):
        confirmed, entered = begun(400), begun(400)
        confirmed.emailaddress_set.create(email="second@example.com", verified=True)
        EmailAddress.objects.filter(user=entered).delete()

        assert retaining.run(policy="accounts.unconfirmed").removed == 0


def message(days_ago: int, number: int = 0, kind: str = "privacy.erasure_cancelled") -> Message:
    needed = notifications.catalogue.kind_called(kind).needs
    context = dict.fromkeys(needed, "1")
    written = notifications.send(
        kind=kind, to=f"demo-{number}@example.com", context=context, dedupe_key=f"{kind}:{days_ago}:{number}"
    )
    Message.objects.filter(pk=written.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return written


class TestMessages:
    def test_go_after_a_year(self):
        old, new = message(366), message(364)

        retaining.run(policy="notifications.messages")

        assert list(Message.objects.all()) == [new]
        assert old != new

    @pytest.mark.parametrize(
        "kind",
        ["privacy.erasure_done", "privacy.guest_erased", "privacy.request_received", "privacy.request_answered"],
    )
    def test_the_last_that_knows_an_address_goes_after_a_week(self, kind):
        message(8, kind=kind)
        kept = message(8)

        retaining.run(policy="notifications.receipts")

        assert list(Message.objects.all()) == [kept]


class TestRights:
    def test_archives_nobody_fetched_lose_their_file(self, private_files):
        export = exporting.request_export(user=UserFactory())
        exporting.build(export_id=export.pk)
        week = timedelta(days=7, minutes=1)
        Export.objects.update(ready_at=timezone.now() - week, expires_at=timezone.now() - timedelta(minutes=1))

        figures = retaining.run(policy="privacy.exports")

        assert (figures.found, figures.removed) == (1, 1)
        assert Export.objects.get().status == ExportStatus.EXPIRED
        assert list((private_files / "exports").iterdir()) == []

    def test_answers_are_emptied_two_years_after(self):
        answered, still_open = (
            DataRequest.objects.create(
                kind=RequestKind.OTHER,
                name="Bola",
                email="bola@example.com",
                message="Why?",
                received_at=timezone.now() - timedelta(days=800),
            )
            for _each in range(2)
        )
        DataRequest.objects.filter(pk=answered.pk).update(
            status=RequestStatus.ANSWERED, answered_at=timezone.now() - timedelta(days=731)
        )

        first, second = (retaining.run(policy="privacy.requests") for _time in range(2))

        answered.refresh_from_db()
        still_open.refresh_from_db()
        assert (answered.name, answered.message) == ("", "")
        assert still_open.message == "Why?"
        assert (first.removed, second.removed) == (1, 0)

    def test_consents_go_six_years_after_they_were_taken_back(self):
        user = UserFactory()
        now = timezone.now()
        for purpose, years in (("marketing", 7), ("social", 5)):
            Consent.objects.create(
                user=user,
                purpose=purpose,
                version=1,
                locale="en",
                door=Door.PAGE,
                text_hash="0" * 64,
                given_at=now - timedelta(days=9 * 365),
                withdrawn_at=now - timedelta(days=years * 365),
                withdrawn_door=Door.PAGE,
            )

        retaining.run(policy="privacy.consents")

        assert [consent.purpose for consent in Consent.objects.all()] == ["social"]


class TestRunning:
    def test_a_dry_run_counts_and_removes_nothing(self):
        message(400)

        figures = retaining.run(policy="notifications.messages", dry_run=True)

        assert (figures.is_dry_run, figures.found, figures.removed) == (True, 1, 0)
        assert Message.objects.count() == 1

    def test_works_in_batches(self, monkeypatch):
        monkeypatch.setattr(retaining, "BATCH", 2)
        for number in range(5):
            message(400, number)

        figures = retaining.run(policy="notifications.messages")

        assert (figures.found, figures.removed, figures.left_over) == (5, 5, 0)

    def test_stops_in_time_and_says_what_is_left(self, monkeypatch):
        for number in range(3):
            message(400, number)

        figures = retaining.run(policy="notifications.messages", budget=timedelta())

        assert (figures.removed, figures.left_over) == (0, 3)

    @pytest.mark.parametrize(("goes", "asked_again"), [(1, ["stubborn"]), (0, [])], ids=["some went", "none can go"])
    def test_asks_for_another_round_only_when_one_helps(self, monkeypatch, goes, asked_again):
        went = iter([goes])
        stubborn = Policy(
            "stubborn", "", timedelta(), "", "", count=lambda before: 7, sweep=lambda before, limit: next(went, 0)
        )
        monkeypatch.setattr(personal_data, "policies", lambda: [stubborn])
        again = []
        monkeypatch.setattr(retaining, "enqueue", lambda task, name: again.append(name))

        retaining.run_in_batches(policy="stubborn")

        assert again == asked_again

    def test_a_rule_that_fails_says_so_and_keeps_nothing_else_from_its_work(self, monkeypatch):
        def stumble(before):
            raise ZeroDivisionError

        odd = Policy("odd", "Odd", timedelta(), "", "", count=stumble, sweep=lambda before, limit: 0)
        good = [policy for policy in personal_data.policies() if policy.name == "notifications.messages"]
        monkeypatch.setattr(personal_data, "policies", lambda: [odd, *good])
        message(400)
        out = io.StringIO()

        with pytest.raises(CommandError):
            call_command("retain", stdout=out)

        assert "notifications.messages: 1 gone" in out.getvalue()
        assert "ZeroDivisionError" in RetentionRun.objects.get(policy="odd").error

    def test_every_rule_there_is_can_be_counted(self):
        out = io.StringIO()

        call_command("retain", "--dry-run", stdout=out)

        assert len(out.getvalue().splitlines()) == len(personal_data.policies()) >= 15
        assert not RetentionRun.objects.exclude(error="").exists()

    def test_what_is_removed_is_in_the_trail(self):
        message(400)

        retaining.run(policy="notifications.messages")

        assert AuditEvent.objects.get(action="privacy.retention_ran").details == {
            "rule": "notifications.messages",
            "removed": 1,
        }

    def test_an_unknown_rule_is_refused(self):
        with pytest.raises(CommandError, match="nonsense"):
            call_command("retain", "nonsense")

    def test_keys_of_yesterday_go(self):
        IdempotencyKey.objects.create(
            actor="user:1", method="POST", path="/", key="k", request_digest="", status=200, body=b""
        )
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))

        assert retaining.run(policy="core.idempotency").removed == 1
