from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from core import audit
from core.audit import tasks, watching
from core.audit.context import Context, opened
from core.audit.models import AuditEvent, SecurityAlert
from core.audit.testing import tamper
from core.models import OutboxEvent

pytestmark = pytest.mark.django_db


def guesses(count: int, *, of: str, address: str = "102.89.1.7") -> None:
    with opened(Context(door="api", request_id="request-1", address=address)):
        for _attempt in range(count):
            audit.record("account.log_in_failed", target=("accounts.user", of), outcome="failed")


@pytest.fixture
def guard() -> object:
    return get_user_model().objects.create_user(email="guard@example.com")


class TestWatch:
    def test_raises_an_alert_when_there_are_too_many(self) -> None:
        account = str(uuid4())
        guesses(20, of=account)

        (alert,) = watching.watch()

        assert (alert.rule, alert.subject, alert.count) == ("failed_log_ins_for_one_account", account, 20)
        assert alert.state == SecurityAlert.State.OPEN
        assert AuditEvent.objects.filter(action="security.alert_raised", target_id=str(alert.public_id)).exists()
        assert OutboxEvent.objects.get().payload == {"alert_id": str(alert.public_id)}

    def test_raises_none_for_a_few_or_for_many_spread_over_accounts(self) -> None:
        guesses(19, of=str(uuid4()))
        for _account in range(10):
            guesses(5, of=str(uuid4()))

        assert watching.watch() == []

    def test_sees_one_address_that_tries_many_accounts(self) -> None:
        for _account in range(25):
            guesses(4, of=str(uuid4()), address="102.89.1.7")
            guesses(3, of=str(uuid4()), address="102.89.1.8")

        assert [alert.rule for alert in watching.watch()] == ["failed_log_ins_from_one_address"]

    def test_counts_what_shares_a_row(self) -> None:
        from core.audit import recording

        recording.record("account.log_in_failed", target=("accounts.user", "a"), times=19)
        assert watching.watch() == []

        recording.record("account.log_in_failed", target=("accounts.user", "a"))
        assert len(watching.watch()) == 1

    def test_forgets_what_is_older_than_the_window(self) -> None:
        guesses(20, of="a")

        assert watching.watch(now=timezone.now() + timedelta(minutes=11)) == []

    def test_raises_one_alert_for_one_attack(self) -> None:
        guesses(20, of="a")
        watching.watch()
        guesses(15, of="a")

        assert watching.watch() == []

        alert = SecurityAlert.objects.get()
        assert alert.count == 35
        assert OutboxEvent.objects.count() == 1

    def test_raises_none_again_while_somebody_looks_into_it(self, guard: object) -> None:
        guesses(20, of="a")
        (alert,) = watching.watch()
        watching.acknowledge(alert_id=alert.pk, person=guard)
        guesses(20, of="a")

        assert watching.watch() == []

    def test_does_not_raise_what_was_closed_but_does_what_comes_after(self, guard: object) -> None:
        guesses(20, of="a")
        (alert,) = watching.watch()
        watching.close(alert_id=alert.pk, person=guard, remark="Ada had forgotten her password.")

        assert watching.watch() == []

        guesses(20, of="a")
        (second,) = watching.watch()
        assert second.count == 20

    def test_a_token_seen_twice_is_enough(self, guard: object) -> None:
        audit.record("account.token_reused", actor=guard, target=("tokens.tokenfamily", "1"), outcome="refused")

        assert [alert.rule for alert in watching.watch()] == ["token_seen_twice"]


class TestHandling:
    def test_says_who_did_what(self, guard: object) -> None:
        guesses(20, of="a")
        (alert,) = watching.watch()

        watching.acknowledge(alert_id=alert.pk, person=guard)
        watching.close(alert_id=alert.pk, person=guard, remark="A drill.")

        alert.refresh_from_db()
        assert (alert.state, alert.remark) == ("closed", "A drill.")
        assert alert.handled_by_id == guard.public_id  # type: ignore[attr-defined]
        assert AuditEvent.objects.filter(action="security.alert_handled").count() == 2

    def test_refuses_to_close_twice(self, guard: object) -> None:
        guesses(20, of="a")
        (alert,) = watching.watch()
        watching.close(alert_id=alert.pk, person=guard)

        with pytest.raises(watching.AlertIsClosed):
            watching.acknowledge(alert_id=alert.pk, person=guard)


@pytest.mark.django_db(transaction=True)
class TestTheNight:
    def test_a_broken_chain_raises_an_alert(self) -> None:
        from core.audit.testing import seal_everything

        audit.record("data.viewed")
        seal_everything()
        tasks.verify()
        assert not SecurityAlert.objects.exists()

        tamper("UPDATE audit_auditevent SET action = 'data.searched'")
        tasks.verify()

        alert = SecurityAlert.objects.get()
        assert (alert.rule, alert.subject) == ("chain_broken", "")
        assert AuditEvent.objects.get(action="audit.broken").details["kind"] == "row_changed"

    def test_the_next_night_does_not_raise_it_again(self) -> None:
        from core.audit.testing import seal_everything

        audit.record("data.viewed")
        seal_everything()
        tamper("UPDATE audit_auditevent SET action = 'data.searched'")

        tasks.verify()
        tasks.verify()

        assert SecurityAlert.objects.count() == 1
