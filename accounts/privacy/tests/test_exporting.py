"""Archives: put together by a worker, fetched once, unreadable on a disk."""

import csv
import io
import json
import threading
import uuid
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import collectors
from accounts.privacy import archive, vault
from accounts.privacy.models import Export
from accounts.privacy.services import consents, exporting
from accounts.privacy.states import Door, ExportStatus
from accounts.services import change_profile
from accounts.tests.factories import UserFactory
from accounts.tests.pages import log_in, person
from core.audit.context import Context, opened
from core.audit.models import AuditEvent
from core.errors import NotFound
from core.personal_data import Collector, Subject
from notifications.models import Message

pytestmark = pytest.mark.django_db


def ready(user=None) -> Export:
    export = exporting.request_export(user=user or UserFactory())
    assert exporting.build(export_id=export.pk)
    export.refresh_from_db()
    return export


def members(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name).decode("utf-8-sig") for name in zipped.namelist()}


class TestBuilding:
    def test_holds_what_is_known_of_the_person_readable(self):
        user = UserFactory(name="Ẹniọlá Òjó", phone="+2348031234567")
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE, address="203.0.113.7")
        export = ready(user)

        _export, content = exporting.fetch_export(user=user, public_id=export.public_id, device="a")

        files = members(content)
        data = json.loads(files["data.json"])
        assert data["schema_version"] == archive.SCHEMA_VERSION
        assert data["sections"]["account"][0]["name"] == "Ẹniọlá Òjó"
        assert data["sections"]["account"][0]["phone"] == "+2348031234567"
        assert data["sections"]["consents"][0]["given_from"] == "203.0.113.7"
        assert data["sections"]["email_addresses"] == [{"email": user.email, "is_verified": True, "is_primary": True}]
        rows = list(csv.DictReader(io.StringIO(files["csv/account.csv"])))
        assert rows[0]["email"] == user.email
        assert "README.txt" in files

    def test_holds_the_trail_though_the_key_of_old_addresses_is_gone(self, client, settings):
        user = person()
        log_in(client)
        settings.ENCRYPTION_KEYS = {"newest": bytes(32)}
        log_in(Client())

        rows = list(collectors.audit_trail(Subject(user_id=user.pk, public_id=user.public_id)))

        logged_in = [row["address"] for row in rows if row["action"] == "account.logged_in"]
        assert logged_in == ["", "127.0.0.1"]

    def test_says_in_a_word_who_else_did_it_and_not_from_where(self):
        user, platform = person(), UserFactory(is_superuser=True)
        with opened(Context(door="page", request_id="x" * 8, address="203.0.113.9", user_agent="Theirs")):
            change_profile(user=user, name="Ada Obi-Eze", language="en", by=platform)

        rows = collectors.audit_trail(Subject(user_id=user.pk, public_id=user.public_id))

        (row,) = [row for row in rows if row["action"] == "account.profile_changed"]
        assert (row["by_you"], row["by_whom"], row["address"], row["program"]) == (False, "by Buka", "", "")

    def test_holds_no_secret(self):
        user = UserFactory()
        user.set_password("eat-well-tonight")
        user.save()
        mfa = user.authenticator_set.create(type="totp", data={"secret": "SECRET-OF-THE-FACTOR"})
        export = ready(user)

        _export, content = exporting.fetch_export(user=user, public_id=export.public_id, device="a")

        everything = "".join(members(content).values())
        assert "SECRET-OF-THE-FACTOR" not in everything
        assert user.password not in everything
        assert json.loads(members(content)["data.json"])["sections"]["second_factors"][0]["kind"] == mfa.type

    def test_cells_are_no_formulas(self, monkeypatch):
        rows = [{"name": '=HYPERLINK("http://evil.example")'}]
        monkeypatch.setattr(
            archive.personal_data, "collectors", lambda subject: [Collector("odd", "Odd", lambda subject: rows)]
        )
        export = ready()

        _export, content = exporting.fetch_export(user=export.user, public_id=export.public_id, device="a")

        cells = list(csv.DictReader(io.StringIO(members(content)["csv/odd.csv"])))
        assert cells[0]["name"] == "'" + rows[0]["name"]
        assert json.loads(members(content)["data.json"])["sections"]["odd"] == rows

    def test_nobody_reads_it_on_the_disk(self, private_files):
        user = UserFactory(name="Somebody Unheard-of")

        export = ready(user)

        stored = (private_files / export.file_name).read_bytes()
        assert len(stored) > 500
        assert user.email.encode() not in stored
        assert not zipfile.is_zipfile(io.BytesIO(stored))

    def test_a_mail_says_when_it_is_ready(self):
        export = ready()

        message = Message.objects.get(kind="privacy.export_ready")
        assert message.recipient == export.user.email
        assert "/account/privacy/archive/" in message.body_text

    def test_asked_twice_there_is_one(self):
        user = UserFactory()

        first, second = exporting.request_export(user=user), exporting.request_export(user=user)

        assert first == second

    def test_refuses_more_than_a_few_a_day(self):
        user = UserFactory()
        for _time in range(exporting.MOST_A_DAY):
            export = ready(user)
            exporting.fetch_export(user=user, public_id=export.public_id, device="a")

        with pytest.raises(exporting.TooManyExports):
            exporting.request_export(user=user)

    def test_what_fails_is_tried_again_and_then_given_up(self, monkeypatch):
        def stumble(subject):
            raise ValueError("the name of somebody")

        monkeypatch.setattr(exporting, "archive_of", stumble)
        export = exporting.request_export(user=UserFactory())
        for _try in range(exporting.TRIES):
            Export.objects.update(next_attempt_at=timezone.now())
            assert not exporting.build(export_id=export.pk)

        export.refresh_from_db()
        assert (export.status, export.attempts) == (ExportStatus.FAILED, exporting.TRIES)
        # What went wrong may quote what the archive holds.
        assert export.last_error == "ValueError"

    def test_a_worker_that_died_leaves_it_to_the_next(self):
        export = exporting.request_export(user=UserFactory())
        abandoned = exporting._claim(export.pk)
        assert exporting.build_due() == 0

        with time_machine.travel(timezone.now() + exporting.LEASE + timedelta(seconds=1)):
            assert exporting.build_due() == 1
        late = exporting._mark_ready(abandoned, key="of a file that was replaced", size=1)

        export.refresh_from_db()
        assert not late
        assert (export.status, export.attempts) == (ExportStatus.READY, 2)
        assert export.file_key != "of a file that was replaced"


class TestFetching:
    def test_opens_once(self):
        export = ready()
        exporting.fetch_export(user=export.user, public_id=export.public_id, device="the phone")

        with pytest.raises(exporting.ExportGone):
            exporting.fetch_export(user=export.user, public_id=export.public_id, device="another phone")

        assert AuditEvent.objects.filter(action="privacy.export_fetched").count() == 1

    def test_the_same_device_may_take_up_a_download_that_broke_off_for_ten_minutes(self):
        export = ready()
        _export, first = exporting.fetch_export(user=export.user, public_id=export.public_id, device="the phone")

        with time_machine.travel(timezone.now() + timedelta(minutes=9)):
            _export, again = exporting.fetch_export(user=export.user, public_id=export.public_id, device="the phone")
        with time_machine.travel(timezone.now() + timedelta(minutes=11)), pytest.raises(exporting.ExportGone):
            exporting.fetch_export(user=export.user, public_id=export.public_id, device="the phone")

        assert again == first

    def test_is_closed_after_seven_days_and_its_file_goes(self, private_files):
        export = ready()

        with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
            with pytest.raises(exporting.ExportGone):
                exporting.fetch_export(user=export.user, public_id=export.public_id, device="a")
            assert exporting.expire() == 1

        export.refresh_from_db()
        assert (export.status, export.file_key) == (ExportStatus.EXPIRED, "")
        assert not (private_files / export.file_name).exists()

    def test_its_file_goes_soon_after_it_was_fetched(self, private_files):
        export = ready()
        exporting.fetch_export(user=export.user, public_id=export.public_id, device="a")

        assert exporting.expire() == 0
        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            assert exporting.expire() == 1

        assert not (private_files / export.file_name).exists()

    def test_is_not_there_for_anybody_else(self):
        export = ready()

        with pytest.raises(NotFound):
            exporting.fetch_export(user=UserFactory(), public_id=export.public_id, device="a")
        with pytest.raises(NotFound):
            exporting.fetch_guest_export(public_id=export.public_id, link_key="", device="a")
        with pytest.raises(NotFound):
            exporting.fetch_export(user=export.user, public_id=uuid.uuid4(), device="a")

        export.refresh_from_db()
        assert export.status == ExportStatus.READY

    def test_is_not_ready_before_it_is(self):
        export = exporting.request_export(user=UserFactory())

        with pytest.raises(exporting.ExportNotReady):
            exporting.fetch_export(user=export.user, public_id=export.public_id, device="a")

    def test_a_file_that_was_altered_does_not_open_and_the_link_is_not_used_up(self, private_files):
        export = ready()
        path = private_files / export.file_name
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"x")

        with pytest.raises(exporting.ExportGone):
            exporting.fetch_export(user=export.user, public_id=export.public_id, device="a")

        export.refresh_from_db()
        assert export.status == ExportStatus.READY

    def test_an_archive_that_gets_ready_meanwhile_is_no_stray(self, private_files):
        export = exporting.request_export(user=UserFactory())
        Export.objects.filter(pk=export.pk).update(status=ExportStatus.BUILDING)
        vault.put(export.file_name, b"an archive")
        is_ready = False

        def gets_ready(execute, sql, params, many, context):
            nonlocal is_ready
            found = execute(sql, params, many, context)
            if not is_ready:
                is_ready = True
                Export.objects.filter(pk=export.pk).update(status=ExportStatus.READY, size=10)
            return found

        with connection.execute_wrapper(gets_ready):
            assert exporting.drop_strays() == 0

        assert is_ready
        assert vault.names("exports") == [export.file_name]

    def test_strays_of_a_restored_backup_are_deleted(self, private_files):
        export = ready()
        vault.put("exports/nobodys", b"left behind")

        assert exporting.drop_strays() == 1

        assert [path.name for path in (private_files / "exports").iterdir()] == [str(export.public_id)]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_devices_at_once_one_gets_it():
    export = ready()
    start = threading.Barrier(8)
    won, lost = [], []

    def fetch(device: str) -> None:
        try:
            start.wait(10)
            exporting.fetch_export(user=export.user, public_id=export.public_id, device=device)
            won.append(device)
        except exporting.ExportGone:
            lost.append(device)
        finally:
            connection.close()

    threads = [threading.Thread(target=fetch, args=[f"device {number}"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (len(won), len(lost)) == (1, 7)


@pytest.mark.django_db(transaction=True)
def test_asked_by_two_taps_at_once_there_is_one():
    user = UserFactory()
    start = threading.Barrier(4)
    made = []

    def ask() -> None:
        try:
            start.wait(10)
            with transaction.atomic():
                made.append(exporting.request_export(user=user).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(made) == 4
    assert len(set(made)) == 1
