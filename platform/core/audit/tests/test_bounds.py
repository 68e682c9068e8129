from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Sum

from core import audit
from core.audit import bounds, watching
from core.audit.context import Context, opened
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["counted in Redis", "counted in this process"])
def minute(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the clock stand; return what moves it to a later minute."""
    if request.param == "counted in this process":
        monkeypatch.setattr(bounds.redis_breaker, "_until", float("inf"))
        bounds._own.clear()
        bounds._left_out.clear()

    def move(minutes: int) -> None:
        monkeypatch.setattr(bounds.time, "time", lambda: 1_700_000_000.0 + 60 * minutes)

    move(0)
    yield move


def failed(account: str, *, address: str = "102.89.7.7", **more: Any) -> None:
    with opened(Context(door="api", request_id="request-1", address=address)):
        audit.note("account.log_in_failed", target=("accounts.user", account), outcome="failed", **more)


def counted(account: str) -> int:
    return AuditEvent.objects.filter(target_id=account).aggregate(times=Sum("times", default=0))["times"]


class TestWhomACountConcerns:
    def test_nobody_is_told_of_failures_that_were_anothers(self, minute: Any) -> None:
        for _attempt in range(40):
            failed("ada")
        failed("bola")
        for _attempt in range(30):
            failed("ada")
        minute(1)
        failed("bola")

        assert counted("bola") == 2
        assert counted("ada") == 40, "what came after the 40th waits for the 80th, or for the next minute"

        failed("ada")

        assert counted("bola") == 2
        assert counted("ada") == 71

    def test_nobody_is_told_of_a_spray_that_went_on_past_them(self, minute: Any) -> None:
        accounts = [f"account-{number}" for number in range(200)]
        for account in accounts:
            failed(account)
        minute(1)
        for account in accounts:
            failed(account)

        assert max(AuditEvent.objects.exclude(target_id="").values_list("times", flat=True)) == 1
        assert max(counted(account) for account in accounts) <= 2

    def test_no_house_answers_for_anothers_rows(self, minute: Any) -> None:
        houses = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
        with opened(Context(door="api", request_id="request-1", address="102.89.7.7")):
            for _attempt in range(9):
                audit.note("access.refused", restaurant_id=houses[0])
            audit.note("access.refused", restaurant_id=houses[1])

        assert AuditEvent.objects.get(restaurant_id=houses[1]).times == 1


class TestASpray:
    def test_makes_few_rows(self, minute: Any) -> None:
        for number in range(1000):
            failed(f"account-{number}")

        assert AuditEvent.objects.exclude(target_id="").count() == bounds.SUBJECTS_A_MINUTE
        assert AuditEvent.objects.count() <= 2 * bounds.SUBJECTS_A_MINUTE + 3

    def test_makes_few_rows_even_if_each_account_is_tried_often(self, minute: Any) -> None:
        for _round in range(20):
            for number in range(60):
                failed(f"account-{number}")

        assert AuditEvent.objects.count() <= 7 * bounds.SUBJECTS_A_MINUTE + 13

    def test_is_told_by_rows_that_name_nobody(self, minute: Any) -> None:
        for number in range(1000):
            failed(f"account-{number}", details={"way": "password"})

        told = AuditEvent.objects.filter(target_id="").order_by("-id")
        assert told[0].details == {"targets": "several"}
        assert (told[0].target_type, told[0].restaurant_id, told[0].address) == ("", None, "102.89.7.7")
        total = AuditEvent.objects.aggregate(times=Sum("times"))["times"]
        assert 500 <= total <= 1000

    def test_is_seen_by_whoever_watches(self, minute: Any) -> None:
        for number in range(400):
            failed(f"account-{number}")

        assert [alert.rule for alert in watching.watch()] == ["failed_log_ins_from_one_address"]

    def test_hides_nobody_who_is_tried_from_elsewhere(self, minute: Any) -> None:
        for number in range(50):
            failed(f"account-{number}")
        for _attempt in range(20):
            failed("account-49", address="102.89.7.8")

        assert [(alert.rule, alert.subject) for alert in watching.watch()] == [
            ("failed_log_ins_for_one_account", "account-49")
        ]
