import pytest
from django.db import ProgrammingError, connection, transaction

from core import audit
from core.audit.models import AuditCheckpoint, AuditEvent, AuditSeal

pytestmark = pytest.mark.django_db


def run(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


class TestEvents:
    def test_cannot_be_changed(self) -> None:
        event = audit.record("data.viewed", details={"rows": 1})

        event.details = {"rows": 2}
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            event.save()
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            AuditEvent.objects.update(action="data.searched")
        with pytest.raises(ProgrammingError, match="append-only"):
            run("UPDATE audit_auditevent SET at = at - interval '1 day' WHERE id = %s", event.pk)

        event.refresh_from_db()
        assert (event.action, event.details) == ("data.viewed", {"rows": 1})

    def test_cannot_be_deleted(self) -> None:
        event = audit.record("data.viewed")

        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            event.delete()
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            AuditEvent.objects.all().delete()
        with pytest.raises(ProgrammingError, match="append-only"):
            run("DELETE FROM audit_auditevent")
        with pytest.raises(ProgrammingError, match="append-only"):
            run("TRUNCATE audit_auditevent")
        with pytest.raises(ProgrammingError, match="append-only"):
            run("TRUNCATE audit_auditevent CASCADE")

        assert AuditEvent.objects.count() == 1

    def test_cannot_be_written_into_another_time_or_transaction(self) -> None:
        audit.record("data.viewed")

        run(
            "INSERT INTO audit_auditevent (public_id, at, tx, era, after_seal, after_digest, action, outcome, severity,"
            " times, actor_kind, target_type, target_id, door, address, address_index, user_agent, request_id, details)"
            " SELECT gen_random_uuid(), '2020-01-01', 3, 4, 5, 'x', action, outcome, severity, times,"
            " actor_kind, target_type, target_id, door, address, address_index, user_agent, request_id, details"
            " FROM audit_auditevent"
        )

        first, second = AuditEvent.objects.order_by("id")
        assert second.tx == first.tx
        assert second.era == first.era
        assert second.after_seal == 0
        assert second.at.year > 2020

    def test_cannot_be_freed_by_a_table_of_the_same_name(self) -> None:
        audit.record("data.viewed")

        run("CREATE TEMPORARY TABLE audit_auditcheckpoint (seal_number bigint)")
        run("INSERT INTO pg_temp.audit_auditcheckpoint VALUES (9223372036854775807)")
        with pytest.raises(ProgrammingError, match="append-only"):
            run("DELETE FROM audit_auditevent")

        run("DROP TABLE pg_temp.audit_auditcheckpoint")


class TestSeals:
    def given_a_seal(self) -> AuditSeal:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        return AuditSeal.objects.create(
            number=1, at=now, era=1, last_tx=1, last_id=1, rows=1, leaves=b"x" * 40, digest="d" * 64
        )

    def test_cannot_be_changed_or_deleted(self) -> None:
        self.given_a_seal()

        for statement in (
            "UPDATE audit_auditseal SET digest = ''",
            "UPDATE audit_auditseal SET leaves = ''",
            "DELETE FROM audit_auditseal",
            "TRUNCATE audit_auditseal",
        ):
            with pytest.raises(ProgrammingError, match="append-only"):
                run(statement)

        assert AuditSeal.objects.get().digest == "d" * 64

    def test_bear_the_time_at_which_they_were_made(self) -> None:
        with pytest.raises(ProgrammingError, match="bears the time"), transaction.atomic():
            AuditSeal.objects.create(
                number=1, at="2020-01-01T00:00Z", era=1, last_tx=1, last_id=1, rows=1, leaves=b"", digest="d" * 64
            )

    def test_cannot_be_made_a_checkpoint_while_they_are_young(self) -> None:
        seal = self.given_a_seal()

        with pytest.raises(ProgrammingError, match="24 months"), transaction.atomic():
            AuditCheckpoint.objects.create(seal_number=seal.number, seal_digest=seal.digest)
