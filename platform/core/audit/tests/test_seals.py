import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from core import audit
from core.audit import retention, seals, verifying
from core.audit.models import AuditCheckpoint, AuditEvent, AuditSeal
from core.audit.testing import seal_everything, tamper

pytestmark = pytest.mark.django_db(transaction=True)


def events(count: int) -> list[AuditEvent]:
    return [audit.record("data.viewed", details={"number": number}) for number in range(count)]


def kinds() -> set[str]:
    return {finding.kind for finding in verifying.verify().findings}


class TestSealing:
    def test_covers_every_event_once(self) -> None:
        events(3)
        seal_everything()
        events(2)
        seal_everything()

        report = verifying.verify()
        assert report.is_sound
        assert (report.rows, report.unsealed) == (5, 0)
        assert sum(AuditSeal.objects.values_list("rows", flat=True)) == 5

    def test_makes_no_seal_over_nothing(self) -> None:
        assert seals.seal_all() == []

    def test_waits_for_a_transaction_that_may_still_write_an_earlier_event(self) -> None:
        has_begun, may_end = threading.Event(), threading.Event()

        def slow_writer() -> None:
            try:
                with transaction.atomic():
                    audit.record("data.viewed", details={"writer": "slow"})
                    has_begun.set()
                    may_end.wait(60)
            finally:
                connections.close_all()

        writer = threading.Thread(target=slow_writer)
        writer.start()
        assert has_begun.wait(30)
        late = audit.record("data.viewed", details={"writer": "quick"})
        slow_tx_first = AuditEvent.objects.get(pk=late.pk).tx

        while_it_runs = seals.seal_all()
        may_end.set()
        writer.join(30)
        seal_everything()

        assert while_it_runs == []
        assert AuditEvent.objects.get(details__writer="slow").tx < slow_tx_first
        assert verifying.verify().rows == 2
        assert verifying.verify().is_sound

    def test_seals_the_events_of_another_cluster_before_its_own(self) -> None:
        # Given a database restored from a dump: transactions count anew and are lower than those that were sealed
        events(2)
        seal_everything()
        tamper("UPDATE audit_auditevent SET era = 17, tx = tx + 1000000")
        tamper("TRUNCATE audit_auditseal")
        seal_everything()

        events(2)
        seal_everything()

        assert [seal.era == 17 for seal in AuditSeal.objects.order_by("number")] == [True, False]
        assert verifying.verify().is_sound

    @pytest.mark.race
    def test_takes_no_lock_that_writers_wait_for(self) -> None:
        writers, each = 6, 40
        failures: list[BaseException] = []

        def write(writer: int) -> None:
            try:
                for number in range(each):
                    with transaction.atomic():
                        audit.record("data.viewed", details={"writer": writer, "number": number})
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=write, args=[writer]) for writer in range(writers)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            seals.seal_all()
        for thread in threads:
            thread.join()
        seal_everything()

        assert failures == []
        report = verifying.verify()
        assert report.findings == []
        assert report.rows == writers * each

    @pytest.mark.race
    def test_makes_one_chain_when_several_seal_at_once(self) -> None:
        events(30)
        failures: list[BaseException] = []

        def seal() -> None:
            try:
                for _round in range(5):
                    seals.seal_all()
            except BaseException as error:
                failures.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=seal) for _ in range(4)]
        for thread in threads:
            thread.start()
        events(30)
        for thread in threads:
            thread.join()
        seal_everything()

        assert failures == []
        assert verifying.verify().findings == []
        assert verifying.verify().rows == 60


def change() -> int:
    return tamper("UPDATE audit_auditevent SET details = '{}' WHERE id = (SELECT min(id) + 1 FROM audit_auditevent)")


def change_only_the_address() -> int:
    return tamper("UPDATE audit_auditevent SET address = '' WHERE id = (SELECT min(id) + 1 FROM audit_auditevent)")


def delete() -> int:
    return tamper("DELETE FROM audit_auditevent WHERE id = (SELECT min(id) + 1 FROM audit_auditevent)")


def insert() -> int:
    names = ", ".join(name for name in seals.COLUMNS if name not in ("id", "public_id"))
    return tamper(
        f"INSERT INTO audit_auditevent (public_id, {names}) SELECT gen_random_uuid(), {names} "
        "FROM audit_auditevent WHERE id = (SELECT min(id) + 1 FROM audit_auditevent)"
    )


def delete_a_seal() -> int:
    return tamper("DELETE FROM audit_auditseal WHERE number = 2")


def change_a_seal_and_what_it_covers() -> int:
    """Delete an event and forge its seal so that the two agree; the next seal still remembers."""
    tamper("DELETE FROM audit_auditevent WHERE id = (SELECT last_id FROM audit_auditseal WHERE number = 2)")
    seal = AuditSeal.objects.get(number=2)
    leaves = seals.unpack(seal.leaves)
    leaves.pop(seal.last_id)
    packed = b"".join(row.to_bytes(8, "big") + digest for row, digest in leaves.items())
    seal.leaves, seal.rows = packed, len(leaves)
    import hashlib

    seal.rows_digest = hashlib.sha256(packed).hexdigest()
    return tamper(
        "UPDATE audit_auditseal SET leaves = %s, rows = %s, rows_digest = %s, digest = %s WHERE number = 2",
        packed,
        seal.rows,
        seal.rows_digest,
        seals.digest_of(seal),
    )


class TestVerifying:
    @pytest.fixture(autouse=True)
    def _small_seals(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seals, "MOST_ROWS", 3)

    def given_three_seals(self) -> None:
        with audit_context():
            events(9)
        # All at once: other tests' transactions on this server keep events waiting.
        seal_everything()
        assert AuditSeal.objects.count() >= 3

    @pytest.mark.parametrize(
        ("tampering", "kind"),
        [
            (change, "row_changed"),
            (change_only_the_address, "row_changed"),
            (delete, "row_missing"),
            (insert, "row_added"),
            (delete_a_seal, "seal_missing"),
            (change_a_seal_and_what_it_covers, "seal_changed"),
        ],
    )
    def test_finds_what_an_owner_did_with_the_triggers_off(self, tampering: Callable[[], int], kind: str) -> None:
        self.given_three_seals()
        assert verifying.verify().is_sound

        assert tampering() == 1

        assert kind in kinds()

    def test_names_the_row_and_its_seal(self) -> None:
        self.given_three_seals()
        second = AuditEvent.objects.order_by("id")[1]

        change()

        finding = verifying.verify().findings[0]
        assert (finding.kind, finding.seal) == ("row_changed", seal_of(second).number)
        assert finding.row == second.pk
        assert str(second.pk) in str(finding)

    def test_finds_that_the_newest_seals_are_gone_when_events_were_written_after_them(self) -> None:
        self.given_three_seals()
        events(1)

        tamper("DELETE FROM audit_auditseal WHERE number = (SELECT max(number) FROM audit_auditseal)")

        assert kinds() == {"seal_missing"}

    def test_finds_that_the_newest_seals_were_made_anew(self) -> None:
        self.given_three_seals()
        events(1)

        tamper("DELETE FROM audit_auditseal WHERE number = (SELECT max(number) FROM audit_auditseal)")
        seal_everything()

        assert kinds() == {"seal_missing"}

    def test_finds_with_the_file_what_the_database_cannot_tell(self, settings: Any, tmp_path: Path) -> None:
        settings.AUDIT_DIGEST_FILE = str(tmp_path / "outside" / "digests")
        self.given_three_seals()
        last = AuditSeal.objects.order_by("-number")[0]
        call_command("verify_audit")

        # When the newest seal goes with the events it covers, nothing in the database remembers
        tamper("DELETE FROM audit_auditseal WHERE number = %s", last.number)
        tamper("DELETE FROM audit_auditevent WHERE id > (SELECT max(last_id) FROM audit_auditseal)")
        assert verifying.verify().is_sound

        report = verifying.verify(digests=Path(settings.AUDIT_DIGEST_FILE))
        assert [(finding.kind, finding.seal) for finding in report.findings] == [("seal_missing", last.number)]

    def test_finds_with_the_file_a_history_written_anew(self, settings: Any, tmp_path: Path) -> None:
        settings.AUDIT_DIGEST_FILE = str(tmp_path / "digests")
        self.given_three_seals()

        tamper("DELETE FROM audit_auditevent WHERE id = (SELECT min(id) FROM audit_auditevent)")
        tamper("TRUNCATE audit_auditseal")
        tamper("UPDATE audit_auditevent SET after_seal = 0, after_digest = ''")
        seal_everything()
        assert verifying.verify().is_sound

        report = verifying.verify(digests=Path(settings.AUDIT_DIGEST_FILE))
        assert report.findings[0].kind == "digest_differs"
        assert report.findings[0].seal == 1

    def test_the_command_ends_with_an_error_and_the_first_broken_seal(self) -> None:
        self.given_three_seals()
        delete()

        with pytest.raises(CommandError, match="first at seal 1"):
            call_command("verify_audit")

    def test_the_file_gets_what_could_not_be_written_before(self, settings: Any, tmp_path: Path) -> None:
        self.given_three_seals()

        settings.AUDIT_DIGEST_FILE = str(tmp_path / "digests")
        events(1)
        seal_everything()

        numbers = [int(line.split()[0]) for line in (tmp_path / "digests").read_text().splitlines()]
        assert numbers == list(AuditSeal.objects.order_by("number").values_list("number", flat=True))


class TestRetention:
    def given_two_seals_of_which_one_is_old(self) -> tuple[AuditSeal, AuditSeal]:
        events(3)
        seal_everything()
        # Time passes by going back: the seals and events are written anew as they would have been two years ago
        tamper("UPDATE audit_auditevent SET at = at - interval '3 years'")
        tamper("TRUNCATE audit_auditseal")
        made = seals._seal_next()
        assert made is not None
        made.at = made.at.replace(year=made.at.year - 3)
        digest = seals.digest_of(made)
        tamper("UPDATE audit_auditseal SET at = %s, digest = %s", made.at, digest)
        events(2)
        seal_everything()
        assert verifying.verify().is_sound
        old, young = AuditSeal.objects.order_by("number")
        return old, young

    def test_deletes_what_is_older_than_24_months_and_the_chain_still_verifies(self) -> None:
        old, _young = self.given_two_seals_of_which_one_is_old()

        forgotten = retention.forget_old()

        assert (forgotten.up_to_seal, forgotten.events) == (old.number, 3)
        seal_everything()
        report = verifying.verify()
        assert report.findings == []
        # The two that are young, and that some were deleted
        assert report.rows == 3
        assert AuditCheckpoint.objects.get().seal_number == old.number
        assert AuditEvent.objects.filter(action="audit.checkpoint").exists()

    def test_deletes_no_more_at_once_than_it_was_told(self) -> None:
        old, _young = self.given_two_seals_of_which_one_is_old()

        first = retention.forget_old(limit=2)
        sound_in_between = verifying.verify().findings == []
        second, third = retention.forget_old(limit=2), retention.forget_old(limit=2)

        assert [first.events, second.events, third.events] == [2, 1, 0]
        assert sound_in_between
        seal_everything()
        assert verifying.verify().findings == []
        assert bytes(AuditSeal.objects.get(pk=old.pk).leaves) == b""

    def test_says_without_doing_it_what_would_go(self) -> None:
        self.given_two_seals_of_which_one_is_old()

        forgotten = retention.forget_old(dry_run=True)

        assert forgotten.events == 3
        assert AuditEvent.objects.count() == 5
        assert not AuditCheckpoint.objects.exists()

    def test_tidies_nothing_away_that_does_not_verify(self) -> None:
        self.given_two_seals_of_which_one_is_old()
        change()

        with pytest.raises(retention.ChainBroken):
            retention.forget_old()

        assert AuditEvent.objects.count() == 5

    def test_finds_events_put_where_the_deleted_ones_were(self) -> None:
        old, _young = self.given_two_seals_of_which_one_is_old()
        retention.forget_old()
        seal_everything()

        names = ", ".join(name for name in seals.COLUMNS if name not in ("id", "public_id", "tx"))
        tamper(
            f"INSERT INTO audit_auditevent (public_id, tx, {names}) SELECT gen_random_uuid(), %s, {names} "
            "FROM audit_auditevent ORDER BY id LIMIT 1",
            old.last_tx - 1,
        )

        assert kinds() == {"row_added"}

    def test_finds_a_checkpoint_that_was_set_too_early(self) -> None:
        events(3)
        seal_everything()
        seal = AuditSeal.objects.get()

        tamper("INSERT INTO audit_auditcheckpoint (seal_number, seal_digest) VALUES (%s, %s)", seal.number, seal.digest)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_auditevent")

        assert kinds() == {"checkpoint_wrong"}


def seal_of(event: AuditEvent) -> AuditSeal:
    return AuditSeal.objects.filter(last_id__gte=event.pk).order_by("number")[0]


def audit_context() -> Any:
    from core.audit.context import Context, opened

    return opened(Context(door="api", request_id="request-1", address="102.89.1.7"))
