import uuid

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory

from core import audit
from core.audit.catalogue import UnknownAction
from core.audit.context import Context, opened
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


class Partner:
    is_authenticated = True
    is_partner = True
    public_id = uuid.uuid4()


class TestRecord:
    def test_says_who_did_what_to_what_from_where(self) -> None:
        person = get_user_model().objects.create_user(email="ada@example.com")
        target = get_user_model().objects.create_user(email="bola@example.com")
        request = RequestFactory().get("/", REMOTE_ADDR="102.89.1.7", HTTP_USER_AGENT="Phone" * 100)
        request.user = person

        with opened(Context(door="api", request_id="request-1", request=request)):
            audit.record("data.viewed", target=target, details={"fields": ["phone"]})

        event = AuditEvent.objects.get()
        assert (event.actor_kind, event.actor_id) == ("person", person.public_id)
        assert (event.target_type, event.target_id) == ("accounts.user", str(target.public_id))
        assert (event.door, event.request_id, event.address) == ("api", "request-1", "102.89.1.7")
        assert len(event.user_agent) == 200
        assert event.details == {"fields": ["phone"]}

    def test_keeps_the_address_unreadable_in_the_database(self) -> None:
        with opened(Context(door="api", request_id="request-1", address="102.89.1.7")):
            event = audit.record("data.viewed")

        with connection.cursor() as cursor:
            cursor.execute("SELECT address FROM audit_auditevent WHERE id = %s", [event.pk])
            assert cursor.fetchone()[0].startswith("ae1:")

    def test_refuses_an_action_that_nobody_lists(self) -> None:
        with pytest.raises(UnknownAction):
            audit.record("nobody.knows_this")

        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize(
        ("actor", "kind"), [(Partner(), "partner"), (AnonymousUser(), "stranger"), (None, "system")]
    )
    def test_tells_kinds_of_actors_apart(self, actor: object, kind: str) -> None:
        event = audit.record("data.viewed", actor=actor)

        assert event.actor_kind == kind

    def test_leaves_out_what_looks_personal(self) -> None:
        event = audit.record("data.viewed", details={"q": ["ada@example.com", "+2348031234567", "12 of 40"]})

        assert event.details == {"q": ["[left out]", "[left out]", "12 of 40"]}

    def test_takes_time_and_transaction_from_the_database_alone(self) -> None:
        event = audit.record("data.viewed")

        event.refresh_from_db()
        assert event.tx > 0
        assert event.era != 0


def test_odd_characters_in_an_address_hide_no_event() -> None:
    event = audit.record(
        "access.refused", target=("admin:accounts_user_change", "0\x00\ud800"), details={"path": "a\x00b"}
    )

    event.refresh_from_db()
    assert event.target_id == "0\ufffd\ufffd"
    assert event.details == {"path": "a\ufffdb"}
