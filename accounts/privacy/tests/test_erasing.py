"""Forgetting an account: regret, steps, what stays; killed, repeated, restored."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.privacy import selectors
from accounts.privacy.models import Consent, DataRequest, Erased, Erasure
from accounts.privacy.services import consents, erasing, exporting, replaying, requests
from accounts.privacy.states import Door, ErasureStatus, RequestKind, RequestStatus
from accounts.services import LastAdmin
from accounts.tests.factories import UserFactory
from accounts.tokens.models import TokenFamily
from core import personal_data
from core.audit.models import AuditEvent
from core.models import OutboxEvent
from core.personal_data import Eraser, Outcome
from notifications.models import Message
from notifications.states import Status

pytestmark = pytest.mark.django_db


def asked(user: User | None = None) -> Erasure:
    return erasing.request_erasure(user=user or UserFactory())


def run_out(erasure: Erasure) -> Erasure:
    """Let the fourteen days pass and the steps run."""
    Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now(), next_attempt_at=timezone.now())
    assert erasing.run(erasure_id=erasure.pk)
    erasure.refresh_from_db()
    return erasure


class TestAsking:
    def test_nothing_goes_for_fourteen_days(self):
        user = UserFactory()

        erasure = asked(user)

        assert erasure.due_at - erasure.requested_at >= timedelta(days=13, hours=23)
        with time_machine.travel(timezone.now() + timedelta(days=13)):
            assert erasing.run_due() == 0
        user.refresh_from_db()
        assert user.is_active
        mail = Message.objects.get(kind="privacy.erasure_requested")
        assert "/privacy/keep/" in mail.body_text

    def test_asked_twice_the_first_wish_stands(self):
        user = UserFactory()

        assert asked(user) == asked(user)

    def test_can_be_taken_back(self):
        user = UserFactory()
        erasure = asked(user)

        erasing.cancel_erasure(erasure=erasure)

        with time_machine.travel(timezone.now() + timedelta(days=15)):
            assert erasing.run_due() == 0
        assert User.objects.get(pk=user.pk).is_active
        assert selectors.open_erasure_of(user) is None
        with pytest.raises(erasing.NothingToCancel):
            erasing.cancel_erasure(erasure=erasure)

    def test_the_link_in_the_mail_is_signed(self):
        erasure, other = asked(), asked()

        assert erasing.erasure_to_keep(public_id=erasure.public_id, token=erasing.keep_token(erasure)) == erasure
        assert erasing.erasure_to_keep(public_id=erasure.public_id, token=erasing.keep_token(other)) is None
        assert erasing.erasure_to_keep(public_id=erasure.public_id, token="") is None

    def test_cannot_be_taken_back_once_it_runs(self):
        erasure = asked()
        Erasure.objects.filter(pk=erasure.pk).update(status=ErasureStatus.RUNNING)

        with pytest.raises(erasing.ErasureUnderWay):
            erasing.cancel_erasure(erasure=erasure)

    def test_refuses_the_last_who_runs_the_platform(self):
        admin = UserFactory(is_superuser=True, is_staff=True)

        with pytest.raises(LastAdmin):
            asked(admin)

        assert not Erasure.objects.exists()

    def test_promises_no_offers_to_who_is_about_to_go(self):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
        before = selectors.wants_promotion(user.email)

        asked(user)

        assert before
        assert not selectors.wants_promotion(user.email)


class TestErasing:
    def test_nothing_is_left_of_the_person(self):
        user = UserFactory(name="Ẹniọlá Òjó", email="eniola@example.com", phone="+2348031234567")
        user.authenticator_set.create(type="totp", data={"secret": "x"})
        user.socialaccount_set.create(provider="google", uid="1", extra_data={"email": user.email})
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE, address="203.0.113.7")
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)
        public_id = user.public_id

        erasure = run_out(asked(user))

        gone = User.objects.get(pk=user.pk)
        assert erasure.status == ErasureStatus.DONE
        assert gone.email.endswith("@erased.invalid")
        assert (gone.name, gone.phone, gone.phone_index) == (erasure.pseudonym, "", "")
        assert gone.public_id != public_id
        assert not gone.is_active
        assert not gone.has_usable_password()
        assert not gone.emailaddress_set.exists()
        assert not gone.authenticator_set.exists()
        assert not gone.socialaccount_set.exists()
        assert not TokenFamily.objects.filter(user=gone).exists()
        assert not Consent.objects.filter(user=gone, withdrawn_at=None).exists()
        assert [consent.address for consent in Consent.objects.filter(user=gone)] == [""]
        assert erasure.subject is None

    def test_the_receipt_says_what_stays_and_why(self):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)

        erasure = run_out(asked(user))

        kept = {line["step"]: line for line in erasure.receipt["lines"] if line["kept"]}
        assert kept["privacy.consents"]["why"]
        assert kept["accounts.trail"]["kept"] >= 1
        mail = Message.objects.get(kind="privacy.erasure_done")
        assert mail.recipient == user.email
        assert kept["privacy.consents"]["stays"] in mail.body_text
        assert user.email not in json.dumps(erasure.receipt)

    def test_other_domains_are_told(self):
        user = UserFactory()

        erasure = run_out(asked(user))

        event = OutboxEvent.objects.get(name="privacy.erasure_completed")
        assert event.payload["user"] == user.pk
        assert event.payload["erasure"] == str(erasure.public_id)
        assert user.email not in json.dumps(event.payload)

    def test_the_trail_stays_and_names_nobody(self):
        user = UserFactory(name="Ẹniọlá Òjó", email="eniola@example.com")
        public_id = user.public_id

        run_out(asked(user))

        trail = AuditEvent.objects.filter(actor_id=public_id, action="privacy.erasure_requested")
        assert trail.count() == 1
        everything = json.dumps([list(AuditEvent.objects.values_list("details", "target_id"))], default=str)
        assert "eniola" not in everything

    def test_the_address_is_free_for_a_new_account(self):
        user = UserFactory(email="eniola@example.com")
        run_out(asked(user))

        again = UserFactory(email="eniola@example.com")

        assert again.pk != user.pk
        assert selectors.open_erasure_of(again) is None

    def test_an_address_that_was_never_proven_is_not_theirs_to_empty(self):
        stranger = UserFactory(email="stranger@example.com")
        consents.choose(user=stranger, choices={"marketing": True}, door=Door.PAGE)
        erasing.request_erasure(user=stranger)
        user = UserFactory()
        user.emailaddress_set.create(email="stranger@example.com", verified=False)

        run_out(asked(user))

        assert Message.objects.filter(recipient="stranger@example.com", kind="privacy.erasure_requested").exists()

    def test_a_message_on_its_way_does_not_leave_any_more(self):
        user = UserFactory()
        erasure = asked(user)
        waiting = Message.objects.get(kind="privacy.erasure_requested")
        assert waiting.status == Status.WAITING

        run_out(erasure)

        waiting.refresh_from_db()
        assert waiting.status == Status.OUTDATED
        assert (waiting.body_text, waiting.recipient_name) == ("", erasure.pseudonym)
        assert user.email not in waiting.recipient

    def test_requests_that_are_answered_are_emptied_open_ones_are_owed_an_answer(self):
        user, admin = UserFactory(), UserFactory()
        first, second = (
            requests.take_request(
                kind=RequestKind.OTHER, name=user.name, email=user.email, message="Why?", user=user, address=address
            )
            for address in ("203.0.113.7", "203.0.113.8")
        )
        requests.answer_request(request=first, by=admin, answer="Because.")

        run_out(asked(user))

        first, second = (DataRequest.objects.get(pk=row.pk) for row in (first, second))
        assert (first.email, first.message, first.answer) == ("", "", "")
        assert (second.status, second.message) == (RequestStatus.OPEN, "Why?")

    @pytest.mark.parametrize("is_refused", [False, True])
    def test_an_open_request_is_emptied_with_its_answer(self, is_refused):
        user = UserFactory()
        left_open = requests.take_request(
            kind=RequestKind.OTHER, name="Bola", email=user.email, message="Why?", user=user, address="203.0.113.7"
        )
        run_out(asked(user))

        requests.answer_request(request=left_open, by=UserFactory(), answer="Because.", is_refused=is_refused)

        row = DataRequest.objects.get(pk=left_open.pk)
        assert (row.name, row.email, row.message, row.answer, row.proven_contact) == ("", "", "", "", "")
        assert row.status == (RequestStatus.REFUSED if is_refused else RequestStatus.ANSWERED)
        assert row.answered_at is not None
        mail = Message.objects.get(kind="privacy.request_answered")
        assert (mail.recipient, "Because." in mail.body_text) == (user.email, True)

    def test_who_only_asked_to_be_erased_keeps_what_was_answered(self):
        user = UserFactory()
        request = requests.take_request(
            kind=RequestKind.OTHER, name="Bola", email=user.email, message="Why?", user=user, address="203.0.113.7"
        )
        asked(user)

        requests.answer_request(request=request, by=UserFactory(), answer="Because.")

        assert DataRequest.objects.get().answer == "Because."


class TestResuming:
    def test_run_twice_it_does_nothing_the_second_time(self):
        erasure = run_out(asked())
        receipt = erasure.receipt

        assert not erasing.run(erasure_id=erasure.pk)

        erasure.refresh_from_db()
        assert erasure.receipt == receipt
        assert OutboxEvent.objects.filter(name="privacy.erasure_completed").count() == 1

    def test_goes_on_where_it_broke_off(self, monkeypatch):
        runs: list[str] = []

        def step(name: str, order: int) -> Eraser:
            def erase(subject):
                runs.append(name)
                if name == "b" and runs.count("b") == 1:
                    raise ConnectionError
                return Outcome(gone=1, more=name == "c" and runs.count("c") < 3)

            return Eraser(name, name, order, erase)

        steps = [step("a", 1), step("b", 2), step("c", 3)]
        monkeypatch.setattr(personal_data, "erasers", lambda subject=None: steps)
        erasure = asked()
        Erasure.objects.update(next_attempt_at=timezone.now())

        assert not erasing.run(erasure_id=erasure.pk)
        assert not erasing.run(erasure_id=erasure.pk)  # it waits a little first
        Erasure.objects.update(next_attempt_at=timezone.now())
        assert erasing.run(erasure_id=erasure.pk)

        erasure.refresh_from_db()
        assert runs == ["a", "b", "b", "c", "c", "c"]
        assert erasure.steps["c"]["gone"] == 3

    def test_stops_when_its_time_is_up_and_goes_on_next_time(self):
        erasure = asked()
        Erasure.objects.update(next_attempt_at=timezone.now())

        assert not erasing.run(erasure_id=erasure.pk, budget=timedelta())

        erasure.refresh_from_db()
        assert erasure.status == ErasureStatus.RUNNING
        assert erasing.run_due() == 1

    def test_a_lease_keeps_a_second_worker_away(self):
        erasure = asked()
        Erasure.objects.update(next_attempt_at=timezone.now())
        assert erasing._begin(erasure.pk)

        assert not erasing.run(erasure_id=erasure.pk)

        with time_machine.travel(timezone.now() + erasing.LEASE + timedelta(seconds=1)):
            assert erasing.run(erasure_id=erasure.pk)


class TestRestoredBackup:
    """The list lies beside the database as well, which has forgotten who was forgotten since the backup."""

    def brought_back(self, user: User) -> User:
        """Undo an erasure as a restored backup does: the row as it was, the lists in the database gone."""
        erasure = run_out(asked(user))
        Erased.objects.all().delete()
        erasure.delete()
        user.save()
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)
        return user

    def test_forgets_again_whom_it_has_brought_back(self):
        user = self.brought_back(UserFactory(email="eniola@example.com", name="Ẹniọlá"))
        bystander = UserFactory()
        mails = Message.objects.filter(kind="privacy.erasure_done").count()

        listed, back = replaying.replay_erasures()

        assert (listed, back) == (1, 1)
        gone = User.objects.get(pk=user.pk)
        assert gone.email.endswith("@erased.invalid")
        assert User.objects.get(pk=bystander.pk).email == bystander.email
        # They have their receipt from the first time.
        assert Message.objects.filter(kind="privacy.erasure_done").count() == mails

    def test_waits_for_the_worker_that_holds_the_erasure(self, monkeypatch):
        user = self.brought_back(UserFactory())
        erasure = asked(user)
        let_go = []
        really = erasing.run

        def held_at_first(*, erasure_id, budget):
            if not let_go:
                Erasure.objects.update(next_attempt_at=timezone.now() + erasing.LEASE)
            return really(erasure_id=erasure_id, budget=budget)

        def pause(seconds):
            let_go.append(seconds)
            Erasure.objects.update(next_attempt_at=timezone.now())

        monkeypatch.setattr(erasing, "run", held_at_first)
        monkeypatch.setattr(replaying.time, "sleep", pause)

        replaying.replay_erasures()

        assert let_go == [replaying.PAUSE.total_seconds()]
        erasure.refresh_from_db()
        assert erasure.status == ErasureStatus.DONE

    def test_gives_up_on_one_that_is_held_for_too_long(self, monkeypatch):
        asked(self.brought_back(UserFactory()))
        monkeypatch.setattr(replaying, "MOST_WAITING", timedelta())
        monkeypatch.setattr(erasing, "_begin", lambda erasure_id: None)

        with pytest.raises(RuntimeError, match="held by another worker"):
            replaying.replay_erasures()

    def test_done_again_it_finds_nobody(self):
        self.brought_back(UserFactory())
        replaying.replay_erasures()

        listed, back = replaying.replay_erasures()

        assert back == 0
        assert listed >= 1

    def test_the_list_says_of_nobody_who_they_were(self, private_files):
        user = UserFactory(email="eniola@example.com", name="Ẹniọlá")
        public_id = str(user.public_id)

        run_out(asked(user))

        (file,) = (private_files / "erasures").iterdir()
        entry = json.loads(file.read_text())
        assert set(entry) == {"kind", "fingerprint", "key_name", "rows", "erasure_id", "pseudonym", "erased_at"}
        assert len(entry["fingerprint"]) == 64
        assert not any(word in file.read_text() for word in ("eniola", "Ẹniọlá", public_id))

    @pytest.fixture
    def old_key(self, settings) -> bytes:
        return settings.BLIND_INDEX_KEY

    def test_an_old_key_still_finds_who_was_forgotten_under_it(self, settings, old_key):
        before = self.brought_back(UserFactory())
        settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEYS = b"another key of thirty-two bytes!", [old_key]
        after = self.brought_back(UserFactory())

        listed, back = replaying.replay_erasures()

        assert (listed, back) == (2, 2)
        assert not User.objects.filter(pk__in=[before.pk, after.pk], is_active=True).exists()

    def test_without_its_key_the_list_says_that_people_may_be_back(self, settings, old_key, private_files):
        before = self.brought_back(UserFactory())
        settings.BLIND_INDEX_KEY = b"another key of thirty-two bytes!"
        after = self.brought_back(UserFactory())

        with pytest.raises(CommandError, match=r"1 with [0-9a-f]{16}.*BLIND_INDEX_OLD_KEYS.*1 had come back"):
            call_command("replay_erasures")

        assert User.objects.get(pk=before.pk).is_active
        assert not User.objects.get(pk=after.pk).is_active
        assert not any(old_key.hex() in file.read_text() for file in (private_files / "erasures").iterdir())
        settings.BLIND_INDEX_OLD_KEYS = [old_key]
        call_command("replay_erasures")
        assert not User.objects.get(pk=before.pk).is_active

    def test_entries_from_before_keys_were_named_are_compared_under_every_key(self, settings, old_key, private_files):
        user = self.brought_back(UserFactory())
        (file,) = (private_files / "erasures").iterdir()
        entry = json.loads(file.read_text())
        del entry["key_name"]
        settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEYS = b"another key of thirty-two bytes!", [old_key]

        assert replaying.replay_erasures(entries=[entry]) == (1, 1)

        assert not User.objects.get(pk=user.pk).is_active

    def test_who_had_only_asked_is_not_on_it(self):
        asked()

        assert replaying.replay_erasures() == (0, 0)


def test_who_became_the_last_meanwhile_is_told_and_waits():
    admin, other = (UserFactory(is_superuser=True, is_staff=True) for _each in range(2))
    erasure = asked(admin)
    User.objects.filter(pk=other.pk).update(is_superuser=False)

    Erasure.objects.update(next_attempt_at=timezone.now())
    assert not erasing.run(erasure_id=erasure.pk)

    erasure.refresh_from_db()
    assert erasure.status == ErasureStatus.HELD_UP
    assert Message.objects.filter(kind="privacy.erasure_held_up", recipient=admin.email).count() == 1
    assert User.objects.get(pk=admin.pk).is_active
    Erasure.objects.update(next_attempt_at=F("next_attempt_at") - timedelta(days=1))
    assert not erasing.run(erasure_id=erasure.pk)
    assert Message.objects.filter(kind="privacy.erasure_held_up").count() == 1
