"""Differences and comparisons in the back office: those who run the platform look, close with a reason, begin anew."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.services import give_platform_role
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory, log_in, member
from core.audit.models import AuditEvent
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.services.findings import Difference, note
from payments.reconciliation.states import FindingKind, FindingState, RunState
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(client: Client) -> Client:
    person = UserFactory()
    give_platform_role(user=person, role=PlatformRole.ADMIN)
    log_in(client, person)
    return client


@pytest.fixture
def run() -> Run:
    now = timezone.now()
    return Run.objects.create(
        gateway="paystack",
        mode="test",
        day=date(2026, 3, 2),
        since=now - timedelta(days=1),
        until=now,
        began_at=now,
        state=RunState.DONE,
        done_at=now,
    )


@pytest.fixture
def finding(run: Run) -> Finding:
    difference = Difference(
        kind=FindingKind.UNASKED,
        gateway="paystack",
        mode="test",
        about="4711",
        reference="somebody-elses",
        gateway_id="4711",
        ours_kobo=0,
        theirs_kobo=1_250_050,
        evidence={
            "there": {"amount_kobo": 1_250_050, "word": "<b>success</b>", "paid_at": "2026-03-02T12:00:00+00:00"}
        },
    )
    return note(difference, run=run)


def change(row: Finding | Run) -> str:
    return reverse(f"admin:reconciliation_{row._meta.model_name}_change", args=[row.pk])


def body(client: Client, where: str, **asked: Any) -> str:
    answer = client.get(where, asked)
    assert answer.status_code == 200
    return answer.content.decode()


class TestDifferences:
    def test_stand_with_their_evidence(self, platform: Client, finding: Finding) -> None:
        assert "somebody-elses" in body(platform, reverse("admin:reconciliation_finding_changelist"))
        page = body(platform, change(finding))

        assert "₦12,500.50" in page
        assert "&lt;b&gt;success&lt;/b&gt;" in page
        assert "2 Mar 2026" in page or "02/03/2026" in page or "2 March 2026" in page

    def test_are_counted_on_the_start_page(self, platform: Client, finding: Finding, run: Run) -> None:
        Run.objects.update(state=RunState.STUCK)
        page = body(platform, reverse("admin:index"))

        assert "1 difference with a gateway" in page
        assert "1 comparison with a gateway has come to a halt" in page
        Finding.objects.update(state=FindingState.RESOLVED, closed_at=timezone.now())
        assert "1 difference with a gateway" not in body(platform, reverse("admin:index"))

    @pytest.mark.parametrize(("sent", "state"), [({}, "resolved"), ({"explained": "1"}, "explained")])
    def test_are_closed_with_a_reason(
        self, platform: Client, finding: Finding, sent: dict[str, str], state: str
    ) -> None:
        where = reverse("admin:reconciliation_finding_close", args=[finding.pk])
        platform.post(where, {**sent, "note": " "})
        finding.refresh_from_db()
        assert finding.state == FindingState.OPEN

        platform.post(where, {**sent, "note": "An invoice of the office."})

        finding.refresh_from_db()
        assert (finding.state, finding.note) == (state, "An invoice of the office.")
        assert finding.closed_by is not None
        assert AuditEvent.objects.filter(action="reconciliation.finding_closed").count() == 1

    def test_a_fee_is_taken_over_only_where_fees_differ(self, platform: Client, finding: Finding) -> None:
        answer = platform.post(reverse("admin:reconciliation_finding_fee", args=[finding.pk]), follow=True)

        assert "another one than you think" in answer.content.decode()
        finding.refresh_from_db()
        assert finding.state == FindingState.OPEN

    def test_are_nobody_elses(self, client: Client, finding: Finding, run: Run) -> None:
        log_in(client, member(house().pk, Role.OWNER))

        assert client.get(reverse("admin:reconciliation_finding_changelist")).status_code == 403
        assert client.get(change(finding)).status_code == 403
        for name, args in (("finding_close", [finding.pk]), ("run_again", [run.pk]), ("run_compare", [])):
            where = reverse(f"admin:reconciliation_{name}", args=args)
            assert client.post(where, {"note": "x", "day": "2026-03-02", "gateway": "paystack"}).status_code == 403
        finding.refresh_from_db()
        assert finding.state == FindingState.OPEN


class TestComparisons:
    def test_are_listed_with_their_figures(self, platform: Client, finding: Finding, run: Run) -> None:
        page = body(platform, reverse("admin:reconciliation_run_changelist"))

        assert "paystack" in page
        assert change(run) in page
        assert "Compare once more" in body(platform, change(run))

    def test_are_begun_for_a_day(self, platform: Client, settings: Any) -> None:
        where = reverse("admin:reconciliation_run_compare")
        platform.post(where, {"day": "nonsense", "gateway": "paystack"})
        platform.post(where, {"day": "0001-01-01", "gateway": "paystack"})
        platform.post(where, {"day": "2026-03-02", "gateway": "elsewhere"})
        assert not Run.objects.exists()

        platform.post(where, {"day": "2026-03-02", "gateway": "paystack"})

        run = Run.objects.get()
        assert (run.gateway, run.day, run.state) == ("paystack", date(2026, 3, 2), RunState.RUNNING)
        assert run.asked_by is not None

    def test_are_begun_once_more(self, platform: Client, run: Run) -> None:
        platform.post(reverse("admin:reconciliation_run_again", args=[run.pk]))

        run.refresh_from_db()
        assert (run.state, run.done_at) == (RunState.RUNNING, None)
